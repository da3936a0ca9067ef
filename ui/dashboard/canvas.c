/*
 * The canvas: cells in rows, clipped drawing, and the guard against hostile text.
 *
 * Cost: a full redraw of 160 x 50 cells takes some tens of microseconds. Widths come from
 * text_width, that is from one table of ours and not from the C library of the day.
 */
#include "ui/dashboard/canvas.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

void canvas_init(struct canvas *canvas, int width, int height, bool ascii)
{
    *canvas = (struct canvas){.ascii = ascii};
    canvas_resize(canvas, width, height);
}

void canvas_done(struct canvas *canvas)
{
    free(canvas->cells);
    canvas->cells = NULL;
}

void canvas_resize(struct canvas *canvas, int width, int height)
{
    canvas->width = clamp(width, 1, CANVAS_MAX);
    canvas->height = clamp(height, 1, CANVAS_MAX);
    free(canvas->cells);
    canvas->cells =
        text_need_zero((size_t)canvas->width * (size_t)canvas->height, sizeof *canvas->cells);
    canvas_clear(canvas);
}

void canvas_clear(struct canvas *canvas)
{
    static const struct canvas_cell blank = {.glyph = " ", .width = 1, .style = STYLE_NORMAL};
    for (int i = 0; i < canvas->width * canvas->height; i++)
        canvas->cells[i] = blank;
    canvas->clip = (struct area){0, 0, canvas->width, canvas->height};
}

void canvas_clip(struct canvas *canvas, struct area area)
{
    int x = clamp(area.x, 0, canvas->width), y = clamp(area.y, 0, canvas->height);
    canvas->clip = (struct area){x, y, clamp(area.width, 0, canvas->width - x),
                                 clamp(area.height, 0, canvas->height - y)};
}

const struct canvas_cell *canvas_at(const struct canvas *canvas, int x, int y)
{
    return &canvas->cells[y * canvas->width + x];
}

static bool inside(const struct canvas *canvas, int x, int y)
{
    return x >= 0 && y >= 0 && x < canvas->clip.width && y < canvas->clip.height;
}

static struct canvas_cell *cell(struct canvas *canvas, int x, int y)
{
    return &canvas->cells[(canvas->clip.y + y) * canvas->width + canvas->clip.x + x];
}

static void fill(struct canvas_cell *c, const char *glyph, size_t size, int width, unsigned style)
{
    memcpy(c->glyph, glyph, size);
    c->glyph[size] = '\0';
    c->width = (uint8_t)width;
    c->style = (uint8_t)style;
}

/* A cell that is about to be overwritten may be half of a wide one: the other half goes blank. */
static void split(struct canvas *canvas, int x, int y)
{
    struct canvas_cell *c = cell(canvas, x, y);
    int column = canvas->clip.x + x;
    if (c->width == 0 && column > 0)
        fill(c - 1, " ", 1, 1, c[-1].style);
    else if (c->width == 2 && column + 1 < canvas->width)
        fill(c + 1, " ", 1, 1, c[1].style);
}

static void put(struct canvas *canvas, int x, int y, unsigned style, const char *glyph, size_t size,
                int width)
{
    if (!inside(canvas, x, y))
        return;
    if (width == 2 && !inside(canvas, x + 1, y)) {
        put(canvas, x, y, style, "?", 1, 1);
        return;
    }
    split(canvas, x, y);
    fill(cell(canvas, x, y), glyph, size, width, style);
    if (width == 2) {
        split(canvas, x + 1, y);
        fill(cell(canvas, x + 1, y), "", 0, 0, style);
    }
}

/*
 * Characters that would move what stands beside them, or whose width terminals see differently:
 * controls, direction marks and overrides, joiners, variation selectors, tags, private use, and
 * beyond the ideographs the whole of the upper planes (emoji, flags, skin tones).
 */
static bool unsafe(uint32_t c)
{
    static const uint32_t ranges[][2] = {
        {0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad},  {0x034f, 0x034f},   {0x061c, 0x061c},
        {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},  {0x200b, 0x200f},   {0x2028, 0x202e},
        {0x2060, 0x206f}, {0x3164, 0x3164}, {0xd800, 0xf8ff},  {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
        {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0xfffe, 0x1ffff}, {0x323b0, 0x10ffff}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return false;
}

static uint32_t decode(const char *s, size_t size)
{
    const unsigned char *b = (const unsigned char *)s;
    if (size == 1)
        return b[0];
    uint32_t c = b[0] & (0xffU >> (size + 1));
    for (size_t i = 1; i < size; i++)
        c = c << 6 | (b[i] & 0x3fU);
    return c;
}

/* Reads one character of a text: its bytes and width as they will be shown. Returns the bytes
 * consumed. */
static size_t next(const struct canvas *canvas, const char *text, size_t left, const char **glyph,
                   size_t *size, int *width)
{
    size_t length = text_utf8_length(text, left);
    size_t taken = length == 0 ? 1 : length;
    if (length == 0 || unsafe(decode(text, length)) || (canvas->ascii && length > 1)) {
        *glyph = "?";
        *size = 1;
        *width = 1;
        return taken;
    }
    *glyph = text;
    *size = length;
    *width = clamp((int)text_width(text, length), 0, 2);
    return taken;
}

/* Columns that a text will take on this canvas. */
static int measure(const struct canvas *canvas, const char *text)
{
    int columns = 0;
    for (size_t left = strlen(text); left > 0;) {
        const char *glyph;
        size_t size;
        int width;
        size_t taken = next(canvas, text, left, &glyph, &size, &width);
        text += taken;
        left -= taken;
        columns += width;
    }
    return columns;
}

/* A combining mark joins the cell before it as long as the cell has room for it. */
static void combine(struct canvas *canvas, int x, int y, const char *mark, size_t size)
{
    if (!inside(canvas, x, y))
        return;
    struct canvas_cell *c = cell(canvas, x, y);
    if (c->width == 0 && inside(canvas, x - 1, y))
        c--;
    size_t used = strlen(c->glyph);
    if (used > 0 && used + size < sizeof c->glyph) {
        memcpy(c->glyph + used, mark, size);
        c->glyph[used + size] = '\0';
    }
}

int canvas_text(struct canvas *canvas, int x, int y, int room, unsigned style, const char *text)
{
    bool cut = measure(canvas, text) > room;
    int limit = cut ? room - 1 : room, used = 0;
    for (size_t left = strlen(text); left > 0;) {
        const char *glyph;
        size_t size;
        int width;
        size_t taken = next(canvas, text, left, &glyph, &size, &width);
        if (used + width > limit)
            break;
        if (width == 0 && used > 0)
            combine(canvas, x + used - 1, y, glyph, size);
        else if (width > 0)
            put(canvas, x + used, y, style, glyph, size, width);
        used += width;
        text += taken;
        left -= taken;
    }
    if (cut && room > 0) {
        canvas_glyph(canvas, x + used, y, style, GLYPH_MORE);
        used++;
    }
    return used;
}

int canvas_textf(struct canvas *canvas, int x, int y, int room, unsigned style, const char *format,
                 ...)
{
    char text[512];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return canvas_text(canvas, x, y, room, style, text);
}

void canvas_right(struct canvas *canvas, int x, int y, int room, unsigned style, const char *text)
{
    int width = measure(canvas, text);
    canvas_text(canvas, width < room ? x + room - width : x, y, room, style, text);
}

void canvas_glyph(struct canvas *canvas, int x, int y, unsigned style, enum glyph glyph)
{
    const char *text = glyph_text(glyph, canvas->ascii);
    put(canvas, x, y, style, text, strlen(text), 1);
}

void canvas_dots(struct canvas *canvas, int x, int y, unsigned style, unsigned dots)
{
    char buf[4];
    if ((dots & 0xffU) == 0)
        return;
    const char *text = glyph_dots(buf, dots, canvas->ascii);
    put(canvas, x, y, style, text, strlen(text), 1);
}

void canvas_rule(struct canvas *canvas, int y)
{
    for (int x = 0; x < canvas->clip.width; x++)
        canvas_glyph(canvas, x, y, STYLE_DIM, GLYPH_RULE);
}

void canvas_frame(struct canvas *canvas, const char *title, const char *foot)
{
    int right = canvas->clip.width - 1, bottom = canvas->clip.height - 1;
    canvas_rule(canvas, 0);
    canvas_rule(canvas, bottom);
    for (int y = 1; y < bottom; y++) {
        canvas_glyph(canvas, 0, y, STYLE_DIM, GLYPH_WALL);
        canvas_glyph(canvas, right, y, STYLE_DIM, GLYPH_WALL);
    }
    canvas_glyph(canvas, 0, 0, STYLE_DIM, GLYPH_TOP_LEFT);
    canvas_glyph(canvas, right, 0, STYLE_DIM, GLYPH_TOP_RIGHT);
    canvas_glyph(canvas, 0, bottom, STYLE_DIM, GLYPH_BOTTOM_LEFT);
    canvas_glyph(canvas, right, bottom, STYLE_DIM, GLYPH_BOTTOM_RIGHT);
    canvas_textf(canvas, 1, 0, right - 2, STYLE_TITLE, " %s ", title);
    int width = measure(canvas, foot) + 2;
    if (width < right)
        canvas_textf(canvas, right - width, bottom, width, STYLE_DIM, " %s ", foot);
}

void canvas_bar(struct canvas *canvas, int x, int y, int width, unsigned style, double share)
{
    share = share > 0 ? (share < 1 ? share : 1) : 0; /* NAN becomes 0 */
    int eighths = (int)(share * width * 8 + 0.5);
    if (share > 0 && eighths == 0)
        eighths = 1;
    if (canvas->ascii && share > 0 && eighths < 4)
        eighths = 4;
    for (int i = 0; i < width; i++) {
        int here = clamp(eighths - i * 8, 0, 8);
        if (here == 0)
            canvas_glyph(canvas, x + i, y, STYLE_DIM, GLYPH_REST);
        else
            canvas_glyph(canvas, x + i, y, style, (enum glyph)(GLYPH_EIGHTH_1 + here - 1));
    }
}

void canvas_spark(struct canvas *canvas, int x, int y, unsigned style, const uint8_t *levels,
                  int count)
{
    for (int i = 0; i < count; i++)
        if (levels[i] > 0)
            canvas_glyph(canvas, x + i, y, style,
                         (enum glyph)(GLYPH_SPARK_1 + clamp(levels[i], 1, 8) - 1));
}

void canvas_reverse(struct canvas *canvas, int x, int y, int width)
{
    for (int i = 0; i < width; i++)
        if (inside(canvas, x + i, y))
            cell(canvas, x + i, y)->style |= STYLE_REVERSE;
}

bool canvas_blank(const struct canvas *canvas, int x, int y)
{
    if (!inside(canvas, x, y))
        return true;
    const struct canvas_cell *c = canvas_at(canvas, canvas->clip.x + x, canvas->clip.y + y);
    return c->width == 1 && strcmp(c->glyph, " ") == 0;
}

void canvas_print(const struct canvas *canvas, FILE *to)
{
    for (int y = 0; y < canvas->height; y++) {
        int end = canvas->width;
        while (end > 0 && strcmp(canvas_at(canvas, end - 1, y)->glyph, " ") == 0)
            end--;
        for (int x = 0; x < end; x++)
            (void)fputs(canvas_at(canvas, x, y)->glyph, to);
        (void)fputc('\n', to);
    }
}
