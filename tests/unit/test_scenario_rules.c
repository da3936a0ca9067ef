/* What is refused, and with which words: each rule broken alone, on top of a scenario that is right. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"
#include "tests/unit/sample_scenario.h"

/* Loads and expects to fail; the messages, to be freed. */
static char *refuse(const char *text, size_t size, const char *const *sets, uint32_t count)
{
    struct scenario_request request = {
        .path = "t.yaml", .text = text, .text_size = size, .sets = sets, .set_count = count};
    struct text messages;
    int status;
    text_init(&messages);
    struct scenario *s = scenario_load(&request, &messages, &status);
    CU_ASSERT_PTR_NULL(s);
    CU_ASSERT_EQUAL(status, 2);
    scenario_destroy(s);
    return messages.data == NULL ? text_copy("") : messages.data;
}

static void refuse_set(const char *text, const char *set, const char *words)
{
    char *messages = refuse(text, strlen(text), &set, 1);
    bool fine = strstr(messages, words) != NULL && strstr(messages, "1 error in t.yaml") != NULL;
    if (!fine)
        printf("\n%s: '%s' is not what is said, alone:\n%s", set, words, messages);
    CU_ASSERT(fine);
    free(messages);
}

/* PATH=VALUE on the large sample, and the words of the one error. */
static const struct rule {
    const char *set, *words;
} rules[] = {
    /* types and ranges */
    {"lbsim=2", "lbsim must be 1, not '2'"},
    {"name=\"\"", "name must have 1 to 128 bytes, not 0"},
    {"name=\"a\\eb\"", "name contains a control character"},
    {"name=[a]", "name must be a name, not a list"},
    {"run.seed=-1", "run.seed is -1, outside the range 0 to 2^64 - 1"},
    {"run.seed=18446744073709551616", "outside the range"},
    {"run.seed=0x10", "run.seed must be a whole number, not '0x10'"},
    {"run.seed=1e3", "run.seed must be a whole number"},
    {"run.seed=yes", "run.seed must be a whole number"},
    {"run.replications=0", "run.replications is 0, outside the range 1 to 10000"},
    {"run.replications=1.5", "must be a whole number"},
    {"run.duration=0", "run.duration is 0, outside the range 1ns to 100000h"},
    {"run.duration=nan", "'nan' is not a duration"},
    {"run.duration=2 min", "no space before the unit: write 2min"},
    {"run.duration=5/s", "'5/s' is not a duration"},
    {"run.warmup=", "run.warmup has no value"},
    {"run.warmup=-1s", "outside the range 0 to"},
    {"run.kind=stedy", "did you mean 'steady'?"},
    {"backends.web.speed=0", "outside the range 0.001 to 1000"},
    {"backends.web.speed=50%", "'50%' is not a number"},
    {"backends.web.queue=none", "a whole number or 'unlimited'"},
    {"backends.web.discipline=ps2", "must be fifo, ps, lifo, adaptive-lifo, codel or priority"},
    {"backends.web.discipline=srpt", "this version cannot do 'srpt' yet"},
    {"backends.web.queue_timeout=constant(1s)", "queue_timeout needs a queue: under ps nobody"},
    {"backends.spare.queue_timeout=1s", "'1s' is not a distribution"},
    {"backends.web.controlled_delay.target=1ms", "controlled_delay needs a queue"},
    {"backends.spare.controlled_delay.interval=0", "outside the range 1ns"},
    {"backends.web.codel.target=1ms", "codel goes with discipline: codel"},
    {"backends.web.lifo_above=3", "lifo_above goes with discipline: adaptive-lifo"},
    {"backends.web.contention.sigma=101%", "outside the range 0% to 100%"},
    {"backends.web.cold_start={factor: 0.5, for: 1s}", "outside the range 1 to 1000"},
    {"backends.web.cold_start={factor: 5, for: 1s, curve: steps}", "did you mean 'step'?"},
    {"backends.web.pauses.every=constant(1s)", "backends[0].pauses is missing the key 'lasts'"},
    {"backends.web.failures={mtbf: constant(1s)}", "failures is missing the key 'mttr'"},
    {"balancer.timeouts.connect=-1s", "outside the range 0"},
    {"balancer.timeouts.connext=1s", "did you mean 'connect'?"},
    {"backends.web.contention.alpha=1%", "unknown key 'alpha'"},
    {"clients.browsers.retries.budget=0.1", "write a share in %, as in 30%"},
    {"clients.browsers.retries.jitter=half", "must be none or full, not 'half'"},
    {"network=fast", "network must be a mapping (key: value), not a single value"},
    {"network.client_balancer={a: 1}", "must be a duration, not a mapping"},
    {"backends={web: 1}", "backends must be a list ('- ...'), not a mapping"},
    {"backends.0=3", "backends[0] must be a mapping (key: value), not a single value"},
    /* keys */
    {"balancer.sticky.ttl=1s", "balancer.sticky is missing the key 'by'"},
    {"balancers=[{name: a, algorithm: random}]",
     "the scenario has both 'balancer' and 'balancers'"},
    {"sweep={a: [1]}", "unknown key 'a' in the scenario"},
    {"state={login: 1ms}", "state is missing the key 'store'"},
    {"state={store: memori}", "did you mean 'memory'?"},
    {"clients.browsers.sessions={requests: 3}", "missing the key 'think'"},
    {"clients.browsers.sessions={requests: 0, think: constant(1s)}", "not whole numbers from 1"},
    {"clients.browsers.sessions={requests: 1.5, think: constant(1s)}", "not whole numbers from 1"},
    {"clients.browsers.sessions={requests: exponential(mean=8), think: constant(1s)}",
     "not whole numbers from 1"},
    {"clients.browsers.sessions={requests: geometric(mean=8s), think: constant(1s)}",
     "'8s' is not a number"},
    {"clients.browsers.sessions={requests: 3, think: 1s}", "write constant(1s)"},
    {"clients.1.sessions={requests: 3, think: constant(1s)}", "users and sessions"},
    {"balancer.health.panic=150%", "balancer.health.panic is 150%, outside the range 0% to 100%"},
    {"balancer.count=257", "outside the range 1 to 256"},
    {"balancer.count=many", "balancer.count must be a whole number, not 'many'"},
    {"balancer.to=mian", "did you mean 'main'?"},
    {"balancer.routes=[{path: /a, to: mian}]", "a route leads to pool 'mian'"},
    {"balancer.routes=[{path: /a}]", "balancer.routes[0] is missing the key 'to'"},
    {"balancer.routes=[{pat: /a, to: main}]", "did you mean 'path'?"},
    {"clients.0.via=blancer", "no balancer is called 'blancer'"},
    {"balancer.layer=3", "balancer.layer must be 7 or 4, not '3'"},
    {"balancer.on_down=cut", "balancer has layer 7 and on_down"},
    {"balancer.connection_table={idle: 1s}", "holds each connection by itself and needs no table"},
    {"balancer.tls={terminate: no}", "balancer passes TLS through, and layer 7 reads requests"},
    {"balancer.tls={handshake: 1ms, resume: 50%}", "balancer.tls has 'resume' and no 'resumed'"},
    {"balancer={name: front, count: 1, algorithm: random, layer: 4, header_timeout: 1s}",
     "layer 4 does not know where a request ends"},
    {"balancer={name: front, count: 1, algorithm: random, layer: 4, idle_timeout: 1s}",
     "layer 4 forgets a connection and does not close it"},
    {"balancer={name: front, count: 1, algorithm: random, layer: 4, sticky: {by: cookie}}",
     "layer 4 sees neither cookies nor headers"},
    {"clients.browsers.connections={streams: 3}", "has streams, and http1 one request at a time"},
    {"balancer.view=shared", "shared needs the time between refreshes"},
    {"balancer.view=shard(every=2s)", "did you mean 'shared'?"},
    {"balancer.stiky=1", "did you mean 'sticky'?"},
    {"backends.web.max_conns=3", "write max_in_flight"},
    {"run.duratoin=3s", "did you mean 'duration'?"},
    {"clients.browsers.retries={backoff: none}", "retries is missing the key 'max'"},
    /* paths */
    {"clients.nobody.timeout=1s", "'clients' has no entry 'nobody'"},
    {"clients.2.timeout=1s", "'clients' has no entry '2'"},
    {"backends.wbe.count=1", "did you mean 'web'?"},
    {"run.duration.x=1", "'run.duration' is a single value, it has no 'x'"},
    {"clients.browsers.requests.report.work.0.mean=1", "has no 'mean'"},
    {"clients.browsers.requests.page.work.x.y=1", "has no argument 'x'"},
    {"run.duration", "path=value is expected"},
    {"=1", "path=value is expected"},
    {"run..x=1", "a part of this path is empty"},
    {"run.\"x=1", "path=value is expected"},
    {"expect=[a", "did not find expected ',' or ']'"},
    {"run.duration=\x01", "control characters are not allowed"},
    /* calls */
    {"clients.browsers.arrivals=poison(rate=1/s)", "did you mean 'poisson'?"},
    {"clients.browsers.population.popularity=zipf", "zipf needs s"},
    {"clients.browsers.population.popularity=zipf(s=0)", "s of zipf must be above 0"},
    {"clients.browsers.population.popularity=zipff(s=1)", "did you mean 'zipf'?"},
    {"clients.browsers.population.nat=101%", "outside the range 0% to 100%"},
    {"clients.browsers.population.nat=[60%, 50%]", "sum to 110%, more than 100%"},
    {"clients.browsers.population={nat: [10%, 10%], clients: 2}", "2 clients are too few"},
    {"clients.browsers.population={popularity: zipf(s=1)}", "a popularity and no clients"},
    {"clients.browsers.requests.page.path=report", "'report' is not a path"},
    {"clients.browsers.requests.page.path=/a b", "'/a b' is not a path"},
    {"clients.browsers.requests.page.headers={a b: c}", "'a b' is not the name of a header"},
    {"clients.browsers.requests.page.headers={A: c, a: d}", "'a' is there twice"},
    {"clients.browsers.requests.page.headers=[a]", "must be a mapping"},
    {"clients.browsers.requests.page.priority=16", "outside the range 0 to 15"},
    {"clients.browsers.requests.page.bytes_in=1s", "'1s' is not a size"},
    {"clients.browsers.requests.page.bytes_out=exponential(mean=20ms)", "is not a size"},
    {"clients.browsers.arrivals=bursty(rate=1/s)", "bursty needs low"},
    {"clients.browsers.arrivals=bursty(low=1/s, high=0/s, low_for=1s)", "bursty needs high_for"},
    {"clients.browsers.arrivals=bursty(low=0/s, high=0, low_for=1s, high_for=1s)",
     "nobody ever comes"},
    {"clients.browsers.arrivals=bursty(low=1/s, high=50%, low_for=1s, high_for=1s)",
     "rates and loads in one call"},
    {"clients.browsers.arrivals=bursty(low=1/s, high=2/s, low_for=0, high_for=1s)",
     "low_for of bursty must be above 0"},
    {"clients.browsers.arrivals=bursty(low=1/s, high=2/s, low_for=1ns, high_for=1ns)",
     "more than 100,000,000 times"},
    {"clients.browsers.arrivals=self-exciting(rate=9/s, branching=100%, decay=1s)",
     "branching of self-exciting must be from 0% to 99%"},
    {"clients.browsers.arrivals=self-exciting(branching=10%, decay=1s)", "needs a rate or a load"},
    {"clients.browsers.arrivals=ramp(from=1/s, to=2000000000/s, over=1s)", "must be from 0 to"},
    {"clients.browsers.arrivals=ramp(from=1/s, to=2/s, over=1s, ofer=1s)", "did you mean 'over'?"},
    {"clients.browsers.arrivals=steps(every=1s)", "steps needs rates"},
    {"clients.browsers.arrivals=steps(1/s, 2s, every=1s)", "'2s' is not a rate"},
    {"clients.browsers.arrivals=steps(1/s, x, every=1s)", "'x' needs a name in front"},
    {"clients.browsers.arrivals=steps(1/s, every=1s, repeat=maybe)", "must be yes or no"},
    {"clients.browsers.arrivals=steps(1/s, every=1h, load=5%, rate=1/s)", "rate or load, not both"},
    {"clients.browsers.arrivals=diurnal(amplitude=1%, period=1h)", "needs a rate or a load"},
    {"clients.browsers.arrivals=diurnal(mean=1/s, amplitude=101%, period=1h)",
     "amplitude of diurnal must be from 0% to 100%"},
    {"clients.browsers.arrivals=diurnal(mean=1/s, amplitude=1, period=1h)", "is not a share"},
    {"clients.browsers.arrivals=poisson", "poisson needs a rate or a load"},
    {"clients.browsers.arrivals=poisson(rate=1/s, load=1%)", "rate or load, not both"},
    {"clients.browsers.arrivals=poisson(1/s)", "'1/s' needs a name in front"},
    {"clients.browsers.arrivals=poisson(rate=0/s)", "rate must be above 0"},
    {"clients.browsers.arrivals=poisson(rate=100)", "a unit is missing: write /s, /min or /h"},
    {"clients.browsers.arrivals=poisson(rate=1/s", "the ')' of this '(' is missing"},
    {"clients.browsers.arrivals.raet=1/s", "did you mean 'rate'?"},
    {"clients.browsers.requests.page.work=20ms", "write constant(20ms) or exponential(mean=20ms)"},
    {"clients.browsers.requests.page.work=exp(mean=1ms)", "write exponential"},
    {"clients.browsers.requests.page.work=gama(mean=1ms)", "did you mean 'gamma'?"},
    {"clients.browsers.requests.page.work=gamma(mean=1ms)", "clients[0].requests[0].work: gamma"},
    {"clients.browsers.requests.page.work=erlang(mean=1ms, k=1.5)", "work: erlang"},
    {"clients.browsers.requests.page.work=uniform(min=2ms, max=1ms)", "work: uniform"},
    {"clients.browsers.requests.page.work=mix(50% constant(1ms))", "50%"},
    {"clients.browsers.requests.page.work=mix(constant(1ms))", "a part of a mix has a share"},
    {"clients.browsers.requests.page.work=mix()", "an empty mix"},
    {"clients.browsers.requests.page.work=empirical(file=\"none.txt\")", "No such file"},
    {"clients.browsers.requests.page.work=empirical(3)", "empirical needs a file"},
    {"clients.browsers.retries.backoff=exponential(base=2s, cap=1s)", "the cap is below the base"},
    {"clients.browsers.retries.backoff=exponential(base=2s)", "needs a base and a cap"},
    {"clients.browsers.retries.backoff=constant", "constant takes one duration"},
    {"clients.browsers.retries.backoff=linear(1s)", "unknown back-off"},
    /* clients */
    {"clients.browsers.users=3", "has both 'arrivals' and 'users'"},
    {"clients.1={name: r, users: 2, requests: [{name: x, work: constant(1s)}]}", "no 'think'"},
    {"clients.1={name: r, requests: [{name: x, work: constant(1s)}]}",
     "missing the key 'arrivals'"},
    {"clients.browsers.requests.page.share=70%", "sum to 95%, not 100%"},
    {"clients.browsers.requests.0={name: x, work: constant(1s)}", "is missing the key 'share'"},
    {"clients.browsers.requests=[]", "clients[0].requests is empty"},
    {"clients.browsers.requests.report.name=page", "two classes are called 'page'"},
    {"clients.browsers.requests.page.work=constant(0)", NULL}, /* see test_load */
    /* balancer */
    {"balancer.algorithm=rond-robin", "did you mean 'round-robin'?"},
    {"balancer.params.choice=2", "did you mean 'choices'?"},
    {"balancer.params.choices=1e9", "'1e9' is not a number"},
    {"balancer.params.choices=0", "balancer.params.choices is 0, outside the range"},
    {"balancer.params.replacement=maybe", "must be no or yes, not 'maybe'"},
    {"balancer.params=3", "balancer.params must be a mapping"},
    {"balancer.queue.size=0", "has a timeout, and size 0"},
    {"balancer.retries.when=[refused, refuse]", "did you mean 'refused'?"},
    {"balancer.retries.when=timeouts", "did you mean 'timeout'?"},
    {"balancer.health.active.pace=fixed", "timeout is longer than every"},
    {"balancer.health.like=haproxi", "did you mean 'haproxy'?"},
    {"balancer.health.liek=haproxy", "did you mean 'like'?"},
    {"balancer.health.active.on_error=mark-dwon", "did you mean 'mark-down'?"},
    {"balancer.health.active.observe=layer7", "observe belongs to HAProxy's machine"},
    {"balancer.health.active={fall: 2}", "active is missing the key 'every'"},
    {"balancer.health.active={every: 2s, fastinter: 500ms, timeout: 1s}",
     "timeout is longer than every, fastinter or downinter"},
    {"balancer.health.outlier={limit: envoi}", "did you mean 'envoy'?"},
    {"balancer.health.outlier={max_ejected: 2}", "'2' is not a share"},
    {"balancer.health.outlier={ejection: 30s, max_ejection: 20s}", "max_ejection is shorter"},
    {"balancer.health.outlier={max_ejectd: 5%}", "did you mean 'max_ejected'?"},
    {"balancer.health.slow_start=10", "a unit is missing"},
    {"balancer.zone=a", "no backend is in zone 'a'"},
    {"balancer.subset={rule: ring, size: 2}", "must be sre, ringsteady or random, not 'ring'"},
    {"balancer.subset={rule: sre}", "subset is missing the key 'size'"},
    {"balancer.subset={rule: sre, size: 0}", "outside the range 1 to 100000"},
    {"balancer.priority={overprovisioning: 90%}", "outside the range 100% to 10000%"},
    /* backends */
    {"backends.spare.tier=2", "no backend has tier 1"},
    {"backends.web.tier=1", "no backend has tier 0"},
    {"backends.spare.name=web", "two backends or groups are called 'web'"},
    {"backends.spare={name: web1, tier: 1}", "two backends or groups are called 'web1'"},
    {"backends.web.count=100000", "100001 backends in all, more than 100000"},
    /* timeline */
    {"timeline=none", "timeline must be a list ('- ...'), not a single value"},
    {"timeline.0=5", "timeline[0] must be a mapping"},
    {"timeline=[{at: 20s, kil: web1}]", "did you mean 'kill'?"},
    {"timeline=[{at: 20s}]", "timeline[0] is missing an action"},
    {"timeline=[{kill: web1}]", "timeline[0] is missing the key 'at'"},
    {"timeline=[{at: 20s, kill: web1, hang: web2}]", "two actions, kill and hang"},
    {"timeline=[{at: 20s, kill: web9}]", "no backend or group is called 'web9'"},
    {"timeline=[{at: 20s, isolate: web1, from: web2}]", "no packets go between 'web1' and 'web2'"},
    {"timeline=[{at: 20s, loss: web1, to: 5%, from: web2}]",
     "no packets go between 'web1' and 'web2'"},
    {"timeline=[{at: 20s, loss: web1, to: 5%, from: frant}]", "did you mean 'front1'?"},
    {"timeline=[{at: 20s, kill: web1, from: web2}]", "kill takes no 'from'"},
    {"timeline=[{at: 20s, slow: front, to: 50%}]", "takes no time, so it cannot be slow"},
    {"balancer.name=web", "a balancer and a backend or group are called 'web'"},
    {"balancer.clients=dns", "dns needs the time that resolvers keep an address"},
    {"balancer.redundancy={priorities: [3, 300]}", "'300' is not a whole number from 1 to 254"},
    {"timeline=[{at: 20s, kill: zone a}]", "no backend is in zone 'a'"},
    {"timeline=[{at: 20s, errors: web1}]", "timeline[0] is missing the key 'to'"},
    {"timeline=[{at: 20s, errors: web1, to: 101%}]", "'101%' does not fit errors"},
    {"timeline=[{at: 20s, errors: web1, to: 5%, in: 3}]", "timeline[0].in: '3' is not a duration"},
    {"timeline=[{at: 20s, loss: web1, to: 5%, in: 3ms}]", "loss takes no 'in'"},
    {"timeline=[{at: 20s, flap: web1, up: 3s}]", "timeline[0] is missing the key 'down'"},
    {"timeline=[{at: 20s, flap: web1, up: 0, down: 1s}]", "timeline[0].up must be above 0"},
    {"timeline=[{at: 20s, kill: web1, up: 1s}]", "kill takes no 'up'"},
    {"timeline=[{at: 20s, kill: [web1]}]", "timeline[0].kill must be a name, not a list"},
    {"timeline=[{at: 20s, kill: web1, to: 3}]", "kill takes no 'to'"},
    {"timeline=[{at: 20s, restore: web1, for: 3s}]", "restore takes no 'for'"},
    {"timeline=[{at: 20s, kill: web1, for: 0}]", "timeline[0].for must be above 0"},
    {"timeline=[{at: 20s, slow: web1}]", "timeline[0] is missing the key 'to'"},
    {"timeline=[{at: 20s, slow: web1, to: 3}]", "'3' does not fit slow"},
    {"timeline=[{at: 20s, weight: web1, to: 50%}]", "'50%' does not fit weight"},
    {"timeline=[{at: 20s, rate: my robots, to: 5/s}]", "closed loop: they have no rate"},
    {"timeline=[{at: 20s, rate: nobody, to: 5/s}]", "no clients are called 'nobody'"},
    {"timeline=[{at: 20s, algorithm: x, to: random}]", "no balancer is called 'x'"},
    {"timeline=[{at: 20s, algorithm: front, to: randon}]", "did you mean 'random'?"},
    {"timeline=[{at: 20, kill: web1}]", "timeline[0].at: '20' is not a duration"},
    {"timeline=[{at: 3min, kill: web1}]", "at 3min is after the end of the run, 2min"},
    {"timeline=[{at: 5s, kill: web1}]", "at 5s is inside the warm-up"},
    /* run */
    {"run.warmup=2min", "run.warmup is not shorter than run.duration"},
    {"run={duration: 20000h, sample: 1ms}", "more than 10000000 samples"},
    /* expectations */
    {"expect=[p98 < 1s]", "did you mean 'p90'?"},
    {"expect=[rebalance < 5s]", "rebalance says which backends have come"},
    {"expect=[rebalance of balancer front < 5s]", "'rebalance' is not measured of"},
    {"expect=[rebalance of base < 0.5 x rebalance of base]", "rebalance is not compared"},
    {"expect=[disruption of base < 0.5 x disruption of base]", "disruption is not compared"},
    {"expect=[session.lost < 1]", "did you mean 'sessions.lost'?"},
    {"expect=[p99]", "<, <=, >, >= or = is missing at the end"},
    {"expect=[p99 < 1]", "'1' is not a duration"},
    {"expect=[p99 < 1s too]", "after, before, between or the end is expected, not 'too'"},
    {"expect=[errors = 1%]", "+- and a tolerance is missing"},
    {"expect=[errors < -1%]", "a value that is not negative is expected"},
    {"expect=[failed < 1%]", "failed(CAUSE) is expected"},
    {"expect=[failed(refsued) < 1%]", "did you mean 'refused'?"},
    {"expect=[p99 of class pge < 1s]", "did you mean 'page'?"},
    {"expect=[p99 of clients x < 1s]", "no clients are called 'x'"},
    {"expect=[p99 of backend web3 < 1s]", "no backend or group is called 'web3'"},
    {"expect=[p99 of balancer x < 1s]", "no balancer is called 'x'"},
    {"expect=[picks of class page < 1]", "'picks' is not measured of a class"},
    {"expect=[imbalance of web1 < 1]", "'imbalance' is not measured of a backend"},
    {"expect=[p99 of for < 0.5 x p99 of base]", "no variant is called 'for'"},
    {"expect=[p99 < 0.5 x p99 of base]", "a comparison says of which variant"},
    {"expect=[p99 of four < 0.5 x errors of base]", "measured in different units"},
    {"expect=[p99 < 1s after 2min]", "the window lies after the end of the run"},
    {"expect=[p99 < 1s before 10s]", "the window lies inside the warm-up"},
    {"expect=[p99 < 1s between 30s and 20s]", "the window is empty"},
    {"expect=[p99 < 1s between 30s]", "'and' and a second time is missing"},
    {"expect=p99 < 1s", "expect must be a list ('- ...'), not a single value"},
    /* variants */
    {"variants.four.set={}", "variants cannot be set"},
};

static void test_rules(void)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].words != NULL)
            refuse_set(sample_large, rules[i].set, rules[i].words);
}

/* A load needs work of which there is a mean, above 0. */
static void test_load(void)
{
    refuse_set(sample_small,
               "clients.users={name: users, arrivals: poisson(load=50%), requests: "
               "[{name: x, work: constant(0)}]}",
               "a load cannot be met: the mean work is 0");
    refuse_set(sample_small,
               "clients.users={name: users, arrivals: poisson(load=10000%), "
               "requests: [{name: x, work: constant(1ns)}]}",
               "this load needs 1e+11 arrivals a second");
    refuse_set(sample_small, "backends.web.weight=0", "every backend has weight 0");
    refuse_set(sample_small, "clients.users.name=\"x\\u0085\"", "contains a control character");
    refuse_set(sample_small, "timeline.0.at=5s", "'timeline' is not written: it has no entries");
    refuse_set(sample_small, "clients=[]", "clients is empty");
}

/* All errors at once, in the order of the file; at most twenty written out. */
static void test_many(void)
{
    const char *sets[30];
    char texts[30][24];
    for (int i = 0; i < 30; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "x%d=1", i);
        sets[i] = texts[i];
    }
    char *messages = refuse(sample_small, strlen(sample_small), sets, 30);
    int shown = 0;
    for (const char *at = messages; (at = strstr(at, ": error: ")) != NULL; at++)
        shown++;
    CU_ASSERT_EQUAL(shown, 20);
    CU_ASSERT_PTR_NOT_NULL(strstr(messages, "--set 20: error: unknown key 'x19'"));
    CU_ASSERT_PTR_NULL(strstr(messages, "x20"));
    CU_ASSERT_PTR_NOT_NULL(strstr(messages, "30 errors in t.yaml, the first 20 shown"));
    free(messages);
}

/* A mistake in a variant is found whichever is asked for, and says whose it is. */
static void test_variants(void)
{
    static const struct {
        const char *variants, *words;
    } rows[] = {
        {"{v: {set: {backends.wob.count: 2}}}", "t.yaml:10:31: error: 'backends' has no entry "
                                                "'wob' (in variant 'v')"},
        {"{v: {set: {backends.web.count: 0}}}", "backends[0].count is 0, outside the range 1 to "
                                                "100000 (in variant 'v')"},
        {"{v: {set: {run.duration: 1}}}", "run.duration: '1' is not a duration (in variant 'v')"},
        {"{v: {timeline: [{at: 1s, kill: w}]}}", "no backend or group is called 'w' (in variant"},
        {"{v: {expect: [p99 < 3]}}", "expect[0]: '3' is not a duration (in variant 'v')"},
        {"{v: {set: {a..b: 1}}}", "t.yaml:10:24: error: a part of this path is empty"},
        {"{v: {set: [1]}}", "variants.'v'.set must be a mapping of paths to values"},
        {"{v: {stes: {}}}", "unknown key 'stes' in variants.'v'"},
        {"{base: {}}", "'base' is the file itself"},
        {"{v: 1}", "variants.'v' must be a mapping"},
        {"{v: {set: {balancer.params.ties: none}}}", "balancer.params.ties must be"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text text;
        text_init(&text);
        text_addf(&text, "%svariants: %s\n", sample_small, rows[i].variants);
        char *messages = refuse(text.data, text.size, NULL, 0);
        bool fine = strstr(messages, rows[i].words) != NULL;
        if (!fine)
            printf("\n%s: '%s' is not what is said:\n%s", rows[i].variants, rows[i].words,
                   messages);
        CU_ASSERT(fine);
        free(messages);
        text_done(&text);
    }
}

static const struct check_test tests[] = {
    {"rules", test_rules},
    {"loads and weights", test_load},
    {"many errors", test_many},
    {"mistakes in variants", test_variants},
};

CHECK_MAIN("scenario rules")
