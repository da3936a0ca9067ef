/*
 * The IPVS schedulers that scan the list, rule by rule, in numbers worked out by hand from the
 * rules: who wins ties, what is strict, where two schedulers differ. wrr's sequences are those of
 * the derived recordings and of the well-known {5,1,1}.
 */
#include "tests/unit/chi_square.h"
#include "tests/unit/turns.h"

static struct books books;

/* The list in order, weights ignored but for 0; the pointer of a deleted one goes to the one before. */
static void rr(void)
{
    turns_open(&books, "ipvs-rr", "5 1 0 1");
    turns_expect(&books, "abdabd", false);
    turns_flags(&books, 1, LB_PRESENT);
    turns_expect(&books, "adad", false);
    turns_flags(&books, 1, TURNS_UP);
    turns_expect(&books, "ab", false);
    turns_flags(&books, 1, 0); /* b had the last one: the pointer goes to a */
    turns_flags(&books, 1, TURNS_UP);
    turns_expect(&books, "bda", false); /* a new b behind a is next */
    turns_flags(&books, 0, 0);
    turns_flags(&books, 0, TURNS_UP);
    turns_expect(&books, "abd", false); /* the head: a new a is first */
    books_close(&books);
}

static void wrr_sequences(void)
{
    static const char *const cases[][2] = {
        {"5 1 1", "aaaaabcaaaaabc"}, {"3 2 1", "aababcaababc"}, /* heights 3, 2, 1: a, ab, abc */
        {"4 8 2", "bbababcbbababc"}, /* di 2; heights 7, 5, 3, 1: b, b, ab, abc */
        {"1 1 1", "abcabc"},         {"0 2 0 4", "dbddbd"},     {"6 3", "aabaab"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        turns_open(&books, "ipvs-wrr", cases[i][0]);
        turns_expect(&books, cases[i][1], false);
        books_close(&books);
    }
}

/* After a change: the head of the list, the height cut to the new top or to a step of the new di. */
static void wrr_restarts(void)
{
    turns_open(&books, "ipvs-wrr", "5 1 1");
    turns_expect(&books, "aaaaab", false); /* at height 1, behind b */
    turns_weight(&books, 1, 2);            /* height 1 stays, from the head: a b c, then 5 */
    turns_expect(&books, "abcaaaababcaaaab", false);
    books_close(&books);

    turns_open(&books, "ipvs-wrr", "9 1");
    turns_expect(&books, "a", false); /* height 9 */
    turns_weight(&books, 0, 3);       /* 9 > the new top: 3 */
    CU_ASSERT(turns_number(&books, -1, "current_weight") == 3);
    turns_expect(&books, "aaabaa", false);
    books_close(&books);

    turns_open(&books, "ipvs-wrr", "9 1");
    turns_expect(&books, "aaaa", false); /* heights 9, 8, 7, 6 */
    turns_weight(&books, 1, 3);          /* di 3: (6 / 3) * 3 + 1 = 7, the new top */
    CU_ASSERT(turns_number(&books, -1, "current_weight") == 7);
    CU_ASSERT(turns_number(&books, -1, "step") == 3);
    turns_expect(&books, "aaabaaab", false);
    books_close(&books);

    turns_open(&books, "ipvs-wrr", "2 1");
    turns_expect(&books, "aa", false);
    books.row[2].weight = 2; /* a join: the head again, at height 1 */
    books.pool.count = 3;
    turns_flags(&books, 2, TURNS_UP);
    turns_expect(&books, "abcacabc", false);
    turns_flags(&books, 0, 0); /* a leave: the top is 2 still, the height 1 */
    turns_expect(&books, "bccbc", false);
    books_close(&books);
}

/* One that is out is passed over and nothing restarts; a heavy one that is out costs no time. */
static void wrr_passes_over(void)
{
    turns_open(&books, "ipvs-wrr", "4000000000 2 1");
    turns_flags(&books, 0, LB_PRESENT);
    turns_expect(&books, "bbcbbc", false);
    turns_flags(&books, 1, LB_PRESENT);
    turns_flags(&books, 2, LB_PRESENT);
    turns_expect(&books, "--", false);
    CU_ASSERT(turns_number(&books, -1, "last") == 2); /* at the last height: the place is kept */
    turns_flags(&books, 1, TURNS_UP);
    turns_flags(&books, 2, TURNS_UP);
    turns_expect(&books, "bbcb", false);
    books_close(&books);
    turns_open(&books, "ipvs-wrr", "0 0");
    turns_expect(&books, "-", false);
    books_close(&books);
}

/* Strictly less, so ties go to the first; lc does not look at weights, wlc does. */
static void lc_and_wlc(void)
{
    turns_open(&books, "ipvs-lc", "1 9 1");
    turns_expect(&books, "aaa", false); /* an idle pool uses the first */
    turns_expect(&books, "abcabc", true);
    turns_load(&books, 1, 0);
    turns_expect(&books, "bbab", true); /* 2 0 2, 2 1 2, 2 2 2, 3 2 2 */
    books_close(&books);

    turns_open(&books, "ipvs-wlc", "1 3 0");
    turns_expect(&books, "aaa", false);
    turns_expect(&books, "abbbabbb", true); /* 1/1 against 0, 1/3, 2/3, 3/3: a tie goes to a */
    books_close(&books);
}

/* (active + 1) / weight: an idle pool uses the heaviest; 3 and 1 meet when 3 are at the heavy one. */
static void sed(void)
{
    turns_open(&books, "ipvs-sed", "1 3");
    turns_expect(&books, "bbb", false);
    turns_expect(&books, "bbabbbab", true); /* 1/3, 2/3, then 3/3 ties with 1: a; 2/1 later */
    books_close(&books);
    turns_open(&books, "ipvs-sed", "2 4 2");
    turns_expect(&books, "babcbabc", true);
    books_close(&books);
}

/* The first idle one, whatever its weight; then as sed. */
static void nq(void)
{
    turns_open(&books, "ipvs-nq", "1 1 6");
    turns_expect(&books, "aaa", false);
    turns_expect(&books, "abccccccc", true); /* then 2/1, 2/1 against 2/6 and more */
    books_close(&books);
}

static void nq_goes_on_as_sed(void)
{
    turns_open(&books, "ipvs-nq", "1 1 6");
    turns_load(&books, 0, 1);
    turns_load(&books, 1, 1);
    turns_load(&books, 2, 5); /* 6/6 */
    turns_expect(&books, "ccccc", true);
    CU_ASSERT(books.row[2].in_flight == 10);
    turns_expect(&books, "ca", true); /* 11/6 < 2, then 12/6 ties with 2: the first */
    turns_load(&books, 1, 0);
    turns_expect(&books, "b", true);
    books_close(&books);
}

/* Weights are priorities. */
static void fo(void)
{
    turns_open(&books, "ipvs-fo", "1 7 7 3");
    turns_load(&books, 1, 50);
    turns_expect(&books, "bbb", false);
    turns_flags(&books, 1, LB_PRESENT);
    turns_expect(&books, "cc", false);
    turns_weight(&books, 2, 0);
    turns_expect(&books, "dd", false);
    turns_weight(&books, 0, 4);
    turns_expect(&books, "a", false);
    books_close(&books);
}

/* Weights are priorities and capacities: one takes connections while active <= weight. */
static void ovf(void)
{
    turns_open(&books, "ipvs-ovf", "1 3 3");
    turns_expect(&books, "bbbbccccaa--", true);
    turns_load(&books, 1, 3);
    turns_expect(&books, "b-", true);
    books_close(&books);
}

/* Flagged at the limit, until below 3/4 of it; a raised limit clears, a lowered one waits. */
static void overloaded_flag(void)
{
    turns_open(&books, "ipvs-rr", "1 1");
    books.row[0].max_in_flight = 4;
    books_changed_row(&books, 0);
    turns_load(&books, 0, 3);
    turns_expect(&books, "ab", true); /* the fourth sets it */
    turns_expect(&books, "bb", false);
    turns_load(&books, 0, 3); /* 3 x 4 = 4 x 3: not below */
    turns_expect(&books, "bb", false);
    turns_load(&books, 0, 2);
    turns_expect(&books, "ab", false);
    turns_load(&books, 0, 4);
    turns_expect(&books, "b", false);
    books.row[0].max_in_flight = 5;
    books_changed_row(&books, 0);
    turns_expect(&books, "a", false); /* serves and ends at 4: not below 15/4 */
    turns_expect(&books, "bb", false);
    books.row[0].max_in_flight = 0;
    books_changed_row(&books, 0);
    turns_expect(&books, "ab", false);
    books.row[0].max_in_flight = 2; /* lowered below what is there: the next attempt sets it */
    books_changed_row(&books, 0);
    turns_expect(&books, "abb", true);
    turns_flags(&books, 1, LB_PRESENT);
    turns_expect(&books, "-", false); /* nobody waits */
    books_close(&books);
}

/* Two draws of [0, 4] over weights 2, 1, 1: chances 3/5, 1/5, 1/5; all idle: the first draw wins. */
static void twos_bias(void)
{
    turns_open(&books, "ipvs-twos", "2 1 1");
    uint32_t count[3] = {0};
    const struct lb_request request = {.source = {.family = 4}};
    for (int n = 0; n < 50000; n++)
        count[books_serve(&books, &request)]++;
    CU_ASSERT(chi_square_fits(count, (double[]){0.6, 0.2, 0.2}, 3));
    CU_ASSERT(!chi_square_fits(count, (double[]){0.5, 0.25, 0.25}, 3));
    books_close(&books);
    turns_open(&books, "ipvs-twos", "3 3"); /* equal weights take another way: 4/7 and 3/7 */
    memset(count, 0, sizeof count);
    for (int n = 0; n < 50000; n++)
        count[books_serve(&books, &request)]++;
    CU_ASSERT(chi_square_fits(count, (double[]){4 / 7.0, 3 / 7.0}, 2));
    books_close(&books);
}

/* a carries more: b wins unless both draws hit a, 9/25 + ...; and with c overloaded, so that the
 * walk is walked, [0, 3] over 2, 1: a 3/4, b 1/4, b wins 1 - 9/16. */
static void twos_loads(void)
{
    uint32_t count[3] = {0};
    const struct lb_request request = {.source = {.family = 4}};
    turns_open(&books, "ipvs-twos", "2 1 1");
    turns_load(&books, 0, 20);
    for (int n = 0; n < 50000; n++)
        count[books_serve(&books, &request)]++;
    CU_ASSERT(chi_square_fits(count, (double[]){9 / 25.0, 8 / 25.0, 8 / 25.0}, 3));
    books.row[2].max_in_flight = 1;
    books_changed_row(&books, 2);
    turns_load(&books, 2, 1);
    memset(count, 0, sizeof count);
    for (int n = 0; n < 50000; n++)
        count[books_serve(&books, &request)]++;
    CU_ASSERT(chi_square_fits(count, (double[]){9 / 16.0, 7 / 16.0, 0}, 3));
    books_close(&books);
}

/* The comparison is strict: the second draw wins only with less. 2 at weight 2 and 1 at 1 tie. */
static void twos_ties(void)
{
    uint32_t count[2] = {0};
    const struct lb_request request = {.source = {.family = 4}};
    turns_open(&books, "ipvs-twos", "2 1");
    turns_load(&books, 0, 2);
    turns_load(&books, 1, 1);
    for (int n = 0; n < 50000; n++)
        count[books_serve(&books, &request)]++;
    CU_ASSERT(chi_square_fits(count, (double[]){0.75, 0.25}, 2));
    books_close(&books);
}

static const struct check_test tests[] = {
    {"rr", rr},
    {"wrr: sequences", wrr_sequences},
    {"wrr: restarts", wrr_restarts},
    {"wrr: passes over", wrr_passes_over},
    {"lc and wlc", lc_and_wlc},
    {"sed", sed},
    {"nq", nq},
    {"nq goes on as sed", nq_goes_on_as_sed},
    {"fo", fo},
    {"ovf", ovf},
    {"the overloaded flag", overloaded_flag},
    {"twos: bias", twos_bias},
    {"twos: loads", twos_loads},
    {"twos: ties", twos_ties},
};

CHECK_MAIN("ipvs")
