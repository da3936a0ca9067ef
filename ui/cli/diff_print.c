/* See diff.h: words, tables and JSON. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/json.h"
#include "sim/run/summary.h"
#include "ui/cli/diff.h"

#define CELLS_SHOWN 12U   /* more: those with a difference only */
#define LINES_SHOWN 40U   /* of the scenarios' texts */
#define LINES_MAX   4000U /* that are looked at */

/* Names and settings from the database are hostile: no control bytes, nothing that Markdown obeys. */
static void put(const struct diff *diff, const char *text)
{
    char *safe = text_need(strlen(text) + 1);
    text_escape(safe, strlen(text) + 1, text, strlen(text));
    for (const char *at = safe; *at != '\0'; at++) {
        if (diff->markdown && strchr("\\`*_{}[]<>#|!&", *at) != NULL)
            putchar('\\');
        putchar(*at);
    }
    free(safe);
}

/* Several lines in one. */
static void put_lines(const struct diff *diff, const char *lines)
{
    if (lines == NULL || lines[0] == '\0') {
        fputs("-", stdout);
        return;
    }
    for (bool first = true; *lines != '\0'; first = false) {
        size_t size = strcspn(lines, "\n");
        char *line = text_copy_n(lines, size);
        fputs(first ? "" : "; ", stdout);
        put(diff, line);
        free(line);
        lines += size + (lines[size] == '\n' ? 1 : 0);
    }
}

/* --- lines of the scenarios ------------------------------------------------------------------------- */

static uint32_t split(const char *text, const char **at, size_t *size)
{
    uint32_t count = 0;
    while (*text != '\0' && count < LINES_MAX) {
        at[count] = text;
        size[count] = strcspn(text, "\n");
        text += size[count] + (text[size[count]] == '\n' ? 1 : 0);
        count++;
    }
    return count;
}

struct lines {
    const char **at;
    size_t *size;
    uint32_t count;
};

static bool equal_lines(const struct lines *a, uint32_t i, const struct lines *b, uint32_t j)
{
    return a->size[i] == b->size[j] && memcmp(a->at[i], b->at[j], a->size[i]) == 0;
}

/* The longest common subsequence of lines, from the end: longest[i][j] of what is left. */
static void walk(const struct lines *a, const struct lines *b, struct text *out)
{
    uint32_t n = a->count, m = b->count, i = 0, j = 0;
    size_t row = (size_t)m + 1;
    uint16_t *longest = text_need_zero(((size_t)n + 1) * row, sizeof *longest);
    for (uint32_t x = n; x-- > 0;)
        for (uint32_t y = m; y-- > 0;) {
            uint16_t down = longest[(x + 1) * row + y], right = longest[x * row + y + 1];
            longest[x * row + y] = equal_lines(a, x, b, y)
                                       ? (uint16_t)(longest[(x + 1) * row + y + 1] + 1)
                                   : down > right ? down
                                                  : right;
        }
    while (i < n || j < m) {
        if (i < n && j < m && equal_lines(a, i, b, j)) {
            i++;
            j++;
        } else if (i < n && (j == m || longest[(i + 1) * row + j] >= longest[i * row + j + 1])) {
            text_addf(out, "-%.*s\n", (int)a->size[i], a->at[i]);
            i++;
        } else {
            text_addf(out, "+%.*s\n", (int)b->size[j], b->at[j]);
            j++;
        }
    }
    free(longest);
}

void diff_lines(const char *before, const char *after, struct text *out)
{
    const char *const texts[2] = {before, after};
    struct lines lines[2];
    for (int k = 0; k < 2; k++) {
        lines[k].at = text_need(LINES_MAX * sizeof(char *));
        lines[k].size = text_need(LINES_MAX * sizeof(size_t));
        lines[k].count = split(texts[k] != NULL ? texts[k] : "", lines[k].at, lines[k].size);
    }
    walk(&lines[0], &lines[1], out);
    for (int k = 0; k < 2; k++) {
        free(lines[k].at);
        free(lines[k].size);
    }
}

static void print_lines(const struct diff *diff, const char *lines)
{
    uint32_t shown = 0;
    fputs(diff->markdown ? "\n```diff\n" : "  lines of the file:\n", stdout);
    for (; *lines != '\0'; shown++) {
        size_t size = strcspn(lines, "\n");
        if (shown < LINES_SHOWN) {
            char *line = text_copy_n(lines, size);
            for (char *at = line; diff->markdown && *at != '\0'; at++)
                if (*at == '`') /* would end the block */
                    *at = '\'';
            fputs(diff->markdown ? "" : "    ", stdout);
            text_print(stdout, line);
            puts("");
            free(line);
        }
        lines += size + (lines[size] == '\n' ? 1 : 0);
    }
    if (shown > LINES_SHOWN)
        printf("%s... and %u more\n", diff->markdown ? "" : "    ", shown - LINES_SHOWN);
    if (diff->markdown)
        puts("```");
}

/* --- tables ------------------------------------------------------------------------------------------- */

static bool fact_differs(const struct diff *diff, int i)
{
    const char *a = diff->side[0].facts[i], *b = diff->side[1].facts[i];
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") != 0;
}

static void print_settings(const struct diff *diff)
{
    struct text lines;
    bool any = false;
    text_init(&lines);
    diff_lines(diff->side[0].text, diff->side[1].text, &lines);
    puts(diff->markdown ? "\n### Settings\n" : "\nSETTINGS");
    for (int i = 0; i < DIFF_FACTS; i++) {
        if (!fact_differs(diff, i))
            continue;
        any = true;
        printf(diff->markdown ? "- %s: " : "  %-12s  ", diff_facts[i]);
        put_lines(diff, diff->side[0].facts[i]);
        fputs(" -> ", stdout);
        put_lines(diff, diff->side[1].facts[i]);
        puts("");
    }
    if (lines.size > 0)
        print_lines(diff, lines.data);
    else if (!any)
        puts(diff->markdown ? "Nothing differs." : "  nothing differs");
    text_done(&lines);
}

static const char *gap_word(char *buf, size_t size, const struct change *c)
{
    enum unit unit = cell_figures[c->figure].unit;
    char value[3][40];
    const double values[3] = {c->value, c->low, c->high};
    if (!isfinite(c->value))
        return "-";
    for (int i = 0; i < 3; i++)
        if (c->ratio)
            (void)snprintf(value[i], sizeof value[i], "%.4g", values[i]);
        else
            summary_format(value[i], sizeof value[i], unit, values[i]);
    if (!isfinite(c->low))
        (void)snprintf(buf, size, "%s%s", value[0], c->ratio ? " x" : "");
    else
        (void)snprintf(buf, size, "%s%s (%s to %s)", value[0], c->ratio ? " x" : "", value[1],
                       value[2]);
    return buf;
}

static void print_change(const struct diff *diff, const struct change *c)
{
    enum unit unit = cell_figures[c->figure].unit;
    char a[40] = "-", b[40] = "-", gap[140], p[24] = "-";
    if (isfinite(c->before))
        summary_format(a, sizeof a, unit, c->before);
    if (isfinite(c->after))
        summary_format(b, sizeof b, unit, c->after);
    if (isfinite(c->p))
        (void)snprintf(p, sizeof p, c->p < 0.0001 ? "<0.0001" : "%.4f", c->p);
    printf(
        diff->markdown ? "| %s | %s | %s | %s | %s | %s |\n" : "  %-13s %12s %12s  %-32s %8s  %s\n",
        cell_figures[c->figure].name, a, b, gap_word(gap, sizeof gap, c), p, change_words[c->is]);
}

static bool shows(const struct diff *diff, const struct diff_pair *pair)
{
    bool any = diff->pair_count <= CELLS_SHOWN;
    for (uint32_t i = 0; i < diff->figure_count; i++)
        any |= pair->changes[i].is == CHANGE_WORSE || pair->changes[i].is == CHANGE_BETTER;
    return any;
}

static void put_cell(const struct diff *diff, const struct diff_cell *cell)
{
    if (cell->cell.name[0] != '\0') {
        put(diff, cell->cell.name);
        if (cell->cell.settings[0] != '\0')
            fputs(": ", stdout);
    }
    if (cell->cell.settings[0] != '\0' || cell->cell.name[0] == '\0')
        put_lines(diff, cell->cell.settings);
    puts("");
}

static void print_unmatched(const struct diff *diff)
{
    for (int k = 0; k < 2; k++) {
        const struct diff_side *side = &diff->side[k];
        uint32_t count = 0;
        for (uint32_t i = 0; i < side->count; i++) {
            if (side->cells[i].matched)
                continue;
            if (count++ == 0)
                printf("\nOnly in %s:%s", k == 0 ? "A" : "B", diff->markdown ? "\n\n" : "\n");
            if (count <= CELLS_SHOWN) {
                fputs(diff->markdown ? "- " : "  ", stdout);
                put_cell(diff, &side->cells[i]);
            }
        }
        if (count > CELLS_SHOWN)
            printf("%s... and %u more\n", diff->markdown ? "- " : "  ", count - CELLS_SHOWN);
    }
}

static void print_cells(const struct diff *diff)
{
    uint32_t hidden = 0;
    puts(diff->markdown ? "\n### Figures" : "\nFIGURES, means over replications");
    for (uint32_t k = 0; k < diff->pair_count; k++) {
        const struct diff_pair *pair = &diff->pairs[k];
        if (!shows(diff, pair)) {
            hidden++;
            continue;
        }
        puts("");
        put_cell(diff, pair->after);
        if (diff->markdown)
            puts("\n| figure | A | B | B against A | P | |\n|---|---:|---:|---:|---:|---|");
        else
            printf("  %-13s %12s %12s  %-32s %8s\n", "", "A", "B", "B AGAINST A", "P");
        for (uint32_t i = 0; i < diff->figure_count; i++)
            print_change(diff, &pair->changes[i]);
    }
    if (hidden > 0)
        printf("\n%u more cells: no difference shown.\n", hidden);
    print_unmatched(diff);
    printf("\n%s. P: of a change within %g %%, adjusted by Holm over all %u figures of all cells; "
           "below 0.05 a change is shown. Intervals hold together at 95 %% (Bonferroni).\n",
           diff->common ? "Same seeds: replications are compared in pairs (paired t)"
                        : "Other seeds: independent samples (Welch)",
           100.0 * diff->tolerance, diff->pair_count * diff->figure_count);
}

static void print_runs(const struct diff *diff)
{
    puts(diff->markdown ? "\n### Figures\n\n| figure | A | B |\n|---|---:|---:|"
                        : "\nFIGURES, of one run each");
    for (uint32_t i = 0; i < diff->figure_count; i++) {
        const struct cell_figure_row *row = &cell_figures[diff->figures[i]];
        char words[2][40] = {"-", "-"};
        for (int k = 0; k < 2; k++) {
            double value = diff->side[k].run[diff->figures[i]];
            if (isfinite(value))
                summary_format(words[k], sizeof words[k], row->unit, value / row->scale);
        }
        printf(diff->markdown ? "| %s | %s | %s |\n" : "  %-13s %12s %12s\n", row->name, words[0],
               words[1]);
    }
}

const char *diff_verdict(const struct diff *diff)
{
    return diff->same                              ? "same"
           : diff->side[0].named.kind == NAMED_RUN ? "not judged"
           : diff->worse > 0                       ? "regression"
           : diff->better > 0                      ? "improvement"
                                                   : "no difference shown";
}

static void print_verdict(const struct diff *diff)
{
    bool run = diff->side[0].named.kind == NAMED_RUN;
    puts(diff->markdown ? "\n### Verdict\n" : "\nVERDICT");
    fputs(diff->markdown ? "" : "  ", stdout);
    if (diff->same)
        printf("The same %s: the digests are equal (%s), so no request went another way.\n",
               run ? "run" : "results", diff->side[0].named.digest);
    else if (run)
        puts(diff->markdown
                 ? "Not judged: the runs differ, and one run against one run has no interval over "
                   "replications. `lbsim compare` and `lbsim sweep` make replications; then diff "
                   "the two experiments."
                 : "Not judged: the runs differ, and one run against one run has no interval\n"
                   "  over replications. 'lbsim compare' and 'lbsim sweep' make replications;\n"
                   "  then diff the two experiments.");
    else if (diff->worse > 0)
        printf("REGRESSION: %u of %u figures are shown to be worse%s; %u better.\n", diff->worse,
               diff->pair_count * diff->figure_count,
               diff->tolerance > 0.0 ? " by more than the tolerance" : "", diff->better);
    else if (diff->better > 0)
        printf("No regression shown; %u figures are shown to be better.\n", diff->better);
    else
        puts("No difference shown.");
}

void diff_print(const struct diff *diff)
{
    for (int k = 0; k < 2; k++) {
        const struct diff_side *side = &diff->side[k];
        printf("%s%c: %s %" PRId64 ", ", diff->markdown ? "- " : "", 'A' + k,
               named_kinds[side->named.kind], side->named.number);
        put(diff, side->facts[0] != NULL ? side->facts[0] : "");
        printf(", seed %s, digest %s", side->facts[4], side->named.digest);
        if (side->named.kind == NAMED_EXPERIMENT && side->count < side->planned)
            printf(", UNFINISHED: %u of %u cells", side->count, side->planned);
        puts("");
    }
    print_settings(diff);
    if (!diff->same && diff->side[0].named.kind == NAMED_RUN)
        print_runs(diff);
    else if (!diff->same)
        print_cells(diff);
    print_verdict(diff);
}

/* --- JSON ---------------------------------------------------------------------------------------------- */

static void json_change(struct json *json, const struct change *c)
{
    double scale = cell_figures[c->figure].scale, gap = c->ratio ? 1.0 : scale;
    json_object(json, NULL);
    json_string(json, "metric", cell_figures[c->figure].json);
    json_round(json, "a", c->before * scale, 9);
    json_round(json, "b", c->after * scale, 9);
    json_round(json, c->ratio ? "ratio" : "difference", c->value * gap, 9);
    json_round(json, "low", c->low * gap, 9);
    json_round(json, "high", c->high * gap, 9);
    json_round(json, "p", c->p, 6);
    json_string(json, "is", change_words[c->is]);
    json_end_object(json);
}

static void json_side(struct json *json, const char *key, const struct diff *diff, int k)
{
    const struct diff_side *side = &diff->side[k];
    json_object(json, key);
    json_string(json, "kind", named_kinds[side->named.kind]);
    json_int(json, "number", side->named.number);
    json_string(json, "digest", side->named.digest);
    for (int i = 0; i < DIFF_FACTS; i++)
        if (side->facts[i] != NULL)
            json_string(json, diff_facts[i], side->facts[i]);
    if (side->named.kind == NAMED_RUN)
        for (uint32_t i = 0; i < diff->figure_count; i++)
            json_round(json, cell_figures[diff->figures[i]].json, side->run[diff->figures[i]], 9);
    json_list(json, "unmatched");
    for (uint32_t i = 0; i < side->count; i++)
        if (!side->cells[i].matched && !diff->same)
            json_string(json, NULL, side->cells[i].key);
    json_end_list(json);
    json_end_object(json);
}

void diff_print_json(const struct diff *diff)
{
    struct json json;
    struct text lines;
    json_init(&json);
    text_init(&lines);
    diff_lines(diff->side[0].text, diff->side[1].text, &lines);
    json_object(&json, NULL);
    json_side(&json, "a", diff, 0);
    json_side(&json, "b", diff, 1);
    json_list(&json, "differs");
    for (int i = 0; i < DIFF_FACTS; i++)
        if (fact_differs(diff, i))
            json_string(&json, NULL, diff_facts[i]);
    json_end_list(&json);
    json_string(&json, "scenario_lines", lines.size > 0 ? lines.data : "");
    json_bool(&json, "paired", diff->common);
    json_double(&json, "tolerance", diff->tolerance);
    json_list(&json, "cells");
    for (uint32_t k = 0; k < diff->pair_count; k++) {
        json_object(&json, NULL);
        json_string(&json, "name", diff->pairs[k].after->cell.name);
        json_string(&json, "settings", diff->pairs[k].after->cell.settings);
        json_list(&json, "metrics");
        for (uint32_t i = 0; i < diff->figure_count; i++)
            json_change(&json, &diff->pairs[k].changes[i]);
        json_end_list(&json);
        json_end_object(&json);
    }
    json_end_list(&json);
    json_uint(&json, "worse", diff->worse);
    json_uint(&json, "better", diff->better);
    json_string(&json, "verdict", diff_verdict(diff));
    json_end_object(&json);
    puts(json.text.data);
    json_done(&json);
    text_done(&lines);
}
