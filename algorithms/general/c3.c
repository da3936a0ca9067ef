/*
 * C3: ranks backends by what they report of themselves, with queues weighed by their cube.
 *
 * The idea: each answer brings the length of the backend's queue and the service time; the balancer
 * adds the response time it saw. All three are averaged by exponential smoothing, a new value for
 * `alpha`. Others send too and cannot be seen, so the own requests in flight count once for each
 * balancer; and long queues are shunned more than in proportion:
 *
 *   q_hat = 1 + in_flight x balancers + queue
 *   score = response time - service time + q_hat^3 x service time      (the lowest wins)
 *
 * This is the ranking of C3 only. Its other half is not built: the rate control of each client
 * towards each backend (cubic growth, multiplicative decrease) and the backlog queue behind it.
 *
 * `alpha` is 0.3, Elasticsearch's; the paper's is 0.9. Elasticsearch also moves the averages of those
 * that were not picked towards the winner's, which is not part of C3 and not done here.
 *
 * Newcomers: without a report yet, a backend goes before all others while nothing is in flight to it
 * and after them while it has not answered, the fewest in flight first; a pool that never reports is
 * thus served by least connections. An attempt that brings no report (refused, timed out) changes no
 * average. Weights other than 0 do not count. Ties: `ties`, at random by default.
 *
 * Cost: O(n); 40 bytes a row.
 * Source: L. Suresh et al., "C3: cutting tail latency in cloud data stores via adaptive replica
 * selection", NSDI 2015; Elasticsearch, ResponseCollectorService.java.
 */
#include <stdlib.h>

#include "algorithms/latency.h"
#include "algorithms/ties.h"

enum { ALPHA, TIES };

static const struct lb_param params[] = {
    {.name = "alpha",
     .unit = "",
     .value = 0.3,
     .min = 0.001,
     .max = 1,
     .help = "what a new report counts in the averages: 0.3 in Elasticsearch, 0.9 in the paper"},
    LB_TIES_PARAM,
    {.name = NULL},
};

struct row {
    double response, service, queue; /* averages, times in ns */
    bool any;
    uint32_t id;
};

struct state {
    const struct lb_pool *pool;
    struct lb_least least;
    struct row *row;
    double alpha, balancers;
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_least_done(&s->least);
    free(s->row);
    free(s);
}

static void refresh(struct state *s, uint32_t i)
{
    const struct lb_backend *b = &s->pool->at[i];
    uint32_t id = (b->flags & LB_PRESENT) != 0 ? b->id : 0;
    if (id == 0 || id != s->row[i].id)
        s->row[i] = (struct row){.id = id};
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    (void)now;
    for (uint32_t k = 0; k < count; k++)
        refresh(state, (uint32_t)changed[k]);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = (pool->max > pool->count ? pool->max : pool->count) + (size_t)1;
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL || (s->row = calloc(max, sizeof *s->row)) == NULL) {
        free(s);
        lb_error_set(error, LB_ERROR_MEMORY, "c3: no memory");
        return NULL;
    }
    s->pool = pool;
    s->alpha = lb_value(setup, params, ALPHA);
    s->balancers = setup->balancers != 0 ? setup->balancers : 1;
    if (lb_least_init(&s->least, setup, lb_value(setup, params, TIES), error) != 0) {
        destroy(s);
        return NULL;
    }
    for (uint32_t i = 0; i < pool->count; i++)
        refresh(s, i);
    return s;
}

static double score(const struct state *s, uint32_t i)
{
    const struct row *row = &s->row[i];
    double q_hat = 1 + s->pool->at[i].in_flight * s->balancers + row->queue;
    return row->response - row->service + q_hat * q_hat * q_hat * row->service;
}

/* Newcomers that nobody asks, those that have reported, newcomers that are being asked. */
static int rank(const struct state *s, uint32_t i)
{
    if (s->row[i].any)
        return 1;
    return s->pool->at[i].in_flight == 0 ? 0 : 2;
}

static int compare(const void *context, uint32_t a, uint32_t b, lb_time now)
{
    const struct state *s = context;
    int rank_a = rank(s, a), rank_b = rank(s, b);
    (void)now;
    if (rank_a != rank_b)
        return rank_a - rank_b;
    double x = rank_a == 1 ? score(s, a) : s->pool->at[a].in_flight;
    double y = rank_a == 1 ? score(s, b) : s->pool->at[b].in_flight;
    return (x > y) - (x < y);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    return lb_least_pick(&s->least, request, compare, s, now);
}

static void on_attempt_finish(void *state, int32_t i, const struct lb_outcome *outcome, lb_time now)
{
    struct state *s = state;
    struct row *row = &s->row[i];
    double took = lb_latency_took(outcome, now);
    if (outcome->load == NULL || took < 0)
        return;
    double alpha = row->any ? s->alpha : 1;
    row->response += alpha * (took - row->response);
    row->service += alpha * ((double)outcome->load->service_time - row->service);
    row->queue += alpha * (outcome->load->queue - row->queue);
    row->any = true;
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    for (uint32_t i = 0; i < s->pool->count; i++) {
        if (!lb_open(&s->pool->at[i]))
            continue;
        emit(to, (int32_t)i, "response", s->row[i].response);
        emit(to, (int32_t)i, "service", s->row[i].service);
        emit(to, (int32_t)i, "queue", s->row[i].queue);
        emit(to, (int32_t)i, "score", score(s, i));
    }
}

extern const struct lb_algorithm lb_algorithm_c3;
const struct lb_algorithm lb_algorithm_c3 = {
    .abi = LB_ABI,
    .name = "c3",
    .title = "C3 (ranking only)",
    .summary =
        "To the lowest response - service + q_hat^3 x service; C3's rate control is not built.",
    .reference = "Suresh et al., NSDI 2015; Elasticsearch ResponseCollectorService.java",
    .cost = "O(n)",
    .changes =
        "A newcomer gets one request at once and is ranked by its report; weights other than "
        "0 do not count; an attempt without a report changes nothing.",
    .needs = LB_NEED_LATENCY | LB_NEED_LOAD,
    .claims = LB_CLAIM_ALWAYS,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_attempt_finish = on_attempt_finish,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
