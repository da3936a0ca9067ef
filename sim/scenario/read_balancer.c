/* Values that need the registry of algorithms, and the few with one spelling only. See read.h. */
#include <stdlib.h>
#include <string.h>

#include "algorithms/registry.h"
#include "sim/base/units.h"
#include "sim/scenario/schema.h"

void read_format(struct reader *r, const struct schema_row *row, const struct node *node,
                 void *base)
{
    (void)base;
    if (!read_is_scalar(r, node, row->shape) || node_is(node, row->shape))
        return;
    diagnose_error(r->diagnose, node->at, "%s must be 1, not %s", read_trail(r),
                   quote(node->text, node->size).text);
    diagnose_help(r->diagnose, "it is the version of the language; this program knows version 1");
}

/* --- algorithm and its parameters --------------------------------------------------------------- */

/* All names and aliases; to be freed. */
static const char **algorithm_names(size_t *count)
{
    const char *alias, *name;
    uint32_t n = lb_registry_count(), aliases = 0;
    while (lb_registry_alias(aliases, &alias, &name))
        aliases++;
    const char **names = text_need((n + aliases + 1) * sizeof *names);
    for (uint32_t i = 0; i < n; i++)
        names[i] = lb_registry_at(i)->name;
    for (uint32_t i = 0; i < aliases && lb_registry_alias(i, &alias, &name); i++)
        names[n + i] = alias;
    *count = n + aliases;
    return names;
}

const struct lb_algorithm *read_algorithm_name(struct reader *r, const struct node *node)
{
    if (!read_is_scalar(r, node, "the name of an algorithm"))
        return NULL;
    const struct lb_algorithm *found =
        memchr(node->text, '\0', node->size) == NULL ? lb_registry_find(node->text) : NULL;
    if (found != NULL)
        return found;
    if (read_later(r, node->at, "balancer.algorithm", node->text, node->size))
        return NULL;
    diagnose_error(r->diagnose, node->at, "unknown algorithm %s",
                   quote(node->text, node->size).text);
    size_t count;
    const char **names = algorithm_names(&count);
    if (!read_suggest(r, node->text, node->size, names, count))
        diagnose_help(r->diagnose, "`lbsim algorithms` lists them");
    free(names);
    return NULL;
}

uint32_t read_balancer_place(const struct reader *r, const void *base)
{
    return (uint32_t)((const struct scenario_balancer *)base - r->scenario->balancers);
}

void read_algorithm(struct reader *r, const struct schema_row *row, const struct node *node,
                    void *base)
{
    (void)row;
    ((struct scenario_balancer *)base)->algorithm = read_algorithm_name(r, node);
}

void read_params(struct reader *r, const struct schema_row *row, const struct node *node,
                 void *base)
{
    (void)row;
    if (node->kind == NODE_MAP) /* checked when the algorithm is known */
        r->balancers[read_balancer_place(r, base)].params = node;
    else
        diagnose_error(r->diagnose, node->at, "%s must be a mapping (key: value)", read_trail(r));
}

static void tell_range(struct reader *r, const struct lb_param *param, const struct node *node)
{
    char low[40], high[40];
    bool time = strcmp(param->unit, "ns") == 0;
    if (time) {
        (void)units_format_exact(low, sizeof low, units_from_ns(param->min));
        (void)units_format_exact(high, sizeof high, units_from_ns(param->max));
    } else {
        (void)snprintf(low, sizeof low, "%.12g", param->min);
        (void)snprintf(high, sizeof high, "%.12g", param->max);
    }
    diagnose_error(r->diagnose, node->at, "%s is %s, outside the range %s to %s", read_trail(r),
                   node->text, low, high);
}

/* One parameter's value by what the algorithm says of it. */
static void read_param(struct reader *r, const struct lb_param *param, const struct node *node,
                       double *value)
{
    static const char *const flags[] = {"no", "yes", "false", "true"};
    bool flag = strcmp(param->unit, "bool") == 0;
    if (!read_is_scalar(r, node, "a value"))
        return;
    if (param->choices == NULL && !flag) {
        struct quantity q;
        bool time = strcmp(param->unit, "ns") == 0;
        if (!read_quantity(r, node, 0, node->size, read_trail(r),
                           time ? QUANTITY_TIME : QUANTITY_NUMBER, &q))
            return;
        if (q.value >= param->min && q.value <= param->max)
            *value = q.value;
        else
            tell_range(r, param, node);
        return;
    }
    size_t n = 0;
    const char *const *words = flag ? flags : param->choices;
    struct text known;
    text_init(&known);
    for (; flag ? n < 4 : words[n] != NULL; n++) {
        if (node_is(node, words[n])) {
            *value = flag ? (double)(n % 2) : (double)n;
            text_done(&known);
            return;
        }
        if (!flag || n < 2)
            text_addf(&known, "%s%s", n == 0 ? "" : " or ", words[n]);
    }
    diagnose_error(r->diagnose, node->at, "%s must be %s, not %s", read_trail(r), known.data,
                   quote(node->text, node->size).text);
    (void)read_suggest(r, node->text, node->size, words, n);
    text_done(&known);
}

static void tell_unknown_param(struct reader *r, const struct lb_algorithm *algorithm,
                               const struct node *key, const char **names, uint32_t n)
{
    diagnose_error(r->diagnose, key->at, "%s has no parameter %s", algorithm->name,
                   quote(key->text, key->size).text);
    struct text known;
    text_init(&known);
    for (uint32_t i = 0; i < n; i++)
        text_addf(&known, " %s", names[i]);
    if (n == 0)
        diagnose_help(r->diagnose, "it has none");
    else if (!read_suggest(r, key->text, key->size, names, n))
        diagnose_help(r->diagnose, "its parameters:%s", known.data);
    text_done(&known);
}

static void resolve_params_of(struct reader *r, uint32_t place)
{
    struct scenario_balancer *balancer = &r->scenario->balancers[place];
    const struct lb_algorithm *algorithm = balancer->algorithm;
    const struct node *params = r->balancers[place].params;
    if (algorithm == NULL)
        return;
    uint32_t n = lb_param_count(algorithm);
    if (n > 0) {
        balancer->params = arena_need(r->arena, n, sizeof(double));
        for (uint32_t i = 0; i < n; i++)
            balancer->params[i] = algorithm->params[i].value;
    }
    const char **names = text_need((n + 1) * sizeof *names);
    for (uint32_t i = 0; i < n; i++)
        names[i] = algorithm->params[i].name;
    const struct node *key = params == NULL ? NULL : params->first;
    for (; key != NULL; key = key->next) {
        int i =
            memchr(key->text, '\0', key->size) == NULL ? lb_param_find(algorithm, key->text) : -1;
        size_t mark = read_enter_balancer(r, place, ".params.%.100s", key->text);
        if (i >= 0)
            read_param(r, &algorithm->params[i], key->value, &balancer->params[i]);
        else
            tell_unknown_param(r, algorithm, key, names, n);
        read_leave(r, mark);
    }
    free(names);
}

void resolve_params(struct reader *r)
{
    for (uint32_t i = 0; i < r->scenario->balancer_count; i++)
        resolve_params_of(r, i);
}

/* --- retries of the balancer -------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum lb_end end;
} ends[] = {
    {"refused", LB_END_REFUSED},
    {"reset", LB_END_RESET},
    {"queue-full", LB_END_QUEUE_FULL},
    {"queue-timeout", LB_END_QUEUE_TIMEOUT},
    {"connect-timeout", LB_END_CONNECT_TIMEOUT},
    {"timeout", LB_END_TIMEOUT},
    {"error", LB_END_ERROR},
};

static void read_end(struct reader *r, const struct schema_row *row, const struct node *node,
                     unsigned *when)
{
    const char *names[sizeof ends / sizeof ends[0]];
    if (!read_is_scalar(r, node, "a word"))
        return;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        names[i] = ends[i].name;
        if (node_is(node, ends[i].name)) {
            *when |= 1U << ends[i].end;
            return;
        }
    }
    if (read_later(r, node->at, row->path, node->text, node->size))
        return;
    diagnose_error(r->diagnose, node->at, "%s: unknown word %s", read_trail(r),
                   quote(node->text, node->size).text);
    if (!read_suggest(r, node->text, node->size, names, sizeof names / sizeof names[0]))
        diagnose_help(r->diagnose, "write a %s", row->shape);
}

/* A list of words, or one word. */
void read_when(struct reader *r, const struct schema_row *row, const struct node *node, void *base)
{
    struct scenario_retries *retries = base;
    retries->when = 0;
    if (node->kind == NODE_LIST) {
        for (const struct node *word = node->first; word != NULL; word = word->next)
            read_end(r, row, word, &retries->when);
    } else {
        read_end(r, row, node, &retries->when);
    }
}
