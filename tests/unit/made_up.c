/* See made_up.h. */
#include "tests/unit/made_up.h"

#include <stdlib.h>

#include "algorithms/random.h"
#include "sim/base/text.h"
#include "sim/base/units.h"

static const char *const choices[] = {"yes, twice", "no", NULL};
static const struct lb_param params[] = {
    {.name = "ties", .unit = "", .value = 0, .max = 1, .help = "", .choices = choices},
    {.name = NULL},
};
static const struct lb_algorithm algorithm = {
    .abi = LB_ABI, .name = "made-up", .params = params, .needs = LB_NEED_ORACLE};

static void make_clients(struct made_up *m)
{
    static const char *const names[] = {"page", "report", "call"};
    for (int i = 0; i < 3; i++) {
        m->classes[i].name = names[i];
        m->classes[i].share = i == 0 ? 0.75 : i == 1 ? 0.25 : 1.0;
    }
    m->clients[0] = (struct scenario_client){.name = "browsers",
                                             .classes = &m->classes[0],
                                             .class_count = 2,
                                             .timeout = UNITS_S,
                                             .objective = 300 * UNITS_MS};
    m->clients[1] = (struct scenario_client){
        .name = "machines", .classes = &m->classes[2], .class_count = 1, .class_first = 2};
    m->scenario.clients = m->clients;
    m->scenario.client_count = 2;
    m->scenario.class_total = 3;
}

static void make_backends(struct made_up *m, uint32_t count)
{
    m->groups[0] = (struct scenario_group){.name = "web", .first = 0, .count = count / 2};
    m->groups[1] =
        (struct scenario_group){.name = "app", .first = count / 2, .count = count - count / 2};
    m->backends = text_need_zero(count, sizeof *m->backends);
    m->rows = text_need_zero(count, sizeof *m->rows);
    m->summary_backends = text_need_zero(count, sizeof *m->summary_backends);
    m->names = text_need_zero(count, sizeof *m->names);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t group = i < count / 2 ? 0 : 1;
        snprintf(m->names[i], sizeof m->names[i], "%s%u", m->groups[group].name, i + 1);
        m->backends[i] = (struct scenario_backend){
            .name = m->names[i], .group = group, .weight = 1 + i % 3, .slots = 4, .speed = 1.0};
        m->rows[i] = (struct sample_backend){.name = m->names[i],
                                             .belief = BELIEF_UP,
                                             .truth = TRUTH_OK,
                                             .weight = 1 + i % 3,
                                             .slots = 4};
        m->summary_backends[i] = (struct summary_backend){
            .name = m->names[i], .group = group, .weight = 1 + i % 3, .utilization = 0.5};
    }
    m->scenario.groups = m->groups;
    m->scenario.group_count = 2;
    m->scenario.backends = m->backends;
    m->scenario.backend_count = count;
}

void made_up_init(struct made_up *m, uint32_t backends, uint32_t seconds, uint64_t seed)
{
    static char path[] = "made-up.yaml", source[] = "lbsim: 1\n", settings[] = "";
    *m = (struct made_up){.random = seed, .seconds = seconds};
    make_clients(m);
    make_backends(m, backends);
    m->scenario.path = path;
    m->scenario.source = source;
    m->scenario.settings = settings;
    m->scenario.hash = UINT64_C(0x8123456789abcdef);
    m->scenario.name = "made up";
    m->scenario.about = "no simulator was needed";
    m->scenario.variant = "base";
    m->scenario.balancer.name = "balancer";
    m->scenario.balancer.algorithm = &algorithm;
    m->scenario.balancer.count = 1;
    m->scenario.balancer.to = -1;
    m->scenario.balancers = &m->scenario.balancer;
    m->scenario.balancer_count = m->scenario.balancer_total = 1;
    m->scenario.balancer_names = &m->scenario.balancer.name;
    m->scenario.pools = &m->pool;
    m->scenario.pool_count = 1;
    m->pool = (struct scenario_pool){.name = "main", .tiers = 1};
    m->scenario.balancer.params = m->params;
    m->scenario.run = (struct scenario_run){.transient = true,
                                            .duration = seconds * UNITS_S,
                                            .warmup = UNITS_S,
                                            .sample = UNITS_S,
                                            .seed = seed};
    m->summary = (struct summary){.scenario = &m->scenario,
                                  .algorithm = algorithm.name,
                                  .seed = seed,
                                  .digest = lb_splitmix64(&seed),
                                  .simulated_s = seconds - 1.0,
                                  .wall_s = 0.25,
                                  .events = 12345,
                                  .classes = m->summary_classes,
                                  .class_count = 3,
                                  .backends = m->summary_backends,
                                  .backend_count = backends,
                                  .expects = m->expects,
                                  .expect_count = 2};
    m->expects[0] = (struct summary_expect){
        .text = "p99 < 400ms", .holds = true, .known = true, .value = 1.5e8, .unit = UNIT_TIME};
    m->expects[1] = (struct summary_expect){.text = "p50 of class page < 1ms after 70s"};
    histogram_init(&m->summary.latency);
    histogram_init(&m->summary.response);
    for (int c = 0; c < 3; c++) {
        m->summary_classes[c].client = c < 2 ? "browsers" : "machines";
        m->summary_classes[c].name = m->classes[c].name;
        histogram_init(&m->summary_classes[c].latency);
    }
}

void made_up_done(struct made_up *m)
{
    free(m->backends);
    free(m->rows);
    free(m->summary_backends);
    free(m->names);
}

/* Spread over five decades, so that whole numbers, narrow and wide buckets all occur. */
static lb_time draw_latency(struct made_up *m)
{
    uint64_t bits = lb_splitmix64(&m->random);
    lb_time value = (lb_time)(bits % 1000);
    for (uint64_t decade = (bits >> 32) % 6; decade > 0; decade--)
        value = value * 10 + (lb_time)(bits >> 40) % 10;
    return value;
}

static void count_one(struct summary_counts *to, int cause)
{
    to->arrived++;
    to->attempts++;
    if (cause < 0) {
        to->ok++;
        to->good++;
    } else {
        to->failed++;
        to->cause[cause]++;
    }
}

/* The requests of one class that ended in one second in one way. */
static void play_bucket(struct made_up *m, const struct observer *observer, uint32_t second,
                        uint32_t class, int cause, uint32_t requests)
{
    static const uint32_t client_of[] = {0, 0, 1}, class_of[] = {0, 1, 0};
    struct histogram *h = text_need(sizeof *h);
    histogram_init(h);
    for (uint32_t i = 0; i < requests; i++) {
        lb_time latency = draw_latency(m);
        histogram_add(h, latency);
        count_one(&m->summary.counts, cause);
        count_one(&m->summary_classes[class].counts, cause);
        if (cause < 0) {
            histogram_add(&m->summary_classes[class].latency, latency);
            histogram_add(&m->summary.latency, latency);
            histogram_add(&m->summary.response, latency / 2);
        }
        struct summary_backend *b =
            &m->summary_backends[(uint64_t)latency % m->scenario.backend_count];
        b->picks++;
    }
    struct bucket bucket = {.from = second * UNITS_S,
                            .until = (second + 1) * UNITS_S,
                            .client = client_of[class],
                            .class = class_of[class],
                            .cause = cause,
                            .latency = h};
    if (requests > 0)
        observer->on_bucket(observer->self, &bucket);
    free(h);
}

static void play_sample(struct made_up *m, const struct observer *observer, uint32_t second)
{
    for (uint32_t i = 0; i < m->scenario.backend_count; i++) {
        m->rows[i].busy = (i + second) % 5;
        m->rows[i].queue = i;
        m->rows[i].in_flight = m->rows[i].busy + i;
        m->rows[i].utilization = (i % 4) / 3.0;
        m->rows[i].picks += i;
    }
    struct sample sample = {.at = (second + 1) * UNITS_S,
                            .interval = UNITS_S,
                            .arrived = m->summary.counts.arrived + 17,
                            .ok = m->summary.counts.ok,
                            .failed = m->summary.counts.failed,
                            .in_flight = 17,
                            .latency = NULL,
                            .backends = m->rows,
                            .backend_count = m->scenario.backend_count};
    if (observer->on_sample != NULL)
        observer->on_sample(observer->self, &sample);
}

static void play_event(struct made_up *m, const struct observer *observer, lb_time at,
                       enum happening_kind kind, enum action action, enum belief to)
{
    struct happening h = {.at = at,
                          .kind = kind,
                          .backend = 1,
                          .action = action,
                          .from = m->rows[1].belief,
                          .to = to,
                          .truth = m->rows[1].truth,
                          .what = kind == HAPPENING_COMMAND ? action_name(action) : NULL,
                          .target = m->names[1],
                          .text = "because a test said so"};
    m->rows[1].belief = to;
    observer->on_happening(observer->self, &h);
}

void made_up_play(struct made_up *m, const struct observer *observer)
{
    for (uint32_t second = 0; second < m->seconds; second++) {
        if (second == m->seconds / 3) {
            m->rows[1].truth = TRUTH_DOWN;
            play_event(m, observer, second * UNITS_S, HAPPENING_COMMAND, ACTION_KILL, BELIEF_UP);
            play_event(m, observer, second * UNITS_S + 5, HAPPENING_BELIEF, ACTIONS, BELIEF_DOWN);
        }
        if (second == 2 * m->seconds / 3) {
            m->rows[1].truth = TRUTH_OK;
            play_event(m, observer, second * UNITS_S, HAPPENING_COMMAND, ACTION_RESTORE,
                       BELIEF_DOWN);
            play_event(m, observer, second * UNITS_S + 5, HAPPENING_BELIEF, ACTIONS, BELIEF_UP);
        }
        for (uint32_t class = 0; second > 0 && class < 3; class ++) {
            play_bucket(m, observer, second, class, -1, second * 7 % 40 * (class + 1));
            play_bucket(m, observer, second, class, CAUSE_RESPONSE_TIMEOUT, second % 3);
        }
        play_sample(m, observer, second);
    }
    double done = (double)(m->summary.counts.ok + m->summary.counts.failed);
    m->summary.throughput = done / m->summary.simulated_s;
    m->summary.goodput = (double)m->summary.counts.good / m->summary.simulated_s;
    m->summary.availability = (double)m->summary.counts.ok / done;
    double weight = 0.0;
    for (uint32_t i = 0; i < m->scenario.backend_count; i++)
        weight += m->backends[i].weight;
    for (uint32_t i = 0; i < m->scenario.backend_count; i++) {
        double share = (double)m->summary_backends[i].picks / done;
        double ratio = share / (m->backends[i].weight / weight);
        m->summary.imbalance = ratio > m->summary.imbalance ? ratio : m->summary.imbalance;
    }
}

int made_up_record(struct made_up *m, struct record *record, struct record_result *result,
                   struct lb_error *error)
{
    struct record_info info = {.scenario = &m->scenario, .version = "1.2.3", .build = "1.2.3 (x)"};
    struct recorder *recorder = record_begin(record, &info, error);
    if (recorder == NULL)
        return -1;
    struct observer observer;
    record_observer(recorder, &observer);
    made_up_play(m, &observer);
    return record_finish(recorder, &m->summary, result, error);
}
