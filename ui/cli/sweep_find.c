/*
 * sweep --find 'p99 < 200ms': the highest load that each algorithm (each cell of the other keys) bears.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/json.h"
#include "sim/lab/capacity.h"
#include "sim/lab/plan.h"
#include "sim/scenario/quantity.h"
#include "ui/cli/sweep.h"

/* Without a key of load in the grid: that of the first clients, between these. */
#define LOAD_LOW  0.05
#define LOAD_HIGH 1.2

struct finding {
    const struct sweep_job *job;
    const char *claim;
    char *claim_setting; /* expect=["..."] */
    char *along;
    int along_key, kind; /* key of the grid, or -1; enum quantity_kind */
    bool whole;
    double *loads;
    uint32_t count;
    double precision;
    enum unit unit;       /* of what the claim measures */
    const char *settings; /* of the other keys, at the moment */
    bool begun;
    struct json json;
};

/* --- what is looked for --------------------------------------------------------------------------------- */

/* expect=["CLAIM"], with what YAML takes for something else escaped. */
static char *setting_of(const char *claim)
{
    struct text text;
    text_init(&text);
    text_addf(&text, "expect=[\"");
    for (; *claim != '\0'; claim++)
        text_addf(&text, "%s%c", *claim == '"' || *claim == '\\' ? "\\" : "", *claim);
    text_addf(&text, "\"]\n");
    return text.data;
}

static struct scenario *load_at(void *self, double *load)
{
    struct finding *f = self;
    struct text settings, messages;
    char value[64];
    text_init(&settings);
    text_init(&messages);
    text_addf(&settings, "%s%s=%s\n%s", f->settings, f->along,
              sweep_write(value, sizeof value, f->kind, load), f->claim_setting);
    struct scenario *s = sweep_scenario(f->job, settings.data, &messages);
    if (s == NULL && messages.size > 0)
        (void)fwrite(messages.data, 1, messages.size, stderr);
    text_done(&settings);
    text_done(&messages);
    return s;
}

/* Is the claim one that can be looked for? */
static int check_claim(struct finding *f)
{
    double load = f->loads[0];
    struct scenario *s = load_at(f, &load);
    if (s == NULL)
        return CLI_WRONG;
    const struct scenario_expect *claim = &s->expects[0];
    int status = CLI_DONE;
    if (claim->against || claim->compare == COMPARE_NEAR)
        status =
            cli_fail(f->job->cli, CLI_WRONG,
                     "--find wants a claim with < or > about one variant, as in 'p99 < 200ms'");
    f->unit = metric_unit(claim->left.metric);
    scenario_destroy(s);
    return status;
}

static const char *last_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot != NULL ? dot + 1 : path;
}

/* The key of load: a load or rate of arrivals, else the last key of numbers. */
static int guess_key(const struct scenario *s)
{
    int found = -1;
    for (uint32_t k = 0; k < s->sweep_count; k++) {
        const char *last = last_of(s->sweeps[k].path);
        if (s->sweeps[k].numbers == NULL || s->sweeps[k].count < 2)
            continue;
        if (strcmp(last, "load") == 0 || strcmp(last, "rate") == 0 || strcmp(last, "users") == 0)
            return (int)k;
        found = (int)k;
    }
    return found;
}

int sweep_key_of_load(const struct sweep_job *job)
{
    const struct scenario *s = job->scenario;
    const char *named = cli_value(job->cli, "along");
    int key = named != NULL ? plan_key(s, named) : guess_key(s);
    return key >= 0 && s->sweeps[key].numbers != NULL && s->sweeps[key].count >= 2 ? key : -1;
}

int sweep_precision(const struct sweep_job *job, double *precision)
{
    const char *word = cli_value(job->cli, "precision");
    char *end = NULL;
    double value = word == NULL ? 2.0 : strtod(word, &end);
    if (word != NULL && (end == word || (*end != '\0' && strcmp(end, "%") != 0) ||
                         !(value >= 0.01 && value <= 50.0)))
        return cli_fail(job->cli, CLI_WRONG, "--precision must be 0.01%% to 50%%, not '%s'", word);
    *precision = value / 100.0;
    return CLI_DONE;
}

/* The load of the first clients who come by themselves. */
static int default_key(struct finding *f)
{
    const struct scenario *s = f->job->scenario;
    for (uint32_t i = 0; i < s->client_count; i++) {
        if (s->clients[i].rate <= 0.0 || s->clients[i].users > 0)
            continue;
        struct text path;
        text_init(&path);
        text_addf(&path, "clients.\"%s\".arrivals.load", s->clients[i].name);
        f->along = path.data;
        f->kind = QUANTITY_SHARE;
        f->count = 2;
        f->loads = text_need(2 * sizeof *f->loads);
        f->loads[0] = LOAD_LOW;
        f->loads[1] = LOAD_HIGH;
        return CLI_DONE;
    }
    return cli_fail(
        f->job->cli, CLI_WRONG,
        "--find: no clients have a rate; sweep a key of numbers and name it by --along");
}

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static int choose_key(struct finding *f)
{
    const struct scenario *s = f->job->scenario;
    const char *named = cli_value(f->job->cli, "along");
    f->along_key = sweep_key_of_load(f->job);
    if (f->along_key < 0 && named == NULL)
        return default_key(f);
    const struct scenario_sweep *key = f->along_key < 0 ? NULL : &s->sweeps[f->along_key];
    if (key == NULL)
        return cli_fail(f->job->cli, CLI_WRONG,
                        "--along %s: it must be a key of the sweep with two numbers at least; give "
                        "it some with --over",
                        named);
    f->along = text_copy(key->path);
    f->kind = key->kind;
    f->count = key->count;
    f->loads = text_need(key->count * sizeof *f->loads);
    f->whole = key->kind == QUANTITY_NUMBER;
    for (uint32_t i = 0; i < key->count; i++) {
        f->loads[i] = key->numbers[i];
        f->whole = f->whole && floor(key->numbers[i]) == key->numbers[i];
    }
    qsort(f->loads, f->count, sizeof *f->loads, ascending);
    return CLI_DONE;
}

/* --- output ------------------------------------------------------------------------------------------------ */

static void describe(const struct finding *f, const struct capacity_point *point, struct text *out)
{
    char load[64], buf[3][32];
    double written = point->load;
    text_addf(out, "%s", sweep_write(load, sizeof load, f->kind, &written));
    if (!isfinite(point->value.mean)) {
        text_addf(out, " (nothing to measure)");
        return;
    }
    text_addf(out, " (%s", summary_format(buf[0], sizeof buf[0], f->unit, point->value.mean));
    if (isfinite(point->value.low))
        text_addf(out, ", %s to %s",
                  summary_format(buf[1], sizeof buf[1], f->unit, point->value.low),
                  summary_format(buf[2], sizeof buf[2], f->unit, point->value.high));
    text_addf(out, ")");
}

static void print_found(const struct finding *f, const char *label, const struct capacity *c)
{
    struct text holds, fails;
    text_init(&holds);
    text_init(&fails);
    if (c->end != CAPACITY_BELOW)
        describe(f, &c->holds, &holds);
    if (c->end != CAPACITY_ABOVE)
        describe(f, &c->fails, &fails);
    text_print(stdout, label);
    printf(": ");
    if (c->end == CAPACITY_FOUND)
        printf("holds at %s, fails at %s\n", holds.data, fails.data);
    else if (c->end == CAPACITY_ABOVE)
        printf("holds at %s, the highest that was asked for\n", holds.data);
    else
        printf("fails at %s, the lowest that was asked for\n", fails.data);
    text_done(&holds);
    text_done(&fails);
}

static void add_point(struct finding *f, const char *key, const struct capacity_point *point)
{
    char load[64];
    double written = point->load;
    json_object(&f->json, key);
    json_string(&f->json, "at", sweep_write(load, sizeof load, f->kind, &written));
    json_double(&f->json, "load", point->load);
    json_double(&f->json, "value", point->value.mean);
    json_double(&f->json, "low", point->value.low);
    json_double(&f->json, "high", point->value.high);
    json_end_object(&f->json);
}

static void add_found(struct finding *f, uint32_t n, const struct capacity *c)
{
    static const char *const ends[] = {"found", "above", "below"};
    const struct scenario *s = f->job->scenario;
    uint32_t choice[SWEEP_KEYS_MAX];
    plan_choice(s, n, choice);
    json_object(&f->json, NULL);
    json_object(&f->json, "settings");
    for (uint32_t k = 0; k < s->sweep_count; k++)
        if ((int)k != f->along_key)
            json_string(&f->json, s->sweeps[k].path, s->sweeps[k].values[choice[k]]);
    json_end_object(&f->json);
    json_string(&f->json, "answer", ends[c->end]);
    if (c->end != CAPACITY_BELOW)
        add_point(f, "holds", &c->holds);
    if (c->end != CAPACITY_ABOVE)
        add_point(f, "fails", &c->fails);
    json_uint(&f->json, "probes", c->probes);
    json_end_object(&f->json);
}

/* Once the claim is known to be one. */
static void begin(struct finding *f)
{
    static const char *const units[] = {"ns", "/s", "share", "count"};
    const struct scenario *s = f->job->scenario;
    if (f->begun)
        return;
    f->begun = true;
    if (f->job->form == MANY_JSON) {
        json_init(&f->json);
        json_object(&f->json, NULL);
        json_string(&f->json, "scenario", s->name);
        json_uint(&f->json, "seed", s->run.seed);
        json_string(&f->json, "claim", f->claim);
        json_string(&f->json, "unit", units[f->unit]);
        json_string(&f->json, "along", f->along);
        json_uint(&f->json, "replications", f->job->replications);
        json_double(&f->json, "precision", f->precision);
        json_list(&f->json, "found");
        return;
    }
    text_print(stdout, f->claim);
    printf(", how far along ");
    text_print(stdout, f->along);
    printf(" (seed %" PRIu64
           ", %u replications a probe; it holds where all of the 95 %% interval does; "
           "to %.3g %%)\n",
           s->run.seed, f->job->replications, f->precision * 100.0);
}

/* --- the search -------------------------------------------------------------------------------------------- */

/* For the cell's values of the other keys. */
static int find_one(struct finding *f, uint32_t n)
{
    const struct scenario *s = f->job->scenario;
    struct lb_error error = {.code = LB_ERROR_NONE};
    struct capacity c;
    struct text settings, label;
    uint32_t choice[SWEEP_KEYS_MAX];
    plan_choice(s, n, choice);
    text_init(&settings);
    text_init(&label);
    for (uint32_t k = 0; k < s->sweep_count; k++)
        if ((int)k != f->along_key) {
            text_addf(&settings, "%s=%s\n", s->sweeps[k].path, s->sweeps[k].values[choice[k]]);
            text_addf(&label, "%s%s", label.size > 0 ? ", " : "", s->sweeps[k].values[choice[k]]);
        }
    f->settings = settings.data != NULL ? settings.data : "";
    struct capacity_setup setup = {.replications = f->job->replications,
                                   .threads = f->job->threads,
                                   .loads = f->loads,
                                   .count = f->count,
                                   .whole = f->whole,
                                   .precision = f->precision,
                                   .self = f,
                                   .load = load_at,
                                   .stop = many_stop};
    int status = check_claim(f);
    if (status == CLI_DONE) {
        begin(f);
        int found = capacity_find(&setup, &c, &error);
        status = found == 0    ? CLI_DONE
                 : found == 1  ? CLI_INTERRUPTED
                 : found == -2 ? CLI_WRONG
                               : cli_fail_error(f->job->cli, &error);
    }
    if (status == CLI_DONE && f->job->form == MANY_JSON)
        add_found(f, n, &c);
    else if (status == CLI_DONE)
        print_found(f, label.size > 0 ? label.data : s->balancer.algorithm->name, &c);
    (void)fflush(stdout);
    text_done(&settings);
    text_done(&label);
    return status;
}

static int find_all(struct finding *f)
{
    const struct scenario *s = f->job->scenario;
    uint32_t cells = plan_cells(s), choice[SWEEP_KEYS_MAX];
    int status = CLI_DONE;
    if (cells == 0)
        return find_one(f, 0);
    for (uint32_t n = 0; n < cells && status == CLI_DONE; n++) {
        plan_choice(s, n, choice);
        if (f->along_key < 0 || choice[f->along_key] == 0)
            status = find_one(f, n);
    }
    return status;
}

int sweep_find(const struct sweep_job *job, const char *claim)
{
    struct finding f = {.job = job, .claim = claim, .along_key = -1};
    if (sweep_precision(job, &f.precision) != CLI_DONE)
        return CLI_WRONG;
    if (job->form == MANY_CSV || job->form == MANY_MARKDOWN)
        return cli_fail(job->cli, CLI_WRONG, "--find prints words or --json");
    int status = choose_key(&f);
    f.claim_setting = setting_of(claim);
    if (status == CLI_DONE)
        status = find_all(&f);
    if (f.begun && job->form == MANY_JSON) {
        json_end_list(&f.json);
        json_end_object(&f.json);
        if (status == CLI_DONE)
            puts(f.json.text.data);
        json_done(&f.json);
    }
    free(f.claim_setting);
    free(f.along);
    free(f.loads);
    return status;
}
