/*
 * The subsetting rules: what the book and the papers promise of them, on many sizes of pools and
 * fleets, and a few subsets worked out by hand. Random cases come from the fixed seeds printed here.
 */
#include "algorithms/subset.h"

#include "algorithms/hash.h"
#include "tests/check.h"
#include "tests/unit/books.h"
#include "tests/unit/chi_square.h"

#define ROWS 200

static struct lb_subset_member list[ROWS];
static struct lb_backend row[ROWS];
static char address[ROWS][24];

/* Rows 0 .. n - 1, but for `without`. Returns how many. */
static uint32_t fill(uint32_t n, uint32_t without)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++) {
        snprintf(address[i], sizeof address[i], "10.0.%u.%u:80", i / 256, i % 256);
        row[i] = (struct lb_backend){.address = address[i], .name = "-", .weight = 1};
        if (i != without)
            list[count++] = (struct lb_subset_member){.row = i};
    }
    return count;
}

enum rule { SRE, RINGSTEADY, RANDOM, RULES };

/* The subset of a client by one of the rules, as a set of rows. */
static uint32_t subset(enum rule rule, uint32_t n, uint32_t without, uint32_t size, uint32_t client,
                       bool *member)
{
    uint32_t count = fill(n, without);
    uint32_t chosen = rule == SRE          ? lb_subset_sre(list, count, size, client, 0)
                      : rule == RINGSTEADY ? lb_subset_ringsteady(list, count, size, client)
                                           : lb_subset_random(list, count, size, row, client);
    memset(member, 0, ROWS * sizeof *member);
    for (uint32_t i = 0; i < chosen; i++)
        member[list[i].row] = true;
    bool seen[ROWS] = {false}; /* the list is still a permutation of what went in */
    for (uint32_t i = 0; i < count; i++) {
        CU_ASSERT(list[i].row < n && list[i].row != without && !seen[list[i].row]);
        seen[list[i].row] = true;
    }
    return chosen;
}

static void sizes_are_kept(void)
{
    static bool member[ROWS];
    for (int rule = 0; rule < RULES; rule++)
        for (uint32_t n = 0; n <= 20; n++)
            for (uint32_t size = 0; size <= 25; size++) {
                uint32_t wanted = size == 0 ? 1 : size, members = 0;
                CU_ASSERT(subset((enum rule)rule, n, n, size, size * 7, member) ==
                          (wanted < n ? wanted : n));
                for (uint32_t i = 0; i < n; i++)
                    members += member[i];
                CU_ASSERT(members == (wanted < n ? wanted : n));
            }
}

/* Each round of n / size clients covers each backend at most once, and n mod size not at all. */
static void sre_rounds_deal_out_everybody_once(void)
{
    static bool member[ROWS];
    for (uint32_t n = 1; n <= 60; n++)
        for (uint32_t size = 1; size <= n; size += 1 + size / 4)
            for (uint32_t round = 0; round < 4; round++) {
                uint32_t clients = n / size, covered = 0, hits[ROWS] = {0};
                for (uint32_t c = 0; c < clients; c++) {
                    subset(SRE, n, n, size, round * clients + c, member);
                    for (uint32_t i = 0; i < n; i++)
                        hits[i] += member[i];
                }
                for (uint32_t i = 0; i < n; i++) {
                    CU_ASSERT(hits[i] <= 1);
                    covered += hits[i];
                }
                CU_ASSERT(covered == clients * size);
            }
}

/* Two rounds are dealt differently, and so are two seeds; the same of both is the same. */
static void sre_rounds_and_seeds_differ(void)
{
    static bool a[ROWS], b[ROWS];
    subset(SRE, 100, 100, 10, 3, a);
    subset(SRE, 100, 100, 10, 13, b);
    CU_ASSERT(memcmp(a, b, sizeof a) != 0);
    subset(SRE, 100, 100, 10, 3, b);
    CU_ASSERT(memcmp(a, b, sizeof a) == 0);
    uint32_t count = fill(100, 100), same = 0;
    count = lb_subset_sre(list, count, 10, 3, 77);
    for (uint32_t i = 0; i < count; i++)
        same += a[list[i].row];
    CU_ASSERT(count == 10 && same < 10);
}

/* Which backends are in a subset is uniform: 20,000 rounds, 13 of 30. False once in 10^6. */
static void sre_is_fair(void)
{
    static bool member[ROWS];
    uint32_t hits[30] = {0};
    double chance[30];
    for (uint32_t i = 0; i < 30; i++)
        chance[i] = 1 / 30.0;
    for (uint32_t client = 0; client < 20000; client += 2) {
        subset(SRE, 30, 30, 13, client, member);
        for (uint32_t i = 0; i < 30; i++)
            hits[i] += member[i];
    }
    CU_ASSERT(chi_square_fits(hits, chance, 30));
}

/* The binary van der Corput sequence: 0, 1/2, 1/4, 3/4, 1/8, 5/8, 3/8, 7/8 of the circle. */
static void positions_are_van_der_corput(void)
{
    static const uint32_t eighths[] = {0, 4, 2, 6, 1, 5, 3, 7};
    for (uint32_t i = 0; i < 8; i++)
        CU_ASSERT(lb_van_der_corput(i) == eighths[i] << 29);
    CU_ASSERT(lb_van_der_corput(UINT32_MAX) == UINT32_MAX);
    CU_ASSERT(lb_van_der_corput(UINT32_C(0x80000000)) == 1);
}

/* By hand: rows 0 .. 5 stand at 0, 4, 2, 6, 1, 5 eighths. Client 0 (at 0) meets rows 0, 4, 2;
 * client 1 (4/8) rows 1, 5, 3; client 3 (6/8) rows 3, 0, 4; client 6 (3/8) rows 1, 5, 3; client 7
 * (7/8) rows 0, 4, 2. */
static void ringsteady_by_hand(void)
{
    static const struct {
        uint32_t client, row[3];
    } cases[] = {{0, {0, 4, 2}}, {1, {1, 5, 3}}, {3, {3, 0, 4}}, {6, {1, 5, 3}}, {7, {0, 4, 2}}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        uint32_t count = fill(6, 6);
        CU_ASSERT(lb_subset_ringsteady(list, count, 3, cases[k].client) == 3);
        for (uint32_t i = 0; i < 3; i++)
            CU_ASSERT(list[i].row == cases[k].row[i]);
    }
}

/* With powers of two, clients no fewer than backends, everybody is in equally many subsets. */
static void ringsteady_is_even_at_powers_of_two(void)
{
    static bool member[ROWS];
    for (uint32_t n = 1; n <= 64; n *= 2)
        for (uint32_t clients = n; clients <= 128; clients *= 2)
            for (uint32_t size = 1; size <= n; size++) {
                uint32_t hits[ROWS] = {0};
                for (uint32_t c = 0; c < clients; c++) {
                    subset(RINGSTEADY, n, n, size, c, member);
                    for (uint32_t i = 0; i < n; i++)
                        hits[i] += member[i];
                }
                for (uint32_t i = 0; i < n; i++)
                    CU_ASSERT(hits[i] == clients * size / n);
            }
}

/* Growth by one and a leave from anywhere: at most one member of a subset is another. */
static void little_changes(enum rule rule)
{
    static bool before[ROWS], after[ROWS];
    struct lb_random random;
    lb_random_seed(&random, 20260101);
    for (int n = 0; n < 2000; n++) {
        uint32_t rows = 2 + lb_random_below(&random, 100), size = 1 + lb_random_below(&random, 30);
        uint32_t client = lb_random_below(&random, 300);
        uint32_t leaver = lb_random_below(&random, rows), joined = 0, left = 0;
        subset(rule, rows, rows, size, client, before);
        subset(rule, rows, leaver, size, client, after);
        for (uint32_t i = 0; i < ROWS; i++) {
            joined += after[i] && !before[i];
            left += before[i] && !after[i];
        }
        CU_ASSERT(joined <= 1 && left == before[leaver]);
    }
}

static void ringsteady_churns_little(void)
{
    little_changes(RINGSTEADY);
}

static void random_churns_little(void)
{
    little_changes(RANDOM);
}

/* The rule of the random subset against a plain count of how many hash lower. */
static void random_takes_the_smallest_hashes(void)
{
    static bool member[ROWS];
    for (uint32_t seed = 0; seed < 20; seed++) {
        subset(RANDOM, 50, 50, 7, seed, member);
        for (uint32_t i = 0; i < 50; i++) {
            uint64_t own = lb_xxh64(address[i], strlen(address[i]), seed);
            uint32_t lower = 0;
            for (uint32_t k = 0; k < 50; k++)
                lower += lb_xxh64(address[k], strlen(address[k]), seed) < own;
            CU_ASSERT(member[i] == (lower < 7));
        }
    }
    row[0].address = NULL; /* then by its name: XXH64("-") */
    list[0].row = 0;
    CU_ASSERT(lb_subset_random(list, 1, 1, row, 5) == 1 && list[0].key == lb_xxh64("-", 1, 5));
}

static const struct check_test tests[] = {
    {"sizes are kept", sizes_are_kept},
    {"SRE: rounds deal out everybody once", sre_rounds_deal_out_everybody_once},
    {"SRE: rounds and seeds differ", sre_rounds_and_seeds_differ},
    {"SRE: fair", sre_is_fair},
    {"van der Corput", positions_are_van_der_corput},
    {"ringsteady: by hand", ringsteady_by_hand},
    {"ringsteady: even at powers of two", ringsteady_is_even_at_powers_of_two},
    {"ringsteady: little churn", ringsteady_churns_little},
    {"random: little churn", random_churns_little},
    {"random: the smallest hashes", random_takes_the_smallest_hashes},
};

CHECK_MAIN("subset")
