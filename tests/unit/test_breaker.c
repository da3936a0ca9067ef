/*
 * The machine of a circuit breaker by a table: a line of what happens to it, and in which state that
 * leaves it after each; then windows, pauses and the limit of how many may be open, against counts by
 * hand. No model.
 */
#include <string.h>

#include "sim/balancer/breaker.h"
#include "tests/check.h"

#define MS INT64_C(1000000)
#define S  (1000 * MS)

static const struct scenario_breaker plain = {.on = true,
                                              .failures = 0.5,
                                              .last = 4,
                                              .minimum = 4,
                                              .open = 2 * S,
                                              .permits = 2,
                                              .max_open = 1};

/*
 * What happens, a letter each, 1 ms apart: + an attempt that went well, - one that failed, c one that its
 * client left, s one that took 100 ms and went well, l one that took 100 ms when its client left; ( an
 * attempt sent and still under way; then in the order in which they were sent: ) it ended well, ! it
 * failed, ~ its client left it; w waiting for the end of the opening.
 * Below each the state afterwards: . closed, O open, h half-open, H half-open with no permit left.
 */
struct course {
    const char *what, *happens, *states;
    double failures, slow;
    uint32_t consecutive;
    lb_time within;
};

static const struct course courses[] = {
    {.what = "too few to judge", .happens = "---+", .states = "...O"},
    {.what = "one half is enough", .happens = "++--", .states = "...O"},
    {.what = "below one half", .happens = "+++-", .states = "...."},
    {.what = "the oldest is forgotten", .happens = "-+++-+-", .states = "......O"},
    {.what = "what a client left says nothing", .happens = "cc--cc-+", .states = ".......O"},
    {.what = "two trials that go well", .happens = "++--w++", .states = "...Ohh."},
    {.what = "two trials, one fails", .happens = "++--w+-", .states = "...OhhO"},
    {.what = "permits are for two at once", .happens = "++--w(())", .states = "...OhhHH."},
    {.what = "a trial that was left", .happens = "++--w((~()", .states = "...OhhHhHH"},
    {.what = "nothing is remembered", .happens = "++--w++---+", .states = "...Ohh....O"},
    {.what = "sent before it opened", .happens = "((++--!w!++", .states = ".....OOhhh."},
    {.what = "three in a row",
     .happens = "--+---",
     .states = ".....O",
     .failures = -1,
     .consecutive = 3},
    {.what = "a client that leaves breaks no row",
     .happens = "--c-",
     .states = "...O",
     .failures = -1,
     .consecutive = 3},
    {.what = "in a row: one bad trial is enough",
     .happens = "---w-w++",
     .states = "..OhOhh.",
     .failures = -1,
     .consecutive = 3},
    {.what = "slow ones", .happens = "s+ss", .states = "...O", .failures = -1, .slow = 0.75},
    {.what = "slow and left", .happens = "l+ll", .states = "...O", .failures = -1, .slow = 0.75},
    {.what = "slow trials",
     .happens = "ssssws+",
     .states = "...Ohh.",
     .failures = -1,
     .slow = 0.75},
    {.what = "slow is no failure", .happens = "ssss", .states = "...."},
    {.what = "by time, all in it", .happens = "++--", .states = "...O", .within = 10 * MS},
    {.what = "by time, the old are gone",
     .happens = "--s++---",
     .states = ".......O",
     .within = 10 * MS},
    {.what = "by time, too few left", .happens = "-+-+-+", .states = "......", .within = 3 * MS},
};

static char letter(const struct breaker *b)
{
    if (b->hosts[0].state == BREAKER_HALF_OPEN)
        return breaker_admits(b, 0) ? 'h' : 'H';
    return b->hosts[0].state == BREAKER_OPEN ? 'O' : '.';
}

struct under_way {
    lb_time sent[8];
    bool trial[8];
    uint32_t first, end;
};

static void step(struct breaker *b, char what, struct under_way *u, lb_time *now)
{
    static const char ends[] = "+s-!)cl~";
    static const enum lb_end meanings[] = {LB_END_OK,        LB_END_OK,       LB_END_ERROR,
                                           LB_END_RESET,     LB_END_OK,       LB_END_CANCELLED,
                                           LB_END_CANCELLED, LB_END_CANCELLED};
    char why[96];
    if (what == 'w') {
        *now = b->hosts[0].since + breaker_pause(b, 0);
        CU_ASSERT_FALSE(breaker_due(b, 0, *now - 1));
        CU_ASSERT_TRUE(breaker_due(b, 0, *now));
        return;
    }
    if (what == '(') {
        u->trial[u->end] = breaker_sent(b, 0);
        u->sent[u->end++] = *now;
        return;
    }
    bool old = strchr(")!~", what) != NULL;
    bool trial = old ? u->trial[u->first] : breaker_sent(b, 0);
    lb_time sent = old ? u->sent[u->first++] : *now;
    if (strchr("sl", what) != NULL)
        *now += 100 * MS;
    const char *at = strchr(ends, what);
    enum breaker_state before = b->hosts[0].state;
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    bool changed = breaker_ended(b, 0, trial, meanings[at - ends], sent, *now, why, sizeof why);
    CU_ASSERT_EQUAL(changed, before != b->hosts[0].state);
}

static void goes_its_course(void)
{
    for (size_t i = 0; i < sizeof courses / sizeof courses[0]; i++) {
        const struct course *c = &courses[i];
        struct scenario_breaker rule = plain;
        struct under_way under_way = {.end = 0};
        struct breaker b;
        char states[32] = "";
        lb_time now = 0;
        if (c->failures != 0)
            rule.failures = c->failures > 0 ? c->failures : 0;
        rule.consecutive = c->consecutive;
        rule.slow = c->slow;
        rule.slow_after = 100 * MS;
        rule.within = c->within;
        breaker_init(&b, &rule, 1, 1);
        for (size_t k = 0; c->happens[k] != '\0'; k++) {
            now += MS;
            step(&b, c->happens[k], &under_way, &now);
            states[k] = letter(&b);
        }
        CU_ASSERT_STRING_EQUAL(states, c->states);
        if (strcmp(states, c->states) != 0)
            printf("   in the course '%s': %s\n", c->what, states);
        breaker_done(&b);
    }
}

/* n failures at `now`. */
static void fail(struct breaker *b, uint32_t host, uint32_t n, lb_time now)
{
    char why[96];
    for (; n > 0; n--)
        (void)breaker_ended(b, host, breaker_sent(b, host), LB_END_ERROR, now, now, why,
                            sizeof why);
}

/* 2 s, 4 s, 8 s, 9 s, 9 s; after a closing 2 s again. */
static void grows(void)
{
    static const lb_time pauses[] = {2 * S, 4 * S, 8 * S, 9 * S, 9 * S};
    struct scenario_breaker rule = plain;
    struct breaker b;
    char why[96];
    lb_time now = S;
    rule.open_max = 9 * S;
    breaker_init(&b, &rule, 1, 1);
    fail(&b, 0, 4, now);
    for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
        CU_ASSERT_EQUAL(breaker_pause(&b, 0), pauses[i]);
        now += pauses[i];
        CU_ASSERT_TRUE(breaker_due(&b, 0, now));
        if (i < 4)
            fail(&b, 0, 2, now);
    }
    for (int i = 0; i < 2; i++)
        (void)breaker_ended(&b, 0, breaker_sent(&b, 0), LB_END_OK, now, now, why, sizeof why);
    CU_ASSERT_EQUAL(b.hosts[0].state, BREAKER_CLOSED);
    CU_ASSERT_STRING_EQUAL(why, "2 trials were good enough");
    fail(&b, 0, 4, now + 1);
    CU_ASSERT_EQUAL(breaker_pause(&b, 0), 2 * S);
    breaker_done(&b);
}

/* Of four, 50 % may be open: the third stays closed until another closes. */
static void not_too_many(void)
{
    struct scenario_breaker rule = plain;
    struct breaker b;
    rule.max_open = 0.5;
    breaker_init(&b, &rule, 4, 4);
    for (uint32_t i = 0; i < 4; i++)
        fail(&b, i, 5, 1);
    CU_ASSERT_EQUAL(b.open, 2);
    CU_ASSERT_TRUE(breaker_admits(&b, 2) && breaker_admits(&b, 3));
    breaker_forget(&b, 0, 2);
    CU_ASSERT_EQUAL(b.open, 1);
    fail(&b, 3, 1, 2);
    CU_ASSERT_EQUAL(b.hosts[3].state, BREAKER_OPEN);
    CU_ASSERT_FALSE(breaker_due(&b, 0, 1 + 2 * S)); /* of an opening that is forgotten */
    breaker_done(&b);
}

static void says_why(void)
{
    struct scenario_breaker rule = plain;
    struct breaker b;
    char why[96] = "";
    breaker_init(&b, &rule, 1, 1);
    fail(&b, 0, 3, 1);
    CU_ASSERT_TRUE(breaker_ended(&b, 0, false, LB_END_OK, 1, 2, why, sizeof why));
    CU_ASSERT_STRING_EQUAL(why, "3 of 4 failed, for 2s");
    CU_ASSERT_STRING_EQUAL(breaker_state_name(BREAKER_HALF_OPEN), "half-open");
    breaker_done(&b);
}

static const struct check_test tests[] = {
    {"goes its course", goes_its_course},
    {"pauses grow", grows},
    {"not too many at once", not_too_many},
    {"says why", says_why},
};

CHECK_MAIN("circuit breakers")
