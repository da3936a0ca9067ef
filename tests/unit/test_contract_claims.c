/*
 * What algorithms claim beyond the contract: shares by weight, consistency, bounded load. Every
 * registered algorithm is held to each claim it makes, without being told which those are.
 *
 * WEIGHTS: one request at a time, the rest idle. An algorithm that uses neither its coins nor a
 * key must serve each backend exactly weight times a cycle; any other passes a chi-square test that
 * an honest one fails once in 10^6 cases; seeds are fixed, so that a pass stays a pass.
 * CONSISTENT: when a backend leaves, only the keys it had go elsewhere. BOUND: see lb.h.
 *
 * The judges are judged: algorithms that claim too much must be found out, and two that are written
 * here for the claims nobody makes must pass.
 */
#include "algorithms/registry.h"

#include <math.h>
#include <stdlib.h>

#include "tests/check.h"
#include "tests/unit/books.h"
#include "tests/unit/chi_square.h"

#define REQUESTS 20000
#define KEYS     2000
#define UP       (LB_PRESENT | LB_USABLE)

/* A request from somewhere: address and key are n, spread by the mixer. */
static struct lb_request request_of(uint64_t n, uint64_t *key)
{
    uint64_t state = n;
    *key = lb_splitmix64(&state);
    struct lb_request request = {
        .source = {.family = 4}, .key = key, .key_size = sizeof *key, .size = 1};
    memcpy(request.source.bytes, key, 4);
    return request;
}

/* Do the shares of picks follow the weights of the usable rows from here on? */
static bool follows_weights(struct books *books)
{
    uint64_t total = 0, counts[BOOKS_ROWS] = {0}, key;
    uint32_t rows = 0;
    for (uint32_t i = 0; i < books->pool.count; i++)
        if (lb_open(&books->row[i])) {
            total += books->row[i].weight;
            rows++;
        }
    if (total == 0)
        return false;
    struct lb_random before = books->random;
    uint64_t requests = REQUESTS / total * total;
    for (uint64_t n = 0; n < requests; n++) {
        struct lb_request request = request_of(n, &key);
        int32_t row = books_serve(books, &request);
        if (row < 0 || !lb_open(&books->row[row]))
            return false;
        counts[row]++;
    }
    bool exact = memcmp(&before, &books->random, sizeof before) == 0 &&
                 (books->algorithm->needs & LB_NEED_KEY) == 0;
    double chi_square = 0;
    for (uint32_t i = 0; i < books->pool.count; i++) {
        if (!lb_open(&books->row[i]))
            continue;
        double expected = (double)requests * books->row[i].weight / (double)total;
        double difference = (double)counts[i] - expected;
        if (exact && difference != 0)
            return false;
        chi_square += difference * difference / expected;
    }
    return rows < 2 || chi_square_tail(rows - 1, chi_square) >= 1e-6;
}

/* Several pools; in each also after weights changed, a backend went down, came back, left. */
static bool keeps_weights(const struct lb_algorithm *a)
{
    static const uint32_t pools[][8] = {{1, 1, 1, 0},
                                        {5, 1, 1, 0},
                                        {3, 2, 1, 0},
                                        {10, 7, 3, 1, 0},
                                        {1, 100, 0},
                                        {4, 4, 4, 4, 4, 0},
                                        {7, 1, 7, 1, 7, 1, 9, 0},
                                        {6, 0}};
    static struct books books;
    bool kept = true;
    for (size_t p = 0; p < sizeof pools / sizeof pools[0]; p++) {
        uint32_t rows = 0;
        books_init(&books, 0);
        for (; pools[p][rows] != 0; rows++) {
            books.row[rows].weight = pools[p][rows];
            books.row[rows].flags = UP;
        }
        books.pool.count = rows;
        if (!books_open(&books, a, 77 + p, false))
            return false;
        kept = kept && follows_weights(&books);
        books.row[rows / 2].weight = 8;
        books_changed_row(&books, rows / 2);
        kept = kept && follows_weights(&books);
        books.row[0].flags = rows > 1 ? LB_PRESENT : UP;
        books_changed_row(&books, 0);
        kept = kept && follows_weights(&books);
        books.row[0].flags = UP;
        books.row[rows - 1].flags = rows > 1 ? 0 : UP;
        int32_t changed[] = {0, (int32_t)rows - 1};
        books_changed(&books, changed, 2);
        kept = kept && follows_weights(&books);
        books_close(&books);
    }
    return kept;
}

/* Where the keys go in this state of the pool. */
static void place_keys(struct books *books, int32_t *place)
{
    uint64_t key;
    for (uint64_t n = 0; n < KEYS; n++) {
        struct lb_request request = request_of(n, &key);
        place[n] = books_serve(books, &request);
    }
}

static bool keeps_consistency(const struct lb_algorithm *a)
{
    static struct books books;
    static int32_t before[KEYS], after[KEYS];
    bool kept = true;
    for (uint32_t rows = 2; rows <= 12; rows += 5)
        for (uint32_t leaver = 0; leaver < rows; leaver += 3) {
            books_init(&books, rows);
            for (uint32_t i = 0; i < rows; i++)
                books.row[i].weight = 1 + (i * leaver) % 3;
            if (!books_open(&books, a, rows, false))
                return false;
            place_keys(&books, before);
            books.row[leaver].flags = 0;
            books_changed_row(&books, leaver);
            place_keys(&books, after);
            for (uint32_t n = 0; n < KEYS; n++)
                kept = kept && after[n] >= 0 && after[n] != (int32_t)leaver &&
                       (before[n] == (int32_t)leaver || before[n] == after[n]);
            books_close(&books);
        }
    return kept;
}

/* Requests that stay, and end at random, with a few keys much hotter than the rest. */
static bool keeps_bound(const struct lb_algorithm *a)
{
    static struct books books;
    static int32_t held[KEYS];
    int parameter = lb_param_find(a, "bound");
    if (parameter < 0)
        return false;
    double bound = a->params[parameter].value;
    struct lb_random random;
    lb_random_seed(&random, 5);
    books_init(&books, 9);
    uint64_t key, weights = 0;
    for (uint32_t i = 0; i < 9; i++)
        weights += books.row[i].weight = 1 + i % 3;
    bool kept = books_open(&books, a, 9, false);
    uint32_t count = 0;
    for (int step = 0; kept && step < 4 * KEYS; step++) {
        if (count == KEYS || (count > 0 && lb_random_below(&random, 5) < 2)) {
            uint32_t k = lb_random_below(&random, count);
            books_finish(&books, held[k], LB_END_OK, false);
            held[k] = held[--count];
            continue;
        }
        uint32_t who = lb_random_below(&random, 3) == 0 ? lb_random_below(&random, 1000) : 1;
        struct lb_request request = request_of(who, &key);
        int32_t row = books_pick(&books, &request);
        if (row == LB_WAIT)
            continue;
        if (row < 0)
            return false;
        double mean = (double)(books.pool.in_flight + 1) / (double)weights;
        books_start(&books, row, &request, LB_BY_PICK);
        kept = books.row[row].in_flight <= ceil(bound * mean * books.row[row].weight - 1e-9);
        held[count++] = row;
    }
    books_close(&books);
    return kept;
}

static const struct {
    unsigned claim;
    const char *name;
    bool (*keeps)(const struct lb_algorithm *);
} claims[] = {
    {LB_CLAIM_WEIGHTS, "WEIGHTS", keeps_weights},
    {LB_CLAIM_CONSISTENT, "CONSISTENT", keeps_consistency},
    {LB_CLAIM_BOUND, "BOUND", keeps_bound},
};

static void claims_are_kept(void)
{
    for (size_t c = 0; c < sizeof claims / sizeof claims[0]; c++)
        for (uint32_t i = 0; i < lb_registry_count(); i++) {
            const struct lb_algorithm *a = lb_registry_at(i);
            if ((a->claims & claims[c].claim) == 0)
                continue;
            bool kept = claims[c].keeps(a);
            if (!kept)
                printf("\n%s claims %s and does not keep it", a->name, claims[c].name);
            CU_ASSERT(kept);
        }
}

/* Rendezvous hashing: honestly consistent. */
static int32_t pick_rendezvous(void *state, const struct lb_request *request, lb_time now)
{
    const struct lb_pool *pool = *(const struct lb_pool **)state;
    uint64_t best_score = 0;
    int32_t best = LB_NONE;
    (void)now;
    for (uint32_t i = 0; i < pool->count; i++) {
        uint64_t mix = pool->at[i].id;
        for (size_t b = 0; b < request->key_size; b++) {
            mix ^= ((const uint8_t *)request->key)[b];
            mix = lb_splitmix64(&mix);
        }
        if (lb_may(pool, request, i) && (best == LB_NONE || mix > best_score)) {
            best = (int32_t)i;
            best_score = mix;
        }
    }
    return best;
}

static void *create_with_pool(const struct lb_setup *setup, struct lb_error *error)
{
    const struct lb_pool **state = malloc(sizeof *state);
    (void)error;
    if (state != NULL)
        *state = setup->pool;
    return state;
}

static void destroy_with_pool(void *state)
{
    free(state);
}

static const struct lb_param bound_params[] = {
    {.name = "bound", .unit = "", .value = 1.1, .min = 1, .max = 10, .help = "factor"},
    {.name = NULL},
};

static void impostors_are_found_out(void)
{
    CU_ASSERT(!keeps_weights(lb_registry_find("round-robin")));
    CU_ASSERT(!keeps_weights(lb_registry_find("least-connections")));
    CU_ASSERT(!keeps_consistency(lb_registry_find("source-hash")));
    CU_ASSERT(!keeps_consistency(lb_registry_find("round-robin")));
    CU_ASSERT(!keeps_bound(lb_registry_find("least-connections"))); /* has no such parameter */
    struct lb_algorithm unbounded = *lb_registry_find("random");
    unbounded.params = bound_params;
    CU_ASSERT(!keeps_bound(&unbounded));
    unbounded = *lb_registry_find("source-hash");
    unbounded.params = bound_params;
    CU_ASSERT(!keeps_bound(&unbounded));
}

static void the_honest_pass(void)
{
    struct lb_algorithm rendezvous = {.name = "rendezvous",
                                      .needs = LB_NEED_KEY,
                                      .create = create_with_pool,
                                      .destroy = destroy_with_pool,
                                      .pick = pick_rendezvous};
    CU_ASSERT(keeps_consistency(&rendezvous));
    CU_ASSERT(!keeps_bound(&rendezvous));
    struct lb_algorithm least = *lb_registry_find("least-connections");
    least.params = bound_params; /* the least loaded is never above the mean */
    CU_ASSERT(keeps_bound(&least));
}

/* Against the points of the usual tables: 5 % and 0.1 %. */
static void chi_square_is_right(void)
{
    CHECK_CLOSE(chi_square_tail(1, 3.841459), 0.05, 1e-6);
    CHECK_CLOSE(chi_square_tail(2, 5.991465), 0.05, 1e-6);
    CHECK_CLOSE(chi_square_tail(3, 7.814728), 0.05, 1e-6);
    CHECK_CLOSE(chi_square_tail(6, 12.591587), 0.05, 1e-6);
    CHECK_CLOSE(chi_square_tail(6, 22.457744), 0.001, 1e-6);
}

static const struct check_test tests[] = {
    {"claims are kept", claims_are_kept},
    {"impostors are found out", impostors_are_found_out},
    {"the honest pass", the_honest_pass},
    {"chi-square is right", chi_square_is_right},
};

CHECK_MAIN("contract: claims")
