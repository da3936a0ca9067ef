/*
 * The same run is the same: in slices, by single events, watched, recorded, beside another one, and
 * replayed from the commands that were given to it. Equal digests mean equal times, backends and
 * ends of every attempt.
 */
#include <string.h>

#include "tests/check.h"
#include "tests/unit/random_scenario.h"
#include "tests/unit/scenes.h"

#define MS(n) ((lb_time)(n)*SCENE_MS)

enum { SEEDS = 60 };

static struct run *create(const struct scenario *scenario, bool watched)
{
    struct run_setup setup = {
        .scenario = scenario, .keep_backend_latency = watched, .keep_samples = watched};
    struct lb_error error = {0};
    struct run *run = run_create(&setup, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(run);
    return run;
}

static uint64_t finish(struct run *run)
{
    while (run_until(run, LB_NEVER - 1))
        ;
    return run_finish(run, false)->digest;
}

static struct scenario *random_one(uint64_t seed)
{
    struct text text;
    text_init(&text);
    random_scenario(&text, seed);
    struct scenario *scenario = scene_load(text.data, text.size);
    text_done(&text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    return scenario;
}

/* Everything that a person sees of two runs at their end. */
static void same_summary(struct run *a, struct run *b)
{
    const struct summary *s = run_finish(a, false), *t = run_finish(b, false);
    SCENE_EQUAL(s->digest, t->digest);
    SCENE_EQUAL(s->events, t->events);
    SCENE_EQUAL(run_now(a), run_now(b));
    CU_ASSERT(memcmp(&s->counts, &t->counts, sizeof s->counts) == 0);
    SCENE_EQUAL(s->latency.count, t->latency.count);
    SCENE_EQUAL(s->latency.max, t->latency.max);
    for (uint32_t i = 0; i < s->backend_count; i++) {
        const struct summary_backend *p = &s->backends[i], *q = &t->backends[i];
        CU_ASSERT(p->picks == q->picks && p->ok == q->ok && p->utilization == q->utilization &&
                  p->queue_mean == q->queue_mean);
        CHECK_CLOSE(p->in_flight_mean, q->in_flight_mean, 1e-12);
    }
    for (uint32_t i = 0; i < s->expect_count; i++)
        CU_ASSERT(s->expects[i].known == t->expects[i].known &&
                  s->expects[i].holds == t->expects[i].holds);
}

static void in_slices_and_by_single_events(void)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct scenario *scenario = random_one(seed);
        struct run *whole = create(scenario, false), *parts = create(scenario, false);
        struct lb_random random;
        lb_random_seed(&random, seed);
        (void)finish(whole);
        for (bool going = true; going;) {
            uint32_t how = lb_random_below(&random, 3);
            lb_time span = lb_random_below(&random, how == 0 ? 1000 : 20000000);
            going = how == 2 ? run_step(parts) : run_until(parts, run_now(parts) + span);
            if (lb_random_below(&random, 4) == 0)
                (void)run_look(parts);
        }
        same_summary(whole, parts);
        run_destroy(whole);
        run_destroy(parts);
        scenario_destroy(scenario);
    }
}

struct watcher {
    uint64_t samples, buckets, ends, ok, failed, happenings;
};

static void on_happening(void *self, const struct happening *happening)
{
    CU_ASSERT(happening->text != NULL && happening->what != NULL);
    ((struct watcher *)self)->happenings++;
}

static void on_sample(void *self, const struct sample *sample)
{
    CU_ASSERT(sample->arrived == sample->ok + sample->failed + sample->in_flight);
    ((struct watcher *)self)->samples++;
}

static void on_bucket(void *self, const struct bucket *bucket)
{
    struct watcher *w = self;
    CU_ASSERT(bucket->until > bucket->from || bucket->from == 0);
    *(bucket->cause < 0 ? &w->ok : &w->failed) += bucket->latency->count;
    w->buckets++;
}

static void on_end(void *self, const struct summary *summary)
{
    struct watcher *w = self;
    SCENE_EQUAL(w->ok, summary->counts.ok); /* each measured request was in one bucket */
    SCENE_EQUAL(w->failed, summary->counts.failed);
    w->ends++;
}

static void with_and_without_observers(void)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct scenario *scenario = random_one(seed);
        struct run *alone = create(scenario, false), *watched = create(scenario, true);
        struct watcher watcher = {0};
        struct observer observer = {&watcher, on_happening, on_sample, on_bucket, on_end};
        run_observe(watched, &observer);
        (void)finish(alone);
        (void)finish(watched);
        same_summary(alone, watched);
        SCENE_EQUAL(watcher.ends, 1);
        CU_ASSERT(watcher.samples > 0 && watcher.happenings > 0);
        run_destroy(alone);
        run_destroy(watched);
        scenario_destroy(scenario);
    }
}

static void two_side_by_side(void)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed += 2) {
        struct scenario *s = random_one(seed), *t = random_one(seed + 1);
        struct run *a = create(s, false), *b = create(t, false), *c = create(s, false);
        uint64_t alone = finish(c);
        for (lb_time t_ms = 0; !run_ended(a) || !run_ended(b); t_ms += 3) {
            (void)run_until(a, MS(t_ms));
            (void)run_until(b, MS(t_ms));
        }
        SCENE_EQUAL(run_finish(a, false)->digest, alone);
        run_destroy(a);
        run_destroy(b);
        run_destroy(c);
        scenario_destroy(s);
        scenario_destroy(t);
    }
}

static void seeds_and_replications_differ(void)
{
    struct scene scene;
    uint64_t digest[3];
    scene_open(&scene, "clients: [{name: c, arrivals: poisson(rate=100/s), requests: [{name: r, "
                       "work: exponential(mean=1ms)}]}]\n"
                       "balancer: {algorithm: random}\nbackends: [{name: s, count: 3}]\n"
                       "run: {duration: 1s}\n");
    for (uint32_t i = 0; i < 3; i++) {
        scene_again(&scene, i);
        scene_end(&scene);
        digest[i] = scene.s->digest;
    }
    CU_ASSERT(digest[0] != digest[1] && digest[1] != digest[2] && digest[0] != digest[2]);
    scene_again(&scene, 1);
    scene_end(&scene);
    SCENE_EQUAL(scene.s->digest, digest[1]);
    scene.scenario->run.seed++;
    scene_again(&scene, 1);
    scene_end(&scene);
    CU_ASSERT(scene.s->digest != digest[1]);
    scene_close(&scene);
}

/* --- the same traffic for everybody ---------------------------------------------------------- */

/* An algorithm that remembers from where the requests of 1 ms came. */
static uint64_t sources_seen, requests_seen;

static void *spy_create(const struct lb_setup *setup, struct lb_error *error)
{
    (void)setup, (void)error;
    sources_seen = requests_seen = 0;
    return &sources_seen;
}

static void spy_destroy(void *state)
{
    (void)state;
}

static int32_t spy_pick(void *state, const struct lb_request *request, lb_time now)
{
    (void)state, (void)now;
    if (request->size != (uint64_t)SCENE_MS || requests_seen == 100)
        return 0;
    requests_seen++;
    for (int i = 0; i < 4; i++)
        sources_seen = sources_seen * 1099511628211U + request->source.bytes[i] + 1;
    return 0;
}

static const struct lb_algorithm spy = {.abi = LB_ABI,
                                        .name = "spy",
                                        .needs = LB_NEED_KEY | LB_NEED_SIZE,
                                        .create = spy_create,
                                        .destroy = spy_destroy,
                                        .pick = spy_pick};

/* Open traffic comes from the same addresses, however often the users beside it ask, which depends
 * on the answers they get. */
static void addresses_of_a_group_are_its_own(void)
{
    uint64_t seen[3];
    for (int i = 0; i < 3; i++) {
        struct scene scene;
        scene_open(&scene,
                   "clients:\n"
                   "  - {name: u, users: %d, think: exponential(mean=5ms), requests: [{name: r, "
                   "work: constant(2ms)}]}\n"
                   "  - {name: c, arrivals: poisson(rate=200/s), requests: [{name: r, work: "
                   "constant(1ms)}]}\n"
                   "balancer: {algorithm: random}\nbackends: [{name: a}]\nrun: {duration: 1s}\n",
                   1 + 20 * i);
        scene.scenario->balancer.algorithm = &spy;
        scene_again(&scene, 0);
        scene_end(&scene);
        SCENE_EQUAL(requests_seen, 100);
        seen[i] = sources_seen;
        scene_close(&scene);
    }
    CU_ASSERT(seen[0] == seen[1] && seen[1] == seen[2]);
}

/* --- commands -------------------------------------------------------------------------------- */

/* The scenario text without its own timeline, and with what was exported instead. */
static struct scenario *with_timeline(const struct text *text, const struct text *exported)
{
    struct text all;
    const char *old = strstr(text->data, "timeline:\n"), *run = strstr(text->data, "\nrun: ") + 1;
    text_init(&all);
    text_add(&all, text->data, (size_t)((old != NULL ? old : run) - text->data));
    text_add(&all, run, text->size - (size_t)(run - text->data));
    if (strstr(exported->data, "- {") != NULL)
        text_add(&all, exported->data, exported->size);
    struct scenario *scenario = scene_load(all.data, all.size);
    text_done(&all);
    return scenario;
}

/* Runs on by a random span or to the next event; false at the end. */
static bool go_on(struct run *run, struct lb_random *random)
{
    if (lb_random_below(random, 2) == 0)
        return run_step(run);
    return run_until(run, run_now(run) + (lb_time)lb_random_below(random, 20) * SCENE_MS);
}

static void commands_replay(void)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct text text, exported;
        struct lb_random random;
        text_init(&text);
        text_init(&exported);
        random_scenario(&text, seed);
        struct scenario *scenario = scene_load(text.data, text.size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
        struct run *run = create(scenario, false);
        lb_random_seed(&random, seed);
        (void)run_until(run, scenario->run.warmup);
        for (uint32_t given = 0; go_on(run, &random);) {
            if (run_now(run) >= scenario->run.duration || given == 10)
                continue;
            struct scenario_action action = random_command(scenario, &random);
            given += lb_random_below(&random, 3) == 0 && run_apply(run, &action, NULL) == 0;
        }
        run_export(run, &exported);
        uint64_t digest = run_finish(run, false)->digest;
        struct scenario *replay = with_timeline(&text, &exported);
        CU_ASSERT_PTR_NOT_NULL_FATAL(replay);
        struct run *again = create(replay, false);
        SCENE_EQUAL(finish(again), digest);
        run_destroy(run);
        run_destroy(again);
        scenario_destroy(scenario);
        scenario_destroy(replay);
        text_done(&text);
        text_done(&exported);
    }
}

/* A command in the very instant in which another one's time is over, or the run's. */
static void commands_at_the_same_instant_replay(void)
{
    static const int at[] = {500, 800, 1000};
    for (int i = 0; i < 3; i++) {
        struct text text, exported;
        text_init(&text);
        text_init(&exported);
        text_addf(&text, "lbsim: 1\nname: t\nclients: [{name: c, arrivals: poisson(rate=200/s), "
                         "requests: [{name: r, work: exponential(mean=4ms)}]}]\n"
                         "balancer: {algorithm: round-robin}\nbackends: [{name: a}]\n"
                         "timeline:\n  - {at: 400ms, kill: a, for: 100ms}\n"
                         "  - {at: 800ms, hang: a, for: 50ms}\n"
                         "\nrun: {duration: 1s}\n");
        struct scenario *scenario = scene_load(text.data, text.size);
        struct run *run = create(scenario, false);
        struct scenario_action kill = {.action = ACTION_KILL, .count = 1, .limit = LB_NEVER};
        struct scenario_action slow = {
            .action = ACTION_SLOW, .count = 1, .to = 0.07, .lasts = MS(100), .limit = LB_NEVER};
        (void)run_until(run, MS(at[i]) - 1);
        CU_ASSERT_EQUAL(run_apply(run, &kill, NULL), 0);
        CU_ASSERT_EQUAL(run_apply(run, &slow, NULL), 0);
        uint64_t digest = finish(run);
        run_export(run, &exported);
        struct scenario *replay = with_timeline(&text, &exported);
        CU_ASSERT_PTR_NOT_NULL_FATAL(replay);
        struct run *again = create(replay, false);
        SCENE_EQUAL(finish(again), digest);
        same_summary(run, again);
        run_destroy(run);
        run_destroy(again);
        scenario_destroy(scenario);
        scenario_destroy(replay);
        text_done(&text);
        text_done(&exported);
    }
}

/* What is written is what was done, to the last bit; names with quotes and spaces too. */
static void an_export_is_exact(void)
{
    enum { MANY = 1200 };
    struct text text, exported;
    struct lb_random random;
    double to[MANY];
    text_init(&text);
    text_init(&exported);
    text_addf(&text, "lbsim: 1\nname: t\nclients: [{name: \"it's\", arrivals: uniform(rate=7/s), "
                     "requests: [{name: r, work: constant(1ms)}]}]\n"
                     "balancer: {algorithm: round-robin, name: 'a: b'}\n"
                     "backends: [{name: \"'a' #b, {c}\"}]\n\nrun: {duration: 1s}\n");
    struct scenario *scenario = scene_load(text.data, text.size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    struct run *run = create(scenario, false);
    lb_random_seed(&random, 1);
    for (uint32_t i = 0; i < MANY; i++) {
        struct scenario_action action = {.limit = LB_NEVER, .count = 1};
        to[i] = i < 1000 ? (double)(i + 1) / 100.0 : 10.0 * lb_random_unit(&random);
        action.action = i % 3 == 0 ? ACTION_RATE : ACTION_SLOW;
        action.to = to[i];
        CU_ASSERT_EQUAL(run_apply(run, &action, NULL), 0);
    }
    run_export(run, &exported);
    struct scenario *replay = with_timeline(&text, &exported);
    CU_ASSERT_PTR_NOT_NULL_FATAL(replay);
    SCENE_EQUAL(replay->action_count, MANY);
    unsigned wrong = 0;
    for (uint32_t i = 0; i < MANY; i++)
        wrong += replay->timeline[i].to != to[i];
    SCENE_EQUAL(wrong, 0);
    run_destroy(run);
    scenario_destroy(scenario);
    scenario_destroy(replay);
    text_done(&text);
    text_done(&exported);
}

static const struct check_test tests[] = {
    {"in slices, by single events, looked at", in_slices_and_by_single_events},
    {"with and without observers", with_and_without_observers},
    {"two side by side", two_side_by_side},
    {"seeds and replications", seeds_and_replications_differ},
    {"addresses of a group", addresses_of_a_group_are_its_own},
    {"commands replay", commands_replay},
    {"commands at the same instant", commands_at_the_same_instant_replay},
    {"exports are exact", an_export_is_exact},
};

CHECK_MAIN("model: the same again")
