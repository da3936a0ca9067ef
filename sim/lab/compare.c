/* See compare.h. */
#include "sim/lab/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/wall.h"
#include "sim/lab/warmup.h"

struct comparing {
    const struct compare_setup *setup;
    int64_t began;
    uint32_t arm; /* at work */
};

static bool time_up(const struct comparing *c)
{
    return c->setup->time > 0 && wall_now() - c->began >= c->setup->time;
}

static bool stop(void *self)
{
    const struct comparing *c = self;
    return time_up(c) || (c->setup->stop != NULL && c->setup->stop(c->setup->self));
}

static void measured(void *self, uint32_t replication, const struct summary *summary)
{
    const struct comparing *c = self;
    if (c->setup->measured != NULL)
        c->setup->measured(c->setup->self, c->arm, replication, summary);
}

/* --- warm-up ---------------------------------------------------------------------------------------- */

/* An error of one arm says which. */
static int arm_failed(const struct compare_arm *arm, struct lb_error *error)
{
    struct lb_error first = *error;
    char name[64];
    text_escape(name, sizeof name, arm->name, strlen(arm->name));
    lb_error_set(error, first.code, "%s: %s", name, first.text);
    return -1;
}

/* One warm-up for all that want one. */
static int settle(struct comparing *c, struct lb_error *error)
{
    const struct compare_setup *s = c->setup;
    const struct scenario *longest = NULL;
    lb_time warmup = 0, found;
    for (uint32_t a = 0; a < s->count; a++) {
        struct scenario *arm = s->arms[a].scenario;
        struct warmup_setup pilot = {.scenario = arm,
                                     .replications = s->replications,
                                     .threads = s->threads,
                                     .self = c,
                                     .stop = stop};
        if (!warmup_wanted(arm))
            continue;
        int status = warmup_find(&pilot, &found, error);
        if (status == 1)
            return 1;
        if (status != 0)
            return arm_failed(&s->arms[a], error);
        if (longest == NULL || (double)found / (double)arm->run.duration >
                                   (double)warmup / (double)longest->run.duration) {
            longest = arm;
            warmup = found;
        }
    }
    for (uint32_t a = 0; a < s->count && longest != NULL; a++) {
        struct scenario_run *run = &s->arms[a].scenario->run;
        if (!warmup_wanted(s->arms[a].scenario))
            continue;
        double share = (double)run->duration / (double)longest->run.duration;
        run->warmup =
            run->duration == longest->run.duration ? warmup : (lb_time)((double)warmup * share);
        run->warmup_given = true;
    }
    return 0;
}

/* --- rounds ----------------------------------------------------------------------------------------- */

static int add(struct comparing *c, uint32_t a, uint32_t replications, struct lb_error *error)
{
    const struct compare_setup *s = c->setup;
    struct compare_arm *arm = &s->arms[a];
    struct cell_setup one = {.scenario = arm->scenario,
                             .n = a,
                             .replications = replications,
                             .threads = s->threads,
                             .self = c,
                             .stop = stop,
                             .measured = measured};
    c->arm = a;
    int status = cell_add(&one, &arm->cell, error);
    return status < 0 ? arm_failed(arm, error) : status;
}

/* Every arm up to so many replications, or all as they were. */
static int make_round(struct comparing *c, uint32_t from, uint32_t to, struct lb_error *error)
{
    const struct compare_setup *s = c->setup;
    struct histogram *before = text_need(s->count * sizeof *before);
    int status = 0;
    uint32_t made = 0;
    if (s->round != NULL)
        s->round(s->self, to);
    for (; made < s->count && status == 0; made++) {
        before[made] = *s->arms[made].cell.latency;
        status = add(c, made, to, error);
    }
    for (uint32_t a = 0; a < made && status != 0; a++)
        cell_back(&s->arms[a].cell, from, &before[a]);
    free(before);
    return status;
}

/* The relative half width of a figure in the arm where it is largest; NAN when it is unknown in one. */
static double width_of(const struct compare_setup *s, enum cell_figure figure)
{
    double width = 0.0;
    for (uint32_t a = 0; a < s->count; a++) {
        struct estimate e = cell_figure(&s->arms[a].cell.result, figure);
        double half = (e.high - e.low) / 2.0;
        if (!isfinite(half))
            return NAN;
        width = fmax(width, half > 0.0 ? half / fabs(e.mean) : 0.0);
    }
    return width;
}

/* Fills what the result says of precision. 0, or -1 with *error. */
static int look(const struct compare_setup *s, struct compare_result *result,
                struct lb_error *error)
{
    result->width = NAN;
    result->precise = false;
    for (uint32_t i = 0; i < s->watched_count && s->precision > 0.0; i++) {
        double width = width_of(s, s->watched[i]);
        if (isnan(width) && s->insist)
            return lb_error_set(error, LB_ERROR_INVALID,
                                "%s is unknown in some replications (a quantile has fewer than 100 "
                                "requests beyond it): make run.duration longer, or let --precision "
                                "look at another --metric",
                                cell_figures[s->watched[i]].name);
        if (!isnan(width))
            result->width = fmax(isnan(result->width) ? 0.0 : result->width, width);
    }
    result->precise = result->width <= s->precision / (1.0 + s->precision); /* false of NAN */
    return 0;
}

static uint32_t next_round(const struct compare_setup *s, uint32_t done)
{
    bool early = s->precision > 0.0 || s->time > 0;
    uint32_t first = s->precision > 0.0 ? COMPARE_FIRST : COMPARE_BLOCK;
    uint32_t next = !early ? s->replications : done == 0 ? first : done + COMPARE_BLOCK;
    return next < s->replications ? next : s->replications;
}

int compare_make(const struct compare_setup *setup, struct compare_result *result,
                 struct lb_error *error)
{
    struct comparing c = {.setup = setup, .began = wall_now()};
    lb_assert(setup->count >= 1 && setup->count <= COMPARE_ARMS_MAX && setup->replications >= 1);
    *result = (struct compare_result){.width = NAN};
    for (uint32_t a = 0; a < setup->count; a++)
        cell_init(&setup->arms[a].cell, setup->arms[a].settings);
    int status = settle(&c, error);
    while (status == 0 && result->replications < setup->replications && !result->precise) {
        uint32_t next = next_round(setup, result->replications);
        status = make_round(&c, result->replications, next, error);
        if (status == 0) {
            result->replications = next;
            status = look(setup, result, error);
        }
    }
    for (uint32_t a = 0; a < setup->count; a++) {
        setup->arms[a].cell.result.name = setup->arms[a].name;
        setup->arms[a].cell.result.variant = setup->arms[a].scenario->variant;
    }
    result->end = status == 1       ? time_up(&c) ? COMPARE_TIME : COMPARE_STOPPED
                  : result->precise ? COMPARE_PRECISE
                                    : COMPARE_ALL;
    return status == 1 && result->replications > 0 ? 0 : status;
}

void compare_done(struct compare_arm *arms, uint32_t count)
{
    for (uint32_t a = 0; a < count; a++)
        cell_done(&arms[a].cell);
}
