/* The keys under `balancer.health`, and how a preset fills those that are not written. */
#include <string.h>

#include "sim/base/check.h"
#include "sim/scenario/preset.h"
#include "sim/scenario/schema.h"

#define LONGEST (1e5 * 3600e9)

static const char *const paces[] = {"fixed", "after-result", NULL};
static const char *const ways[] = {"queue", "reserved", NULL};
static const char *const observes[] = {"off", "layer4", "layer7", NULL};
static const char *const on_errors[] = {"fastinter", "fail-check", "sudden-death", "mark-down",
                                        NULL};
static const char *const limits[] = {"envoy", "one", "grpc", NULL};
static const char *const yesno[] = {"no", "yes", NULL};

static size_t value_size(enum schema_type type)
{
    switch (type) {
    case TYPE_COUNT:
        return sizeof(uint32_t);
    case TYPE_TIME:
        return sizeof(lb_time);
    case TYPE_SHARE:
    case TYPE_NUMBER:
        return sizeof(double);
    case TYPE_WORD:
        return sizeof(unsigned); /* every enum of ours is an unsigned int */
    case TYPE_EITHER:
        return sizeof(bool);
    default:
        lb_assert(false);
        return 0;
    }
}

/* What the preset says of every key right inside `parent` that is not written. */
static void fill(struct scenario_health *health, const struct scenario_health *preset,
                 const char *parent, const struct node *node)
{
    size_t start = offsetof(struct scenario_balancer, health);
    for (const struct schema_row *row = schema_health; row->path != NULL; row++) {
        const char *key = schema_key(row);
        if (!schema_inside(row, parent) || row->type == TYPE_MAP ||
            row->words == health_preset_names)
            continue;
        if (node != NULL && node_find(node, key, strlen(key)) != NULL)
            continue;
        memcpy((char *)health + (row->offset - start), (const char *)preset + (row->offset - start),
               value_size(row->type));
    }
}

static const struct node *part(const struct node *node, const char *key)
{
    const struct node *found = node->kind == NODE_MAP ? node_find(node, key, strlen(key)) : NULL;
    return found == NULL ? NULL : found->value;
}

static lb_time shortest(const struct scenario_health *health)
{
    lb_time least = health->every;
    if (health->fastinter > 0 && health->fastinter < least)
        least = health->fastinter;
    if (health->downinter > 0 && health->downinter < least)
        least = health->downinter;
    return least;
}

/* Checks at a fixed pace must end before the next one starts. node: `active`, or what names the
 * preset that has them. */
static void check_active(struct reader *r, const struct node *node, struct scenario_health *health)
{
    const struct node *timeout = part(node, "timeout");
    if (health->every == 0) {
        if (part(node, "every") == NULL)
            diagnose_error(r->diagnose, node->at, "%s is missing the key 'every'", read_trail(r));
        return;
    }
    if (health->timeout == 0)
        health->timeout = health->every;
    if (health->pace == PACE_FIXED && health->timeout > shortest(health)) {
        if (timeout == NULL && health->timeout == health->every) {
            health->timeout = shortest(health);
            return;
        }
        diagnose_error(r->diagnose, timeout != NULL ? timeout->at : node->at,
                       "%s.timeout is longer than every%s", read_trail(r),
                       shortest(health) < health->every ? ", fastinter or downinter" : "");
        diagnose_help(r->diagnose, "write a shorter one, or pace: after-result");
    }
    if (health->observe != OBSERVE_OFF && health->machine != MACHINE_HAPROXY) {
        const struct node *observe = part(node, "observe");
        diagnose_error(r->diagnose, observe != NULL ? observe->at : node->at,
                       "%s.observe belongs to HAProxy's machine", read_trail(r));
        diagnose_help(r->diagnose, "write like: haproxy, or outlier: {consecutive_errors: 10}");
    }
}

static void check_outlier(struct reader *r, const struct node *node,
                          struct scenario_outlier *outlier)
{
    if (outlier->max_ejection >= outlier->ejection || outlier->max_ejection == 0)
        return;
    if (part(node, "max_ejection") == NULL) { /* the default grows with what is written */
        outlier->max_ejection = outlier->ejection;
        return;
    }
    diagnose_error(r->diagnose, part(node, "max_ejection")->at,
                   "%s.max_ejection is shorter than ejection", read_trail(r));
}

static void check_health(struct reader *r, const struct node *node, void *base)
{
    struct scenario_health *health = &((struct scenario_balancer *)base)->health;
    const struct node *active = part(node, "active"), *outlier = part(node, "outlier");
    const struct node *like = part(node, "like");
    if ((active != NULL && active->kind != NODE_MAP) ||
        (outlier != NULL && outlier->kind != NODE_MAP))
        return; /* told already */
    if (health->like_given) {
        const struct scenario_health *preset = &health_presets[health->like];
        health->machine = preset->machine;
        health->active |= preset->active;
        health->outlier.on |= preset->outlier.on;
        fill(health, preset, "balancer.health", node);
        fill(health, preset, "balancer.health.active", active);
        fill(health, preset, "balancer.health.outlier", outlier);
    }
    if (health->active) {
        size_t mark = read_enter(r, ".active");
        check_active(r, active != NULL ? active : like, health);
        read_leave(r, mark);
    }
    if (health->outlier.on && outlier != NULL) {
        size_t mark = read_enter(r, ".outlier");
        check_outlier(r, outlier, &health->outlier);
        read_leave(r, mark);
    }
}

#define HEALTH(type, field) .offset = AT(type, scenario_balancer, health.field)

const struct schema_row schema_health[] = {
    {.path = "balancer.health",
     .type = TYPE_MAP,
     .otherwise = "no checks",
     .check = check_health,
     .help = "how the balancer finds out that a backend is gone"},
    {.path = "balancer.health.like",
     .type = TYPE_WORD,
     .otherwise = "none: the values below",
     .words = health_preset_names,
     HEALTH(uint32_t, like),
     .given = AT(bool, scenario_balancer, health.like_given),
     .help = "checks as this product does them; what is written besides wins"},
    {.path = "balancer.health.active",
     .type = TYPE_MAP,
     .otherwise = "no checks",
     .given = AT(bool, scenario_balancer, health.active),
     .help = "a probe to every backend, again and again"},
    {.path = "balancer.health.active.every",
     .type = TYPE_TIME,
     .otherwise = "required, unless `like` has one",
     .min = 1e3,
     .max = LONGEST,
     HEALTH(lb_time, every),
     .help = "the interval; the first check comes at a random phase of it"},
    {.path = "balancer.health.active.timeout",
     .type = TYPE_TIME,
     .otherwise = "every",
     .min = 1,
     .max = LONGEST,
     HEALTH(lb_time, timeout),
     .help = "a probe not answered within it has failed"},
    {.path = "balancer.health.active.rise",
     .type = TYPE_COUNT,
     .fallback = "2",
     .min = 1,
     .max = 1000,
     HEALTH(uint32_t, rise),
     .help = "passed checks in a row that bring a backend back"},
    {.path = "balancer.health.active.fall",
     .type = TYPE_COUNT,
     .fallback = "3",
     .min = 1,
     .max = 1000,
     HEALTH(uint32_t, fall),
     .help = "failed checks in a row that take a backend out"},
    {.path = "balancer.health.active.fastinter",
     .type = TYPE_TIME,
     .otherwise = "every",
     .min = 1e3,
     .max = LONGEST,
     HEALTH(lb_time, fastinter),
     .help = "the interval while some, but not enough, results speak against the belief"},
    {.path = "balancer.health.active.downinter",
     .type = TYPE_TIME,
     .otherwise = "every",
     .min = 1e3,
     .max = LONGEST,
     HEALTH(lb_time, downinter),
     .help = "the interval while a backend is down and no check passes"},
    {.path = "balancer.health.active.pace",
     .type = TYPE_WORD,
     .fallback = "fixed",
     .words = paces,
     HEALTH(enum pace, pace),
     .help = "fixed: a check every interval; after-result: the interval starts at the answer"},
    {.path = "balancer.health.active.through",
     .type = TYPE_EITHER,
     .fallback = "queue",
     .words = ways,
     HEALTH(bool, reserved),
     .help = "queue: a probe waits with the requests; reserved: it is answered at once"},
    {.path = "balancer.health.active.observe",
     .type = TYPE_WORD,
     .fallback = "off",
     .words = observes,
     HEALTH(enum observe, observe),
     .help = "like: haproxy: errors in traffic count, too; layer4: of connections, layer7: all"},
    {.path = "balancer.health.active.error_limit",
     .type = TYPE_COUNT,
     .fallback = "10",
     .min = 1,
     .max = 1000000,
     HEALTH(uint32_t, error_limit),
     .help = "errors in a row that observe waits for"},
    {.path = "balancer.health.active.on_error",
     .type = TYPE_WORD,
     .fallback = "fail-check",
     .words = on_errors,
     HEALTH(enum on_error, on_error),
     .help = "what observe does then: check sooner, count a failed check, let the next failure "
             "decide, or take it out"},
    {.path = "balancer.health.outlier",
     .type = TYPE_MAP,
     .otherwise = "no ejection",
     .given = AT(bool, scenario_balancer, health.outlier.on),
     .help = "passive health, as in Envoy: backends whose answers stand out are put aside"},
    {.path = "balancer.health.outlier.consecutive_errors",
     .type = TYPE_COUNT,
     .fallback = "5",
     .max = 1000000,
     HEALTH(uint32_t, outlier.consecutive_errors),
     .help = "errors in a row that eject at once; 0 = never"},
    {.path = "balancer.health.outlier.every",
     .type = TYPE_TIME,
     .fallback = "10s",
     .min = 1e3,
     .max = LONGEST,
     HEALTH(lb_time, outlier.every),
     .help = "the sweep: who stands out in this interval is ejected, who has served his time is "
             "back"},
    {.path = "balancer.health.outlier.ejection",
     .type = TYPE_TIME,
     .fallback = "30s",
     .min = 1,
     .max = LONGEST,
     HEALTH(lb_time, outlier.ejection),
     .help = "how long, times how often of late"},
    {.path = "balancer.health.outlier.max_ejection",
     .type = TYPE_TIME,
     .fallback = "300s",
     .min = 1,
     .max = LONGEST,
     HEALTH(lb_time, outlier.max_ejection),
     .help = "never longer than this"},
    {.path = "balancer.health.outlier.max_ejected",
     .type = TYPE_SHARE,
     .fallback = "10%",
     .max = 1,
     HEALTH(double, outlier.max_ejected),
     .help = "of the backends at the same time; see limit"},
    {.path = "balancer.health.outlier.limit",
     .type = TYPE_WORD,
     .fallback = "one",
     .words = limits,
     HEALTH(enum ejection_limit, outlier.limit),
     .help = "envoy: at most max_ejected with this one; one: the same, but one always may; grpc: "
             "while less than max_ejected are"},
    {.path = "balancer.health.outlier.success_rate",
     .type = TYPE_NUMBER,
     .fallback = "0",
     .max = 1000,
     HEALTH(double, outlier.success_rate),
     .help = "eject below the mean success rate minus this many standard deviations; 0 = off"},
    {.path = "balancer.health.outlier.success_hosts",
     .type = TYPE_COUNT,
     .fallback = "5",
     .min = 1,
     .max = 100000,
     HEALTH(uint32_t, outlier.success_hosts),
     .help = "at least so many backends with enough requests, or success_rate rests"},
    {.path = "balancer.health.outlier.success_volume",
     .type = TYPE_COUNT,
     .fallback = "100",
     .min = 1,
     .max = 1000000000,
     HEALTH(uint32_t, outlier.success_volume),
     .help = "requests of an interval that are enough for success_rate"},
    {.path = "balancer.health.outlier.failure_share",
     .type = TYPE_SHARE,
     .fallback = "0",
     .max = 1,
     HEALTH(double, outlier.failure_share),
     .help = "eject when this share of the interval's requests failed; 0 = off"},
    {.path = "balancer.health.outlier.failure_hosts",
     .type = TYPE_COUNT,
     .fallback = "5",
     .min = 1,
     .max = 100000,
     HEALTH(uint32_t, outlier.failure_hosts),
     .help = "at least so many backends with enough requests, or failure_share rests"},
    {.path = "balancer.health.outlier.failure_volume",
     .type = TYPE_COUNT,
     .fallback = "50",
     .min = 1,
     .max = 1000000000,
     HEALTH(uint32_t, outlier.failure_volume),
     .help = "requests of an interval that are enough for failure_share"},
    {.path = "balancer.health.outlier.check_unejects",
     .type = TYPE_EITHER,
     .fallback = "no",
     .words = yesno,
     HEALTH(bool, outlier.check_unejects),
     .help = "a passing active check ends an ejection"},
    {.path = "balancer.health.panic",
     .type = TYPE_SHARE,
     .fallback = "0",
     .max = 1,
     HEALTH(double, panic),
     .help = "when a smaller share of a tier is usable, all that is not drained is used; 0 = "
             "off"},
    {.path = "balancer.health.slow_start",
     .type = TYPE_TIME,
     .fallback = "0",
     .max = LONGEST,
     HEALTH(lb_time, slow_start),
     .help = "a backend that comes back warms up for so long, in algorithms that look at it; 0 = "
             "off"},
    {.path = NULL},
};
