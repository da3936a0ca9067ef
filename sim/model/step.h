/*
 * The steps that every request takes, from the balancer to a backend and back to its client.
 *
 * The idea: without network delays a request is carried by two events, its arrival and the end of its
 * service, and each of these is a chain of steps. Here each chain is one function for the compiler:
 * as ten functions in three files, with their saved registers and what is read again after each call,
 * they cost 10 % more. What is rare, or has a delay, leaves the chain by a call to front.c, backend.c
 * or client.c, which also offer the steps as functions to everybody else.
 *
 * Most worlds have nothing of what makes requests differ: retries, delays, tiers, windows (world_rare).
 * So each chain exists twice: `plain` is a constant, and where it is true the compiler drops what
 * asks for these, and what it would read again afterwards. The text is the same: a step that asks for
 * something rare says `!plain &&` first.
 *
 *   client.c: arrival -> step_to_balancer -> step_pick -> step_place -> step_send -> step_to_backend
 *             -> step_serve; in a plain world the pick comes first of all (step_pick_early)
 *   backend.c: end of service -> step_advance, step_leave -> step_answer -> step_finish -> step_receive
 */
#ifndef MODEL_STEP_H
#define MODEL_STEP_H

#include "sim/base/units.h"
#include "sim/engine/hot.h"
#include "sim/model/discipline.h"
#include "sim/model/world.h"

#define STEP static inline __attribute__((always_inline))

/* Which copy a request takes. */
STEP bool step_plain(const struct world *w)
{
#ifdef LB_CHECK_SLOW
    lb_assert(w->plain == !world_rare(w));
#endif
    return __builtin_expect(w->plain, 1);
}

/* The balancer that a request is at, of which the compiler knows what holds in a plain world. */
STEP struct front *step_front(struct world *w, bool plain, uint32_t id)
{
    if (!plain)
        return world_front(w, id);
    struct front *f = w->fronts;
    if (!f->balancer.single || f->balancer.watched || f->balancer.own != NULL)
        __builtin_unreachable();
    return f;
}

/* --- at the client ---------------------------------------------------------------------------- */

/* The answer reaches the client in time. */
STEP void step_receive(struct world *w, bool plain, uint32_t id, lb_time now)
{
    if (!plain && __builtin_expect(w->hedges.on, 0))
        hedge_received(w, id, now);
    struct request *r = world_request(w, id);
    struct source *s = world_source(w, r);
    if (s->rule->timeout > 0)
        deadlines_leave(&s->deadlines, r);
    bool slow = false;
    if (!plain && __builtin_expect(w->story != NULL, 0))
        story_succeeds(w, id, now);
    if (!plain && __builtin_expect(w->ledger.moved.groups != NULL, 0))
        ledger_moved(&w->ledger, r, client_of(w, r));
    if (!plain && __builtin_expect(w->tallies.at != NULL, 0))
        tally_ok(w, id, now);
    bool last = ledger_ok(&w->ledger, plain, r, &slow, now);
    if (__builtin_expect(slow, 0))
        ledger_slow(&w->ledger, r, why_slow(w, id, now));
    if (!plain && __builtin_expect(w->connections != NULL, 0))
        connection_release(w, id, r, false, now);
    uint32_t user = r->client;
    requests_give(&w->requests, id);
    if (__builtin_expect(last, 0) || s->goes_on)
        client_ended(w, s, user, last, now);
}

/* --- at the balancer -------------------------------------------------------------------------- */

/* A try that found no backend (-1), or one that ends: into the digest. */
STEP void step_note(struct world *w, bool plain, uint32_t id, const struct request *r,
                    int32_t backend, uint32_t end, lb_time now)
{
    ledger_try(&w->ledger, now, r->number, plain ? 0 : requests_attempt(&w->requests, id), backend,
               end);
}

/* The attempt leaves the books. */
STEP void step_finish(struct world *w, bool plain, uint32_t id, enum lb_end end, lb_time now)
{
    struct request *r = world_request(w, id);
    if (!plain && __builtin_expect(w->links, 0))
        link_finish(w, id);
    struct backend_count *count = &w->counts[r->backend];
    count->in_flight += (uint64_t)(now - r->sent); /* what of it lies in the window: world_edge */
    if (!plain && __builtin_expect(w->ledger.window_count != 0, 0))
        front_in_flight_time(w, r, now);
    if (end == LB_END_OK)
        count->ok[r->flags & REQUEST_MEASURED]++;
    else
        w->rest[r->backend].failed[r->flags & REQUEST_MEASURED]++;
    if (!plain && w->keep_latency && end == LB_END_OK)
        histogram_add(w->rest[r->backend].latency, now - r->sent);
    struct front *f = step_front(w, plain, id);
    if (!plain && __builtin_expect(w->tallies.at != NULL, 0))
        tally_finished(w, f, r->sent, now);
    if (!plain && __builtin_expect(w->upstream, 0))
        upstream_finish(w, f, id, end, now);
    if (!plain && __builtin_expect(w->guards, 0))
        guard_finished(f, (uint32_t)r->backend, end, now - r->sent, now);
    if (plain || w->connections == NULL || !layer4_finish(w, f, id, end, now)) {
        if (balancer_finish(&f->balancer, (uint32_t)r->backend))
            front_tell_outcome(w, f, r, end, now);
        if (!plain && __builtin_expect(w->boards, 0))
            front_show(w, f, (uint32_t)r->backend, now);
    }
    if (!plain && __builtin_expect(w->change.draining != 0, 0))
        change_finished(w, (uint32_t)r->backend, now);
    step_note(w, plain, id, r, r->backend, (uint32_t)end, now);
}

/* The answer is at the balancer. */
STEP void step_answered(struct world *w, bool plain, uint32_t id, enum lb_end end, lb_time now)
{
    uint32_t backend = (uint32_t)world_request(w, id)->backend;
    struct front *f = step_front(w, plain, id);
    if (!plain && __builtin_expect(w->gates, 0) && gate_loses_answer(w, id))
        return;
    if (!plain && __builtin_expect(w->story != NULL, 0))
        story_answered(w, id, end, now);
    step_finish(w, plain, id, end, now);
    if (f->balancer.waiting.total != 0)
        line_serve(w, f, backend, now);
    if (!plain && __builtin_expect(w->hedges.on, 0) && hedge_answered(w, id, end == LB_END_OK, now))
        return;
    if (__builtin_expect(end != LB_END_OK, 0))
        front_failed(w, id, end, now);
    else if (!plain && (w->to_balancer > 0 || w->front_count > 1 || w->gates || w->guards))
        front_return(w, id, 0, now);
    else
        step_receive(w, plain, id, now);
}

/* An attempt ended at its backend; the answer sets out for the balancer. */
STEP void step_answer(struct world *w, bool plain, uint32_t id, enum lb_end end, lb_time now)
{
    struct request *r = world_request(w, id);
    r->state = REQUEST_BACK;
    if (!plain && __builtin_expect(w->links, 0) && !link_answer(w, id))
        return;
    if (!plain && w->to_backend > 0) {
        r->next = (uint32_t)end;
        r->event = engine_at(w->engine, now + w->to_backend, EVENT_BACK, id);
    } else {
        step_answered(w, plain, id, end, now);
    }
}

/* --- at the backend --------------------------------------------------------------------------- */

/* fifo: the request has a slot. */
STEP void step_begin(struct world *w, struct backend *b, struct request *r, lb_time now)
{
    r->state = REQUEST_SERVICE;
    lb_time takes = r->work;
    if (__builtin_expect(!b->at_one, 0))
        takes = world_delay(units_from_ns((double)r->work / w->rest[r->backend].speed));
    r->event = engine_hot_at(w->engine, now + takes, EVENT_SERVICE, requests_id(&w->requests, r));
}

/* fifo: a free slot takes the request. */
STEP void step_serve(struct world *w, struct backend *b, struct request *r, lb_time now)
{
    backend_busy(b, +1, now);
    step_begin(w, b, r, now);
}

/* fifo: it waits. Links to nobody are written into record 0: whether a queue is empty is a coin toss,
 * and a branch on it cost 6 ns. The same in step_advance. */
STEP void step_enqueue(struct world *w, struct backend *b, struct request *r, lb_time now)
{
    uint32_t id = requests_id(&w->requests, r);
    r->state = REQUEST_QUEUED;
    r->next = 0;
    r->event = b->tail;
    world_request(w, b->tail)->next = id;
    b->head = b->head != 0 ? b->head : id;
    b->tail = id;
    backend_queued(b, +1, now);
}

/* fifo: the head of the queue leaves it. Its follower is not touched: the first of a queue has no
 * link to the one before it that would mean anything. */
STEP void step_dequeue(struct backend *b, const struct request *r, lb_time now)
{
    b->head = r->next;
    b->tail &= 0U - (r->next != 0);
    backend_queued(b, -1, now);
}

/* fifo: slots that are free take what waits, passing over clients that have left. */
STEP void step_advance(struct world *w, struct backend *b, lb_time now)
{
    while (b->busy < b->slots && b->head != 0 && !b->frozen) {
        uint32_t id = b->head;
        struct request *r = world_request(w, id);
        step_dequeue(b, r, now);
        if (__builtin_expect((r->flags & REQUEST_ORPHAN) != 0, 0))
            backend_leave(w, id, LB_END_CANCELLED, now);
        else
            step_serve(w, b, r, now);
    }
}

/* fifo: a service is over. As a rule the next one begins in its slot, and the number of busy slots
 * stays what it is. */
STEP void step_slot_free(struct world *w, struct backend *b, lb_time now)
{
    struct request *next = world_request(w, b->head);
    if (b->head != 0 && !b->frozen && (next->flags & REQUEST_ORPHAN) == 0) {
        step_dequeue(b, next, now);
        step_begin(w, b, next, now);
    } else {
        backend_busy(b, -1, now);
        step_advance(w, b, now);
    }
}

/* A request (or probe) reaches the backend: served, queued or turned away. */
STEP void step_to_backend(struct world *w, bool plain, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    struct backend *b = &w->backends[r->backend];
    r->event = ENGINE_NO_EVENT;
    if (!plain && __builtin_expect(w->story != NULL, 0))
        story_reaches(w, id, now);
    if (!plain && w->connections != NULL && layer4_lost(w, id)) {
        backend_turn_away(w, id, LB_END_RESET, now);
        return;
    }
    if (!plain && __builtin_expect(w->upstream, 0) && upstream_broken(w, id)) {
        backend_turn_away(w, id, LB_END_RESET, now);
        return;
    }
    if (__builtin_expect(b->truth == TRUTH_DOWN, 0)) {
        backend_turn_away(w, id, LB_END_REFUSED, now);
        return;
    }
    bool unwanted = !plain && b->cancel_abandoned && (r->flags & REQUEST_ORPHAN) != 0;
    if (__builtin_expect(b->frozen || unwanted, 0)) {
        backend_receive_unserved(w, id, now);
        return;
    }
    if (!plain && w->state.rule != NULL && w->state.rule->store == STORE_EXTERNAL &&
        state_fetch(w, id, now))
        return;
    bool room = b->busy < b->slots; /* nobody waits while there is */
    if (!room && b->queued >= b->limit) {
        backend_turn_away(w, id, LB_END_QUEUE_FULL, now);
        return;
    }
    r->entered = now;
    if (!plain && w->state.on)
        state_enter(w, id, now);
    if (!plain && __builtin_expect(w->tell.entries, 0))
        tell_entered(w, id);
    if (b->discipline != DISCIPLINE_FIFO)
        discipline_receive(w, id, now);
    else if (room)
        step_serve(w, b, r, now);
    else
        step_enqueue(w, b, r, now);
    if (!plain && __builtin_expect(w->story != NULL, 0))
        story_enters(w, id, now);
}

/* Attempt `id` has come to an end at the backend: the answer goes back, if anybody waits for it. */
STEP void step_leave(struct world *w, bool plain, uint32_t id, enum lb_end end, lb_time now)
{
    struct request *r = world_request(w, id);
    if (!plain && __builtin_expect(w->story != NULL, 0))
        story_leaves(w, id, end, now);
    if (!plain && __builtin_expect(w->tell.entries, 0))
        tell_leaving(w, id, end, now);
    if (!plain && w->state.on)
        state_leave(w, id);
    w->ledger.times_present += (uint64_t)(now - r->entered);
    r->entered = now - r->entered;
    r->event = ENGINE_NO_EVENT;
    if (__builtin_expect((r->flags & (REQUEST_ORPHAN | REQUEST_PROBE)) == 0, 1)) {
        step_answer(w, plain, id, end, now);
        return;
    }
    line_slot_free(w, (uint32_t)r->backend, now);
    if ((r->flags & REQUEST_ORPHAN) != 0)
        requests_give(&w->requests, id);
    else
        probe_answer(w, id, end, now);
}

/* --- from the balancer to a backend ----------------------------------------------------------- */

STEP struct lb_request *step_ask(struct world *w, struct front *f, const struct request *r)
{
    if (f->tell.key)
        front_ask_key(w, f, r);
    return &w->ask;
}

STEP void step_send(struct world *w, bool plain, struct front *f, uint32_t id, int32_t backend,
                    enum lb_how how, lb_time now)
{
    struct request *r = world_request(w, id);
    bool follows = !plain && w->connections != NULL && layer4_send(w, f, id, &backend, now);
    r->backend = backend;
    r->sent = now;
    r->state = REQUEST_TO_BACKEND;
    if (!plain && __builtin_expect(w->story != NULL, 0))
        story_sent(w, id, how, now);
    if (!plain && __builtin_expect(f->stick.on, 0))
        stick_store(w, f, id, backend, now);
    if (!plain && w->state.on)
        state_sent(w, id);
    if (!plain && __builtin_expect(w->guards, 0))
        guard_sent(f, (uint32_t)backend);
    if (plain || !follows) {
        balancer_start(&f->balancer, (uint32_t)backend, &w->ask, how, now);
        if (!plain && __builtin_expect(w->boards, 0))
            front_show(w, f, (uint32_t)backend, now);
    }
    if (!plain && __builtin_expect(w->breakers, 0))
        breakers_sent(w, f, id, (uint32_t)backend, now);
    if (!plain && __builtin_expect(w->upstream, 0))
        upstream_take(w, f, id, now);
    if (!plain && __builtin_expect(w->tallies.at != NULL, 0))
        tally_sent(w, f, r, backend);
    if ((r->flags & REQUEST_MEASURED) != 0) {
        w->ledger.classes[r->class].counts.attempts++;
        if (!plain && w->ledger.window_count != 0)
            ledger_windows_try(&w->ledger, r, backend);
    }
    if (!plain && __builtin_expect(w->hedges.on, 0))
        hedge_sent(w, f, id, now);
    if (!plain && __builtin_expect(w->links, 0) && !link_send(w, f, id, now))
        return;
    if (!plain && __builtin_expect(w->upstream, 0) && upstream_opens(w, f, id, now))
        return;
    lb_time takes = plain ? 0 : w->to_backend;
    if (!plain && w->connections != NULL)
        takes = world_delay(takes + layer4_slow(w, f, id));
    if (!plain && takes > 0)
        r->event = engine_at(w->engine, now + takes, EVENT_AT_BACKEND, id);
    else
        step_to_backend(w, plain, id, now);
}

/* The pool that the requests of a class go to. */
STEP uint32_t step_pool(const struct front *f, const struct request *r)
{
    if (f->rule->pool_of_class == NULL)
        return f->rule->pool;
    return f->rule->pool_of_class[r->class];
}

/* Where a pick leads. */
STEP void step_place(struct world *w, bool plain, struct front *f, uint32_t id, int32_t backend,
                     lb_time now)
{
    if (__builtin_expect(backend < 0, 0)) {
        if (backend == LB_WAIT)
            line_join(w, f, id, -1, now);
        else
            front_nobody(w, f, id, now);
        return;
    }
    lb_require(&w->where, (uint32_t)backend < f->balancer.backend_count,
               "algorithm '%s' picked row %d, which does not exist",
               f->balancer.tiers[0].algorithm->name, backend);
    if (!plain && f->outer) {
        hop_send(w, f, id, backend, LB_BY_PICK, now);
        return;
    }
    if (!plain)
        __builtin_prefetch(&w->backends[backend], 1);
    if (__builtin_expect(balancer_full(&f->balancer, (uint32_t)backend), 0))
        line_join(w, f, id, backend, now);
    else if (!plain && w->upstream && !upstream_room(f, (uint32_t)backend))
        line_join_room(w, f, id, (uint32_t)backend, now);
    else
        step_send(w, plain, f, id, backend, LB_BY_PICK, now);
    if (!plain && __builtin_expect(f->tell.probes, 0))
        tell_ask(w, f, now);
}

/* The pick, and where it leads. */
STEP void step_pick(struct world *w, uint32_t id, lb_time now)
{
    struct request *r = world_request(w, id);
    struct front *f = world_front(w, id);
    const int32_t *tried = NULL;
    uint32_t tried_count = 0;
    r->event = ENGINE_NO_EVENT;
    if (w->connections != NULL && layer4_follow(w, f, id, now))
        return;
    if (__builtin_expect(w->balancer_retries, 0)) {
        if (front_again(w, f, id, now))
            return;
        tried_count = front_tried(w, f, id, &tried);
    }
    if (__builtin_expect(w->story != NULL, 0))
        story_before_pick(w, f, id);
    if (__builtin_expect(f->stick.on, 0) && front_sticks(w, f, id, now))
        return;
    int32_t backend =
        balancer_pick(&f->balancer, step_pool(f, r), step_ask(w, f, r), tried, tried_count, now);
    if (__builtin_expect(w->story != NULL, 0))
        story_picked(w, f, id, backend, now);
    step_place(w, false, f, id, backend, now);
}

/* The pick for a request that is about to arrive, in a plain world: it does not depend on the request,
 * so it comes before the draws of the next gap and of the work. While these are made the backend is on
 * its way to the cache, where it is not when there are thousands. */
STEP int32_t step_pick_early(struct world *w, lb_time now)
{
    struct front *f = step_front(w, true, 0);
    int32_t backend = balancer_pick(&f->balancer, 0, &w->ask, NULL, 0, now);
    __builtin_prefetch(&w->backends[backend < 0 ? 0 : backend], 1);
    return backend;
}

/* A request reaches a balancer. */
STEP void step_to_balancer(struct world *w, uint32_t id, lb_time now)
{
    if (__builtin_expect(w->gates, 0) && gate_stops(w, id, now))
        return;
    if (w->connections != NULL && !connection_arrives(w, world_front(w, id), id, now))
        return;
    if (__builtin_expect(w->story != NULL, 0))
        story_at_balancer(w, id, now);
    if (__builtin_expect(w->tallies.at != NULL, 0))
        tally_came(w, world_front(w, id), world_request(w, id));
    if (__builtin_expect(w->balancer_retries, 0)) {
        struct front *f = world_front(w, id);
        retry_first(&f->balancer.budget, &f->rule->retries);
    }
    if (__builtin_expect(w->guards, 0) && !guard_admits(w, world_front(w, id), id, now))
        return;
    if (__builtin_expect(w->desks, 0) && desk_takes(w, world_front(w, id), id, now))
        return;
    step_pick(w, id, now);
}

/* On its way to the balancer, which begins so much later. */
STEP void step_set_out(struct world *w, uint32_t id, lb_time wait, lb_time now)
{
    struct request *r = world_request(w, id);
    lb_time takes = world_delay(w->to_balancer + wait);
    r->state = REQUEST_TO_BALANCER;
    if (takes > 0)
        r->event = engine_at(w->engine, now + takes, EVENT_AT_BALANCER, id);
    else
        step_to_balancer(w, id, now);
}

#endif
