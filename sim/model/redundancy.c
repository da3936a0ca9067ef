/* See redundancy.h. */
#include "sim/model/redundancy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/model/takeover.h"
#include "sim/model/world.h"

#define ROUTER_BITS 16U /* of a subject: address x count + member, below the place of the entry */

static struct front *front_of(struct world *w, const struct entry *e, uint32_t member)
{
    return &w->fronts[e->rule->first + member];
}

struct entry *redundancy_of(struct world *w, const struct front *f)
{
    return w->entries.at == NULL ? NULL : &w->entries.at[f->rule - w->scenario->balancers];
}

bool redundancy_shared(struct world *w, const struct front *f)
{
    const struct entry *e = redundancy_of(w, f);
    return e != NULL && e->routers != NULL;
}

static void note(struct world *w, const struct front *f, const char *word, const char *text)
{
    if (w->listener.noted != NULL)
        w->listener.noted(w->listener.self, f, word, text);
}

/* --- timers of RFC 5798 ----------------------------------------------------------------------- */

static lb_time skew(const struct entry *e, const struct router *r)
{
    const struct scenario_redundancy *rule = &e->rule->redundancy;
    double unit = rule->vrrp2 ? 1e9 : (double)rule->advert;
    return units_from_ns((256.0 - r->priority) / 256.0 * unit);
}

static lb_time master_down(const struct entry *e, const struct router *r)
{
    return 3 * e->rule->redundancy.advert + skew(e, r);
}

static uint32_t subject_of(const struct world *w, const struct entry *e, const struct router *r)
{
    return (uint32_t)(e - w->entries.at) << ROUTER_BITS | (uint32_t)(r - e->routers);
}

static void timer(struct world *w, struct entry *e, struct router *r, lb_time at)
{
    if (r->timer != ENGINE_NO_EVENT)
        engine_cancel(w->engine, r->timer);
    r->timer = ENGINE_NO_EVENT;
    if (at < LB_NEVER)
        r->timer = engine_at(w->engine, at, EVENT_ROUTER, subject_of(w, e, r));
}

/* --- routers ---------------------------------------------------------------------------------- */

static void hears(struct world *w, struct entry *e, struct router *r, const struct router *from,
                  uint32_t priority, lb_time now);

/* To all others of this address that can hear it. */
static void advertise(struct world *w, struct entry *e, struct router *r, uint32_t priority,
                      lb_time now)
{
    uint32_t count = e->rule->count, place = (uint32_t)(r - e->routers);
    struct router *first = &e->routers[place / count * count];
    const struct front *f = front_of(w, e, place % count);
    for (uint32_t m = 0; m < count; m++)
        if (&first[m] != r && first[m].state != ROUTER_OFF &&
            !gate_apart_fronts(w, f, front_of(w, e, m)))
            hears(w, e, &first[m], r, priority, now);
}

static void take_over(struct world *w, struct entry *e, struct router *r, lb_time now)
{
    uint32_t place = (uint32_t)(r - e->routers), count = e->rule->count;
    uint32_t address = place / count, member = place % count;
    uint32_t before = e->owner[address];
    const struct router *old = &e->routers[address * count + before];
    char text[160];
    r->state = ROUTER_MASTER;
    timer(w, e, r, now + e->rule->redundancy.advert);
    (void)snprintf(text, sizeof text, "takes over from %.60s%s", front_of(w, e, before)->name,
                   before != member && old->state == ROUTER_MASTER
                       ? ", which it cannot hear or outranks"
                       : "");
    note(w, front_of(w, e, member), "master", text);
    e->owner[address] = (uint16_t)member;
    tally_note(w, &w->tallies.at[e->rule->first + member].takeovers, now);
    if (before != member && old->state != ROUTER_MASTER)
        front_took_over(w, front_of(w, e, before), address, front_of(w, e, member), now);
    else
        takeover_land(w, front_of(w, e, before), address, front_of(w, e, member), now);
    advertise(w, e, r, r->priority, now);
}

static void hears(struct world *w, struct entry *e, struct router *r, const struct router *from,
                  uint32_t priority, lb_time now)
{
    if (r->state == ROUTER_BACKUP) {
        if (priority == 0)
            timer(w, e, r, now + skew(e, r));
        else if (!e->rule->redundancy.preempt || priority >= r->priority)
            timer(w, e, r, now + master_down(e, r));
        return;
    }
    if (r->state != ROUTER_MASTER || priority == 0 || priority < r->priority ||
        (priority == r->priority && from > r))
        return; /* of equals the first wins, as the higher address does */
    uint32_t count = e->rule->count, place = (uint32_t)(r - e->routers);
    uint32_t winner = (uint32_t)(from - e->routers) % count;
    r->state = ROUTER_BACKUP;
    timer(w, e, r, now + master_down(e, r));
    e->owner[place / count] = (uint16_t)winner;
    note(w, front_of(w, e, place % count), "backup", "steps down, it hears a higher priority");
    front_took_over(w, front_of(w, e, place % count), place / count, front_of(w, e, winner), now);
}

void redundancy_router_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct entry *e = &w->entries.at[subject >> ROUTER_BITS];
    struct router *r = &e->routers[subject & ((1U << ROUTER_BITS) - 1)];
    r->timer = ENGINE_NO_EVENT;
    if (r->state == ROUTER_BACKUP) {
        take_over(w, e, r, now);
    } else if (r->state == ROUTER_MASTER) {
        timer(w, e, r, now + e->rule->redundancy.advert);
        advertise(w, e, r, r->priority, now);
    }
}

void front_took_over(struct world *w, struct front *from, uint32_t address, struct front *to,
                     lb_time now)
{
    if (gate_runs(from) && !takeover_move(w, from, address, to, now))
        gate_reset(w, from, address, CAUSE_FAILOVER_GAP, now); /* packets go to another now */
    takeover_land(w, from, address, to, now);
}

static void router_changed(struct world *w, struct entry *e, struct router *r, bool alive,
                           bool orderly, lb_time now)
{
    if (!alive && r->state != ROUTER_OFF) {
        bool master = r->state == ROUTER_MASTER;
        r->state = ROUTER_OFF;
        timer(w, e, r, LB_NEVER);
        if (master && orderly)
            advertise(w, e, r, 0, now);
    } else if (alive && r->state == ROUTER_OFF) {
        r->state = ROUTER_BACKUP;
        timer(w, e, r, now + master_down(e, r));
    }
}

bool redundancy_holder(struct world *w, const struct entry *e, uint32_t address, uint64_t hash,
                       uint32_t *front)
{
    if (e->routers == NULL) {
        *front = e->rule->first + address;
        return true;
    }
    uint32_t masters[256], n = 0, count = e->rule->count;
    for (uint32_t m = 0; m < count; m++)
        if (e->routers[address * count + m].state == ROUTER_MASTER && !front_of(w, e, m)->gate.cut)
            masters[n++] = m;
    *front = e->rule->first + e->owner[address];
    if (n > 0)
        *front = e->rule->first + masters[((hash >> 32) * n) >> 32];
    return n > 0;
}

/* --- who is known ----------------------------------------------------------------------------- */

const struct listing *redundancy_listing(const struct entry *e, lb_time at)
{
    uint32_t v = e->versions - 1;
    while (v > 0 && e->history[v].since > at)
        v--;
    return &e->history[v];
}

static void new_version(struct entry *e, lb_time now)
{
    uint32_t count = e->rule->count, n = 0;
    if (e->versions == e->room) {
        e->room = e->room == 0 ? 4 : 2 * e->room;
        e->history = text_need_more(e->history, e->room * sizeof *e->history);
    }
    struct listing *l = &e->history[e->versions++];
    *l = (struct listing){.since = now, .members = text_need_zero(count, sizeof *l->members)};
    for (uint32_t m = 0; m < count; m++)
        n += e->listed[m];
    for (uint32_t m = 0; m < count; m++)
        if (e->listed[m] || n == 0)
            l->members[l->count++] = (uint16_t)m;
}

/* Would those who look find it well? */
static bool is_well(const struct front *f)
{
    return gate_runs(f) && !f->gate.drained && !f->gate.cut;
}

void redundancy_listed_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct front *f = &w->fronts[subject];
    struct entry *e = redundancy_of(w, f);
    uint32_t member = subject - e->rule->first;
    w->entries.pending--;
    if (e->listed[member] == is_well(f))
        return;
    e->listed[member] = !e->listed[member];
    new_version(e, now);
    note(w, f, e->listed[member] ? "listed" : "unlisted",
         e->rule->entry == ENTRY_DNS ? "names and their checks" : "next hops and their checks");
}

void redundancy_changed(struct world *w, struct front *f, bool orderly, lb_time now)
{
    struct entry *e = redundancy_of(w, f);
    if (e == NULL)
        return;
    const struct scenario_redundancy *rule = &e->rule->redundancy;
    uint32_t member = f->number - e->rule->first;
    bool alive = f->gate.truth != TRUTH_DOWN && !f->gate.drained;
    for (uint32_t a = 0; e->routers != NULL && a < e->addresses; a++)
        router_changed(w, e, &e->routers[a * e->rule->count + member], alive, orderly, now);
    if (e->routers != NULL || (!rule->detects && !f->gate.drained && e->listed[member]) ||
        e->listed[member] == is_well(f))
        return;
    w->entries.pending++;
    lb_time wait = f->gate.drained || !rule->detects ? 0 : rule->detect;
    (void)engine_at(w->engine, now + wait, EVENT_LISTED, f->number);
}

/* --- building --------------------------------------------------------------------------------- */

static void init_routers(struct world *w, struct entry *e)
{
    uint32_t count = e->rule->count;
    const struct scenario_redundancy *rule = &e->rule->redundancy;
    gate_watch(w); /* gaps are met at the door */
    e->addresses = rule->mode == REDUNDANCY_PASSIVE ? 1 : count;
    e->routers = text_need_zero((size_t)e->addresses * count, sizeof *e->routers);
    e->owner = text_need_zero(e->addresses, sizeof *e->owner);
    for (uint32_t a = 0; a < e->addresses; a++) {
        struct router *at = &e->routers[a * count];
        uint32_t best = a;
        for (uint32_t m = 0; m < count; m++) /* the address of the first, second, ... in the ring */
            at[m].priority = rule->priorities[(m + count - a) % count];
        for (uint32_t m = 0; m < count; m++)
            if (at[m].priority > at[best].priority)
                best = m;
        e->owner[a] = (uint16_t)best;
        struct lb_random random;
        stream_open(&random, &w->key, STREAM_ADVERT, e->rule->first + best, a);
        lb_time phase = (lb_time)(lb_random_unit(&random) * (double)rule->advert);
        for (uint32_t m = 0; m < count; m++) {
            at[m].state = m == best ? ROUTER_MASTER : ROUTER_BACKUP;
            timer(w, e, &at[m], m == best ? phase : phase + master_down(e, &at[m]));
        }
    }
}

static bool needs_entry(const struct scenario_balancer *rule)
{
    return rule->redundancy.on || rule->entry == ENTRY_DNS || rule->entry == ENTRY_ECMP;
}

void redundancy_init(struct world *w)
{
    const struct scenario *s = w->scenario;
    bool needed = false;
    for (uint32_t b = 0; b < s->balancer_count; b++)
        needed |= s->balancers[b].count > 1 && needs_entry(&s->balancers[b]);
    if (!needed)
        return;
    w->entries.count = s->balancer_count;
    w->entries.at = text_need_zero(s->balancer_count, sizeof *w->entries.at);
    for (uint32_t b = 0; b < s->balancer_count; b++) {
        struct entry *e = &w->entries.at[b];
        *e = (struct entry){.rule = &s->balancers[b], .addresses = s->balancers[b].count};
        e->listed = text_need_zero(e->rule->count, sizeof *e->listed);
        memset(e->listed, 1, e->rule->count);
        new_version(e, 0);
        if (e->rule->redundancy.on && e->rule->redundancy.mode != REDUNDANCY_SINGLE)
            init_routers(w, e);
    }
}

void redundancy_done(struct world *w)
{
    for (uint32_t b = 0; b < w->entries.count; b++) {
        struct entry *e = &w->entries.at[b];
        for (uint32_t v = 0; v < e->versions; v++)
            free(e->history[v].members);
        free(e->history);
        free(e->listed);
        free(e->routers);
        free(e->owner);
    }
    free(w->entries.at);
}

uint64_t redundancy_events(const struct world *w)
{
    uint64_t n = w->entries.pending;
    for (uint32_t b = 0; b < w->entries.count; b++) {
        const struct entry *e = &w->entries.at[b];
        for (uint32_t i = 0; e->routers != NULL && i < e->addresses * e->rule->count; i++)
            n += e->routers[i].timer != ENGINE_NO_EVENT;
    }
    return n;
}
