/* See tls.h. */
#include "sim/model/tls.h"

#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/model/world.h"

/* --- tickets ------------------------------------------------------------------------------------ */

void tickets_done(struct tickets *t)
{
    free(t->at);
    map_done(&t->by_client);
    *t = (struct tickets){0};
}

static void unlink_ticket(struct tickets *t, uint32_t id)
{
    const struct ticket *ticket = &t->at[id];
    if (ticket->newer != 0)
        t->at[ticket->newer].older = ticket->older;
    else
        t->newest = ticket->older;
    if (ticket->older != 0)
        t->at[ticket->older].newer = ticket->newer;
    else
        t->oldest = ticket->newer;
}

/* A record for a client that has none: a new one, or that of the client longest away. */
static uint32_t take_ticket(struct tickets *t, uint32_t size)
{
    if (t->used >= size) {
        uint32_t id = t->oldest;
        unlink_ticket(t, id);
        (void)map_take(&t->by_client, t->at[id].client);
        return id;
    }
    if (t->used + 1 >= t->room) {
        t->room = t->room == 0 ? 64 : 2 * t->room;
        t->at = text_need_more(t->at, t->room * sizeof *t->at);
    }
    return ++t->used;
}

bool tickets_use(struct tickets *t, uint64_t client, lb_time life, uint32_t size, lb_time now)
{
    uint32_t id = map_find(&t->by_client, client);
    bool good = id != 0 && now - t->at[id].at <= life;
    if (id != 0) {
        unlink_ticket(t, id);
    } else {
        id = take_ticket(t, size);
        map_set(&t->by_client, client, id);
    }
    t->at[id] = (struct ticket){.client = client, .at = now, .older = t->newest};
    if (t->newest != 0)
        t->at[t->newest].newer = id;
    else
        t->oldest = id;
    t->newest = id;
    return good;
}

/* --- a handshake -------------------------------------------------------------------------------- */

/* Whose rule it is: the balancer that is entered, or the one behind it when the first passes
 * connections through and has none. */
static const struct scenario_balancer *handshakes_at(const struct world *w, uint32_t front)
{
    const struct scenario_balancer *rule = w->fronts[front].rule;
    if (rule->tls.on)
        return rule;
    if (!rule->layer4 || rule->to < 0 || !w->scenario->balancers[rule->to].tls.on)
        return NULL;
    return &w->scenario->balancers[rule->to];
}

bool tls_at(const struct world *w, uint32_t front)
{
    return handshakes_at(w, front) != NULL;
}

lb_time tls_open(struct world *w, uint32_t id, uint32_t front, uint64_t client,
                 struct lb_random *random, lb_time now)
{
    const struct scenario_balancer *rule = handshakes_at(w, front);
    struct connection_use *use = &w->connections->use[id];
    struct request *r = world_request(w, id);
    if (rule == NULL)
        return 0;
    const struct scenario_tls *tls = &rule->tls;
    struct tickets *tickets = &w->connections->tickets[rule - w->scenario->balancers];
    bool uses = lb_random_unit(random) < tls->resume;
    bool resumed = tickets_use(tickets, client, tls->ticket_life, tls->tickets, now) && uses;
    lb_time cost = resumed ? tls->resumed : tls->handshake;
    lb_time trip = w->to_balancer;
    if (rule != w->fronts[front].rule || (!tls->terminate && w->fronts[front].outer))
        trip += w->to_front;
    if (!tls->terminate)
        trip += w->to_backend;
    if (now >= w->ledger.from && now < w->ledger.until) {
        w->connections->counts.resumed += resumed;
        w->connections->counts.full += !resumed;
        if (w->tallies.at != NULL) {
            w->tallies.at[front].resumed += resumed;
            w->tallies.at[front].full += !resumed;
        }
    }
    lb_time takes = world_delay(2 * trip * tls->round_trips);
    if (tls->terminate && rule->capacity.workers > 0) { /* its workers see to it (desk.h) */
        use->cost = cost;
        use->payer = rule;
        return takes;
    }
    if (tls->terminate)
        return world_delay(takes + cost);
    use->extra = world_delay(r->work + cost) - r->work;
    r->work += use->extra;
    return takes;
}
