/*
 * The kinds of recordings, one row each, and what their files share.
 */
#ifndef REPLAY_KIND_H
#define REPLAY_KIND_H

#include "sim/replay/product.h"

/* Counts one decision: recorded against ours, as texts. */
void kind_decide(struct replay *r, uint32_t row, const char *expected, const char *decided);

/* The row is broken: "PATH:LINE: expected ..."; always -1. */
__attribute__((format(printf, 4, 5))) int kind_fail(const struct replay *r, uint32_t row,
                                                    struct lb_error *error, const char *format,
                                                    ...);

/* Runs a command that people or the recording gave the balancer; line is where it stands. */
int replay_command(struct replay *r, const char *text, uint32_t line, struct lb_error *error);
/* "up", or "s1 refuses": how the servers answer from now on. */
int replay_phase(struct replay *r, const char *text, uint32_t line, struct lb_error *error);

/* One for each kind; sequence, keyed, hold, time, events and session are rows of requests. */
int kind_rows(struct replay *r, struct lb_error *error);
int kind_checks(struct replay *r, struct lb_error *error);
int kind_counts(struct replay *r, struct lb_error *error);
int kind_table(struct replay *r, struct lb_error *error);
int kind_steps(struct replay *r, struct lb_error *error);

#endif
