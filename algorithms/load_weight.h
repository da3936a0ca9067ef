/*
 * The weight of a backend from its own reports of load: what it serves over how busy that makes it.
 *
 * The idea: weight = rate / (utilization + error_rate / rate x penalty). rate is gRPC's qps, answers a
 * second, and error_rate its eps, errors a second, so that a backend that fails fast does not look
 * fast. Reports without a rate or a utilization are ignored. A weight is not trusted before reports
 * have come for `blackout`; one that is `expiration` old is forgotten, and the blackout begins anew
 * with the next report. Not trusted is 0: what that means is up to who asks.
 *
 * Cost: O(1); 32 bytes a row.
 * Source: gRFC A58 and grpc-go, balancer/weightedroundrobin; Envoy's client_side_weighted_round_robin
 * has the same. Rules only.
 */
#ifndef LB_LOAD_WEIGHT_H
#define LB_LOAD_WEIGHT_H

#include <math.h>

#include "algorithms/lb.h"

struct lb_load_weight {
    double weight;          /* of the last report */
    lb_time updated, since; /* the last report; the first of this run of them */
    bool any, running;      /* has it reported; is there a run */
};

struct lb_load_rule {
    lb_time blackout, expiration, update; /* update: how often weights are looked at */
    double penalty;
};

/* The parameters of the rule, for the tables of algorithms that have it, and their places there. */
#define LB_LOAD_PARAMS                                                                             \
    {.name = "blackout",                                                                           \
     .unit = "ns",                                                                                 \
     .value = 10e9,                                                                                \
     .min = 0,                                                                                     \
     .max = 86400e9,                                                                               \
     .help = "how long a backend must have reported before its weight is trusted"},                \
        {.name = "expiration",                                                                     \
         .unit = "ns",                                                                             \
         .value = 180e9,                                                                           \
         .min = 1e6,                                                                               \
         .max = 86400e9,                                                                           \
         .help = "how old a report may get before the weight is forgotten"},                       \
        {.name = "update",                                                                         \
         .unit = "ns",                                                                             \
         .value = 1e9,                                                                             \
         .min = 100e6,                                                                             \
         .max = 86400e9,                                                                           \
         .help = "how often the weights are taken over into the schedule"},                        \
    {                                                                                              \
        .name = "error-penalty", .unit = "", .value = 1, .min = 0, .max = 1000,                    \
        .help = "how much utilization a share of 1 of failed requests counts as"                   \
    }

static inline struct lb_load_rule lb_load_rule(const struct lb_setup *setup,
                                               const struct lb_param *params, int first)
{
    return (struct lb_load_rule){.blackout = (lb_time)lb_value(setup, params, first),
                                 .expiration = (lb_time)lb_value(setup, params, first + 1),
                                 .update = (lb_time)lb_value(setup, params, first + 2),
                                 .penalty = lb_value(setup, params, first + 3)};
}

/* A report came in. */
static inline void lb_load_weight_report(struct lb_load_weight *w, const struct lb_load_rule *rule,
                                         const struct lb_load *load, lb_time now)
{
    if (!(load->utilization > 0) || !(load->rate > 0))
        return;
    double weight =
        load->rate / (load->utilization + load->error_rate / load->rate * rule->penalty);
    if (!isfinite(weight) || !(weight > 0))
        return;
    w->weight = weight;
    w->updated = now;
    if (!w->running)
        w->since = now;
    w->any = w->running = true;
}

/* The weight, or 0 when it is not to be trusted at `now`. */
static inline double lb_load_weight_at(struct lb_load_weight *w, const struct lb_load_rule *rule,
                                       lb_time now)
{
    if (!w->any)
        return 0;
    if (now - w->updated >= rule->expiration) {
        w->running = false;
        return 0;
    }
    if (rule->blackout > 0 && (!w->running || now - w->since < rule->blackout))
        return 0;
    return w->weight;
}

#endif
