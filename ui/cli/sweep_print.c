/*
 * What a sweep came to: a line a cell, read from the database one by one, so that memory does not grow
 * with their number.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/base/json.h"
#include "sim/lab/cell_figure.h"
#include "sim/lab/plan.h"
#include "ui/cli/column.h"
#include "ui/cli/sweep.h"

#define VALUE_MAX 28U

struct printing {
    const struct sweep_job *job;
    uint32_t width[SWEEP_KEYS_MAX];
    struct json json;
    uint32_t cells;
};

static const enum cell_figure shown[] = {CELL_MEAN, CELL_P50, CELL_P99, CELL_ERRORS, CELL_GOODPUT};
#define SHOWN (sizeof shown / sizeof shown[0])

/* The last word of a path, as the head of a column. */
static const char *head_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot != NULL && strchr(dot, '"') == NULL ? dot + 1 : path;
}

static uint32_t columns_of(const char *text)
{
    size_t width = text_width(text, strlen(text));
    return width > VALUE_MAX ? VALUE_MAX : (uint32_t)width;
}

static void measure_columns(const struct scenario *s, uint32_t width[SWEEP_KEYS_MAX])
{
    for (uint32_t k = 0; k < s->sweep_count; k++) {
        width[k] = columns_of(head_of(s->sweeps[k].path));
        for (uint32_t i = 0; i < s->sweeps[k].count; i++) {
            uint32_t w = columns_of(s->sweeps[k].values[i]);
            width[k] = w > width[k] ? w : width[k];
        }
    }
}

static void print_padded(const char *text, uint32_t width)
{
    column_left(text, width);
    fputs("  ", stdout);
}

static void print_choice(const struct scenario *s, uint32_t n, const uint32_t *width)
{
    uint32_t choice[SWEEP_KEYS_MAX];
    plan_choice(s, n, choice);
    for (uint32_t k = 0; k < s->sweep_count; k++)
        print_padded(s->sweeps[k].values[choice[k]], width[k]);
}

static const char *interval(char *buf, size_t size, enum unit unit, const struct estimate *e)
{
    char mean[32], half[32];
    if (!isfinite(e->mean))
        return "-";
    summary_format(mean, sizeof mean, unit, e->mean);
    if (!isfinite(e->low))
        (void)snprintf(buf, size, "%s", mean);
    else
        (void)snprintf(buf, size, "%s ± %s", mean,
                       summary_format(half, sizeof half, unit, (e->high - e->low) / 2.0));
    return buf;
}

static void print_head(const struct printing *p)
{
    const struct scenario *s = p->job->scenario;
    bool markdown = p->job->form == MANY_MARKDOWN;
    fputs(markdown ? "| cell |" : "  CELL  ", stdout);
    for (uint32_t k = 0; k < s->sweep_count; k++) {
        const char *name = markdown ? s->sweeps[k].path : head_of(s->sweeps[k].path);
        if (markdown)
            putchar(' ');
        print_padded(name, markdown ? (uint32_t)text_width(name, strlen(name)) : p->width[k]);
        if (markdown)
            fputs("| ", stdout);
    }
    for (size_t i = 0; i < SHOWN; i++)
        printf(markdown ? " %s |" : "%22s", cell_figures[shown[i]].head);
    puts("");
    if (markdown) {
        for (uint32_t i = 0; i < s->sweep_count + 1; i++)
            fputs("|---", stdout);
        for (size_t i = 0; i < SHOWN; i++)
            fputs("|---:", stdout);
        puts("|");
    }
}

static void print_row(struct printing *p, const struct experiment_cell *cell)
{
    const struct scenario *s = p->job->scenario;
    bool markdown = p->job->form == MANY_MARKDOWN;
    uint32_t choice[SWEEP_KEYS_MAX];
    plan_choice(s, cell->n, choice);
    if (markdown) {
        printf("| %u |", cell->n + 1);
        for (uint32_t k = 0; k < s->sweep_count; k++) {
            struct text safe;
            text_init(&safe);
            for (const char *at = s->sweeps[k].values[choice[k]]; *at != '\0'; at++)
                text_addf(&safe, "%s%c", strchr("|\\`*_<>[]", *at) != NULL ? "\\" : "", *at);
            putchar(' ');
            text_print(stdout, safe.data != NULL ? safe.data : "");
            fputs(" |", stdout);
            text_done(&safe);
        }
    } else {
        printf("%6u  ", cell->n + 1);
        print_choice(s, cell->n, p->width);
    }
    for (size_t i = 0; i < SHOWN; i++) {
        char buf[80];
        struct estimate e = cell_figure(cell, shown[i]);
        const char *word = interval(buf, sizeof buf, cell_figures[shown[i]].unit, &e);
        if (markdown)
            printf(" %s |", word);
        else
            printf("%*s%s",
                   text_width(word, strlen(word)) < 22 ? (int)(22 - text_width(word, strlen(word)))
                                                       : 1,
                   "", word);
    }
    puts("");
}

/* --- JSON and comma-separated values ------------------------------------------------------------------ */

static void add_json(struct printing *p, const struct experiment_cell *cell)
{
    const struct scenario *s = p->job->scenario;
    struct json *json = &p->json;
    uint32_t choice[SWEEP_KEYS_MAX];
    char digest[17];
    plan_choice(s, cell->n, choice);
    snprintf(digest, sizeof digest, "%016" PRIx64, cell->digest);
    json_object(json, NULL);
    json_uint(json, "cell", cell->n + 1U);
    json_object(json, "settings");
    for (uint32_t k = 0; k < s->sweep_count; k++)
        json_string(json, s->sweeps[k].path, s->sweeps[k].values[choice[k]]);
    json_end_object(json);
    json_string(json, "algorithm", cell->algorithm);
    json_bool(json, "ideal", cell->ideal);
    json_string(json, "kind", cell->transient ? "transient" : "steady");
    json_double(json, "warmup_s", (double)cell->warmup / 1e9);
    json_uint(json, "replications", cell->count);
    json_string(json, "digest", digest);
    for (int i = 0; i < CELL_FIGURES; i++) {
        struct estimate e = cell_figure(cell, (enum cell_figure)i);
        if (!isfinite(e.mean))
            continue;
        json_object(json, cell_figures[i].json);
        json_round(json, "mean", e.mean * cell_figures[i].scale, 9);
        json_round(json, "low", e.low * cell_figures[i].scale, 9);
        json_round(json, "high", e.high * cell_figures[i].scale, 9);
        json_end_object(json);
    }
    json_end_object(json);
}

static void print_csv(const struct printing *p, const struct experiment_cell *cell)
{
    const struct scenario *s = p->job->scenario;
    uint32_t choice[SWEEP_KEYS_MAX];
    struct text row;
    text_init(&row);
    plan_choice(s, cell->n, choice);
    text_addf(&row, "%u", cell->n + 1);
    for (uint32_t k = 0; k < s->sweep_count; k++) {
        text_add(&row, ",", 1);
        text_add_csv(&row, s->sweeps[k].values[choice[k]]);
    }
    text_addf(&row, ",%s,%u,%016" PRIx64, cell->algorithm, cell->count, cell->digest);
    for (int i = 0; i < CELL_FIGURES; i++) {
        struct estimate e = cell_figure(cell, (enum cell_figure)i);
        const double values[] = {e.mean, e.low, e.high};
        for (int v = 0; v < 3; v++)
            if (isfinite(values[v]))
                text_addf(&row, ",%.9g", values[v] * cell_figures[i].scale);
            else
                text_add(&row, ",", 1);
    }
    puts(row.data);
    text_done(&row);
}

static void print_csv_head(const struct scenario *s)
{
    struct text row;
    text_init(&row);
    text_addf(&row, "cell");
    for (uint32_t k = 0; k < s->sweep_count; k++) {
        text_add(&row, ",", 1);
        text_add_csv(&row, s->sweeps[k].path);
    }
    text_addf(&row, ",algorithm,replications,digest");
    for (int i = 0; i < CELL_FIGURES; i++)
        text_addf(&row, ",%s,%s_low,%s_high", cell_figures[i].json, cell_figures[i].json,
                  cell_figures[i].json);
    puts(row.data);
    text_done(&row);
}

/* --- all of it ------------------------------------------------------------------------------------------ */

static void tell(void *self, const struct experiment_cell *cell)
{
    struct printing *p = self;
    p->cells++;
    if (p->job->form == MANY_JSON)
        add_json(p, cell);
    else if (p->job->form == MANY_CSV)
        print_csv(p, cell);
    else
        print_row(p, cell);
}

static void begin_json(struct printing *p)
{
    const struct scenario *s = p->job->scenario;
    json_init(&p->json);
    json_object(&p->json, NULL);
    json_string(&p->json, "scenario", s->name);
    json_string(&p->json, "file", s->path);
    json_uint(&p->json, "seed", s->run.seed);
    json_uint(&p->json, "planned", plan_cells(s));
    json_list(&p->json, "keys");
    for (uint32_t k = 0; k < s->sweep_count; k++)
        json_string(&p->json, NULL, s->sweeps[k].path);
    json_end_list(&p->json);
    json_list(&p->json, "cells");
}

static void end(struct printing *p, uint64_t digest)
{
    const struct scenario *s = p->job->scenario;
    char word[17];
    snprintf(word, sizeof word, "%016" PRIx64, digest);
    if (p->job->form == MANY_JSON) {
        json_uint(&p->json, "done", p->cells);
        json_string(&p->json, "digest", word);
        json_end_object(&p->json);
        puts(p->json.text.data);
        json_done(&p->json);
    } else if (p->job->form == MANY_TABLE) {
        printf("%u of %u cells, seed %" PRIu64 ", %u replications each%s; digest %s\n", p->cells,
               plan_cells(s), s->run.seed, p->job->replications,
               p->job->replications < 20 ? " (fewer than 20: intervals are rough)" : "", word);
        puts(
            "±: half of the 95 % t interval of that cell's mean; -: fewer than 100 requests beyond "
            "the quantile.");
    }
}

int sweep_print(const struct sweep_job *job, struct record *record, int64_t experiment,
                const struct sweep_axes *crossings)
{
    struct printing p = {.job = job};
    struct lb_error error = {.code = LB_ERROR_NONE};
    uint64_t digest = 0;
    if (experiment_digest(record, experiment, &digest, &error) != 0)
        return cli_fail_error(job->cli, &error);
    measure_columns(job->scenario, p.width);
    if (job->form == MANY_JSON)
        begin_json(&p);
    else if (job->form == MANY_CSV)
        print_csv_head(job->scenario);
    else
        print_head(&p);
    int status = CLI_DONE;
    if (experiment_read(record, experiment, tell, &p, &error) != 0)
        status = cli_fail_error(job->cli, &error);
    bool json = job->form == MANY_JSON;
    if (json)
        json_end_list(&p.json);
    if (json && crossings != NULL && status == CLI_DONE)
        status = sweep_crossings(job, crossings, record, experiment, &p.json);
    end(&p, digest);
    if (!json && crossings != NULL && status == CLI_DONE)
        status = sweep_crossings(job, crossings, record, experiment, NULL);
    return status;
}

void sweep_list(const struct sweep_job *job, const struct experiment *experiment)
{
    const struct scenario *s = job->scenario;
    uint32_t width[SWEEP_KEYS_MAX], cells = plan_cells(s), done = 0;
    struct json json;
    json_init(&json);
    json_object(&json, NULL);
    json_list(&json, "cells");
    measure_columns(s, width);
    if (job->form == MANY_TABLE)
        for (uint32_t k = 0; k < s->sweep_count; k++)
            printf("%s%s%s", k == 0 ? "  CELL  STATE  " : "", head_of(s->sweeps[k].path),
                   k + 1 < s->sweep_count ? ", " : "\n");
    for (uint32_t n = job->shard - 1; n < cells; n += job->shards) {
        bool has = experiment != NULL && experiment_has(experiment, n);
        done += has ? 1U : 0U;
        if (job->form == MANY_JSON) {
            uint32_t choice[SWEEP_KEYS_MAX];
            plan_choice(s, n, choice);
            json_object(&json, NULL);
            json_uint(&json, "cell", n + 1U);
            json_bool(&json, "done", has);
            json_object(&json, "settings");
            for (uint32_t k = 0; k < s->sweep_count; k++)
                json_string(&json, s->sweeps[k].path, s->sweeps[k].values[choice[k]]);
            json_end_object(&json);
            json_end_object(&json);
        } else {
            printf("%6u  %s  ", n + 1, has ? "done " : "-    ");
            print_choice(s, n, width);
            puts("");
        }
    }
    json_end_list(&json);
    json_uint(&json, "planned", cells);
    json_uint(&json, "done", done);
    json_end_object(&json);
    if (job->form == MANY_JSON)
        puts(json.text.data);
    else
        printf("%u cells%s, %u done, %u replications each\n", cells,
               job->shards > 1 ? " (only those of the shard are shown)" : "", done,
               job->replications);
    json_done(&json);
}
