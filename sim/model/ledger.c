/* See ledger.h: the windows that expectations ask for, failures, and the digest. */
#include "sim/model/ledger.h"

#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/base/text.h"

bool ledger_needs_window(const struct scenario_expect *expect)
{
    if (expect->against)
        return false;
    bool backend_totals =
        expect->left.selector == SELECT_BACKENDS &&
        (expect->left.metric == METRIC_PICKS || expect->left.metric == METRIC_UTILIZATION ||
         expect->left.metric == METRIC_IN_FLIGHT || expect->left.metric == METRIC_QUEUE);
    return expect->left.metric == METRIC_DISRUPTION || expect->left.metric == METRIC_REBALANCE ||
           expect->from > 0 || expect->until < LB_NEVER ||
           (expect->left.selector == SELECT_BACKENDS && !backend_totals) ||
           (expect->left.selector == SELECT_BALANCER && expect->left.metric != METRIC_UTILIZATION);
}

static void init_window(struct ledger_window *w, struct ledger *l, const struct scenario *scenario,
                        const struct scenario_expect *expect)
{
    const struct scenario_measure *m = &expect->left;
    *w = (struct ledger_window){.from = expect->from > l->from ? expect->from : l->from,
                                .until = expect->until < l->until ? expect->until : l->until,
                                .class_count = scenario->class_total,
                                .backend_count = scenario->backend_count};
    histogram_init(&w->latency);
    if (m->selector == SELECT_CLASS) {
        w->first_class = m->first;
        w->class_count = m->count;
    } else if (m->selector == SELECT_CLIENTS) {
        w->first_class = scenario->clients[m->first].class_first;
        w->class_count = scenario->clients[m->first].class_count;
    } else if (m->selector == SELECT_BACKENDS) {
        w->by_backend = true;
        w->first_backend = m->first;
        w->backend_count = m->count;
    } else if (m->selector == SELECT_BALANCER) {
        w->by_balancer = true;
        w->first_balancer = m->first;
        w->balancer_count = m->count;
    }
    w->rebalance.on = m->metric == METRIC_REBALANCE;
    w->share = text_need_zero(scenario->backend_count, sizeof *w->share);
    if (m->metric == METRIC_DISRUPTION) {
        if (l->moved.groups == NULL)
            moved_init(&l->moved, scenario);
        moved_window_init(&w->moved, &l->moved);
    }
}

void ledger_init(struct ledger *l, const struct scenario *scenario)
{
    *l = (struct ledger){.from = scenario->run.warmup,
                         .until = scenario->run.duration,
                         .class_count = scenario->class_total};
    l->classes = text_need_zero(l->class_count, sizeof *l->classes);
    for (uint32_t c = 0; c < scenario->client_count; c++) {
        const struct scenario_client *client = &scenario->clients[c];
        for (uint32_t i = 0; i < client->class_count; i++) {
            struct ledger_class *class = &l->classes[client->class_first + i];
            histogram_init(&class->live[0]);
            histogram_init(&class->live[1]);
            histogram_init(&class->total);
            class->priority = client->classes[i].priority;
            class->objective = client->objective > 0 ? client->objective : LB_NEVER;
        }
    }
    histogram_init(&l->response);
    for (uint32_t i = 0; i < scenario->expect_count; i++)
        l->window_count += ledger_needs_window(&scenario->expects[i]) ? 1U : 0U;
    l->windows = text_need_zero(l->window_count + 1, sizeof *l->windows);
    uint32_t next = 0;
    for (uint32_t i = 0; i < scenario->expect_count; i++)
        if (ledger_needs_window(&scenario->expects[i]))
            init_window(&l->windows[next++], l, scenario, &scenario->expects[i]);
    digest_init(&l->digest);
}

void ledger_done(struct ledger *l)
{
    for (uint32_t i = 0; i < l->class_count; i++)
        for (int cause = 0; cause < CAUSES; cause++)
            free(l->classes[i].failed[cause]);
    for (uint32_t i = 0; i < l->class_count; i++)
        free(l->classes[i].why);
    free(l->classes);
    for (uint32_t i = 0; i < l->window_count; i++) {
        free(l->windows[i].share);
        moved_window_done(&l->windows[i].moved, &l->moved);
    }
    free(l->windows);
    moved_done(&l->moved);
    *l = (struct ledger){0};
}

void ledger_response(const struct ledger *l, struct histogram *to)
{
    histogram_init(to);
    if (l->apart)
        histogram_merge(to, &l->response);
    for (uint32_t i = 0; !l->apart && i < l->class_count; i++)
        histogram_merge(to, &l->classes[i].total);
}

void ledger_part(struct ledger *l)
{
    ledger_response(l, &l->response);
    for (uint32_t i = 0; i < l->class_count; i++)
        histogram_merge(&l->response, &l->classes[i].live[1]);
    l->apart = true;
}

static struct ledger_why *whys(struct ledger_class *class)
{
    if (class->why == NULL)
        class->why = text_need_zero(1, sizeof *class->why);
    return class->why;
}

void ledger_slow(struct ledger *l, const struct request *r, enum why why)
{
    whys(&l->classes[r->class])->slow[why]++;
}

bool ledger_failed(struct ledger *l, const struct request *r, enum cause cause, enum why why,
                   lb_time now)
{
    struct ledger_class *class = &l->classes[r->class];
    l->failed++;
    if ((r->flags & REQUEST_MEASURED) == 0)
        return false;
    class->counts.failed++;
    class->counts.cause[cause]++;
    whys(class)->failed[cause][why]++;
    if (class->failed[cause] == NULL) {
        class->failed[cause] = text_need(sizeof *class->failed[cause]);
        histogram_init(class->failed[cause]);
    }
    histogram_add(class->failed[cause], now - r->arrived);
    if (l->window_count != 0)
        ledger_windows_failed(l, r, cause);
    return --l->measured_open == 0;
}

/* Is this request one that window w counts? Selections of backends go by the last one asked. */
static bool selects(const struct ledger_window *w, const struct request *r)
{
    if (r->arrived < w->from || r->arrived >= w->until || w->by_balancer)
        return false;
    if (w->by_backend)
        return r->backend >= 0 && (uint32_t)r->backend - w->first_backend < w->backend_count;
    return (uint32_t)r->class - w->first_class < w->class_count;
}

void ledger_moved(struct ledger *l, const struct request *r, uint32_t client)
{
    for (uint32_t i = 0; i < l->window_count; i++)
        if (l->windows[i].moved.on && selects(&l->windows[i], r))
            moved_window_answered(&l->windows[i].moved, &l->moved, r, client);
    moved_answered(&l->moved, r, client);
}

void ledger_windows_ok(struct ledger *l, const struct request *r, lb_time latency)
{
    for (uint32_t i = 0; i < l->window_count; i++) {
        struct ledger_window *w = &l->windows[i];
        if (!selects(w, r))
            continue;
        w->counts.ok++;
        w->counts.good += latency <= l->classes[r->class].objective ? 1U : 0U;
        histogram_add(&w->latency, latency);
    }
}

void ledger_windows_failed(struct ledger *l, const struct request *r, enum cause cause)
{
    for (uint32_t i = 0; i < l->window_count; i++) {
        struct ledger_window *w = &l->windows[i];
        if (!selects(w, r))
            continue;
        w->counts.failed++;
        w->counts.cause[cause]++;
    }
}

void ledger_windows_arrived(struct ledger *l, const struct request *r)
{
    for (uint32_t i = 0; i < l->window_count; i++)
        if (!l->windows[i].by_backend && selects(&l->windows[i], r))
            l->windows[i].counts.arrived++;
}

void ledger_windows_try(struct ledger *l, const struct request *r, int32_t backend)
{
    for (uint32_t i = 0; i < l->window_count; i++) {
        struct ledger_window *w = &l->windows[i];
        if (r->arrived < w->from || r->arrived >= w->until || w->by_balancer)
            continue;
        if (!w->by_backend && (uint32_t)r->class - w->first_class >= w->class_count)
            continue;
        bool mine = !w->by_backend ||
                    (backend >= 0 && (uint32_t)backend - w->first_backend < w->backend_count);
        w->counts.attempts += mine ? 1U : 0U;
        if (backend >= 0 && mine)
            w->picks++;
        if (backend >= 0)
            w->share[backend] += 1.0;
    }
}

void ledger_session(struct ledger *l, enum session_event event, lb_time at)
{
    if (at < l->from || at >= l->until)
        return;
    l->sessions[event]++;
    for (uint32_t i = 0; i < l->window_count; i++)
        if (at >= l->windows[i].from && at < l->windows[i].until)
            l->windows[i].sessions[event]++;
}
