/* See rebalance.h. */
#include "sim/model/rebalance.h"

#include "sim/model/step.h"

/* Attempts sent to the backend since the start of the run. */
static uint64_t picks(const struct world *w, uint32_t backend)
{
    const struct backend_count *counts = &w->counts[backend];
    const struct backend_rest *rest = &w->rest[backend];
    return counts->ok[0] + counts->ok[1] + rest->failed[0] + rest->failed[1] +
           world_in_flight(w, backend);
}

struct shares {
    uint64_t own, all;            /* picks */
    uint64_t weight_own, weights; /* of those that take requests */
};

/* The selected backends, and all of their pool and tier. */
static struct shares look(const struct world *w, const struct ledger_window *window)
{
    const struct scenario_backend *backends = w->scenario->backends;
    const struct scenario_backend *first = &backends[window->first_backend];
    const struct balancer *balancer = &world_main(w)->balancer;
    struct shares shares = {0};
    for (uint32_t i = 0; i < w->backend_count; i++) {
        if (backends[i].pool != first->pool || backends[i].tier != first->tier)
            continue;
        uint32_t weight = balancer_usable(balancer, i) ? balancer_books(balancer, i)->weight : 0;
        bool own = i - window->first_backend < window->backend_count;
        uint64_t sent = picks(w, i);
        shares.all += sent;
        shares.weights += weight;
        shares.own += own ? sent : 0;
        shares.weight_own += own ? weight : 0;
    }
    return shares;
}

void rebalance_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct ledger_window *window = &w->ledger.windows[subject];
    struct rebalance *r = &window->rebalance;
    struct shares shares = look(w, window);
    if (now > window->from && shares.weight_own > 0) {
        double got = (double)(shares.own - r->own) / (double)(shares.all - r->all);
        double fair = (double)shares.weight_own / (double)shares.weights;
        if (got >= REBALANCE_SHARE * fair) { /* false when nobody was sent anywhere */
            r->took = now - window->from;
            return;
        }
    }
    r->own = shares.own;
    r->all = shares.all;
    if (now + w->scenario->run.sample <= window->until)
        (void)engine_at(w->engine, now + w->scenario->run.sample, EVENT_REBALANCE, subject);
}

void rebalance_init(struct world *w)
{
    for (uint32_t i = 0; i < w->ledger.window_count; i++) {
        struct ledger_window *window = &w->ledger.windows[i];
        if (!window->rebalance.on || window->from >= window->until)
            continue;
        window->rebalance.took = window->until - window->from;
        (void)engine_at_first(w->engine, window->from, EVENT_REBALANCE, i);
    }
}
