/*
 * The server table: what the balancer believes of each server, what is true where that differs,
 * and how busy it is.
 *
 * A column is a row of a table: least and most width, and a function that draws a cell. Columns
 * that do not fit at their least width are dropped from the right; what is left over goes to the
 * columns that can use it, first the names.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "ui/dashboard/number.h"
#include "ui/dashboard/panel.h"

#define NAME_MAX 24

struct spot { /* where a cell is drawn, and for whom */
    struct canvas *canvas;
    const struct view *view;
    const struct view_server *server;
    int x, y, width;
    uint32_t index;
    uint64_t queue_scale;
    double p99_scale;
};

struct column {
    const char *title;
    int least, most, gap; /* gap: blank columns before it */
    bool right;           /* where the title stands */
    int from;             /* only on screens at least this wide */
    void (*draw)(const struct spot *spot);
};

static void right(const struct spot *spot, unsigned style, const char *text)
{
    canvas_right(spot->canvas, spot->x, spot->y, spot->width, style, text);
}

static void draw_name(const struct spot *spot)
{
    bool selected = spot->view->selected == spot->index;
    canvas_text(spot->canvas, spot->x, spot->y, spot->width, selected ? STYLE_TITLE : STYLE_NORMAL,
                spot->server->name);
    if (selected)
        canvas_reverse(spot->canvas, spot->x, spot->y, spot->width);
}

static void draw_state(const struct spot *spot)
{
    enum belief belief = spot->server->belief;
    unsigned style = view_belief_style(belief);
    canvas_glyph(spot->canvas, spot->x, spot->y, style, view_belief_mark(belief));
    canvas_text(spot->canvas, spot->x + 2, spot->y, spot->width - 2, style,
                view_belief_word(belief));
}

static void draw_truth(const struct spot *spot)
{
    enum truth truth = spot->server->truth;
    if (!view_differs(spot->server->belief, truth))
        return;
    unsigned style = view_truth_style(truth);
    canvas_glyph(spot->canvas, spot->x, spot->y, style, view_truth_mark(truth));
    canvas_text(spot->canvas, spot->x + 2, spot->y, spot->width - 2, style, view_truth_word(truth));
}

static void draw_weight(const struct spot *spot)
{
    char buf[NUMBER_SIZE];
    right(spot, STYLE_NORMAL, number_count(buf, spot->server->weight));
}

static void draw_busy(const struct spot *spot)
{
    const struct view_server *s = spot->server;
    double share = s->slots > 0 ? (double)s->busy / s->slots : 0;
    canvas_bar(spot->canvas, spot->x, spot->y, spot->width, share < 1 ? STYLE_GOOD : STYLE_WARN,
               share);
}

static void draw_slots(const struct spot *spot)
{
    char buf[40], busy[NUMBER_SIZE], slots[NUMBER_SIZE];
    (void)snprintf(buf, sizeof buf, "%s/%s", number_count(busy, spot->server->busy),
                   number_count(slots, spot->server->slots));
    right(spot, STYLE_NORMAL, buf);
}

/* Bar and number in one column: the number takes five columns of it. */
static void draw_queue(const struct spot *spot)
{
    char buf[NUMBER_SIZE];
    uint64_t queue = spot->server->queue;
    int bar = spot->width - 5;
    int full = (int)((double)queue / (double)spot->queue_scale * bar + 0.5);
    if (queue > 0 && full == 0)
        full = 1;
    for (int i = 0; i < full && i < bar; i++)
        canvas_glyph(spot->canvas, spot->x + i, spot->y, STYLE_WARN, GLYPH_QUEUE);
    canvas_right(spot->canvas, spot->x + bar, spot->y, 5, queue > 0 ? STYLE_WARN : STYLE_DIM,
                 number_count(buf, queue));
}

static void draw_queue_short(const struct spot *spot)
{
    char buf[NUMBER_SIZE + 1] = "q", number[NUMBER_SIZE];
    (void)snprintf(buf + 1, sizeof buf - 1, "%s", number_count(number, spot->server->queue));
    canvas_text(spot->canvas, spot->x, spot->y, spot->width,
                spot->server->queue > 0 ? STYLE_WARN : STYLE_DIM, buf);
}

static void draw_rate(const struct spot *spot)
{
    char buf[NUMBER_SIZE];
    right(spot, STYLE_NORMAL, number_rate(buf, spot->server->rate));
}

static void draw_p50(const struct spot *spot)
{
    char buf[NUMBER_SIZE];
    right(spot, STYLE_NORMAL, number_ms(buf, view_quantile(spot->view, (int32_t)spot->index, 0.5)));
}

static void draw_p99(const struct spot *spot)
{
    char buf[NUMBER_SIZE];
    right(spot, STYLE_TITLE, number_ms(buf, view_quantile(spot->view, (int32_t)spot->index, 0.99)));
}

static void draw_flight(const struct spot *spot)
{
    char buf[NUMBER_SIZE];
    right(spot, STYLE_NORMAL, number_count(buf, spot->server->in_flight));
}

static void draw_failed(const struct spot *spot)
{
    char buf[NUMBER_SIZE];
    right(spot, spot->server->failed > 0 ? STYLE_BAD : STYLE_DIM,
          number_count(buf, spot->server->failed));
}

/*
 * p99 over the last VIEW_TICKS ticks, all servers on one logarithmic scale: each step is half as
 * much again, the top is the highest value on the screen. So a flat line is flat and a server
 * that is twice as slow as the others stands out, beside one that is a hundred times as slow too.
 * A cell shows the highest of its ticks; cells begin at multiples of their ticks, so that the
 * line moves by whole cells instead of flickering.
 */
static void draw_spark(const struct spot *spot)
{
    uint8_t levels[VIEW_TICKS];
    int cells = spot->width < VIEW_TICKS ? spot->width : VIEW_TICKS;
    int64_t per_cell = (VIEW_TICKS + cells - 1) / cells, last = spot->view->last_tick;
    int64_t newest = last / per_cell;
    cells = (int)((VIEW_TICKS + per_cell - 1) / per_cell);
    if (last < 0)
        return;
    for (int i = 0; i < cells; i++) {
        int64_t cell = newest - cells + 1 + i;
        double value = NAN;
        for (int64_t t = cell * per_cell; t < (cell + 1) * per_cell; t++)
            if (t >= 0 && t <= last && t > last - VIEW_TICKS) {
                double p99 = (double)spot->server->p99[t % VIEW_TICKS];
                value = isnan(value) || p99 > value ? p99 : value;
            }
        double level = 8 + log(value / spot->p99_scale) / log(1.5);
        levels[i] = isnan(value) ? 0 : level < 1 ? 1 : level > 8 ? 8 : (uint8_t)(level + 0.5);
    }
    canvas_spark(spot->canvas, spot->x, spot->y, STYLE_ACCENT, levels, cells);
}

static const struct column wide_columns[] = {
    {"SERVER", 6, NAME_MAX, 0, false, 0, draw_name},
    {"STATE", 7, 7, 1, false, 0, draw_state},
    {"TRUTH", 6, 6, 1, false, 0, draw_truth},
    {"WT", 3, 3, 1, true, 0, draw_weight},
    {"BUSY", 5, 8, 1, false, 0, draw_busy},
    {"SLOTS", 5, 5, 1, true, 0, draw_slots},
    {"QUEUE", 9, 10, 1, true, 0, draw_queue},
    {"REQ/S", 5, 5, 1, true, 0, draw_rate},
    {"P50", 4, 4, 1, true, 0, draw_p50},
    {"P99", 4, 4, 1, true, 0, draw_p99},
    {"FLIGHT", 6, 6, 1, true, 100, draw_flight},
    {"FAILED", 6, 6, 1, true, 100, draw_failed},
    {"P99", 6, 10, 1, false, 0, draw_spark},
};

static const struct column compact_columns[] = {
    {"SERVER", 5, 16, 0, false, 0, draw_name}, {"STATE", 7, 7, 1, false, 0, draw_state},
    {"TRUTH", 6, 6, 1, false, 0, draw_truth},  {"BUSY", 5, 10, 1, false, 0, draw_busy},
    {"SLOTS", 5, 5, 1, true, 0, draw_slots},   {"Q", 5, 5, 1, false, 0, draw_queue_short},
    {"P99", 4, 4, 1, true, 0, draw_p99},       {"REQ/S", 5, 5, 1, true, 0, draw_rate},
};

#define COLUMNS_MAX     (sizeof wide_columns / sizeof wide_columns[0])
#define COMPACT_COLUMNS (sizeof compact_columns / sizeof compact_columns[0])

struct sheet {
    const struct column *column[COLUMNS_MAX];
    int count, width[COLUMNS_MAX];
};

static int longest_name(const struct view *view, int least, int most)
{
    int longest = least;
    for (uint32_t b = 0; b < view->server_count && longest < most; b++) {
        const char *name = view->servers[b].name;
        int size = (int)text_width(name, strlen(name));
        longest = size > longest ? size : longest;
    }
    return longest < most ? longest : most;
}

/* "16/16" takes five columns, "128/128" seven. */
static int longest_slots(const struct view *view)
{
    size_t longest = 0;
    for (uint32_t b = 0; b < view->server_count; b++) {
        char buf[NUMBER_SIZE];
        size_t size = strlen(number_count(buf, view->servers[b].slots));
        longest = size > longest ? size : longest;
    }
    return 2 * (int)longest + 1;
}

/* Gives the column that is drawn by `draw` up to `most` columns of the screen; returns what is
 * left of `left`. */
static int widen(struct sheet *sheet, void (*draw)(const struct spot *), int most, int left)
{
    for (int i = 0; i < sheet->count; i++)
        if (sheet->column[i]->draw == draw) {
            int more = most - sheet->width[i];
            more = more < 0 ? 0 : more < left ? more : left;
            sheet->width[i] += more;
            return left - more;
        }
    return left;
}

/* Columns at their least width, as many as fit; returns what is left. */
static int choose(const struct column *columns, size_t count, int width, struct sheet *sheet)
{
    int left = width - 1; /* one for the mark of the selection */
    sheet->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (width < columns[i].from)
            continue;
        if (left < columns[i].least + columns[i].gap)
            break;
        left -= columns[i].least + columns[i].gap;
        sheet->width[sheet->count] = columns[i].least;
        sheet->column[sheet->count++] = &columns[i];
    }
    return left;
}

static void lay_out(const struct view *view, int width, struct sheet *sheet)
{
    bool compact = width < SCREEN_COMPACT;
    int left = compact ? choose(compact_columns, COMPACT_COLUMNS, width, sheet)
                       : choose(wide_columns, COLUMNS_MAX, width, sheet);
    int names = longest_name(view, sheet->column[0]->least, sheet->column[0]->most);
    left = widen(sheet, draw_slots, longest_slots(view), left);
    if (compact) {
        left = widen(sheet, draw_busy, 8, left);
        left = widen(sheet, draw_name, names, left);
        (void)widen(sheet, draw_busy, 10, left);
        return;
    }
    left = widen(sheet, draw_name, names < 10 ? names : 10, left);
    for (int i = 1; i < sheet->count; i++)
        left = widen(sheet, sheet->column[i]->draw, sheet->column[i]->most, left);
    left = widen(sheet, draw_name, names, left);
    left = widen(sheet, draw_spark, 20, left); /* a wide screen: longer lines and bars */
    left = widen(sheet, draw_busy, 16, left);
    left = widen(sheet, draw_queue, 20, left);
    (void)widen(sheet, draw_spark, left >= VIEW_TICKS - 20 ? VIEW_TICKS : 30, left);
}

static void draw_titles(const struct view *view, const struct sheet *sheet, struct canvas *canvas)
{
    char span[40];
    int x = 1;
    lb_time curve = view->tick * VIEW_TICKS;
    char words[32];
    if (curve % UNITS_S == 0)
        (void)snprintf(span, sizeof span, "P99 %d s", (int)(curve / UNITS_S));
    else
        (void)snprintf(span, sizeof span, "P99 %s", units_format(words, sizeof words, curve));
    for (int i = 0; i < sheet->count; i++) {
        const struct column *column = sheet->column[i];
        x += column->gap;
        if (column->right)
            canvas_right(canvas, x, 0, sheet->width[i], STYLE_DIM, column->title);
        else
            canvas_text(canvas, x, 0, sheet->width[i], STYLE_DIM,
                        column->draw == draw_spark ? span : column->title);
        x += sheet->width[i];
    }
}

static void draw_row(const struct sheet *sheet, struct spot *spot)
{
    if (spot->view->selected == spot->index)
        canvas_glyph(spot->canvas, 0, spot->y, STYLE_ACCENT, GLYPH_SELECT);
    spot->x = 1;
    for (int i = 0; i < sheet->count; i++) {
        spot->x += sheet->column[i]->gap;
        spot->width = sheet->width[i];
        sheet->column[i]->draw(spot);
        spot->x += spot->width;
    }
}

static void find_scales(const struct view *view, struct spot *spot)
{
    spot->queue_scale = 8;
    spot->p99_scale = 1;
    for (uint32_t b = 0; b < view->server_count; b++) {
        const struct view_server *s = &view->servers[b];
        if (s->queue > spot->queue_scale)
            spot->queue_scale = s->queue;
        for (int i = 0; view->detail && i < VIEW_TICKS; i++)
            if ((double)s->p99[i] > spot->p99_scale)
                spot->p99_scale = (double)s->p99[i];
    }
}

/* Moves the top row so that the selected one is among the `rows` that show. */
static void scroll(struct view *view, uint32_t rows)
{
    uint32_t at = view_selected_row(view);
    if (at < view->top)
        view->top = at;
    if (at >= view->top + rows)
        view->top = at - rows + 1;
    if (view->top + rows > view->server_count)
        view->top = view->server_count > rows ? view->server_count - rows : 0;
}

static bool has_titles(int width, int rows)
{
    return width >= SCREEN_COMPACT || rows >= 10;
}

static void draw(struct view *view, struct canvas *canvas)
{
    struct sheet sheet;
    struct spot spot = {.canvas = canvas, .view = view};
    lay_out(view, canvas->clip.width, &sheet);
    int y = 0, rows = canvas->clip.height;
    if (has_titles(canvas->clip.width, rows)) {
        draw_titles(view, &sheet, canvas);
        y++;
        rows--;
    }
    bool more = view->server_count > (uint32_t)rows;
    rows -= more ? 1 : 0;
    view_sort(view);
    scroll(view, (uint32_t)(rows > 0 ? rows : 1));
    find_scales(view, &spot);
    for (int i = 0; i < rows && view->top + (uint32_t)i < view->server_count; i++) {
        spot.index = view->order[view->top + (uint32_t)i];
        spot.server = &view->servers[spot.index];
        spot.y = y + i;
        draw_row(&sheet, &spot);
    }
    if (more) {
        uint32_t hidden = view->server_count - (uint32_t)rows;
        canvas_textf(canvas, 1, y + rows, canvas->clip.width - 1, STYLE_DIM,
                     "%u more: %u above, %u below (arrows scroll)", hidden, view->top,
                     hidden - view->top);
    }
}

static int want(const struct view *view, int width, int height)
{
    int rows = view->server_count < CANVAS_MAX ? (int)view->server_count : CANVAS_MAX;
    return rows + (has_titles(width, height - 5) ? 1 : 0);
}

static bool act(struct view *view, enum deed deed)
{
    switch (deed) {
    case DO_UP:
        view_move(view, -1);
        return true;
    case DO_DOWN:
        view_move(view, 1);
        return true;
    case DO_PAGE_UP:
        view_move(view, -10);
        return true;
    case DO_PAGE_DOWN:
        view_move(view, 10);
        return true;
    case DO_FIRST:
        view_move(view, -(int64_t)view->server_count);
        return true;
    case DO_LAST:
        view_move(view, view->server_count);
        return true;
    case DO_SORT:
        view->sort = (enum view_sort)((view->sort + 1) % SORT_COUNT);
        view_sort(view);
        return true;
    case DO_SORT_REVERSE:
        view->sort_reversed = !view->sort_reversed;
        view_sort(view);
        return true;
    default:
        return false;
    }
}

const struct panel panel_servers = {.name = "servers",
                                    .min_width = SCREEN_MIN_WIDTH,
                                    .min_height = 4,
                                    .rank = 1,
                                    .want = want,
                                    .draw = draw,
                                    .act = act};
