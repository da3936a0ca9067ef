/*
 * What nginx keeps of each peer of one upstream, shared by all its methods.
 *
 * The idea: nginx's passive health lives in the peers. A failed try counts `fails`, stamps the
 * second, and lowers the effective weight by weight / max_fails; a peer with max_fails failures is
 * left out until more than fail_timeout whole seconds have passed since the stamp. Then it takes
 * part again, with the weight it has left, which grows by one a pick; a success clears the
 * failures only when a later pick has renewed the stamp. A lone peer without backup is never left
 * out, and its failures are not counted.
 *
 * Every method ends in the round robin when its own rule finds nobody: the same peers, the same
 * credits. Each method's state is a struct lb_nginx_peers or begins with one, so that they share
 * hooks.
 *
 * Words of nginx and of the rows: `down` is a row without LB_USABLE (or of weight 0, which nginx
 * does not know), max_conns is max_in_flight, conns is in_flight, backup peers are the next tier.
 *
 * Cost: 60 bytes a row; O(1) for each function but change and describe.
 * Source: nginx 1.22.1, src/http/ngx_http_upstream_round_robin.c; rules in our own words and code.
 */
#ifndef LB_NGINX_PEERS_H
#define LB_NGINX_PEERS_H

#include "algorithms/shares.h"
#include "algorithms/smooth.h"

/* A method that draws or hashes gives up after more than so many rejected tries. */
#define LB_NGINX_TRIES 20

struct lb_nginx_peer {
    int64_t current, effective; /* weights of the smooth round robin */
    int64_t accessed, checked;  /* whole seconds: of the last failure; of that or a renewing pick */
    uint32_t fails;
    uint32_t weight; /* as configured; 0 = absent */
};

struct lb_nginx_peers {
    const struct lb_pool *pool;
    struct lb_random *random;
    bool alone;              /* the only tier */
    bool backup;             /* not the first tier: methods that hash or draw leave it to turns */
    bool single;             /* one peer, and alone: its failures are not counted */
    struct lb_shares shares; /* of all peers, down ones too: what is hashed or drawn falls here */
    struct lb_nginx_peer *peer; /* one for each row there can be */
};

/* 0, or -1 with *error and nothing to free. done() frees what init() made, not the struct. */
int lb_nginx_peers_init(struct lb_nginx_peers *peers, const struct lb_setup *setup,
                        struct lb_error *error);
void lb_nginx_peers_done(struct lb_nginx_peers *peers);

/* The state of a method that keeps nothing but the peers, as hooks. */
void *lb_nginx_peers_create(const struct lb_setup *setup, struct lb_error *error);
void lb_nginx_peers_destroy(void *state);

/* A changed weight, a join or a leave is a new configuration: nginx reloads, and every peer starts
 * afresh. Other changes leave the peers as they are. True when it reloads. */
bool lb_nginx_peers_reload(struct lb_nginx_peers *peers, const int32_t *changed, uint32_t count);

/* Hooks of all methods. */
void lb_nginx_peers_change(void *state, const int32_t *changed, uint32_t count, lb_time now);
void lb_nginx_peers_finish(void *state, int32_t row, const struct lb_outcome *outcome, lb_time now);
void lb_nginx_peers_describe(const void *state, lb_emit *emit, void *to);

/* The pick of the round robin (round_robin.c), where every other method ends. */
int32_t lb_nginx_peers_pick(void *state, const struct lb_request *request, lb_time now);

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

/* How many whole seconds ago the peer was stamped, and is that beyond its fail_timeout? */
static inline bool lb_nginx_peers_aged(const struct lb_nginx_peers *peers, uint32_t row,
                                       int64_t second)
{
    return second - peers->peer[row].checked > lb_nginx_fail_timeout(&peers->pool->at[row]);
}

/* May the peer in this row take the request, in this second? */
static inline bool lb_nginx_peers_may(const struct lb_nginx_peers *peers,
                                      const struct lb_request *request, uint32_t row,
                                      int64_t second)
{
    uint32_t max_fails = peers->pool->at[row].max_fails;
    if (!lb_may(peers->pool, request, row))
        return false;
    return max_fails == 0 || peers->peer[row].fails < max_fails ||
           lb_nginx_peers_aged(peers, row, second);
}

/* The peer takes part in a turn: its credit grows, and its weight recovers. */
static inline void lb_nginx_peers_join(struct lb_nginx_peers *peers, struct lb_smooth *turn,
                                       uint32_t row)
{
    struct lb_nginx_peer *peer = &peers->peer[row];
    lb_smooth_join(turn, row, &peer->current, peer->effective);
    if (peer->effective < peer->weight)
        peer->effective++;
}

/* The peer is picked: it pays the sum of those that took part (0 without a turn), and its stamp is
 * renewed. Returns it. */
static inline int32_t lb_nginx_peers_take(struct lb_nginx_peers *peers, uint32_t row, int64_t total,
                                          int64_t second)
{
    peers->peer[row].current -= total;
    if (lb_nginx_peers_aged(peers, row, second))
        peers->peer[row].checked = second;
    return (int32_t)row;
}

/* Is there nothing to hash or draw among? */
static inline bool lb_nginx_peers_only_turns(const struct lb_nginx_peers *peers)
{
    return peers->single || peers->backup || peers->shares.total == 0;
}

/* The peer on which a number below shares.weight falls. */
static inline uint32_t lb_nginx_peers_at(const struct lb_nginx_peers *peers, uint64_t x)
{
    return peers->shares.row[lb_shares_at_weight(&peers->shares, x)];
}

#endif
