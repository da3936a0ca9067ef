/* See state.h: who holds what, and what a request finds. The external store is in state_store.c. */
#include "sim/model/state.h"

#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/model/stick.h"
#include "sim/model/world.h"

void state_init(struct world *w)
{
    const struct scenario_state *rule = &w->scenario->state;
    w->state = (struct state){.on = rule->store != STORE_NONE, .rule = rule};
    if (rule->store == STORE_EXTERNAL)
        w->state.store.free_at = text_need_zero(rule->slots, sizeof(lb_time));
}

void state_done(struct state *state)
{
    map_done(&state->by_client);
    free(state->users);
    free(state->store.free_at);
    *state = (struct state){0};
}

static struct state_user *user_of(struct state *state, uint64_t client)
{
    uint32_t id = map_find(&state->by_client, client);
    if (id == 0) {
        id = state->free;
        if (id != 0) {
            state->free = state->users[id].next;
        } else {
            if (state->used + 1 >= state->room) {
                state->room = state->room == 0 ? 64 : 2 * state->room;
                state->users = text_need_more(state->users, state->room * sizeof *state->users);
            }
            id = ++state->used;
        }
        state->users[id] = (struct state_user){.client = client, .last = -1};
        map_set(&state->by_client, client, id);
    }
    return &state->users[id];
}

void state_forget(struct world *w, uint64_t client)
{
    struct state *state = &w->state;
    uint32_t id = state->on ? map_take(&state->by_client, client) : 0;
    if (id == 0)
        return;
    state->open -= state->users[id].has;
    state->users[id] = (struct state_user){.next = state->free};
    state->free = id;
}

/* --- who has a copy ----------------------------------------------------------------------------- */

/* Is `backend` one of the copies - 1 that follow `holder`, round the pool? */
static bool is_copy(const struct world *w, uint32_t holder, uint32_t backend)
{
    uint32_t pool = w->scenario->backends[holder].pool, left = w->state.rule->copies - 1;
    for (uint32_t i = 1; left > 0 && i < w->backend_count; i++) {
        uint32_t at = (holder + i) % w->backend_count;
        if (w->scenario->backends[at].pool != pool)
            continue;
        if (at == backend)
            return true;
        left--;
    }
    return false;
}

static bool is_alive(const struct world *w, uint32_t backend)
{
    return w->backends[backend].truth != TRUTH_DOWN;
}

static void lose(struct world *w, struct state_user *u, lb_time now)
{
    u->has = u->stale = false;
    w->state.open--;
    ledger_session(&w->ledger, SESSION_LOST, now);
}

/* Replicated: the holder died; the first copy that is alive takes its place. */
static void fall_back(struct world *w, struct state_user *u, lb_time now)
{
    uint32_t holder = (uint32_t)u->holder;
    bool there = u->since + w->state.rule->lag <= now; /* the copies have heard of it */
    for (uint32_t i = 1; there && i < w->backend_count; i++) {
        uint32_t at = (holder + i) % w->backend_count;
        if (!is_copy(w, holder, at) || !is_alive(w, at))
            continue;
        u->stale |= u->written + w->state.rule->lag > now;
        u->holder = (int32_t)at;
        return;
    }
    lose(w, u, now);
}

void state_backend_gone(struct world *w, uint32_t backend, lb_time now)
{
    struct state *state = &w->state;
    enum store store = state->rule->store;
    if (!state->on || (store != STORE_MEMORY && store != STORE_REPLICATED))
        return;
    for (uint32_t id = 1; id <= state->used; id++) {
        struct state_user *u = &state->users[id];
        if (!u->has || u->holder != (int32_t)backend)
            continue;
        if (store == STORE_REPLICATED)
            fall_back(w, u, now);
        else
            lose(w, u, now);
    }
}

/* --- requests ----------------------------------------------------------------------------------- */

/* Does the request find its user's state at `backend`? Loses it when it does not. */
static bool finds(struct world *w, struct state_user *u, uint32_t backend, lb_time now)
{
    bool found = u->has;
    if (!found || u->holder == (int32_t)backend)
        return found;
    if (w->state.rule->store == STORE_MEMORY)
        found = false;
    else if (w->state.rule->store == STORE_REPLICATED && is_copy(w, (uint32_t)u->holder, backend))
        u->stale |= u->written + w->state.rule->lag > now; /* reads its own copy */
    if (!found)
        lose(w, u, now);
    return found;
}

void state_soon(struct world *w, uint32_t id)
{
    map_fetch(&w->state.by_client, stick_client(w, world_request(w, id)));
}

void state_sent(struct world *w, uint32_t id)
{
    struct request_tries *tries = &w->requests.tries[id];
    tries->fetched = tries->store_down = tries->logs_in_again = false;
    uint32_t user = map_find(&w->state.by_client, stick_client(w, world_request(w, id)));
    __builtin_prefetch(&w->state.users[user], 1); /* users[0] is there from the first user on */
}

void state_enter(struct world *w, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    struct request_tries *tries = &w->requests.tries[id];
    if ((r->flags & (REQUEST_PROBE | REQUEST_ORPHAN)) != 0)
        return;
    struct state_user *u = user_of(&w->state, stick_client(w, r));
    uint32_t backend = (uint32_t)r->backend;
    bool first = u->last < 0, found = finds(w, u, backend, now);
    if (w->story != NULL)
        story_state(w, id, u, found, now);
    if (!first) {
        bool moved = u->last != r->backend;
        ledger_session(&w->ledger, SESSION_FOLLOWED, r->arrived);
        ledger_session(&w->ledger, moved ? SESSION_MOVED : SESSION_KEPT, r->arrived);
    }
    if (found && u->stale)
        ledger_session(&w->ledger, SESSION_STALE, r->arrived);
    tries->extra = 0;
    tries->logs_in_again = !found && !first;
    if (!found) {
        if (!first)
            ledger_session(&w->ledger, SESSION_LOGIN, r->arrived);
        tries->extra = w->state.rule->login;
        u->has = true;
        u->since = now;
        w->state.open++;
    }
    u->stale = false;
    u->last = u->holder = r->backend;
    u->written = now;
    r->work = world_delay(r->work + tries->extra);
}

void state_leave(struct world *w, uint32_t id)
{
    struct request_tries *tries = &w->requests.tries[id];
    world_request(w, id)->work -= tries->extra;
    tries->extra = 0;
}
