/*
 * compare: algorithms, variants or settings of one scenario on the same traffic; which is better, by how much,
 * and how sure that is.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/load.h"
#include "ui/cli/compare.h"
#include "ui/cli/keep.h"

#define REPLICATIONS_MAX 10000U

static const struct option_spec options[] = {
    {"algorithms", 0, "A,B,...", "compare these algorithms", false},
    {"variants", 0, "A,B,...", "compare these variants of the scenario; base is the file itself",
     false},
    {"set", 's', "PATH=VALUE",
     "change a key of the scenario; with several values, PATH=A,B, compare them", true},
    {"baseline", 'b', "ARM", "the arm that the others are held against (default: the first)",
     false},
    {"metric", 'm', "M,M,...",
     "only these, the first of which --precision looks at: mean, p50, p90, p99, p99.9, errors, "
     "goodput, throughput, imbalance, sessions.lost",
     false},
    {"replications", 'r', "N",
     "runs of each arm (default: the scenario's, 20); with --precision, at most so many (10000)",
     false},
    {"precision", 'p', "P%",
     "go on, from 20 runs on, 10 at a time, until the mean and p99 of every arm are known so well",
     false},
    {"max-time", 0, "T", "stop after this time, as in 30s or 5min", false},
    {"equivalent", 0, "P%", "also ask whether arms are within so much of the baseline", false},
    {"seed-of-algorithm", 0, "N",
     "the arms other than the baseline draw their algorithms' coins from another seed", false},
    {"algorithm", 'a', "ALGORITHM", "use this algorithm in every arm", false},
    {"variant", 0, "NAME", "use this variant in every arm", false},
    {"seed", 0, "N", "use this seed instead of the scenario's", false},
    PLUGIN_OPTION,
    {"jobs", 'j', "N", "threads (default: as many as there are processors)", false},
    {"db", 'd', "FILE", "record in this database (default lbsim.db; :memory: keeps nothing)",
     false},
    KEEP_OPTIONS,
    MANY_FORM_OPTIONS,
    {"quiet", 'q', NULL, "no progress, no words on stderr", false},
    {NULL, 0, NULL, NULL, false},
};

/* --- the command line -------------------------------------------------------------------------------- */

/* "5%" or "5" as 0.05. */
static int read_share(const struct cli *cli, const char *option, double min, double max,
                      double *share)
{
    const char *word = cli_value(cli, option);
    char *end;
    if (word == NULL)
        return CLI_DONE;
    double value = strtod(word, &end);
    bool plain = word[strspn(word, "0123456789.")] == '%' || word[strspn(word, "0123456789.")] == 0;
    if (!plain || end == word || (*end != '\0' && strcmp(end, "%") != 0) ||
        !(value >= min && value <= max))
        return cli_fail(cli, CLI_WRONG, "--%s must be %g%% to %g%%, not '%s'", option, min, max,
                        word);
    *share = value / 100.0;
    return CLI_DONE;
}

static int read_time(struct compare_job *job)
{
    const char *word = cli_value(job->cli, "max-time");
    struct lb_error error = {.code = LB_ERROR_NONE};
    lb_time time = 0;
    if (word == NULL)
        return CLI_DONE;
    if (scenario_parse_time(word, &time, &error) != 0)
        return cli_fail(job->cli, CLI_WRONG, "--max-time: %s", error.text);
    if (time <= 0)
        return cli_fail(job->cli, CLI_WRONG, "--max-time must be above 0, not '%s'", word);
    job->time = time;
    return CLI_DONE;
}

static int unknown_metric(const struct compare_job *job, const char *word)
{
    const char *names[CELL_FIGURES];
    for (int i = 0; i < CELL_FIGURES; i++)
        names[i] = cell_figures[i].name;
    cli_fail_unknown(job->cli, "metric", word, names, CELL_FIGURES);
    fputs("the metrics are:", stderr);
    for (int i = 0; i < CELL_FIGURES; i++)
        fprintf(stderr, "%s %s", i > 0 ? "," : "", names[i]);
    fputs("\n", stderr);
    return CLI_WRONG;
}

/* Which figures are shown, and which --precision looks at. */
static int read_metrics(struct compare_job *job)
{
    const char *list = cli_value(job->cli, "metric");
    int status = CLI_DONE;
    job->watched[0] = CELL_MEAN;
    job->watched[1] = CELL_P99;
    job->watched_count = 2;
    if (list == NULL) {
        for (int i = 0; i < CELL_FIGURES; i++)
            if (i != CELL_THROUGHPUT) /* goodput says more */
                job->shown[job->shown_count++] = (enum cell_figure)i;
        return CLI_DONE;
    }
    char *words = text_copy(list), *rest = words, *word;
    while (status == CLI_DONE && (word = rest) != NULL) {
        rest = strchr(word, ',');
        if (rest != NULL)
            *rest++ = '\0';
        int figure = cell_figure_find(word);
        if (figure < 0)
            status = unknown_metric(job, word);
        else if (compare_table(job, (enum cell_figure)figure) == NULL)
            job->shown[job->shown_count++] = (enum cell_figure)figure;
    }
    free(words);
    job->watched[0] = job->shown[0];
    job->watched_count = 1;
    return status;
}

static int read_options(struct compare_job *job)
{
    struct cli *cli = job->cli;
    uint64_t replications = 0;
    if (many_form(cli, &job->form) != CLI_DONE || many_threads(cli, &job->threads) != 0 ||
        cli_number(cli, "replications", 1, REPLICATIONS_MAX, &replications) != 0 ||
        cli_number(cli, "seed-of-algorithm", 0, UINT64_MAX, &job->coins) != 0 ||
        read_share(cli, "precision", 0.01, 50.0, &job->precision) != CLI_DONE ||
        read_share(cli, "equivalent", 0.01, 50.0, &job->margin) != CLI_DONE ||
        read_time(job) != CLI_DONE || read_metrics(job) != CLI_DONE)
        return CLI_WRONG;
    job->coins_given = cli_value(cli, "seed-of-algorithm") != NULL;
    job->replications = (uint32_t)replications;
    return CLI_DONE;
}

/* --- running -------------------------------------------------------------------------------------------- */

static void on_round(void *self, uint32_t replications)
{
    struct compare_job *job = self;
    claims_room(&job->claims, replications);
    job->runs_planned = replications * job->count;
}

static void on_run(void *self, uint32_t arm, uint32_t replication, const struct summary *summary)
{
    struct compare_job *job = self;
    claims_measure(&job->claims, arm, replication, summary);
    progress_one(&job->progress, job->runs_planned, "runs");
}

static int make(struct compare_job *job)
{
    const struct scenario **scenarios = text_need((job->count + 1U) * sizeof(struct scenario *));
    struct lb_error error = {.code = LB_ERROR_NONE};
    for (uint32_t a = 0; a < job->count; a++)
        scenarios[a] = job->arms[a].scenario;
    claims_init(&job->claims, scenarios, job->groups, job->count);
    free(scenarios);
    if (job->replications == 0)
        job->replications = job->precision > 0.0 ? REPLICATIONS_MAX : job->base->run.replications;
    struct compare_setup setup = {.arms = job->arms,
                                  .count = job->count,
                                  .threads = job->threads,
                                  .replications = job->replications,
                                  .precision = job->precision,
                                  .time = job->time,
                                  .watched = job->watched,
                                  .watched_count = job->watched_count,
                                  .insist = cli_value(job->cli, "metric") != NULL,
                                  .self = job,
                                  .stop = many_stop,
                                  .round = on_round,
                                  .measured = on_run};
    progress_begin(&job->progress, job->cli);
    int status = compare_make(&setup, &job->result, &error);
    progress_end(&job->progress);
    if (status < 0)
        return cli_fail_error(job->cli, &error);
    if (status > 0 && job->result.end == COMPARE_TIME)
        return cli_fail(job->cli, CLI_WRONG,
                        "--max-time %s is over before every arm had %u runs: give it more, or make "
                        "run.duration shorter",
                        cli_value(job->cli, "max-time"),
                        job->precision > 0.0 ? COMPARE_FIRST : COMPARE_BLOCK);
    return status > 0 ? CLI_INTERRUPTED : CLI_DONE;
}

/* --- the record ------------------------------------------------------------------------------------------- */

/* "replications 20", "precision 5% of p99, at most 10000": what it is found by again. */
static char *rule_of(const struct compare_job *job)
{
    struct text rule;
    text_init(&rule);
    if (job->precision > 0.0) {
        text_addf(&rule, "precision %.6g%% of", 100.0 * job->precision);
        for (uint32_t i = 0; i < job->watched_count; i++)
            text_addf(&rule, "%s %s", i > 0 ? "," : "", cell_figures[job->watched[i]].name);
        text_addf(&rule, "; at most ");
    }
    text_addf(&rule, "%u replications", job->replications);
    if (job->time > 0)
        text_addf(&rule, "; at most %s", cli_value(job->cli, "max-time"));
    return rule.data;
}

/* A line an arm: name, variant, settings. */
static void grid_of(const struct compare_job *job, struct text *grid)
{
    for (uint32_t a = 0; a < job->count; a++) {
        text_addf(grid, "%s: variant %s", job->names[a], job->arms[a].scenario->variant);
        for (const char *at = job->arms[a].settings; *at != '\0';) {
            size_t size = strcspn(at, "\n");
            text_addf(grid, ", %.*s", (int)size, at);
            at += size + (at[size] == '\n' ? 1 : 0);
        }
        text_addf(grid, "\n");
    }
}

static int write_record(struct compare_job *job, struct record *record)
{
    const struct experiment_cell *cells[COMPARE_ARMS_MAX];
    const char *path = cli_value(job->cli, "db");
    struct lb_error error = {.code = LB_ERROR_NONE};
    struct text grid;
    text_init(&grid);
    grid_of(job, &grid);
    job->rule = rule_of(job);
    struct experiment_info info = {.kind = EXPERIMENT_COMPARE,
                                   .scenario = job->base,
                                   .grid = grid.data,
                                   .cells = job->count,
                                   .replications = job->replications,
                                   .rule = job->rule,
                                   .baseline = job->baseline,
                                   .version = cli_version(),
                                   .build = cli_build()};
    for (uint32_t a = 0; a < job->count; a++)
        cells[a] = &job->arms[a].cell.result;
    struct experiment *experiment = experiment_open(record, &info, EXPERIMENT_ANY, &error);
    int status = CLI_DONE;
    if (experiment == NULL || experiment_write(experiment, cells, job->count, &error) != 0 ||
        experiment_digest(record, experiment_id(experiment), &job->digest, &error) != 0)
        status = cli_fail_error(job->cli, &error);
    else if (path == NULL || strcmp(path, ":memory:") != 0)
        job->experiment = experiment_id(experiment);
    experiment_close(experiment);
    text_done(&grid);
    return status;
}

/* --- all of it ----------------------------------------------------------------------------------------------- */

static void analyse(struct compare_job *job)
{
    const struct experiment_cell *cells[COMPARE_ARMS_MAX];
    for (uint32_t a = 0; a < job->count; a++)
        cells[a] = &job->arms[a].cell.result;
    for (uint32_t i = 0; i < job->shown_count; i++)
        contrasts_make(&job->tables[i], job->shown[i], cells, job->count, job->baseline,
                       job->margin);
    job->failed = claims_judge(&job->claims, job->result.replications);
}

static int compare_it(struct compare_job *job, struct record *record)
{
    int status = make(job);
    if (status != CLI_DONE)
        return status;
    /* What was interrupted is shown; recorded it would be taken for what its rule says. */
    bool whole = job->result.end != COMPARE_STOPPED;
    analyse(job);
    if (whole)
        status = write_record(job, record);
    if (status != CLI_DONE)
        return status;
    if (job->form == MANY_JSON)
        compare_print_json(job);
    else if (job->form == MANY_CSV)
        compare_print_csv(job);
    else
        compare_print(job);
    if (job->experiment > 0 && !cli_flag(job->cli, "quiet")) {
        const char *db = cli_value(job->cli, "db");
        (void)fflush(stdout);
        fprintf(stderr, "Recorded as experiment %" PRId64 " in ", job->experiment);
        text_print(stderr, db != NULL ? db : "lbsim.db");
        fputs(".\n", stderr);
    }
    if (whole)
        status = keep_save(job->cli, record, NAMED_EXPERIMENT, job->experiment);
    if (status != CLI_DONE)
        return status;
    return !whole ? CLI_INTERRUPTED : job->failed > 0 ? CLI_FAILED : CLI_DONE;
}

static int run_compare(struct cli *cli)
{
    struct compare_job job = {.cli = cli};
    struct lb_error error = {.code = LB_ERROR_NONE};
    struct record *record = NULL;
    const char *db = cli_value(cli, "db");
    int status = read_options(&job);
    if (status == CLI_DONE)
        status = compare_arms(&job);
    if (status == CLI_DONE) {
        record = record_open(db != NULL ? db : "lbsim.db", RECORD_WRITE, &error);
        if (record == NULL)
            status = cli_fail_error(cli, &error);
        else
            status = keep_check(cli, db != NULL && strcmp(db, ":memory:") == 0 ? NULL : record);
    }
    if (status == CLI_DONE) {
        cli_catch_signals();
        status = compare_it(&job, record);
        for (uint32_t i = 0; i < job.shown_count; i++)
            contrasts_done(&job.tables[i]);
        compare_done(job.arms, job.count);
    }
    record_close(record);
    claims_done(&job.claims);
    compare_arms_done(&job);
    free(job.rule);
    return status;
}

const struct command command_compare = {
    .name = "compare",
    .usage = "FILE",
    .summary =
        "compare algorithms, variants or settings on the same traffic, and say how sure it is",
    .help =
        "Every arm faces the same arrivals, work and failures, replication by replication; the "
        "arms "
        "are held against the baseline in pairs. Times are compared as ratios, shares and counts "
        "as "
        "differences, with intervals that hold together at 95 % and p values adjusted by Holm. "
        "What "
        "is not shown to differ is called 'no difference shown', never equal; --equivalent asks "
        "that question.\n\n"
        "The arms are what --algorithms, --variants and --set lists name, and all combinations of "
        "them; without any, the variants of the file. An arm is named after what makes it differ, "
        "as in 'random' or 'four count=8'. Steady arms share the longest warm-up that one of them "
        "needs.\n\n"
        "The exit status is 1 when an expectation of an arm, or one that compares its variants, "
        "does not hold in the mean over the replications.",
    .examples = "lbsim compare first --algorithms round-robin,least-connections,power-of-two\n"
                "lbsim compare my.yaml --variants base,four --metric p99,errors\n"
                "lbsim compare my.yaml --set backends.web.count=4,5,6 --precision 5%\n"
                "lbsim compare my.yaml --algorithms random,random --seed-of-algorithm 7  # nothing "
                "but chance",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_compare,
};
