/*
 * Hundreds of random scenarios, run to the end, where every run asserts its identities; a second
 * time in random slices with everything inside checked between them (world_check.h), to the same
 * digest; and a third time with random commands. Offline the same was done for tens of thousands.
 */
#include "sim/run/private.h"
#include "tests/check.h"
#include "tests/unit/random_scenario.h"
#include "tests/unit/scenes.h"
#include "tests/unit/world_check.h"

enum { SEEDS = 300, COMMANDS = 12 };

static struct scenario *load(uint64_t seed)
{
    struct text text;
    text_init(&text);
    random_scenario(&text, seed);
    struct scenario *scenario = scene_load(text.data, text.size);
    text_done(&text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    return scenario;
}

static struct run *create(const struct scenario *scenario)
{
    struct run_setup setup = {.scenario = scenario};
    struct lb_error error = {0};
    struct run *run = run_create(&setup, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(run);
    return run;
}

static uint64_t truths[TRUTHS], beliefs[BELIEFS], panics, aways;

static void note_beliefs(const struct balancer *b)
{
    for (uint32_t i = 0; i < b->backend_count; i++)
        beliefs[balancer_belief(b, i)]++;
    for (uint32_t t = 0; t < b->tier_count; t++) {
        panics += b->filter.tiers[t].panic;
        aways += b->filter.tiers[t].away;
    }
}

static void check(struct run *run, uint64_t seed)
{
    note_beliefs(&run->world.fronts->balancer);
    for (uint32_t i = 0; i < run->world.backend_count; i++)
        truths[run->world.backends[i].truth]++;
    const char *wrong = world_check(run);
    if (wrong != NULL)
        printf("\nseed %llu at %lld ns: %s\n", (unsigned long long)seed, (long long)run_now(run),
               wrong);
    CU_ASSERT_PTR_NULL_FATAL(wrong);
}

static uint64_t causes[CAUSES], holding;

static void note_summary(const struct summary *s)
{
    for (int cause = 0; cause < CAUSES; cause++)
        causes[cause] += s->counts.cause[cause];
    for (uint32_t i = 0; i < s->expect_count; i++) {
        CU_ASSERT(!s->expects[i].known || s->expects[i].holds); /* all are "at least 0" */
        holding += s->expects[i].known;
    }
    for (uint32_t i = 0; i < s->backend_count; i++)
        CU_ASSERT(s->backends[i].utilization >= 0.0 && s->backends[i].utilization <= 1.0 + 1e-12 &&
                  s->backends[i].queue_mean >= 0.0);
    CU_ASSERT(s->counts.good <= s->counts.ok &&
              s->counts.ok + s->counts.failed + s->counts.in_flight == s->counts.arrived);
}

static void the_same_twice(void)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct scenario *scenario = load(seed);
        struct run *whole = create(scenario), *slices = create(scenario);
        struct lb_random random;
        lb_random_seed(&random, seed);
        while (run_until(whole, LB_NEVER - 1))
            ;
        note_summary(run_finish(whole, false));
        lb_time span = 1 + lb_random_below(&random, 8000000);
        for (bool going = true; going;) {
            going =
                run_until(slices, run_now(slices) + 1 + lb_random_below(&random, (uint32_t)span));
            check(slices, seed);
        }
        SCENE_EQUAL(run_finish(slices, false)->digest, run_finish(whole, false)->digest);
        SCENE_EQUAL(run_events(slices), run_events(whole));
        run_destroy(whole);
        run_destroy(slices);
        scenario_destroy(scenario);
    }
}

/* The scenarios go where they should: every way to fail of this version was met, every belief, panic
 * and a zone with nobody left. */
static void everything_happened(void)
{
    for (int cause = 0; cause < CAUSES; cause++) {
        if (causes[cause] == 0)
            printf("\n%s: never\n", cause_name((enum cause)cause));
        CU_ASSERT(causes[cause] > 0);
    }
    CU_ASSERT(holding > SEEDS);
    for (int belief = 0; belief < BELIEFS; belief++)
        CU_ASSERT(beliefs[belief] > 10);
    for (int truth = 0; truth < TRUTHS; truth++)
        CU_ASSERT(truths[truth] > 10);
    CU_ASSERT(panics > 10 && aways > 10);
}

static void with_commands(void)
{
    for (uint64_t seed = SEEDS + 1; seed <= 2 * SEEDS; seed++) {
        struct scenario *scenario = load(seed);
        struct run *run = create(scenario);
        struct lb_random random;
        lb_random_seed(&random, seed);
        uint32_t given = 0;
        while (run_until(run, run_now(run) + lb_random_below(&random, 6000000))) {
            check(run, seed);
            struct scenario_action action = random_command(scenario, &random);
            if (given < COMMANDS && lb_random_below(&random, 3) == 0)
                given += run_apply(run, &action, NULL) == 0;
        }
        note_summary(run_finish(run, false));
        run_destroy(run);
        scenario_destroy(scenario);
    }
}

static const struct check_test tests[] = {
    {"the same twice, checked inside", the_same_twice},
    {"with commands", with_commands},
    {"everything happened", everything_happened},
};

CHECK_MAIN("random scenarios")
