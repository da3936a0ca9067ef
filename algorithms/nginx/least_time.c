/*
 * nginx least_time: the least expected time for the weight, and turns among equals.
 *
 * The idea: each peer has averages in whole milliseconds of the time to the header and to the last
 * byte; a new value counts a twentieth, and only tries that did not fail count. One of the two is
 * rounded up to the next step of 20 ms (0 is 20; beyond 5000 it is 5000), so that peers that are
 * about as fast take turns, and times 1 + conns it is what a request may expect there. A peer that
 * has not been picked for a while has its average halved once each fail_timeout + 1 seconds, so
 * that a slow one gets another chance. With `inflight` the average age of the requests a peer is
 * busy with, averaged in turn at each pick, counts instead when it is greater: a peer that hangs is
 * noticed before it answers. Choice and turns are those of least.h, where in the turns the time
 * compared with stays that of the first best, as the source has it.
 *
 * We learn of a header only when the attempt ends: the averages of `mode=header` come then, and
 * with `inflight` a request counts as in flight to its end, where nginx lets it go at the header.
 *
 * Cost: O(n), 48 bytes a row beside the peers.
 * Source: nginx 1.31, src/http/modules/ngx_http_upstream_least_time_module.c; before that part of
 * the commercial nginx Plus. Rules only; there are no recordings of it.
 */
#include <stdlib.h>

#include "algorithms/nginx/least.h"

#define STEP_MS 20U
#define MOST_MS 5000U

static const char *const modes[] = {"header", "last-byte", NULL};

static const struct lb_param params[] = {
    {.name = "mode",
     .unit = "",
     .value = 0,
     .min = 0,
     .max = 1,
     .choices = modes,
     .help = "which time is averaged; nginx has no default"},
    {.name = "inflight",
     .unit = "bool",
     .value = 0,
     .min = 0,
     .max = 1,
     .help = "whether the age of requests in flight counts too"},
    {.name = NULL},
};

struct timing {
    uint64_t header, response; /* averages, ms; 0 = none yet */
    uint64_t age;              /* average age of requests in flight, ms, with `inflight` */
    int64_t ages, changed;     /* sum of their ages when their number last changed; when that was */
};

struct state {
    struct lb_nginx_peers peers; /* first */
    bool last_byte, inflight;
    struct timing *timing; /* one for each row there can be */
};

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    struct state *s = calloc(1, sizeof *s);
    struct timing *timing = calloc(max + 1, sizeof *timing);
    if (s == NULL || timing == NULL)
        lb_error_set(error, LB_ERROR_MEMORY, "nginx-least-time: no memory");
    else if (lb_nginx_peers_init(&s->peers, setup, error) == 0) {
        s->last_byte = lb_value(setup, params, 0) != 0;
        s->inflight = lb_value(setup, params, 1) != 0;
        s->timing = timing;
        return s;
    }
    free(timing);
    free(s);
    return NULL;
}

static void destroy(void *state)
{
    struct state *s = state;
    lb_nginx_peers_done(&s->peers);
    free(s->timing);
    free(s);
}

static int64_t ms(lb_time time)
{
    return time / 1000000;
}

/* Takes a value into an average. */
static void take_in(uint64_t *average, int64_t value)
{
    double v = value > 0 ? (double)value : 0;
    *average = (uint64_t)(*average == 0 ? v : 0.5 + (v * 0.05 + (double)*average * 0.95));
}

/* The time a request may expect at this peer. */
static uint64_t expected(const void *state, uint32_t row, int64_t second)
{
    const struct state *s = state;
    const struct lb_backend *b = &s->peers.pool->at[row];
    const struct timing *timing = &s->timing[row];
    uint64_t time = s->last_byte ? timing->response : timing->header;
    int64_t idle = second - s->peers.peer[row].checked, timeout = lb_nginx_fail_timeout(b);
    if (idle > timeout) {
        int64_t halvings = idle / (timeout + 1);
        time = halvings < 64 ? time >> halvings : 0;
    }
    if (s->inflight && b->in_flight > 0 && timing->age > time)
        time = timing->age;
    time = time > MOST_MS ? MOST_MS : time + STEP_MS - time % STEP_MS;
    return time * (1 + (uint64_t)b->in_flight);
}

/* Each pick looks at how old the requests in flight are, at the peers that it may choose from. */
static void look_at_ages(struct state *s, const struct lb_request *request, lb_time now)
{
    const struct lb_pool *pool = s->peers.pool;
    for (uint32_t i = 0; i < pool->count; i++) {
        struct timing *timing = &s->timing[i];
        int64_t n = pool->at[i].in_flight;
        if (n > 0 && lb_nginx_peers_may(&s->peers, request, i, lb_nginx_second(now)))
            take_in(&timing->age, timing->ages / n + (ms(now) - timing->changed));
    }
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    if (s->peers.single)
        return lb_nginx_peers_pick(&s->peers, request, now);
    if (s->inflight)
        look_at_ages(s, request, now);
    return lb_nginx_pick_least(s, request, now, expected, false);
}

/* The number of requests in flight changed: those before have aged since, one of age `gone` left. */
static void keep_ages(struct timing *timing, int64_t before, int64_t gone, lb_time now)
{
    timing->ages += (ms(now) - timing->changed) * before - gone;
    if (timing->ages < 0)
        timing->ages = 0;
    timing->changed = ms(now);
}

static void on_attempt_start(void *state, int32_t row, const struct lb_request *request,
                             enum lb_how how, lb_time now)
{
    struct state *s = state;
    (void)request, (void)how;
    keep_ages(&s->timing[row], (int64_t)s->peers.pool->at[row].in_flight - 1, 0, now);
}

static void on_attempt_finish(void *state, int32_t row, const struct lb_outcome *outcome,
                              lb_time now)
{
    struct state *s = state;
    struct timing *timing = &s->timing[row];
    int64_t left = s->peers.pool->at[row].in_flight, response = ms(now) - ms(outcome->sent);
    keep_ages(timing, left + 1, response, now);
    if (left == 0)
        timing->ages = 0;
    if (!outcome->failed && outcome->first_byte != 0) {
        take_in(&timing->header, ms(outcome->first_byte) - ms(outcome->sent));
        take_in(&timing->response, response);
    }
    lb_nginx_peers_finish(state, row, outcome, now);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    if (!lb_nginx_peers_reload(&s->peers, changed, count))
        return;
    for (uint32_t i = 0; i < s->peers.pool->count; i++)
        s->timing[i] = (struct timing){.changed = ms(now)};
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    lb_nginx_peers_describe(state, emit, to);
    for (uint32_t i = 0; i < s->peers.pool->count; i++) {
        if (s->peers.peer[i].weight == 0)
            continue;
        emit(to, (int32_t)i, "header_time_ms", (double)s->timing[i].header);
        emit(to, (int32_t)i, "response_time_ms", (double)s->timing[i].response);
        if (s->inflight)
            emit(to, (int32_t)i, "inflight_time_ms", (double)s->timing[i].age);
    }
}

extern const struct lb_algorithm lb_algorithm_nginx_least_time;
const struct lb_algorithm lb_algorithm_nginx_least_time = {
    .abi = LB_ABI,
    .name = "nginx-least-time",
    .title = "nginx least_time",
    .summary = "Least averaged time x (1 + conns) for the weight, in steps of 20 ms, then turns.",
    .reference = "nginx 1.31, least_time (before that nginx Plus)",
    .cost = "O(n)",
    .changes =
        "A changed weight, a join or a leave is a reload: averages and credits start afresh. "
        "A peer left alone has its average halved once each fail_timeout.",
    .needs = LB_NEED_LATENCY,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_attempt_start = on_attempt_start,
    .on_attempt_finish = on_attempt_finish,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
