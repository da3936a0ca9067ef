/* See run.h: the loop that the caller owns, commands, and telling the observers. */
#include "sim/run/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/base/units.h"
#include "sim/base/wall.h"
#include "sim/run/private.h"
#include "sim/scenario/quantity.h"

static void tell(struct run *run, const struct happening *happening)
{
    for (uint32_t i = 0; i < run->observer_count; i++)
        if (run->observers[i].on_happening != NULL)
            run->observers[i].on_happening(run->observers[i].self, happening);
}

/* With several balancers a text says whose it is. */
static const char *by_whom(const struct run *run, const struct front *front, const char *text,
                           char *buf, size_t size)
{
    if (front == NULL || run->world.front_count == 1)
        return text;
    (void)snprintf(buf, size, "%.60s: %s", front->name, text);
    return buf;
}

static void happened(void *self, const struct world_action *action, const struct front *front,
                     int32_t backend, enum belief from, enum belief to, const char *text)
{
    struct run *run = self;
    char buf[240];
    const struct scenario *scenario = run->world.scenario;
    struct happening h = {.at = engine_now(run->world.engine),
                          .kind = action != NULL ? HAPPENING_COMMAND : HAPPENING_BELIEF,
                          .backend = backend,
                          .from = from,
                          .to = to,
                          .truth = TRUTH_OK,
                          .what = belief_name(to),
                          .text =
                              action != NULL ? text : by_whom(run, front, text, buf, sizeof buf)};
    if (backend >= 0 && front != NULL && front->outer) { /* of its members, who are balancers */
        const struct front *member = &run->world.fronts[front->to_first + (uint32_t)backend];
        h.backend = -1;
        h.truth = (enum truth)member->gate.truth;
        h.target = member->name;
    } else if (backend >= 0) {
        h.truth = (enum truth)run->world.backends[backend].truth;
        h.target = scenario->backends[backend].name;
    }
    if (action != NULL) {
        h.action = action->what.action;
        h.by_person = action->by_person;
        h.what = action_name(h.action);
        if (h.target == NULL)
            h.target = front != NULL ? front->name : action->what.target;
    }
    tell(run, &h);
}

static void phase(struct run *run, const char *what, const char *text)
{
    struct happening h = {.at = engine_now(run->world.engine),
                          .kind = HAPPENING_PHASE,
                          .backend = -1,
                          .what = what,
                          .text = text};
    tell(run, &h);
}

static void noted(void *self, const struct front *front, const char *word, const char *text)
{
    char buf[240];
    phase(self, word, by_whom(self, front, text, buf, sizeof buf));
}

struct run *run_create(const struct run_setup *setup, struct lb_error *error)
{
    struct run *run = text_need_zero(1, sizeof *run);
    run->setup = *setup;
    if (world_init(&run->world, setup->scenario, setup->replication, setup->keep_backend_latency,
                   error) != 0) {
        free(run);
        return NULL;
    }
    run->world.listener = (struct world_listener){
        .self = run, .happened = happened, .noted = noted, .sample = run_tick};
    if (setup->tell_story != NULL)
        story_begin(&run->world, setup->story_of, setup->tell_story, setup->story_self);
    run_intervals_init(run);
    return run;
}

void run_destroy(struct run *run)
{
    if (run == NULL)
        return;
    if (run->finished)
        summary_release(&run->summary);
    run_intervals_done(run);
    world_done(&run->world);
    free(run);
}

void run_observe(struct run *run, const struct observer *observer)
{
    lb_assert(run->observer_count < RUN_OBSERVERS_MAX && !run->started);
    run->observers[run->observer_count++] = *observer;
    run->wants_samples |= run->setup.keep_samples && observer->on_sample != NULL;
    run->wants_buckets |= observer->on_bucket != NULL;
}

static bool ended(struct run *run)
{
    if (!run->ended && (run->world.settled || run->world.failed.code != LB_ERROR_NONE)) {
        run->ended = true;
        const char *why = "settling time is over";
        if (run->world.failed.code != LB_ERROR_NONE)
            why = run->world.failed.text;
        else if (run->world.ledger.measured_open == 0)
            why = "every measured request has finished";
        phase(run, "end", why);
    }
    return run->ended;
}

/* Event by event, so that the story misses nothing. */
static void advance_with_story(struct run *run, lb_time t)
{
    struct world *w = &run->world;
    while (!w->settled && w->failed.code == LB_ERROR_NONE && engine_step(w->engine, t))
        story_look(w, engine_now(w->engine));
}

bool run_until(struct run *run, lb_time t)
{
    if (run->ended || run->finished)
        return false;
    int64_t before = wall_now();
    run->started = true;
    run_clear_look(run);
    if (run->world.story != NULL)
        advance_with_story(run, t);
    else
        engine_run(run->world.engine, t);
    if (!ended(run) && t > engine_now(run->world.engine) && t < LB_NEVER)
        engine_advance(run->world.engine, t);
    run->wall += wall_now() - before;
    return !run->ended;
}

bool run_step(struct run *run)
{
    if (run->ended || run->finished)
        return false;
    int64_t before = wall_now();
    run->started = true;
    run_clear_look(run);
    (void)engine_step(run->world.engine, LB_NEVER - 1);
    if (run->world.story != NULL)
        story_look(&run->world, engine_now(run->world.engine));
    (void)ended(run);
    run->wall += wall_now() - before;
    return !run->ended;
}

bool run_ended(const struct run *run)
{
    return run->ended;
}

lb_time run_now(const struct run *run)
{
    return engine_now(run->world.engine);
}

bool run_story_begun(const struct run *run)
{
    return story_begun(&run->world);
}

bool run_story_ended(const struct run *run)
{
    return story_ended(&run->world);
}

uint64_t run_requests(const struct run *run)
{
    return run->world.numbers;
}

uint64_t run_events(const struct run *run)
{
    return engine_done(run->world.engine);
}

const struct lb_error *run_error(const struct run *run)
{
    return run->world.failed.code != LB_ERROR_NONE ? &run->world.failed : NULL;
}

/* A group changes its size as a whole, and within the places that the scenario has for it. */
static int check_count(const struct world *w, const struct scenario_action *action,
                       struct lb_error *error)
{
    const struct scenario_backend *first = &w->scenario->backends[action->first];
    const struct scenario_group *g = &w->scenario->groups[first->group];
    if (!w->change.on)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "no group of this scenario may change its size");
    if (!g->counted || g->first != action->first || g->count != action->count)
        return lb_error_set(error, LB_ERROR_INVALID, "only a group with a count has a size");
    if (action->to > g->count)
        return lb_error_set(error, LB_ERROR_INVALID, "%s has places for %u in this scenario",
                            g->name, (unsigned)g->count);
    return 0;
}

int run_apply(struct run *run, const struct scenario_action *action, struct lb_error *error)
{
    uint32_t number = run->world.backend_count;
    bool backends =
        action->action != ACTION_RATE && action->action != ACTION_ALGORITHM && !action->store;
    if (run->ended)
        return lb_error_set(error, LB_ERROR_INVALID, "the run has ended");
    if (backends &&
        (action->count == 0 || action->first >= number || action->count > number - action->first))
        return lb_error_set(error, LB_ERROR_INVALID, "no such backend");
    if (action->action == ACTION_COUNT && check_count(&run->world, action, error) != 0)
        return -1;
    if (action->action == ACTION_RATE && action->first >= run->world.source_count)
        return lb_error_set(error, LB_ERROR_INVALID, "no such client group");
    if (action->action == ACTION_ALGORITHM && action->algorithm == NULL)
        return lb_error_set(error, LB_ERROR_INVALID, "no such algorithm");
    if (action->action == ACTION_FLAP && (action->up <= 0 || action->down <= 0))
        return lb_error_set(error, LB_ERROR_INVALID, "flap needs times up and down");
    struct scenario_action given = *action;
    if (given.action == ACTION_ALGORITHM && given.count == 0)
        given.count = 1;
    if (given.action == ACTION_ALGORITHM && (given.first >= run->world.front_count ||
                                             given.count > run->world.front_count - given.first))
        return lb_error_set(error, LB_ERROR_INVALID, "no such balancer");
    world_apply(&run->world, &given, true);
    return 0;
}

/* A YAML string in single quotes: only the quote itself needs care. */
static void add_quoted(struct text *out, const char *string)
{
    text_add(out, "'", 1);
    for (; *string != '\0'; string++)
        text_add(out, *string == '\'' ? "''" : string, *string == '\'' ? 2 : 1);
    text_add(out, "'", 1);
}

/* The shortest decimal that the scenario language reads back as this very number. */
static void add_amount(struct text *out, double value, long double factor, const char *unit)
{
    char buf[512];
    struct quantity q;
    int most = value > 0.0 ? 17 - (int)floor(log10(value)) : 0;
    for (int decimals = 0;; decimals++) {
        (void)snprintf(buf, sizeof buf, "%.*Lf%s", decimals, factor * (long double)value, unit);
        char *comma = strchr(buf, ','); /* the locale's point */
        if (comma != NULL)
            *comma = '.';
        if (decimals >= most ||
            (quantity_read(buf, strlen(buf), &q) == QUANTITY_FINE && q.value == value))
            break;
    }
    text_addf(out, ", to: %s", buf);
}

/* The name of one balancer, or that of all of its entry. */
static const char *balancers_of(const struct scenario *scenario, uint32_t first, uint32_t count)
{
    for (uint32_t b = 0; b < scenario->balancer_count; b++) {
        const struct scenario_balancer *entry = &scenario->balancers[b];
        if (entry->first == first && entry->count == count)
            return entry->name;
    }
    return scenario->balancer_names[first];
}

/* The group that an action is about, or NULL. A group is one target: what befalls
 * all of it in one instant is not the same as one after the other. */
static const char *group_of(const struct scenario *scenario, const struct scenario_action *action)
{
    bool group = action->count > 1 || action->action == ACTION_COUNT;
    for (uint32_t g = 0; group && g < scenario->group_count; g++)
        if (scenario->groups[g].first == action->first &&
            scenario->groups[g].count == action->count)
            return scenario->groups[g].name;
    return NULL;
}

static const char *target_of(const struct scenario *scenario, const struct scenario_action *action,
                             uint32_t i)
{
    const char *group = group_of(scenario, action);
    if (action->action == ACTION_RATE)
        return scenario->clients[action->first].name;
    if (action->store)
        return action->target;
    if (action->action == ACTION_ALGORITHM || action->at_balancers)
        return balancers_of(scenario, action->first, action->count);
    return group != NULL ? group : scenario->backends[action->first + i].name;
}

static void add_time(struct text *out, const char *key, lb_time time)
{
    char buf[64];
    text_addf(out, ", %s: %s", key, units_format_exact(buf, sizeof buf, time));
}

/* What an action has besides its target. */
static void add_details(struct text *out, const struct scenario_action *a)
{
    if (a->action == ACTION_SLOW || a->action == ACTION_ERRORS || a->action == ACTION_LOSS)
        add_amount(out, a->to, 100.0L, "%");
    if (a->action == ACTION_WEIGHT || a->action == ACTION_COUNT)
        text_addf(out, ", to: %.0f", a->to);
    if (a->action == ACTION_RATE)
        add_amount(out, a->to, 1.0L, "/s");
    if (a->action == ACTION_ALGORITHM)
        text_addf(out, ", to: %s", a->algorithm->name);
    if (a->action == ACTION_ERRORS)
        add_time(out, "in", a->in);
    if (a->action == ACTION_FLAP) {
        add_time(out, "up", a->up);
        add_time(out, "down", a->down);
    }
    if (a->from.count > 0) {
        text_addf(out, ", from: ");
        add_quoted(out, a->from_name);
    }
    if (a->lasts > 0)
        add_time(out, "for", a->lasts);
    bool limit = a->action == ACTION_DRAIN || a->action == ACTION_COUNT;
    if (limit && a->limit < LB_NEVER)
        add_time(out, "limit", a->limit);
}

void run_export(const struct run *run, struct text *out)
{
    const struct world *w = &run->world;
    bool early = false;
    text_addf(out, "timeline:\n");
    for (uint32_t i = 0; i < w->action_count; i++) {
        const struct scenario_action *a = &w->actions[i].what;
        bool once = a->action == ACTION_RATE || a->action == ACTION_ALGORITHM || a->store ||
                    a->at_balancers;
        uint32_t count = once || a->zone > 0 || group_of(w->scenario, a) != NULL ? 1 : a->count;
        for (uint32_t k = 0; k < count; k++) {
            char buf[64], zone[160];
            const char *target = target_of(w->scenario, a, k);
            if (a->zone > 0) {
                (void)snprintf(zone, sizeof zone, "zone %s", w->scenario->zones[a->zone - 1]);
                target = zone;
            }
            text_addf(out, "  - {at: %s, %s: ", units_format_exact(buf, sizeof buf, a->at),
                      action_name(a->action));
            add_quoted(out, target);
            add_details(out, a);
            text_addf(out, "}\n");
        }
        early |= a->at < w->scenario->run.warmup;
    }
    if (early)
        text_addf(out, "# an event falls in the warm-up: replay with run.warmup at 0\n");
}

const struct sample *run_look(struct run *run)
{
    run_flush(run);
    const struct sample *sample = run_fill(run, RUN_LOOK);
    run->look_read = true;
    return sample;
}

const struct summary *run_finish(struct run *run, bool interrupted)
{
    if (run->finished)
        return &run->summary;
    run_flush(run);
    if (run->wants_samples || run->wants_buckets)
        run_tick(run);
    summary_close(run);
    run_check_identities(run);
    summary_build(run, interrupted || !run->ended);
    expect_evaluate(run);
    run->finished = true;
    for (uint32_t i = 0; i < run->observer_count; i++)
        if (run->observers[i].on_end != NULL)
            run->observers[i].on_end(run->observers[i].self, &run->summary);
    return &run->summary;
}
