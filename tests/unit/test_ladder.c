/*
 * The two traps of the ladder, as regression tests that count work instead of time: records placed
 * and bottom entries shifted (ladder.moved). And its invariant, checked entry by entry.
 */
#include "sim/engine/ladder.h"

#include <stdlib.h>

#include "algorithms/random.h"
#include "sim/base/ziggurat.h"
#include "tests/check.h"

#define EVENTS 20001U

struct bench {
    struct ladder ladder;
    struct ladder_event pool[EVENTS];
    uint32_t free[EVENTS], free_count;
    uint32_t listed[EVENTS], listed_count;
    struct lb_random random;
    lb_time now;
    uint32_t pending;
};

static struct bench *bench_create(void)
{
    struct bench *bench = calloc(1, sizeof *bench);
    if (bench == NULL)
        exit(3);
    ladder_init(&bench->ladder);
    for (uint32_t i = EVENTS - 1; i > 0; i--)
        bench->free[bench->free_count++] = i;
    lb_random_seed(&bench->random, 7);
    return bench;
}

static uint32_t bench_push(struct bench *bench, lb_time when)
{
    uint32_t event = bench->free[--bench->free_count];
    bench->pool[event].when = when;
    ladder_push(&bench->ladder, bench->pool, event);
    bench->pending++;
    return event;
}

static uint32_t bench_pop(struct bench *bench)
{
    const struct ladder_entry *first = ladder_first(&bench->ladder, bench->pool);
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    uint32_t event = first->event;
    CU_ASSERT(first->when >= bench->now);
    CU_ASSERT_EQUAL(first->when, bench->pool[event].when);
    bench->now = first->when;
    ladder_pop(&bench->ladder);
    bench->free[bench->free_count++] = event;
    bench->pending--;
    return event;
}

/* Every event is where the invariant says; returns false at the first that is not. */
static bool bench_sound(const struct bench *bench)
{
    const struct ladder *ladder = &bench->ladder;
    uint32_t found = ladder->size;
    for (uint32_t i = 0; i < ladder->size; i++) {
        if ((uint64_t)ladder->bottom[i].when > ladder->cur)
            return false;
        if (i > 0 && ladder->bottom[i].when > ladder->bottom[i - 1].when)
            return false;
    }
    for (uint32_t slot = 0; slot < LADDER_LEVELS * LADDER_SLOTS; slot++) {
        uint32_t prev = 0;
        for (uint32_t e = ladder->slot[slot].head; e != 0; e = bench->pool[e].next) {
            uint64_t when = (uint64_t)bench->pool[e].when;
            if (when < ladder->cur || ladder_slot(ladder->cur, when) != slot ||
                bench->pool[e].prev != prev)
                return false;
            prev = e;
            found++;
        }
        bool marked = (ladder->map[slot >> 6] >> (slot & 63) & 1) != 0;
        if (ladder->slot[slot].tail != prev || marked != (prev != 0))
            return false;
        if (((ladder->used >> (slot >> 6) & 1) != 0) != (ladder->map[slot >> 6] != 0))
            return false;
    }
    return found == bench->pending;
}

/*
 * Ten events over 8 ms are opened whole, so cur is far ahead; then 2,000 events with short
 * gaps come. Without giving back, each push would shift about 1,000 entries.
 */
static void test_trap_of_the_wide_slot(void)
{
    struct bench *bench = bench_create();
    for (int i = 0; i < 10; i++)
        (void)bench_push(bench,
                         (lb_time)(lb_random_unit(&bench->random) * 0x1p23) + (INT64_C(1) << 24));
    (void)bench_pop(bench);
    CU_ASSERT(bench->ladder.size == 9);
    uint64_t before = bench->ladder.moved;
    uint64_t operations = 0;
    uint32_t highest = 0;
    for (; operations < 200000; operations++) {
        double gap = ziggurat_exponential(&bench->random) * 1e6;
        (void)bench_push(bench, bench->now + (lb_time)gap);
        if (bench->pending > 2000)
            (void)bench_pop(bench);
        highest = bench->ladder.size > highest ? bench->ladder.size : highest;
        if (operations % 20000 == 0)
            CU_ASSERT(bench_sound(bench));
    }
    double each = (double)(bench->ladder.moved - before) / (double)operations;
    if (each > 15)
        printf("\n%.1f moves a push and pop\n", each);
    CU_ASSERT(each <= 15);
    CU_ASSERT(highest <= LADDER_LIMIT);
    free(bench);
}

/* The same trap sprung from outside: something looks ahead, then earlier events are added. */
static void test_trap_of_looking_ahead(void)
{
    struct bench *bench = bench_create();
    uint64_t operations = 0;
    for (int round = 0; round < 20; round++) {
        lb_time base = bench->now;
        for (int i = 0; i < 300; i++, operations++)
            (void)bench_push(bench, base + (INT64_C(1) << 44) + i * INT64_C(1000000007));
        CU_ASSERT_PTR_NOT_NULL(ladder_first(&bench->ladder, bench->pool));
        for (int i = 0; i < 700; i++, operations++) { /* ever earlier, looked at each time */
            (void)bench_push(bench, base + (INT64_C(1) << 43) - i * INT64_C(100000007));
            CU_ASSERT_PTR_NOT_NULL(ladder_first(&bench->ladder, bench->pool));
        }
        CU_ASSERT(bench_sound(bench));
        while (bench->pending > 0)
            (void)bench_pop(bench);
    }
    double each = (double)bench->ladder.moved / (double)operations;
    if (each > 15)
        printf("\n%.1f moves a push and pop\n", each);
    CU_ASSERT(each <= 15);
    free(bench);
}

/*
 * 10,000 events at one instant, that of the clock, while later events stand in the bottom. Without
 * the list of the instant each push would shift all of its equals, 5,000 on average.
 */
static void test_trap_of_the_instant(void)
{
    struct bench *bench = bench_create();
    for (lb_time i = 0; i < 10; i++)
        (void)bench_push(bench, (INT64_C(1) << 40) + i * 1000003);
    (void)bench_pop(bench);
    uint64_t before = bench->ladder.moved;
    uint32_t order[10000];
    for (int i = 0; i < 10000; i++)
        order[i] = bench_push(bench, bench->now);
    CU_ASSERT(bench_sound(bench));
    CU_ASSERT(bench->ladder.size <= LADDER_LIMIT);
    lb_time instant = bench->now;
    uint64_t wrong = 0;
    for (int i = 0; i < 10000; i++)
        wrong += bench_pop(bench) != order[i];
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(bench->now, instant);
    double each = (double)(bench->ladder.moved - before) / 10000;
    if (each > 3)
        printf("\n%.1f moves a push and pop\n", each);
    CU_ASSERT(each <= 3);
    free(bench);
}

/* The same for a later instant, which the bottom reaches up to exactly: cur itself. */
static void test_trap_of_the_last_instant(void)
{
    struct bench *bench = bench_create();
    for (lb_time i = 0; i < 16; i++)
        (void)bench_push(bench, 0x10000 + i * 0x1111);
    (void)bench_pop(bench);
    CU_ASSERT_EQUAL(bench->ladder.cur, 0x1ffff);
    static const lb_time instants[] = {0x1ffff, 0x1fffe, 0x18000};
    uint64_t before = bench->ladder.moved;
    uint32_t order[3][3000];
    for (int i = 0; i < 3000; i++)
        for (int j = 0; j < 3; j++)
            order[j][i] = bench_push(bench, instants[j]);
    CU_ASSERT(bench_sound(bench));
    uint64_t wrong = 0;
    for (int j = 2; j >= 0; j--)
        for (int i = 0; i < 3000;) {
            uint32_t event = bench_pop(bench);
            if (bench->now == instants[j] && event == order[j][i])
                i++;
            else if (bench->now >= instants[j] && ++wrong > 16) /* the 15 others come in between */
                return;
        }
    CU_ASSERT(wrong <= 15);
    double each = (double)(bench->ladder.moved - before) / 9000;
    if (each > 6)
        printf("\n%.1f moves a push and pop\n", each);
    CU_ASSERT(each <= 6);
    free(bench);
}

/* Random pushes, pops and removals of every width; the invariant after each. */
static void test_invariant(void)
{
    struct bench *bench = bench_create();
    uint32_t live[400];
    uint32_t count = 0;
    uint64_t unsound = 0;
    for (int i = 0; i < 4000; i++) {
        uint32_t what = lb_random_below(&bench->random, 8);
        if (what < 4 && count < 400) {
            uint64_t delay =
                lb_random_u64(&bench->random) >> (20 + lb_random_below(&bench->random, 44));
            live[count++] = bench_push(bench, bench->now + (lb_time)delay);
        } else if (what < 6 && count > 0) {
            uint32_t event = bench_pop(bench);
            uint32_t at = 0;
            while (live[at] != event)
                at++;
            live[at] = live[--count];
        } else if (count > 0) {
            uint32_t at = lb_random_below(&bench->random, count);
            ladder_remove(&bench->ladder, bench->pool, live[at]);
            bench->free[bench->free_count++] = live[at];
            bench->pending--;
            live[at] = live[--count];
        }
        unsound += !bench_sound(bench);
    }
    CU_ASSERT_EQUAL(unsound, 0);
    free(bench);
}

static const struct check_test tests[] = {
    {"trap: a wide slot opened whole", test_trap_of_the_wide_slot},
    {"trap: looking ahead", test_trap_of_looking_ahead},
    {"trap: many events at one instant", test_trap_of_the_instant},
    {"trap: many events at the end of the bottom", test_trap_of_the_last_instant},
    {"invariant", test_invariant},
};

CHECK_MAIN("ladder")
