/* See tally.h. */
#include "sim/model/tally.h"

#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/model/world.h"

#define NOBODY UINT32_MAX

void tally_init(struct world *w)
{
    if (w->front_count == 1 && !w->desks)
        return;
    w->tallies.at = text_need_zero(w->front_count, sizeof *w->tallies.at);
    for (uint32_t i = 0; i < w->ledger.window_count; i++)
        w->tallies.windows |= w->ledger.windows[i].by_balancer;
}

void tally_done(struct world *w)
{
    for (uint32_t i = 0; w->tallies.at != NULL && i < w->front_count; i++)
        free(w->tallies.at[i].latency);
    free(w->tallies.at);
}

/* --- windows of expectations ------------------------------------------------------------------ */

/* Is one of the two (NOBODY = none) of those that the window is about? */
static bool selects(const struct ledger_window *window, uint32_t a, uint32_t b)
{
    return window->by_balancer && (a - window->first_balancer < window->balancer_count ||
                                   b - window->first_balancer < window->balancer_count);
}

static bool arrived_in(const struct ledger_window *window, const struct request *r)
{
    return r->arrived >= window->from && r->arrived < window->until;
}

static void windows_try(struct world *w, const struct front *f, const struct request *r,
                        int32_t member)
{
    for (uint32_t i = 0; i < w->ledger.window_count; i++) {
        struct ledger_window *window = &w->ledger.windows[i];
        if (!selects(window, f->number, NOBODY) || !arrived_in(window, r))
            continue;
        window->counts.attempts++;
        window->picks += member >= 0;
        if (member >= 0 && !f->outer)
            window->share[member] += 1.0;
    }
}

static void windows_in_flight(struct world *w, uint32_t front, lb_time sent, lb_time now)
{
    for (uint32_t i = 0; i < w->ledger.window_count; i++) {
        struct ledger_window *window = &w->ledger.windows[i];
        lb_time from = sent > window->from ? sent : window->from;
        lb_time until = now < window->until ? now : window->until;
        if (selects(window, front, NOBODY) && until > from)
            window->in_flight += (double)(until - from);
    }
}

void tally_areas(struct world *w, const struct ledger_window *window, lb_time now, double *busy,
                 double *queued)
{
    *busy = *queued = 0.0;
    for (uint32_t i = 0; i < window->balancer_count; i++) {
        struct front *f = &w->fronts[window->first_balancer + i];
        desk_tick(w, &f->desk, now);
        tally_waits(w, f, now);
        *busy += f->desk.busy_area;
        *queued += f->desk.queued_area + w->tallies.at[f->number].waiting_area;
    }
}

/* --- requests --------------------------------------------------------------------------------- */

void tally_came(struct world *w, const struct front *f, const struct request *r)
{
    bool measured = (r->flags & REQUEST_MEASURED) != 0;
    w->tallies.at[f->number].came[measured]++;
    for (uint32_t i = 0; measured && w->tallies.windows && i < w->ledger.window_count; i++) {
        struct ledger_window *window = &w->ledger.windows[i];
        if (selects(window, f->number, NOBODY) && arrived_in(window, r))
            window->counts.arrived++;
    }
}

void tally_sent(struct world *w, const struct front *f, const struct request *r, int32_t member)
{
    bool measured = (r->flags & REQUEST_MEASURED) != 0;
    struct tally *t = &w->tallies.at[f->number];
    t->picks[measured]++;
    t->in_flight++;
    if (measured && w->tallies.windows)
        windows_try(w, f, r, member);
}

void tally_none(struct world *w, const struct front *f, const struct request *r)
{
    if ((r->flags & REQUEST_MEASURED) == 0)
        return;
    w->tallies.at[f->number].none++;
    if (w->tallies.windows)
        windows_try(w, f, r, -1);
}

void tally_finished(struct world *w, const struct front *f, lb_time sent, lb_time now)
{
    struct tally *t = &w->tallies.at[f->number];
    t->in_flight--;
    t->in_flight_time += (uint64_t)(now - sent);
    if (w->tallies.windows)
        windows_in_flight(w, f->number, sent, now);
}

/* The way of a request: the balancer its client asked, and the one behind it. */
static void way_of(const struct world *w, const struct request_tries *tries,
                   uint32_t way[TALLY_ROLES])
{
    way[TALLY_FIRST] = 0;
    way[TALLY_BEHIND] = NOBODY;
    if (w->front_count == 1)
        return;
    way[TALLY_FIRST] = tries->outer != 0 ? tries->outer - 1U : tries->front;
    if (tries->inner != 0)
        way[TALLY_BEHIND] = tries->inner - 1U;
}

static void add_latency(struct tally *t, lb_time latency)
{
    if (t->latency == NULL) {
        t->latency = text_need(sizeof *t->latency);
        histogram_init(t->latency);
    }
    histogram_add(t->latency, latency);
}

void tally_ok(struct world *w, uint32_t id, lb_time now)
{
    const struct request *r = world_request(w, id);
    bool measured = (r->flags & REQUEST_MEASURED) != 0;
    lb_time latency = now - r->arrived;
    bool good = latency <= w->ledger.classes[r->class].objective;
    uint32_t way[TALLY_ROLES];
    way_of(w, w->front_count > 1 ? &w->requests.tries[id] : NULL, way);
    for (int role = 0; role < TALLY_ROLES && way[role] != NOBODY; role++) {
        struct tally *t = &w->tallies.at[way[role]];
        t->ok[measured]++;
        if (!measured)
            continue;
        t->ends[role].ok++;
        t->ends[role].good += good;
        add_latency(t, latency);
    }
    for (uint32_t i = 0; measured && w->tallies.windows && i < w->ledger.window_count; i++) {
        struct ledger_window *window = &w->ledger.windows[i];
        if (!selects(window, way[0], way[1]) || !arrived_in(window, r))
            continue;
        window->counts.ok++;
        window->counts.good += good;
        histogram_add(&window->latency, latency);
    }
}

void tally_failed(struct world *w, const struct request *r, const struct request_tries *tries,
                  enum cause cause)
{
    bool measured = (r->flags & REQUEST_MEASURED) != 0;
    uint32_t way[TALLY_ROLES];
    if (w->tallies.at == NULL)
        return;
    if (r->state == REQUEST_CONNECTING) { /* its client had no connection for it */
        w->tallies.nowhere += measured;
        return;
    }
    way_of(w, tries, way);
    for (int role = 0; role < TALLY_ROLES && way[role] != NOBODY; role++) {
        struct tally *t = &w->tallies.at[way[role]];
        t->failed[measured]++;
        t->ends[role].failed += measured;
        t->ends[role].cause[cause] += measured;
    }
    for (uint32_t i = 0; measured && w->tallies.windows && i < w->ledger.window_count; i++) {
        struct ledger_window *window = &w->ledger.windows[i];
        if (!selects(window, way[0], way[1]) || !arrived_in(window, r))
            continue;
        window->counts.failed++;
        window->counts.cause[cause]++;
    }
}

/* --- what it has, over time ------------------------------------------------------------------- */

/* The part of [since, now) that lies in the measured window, ns. */
static double measured_time(const struct world *w, lb_time since, lb_time now)
{
    lb_time from = since > w->ledger.from ? since : w->ledger.from;
    lb_time until = now < w->ledger.until ? now : w->ledger.until;
    return until > from ? (double)(until - from) : 0.0;
}

void tally_waits(struct world *w, const struct front *f, lb_time now)
{
    struct tally *t = &w->tallies.at[f->number];
    t->waiting_area += measured_time(w, t->waits_since, now) * f->balancer.waiting.total;
    t->waits_since = now;
}

void tally_holds(struct world *w, uint32_t front, bool more, lb_time now)
{
    if (w->tallies.at == NULL)
        return;
    struct tally *t = &w->tallies.at[front];
    t->connections_area +=
        measured_time(w, t->connections_since, now) * w->connections->fronts[front].open;
    t->connections_since = now;
    if (more)
        tally_note(w, &t->connections, now);
}

void tally_note(struct world *w, uint64_t *count, lb_time now)
{
    *count += now >= w->ledger.from && now < w->ledger.until;
}

/* All attempts that are in books: in those of balancers with backends, and of those before them. */
static void each_in_books(struct world *w, void visit(struct world *, uint32_t, lb_time, void *),
                          void *self)
{
    for (uint32_t id = 1; id <= w->requests.used; id++) {
        const struct request *r = world_request(w, id);
        if (request_in_books(r))
            visit(w, world_front(w, id)->number, r->sent, self);
        if (w->front_count > 1 && r->state != REQUEST_FREE &&
            (r->flags & (REQUEST_ORPHAN | REQUEST_PROBE)) == 0 && w->requests.tries[id].outer != 0)
            visit(w, w->requests.tries[id].outer - 1U, w->requests.tries[id].outer_sent, self);
    }
}

struct edge {
    uint32_t side;
    lb_time now;
};

static void add_to_edge(struct world *w, uint32_t front, lb_time sent, void *self)
{
    const struct edge *edge = self;
    w->tallies.at[front].at_edge[edge->side] += (uint64_t)(edge->now - sent);
}

void tally_edge(struct world *w, uint32_t side, lb_time now)
{
    struct edge edge = {side, now};
    for (uint32_t i = 0; i < w->front_count; i++)
        w->tallies.at[i].at_edge[side] = w->tallies.at[i].in_flight_time;
    each_in_books(w, add_to_edge, &edge);
}

static void add_to_windows(struct world *w, uint32_t front, lb_time sent, void *self)
{
    windows_in_flight(w, front, sent, *(const lb_time *)self);
}

void tally_close(struct world *w, lb_time now)
{
    each_in_books(w, add_to_windows, &now);
    for (uint32_t i = 0; i < w->front_count; i++) {
        desk_tick(w, &w->fronts[i].desk, now);
        tally_waits(w, &w->fronts[i], now);
        if (w->connections != NULL)
            tally_holds(w, i, false, now);
    }
}
