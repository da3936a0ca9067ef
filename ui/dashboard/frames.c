/*
 * Frames of text: for tests, for screen readers and for documents. No terminal, no wall clock.
 */
#include <math.h>

#include "sim/base/units.h"
#include "ui/dashboard/dashboard.h"
#include "ui/dashboard/panel.h"

static void print_frame(struct live *live, struct canvas *canvas, uint32_t i,
                        const struct dashboard_frames *frames, FILE *to)
{
    char now[32];
    if (frames->headings)
        (void)fprintf(to, "%sframe %u of %u, %s\n", i > 1 ? "\n" : "", i, frames->count,
                      units_format_clock(now, sizeof now, run_now(live->run)));
    screen_draw(live->view, canvas);
    canvas_print(canvas, to);
}

int dashboard_text(const struct dashboard_setup *setup, const struct dashboard_frames *frames,
                   FILE *to, struct lb_error *error)
{
    struct live live;
    struct canvas canvas;
    lb_time until = frames->until < LB_NEVER ? frames->until : setup->live.scenario->run.duration;
    int result = 0;
    if (live_open(&live, &setup->live, error) != 0)
        return -1;
    live.view->speed = setup->speed;
    canvas_init(&canvas, frames->width, frames->height, setup->ascii);
    for (uint32_t i = 1; i <= frames->count && result == 0; i++) {
        lb_time at = i < frames->count || frames->until < LB_NEVER
                         ? (lb_time)((double)until * i / frames->count + 0.5)
                         : LB_NEVER - 1;
        if (live_advance(&live, at, INT64_MAX, false))
            live_look(&live);
        else
            result = live_finish(&live, false, error);
        if (result == 0)
            print_frame(&live, &canvas, i, frames, to);
    }
    canvas_done(&canvas);
    live_close(&live);
    return result;
}
