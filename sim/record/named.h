/*
 * What a person calls a run, a sweep or a comparison of the database: a number, or a name given to it.
 *
 * The idea: runs and experiments are numbered apart, so a bare number that both have is refused, and run:N and
 * experiment:N say which. A baseline is a name for one of them. It is a row of its own with the digest of what it
 * stood for: numbers of experiments may be used again, and a name must never come to mean something else.
 *
 * Cost: a query or two; of an experiment one pass over its cells.
 */
#ifndef RECORD_NAMED_H
#define RECORD_NAMED_H

#include "sim/record/record.h"

enum named_kind { NAMED_RUN, NAMED_EXPERIMENT };
extern const char *const named_kinds[2]; /* "run", "experiment" */

struct named {
    enum named_kind kind;
    int64_t number;
    char digest[17];
};

#define BASELINE_NAME_MAX 64U

/* What "12", "run:12", "experiment:3" or the name of a baseline stands for. 0; -1 with *error
 * (LB_ERROR_INVALID: there is none; says which there are). */
int named_find(struct record *record, const char *word, struct named *named,
               struct lb_error *error);
/* The one of that kind that was recorded last, other than the one numbered `but`. 1, 0 = there is none, -1 with
 * *error. */
int named_latest(struct record *record, enum named_kind kind, int64_t but, struct named *named,
                 struct lb_error *error);

/* May this be a name, and is it free, or `over`? 0; -1 with *error as baseline_save. */
int baseline_check(struct record *record, const char *name, bool over, struct lb_error *error);
/* Gives it a name: 1 to 64 letters, digits and . _ - / +, not a number only. 0; -1 with *error
 * (LB_ERROR_INVALID: no such name, or it is taken and not `over`). */
int baseline_save(struct record *record, const char *name, const struct named *named, bool over,
                  struct lb_error *error);
/* What this baseline stands for; -1 with *error as named_find, and when that is gone. */
int baseline_find(struct record *record, const char *name, struct named *named,
                  struct lb_error *error);

#endif
