/* See describe.h, and load.h for the Markdown and JSON forms of the schema. */
#include "sim/scenario/describe.h"

#include <string.h>

#include "sim/base/json.h"
#include "sim/scenario/load.h"

void describe_value(const struct schema_row *row, struct text *out)
{
    char range[100];
    if (row->words != NULL) {
        for (size_t i = 0; row->words[i] != NULL; i++)
            text_addf(out, "%s%s", i == 0 ? "" : " or ", row->words[i]);
        return;
    }
    text_addf(out, "%s", row->shape != NULL ? row->shape : schema_type_name(row->type));
    if (schema_range(row, range, sizeof range)[0] != '\0')
        text_addf(out, ", %s", range);
}

void describe_default(const struct schema_row *row, struct text *out)
{
    if (row->required)
        text_addf(out, "required");
    else if (row->fallback != NULL)
        text_addf(out, "%s", row->fallback[0] == '\0' ? "none" : row->fallback);
    else
        text_addf(out, "%s", row->otherwise != NULL ? row->otherwise : "none");
}

static const char *const parameters[DISTRIBUTION_PARAMETERS] = {
    [PARAMETER_VALUE] = "value", [PARAMETER_MEAN] = "mean", [PARAMETER_MIN] = "min",
    [PARAMETER_MAX] = "max",     [PARAMETER_CV] = "cv",     [PARAMETER_SHAPE] = "shape",
    [PARAMETER_K] = "k",
};

void describe_distribution(enum distribution_kind kind, struct text *out)
{
    unsigned knows = distribution_knows(kind);
    const char *name = distribution_name(kind), *comma = "";
    if (kind == DISTRIBUTION_CONSTANT) {
        text_addf(out, "constant(T)");
    } else if (kind == DISTRIBUTION_MIX) {
        text_addf(out, "mix(95%% D, 5%% D)");
    } else if (kind == DISTRIBUTION_EMPIRICAL) {
        text_addf(out, "empirical(file=\"work.txt\")");
    } else {
        text_addf(out, "%s(", name);
        for (int p = 0; p < DISTRIBUTION_PARAMETERS; p++) {
            if ((knows & (1U << p)) == 0)
                continue;
            bool other = (kind == DISTRIBUTION_GAMMA && p == PARAMETER_SHAPE) ||
                         (kind == DISTRIBUTION_PARETO && p == PARAMETER_MIN);
            text_addf(out, "%s%s=", other ? " | " : comma, parameters[p]);
            comma = ", ";
        }
        text_addf(out, ")");
    }
}

void describe_action(enum action action, struct text *out)
{
    static const char *const targets[] = {"BACKEND", "BACKEND or BALANCER", "CLIENTS", "BALANCER"};
    static const char *const amounts[] = {
        [AMOUNT_NONE] = "",
        [AMOUNT_SPEED] = ", to: 20%",
        [AMOUNT_WEIGHT] = ", to: 3",
        [AMOUNT_RATE] = ", to: 600/s or 150%",
        [AMOUNT_ALGORITHM] = ", to: NAME",
        [AMOUNT_SHARE] = ", to: 5%",
        [AMOUNT_COUNT] = ", to: 3",
    };
    const struct action_row *row = &action_rows[action];
    text_addf(out, "%s: %s%s%s%s%s%s  %s\n", action_name(action), targets[row->target],
              amounts[row->amount], row->turns ? ", up: T, down: T" : "",
              row->in ? " [, in: T]" : "", row->lasts ? " [, for: T]" : "",
              row->limit  ? " [, limit: T]"
              : row->from ? " [, from: BACKEND or BALANCER]"
                          : "",
              row->help);
}

void describe_arrivals(struct text *out)
{
    const struct arrivals_kind *kind;
    text_addf(out, "    arrivals; R is a rate as in 100/s, L an offered load as in 75%%\n");
    for (uint32_t i = 0; (kind = arrivals_kind_at(i)) != NULL; i++)
        text_addf(out, "      %s\n          %s\n", kind->shape, kind->help);
}

void describe_distributions(struct text *out)
{
    text_addf(out, "    distributions\n");
    for (int k = 0; k < DISTRIBUTION_KINDS; k++) {
        text_addf(out, "      ");
        describe_distribution((enum distribution_kind)k, out);
        text_addf(out, "\n");
    }
}

void describe_actions(struct text *out)
{
    text_addf(out, "    actions, each with at: T or a distribution\n");
    for (int a = 0; a < ACTIONS; a++) {
        text_addf(out, "      ");
        describe_action((enum action)a, out);
    }
}

static void add_selectors(unsigned selectors, struct text *out)
{
    static const char *const names[] = {[SELECT_ALL] = "",
                                        [SELECT_CLASS] = "class",
                                        [SELECT_CLIENTS] = "clients",
                                        [SELECT_BACKENDS] = "backend, group",
                                        [SELECT_BALANCER] = "balancer"};
    const char *comma = "";
    for (size_t i = 1; i < sizeof names / sizeof names[0]; i++)
        if (selectors & (1U << i)) {
            text_addf(out, "%s%s", comma, names[i]);
            comma = ", ";
        }
}

void describe_metrics(struct text *out)
{
    const struct metric_row *metric;
    text_addf(out, "    metrics\n");
    for (uint32_t i = 0; (metric = metric_at(i)) != NULL; i++)
        text_addf(out, "      %-16s %s\n", metric->name, metric->help);
    text_addf(out, "    causes of failure\n");
    for (int c = 0; c < CAUSES; c++)
        text_addf(out, "      %s\n", cause_name((enum cause)c));
}

/* --- Markdown ----------------------------------------------------------------------------------- */

/* A cell: | would end it. */
static void add_cell(struct text *out, const char *string)
{
    text_addf(out, " ");
    for (; *string != '\0'; string++) {
        if (*string == '|')
            text_add(out, "\\", 1);
        text_add(out, string, 1);
    }
    text_addf(out, " |");
}

static void markdown_keys(struct text *out)
{
    const struct schema_row *row;
    struct text cell;
    text_init(&cell);
    text_addf(out, "| key | value | default | meaning |\n|---|---|---|---|\n");
    for (uint32_t i = 0; (row = schema_at(i)) != NULL; i++) {
        text_addf(out, "| `%s` |", row->path);
        text_clear(&cell);
        describe_value(row, &cell);
        add_cell(out, cell.data);
        text_clear(&cell);
        describe_default(row, &cell);
        add_cell(out, cell.data);
        add_cell(out, row->help);
        text_addf(out, "\n");
    }
    text_done(&cell);
}

static void markdown_later(struct text *out)
{
    const struct later_row *later;
    const char *comma = "";
    text_addf(out, "\nKnown, and refused by name until a later version obeys them: ");
    for (uint32_t i = 0; (later = schema_later_at(i)) != NULL; i++) {
        if (later->help != NULL || strcmp(later->key, "*") == 0)
            continue;
        text_addf(out, "%s`%s%s%s`", comma, later->where, later->where[0] == '\0' ? "" : " ",
                  later->key);
        comma = ", ";
    }
    text_addf(out, ".\n");
}

void scenario_schema_markdown(struct text *out)
{
    struct text cell;
    text_init(&cell);
    markdown_keys(out);
    text_addf(out, "\n| arrivals | meaning |\n|---|---|\n");
    const struct arrivals_kind *kind;
    for (uint32_t i = 0; (kind = arrivals_kind_at(i)) != NULL; i++) {
        text_addf(out, "|");
        add_cell(out, kind->shape);
        add_cell(out, kind->help);
        text_addf(out, "\n");
    }
    text_addf(out, "\n| distribution |\n|---|\n");
    for (int k = 0; k < DISTRIBUTION_KINDS; k++) {
        text_clear(&cell);
        describe_distribution((enum distribution_kind)k, &cell);
        text_addf(out, "|");
        add_cell(out, cell.data);
        text_addf(out, "\n");
    }
    text_addf(out, "\n| action | to | with | meaning |\n|---|---|---|---|\n");
    for (int a = 0; a < ACTIONS; a++) {
        const struct action_row *row = &action_rows[a];
        text_addf(out, "| `%s` |", action_name((enum action)a));
        add_cell(out, action_amount_shape(row->amount));
        add_cell(out, row->turns   ? "`up`, `down`, `for`"
                      : row->in    ? "`in`, `for`"
                      : row->from  ? "`for`, `from`"
                      : row->lasts ? "`for`"
                      : row->limit ? "`limit`"
                                   : "");
        add_cell(out, row->help);
        text_addf(out, "\n");
    }
    text_addf(out, "\n| metric | of | meaning |\n|---|---|---|\n");
    const struct metric_row *metric;
    for (uint32_t i = 0; (metric = metric_at(i)) != NULL; i++) {
        text_addf(out, "| `%s` |", metric->name);
        text_clear(&cell);
        add_selectors(metric->selectors, &cell);
        add_cell(out, cell.data);
        add_cell(out, metric->help);
        text_addf(out, "\n");
    }
    text_addf(out, "\nCauses of failure, as in `failed(CAUSE)`:");
    for (int c = 0; c < CAUSES; c++)
        text_addf(out, "%s %s", c == 0 ? "" : ",", cause_name((enum cause)c));
    text_addf(out, ".\n");
    markdown_later(out);
    text_done(&cell);
}

/* --- JSON --------------------------------------------------------------------------------------- */

static void json_keys(struct json *json)
{
    static const char *const types[SCHEMA_TYPES] = {
        "mapping", "list",  "text", "name", "count",  "limit",        "seed",
        "number",  "share", "time", "word", "either", "distribution", "custom"};
    const struct schema_row *row;
    json_list(json, "keys");
    for (uint32_t i = 0; (row = schema_at(i)) != NULL; i++) {
        json_object(json, NULL);
        json_string(json, "path", row->path);
        json_string(json, "type", row->type == TYPE_EITHER ? "word" : types[row->type]);
        json_bool(json, "required", row->required);
        if (row->fallback != NULL)
            json_string(json, "default", row->fallback);
        if (row->otherwise != NULL)
            json_string(json, "otherwise", row->otherwise);
        if (row->type != TYPE_MAP && (row->min != 0 || row->max != 0)) {
            json_double(json, "min", row->min);
            json_double(json, "max", row->max);
        }
        if (row->shape != NULL)
            json_string(json, "shape", row->shape);
        if (row->words != NULL) {
            json_list(json, "words");
            for (size_t w = 0; row->words[w] != NULL; w++)
                json_string(json, NULL, row->words[w]);
            json_end_list(json);
        }
        json_string(json, "help", row->help);
        json_end_object(json);
    }
    json_end_list(json);
}

static void json_words(struct json *json)
{
    struct text text;
    text_init(&text);
    json_list(json, "arrivals");
    const struct arrivals_kind *kind;
    for (uint32_t i = 0; (kind = arrivals_kind_at(i)) != NULL; i++) {
        json_object(json, NULL);
        json_string(json, "name", kind->name);
        json_string(json, "value", kind->shape);
        json_string(json, "help", kind->help);
        json_end_object(json);
    }
    json_end_list(json);
    json_list(json, "distributions");
    for (int k = 0; k < DISTRIBUTION_KINDS; k++) {
        text_clear(&text);
        describe_distribution((enum distribution_kind)k, &text);
        json_string(json, NULL, text.data);
    }
    json_end_list(json);
    json_list(json, "actions");
    for (int a = 0; a < ACTIONS; a++) {
        json_object(json, NULL);
        json_string(json, "name", action_name((enum action)a));
        json_string(json, "to", action_amount_shape(action_rows[a].amount));
        json_bool(json, "for", action_rows[a].lasts);
        json_bool(json, "limit", action_rows[a].limit);
        json_bool(json, "from", action_rows[a].from);
        json_string(json, "help", action_rows[a].help);
        json_end_object(json);
    }
    json_end_list(json);
    json_list(json, "metrics");
    const struct metric_row *metric;
    for (uint32_t i = 0; (metric = metric_at(i)) != NULL; i++) {
        text_clear(&text);
        add_selectors(metric->selectors, &text);
        json_object(json, NULL);
        json_string(json, "name", metric->name);
        json_string(json, "of", text.data);
        json_string(json, "help", metric->help);
        json_end_object(json);
    }
    json_end_list(json);
    json_list(json, "causes");
    for (int c = 0; c < CAUSES; c++)
        json_string(json, NULL, cause_name((enum cause)c));
    json_end_list(json);
    text_done(&text);
}

void scenario_schema_json(struct text *out)
{
    struct json json;
    json_init(&json);
    json_object(&json, NULL);
    json_keys(&json);
    json_words(&json);
    json_end_object(&json);
    text_add(out, json.text.data, json.text.size);
    json_done(&json);
}
