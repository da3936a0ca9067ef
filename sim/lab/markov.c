/* See markov.h. States get numbers by a hash table as they are found, then others in the order of how
 * many requests are present. */
#include "sim/lab/markov.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"

#define STATES_MAX  1000000U
#define SWEEPS_MAX  5000
#define CHANGE      1e-12 /* of the mean, relative, over a sweep: solved */
#define CUT         1e-11 /* mass on the largest number, times that number: cut late enough */
#define WORST       1e-4  /* accuracy beyond which there is no result */
#define LIMIT_LEAST 16U
#define LIMIT_MOST  MARKOV_MOST

struct step {
    uint32_t from, to;
    double rate;
};

struct solver {
    const struct markov *markov;
    unsigned limit; /* of the requests present */
    struct markov_state *states;
    uint32_t count, room;
    uint32_t *slots; /* hash table: number of a state + 1, 0 = empty */
    uint32_t mask;
    struct step *steps; /* sorted by where they lead to, in the end */
    uint32_t step_count, step_room;
    uint32_t *levels; /* states by number present: [levels[k], levels[k+1]) */
    uint32_t *into;   /* the same for the steps into a state */
    double *out, *p;
    bool overflow;
};

void markov_step(struct markov_steps *steps, const struct markov_state *to, double rate)
{
    lb_assert(steps->count < MARKOV_STEPS);
    steps->to[steps->count] = *to;
    steps->rate[steps->count++] = rate;
}

static uint64_t hash(const struct markov_state *state)
{
    uint64_t h = 0;
    for (unsigned i = 0; i < MARKOV_PARTS; i++)
        h = (h ^ state->at[i]) * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 29;
}

/* The slot of a state, or the empty one where it belongs. */
static uint32_t *find(const struct solver *s, const struct markov_state *state)
{
    uint32_t i = (uint32_t)(hash(state) >> 16) & s->mask;
    while (s->slots[i] != 0 && memcmp(&s->states[s->slots[i] - 1], state, sizeof *state) != 0)
        i = (i + 1) & s->mask;
    return &s->slots[i];
}

/* The number of a state; a new one when it is new. */
static uint32_t number(struct solver *s, const struct markov_state *state)
{
    uint32_t *slot = find(s, state);
    if (*slot != 0)
        return *slot - 1;
    if (s->count == STATES_MAX) {
        s->overflow = true;
        return 0;
    }
    if (s->count == s->room) {
        s->room *= 2;
        s->states = text_need_more(s->states, s->room * sizeof *s->states);
    }
    s->states[s->count] = *state;
    *slot = ++s->count;
    return s->count - 1;
}

/* Walks from the first state, and notes every step that stays below the cut. */
static void walk(struct solver *s)
{
    const struct markov *m = s->markov;
    struct markov_steps steps;
    (void)number(s, &m->first);
    for (uint32_t i = 0; i < s->count && !s->overflow; i++) {
        struct markov_state from = s->states[i]; /* the table may move */
        steps.count = 0;
        m->steps(m->self, &from, &steps);
        for (uint32_t k = 0; k < steps.count; k++) {
            if (steps.rate[k] <= 0 || m->present(m->self, &steps.to[k]) > s->limit)
                continue;
            if (s->step_count == s->step_room) {
                s->step_room *= 2;
                s->steps = text_need_more(s->steps, s->step_room * sizeof *s->steps);
            }
            uint32_t to = number(s, &steps.to[k]);
            s->steps[s->step_count++] = (struct step){i, to, steps.rate[k]};
        }
    }
}

static unsigned level_of(const struct solver *s, uint32_t i)
{
    return s->markov->present(s->markov->self, &s->states[i]);
}

/* States in the order of how many are present, steps in the order of where they lead to. */
static void sort(struct solver *s)
{
    uint32_t *place = text_need(s->count * sizeof *place);
    struct markov_state *states = text_need(s->count * sizeof *states);
    struct step *steps = text_need((s->step_count + 1) * sizeof *steps);
    s->levels = text_need_zero(s->limit + 3, sizeof *s->levels);
    for (uint32_t i = 0; i < s->count; i++)
        s->levels[level_of(s, i) + 2]++;
    for (unsigned k = 2; k < s->limit + 3; k++)
        s->levels[k] += s->levels[k - 1];
    for (uint32_t i = 0; i < s->count; i++) {
        place[i] = s->levels[level_of(s, i) + 1]++;
        states[place[i]] = s->states[i];
    }
    s->into = text_need_zero(s->count + 2, sizeof *s->into);
    s->out = text_need_zero(s->count, sizeof *s->out);
    for (uint32_t i = 0; i < s->step_count; i++)
        s->into[place[s->steps[i].to] + 2]++;
    for (uint32_t i = 2; i < s->count + 2; i++)
        s->into[i] += s->into[i - 1];
    for (uint32_t i = 0; i < s->step_count; i++) {
        struct step *step = &s->steps[i];
        uint32_t from = place[step->from], to = place[step->to];
        s->out[from] += step->rate;
        steps[s->into[to + 1]++] = (struct step){from, to, step->rate};
    }
    free(s->states);
    free(s->steps);
    free(place);
    s->states = states;
    s->steps = steps;
}

static void sweep(struct solver *s)
{
    for (uint32_t i = 0; i < s->count; i++) {
        double in = 0;
        for (uint32_t k = s->into[i]; k < s->into[i + 1]; k++)
            in += s->p[s->steps[k].from] * s->steps[k].rate;
        if (s->out[i] > 0)
            s->p[i] = in / s->out[i];
    }
}

/* Sets the mass on every number right, the whole to 1. The mean number; *rate = what comes in. */
static double balance(struct solver *s, double *rate)
{
    unsigned levels = s->limit + 1;
    double *up = text_need_zero(levels + 1, sizeof *up),
           *mass = text_need_zero(levels, sizeof *mass);
    double *down = text_need_zero(levels + 1, sizeof *down);
    double sum = 0, mean = 0, scale = 1;
    for (unsigned k = 0; k < levels; k++)
        for (uint32_t i = s->levels[k]; i < s->levels[k + 1]; i++) {
            mass[k] += s->p[i];
            for (uint32_t j = s->into[i]; j < s->into[i + 1]; j++) {
                uint32_t from = s->steps[j].from;
                double flow = s->p[from] * s->steps[j].rate;
                if (from < s->levels[k])
                    up[k] += flow; /* from k - 1 */
                else if (from >= s->levels[k + 1])
                    down[k + 1] += flow; /* from k + 1 */
            }
        }
    *rate = 0;
    for (unsigned k = 0; k < levels; k++) {
        double before = scale;
        if (k > 0)
            scale = down[k] > 0 ? scale * up[k] / down[k] : 0;
        *rate += k > 0 ? before * up[k] : 0;
        sum += mass[k] * scale;
        mean += mass[k] * scale * k;
        mass[k] = scale;
    }
    for (unsigned k = 0; k < levels; k++)
        for (uint32_t i = s->levels[k]; i < s->levels[k + 1]; i++)
            s->p[i] *= mass[k] / sum;
    *rate /= sum;
    free(up);
    free(down);
    free(mass);
    return mean / sum;
}

static double full(const struct solver *s)
{
    double mass = 0;
    for (uint32_t i = s->levels[s->limit]; i < s->levels[s->limit + 1]; i++)
        mass += s->p[i];
    return mass;
}

static void means(const struct solver *s, struct markov_result *result)
{
    for (uint32_t i = 0; i < s->count && s->markov->values != NULL; i++) {
        double values[MARKOV_VALUES] = {0};
        s->markov->values(s->markov->self, &s->states[i], values);
        for (unsigned v = 0; v < MARKOV_VALUES; v++)
            result->values[v] += s->p[i] * values[v];
    }
}

/* Cut at s->limit. False when it is too large, or the cut too early: *result is as good as it gets. */
static bool solve_cut(struct solver *s, struct markov_result *result)
{
    double change = INFINITY, mean = NAN, rate = NAN;
    walk(s);
    if (s->overflow)
        return false;
    sort(s);
    s->p = text_need(s->count * sizeof *s->p);
    for (uint32_t i = 0; i < s->count; i++)
        s->p[i] = 1;
    for (int i = 0; i < SWEEPS_MAX && !(change < CHANGE); i++) {
        double before = mean;
        sweep(s);
        mean = balance(s, &rate);
        change = i > 0 ? fabs(mean - before) / mean : INFINITY;
    }
    double cut = full(s) * s->limit;
    *result = (struct markov_result){
        .present = mean, .rate = rate, .accuracy = 100 * change + cut + 1e-11};
    means(s, result);
    return cut < CUT;
}

static void release(struct solver *s)
{
    free(s->states);
    free(s->slots);
    free(s->steps);
    free(s->levels);
    free(s->into);
    free(s->out);
    free(s->p);
}

struct markov_result markov_solve(const struct markov *markov)
{
    struct markov_result result = {.present = NAN, .accuracy = INFINITY};
    for (unsigned limit = LIMIT_LEAST; limit <= LIMIT_MOST; limit += limit / 2) {
        struct solver s = {.markov = markov, .limit = limit, .room = 1024, .step_room = 4096};
        s.mask = (1U << 21) - 1;
        s.states = text_need(s.room * sizeof *s.states);
        s.steps = text_need(s.step_room * sizeof *s.steps);
        s.slots = text_need_zero((size_t)s.mask + 1, sizeof *s.slots);
        bool done = solve_cut(&s, &result), overflow = s.overflow;
        release(&s);
        if (done || overflow)
            break;
    }
    if (!(result.accuracy < WORST))
        result.present = NAN;
    return result;
}
