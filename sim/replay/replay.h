/*
 * Recorded decisions of real balancers, decided again.
 *
 * The idea: a recording says what a balancer was asked and what it decided. Its configuration is read
 * in the product's own words, a balancer of ours is put in its place without clients or backends, and
 * each decision is compared. What the balancer decided wrong in our eyes does not correct ours: our
 * state goes on from our own decisions.
 */
#ifndef REPLAY_REPLAY_H
#define REPLAY_REPLAY_H

#include "algorithms/types.h"
#include "sim/base/text.h"

/* What came of one file. */
struct replay_result {
    uint64_t total, equal;
    uint64_t allowed;      /* differences that the recording itself cannot rule out */
    const char *algorithm; /* name in the registry; "" when none was asked */
    char kind[16];
    uint32_t line;                 /* of the first difference; 0 = none */
    struct text expected, decided; /* there */
    struct text state;             /* of the algorithm, right after it */
    struct text note;              /* what else is to be said, one sentence or none */
};

/* Replays one recording; "-" is standard input. 0, or an exit status with *error: 2 = no recording
 * that can be replayed, 3 = cannot be read. replay_done in both cases. */
int replay_file(const char *path, struct replay_result *result, struct lb_error *error);
/* The same for a recording in memory; `name` is what it is called in messages. */
int replay_text(const char *name, const char *text, size_t size, struct replay_result *result,
                struct lb_error *error);
void replay_done(struct replay_result *result);

/* Is it as recorded, as far as the recording can tell? */
static inline bool replay_holds(const struct replay_result *result)
{
    return result->total - result->equal <= result->allowed;
}

#endif
