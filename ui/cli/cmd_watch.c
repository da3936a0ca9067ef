/*
 * watch: the dashboard on a terminal; with --text, its screens as plain text.
 *
 * Without a fit terminal it makes a plain run instead and says so: a script that watches gets the
 * same figures, the same record and the same exit status.
 */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/load.h"
#include "ui/cli/execute.h"
#include "ui/dashboard/dashboard.h"

static const struct option_spec options[] = {
    EXECUTE_SCENARIO_OPTIONS,
    EXECUTE_RECORD_OPTIONS,
    {"speed", 0, "X", "simulated seconds a second, 0.001 to 1000000, or max (default 1)", false},
    {"ascii", 0, NULL, "marks in ASCII, whatever the locale", false},
    {"theme", 0, "dark|light|mono", "colours for this background (default dark)", false},
    {"text", 0, NULL, "print screens as text instead of opening the dashboard", false},
    {"frames", 0, "N", "with --text: so many screens, evenly spread (default 1)", false},
    {"at", 0, "T", "with --text: up to this simulated time (default the end)", false},
    {"size", 0, "WxH", "with --text: columns and rows of a screen (default 80x24)", false},
    {NULL, 0, NULL, NULL, false},
};

static int read_speed(struct cli *cli, double *speed)
{
    const char *value = cli_value(cli, "speed");
    if (value == NULL)
        return 0;
    if (strcmp(value, "max") == 0) {
        *speed = INFINITY;
        return 0;
    }
    char *end;
    const char *digits = value[0] == 'x' ? value + 1 : value;
    *speed = strtod(digits, &end);
    if (end == digits || *end != '\0' || !(*speed >= 1e-3 && *speed <= 1e6)) {
        (void)cli_fail(cli, CLI_WRONG, "--speed %s: a number from 0.001 to 1000000, or max", value);
        return -1;
    }
    return 0;
}

static int read_theme(struct cli *cli, enum theme *theme)
{
    const char *value = cli_value(cli, "theme"), *names[THEMES];
    if (value == NULL)
        return 0;
    for (int t = 0; t < THEMES; t++) {
        names[t] = term_theme_name((enum theme)t);
        if (strcmp(value, names[t]) == 0) {
            *theme = (enum theme)t;
            return 0;
        }
    }
    (void)cli_fail_unknown(cli, "theme", value, names, THEMES);
    return -1;
}

static int read_size(struct cli *cli, struct dashboard_frames *frames)
{
    const char *value = cli_value(cli, "size");
    char *end = NULL;
    if (value == NULL)
        return 0;
    long width = strtol(value, &end, 10), height = 0;
    if (*end == 'x')
        height = strtol(end + 1, &end, 10);
    if (*end != '\0' || width < 1 || width > CANVAS_MAX || height < 1 || height > CANVAS_MAX) {
        (void)cli_fail(cli, CLI_WRONG, "--size %s: columns x rows up to %dx%d, as in 80x24", value,
                       CANVAS_MAX, CANVAS_MAX);
        return -1;
    }
    frames->width = (int)width;
    frames->height = (int)height;
    return 0;
}

static int read_frames(struct cli *cli, struct dashboard_frames *frames)
{
    static const char *const only_text[] = {"frames", "at", "size"};
    struct lb_error error = {0};
    uint64_t count = 1;
    for (size_t i = 0; i < sizeof only_text / sizeof only_text[0]; i++)
        if (!cli_flag(cli, "text") && cli_value(cli, only_text[i]) != NULL) {
            (void)cli_fail(cli, CLI_WRONG, "--%s goes with --text", only_text[i]);
            return -1;
        }
    if (cli_number(cli, "frames", 1, 100000, &count) != 0 || read_size(cli, frames) != 0)
        return -1;
    frames->count = (uint32_t)count;
    frames->headings = cli_value(cli, "frames") != NULL;
    const char *at = cli_value(cli, "at");
    if (at != NULL && scenario_parse_time(at, &frames->until, &error) != 0) {
        (void)cli_fail(cli, CLI_WRONG, "--at %s: %s", at, error.text);
        return -1;
    }
    return 0;
}

/* 1 when an expectation of a whole run does not hold. */
static int verdict(const struct summary *summary)
{
    for (uint32_t i = 0; i < summary->expect_count && !summary->interrupted; i++)
        if (!summary->expects[i].holds)
            return CLI_FAILED;
    return CLI_DONE;
}

static void warn_digest(const struct record_result *result)
{
    if (result->other_digest)
        (void)fprintf(stderr,
                      "lbsim watch: warning: this run was recorded before with another digest "
                      "(%016llx): please report it\n",
                      (unsigned long long)result->digest_before);
}

static int plain_run(struct cli *cli, const struct scenario *scenario, struct record *record)
{
    int status = CLI_DONE;
    struct execution x = {.cli = cli, .scenario = scenario, .record = record};
    cli_catch_signals();
    struct run *run = execute_run(&x, &status);
    if (run == NULL)
        return status;
    warn_digest(&x.recorded);
    const struct summary *summary = run_finish(run, false);
    summary_print(summary, stdout, cli_width(), cli_utf8());
    if (status == CLI_DONE)
        status = verdict(summary);
    run_destroy(run);
    return status;
}

static int watch(struct cli *cli, struct dashboard_setup *setup)
{
    struct lb_error error = {0};
    struct live live;
    int ended_by = 0, status;
    bool opened;
    struct record *record;
    status = execute_open(cli, &record);
    if (status != CLI_DONE)
        return status;
    setup->live.record = record;
    int result = dashboard_run(setup, &live, &ended_by, &opened, &error);
    if (!opened) {
        (void)fprintf(stderr, "lbsim watch: %s: a plain run instead\n", error.text);
        status = plain_run(cli, setup->live.scenario, record);
        record_close(record);
        return status;
    }
    if (live.summary != NULL && ended_by != SIGHUP) {
        warn_digest(&live.result);
        summary_print(live.summary, stdout, cli_width(), cli_utf8());
    }
    if (result != 0)
        status = cli_fail_error(cli, &error);
    else if (ended_by != 0)
        status = CLI_INTERRUPTED;
    else
        status = verdict(live.summary);
    live_close(&live);
    record_close(record);
    return status;
}

static int run_command(struct cli *cli)
{
    struct lb_error error = {0};
    struct dashboard_frames frames = {.width = 80, .height = 24, .until = LB_NEVER};
    struct dashboard_setup setup = {.speed = 1, .may_utf8 = cli_utf8()};
    int status = CLI_DONE;
    setup.ascii = cli_flag(cli, "ascii") || !setup.may_utf8;
    if (read_speed(cli, &setup.speed) != 0 || read_theme(cli, &setup.theme) != 0 ||
        read_frames(cli, &frames) != 0)
        return CLI_WRONG;
    struct scenario *scenario = execute_load(cli, cli->arguments[0], NULL, NULL, &status);
    if (scenario == NULL)
        return status;
    setup.live = (struct live_setup){.scenario = scenario,
                                     .all_samples = cli_value(cli, "samples") != NULL,
                                     .version = cli_version(),
                                     .build = cli_build()};
    if (!cli_flag(cli, "text"))
        status = watch(cli, &setup);
    else if (dashboard_text(&setup, &frames, stdout, &error) != 0)
        status = cli_fail_error(cli, &error);
    scenario_destroy(scenario);
    return status;
}

const struct command command_watch = {
    .name = "watch",
    .usage = "FILE",
    .summary = "run a scenario on the dashboard: pause, step, kill and restore servers",
    .help =
        "Shows the scenario live on the terminal; ? lists the keys. When you quit, the summary "
        "is printed as `lbsim run` prints it, and the run is recorded; one that you left before "
        "its end is marked as interrupted, one that you changed carries your commands.\n\n"
        "With --text it prints screens as text and records nothing. Without a terminal that "
        "can move its cursor it makes a plain run.",
    .examples = "lbsim watch first --speed 5\n"
                "lbsim watch first --text --at 34s  # what the screen shows then\n"
                "lbsim watch first --text --frames 4 --size 120x40 --ascii",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_command,
};
