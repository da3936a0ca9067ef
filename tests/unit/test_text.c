/*
 * Text from outside: escaping, UTF-8, widths, nearest words, growing strings. Sources of the cases:
 * RFC 3629, section 10; Unicode Standard, table 3-7 and UAX #11.
 */
#include "sim/base/text.h"

#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

static void check_escape(const char *from, size_t size, const char *expected)
{
    char to[256];
    memset(to, 'x', sizeof to);
    text_escape(to, sizeof to, from, size);
    if (strcmp(to, expected) != 0)
        printf("\nescaped to \"%s\", not \"%s\"\n", to, expected);
    CU_ASSERT_STRING_EQUAL(to, expected);

    char *data = NULL;
    size_t data_size = 0;
    if (memchr(from, 0, size) != NULL)
        return;
    char *copy = text_copy_n(from, size);
    FILE *file = open_memstream(&data, &data_size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    text_print(file, copy);
    CU_ASSERT_EQUAL(fclose(file), 0);
    CU_ASSERT_STRING_EQUAL(data, expected);
    free(data);
    free(copy);
}

#define ESCAPE(from, expected) check_escape(from, sizeof(from) - 1, expected)

static void test_escape(void)
{
    ESCAPE("plain web1", "plain web1");
    ESCAPE("", "");
    ESCAPE("\x1b[31mred\x1b[0m\r\n\t\x7f", "?[31mred?[0m????");
    ESCAPE("a\0b", "a?b");
    ESCAPE("\xc2\x9b"
           "2J",
           "?2J");                                  /* CSI as a C1 control */
    ESCAPE("\xc2\xa0\xc3\xa9", "\xc2\xa0\xc3\xa9"); /* the first that is none, and e acute */
    ESCAPE("\xc0\xaf", "??");                       /* overlong '/' */
    ESCAPE("\xe0\x80\xaf", "???");
    ESCAPE("\xed\xa0\x80", "???"); /* a surrogate */
    ESCAPE("\xf4\x90\x80\x80", "????");
    ESCAPE("\xf8\x88\x80\x80\x80", "?????");
    ESCAPE("\xe2\x82", "??"); /* cut off */
    ESCAPE("\xe2\x82\xac", "\xe2\x82\xac");
    ESCAPE("\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80");
    ESCAPE("a\xe2\x80\xae"
           "b\xe2\x81\xa6"
           "c",
           "a?b?c"); /* right-to-left override, isolate */
    ESCAPE("\xff\xfe", "??");
}

static void test_escape_cut(void)
{
    char to[4];
    text_escape(to, sizeof to, "abcdef", 6);
    CU_ASSERT_STRING_EQUAL(to, "abc");
    text_escape(to, sizeof to, "ab\xe2\x82\xac", 5); /* no half character */
    CU_ASSERT_STRING_EQUAL(to, "ab");
    text_escape(to, sizeof to, "\xe2\x82\xac", 3);
    CU_ASSERT_STRING_EQUAL(to, "\xe2\x82\xac");
    text_escape(to, 1, "abc", 3);
    CU_ASSERT_STRING_EQUAL(to, "");
    to[0] = 'x';
    text_escape(to, 0, "abc", 3); /* no room at all: nothing is written */
    CU_ASSERT_EQUAL(to[0], 'x');
}

static void test_utf8_length(void)
{
    CU_ASSERT_EQUAL(text_utf8_length("a", 1), 1);
    CU_ASSERT_EQUAL(text_utf8_length("", 0), 0);
    CU_ASSERT_EQUAL(text_utf8_length("\xc3\xa9", 2), 2);
    CU_ASSERT_EQUAL(text_utf8_length("\xc3\xa9", 1), 0);
    CU_ASSERT_EQUAL(text_utf8_length("\xe2\x82\xac", 3), 3);
    CU_ASSERT_EQUAL(text_utf8_length("\xf4\x8f\xbf\xbf", 4), 4);
    CU_ASSERT_EQUAL(text_utf8_length("\x80", 1), 0);
    CU_ASSERT_EQUAL(text_utf8_length("\xc1\xbf", 2), 0);
}

#define WIDTH(string) text_width(string, sizeof(string) - 1)

static void test_width(void)
{
    CU_ASSERT_EQUAL(WIDTH(""), 0);
    CU_ASSERT_EQUAL(WIDTH("web1"), 4);
    CU_ASSERT_EQUAL(WIDTH("caf\xc3\xa9"), 4);
    CU_ASSERT_EQUAL(WIDTH("cafe\xcc\x81"), 4);             /* a combining acute */
    CU_ASSERT_EQUAL(WIDTH("\xe6\x9c\x8d\xe5\x8b\x99"), 4); /* two ideographs */
    CU_ASSERT_EQUAL(WIDTH("\xf0\x9f\x98\x80"), 2);         /* an emoji */
    CU_ASSERT_EQUAL(WIDTH("\xef\xbc\xa1"), 2);             /* fullwidth A */
    CU_ASSERT_EQUAL(WIDTH("\xe2\x94\x80\xe2\x96\x88"), 2); /* box drawing, block */
    CU_ASSERT_EQUAL(WIDTH("\xe2\x80\x8b"), 0);             /* zero width space */
    CU_ASSERT_EQUAL(WIDTH("\xd7\x90\xd6\xb0"), 1);         /* Hebrew with a point */
    CU_ASSERT_EQUAL(WIDTH("\xf0\xa0\x80\x80"), 2);         /* plane 2 */
    CU_ASSERT_EQUAL(WIDTH("\xff\x1b\xe2\x80\xae"), 3);     /* each is shown as '?' */
}

static void test_distance(void)
{
    CU_ASSERT_EQUAL(text_distance("", ""), 0);
    CU_ASSERT_EQUAL(text_distance("abc", ""), 3);
    CU_ASSERT_EQUAL(text_distance("", "abc"), 3);
    CU_ASSERT_EQUAL(text_distance("kitten", "sitting"), 3); /* Levenshtein's classic */
    CU_ASSERT_EQUAL(text_distance("timeuot", "timeout"), 1);
    CU_ASSERT_EQUAL(text_distance("ca", "abc"), 3); /* optimal alignment, not unrestricted */
    CU_ASSERT_EQUAL(text_distance("SLOTS", "slots"), 0);
}

static void test_nearest(void)
{
    static const char *const words[] = {"run", "watch", "report", "round-robin", "weight", "r"};
    CU_ASSERT_STRING_EQUAL(text_nearest("wtach", words, 6), "watch");
    CU_ASSERT_STRING_EQUAL(text_nearest("Report", words, 6), "report");
    CU_ASSERT_STRING_EQUAL(text_nearest("roundrobin", words, 6), "round-robin");
    CU_ASSERT_STRING_EQUAL(text_nearest("wieght", words, 6), "weight");
    CU_ASSERT_STRING_EQUAL(text_nearest("rn", words, 6), "run");
    CU_ASSERT_PTR_NULL(text_nearest("xyzzy", words, 6));
    CU_ASSERT_PTR_NULL(text_nearest("q", words, 6)); /* nothing in common with "r" */
    CU_ASSERT_PTR_NULL(text_nearest("", words, 6));
    CU_ASSERT_PTR_NULL(text_nearest("run", words, 0));
}

static void test_growing(void)
{
    struct text text;
    text_init(&text);
    CU_ASSERT_PTR_NULL(text.data);
    for (int i = 0; i < 1000; i++)
        text_addf(&text, "%d,", i);
    text_add(&text, "end\0x", 5);
    CU_ASSERT_EQUAL(text.size, 10 * 2 + 90 * 3 + 900 * 4 + 5);
    CU_ASSERT_EQUAL(memcmp(text.data, "0,1,2,", 6), 0);
    CU_ASSERT_EQUAL(text.data[text.size], '\0');
    text_clear(&text);
    CU_ASSERT_STRING_EQUAL(text.data, "");
    text_add(&text, NULL, 0);
    text_addf(&text, "%s", "again");
    CU_ASSERT_STRING_EQUAL(text.data, "again");
    text_done(&text);
    CU_ASSERT_PTR_NULL(text.data);
    text_add(&text, "", 0); /* usable again, and a string though empty */
    CU_ASSERT_STRING_EQUAL(text.data, "");
    text_done(&text);
    char *copy = text_copy_n("abcdef", 3);
    CU_ASSERT_STRING_EQUAL(copy, "abc");
    free(copy);
}

static const struct check_test tests[] = {
    {"escape", test_escape},
    {"escape and cut", test_escape_cut},
    {"UTF-8 length", test_utf8_length},
    {"width", test_width},
    {"distance", test_distance},
    {"nearest", test_nearest},
    {"growing", test_growing},
};

CHECK_MAIN("text")
