/*
 * The shortest of d queues, ideal: draw d backends, take the one where the fewest requests are.
 *
 * The idea: as power-of-two, but by the truth instead of one balancer's books. Draws have chances
 * proportional to the weights, queues are compared per weight, a tie goes to the earlier draw.
 * `replacement=yes` allows the same backend to be drawn twice, as the mean field does: for large n
 * and load rho a queue is at least i long with a chance of rho^((d^i - 1) / (d - 1)). Slow start:
 * warm.h.
 *
 * Cost: O(choices), times log n with unequal weights; O(n) when most backends are full.
 * Source: N. Vvedenskaya et al., Probl. Inf. Transm. 32 (1996); M. Mitzenmacher, IEEE TPDS 12
 * (2001).
 */
#include <stdlib.h>

#include "algorithms/shares.h"
#include "algorithms/warm.h"

static const struct lb_param params[] = {
    LB_CHOICES_PARAMS,
    {.name = NULL},
};

struct state {
    const struct lb_pool *pool;
    const struct lb_truth *truth;
    struct lb_random *random;
    struct lb_shares shares; /* of the open rows */
    uint32_t choices;
    bool replacement;
};

static void destroy(void *state)
{
    struct state *s = state;
    lb_shares_done(&s->shares);
    free(s);
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)changed, (void)count;
    lb_shares_build_warm(&s->shares, s->pool, now);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    if (setup->truth == NULL) {
        lb_error_set(error, LB_ERROR_INVALID, "shortest-queue-d: needs the truth");
        return NULL;
    }
    struct state *s = malloc(sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "shortest-queue-d: no memory");
        return NULL;
    }
    *s = (struct state){.pool = setup->pool,
                        .truth = setup->truth,
                        .random = setup->random,
                        .choices = (uint32_t)lb_value(setup, params, 0),
                        .replacement = lb_value(setup, params, 1) != 0};
    if (lb_shares_init(&s->shares, setup->pool, error) != 0) {
        destroy(s);
        return NULL;
    }
    on_pool_change(s, NULL, 0, setup->now);
    return s;
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    const struct lb_backend *at = s->pool->at;
    const uint32_t *present = s->truth->present;
    uint32_t chosen[LB_CHOICES_MAX];
    int32_t best = LB_NONE;
    for (uint32_t k = 0; k < s->choices; k++) {
        int32_t row = lb_shares_throw(&s->shares, s->pool, request, chosen, s->replacement ? 0 : k,
                                      s->random);
        if (row < 0)
            break;
        chosen[k] = (uint32_t)row;
        if (best < 0 || lb_warm_compare(s->shares.warming, present[row], &at[row], present[best],
                                        &at[best], now) < 0)
            best = row;
    }
    return best >= 0 ? best : lb_wait_or_none(s->pool, request);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "choices", s->choices);
    for (uint32_t i = 0; i < s->pool->count; i++)
        if (lb_open(&s->pool->at[i]))
            emit(to, (int32_t)i, "present_per_weight",
                 (double)s->truth->present[i] / s->pool->at[i].weight);
}

extern const struct lb_algorithm lb_algorithm_shortest_queue_d;
const struct lb_algorithm lb_algorithm_shortest_queue_d = {
    .abi = LB_ABI,
    .name = "shortest-queue-d",
    .title = "Shortest of d queues (ideal)",
    .summary = "Ideal: draws d backends, takes the one with the fewest requests present, in truth.",
    .reference = "Vvedenskaya et al. 1996, Mitzenmacher 2001",
    .cost = "O(choices), times log n with unequal weights",
    .changes = "Shares are laid out anew on each change; queues follow the truth at once.",
    .needs = LB_NEED_ORACLE,
    .claims = LB_CLAIM_ALWAYS | LB_CLAIM_WEIGHTS,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
