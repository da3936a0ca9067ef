/*
 * CoDel: first come first served, and while waits stay above a target some are dropped.
 *
 * When the wait of whoever is next has been above the target for an interval, he is dropped, and
 * another one an interval / sqrt(count) after that, sooner and sooner, until a wait is below the
 * target again; so the queue is held short by those who feel it, not by its length. It drops at a
 * rate that is meant for senders who slow down when they are told; against clients who do not, see
 * controlled_delay in discipline.c. With at most one left in the queue nobody is dropped.
 * Source: K. Nichols, V. Jacobson and others, RFC 8289 (2018), 5: deque, dodequeue, control_law.
 */
#include <math.h>

#include "sim/model/discipline.h"

#define AGAIN 16 /* intervals: a state that begins so soon after the last goes on where that was */

struct next {
    uint32_t id;
    bool may_drop;
};

static lb_time law(const struct scenario_delay *rule, lb_time from, uint32_t count)
{
    return from + units_from_ns((double)rule->interval / sqrt((double)count));
}

static struct next take(struct world *w, uint32_t backend, lb_time now)
{
    const struct backend_rest *rest = &w->rest[backend];
    const struct scenario_delay *rule = &rest->nature->codel;
    struct backend_codel *codel = &w->rest[backend].codel;
    struct next next = {.id = queue_first(w, backend, now)};
    if (next.id == 0 || now - world_request(w, next.id)->entered < rule->target ||
        w->backends[backend].queued <= 1)
        codel->above_at = 0;
    else if (codel->above_at == 0)
        codel->above_at = now + rule->interval;
    else
        next.may_drop = now >= codel->above_at;
    return next;
}

/* He is told when this is over: what he does then must not find the queue half done. */
static void drop(struct world *w, uint32_t backend, uint32_t id)
{
    struct request *r = world_request(w, id);
    r->state = REQUEST_BACK;
    r->next = w->rest[backend].dropped;
    w->rest[backend].dropped = id;
}

static uint32_t take_or_drop(struct world *w, uint32_t backend, lb_time now)
{
    const struct scenario_delay *rule = &w->rest[backend].nature->codel;
    struct backend_codel *codel = &w->rest[backend].codel;
    struct next next = take(w, backend, now);
    if (codel->dropping) {
        codel->dropping = next.may_drop;
        while (codel->dropping && now >= codel->next) {
            drop(w, backend, next.id);
            codel->count++;
            next = take(w, backend, now);
            codel->dropping = next.may_drop;
            if (next.may_drop)
                codel->next = law(rule, codel->next, codel->count);
        }
    } else if (next.may_drop) {
        drop(w, backend, next.id);
        next = take(w, backend, now);
        codel->dropping = true;
        uint32_t more = codel->count - codel->before;
        bool again = more > 1 && now - codel->next < AGAIN * rule->interval;
        codel->count = again ? more : 1;
        codel->next = law(rule, now, codel->count);
        codel->before = codel->count;
    }
    return next.id;
}

static void join(struct world *w, uint32_t backend, uint32_t id, lb_time now)
{
    queue_put(w, backend, w->backends[backend].tail, id, now);
}

const struct service_order discipline_codel = {
    .join = join, .next = take_or_drop, .leave = queue_take};
