/*
 * What the contract says of states: hot hooks never allocate, destroy frees everything, equal coins
 * give equal picks, and states do not know of each other. Held to every registered algorithm.
 *
 * Allocations are counted by standing in for malloc and its kin (glibc), or by the sanitizer's own
 * hooks in a build with the address sanitizer.
 */
#include "algorithms/registry.h"

#include <stdlib.h>

#include "tests/check.h"
#include "tests/unit/script.h"

#define STEPS 3000

static bool hot;             /* inside a hook that must not allocate */
static unsigned hot_calls;   /* allocations and frees made there */
static long live, allocated; /* blocks, since the program began */

static void count_allocation(void)
{
    hot_calls += hot;
    live++;
    allocated++;
}

static void count_free(void)
{
    hot_calls += hot;
    live--;
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#endif

#ifdef UNDER_SANITIZER

int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void *, size_t),
                                              void (*)(const volatile void *));

static void on_malloc(const volatile void *block, size_t size)
{
    (void)block, (void)size;
    count_allocation();
}

static void on_free(const volatile void *block)
{
    if (block != NULL)
        count_free();
}

static void start_counting(void)
{
    static bool started;
    if (!started)
        CU_ASSERT_FATAL(__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) > 0);
    started = true;
}

#elif defined(__GLIBC__)

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

void *malloc(size_t size)
{
    count_allocation();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    count_allocation();
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    if (block != NULL)
        count_free();
    count_allocation();
    return __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count_allocation();
    return __libc_memalign(alignment, size);
}

void free(void *block)
{
    if (block != NULL)
        count_free();
    __libc_free(block);
}

static void start_counting(void)
{
}

#else
#error "no way to count allocations with this C library: add one here"
#endif

/* The algorithm under watch, and a copy of it whose hot hooks are marked. */
static const struct lb_algorithm *real;
static struct lb_algorithm watched;

static int32_t watched_pick(void *state, const struct lb_request *request, lb_time now)
{
    hot = true;
    int32_t row = real->pick(state, request, now);
    hot = false;
    return row;
}

static void watched_start(void *state, int32_t row, const struct lb_request *request,
                          enum lb_how how, lb_time now)
{
    hot = true;
    real->on_attempt_start(state, row, request, how, now);
    hot = false;
}

static void watched_finish(void *state, int32_t row, const struct lb_outcome *outcome, lb_time now)
{
    hot = true;
    real->on_attempt_finish(state, row, outcome, now);
    hot = false;
}

static void watched_load(void *state, int32_t row, const struct lb_load *load, lb_time now)
{
    hot = true;
    real->on_load(state, row, load, now);
    hot = false;
}

static void watched_probe(void *state, int32_t row, const struct lb_load *load, lb_time now)
{
    hot = true;
    real->on_probe(state, row, load, now);
    hot = false;
}

static const struct lb_algorithm *watch(const struct lb_algorithm *algorithm)
{
    real = algorithm;
    watched = *algorithm;
    watched.pick = watched_pick;
    watched.on_attempt_start = real->on_attempt_start != NULL ? watched_start : NULL;
    watched.on_attempt_finish = real->on_attempt_finish != NULL ? watched_finish : NULL;
    watched.on_load = real->on_load != NULL ? watched_load : NULL;
    watched.on_probe = real->on_probe != NULL ? watched_probe : NULL;
    return &watched;
}

/* A life of random steps: what the hot hooks allocated, and what was left behind. */
static void live_and_die(const struct lb_algorithm *algorithm, unsigned *hot_count, long *left)
{
    static struct script script;
    long before = live;
    hot_calls = 0;
    CU_ASSERT_FATAL(script_open(&script, watch(algorithm), 20, 11));
    for (int step = 0; step < STEPS; step++)
        script_step(&script);
    script_close(&script);
    *hot_count = hot_calls;
    *left = live - before;
}

/* The thread sanitizer tells of what aligned_alloc gave only when it is freed. */
static bool nothing_left(long left)
{
#ifdef __SANITIZE_THREAD__
    return left <= 0;
#else
    return left == 0;
#endif
}

static void memory_is_kept(void)
{
    start_counting();
    for (uint32_t i = 0; i < lb_registry_count(); i++) {
        unsigned in_hot_hooks;
        long left, before = allocated;
        live_and_die(lb_registry_at(i), &in_hot_hooks, &left);
        CU_ASSERT(in_hot_hooks == 0);
        CU_ASSERT(nothing_left(left));
        CU_ASSERT(allocated > before); /* the state itself: the counting works */
    }
}

static int32_t pick_greedily(void *state, const struct lb_request *request, lb_time now)
{
    void *volatile block = malloc(16);
    free(block);
    return lb_registry_find("round-robin")->pick(state, request, now);
}

static void destroy_nothing(void *state)
{
    static void *volatile kept; /* not a leak to the sanitizer */
    *(void **)state = kept;
    kept = state;
}

static void waste_is_found_out(void)
{
    start_counting();
    unsigned in_hot_hooks;
    long left;
    struct lb_algorithm greedy = *lb_registry_find("round-robin");
    greedy.pick = pick_greedily;
    live_and_die(&greedy, &in_hot_hooks, &left);
    CU_ASSERT(in_hot_hooks > 1000 && left == 0);
    struct lb_algorithm leaky = *lb_registry_find("round-robin");
    leaky.destroy = destroy_nothing;
    live_and_die(&leaky, &in_hot_hooks, &left);
    CU_ASSERT(in_hot_hooks == 0 && left == 1);
}

/* Two lives lived apart, then again step by step in turn: are all picks the same? */
static bool keeps_to_itself(const struct lb_algorithm *a)
{
    static struct script script[2];
    static int32_t apart[2][STEPS];
    bool same = true;
    for (int k = 0; k < 2; k++) {
        if (!script_open(&script[k], a, 12, 100 + (uint64_t)k))
            return false;
        for (int step = 0; step < STEPS; step++)
            apart[k][step] = script_step(&script[k]);
        script_close(&script[k]);
    }
    for (int k = 0; k < 2; k++)
        if (!script_open(&script[k], a, 12, 100 + (uint64_t)k))
            return false;
    for (int step = 0; step < STEPS; step++)
        for (int k = 0; k < 2; k++)
            same = script_step(&script[k]) == apart[k][step] && same;
    for (int k = 0; k < 2; k++)
        script_close(&script[k]);
    return same;
}

static void states_keep_to_themselves(void)
{
    for (uint32_t i = 0; i < lb_registry_count(); i++) {
        bool same = keeps_to_itself(lb_registry_at(i));
        if (!same)
            printf("\n%s: other picks beside another state", lb_registry_at(i)->name);
        CU_ASSERT(same);
    }
}

static int32_t pick_by_global(void *state, const struct lb_request *request, lb_time now)
{
    static uint32_t turn;
    int32_t row = lb_registry_find("round-robin")->pick(state, request, now);
    return ++turn % 2 != 0 ? row : LB_NONE;
}

static void globals_are_found_out(void)
{
    struct lb_algorithm global = *lb_registry_find("round-robin");
    global.claims = 0;
    global.pick = pick_by_global;
    CU_ASSERT(!keeps_to_itself(&global));
}

/* Picks are a function of the coins: the same again from the same seed, and, for an algorithm that
 * uses coins, others from another. */
static void coins_decide(void)
{
    static struct books books;
    static int32_t first[200], again[200];
    for (uint32_t i = 0; i < lb_registry_count(); i++) {
        struct lb_random after = {{0}}, start = {{0}};
        for (uint64_t round = 0; round < 3; round++) {
            books_init(&books, 10);
            CU_ASSERT_FATAL(books_open(&books, lb_registry_at(i), round < 2 ? 1 : 2, false));
            lb_random_seed(&start, round < 2 ? 1 : 2); /* coins of create count too */
            for (int n = 0; n < 200; n++) {
                struct lb_request request = {.size = 1};
                (round == 0 ? first : again)[n] = books_serve(&books, &request);
            }
            after = books.random;
            books_close(&books);
            bool same = memcmp(first, again, sizeof first) == 0;
            bool used = memcmp(&start, &after, sizeof start) != 0;
            CU_ASSERT(round != 1 || same);
            CU_ASSERT(round != 2 || same == !used);
        }
    }
}

static const struct check_test tests[] = {
    {"memory is kept", memory_is_kept},
    {"waste is found out", waste_is_found_out},
    {"states keep to themselves", states_keep_to_themselves},
    {"globals are found out", globals_are_found_out},
    {"coins decide", coins_decide},
};

CHECK_MAIN("contract: states")
