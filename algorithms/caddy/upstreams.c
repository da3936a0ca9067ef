/*
 * See upstreams.h.
 */
#include "algorithms/caddy/upstreams.h"

#include <stdlib.h>
#include <string.h>

#define XXH_STATIC_LINKING_ONLY /* a hash in steps whose state is no heap block */
#include <xxhash.h>

#include "algorithms/hash.h"

#define DARTS 16 /* before the available ones are counted out */

static const char *const function_words[] = {"fnv1a", "xxhash", NULL};

const struct lb_param lb_caddy_hash_params[] = {
    {.name = "function",
     .unit = "",
     .value = LB_CADDY_FNV1A,
     .min = LB_CADDY_FNV1A,
     .max = LB_CADDY_XXHASH,
     .help = "FNV-1a of key and upstream (2.6), or XXH64 of upstream and key (newer)",
     .choices = function_words},
    {.name = NULL},
};

/* Lists the upstreams; true when they are others than before. */
static bool list(struct lb_caddy *caddy)
{
    const struct lb_pool *pool = caddy->pool;
    uint32_t count = 0;
    bool others = false;
    caddy->plain = true;
    for (uint32_t i = 0; i < pool->count; i++) {
        if ((pool->at[i].flags & LB_PRESENT) == 0)
            continue;
        others = others || count >= caddy->count || caddy->row[count] != i;
        caddy->row[count++] = i;
        if (!lb_open(&pool->at[i]) || pool->at[i].max_in_flight != 0)
            caddy->plain = false;
    }
    others = others || count != caddy->count;
    caddy->count = count;
    return others;
}

void *lb_caddy_new(const struct lb_setup *setup, size_t size, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    struct lb_caddy *caddy = calloc(1, size);
    if (caddy != NULL)
        caddy->row = calloc(max + (max == 0), sizeof caddy->row[0]);
    if (caddy == NULL || caddy->row == NULL) {
        free(caddy);
        lb_error_set(error, LB_ERROR_MEMORY, "caddy: no memory for %zu upstreams", max);
        return NULL;
    }
    caddy->pool = pool;
    caddy->random = setup->random;
    list(caddy);
    return caddy;
}

void *lb_caddy_create(const struct lb_setup *setup, struct lb_error *error)
{
    return lb_caddy_new(setup, sizeof(struct lb_caddy), error);
}

void lb_caddy_destroy(void *state)
{
    struct lb_caddy *caddy = state;
    free(caddy->row);
    free(caddy);
}

void lb_caddy_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct lb_caddy *caddy = state;
    (void)changed, (void)count, (void)now;
    if (list(caddy))
        caddy->counter = 0;
}

void lb_caddy_describe(const void *state, lb_emit *emit, void *to)
{
    const struct lb_caddy *caddy = state;
    emit(to, -1, "upstreams", caddy->count);
    emit(to, -1, "counter", caddy->counter);
    for (uint32_t k = 0; k < caddy->count; k++)
        emit(to, (int32_t)caddy->row[k], "available", lb_caddy_available(caddy, caddy->row[k]));
}

int32_t lb_caddy_random(struct lb_caddy *caddy)
{
    for (int dart = 0; dart < DARTS && caddy->count > 0; dart++) {
        uint32_t row = caddy->row[lb_random_below(caddy->random, caddy->count)];
        if (caddy->plain || lb_caddy_available(caddy, row))
            return (int32_t)row;
    }
    uint32_t available = 0, left;
    for (uint32_t k = 0; k < caddy->count; k++)
        available += lb_caddy_available(caddy, caddy->row[k]);
    if (available == 0)
        return LB_NONE;
    left = lb_random_below(caddy->random, available);
    for (uint32_t k = 0;; k++)
        if (lb_caddy_available(caddy, caddy->row[k]) && left-- == 0)
            return (int32_t)caddy->row[k];
}

/* XXH64 of one text after the other. */
static uint64_t xxhash_of(const void *first, size_t first_size, const void *then, size_t then_size)
{
    char buffer[256];
    if (first_size + then_size > sizeof buffer) {
        XXH64_state_t state;
        XXH64_reset(&state, 0);
        XXH64_update(&state, first, first_size);
        XXH64_update(&state, then, then_size);
        return XXH64_digest(&state);
    }
    memcpy(buffer, first, first_size);
    memcpy(buffer + first_size, then, then_size);
    return lb_xxh64(buffer, first_size + then_size, 0);
}

int32_t lb_caddy_rendezvous(const struct lb_caddy *caddy, enum lb_caddy_function function,
                            const void *key, size_t key_size)
{
    int32_t best = LB_NONE;
    uint64_t most = 0;
    uint32_t start = lb_fnv1a32(LB_FNV1A32_START, key, key_size);
    for (uint32_t k = 0; k < caddy->count; k++) {
        const char *upstream = caddy->pool->at[caddy->row[k]].address;
        size_t size = strlen(upstream);
        if (!lb_caddy_available(caddy, caddy->row[k]))
            continue;
        uint64_t hash = function == LB_CADDY_FNV1A ? lb_fnv1a32(start, upstream, size)
                                                   : xxhash_of(upstream, size, key, key_size);
        if (hash > most) {
            most = hash;
            best = (int32_t)caddy->row[k];
        }
    }
    return best;
}
