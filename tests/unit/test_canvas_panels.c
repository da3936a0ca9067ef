/*
 * The panels: whole screens of a view filled by hand, at every size and with hostile names.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "tests/check.h"
#include "tests/unit/made_up_view.h"
#include "ui/dashboard/panel.h"

/* Line y of a screen, to be freed. */
static char *line_of(const char *screen, int y)
{
    for (int i = 0; i < y; i++)
        screen = strchr(screen, '\n') + 1;
    return text_copy_n(screen, strcspn(screen, "\n"));
}

static int lines_in(const char *screen)
{
    int lines = 0;
    for (; *screen != '\0'; screen++)
        lines += *screen == '\n' ? 1 : 0;
    return lines;
}

static bool has(struct made_up_view *made, int width, int height, const char *what)
{
    char *screen = made_up_view_screen(made, width, height, true);
    bool found = strstr(screen, what) != NULL;
    if (!found)
        printf("\nno '%s' in\n%s", what, screen);
    free(screen);
    return found;
}

static bool lacks(struct made_up_view *made, int width, int height, const char *what)
{
    char *screen = made_up_view_screen(made, width, height, true);
    bool found = strstr(screen, what) != NULL;
    free(screen);
    return !found;
}

static void test_table(void)
{
    struct made_up_view made;
    made_up_view_init(&made, 6, NULL);
    made_up_view_play(&made, 34);
    char *screen = made_up_view_screen(&made, 80, 24, true), *line = line_of(screen, 5);
    CU_ASSERT_EQUAL(lines_in(screen), 24);
    CU_ASSERT_STRING_EQUAL(
        line, " web2   + UP    X down   2 ........  0/16          0     0 36.0 56.9     .....");
    free(line);
    free(screen);
    CU_ASSERT(has(&made, 80, 24, "web5   ~ DRAIN"));
    CU_ASSERT(has(&made, 80, 24, "web6   + UP    ! slow"));
    CU_ASSERT(has(&made, 80, 24, "0:30.0  web2 X kill"));
    made_up_view_play(&made, 40);
    CU_ASSERT(has(&made, 80, 24, "web2   X DOWN           2"));
    CU_ASSERT(has(&made, 40, 10, "web2  X DOWN"));
    made_up_view_done(&made);
}

/* Columns drop from the right, never from the left. */
static void test_narrow(void)
{
    static const char *const titles[] = {"SERVER", "STATE", "TRUTH", "WT",  "BUSY",
                                         "SLOTS",  "QUEUE", "REQ/S", "P50", "P99"};
    struct made_up_view made;
    made_up_view_init(&made, 6, NULL);
    made_up_view_play(&made, 34);
    for (int width = SCREEN_COMPACT; width <= 200; width++) {
        char *screen = made_up_view_screen(&made, width, 24, true), *line = line_of(screen, 3);
        bool there = true;
        for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
            bool now = strstr(line, titles[i]) != NULL;
            CU_ASSERT(there || !now);
            there = now;
        }
        CU_ASSERT(width < 66 || there);
        free(line);
        free(screen);
    }
    CU_ASSERT(lacks(&made, 70, 24, "P99 60 s"));
    CU_ASSERT(has(&made, 80, 24, "P99 60 s"));
    CU_ASSERT(has(&made, 120, 24, "FAILED"));
    made_up_view_done(&made);
}

static void test_scroll(void)
{
    struct made_up_view made;
    made_up_view_init(&made, 40, NULL);
    made_up_view_play(&made, 3);
    CU_ASSERT(has(&made, 80, 24, "0 above"));
    CU_ASSERT(has(&made, 80, 24, ">web1 "));
    CU_ASSERT(lacks(&made, 80, 24, "web40"));
    screen_act(made.view, DO_LAST);
    CU_ASSERT(has(&made, 80, 24, ">web40"));
    CU_ASSERT(has(&made, 80, 24, " 0 below"));
    CU_ASSERT(lacks(&made, 80, 24, "web1 "));
    screen_act(made.view, DO_UP);
    CU_ASSERT(has(&made, 80, 24, ">web39"));
    CU_ASSERT(has(&made, 40, 10, ">web39"));
    screen_act(made.view, DO_FIRST);
    CU_ASSERT(has(&made, 40, 10, ">web1 "));
    made_up_view_done(&made);
}

static void test_small(void)
{
    struct made_up_view made;
    made_up_view_init(&made, 6, NULL);
    made_up_view_play(&made, 34);
    CU_ASSERT(has(&made, 39, 10, "needs 40x10, has 39x10"));
    CU_ASSERT(has(&made, 40, 9, "needs 40x10, has 40x9"));
    CU_ASSERT(lacks(&made, 40, 10, "needs"));
    made_up_view_done(&made);
}

static void test_help(void)
{
    struct made_up_view made;
    made_up_view_init(&made, 6, NULL);
    screen_act(made.view, DO_HELP);
    for (size_t i = 0; i < keys_count; i++)
        if (keys_table[i].label != NULL)
            CU_ASSERT(has(&made, 80, 24, keys_table[i].help)); /* nothing cut off */
    CU_ASSERT(has(&made, 40, 10, "arrows scroll"));
    CU_ASSERT(lacks(&made, 40, 10, "Esc         back"));
    for (int i = 0; i < 100; i++)
        screen_act(made.view, DO_DOWN);
    CU_ASSERT(has(&made, 40, 10, "lost "));
    screen_act(made.view, DO_BACK);
    CU_ASSERT(lacks(&made, 80, 24, "Esc or ? closes"));
    made_up_view_done(&made);
}

static void test_keys(void)
{
    for (size_t i = 0; i < keys_count; i++)
        for (int k = 0; k < 4 && keys_table[i].keys[k] != 0; k++)
            CU_ASSERT_EQUAL(keys_find(keys_table[i].keys[k]), keys_table[i].deed);
    CU_ASSERT_EQUAL(keys_find('K'), DO_KILL);
    CU_ASSERT_EQUAL(keys_find('k'), DO_UP); /* lower case destroys nothing */
    CU_ASSERT_EQUAL(keys_find('d'), DO_NOTHING);
    CU_ASSERT_EQUAL(keys_find(0x4e2d), DO_NOTHING);
}

/* No size and no number of servers breaks anything: as many lines as rows, none too wide. */
static void test_sizes(void)
{
    static const uint32_t counts[] = {1, 3, 300};
    for (size_t n = 0; n < sizeof counts / sizeof counts[0]; n++) {
        struct made_up_view made;
        made_up_view_init(&made, counts[n], NULL);
        made_up_view_play(&made, 35);
        for (int chart = 0; chart <= SERIES_COUNT; chart++) {
            made.view->chart = chart;
            for (int width = 1; width < 240; width += 7 + chart)
                for (int height = 1; height < 70; height += 5) {
                    made.view->help = (width + height) % 3 == 0;
                    char *screen = made_up_view_screen(&made, width, height, false);
                    CU_ASSERT_EQUAL(lines_in(screen), height);
                    for (int y = 0; y < height; y++) {
                        char *line = line_of(screen, y);
                        CU_ASSERT(text_width(line, strlen(line)) <= (size_t)width);
                        free(line);
                    }
                    free(screen);
                }
        }
        made_up_view_done(&made);
    }
}

/* Whatever a name holds, the row after it stands where it stands for web1. */
static void test_hostile(void)
{
    static const char *const names[] = {"web1",
                                        "\x1b[2J\x1b[H",
                                        "\u6771\u4eac\u6771\u4eac\u6771\u4eac",
                                        "e\u0301\u0308\u0301\u0308",
                                        "\u202eabc\u2066",
                                        "\u05d0\u05d1\u05d2",
                                        "a\tb\nc",
                                        "\xff\xfe\x80",
                                        "a-name-that-is-much-too-long-for-its-column",
                                        "\U0001f4a9\U0001f468\u200d\U0001f469"};
    enum { COUNT = sizeof names / sizeof names[0] };
    struct made_up_view made;
    made_up_view_init(&made, COUNT, names);
    made_up_view_play(&made, 34);
    for (int i = 0; i < COUNT; i++)
        view_say(made.view, GLYPH_UP, STYLE_GOOD, names[i], names[i], "%s", names[i]);
    char *screen = made_up_view_screen(&made, 100, 40, false);
    for (const char *s = screen; *s != '\0'; s++)
        CU_ASSERT(*s == '\n' || (unsigned char)*s >= 0x20);
    CU_ASSERT_PTR_NULL(strstr(screen, "\u202e"));
    CU_ASSERT_PTR_NULL(strstr(screen, "\u2066"));
    size_t column = 0;
    for (int i = 0; i < COUNT; i++) {
        char *line = line_of(screen, 4 + i);
        char *state = strstr(line, i == 4 ? "\u25d0 DRAIN" : "\u25cf UP");
        CU_ASSERT_PTR_NOT_NULL_FATAL(state);
        size_t here = text_width(line, (size_t)(state - line));
        column = i == 0 ? here : column;
        CU_ASSERT_EQUAL(here, column);
        free(line);
    }
    CU_ASSERT(column > strlen(names[0]));
    free(screen);
    made_up_view_done(&made);
}

static void test_ascii_only(void)
{
    static const char *const names[] = {"caf\u00e9", "\u6771\u4eac"};
    struct made_up_view made;
    made_up_view_init(&made, 2, names);
    made_up_view_play(&made, 40);
    for (int help = 0; help < 2; help++) {
        made.view->help = help == 1;
        char *screen = made_up_view_screen(&made, 120, 40, true);
        for (const char *s = screen; *s != '\0'; s++)
            CU_ASSERT((unsigned char)*s < 0x7f);
        free(screen);
    }
    made_up_view_done(&made);
}

static const struct check_test tests[] = {
    {"the table of servers", test_table},
    {"columns drop from the right", test_narrow},
    {"more servers than rows scroll", test_scroll},
    {"a screen that is too small says so", test_small},
    {"the help page holds every key", test_help},
    {"the table of keys", test_keys},
    {"every size", test_sizes},
    {"hostile names", test_hostile},
    {"ASCII only", test_ascii_only},
};

CHECK_MAIN("panels")
