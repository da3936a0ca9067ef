/* See theory.h and theory_family.h: the headings, the names, and what every family may use. */
#include <math.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/lab/theory_family.h"

static const struct theory_group *const groups[] = {
    &theory_queues,   &theory_more_queues, &theory_waits,   &theory_farms,    &theory_sizes,
    &theory_balls,    &theory_hashing,     &theory_sticky,  &theory_failover, &theory_balancers,
    &theory_takeover, &theory_sessions,    &theory_retries, &theory_hedges,   &theory_unequal,
};
#define GROUPS (sizeof groups / sizeof groups[0])

static const struct {
    const char *name;
    bool root;
} quantities[THEORY_QUANTITIES] = {
    [THEORY_MEAN] = {"E[T]", false},
    [THEORY_P99] = {"p99", false},
    [THEORY_REFUSED] = {"P(refused)", false},
    [THEORY_THROUGHPUT] = {"throughput", false},
    [THEORY_WAIT] = {"E[W]", false},
    [THEORY_WAIT_HIGH] = {"E[W] high", false},
    [THEORY_WAIT_LOW] = {"E[W] low", false},
    [THEORY_ABANDONED] = {"P(abandon)", false},
    [THEORY_WAITING] = {"E[queue]", false},
    [THEORY_AVAILABILITY] = {"available", false},
    [THEORY_RATE] = {"rate", false},
    [THEORY_MAX] = {"E[max]", false},
    [THEORY_MIN] = {"E[min]", false},
    [THEORY_UNEVEN] = {"cv", true},
    [THEORY_IDLE] = {"E[idle]", false},
    [THEORY_EMPTY] = {"P(idle)", false},
    [THEORY_EQUAL] = {"P(max=k)", false},
    [THEORY_AT_LEAST_1] = {">=1", false},
    [THEORY_AT_LEAST_2] = {">=2", false},
    [THEORY_AT_LEAST_3] = {">=3", false},
    [THEORY_NEW] = {"share", false},
    [THEORY_CROWD] = {"crowd", false},
    [THEORY_USED] = {"E[used]", false},
    [THEORY_MOVED] = {"moved", false},
    [THEORY_ASTRAY] = {"astray", false},
    [THEORY_HEIR] = {"heir", false},
    [THEORY_DELAY] = {"E[D]", false},
    [THEORY_SPREAD] = {"sd", true},
    [THEORY_EARLY] = {"earliest", false},
    [THEORY_LATE] = {"latest", false},
    [THEORY_FAILED] = {"E[failed]", false},
    [THEORY_FAILING] = {"P(fail)", false},
    [THEORY_ATTEMPTS] = {"attempts", false},
    [THEORY_EXTRA] = {"extra", false},
    [THEORY_P999] = {"p99.9", false},
    [THEORY_LOST] = {"E[lost]", false},
    [THEORY_LOGINS] = {"E[logins]", false},
    [THEORY_HIT] = {"P(hit)", false},
    [THEORY_STALE] = {"stale", false},
    [THEORY_OUTAGE] = {"P(down)", false},
    [THEORY_P50] = {"p50", false},
    [THEORY_P90] = {"p90", false},
    [THEORY_P95] = {"p95", false},
    [THEORY_SQUARE] = {"E[T^2]", false},
    [THEORY_PRESENT] = {"E[N]", false},
    [THEORY_BUSY] = {"busy", false},
    [THEORY_BUSY_1] = {"busy 1", false},
    [THEORY_SERVING] = {"E[busy]", false},
    [THEORY_SHARE_1] = {"share 1", false},
    [THEORY_SHARE_2] = {"share 2", false},
    [THEORY_SHARE_3] = {"share 3", false},
    [THEORY_ALL_BUSY] = {"P(all busy)", false},
    [THEORY_SERVED] = {"served", false},
    [THEORY_WAITS] = {"P(wait)", false},
    [THEORY_WAIT_SQUARE] = {"E[W^2]", false},
    [THEORY_WAIT_P50] = {"W p50", false},
    [THEORY_WAIT_P90] = {"W p90", false},
    [THEORY_WAIT_P95] = {"W p95", false},
    [THEORY_WAIT_P99] = {"W p99", false},
    [THEORY_WAIT_P999] = {"W p99.9", false},
};

const char *theory_quantity_name(enum theory_quantity quantity)
{
    return quantities[quantity].name;
}

bool theory_quantity_is_root(enum theory_quantity quantity)
{
    return quantities[quantity].root;
}

static const struct theory_group *group_of(uint32_t i, uint32_t *within)
{
    for (size_t g = 0; g < GROUPS; g++) {
        if (i < groups[g]->family_count) {
            *within = i;
            return groups[g];
        }
        i -= groups[g]->family_count;
    }
    return NULL;
}

const struct theory_family *theory_family_at(uint32_t i)
{
    uint32_t within;
    const struct theory_group *group = group_of(i, &within);
    return group != NULL ? &group->families[within] : NULL;
}

bool theory_family(uint32_t i, const char **name, const char **written, const char **what)
{
    const struct theory_family *family = theory_family_at(i);
    if (family == NULL)
        return false;
    *name = family->name;
    *written = family->written;
    *what = family->what;
    return true;
}

const char *theory_heading(uint32_t family)
{
    uint32_t within;
    const struct theory_group *group = group_of(family, &within);
    return group != NULL ? group->heading : "";
}

const char *theory_case_heading(const struct theory_case *c)
{
    for (size_t g = 0; g < GROUPS; g++)
        if (c->family >= groups[g]->families &&
            c->family < groups[g]->families + groups[g]->family_count)
            return groups[g]->heading;
    return "";
}

const struct theory_reference *theory_reference(uint32_t i)
{
    for (size_t g = 0; g < GROUPS; g++)
        for (const struct theory_reference *r = groups[g]->references; r->row != NULL; r++)
            if (i-- == 0)
                return r;
    return NULL;
}

bool theory_is_trial(const struct theory_case *c)
{
    return c->family->trial != NULL;
}

void theory_know(struct theory_case *c, enum theory_quantity quantity, double value,
                 double accuracy, const char *source)
{
    for (uint32_t k = 0; k < c->known_count; k++)
        if (c->known[k].quantity == quantity)
            return;
    lb_assert(c->known_count < THEORY_KNOWN_MAX);
    c->known[c->known_count++] = (struct theory_value){quantity, value, accuracy, source};
}

void theory_know_tabulated(struct theory_case *c)
{
    const struct theory_reference *r;
    for (uint32_t i = 0; (r = theory_reference(i)) != NULL; i++)
        if (strcmp(r->row, c->name) == 0)
            theory_know(c, r->quantity, r->value, r->accuracy, r->source);
}

void theory_means(const struct theory_case *c, const double *sums, uint32_t trials, double *figures)
{
    for (uint32_t k = 0; k < c->known_count; k++)
        figures[k] = sums[c->known[k].quantity] / trials;
}

double theory_trials(double mean, double sd)
{
    return fmax(20, 1e4 * (sd / mean) * (sd / mean));
}

static double present(const struct summary *summary, bool in_service_only)
{
    const struct summary_backend *b = &summary->backends[0];
    double busy = b->utilization * summary->scenario->backends[0].slots;
    return in_service_only ? busy : busy + b->queue_mean;
}

static double share(const struct summary *summary, uint32_t i)
{
    double all = 0;
    for (uint32_t b = 0; b < summary->backend_count; b++)
        all += (double)summary->backends[b].picks;
    return i < summary->backend_count ? (double)summary->backends[i].picks / all : NAN;
}

/* Latency: with no network between it is the response, and a wait at the balancer counts as well. */
double theory_figure(const struct summary *summary, enum theory_quantity quantity)
{
    const struct summary_counts *counts = &summary->counts;
    switch (quantity) {
    case THEORY_MEAN:
        return histogram_mean(&summary->latency) / 1e9;
    case THEORY_P99:
        return histogram_quantile(&summary->latency, 0.99) / 1e9;
    case THEORY_P999:
        return histogram_quantile(&summary->latency, 0.999) / 1e9;
    case THEORY_REFUSED:
    case THEORY_ABANDONED:
    case THEORY_FAILING:
        return (double)counts->failed / (double)counts->arrived;
    case THEORY_FAILED:
        return (double)counts->failed;
    case THEORY_AVAILABILITY:
        return (double)counts->ok / (double)counts->arrived;
    case THEORY_ATTEMPTS:
        return (double)counts->attempts / (double)counts->arrived;
    case THEORY_SERVED:
        return (double)counts->ok / summary->simulated_s;
    case THEORY_THROUGHPUT:
        return summary->throughput;
    case THEORY_RATE:
        return (double)counts->arrived / summary->simulated_s;
    case THEORY_WAITING:
        return summary->backends[0].queue_mean;
    case THEORY_WAIT: /* Little's law, over those who were let in */
        return summary->backends[0].queue_mean * summary->simulated_s /
               (double)(counts->arrived - counts->failed);
    case THEORY_P50:
        return histogram_quantile(&summary->latency, 0.5) / 1e9;
    case THEORY_P90:
        return histogram_quantile(&summary->latency, 0.9) / 1e9;
    case THEORY_P95:
        return histogram_quantile(&summary->latency, 0.95) / 1e9;
    case THEORY_SQUARE:
        return histogram_mean_square(&summary->latency) / 1e18;
    case THEORY_PRESENT:
        return present(summary, false);
    case THEORY_SERVING:
        return present(summary, true);
    case THEORY_BUSY:
    case THEORY_BUSY_1:
        return summary->backends[0].utilization;
    case THEORY_SHARE_1:
    case THEORY_SHARE_2:
    case THEORY_SHARE_3:
        return share(summary, quantity - THEORY_SHARE_1);
    default:
        return NAN;
    }
}
