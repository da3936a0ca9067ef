/*
 * Layer 4: a connection is placed when its first request is sent, and those that follow go the same
 * way without a pick. See connection.h.
 *
 * The books of such a balancer count connections: one from its placing until it is closed, reset or
 * forgotten, whatever requests it carries. The algorithm hears of a connection's begin and end as it
 * does of an attempt's, and of requests nothing. Its table forgets a connection that was silent too
 * long, or longest when it is full; what comes on it afterwards is reset, as by a router that knows no
 * such flow. Two tiers may both be of layer 4: a connection then has a place in the books of each.
 */
#include "sim/base/text.h"
#include "sim/model/step.h"
#include "sim/model/takeover.h"

/* --- places in books ---------------------------------------------------------------------------- */

static struct connection *connection_of(const struct world *w, uint32_t id)
{
    uint32_t c = id < w->connections->use_room ? w->connections->use[id].connection : 0;
    return c == 0 || w->connections->use[id].waits ? NULL : &w->connections->at[c];
}

struct connection_place *layer4_place(struct world *w, const struct front *f, uint32_t id)
{
    struct connection *c = f->rule->layer4 ? connection_of(w, id) : NULL;
    if (c == NULL)
        return NULL;
    if (f->number == c->front)
        return &c->place[0];
    return w->fronts[c->front].rule->layer4 ? &c->place[1] : NULL;
}

bool layer4_follow(struct world *w, struct front *f, uint32_t id, lb_time now)
{
    const struct connection_place *place = layer4_place(w, f, id);
    if (place == NULL || place->member < 0)
        return false;
    if (f->outer)
        hop_send(w, f, id, place->member, LB_BY_AFFINITY, now);
    else
        step_send(w, false, f, id, place->member, LB_BY_AFFINITY, now);
    return true;
}

bool layer4_send(struct world *w, struct front *f, uint32_t id, int32_t *member, lb_time now)
{
    struct connection_place *place = layer4_place(w, f, id);
    if (place == NULL)
        return false;
    if (place->member >= 0) { /* placed by another request that came with this one */
        *member = place->member;
        return true;
    }
    *place = (struct connection_place){.member = *member, .since = now};
    if (!f->outer)
        w->connections->placed[*member]++;
    w->connections->use[id].placed = true;
    return false;
}

lb_time layer4_slow(const struct world *w, const struct front *f, uint32_t id)
{
    return f->rule->layer4 && connection_of(w, id) != NULL ? w->connections->use[id].hold : 0;
}

/* Out of the books of f. The outcome is that of a connection: nobody has counted its bytes, and no
 * report comes with its end. */
void layer4_out(struct world *w, struct front *f, struct connection_place *place, enum lb_end end,
                lb_time now)
{
    uint32_t member = (uint32_t)place->member;
    lb_time connected = place->since + 2 * (f->outer ? w->to_front : w->to_backend);
    place->member = -1;
    if (!f->outer) {
        w->connections->placed[member]--;
        connection_add_time(w, &w->connections->placed_time[member], place->since, now);
    }
    if (balancer_finish(&f->balancer, member)) {
        struct lb_outcome outcome = {.end = end,
                                     .failed = balancer_counts(&f->balancer, end),
                                     .sent = place->since,
                                     .connected =
                                         end == LB_END_REFUSED || connected > now ? 0 : connected,
                                     .first_byte = place->first_byte};
        if (f->tell.truth)
            tell_truth_of(w, f, member);
        balancer_tell_finish(&f->balancer, member, &outcome, now);
        if (f->balancer.watched)
            watch_outcome(w, f, member, false, end, now);
    }
    if (w->boards)
        front_show(w, f, member, now);
    if (!f->outer && w->change.draining != 0)
        change_finished(w, member, now);
}

void layer4_leave(struct world *w, struct connection *c, enum lb_end end, lb_time now)
{
    const uint16_t fronts[2] = {c->front, c->inner};
    for (int level = 1; level >= 0; level--) {
        struct front *f = &w->fronts[fronts[level]];
        int32_t member = c->place[level].member;
        if (member < 0)
            continue;
        layer4_out(w, f, &c->place[level], end, now);
        if (f->balancer.waiting.total != 0)
            line_serve(w, f, (uint32_t)member, now);
    }
}

/* --- the ends of requests ----------------------------------------------------------------------- */

bool layer4_finish(struct world *w, struct front *f, uint32_t id, enum lb_end end, lb_time now)
{
    struct connection_place *place = layer4_place(w, f, id);
    if (place == NULL)
        return false;
    if (end == LB_END_OK && place->first_byte == 0)
        place->first_byte = now;
    bool nobody = end == LB_END_REFUSED || end == LB_END_CONNECT_TIMEOUT;
    bool broken = nobody || end == LB_END_RESET || end == LB_END_TIMEOUT;
    if (!broken || f->outer)
        return true;
    if (!nobody || !w->connections->use[id].placed) {
        connection_of(w, id)->flags |= CONNECTION_LOST;
        connection_end(w, w->connections->use[id].connection, end, now); /* with this request */
    }
    if (place->member >= 0) /* the caller serves those who wait */
        layer4_out(w, f, place, end, now);
    return true;
}

bool layer4_retries(struct world *w, const struct front *f, uint32_t id, enum lb_end end)
{
    if (end != LB_END_REFUSED && end != LB_END_CONNECT_TIMEOUT)
        return false;
    return w->connections == NULL || layer4_place(w, f, id) == NULL ||
           w->connections->use[id].placed;
}

bool layer4_lost(const struct world *w, uint32_t id)
{
    const struct connection *c = connection_of(w, id);
    return c != NULL && (c->flags & CONNECTION_LOST) != 0;
}

/* --- connections that are lost ------------------------------------------------------------------ */

/* Reset: out of the books, and closed unless requests are still on it, who will hear of it. */
static void lose(struct world *w, uint32_t id, lb_time now)
{
    struct connection *c = &w->connections->at[id];
    c->flags |= CONNECTION_LOST;
    if (c->streams == 0) {
        connection_close(w, id, LB_END_RESET, now);
        return;
    }
    struct connection gone = *c;
    c->place[0].member = c->place[1].member = -1;
    connection_end(w, id, LB_END_RESET, now);
    layer4_leave(w, &gone, LB_END_RESET, now);
}

/* Where it leads to, when that is a backend: -1 = to none, or at layer 7. */
static int32_t backend_of(const struct world *w, const struct connection *c)
{
    if (!c->open)
        return -1;
    return c->place[w->fronts[c->front].outer ? 1 : 0].member;
}

void layer4_gone(struct world *w, struct backend_set set, lb_time now)
{
    struct connections *all = w->connections;
    for (uint32_t i = 0; i < set.count; i++)
        all->marked[set.at[i]] = true;
    for (uint32_t id = 1; id <= all->used; id++) {
        struct connection *c = &all->at[id];
        int32_t backend = backend_of(w, c);
        if (backend >= 0 && all->marked[backend])
            lose(w, id, now);
        else if (c->open && (c->flags & CONNECTION_ADRIFT) != 0 && c->kept >= 0 &&
                 !w->fronts[c->front].outer && all->marked[c->kept])
            c->kept = -1;
    }
    for (uint32_t i = 0; i < set.count; i++)
        all->marked[set.at[i]] = false;
}

void connections_gone(struct world *w, const struct front *f, uint32_t address, lb_time now)
{
    struct connections *all = w->connections;
    bool may = takeover_may(w, f);
    for (uint32_t id = 1; id <= all->used; id++) {
        const struct connection *c = &all->at[id];
        if (address != TAKEOVER_ALL && (c->front != f->number || c->address != address))
            continue;
        bool through = (c->flags & CONNECTION_ADMITTED) != 0 && c->front == f->number;
        through |= (c->flags & CONNECTION_INNER) != 0 && c->inner == f->number;
        if (!c->open || !through || (c->flags & CONNECTION_LOST) != 0)
            continue;
        if (may && c->front == f->number && (c->flags & CONNECTION_CLOSING) == 0)
            takeover_adrift(w, id, now);
        else
            lose(w, id, now);
    }
}

/* Among other steps a belief changes, while a request is at one of them: the cut is one of its own. */
void layer4_believed_down(struct world *w, struct front *f, uint32_t backend, lb_time now)
{
    if (f->rule->connections.cut)
        (void)engine_at(w->engine, now, EVENT_CUT, world_place(w, f, backend));
}

/* The request hears of a reset, wherever it is between balancer and backend. */
static void cut_request(struct world *w, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    if (r->state == REQUEST_QUEUED || r->state == REQUEST_SERVICE)
        backend_remove(w, id, now);
    else if (r->state == REQUEST_TO_BACKEND || r->state == REQUEST_BACK)
        engine_cancel(w->engine, r->event);
    else if (r->state != REQUEST_LOST)
        return; /* it is told where it gets to */
    r->event = ENGINE_NO_EVENT;
    step_answered(w, false, id, LB_END_RESET, now);
}

void layer4_cut_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct connections *all = w->connections;
    uint32_t backend;
    const struct front *f = world_front_of_place(w, subject, &backend);
    if (balancer_belief(&f->balancer, backend) != BELIEF_DOWN)
        return; /* it is back in the same instant */
    for (uint32_t id = 1; id <= w->requests.used; id++) {
        const struct request *r = world_request(w, id);
        if (r->state == REQUEST_FREE || r->backend != (int32_t)backend ||
            (r->flags & (REQUEST_ORPHAN | REQUEST_PROBE)) != 0 || world_front(w, id) != f)
            continue;
        const struct connection_place *place = layer4_place(w, f, id);
        if (place != NULL && (place->member == (int32_t)backend || layer4_lost(w, id)))
            cut_request(w, id, now);
    }
    for (uint32_t id = 1; id <= all->used; id++) {
        const struct connection *c = &all->at[id];
        bool inner = w->fronts[c->front].outer;
        if (backend_of(w, c) == (int32_t)backend && (inner ? c->inner : c->front) == f->number)
            lose(w, id, now);
    }
}

/* --- the table ---------------------------------------------------------------------------------- */

/* Its client does not know, and may send another request on it. */
void layer4_forget(struct world *w, uint32_t id, lb_time now)
{
    struct connection *c = &w->connections->at[id];
    connection_unlist(w, c);
    c->flags |= CONNECTION_LOST;
    if ((c->flags & CONNECTION_ADMITTED) != 0)
        connection_held(w, c->front, -1, now);
    c->flags &= (uint8_t)~CONNECTION_ADMITTED;
    if (now >= w->ledger.from && now < w->ledger.until)
        w->connections->counts.forgotten++;
    struct connection gone = *c;
    c->place[0].member = c->place[1].member = -1;
    layer4_leave(w, &gone, LB_END_OK, now);
}

void layer4_limit(struct world *w, uint32_t front, lb_time now)
{
    const struct front *f = &w->fronts[front];
    struct connection_front *table = &w->connections->fronts[front];
    uint32_t size = f->rule->connections.table_size;
    while (f->rule->connections.table && size != SCENARIO_UNLIMITED && table->open > size &&
           table->oldest != 0)
        layer4_forget(w, table->oldest, now);
}

/* --- what must hold ----------------------------------------------------------------------------- */

void layer4_count(struct world *w, int64_t *change)
{
    for (uint32_t id = 1; id <= w->connections->used; id++) {
        const struct connection *c = &w->connections->at[id];
        int32_t backend = backend_of(w, c);
        if (backend >= 0)
            change[backend]++;
    }
    for (uint32_t id = 1; id <= w->requests.used; id++) {
        const struct request *r = world_request(w, id);
        if (request_in_books(r) && layer4_place(w, world_front(w, id), id) != NULL)
            change[r->backend]--;
    }
}
