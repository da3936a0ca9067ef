/*
 * The health machines one by one, fed with stories worked out by hand from what the products do:
 * HAProxy's counter and on-error, Envoy's first check and bad status, Kubernetes and AWS' streaks,
 * the pace of checks, and outlier ejection with its limits, its length and its sweep.
 */
#include <stdio.h>
#include <string.h>

#include "sim/balancer/health.h"
#include "sim/balancer/outlier.h"
#include "sim/scenario/preset.h"
#include "tests/check.h"
#include "tests/unit/scenes.h"

enum { HAPROXY, NGINX, ENVOY, KUBERNETES, AWS };

/* Feeds results ('+' passed, '-' failed, 'x' answered with an error); beliefs after each. */
static void feed(const struct scenario_health *rule, const char *results, const char *beliefs)
{
    struct health health;
    char got[64] = "";
    health_init(&health, rule);
    for (size_t i = 0; results[i] != '\0'; i++) {
        bool before = health.up;
        enum check check = results[i] == '+'   ? CHECK_PASSED
                           : results[i] == 'x' ? CHECK_BAD_STATUS
                                               : CHECK_FAILED;
        bool turned = health_result(&health, rule, check);
        CU_ASSERT(turned == (health.up != before));
        got[i] = health.up ? 'U' : 'd';
    }
    if (strcmp(got, beliefs) != 0)
        printf("\n%s: %s, not %s\n", results, got, beliefs);
    CU_ASSERT(strcmp(got, beliefs) == 0);
}

static void haproxy_counts_in_one_counter(void)
{
    const struct scenario_health *rule = &health_presets[HAPROXY]; /* rise 2, fall 3 */
    feed(rule, "-", "d");                   /* START: the first failed check */
    feed(rule, "+---", "UUUd");             /* from full health: fall of them */
    feed(rule, "+--+--+---", "UUUUUUUUUd"); /* any pass restores full health */
    feed(rule, "-++", "ddU");               /* rise passes */
    feed(rule, "-+-+-++", "ddddddU");       /* any failure starts the count afresh */
    feed(rule, "-++--+", "ddUUUU");         /* up again in full health */
    feed(rule, "-++---", "ddUUUd");
    feed(rule, "+--xx", "UUUdd"); /* a bad status is a failed check like another */
}

static void haproxy_paces(void)
{
    struct scenario_health rule = health_presets[HAPROXY];
    static const char results[] = "+-+---++-+";
    static const int gaps[] = {2, 1, 2, 1, 1, 5, 1, 2, 1, 2}; /* seconds after each */
    struct health health;
    rule.fastinter = 1 * SCENE_S;
    rule.downinter = 5 * SCENE_S;
    health_init(&health, &rule);
    SCENE_EQUAL(health_interval(&health, &rule), SCENE_S); /* START is in between */
    for (int i = 0; results[i] != '\0'; i++) {
        (void)health_result(&health, &rule, results[i] == '+' ? CHECK_PASSED : CHECK_FAILED);
        SCENE_EQUAL(health_interval(&health, &rule), gaps[i] * SCENE_S);
    }
    /* The interval starts at the answer. */
    SCENE_EQUAL(health_next(&health, &rule, 10, 17), 17 + 2 * SCENE_S);
}

/* Ten errors in traffic in full health, and what each on-error makes of them: how many failed
 * checks are then left until it is down. */
static void haproxy_observes(void)
{
    static const int left[] = {[ON_ERROR_FASTINTER] = 3,
                               [ON_ERROR_FAIL_CHECK] = 2,
                               [ON_ERROR_SUDDEN_DEATH] = 1,
                               [ON_ERROR_MARK_DOWN] = 0};
    for (int how = ON_ERROR_FASTINTER; how <= ON_ERROR_MARK_DOWN; how++) {
        struct scenario_health rule = health_presets[HAPROXY];
        struct health health;
        bool sooner;
        rule.observe = OBSERVE_LAYER7;
        rule.on_error = (enum on_error)how;
        health_init(&health, &rule);
        (void)health_result(&health, &rule, CHECK_PASSED); /* full health */
        for (int i = 1; i < 10; i++)
            CU_ASSERT(!health_observe(&health, &rule, LB_END_TIMEOUT, &sooner) && !sooner);
        CU_ASSERT(!health_observe(&health, &rule, LB_END_CANCELLED, &sooner)); /* says nothing */
        bool turned = health_observe(&health, &rule, LB_END_RESET, &sooner);
        CU_ASSERT(sooner && turned == (left[how] == 0));
        int more = 0;
        while (health.up) {
            (void)health_result(&health, &rule, CHECK_FAILED);
            more++;
        }
        SCENE_EQUAL(more, left[how]);
    }
}

/* Layer 4 sees whether a connection came about; an answer in between starts the count afresh. */
static void haproxy_observes_layers(void)
{
    struct scenario_health rule = health_presets[HAPROXY];
    struct health health;
    bool sooner;
    rule.on_error = ON_ERROR_MARK_DOWN;
    rule.error_limit = 3;
    for (int layer = OBSERVE_LAYER4; layer <= OBSERVE_LAYER7; layer++) {
        rule.observe = (enum observe)layer;
        health_init(&health, &rule);
        for (int i = 0; i < 5; i++) {
            (void)health_observe(&health, &rule, LB_END_REFUSED, &sooner);
            (void)health_observe(&health, &rule, LB_END_REFUSED, &sooner);
            (void)health_observe(&health, &rule, LB_END_OK, &sooner);
        }
        CU_ASSERT(health.up);
        for (int i = 0; i < 3; i++)
            (void)health_observe(&health, &rule, LB_END_ERROR, &sooner);
        CU_ASSERT(health.up == (layer == OBSERVE_LAYER4));
        for (int i = 0; i < 3; i++)
            (void)health_observe(&health, &rule, LB_END_REFUSED, &sooner);
        CU_ASSERT(!health.up);
    }
}

/* Checks by streaks, errors in traffic by the counter: each knows what the other has made of it. */
static void streaks_and_errors_agree(void)
{
    struct scenario_health rule = health_presets[KUBERNETES]; /* down after 3, up after 1 */
    struct health health;
    bool sooner;
    rule.observe = OBSERVE_LAYER7;
    rule.on_error = ON_ERROR_MARK_DOWN;
    rule.error_limit = 1;
    health_init(&health, &rule);
    for (int i = 0; i < 3; i++)
        (void)health_result(&health, &rule, CHECK_FAILED);
    CU_ASSERT(!health.up);
    CU_ASSERT(!health_observe(&health, &rule, LB_END_RESET, &sooner) && !health.up);
    CU_ASSERT(health_result(&health, &rule, CHECK_PASSED) && health.up);
    CU_ASSERT(health_observe(&health, &rule, LB_END_RESET, &sooner) && !health.up);
}

static void envoy_has_two_shortcuts(void)
{
    struct scenario_health rule = {.machine = MACHINE_ENVOY, .rise = 2, .fall = 3};
    feed(&rule, "-+", "dd");   /* the first check decides alone */
    feed(&rule, "-++", "ddU"); /* then thresholds */
    feed(&rule, "+---", "UUUd");
    feed(&rule, "+--+--", "UUUUUU");
    feed(&rule, "+x", "Ud"); /* an answer that is an error: at once */
    feed(&rule, "+x+x++", "UddddU");
    rule.rise = rule.fall = 1;
    feed(&rule, "+-+-", "UdUd");
}

static void kubernetes_and_aws_count_streaks(void)
{
    feed(&health_presets[KUBERNETES], "--+---", "UUUUUd");
    feed(&health_presets[KUBERNETES], "---+", "UUdU");
    feed(&health_presets[AWS], "-+--", "UUUd");
    feed(&health_presets[AWS], "--++++-+++++", "UddddddddddU");
    SCENE_EQUAL(health_presets[KUBERNETES].every, 10 * SCENE_S);
    SCENE_EQUAL(health_presets[KUBERNETES].timeout, SCENE_S);
    SCENE_EQUAL(health_presets[AWS].every, 30 * SCENE_S);
    SCENE_EQUAL(health_presets[AWS].timeout, 5 * SCENE_S);
}

static void streaks_have_three_paces(void)
{
    struct scenario_health rule = {
        .rise = 2, .fall = 2, .every = 8, .fastinter = 2, .downinter = 5, .pace = PACE_FIXED};
    static const char results[] = "+--+++-+";
    static const int gaps[] = {8, 2, 5, 2, 8, 8, 2, 8};
    struct health health;
    health_init(&health, &rule);
    for (int i = 0; results[i] != '\0'; i++) {
        (void)health_result(&health, &rule, results[i] == '+' ? CHECK_PASSED : CHECK_FAILED);
        SCENE_EQUAL(health_next(&health, &rule, 100, 101), 100 + gaps[i]);
    }
}

/* --- outlier detection ------------------------------------------------------------------------ */

static struct outlier outlier;
static struct scenario_outlier rule;

static void begin(uint32_t hosts)
{
    rule = health_presets[ENVOY].outlier;
    rule.max_ejected = 1.0;
    outlier_init(&outlier, &rule, hosts, hosts);
}

/* n ends alike; the number of the one that ejected, 0 = none. */
static int answers(uint32_t host, int n, bool good, lb_time now)
{
    for (int i = 1; i <= n; i++)
        if (outlier_result(&outlier, host, good, now))
            return i;
    return 0;
}

static char told[32][80];
static int told_count;

static void tell(void *to, uint32_t host, bool ejected, const char *why)
{
    (void)to;
    (void)snprintf(told[told_count++ % 32], sizeof told[0], "%c%u %s", ejected ? '-' : '+', host,
                   why);
}

static void sweep(lb_time now)
{
    told_count = 0;
    outlier_sweep(&outlier, now, tell, NULL);
}

static void errors_in_a_row_eject_at_once(void)
{
    begin(10);
    SCENE_EQUAL(answers(3, 4, false, 0), 0);
    SCENE_EQUAL(answers(3, 1, true, 0), 0); /* starts afresh */
    SCENE_EQUAL(answers(3, 9, false, 0), 5);
    CU_ASSERT(outlier.hosts[3].ejected && outlier.ejected == 1);
    SCENE_EQUAL(answers(3, 20, false, 0), 0); /* what was in flight does not eject again */
    outlier_done(&outlier);
    begin(10);
    rule.consecutive_errors = 0;
    SCENE_EQUAL(answers(3, 100, false, 0), 0);
    outlier_done(&outlier);
}

/* Of n backends all of which fail, how many go: by rule and share. */
static int gone(uint32_t n, double most, enum ejection_limit limit)
{
    begin(n);
    rule.max_ejected = most;
    rule.limit = limit;
    for (uint32_t i = 0; i < n; i++)
        (void)answers(i, 5, false, 0);
    int ejected = (int)outlier.ejected;
    outlier_done(&outlier);
    return ejected;
}

static void the_limit_depends_on_the_version(void)
{
    /* 100 x (ejected + 1) / 9 is 11 % even for the first */
    SCENE_EQUAL(gone(9, 0.10, EJECTION_ENVOY), 0);
    SCENE_EQUAL(gone(9, 0.10, EJECTION_ONE), 1);
    SCENE_EQUAL(gone(9, 0.10, EJECTION_GRPC), 1);
    SCENE_EQUAL(gone(10, 0.10, EJECTION_ENVOY), 1);
    SCENE_EQUAL(gone(19, 0.10, EJECTION_ENVOY), 1);
    SCENE_EQUAL(gone(19, 0.10, EJECTION_ONE), 1);
    SCENE_EQUAL(gone(19, 0.10, EJECTION_GRPC), 2); /* 1 of 19 is below 10 %: one more */
    SCENE_EQUAL(gone(20, 0.10, EJECTION_ENVOY), 2);
    SCENE_EQUAL(gone(3, 0.50, EJECTION_ENVOY), 1);
    SCENE_EQUAL(gone(3, 0.50, EJECTION_GRPC), 2);
    SCENE_EQUAL(gone(100, 0.29, EJECTION_ENVOY), 29); /* not quite 0.29 in binary */
    SCENE_EQUAL(gone(100, 0.29, EJECTION_GRPC), 29);
    SCENE_EQUAL(gone(4, 1.00, EJECTION_ENVOY), 4);
    SCENE_EQUAL(gone(4, 0.00, EJECTION_ENVOY), 0);
    SCENE_EQUAL(gone(4, 0.00, EJECTION_GRPC), 0);
}

/* Forbidden, and asked again after as many errors. */
static void what_the_limit_forbids_is_tried_again(void)
{
    begin(10);
    rule.max_ejected = 0.10;
    SCENE_EQUAL(answers(0, 5, false, 0), 5);
    SCENE_EQUAL(answers(1, 7, false, 0), 0);
    sweep(30 * SCENE_S);
    CU_ASSERT(!outlier.hosts[0].ejected);
    SCENE_EQUAL(answers(1, 5, false, 31 * SCENE_S), 3); /* the tenth in a row */
    outlier_done(&outlier);
}

/* Base 30 s: sweeps at 10, 20, 30 s; the second time 60 s; a sweep in place takes one off. */
static void ejections_grow_and_shrink(void)
{
    begin(10);
    (void)answers(0, 5, false, 5 * SCENE_S);
    for (int s = 10; s <= 30; s += 10)
        sweep(s * SCENE_S);
    CU_ASSERT(outlier.hosts[0].ejected); /* 25 s so far */
    sweep(40 * SCENE_S);
    CU_ASSERT(!outlier.hosts[0].ejected && told_count == 1 && strstr(told[0], "+0") != NULL);
    SCENE_EQUAL(outlier.hosts[0].multiplier, 1); /* was ejected until now: nothing off */
    (void)answers(0, 5, false, 45 * SCENE_S);
    SCENE_EQUAL(outlier_time(&outlier, 0), 60 * SCENE_S);
    for (int s = 50; s <= 100; s += 10)
        sweep(s * SCENE_S);
    CU_ASSERT(outlier.hosts[0].ejected);
    sweep(110 * SCENE_S);
    CU_ASSERT(!outlier.hosts[0].ejected);
    SCENE_EQUAL(outlier.hosts[0].multiplier, 2);
    sweep(120 * SCENE_S);
    SCENE_EQUAL(outlier.hosts[0].multiplier, 1);
    sweep(130 * SCENE_S);
    sweep(140 * SCENE_S);
    SCENE_EQUAL(outlier.hosts[0].multiplier, 0);
    (void)answers(0, 5, false, 145 * SCENE_S);
    SCENE_EQUAL(outlier_time(&outlier, 0), 30 * SCENE_S);
    outlier_done(&outlier);
}

/* 30 s x k up to 300 s; k itself ends at 11, the first with 30 x k >= 300 + 30. */
static void ejections_have_a_longest(void)
{
    begin(10);
    rule.check_unejects = true;
    for (int k = 1; k <= 20; k++) {
        SCENE_EQUAL(answers(0, 5, false, 0), 5);
        SCENE_EQUAL(outlier_time(&outlier, 0), (k < 10 ? k * 30 : 300) * SCENE_S);
        SCENE_EQUAL(outlier.hosts[0].multiplier, k < 11 ? k : 11);
        CU_ASSERT(outlier_check_passed(&outlier, 0));
        CU_ASSERT(!outlier_check_passed(&outlier, 0)); /* it is back already */
    }
    rule.check_unejects = false;
    (void)answers(0, 5, false, 0);
    CU_ASSERT(!outlier_check_passed(&outlier, 0));
    outlier_done(&outlier);
}

/* Five backends at 100 %, one at 50 %: mean 550/6 = 91.67, deviation 18.63; 91.67 - 1.9 x 18.63 =
 * 56.26, so 50 % goes, and with 60 % (deviation 14.91, limit 65.0) too; at 2.3 deviations none. */
static void success_rates_are_compared(void)
{
    static const struct {
        double factor;
        int good;
        bool goes;
    } cases[] = {{1.9, 50, true}, {1.9, 60, true}, {2.3, 50, false}, {0, 0, false}};
    for (int c = 0; c < 4; c++) {
        begin(6);
        rule.success_rate = cases[c].factor;
        rule.consecutive_errors = 0;
        for (uint32_t i = 0; i < 6; i++) {
            (void)answers(i, i == 2 ? cases[c].good : 100, true, 0);
            (void)answers(i, i == 2 ? 100 - cases[c].good : 0, false, 0);
        }
        sweep(10 * SCENE_S);
        CU_ASSERT(outlier.hosts[2].ejected == cases[c].goes);
        SCENE_EQUAL(outlier.ejected, cases[c].goes);
        if (c == 0)
            CU_ASSERT(strcmp(told[0], "-2 success rate 50 %, below 56.3 %") == 0);
        outlier_done(&outlier);
    }
}

/* 99 requests do not count, and four backends that do are too few. */
static void success_rates_need_hosts_and_volume(void)
{
    for (int few = 0; few < 2; few++) {
        begin(5);
        rule.consecutive_errors = 0;
        rule.success_rate = 1.0;
        for (uint32_t i = 0; i < 5; i++)
            (void)answers(i, i == 1 && few != 0 ? 99 : 100, i != 4, 0);
        sweep(10 * SCENE_S);
        SCENE_EQUAL(outlier.ejected, few == 0);
        sweep(20 * SCENE_S); /* a new interval: nothing was asked in it */
        SCENE_EQUAL(outlier.ejected, few == 0);
        outlier_done(&outlier);
    }
}

/* 85 of 100 failed: Envoy ejects from the threshold on, gRPC above it. */
static void failure_shares(void)
{
    for (int failed = 84; failed <= 86; failed++) {
        for (int grpc = 0; grpc < 2; grpc++) {
            begin(5);
            rule.consecutive_errors = 0;
            rule.success_rate = 0;
            rule.failure_share = 0.85;
            rule.limit = grpc ? EJECTION_GRPC : EJECTION_ENVOY;
            for (uint32_t i = 0; i < 5; i++) {
                (void)answers(i, i == 0 ? failed : 0, false, 0);
                (void)answers(i, i == 0 ? 100 - failed : 50, true, 0);
            }
            sweep(10 * SCENE_S);
            SCENE_EQUAL(outlier.hosts[0].ejected, failed >= 85 + grpc);
            SCENE_EQUAL(outlier.ejected, failed >= 85 + grpc);
            outlier_done(&outlier);
        }
    }
}

static const struct check_test tests[] = {
    {"haproxy: one counter", haproxy_counts_in_one_counter},
    {"haproxy: paces", haproxy_paces},
    {"haproxy: observe", haproxy_observes},
    {"haproxy: layers", haproxy_observes_layers},
    {"streaks and errors agree", streaks_and_errors_agree},
    {"envoy: two shortcuts", envoy_has_two_shortcuts},
    {"kubernetes and aws", kubernetes_and_aws_count_streaks},
    {"streaks: paces", streaks_have_three_paces},
    {"outlier: errors in a row", errors_in_a_row_eject_at_once},
    {"outlier: the limit", the_limit_depends_on_the_version},
    {"outlier: tried again", what_the_limit_forbids_is_tried_again},
    {"outlier: growth", ejections_grow_and_shrink},
    {"outlier: the longest", ejections_have_a_longest},
    {"outlier: success rates", success_rates_are_compared},
    {"outlier: hosts and volume", success_rates_need_hosts_and_volume},
    {"outlier: failure shares", failure_shares},
};

CHECK_MAIN("health")
