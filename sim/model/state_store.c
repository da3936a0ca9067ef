/*
 * The external store of session state (see state.h): a queue with slots of its own beside the backends.
 *
 * Everybody who asks is served in order, so when a fetch is over is known when it begins: the earliest
 * slot that is free, plus what this one takes. A heap of the slots' times is all there is of it. A
 * fetch holds no worker of the backend. A store that is down answers with an error at once.
 */
#include "sim/model/step.h"

/* The slot that is free first takes the fetch; the heap is put in order again. Returns its end. */
static lb_time serve(struct state *state, lb_time now, lb_time takes)
{
    lb_time *heap = state->store.free_at;
    uint32_t slots = state->rule->slots, at = 0;
    lb_time end = (heap[0] > now ? heap[0] : now) + takes;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= slots)
            break;
        if (child + 1 < slots && heap[child + 1] < heap[child])
            child++;
        if (heap[child] >= end)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = end;
    return end;
}

bool state_fetch(struct world *w, uint32_t id, lb_time now)
{
    struct state *state = &w->state;
    struct request *r = world_request(w, id);
    struct request_tries *tries = &w->requests.tries[id];
    if (tries->fetched || (r->flags & (REQUEST_PROBE | REQUEST_ORPHAN)) != 0)
        return false;
    tries->fetched = true;
    if (state->store.down) {
        tries->store_down = true;
        backend_turn_away(w, id, LB_END_ERROR, now);
        return true;
    }
    struct lb_random random;
    stream_open(&random, &w->key, STREAM_STORE, r->number, requests_attempt(&w->requests, id));
    lb_time takes = world_delay(distribution_draw_fast(&state->rule->latency, &random));
    state->store.asked++;
    lb_time end = serve(state, now, takes);
    if (end == now)
        return false;
    r->event = engine_at(w->engine, world_delay(end), EVENT_FETCHED, id);
    return true;
}

void state_fetched_event(void *context, uint32_t subject, lb_time now)
{
    step_to_backend(context, false, subject, now);
}

void state_store_set(struct world *w, bool down, lb_time now)
{
    struct state *state = &w->state;
    if (down && !state->store.down) {
        for (uint32_t id = 1; id <= state->used; id++) {
            struct state_user *u = &state->users[id];
            if (!u->has)
                continue;
            u->has = u->stale = false;
            state->open--;
            ledger_session(&w->ledger, SESSION_LOST, now);
        }
    }
    for (uint32_t i = 0; !down && i < state->rule->slots; i++)
        state->store.free_at[i] = now;
    state->store.down = down;
}
