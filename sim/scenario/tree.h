/*
 * A YAML document as a tree in which every key and value knows its place.
 *
 * The idea: libyaml's events are turned into nodes one at a time and the limits are enforced while
 * reading, so a hostile file is turned down before it has cost anything. Scalars stay text: what
 * they mean is the schema's business, not YAML's. An alias becomes a copy of what it names, paid
 * from the same budget of nodes. Duplicate keys, merge keys and tags are refused.
 *
 * Cost: linear in the file; about 120 bytes a node.
 */
#ifndef SCENARIO_TREE_H
#define SCENARIO_TREE_H

#include "sim/scenario/arena.h"
#include "sim/scenario/diagnose.h"

#define TREE_DEPTH_MAX   32U
#define TREE_NODES_MAX   100000U
#define TREE_KEYS_MAX    1000U
#define TREE_ANCHORS_MAX 64U
#define TREE_SCALAR_MAX  4096U

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

/* A value; or, in a mapping, a key (a scalar with a value). */
struct node {
    enum node_kind kind;
    bool plain;       /* a scalar without quotes */
    bool flow;        /* a list or mapping in [ ] or { } */
    struct place at;  /* of the scalar as written, or of the first byte of a list or mapping */
    uint32_t lead;    /* bytes of `at` that are an anchor before the value */
    const char *text; /* scalar: NUL-terminated, but may contain NUL: see size */
    uint32_t size, hash;
    uint32_t count;            /* list: values; mapping: keys */
    struct node *first, *last; /* list: values; mapping: keys */
    struct node *next;         /* in that list or mapping */
    struct node *value;        /* of a key */
};

struct tree {
    struct arena *arena; /* where nodes come from */
    struct node *root;   /* NULL = nothing in the file */
    uint32_t nodes;      /* made so far */
};

/*
 * Reads bytes [from, end) of a source, already found clean, into tree->root; nodes add up over
 * several calls. 0, or -1 when the text is not YAML, or past a limit: one error has been told.
 * Duplicate keys are told too, but reading goes on (diagnose->errors grows).
 */
int tree_read(struct tree *tree, struct diagnose *diagnose, uint32_t source, size_t from,
              size_t end);

/* An empty scalar without quotes: YAML's null, "nothing is written here". */
bool node_is_null(const struct node *node);
bool node_is(const struct node *node, const char *text);
/* The key of this name in a mapping, or NULL; its value is key->value. */
struct node *node_find(const struct node *map, const char *name, size_t size);
/* The i-th value of a list; NULL beyond the end. */
struct node *node_at(const struct node *list, size_t i);
/* A place inside a scalar: exact when the scalar stands in the source as it is, else all of it. */
struct place node_place(const struct node *node, const struct source *sources, size_t offset,
                        size_t length);

struct node *tree_scalar(struct tree *tree, const char *text, size_t size, struct place at);
struct node *tree_map(struct tree *tree, struct place at);
/* Levels of lists and mappings: 0 for a scalar. */
uint32_t node_height(const struct node *node);
/* A deep copy; the texts are shared. NULL when the node budget does not cover it. */
struct node *tree_copy(struct tree *tree, const struct node *node);
/* Adds at the end. */
void node_add_key(struct node *map, struct node *key, struct node *value);
void node_add_value(struct node *list, struct node *value);
/* Takes a key out of a mapping; nothing happens when it is not there. */
void node_remove(struct node *map, const char *name);
/* Makes `node` what `value` is, keeping its place in the list it is in. */
void node_replace(struct node *node, const struct node *value);

#endif
