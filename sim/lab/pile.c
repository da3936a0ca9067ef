/* See pile.h. */
#include "sim/lab/pile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"

#define LEVELS 16 /* above the emptiest */
#define SLOTS  (4 * PILE_STATES)
#define DROP   1e-11

struct state { /* above[k]: bins that hold more than k beyond the emptiest; 0 from the fullest on */
    uint8_t above[LEVELS];
};

struct table { /* open addressing; probability 0 = free */
    struct state *at;
    double *mass;
    uint32_t *used; /* places in use, in order of appearance */
    uint32_t count;
};

static void table_init(struct table *table)
{
    table->at = text_need(SLOTS * sizeof *table->at);
    table->mass = text_need_zero(SLOTS, sizeof *table->mass);
    table->used = text_need((PILE_STATES + 1) * sizeof *table->used);
    table->count = 0;
}

static void table_done(struct table *table)
{
    free(table->at);
    free(table->mass);
    free(table->used);
}

static void table_clear(struct table *table)
{
    for (uint32_t i = 0; i < table->count; i++)
        table->mass[table->used[i]] = 0;
    table->count = 0;
}

static uint32_t hash(const struct state *state)
{
    uint64_t half[2];
    memcpy(half, state, sizeof half);
    uint64_t mixed =
        (half[0] ^ half[1] * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xff51afd7ed558ccd);
    return (uint32_t)((mixed ^ mixed >> 32) % SLOTS);
}

/* False when the table is full. */
static bool table_add(struct table *table, const struct state *state, double mass)
{
    uint32_t i = hash(state);
    while (table->mass[i] != 0 && memcmp(&table->at[i], state, sizeof *state) != 0)
        i = i + 1 < SLOTS ? i + 1 : 0;
    if (table->mass[i] == 0) {
        if (table->count == PILE_STATES)
            return false;
        table->at[i] = *state;
        table->used[table->count++] = i;
    }
    table->mass[i] += mass;
    return true;
}

/* Probability that all choices fall among so many of the bins. */
static double all_among(uint32_t some, uint32_t bins, unsigned choices, bool replacement)
{
    double p = 1;
    for (unsigned i = 0; i < choices && p > 0; i++)
        p *= replacement ? (double)some / bins : fmax(0, (double)some - i) / ((double)bins - i);
    return p;
}

/* One more ball on a bin that holds `level` beyond the emptiest. */
static struct state grown(const struct state *state, uint32_t bins, unsigned level)
{
    struct state next = *state;
    next.above[level]++;
    if (next.above[0] == bins) { /* the emptiest hold one more now */
        memmove(next.above, next.above + 1, LEVELS - 1);
        next.above[LEVELS - 1] = 0;
    }
    return next;
}

/* Where one ball leads from a state. False: too many states. */
static bool step(const struct state *state, double mass, uint32_t bins, const double *among,
                 struct table *next)
{
    uint32_t from = bins; /* bins that hold at least `level` */
    for (unsigned level = 0; from > 0 && level < LEVELS; level++) {
        uint32_t beyond = state->above[level];
        double p = among[from] - among[beyond];
        if (from > beyond && mass * p > DROP / 100) {
            struct state then = grown(state, bins, level);
            if (!table_add(next, &then, mass * p))
                return false;
        }
        from = beyond;
    }
    return true;
}

static double fullest(const struct table *table, uint32_t bins, uint32_t balls)
{
    double mean = 0, whole = 0;
    for (uint32_t i = 0; i < table->count; i++) {
        const struct state *state = &table->at[table->used[i]];
        double mass = table->mass[table->used[i]];
        uint32_t beyond = 0, levels = 0;
        while (levels < LEVELS && state->above[levels] > 0)
            beyond += state->above[levels++];
        mean += mass * ((balls - beyond) / bins + levels);
        whole += mass;
    }
    return mean / whole;
}

double pile_max(uint32_t bins, uint32_t balls, unsigned choices, bool replacement, double *dropped)
{
    struct table tables[2], *now = &tables[0], *next = &tables[1];
    double among[256] = {0}, mean = NAN, steps = 0;
    bool fits = bins >= 2 && bins < 256 && choices >= 1 && (replacement || choices <= bins);
    *dropped = 0;
    if (!fits)
        return NAN;
    for (uint32_t some = 1; some <= bins; some++)
        among[some] = all_among(some, bins, choices, replacement);
    table_init(now);
    table_init(next);
    struct state empty = {{0}};
    (void)table_add(now, &empty, 1);
    for (uint32_t ball = 0; ball < balls && fits; ball++) {
        for (uint32_t i = 0; i < now->count && fits; i++) {
            double mass = now->mass[now->used[i]];
            if (mass < DROP)
                *dropped += mass;
            else
                fits = step(&now->at[now->used[i]], mass, bins, among, next);
        }
        steps += now->count;
        fits = fits && steps < PILE_WORK / 8;
        table_clear(now);
        struct table *swap = now;
        now = next;
        next = swap;
    }
    if (fits)
        mean = fullest(now, bins, balls);
    table_done(now);
    table_done(next);
    return mean;
}
