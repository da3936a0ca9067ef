/*
 * Least connections: to the backend with the fewest requests in flight for its weight.
 *
 * The idea: compare in_flight / weight, by cross multiplication so that nothing is rounded. The
 * number in flight is counted as it stands, without the request being placed: (in_flight + 1) /
 * weight is another rule, shortest expected delay, and the two cross over with the load. With
 * equal weights this is join the shortest queue, as far as the books of one balancer tell.
 *
 * Ties decide what an idle pool does. `random`: uniform among the tied, whatever their weights.
 * `first`: the lowest row, so that a quiet pool uses only its first backends. `round-robin`: the
 * first tied row behind the one picked last.
 *
 * Cost: O(n) a pick, at most one draw; 4 bytes a row.
 * Source: IPVS wlc and HAProxy leastconn compare the same ratio and differ in the ties; uniform
 * ties are those of Caddy and of the theory tables (join the shortest queue).
 */
#include <stdlib.h>

#include "algorithms/lb.h"

enum ties { TIES_RANDOM, TIES_FIRST, TIES_ROUND_ROBIN };

static const char *const ties_words[] = {"random", "first", "round-robin", NULL};

static const struct lb_param params[] = {
    {.name = "ties",
     .unit = "",
     .value = TIES_RANDOM,
     .min = TIES_RANDOM,
     .max = TIES_ROUND_ROBIN,
     .help = "who gets it among equals: uniform at random, the first, or in turn",
     .choices = ties_words},
    {.name = NULL},
};

struct state {
    const struct lb_pool *pool;
    struct lb_random *random;
    enum ties ties;
    uint32_t next;   /* ties in turn: where to start looking */
    uint32_t tied[]; /* room for a pick: the rows that carry the least so far */
};

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    struct state *s = malloc(sizeof *s + max * sizeof s->tied[0]);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "least-connections: no memory");
        return NULL;
    }
    s->pool = pool;
    s->random = setup->random;
    s->ties = (enum ties)lb_value(setup, params, 0);
    s->next = 0;
    return s;
}

static void destroy(void *state)
{
    free(state);
}

/* Less than zero, zero or more as a carries less, the same or more for its weight than b. */
static int compare(const struct lb_backend *a, const struct lb_backend *b)
{
    uint64_t left = (uint64_t)a->in_flight * b->weight;
    uint64_t right = (uint64_t)b->in_flight * a->weight;
    return (left > right) - (left < right);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    const struct lb_pool *pool = s->pool;
    uint32_t count = 0;
    uint32_t i = s->ties == TIES_ROUND_ROBIN ? s->next : 0;
    for (uint32_t step = 0; step < pool->count; step++, i++) {
        if (i >= pool->count)
            i = 0;
        if (!lb_may(pool, request, i))
            continue;
        int order = count == 0 ? -1 : compare(&pool->at[i], &pool->at[s->tied[0]]);
        if (order < 0)
            count = 0;
        if (order <= 0)
            s->tied[count++] = i;
    }
    if (count == 0)
        return lb_wait_or_none(pool, request);
    uint32_t k = s->ties == TIES_RANDOM && count > 1 ? lb_random_below(s->random, count) : 0;
    s->next = s->tied[k] + 1;
    return (int32_t)s->tied[k];
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    for (uint32_t i = 0; i < s->pool->count; i++)
        if (lb_open(&s->pool->at[i]))
            emit(to, (int32_t)i, "in_flight_per_weight",
                 (double)s->pool->at[i].in_flight / s->pool->at[i].weight);
}

extern const struct lb_algorithm lb_algorithm_least_connections;
const struct lb_algorithm lb_algorithm_least_connections = {
    .abi = LB_ABI,
    .name = "least-connections",
    .title = "Least connections",
    .summary = "To the backend with the least in_flight / weight; ties at random by default.",
    .reference = "join the shortest queue; ratio as IPVS wlc, uniform ties as Caddy least_conn",
    .cost = "O(n)",
    .changes = "Follows the books at once; a newcomer is empty and gets everything until it has "
               "caught up.",
    .claims = LB_CLAIM_ALWAYS,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .describe = describe,
};
