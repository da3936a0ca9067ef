/* See validate.h. */
#include "sim/lab/validate.h"

#include <math.h>
#include <stdlib.h>

#include "sim/base/stream.h"
#include "sim/lab/theory_family.h"

/* A replication's share of the requests that the plan of a case asks for at the least number of
 * replications. The plan is for the mean; the tail needs about twice as many. */
#define MARGIN       2.0
#define REQUESTS_MIN 2e3
#define REQUESTS_MAX 5e7

struct sheet { /* figures by quantity and replication */
    const struct validate_setup *setup;
    const struct theory_case *c;
    uint64_t seed;
    double requests;
    uint32_t done; /* replications before this call of replicate() */
    double *values[THEORY_KNOWN_MAX];
    const struct scenario *scenario;          /* NULL: trials */
    void *watches[VALIDATE_REPLICATIONS_MAX]; /* of families that watch their runs */
};

static void file(struct sheet *sheet, uint32_t index, const double *figures)
{
    for (uint32_t k = 0; k < sheet->c->known_count; k++)
        sheet->values[k][sheet->done + index] = figures[k];
}

static void begin(void *self, uint32_t index, struct run *run)
{
    struct sheet *sheet = self;
    const struct theory_family *family = sheet->c->family;
    void *watch = text_need_zero(1, family->watch_size);
    sheet->watches[index] = watch;
    if (family->begin != NULL)
        family->begin(watch, sheet->scenario);
    run_observe(run, &(struct observer){.self = watch,
                                        .on_happening = family->happening,
                                        .on_sample = family->sample});
}

static void measure(void *self, uint32_t index, const struct summary *summary)
{
    struct sheet *sheet = self;
    const struct theory_case *c = sheet->c;
    double figures[THEORY_KNOWN_MAX];
    if (c->family->figures != NULL)
        c->family->figures(c, summary, sheet->watches[index], figures);
    else
        for (uint32_t k = 0; k < c->known_count; k++)
            figures[k] = theory_figure(summary, c->known[k].quantity);
    file(sheet, index, figures);
}

/* Trials instead of a run. */
static int make(void *self, uint32_t index, struct lb_error *error)
{
    struct sheet *sheet = self;
    double figures[THEORY_KNOWN_MAX];
    struct stream_key key = {sheet->seed, sheet->done + index};
    int status = sheet->c->family->trial(sheet->c, (uint32_t)sheet->requests, &key, figures, error);
    if (status == 0)
        file(sheet, index, figures);
    return status;
}

static bool stop(void *self)
{
    const struct sheet *sheet = self;
    return sheet->setup->stop != NULL && sheet->setup->stop(sheet->setup->self);
}

static struct estimate estimate(const struct sheet *sheet, uint32_t k)
{
    struct estimate e = statistics_mean(sheet->values[k], sheet->done, 0.95);
    if (theory_quantity_is_root(sheet->c->known[k].quantity)) { /* the delta method */
        double root = sqrt(e.mean);
        e.low = sqrt(fmax(0, e.low));
        e.high = sqrt(e.high);
        e.sd = root > 0 ? e.sd / (2 * root) : e.sd;
        e.se = root > 0 ? e.se / (2 * root) : e.se;
        e.mean = root;
    }
    return e;
}

/* How many more replications it takes, in blocks; 0 = precise enough, or the limit is met. */
static uint32_t more(const struct sheet *sheet)
{
    double worst = 0;
    for (uint32_t k = 0; k < sheet->c->known_count; k++) {
        struct estimate e = estimate(sheet, k);
        double error = e.se == 0 ? 0 : e.mean != 0 ? e.se / fabs(e.mean) : INFINITY;
        worst = fmax(worst, error / sheet->setup->precision);
    }
    uint32_t room = VALIDATE_REPLICATIONS_MAX - sheet->done;
    if (worst <= 1 || room == 0)
        return 0;
    /* Two thirds of what it seems to take: the standard error is itself an estimate. */
    double wanted = sheet->done * (worst * worst - 1) / 1.5;
    double blocks = ceil(fmin(wanted, room) / VALIDATE_BLOCK);
    return (uint32_t)fmin(fmax(blocks, 1) * VALIDATE_BLOCK, room);
}

/* The scenario of the case, NULL when it is a matter of trials. 0, or -1 with *error. */
static int load(const struct sheet *sheet, struct scenario **scenario, struct lb_error *error)
{
    const struct validate_setup *setup = sheet->setup;
    *scenario = NULL;
    if (sheet->c->family->trial != NULL)
        return 0;
    struct text text;
    text_init(&text);
    theory_scenario(sheet->c, sheet->requests, sheet->seed, &text);
    *scenario = setup->load(setup->self, text.data, text.size, error);
    text_done(&text);
    return *scenario != NULL ? 0 : -1;
}

/* The case at one seed, into the sheet. As validate_case. */
static int simulate(struct sheet *sheet, uint64_t seed, struct lb_error *error)
{
    const struct theory_family *family = sheet->c->family;
    struct scenario *scenario;
    sheet->seed = seed;
    sheet->done = 0;
    int status = load(sheet, &scenario, error);
    sheet->scenario = scenario;
    for (uint32_t count = VALIDATE_REPLICATIONS_MIN; count > 0 && status == 0;) {
        struct replicate_setup work = {.scenario = scenario,
                                       .first = sheet->done,
                                       .count = count,
                                       .threads = sheet->setup->threads,
                                       .samples = family->sample != NULL,
                                       .self = sheet,
                                       .begin = family->watch_size > 0 ? begin : NULL,
                                       .make = family->trial != NULL ? make : NULL,
                                       .measure = measure,
                                       .stop = stop};
        status = replicate(&work, error);
        for (uint32_t i = 0; i < count; i++) {
            free(sheet->watches[i]);
            sheet->watches[i] = NULL;
        }
        sheet->done += count;
        count = status == 0 ? more(sheet) : 0;
    }
    if (scenario != NULL)
        scenario_destroy(scenario);
    return status;
}

static double distance(const struct estimate *e, const struct theory_value *theory)
{
    double own = theory->accuracy * theory->value;
    double difference = e->mean - theory->value;
    double error = sqrt(e->se * e->se + own * own);
    return error > 0 ? difference / error : difference == 0 ? 0 : copysign(INFINITY, difference);
}

static void judge(const struct sheet *sheet, struct validate_row *row, uint32_t k, bool second)
{
    row->theory = sheet->c->known[k];
    row->simulation = estimate(sheet, k);
    row->distance = distance(&row->simulation, &row->theory);
    bool wide = row->simulation.se > sheet->setup->precision * fabs(row->simulation.mean);
    bool miss = !(fabs(row->distance) <= VALIDATE_LIMIT);
    if (miss)
        row->verdict = VALIDATE_MISS;
    else if (wide)
        row->verdict = VALIDATE_WIDE;
    else
        row->verdict = second ? VALIDATE_OK_SECOND : VALIDATE_OK;
}

double validate_requests(const struct theory_case *c, double precision)
{
    double scale = VALIDATE_PRECISION / precision;
    double planned = MARGIN * scale * scale * c->effort / VALIDATE_REPLICATIONS_MIN;
    bool queue = c->family->trial == NULL && c->family->scenario == NULL;
    return ceil(fmin(fmax(planned, queue ? REQUESTS_MIN : 1), REQUESTS_MAX));
}

uint64_t validate_seed(const struct theory_case *c, uint64_t seed)
{
    return seed + (stream_name(c->name) >> 32);
}

int validate_case(const struct validate_setup *setup, const struct theory_case *c,
                  struct validate_row *rows, struct lb_error *error)
{
    uint64_t seed = validate_seed(c, setup->seed);
    struct sheet sheet = {
        .setup = setup, .c = c, .requests = validate_requests(c, setup->precision)};
    for (uint32_t k = 0; k < c->known_count; k++)
        sheet.values[k] = text_need(VALIDATE_REPLICATIONS_MAX * sizeof(double));
    int status = simulate(&sheet, seed, error);
    bool missed = false;
    for (uint32_t k = 0; k < c->known_count && status == 0; k++) {
        rows[k] = (struct validate_row){.seed = seed, .requests = sheet.requests};
        judge(&sheet, &rows[k], k, false);
        rows[k].first_distance = rows[k].distance;
        missed |= rows[k].verdict == VALIDATE_MISS;
    }
    if (missed && status == 0)
        status = simulate(&sheet, seed + 1, error);
    for (uint32_t k = 0; k < c->known_count && status == 0 && missed; k++) {
        if (rows[k].verdict != VALIDATE_MISS)
            continue;
        rows[k].seed = seed + 1;
        judge(&sheet, &rows[k], k, true);
    }
    for (uint32_t k = 0; k < c->known_count; k++)
        free(sheet.values[k]);
    return status;
}

const char *validate_word(enum validate_verdict verdict)
{
    static const char *const words[] = {"ok", "ok (2nd seed)", "MISS", "WIDE"};
    return words[verdict];
}
