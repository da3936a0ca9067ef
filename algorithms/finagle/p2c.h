/*
 * The choice that Finagle's p2c balancers share: two different nodes, the healthier, then the less
 * loaded one, and panic when luck fails.
 *
 * The idea: draw an ordered pair (a, b) of different nodes. An open node is better than one that is
 * not; else a if load(a) <= load(b). When the better one is not open either, draw again, `effort`
 * times in all; then panic: one more draw, whatever it is. A lone node is taken without a draw.
 *
 * Words of Finagle and of the rows: its vector of nodes are the usable rows of weight, its status
 * Open is a row that is not full and was not tried by this request (Finagle itself has no limits
 * here and knows of no earlier tries). Weights other than 0 do not count: Finagle puts nodes of
 * unequal weight into balancers of their own. `max-effort` 5 is PanicMode.MajorityUnhealthy and was
 * the fixed number before there were modes; versions from 2020 on start from 4.
 *
 * Source: Finagle 2024-10, loadbalancer/p2c/P2CPick.scala, Balancer.scala, PanicMode.scala; rules in
 * our own words and code.
 */
#ifndef LB_FINAGLE_P2C_H
#define LB_FINAGLE_P2C_H

#include <stdlib.h>

#include "algorithms/pair.h"
#include "algorithms/shares.h"

#define LB_FINAGLE_EFFORT                                                                          \
    {                                                                                              \
        .name = "max-effort", .unit = "", .value = 5, .min = 0, .max = 100,                        \
        .help = "draws that may end at a full or tried backend before any is taken"                \
    }

struct lb_finagle_p2c {
    const struct lb_pool *pool;
    struct lb_random *random;
    struct lb_shares nodes; /* the usable rows; their weights are not looked at */
    uint32_t effort;
};

/* The load of a row; it may write the state, as Finagle's peak EWMA does. */
typedef double lb_finagle_load(void *state, uint32_t row, lb_time now);

/* The better of two nodes. */
static inline uint32_t lb_finagle_better(const struct lb_pool *pool,
                                         const struct lb_request *request, uint32_t a, uint32_t b,
                                         lb_finagle_load *load, void *state, lb_time now)
{
    bool open_a = lb_may(pool, request, a), open_b = lb_may(pool, request, b);
    if (open_a != open_b)
        return open_a ? a : b;
    double load_a = load(state, a, now), load_b = load(state, b, now);
    return load_a <= load_b ? a : b;
}

static inline int32_t lb_finagle_p2c_pick(struct lb_finagle_p2c *p2c,
                                          const struct lb_request *request, lb_finagle_load *load,
                                          void *state, lb_time now)
{
    const struct lb_shares *nodes = &p2c->nodes;
    if (nodes->count == 0)
        return LB_NONE;
    if (nodes->count == 1)
        return (int32_t)nodes->row[0];
    for (uint32_t draw = 0;; draw++) {
        uint32_t a, b;
        lb_pair_draw(p2c->random, nodes->count, &a, &b);
        uint32_t row =
            lb_finagle_better(p2c->pool, request, nodes->row[a], nodes->row[b], load, state, now);
        if (draw >= p2c->effort || lb_may(p2c->pool, request, row))
            return (int32_t)row;
    }
}

static inline void lb_finagle_p2c_change(struct lb_finagle_p2c *p2c)
{
    lb_shares_build(&p2c->nodes, p2c->pool, LB_PRESENT | LB_USABLE);
}

/* 0, or -1 with *error; free with lb_shares_done(&p2c->nodes) either way. */
static inline int lb_finagle_p2c_init(struct lb_finagle_p2c *p2c, const struct lb_setup *setup,
                                      uint32_t effort, struct lb_error *error)
{
    *p2c = (struct lb_finagle_p2c){.pool = setup->pool, .random = setup->random, .effort = effort};
    if (lb_shares_init(&p2c->nodes, setup->pool, error) != 0)
        return -1;
    lb_finagle_p2c_change(p2c);
    return 0;
}

#endif
