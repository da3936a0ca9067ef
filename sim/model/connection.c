/* See connection.h: at the client. What balancers do with connections is in connections.c. */
#include "sim/model/connection.h"

#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/model/crowd.h"
#include "sim/model/step.h"
#include "sim/model/takeover.h"

/* At most this many open at once: 2 GiB of records. */
#define CONNECTIONS_MAX (UINT32_C(1) << 24)

/* --- records ------------------------------------------------------------------------------------ */

static bool measured(const struct world *w, lb_time now)
{
    return now >= w->ledger.from && now < w->ledger.until;
}

/* A record; 0 when there are too many, which ends the run. */
static uint32_t take_record(struct world *w)
{
    struct connections *all = w->connections;
    uint32_t id = all->free;
    if (id != 0) {
        all->free = all->at[id].next;
        return id;
    }
    if (all->used + 1 >= CONNECTIONS_MAX) {
        lb_error_set(&w->failed, LB_ERROR_INVALID,
                     "more than %u connections open at once: write a shorter idle time, or fewer "
                     "clients",
                     CONNECTIONS_MAX);
        engine_stop(w->engine);
        return 0;
    }
    if (all->used + 1 >= all->room) {
        all->room = all->room == 0 ? 256 : 2 * all->room;
        all->at = text_need_more(all->at, all->room * sizeof *all->at);
        all->at[0] = (struct connection){0};
    }
    return ++all->used;
}

static uint32_t take_owner(struct connections *all, uint64_t client)
{
    uint32_t id = map_find(&all->by_client, client);
    if (id != 0)
        return id;
    id = all->owners_free;
    if (id != 0) {
        all->owners_free = all->owners[id].last;
    } else {
        if (all->owners_used + 1 >= all->owners_room) {
            all->owners_room = all->owners_room == 0 ? 64 : 2 * all->owners_room;
            all->owners = text_need_more(all->owners, all->owners_room * sizeof *all->owners);
        }
        id = ++all->owners_used;
    }
    all->owners[id] = (struct connection_owner){.client = client};
    map_set(&all->by_client, client, id);
    return id;
}

/* A client that has nothing and waits for nothing is forgotten. */
static void settle_owner(struct world *w, uint32_t id, lb_time now)
{
    struct connections *all = w->connections;
    struct connection_owner *owner = &all->owners[id];
    if (owner->due)
        return;
    if (owner->first != 0) {
        owner->due = true;
        (void)engine_at(w->engine, now, EVENT_ROOM, id);
    } else if (owner->open == 0) {
        (void)map_take(&all->by_client, owner->client);
        owner->room = 0;
        owner->last = all->owners_free;
        all->owners_free = id;
    }
}

void connection_hand_on(struct world *w, uint32_t id, uint32_t new)
{
    connections_room(w);
    w->connections->use[new] = w->connections->use[id];
    w->connections->use[id] = (struct connection_use){0};
}

/* --- those with room ---------------------------------------------------------------------------- */

static void room_join(struct connections *all, uint32_t id)
{
    struct connection *c = &all->at[id];
    struct connection_owner *owner = &all->owners[c->owner];
    if (c->owner == 0 || (c->flags & CONNECTION_ROOM) != 0)
        return;
    c->flags |= CONNECTION_ROOM;
    c->prev = 0;
    c->next = owner->room;
    if (owner->room != 0)
        all->at[owner->room].prev = id;
    owner->room = id;
}

static void room_leave(struct connections *all, uint32_t id)
{
    struct connection *c = &all->at[id];
    if ((c->flags & CONNECTION_ROOM) == 0)
        return;
    c->flags &= (uint8_t)~CONNECTION_ROOM;
    if (c->prev != 0)
        all->at[c->prev].next = c->next;
    else
        all->owners[c->owner].room = c->next;
    if (c->next != 0)
        all->at[c->next].prev = c->prev;
}

/* --- silence ------------------------------------------------------------------------------------ */

static lb_time later(lb_time from, lb_time by)
{
    return by == 0 || by >= LB_NEVER - from ? LB_NEVER : from + by;
}

/* When a silent one is closed: by its client, its age, or a balancer of layer 7. */
static lb_time close_at(const struct world *w, const struct connection *c)
{
    lb_time at = later(c->silent_since, w->sources[c->source].rule->connections.idle);
    const uint16_t fronts[2] = {c->front, c->inner};
    for (int i = 0; i < 2; i++) {
        if (i == 1 && (c->flags & CONNECTION_INNER) == 0)
            break;
        lb_time other = later(c->silent_since, w->fronts[fronts[i]].rule->connections.idle);
        at = other < at ? other : at;
    }
    return c->expires < at ? c->expires : at;
}

/* When the table of its balancer forgets it. */
static lb_time forget_at(const struct world *w, const struct connection *c)
{
    if (c->place[0].member < 0)
        return LB_NEVER;
    return later(c->silent_since, w->fronts[c->front].rule->connections.table_idle);
}

static void set_timer(struct world *w, uint32_t id)
{
    struct connection *c = &w->connections->at[id];
    lb_time at = close_at(w, c), forget = forget_at(w, c);
    c->timer = ENGINE_NO_EVENT;
    at = forget < at ? forget : at;
    if (at < LB_NEVER)
        c->timer = engine_at(w->engine, at, EVENT_SILENT, id);
}

void connection_unlist(struct world *w, struct connection *c)
{
    struct connections *all = w->connections;
    struct connection_front *front = &all->fronts[c->front];
    if ((c->flags & CONNECTION_SILENT) == 0)
        return;
    c->flags &= (uint8_t)~CONNECTION_SILENT;
    front->silent--;
    if (c->newer != 0)
        all->at[c->newer].older = c->older;
    else
        front->newest = c->older;
    if (c->older != 0)
        all->at[c->older].newer = c->newer;
    else
        front->oldest = c->newer;
}

void connection_silent(struct world *w, uint32_t id)
{
    struct connections *all = w->connections;
    struct connection *c = &all->at[id];
    struct connection_front *front = &all->fronts[c->front];
    if (c->timer != ENGINE_NO_EVENT)
        engine_cancel(w->engine, c->timer);
    set_timer(w, id);
    if (c->place[0].member < 0)
        return;
    c->flags |= CONNECTION_SILENT;
    c->newer = 0;
    c->older = front->newest;
    if (front->newest != 0)
        all->at[front->newest].newer = id;
    else
        front->oldest = id;
    front->newest = id;
    front->silent++;
}

/* Its last request has gone. */
static void fall_silent(struct world *w, uint32_t id, lb_time now)
{
    struct connection *c = &w->connections->at[id];
    c->silent_since = now;
    if (w->entries.at != NULL && takeover_fell_silent(w, id, now))
        return;
    if ((c->flags & CONNECTION_SILENT) == 0)
        connection_silent(w, id);
}

static void wake(struct world *w, struct connection *c)
{
    if (c->timer != ENGINE_NO_EVENT)
        engine_cancel(w->engine, c->timer);
    c->timer = ENGINE_NO_EVENT;
    connection_unlist(w, c);
}

void connection_timer_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct connection *c = &w->connections->at[subject];
    c->timer = ENGINE_NO_EVENT;
    if (close_at(w, c) <= now) {
        connection_close(w, subject, LB_END_OK, now);
        return;
    }
    if (c->place[0].member >= 0)
        layer4_forget(w, subject, now);
    set_timer(w, subject);
}

/* --- opening and closing ------------------------------------------------------------------------ */

/* For a request that has a use already; owner 0: for it alone. 0 when the run ends here. */
static uint32_t open_one(struct world *w, struct source *s, uint32_t id, uint32_t owner,
                         lb_time now)
{
    struct connections *all = w->connections;
    struct request *r = world_request(w, id);
    const struct scenario_connections *rule = &s->rule->connections;
    uint32_t made = take_record(w);
    if (made == 0)
        return 0;
    uint32_t front = w->front_count > 1 ? entry_of(w, s, r) : 0;
    uint16_t address = w->entries.at != NULL ? w->requests.tries[id].address : 0;
    uint64_t client = (uint64_t)s->source_index << 32 | client_of(w, r);
    struct lb_random random = {0};
    if (rule->ages || tls_at(w, front))
        stream_open(&random, &w->key, STREAM_CONNECTION, r->number,
                    w->requests.tries == NULL ? 0 : w->requests.tries[id].client);
    lb_time age = rule->ages ? distribution_draw_time(&rule->max_age, &random) : LB_NEVER;
    lb_time ready = now + (rule->on ? 2 * w->to_balancer : 0);
    ready += tls_open(w, id, front, client, &random, now);
    all->at[made] = (struct connection){.opened = now,
                                        .ready = ready,
                                        .expires = age < LB_NEVER - now ? now + age : LB_NEVER,
                                        .owner = owner,
                                        .source = s->source_index,
                                        .left = rule->on ? rule->requests : 1,
                                        .front = (uint16_t)front,
                                        .address = address,
                                        .open = true,
                                        .place = {{.member = -1}, {.member = -1}}};
    all->open++;
    all->use[id].opened = true;
    if (owner != 0)
        all->owners[owner].open++;
    if (measured(w, now))
        all->counts.opened++;
    return made;
}

void connection_close(struct world *w, uint32_t id, enum lb_end end, lb_time now)
{
    struct connections *all = w->connections;
    struct connection *c = &all->at[id], gone;
    lb_assert(c->open && c->streams == 0);
    wake(w, c);
    room_leave(all, id);
    if ((c->flags & CONNECTION_ADMITTED) != 0)
        connection_held(w, c->front, -1, now);
    if ((c->flags & CONNECTION_INNER) != 0)
        connection_held(w, c->inner, -1, now);
    if ((c->flags & CONNECTION_LOST) != 0 && measured(w, now))
        all->counts.reset++;
    connection_add_time(w, &all->counts.time, c->opened, now);
    bool placed = c->place[0].member >= 0 || c->place[1].member >= 0;
    if (placed)
        gone = *c;
    c->open = false;
    c->next = all->free;
    all->free = id;
    all->open--;
    if (c->owner != 0) {
        all->owners[c->owner].open--;
        settle_owner(w, c->owner, now);
    }
    if (placed)
        layer4_leave(w, &gone, end, now); /* may serve others: all of this one is done */
}

void connection_end(struct world *w, uint32_t id, enum lb_end end, lb_time now)
{
    struct connection *c = &w->connections->at[id];
    c->flags |= CONNECTION_CLOSING;
    room_leave(w->connections, id);
    if (c->streams == 0)
        connection_close(w, id, end, now);
}

/* --- requests of a client ----------------------------------------------------------------------- */

/* One with room, as long as it is young enough; those that are not are closed. */
static uint32_t find_room(struct world *w, uint32_t owner, lb_time now)
{
    struct connections *all = w->connections;
    uint32_t id;
    while ((id = all->owners[owner].room) != 0 && now >= all->at[id].expires)
        connection_end(w, id, LB_END_OK, now);
    return id;
}

/* The request goes on this connection: when it can set out. */
static lb_time join(struct world *w, uint32_t id, uint32_t connection, lb_time now)
{
    struct connections *all = w->connections;
    struct connection *c = &all->at[connection];
    struct connection_use *use = &all->use[id];
    const struct scenario_connections *rule = &w->sources[c->source].rule->connections;
    wake(w, c);
    c->streams++;
    if (c->left != SCENARIO_UNLIMITED && --c->left == 0)
        c->flags |= CONNECTION_CLOSING;
    if ((c->flags & CONNECTION_CLOSING) != 0 || c->streams >= (rule->many ? rule->streams : 1))
        room_leave(all, connection);
    else
        room_join(all, connection);
    use->connection = connection;
    if (w->front_count > 1)
        w->requests.tries[id].front = c->front;
    lb_time wait = c->ready > now ? c->ready - now : 0;
    use->opening = now - use->since + wait;
    if (!use->opened && measured(w, now))
        all->counts.reused++;
    if (w->story != NULL)
        story_connection(w, id, now);
    return wait;
}

static void wait_join(struct world *w, uint32_t id, uint32_t owner_id)
{
    struct connections *all = w->connections;
    struct connection_owner *owner = &all->owners[owner_id];
    struct connection_use *use = &all->use[id];
    struct request *r = world_request(w, id);
    r->state = REQUEST_CONNECTING;
    r->event = ENGINE_NO_EVENT;
    use->waits = true;
    use->connection = owner_id; /* until it has one */
    use->prev = owner->last;
    if (owner->last != 0)
        all->use[owner->last].next = id;
    else
        owner->first = id;
    owner->last = id;
}

void connection_wait_leave(struct world *w, uint32_t id)
{
    struct connections *all = w->connections;
    struct connection_use *use = &all->use[id];
    if (!use->waits)
        return;
    struct connection_owner *owner = &all->owners[use->connection];
    if (use->prev != 0)
        all->use[use->prev].next = use->next;
    else
        owner->first = use->next;
    if (use->next != 0)
        all->use[use->next].prev = use->prev;
    else
        owner->last = use->prev;
    use->waits = false;
    use->connection = use->next = use->prev = 0;
}

/* A connection for this request, and the balancer it enters. Returns how long until it can set out, ns;
 * -1 when it waits for another of its client to end. */
static lb_time take(struct world *w, struct source *s, uint32_t id, lb_time now)
{
    struct connections *all = w->connections;
    const struct scenario_connections *rule = &s->rule->connections;
    struct request *r = world_request(w, id);
    connections_room(w);
    struct connection_use *use = &all->use[id];
    *use = (struct connection_use){.since = now};
    uint32_t found = 0, owner = 0;
    if (rule->holds) {
        struct lb_random random;
        stream_open(&random, &w->key, STREAM_CONNECTION, r->number,
                    UINT64_C(1) << 32 |
                        (w->requests.tries == NULL ? 0 : w->requests.tries[id].client));
        use->hold = world_delay(distribution_draw_time(&rule->hold, &random));
    }
    if (rule->on) {
        owner = take_owner(all, (uint64_t)s->source_index << 32 | client_of(w, r));
        found = find_room(w, owner, now);
        owner = take_owner(all, (uint64_t)s->source_index << 32 | client_of(w, r));
        if (all->owners[owner].first != 0 ||
            (found == 0 && rule->per_client != SCENARIO_UNLIMITED &&
             all->owners[owner].open >= rule->per_client)) {
            wait_join(w, id, owner);
            if (w->story != NULL)
                story_connection(w, id, now);
            return -1;
        }
    }
    if (found == 0)
        found = open_one(w, s, id, owner, now);
    if (found == 0) { /* the run ends here */
        r->state = REQUEST_CONNECTING;
        return -1;
    }
    return join(w, id, found, now);
}

void client_set_out(struct world *w, struct source *s, uint32_t id, lb_time now)
{
    if (w->front_count > 1)
        w->requests.tries[id].inner = 0;
    lb_time wait = 0;
    if (w->state.on)
        state_soon(w, id);
    if (w->connections != NULL && s->mere)
        connection_mere(w, s, id, now);
    else if (w->connections != NULL)
        wait = take(w, s, id, now);
    if (wait < 0)
        return;
    if (w->connections == NULL && w->front_count > 1)
        w->requests.tries[id].front = (uint16_t)entry_of(w, s, world_request(w, id));
    step_set_out(w, id, wait, now);
}

void connection_free_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct connections *all = w->connections;
    uint32_t id;
    /* `due` keeps the owner while those who set out come back within this instant */
    while ((id = all->owners[subject].first) != 0) {
        struct source *s = world_source(w, world_request(w, id));
        uint32_t found = find_room(w, subject, now);
        if (found == 0 && all->owners[subject].open >= s->rule->connections.per_client)
            break;
        connection_wait_leave(w, id);
        if (found == 0)
            found = open_one(w, s, id, subject, now);
        if (found == 0)
            return;
        step_set_out(w, id, join(w, id, found, now), now);
    }
    all->owners[subject].due = false;
    if (all->owners[subject].first == 0)
        settle_owner(w, subject, now);
}

void connection_release(struct world *w, uint32_t id, struct request *r, bool late, lb_time now)
{
    struct connections *all = w->connections;
    struct connection_use use = all->use[id];
    all->use[id] = (struct connection_use){0};
    r->work -= use.extra;
    if (use.mere)
        connection_mere_over(w, use.since, now);
    if (use.connection == 0)
        return;
    struct connection *c = &all->at[use.connection];
    const struct scenario_connections *rule = &w->sources[c->source].rule->connections;
    bool unplaced = w->fronts[c->front].rule->layer4 && c->place[0].member < 0;
    if (c->place[0].member >= 0 && (c->flags & CONNECTION_INNER) != 0)
        unplaced = w->fronts[c->inner].rule->layer4 && c->place[1].member < 0;
    c->streams--;
    unplaced = unplaced && (c->flags & CONNECTION_ADRIFT) == 0;
    if ((c->flags & CONNECTION_CLOSING) != 0 || unplaced || (late && !rule->many) ||
        now >= c->expires) {
        connection_end(w, use.connection, late ? LB_END_CANCELLED : LB_END_OK, now);
        return;
    }
    room_join(all, use.connection);
    if (c->streams == 0)
        fall_silent(w, use.connection, now);
    if (all->owners[c->owner].first != 0)
        settle_owner(w, c->owner, now);
    layer4_limit(w, c->front, now);
}
