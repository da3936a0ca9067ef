/* See world_check.h. */
#include "tests/unit/world_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/run/private.h"

struct seen_there { /* of one backend */
    uint32_t serving, queued;
};

/* Of one balancer: attempts in its books by member, and those who wait in it. */
struct book {
    uint32_t *in_flight;
    uint32_t waiting;
};

static struct book *books_open(const struct world *w)
{
    struct book *books = text_need_zero(w->front_count, sizeof *books);
    for (uint32_t i = 0; i < w->front_count; i++)
        books[i].in_flight =
            text_need_zero(w->fronts[i].balancer.backend_count + 1, sizeof(uint32_t));
    return books;
}

static void books_close(const struct world *w, struct book *books)
{
    for (uint32_t i = 0; i < w->front_count; i++)
        free(books[i].in_flight);
    free(books);
}

static bool is_request(const struct request *r)
{
    return r->state != REQUEST_FREE && (r->flags & (REQUEST_ORPHAN | REQUEST_PROBE)) == 0;
}

static bool at_backend(const struct request *r)
{
    return r->state == REQUEST_SERVICE || r->state == REQUEST_QUEUED;
}

static bool between(const struct request *r)
{
    return r->state == REQUEST_TO_BACKEND || r->state == REQUEST_BACK || r->state == REQUEST_LOST;
}

/* Does the record hold the one event of its state? */
static bool has_event(struct world *w, uint32_t id)
{
    const struct request *r = world_request(w, id);
    const struct backend *b = r->backend >= 0 ? &w->backends[r->backend] : NULL;
    switch ((enum request_state)r->state) {
    case REQUEST_FREE:
    case REQUEST_LOST:
    case REQUEST_QUEUED:
    case REQUEST_CONNECTING:
    case REQUEST_HELD:
        return false;
    case REQUEST_DESK:
        return true;
    case REQUEST_DESK_QUEUED:
        return false;
    case REQUEST_WAITING:
        return world_front(w, id)->rule->queue_timeout > 0;
    case REQUEST_SERVICE:
        return b->discipline == DISCIPLINE_FIFO && !b->frozen;
    case REQUEST_RESTING: /* a probe here was accepted by a backend that hangs */
        return (r->flags & REQUEST_PROBE) == 0;
    default:
        return true;
    }
}

/* Does the request stand in the line of those who give up? A probe has an event for that. */
static bool has_deadline(struct world *w, const struct request *r, uint32_t id, uint64_t *events,
                         uint32_t *timed)
{
    if ((r->flags & REQUEST_PROBE) != 0) {
        (void)engine_when(w->engine, r->timeout);
        ++*events;
        return true;
    }
    const struct source *s = world_source(w, r);
    if (s->rule->timeout == 0 || r->state == REQUEST_RESTING || (r->flags & REQUEST_COPY) != 0)
        return true;
    ++*timed;
    return s->deadlines.line[r->timeout & s->deadlines.mask] == id;
}

/* How many stand in the lines of those who give up. */
static uint32_t in_deadlines(const struct world *w)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->source_count; i++) {
        const struct deadlines *d = &w->sources[i].deadlines;
        for (uint32_t place = d->first; place != d->next; place++)
            n += d->line[place & d->mask] != 0;
    }
    return n;
}

/* Its connection is in the books instead. */
static bool follows(struct world *w, const struct front *f, uint32_t id)
{
    return w->connections != NULL && layer4_place(w, f, id) != NULL;
}

/* In whose books the attempt is: of the balancer that sent it to a backend, and of an outer one. */
static void book(struct world *w, uint32_t id, struct book *books)
{
    const struct request *r = world_request(w, id);
    if (!is_request(r))
        return;
    if ((at_backend(r) || between(r)) && !follows(w, world_front(w, id), id))
        books[world_front(w, id)->number].in_flight[r->backend]++;
    if (w->front_count == 1 || w->requests.tries[id].outer == 0 || hedge_is_inner(w, id))
        return;
    const struct request_tries *tries = &w->requests.tries[id];
    const struct front *outer = &w->fronts[tries->outer - 1U];
    if (!follows(w, outer, id))
        books[outer->number].in_flight[tries->front - outer->to_first]++;
}

static const char *check_records(struct world *w, struct seen_there *tally, struct book *books,
                                 uint64_t *events)
{
    uint32_t live = 0, timed = 0;
    uint64_t open = 0;
    for (uint32_t id = 1; id <= w->requests.used; id++) {
        const struct request *r = world_request(w, id);
        if (r->state == REQUEST_FREE)
            continue;
        live++;
        open += is_request(r) && (r->flags & REQUEST_COPY) == 0;
        if (r->backend >= (int32_t)w->places)
            return "a record of a backend that does not exist";
        book(w, id, books);
        if (at_backend(r)) {
            tally[r->backend].serving += r->state == REQUEST_SERVICE;
            tally[r->backend].queued += r->state == REQUEST_QUEUED;
        }
        if (r->state == REQUEST_WAITING) {
            const struct front *f = world_front(w, id);
            books[f->number].waiting++;
            if (f->balancer.waiting.nodes[r->next].request != id)
                return "a waiting request and its node do not know each other";
        }
        const struct request_more *more = w->requests.more;
        if (more != NULL && more[id].patience != ENGINE_NO_EVENT) {
            if (r->state != REQUEST_QUEUED)
                return "patience of somebody who does not wait";
            (void)engine_when(w->engine, more[id].patience);
            ++*events;
        }
        if (more != NULL && more[id].over != ENGINE_NO_EVENT) {
            if (!is_request(r) || !(at_backend(r) || between(r)))
                return "a timeout of an attempt that is not in the books";
            (void)engine_when(w->engine, more[id].over);
            ++*events;
        }
        if (has_event(w, id)) {
            (void)engine_when(w->engine, r->event); /* asserts that it is pending */
            ++*events;
        }
        if ((r->flags & REQUEST_ORPHAN) == 0 && !has_deadline(w, r, id, events, &timed))
            return "a request and its deadline do not know each other";
    }
    if (timed != in_deadlines(w))
        return "somebody gives up who does not wait";
    if (live != w->requests.live)
        return "records in use are not those handed out";
    for (uint32_t i = 0; i < w->front_count; i++)
        if (books[i].waiting != w->fronts[i].balancer.waiting.total)
            return "waiting requests are not those in the waiting room";
    if (w->ledger.arrived != w->ledger.ok + w->ledger.failed + open)
        return "arrived is not ok + failed + in flight";
    return NULL;
}

static const char *check_fifo(const struct backend *b, const struct seen_there *t)
{
    if (b->busy != t->serving || b->queued != t->queued)
        return "fifo: busy and queued are not the records there";
    if (b->busy > b->slots)
        return "fifo: more in service than slots";
    if (b->queued > 0 && b->busy < b->slots && !b->frozen)
        return "fifo: a slot is free and somebody waits";
    return NULL;
}

/* The queue of a backend that is not plain: its links, and the last of each level of priority. */
static const char *check_queue(struct world *w, uint32_t i, const struct seen_there *t)
{
    const struct backend *b = &w->backends[i];
    const struct backend_rest *rest = &w->rest[i];
    uint32_t n = 0, before = 0, last[SCENARIO_PRIORITIES] = {0};
    for (uint32_t id = b->head; id != 0; before = id, id = world_request(w, id)->next, n++) {
        const struct request *r = world_request(w, id);
        uint32_t level = (r->flags & REQUEST_PROBE) != 0 ? 0 : w->ledger.classes[r->class].priority;
        if (r->state != REQUEST_QUEUED || r->backend != (int32_t)i)
            return "a queue has somebody who does not wait there";
        if (before != 0 && r->event != before)
            return "a queue is broken";
        for (uint32_t l = level + 1; l < SCENARIO_PRIORITIES; l++)
            if (b->discipline == DISCIPLINE_PRIORITY && last[l] != 0)
                return "priority: somebody stands behind one who is less urgent";
        last[level] = id;
    }
    if (n != t->queued || b->tail != before || b->queued != n)
        return "a queue does not know its end";
    if (b->discipline == DISCIPLINE_PRIORITY && memcmp(last, rest->last, sizeof last) != 0)
        return "priority: the last of a level is another one";
    if (rest->dropped != 0)
        return "somebody was dropped and not told";
    return NULL;
}

static const char *check_clocked(struct world *w, uint32_t i, const struct seen_there *t)
{
    const struct backend *b = &w->backends[i];
    const struct backend_rest *ps = &w->rest[i];
    bool shares = b->discipline == DISCIPLINE_PS;
    if (ps->present != t->serving || b->busy + b->queued != t->serving + t->queued)
        return "present is not the records there";
    if (shares && t->queued != 0)
        return "ps: somebody waits";
    if (b->busy > b->slots || (b->queued > 0 && b->busy < b->slots && (shares || !b->frozen)))
        return "busy is not min(present, slots)";
    const char *wrong = shares ? NULL : check_queue(w, i, t);
    if (wrong != NULL)
        return wrong;
    for (uint32_t k = 0; k < ps->present; k++) {
        if (world_request(w, ps->heap[k].request)->event != k)
            return "a request does not know its place in the heap";
        if (k > 0 && ps->heap[k].finish < ps->heap[(k - 1) / 2].finish)
            return "the heap is out of order";
    }
    if ((ps->departure != ENGINE_NO_EVENT) != (ps->present > 0 && !b->frozen))
        return "a departure is pending when nobody is served, or the other way round";
    return NULL;
}

static const char *check_backends(struct world *w, const struct seen_there *tally, uint64_t *events)
{
    for (uint32_t i = 0; i < w->backend_count; i++) {
        const struct backend *b = &w->backends[i];
        const char *wrong = b->discipline != DISCIPLINE_FIFO ? check_clocked(w, i, &tally[i])
                                                             : check_fifo(b, &tally[i]);
        if (wrong != NULL)
            return wrong;
        if (b->truth == TRUTH_DOWN && b->busy + b->queued > 0)
            return "somebody is at a backend that is down";
        if (b->frozen != (w->rest[i].hung || w->rest[i].still != 0))
            return "frozen is neither hung nor still, or the other way round";
        uint32_t present = b->busy + b->queued;
        if (!b->frozen && b->limit != SCENARIO_UNLIMITED && present > b->slots &&
            present - b->slots > b->limit)
            return "a queue is longer than its limit";
        *events += w->rest[i].departure != ENGINE_NO_EVENT ? 1U : 0U;
        *events += w->rest[i].drain_limit != ENGINE_NO_EVENT ? 1U : 0U;
        const struct backend_wear *wear = &w->rest[i].wear;
        *events += wear->pause != ENGINE_NO_EVENT ? 1U : 0U;
        *events += wear->failure != ENGINE_NO_EVENT ? 1U : 0U;
        *events += wear->cold != ENGINE_NO_EVENT ? 1U : 0U;
    }
    return NULL;
}

/* Marks of windows that are still to come. */
static uint64_t marks(const struct ledger *l, lb_time now)
{
    uint64_t n = (uint64_t)(l->from > now) + (uint64_t)(l->until > now);
    for (uint32_t i = 0; i < l->window_count; i++) {
        const struct ledger_window *window = &l->windows[i];
        n += window->from != l->from && window->from < l->until && window->from > now;
        n += window->until != l->until && window->until > l->from && window->until > now;
    }
    return n;
}

/* Users and sessions who have no request under way think, or expire, which is an event. */
static uint64_t thinking(struct world *w)
{
    uint64_t users = (uint64_t)w->users + w->sessions.open;
    for (uint32_t id = 1; id <= w->requests.used; id++) {
        const struct request *r = world_request(w, id);
        users -= is_request(r) && (r->flags & REQUEST_COPY) == 0 && world_source(w, r)->goes_on;
    }
    return users;
}

/* Checks to come: with pace after-result a probe under way stands for its backend's next check. */
static uint64_t checks(struct world *w)
{
    uint64_t n = 0, due = 0, waiting = 0;
    if (!w->checks)
        return 0;
    for (uint32_t k = 0; k < w->front_count; k++) {
        const struct front *f = &w->fronts[k];
        for (uint32_t i = 0; f->watch.checks != NULL && i < f->balancer.backend_count; i++) {
            due += gate_runs(f) &&
                   (f->balancer.places[i].out & (BALANCER_OUT_SUBSET | BALANCER_OUT_ABSENT)) == 0;
            n += f->watch.checks[i] != ENGINE_NO_EVENT;
        }
    }
    for (uint32_t id = 1; id <= w->requests.used; id++) {
        const struct request *r = world_request(w, id);
        waiting += r->state != REQUEST_FREE &&
                   (r->flags & (REQUEST_PROBE | REQUEST_ORPHAN)) == REQUEST_PROBE &&
                   world_front(w, id)->rule->health.pace == PACE_AFTER_RESULT;
    }
    /* Who has no check to come waits for the answer to one; answers may wait for others, who left. */
    return n <= due && n + waiting >= due ? n : UINT64_MAX;
}

/* Probes that an algorithm asked for and that are on their way: an event each. */
static uint64_t flying(const struct tell *tell)
{
    uint64_t n = tell->probe_used;
    for (uint32_t id = tell->probe_free; id != 0; id = tell->flying[id].next)
        n--;
    return n;
}

static bool arrives(const struct source *s)
{
    return s->process == NULL ? s->gap > 0.0 : s->next_at < LB_NEVER;
}

/* Timers, sweeps, boards and steps of slow start of one balancer. */
static uint64_t front_events(const struct front *f)
{
    uint64_t n = f->rule->health.outlier.on;
    n += f->rule->view == VIEW_SHARED;
    n += f->gate.drain_limit != ENGINE_NO_EVENT;
    for (uint32_t t = 0; t < f->balancer.tier_count; t++)
        n += f->timers[t] != ENGINE_NO_EVENT;
    for (uint32_t i = 0; f->upstream != NULL && i < f->balancer.backend_count; i++)
        n += f->upstream->gone[i] != ENGINE_NO_EVENT;
    for (uint32_t i = 0; f->breakers != NULL && i < f->balancer.backend_count; i++)
        n += f->breakers[i].due != ENGINE_NO_EVENT;
    for (uint32_t i = 0; f->watch.warm != NULL && i < f->balancer.backend_count; i++)
        n += f->watch.warm[i] != ENGINE_NO_EVENT;
    return n;
}

/* Steps of backends that come and go, and who looks after them. */
static uint64_t changing(const struct world *w)
{
    const struct change *c = &w->change;
    uint64_t n = 0;
    for (uint32_t i = 0; c->on && i < w->backend_count; i++)
        n += c->jobs[i].kind != JOB_NONE && c->jobs[i].event != ENGINE_NO_EVENT;
    for (uint32_t i = 0; i < w->scenario->deploy_count; i++)
        n += (c->deploys[i].next_stage != ENGINE_NO_EVENT ? 1U : 0U) +
             (c->deploys[i].next_look != ENGINE_NO_EVENT ? 1U : 0U);
    for (uint32_t i = 0; i < w->scenario->autoscale_count; i++)
        n += c->autoscales[i].next_look != ENGINE_NO_EVENT;
    return n;
}

static uint64_t expected_events(struct world *w)
{
    lb_time now = engine_now(w->engine);
    uint64_t n = 1 + thinking(w) + checks(w) + marks(&w->ledger, now); /* 1: the next sample */
    n += w->past_end ? !w->settled : 1U;
    for (uint32_t s = ENGINE_BEATS_MAX - 1; s < w->source_count; s++) /* no beat left for it */
        n += w->sources[s].rule->arrivals != ARRIVALS_CLOSED && arrives(&w->sources[s]);
    for (uint32_t i = 1; i <= w->hedges.used; i++)
        n += w->hedges.races[i].timer != ENGINE_NO_EVENT;
    n += changing(w) + flying(&w->tell) + redundancy_events(w) + takeover_events(w);
    for (uint32_t k = 0; k < w->front_count; k++)
        n += front_events(&w->fronts[k]);
    for (uint32_t i = 0; i < w->action_count; i++) {
        const struct scenario_action *a = &w->actions[i].what;
        n += a->at > now;
        n += a->lasts > 0 && a->at + a->lasts > now;
        n += w->actions[i].turn != ENGINE_NO_EVENT;
    }
    return n;
}

const char *world_check(struct run *run)
{
    struct world *w = &run->world;
    struct seen_there *tally = text_need_zero(w->backend_count, sizeof *tally);
    struct book *books = books_open(w);
    uint64_t events = 0;
    const char *wrong = check_records(w, tally, books, &events);
    if (wrong == NULL)
        wrong = world_check_connections(w, &events);
    if (wrong == NULL)
        wrong = check_backends(w, tally, &events);
    for (uint32_t i = 0; i < w->front_count && wrong == NULL; i++) {
        world_check_placed(w, &w->fronts[i], books[i].in_flight);
        wrong = world_check_front(run, &w->fronts[i], books[i].in_flight);
    }
    if (wrong == NULL && !run->ended && events + expected_events(w) != engine_pending(w->engine))
        wrong = "a pending event belongs to nobody, or one is missing";
    books_close(w, books);
    free(tally);
    return wrong;
}
