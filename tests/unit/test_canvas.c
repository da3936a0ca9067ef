/*
 * The canvas: clipping, wide and combining characters, hostile text, bars, ASCII; and the narrow
 * numbers.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"
#include "ui/dashboard/canvas.h"
#include "ui/dashboard/number.h"

/* Row y of the canvas as canvas_print writes it. */
static const char *row(const struct canvas *canvas, int y)
{
    static char line[512];
    char *all = NULL, *at;
    size_t size = 0;
    FILE *to = open_memstream(&all, &size);
    canvas_print(canvas, to);
    (void)fclose(to);
    at = all;
    for (int i = 0; i < y; i++)
        at = strchr(at, '\n') + 1;
    (void)snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
    free(all);
    return line;
}

static void test_text(void)
{
    struct canvas c;
    canvas_init(&c, 10, 2, false);
    CU_ASSERT_EQUAL(canvas_text(&c, 1, 0, 9, STYLE_BAD, "web1"), 4);
    CU_ASSERT_STRING_EQUAL(row(&c, 0), " web1");
    CU_ASSERT_EQUAL(canvas_at(&c, 1, 0)->style, STYLE_BAD);
    CU_ASSERT_EQUAL(canvas_at(&c, 5, 0)->style, STYLE_NORMAL);
    CU_ASSERT_EQUAL(canvas_text(&c, 0, 1, 6, STYLE_NORMAL, "overflows"), 6);
    CU_ASSERT_STRING_EQUAL(row(&c, 1), "overf\u2026");
    canvas_clear(&c);
    canvas_right(&c, 0, 0, 6, STYLE_NORMAL, "12");
    CU_ASSERT_STRING_EQUAL(row(&c, 0), "    12");
    CU_ASSERT_EQUAL(canvas_text(&c, 0, 1, 0, STYLE_NORMAL, "none"), 0);
    CU_ASSERT_STRING_EQUAL(row(&c, 1), "");
    canvas_done(&c);
}

static void test_clip(void)
{
    struct canvas c;
    canvas_init(&c, 8, 4, true);
    canvas_clip(&c, (struct area){2, 1, 3, 2});
    canvas_text(&c, -1, 0, 20, STYLE_NORMAL, "abcdefgh");
    canvas_text(&c, 0, 5, 20, STYLE_NORMAL, "below");
    canvas_text(&c, 0, -1, 20, STYLE_NORMAL, "above");
    canvas_rule(&c, 1);
    canvas_bar(&c, 2, 0, 50, STYLE_NORMAL, 1.0);
    canvas_reverse(&c, -5, 0, 50);
    CU_ASSERT_STRING_EQUAL(row(&c, 0), "");
    CU_ASSERT_STRING_EQUAL(row(&c, 1), "  bc#");
    CU_ASSERT_STRING_EQUAL(row(&c, 2), "  ---");
    CU_ASSERT_STRING_EQUAL(row(&c, 3), "");
    CU_ASSERT_EQUAL(canvas_at(&c, 1, 1)->style, STYLE_NORMAL);
    CU_ASSERT_EQUAL(canvas_at(&c, 2, 1)->style, STYLE_NORMAL | STYLE_REVERSE);
    canvas_clip(&c, (struct area){6, 3, 50, 50});
    CU_ASSERT_EQUAL(c.clip.width, 2);
    CU_ASSERT_EQUAL(c.clip.height, 1);
    canvas_done(&c);
}

static void test_wide(void)
{
    struct canvas c;
    canvas_init(&c, 6, 1, false);
    CU_ASSERT_EQUAL(canvas_text(&c, 0, 0, 6, STYLE_NORMAL, "\u6771\u4eac"), 4);
    CU_ASSERT_EQUAL(canvas_at(&c, 0, 0)->width, 2);
    CU_ASSERT_EQUAL(canvas_at(&c, 1, 0)->width, 0);
    /* Overwriting either half leaves no half behind. */
    canvas_text(&c, 1, 0, 1, STYLE_NORMAL, "x");
    CU_ASSERT_STRING_EQUAL(row(&c, 0), " x\u4eac");
    canvas_text(&c, 2, 0, 1, STYLE_NORMAL, "y");
    CU_ASSERT_STRING_EQUAL(row(&c, 0), " xy");
    /* No half at the edge of the clip area, and none after a cut. */
    canvas_clear(&c);
    canvas_text(&c, 5, 0, 2, STYLE_NORMAL, "\u6771");
    CU_ASSERT_STRING_EQUAL(row(&c, 0), "     ?");
    canvas_clear(&c);
    CU_ASSERT_EQUAL(canvas_text(&c, 0, 0, 4, STYLE_NORMAL, "\u6771\u4eac\u6771"), 3);
    CU_ASSERT_STRING_EQUAL(row(&c, 0), "\u6771\u2026");
    canvas_done(&c);
}

static void test_combining(void)
{
    struct canvas c;
    canvas_init(&c, 6, 1, false);
    CU_ASSERT_EQUAL(canvas_text(&c, 0, 0, 6, STYLE_NORMAL, "e\u0301x"), 2);
    CU_ASSERT_STRING_EQUAL(canvas_at(&c, 0, 0)->glyph, "e\u0301");
    /* A pile of marks stays within its cell. */
    char pile[256] = "o";
    for (int i = 0; i < 100; i++)
        strcat(pile, "\u0308");
    CU_ASSERT_EQUAL(canvas_text(&c, 3, 0, 3, STYLE_NORMAL, pile), 1);
    CU_ASSERT(strlen(canvas_at(&c, 3, 0)->glyph) < sizeof canvas_at(&c, 3, 0)->glyph);
    CU_ASSERT_STRING_EQUAL(canvas_at(&c, 4, 0)->glyph, " ");
    /* A mark with nothing before it joins nothing. */
    canvas_clear(&c);
    CU_ASSERT_EQUAL(canvas_text(&c, 0, 0, 6, STYLE_NORMAL, "\u0301a"), 1);
    CU_ASSERT_STRING_EQUAL(canvas_at(&c, 0, 0)->glyph, "a");
    canvas_done(&c);
}

static void test_hostile(void)
{
    static const char *const bad[] = {"\x1b[2J",
                                      "a\rb",
                                      "\x9b[1m",
                                      "\u202egnp.exe",
                                      "a\u200bb",
                                      "\u2066x",
                                      "\xff\xfe",
                                      "\xc3",
                                      "\xc2\x85",
                                      "\ufeffx",
                                      "\ufe0f",
                                      "\U0001f1e9\U0001f1ea",
                                      "\U0001f468\u200d\U0001f469",
                                      "\U000e0041",
                                      "\ue000",
                                      "\u3164"};
    struct canvas c;
    canvas_init(&c, 20, 1, false);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        canvas_clear(&c);
        canvas_text(&c, 0, 0, 20, STYLE_NORMAL, bad[i]);
        const char *line = row(&c, 0);
        CU_ASSERT_PTR_NOT_NULL(strchr(line, '?'));
        for (const char *s = line; *s != '\0'; s++)
            CU_ASSERT((unsigned char)*s >= 0x20 && (unsigned char)*s < 0x7f);
    }
    canvas_done(&c);
}

static void test_ascii(void)
{
    struct canvas c;
    canvas_init(&c, 100, 1, true);
    for (int g = 0; g < GLYPHS; g++)
        canvas_glyph(&c, g, 0, STYLE_NORMAL, (enum glyph)g);
    canvas_text(&c, GLYPHS, 0, 20, STYLE_NORMAL, "\u00e9\u6771e\u0301");
    const char *line = row(&c, 0);
    CU_ASSERT_EQUAL(strlen(line), GLYPHS + 4); /* the combining mark is a '?' of its own */
    for (const char *s = line; *s != '\0'; s++)
        CU_ASSERT((unsigned char)*s < 0x7f);
    for (unsigned dots = 1; dots < 256; dots++) {
        char a[4], u[4];
        CU_ASSERT_EQUAL(strlen(glyph_dots(a, dots, true)), 1);
        CU_ASSERT(a[0] > ' ' && a[0] < 0x7f);
        CU_ASSERT_EQUAL(strlen(glyph_dots(u, dots, false)), 3);
    }
    canvas_done(&c);
}

/* U+2800 + the pattern, as the Braille block numbers its dots. */
static void test_dots(void)
{
    char buf[4];
    CU_ASSERT_STRING_EQUAL(glyph_dots(buf, 0x01, false), "\u2801"); /* top left */
    CU_ASSERT_STRING_EQUAL(glyph_dots(buf, 0x02, false), "\u2808"); /* top right */
    CU_ASSERT_STRING_EQUAL(glyph_dots(buf, 0x40, false), "\u2840"); /* bottom left */
    CU_ASSERT_STRING_EQUAL(glyph_dots(buf, 0xff, false), "\u28ff");
    CU_ASSERT_STRING_EQUAL(glyph_dots(buf, 0xc0, true), "_");
    CU_ASSERT_STRING_EQUAL(glyph_dots(buf, 0xff, true), "|");
}

static void test_bar(void)
{
    struct canvas c;
    canvas_init(&c, 4, 1, false);
    canvas_bar(&c, 0, 0, 4, STYLE_GOOD, 0.5);
    CU_ASSERT_STRING_EQUAL(row(&c, 0), "\u2588\u2588\u00b7\u00b7");
    canvas_bar(&c, 0, 0, 4, STYLE_GOOD, 0.375);
    CU_ASSERT_STRING_EQUAL(row(&c, 0), "\u2588\u258c\u00b7\u00b7");
    canvas_bar(&c, 0, 0, 4, STYLE_GOOD, 1e-9);
    CU_ASSERT_STRING_EQUAL(row(&c, 0), "\u258f\u00b7\u00b7\u00b7");
    canvas_bar(&c, 0, 0, 4, STYLE_GOOD, NAN);
    CU_ASSERT_STRING_EQUAL(row(&c, 0), "\u00b7\u00b7\u00b7\u00b7");
    canvas_bar(&c, 0, 0, 4, STYLE_GOOD, 7.0);
    CU_ASSERT_STRING_EQUAL(row(&c, 0), "\u2588\u2588\u2588\u2588");
    c.ascii = true;
    canvas_bar(&c, 0, 0, 4, STYLE_GOOD, 1e-9);
    CU_ASSERT_STRING_EQUAL(row(&c, 0), "#...");
    canvas_done(&c);
}

static void test_sizes(void)
{
    struct canvas c;
    canvas_init(&c, -5, 0, false);
    CU_ASSERT_EQUAL(c.width, 1);
    CU_ASSERT_EQUAL(c.height, 1);
    canvas_resize(&c, 5000, 3);
    CU_ASSERT_EQUAL(c.width, CANVAS_MAX);
    canvas_text(&c, CANVAS_MAX - 1, 2, 9, STYLE_NORMAL, "ab");
    CU_ASSERT_STRING_EQUAL(canvas_at(&c, CANVAS_MAX - 1, 2)->glyph, "a");
    canvas_done(&c);
}

static void test_numbers(void)
{
    char buf[NUMBER_SIZE];
    CU_ASSERT_STRING_EQUAL(number_ms(buf, 0), "0.00");
    CU_ASSERT_STRING_EQUAL(number_ms(buf, 52e3), "0.052");
    CU_ASSERT_STRING_EQUAL(number_ms(buf, 1), "0.001");
    CU_ASSERT_STRING_EQUAL(number_ms(buf, 8.314e6), "8.31");
    CU_ASSERT_STRING_EQUAL(number_ms(buf, 9.999e6), "10.0");
    CU_ASSERT_STRING_EQUAL(number_ms(buf, 99.96e6), "100");
    CU_ASSERT_STRING_EQUAL(number_ms(buf, 1411e6), "1411");
    CU_ASSERT_STRING_EQUAL(number_ms(buf, 12345e6), "12.3k");
    CU_ASSERT_STRING_EQUAL(number_ms(buf, NAN), "-");
    CU_ASSERT_STRING_EQUAL(number_count(buf, 9999), "9999");
    CU_ASSERT_STRING_EQUAL(number_count(buf, 12345), "12.3k");
    CU_ASSERT_STRING_EQUAL(number_count(buf, 999999), "1.00M");
    CU_ASSERT_STRING_EQUAL(number_count(buf, UINT64_MAX), "18.4E");
    CU_ASSERT_STRING_EQUAL(number_rate(buf, 913.2), "913");
    CU_ASSERT_STRING_EQUAL(number_rate(buf, 0.25), "0.25");
    CU_ASSERT_STRING_EQUAL(number_rate(buf, 0), "0");
    CU_ASSERT_STRING_EQUAL(number_rate(buf, 1e300), "huge");
    CU_ASSERT_STRING_EQUAL(number_share(buf, 0), "0%");
    CU_ASSERT_STRING_EQUAL(number_share(buf, 1e-7), "<0.1%");
    CU_ASSERT_STRING_EQUAL(number_share(buf, 0.002), "0.2%");
    CU_ASSERT_STRING_EQUAL(number_share(buf, 1), "100%");
    CU_ASSERT_STRING_EQUAL(number_speed(buf, 0.1), "x0.1");
    CU_ASSERT_STRING_EQUAL(number_speed(buf, INFINITY), "max");
}

static const struct check_test tests[] = {
    {"text is cut, right-aligned and styled", test_text},
    {"nothing is drawn outside the clip area", test_clip},
    {"wide characters are never halved", test_wide},
    {"combining marks stay in their cell", test_combining},
    {"hostile text becomes harmless", test_hostile},
    {"every glyph has an ASCII spelling", test_ascii},
    {"dots are where Braille has them", test_dots},
    {"bars fill by eighths", test_bar},
    {"sizes are brought into range", test_sizes},
    {"numbers fit narrow columns", test_numbers},
};

CHECK_MAIN("canvas")
