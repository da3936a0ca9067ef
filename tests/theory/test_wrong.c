/*
 * What `lbsim validate` is worth: right theory holds at parameters that no table has, and wrong theory
 * or a wrong model is found out, family by family.
 *
 * Seeds are fixed, so nothing fails by chance; at another seed each of the 80 right quantities would
 * miss once in 170,000 (sim/lab/validate.h). timeout: 900
 */
#include <math.h>
#include <string.h>

#include "sim/lab/validate.h"
#include "sim/scenario/load.h"
#include "tests/check.h"

static struct scenario *load(void *self, const char *text, size_t size, struct lb_error *error)
{
    struct scenario_request request = {.path = "case", .text = text, .text_size = size};
    struct text messages;
    int status;
    (void)self;
    text_init(&messages);
    struct scenario *scenario = scenario_load(&request, &messages, &status);
    if (scenario == NULL)
        lb_error_set(error, LB_ERROR_INVALID, "%.1000s", messages.data);
    text_done(&messages);
    return scenario;
}

static const struct validate_setup quick = {
    .seed = 3, .threads = 2, .precision = VALIDATE_PRECISION_QUICK, .load = load};

/* Cases at parameters of their own; and a parameter that makes another model of it. */
static const struct {
    const char *row;
    enum theory_parameter parameter;
    double other;
} cases[] = {
    {"D/M/1 rho=0.7", THEORY_LAMBDA, 0.8},
    {"MMPP/M/1 l1=0.3 l2=1.2 q12=0.2 q21=0.4", THEORY_Q12, 0.4},
    {"M/M/c/K rho=1.1 c=3 K=7", THEORY_PLACES, 4},
    {"M/M/c+M rho=1.2 c=4 theta=0.8", THEORY_THETA, 1.6},
    {"M/M/1+D rho=1 tau=4", THEORY_TAU, 2},
    {"M/M/1-priorities rho=0.7 high=0.4", THEORY_HIGH, 0.8},
    {"M/M/1-breakdowns rho=0.4 fail=0.05 repair=0.2", THEORY_REPAIR, 0.1},
    {"M/M/1-busy-breakdowns rho=0.5 fail=0.05 repair=0.2", THEORY_FAIL, 0.1},
    {"waits rho=0.7 c=2", THEORY_SERVERS, 1},
    {"waits-M/D/1 rho=0.6", THEORY_LAMBDA, 0.7},
    {"waits-M/G/1 rho=0.6 cv=1.5 work=gamma", THEORY_CV, 1},
    {"H2/M/1 rho=0.6 cv=1.5", THEORY_CV, 2.2},
    {"transient rho=0.7 t=8", THEORY_TIME, 3},
    {"lengths rho=0.6 n=3", THEORY_LAMBDA, 2.1},
    {"lengths-choices rho=0.6 n=3", THEORY_CHOICES, 1},
    {"join-idle-queue rho=0.6 n=3", THEORY_BACKENDS, 5},
    {"M/G/c rho=0.6 c=2 cv=1.5", THEORY_CV, 3},
    {"pair-PS rho=0.4 cv=1.5 n=2", THEORY_LAMBDA, 1.1},
    {"own-books rho=0.4 n=2", THEORY_LAMBDA, 1.1},
    {"M/D/c rho=0.7 c=3", THEORY_SERVERS, 2},
    {"lengths-PS rho=0.6 cv=2", THEORY_LAMBDA, 0.7},
    {"size-interval rho=0.5 n=2 shape=2.2 span=50", THEORY_SHAPE, 1.4},
    {"balls bins=50 balls=120", THEORY_BALLS, 200},
    {"balls-choices bins=40 balls=60", THEORY_CHOICES, 1},
    {"balls-choices bins=3000 balls=6000 choices=3", THEORY_CHOICES, 1},
    {"connections n=7 connections=30", THEORY_CONNECTIONS, 60},
    {"connections-choices n=6 connections=25", THEORY_CHOICES, 1},
    {"newcomer n=3 life=20 t=30", THEORY_TIME, 10},
    {"modulo n=6 to=9", THEORY_TO, 12},
    {"ring-change n=7 to=5", THEORY_TO, 4},
    {"rendezvous-change n=5 to=7", THEORY_TO, 9},
    {"jump-change n=8 to=6", THEORY_TO, 4},
    {"ring n=6 points=20", THEORY_POINTS, 8},
    {"ring n=5 keys=3000 points=40", THEORY_POINTS, 15},
    {"rendezvous n=6 keys=300", THEORY_KEYS, 100},
    {"rendezvous-weighted n=4", THEORY_BACKENDS, 6},
    {"jump n=12 keys=500", THEORY_KEYS, 200},
    {"maglev n=7 table=251", THEORY_TABLE, 53},
    {"bounded-load n=20 keys=500 points=2", THEORY_BOUND, 1.6},
    {"sticky-zipf n=6 clients=200 s=0.9", THEORY_ZIPF, 0.5},
    {"nat n=5 crowd=0.4", THEORY_CROWDED, 0.6},
    {"addresses n=8 clients=12", THEORY_CLIENTS, 6},
    {"detection every=3 timeout=1 fall=4", THEORY_FALL, 3},
    {"detection every=4 timeout=2 fall=2 fault=hang", THEORY_PACE, 1},
    {"detection every=3 timeout=4 fast=1 fault=hang pace=after-result", THEORY_FAST, 2},
    {"recovery every=4 rise=4", THEORY_RISE, 3},
    {"undetected lambda=600 n=3 every=1 fall=2", THEORY_BACKENDS, 5},
    {"black-hole rho=0.5 n=4", THEORY_LAMBDA, 0.4},
    {"availability up=30 down=10", THEORY_DOWN, 20},
    {"failing n=3 every=2 fall=2 up=100 down=20", THEORY_FALL, 3},
    {"unnoticed t=8 up=60 down=20", THEORY_TIME, 4},
    {"dns-outage t=5 ttl=30", THEORY_TTL, 60},
    {"layer4 n=6 connections=12", THEORY_CONNECTIONS, 24},
    {"layer4-choices n=6 connections=25", THEORY_CHOICES, 1},
    {"layer4-newcomer n=3 life=20 t=30", THEORY_TIME, 10},
    {"k-of-n n=4 up=30 down=60", THEORY_DOWN, 30},
    {"k-of-n n=5 up=50 down=20 k=3", THEORY_NEEDED, 4},
    {"takeover priority=150 advert=2", THEORY_ADVERT, 1},
    {"stale-names t=30 ttl=90", THEORY_TIME, 60},
    {"retries retries=1 p=0.3", THEORY_ERRORS, 0.5},
    {"sessions-crash n=4 sessions=900", THEORY_BACKENDS, 6},
    {"sessions-modulo n=6 to=5 sessions=1500", THEORY_TO, 3},
    {"sessions-consistent n=5 to=6 sessions=1500", THEORY_TO, 8},
    {"relogin n=4 think=20 t=10 sessions=1000", THEORY_TIME, 20},
    {"unstuck n=4", THEORY_BACKENDS, 3},
    {"dead-retries n=5 dead=2 retries=1", THEORY_RETRIES, 0},
    {"dead-retries n=6 dead=4 retries=1 again=1", THEORY_AGAIN, 0},
    {"retry-budget budget=0.35", THEORY_BUDGET, 0.6},
    {"hedged hedge=1.5", THEORY_HEDGE, 0.5},
    {"hedged-client hedge=0.7", THEORY_HEDGE, 2},
    {"hedged-slow p=0.2 hedge=3", THEORY_ERRORS, 0.1},
    {"weighted-random rho=0.6 m1=1 m2=3 w1=2 w2=5", THEORY_WEIGHT_1, 1},
    {"best-split rho=0.6 m1=1 m2=1.5", THEORY_SPEED_1, 1.5},
    {"weighted-round-robin rho=0.7 w1=3 w2=2", THEORY_WEIGHT_1, 2},
    {"ipvs-wrr rho=0.7 w1=3 w2=1 w3=1", THEORY_WEIGHT_1, 2},
    {"pair rho=0.7 m1=3 m2=1 w1=2 w2=1", THEORY_SPEED_1, 2},
    {"pair-wlc rho=0.7 m1=4 m2=1 w1=4 w2=1", THEORY_WEIGHT_1, 1},
    {"pair-sed rho=0.6 m1=4 m2=1 w1=4 w2=1", THEORY_WEIGHT_1, 1},
    {"pair-nq rho=0.6 m1=3 m2=1 w1=3 w2=1", THEORY_SPEED_1, 2},
};
#define CASES (sizeof cases / sizeof cases[0])

static void parse(struct theory_case *c, size_t i)
{
    struct lb_error error = {0};
    if (theory_parse(c, cases[i].row, &error) != 0)
        printf("\n%s\n", error.text);
    CU_ASSERT_STRING_EQUAL_FATAL(c->name, cases[i].row);
}

static void run(const struct theory_case *c, struct validate_row *rows)
{
    struct lb_error error = {0};
    int status = validate_case(&quick, c, rows, &error);
    if (status != 0)
        printf("\n%s: %s\n", c->name, error.text);
    CU_ASSERT_EQUAL_FATAL(status, 0);
}

static void test_right(void)
{
    for (size_t i = 0; i < CASES; i++) {
        struct theory_case c;
        struct validate_row rows[THEORY_KNOWN_MAX];
        parse(&c, i);
        run(&c, rows);
        for (uint32_t k = 0; k < c.known_count; k++) {
            if (rows[k].verdict > VALIDATE_OK_SECOND)
                printf("\n%s: %s is %g (+- %g), not %g\n", c.name,
                       theory_quantity_name(c.known[k].quantity), rows[k].simulation.mean,
                       rows[k].simulation.se, c.known[k].value);
            CU_ASSERT(rows[k].verdict <= VALIDATE_OK_SECOND);
        }
    }
}

/* Every quantity of every family, when theory says a quarter more. */
static void test_wrong_theory(void)
{
    for (size_t i = 0; i < CASES; i++) {
        struct theory_case c;
        struct validate_row rows[THEORY_KNOWN_MAX];
        parse(&c, i);
        for (uint32_t k = 0; k < c.known_count; k++) {
            c.known[k].value *= 1.25;
            c.known[k].accuracy = 0;
        }
        run(&c, rows);
        for (uint32_t k = 0; k < c.known_count; k++) {
            if (rows[k].verdict != VALIDATE_MISS)
                printf("\n%s: %s\n", c.name, theory_quantity_name(c.known[k].quantity));
            CU_ASSERT_EQUAL(rows[k].verdict, VALIDATE_MISS);
        }
    }
}

/* Theory of one case, the world of another. */
static void test_wrong_model(void)
{
    for (size_t i = 0; i < CASES; i++) {
        struct theory_case c;
        struct validate_row rows[THEORY_KNOWN_MAX];
        bool missed = false;
        parse(&c, i);
        c.values[cases[i].parameter] = cases[i].other;
        run(&c, rows);
        for (uint32_t k = 0; k < c.known_count; k++)
            missed |= rows[k].verdict == VALIDATE_MISS;
        if (!missed)
            printf("\n%s passes as another model\n", c.name);
        CU_ASSERT(missed);
    }
}

/* A family that nobody put on the list above has no test of this kind. */
static void test_complete(void)
{
    const char *name, *written, *what;
    for (uint32_t f = 0; theory_family(f, &name, &written, &what); f++) {
        bool found = strcmp(theory_heading(f), "Queues") == 0; /* tests/unit/test_validate.c */
        for (size_t i = 0; i < CASES; i++)
            found |= theory_family_of(cases[i].row) == (int)f;
        if (!found)
            printf("\n%s is not tested\n", name);
        CU_ASSERT(found);
    }
}

static const struct check_test tests[] = {
    {"right theory holds elsewhere", test_right},
    {"wrong theory is found out", test_wrong_theory},
    {"a wrong model is found out", test_wrong_model},
    {"no family is left out", test_complete},
};

CHECK_MAIN("wrong theory")
