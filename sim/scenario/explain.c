/* The schema for people: `lbsim explain`. See load.h. Tables and JSON are in describe.c. */
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/describe.h"
#include "sim/scenario/load.h"
#include "sim/scenario/schema.h"

/* Is this the key, when the [] and indices of lists are left out of both? */
static bool same_path(const char *path, const char *key)
{
    for (;;) {
        while (*path == '[')
            path = strchr(path, ']') + 1;
        while (*key == '[' && strchr(key, ']') != NULL)
            key = strchr(key, ']') + 1;
        if (*path != *key)
            return false;
        if (*path == '\0')
            return true;
        path++;
        key++;
    }
}

static void add_children(const struct schema_row *row, struct text *out)
{
    char parent[128];
    (void)snprintf(parent, sizeof parent, "%s%s", row->path, row->type == TYPE_LIST ? "[]" : "");
    const struct schema_row *child;
    for (uint32_t i = 0; (child = schema_at(i)) != NULL; i++)
        if (schema_inside(child, parent))
            text_addf(out, "      %-16s %s\n", schema_key(child), child->help);
}

static void add_row(const struct schema_row *row, struct text *out)
{
    struct text value;
    text_init(&value);
    describe_value(row, &value);
    text_addf(out, "%s\n    %s\n", row->path, row->help);
    text_addf(out, "    value    %s\n", value.data);
    text_clear(&value);
    describe_default(row, &value);
    text_addf(out, "    default  %s\n", value.data);
    text_done(&value);
    if (row->type == TYPE_MAP || row->type == TYPE_LIST) {
        text_addf(out, "    keys\n");
        add_children(row, out);
    }
    if (strcmp(row->path, "timeline") == 0)
        describe_actions(out);
    else if (strcmp(row->path, "expect") == 0)
        describe_metrics(out);
    else if (row->read == read_arrivals)
        describe_arrivals(out);
    else if (row->type == TYPE_DISTRIBUTION)
        describe_distributions(out);
}

static void add_overview(struct text *out)
{
    const struct schema_row *row;
    text_addf(out, "The keys of a scenario. `lbsim explain KEY` says more of one; a word of the "
                   "timeline,\nof an expectation or a distribution is a KEY too.\n\n");
    for (uint32_t i = 0; (row = schema_at(i)) != NULL; i++) {
        int depth = 0;
        for (const char *c = row->path; *c != '\0'; c++)
            depth += *c == '.' ? 1 : 0;
        const char *mark = row->required ? "*" : " ";
        text_addf(out, "%*s%s%-*s %s\n", 2 * depth, "", mark, 26 - 2 * depth, schema_key(row),
                  row->help);
    }
    text_addf(out, "\n* must be written, when what it belongs to is written.\n");
}

static bool add_word(const char *key, struct text *out)
{
    size_t before = out->size;
    const struct metric_row *metric;
    for (int k = 0; k < DISTRIBUTION_KINDS; k++)
        if (strcmp(distribution_name((enum distribution_kind)k), key) == 0) {
            text_addf(out, "a distribution: ");
            describe_distribution((enum distribution_kind)k, out);
            text_addf(out, "\n");
        }
    const struct arrivals_kind *kind;
    for (uint32_t i = 0; (kind = arrivals_kind_at(i)) != NULL; i++)
        if (strcmp(kind->name, key) == 0)
            text_addf(out, "arrivals: %s\n    %s\n", kind->shape, kind->help);
    if (action_find(key) != ACTIONS) {
        text_addf(out, "an action of the timeline: ");
        describe_action(action_find(key), out);
    }
    for (uint32_t i = 0; (metric = metric_at(i)) != NULL; i++)
        if (strcmp(metric->name, key) == 0)
            text_addf(out, "a metric of expectations: %s\n", metric->help);
    if (cause_find(key) != CAUSES)
        text_addf(out, "a cause of failure, as in failed(%s)\n", cause_name(cause_find(key)));
    const struct later_row *later;
    for (uint32_t i = 0; (later = schema_later_at(i)) != NULL; i++) {
        if (strcmp(later->key, key) != 0)
            continue;
        const char *where = later->where[0] == '\0' ? "the scenario" : later->where;
        if (later->help == NULL)
            text_addf(out, "'%s' in %s: this version cannot do it yet\n", key, where);
        else
            text_addf(out, "'%s' in %s: %s\n", key, where, later->help);
    }
    return out->size > before;
}

static void add_nearest(const char *key, struct text *out)
{
    const char *words[SCHEMA_ROWS_MAX + ARRIVALS_KINDS + DISTRIBUTION_KINDS + ACTIONS];
    const struct schema_row *row;
    size_t n = 0;
    for (uint32_t i = 0; (row = schema_at(i)) != NULL && n < SCHEMA_ROWS_MAX; i++)
        words[n++] = strchr(key, '.') != NULL ? row->path : schema_key(row);
    for (uint32_t i = 0; arrivals_kind_at(i) != NULL; i++)
        words[n++] = arrivals_kind_at(i)->name;
    for (int k = 0; k < DISTRIBUTION_KINDS; k++)
        words[n++] = distribution_name((enum distribution_kind)k);
    for (int a = 0; a < ACTIONS; a++)
        words[n++] = action_name((enum action)a);
    text_addf(out, "there is no key %s", quote(key, strlen(key)).text);
    const char *near = text_nearest(key, words, n);
    if (near != NULL)
        text_addf(out, "; did you mean '%s'?", near);
    text_addf(out, "\n");
}

bool scenario_explain(const char *key, struct text *out)
{
    const struct schema_row *row;
    size_t before = out->size;
    if (key[0] == '\0') {
        add_overview(out);
        return true;
    }
    for (uint32_t i = 0; (row = schema_at(i)) != NULL; i++)
        if (same_path(row->path, key) || strcmp(schema_key(row), key) == 0)
            add_row(row, out);
    if (add_word(key, out) || out->size > before)
        return true;
    add_nearest(key, out);
    return false;
}
