/* Nodes: see tree.h. Reading them from YAML is yaml.c. */
#include "sim/scenario/tree.h"

#include <string.h>

static uint32_t hash_bytes(const char *bytes, size_t size)
{
    uint32_t hash = 2166136261U; /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 16777619U;
    return hash;
}

bool node_is_null(const struct node *node)
{
    return node->kind == NODE_SCALAR && node->plain && node->size == 0;
}

bool node_is(const struct node *node, const char *text)
{
    return node->kind == NODE_SCALAR && node->size == strlen(text) &&
           memcmp(node->text, text, node->size) == 0;
}

struct node *node_find(const struct node *map, const char *name, size_t size)
{
    uint32_t hash = hash_bytes(name, size);
    for (struct node *key = map->first; key != NULL; key = key->next)
        if (key->hash == hash && key->size == size && memcmp(key->text, name, size) == 0)
            return key;
    return NULL;
}

struct node *node_at(const struct node *list, size_t i)
{
    struct node *value = list->first;
    while (value != NULL && i-- > 0)
        value = value->next;
    return value;
}

struct place node_place(const struct node *node, const struct source *sources, size_t offset,
                        size_t length)
{
    struct place at = node->at;
    const struct source *source = &sources[at.source];
    size_t before = node->lead + (node->plain ? 0U : 1U), behind = node->plain ? 0 : 1;
    bool literal = node->kind == NODE_SCALAR && at.length == before + node->size + behind &&
                   at.offset + at.length <= source->size &&
                   memcmp(source->text + at.offset + before, node->text, node->size) == 0;
    if (!literal || (offset == 0 && length == node->size))
        return at;
    at.offset += (uint32_t)(before + offset);
    at.length = (uint32_t)length;
    return at;
}

struct node *tree_scalar(struct tree *tree, const char *text, size_t size, struct place at)
{
    struct node *node = arena_need(tree->arena, 1, sizeof *node);
    tree->nodes++;
    *node = (struct node){.kind = NODE_SCALAR,
                          .plain = true,
                          .at = at,
                          .text = arena_copy(tree->arena, text, size),
                          .size = (uint32_t)size,
                          .hash = hash_bytes(text, size)};
    return node;
}

struct node *tree_map(struct tree *tree, struct place at)
{
    struct node *node = arena_need(tree->arena, 1, sizeof *node);
    tree->nodes++;
    *node = (struct node){.kind = NODE_MAP, .at = at};
    return node;
}

void node_add_value(struct node *list, struct node *value)
{
    if (list->last == NULL)
        list->first = value;
    else
        list->last->next = value;
    list->last = value;
    list->count++;
}

void node_add_key(struct node *map, struct node *key, struct node *value)
{
    key->value = value;
    node_add_value(map, key);
}

void node_remove(struct node *map, const char *name)
{
    struct node *gone = node_find(map, name, strlen(name)), *before = NULL;
    if (gone == NULL)
        return;
    if (map->first == gone) {
        map->first = gone->next;
    } else {
        for (before = map->first; before->next != gone;)
            before = before->next;
        before->next = gone->next;
    }
    if (map->last == gone)
        map->last = before;
    map->count--;
}

void node_replace(struct node *node, const struct node *value)
{
    struct node *next = node->next;
    *node = *value;
    node->next = next;
}

/* This and tree_copy recurse: no tree is deeper than TREE_DEPTH_MAX, aliases included. */
uint32_t node_height(const struct node *node)
{
    uint32_t tallest = 0;
    for (const struct node *child = node->first; child != NULL; child = child->next) {
        uint32_t height = node_height(child->value != NULL ? child->value : child);
        tallest = height > tallest ? height : tallest;
    }
    return node->kind == NODE_SCALAR ? 0 : tallest + 1;
}

struct node *tree_copy(struct tree *tree, const struct node *node)
{
    if (tree->nodes >= TREE_NODES_MAX)
        return NULL;
    struct node *copy = arena_need(tree->arena, 1, sizeof *copy);
    tree->nodes++;
    *copy = *node;
    copy->first = copy->last = copy->next = copy->value = NULL;
    copy->count = 0;
    for (const struct node *child = node->first; child != NULL; child = child->next) {
        struct node *made = tree_copy(tree, child);
        struct node *value = NULL;
        if (made != NULL && child->value != NULL)
            value = tree_copy(tree, child->value);
        if (made == NULL || (child->value != NULL && value == NULL))
            return NULL;
        made->value = value;
        node_add_value(copy, made);
    }
    return copy;
}
