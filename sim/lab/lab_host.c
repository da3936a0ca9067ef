/* See lab_host.h. */
#include "sim/lab/lab_host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algorithms/registry.h"
#include "sim/base/check.h"
#include "sim/base/text.h"

/* Names are dear, so they are made for those who look at them. */
static void name_rows(struct lab_host *host, const uint32_t *weights)
{
    bool named = (host->algorithm->needs & LB_NEED_KEY) != 0;
    for (uint32_t i = 0; i < host->pool.max; i++) {
        uint64_t bits = lb_random_u64(&host->draws);
        if (named)
            (void)snprintf(host->names[i], sizeof host->names[i], "10.%u.%u.%u:%u",
                           (unsigned)(bits & 255), (unsigned)(bits >> 8 & 255),
                           (unsigned)(bits >> 16 & 255), (unsigned)(1024 + (bits >> 24) % 60000));
        host->rows[i] = (struct lb_backend){
            .id = i + 1,
            .name = host->names[i],
            .address = host->names[i],
            .weight = weights != NULL ? weights[i] : 1,
            .flags = i < host->pool.count ? LB_PRESENT | LB_USABLE : 0,
        };
    }
}

int lab_host_open(struct lab_host *host, const char *algorithm,
                  const struct lab_host_parameter *parameters, uint32_t max, uint32_t count,
                  const uint32_t *weights, const struct stream_key *key, uint64_t trial,
                  struct lb_error *error)
{
    double values[LB_PARAMS_MAX];
    const struct lb_algorithm *a = lb_registry_find(algorithm);
    lb_assert(a != NULL && count <= max);
    *host = (struct lab_host){.algorithm = a,
                              .rows = text_need_zero(max, sizeof *host->rows),
                              .names = text_need_zero(max, sizeof *host->names)};
    host->pool = (struct lb_pool){.at = host->rows, .count = count, .max = max, .usable = count};
    stream_open(&host->coins, key, STREAM_COINS, trial, stream_name(algorithm));
    stream_open(&host->draws, key, STREAM_CLIENT, trial, stream_name(algorithm));
    name_rows(host, weights);
    for (uint32_t p = 0; p < lb_param_count(a); p++)
        values[p] = a->params[p].value;
    for (; parameters != NULL && parameters->name != NULL; parameters++) {
        int place = lb_param_find(a, parameters->name);
        lb_assert(place >= 0);
        values[place] = parameters->value;
    }
    struct lb_setup setup = {
        .pool = &host->pool, .values = values, .random = &host->coins, .balancers = 1, .tiers = 1};
    host->state = a->create(&setup, error);
    if (host->state == NULL) {
        lab_host_close(host);
        return -1;
    }
    return 0;
}

void lab_host_close(struct lab_host *host)
{
    if (host->state != NULL)
        host->algorithm->destroy(host->state);
    free(host->rows);
    free(host->names);
    *host = (struct lab_host){.state = NULL};
}

void lab_host_set_present(struct lab_host *host, uint32_t row, bool present)
{
    int32_t changed = (int32_t)row;
    bool before = (host->rows[row].flags & LB_PRESENT) != 0;
    if (present == before)
        return;
    host->rows[row].flags = present ? LB_PRESENT | LB_USABLE : 0;
    host->pool.usable = present ? host->pool.usable + 1 : host->pool.usable - 1;
    if (row >= host->pool.count)
        host->pool.count = row + 1;
    if (host->algorithm->on_pool_change != NULL)
        host->algorithm->on_pool_change(host->state, &changed, 1, 0);
}

int32_t lab_host_ask(struct lab_host *host, uint64_t key)
{
    struct lb_request request = {
        .source = {.family = 4, .port = (uint16_t)(key >> 40)},
        .key = &key,
        .key_size = sizeof key,
    };
    memcpy(request.source.bytes, &key, 4);
    return host->algorithm->pick(host->state, &request, 0);
}

void lab_host_keep(struct lab_host *host, int32_t row)
{
    struct lb_request request = {.key_size = 0};
    host->rows[row].in_flight++;
    host->pool.in_flight++;
    if (host->algorithm->on_attempt_start != NULL)
        host->algorithm->on_attempt_start(host->state, row, &request, LB_BY_PICK, 0);
}
