/* One scalar by the type of its row. See read.h. */
#include <string.h>

#include "sim/base/check.h"
#include "sim/scenario/schema.h"

struct place read_place(const struct reader *r, const struct node *node, size_t at, size_t size)
{
    return node_place(node, r->diagnose->sources, at, size);
}

bool read_is_scalar(struct reader *r, const struct node *node, const char *what)
{
    if (node->kind == NODE_SCALAR && !node_is_null(node))
        return true;
    if (node->kind == NODE_SCALAR)
        diagnose_error(r->diagnose, node->at, "%s has no value", read_trail(r));
    else
        diagnose_error(r->diagnose, node->at, "%s must be %s, not %s", read_trail(r), what,
                       node->kind == NODE_LIST ? "a list" : "a mapping");
    return false;
}

static void out_of_range(struct reader *r, const struct schema_row *row, const struct node *node)
{
    char range[100];
    diagnose_error(r->diagnose, node->at, "%s is %s, outside the range %s", read_trail(r),
                   node->size <= 40 ? node->text : "too large",
                   schema_range(row, range, sizeof range));
    if (row->remedy != NULL)
        diagnose_help(r->diagnose, "%s", row->remedy);
}

/* Digits, with or without a sign? */
static bool is_whole(const struct node *node)
{
    size_t i = node->size > 1 && (node->text[0] == '-' || node->text[0] == '+') ? 1 : 0;
    for (; i < node->size; i++)
        if (node->text[i] < '0' || node->text[i] > '9')
            return false;
    return node->size > 0 && node->text[node->size - 1] >= '0';
}

static bool read_whole(struct reader *r, const struct schema_row *row, const struct node *node,
                       uint64_t *value)
{
    if (!read_is_scalar(r, node, schema_type_name(row->type)))
        return false;
    if (!is_whole(node)) {
        diagnose_error(r->diagnose, node->at, "%s must be %s, not %s", read_trail(r),
                       schema_type_name(row->type), quote(node->text, node->size).text);
        return false;
    }
    bool fine = quantity_read_u64(node->text, node->size, value) == 0;
    if (fine && row->type != TYPE_SEED)
        fine = (double)*value >= row->min && (double)*value <= row->max;
    if (!fine)
        out_of_range(r, row, node);
    return fine;
}

/* What to write instead of something that is no quantity of the kind asked for. */
static void help_quantity(struct reader *r, const char *text, size_t size,
                          enum quantity_kind wanted, enum quantity_fault fault,
                          const struct quantity *q)
{
    if (fault == QUANTITY_SPACE) {
        size_t i = size;
        while (i > 0 && text[i - 1] != ' ')
            i--;
        size_t number = i;
        while (number > 0 && text[number - 1] == ' ')
            number--;
        diagnose_help(r->diagnose, "no space before the unit: write %.*s%.*s", (int)number, text,
                      (int)(size - i), text + i);
    } else if (fault == QUANTITY_FINE && q->kind == QUANTITY_NUMBER &&
               (wanted == QUANTITY_TIME || wanted == QUANTITY_RATE)) {
        diagnose_help(r->diagnose, "a unit is missing: write %s after the number",
                      quantity_kind_units(wanted));
    } else if (wanted == QUANTITY_SHARE) {
        diagnose_help(r->diagnose, "write a share in %%, as in 30%%");
    } else if (wanted == QUANTITY_NUMBER) {
        diagnose_help(r->diagnose, "write decimal digits, without unit or exponent");
    } else {
        diagnose_help(r->diagnose, "units are %s", quantity_kind_units(wanted));
    }
}

bool read_quantity(struct reader *r, const struct node *node, size_t at, size_t size,
                   const char *what, enum quantity_kind kind, struct quantity *q)
{
    const char *text = node->text + at;
    enum quantity_fault fault = quantity_read(text, size, q);
    bool zero = fault == QUANTITY_FINE && q->kind == QUANTITY_NUMBER && q->value == 0;
    if (zero && kind != QUANTITY_NUMBER)
        *q = (struct quantity){.kind = kind, .whole = q->whole};
    if (fault == QUANTITY_FINE && q->kind == kind)
        return true;
    if (fault == QUANTITY_TOO_MUCH) {
        diagnose_error(r->diagnose, read_place(r, node, at, size), "%s: %s is too large", what,
                       quote(text, size).text);
        return false;
    }
    diagnose_error(r->diagnose, read_place(r, node, at, size), "%s: %s is not %s", what,
                   quote(text, size).text, quantity_kind_name(kind));
    help_quantity(r, text, size, kind, fault, q);
    return false;
}

static bool read_measured(struct reader *r, const struct schema_row *row, const struct node *node,
                          struct quantity *q)
{
    static const enum quantity_kind kinds[SCHEMA_TYPES] = {[TYPE_NUMBER] = QUANTITY_NUMBER,
                                                           [TYPE_SHARE] = QUANTITY_SHARE,
                                                           [TYPE_TIME] = QUANTITY_TIME};
    if (!read_is_scalar(r, node, schema_type_name(row->type)) ||
        !read_quantity(r, node, 0, node->size, read_trail(r), kinds[row->type], q))
        return false;
    if (q->value >= row->min && q->value <= row->max)
        return true;
    out_of_range(r, row, node);
    return false;
}

static bool read_text(struct reader *r, const struct schema_row *row, const struct node *node,
                      const char **value)
{
    const char *what = schema_type_name(row->type);
    if (!read_is_scalar(r, node, what))
        return false;
    bool name = row->type == TYPE_NAME;
    if (name && (node->size == 0 || node->size > NAME_BYTES_MAX)) {
        diagnose_error(r->diagnose, node->at, "%s must have 1 to %u bytes, not %u", read_trail(r),
                       NAME_BYTES_MAX, (unsigned)node->size);
        return false;
    }
    for (size_t i = 0; i < node->size;) {
        unsigned char c = (unsigned char)node->text[i];
        size_t length = text_utf8_length(node->text + i, node->size - i);
        bool line = !name && (c == '\n' || c == '\t');
        bool control = c < 0x20 || c == 0x7f ||
                       (c == 0xc2 && length == 2 && (unsigned char)node->text[i + 1] < 0xa0);
        if (length == 0 || (control && !line)) {
            diagnose_error(r->diagnose, node->at, "%s contains a control character", read_trail(r));
            return false;
        }
        i += length;
    }
    *value = arena_copy(r->arena, node->text, node->size);
    return true;
}

static bool read_word(struct reader *r, const struct schema_row *row, const struct node *node,
                      unsigned *value)
{
    if (!read_is_scalar(r, node, schema_type_name(row->type)))
        return false;
    struct text known;
    size_t n = 0;
    for (; row->words[n] != NULL; n++)
        if (node_is(node, row->words[n])) {
            *value = (unsigned)n;
            return true;
        }
    if (read_later(r, node->at, row->path, node->text, node->size))
        return false;
    text_init(&known);
    for (size_t i = 0; i < n; i++)
        text_addf(&known, "%s%s", i == 0 ? "" : i + 1 == n ? " or " : ", ", row->words[i]);
    diagnose_error(r->diagnose, node->at, "%s must be %s, not %s", read_trail(r), known.data,
                   quote(node->text, node->size).text);
    (void)read_suggest(r, node->text, node->size, row->words, n);
    text_done(&known);
    return false;
}

static void store_whole(struct reader *r, const struct schema_row *row, const struct node *node,
                        void *to)
{
    uint64_t value;
    if (row->type == TYPE_LIMIT && node_is(node, "unlimited"))
        *(uint32_t *)to = SCENARIO_UNLIMITED;
    else if (!read_whole(r, row, node, &value))
        return;
    else if (row->type == TYPE_SEED)
        *(uint64_t *)to = value;
    else
        *(uint32_t *)to = (uint32_t)value;
}

void read_value(struct reader *r, const struct schema_row *row, const struct node *node, void *base)
{
    void *to = (char *)base + row->offset;
    struct quantity q;
    const struct call *call;
    unsigned word;
    switch (row->type) {
    case TYPE_TEXT:
    case TYPE_NAME:
        (void)read_text(r, row, node, to);
        break;
    case TYPE_COUNT:
    case TYPE_LIMIT:
    case TYPE_SEED:
        store_whole(r, row, node, to);
        break;
    case TYPE_TIME:
        if (read_measured(r, row, node, &q))
            *(lb_time *)to = q.time;
        break;
    case TYPE_NUMBER:
    case TYPE_SHARE:
        if (read_measured(r, row, node, &q))
            *(double *)to = q.value;
        break;
    case TYPE_WORD:
        if (read_word(r, row, node, &word))
            memcpy(to, &word, sizeof word); /* every enum of ours is an unsigned int */
        break;
    case TYPE_EITHER:
        if (read_word(r, row, node, &word))
            *(bool *)to = word != 0;
        break;
    case TYPE_DISTRIBUTION:
        call = read_call(r, node, schema_type_name(row->type));
        if (call != NULL)
            (void)read_distribution(r, node, call, to);
        break;
    case TYPE_CUSTOM:
        row->read(r, row, node, to);
        break;
    default:
        lb_assert(false);
    }
}
