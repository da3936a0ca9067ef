/*
 * The engine against a 4-ary heap: the same random operations must carry out the same events at the
 * same instants. The heap orders by (time, sequence) explicitly, commands before others, so it
 * knows nothing of what makes the ladder clever.
 */
#include <stdint.h>
#include <stdlib.h>

#include "algorithms/random.h"
#include "sim/base/ziggurat.h"
#include "sim/engine/engine.h"
#include "tests/check.h"

/* ---- the oracle: a 4-ary heap with lazy deletion ---- */

struct oracle_event {
    lb_time when;
    uint64_t sequence; /* commands below 2^63, others above */
    uint32_t subject;
};

struct oracle {
    struct oracle_event *heap;
    size_t size, room;
    uint64_t next_command, next_ordinary;
    bool *cancelled; /* by subject; the subjects of a test never repeat */
    size_t live;
};

static bool oracle_before(const struct oracle_event *a, const struct oracle_event *b)
{
    return a->when != b->when ? a->when < b->when : a->sequence < b->sequence;
}

static void oracle_push(struct oracle *oracle, lb_time when, bool command, uint32_t subject)
{
    if (oracle->size == oracle->room) {
        oracle->room = oracle->room * 2 + 64;
        oracle->heap = realloc(oracle->heap, oracle->room * sizeof *oracle->heap);
        if (oracle->heap == NULL)
            exit(3);
    }
    struct oracle_event event = {
        when, command ? oracle->next_command++ : (UINT64_C(1) << 63) + oracle->next_ordinary++,
        subject};
    size_t i = oracle->size++;
    while (i > 0 && oracle_before(&event, &oracle->heap[(i - 1) / 4])) {
        oracle->heap[i] = oracle->heap[(i - 1) / 4];
        i = (i - 1) / 4;
    }
    oracle->heap[i] = event;
    oracle->live++;
}

static void oracle_drop(struct oracle *oracle)
{
    struct oracle_event last = oracle->heap[--oracle->size];
    size_t i = 0;
    for (;;) {
        size_t least = 4 * i + 1;
        if (least >= oracle->size)
            break;
        for (size_t j = 4 * i + 2; j <= 4 * i + 4 && j < oracle->size; j++)
            if (oracle_before(&oracle->heap[j], &oracle->heap[least]))
                least = j;
        if (!oracle_before(&oracle->heap[least], &last))
            break;
        oracle->heap[i] = oracle->heap[least];
        i = least;
    }
    oracle->heap[i] = last;
}

static const struct oracle_event *oracle_first(struct oracle *oracle)
{
    while (oracle->size > 0 && oracle->cancelled[oracle->heap[0].subject])
        oracle_drop(oracle);
    return oracle->size > 0 ? &oracle->heap[0] : NULL;
}

/* ---- random operations on both ---- */

enum shape { EXPONENTIAL, CONSTANT, ALL_EQUAL, BIMODAL, ZERO_DELAY, NEAR, WIDE, SHAPES };

#define SUBJECTS 60000U

struct duel {
    struct engine *engine;
    struct oracle oracle;
    struct lb_random random;
    enum shape shape;
    bool commands, cancels;
    uint32_t target; /* pending events aimed at */
    uint32_t subjects;
    engine_event handle[SUBJECTS];
    uint32_t live[SUBJECTS], at[SUBJECTS]; /* pending subjects, and where in that list */
    uint32_t live_count;
    uint64_t wrong, sum, oracle_sum;
};

static lb_time duel_delay(struct duel *duel)
{
    struct lb_random *random = &duel->random;
    switch (duel->shape) {
    case EXPONENTIAL:
        return (lb_time)(ziggurat_exponential(random) * 1e6);
    case CONSTANT:
        return 1000000;
    case ALL_EQUAL: /* everything at whole milliseconds */
        return (lb_time)(1 + lb_random_below(random, 3)) * 1000000 -
               engine_now(duel->engine) % 1000000;
    case BIMODAL: /* timeouts 100,000 times as far away as the work */
        return lb_random_below(random, 2) == 0 ? (lb_time)(ziggurat_exponential(random) * 1e4)
                                               : INT64_C(1000000000);
    case ZERO_DELAY:
        return lb_random_below(random, 8) != 0 ? 0 : (lb_time)lb_random_below(random, 5000);
    case NEAR:
        return (lb_time)lb_random_below(random, 4);
    default: /* WIDE: every digit of the clock */
        return (lb_time)(lb_random_u64(random) >> (6 + lb_random_below(random, 57)));
    }
}

static void duel_forget(struct duel *duel, uint32_t subject)
{
    uint32_t last = duel->live[--duel->live_count];
    duel->live[duel->at[subject]] = last;
    duel->at[last] = duel->at[subject];
    duel->oracle.live--;
}

static void duel_push(struct duel *duel, bool command)
{
    lb_time now = engine_now(duel->engine);
    lb_time delay = duel_delay(duel);
    if (delay > LB_NEVER - 1 - now)
        delay = LB_NEVER - 1 - now;
    if (duel->subjects == SUBJECTS)
        return;
    command = command && delay > 0; /* at now itself it would be too late to be first */
    uint32_t subject = duel->subjects++;
    duel->handle[subject] = command ? engine_at_first(duel->engine, now + delay, 1, subject)
                                    : engine_at(duel->engine, now + delay, 0, subject);
    duel->wrong += duel->handle[subject] == ENGINE_NO_EVENT;
    oracle_push(&duel->oracle, now + delay, command, subject);
    duel->at[subject] = duel->live_count;
    duel->live[duel->live_count++] = subject;
}

static void duel_act(struct duel *duel)
{
    struct lb_random *random = &duel->random;
    if (duel->cancels && duel->live_count > 0 && lb_random_below(random, 3) == 0) {
        uint32_t subject = duel->live[lb_random_below(random, duel->live_count)];
        engine_cancel(duel->engine, duel->handle[subject]);
        duel->oracle.cancelled[subject] = true;
        duel_forget(duel, subject);
    }
    uint32_t births = duel->live_count < duel->target ? 2 : 1;
    if (duel->live_count > duel->target + duel->target / 4)
        births = 0;
    for (uint32_t i = 0; i < births; i++)
        duel_push(duel, duel->commands && lb_random_below(random, 10) == 0);
}

static void duel_on_event(void *context, uint32_t subject, lb_time now)
{
    struct duel *duel = context;
    const struct oracle_event *first = oracle_first(&duel->oracle);
    if (first == NULL || first->when != now || first->subject != subject) {
        duel->wrong++;
        engine_stop(duel->engine);
        return;
    }
    duel->sum = duel->sum * 31 + (uint64_t)now + subject;
    duel->oracle_sum = duel->oracle_sum * 31 + (uint64_t)first->when + first->subject;
    oracle_drop(&duel->oracle);
    duel_forget(duel, subject);
    duel_act(duel);
    duel->wrong += engine_pending(duel->engine) != duel->oracle.live;
}

static engine_handler *const duel_handlers[] = {duel_on_event, duel_on_event};

/* How the loop is driven must not matter. */
enum drive { RUN_THROUGH, RUN_SLICES, RUN_STEPS, DRIVES };

static void duel_drive(struct duel *duel, enum drive drive)
{
    struct engine *engine = duel->engine;
    while (engine_pending(engine) > 0 && duel->wrong == 0) {
        lb_time now = engine_now(engine);
        switch (drive) {
        case RUN_THROUGH:
            engine_run(engine, LB_NEVER);
            break;
        case RUN_STEPS:
            duel->wrong += !engine_step(engine, LB_NEVER);
            break;
        default: { /* look ahead, stand in between, and add from outside, also before what was seen */
            lb_time next = engine_next(engine);
            const struct oracle_event *first = oracle_first(&duel->oracle);
            duel->wrong += first == NULL || first->when != next;
            lb_time until = now + (next - now) / 2;
            if (lb_random_below(&duel->random, 2) == 0)
                until = next;
            engine_run(engine, until);
            lb_time least = engine_next(engine) < until ? engine_next(engine) : until;
            engine_advance(engine, least);
            if (duel->live_count < 2 * duel->target)
                for (uint32_t i = lb_random_below(&duel->random, 100); i > 0 && until < next; i--)
                    duel_push(duel, false);
        }
        }
    }
}

static void duel_run(enum shape shape, enum drive drive, uint32_t target, bool commands,
                     bool cancels, uint64_t seed)
{
    struct duel *duel = calloc(1, sizeof *duel);
    if (duel == NULL)
        exit(3);
    duel->oracle.cancelled = calloc(SUBJECTS, sizeof *duel->oracle.cancelled);
    if (duel->oracle.cancelled == NULL)
        exit(3);
    duel->engine = engine_create(duel_handlers, 2, duel, 0);
    lb_random_seed(&duel->random, seed);
    duel->shape = shape;
    duel->target = target;
    duel->commands = commands;
    duel->cancels = cancels;
    for (uint32_t i = 0; i < target; i++)
        duel_push(duel, false);
    duel_drive(duel, drive);
    if (duel->wrong != 0)
        printf("\nshape %d drive %d target %u commands %d cancels %d seed %llu: differs\n",
               (int)shape, (int)drive, target, commands, cancels, (unsigned long long)seed);
    CU_ASSERT_EQUAL(duel->wrong, 0);
    CU_ASSERT_EQUAL(duel->sum, duel->oracle_sum);
    CU_ASSERT_EQUAL(duel->subjects, SUBJECTS);
    CU_ASSERT_PTR_NULL(oracle_first(&duel->oracle));
    CU_ASSERT(engine_done(duel->engine) > SUBJECTS / 4);
    engine_destroy(duel->engine);
    free(duel->oracle.cancelled);
    free(duel->oracle.heap);
    free(duel);
}

static void test_same_as_heap(void)
{
    static const uint32_t targets[] = {1, 7, 100, 3000};
    uint64_t seed = 1;
    for (int shape = 0; shape < SHAPES; shape++)
        for (size_t t = 0; t < sizeof targets / sizeof targets[0]; t++)
            for (int options = 0; options < 4; options++) {
                enum drive drive = (enum drive)(seed % DRIVES);
                duel_run((enum shape)shape, drive, targets[t], options & 1, options & 2, seed++);
            }
}

static const struct check_test tests[] = {
    {"same order as a heap", test_same_as_heap},
};

CHECK_MAIN("engine against a heap")
