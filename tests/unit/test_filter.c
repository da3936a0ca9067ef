/*
 * The filters before the algorithm, through balancer.h and without a model: zone, panic, subset,
 * priority, slow start and ejection, by the rows that are usable and by the picks of round robin.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/balancer/balancer.h"
#include "tests/check.h"
#include "tests/unit/scenes.h"

static struct scenario *scenario;
static struct balancer balancer;
static struct balancer_members members;

static void open_balancer(const char *rules, const char *backends)
{
    struct text text;
    struct stream_key key = {.seed = 1};
    struct lb_error error = {0};
    text_init(&text);
    text_addf(&text,
              "lbsim: 1\nname: t\n"
              "clients: [{name: c, arrivals: uniform(rate=1/s),\n"
              "           requests: [{name: r, work: constant(1ms)}]}]\n"
              "balancer: {algorithm: round-robin, %s}\n"
              "backends: %s\nrun: {duration: 1s}\n",
              rules, backends);
    scenario = scene_load(text.data, text.size);
    text_done(&text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    balancer_members_init(&members, scenario, scenario->balancers);
    CU_ASSERT_EQUAL_FATAL(balancer_init(&balancer, scenario, 0, &members, &key, &error), 0);
}

static void close_balancer(void)
{
    balancer_done(&balancer);
    scenario_destroy(scenario);
}

static void check(uint32_t backend, bool passed, lb_time now)
{
    char why[BALANCER_WHY];
    (void)balancer_check_result(&balancer, backend, passed ? CHECK_PASSED : CHECK_FAILED, why, now);
}

/* One letter a backend: u usable, . not; and the pool's own count of them. */
static void usable(const char *expected)
{
    char got[64] = "";
    uint32_t count = 0, sum = 0;
    for (uint32_t i = 0; i < balancer.backend_count; i++) {
        got[i] = balancer_usable(&balancer, i) ? 'u' : '.';
        count += got[i] == 'u';
    }
    for (uint32_t t = 0; t < balancer.tier_count; t++)
        sum += balancer.tiers[t].pool.usable;
    if (strcmp(got, expected) != 0)
        printf("\n%s, not %s\n", got, expected);
    CU_ASSERT(strcmp(got, expected) == 0);
    SCENE_EQUAL(count, sum);
}

/* Are the next picks these backends, a letter each? */
static void picks(const char *expected)
{
    char got[64] = "";
    for (size_t i = 0; expected[i] != '\0'; i++) {
        struct lb_request request = {0};
        int32_t backend = balancer_pick(&balancer, 0, &request, NULL, 0, 0);
        got[i] = (char)(backend < 0 ? '-' : 'a' + backend);
    }
    if (strcmp(got, expected) != 0)
        printf("\n%s, not %s\n", got, expected);
    CU_ASSERT(strcmp(got, expected) == 0);
}

#define CHECKS "health: {active: {every: 1s, rise: 1, fall: 1}"
#define FIVE   "[{name: a}, {name: b}, {name: c}, {name: d}, {name: e}]"

static void own_zone_first(void)
{
    open_balancer(
        "zone: here, " CHECKS "}",
        "[{name: a, zone: here}, {name: b, zone: there}, {name: c, zone: here}, {name: d}]");
    usable("u.u.");
    picks("acac");
    check(0, false, 0);
    usable("..u.");
    check(2, false, 0); /* nobody left there: all zones */
    usable(".u.u");
    picks("dbdb"); /* round robin goes on behind c */
    check(1, false, 0);
    usable("...u");
    check(0, true, 0);
    usable("u...");
    balancer_drain(&balancer, 0, true, 0);
    usable("...u");
    balancer_drain(&balancer, 0, false, 0);
    balancer_set_weight(&balancer, 0, 0, 0);
    usable("...u");
    close_balancer();
}

/* A tier without anybody in the own zone has spilled over from the start. */
static void zones_go_by_tier(void)
{
    open_balancer("zone: here, " CHECKS "}", "[{name: a, zone: here}, {name: b, zone: there}, "
                                             "{name: c, zone: there, tier: 1}]");
    usable("u.u");
    check(0, false, 0);
    usable(".uu");
    picks("bb");
    check(1, false, 0);
    picks("cc");
    close_balancer();
}

static void panic_uses_all_that_is_not_drained(void)
{
    open_balancer(CHECKS ", panic: 50%}", FIVE);
    check(0, false, 0);
    check(1, false, 0);
    usable("..uuu"); /* 60 % */
    check(2, false, 0);
    usable("uuuuu"); /* 40 % is below 50 */
    picks("abcde");
    SCENE_EQUAL(balancer_belief(&balancer, 0), BELIEF_DOWN); /* used, and not believed in */
    balancer_drain(&balancer, 0, true, 0); /* 2 of the 4 that are left: not below 50 % */
    usable("...uu");
    check(3, false, 0);
    usable(".uuuu");
    balancer_set_weight(&balancer, 1, 0, 0); /* 1 of 3 */
    usable("..uuu");
    check(3, true, 0);
    usable("...uu");
    close_balancer();
}

/* Envoy's rule: no panic while the tiers together bear all the load. */
static void no_panic_while_the_tiers_bear_it(void)
{
    open_balancer(CHECKS ", panic: 50%}", "[{name: a}, {name: b}, {name: c}, {name: d, tier: 1}]");
    check(0, false, 0);
    check(1, false, 0);
    usable("..uu"); /* 33 % + 100 % */
    check(3, false, 0);
    usable("uuuu"); /* 33 % + 0 */
    close_balancer();
    /* With 1.4, 3 of 4 are worth all: a threshold of 80 % is never met by them. Without, it is. */
    open_balancer("priority: {overprovisioning: 140%}, " CHECKS ", panic: 80%}", FIVE);
    check(0, false, 0); /* 80 %: worth 112 */
    usable(".uuuu");
    check(1, false, 0); /* 60 %: worth 84 */
    usable("uuuuu");
    close_balancer();
    open_balancer(CHECKS ", panic: 90%}", FIVE);
    check(0, false, 0);
    usable("uuuuu");
    close_balancer();
}

static void aws_fails_open(void)
{
    open_balancer("health: {like: aws, active: {rise: 1, fall: 1}}", "[{name: a}, {name: b}]");
    check(0, false, 0);
    usable(".u");
    check(1, false, 0);
    usable("uu");
    check(1, true, 0);
    usable(".u");
    close_balancer();
}

static void a_subset_is_all_there_is(void)
{
    static const char *const rules[] = {"sre", "ringsteady", "random"};
    for (int i = 0; i < 3; i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "subset: {rule: %s, size: 3}, %s, panic: 50%%}", rules[i],
                       CHECKS);
        open_balancer(text, "[{name: s, count: 10}]");
        SCENE_EQUAL(balancer.tiers[0].pool.usable, 3);
        bool in[10];
        for (uint32_t b = 0; b < 10; b++) {
            in[b] = balancer_usable(&balancer, b);
            check(b, false, 0); /* even in panic */
        }
        if (i == 1) /* positions 0, 1/2, 1/4, 3/4, 1/8, ... of ten: clockwise from 0 */
            CU_ASSERT(in[0] && in[8] && in[4]);
        for (uint32_t b = 0; b < 10; b++)
            CU_ASSERT(balancer_usable(&balancer, b) == in[b]);
        close_balancer();
    }
    open_balancer("subset: {rule: sre, size: 9}", "[{name: a}, {name: b}]");
    usable("uu");
    close_balancer();
}

/* 2 of 4 usable, 1.4: the first tier is worth 70 %, the second bears the rest. */
static void priorities_share_the_load(void)
{
    open_balancer("priority: {overprovisioning: 140%}, " CHECKS "}",
                  "[{name: a, count: 4}, {name: b, count: 2, tier: 1}]");
    SCENE_EQUAL(balancer.filter.tiers[0].load, 100);
    check(0, false, 0);
    SCENE_EQUAL(balancer.filter.tiers[0].load, 100); /* 75 % x 1.4 */
    check(1, false, 0);
    SCENE_EQUAL(balancer.filter.tiers[0].load, 70);
    SCENE_EQUAL(balancer.filter.tiers[1].load, 100);
    uint32_t first = 0;
    for (int i = 0; i < 10000; i++) {
        struct lb_request request = {0};
        first += balancer_pick(&balancer, 0, &request, NULL, 0, 0) < 4;
    }
    CU_ASSERT(first > 6800 && first < 7200); /* 4.4 standard deviations; the seed is fixed */
    check(4, false, 0);                      /* 70 and 70: the second has room for 30 */
    SCENE_EQUAL(balancer.filter.tiers[0].load, 70);
    check(5, false, 0); /* 70 and 0: all of what there is */
    SCENE_EQUAL(balancer.filter.tiers[0].load, 100);
    check(2, false, 0);
    check(4, true, 0); /* 35 and 70: of 100 */
    SCENE_EQUAL(balancer.filter.tiers[0].load, 35);
    close_balancer();
}

static void slow_start_has_steps(void)
{
    open_balancer(CHECKS ", slow_start: 10s}", "[{name: a}, {name: b}]");
    SCENE_EQUAL(balancer_belief(&balancer, 0), BELIEF_UP); /* not at the start */
    check(0, false, SCENE_S);
    check(0, true, 2 * SCENE_S);
    SCENE_EQUAL(balancer_belief(&balancer, 0), BELIEF_WARMING);
    const struct lb_backend *row = balancer_books(&balancer, 0);
    SCENE_EQUAL(row->warm_since, 2 * SCENE_S);
    SCENE_EQUAL(row->warm_for, 10 * SCENE_S);
    lb_time now = 2 * SCENE_S;
    int steps = 0;
    for (; now < LB_NEVER && steps < 100; steps++) {
        SCENE_EQUAL(now, 2 * SCENE_S + steps * SCENE_S / 2);
        now = balancer_warm_step(&balancer, 0, now);
    }
    SCENE_EQUAL(steps, 21); /* the first sees no warmth, the last all of it */
    SCENE_EQUAL(balancer_belief(&balancer, 0), BELIEF_UP);
    check(1, false, 0);
    check(1, true, 0);
    check(1, false, SCENE_S); /* down again before it is warm */
    SCENE_EQUAL(balancer_belief(&balancer, 1), BELIEF_DOWN);
    SCENE_EQUAL(balancer_warm_step(&balancer, 1, 2 * SCENE_S), LB_NEVER);
    close_balancer();
}

static void ejected_is_a_reason_of_its_own(void)
{
    char why[BALANCER_WHY] = "";
    bool sooner;
    open_balancer(CHECKS ", outlier: {consecutive_errors: 2, check_unejects: yes}}",
                  "[{name: a}, {name: b}]");
    CU_ASSERT(balancer.watched);
    CU_ASSERT(!balancer_watch(&balancer, 0, LB_END_RESET, &sooner, why, 0));
    CU_ASSERT(!balancer_watch(&balancer, 0, LB_END_CANCELLED, &sooner, why, 0));
    CU_ASSERT(balancer_watch(&balancer, 0, LB_END_REFUSED, &sooner, why, 0));
    CU_ASSERT(strcmp(why, "2 errors in a row, for 30s at least") == 0);
    SCENE_EQUAL(balancer_belief(&balancer, 0), BELIEF_EJECTED);
    usable(".u");
    check(0, false, 0);
    SCENE_EQUAL(balancer_belief(&balancer, 0), BELIEF_DOWN);
    check(0, true, 0); /* up by its checks, and that ends the ejection, too */
    SCENE_EQUAL(balancer_belief(&balancer, 0), BELIEF_UP);
    usable("uu");
    close_balancer();
    open_balancer("health: {active: {every: 1s}}", "[{name: a}]");
    CU_ASSERT(!balancer.watched); /* nothing to pay for */
    close_balancer();
}

static const struct check_test tests[] = {
    {"own zone first", own_zone_first},
    {"zones go by tier", zones_go_by_tier},
    {"panic", panic_uses_all_that_is_not_drained},
    {"panic and tiers", no_panic_while_the_tiers_bear_it},
    {"aws fails open", aws_fails_open},
    {"subset", a_subset_is_all_there_is},
    {"priorities", priorities_share_the_load},
    {"slow start", slow_start_has_steps},
    {"ejected", ejected_is_a_reason_of_its_own},
};

CHECK_MAIN("filters")
