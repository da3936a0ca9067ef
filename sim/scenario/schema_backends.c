/* The keys under `backends`. */
#include "sim/scenario/schema.h"

#define LONGEST (1e5 * 3600e9)

static const char *const disciplines[] = {"fifo", "ps", NULL};
static const char *const abandons[] = {"finish", "cancel", NULL};

static void *open_groups(struct reader *r, void *base, uint32_t count)
{
    (void)base;
    r->groups = arena_need(r->scratch, count, sizeof *r->groups);
    r->scenario->group_count = count;
    return r->groups;
}

static void check_group(struct reader *r, const struct node *node, void *base)
{
    (void)r;
    struct draft_group *group = base;
    const struct node *name = node_find(node, "name", 4);
    group->node = name != NULL ? name->value : node;
    if (!group->counted)
        group->count = 1;
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
     .help = "fifo: slots in service, the rest wait; ps: all served at once, sharing the slots"},
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
