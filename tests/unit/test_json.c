/* The JSON writer: commas, escapes, numbers that read back. */
#include "sim/base/json.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algorithms/random.h"
#include "tests/check.h"

static void test_document(void)
{
    struct json json;
    json_init(&json);
    json_object(&json, NULL);
    json_string(&json, "name", "web \"tier\"\\\n\t\x1b");
    json_list(&json, "empty");
    json_end_list(&json);
    json_list(&json, "list");
    json_int(&json, NULL, INT64_MIN);
    json_uint(&json, NULL, UINT64_MAX);
    json_object(&json, NULL);
    json_end_object(&json);
    json_bool(&json, NULL, true);
    json_string(&json, NULL, NULL);
    json_end_list(&json);
    json_bool(&json, "no", false);
    json_end_object(&json);
    CU_ASSERT_EQUAL(json.depth, 0);
    CU_ASSERT_STRING_EQUAL(json.text.data,
                           "{\"name\": \"web \\\"tier\\\"\\\\\\n\\t\\u001b\", \"empty\": [], "
                           "\"list\": [-9223372036854775808, 18446744073709551615, {}, true, "
                           "null], \"no\": false}");
    json_done(&json);
}

static void check_string(const char *value, const char *expected)
{
    struct json json;
    json_init(&json);
    json_string(&json, NULL, value);
    CU_ASSERT_STRING_EQUAL(json.text.data, expected);
    json_done(&json);
}

static void test_strings(void)
{
    check_string("", "\"\"");
    check_string("caf\xc3\xa9", "\"caf\xc3\xa9\"");
    check_string("a\xff"
                 "b",
                 "\"a\xef\xbf\xbd"
                 "b\"");
    check_string("\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    check_string("\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"");
    check_string("\xc2\x9b", "\"\\u009b\""); /* a C1 control would reach a terminal */
}

static void check_double(double value, const char *expected)
{
    struct json json;
    json_init(&json);
    json_double(&json, NULL, value);
    CU_ASSERT_STRING_EQUAL(json.text.data, expected);
    json_done(&json);
}

static void test_numbers(void)
{
    check_double(0, "0");
    check_double(0.1, "0.1");
    check_double(-1.5, "-1.5");
    check_double(1.0 / 3, "0.3333333333333333");
    check_double(0.1 + 0.2, "0.30000000000000004");
    check_double(DBL_MIN / 4503599627370496.0, "5e-324");
    check_double(1e300, "1e+300");
    check_double(NAN, "null");
    check_double(INFINITY, "null");
    check_double(-INFINITY, "null");
    struct lb_random random;
    lb_random_seed(&random, 3);
    uint64_t wrong = 0;
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = lb_random_u64(&random);
        double value, back;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        struct json json;
        json_init(&json);
        json_double(&json, NULL, value);
        back = strtod(json.text.data, NULL);
        wrong += memcmp(&back, &value, sizeof back) != 0;
        json_done(&json);
    }
    CU_ASSERT_EQUAL(wrong, 0);

    struct json json;
    json_init(&json);
    json_list(&json, NULL);
    json_round(&json, NULL, 1.23456, 3);
    json_round(&json, NULL, 1234567, 4);
    json_round(&json, NULL, NAN, 3);
    json_end_list(&json);
    CU_ASSERT_STRING_EQUAL(json.text.data, "[1.23, 1.235e+06, null]");
    json_done(&json);

    json_init(&json);
    json_object(&json, NULL);
    json_round(&json, "unknown", NAN, 3);
    json_double(&json, "a", 1);
    json_double(&json, "unlimited", INFINITY);
    json_double(&json, "b", 2);
    json_end_object(&json);
    CU_ASSERT_STRING_EQUAL(json.text.data, "{\"a\": 1, \"b\": 2}");
    json_done(&json);
}

/* A rounded number is what printf makes of it: at random, near the borders of decades and of %g's
 * two forms, and at and beside the middle between two decimals. */
static void test_rounded(void)
{
    struct lb_random random;
    lb_random_seed(&random, 11);
    uint64_t wrong = 0;
    for (int i = 0; i < 300000; i++) {
        int digits = 1 + (int)lb_random_below(&random, 10);
        double value = pow(10, -6 + 16 * lb_random_unit(&random));
        if (i % 4 == 1)
            value = pow(10, floor(log10(value))) * (1 + (lb_random_unit(&random) - 0.5) * 1e-9);
        if (i % 4 == 2) /* so many digits, and a five */
            value = (floor(lb_random_unit(&random) * pow(10, digits)) + 0.5) *
                    pow(10, (double)lb_random_below(&random, 9) - 6);
        if (i % 4 == 3)
            value = lb_random_below(&random, 100000);
        value = i % 3 == 0 ? -value : value;
        if (i % 5 == 0)
            value = nextafter(value, i % 2 ? 1e300 : -1e300);
        char expected[40];
        (void)snprintf(expected, sizeof expected, "%.*g", digits, value);
        struct json json;
        json_init(&json);
        json_round(&json, NULL, value, digits);
        if (strcmp(json.text.data, expected) != 0 && wrong++ < 5)
            printf("%.17g to %d digits: %s, not %s\n", value, digits, json.text.data, expected);
        json_done(&json);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static const struct check_test tests[] = {
    {"a document", test_document},
    {"strings", test_strings},
    {"numbers", test_numbers},
    {"rounded numbers", test_rounded},
};

CHECK_MAIN("json")
