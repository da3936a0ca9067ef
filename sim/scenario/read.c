/*
 * Walking the tree by the schema: keys known, missing, misspelt; the values themselves are read by
 * read_value.c. Errors come in the order of the file; a mapping's missing keys behind its others.
 */
#include "sim/scenario/read.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/scenario/schema.h"

size_t read_enter(struct reader *r, const char *format, ...)
{
    size_t mark = r->trail.size;
    va_list list;
    va_start(list, format);
    text_addv(&r->trail, format, list);
    va_end(list);
    return mark;
}

void read_leave(struct reader *r, size_t mark)
{
    r->trail.size = mark;
    if (r->trail.data != NULL)
        r->trail.data[mark] = '\0';
}

const char *read_trail(const struct reader *r)
{
    return r->trail.size == 0 ? "the scenario" : r->trail.data;
}

bool read_damaged(const struct reader *r, const char *key)
{
    for (uint32_t i = 0; i < r->damaged_count; i++)
        if (strcmp(r->damaged[i], key) == 0)
            return true;
    return false;
}

static void damage(struct reader *r, const char *key)
{
    if (r->damaged_count < sizeof r->damaged / sizeof r->damaged[0])
        r->damaged[r->damaged_count++] = key;
}

static int count_parentheses(const struct node *node)
{
    int open = 0;
    for (uint32_t i = 0; i < node->size; i++)
        open += node->text[i] == '(' ? 1 : node->text[i] == ')' ? -1 : 0;
    return open;
}

/*
 * {work: lognormal(mean=20ms, cv=1.2)}: inside { } the comma ends the value, and 'cv=1.2)' is a key
 * without a value. One message for the pair. Returns the last key that belongs to it, or NULL.
 */
static const struct node *comma_slip(struct reader *r, const struct node *map,
                                     const struct node *key)
{
    const struct node *value = key->value, *last = NULL;
    if (!map->flow || value == NULL || value->kind != NODE_SCALAR || !value->plain)
        return NULL;
    int open = count_parentheses(value);
    if (open <= 0)
        return NULL;
    struct text whole;
    text_init(&whole);
    text_add(&whole, value->text, value->size);
    for (const struct node *k = key->next; k != NULL && open > 0; k = k->next) {
        if (!k->plain || k->value == NULL || !node_is_null(k->value))
            break;
        open += count_parentheses(k);
        text_addf(&whole, ", %s", k->text);
        last = k;
    }
    if (last != NULL) {
        diagnose_error(r->diagnose, key->next->at, "unknown key %s in %s",
                       quote(key->next->text, key->next->size).text, read_trail(r));
        diagnose_help(r->diagnose,
                      "inside { } a comma ends the value: put quotes around it, as in %s: \"%s\"",
                      key->text, whole.data);
    }
    text_done(&whole);
    return last;
}

static bool tell_later(struct reader *r, struct place at, const char *noun, const char *where,
                       const char *key, size_t size)
{
    const struct later_row *later = schema_later(where, key, size);
    if (later == NULL)
        return false;
    if (later->help == NULL) {
        diagnose_error(r->diagnose, at, "%s%sthis version cannot do %s yet",
                       r->trail.size == 0 ? "" : r->trail.data, r->trail.size == 0 ? "" : ": ",
                       quote(key, size).text);
    } else {
        diagnose_error(r->diagnose, at, "unknown %s %s in %s", noun, quote(key, size).text,
                       read_trail(r));
        diagnose_help(r->diagnose, "%s", later->help);
    }
    return true;
}

bool read_later(struct reader *r, struct place at, const char *where, const char *key, size_t size)
{
    return tell_later(r, at, "word", where, key, size);
}

bool read_later_key(struct reader *r, const char *where, const struct node *key)
{
    return tell_later(r, key->at, "key", where, key->text, key->size);
}

bool read_suggest(struct reader *r, const char *word, size_t size, const char *const *words,
                  size_t n)
{
    if (r->diagnose->muted)
        return false;
    char *copy = text_copy_n(word, size < 100 ? size : 100);
    const char *near = text_nearest(copy, words, n);
    free(copy);
    if (near != NULL)
        diagnose_help(r->diagnose, "did you mean '%s'?", near);
    return near != NULL;
}

static void tell_unknown(struct reader *r, const char *parent, const struct node *key)
{
    if (read_later_key(r, parent, key))
        return;
    diagnose_error(r->diagnose, key->at, "unknown key %s in %s", quote(key->text, key->size).text,
                   read_trail(r));
    const char *words[SCHEMA_ROWS_MAX];
    struct text known;
    text_init(&known);
    const struct schema_row *row;
    const struct later_row *later;
    uint32_t n = 0;
    for (uint32_t i = 0; (row = schema_at(i)) != NULL; i++) {
        if (!schema_inside(row, parent))
            continue;
        text_addf(&known, " %s", schema_key(row));
        words[n++] = schema_key(row);
    }
    for (uint32_t i = 0; (later = schema_later_at(i)) != NULL; i++)
        if (strcmp(later->where, parent) == 0 && later->help == NULL)
            words[n++] = later->key;
    lb_assert(n <= SCHEMA_ROWS_MAX);
    if (!read_suggest(r, key->text, key->size, words, n))
        diagnose_help(r->diagnose, "known keys:%s", known.data);
    text_done(&known);
}

static void read_map(struct reader *r, const char *parent, const struct node *node, void *base);

/* Reads a default as if it stood in the file; one that does not fit its own row is a bug. */
static void read_default(struct reader *r, const struct schema_row *row, void *base)
{
    struct node node = {.kind = NODE_SCALAR,
                        .plain = true,
                        .at = {0, 0, 1},
                        .text = row->fallback,
                        .size = (uint32_t)strlen(row->fallback)};
    uint32_t errors = r->diagnose->errors;
    if (row->type == TYPE_TEXT)
        node.plain = false;
    read_value(r, row, &node, base);
    lb_assert(r->diagnose->errors == errors);
}

/* The keys that are not written: defaults, and what is missing. node NULL: the whole mapping is
 * not written, so nothing in it is missed. */
static void read_absent(struct reader *r, const char *parent, const struct node *node,
                        const bool *seen, void *base)
{
    const struct schema_row *row;
    struct schema_walk walk = {0};
    while ((row = schema_step(&walk)) != NULL) {
        if (seen[walk.i] || !schema_inside(row, parent))
            continue;
        if (row->type == TYPE_MAP && !row->required) {
            read_map(r, row->path, NULL, (char *)base + row->offset);
        } else if (row->fallback != NULL && !(row->required && node != NULL)) {
            read_default(r, row, base);
        } else if (row->required && node != NULL) {
            diagnose_error(r->diagnose, node->at, "%s is missing the key '%s'", read_trail(r),
                           schema_key(row));
            if (parent[0] == '\0')
                damage(r, row->path);
        }
    }
}

static void read_list(struct reader *r, const struct schema_row *row, const struct node *list,
                      void *base)
{
    if (list->count < row->min || list->count > row->max) {
        if (list->count == 0)
            diagnose_error(r->diagnose, list->at, "%s is empty", read_trail(r));
        else
            diagnose_error(r->diagnose, list->at, "%s has %u entries, more than %.0f",
                           read_trail(r), (unsigned)list->count, row->max);
        return;
    }
    char *entry = row->open(r, base, list->count);
    char path[128];
    (void)snprintf(path, sizeof path, "%s%s", row->like == NULL ? row->path : row->like,
                   row->like == NULL ? "[]" : "");
    unsigned i = 0;
    for (const struct node *value = list->first; value != NULL; value = value->next) {
        size_t mark = read_enter(r, "[%u]", i++);
        if (value->kind != NODE_MAP) {
            diagnose_error(r->diagnose, value->at, "%s must be %s, not %s", read_trail(r),
                           schema_type_name(TYPE_MAP),
                           value->kind == NODE_LIST ? "a list" : "a single value");
        } else {
            read_map(r, path, value, entry);
            if (row->check != NULL)
                row->check(r, value, entry);
        }
        read_leave(r, mark);
        entry += row->size;
    }
}

/* Is the node what the row asks for: a mapping, a list? Tells when it is not. */
static bool fits(struct reader *r, const struct schema_row *row, const struct node *node)
{
    enum node_kind kind = row->type == TYPE_MAP ? NODE_MAP : NODE_LIST;
    if (node->kind == kind)
        return true;
    if (node_is_null(node)) {
        diagnose_error(r->diagnose, node->at, "%s has no value", read_trail(r));
        diagnose_help(r->diagnose, "delete the key, or write %s below it",
                      schema_type_name(row->type));
        return false;
    }
    static const char *const nouns[] = {"a single value", "a list", "a mapping"};
    diagnose_error(r->diagnose, node->at, "%s must be %s, not %s", read_trail(r),
                   schema_type_name(row->type), nouns[node->kind]);
    return false;
}

static void read_key(struct reader *r, const struct schema_row *row, const struct node *key,
                     void *base)
{
    size_t mark = read_enter(r, "%s%s", r->trail.size == 0 ? "" : ".", schema_key(row));
    if (row->given != 0)
        *(bool *)((char *)base + row->given) = true;
    if (row->type == TYPE_MAP) {
        if (fits(r, row, key->value)) {
            void *inside = (char *)base + row->offset;
            read_map(r, row->path, key->value, inside);
            if (row->check != NULL)
                row->check(r, key->value, inside);
        }
    } else if (row->type == TYPE_LIST) {
        if (fits(r, row, key->value))
            read_list(r, row, key->value, base);
    } else {
        read_value(r, row, key->value, base);
    }
    read_leave(r, mark);
}

static void read_map(struct reader *r, const char *parent, const struct node *node, void *base)
{
    bool seen[SCHEMA_ROWS_MAX] = {false};
    for (const struct node *key = node == NULL ? NULL : node->first; key != NULL; key = key->next) {
        const struct schema_row *row = NULL;
        struct schema_walk walk = {0};
        while ((row = schema_step(&walk)) != NULL)
            if (schema_inside(row, parent) && strlen(schema_key(row)) == key->size &&
                memcmp(schema_key(row), key->text, key->size) == 0) {
                seen[walk.i] = true;
                break;
            }
        const struct node *slip = comma_slip(r, node, key);
        uint32_t errors = r->diagnose->errors;
        if (slip != NULL)
            key = slip;
        else if (row == NULL)
            tell_unknown(r, parent, key);
        else
            read_key(r, row, key, base);
        if (parent[0] == '\0' && row != NULL && (slip != NULL || r->diagnose->errors > errors))
            damage(r, row->path);
    }
    read_absent(r, parent, node, seen, base);
}

void read_variants(struct reader *r, const struct schema_row *row, const struct node *node,
                   void *base)
{
    (void)base;
    if (node->kind != NODE_MAP) {
        diagnose_error(r->diagnose, node->at, "%s must be a mapping of names to changes",
                       read_trail(r));
        return;
    }
    if (node->count > row->max) {
        diagnose_error(r->diagnose, node->at, "more than %.0f variants", row->max);
        return;
    }
    struct scenario *s = r->scenario;
    s->variants = arena_need(r->arena, node->count + 1U, sizeof *s->variants);
    s->variants[0] = "base";
    s->variant_count = 1;
    for (const struct node *key = node->first; key != NULL; key = key->next) {
        struct schema_row name = {.path = row->path, .type = TYPE_NAME};
        struct node text = *key;
        size_t mark = read_enter(r, " name");
        text.plain = false;
        read_value(r, &name, &text, &s->variants[s->variant_count++]);
        read_leave(r, mark);
    }
}

void read_scenario(struct reader *r, const struct node *root)
{
    r->root = root;
    r->scenario->balancers = &r->scenario->balancer;
    r->scenario->balancer_count = 1;
    r->balancers = arena_need(r->scratch, 1, sizeof *r->balancers);
    r->scenario->variants = arena_need(r->arena, 1, sizeof *r->scenario->variants);
    r->scenario->variants[0] = "base";
    r->scenario->variant_count = 1;
    read_map(r, "", root, r->scenario);
}
