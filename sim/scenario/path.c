/*
 * See path.h. A path leads through mappings by key, through lists by the name of an entry or its
 * index, and into a scalar by the arguments of its call, whose text is then spliced.
 */
#include "sim/scenario/path.h"

#include <stdlib.h>
#include <string.h>

#include "sim/scenario/schema.h"

int path_parse(const char *text, size_t size, struct path *path, size_t *offset,
               const char **problem)
{
    size_t at = 0;
    path->count = 0;
    for (;;) {
        *offset = at;
        if (path->count == PATH_PARTS_MAX) {
            *problem = "more than 32 parts in this path";
            return -1;
        }
        struct path_part *part = &path->parts[path->count++];
        if (at < size && text[at] == '"') {
            size_t end = ++at;
            while (end < size && text[end] != '"')
                end++;
            if (end == size) {
                *problem = "the closing \" is missing";
                return -1;
            }
            *part = (struct path_part){text + at, end - at, at};
            at = end + 1;
        } else {
            size_t end = at;
            while (end < size && text[end] != '.')
                end++;
            *part = (struct path_part){text + at, end - at, at};
            at = end;
        }
        if (part->size == 0) {
            *problem = "a part of this path is empty";
            return -1;
        }
        if (at == size)
            return 0;
        if (text[at] != '.') {
            *offset = at;
            *problem = "a dot is expected here";
            return -1;
        }
        at++;
    }
}

bool path_is(const struct path *path, const char *first, const char *second)
{
    return path->count == 2 && path->parts[0].size == strlen(first) &&
           memcmp(path->parts[0].text, first, path->parts[0].size) == 0 &&
           path->parts[1].size == strlen(second) &&
           memcmp(path->parts[1].text, second, path->parts[1].size) == 0;
}

struct walk {
    struct tree *tree;
    struct diagnose *diagnose;
    const struct node *where;
    const struct path *path;
    uint32_t i;       /* the part that comes next */
    char schema[160]; /* path of the node in the schema, for what is not there yet */
};

static struct place part_place(const struct walk *w)
{
    const struct path_part *part = &w->path->parts[w->i];
    return node_place(w->where, w->diagnose->sources, part->at, part->size);
}

static struct quoted part_quoted(const struct walk *w)
{
    return quote(w->path->parts[w->i].text, w->path->parts[w->i].size);
}

/* The path so far, for a message. */
static struct quoted path_quoted(const struct walk *w)
{
    if (w->i == 0)
        return quote("the scenario", 12);
    const struct path_part *last = &w->path->parts[w->i - 1];
    return quote(w->where->text, last->at + last->size);
}

static void enter_schema(struct walk *w, const char *key, size_t size)
{
    size_t used = strlen(w->schema);
    (void)snprintf(w->schema + used, sizeof w->schema - used, "%s%.*s", used > 0 ? "." : "",
                   (int)size, key);
}

static const struct schema_row *row_here(const struct walk *w)
{
    const struct schema_row *row;
    for (uint32_t i = 0; (row = schema_at(i)) != NULL; i++)
        if (strcmp(row->path, w->schema) == 0)
            return row;
    return NULL;
}

/* --- lists -------------------------------------------------------------------------------------- */

static struct node *name_of(const struct node *entry)
{
    const struct node *key = entry->kind == NODE_MAP ? node_find(entry, "name", 4) : NULL;
    return key != NULL && key->value->kind == NODE_SCALAR ? key->value : NULL;
}

static struct node *entry_of(struct walk *w, const struct node *list)
{
    const struct path_part *part = &w->path->parts[w->i];
    for (struct node *entry = list->first; entry != NULL; entry = entry->next) {
        const struct node *name = name_of(entry);
        if (name != NULL && name->size == part->size &&
            memcmp(name->text, part->text, part->size) == 0)
            return entry;
    }
    uint64_t index;
    if (quantity_read_u64(part->text, part->size, &index) == 0 && index < list->count)
        return node_at(list, (size_t)index);
    diagnose_error(w->diagnose, part_place(w), "%s has no entry %s", path_quoted(w).text,
                   part_quoted(w).text);
    if (w->diagnose->muted)
        return NULL;
    const char *names[64];
    struct text known;
    size_t n = 0;
    text_init(&known);
    for (struct node *entry = list->first; entry != NULL && n < 64; entry = entry->next) {
        const struct node *name = name_of(entry);
        if (name == NULL)
            continue;
        names[n++] = name->text;
        if (n <= 12)
            text_addf(&known, " %s", quote(name->text, name->size).text);
    }
    char *word = text_copy_n(part->text, part->size < 100 ? part->size : 100);
    const char *near = text_nearest(word, names, n);
    if (near != NULL)
        diagnose_help(w->diagnose, "did you mean '%s'?", near);
    else if (n > 0)
        diagnose_help(w->diagnose, "its entries are called%s%s", known.data, n > 12 ? " ..." : "");
    else
        diagnose_help(w->diagnose, "it has %u entries, from 0", (unsigned)list->count);
    free(word);
    text_done(&known);
    return NULL;
}

/* --- mappings ----------------------------------------------------------------------------------- */

/* A key that is not there: made, unless a list would have to be made for it. */
static struct node *make_key(struct walk *w, struct node *map)
{
    const struct path_part *part = &w->path->parts[w->i];
    const struct schema_row *row = row_here(w);
    bool last = w->i + 1 == w->path->count;
    if (!last && row != NULL &&
        (row->type == TYPE_LIST || strcmp(row->path, "timeline") == 0 ||
         strcmp(row->path, "expect") == 0)) {
        diagnose_error(w->diagnose, part_place(w), "%s is not written: it has no entries",
                       part_quoted(w).text);
        return NULL;
    }
    if (w->tree->nodes + 2 > TREE_NODES_MAX || map->count >= TREE_KEYS_MAX) {
        diagnose_error(w->diagnose, part_place(w), "too many keys in the scenario");
        return NULL;
    }
    struct node *key = tree_scalar(w->tree, part->text, part->size, part_place(w));
    node_add_key(map, key, tree_map(w->tree, part_place(w)));
    return key->value;
}

static struct node *key_of(struct walk *w, struct node *map)
{
    const struct path_part *part = &w->path->parts[w->i];
    enter_schema(w, part->text, part->size);
    struct node *key = node_find(map, part->text, part->size);
    if (key == NULL)
        return make_key(w, map);
    if (w->i + 1 < w->path->count && node_is_null(key->value))
        node_replace(key->value, tree_map(w->tree, key->at));
    return key->value;
}

/* --- calls -------------------------------------------------------------------------------------- */

/* Two ways to say the same: setting one takes the place of the other. */
static const struct call *instead_of(const struct call *call, const char *key)
{
    static const char *const pairs[][2] = {{"rate", "load"}, {"cv", "shape"}, {"mean", "min"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        for (int side = 0; side < 2; side++) {
            /* only pareto takes mean or min, and bounded-pareto has a min of its own */
            bool pareto = strcmp(call->text, "pareto") == 0;
            if ((i < 2 || pareto) && strcmp(key, pairs[i][side]) == 0)
                return call_arg(call, pairs[i][1 - side]);
        }
    return NULL;
}

static void splice(struct text *out, const struct node *node, size_t from, size_t to,
                   const char *text)
{
    text_add(out, node->text, from);
    text_add(out, text, strlen(text));
    text_add(out, node->text + to, node->size - to);
}

/* Puts `key=value` in place of, or behind, what the call has. */
static void splice_arg(struct text *out, const struct node *node, const struct call *call,
                       const char *key, const struct node *value)
{
    const struct call *old = call_arg(call, key);
    uint64_t index;
    struct text new;
    text_init(&new);
    if (old == NULL && quantity_read_u64(key, strlen(key), &index) == 0) {
        for (old = call->args; old != NULL && index > 0; index--)
            old = old->next;
        if (old != NULL) { /* by index: the value alone */
            text_add(&new, value->text, value->size);
            splice(out, node, old->start, old->end, new.data);
            text_done(&new);
            return;
        }
    }
    if (old == NULL)
        old = instead_of(call, key);
    text_addf(&new, "%s=", key);
    text_add(&new, value->text, value->size);
    if (old != NULL) {
        splice(out, node, old->key_at, old->end, new.data);
    } else if (call->parentheses) {
        struct text more;
        text_init(&more);
        text_addf(&more, "%s%s", call->args != NULL ? ", " : "", new.data);
        splice(out, node, call->end - 1, call->end - 1, more.data);
        text_done(&more);
    } else {
        struct text more;
        text_init(&more);
        text_addf(&more, "(%s)", new.data);
        splice(out, node, call->end, call->end, more.data);
        text_done(&more);
    }
    text_done(&new);
}

/* The rest of the path leads into the call that the scalar holds. */
static bool set_arg(struct walk *w, struct node *node, const struct node *value)
{
    struct call_error error;
    const struct call *call = call_parse(w->tree->arena, node->text, node->size, &error);
    char key[64];
    for (;; w->i++) {
        const struct path_part *part = &w->path->parts[w->i];
        bool fits = call != NULL && call->kind == CALL_NAME && part->size < sizeof key &&
                    value->kind == NODE_SCALAR;
        if (!fits) {
            diagnose_error(w->diagnose, part_place(w), "%s is a single value, it has no %s",
                           path_quoted(w).text, part_quoted(w).text);
            return false;
        }
        (void)snprintf(key, sizeof key, "%.*s", (int)part->size, part->text);
        if (w->i + 1 == w->path->count)
            break;
        const struct call *arg = call_arg(call, key);
        uint64_t index;
        if (arg == NULL && quantity_read_u64(key, strlen(key), &index) == 0)
            for (arg = call->args; arg != NULL && index > 0; index--)
                arg = arg->next;
        if (arg == NULL) {
            diagnose_error(w->diagnose, part_place(w), "%s has no argument %s", path_quoted(w).text,
                           part_quoted(w).text);
            return false;
        }
        call = arg;
    }
    struct text out;
    text_init(&out);
    splice_arg(&out, node, call, key, value);
    bool fits = out.size <= TREE_SCALAR_MAX;
    if (fits)
        node_replace(node, tree_scalar(w->tree, out.data, out.size, value->at));
    else
        diagnose_error(w->diagnose, value->at, "longer than 4,096 bytes, the limit of a value");
    text_done(&out);
    return fits;
}

bool path_set(struct tree *tree, struct diagnose *diagnose, const struct node *where,
              const struct path *path, struct node *value)
{
    struct walk w = {.tree = tree, .diagnose = diagnose, .where = where, .path = path};
    struct node *node = tree->root;
    for (; w.i < path->count; w.i++) {
        if (node->kind == NODE_SCALAR)
            return set_arg(&w, node, value);
        if (node->kind == NODE_MAP) {
            node = key_of(&w, node);
        } else {
            const struct schema_row *list = row_here(&w);
            node = entry_of(&w, node);
            size_t used = strlen(w.schema);
            if (list != NULL && list->like != NULL)
                (void)snprintf(w.schema, sizeof w.schema, "%s", list->like);
            else
                (void)snprintf(w.schema + used, sizeof w.schema - used, "[]");
        }
        if (node == NULL)
            return false;
    }
    node_replace(node, value);
    return true;
}
