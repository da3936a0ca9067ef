/*
 * All balancers of a world: building them, their algorithms' own time, and the common board of those
 * that see what others have in flight.
 *
 * A balancer that leads to others has these as members: rows of its books that stand for balancers.
 * A board is read by each balancer that has one at its own times; between two readings its rows stand
 * still, whatever it sends itself: so stale reports herd (Mitzenmacher, "How useful is old
 * information?", 2000). With an exact view every row is that of all balancers at once.
 */
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/model/step.h"

#define TIMER_BITS 10U /* tiers of one balancer: 64 pools of 16 */

/* --- building --------------------------------------------------------------------------------- */

static int front_init(struct world *w, uint32_t entry, uint32_t number, struct lb_error *error)
{
    struct front *f = &w->fronts[number];
    *f = (struct front){.rule = &w->scenario->balancers[entry],
                        .name = w->scenario->balancer_names[number],
                        .number = number,
                        .outer = w->scenario->balancers[entry].to >= 0};
    if (f->outer)
        f->to_first = w->scenario->balancers[f->rule->to].first;
    balancer_members_init(&f->members, w->scenario, f->rule);
    if (balancer_init(&f->balancer, w->scenario, number, &f->members, &w->key, error) != 0) {
        balancer_members_done(&f->members);
        f->rule = NULL;
        return -1;
    }
    f->timers = text_need_zero(f->balancer.tier_count, sizeof *f->timers);
    w->desks |= f->rule->capacity.workers > 0;
    w->boards |= f->rule->view != VIEW_OWN;
    w->balancer_retries |= f->rule->retries.max > 0;
    return 0;
}

int fronts_init(struct world *w, struct lb_error *error)
{
    const struct scenario *scenario = w->scenario;
    w->front_count = scenario->balancer_total;
    w->places = w->backend_count > w->front_count ? w->backend_count : w->front_count;
    w->fronts = text_need_zero(w->front_count, sizeof *w->fronts);
    for (uint32_t e = 0; e < scenario->balancer_count; e++)
        for (uint32_t i = 0; i < scenario->balancers[e].count; i++)
            if (front_init(w, e, scenario->balancers[e].first + i, error) != 0)
                return -1;
    return 0;
}

void fronts_start(struct world *w)
{
    for (uint32_t i = 0; i < w->front_count; i++) {
        struct front *f = &w->fronts[i];
        tell_prepare(w, f, f->rule->algorithm, 0);
        front_ask_for(w, f, f->rule->algorithm);
        if (f->rule->view == VIEW_SHARED)
            (void)engine_at(w->engine, f->rule->view_every, EVENT_BOARD, i);
    }
}

static uint32_t all_in_flight(const struct world *w, const struct front *f, uint32_t backend);

void front_restart(struct world *w, struct front *f, lb_time now)
{
    struct lb_error error = {0};
    for (uint32_t i = 0; f->breakers != NULL && i < f->balancer.backend_count; i++)
        breakers_anew(w, f, i, now);
    upstream_end(w, f, now);
    int result = balancer_restart(&f->balancer, w->scenario, &f->members, now, &error);
    lb_require(&w->where, result == 0, "balancer '%s' began once and not again: %s", f->name,
               error.text);
    tell_prepare(w, f, f->rule->algorithm, now);
    front_ask_for(w, f, f->rule->algorithm);
    for (uint32_t i = 0; f->rule->view == VIEW_EXACT && i < f->balancer.backend_count; i++)
        balancer_show(&f->balancer, i, all_in_flight(w, f, i), true, now);
    watch_settle(w, f, now);
}

void fronts_done(struct world *w)
{
    for (uint32_t i = 0; w->fronts != NULL && i < w->front_count; i++) {
        struct front *f = &w->fronts[i];
        if (f->rule == NULL)
            continue; /* never built */
        watch_done(&f->watch);
        breakers_done(f);
        upstream_done(f);
        balancer_done(&f->balancer);
        free(f->timers);
        balancer_members_done(&f->members);
    }
    free(w->fronts);
}

/* --- the algorithm's own time ----------------------------------------------------------------- */

void front_ask_for(struct world *w, struct front *f, const struct lb_algorithm *algorithm)
{
    for (uint32_t t = 0; t < f->balancer.tier_count; t++) {
        if (f->timers[t] != ENGINE_NO_EVENT)
            engine_cancel(w->engine, f->timers[t]);
        f->timers[t] = ENGINE_NO_EVENT;
        if (algorithm->on_timer != NULL)
            f->timers[t] = engine_at(w->engine, engine_now(w->engine), EVENT_TIMER,
                                     f->number << TIMER_BITS | t);
    }
    w->plain = !world_rare(w);
}

void front_timer_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct front *f = &w->fronts[subject >> TIMER_BITS];
    uint32_t t = subject & ((1U << TIMER_BITS) - 1);
    struct balancer_tier *tier = &f->balancer.tiers[t];
    f->timers[t] = ENGINE_NO_EVENT;
    if (f->tell.truth)
        tell_truth(w, f, now);
    lb_time next = tier->algorithm->on_timer(tier->state, now);
    if (f->tell.probes)
        tell_ask(w, f, now);
    if (next < LB_NEVER)
        f->timers[t] = engine_at(w->engine, next > now ? next : now + 1, EVENT_TIMER, subject);
}

/* --- boards ----------------------------------------------------------------------------------- */

/* Attempts that all balancers of this one's entry have in flight to the backend. */
static uint32_t all_in_flight(const struct world *w, const struct front *f, uint32_t backend)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < w->front_count; i++)
        if (w->fronts[i].outer == f->outer && (!f->outer || w->fronts[i].rule == f->rule))
            sum += balancer_in_flight(&w->fronts[i].balancer, backend);
    return sum;
}

/* Whoever waits here because the row said that the backend is full may have a place now, though no
 * attempt of this balancer has ended. */
static void show(struct world *w, struct front *f, uint32_t backend, bool tell, lb_time now)
{
    uint32_t before = balancer_books(&f->balancer, backend)->in_flight;
    uint32_t in_flight = all_in_flight(w, f, backend);
    balancer_show(&f->balancer, backend, in_flight, tell, now);
    if (tell && in_flight < before && f->balancer.waiting.total != 0)
        (void)engine_at(w->engine, now, EVENT_SERVE, world_place(w, f, backend));
}

void front_show(struct world *w, struct front *f, uint32_t backend, lb_time now)
{
    for (uint32_t i = 0; i < w->front_count; i++) {
        struct front *other = &w->fronts[i];
        if (other->rule->view == VIEW_EXACT && other->outer == f->outer &&
            (!f->outer || other->rule == f->rule))
            show(w, other, backend, other != f, now);
    }
}

void front_board_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct front *f = &w->fronts[subject];
    for (uint32_t i = 0; i < f->balancer.backend_count; i++)
        show(w, f, i, true, now);
    (void)engine_at(w->engine, now + f->rule->view_every, EVENT_BOARD, subject);
}
