/*
 * Puts the terminal back as it was, whatever ends the program, and collects signals.
 *
 * The idea: before the screen is taken over, the bytes that give it back and the terminal's modes
 * are stored where a signal handler can reach them. A crash, abort(), exit() deep inside or a
 * second request to end then restores with write() and tcsetattr() alone, which are safe in a
 * handler, and the program dies of its signal as it would have.
 *
 * What the program prints on stderr meanwhile would land on the screen and vanish with it: it is
 * kept in a file without a name and printed after the terminal is back.
 *
 * There is one terminal, so there is one guard: its state is global. It knows no ncurses.
 */
#ifndef DASHBOARD_GUARD_H
#define DASHBOARD_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* Stores the modes of the terminal at fd. */
void guard_remember(int fd);
/* Catches signals from here on. Call before ncurses, which leaves caught signals alone. */
void guard_catch(void);
/* The bytes that give the screen back; from here on the terminal is restored at any end. */
void guard_arm(const char *bytes, size_t size);
/* The terminal has been restored in good order: signals as before, stderr printed. */
void guard_disarm(void);

/* Readable as soon as a signal has come; guard_drain empties it. */
int guard_fd(void);
void guard_drain(void);
/* The signal that asks the program to end (SIGINT, SIGTERM, SIGHUP), or 0. */
int guard_ending(void);
/* Has it come since the last question? */
bool guard_resized(void);
bool guard_stop_asked(void);
bool guard_continued(void);
/* Stops the program as SIGTSTP does, returns when it goes on. */
void guard_stop(void);

#endif
