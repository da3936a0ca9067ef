/*
 * The end of a run: what each balancer did, a row each, within the transaction of finish.c.
 *
 * The idea: the summary has counted them already, so this costs a row for each balancer, and nothing when
 * the run has one balancer without a capacity.
 */
#include <math.h>
#include <sqlite3.h>

#include "sim/record/recorder.h"

static int write_one(struct binder *to, int64_t run, uint32_t n, const struct summary *s)
{
    const struct summary_balancer *b = &s->balancers[n];
    to->column = 0;
    bind_int(to, run);
    bind_int(to, n);
    bind_text(to, b->name);
    bind_count(to, b->requests);
    bind_count(to, b->ok);
    bind_count(to, b->failed);
    bind_count(to, b->good);
    bind_count(to, b->picks);
    bind_real(to, b->in_flight_mean);
    bind_real(to, b->waiting_mean);
    bind_real(to, b->capacity ? b->utilization : NAN);
    bind_real(to, b->capacity ? b->queue_mean : NAN);
    bind_count(to, b->beliefs);
    bind_count(to, b->takeovers);
    if (s->connections.any) {
        bind_count(to, b->connections);
        bind_real(to, b->connections_mean);
    } else {
        bind_null(to);
        bind_null(to);
    }
    return bind_step(to);
}

int record_write_balancers(struct sqlite3 *db, int64_t run, const struct summary *s)
{
    struct binder to = {0};
    int result = 0;
    if (s->balancer_count == 0)
        return 0;
    if (sqlite3_prepare_v2(db, "INSERT INTO balancer VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", -1,
                           &to.statement, NULL) != SQLITE_OK)
        return -1;
    for (uint32_t i = 0; i < s->balancer_count && result == 0; i++)
        result = write_one(&to, run, i, s);
    sqlite3_finalize(to.statement);
    return result;
}
