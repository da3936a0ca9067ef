/* See algorithm_table.h. */
#include "ui/cli/algorithm_table.h"

#include <stdio.h>
#include <string.h>

#include "sim/base/units.h"

void algorithm_table_value(struct text *text, const struct lb_param *param, double value)
{
    char time[64];
    if (param->choices != NULL)
        text_addf(text, "%s", param->choices[(size_t)value]);
    else if (strcmp(param->unit, "bool") == 0)
        text_addf(text, "%s", value != 0 ? "yes" : "no");
    else if (strcmp(param->unit, "ns") == 0)
        text_addf(text, "%s", units_format_exact(time, sizeof time, units_from_ns(value)));
    else
        text_addf(text, "%.15g%s", value, param->unit);
}

/* Text for a cell: a bar would end it. */
static void add_cell(struct text *line, const char *words)
{
    for (; *words != '\0'; words++)
        text_addf(line, *words == '|' ? "\\%c" : "%c", *words);
}

static void add_aliases(struct text *line, const struct lb_algorithm *a)
{
    const char *alias, *name;
    for (uint32_t i = 0; lb_registry_alias(i, &alias, &name); i++)
        if (strcmp(name, a->name) == 0)
            text_addf(line, " `%s`", alias);
}

static void add_params(struct text *line, const struct lb_algorithm *a)
{
    for (uint32_t k = 0; k < lb_param_count(a); k++) {
        text_addf(line, "%s`%s=", k == 0 ? "" : " ", a->params[k].name);
        algorithm_table_value(line, &a->params[k], a->params[k].value);
        text_addf(line, "`");
    }
}

static void add_claims(struct text *line, const struct lb_algorithm *a)
{
    static const char *const words[] = {"always", "weights", "consistent", "bound"};
    const char *between = "";
    for (int bit = 0; bit < 4; bit++)
        if ((a->claims & (1U << bit)) != 0) {
            text_addf(line, "%s%s", between, words[bit]);
            between = ", ";
        }
}

static void print_row(const struct lb_algorithm *a, struct text *line)
{
    text_clear(line);
    text_addf(line, "| `%s`%s", a->name, lb_ideal(a) ? " (ideal)" : "");
    add_aliases(line, a);
    text_addf(line, " | ");
    add_cell(line, a->reference);
    text_addf(line, " | ");
    add_params(line, a);
    text_addf(line, " | ");
    add_cell(line, a->cost);
    text_addf(line, " | ");
    add_claims(line, a);
    text_addf(line, " | ");
    add_cell(line, a->changes);
    text_addf(line, " |");
    puts(line->data);
}

/* The part of a name before its dash, when it is that of a product; else NULL. */
static const char *origin_of(const struct lb_algorithm *a)
{
    static const char *const origins[] = {"nginx",  "ingress", "haproxy", "ipvs",
                                          "envoy",  "grpc",    "finagle", "linkerd",
                                          "apache", "caddy",   "varnish", NULL};
    for (int i = 0; origins[i] != NULL; i++) {
        size_t size = strlen(origins[i]);
        if (strncmp(a->name, origins[i], size) == 0 && a->name[size] == '-')
            return origins[i];
    }
    return lb_ideal(a) ? "theory" : "general";
}

void algorithm_table_print(const struct lb_algorithm *only)
{
    struct text line;
    const char *origin = "";
    text_init(&line);
    for (uint32_t i = 0; i < lb_registry_count(); i++) {
        const struct lb_algorithm *a = lb_registry_at(i);
        if (only != NULL && a != only)
            continue;
        if (strcmp(origin_of(a), origin) != 0) {
            printf(
                "%s### %s\n\n| name, also | decides as | parameters | cost | claims | on change |\n"
                "|---|---|---|---|---|---|\n",
                origin[0] != '\0' ? "\n" : "", origin_of(a));
            origin = origin_of(a);
        }
        print_row(a, &line);
    }
    text_done(&line);
}
