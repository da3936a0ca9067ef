/*
 * Words of a configuration or a command, numbers and times among them, and lists in JSON.
 */
#ifndef REPLAY_WORDS_H
#define REPLAY_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "algorithms/types.h"

#define WORDS_MAX 64U

/* Cuts text in place at blanks; false when there are more than WORDS_MAX words. */
bool words_split(char *text, char **word, uint32_t *count);

/* A whole number in [min, max], and nothing after it. */
bool words_number(const char *text, uint64_t min, uint64_t max, uint64_t *value);
/* A number of any kind, finite, and nothing after it. */
bool words_real(const char *text, double *value);
/* A time: digits and a unit (us, ms, s, m, h, d); without a unit in units of `plain` ns. At most
 * ten years. */
bool words_time(const char *text, lb_time plain, lb_time *value);
/* What stands behind "NAME=", or NULL when the word is not that. */
const char *words_after(const char *word, const char *name);

/* A line break is written as the two characters \n: each becomes a real one. */
void words_unfold(char *text);

/*
 * A flat list or object in JSON: ["a", 2.5] or {"choices": 3}. The values are the texts of its
 * scalars, without quotes; keys are NULL in a list.
 */
struct words_list {
    char *buffer;
    struct words_item {
        const char *key, *value;
    } * items;
    uint32_t count;
};

/* 0, or -1 with what was expected in *wrong. words_list_done in both cases. */
int words_list(struct words_list *list, const char *json, uint32_t items_max, const char **wrong);
void words_list_done(struct words_list *list);

#endif
