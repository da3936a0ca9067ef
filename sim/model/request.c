/* See request.h: the slow end of the pool. */
#include "sim/model/request.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"

/* 2 MiB of records: growing copies them and touches new pages, which a big farm would do seven times. */
#define REQUESTS_FIRST 32768U

void requests_init(struct requests *requests, uint32_t max, uint32_t inner, uint32_t outer,
                   bool tries)
{
    uint32_t stride = inner + outer;
    *requests = (struct requests){.max = max, .stride = stride, .stride_inner = inner};
    requests->room = REQUESTS_FIRST; /* memory that is not touched costs nothing */
    requests->at = aligned_alloc(64, requests->room * sizeof *requests->at);
    if (requests->at == NULL)
        requests->at = text_need(SIZE_MAX); /* says so and ends the program */
    if (tries)
        requests->tries = text_need_zero(requests->room, sizeof *requests->tries);
    if (stride > 0)
        requests->tried = text_need_zero(requests->room, stride * sizeof *requests->tried);
}

void requests_done(struct requests *requests)
{
    free(requests->at);
    free(requests->tries);
    free(requests->tried);
    free(requests->more);
    *requests = (struct requests){0};
}

void requests_need_more(struct requests *requests)
{
    if (requests->more != NULL)
        return;
    requests->more = text_need_zero(requests->room, sizeof *requests->more);
    for (uint32_t id = 1; id <= requests->used; id++)
        requests->more[id].work = (double)requests->at[id].work;
}

static void make_room(struct requests *requests)
{
    uint32_t room = 2 * requests->room;
    struct request *at = aligned_alloc(64, room * sizeof *at);
    if (at == NULL)
        at = text_need(SIZE_MAX);
    for (uint32_t i = 0; i <= requests->used; i++)
        at[i] = requests->at[i];
    free(requests->at);
    requests->at = at;
    if (requests->tries != NULL)
        requests->tries = text_need_more(requests->tries, room * sizeof *requests->tries);
    if (requests->more != NULL) {
        requests->more = text_need_more(requests->more, room * sizeof *requests->more);
        memset(requests->more + requests->room, 0, requests->room * sizeof *requests->more);
    }
    if (requests->stride > 0)
        requests->tried =
            text_need_more(requests->tried, (size_t)room * requests->stride * sizeof(int32_t));
    requests->room = room;
}

uint32_t requests_grow(struct requests *requests)
{
    if (requests->used >= requests->max)
        return 0;
    if (requests->used + 1 >= requests->room)
        make_room(requests);
    return ++requests->used;
}
