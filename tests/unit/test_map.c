/*
 * The map from keys to numbers, against an array: the same after any sequence of settings and takings.
 * Fixed seed, no chance involved.
 */
#include "algorithms/random.h"
#include "sim/base/map.h"
#include "tests/check.h"

#define KEYS  500U
#define STEPS 200000U

static void the_same_as_an_array(void)
{
    struct map m = {0};
    uint32_t value[KEYS] = {0}, count = 0, wrong = 0;
    uint64_t seed = 7;
    for (uint32_t i = 0; i < STEPS; i++) {
        uint64_t coin = lb_splitmix64(&seed);
        uint32_t k = (uint32_t)(coin % KEYS), next = (uint32_t)(coin >> 40) + 1;
        uint64_t key = (uint64_t)k << 40 | (k % 3); /* keys that differ in high bits only */
        if ((coin >> 32 & 3) != 0) {
            map_set(&m, key, next);
            count += value[k] == 0;
            value[k] = next;
        } else {
            wrong += map_take(&m, key) != value[k];
            count -= value[k] != 0;
            value[k] = 0;
        }
        wrong += m.count != count;
        uint32_t other = (uint32_t)((coin >> 20) % KEYS);
        wrong += map_find(&m, (uint64_t)other << 40 | (other % 3)) != value[other];
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(count > 100);
    map_done(&m);
    CU_ASSERT_EQUAL(map_find(&m, 1), 0);
    CU_ASSERT_EQUAL(map_take(&m, 1), 0);
}

static const struct check_test tests[] = {
    {"the same as an array", the_same_as_an_array},
};

CHECK_MAIN("map")
