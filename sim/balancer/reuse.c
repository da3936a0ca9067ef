/* See reuse.h. */
#include "sim/balancer/reuse.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/base/text.h"

const char *reuse_end_name(enum reuse_end end)
{
    static const char *const names[REUSE_ENDS] = {
        [REUSE_IDLE] = "idle",       [REUSE_AGE] = "max_age",    [REUSE_REQUESTS] = "requests",
        [REUSE_SPARE] = "spare",     [REUSE_ROOM] = "made_room", [REUSE_BROKEN] = "broken",
        [REUSE_REFUSED] = "refused", [REUSE_GONE] = "gone"};
    return names[end];
}

void reuse_init(struct reuse *r, const struct scenario_reuse *rule, uint32_t limit,
                const uint32_t *pools, uint32_t backend_count, uint32_t pool_count)
{
    *r = (struct reuse){.rule = rule,
                        .limit = limit,
                        .backend_count = backend_count,
                        .pool_count = pool_count,
                        .until = LB_NEVER};
    r->backends = text_need_zero(backend_count, sizeof *r->backends);
    r->pools = text_need_zero(pool_count, sizeof *r->pools);
    r->pool_of = text_need_zero(backend_count, sizeof *r->pool_of);
    memcpy(r->pool_of, pools, backend_count * sizeof *pools);
}

void reuse_done(struct reuse *r)
{
    free(r->at);
    free(r->backends);
    free(r->pools);
    free(r->pool_of);
    *r = (struct reuse){0};
}

static bool measured(const struct reuse *r, lb_time at)
{
    return at >= r->from && at < r->until;
}

/* How much of [opened, closed) lies in the window. */
static double within(const struct reuse *r, lb_time opened, lb_time closed)
{
    lb_time from = opened > r->from ? opened : r->from;
    lb_time until = closed < r->until ? closed : r->until;
    return until > from ? (double)(until - from) : 0.0;
}

/* --- idle ones -------------------------------------------------------------------------------- */

/* Out of both lists, wherever it stands. */
static void unlink_idle(struct reuse *r, uint32_t id)
{
    struct reuse_connection *c = &r->at[id];
    struct reuse_backend *b = &r->backends[c->backend];
    struct reuse_pool *p = &r->pools[r->pool_of[c->backend]];
    *(c->newer != 0 ? &r->at[c->newer].older : &b->newest) = c->older;
    *(c->older != 0 ? &r->at[c->older].newer : &b->oldest) = c->newer;
    *(c->sooner != 0 ? &r->at[c->sooner].later : &p->first) = c->later;
    *(c->later != 0 ? &r->at[c->later].sooner : &p->last) = c->sooner;
    b->idle--;
    p->idle--;
}

static void link_idle(struct reuse *r, uint32_t id, lb_time now)
{
    struct reuse_connection *c = &r->at[id];
    struct reuse_backend *b = &r->backends[c->backend];
    struct reuse_pool *p = &r->pools[r->pool_of[c->backend]];
    c->since = now;
    c->newer = c->later = 0;
    c->older = b->newest;
    c->sooner = p->last;
    *(c->older != 0 ? &r->at[c->older].newer : &b->oldest) = id;
    *(c->sooner != 0 ? &r->at[c->sooner].later : &p->first) = id;
    b->newest = p->last = id;
    b->idle++;
    p->idle++;
}

/* It is in no list. at: the instant of its end. */
static void end(struct reuse *r, uint32_t id, enum reuse_end why, lb_time at)
{
    struct reuse_connection *c = &r->at[id];
    r->closed_in_all++;
    r->closed[why] += measured(r, at);
    r->time += within(r, c->opened, at);
    c->older = r->free;
    r->free = id;
}

static void end_idle(struct reuse *r, uint32_t id, enum reuse_end why, lb_time at)
{
    unlink_idle(r, id);
    end(r, id, why, at);
}

void reuse_expire(struct reuse *r, lb_time now)
{
    lb_time idle = r->rule->idle;
    for (uint32_t p = 0; idle > 0 && p < r->pool_count; p++)
        while (r->pools[p].first != 0 && now - r->at[r->pools[p].first].since >= idle)
            end_idle(r, r->pools[p].first, REUSE_IDLE, r->at[r->pools[p].first].since + idle);
}

/* --- attempts --------------------------------------------------------------------------------- */

static bool too_old(const struct reuse *r, uint32_t id, lb_time now)
{
    return r->rule->max_age > 0 && now - r->at[id].opened >= r->rule->max_age;
}

static uint32_t open_one(struct reuse *r, uint32_t backend, lb_time now)
{
    struct reuse_pool *p = &r->pools[r->pool_of[backend]];
    lb_assert(p->busy < r->limit);
    if (p->busy + p->idle >= r->limit)
        end_idle(r, p->first, REUSE_ROOM, now);
    uint32_t id = r->free;
    if (id != 0) {
        r->free = r->at[id].older;
    } else {
        if (r->used + 1 >= r->room) {
            r->room = r->room == 0 ? 64 : 2 * r->room;
            r->at = text_need_more(r->at, r->room * sizeof *r->at);
        }
        id = ++r->used;
    }
    r->at[id] = (struct reuse_connection){.opened = now, .backend = backend, .borne = 1};
    r->opened_in_all++;
    r->opened += measured(r, now);
    return id;
}

uint32_t reuse_take(struct reuse *r, uint32_t backend, bool *reused, lb_time now)
{
    struct reuse_backend *b = &r->backends[backend];
    reuse_expire(r, now);
    while (b->newest != 0 && too_old(r, b->newest, now))
        end_idle(r, b->newest, REUSE_AGE, now);
    uint32_t id = b->newest;
    *reused = id != 0;
    if (id != 0) {
        unlink_idle(r, id);
        r->at[id].borne++;
        r->reused += measured(r, now);
    } else {
        id = open_one(r, backend, now);
    }
    b->busy++;
    r->pools[r->pool_of[backend]].busy++;
    return id;
}

static void not_busy(struct reuse *r, uint32_t id)
{
    uint32_t backend = r->at[id].backend;
    r->backends[backend].busy--;
    r->pools[r->pool_of[backend]].busy--;
}

void reuse_give(struct reuse *r, uint32_t id, lb_time now)
{
    struct reuse_backend *b = &r->backends[r->at[id].backend];
    not_busy(r, id);
    reuse_expire(r, now);
    if (r->rule->requests != SCENARIO_UNLIMITED && r->at[id].borne >= r->rule->requests) {
        end(r, id, REUSE_REQUESTS, now);
    } else if (too_old(r, id, now)) {
        end(r, id, REUSE_AGE, now);
    } else {
        link_idle(r, id, now);
        if (b->idle > r->rule->keep)
            end_idle(r, b->oldest, REUSE_SPARE, now);
    }
}

void reuse_break(struct reuse *r, uint32_t id, enum reuse_end why, lb_time now)
{
    not_busy(r, id);
    end(r, id, why, now);
}

void reuse_gone(struct reuse *r, uint32_t backend, uint32_t life, lb_time now)
{
    reuse_expire(r, now);
    for (uint32_t id = r->backends[backend].newest; id != 0;) {
        uint32_t next = r->at[id].older;
        if (r->at[id].life != life || life == UINT32_MAX)
            end_idle(r, id, REUSE_GONE, now);
        id = next;
    }
}

double reuse_time(const struct reuse *r, lb_time now)
{
    double time = r->time;
    uint8_t *free_one = text_need_zero(r->used + 1U, 1);
    for (uint32_t id = r->free; id != 0; id = r->at[id].older)
        free_one[id] = 1;
    for (uint32_t id = 1; id <= r->used; id++)
        if (free_one[id] == 0)
            time += within(r, r->at[id].opened, now);
    free(free_one);
    return time;
}
