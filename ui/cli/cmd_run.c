/*
 * run: one replication of a scenario (or several), a summary, a verdict; recorded.
 *
 * Expectations look at the mean over the replications that were run. A line that compares variants
 * makes those variants run too, at the same seed.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "ui/cli/execute.h"

static const struct option_spec options[] = {
    EXECUTE_SCENARIO_OPTIONS,
    EXECUTE_RECORD_OPTIONS,
    {"replications", 'r', "N", "make N replications on independent random numbers", false},
    {"json", 0, NULL, "print one JSON object", false},
    {"csv", 0, NULL, "print comma-separated values, one line a replication", false},
    {"quiet", 'q', NULL, "no words on stderr", false},
    {NULL, 0, NULL, NULL, false},
};

#define REPLICATIONS_MAX 10000U

struct job {
    struct cli *cli;
    struct scenario *scenario;
    struct record *record;
    struct run **runs;              /* by replication */
    uint32_t count, asked;          /* done; to do */
    struct summary_expect *expects; /* means over the replications */
    int status;
};

/* Sets what a comparison of variants came to in every replication of the job. */
static int compare_variants(struct job *job, uint32_t index)
{
    const struct scenario_expect *expect = &job->scenario->expects[index];
    const char *names[2] = {expect->left.variant, expect->right.variant};
    struct scenario *scenarios[2] = {NULL, NULL};
    double sums[2] = {0.0, 0.0};
    int status = CLI_DONE;
    bool known = true;
    for (int side = 0; side < 2 && status == CLI_DONE; side++) {
        scenarios[side] =
            execute_load(job->cli, job->cli->arguments[0], names[side], NULL, &status);
        for (uint32_t r = 0; scenarios[side] != NULL && status == CLI_DONE && r < job->count; r++) {
            struct execution x = {
                .cli = job->cli, .scenario = scenarios[side], .replication = r, .quiet = true};
            struct run *run = execute_run(&x, &status);
            double value = NAN;
            if (run != NULL)
                known &= summary_measure(run_finish(run, false),
                                         side == 0 ? &expect->left : &expect->right, &value);
            sums[side] += value / job->count;
            run_destroy(run);
        }
    }
    struct summary_expect *result = &job->expects[index];
    result->known = known && status == CLI_DONE;
    result->value = result->known && sums[1] != 0.0 ? sums[0] / sums[1] : NAN;
    result->holds = result->known && summary_holds(expect, sums[0], expect->factor * sums[1]);
    scenario_destroy(scenarios[0]);
    scenario_destroy(scenarios[1]);
    return status;
}

/* Means over the replications; a line that could not be measured in one of them is unknown. */
static int judge(struct job *job)
{
    const struct scenario *scenario = job->scenario;
    for (uint32_t i = 0; i < scenario->expect_count; i++) {
        const struct scenario_expect *expect = &scenario->expects[i];
        struct summary_expect *mean = &job->expects[i];
        *mean = run_finish(job->runs[0], false)->expects[i];
        if (expect->against) {
            int status = compare_variants(job, i);
            if (status != CLI_DONE)
                return status;
            continue;
        }
        mean->value = 0.0;
        for (uint32_t r = 0; r < job->count; r++) {
            const struct summary_expect *one = &run_finish(job->runs[r], false)->expects[i];
            mean->known = mean->known && one->known;
            mean->value += one->value / job->count;
        }
        mean->holds = mean->known && summary_holds(expect, mean->value, expect->value);
    }
    return CLI_DONE;
}

/* A summary of replication r that shows the job's verdicts in place of its own. */
static struct summary with_verdicts(const struct job *job, uint32_t r)
{
    struct summary summary = *run_finish(job->runs[r], false);
    summary.expects = job->expects;
    return summary;
}

static void print_json(const struct job *job)
{
    struct json json;
    json_init(&json);
    if (job->asked == 1) {
        struct summary summary = with_verdicts(job, 0);
        summary_json(&summary, &json, NULL);
    } else {
        json_object(&json, NULL);
        json_list(&json, "replications");
        for (uint32_t r = 0; r < job->count; r++)
            summary_json(run_finish(job->runs[r], false), &json, NULL);
        json_end_list(&json);
        json_list(&json, "expect");
        for (uint32_t i = 0; i < job->scenario->expect_count; i++) {
            char buf[64];
            const struct summary_expect *e = &job->expects[i];
            json_object(&json, NULL);
            json_string(&json, "text", e->text);
            json_bool(&json, "holds", e->holds);
            json_string(&json, "value",
                        summary_format(buf, sizeof buf, e->ratio ? UNIT_COUNT : e->unit, e->value));
            json_end_object(&json);
        }
        json_end_list(&json);
        json_end_object(&json);
    }
    puts(json.text.data);
    json_done(&json);
}

/* A field of comma-separated values: quoted when it must be (RFC 4180). A leading formula sign is
 * quoted too; that is all a spreadsheet can be told. */
static void csv_field(const char *value)
{
    if (strpbrk(value, ",\"\r\n") == NULL) {
        fputs(value, stdout);
        return;
    }
    putchar('"');
    for (; *value != '\0'; value++) {
        if (*value == '"')
            putchar('"');
        putchar(*value);
    }
    putchar('"');
}

static void print_csv(const struct job *job)
{
    puts("scenario,variant,algorithm,seed,replication,digest,arrived,ok,failed,in_flight,"
         "mean_ms,p50_ms,p90_ms,p99_ms,p99_9_ms,throughput_per_s,goodput_per_s,imbalance");
    for (uint32_t r = 0; r < job->count; r++) {
        const struct summary *s = run_finish(job->runs[r], false);
        const double p[] = {0.5, 0.9, 0.99, 0.999};
        csv_field(s->scenario->name);
        putchar(',');
        csv_field(s->scenario->variant);
        printf(",%s,%llu,%u,%016llx,%llu,%llu,%llu,%llu,", s->algorithm,
               (unsigned long long)s->seed, s->replication, (unsigned long long)s->digest,
               (unsigned long long)s->counts.arrived, (unsigned long long)s->counts.ok,
               (unsigned long long)s->counts.failed, (unsigned long long)s->counts.in_flight);
        if (s->latency.count > 0)
            printf("%.6g", histogram_mean(&s->latency) / 1e6);
        for (int i = 0; i < 4; i++) {
            putchar(',');
            if (s->latency.count > 0)
                printf("%.6g", histogram_quantile(&s->latency, p[i]) / 1e6);
        }
        printf(",%.7g,%.7g,%.5g\n", s->throughput, s->goodput, s->imbalance);
    }
}

static void print_text(const struct job *job)
{
    if (job->asked > 1)
        printf("%-12s%18s%12s%12s%12s%10s\n", "REPLICATION", "DIGEST", "MEAN", "P99", "ERRORS",
               "GOODPUT");
    for (uint32_t r = 0; job->asked > 1 && r < job->count; r++) {
        const struct summary *s = run_finish(job->runs[r], false);
        char buf[3][32];
        printf(
            "%-12u  %016llx%12s%12s%12s%8.4g/s\n", r, (unsigned long long)s->digest,
            summary_format(buf[0], sizeof buf[0], UNIT_TIME, histogram_mean(&s->latency)),
            summary_format(buf[1], sizeof buf[1], UNIT_TIME, histogram_quantile(&s->latency, 0.99)),
            summary_format(buf[2], sizeof buf[2], UNIT_SHARE, 1.0 - s->availability), s->goodput);
    }
    if (job->asked > 1)
        puts("");
    struct summary last = with_verdicts(job, job->count - 1);
    summary_print(&last, stdout, cli_width(), cli_utf8());
}

static void run_all(struct job *job, bool quiet)
{
    for (uint32_t r = 0; r < job->asked && job->status == CLI_DONE; r++) {
        struct execution x = {.cli = job->cli,
                              .scenario = job->scenario,
                              .record = job->record,
                              .replication = r,
                              .quiet = quiet};
        job->runs[r] = execute_run(&x, &job->status);
        if (job->runs[r] == NULL)
            return;
        job->count++;
        if (x.recorded.other_digest)
            fprintf(stderr,
                    "lbsim run: warning: this run was recorded before with another digest "
                    "(%016llx): please report it\n",
                    (unsigned long long)x.recorded.digest_before);
    }
}

static int finish(struct job *job)
{
    if (job->count == 0)
        return job->status;
    int status = job->status;
    if (status == CLI_DONE)
        status = judge(job);
    else
        for (uint32_t i = 0; i < job->scenario->expect_count; i++)
            job->expects[i] = run_finish(job->runs[0], false)->expects[i];
    if (cli_flag(job->cli, "json"))
        print_json(job);
    else if (cli_flag(job->cli, "csv"))
        print_csv(job);
    else
        print_text(job);
    for (uint32_t i = 0; i < job->scenario->expect_count && status == CLI_DONE; i++)
        if (!job->expects[i].holds)
            status = CLI_FAILED;
    return status;
}

static int run_command(struct cli *cli)
{
    uint64_t replications = 1;
    bool quiet = cli_flag(cli, "quiet");
    struct job job = {.cli = cli};
    if (cli_flag(cli, "json") && cli_flag(cli, "csv"))
        return cli_fail(cli, CLI_WRONG, "--json and --csv exclude each other");
    if (cli_number(cli, "replications", 1, REPLICATIONS_MAX, &replications) != 0)
        return CLI_WRONG;
    job.scenario = execute_load(cli, cli->arguments[0], NULL, NULL, &job.status);
    if (job.scenario == NULL)
        return job.status;
    job.record = execute_open(cli, &job.status);
    if (job.record == NULL) {
        scenario_destroy(job.scenario);
        return job.status;
    }
    cli_catch_signals();
    job.asked = (uint32_t)replications;
    job.runs = text_need_zero(job.asked, sizeof(struct run *));
    job.expects = text_need_zero(job.scenario->expect_count + 1, sizeof *job.expects);
    run_all(&job, quiet);
    int status = finish(&job);
    for (uint32_t r = 0; r < job.asked; r++)
        run_destroy(job.runs[r]);
    free(job.runs);
    free(job.expects);
    record_close(job.record);
    scenario_destroy(job.scenario);
    return status;
}

const struct command command_run = {
    .name = "run",
    .usage = "FILE",
    .summary = "run a scenario once, print a summary and a verdict, record it",
    .help = "Makes one replication of the scenario (a file, or the name of one that comes with "
            "lbsim) and prints what it came to. The exit status is 1 when an expectation of the "
            "scenario does not hold.\n\n"
            "The same scenario, seed and version give the same digest on every run.",
    .examples = "lbsim run first  # the scenario of the tour\n"
                "lbsim run first --algorithm round-robin --seed 7\n"
                "lbsim run my.yaml --set clients.browsers.arrivals.rate=150/s --json",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_command,
};
