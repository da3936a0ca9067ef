/*
 * Envoy's hashing policies: the tables and points that Envoy's own tests publish, the numbers of the
 * functions under them, what a removal changes, and the bound on loads against a second, plainer
 * writing of its rule.
 *
 * Published vectors: envoyproxy/envoy, test/extensions/load_balancing_policies/maglev/maglev_lb_test.cc
 * and ring_hash/ring_hash_lb_test.cc.
 */
#include "algorithms/envoy/mt19937.h"
#include "algorithms/hash.h"
#include "algorithms/registry.h"
#include "algorithms/weighted_ring.h"

#include <math.h>
#include <stdlib.h>

#include "tests/check.h"
#include "tests/unit/books.h"

#define HOSTS 1000
#define TABLE 65537

static struct books books;

/* Hosts prefix + 90, 91, ... of these weights up to the first 0, not opened yet; parameters at defaults. */
static void prepare(const char *name, const char *prefix, const uint32_t *weights)
{
    books_init(&books, 0);
    books.algorithm = lb_registry_find(name);
    CU_ASSERT_FATAL(books.algorithm != NULL);
    for (; weights[books.pool.count] != 0; books.pool.count++) {
        uint32_t i = books.pool.count;
        snprintf(books.address[i], sizeof books.address[i], "%s%u", prefix, 90 + i);
        books.row[i].weight = weights[i];
        books.row[i].flags = LB_PRESENT | LB_USABLE;
    }
    for (uint32_t k = 0; k < lb_param_count(books.algorithm); k++)
        books.values[k] = books.algorithm->params[k].value;
}

static void set(const char *parameter, double value)
{
    int k = lb_param_find(books.algorithm, parameter);
    CU_ASSERT_FATAL(k >= 0);
    books.values[k] = value;
}

static int32_t pick(const uint64_t *key, const int32_t *tried, uint32_t tried_count)
{
    struct lb_request request = {
        .key = key, .key_size = sizeof *key, .tried = tried, .tried_count = tried_count};
    return books.algorithm->pick(books.state, &request, books.now);
}

/* Keys whose hashes fall on the slots 0, 1, ... of a table of this size. */
static void find_keys(uint64_t *key, uint32_t size)
{
    uint32_t found = 0;
    bool *has = calloc(size, sizeof *has);
    CU_ASSERT_FATAL(has != NULL);
    for (uint64_t n = 0; found < size; n++) {
        uint64_t slot = lb_xxh64(&n, sizeof n, 0) % size;
        if (has[slot])
            continue;
        key[slot] = n;
        has[slot] = true;
        found++;
    }
    free(has);
}

static void expect_table(const char *prefix, const uint32_t *weights, uint32_t size,
                         const int32_t *table)
{
    uint64_t key[32];
    prepare("envoy-maglev", prefix, weights);
    set("table-size", size);
    CU_ASSERT_FATAL(books_open(&books, books.algorithm, 1, true));
    find_keys(key, size);
    for (uint32_t slot = 0; slot < size; slot++)
        CU_ASSERT(pick(&key[slot], NULL, 0) == table[slot]);
    books_close(&books);
}

static void published_tables(void)
{
    static const uint32_t six[] = {1, 1, 1, 1, 1, 1, 0};
    expect_table("127.0.0.1:", six, 7, (const int32_t[]){2, 4, 0, 1, 5, 0, 3});
    expect_table("", six, 7, (const int32_t[]){2, 5, 0, 3, 4, 1, 0});
    expect_table("127.0.0.1:", (const uint32_t[]){1, 2, 0}, 17,
                 (const int32_t[]){1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 1});
    expect_table("127.0.0.1:", (const uint32_t[]){3, 3, 0}, 17,
                 (const int32_t[]){1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1});
    expect_table("127.0.0.1:", (const uint32_t[]){8, 2, 0}, 17,
                 (const int32_t[]){1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0});
}

/* Hash 10 goes to 1, 0, 5 in attempts 0, 1, 2; so does every even hash that is 3 modulo 7. */
static void published_retry(void)
{
    static const int32_t tried[] = {1, 0};
    prepare("envoy-maglev", "127.0.0.1:", (const uint32_t[]){1, 1, 1, 1, 1, 1, 0});
    set("table-size", 7);
    CU_ASSERT_FATAL(books_open(&books, books.algorithm, 1, true));
    uint32_t found = 0;
    for (uint64_t n = 0; found < 100; n++) {
        uint64_t hash = lb_xxh64(&n, sizeof n, 0);
        if (hash % 7 != 3 || hash % 2 != 0)
            continue;
        found++;
        CU_ASSERT(pick(&n, NULL, 0) == 1);
        CU_ASSERT(pick(&n, tried, 1) == 0);
        CU_ASSERT(pick(&n, tried, 2) == 5);
    }
    books_close(&books);
}

static const struct {
    uint64_t hash;
    int32_t row;
} points[12] = {
    {UINT64_C(833437586790550860), 4},   {UINT64_C(928266305478181108), 2},
    {UINT64_C(1033482794131418490), 0},  {UINT64_C(3551244743356806947), 5},
    {UINT64_C(3851675632748031481), 3},  {UINT64_C(5583722120771150861), 1},
    {UINT64_C(6311230543546372928), 1},  {UINT64_C(7700377290971790572), 3},
    {UINT64_C(13144177310400110813), 5}, {UINT64_C(13444792449719432967), 2},
    {UINT64_C(15516499411664133160), 4}, {UINT64_C(16117243373044804889), 0},
};

/* The point a hash falls on, by looking at all of them. */
static uint32_t point_of(uint64_t hash)
{
    for (uint32_t i = 0; i < 12; i++)
        if (points[i].hash >= hash)
            return i;
    return 0;
}

static void published_ring(void)
{
    static const int32_t tried[12] = {0};
    static const uint32_t row[] = {0, 1, 2, 3, 4, 5};
    prepare("envoy-ring-hash", "127.0.0.1:", (const uint32_t[]){1, 1, 1, 1, 1, 1, 0});
    struct lb_ring ring;
    struct lb_weighted_ring how = {.min = 12, .max = 12};
    lb_ring_init(&ring, 64);
    CU_ASSERT_FATAL(lb_weighted_ring_build(&ring, &how, &books.pool, row, 6, NULL) == 0);
    CU_ASSERT_FATAL(ring.count == 12);
    for (uint32_t i = 0; i < 12; i++) {
        CU_ASSERT(ring.point[i].hash == points[i].hash);
        CU_ASSERT((int32_t)ring.point[i].row == points[i].row);
    }
    lb_ring_done(&ring);
    set("min-size", 12);
    CU_ASSERT_FATAL(books_open(&books, books.algorithm, 1, true));
    for (uint64_t n = 0; n < 2000; n++) {
        uint32_t attempt = (uint32_t)(n % 13);
        uint32_t at = (point_of(lb_xxh64(&n, sizeof n, 0)) + attempt) % 12;
        CU_ASSERT(pick(&n, tried, attempt) == points[at].row);
    }
    books_close(&books);
}

/* std::hash<std::string> of g++ 12 on x86-64, and the numbers the C++ standard and the authors give. */
static void functions_in_numbers(void)
{
    CU_ASSERT(lb_murmur2_64("", 0, LB_MURMUR2_STD_SEED) == UINT64_C(0x553e93901e462a6e));
    CU_ASSERT(lb_murmur2_64("a", 1, LB_MURMUR2_STD_SEED) == UINT64_C(0x454ddee488c1ed6b));
    CU_ASSERT(lb_murmur2_64("abcdefgh", 8, LB_MURMUR2_STD_SEED) == UINT64_C(0x783db3e38db898bb));
    CU_ASSERT(lb_murmur2_64("127.0.0.1:90_0", 14, LB_MURMUR2_STD_SEED) ==
              UINT64_C(0x4e7fa1fbfddf33c0));
    struct lb_mt19937 mt;
    lb_mt19937_seed(&mt, 5489);
    CU_ASSERT(lb_mt19937_next(&mt) == UINT32_C(3499211612));
    for (int n = 2; n < 10000; n++)
        (void)lb_mt19937_next(&mt);
    CU_ASSERT(lb_mt19937_next(&mt) == UINT32_C(4123659995));
}

/* The points of murmur2 are others, and as many. */
static void murmur2_is_another_ring(void)
{
    uint32_t moved = 0;
    int32_t row[2][500];
    for (int function = 0; function < 2; function++) {
        prepare("envoy-ring-hash", "10.0.0.1:", (const uint32_t[]){1, 1, 1, 1, 1, 0});
        set("function", function);
        CU_ASSERT_FATAL(books_open(&books, books.algorithm, 1, true));
        for (uint64_t n = 0; n < 500; n++)
            row[function][n] = pick(&n, NULL, 0);
        books_close(&books);
    }
    for (int n = 0; n < 500; n++)
        moved += row[0][n] != row[1][n];
    CU_ASSERT(moved > 300 && moved < 500); /* 4 of 5 expected */
}

/* Who is asked to build what cannot be. */
static void impossible_sizes_are_refused(void)
{
    prepare("envoy-maglev", "10.0.0.1:", (const uint32_t[]){1, 0});
    set("table-size", 65536);
    CU_ASSERT(!books_open(&books, books.algorithm, 1, true));
    CU_ASSERT(books.error.code == LB_ERROR_INVALID);
    CU_ASSERT(strstr(books.error.text, "65537") != NULL);
    prepare("envoy-ring-hash", "10.0.0.1:", (const uint32_t[]){1, 0});
    set("min-size", 100);
    set("max-size", 99);
    CU_ASSERT(!books_open(&books, books.algorithm, 1, true));
    CU_ASSERT(books.error.code == LB_ERROR_INVALID);
    prepare("envoy-ring-hash", "10.0.0.1:", (const uint32_t[]){1, 0});
    set("balance-factor", 99);
    CU_ASSERT(!books_open(&books, books.algorithm, 1, true));
    CU_ASSERT(books.error.code == LB_ERROR_INVALID);
}

/* Many hosts, more than the books have rows for. */
static struct lb_backend host[HOSTS];
static char address[HOSTS][24];
static struct lb_pool many = {.at = host};

/* Addresses "prefix A.B port", B from 0 to 255; A goes on from `from`. */
static void *open_many(uint32_t count, const char *prefix, uint32_t from, const char *port,
                       struct lb_random *random)
{
    many.count = many.max = many.usable = count;
    for (uint32_t i = 0; i < count; i++) {
        snprintf(address[i], sizeof address[i], "%s%u.%u:%s", prefix, from + i / 256, i % 256,
                 port);
        host[i] = (struct lb_backend){
            .address = address[i], .id = i + 1, .weight = 3, .flags = LB_PRESENT | LB_USABLE};
    }
    struct lb_setup setup = {.pool = &many, .random = random, .balancers = 1, .tiers = 1};
    return lb_registry_find("envoy-maglev")->create(&setup, NULL);
}

static void read_slots(void *state, const uint64_t *key, int32_t *slot)
{
    for (uint32_t i = 0; i < TABLE; i++) {
        struct lb_request request = {.key = &key[i], .key_size = sizeof key[i]};
        slot[i] = lb_registry_find("envoy-maglev")->pick(state, &request, 0);
    }
}

/* Of 1,000 equal hosts each has 65 or 66 slots of 65,537, and when one leaves 463 or so change, of
 * which 65 or 66 were its own: 463 was measured for one set of addresses that is not recorded; other
 * sets give 418 to 469. Of the five of the recording envoy_maglev_removal_eq5, 13,193 change. */
static void a_leave_changes_little(void)
{
    static uint64_t key[TABLE];
    static int32_t before[TABLE], after[TABLE];
    static const struct {
        const char *prefix, *port;
        uint32_t from, count, leaver, changed_min, changed_max;
    } cases[] = {{"10.0.", "8080", 0, HOSTS, 2, 400, 520},
                 {"10.10.", "8080", 0, HOSTS, 600, 400, 520},
                 {"192.168.", "80", 0, HOSTS, 0, 400, 520},
                 {"10.0.", "8080", 5, 6, 3, 13193, 13193}};
    find_keys(key, TABLE);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct lb_random random = {{1}};
        const uint32_t n = cases[c].count, leaver = cases[c].leaver;
        void *state = open_many(n, cases[c].prefix, cases[c].from, cases[c].port, &random);
        CU_ASSERT_FATAL(state != NULL);
        if (n == 6) { /* that recording counts from .1 to .5 */
            host[0].flags = 0;
            lb_registry_find("envoy-maglev")->on_pool_change(state, NULL, 0, 0);
        }
        read_slots(state, key, before);
        host[leaver].flags = 0;
        lb_registry_find("envoy-maglev")->on_pool_change(state, NULL, 0, 0);
        read_slots(state, key, after);
        uint32_t changed = 0, share[HOSTS] = {0}, live = n == 6 ? 5 : n;
        for (uint32_t i = 0; i < TABLE; i++) {
            changed += before[i] != after[i];
            share[before[i]]++;
            CU_ASSERT_FATAL(after[i] != (int32_t)leaver);
        }
        for (uint32_t i = n - live; i < n; i++)
            CU_ASSERT(share[i] == TABLE / live || share[i] == TABLE / live + 1);
        CU_ASSERT(changed >= cases[c].changed_min && changed <= cases[c].changed_max);
        lb_registry_find("envoy-maglev")->destroy(state);
    }
}

/* The rule again, plainly: the whole Mersenne state twisted at once, a fresh list a pick. */
static uint32_t plain_words[624], plain_at;

static void plain_seed(uint32_t seed)
{
    for (uint32_t i = 0; i < 624; i++, seed = 1812433253U * (seed ^ seed >> 30) + i)
        plain_words[i] = seed;
    plain_at = 624;
}

static uint32_t plain_next(void)
{
    uint32_t *w = plain_words;
    for (uint32_t i = 0; plain_at == 624 && i < 624; i++) {
        uint32_t y = (w[i] & 0x80000000U) + (w[(i + 1) % 624] & 0x7fffffffU);
        w[i] = w[(i + 397) % 624] ^ (y >> 1) ^ (y % 2 * 0x9908b0dfU);
    }
    plain_at %= 624;
    uint32_t y = w[plain_at++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680U;
    y ^= (y << 15) & 0xefc60000U;
    return y ^ (y >> 18);
}

static double plain_overload(uint32_t row, uint32_t factor)
{
    uint64_t weights = 0;
    for (uint32_t i = 0; i < books.pool.count; i++)
        weights += books.row[i].weight;
    uint32_t total = (uint32_t)(((books.pool.in_flight + 1) * factor + 99) / 100);
    double slots = ceil(total * ((double)books.row[row].weight / (double)weights));
    return books.row[row].in_flight / (slots < 1 ? 1 : slots);
}

static uint32_t plain_bound(uint32_t hashed, uint64_t hash, uint32_t factor)
{
    uint32_t list[BOOKS_ROWS], n = books.pool.count, best = hashed;
    double least = plain_overload(hashed, factor);
    if (least <= 1)
        return hashed;
    for (uint32_t i = 0; i < n; i++)
        list[i] = i;
    plain_seed((uint32_t)hash);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t j = n - i;
        while (j >= n - i)
            j = plain_next() / ((UINT64_C(1) << 32) / (n - i));
        uint32_t row = list[i + j];
        list[i + j] = list[i];
        list[i] = row;
        if (row == hashed)
            continue;
        double is = plain_overload(row, factor);
        if (is <= 1)
            return row;
        if (is < least) {
            least = is;
            best = row;
        }
    }
    return best;
}

/* Requests that stay, one key much hotter than the rest: every pick as the plain rule has it, nobody
 * gets one more beyond his slots, and with a factor off the hashed one takes it all. */
static void loads_are_bound(const char *name, uint32_t factor)
{
    static const uint32_t weights[] = {1, 2, 3, 1, 2, 3, 1, 5, 1, 1, 2, 0};
    static int32_t held[600];
    struct lb_random random;
    void *free_state;
    uint32_t count = 0, passed_on = 0;
    lb_random_seed(&random, factor);
    prepare(name, "10.0.7.1:", weights);
    CU_ASSERT_FATAL(books_open(&books, books.algorithm, 1, true));
    free_state = books.state; /* without a bound, on the same books */
    set("balance-factor", factor);
    CU_ASSERT_FATAL(books_open(&books, books.algorithm, 1, true));
    for (int step = 0; step < 6000; step++) {
        if (count == 600 || (count > 0 && lb_random_below(&random, 9) < 4)) {
            uint32_t k = lb_random_below(&random, count);
            books_finish(&books, held[k], LB_END_OK, false);
            held[k] = held[--count];
            continue;
        }
        uint64_t key = lb_random_below(&random, 3) == 0 ? lb_random_below(&random, 1000) : 1;
        struct lb_request request = {.key = &key, .key_size = sizeof key};
        int32_t hashed = books.algorithm->pick(free_state, &request, books.now);
        int32_t row = pick(&key, NULL, 0);
        CU_ASSERT_FATAL(row >= 0 && hashed >= 0);
        CU_ASSERT(plain_overload((uint32_t)row, factor) <= 1);
        CU_ASSERT(row ==
                  (int32_t)plain_bound((uint32_t)hashed, lb_xxh64(&key, sizeof key, 0), factor));
        passed_on += row != hashed;
        books_start(&books, row, &request, LB_BY_PICK);
        held[count++] = row;
    }
    CU_ASSERT(passed_on > 500);
    books.algorithm->destroy(free_state);
    books_close(&books);
}

static void loads_never_exceed_the_bound(void)
{
    static const uint32_t factors[] = {100, 101, 125, 150};
    for (size_t f = 0; f < sizeof factors / sizeof factors[0]; f++) {
        loads_are_bound("envoy-maglev", factors[f]);
        loads_are_bound("envoy-ring-hash", factors[f]);
    }
}

/* Without key and address: a random place on the ring, so shares by weight; coins decide. */
static void nothing_to_hash_is_random(void)
{
    static const char *const names[] = {"envoy-ring-hash", "envoy-maglev", "grpc-ring-hash"};
    for (int k = 0; k < 3; k++) {
        uint32_t count[2] = {0};
        prepare(names[k], "10.0.7.1:", (const uint32_t[]){1, 3, 0});
        CU_ASSERT_FATAL(books_open(&books, books.algorithm, 4, true));
        for (int n = 0; n < 20000; n++) {
            struct lb_request request = {.size = 1};
            count[books_serve(&books, &request)]++;
        }
        /* a quarter, give or take what the arcs of a ring of 1,024 points are off */
        CU_ASSERT(count[0] > 4000 && count[0] < 6000);
        books_close(&books);
    }
}

static const struct check_test tests[] = {
    {"published tables", published_tables},
    {"published retry", published_retry},
    {"published ring", published_ring},
    {"functions in numbers", functions_in_numbers},
    {"murmur2 is another ring", murmur2_is_another_ring},
    {"impossible sizes are refused", impossible_sizes_are_refused},
    {"a leave changes little", a_leave_changes_little},
    {"loads never exceed the bound", loads_never_exceed_the_bound},
    {"nothing to hash is random", nothing_to_hash_is_random},
};

CHECK_MAIN("envoy: hashing")
