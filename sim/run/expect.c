/*
 * Expectations: measuring what a line of `expect` asks, and whether it holds.
 *
 * A line over the whole measured window reads the summary; one with a window of arrival times, or
 * one that asks latencies of backends or anything of some of the balancers, has a window of its own
 * in the ledger.
 */
#include <math.h>

#include "sim/run/private.h"

/* What one measure is computed from. */
struct basis {
    const struct summary_counts *counts;
    const struct histogram *latency;
    double seconds, picks, slots, slot_seconds;
    double busy, queued, in_flight; /* request-seconds */
    double imbalance, disruption;
    double rebalance;         /* ns */
    const uint64_t *sessions; /* by enum session_event */
};

static double ratio(double a, double b)
{
    return b > 0.0 ? a / b : NAN;
}

static bool compute(const struct basis *b, const struct scenario_measure *m, double *value)
{
    const struct summary_counts *c = b->counts;
    double done = (double)(c->ok + c->failed);
    switch (m->metric) {
    case METRIC_MEAN:
        *value = histogram_mean(b->latency);
        break;
    case METRIC_QUANTILE:
        *value = histogram_quantile(b->latency, m->quantile);
        break;
    case METRIC_MAX:
        *value = b->latency->count > 0 ? (double)b->latency->max : NAN;
        break;
    case METRIC_ERRORS:
        *value = ratio((double)c->failed, done);
        break;
    case METRIC_FAILED:
        *value = ratio((double)c->cause[m->cause], done);
        break;
    case METRIC_AVAILABILITY:
        *value = ratio((double)c->ok, done);
        break;
    case METRIC_GOODPUT:
        *value = ratio((double)c->good, b->seconds);
        break;
    case METRIC_THROUGHPUT:
        *value = ratio(done, b->seconds);
        break;
    case METRIC_IMBALANCE:
        *value = b->imbalance;
        break;
    case METRIC_PICKS:
        *value = b->picks;
        break;
    case METRIC_UTILIZATION:
        *value = ratio(b->busy, b->slot_seconds);
        break;
    case METRIC_IN_FLIGHT:
        *value = ratio(b->in_flight, b->seconds);
        break;
    case METRIC_QUEUE:
        *value = ratio(b->queued, b->seconds);
        break;
    case METRIC_ATTEMPTS:
        *value = ratio((double)c->attempts, (double)c->arrived);
        break;
    case METRIC_DISRUPTION:
        *value = b->disruption;
        break;
    case METRIC_REBALANCE:
        *value = b->rebalance;
        break;
    case METRIC_LOST:
    case METRIC_MOVED:
    case METRIC_LOGINS:
    case METRIC_STALE:
    case METRIC_STICKINESS:
        return summary_measure_sessions(b->sessions, m->metric, value);
    case METRICS:
        return false;
    }
    return isfinite(*value);
}

/* Classes [first, first + count) of the summary, added up. */
static void sum_classes(const struct summary *s, uint32_t first, uint32_t count,
                        struct summary_counts *counts, struct histogram *latency)
{
    for (uint32_t i = first; i < first + count; i++) {
        const struct summary_counts *from = &s->classes[i].counts;
        counts->arrived += from->arrived;
        counts->ok += from->ok;
        counts->failed += from->failed;
        counts->good += from->good;
        counts->attempts += from->attempts;
        for (int cause = 0; cause < CAUSES; cause++)
            counts->cause[cause] += from->cause[cause];
        histogram_merge(latency, &s->classes[i].latency);
    }
}

bool summary_measure(const struct summary *s, const struct scenario_measure *m, double *value)
{
    if (m->selector == SELECT_BALANCER && m->metric == METRIC_UTILIZATION &&
        summary_measure_balancers(s, m->first, m->count, value))
        return true; /* of its own workers */
    struct summary_counts counts = {0};
    struct histogram latency;
    histogram_init(&latency);
    uint32_t first = 0, count = s->class_count, backend = 0, backends = s->backend_count;
    if (m->selector == SELECT_CLASS) {
        first = m->first;
        count = m->count;
    } else if (m->selector == SELECT_CLIENTS) {
        first = s->scenario->clients[m->first].class_first;
        count = s->scenario->clients[m->first].class_count;
    } else if (m->selector == SELECT_BACKENDS) {
        backend = m->first;
        backends = m->count;
    }
    sum_classes(s, first, count, &counts, &latency);
    struct basis basis = {.counts = &counts,
                          .latency = &latency,
                          .seconds = s->simulated_s,
                          .sessions = s->sessions.count,
                          .imbalance = s->imbalance,
                          .disruption = NAN, /* of windows only */
                          .rebalance = NAN};
    for (uint32_t i = backend; i < backend + backends; i++) {
        const struct summary_backend *b = &s->backends[i];
        double slots = s->scenario->backends[i].slots;
        basis.picks += (double)b->picks;
        basis.slot_seconds += slots * s->simulated_s;
        basis.busy += b->utilization * slots * s->simulated_s;
        basis.queued += b->queue_mean * s->simulated_s;
        basis.in_flight += b->in_flight_mean * s->simulated_s;
    }
    return compute(&basis, m, value);
}

static double window_imbalance(const struct scenario *scenario, const struct ledger_window *w)
{
    double picks = 0.0, weight = 0.0, worst = 0.0;
    for (uint32_t i = 0; i < scenario->backend_count; i++) {
        if (scenario->backends[i].tier == 0) {
            picks += w->share[i];
            weight += scenario->backends[i].weight;
        }
    }
    for (uint32_t i = 0; picks > 0.0 && i < scenario->backend_count; i++) {
        double own = scenario->backends[i].weight;
        if (scenario->backends[i].tier == 0 && own > 0.0)
            worst = fmax(worst, w->share[i] / picks * weight / own);
    }
    return worst > 0.0 ? worst : NAN;
}

static bool measure_window(struct run *run, const struct ledger_window *w,
                           const struct scenario_measure *m, double *value)
{
    const struct scenario *scenario = run->world.scenario;
    const struct ledger_counts *c = &w->counts;
    struct summary_counts counts = {.arrived = w->by_backend ? c->ok + c->failed : c->arrived,
                                    .ok = c->ok,
                                    .failed = c->failed,
                                    .good = c->good,
                                    .attempts = c->attempts};
    for (int cause = 0; cause < CAUSES; cause++)
        counts.cause[cause] = c->cause[cause];
    double seconds = w->until > w->from ? (double)(w->until - w->from) / 1e9 : 0.0;
    struct basis basis = {.counts = &counts,
                          .latency = &w->latency,
                          .seconds = seconds,
                          .sessions = w->sessions,
                          .picks = (double)w->picks,
                          .busy = (w->busy - w->busy_before) / 1e9,
                          .queued = (w->queued - w->queued_before) / 1e9,
                          .in_flight = w->in_flight / 1e9,
                          .imbalance = window_imbalance(scenario, w),
                          .disruption = ratio((double)w->moved.moved, (double)w->moved.known),
                          .rebalance = w->rebalance.on ? (double)w->rebalance.took : NAN};
    for (uint32_t i = 0; i < w->balancer_count; i++)
        basis.slot_seconds +=
            seconds * run->world.fronts[w->first_balancer + i].rule->capacity.workers;
    for (uint32_t i = 0; i < w->backend_count && !w->by_balancer; i++)
        basis.slot_seconds += seconds * scenario->backends[w->first_backend + i].slots;
    return compute(&basis, m, value);
}

bool summary_holds(const struct scenario_expect *expect, double value, double bound)
{
    switch (expect->compare) {
    case COMPARE_LT:
        return value < bound;
    case COMPARE_LE:
        return value <= bound;
    case COMPARE_GT:
        return value > bound;
    case COMPARE_GE:
        return value >= bound;
    case COMPARE_NEAR:
        return fabs(value - bound) <= expect->tolerance;
    }
    return false;
}

void expect_evaluate(struct run *run)
{
    const struct scenario *scenario = run->world.scenario;
    struct summary *s = &run->summary;
    uint32_t window = 0;
    for (uint32_t i = 0; i < scenario->expect_count; i++) {
        const struct scenario_expect *expect = &scenario->expects[i];
        struct summary_expect *result = &s->expects[i];
        *result = (struct summary_expect){.text = expect->text,
                                          .unit = metric_unit(expect->left.metric),
                                          .value = NAN,
                                          .ratio = expect->against};
        if (expect->against)
            continue; /* whoever runs the variants compares them, by summary_measure */
        if (ledger_needs_window(expect)) {
            const struct ledger_window *asked = &run->world.ledger.windows[window++];
            result->known = asked->until <= engine_now(run->world.engine) && /* else: cut short */
                            measure_window(run, asked, &expect->left, &result->value);
        } else {
            result->known = summary_measure(s, &expect->left, &result->value);
        }
        result->holds = result->known && summary_holds(expect, result->value, expect->value);
    }
}
