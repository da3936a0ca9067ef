/*
 * What all of HAProxy's algorithms share: effective weights, slow start, saturated servers.
 *
 * The idea: a dynamic algorithm works with effective weights, sixteen for each unit of weight, so
 * that a server in slow start can have a sixteenth of its weight and grow by sixteenths. For T
 * seconds (rounded up) after it went up, e = weight x ((16 t + T) / T), t whole seconds, division
 * truncating; its maxconn grows alike. The weights in force are kept here, one a row, 0 for a row
 * out of the pool; an algorithm is told of each that differs, and catches up with the clock at a
 * pick or a change, so no timer is needed. Weights are capped at 256, as in the product.
 *
 * The reading taken: HAProxy re-evaluates "every max(1 s, T/20)", but compares T in seconds with a
 * thousand milliseconds, which makes it 1 s for every T below five and a half hours: here always 1 s.
 *
 * Words of HAProxy and of the rows: maxconn is max_in_flight, served is in_flight, a server's own
 * queue is `queued`; DOWN, MAINT and DRAIN are rows without LB_USABLE; backups are the next tier (only
 * the first usable backup, unless allbackups: that is the host's business).
 *
 * Source: HAProxy 2.6, src/server.c (server_recalc_eweight), src/queue.c; rules in our own words.
 */
#ifndef LB_HAPROXY_WEIGHTS_H
#define LB_HAPROXY_WEIGHTS_H

#include "algorithms/lb.h"

#define LB_HAPROXY_SCALE      16U  /* effective weight of a unit of weight */
#define LB_HAPROXY_WEIGHT_MAX 256U /* larger weights count as this */
#define LB_HAPROXY_EMAX       4096U
#define LB_HAPROXY_SECOND     INT64_C(1000000000)

/* Duration of a slow start in whole seconds, rounded up. */
static inline int64_t lb_haproxy_warm_seconds(lb_time warm_for)
{
    return warm_for / LB_HAPROXY_SECOND + (warm_for % LB_HAPROXY_SECOND != 0);
}

/* Whole seconds since the server went up. */
static inline int64_t lb_haproxy_up_seconds(lb_time since, lb_time now)
{
    return now > since ? (now - since) / LB_HAPROXY_SECOND : 0;
}

/* The weight as far as the product allows it. */
static inline uint32_t lb_haproxy_weight(uint32_t weight)
{
    return weight < LB_HAPROXY_WEIGHT_MAX ? weight : LB_HAPROXY_WEIGHT_MAX;
}

/* The effective weight of a server of this weight; warm_for 0 = not in slow start. */
static inline uint32_t lb_haproxy_eweight(uint32_t weight, lb_time since, lb_time warm_for,
                                          lb_time now)
{
    int64_t total = warm_for > 0 ? lb_haproxy_warm_seconds(warm_for) : 0;
    int64_t t = lb_haproxy_up_seconds(since, now);
    weight = lb_haproxy_weight(weight);
    if (t >= total)
        return weight * LB_HAPROXY_SCALE;
    return weight * (uint32_t)((LB_HAPROXY_SCALE * t + total) / total);
}

/* The weight that the statistics show for an effective one, and the throttle in percent, each with
 * fifteen sixteenths added before the division; the throttle is shown during slow start only. */
static inline uint32_t lb_haproxy_shown_weight(uint32_t eweight)
{
    return (eweight + LB_HAPROXY_SCALE - 1) / LB_HAPROXY_SCALE;
}

static inline uint32_t lb_haproxy_throttle(uint32_t weight, uint32_t eweight)
{
    weight = lb_haproxy_weight(weight);
    return weight != 0 ? (100 * eweight + LB_HAPROXY_SCALE - 1) / (weight * LB_HAPROXY_SCALE) : 100;
}

/* maxconn as it stands now, grown with the slow start; 0 = none. */
static inline uint32_t lb_haproxy_maxconn(const struct lb_backend *b, lb_time now)
{
    if (b->warm_for <= 0 || b->max_in_flight == 0)
        return b->max_in_flight;
    int64_t total = lb_haproxy_warm_seconds(b->warm_for);
    int64_t t = lb_haproxy_up_seconds(b->warm_since, now);
    if (t >= total)
        return b->max_in_flight;
    int64_t limit = b->max_in_flight * (100 * t / total) / 100;
    return limit > 1 ? (uint32_t)limit : 1;
}

/* Has the server as many requests as it may have, or some waiting for it? */
static inline bool lb_haproxy_saturated(const struct lb_backend *b, lb_time now)
{
    return b->max_in_flight != 0 && (b->queued != 0 || b->in_flight >= lb_haproxy_maxconn(b, now));
}

/* The row to avoid, on a retry elsewhere: the last that was tried, and no other. -1 = none. */
static inline int32_t lb_haproxy_avoid(const struct lb_request *request)
{
    return request->tried_count != 0 ? request->tried[request->tried_count - 1] : -1;
}

/* Everybody is saturated and the product puts the request into the backend's common queue. A host
 * gives a waiting request to rows it has not been at; when there is none left of them, it waits at
 * the row where it was last. */
static inline int32_t lb_haproxy_wait(const struct lb_pool *pool, const struct lb_request *request)
{
    if (request->tried_count == 0 || lb_wait_or_none(pool, request) == LB_WAIT)
        return LB_WAIT;
    uint32_t row = (uint32_t)lb_haproxy_avoid(request);
    if (lb_open(&pool->at[row]))
        return (int32_t)row;
    for (row = 0; row < pool->count; row++)
        if (lb_open(&pool->at[row]))
            return (int32_t)row;
    return LB_NONE;
}

/* The weights in force. */
struct lb_haproxy_weights {
    const struct lb_pool *pool;
    uint32_t *e;       /* row -> effective weight; 0 = out of the pool */
    uint32_t *warming; /* rows in slow start, in the order in which they came */
    bool *listed;      /* row -> is it among them? */
    uint32_t warming_count;
    lb_time due; /* when the next of them makes a step */
};

/* Told of a row whose effective weight differs; weights->e[row] is still the old one. */
typedef void lb_haproxy_reweigh(void *state, uint32_t row, uint32_t e, lb_time now);

/* 0, or -1 with *error; done() either way. All rows are out until change() says otherwise. */
int lb_haproxy_weights_init(struct lb_haproxy_weights *weights, const struct lb_pool *pool,
                            struct lb_error *error);
void lb_haproxy_weights_done(struct lb_haproxy_weights *weights);

/* These rows changed; `changed` NULL = all of the pool, in its order. Never allocates. */
void lb_haproxy_weights_change(struct lb_haproxy_weights *weights, const int32_t *changed,
                               uint32_t count, lb_time now, lb_haproxy_reweigh *reweigh,
                               void *state);

/* Makes the steps of slow starts that are due. Never allocates. */
void lb_haproxy_weights_catch_up(struct lb_haproxy_weights *weights, lb_time now,
                                 lb_haproxy_reweigh *reweigh, void *state);

static inline void lb_haproxy_weights_tick(struct lb_haproxy_weights *weights, lb_time now,
                                           lb_haproxy_reweigh *reweigh, void *state)
{
    if (__builtin_expect(now >= weights->due, 0))
        lb_haproxy_weights_catch_up(weights, now, reweigh, state);
}

#endif
