/*
 * A cell made in steps is the cell made at once; a step that was stopped leaves no trace. A comparison in the
 * record: what goes in comes out, and what makes it another one. The seed of the algorithms' coins.
 * tsan: yes
 */
#include <math.h>
#include <string.h>

#include "sim/lab/cell.h"
#include "sim/run/run.h"
#include "tests/check.h"
#include "tests/unit/sample_scenario.h"

static const char text[] = "lbsim: 1\nname: cell\n"
                           "clients: [{name: web, arrivals: poisson(load=70%), requests: "
                           "[{name: all, work: exponential(mean=10ms)}]}]\n"
                           "balancer: {algorithm: random}\n"
                           "backends: [{name: b, count: 3}]\n"
                           "run: {duration: 2s, warmup: 500ms, seed: 11}\n";

static struct cell_setup setup_of(const struct scenario *s, uint32_t replications, uint32_t threads)
{
    return (struct cell_setup){.scenario = s, .replications = replications, .threads = threads};
}

static void test_steps(void)
{
    struct scenario *s = sample_load(text);
    struct lb_error error = {0};
    struct cell whole, steps;
    CU_ASSERT_FATAL(s != NULL);
    struct cell_setup one = setup_of(s, 13, 1);
    CU_ASSERT(cell_make(&one, "a=b\n", &whole, &error) == 0);
    cell_init(&steps, "a=b\n");
    static const uint32_t ends[] = {4, 4, 5, 13};
    for (int i = 0; i < 4; i++) {
        struct cell_setup more = setup_of(s, ends[i], 2);
        CU_ASSERT(cell_add(&more, &steps, &error) == 0);
        CU_ASSERT(steps.result.count == ends[i]);
    }
    CU_ASSERT(steps.result.digest == whole.result.digest);
    CU_ASSERT_STRING_EQUAL(steps.result.settings, "a=b\n");
    CU_ASSERT(memcmp(steps.latency->bucket, whole.latency->bucket, sizeof whole.latency->bucket) ==
              0);
    CU_ASSERT(steps.latency->count == whole.latency->count);
    CU_ASSERT(memcmp(&steps.trials[12].sum, &whole.trials[12].sum, sizeof(double)) == 0);
    CU_ASSERT(steps.trials[3].digest != steps.trials[4].digest);
    cell_done(&whole);
    cell_done(&steps);
    scenario_destroy(s);
}

static bool soon(void *self)
{
    return ++*(int *)self > 20; /* after one run of sixteen slices and a bit */
}

static void test_stopped(void)
{
    struct scenario *s = sample_load(text);
    struct lb_error error = {0};
    struct cell cell;
    int asked = 0;
    CU_ASSERT_FATAL(s != NULL);
    cell_init(&cell, "");
    struct cell_setup first = setup_of(s, 3, 1);
    CU_ASSERT(cell_add(&first, &cell, &error) == 0);
    uint64_t digest = cell.result.digest, count = cell.latency->count;
    struct cell_setup more = setup_of(s, 8, 1);
    more.self = &asked;
    more.stop = soon;
    CU_ASSERT(cell_add(&more, &cell, &error) == 1);
    CU_ASSERT(cell.result.count == 3 && cell.latency->count == count);
    CU_ASSERT(experiment_cell_digest(&cell.result) == digest);
    cell_done(&cell);
    scenario_destroy(s);
}

/* --- the record ------------------------------------------------------------------------------------- */

static uint32_t cells_told;

static void tell(void *self, const struct experiment_cell *cell)
{
    const struct cell *arms = self;
    const struct experiment_cell *arm = &arms[cell->n].result;
    CU_ASSERT_STRING_EQUAL(cell->name, arm->name);
    CU_ASSERT_STRING_EQUAL(cell->variant, arm->variant);
    CU_ASSERT_STRING_EQUAL(cell->settings, arm->settings);
    CU_ASSERT(cell->count == arm->count && cell->digest == arm->digest);
    CU_ASSERT(experiment_cell_digest(cell) == arm->digest);
    cells_told++;
}

/* Writes both arms as a comparison; its id. */
static int64_t write_arms(struct record *record, struct experiment_info info, struct cell *arms)
{
    const struct experiment_cell *cells[2] = {&arms[0].result, &arms[1].result};
    struct lb_error error = {0};
    struct experiment *e = experiment_open(record, &info, EXPERIMENT_ANY, &error);
    CU_ASSERT_FATAL(e != NULL);
    CU_ASSERT(experiment_write(e, cells, 2, &error) == 0);
    int64_t id = experiment_id(e);
    experiment_close(e);
    return id;
}

static void make_arm(struct cell *arm, uint32_t n, const char *algorithm, uint32_t replications)
{
    struct lb_error error = {0};
    struct scenario *s = sample_load_with(text, NULL, 0, NULL, algorithm);
    CU_ASSERT_FATAL(s != NULL);
    struct cell_setup one = setup_of(s, replications, 1);
    one.n = n;
    CU_ASSERT(cell_make(&one, s->settings, arm, &error) == 0);
    arm->result.name = n == 0 ? "first '; DROP TABLE cell; --" : "second";
    arm->result.variant = "base";
    scenario_destroy(s);
}

static void test_comparison(void)
{
    struct scenario *s = sample_load(text);
    struct lb_error error = {0};
    struct record *record = record_open(":memory:", RECORD_WRITE, &error);
    struct experiment_about about;
    struct cell arms[2], other;
    CU_ASSERT_FATAL(s != NULL && record != NULL);
    make_arm(&arms[0], 0, "random", 3);
    make_arm(&arms[1], 1, "round-robin", 3);
    struct experiment_info info = {.kind = EXPERIMENT_COMPARE,
                                   .scenario = s,
                                   .grid = "first\nsecond\n",
                                   .cells = 2,
                                   .replications = 40,
                                   .rule = "precision 5%",
                                   .baseline = 1,
                                   .version = "1",
                                   .build = "1 (a)"};
    int64_t id = write_arms(record, info, arms);
    CU_ASSERT(write_arms(record, info, arms) == id); /* the same again */
    CU_ASSERT(experiment_about(record, EXPERIMENT_SWEEP, 0, &about, &error) == 0);
    CU_ASSERT_FATAL(experiment_about(record, NULL, 0, &about, &error) == 1);
    CU_ASSERT(about.id == id && about.done == 2 && about.cells == 2 && about.baseline == 1);
    CU_ASSERT(about.replications == 40);
    CU_ASSERT_STRING_EQUAL(about.kind, "compare");
    CU_ASSERT_STRING_EQUAL(about.rule, "precision 5%");
    experiment_about_done(&about);
    cells_told = 0;
    CU_ASSERT(experiment_read(record, id, tell, arms, &error) == 0 && cells_told == 2);

    /* Stopped later by the clock: it takes the place of the first, under its number. */
    other = arms[1];
    make_arm(&arms[1], 1, "round-robin", 5);
    CU_ASSERT(write_arms(record, info, arms) == id);
    cells_told = 0;
    CU_ASSERT(experiment_read(record, id, tell, arms, &error) == 0 && cells_told == 2);
    cell_done(&other);

    /* Another rule, build or baseline is another comparison; so is a sweep. */
    struct experiment_info others[4] = {info, info, info, info};
    others[0].rule = "precision 2%";
    others[1].build = "1 (b)";
    others[2].baseline = 0;
    others[3].kind = NULL;
    for (int i = 0; i < 4; i++)
        CU_ASSERT(write_arms(record, others[i], arms) == id + 1 + i);
    CU_ASSERT(experiment_about(record, EXPERIMENT_COMPARE, 0, &about, &error) == 1);
    CU_ASSERT(about.id == id + 3);
    experiment_about_done(&about);
    cell_done(&arms[0]);
    cell_done(&arms[1]);
    record_close(record);
    scenario_destroy(s);
}

/* --- the seed of the algorithms' coins ---------------------------------------------------------------- */

struct told {
    uint64_t digest, arrived;
};

static struct told run_with(const char *algorithm, const char *set)
{
    struct lb_error error = {0};
    struct scenario *s = sample_load_with(text, &set, set != NULL ? 1 : 0, NULL, algorithm);
    CU_ASSERT_FATAL(s != NULL);
    struct run_setup one = {.scenario = s};
    struct run *run = run_create(&one, &error);
    CU_ASSERT_FATAL(run != NULL);
    run_until(run, LB_NEVER - 1);
    const struct summary *summary = run_finish(run, false);
    struct told told = {summary->digest, summary->counts.arrived};
    run_destroy(run);
    scenario_destroy(s);
    return told;
}

static void test_coins(void)
{
    struct told plain = run_with("random", NULL);
    struct told same = run_with("random", "run.seed_of_algorithm=11");
    struct told other = run_with("random", "run.seed_of_algorithm=12");
    CU_ASSERT(plain.digest == same.digest); /* it is the seed they have anyway */
    CU_ASSERT(plain.digest != other.digest);
    CU_ASSERT(plain.arrived == other.arrived); /* the same traffic */
    CU_ASSERT(run_with("round-robin", NULL).digest ==
              run_with("round-robin", "run.seed_of_algorithm=12").digest); /* has no coins */
}

static const struct check_test tests[] = {
    {"a cell in steps", test_steps},
    {"a step that was stopped", test_stopped},
    {"a comparison in the record", test_comparison},
    {"the seed of the algorithms", test_coins},
};

CHECK_MAIN("cell")
