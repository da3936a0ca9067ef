/*
 * Who got the requests: a row for each server, a cell for each tick, darker = more.
 *
 * Shades compare a server with its equal share of that tick, so that a server which attracts the
 * requests that others would have had, as one does that refuses them at once, stands out. Only on
 * screens with room to spare.
 */
#include <math.h>

#include "ui/dashboard/panel.h"

#define NAMES 13 /* columns before the cells */

/* The equal share in this tick; NAN when nothing is known of it. */
static double share_of(const struct view *view, int64_t tick)
{
    double sum = 0;
    bool known = false;
    for (uint32_t b = 0; b < view->server_count; b++) {
        double sent = (double)view->servers[b].sent[tick % VIEW_TICKS];
        known = known || !isnan(sent);
        sum += sent > 0 ? sent : 0;
    }
    return known ? sum / view->server_count : NAN;
}

static void draw_cell(struct canvas *canvas, int x, int y, double sent, double share)
{
    static const double steps[] = {0.6, 1.4, 2.4}; /* x the equal share */
    if (sent < 0) {
        canvas_glyph(canvas, x, y, STYLE_BAD, GLYPH_DOWN);
    } else if (sent > 0) { /* neither nothing nor NAN */
        int shade = 0;
        while (shade < 3 && sent >= steps[shade] * share)
            shade++;
        canvas_glyph(canvas, x, y, shade == 3 ? STYLE_WARN : STYLE_ACCENT,
                     (enum glyph)(GLYPH_SHADE_1 + shade));
    }
}

static void draw(struct view *view, struct canvas *canvas)
{
    int room = canvas->clip.width - NAMES - 1, cells = room / VIEW_TICKS;
    int rows = canvas->clip.height - 1;
    int64_t last = view->last_tick, first = last < VIEW_TICKS ? 0 : last - VIEW_TICKS + 1;
    canvas_text(canvas, 1, 0, 40, STYLE_TITLE, "who got the requests");
    int x = 22;
    for (int shade = 0; shade < 4; shade++)
        canvas_glyph(canvas, x++, 0, shade == 3 ? STYLE_WARN : STYLE_ACCENT,
                     (enum glyph)(GLYPH_SHADE_1 + shade));
    x += 1 + canvas_text(canvas, x + 1, 0, 40, STYLE_DIM, "less to more than an equal share,") + 1;
    canvas_glyph(canvas, x, 0, STYLE_BAD, GLYPH_DOWN);
    canvas_text(canvas, x + 2, 0, 20, STYLE_DIM, "held for dead");
    for (int row = 0; row < rows && view->top + (uint32_t)row < view->server_count; row++)
        canvas_text(canvas, 1, 1 + row, NAMES - 2, STYLE_NORMAL,
                    view->servers[view->order[view->top + (uint32_t)row]].name);
    for (int64_t t = first; t <= last; t++) {
        double share = share_of(view, t);
        for (int row = 0; row < rows && view->top + (uint32_t)row < view->server_count; row++) {
            const struct view_server *server =
                &view->servers[view->order[view->top + (uint32_t)row]];
            for (int i = 0; i < cells; i++)
                draw_cell(canvas, NAMES + (int)(t - first) * cells + i, 1 + row,
                          (double)server->sent[t % VIEW_TICKS], share);
        }
    }
}

static int want(const struct view *view, int width, int height)
{
    (void)width;
    int rows = view->server_count < 12 ? (int)view->server_count : 12;
    return height >= 36 ? rows + 1 : 0;
}

const struct panel panel_heat = {.name = "heat",
                                 .min_width = NAMES + VIEW_TICKS + 1,
                                 .min_height = 2,
                                 .rank = 4,
                                 .want = want,
                                 .draw = draw};
