/*
 * Connections as a whole, and at the balancers that hold them: see connection.h.
 */
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/model/step.h"

static bool modelled(const struct scenario *s)
{
    bool any = false;
    for (uint32_t i = 0; i < s->client_count; i++)
        any |= s->clients[i].connections.on;
    for (uint32_t b = 0; b < s->balancer_count; b++)
        any |= s->balancers[b].tls.on || s->balancers[b].connections.max != SCENARIO_UNLIMITED;
    return any;
}

bool connections_mere(const struct world *w, const struct scenario_client *client)
{
    if (w->tallies.at != NULL) /* each balancer counts what it holds */
        return false;
    const struct scenario_balancer *entry = &w->scenario->balancers[client->via];
    return w->connections != NULL && !client->connections.on && !client->connections.holds &&
           entry->count == 1 && !entry->layer4 && !tls_at(w, entry->first) &&
           entry->connections.max == SCENARIO_UNLIMITED;
}

void connections_init(struct world *w)
{
    if (!modelled(w->scenario))
        return;
    struct connections *all = w->connections = text_need_zero(1, sizeof *all);
    all->fronts = text_need_zero(w->front_count, sizeof *all->fronts);
    all->tickets = text_need_zero(w->scenario->balancer_count, sizeof *all->tickets);
    all->placed = text_need_zero(w->backend_count, sizeof *all->placed);
    all->placed_time = text_need_zero(w->backend_count, sizeof *all->placed_time);
    all->marked = text_need_zero(w->backend_count, sizeof *all->marked);
}

void connections_done(struct world *w)
{
    struct connections *all = w->connections;
    if (all == NULL)
        return;
    for (uint32_t i = 0; i < w->scenario->balancer_count; i++)
        tickets_done(&all->tickets[i]);
    map_done(&all->by_client);
    free(all->at);
    free(all->owners);
    free(all->use);
    free(all->fronts);
    free(all->tickets);
    free(all->placed);
    free(all->placed_time);
    free(all->marked);
    free(all);
    w->connections = NULL;
}

void connections_room(struct world *w)
{
    struct connections *all = w->connections;
    if (all->use_room >= w->requests.room)
        return;
    all->use = text_need_more(all->use, w->requests.room * sizeof *all->use);
    for (uint32_t i = all->use_room; i < w->requests.room; i++)
        all->use[i] = (struct connection_use){0};
    all->use_room = w->requests.room;
}

void connection_add_time(const struct world *w, double *sum, lb_time since, lb_time now)
{
    lb_time from = since > w->ledger.from ? since : w->ledger.from;
    lb_time until = now < w->ledger.until ? now : w->ledger.until;
    if (until > from)
        *sum += (double)(until - from);
}

void connections_close(struct world *w, lb_time now)
{
    struct connections *all = w->connections;
    for (uint32_t id = 1; id < all->use_room; id++)
        if (all->use[id].mere)
            connection_add_time(w, &all->counts.time, all->use[id].since, now);
    for (uint32_t id = 1; id <= all->used; id++) {
        const struct connection *c = &all->at[id];
        if (!c->open)
            continue;
        connection_add_time(w, &all->counts.time, c->opened, now);
        for (int level = 0; level < 2; level++) {
            const struct front *f = &w->fronts[level == 0 ? c->front : c->inner];
            if (c->place[level].member >= 0 && !f->outer)
                connection_add_time(w, &all->placed_time[c->place[level].member],
                                    c->place[level].since, now);
        }
    }
}

/* --- that are nothing to anybody -------------------------------------------------------------- */

void connection_mere(struct world *w, const struct source *s, uint32_t id, lb_time now)
{
    struct connections *all = w->connections;
    connections_room(w);
    all->use[id] = (struct connection_use){.since = now, .opened = true, .mere = true};
    all->mere++;
    if (now >= w->ledger.from && now < w->ledger.until)
        all->counts.opened++;
    if (w->front_count > 1)
        w->requests.tries[id].front = (uint16_t)w->scenario->balancers[s->rule->via].first;
    if (w->story != NULL)
        story_connection(w, id, now);
}

void connection_mere_over(struct world *w, lb_time since, lb_time now)
{
    w->connections->mere--;
    connection_add_time(w, &w->connections->counts.time, since, now);
}

/* --- at the balancer -------------------------------------------------------------------------- */

static bool measured(const struct world *w, lb_time now)
{
    return now >= w->ledger.from && now < w->ledger.until;
}

void connection_held(struct world *w, uint32_t front, int change, lb_time now)
{
    tally_holds(w, front, change > 0, now);
    w->connections->fronts[front].open += (uint32_t)change;
}

/* A place for the connection at this balancer; false when there is none. */
static bool admit(struct world *w, struct front *f, struct connection *c, lb_time now)
{
    struct connections *all = w->connections;
    struct connection_front *front = &all->fronts[f->number];
    uint8_t flag = f->number == c->front ? CONNECTION_ADMITTED : CONNECTION_INNER;
    uint32_t max = f->rule->connections.max;
    if ((c->flags & flag) != 0)
        return true;
    if (max != SCENARIO_UNLIMITED && front->open >= max) {
        connection_end(w, (uint32_t)(c - all->at), LB_END_OK, now); /* with this request */
        if (measured(w, now))
            all->counts.refused++;
        return false;
    }
    connection_held(w, f->number, +1, now);
    c->flags |= flag;
    if (flag == CONNECTION_INNER)
        c->inner = (uint16_t)f->number;
    layer4_limit(w, f->number, now);
    return true;
}

bool connection_arrives(struct world *w, struct front *f, uint32_t id, lb_time now)
{
    struct connections *all = w->connections;
    struct request *r = world_request(w, id);
    struct connection_use *use = &all->use[id];
    r->event = ENGINE_NO_EVENT;
    if (use->mere)
        return true;
    struct connection *c = &all->at[use->connection];
    bool entry = f->number == c->front;
    if (!entry && !w->fronts[c->front].rule->layer4)
        return true; /* connections end at the first balancer */
    if (entry && (c->flags & CONNECTION_LOST) != 0) {
        front_fail(w, id, CAUSE_RESET, now);
        return false;
    }
    if (!admit(w, f, c, now)) {
        front_fail(w, id, CAUSE_CONNECTIONS_FULL, now);
        return false;
    }
    if (f->rule->layer4 || use->hold == 0 || use->sent)
        return true;
    lb_time header = f->rule->connections.header;
    lb_time takes = header > 0 && header < use->hold ? header : use->hold;
    r->event = engine_at(w->engine, now + takes, EVENT_SENT, id);
    return false;
}

void connection_sent_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct connection_use *use = &w->connections->use[subject];
    const struct front *f = world_front(w, subject);
    lb_time header = f->rule->connections.header;
    world_request(w, subject)->event = ENGINE_NO_EVENT;
    use->sent = true;
    if (header == 0 || use->hold <= header) {
        step_to_balancer(w, subject, now);
        return;
    }
    connection_end(w, use->connection, LB_END_OK, now);
    front_fail(w, subject, CAUSE_HEADER_TIMEOUT, now);
}

bool connection_opened(const struct world *w, uint32_t id)
{
    return w->connections != NULL && w->connections->use[id].opened;
}

lb_time connection_costs(const struct world *w, const struct front *f, uint32_t id)
{
    if (w->connections == NULL || w->connections->use[id].payer != f->rule)
        return 0;
    return w->connections->use[id].cost;
}
