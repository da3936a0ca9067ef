/* See random_tier.h. */
#include "tests/unit/random_tier.h"

#include <string.h>

#include "algorithms/registry.h"

static uint32_t below(struct random_tier *t, uint32_t n)
{
    return lb_random_below(&t->random, n);
}

static const char *any(struct random_tier *t, const char *const *words, uint32_t n)
{
    return words[below(t, n)];
}

void random_tier_init(struct random_tier *t, uint64_t seed)
{
    *t = (struct random_tier){0};
    lb_random_seed(&t->random, seed ^ UINT64_C(0x7469657273));
    uint32_t shape = below(t, 6);
    if (shape >= 3)
        t->count = 1 + below(t, 3);
    if (shape == 5)
        t->outer = 1 + below(t, 2);
}

/* Which of several, and what they see of each other. */
static void among_others(struct random_tier *t, uint32_t count, struct text *to)
{
    static const char *const entries[] = {"random", "source", "ecmp", "dns(ttl=20ms)"};
    static const char *const views[] = {"own", "exact", "shared(every=3ms)"};
    text_addf(to, "  count: %u\n  clients: %s\n", count, any(t, entries, 4));
    text_addf(to, "  view: %s\n", any(t, views, 3));
}

/* Whose addresses move, and who notices. */
static void redundancy(struct random_tier *t, uint32_t count, struct text *to)
{
    if (below(t, 3) == 0)
        text_addf(to, "  redundancy: {detect: %ums}\n", below(t, 30));
    else if (count > 1 && below(t, 2) == 0)
        text_addf(to,
                  "  redundancy: {mode: active-%s, advert: 10ms, preempt: %s, sync: %s, "
                  "sync_lag: %ums}\n",
                  below(t, 2) == 0 ? "passive" : "active", below(t, 2) == 0 ? "yes" : "no",
                  below(t, 2) == 0 ? "yes" : "no", below(t, 2) == 0 ? 0 : below(t, 40));
}

static void indent(const struct text *from, struct text *to)
{
    for (const char *line = from->data; *line != '\0';) {
        const char *end = strchr(line, '\n');
        size_t size = end == NULL ? strlen(line) : (size_t)(end - line) + 1;
        text_addf(to, "  %.*s", (int)size, line);
        line += size;
    }
}

void random_tier_section(struct random_tier *t, const struct text *keys, struct text *to)
{
    struct text inner;
    text_init(&inner);
    text_addf(&inner, "%s", keys->data);
    if (t->count > 0)
        among_others(t, t->count, &inner);
    if (t->outer == 0) {
        if (t->count > 0)
            redundancy(t, t->count, &inner);
        text_addf(to, "balancer:\n%s", inner.data);
    } else {
        struct text outer;
        text_init(&outer);
        const struct lb_algorithm *algorithm = lb_registry_at(below(t, lb_registry_count()));
        while ((algorithm->needs &
                (LB_NEED_ORACLE | LB_NEED_WORK | LB_NEED_PROBE | LB_NEED_LOAD)) != 0)
            algorithm = lb_registry_at(below(t, lb_registry_count()));
        text_addf(&outer, "  algorithm: %s\n  to: balancer\n", algorithm->name);
        among_others(t, t->outer, &outer);
        redundancy(t, t->outer, &outer);
        if (below(t, 2) == 0)
            text_addf(&outer,
                      "  health: {active: {every: 5ms, timeout: 2ms, fall: %u, through: "
                      "reserved}}\n",
                      1 + below(t, 2));
        if (below(t, 2) == 0)
            text_addf(&outer, "  retries: {max: %u, when: [refused, reset]}\n", 1 + below(t, 3));
        text_addf(to, "balancers:\n  - name: outer\n");
        indent(&outer, to);
        text_addf(to, "  - name: balancer\n");
        indent(&inner, to);
        text_done(&outer);
    }
    text_done(&inner);
}

static void name(struct random_tier *t, struct text *to)
{
    bool outer = t->outer > 0 && below(t, 2) == 0;
    uint32_t count = outer ? t->outer : t->count;
    text_addf(to, outer ? "outer" : "balancer");
    if (count > 0 && below(t, 3) > 0)
        text_addf(to, "%u", 1 + below(t, count));
}

uint32_t random_tier_actions(struct random_tier *t, uint32_t from, uint32_t until, struct text *to)
{
    static const char *const kinds[] = {"kill",  "kill",    "hang",    "restore",
                                        "drain", "isolate", "isolate", "loss"};
    uint32_t n = below(t, 2) == 0 ? 0 : below(t, 5);
    for (uint32_t i = 0; i < n; i++) {
        const char *kind = any(t, kinds, 8);
        bool loss = kind[0] == 'l', isolate = kind[0] == 'i';
        bool from_balancer = loss || (isolate && below(t, 2) == 0);
        text_addf(to, "  - {at: %ums, %s: ", from + below(t, until - from + 1), kind);
        if (from_balancer) {
            text_addf(to, "g0, from: ");
            name(t, to);
        } else {
            name(t, to);
        }
        if (kind[0] == 'd' && below(t, 2) == 0)
            text_addf(to, ", limit: %ums", below(t, 20));
        if (loss)
            text_addf(to, ", to: %u%%", below(t, 101));
        if (loss || isolate || kind[0] == 'k' || kind[0] == 'h')
            text_addf(to, ", for: %ums", 1 + below(t, 60));
        text_addf(to, "}\n");
    }
    return n;
}

struct scenario_action random_tier_command(const struct scenario *scenario,
                                           struct lb_random *random)
{
    static const enum action kinds[] = {ACTION_KILL,  ACTION_HANG,    ACTION_RESTORE,
                                        ACTION_DRAIN, ACTION_ISOLATE, ACTION_RESTORE};
    struct scenario_action a = {.limit = LB_NEVER, .at_balancers = true, .count = 1};
    a.action = kinds[lb_random_below(random, 6)];
    a.first = lb_random_below(random, scenario->balancer_total);
    if (a.action == ACTION_KILL || a.action == ACTION_HANG || a.action == ACTION_ISOLATE)
        a.lasts = lb_random_below(random, 2) * (1 + lb_random_below(random, 30000000));
    if (a.action == ACTION_DRAIN)
        a.limit = lb_random_below(random, 20000000);
    if (a.action == ACTION_ISOLATE && lb_random_below(random, 2) == 0) {
        uint32_t backend = lb_random_below(random, scenario->backend_count);
        a.from = (struct scenario_machines){false, backend, 1};
        a.from_name = scenario->backends[backend].name;
    }
    return a;
}
