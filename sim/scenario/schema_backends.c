/* The keys under `backends`. */
#include <string.h>

#include "sim/scenario/schema.h"

#define LONGEST (1e5 * 3600e9)

static const char *const disciplines[] = {"fifo",  "ps",       "lifo", "adaptive-lifo",
                                          "codel", "priority", NULL};
static const char *const cold_curves[] = {"linear", "step", "exponential", NULL};
static const char *const failure_kinds[] = {"kill", "hang", "pause", NULL};
static const char *const whiles[] = {"always", "busy", NULL};
static const char *const abandons[] = {"finish", "cancel", NULL};

static void *open_groups(struct reader *r, void *base, uint32_t count)
{
    (void)base;
    r->groups = arena_need(r->scratch, count, sizeof *r->groups);
    r->scenario->group_count = count;
    r->scenario->groups = arena_need(r->arena, count, sizeof *r->scenario->groups);
    return r->groups;
}

/* A key that means nothing with this discipline. */
static void refuse(struct reader *r, const struct node *node, const char *key, const char *why)
{
    const struct node *found = node_find(node, key, strlen(key));
    diagnose_error(r->diagnose, found != NULL ? found->at : node->at, "%s.%s %s", read_trail(r),
                   key, why);
}

static void check_discipline(struct reader *r, const struct node *node,
                             const struct draft_group *group)
{
    const struct scenario_nature *nature = &group->nature;
    enum discipline discipline = group->backend.discipline;
    if (discipline == DISCIPLINE_PS && nature->impatient)
        refuse(r, node, "queue_timeout", "needs a queue: under ps nobody waits");
    if (discipline == DISCIPLINE_PS && nature->control.on)
        refuse(r, node, "controlled_delay", "needs a queue: under ps nobody waits");
    if (discipline != DISCIPLINE_CODEL && nature->codel.on)
        refuse(r, node, "codel", "goes with discipline: codel");
    if (discipline != DISCIPLINE_ADAPTIVE_LIFO && nature->lifo_given)
        refuse(r, node, "lifo_above", "goes with discipline: adaptive-lifo");
}

static void check_group(struct reader *r, const struct node *node, void *base)
{
    struct draft_group *group = base;
    const struct node *name = node_find(node, "name", 4);
    group->node = name != NULL ? name->value : node;
    if (!group->counted)
        group->count = 1;
    if (!group->nature.lifo_given)
        group->nature.lifo_above = group->backend.slots;
    check_discipline(r, node, group);
    r->scenario->groups[group - r->groups].nature = group->nature; /* which frees what it owns */
}

const struct schema_row schema_backends[] = {
    {.path = "backends",
     .type = TYPE_LIST,
     .required = true,
     .min = 1,
     .max = 10000,
     .open = open_groups,
     .check = check_group,
     .size = sizeof(struct draft_group),
     .help = "those who serve; an entry is one backend or, with count, a group of equal ones"},
    {.path = "backends[].name",
     .type = TYPE_NAME,
     .required = true,
     .offset = AT(const char *, draft_group, name),
     .help = "the backend's name; with count, that of the group: web1, web2, ..."},
    {.path = "backends[].count",
     .type = TYPE_COUNT,
     .otherwise = "one, called name",
     .min = 1,
     .max = 100000,
     .offset = AT(uint32_t, draft_group, count),
     .given = AT(bool, draft_group, counted),
     .help = "how many; when written, even 1, they are called name1 ... nameN"},
    {.path = "backends[].weight",
     .type = TYPE_COUNT,
     .fallback = "1",
     .max = 65535,
     .offset = AT(uint32_t, draft_group, backend.weight),
     .help = "share asked of the algorithm; 0 = nothing new"},
    {.path = "backends[].slots",
     .type = TYPE_COUNT,
     .fallback = "1",
     .min = 1,
     .max = 1000000,
     .offset = AT(uint32_t, draft_group, backend.slots),
     .help = "workers: requests served at the same time"},
    {.path = "backends[].queue",
     .type = TYPE_LIMIT,
     .fallback = "unlimited",
     .max = 1000000000,
     .offset = AT(uint32_t, draft_group, backend.queue),
     .help = "how many more than slots may be present; one more is refused"},
    {.path = "backends[].discipline",
     .type = TYPE_WORD,
     .fallback = "fifo",
     .words = disciplines,
     .offset = AT(enum discipline, draft_group, backend.discipline),
     .help = "who is next: fifo, the oldest; ps, all are served at once, sharing the slots; lifo, "
             "the newest; adaptive-lifo, the newest while the queue is long; codel, the oldest, "
             "and some are dropped while waits stay long; priority, the most urgent class"},
    {.path = "backends[].lifo_above",
     .type = TYPE_COUNT,
     .otherwise = "slots",
     .max = 1000000000,
     .offset = AT(uint32_t, draft_group, nature.lifo_above),
     .given = AT(bool, draft_group, nature.lifo_given),
     .help = "adaptive-lifo: with more than so many in the queue the newest is next"},
    {.path = "backends[].codel",
     .type = TYPE_MAP,
     .otherwise = "as below",
     .given = AT(bool, draft_group, nature.codel.on),
     .help = "discipline codel drops who is next when waits stay above the target (RFC 8289)"},
    {.path = "backends[].codel.target",
     .type = TYPE_TIME,
     .fallback = "5ms",
     .max = LONGEST,
     .offset = AT(lb_time, draft_group, nature.codel.target),
     .help = "a wait that is fine"},
    {.path = "backends[].codel.interval",
     .type = TYPE_TIME,
     .fallback = "100ms",
     .min = 1,
     .max = LONGEST,
     .offset = AT(lb_time, draft_group, nature.codel.interval),
     .help = "how long waits may be above it; then one is dropped, and more and more often"},
    {.path = "backends[].controlled_delay",
     .type = TYPE_MAP,
     .otherwise = "none",
     .given = AT(bool, draft_group, nature.control.on),
     .help = "a limit of the wait in the queue that depends on when it was last empty (Facebook)"},
    {.path = "backends[].controlled_delay.target",
     .type = TYPE_TIME,
     .fallback = "5ms",
     .max = LONGEST,
     .offset = AT(lb_time, draft_group, nature.control.target),
     .help = "the limit for who comes when it has not been empty for an interval"},
    {.path = "backends[].controlled_delay.interval",
     .type = TYPE_TIME,
     .fallback = "100ms",
     .min = 1,
     .max = LONGEST,
     .offset = AT(lb_time, draft_group, nature.control.interval),
     .help = "and the limit for who comes before that"},
    {.path = "backends[].queue_timeout",
     .type = TYPE_DISTRIBUTION,
     .otherwise = "none",
     .offset = AT(struct distribution, draft_group, nature.patience),
     .given = AT(bool, draft_group, nature.impatient),
     .help = "how long a request waits in the queue at most: then it is turned away"},
    {.path = "backends[].contention",
     .type = TYPE_MAP,
     .otherwise = "none",
     .help =
         "those in service slow each other down: with n of them each goes at speed / (1 + sigma "
         "(n - 1) + kappa n (n - 1)), the universal scalability law"},
    {.path = "backends[].contention.sigma",
     .type = TYPE_SHARE,
     .fallback = "0",
     .max = 1,
     .offset = AT(double, draft_group, nature.sigma),
     .help = "share of the work that cannot be done side by side"},
    {.path = "backends[].contention.kappa",
     .type = TYPE_SHARE,
     .fallback = "0",
     .max = 1,
     .offset = AT(double, draft_group, nature.kappa),
     .help = "cost of every pair that must agree"},
    {.path = "backends[].cold_start",
     .type = TYPE_MAP,
     .otherwise = "none: as fast as ever at once",
     .given = AT(bool, draft_group, nature.cold),
     .help = "after a restart work takes longer; at time 0 it is warm"},
    {.path = "backends[].cold_start.factor",
     .type = TYPE_NUMBER,
     .fallback = "5",
     .required = true,
     .min = 1,
     .max = 1000,
     .offset = AT(double, draft_group, nature.cold_factor),
     .help = "how many times as long at first"},
    {.path = "backends[].cold_start.for",
     .type = TYPE_TIME,
     .fallback = "60s",
     .required = true,
     .min = 1,
     .max = LONGEST,
     .offset = AT(lb_time, draft_group, nature.cold_for),
     .help = "how long it takes to get warm"},
    {.path = "backends[].cold_start.curve",
     .type = TYPE_WORD,
     .fallback = "linear",
     .words = cold_curves,
     .offset = AT(enum cold_curve, draft_group, nature.cold_curve),
     .help = "linear: the factor falls to 1, in a hundred steps; exponential: what it is above 1 "
             "halves "
             "every tenth of `for`, and is gone at the end; step: all of it to the end"},
    {.path = "backends[].pauses",
     .type = TYPE_MAP,
     .otherwise = "none",
     .given = AT(bool, draft_group, nature.pauses),
     .help = "it stands still now and then, as while garbage is collected: what is in service "
             "waits, and goes on"},
    {.path = "backends[].pauses.every",
     .type = TYPE_DISTRIBUTION,
     .required = true,
     .offset = AT(struct distribution, draft_group, nature.pause_every),
     .help = "time from the end of a pause to the next"},
    {.path = "backends[].pauses.lasts",
     .type = TYPE_DISTRIBUTION,
     .required = true,
     .offset = AT(struct distribution, draft_group, nature.pause_lasts),
     .help = "how long a pause is"},
    {.path = "backends[].failures",
     .type = TYPE_MAP,
     .otherwise = "none",
     .given = AT(bool, draft_group, nature.failures.on),
     .help = "it fails and is repaired at random"},
    {.path = "backends[].failures.mtbf",
     .type = TYPE_DISTRIBUTION,
     .required = true,
     .offset = AT(struct distribution, draft_group, nature.failures.mtbf),
     .help = "time from a repair to the next failure"},
    {.path = "backends[].failures.mttr",
     .type = TYPE_DISTRIBUTION,
     .required = true,
     .offset = AT(struct distribution, draft_group, nature.failures.mttr),
     .help = "time from a failure to its repair"},
    {.path = "backends[].failures.kind",
     .type = TYPE_WORD,
     .fallback = "kill",
     .words = failure_kinds,
     .offset = AT(enum failure_kind, draft_group, nature.failures.kind),
     .help = "kill and hang: as in the timeline, repaired by a restart; pause: work stands still "
             "and goes on, requests wait"},
    {.path = "backends[].failures.while",
     .type = TYPE_EITHER,
     .fallback = "always",
     .words = whiles,
     .offset = AT(bool, draft_group, nature.failures.while_busy),
     .help = "busy: time to the next failure passes only while something is in service"},
    {.path = "backends[].speed",
     .type = TYPE_NUMBER,
     .fallback = "1",
     .min = 0.001,
     .max = 1000,
     .offset = AT(double, draft_group, backend.speed),
     .help = "work is divided by it"},
    {.path = "backends[].tier",
     .type = TYPE_COUNT,
     .fallback = "0",
     .max = 15,
     .offset = AT(uint32_t, draft_group, backend.tier),
     .help = "0 = primary; a tier is asked when those before it have nobody"},
    {.path = "backends[].pool",
     .type = TYPE_NAME,
     .fallback = "main",
     .offset = AT(const char *, draft_group, backend.pool_name),
     .help = "the pool it belongs to: routes and `to` of balancers lead to pools"},
    {.path = "backends[].zone",
     .type = TYPE_NAME,
     .otherwise = "none",
     .offset = AT(const char *, draft_group, backend.zone_name),
     .help = "where it stands, for a balancer that prefers its own zone"},
    {.path = "backends[].abandoned",
     .type = TYPE_EITHER,
     .fallback = "finish",
     .words = abandons,
     .offset = AT(bool, draft_group, backend.cancel_abandoned),
     .help = "a request in service whose client has left: finish it, or cancel it"},
    {.path = "backends[].max_in_flight",
     .type = TYPE_COUNT,
     .fallback = "0",
     .max = 1000000000,
     .offset = AT(uint32_t, draft_group, backend.max_in_flight),
     .help = "limit of the balancer (nginx max_conns, HAProxy maxconn); 0 = none"},
    {.path = "backends[].max_fails",
     .type = TYPE_COUNT,
     .fallback = "1",
     .max = 1000000,
     .offset = AT(uint32_t, draft_group, backend.max_fails),
     .help = "failed attempts within fail_timeout that put it aside, in algorithms that look at "
             "it (nginx-*); 0 = never"},
    {.path = "backends[].fail_timeout",
     .type = TYPE_TIME,
     .fallback = "10s",
     .max = LONGEST,
     .offset = AT(lb_time, draft_group, backend.fail_timeout),
     .help = "the window of max_fails, and how long it is put aside"},
    {.path = NULL},
};
