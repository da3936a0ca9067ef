/*
 * Every character of the dashboard that is not plain text, with its ASCII stand-in.
 *
 * One table in glyph.c holds both spellings; a panel names a glyph and never spells one, so a
 * terminal without Unicode loses no mark. All glyphs are one column wide.
 */
#ifndef DASHBOARD_GLYPH_H
#define DASHBOARD_GLYPH_H

#include <stdbool.h>

enum glyph {
    GLYPH_SPACE,
    GLYPH_UP, /* marks of state */
    GLYPH_DOWN,
    GLYPH_DRAIN,
    GLYPH_SLOW,
    GLYPH_WARM,
    GLYPH_EJECTED,
    GLYPH_HUNG,
    GLYPH_CHANGE,
    GLYPH_PLAY, /* marks of the run */
    GLYPH_PAUSE,
    GLYPH_DONE,
    GLYPH_SELECT, /* the selected row */
    GLYPH_MORE,   /* text cut off */
    GLYPH_RULE,   /* lines */
    GLYPH_WALL,
    GLYPH_TOP_LEFT,
    GLYPH_TOP_RIGHT,
    GLYPH_BOTTOM_LEFT,
    GLYPH_BOTTOM_RIGHT,
    GLYPH_TICK,   /* on an axis */
    GLYPH_MOMENT, /* a vertical line at an event */
    GLYPH_REST,   /* bars */
    GLYPH_QUEUE,
    GLYPH_SHADE_1, /* SHADE_1 to SHADE_4: darker and darker */
    GLYPH_SHADE_2,
    GLYPH_SHADE_3,
    GLYPH_SHADE_4,
    GLYPH_EIGHTH_1, /* EIGHTH_1 + n - 1 fills n eighths of the cell from the left */
    GLYPH_EIGHTH_2,
    GLYPH_EIGHTH_3,
    GLYPH_EIGHTH_4,
    GLYPH_EIGHTH_5,
    GLYPH_EIGHTH_6,
    GLYPH_EIGHTH_7,
    GLYPH_EIGHTH_8,
    GLYPH_SPARK_1, /* SPARK_1 + n - 1 fills n eighths from the bottom */
    GLYPH_SPARK_2,
    GLYPH_SPARK_3,
    GLYPH_SPARK_4,
    GLYPH_SPARK_5,
    GLYPH_SPARK_6,
    GLYPH_SPARK_7,
    GLYPH_SPARK_8,
    GLYPHS
};

/* The glyph as a NUL-terminated string, UTF-8 or one ASCII character. */
const char *glyph_text(enum glyph glyph, bool ascii);

/*
 * A cell of a chart with 2 x 4 dots. Bit y * 2 + x of dots is the dot in column x, row y from the
 * top. buf takes at least 4 bytes. Returns buf. In ASCII the character sits at the height of the
 * dots: _ . - " from the bottom up, | for a steep line.
 */
const char *glyph_dots(char *buf, unsigned dots, bool ascii);

#endif
