/* See bench.h: a host as small as a host can be, so that what is measured is the algorithm. */
#include <math.h>
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/base/wall.h"
#include "ui/cli/bench.h"

#define EACH     2       /* in flight, of every backend on average */
#define ROUND_NS 8000000 /* at least */
#define QUICK_NS 1000000
#define BATCH    256        /* decisions between two looks at the clock */
#define LATENCY  10000000.0 /* ns: mean time in flight, sets the pace of the host's clock */
#define TARGETS  16

const uint32_t bench_sizes[BENCH_SIZES] = {10, 100, 1000, 10000};

struct host {
    const struct lb_algorithm *algorithm; /* NULL = random, by the host itself */
    void *state;
    struct lb_backend *rows;
    struct lb_pool pool;
    struct lb_truth truth;
    uint32_t *present, *slots;
    double *speed;
    lb_time *work_left;
    char (*names)[32];
    int32_t *flight; /* backends of what is in flight, in any order */
    uint32_t flying;
    struct lb_random coins, own;
    lb_time now, gap, timer;
    uint64_t declined; /* LB_NONE, LB_WAIT */
};

static void host_open(struct host *host, const struct lb_algorithm *algorithm, uint32_t n)
{
    *host = (struct host){.algorithm = algorithm,
                          .rows = text_need_zero(n, sizeof *host->rows),
                          .present = text_need_zero(n, sizeof *host->present),
                          .slots = text_need_zero(n, sizeof *host->slots),
                          .speed = text_need_zero(n, sizeof *host->speed),
                          .work_left = text_need_zero(n, sizeof *host->work_left),
                          .names = text_need_zero(n, sizeof *host->names),
                          .flight = text_need_zero((size_t)EACH * n, sizeof *host->flight),
                          .gap = (lb_time)ceil(LATENCY / EACH / n),
                          .timer = LB_NEVER};
    for (uint32_t i = 0; i < n; i++) {
        (void)snprintf(host->names[i], sizeof host->names[i], "10.%u.%u.%u:80", i >> 16,
                       i >> 8 & 255, i & 255);
        host->rows[i] = (struct lb_backend){.name = host->names[i],
                                            .address = host->names[i],
                                            .id = i + 1,
                                            .weight = 1,
                                            .flags = LB_PRESENT | LB_USABLE};
        host->slots[i] = 2 * EACH;
        host->speed[i] = 1;
    }
    host->pool = (struct lb_pool){.at = host->rows, .count = n, .max = n, .usable = n};
    host->truth = (struct lb_truth){host->present, host->work_left, host->slots, host->speed};
    lb_random_seed(&host->coins, 1);
    lb_random_seed(&host->own, 2);
}

static void host_close(struct host *host)
{
    if (host->state != NULL)
        host->algorithm->destroy(host->state);
    free(host->rows);
    free(host->present);
    free(host->work_left);
    free(host->slots);
    free(host->speed);
    free(host->names);
    free(host->flight);
}

static bool host_create(struct host *host)
{
    const struct lb_algorithm *a = host->algorithm;
    struct lb_setup setup = {.pool = &host->pool,
                             .random = &host->coins,
                             .balancers = 1,
                             .tiers = 1,
                             .truth = a->needs & LB_NEED_ORACLE ? &host->truth : NULL};
    struct lb_error error;
    if (a->backends_max != 0 && host->pool.count > a->backends_max)
        return false;
    host->state = a->create(&setup, &error);
    if (host->state != NULL && a->on_timer != NULL)
        host->timer = a->on_timer(host->state, 0);
    return host->state != NULL;
}

static inline void host_count(struct host *host, uint32_t row, uint32_t by)
{
    host->rows[row].in_flight += by;
    host->pool.in_flight += (uint64_t)(int64_t)(int32_t)by;
    if (host->algorithm != NULL && (host->algorithm->needs & LB_NEED_ORACLE) != 0) {
        host->present[row] += by;
        host->work_left[row] = (lb_time)(host->present[row] * LATENCY / EACH);
    }
}

static inline void host_finish(struct host *host)
{
    uint32_t place = lb_random_below(&host->own, host->flying);
    int32_t row = host->flight[place];
    host->flight[place] = host->flight[--host->flying];
    host_count(host, (uint32_t)row, UINT32_MAX);
    if (host->algorithm == NULL || host->algorithm->on_attempt_finish == NULL)
        return;
    lb_time sent = host->now > (lb_time)LATENCY ? host->now - (lb_time)LATENCY : 1;
    struct lb_load load = {.in_flight = host->rows[row].in_flight, .utilization = 0.5};
    struct lb_outcome outcome = {.end = LB_END_OK,
                                 .sent = sent,
                                 .connected = sent + 1,
                                 .first_byte = host->now,
                                 .bytes_out = 500,
                                 .bytes_in = 20000,
                                 .load = host->algorithm->needs & LB_NEED_LOAD ? &load : NULL};
    host->algorithm->on_attempt_finish(host->state, row, &outcome, host->now);
}

/* Timers that are due; probes are answered at once. */
static void host_tend(struct host *host)
{
    const struct lb_algorithm *a = host->algorithm;
    if (host->now >= host->timer)
        host->timer = a->on_timer(host->state, host->now);
    if (a->probe_targets == NULL)
        return;
    int32_t targets[TARGETS];
    uint32_t count = a->probe_targets(host->state, targets, TARGETS, host->now);
    for (uint32_t i = 0; i < count; i++) {
        struct lb_load load = {.in_flight = host->rows[targets[i]].in_flight,
                               .latency = (lb_time)LATENCY};
        a->on_probe(host->state, targets[i], &load, host->now);
    }
}

static inline void host_decide(struct host *host)
{
    const struct lb_algorithm *a = host->algorithm;
    host->now += host->gap;
    if (host->flying == EACH * host->pool.count)
        host_finish(host);
    uint64_t who = lb_random_u64(&host->own);
    int32_t row;
    if (a == NULL) {
        row = (int32_t)((who >> 32) * host->pool.count >> 32);
    } else {
        struct lb_request request = {.source = {.family = 4, .port = (uint16_t)(who >> 48)},
                                     .key = &who,
                                     .key_size = sizeof who,
                                     .size = (uint64_t)LATENCY};
        for (int i = 0; i < 4; i++)
            request.source.bytes[i] = (uint8_t)(who >> 8 * i);
        row = a->pick(host->state, &request, host->now);
        if (row >= 0)
            host_count(host, (uint32_t)row, 1);
        if (row >= 0 && a->on_attempt_start != NULL)
            a->on_attempt_start(host->state, row, &request, LB_BY_PICK, host->now);
        host_tend(host);
    }
    if (row < 0) {
        host->declined++;
        return;
    }
    if (a == NULL)
        host_count(host, (uint32_t)row, 1);
    host->flight[host->flying++] = row;
}

/* Nanoseconds a decision over one round. */
static double host_round(struct host *host, int64_t length)
{
    uint64_t decisions = 0;
    int64_t start = wall_cpu(), passed;
    do {
        for (int i = 0; i < BATCH; i++)
            host_decide(host);
        decisions += BATCH;
        passed = wall_cpu() - start;
    } while (passed < length);
    return (double)passed / (double)decisions;
}

/* Puts EACH requests in flight at every backend, without a pick: an algorithm that looks at all of
 * them would need minutes for a large pool. */
static void host_fill(struct host *host)
{
    const struct lb_algorithm *a = host->algorithm;
    for (uint32_t i = 0; i < EACH * host->pool.count; i++) {
        uint32_t row = i % host->pool.count;
        struct lb_request request = {.source = {.family = 4}, .size = (uint64_t)LATENCY};
        host_count(host, row, 1);
        if (a != NULL && a->on_attempt_start != NULL)
            a->on_attempt_start(host->state, (int32_t)row, &request, LB_BY_AFFINITY, host->now);
        host->flight[host->flying++] = (int32_t)row;
    }
}

/* Decides until everybody has been served anew, or for a while. */
static void host_settle(struct host *host, int64_t length)
{
    int64_t start = wall_cpu();
    for (uint32_t i = 0; i < EACH * host->pool.count; i++) {
        if (i % BATCH == 0 && wall_cpu() - start > length)
            break;
        host_decide(host);
    }
}

static int rounds(bool quick)
{
    return quick ? 1 : 5;
}

double bench_decision(const struct lb_algorithm *algorithm, uint32_t backends, bool quick)
{
    int64_t length = quick ? QUICK_NS : ROUND_NS;
    struct host host;
    double best = NAN;
    host_open(&host, algorithm, backends);
    if (algorithm == NULL || host_create(&host)) {
        host_fill(&host);
        host_settle(&host, 2 * length);
        for (int round = 0; round < rounds(quick); round++)
            best = fmin(best, host_round(&host, length)); /* fmin(NAN, x) is x */
        if (host.declined > 0) /* nobody may: all are usable, none is full; nothing was measured */
            best = NAN;
    }
    host_close(&host);
    return best;
}

double bench_build(const struct lb_algorithm *algorithm, uint32_t backends, bool quick)
{
    struct host host;
    double best = NAN;
    for (int round = 0; round < rounds(quick); round++) {
        host_open(&host, algorithm, backends);
        int64_t start = wall_cpu();
        if (host_create(&host))
            best = fmin(best, (double)(wall_cpu() - start) / 1e6);
        host_close(&host);
    }
    return best;
}
