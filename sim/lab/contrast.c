/* See contrast.h. */
#include "sim/lab/contrast.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"

struct sheet {
    struct contrasts *c;
    double **values; /* of each arm and replication; NULL = missing in some */
    double **logs;   /* ratios: their logarithms; NULL when one is not above 0 */
    double margin;
};

bool contrast_more_is_better(enum cell_figure figure)
{
    return figure == CELL_GOODPUT || figure == CELL_THROUGHPUT;
}

static void read_arm(struct sheet *sheet, uint32_t a, const struct experiment_cell *cell)
{
    struct contrasts *c = sheet->c;
    double *values = text_need((c->replications + 1U) * sizeof *values);
    double *logs = text_need((c->replications + 1U) * sizeof *logs);
    bool known = c->replications > 0, positive = c->ratio;
    for (uint32_t r = 0; r < c->replications; r++) {
        values[r] = cell_trial_figure(&cell->trials[r], c->figure);
        known &= isfinite(values[r]);
        positive &= values[r] > 0.0;
        logs[r] = values[r] > 0.0 ? log(values[r]) : 0.0;
        c->zero &= values[r] == 0.0;
    }
    c->means[a] = cell_figure(cell, c->figure);
    c->any |= known;
    sheet->values[a] = values;
    sheet->logs[a] = logs;
    if (!known || !positive) {
        free(logs);
        sheet->logs[a] = NULL;
    }
    if (!known) {
        free(values);
        sheet->values[a] = NULL;
    }
}

static bool all_same(const double *x, const double *y, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (x[i] != y[i])
            return false;
    return true;
}

/* x against y; p values not adjusted yet. */
static struct contrast against(const struct sheet *sheet, uint32_t x, uint32_t y, double level)
{
    const struct contrasts *c = sheet->c;
    struct contrast r = {.p = NAN, .holm = NAN, .equal = NAN, .correlation = NAN, .gain = NAN};
    bool both = sheet->values[x] != NULL && sheet->values[y] != NULL;
    uint32_t n = c->replications;
    r.same = both && all_same(sheet->values[x], sheet->values[y], n);
    double **from = c->ratio && !r.same ? sheet->logs : sheet->values;
    r.known = both && from[x] != NULL && from[y] != NULL;
    if (!r.known)
        return r;
    struct paired pair = statistics_paired(from[x], from[y], n, level);
    double margin = c->ratio ? log1p(sheet->margin) : sheet->margin * fabs(c->means[y].mean);
    r.value = pair.difference.mean;
    r.low = pair.difference.low;
    r.high = pair.difference.high;
    if (c->ratio) { /* of equal values: exp(0) */
        r.value = exp(r.value);
        r.low = exp(r.low);
        r.high = exp(r.high);
    }
    r.p = pair.p;
    r.correlation = pair.correlation;
    r.gain = pair.gain;
    if (sheet->margin > 0.0)
        r.equal = statistics_equivalence(&pair.difference, margin);
    return r;
}

/* Adjusts by Holm those that are known: p[i] of n, NAN = unknown stays so. */
static void adjust(double *p, uint32_t n)
{
    double *known = text_need((n + 1U) * sizeof *known);
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++)
        if (!isnan(p[i]))
            known[count++] = p[i];
    statistics_holm(known, count, known);
    count = 0;
    for (uint32_t i = 0; i < n; i++)
        if (!isnan(p[i]))
            p[i] = known[count++];
    free(known);
}

static void against_baseline(struct sheet *sheet)
{
    struct contrasts *c = sheet->c;
    double *p = text_need((2U * c->count + 1U) * sizeof *p), *equal = p + c->count;
    for (uint32_t a = 0; a < c->count; a++) {
        p[a] = equal[a] = NAN;
        if (a == c->baseline)
            continue;
        c->arms[a] = against(sheet, a, c->baseline, c->level);
        p[a] = c->arms[a].p;
        equal[a] = c->arms[a].equal;
    }
    adjust(p, c->count);
    adjust(equal, c->count);
    for (uint32_t a = 0; a < c->count; a++) {
        c->arms[a].holm = p[a];
        c->arms[a].equal = equal[a];
        c->arms[a].differs = p[a] < CONTRAST_ALPHA;
        c->arms[a].equivalent = equal[a] < CONTRAST_ALPHA;
    }
    free(p);
}

static void rank(struct sheet *sheet)
{
    struct contrasts *c = sheet->c;
    uint32_t k = c->count, n = 0;
    double *p = text_need((k * k + 1U) * sizeof *p);
    for (uint32_t x = 0; x < k; x++)
        for (uint32_t y = x + 1; y < k; y++)
            p[n++] = against(sheet, x, y, 1.0 - CONTRAST_ALPHA).p;
    adjust(p, n);
    for (uint32_t a = 0; a < k; a++)
        c->ranks[a] = sheet->values[a] != NULL ? 1U : 0U;
    n = 0;
    for (uint32_t x = 0; x < k; x++)
        for (uint32_t y = x + 1; y < k; y++) {
            if (!(p[n++] < CONTRAST_ALPHA))
                continue;
            bool less = c->means[x].mean < c->means[y].mean;
            c->ranks[less == contrast_more_is_better(c->figure) ? x : y]++;
        }
    for (uint32_t x = 0; x < k; x++)
        for (uint32_t y = 0; y < k; y++)
            c->tied[x] |= x != y && c->ranks[x] != 0 && c->ranks[x] == c->ranks[y];
    free(p);
}

void contrasts_make(struct contrasts *c, enum cell_figure figure,
                    const struct experiment_cell *const *arms, uint32_t count, uint32_t baseline,
                    double margin)
{
    lb_assert(count >= 2 && baseline < count);
    *c = (struct contrasts){.figure = figure,
                            .count = count,
                            .baseline = baseline,
                            .replications = arms[0]->count,
                            .ratio = cell_figures[figure].unit == UNIT_TIME,
                            .level = 1.0 - CONTRAST_ALPHA / (double)(count - 1),
                            .zero = true,
                            .means = text_need_zero(count, sizeof *c->means),
                            .arms = text_need_zero(count, sizeof *c->arms),
                            .ranks = text_need_zero(count, sizeof *c->ranks),
                            .tied = text_need_zero(count, sizeof *c->tied)};
    struct sheet sheet = {.c = c,
                          .values = text_need_zero(count, sizeof *sheet.values),
                          .logs = text_need_zero(count, sizeof *sheet.logs),
                          .margin = margin};
    for (uint32_t a = 0; a < count; a++) {
        lb_assert(arms[a]->count == c->replications);
        read_arm(&sheet, a, arms[a]);
    }
    against_baseline(&sheet);
    rank(&sheet);
    for (uint32_t a = 0; a < count; a++) {
        free(sheet.values[a]);
        free(sheet.logs[a]);
    }
    free(sheet.values);
    free(sheet.logs);
}

void contrasts_done(struct contrasts *c)
{
    free(c->means);
    free(c->arms);
    free(c->ranks);
    free(c->tied);
    *c = (struct contrasts){0};
}
