/*
 * HAProxy first: fills the server with the lowest id before it touches the second.
 *
 * The idea: use as few servers as will do, so that the rest can be switched off. The pick is the
 * server of the lowest id that has a place free (fewer in flight than its maxconn, nobody in its own
 * queue); without maxconn the first takes everything. Weights do not count, except that 0 takes
 * nothing. Everybody full: the request waits in the common queue.
 *
 * Cost: a pick O(1), O(log n) when a server becomes full or free; 36 bytes a row.
 * Source: HAProxy 2.6.12, src/lb_fas.c; rules in our own words and code. The recording under
 * tests/golden/haproxy is decided equally.
 */
#include "algorithms/haproxy/free.h"

static void look(struct lb_haproxy_free *f, uint32_t row)
{
    const struct lb_backend *b = &f->pool->at[row];
    f->slot[row].rank = (uint64_t)b->id << 32 | row;
    lb_haproxy_free_open(f, row, lb_open(b));
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    (void)now;
    for (uint32_t k = 0; k < count; k++)
        look(state, (uint32_t)changed[k]);
}

static void destroy(void *state)
{
    lb_haproxy_free_done(state);
    free(state);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct lb_haproxy_free *f = malloc(sizeof *f);
    if (f == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "haproxy-first: no memory");
        return NULL;
    }
    if (lb_haproxy_free_init(f, setup->pool, error) != 0) {
        destroy(f);
        return NULL;
    }
    for (uint32_t row = 0; row < setup->pool->count; row++)
        look(f, row);
    return f;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    return lb_haproxy_free_pick(state, request, now);
}

/* Only becoming full or free moves a server. */
static inline void books_changed(struct lb_haproxy_free *f, int32_t row)
{
    const struct lb_haproxy_slot *slot = &f->slot[row];
    if (slot->open && slot->in == lb_full(&f->pool->at[row]))
        lb_haproxy_free_update(f, (uint32_t)row);
}

static void on_attempt_start(void *state, int32_t row, const struct lb_request *request,
                             enum lb_how how, lb_time now)
{
    (void)request, (void)how, (void)now;
    books_changed(state, row);
}

static void on_attempt_finish(void *state, int32_t row, const struct lb_outcome *outcome,
                              lb_time now)
{
    (void)outcome, (void)now;
    books_changed(state, row);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct lb_haproxy_free *f = state;
    emit(to, -1, "usable", f->open);
    emit(to, -1, "free", f->tree.count);
    for (uint32_t row = 0; row < f->pool->count; row++)
        if (f->slot[row].open)
            emit(to, (int32_t)row, "free", f->slot[row].in);
}

extern const struct lb_algorithm lb_algorithm_haproxy_first;
const struct lb_algorithm lb_algorithm_haproxy_first = {
    .abi = LB_ABI,
    .name = "haproxy-first",
    .title = "HAProxy first",
    .summary = "The lowest id with a place free; limits decide when the second server is used.",
    .reference = "HAProxy 2.6.12, balance first, src/lb_fas.c",
    .cost = "O(log n)",
    .changes =
        "Weights do not count but for 0; joins and leaves count at once. Everybody full: the "
        "common queue.",
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_attempt_start = on_attempt_start,
    .on_attempt_finish = on_attempt_finish,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
