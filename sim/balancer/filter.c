/* See filter.h. */
#include <stdlib.h>

#include "algorithms/subset.h"
#include "sim/balancer/balancer.h"
#include "sim/base/text.h"

#define BAD (BALANCER_OUT_CHECKS | BALANCER_OUT_EJECTED | BALANCER_OUT_BREAKER)

/* --- how the tiers stand ---------------------------------------------------------------------- */

static void count_members(struct balancer *b)
{
    for (uint32_t t = 0; t < b->tier_count; t++) {
        struct filter_tier *tier = &b->filter.tiers[t];
        tier->members = tier->good = tier->own = 0;
    }
    for (uint32_t i = 0; i < b->backend_count; i++) {
        const struct balancer_place *place = &b->places[i];
        const struct lb_backend *row = balancer_books(b, i);
        struct filter_tier *tier = &b->filter.tiers[place->tier];
        if (row->weight == 0 || (place->out & ~BAD) != 0)
            continue;
        tier->members++;
        tier->good += place->out == 0;
        tier->own += place->out == 0 && row->zone == b->rule->zone;
    }
}

/* Percents of the load that a tier is worth. */
static uint32_t worth(const struct balancer *b, const struct filter_tier *tier)
{
    double factor = b->rule->priority ? b->rule->overprovisioning : 1.0;
    if (tier->members == 0)
        return 0;
    double percents = 100.0 * factor * tier->good / tier->members;
    return percents >= 100.0 ? 100 : (uint32_t)(percents + 1e-9);
}

static void share_load(struct balancer *b, struct balancer_pool pool, uint32_t total,
                       bool all_panic)
{
    uint32_t end = pool.first + pool.count, left = 100, sum = 0, members = 0, first = end;
    uint32_t load[BALANCER_TIERS_MAX] = {0};
    for (uint32_t t = pool.first; t < end; t++)
        members += b->filter.tiers[t].members;
    for (uint32_t t = pool.first; t < end; t++) {
        const struct filter_tier *tier = &b->filter.tiers[t];
        uint32_t share = total == 0 ? 0 : worth(b, tier) * 100 / total;
        if (all_panic)
            share = members == 0 ? 0 : (uint32_t)((uint64_t)tier->members * 100 / members);
        share = share < left ? share : left;
        left -= share;
        if (share > 0 && first == end)
            first = t;
        load[t - pool.first] = share;
    }
    for (uint32_t t = pool.first; t < end; t++) {
        sum += load[t - pool.first] + (t == first ? left : 0);
        b->filter.tiers[t].load = sum;
    }
}

static void weigh_pool(struct balancer *b, struct balancer_pool pool)
{
    double panic = b->rule->health.panic;
    uint32_t end = pool.first + pool.count, total = 0;
    bool all_panic = true;
    for (uint32_t t = pool.first; t < end; t++)
        total += worth(b, &b->filter.tiers[t]);
    total = total < 100 ? total : 100;
    for (uint32_t t = pool.first; t < end; t++) {
        struct filter_tier *tier = &b->filter.tiers[t];
        double good = tier->members == 0 ? 0.0 : (double)tier->good / tier->members;
        tier->panic = panic > 0 && total < 100 && good < panic - 1e-12;
        tier->away = b->rule->zone != 0 && tier->own == 0;
        all_panic = all_panic && tier->panic;
    }
    if (b->rule->priority)
        share_load(b, pool, total, all_panic);
}

static void weigh_tiers(struct balancer *b)
{
    for (uint32_t p = 0; p < b->pool_count; p++)
        weigh_pool(b, b->pools[p]);
}

bool filter_open(const struct balancer *b, uint32_t backend)
{
    const struct balancer_place *place = &b->places[backend];
    const struct lb_backend *row = balancer_books(b, backend);
    const struct filter_tier *tier = &b->filter.tiers[place->tier];
    if (row->weight == 0)
        return false;
    if (tier->panic)
        return (place->out & ~BAD) == 0;
    return place->out == 0 && (b->rule->zone == 0 || tier->away || row->zone == b->rule->zone);
}

uint32_t filter_first_tier(struct balancer *b, uint32_t pool)
{
    uint32_t coin = lb_random_below(&b->filter.coin, 100), t = b->pools[pool].first;
    uint32_t last = t + b->pools[pool].count - 1;
    while (t < last && coin >= b->filter.tiers[t].load)
        t++;
    return t;
}

/* --- changes ---------------------------------------------------------------------------------- */

/* Sets or clears LB_USABLE; true when it was otherwise. */
static bool set_usable(struct balancer *b, uint32_t backend)
{
    struct balancer_tier *tier;
    struct lb_backend *row = balancer_row(b, backend, &tier);
    bool usable = filter_open(b, backend);
    if (usable == ((row->flags & LB_USABLE) != 0))
        return false;
    row->flags = (uint16_t)(row->flags ^ LB_USABLE);
    tier->pool.usable += usable ? 1U : UINT32_MAX;
    if (b->filter.track && !b->places[backend].moved) {
        b->places[backend].moved = true;
        b->filter.moved++;
    }
    return true;
}

static void tell_tier(struct balancer *b, uint32_t t, uint32_t count, lb_time now)
{
    struct balancer_tier *tier = &b->tiers[t];
    if (count > 0 && tier->algorithm->on_pool_change != NULL)
        tier->algorithm->on_pool_change(tier->state, b->filter.changed, count, now);
}

void filter_tell(struct balancer *b, uint32_t backend, lb_time now)
{
    b->filter.changed[0] = (int32_t)b->places[backend].row;
    tell_tier(b, b->places[backend].tier, 1, now);
}

void filter_update(struct balancer *b, uint32_t backend, lb_time now)
{
    if (!b->filter.on) {
        (void)set_usable(b, backend);
        filter_tell(b, backend, now);
        return;
    }
    count_members(b);
    weigh_tiers(b);
    for (uint32_t t = 0; t < b->tier_count; t++) {
        uint32_t count = 0;
        for (uint32_t row = 0; row < b->tiers[t].pool.count; row++) {
            uint32_t i = b->tiers[t].backend_of[row];
            if (set_usable(b, i) || i == backend)
                b->filter.changed[count++] = (int32_t)row;
        }
        tell_tier(b, t, count, now);
    }
}

/* --- at time 0 -------------------------------------------------------------------------------- */

/* All balancers shuffle alike. */
#define SUBSET_SEED 1

static void choose_subset(struct balancer *b, uint32_t t)
{
    const struct scenario_subset *rule = &b->rule->subset;
    struct balancer_tier *tier = &b->tiers[t];
    uint32_t n = tier->pool.count, size;
    struct lb_subset_member *list = text_need_zero(n, sizeof *list);
    for (uint32_t row = 0; row < n; row++)
        list[row].row = row;
    if (rule->rule == SUBSET_SRE)
        size = lb_subset_sre(list, n, rule->size, b->index, SUBSET_SEED);
    else if (rule->rule == SUBSET_RINGSTEADY)
        size = lb_subset_ringsteady(list, n, rule->size, b->index);
    else
        size = lb_subset_random(list, n, rule->size, tier->rows, lb_random_u64(&b->filter.coin));
    for (uint32_t k = size; k < n; k++)
        b->places[tier->backend_of[list[k].row]].out |= BALANCER_OUT_SUBSET;
    free(list);
}

void filter_init(struct balancer *b)
{
    const struct scenario_balancer *rule = b->rule;
    struct filter *filter = &b->filter;
    uint32_t largest = 1;
    filter->on = rule->zone != 0 || rule->health.panic > 0 || (rule->priority && !b->single);
    filter->track = filter->on || rule->health.outlier.on || rule->health.observe != OBSERVE_OFF ||
                    rule->breaker.on;
    for (uint32_t t = 0; t < b->tier_count; t++)
        largest = b->tiers[t].pool.count > largest ? b->tiers[t].pool.count : largest;
    filter->changed = text_need_zero(largest, sizeof *filter->changed);
    filter->tiers = text_need_zero(b->tier_count, sizeof *filter->tiers);
    stream_open(&filter->coin, &b->key, STREAM_COINS, (uint64_t)b->number << 32 | UINT32_MAX,
                stream_name("filter"));
    for (uint32_t t = 0; t < b->tier_count && rule->subset.on; t++)
        choose_subset(b, t);
    if (filter->on) {
        count_members(b);
        weigh_tiers(b);
    }
    for (uint32_t t = 0; t < b->tier_count; t++)
        filter->tiers[t].away_told = filter->tiers[t].away; /* so it is, nothing happened */
    bool track = filter->track;
    filter->track = false; /* nobody waits yet */
    for (uint32_t i = 0; i < b->backend_count; i++)
        (void)set_usable(b, i);
    filter->track = track;
}

void filter_done(struct filter *filter)
{
    free(filter->tiers);
    free(filter->changed);
    *filter = (struct filter){0};
}
