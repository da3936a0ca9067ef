/*
 * The table of panels, from the top of the screen to its bottom, and the division of rows.
 *
 * First every panel that fits gets its minimum, the least important going without when rows are
 * short; then each, in order of importance, what it would like; the rest goes to the one that
 * grows. Lines between panels are drawn when there are rows to spare for them.
 */
#include "ui/dashboard/panel.h"

#define PANELS     6
#define RULES_FROM 16 /* rows from which panels are parted by lines */

static const struct panel *const panels[PANELS] = {&panel_header, &panel_servers, &panel_chart,
                                                   &panel_heat,   &panel_events,  &panel_keys};

struct place {
    int want, rows; /* rows 0 = not shown */
};

static int used(const struct place *places, bool rules)
{
    int sum = 0, shown = 0;
    for (int i = 0; i < PANELS; i++) {
        sum += places[i].rows;
        shown += places[i].rows > 0 ? 1 : 0;
    }
    return sum + (rules && shown > 0 ? shown - 1 : 0);
}

static void drop_least(struct place *places)
{
    int least = -1;
    for (int i = 0; i < PANELS; i++)
        if (places[i].rows > 0 && (least < 0 || panels[i]->rank > panels[least]->rank))
            least = i;
    if (least >= 0)
        places[least].rows = 0;
}

static void divide(const struct view *view, int width, int height, bool rules, struct place *places)
{
    for (int i = 0; i < PANELS; i++) {
        places[i].want = panels[i]->want(view, width, height);
        bool fits = places[i].want > 0 && panels[i]->min_width <= width;
        places[i].rows = fits ? panels[i]->min_height : 0;
    }
    while (used(places, rules) > height)
        drop_least(places);
    int rest = height - used(places, rules);
    for (int rank = 0; rank < PANELS && rest > 0; rank++)
        for (int i = 0; i < PANELS; i++)
            if (panels[i]->rank == rank && places[i].rows > 0) {
                int more = places[i].want - places[i].rows;
                more = more < 0 ? 0 : more < rest ? more : rest;
                places[i].rows += more;
                rest -= more;
            }
    for (int i = 0; i < PANELS; i++)
        if (panels[i]->grows && places[i].rows > 0) {
            places[i].rows += rest;
            rest = 0;
        }
}

static void draw_too_small(struct canvas *canvas)
{
    canvas_textf(canvas, 0, 0, canvas->width, STYLE_NORMAL, "needs %dx%d, has %dx%d",
                 SCREEN_MIN_WIDTH, SCREEN_MIN_HEIGHT, canvas->width, canvas->height);
}

void screen_draw(struct view *view, struct canvas *canvas)
{
    int width = canvas->width, height = canvas->height;
    bool rules = height >= RULES_FROM;
    struct place places[PANELS];
    canvas_clear(canvas);
    if (width < SCREEN_MIN_WIDTH || height < SCREEN_MIN_HEIGHT) {
        draw_too_small(canvas);
        return;
    }
    divide(view, width, height, rules, places);
    int y = 0;
    for (int i = 0; i < PANELS; i++) {
        if (places[i].rows == 0)
            continue;
        if (rules && y > 0) {
            canvas_clip(canvas, (struct area){0, y++, width, 1});
            canvas_rule(canvas, 0);
        }
        canvas_clip(canvas, (struct area){0, y, width, places[i].rows});
        panels[i]->draw(view, canvas);
        y += places[i].rows;
    }
    if (view->help) {
        int rows = panel_help.want(view, width, height);
        canvas_clip(canvas, (struct area){0, 0, width, rows < height ? rows : height});
        panel_help.draw(view, canvas);
    }
    canvas_clip(canvas, (struct area){0, 0, width, height});
}

bool screen_act(struct view *view, enum deed deed)
{
    /* The page that covers the others first, then the log when the arrows are its own. */
    if (panel_help.act(view, deed) || panel_events.act(view, deed))
        return true;
    for (int i = 0; i < PANELS; i++)
        if (panels[i]->act != NULL && panels[i]->act(view, deed))
            return true;
    return false;
}
