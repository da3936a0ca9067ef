/*
 * The last line: as many keys as there is room for, from the table of keys.
 */
#include <string.h>

#include "ui/dashboard/panel.h"

static int want(const struct view *view, int width, int height)
{
    (void)view;
    (void)width;
    (void)height;
    return 1;
}

static void draw(struct view *view, struct canvas *canvas)
{
    int x = 1;
    for (size_t i = 0; i < keys_count; i++) {
        const char *bar = keys_table[i].bar;
        if (bar == NULL)
            continue;
        /* Once the run has ended only these can do something. */
        enum deed deed = keys_table[i].deed;
        bool change = keys_table[i].group == KEYS_CHANGE || deed == DO_PAUSE || deed == DO_EVENT ||
                      deed == DO_FASTER;
        if (view->state == VIEW_DONE && change)
            continue;
        const char *blank = strchr(bar, ' ');
        int key = (int)(blank - bar), size = (int)strlen(bar);
        if (x + size > canvas->clip.width)
            break;
        char word[32];
        (void)snprintf(word, sizeof word, "%.*s", key, bar);
        x += canvas_text(canvas, x, 0, key, STYLE_ACCENT, word);
        x += canvas_text(canvas, x, 0, size - key, STYLE_NORMAL, blank) + 2;
    }
}

const struct panel panel_keys = {.name = "keys",
                                 .min_width = SCREEN_MIN_WIDTH,
                                 .min_height = 1,
                                 .rank = 1,
                                 .want = want,
                                 .draw = draw};
