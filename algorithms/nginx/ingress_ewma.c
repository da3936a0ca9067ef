/*
 * ingress-nginx ewma: of two endpoints drawn at random, the one with the lower decayed latency.
 *
 * The idea: after a response the endpoint's average takes in connect time + response time, both in
 * seconds, weighted by the time since the last one: w = exp(-td / decay), ewma = ewma x w + rtt x
 * (1 - w). At a pick the score is ewma x exp(-td / decay): it fades while nothing is heard, so that
 * a slow endpoint is tried again. Of `pick-set-size` different endpoints, drawn without weights,
 * the lowest score is picked, the first drawn among equals. In spite of its model it neither reacts
 * to peaks nor looks at what is in flight. Endpoints this request has been at are left out until it
 * has been at all of them. A new endpoint starts with the average ewma of the known ones.
 *
 * Readings: a backend that is not open is no endpoint, as a pod that is not ready is taken off the
 * list; when it is back it is new. nginx counts the connect time within the response time, so it
 * counts twice. Only the last upstream of a request is measured, and nobody knows during an attempt
 * that it is the last: what was answered, well or with an error, or left by the client is measured,
 * what was refused, reset or timed out is taken to be passed on. Samples that the product loses when
 * its lock is taken are not lost here. It knows no limits of requests in flight; here full
 * endpoints are left out too.
 *
 * Cost: O(pick-set-size) and as many exponentials; O(n) when most endpoints are full or tried.
 * Source: ingress-nginx (Kubernetes), rootfs/etc/nginx/lua/balancer/ewma.lua; rules only.
 */
#include <stdlib.h>

#include "algorithms/ewma.h"

#define NOBODY UINT32_MAX

static const struct lb_param params[] = {
    {.name = "decay",
     .unit = "ns",
     .value = 10e9,
     .min = 1e6,
     .max = 3600e9,
     .help = "mean lifetime of a sample"},
    {.name = "pick-set-size",
     .unit = "",
     .value = 2,
     .min = 1,
     .max = 64,
     .help = "how many endpoints are drawn"},
    {.name = NULL},
};

struct state {
    const struct lb_pool *pool;
    struct lb_random *random;
    double decay;
    uint32_t set_size;
    uint32_t count;       /* endpoints */
    uint32_t *endpoint;   /* their rows, in an order that draws stir */
    uint32_t *place;      /* row -> its place there, or NOBODY */
    struct lb_ewma *ewma; /* row -> seconds */
};

static void join(struct state *s, uint32_t row)
{
    s->place[row] = s->count;
    s->endpoint[s->count++] = row;
}

static void leave(struct state *s, uint32_t row)
{
    uint32_t place = s->place[row], last = s->endpoint[--s->count];
    s->endpoint[place] = last;
    s->place[last] = place;
    s->place[row] = NOBODY;
    s->ewma[row] = (struct lb_ewma){.any = false};
}

/* Those that have a sample, averaged; `any` is false when nobody has. */
static struct lb_ewma average_of_known(const struct state *s, lb_time now)
{
    struct lb_ewma average = {.at = now};
    double known = 0;
    for (uint32_t k = 0; k < s->count; k++)
        if (s->ewma[s->endpoint[k]].any) {
            average.value += s->ewma[s->endpoint[k]].value;
            known++;
        }
    average.any = known > 0;
    average.value = known > 0 ? average.value / known : 0;
    return average;
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    bool newcomers = false;
    for (uint32_t k = 0; k < count; k++) {
        bool listed = s->place[changed[k]] != NOBODY, open = lb_open(&s->pool->at[changed[k]]);
        if (listed && !open)
            leave(s, (uint32_t)changed[k]);
        newcomers = newcomers || (open && !listed);
    }
    if (!newcomers)
        return;
    struct lb_ewma start = average_of_known(s, now);
    for (uint32_t k = 0; k < count; k++) {
        uint32_t row = (uint32_t)changed[k];
        if (s->place[row] == NOBODY && lb_open(&s->pool->at[row])) {
            join(s, row);
            s->ewma[row] = start;
        }
    }
}

static void destroy(void *state)
{
    struct state *s = state;
    free(s->endpoint);
    free(s->place);
    free(s->ewma);
    free(s);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    struct state *s = malloc(sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "ingress-ewma: no memory");
        return NULL;
    }
    *s = (struct state){.pool = pool,
                        .random = setup->random,
                        .decay = lb_value(setup, params, 0),
                        .set_size = (uint32_t)lb_value(setup, params, 1),
                        .endpoint = calloc(max + 1, sizeof *s->endpoint),
                        .place = calloc(max + 1, sizeof *s->place),
                        .ewma = calloc(max + 1, sizeof *s->ewma)};
    if (s->endpoint == NULL || s->place == NULL || s->ewma == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "ingress-ewma: no memory for %zu backends", max);
        destroy(s);
        return NULL;
    }
    for (size_t i = 0; i < max; i++)
        s->place[i] = NOBODY;
    for (uint32_t i = 0; i < pool->count; i++)
        if (lb_open(&pool->at[i]))
            join(s, i);
    return s;
}

static double score(const struct state *s, uint32_t row, lb_time now)
{
    const struct lb_ewma *ewma = &s->ewma[row];
    return ewma->value * lb_decay(now > ewma->at ? now - ewma->at : 0, s->decay);
}

/* Draws the endpoint for place i among those from there on, and puts it there. */
static uint32_t draw(struct state *s, uint32_t i)
{
    uint32_t j = i + lb_random_below(s->random, s->count - i);
    uint32_t row = s->endpoint[j], other = s->endpoint[i];
    s->endpoint[i] = row;
    s->endpoint[j] = other;
    s->place[other] = j;
    s->place[row] = i;
    return row;
}

/* The lowest score of a set drawn among those that may take this request, or LB_NONE. */
static int32_t pick_among(struct state *s, const struct lb_request *request, lb_time now)
{
    int32_t best = LB_NONE;
    double lowest = 0;
    uint32_t drawn = 0;
    for (uint32_t i = 0; i < s->count && drawn < s->set_size; i++) {
        uint32_t row = draw(s, i);
        if (!lb_may(s->pool, request, row))
            continue;
        double own = s->set_size > 1 ? score(s, row, now) : 0;
        if (drawn++ == 0 || own < lowest) {
            best = (int32_t)row;
            lowest = own;
        }
    }
    return best;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    int32_t best = pick_among(s, request, now);
    if (best != LB_NONE || lb_wait_or_none(s->pool, request) == LB_WAIT)
        return best != LB_NONE ? best : LB_WAIT;
    struct lb_request fresh = *request; /* it has been at all of them */
    fresh.tried_count = 0;
    return pick_among(s, &fresh, now);
}

static void on_attempt_finish(void *state, int32_t row, const struct lb_outcome *outcome,
                              lb_time now)
{
    struct state *s = state;
    bool measured = outcome->end == LB_END_OK || outcome->end == LB_END_ERROR ||
                    outcome->end == LB_END_CANCELLED;
    if (!measured || s->place[row] == NOBODY)
        return;
    lb_time connect = outcome->connected > outcome->sent ? outcome->connected - outcome->sent : 0;
    double rtt = (double)(connect + (now - outcome->sent)) / 1e9;
    lb_ewma_update(&s->ewma[row], rtt, s->decay, now);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    for (uint32_t i = 0; i < s->pool->count; i++)
        if (s->place[i] != NOBODY)
            emit(to, (int32_t)i, "ewma_s", s->ewma[i].value);
}

extern const struct lb_algorithm lb_algorithm_ingress_ewma;
const struct lb_algorithm lb_algorithm_ingress_ewma = {
    .abi = LB_ABI,
    .name = "ingress-ewma",
    .title = "ingress-nginx ewma",
    .summary = "Of two endpoints drawn without weights, the lower decayed average latency.",
    .reference = "ingress-nginx, load-balance: ewma",
    .cost = "O(pick-set-size)",
    .changes =
        "Weights do not matter. An endpoint that goes is forgotten; one that comes, or comes "
        "back, starts with the average of those known.",
    .needs = LB_NEED_LATENCY,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_attempt_finish = on_attempt_finish,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
