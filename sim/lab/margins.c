/* See margins.h. Every variant is loaded first, since a line of one may be about others. */
#include "sim/lab/margins.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/statistics.h"
#include "sim/base/text.h"

/* A row at work: what was measured, by replication. */
struct line {
    const struct scenario_expect *expect;
    const char *variant;  /* whose summary has it, when it compares nothing */
    uint32_t index;       /* there, among its expectations */
    double *left, *right; /* NAN = not measured */
    bool *holds;
};

struct sheet {
    const struct margins_setup *setup;
    struct line *lines;
    uint32_t line_count;
    const struct scenario *running;
};

/* --- lines ------------------------------------------------------------------------------------ */

/* A line for all variants that compares two of them is one line, not one for each. */
static bool listed(const struct sheet *sheet, const struct scenario_expect *expect)
{
    for (uint32_t i = 0; i < sheet->line_count; i++)
        if (sheet->lines[i].expect->against &&
            strcmp(sheet->lines[i].expect->text, expect->text) == 0)
            return true;
    return false;
}

static void add_line(struct sheet *sheet, const struct scenario *scenario, uint32_t index)
{
    const struct scenario_expect *expect = &scenario->expects[index];
    uint32_t seeds = sheet->setup->seeds;
    if (expect->against && listed(sheet, expect))
        return;
    sheet->lines = text_need_more(sheet->lines, (sheet->line_count + 1) * sizeof *sheet->lines);
    struct line *line = &sheet->lines[sheet->line_count++];
    *line = (struct line){.expect = expect,
                          .variant = scenario->variant,
                          .index = index,
                          .left = text_need(seeds * sizeof(double)),
                          .right = text_need(seeds * sizeof(double)),
                          .holds = text_need_zero(seeds, sizeof(bool))};
    for (uint32_t r = 0; r < seeds; r++) {
        line->left[r] = NAN;
        line->right[r] = expect->against ? NAN : expect->value;
    }
}

static void lines_done(struct sheet *sheet)
{
    for (uint32_t i = 0; i < sheet->line_count; i++) {
        free(sheet->lines[i].left);
        free(sheet->lines[i].right);
        free(sheet->lines[i].holds);
    }
    free(sheet->lines);
}

/* --- measuring -------------------------------------------------------------------------------- */

static void measure_side(const struct summary *summary, const struct scenario_measure *side,
                         double factor, double *value)
{
    if (strcmp(side->variant, summary->scenario->variant) == 0 &&
        summary_measure(summary, side, value))
        *value *= factor;
}

static void measure(void *self, uint32_t index, const struct summary *summary)
{
    struct sheet *sheet = self;
    for (uint32_t i = 0; i < sheet->line_count; i++) {
        struct line *line = &sheet->lines[i];
        const struct scenario_expect *expect = line->expect;
        if (expect->against) {
            measure_side(summary, &expect->left, 1.0, &line->left[index]);
            measure_side(summary, &expect->right, expect->factor, &line->right[index]);
            line->holds[index] = summary_holds(expect, line->left[index], line->right[index]);
        } else if (strcmp(line->variant, summary->scenario->variant) == 0) {
            const struct summary_expect *one = &summary->expects[line->index];
            line->left[index] = one->known ? one->value : NAN;
            line->holds[index] = one->holds;
        }
    }
}

static bool stop(void *self)
{
    const struct margins_setup *setup = ((struct sheet *)self)->setup;
    return setup->stop != NULL && setup->stop(setup->self);
}

/* --- judging ---------------------------------------------------------------------------------- */

/* How far the mean is inside of what the line allows; below 0 = outside. mean: of left - right. */
static double distance(const struct scenario_expect *expect, double mean)
{
    switch (expect->compare) {
    case COMPARE_LT:
    case COMPARE_LE:
        return -mean;
    case COMPARE_GT:
    case COMPARE_GE:
        return mean;
    case COMPARE_NEAR:
        return expect->tolerance - fabs(mean);
    }
    return NAN;
}

/* The bound that counts: of `= value +- tolerance` the nearer one. */
static double bound(const struct scenario_expect *expect, double right, double mean)
{
    if (expect->compare != COMPARE_NEAR)
        return right;
    return mean < right ? right - expect->tolerance : right + expect->tolerance;
}

static bool constant(const double *values, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++)
        if (values[i] != values[0])
            return false;
    return true;
}

static void judge(const struct line *line, uint32_t seeds, struct margin *row)
{
    const struct scenario_expect *expect = line->expect;
    double *difference = text_need(seeds * sizeof *difference);
    *row = (struct margin){.variant = expect->against ? "" : line->variant,
                           .text = expect->text,
                           .unit = metric_unit(expect->left.metric),
                           .against = expect->against,
                           .known = true,
                           .margin = -INFINITY};
    for (uint32_t r = 0; r < seeds; r++) {
        difference[r] = line->left[r] - line->right[r];
        row->known &= isfinite(difference[r]);
        row->holds += line->holds[r] ? 1U : 0U;
    }
    if (row->known) {
        struct estimate e = statistics_mean(difference, seeds, 0.95);
        bool same = constant(difference, seeds); /* exactly: sums of equal values round */
        row->mean = statistics_mean(line->left, seeds, 0.95).mean;
        row->bound = bound(expect, statistics_mean(line->right, seeds, 0.95).mean, row->mean);
        row->deviation = same ? 0.0 : e.sd;
        if (same)
            row->margin = row->holds == seeds ? INFINITY : -INFINITY;
        else
            row->margin = distance(expect, e.mean) / e.sd;
    }
    free(difference);
}

/* --- all of it -------------------------------------------------------------------------------- */

static int load(const struct margins_setup *setup, struct margins *margins)
{
    struct scenario *base = setup->load(setup->self, "base");
    if (base == NULL)
        return -2;
    margins->variants = text_need_zero(base->variant_count + 1, sizeof *margins->variants);
    margins->variants[margins->variant_count++] = base;
    for (uint32_t v = 1; v < base->variant_count; v++) {
        struct scenario *variant = setup->load(setup->self, base->variants[v]);
        if (variant == NULL)
            return -2;
        margins->variants[margins->variant_count++] = variant;
    }
    return 0;
}

int margins_measure(const struct margins_setup *setup, struct margins *margins,
                    struct lb_error *error)
{
    struct sheet sheet = {.setup = setup};
    lb_assert(setup->seeds >= 2);
    *margins = (struct margins){0};
    int status = load(setup, margins);
    for (uint32_t v = 0; v < margins->variant_count && status == 0; v++)
        for (uint32_t i = 0; i < margins->variants[v]->expect_count; i++)
            add_line(&sheet, margins->variants[v], i);
    for (uint32_t v = 0; v < margins->variant_count && status == 0; v++) {
        struct replicate_setup work = {.scenario = margins->variants[v],
                                       .count = setup->seeds,
                                       .threads = setup->threads,
                                       .self = &sheet,
                                       .measure = measure,
                                       .stop = stop};
        status = replicate(&work, error);
    }
    if (status == 0) {
        margins->rows = text_need_zero(sheet.line_count + 1, sizeof *margins->rows);
        margins->count = sheet.line_count;
        for (uint32_t i = 0; i < sheet.line_count; i++)
            judge(&sheet.lines[i], setup->seeds, &margins->rows[i]);
    }
    lines_done(&sheet);
    return status;
}

void margins_done(struct margins *margins)
{
    for (uint32_t v = 0; v < margins->variant_count; v++)
        scenario_destroy(margins->variants[v]);
    free(margins->variants);
    free(margins->rows);
    *margins = (struct margins){0};
}
