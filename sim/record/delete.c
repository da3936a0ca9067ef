/*
 * Runs that are no longer wanted: gone with all that was recorded of them, by the foreign keys, and
 * their scenario with the last of them. One transaction; its cost is that of the rows.
 */
#include <inttypes.h>

#include "sim/record/recorder.h"
#include "sim/record/schema.h"

int record_delete(struct record *record, int64_t run, struct lb_error *error)
{
    static const char *const steps[] = {
        "DELETE FROM run WHERE id = ?",
        "DELETE FROM scenario WHERE id NOT IN (SELECT scenario FROM run)"
        " AND id NOT IN (SELECT scenario FROM experiment WHERE scenario IS NOT NULL)",
    };
    struct sqlite3 *db = record->db;
    int deleted = 0, failed = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK;
    for (int i = 0; i < 2 && !failed; i++) {
        sqlite3_stmt *step = NULL;
        failed = sqlite3_prepare_v2(db, steps[i], -1, &step, NULL) != SQLITE_OK;
        if (!failed && i == 0)
            sqlite3_bind_int64(step, 1, run);
        failed = failed || sqlite3_step(step) != SQLITE_DONE;
        deleted = i == 0 && !failed ? sqlite3_changes(db) : deleted;
        sqlite3_finalize(step);
    }
    if (!failed && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
        return deleted != 0
                   ? 0
                   : lb_error_set(error, LB_ERROR_INVALID, "there is no run %" PRId64 " in '%s'",
                                  run, record->path);
    record_fail(db, "delete a run from", error);
    if (sqlite3_get_autocommit(db) == 0)
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return -1;
}
