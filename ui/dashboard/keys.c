/*
 * The table of keys, in the order of the key bar and of the help page.
 */
#include "ui/dashboard/keys.h"

const struct key_row keys_table[] = {
    {{'q', PRESS_F10}, DO_QUIT, KEYS_RUN, "q F10", "quit, print the summary", "q Quit"},
    {{'?', 'h', PRESS_F1}, DO_HELP, KEYS_LOOK, "? h F1", "this page", "? Help"},
    {{' '}, DO_PAUSE, KEYS_RUN, "Space", "pause, go on", "Space Pause"},
    {{'.'}, DO_EVENT, KEYS_RUN, ".", "one event", ". Step"},
    {{'}'}, DO_SECOND, KEYS_RUN, "}", "one second of the run", NULL},
    {{'+', '='}, DO_FASTER, KEYS_RUN, "+ -", "speed: x0.1 ... max", "+/- Speed"},
    {{'-', '_'}, DO_SLOWER, KEYS_RUN, NULL, NULL, NULL},
    {{'0'}, DO_SPEED_ONE, KEYS_RUN, "0", "speed x1, real time", NULL},
    {{'r'}, DO_AGAIN, KEYS_RUN, "r", "run again, same seed", NULL},
    {{'K'}, DO_KILL, KEYS_CHANGE, "K", "kill the server", "K Kill"},
    {{'D'}, DO_DRAIN, KEYS_CHANGE, "D", "drain it: nothing new", "D Drain"},
    {{'R'}, DO_RESTORE, KEYS_CHANGE, "R", "restore it, as new", "R Restore"},
    {{'e'}, DO_EXPORT, KEYS_CHANGE, "e", "save your commands", NULL},
    {{'j', PRESS_DOWN}, DO_DOWN, KEYS_LOOK, "j k arrows", "select a server", NULL},
    {{'k', PRESS_UP}, DO_UP, KEYS_LOOK, NULL, NULL, NULL},
    {{PRESS_PAGE_DOWN}, DO_PAGE_DOWN, KEYS_LOOK, NULL, NULL, NULL},
    {{PRESS_PAGE_UP}, DO_PAGE_UP, KEYS_LOOK, NULL, NULL, NULL},
    {{'g', PRESS_HOME}, DO_FIRST, KEYS_LOOK, NULL, NULL, NULL},
    {{'G', PRESS_END}, DO_LAST, KEYS_LOOK, NULL, NULL, NULL},
    {{'\t'}, DO_OTHER_PANEL, KEYS_LOOK, "Tab", "arrows scroll the event log", NULL},
    {{'s'}, DO_SORT, KEYS_LOOK, "s S", "sort the servers, reverse", NULL},
    {{'S'}, DO_SORT_REVERSE, KEYS_LOOK, NULL, NULL, NULL},
    {{'c'}, DO_CHART, KEYS_LOOK, "c", "chart: p99, queue, rate", NULL},
    {{'u'}, DO_MARKS, KEYS_LOOK, "u", "ASCII or Unicode marks", NULL},
    {{'t'}, DO_THEME, KEYS_LOOK, "t", "theme: dark, light, mono", NULL},
    {{PRESS_ESCAPE}, DO_BACK, KEYS_LOOK, "Esc", "back", NULL},
};

const size_t keys_count = sizeof keys_table / sizeof keys_table[0];

enum deed keys_find(int key)
{
    for (size_t i = 0; i < keys_count; i++)
        for (int k = 0; k < 4 && keys_table[i].keys[k] != 0; k++)
            if (keys_table[i].keys[k] == key)
                return keys_table[i].deed;
    return DO_NOTHING;
}
