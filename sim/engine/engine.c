/*
 * The engine: a clock, a pool of event records, and two ladders over it.
 *
 * Commands (engine_at_first) wait in a ladder of their own: total order (time, sequence) with
 * commands before ordinary events is then a comparison of two heads, made only while a command is
 * pending. The loop sees the next command as a limit, so it costs nothing between commands. Freed
 * records are reused last in, first out, while they are still in the cache.
 */
#include "sim/engine/hot.h"

#include <stdlib.h>

#include "sim/base/text.h"

#define ENGINE_FIRST_ROOM 64U
#define ENGINE_MOST       (UINT32_MAX >> 1)
#define ENGINE_COMMAND    0x100U /* flag in a record's kind: it waits among the commands */

struct engine *engine_create(engine_handler *const *handlers, uint32_t kinds, void *context,
                             uint32_t pending_max)
{
    lb_assert(kinds >= 1 && kinds <= ENGINE_KINDS_MAX);
    struct engine *engine = text_need_zero(1, sizeof *engine);
    for (uint32_t i = 0; i < kinds; i++) {
        lb_assert(handlers[i] != NULL);
        engine->handlers[i] = handlers[i];
    }
    engine->kinds = kinds;
    engine->context = context;
    engine->most = pending_max != 0 && pending_max < ENGINE_MOST ? pending_max : ENGINE_MOST;
    engine->room = ENGINE_FIRST_ROOM;
    engine->pool = text_need(engine->room * sizeof *engine->pool);
    engine->used = 1; /* record 0 is never handed out: no event has that number */
    engine->limit = -1;
    engine->beat_at = LB_NEVER;
    for (uint32_t i = 0; i < ENGINE_BEATS_MAX; i++)
        engine->beating[i].when = LB_NEVER;
    ladder_init(&engine->ordinary);
    ladder_init(&engine->commands);
    return engine;
}

void engine_destroy(struct engine *engine)
{
    if (engine == NULL)
        return;
    free(engine->pool);
    free(engine);
}

lb_time engine_now(const struct engine *engine)
{
    return engine->now;
}

uint64_t engine_done(const struct engine *engine)
{
    return engine->done;
}

uint32_t engine_pending(const struct engine *engine)
{
    return engine->pending;
}

uint32_t engine_grow(struct engine *engine)
{
    lb_require(NULL, engine->used <= engine->most, "more than %u events pending", engine->most);
    if (engine->used == engine->room) {
        size_t room = (size_t)engine->room * 2;
        engine->pool = text_need_more(engine->pool, room * sizeof *engine->pool);
        engine->room = (uint32_t)room;
    }
    return engine->used++;
}

engine_event engine_at(struct engine *engine, lb_time when, uint32_t kind, uint32_t subject)
{
    lb_assert(when < LB_NEVER && kind < engine->kinds);
    return engine_hot_at(engine, when, kind, subject);
}

engine_event engine_at_first(struct engine *engine, lb_time when, uint32_t kind, uint32_t subject)
{
    bool fresh = engine->now == engine->fresh_at && engine->done == engine->fresh_done;
    lb_assert(when > engine->now || (when == engine->now && fresh));
    lb_assert(when < LB_NEVER);
    lb_assert(kind < engine->kinds);
    uint32_t event = engine_take(engine, when, kind | ENGINE_COMMAND, subject);
    ladder_push(&engine->commands, engine->pool, event);
    if (engine->limit >= when) /* the loop that is running must come up for it */
        engine->limit = when - 1;
    return event;
}

void engine_cancel(struct engine *engine, engine_event event)
{
    lb_assert(event != 0 && event < engine->used);
    uint32_t kind = engine->pool[event].kind;
    lb_assert(kind != LADDER_FREE);
    if (__builtin_expect((kind & ENGINE_COMMAND) != 0, 0))
        ladder_remove(&engine->commands, engine->pool, event);
    else
        ladder_remove(&engine->ordinary, engine->pool, event);
    engine_give(engine, event);
}

static lb_time engine_next_in(struct engine *engine, struct ladder *ladder)
{
    const struct ladder_entry *first = ladder_first(ladder, engine->pool);
    return first != NULL ? first->when : LB_NEVER;
}

lb_time engine_next(struct engine *engine)
{
    lb_time ordinary = engine_next_in(engine, &engine->ordinary);
    lb_time command = engine_next_in(engine, &engine->commands);
    lb_time soonest = command < ordinary ? command : ordinary;
    return engine->beat_at < soonest ? engine->beat_at : soonest;
}

void engine_beat(struct engine *engine, uint32_t beat, lb_time when, uint32_t kind,
                 uint32_t subject)
{
    engine_hot_beat(engine, beat, when, kind, subject);
}

/* Carries out the first beat; its handler sets the next one, if there is to be one. */
static inline void engine_carry_out_beat(struct engine *engine)
{
    struct engine_beat *beat = &engine->beating[engine->beat];
    lb_time when = beat->when;
    beat->when = LB_NEVER;
    engine->now = when;
    engine->done++;
    engine->in_beat = true;
    engine->handlers[beat->kind](engine->context, beat->subject, when);
    engine->in_beat = false;
    engine_first_beat(engine);
}

/* Carries out the head of a ladder that has one. */
static inline void engine_carry_out(struct engine *engine, struct ladder *ladder)
{
    struct ladder_entry first = ladder->bottom[ladder->size - 1];
    ladder_pop(ladder);
    const struct ladder_event *record = &engine->pool[first.event];
    engine_handler *handler = engine->handlers[record->kind & (ENGINE_KINDS_MAX - 1)];
    uint32_t subject = record->subject;
    engine_give(engine, first.event); /* before the handler, which may reuse it */
    engine->now = first.when;
    engine->done++;
    handler(engine->context, subject, first.when);
}

static inline void engine_announce(const struct engine *engine, uint32_t event,
                                   enum engine_ahead ahead)
{
    const struct ladder_event *record = &engine->pool[event];
    engine->look(engine->context, record->kind & (ENGINE_KINDS_MAX - 1), record->subject, ahead);
}

static void engine_soon(void *self, uint32_t event)
{
    engine_announce(self, event, ENGINE_FAR);
}

/* A slot was opened. What it held is in the bottom: all is FAR, the first two are NEAR. If it held
 * one event, the next slots say what follows; they were FAR when they were spread. */
static __attribute__((noinline)) void engine_announce_opened(const struct engine *engine,
                                                             const struct ladder *ladder)
{
    const struct ladder_entry *bottom = ladder->bottom;
    uint32_t size = ladder->size;
    if (size == 1) {
        uint32_t event[2];
        ladder_peek(ladder, event);
        if (event[0] != 0)
            engine_announce(engine, event[0], ENGINE_NEXT);
        if (event[1] != 0)
            engine_announce(engine, event[1], ENGINE_NEAR);
        return;
    }
    for (uint32_t i = size; i > 0; i--)
        engine_announce(engine, bottom[i - 1].event, ENGINE_FAR);
    for (uint32_t i = size; i > 0 && i + 2 > size; i--)
        engine_announce(engine, bottom[i - 1].event, ENGINE_NEAR);
}

/* The same while the bottom empties. */
static inline void engine_announce_bottom(const struct engine *engine, const struct ladder *ladder)
{
    if (ladder->size >= 3)
        engine_announce(engine, ladder->bottom[ladder->size - 3].event, ENGINE_NEAR);
    if (ladder->size >= 2)
        engine_announce(engine, ladder->bottom[ladder->size - 2].event, ENGINE_NEXT);
}

void engine_on_look(struct engine *engine, engine_look *look)
{
    engine->look = look;
    engine->ordinary.soon = look != NULL ? engine_soon : NULL;
    engine->ordinary.context = engine;
}

bool engine_step(struct engine *engine, lb_time limit)
{
    lb_time ordinary = engine_next_in(engine, &engine->ordinary);
    lb_time command = engine_next_in(engine, &engine->commands);
    lb_time beat = engine->beat_at;
    bool is_command = command <= ordinary && command <= beat;
    bool is_beat = !is_command && beat <= ordinary;
    lb_time when = is_command ? command : is_beat ? beat : ordinary;
    if (when == LB_NEVER || when > limit)
        return false;
    if (is_beat)
        engine_carry_out_beat(engine);
    else
        engine_carry_out(engine, is_command ? &engine->commands : &engine->ordinary);
    return true;
}

void engine_run(struct engine *engine, lb_time limit)
{
    lb_assert(!engine->running);
    engine->running = true;
    engine->stopped = false;
    struct ladder *ladder = &engine->ordinary;
    do {
        lb_time command = engine_next_in(engine, &engine->commands);
        engine->limit = command <= limit ? command - 1 : limit;
        for (;;) {
            lb_time when = LB_NEVER;
            if (ladder->size == 0 && ladder_open(ladder, engine->pool) && engine->look != NULL)
                engine_announce_opened(engine, ladder);
            if (ladder->size != 0)
                when = ladder->bottom[ladder->size - 1].when;
            if (engine->beat_at <= when) {
                if (engine->beat_at > engine->limit)
                    break;
                engine_carry_out_beat(engine);
                continue;
            }
            if (when > engine->limit)
                break;
            if (engine->look != NULL)
                engine_announce_bottom(engine, ladder);
            engine_carry_out(engine, ladder);
        }
        /* Stopped, or a command is due, or one that was due has been cancelled, or all is done. */
    } while (!engine->stopped && engine_step(engine, limit) && !engine->stopped);
    engine->limit = -1;
    engine->running = false;
}

void engine_stop(struct engine *engine)
{
    engine->stopped = true;
    engine->limit = -1;
}

void engine_advance(struct engine *engine, lb_time when)
{
    lb_assert(when >= engine->now);
    lb_assert(engine_next(engine) >= when);
    if (when > engine->now) {
        engine->now = when;
        engine->fresh_at = when;
        engine->fresh_done = engine->done;
    }
}

lb_time engine_when(const struct engine *engine, engine_event event)
{
    lb_assert(event != 0 && event < engine->used && engine->pool[event].kind != LADDER_FREE);
    return engine->pool[event].when;
}

const lb_time *engine_clock(const struct engine *engine)
{
    return &engine->now;
}
