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
#include "ui/cli/keep.h"
#include "ui/cli/margins.h"
#include "ui/cli/trace.h"

static const struct option_spec options[] = {
    EXECUTE_SCENARIO_OPTIONS,
    EXECUTE_RECORD_OPTIONS,
    {"replications", 'r', "N", "make N replications on independent random numbers", false},
    {"json", 0, NULL, "print one JSON object", false},
    {"csv", 0, NULL, "print comma-separated values, one line a replication", false},
    KEEP_OPTIONS,
    TRACE_OPTION,
    MARGINS_OPTIONS,
    {"quiet", 'q', NULL, "no words on stderr", false},
    {NULL, 0, NULL, NULL, false},
};

#define REPLICATIONS_MAX 10000U

struct job {
    struct cli *cli;
    struct scenario *scenario;
    struct record *record;
    struct run *last;      /* the last one done; the others are gone: memory does not grow */
    uint32_t count, asked; /* done; to do */
    struct summary_expect *expects; /* sums, in the end means, over the replications */
    struct json json;               /* objects of the replications done */
    struct text rows;               /* lines of the table or of comma-separated values */
    int64_t recorded;               /* the number of the last one in the database */
    int status;
};

/* Runs one side of a comparison of variants as often as the job did; the mean of its measure. */
static int measure_variant(const struct job *job, const struct scenario_measure *measure,
                           double *mean, bool *known)
{
    int status = CLI_DONE;
    struct scenario *scenario = execute_reload(job->cli, job->scenario, measure->variant, &status);
    *mean = 0.0;
    for (uint32_t r = 0; scenario != NULL && status == CLI_DONE && r < job->count; r++) {
        struct execution x = {
            .cli = job->cli, .scenario = scenario, .replication = r, .quiet = true};
        struct run *run = execute_run(&x, &status);
        double value = NAN;
        if (run != NULL)
            *known &= summary_measure(run_finish(run, false), measure, &value);
        *mean += value / job->count;
        run_destroy(run);
    }
    scenario_destroy(scenario);
    return status;
}

static int compare_variants(struct job *job, uint32_t index)
{
    const struct scenario_expect *expect = &job->scenario->expects[index];
    struct summary_expect *result = &job->expects[index];
    double left = NAN, right = NAN;
    result->known = true;
    int status = measure_variant(job, &expect->left, &left, &result->known);
    if (status == CLI_DONE)
        status = measure_variant(job, &expect->right, &right, &result->known);
    result->known = result->known && status == CLI_DONE;
    result->value = result->known && right != 0.0 ? left / right : NAN;
    result->holds = result->known && summary_holds(expect, left, expect->factor * right);
    return status;
}

/* From sums to means; a line that could not be measured in one replication is unknown. */
static int judge(struct job *job)
{
    for (uint32_t i = 0; i < job->scenario->expect_count; i++) {
        const struct scenario_expect *expect = &job->scenario->expects[i];
        struct summary_expect *mean = &job->expects[i];
        if (expect->against) {
            int status = compare_variants(job, i);
            if (status != CLI_DONE)
                return status;
            continue;
        }
        mean->value /= job->count;
        mean->holds = mean->known && summary_holds(expect, mean->value, expect->value);
    }
    return CLI_DONE;
}

static void add_expects(struct job *job, const struct summary *summary)
{
    for (uint32_t i = 0; i < summary->expect_count; i++) {
        const struct summary_expect *one = &summary->expects[i];
        struct summary_expect *sum = &job->expects[i];
        if (job->count == 0) {
            *sum = *one;
        } else {
            sum->known = sum->known && one->known;
            sum->value += one->value;
        }
    }
}

/* The last summary, with the verdicts of the whole job in place of its own. */
static struct summary with_verdicts(const struct job *job)
{
    struct summary summary = *run_finish(job->last, false);
    summary.expects = job->expects;
    return summary;
}

static void print_json(struct job *job)
{
    struct json *json = &job->json;
    if (job->asked == 1) {
        struct summary summary = with_verdicts(job);
        summary_json(&summary, json, NULL);
    } else {
        json_end_list(json);
        summary_json_expects(job->expects, job->scenario->expect_count, json);
        json_end_object(json);
    }
    puts(json->text.data);
}

#define CSV_HEAD                                                                                   \
    "scenario,variant,algorithm,seed,replication,digest,arrived,ok,failed,in_flight,"              \
    "mean_ms,p50_ms,p90_ms,p99_ms,p99_9_ms,throughput_per_s,goodput_per_s,imbalance\n"

static void csv_row(struct text *to, const struct summary *s)
{
    const double p[] = {0.5, 0.9, 0.99, 0.999};
    text_add_csv(to, s->scenario->name);
    text_addf(to, ",");
    text_add_csv(to, s->scenario->variant);
    text_addf(to, ",%s,%llu,%u,%016llx,%llu,%llu,%llu,%llu,", s->algorithm,
              (unsigned long long)s->seed, s->replication, (unsigned long long)s->digest,
              (unsigned long long)s->counts.arrived, (unsigned long long)s->counts.ok,
              (unsigned long long)s->counts.failed, (unsigned long long)s->counts.in_flight);
    if (s->latency.count > 0)
        text_addf(to, "%.6g", histogram_mean(&s->latency) / 1e6);
    for (int i = 0; i < 4; i++) {
        text_addf(to, ",");
        if (s->latency.count > 0)
            text_addf(to, "%.6g", histogram_quantile(&s->latency, p[i]) / 1e6);
    }
    text_addf(to, ",%.7g,%.7g,", s->throughput, s->goodput);
    text_addf(to, isfinite(s->imbalance) ? "%.5g\n" : "\n", s->imbalance);
}

static void table_row(struct text *to, const struct summary *s)
{
    char buf[3][32];
    double p99 = histogram_quantile(&s->latency, 0.99);
    text_addf(to, "%-12u  %016llx%12s%12s%12s%10.4g/s\n", s->replication,
              (unsigned long long)s->digest,
              summary_format(buf[0], sizeof buf[0], UNIT_TIME, histogram_mean(&s->latency)),
              summary_format(buf[1], sizeof buf[1], UNIT_TIME, p99),
              summary_format(buf[2], sizeof buf[2], UNIT_SHARE, 1.0 - s->availability), s->goodput);
}

static void print_text(const struct job *job)
{
    if (job->asked > 1)
        printf("%-12s%18s%12s%12s%12s%12s\n%s\n", "REPLICATION", "DIGEST", "MEAN", "P99", "ERRORS",
               "GOODPUT", job->rows.data);
    struct summary last = with_verdicts(job);
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
        struct run *run = execute_run(&x, &job->status);
        if (run == NULL)
            return;
        run_destroy(job->last);
        job->last = run;
        const struct summary *summary = run_finish(run, false);
        add_expects(job, summary);
        if (cli_flag(job->cli, "csv"))
            csv_row(&job->rows, summary);
        else if (job->asked > 1)
            table_row(&job->rows, summary);
        if (job->asked > 1)
            summary_json(summary, &job->json, NULL);
        job->count++;
        job->recorded = x.recorded.run;
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
    int status = job->status == CLI_DONE ? judge(job) : job->status;
    if (cli_flag(job->cli, "json"))
        print_json(job);
    else if (cli_flag(job->cli, "csv"))
        printf("%s%s", CSV_HEAD, job->rows.data);
    else
        print_text(job);
    if (job->record != NULL && !cli_flag(job->cli, "quiet")) {
        const char *db = cli_value(job->cli, "db");
        (void)fflush(stdout);
        fprintf(stderr, "Recorded as run %lld in ", (long long)job->recorded);
        text_print(stderr, db != NULL ? db : "lbsim.db");
        fputs(".\n", stderr);
    }
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
    if (cli_flag(cli, "margins") && cli_value(cli, "trace-request") != NULL)
        return cli_fail(cli, CLI_WRONG, "--margins and --trace-request exclude each other");
    if (cli_flag(cli, "margins"))
        return margins_command(cli);
    if (cli_value(cli, "margin") != NULL || cli_value(cli, "seeds") != NULL ||
        cli_value(cli, "jobs") != NULL)
        return cli_fail(cli, CLI_WRONG, "--margin, --seeds and --jobs belong to --margins");
    if (cli->argument_count > 1)
        return cli_fail(cli, CLI_WRONG, "one scenario at a time, except with --margins");
    if (cli_value(cli, "trace-request") != NULL)
        return trace_command(cli);
    if (cli_number(cli, "replications", 1, REPLICATIONS_MAX, &replications) != 0)
        return CLI_WRONG;
    job.scenario = execute_load(cli, cli->arguments[0], NULL, NULL, &job.status);
    if (job.scenario == NULL)
        return job.status;
    job.status = execute_open(cli, &job.record);
    if (job.status == CLI_DONE && replications > 1 && cli_value(cli, "save-baseline") != NULL)
        job.status = cli_fail(cli, CLI_WRONG, "--save-baseline names one run, or a sweep");
    if (job.status == CLI_DONE)
        job.status = keep_check(cli, job.record);
    if (job.status != CLI_DONE) {
        record_close(job.record);
        scenario_destroy(job.scenario);
        return job.status;
    }
    cli_catch_signals();
    job.asked = (uint32_t)replications;
    text_init(&job.rows);
    json_init(&job.json);
    if (job.asked > 1) {
        json_object(&job.json, NULL);
        json_list(&job.json, "replications");
    }
    job.expects = text_need_zero(job.scenario->expect_count + 1, sizeof *job.expects);
    run_all(&job, quiet);
    int status = finish(&job);
    if (job.recorded > 0 && (status == CLI_DONE || status == CLI_FAILED)) {
        int kept = keep_save(cli, job.record, NAMED_RUN, job.recorded);
        status = kept != CLI_DONE ? kept : status;
    }
    run_destroy(job.last);
    text_done(&job.rows);
    json_done(&job.json);
    free(job.expects);
    record_close(job.record);
    scenario_destroy(job.scenario);
    return status;
}

const struct command command_run = {
    .name = "run",
    .usage = "FILE ...",
    .summary = "run a scenario once, print a summary and a verdict, record it",
    .help = "Makes one replication of the scenario (a file, or the name of one that comes with "
            "lbsim) and prints what it came to. The exit status is 1 when an expectation of the "
            "scenario does not hold.\n\n"
            "The same scenario, seed and version give the same digest on every run.\n\n"
            "With --trace-request, the story of one request: what the balancer believed of each "
            "candidate, what was true, who was picked, where the time went, and how it ended.\n\n"
            "With --margins, any number of files: every variant of each is run at 20 seeds, and "
            "each expectation is shown with the distance from the mean of what it measures to its "
            "bound, in standard deviations of a single run. The exit status is 1 when one is "
            "below 4.",
    .examples = "lbsim run first  # the scenario of the tour\n"
                "lbsim run first --algorithm round-robin --seed 7\n"
                "lbsim run my.yaml --set clients.browsers.arrivals.rate=150/s --json\n"
                "lbsim run first --trace-request 8000  # what became of one request, and why\n"
                "lbsim run --margins scenarios/*.yaml  # which expectations are close calls",
    .options = options,
    .arguments_min = 1,
    .arguments_max = CLI_ANY,
    .run = run_command,
};
