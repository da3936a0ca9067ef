/*
 * The schema: one row for each key of the language, and nothing about a key anywhere else.
 *
 * A row drives reading, checking, --set, explain, the JSON schema and the table in
 * scenarios/README.md. Its path names the key ("clients[].retries.max"; [] = each entry of the
 * list), its type and range say what is accepted, `fallback` is the default as one would write it
 * and is read by the same code, and `offset` says where the value goes. A key that the language
 * knows but this version does not obey has a row in schema_later.c instead.
 */
#ifndef SCENARIO_SCHEMA_H
#define SCENARIO_SCHEMA_H

#include "sim/scenario/read.h"

enum schema_type {
    TYPE_MAP,
    TYPE_LIST,  /* of mappings */
    TYPE_TEXT,  /* const char * */
    TYPE_NAME,  /* const char *: a line of at most 128 bytes without control characters */
    TYPE_COUNT, /* uint32_t */
    TYPE_LIMIT, /* uint32_t, or the word "unlimited": SCENARIO_UNLIMITED */
    TYPE_SEED,  /* uint64_t */
    TYPE_NUMBER,
    TYPE_SHARE,  /* double, a fraction */
    TYPE_TIME,   /* lb_time */
    TYPE_WORD,   /* an enum: the index in words */
    TYPE_EITHER, /* bool: false for words[0], true for words[1] */
    TYPE_DISTRIBUTION,
    TYPE_CUSTOM, /* read does everything */
    SCHEMA_TYPES
};

typedef void schema_read(struct reader *r, const struct schema_row *row, const struct node *node,
                         void *base);
/* After all keys of a mapping, or of an entry of a list, have been read. */
typedef void schema_check(struct reader *r, const struct node *node, void *base);
/* Makes room for `count` entries, zeroed; returns the first. */
typedef void *schema_open(struct reader *r, void *base, uint32_t count);

struct schema_row {
    const char *path;
    enum schema_type type;
    bool required;
    const char *fallback;  /* the default as written; NULL = required or see otherwise */
    const char *otherwise; /* a default that is worked out, in words; NULL = none */
    double min, max;       /* of numbers, ns, fractions; of a list, its entries */
    const char *const *words;
    const char *like; /* of a list: its entries have the keys inside this one, not inside path[] */
    size_t offset;    /* of the value in base; of a mapping, where its own base begins */
    size_t given;     /* of a bool that becomes true when the key is written; 0 = none */
    schema_read *read;
    schema_check *check;
    schema_open *open;
    size_t size;       /* of an entry of a list */
    const char *shape; /* what a custom value looks like */
    const char *help;
    const char *remedy; /* for a value out of range; NULL = none */
};

/* offsetof that fails to compile when the field has another type. */
#define AT(type, base, field)                                                                      \
    (_Generic(((struct base *)0)->field, type : offsetof(struct base, field)))

/* All rows, in order of the documentation; NULL beyond the last. */
const struct schema_row *schema_at(uint32_t i);
/* The same from the first on, a row a step: begin with an empty walk; i is the row's place. NULL beyond
 * the last. Mappings are read by it: a big file has thousands of them. */
struct schema_walk {
    uint32_t i, table;
    const struct schema_row *next;
};
const struct schema_row *schema_step(struct schema_walk *walk);
#define SCHEMA_ROWS_MAX 512U

/* Is this row a key right inside parent? */
bool schema_inside(const struct schema_row *row, const char *parent);
/* The last word of the row's path. */
const char *schema_key(const struct schema_row *row);
/* "a whole number", "a duration": what a value of this type is called. */
const char *schema_type_name(enum schema_type type);
/* "1 to 10000", in the row's unit; "" when there is no range to speak of. Returns buf. */
const char *schema_range(const struct schema_row *row, char *buf, size_t size);

/* The tables of schema_*.c. */
extern const struct schema_row schema_head[], schema_clients[], schema_traffic[],
    schema_connections[], schema_network[], schema_balancer[], schema_health[], schema_backends[],
    schema_run[], schema_sticky[], schema_state[], schema_tier[], schema_change[],
    schema_overload[], schema_circuit[], schema_spoof[], schema_hedge[], schema_hedge_balancer[];

/* What the language knows and this version does not obey, and old spellings. key is a word; where
 * is the path of its mapping, or the path of the key of which it is a value. */
struct later_row {
    const char *where, *key;
    const char *help; /* NULL: not yet; else an old or foreign spelling, and what to write */
};
const struct later_row *schema_later(const char *where, const char *key, size_t size);
const struct later_row *schema_later_at(uint32_t i); /* NULL beyond the last */

#endif
