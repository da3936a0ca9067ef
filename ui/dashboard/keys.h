/*
 * Keys and commands: one table that the loop, the key bar and the help page all read.
 *
 * A key that destroys something is upper case. Keys beyond characters have codes above Unicode.
 */
#ifndef DASHBOARD_KEYS_H
#define DASHBOARD_KEYS_H

#include <stddef.h>

enum press {
    PRESS_NONE = 0,
    PRESS_ESCAPE = 27,
    PRESS_UP = 0x110000,
    PRESS_DOWN,
    PRESS_PAGE_UP,
    PRESS_PAGE_DOWN,
    PRESS_HOME,
    PRESS_END,
    PRESS_F1,
    PRESS_F10,
    PRESS_RESIZED, /* not keys, but told like them: the terminal changed its size, */
    PRESS_RESUMED, /* the program was stopped and goes on, */
    PRESS_ENDED    /* the program has been asked to end, or the terminal is gone */
};

/* What a key asks for. */
enum deed {
    DO_NOTHING,
    DO_PAUSE, /* the run */
    DO_EVENT,
    DO_SECOND,
    DO_FASTER,
    DO_SLOWER,
    DO_SPEED_ONE,
    DO_AGAIN,
    DO_QUIT,
    DO_KILL, /* the selected server */
    DO_DRAIN,
    DO_RESTORE,
    DO_UP, /* the view */
    DO_DOWN,
    DO_PAGE_UP,
    DO_PAGE_DOWN,
    DO_FIRST,
    DO_LAST,
    DO_OTHER_PANEL,
    DO_SORT,
    DO_SORT_REVERSE,
    DO_CHART,
    DO_HELP,
    DO_BACK,
    DO_MARKS, /* the terminal */
    DO_THEME,
    DO_EXPORT
};

enum key_group { KEYS_RUN, KEYS_CHANGE, KEYS_LOOK, KEY_GROUPS };

struct key_row {
    int keys[4]; /* 0 = no more */
    enum deed deed;
    enum key_group group;
    const char *label; /* the keys, for people; NULL = as the row above, not shown again */
    const char *help;
    const char *bar; /* in the key bar: "Space Pause"; NULL = not there */
};

extern const struct key_row keys_table[];
extern const size_t keys_count;

/* What this key asks for. */
enum deed keys_find(int key);

#endif
