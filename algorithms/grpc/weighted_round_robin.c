/*
 * gRPC's weighted_round_robin: static stride turns by weights from the endpoints' reports of load.
 *
 * The idea: a counter goes over the ready endpoints again and again; each pass is a generation, and an
 * endpoint of s of 65535 parts of the largest weight is passed over in all but s of 65535
 * generations, evenly spread. So a pick needs nothing but the counter, which many threads can share.
 * Weights come from reports (load_weight.h) and are taken over every `update`; the counter goes on.
 * An unknown weight counts as the mean of the known ones; when fewer than two are known, or all are
 * equal to the mean, the turns are plain. A change of who is ready makes a new picker: who
 * becomes ready has no reports, and the counter starts anew, at a random place unless
 * `counter-start` says which value it has before the first pick.
 *
 * Readings: a weight that scales to 0 beside a huge one is passed over in every generation, as in
 * grpc-go. That a change draws the counter anew is from general knowledge of grpc-go.
 *
 * Cost: O(largest weight / mean weight) expected; an update O(n).
 * Source: grpc-go, balancer/weightedroundrobin; gRFC A58. Rules in our own words and code.
 */
#include <stdlib.h>

#include "algorithms/load_weight.h"
#include "algorithms/members.h"

#define FULL 65535U

static const struct lb_param params[] = {
    LB_LOAD_PARAMS,
    {.name = "counter-start",
     .unit = "",
     .value = -1,
     .min = -1,
     .max = 4294967295,
     .help = "value of the counter before the first pick; -1 draws it"},
    {.name = NULL},
};

struct endpoint {
    struct lb_load_weight report;
    uint32_t id;
    bool ready;
};

struct state {
    struct lb_members members;
    struct lb_load_rule rule;
    struct lb_random *random;
    double start;         /* counter-start */
    uint32_t counter;     /* of the last pick */
    bool plain;           /* turns without weights */
    uint16_t *scaled;     /* by place: the weight in parts of the largest */
    double *weight;       /* by place: unscaled, 0 = unknown */
    struct endpoint at[]; /* by row */
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_members_done(&s->members);
    free(s->scaled);
    free(s->weight);
    free(s);
}

/* Takes the weights over into the schedule. */
static void reschedule(struct state *s, lb_time now)
{
    uint32_t n = s->members.count, known = 0;
    double sum = 0, largest = 0;
    for (uint32_t i = 0; i < n; i++) {
        double weight = lb_load_weight_at(&s->at[s->members.row[i]].report, &s->rule, now);
        s->weight[i] = weight;
        known += weight > 0;
        sum += weight;
        largest = weight > largest ? weight : largest;
    }
    s->plain = true;
    if (known < 2)
        return;
    double scale = FULL / largest;
    uint16_t mean = (uint16_t)round(scale * (sum / known));
    for (uint32_t i = 0; i < n; i++) {
        s->scaled[i] = s->weight[i] > 0 ? (uint16_t)round(scale * s->weight[i]) : mean;
        s->plain = s->plain && s->scaled[i] == mean;
    }
}

/* Who becomes ready starts without reports. */
static void meet(struct state *s)
{
    const struct lb_pool *pool = s->members.pool;
    for (uint32_t i = 0; i < pool->count; i++) {
        bool ready = lb_open(&pool->at[i]);
        if (ready && (!s->at[i].ready || s->at[i].id != pool->at[i].id))
            s->at[i].report = (struct lb_load_weight){.weight = 0};
        s->at[i].ready = ready;
        s->at[i].id = pool->at[i].id;
    }
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)changed, (void)count;
    meet(s);
    if (!lb_members_look(&s->members))
        return;
    s->counter = s->start < 0 ? (uint32_t)(lb_random_u64(s->random) >> 32) : (uint32_t)s->start;
    reschedule(s, now);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    struct state *s = calloc(1, sizeof *s + max * sizeof s->at[0]);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "grpc-weighted-round-robin: no memory");
        return NULL;
    }
    s->random = setup->random;
    s->rule = lb_load_rule(setup, params, 0);
    s->start = lb_value(setup, params, 4);
    s->plain = true;
    s->scaled = calloc(max + 1, sizeof *s->scaled);
    s->weight = calloc(max + 1, sizeof *s->weight);
    bool ready = lb_members_init(&s->members, pool, LB_PRESENT | LB_USABLE, error) == 0;
    if (!ready || s->scaled == NULL || s->weight == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "grpc-weighted-round-robin: no memory");
        destroy(s);
        return NULL;
    }
    on_pool_change(s, NULL, 0, setup->now);
    return s;
}

static lb_time on_timer(void *state, lb_time now)
{
    struct state *s = state;
    reschedule(s, now);
    return now + s->rule.update;
}

static void on_load(void *state, int32_t backend, const struct lb_load *load, lb_time now)
{
    struct state *s = state;
    lb_load_weight_report(&s->at[backend].report, &s->rule, load, now);
}

static void on_attempt_finish(void *state, int32_t backend, const struct lb_outcome *outcome,
                              lb_time now)
{
    if (outcome->load != NULL)
        on_load(state, backend, outcome->load, now);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    uint32_t n = s->members.count;
    (void)request, (void)now;
    if (n == 0)
        return LB_NONE;
    for (;;) {
        uint32_t turn = ++s->counter, i = turn % n;
        if (s->plain)
            return (int32_t)s->members.row[i];
        uint64_t generation = turn / n, scaled = s->scaled[i];
        uint64_t phase = (scaled * generation + (uint64_t)i * (FULL / 2)) % FULL;
        if (phase >= FULL - scaled)
            return (int32_t)s->members.row[i];
    }
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "counter", s->counter);
    for (uint32_t i = 0; i < s->members.count; i++) {
        emit(to, (int32_t)s->members.row[i], "weight", s->weight[i]);
        emit(to, (int32_t)s->members.row[i], "scaled", s->plain ? FULL : s->scaled[i]);
    }
}

extern const struct lb_algorithm lb_algorithm_grpc_weighted_round_robin;
const struct lb_algorithm lb_algorithm_grpc_weighted_round_robin = {
    .abi = LB_ABI,
    .name = "grpc-weighted-round-robin",
    .title = "gRPC weighted round robin",
    .summary = "Turns that pass over the light, by weights from the endpoints' reports of load.",
    .reference = "grpc-go, balancer/weightedroundrobin/scheduler.go; gRFC A58",
    .cost = "O(max/mean of the weights)",
    .changes =
        "Reports are taken over at each update; a join, a leave and a change of health start "
        "the counter anew, and who comes back starts without a weight.",
    .needs = LB_NEED_LOAD,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_attempt_finish = on_attempt_finish,
    .on_pool_change = on_pool_change,
    .on_load = on_load,
    .on_timer = on_timer,
    .describe = describe,
};
