/*
 * HAProxy leastconn: the least loaded server for its weight, kept first in a tree.
 *
 * The idea: servers stand in a tree by key = (n + 1) x 4096 / e, n being the requests in flight and
 * in the server's own queue, e the effective weight, and 0 when n is 0; equal keys in the order in
 * which they got there. A server moves, behind its equals, when its key changes: when it takes or
 * drops a request. So idle servers take turns whatever their weights, and weights count from the
 * first request in flight on. The pick is the first whose maxconn is not reached. HAProxy 3 chooses
 * at random among equals; this is 2.6.
 *
 * Cost: a pick O(1), a start or finish O(log n); 40 bytes a row.
 * Source: HAProxy 2.6.12, src/lb_fwlc.c; rules in our own words and code. All recordings under
 * tests/golden/haproxy are decided equally.
 */
#include "algorithms/haproxy/free.h"

struct state {
    struct lb_haproxy_free free;
    struct lb_haproxy_weights weights;
};

static uint64_t key_of(const struct lb_backend *b, uint32_t e)
{
    uint64_t n = (uint64_t)b->in_flight + b->queued;
    if (n < UINT32_MAX / LB_HAPROXY_EMAX) /* a division of 32 bits is faster */
        return n == 0 ? 0 : (uint32_t)(n + 1) * LB_HAPROXY_EMAX / e;
    return (n + 1) * LB_HAPROXY_EMAX / e;
}

/* The server has another effective weight: out, in, or to the end of its new equals. */
static void reweigh(void *state, uint32_t row, uint32_t e, lb_time now)
{
    struct state *s = state;
    (void)now;
    if (e != 0)
        lb_haproxy_free_rank(&s->free, row, key_of(&s->free.pool->at[row], e));
    lb_haproxy_free_open(&s->free, row, e != 0);
}

/* The row's books changed. */
static inline void look(struct state *s, uint32_t row)
{
    const struct lb_haproxy_slot *slot = &s->free.slot[row];
    if (!slot->open)
        return;
    uint64_t key = key_of(&s->free.pool->at[row], s->weights.e[row]);
    if (lb_haproxy_rank(key, 0) != slot->rank >> LB_HAPROXY_NUMBER_BITS << LB_HAPROXY_NUMBER_BITS)
        lb_haproxy_free_rank(&s->free, row, key);
    lb_haproxy_free_update(&s->free, row);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    lb_haproxy_weights_change(&s->weights, changed, count, now, reweigh, s);
    for (uint32_t k = 0; k < count; k++)
        look(s, (uint32_t)changed[k]); /* its limit may be another */
}

static void destroy(void *state)
{
    struct state *s = state;
    lb_haproxy_weights_done(&s->weights);
    lb_haproxy_free_done(&s->free);
    free(s);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "haproxy-leastconn: no memory");
        return NULL;
    }
    if (lb_haproxy_free_init(&s->free, setup->pool, error) != 0 ||
        lb_haproxy_weights_init(&s->weights, setup->pool, error) != 0) {
        destroy(s);
        return NULL;
    }
    lb_haproxy_weights_change(&s->weights, NULL, 0, setup->now, reweigh, s);
    return s;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    lb_haproxy_weights_tick(&s->weights, now, reweigh, s);
    return lb_haproxy_free_pick(&s->free, request, now);
}

static void on_attempt_start(void *state, int32_t row, const struct lb_request *request,
                             enum lb_how how, lb_time now)
{
    (void)request, (void)how, (void)now;
    look(state, (uint32_t)row);
}

static void on_attempt_finish(void *state, int32_t row, const struct lb_outcome *outcome,
                              lb_time now)
{
    (void)outcome, (void)now;
    look(state, (uint32_t)row);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "free", s->free.tree.count);
    for (uint32_t row = 0; row < s->free.pool->count; row++) {
        if (!s->free.slot[row].open)
            continue;
        emit(to, (int32_t)row, "eweight", s->weights.e[row]);
        uint64_t rank = s->free.slot[row].rank;
        emit(to, (int32_t)row, "key", (double)(rank >> LB_HAPROXY_NUMBER_BITS));
        emit(to, (int32_t)row, "number", (double)(rank % LB_HAPROXY_NUMBERS));
    }
}

extern const struct lb_algorithm lb_algorithm_haproxy_leastconn;
const struct lb_algorithm lb_algorithm_haproxy_leastconn = {
    .abi = LB_ABI,
    .name = "haproxy-leastconn",
    .title = "HAProxy leastconn",
    .summary =
        "The least (in flight + 1) / weight; idle servers take turns whatever their weights.",
    .reference = "HAProxy 2.6.12, balance leastconn, src/lb_fwlc.c",
    .cost = "O(log n)",
    .changes =
        "A changed weight, slow start and a return move that server behind its equals; one that "
        "leaves is gone at once. Everybody at maxconn: the common queue.",
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_attempt_start = on_attempt_start,
    .on_attempt_finish = on_attempt_finish,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
