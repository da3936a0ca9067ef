/*
 * Reading the grid of a sweep: see sweep.h. range() and log() are written out here, in the unit of
 * their first argument, with ten significant digits and no exponent, so that a cell's settings read
 * like what a person would have written.
 */
#include "sim/scenario/sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/units.h"
#include "sim/scenario/path.h"
#include "sim/scenario/schema.h"

/* --- range and log ------------------------------------------------------------------------------ */

/* So many significant digits, plain, without zeros at the end. */
static void write_number(char *buf, size_t size, double value, int digits)
{
    double magnitude = value == 0.0 ? 0.0 : floor(log10(fabs(value)));
    int decimals = magnitude >= digits - 1 ? 0 : digits - 1 - (int)magnitude;
    if (decimals > 18)
        decimals = 18;
    (void)snprintf(buf, size, "%.*f", decimals, value);
    if (strchr(buf, '.') == NULL)
        return;
    char *end = buf + strlen(buf);
    while (end[-1] == '0')
        *--end = '\0';
    if (end[-1] == '.')
        end[-1] = '\0';
    if (strcmp(buf, "-0") == 0)
        (void)snprintf(buf, size, "0");
}

/* Where the digits of a quantity end and its unit begins. */
static const char *unit_of(const char *text)
{
    return text + strspn(text, "+-0123456789.");
}

struct span {
    double from, to; /* in the unit */
    const char *unit;
    uint32_t steps;
    bool log;
};

static bool bad_span(struct reader *r, const struct node *node, const struct call *part,
                     const char *problem)
{
    diagnose_error(r->diagnose, read_call_place(r, node, part), "%s: %s", read_trail(r), problem);
    diagnose_help(r->diagnose, "as in range(50%%, 95%%, 10) or log(10/s, 1000/s, 7): from, to, and "
                               "how many values, both ends included");
    return false;
}

/* The three arguments, in order or by name. */
static bool span_args(struct reader *r, const struct node *node, const struct call *call,
                      const struct call *args[3])
{
    static const char *const names[] = {"from", "to", "steps"};
    uint32_t n = 0;
    if (call->arg_count != 3)
        return bad_span(r, node, call, "takes three arguments");
    for (const struct call *arg = call->args; arg != NULL; arg = arg->next, n++) {
        args[n] = arg->key == NULL ? arg : call_arg(call, names[n]);
        if (args[n] == NULL)
            return bad_span(r, node, arg, "is called from, to or steps");
    }
    for (n = 0; n < 3; n++)
        if (args[n]->kind != CALL_QUANTITY)
            return bad_span(r, node, args[n], "must be a number with a unit");
    return true;
}

static bool read_span(struct reader *r, const struct node *node, const struct call *call,
                      struct span *span)
{
    const struct call *args[3];
    if (!span_args(r, node, call, args))
        return false;
    const struct quantity *from = &args[0]->quantity, *to = &args[1]->quantity,
                          *steps = &args[2]->quantity;
    bool zero = from->kind == QUANTITY_NUMBER && from->value == 0.0;
    span->log = strcmp(call->text, "log") == 0;
    if (steps->kind != QUANTITY_NUMBER || !steps->whole || steps->value < 2.0 ||
        steps->value > (double)SWEEP_VALUES_MAX)
        return bad_span(r, node, args[2], "steps must be a whole number from 2 to 10000");
    if (from->kind != to->kind && !zero)
        return bad_span(r, node, args[1], "both ends must be of one kind");
    if (from->value == to->value)
        return bad_span(r, node, args[1], "both ends are the same");
    if (span->log && (from->value <= 0.0 || to->value <= 0.0))
        return bad_span(r, node, from->value <= 0.0 ? args[0] : args[1],
                        "both ends of log must be above 0");
    /* In the unit of the first end; what the second is in it follows from the values. */
    span->unit = unit_of(args[zero ? 1 : 0]->text);
    span->from = strtod(args[0]->text, NULL);
    span->to = strtod(args[1]->text, NULL);
    if (!zero && strcmp(span->unit, unit_of(args[1]->text)) != 0) {
        if (span->from == 0.0) {
            span->unit = unit_of(args[1]->text);
        } else {
            span->to = to->value / (from->value / span->from);
        }
    }
    span->steps = (uint32_t)steps->value;
    return true;
}

static double span_value(const struct span *span, uint32_t i)
{
    double share = (double)i / (double)(span->steps - 1);
    if (i == 0 || i == span->steps - 1)
        return i == 0 ? span->from : span->to;
    if (span->log)
        return span->from * exp(log(span->to / span->from) * share);
    return span->from + (span->to - span->from) * share;
}

/* --- values --------------------------------------------------------------------------------------- */

/* The values as numbers, when all are quantities of one kind (a bare 0 is of any). */
static void add_numbers(struct arena *arena, struct scenario_sweep *sweep)
{
    double *numbers = arena_need(arena, sweep->count, sizeof *numbers);
    int kind = QUANTITY_NUMBER;
    for (uint32_t pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < sweep->count; i++) {
            struct quantity q;
            if (quantity_read(sweep->values[i], strlen(sweep->values[i]), &q) != QUANTITY_FINE)
                return;
            numbers[i] = q.value;
            bool zero = q.kind == QUANTITY_NUMBER && q.value == 0.0;
            if (pass == 0 && !zero)
                kind = (int)q.kind;
            else if (!zero && (int)q.kind != kind)
                return;
        }
    sweep->kind = kind;
    sweep->numbers = numbers;
}

static void add_span(struct arena *arena, const struct span *span, struct scenario_sweep *sweep)
{
    char value[64];
    sweep->count = span->steps;
    sweep->span = true;
    sweep->values = arena_need(arena, span->steps, sizeof *sweep->values);
    for (uint32_t i = 0; i < span->steps; i++) {
        write_number(value, sizeof value, span_value(span, i), 10);
        size_t size = strlen(value);
        (void)snprintf(value + size, sizeof value - size, "%s", span->unit);
        sweep->values[i] = arena_copy(arena, value, strlen(value));
    }
}

static bool fine_value(struct reader *r, const struct node *value)
{
    if (value->kind != NODE_SCALAR) {
        diagnose_error(r->diagnose, value->at, "%s must be a list of single values", read_trail(r));
        return false;
    }
    bool control = false;
    for (uint32_t i = 0; i < value->size; i++)
        control |= (unsigned char)value->text[i] < 0x20 || value->text[i] == 0x7f;
    if (!control && value->size > 0 && strchr("[{\"'", value->text[0]) == NULL)
        return true;
    diagnose_error(r->diagnose, value->at, "%s cannot be a value of a sweep",
                   quote(value->text, value->size).text);
    diagnose_help(r->diagnose, "a value is a word, a quantity or a call, as for --set");
    return false;
}

static int compare_values(const void *a, const void *b)
{
    const struct node *const *x = a, *const *y = b;
    return strcmp((*x)->text, (*y)->text);
}

/* The same value twice would be the same cell twice. */
static bool all_differ(struct reader *r, const struct node *list)
{
    const struct node **sorted = text_need(list->count * sizeof *sorted);
    uint32_t n = 0;
    bool differ = true;
    for (const struct node *value = list->first; value != NULL; value = value->next)
        sorted[n++] = value;
    qsort(sorted, n, sizeof *sorted, compare_values);
    for (uint32_t i = 1; i < n && differ; i++) {
        differ = strcmp(sorted[i - 1]->text, sorted[i]->text) != 0;
        if (!differ)
            diagnose_error(r->diagnose, sorted[i]->at, "%s: the value %s is there twice",
                           read_trail(r), quote(sorted[i]->text, sorted[i]->size).text);
    }
    free(sorted);
    return differ;
}

static bool read_values(struct reader *r, const struct node *list, struct scenario_sweep *sweep)
{
    if (list->count == 0 || list->count > SWEEP_VALUES_MAX) {
        diagnose_error(r->diagnose, list->at,
                       list->count == 0 ? "%s has no values, so the grid is empty"
                                        : "%s has more than 10000 values",
                       read_trail(r));
        return false;
    }
    for (const struct node *value = list->first; value != NULL; value = value->next)
        if (!fine_value(r, value))
            return false;
    if (!all_differ(r, list))
        return false;
    sweep->values = arena_need(r->arena, list->count, sizeof *sweep->values);
    for (const struct node *value = list->first; value != NULL; value = value->next)
        sweep->values[sweep->count++] = arena_copy(r->arena, value->text, value->size);
    return true;
}

/* --- keys ----------------------------------------------------------------------------------------- */

static bool fine_path(struct reader *r, const struct node *key)
{
    static const char *const fixed[] = {"lbsim", "sweep", "variants"};
    struct path path;
    size_t offset;
    const char *problem;
    if (path_parse(key->text, key->size, &path, &offset, &problem) != 0) {
        diagnose_error(r->diagnose, read_place(r, key, offset, 1), "%s", problem);
        diagnose_help(r->diagnose, "a path is keys with dots between them, as in "
                                   "clients.web.arrivals.load");
        return false;
    }
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        if (path.parts[0].size == strlen(fixed[i]) &&
            memcmp(path.parts[0].text, fixed[i], path.parts[0].size) == 0) {
            diagnose_error(r->diagnose, key->at, "%s cannot be swept", fixed[i]);
            return false;
        }
    return memchr(key->text, '=', key->size) == NULL || fine_value(r, key);
}

static bool read_one(struct reader *r, const struct node *key, struct scenario_sweep *sweep)
{
    const struct node *value = key->value;
    if (!fine_path(r, key))
        return false;
    *sweep = (struct scenario_sweep){.path = arena_copy(r->arena, key->text, key->size)};
    if (value->kind == NODE_LIST) {
        if (!read_values(r, value, sweep))
            return false;
    } else if (value->kind == NODE_SCALAR &&
               (strncmp(value->text, "range(", 6) == 0 || strncmp(value->text, "log(", 4) == 0)) {
        struct span span;
        const struct call *call = read_call(r, value, "range() or log()");
        if (call == NULL || !read_span(r, value, call, &span))
            return false;
        add_span(r->arena, &span, sweep);
    } else {
        diagnose_error(
            r->diagnose, value->at,
            "%s must be a list of values, range(from, to, steps) or log(from, to, steps)",
            read_trail(r));
        return false;
    }
    add_numbers(r->arena, sweep);
    return true;
}

void read_sweep(struct reader *r, const struct schema_row *row, const struct node *node, void *base)
{
    struct scenario *s = r->scenario;
    double cells = 1.0;
    (void)row;
    (void)base;
    if (node->kind != NODE_MAP || node->count == 0) {
        diagnose_error(r->diagnose, node->at,
                       node->kind == NODE_MAP ? "%s is empty"
                                              : "%s must be a mapping of paths to values",
                       read_trail(r));
        diagnose_help(r->diagnose,
                      "as in sweep: {balancer.algorithm: [round-robin, least-connections]}");
        return;
    }
    if (node->count > SWEEP_KEYS_MAX) {
        diagnose_error(r->diagnose, node->at, "%s has %u keys, more than %u", read_trail(r),
                       (unsigned)node->count, SWEEP_KEYS_MAX);
        return;
    }
    s->sweeps = arena_need(r->arena, node->count, sizeof *s->sweeps);
    bool fine = true;
    for (const struct node *key = node->first; key != NULL; key = key->next) {
        size_t mark = read_enter(r, ".%.*s", (int)key->size, key->text);
        fine &= read_one(r, key, &s->sweeps[s->sweep_count]);
        cells *= s->sweeps[s->sweep_count++].count;
        read_leave(r, mark);
    }
    if (fine && cells > (double)SWEEP_CELLS_MAX)
        diagnose_error(r->diagnose, node->at, "%s has %.0f cells, more than %u", read_trail(r),
                       cells, SWEEP_CELLS_MAX);
    if (!fine)
        s->sweep_count = 0;
}

const char *sweep_write(char *buf, size_t size, int kind, double *value)
{
    static const double factors[] = {[QUANTITY_NUMBER] = 1.0,
                                     [QUANTITY_TIME] = 1.0,
                                     [QUANTITY_RATE] = 1.0,
                                     [QUANTITY_SHARE] = 0.01,
                                     [QUANTITY_SIZE] = 1024.0};
    static const char *const units[] = {"", "ns", "/s", "%", "KiB"};
    struct quantity q;
    if (kind == QUANTITY_TIME && *value >= 1e3)
        *value = round(*value / pow(10.0, floor(log10(*value)) - 5.0)) *
                 pow(10.0, floor(log10(*value)) - 5.0);
    if (kind == QUANTITY_TIME)
        return *value = round(*value), units_format_exact(buf, size, (lb_time)*value);
    char number[64];
    write_number(number, sizeof number, *value / factors[kind], 6);
    (void)snprintf(buf, size, "%s%s", number, units[kind]);
    if (quantity_read(buf, strlen(buf), &q) == QUANTITY_FINE)
        *value = q.value;
    return buf;
}

/* --- the command line ------------------------------------------------------------------------------ */

/* Cuts "a,b(c, d),e" at the commas outside of ( ). */
static struct node *cut_values(struct tree *tree, const struct source *s, uint32_t source,
                               size_t from)
{
    struct place at = {source, (uint32_t)from, (uint32_t)(s->size - from)};
    struct node *list = arena_need(tree->arena, 1, sizeof *list);
    *list = (struct node){.kind = NODE_LIST, .at = at};
    int depth = 0;
    for (size_t i = from, start = from; i <= s->size; i++) {
        if (i < s->size && s->text[i] == '(')
            depth++;
        else if (i < s->size && s->text[i] == ')')
            depth--;
        else if (i == s->size || (s->text[i] == ',' && depth == 0)) {
            at = (struct place){source, (uint32_t)start, (uint32_t)(i - start)};
            node_add_value(list, tree_scalar(tree, s->text + start, i - start, at));
            start = i + 1;
        }
    }
    return list;
}

bool sweep_over(struct tree *tree, struct diagnose *diagnose, uint32_t source, bool first)
{
    const struct source *s = &diagnose->sources[source];
    struct place all = {source, 0, (uint32_t)s->size};
    size_t equals = 0;
    bool quoted = false;
    while (equals < s->size && (quoted || s->text[equals] != '=')) {
        quoted = quoted != (s->text[equals] == '"');
        equals++;
    }
    if (equals == 0 || equals + 1 >= s->size || s->size > TREE_SCALAR_MAX) {
        diagnose_error(diagnose, all, "path=value,value is expected");
        diagnose_help(diagnose, "as in --over backends.web.count=2,3,4");
        return false;
    }
    struct node *sweep = node_find(tree->root, "sweep", 5);
    if (sweep == NULL) {
        sweep = tree_scalar(tree, "sweep", 5, all);
        node_add_key(tree->root, sweep, tree_map(tree, all));
    }
    if (sweep->value->kind != NODE_MAP)
        return true; /* reading tells */
    bool span = strncmp(s->text + equals + 1, "range(", 6) == 0 ||
                strncmp(s->text + equals + 1, "log(", 4) == 0;
    struct place at = {source, (uint32_t)equals + 1, (uint32_t)(s->size - equals - 1)};
    struct node *value = span ? tree_scalar(tree, s->text + equals + 1, s->size - equals - 1, at)
                              : cut_values(tree, s, source, equals + 1);
    struct node *old = node_find(sweep->value, s->text, equals);
    if (old != NULL) {
        node_replace(old->value, value);
        return true;
    }
    struct node *key =
        tree_scalar(tree, s->text, equals, (struct place){source, 0, (uint32_t)equals});
    node_add_key(sweep->value, key, value);
    if (first && sweep->value->first != key) { /* it is the last: make it the first */
        struct node *before = sweep->value->first;
        while (before->next != key)
            before = before->next;
        before->next = NULL;
        sweep->value->last = before;
        key->next = sweep->value->first;
        sweep->value->first = key;
    }
    return true;
}
