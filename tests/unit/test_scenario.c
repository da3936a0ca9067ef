/* Loading a scenario: what the file says, and what it leaves out. */
#include <string.h>

#include "algorithms/registry.h"
#include "sim/base/units.h"
#include "tests/check.h"
#include "tests/unit/sample_scenario.h"

/* Everything that is not written is neutral. */
static void test_defaults(void)
{
    struct scenario *s = sample_load(sample_small);
    const struct scenario_client *client = s->clients;
    CU_ASSERT_STRING_EQUAL(s->about, "");
    CU_ASSERT_STRING_EQUAL(s->variant, "base");
    CU_ASSERT_EQUAL(s->variant_count, 1);
    CU_ASSERT_STRING_EQUAL(s->settings, "");
    CU_ASSERT_STRING_EQUAL(s->source, sample_small);
    CU_ASSERT_EQUAL(client->arrivals, ARRIVALS_POISSON);
    CU_ASSERT_DOUBLE_EQUAL(client->rate, 10, 0);
    CU_ASSERT_DOUBLE_EQUAL(client->load, 0, 0);
    CU_ASSERT_EQUAL(client->population, 0);
    CU_ASSERT_EQUAL(client->timeout, 0);
    CU_ASSERT_EQUAL(client->objective, 0);
    CU_ASSERT_EQUAL(client->retries.max, 0);
    CU_ASSERT_EQUAL(client->retries.backoff, BACKOFF_NONE);
    CU_ASSERT_EQUAL(client->retries.full_jitter, false);
    CU_ASSERT_EQUAL(client->retries.budgeted, false);
    CU_ASSERT_EQUAL(client->class_count, 1);
    CU_ASSERT_DOUBLE_EQUAL(client->classes[0].share, 1, 0);
    CU_ASSERT_DOUBLE_EQUAL(scenario_mean_work(client), 20e6, 1);
    CU_ASSERT_EQUAL(s->client_balancer, 0);
    CU_ASSERT_EQUAL(s->balancer_backend, 0);
    CU_ASSERT_STRING_EQUAL(s->balancer.name, "balancer");
    CU_ASSERT_STRING_EQUAL(s->balancer.algorithm->name, "least-connections");
    for (uint32_t i = 0; i < lb_param_count(s->balancer.algorithm); i++)
        CU_ASSERT_DOUBLE_EQUAL(s->balancer.params[i], s->balancer.algorithm->params[i].value, 0);
    CU_ASSERT_EQUAL(s->balancer.queue_size, SCENARIO_UNLIMITED);
    CU_ASSERT_EQUAL(s->balancer.queue_timeout, 0);
    CU_ASSERT_EQUAL(s->balancer.retries.max, 0);
    CU_ASSERT(!s->balancer.health.active);
    CU_ASSERT_EQUAL(s->backend_count, 1);
    const struct scenario_backend *b = s->backends;
    CU_ASSERT_STRING_EQUAL(b->name, "web"); /* no count: no number */
    CU_ASSERT_EQUAL(b->weight, 1);
    CU_ASSERT_EQUAL(b->slots, 1);
    CU_ASSERT_EQUAL(b->queue, SCENARIO_UNLIMITED);
    CU_ASSERT_EQUAL(b->discipline, DISCIPLINE_FIFO);
    CU_ASSERT_DOUBLE_EQUAL(b->speed, 1, 0);
    CU_ASSERT_EQUAL(b->tier, 0);
    CU_ASSERT(!b->cancel_abandoned);
    CU_ASSERT_EQUAL(b->max_in_flight, 0);
    CU_ASSERT_EQUAL(b->max_fails, 1);
    CU_ASSERT_EQUAL(b->fail_timeout, 10 * UNITS_S);
    CU_ASSERT_EQUAL(s->pools[0].tiers, 1);
    CU_ASSERT_EQUAL(s->action_count + s->expect_count, 0);
    CU_ASSERT(!s->run.transient);
    CU_ASSERT_EQUAL(s->run.duration, 10 * UNITS_S);
    CU_ASSERT_EQUAL(s->run.warmup, 0);
    CU_ASSERT_EQUAL(s->run.settle, 10 * UNITS_S); /* no timeout: the duration */
    CU_ASSERT(!s->run.settle_given);
    CU_ASSERT_EQUAL(s->run.sample, UNITS_S);
    CU_ASSERT_EQUAL(s->run.seed, 1);
    CU_ASSERT_EQUAL(s->run.replications, 20);
    scenario_destroy(s);
}

static void test_clients(void)
{
    struct scenario *s = sample_load(sample_large);
    const struct scenario_client *open = &s->clients[0], *closed = &s->clients[1];
    CU_ASSERT_STRING_EQUAL(s->name, "caf\xc3\xa9");
    CU_ASSERT_EQUAL(s->client_count, 2);
    CU_ASSERT_EQUAL(s->class_total, 3);
    CU_ASSERT_EQUAL(open->arrivals, ARRIVALS_UNIFORM);
    CU_ASSERT_DOUBLE_EQUAL(open->load, 0.5, 0);
    /* rate = load x (slots x speed) / mean work: 2 x 16 x 1.5 + 1, and 30 ms */
    CHECK_CLOSE(scenario_mean_work(open), 30e6, 1e-12);
    CHECK_CLOSE(scenario_capacity(s), 49.0, 1e-12);
    CHECK_CLOSE(open->rate, 0.5 * 49.0 / 0.030, 1e-12);
    CHECK_CLOSE(scenario_offered_load(s), 0.5, 1e-12);
    CU_ASSERT_EQUAL(open->population, 100);
    CU_ASSERT_EQUAL(open->class_first, 0);
    CU_ASSERT_EQUAL(open->classes[0].work.kind, DISTRIBUTION_LOGNORMAL);
    CHECK_CLOSE(open->classes[0].work.scv, 1.44, 1e-9);
    CU_ASSERT_EQUAL(open->timeout, UNITS_S);
    CU_ASSERT_EQUAL(open->objective, 300 * UNITS_MS);
    CU_ASSERT_EQUAL(open->retries.max, 2);
    CU_ASSERT_EQUAL(open->retries.backoff, BACKOFF_EXPONENTIAL);
    CU_ASSERT_EQUAL(open->retries.base, 50 * UNITS_MS);
    CU_ASSERT_EQUAL(open->retries.cap, UNITS_S);
    CU_ASSERT(open->retries.full_jitter);
    CU_ASSERT(open->retries.budgeted);
    CU_ASSERT_DOUBLE_EQUAL(open->retries.budget, 0.1, 0);
    CU_ASSERT_EQUAL(closed->arrivals, ARRIVALS_CLOSED);
    CU_ASSERT_EQUAL(closed->users, 5);
    CU_ASSERT_EQUAL(closed->class_first, 2);
    CU_ASSERT_DOUBLE_EQUAL(closed->rate, 0, 0);
    CU_ASSERT_EQUAL(closed->think.kind, DISTRIBUTION_EXPONENTIAL);
    CU_ASSERT_EQUAL(closed->classes[0].work.kind, DISTRIBUTION_LOGNORMAL); /* by alias */
    CU_ASSERT_EQUAL(closed->retries.backoff, BACKOFF_CONSTANT);
    CU_ASSERT_EQUAL(closed->retries.base, 3 * UNITS_MS);
    CU_ASSERT_EQUAL(s->client_balancer, 5 * UNITS_MS);
    CU_ASSERT_EQUAL(s->balancer_backend, 500 * UNITS_US);
    scenario_destroy(s);
}

static void test_balancer(void)
{
    struct scenario *s = sample_load(sample_large);
    const struct scenario_balancer *lb = &s->balancer;
    CU_ASSERT_STRING_EQUAL(lb->name, "front");
    CU_ASSERT_STRING_EQUAL(lb->algorithm->name, "power-of-two");
    int choices = lb_param_find(lb->algorithm, "choices");
    CU_ASSERT_DOUBLE_EQUAL(lb->params[choices], 3, 0);
    CU_ASSERT_EQUAL(lb->queue_size, 1000);
    CU_ASSERT_EQUAL(lb->queue_timeout, 5 * UNITS_S);
    CU_ASSERT_EQUAL(lb->retries.max, 1);
    CU_ASSERT(!lb->retries.to_other);
    CU_ASSERT_EQUAL(lb->retries.when,
                    1U << LB_END_REFUSED | 1U << LB_END_RESET | 1U << LB_END_QUEUE_FULL);
    CU_ASSERT(lb->health.active);
    CU_ASSERT_EQUAL(lb->health.every, 2 * UNITS_S);
    CU_ASSERT_EQUAL(lb->health.timeout, 3 * UNITS_S);
    CU_ASSERT_EQUAL(lb->health.rise, 4);
    CU_ASSERT_EQUAL(lb->health.fall, 5);
    CU_ASSERT_EQUAL(lb->health.pace, PACE_AFTER_RESULT);
    CU_ASSERT(lb->health.reserved);
    scenario_destroy(s);
    s = sample_load_set(sample_small,
                        "balancer.health.active.every=2s"); /* the rest has defaults */
    CU_ASSERT(s->balancer.health.active);
    CU_ASSERT_EQUAL(s->balancer.health.timeout, 2 * UNITS_S);
    CU_ASSERT_EQUAL(s->balancer.health.rise, 2);
    CU_ASSERT_EQUAL(s->balancer.health.fall, 3);
    CU_ASSERT_EQUAL(s->balancer.health.pace, PACE_FIXED);
    CU_ASSERT(!s->balancer.health.reserved);
    scenario_destroy(s);
    s = sample_load_set(sample_small, "balancer.retries.max=1");
    CU_ASSERT(s->balancer.retries.to_other);
    CU_ASSERT_EQUAL(s->balancer.retries.when, 1U << LB_END_REFUSED);
    scenario_destroy(s);
}

static void test_backends(void)
{
    struct scenario *s = sample_load(sample_large);
    static const char *const names[] = {"web1", "web2", "spare1"};
    CU_ASSERT_EQUAL_FATAL(s->backend_count, 3);
    CU_ASSERT_EQUAL(s->group_count, 2);
    CU_ASSERT_STRING_EQUAL(s->groups[1].name, "spare");
    CU_ASSERT_EQUAL(s->groups[1].first, 2);
    CU_ASSERT_EQUAL(s->groups[1].count, 1);
    for (uint32_t i = 0; i < 3; i++)
        CU_ASSERT_STRING_EQUAL(s->backends[i].name, names[i]);
    CU_ASSERT_EQUAL(s->backends[1].weight, 3);
    CU_ASSERT_EQUAL(s->backends[1].slots, 16);
    CU_ASSERT_EQUAL(s->backends[1].queue, 128);
    CU_ASSERT_EQUAL(s->backends[1].discipline, DISCIPLINE_PS);
    CU_ASSERT_DOUBLE_EQUAL(s->backends[1].speed, 1.5, 0);
    CU_ASSERT_EQUAL(s->backends[2].group, 1);
    CU_ASSERT_EQUAL(s->backends[2].tier, 1);
    CU_ASSERT(s->backends[2].cancel_abandoned);
    CU_ASSERT_EQUAL(s->backends[2].max_in_flight, 7);
    CU_ASSERT_EQUAL(s->backends[2].max_fails, 0);
    CU_ASSERT_EQUAL(s->backends[2].fail_timeout, 3 * UNITS_S);
    CU_ASSERT_EQUAL(s->pools[0].tiers, 2);
    scenario_destroy(s);
}

static void test_timeline(void)
{
    struct scenario *s = sample_load(sample_large);
    CU_ASSERT_EQUAL_FATAL(s->action_count, 8);
    const struct scenario_action *a = s->timeline;
    CU_ASSERT_EQUAL(a[0].action, ACTION_KILL);
    CU_ASSERT_EQUAL(a[0].at, 30 * UNITS_S);
    CU_ASSERT_EQUAL(a[0].first, 1);
    CU_ASSERT_EQUAL(a[0].count, 1);
    CU_ASSERT_EQUAL(a[0].lasts, 5 * UNITS_S);
    CU_ASSERT_STRING_EQUAL(a[0].target, "web2");
    CU_ASSERT(a[1].random);
    CHECK_CLOSE(a[1].when.mean, 60e9, 1e-12);
    CU_ASSERT_EQUAL(a[1].first, 0);
    CU_ASSERT_EQUAL(a[1].count, 2); /* the group is all of it */
    CU_ASSERT_DOUBLE_EQUAL(a[1].to, 0.2, 0);
    CU_ASSERT_EQUAL(a[2].limit, 10 * UNITS_S);
    CU_ASSERT_EQUAL(a[3].limit, LB_NEVER);
    CU_ASSERT_DOUBLE_EQUAL(a[4].to, 9, 0);
    CHECK_CLOSE(a[5].to, 1.5 * s->clients[0].rate, 1e-12); /* a share of the solved rate */
    CU_ASSERT_EQUAL(a[5].lasts, UNITS_S);
    CU_ASSERT_DOUBLE_EQUAL(a[6].to, 600, 0);
    CU_ASSERT_STRING_EQUAL(a[7].algorithm->name, "round-robin");
    CU_ASSERT_STRING_EQUAL(a[7].target, "front");
    CU_ASSERT(s->run.transient);                  /* because there is a timeline */
    CU_ASSERT_EQUAL(s->run.settle, 10 * UNITS_S); /* ten timeouts */
    CU_ASSERT_EQUAL(s->run.seed, UINT64_MAX);
    CU_ASSERT_EQUAL(s->run.sample, 2 * UNITS_S);
    scenario_destroy(s);
}

static void test_expects(void)
{
    struct scenario *s = sample_load(sample_large);
    CU_ASSERT_EQUAL_FATAL(s->expect_count, 7);
    const struct scenario_expect *e = s->expects;
    CU_ASSERT_STRING_EQUAL(e[0].text, "errors < 1%");
    CU_ASSERT_EQUAL(e[0].left.metric, METRIC_ERRORS);
    CU_ASSERT_EQUAL(e[0].compare, COMPARE_LT);
    CU_ASSERT_DOUBLE_EQUAL(e[0].value, 0.01, 0);
    CU_ASSERT(e[0].from == 0 && e[0].until == LB_NEVER);
    CU_ASSERT_EQUAL(e[1].left.metric, METRIC_QUANTILE);
    CU_ASSERT_DOUBLE_EQUAL(e[1].left.quantile, 0.999, 0);
    CU_ASSERT_EQUAL(e[1].left.selector, SELECT_CLASS);
    CU_ASSERT(e[1].left.first == 0 && e[1].left.count == 1);
    CU_ASSERT_EQUAL(e[1].compare, COMPARE_LE);
    CU_ASSERT_DOUBLE_EQUAL(e[1].value, 400e6, 0);
    CU_ASSERT_EQUAL(e[1].from, 70 * UNITS_S);
    CU_ASSERT_EQUAL(e[2].left.metric, METRIC_FAILED);
    CU_ASSERT_EQUAL(e[2].left.cause, CAUSE_QUEUE_FULL);
    CU_ASSERT_EQUAL(e[2].left.selector, SELECT_CLIENTS);
    CU_ASSERT_EQUAL(e[2].left.first, 1);
    CU_ASSERT_EQUAL(e[2].compare, COMPARE_NEAR);
    CU_ASSERT_DOUBLE_EQUAL(e[2].tolerance, 0.005, 0);
    CU_ASSERT_EQUAL(e[3].left.selector, SELECT_BACKENDS);
    CU_ASSERT(e[3].left.first == 0 && e[3].left.count == 2);
    CU_ASSERT(e[3].from == 20 * UNITS_S && e[3].until == 60 * UNITS_S);
    CU_ASSERT_EQUAL(e[4].left.selector, SELECT_BACKENDS); /* of NAME alone */
    CU_ASSERT_EQUAL(e[4].left.first, 2);
    CHECK_CLOSE(e[4].value, 1.0 / 60, 1e-15);
    CU_ASSERT(e[4].from == 0 && e[4].until == 100 * UNITS_S);
    CU_ASSERT_EQUAL(e[5].left.selector, SELECT_ALL); /* the only one: the whole */
    CHECK_CLOSE(e[5].tolerance, 3.0, 1e-12);         /* a share of the value */
    CU_ASSERT(e[6].against);
    CU_ASSERT_DOUBLE_EQUAL(e[6].factor, 0.5, 0);
    CU_ASSERT_STRING_EQUAL(e[6].left.variant, "four");
    CU_ASSERT_STRING_EQUAL(e[6].right.variant, "base");
    CU_ASSERT_EQUAL(metric_unit(METRIC_QUANTILE), UNIT_TIME);
    CU_ASSERT_EQUAL(metric_unit(METRIC_GOODPUT), UNIT_RATE);
    CU_ASSERT_EQUAL(metric_unit(METRIC_AVAILABILITY), UNIT_SHARE);
    CU_ASSERT_EQUAL(metric_unit(METRIC_PICKS), UNIT_COUNT);
    scenario_destroy(s);
}

static const struct check_test tests[] = {
    {"defaults", test_defaults}, {"clients", test_clients},   {"balancer", test_balancer},
    {"backends", test_backends}, {"timeline", test_timeline}, {"expectations", test_expects},
};

CHECK_MAIN("scenario")
