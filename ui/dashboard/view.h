/*
 * What the dashboard shows, as plain data: filled from samples and happenings, read by panels.
 *
 * A view knows no run and no terminal, so a test fills one by hand. Simulated time is cut into
 * ticks of equal length; rates are over the last one to two ticks, quantiles over the last
 * VIEW_WINDOW ticks, curves over the last VIEW_TICKS ticks. Names are copied and escaped here.
 *
 * Memory: about 30 KiB a server for its latencies, kept for at most VIEW_DETAIL servers.
 */
#ifndef DASHBOARD_VIEW_H
#define DASHBOARD_VIEW_H

#include "sim/run/observer.h"
#include "sim/run/summary.h"
#include "ui/dashboard/canvas.h"
#include "ui/dashboard/window.h"

#define VIEW_TICKS  60  /* ticks in a curve */
#define VIEW_WINDOW 10  /* ticks in a quantile */
#define VIEW_DETAIL 256 /* servers beyond which there are no latencies of single servers */
#define VIEW_EVENTS 200 /* rows of the log that are kept */

enum view_state { VIEW_RUNNING, VIEW_PAUSED, VIEW_DONE };

enum view_series { SERIES_P99, SERIES_QUEUE, SERIES_RATE, SERIES_COUNT };

enum view_sort {
    SORT_DECLARED,
    SORT_STATE,
    SORT_BUSY,
    SORT_QUEUE,
    SORT_RATE,
    SORT_P99,
    SORT_NAME,
    SORT_COUNT
};

struct view_server {
    char *name;
    enum belief belief;
    enum truth truth;
    uint32_t weight, slots, busy, in_flight;
    uint64_t queue; /* waiting at the backend, and at the balancer for it */
    uint64_t picks, ok, failed;
    uint64_t picks_mark[2]; /* at the last two ends of ticks */
    double rate;            /* picks per second */
    struct window window;   /* only with detail */
    float p99[VIEW_TICKS];  /* ns, by tick % VIEW_TICKS; NAN = nothing finished */
    float sent[VIEW_TICKS]; /* picks per second in that tick; below 0 = held for dead */
};

struct view_event {
    lb_time at;
    char subject[48], word[16], text[240];
    enum glyph mark;
    unsigned style;
    bool moment; /* drawn as a line in the chart */
};

struct view_mark { /* counters at the end of a tick */
    lb_time at;
    uint64_t arrived, ok;
};

struct view {
    /* what stays */
    char *title, *algorithm;
    uint64_t seed;
    lb_time duration, warmup, tick;
    bool detail; /* latencies of single servers are kept */

    /* what the person set */
    enum view_state state;
    double speed; /* INFINITY = as fast as it goes */
    enum view_sort sort;
    bool sort_reversed, help;
    bool events_focus; /* the arrows scroll the log */
    int chart;         /* a view_series, or SERIES_COUNT for no chart */
    uint32_t selected, top, help_top, events_top;

    /* what the run said */
    lb_time now;
    uint64_t arrived, ok, failed, in_flight;
    uint32_t waiting; /* in the balancer's common queue */
    double in_rate, ok_rate;
    struct view_mark mark[2];
    struct window window;
    int64_t last_tick;                      /* -1 before the first sample */
    float series[SERIES_COUNT][VIEW_TICKS]; /* by tick % VIEW_TICKS */
    struct view_server *servers;
    uint32_t server_count, *order;
    struct view_event events[VIEW_EVENTS]; /* ring, newest at (event_count - 1) % VIEW_EVENTS */
    uint64_t event_count;
    struct histogram scratch;

    /* after the end: figures of the whole run */
    bool whole, verdict_known, verdict_holds;
    double whole_in, whole_ok, whole_share;
    uint64_t whole_failed;
    double whole_quantile[4]; /* p50 p90 p99 p99.9 */
    uint64_t whole_count;
};

/* A view of this scenario, at time 0. */
struct view *view_create(const struct scenario *scenario);
void view_destroy(struct view *view);
/* Forgets what the run said, and keeps what the person set: for another run of the same
 * scenario. */
void view_restart(struct view *view);

/* The length of a tick for a run this long: a second, or less so that a curve fits the run. */
lb_time view_tick_for(lb_time duration);

/* Takes in a sample; samples come in order of time and need not end with a tick. */
void view_sample(struct view *view, const struct sample *sample);
/* Adds a row to the log. */
void view_happening(struct view *view, const struct happening *happening);
__attribute__((format(printf, 6, 7))) void view_say(struct view *view, enum glyph mark,
                                                    unsigned style, const char *subject,
                                                    const char *word, const char *format, ...);
/* The end: state, figures of the whole run and the verdict. */
void view_summary(struct view *view, const struct summary *summary);

/* The i-th newest event, or NULL. */
const struct view_event *view_event(const struct view *view, uint32_t i);
/* How many events are kept. */
uint32_t view_event_kept(const struct view *view);

/* The quantile of server i (of the run when i < 0) over the window, ns; NAN with fewer than one
 * request beyond it. */
double view_quantile(const struct view *view, int32_t server, double p);

/* Puts view->order in the order asked for. */
void view_sort(struct view *view);
/* The place of the selected server in view->order. */
uint32_t view_selected_row(const struct view *view);
/* Selects the server that stands `rows` further down (or up). */
void view_move(struct view *view, int64_t rows);

/* Marks, words and colours of states. */
enum glyph view_belief_mark(enum belief belief);
unsigned view_belief_style(enum belief belief);
const char *view_belief_word(enum belief belief); /* "UP", "DRAIN" */
enum glyph view_truth_mark(enum truth truth);
const char *view_truth_word(enum truth truth); /* at most 4 letters */
unsigned view_truth_style(enum truth truth);
/* Does the balancer believe something else than what is true? */
bool view_differs(enum belief belief, enum truth truth);

#endif
