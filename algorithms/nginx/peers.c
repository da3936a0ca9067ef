/*
 * The parts of peers.h that are not on the way of a pick.
 */
#include "algorithms/nginx/peers.h"

#include <stdlib.h>

static void start_afresh(struct lb_nginx_peers *peers)
{
    uint32_t present = 0;
    for (uint32_t i = 0; i < peers->pool->count; i++) {
        const struct lb_backend *b = &peers->pool->at[i];
        uint32_t weight = (b->flags & LB_PRESENT) != 0 ? b->weight : 0;
        peers->peer[i] = (struct lb_nginx_peer){.effective = weight, .weight = weight};
        present += (b->flags & LB_PRESENT) != 0;
    }
    peers->single = peers->alone && present == 1;
    lb_shares_build(&peers->shares, peers->pool, LB_PRESENT);
}

int lb_nginx_peers_init(struct lb_nginx_peers *peers, const struct lb_setup *setup,
                        struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    *peers = (struct lb_nginx_peers){.pool = pool,
                                     .random = setup->random,
                                     .alone = setup->tiers <= 1,
                                     .backup = setup->tier > 0,
                                     .peer = calloc(max + 1, sizeof *peers->peer)};
    if (lb_shares_init(&peers->shares, pool, error) != 0 || peers->peer == NULL) {
        lb_nginx_peers_done(peers);
        return lb_error_set(error, LB_ERROR_MEMORY, "nginx peers: no memory for %zu of them", max);
    }
    start_afresh(peers);
    return 0;
}

void lb_nginx_peers_done(struct lb_nginx_peers *peers)
{
    lb_shares_done(&peers->shares);
    free(peers->peer);
    peers->peer = NULL;
}

void *lb_nginx_peers_create(const struct lb_setup *setup, struct lb_error *error)
{
    struct lb_nginx_peers *peers = malloc(sizeof *peers);
    if (peers == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "nginx peers: no memory");
        return NULL;
    }
    if (lb_nginx_peers_init(peers, setup, error) == 0)
        return peers;
    free(peers);
    return NULL;
}

void lb_nginx_peers_destroy(void *state)
{
    lb_nginx_peers_done(state);
    free(state);
}

bool lb_nginx_peers_reload(struct lb_nginx_peers *peers, const int32_t *changed, uint32_t count)
{
    for (uint32_t k = 0; k < count; k++) {
        const struct lb_backend *b = &peers->pool->at[changed[k]];
        uint32_t weight = (b->flags & LB_PRESENT) != 0 ? b->weight : 0;
        if (weight != peers->peer[changed[k]].weight) {
            start_afresh(peers);
            return true;
        }
    }
    return false;
}

void lb_nginx_peers_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    (void)now;
    lb_nginx_peers_reload(state, changed, count);
}

void lb_nginx_peers_finish(void *state, int32_t row, const struct lb_outcome *outcome, lb_time now)
{
    struct lb_nginx_peers *peers = state;
    struct lb_nginx_peer *peer = &peers->peer[row];
    uint32_t max_fails = peers->pool->at[row].max_fails;
    if (peers->single)
        return;
    if (!outcome->failed) {
        if (peer->accessed < peer->checked)
            peer->fails = 0;
        return;
    }
    peer->fails++;
    peer->accessed = peer->checked = lb_nginx_second(now);
    if (max_fails != 0)
        peer->effective -= peer->weight / max_fails;
    if (peer->effective < 0)
        peer->effective = 0;
}

void lb_nginx_peers_describe(const void *state, lb_emit *emit, void *to)
{
    const struct lb_nginx_peers *peers = state;
    emit(to, -1, "single", peers->single);
    for (uint32_t i = 0; i < peers->pool->count; i++) {
        const struct lb_nginx_peer *peer = &peers->peer[i];
        if (peer->weight == 0)
            continue;
        emit(to, (int32_t)i, "current_weight", (double)peer->current);
        emit(to, (int32_t)i, "effective_weight", (double)peer->effective);
        emit(to, (int32_t)i, "fails", peer->fails);
    }
}
