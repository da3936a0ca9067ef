/*
 * The ledger of a run for people: what lies behind the requests that failed, and those that came ok
 * but beyond their objective. Rows of cause and why, most frequent first.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/run/private.h"

/* Rows in the order of the tables of causes and whys, slow ones last; sorted later. */
static void add(struct summary_why **list, uint32_t *count, int cause, enum why why,
                uint64_t number)
{
    if (number == 0)
        return;
    *list = text_need_more(*list, (*count + 1) * sizeof **list);
    (*list)[(*count)++] =
        (struct summary_why){.cause = cause, .why = why_name(why), .count = number};
}

static void fill(struct summary_why **list, uint32_t *count, const struct ledger_why *from)
{
    for (int cause = 0; cause < CAUSES; cause++)
        for (int why = 0; why < WHYS; why++)
            add(list, count, cause, (enum why)why, from->failed[cause][why]);
    for (int why = 0; why < WHYS; why++)
        add(list, count, -1, (enum why)why, from->slow[why]);
}

/* By insertion: a list is short, and equal counts stay in order. */
static void sort(struct summary_why *list, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        struct summary_why row = list[i];
        uint32_t k = i;
        for (; k > 0 && list[k - 1].count < row.count; k--)
            list[k] = list[k - 1];
        list[k] = row;
    }
}

void summary_build_ledger(struct summary *s, const struct world *w)
{
    struct ledger_why all = {0};
    for (uint32_t c = 0; c < s->class_count; c++) {
        const struct ledger_why *why = w->ledger.classes[c].why;
        struct summary_class *class = &s->classes[c];
        if (why == NULL)
            continue;
        fill(&class->ledger, &class->ledger_count, why);
        sort(class->ledger, class->ledger_count);
        for (int i = 0; i < WHYS; i++) {
            for (int cause = 0; cause < CAUSES; cause++)
                all.failed[cause][i] += why->failed[cause][i];
            all.slow[i] += why->slow[i];
        }
    }
    fill(&s->ledger, &s->ledger_count, &all);
    sort(s->ledger, s->ledger_count);
}

void summary_release_ledger(struct summary *s)
{
    for (uint32_t c = 0; c < s->class_count; c++)
        free(s->classes[c].ledger);
    free(s->ledger);
}

void summary_json_ledger(const struct summary_why *ledger, uint32_t count, struct json *json)
{
    json_list(json, "ledger");
    for (uint32_t i = 0; i < count; i++) {
        json_object(json, NULL);
        json_string(json, "outcome", ledger[i].cause < 0 ? "slow" : "failed");
        if (ledger[i].cause >= 0)
            json_string(json, "cause", cause_name((enum cause)ledger[i].cause));
        json_string(json, "why", ledger[i].why);
        json_uint(json, "count", ledger[i].count);
        json_end_object(json);
    }
    json_end_list(json);
}

void summary_print_ledger(const struct summary *s, FILE *to)
{
    if (s->ledger_count == 0)
        return;
    fprintf(to, "\n%-20s%-20s%12s%12s\n", "FAILED OR SLOW", "WHY", "COUNT", "SHARE");
    for (uint32_t i = 0; i < s->ledger_count; i++) {
        const struct summary_why *row = &s->ledger[i];
        fprintf(to, "%-20s%-20s%12llu%10.3g %%\n",
                row->cause < 0 ? "slow" : cause_name((enum cause)row->cause), row->why,
                (unsigned long long)row->count,
                100.0 * (double)row->count / (double)s->counts.arrived);
    }
}

uint64_t summary_unnoticed(const struct summary *summary)
{
    const char *window = why_name(WHY_DETECTION);
    uint64_t count = 0;
    for (uint32_t i = 0; i < summary->ledger_count; i++)
        if (summary->ledger[i].cause >= 0 && strcmp(summary->ledger[i].why, window) == 0)
            count += summary->ledger[i].count;
    return count;
}
