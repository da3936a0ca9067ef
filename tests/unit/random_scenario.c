/* See random_scenario.h. Times are small multiples of a millisecond or odd numbers of nanoseconds:
 * the former meet at the same instant, the latter round. */
#include "tests/unit/random_scenario.h"

#include "algorithms/registry.h"
#include "tests/unit/random_maker.h"
#include "tests/unit/random_tier.h"

#define ACTIONS_MAX  8
#define EXPECTS_MAX  5
#define DURATION_MIN 40 /* ms */

static void backoff(struct maker *m)
{
    if (one_in(m, 3))
        return;
    if (one_in(m, 2)) {
        text_addf(m->text, ", backoff: constant(");
        time(m, 8);
        text_addf(m->text, ")");
    } else {
        uint32_t base = 1 + below(m, 4);
        text_addf(m->text, ", backoff: \"exponential(base=%ums, cap=%ums)\"", base,
                  base + below(m, 20));
    }
    if (one_in(m, 2))
        text_addf(m->text, ", jitter: full");
}

/* A second attempt beside a slow one, of clients or of a balancer. */
static void hedge(struct maker *m, const char *indent)
{
    text_addf(m->text, "%shedge: {after: ", indent);
    time(m, 12);
    number(m, ", max: ", 1, 3);
    text_addf(m->text, ", work: ");
    word(m, "same|fresh");
    if (one_in(m, 2))
        text_addf(m->text, ", budget: %u%%", 1 + below(m, 60));
    text_addf(m->text, "}\n");
}

/* Open arrivals of any kind. */
static void arrivals(struct maker *m, bool load)
{
    static const char *const others[] = {
        "bursty(low=1/s, high=9/s, low_for=7ms, high_for=2ms, ",
        "bursty(low=0/s, high=1/s, low_for=3ms, high_for=3ms, ",
        "self-exciting(branching=70%, decay=2ms, ",
        "ramp(from=10/s, to=100/s, over=30ms, ",
        "ramp(from=1/s, to=0/s, after=5ms, over=60ms, ",
        "steps(1/s, 0/s, 3/s, every=4ms, repeat=yes, ",
        "steps(1/s, 5/s, every=9ms, ",
        "diurnal(amplitude=100%, period=17ms, peak_at=5ms, ",
    };
    bool other = one_in(m, 2);
    text_addf(m->text, other ? "    arrivals: \"" : "    arrivals: ");
    if (other)
        text_addf(m->text, "%s", others[below(m, sizeof others / sizeof others[0])]);
    else
        word(m, "poisson(|uniform(");
    if (load)
        text_addf(m->text, "load=%u%%)", 10 + below(m, 120));
    else
        text_addf(m->text, "rate=%u/s)", (1 + below(m, 20)) * 50);
    text_addf(m->text, other ? "\"\n" : "\n");
}

static void client(struct maker *m, uint32_t i)
{
    text_addf(m->text, "  - name: c%u\n", i);
    bool load = one_in(m, 3); /* needs some work */
    m->closed[i] = one_in(m, 3);
    if (m->closed[i]) {
        text_addf(m->text, "    users: %u\n    think: ", 1 + below(m, 12));
        distribution(m, 10, false);
        text_addf(m->text, "\n");
    } else {
        arrivals(m, load);
        if (one_in(m, 4)) {
            uint32_t length = 1 + below(m, 5);
            text_addf(m->text, "    sessions: {requests: %s%u), think: ",
                      one_in(m, 2) ? "constant(" : "geometric(mean=", length);
            distribution(m, 4, true);
            text_addf(m->text, "%s}\n", one_in(m, 2) ? "" : ", logout: no, expires: 9ms");
        }
    }
    if (one_in(m, 2) || m->back) {
        uint32_t clients = 4 + below(m, 30);
        text_addf(m->text, "    population: {clients: %u%s}\n", clients,
                  one_in(m, 2) ? "" : ", popularity: zipf(s=1), nat: [20%, 40%], no_cookies: 9%");
    }
    random_client_connections(m);
    bool alone = one_in(m, 2);
    text_addf(m->text, "    requests:\n      - {name: a, share: %u%%, work: ", alone ? 100 : 30);
    distribution(m, 6, !m->closed[i] && !load);
    if (!alone) {
        text_addf(m->text, "}\n      - {name: b, share: 70%%, work: ");
        distribution(m, 3, false);
    }
    if (one_in(m, 2))
        number(m, ", priority: ", 0, 8);
    text_addf(m->text, "}\n");
    if (!one_in(m, 3)) {
        text_addf(m->text, "    timeout: ");
        time(m, 25);
        text_addf(m->text, "\n");
    }
    if (one_in(m, 3))
        text_addf(m->text, "    objective: %ums\n", below(m, 20));
    if (one_in(m, 4))
        hedge(m, "    ");
    if (one_in(m, 2)) {
        text_addf(m->text, "    retries: {max: %u", below(m, 4));
        backoff(m);
        if (one_in(m, 2))
            text_addf(m->text, ", budget: %u%%", 1 + below(m, 60));
        text_addf(m->text, "}\n");
    }
}

static void active(struct maker *m, bool haproxy)
{
    uint32_t every = 2 + below(m, 20);
    bool fixed = one_in(m, 2);
    text_addf(m->text, "active: {every: %ums", every);
    number(m, ", rise: ", 1, 3);
    number(m, ", fall: ", 1, 3);
    if (one_in(m, 3)) {
        number(m, ", fastinter: ", 1, every);
        number(m, "ms, downinter: ", 1, every);
        text_addf(m->text, "ms, timeout: %uus", 1 + below(m, fixed ? 1000 : every * 1000));
    } else {
        text_addf(m->text, ", timeout: %uus", 1 + below(m, every * 1000));
    }
    text_addf(m->text, ", pace: %s, through: ", fixed ? "fixed" : "after-result");
    word(m, "queue|reserved");
    if (haproxy && one_in(m, 2)) {
        text_addf(m->text, ", observe: ");
        word(m, "layer4|layer7");
        number(m, ", error_limit: ", 1, 3);
        text_addf(m->text, ", on_error: ");
        word(m, "fastinter|fail-check|sudden-death|mark-down");
    }
    text_addf(m->text, "}");
}

static void outlier(struct maker *m)
{
    text_addf(m->text, ", outlier: {every: %ums, ejection: %ums", 2 + below(m, 20),
              1 + below(m, 30));
    number(m, ", consecutive_errors: ", 0, 4);
    text_addf(m->text, ", max_ejected: %u%%, limit: ", 10 + below(m, 91));
    word(m, "envoy|one|grpc");
    if (one_in(m, 2)) {
        number(m, ", success_rate: 0.", 1, 9);
        number(m, ", success_hosts: ", 1, 3);
        number(m, ", success_volume: ", 1, 3);
    }
    if (one_in(m, 2)) {
        number(m, ", failure_share: ", 1, 100);
        number(m, "%, failure_hosts: ", 1, 3);
        number(m, ", failure_volume: ", 1, 3);
    }
    text_addf(m->text, ", check_unejects: ");
    word(m, "no|yes");
    text_addf(m->text, "}");
}

static void health(struct maker *m)
{
    static const char *const names[] = {"haproxy", "nginx", "envoy", "kubernetes", "aws"};
    uint32_t like = below(m, 10);
    text_addf(m->text, "  health: {");
    if (like < 5)
        text_addf(m->text, "like: %s", names[like]);
    if (like >= 5 || !one_in(m, 4)) {
        text_addf(m->text, "%s", like < 5 ? ", " : "");
        active(m, like == 0);
    }
    if (one_in(m, 2))
        outlier(m);
    if (one_in(m, 3))
        text_addf(m->text, ", panic: %u%%", below(m, 101));
    if (one_in(m, 3)) {
        text_addf(m->text, ", slow_start: ");
        time(m, 30);
    }
    text_addf(m->text, "}\n");
}

static void balancer(struct maker *m)
{
    text_addf(m->text, "  algorithm: %s\n", lb_registry_at(below(m, lb_registry_count()))->name);
    if (one_in(m, 2)) {
        text_addf(m->text, "  queue: {size: %u", 1 + below(m, 12));
        if (one_in(m, 2)) {
            text_addf(m->text, ", timeout: ");
            time(m, 20);
        }
        text_addf(m->text, "}\n");
    }
    if (one_in(m, 2)) {
        text_addf(m->text, "  retries: {max: %u, to: ", below(m, 4));
        word(m, "same|other");
        text_addf(m->text, ", when: ");
        word(m,
             "refused|reset|queue-full|[refused, reset]|[refused, reset, queue-full]|queue-timeout|"
             "[queue-timeout, queue-full, refused]|error|timeout|[connect-timeout, timeout]|"
             "[error, timeout, reset]");
        backoff(m);
        if (one_in(m, 3))
            text_addf(m->text, ", budget: %u%%", 1 + below(m, 60));
        text_addf(m->text, "}\n");
    }
    if (one_in(m, 3)) {
        text_addf(m->text, "  timeouts: {connect: ");
        time(m, 12);
        text_addf(m->text, ", response: ");
        time(m, 25);
        text_addf(m->text, "}\n");
    }
    if (one_in(m, 2))
        health(m);
    if (one_in(m, 4)) {
        text_addf(m->text, "  subset: {rule: ");
        word(m, "sre|ringsteady|random");
        number(m, ", size: ", 1, 4);
        text_addf(m->text, "}\n");
    }
    bool layer4 = random_balancer_connections(m);
    m->zone = one_in(m, 4);
    if (m->zone)
        text_addf(m->text, "  zone: here\n");
    if (one_in(m, 4)) {
        text_addf(m->text, "  capacity: {workers: %u, request: ", 1 + below(m, 2));
        time(m, 2);
        text_addf(m->text, ", connection: %uus", below(m, 900));
        number(m, ", queue: ", 0, 9);
        text_addf(m->text, "}\n");
    }
    if (one_in(m, 3)) {
        text_addf(m->text, "  sticky: {by: ");
        word(m, !layer4 && m->back ? "cookie|source|header" : "source");
        word(m, "|, ttl: 9ms|, size: 3");
        text_addf(m->text, "}\n");
    }
    if (one_in(m, 4))
        text_addf(m->text, "  priority: {overprovisioning: %u%%}\n", 100 + below(m, 200));
    if (!layer4 && one_in(m, 4))
        hedge(m, "  ");
    random_overload(m, layer4);
}

/* What is remembered of users, and whether they are sent where they were. */
static void state(struct maker *m)
{
    static const char *const stores[] = {"memory", "replicated, copies: 2, lag: 3ms", "token",
                                         "external, latency: exponential(mean=1ms), slots: 2",
                                         "external, slots: 1"};
    uint32_t store = below(m, 5);
    m->store = store >= 3;
    text_addf(m->text, "state: {store: %s, login: %ums}\n", stores[store], below(m, 4));
}

/* Deployments and autoscaling of the first group, when it is one. */
static void changes(struct maker *m)
{
    if (!m->counted[0])
        return;
    if (one_in(m, 3)) {
        text_addf(m->text, "deployments:\n  - {of: g0, at: %ums, strategy: ", below(m, 40));
        word(m, m->count[0] > 1
                    ? "rolling|blue-green|canary|canary, rollback: 10%, errors: 60%"
                    : "rolling|rolling, surge: 2|blue-green, rollback: 5%, errors: 90%");
        number(m, ", batch: ", 1, 3);
        number(m, ", hold: ", 0, 30);
        text_addf(m->text, "ms, tell: ");
        word(m, "yes|no");
        text_addf(m->text, ", drain: %ums, start: %ums", below(m, 9), below(m, 9));
        text_addf(m->text, ", ready: %ums}\n", below(m, 9));
    }
    if (one_in(m, 4)) {
        text_addf(m->text, "autoscale:\n  - {of: g0, target: %u%%", 20 + below(m, 60));
        number(m, ", min: ", 1, 2);
        number(m, ", max: ", 2, 4);
        text_addf(m->text, ", every: %ums, cooldown: ", 3 + below(m, 20));
        time(m, 20);
        text_addf(m->text, ", drain: %ums}\n", below(m, 9));
    }
}

static void balancers(struct maker *m, struct random_tier *tier)
{
    struct text keys, *text = m->text;
    text_init(&keys);
    m->text = &keys;
    balancer(m);
    m->text = text;
    random_tier_section(tier, &keys, text);
    text_done(&keys);
}

/* What befalls whom. */
static void timeline(struct maker *m, struct random_tier *tier)
{
    struct text befalls;
    text_init(&befalls);
    uint32_t actions = one_in(m, 4) ? 0 : below(m, ACTIONS_MAX + 1);
    uint32_t more = random_tier_actions(tier, m->steady ? 0 : m->warmup, m->duration, &befalls);
    text_addf(m->text, actions + more > 0 ? "timeline:\n" : "");
    for (uint32_t i = 0; i < actions; i++)
        random_action_line(m);
    text_addf(m->text, "%s", more > 0 ? befalls.data : "");
    text_done(&befalls);
}

static void expect(struct maker *m)
{
    text_addf(m->text, "  - \"");
    if (one_in(m, 2)) {
        word(m, "mean|p99|errors|failed(refused)|goodput|throughput|availability");
        if (one_in(m, 2))
            text_addf(m->text, " of clients c%u", below(m, m->clients));
        else if (one_in(m, 2))
            text_addf(m->text, " of group g%u", below(m, m->groups));
    } else {
        word(m, "picks|utilization|in-flight|queue");
        if (one_in(m, 2))
            text_addf(m->text, " of group g%u", below(m, m->groups));
    }
    uint32_t a = below(m, m->duration), b = (a > m->warmup ? a : m->warmup) + 1 + below(m, 99);
    text_addf(m->text, " >= 0");
    if (one_in(m, 3))
        text_addf(m->text, " after %ums", a);
    else if (one_in(m, 2))
        text_addf(m->text, " before %ums", b);
    else if (one_in(m, 2))
        text_addf(m->text, " between %ums and %ums", a, b);
    text_addf(m->text, "\"\n");
}

static void the_run(struct maker *m, uint64_t seed)
{
    text_addf(m->text, "run: {duration: %ums, warmup: %ums, sample: %ums, seed: %llu", m->duration,
              m->warmup, 1 + below(m, 30), (unsigned long long)seed);
    if (m->steady)
        text_addf(m->text, ", kind: steady");
    if (one_in(m, 2))
        text_addf(m->text, ", settle: %ums", below(m, 100));
    text_addf(m->text, "}\n");
}

void random_scenario(struct text *text, uint64_t seed)
{
    struct maker m = {.text = text};
    lb_random_seed(&m.random, seed);
    m.clients = one_in(&m, 20) ? CLIENTS_MAX + 8 : 1 + below(&m, CLIENTS_MAX);
    m.groups = 1 + below(&m, GROUPS_MAX);
    m.duration = DURATION_MIN + below(&m, 160);
    m.warmup = one_in(&m, 2) ? 0 : below(&m, m.duration / 2);
    m.steady = one_in(&m, 2);
    m.back = one_in(&m, 2);
    text_addf(text, "lbsim: 1\nname: random %llu\nclients:\n", (unsigned long long)seed);
    for (uint32_t i = 0; i < m.clients; i++)
        client(&m, i);
    if (one_in(&m, 2)) {
        text_addf(text, "network: {client_balancer: ");
        time(&m, 3);
        text_addf(text, ", balancer_backend: ");
        time(&m, 3);
        text_addf(text, "}\n");
    } else if (one_in(&m, 2)) {
        text_addf(text, one_in(&m, 2) ? "network: {client_balancer: 1ms}\n"
                                      : "network: {balancer_backend: 1ms}\n");
    }
    if (m.back && one_in(&m, 2))
        state(&m);
    struct random_tier balancer_tier;
    random_tier_init(&balancer_tier, seed);
    balancers(&m, &balancer_tier);
    text_addf(text, "backends:\n");
    uint32_t tier = 0;
    for (uint32_t g = 0; g < m.groups; g++) {
        random_group(&m, g, tier);
        tier += one_in(&m, 3);
    }
    changes(&m);
    timeline(&m, &balancer_tier);
    the_run(&m, seed);
    uint32_t expects = below(&m, EXPECTS_MAX + 1);
    text_addf(text, expects > 0 ? "expect:\n" : "");
    for (uint32_t i = 0; i < expects; i++)
        expect(&m);
}
