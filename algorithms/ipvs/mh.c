/*
 * IPVS mh: Maglev hashing of the source address.
 *
 * The idea: a table of a prime number of slots, filled in turns (maglev_table.h). offset is a hash
 * of the destination's address and port modulo the size, skip another one modulo the size - 1, plus
 * 1. A turn takes (weight / gcd) >> rshift slots at once, at least 1, where rshift cuts the largest
 * to half of the table's bits: max(0, bits(max / gcd) - 6) for 4,093 slots. The table is built from
 * the last weight that was not 0: setting weight 0 moves nobody else, and a destination that has
 * never had weight has no slots.
 *
 * A client's slot is the hash of its address (with `port` plus its port). When that destination is
 * out (not usable, weight 0, overloaded), the connection is refused; with `fallback` the hash is
 * taken again with an offset added to the number hashed: the slot, then one more each time.
 *
 * The hash is hsiphash of the 32-bit number offset + port + address in host order, with constant
 * keys (2654435761 twice for offset and look-up, 2654446892 twice for skip). hsiphash differs by
 * word size; this is the reading of 64-bit kernels: SipHash-1-3 of the number as 4 little-endian
 * bytes, cut to its low 32 bits. An address that is not numeric is hashed as text in place of
 * address + port, which no kernel has. A source that is unknown is replaced as service.h says.
 *
 * The kernel's sizes are the primes just below powers of two from 251 to 131,071 (4,093 unless
 * configured otherwise); another number here is taken up to the next prime.
 *
 * Cost: O(1); a build O(size log size); 4 bytes a slot.
 * Source: Linux, net/netfilter/ipvs/ip_vs_mh.c, include/linux/siphash.h; rules only.
 */
#include <stdlib.h>
#include <string.h>

#include "algorithms/hash.h"
#include "algorithms/ipvs/service.h"
#include "algorithms/maglev_table.h"

static const struct lb_param params[] = {
    {.name = "port",
     .unit = "bool",
     .value = 0,
     .min = 0,
     .max = 1,
     .help = "whether the source port is hashed too (flag mh-port)"},
    {.name = "fallback",
     .unit = "bool",
     .value = 0,
     .min = 0,
     .max = 1,
     .help = "whether another one is looked for when the destination is out (flag mh-fallback)"},
    {.name = "table-size",
     .unit = "",
     .value = 4093,
     .min = 251,
     .max = 131071,
     .help = "slots, a prime; any other number is taken up to the next prime"},
    {.name = NULL},
};

static const uint64_t hash1_key[2] = {2654435761, 2654435761};
static const uint64_t hash2_key[2] = {2654446892, 2654446892};

struct state {
    struct lb_ipvs ipvs;
    bool port, fallback, filled;
    uint32_t size;
    uint32_t *slot;
    struct lb_maglev_turn *turn; /* of the build: one for each row there can be */
};

static uint32_t hash(uint32_t number, const uint64_t key[2])
{
    uint8_t bytes[4] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16),
                        (uint8_t)(number >> 24)};
    return (uint32_t)lb_siphash(1, 3, key, bytes, sizeof bytes);
}

/* What stands for the destination in the hashes: address + port. */
static uint32_t number_of(const struct lb_backend *b)
{
    struct lb_address address;
    if (lb_address_parse(b->address, &address))
        return lb_ipvs_fold(&address) + address.port;
    return (uint32_t)lb_xxh64(b->address, strlen(b->address), 0);
}

static uint32_t greatest_divisor(uint32_t a, uint32_t b)
{
    while (b != 0) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static unsigned bits(uint32_t x)
{
    unsigned n = 0;
    for (; x != 0; x >>= 1)
        n++;
    return n;
}

static void build(struct state *s)
{
    uint32_t count = 0, divisor = 0, largest = 0, rows = s->ipvs.pool->count;
    for (uint32_t i = 0; i < rows; i++) { /* the last weight is 0 where no row is listed */
        uint32_t weight = s->ipvs.dest[i].last_weight;
        divisor = greatest_divisor(divisor, weight);
        largest = weight > largest ? weight : largest;
    }
    s->filled = largest != 0;
    if (!s->filled)
        return;
    unsigned most = bits(largest / divisor), half = bits(s->size) / 2;
    unsigned shift = most > half ? most - half : 0;
    for (uint32_t i = 0; i < rows; i++) {
        uint32_t weight = s->ipvs.dest[i].last_weight;
        if (weight == 0)
            continue;
        uint32_t number = number_of(&s->ipvs.pool->at[i]), turns = (weight / divisor) >> shift;
        s->turn[count++] =
            (struct lb_maglev_turn){.row = i,
                                    .offset = hash(number, hash1_key) % s->size,
                                    .skip = hash(number, hash2_key) % (s->size - 1) + 1,
                                    .burst = turns != 0 ? turns : 1,
                                    .share = 1};
    }
    lb_maglev_fill(s->slot, s->size, s->turn, count);
}

static void destroy(void *state)
{
    struct state *s = state;
    free(s->slot);
    free(s->turn);
    lb_ipvs_destroy(s);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool *pool = setup->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    struct state *s = lb_ipvs_new(setup, sizeof *s, error);
    if (s == NULL)
        return NULL;
    s->port = lb_value(setup, params, 0) != 0;
    s->fallback = lb_value(setup, params, 1) != 0;
    s->size = lb_prime_from((uint32_t)lb_value(setup, params, 2));
    s->slot = malloc(s->size * sizeof s->slot[0]);
    s->turn = malloc((max + (max == 0)) * sizeof s->turn[0]);
    if (s->slot == NULL || s->turn == NULL) {
        destroy(s);
        lb_error_set(error, LB_ERROR_MEMORY, "ipvs-mh: no memory for a table");
        return NULL;
    }
    build(s);
    return s;
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)now;
    bool moved = false;
    for (uint32_t k = 0; k < count; k++) {
        uint32_t before = s->ipvs.dest[changed[k]].last_weight;
        lb_ipvs_note(&s->ipvs, &changed[k], 1);
        moved = moved || s->ipvs.dest[changed[k]].last_weight != before;
    }
    if (moved)
        build(s);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    (void)now;
    if (!s->filled)
        return LB_NONE;
    struct lb_address source = lb_ipvs_source(request);
    uint32_t number = lb_ipvs_fold(&source) + (s->port ? source.port : 0);
    uint32_t first = hash(number, hash1_key) % s->size;
    if (lb_ipvs_takes(&s->ipvs, s->slot[first]))
        return (int32_t)s->slot[first];
    for (uint32_t step = 0; step < s->size && s->fallback; step++) {
        uint32_t offset = (first + step) % s->size;
        uint32_t row = s->slot[hash(number + offset, hash1_key) % s->size];
        if (lb_ipvs_takes(&s->ipvs, row))
            return (int32_t)row;
    }
    return LB_NONE;
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "table_size", s->size);
    for (uint32_t i = 0; i < s->ipvs.pool->count; i++) {
        uint32_t slots = 0;
        for (uint32_t k = 0; k < s->size && s->filled; k++)
            slots += s->slot[k] == i;
        if (s->ipvs.dest[i].listed)
            emit(to, (int32_t)i, "slots", slots);
    }
    lb_ipvs_describe(state, emit, to);
}

extern const struct lb_algorithm lb_algorithm_ipvs_mh;
const struct lb_algorithm lb_algorithm_ipvs_mh = {
    .abi = LB_ABI,
    .name = "ipvs-mh",
    .title = "IPVS Maglev hashing",
    .summary = "The source address is a slot of a Maglev table, built from addresses and weights.",
    .reference = "Linux, net/netfilter/ipvs/ip_vs_mh.c, hsiphash as on 64-bit machines",
    .cost = "O(1)",
    .changes = "A join, a leave or a changed weight moves its own clients and a few others; weight "
               "0 moves none. A failed one's clients get nobody, with fallback another one.",
    .needs = LB_NEED_KEY,
    .params = params,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_attempt_start = lb_ipvs_start,
    .on_attempt_finish = lb_ipvs_finish,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
