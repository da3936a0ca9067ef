/*
 * Wild scenarios: random valid ones with any keys of the schema and random faults, each run to its
 * end, where the identities are asserted; again in slices with everything inside checked; and again
 * with the story of one request: always to the same digest. `make random N=1000 SEED=7` runs as many
 * as one likes under the sanitizers; each in a process of its own, so that one that breaks down is
 * told of, kept as a file, and the rest goes on.
 * timeout: 300
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/run/run.h"
#include "tests/check.h"
#include "tests/unit/wild_scenario.h"
#include "tests/unit/world_check.h"

enum { NUMBER = 60, ROW_FRAMES = 120, LONGEST_S = 60 };

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? strtoull(value, NULL, 10) : otherwise;
}

/* --- one scenario ----------------------------------------------------------------------------- */

static void hear(void *self, const struct story_step *step)
{
    *(uint64_t *)self += step->text != NULL;
}

static void wrong(const char *what)
{
    printf("%s\n", what);
    (void)fflush(stdout);
    _exit(3);
}

static uint64_t digest_of(struct run *run)
{
    uint64_t digest = run_finish(run, false)->digest;
    run_destroy(run);
    return digest;
}

/* NULL when a limit ends it, which is said to the user and no fault. */
static struct run *begin(const struct scenario *scenario, story_tell *tell, uint64_t *steps,
                         uint64_t number)
{
    struct run_setup setup = {
        .scenario = scenario, .tell_story = tell, .story_self = steps, .story_of = number};
    struct lb_error error = {0};
    struct run *run = run_create(&setup, &error);
    if (run == NULL)
        exit(0); /* an algorithm that does not take this pool */
    return run;
}

static void check_one(const struct scenario *scenario, uint64_t seed)
{
    struct lb_random random;
    uint64_t steps = 0;
    lb_random_seed(&random, seed);
    struct run *whole = begin(scenario, NULL, NULL, 0);
    while (run_until(whole, LB_NEVER - 1))
        ;
    if (run_error(whole) != NULL)
        exit(0); /* a limit: too much at once */
    uint64_t requests = run_requests(whole), digest = digest_of(whole);
    struct run *slices = begin(scenario, NULL, NULL, 0);
    uint32_t span = 1000 + lb_random_below(&random, 20000000);
    for (bool going = true; going;) {
        going = run_until(slices, run_now(slices) + 1 + lb_random_below(&random, span));
        const char *broken = world_check(slices);
        if (broken != NULL)
            wrong(broken);
    }
    if (digest_of(slices) != digest)
        wrong("another digest in slices");
    uint64_t number = requests > 0 ? lb_random_u64(&random) % requests : 0;
    struct run *told = begin(scenario, hear, &steps, number);
    while (run_until(told, LB_NEVER - 1))
        ;
    if (digest_of(told) != digest)
        wrong("another digest with a story");
    if (requests > 0 && steps == 0)
        wrong("no story of a request that came");
}

/* --- each in a process of its own ------------------------------------------------------------- */

static void tell_how(const struct text *text, uint64_t seed, int status)
{
    const char *folder = getenv("KEEP");
    char path[512];
    (void)snprintf(path, sizeof path, "%s/random-%llu.yaml", folder != NULL ? folder : "/tmp",
                   (unsigned long long)seed);
    FILE *file = fopen(path, "w");
    if (file != NULL) {
        (void)fwrite(text->data, 1, text->size, file);
        (void)fclose(file);
    }
    printf("\n--- the scenario of seed %llu %s %d; again:\n"
           "    make random N=1 SEED=%llu\n    lbsim run %s --variant %s --db :memory:\n%s---\n",
           (unsigned long long)seed,
           WIFSIGNALED(status) ? "was ended by signal" : "ended with status",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), (unsigned long long)seed,
           path, strstr(text->data, "\nvariants:\n") != NULL ? WILD_VARIANT : "base", text->data);
}

static bool survives(uint64_t seed)
{
    struct text text;
    text_init(&text);
    wild_scenario(&text, seed);
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        (void)alarm(LONGEST_S);
        struct scenario *scenario = wild_load(&text);
        if (scenario == NULL)
            wrong("it is not valid");
        check_one(scenario, seed);
        scenario_destroy(scenario);
        text_done(&text);
        exit(0);
    }
    int status = 0;
    bool fine = child > 0 && waitpid(child, &status, 0) == child && status == 0;
    if (!fine)
        tell_how(&text, seed, status);
    text_done(&text);
    return fine;
}

static void wild_ones(void)
{
    uint64_t number = setting("N", NUMBER), first = setting("SEED", 1), broken = 0;
    printf("seeds %llu to %llu\n", (unsigned long long)first,
           (unsigned long long)(first + number - 1));
    for (uint64_t seed = first; seed < first + number; seed++)
        broken += survives(seed) ? 0U : 1U;
    if (broken > 0)
        printf("%llu of %llu broke down\n", (unsigned long long)broken, (unsigned long long)number);
    CU_ASSERT_EQUAL(broken, 0);
}

/* Every key of the schema finds a place in some frame; a custom one needs an example in
 * wild_values.c, an action what may stand besides its target in wild_scenario.c. */
static void every_key_has_its_turn(void)
{
    for (uint32_t i = 0; schema_at(i) != NULL; i++) {
        bool fits = wild_leaves(schema_at(i));
        for (uint64_t seed = 1; seed <= ROW_FRAMES && !fits; seed++) {
            struct text text;
            text_init(&text);
            fits = wild_row(&text, seed, schema_at(i));
            text_done(&text);
        }
        if (!fits)
            printf("\nno random value of '%s' is ever valid%s\n", schema_at(i)->path,
                   schema_at(i)->type == TYPE_CUSTOM ? ": give it examples in wild_values.c" : "");
        CU_ASSERT(fits);
    }
    for (int action = 0; action < ACTIONS; action++) {
        bool fits = false;
        for (uint64_t seed = 1; seed <= ROW_FRAMES && !fits; seed++) {
            struct text text;
            text_init(&text);
            fits = wild_action(&text, seed, (enum action)action);
            text_done(&text);
        }
        if (!fits)
            printf("\nno random '%s' is ever valid: see `more` in wild_scenario.c\n",
                   action_name((enum action)action));
        CU_ASSERT(fits);
    }
}

static const struct check_test tests[] = {
    {"every key has its turn", every_key_has_its_turn},
    {"wild ones", wild_ones},
};

CHECK_MAIN("wild scenarios")
