/* The scenario key `sweep`: what it means, and every message about it. */
#include <string.h>

#include "sim/scenario/quantity.h"
#include "tests/check.h"
#include "tests/unit/sample_scenario.h"

static const char base[] = "lbsim: 1\nname: grid\n"
                           "clients: [{name: web, arrivals: poisson(load=50%), requests: "
                           "[{name: all, work: exponential(mean=10ms)}]}]\n"
                           "balancer: {algorithm: random}\n"
                           "backends: [{name: b, count: 2}]\nrun: {duration: 1s}\n";

static struct scenario *load_request(const char *sweep, struct scenario_request request,
                                     struct text *messages)
{
    struct text text;
    int status;
    text_init(&text);
    text_init(messages);
    text_addf(&text, "%s%s", base, sweep);
    request.text = text.data;
    request.text_size = text.size;
    struct scenario *s = scenario_load(&request, messages, &status);
    if (messages->data == NULL)
        text_add(messages, "", 0);
    text_done(&text);
    return s;
}

static void values_are(const char *key, const char *values)
{
    struct text sweep, messages, got;
    text_init(&sweep);
    text_init(&got);
    text_addf(&sweep, "sweep:\n  %s\n", key);
    struct scenario *s = load_request(sweep.data, (struct scenario_request){0}, &messages);
    CU_ASSERT_PTR_NOT_NULL(s);
    if (s != NULL && s->sweep_count > 0)
        for (uint32_t i = 0; i < s->sweeps[0].count; i++)
            text_addf(&got, "%s%s", i > 0 ? " " : "", s->sweeps[0].values[i]);
    if (got.data == NULL || strcmp(got.data, values) != 0)
        fprintf(stderr, "%s gives %s, not %s\n%s\n", key, got.data, values, messages.data);
    CU_ASSERT(got.data != NULL && strcmp(got.data, values) == 0);
    scenario_destroy(s);
    text_done(&sweep);
    text_done(&got);
    text_done(&messages);
}

static void test_values(void)
{
    values_are("clients.web.arrivals.load: [50%, 70%]", "50% 70%");
    values_are("clients.web.arrivals.load: range(50%, 95%, 4)", "50% 65% 80% 95%");
    values_are("clients.web.arrivals.load: range(to=10%, from=50%, steps=3)", "50% 30% 10%");
    values_are("clients.web.arrivals.rate: log(1/s, 1000/s, 4)", "1/s 10/s 100/s 1000/s");
    values_are("clients.web.arrivals.rate: range(10/s, 1200/min, 3)", "10/s 15/s 20/s");
    values_are("clients.web.requests.all.work.mean: range(500us, 2ms, 4)",
               "500us 1000us 1500us 2000us");
    values_are("network.client_balancer: range(0, 10ms, 3)", "0ms 5ms 10ms");
    values_are("backends.b.slots: range(1, 10, 4)", "1 4 7 10");
    values_are("clients.web.requests.all.work.mean: log(1ms, 10ms, 3)", "1ms 3.16227766ms 10ms");
    values_are("clients.web.requests.all.work: [constant(1ms), \"erlang(mean=1ms, k=3)\"]",
               "constant(1ms) erlang(mean=1ms, k=3)");
}

static void test_numbers(void)
{
    struct text messages;
    struct scenario *s = load_request("sweep: {network.client_balancer: [0, 5ms, 1s], "
                                      "balancer.algorithm: [random, round-robin]}\n",
                                      (struct scenario_request){0}, &messages);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT_EQUAL(s->sweep_count, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s->sweeps[0].numbers);
    CU_ASSERT_EQUAL(s->sweeps[0].kind, QUANTITY_TIME);
    CU_ASSERT_EQUAL(s->sweeps[0].numbers[1], 5e6);
    CU_ASSERT_PTR_NULL(s->sweeps[1].numbers);
    scenario_destroy(s);
    text_done(&messages);
}

/* --over and --algorithms: in place of a key, after the others, before the others. */
static void test_over(void)
{
    static const char *const overs[] = {"balancer.algorithm=random,power-of-two",
                                        "backends.b.slots=range(1, 3, 3)",
                                        "clients.web.requests.all.work=constant(1ms),"
                                        "lognormal(mean=1ms, cv=2)"};
    struct text messages;
    struct scenario_request request = {.overs = overs, .over_count = 3, .overs_first = 1};
    struct scenario *s =
        load_request("sweep: {backends.b.slots: [7, 8, 9, 10]}\n", request, &messages);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT_EQUAL(s->sweep_count, 3);
    CU_ASSERT_STRING_EQUAL(s->sweeps[0].path, "balancer.algorithm");
    CU_ASSERT_STRING_EQUAL(s->sweeps[1].path, "backends.b.slots");
    CU_ASSERT_EQUAL(s->sweeps[1].count, 3);
    CU_ASSERT_STRING_EQUAL(s->sweeps[2].values[1], "lognormal(mean=1ms, cv=2)");
    scenario_destroy(s);
    text_done(&messages);
    s = load_request("", request, &messages); /* a file without a grid */
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT_EQUAL(s->sweep_count, 3);
    scenario_destroy(s);
    text_done(&messages);
}

static void test_messages(void)
{
    static const struct {
        const char *sweep;
        int line, column; /* of the first error; 0 = anywhere */
        const char *says[3];
    } rows[] = {
        {"sweep: {}\n", 7, 8, {"sweep is empty"}},
        {"sweep: 3\n", 7, 8, {"must be a mapping"}},
        {"sweep:\n  backends.b.slots: []\n", 8, 21, {"the grid is empty"}},
        {"sweep:\n  backends.b.slts: [1]\n", 8, 14, {"unknown key 'slts'", "'slots'"}},
        {"sweep:\n  backends.c.slots: [1]\n", 8, 12, {"no entry 'c'", "b"}},
        {"sweep:\n  balancer.algoritm: [random]\n", 8, 12, {"algoritm", "'algorithm'"}},
        {"sweep:\n  balancer.algorithm: [random, round-robn]\n",
         8,
         32,
         {"round-robn", "'round-robin'", "a cell of the sweep"}},
        {"sweep:\n  backends.b.slots: [1, 0]\n", 8, 25, {"slots"}},
        {"sweep:\n  backends.b.slots: [1, 2%]\n", 8, 25, {"whole number"}},
        {"sweep:\n  backends.b.slots: range(1, 4, 3)\n", 8, 21, {"2.5", "whole number"}},
        {"sweep:\n  backends.b.slots: [1, 1]\n", 8, 25, {"there twice"}},
        {"sweep:\n  backends.b.slots: [[1]]\n", 8, 22, {"single values"}},
        {"sweep:\n  backends.b.slots: 3\n", 8, 21, {"list of values"}},
        {"sweep:\n  backends.b.slots: range(1, 4)\n", 8, 21, {"three arguments"}},
        {"sweep:\n  backends.b.slots: range(1, 4, 1)\n", 8, 33, {"2 to 10000"}},
        {"sweep:\n  backends.b.slots: range(1, 4ms, 2)\n", 8, 30, {"one kind"}},
        {"sweep:\n  backends.b.slots: range(4, 4, 2)\n", 8, 30, {"the same"}},
        {"sweep:\n  backends.b.slots: log(0, 4, 2)\n", 8, 25, {"above 0"}},
        {"sweep:\n  backends.b.slots: range(a, 4, 2)\n", 8, 27, {"number with a unit"}},
        {"sweep:\n  backends..slots: [1]\n", 8, 12, {"empty"}},
        {"sweep:\n  variants.x: [1]\n", 8, 3, {"cannot be swept"}},
        {"sweep:\n  backends.b.weight: range(1, 1000, 999)\n"
         "  backends.b.slots: range(1, 1000, 999)\n",
         8,
         0,
         {"998001 cells", "100000"}},
        {"sweep:\n  backends.b.slots: \"range(1, 4, 2\"\n", 8, 0, {"')'"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text messages;
        char place[32];
        struct scenario *s = load_request(rows[i].sweep, (struct scenario_request){0}, &messages);
        CU_ASSERT_PTR_NULL(s);
        (void)snprintf(place, sizeof place,
                       rows[i].column > 0 ? ":%d:%d: error" : ":%d:", rows[i].line, rows[i].column);
        bool fine = strstr(messages.data, place) != NULL;
        for (int k = 0; k < 3 && rows[i].says[k] != NULL; k++)
            fine = fine && strstr(messages.data, rows[i].says[k]) != NULL;
        if (!fine)
            fprintf(stderr, "%s -> %s\n", rows[i].sweep, messages.data);
        CU_ASSERT(fine);
        scenario_destroy(s);
        text_done(&messages);
    }
}

static const struct check_test tests[] = {
    {"values", test_values},
    {"numbers", test_numbers},
    {"from the command line", test_over},
    {"messages", test_messages},
};

CHECK_MAIN("sweep key")
