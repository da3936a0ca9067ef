/*
 * The parts of service.h that are not on the way of a pick.
 */
#include "algorithms/ipvs/service.h"

#include <stdlib.h>

#include "algorithms/hash.h"

static void flag(struct lb_ipvs *ipvs, uint32_t row, bool overloaded)
{
    struct lb_ipvs_dest *dest = &ipvs->dest[row];
    if (dest->overloaded == overloaded)
        return;
    dest->overloaded = overloaded;
    if (overloaded)
        ipvs->overloaded++;
    else
        ipvs->overloaded--;
}

/* Takes note of one row: was there anything new? */
static bool note(struct lb_ipvs *ipvs, uint32_t row)
{
    const struct lb_backend *b = &ipvs->pool->at[row];
    struct lb_ipvs_dest *dest = &ipvs->dest[row];
    if ((b->flags & LB_PRESENT) == 0) {
        bool left = dest->listed;
        flag(ipvs, row, false);
        *dest = (struct lb_ipvs_dest){0};
        return left;
    }
    bool same = dest->listed && dest->weight == b->weight && dest->limit == b->max_in_flight;
    if (b->max_in_flight == 0 || b->max_in_flight > dest->limit)
        flag(ipvs, row, false);
    dest->listed = true;
    dest->weight = b->weight;
    dest->limit = b->max_in_flight;
    if (b->weight != 0)
        dest->last_weight = b->weight;
    return !same;
}

bool lb_ipvs_note(struct lb_ipvs *ipvs, const int32_t *changed, uint32_t count)
{
    bool news = false;
    for (uint32_t k = 0; k < count; k++)
        news = note(ipvs, (uint32_t)changed[k]) || news;
    return news;
}

void *lb_ipvs_new(const struct lb_setup *setup, size_t size, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    struct lb_ipvs *ipvs = calloc(1, size);
    if (ipvs != NULL)
        ipvs->dest = calloc(max + (max == 0), sizeof ipvs->dest[0]);
    if (ipvs == NULL || ipvs->dest == NULL) {
        free(ipvs);
        lb_error_set(error, LB_ERROR_MEMORY, "ipvs: no memory for %zu destinations", max);
        return NULL;
    }
    ipvs->pool = pool;
    for (uint32_t i = 0; i < pool->count; i++)
        note(ipvs, i);
    return ipvs;
}

void *lb_ipvs_create(const struct lb_setup *setup, struct lb_error *error)
{
    return lb_ipvs_new(setup, sizeof(struct lb_ipvs), error);
}

void lb_ipvs_destroy(void *state)
{
    struct lb_ipvs *ipvs = state;
    free(ipvs->dest);
    free(ipvs);
}

void lb_ipvs_start(void *state, int32_t row, const struct lb_request *request, enum lb_how how,
                   lb_time now)
{
    struct lb_ipvs *ipvs = state;
    (void)request, (void)how, (void)now;
    if (lb_full(&ipvs->pool->at[row]))
        flag(ipvs, (uint32_t)row, true);
}

void lb_ipvs_finish(void *state, int32_t row, const struct lb_outcome *outcome, lb_time now)
{
    struct lb_ipvs *ipvs = state;
    const struct lb_backend *b = &ipvs->pool->at[row];
    (void)outcome, (void)now;
    if (b->max_in_flight == 0 || (uint64_t)b->in_flight * 4 < (uint64_t)b->max_in_flight * 3)
        flag(ipvs, (uint32_t)row, false);
}

void lb_ipvs_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    (void)now;
    lb_ipvs_note(state, changed, count);
}

void lb_ipvs_describe(const void *state, lb_emit *emit, void *to)
{
    const struct lb_ipvs *ipvs = state;
    for (uint32_t i = 0; i < ipvs->pool->count; i++) {
        if ((ipvs->pool->at[i].flags & LB_PRESENT) == 0)
            continue;
        emit(to, (int32_t)i, "overhead", 256.0 * ipvs->pool->at[i].in_flight);
        emit(to, (int32_t)i, "overloaded", ipvs->dest[i].overloaded);
    }
}

static struct lb_address address_of(const struct lb_request *request,
                                    const struct lb_address *first, const struct lb_address *other)
{
    if (first->family != 0)
        return *first;
    if (request->key_size == 0)
        return *other;
    struct lb_address address = {.family = 6};
    uint64_t hash = lb_xxh64(request->key, request->key_size, 0);
    for (unsigned b = 0; b < 8; b++)
        address.bytes[b] = (uint8_t)(hash >> (8 * b));
    return address;
}

struct lb_address lb_ipvs_source(const struct lb_request *request)
{
    return address_of(request, &request->source, &request->destination);
}

struct lb_address lb_ipvs_destination(const struct lb_request *request)
{
    return address_of(request, &request->destination, &request->source);
}
