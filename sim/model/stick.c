/* See stick.h. */
#include "sim/model/stick.h"

#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/model/crowd.h"
#include "sim/model/session.h"
#include "sim/model/spoof.h"
#include "sim/model/world.h"

uint64_t stick_client(struct world *w, const struct request *r)
{
    const struct session *session = session_of(w, r);
    if (session != NULL)
        return session_entity(session);
    return ((uint64_t)w->class_source[r->class] + 1) << 32 | r->client;
}

/* --- cookies ------------------------------------------------------------------------------------ */

static uint32_t take_cookie(struct jar *jar)
{
    uint32_t id = jar->free;
    if (id != 0) {
        jar->free = jar->cookies[id].next;
        return id;
    }
    if (jar->used + 1 >= jar->room) {
        jar->room = jar->room == 0 ? 64 : 2 * jar->room;
        jar->cookies = text_need_more(jar->cookies, jar->room * sizeof *jar->cookies);
    }
    return ++jar->used;
}

static void drop_cookie(struct jar *jar, uint64_t client)
{
    uint32_t id = map_take(&jar->by_client, client);
    if (id == 0)
        return;
    jar->cookies[id].next = jar->free;
    jar->free = id;
}

static int32_t find_cookie(struct jar *jar, uint64_t client, lb_time now)
{
    uint32_t id = map_find(&jar->by_client, client);
    if (id == 0)
        return -1;
    if (jar->cookies[id].expires > now)
        return jar->cookies[id].backend;
    drop_cookie(jar, client);
    return -1;
}

static void store_cookie(struct jar *jar, uint64_t client, int32_t backend, lb_time expires,
                         lb_time now)
{
    if (find_cookie(jar, client, now) == backend)
        return; /* it has this one: nothing is set */
    uint32_t id = map_find(&jar->by_client, client);
    if (id == 0) {
        id = take_cookie(jar);
        map_set(&jar->by_client, client, id);
    }
    jar->cookies[id] =
        (struct jar_cookie){.client = client, .backend = backend, .expires = expires};
}

/* --- tables ------------------------------------------------------------------------------------- */

/* What the table is asked for. Returns its size. */
static size_t table_key(struct world *w, const struct front *f, const struct request *r,
                        uint8_t key[20])
{
    if (f->rule->sticky.by == STICKY_SOURCE) {
        struct lb_address from = {0};
        uint32_t client;
        spoof_source(w, f, requests_id(&w->requests, r), &from, &client);
        for (int i = 0; i < 16; i++)
            key[i] = from.bytes[i];
        return 16;
    }
    uint64_t client = stick_client(w, r);
    for (int i = 0; i < 8; i++)
        key[i] = (uint8_t)(client >> (8 * i));
    return 8;
}

/* --- for requests ------------------------------------------------------------------------------- */

static bool holds(struct world *w, struct front *f, uint32_t id, uint32_t backend)
{
    const struct request *r = world_request(w, id);
    const struct balancer_place *place = &f->balancer.places[backend];
    const struct lb_backend *row = balancer_books(&f->balancer, backend);
    uint32_t pool =
        f->rule->pool_of_class != NULL ? f->rule->pool_of_class[r->class] : f->rule->pool;
    const int32_t *tried;
    uint32_t count = front_tried(w, f, id, &tried);
    for (uint32_t i = 0; i < count; i++)
        if (tried[i] == (int32_t)backend)
            return false;
    bool out = (place->out & (unsigned)~BALANCER_OUT_DRAIN) != 0;
    return (row->flags & LB_PRESENT) != 0 && place->pool == pool && !out;
}

int32_t stick_find(struct world *w, struct front *f, uint32_t id, lb_time now)
{
    const struct request *r = world_request(w, id);
    uint8_t key[20];
    int32_t backend;
    if (f->stick.cookies)
        backend = find_cookie(f->stick.jar, stick_client(w, r), now);
    else
        backend = affinity_table_find(&f->stick.table, key, table_key(w, f, r, key), now);
    return backend >= 0 && holds(w, f, id, (uint32_t)backend) ? backend : -1;
}

void stick_store(struct world *w, struct front *f, uint32_t id, int32_t backend, lb_time now)
{
    const struct request *r = world_request(w, id);
    lb_time ttl = f->rule->sticky.ttl;
    uint8_t key[20];
    if (!f->stick.cookies) {
        size_t size = table_key(w, f, r, key);
        (void)affinity_table_store(&f->stick.table, key, size, backend, now);
        if (f->rule->redundancy.sync)
            takeover_tell(w, f, key, size, backend, now);
        return;
    }
    if (!client_refuses_cookies(w, r))
        store_cookie(f->stick.jar, stick_client(w, r), backend,
                     ttl > 0 && ttl < LB_NEVER - now ? now + ttl : LB_NEVER, now);
}

void stick_forget(struct world *w, uint64_t client)
{
    for (uint32_t i = 0; i < w->front_count; i++)
        if (w->fronts[i].stick.cookies)
            drop_cookie(w->fronts[i].stick.jar, client);
}

/* --- for all balancers -------------------------------------------------------------------------- */

void sticks_init(struct world *w)
{
    for (uint32_t i = 0; i < w->front_count; i++) {
        struct front *f = &w->fronts[i];
        const struct scenario_sticky *rule = &f->rule->sticky;
        f->stick.on = rule->by != STICKY_NOT;
        f->stick.cookies = rule->by == STICKY_COOKIE;
        w->sticky |= f->stick.on;
        if (f->stick.on && !f->stick.cookies)
            affinity_table_init(&f->stick.table, rule->size, rule->ttl > 0 ? rule->ttl : LB_NEVER,
                                true);
        else if (f->stick.on && i > f->rule->first)
            f->stick.jar = w->fronts[f->rule->first].stick.jar;
        else if (f->stick.on)
            f->stick.jar = text_need_zero(1, sizeof *f->stick.jar);
    }
}

/* What the first running one of the same entry remembers. */
static void learn(struct world *w, struct front *f, lb_time now)
{
    for (uint32_t i = f->rule->first; i < f->rule->first + f->rule->count; i++) {
        const struct affinity_table *of = &w->fronts[i].stick.table;
        if (&w->fronts[i] == f || !gate_runs(&w->fronts[i]))
            continue;
        for (uint32_t e = of->entries[0].newer; e != 0; e = of->entries[e].newer)
            if (of->entries[e].expires > now)
                (void)affinity_table_store(&f->stick.table, of->entries[e].key, of->entries[e].size,
                                           of->entries[e].backend, now);
        return;
    }
}

void stick_lose(struct world *w, struct front *f, lb_time now)
{
    if (!f->stick.on || f->stick.cookies)
        return;
    uint32_t size = f->stick.table.size;
    lb_time expire = f->stick.table.expire;
    affinity_table_done(&f->stick.table);
    affinity_table_init(&f->stick.table, size, expire, true);
    if (f->rule->redundancy.sync)
        learn(w, f, now);
}

void sticks_done(struct world *w)
{
    for (uint32_t i = 0; w->fronts != NULL && i < w->front_count; i++) {
        struct front *f = &w->fronts[i];
        if (f->stick.on && !f->stick.cookies)
            affinity_table_done(&f->stick.table);
        takeover_done(f);
        if (f->stick.jar == NULL || i > f->rule->first)
            continue;
        map_done(&f->stick.jar->by_client);
        free(f->stick.jar->cookies);
        free(f->stick.jar);
    }
}
