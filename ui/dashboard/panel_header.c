/*
 * The two top lines: what runs, how far it is, and how it goes.
 *
 * Rates are of the last tick, percentiles of the last VIEW_WINDOW ticks, lost counts from the
 * start; once the run has ended all are of its measured requests.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/units.h"
#include "ui/dashboard/number.h"
#include "ui/dashboard/panel.h"

struct figures {
    double in, served, share, quantile[4];
    uint64_t lost;
};

static const double quantiles[4] = {0.5, 0.9, 0.99, 0.999};

static void collect(const struct view *view, struct figures *f)
{
    uint64_t ended = view->ok + view->failed;
    if (view->whole) {
        *f = (struct figures){.in = view->whole_in,
                              .served = view->whole_ok,
                              .share = view->whole_share,
                              .lost = view->whole_failed};
        memcpy(f->quantile, view->whole_quantile, sizeof f->quantile);
        return;
    }
    *f = (struct figures){.in = view->in_rate,
                          .served = view->ok_rate,
                          .share = ended > 0 ? (double)view->failed / (double)ended : 0,
                          .lost = view->failed};
    for (int i = 0; i < 4; i++)
        f->quantile[i] = view_quantile(view, -1, quantiles[i]);
}

/* "0:34.2", and while the run stands still "0:34.218301": one event is often less than 1 ms. */
static void clock_now(const struct view *view, char *buf, size_t size)
{
    units_format_clock(buf, size, view->now);
    size_t used = strlen(buf);
    if (view->state == VIEW_PAUSED && used + 7 < size)
        (void)snprintf(buf + used, size - used, "%05u",
                       (unsigned)(view->now % (UNITS_S / 10) / UNITS_US));
}

static void clock_total(const struct view *view, char *buf, size_t size)
{
    units_format_clock(buf, size, view->duration);
    size_t used = strlen(buf);
    if (used > 2 && strcmp(buf + used - 2, ".0") == 0)
        buf[used - 2] = '\0';
}

struct state_look {
    enum glyph mark;
    unsigned style;
    const char *word, *brief;
};

/* A run that is over says what became of its expectations. */
static struct state_look state_look(const struct view *view)
{
    static const struct state_look looks[] = {
        [VIEW_RUNNING] = {GLYPH_PLAY, STYLE_GOOD, "RUNNING", "RUN"},
        [VIEW_PAUSED] = {GLYPH_PAUSE, STYLE_WARN, "PAUSED", "PAUSE"},
        [VIEW_DONE] = {GLYPH_DONE, STYLE_ACCENT, "DONE", "DONE"}};
    static const struct state_look holds = {GLYPH_DONE, STYLE_GOOD, "DONE, HOLDS", "HOLDS"};
    static const struct state_look fails = {GLYPH_DOWN, STYLE_BAD, "DONE, FAILS", "FAILS"};
    if (view->state == VIEW_DONE && view->verdict_known)
        return view->verdict_holds ? holds : fails;
    return looks[view->state];
}

static void draw_title(const struct view *view, struct canvas *canvas)
{
    char now[32], total[32], speed[NUMBER_SIZE], tail[128], seed[40];
    struct state_look state = state_look(view);
    int width = canvas->clip.width;
    clock_now(view, now, sizeof now);
    clock_total(view, total, sizeof total);
    bool over = view->state == VIEW_DONE;
    (void)snprintf(tail, sizeof tail, "  %s of %s%s%s", now, total, over ? "" : "  ",
                   over ? "" : number_speed(speed, view->speed));
    (void)snprintf(seed, sizeof seed, "  seed %llu", (unsigned long long)view->seed);
    int left = 10 + (int)(strlen(view->title) + strlen(view->algorithm));
    int right = 2 + (int)(strlen(state.word) + strlen(tail));
    /* The seed goes first when the line is short, then the ends of the names on the left. */
    bool with_seed = left + 2 + right + (int)strlen(seed) <= width;
    right += with_seed ? (int)strlen(seed) : 0;
    int at = width - right, x = 1;
    x += canvas_text(canvas, x, 0, 5, STYLE_ACCENT, "lbsim") + 2;
    int room = at - 2 - x, algorithm = (int)strlen(view->algorithm);
    int title = room - 2 - algorithm;
    title = title < 8 ? (room < 8 ? room : 8) : title;
    x += canvas_text(canvas, x, 0, title, STYLE_TITLE, view->title) + 2;
    canvas_text(canvas, x, 0, at - 1 - x, STYLE_NORMAL, view->algorithm);
    canvas_glyph(canvas, at, 0, state.style, state.mark);
    at += 2 + canvas_text(canvas, at + 2, 0, width, state.style, state.word);
    at += canvas_text(canvas, at, 0, width - at, STYLE_NORMAL, tail);
    if (with_seed)
        canvas_text(canvas, at, 0, width - at, STYLE_DIM, seed);
}

/* "name value" with the name dim; returns the column after it. */
static int pair(struct canvas *canvas, int x, int y, const char *name, const char *value,
                unsigned style)
{
    int room = canvas->clip.width - x;
    if (room < (int)(strlen(name) + strlen(value)) + 1)
        return canvas->clip.width;
    x += canvas_text(canvas, x, y, room, STYLE_DIM, name) + 1;
    return x + canvas_text(canvas, x, y, canvas->clip.width - x, style, value);
}

/* The second line in parts, name and value; the share of lost requests goes when it is too long. */
static void draw_figures(const struct view *view, struct canvas *canvas)
{
    static const char *const names[7] = {"in", "served", "lost", "p50", "p90", "p99", "p99.9"};
    char values[7][2 * NUMBER_SIZE], number[NUMBER_SIZE], share[NUMBER_SIZE];
    struct figures f;
    collect(view, &f);
    (void)snprintf(values[0], sizeof values[0], "%s/s", number_rate(number, f.in));
    (void)snprintf(values[1], sizeof values[1], "%s/s", number_rate(number, f.served));
    (void)snprintf(values[2], sizeof values[2], "%s (%s)", number_count(number, f.lost),
                   number_share(share, f.share));
    for (int i = 0; i < 4; i++)
        (void)snprintf(values[3 + i], sizeof values[0], "%s", number_ms(number, f.quantile[i]));
    int size = 0, x = 1;
    for (int i = 0; i < 7; i++)
        size += (int)(strlen(names[i]) + strlen(values[i])) + 3;
    if (size > canvas->clip.width)
        *strchr(values[2], ' ') = '\0';
    for (int i = 0; i < 7; i++)
        x = 2 + pair(canvas, x, 1, names[i], values[i],
                     i >= 3                 ? STYLE_TITLE
                     : i == 2 && f.lost > 0 ? STYLE_BAD
                                            : STYLE_NORMAL);
    int room = canvas->clip.width - x + 1;
    canvas_text(canvas, x - 1, 1, room, STYLE_DIM,
                room < 2                    ? ""
                : room < 16 || !view->whole ? "ms"
                                            : "ms  (whole run)");
}

static void draw_compact(const struct view *view, struct canvas *canvas)
{
    char now[32], total[32], speed[NUMBER_SIZE], number[NUMBER_SIZE], text[64];
    struct state_look state = state_look(view);
    struct figures f;
    int width = canvas->clip.width;
    collect(view, &f);
    units_format_clock(now, sizeof now, view->now);
    clock_total(view, total, sizeof total);
    int x = 1 + canvas_text(canvas, 1, 0, 5, STYLE_ACCENT, "lbsim") + 1;
    x += canvas_textf(canvas, x, 0, width - x, STYLE_NORMAL, "%s/%s ", now, total);
    if (view->state != VIEW_DONE)
        x += canvas_textf(canvas, x, 0, width - x, STYLE_NORMAL, "%s ",
                          number_speed(speed, view->speed));
    canvas_glyph(canvas, x, 0, state.style, state.mark);
    x += 2 + canvas_text(canvas, x + 2, 0, width - x - 2, state.style, state.brief);
    (void)snprintf(text, sizeof text, "%s/s", number_rate(number, f.in));
    if (width - x > (int)strlen(text))
        canvas_right(canvas, x + 1, 0, width - x - 2, STYLE_NORMAL, text);
    x = pair(canvas, 1, 1, "p50", number_ms(number, f.quantile[0]), STYLE_TITLE);
    x = pair(canvas, x + 2, 1, "p99", number_ms(number, f.quantile[2]), STYLE_TITLE);
    x += 1 + canvas_text(canvas, x + 1, 1, 2, STYLE_DIM, "ms");
    pair(canvas, x + 2, 1, "lost", number_count(number, f.lost),
         f.lost > 0 ? STYLE_BAD : STYLE_NORMAL);
}

static int want(const struct view *view, int width, int height)
{
    (void)view;
    (void)width;
    (void)height;
    return 2;
}

static void draw(struct view *view, struct canvas *canvas)
{
    if (canvas->clip.width < SCREEN_COMPACT) {
        draw_compact(view, canvas);
        return;
    }
    draw_title(view, canvas);
    draw_figures(view, canvas);
}

const struct panel panel_header = {.name = "header",
                                   .min_width = SCREEN_MIN_WIDTH,
                                   .min_height = 2,
                                   .rank = 0,
                                   .want = want,
                                   .draw = draw};
