/* Values that are calls: distributions, back-off. See read.h and call.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/schema.h"

#define LONGEST (1e5 * 3600e9) /* 100000h, in ns */

const struct call *read_call(struct reader *r, const struct node *node, const char *what)
{
    if (!read_is_scalar(r, node, what))
        return NULL;
    struct call_error error;
    const struct call *call = call_parse(r->scratch, node->text, node->size, &error);
    if (call != NULL)
        return call;
    diagnose_error(r->diagnose, read_place(r, node, error.offset, error.length), "%s: %s",
                   read_trail(r), error.message);
    if (error.help != NULL)
        diagnose_help(r->diagnose, "%s", error.help);
    return NULL;
}

/* An error at a call, or at an argument of one. */
struct place read_call_place(const struct reader *r, const struct node *node,
                             const struct call *call)
{
    return read_place(r, node, call->key_at, call->end - call->key_at);
}

static struct quoted quote_call(const struct node *node, const struct call *call)
{
    return quote(node->text + call->start, call->end - call->start);
}

bool read_args_known(struct reader *r, const struct node *node, const struct call *call,
                     const char *const *names, size_t n)
{
    for (const struct call *arg = call->args; arg != NULL; arg = arg->next) {
        bool known = false;
        for (size_t i = 0; i < n && arg->key != NULL; i++)
            known = known || strcmp(names[i], arg->key) == 0;
        if (known)
            continue;
        if (arg->key == NULL) {
            diagnose_error(r->diagnose, read_call_place(r, node, arg),
                           "%s: %s needs a name in front", read_trail(r),
                           quote_call(node, arg).text);
            if (n > 0)
                diagnose_help(r->diagnose, "as in %s(%s=...)", call->text, names[0]);
            return false;
        }
        diagnose_error(r->diagnose, read_call_place(r, node, arg), "%s: %s knows no '%s'",
                       read_trail(r), call->text, arg->key);
        if (n == 0) {
            diagnose_help(r->diagnose, "it takes nothing in ( )");
            return false;
        }
        struct text known_names;
        text_init(&known_names);
        for (size_t i = 0; i < n; i++)
            text_addf(&known_names, " %s", names[i]);
        if (!read_suggest(r, arg->key, strlen(arg->key), names, n))
            diagnose_help(r->diagnose, "it takes:%s", known_names.data);
        text_done(&known_names);
        return false;
    }
    return true;
}

/* The argument of this key as a quantity. 0 = not written, 1 = read, -1 after the error. */
static int quantity_of(struct reader *r, const struct node *node, const struct call *call,
                       const char *key, enum quantity_kind kind, struct quantity *q)
{
    const struct call *arg = call_arg(call, key);
    if (arg == NULL)
        return 0;
    char what[300];
    (void)snprintf(what, sizeof what, "%.200s: %s of %s", read_trail(r), key, call->text);
    if (kind == QUANTITY_SIZE && arg->kind == CALL_QUANTITY &&
        arg->quantity.kind == QUANTITY_NUMBER)
        kind = QUANTITY_NUMBER; /* bytes need no unit */
    if (!read_quantity(r, node, arg->start, arg->end - arg->start, what, kind, q))
        return -1;
    if (q->value >= 0 && q->value <= LONGEST)
        return 1;
    diagnose_error(r->diagnose, read_call_place(r, node, arg), "%s is %s", what,
                   q->value < 0 ? "negative" : "larger than any run takes");
    return -1;
}

/* --- distributions ------------------------------------------------------------------------------ */

static const char *const parameters[DISTRIBUTION_PARAMETERS] = {
    [PARAMETER_VALUE] = "value", [PARAMETER_MEAN] = "mean", [PARAMETER_MIN] = "min",
    [PARAMETER_MAX] = "max",     [PARAMETER_CV] = "cv",     [PARAMETER_SHAPE] = "shape",
    [PARAMETER_K] = "k",
};

static enum distribution_kind kind_of(const char *name)
{
    int kind = 0;
    while (kind < DISTRIBUTION_KINDS &&
           strcmp(distribution_name((enum distribution_kind)kind), name) != 0)
        kind++;
    return (enum distribution_kind)kind;
}

static bool unknown_distribution(struct reader *r, const struct node *node, const struct call *call)
{
    struct place at = read_call_place(r, node, call);
    if (call->kind == CALL_NAME &&
        read_later(r, at, "distribution", call->text, strlen(call->text)))
        return false;
    diagnose_error(r->diagnose, at, "%s: %s is not a distribution", read_trail(r),
                   quote_call(node, call).text);
    if (call->kind == CALL_QUANTITY) {
        diagnose_help(r->diagnose, "write constant(%s) or exponential(mean=%s)", call->text,
                      call->text);
        return false;
    }
    const char *names[DISTRIBUTION_KINDS];
    struct text known;
    text_init(&known);
    for (int i = 0; i < DISTRIBUTION_KINDS; i++) {
        names[i] = distribution_name((enum distribution_kind)i);
        text_addf(&known, " %s", names[i]);
    }
    if (!read_suggest(r, call->text, strlen(call->text), names, DISTRIBUTION_KINDS))
        diagnose_help(r->diagnose, "known distributions:%s", known.data);
    text_done(&known);
    return false;
}

static bool tell_error(struct reader *r, const struct node *node, const struct call *call,
                       const struct lb_error *error)
{
    diagnose_error(r->diagnose, read_call_place(r, node, call), "%s: %s", read_trail(r),
                   error->text);
    return false;
}

static bool read_mix(struct reader *r, const struct node *node, const struct call *call,
                     enum quantity_kind unit, struct distribution *d)
{
    struct distribution parts[CALL_ARGS_MAX] = {{.kind = DISTRIBUTION_CONSTANT}};
    double shares[CALL_ARGS_MAX];
    size_t n = 0;
    bool fine = call->arg_count > 0;
    if (!fine)
        diagnose_error(r->diagnose, read_call_place(r, node, call), "%s: an empty mix",
                       read_trail(r));
    for (const struct call *arg = call->args; fine && arg != NULL; arg = arg->next) {
        fine = arg->shared && arg->key == NULL;
        if (!fine) {
            diagnose_error(r->diagnose, read_call_place(r, node, arg),
                           "%s: a part of a mix has a share", read_trail(r));
            diagnose_help(r->diagnose, "as in mix(95%% exponential(mean=20ms), 5%% "
                                       "constant(400ms))");
            break;
        }
        shares[n] = arg->share;
        fine = read_distribution_of(r, node, arg, unit, &parts[n]);
        n += fine ? 1 : 0;
    }
    struct lb_error error;
    if (fine && distribution_make_mix(d, parts, shares, n, &error) == 0)
        return true;
    if (fine)
        (void)tell_error(r, node, call, &error);
    while (n > 0)
        distribution_done(&parts[--n]);
    return false;
}

/* The parameters written, as distribution_make wants them. */
static bool read_parameters(struct reader *r, const struct node *node, const struct call *call,
                            unsigned knows, enum quantity_kind unit, bool *given, double *values)
{
    const char *names[DISTRIBUTION_PARAMETERS];
    size_t n = 0;
    for (int p = 0; p < DISTRIBUTION_PARAMETERS; p++)
        if (knows & (1U << p))
            names[n++] = parameters[p];
    if (!read_args_known(r, node, call, names, n))
        return false;
    for (int p = 0; p < DISTRIBUTION_PARAMETERS; p++) {
        struct quantity q;
        int got = quantity_of(r, node, call, parameters[p],
                              p <= PARAMETER_MAX ? unit : QUANTITY_NUMBER, &q);
        if (got < 0)
            return false;
        given[p] = got > 0;
        values[p] = got > 0 ? q.value : 0;
    }
    return true;
}

bool read_distribution(struct reader *r, const struct node *node, const struct call *call,
                       struct distribution *d)
{
    return read_distribution_of(r, node, call, QUANTITY_TIME, d);
}

bool read_distribution_of(struct reader *r, const struct node *node, const struct call *call,
                          enum quantity_kind unit, struct distribution *d)
{
    enum distribution_kind kind =
        call->kind == CALL_NAME ? kind_of(call->text) : DISTRIBUTION_KINDS;
    if (kind == DISTRIBUTION_KINDS)
        return unknown_distribution(r, node, call);
    if (kind == DISTRIBUTION_MIX)
        return read_mix(r, node, call, unit, d);
    if (kind == DISTRIBUTION_EMPIRICAL)
        return read_empirical(r, node, call, unit, d);
    bool given[DISTRIBUTION_PARAMETERS] = {false};
    double values[DISTRIBUTION_PARAMETERS] = {0};
    struct call named = *call, first;
    if (kind == DISTRIBUTION_CONSTANT && call->arg_count == 1 && call->args->key == NULL) {
        first = *call->args; /* constant(20ms): the one positional argument */
        first.key = parameters[PARAMETER_VALUE];
        named.args = &first;
    }
    if (!read_parameters(r, node, &named, distribution_knows(kind), unit, given, values))
        return false;
    struct lb_error error;
    if (distribution_make(d, kind, given, values, &error) == 0)
        return true;
    *d = (struct distribution){.kind = DISTRIBUTION_CONSTANT};
    return tell_error(r, node, call, &error);
}

/* --- back-off ---------------------------------------------------------------------------------- */

void read_backoff(struct reader *r, const struct schema_row *row, const struct node *node,
                  void *base)
{
    static const char *const names[] = {"none", "constant", "exponential"};
    static const char *const keys[] = {"base", "cap"}, *const time[] = {"value"};
    struct scenario_retries *retries = base;
    const struct call *call = read_call(r, node, row->shape);
    if (call == NULL)
        return;
    size_t kind = 0;
    while (kind < 3 && (call->kind != CALL_NAME || strcmp(names[kind], call->text) != 0))
        kind++;
    retries->backoff = kind == 1   ? BACKOFF_CONSTANT
                       : kind == 2 ? BACKOFF_EXPONENTIAL
                                   : BACKOFF_NONE;
    struct quantity q;
    if (kind == 3) {
        diagnose_error(r->diagnose, read_call_place(r, node, call), "%s: unknown back-off %s",
                       read_trail(r), quote_call(node, call).text);
        if (call->kind != CALL_NAME || !read_suggest(r, call->text, strlen(call->text), names, 3))
            diagnose_help(r->diagnose, "write %s", row->shape);
    } else if (kind == 1 && call->arg_count == 1 && call->args->key == NULL) {
        struct call first = *call->args, named = *call;
        first.key = time[0];
        named.args = &first;
        if (quantity_of(r, node, &named, time[0], QUANTITY_TIME, &q) > 0)
            retries->base = retries->cap = q.time;
    } else if (kind == 1) {
        diagnose_error(r->diagnose, read_call_place(r, node, call),
                       "%s: constant takes one duration", read_trail(r));
        diagnose_help(r->diagnose, "as in constant(100ms)");
    } else if (read_args_known(r, node, call, keys, kind == 2 ? 2 : 0) && kind == 2) {
        int has_base = quantity_of(r, node, call, "base", QUANTITY_TIME, &q);
        retries->base = has_base > 0 ? q.time : 0;
        int has_cap = has_base < 0 ? -1 : quantity_of(r, node, call, "cap", QUANTITY_TIME, &q);
        retries->cap = has_cap > 0 ? q.time : 0;
        if (has_cap < 0)
            return;
        if (has_base + has_cap != 2)
            diagnose_error(r->diagnose, read_call_place(r, node, call),
                           "%s: exponential needs a base and a cap", read_trail(r));
        else if (retries->cap < retries->base)
            diagnose_error(r->diagnose, read_call_place(r, node, call_arg(call, "cap")),
                           "%s: the cap is below the base", read_trail(r));
    }
}
