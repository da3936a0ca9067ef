/*
 * advise: which health-check settings lose the fewest requests at the fewest false ejections.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/units.h"
#include "sim/scenario/load.h"
#include "ui/cli/advise.h"

#define REPLICATIONS_MAX 10000U
#define VALUES_MAX       64U

static const struct option_spec options[] = {
    {"interval", 'i', "T,T,...", "try these intervals (default: half the file's, its own, twice)",
     false},
    {"fall", 'f', "N,N,...", "try so many failed checks in a row (default: 1,2,3,5 and the file's)",
     false},
    {"timeout", 't', "T,T,...", "try these timeouts (default: half the file's, and its own)",
     false},
    {"max-false-ejections", 0, "N",
     "recommend none with more false ejections an hour than this, as in 0.5", false},
    {"late", 0, NULL, "answers beyond their objective count as failed, too", false},
    {"replications", 'r', "N", "runs of each setting (default: the scenario's, 20)", false},
    {"jobs", 'j', "N", "threads (default: as many as there are processors)", false},
    EXECUTE_SCENARIO_OPTIONS,
    MANY_FORM_OPTIONS,
    {"quiet", 'q', NULL, "no progress, no words on stderr", false},
    {NULL, 0, NULL, NULL, false},
};

/* --- the command line -------------------------------------------------------------------------------- */

struct grid {
    lb_time every[VALUES_MAX], timeout[VALUES_MAX], fall[VALUES_MAX];
    uint32_t everys, timeouts, falls;
};

static void add(lb_time *values, uint32_t *count, lb_time value)
{
    for (uint32_t i = 0; i < *count; i++)
        if (values[i] == value)
            return;
    if (value > 0 && *count < VALUES_MAX)
        values[(*count)++] = value;
}

/* One word of a list: a duration, or a whole number. */
static int read_word(const struct cli *cli, const char *option, const char *word, bool time,
                     lb_time *value)
{
    struct lb_error error = {.code = LB_ERROR_NONE};
    char *end = NULL;
    if (time) {
        if (scenario_parse_time(word, value, &error) != 0)
            return cli_fail(cli, CLI_WRONG, "--%s '%s': %s", option, word, error.text);
        if (*value < UNITS_MS || *value > 100000 * UNITS_H)
            return cli_fail(cli, CLI_WRONG, "--%s must be 1ms to 100000h, not '%s'", option, word);
        return CLI_DONE;
    }
    unsigned long number = strtoul(word, &end, 10);
    if (word[0] < '0' || word[0] > '9' || *end != '\0' || number < 1 || number > 1000)
        return cli_fail(cli, CLI_WRONG, "--%s must be 1 to 1000, not '%s'", option, word);
    *value = (lb_time)number;
    return CLI_DONE;
}

static int read_list(const struct cli *cli, const char *option, bool time, lb_time *values,
                     uint32_t *count)
{
    const char *list = cli_value(cli, option);
    char *words = list != NULL ? text_copy(list) : NULL, *rest = words, *word;
    int status = CLI_DONE;
    while (status == CLI_DONE && (word = rest) != NULL) {
        lb_time value = 0;
        rest = strchr(word, ',');
        if (rest != NULL)
            *rest++ = '\0';
        while (*word == ' ')
            word++;
        if (*word == '\0')
            status = cli_fail(cli, CLI_WRONG, "--%s '%s': a value is missing", option, list);
        else if (*count == VALUES_MAX)
            status = cli_fail(cli, CLI_WRONG, "--%s: more than %u values", option, VALUES_MAX);
        else
            status = read_word(cli, option, word, time, &value);
        if (status == CLI_DONE)
            add(values, count, value);
    }
    free(words);
    return status;
}

static int read_limit(struct advise_job *job)
{
    const char *word = cli_value(job->cli, "max-false-ejections");
    char *end;
    job->setup.most_false = -1;
    if (word == NULL)
        return CLI_DONE;
    double value = strtod(word, &end);
    if (word[strspn(word, "0123456789.")] != '\0' || end == word || *end != '\0')
        return cli_fail(job->cli, CLI_WRONG,
                        "--max-false-ejections must be a number an hour, as in 0.5, not '%s'",
                        word);
    job->setup.most_false = value;
    return CLI_DONE;
}

static int read_options(struct advise_job *job, struct grid *grid)
{
    struct cli *cli = job->cli;
    uint64_t replications = 0;
    if (many_form(cli, &job->form) != CLI_DONE || many_threads(cli, &job->setup.threads) != 0 ||
        cli_number(cli, "replications", 1, REPLICATIONS_MAX, &replications) != 0 ||
        read_list(cli, "interval", true, grid->every, &grid->everys) != CLI_DONE ||
        read_list(cli, "timeout", true, grid->timeout, &grid->timeouts) != CLI_DONE ||
        read_list(cli, "fall", false, grid->fall, &grid->falls) != CLI_DONE ||
        read_limit(job) != CLI_DONE)
        return CLI_WRONG;
    job->setup.late = cli_flag(cli, "late");
    job->setup.replications = (uint32_t)replications;
    return CLI_DONE;
}

/* --- the settings ------------------------------------------------------------------------------------- */

/* The health checks that are looked at first: those of the first balancer that has some. */
static const struct scenario_health *checks_of(const struct scenario *s)
{
    for (uint32_t i = 0; i < s->balancer_count; i++)
        if (s->balancers[i].health.active)
            return &s->balancers[i].health;
    return NULL;
}

static void fill_in(const struct scenario_health *own, struct grid *grid)
{
    static const lb_time falls[] = {1, 2, 3, 5};
    if (grid->everys == 0) {
        add(grid->every, &grid->everys, own->every / 2);
        add(grid->every, &grid->everys, own->every);
        add(grid->every, &grid->everys, 2 * own->every);
    }
    if (grid->timeouts == 0) {
        add(grid->timeout, &grid->timeouts, own->timeout / 2);
        add(grid->timeout, &grid->timeouts, own->timeout);
    }
    if (grid->falls == 0) {
        for (size_t i = 0; i < sizeof falls / sizeof falls[0]; i++)
            add(grid->fall, &grid->falls, falls[i]);
        add(grid->fall, &grid->falls, own->fall);
    }
}

/* At a fixed pace a check must end before the next one starts, in every balancer. */
static bool allowed(const struct scenario *s, lb_time every, lb_time timeout)
{
    for (uint32_t i = 0; i < s->balancer_count; i++) {
        const struct scenario_health *h = &s->balancers[i].health;
        if (h->active && h->pace == PACE_FIXED &&
            (timeout > every || (h->fastinter > 0 && timeout > h->fastinter) ||
             (h->downinter > 0 && timeout > h->downinter)))
            return false;
    }
    return true;
}

static void add_set(const struct scenario *s, uint32_t balancer, const char *key, const char *value,
                    struct text *out)
{
    const char *name = s->balancers[balancer].name;
    if (s->balancers == &s->balancer)
        text_addf(out, "balancer");
    else if (name[strcspn(name, ". \"")] != '\0')
        text_addf(out, "balancers.\"%s\"", name);
    else
        text_addf(out, "balancers.%s", name);
    text_addf(out, ".health.active.%s=%s", key, value);
}

/* The scenario with this setting in every balancer that checks. */
static struct scenario *load_with(struct advise_job *job, const struct advise_setting *setting,
                                  int *status)
{
    const struct scenario *s = job->base;
    struct scenario_request request;
    struct scenario *made = NULL;
    uint32_t given, count = 0;
    const char *const *sets = cli_values(job->cli, "set", &given);
    char values[3][48];
    static const char *const keys[3] = {"every", "timeout", "fall"};
    struct text *texts = text_need_zero(3U * s->balancer_count + 1U, sizeof *texts);
    const char **all = text_need((given + 3U * s->balancer_count + 1U) * sizeof *all);
    units_format_exact(values[0], sizeof values[0], setting->every);
    units_format_exact(values[1], sizeof values[1], setting->timeout);
    snprintf(values[2], sizeof values[2], "%" PRIu32, setting->fall);
    for (; count < given; count++)
        all[count] = sets[count];
    for (uint32_t b = 0; b < s->balancer_count; b++)
        for (int k = 0; k < 3 && s->balancers[b].health.active; k++) {
            struct text *text = &texts[count - given];
            add_set(s, b, keys[k], values[k], text);
            all[count++] = text->data;
        }
    *status = execute_request(job->cli, &request);
    request.path = s->path;
    request.text = s->source;
    request.text_size = strlen(s->source);
    request.sets = all;
    request.set_count = count;
    if (*status == CLI_DONE)
        made = execute_load_request(job->cli, &request, status);
    for (uint32_t i = 0; i < 3U * s->balancer_count; i++)
        text_done(&texts[i]);
    free(texts);
    free(all);
    return made;
}

static int add_setting(struct advise_job *job, struct advise_setting setting)
{
    int status = CLI_DONE;
    if (job->setup.count == PARETO_MAX)
        return cli_fail(job->cli, CLI_WRONG,
                        "more than %u settings: shorten --interval, --fall or "
                        "--timeout",
                        PARETO_MAX);
    setting.scenario = load_with(job, &setting, &status);
    if (setting.scenario == NULL)
        return status;
    job->settings = text_need_more(job->settings, (job->setup.count + 1U) * sizeof *job->settings);
    job->settings[job->setup.count++] = setting;
    return CLI_DONE;
}

/* All combinations, and the file's own beside them. */
static int make_settings(struct advise_job *job, const struct grid *grid)
{
    const struct scenario_health *own = checks_of(job->base);
    bool own_there = false;
    int status = CLI_DONE;
    for (uint32_t i = 0; i < grid->everys; i++)
        for (uint32_t f = 0; f < grid->falls; f++)
            for (uint32_t t = 0; t < grid->timeouts && status == CLI_DONE; t++) {
                struct advise_setting s = {.every = grid->every[i],
                                           .timeout = grid->timeout[t],
                                           .fall = (uint32_t)grid->fall[f]};
                s.own = s.every == own->every && s.timeout == own->timeout && s.fall == own->fall;
                own_there |= s.own;
                if (allowed(job->base, s.every, s.timeout))
                    status = add_setting(job, s);
                else
                    job->left_out++;
            }
    if (status == CLI_DONE && !own_there)
        status = add_setting(
            job, (struct advise_setting){
                     .every = own->every, .timeout = own->timeout, .fall = own->fall, .own = true});
    return status;
}

static int load(struct advise_job *job, struct grid *grid)
{
    int status = CLI_DONE;
    job->base = execute_load(job->cli, job->cli->arguments[0], NULL, NULL, &status);
    if (job->base == NULL)
        return status;
    const struct scenario_health *own = checks_of(job->base);
    if (own == NULL)
        return cli_fail(job->cli, CLI_WRONG,
                        "'%s' has no health checks to set: write health: {active: {every: 2s}} at "
                        "its balancer%s",
                        job->base->path,
                        job->base->variant_count > 1 && cli_value(job->cli, "variant") == NULL
                            ? ", or name a variant that has them with --variant"
                            : "");
    if (job->setup.replications == 0)
        job->setup.replications = job->base->run.replications;
    fill_in(own, grid);
    return make_settings(job, grid);
}

/* --- running ------------------------------------------------------------------------------------------- */

static void on_run(void *self)
{
    struct advise_job *job = self;
    progress_one(&job->progress, job->setup.count * job->setup.replications, "runs");
}

static int advise_it(struct advise_job *job)
{
    struct lb_error error = {.code = LB_ERROR_NONE};
    job->setup.settings = job->settings;
    job->setup.self = job;
    job->setup.stop = many_stop;
    job->setup.made = on_run;
    progress_begin(&job->progress, job->cli);
    cli_catch_signals();
    int status = advise_make(&job->setup, &job->advice, &error);
    progress_end(&job->progress);
    if (status != 0)
        return status < 0 ? cli_fail_error(job->cli, &error) : CLI_INTERRUPTED;
    advise_print(job);
    return CLI_DONE;
}

static int run_advise(struct cli *cli)
{
    struct advise_job job = {.cli = cli};
    struct grid grid = {.everys = 0};
    int status = read_options(&job, &grid);
    if (status == CLI_DONE)
        status = load(&job, &grid);
    if (status == CLI_DONE)
        status = advise_it(&job);
    advice_done(&job.advice);
    for (uint32_t i = 0; i < job.setup.count; i++)
        scenario_destroy(job.settings[i].scenario);
    free(job.settings);
    scenario_destroy(job.base);
    return status;
}

const struct command command_advise = {
    .name = "advise",
    .usage = "FILE",
    .summary = "which health-check settings lose the fewest requests at the fewest false ejections",
    .help =
        "Runs the scenario under every combination of interval, fall (failed checks in a row that "
        "take a backend out) and timeout, on the same traffic and the same failures, and counts "
        "requests that failed and false ejections: backends taken out that were there, not dead, "
        "hung or cut off from the network. Every balancer with checks gets the setting; what else "
        "its health checks say stays.\n\n"
        "A setting is on the front, marked *, unless another one is shown to beat it: no worse in "
        "either count, and better in one by a paired test (95 % for all pairs together, by Holm). "
        "The recommended one, marked >, fails the fewest requests; of those that are not shown to "
        "fail more (95 %, each pair) it has the fewest false ejections, then the fewest checks, "
        "then the longest timeout. The file's own setting is marked =.\n\n"
        "A scenario without timeouts fails nobody however late the answers are: --late counts "
        "those "
        "beyond their objective. Combinations that the language refuses are left out: at a fixed "
        "pace a timeout is no longer than the interval. Nothing is recorded.",
    .examples = "lbsim advise phenomena/13-detection-window\n"
                "lbsim advise my.yaml --interval 1s,2s,5s --fall 2,3 --timeout 500ms,1s\n"
                "lbsim advise my.yaml --max-false-ejections 0.1 --replications 50",
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_advise,
};
