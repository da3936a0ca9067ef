/*
 * The few lines every CUnit program of ours shares: a table of tests, a main that runs it.
 *
 * A test program is a file that defines `static const struct check_test tests[]` and ends with
 * CHECK_MAIN("name"). Exit status 0 = all passed.
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>

struct check_test {
    const char *name;
    void (*run)(void);
};

/* |a - b| <= relative x |b|, with both printed when it does not hold. */
#define CHECK_CLOSE(a, b, relative)                                                                \
    do {                                                                                           \
        double check_a = (a), check_b = (b);                                                       \
        double check_d = check_a > check_b ? check_a - check_b : check_b - check_a;                \
        double check_m = check_b < 0 ? -check_b : check_b;                                         \
        if (!(check_d <= (relative)*check_m))                                                      \
            printf("\n%s:%d: %s is %.12g, not %.12g\n", __FILE__, __LINE__, #a, check_a, check_b); \
        CU_ASSERT(check_d <= (relative)*check_m);                                                  \
    } while (0)

/* |a - b| <= by, the same. */
#define CHECK_WITHIN(a, b, by)                                                                     \
    do {                                                                                           \
        double check_a = (a), check_b = (b), check_by = (by);                                      \
        double check_d = check_a > check_b ? check_a - check_b : check_b - check_a;                \
        if (!(check_d <= check_by))                                                                \
            printf("\n%s:%d: %s is %.12g, not %.12g +- %.3g\n", __FILE__, __LINE__, #a, check_a,   \
                   check_b, check_by);                                                             \
        CU_ASSERT(check_d <= check_by);                                                            \
    } while (0)

#define CHECK_MAIN(suite_name)                                                                     \
    int main(void)                                                                                 \
    {                                                                                              \
        if (CU_initialize_registry() != CUE_SUCCESS)                                               \
            return 2;                                                                              \
        CU_pSuite suite = CU_add_suite((suite_name), NULL, NULL);                                  \
        for (size_t i = 0; suite != NULL && i < sizeof tests / sizeof tests[0]; i++)               \
            if (CU_add_test(suite, tests[i].name, tests[i].run) == NULL)                           \
                return 2;                                                                          \
        CU_basic_set_mode(CU_BRM_NORMAL);                                                          \
        CU_basic_run_tests();                                                                      \
        unsigned failed = CU_get_number_of_failures();                                             \
        CU_cleanup_registry();                                                                     \
        return failed == 0 && suite != NULL ? 0 : 1;                                               \
    }

#endif
