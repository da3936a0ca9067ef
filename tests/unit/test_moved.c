/* Disruption: a client is counted once a window, if it was served before, by where it was served
 * first; sim/model/moved.h. */
#include "sim/model/moved.h"
#include "tests/check.h"

static struct scenario_client groups[] = {
    {.arrivals = ARRIVALS_POISSON, .population = 100, .class_count = 2, .class_first = 0},
    {.arrivals = ARRIVALS_POISSON, .population = 0, .class_count = 1, .class_first = 2},
    {.arrivals = ARRIVALS_CLOSED, .users = 5000, .class_count = 1, .class_first = 3},
};
static const struct scenario scenario = {.clients = groups, .client_count = 3, .class_total = 4};

struct play {
    struct moved moved;
    struct moved_window window;
};

static void play_start(struct play *p)
{
    moved_init(&p->moved, &scenario);
    moved_window_init(&p->window, &p->moved);
}

static void play_end(struct play *p)
{
    moved_window_done(&p->window, &p->moved);
    moved_done(&p->moved);
}

static void play(struct play *p, bool inside, uint32_t class, uint32_t client, int32_t backend)
{
    struct request r = {.class = (uint16_t) class, .backend = backend};
    if (inside)
        moved_window_answered(&p->window, &p->moved, &r, client);
    moved_answered(&p->moved, &r, client);
}

static void counts_once(void)
{
    struct play p;
    play_start(&p);
    play(&p, false, 0, 7, 1);
    play(&p, false, 1, 8, 2);
    CU_ASSERT_EQUAL(p.window.known, 0);
    play(&p, true, 0, 7, 3); /* moved */
    play(&p, true, 0, 7, 1); /* again: no longer counted */
    play(&p, true, 0, 8, 2); /* of another class, the same client: stayed */
    CU_ASSERT_EQUAL(p.window.known, 2);
    CU_ASSERT_EQUAL(p.window.moved, 1);
    play_end(&p);
}

static void new_clients_are_not_known(void)
{
    struct play p;
    play_start(&p);
    play(&p, true, 0, 7, 3);
    play(&p, true, 0, 7, 1); /* new in this window, so its second request says nothing either */
    CU_ASSERT_EQUAL(p.window.known, 0);
    CU_ASSERT_EQUAL(p.window.moved, 0);
    play_end(&p);
}

static void strangers_cost_nothing(void)
{
    struct play p;
    play_start(&p);
    for (uint32_t i = 0; i < 1000; i++)
        play(&p, i >= 500, 2, i, (int32_t)(i % 3));
    CU_ASSERT_EQUAL(p.window.known, 0);
    CU_ASSERT_PTR_NULL(p.moved.groups[1].last);
    CU_ASSERT_PTR_NULL(p.window.seen[1]);
    play_end(&p);
}

static void groups_are_apart(void)
{
    struct play p;
    play_start(&p);
    play(&p, false, 0, 50, 1);
    play(&p, true, 3, 50, 2); /* a user with the same number */
    CU_ASSERT_EQUAL(p.window.known, 0);
    play(&p, false, 3, 4999, 0);
    play(&p, true, 3, 4999, 0);
    CU_ASSERT_EQUAL(p.window.known, 1);
    CU_ASSERT_EQUAL(p.window.moved, 0);
    play_end(&p);
}

static const struct check_test tests[] = {
    {"a client is counted once, by its first answer in the window", counts_once},
    {"new clients are not known", new_clients_are_not_known},
    {"clients that never come again cost nothing", strangers_cost_nothing},
    {"groups are apart", groups_are_apart},
};

CHECK_MAIN("moved")
