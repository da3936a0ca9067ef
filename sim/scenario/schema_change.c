/*
 * The keys under `deployments` and `autoscale`, and how many backends a group may come to have: those
 * that may come have a place of their own from the start.
 */
#include <string.h>

#include "sim/scenario/schema.h"

#define LONGEST (1e5 * 3600e9)

static const char *const strategies[] = {"rolling", "blue-green", "canary", NULL};
static const char *const yesno[] = {"yes", "no", NULL};

static void *open_deploys(struct reader *r, void *base, uint32_t count)
{
    (void)base;
    r->scenario->deploys = arena_need(r->arena, count, sizeof *r->scenario->deploys);
    r->scenario->deploy_count = count;
    return r->scenario->deploys;
}

static void *open_autoscales(struct reader *r, void *base, uint32_t count)
{
    (void)base;
    r->scenario->autoscales = arena_need(r->arena, count, sizeof *r->scenario->autoscales);
    r->scenario->autoscale_count = count;
    return r->scenario->autoscales;
}

static void check_autoscale(struct reader *r, const struct node *node, void *base)
{
    const struct scenario_autoscale *rule = base;
    const struct node *max = node_find(node, "max", 3);
    if (rule->min > rule->max && max != NULL)
        diagnose_error(r->diagnose, max->value->at, "%s: max is below min", read_trail(r));
}

/* --- room --------------------------------------------------------------------------------------- */

static struct draft_group *find_group(struct reader *r, const char *name, size_t size)
{
    for (uint32_t g = 0; g < r->scenario->group_count; g++)
        if (r->groups[g].name != NULL && strlen(r->groups[g].name) == size &&
            memcmp(r->groups[g].name, name, size) == 0)
            return &r->groups[g];
    return NULL;
}

/* The group that an entry of a list names, with room for so many; false after an error. */
static bool need(struct reader *r, const struct node *at, const char *name, uint32_t *group,
                 uint64_t room)
{
    const char *names[64];
    uint32_t n = 0;
    if (name == NULL)
        return false;
    struct draft_group *found = find_group(r, name, strlen(name));
    if (found == NULL) {
        diagnose_error(r->diagnose, at->at, "no group of backends is called %s",
                       quote(name, strlen(name)).text);
        for (; n < 64 && n < r->scenario->group_count; n++)
            names[n] = r->groups[n].name;
        (void)read_suggest(r, name, strlen(name), names, n);
        return false;
    }
    if (!found->counted) {
        diagnose_error(r->diagnose, at->at, "%s is one backend, not a group",
                       quote(name, strlen(name)).text);
        diagnose_help(r->diagnose, "write count: 1 with it; it is then called %.60s1", name);
        return false;
    }
    found->room = room > found->room ? (uint32_t)room : found->room;
    *group = (uint32_t)(found - r->groups);
    r->scenario->changes = true;
    return true;
}

static const struct node *entry_of(const struct reader *r, const char *list, uint32_t i)
{
    const struct node *entry = node_at(node_find(r->root, list, strlen(list))->value, i);
    const struct node *of = node_find(entry, "of", 2);
    return of == NULL ? entry : of->value;
}

static uint64_t declared(struct reader *r, const char *name)
{
    const struct draft_group *group = name == NULL ? NULL : find_group(r, name, strlen(name));
    return group == NULL ? 0 : group->count;
}

static void check_deploy(struct reader *r, uint32_t i)
{
    struct scenario_deploy *d = &r->scenario->deploys[i];
    uint64_t count = declared(r, d->of), extra = d->surge;
    const struct node *at = entry_of(r, "deployments", i);
    if (d->strategy == DEPLOY_BLUE_GREEN)
        extra = count;
    if (!need(r, at, d->of, &d->group, count + extra))
        return;
    if (d->strategy == DEPLOY_CANARY && d->canaries >= count)
        diagnose_error(r->diagnose, at->at, "deployments[%u]: canaries must be fewer than all %u",
                       (unsigned)i, (unsigned)count);
}

bool resolve_room(struct reader *r)
{
    struct scenario *s = r->scenario;
    uint32_t errors = r->diagnose->errors;
    for (uint32_t g = 0; g < s->group_count; g++)
        r->groups[g].room = r->groups[g].count;
    for (uint32_t i = 0; i < s->deploy_count && !read_damaged(r, "deployments"); i++)
        check_deploy(r, i);
    for (uint32_t i = 0; i < s->autoscale_count && !read_damaged(r, "autoscale"); i++)
        (void)need(r, entry_of(r, "autoscale", i), s->autoscales[i].of, &s->autoscales[i].group,
                   s->autoscales[i].max);
    for (uint32_t i = 0; i < s->action_count && !read_damaged(r, "timeline"); i++) {
        const struct draft_action *draft = &r->actions[i];
        uint32_t group;
        if (draft->action->action != ACTION_COUNT || draft->target == NULL)
            continue;
        (void)need(r, draft->target, draft->target->text, &group, (uint64_t)draft->amount.value);
    }
    return r->diagnose->errors == errors;
}

const struct schema_row schema_change[] = {
    {.path = "deployments",
     .type = TYPE_LIST,
     .otherwise = "none",
     .max = 100,
     .open = open_deploys,
     .size = sizeof(struct scenario_deploy),
     .help = "new versions of what the backends of a group run"},
    {.path = "deployments[].of",
     .type = TYPE_NAME,
     .required = true,
     .offset = AT(const char *, scenario_deploy, of),
     .help = "the group of backends"},
    {.path = "deployments[].at",
     .type = TYPE_TIME,
     .required = true,
     .fallback = "0",
     .max = LONGEST,
     .offset = AT(lb_time, scenario_deploy, at),
     .help = "when it begins"},
    {.path = "deployments[].strategy",
     .type = TYPE_WORD,
     .fallback = "rolling",
     .words = strategies,
     .offset = AT(enum deploy_strategy, scenario_deploy, strategy),
     .help =
         "rolling: batch by batch; blue-green: as many new ones beside the old, then all at once; "
         "canary: some first, the rest when these were well for `hold`"},
    {.path = "deployments[].batch",
     .type = TYPE_COUNT,
     .fallback = "1",
     .min = 1,
     .max = 100000,
     .offset = AT(uint32_t, scenario_deploy, batch),
     .help = "rolling, and after canaries: how many are replaced at the same time"},
    {.path = "deployments[].surge",
     .type = TYPE_COUNT,
     .fallback = "0",
     .max = 1000,
     .offset = AT(uint32_t, scenario_deploy, surge),
     .help = "rolling: so many more serve while it lasts"},
    {.path = "deployments[].canaries",
     .type = TYPE_COUNT,
     .fallback = "1",
     .min = 1,
     .max = 100000,
     .offset = AT(uint32_t, scenario_deploy, canaries),
     .help = "canary: how many go first"},
    {.path = "deployments[].tell",
     .type = TYPE_EITHER,
     .fallback = "yes",
     .words = yesno,
     .offset = AT(bool, scenario_deploy, untold),
     .help = "no: nobody tells the balancers, processes just stop, with what they were serving"},
    {.path = "deployments[].drain",
     .type = TYPE_TIME,
     .fallback = "0",
     .max = LONGEST,
     .offset = AT(lb_time, scenario_deploy, drain),
     .help = "how long requests in flight may take before they are cut"},
    {.path = "deployments[].start",
     .type = TYPE_TIME,
     .fallback = "0",
     .max = LONGEST,
     .offset = AT(lb_time, scenario_deploy, start),
     .help = "from the end of the old process until the new one runs"},
    {.path = "deployments[].ready",
     .type = TYPE_TIME,
     .fallback = "0",
     .max = LONGEST,
     .offset = AT(lb_time, scenario_deploy, ready),
     .help = "from then until it takes requests"},
    {.path = "deployments[].hold",
     .type = TYPE_TIME,
     .fallback = "0",
     .max = LONGEST,
     .offset = AT(lb_time, scenario_deploy, hold),
     .help =
         "canary: how long these are watched before the rest; blue-green: how long the old ones "
         "are kept"},
    {.path = "deployments[].speed",
     .type = TYPE_SHARE,
     .fallback = "100%",
     .min = 0.001,
     .max = 1000,
     .offset = AT(double, scenario_deploy, speed),
     .help = "speed of the new version, as a share of the group's own"},
    {.path = "deployments[].errors",
     .type = TYPE_SHARE,
     .fallback = "0",
     .max = 1,
     .offset = AT(double, scenario_deploy, errors),
     .help = "share of the new version's answers that are errors"},
    {.path = "deployments[].rollback",
     .type = TYPE_SHARE,
     .otherwise = "it is never taken back",
     .max = 1,
     .offset = AT(double, scenario_deploy, rollback),
     .given = AT(bool, scenario_deploy, guarded),
     .help = "when more of the new version's attempts fail, every old one comes back"},
    {.path = "autoscale",
     .type = TYPE_LIST,
     .otherwise = "none",
     .max = 100,
     .open = open_autoscales,
     .check = check_autoscale,
     .size = sizeof(struct scenario_autoscale),
     .help = "groups that grow and shrink with their utilization"},
    {.path = "autoscale[].of",
     .type = TYPE_NAME,
     .required = true,
     .offset = AT(const char *, scenario_autoscale, of),
     .help = "the group of backends"},
    {.path = "autoscale[].target",
     .type = TYPE_SHARE,
     .required = true,
     .fallback = "50%",
     .min = 0.01,
     .max = 1,
     .offset = AT(double, scenario_autoscale, target),
     .help = "utilization that it aims at: so many backends as would have it, rounded up"},
    {.path = "autoscale[].min",
     .type = TYPE_COUNT,
     .fallback = "1",
     .min = 1,
     .max = 100000,
     .offset = AT(uint32_t, scenario_autoscale, min),
     .help = "never fewer"},
    {.path = "autoscale[].max",
     .type = TYPE_COUNT,
     .required = true,
     .fallback = "1",
     .min = 1,
     .max = 100000,
     .offset = AT(uint32_t, scenario_autoscale, max),
     .help = "never more"},
    {.path = "autoscale[].every",
     .type = TYPE_TIME,
     .fallback = "15s",
     .min = 1e6,
     .max = LONGEST,
     .offset = AT(lb_time, scenario_autoscale, every),
     .help = "how often it looks, at the mean since the last time"},
    {.path = "autoscale[].start",
     .type = TYPE_TIME,
     .fallback = "0",
     .max = LONGEST,
     .offset = AT(lb_time, scenario_autoscale, start),
     .help = "from the decision until a new backend takes requests"},
    {.path = "autoscale[].cooldown",
     .type = TYPE_TIME,
     .fallback = "5min",
     .max = LONGEST,
     .offset = AT(lb_time, scenario_autoscale, cooldown),
     .help = "how long nothing is taken away after any change"},
    {.path = "autoscale[].drain",
     .type = TYPE_TIME,
     .fallback = "30s",
     .max = LONGEST,
     .offset = AT(lb_time, scenario_autoscale, drain),
     .help = "how long requests in flight may take when a backend goes"},
    {.path = NULL},
};
