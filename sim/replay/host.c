/* See host.h. */
#include "sim/replay/host.h"

#include <stdlib.h>

#include "sim/base/stream.h"

#define SECOND     INT64_C(1000000000)
#define SEED       UINT64_C(42) /* of all coins of a replay */
#define TIMERS_MAX 100000       /* runs of one timer for one step of the clock */

struct lb_backend *host_row(struct host *h, uint32_t server)
{
    return &h->tiers[h->servers[server].tier].rows[h->servers[server].row];
}

bool host_takes(struct host *h, uint32_t server)
{
    if ((host_row(h, server)->flags & LB_USABLE) == 0)
        return false;
    return !h->setup->one_backup || h->setup->servers[server].tier == 0 || host_active(h) == 0;
}

uint32_t host_active(struct host *h)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < h->setup->server_count; i++)
        if (h->setup->servers[i].tier == 0 && (host_row(h, i)->flags & LB_USABLE) != 0)
            count++;
    return count;
}

int host_answer(const struct host *h, uint32_t server)
{
    return h->servers[server].refuses ? HOST_REFUSES : h->servers[server].status;
}

bool host_stopped(const struct host *h, uint32_t server)
{
    const struct host_server *state = &h->servers[server];
    return h->setup->servers[server].down || state->admin == HOST_MAINTENANCE ||
           state->health == HOST_DOWN;
}

/* --- tiers ------------------------------------------------------------------------------------ */

static void create_rows(struct host *h)
{
    const struct setup *s = h->setup;
    h->tier_count = s->one_pool ? 1 : s->tiers;
    h->servers = text_need_zero(s->server_count, sizeof *h->servers);
    for (uint32_t k = 0; k < 2 * s->server_count; k++) {
        uint32_t i = k % s->server_count; /* who is asked last has the last rows */
        if (s->servers[i].spare != (k >= s->server_count))
            continue;
        uint32_t tier = s->one_pool ? 0 : s->servers[i].tier;
        h->servers[i] = (struct host_server){.tier = tier,
                                             .row = h->tiers[tier].pool.count++,
                                             .weight = s->servers[i].weight,
                                             .status = 200};
        if (s->servers[i].maintenance)
            h->servers[i].admin = HOST_MAINTENANCE;
    }
    for (uint32_t t = 0; t < h->tier_count; t++) {
        struct host_tier *tier = &h->tiers[t];
        tier->rows = text_need_zero(tier->pool.count + 1U, sizeof *tier->rows);
        tier->server_of = text_need_zero(tier->pool.count + 1U, sizeof *tier->server_of);
        tier->pool.at = tier->rows;
        tier->pool.max = tier->pool.count;
        tier->timer = LB_NEVER;
    }
    for (uint32_t i = 0; i < s->server_count; i++) {
        const struct setup_server *server = &s->servers[i];
        h->tiers[h->servers[i].tier].server_of[h->servers[i].row] = i;
        *host_row(h, i) = (struct lb_backend){.name = server->name,
                                              .address = server->address,
                                              .id = server->id,
                                              .weight = server->weight,
                                              .max_in_flight = server->max_in_flight,
                                              .max_fails = server->max_fails,
                                              .fail_timeout = server->fail_timeout,
                                              .flags = LB_PRESENT};
    }
}

/* Should the server take new requests, as far as it alone is concerned? */
static bool wanted(const struct host *h, uint32_t server)
{
    const struct host_server *state = &h->servers[server];
    return !h->setup->servers[server].down && state->admin == HOST_READY &&
           state->health == HOST_UP && state->weight > 0;
}

/* HAProxy uses one backup at a time, the first there is, unless told otherwise. */
static bool first_only(const struct host *h, uint32_t server)
{
    return h->setup->one_backup && h->setup->servers[server].tier > 0 &&
           !h->setup->haproxy.all_backups;
}

/* Where backups share a pool with the others, they are out of it while one of those is wanted. */
static bool stands_back(const struct host *h, uint32_t server)
{
    if (!h->setup->one_pool || h->setup->servers[server].tier == 0)
        return false;
    for (uint32_t i = 0; i < h->setup->server_count; i++)
        if (h->setup->servers[i].tier == 0 && wanted(h, i))
            return true;
    return false;
}

void host_refresh(struct host *h)
{
    const struct setup *s = h->setup;
    bool backup = false;
    for (uint32_t t = 0; t < h->tier_count; t++) {
        struct host_tier *tier = &h->tiers[t];
        int32_t *changed = text_need_zero(tier->pool.count + 1U, sizeof *changed);
        uint32_t count = 0;
        for (uint32_t row = 0; row < tier->pool.count; row++) {
            struct lb_backend *b = &tier->rows[row];
            uint32_t i = tier->server_of[row];
            bool was = (b->flags & LB_USABLE) != 0;
            bool stopped = host_stopped(h, i);
            if (h->servers[i].stopped && !stopped && s->servers[i].slowstart > 0) {
                b->warm_since = h->now; /* drained or without weight, it stays warm */
                b->warm_for = s->servers[i].slowstart;
            }
            h->servers[i].stopped = stopped;
            bool use = wanted(h, i) && !(first_only(h, i) && backup) && !stands_back(h, i);
            backup = backup || (use && first_only(h, i));
            if (use == was && b->weight == h->servers[i].weight)
                continue;
            b->weight = h->servers[i].weight;
            b->flags = use ? LB_PRESENT | LB_USABLE : LB_PRESENT;
            tier->pool.usable += (use ? 1U : 0U) - (was ? 1U : 0U);
            changed[count++] = (int32_t)row;
        }
        if (count > 0 && tier->state != NULL && s->algorithm->on_pool_change != NULL)
            s->algorithm->on_pool_change(tier->state, changed, count, h->now);
        free(changed);
    }
}

static int create_state(struct host *h, uint32_t t, struct lb_error *error)
{
    const struct setup *s = h->setup;
    struct host_tier *tier = &h->tiers[t];
    const struct stream_key key = {.seed = SEED};
    stream_open(&tier->coins, &key, STREAM_COINS, t, stream_name(s->algorithm->name));
    struct lb_setup setup = {.pool = &tier->pool,
                             .values = s->values,
                             .random = &tier->coins,
                             .balancers = 1,
                             .tier = t,
                             .tiers = h->tier_count,
                             .now = h->now};
    struct lb_error why;
    tier->state = s->algorithm->create(&setup, &why);
    if (tier->state == NULL)
        return recording_fail(s->recording, 1, error, "%s", why.text);
    if (s->algorithm->on_timer != NULL)
        tier->timer = s->algorithm->on_timer(tier->state, h->now);
    return 0;
}

/* Weights that come by load reports: told now and again much later, when they count. */
static void tell_rates(struct host *h)
{
    static const lb_time moments[] = {0, 15 * SECOND, 16 * SECOND};
    const struct lb_algorithm *algorithm = h->setup->algorithm;
    bool any = false;
    for (uint32_t i = 0; i < h->setup->server_count; i++)
        any = any || h->setup->servers[i].rate > 0;
    for (size_t m = 0; m < 3 && any && algorithm->on_load != NULL; m++) {
        host_advance(h, moments[m]);
        for (uint32_t i = 0; i < h->setup->server_count; i++) {
            const struct lb_load load = {.rate = h->setup->servers[i].rate, .utilization = 1};
            const struct host_server *server = &h->servers[i];
            if (load.rate > 0)
                algorithm->on_load(h->tiers[server->tier].state, (int32_t)server->row, &load,
                                   h->now);
        }
    }
    if (any)
        host_advance(h, 20 * SECOND);
}

int host_open(struct host *h, const struct setup *s, const uint64_t *held, struct lb_error *error)
{
    *h = (struct host){.setup = s};
    create_rows(h);
    for (uint32_t i = 0; i < s->server_count && held != NULL; i++) {
        host_row(h, i)->in_flight = (uint32_t)held[i];
        h->tiers[h->servers[i].tier].pool.in_flight += held[i];
    }
    host_refresh(h);
    for (uint32_t t = 0; t < h->tier_count; t++)
        if (create_state(h, t, error) != 0)
            return -1;
    tell_rates(h);
    return 0;
}

void host_close(struct host *h)
{
    for (uint32_t t = 0; t < h->tier_count; t++) {
        if (h->tiers[t].state != NULL)
            h->setup->algorithm->destroy(h->tiers[t].state);
        free(h->tiers[t].rows);
        free(h->tiers[t].server_of);
    }
    free(h->servers);
    *h = (struct host){.setup = NULL};
}

void host_advance(struct host *h, lb_time now)
{
    const struct lb_algorithm *algorithm = h->setup->algorithm;
    for (uint32_t t = 0; t < h->tier_count; t++) {
        struct host_tier *tier = &h->tiers[t];
        for (int k = 0; k < TIMERS_MAX && tier->timer <= now; k++)
            tier->timer = algorithm->on_timer(tier->state, tier->timer);
    }
    h->now = now > h->now ? now : h->now;
}

/* --- the pick --------------------------------------------------------------------------------- */

int32_t host_pick(struct host *h, struct lb_request *request, const int32_t *tried,
                  uint32_t tried_count, uint32_t *tier)
{
    const struct lb_algorithm *algorithm = h->setup->algorithm;
    int32_t *rows = text_need_zero(tried_count + 1U, sizeof *rows);
    int32_t server = LB_NONE;
    for (; *tier < h->tier_count; ++*tier) {
        struct host_tier *asked = &h->tiers[*tier];
        if (h->setup->one_backup && asked->pool.usable == 0)
            continue;
        request->tried = rows;
        request->tried_count = 0;
        for (uint32_t i = 0; i < tried_count; i++)
            if (h->servers[tried[i]].tier == *tier)
                rows[request->tried_count++] = (int32_t)h->servers[tried[i]].row;
        int32_t row = algorithm->pick(asked->state, request, h->now);
        server = row >= 0 ? (int32_t)asked->server_of[row] : row;
        if (server != LB_NONE || h->setup->one_backup)
            break;
    }
    request->tried = NULL;
    request->tried_count = 0;
    free(rows);
    return server;
}

void host_start(struct host *h, uint32_t server, const struct lb_request *request, enum lb_how how)
{
    struct host_tier *tier = &h->tiers[h->servers[server].tier];
    host_row(h, server)->in_flight++;
    tier->pool.in_flight++;
    if (h->setup->algorithm->on_attempt_start != NULL)
        h->setup->algorithm->on_attempt_start(tier->state, (int32_t)h->servers[server].row, request,
                                              how, h->now);
}

void host_finish(struct host *h, uint32_t server, const struct lb_outcome *outcome)
{
    struct host_tier *tier = &h->tiers[h->servers[server].tier];
    host_row(h, server)->in_flight--;
    tier->pool.in_flight--;
    if (h->setup->algorithm->on_attempt_finish != NULL)
        h->setup->algorithm->on_attempt_finish(tier->state, (int32_t)h->servers[server].row,
                                               outcome, h->now);
}

/* --- for people ------------------------------------------------------------------------------- */

struct description {
    struct host *host;
    struct text *to;
    uint32_t tier;
    int32_t row; /* whose line this is */
};

static void emit(void *to, int32_t row, const char *name, double value)
{
    struct description *d = to;
    if (row != d->row)
        return;
    text_addf(d->to, " %s=%.15g", name, value);
}

void host_describe(struct host *h, struct text *to)
{
    const struct lb_algorithm *algorithm = h->setup->algorithm;
    for (uint32_t t = 0; t < h->tier_count; t++) {
        struct description d = {.host = h, .to = to, .tier = t, .row = -1};
        size_t before = to->size;
        if (algorithm->describe != NULL)
            algorithm->describe(h->tiers[t].state, emit, &d);
        if (to->size > before)
            text_addf(to, "\n");
        for (d.row = 0; d.row < (int32_t)h->tiers[t].pool.count && d.row < 32; d.row++) {
            const struct lb_backend *b = &h->tiers[t].rows[d.row];
            text_addf(to, " %s: weight=%u in_flight=%u%s",
                      h->setup->servers[h->tiers[t].server_of[d.row]].label, (unsigned)b->weight,
                      (unsigned)b->in_flight, (b->flags & LB_USABLE) != 0 ? "" : " out");
            if (algorithm->describe != NULL)
                algorithm->describe(h->tiers[t].state, emit, &d);
            text_addf(to, "\n");
        }
    }
}
