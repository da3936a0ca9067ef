/*
 * A curve over the last VIEW_TICKS ticks, two by four dots a cell, with a line at each command.
 *
 * The scale starts at zero and ends at a round number, so that heights can be compared. The newest
 * tick stands at the right edge once the curve is full; before, the curve grows from the left.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "ui/dashboard/number.h"
#include "ui/dashboard/panel.h"

#define LABEL       6 /* columns of the scale, with the blank behind it */
#define COLUMNS_MAX (VIEW_TICKS * 5)

static const struct {
    const char *title, *unit;
    double scale; /* of a stored value to the unit */
    unsigned style;
} series[SERIES_COUNT] = {
    [SERIES_P99] = {"p99", "ms", 1e-6, STYLE_ACCENT},
    [SERIES_QUEUE] = {"waiting", "requests", 1, STYLE_WARN},
    [SERIES_RATE] = {"served", "/s", 1, STYLE_GOOD},
};

struct plot {
    struct canvas *canvas;
    const struct view *view;
    int left, top, width, rows; /* of the cells that hold dots */
    int64_t first;              /* the tick at the left edge */
    double step;                /* of the scale, a row */
};

/* The x of a moment in dots from the left edge of the plot. */
static double dot_of(const struct plot *plot, lb_time at)
{
    double ticks = (double)at / (double)plot->view->tick - (double)plot->first;
    return ticks * plot->width * 2 / VIEW_TICKS;
}

/* The value half-way between two ticks is between theirs; NAN next to a tick without a value. */
static double value_at(const struct plot *plot, int dot)
{
    const struct view *view = plot->view;
    const float *curve = view->series[view->chart];
    double tick = (double)dot * VIEW_TICKS / (plot->width * 2) - 0.5;
    int64_t a = plot->first + (int64_t)floor(tick), b = a + 1;
    double share = tick - floor(tick);
    int64_t oldest = view->last_tick - VIEW_TICKS + 1;
    oldest = oldest < 0 ? 0 : oldest;
    if (a < oldest)
        a = b;
    if (b > view->last_tick)
        b = a;
    if (a < oldest || a > view->last_tick)
        return NAN;
    double from = (double)curve[a % VIEW_TICKS], to = (double)curve[b % VIEW_TICKS];
    return (from + (to - from) * share) * series[view->chart].scale;
}

/* A round step so that `rows` of them hold the highest value. */
static double round_step(double highest, int rows)
{
    static const double steps[] = {1, 2, 2.5, 5, 10};
    double least = highest / rows;
    if (!(least > 0))
        return 1;
    double power = pow(10, floor(log10(least)));
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (steps[i] * power >= least * 0.9999)
            return steps[i] * power;
    return 10 * power;
}

static void find_scale(struct plot *plot)
{
    double highest = 0;
    for (int i = 0; i < VIEW_TICKS; i++) {
        double value = (double)plot->view->series[plot->view->chart][i];
        highest = value > highest ? value : highest;
    }
    plot->step = round_step(highest * series[plot->view->chart].scale, plot->rows);
    int64_t last = plot->view->last_tick;
    plot->first = last >= VIEW_TICKS ? last - VIEW_TICKS + 1 : 0;
}

/* Each column of dots joins its value to that of the column before it. */
static void draw_curve(const struct plot *plot)
{
    unsigned style = series[plot->view->chart].style;
    unsigned dots[COLUMNS_MAX][2] = {{0}}; /* rows of a column as two words: up to 64 */
    int height = plot->rows * 4, before = -1;
    for (int x = 0; x < plot->width * 2; x++) {
        double value = value_at(plot, x);
        if (isnan(value)) {
            before = -1;
            continue;
        }
        int y = (int)(value / plot->step * 4);
        y = y < 0 ? 0 : y >= height ? height - 1 : y;
        int low = before < 0 ? y : before < y ? before + 1 : y;
        int high = before > y ? before - 1 : y;
        for (int i = low; i <= (high > y ? high : y); i++)
            dots[x][i / 32] |= 1U << (i % 32);
        before = y;
    }
    for (int row = 0; row < plot->rows; row++)
        for (int column = 0; column < plot->width; column++) {
            unsigned pattern = 0;
            for (int i = 0; i < 4; i++)
                for (int half = 0; half < 2; half++) {
                    int y = (plot->rows - 1 - row) * 4 + 3 - i;
                    if (dots[column * 2 + half][y / 32] >> (y % 32) & 1U)
                        pattern |= 1U << (i * 2 + half);
                }
            canvas_dots(plot->canvas, plot->left + column, plot->top + row, style, pattern);
        }
}

/* Are these cells free, and inside the plot? */
static bool is_free(const struct plot *plot, int x, int y, int size)
{
    bool yes = x >= plot->left && x + size <= plot->left + plot->width;
    for (int i = 0; i < size && yes; i++)
        yes = canvas_blank(plot->canvas, x + i, y);
    return yes;
}

/* Lines first, then the curve over them, then labels where nothing else stands: behind the line
 * or before it, as high as possible. */
static void draw_moments(const struct plot *plot, bool labels)
{
    for (uint32_t i = 0; i < view_event_kept(plot->view); i++) {
        const struct view_event *event = view_event(plot->view, i);
        double dot = event->moment ? dot_of(plot, event->at) : -1;
        int x = plot->left + (int)(dot / 2);
        if (dot < 0 || x >= plot->left + plot->width)
            continue;
        for (int row = 0; !labels && row < plot->rows; row++)
            canvas_glyph(plot->canvas, x, plot->top + row, STYLE_DIM, GLYPH_MOMENT);
        if (!labels)
            continue;
        char text[80];
        (void)snprintf(text, sizeof text, "%s %s", event->subject, event->word);
        int size = (int)text_width(text, strlen(text));
        for (int y = plot->top; y < plot->top + plot->rows; y++) {
            int at = is_free(plot, x + 1, y, size) ? x + 1 : x - size;
            if (at == x - size && !is_free(plot, at, y, size))
                continue;
            canvas_text(plot->canvas, at, y, size, event->style, text);
            break;
        }
    }
}

/* The axis carries its times itself: a tick mark, and the time right behind it. */
static void draw_axis(const struct plot *plot)
{
    int y = plot->top + plot->rows;
    char text[32];
    canvas_right(plot->canvas, 0, y, LABEL - 1, STYLE_DIM, "0");
    canvas_glyph(plot->canvas, LABEL, y, STYLE_DIM, GLYPH_BOTTOM_LEFT);
    for (int x = 0; x < plot->width; x++)
        canvas_glyph(plot->canvas, plot->left + x, y, STYLE_DIM, GLYPH_RULE);
    int64_t every = plot->width >= 50 ? 10 : 20;
    for (int64_t t = (plot->first + every - 1) / every * every;; t += every) {
        int x = (int)(dot_of(plot, t * plot->view->tick) / 2);
        units_format_clock(text, sizeof text, t * plot->view->tick);
        size_t size = strlen(text);
        if (plot->view->tick >= UNITS_S / 10 && strcmp(text + size - 2, ".0") == 0)
            text[size -= 2] = '\0';
        if (x + (int)size + 1 > plot->width)
            break;
        canvas_glyph(plot->canvas, plot->left + x, y, STYLE_DIM, GLYPH_TICK);
        canvas_text(plot->canvas, plot->left + x + 1, y, (int)size, STYLE_DIM, text);
    }
}

static void draw_scale(const struct plot *plot)
{
    char text[32];
    for (int row = 0; row < plot->rows; row++) {
        double value = plot->step * (plot->rows - row);
        if (value >= 100000)
            (void)snprintf(text, sizeof text, "%.3gk", value / 1000);
        else
            (void)snprintf(text, sizeof text, "%.4g", value);
        canvas_right(plot->canvas, 0, plot->top + row, LABEL - 1, STYLE_DIM, text);
        canvas_glyph(plot->canvas, LABEL, plot->top + row, STYLE_DIM, GLYPH_WALL);
    }
}

static void draw(struct view *view, struct canvas *canvas)
{
    char span[32];
    struct plot plot = {.canvas = canvas, .view = view, .left = LABEL + 1, .top = 1};
    plot.width = canvas->clip.width - plot.left - 1;
    plot.width = plot.width > COLUMNS_MAX / 2 ? COLUMNS_MAX / 2 : plot.width;
    plot.rows = canvas->clip.height - 2;
    plot.rows = plot.rows > 16 ? 16 : plot.rows; /* 64 dots */
    find_scale(&plot);
    int x = 1 + canvas_textf(canvas, 1, 0, 40, STYLE_TITLE, "%s", series[view->chart].title);
    canvas_textf(canvas, x + 1, 0, 60, STYLE_DIM, "%s, last %s", series[view->chart].unit,
                 units_format(span, sizeof span, view->tick * VIEW_TICKS));
    draw_scale(&plot);
    draw_axis(&plot);
    draw_moments(&plot, false);
    draw_curve(&plot);
    draw_moments(&plot, true);
}

static int want(const struct view *view, int width, int height)
{
    (void)width;
    if (view->chart == SERIES_COUNT || height < 20)
        return 0;
    int rows = height / 4;
    return rows < 5 ? 5 : rows > 18 ? 18 : rows;
}

static bool act(struct view *view, enum deed deed)
{
    if (deed != DO_CHART)
        return false;
    view->chart = (view->chart + 1) % (SERIES_COUNT + 1);
    return true;
}

const struct panel panel_chart = {.name = "chart",
                                  .min_width = 60,
                                  .min_height = 5,
                                  .rank = 3,
                                  .want = want,
                                  .draw = draw,
                                  .act = act};
