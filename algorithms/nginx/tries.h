/*
 * The tries of one request of nginx's keyed methods, counted over all its picks.
 *
 * The idea: nginx remembers, for each request, where its hash sequence stands and how many of its
 * peers were rejected; a retry goes on from there. We remember nothing of a request: the sequence
 * is a function of its key, and `tried` says where each earlier pick ended, so a retry walks the
 * sequence from the start and accounts for the earlier picks before it looks for its own. That
 * arrives where nginx is: a peer that was picked had not been rejected in the same instant, so its
 * pick ended at the first try that fell on it. (Peers that were tried without a pick, by affinity,
 * are taken for picks: they cannot be told apart.)
 *
 * Cost: O(tried) a request, nothing for a first attempt.
 * Source: nginx 1.22.1, src/http/modules/ngx_http_upstream_{ip_hash,hash}_module.c; rules only.
 */
#ifndef LB_NGINX_TRIES_H
#define LB_NGINX_TRIES_H

#include "algorithms/nginx/peers.h"

/* Starts as {.request = request}. */
struct lb_nginx_tries {
    const struct lb_request *request;
    uint32_t past;     /* how many of `tried` are accounted for */
    uint32_t rejected; /* peers, or points of a ring, that were not taken */
};

/* May there be another try, or is it time for turns? */
static inline bool lb_nginx_tries_left(const struct lb_nginx_tries *tries)
{
    return tries->rejected <= LB_NGINX_TRIES;
}

/* The row that an earlier pick of this request ended at and that is still to be accounted for, or
 * LB_NONE when this try is our own. A row tried again without a pick stands once. */
static inline int32_t lb_nginx_tries_past(struct lb_nginx_tries *tries)
{
    const struct lb_request *request = tries->request;
    for (; tries->past < request->tried_count; tries->past++) {
        struct lb_request before = {.tried = request->tried, .tried_count = tries->past};
        if (!lb_tried(&before, (uint32_t)request->tried[tries->past]))
            return request->tried[tries->past];
    }
    return LB_NONE;
}

/* A try fell on this row: is it ours to take? Counts what it is otherwise. */
static inline bool lb_nginx_tries_fell(struct lb_nginx_tries *tries,
                                       const struct lb_nginx_peers *peers, uint32_t row,
                                       int64_t second)
{
    int32_t past = lb_nginx_tries_past(tries);
    if (past == LB_NONE && lb_nginx_peers_may(peers, tries->request, row, second))
        return true;
    if (past == (int32_t)row)
        tries->past++;
    else
        tries->rejected++;
    return false;
}

#endif
