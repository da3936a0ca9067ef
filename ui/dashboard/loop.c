/*
 * The loop: simulated time = wall time x speed, keys, at most ten frames a second.
 *
 * Each round advances the run up to where the wall clock says it should be, but for no longer
 * than until the next frame is due: a run that cannot keep up falls behind with little debt, and
 * keys are answered within a tenth of a second. Paused or ended, the loop sleeps until a key comes.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/base/wall.h"
#include "ui/dashboard/dashboard.h"
#include "ui/dashboard/number.h"
#include "ui/dashboard/panel.h"

#define FRAME    (100 * UNITS_MS) /* wall time between two frames, at least */
#define STEP_MAX (250 * UNITS_MS) /* wall time a round makes up for: not the hours of a suspend */
#define EXPORTS  1000             /* file names tried */

static const double speeds[] = {0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, INFINITY};
#define SPEEDS ((int)(sizeof speeds / sizeof speeds[0]))

struct loop {
    struct live *live;
    struct view *view;
    struct canvas canvas;
    bool may_utf8, quit, dirty;
    enum theme theme;
    double behind;  /* simulated ns that are due and not carried out */
    int64_t wall;   /* when `behind` was last brought up to date */
    int64_t framed; /* when the last frame was drawn */
    int result;
    struct lb_error *error;
};

static void say_error(struct loop *loop, const char *word, const char *text)
{
    view_say(loop->view, GLYPH_DOWN, STYLE_BAD, "lbsim", word, "%s", text);
}

static void finish(struct loop *loop, bool interrupted)
{
    if (live_finish(loop->live, interrupted, loop->error) != 0) {
        loop->result = -1;
        say_error(loop, "error", loop->error->text);
    }
    loop->dirty = true;
}

/* Advances the run to where it should be by now. */
static void advance(struct loop *loop)
{
    int64_t now = wall_now(), deadline = loop->framed + FRAME;
    int64_t passed = now - loop->wall < STEP_MAX ? now - loop->wall : STEP_MAX;
    bool flat_out = isinf(loop->view->speed), going;
    if (deadline < now + FRAME / 10)
        deadline = now + FRAME / 10;
    loop->wall = now;
    if (flat_out) {
        loop->behind = 0;
        going = live_advance(loop->live, LB_NEVER - 1, deadline, true);
    } else {
        loop->behind += (double)passed * loop->view->speed;
        lb_time from = run_now(loop->live->run), until = from + units_from_ns(loop->behind);
        going = live_advance(loop->live, until, deadline, loop->view->speed >= 1000);
        /* What it could not do it still owes, but no more than it may make up for at once. */
        double most = (double)STEP_MAX * loop->view->speed;
        loop->behind -= (double)(run_now(loop->live->run) - from);
        loop->behind = loop->behind < 1 ? 0 : loop->behind < most ? loop->behind : most;
    }
    live_look(loop->live);
    loop->dirty = true;
    if (!going)
        finish(loop, false);
}

static void set_running(struct loop *loop, bool running)
{
    if (loop->view->state == VIEW_DONE)
        return;
    loop->view->state = running ? VIEW_RUNNING : VIEW_PAUSED;
    loop->wall = wall_now();
    loop->behind = 0;
}

/* The next speed in this direction from one that may lie between two of the table. */
static void change_speed(struct loop *loop, int direction)
{
    int i = direction > 0 ? 0 : SPEEDS - 1;
    while (i >= 0 && i < SPEEDS &&
           (direction > 0 ? speeds[i] <= loop->view->speed : speeds[i] >= loop->view->speed))
        i += direction;
    if (i >= 0 && i < SPEEDS)
        loop->view->speed = speeds[i];
    loop->behind = 0;
}

static void step(struct loop *loop, enum deed deed)
{
    bool going;
    if (loop->view->state == VIEW_DONE)
        return;
    set_running(loop, false);
    if (deed == DO_EVENT) {
        going = live_step(loop->live);
        live_look(loop->live);
    } else {
        going = live_advance(loop->live, run_now(loop->live->run) + UNITS_S, INT64_MAX, false);
        live_look(loop->live);
    }
    if (!going)
        finish(loop, false);
}

static void change(struct loop *loop, enum action action)
{
    struct lb_error error = {0};
    if (loop->view->state == VIEW_DONE) {
        say_error(loop, "no", "the run is over: r runs it again");
        return;
    }
    if (loop->view->server_count > 0 &&
        live_command(loop->live, action, loop->view->selected, &error) != 0)
        say_error(loop, "error", error.text);
    if (run_ended(loop->live->run))
        finish(loop, false);
}

static void again(struct loop *loop)
{
    enum view_state state = loop->view->state;
    loop->result = 0;
    if (live_restart(loop->live, loop->error) != 0) {
        loop->result = -1;
        loop->quit = true;
        return;
    }
    set_running(loop, state != VIEW_PAUSED);
}

/* Writes the person's commands into a new file in the current folder, which is never one that
 * exists. */
static void export(struct loop *loop)
{
    char name[32];
    struct text text;
    int fd = -1;
    if (!loop->live->commanded) {
        say_error(loop, "no", "there is nothing to save: you have given no command");
        return;
    }
    text_init(&text);
    run_export(loop->live->run, &text);
    for (int i = 1; i <= EXPORTS && fd < 0; i++) {
        (void)snprintf(name, sizeof name, "commands-%d.yaml", i);
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    bool written = fd >= 0 && write(fd, text.data, text.size) == (ssize_t)text.size;
    if (fd >= 0 && close(fd) != 0)
        written = false;
    if (written)
        view_say(loop->view, GLYPH_CHANGE, STYLE_ACCENT, "lbsim", "saved",
                 "your commands, as a timeline: %s", name);
    else
        say_error(loop, "error", strerror(errno));
    text_done(&text);
}

static void toggle_marks(struct loop *loop)
{
    if (!loop->may_utf8)
        say_error(loop, "no", "the locale's character set is not UTF-8");
    else
        loop->canvas.ascii = !loop->canvas.ascii;
}

static void carry_out(struct loop *loop, enum deed deed)
{
    switch (deed) {
    case DO_PAUSE:
        set_running(loop, loop->view->state == VIEW_PAUSED);
        break;
    case DO_EVENT:
    case DO_SECOND:
        step(loop, deed);
        break;
    case DO_FASTER:
    case DO_SLOWER:
        change_speed(loop, deed == DO_FASTER ? 1 : -1);
        break;
    case DO_SPEED_ONE:
        loop->view->speed = 1;
        loop->behind = 0;
        break;
    case DO_KILL:
        change(loop, ACTION_KILL);
        break;
    case DO_DRAIN:
        change(loop, ACTION_DRAIN);
        break;
    case DO_RESTORE:
        change(loop, ACTION_RESTORE);
        break;
    case DO_AGAIN:
        again(loop);
        break;
    case DO_EXPORT:
        export(loop);
        break;
    case DO_MARKS:
        toggle_marks(loop);
        break;
    case DO_THEME:
        loop->theme = term_set_theme((enum theme)((loop->theme + 1) % THEMES));
        break;
    case DO_QUIT:
        loop->quit = true;
        break;
    default:
        return;
    }
}

static void resize(struct loop *loop)
{
    int width, height;
    term_size(&width, &height);
    if (width != loop->canvas.width || height != loop->canvas.height)
        canvas_resize(&loop->canvas, width, height);
}

static void press(struct loop *loop, int key)
{
    loop->dirty = true;
    if (key == PRESS_ENDED) {
        loop->quit = true;
    } else if (key == PRESS_RESIZED || key == PRESS_RESUMED) {
        resize(loop);
        loop->wall = wall_now();
    } else {
        enum deed deed = keys_find(key);
        if (!screen_act(loop->view, deed))
            carry_out(loop, deed);
    }
}

static void draw(struct loop *loop)
{
    screen_draw(loop->view, &loop->canvas);
    term_show(&loop->canvas);
    loop->framed = wall_now();
    loop->dirty = false;
}

/* How long there is nothing to do, ms; -1 = until a key comes. */
static int idle(const struct loop *loop)
{
    bool running = loop->view->state == VIEW_RUNNING;
    if (running && (isinf(loop->view->speed) || loop->behind > 0))
        return 0;
    if (!running && !loop->dirty)
        return -1;
    int64_t left = loop->framed + FRAME - wall_now();
    return left <= 0 ? 0 : (int)(left / UNITS_MS) + 1;
}

static void watch(struct loop *loop)
{
    resize(loop);
    draw(loop);
    loop->wall = wall_now();
    while (!loop->quit) {
        int key = term_key(idle(loop));
        while (key != PRESS_NONE && !loop->quit) {
            press(loop, key);
            key = loop->quit ? PRESS_NONE : term_key(0);
        }
        if (loop->view->state == VIEW_RUNNING && !loop->quit)
            advance(loop);
        if (loop->dirty && wall_now() - loop->framed >= FRAME)
            draw(loop);
    }
}

int dashboard_run(const struct dashboard_setup *setup, struct live *live, int *signal, bool *opened,
                  struct lb_error *error)
{
    struct loop loop = {
        .live = live, .may_utf8 = setup->may_utf8, .error = error, .theme = setup->theme};
    *signal = 0;
    *opened = term_open(setup->theme, error) == 0;
    if (!*opened)
        return -1;
    if (live_open(live, &setup->live, error) != 0) {
        term_close();
        return -1;
    }
    loop.view = live->view;
    loop.view->speed = setup->speed;
    canvas_init(&loop.canvas, 1, 1, setup->ascii);
    watch(&loop);
    *signal = term_ending_signal();
    term_close();
    canvas_done(&loop.canvas);
    if (live->run != NULL && live_finish(live, true, error) != 0)
        loop.result = -1;
    return loop.result;
}
