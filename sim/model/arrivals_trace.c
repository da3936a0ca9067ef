/*
 * trace: requests as recorded, row by row.
 *
 * The rate of the group over the recorded one is the number of arrivals for each that is in the file:
 * the whole part of it, and one more with the chance of what is left. A row of one arrival has it at
 * its own time, further copies evenly in the gap to the next row. A row with a count has that many
 * spread over the time to the next row as a Poisson process would, each anywhere with the same chance:
 * the first of n is at 1 - U^(1/n) of the rest. When the rate changes, the rows still to come, and the
 * rest of a count, are drawn anew; copies still to come of a row that has begun are dropped.
 */
#include <math.h>

#include "sim/model/arrivals.h"
#include "sim/scenario/trace.h"

/* Arrivals for each recorded one. */
static double scale(const struct arrivals_state *s)
{
    const struct trace *trace = s->rule->trace;
    return s->gap > 0 ? (double)trace->length / trace->arrivals / s->gap : 0;
}

static lb_time row_from(const struct arrivals_state *s, uint32_t row)
{
    return s->walk.lap + s->rule->trace->at[row];
}

static lb_time row_until(const struct arrivals_state *s, uint32_t row)
{
    const struct trace *trace = s->rule->trace;
    return s->walk.lap + (row + 1 < trace->rows ? trace->at[row + 1] : trace->length);
}

/* A whole number of this mean, one of the two next to it. */
static uint32_t whole_of(struct arrivals_state *s, double mean)
{
    double whole = floor(mean);
    if (mean > whole && lb_random_unit(&s->walk.random) < mean - whole)
        whole++;
    return whole < (double)UINT32_MAX ? (uint32_t)whole : UINT32_MAX;
}

/* On to the next row: false at the end. */
static bool next_row(struct arrivals_state *s)
{
    const struct trace *trace = s->rule->trace;
    struct arrivals_walk *walk = &s->walk;
    walk->row++; /* from UINT32_MAX to 0 at first */
    if (walk->row >= trace->rows) {
        if (!s->rule->repeat || walk->lap > s->horizon - trace->length)
            return false;
        walk->lap += trace->length;
        walk->row = 0;
    }
    return true;
}

/* Draws how many arrivals the row has from walk->at on. */
static void open_row(struct arrivals_state *s)
{
    const struct trace *trace = s->rule->trace;
    struct arrivals_walk *walk = &s->walk;
    lb_time from = row_from(s, walk->row), until = row_until(s, walk->row);
    double count = trace->count == NULL ? 1 : trace->count[walk->row];
    if (trace->count != NULL && walk->at > from && until > from)
        count *= (double)(until - walk->at) / (double)(until - from);
    else
        walk->at = walk->at > from ? walk->at : from;
    walk->left = walk->copies = whole_of(s, count * scale(s));
}

static lb_time next(struct arrivals_state *s, lb_time now)
{
    struct arrivals_walk *walk = &s->walk;
    const struct trace *trace = s->rule->trace;
    if (s->gap == 0)
        return LB_NEVER;
    walk->at = now;
    s->start = *walk;
    while (walk->left == 0) {
        if (!next_row(s))
            return LB_NEVER;
        open_row(s);
    }
    lb_time from = row_from(s, walk->row), until = row_until(s, walk->row);
    if (trace->count != NULL) {
        double rest = pow(1.0 - lb_random_unit(s->gaps), 1.0 / walk->left);
        walk->at += units_from_ns((double)(until - walk->at) * (1.0 - rest));
    } else {
        lb_time there = from + units_from_ns((double)(until - from) *
                                             ((double)(walk->copies - walk->left) / walk->copies));
        walk->at = there > walk->at ? there : walk->at;
    }
    walk->left--;
    return walk->at;
}

static void begin(struct arrivals_state *s, const struct lb_random *random)
{
    (void)random;
    s->walk.row = UINT32_MAX;
}

static lb_time change(struct arrivals_state *s, double before, lb_time now)
{
    struct arrivals_walk *walk = &s->walk;
    const struct trace *trace = s->rule->trace;
    (void)before;
    struct lb_random random = walk->random; /* of its own draws none comes twice */
    *walk = s->start;
    walk->random = random;
    walk->at = now;
    walk->left = 0;
    /* The row that holds now goes on if it has a count; others begin at the first row from now on. */
    for (;;) {
        if (walk->row != UINT32_MAX && row_until(s, walk->row) > now) {
            if (trace->count != NULL && row_from(s, walk->row) <= now && s->gap > 0)
                open_row(s);
            break;
        }
        struct arrivals_walk here = *walk;
        if (!next_row(s))
            return LB_NEVER;
        if (row_from(s, walk->row) >= now) { /* not begun */
            *walk = here;
            break;
        }
    }
    s->start = *walk;
    return next(s, now);
}

const struct arrivals_process arrivals_trace = {
    .kind = ARRIVALS_TRACE, .begin = begin, .next = next, .change = change};
