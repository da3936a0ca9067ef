/*
 * The dashboard: a run shown live on a terminal, or as frames of text.
 *
 * Where to start reading: view.h (what is shown), panel.h (how), live.h (the run), loop.c (time
 * and keys), term.h (the terminal).
 */
#ifndef DASHBOARD_DASHBOARD_H
#define DASHBOARD_DASHBOARD_H

#include "ui/dashboard/live.h"
#include "ui/dashboard/term.h"

struct dashboard_setup {
    struct live_setup live;
    bool ascii;    /* marks in ASCII */
    bool may_utf8; /* the locale can show Unicode */
    double speed;  /* simulated per wall second; INFINITY = as fast as it goes */
    enum theme theme;
};

/*
 * Runs on the terminal until the person quits or a signal asks to. *opened tells whether there was
 * a fit terminal; if so the caller closes *live afterwards, which holds the finished run
 * (live->summary, NULL when none could be made). *signal is the signal that ended it, or 0. 0, or
 * -1 with *error: no fit terminal, or the run could not be made or recorded. The terminal is as
 * before in any case.
 */
int dashboard_run(const struct dashboard_setup *setup, struct live *live, int *signal, bool *opened,
                  struct lb_error *error);

struct dashboard_frames {
    int width, height;
    uint32_t count; /* frames, evenly spread over [0, until] */
    lb_time until;  /* LB_NEVER = to the end of the run */
    bool headings;  /* a line before each frame that says which it is */
};

/* Prints frames as text. The same scenario and seed give the same bytes. 0, or -1 with *error. */
int dashboard_text(const struct dashboard_setup *setup, const struct dashboard_frames *frames,
                   FILE *to, struct lb_error *error);

#endif
