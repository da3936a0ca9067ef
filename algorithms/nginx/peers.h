/*
 * What nginx keeps of each peer of one upstream, shared by its round robin and its least_conn.
 *
 * The idea: nginx's passive health lives in the peers. A failed try counts `fails`, stamps the
 * second, and lowers the effective weight by weight / max_fails; a peer with max_fails failures is
 * left out until more than fail_timeout whole seconds have passed since the stamp. Then it takes
 * part again, with the weight it has left, which grows by one a pick; a success clears the
 * failures only when a later pick has renewed the stamp. A lone peer without backup is never left
 * out, and its failures are not counted.
 *
 * Words of nginx and of the rows: `down` is a row without LB_USABLE (or of weight 0, which nginx
 * does not know), max_conns is max_in_flight, conns is in_flight, backup peers are the next tier.
 *
 * Cost: 48 bytes a row; O(1) for each function but change and describe.
 * Source: nginx 1.22.1, src/http/ngx_http_upstream_round_robin.c; rules in our own words and code.
 */
#ifndef LB_NGINX_PEERS_H
#define LB_NGINX_PEERS_H

#include "algorithms/lb.h"

struct lb_nginx_peer {
    int64_t current, effective; /* weights of the smooth round robin */
    int64_t accessed, checked;  /* whole seconds: of the last failure; of that or a renewing pick */
    uint32_t fails;
    uint32_t weight; /* as configured; 0 = absent */
};

struct lb_nginx_peers {
    const struct lb_pool *pool;
    bool alone;                  /* the only tier */
    bool single;                 /* one peer, and alone: its failures are not counted */
    struct lb_nginx_peer peer[]; /* one for each row there can be */
};

/* The state of both algorithms, or NULL with *error. lb_nginx_peers_destroy frees it. */
void *lb_nginx_peers_create(const struct lb_setup *setup, struct lb_error *error);
void lb_nginx_peers_destroy(void *state);

/* Hooks both algorithms share. A changed weight, a join or a leave is a new configuration: nginx
 * reloads, and every peer starts afresh. Other changes leave the peers as they are. */
void lb_nginx_peers_change(void *state, const int32_t *changed, uint32_t count, lb_time now);
void lb_nginx_peers_finish(void *state, int32_t row, const struct lb_outcome *outcome, lb_time now);
void lb_nginx_peers_describe(const void *state, lb_emit *emit, void *to);

/* The clock nginx compares with: whole seconds. */
static inline int64_t lb_nginx_second(lb_time now)
{
    return now / 1000000000;
}

/* fail_timeout of a row in whole seconds, rounded up: nginx knows no fractions. */
static inline int64_t lb_nginx_fail_timeout(const struct lb_backend *b)
{
    return b->fail_timeout / 1000000000 + (b->fail_timeout % 1000000000 != 0);
}

/* May the peer in this row take the request, in this second? */
static inline bool lb_nginx_peers_may(const struct lb_nginx_peers *peers,
                                      const struct lb_request *request, uint32_t row,
                                      int64_t second)
{
    const struct lb_backend *b = &peers->pool->at[row];
    const struct lb_nginx_peer *peer = &peers->peer[row];
    if (!lb_may(peers->pool, request, row))
        return false;
    return b->max_fails == 0 || peer->fails < b->max_fails ||
           second - peer->checked > lb_nginx_fail_timeout(b);
}

/* The peer takes part in a pick: its credit grows, its weight recovers. What it adds to the sum. */
static inline int64_t lb_nginx_peers_step(struct lb_nginx_peers *peers, uint32_t row)
{
    struct lb_nginx_peer *peer = &peers->peer[row];
    int64_t effective = peer->effective;
    peer->current += effective;
    if (peer->effective < peer->weight)
        peer->effective++;
    return effective;
}

/* The peer is picked: it pays the sum of those that took part, and its stamp is renewed. */
static inline void lb_nginx_peers_take(struct lb_nginx_peers *peers, uint32_t row, int64_t total,
                                       int64_t second)
{
    struct lb_nginx_peer *peer = &peers->peer[row];
    peer->current -= total;
    if (second - peer->checked > lb_nginx_fail_timeout(&peers->pool->at[row]))
        peer->checked = second;
}

#endif
