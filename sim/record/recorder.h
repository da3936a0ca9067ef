/*
 * Inside the record: the two structs and the pieces that recorder.c and finish.c share.
 */
#ifndef RECORD_RECORDER_H
#define RECORD_RECORDER_H

#include <sqlite3.h>
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/record/record.h"

struct record {
    struct sqlite3 *db;
    char *path;
    bool recording; /* one recorder at a time */
};

enum spool { SPOOL_SAMPLE, SPOOL_LATENCY, SPOOL_EVENT, SPOOLS };

struct recorder {
    struct record *record;
    struct record_info info;
    int64_t started;              /* seconds since 1970 */
    sqlite3_stmt *insert[SPOOLS]; /* into the spool */
    int64_t events;               /* so far; numbers them */
    bool folded;                  /* samples by group */
    bool failed;                  /* the spool did; error says why */
    struct lb_error error;        /* of the first failure */
    struct text text;             /* scratch: one encoded sample or histogram */
};

/* Empties *text, then writes the counts of buckets as JSON, item i for bucket first + i: a list
 * [5,7,0,1], or an object {"0":5,"1":7,"3":1}, whichever is shorter. Returns first. */
uint32_t encode_histogram(struct text *text, const struct histogram *histogram);
/* Empties *text, then writes a list for each backend, or for each group when folded. */
void encode_backends(struct text *text, const struct sample *sample,
                     const struct scenario *scenario, bool folded);
/* Empties *text, then "name=value name=value" of the algorithm's parameters. */
void encode_params(struct text *text, const struct scenario_balancer *balancer);
/* The C library and the features of the processor that its mathematics may use. */
void encode_library(struct text *text);
void encode_processor(struct text *text);

/* Columns of the run being written, bound from left to right. */
struct binder {
    sqlite3_stmt *statement;
    int column;
};
void bind_int(struct binder *to, int64_t value);
void bind_count(struct binder *to, uint64_t value);
void bind_real(struct binder *to, double value);      /* NAN = NULL */
void bind_text(struct binder *to, const char *value); /* copied; NULL = NULL */
void bind_null(struct binder *to);
/* Carries out the statement and makes it ready for the next row. 0, or -1. */
int bind_step(struct binder *to);

struct summary;
/* A row for each balancer that the summary tells of, in the transaction that is open. 0, or -1 with the
 * connection's error set. */
int record_write_balancers(struct sqlite3 *db, int64_t run, const struct summary *summary);

#endif
