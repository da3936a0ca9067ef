/* See upstream.h. */
#include "sim/model/upstream.h"

#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/model/step.h"

void upstream_init(struct world *w, struct front *f)
{
    const struct balancer *b = &f->balancer;
    if (!f->rule->reuse.on)
        return;
    uint32_t *pools = text_need_zero(b->backend_count, sizeof *pools);
    for (uint32_t i = 0; i < b->backend_count; i++)
        pools[i] = b->places[i].pool;
    w->upstream = true;
    f->upstream = text_need_zero(1, sizeof *f->upstream);
    f->upstream->gone = text_need_zero(b->backend_count, sizeof *f->upstream->gone);
    for (uint32_t i = 0; i < b->backend_count; i++)
        f->upstream->gone[i] = ENGINE_NO_EVENT;
    reuse_init(&f->upstream->reuse, &f->rule->reuse, f->rule->circuit.connections, pools,
               b->backend_count, b->pool_count);
    f->upstream->reuse.from = w->ledger.from;
    f->upstream->reuse.until = w->ledger.until;
    free(pools);
}

void upstream_done(struct front *f)
{
    if (f->upstream == NULL)
        return;
    reuse_done(&f->upstream->reuse);
    free(f->upstream->gone);
    free(f->upstream);
    f->upstream = NULL;
}

bool upstream_room(const struct front *f, uint32_t backend)
{
    return f->upstream == NULL ||
           reuse_room(&f->upstream->reuse, f->upstream->reuse.pool_of[backend]);
}

static struct upstream_use *use_of(struct world *w, uint32_t id)
{
    struct upstream_uses *uses = &w->uses;
    if (id >= uses->room) {
        uint32_t room = w->requests.room;
        uses->at = text_need_more(uses->at, room * sizeof *uses->at);
        for (uint32_t i = uses->room; i < room; i++)
            uses->at[i] = (struct upstream_use){0};
        uses->room = room;
    }
    return &uses->at[id];
}

lb_time upstream_opening(const struct world *w, uint32_t id)
{
    return id < w->uses.room ? w->uses.at[id].opening : 0;
}

/* --- attempts --------------------------------------------------------------------------------- */

void upstream_take(struct world *w, struct front *f, uint32_t id, lb_time now)
{
    struct upstream_use *use = use_of(w, id);
    uint32_t backend = (uint32_t)world_request(w, id)->backend;
    *use = (struct upstream_use){0};
    if (f->upstream == NULL)
        return;
    struct reuse *reuse = &f->upstream->reuse;
    use->connection = reuse_take(reuse, backend, &use->reused, now);
    if (!use->reused)
        reuse->at[use->connection].life = w->rest[backend].lives;
    if (w->story != NULL)
        story_upstream(w, f, id, now);
}

bool upstream_opens(struct world *w, struct front *f, uint32_t id, lb_time now)
{
    const struct scenario_reuse *rule = &f->rule->reuse;
    struct request *r = world_request(w, id);
    if (f->upstream == NULL || w->uses.at[id].reused ||
        (rule->round_trips == 0 && rule->handshake == 0))
        return false;
    if (rule->round_trips == 0)
        r->event = engine_at(w->engine, now + rule->handshake, EVENT_OPENED, id);
    else if (w->to_backend > 0)
        r->event = engine_at(w->engine, now + w->to_backend, EVENT_KNOCK, id);
    else
        upstream_knock_event(w, id, now);
    return true;
}

/* Its client left while its connection was being opened: it never sets out. */
static bool never_sets_out(struct world *w, uint32_t id, lb_time now)
{
    if ((world_request(w, id)->flags & REQUEST_ORPHAN) == 0)
        return false;
    backend_turn_away(w, id, LB_END_CANCELLED, now);
    return true;
}

void upstream_knock_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct request *r = world_request(w, subject);
    r->event = ENGINE_NO_EVENT;
    if (never_sets_out(w, subject, now))
        return;
    if (w->backends[r->backend].truth == TRUTH_DOWN) {
        backend_turn_away(w, subject, LB_END_REFUSED, now);
        return;
    }
    struct front *f = world_front(w, subject);
    const struct scenario_reuse *rule = &f->rule->reuse;
    lb_time rest = (2 * (lb_time)rule->round_trips - 1) * w->to_backend;
    f->upstream->reuse.at[w->uses.at[subject].connection].life = w->rest[r->backend].lives;
    rest = world_delay(world_delay(rest) + rule->handshake);
    if (rest > 0)
        r->event = engine_at(w->engine, now + rest, EVENT_OPENED, subject);
    else
        upstream_open_event(w, subject, now);
}

void upstream_open_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct request *r = world_request(w, subject);
    r->event = ENGINE_NO_EVENT;
    if (never_sets_out(w, subject, now))
        return;
    w->uses.at[subject].opening = now - r->sent;
    if (w->to_backend > 0)
        r->event = engine_at(w->engine, now + w->to_backend, EVENT_AT_BACKEND, subject);
    else
        step_to_backend(w, false, subject, now);
}

bool upstream_broken(const struct world *w, uint32_t id)
{
    const struct request *r = &w->requests.at[id];
    if (id >= w->uses.room || w->uses.at[id].connection == 0 ||
        (r->flags & (REQUEST_ORPHAN | REQUEST_PROBE)) != 0)
        return false;
    const struct front *f = &w->fronts[w->front_count == 1 ? 0 : w->requests.tries[id].front];
    const struct upstream_use *use = &w->uses.at[id];
    bool opened = use->reused || use->opening > 0; /* else that it is refused is soon enough */
    return f->upstream->reuse.at[use->connection].life != w->rest[r->backend].lives ||
           (opened && w->backends[r->backend].truth == TRUTH_DOWN);
}

void upstream_finish(struct world *w, struct front *f, uint32_t id, enum lb_end end, lb_time now)
{
    if (f->upstream == NULL || id >= w->uses.room || w->uses.at[id].connection == 0)
        return;
    uint32_t connection = w->uses.at[id].connection;
    bool cut = (world_request(w, id)->flags & REQUEST_CUT) != 0;
    bool answered = end == LB_END_OK || end == LB_END_ERROR || end == LB_END_QUEUE_FULL ||
                    end == LB_END_QUEUE_TIMEOUT;
    w->uses.at[id].connection = 0;
    if (answered && !cut)
        reuse_give(&f->upstream->reuse, connection, now);
    else
        reuse_break(&f->upstream->reuse, connection,
                    end == LB_END_REFUSED ? REUSE_REFUSED : REUSE_BROKEN, now);
}

/* --- processes that go ------------------------------------------------------------------------ */

void upstream_backend_gone(struct world *w, uint32_t backend, lb_time now)
{
    for (uint32_t i = 0; i < w->front_count; i++) {
        struct front *f = &w->fronts[i];
        if (f->upstream == NULL || w->rest[backend].isolated || gate_apart(w, f, backend))
            continue;
        if (w->to_backend == 0) {
            reuse_gone(&f->upstream->reuse, backend, w->rest[backend].lives, now);
            continue;
        }
        if (f->upstream->gone[backend] != ENGINE_NO_EVENT)
            engine_cancel(w->engine, f->upstream->gone[backend]);
        f->upstream->gone[backend] =
            engine_at(w->engine, now + w->to_backend, EVENT_GONE, world_place(w, f, backend));
    }
}

void upstream_gone_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    uint32_t backend;
    struct front *f = world_front_of_place(w, subject, &backend);
    f->upstream->gone[backend] = ENGINE_NO_EVENT;
    reuse_gone(&f->upstream->reuse, backend, w->rest[backend].lives, now);
}

void upstream_part(struct world *w, struct front *f, uint32_t backend, lb_time now)
{
    (void)w;
    if (f->upstream != NULL)
        reuse_gone(&f->upstream->reuse, backend, UINT32_MAX, now);
}

void upstream_end(struct world *w, struct front *f, lb_time now)
{
    for (uint32_t i = 0; f->upstream != NULL && i < f->balancer.backend_count; i++)
        upstream_part(w, f, i, now);
}
