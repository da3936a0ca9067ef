/*
 * The engine laid open: what a handler that runs for every request does, inline.
 *
 * The same promises as in engine.h; a call there is one to these. A request schedules the end of its
 * service and sets the beat of its group: as calls of functions that the compiler cannot see into
 * these cost more, since afterwards it reads everything anew. For the model's steps only: they know
 * their kinds and their delays, so only the order of time is checked each time.
 */
#ifndef ENGINE_HOT_H
#define ENGINE_HOT_H

#include "sim/base/check.h"
#include "sim/engine/engine.h"
#include "sim/engine/ladder.h"

struct engine {
    lb_time now;
    lb_time limit; /* of the loop that is running: nothing after it; -1 = not running */
    uint64_t done;
    struct ladder_event *pool;
    uint32_t free;          /* head of the free records, 0 = none */
    uint32_t used, room;    /* records [1, used) have been handed out; allocated */
    uint32_t pending, most; /* events pending, limit of that */
    uint32_t kinds;
    bool stopped, running, in_beat;
    lb_time fresh_at;    /* engine_advance stood here, and since then ... */
    uint64_t fresh_done; /* ... nothing has been done if `done` still is this */
    lb_time beat_at;     /* of the first beat; LB_NEVER = none */
    uint32_t beat, beats;
    struct engine_beat {
        lb_time when;
        uint32_t kind, subject;
    } beating[ENGINE_BEATS_MAX];
    engine_look *look; /* NULL = nobody wants to know what is coming */
    void *context;
    engine_handler *handlers[ENGINE_KINDS_MAX];
    struct ladder ordinary, commands;
};

/* A record beyond those used so far. Kept out of line: it runs O(log n) times, then never. */
uint32_t engine_grow(struct engine *engine);

static inline uint32_t engine_take(struct engine *engine, lb_time when, uint32_t kind,
                                   uint32_t subject)
{
    engine->pending++;
    uint32_t event = engine->free;
    if (__builtin_expect(event != 0, 1))
        engine->free = engine->pool[event].next;
    else
        event = engine_grow(engine);
    struct ladder_event *record = &engine->pool[event];
    record->when = when;
    record->kind = kind;
    record->subject = subject;
    return event;
}

static inline void engine_give(struct engine *engine, uint32_t event)
{
    engine->pool[event].kind = LADDER_FREE;
    engine->pool[event].next = engine->free;
    engine->free = event;
    engine->pending--;
}

/* A kind that exists, a time that can come: what a caller here promises. */
static inline void engine_hot_check(const struct engine *engine, lb_time when, uint32_t kind)
{
#ifdef LB_CHECK_SLOW
    lb_assert(when < LB_NEVER && kind < engine->kinds);
#else
    (void)engine, (void)when, (void)kind;
#endif
}

static inline __attribute__((always_inline)) engine_event engine_hot_at(struct engine *engine,
                                                                        lb_time when, uint32_t kind,
                                                                        uint32_t subject)
{
    lb_assert(when >= engine->now);
    engine_hot_check(engine, when, kind);
    uint32_t event = engine_take(engine, when, kind, subject);
    ladder_push(&engine->ordinary, engine->pool, event);
    return event;
}

/* Which beat comes first. */
static inline __attribute__((always_inline)) void engine_first_beat(struct engine *engine)
{
    uint32_t first = 0;
    for (uint32_t i = 1; i < engine->beats; i++)
        if (engine->beating[i].when < engine->beating[first].when)
            first = i;
    engine->beat = first;
    engine->beat_at = engine->beating[first].when;
}

static inline __attribute__((always_inline)) void engine_hot_beat(struct engine *engine,
                                                                  uint32_t beat, lb_time when,
                                                                  uint32_t kind, uint32_t subject)
{
    lb_assert(beat < ENGINE_BEATS_MAX && when >= engine->now && kind < engine->kinds);
    engine->beats = beat < engine->beats ? engine->beats : beat + 1;
    engine->beating[beat].when = when;
    engine->beating[beat].kind = kind;
    engine->beating[beat].subject = subject;
    if (!engine->in_beat)
        engine_first_beat(engine);
}

/* The same for a beat that is being carried out and only comes again, at `when`. */
static inline __attribute__((always_inline)) void engine_hot_again(struct engine *engine,
                                                                   uint32_t beat, lb_time when)
{
    lb_assert(engine->in_beat && when >= engine->now);
    engine->beating[beat].when = when;
}

#endif
