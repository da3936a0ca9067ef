/*
 * A made-up run, for tests of the record and the reports that need no simulator: a scenario in
 * memory, happenings, samples and latencies from a fixed generator, and the summary they add up to.
 */
#ifndef TESTS_MADE_UP_H
#define TESTS_MADE_UP_H

#include "sim/record/record.h"

struct made_up {
    struct scenario scenario;
    struct scenario_client clients[2];
    struct scenario_class classes[3];
    struct scenario_group groups[2];
    struct scenario_backend *backends;
    struct sample_backend *rows;
    struct scenario_pool pool;
    double params[1];
    struct summary summary;
    struct summary_class summary_classes[3];
    struct summary_backend *summary_backends;
    struct summary_expect expects[2];
    char (*names)[24];
    uint64_t random;
    uint32_t seconds;
};

/* backends >= 2, in two groups; seconds of simulated time, the first of them warm-up. */
void made_up_init(struct made_up *m, uint32_t backends, uint32_t seconds, uint64_t seed);
/* Tells the observer all that happened, but not the end, and fills m->summary. */
void made_up_play(struct made_up *m, const struct observer *observer);
void made_up_done(struct made_up *m);

/* Records the run of m in an open database: record_begin, play, record_finish. */
int made_up_record(struct made_up *m, struct record *record, struct record_result *result,
                   struct lb_error *error);

#endif
