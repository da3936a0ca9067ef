/*
 * Paths: "clients.browsers.arrivals.rate", "backends.0.weight", "clients.\"my app\".timeout".
 *
 *   path = key { "." ( key | entry-name | index | call-argument ) }
 *
 * The same in --set, in a variant's `set` and, one day, in sweeps. Entry names win over indices; a
 * name with a dot or a space stands in double quotes.
 */
#ifndef SCENARIO_PATH_H
#define SCENARIO_PATH_H

#include "sim/scenario/tree.h"

#define PATH_PARTS_MAX 32U

struct path_part {
    const char *text; /* not NUL-terminated */
    size_t size;
    size_t at; /* where it stands in the path */
};

struct path {
    struct path_part parts[PATH_PARTS_MAX];
    uint32_t count;
};

/* Cuts text[0 .. size) into parts. 0, or -1 with *offset of what is wrong and a *problem. */
int path_parse(const char *text, size_t size, struct path *path, size_t *offset,
               const char **problem);

/*
 * Carries "path = value" out on the tree. `where` is the scalar in which the path stands (for
 * messages); value becomes part of the tree. Optional keys that are not there are made, whether
 * the schema knows them or not: reading the tree by the schema tells. False after an error.
 */
bool path_set(struct tree *tree, struct diagnose *diagnose, const struct node *where,
              const struct path *path, struct node *value);

/* Is the path exactly these keys? */
bool path_is(const struct path *path, const char *first, const char *second);

#endif
