/*
 * HAProxy roundrobin: smooth turns by weight, in a queue of positions instead of a scan.
 *
 * The idea: a server of effective weight e is due every W / e positions, W being the sum. Three
 * ordered trees hold the servers: `init`, not yet placed in this round, heaviest first; `curr`, by
 * the position at which they are due; `next`, those due beyond this round. A pick takes the first
 * of `curr` that is due, else the first of `init`, else whoever comes first; when both are empty,
 * `next` becomes `init` and a round begins. Weights may change at any time: a server's position moves
 * with its step, the others stay. {5,1,1} gives a a a b a a c.
 *
 * A saturated server, and the one to avoid on a retry, are passed over: taken out, and put back when
 * the pick is done, the last one first. When only the one to avoid is left, it gets the request;
 * when everybody is saturated, it waits in the common queue.
 *
 * Cost: O(log n), times the saturated servers passed over; 84 bytes a row. At most 4095 backends, as
 * the product. Positions are 32 bits there and here, keys of `curr` 64 here: the product's own would
 * overflow with a few thousand servers of the largest weight.
 * Source: HAProxy 2.6.12, src/lb_fwrr.c; rules in our own words and code. All recordings under
 * tests/golden/haproxy are decided equally.
 */
#include <stdlib.h>

#include "algorithms/haproxy/tree.h"
#include "algorithms/haproxy/weights.h"

#define NOBODY UINT32_MAX

struct server {
    uint32_t npos, lpos; /* where it is due next, was due last */
    uint32_t rweight;    /* remainder of the division that gives the step */
    uint32_t chain;      /* of those passed over in this pick: the one before */
    struct lb_haproxy_tree *tree;
};

struct state {
    const struct lb_pool *pool;
    struct lb_haproxy_weights weights;
    struct server *server;
    uint32_t *place;
    struct lb_haproxy_tree curr, half[2];
    struct lb_haproxy_tree *init, *next;
    uint32_t curr_pos, curr_weight, next_weight;
};

static void dequeue(struct state *s, uint32_t row)
{
    if (s->server[row].tree != NULL)
        lb_haproxy_tree_remove(s->server[row].tree, row);
    s->server[row].tree = NULL;
}

static void enqueue(struct state *s, struct lb_haproxy_tree *tree, uint32_t row, uint64_t key)
{
    lb_haproxy_tree_insert(tree, row, key);
    s->server[row].tree = tree;
}

static void enqueue_by_weight(struct state *s, struct lb_haproxy_tree *tree, uint32_t row,
                              uint32_t e)
{
    enqueue(s, tree, row, LB_HAPROXY_EMAX - e);
}

/* Into `curr` by its position, or into `next` when it is due beyond this round. */
static void enqueue_by_position(struct state *s, uint32_t row, uint32_t e)
{
    struct server *server = &s->server[row];
    if (server->npos >= 2 * s->curr_weight || server->npos >= s->curr_weight + s->next_weight) {
        server->npos -= s->curr_weight;
        enqueue_by_weight(s, s->next, row, e);
        return;
    }
    uint64_t fine = (LB_HAPROXY_EMAX + server->rweight - e) / LB_HAPROXY_SCALE;
    enqueue(s, &s->curr, row, (uint64_t)LB_HAPROXY_WEIGHT_MAX * server->npos + fine);
}

/* A server that stays up has another weight. */
static void change_weight(struct state *s, uint32_t row, uint32_t e)
{
    struct server *server = &s->server[row];
    s->next_weight += e - s->weights.e[row];
    if (server->tree == s->init) {
        dequeue(s, row);
        enqueue_by_weight(s, s->init, row, e);
        return;
    }
    if (server->tree == s->next)
        server->npos += s->curr_weight;
    uint32_t step = s->next_weight / e;
    if (server->lpos + step < server->npos)
        server->npos = server->lpos + step;
    server->rweight = 0;
    if (server->npos < s->curr_pos + 2)
        server->npos = s->curr_pos + step;
    dequeue(s, row);
    enqueue_by_position(s, row, e);
}

static void reweigh(void *state, uint32_t row, uint32_t e, lb_time now)
{
    struct state *s = state;
    struct server *server = &s->server[row];
    (void)now;
    if (e == 0) { /* down */
        s->next_weight -= s->weights.e[row];
        dequeue(s, row);
    } else if (s->weights.e[row] == 0) { /* up */
        s->next_weight += e;
        /* unsigned, as there: far ahead when the round has outlived the servers it began with */
        server->npos = s->curr_pos + (s->next_weight + s->curr_weight - s->curr_pos) / e;
        enqueue_by_position(s, row, e);
    } else {
        change_weight(s, row, e);
    }
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    lb_haproxy_weights_change(&s->weights, changed, count, now, reweigh, s);
    for (uint32_t k = 0; k < count; k++) /* another backend may come to the row */
        if ((s->pool->at[changed[k]].flags & LB_PRESENT) == 0)
            s->server[changed[k]] = (struct server){0};
}

/* At the start everybody is in `init`. */
static void place_at_start(void *state, uint32_t row, uint32_t e, lb_time now)
{
    struct state *s = state;
    (void)now;
    s->next_weight += e;
    enqueue_by_weight(s, s->init, row, e);
}

static void destroy(void *state)
{
    struct state *s = state;
    lb_haproxy_weights_done(&s->weights);
    free(s->server);
    free(s->place);
    lb_haproxy_tree_done(&s->curr);
    lb_haproxy_tree_done(&s->half[0]);
    lb_haproxy_tree_done(&s->half[1]);
    free(s);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "haproxy-roundrobin: no memory");
        return NULL;
    }
    s->pool = pool;
    s->server = calloc(max + 1, sizeof *s->server);
    s->place = calloc(max + 1, sizeof *s->place);
    bool trees = lb_haproxy_tree_init(&s->curr, s->place, max);
    trees = lb_haproxy_tree_init(&s->half[0], s->place, max) && trees;
    trees = lb_haproxy_tree_init(&s->half[1], s->place, max) && trees;
    if (lb_haproxy_weights_init(&s->weights, pool, error) != 0 || !trees || s->server == NULL ||
        s->place == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "haproxy-roundrobin: no memory for %zu servers", max);
        destroy(s);
        return NULL;
    }
    s->init = &s->half[0];
    s->next = &s->half[1];
    lb_haproxy_weights_change(&s->weights, NULL, 0, setup->now, place_at_start, s);
    s->curr_pos = s->curr_weight = s->next_weight;
    return s;
}

/* The server whose turn it is, or NOBODY in either tree of this round. */
static uint32_t whose_turn(struct state *s)
{
    uint32_t row = s->curr.count > 0 ? s->curr.at[0].row : NOBODY;
    if (row != NOBODY && s->server[row].npos <= s->curr_pos)
        return row;
    if (s->init->count == 0)
        return row;
    row = s->init->at[0].row;
    s->server[row].npos = s->server[row].rweight = 0;
    return row;
}

static void begin_round(struct state *s)
{
    struct lb_haproxy_tree *placed = s->init;
    s->init = s->next;
    s->next = placed;
    s->curr_weight = s->curr_pos = s->next_weight;
}

/* The server has its turn: it leaves its tree, and its position moves a step on. */
static void take_turn(struct state *s, uint32_t row)
{
    struct server *server = &s->server[row];
    uint32_t e = s->weights.e[row];
    if (server->npos == 0)
        server->npos = s->curr_pos;
    server->lpos = server->npos;
    server->npos += s->next_weight / e;
    server->rweight += s->next_weight % e;
    if (server->rweight >= e) {
        server->rweight -= e;
        server->npos++;
    }
    dequeue(s, row);
    s->curr_pos++;
}

static void put_chain_back(struct state *s, uint32_t chain, uint32_t picked, bool new_round)
{
    for (uint32_t row = chain; row != NOBODY; row = s->server[row].chain) {
        if (row == picked)
            continue;
        if (new_round)
            enqueue_by_weight(s, s->init, row, s->weights.e[row]);
        else
            enqueue_by_position(s, row, s->weights.e[row]);
    }
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    lb_haproxy_weights_tick(&s->weights, now, reweigh, s);
    if (s->next_weight == 0)
        return LB_NONE;
    uint32_t avoid = (uint32_t)lb_haproxy_avoid(request); /* NOBODY when there is none */
    uint32_t chain = NOBODY, avoided = NOBODY, row;
    bool new_round = false;
    for (;;) {
        row = whose_turn(s);
        if (row == NOBODY) {
            if (new_round) {
                row = avoided;
                break;
            }
            new_round = true;
            begin_round(s);
            continue;
        }
        take_turn(s, row);
        if (!lb_haproxy_saturated(&s->pool->at[row], now)) {
            if (row != avoid)
                break;
            avoided = row;
        }
        s->server[row].chain = chain;
        chain = row;
    }
    if (row != NOBODY)
        enqueue_by_position(s, row, s->weights.e[row]);
    put_chain_back(s, chain, row, new_round);
    return row != NOBODY ? (int32_t)row : lb_haproxy_wait(s->pool, request);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "curr_pos", s->curr_pos);
    emit(to, -1, "curr_weight", s->curr_weight);
    emit(to, -1, "next_weight", s->next_weight);
    for (uint32_t row = 0; row < s->pool->count; row++) {
        if (s->weights.e[row] == 0)
            continue;
        const struct server *server = &s->server[row];
        emit(to, (int32_t)row, "eweight", s->weights.e[row]);
        emit(to, (int32_t)row, "npos", server->npos);
        emit(to, (int32_t)row, "lpos", server->lpos);
        emit(to, (int32_t)row, "tree",
             server->tree == &s->curr  ? 0
             : server->tree == s->init ? 1
                                       : 2);
    }
}

extern const struct lb_algorithm lb_algorithm_haproxy_roundrobin;
const struct lb_algorithm lb_algorithm_haproxy_roundrobin = {
    .abi = LB_ABI,
    .name = "haproxy-roundrobin",
    .title = "HAProxy roundrobin",
    .summary = "Smooth turns by weight from a queue of positions; weights may change at any time.",
    .reference = "HAProxy 2.6.12, balance roundrobin, src/lb_fwrr.c",
    .cost = "O(log n), times the saturated servers passed over",
    .changes =
        "A changed weight moves that server's position only; one that comes up waits its share "
        "of the round; slow start grows by sixteenths. Everybody saturated: the common queue.",
    .backends_max = 4095,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
