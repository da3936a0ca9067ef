/*
 * The discrete-event engine: a clock and a queue of events in total order (time, sequence).
 *
 * The idea: a radix ladder. Time is cut into 8-bit digits; `cur` is the last instant already
 * opened. An event at or before cur goes into a small sorted bottom array; any other goes to the
 * level of the highest digit in which its time differs from cur, into the slot of that digit. When
 * the bottom is empty the first slot of the lowest non-empty level is opened. Slots are doubly
 * linked lists of u32 indices, so a handle cancels in O(1). Events of the current instant go to a
 * first-in-first-out ring. No sampling, no resizing, no width to tune.
 *
 * Cost: about 20 ns a push and pop together up to 10,000 pending events. Memory: 24 bytes for each
 * pending event (at the peak), never for a past or cancelled one.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>

#include "algorithms/types.h"

/* A pending event. Valid until it has been carried out or cancelled; 0 is never one. */
typedef uint32_t engine_event;
#define ENGINE_NO_EVENT 0U

/* Carries out one event: kind selects the handler, subject says whom it is about. */
typedef void engine_handler(void *context, uint32_t subject, lb_time now);

#define ENGINE_KINDS_MAX 128

struct engine; /* opaque */

/* handlers[kind] for kind < kinds <= ENGINE_KINDS_MAX; context is handed to each. Time starts at 0.
 * pending_max: the limit of pending events, 0 = 2^31. Never NULL (out of memory ends the program). */
struct engine *engine_create(engine_handler *const *handlers, uint32_t kinds, void *context,
                             uint32_t pending_max);
void engine_destroy(struct engine *engine);

lb_time engine_now(const struct engine *engine);
/* Events carried out so far; events pending. */
uint64_t engine_done(const struct engine *engine);
uint32_t engine_pending(const struct engine *engine);

/* Schedules an event at `when` >= now; behind all events of that instant scheduled before. */
engine_event engine_at(struct engine *engine, lb_time when, uint32_t kind, uint32_t subject);
/* The same, but before every ordinary event of its instant (a command); when > now, or nothing has
 * been carried out at now yet. */
engine_event engine_at_first(struct engine *engine, lb_time when, uint32_t kind, uint32_t subject);
/*
 * A beat: the one next event of a source that always has exactly one, such as the next arrival of a
 * client group. It is kept beside the queue, which saves a push and a pop for each. Setting a beat
 * replaces it; LB_NEVER stops it; carrying it out clears it before its handler runs. At one instant
 * the order is: commands, beats by their number, ordinary events as they were scheduled.
 */
#define ENGINE_BEATS_MAX 8
void engine_beat(struct engine *engine, uint32_t beat, lb_time when, uint32_t kind,
                 uint32_t subject);

/* Takes a pending event out, O(1). The caller owns the handle: a stale one is a bug (lb_assert). */
void engine_cancel(struct engine *engine, engine_event event);

/* Told of events that are about to come, only in engine_run and without a promise, so that a model
 * with more state than the cache holds can fetch it: what the event names, what that points to, and
 * so on. ENGINE_FAR: its slot was opened or is near; ENGINE_NEAR: about third from now; ENGINE_NEXT:
 * about second. It may change nothing. Costs about 3 ns an event and saves 30 with 10,000 backends;
 * NULL, the default, costs nothing. */
enum engine_ahead { ENGINE_FAR, ENGINE_NEAR, ENGINE_NEXT };
typedef void engine_look(void *context, uint32_t kind, uint32_t subject, enum engine_ahead ahead);
void engine_on_look(struct engine *engine, engine_look *look);

/* When a pending event is due. */
lb_time engine_when(const struct engine *engine, engine_event event);
/* Where the clock stands, to be read later; valid as long as the engine. */
const lb_time *engine_clock(const struct engine *engine);

/* When the next event is due; LB_NEVER when none is pending. */
lb_time engine_next(struct engine *engine);
/* Carries out one event; false when none is pending or the next is due after `limit`. */
bool engine_step(struct engine *engine, lb_time limit);
/* Carries out every event due at or before `limit`, until engine_stop() is called by a handler.
 * The clock then stands at the last event carried out, not at limit. */
void engine_run(struct engine *engine, lb_time limit);
void engine_stop(struct engine *engine);
/* Moves the clock forward to `when`: no event may be due before it. */
void engine_advance(struct engine *engine, lb_time when);

#endif
