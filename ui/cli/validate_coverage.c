/* validate --coverage: see sim/lab/coverage.h for what is tried; here is what a person is shown. */
#include <stdio.h>
#include <unistd.h>

#include "sim/base/json.h"
#include "sim/base/wall.h"
#include "ui/cli/validate.h"

#define QUICK_EXPERIMENTS 100U

struct page {
    struct cli *cli;
    enum form form;
    bool progress;
    struct coverage_setup setup;
    struct json json;
    uint32_t failed;
    int64_t started;
};

static int read_page(struct page *page)
{
    uint64_t experiments = cli_flag(page->cli, "quick") ? QUICK_EXPERIMENTS : COVERAGE_EXPERIMENTS;
    if (cli_number(page->cli, "experiments", COVERAGE_EXPERIMENTS_MIN, COVERAGE_EXPERIMENTS_MAX,
                   &experiments) != 0)
        return CLI_WRONG;
    page->setup.experiments = (uint32_t)experiments;
    page->setup.replications = COVERAGE_REPLICATIONS;
    return CLI_DONE;
}

static void print_head(struct page *page)
{
    if (page->form == FORM_CSV)
        puts("case,theory,mean,half_width,experiments,replications,requests,warmup,covered,below,"
             "above,refused,least,most,seed,verdict");
    if (page->form == FORM_TABLE)
        printf("95 %% INTERVALS THAT HOLD THE TRUTH, OF %u\n  %-28s%8s%8s%8s  %-11s%7s%7s  %s\n",
               page->setup.experiments, "CASE", "THEORY", "+-", "COVERED", "BAND", "BELOW", "ABOVE",
               "VERDICT");
    if (page->form != FORM_JSON)
        return;
    json_init(&page->json);
    json_object(&page->json, NULL);
    json_uint(&page->json, "seed", page->setup.base.seed);
    json_uint(&page->json, "experiments", page->setup.experiments);
    json_uint(&page->json, "replications", page->setup.replications);
    json_double(&page->json, "level", COVERAGE_LEVEL);
    json_double(&page->json, "false_alarm", COVERAGE_FALSE_ALARM);
    json_list(&page->json, "rows");
}

static void json_row(struct json *json, const struct theory_case *c,
                     const struct coverage_result *r, const char *verdict)
{
    json_object(json, NULL);
    json_string(json, "case", c->name);
    json_double(json, "theory", r->theory);
    json_double(json, "mean", r->mean);
    json_round(json, "half_width", r->width * r->theory, 6);
    json_round(json, "requests", r->requests, 6);
    json_round(json, "warmup", r->warmup, 4);
    json_uint(json, "covered", r->covered);
    json_uint(json, "below", r->below);
    json_uint(json, "above", r->above);
    json_uint(json, "refused", r->refused);
    json_uint(json, "least", r->least);
    json_uint(json, "most", r->most);
    json_uint(json, "seed", r->seed);
    json_string(json, "verdict", verdict);
    json_end_object(json);
}

static void print_row(struct page *page, const struct theory_case *c,
                      const struct coverage_result *r)
{
    const char *verdict = r->holds ? "ok" : r->covered < r->least ? "TOO FEW" : "TOO MANY";
    char band[32], refused[48] = "";
    if (page->form == FORM_JSON) {
        json_row(&page->json, c, r, verdict);
    } else if (page->form == FORM_CSV) {
        printf("%s,%.10g,%.10g,%.6g,%u,%u,%.6g,%.4g,%u,%u,%u,%u,%u,%u,%llu,%s\n", c->name,
               r->theory, r->mean, r->width * r->theory, page->setup.experiments,
               page->setup.replications, r->requests, r->warmup, r->covered, r->below, r->above,
               r->refused, r->least, r->most, (unsigned long long)r->seed, verdict);
    } else {
        (void)snprintf(band, sizeof band, "%u to %u", r->least, r->most);
        if (r->refused > 0)
            (void)snprintf(refused, sizeof refused, "; %u had not settled", r->refused);
        printf("  %-28s%#8.4g%6.1f %%%8u  %-11s%7u%7u  %s%s\n", c->name, r->theory, 100 * r->width,
               r->covered, band, r->below, r->above, verdict, refused);
    }
    (void)fflush(stdout);
}

static void print_foot(struct page *page, uint32_t made, bool whole)
{
    double wall = (double)(wall_now() - page->started) / 1e9;
    if (page->form == FORM_JSON) {
        json_end_list(&page->json);
        json_uint(&page->json, "failed", page->failed);
        json_bool(&page->json, "whole", whole);
        json_double(&page->json, "wall_s", wall);
        json_end_object(&page->json);
        puts(page->json.text.data);
        json_done(&page->json);
    }
    if (page->form != FORM_TABLE || !whole || made == 0)
        return;
    printf("\n%u replications an experiment, %.0f requests or more each, warm-up by MSER-5 (seed "
           "%llu).\n+- is the mean half width; BELOW and ABOVE count intervals that miss the truth "
           "on that side.\nA right interval leaves the band in %g %% of such gates. %.0f s.\n",
           page->setup.replications, COVERAGE_REQUESTS, (unsigned long long)page->setup.base.seed,
           100 * COVERAGE_FALSE_ALARM, wall);
}

static void show_progress(const struct page *page, const char *name)
{
    if (page->progress)
        fprintf(stderr, "\r%-70.70s\r", name);
    (void)fflush(stderr);
}

int validate_coverage(struct cli *cli, const struct validate_setup *setup,
                      const struct theory_case *cases, uint32_t count, enum form form)
{
    struct page page = {.cli = cli,
                        .form = form,
                        .progress = !cli_flag(cli, "quiet") && isatty(STDERR_FILENO) == 1,
                        .setup = {.base = *setup},
                        .started = wall_now()};
    struct lb_error error = {.code = LB_ERROR_NONE};
    int status = read_page(&page);
    if (status != CLI_DONE)
        return status;
    print_head(&page);
    for (uint32_t i = 0; i < count && status == CLI_DONE; i++) {
        struct coverage_result result;
        show_progress(&page, cases[i].name);
        int made = coverage_make(&page.setup, &cases[i], &result, &error);
        show_progress(&page, "");
        if (made == 0) {
            print_row(&page, &cases[i], &result);
            page.failed += result.holds ? 0U : 1U;
        } else {
            status = made > 0 ? CLI_INTERRUPTED : cli_fail_error(cli, &error);
        }
    }
    print_foot(&page, count, status == CLI_DONE);
    return status == CLI_DONE && page.failed > 0 ? CLI_FAILED : status;
}
