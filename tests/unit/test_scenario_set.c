/* What stands on top of a scenario: variants, settings, commands; and what it is known by. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "algorithms/registry.h"
#include "sim/base/units.h"
#include "tests/check.h"
#include "tests/unit/sample_scenario.h"

static void test_variants(void)
{
    struct scenario *s = sample_load_with(sample_large, NULL, 0, "four", NULL);
    CU_ASSERT_STRING_EQUAL(s->variant, "four");
    CU_ASSERT_EQUAL(s->variant_count, 3);
    CU_ASSERT_STRING_EQUAL(s->variants[0], "base");
    CU_ASSERT_STRING_EQUAL(s->variants[2], "other");
    CU_ASSERT_EQUAL(s->backend_count, 5);
    CU_ASSERT_EQUAL(s->action_count, 0); /* its own timeline, empty */
    CU_ASSERT(!s->run.transient);
    CU_ASSERT_EQUAL(s->expect_count, 8); /* the file's and its own */
    CU_ASSERT_STRING_EQUAL(s->expects[7].text, "mean < 1s");
    CU_ASSERT_EQUAL(s->run.seed, 7);
    scenario_destroy(s);

    /* Settings come after the variant's own. */
    const char *set = "backends.web.count=3";
    s = sample_load_with(sample_large, &set, 1, "four", NULL);
    CU_ASSERT_EQUAL(s->backend_count, 4);
    scenario_destroy(s);

    /* Another algorithm does not take over the parameters. */
    s = sample_load_with(sample_large, NULL, 0, "other", NULL);
    CU_ASSERT_STRING_EQUAL(s->balancer.algorithm->name, "random");
    scenario_destroy(s);
}

/* Of a list of balancers the path says whose algorithm it is: its parameters go, others stay. */
static void test_algorithm_of_one(void)
{
    static const char text[] =
        "lbsim: 1\nname: two\nclients: [{name: c, arrivals: poisson(rate=1/s), "
        "requests: [{name: r, work: constant(1ms)}]}]\nbackends: [{name: a, count: 4}]\n"
        "balancers:\n- {name: one, to: two, algorithm: power-of-two, params: {choices: 2}}\n"
        "- {name: two, algorithm: power-of-two, params: {choices: 3}}\nrun: {duration: 1s}\n";
    struct scenario *s = sample_load_set(text, "balancers.two.algorithm=least-connections");
    CU_ASSERT_STRING_EQUAL(s->balancers[1].algorithm->name, "least-connections");
    CU_ASSERT_STRING_EQUAL(s->balancers[0].algorithm->name, "power-of-two");
    CU_ASSERT_DOUBLE_EQUAL(
        s->balancers[0].params[lb_param_find(s->balancers[0].algorithm, "choices")], 2, 0);
    scenario_destroy(s);
    s = sample_load_set(text, "balancers.one.algorithm=round-robin");
    CU_ASSERT_STRING_EQUAL(s->balancers[0].algorithm->name, "round-robin");
    CU_ASSERT_DOUBLE_EQUAL(
        s->balancers[1].params[lb_param_find(s->balancers[1].algorithm, "choices")], 3, 0);
    scenario_destroy(s);
}

static void test_settings(void)
{
    static const char *const sets[] = {
        "clients.\"my robots\".users=9",
        "clients.0.timeout=2s",
        "balancer.params.replacement=yes",
        "clients.browsers.requests.report.work=exponential(mean=9ms)",
        "clients.browsers.requests.page.work.cv=2",
        "balancer.algorithm=power-of-two",
        "expect=[max < 1h]",
        "name=\"a, b\"",
        "timeline.0.at=31s"};
    struct scenario *s =
        sample_load_with(sample_large, sets, sizeof sets / sizeof sets[0], NULL, NULL);
    CU_ASSERT_EQUAL(s->clients[1].users, 9);
    CU_ASSERT_EQUAL(s->clients[0].timeout, 2 * UNITS_S);
    CU_ASSERT_DOUBLE_EQUAL(s->balancer.params[lb_param_find(s->balancer.algorithm, "replacement")],
                           1, 0);
    CU_ASSERT_DOUBLE_EQUAL(s->balancer.params[lb_param_find(s->balancer.algorithm, "choices")], 3,
                           0); /* the same algorithm: its parameters stay */
    CHECK_CLOSE(s->clients[0].classes[1].work.mean, 9e6, 1e-12);
    CHECK_CLOSE(s->clients[0].classes[0].work.scv, 4.0, 1e-9);
    CU_ASSERT_EQUAL(s->expect_count, 1);
    CU_ASSERT_STRING_EQUAL(s->name, "a, b");
    CU_ASSERT_EQUAL(s->timeline[0].at, 31 * UNITS_S);
    CU_ASSERT_PTR_NOT_NULL(strstr(s->settings, "clients.0.timeout=2s\nbalancer.params"));
    scenario_destroy(s);

    s = sample_load_set(sample_large,
                        "clients.browsers.arrivals.rate=50/s"); /* in place of the load */
    CU_ASSERT_DOUBLE_EQUAL(s->clients[0].rate, 50, 0);
    CU_ASSERT_DOUBLE_EQUAL(s->clients[0].load, 0, 0);
    scenario_destroy(s);
    s = sample_load_set(sample_small, "clients.users.arrivals.load=75%");
    CHECK_CLOSE(s->clients[0].rate, 37.5, 1e-12);
    scenario_destroy(s);
    s = sample_load_set(sample_small, "clients.users.requests.all.work=constant(5ms)");
    CU_ASSERT_EQUAL(s->clients[0].classes[0].work.kind, DISTRIBUTION_CONSTANT);
    scenario_destroy(s);
    s = sample_load_set(sample_small, "clients.0.requests.0.work=constant(5ms)");
    scenario_destroy(s);

    /* --algorithm, with parameters that follow it and do not. */
    static const char *const choose[] = {"balancer.params.choices=4"};
    s = sample_load_with(sample_small, choose, 1, NULL, "p2c");
    CU_ASSERT_STRING_EQUAL(s->balancer.algorithm->name, "power-of-two");
    CU_ASSERT_DOUBLE_EQUAL(s->balancer.params[lb_param_find(s->balancer.algorithm, "choices")], 4,
                           0);
    CU_ASSERT_STRING_EQUAL(s->settings, "balancer.params.choices=4\nbalancer.algorithm=p2c\n");
    scenario_destroy(s);
    s = sample_load_with(sample_large, NULL, 0, NULL,
                         "power-of-two"); /* the file's own: parameters stay */
    CU_ASSERT_DOUBLE_EQUAL(s->balancer.params[lb_param_find(s->balancer.algorithm, "choices")], 3,
                           0);
    scenario_destroy(s);
    s = sample_load_with(sample_large, NULL, 0, NULL, "least-connections");
    scenario_destroy(s);
}

/* An entry's name wins over an index; a name may be a number, or have a dot in it. */
static void test_entry_names(void)
{
    static const char text[] = "lbsim: 1\nname: x\n"
                               "clients: [{name: u, arrivals: poisson(rate=1/s), requests: "
                               "[{name: a.b, work: constant(1ms)}]}]\n"
                               "balancer: {algorithm: random}\nrun: {duration: 1s}\n"
                               "backends: [{name: a}, {name: \"0\"}, {name: 3}]\n";
    struct scenario *s = sample_load_set(text, "backends.0.weight=7");
    CU_ASSERT_EQUAL(s->backends[0].weight, 1);
    CU_ASSERT_EQUAL(s->backends[1].weight, 7);
    scenario_destroy(s);
    s = sample_load_set(text, "backends.2.weight=7");
    CU_ASSERT_EQUAL(s->backends[2].weight, 7);
    scenario_destroy(s);
    s = sample_load_set(text, "clients.u.requests.\"a.b\".work=constant(2ms)");
    CHECK_CLOSE(s->clients[0].classes[0].work.mean, 2e6, 1e-12);
    scenario_destroy(s);
}

static void test_hash(void)
{
    struct scenario *a = sample_load(sample_large), *b = sample_load(sample_large),
                    *c = sample_load_set(sample_large, "run.warmup=11s");
    struct scenario *d = sample_load_with(sample_large, NULL, 0, "four", NULL),
                    *e = sample_load(sample_small);
    CU_ASSERT_EQUAL(a->hash, b->hash);
    CU_ASSERT_NOT_EQUAL(a->hash, c->hash);
    CU_ASSERT_NOT_EQUAL(a->hash, d->hash);
    CU_ASSERT_NOT_EQUAL(a->hash, e->hash);
    CU_ASSERT_NOT_EQUAL(c->hash, d->hash);
    scenario_destroy(a);
    scenario_destroy(b);
    scenario_destroy(c);
    scenario_destroy(d);
    scenario_destroy(e);
    struct scenario_request request = {
        .text = sample_small, .text_size = strlen(sample_small), .seed = 9};
    struct text messages;
    int status;
    text_init(&messages);
    request.seed_given = true;
    a = scenario_load(&request, &messages, &status);
    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    CU_ASSERT_EQUAL(a->run.seed, 9);
    CU_ASSERT_STRING_EQUAL(a->settings, "run.seed=9\n");
    scenario_destroy(a);
    text_done(&messages);
    scenario_destroy(NULL);
}

static void test_parse_time(void)
{
    lb_time t = -1;
    struct lb_error error;
    CU_ASSERT_EQUAL(scenario_parse_time("1.5s", &t, &error), 0);
    CU_ASSERT_EQUAL(t, 1500 * UNITS_MS);
    CU_ASSERT_EQUAL(scenario_parse_time("0", &t, &error), 0);
    CU_ASSERT_EQUAL(t, 0);
    static const char *const bad[] = {"", "5", "-1s", "1/s", "5%", "1 s", "s", "1s ", "1e3s"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CU_ASSERT_EQUAL(scenario_parse_time(bad[i], &t, &error), -1);
        CU_ASSERT_EQUAL(error.code, LB_ERROR_INVALID);
    }
    CU_ASSERT_EQUAL(t, 0);
}

static void test_parse_action(void)
{
    struct scenario *s = sample_load(sample_large);
    struct scenario_action a;
    struct lb_error error;
    CU_ASSERT_EQUAL(scenario_parse_action(s, ACTION_KILL, "web2", NULL, &a, &error), 0);
    CU_ASSERT(a.first == 1 && a.count == 1 && a.at == 0 && a.lasts == 0);
    CU_ASSERT_STRING_EQUAL(a.target, "web2");
    CU_ASSERT_EQUAL(scenario_parse_action(s, ACTION_DRAIN, "web", NULL, &a, &error), 0);
    CU_ASSERT(a.first == 0 && a.count == 2 && a.limit == LB_NEVER);
    CU_ASSERT_EQUAL(scenario_parse_action(s, ACTION_WEIGHT, "web1", "3", &a, &error), 0);
    CU_ASSERT_DOUBLE_EQUAL(a.to, 3, 0);
    CU_ASSERT_EQUAL(scenario_parse_action(s, ACTION_RATE, "browsers", "50%", &a, &error), 0);
    CHECK_CLOSE(a.to, s->clients[0].rate / 2, 1e-12);
    CU_ASSERT_EQUAL(scenario_parse_action(s, ACTION_ALGORITHM, "front", "rr", &a, &error), 0);
    CU_ASSERT_STRING_EQUAL(a.algorithm->name, "round-robin");
    static const struct {
        enum action action;
        const char *target, *to, *words;
    } bad[] = {
        {ACTION_KILL, "web3", NULL, "no backend or group is called 'web3'"},
        {ACTION_KILL, "web1", "3", "takes no value"},
        {ACTION_SLOW, "web1", NULL, "slow needs"},
        {ACTION_SLOW, "web1", "0%", "does not fit"},
        {ACTION_SLOW, "web1", "3", "does not fit"},
        {ACTION_WEIGHT, "web1", "1.5", "does not fit"},
        {ACTION_WEIGHT, "web1", "65536", "does not fit"},
        {ACTION_RATE, "my robots", "1/s", "no open client group"},
        {ACTION_RATE, "browsers", "-1/s", "does not fit"},
        {ACTION_ALGORITHM, "front", "nothing", "unknown algorithm"},
        {ACTION_ALGORITHM, "balancer", "random", "no balancer"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CU_ASSERT_EQUAL(
            scenario_parse_action(s, bad[i].action, bad[i].target, bad[i].to, &a, &error), -1);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.text, bad[i].words));
    }
    scenario_destroy(s);
}

/* Writes a file into the folder. */
static void write_file(const char *folder, const char *name, const char *bytes)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(bytes, 1, strlen(bytes), file), strlen(bytes));
    CU_ASSERT_EQUAL(fclose(file), 0);
}

static struct scenario *load_file(const char *path, struct text *messages, int *status)
{
    static const char *const set = "clients.users.requests.all.work=empirical(file=\"work.txt\")";
    struct scenario_request request = {.path = path, .sets = &set, .set_count = 1};
    text_clear(messages);
    return scenario_load(&request, messages, status);
}

/* empirical(file=...) is looked for beside the scenario, and belongs to what it is known by. */
static void test_empirical(void)
{
    char folder[] = "/tmp/test_scenario_XXXXXX", path[300], work[300];
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/s.yaml", folder);
    (void)snprintf(work, sizeof work, "%s/work.txt", folder);
    write_file(folder, "s.yaml", sample_small);
    struct text messages;
    int status;
    text_init(&messages);
    CU_ASSERT_PTR_NULL(load_file(path, &messages, &status));
    CU_ASSERT_EQUAL(status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(messages.data, "work.txt': cannot open: No such file"));

    write_file(folder, "work.txt", "# three\n10ms\n\n 0.02s # longer\r\n30ms");
    struct scenario *a = load_file(path, &messages, &status);
    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    CU_ASSERT_EQUAL(a->clients[0].classes[0].work.kind, DISTRIBUTION_EMPIRICAL);
    CU_ASSERT_EQUAL(a->clients[0].classes[0].work.count, 3);
    CHECK_CLOSE(a->clients[0].classes[0].work.mean, 20e6, 1e-12);
    CU_ASSERT_STRING_EQUAL(a->path, path);
    write_file(folder, "work.txt", "10ms\n20ms\n31ms\n");
    struct scenario *b = load_file(path, &messages, &status);
    CU_ASSERT_PTR_NOT_NULL_FATAL(b);
    CU_ASSERT_NOT_EQUAL(a->hash, b->hash);
    scenario_destroy(a);
    scenario_destroy(b);

    write_file(folder, "work.txt", "10ms\n20\n");
    CU_ASSERT_PTR_NULL(load_file(path, &messages, &status));
    CU_ASSERT_PTR_NOT_NULL(strstr(messages.data, "line 2: '20' is not a duration"));
    write_file(folder, "work.txt", "# nothing\n");
    CU_ASSERT_PTR_NULL(load_file(path, &messages, &status));
    CU_ASSERT_EQUAL(status, 2);
    CU_ASSERT_EQUAL(unlink(work), 0);
    CU_ASSERT_EQUAL(mkdir(work, 0700), 0);
    CU_ASSERT_PTR_NULL(load_file(path, &messages, &status));
    CU_ASSERT_PTR_NOT_NULL(strstr(messages.data, "it is a directory"));
    CU_ASSERT_EQUAL(rmdir(work), 0);
    CU_ASSERT_EQUAL(unlink(path), 0);
    CU_ASSERT_EQUAL(rmdir(folder), 0);
    text_done(&messages);
}

static const struct check_test tests[] = {
    {"variants", test_variants},
    {"settings", test_settings},
    {"algorithm of one balancer", test_algorithm_of_one},
    {"names of entries", test_entry_names},
    {"hash", test_hash},
    {"a time", test_parse_time},
    {"a command", test_parse_action},
    {"work from a file", test_empirical},
};

CHECK_MAIN("scenario set")
