/*
 * A view filled by hand, for the tests of the panels: the screen of a small web tier in which one
 * server died, one drains and one is slow.
 */
#ifndef TESTS_MADE_UP_VIEW_H
#define TESTS_MADE_UP_VIEW_H

#include "ui/dashboard/view.h"

struct made_up_view {
    struct scenario scenario;
    struct scenario_backend *backends;
    struct sample sample;
    struct sample_backend *rows;
    struct histogram *latencies, all;
    struct view *view;
};

/* n servers named by `names` (NULL = web1, web2, ...). */
void made_up_view_init(struct made_up_view *made, uint32_t n, const char *const *names);
void made_up_view_done(struct made_up_view *made);
/* Plays the story up to this second. */
void made_up_view_play(struct made_up_view *made, int seconds);
/* The canvas of this size with the screen on it, as one string to be freed. */
char *made_up_view_screen(struct made_up_view *made, int width, int height, bool ascii);

#endif
