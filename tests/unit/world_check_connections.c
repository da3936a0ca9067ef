/* See world_check.h: connections, their clients and the lines they stand in. */
#include "sim/run/private.h"
#include "tests/unit/world_check.h"

/* Those of a client that have room stand in its list, and in no other. */
static const char *check_owner(const struct connections *all, uint32_t id, uint32_t *listed,
                               uint32_t *waiting)
{
    const struct connection_owner *owner = &all->owners[id];
    uint32_t before = 0;
    for (uint32_t c = owner->room; c != 0; c = all->at[c].next) {
        const struct connection *one = &all->at[c];
        if (!one->open || one->owner != id || one->prev != before ||
            (one->flags & CONNECTION_ROOM) == 0 || (one->flags & CONNECTION_CLOSING) != 0)
            return "a client's connections with room are in disorder";
        before = c;
        ++*listed;
    }
    before = 0;
    for (uint32_t r = owner->first; r != 0; r = all->use[r].next) {
        if (!all->use[r].waits || all->use[r].connection != id || all->use[r].prev != before)
            return "those who wait for a connection are in disorder";
        before = r;
        ++*waiting;
    }
    if (owner->last != before)
        return "the line for connections does not know its end";
    if (map_find(&all->by_client, owner->client) != id)
        return "a client and its connections do not know each other";
    if (owner->open == 0 && owner->first == 0 && !owner->due)
        return "a client without connections is remembered";
    return NULL;
}

static bool is_free(const struct connections *all, uint32_t owner)
{
    for (uint32_t id = all->owners_free; id != 0; id = all->owners[id].last)
        if (id == owner)
            return true;
    return false;
}

static const char *check_owners(const struct world *w)
{
    const struct connections *all = w->connections;
    uint32_t listed = 0, room = 0, waiting = 0, waits = 0;
    for (uint32_t id = 1; id <= all->owners_used; id++) {
        const char *wrong = is_free(all, id) ? NULL : check_owner(all, id, &listed, &waiting);
        if (wrong != NULL)
            return wrong;
    }
    for (uint32_t id = 1; id <= all->used; id++)
        room += all->at[id].open && (all->at[id].flags & CONNECTION_ROOM) != 0;
    for (uint32_t id = 1; id <= w->requests.used; id++)
        waits += w->requests.at[id].state == REQUEST_CONNECTING;
    if (listed != room)
        return "a connection with room is in nobody's list";
    return waiting == waits ? NULL : "somebody waits for a connection and is in no line";
}

static const char *check_silent(const struct world *w)
{
    const struct connections *all = w->connections;
    for (uint32_t i = 0; i < w->front_count; i++) {
        const struct connection_front *front = &all->fronts[i];
        uint32_t before = 0, n = 0;
        for (uint32_t id = front->oldest; id != 0; id = all->at[id].newer) {
            const struct connection *c = &all->at[id];
            if (!c->open || c->front != i || c->older != before || c->streams != 0 ||
                (c->flags & CONNECTION_SILENT) == 0 || c->place[0].member < 0)
                return "the silent connections of a table are in disorder";
            before = id;
            n++;
        }
        if (front->newest != before || front->silent != n)
            return "a table does not know its silent connections";
        const struct scenario_places *rule = &w->fronts[i].rule->connections;
        if (rule->table && rule->table_size != SCENARIO_UNLIMITED &&
            front->open > rule->table_size && n > 0)
            return "a table is too large, and could forget somebody";
        if (rule->max != SCENARIO_UNLIMITED && front->open > rule->max)
            return "a balancer holds more connections than it may";
    }
    return NULL;
}

const char *world_check_connections(struct world *w, uint64_t *events)
{
    const struct connections *all = w->connections;
    if (all == NULL)
        return NULL;
    for (uint32_t id = 1; id <= all->used; id++) {
        const struct connection *c = &all->at[id];
        if (!c->open)
            continue;
        if (c->timer != ENGINE_NO_EVENT) {
            (void)engine_when(w->engine, c->timer);
            ++*events;
        }
        if (c->streams == 0 && (c->flags & CONNECTION_CLOSING) != 0)
            return "a connection that nobody is on was not closed";
        if (c->streams > 0 && (c->timer != ENGINE_NO_EVENT || (c->flags & CONNECTION_SILENT) != 0))
            return "a connection with requests on it is held for silent";
    }
    for (uint32_t id = 1; id <= all->owners_used; id++)
        *events += all->owners[id].due && !is_free(all, id);
    const char *wrong = check_owners(w);
    return wrong != NULL ? wrong : check_silent(w);
}

void world_check_placed(const struct world *w, const struct front *f, uint32_t *in_flight)
{
    for (uint32_t id = 1; w->connections != NULL && id <= w->connections->used; id++) {
        const struct connection *c = &w->connections->at[id];
        if (c->open && c->front == f->number && c->place[0].member >= 0)
            in_flight[c->place[0].member]++;
        if (c->open && c->place[1].member >= 0 && c->inner == f->number)
            in_flight[c->place[1].member]++;
    }
}
