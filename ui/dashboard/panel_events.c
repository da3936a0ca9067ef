/*
 * The event log, newest first: when, who, what (mark and word), and why.
 */
#include <string.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "ui/dashboard/panel.h"

static int widest(const struct view *view, int rows, int most)
{
    int widest_name = 3;
    for (int i = 0; i < rows; i++) {
        const struct view_event *event = view_event(view, view->events_top + (uint32_t)i);
        if (event == NULL)
            break;
        int size = (int)text_width(event->subject, strlen(event->subject));
        widest_name = size > widest_name ? size : widest_name;
    }
    return widest_name < most ? widest_name : most;
}

static void draw_event(struct canvas *canvas, int y, const struct view_event *event, int names)
{
    char clock[32];
    int width = canvas->clip.width, x = 1;
    x += canvas_text(canvas, x, y, 12, STYLE_DIM,
                     units_format_clock(clock, sizeof clock, event->at));
    x += width < SCREEN_COMPACT ? 1 : 2;
    canvas_text(canvas, x, y, names, STYLE_NORMAL, event->subject);
    x += names + 1;
    canvas_glyph(canvas, x, y, event->style, event->mark);
    int word = canvas_text(canvas, x + 2, y, 9, event->style, event->word);
    x += 2 + (width < SCREEN_COMPACT || word > 8 ? word : 8) + 1;
    canvas_text(canvas, x, y, width - x, STYLE_NORMAL, event->text);
}

static void draw(struct view *view, struct canvas *canvas)
{
    int rows = canvas->clip.height;
    int names = widest(view, rows, canvas->clip.width < SCREEN_COMPACT ? 8 : 16);
    for (int i = 0; i < rows; i++) {
        const struct view_event *event = view_event(view, view->events_top + (uint32_t)i);
        if (event == NULL)
            break;
        draw_event(canvas, i, event, names);
    }
    if (view->events_focus)
        canvas_glyph(canvas, 0, 0, STYLE_ACCENT, GLYPH_SELECT);
}

static int want(const struct view *view, int width, int height)
{
    (void)width;
    int kept = (int)view_event_kept(view), share = height / 5;
    return kept < share ? (kept > 1 ? kept : 1) : share;
}

static void scroll(struct view *view, int64_t rows)
{
    int64_t top = (int64_t)view->events_top + rows, kept = view_event_kept(view);
    top = top > kept - 1 ? kept - 1 : top;
    view->events_top = (uint32_t)(top < 0 ? 0 : top);
}

static bool act(struct view *view, enum deed deed)
{
    if (deed == DO_OTHER_PANEL || (deed == DO_BACK && view->events_focus)) {
        view->events_focus = !view->events_focus;
        view->events_top = view->events_focus ? view->events_top : 0;
        return true;
    }
    if (!view->events_focus)
        return false;
    switch (deed) {
    case DO_UP:
        scroll(view, -1);
        return true;
    case DO_DOWN:
        scroll(view, 1);
        return true;
    case DO_PAGE_UP:
        scroll(view, -10);
        return true;
    case DO_PAGE_DOWN:
        scroll(view, 10);
        return true;
    case DO_FIRST:
        scroll(view, -VIEW_EVENTS);
        return true;
    case DO_LAST:
        scroll(view, VIEW_EVENTS);
        return true;
    default:
        return false;
    }
}

const struct panel panel_events = {.name = "events",
                                   .min_width = SCREEN_MIN_WIDTH,
                                   .min_height = 1,
                                   .rank = 2,
                                   .grows = true,
                                   .want = want,
                                   .draw = draw,
                                   .act = act};
