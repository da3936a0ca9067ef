/* See diff.h: both sides from the database, and their cells matched. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/query.h"
#include "ui/cli/diff.h"

const char *const diff_facts[DIFF_FACTS] = {
    "scenario", "variant",  "settings", "algorithm", "seed",  "replications", "duration", "warm-up",
    "grid",     "stops at", "kind",     "version",   "build", "C library",    "processor"};

static const char run_sql[] =
    "SELECT r.state, s.text, s.name, r.variant, s.settings, trim(r.algorithm || ' ' || r.params), "
    "r.seed,"
    " 'number ' || r.replication, r.duration_ns / 1e9 || ' s', r.warmup_ns / 1e9 || ' s', NULL, "
    "NULL,"
    " r.kind, r.version, r.build, r.libc, r.cpu, 1"
    " FROM run AS r JOIN scenario AS s ON s.id = r.scenario WHERE r.id = ?";
static const char experiment_sql[] =
    "SELECT 'done', s.text, e.name, e.variant, s.settings, NULL, e.seed, e.replications,"
    " (SELECT group_concat(DISTINCT duration_ns / 1e9 || ' s') FROM cell WHERE experiment = e.id),"
    " (SELECT group_concat(DISTINCT warmup_ns / 1e9 || ' s') FROM cell WHERE experiment = e.id),"
    " e.grid, e.rule, e.kind, e.version,"
    " (SELECT group_concat(DISTINCT build) FROM cell WHERE experiment = e.id),"
    " (SELECT group_concat(DISTINCT libc) FROM cell WHERE experiment = e.id),"
    " (SELECT group_concat(DISTINCT cpu) FROM cell WHERE experiment = e.id), e.cells"
    " FROM experiment AS e LEFT JOIN scenario AS s ON s.id = e.scenario WHERE e.id = ?";

static int read_facts(struct record *record, struct diff_side *side, struct lb_error *error)
{
    struct query q;
    char *state = NULL;
    query_open(&q, record, side->named.kind == NAMED_RUN ? run_sql : experiment_sql);
    query_bind(&q, side->named.number);
    if (query_next(&q)) {
        state = query_text(&q);
        side->text = query_text(&q);
        for (int i = 0; i < DIFF_FACTS; i++)
            side->facts[i] = query_text_or_null(&q);
        side->planned = (uint32_t)query_int(&q);
    }
    int result = query_close(&q, record, error);
    if (result == 0 && (state == NULL || strcmp(state, "done") != 0))
        result =
            lb_error_set(error, LB_ERROR_INVALID,
                         "%s %" PRId64 " was %s: its figures are those of a part; run it again",
                         named_kinds[side->named.kind], side->named.number,
                         state == NULL ? "deleted meanwhile" : state);
    free(state);
    return result;
}

static int read_run(struct record *record, struct diff_side *side, struct lb_error *error)
{
    struct query q;
    query_open(&q, record,
               "SELECT mean_ms, p50_ms, p90_ms, p99_ms, p99_9_ms, errors, goodput_per_s,"
               " throughput_per_s, imbalance FROM run_summary WHERE run = ?");
    query_bind(&q, side->named.number);
    for (int i = 0; i < CELL_FIGURES; i++)
        side->run[i] = NAN;
    if (query_next(&q))
        for (int i = 0; i <= CELL_IMBALANCE; i++)
            side->run[i] = query_real(&q);
    return query_close(&q, record, error);
}

static void take_cell(void *self, const struct experiment_cell *cell)
{
    struct diff_side *side = self;
    if (side->count == side->size) {
        side->size = side->size * 2 + 16;
        side->cells = text_need_more(side->cells, side->size * sizeof *side->cells);
    }
    struct diff_cell *to = &side->cells[side->count++];
    struct text key;
    text_init(&key);
    text_addf(&key, "%s\n%s\n%s", cell->name, cell->variant, cell->settings);
    struct experiment_trial *trials = text_need((cell->count + 1U) * sizeof *trials);
    if (cell->count > 0)
        memcpy(trials, cell->trials, cell->count * sizeof *trials);
    *to = (struct diff_cell){.cell = {.n = cell->n,
                                      .name = text_copy(cell->name),
                                      .settings = text_copy(cell->settings),
                                      .algorithm = text_copy(cell->algorithm),
                                      .trials = trials,
                                      .count = cell->count},
                             .key = key.data};
}

int diff_read(struct record *record, struct diff_side *side, struct lb_error *error)
{
    if (read_facts(record, side, error) != 0)
        return -1;
    if (side->named.kind == NAMED_RUN)
        return read_run(record, side, error);
    if (experiment_read(record, side->named.number, take_cell, side, error) != 0)
        return -1;
    if (side->count == 0)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "experiment %" PRId64 " has no finished cell: run the same command "
                            "again to go on with it",
                            side->named.number);
    return 0;
}

void diff_side_done(struct diff_side *side)
{
    free(side->text);
    for (int i = 0; i < DIFF_FACTS; i++)
        free(side->facts[i]);
    for (uint32_t i = 0; i < side->count; i++) {
        free((char *)side->cells[i].cell.name);
        free((char *)side->cells[i].cell.settings);
        free((char *)side->cells[i].cell.algorithm);
        free((struct experiment_trial *)side->cells[i].cell.trials);
        free(side->cells[i].key);
    }
    free(side->cells);
}

/* --- matching ---------------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
    const struct diff_cell *const *x = a, *const *y = b;
    return strcmp((*x)->key, (*y)->key);
}

void diff_match(struct diff *diff)
{
    struct diff_side *a = &diff->side[0], *b = &diff->side[1];
    struct diff_cell **sorted = text_need((a->count + 1U) * sizeof(struct diff_cell *));
    diff->pairs = text_need_zero(b->count + 1U, sizeof *diff->pairs);
    for (uint32_t i = 0; i < a->count; i++)
        sorted[i] = &a->cells[i];
    qsort(sorted, a->count, sizeof(struct diff_cell *), by_key);
    for (uint32_t i = 0; i < b->count; i++) {
        struct diff_cell *cell = &b->cells[i];
        struct diff_cell **found =
            bsearch(&cell, sorted, a->count, sizeof(struct diff_cell *), by_key);
        if (found == NULL || (*found)->matched)
            continue;
        (*found)->matched = cell->matched = true;
        diff->pairs[diff->pair_count++] = (struct diff_pair){.before = *found, .after = cell};
    }
    free(sorted);
    uint32_t count = diff->pair_count * diff->figure_count;
    diff->changes = text_need_zero(count + 1U, sizeof *diff->changes);
    for (uint32_t i = 0; i < count; i++) {
        struct diff_pair *pair = &diff->pairs[i / diff->figure_count];
        if (i % diff->figure_count == 0)
            pair->changes = &diff->changes[i];
        change_measure(&diff->changes[i], diff->figures[i % diff->figure_count],
                       &pair->before->cell, &pair->after->cell, diff->common, diff->tolerance,
                       1.0 - CHANGE_ALPHA / count);
    }
    changes_judge(diff->changes, count);
    for (uint32_t i = 0; i < count; i++) {
        diff->worse += diff->changes[i].is == CHANGE_WORSE;
        diff->better += diff->changes[i].is == CHANGE_BETTER;
    }
}
