/* See change.h. */
#include "sim/lab/change.h"

#include <math.h>
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/lab/contrast.h"

const char *const change_words[CHANGE_BETTER + 1] = {
    [CHANGE_UNKNOWN] = "not known",       [CHANGE_SAME] = "the same",
    [CHANGE_ONE] = "one run each",        [CHANGE_NOT_SHOWN] = "no difference shown",
    [CHANGE_WITHIN] = "within tolerance", [CHANGE_WORSE] = "WORSE",
    [CHANGE_BETTER] = "better",
};

struct gap { /* after - before, on the scale that is compared */
    double mean, se, df, low, high;
};

static double mean_of(const double *values, uint32_t n)
{
    return n > 0 ? statistics_mean(values, n, 0.95).mean : (double)NAN;
}

/* The figure of each trial, and that of its logarithm; false: one is missing. */
static bool read_values(const struct experiment_cell *cell, uint32_t n, enum cell_figure figure,
                        double *values)
{
    bool known = n > 0;
    for (uint32_t r = 0; r < n; r++) {
        values[r] = cell_trial_figure(&cell->trials[r], figure);
        known &= isfinite(values[r]) != 0;
    }
    return known;
}

static bool to_logs(double *values, uint32_t n)
{
    for (uint32_t r = 0; r < n; r++) {
        if (!(values[r] > 0.0))
            return false;
        values[r] = log(values[r]);
    }
    return true;
}

static struct gap gap_of(const double *before, uint32_t n, const double *after, uint32_t m,
                         bool paired, double level)
{
    if (paired) {
        struct estimate e = statistics_paired(after, before, n, level).difference;
        return (struct gap){e.mean, e.se, (double)n - 1.0, e.low, e.high};
    }
    struct welch w = statistics_welch(after, m, before, n, level);
    return (struct gap){w.difference, w.se, w.df, w.low, w.high};
}

/* P(T > gap / se): how likely at least so much is when it should be 0. */
static double tail(double gap, const struct gap *g)
{
    if (!(g->se > 0.0))
        return gap > 0.0 ? 0.0 : 1.0;
    return statistics_t_tail(gap / g->se, g->df);
}

static void test(struct change *c, const struct gap *g, double margin)
{
    double up = tail(g->mean - margin, g), down = tail(-g->mean - margin, g);
    c->p = fmin(1.0, 2.0 * fmin(up, down));
    if (margin > 0.0)
        c->equal = fmax(tail(margin + g->mean, g), tail(margin - g->mean, g));
}

static void compare(struct change *c, double *before, uint32_t n, double *after, uint32_t m,
                    double tolerance, double level)
{
    bool same = n == m;
    for (uint32_t r = 0; r < n && same; r++)
        same = before[r] == after[r];
    c->before = mean_of(before, n);
    c->after = mean_of(after, m);
    if (same && c->paired) {
        c->is = CHANGE_SAME;
        c->value = c->low = c->high = c->ratio ? 1.0 : 0.0;
        c->p = 1.0;
        return;
    }
    double margin = c->ratio ? log1p(tolerance) : tolerance * fabs(c->before);
    if (c->ratio && (!to_logs(before, n) || !to_logs(after, m)))
        return;
    struct gap g = gap_of(before, n, after, m, c->paired, level);
    bool one = n < 2 || m < 2;
    c->is = one ? CHANGE_ONE : CHANGE_NOT_SHOWN;
    c->value = c->ratio ? exp(g.mean) : g.mean;
    c->low = one ? (double)NAN : c->ratio ? exp(g.low) : g.low;
    c->high = one ? (double)NAN : c->ratio ? exp(g.high) : g.high;
    if (!one)
        test(c, &g, margin);
}

void change_measure(struct change *c, enum cell_figure figure, const struct experiment_cell *before,
                    const struct experiment_cell *after, bool common, double tolerance,
                    double level)
{
    uint32_t n = before->count, m = after->count;
    if (common)
        n = m = n < m ? n : m;
    *c = (struct change){.figure = figure,
                         .is = CHANGE_UNKNOWN,
                         .paired = common,
                         .ratio = cell_figures[figure].unit == UNIT_TIME,
                         .before = NAN,
                         .after = NAN,
                         .value = NAN,
                         .low = NAN,
                         .high = NAN,
                         .p = NAN,
                         .equal = NAN};
    double *x = text_need((n + 1U) * sizeof *x), *y = text_need((m + 1U) * sizeof *y);
    bool known = read_values(before, n, figure, x), also = read_values(after, m, figure, y);
    if (known && also)
        compare(c, x, n, y, m, tolerance, level);
    else
        *(known ? &c->before : &c->after) =
            known || also ? mean_of(known ? x : y, known ? n : m) : (double)NAN;
    free(x);
    free(y);
}

/* Holm over one member of all changes; those that are NAN are no tests. */
static void adjust(struct change *changes, uint32_t count, bool equal)
{
    double *p = text_need((count + 1U) * sizeof *p);
    uint32_t n = 0;
    for (uint32_t i = 0; i < count; i++) {
        double value = equal ? changes[i].equal : changes[i].p;
        if (!isnan(value))
            p[n++] = value;
    }
    statistics_holm(p, n, p);
    n = 0;
    for (uint32_t i = 0; i < count; i++) {
        double *value = equal ? &changes[i].equal : &changes[i].p;
        if (!isnan(*value))
            *value = p[n++];
    }
    free(p);
}

void changes_judge(struct change *changes, uint32_t count)
{
    adjust(changes, count, false);
    adjust(changes, count, true);
    for (uint32_t i = 0; i < count; i++) {
        struct change *c = &changes[i];
        if (c->is != CHANGE_NOT_SHOWN)
            continue;
        bool more = c->value > (c->ratio ? 1.0 : 0.0);
        if (c->p < CHANGE_ALPHA)
            c->is = more == contrast_more_is_better(c->figure) ? CHANGE_BETTER : CHANGE_WORSE;
        else if (c->equal < CHANGE_ALPHA)
            c->is = CHANGE_WITHIN;
    }
}
