/*
 * Connections to backends that are kept, against counts by hand: which one is taken, and why each is closed.
 * No model.
 */
#include <string.h>

#include "sim/balancer/reuse.h"
#include "tests/check.h"

static const uint32_t one_pool[3] = {0, 0, 0};

static void open_reuse(struct reuse *r, const struct scenario_reuse *rule, uint32_t limit)
{
    reuse_init(r, rule, limit, one_pool, 3, 1);
}

static const struct scenario_reuse all_kept = {.on = true,
                                               .keep = SCENARIO_UNLIMITED,
                                               .max = SCENARIO_UNLIMITED,
                                               .requests = SCENARIO_UNLIMITED};

static uint32_t take(struct reuse *r, uint32_t backend, bool expect, lb_time now)
{
    bool reused;
    uint32_t id = reuse_take(r, backend, &reused, now);
    CU_ASSERT_EQUAL(reused, expect);
    return id;
}

/* Given back a, b, c: taken c, b, a. What goes to another backend is another's. */
static void last_used_first(void)
{
    struct reuse r;
    uint32_t id[3];
    open_reuse(&r, &all_kept, SCENARIO_UNLIMITED);
    for (int i = 0; i < 3; i++)
        id[i] = take(&r, 1, false, i);
    for (int i = 0; i < 3; i++)
        reuse_give(&r, id[i], 10 + i);
    CU_ASSERT_EQUAL(take(&r, 1, true, 20), id[2]);
    (void)take(&r, 0, false, 20);
    CU_ASSERT_EQUAL(take(&r, 1, true, 21), id[1]);
    CU_ASSERT_EQUAL(take(&r, 1, true, 22), id[0]);
    CU_ASSERT_EQUAL(r.opened, 4);
    CU_ASSERT_EQUAL(r.reused, 3);
    CU_ASSERT_EQUAL(r.backends[1].busy, 3);
    reuse_done(&r);
}

/* Each rule alone: what is left idle of three that were given back at 10, 11 and 12, at the instant `at`,
 * and how many were closed for that reason. */
static void is_closed(void)
{
    static const struct row {
        enum reuse_end why;
        lb_time idle, max_age, at;
        uint32_t keep, requests, left, closed;
    } rows[] = {
        {.why = REUSE_IDLE, .idle = 5, .at = 14, .left = 3},
        {.why = REUSE_IDLE, .idle = 5, .at = 15, .left = 2, .closed = 1},
        {.why = REUSE_IDLE, .idle = 5, .at = 17, .left = 0, .closed = 3},
        {.why = REUSE_AGE, .max_age = 12, .at = 12, .left = 2, .closed = 1},
        {.why = REUSE_AGE, .max_age = 13, .at = 12, .left = 3},
        {.why = REUSE_SPARE, .keep = 2, .at = 12, .left = 2, .closed = 1},
        {.why = REUSE_SPARE, .keep = UINT32_MAX - 1, .at = 12, .left = 3},
        {.why = REUSE_REQUESTS, .requests = 1, .at = 12, .left = 0, .closed = 3},
        {.why = REUSE_REQUESTS, .requests = 2, .at = 12, .left = 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scenario_reuse rule = all_kept;
        struct reuse r;
        uint32_t id[3];
        rule.idle = rows[i].idle;
        rule.max_age = rows[i].max_age;
        rule.keep = rows[i].keep != 0 ? rows[i].keep : rule.keep;
        rule.requests = rows[i].requests != 0 ? rows[i].requests : rule.requests;
        open_reuse(&r, &rule, SCENARIO_UNLIMITED);
        for (int k = 0; k < 3; k++)
            id[k] = take(&r, 2, false, 0);
        for (int k = 0; k < 3; k++)
            reuse_give(&r, id[k], 10 + k);
        reuse_expire(&r, rows[i].at);
        CU_ASSERT_EQUAL(r.backends[2].idle, rows[i].left);
        CU_ASSERT_EQUAL(r.pools[0].idle, rows[i].left);
        CU_ASSERT_EQUAL(r.closed[rows[i].why], rows[i].closed);
        CU_ASSERT_EQUAL(r.closed_in_all, rows[i].closed);
        reuse_done(&r);
    }
}

/* Two in all: for a third backend the one idle for longest goes; with both in use there is no room. */
static void makes_room(void)
{
    struct reuse r;
    open_reuse(&r, &all_kept, 2);
    uint32_t a = take(&r, 0, false, 1), b = take(&r, 1, false, 2);
    CU_ASSERT_FALSE(reuse_room(&r, 0));
    reuse_give(&r, b, 3);
    reuse_give(&r, a, 4);
    (void)take(&r, 2, false, 5);
    CU_ASSERT_EQUAL(r.closed[REUSE_ROOM], 1);
    CU_ASSERT_EQUAL(r.backends[1].idle, 0);
    (void)take(&r, 0, true, 6);
    CU_ASSERT_FALSE(reuse_room(&r, 0));
    reuse_done(&r);
}

/* A process goes: idle connections to it are closed, those to the next one stay; who is on one finds out
 * by himself. Only what happens within the window is counted, and of what is open only that part. */
static void breaks(void)
{
    struct reuse r;
    open_reuse(&r, &all_kept, SCENARIO_UNLIMITED);
    r.from = 100;
    r.until = 200;
    uint32_t a = take(&r, 0, false, 50), b = take(&r, 0, false, 120), c = take(&r, 0, false, 130);
    r.at[b].life = 1;
    reuse_give(&r, a, 140);
    reuse_give(&r, b, 140);
    reuse_gone(&r, 0, 1, 150);
    CU_ASSERT_EQUAL(r.closed[REUSE_GONE], 1);
    CU_ASSERT_EQUAL(take(&r, 0, true, 160), b);
    reuse_break(&r, c, REUSE_BROKEN, 230);
    CU_ASSERT_EQUAL(r.closed[REUSE_BROKEN], 0);
    CU_ASSERT_EQUAL(r.opened, 2);
    CU_ASSERT_EQUAL(r.opened_in_all, 3);
    CU_ASSERT_EQUAL(r.closed_in_all, 2);
    CHECK_CLOSE(reuse_time(&r, 300), 50.0 + 80.0 + 70.0, 1e-12);
    CU_ASSERT_STRING_EQUAL(reuse_end_name(REUSE_ROOM), "made_room");
    reuse_done(&r);
}

static const struct check_test tests[] = {
    {"the last used first", last_used_first},
    {"is closed", is_closed},
    {"makes room", makes_room},
    {"breaks", breaks},
};

CHECK_MAIN("connections to backends")
