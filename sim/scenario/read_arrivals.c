/*
 * clients[].arrivals: one row a kind, with its arguments.
 *
 * An amount is a rate (100/s) or an offered load (75%), the same throughout a call. After reading it
 * is divided by the rate of the group, so that what is left are shapes; rate= and load= say that rate
 * whatever the amounts sum up to, which are then proportions.
 */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "sim/scenario/schema.h"

enum argument_type {
    ARGUMENT_AMOUNT,
    ARGUMENT_TIME,
    ARGUMENT_SHARE,
    ARGUMENT_YES,
    ARGUMENT_TEXT,
    ARGUMENT_FORMAT
};

struct arrivals_argument {
    const char *name;
    enum argument_type type;
    bool optional;
    double min, max;   /* of times in ns, and of shares */
    const char *range; /* the same in words */
    size_t offset;     /* in struct scenario_arrivals */
};

#define AMOUNT(name, optional)                                                                     \
    {                                                                                              \
#name, ARGUMENT_AMOUNT, optional, 0, 1e9, "a rate or a load", FIELD(name)                  \
    }
#define FIELD(name) offsetof(struct scenario_arrivals, name)
#define TIME(name)                                                                                 \
#name, ARGUMENT_TIME, false, 1, 3.6e17, "above 0 and at most 100000h", FIELD(name)
#define TIME_OR_0(name) #name, ARGUMENT_TIME, true, 0, 3.6e17, "at most 100000h", FIELD(name)

static const struct arrivals_argument of_none[] = {{.name = NULL}};
static const struct arrivals_argument of_bursty[] = {
    AMOUNT(low, false), AMOUNT(high, false), {TIME(low_for)}, {TIME(high_for)}, {.name = NULL}};
static const struct arrivals_argument of_self_exciting[] = {
    {"branching", ARGUMENT_SHARE, false, 0, 0.99, "from 0% to 99%", FIELD(branching)},
    {TIME(decay)},
    {.name = NULL}};
static const struct arrivals_argument of_ramp[] = {
    AMOUNT(from, false), AMOUNT(to, false), {TIME(over)}, {TIME_OR_0(after)}, {.name = NULL}};
static const struct arrivals_argument of_steps[] = {
    {TIME(every)},
    {"repeat", ARGUMENT_YES, true, 0, 0, "yes or no", FIELD(repeat)},
    {.name = NULL}};
static const struct arrivals_argument of_diurnal[] = {
    AMOUNT(mean, true),
    {"amplitude", ARGUMENT_SHARE, false, 0, 1, "from 0% to 100%", FIELD(amplitude)},
    {TIME(period)},
    {TIME_OR_0(peak_at)},
    {.name = NULL}};

static const char *const formats[] = {"table", "combined", "common", "json", "haproxy"};
static const struct arrivals_argument of_trace[] = {
    {"file", ARGUMENT_TEXT, false, 0, 0, "the name of a file", FIELD(file)},
    {"format", ARGUMENT_FORMAT, true, 0, 0, "table, combined, common, json or haproxy",
     FIELD(format)},
    {"warp", ARGUMENT_SHARE, true, 1e-6, 1e6, "from 0.0001% to 100000000%", FIELD(warp)},
    {"repeat", ARGUMENT_YES, true, 0, 0, "yes or no", FIELD(repeat)},
    {.name = NULL}};

static const struct arrivals_kind kinds[] = {
    {"poisson", ARRIVALS_POISSON, false, of_none, "poisson(rate=R | load=L)",
     "independent of each other; gaps are exponential"},
    {"uniform", ARRIVALS_UNIFORM, false, of_none, "uniform(rate=R | load=L)", "equal gaps"},
    {"bursty", ARRIVALS_BURSTY, false, of_bursty,
     "bursty(low=R | L, high=R | L, low_for=T, high_for=T [, rate=R | load=L])",
     "Poisson whose rate switches between two states (a two-state MMPP) that last exponential "
     "times of the means low_for and high_for"},
    {"self-exciting", ARRIVALS_SELF_EXCITING, false, of_self_exciting,
     "self-exciting(rate=R | load=L, branching=S, decay=T)",
     "each arrival brings about `branching` others in the mean, an exponential time of the mean "
     "`decay` later (a Hawkes process)"},
    {"ramp", ARRIVALS_RAMP, true, of_ramp,
     "ramp(from=R | L, to=R | L, over=T [, after=T] [, rate=R | load=L])",
     "Poisson whose rate is `from` until `after` and then goes evenly to `to` over the time "
     "`over`"},
    {"steps", ARRIVALS_STEPS, true, of_steps,
     "steps(R | L, R | L, ..., every=T [, repeat=yes] [, rate=R | load=L])",
     "Poisson at each of these rates for the time `every`; the last stays, or with repeat=yes the "
     "first follows it"},
    {"diurnal", ARRIVALS_DIURNAL, true, of_diurnal,
     "diurnal(mean=R | L, amplitude=S, period=T [, peak_at=T] [, rate=R | load=L])",
     "Poisson whose rate is mean x (1 + amplitude x cos(2 pi (t - peak_at) / period))"},
    {"trace", ARRIVALS_TRACE, true, of_trace,
     "trace(file=F [, format=W] [, warp=S] [, repeat=yes] [, rate=S | R] [, load=L])",
     "as recorded in a file; warp=200% lets its time run twice as fast, rate=150% makes three "
     "requests of two, repeat=yes begins anew at its end"},
};

const struct arrivals_kind *arrivals_kind_at(uint32_t i)
{
    return i < sizeof kinds / sizeof kinds[0] ? &kinds[i] : NULL;
}

/* What is known while one call is read. */
struct reading {
    struct reader *r;
    const struct node *node;
    const struct call *call;
    const struct arrivals_kind *kind;
    struct scenario_arrivals *to;
    enum quantity_kind amounts; /* of the first amount: a rate or a share; else QUANTITY_NUMBER */
    double rate;                /* rate= or load=, 0 = not written */
    bool load;
    bool fine;
};

static void refuse(struct reading *a, const struct call *at, const char *words)
{
    diagnose_error(a->r->diagnose, read_call_place(a->r, a->node, at), "%s: %s", read_trail(a->r),
                   words);
    a->fine = false;
}

/* A rate, or a share that is a load; negative, too large or of two sorts is refused. */
static double read_amount(struct reading *a, const struct call *arg, const char *name)
{
    struct quantity q;
    char words[120];
    enum quantity_kind kind = QUANTITY_RATE;
    if (arg->kind == CALL_QUANTITY && arg->quantity.kind == QUANTITY_SHARE)
        kind = QUANTITY_SHARE;
    (void)snprintf(words, sizeof words, "%s of %s", name, a->call->text);
    if (!read_quantity(a->r, a->node, arg->start, arg->end - arg->start, words, kind, &q)) {
        a->fine = false;
        return 0;
    }
    bool zero = q.value == 0;
    if (q.value < 0 || q.value > (kind == QUANTITY_RATE ? 1e9 : 100)) {
        (void)snprintf(words, sizeof words, "%s of %s must be from 0 to %s", name, a->call->text,
                       kind == QUANTITY_RATE ? "1000000000/s" : "10000%");
        refuse(a, arg, words);
    } else if (!zero && a->amounts != QUANTITY_NUMBER && a->amounts != kind) {
        refuse(a, arg, "rates and loads in one call: write them all in /s, or all in %");
    } else if (!zero) {
        a->amounts = kind;
    }
    return q.value;
}

/* One argument that the kind knows, or that it misses. */
static void read_argument(struct reading *a, const struct arrivals_argument *rule)
{
    const struct call *arg = call_arg(a->call, rule->name);
    void *to = (char *)a->to + rule->offset;
    char words[200];
    if (arg == NULL) {
        if (rule->optional)
            return;
        (void)snprintf(words, sizeof words, "%s needs %s", a->call->text, rule->name);
        refuse(a, a->call, words);
        diagnose_help(a->r->diagnose, "write %s", a->kind->shape);
        return;
    }
    if (rule->type == ARGUMENT_AMOUNT) {
        *(double *)to = read_amount(a, arg, rule->name);
        return;
    }
    (void)snprintf(words, sizeof words, "%s of %s must be %s", rule->name, a->call->text,
                   rule->range);
    if (rule->type == ARGUMENT_YES) {
        bool yes = arg->kind == CALL_NAME && strcmp(arg->text, "yes") == 0;
        *(bool *)to = yes;
        if (!yes && (arg->kind != CALL_NAME || strcmp(arg->text, "no") != 0))
            refuse(a, arg, words);
        return;
    }
    if (rule->type == ARGUMENT_TEXT) {
        if (arg->kind == CALL_QUANTITY || arg->text[0] == '\0')
            refuse(a, arg, words);
        else
            *(const char **)to = arena_copy(a->r->arena, arg->text, strlen(arg->text));
        return;
    }
    if (rule->type == ARGUMENT_FORMAT) {
        uint32_t n = sizeof formats / sizeof formats[0], i = 0;
        while (i < n && (arg->kind != CALL_NAME || strcmp(arg->text, formats[i]) != 0))
            i++;
        *(uint32_t *)to = i;
        if (i == n)
            refuse(a, arg, words);
        return;
    }
    struct quantity q;
    enum quantity_kind kind = rule->type == ARGUMENT_TIME ? QUANTITY_TIME : QUANTITY_SHARE;
    char what[120];
    (void)snprintf(what, sizeof what, "%s of %s", rule->name, a->call->text);
    if (!read_quantity(a->r, a->node, arg->start, arg->end - arg->start, what, kind, &q))
        a->fine = false;
    else if (q.value < rule->min || q.value > rule->max)
        refuse(a, arg, words);
    else if (kind == QUANTITY_TIME)
        *(lb_time *)to = q.time;
    else
        *(double *)to = q.value;
}

/* --- the rate of the group ---------------------------------------------------------------------- */

/* Divides the amounts by what they come to, so that they are shapes; returns that. */
static double shape(struct scenario_arrivals *a, enum arrivals kind)
{
    double whole = 0;
    switch (kind) {
    case ARRIVALS_BURSTY: {
        double low = (double)a->low_for, high = (double)a->high_for;
        whole = (a->low * low + a->high * high) / (low + high);
        if (whole > 0) {
            a->low /= whole;
            a->high /= whole;
        }
        return whole;
    }
    case ARRIVALS_RAMP:
        whole = fmax(a->from, a->to);
        if (whole > 0) {
            a->from /= whole;
            a->to /= whole;
        }
        return whole;
    case ARRIVALS_STEPS:
        for (uint32_t i = 0; i < a->step_count; i++)
            whole = fmax(whole, a->steps[i]);
        for (uint32_t i = 0; whole > 0 && i < a->step_count; i++)
            a->steps[i] /= whole;
        return whole;
    case ARRIVALS_DIURNAL:
        return a->mean;
    default:
        return 0;
    }
}

/* rate=150% of a trace: of what is recorded. */
static void read_scale(struct reading *a, const struct call *arg)
{
    a->to->scale = arg->quantity.value;
    if (!(a->to->scale > 0 && a->to->scale <= 1000))
        refuse(a, arg, "rate of trace must be above 0% and at most 100000%");
}

/* rate= or load=, or neither. */
static void read_rate(struct reading *a)
{
    static const char *const keys[] = {"rate", "load"};
    const struct call *first = NULL;
    for (int i = 0; i < 2; i++) {
        const struct call *arg = call_arg(a->call, keys[i]);
        struct quantity q = {.value = 0};
        if (arg == NULL)
            continue;
        if (first != NULL) {
            char words[100];
            (void)snprintf(words, sizeof words, "%s needs rate or load, not both", a->call->text);
            refuse(a, a->call, words);
            return;
        }
        first = arg;
        bool load = i == 1;
        if (i == 0 && a->kind->kind == ARRIVALS_TRACE && arg->kind == CALL_QUANTITY &&
            arg->quantity.kind == QUANTITY_SHARE) {
            read_scale(a, arg);
            continue;
        }
        char what[300];
        (void)snprintf(what, sizeof what, "%.200s: %s of %s", read_trail(a->r), keys[i],
                       a->call->text);
        if (!read_quantity(a->r, a->node, arg->start, arg->end - arg->start, what,
                           load ? QUANTITY_SHARE : QUANTITY_RATE, &q)) {
            a->fine = false;
            return;
        }
        if (q.value <= 0 || q.value > (load ? 100 : 1e9)) {
            char words[100];
            (void)snprintf(words, sizeof words, "%s must be above 0 and at most %s", keys[i],
                           load ? "10000%" : "1000000000/s");
            refuse(a, arg, words);
            return;
        }
        a->rate = q.value;
        a->load = load;
    }
}

/* The keyed arguments are known, and the others are steps. */
static bool check_arguments(struct reading *a)
{
    const char *names[12];
    size_t n = 0;
    names[n++] = "rate";
    names[n++] = "load";
    for (const struct arrivals_argument *rule = a->kind->arguments; rule->name != NULL; rule++)
        names[n++] = rule->name;
    if (a->kind->kind != ARRIVALS_STEPS)
        return read_args_known(a->r, a->node, a->call, names, n);
    struct call *keyed = arena_need(a->r->scratch, 1, sizeof *keyed);
    *keyed = *a->call;
    keyed->args = NULL;
    a->to->steps = arena_need(a->r->arena, CALL_ARGS_MAX, sizeof *a->to->steps);
    struct call **last = &keyed->args;
    for (const struct call *arg = a->call->args; arg != NULL; arg = arg->next) {
        if (arg->key == NULL && arg->kind == CALL_QUANTITY) {
            a->to->steps[a->to->step_count++] = read_amount(a, arg, "a rate");
            continue;
        }
        struct call *copy = arena_need(a->r->scratch, 1, sizeof *copy);
        *copy = *arg;
        copy->next = NULL;
        *last = copy;
        last = &copy->next;
    }
    a->call = keyed;
    if (a->to->step_count == 0) {
        refuse(a, a->call, "steps needs rates");
        diagnose_help(a->r->diagnose, "as in steps(100/s, 200/s, every=30s)");
    }
    return a->fine && read_args_known(a->r, a->node, keyed, names, n);
}

static const struct arrivals_kind *find_kind(struct reader *r, const struct schema_row *row,
                                             const struct node *node, const struct call *call)
{
    const char *names[ARRIVALS_KINDS];
    size_t n = 0;
    for (; arrivals_kind_at((uint32_t)n) != NULL; n++) {
        names[n] = kinds[n].name;
        if (call->kind == CALL_NAME && strcmp(names[n], call->text) == 0)
            return &kinds[n];
    }
    struct place at = read_call_place(r, node, call);
    if (call->kind == CALL_NAME && read_later(r, at, row->path, call->text, strlen(call->text)))
        return NULL;
    diagnose_error(r->diagnose, at, "%s: unknown arrivals %s", read_trail(r),
                   quote(node->text + call->start, call->end - call->start).text);
    if (call->kind != CALL_NAME || !read_suggest(r, call->text, strlen(call->text), names, n))
        diagnose_help(r->diagnose, "write %s", row->shape);
    return NULL;
}

void read_arrivals(struct reader *r, const struct schema_row *row, const struct node *node,
                   void *base)
{
    struct scenario_client *client = base;
    const struct call *call = read_call(r, node, row->shape);
    if (call == NULL)
        return;
    struct reading a = {.r = r,
                        .node = node,
                        .call = call,
                        .kind = find_kind(r, row, node, call),
                        .to = &client->process,
                        .amounts = QUANTITY_NUMBER,
                        .fine = true};
    if (a.kind == NULL || !check_arguments(&a))
        return;
    client->arrivals = a.kind->kind;
    client->varies = a.kind->varies;
    client->process.warp = 1;
    read_rate(&a);
    for (const struct arrivals_argument *rule = a.kind->arguments; a.fine && rule->name != NULL;
         rule++)
        read_argument(&a, rule);
    if (!a.fine)
        return;
    if (a.kind->kind == ARRIVALS_TRACE) { /* the rest when it is read: resolve_trace */
        if (a.rate == 0 && a.to->scale == 0)
            a.to->scale = 1;
        client->rate = a.load ? 0 : a.rate;
        client->load = a.load ? a.rate : 0;
        return;
    }
    double sum = shape(a.to, a.kind->kind);
    bool amounts = a.kind->kind == ARRIVALS_BURSTY || a.kind->kind == ARRIVALS_RAMP ||
                   a.kind->kind == ARRIVALS_STEPS;
    if (amounts && sum == 0) {
        refuse(&a, call, "nobody ever comes: one of the rates must be above 0");
        return;
    }
    if (a.rate == 0) {
        a.rate = sum;
        a.load = a.amounts == QUANTITY_SHARE;
    }
    if (a.rate == 0) {
        diagnose_error(r->diagnose, read_call_place(r, node, call), "%s: %s needs a rate or a load",
                       read_trail(r), call->text);
        diagnose_help(r->diagnose, "write %s, as in rate=100/s or load=75%%", a.kind->shape);
        return;
    }
    *(a.load ? &client->load : &client->rate) = a.rate;
}
