/* See world_check.h: one balancer, its books, its waiting room, its filters. */
#include <math.h>
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/run/private.h"
#include "tests/unit/world_check.h"

/* Is this backend of a tier that panics, or whose own zone has nobody? Counted afresh. */
static void stand(const struct balancer *b, uint32_t tier, bool *panic, bool *away)
{
    const unsigned bad = BALANCER_OUT_CHECKS | BALANCER_OUT_EJECTED | BALANCER_OUT_BREAKER;
    double total = 0, share = 0;
    const struct balancer_pool *pool = b->pools;
    while (tier - pool->first >= pool->count)
        pool++;
    *away = true;
    for (uint32_t t = pool->first; t < pool->first + pool->count; t++) {
        double members = 0, good = 0;
        for (uint32_t i = 0; i < b->backend_count; i++) {
            const struct lb_backend *row = balancer_books(b, i);
            unsigned out = b->places[i].out;
            if (b->places[i].tier != t || row->weight == 0 || (out & ~bad) != 0)
                continue;
            members++;
            good += out == 0;
            *away = *away && !(t == tier && out == 0 && row->zone == b->rule->zone);
        }
        double worth = members > 0 ? 100.0 * good / members : 0.0;
        share = t == tier ? worth / 100.0 : share;
        worth *= b->rule->priority ? b->rule->overprovisioning : 1.0;
        total += worth < 100.0 ? floor(worth + 1e-9) : 100.0;
    }
    *panic = b->rule->health.panic > 0 && total < 100.0 && share < b->rule->health.panic - 1e-12;
}

static bool is_open(const struct balancer *b, uint32_t i)
{
    bool panic, away;
    const struct lb_backend *row = balancer_books(b, i);
    unsigned out = b->places[i].out;
    stand(b, b->places[i].tier, &panic, &away);
    if (panic)
        out &= ~(BALANCER_OUT_CHECKS | BALANCER_OUT_EJECTED | BALANCER_OUT_BREAKER);
    bool here = b->rule->zone == 0 || row->zone == b->rule->zone || away || panic;
    return row->weight > 0 && out == 0 && here;
}

static const char *check_row(const struct world *w, const struct front *f, uint32_t i,
                             uint32_t in_flight, bool open)
{
    const struct balancer *b = &f->balancer;
    const struct lb_backend *row = balancer_books(b, i);
    const struct balancer_place *place = &b->places[i];
    if (balancer_in_flight(b, i) != in_flight)
        return "in flight in the books are not the attempts under way";
    if (row->max_in_flight != 0 && in_flight > row->max_in_flight)
        return "more in flight than the limit";
    if (row->queued != waiting_for(&b->waiting, i))
        return "queued in the books is not the line";
    if (((row->flags & LB_USABLE) != 0) != open)
        return "usable does not follow from the reasons";
    if (((place->out & BALANCER_OUT_CHECKS) != 0) == place->health.up)
        return "out by checks and the health machine do not agree";
    if (b->rule->health.outlier.on &&
        ((place->out & BALANCER_OUT_EJECTED) != 0) != b->outlier.hosts[i].ejected)
        return "ejected and the outlier detection do not agree";
    if (f->breakers != NULL &&
        ((place->out & BALANCER_OUT_BREAKER) != 0) == breaker_admits(&b->breaker, i))
        return "out by its breaker and the breaker do not agree";
    if (gate_runs(f) && row->warm_for > 0 &&
        row->warm_since + row->warm_for < engine_now(w->engine))
        return "slow start has no end";
    if (place->moved && !f->watch.filtered)
        return "a change of usable was left lying";
    return NULL;
}

static const char *check_rows(const struct world *w, const struct front *f, const uint32_t *booked)
{
    const struct balancer *b = &f->balancer;
    uint64_t *in_flight = text_need_zero(b->tier_count, sizeof *in_flight);
    uint32_t *usable = text_need_zero(b->tier_count, sizeof *usable), away = 0;
    const char *wrong = NULL;
    for (uint32_t i = 0; i < b->backend_count && wrong == NULL; i++) {
        bool open = is_open(b, i);
        wrong = check_row(w, f, i, booked[i], open);
        in_flight[b->places[i].tier] += balancer_books(b, i)->in_flight;
        usable[b->places[i].tier] += open;
        away += (b->places[i].out & ~(BALANCER_OUT_SUBSET | BALANCER_OUT_ABSENT)) != 0;
    }
    for (uint32_t t = 0; t < b->tier_count && wrong == NULL; t++)
        if (b->tiers[t].pool.in_flight != in_flight[t] || b->tiers[t].pool.usable != usable[t])
            wrong = "a tier's sums are not those of its rows";
    if (wrong == NULL && away != b->out)
        wrong = "the number of those who are out is not theirs";
    free(in_flight);
    free(usable);
    return wrong;
}

static const char *check_lines(const struct waiting *room)
{
    uint32_t total = 0;
    for (uint32_t l = 0; l < room->line_count; l++) {
        uint32_t count = 0, before = WAITING_NONE;
        for (uint32_t n = room->lines[l].head; n != WAITING_NONE; n = room->nodes[n].next) {
            if (room->nodes[n].prev != before || room->nodes[n].line != l)
                return "a line of the waiting room is broken";
            before = n;
            count++;
        }
        if (room->lines[l].tail != before || room->lines[l].count != count)
            return "a line of the waiting room does not know its end";
        total += count;
    }
    return total == room->total ? NULL : "the waiting room does not know how many wait";
}

static bool tried(const struct world *w, const struct front *f, uint32_t id, uint32_t member)
{
    const int32_t *list = NULL;
    uint32_t count = w->balancer_retries ? front_tried(w, f, id, &list) : 0;
    for (uint32_t k = 0; k < count; k++)
        if (list[k] == (int32_t)member)
            return true;
    return false;
}

/* Who may wait for somebody of an earlier tier is not led on to this one. */
static bool leads_on(const struct balancer *b, uint32_t member)
{
    const struct balancer_place *place = &b->places[member];
    for (uint32_t i = 0; i < b->backend_count; i++)
        if (b->places[i].pool == place->pool && b->places[i].tier < place->tier &&
            balancer_usable(b, i))
            return false;
    return true;
}

/* An ideal asks again for the first of the fresh ones only: for which tier those behind him wait is
 * old news then. Whoever waits in a common line has somebody to wait for, and nobody who could take it now, unless
 * the algorithm may decline though somebody could. */
static const char *check_patience(const struct world *w, const struct front *f, uint32_t line)
{
    const struct balancer *b = &f->balancer;
    const struct waiting *room = &b->waiting;
    uint32_t looked = 0;
    /* Who sees a board may take a backend for full that is not. */
    bool always = b->own == NULL && (b->tiers[0].algorithm->claims & LB_CLAIM_ALWAYS) != 0;
    for (uint32_t n = room->lines[line].head; n != WAITING_NONE;
         n = room->nodes[n].next, looked++) {
        bool hope = false;
        for (uint32_t i = 0; i < b->backend_count; i++) {
            if (!balancer_usable(b, i) || b->places[i].pool != line / 2 ||
                b->places[i].tier > room->nodes[n].tier)
                continue;
            bool again = tried(w, f, room->nodes[n].request, i);
            hope = hope || !again || upstream_limited(f->upstream); /* for room, not for others */
            if (again || (f->tell.truth && !leads_on(b, i)))
                continue;
            if (always && !balancer_full(b, i) && upstream_room(f, i) &&
                (line % 2 == WAITING_FRESH
                     ? looked == 0 || !(f->tell.truth || upstream_limited(f->upstream))
                     : looked < 256))
                return "somebody waits though a backend has a place for it";
        }
        if (!hope)
            return "somebody waits and nobody will ever take it";
    }
    return NULL;
}

static const char *check_own_lines(const struct front *f)
{
    const struct balancer *b = &f->balancer;
    for (uint32_t i = 0; i < b->backend_count; i++)
        if (waiting_for(&b->waiting, i) > 0 &&
            (!balancer_usable(b, i) || (!balancer_full(b, i) && upstream_room(f, i))))
            return "a backend's own line waits for a backend that is not full";
    return NULL;
}

/* What the guard has counted, afresh: attempts in the books by pool, who waits, active retries. */
static const char *check_guard(const struct world *w, const struct front *f, const uint32_t *booked)
{
    const struct balancer *b = &f->balancer;
    const char *wrong = NULL;
    if (f->guard == NULL)
        return NULL;
    uint32_t *sent = text_need_zero(b->pool_count, sizeof *sent), total = 0, waiting = 0;
    uint32_t retrying = 0, held = 0;
    for (uint32_t i = 0; i < b->backend_count; i++)
        sent[b->places[i].pool] += booked[i];
    for (uint32_t p = 0; p < b->pool_count; p++) {
        if (w->connections == NULL && sent[p] != f->guard->pools[p].sent)
            wrong = "the guard's attempts in flight are not those of the books";
        total += f->guard->pools[p].sent;
        waiting += f->guard->pools[p].waiting;
        retrying += f->guard->pools[p].retrying;
    }
    for (uint32_t id = 1; w->requests.tries != NULL && id <= w->requests.used; id++) {
        const struct request_tries *tries = &w->requests.tries[id];
        bool live = w->requests.at[id].state != REQUEST_FREE &&
                    (w->requests.at[id].flags & (REQUEST_ORPHAN | REQUEST_PROBE)) == 0;
        held += live && (tries->held & 1) != 0 && tries->front == f->number;
        held += live && (tries->held & 2) != 0 &&
                (tries->outer == f->number + 1 || (tries->outer == 0 && tries->front == f->number));
    }
    if (total != f->guard->sent || waiting != b->waiting.total || retrying != held)
        wrong = "the guard's sums are not those of the balancer";
    free(sent);
    return wrong;
}

/* Half-open breakers wait for the attempts that are marked, and for no others; how many are not closed. */
static const char *check_breakers(const struct world *w, const struct front *f)
{
    const struct balancer *b = &f->balancer;
    uint32_t open = 0;
    if (f->breakers == NULL || !gate_runs(f))
        return NULL;
    uint32_t *trials = text_need_zero(b->backend_count, sizeof *trials);
    for (uint32_t id = 1; id <= w->requests.used; id++) {
        const struct request *r = &w->requests.at[id];
        uint8_t mark = f->outer ? REQUEST_TRIAL_OUTER : REQUEST_TRIAL;
        const struct request_tries *tries = f->outer ? &w->requests.tries[id] : NULL;
        if (r->state == REQUEST_FREE || (r->flags & mark) == 0 || (r->flags & REQUEST_ORPHAN) != 0)
            continue;
        if (f->outer ? tries->outer != f->number + 1
                     : !request_in_books(r) || world_front((struct world *)w, id) != f)
            continue;
        uint32_t member = f->outer ? tries->front - f->to_first : (uint32_t)r->backend;
        trials[member] +=
            (f->outer ? tries->outer_sent : r->sent) >= b->breaker.hosts[member].since;
    }
    const char *wrong = NULL;
    for (uint32_t i = 0; i < b->backend_count; i++) {
        const struct breaker_host *h = &b->breaker.hosts[i];
        open += h->state != BREAKER_CLOSED;
        if (h->state == BREAKER_HALF_OPEN && h->trials != trials[i])
            wrong = "a half-open breaker waits for attempts that do not exist";
        if ((h->state == BREAKER_CLOSED) != (f->breakers[i].since == LB_NEVER))
            wrong = "a breaker and the time that it is open do not agree";
    }
    free(trials);
    return open == b->breaker.open ? wrong : "the number of open breakers is not theirs";
}

/* One connection an attempt in the books; the lists of idle ones; what the pools count. */
static const char *check_upstream(const struct front *f, const uint32_t *booked)
{
    const struct balancer *b = &f->balancer;
    uint64_t idle = 0, busy = 0, open = 0;
    if (f->upstream == NULL)
        return NULL;
    const struct reuse *r = &f->upstream->reuse;
    for (uint32_t i = 0; i < b->backend_count; i++) {
        uint32_t count = 0, before = 0;
        for (uint32_t id = r->backends[i].newest; id != 0; id = r->at[id].older) {
            if (r->at[id].newer != before || r->at[id].backend != i)
                return "the idle connections of a backend are not linked";
            if (before != 0 && r->at[before].since < r->at[id].since)
                return "an idle connection is out of order";
            before = id;
            count++;
        }
        if (r->backends[i].oldest != before || r->backends[i].idle != count)
            return "the idle connections of a backend are miscounted";
        if (r->backends[i].busy != booked[i])
            return "connections in use are not the attempts in the books";
        if (count > f->rule->reuse.keep)
            return "more idle connections than are kept";
    }
    for (uint32_t p = 0; p < r->pool_count; p++) {
        uint32_t count = 0;
        for (uint32_t id = r->pools[p].first; id != 0; id = r->at[id].later)
            count++;
        idle += count;
        busy += r->pools[p].busy;
        if (count != r->pools[p].idle)
            return "the idle connections of a pool are miscounted";
        if (r->limit != SCENARIO_UNLIMITED && r->pools[p].busy + count > r->limit)
            return "more connections than the limit of the pool";
    }
    open = r->opened_in_all - r->closed_in_all;
    return open == idle + busy ? NULL : "connections opened are not those closed and those open";
}

const char *world_check_front(struct run *run, const struct front *f, const uint32_t *in_flight)
{
    const struct world *w = &run->world;
    const char *wrong = check_rows(w, f, in_flight);
    if (wrong == NULL)
        wrong = check_lines(&f->balancer.waiting);
    if (wrong == NULL)
        wrong = check_guard(w, f, in_flight);
    if (wrong == NULL)
        wrong = check_breakers(w, f);
    if (wrong == NULL)
        wrong = check_upstream(f, in_flight);
    /* The run may have ended between a change of beliefs and what it means for those who wait. */
    if (run->ended && f->watch.filtered)
        return wrong;
    for (uint32_t line = 0; line < f->balancer.waiting.own && wrong == NULL; line++)
        wrong = check_patience(w, f, line);
    return wrong != NULL ? wrong : check_own_lines(f);
}
