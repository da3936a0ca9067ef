/* See random_scenario.h: the timeline, and what a person does. */
#include "algorithms/registry.h"
#include "tests/unit/random_maker.h"
#include "tests/unit/random_scenario.h"
#include "tests/unit/random_tier.h"

static void target(struct maker *m)
{
    uint32_t g = below(m, m->groups);
    if (m->zone && one_in(m, 4))
        text_addf(m->text, "zone here");
    else if (m->counted[g] && one_in(m, 2))
        text_addf(m->text, "g%u%u", g, 1 + below(m, m->count[g]));
    else
        text_addf(m->text, "g%u", g);
}

static void lasts(struct maker *m)
{
    if (one_in(m, 2)) {
        text_addf(m->text, ", for: ");
        time(m, 30);
    }
}

/* The faults that are more than a name and how long. */
static void fault(struct maker *m, uint32_t kind)
{
    static const char *const names[] = {"pause", "errors", "loss", "isolate", "flap"};
    text_addf(m->text, ", %s: ", names[kind - 10]);
    target(m);
    if (kind == 11 || kind == 12)
        text_addf(m->text, ", to: %u%%", below(m, 101));
    if (kind == 11) {
        text_addf(m->text, ", in: ");
        time(m, 2);
    }
    if (kind == 14) {
        text_addf(m->text, ", up: ");
        time(m, 12);
        text_addf(m->text, ", down: ");
        time(m, 8);
    }
    lasts(m);
}

/* So many of a group from then on; false when it is one backend. */
static bool scale(struct maker *m)
{
    uint32_t g = below(m, m->groups);
    if (!m->counted[g])
        return false;
    text_addf(m->text, ", count: g%u", g);
    number(m, ", to: ", 0, 5);
    if (one_in(m, 2))
        text_addf(m->text, ", limit: %ums", below(m, 20));
    return true;
}

static void when(struct maker *m)
{
    uint32_t from = m->steady ? 0 : m->warmup, room = m->duration - from;
    text_addf(m->text, "  - {at: ");
    if (one_in(m, 4))
        text_addf(m->text, "\"uniform(min=%ums, max=%ums)\"", from, m->duration);
    else
        text_addf(m->text, "%ums", from + below(m, room + 1));
}

void random_action_line(struct maker *m)
{
    when(m);
    static const char *const plain[] = {"kill", "hang", "restore", "drain"};
    uint32_t kind = below(m, 16);
    uint32_t c = below(m, m->clients);
    if (m->store && kind < 4) {
        text_addf(m->text, ", %s: store", kind < 3 ? "kill" : "restore");
        if (kind < 3)
            lasts(m);
    } else if (kind < 6) {
        const char *name = plain[kind < 4 ? kind : kind - 4];
        text_addf(m->text, ", %s: ", name);
        target(m);
        if (name[0] == 'k' || name[0] == 'h')
            lasts(m);
        if (name[0] == 'd' && one_in(m, 2))
            text_addf(m->text, ", limit: %ums", below(m, 20));
    } else if (kind == 6) {
        text_addf(m->text, ", slow: ");
        target(m);
        text_addf(m->text, ", to: %u%%", 1 + below(m, 300));
        lasts(m);
    } else if (kind == 7) {
        text_addf(m->text, ", weight: ");
        target(m);
        text_addf(m->text, ", to: %u", below(m, 4));
    } else if (kind == 15 && scale(m)) {
        /* done */
    } else if (kind >= 10 && kind < 15) {
        fault(m, kind);
    } else if (kind == 8 && !m->closed[c]) {
        text_addf(m->text, ", rate: c%u, to: ", c);
        number(m, "", 0, 300);
        word(m, "%|/s");
        lasts(m);
    } else {
        text_addf(m->text, ", algorithm: balancer, to: %s",
                  lb_registry_at(below(m, lb_registry_count()))->name);
    }
    text_addf(m->text, "}\n");
}

/* An algorithm that the first balancer can have. */
static const struct lb_algorithm *random_fitting(const struct scenario *scenario,
                                                 struct lb_random *random, uint32_t *first)
{
    const struct lb_algorithm *algorithm;
    *first = 0;
    do
        algorithm = lb_registry_at(lb_random_below(random, lb_registry_count()));
    while (!scenario_algorithm_fits(scenario, 0, algorithm));
    return algorithm;
}

/* About anything but balancers as machines. */
static struct scenario_action other_command(const struct scenario *scenario,
                                            struct lb_random *random)
{
    struct scenario_action a = {.limit = LB_NEVER, .count = 1};
    a.first = lb_random_below(random, scenario->backend_count);
    switch (lb_random_below(random, 15)) {
    case 0:
        a.action = ACTION_KILL;
        break;
    case 1:
        a.action = ACTION_HANG;
        break;
    case 2:
    case 3:
        a.action = ACTION_RESTORE;
        break;
    case 4:
        a.action = ACTION_SLOW;
        a.to = (1 + lb_random_below(random, 200)) / 100.0;
        break;
    case 5:
        a.action = ACTION_DRAIN;
        if (lb_random_below(random, 2) == 0)
            a.limit = lb_random_below(random, 20000000);
        break;
    case 6:
        a.action = ACTION_WEIGHT;
        a.to = lb_random_below(random, 4);
        break;
    case 8:
        a.action = ACTION_PAUSE;
        break;
    case 9:
    case 10:
        a.action = lb_random_below(random, 2) == 0 ? ACTION_ERRORS : ACTION_LOSS;
        a.to = lb_random_below(random, 101) / 100.0;
        a.in = lb_random_below(random, 2000000);
        break;
    case 11:
        a.action = ACTION_ISOLATE;
        break;
    case 13:
        a.action = ACTION_COUNT;
        a.first = scenario->groups[scenario->backends[a.first].group].first;
        a.count = scenario->groups[scenario->backends[a.first].group].count;
        a.to = lb_random_below(random, 5);
        a.limit = lb_random_below(random, 20000000);
        break;
    case 12:
        a.action = ACTION_FLAP;
        a.up = 1 + lb_random_below(random, 9000000);
        a.down = 1 + lb_random_below(random, 9000000);
        break;
    case 7:
        a.action = ACTION_RATE;
        a.first = lb_random_below(random, scenario->client_count);
        a.to = scenario->clients[a.first].rate * (1 + lb_random_below(random, 150)) / 100.0;
        if (scenario->clients[a.first].arrivals != ARRIVALS_CLOSED)
            break;
        /* fall through */
    default:
        a.action = ACTION_ALGORITHM;
        a.algorithm = random_fitting(scenario, random, &a.first);
    }
    bool lasts = a.action == ACTION_KILL || a.action == ACTION_HANG || a.action == ACTION_SLOW ||
                 (a.action >= ACTION_PAUSE && a.action != ACTION_COUNT);
    if (lasts && lb_random_below(random, 2) == 0)
        a.lasts = 1 + lb_random_below(random, 30000000);
    return a;
}

struct scenario_action random_command(const struct scenario *scenario, struct lb_random *random)
{
    if (lb_random_below(random, 5) == 0)
        return random_tier_command(scenario, random);
    return other_command(scenario, random);
}
