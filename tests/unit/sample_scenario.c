/* See sample_scenario.h. */
#include "tests/unit/sample_scenario.h"

#include <string.h>

#include "tests/check.h"

const char sample_small[] = "lbsim: 1\n"
                            "name: small\n"
                            "clients:\n"
                            "  - name: users\n"
                            "    arrivals: poisson(rate=10/s)\n"
                            "    requests: [{name: all, work: exponential(mean=20ms)}]\n"
                            "backends: [{name: web}]\n"
                            "balancer: {algorithm: least-connections}\n"
                            "run: {duration: 10s}\n";

const char sample_large[] =
    "lbsim: 1\n"
    "name: \"caf\xc3\xa9\"\n"
    "about: two words\n"
    "clients:\n"
    "  - name: browsers\n"
    "    arrivals: uniform(load=50%)\n"
    "    population: {clients: 100}\n"
    "    requests:\n"
    "      - {name: page, share: 75%, work: &w \"lognormal(mean=20ms, cv=1.2)\"}\n"
    "      - {name: report, share: 25%, work: constant(60ms)}\n"
    "    timeout: 1s\n"
    "    objective: 300ms\n"
    "    retries: {max: 2, backoff: \"exponential(base=50ms, cap=1s)\", jitter: full, budget: "
    "10%}\n"
    "  - name: my robots\n"
    "    users: 5\n"
    "    think: exponential(mean=2s)\n"
    "    requests: [{name: call, work: *w}]\n"
    "    retries: {max: 1, backoff: constant(3ms)}\n"
    "network: {client_balancer: 5ms, balancer_backend: 500us}\n"
    "balancer:\n"
    "  name: front\n"
    "  count: 1\n"
    "  layer: 7\n"
    "  view: own\n"
    "  algorithm: power-of-two\n"
    "  params: {choices: 3}\n"
    "  queue: {size: 1000, timeout: 5s}\n"
    "  retries: {max: 1, to: same, when: [refused, reset, queue-full], backoff: constant(1ms)}\n"
    "  health:\n"
    "    active: {every: 2s, timeout: 3s, rise: 4, fall: 5, pace: after-result, through: "
    "reserved}\n"
    "backends:\n"
    "  - {name: web, count: 2, weight: 3, slots: 16, queue: 128, discipline: ps, speed: 1.5}\n"
    "  - {name: spare, count: 1, tier: 1, abandoned: cancel, max_in_flight: 7, max_fails: 0,\n"
    "     fail_timeout: 3s}\n"
    "timeline:\n"
    "  - {at: 30s, kill: web2, for: 5s}\n"
    "  - {at: exponential(mean=1min), slow: web, to: 20%}\n"
    "  - {at: 40s, drain: web, limit: 10s}\n"
    "  - {at: 41s, drain: spare1}\n"
    "  - {at: 42s, weight: web1, to: 9}\n"
    "  - {at: 43s, rate: browsers, to: 150%, for: 1s}\n"
    "  - {at: 44s, rate: browsers, to: 600/s}\n"
    "  - {at: 45s, algorithm: front, to: round-robin}\n"
    "run: {duration: 2min, warmup: 10s, seed: 18446744073709551615, replications: 5, sample: 2s}\n"
    "expect:\n"
    "  - errors < 1%\n"
    "  - p99.9 of class page <= 400ms after 70s\n"
    "  - failed(queue full) of clients \"my robots\" = 2% +- 0.5%\n"
    "  - picks of group web > 10 between 20s and 1min\n"
    "  - goodput of spare1 >= 1/min before 100s\n"
    "  - throughput of balancer front = 100/s +- 3%\n"
    "  - p99 of four < 0.5 x p99 of base\n"
    "variants:\n"
    "  four: {set: {backends.web.count: 4, run.seed: 7}, timeline: [], expect: [mean < 1s]}\n"
    "  other: {set: {balancer.algorithm: random}}\n";

/* Loads text with settings; prints the messages when it fails and should not. */
struct scenario *sample_load_with(const char *text, const char *const *sets, uint32_t count,
                                  const char *variant, const char *algorithm)
{
    struct scenario_request request = {.text = text,
                                       .text_size = strlen(text),
                                       .sets = sets,
                                       .set_count = count,
                                       .variant = variant,
                                       .algorithm = algorithm};
    struct text messages;
    int status;
    text_init(&messages);
    struct scenario *s = scenario_load(&request, &messages, &status);
    if (s == NULL)
        printf("\n%s\n", messages.data);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_EQUAL(messages.size, 0);
    text_done(&messages);
    return s;
}

struct scenario *sample_load(const char *text)
{
    return sample_load_with(text, NULL, 0, NULL, NULL);
}

struct scenario *sample_load_set(const char *text, const char *set)
{
    return sample_load_with(text, &set, 1, NULL, NULL);
}
