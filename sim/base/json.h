/*
 * A JSON writer: values in order, the commas are its business. Cost: one pass, no tree.
 * Strings are escaped and ill-formed UTF-8 becomes U+FFFD. A number that is not finite
 * does not apply: with a key it is left out, in a list it is null.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/text.h"

struct json {
    struct text text; /* what has been written; ends without a newline */
    unsigned depth;
    bool comma;
};

void json_init(struct json *json);
void json_done(struct json *json);
/* key NULL = an element of a list, or the outermost value. */
void json_object(struct json *json, const char *key);
void json_list(struct json *json, const char *key);
void json_end_object(struct json *json);
void json_end_list(struct json *json);
void json_string(struct json *json, const char *key, const char *value); /* value NULL = null */
void json_int(struct json *json, const char *key, int64_t value);
void json_uint(struct json *json, const char *key, uint64_t value);
/* The shortest decimal that reads back as the same double (at most 17 digits). */
void json_double(struct json *json, const char *key, double value);
/* A double for people: `digits` significant digits. */
void json_round(struct json *json, const char *key, double value, int digits);
void json_bool(struct json *json, const char *key, bool value);

#endif
