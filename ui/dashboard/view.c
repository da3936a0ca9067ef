/*
 * The view: from samples to rates, quantiles and curves.
 *
 * Cost of a sample: O(servers) plus the buckets that hold something.
 */
#include "ui/dashboard/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/base/units.h"

static char *escaped(const char *name)
{
    size_t size = strlen(name);
    char *copy = text_need(size + 1);
    text_escape(copy, size + 1, name, size);
    return copy;
}

lb_time view_tick_for(lb_time duration)
{
    lb_time tick = UNITS_S;
    for (int i = 0; tick > 1 && tick > duration / 30; i++)
        tick = i % 3 == 1 ? tick * 2 / 5 : tick / 2; /* 1 s, 500 ms, 200 ms, 100 ms, ... */
    return tick;
}

/* Time 0 of a run. */
static void reset(struct view *view)
{
    view->state = VIEW_RUNNING;
    view->now = 0;
    view->arrived = view->ok = view->failed = view->in_flight = 0;
    view->waiting = 0;
    view->in_rate = view->ok_rate = NAN;
    memset(view->mark, 0, sizeof view->mark);
    window_clear(&view->window);
    view->last_tick = -1;
    for (int s = 0; s < SERIES_COUNT; s++)
        for (int i = 0; i < VIEW_TICKS; i++)
            view->series[s][i] = NAN;
    for (uint32_t b = 0; b < view->server_count; b++) {
        struct view_server *server = &view->servers[b];
        server->picks_mark[0] = server->picks_mark[1] = 0;
        server->rate = NAN;
        for (int i = 0; i < VIEW_TICKS; i++)
            server->p99[i] = server->sent[i] = NAN;
        if (view->detail)
            window_clear(&server->window);
    }
    view->event_count = 0;
    view->events_top = 0;
    view->whole = view->verdict_known = false;
}

struct view *view_create(const struct scenario *scenario)
{
    struct view *view = text_need_zero(1, sizeof *view);
    const char *slash = strrchr(scenario->path, '/');
    const char *file = slash != NULL ? slash + 1 : scenario->path;
    view->title = escaped(strcmp(file, "-") == 0 && scenario->name != NULL ? scenario->name : file);
    char algorithm[128];
    (void)snprintf(algorithm, sizeof algorithm, "%s%s", scenario->balancer.algorithm->name,
                   lb_ideal(scenario->balancer.algorithm) ? " (ideal)" : "");
    view->algorithm = escaped(algorithm);
    view->seed = scenario->run.seed;
    view->duration = scenario->run.duration;
    view->warmup = scenario->run.warmup;
    view->tick = view_tick_for(view->duration);
    view->server_count = scenario->backend_count;
    view->detail = view->server_count <= VIEW_DETAIL;
    view->servers = text_need_zero(view->server_count, sizeof *view->servers);
    view->order = text_need_zero(view->server_count, sizeof *view->order);
    for (uint32_t b = 0; b < view->server_count; b++) {
        struct view_server *server = &view->servers[b];
        server->name = escaped(scenario->backends[b].name);
        server->weight = scenario->backends[b].weight;
        server->slots = scenario->backends[b].slots;
        view->order[b] = b;
        if (view->detail)
            window_init(&server->window, VIEW_WINDOW);
    }
    window_init(&view->window, VIEW_WINDOW);
    histogram_init(&view->scratch);
    view->speed = 1;
    reset(view);
    return view;
}

void view_destroy(struct view *view)
{
    if (view == NULL)
        return;
    for (uint32_t b = 0; b < view->server_count; b++) {
        free(view->servers[b].name);
        if (view->detail)
            window_done(&view->servers[b].window);
    }
    window_done(&view->window);
    free(view->servers);
    free(view->order);
    free(view->title);
    free(view->algorithm);
    free(view);
}

void view_restart(struct view *view)
{
    reset(view);
}

/* Sets a curve from the tick after the last one known up to this one: a look that covers several
 * ticks gives all of them the same value. */
static void trace(float *curve, int64_t after, int64_t tick, double value)
{
    int64_t from = after < tick ? after + 1 : tick;
    if (tick - from >= VIEW_TICKS)
        from = tick - VIEW_TICKS + 1;
    for (int64_t t = from; t <= tick; t++)
        curve[t % VIEW_TICKS] = (float)value;
}

static double per_second(uint64_t from, uint64_t to, lb_time time)
{
    return time > 0 ? (double)(to - from) / units_to_s(time) : NAN;
}

static void sample_server(struct view *view, struct view_server *to,
                          const struct sample_backend *from, int64_t tick, int base)
{
    lb_time now = view->now, time = now - view->mark[base].at;
    to->belief = from->belief;
    to->truth = from->truth;
    to->weight = from->weight;
    to->slots = from->slots;
    to->busy = from->busy;
    to->in_flight = from->in_flight;
    to->queue = (uint64_t)from->queue + from->line;
    to->picks = from->picks;
    to->ok = from->ok;
    to->failed = from->failed;
    to->rate = per_second(to->picks_mark[base], from->picks, time);
    bool dead = from->belief == BELIEF_DOWN || from->belief == BELIEF_EJECTED ||
                from->belief == BELIEF_OPEN;
    trace(to->sent, view->last_tick, tick,
          dead ? -1 : per_second(to->picks_mark[1], from->picks, now - view->mark[1].at));
    if (view->detail) {
        window_add(&to->window, tick, from->latency);
        trace(to->p99, view->last_tick, tick,
              window_tick_quantile(&to->window, tick, 0.99, &view->scratch));
    }
}

void view_sample(struct view *view, const struct sample *sample)
{
    int64_t tick = sample->at > 0 ? (sample->at - 1) / view->tick : 0;
    lb_time in_tick = sample->at - view->mark[1].at;
    int base = in_tick >= view->tick ? 1 : 0;
    lb_time time = sample->at - view->mark[base].at;
    uint64_t queue = sample->waiting;

    view->now = sample->at;
    view->arrived = sample->arrived;
    view->ok = sample->ok;
    view->failed = sample->failed;
    view->in_flight = sample->in_flight;
    view->waiting = sample->waiting;
    view->in_rate = per_second(view->mark[base].arrived, sample->arrived, time);
    view->ok_rate = per_second(view->mark[base].ok, sample->ok, time);
    for (uint32_t b = 0; b < sample->backend_count && b < view->server_count; b++) {
        sample_server(view, &view->servers[b], &sample->backends[b], tick, base);
        queue += view->servers[b].queue;
    }
    window_add(&view->window, tick, sample->latency);
    if (sample->at > 0) {
        int64_t last = view->last_tick;
        trace(view->series[SERIES_P99], last, tick,
              window_tick_quantile(&view->window, tick, 0.99, &view->scratch));
        trace(view->series[SERIES_QUEUE], last, tick, (double)queue);
        trace(view->series[SERIES_RATE], last, tick, view->ok_rate);
        view->last_tick = tick;
    }
    if (in_tick >= view->tick) {
        view->mark[0] = view->mark[1];
        view->mark[1] = (struct view_mark){sample->at, sample->arrived, sample->ok};
        for (uint32_t b = 0; b < view->server_count; b++) {
            view->servers[b].picks_mark[0] = view->servers[b].picks_mark[1];
            view->servers[b].picks_mark[1] = view->servers[b].picks;
        }
    }
}

double view_quantile(const struct view *view, int32_t server, double p)
{
    if (server >= 0 && !view->detail)
        return NAN;
    const struct window *window = server < 0 ? &view->window : &view->servers[server].window;
    if ((double)window->sum.count * (1 - p) < 0.999)
        return NAN;
    return window_quantile(window, p);
}

static void say_expectations(struct view *view, const struct summary *summary, bool holds)
{
    for (uint32_t i = summary->expect_count; i > 0; i--) {
        const struct summary_expect *expect = &summary->expects[i - 1];
        char value[64] = "nothing to measure";
        if (expect->holds != holds)
            continue;
        if (expect->known && expect->ratio)
            (void)snprintf(value, sizeof value, "%.3g times", expect->value);
        else if (expect->known)
            (void)summary_format(value, sizeof value, expect->unit, expect->value);
        view_say(view, holds ? GLYPH_UP : GLYPH_DOWN, holds ? STYLE_GOOD : STYLE_BAD, "expect",
                 holds ? "holds" : "FAILS", "%s: %s", expect->text, value);
    }
}

/* The newest row stands on top, so the last one said is what should be read first. */
static void say_verdict(struct view *view, const struct summary *summary)
{
    uint32_t all = summary->expect_count, failed = 0;
    for (uint32_t i = 0; i < all; i++)
        failed += summary->expects[i].holds ? 0 : 1;
    view->verdict_known = all > 0;
    view->verdict_holds = failed == 0;
    say_expectations(view, summary, true);
    say_expectations(view, summary, false);
    if (all == 0)
        view_say(view, GLYPH_DONE, STYLE_TITLE, "run", "over", "the scenario expects nothing");
    else if (failed == 0)
        view_say(view, GLYPH_UP, STYLE_GOOD, "run", "HOLDS", "all expectations (%u)", all);
    else
        view_say(view, GLYPH_DOWN, STYLE_BAD, "run", "FAILS", "%u of %u expectations", failed, all);
}

void view_summary(struct view *view, const struct summary *summary)
{
    static const double quantiles[] = {0.5, 0.9, 0.99, 0.999};
    const struct summary_counts *counts = &summary->counts;
    uint64_t ended = counts->ok + counts->failed;
    view->state = VIEW_DONE;
    view->whole = true;
    view->whole_in =
        summary->simulated_s > 0 ? (double)counts->arrived / summary->simulated_s : NAN;
    view->whole_ok = summary->simulated_s > 0 ? (double)counts->ok / summary->simulated_s : NAN;
    view->whole_failed = counts->failed;
    view->whole_share = ended > 0 ? (double)counts->failed / (double)ended : 0;
    view->whole_count = summary->latency.count;
    for (int i = 0; i < 4; i++) {
        bool enough = (double)summary->latency.count * (1 - quantiles[i]) >= 0.999;
        view->whole_quantile[i] =
            enough ? histogram_quantile(&summary->latency, quantiles[i]) : NAN;
    }
    say_verdict(view, summary);
}
