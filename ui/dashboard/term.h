/*
 * The terminal: shows a canvas, returns keys. The only part of the program that knows ncurses.
 *
 * There is one terminal, so its state is global. The terminal is restored whatever ends the
 * program (guard.h).
 */
#ifndef DASHBOARD_TERM_H
#define DASHBOARD_TERM_H

#include <stdbool.h>
#include <stdint.h>

#include "algorithms/types.h"
#include "ui/dashboard/canvas.h"
#include "ui/dashboard/keys.h"

enum theme { THEME_DARK, THEME_LIGHT, THEME_MONO, THEMES };
const char *term_theme_name(enum theme theme);

/*
 * Takes the screen over. 0, or -1 with *error: no terminal, one that cannot move its cursor, or of
 * an unknown kind; nothing has been changed then. NO_COLOR and terminals without colours turn every
 * theme into mono.
 */
int term_open(enum theme theme, struct lb_error *error);
/* Gives the screen back; does nothing when it is not ours. */
void term_close(void);

/* Columns and rows. */
void term_size(int *width, int *height);
/* The theme in force; returns what it became. */
enum theme term_set_theme(enum theme theme);
/* Brings the screen to what the canvas holds; only what differs is written. */
void term_show(const struct canvas *canvas);
/* Waits for a key at most timeout_ms (negative = for ever, 0 = not at all). An enum press, a
 * character, or PRESS_NONE. */
int term_key(int timeout_ms);
/* The signal that asked the program to end, 0 when it was not one. */
int term_ending_signal(void);

#endif
