/*
 * Join the idle queue, ideal: to the backend that has been idle longest, else to any.
 *
 * The idea: a backend that becomes idle enters a list at its end, and a request takes the head.
 * With nobody idle the request goes to a backend drawn by weight. Under light and medium load
 * nearly all requests find somebody idle, and a pick compares nothing.
 *
 * Idle means a free worker: fewer requests at the backend, by the truth, and in flight to it, by
 * the books, than it has workers; with one worker that is the paper's. A backend of several that
 * still has a free one after it took a request goes to the end of the list. Who became idle is seen
 * when an attempt at it ends, when the pool changes, and, by a look at all, when the list is empty;
 * the list is checked against the truth when it is read, and who is in it and not idle leaves it.
 * Who is idle but may not have the request (full, tried) keeps its place.
 *
 * Cost: O(1) while somebody is idle, O(n) else; 12 bytes a row.
 * Source: Y. Lu et al., "Join-Idle-Queue", Performance Evaluation 68 (2011), with one dispatcher.
 * It is an ideal here since the list is true at each pick, and no message tells of it.
 */
#include <stdlib.h>

#include "algorithms/shares.h"

#define NOBODY UINT32_MAX

struct state {
    const struct lb_pool *pool;
    const struct lb_truth *truth;
    struct lb_random *random;
    struct lb_shares shares; /* of the open rows, for when nobody is idle */
    uint32_t head, tail;     /* of the idle list; NOBODY = it is empty */
    struct link {
        uint32_t before, behind;
        bool listed;
    } link[]; /* one for each row there can be */
};

static bool idle(const struct state *s, uint32_t row)
{
    const struct lb_backend *b = &s->pool->at[row];
    uint32_t slots = s->truth->slots[row];
    return lb_open(b) && b->in_flight < slots && s->truth->present[row] < slots &&
           s->truth->speed[row] > 0;
}

static void unlist(struct state *s, uint32_t row)
{
    struct link *link = &s->link[row];
    if (!link->listed)
        return;
    *(link->before != NOBODY ? &s->link[link->before].behind : &s->head) = link->behind;
    *(link->behind != NOBODY ? &s->link[link->behind].before : &s->tail) = link->before;
    link->listed = false;
}

/* At the end of the list, if it is idle and not in it. */
static void enlist(struct state *s, uint32_t row)
{
    if (s->link[row].listed || !idle(s, row))
        return;
    s->link[row] = (struct link){.before = s->tail, .behind = NOBODY, .listed = true};
    *(s->tail != NOBODY ? &s->link[s->tail].behind : &s->head) = row;
    s->tail = row;
}

static void destroy(void *state)
{
    struct state *s = state;
    lb_shares_done(&s->shares);
    free(s);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    lb_shares_build_warm(&s->shares, s->pool, now);
    for (uint32_t k = 0; k < count; k++) {
        if (!lb_open(&s->pool->at[changed[k]]))
            unlist(s, (uint32_t)changed[k]);
        enlist(s, (uint32_t)changed[k]);
    }
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    if (setup->truth == NULL) {
        lb_error_set(error, LB_ERROR_INVALID, "join-idle-queue: needs the truth");
        return NULL;
    }
    const struct lb_pool *pool = setup->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    struct state *s = calloc(1, sizeof *s + max * sizeof s->link[0]);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "join-idle-queue: no memory");
        return NULL;
    }
    s->pool = pool;
    s->truth = setup->truth;
    s->random = setup->random;
    s->head = s->tail = NOBODY;
    if (lb_shares_init(&s->shares, pool, error) != 0) {
        destroy(s);
        return NULL;
    }
    on_pool_change(s, NULL, 0, setup->now);
    return s;
}

/* The first of the list that is idle and may have the request; who is not idle is put out. */
static int32_t first_idle(struct state *s, const struct lb_request *request)
{
    for (uint32_t row = s->head, behind; row != NOBODY; row = behind) {
        behind = s->link[row].behind;
        if (!idle(s, row))
            unlist(s, row);
        else if (lb_may(s->pool, request, row))
            return (int32_t)row;
    }
    return LB_NONE;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    int32_t row = first_idle(s, request);
    if (row < 0) {
        for (uint32_t i = 0; i < s->pool->count; i++)
            enlist(s, i);
        row = first_idle(s, request);
    }
    if (row >= 0) {
        unlist(s, (uint32_t)row);
        return row;
    }
    row = lb_shares_throw(&s->shares, s->pool, request, NULL, 0, s->random);
    return row >= 0 ? row : lb_wait_or_none(s->pool, request);
}

/* A worker may be left over. */
static void on_attempt_start(void *state, int32_t backend, const struct lb_request *request,
                             enum lb_how how, lb_time now)
{
    (void)request, (void)how, (void)now;
    enlist(state, (uint32_t)backend);
}

static void on_attempt_finish(void *state, int32_t backend, const struct lb_outcome *outcome,
                              lb_time now)
{
    (void)outcome, (void)now;
    enlist(state, (uint32_t)backend);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    uint32_t place = 0;
    for (uint32_t row = s->head; row != NOBODY; row = s->link[row].behind)
        emit(to, (int32_t)row, "idle_place", ++place);
}

extern const struct lb_algorithm lb_algorithm_join_idle_queue;
const struct lb_algorithm lb_algorithm_join_idle_queue = {
    .abi = LB_ABI,
    .name = "join-idle-queue",
    .title = "Join the idle queue (ideal)",
    .summary = "Ideal: to the backend that has been idle longest; nobody idle: random by weight.",
    .reference = "Lu et al. 2011, one dispatcher, idle lists true at each pick",
    .cost = "O(1) while somebody is idle, O(n) else",
    .changes = "Who comes back idle enters the list at its end, who goes leaves it; the draw when "
               "nobody is idle follows the weights and slow start.",
    .needs = LB_NEED_ORACLE,
    .claims = LB_CLAIM_ALWAYS,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_attempt_start = on_attempt_start,
    .on_attempt_finish = on_attempt_finish,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
