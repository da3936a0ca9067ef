/*
 * What tells the runs of a report apart: the fewest words that do.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reports/report.h"
#include "sim/base/text.h"

enum field { ALGORITHM, PARAMS, SCENARIO, VARIANT, SEED, REPLICATION, VERSION, FIELDS };

/* The words of one field of a run, into *to. */
static void add_field(struct text *to, const struct report_run *run, enum field field)
{
    switch (field) {
    case ALGORITHM:
        text_addf(to, "%s%s", run->algorithm, run->ideal ? " (ideal)" : "");
        break;
    case PARAMS:
        text_addf(to, "%s", run->params);
        break;
    case SCENARIO:
        text_addf(to, "%s", run->scenario);
        break;
    case VARIANT:
        text_addf(to, "%s", run->variant);
        break;
    case SEED:
        text_addf(to, "seed %s", run->seed);
        break;
    case REPLICATION:
        text_addf(to, "replication %" PRId64, run->replication);
        break;
    case VERSION:
    case FIELDS:
        text_addf(to, "%s", run->version);
        break;
    }
}

static bool same_field(const struct report_run *a, const struct report_run *b, enum field field)
{
    struct text x, y;
    text_init(&x);
    text_init(&y);
    add_field(&x, a, field);
    add_field(&y, b, field);
    bool same = x.size == y.size && (x.size == 0 || memcmp(x.data, y.data, x.size) == 0);
    text_done(&x);
    text_done(&y);
    return same;
}

/* Parameters tell runs apart only where the algorithm is the same. */
static bool differs(const struct report *report, enum field field)
{
    for (uint32_t i = 1; i < report->run_count; i++)
        for (uint32_t k = 0; k < (field == PARAMS ? i : 1); k++) {
            const struct report_run *a = &report->runs[i], *b = &report->runs[k];
            if (!same_field(a, b, field) && (field != PARAMS || same_field(a, b, ALGORITHM)))
                return true;
        }
    return false;
}

static char *label(const struct report_run *run, const bool *shown)
{
    struct text text;
    text_init(&text);
    for (int field = 0; field < FIELDS; field++) {
        size_t before = text.size;
        if (!shown[field])
            continue;
        if (before > 0)
            text_addf(&text, ", ");
        size_t start = text.size;
        add_field(&text, run, (enum field)field);
        if (text.size == start) /* nothing to say: no comma either */
            text.size = before;
    }
    text_add(&text, "", 0);
    char *copy = text_copy_n(text.size > 0 ? text.data : "", text.size);
    text_done(&text);
    return copy;
}

static bool all_differ(const struct report *report)
{
    for (uint32_t i = 0; i < report->run_count; i++)
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(report->runs[i].label, report->runs[k].label) == 0)
                return false;
    return true;
}

void report_label(struct report *report)
{
    bool shown[FIELDS] = {false};
    bool any = false;
    for (int field = 0; field < FIELDS; field++)
        any |= shown[field] = differs(report, (enum field)field);
    if (!any)
        shown[ALGORITHM] = true;
    for (uint32_t i = 0; i < report->run_count; i++)
        report->runs[i].label = label(&report->runs[i], shown);
    if (all_differ(report))
        return;
    for (uint32_t i = 0; i < report->run_count; i++) {
        struct report_run *run = &report->runs[i];
        struct text text;
        text_init(&text);
        text_addf(&text, "%s%srun %" PRId64, run->label, run->label[0] != '\0' ? ", " : "",
                  run->id);
        free(run->label);
        run->label = text_copy(text.data);
        text_done(&text);
    }
}
