/*
 * The general algorithms that hash: published values, shares, and which keys move when.
 *
 * Values come from published suites and tables (tests/golden/derived) or from the rule by hand.
 * Which keys move is held exactly, key by key. Shares are tested by chi-square, which an honest
 * algorithm fails once in 10^6; seeds are fixed.
 */
#include "algorithms/registry.h"

#include <stdlib.h>

#include "algorithms/general/row_ring.h"
#include "algorithms/maglev_table.h"
#include "tests/check.h"
#include "tests/unit/books.h"
#include "tests/unit/chi_square.h"

#define KEYS 4000
#define UP   (LB_PRESENT | LB_USABLE)

static struct books books;
static int32_t before[KEYS], after[KEYS];

/* Rows of weights 1, 2, 3, 1, 2, 3, ... or all 1, and a state with the defaults. */
static void open_pool(const char *name, uint32_t rows, bool equal)
{
    books_init(&books, rows);
    for (uint32_t i = 0; i < BOOKS_ROWS; i++)
        books.row[i].weight = equal ? 1 : 1 + i % 3;
    CU_ASSERT_FATAL(books_open(&books, lb_registry_find(name), 31, false));
}

static int32_t place_key(uint64_t n)
{
    uint64_t state = n, key = lb_splitmix64(&state);
    struct lb_request request = {.key = &key, .key_size = sizeof key};
    return books_serve(&books, &request);
}

static void place_keys(int32_t *place)
{
    for (uint64_t n = 0; n < KEYS; n++)
        place[n] = place_key(n);
}

static void set_row(uint32_t row, unsigned flags, uint32_t weight)
{
    books.row[row].flags = (uint16_t)flags;
    books.row[row].weight = weight;
    books_changed_row(&books, row);
}

/* --- published values ------------------------------------------------------------------------- */

/* The lines of a table of numbers or words, each handed to `check`; how many there were. */
static unsigned read_table(const char *path, void (*check)(char *const *field))
{
    char line[256];
    unsigned lines = 0;
    bool header = true;
    FILE *file = fopen(path, "r");
    CU_ASSERT_FATAL(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        char *field[3] = {line, NULL, NULL};
        if (line[0] == '#')
            continue;
        line[strcspn(line, "\r\n")] = '\0';
        for (int k = 1; k < 3; k++)
            if ((field[k] = strchr(field[k - 1], '\t')) != NULL)
                *field[k]++ = '\0';
            else
                break;
        if (!header && field[2] != NULL) {
            check(field);
            lines++;
        }
        header = false;
    }
    (void)fclose(file);
    return lines;
}

static void check_jump(char *const *field)
{
    uint32_t buckets = (uint32_t)strtoul(field[1], NULL, 10);
    CU_ASSERT(lb_jump(strtoull(field[0], NULL, 10), buckets) == strtoul(field[2], NULL, 10));
}

static void check_xxh64(char *const *field)
{
    CU_ASSERT(lb_xxh64(field[0], strlen(field[0]), 0) == strtoull(field[1], NULL, 16));
    CU_ASSERT(lb_xxh64(field[0], strlen(field[0]), 1) == strtoull(field[2], NULL, 16));
}

/* The nine pairs of several public test suites, and the tables of an independent model. */
static void jump_and_xxh64_as_published(void)
{
    static const struct {
        uint64_t key;
        uint32_t buckets, bucket;
    } published[] = {{1, 1, 0},
                     {42, 57, 43},
                     {0xDEAD10CC, 1, 0},
                     {0xDEAD10CC, 666, 361},
                     {256, 1024, 520},
                     {1, 128, 55},
                     {129, 128, 120},
                     {128, 100000000, 38172097},
                     {UINT64_MAX, 128, 92}};
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++)
        CU_ASSERT(lb_jump(published[i].key, published[i].buckets) == published[i].bucket);
    CU_ASSERT(read_table("tests/golden/derived/jump_published.tsv", check_jump) == 9);
    CU_ASSERT(read_table("tests/golden/derived/jump.tsv", check_jump) > 100);
    CU_ASSERT(read_table("tests/golden/derived/xxh64.tsv", check_xxh64) >= 7);
    CU_ASSERT(lb_xxh64("", 0, 0) == UINT64_C(0xef46db3751d8e999));
    CU_ASSERT(lb_xxh64("a", 1, 0) == UINT64_C(0xd24ec4f1a98c6e5b));
    CU_ASSERT(lb_xxh64("abc", 3, 0) == UINT64_C(0x44bc2cf5ad770999));
}

/* Two points a backend of 127.0.0.1:90 to :95 are the ring of Envoy's own test
 * (ring_hash_lb_test.cc, minimal ring of 12): "ADDRESS_0" and "ADDRESS_1". */
static void points_are_those_of_envoy(void)
{
    static const struct {
        uint64_t hash;
        uint32_t row;
    } point[] = {
        {UINT64_C(833437586790550860), 4},   {UINT64_C(928266305478181108), 2},
        {UINT64_C(1033482794131418490), 0},  {UINT64_C(3551244743356806947), 5},
        {UINT64_C(3851675632748031481), 3},  {UINT64_C(5583722120771150861), 1},
        {UINT64_C(6311230543546372928), 1},  {UINT64_C(7700377290971790572), 3},
        {UINT64_C(13144177310400110813), 5}, {UINT64_C(13444792449719432967), 2},
        {UINT64_C(15516499411664133160), 4}, {UINT64_C(16117243373044804889), 0},
    };
    struct lb_row_ring ring;
    books_init(&books, 6);
    for (uint32_t i = 0; i < 6; i++)
        (void)snprintf(books.address[i], sizeof books.address[i], "127.0.0.1:%u", 90 + i);
    CU_ASSERT_FATAL(lb_row_ring_init(&ring, &books.pool, 2, NULL) == 0);
    lb_row_ring_build(&ring);
    CU_ASSERT_FATAL(ring.ring.count == 12);
    for (uint32_t i = 0; i < 12; i++) {
        CU_ASSERT(ring.ring.point[i].hash == point[i].hash);
        CU_ASSERT(ring.ring.point[i].row == point[i].row);
        CU_ASSERT(lb_row_ring_find(&ring, point[i].hash) == i);
        CU_ASSERT(lb_row_ring_find(&ring, point[i].hash + 1) == (i + 1) % 12);
    }
    CU_ASSERT(lb_row_ring_find(&ring, 0) == 0 && lb_row_ring_find(&ring, UINT64_MAX) == 0);
    lb_row_ring_done(&ring);
}

/* --- which keys move -------------------------------------------------------------------------- */

static const char *const consistent[] = {"rendezvous", "ring-hash", "multi-probe", "anchor"};
static const char *const hashing[] = {"rendezvous", "ring-hash", "multi-probe",
                                      "anchor",     "jump",      "bounded-load"};
#define EACH(names, i) for (size_t i = 0; i < sizeof(names) / sizeof(names)[0]; i++)

/* Only keys that were at `row` may have moved, all of them, and to several others. */
static void expect_moved_from(uint32_t row)
{
    uint32_t moved = 0, to[BOOKS_ROWS] = {0}, heirs = 0;
    for (uint32_t n = 0; n < KEYS; n++) {
        CU_ASSERT((before[n] == (int32_t)row) == (before[n] != after[n]));
        moved += before[n] != after[n];
        to[after[n]] += before[n] != after[n];
    }
    for (uint32_t i = 0; i < BOOKS_ROWS; i++)
        heirs += to[i] != 0;
    CU_ASSERT(moved > 0 && heirs > 3);
}

/* Only to `row` may keys have moved. */
static void expect_moved_to(uint32_t row)
{
    uint32_t moved = 0;
    for (uint32_t n = 0; n < KEYS; n++) {
        CU_ASSERT(before[n] == after[n] || after[n] == (int32_t)row);
        moved += before[n] != after[n];
    }
    CU_ASSERT(moved > 0);
}

static void expect_unmoved(void)
{
    CU_ASSERT(memcmp(before, after, sizeof before) == 0);
}

/* A failure moves the failed backend's keys only; they return with it. */
static void failures_move_their_own(void)
{
    EACH(hashing, i)
    {
        open_pool(hashing[i], 12, false);
        for (uint32_t row = 0; row < 12; row += 5) {
            place_keys(before);
            set_row(row, LB_PRESENT, books.row[row].weight);
            place_keys(after);
            expect_moved_from(row);
            set_row(row, UP, books.row[row].weight);
            place_keys(after);
            expect_unmoved();
        }
        books_close(&books);
    }
}

/* Leaves one after the other in random order, and the same rows back in reverse: each step moves
 * what it must and nothing else, and the end is the beginning. */
static void leaves_and_joins_move_their_own(void)
{
    static int32_t start[KEYS];
    static const uint32_t order[] = {7, 0, 11, 3, 8, 4};
    EACH(consistent, i)
    {
        open_pool(consistent[i], 12, false);
        place_keys(start);
        memcpy(before, start, sizeof before);
        for (int k = 0; k < 6; k++) {
            set_row(order[k], 0, books.row[order[k]].weight);
            place_keys(after);
            expect_moved_from(order[k]);
            memcpy(before, after, sizeof before);
        }
        for (int k = 5; k >= 0; k--) {
            set_row(order[k], UP, books.row[order[k]].weight);
            place_keys(after);
            expect_moved_to(order[k]);
            memcpy(before, after, sizeof before);
        }
        memcpy(after, start, sizeof after);
        expect_unmoved();
        books_close(&books);
    }
}

/* Two hundred leaves and joins in any order, the seed is 6: each moves what it must and nothing
 * else, and the shares are by weight at the end. */
static void anchor_bears_any_order(void)
{
    uint32_t count[BOOKS_ROWS] = {0};
    double chance[BOOKS_ROWS] = {0}, total = 0;
    struct lb_random random;
    lb_random_seed(&random, 6);
    open_pool("anchor", 20, false);
    place_keys(before);
    for (int step = 0; step < 200; step++) {
        uint32_t row = lb_random_below(&random, 20), present = 0;
        for (uint32_t i = 0; i < 20; i++)
            present += books.row[i].flags != 0;
        bool leaves = books.row[row].flags != 0;
        if (leaves && present < 6)
            continue;
        set_row(row, leaves ? 0 : UP, books.row[row].weight);
        place_keys(after);
        if (leaves)
            expect_moved_from(row);
        else
            expect_moved_to(row);
        memcpy(before, after, sizeof before);
    }
    for (uint64_t n = 0; n < 60000; n++)
        count[place_key(n)]++;
    for (uint32_t i = 0; i < 20; i++)
        total += books.row[i].flags != 0 ? books.row[i].weight : 0;
    for (uint32_t i = 0; i < 20; i++)
        chance[i] = books.row[i].flags != 0 ? books.row[i].weight / total : 0;
    CU_ASSERT(chi_square_fits(count, chance, 20));
    books_close(&books);
}

/* A weight that grows draws keys to its backend, one that shrinks sends them away, back to whom
 * they came from. */
static void weights_move_their_own(void)
{
    EACH(consistent, i)
    {
        static int32_t start[KEYS];
        open_pool(consistent[i], 9, false);
        place_keys(start);
        memcpy(before, start, sizeof before);
        set_row(4, UP, 9);
        place_keys(after);
        expect_moved_to(4);
        set_row(4, UP, 2);
        place_keys(before);
        CU_ASSERT(memcmp(before, start, sizeof start) == 0);
        books_close(&books);
    }
}

/* Tried and full is the same to a key as failed, for those who look on along a path of their own.
 * */
static void tried_and_full_are_passed_over(void)
{
    EACH(hashing, i)
    {
        open_pool(hashing[i], 12, false);
        for (uint64_t n = 0; n < 300; n++) {
            uint64_t state = n, key = lb_splitmix64(&state);
            struct lb_request request = {.key = &key, .key_size = sizeof key};
            int32_t first = books_pick(&books, &request);
            uint32_t row = (uint32_t)first;
            CU_ASSERT_FATAL(first >= 0);
            set_row(row, LB_PRESENT, books.row[row].weight);
            int32_t second = books_pick(&books, &request);
            set_row(row, UP, books.row[row].weight);
            CU_ASSERT(second >= 0 && second != first);
            request.tried = &first;
            request.tried_count = 1;
            CU_ASSERT(books_pick(&books, &request) == second);
            request.tried_count = 0;
            books.row[row].max_in_flight = books.row[row].in_flight = 1;
            books_changed_row(&books, row);
            CU_ASSERT(books_pick(&books, &request) == second ||
                      strcmp(hashing[i], "bounded-load") == 0);
            books.row[row].max_in_flight = books.row[row].in_flight = 0;
            books_changed_row(&books, row);
        }
        books_close(&books);
    }
}

/* Jump: a leave at the end moves the last row's keys; when row i of n leaves, those of all rows
 * from i on move but for the last bucket's, of which 1 / (n - 1) fall on the last but one and so on
 * the same row: (n - i) / n - 1 / (n (n - 1)), within four standard deviations. A join at the end
 * draws keys to the newcomer only. */
static void jump_renumbers(void)
{
    open_pool("jump", 10, true);
    place_keys(before);
    set_row(9, 0, 1);
    place_keys(after);
    expect_moved_from(9);
    set_row(9, UP, 1);
    for (uint32_t leaver = 0; leaver < 9; leaver += 3) {
        uint32_t moved = 0;
        set_row(leaver, 0, 1);
        place_keys(after);
        set_row(leaver, UP, 1);
        for (uint32_t n = 0; n < KEYS; n++)
            moved += before[n] != after[n];
        double p = (10 - leaver) / 10.0 - 1 / 90.0, margin = 4 * sqrt(p * (1 - p) / KEYS);
        CU_ASSERT(fabs((double)moved / KEYS - p) <= margin);
    }
    books.pool.count = 11;
    set_row(10, UP, 1);
    place_keys(after);
    expect_moved_to(10);
    books_close(&books);
}

/* --- shares ----------------------------------------------------------------------------------- */

static void count_keys(uint32_t *count, uint32_t keys)
{
    memset(count, 0, BOOKS_ROWS * sizeof *count);
    for (uint64_t n = 0; n < keys; n++)
        count[place_key(n)]++;
}

/* The busiest of 50 equal backends over the mean, in 400,000 keys (0.5 % of noise for each of them,
 * one standard deviation being 1.1 %): 1.05 with 21 probes says the paper, far more with one; 160
 * points leave about 1 + 2.3 / sqrt(160) = 1.18. */
static double peak(const char *name, double probes)
{
    uint32_t count[BOOKS_ROWS], most = 0;
    books_init(&books, 50);
    books.values[0] = probes;
    CU_ASSERT_FATAL(books_open(&books, lb_registry_find(name), 31, true));
    count_keys(count, 400000);
    books_close(&books);
    for (uint32_t i = 0; i < 50; i++)
        most = count[i] > most ? count[i] : most;
    return most / (400000 / 50.0);
}

static void probes_even_out(void)
{
    double twenty_one = peak("multi-probe", 21), one = peak("multi-probe", 1);
    double ring = peak("ring-hash", 160), sixteen = peak("ring-hash", 16);
    CU_ASSERT(twenty_one > 1.02 && twenty_one < 1.09);
    CU_ASSERT(one > 2.5);
    CU_ASSERT(ring > 1.05 && ring < 1.35 && sixteen > ring);
}

/* Weights 1, 2, 3, ..., after leaves in odd places too, when anchor's buckets are a patchwork. */
static void shares_follow_the_weights(void)
{
    static const char *const names[] = {"rendezvous", "anchor", "jump", "maglev"};
    EACH(names, i)
    {
        uint32_t count[BOOKS_ROWS];
        double chance[BOOKS_ROWS] = {0}, total = 0;
        open_pool(names[i], 20, false);
        for (uint32_t row = 1; row < 20; row += 3)
            set_row(row, 0, 2);
        set_row(7, UP, 5);
        count_keys(count, 60000);
        for (uint32_t row = 0; row < 20; row++)
            total += books.row[row].flags != 0 ? books.row[row].weight : 0;
        for (uint32_t row = 0; row < 20; row++)
            chance[row] = books.row[row].flags != 0 ? books.row[row].weight / total : 0;
        CU_ASSERT(chi_square_fits(count, chance, 20));
        books_close(&books);
    }
}

/* A capacity below the sum of the weights: scaled to fit, everybody has something. */
static void anchor_scales_large_weights(void)
{
    uint32_t count[BOOKS_ROWS];
    books_init(&books, 4);
    books.pool.max = 4;
    for (uint32_t i = 0; i < 4; i++)
        books.row[i].weight = (uint32_t[]){1, 4000000, 8000000, 12000000}[i];
    CU_ASSERT_FATAL(books_open(&books, lb_registry_find("anchor"), 31, false));
    count_keys(count, 60000);
    CU_ASSERT(fabs(count[1] / 60000.0 - 1 / 6.0) < 0.01);
    CU_ASSERT(fabs(count[3] / 60000.0 - 1 / 2.0) < 0.01);
    CU_ASSERT(count[0] < 60);
    books_close(&books);
}

static void note_slots(void *to, int32_t backend, const char *name, double value)
{
    if (backend >= 0 && strcmp(name, "slots") == 0)
        ((double *)to)[backend] = value;
}

/* Equal weights differ by one slot at most (65,537 = 60 x 1,092 + 17); a leave moves few keys that
 * were not the leaver's, but some: nearly consistent, not exactly. */
static void maglev_is_even(void)
{
    double slots[BOOKS_ROWS] = {0};
    uint32_t others = 0;
    open_pool("maglev", 60, true);
    books.algorithm->describe(books.state, note_slots, slots);
    for (uint32_t i = 0; i < 60; i++)
        CU_ASSERT(slots[i] == 1092 || slots[i] == 1093);
    place_keys(before);
    set_row(7, 0, 1);
    place_keys(after);
    for (uint32_t n = 0; n < KEYS; n++)
        others += before[n] != after[n] && before[n] != 7;
    CU_ASSERT(others > 0 && others < KEYS / 50);
    books_close(&books);
    open_pool("maglev", 60, false);
    books.algorithm->describe(books.state, note_slots, slots);
    for (uint32_t i = 0; i < 60; i++)
        CU_ASSERT(fabs(slots[i] - 65537.0 * books.row[i].weight / 120) <= 3);
    books_close(&books);
}

/* A thousand equal backends in the table itself: 65 or 66 slots each. */
static void maglev_of_a_thousand(void)
{
    static struct lb_maglev_turn turn[1000];
    static uint32_t slot[65537], slots[1000];
    for (uint32_t i = 0; i < 1000; i++) {
        char name[24];
        int size = snprintf(name, sizeof name, "10.1.%u.%u:80", i >> 8, i & 255);
        turn[i] = (struct lb_maglev_turn){.row = i, .burst = 1, .share = 1};
        turn[i].offset = (uint32_t)(lb_xxh64(name, (size_t)size, 0) % 65537);
        turn[i].skip = (uint32_t)(lb_xxh64(name, (size_t)size, 1) % 65536) + 1;
    }
    lb_maglev_fill(slot, 65537, turn, 1000);
    for (uint32_t i = 0; i < 65537; i++)
        slots[slot[i]]++;
    for (uint32_t i = 0; i < 1000; i++)
        CU_ASSERT(slots[i] == 65 || slots[i] == 66);
}

static const struct check_test tests[] = {
    {"jump and xxh64 as published", jump_and_xxh64_as_published},
    {"points are those of Envoy", points_are_those_of_envoy},
    {"failures move their own", failures_move_their_own},
    {"leaves and joins move their own", leaves_and_joins_move_their_own},
    {"anchor bears any order", anchor_bears_any_order},
    {"weights move their own", weights_move_their_own},
    {"tried and full are passed over", tried_and_full_are_passed_over},
    {"jump renumbers", jump_renumbers},
    {"probes even out", probes_even_out},
    {"shares follow the weights", shares_follow_the_weights},
    {"anchor scales large weights", anchor_scales_large_weights},
    {"maglev is even", maglev_is_even},
    {"maglev of a thousand", maglev_of_a_thousand},
};

CHECK_MAIN("consistent hashing")
