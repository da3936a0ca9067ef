/*
 * HAProxy's consistent-hash ring, for random and for hashes of type consistent.
 *
 * The idea: a server of effective weight e has e points, avalanche(id x 4096 + j), j = 0 .. e - 1, on
 * a ring of 32 bits; less weight means that its last points go, and no other point moves. A hash
 * belongs to the NEAREST point, not to the next: the one before it on equal distances. Equal points
 * keep the order in which they were put in. A server to be avoided, or one that carries more than
 * its bound, is passed over point by point, forwards; when that is everybody, the owner of the last
 * point gets it. Turns, for requests without a key, go round the ring from point to point.
 *
 * Bounded load, in percent of the mean: with S = ((in flight of the pool + 1) x f + 99) / 100 slots and
 * W the sum of e, a server may have e x (S / W) of them and its part of the remainder, at least one;
 * it takes a request while it has fewer in flight. `before` is the sum of e of the usable servers
 * declared before, as it was at the start: the product never adds it up again, so after a change the
 * remainder is shared out unevenly. It computes in 32 bits, which overflow in large pools; here in 64.
 *
 * A turn's place, when its point goes: the next point that stays. A server whose weight grows beyond
 * what it ever had is taken off the ring and put back, so that its points all go for a moment. A turn
 * without a place looks at the first point only: when that server is saturated, everybody waits. When
 * all are saturated the turns have no place any more.
 *
 * Cost: a look-up O(1) expected, two or three cache misses on a large ring; a change O(points), which
 * also happens at each step of a slow start, in the pick that comes after it. 64 bytes a point.
 * Source: HAProxy 2.6.12, src/lb_chash.c; rules in our own words and code.
 */
#ifndef LB_HAPROXY_CHASH_H
#define LB_HAPROXY_CHASH_H

#include "algorithms/haproxy/weights.h"
#include "algorithms/ring.h"

struct lb_haproxy_server {
    uint32_t id;     /* whose points are on the ring */
    uint32_t points; /* how many */
    uint32_t most;   /* points that there is room for: more, and all are put in anew */
    uint64_t before; /* sum of e of the rows before, at the start */
};

struct lb_haproxy_chash {
    const struct lb_pool *pool;
    struct lb_haproxy_weights weights;
    struct lb_haproxy_server *server; /* row -> server */
    struct lb_ring ring;
    uint64_t total;  /* sum of e */
    uint32_t usable; /* servers on the ring */
    uint32_t last;   /* the point of the last turn; UINT32_MAX = none yet */
    bool stale;      /* weights differ from the points */
};

/* 0, or -1 with *error; done() either way. */
int lb_haproxy_chash_init(struct lb_haproxy_chash *c, const struct lb_pool *pool, lb_time now,
                          struct lb_error *error);
void lb_haproxy_chash_done(struct lb_haproxy_chash *c);

/* These rows changed. May allocate; without memory, new points are left out. */
void lb_haproxy_chash_change(struct lb_haproxy_chash *c, const int32_t *changed, uint32_t count,
                             lb_time now);

/* Steps of slow starts; to be called at each pick. Never allocates. */
void lb_haproxy_chash_catch_up(struct lb_haproxy_chash *c, lb_time now);

static inline void lb_haproxy_chash_tick(struct lb_haproxy_chash *c, lb_time now)
{
    if (__builtin_expect(now >= c->weights.due, 0))
        lb_haproxy_chash_catch_up(c, now);
}

/* The row of the nearest point that is neither row `avoid` (-1 = none) nor, with a bound (percent;
 * 0 = none), beyond it. LB_NONE when the ring is empty. */
int32_t lb_haproxy_chash_at(const struct lb_haproxy_chash *c, uint32_t hash, int32_t avoid,
                            uint32_t bound);

/* The next turn: the first point after the last turn's whose server is not saturated and not to be
 * avoided. */
int32_t lb_haproxy_chash_turn(struct lb_haproxy_chash *c, const struct lb_request *request,
                              lb_time now);

void lb_haproxy_chash_describe(const struct lb_haproxy_chash *c, lb_emit *emit, void *to);

#endif
