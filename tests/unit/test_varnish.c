/*
 * Varnish's directors, rule by rule. The shard's points are computed here from their definition,
 * with a plain search; SHA-256 of "abc" is the example of FIPS 180-4.
 */
#include "algorithms/hash.h"
#include "tests/unit/chi_square.h"
#include "tests/unit/turns.h"

static struct books books;

static int32_t by_key(const char *key)
{
    struct lb_request request = {.key = key, .key_size = strlen(key)};
    return books_serve(&books, &request);
}

/* ba7816bf ... f20015ad: the last four bytes, little-endian. */
static void sha256_tail(void)
{
    CU_ASSERT(lb_sha256_tail32("abc", 3) == UINT32_C(0xad1500f2));
    CU_ASSERT(lb_sha256_tail32("", 0) == UINT32_C(0x55b85278));
    lb_hash32 *fastest = lb_sha256_tail32_fastest();
    char text[200];
    for (size_t size = 0; size < sizeof text; size++) {
        text[size] = (char)(size * 7 + 1);
        CU_ASSERT(fastest(text, size) == lb_sha256_tail32(text, size));
    }
}

static void in_order(void)
{
    turns_open(&books, "varnish-round-robin", "1 5 0 1");
    turns_expect(&books, "abdab", false);
    turns_flags(&books, 3, LB_PRESENT);
    turns_expect(&books, "aba", false);
    turns_flags(&books, 3, TURNS_UP);
    turns_expect(&books, "bda", false);
    books.row[1].max_in_flight = 1; /* a director does not look at limits */
    books_changed_row(&books, 1);
    turns_load(&books, 1, 1);
    turns_expect(&books, "bda", false);
    books_close(&books);
    turns_open(&books, "varnish-fallback", "1 1 1");
    turns_expect(&books, "aaa", true);
    turns_flags(&books, 0, LB_PRESENT);
    turns_expect(&books, "bb", false);
    turns_flags(&books, 1, LB_PRESENT);
    turns_flags(&books, 2, LB_PRESENT);
    turns_expect(&books, "-", false);
    turns_flags(&books, 0, TURNS_UP);
    turns_expect(&books, "a", false);
    books_close(&books);
}

/* Who took over keeps everything while it is healthy; then the next in order, around the end. */
static void sticky_fallback_stays(void)
{
    turns_open_with(&books, "varnish-fallback", "1 1 1", "sticky", 1);
    turns_expect(&books, "aa", true);
    turns_flags(&books, 0, LB_PRESENT);
    turns_expect(&books, "b", false);
    turns_flags(&books, 0, TURNS_UP);
    turns_expect(&books, "b", false);
    turns_flags(&books, 2, LB_PRESENT);
    turns_flags(&books, 1, LB_PRESENT);
    turns_expect(&books, "a", false);
    turns_flags(&books, 1, TURNS_UP);
    turns_flags(&books, 0, LB_PRESENT);
    turns_flags(&books, 1, LB_PRESENT);
    turns_expect(&books, "-", false);
    turns_flags(&books, 1, TURNS_UP);
    turns_flags(&books, 0, TURNS_UP);
    turns_expect(&books, "a", false);
    books_close(&books);
}

/* By weight among the healthy; false alarms: the seed is fixed. */
static void random_by_weight(void)
{
    uint32_t count[4] = {0};
    const struct lb_request request = {.source = {.family = 4}};
    turns_open(&books, "varnish-random", "5 3 2 7");
    turns_flags(&books, 3, LB_PRESENT);
    for (int n = 0; n < 30000; n++)
        count[books_serve(&books, &request)]++;
    CU_ASSERT(chi_square_fits(count, (double[]){0.5, 0.3, 0.2, 0}, 4));
    books_close(&books);
}

/* h / 2^32 x sum of the healthy weights; no key: the text of the address. */
static void hash(void)
{
    static const uint32_t weights[] = {7, 1, 4000000000U, 3};
    for (int round = 0; round < 2; round++) {
        turns_open(&books, "varnish-hash", "7 1 4000000000 3");
        if (round == 1)
            turns_flags(&books, 2, LB_PRESENT);
        for (int n = 0; n < 2000; n++) {
            char key[16];
            snprintf(key, sizeof key, "key-%d", n);
            double x = lb_sha256_tail32(key, strlen(key)) / 4294967296.0, sum = 0;
            for (int32_t i = 0; i < 4; i++)
                sum += i == 2 && round == 1 ? 0 : weights[i];
            x *= sum;
            int32_t row = -1;
            for (sum = 0; sum <= x;) {
                row++;
                sum += row == 2 && round == 1 ? 0 : weights[row];
            }
            CU_ASSERT(by_key(key) == row);
        }
        books_close(&books);
    }
    turns_open(&books, "varnish-hash", "1 1 1 1 1 1 1 1");
    struct lb_request request = {.source = {.family = 4, .bytes = {192, 0, 2, 44}}};
    CU_ASSERT(books_serve(&books, &request) == by_key("192.0.2.44"));
    books_close(&books);
}

/* Whose point is the first at or above the key's, or the last of all; ties do not occur here. */
static int32_t expected_shard(const char *key, uint32_t replicas)
{
    uint32_t target = lb_sha256_tail32(key, strlen(key));
    uint32_t above = UINT32_MAX, last = 0;
    int32_t row = -1, row_of_last = -1;
    for (uint32_t i = 0; i < books.pool.count; i++)
        for (uint32_t j = 0; j < replicas * books.row[i].weight; j++) {
            char text[32];
            int size = snprintf(text, sizeof text, "%s%u", books.row[i].name, j);
            uint32_t point = lb_sha256_tail32(text, (size_t)size);
            if ((books.row[i].flags & LB_PRESENT) == 0)
                continue;
            if (point >= target && point <= above) {
                above = point;
                row = (int32_t)i;
            }
            if (point >= last) {
                last = point;
                row_of_last = (int32_t)i;
            }
        }
    return row >= 0 ? row : row_of_last;
}

/* Few replicas, so that many keys lie above the last point, and changes of the pool. */
static void shard(void)
{
    for (uint32_t replicas = 1; replicas <= 67; replicas += 33) {
        turns_open_with(&books, "varnish-shard", "3 1 2", "replicas", replicas);
        for (int round = 0; round < 4; round++) {
            for (int n = 0; n < 300; n++) {
                char key[16];
                snprintf(key, sizeof key, "%d", n);
                CU_ASSERT(by_key(key) == expected_shard(key, replicas));
            }
            if (round == 0)
                turns_weight(&books, 1, 5);
            if (round == 1)
                turns_flags(&books, 0, 0);
            if (round == 2) {
                books.row[0].name = "another";
                turns_flags(&books, 0, TURNS_UP);
            }
        }
        books_close(&books);
    }
}

/* A key above the last point stays with it; when that one is sick the walk goes around the end. */
static void shard_does_not_wrap(void)
{
    turns_open_with(&books, "varnish-shard", "1 1 1", "replicas", 1);
    uint32_t point[3], last = 0, first = 0, above = 0;
    for (uint32_t i = 0; i < 3; i++) {
        char text[16];
        int size = snprintf(text, sizeof text, "b%u0", i + 1);
        point[i] = lb_sha256_tail32(text, (size_t)size);
        last = point[i] > point[last] ? i : last;
        first = point[i] < point[first] ? i : first;
    }
    for (int n = 0; n < 3000; n++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", n);
        if (lb_sha256_tail32(key, strlen(key)) <= point[last])
            continue;
        above++;
        CU_ASSERT(by_key(key) == (int32_t)last);
        turns_flags(&books, last, LB_PRESENT);
        CU_ASSERT(by_key(key) == (int32_t)first);
        turns_flags(&books, last, TURNS_UP);
    }
    CU_ASSERT(above > 100);
    books_close(&books);
}

/* The sick keep their points: only their keys move, and come back. */
static void shard_of_the_sick(void)
{
    turns_open(&books, "varnish-shard", "1 2 1 1");
    int32_t before[500] = {0};
    uint32_t moved = 0;
    for (int round = 0; round < 3; round++) {
        for (int n = 0; n < 500; n++) {
            char key[16];
            snprintf(key, sizeof key, "k%d", n);
            int32_t row = by_key(key);
            if (round == 0)
                before[n] = row;
            CU_ASSERT(row == before[n] || (round == 1 && before[n] == 1 && row != 1));
            moved += row != before[n];
        }
        turns_flags(&books, 1, round == 0 ? LB_PRESENT : TURNS_UP);
    }
    CU_ASSERT(moved > 100 && moved < 300);
    for (uint32_t i = 0; i < 4; i++)
        turns_flags(&books, i, LB_PRESENT);
    CU_ASSERT(by_key("k") == LB_NONE);
    books_close(&books);
}

/* More points than there may be: fewer for all, in proportion, and at least one. */
static void shard_is_bounded(void)
{
    turns_open(&books, "varnish-shard", "4000000000 1 2000000000");
    double points = turns_number(&books, -1, "points");
    CU_ASSERT(points > 4194300 && points <= 4194305);
    uint32_t count[3] = {0};
    for (int n = 0; n < 3000; n++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", n);
        count[by_key(key)]++;
    }
    CU_ASSERT(chi_square_fits(count, (double[]){2 / 3.0, 1e-7, 1 / 3.0 - 1e-7}, 3));
    books_close(&books);
}

static const struct check_test tests[] = {
    {"sha256 tail", sha256_tail},
    {"in order", in_order},
    {"sticky fallback stays", sticky_fallback_stays},
    {"random by weight", random_by_weight},
    {"hash", hash},
    {"shard", shard},
    {"shard does not wrap", shard_does_not_wrap},
    {"shard of the sick", shard_of_the_sick},
    {"shard is bounded", shard_is_bounded},
};

CHECK_MAIN("varnish")
