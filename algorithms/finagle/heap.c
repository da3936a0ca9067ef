/*
 * finagle-heap: Finagle's least loaded by a binary heap.
 *
 * The idea: all nodes stand in a min-heap by their load, the number outstanding; the root is taken.
 * Ties go by place in the heap: a newcomer comes in at the end and is lifted past heavier nodes only.
 * A node that becomes idle would come straight to the root's neighbourhood and be used again and
 * again; instead it is taken out and put in on the path to a random node: it changes places with a
 * node drawn uniformly, and both are lifted as far as they may.
 *
 * A root that is not open is marked down: +2^31 - 1 to its load, and the next root is looked at. Each
 * pick first revives those marked nodes that are open again, the newest first. When all are marked
 * the root is taken, the least loaded of all.
 *
 * Words of Finagle and of the rows: nodes are the present rows of weight (other weights do not
 * count); open is a row that may take this request: usable, not full and not tried by it, of which
 * Finagle knows only the first. A root that is marked and not usable is not taken: the answer is
 * what the contract has for nobody.
 *
 * Reading: when a node is taken out from within, the last one fills its place and sinks; ours is also
 * lifted, which Finagle leaves out: without it the heap can lose its order and the root need not be
 * the least loaded.
 *
 * Cost: O(log n), and O(marked) for a pick while nodes are marked down; 14 bytes a row.
 * Source: Finagle 2024-10, loadbalancer/heap/HeapLeastLoaded.scala, Heap.scala.
 */
#include <stdlib.h>

#include "algorithms/lb.h"

#define PENALTY ((uint64_t)INT32_MAX) /* 2^31 - 1 */

struct node {
    uint64_t load;
    uint32_t place; /* in the heap; 0 = not in it */
    uint32_t id;    /* whose row it was when it came in */
};

struct state {
    const struct lb_pool *pool;
    struct lb_random *random;
    struct node *node; /* by row */
    uint32_t *heap;    /* rows, from 1 on */
    uint32_t *down;    /* rows marked down, the newest last */
    uint32_t size, downs;
};

static void destroy(void *state)
{
    struct state *s = state;
    free(s->node);
    free(s->heap);
    free(s->down);
    free(s);
}

static uint64_t load_at(const struct state *s, uint32_t place)
{
    return s->node[s->heap[place]].load;
}

static void exchange(struct state *s, uint32_t i, uint32_t j)
{
    uint32_t row = s->heap[i];
    s->heap[i] = s->heap[j];
    s->heap[j] = row;
    s->node[s->heap[i]].place = i;
    s->node[s->heap[j]].place = j;
}

/* Lifts the node at i past heavier ones. */
static void lift(struct state *s, uint32_t i)
{
    for (; i > 1 && load_at(s, i) < load_at(s, i / 2); i /= 2)
        exchange(s, i, i / 2);
}

/* Sinks the node at i past lighter ones within the first `size`; of equal children the right one
 * comes up. */
static void sink(struct state *s, uint32_t i, uint32_t size)
{
    while (2 * i <= size) {
        uint32_t child = 2 * i;
        child += child < size && load_at(s, child) >= load_at(s, child + 1);
        if (load_at(s, child) >= load_at(s, i))
            return;
        exchange(s, i, child);
        i = child;
    }
}

/* Takes the node at i out of the order: it stands last, behind a heap of one fewer. */
static void set_aside(struct state *s, uint32_t i)
{
    exchange(s, i, s->size);
    if (i == s->size)
        return;
    sink(s, i, s->size - 1);
    lift(s, i);
}

static void add(struct state *s, uint32_t row)
{
    const struct lb_backend *b = &s->pool->at[row];
    s->heap[++s->size] = row;
    s->node[row] = (struct node){.load = b->in_flight, .place = s->size, .id = b->id};
    lift(s, s->size);
}

static void take_out(struct state *s, uint32_t row)
{
    set_aside(s, s->node[row].place);
    s->size--;
    s->node[row].place = 0;
    for (uint32_t k = 0, kept = 0, downs = s->downs; k < downs; k++)
        if (s->down[k] != row)
            s->down[kept++] = s->down[k];
        else
            s->downs--;
}

static void refresh(struct state *s, uint32_t row)
{
    const struct lb_backend *b = &s->pool->at[row];
    bool wanted = (b->flags & LB_PRESENT) != 0 && b->weight != 0;
    if (s->node[row].place != 0 && (!wanted || s->node[row].id != b->id))
        take_out(s, row);
    if (s->node[row].place == 0 && wanted)
        add(s, row);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    (void)now;
    for (uint32_t k = 0; k < count; k++)
        refresh(state, (uint32_t)changed[k]);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = (pool->max > pool->count ? pool->max : pool->count) + (size_t)1;
    struct state *s = calloc(1, sizeof *s);
    if (s != NULL)
        *s = (struct state){.pool = pool,
                            .random = setup->random,
                            .node = calloc(max, sizeof *s->node),
                            .heap = calloc(max, sizeof *s->heap),
                            .down = calloc(max, sizeof *s->down)};
    if (s == NULL || s->node == NULL || s->heap == NULL || s->down == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "finagle-heap: no memory");
        if (s != NULL)
            destroy(s);
        return NULL;
    }
    for (uint32_t row = 0; row < pool->count; row++)
        refresh(s, row);
    return s;
}

/* Unmarks the nodes that are open again. */
static void revive(struct state *s, const struct lb_request *request)
{
    uint32_t kept = 0;
    for (uint32_t k = s->downs; k-- > 0;) {
        uint32_t row = s->down[k];
        if (!lb_may(s->pool, request, row))
            continue;
        s->node[row].load -= PENALTY;
        lift(s, s->node[row].place);
        s->down[k] = UINT32_MAX;
    }
    for (uint32_t k = 0; k < s->downs; k++)
        if (s->down[k] != UINT32_MAX)
            s->down[kept++] = s->down[k];
    s->downs = kept;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    if (s->size == 0)
        return LB_NONE;
    if (s->downs != 0)
        revive(s, request);
    for (;;) {
        uint32_t row = s->heap[1];
        struct node *node = &s->node[row];
        if (lb_may(s->pool, request, row))
            return (int32_t)row;
        if (node->load >= PENALTY)
            return lb_open(&s->pool->at[row]) ? (int32_t)row : lb_wait_or_none(s->pool, request);
        s->down[s->downs++] = row;
        node->load += PENALTY;
        sink(s, 1, s->size);
    }
}

static void on_attempt_start(void *state, int32_t row, const struct lb_request *request,
                             enum lb_how how, lb_time now)
{
    struct state *s = state;
    (void)request, (void)how, (void)now;
    if (s->node[row].place == 0)
        return;
    s->node[row].load++;
    sink(s, s->node[row].place, s->size);
}

static void on_attempt_finish(void *state, int32_t row, const struct lb_outcome *outcome,
                              lb_time now)
{
    struct state *s = state;
    struct node *node = &s->node[row];
    (void)outcome, (void)now;
    if (node->place == 0)
        return;
    if (--node->load != 0 || s->size == 1) {
        lift(s, node->place);
        return;
    }
    set_aside(s, node->place);
    uint32_t other = 1 + lb_random_below(s->random, s->size);
    exchange(s, other, s->size);
    lift(s, other);
    lift(s, s->size);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "marked_down", s->downs);
    for (uint32_t place = 1; place <= s->size; place++) {
        emit(to, (int32_t)s->heap[place], "load", (double)load_at(s, place));
        emit(to, (int32_t)s->heap[place], "place", place);
    }
}

extern const struct lb_algorithm lb_algorithm_finagle_heap;
const struct lb_algorithm lb_algorithm_finagle_heap = {
    .abi = LB_ABI,
    .name = "finagle-heap",
    .title = "Finagle heap, least loaded",
    .summary = "The least loaded, from a heap in which idle backends come back at random places.",
    .reference = "Finagle 2024-10, loadbalancer/heap/HeapLeastLoaded.scala",
    .cost = "O(log n), O(marked) while backends are full or down",
    .changes =
        "A newcomer enters at the end of the heap; a failed one is marked down when it comes "
        "to the root; weights other than 0 do not count.",
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_attempt_start = on_attempt_start,
    .on_attempt_finish = on_attempt_finish,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
