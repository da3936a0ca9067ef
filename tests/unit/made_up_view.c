/*
 * A view filled by hand. See made_up_view.h.
 */
#include "tests/unit/made_up_view.h"

#include <stdlib.h>
#include <string.h>

#include "algorithms/registry.h"
#include "sim/base/text.h"
#include "sim/base/units.h"
#include "ui/dashboard/panel.h"

static char path[] = "scenarios/web.yaml";

void made_up_view_init(struct made_up_view *made, uint32_t n, const char *const *names)
{
    static const uint32_t weights[] = {3, 2, 1, 3, 2, 2};
    *made = (struct made_up_view){0};
    made->backends = text_need_zero(n, sizeof *made->backends);
    made->rows = text_need_zero(n, sizeof *made->rows);
    made->latencies = text_need_zero(n, sizeof *made->latencies);
    for (uint32_t i = 0; i < n; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "web%u", i + 1);
        made->backends[i].name = text_copy(names != NULL ? names[i] : name);
        made->backends[i].weight = weights[i % 6];
        made->backends[i].slots = i % 6 == 2 ? 8 : 16;
        histogram_init(&made->latencies[i]);
    }
    histogram_init(&made->all);
    made->scenario = (struct scenario){
        .path = path,
        .name = "web tier",
        .balancer.algorithm = lb_registry_find("least-connections"),
        .backends = made->backends,
        .backend_count = n,
        .run = {.duration = 120 * UNITS_S, .seed = 42},
    };
    made->sample.backends = made->rows;
    made->sample.backend_count = n;
    made->view = view_create(&made->scenario);
}

void made_up_view_done(struct made_up_view *made)
{
    view_destroy(made->view);
    for (uint32_t i = 0; i < made->scenario.backend_count; i++)
        free((char *)(uintptr_t)made->backends[i].name);
    free(made->backends);
    free(made->rows);
    free(made->latencies);
}

static void tell(struct made_up_view *made, int second)
{
    struct happening h = {
        .at = second * UNITS_S, .kind = HAPPENING_COMMAND, .what = "", .text = "by timeline"};
    static const struct {
        int second, backend;
        enum action action;
    } story[] = {{20, 4, ACTION_DRAIN}, {30, 1, ACTION_KILL}, {31, 5, ACTION_SLOW}};
    for (size_t i = 0; i < sizeof story / sizeof story[0]; i++)
        if (story[i].second == second &&
            (uint32_t)story[i].backend < made->scenario.backend_count) {
            h.backend = story[i].backend;
            h.action = story[i].action;
            h.target = made->backends[h.backend].name;
            view_happening(made->view, &h);
        }
    if (second == 36) {
        h.kind = HAPPENING_BELIEF;
        h.backend = 1;
        h.to = BELIEF_DOWN;
        h.text = "3 failed checks";
        view_happening(made->view, &h);
    }
}

static void play_second(struct made_up_view *made, int second)
{
    uint64_t served = 0;
    histogram_init(&made->all);
    for (uint32_t i = 0; i < made->scenario.backend_count; i++) {
        struct sample_backend *row = &made->rows[i];
        struct histogram *h = &made->latencies[i];
        bool dead = i == 1 && second >= 30, slow = i == 5 && second >= 31;
        uint64_t rate = dead ? 0 : 150 + 20 * (i % 6);
        row->name = made->backends[i].name;
        row->belief = i == 1 && second >= 36   ? BELIEF_DOWN
                      : i == 4 && second >= 20 ? BELIEF_DRAINING
                                               : BELIEF_UP;
        row->truth = dead ? TRUTH_DOWN : slow ? TRUTH_SLOW : TRUTH_OK;
        row->weight = made->backends[i].weight;
        row->slots = made->backends[i].slots;
        row->busy = dead ? 0 : i == 2 ? 8 : 10 + i % 6;
        row->queue = dead ? 0 : i == 2 ? 31 : slow ? 18 : i == 0 ? 9 : 0;
        row->in_flight = row->busy + row->queue;
        row->picks += rate;
        row->ok += rate;
        row->latency = h;
        histogram_init(h);
        for (uint64_t k = 0; k < rate; k++) {
            lb_time base = (15 + (lb_time)k / 4) * UNITS_MS;
            histogram_add(h, base * (slow ? 4 : i == 2 ? 3 : 1) * (second >= 30 ? 2 : 1));
        }
        histogram_merge(&made->all, h);
        served += rate;
    }
    made->sample.at = second * UNITS_S;
    made->sample.arrived += served + 40;
    made->sample.ok += served;
    made->sample.failed += second == 30 ? 2 : 0;
    made->sample.latency = &made->all;
    tell(made, second);
    view_sample(made->view, &made->sample);
}

void made_up_view_play(struct made_up_view *made, int seconds)
{
    for (int s = (int)(made->view->now / UNITS_S) + 1; s <= seconds; s++)
        play_second(made, s);
}

char *made_up_view_screen(struct made_up_view *made, int width, int height, bool ascii)
{
    struct canvas canvas;
    char *all = NULL;
    size_t size = 0;
    canvas_init(&canvas, width, height, ascii);
    screen_draw(made->view, &canvas);
    FILE *to = open_memstream(&all, &size);
    canvas_print(&canvas, to);
    (void)fclose(to);
    canvas_done(&canvas);
    return all;
}
