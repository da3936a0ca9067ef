/*
 * Large pools and large weights, for every registered algorithm: its maximum of backends (or a few
 * thousand), weights up to the largest that a scenario may say, and changes of them. Nobody may ask
 * for memory by the weight, lose a backend, or pick a closed one.
 *
 * Slow with sanitizers on a busy machine: timeout: 400
 *
 * Seeds are fixed. Memory is read from the system (peak resident size); a ring that took 160 points
 * of 16 bytes for each unit of a weight of a million would need gigabytes.
 */
#include "algorithms/registry.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/check.h"

#define UP       (LB_PRESENT | LB_USABLE)
#define ROWS     4096U
#define REQUESTS 1000U
#define HEAVY    1000000U      /* the largest weight of a scenario */
#define PEAK_MAX (768L * 1024) /* KiB */
#define SECOND   INT64_C(1000000000)

struct host { /* books of a pool of any size; one request at a time is in flight */
    const struct lb_algorithm *algorithm;
    void *state;
    struct lb_pool pool;
    struct lb_backend *rows;
    char (*names)[24];
    uint32_t *present, *slots;
    lb_time *work_left;
    double *speed;
    struct lb_truth truth;
    struct lb_random coins, own;
    lb_time now, timer;
};

static void host_init(struct host *host, uint32_t count, uint32_t max)
{
    *host = (struct host){.rows = calloc(max, sizeof *host->rows),
                          .names = calloc(max, sizeof *host->names),
                          .present = calloc(max, sizeof *host->present),
                          .slots = calloc(max, sizeof *host->slots),
                          .work_left = calloc(max, sizeof *host->work_left),
                          .speed = calloc(max, sizeof *host->speed),
                          .now = SECOND,
                          .timer = LB_NEVER};
    for (uint32_t i = 0; i < max; i++) {
        snprintf(host->names[i], sizeof host->names[i], "10.%u.%u.%u:80", i >> 16, i >> 8 & 255,
                 i & 255);
        host->rows[i] = (struct lb_backend){.name = host->names[i],
                                            .address = host->names[i],
                                            .id = i + 1,
                                            .weight = 1,
                                            .flags = i < count ? UP : 0};
        host->slots[i] = 1;
        host->speed[i] = 1;
    }
    host->pool = (struct lb_pool){.at = host->rows, .count = count, .max = max, .usable = count};
    host->truth = (struct lb_truth){host->present, host->work_left, host->slots, host->speed};
    lb_random_seed(&host->coins, 1);
    lb_random_seed(&host->own, 2);
}

static bool host_create(struct host *host, const struct lb_algorithm *a, struct lb_error *error)
{
    struct lb_setup setup = {.pool = &host->pool,
                             .random = &host->coins,
                             .balancers = 1,
                             .tiers = 1,
                             .truth = (a->needs & LB_NEED_ORACLE) != 0 ? &host->truth : NULL,
                             .now = host->now};
    host->algorithm = a;
    host->state = a->create(&setup, error);
    if (host->state != NULL && a->on_timer != NULL)
        host->timer = a->on_timer(host->state, host->now);
    return host->state != NULL;
}

static void host_done(struct host *host)
{
    if (host->state != NULL)
        host->algorithm->destroy(host->state);
    free(host->rows);
    free(host->names);
    free(host->present);
    free(host->slots);
    free(host->work_left);
    free(host->speed);
}

static void host_changed(struct host *host, uint32_t row)
{
    int32_t changed = (int32_t)row;
    host->pool.usable = 0;
    for (uint32_t i = 0; i < host->pool.count; i++)
        host->pool.usable += (host->rows[i].flags & LB_USABLE) != 0;
    if (host->algorithm->on_pool_change != NULL)
        host->algorithm->on_pool_change(host->state, &changed, 1, host->now);
}

/* One request from pick to a good end; the row, or what the pick answered. */
static int32_t host_serve(struct host *host)
{
    const struct lb_algorithm *a = host->algorithm;
    uint64_t who = lb_random_u64(&host->own);
    struct lb_request request = {
        .source = {.family = 4}, .key = &who, .key_size = sizeof who, .size = 1000};
    memcpy(request.source.bytes, &who, 4);
    host->now += SECOND / 1000;
    while (host->timer <= host->now)
        host->timer = a->on_timer(host->state, host->now);
    int32_t row = a->pick(host->state, &request, host->now);
    if (row < 0 || row >= (int32_t)host->pool.count)
        return row;
    host->rows[row].in_flight++;
    host->pool.in_flight++;
    host->present[row]++;
    if (a->on_attempt_start != NULL)
        a->on_attempt_start(host->state, row, &request, LB_BY_PICK, host->now);
    struct lb_load load = {.utilization = 0.5, .rate = 10, .latency = SECOND / 1000, .idle = true};
    struct lb_outcome outcome = {.end = LB_END_OK,
                                 .sent = host->now,
                                 .connected = host->now,
                                 .first_byte = host->now + SECOND / 1000,
                                 .bytes_in = 1000,
                                 .load = &load};
    host->rows[row].in_flight--;
    host->pool.in_flight--;
    host->present[row]--;
    if (a->on_attempt_finish != NULL)
        a->on_attempt_finish(host->state, row, &outcome, host->now + SECOND / 1000);
    return row;
}

/* Serves; false when a pick names nobody, or somebody who is closed. A product that hashes and does
 * not claim ALWAYS may leave a key with nobody; IPVS sh leaves all of them with nobody when the first
 * of the list weighs as much as there are buckets, or more, and goes down: the others have none. */
static bool serves(struct host *host, uint32_t requests)
{
    const struct lb_algorithm *a = host->algorithm;
    bool declines = (a->claims & LB_CLAIM_ALWAYS) == 0 && (a->needs & LB_NEED_KEY) != 0;
    uint32_t served = 0;
    for (uint32_t n = 0; n < requests; n++) {
        int32_t row = host_serve(host);
        if (row >= (int32_t)host->pool.count || (row >= 0 && !lb_open(&host->rows[row])) ||
            (row < 0 && !declines))
            return false;
        served += row >= 0;
    }
    return served > 0 || strcmp(a->name, "ipvs-sh") == 0;
}

static void blame(const struct lb_algorithm *a, const char *what)
{
    printf("\n%s: %s", a->name, what);
    CU_FAIL("see above");
}

/* As many backends as it bears, or thousands; some leave, some come back. */
static void many_backends(void)
{
    struct host host;
    struct lb_error error;
    for (uint32_t i = 0; i < lb_registry_count(); i++) {
        const struct lb_algorithm *a = lb_registry_at(i);
        uint32_t most = a->backends_max != 0 && a->backends_max < ROWS ? a->backends_max : ROWS;
        host_init(&host, most, most);
        if (!host_create(&host, a, &error)) {
            blame(a, error.text);
        } else {
            if (!serves(&host, REQUESTS))
                blame(a, "does not serve its most backends");
            for (uint32_t k = 0; k < 3; k++) {
                host.rows[k * (most / 4)].flags = (uint16_t)(k == 0 ? 0 : LB_PRESENT);
                host_changed(&host, k * (most / 4));
            }
            if (!serves(&host, REQUESTS))
                blame(a, "does not serve its most backends but three");
        }
        host_done(&host);
    }
}

/* One backend is a million times as heavy as the others, from the start or later. */
static void heavy_backends(void)
{
    static const uint32_t weights[2][3] = {{HEAVY, HEAVY - 1, 7}, {1, 1, 1}};
    struct host host;
    struct lb_error error;
    for (uint32_t i = 0; i < lb_registry_count(); i++) {
        const struct lb_algorithm *a = lb_registry_at(i);
        for (int w = 0; w < 2; w++) {
            host_init(&host, 3, 4);
            for (int row = 0; row < 3; row++)
                host.rows[row].weight = weights[w][row];
            if (!host_create(&host, a, &error)) {
                blame(a, error.text);
            } else {
                bool fine = serves(&host, REQUESTS / 10);
                host.rows[1].weight = HEAVY;
                host_changed(&host, 1);
                fine = fine && serves(&host, REQUESTS / 10);
                host.rows[0].flags = LB_PRESENT;
                host_changed(&host, 0);
                fine = fine && serves(&host, REQUESTS / 10);
                if (!fine)
                    blame(a, "does not serve heavy backends");
            }
            host_done(&host);
        }
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    if (usage.ru_maxrss > PEAK_MAX)
        printf("\n%ld KiB", usage.ru_maxrss);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    CU_ASSERT(usage.ru_maxrss <= PEAK_MAX);
#endif
}

static const struct check_test tests[] = {
    {"many backends", many_backends},
    {"heavy backends", heavy_backends},
};

CHECK_MAIN("contract: large pools and weights")
