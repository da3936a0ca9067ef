/* See outlier.h. */
#include "sim/balancer/outlier.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/base/text.h"

void outlier_init(struct outlier *o, const struct scenario_outlier *rule, uint32_t count,
                  uint32_t members)
{
    *o = (struct outlier){.rule = rule, .count = count, .members = members};
    o->hosts = text_need_zero(count, sizeof *o->hosts);
}

void outlier_done(struct outlier *o)
{
    free(o->hosts);
    *o = (struct outlier){0};
}

/* A share like 29 % of 100 is not quite 29: what is as good as equal is equal. */
#define NEARLY 1e-9

static bool may_eject(const struct outlier *o)
{
    double out = o->ejected, most = o->rule->max_ejected * o->members;
    switch (o->rule->limit) {
    case EJECTION_GRPC:
        return out < most - NEARLY;
    case EJECTION_ONE:
        return o->ejected == 0 || out + 1 <= most + NEARLY;
    default:
        return out + 1 <= most + NEARLY;
    }
}

lb_time outlier_time(const struct outlier *o, uint32_t host)
{
    lb_time base = o->rule->ejection, most = o->rule->max_ejection;
    uint32_t k = o->hosts[host].multiplier;
    return k > 0 && base > most / k ? most : base * k;
}

static bool eject(struct outlier *o, uint32_t host, lb_time now)
{
    struct outlier_host *h = &o->hosts[host];
    if (h->ejected || !may_eject(o))
        return false;
    h->ejected = true;
    h->since = now;
    o->ejected++;
    /* ejection x k < max_ejection + ejection */
    if ((lb_time)h->multiplier - 1 <= (o->rule->max_ejection - 1) / o->rule->ejection)
        h->multiplier++;
    return true;
}

static void let_back(struct outlier *o, uint32_t host)
{
    struct outlier_host *h = &o->hosts[host];
    h->ejected = false;
    h->in_a_row = 0;
    o->ejected--;
}

bool outlier_result(struct outlier *o, uint32_t host, bool good, lb_time now)
{
    struct outlier_host *h = &o->hosts[host];
    h->requests++;
    if (good) {
        h->good++;
        h->in_a_row = 0;
        return false;
    }
    h->in_a_row++;
    if (h->in_a_row != o->rule->consecutive_errors || h->ejected)
        return false;
    h->in_a_row = 0;
    return eject(o, host, now);
}

bool outlier_check_passed(struct outlier *o, uint32_t host)
{
    if (!o->rule->check_unejects || !o->hosts[host].ejected)
        return false;
    let_back(o, host);
    return true;
}

static void sweep_ejected(struct outlier *o, lb_time now, outlier_tell *tell, void *to)
{
    for (uint32_t i = 0; i < o->count; i++) {
        struct outlier_host *h = &o->hosts[i];
        if (!h->ejected) {
            if (h->multiplier > 0)
                h->multiplier--;
        } else if (now - h->since >= outlier_time(o, i)) {
            let_back(o, i);
            tell(to, i, false, "its time is over");
        }
    }
}

/* Does this backend's interval count? */
static bool counts(const struct outlier_host *h, uint32_t volume)
{
    return !h->ejected && h->requests >= volume;
}

static double rate(const struct outlier_host *h)
{
    return (double)h->good / (double)h->requests;
}

static uint32_t count_hosts(const struct outlier *o, uint32_t volume)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < o->count; i++)
        n += counts(&o->hosts[i], volume);
    return n;
}

static void sweep_success(struct outlier *o, lb_time now, outlier_tell *tell, void *to)
{
    uint32_t volume = o->rule->success_volume, n = count_hosts(o, volume);
    if (!(o->rule->success_rate > 0) || n < o->rule->success_hosts)
        return;
    double mean = 0, square = 0;
    for (uint32_t i = 0; i < o->count; i++)
        if (counts(&o->hosts[i], volume))
            mean += rate(&o->hosts[i]);
    mean /= n;
    for (uint32_t i = 0; i < o->count; i++)
        if (counts(&o->hosts[i], volume))
            square += (rate(&o->hosts[i]) - mean) * (rate(&o->hosts[i]) - mean);
    double least = mean - o->rule->success_rate * sqrt(square / n);
    for (uint32_t i = 0; i < o->count; i++) {
        const struct outlier_host *h = &o->hosts[i];
        char why[96];
        if (!counts(h, volume) || !(rate(h) < least) || !eject(o, i, now))
            continue;
        (void)snprintf(why, sizeof why, "success rate %.3g %%, below %.3g %%", 100.0 * rate(h),
                       100.0 * least);
        tell(to, i, true, why);
    }
}

static void sweep_failures(struct outlier *o, lb_time now, outlier_tell *tell, void *to)
{
    uint32_t volume = o->rule->failure_volume;
    if (!(o->rule->failure_share > 0) || count_hosts(o, volume) < o->rule->failure_hosts)
        return;
    for (uint32_t i = 0; i < o->count; i++) {
        const struct outlier_host *h = &o->hosts[i];
        if (!counts(h, volume))
            continue;
        double failed = (double)(h->requests - h->good);
        double limit = o->rule->failure_share * (double)h->requests;
        bool beyond =
            o->rule->limit == EJECTION_GRPC ? failed > limit + NEARLY : failed >= limit - NEARLY;
        char why[96];
        if (!beyond || !eject(o, i, now))
            continue;
        (void)snprintf(why, sizeof why, "%.0f of %u requests failed", failed, h->requests);
        tell(to, i, true, why);
    }
}

void outlier_sweep(struct outlier *o, lb_time now, outlier_tell *tell, void *to)
{
    sweep_ejected(o, now, tell, to);
    sweep_success(o, now, tell, to);
    sweep_failures(o, now, tell, to);
    for (uint32_t i = 0; i < o->count; i++)
        o->hosts[i].requests = o->hosts[i].good = 0;
}
