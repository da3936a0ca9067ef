/*
 * sweep --crossings METRIC: where the ranking of two algorithms flips along the load (or another key of
 * numbers). The cells of the database say between which values; bisection says where.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/lab/crossing.h"
#include "sim/lab/plan.h"
#include "sim/scenario/quantity.h"
#include "ui/cli/sweep.h"

#define VALUES_MAX 10000000U /* kept in memory: cells x replications */

struct crossings {
    const struct sweep_job *job;
    enum cell_figure figure;
    double precision;
    int along, arms; /* keys of the grid */
    bool whole;
    uint32_t *order; /* values of the key `along`, ascending */
    double *values;  /* [cell][replication], NAN = not made */
    uint32_t found;
    uint32_t choice[SWEEP_KEYS_MAX], arm[2]; /* of the pair at hand */
    struct json *json;                       /* NULL = words */
};

static void keep(void *self, const struct experiment_cell *cell)
{
    struct crossings *x = self;
    uint32_t replications = x->job->replications;
    double *to = &x->values[(size_t)cell->n * replications];
    for (uint32_t r = 0; r < replications && r < cell->count; r++)
        to[r] = cell_trial_figure(&cell->trials[r], x->figure);
}

static struct scenario *load_at(void *self, int arm, double *at)
{
    struct crossings *x = self;
    const struct scenario *s = x->job->scenario;
    struct text settings, messages;
    char value[64];
    text_init(&settings);
    text_init(&messages);
    for (uint32_t k = 0; k < s->sweep_count; k++) {
        uint32_t i = (int)k == x->arms ? x->arm[arm] : x->choice[k];
        text_addf(&settings, "%s=%s\n", s->sweeps[k].path,
                  (int)k == x->along ? sweep_write(value, sizeof value, s->sweeps[k].kind, at)
                                     : s->sweeps[k].values[i]);
    }
    struct scenario *scenario = sweep_scenario(x->job, settings.data, &messages);
    if (scenario == NULL && messages.size > 0)
        (void)fwrite(messages.data, 1, messages.size, stderr);
    text_done(&settings);
    text_done(&messages);
    return scenario;
}

/* --- output ------------------------------------------------------------------------------------------------ */

static void print_one(const struct crossings *x, const struct crossing *c)
{
    const struct scenario *s = x->job->scenario;
    const struct scenario_sweep *along = &s->sweeps[x->along], *arms = &s->sweeps[x->arms];
    char low[64], high[64];
    double at[2] = {c->low, c->high};
    bool more = cell_figures[x->figure].unit == UNIT_RATE; /* goodput: more is better */
    int first = (c->sign < 0) != more ? 0 : 1;             /* which arm is better below */
    sweep_write(low, sizeof low, along->kind, &at[0]);
    sweep_write(high, sizeof high, along->kind, &at[1]);
    const char *below = arms->values[x->arm[first]], *above = arms->values[x->arm[1 - first]];
    if (x->json != NULL) {
        json_object(x->json, NULL);
        json_object(x->json, "settings");
        for (uint32_t k = 0; k < s->sweep_count; k++)
            if ((int)k != x->along && (int)k != x->arms)
                json_string(x->json, s->sweeps[k].path, s->sweeps[k].values[x->choice[k]]);
        json_end_object(x->json);
        json_string(x->json, "better_below", below);
        json_string(x->json, "better_above", above);
        json_string(x->json, "low", low);
        json_string(x->json, "high", high);
        json_bool(x->json, "no_difference_between", c->blurred);
        json_uint(x->json, "probes", c->probes);
        json_end_object(x->json);
        return;
    }
    text_print(stdout, below);
    printf(" is better up to %s, ", low);
    text_print(stdout, above);
    printf(" from %s on", high);
    if (c->blurred)
        printf(" (no difference shown between)");
    for (uint32_t k = 0; k < s->sweep_count; k++)
        if ((int)k != x->along && (int)k != x->arms) {
            fputs("; ", stdout);
            text_print(stdout, s->sweeps[k].path);
            fputs(" = ", stdout);
            text_print(stdout, s->sweeps[k].values[x->choice[k]]);
        }
    puts("");
}

/* --- the search -------------------------------------------------------------------------------------------- */

static const double *values_at(struct crossings *x, uint32_t arm, uint32_t place)
{
    uint32_t choice[SWEEP_KEYS_MAX];
    memcpy(choice, x->choice, sizeof choice);
    choice[x->along] = x->order[place];
    choice[x->arms] = arm;
    return &x->values[(size_t)plan_cell(x->job->scenario, choice) * x->job->replications];
}

static int narrow(struct crossings *x, struct crossing *c)
{
    struct lb_error error = {.code = LB_ERROR_NONE};
    struct crossing_setup setup = {.figure = x->figure,
                                   .replications = x->job->replications,
                                   .threads = x->job->threads,
                                   .precision = x->precision,
                                   .whole = x->whole,
                                   .self = x,
                                   .load = load_at,
                                   .stop = many_stop};
    int status = crossing_narrow(&setup, c, &error);
    if (status == 0) {
        x->found++;
        print_one(x, c);
        (void)fflush(stdout);
    }
    return status == 0    ? CLI_DONE
           : status == 1  ? CLI_INTERRUPTED
           : status == -2 ? CLI_WRONG
                          : cli_fail_error(x->job->cli, &error);
}

/* Two arms, along the key: from one significant sign to the next. */
static int one_pair(struct crossings *x)
{
    const struct scenario_sweep *along = &x->job->scenario->sweeps[x->along];
    int before = 0, status = CLI_DONE;
    uint32_t since = 0;
    for (uint32_t i = 0; i < along->count && status == CLI_DONE; i++) {
        struct estimate e;
        int sign = crossing_sign(values_at(x, x->arm[0], i), values_at(x, x->arm[1], i),
                                 x->job->replications, &e);
        if (sign == 0)
            continue;
        if (before != 0 && sign != before) {
            struct crossing c = {.low = along->numbers[x->order[since]],
                                 .high = along->numbers[x->order[i]],
                                 .sign = before};
            status = narrow(x, &c);
        }
        before = sign;
        since = i;
    }
    return status;
}

static int all_pairs(struct crossings *x)
{
    const struct scenario *s = x->job->scenario;
    uint32_t cells = plan_cells(s), arms = s->sweeps[x->arms].count;
    int status = CLI_DONE;
    for (uint32_t n = 0; n < cells && status == CLI_DONE; n++) {
        plan_choice(s, n, x->choice);
        if (x->choice[x->along] != 0 || x->choice[x->arms] != 0)
            continue;
        for (x->arm[0] = 0; x->arm[0] < arms && status == CLI_DONE; x->arm[0]++)
            for (x->arm[1] = x->arm[0] + 1; x->arm[1] < arms && status == CLI_DONE; x->arm[1]++)
                status = one_pair(x);
    }
    return status;
}

static void sort_values(struct crossings *x)
{
    const struct scenario_sweep *along = &x->job->scenario->sweeps[x->along];
    x->whole = along->kind == QUANTITY_NUMBER;
    x->order = text_need(along->count * sizeof *x->order);
    for (uint32_t i = 0; i < along->count; i++) {
        uint32_t at = i;
        x->whole = x->whole && floor(along->numbers[i]) == along->numbers[i];
        for (; at > 0 && along->numbers[x->order[at - 1]] > along->numbers[i]; at--)
            x->order[at] = x->order[at - 1];
        x->order[at] = i;
    }
}

int sweep_check_crossings(const struct sweep_job *job, struct sweep_axes *axes)
{
    const struct scenario *s = job->scenario;
    const char *metric = cli_value(job->cli, "crossings");
    axes->figure = cell_figure_find(metric);
    if (axes->figure < 0)
        return cli_fail(
            job->cli, CLI_WRONG,
            "--crossings wants mean, p50, p90, p99, p99.9, errors, goodput, throughput, "
            "imbalance or sessions.lost, not '%s'",
            metric);
    if (job->form == MANY_CSV || job->form == MANY_MARKDOWN)
        return cli_fail(job->cli, CLI_WRONG, "--crossings prints words or --json");
    axes->along = sweep_key_of_load(job);
    if (axes->along < 0)
        return cli_fail(job->cli, CLI_WRONG,
                        "--crossings needs a key of the sweep with two numbers at least%s",
                        cli_value(job->cli, "along") != NULL ? ", which --along names" : "");
    axes->arms = plan_key(s, "balancer.algorithm");
    for (uint32_t k = 0; k < s->sweep_count && axes->arms < 0; k++)
        if ((int)k != axes->along)
            axes->arms = (int)k;
    if (axes->arms < 0 || s->sweeps[axes->arms].count < 2)
        return cli_fail(job->cli, CLI_WRONG,
                        "--crossings needs two algorithms at least (--algorithms A,B)");
    if ((double)plan_cells(s) * job->replications > VALUES_MAX)
        return cli_fail(job->cli, CLI_WRONG, "--crossings: more than %u runs", VALUES_MAX);
    return sweep_precision(job, &axes->precision);
}

int sweep_crossings(const struct sweep_job *job, const struct sweep_axes *axes,
                    struct record *record, int64_t experiment, struct json *json)
{
    struct crossings x = {.job = job,
                          .figure = (enum cell_figure)axes->figure,
                          .precision = axes->precision,
                          .along = axes->along,
                          .arms = axes->arms,
                          .json = json};
    struct lb_error error = {.code = LB_ERROR_NONE};
    size_t count = (size_t)plan_cells(job->scenario) * job->replications;
    x.values = text_need((count + 1) * sizeof *x.values);
    for (size_t i = 0; i < count; i++)
        x.values[i] = NAN;
    sort_values(&x);
    int status = experiment_read(record, experiment, keep, &x, &error) == 0
                     ? CLI_DONE
                     : cli_fail_error(job->cli, &error);
    if (json != NULL)
        json_list(json, "crossings");
    else if (status == CLI_DONE)
        printf("\nCrossings of %s along %s (paired differences, 95 %% intervals, to %.3g %%):\n",
               cell_figures[x.figure].name, job->scenario->sweeps[x.along].path,
               x.precision * 100.0);
    if (status == CLI_DONE)
        status = all_pairs(&x);
    if (json != NULL)
        json_end_list(json);
    else if (status == CLI_DONE && x.found == 0)
        puts("none: no ranking flips between two of its values");
    free(x.order);
    free(x.values);
    return status;
}
