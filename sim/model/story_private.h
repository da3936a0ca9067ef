/*
 * The inside of a story, for its files.
 */
#ifndef MODEL_STORY_PRIVATE_H
#define MODEL_STORY_PRIVATE_H

#include "sim/model/story.h"
#include "sim/model/world.h"

#define STORY_OWN_FACTS 8U /* what an algorithm says of itself, at most */

struct story {
    uint64_t number;
    story_tell *tell;
    void *self;
    bool begun, ended;
    uint32_t id;                        /* its record; 0 = none at the moment */
    uint8_t state;                      /* of the record, when it was looked at last */
    struct story_candidate *candidates; /* those of the pool, as seen before the pick */
    uint32_t candidate_count;
    struct story_fact facts[STORY_OWN_FACTS];
    uint32_t fact_count;
};

/* Is this one the request? Probes have numbers of their own, and nobody waits for an orphan. */
bool story_is_about(const struct world *w, const struct request *r);
/* Tells a step. */
void story_say(struct world *w, struct story_step *step, const char *text);
/* A step with nothing in it. */
struct story_step story_step(const char *what, lb_time now);
const char *story_end_name(enum lb_end end);
/* The name of a backend, or of another balancer, that this one chooses from. */
const char *story_member(const struct world *w, const struct front *f, int32_t member);

#endif
