/* Values of who asks, and of what a request carries: paths, headers, sizes. See schema_traffic.c. */
#include <math.h>
#include <string.h>

#include "sim/scenario/schema.h"

#define PATH_BYTES_MAX 1024U

/* A character that may stand in a path or a header's name: no control, no space. */
static bool visible(const char *text, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        if ((unsigned char)text[i] <= 0x20 || text[i] == 0x7f)
            return false;
    return true;
}

void read_path(struct reader *r, const struct schema_row *row, const struct node *node, void *base)
{
    if (!read_is_scalar(r, node, row->shape))
        return;
    if (node->text[0] != '/' || node->size > PATH_BYTES_MAX || !visible(node->text, node->size)) {
        diagnose_error(r->diagnose, node->at, "%s: %s is not a path", read_trail(r),
                       quote(node->text, node->size).text);
        diagnose_help(r->diagnose,
                      "a path begins with /, has no spaces and at most %u bytes, as in /report",
                      PATH_BYTES_MAX);
        return;
    }
    *(const char **)base = arena_copy(r->arena, node->text, node->size);
}

/* A token of HTTP (RFC 9110): letters, digits and some signs. */
static bool is_token(const struct node *node)
{
    static const char signs[] = "!#$%&'*+-.^_`|~";
    for (uint32_t i = 0; i < node->size; i++) {
        char c = node->text[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && (c == '\0' || strchr(signs, c) == NULL))
            return false;
    }
    return node->size > 0 && node->size <= NAME_BYTES_MAX;
}

static bool same_name(const char *a, const char *b)
{
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        char x = *a >= 'A' && *a <= 'Z' ? (char)(*a + 32) : *a;
        char y = *b >= 'A' && *b <= 'Z' ? (char)(*b + 32) : *b;
        if (x != y)
            return false;
    }
    return *a == *b;
}

static void read_header(struct reader *r, struct scenario_class *class, const struct node *key)
{
    struct schema_row text = {.path = "header", .type = TYPE_NAME};
    struct scenario_header header = {.name = NULL};
    if (!is_token(key)) {
        diagnose_error(r->diagnose, key->at, "%s: %s is not the name of a header", read_trail(r),
                       quote(key->text, key->size).text);
        diagnose_help(r->diagnose, "letters, digits and -, as in X-Canary");
        return;
    }
    header.name = arena_copy(r->arena, key->text, key->size);
    for (uint32_t i = 0; i < class->header_count; i++)
        if (same_name(class->headers[i].name, header.name)) {
            diagnose_error(r->diagnose, key->at, "%s: %s is there twice", read_trail(r),
                           quote(key->text, key->size).text);
            return;
        }
    size_t mark = read_enter(r, ".%s", header.name);
    read_value(r, &text, key->value, &header.value);
    read_leave(r, mark);
    if (header.value != NULL)
        class->headers[class->header_count++] = header;
}

void read_headers(struct reader *r, const struct schema_row *row, const struct node *node,
                  void *base)
{
    struct scenario_class *class = base;
    if (node->kind != NODE_MAP) {
        diagnose_error(r->diagnose, node->at, "%s must be a mapping", read_trail(r));
        diagnose_help(r->diagnose, "as in headers: {X-Canary: \"yes\"}");
        return;
    }
    if (node->count > row->max) {
        diagnose_error(r->diagnose, node->at, "%s has more than %.0f headers", read_trail(r),
                       row->max);
        return;
    }
    class->headers = arena_need(r->arena, node->count, sizeof *class->headers);
    for (const struct node *key = node->first; key != NULL; key = key->next)
        read_header(r, class, key);
}

/* A number alone stands for a constant. False after the error. */
static bool read_amounts(struct reader *r, const struct schema_row *row, const struct node *node,
                         enum quantity_kind unit, struct distribution *d)
{
    const struct call *call = read_call(r, node, row->shape);
    if (call == NULL)
        return false;
    if (call->kind != CALL_QUANTITY)
        return read_distribution_of(r, node, call, unit, d);
    struct call *alone = arena_need(r->scratch, 1, sizeof *alone);
    struct call *constant = arena_need(r->scratch, 1, sizeof *constant);
    *alone = *call;
    *constant = (struct call){.kind = CALL_NAME,
                              .text = "constant",
                              .parentheses = true,
                              .start = call->start,
                              .key_at = call->key_at,
                              .end = call->end,
                              .args = alone,
                              .arg_count = 1};
    return read_distribution_of(r, node, constant, unit, d);
}

void read_sizes(struct reader *r, const struct schema_row *row, const struct node *node, void *base)
{
    (void)read_amounts(r, row, node, QUANTITY_SIZE, base);
}

void read_durations(struct reader *r, const struct schema_row *row, const struct node *node,
                    void *base)
{
    (void)read_amounts(r, row, node, QUANTITY_TIME, base);
}

/* More requests than this would make one session a run. */
#define COUNT_MAX 1e6

/* Whole numbers from 1 on, so that their mean is what is written. */
static bool counts(const struct distribution *d)
{
    bool fine = true;
    switch (d->kind) {
    case DISTRIBUTION_CONSTANT:
        return d->mean >= 1 && d->mean <= COUNT_MAX && d->mean == floor(d->mean);
    case DISTRIBUTION_GEOMETRIC:
        return d->mean <= COUNT_MAX;
    case DISTRIBUTION_EMPIRICAL:
        for (size_t i = 0; i < d->count; i++)
            fine = fine && d->values[i] >= 1 && d->values[i] <= COUNT_MAX &&
                   d->values[i] == floor(d->values[i]);
        return fine;
    case DISTRIBUTION_MIX:
        for (size_t i = 0; i < d->count; i++)
            fine = fine && counts(&d->parts[i]);
        return fine;
    default:
        return false;
    }
}

void read_counts(struct reader *r, const struct schema_row *row, const struct node *node,
                 void *base)
{
    struct distribution *d = base;
    if (!read_amounts(r, row, node, QUANTITY_NUMBER, d) || counts(d))
        return;
    diagnose_error(r->diagnose, node->at, "%s: these are not whole numbers from 1 to %.0f",
                   read_trail(r), COUNT_MAX);
    diagnose_help(r->diagnose, "write %s", row->shape);
}

/* --- population --------------------------------------------------------------------------------- */

void read_popularity(struct reader *r, const struct schema_row *row, const struct node *node,
                     void *base)
{
    static const char *const names[] = {"equal", "zipf"}, *const keys[] = {"s"};
    double *zipf = base;
    const struct call *call = read_call(r, node, row->shape);
    if (call == NULL)
        return;
    bool equal = call->kind == CALL_NAME && strcmp(call->text, names[0]) == 0;
    if (!equal && (call->kind != CALL_NAME || strcmp(call->text, names[1]) != 0)) {
        diagnose_error(r->diagnose, read_call_place(r, node, call), "%s: unknown popularity %s",
                       read_trail(r), quote(node->text, node->size).text);
        if (call->kind != CALL_NAME || !read_suggest(r, call->text, strlen(call->text), names, 2))
            diagnose_help(r->diagnose, "write %s", row->shape);
        return;
    }
    if (!read_args_known(r, node, call, keys, equal ? 0 : 1) || equal)
        return;
    struct quantity q;
    const struct call *s = call_arg(call, "s");
    if (s == NULL) {
        diagnose_error(r->diagnose, read_call_place(r, node, call), "%s: zipf needs s",
                       read_trail(r));
        diagnose_help(r->diagnose, "as in zipf(s=0.9)");
    } else if (read_quantity(r, node, s->start, s->end - s->start, "s of zipf", QUANTITY_NUMBER,
                             &q)) {
        if (q.value > 0 && q.value <= 10)
            *zipf = q.value;
        else
            diagnose_error(r->diagnose, read_call_place(r, node, s),
                           "%s: s of zipf must be above 0 and at most 10", read_trail(r));
    }
}

void read_nat(struct reader *r, const struct schema_row *row, const struct node *node, void *base)
{
    struct scenario_client *client = base;
    struct schema_row share = {.path = row->path, .type = TYPE_SHARE, .max = 1};
    bool list = node->kind == NODE_LIST;
    uint32_t count = list ? node->count : 1, i = 0;
    double sum = 0;
    if (count > row->max) {
        diagnose_error(r->diagnose, node->at, "%s has more than %.0f entries", read_trail(r),
                       row->max);
        return;
    }
    uint32_t errors = r->diagnose->errors;
    double *shares = arena_need(r->arena, count, sizeof *shares);
    for (const struct node *one = list ? node->first : node; i < count; one = one->next) {
        read_value(r, &share, one, &shares[i]);
        sum += shares[i++];
    }
    if (r->diagnose->errors > errors)
        return;
    if (sum > 1 + 1e-9) {
        diagnose_error(r->diagnose, node->at, "the shares of %s sum to %.6g%%, more than 100%%",
                       read_trail(r), sum * 100.0);
        return;
    }
    client->nat = shares;
    for (i = 0; i < count; i++) /* nobody behind an address: it is as if it were not there */
        if (shares[i] > 0)
            client->nat[client->nat_count++] = shares[i];
}
