/* See margins.h. The measuring is sim/lab's. */
#include "sim/lab/margins.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/text.h"
#include "ui/cli/execute.h"
#include "ui/cli/many.h"
#include "ui/cli/margins.h"

#define SEEDS_MAX 10000U

enum form { FORM_TABLE, FORM_JSON, FORM_CSV };

struct job {
    struct cli *cli;
    enum form form;
    struct margins_setup setup;
    double margin; /* below it a line fails */
    const char *name;
    struct scenario *first; /* the file as it was read first */
    int load_status;
    uint32_t rows, below;
    double least; /* margin of all */
    struct json json;
};

static struct scenario *load(void *self, const char *variant)
{
    struct job *job = self;
    if (job->first == NULL)
        return execute_load(job->cli, job->name, variant, NULL, &job->load_status);
    return execute_reload(job->cli, job->first, variant, &job->load_status);
}

/* --- output ----------------------------------------------------------------------------------- */

#define TEXT_COLUMNS 48

static const char *figure(char *buf, size_t size, const struct margin *row, double value)
{
    return row->known ? summary_format(buf, size, row->unit, value) : "-";
}

static const char *margin_word(char *buf, size_t size, const struct margin *row)
{
    if (!row->known)
        return "unknown";
    if (isinf(row->margin))
        return row->margin > 0 ? "never fails" : "always fails";
    (void)snprintf(buf, size, "%.1f", row->margin);
    return buf;
}

static void print_row(const struct job *job, const struct margin *row)
{
    char buf[4][32];
    char shown[256];
    text_escape(shown, sizeof shown, row->text, strlen(row->text));
    int pad = TEXT_COLUMNS - (int)text_width(shown, strlen(shown));
    printf("  %s%*s%11s%11s%11s%14s%s\n", shown, pad > 1 ? pad : 1, "",
           figure(buf[0], sizeof buf[0], row, row->mean),
           figure(buf[1], sizeof buf[1], row, row->bound),
           figure(buf[2], sizeof buf[2], row, row->deviation),
           margin_word(buf[3], sizeof buf[3], row), row->margin < job->margin ? "  TOO SMALL" : "");
}

static void print_table(const struct job *job, const struct margins *margins)
{
    const char *variant = NULL;
    text_print(stdout, job->name);
    fputs("\n", stdout);
    for (uint32_t i = 0; i < margins->count; i++) {
        const struct margin *row = &margins->rows[i];
        if (variant == NULL || strcmp(row->variant, variant) != 0) {
            variant = row->variant;
            char shown[128];
            text_escape(shown, sizeof shown, variant, strlen(variant));
            int width = (int)text_width(shown, strlen(shown));
            printf("%s%*s%11s%11s%11s%14s\n", width > 0 ? shown : "(variants compared)",
                   TEXT_COLUMNS + 2 - (width > 0 ? width : 19), "", "MEAN", "BOUND", "DEVIATION",
                   "MARGIN");
        }
        print_row(job, row);
    }
    if (margins->count == 0)
        fputs("  expects nothing\n", stdout);
    fputs("\n", stdout);
    (void)fflush(stdout);
}

/* A margin that is not finite is absent from JSON, and empty in comma-separated values. */
static void add_json(struct job *job, const struct margins *margins)
{
    static const char *const units[] = {"ns", "/s", "share", "count"};
    struct json *json = &job->json;
    json_object(json, NULL);
    json_string(json, "file", margins->variants[0]->path);
    json_string(json, "scenario", margins->variants[0]->name);
    json_list(json, "rows");
    for (uint32_t i = 0; i < margins->count; i++) {
        const struct margin *row = &margins->rows[i];
        json_object(json, NULL);
        if (!row->against)
            json_string(json, "variant", row->variant);
        json_string(json, "text", row->text);
        json_bool(json, "known", row->known);
        if (row->known) {
            json_string(json, "unit", units[row->unit]);
            json_double(json, "mean", row->mean);
            json_double(json, "bound", row->bound);
            json_double(json, "deviation", row->deviation);
            json_round(json, "margin", row->margin, 6);
        }
        json_uint(json, "holds", row->holds);
        json_bool(json, "enough", row->margin >= job->margin);
        json_end_object(json);
    }
    json_end_list(json);
    json_end_object(json);
}

static void print_csv(const struct job *job, const struct margins *margins)
{
    for (uint32_t i = 0; i < margins->count; i++) {
        const struct margin *row = &margins->rows[i];
        struct text text;
        text_init(&text);
        text_add_csv(&text, job->name);
        text_addf(&text, ",");
        text_add_csv(&text, row->variant);
        text_addf(&text, ",");
        text_add_csv(&text, row->text);
        text_addf(&text, ",%s,", row->margin >= job->margin ? "yes" : "no");
        if (row->known)
            text_addf(&text, "%.10g,%.10g,%.6g,", row->mean, row->bound, row->deviation);
        else
            text_addf(&text, ",,,");
        if (row->known && isfinite(row->margin))
            text_addf(&text, "%.6g", row->margin);
        text_addf(&text, ",%u", row->holds);
        puts(text.data);
        text_done(&text);
    }
}

static void print_head(struct job *job)
{
    if (job->form == FORM_CSV)
        puts("file,variant,text,enough,mean,bound,deviation,margin,holds");
    if (job->form != FORM_JSON)
        return;
    json_init(&job->json);
    json_object(&job->json, NULL);
    json_double(&job->json, "margin", job->margin);
    json_uint(&job->json, "seeds", job->setup.seeds);
    json_list(&job->json, "files");
}

static void print_foot(struct job *job)
{
    if (job->form == FORM_JSON) {
        json_end_list(&job->json);
        json_uint(&job->json, "expectations", job->rows);
        json_uint(&job->json, "below", job->below);
        json_end_object(&job->json);
        puts(job->json.text.data);
        json_done(&job->json);
    }
    if (job->form != FORM_TABLE)
        return;
    puts("MARGIN: from the mean to the bound, in standard deviations (DEVIATION) of a single run.");
    if (job->below == 0)
        printf("All %u expectations keep %g of them (%u seeds).\n", job->rows, job->margin,
               job->setup.seeds);
    else
        printf("%u of %u expectations do NOT keep %g of them (%u seeds).\n", job->below, job->rows,
               job->margin, job->setup.seeds);
}

/* --- the command ------------------------------------------------------------------------------ */

static int one_file(struct job *job, const char *name)
{
    struct margins margins;
    struct lb_error error = {.code = LB_ERROR_NONE};
    job->name = name;
    job->load_status = CLI_DONE;
    job->first = execute_load(job->cli, name, "base", NULL, &job->load_status);
    if (job->first == NULL)
        return job->load_status;
    int status = margins_measure(&job->setup, &margins, &error);
    for (uint32_t i = 0; status == 0 && i < margins.count; i++) {
        job->rows++;
        job->below += margins.rows[i].margin >= job->margin ? 0U : 1U;
    }
    if (status == 0 && job->form == FORM_TABLE)
        print_table(job, &margins);
    else if (status == 0 && job->form == FORM_CSV)
        print_csv(job, &margins);
    else if (status == 0)
        add_json(job, &margins);
    margins_done(&margins);
    scenario_destroy(job->first);
    job->first = NULL;
    if (status == -1)
        return cli_fail_error(job->cli, &error);
    return status == 0 ? CLI_DONE : status == 1 ? CLI_INTERRUPTED : job->load_status;
}

static int read_margin(struct job *job)
{
    const char *word = cli_value(job->cli, "margin");
    char *end;
    job->margin = 4.0;
    if (word == NULL)
        return CLI_DONE;
    job->margin = strtod(word, &end);
    if (*end != '\0' || end == word || !(job->margin >= 0.0 && job->margin <= 1000.0))
        return cli_fail(job->cli, CLI_WRONG, "--margin must be a number from 0 to 1000, not '%s'",
                        word);
    return CLI_DONE;
}

static int read_options(struct job *job)
{
    static const char *const others[] = {"replications", "variant", "db", "samples"};
    struct cli *cli = job->cli;
    uint64_t seeds = MARGINS_SEEDS;
    uint32_t threads;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (cli_value(cli, others[i]) != NULL)
            return cli_fail(cli, CLI_WRONG,
                            "--margins runs every variant, --seeds times, and records nothing: "
                            "leave out --%s",
                            others[i]);
    if (many_threads(cli, &threads) != 0 || cli_number(cli, "seeds", 2, SEEDS_MAX, &seeds) != 0 ||
        read_margin(job) != CLI_DONE)
        return CLI_WRONG;
    job->setup = (struct margins_setup){
        .seeds = (uint32_t)seeds, .threads = threads, .self = job, .load = load, .stop = many_stop};
    return CLI_DONE;
}

int margins_command(struct cli *cli)
{
    struct job job = {.cli = cli};
    job.form = cli_flag(cli, "json") ? FORM_JSON : cli_flag(cli, "csv") ? FORM_CSV : FORM_TABLE;
    int status = read_options(&job);
    if (status != CLI_DONE)
        return status;
    cli_catch_signals();
    print_head(&job);
    bool show = !cli_flag(cli, "quiet") && isatty(STDERR_FILENO) == 1;
    for (uint32_t i = 0; i < cli->argument_count && status == CLI_DONE; i++) {
        if (show)
            fprintf(stderr, "\r%u of %u  %-60.60s\r", i + 1, cli->argument_count,
                    cli->arguments[i]);
        status = one_file(&job, cli->arguments[i]);
    }
    if (show)
        fprintf(stderr, "\r%*s\r", 76, "");
    print_foot(&job);
    return status != CLI_DONE ? status : job.below > 0 ? CLI_FAILED : CLI_DONE;
}
