/*
 * Caddy's selection policies, rule by rule: sequences worked out by hand, hashes from the recordings
 * of 2.6.2 and from the definition, draws against the rule followed step by step.
 */
#include "algorithms/hash.h"
#include "tests/unit/chi_square.h"
#include "tests/unit/turns.h"

static struct books books;

/* Counted before use, so the second is first; each one passed over costs a step. */
static void round_robin(void)
{
    turns_open(&books, "caddy-round-robin", "1 9 1");
    turns_expect(&books, "bcabca", false);
    turns_flags(&books, 1, LB_PRESENT);
    turns_expect(&books, "cacaca", false); /* 7 is b: 8, c; 9, a; 10 is b: 11, c */
    turns_flags(&books, 1, TURNS_UP);
    books.row[0].max_in_flight = 1;
    books_changed_row(&books, 0);
    turns_load(&books, 0, 1);
    turns_expect(&books, "bcbc", false);
    books_close(&books);
}

/* A reload starts the counter afresh; the modulus is the number of upstreams, out or not. */
static void round_robin_reloads(void)
{
    turns_open(&books, "caddy-round-robin", "1 1 1");
    turns_expect(&books, "bc", false);
    turns_flags(&books, 1, 0);
    turns_expect(&books, "cac", false);
    turns_flags(&books, 1, TURNS_UP);
    turns_expect(&books, "bcab", false);
    for (uint32_t row = 0; row < 3; row++)
        turns_flags(&books, row, LB_PRESENT);
    turns_expect(&books, "-", false);
    books_close(&books);
}

static void first(void)
{
    turns_open(&books, "caddy-first", "1 1 1");
    books.row[0].max_in_flight = 2;
    books_changed_row(&books, 0);
    turns_expect(&books, "aabb", true);
    turns_flags(&books, 1, LB_PRESENT);
    turns_expect(&books, "c", false);
    turns_load(&books, 0, 1);
    turns_expect(&books, "a", false);
    books_close(&books);
}

/* x = 1, 2, ... modulo 8: 0 .. 4 a, 5, 6 b, 7 c; and over a row of weight 0. */
static void weighted_round_robin(void)
{
    turns_open(&books, "caddy-weighted-round-robin", "5 2 1");
    turns_expect(&books, "aaaabbcaaaaabbca", false);
    books_close(&books);
    turns_open(&books, "caddy-weighted-round-robin", "2 0 2");
    turns_expect(&books, "accaac", false);
    books_close(&books);
    turns_open(&books, "caddy-weighted-round-robin", "3");
    books.row[0].max_in_flight = 1;
    books_changed_row(&books, 0);
    turns_expect(&books, "aaa", true); /* a single one is not asked whether it is full */
    books_close(&books);
}

/* While one is out the index is counted around among the others: 0 a, 1 c, 2 a again. */
static void weighted_round_robin_out(void)
{
    turns_open(&books, "caddy-weighted-round-robin", "2 1 2");
    turns_flags(&books, 1, LB_PRESENT);
    turns_expect(&books, "acaaaacaaa", false); /* x = 1 2 3 4 0: index 0 1 2 2 0 */
    turns_flags(&books, 1, TURNS_UP);
    turns_expect(&books, "abcca", false);
    turns_weight(&books, 0, 1); /* a reload: x = 1 2 3 0 over 1 1 2 */
    turns_expect(&books, "bccab", false);
    books_close(&books);
}

static uint32_t counted[BOOKS_ROWS];

static void count(uint32_t requests)
{
    const struct lb_request request = {.source = {.family = 0}};
    memset(counted, 0, sizeof counted);
    for (uint32_t n = 0; n < requests; n++) {
        int32_t row = books_serve(&books, &request);
        counted[row >= 0 ? (uint32_t)row : books.pool.count]++;
    }
}

/* Uniform whatever the weights, among those that are available; false alarms: seeds are fixed. */
static void random_is_uniform(void)
{
    const double third = 1 / 3.0;
    turns_open(&books, "caddy-random", "9 1 1 1");
    turns_flags(&books, 2, LB_PRESENT);
    count(30000);
    CU_ASSERT(chi_square_fits(counted, (double[]){third, third, 0, third}, 4));
    for (uint32_t row = 4; row < 60; row++) /* nearly all out: counted out */
        books.row[row].flags = LB_PRESENT;
    books.pool.count = 60;
    books_changed_row(&books, 5);
    count(30000);
    CU_ASSERT(chi_square_fits(counted, (double[]){third, third, 0, third}, 4));
    turns_flags(&books, 0, 0);
    turns_flags(&books, 1, LB_PRESENT);
    turns_weight(&books, 3, 0);
    turns_expect(&books, "-", false);
    books_close(&books);
}

/* The fewest, uniform among equals; weights and the order do not count. */
static void least_conn(void)
{
    turns_open(&books, "caddy-least-conn", "9 1 1 1");
    turns_load(&books, 1, 1);
    turns_load(&books, 0, 3);
    count(30000);
    CU_ASSERT(chi_square_fits(counted, (double[]){0, 0, 0.5, 0.5}, 4));
    turns_load(&books, 2, 4);
    turns_load(&books, 3, 1);
    count(30000);
    CU_ASSERT(chi_square_fits(counted, (double[]){0, 0.5, 0, 0.5}, 4));
    books.row[3].max_in_flight = 1;
    books_changed_row(&books, 3);
    turns_expect(&books, "bbb", false);
    books_close(&books);
}

/* Two upstreams, two slots, loads 2 and 1. Second draws place 0 or 1: in half of the picks only b
 * is left; else a then b are both kept, since b has less: half each. So a 1/4, b 3/4. The other
 * way around b is not kept: a 1/2, b 1/2. Idle: the slots hold b, or a and b: half each. */
static void random_choose_of_two(void)
{
    turns_open(&books, "caddy-random-choose", "1 1");
    count(30000);
    CU_ASSERT(chi_square_fits(counted, (double[]){0.5, 0.5}, 2));
    turns_load(&books, 0, 2);
    turns_load(&books, 1, 1);
    count(30000);
    CU_ASSERT(chi_square_fits(counted, (double[]){0.25, 0.75}, 2));
    turns_load(&books, 1, 5);
    count(30000);
    CU_ASSERT(chi_square_fits(counted, (double[]){0.5, 0.5}, 2));
    books_close(&books);
}

/* The rule followed step by step, for the chances of each upstream. */
static void simulate(uint32_t choices, uint32_t upstreams, uint32_t picks, double *chance)
{
    struct lb_random random;
    lb_random_seed(&random, 99);
    for (uint32_t i = 0; i < upstreams; i++)
        chance[i] = 0;
    for (uint32_t n = 0; n < picks; n++) {
        int32_t slot[8], kept[8] = {0};
        uint32_t kept_count = 0, least = UINT32_MAX;
        for (uint32_t c = 0; c < choices; c++)
            slot[c] = -1;
        for (uint32_t i = 0; i < upstreams; i++) {
            uint32_t place = lb_random_below(&random, i + 1);
            if (place < choices)
                slot[place] = (int32_t)i;
        }
        for (uint32_t c = 0; c < choices; c++)
            if (slot[c] >= 0 && books.row[slot[c]].in_flight <= least) {
                least = books.row[slot[c]].in_flight;
                kept[kept_count++] = slot[c];
            }
        chance[kept[lb_random_below(&random, kept_count)]] += 1.0 / picks;
    }
}

/* The short way draws as the rule does: chances from 10^6 simulated picks, 50,000 of ours, once with
 * nobody out (the short way) and once with a limit that is never reached (the rule itself). */
static void random_choose_short_way(void)
{
    double chance[6];
    for (uint32_t choices = 2; choices <= 5; choices++) {
        turns_open_with(&books, "caddy-random-choose", "1 1 1 1 1 1", "choices", choices);
        for (int32_t row = 0; row < 6; row++)
            turns_load(&books, row, 1 + (uint32_t)row * 3 % 5);
        simulate(choices, 6, 1000000, chance);
        count(50000);
        CU_ASSERT(chi_square_fits(counted, chance, 6));
        books.row[4].max_in_flight = 1000;
        books_changed_row(&books, 4);
        count(50000);
        CU_ASSERT(chi_square_fits(counted, chance, 6));
        books_close(&books);
    }
}

/* With the first two out, c finds a slot with chance 2/3 only. */
static void random_choose_empty(void)
{
    turns_open(&books, "caddy-random-choose", "1 1 1");
    turns_flags(&books, 0, LB_PRESENT);
    turns_flags(&books, 1, LB_PRESENT);
    count(30000);
    CU_ASSERT(chi_square_fits(counted, (double[]){0, 0, 2 / 3.0, 1 / 3.0}, 4));
    books_close(&books);
}

/* The upstream with the largest FNV-1a of key || upstream, or XXH64 of upstream || key. */
static void rendezvous(void)
{
    for (int function = 0; function < 2; function++) {
        turns_open_with(&books, "caddy-hash", "1 2 3 4 5", "function", function);
        turns_flags(&books, 3, LB_PRESENT);
        for (int n = 0; n < 500; n++) {
            char key[400], both[500];
            uint64_t most = 0;
            int32_t best = -1;
            int size = snprintf(key, sizeof key, "%0*d", n % 300 + 3, n);
            for (int32_t i = 0; i < 5; i++) {
                snprintf(both, sizeof both, "%s%s", function == 0 ? key : books.address[i],
                         function == 0 ? books.address[i] : key);
                uint64_t hash = function == 0 ? lb_fnv1a32(LB_FNV1A32_START, both, strlen(both))
                                              : lb_xxh64(both, strlen(both), 0);
                if (i != 3 && hash > most) {
                    most = hash;
                    best = i;
                }
            }
            struct lb_request request = {.key = key, .key_size = (size_t)size};
            CU_ASSERT(books_serve(&books, &request) == best);
        }
        books_close(&books);
    }
}

/* ip_hash is hash of the address's text; without a source, or a key, they draw. */
static void ip_hash(void)
{
    static struct books others;
    turns_open(&books, "caddy-ip-hash", "1 1 1 1");
    turns_open(&others, "caddy-hash", "1 1 1 1");
    for (int n = 0; n < 400; n++) {
        char text[48];
        struct lb_request request = {.source = {.family = 4, .port = (uint16_t)n}};
        memcpy(request.source.bytes, (uint8_t[]){192, 0, (uint8_t)(n / 7), (uint8_t)n}, 4);
        if (n % 2 != 0)
            request.source.family = 6;
        struct lb_request by_text = {.key = text,
                                     .key_size = lb_address_text(&request.source, text)};
        CU_ASSERT(books_serve(&books, &request) == books_serve(&others, &by_text));
    }
    count(20000);
    CU_ASSERT(chi_square_fits(counted, (double[]){0.25, 0.25, 0.25, 0.25}, 4));
    books_close(&others);
    books_close(&books);
}

static const struct check_test tests[] = {
    {"round robin", round_robin},
    {"round robin reloads", round_robin_reloads},
    {"first", first},
    {"weighted round robin", weighted_round_robin},
    {"weighted round robin with one out", weighted_round_robin_out},
    {"random is uniform", random_is_uniform},
    {"least_conn", least_conn},
    {"random_choose of two", random_choose_of_two},
    {"random_choose the short way", random_choose_short_way},
    {"random_choose finds nobody", random_choose_empty},
    {"rendezvous", rendezvous},
    {"ip_hash", ip_hash},
};

CHECK_MAIN("caddy")
