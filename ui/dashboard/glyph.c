/*
 * The table of glyphs.
 *
 * Only characters that Unicode calls one column wide (or ambiguous, which every UTF-8 locale of
 * the C libraries counts as one), from blocks that the usual terminal fonts cover: Geometric
 * Shapes, Box Drawing, Block Elements, Braille Patterns.
 */
#include "ui/dashboard/glyph.h"

static const struct {
    const char *unicode, *ascii;
} glyphs[GLYPHS] = {
    [GLYPH_SPACE] = {" ", " "},
    [GLYPH_UP] = {"\u25cf", "+"},
    [GLYPH_DOWN] = {"\u2717", "X"},
    [GLYPH_DRAIN] = {"\u25d0", "~"},
    [GLYPH_SLOW] = {"\u25b2", "!"},
    [GLYPH_WARM] = {"\u25d4", "^"},
    [GLYPH_EJECTED] = {"\u25c7", "-"},
    [GLYPH_HUNG] = {"\u25cc", "?"},
    [GLYPH_CHANGE] = {"\u25c6", "*"},
    [GLYPH_PLAY] = {"\u25b6", ">"},
    [GLYPH_PAUSE] = {"\u2016", "="},
    [GLYPH_DONE] = {"\u25a0", "#"},
    [GLYPH_SELECT] = {"\u25b8", ">"},
    [GLYPH_MORE] = {"\u2026", "~"},
    [GLYPH_RULE] = {"\u2500", "-"},
    [GLYPH_WALL] = {"\u2502", "|"},
    [GLYPH_TOP_LEFT] = {"\u250c", "+"},
    [GLYPH_TOP_RIGHT] = {"\u2510", "+"},
    [GLYPH_BOTTOM_LEFT] = {"\u2514", "+"},
    [GLYPH_BOTTOM_RIGHT] = {"\u2518", "+"},
    [GLYPH_TICK] = {"\u2534", "+"},
    [GLYPH_MOMENT] = {"\u254e", "|"},
    [GLYPH_REST] = {"\u00b7", "."},
    [GLYPH_QUEUE] = {"\u2592", "="},
    [GLYPH_SHADE_1] = {"\u2591", "."},
    [GLYPH_SHADE_2] = {"\u2592", ":"},
    [GLYPH_SHADE_3] = {"\u2593", "+"},
    [GLYPH_SHADE_4] = {"\u2588", "#"},
    [GLYPH_EIGHTH_1] = {"\u258f", "."},
    [GLYPH_EIGHTH_2] = {"\u258e", "."},
    [GLYPH_EIGHTH_3] = {"\u258d", "."},
    [GLYPH_EIGHTH_4] = {"\u258c", "#"},
    [GLYPH_EIGHTH_5] = {"\u258b", "#"},
    [GLYPH_EIGHTH_6] = {"\u258a", "#"},
    [GLYPH_EIGHTH_7] = {"\u2589", "#"},
    [GLYPH_EIGHTH_8] = {"\u2588", "#"},
    [GLYPH_SPARK_1] = {"\u2581", "_"},
    [GLYPH_SPARK_2] = {"\u2582", "."},
    [GLYPH_SPARK_3] = {"\u2583", "-"},
    [GLYPH_SPARK_4] = {"\u2584", ":"},
    [GLYPH_SPARK_5] = {"\u2585", "="},
    [GLYPH_SPARK_6] = {"\u2586", "+"},
    [GLYPH_SPARK_7] = {"\u2587", "*"},
    [GLYPH_SPARK_8] = {"\u2588", "#"},
};

const char *glyph_text(enum glyph glyph, bool ascii)
{
    return ascii ? glyphs[glyph].ascii : glyphs[glyph].unicode;
}

/* The rows of a cell that hold a dot, bit 0 the top one, to a character of about that height. */
static char dots_to_ascii(unsigned dots)
{
    static const char by_rows[16] = {' ', '"', '-', '"', '.', '-', '-', '|',
                                     '_', '|', ':', '|', '_', '|', '|', '|'};
    unsigned rows = 0;
    for (unsigned y = 0; y < 4; y++)
        if ((dots >> (y * 2) & 3U) != 0)
            rows |= 1U << y;
    return by_rows[rows];
}

const char *glyph_dots(char *buf, unsigned dots, bool ascii)
{
    dots &= 0xffU;
    if (ascii || dots == 0) {
        buf[0] = dots_to_ascii(dots);
        buf[1] = '\0';
        return buf;
    }
    /* Braille numbers its dots down the left column, then down the right, the fourth row last. */
    static const unsigned char bit[8] = {0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80};
    unsigned pattern = 0;
    for (unsigned i = 0; i < 8; i++)
        if (dots >> i & 1U)
            pattern |= bit[i];
    buf[0] = (char)0xe2; /* U+2800 + pattern */
    buf[1] = (char)(0xa0 | pattern >> 6);
    buf[2] = (char)(0x80 | (pattern & 0x3f));
    buf[3] = '\0';
    return buf;
}
