/*
 * algorithms: what is in the registry, as a list, one at length, or as JSON.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algorithms/registry.h"
#include "sim/base/json.h"
#include "ui/cli/algorithm_table.h"
#include "ui/cli/cli.h"
#include "ui/cli/plugin.h"
#include "ui/cli/usage.h"

/* The bits of needs and claims, in words. */
struct bit {
    unsigned bit;
    const char *word, *meaning;
};

static const struct bit needs[] = {
    {LB_NEED_KEY, "key", "the key of the request, or its source address"},
    {LB_NEED_LATENCY, "latency", "when an attempt was sent, connected and answered"},
    {LB_NEED_LOAD, "load", "load reports of the backends"},
    {LB_NEED_PROBE, "probe", "probes of its own"},
    {LB_NEED_SIZE, "size", "the work of a request before it is done (ideal: no balancer has it)"},
    {LB_NEED_ORACLE, "oracle", "the true state of the backends (ideal: no balancer has it)"},
    {LB_NEED_WORK, "work", "the work left at the backends (ideal: no balancer has it)"},
    {0, NULL, NULL},
};

static const struct bit claims[] = {
    {LB_CLAIM_ALWAYS, "always", "picks a backend whenever one is usable, untried and not full"},
    {LB_CLAIM_WEIGHTS, "weights", "shares of picks are proportional to the weights"},
    {LB_CLAIM_CONSISTENT, "consistent", "a leave moves the leaver's keys only"},
    {LB_CLAIM_BOUND, "bound", "no backend beyond its bound of the mean load"},
    {0, NULL, NULL},
};

static void add_value(struct text *text, const struct lb_param *param, double value)
{
    algorithm_table_value(text, param, value);
}

/* --- words ------------------------------------------------------------------------------------ */

#define INDENT 26

static void print_list(uint32_t width)
{
    struct text line;
    text_init(&line);
    for (uint32_t i = 0; i < lb_registry_count(); i++) {
        const struct lb_algorithm *algorithm = lb_registry_at(i);
        text_clear(&line);
        text_addf(&line, "%s %s%s", algorithm->summary, algorithm->cost,
                  lb_ideal(algorithm) ? " [ideal]" : "");
        usage_row(stdout, algorithm->name, line.data, INDENT, width);
    }
    text_done(&line);
    fputs("\n'lbsim algorithms NAME' explains one.\n", stdout);
}

static void print_bits(const char *title, unsigned bits, const struct bit *table, const char *none,
                       uint32_t width)
{
    const char *term = title;
    for (const struct bit *b = table; b->word != NULL; b++) {
        if ((bits & b->bit) == 0)
            continue;
        usage_row(stdout, term, b->meaning, 16, width);
        term = "";
    }
    if (term[0] != '\0')
        usage_row(stdout, title, none, 16, width);
}

static void print_param(const struct lb_param *param, struct text *line, uint32_t width)
{
    text_clear(line);
    text_addf(line, "%s; ", param->help);
    if (param->choices != NULL) {
        for (size_t i = 0; param->choices[i] != NULL; i++)
            text_addf(line, "%s%s", i == 0 ? "" : " | ", param->choices[i]);
    } else if (strcmp(param->unit, "bool") == 0) {
        text_addf(line, "yes | no");
    } else {
        text_addf(line, "from ");
        add_value(line, param, param->min);
        text_addf(line, " to ");
        add_value(line, param, param->max);
    }
    text_addf(line, "; default ");
    add_value(line, param, param->value);
    usage_row(stdout, param->name, line->data, 16, width);
}

static void print_aliases(const struct lb_algorithm *algorithm, struct text *line, uint32_t width)
{
    const char *alias;
    const char *name;
    text_clear(line);
    for (uint32_t i = 0; lb_registry_alias(i, &alias, &name); i++)
        if (strcmp(name, algorithm->name) == 0)
            text_addf(line, "%s%s", line->size == 0 ? "" : ", ", alias);
    if (line->size > 0)
        usage_row(stdout, "also called", line->data, 16, width);
}

static void print_one(const struct lb_algorithm *algorithm, uint32_t width)
{
    struct text line;
    text_init(&line);
    printf("%s: %s%s\n\n", algorithm->name, algorithm->title,
           lb_ideal(algorithm) ? " [ideal]" : "");
    usage_wrap(stdout, algorithm->summary, 0, width);
    putchar('\n');
    print_aliases(algorithm, &line, width);
    usage_row(stdout, "source", algorithm->reference, 16, width);
    usage_row(stdout, "cost", algorithm->cost, 16, width);
    print_bits("needs", algorithm->needs, needs, "nothing but its balancer's own books", width);
    print_bits("promises", algorithm->claims, claims, "nothing", width);
    usage_row(stdout, "changes", algorithm->changes, 16, width);
    if (algorithm->backends_max != 0) {
        text_clear(&line);
        text_addf(&line, "at most %u", (unsigned)algorithm->backends_max);
        usage_row(stdout, "backends", line.data, 16, width);
    }
    puts("\nParameters");
    if (lb_param_count(algorithm) == 0)
        puts("  none");
    for (uint32_t i = 0; i < lb_param_count(algorithm); i++)
        print_param(&algorithm->params[i], &line, width);
    text_done(&line);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void write_bits(struct json *json, const char *key, unsigned bits, const struct bit *table)
{
    json_list(json, key);
    for (const struct bit *b = table; b->word != NULL; b++)
        if ((bits & b->bit) != 0)
            json_string(json, NULL, b->word);
    json_end_list(json);
}

static void write_param(struct json *json, const struct lb_param *param)
{
    json_object(json, NULL);
    json_string(json, "name", param->name);
    json_string(json, "unit", param->unit);
    if (param->choices != NULL) {
        json_string(json, "default", param->choices[(size_t)param->value]);
        json_list(json, "choices");
        for (size_t i = 0; param->choices[i] != NULL; i++)
            json_string(json, NULL, param->choices[i]);
        json_end_list(json);
    } else if (strcmp(param->unit, "bool") == 0) {
        json_bool(json, "default", param->value != 0);
    } else {
        json_double(json, "default", param->value);
        json_double(json, "min", param->min);
        json_double(json, "max", param->max);
    }
    json_string(json, "help", param->help);
    json_end_object(json);
}

static void write_one(struct json *json, const struct lb_algorithm *algorithm)
{
    const char *alias;
    const char *name;
    json_object(json, NULL);
    json_string(json, "name", algorithm->name);
    json_string(json, "title", algorithm->title);
    json_string(json, "summary", algorithm->summary);
    json_string(json, "reference", algorithm->reference);
    json_string(json, "cost", algorithm->cost);
    json_string(json, "changes", algorithm->changes);
    json_bool(json, "ideal", lb_ideal(algorithm));
    write_bits(json, "needs", algorithm->needs, needs);
    write_bits(json, "claims", algorithm->claims, claims);
    if (algorithm->backends_max != 0)
        json_uint(json, "backends_max", algorithm->backends_max);
    json_list(json, "aliases");
    for (uint32_t i = 0; lb_registry_alias(i, &alias, &name); i++)
        if (strcmp(name, algorithm->name) == 0)
            json_string(json, NULL, alias);
    json_end_list(json);
    json_list(json, "params");
    for (uint32_t i = 0; i < lb_param_count(algorithm); i++)
        write_param(json, &algorithm->params[i]);
    json_end_list(json);
    json_end_object(json);
}

static void print_json(const struct lb_algorithm *only)
{
    struct json json;
    json_init(&json);
    json_object(&json, NULL);
    json_list(&json, "algorithms");
    for (uint32_t i = 0; i < lb_registry_count(); i++)
        if (only == NULL || only == lb_registry_at(i))
            write_one(&json, lb_registry_at(i));
    json_end_list(&json);
    json_end_object(&json);
    puts(json.text.data);
    json_done(&json);
}

/* --- the command ------------------------------------------------------------------------------ */

/* A slip in an algorithm's own name is more likely than one in another of its names. */
static int fail_name(const struct cli *cli, const char *word)
{
    const char *names[256];
    const char *name;
    uint32_t count = 0;
    for (uint32_t i = 0; i < lb_registry_count() && count < 256; i++)
        names[count++] = lb_registry_at(i)->name;
    if (text_nearest(word, names, count) == NULL) {
        count = 0;
        for (uint32_t i = 0; count < 256 && lb_registry_alias(i, &names[count], &name); i++)
            count++;
    }
    return cli_fail_unknown(cli, "algorithm", word, names, count);
}

static int run_algorithms(struct cli *cli)
{
    const struct lb_algorithm *only = NULL;
    if (cli->argument_count > 0) {
        only = lb_registry_find(cli->arguments[0]);
        if (only == NULL)
            return fail_name(cli, cli->arguments[0]);
    }
    if (cli_flag(cli, "json"))
        print_json(only);
    else if (cli_flag(cli, "markdown"))
        algorithm_table_print(only);
    else if (only != NULL)
        print_one(only, cli_width());
    else
        print_list(cli_width());
    return CLI_DONE;
}

static const struct option_spec options[] = {
    {"json", 0, NULL, "print one JSON object, {\"algorithms\": [...]}", false},
    {"markdown", 0, NULL, "print the tables of algorithms/README.md", false},
    PLUGIN_OPTION,
    {NULL, 0, NULL, NULL, false},
};

const struct command command_algorithms = {
    .name = "algorithms",
    .usage = "[ALGORITHM]",
    .summary = "list the algorithms, or explain one",
    .help = "Lists every algorithm with what it does and what a pick costs with n backends. With a "
            "name (or one of its other names): its source, what it needs to be told, what it "
            "promises, what happens when the pool changes, and its parameters with ranges and "
            "defaults.\n\n"
            "An algorithm marked [ideal] knows what no real balancer can know; it is there to "
            "compare with.",
    .examples = "lbsim algorithms\n"
                "lbsim algorithms power-of-two",
    .options = options,
    .arguments_max = 1,
    .run = run_algorithms,
};
