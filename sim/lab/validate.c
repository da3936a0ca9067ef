/* See validate.h. */
#include "sim/lab/validate.h"

#include <math.h>
#include <stdlib.h>

#include "sim/base/stream.h"

/* A replication's share of the requests that the plan of a case asks for at the least number of
 * replications. The plan is for the mean; the tail needs about twice as many. */
#define MARGIN       2.0
#define REQUESTS_MIN 2e3
#define REQUESTS_MAX 5e7

struct sheet { /* figures by quantity and replication */
    const struct validate_setup *setup;
    const struct theory_case *c;
    uint32_t done; /* replications before this call of replicate() */
    double *values[THEORY_QUANTITIES];
};

/* Latency: with no network between it is the response, and a wait at the balancer counts as well. */
static double figure(const struct summary *summary, enum theory_quantity quantity)
{
    switch (quantity) {
    case THEORY_MEAN:
        return histogram_mean(&summary->latency) / 1e9;
    case THEORY_P99:
        return histogram_quantile(&summary->latency, 0.99) / 1e9;
    case THEORY_REFUSED:
        return (double)summary->counts.failed / (double)summary->counts.arrived;
    case THEORY_THROUGHPUT:
        return summary->throughput;
    default:
        return NAN;
    }
}

static void measure(void *self, uint32_t index, const struct summary *summary)
{
    struct sheet *sheet = self;
    for (uint32_t k = 0; k < sheet->c->known_count; k++)
        sheet->values[k][sheet->done + index] = figure(summary, sheet->c->known[k].quantity);
}

static bool stop(void *self)
{
    const struct sheet *sheet = self;
    return sheet->setup->stop != NULL && sheet->setup->stop(sheet->setup->self);
}

static struct estimate estimate(const struct sheet *sheet, uint32_t k)
{
    return statistics_mean(sheet->values[k], sheet->done, 0.95);
}

/* How many more replications it takes, in blocks; 0 = precise enough, or the limit is met. */
static uint32_t more(const struct sheet *sheet)
{
    double worst = 0;
    for (uint32_t k = 0; k < sheet->c->known_count; k++) {
        struct estimate e = estimate(sheet, k);
        double error = e.mean != 0 ? e.se / fabs(e.mean) : INFINITY;
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

/* The case at one seed, into the sheet. As validate_case. */
static int simulate(struct sheet *sheet, uint64_t seed, double requests, struct lb_error *error)
{
    const struct validate_setup *setup = sheet->setup;
    struct text text;
    text_init(&text);
    theory_scenario(sheet->c, requests, seed, &text);
    struct scenario *scenario = setup->load(setup->self, text.data, text.size, error);
    text_done(&text);
    if (scenario == NULL)
        return -1;
    int status = 0;
    sheet->done = 0;
    for (uint32_t count = VALIDATE_REPLICATIONS_MIN; count > 0 && status == 0;) {
        struct replicate_setup work = {.scenario = scenario,
                                       .first = sheet->done,
                                       .count = count,
                                       .threads = setup->threads,
                                       .self = sheet,
                                       .measure = measure,
                                       .stop = stop};
        status = replicate(&work, error);
        sheet->done += count;
        count = status == 0 ? more(sheet) : 0;
    }
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
    return fmin(fmax(planned, REQUESTS_MIN), REQUESTS_MAX);
}

uint64_t validate_seed(const struct theory_case *c, uint64_t seed)
{
    return seed + (stream_name(c->name) >> 32);
}

int validate_case(const struct validate_setup *setup, const struct theory_case *c,
                  struct validate_row *rows, struct lb_error *error)
{
    uint64_t seed = validate_seed(c, setup->seed);
    struct sheet sheet = {.setup = setup, .c = c};
    double requests = validate_requests(c, setup->precision);
    for (uint32_t k = 0; k < c->known_count; k++)
        sheet.values[k] = text_need(VALIDATE_REPLICATIONS_MAX * sizeof(double));
    int status = simulate(&sheet, seed, requests, error);
    bool missed = false;
    for (uint32_t k = 0; k < c->known_count && status == 0; k++) {
        rows[k] = (struct validate_row){.seed = seed, .requests = requests};
        judge(&sheet, &rows[k], k, false);
        rows[k].first_distance = rows[k].distance;
        missed |= rows[k].verdict == VALIDATE_MISS;
    }
    if (missed && status == 0)
        status = simulate(&sheet, seed + 1, requests, error);
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
