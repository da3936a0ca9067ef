/*
 * See balancer.h: building tiers, beliefs, and the pick when there is more than one tier or try.
 */
#include "sim/balancer/balancer.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"

static void create_tiers(struct balancer *b, const struct balancer_members *members)
{
    b->pools = text_need_zero(members->pool_count, sizeof *b->pools);
    b->pool_count = members->pool_count;
    for (uint32_t p = 0; p < b->pool_count; p++) {
        lb_assert(members->pools[p].tiers >= 1 && members->pools[p].tiers <= BALANCER_TIERS_MAX);
        b->pools[p] = (struct balancer_pool){b->tier_count, members->pools[p].tiers};
        b->tier_count += members->pools[p].tiers;
    }
    b->tiers = text_need_zero(b->tier_count, sizeof *b->tiers);
    b->single = b->tier_count == 1;
}

/* One request a connection: as many of these as of those. */
static uint32_t most_in_flight(const struct balancer *b, const struct scenario_backend *backend)
{
    uint32_t own = backend->max_in_flight, max = b->rule->reuse.max;
    bool limited = b->rule->reuse.on && max != SCENARIO_UNLIMITED;
    return limited && (own == 0 || max < own) ? max : own;
}

static void create_rows(struct balancer *b, const struct balancer_members *members)
{
    b->places = text_need_zero(b->backend_count, sizeof *b->places);
    for (uint32_t i = 0; i < b->backend_count; i++) {
        const struct scenario_backend *from = &members->at[i];
        b->places[i].pool = (uint16_t)from->pool;
        b->places[i].tier = (uint16_t)(b->pools[from->pool].first + from->tier);
        b->places[i].row = b->tiers[b->places[i].tier].pool.count++;
        health_init(&b->places[i].health, &b->rule->health);
    }
    for (uint32_t t = 0; t < b->tier_count; t++) {
        struct balancer_tier *tier = &b->tiers[t];
        tier->rows = text_need_zero(tier->pool.count, sizeof *tier->rows);
        tier->backend_of = text_need_zero(tier->pool.count, sizeof *tier->backend_of);
        tier->pool.max = tier->pool.count;
        tier->pool.at = tier->rows;
    }
    for (uint32_t i = 0; i < b->backend_count; i++) {
        const struct scenario_backend *from = &members->at[i];
        struct balancer_tier *tier = &b->tiers[b->places[i].tier];
        tier->backend_of[b->places[i].row] = i;
        tier->rows[b->places[i].row] = (struct lb_backend){.name = from->name,
                                                           .address = from->name,
                                                           .id = i + 1,
                                                           .weight = from->weight,
                                                           .max_in_flight = most_in_flight(b, from),
                                                           .max_fails = from->max_fails,
                                                           .fail_timeout = from->fail_timeout,
                                                           .zone = from->zone,
                                                           .flags = from->absent ? 0 : LB_PRESENT};
        if (from->absent)
            b->places[i].out = BALANCER_OUT_ABSENT;
    }
}

/* Which tier of its pool this is, and how many that pool has. */
static uint32_t tier_in_pool(const struct balancer *b, uint32_t t, uint32_t *tiers)
{
    uint32_t p = 0;
    while (t - b->pools[p].first >= b->pools[p].count)
        p++;
    *tiers = b->pools[p].count;
    return t - b->pools[p].first;
}

static int create_states(struct balancer *b, const struct lb_algorithm *algorithm,
                         const double *values, lb_time now, struct lb_error *error)
{
    bool oracle = (algorithm->needs & (LB_NEED_ORACLE | LB_NEED_WORK)) != 0;
    for (uint32_t t = 0; t < b->tier_count; t++) {
        struct balancer_tier *tier = &b->tiers[t];
        if (oracle)
            balancer_truth_open(&tier->truth, tier->pool.count);
        if (algorithm->backends_max != 0 && tier->pool.count > algorithm->backends_max)
            return lb_error_set(error, LB_ERROR_INVALID,
                                "algorithm '%s' bears at most %u backends, tier %u has %u",
                                algorithm->name, algorithm->backends_max, t, tier->pool.count);
        if (tier->algorithm != NULL)
            tier->algorithm->destroy(tier->state);
        tier->algorithm = NULL;
        uint32_t tiers, place = tier_in_pool(b, t, &tiers);
        stream_open(&tier->coins, &b->coins, STREAM_COINS, (uint64_t)b->number << 32 | t,
                    stream_name(algorithm->name));
        struct lb_setup setup = {.pool = &tier->pool,
                                 .values = values,
                                 .random = &tier->coins,
                                 .balancer = b->index,
                                 .balancers = b->count,
                                 .tier = place,
                                 .tiers = tiers,
                                 .truth = oracle ? &tier->truth.view : NULL,
                                 .now = now};
        tier->state = algorithm->create(&setup, error);
        if (tier->state == NULL)
            return -1;
        tier->algorithm = algorithm;
    }
    return 0;
}

static void start_watch(struct balancer *b)
{
    const struct scenario_health *rule = &b->rule->health;
    uint32_t members = 0;
    b->watched =
        rule->outlier.on || (rule->active && rule->observe != OBSERVE_OFF) || b->rule->breaker.on;
    for (uint32_t i = 0; i < b->backend_count; i++)
        members += (b->places[i].out & BALANCER_OUT_SUBSET) == 0;
    if (rule->outlier.on)
        outlier_init(&b->outlier, &rule->outlier, b->backend_count, members);
    if (b->rule->breaker.on)
        breaker_init(&b->breaker, &b->rule->breaker, b->backend_count, members);
}

void balancer_members_init(struct balancer_members *members, const struct scenario *scenario,
                           const struct scenario_balancer *entry)
{
    *members = (struct balancer_members){.at = scenario->backends,
                                         .count = scenario->backend_count,
                                         .pools = scenario->pools,
                                         .pool_count = scenario->pool_count};
    if (entry->to < 0)
        return;
    const struct scenario_balancer *inner = &scenario->balancers[entry->to];
    members->rows = text_need_zero(inner->count, sizeof *members->rows);
    for (uint32_t i = 0; i < inner->count; i++)
        members->rows[i] =
            (struct scenario_backend){.name = scenario->balancer_names[inner->first + i],
                                      .weight = 1,
                                      .max_fails = 1,
                                      .fail_timeout = INT64_C(10000000000)};
    members->pool = (struct scenario_pool){.name = inner->name, .tiers = 1};
    members->at = members->rows;
    members->count = inner->count;
    members->pools = &members->pool;
    members->pool_count = 1;
}

void balancer_members_done(struct balancer_members *members)
{
    free(members->rows);
    *members = (struct balancer_members){0};
}

/* The entry that balancer `number` of all belongs to. */
static const struct scenario_balancer *entry_of(const struct scenario *scenario, uint32_t number)
{
    const struct scenario_balancer *entry = scenario->balancers;
    while (number - entry->first >= entry->count)
        entry++;
    return entry;
}

static int init_at(struct balancer *b, const struct scenario *scenario, uint32_t number,
                   const struct balancer_members *members, const struct stream_key *key,
                   lb_time now, struct lb_error *error)
{
    const struct scenario_balancer *rule = entry_of(scenario, number);
    *b = (struct balancer){.rule = rule,
                           .key = *key,
                           .coins = *key,
                           .index = number - rule->first,
                           .count = rule->count,
                           .number = number,
                           .backend_count = members->count};
    if (scenario->run.algorithm_seed_given)
        b->coins.seed = scenario->run.algorithm_seed;
    retry_budget_init(&b->budget);
    create_tiers(b, members);
    waiting_init(&b->waiting, b->pool_count, b->backend_count);
    create_rows(b, members);
    if (rule->view != VIEW_OWN)
        b->own = text_need_zero(b->backend_count, sizeof *b->own);
    filter_init(b);
    start_watch(b);
    if (create_states(b, b->rule->algorithm, b->rule->params, now, error) == 0)
        return 0;
    balancer_done(b);
    return -1;
}

int balancer_init(struct balancer *b, const struct scenario *scenario, uint32_t number,
                  const struct balancer_members *members, const struct stream_key *key,
                  struct lb_error *error)
{
    return init_at(b, scenario, number, members, key, 0, error);
}

/* What was so before a restart is so again: who is in the pool, weights, drains. */
static void set_again(struct balancer *b, uint32_t backend, uint32_t weight, unsigned out,
                      lb_time now)
{
    struct balancer_tier *tier;
    bool absent = (b->places[backend].out & BALANCER_OUT_ABSENT) != 0;
    if ((out & BALANCER_OUT_ABSENT) != 0 && !absent)
        balancer_part(b, backend, now);
    if ((out & BALANCER_OUT_ABSENT) == 0 && absent) {
        balancer_join(b, backend, now);
        balancer_row(b, backend, &tier)->warm_for = 0;
    }
    if (balancer_books(b, backend)->weight != weight)
        balancer_set_weight(b, backend, weight, now);
    if ((out & BALANCER_OUT_DRAIN) != 0)
        balancer_drain(b, backend, true, now);
}

int balancer_restart(struct balancer *b, const struct scenario *scenario,
                     const struct balancer_members *members, lb_time now, struct lb_error *error)
{
    struct stream_key key = b->key;
    uint32_t number = b->number, count = b->backend_count;
    uint32_t *weights = text_need_zero(count, sizeof *weights);
    uint8_t *out = text_need_zero(count, sizeof *out);
    for (uint32_t i = 0; i < count; i++) {
        weights[i] = balancer_books(b, i)->weight;
        out[i] = b->places[i].out;
    }
    balancer_done(b);
    int result = init_at(b, scenario, number, members, &key, now, error);
    for (uint32_t i = 0; result == 0 && i < count; i++)
        set_again(b, i, weights[i], out[i], now);
    free(weights);
    free(out);
    return result;
}

void balancer_done(struct balancer *b)
{
    for (uint32_t t = 0; b->tiers != NULL && t < b->tier_count; t++) {
        struct balancer_tier *tier = &b->tiers[t];
        if (tier->algorithm != NULL)
            tier->algorithm->destroy(tier->state);
        free(tier->rows);
        free(tier->backend_of);
        balancer_truth_done(&tier->truth);
    }
    free(b->tiers);
    free(b->pools);
    free(b->own);
    free(b->places);
    filter_done(&b->filter);
    outlier_done(&b->outlier);
    breaker_done(&b->breaker);
    waiting_done(&b->waiting);
    *b = (struct balancer){0};
}

int balancer_change_algorithm(struct balancer *b, const struct lb_algorithm *algorithm, lb_time now,
                              struct lb_error *error)
{
    return create_states(b, algorithm, NULL, now, error);
}

/* What one tier says, of those of the tries that were there. */
static int32_t ask_tier(struct balancer *b, uint32_t t, struct lb_request *request,
                        const int32_t *tried, uint32_t tried_count, lb_time now)
{
    int32_t rows[256];
    struct balancer_tier *tier = &b->tiers[t];
    lb_assert(tried_count <= sizeof rows / sizeof rows[0]);
    request->tried = rows;
    request->tried_count = 0;
    for (uint32_t i = 0; i < tried_count; i++)
        if (b->places[tried[i]].tier == t)
            rows[request->tried_count++] = (int32_t)b->places[tried[i]].row;
    int32_t row = tier->algorithm->pick(tier->state, request, now);
    request->tried = NULL; /* `rows` ends here; the request goes on to on_attempt_start */
    request->tried_count = 0;
    return row;
}

int32_t balancer_pick_tiers(struct balancer *b, uint32_t pool, struct lb_request *request,
                            const int32_t *tried, uint32_t tried_count, lb_time now)
{
    struct balancer_pool tiers = b->pools[pool];
    uint32_t first = b->tier_count; /* nobody is asked before the others */
    int32_t answer = LB_NONE;
    if (b->rule->priority && tiers.count > 1) {
        first = filter_first_tier(b, pool);
        answer = ask_tier(b, first, request, tried, tried_count, now);
        if (answer >= 0)
            return (int32_t)b->tiers[first].backend_of[answer];
    }
    for (uint32_t t = tiers.first; t < tiers.first + tiers.count; t++) {
        int32_t row = t == first ? answer : ask_tier(b, t, request, tried, tried_count, now);
        if (row >= 0)
            return (int32_t)b->tiers[t].backend_of[row];
        if (row == LB_WAIT) {
            b->wait_tier = t;
            return LB_WAIT;
        }
    }
    return LB_NONE;
}

static void show(struct balancer *b, uint32_t backend, uint32_t in_flight)
{
    struct balancer_tier *tier;
    struct lb_backend *row = balancer_row(b, backend, &tier);
    uint32_t max = row->max_in_flight;
    if (max != 0 && b->own[backend] >= max && in_flight < max)
        in_flight = max;
    if (max != 0 && b->own[backend] < max && in_flight >= max)
        in_flight = max - 1; /* others may have filled it; that is their limit, not this one's */
    tier->pool.in_flight += (uint64_t)in_flight - row->in_flight;
    row->in_flight = in_flight;
}

void balancer_own_changed(struct balancer *b, uint32_t backend, int change)
{
    b->own[backend] = (uint32_t)((int64_t)b->own[backend] + change);
    show(b, backend, balancer_books(b, backend)->in_flight);
}

void balancer_show(struct balancer *b, uint32_t backend, uint32_t in_flight, bool tell, lb_time now)
{
    show(b, backend, in_flight);
    if (tell)
        filter_tell(b, backend, now);
}

void balancer_set_weight(struct balancer *b, uint32_t backend, uint32_t weight, lb_time now)
{
    struct balancer_tier *tier;
    balancer_row(b, backend, &tier)->weight = weight;
    filter_update(b, backend, now);
}

void balancer_queued(struct balancer *b, uint32_t backend, int change)
{
    struct balancer_tier *tier;
    struct lb_backend *row = balancer_row(b, backend, &tier);
    row->queued = (uint32_t)((int64_t)row->queued + change);
}

bool balancer_counts(const struct balancer *b, enum lb_end end)
{
    switch (end) {
    case LB_END_OK:
    case LB_END_CANCELLED:
        return false;
    case LB_END_ERROR:
        return (b->rule->retries.when & (1U << LB_END_ERROR)) != 0;
    default:
        return true;
    }
}
