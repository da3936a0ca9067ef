/*
 * Random bits: the generators against published vectors, bounded draws, addressed streams. Seeds
 * are fixed, so a test either always passes or never; the chance that a right generator fails at a
 * seed not yet tried is stated where there is one.
 */
#include "algorithms/random.h"

#include <math.h>
#include <stddef.h>

#include "sim/base/statistics.h"
#include "sim/base/stream.h"
#include "tests/check.h"

/* Origin: S. Vigna's splitmix64.c from seed 1234567, the vector used by Steele, Lea and Flood 2014
 * and by the tests of several ports. */
static void test_splitmix64(void)
{
    static const uint64_t expected[] = {
        UINT64_C(6457827717110365317), UINT64_C(3203168211198807973), UINT64_C(9817491932198370423),
        UINT64_C(4593380528125082431), UINT64_C(16408922859458223821)};
    uint64_t state = 1234567;
    for (int i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(lb_splitmix64(&state), expected[i]);
    struct lb_random random;
    lb_random_seed(&random, 1234567);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(random.s[i], expected[i]);
}

/* Origin: Blackman and Vigna's generator from state 1, 2, 3, 4; the vector of rand_xoshiro. */
static void test_xoshiro256pp(void)
{
    static const uint64_t expected[] = {UINT64_C(41943041), UINT64_C(58720359),
                                        UINT64_C(3588806011781223), UINT64_C(3591011842654386)};
    struct lb_random random = {{1, 2, 3, 4}};
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(lb_random_u64(&random), expected[i]);
}

/* Chi-square over the cells of bounded draws; false alarm 1e-6 each. */
static void test_below(void)
{
    static const uint32_t bounds[] = {1, 2, 3, 7, 100, 1000};
    struct lb_random random;
    lb_random_seed(&random, 11);
    for (size_t b = 0; b < sizeof bounds / sizeof bounds[0]; b++) {
        double count[1000] = {0};
        uint32_t n = bounds[b];
        double draws = 200000;
        for (int i = 0; i < 200000; i++) {
            uint32_t x = lb_random_below(&random, n);
            CU_ASSERT_FATAL(x < n);
            count[x]++;
        }
        double chi = 0;
        for (uint32_t i = 0; i < n; i++)
            chi += (count[i] - draws / n) * (count[i] - draws / n) / (draws / n);
        if (n > 1)
            CU_ASSERT(statistics_chi_square_tail(chi, n - 1) > 1e-6);
    }
    /* A bound just above 2^31: taking 32 bits modulo the bound would halve a half of the range. */
    uint32_t n = (UINT32_C(1) << 31) + 1;
    double low = 0;
    for (int i = 0; i < 100000; i++)
        low += lb_random_below(&random, n) < n / 2 ? 1 : 0;
    CU_ASSERT(fabs(low - 50000) < 5 * 158.2); /* five standard deviations: 6e-7 */
}

static void test_unit(void)
{
    struct lb_random zero = {{0, 0, 0, 0}}; /* draws zeros only: the least a unit can be */
    CU_ASSERT_EQUAL(lb_random_unit(&zero), 0);
    struct lb_random random;
    lb_random_seed(&random, 5);
    double sum = 0;
    double most = 0;
    for (int i = 0; i < 100000; i++) {
        double u = lb_random_unit(&random);
        CU_ASSERT_FATAL(u >= 0 && u < 1);
        sum += u;
        most = fmax(most, u);
    }
    CU_ASSERT(fabs(sum / 100000 - 0.5) < 5 * 0.2887 / sqrt(100000)); /* 6e-7 */
    CU_ASSERT(most > 0.9998);                                        /* 2e-9 */
}

static uint64_t stream_first(uint64_t seed, uint32_t replication, enum stream_purpose purpose,
                             uint64_t entity, uint64_t ordinal)
{
    struct stream_key key = {seed, replication};
    struct lb_random random;
    stream_open(&random, &key, purpose, entity, ordinal);
    return lb_random_u64(&random);
}

/* An address always opens the same stream; another address, another stream. */
static void test_streams(void)
{
    uint64_t base = stream_first(42, 0, STREAM_ARRIVAL, 0, 0);
    CU_ASSERT_EQUAL(stream_first(42, 0, STREAM_ARRIVAL, 0, 0), base);
    CU_ASSERT_NOT_EQUAL(stream_first(43, 0, STREAM_ARRIVAL, 0, 0), base);
    CU_ASSERT_NOT_EQUAL(stream_first(42, 1, STREAM_ARRIVAL, 0, 0), base);
    CU_ASSERT_NOT_EQUAL(stream_first(42, 0, STREAM_WORK, 0, 0), base);
    CU_ASSERT_NOT_EQUAL(stream_first(42, 0, STREAM_ARRIVAL, 1, 0), base);
    CU_ASSERT_NOT_EQUAL(stream_first(42, 0, STREAM_ARRIVAL, 0, 1), base);
    /* The parts do not run into each other. */
    CU_ASSERT_NOT_EQUAL(stream_first(42, 0, STREAM_ARRIVAL, 1, 2),
                        stream_first(42, 0, STREAM_ARRIVAL, 2, 1));
    CU_ASSERT_NOT_EQUAL(stream_first(1, 0, STREAM_ARRIVAL, 0, 0),
                        stream_first(0, 1, STREAM_ARRIVAL, 0, 0));
    CU_ASSERT_NOT_EQUAL(stream_first(0, 0, STREAM_ARRIVAL, 0, 0), 0);
    /* Pinned: whoever changes the mixing changes every digest, and must know it. */
    CU_ASSERT_EQUAL(base, UINT64_C(0x36120207bc5d3779));
    CU_ASSERT_EQUAL(stream_name("power-of-two"), stream_name("power-of-two"));
    CU_ASSERT_NOT_EQUAL(stream_name("power-of-two"), stream_name("power-of-tvo"));
    /* Origin: the FNV-1a vectors of the authors: "", "a", "foobar". */
    CU_ASSERT_EQUAL(stream_name(""), UINT64_C(0xcbf29ce484222325));
    CU_ASSERT_EQUAL(stream_name("a"), UINT64_C(0xaf63dc4c8601ec8c));
    CU_ASSERT_EQUAL(stream_name("foobar"), UINT64_C(0x85944171f73967e8));
}

/*
 * Neighbouring addresses behave like one generator: each bit of the first draw is set in half of
 * them, and first draws of neighbours agree in half of their bits. Six standard deviations over
 * 5 x 128 comparisons: false alarm 1.3e-6.
 */
static void test_streams_independent(void)
{
    enum { N = 20000 };
    for (int part = 0; part < 5; part++) {
        int set[64] = {0};
        int agree[64] = {0};
        uint64_t last = 0;
        for (uint32_t i = 0; i < N; i++) {
            uint64_t draw = part == 0   ? stream_first(i, 0, STREAM_WORK, 0, 0)
                            : part == 1 ? stream_first(1, i, STREAM_WORK, 0, 0)
                            : part == 2 ? stream_first(1, 0, (enum stream_purpose)i, 0, 0)
                            : part == 3 ? stream_first(1, 0, STREAM_WORK, i, 0)
                                        : stream_first(1, 0, STREAM_WORK, 0, i);
            for (int bit = 0; bit < 64; bit++) {
                set[bit] += (int)(draw >> bit & 1);
                agree[bit] += (int)(~(draw ^ last) >> bit & 1);
            }
            last = draw;
        }
        double limit = 6 * sqrt(N) / 2;
        for (int bit = 0; bit < 64; bit++) {
            CU_ASSERT(fabs(set[bit] - N / 2.0) < limit);
            CU_ASSERT(fabs(agree[bit] - N / 2.0) < limit);
        }
    }
}

static const struct check_test tests[] = {
    {"splitmix64", test_splitmix64}, {"xoshiro256++", test_xoshiro256pp},
    {"bounded", test_below},         {"unit", test_unit},
    {"streams", test_streams},       {"streams are independent", test_streams_independent},
};

CHECK_MAIN("random")
