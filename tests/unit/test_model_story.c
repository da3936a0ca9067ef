/*
 * Stories: telling one changes nothing, and what is told is what happened, in scenes worked out by
 * hand (arrivals at 100 ms, 200 ms, ...; numbers 0, 1, ...).
 * timeout: 120 (for the runner of tests, which would take one of a scenario below)
 */
#include <string.h>

#include "tests/check.h"
#include "tests/unit/random_scenario.h"
#include "tests/unit/scenes.h"

#define MS(n) ((lb_time)(n)*SCENE_MS)

enum { SEEDS = 150 };

struct told {
    struct text words;   /* "arrival balancer choice ..." */
    struct text details; /* a line a step: ms, what, backend, how, end, cause, why, in front */
    lb_time last;
    uint32_t steps, out_of_order, candidates_max;
    char first[16], end[16];
};

static void hear(void *self, const struct story_step *s)
{
    struct told *told = self;
    told->out_of_order += s->at < told->last ? 1U : 0U;
    told->last = s->at;
    text_addf(&told->words, "%s%s", told->steps > 0 ? " " : "", s->what);
    text_addf(&told->details, "%lld %s %d %s %s %s %s %lld\n", (long long)(s->at / SCENE_MS),
              s->what, s->backend, s->how != NULL ? s->how : "-", s->end != NULL ? s->end : "-",
              s->cause != NULL ? s->cause : "-", s->why != NULL ? s->why : "-",
              (long long)s->in_front);
    if (told->steps++ == 0)
        (void)snprintf(told->first, sizeof told->first, "%s", s->what);
    (void)snprintf(told->end, sizeof told->end, "%s", s->what);
    CU_ASSERT(s->text != NULL && s->text[0] != '\0');
    if (s->candidate_count > told->candidates_max)
        told->candidates_max = s->candidate_count;
    uint32_t picked = 0;
    for (uint32_t i = 0; i < s->candidate_count; i++)
        picked += s->candidates[i].picked && strcmp(s->candidates[i].name, s->where) == 0;
    CU_ASSERT(strcmp(s->what, "choice") != 0 || picked == (s->where != NULL));
}

static struct run *create(const struct scenario *scenario, struct told *told, uint64_t number)
{
    struct run_setup setup = {.scenario = scenario, .story_of = number, .story_self = told};
    struct lb_error error = {0};
    if (told != NULL) {
        *told = (struct told){.last = 0};
        text_init(&told->words);
        text_init(&told->details);
        setup.tell_story = hear;
    }
    struct run *run = run_create(&setup, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(run);
    return run;
}

static const struct summary *finish(struct run *run)
{
    while (run_until(run, LB_NEVER - 1))
        ;
    return run_finish(run, false);
}

static void done(struct told *told)
{
    text_done(&told->words);
    text_done(&told->details);
}

/* Random scenarios, each without a story and with one of some request. */
static void changes_nothing(void)
{
    uint32_t begun = 0, ended = 0, steps = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct text text;
        struct told told;
        text_init(&text);
        random_scenario(&text, seed);
        struct scenario *scenario = scene_load(text.data, text.size);
        text_done(&text);
        CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
        struct run *without = create(scenario, NULL, 0);
        uint64_t digest = finish(without)->digest, requests = run_requests(without);
        struct run *with = create(scenario, &told, requests > 0 ? seed * 7919 % requests : 0);
        SCENE_EQUAL(finish(with)->digest, digest);
        SCENE_EQUAL(run_events(with), run_events(without));
        SCENE_EQUAL(told.out_of_order, 0);
        CU_ASSERT(run_story_begun(with) == (requests > 0));
        if (requests > 0)
            CU_ASSERT_STRING_EQUAL(told.first, "arrival");
        if (run_story_ended(with))
            CU_ASSERT_STRING_EQUAL(told.end, "end");
        begun += run_story_begun(with);
        ended += run_story_ended(with);
        steps += told.steps;
        done(&told);
        run_destroy(with);
        run_destroy(without);
        scenario_destroy(scenario);
    }
    CU_ASSERT(begun > SEEDS / 2 && ended > SEEDS / 2 && steps > 8 * SEEDS);
}

static struct scene scene;

/* The story of a request of the scene; both texts must be as given. */
static void story(uint64_t number, const char *words, const char *details, const char *file,
                  int line)
{
    struct told told;
    struct run *run = create(scene.scenario, &told, number);
    (void)finish(run);
    bool same = strcmp(told.words.data, words) == 0 &&
                (details == NULL || strcmp(told.details.data, details) == 0);
    if (!same)
        printf("\n%s:%d: %s\n%s", file, line, told.words.data, told.details.data);
    CU_ASSERT(same);
    done(&told);
    run_destroy(run);
}
#define STORY(number, words, details) story((number), (words), (details), __FILE__, __LINE__)

#define RR "balancer: {algorithm: round-robin}\n"

static void served_and_queued(void)
{
    scene_open_plain(&scene, "10/s", "150ms",
                     "    objective: 160ms\n" RR "backends: [{name: a}]\n"
                     "run: {duration: 250ms, settle: 9s}\n");
    STORY(0, "arrival balancer choice sent backend service leaves answer end",
          "100 arrival -1 - - - - -1\n"
          "100 balancer -1 - - - - -1\n"
          "100 choice 0 - - - - -1\n"
          "100 sent 0 pick - - - -1\n"
          "100 backend 0 - - - - 0\n"
          "100 service 0 - - - - -1\n"
          "250 leaves 0 - ok - - -1\n"
          "250 answer 0 - ok - - -1\n"
          "250 end -1 - ok - - -1\n");
    STORY(1, "arrival balancer choice sent backend queue service leaves answer end",
          "200 arrival -1 - - - - -1\n"
          "200 balancer -1 - - - - -1\n"
          "200 choice 0 - - - - -1\n"
          "200 sent 0 pick - - - -1\n"
          "200 backend 0 - - - - 0\n"
          "200 queue 0 - - - - 0\n"
          "250 service 0 - - - - -1\n"
          "400 leaves 0 - ok - - -1\n"
          "400 answer 0 - ok - - -1\n"
          "400 end -1 - ok - own work long -1\n");
    scene_close(&scene);
}

static void retried(void)
{
    scene_open_plain(
        &scene, "10/s", "10ms",
        "network: {client_balancer: 3ms, balancer_backend: 1ms}\n"
        "balancer: {algorithm: round-robin, retries: {max: 1, backoff: constant(5ms)}}\n"
        "backends: [{name: b, count: 2}]\ntimeline: [{at: 1ms, kill: b1}]\n"
        "run: {duration: 150ms}\n");
    STORY(0,
          "arrival balancer choice sent backend leaves answer retry choice sent backend service "
          "leaves answer end",
          "100 arrival -1 - - - - -1\n"
          "103 balancer -1 - - - - -1\n"
          "103 choice 0 - - - - -1\n"
          "103 sent 0 pick - - - -1\n"
          "104 backend 0 - - - - 0\n"
          "104 leaves 0 - refused - - -1\n"
          "105 answer 0 - refused - - -1\n"
          "105 retry -1 - - - - -1\n"
          "110 choice 1 - - - - -1\n"
          "110 sent 1 pick - - - -1\n"
          "111 backend 1 - - - - 0\n"
          "111 service 1 - - - - -1\n"
          "121 leaves 1 - ok - - -1\n"
          "122 answer 1 - ok - - -1\n"
          "125 end -1 - ok - - -1\n");
    scene_close(&scene);
}

/* Its client gives up while a hung backend has it, asks again, gives up again. */
static void given_up(void)
{
    scene_open_plain(&scene, "10/s", "10ms",
                     "    timeout: 20ms\n    retries: {max: 1, backoff: constant(5ms)}\n" RR
                     "backends: [{name: a}]\ntimeline: [{at: 1ms, hang: a}]\n"
                     "run: {duration: 150ms}\n");
    STORY(
        0,
        "arrival balancer choice sent backend gives up retry balancer choice sent backend gives up "
        "end",
        NULL);
    scene_close(&scene);
    scene_open_plain(&scene, "10/s", "50ms",
                     "    timeout: 20ms\n    retries: {max: 1, backoff: constant(5ms)}\n" RR
                     "backends: [{name: a}]\nrun: {duration: 150ms}\n");
    STORY(
        0,
        "arrival balancer choice sent backend service gives up retry balancer choice sent backend "
        "queue gives up end",
        "100 arrival -1 - - - - -1\n"
        "100 balancer -1 - - - - -1\n"
        "100 choice 0 - - - - -1\n"
        "100 sent 0 pick - - - -1\n"
        "100 backend 0 - - - - 0\n"
        "100 service 0 - - - - -1\n"
        "120 gives up 0 - - - - -1\n"
        "120 retry -1 - - - - -1\n"
        "125 balancer -1 - - - - -1\n"
        "125 choice 0 - - - - -1\n"
        "125 sent 0 pick - - - -1\n"
        "125 backend 0 - - - - 0\n"
        "125 queue 0 - - - - 0\n"
        "145 gives up 0 - - - - -1\n"
        "145 end -1 - - response timeout retries exhausted -1\n");
    scene_close(&scene);
}

/* Full places, a line at the balancer, nobody at all. */
static void at_the_balancer(void)
{
    scene_open_plain(&scene, "10/s", "250ms",
                     "balancer: {algorithm: round-robin, queue: {size: 1}}\n"
                     "backends: [{name: a, max_in_flight: 1}]\nrun: {duration: 350ms}\n");
    STORY(1, "arrival balancer choice waits sent backend service leaves answer end", NULL);
    STORY(2, "arrival balancer choice failure end",
          "300 arrival -1 - - - - -1\n"
          "300 balancer -1 - - - - -1\n"
          "300 choice -1 - - - - -1\n"
          "300 failure -1 - - balancer full queueing -1\n"
          "300 end -1 - - balancer full queueing -1\n");
    scene_close(&scene);
    scene_open_plain(&scene, "10/s", "250ms",
                     RR "backends: [{name: a}]\ntimeline: [{at: 1ms, drain: a}]\n"
                        "run: {duration: 150ms}\n");
    STORY(0, "arrival balancer choice failure end", NULL);
    scene_close(&scene);
}

/* Through two balancers, each with a choice of its own; a client that gives up behind both and asks
 * again starts from the first. */
static void two_tiers(void)
{
    static const char tiers[] = "balancers:\n  - {name: edge, to: inner, algorithm: round-robin}\n"
                                "  - {name: inner, count: 2, algorithm: round-robin}\n"
                                "backends: [{name: a}]\nrun: {duration: 150ms}\n";
    scene_open_plain(&scene, "10/s", "50ms", "%s", tiers);
    STORY(0, "arrival balancer choice sent balancer choice sent backend service leaves answer end",
          NULL);
    scene_close(&scene);
    scene_open_plain(&scene, "10/s", "50ms",
                     "    timeout: 20ms\n    retries: {max: 1, backoff: constant(5ms)}\n%s", tiers);
    STORY(
        0,
        "arrival balancer choice sent balancer choice sent backend service gives up retry balancer "
        "choice sent balancer choice sent backend queue gives up end",
        NULL);
    scene_close(&scene);
}

/* Among 100 backends only some are told of. */
static void many_candidates(void)
{
    struct told told;
    scene_open_plain(&scene, "100/s", "1s",
                     RR "backends: [{name: b, count: 100}]\n"
                        "timeline: [{at: 1ms, kill: b7}, {at: 1ms, hang: b9}]\n"
                        "run: {duration: 900ms}\n");
    struct run *run = create(scene.scenario, &told, 50);
    (void)finish(run);
    SCENE_EQUAL(told.candidates_max, 3); /* the one picked, and two dead ones, one the emptiest */
    done(&told);
    run_destroy(run);
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"changes nothing", changes_nothing},
    {"served, and queued", served_and_queued},
    {"retried", retried},
    {"given up", given_up},
    {"at the balancer", at_the_balancer},
    {"two tiers", two_tiers},
    {"many candidates", many_candidates},
};

CHECK_MAIN("model_story")
