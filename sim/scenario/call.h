/*
 * The small language inside a value: "poisson(rate=112/s)", "mix(95% exponential(mean=25ms),
 * 5% constant(400ms))", "random".
 *
 *   call = name [ "(" arg { "," arg } ")" ]
 *   arg  = [ name "=" ] ( quantity | word | call | "string" ) | share call
 *
 * Every part knows its bytes, so that a message can point at it and --set can replace it.
 */
#ifndef SCENARIO_CALL_H
#define SCENARIO_CALL_H

#include "sim/scenario/arena.h"
#include "sim/scenario/quantity.h"

#define CALL_DEPTH_MAX 8U
#define CALL_ARGS_MAX  64U

enum call_kind {
    CALL_NAME,     /* a word, with or without arguments */
    CALL_QUANTITY, /* a number with a unit */
    CALL_STRING    /* "..." */
};

struct call {
    enum call_kind kind;
    const char *text; /* the name or the string, NUL-terminated */
    struct quantity quantity;
    bool parentheses; /* a name with ( ) */
    bool shared;      /* "95% name(...)": share is set */
    double share;
    const char *key;   /* "mean" in mean=20ms; NULL = positional */
    size_t key_at;     /* where the argument starts: its key, its share or itself */
    size_t start, end; /* bytes of the value itself */
    struct call *args; /* the first argument */
    struct call *next; /* in the list of arguments */
    uint32_t arg_count;
};

/* What is wrong, and where; help may be NULL. */
struct call_error {
    size_t offset, length;
    char message[200];
    const char *help;
};

/* Parses all of text. NULL with *error filled when it does not follow the grammar. */
struct call *call_parse(struct arena *arena, const char *text, size_t size,
                        struct call_error *error);
/* The argument of this key, or NULL. */
const struct call *call_arg(const struct call *call, const char *key);

#endif
