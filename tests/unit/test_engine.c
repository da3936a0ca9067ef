/*
 * Each promise of engine.h by itself: order, limits, stop, commands, cancel, advance, refusals.
 * test_engine_oracle.c has the random comparison with a heap, test_ladder.c the two traps.
 */
#include "sim/engine/engine.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/base/ziggurat.h"
#include "tests/check.h"

struct diary {
    struct engine *engine;
    uint32_t subject[64];
    lb_time when[64];
    uint32_t count;
    engine_event victim;
};

static void diary_write(void *context, uint32_t subject, lb_time now)
{
    struct diary *diary = context;
    if (diary->count < 64) {
        diary->subject[diary->count] = subject;
        diary->when[diary->count++] = now;
    }
}

enum { WRITE, STOP, CANCEL, COMMAND, CANCEL_COMMAND };

static void diary_stop(void *context, uint32_t subject, lb_time now)
{
    diary_write(context, subject, now);
    engine_stop(((struct diary *)context)->engine);
}

static void diary_cancel(void *context, uint32_t subject, lb_time now)
{
    struct diary *diary = context;
    diary_write(context, subject, now);
    engine_cancel(diary->engine, diary->victim);
}

/* A command and ordinary events from inside a handler, for the same later instant. */
static void diary_command(void *context, uint32_t subject, lb_time now)
{
    struct diary *diary = context;
    diary_write(context, subject, now);
    (void)engine_at(diary->engine, now + 5, WRITE, 101);
    (void)engine_at_first(diary->engine, now + 5, WRITE, 102);
    (void)engine_at_first(diary->engine, now + 5, WRITE, 103);
}

static void diary_cancel_command(void *context, uint32_t subject, lb_time now)
{
    struct diary *diary = context;
    diary_write(context, subject, now);
    engine_cancel(diary->engine, engine_at_first(diary->engine, now + 1, WRITE, 104));
}

static engine_handler *const diary_handlers[] = {diary_write, diary_stop, diary_cancel,
                                                 diary_command, diary_cancel_command};

static struct diary diary_open(uint32_t pending_max, struct diary *diary)
{
    struct diary empty = {0};
    empty.engine = engine_create(diary_handlers, 5, diary, pending_max);
    return empty;
}

static void test_order_and_limit(void)
{
    struct diary d = diary_open(0, &d);
    (void)engine_at(d.engine, 20, WRITE, 1);
    (void)engine_at(d.engine, 10, WRITE, 2);
    (void)engine_at(d.engine, 20, WRITE, 3);
    (void)engine_at_first(d.engine, 20, WRITE, 4);
    (void)engine_at(d.engine, 30, WRITE, 5);
    (void)engine_at_first(d.engine, 20, WRITE, 6);
    CU_ASSERT_EQUAL(engine_pending(d.engine), 6);
    CU_ASSERT_EQUAL(engine_next(d.engine), 10);
    engine_run(d.engine, 29);
    static const uint32_t order[] = {2, 4, 6, 1, 3};
    CU_ASSERT_EQUAL(d.count, 5);
    for (uint32_t i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(d.subject[i], order[i]);
    CU_ASSERT_EQUAL(engine_now(d.engine), 20); /* at the last event, not at the limit */
    CU_ASSERT_EQUAL(engine_next(d.engine), 30);
    CU_ASSERT_FALSE(engine_step(d.engine, 29));
    CU_ASSERT_TRUE(engine_step(d.engine, 30));
    CU_ASSERT_FALSE(engine_step(d.engine, LB_NEVER));
    CU_ASSERT_EQUAL(engine_next(d.engine), LB_NEVER);
    CU_ASSERT_EQUAL(engine_done(d.engine), 6);
    CU_ASSERT_EQUAL(engine_pending(d.engine), 0);
    engine_destroy(d.engine);
}

static void test_stop(void)
{
    struct diary d = diary_open(0, &d);
    (void)engine_at(d.engine, 1, WRITE, 1);
    (void)engine_at(d.engine, 1, STOP, 2);
    (void)engine_at(d.engine, 1, WRITE, 3);
    (void)engine_at_first(d.engine, 2, STOP, 4);
    (void)engine_at(d.engine, 2, WRITE, 5);
    engine_run(d.engine, LB_NEVER);
    CU_ASSERT_EQUAL(d.count, 2);
    engine_run(d.engine, LB_NEVER); /* goes on where it stopped; a command stops as well */
    CU_ASSERT_EQUAL(d.count, 4);
    CU_ASSERT_EQUAL(d.subject[3], 4);
    engine_run(d.engine, LB_NEVER);
    CU_ASSERT_EQUAL(d.count, 5);
    engine_destroy(d.engine);
}

static void test_commands_from_handlers(void)
{
    struct diary d = diary_open(0, &d);
    (void)engine_at(d.engine, 10, COMMAND, 1);
    (void)engine_at(d.engine, 15, WRITE, 2);
    (void)engine_at(d.engine, 16, CANCEL_COMMAND, 3);
    (void)engine_at(d.engine, 18, WRITE, 4);
    engine_run(d.engine, 18);
    static const uint32_t order[] = {1, 102, 103, 2, 101, 3, 4};
    CU_ASSERT_EQUAL(d.count, 7);
    for (uint32_t i = 0; i < 7; i++)
        CU_ASSERT_EQUAL(d.subject[i], order[i]);
    engine_destroy(d.engine);
}

static void test_cancel(void)
{
    struct diary d = diary_open(0, &d);
    (void)engine_at(d.engine, 10, CANCEL, 1);
    (void)engine_at(d.engine, 20, WRITE, 2);
    d.victim = engine_at(d.engine, 20, WRITE, 3);
    (void)engine_at(d.engine, 20, WRITE, 4);
    engine_run(d.engine, LB_NEVER);
    CU_ASSERT_EQUAL(d.count, 3);
    CU_ASSERT_EQUAL(d.subject[1], 2);
    CU_ASSERT_EQUAL(d.subject[2], 4);
    CU_ASSERT_EQUAL(engine_done(d.engine), 3);

    /* The record is free at once: a million timeouts armed and cancelled take one record. */
    engine_event highest = 0;
    for (lb_time i = 0; i < 1000000; i++) {
        engine_event event = engine_at(d.engine, 1000000000 + i * 1000, WRITE, 9);
        highest = event > highest ? event : highest;
        engine_cancel(d.engine, event);
    }
    CU_ASSERT(highest != 0 && highest <= 5);
    CU_ASSERT_EQUAL(engine_pending(d.engine), 0);
    CU_ASSERT_EQUAL(engine_next(d.engine), LB_NEVER);
    engine_destroy(d.engine);
}

static void test_advance(void)
{
    struct diary d = diary_open(0, &d);
    (void)engine_at(d.engine, 0, WRITE, 1);
    (void)engine_at_first(d.engine, 0, WRITE, 2); /* time 0 is fresh */
    engine_run(d.engine, 0);
    CU_ASSERT_EQUAL(d.subject[0], 2);
    (void)engine_at(d.engine, 100, WRITE, 3);
    engine_advance(d.engine, 50);
    CU_ASSERT_EQUAL(engine_now(d.engine), 50);
    (void)engine_at(d.engine, 60, WRITE, 4); /* before what the advance has looked at */
    engine_advance(d.engine, 60);
    (void)engine_at_first(d.engine, 60, WRITE, 5);
    CU_ASSERT_EQUAL(engine_done(d.engine), 2);
    engine_run(d.engine, LB_NEVER);
    static const uint32_t order[] = {2, 1, 5, 4, 3};
    for (uint32_t i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(d.subject[i], order[i]);
    engine_destroy(d.engine);
}

/* The last instant there is, and 1 ns before it, in the order of time. */
static void test_ends_of_time(void)
{
    struct diary d = diary_open(0, &d);
    (void)engine_at(d.engine, LB_NEVER - 1, WRITE, 1);
    (void)engine_at(d.engine, LB_NEVER - 2, WRITE, 2);
    (void)engine_at(d.engine, 0, WRITE, 3);
    engine_run(d.engine, LB_NEVER);
    CU_ASSERT_EQUAL(d.count, 3);
    CU_ASSERT_EQUAL(d.subject[0], 3);
    CU_ASSERT_EQUAL(d.subject[1], 2);
    CU_ASSERT_EQUAL(d.subject[2], 1);
    engine_destroy(d.engine);
}

/* Two engines side by side share nothing. */
static void test_two_engines(void)
{
    struct diary a = diary_open(0, &a);
    struct diary b = diary_open(0, &b);
    (void)engine_at(a.engine, 5, WRITE, 1);
    (void)engine_at(b.engine, 6, WRITE, 2);
    engine_run(a.engine, LB_NEVER);
    CU_ASSERT_EQUAL(a.count, 1);
    CU_ASSERT_EQUAL(b.count, 0);
    engine_run(b.engine, LB_NEVER);
    CU_ASSERT_EQUAL(b.when[0], 6);
    engine_destroy(a.engine);
    engine_destroy(b.engine);
    engine_destroy(NULL);
}

/* ---- what is refused ---- */

static void bad_past(struct diary *d)
{
    engine_advance(d->engine, 10);
    (void)engine_at(d->engine, 9, WRITE, 1);
}

static void bad_kind(struct diary *d)
{
    (void)engine_at(d->engine, 9, 5, 1);
}

static void bad_never(struct diary *d)
{
    (void)engine_at(d->engine, LB_NEVER, WRITE, 1);
}

static void bad_stale(struct diary *d)
{
    engine_event event = engine_at(d->engine, 9, WRITE, 1);
    engine_run(d->engine, LB_NEVER);
    engine_cancel(d->engine, event);
}

static void bad_zero(struct diary *d)
{
    engine_cancel(d->engine, ENGINE_NO_EVENT);
}

static void bad_late_command(struct diary *d)
{
    (void)engine_at(d->engine, 9, WRITE, 1);
    engine_run(d->engine, LB_NEVER);
    (void)engine_at_first(d->engine, 9, WRITE, 2);
}

static void bad_advance(struct diary *d)
{
    (void)engine_at(d->engine, 9, WRITE, 1);
    engine_advance(d->engine, 10);
}

static void bad_too_many(struct diary *d)
{
    for (lb_time i = 0; i < 101; i++)
        (void)engine_at(d->engine, i, WRITE, 1);
}

static void fine_just_enough(struct diary *d)
{
    for (int round = 0; round < 3; round++) {
        for (lb_time i = 0; i < 100; i++)
            (void)engine_at(d->engine, engine_now(d->engine) + i, WRITE, 1);
        engine_run(d->engine, LB_NEVER);
    }
}

/* Whether `act` aborts, found out in a process of its own. */
static bool aborts(void (*act)(struct diary *diary))
{
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(9);
        struct diary d = diary_open(100, &d);
        act(&d);
        engine_destroy(d.engine);
        _exit(0);
    }
    int status = 0;
    CU_ASSERT(child > 0 && waitpid(child, &status, 0) == child);
    CU_ASSERT(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void test_refusals(void)
{
    CU_ASSERT_TRUE(aborts(bad_past));
    CU_ASSERT_TRUE(aborts(bad_kind));
    CU_ASSERT_TRUE(aborts(bad_never));
    CU_ASSERT_TRUE(aborts(bad_stale));
    CU_ASSERT_TRUE(aborts(bad_zero));
    CU_ASSERT_TRUE(aborts(bad_late_command));
    CU_ASSERT_TRUE(aborts(bad_advance));
    CU_ASSERT_TRUE(aborts(bad_too_many));
    CU_ASSERT_FALSE(aborts(fine_just_enough));
}

/* Beats and events by the thousand, on farms with all distances: what is told ahead of time names
 * events that are pending, all three kinds come, and the order does not change. */
struct crowd {
    struct engine *engine;
    struct lb_random random;
    uint64_t order; /* of what was carried out */
    uint32_t pending[4096], told[3];
    uint32_t next;
    uint64_t left;
    bool unknown;
    double gap;
};

static void crowd_add(struct crowd *crowd, lb_time now)
{
    uint32_t subject = crowd->next++ & 4095;
    lb_time gap = (lb_time)(ziggurat_exponential(&crowd->random) * crowd->gap);
    crowd->pending[subject]++;
    (void)engine_at(crowd->engine, now + gap, 0, subject);
}

static void crowd_event(void *context, uint32_t subject, lb_time now)
{
    struct crowd *crowd = context;
    crowd->pending[subject]--;
    crowd->order = crowd->order * 31 + subject + (uint64_t)now;
    if (crowd->left-- > 0)
        crowd_add(crowd, now);
    else
        engine_stop(crowd->engine);
}

static void crowd_beat(void *context, uint32_t subject, lb_time now)
{
    struct crowd *crowd = context;
    crowd->order = crowd->order * 33 + (uint64_t)now;
    lb_time gap = (lb_time)(ziggurat_exponential(&crowd->random) * crowd->gap / 1000);
    engine_beat(crowd->engine, subject, now + gap, 1, subject);
}

static void crowd_look(void *context, uint32_t kind, uint32_t subject, enum engine_ahead ahead)
{
    struct crowd *crowd = context;
    crowd->told[ahead]++;
    crowd->unknown |= kind != 0 || subject > 4095 || crowd->pending[subject] == 0;
}

static uint64_t crowd_order(double gap, bool look)
{
    static engine_handler *const handlers[] = {crowd_event, crowd_beat};
    struct crowd crowd = {.left = 20000, .gap = gap};
    lb_random_seed(&crowd.random, 7);
    crowd.engine = engine_create(handlers, 2, &crowd, 0);
    if (look)
        engine_on_look(crowd.engine, crowd_look);
    for (int i = 0; i < 1000; i++)
        crowd_add(&crowd, 0);
    engine_beat(crowd.engine, 0, 0, 1, 0);
    engine_run(crowd.engine, LB_NEVER - 1);
    CU_ASSERT_FALSE(crowd.unknown);
    for (int i = 0; i < 3; i++)
        CU_ASSERT((crowd.told[i] > 1000) == look);
    engine_destroy(crowd.engine);
    return crowd.order;
}

static void test_look(void)
{
    for (double gap = 1e5; gap < 1e12; gap *= 10)
        CU_ASSERT(crowd_order(gap, true) == crowd_order(gap, false));
}

static const struct check_test tests[] = {
    {"order and limit", test_order_and_limit},
    {"stop", test_stop},
    {"commands from handlers", test_commands_from_handlers},
    {"cancel", test_cancel},
    {"advance", test_advance},
    {"ends of time", test_ends_of_time},
    {"two engines", test_two_engines},
    {"told ahead of time", test_look},
    {"refusals", test_refusals},
};

CHECK_MAIN("engine")
