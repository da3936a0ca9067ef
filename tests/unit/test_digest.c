/*
 * The digest of a run is XXH64 as the library computes it, whatever the number of lines.
 */
#include "sim/model/digest.h"

#include <string.h>
#include <xxhash.h>

#include "tests/check.h"

#define LINES 300

static void test_same_as_the_library(void)
{
    static uint8_t bytes[LINES * 32];
    struct lb_random random;
    struct digest digest;
    lb_random_seed(&random, 1);
    digest_init(&digest);
    for (size_t n = 0; n < LINES; n++) {
        CU_ASSERT(digest_value(&digest) == XXH64(bytes, n * 32, 0));
        uint64_t words[4];
        for (int i = 0; i < 4; i++) {
            words[i] = lb_random_u64(&random) >> (n % 64);
            for (int k = 0; k < 8; k++)
                bytes[n * 32 + (size_t)i * 8 + (size_t)k] = (uint8_t)(words[i] >> (8 * k));
        }
        digest_add(&digest, words[0], words[1], words[2], words[3]);
    }
}

/* The published value of no bytes at all. */
static void test_of_nothing(void)
{
    struct digest digest;
    digest_init(&digest);
    CU_ASSERT(digest_value(&digest) == UINT64_C(0xef46db3751d8e999));
}

static const struct check_test tests[] = {
    {"same as the library", test_same_as_the_library},
    {"of nothing", test_of_nothing},
};

CHECK_MAIN("model: digest")
