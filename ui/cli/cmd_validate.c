/*
 * validate: simulation against queueing theory, as a table. The cases, the theory and the rule are
 * those of sim/lab; here is what a person asks for and what he is shown.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/json.h"
#include "sim/base/wall.h"
#include "sim/lab/validate.h"
#include "sim/scenario/load.h"
#include "ui/cli/cli.h"
#include "ui/cli/many.h"
#include "ui/cli/validate.h"

static const struct option_spec options[] = {
    {"row", 'r', "CASE", "only this case or this family, as in 'M/M/c rho=0.9 c=5'", true},
    {"families", 0, NULL, "list the families and their parameters instead", false},
    {"quick", 0, NULL, "a quarter of the requests: standard error at most 2 %", false},
    {"coverage", 0, NULL, "see how often 95 % intervals hold the truth instead", false},
    {"experiments", 0, "N", "with --coverage: this many of each case (default: 400)", false},
    {"seed", 0, "N", "use this seed instead of 1", false},
    {"jobs", 'j', "N", "use N threads; the figures do not depend on it (default: all processors)",
     false},
    {"show", 0, NULL, "print the scenario of each case instead of running it", false},
    {"json", 0, NULL, "print one JSON object", false},
    {"csv", 0, NULL, "print comma-separated values, one line a row", false},
    {"quiet", 'q', NULL, "no words on stderr", false},
    {NULL, 0, NULL, NULL, false},
};

struct job {
    struct cli *cli;
    struct validate_setup setup;
    enum form form;
    const char *heading; /* under which the last row was printed */
    bool quick, progress;
    struct json json;
    uint32_t cases, rows, failed;
    size_t replications_max;
    int64_t started;
};

#define FAMILIES_MAX 128

/* --- which cases ------------------------------------------------------------------------------ */

struct list {
    struct theory_case *at;
    uint32_t count;
};

static int list_add(struct list *list, const struct cli *cli, const char *text)
{
    struct lb_error error;
    list->at = text_need_more(list->at, (list->count + 1) * sizeof *list->at);
    if (theory_parse(&list->at[list->count], text, &error) != 0)
        return cli_fail_error(cli, &error);
    list->count++;
    return CLI_DONE;
}

/* The tabulated cases of a family, or of all (-1). A case has several values in a row. */
static int list_add_family(struct list *list, const struct cli *cli, int family)
{
    const char *last = "";
    int status = CLI_DONE;
    const struct theory_reference *r;
    for (uint32_t i = 0; (r = theory_reference(i)) != NULL && status == CLI_DONE; i++) {
        const char *row = r->row;
        if (strcmp(row, last) != 0 && (family < 0 || theory_family_of(row) == family))
            status = list_add(list, cli, row);
        last = row;
    }
    return status;
}

static int unknown_family(const struct cli *cli, const char *row)
{
    const char *names[FAMILIES_MAX];
    const char *written, *what;
    char word[64];
    uint32_t count = 0;
    while (count < FAMILIES_MAX && theory_family(count, &names[count], &written, &what))
        count++;
    (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(row, " "), row);
    return cli_fail_unknown(cli, "family", word, names, count);
}

/* The cases of the coverage gate, unless others are asked for. */
static int list_add_coverage(struct list *list, const struct cli *cli)
{
    const char *row;
    int status = CLI_DONE;
    for (uint32_t i = 0; (row = coverage_case(i)) != NULL && status == CLI_DONE; i++)
        status = list_add(list, cli, row);
    return status;
}

/* What --row asks for: a case when it has parameters, else the tabulated ones of a family. */
static int list_fill(struct list *list, const struct cli *cli)
{
    uint32_t count;
    const char *const *rows = cli_values(cli, "row", &count);
    int status = CLI_DONE;
    if (count == 0)
        status = cli_flag(cli, "coverage") ? list_add_coverage(list, cli)
                                           : list_add_family(list, cli, -1);
    for (uint32_t i = 0; i < count && status == CLI_DONE; i++) {
        int family = theory_family_of(rows[i]);
        if (family < 0)
            return unknown_family(cli, rows[i]);
        status = strchr(rows[i], '=') != NULL ? list_add(list, cli, rows[i])
                                              : list_add_family(list, cli, family);
    }
    return status;
}

/* --- output ----------------------------------------------------------------------------------- */

static void print_head(struct job *job)
{
    if (job->form == FORM_CSV)
        puts("case,quantity,theory,accuracy,simulation,low,high,standard_error,replications,seed,"
             "distance,first_distance,verdict,group");
    if (job->form == FORM_TABLE)
        printf("  %-11s%10s%12s  %-22s%8s%8s  %s\n", "QUANTITY", "THEORY", "SIMULATION",
               "95 % INTERVAL", "ERROR", "OFF BY", "VERDICT");
    if (job->form != FORM_JSON)
        return;
    json_init(&job->json);
    json_object(&job->json, NULL);
    json_uint(&job->json, "seed", job->setup.seed);
    json_double(&job->json, "precision", job->setup.precision);
    json_double(&job->json, "limit", VALIDATE_LIMIT);
    json_list(&job->json, "rows");
}

static void json_row(struct json *json, const struct theory_case *c, const struct validate_row *row)
{
    const struct estimate *e = &row->simulation;
    json_object(json, NULL);
    json_string(json, "group", theory_case_heading(c));
    json_string(json, "case", c->name);
    json_string(json, "quantity", theory_quantity_name(row->theory.quantity));
    json_double(json, "theory", row->theory.value);
    json_double(json, "accuracy", row->theory.accuracy);
    json_string(json, "source", row->theory.source);
    json_double(json, "simulation", e->mean);
    json_double(json, "low", e->low);
    json_double(json, "high", e->high);
    json_double(json, "standard_error", e->se);
    json_uint(json, "replications", e->count);
    json_round(json, "requests", row->requests, 6);
    json_uint(json, "seed", row->seed);
    json_round(json, "distance", row->distance, 6);
    json_round(json, "first_distance", row->first_distance, 6);
    json_string(json, "verdict", validate_word(row->verdict));
    json_end_object(json);
}

static void print_row(struct job *job, const struct theory_case *c, const struct validate_row *row)
{
    const struct estimate *e = &row->simulation;
    const char *quantity = theory_quantity_name(row->theory.quantity);
    const char *verdict = validate_word(row->verdict);
    char interval[64];
    if (job->form == FORM_JSON) {
        json_row(&job->json, c, row);
    } else if (job->form == FORM_CSV) {
        printf("%s,%s,%.10g,%.3g,%.10g,%.10g,%.10g,%.6g,%zu,%llu,%.4g,%.4g,%s,\"%s\"\n", c->name,
               quantity, row->theory.value, row->theory.accuracy, e->mean, e->low, e->high, e->se,
               e->count, (unsigned long long)row->seed, row->distance, row->first_distance, verdict,
               theory_case_heading(c));
    } else {
        (void)snprintf(interval, sizeof interval, "[%#.5g, %#.5g]", e->low, e->high);
        printf("  %-11s%#10.5g%#12.5g  %-22s%6.2f %%%+8.1f  %s\n", quantity, row->theory.value,
               e->mean, interval, 100 * e->se / fabs(e->mean), row->distance, verdict);
    }
}

/* The heading, when it is another one, and the case. */
static void print_title(struct job *job, const struct theory_case *c)
{
    const char *heading = theory_case_heading(c);
    if (job->heading != heading)
        printf("%s%s\n", job->heading != NULL ? "\n" : "", heading);
    job->heading = heading;
    printf("%s\n", c->name);
}

static void print_foot(struct job *job, bool whole)
{
    if (job->form == FORM_JSON) {
        json_end_list(&job->json);
        json_uint(&job->json, "failed", job->failed);
        json_bool(&job->json, "whole", whole);
        json_double(&job->json, "wall_s", (double)(wall_now() - job->started) / 1e9);
        json_end_object(&job->json);
        puts(job->json.text.data);
        json_done(&job->json);
    }
    if (job->form != FORM_TABLE || !whole || job->rows == 0)
        return;
    printf("\nERROR is the standard error, OFF BY the distance from theory in standard errors.\n");
    if (job->failed == 0)
        printf("%u of %u rows agree with theory: within %.1f standard errors, which are\n"
               "at most %g %%, over %d to %zu replications (seed %llu).\n",
               job->rows, job->rows, VALIDATE_LIMIT, 100 * job->setup.precision,
               VALIDATE_REPLICATIONS_MIN, job->replications_max,
               (unsigned long long)job->setup.seed);
    else
        printf("%u of %u rows do not agree with theory (seed %llu and the next).\n", job->failed,
               job->rows, (unsigned long long)job->setup.seed);
}

/* --- one case --------------------------------------------------------------------------------- */

static struct scenario *load(void *self, const char *text, size_t size, struct lb_error *error)
{
    struct scenario_request request = {
        .path = "the scenario of a case", .text = text, .text_size = size};
    struct text messages;
    int status;
    (void)self;
    text_init(&messages);
    struct scenario *scenario = scenario_load(&request, &messages, &status);
    if (scenario == NULL)
        lb_error_set(error, LB_ERROR_INVALID, "%.1000s", messages.data);
    text_done(&messages);
    return scenario;
}

static void show_progress(const struct job *job, const char *name)
{
    if (job->progress)
        fprintf(stderr, "\r%-70.70s\r", name);
    (void)fflush(stderr);
}

static int run_case(struct job *job, const struct theory_case *c)
{
    struct validate_row rows[THEORY_KNOWN_MAX];
    struct lb_error error = {.code = LB_ERROR_NONE};
    show_progress(job, c->name);
    int status = validate_case(&job->setup, c, rows, &error);
    show_progress(job, "");
    if (status != 0)
        return status > 0 ? CLI_INTERRUPTED : cli_fail_error(job->cli, &error);
    if (job->form == FORM_TABLE)
        print_title(job, c);
    for (uint32_t k = 0; k < c->known_count; k++) {
        print_row(job, c, &rows[k]);
        job->failed += rows[k].verdict == VALIDATE_MISS || rows[k].verdict == VALIDATE_WIDE;
        if (rows[k].simulation.count > job->replications_max)
            job->replications_max = rows[k].simulation.count;
    }
    job->rows += c->known_count;
    job->cases++;
    (void)fflush(stdout);
    return CLI_DONE;
}

/* --families: what --row takes. */
static void show_families(void)
{
    const char *name, *written, *what, *last = "";
    for (uint32_t i = 0; theory_family(i, &name, &written, &what); i++) {
        const char *heading = theory_heading(i);
        if (strcmp(heading, last) != 0)
            printf("%s%s\n", i > 0 ? "\n" : "", heading);
        last = heading;
        printf("  %-20s %-26s %s\n", name, written, what);
    }
}

/* --show: documents that `lbsim run -` takes, one at a time. */
static void show_case(struct job *job, const struct theory_case *c)
{
    struct text yaml;
    text_init(&yaml);
    if (theory_is_trial(c)) {
        fprintf(stderr, "%s asks an algorithm alone: there is no scenario\n", c->name);
        text_done(&yaml);
        return;
    }
    theory_scenario(c, validate_requests(c, job->setup.precision),
                    validate_seed(c, job->setup.seed), &yaml);
    if (job->cases++ > 0)
        puts("---");
    for (uint32_t k = 0; k < c->known_count; k++)
        printf("# %s = %.10g: %s\n", theory_quantity_name(c->known[k].quantity), c->known[k].value,
               c->known[k].source);
    fputs(yaml.data, stdout);
    text_done(&yaml);
}

static int read_options(struct job *job)
{
    struct cli *cli = job->cli;
    uint32_t threads;
    uint64_t seed = 1;
    if (cli_flag(cli, "json") && cli_flag(cli, "csv"))
        return cli_fail(cli, CLI_WRONG, "--json and --csv exclude each other");
    if (many_threads(cli, &threads) != 0 || cli_number(cli, "seed", 0, UINT64_MAX - 1, &seed) != 0)
        return CLI_WRONG;
    if (cli_flag(cli, "coverage") && cli_flag(cli, "show"))
        return cli_fail(cli, CLI_WRONG, "--coverage and --show exclude each other");
    if (cli_value(cli, "experiments") != NULL && !cli_flag(cli, "coverage"))
        return cli_fail(cli, CLI_WRONG, "--experiments goes with --coverage");
    job->form = cli_flag(cli, "json") ? FORM_JSON : cli_flag(cli, "csv") ? FORM_CSV : FORM_TABLE;
    job->progress = !cli_flag(cli, "quiet") && isatty(STDERR_FILENO) == 1;
    job->setup = (struct validate_setup){
        .seed = seed,
        .threads = threads,
        .precision = cli_flag(cli, "quick") ? VALIDATE_PRECISION_QUICK : VALIDATE_PRECISION,
        .load = load,
        .stop = many_stop,
    };
    return CLI_DONE;
}

static int validate_command(struct cli *cli)
{
    struct job job = {.cli = cli, .started = wall_now()};
    struct list list = {0};
    int status = read_options(&job);
    if (status == CLI_DONE && cli_flag(cli, "families")) {
        show_families();
        return CLI_DONE;
    }
    if (status == CLI_DONE)
        status = list_fill(&list, cli);
    bool shows = cli_flag(cli, "show");
    if (status == CLI_DONE) {
        cli_catch_signals();
        if (cli_flag(cli, "coverage")) {
            status = validate_coverage(cli, &job.setup, list.at, list.count, job.form);
            free(list.at);
            return status;
        }
        if (!shows)
            print_head(&job);
        for (uint32_t i = 0; i < list.count && status == CLI_DONE; i++)
            if (shows)
                show_case(&job, &list.at[i]);
            else
                status = run_case(&job, &list.at[i]);
        if (!shows)
            print_foot(&job, status == CLI_DONE);
        if (status == CLI_DONE && job.failed > 0)
            status = CLI_FAILED;
    }
    free(list.at);
    return status;
}

const struct command command_validate = {
    .name = "validate",
    .usage = "",
    .summary = "simulation against theory, as a table",
    .help =
        "Runs what theory knows the figures of, and compares. Every case is replicated at least 20 "
        "times: queues from empty, the warm-up, a tenth of the run or 20 relaxation times if that "
        "is more, not measured; other scenarios, and trials of an algorithm alone, as they stand. "
        "Replications are added until the standard error is at most 1 % (at most 400). A row fails "
        "when it misses by more than 3.5 standard errors at two seeds; then the exit status is 1. "
        "A right row does so by chance once in 170,000. Each case makes its seed from the one "
        "given "
        "and its own name.\n\n"
        "Own cases: --row takes a family and its parameters; --families lists them. In queues rho "
        "is "
        "the load of a server; lambda= (arrivals per second) may stand for it; mu=1 (services per "
        "second of a server) may be written. A family alone means its tabulated cases. What has no "
        "formula is computed: for power-of-two and least-connections from a Markov chain, for a "
        "few "
        "backends and not too high a load.\n\n"
        "With --coverage it is the intervals that are tried: 400 experiments of 20 replications "
        "with at least 20,000 requests each go through the protocol of `sweep`, warm-up rule and "
        "all. The number of 95 % intervals that hold the exact mean is binomial; when it lies "
        "outside the band of 99 % (368 to 390 of 400) the exit status is 1. --quick makes 100.",
    .examples = "lbsim validate --quick  # some seconds\n"
                "lbsim validate --row 'M/M/c rho=0.9 c=5' --row round-robin\n"
                "lbsim validate --row 'M/M/1 rho=0.85' --show | lbsim run - --db :memory:\n"
                "lbsim validate --coverage -j 8  # some minutes of processor time",
    .options = options,
    .arguments_min = 0,
    .arguments_max = 0,
    .run = validate_command,
};
