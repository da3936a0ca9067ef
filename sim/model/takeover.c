/* See takeover.h. */
#include "sim/model/takeover.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/model/step.h"

/* --- connections -------------------------------------------------------------------------------- */

bool takeover_may(struct world *w, const struct front *f)
{
    return f->rule->layer4 && redundancy_shared(w, f);
}

/* Another of the entry ran while this one did. */
static bool has_partner(const struct world *w, const struct front *f)
{
    for (uint32_t i = f->rule->first; i < f->rule->first + f->rule->count; i++)
        if (i != f->number && gate_runs(&w->fronts[i]))
            return true;
    return false;
}

static bool takes(const struct world *w, struct front *to, const struct connection *c)
{
    if (c->kept < 0 || (c->flags & CONNECTION_LOST) != 0)
        return false;
    uint32_t max = to->rule->connections.max;
    if (max != SCENARIO_UNLIMITED && w->connections->fronts[to->number].open >= max)
        return false;
    return (balancer_books(&to->balancer, (uint32_t)c->kept)->flags & LB_PRESENT) != 0;
}

static void land(struct world *w, uint32_t id, struct front *to, lb_time now)
{
    struct connections *all = w->connections;
    struct connection *c = &all->at[id];
    bool measured = now >= w->ledger.from && now < w->ledger.until;
    c->flags &= (uint8_t)~CONNECTION_ADRIFT;
    c->front = (uint16_t)to->number;
    if (!takes(w, to, c)) {
        c->flags |= CONNECTION_LOST;
        all->counts.unknown += measured;
        return;
    }
    const struct lb_request nobody = {0};
    uint32_t member = (uint32_t)c->kept;
    all->counts.taken_over += measured;
    connection_held(w, to->number, +1, now);
    c->flags |= CONNECTION_ADMITTED;
    c->place[0] = (struct connection_place){.member = c->kept, .since = now};
    if (!to->outer)
        all->placed[member]++;
    balancer_start(&to->balancer, member, &nobody, LB_BY_AFFINITY, now);
    if (w->boards)
        front_show(w, to, member, now);
    if (c->streams == 0)
        connection_silent(w, id);
}

/* Who answers for the address of a connection, or did last: a balancer, and whether it still does. */
static enum router_state owner_of(struct world *w, const struct connection *c, uint32_t *owner)
{
    const struct entry *e = redundancy_of(w, &w->fronts[c->front]);
    uint32_t member = e->owner[c->address];
    *owner = e->rule->first + member;
    return e->routers[c->address * e->rule->count + member].state;
}

void takeover_adrift(struct world *w, uint32_t id, lb_time now)
{
    struct connection *c = &w->connections->at[id];
    struct front *f = &w->fronts[c->front];
    const struct scenario_redundancy *rule = &f->rule->redundancy;
    int32_t member = c->place[0].member;
    bool told = rule->sync && has_partner(w, f) && c->place[0].since + rule->sync_lag <= now;
    connection_unlist(w, c);
    if ((c->flags & CONNECTION_ADMITTED) != 0)
        connection_held(w, c->front, -1, now);
    c->flags &= (uint8_t)~CONNECTION_ADMITTED;
    c->flags |= CONNECTION_ADRIFT;
    c->kept = told ? member : -1;
    if (member >= 0)
        layer4_out(w, f, &c->place[0], LB_END_OK, now);
    uint32_t owner;
    if (owner_of(w, c, &owner) == ROUTER_MASTER && owner != c->front)
        land(w, id, &w->fronts[owner], now);
    if (member >= 0 && gate_runs(f) && f->balancer.waiting.total != 0)
        line_serve(w, f, (uint32_t)member, now);
}

static bool concerns(const struct connection *c, const struct front *from, uint32_t address)
{
    return c->open && c->front == from->number &&
           (address == TAKEOVER_ALL || c->address == address);
}

void takeover_land(struct world *w, const struct front *from, uint32_t address, struct front *to,
                   lb_time now)
{
    if (w->connections == NULL || !from->rule->layer4)
        return;
    for (uint32_t id = 1; id <= w->connections->used; id++) {
        const struct connection *c = &w->connections->at[id];
        if (concerns(c, from, address) && (c->flags & CONNECTION_ADRIFT) != 0)
            land(w, id, to, now);
    }
    layer4_limit(w, to->number, now);
}

void takeover_resume(struct world *w, struct front *f, lb_time now)
{
    if (w->connections == NULL || !takeover_may(w, f))
        return;
    const struct entry *e = redundancy_of(w, f);
    for (uint32_t a = 0; a < e->addresses; a++)
        if (e->routers[a * e->rule->count + (f->number - e->rule->first)].state == ROUTER_MASTER)
            takeover_land(w, f, a, f, now);
}

bool takeover_move(struct world *w, struct front *from, uint32_t address, struct front *to,
                   lb_time now)
{
    bool drained = from->gate.drained, layer4 = from->rule->layer4;
    if (!drained && !(layer4 && from->rule->redundancy.sync))
        return false;
    for (uint32_t id = 1; w->connections != NULL && id <= w->connections->used; id++) {
        const struct connection *c = &w->connections->at[id];
        if (!concerns(c, from, address) || c->streams != 0 || (c->flags & CONNECTION_LOST) != 0)
            continue;
        if (layer4)
            takeover_adrift(w, id, now);
        else
            connection_close(w, id, LB_END_OK, now); /* a good-bye */
    }
    takeover_land(w, from, address, to, now);
    return true;
}

/* Two may be, who cannot hear each other. */
static bool is_master(struct world *w, const struct connection *c)
{
    const struct entry *e = redundancy_of(w, &w->fronts[c->front]);
    uint32_t member = c->front - e->rule->first;
    return e->routers[c->address * e->rule->count + member].state == ROUTER_MASTER;
}

bool takeover_fell_silent(struct world *w, uint32_t id, lb_time now)
{
    struct connection *c = &w->connections->at[id];
    struct front *f = &w->fronts[c->front];
    if (!redundancy_shared(w, f) || (c->flags & (CONNECTION_ADRIFT | CONNECTION_LOST)) != 0)
        return false;
    uint32_t owner;
    if (owner_of(w, c, &owner) != ROUTER_MASTER || owner == c->front || is_master(w, c) ||
        w->fronts[owner].gate.cut)
        return false;
    if (!f->rule->layer4) {
        connection_end(w, id, LB_END_OK, now);
        return true;
    }
    takeover_adrift(w, id, now);
    return false;
}

/* --- tables ------------------------------------------------------------------------------------- */

static void store_elsewhere(struct world *w, const struct front *f, const void *key, size_t size,
                            int32_t backend, lb_time now)
{
    for (uint32_t i = f->rule->first; i < f->rule->first + f->rule->count; i++)
        if (i != f->number)
            (void)affinity_table_store(&w->fronts[i].stick.table, key, size, backend, now);
}

static void wait_for_next(struct world *w, struct front *f)
{
    struct takeover_line *line = &f->stick.line;
    line->next = ENGINE_NO_EVENT;
    if (line->count > 0)
        line->next = engine_at(w->engine, line->at[line->first].due, EVENT_NEWS, f->number);
}

static void grow(struct takeover_line *line)
{
    uint32_t room = line->room == 0 ? 64 : 2 * line->room;
    struct takeover_news *at = text_need(room * sizeof *at);
    for (uint32_t i = 0; i < line->count; i++)
        at[i] = line->at[(line->first + i) & (line->room - 1)];
    free(line->at);
    line->at = at;
    line->first = 0;
    line->room = room;
}

void takeover_tell(struct world *w, struct front *f, const void *key, size_t size, int32_t backend,
                   lb_time now)
{
    struct takeover_line *line = &f->stick.line;
    lb_time lag = f->rule->redundancy.sync_lag;
    if (lag == 0) {
        store_elsewhere(w, f, key, size, backend, now);
        return;
    }
    if (line->count == line->room)
        grow(line);
    struct takeover_news *news = &line->at[(line->first + line->count++) & (line->room - 1)];
    *news = (struct takeover_news){.due = now + lag, .backend = backend, .size = (uint8_t)size};
    memcpy(news->key, key, size);
    if (line->count == 1)
        wait_for_next(w, f);
}

void takeover_news_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct front *f = &w->fronts[subject];
    struct takeover_line *line = &f->stick.line;
    while (line->count > 0 && line->at[line->first].due <= now) {
        const struct takeover_news *news = &line->at[line->first];
        store_elsewhere(w, f, news->key, news->size, news->backend, now);
        line->first = (line->first + 1) & (line->room - 1);
        line->count--;
    }
    wait_for_next(w, f);
}

void takeover_silenced(struct world *w, struct front *f)
{
    struct takeover_line *line = &f->stick.line;
    if (line->count == 0)
        return;
    engine_cancel(w->engine, line->next);
    line->count = 0;
    line->next = ENGINE_NO_EVENT;
}

void takeover_done(struct front *f)
{
    free(f->stick.line.at);
    f->stick.line = (struct takeover_line){0};
}

uint64_t takeover_events(const struct world *w)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < w->front_count; i++)
        n += w->fronts[i].stick.line.count > 0;
    return n;
}
