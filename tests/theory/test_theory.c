/*
 * Theory against itself: the formulas against values that were computed apart from this program, the
 * chain against those for which there is no formula, and cases as people write them.
 *
 * Nothing here is random. timeout: 300
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/lab/chain.h"
#include "sim/lab/theory.h"
#include "tests/check.h"

/* The formulas hold every tabulated value to the digits it has. */
static void test_references(void)
{
    const struct theory_reference *r;
    for (uint32_t i = 0; (r = theory_reference(i)) != NULL; i++) {
        struct theory_case c;
        struct lb_error error = {0};
        CU_ASSERT_EQUAL_FATAL(theory_parse(&c, r->row, &error), 0);
        CU_ASSERT_STRING_EQUAL(c.name, r->row); /* written as name_case writes it */
        bool found = false;
        for (uint32_t k = 0; k < c.known_count; k++)
            if (c.known[k].quantity == r->quantity) {
                found = true;
                CHECK_CLOSE(c.known[k].value, r->value, r->accuracy);
            }
        CU_ASSERT(found);
        CU_ASSERT(c.rate > 0 && c.relaxation > 0 && c.effort >= 20);
    }
}

/* The same quantities elsewhere: values from the tables that the program does not carry. */
static void test_formulas(void)
{
    static const struct theory_reference elsewhere[] = {
        {"M/M/1 lambda=70 mu=100", THEORY_MEAN, 0.03333333333, 1e-9, ""},
        {"M/M/1 lambda=70 mu=100", THEORY_P99, 0.1535056729, 1e-9, ""},
        {"M/M/1/K lambda=90 mu=100 K=50", THEORY_REFUSED, 0.0005177791865, 1e-9, ""},
        {"M/M/1/K lambda=90 mu=100 K=50", THEORY_MEAN, 0.0974097629, 1e-9, ""},
        {"M/G/1 rho=0.8 cv=0.7071067811865476 work=gamma", THEORY_MEAN, 4, 1e-9, ""}, /* erlang 2 */
        {"M/G/1 rho=0.7 cv=1.4142135623730951 work=gamma", THEORY_MEAN, 4.5, 1e-9, ""},
        {"M/G/1 rho=0.7 cv=2 work=hyperexponential", THEORY_MEAN, 6.833333333, 1e-9, ""},
        {"M/G/1 rho=0.5 cv=3.1622776601683795 work=hyperexponential", THEORY_MEAN, 6.5, 1e-9, ""},
        {"M/G/1-PS rho=0.7 cv=2 work=hyperexponential", THEORY_MEAN, 3.333333333, 1e-9, ""},
        {"M/M/c lambda=1.6 c=2", THEORY_MEAN, 2.777777778, 1e-9, ""},
    };
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
        struct theory_case c;
        struct lb_error error = {0};
        bool found = false;
        CU_ASSERT_EQUAL_FATAL(theory_parse(&c, elsewhere[i].row, &error), 0);
        for (uint32_t k = 0; k < c.known_count; k++)
            if (c.known[k].quantity == elsewhere[i].quantity) {
                found = true;
                CHECK_CLOSE(c.known[k].value, elsewhere[i].value, elsewhere[i].accuracy);
            }
        CU_ASSERT(found);
    }
}

/* One line of the table: case, quantity, value, relative accuracy, source. False when it is none. */
static bool read_value(char *line, char **field)
{
    for (int i = 0; i < 5; i++) {
        field[i] = line;
        line = strpbrk(line, "\t\n");
        if (line == NULL)
            return false;
        *line++ = '\0';
    }
    return true;
}

/* Some hundreds of values at other parameters, computed apart from this program: tests/theory/values.tsv. */
static void test_values(void)
{
    char line[1024], *field[5];
    unsigned count = 0;
    FILE *file = fopen("tests/theory/values.tsv", "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_PTR_NOT_NULL(fgets(line, sizeof line, file)); /* the head */
    while (fgets(line, sizeof line, file) != NULL) {
        struct theory_case c;
        struct lb_error error = {0};
        bool found = false;
        CU_ASSERT_FATAL(read_value(line, field));
        if (theory_parse(&c, field[0], &error) != 0) {
            printf("\n%s: %s\n", field[0], error.text);
            CU_FAIL("a case is not understood");
            continue;
        }
        for (uint32_t k = 0; k < c.known_count; k++)
            if (strcmp(theory_quantity_name(c.known[k].quantity), field[1]) == 0) {
                double accuracy = strtod(field[3], NULL), theirs = strtod(field[2], NULL);
                found = true;
                /* Four standard errors of both where simulation stands behind it. */
                double both = c.known[k].accuracy + accuracy;
                CHECK_CLOSE(c.known[k].value, theirs, both > 1e-6 ? 4 * both : 2 * both);
            }
        if (!found)
            printf("\n%s: no %s\n", field[0], field[1]);
        CU_ASSERT(found);
        count++;
    }
    (void)fclose(file);
    CU_ASSERT(count >= 100);
}

/* The chain gives the tabulated values of other people's chains and bounds. */
static void test_chain(void)
{
    static const struct {
        struct chain_farm farm;
        double mean;
    } known[] = {
        {{2, 2, true, 0.7}, 2.362314029},  {{2, 2, true, 0.9}, 5.864684872},
        {{3, 2, true, 0.7}, 2.083188826},  {{2, 2, false, 0.5}, 1.426320751},
        {{2, 2, false, 0.9}, 5.474912821}, {{3, 2, false, 0.7}, 1.884792362},
        {{4, 2, false, 0.7}, 1.798357975}, {{6, 2, false, 0.7}, 1.725885343},
        {{3, 3, false, 0.8}, 2.285547606}, {{4, 4, false, 0.7}, 1.511437569},
        {{8, 8, false, 0.7}, 1.218129491},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct chain_result chain = chain_solve(&known[i].farm);
        CHECK_CLOSE(chain.mean, known[i].mean, 1e-5);
        CU_ASSERT(chain.accuracy < 1e-5);
    }
}

/* What has a formula: one choice is a random split, and a farm of one load does not depend on mu. */
static void test_chain_edges(void)
{
    struct chain_farm farm = {3, 1, false, 0.6};
    CHECK_CLOSE(chain_solve(&farm).mean, 2.5, 1e-5);
    farm.replacement = true;
    CHECK_CLOSE(chain_solve(&farm).mean, 2.5, 1e-5);
    farm = (struct chain_farm){3, 7, false, 0.8}; /* more than there are: all of them */
    CHECK_CLOSE(chain_solve(&farm).mean, 2.285547606, 1e-5);
    farm = (struct chain_farm){16, 16, false, 0.9};
    CU_ASSERT(isnan(chain_solve(&farm).mean)); /* too large */
    farm = (struct chain_farm){2, 2, false, 1.0};
    CU_ASSERT(isnan(chain_solve(&farm).mean));
    struct theory_case c;
    struct lb_error error = {0};
    CU_ASSERT_EQUAL_FATAL(theory_parse(&c, "least-connections rho=0.65 n=3 mu=4", &error), 0);
    farm = (struct chain_farm){3, 3, false, 0.65};
    CHECK_CLOSE(c.known[0].value, chain_solve(&farm).mean / 4, 1e-12);
}

/* The orders that must hold for equal backends and exponential work. */
static void test_order(void)
{
    static const char *const rows[] = {
        "M/M/c rho=0.75 c=3", "least-connections rho=0.75 n=3", "power-of-two rho=0.75 n=3",
        "power-of-two rho=0.75 n=3 replacement=yes", "random rho=0.75 n=3"};
    double last = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct theory_case c;
        struct lb_error error = {0};
        CU_ASSERT_EQUAL_FATAL(theory_parse(&c, rows[i], &error), 0);
        CU_ASSERT(c.known[0].value > last);
        last = c.known[0].value;
    }
}

static void test_wrong(void)
{
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"", "missing"},
        {"M/X/1 rho=0.5", "no family"},
        {"M/M/1", "needs the parameters rho"},
        {"M/M/1 rho", "not a parameter"},
        {"M/M/1 rho=", "number"},
        {"M/M/1 rho=nan", "number"},
        {"M/M/1 rho=0.5x", "number"},
        {"M/M/1 rho=1.2", "rho is 1.2"},
        {"M/M/1 lambda=3", "rho is 3"},
        {"M/M/1 rho=0.5 lambda=0.5", "say the same"},
        {"M/M/1 rho=0.5 c=2", "no parameter 'c'"},
        {"M/M/c rho=0.5 c=2.5", "whole number"},
        {"M/M/1 rho=0.5 work=gamma", "work=gamma"},
        {"M/G/1 rho=0.5 cv=2 work=pareto", "work=pareto"},
        {"M/G/1 rho=0.5 cv=0.5 work=hyperexponential", "cv of 1"},
        {"power-of-two rho=0.5 n=2 choices=3", "more choices"},
        {"least-connections rho=0.95 n=32", "too large"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct theory_case c;
        struct lb_error error = {0};
        CU_ASSERT_EQUAL(theory_parse(&c, wrong[i].text, &error), -1);
        CU_ASSERT_EQUAL(error.code, LB_ERROR_INVALID);
        if (strstr(error.text, wrong[i].message) == NULL)
            printf("\n'%s': %s\n", wrong[i].text, error.text);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.text, wrong[i].message));
    }
}

static const struct check_test tests[] = {
    {"formulas hold the tabulated values", test_references},
    {"formulas hold values elsewhere", test_formulas},
    {"formulas hold the table of values", test_values},
    {"the chain holds other people's chains", test_chain},
    {"the chain at its edges", test_chain_edges},
    {"the order of policies", test_order},
    {"wrong cases say why", test_wrong},
};

CHECK_MAIN("theory")
