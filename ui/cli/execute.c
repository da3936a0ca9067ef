/* See execute.h. */
#include "ui/cli/execute.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/units.h"
#include "sim/base/wall.h"
#include "sim/scenario/load.h"

int execute_request(const struct cli *cli, struct scenario_request *request)
{
    *request = (struct scenario_request){.variant = cli_value(cli, "variant"),
                                         .algorithm = cli_value(cli, "algorithm"),
                                         .seed_given = cli_value(cli, "seed") != NULL};
    request->sets = cli_values(cli, "set", &request->set_count);
    return cli_number(cli, "seed", 0, UINT64_MAX, &request->seed) == 0 ? CLI_DONE : CLI_WRONG;
}

struct scenario *execute_load_request(const struct cli *cli, const struct scenario_request *request,
                                      int *status)
{
    struct text messages;
    text_init(&messages);
    struct scenario *scenario = scenario_load(request, &messages, status);
    bool quiet = cli_knows(cli, "quiet") && cli_flag(cli, "quiet");
    bool only_notes = scenario != NULL && quiet;
    if (messages.size > 0 && !only_notes)
        (void)fwrite(messages.data, 1, messages.size, stderr);
    text_done(&messages);
    return scenario;
}

/* Fills in what the options say, loads, tells. from has the file or text. */
static struct scenario *load(const struct cli *cli, const struct scenario_request *from,
                             const char *variant, const char *algorithm, int *status)
{
    struct scenario_request request;
    *status = execute_request(cli, &request);
    if (*status != CLI_DONE)
        return NULL;
    request.path = from->path;
    request.text = from->text;
    request.text_size = from->text_size;
    if (variant != NULL)
        request.variant = variant;
    if (algorithm != NULL)
        request.algorithm = algorithm;
    return execute_load_request(cli, &request, status);
}

struct scenario *execute_load(const struct cli *cli, const char *name, const char *variant,
                              const char *algorithm, int *status)
{
    char *path = cli_scenario_path(name);
    struct scenario *scenario =
        load(cli, &(struct scenario_request){.path = path}, variant, algorithm, status);
    free(path);
    return scenario;
}

struct scenario *execute_reload(const struct cli *cli, const struct scenario *loaded,
                                const char *variant, int *status)
{
    struct scenario_request request = {
        .path = loaded->path, .text = loaded->source, .text_size = strlen(loaded->source)};
    return load(cli, &request, variant, NULL, status);
}

int execute_open(const struct cli *cli, struct record **record)
{
    const char *path = cli_value(cli, "db");
    struct lb_error error = {0};
    *record = NULL;
    if (path != NULL && strcmp(path, ":memory:") == 0)
        return CLI_DONE;
    *record = record_open(path != NULL ? path : "lbsim.db", RECORD_WRITE, &error);
    return *record != NULL ? CLI_DONE : cli_fail_error(cli, &error);
}

static void progress(const struct run *run, const struct scenario *scenario, bool done)
{
    char now[32], end[32];
    lb_time shown = run_now(run);
    if (shown > scenario->run.duration)
        shown = scenario->run.duration;
    if (done)
        fprintf(stderr, "\r%*s\r", 60, "");
    else
        fprintf(stderr, "\r%s of %s   %llu events ", units_format_clock(now, sizeof now, shown),
                units_format_clock(end, sizeof end, scenario->run.duration),
                (unsigned long long)run_events(run));
    (void)fflush(stderr);
}

/* Advances in slices of about 50 ms of wall time, so that a signal is noticed and progress shown. */
static void advance(struct run *run, const struct scenario *scenario, bool show)
{
    lb_time slice = scenario->run.duration / 64 + 1;
    int64_t shown = wall_now();
    while (!cli_interrupted()) {
        int64_t before = wall_now();
        lb_time now = run_now(run);
        if (!run_until(run, now < LB_NEVER - 1 - slice ? now + slice : LB_NEVER - 1))
            break;
        int64_t after = wall_now();
        if (after - before < 25 * UNITS_MS && slice < LB_NEVER / 4)
            slice *= 2;
        else if (after - before > 100 * UNITS_MS && slice > 1)
            slice /= 2;
        if (show && after - shown > 100 * UNITS_MS) {
            progress(run, scenario, false);
            shown = after;
        }
    }
    if (show)
        progress(run, scenario, true);
}

struct run *execute_run(struct execution *x, int *status)
{
    struct lb_error error = {0};
    struct run_setup setup = {
        .scenario = x->scenario, .replication = x->replication, .keep_samples = x->record != NULL};
    struct run *run = run_create(&setup, &error);
    if (run == NULL) {
        *status = cli_fail_error(x->cli, &error);
        return NULL;
    }
    struct recorder *recorder = NULL;
    if (x->record != NULL) {
        struct record_info info = {.scenario = x->scenario,
                                   .replication = x->replication,
                                   .version = cli_version(),
                                   .build = cli_build(),
                                   .all_samples = cli_value(x->cli, "samples") != NULL};
        recorder = record_begin(x->record, &info, &error);
        if (recorder == NULL) {
            *status = cli_fail_error(x->cli, &error);
            run_destroy(run);
            return NULL;
        }
        struct observer observer;
        record_observer(recorder, &observer);
        run_observe(run, &observer);
    }
    advance(run, x->scenario, !x->quiet && isatty(STDERR_FILENO) == 1);
    const struct summary *summary = run_finish(run, cli_interrupted());
    *status = summary->interrupted ? CLI_INTERRUPTED : CLI_DONE;
    if (run_error(run) != NULL) {
        *status = cli_fail_error(x->cli, run_error(run));
        record_abandon(recorder);
        run_destroy(run);
        return NULL;
    }
    if (recorder != NULL && record_finish(recorder, summary, &x->recorded, &error) != 0)
        *status = cli_fail_error(x->cli, &error);
    return run;
}
