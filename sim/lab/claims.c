/* See claims.h. */
#include "sim/lab/claims.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"

/* The first arm of this variant in the group, or -1. */
static int64_t arm_of(const struct scenario *const *arms, const uint32_t *groups, uint32_t count,
                      uint32_t group, const char *variant)
{
    for (uint32_t i = 0; i < count; i++)
        if (groups[i] == group && strcmp(arms[i]->variant, variant) == 0)
            return i;
    return -1;
}

/* A line of the file that compares variants stands in each of them; once a group is enough. */
static bool listed(const struct claims *claims, const uint32_t *groups, uint32_t group,
                   const char *text)
{
    for (uint32_t i = 0; i < claims->count; i++)
        if (claims->rows[i].against && groups[claims->rows[i].arm] == group &&
            strcmp(claims->rows[i].text, text) == 0)
            return true;
    return false;
}

void claims_init(struct claims *claims, const struct scenario *const *arms, const uint32_t *groups,
                 uint32_t count)
{
    *claims = (struct claims){0};
    for (uint32_t a = 0; a < count; a++)
        for (uint32_t i = 0; i < arms[a]->expect_count; i++) {
            const struct scenario_expect *expect = &arms[a]->expects[i];
            struct claim row = {.text = expect->text,
                                .arm = a,
                                .against = expect->against,
                                .unit = metric_unit(expect->left.metric),
                                .judged = true,
                                .index = i,
                                .expect = expect};
            if (expect->against) {
                int64_t left = arm_of(arms, groups, count, groups[a], expect->left.variant);
                int64_t right = arm_of(arms, groups, count, groups[a], expect->right.variant);
                if (listed(claims, groups, groups[a], expect->text))
                    continue;
                row.judged = left >= 0 && right >= 0;
                row.left = row.judged ? (uint32_t)left : 0;
                row.right = row.judged ? (uint32_t)right : 0;
            }
            claims->rows =
                text_need_more(claims->rows, (claims->count + 1U) * sizeof *claims->rows);
            claims->rows[claims->count++] = row;
        }
}

void claims_room(struct claims *claims, uint32_t replications)
{
    for (uint32_t i = 0; i < claims->count && replications > claims->room; i++) {
        struct claim *row = &claims->rows[i];
        row->lefts = text_need_more(row->lefts, replications * sizeof *row->lefts);
        row->rights = text_need_more(row->rights, replications * sizeof *row->rights);
    }
    if (replications > claims->room)
        claims->room = replications;
}

static double side(const struct summary *summary, const struct scenario_measure *measure)
{
    double value;
    return summary_measure(summary, measure, &value) ? value : (double)NAN;
}

void claims_measure(struct claims *claims, uint32_t arm, uint32_t replication,
                    const struct summary *summary)
{
    lb_assert(replication < claims->room || claims->count == 0);
    for (uint32_t i = 0; i < claims->count; i++) {
        struct claim *row = &claims->rows[i];
        const struct scenario_expect *expect = row->expect;
        if (!row->judged)
            continue;
        if (row->against && row->left == arm)
            row->lefts[replication] = side(summary, &expect->left);
        if (row->against && row->right == arm)
            row->rights[replication] = expect->factor * side(summary, &expect->right);
        if (!row->against && row->arm == arm) {
            const struct summary_expect *one = &summary->expects[row->index];
            row->lefts[replication] = one->known ? one->value : (double)NAN;
            row->rights[replication] = expect->value;
        }
    }
}

uint32_t claims_judge(struct claims *claims, uint32_t replications)
{
    uint32_t failed = 0;
    lb_assert(replications >= 1 && (replications <= claims->room || claims->count == 0));
    for (uint32_t i = 0; i < claims->count; i++) {
        struct claim *row = &claims->rows[i];
        double left = 0.0, right = 0.0;
        if (!row->judged)
            continue;
        for (uint32_t r = 0; r < replications; r++) {
            left += row->lefts[r];
            right += row->rights[r];
        }
        row->value = left / replications;
        row->bound = row->against ? right / replications : row->expect->value;
        row->known = isfinite(row->value) && isfinite(row->bound);
        row->holds = row->known && summary_holds(row->expect, row->value, row->bound);
        failed += row->holds ? 0U : 1U;
    }
    return failed;
}

void claims_done(struct claims *claims)
{
    for (uint32_t i = 0; i < claims->count; i++) {
        free(claims->rows[i].lefts);
        free(claims->rows[i].rights);
    }
    free(claims->rows);
    *claims = (struct claims){0};
}
