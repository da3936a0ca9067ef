/*
 * Panels: the parts of the screen, and how they share it.
 *
 * A panel is one const struct in a file of its own and a row in the table of panels.c. It draws a
 * view on a canvas (clipped to its place; (0, 0) is its own corner) and may act on a command that
 * only concerns the view; commands that nobody takes go to the loop. Panels never see a run or a
 * terminal.
 */
#ifndef DASHBOARD_PANEL_H
#define DASHBOARD_PANEL_H

#include "ui/dashboard/canvas.h"
#include "ui/dashboard/keys.h"
#include "ui/dashboard/view.h"

#define SCREEN_MIN_WIDTH  40
#define SCREEN_MIN_HEIGHT 10
#define SCREEN_COMPACT    64 /* below this many columns panels use their short form */

struct panel {
    const char *name;
    int min_width, min_height; /* a smaller screen goes without it */
    int rank;                  /* who goes first when there is no room: the highest */
    bool grows;                /* takes what nobody wants */
    /* Rows it would like on a screen of this size; 0 = not now. */
    int (*want)(const struct view *view, int width, int height);
    void (*draw)(struct view *view, struct canvas *canvas);
    bool (*act)(struct view *view, enum deed deed); /* NULL = no command */
};

extern const struct panel panel_header, panel_servers, panel_chart, panel_heat, panel_events,
    panel_keys, panel_help;

/* Draws the whole screen. */
void screen_draw(struct view *view, struct canvas *canvas);
/* Lets the panels act on a command; false when none did. */
bool screen_act(struct view *view, enum deed deed);

#endif
