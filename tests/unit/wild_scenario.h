/*
 * Wild scenarios: random valid ones in which any key of the schema may stand, with random faults.
 *
 * The idea: a random scenario (random_scenario.h) is a frame that makes sense; onto it go values for
 * keys drawn from the schema's rows, each of its row's type and range, and actions for the timeline,
 * one at a time. What the loader refuses in this frame (two keys that contradict each other, a client
 * that is no user) is left out again; so every key that enters the schema is tried by itself, in the
 * company of all others. They stand in a variant `wild` of the frame, so that the text is one file.
 * Only custom keys need examples, in the table of wild_values.c.
 *
 * Cost: a load, a fifth of a millisecond, for each value tried.
 */
#ifndef TESTS_WILD_SCENARIO_H
#define TESTS_WILD_SCENARIO_H

#include "sim/base/text.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/schema.h"

#define WILD_VARIANT "wild"

/* Adds the scenario of this seed to *text; its variant `wild` is valid. */
void wild_scenario(struct text *text, uint64_t seed);

/* Can the row have a value in the frame of this seed? Adds the scenario to *text if so. */
bool wild_row(struct text *text, uint64_t seed, const struct schema_row *row);
/* Is it one that the generator leaves alone: the frame itself, and what is no key of a model? */
bool wild_leaves(const struct schema_row *row);
/* The same of an action. */
bool wild_action(struct text *text, uint64_t seed, enum action action);

/* The variant `wild` of a text, or of the frame in it; NULL when it is not valid. */
struct scenario *wild_load(const struct text *text);

/* --- wild_values.c ------------------------------------------------------------------------------ */

struct wild_maker {
    struct lb_random random;
    const struct scenario *frame; /* for names */
};

uint32_t wild_below(struct wild_maker *m, uint32_t n);
/* A value for the row in flow style, as fits its type and range; `with` is a row inside it that is to
 * have a value, too, or NULL. False when there is none: a custom key without an example. */
bool wild_value(struct wild_maker *m, struct text *to, const struct schema_row *row,
                const struct schema_row *with);

#endif
