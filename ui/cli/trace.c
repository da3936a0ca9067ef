/* See trace.h. The run goes on until the request has ended, or to its end. */
#include "ui/cli/trace.h"

#include <math.h>
#include <string.h>

#include "sim/base/json.h"
#include "sim/base/units.h"
#include "ui/cli/execute.h"

struct job {
    struct cli *cli;
    const struct scenario *scenario;
    uint64_t number; /* of the request */
    bool json_wanted;
    struct json json;
    lb_time arrived, last; /* of the request; the step before */
    bool first_seen;
};

/* --- text ------------------------------------------------------------------------------------- */

#define NAME_COLUMNS 16
#define INDENT       8

static void print_value(double value)
{
    if (fabs(value) < 1e6 && value == floor(value))
        printf("%.0f", value);
    else
        printf("%.6g", value);
}

static void print_candidate(const struct story_candidate *c)
{
    char safe[128], busy[32] = "-", queue[16] = "-";
    const char *mark = c->picked ? ">" : c->tried ? "x" : " ";
    text_escape(safe, sizeof safe, c->name, strlen(c->name));
    if (!c->balancer) {
        (void)snprintf(busy, sizeof busy, "%u/%u", c->busy, c->slots);
        (void)snprintf(queue, sizeof queue, "%u", c->queue);
    }
    int pad = NAME_COLUMNS - (int)text_width(safe, strlen(safe));
    printf("%*s%s %s%*s %-9s%6u%8u%6u   %-6s%8s%8s  ", INDENT - 2, "", mark, safe,
           pad > 0 ? pad : 0, "", belief_name(c->belief), c->weight, c->in_flight, c->line,
           c->balancer ? "-" : truth_name(c->truth), busy, queue);
    for (uint32_t i = 0; i < c->fact_count; i++) {
        printf(" %s=", c->facts[i].name);
        print_value(c->facts[i].value);
    }
    puts(c->usable ? "" : " (not usable)");
}

static void print_candidates(const struct story_step *step)
{
    printf("%*s%-*s %-9s%6s%8s%6s   %-6s%8s%8s   %s\n", INDENT, "", NAME_COLUMNS, "CANDIDATE",
           "BELIEF", "WEIGHT", "FLIGHT", "LINE", "TRUTH", "BUSY", "QUEUE", "THE ALGORITHM SAYS");
    for (uint32_t i = 0; i < step->candidate_count; i++)
        print_candidate(&step->candidates[i]);
    if (step->left_out > 0)
        printf("%*sand %u more, believed to be what they are\n", INDENT, "", step->left_out);
    if (step->fact_count == 0)
        return;
    printf("%*sof itself:", INDENT, "");
    for (uint32_t i = 0; i < step->fact_count; i++) {
        printf(" %s=", step->facts[i].name);
        print_value(step->facts[i].value);
    }
    puts("");
}

static void print_step(struct job *job, const struct story_step *step)
{
    char since[32];
    printf("%15.9f s  ", (double)step->at / 1e9);
    if (step->at == job->last && job->first_seen)
        printf("%8s", "");
    else
        printf("+%-7s", units_format(since, sizeof since, step->at - job->arrived));
    printf(" %-9s ", step->what);
    text_print(stdout, step->text);
    puts("");
    if (step->candidates != NULL)
        print_candidates(step);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void json_facts(struct json *json, const char *key, const struct story_fact *facts,
                       uint32_t count)
{
    json_object(json, key);
    for (uint32_t i = 0; i < count; i++)
        json_double(json, facts[i].name, facts[i].value);
    json_end_object(json);
}

static void json_candidates(struct job *job, const struct story_step *step)
{
    struct json *json = &job->json;
    json_list(json, "candidates");
    for (uint32_t i = 0; i < step->candidate_count; i++) {
        const struct story_candidate *c = &step->candidates[i];
        json_object(json, NULL);
        json_string(json, "name", c->name);
        json_bool(json, "picked", c->picked);
        json_bool(json, "tried", c->tried);
        json_bool(json, "usable", c->usable);
        json_string(json, "belief", belief_name(c->belief));
        json_uint(json, "weight", c->weight);
        json_uint(json, "in_flight", c->in_flight);
        json_uint(json, "line", c->line);
        if (!c->balancer) {
            json_string(json, "truth", truth_name(c->truth));
            json_uint(json, "busy", c->busy);
            json_uint(json, "slots", c->slots);
            json_uint(json, "queue", c->queue);
        }
        json_facts(json, "says", c->facts, c->fact_count);
        json_end_object(json);
    }
    json_end_list(json);
    json_uint(json, "left_out", step->left_out);
    json_facts(json, "says", step->facts, step->fact_count);
}

static void add_json(struct job *job, const struct story_step *step)
{
    const struct {
        const char *key, *value;
    } words[] = {
        {"how", step->how}, {"end", step->end}, {"cause", step->cause}, {"why", step->why}};
    struct json *json = &job->json;
    json_object(json, NULL);
    json_int(json, "at_ns", step->at);
    json_string(json, "what", step->what);
    json_string(json, "text", step->text);
    if (step->where != NULL)
        json_string(json, step->backend >= 0 ? "backend" : "balancer", step->where);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (words[i].value != NULL)
            json_string(json, words[i].key, words[i].value);
    if (step->takes >= 0)
        json_int(json, "takes_ns", step->takes);
    if (step->in_front >= 0)
        json_int(json, "in_front", step->in_front);
    if (step->candidates != NULL)
        json_candidates(job, step);
    json_end_object(json);
}

/* --- the command ------------------------------------------------------------------------------ */

/* Before the first step: there may be no such request. */
static void print_head(struct job *job)
{
    const struct scenario *s = job->scenario;
    if (job->json_wanted) {
        json_init(&job->json);
        json_object(&job->json, NULL);
        json_string(&job->json, "scenario", s->name);
        json_string(&job->json, "variant", s->variant);
        json_string(&job->json, "algorithm", s->balancer.algorithm->name);
        json_uint(&job->json, "seed", s->run.seed);
        json_uint(&job->json, "request", job->number);
        json_list(&job->json, "steps");
        return;
    }
    printf("request %llu of ", (unsigned long long)job->number);
    text_print(stdout, s->name);
    if (strcmp(s->variant, "base") != 0) {
        fputs(", variant ", stdout);
        text_print(stdout, s->variant);
    }
    printf("   algorithm %s   seed %llu\n\n", s->balancer.algorithm->name,
           (unsigned long long)s->run.seed);
}

static void tell(void *self, const struct story_step *step)
{
    struct job *job = self;
    if (!job->first_seen) {
        job->arrived = step->at;
        print_head(job);
    }
    if (job->json_wanted)
        add_json(job, step);
    else
        print_step(job, step);
    job->first_seen = true;
    job->last = step->at;
}

static int follow(struct job *job)
{
    struct lb_error error = {0};
    uint64_t number = job->number;
    struct run_setup setup = {
        .scenario = job->scenario, .tell_story = tell, .story_self = job, .story_of = number};
    struct run *run = run_create(&setup, &error);
    if (run == NULL)
        return cli_fail_error(job->cli, &error);
    lb_time slice = job->scenario->run.duration / 256 + 1;
    bool more = true;
    while (more && !run_story_ended(run) && !cli_interrupted())
        more = run_until(run,
                         run_now(run) < LB_NEVER - 1 - slice ? run_now(run) + slice : LB_NEVER - 1);
    int status = cli_interrupted() ? CLI_INTERRUPTED : CLI_DONE;
    if (run_error(run) != NULL && !run_story_ended(run))
        status = cli_fail_error(job->cli, run_error(run));
    else if (!run_story_begun(run) && status == CLI_DONE)
        status =
            run_requests(run) == 0
                ? cli_fail(job->cli, CLI_WRONG, "the run has no requests")
                : cli_fail(job->cli, CLI_WRONG,
                           "the run has no request %llu; its requests are 0 to %llu",
                           (unsigned long long)number, (unsigned long long)run_requests(run) - 1);
    else if (status == CLI_DONE && !job->json_wanted && !run_story_ended(run))
        puts("                   the run ends here, with the request still in flight");
    if (job->json_wanted && job->first_seen) {
        json_end_list(&job->json);
        json_bool(&job->json, "ended", run_story_ended(run));
        json_end_object(&job->json);
        puts(job->json.text.data);
        json_done(&job->json);
    }
    run_destroy(run);
    return status;
}

int trace_command(struct cli *cli)
{
    static const char *const others[] = {"replications", "db", "samples"};
    struct job job = {.cli = cli, .json_wanted = cli_flag(cli, "json")};
    int status = CLI_DONE;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (cli_value(cli, others[i]) != NULL)
            return cli_fail(cli, CLI_WRONG,
                            "--trace-request follows one run and records nothing: leave out --%s",
                            others[i]);
    if (cli_flag(cli, "csv"))
        return cli_fail(cli, CLI_WRONG, "a story is text or --json, not --csv");
    if (cli_number(cli, "trace-request", 0, UINT64_MAX - 1, &job.number) != 0)
        return CLI_WRONG;
    struct scenario *scenario = execute_load(cli, cli->arguments[0], NULL, NULL, &status);
    if (scenario == NULL)
        return status;
    cli_catch_signals();
    job.scenario = scenario;
    status = follow(&job);
    scenario_destroy(scenario);
    return status;
}
