/*
 * A rectangle of cells that panels draw on: a glyph of UTF-8, a style and a width each.
 *
 * Panels know nothing of terminals; a terminal (term.h) shows a canvas, a test prints it. Drawing
 * outside the clip area does nothing, so no panel can spoil another. Names from a scenario may
 * hold anything: control characters, direction overrides, joiners and characters about whose
 * width terminals disagree become '?', here once more even when the caller escaped them already.
 */
#ifndef DASHBOARD_CANVAS_H
#define DASHBOARD_CANVAS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ui/dashboard/glyph.h"

/* What a cell means; a theme decides what it looks like. */
enum style {
    STYLE_NORMAL,
    STYLE_DIM,
    STYLE_TITLE,
    STYLE_GOOD,
    STYLE_WARN,
    STYLE_BAD,
    STYLE_ACCENT,
    STYLES
};
#define STYLE_REVERSE 0x80U /* or-ed to any of them: the selection */

#define CANVAS_MAX 1000 /* columns and rows; a larger terminal is used in part */

struct canvas_cell {
    char glyph[14]; /* a base character and what combines with it; "" behind a wide one */
    uint8_t width;  /* 1, 2, or 0 = right half of the cell before it */
    uint8_t style;
};

struct area {
    int x, y, width, height;
};

struct canvas {
    int width, height;
    bool ascii;
    struct area clip; /* coordinates of the drawing calls are relative to it */
    struct canvas_cell *cells;
};

/* width and height are brought into 1 .. CANVAS_MAX. canvas_resize empties the canvas. */
void canvas_init(struct canvas *canvas, int width, int height, bool ascii);
void canvas_done(struct canvas *canvas);
void canvas_resize(struct canvas *canvas, int width, int height);
/* Empties every cell and sets the clip area to the whole canvas. */
void canvas_clear(struct canvas *canvas);
/* Limits drawing to this part of the whole canvas; (0, 0) is then its top left cell. */
void canvas_clip(struct canvas *canvas, struct area area);

/* Text from column x on, at most `room` columns (cut with a mark when it is longer); returns the
 * columns used. */
int canvas_text(struct canvas *canvas, int x, int y, int room, unsigned style, const char *text);
__attribute__((format(printf, 6, 7))) int canvas_textf(struct canvas *canvas, int x, int y,
                                                       int room, unsigned style, const char *format,
                                                       ...);
/* The same, ending before column x + room. */
void canvas_right(struct canvas *canvas, int x, int y, int room, unsigned style, const char *text);

void canvas_glyph(struct canvas *canvas, int x, int y, unsigned style, enum glyph glyph);
/* A cell of dots, see glyph_dots. Nothing is drawn when there are none. */
void canvas_dots(struct canvas *canvas, int x, int y, unsigned style, unsigned dots);
/* A horizontal line through the whole clip area. */
void canvas_rule(struct canvas *canvas, int y);
/* A frame around the whole clip area with a title in its upper edge and one in its lower. */
void canvas_frame(struct canvas *canvas, const char *title, const char *foot);
/* A bar of `width` columns, filled for share (brought into 0 .. 1) in eighths of a column; any
 * share above 0 shows. */
void canvas_bar(struct canvas *canvas, int x, int y, int width, unsigned style, double share);
/* One column per level, 0 (blank) to 8. */
void canvas_spark(struct canvas *canvas, int x, int y, unsigned style, const uint8_t *levels,
                  int count);
/* Adds STYLE_REVERSE to a row of cells. */
void canvas_reverse(struct canvas *canvas, int x, int y, int width);

/* Is the cell at this place of the clip area blank (or outside)? */
bool canvas_blank(const struct canvas *canvas, int x, int y);
/* The cell at this place of the whole canvas. */
const struct canvas_cell *canvas_at(const struct canvas *canvas, int x, int y);

/* The canvas as lines of text, blanks at their ends left out. */
void canvas_print(const struct canvas *canvas, FILE *to);

#endif
