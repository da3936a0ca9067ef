/*
 * sweep: every cell of a scenario's grid, on all processors, into one database.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/lab/plan.h"
#include "sim/scenario/load.h"
#include "ui/cli/keep.h"
#include "ui/cli/sweep.h"

#define REPLICATIONS_MAX 10000U

static const struct option_spec options[] = {
    EXECUTE_SCENARIO_OPTIONS,
    {"algorithms", 0, "A,B,...", "sweep these algorithms, as the first key of the grid", false},
    {"over", 'o', "PATH=V,V,...", "sweep this key: values, range(from, to, n) or log(from, to, n)",
     true},
    {"replications", 'r', "N", "runs of each cell (default: the scenario's, 20)", false},
    {"jobs", 'j', "N", "threads (default: as many as there are processors)", false},
    {"db", 'd', "FILE", "the database (default lbsim.db)", false},
    {"shard", 0, "I/N", "only the I-th of N shares of the cells, as for one of N machines", false},
    {"resume", 0, NULL, "go on with what is there; it is an error when nothing is", false},
    {"again", 0, NULL, "forget what is done of this sweep and make it anew", false},
    {"list", 0, NULL, "print the cells and which of them are done; run nothing", false},
    {"show", 0, NULL, "print what the database has of this sweep; run nothing", false},
    {"find", 0, "CLAIM",
     "the highest load at which it holds, as in 'p99 < 200ms'; nothing is recorded", false},
    {"crossings", 0, "METRIC",
     "print where the ranking of two algorithms flips, found by bisection", false},
    {"along", 0, "PATH", "the key of numbers for --find and --crossings (default: a load or rate)",
     false},
    {"precision", 0, "P%", "how near their answers are to be (default 2%)", false},
    {"emit", 0, "slurm|parallel", "print a script that makes the sweep in shards and merges them",
     false},
    {"tasks", 0, "N", "shards of that script (default 16, at most one a cell)", false},
    KEEP_OPTIONS,
    MANY_FORM_OPTIONS,
    {"quiet", 'q', NULL, "no progress, no words on stderr", false},
    {NULL, 0, NULL, NULL, false},
};

/* --- scenarios ------------------------------------------------------------------------------------- */

struct scenario *sweep_scenario(const struct sweep_job *job, const char *settings,
                                struct text *messages)
{
    struct scenario_request request;
    int status = execute_request(job->cli, &request);
    request.path = job->path;
    request.text = job->scenario->source;
    request.text_size = strlen(job->scenario->source);
    request.cell = true;
    char *lines = text_copy(settings);
    uint32_t count = request.set_count;
    for (const char *at = lines; *at != '\0'; at++)
        count += *at == '\n';
    const char **sets = text_need((count + 1U) * sizeof *sets);
    for (uint32_t i = 0; i < request.set_count; i++)
        sets[i] = request.sets[i];
    count = request.set_count;
    for (char *at = lines; *at != '\0';) {
        char *end = at + strcspn(at, "\n");
        bool more = *end == '\n';
        *end = '\0';
        sets[count++] = at;
        at = end + more;
    }
    request.sets = sets;
    request.set_count = count;
    struct scenario *s = scenario_load(&request, messages, &status);
    free(sets);
    free(lines);
    return s;
}

struct scenario *sweep_load_cell(void *self, uint32_t cell, struct text *messages)
{
    const struct sweep_job *job = self;
    struct text settings;
    text_init(&settings);
    plan_settings(job->scenario, cell, &settings);
    struct scenario *s = sweep_scenario(job, settings.data, messages);
    text_done(&settings);
    return s;
}

/* What the command line sets once and for all cannot be swept, too. */
static int check_settings(const struct sweep_job *job)
{
    uint32_t count;
    const char *const *sets = cli_values(job->cli, "set", &count);
    for (uint32_t k = 0; k < job->scenario->sweep_count; k++) {
        const char *path = job->scenario->sweeps[k].path;
        size_t size = strlen(path);
        for (uint32_t i = 0; i < count; i++)
            if (strncmp(sets[i], path, size) == 0 && sets[i][size] == '=')
                return cli_fail(job->cli, CLI_WRONG,
                                "--set %s is a key of the sweep: write --over %s instead", path,
                                sets[i]);
        if (cli_value(job->cli, "algorithm") != NULL && strcmp(path, "balancer.algorithm") == 0)
            return cli_fail(job->cli, CLI_WRONG,
                            "the sweep has its own algorithms: write --algorithms instead");
        if (cli_value(job->cli, "seed") != NULL && strcmp(path, "run.seed") == 0)
            return cli_fail(job->cli, CLI_WRONG, "the sweep has its own seeds: leave out --seed");
    }
    return CLI_DONE;
}

static int load(struct sweep_job *job)
{
    struct scenario_request request;
    uint32_t count;
    int status = execute_request(job->cli, &request);
    if (status != CLI_DONE)
        return status;
    job->path = cli_scenario_path(job->cli->arguments[0]);
    request.path = job->path;
    const char *const *given = cli_values(job->cli, "over", &count);
    const char *algorithms = cli_value(job->cli, "algorithms");
    const char **overs = text_need((count + 1U) * sizeof *overs);
    if (algorithms != NULL) {
        text_addf(&job->over, "balancer.algorithm=%s", algorithms);
        overs[request.over_count++] = job->over.data;
        request.overs_first = 1;
    }
    for (uint32_t i = 0; i < count; i++)
        overs[request.over_count++] = given[i];
    request.overs = overs;
    job->scenario = execute_load_request(job->cli, &request, &status);
    free(overs);
    return job->scenario == NULL ? status : check_settings(job);
}

/* --- running ---------------------------------------------------------------------------------------- */

static void tell(void *self, const struct sweep_progress *p)
{
    struct sweep_job *job = self;
    progress_tell(&job->progress, p->before, p->done, p->planned, "cells");
}

static int run_cells(struct sweep_job *job, struct experiment *experiment)
{
    struct sweep_setup setup = {.scenario = job->scenario,
                                .experiment = experiment,
                                .replications = job->replications,
                                .threads = job->threads,
                                .shard = job->shard,
                                .shards = job->shards,
                                .self = job,
                                .load = sweep_load_cell,
                                .tell = tell,
                                .stop = many_stop};
    struct sweep_result result;
    struct lb_error error = {.code = LB_ERROR_NONE};
    progress_begin(&job->progress, job->cli);
    int status = sweep_make(&setup, &result, &error);
    progress_end(&job->progress);
    if (result.failed > 0) {
        cli_fail(job->cli, CLI_WRONG, "%u cell%s could not be made", result.failed,
                 result.failed == 1 ? "" : "s");
        (void)fwrite(result.failures.data, 1, result.failures.size, stderr);
    }
    if (!cli_flag(job->cli, "quiet"))
        fprintf(stderr, "%u of %u cells done%s, %u of them now.\n", result.before + result.made,
                result.planned, job->shards > 1 ? " of this shard" : "", result.made);
    text_done(&result.failures);
    if (status < 0)
        return cli_fail_error(job->cli, &error);
    return status > 0 ? CLI_INTERRUPTED : result.failed > 0 ? CLI_WRONG : CLI_DONE;
}

static int with_database(struct sweep_job *job, bool list)
{
    const char *path = cli_value(job->cli, "db");
    bool only_look = list || cli_flag(job->cli, "show");
    struct lb_error error = {.code = LB_ERROR_NONE};
    struct text grid;
    path = path != NULL ? path : "lbsim.db";
    if (list && access(path, F_OK) != 0) {
        sweep_list(job, NULL);
        return CLI_DONE;
    }
    struct record *record = record_open(path, only_look ? RECORD_READ : RECORD_WRITE, &error);
    if (record == NULL)
        return cli_fail_error(job->cli, &error);
    int status = keep_check(job->cli, record);
    if (status != CLI_DONE) {
        record_close(record);
        return status;
    }
    text_init(&grid);
    plan_grid(job->scenario, &grid);
    struct experiment_info info = {.scenario = job->scenario,
                                   .grid = grid.data,
                                   .cells = plan_cells(job->scenario),
                                   .replications = job->replications,
                                   .version = cli_version(),
                                   .build = cli_build()};
    enum experiment_how how = only_look || cli_flag(job->cli, "resume") ? EXPERIMENT_FIND
                              : cli_flag(job->cli, "again")             ? EXPERIMENT_AGAIN
                                                                        : EXPERIMENT_ANY;
    struct experiment *experiment = experiment_open(record, &info, how, &error);
    if (list && (experiment != NULL || error.code == LB_ERROR_INVALID)) {
        sweep_list(job, experiment);
    } else if (experiment == NULL) {
        status = cli_fail_error(job->cli, &error);
    } else {
        if (!only_look)
            status = run_cells(job, experiment);
        if (status == CLI_DONE || status == CLI_WRONG || status == CLI_INTERRUPTED) {
            int printed = sweep_print(job, record, experiment_id(experiment),
                                      job->crossings ? &job->axes : NULL);
            status = status == CLI_DONE ? printed : status;
            if (!only_look && (status == CLI_DONE || status == CLI_FAILED)) {
                int kept = keep_save(job->cli, record, NAMED_EXPERIMENT, experiment_id(experiment));
                status = kept != CLI_DONE ? kept : status;
            }
        }
    }
    experiment_close(experiment);
    text_done(&grid);
    record_close(record);
    return status;
}

/* --- the command line -------------------------------------------------------------------------------- */

static int read_shard(struct sweep_job *job)
{
    const char *word = cli_value(job->cli, "shard");
    char *end = NULL;
    job->shard = job->shards = 1;
    if (word == NULL)
        return CLI_DONE;
    unsigned long i = strtoul(word, &end, 10), n = 0;
    bool fine = word[0] >= '0' && word[0] <= '9' && *end == '/' && end[1] >= '0' && end[1] <= '9';
    if (fine)
        n = strtoul(end + 1, &end, 10);
    if (!fine || *end != '\0' || n < 1 || n > SWEEP_CELLS_MAX)
        return cli_fail(job->cli, CLI_WRONG, "--shard must be I/N, as in 1/8, not '%s'", word);
    if (i < 1 || i > n)
        return cli_fail(job->cli, CLI_WRONG, "--shard %s: there is no shard %lu of %lu", word, i,
                        n);
    job->shard = (uint32_t)i;
    job->shards = (uint32_t)n;
    return CLI_DONE;
}

static int read_options(struct sweep_job *job)
{
    struct cli *cli = job->cli;
    uint64_t replications = 0;
    if (cli_flag(cli, "resume") && cli_flag(cli, "again"))
        return cli_fail(cli, CLI_WRONG, "--resume and --again exclude each other");
    if (many_form(cli, &job->form) != CLI_DONE || many_threads(cli, &job->threads) != 0 ||
        cli_number(cli, "replications", 1, REPLICATIONS_MAX, &replications) != 0)
        return CLI_WRONG;
    job->replications = (uint32_t)replications;
    if (cli_value(cli, "save-baseline") != NULL &&
        (cli_value(cli, "shard") != NULL || cli_flag(cli, "list") || cli_flag(cli, "show") ||
         cli_value(cli, "find") != NULL || cli_value(cli, "emit") != NULL))
        return cli_fail(cli, CLI_WRONG,
                        "--save-baseline names a whole sweep that is run and recorded: without "
                        "--shard, --list, --show, --find and --emit");
    return read_shard(job);
}

static int sweep_it(struct sweep_job *job)
{
    int status = load(job);
    if (status != CLI_DONE)
        return status;
    if (job->replications == 0)
        job->replications = job->scenario->run.replications;
    if (cli_value(job->cli, "find") != NULL) {
        cli_catch_signals();
        return sweep_find(job, cli_value(job->cli, "find"));
    }
    if (job->scenario->sweep_count == 0)
        return cli_fail(job->cli, CLI_WRONG,
                        "nothing to sweep: write sweep: in the scenario, or --over "
                        "PATH=VALUE,VALUE or --algorithms A,B");
    if (job->shards > plan_cells(job->scenario) && job->shard > plan_cells(job->scenario))
        return cli_fail(job->cli, CLI_WRONG, "--shard: there are only %u cells",
                        plan_cells(job->scenario));
    job->crossings = cli_value(job->cli, "crossings") != NULL;
    if (job->crossings && sweep_check_crossings(job, &job->axes) != CLI_DONE)
        return CLI_WRONG;
    if (cli_value(job->cli, "emit") != NULL)
        return sweep_emit(job, cli_value(job->cli, "emit"));
    cli_catch_signals();
    return with_database(job, cli_flag(job->cli, "list"));
}

static int run_sweep(struct cli *cli)
{
    struct sweep_job job = {.cli = cli};
    text_init(&job.over);
    int status = read_options(&job);
    if (status == CLI_DONE)
        status = sweep_it(&job);
    scenario_destroy(job.scenario);
    text_done(&job.over);
    free(job.path);
    return status;
}

const struct command command_sweep = {
    .name = "sweep",
    .usage = "FILE",
    .summary = "run every cell of a scenario's grid on all processors, and compare them",
    .help = "Makes the replications of every cell of the grid under 'sweep:', or of --over and "
            "--algorithms, and prints a line a cell with means and 95 % intervals.\n\n"
            "A cell is recorded whole or not at all. The same command goes on where an interrupted "
            "one ended; the numbers depend neither on the threads nor on the order, and the digest "
            "at the end tells whether two sweeps came to the same.",
    .examples = "lbsim sweep web.yaml -j 8\n"
                "lbsim sweep web.yaml --list  # what it would run\n"
                "lbsim sweep first --algorithms random,round-robin --over "
                "'clients.browsers.arrivals.load=range(50%, 90%, 5)'\n"
                "lbsim sweep web.yaml --find 'p99 < 200ms'  # how much each algorithm bears\n"
                "lbsim sweep web.yaml --crossings p99  # from which load on another is better\n"
                "lbsim sweep web.yaml --shard 1/8 --db part1.db  # then lbsim merge",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_sweep,
};
