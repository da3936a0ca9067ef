/*
 * See chash.h: points put in and taken out, look-ups and turns.
 */
#include "algorithms/haproxy/chash.h"

#include <stdlib.h>

#include "algorithms/hash.h"

#define NOBODY UINT32_MAX

static uint32_t point_hash(uint32_t id, uint32_t number)
{
    return lb_avalanche32(id * LB_HAPROXY_EMAX + number);
}

static void reweigh(void *state, uint32_t row, uint32_t e, lb_time now)
{
    struct lb_haproxy_chash *c = state;
    (void)row, (void)e, (void)now;
    c->stale = true;
}

/* Does this point stay on the ring? A row's points are those of one id. */
static bool stays(const struct lb_haproxy_chash *c, const struct lb_point *point)
{
    return point->number < c->server[point->row].points && point->number < c->weights.e[point->row];
}

/* The point of the last turn, or the first after it that stays; number NOBODY = none. */
static struct lb_point last_to_stay(const struct lb_haproxy_chash *c)
{
    const struct lb_ring *ring = &c->ring;
    uint32_t i = c->last;
    for (uint32_t n = 0; c->last != NOBODY && n < ring->count; n++, i = lb_ring_next(ring, i))
        if (stays(c, &ring->point[i]))
            return ring->point[i];
    return (struct lb_point){.number = NOBODY};
}

static uint32_t find(const struct lb_ring *ring, const struct lb_point *point)
{
    if (point->number == NOBODY)
        return NOBODY;
    uint32_t i = lb_ring_successor(ring, point->hash);
    while (ring->point[i].row != point->row || ring->point[i].number != point->number)
        i++;
    return i;
}

/* Takes out the points that go, adds those that are new behind them, and sorts: the order among
 * equals is that in which they came. */
static void update_points(struct lb_haproxy_chash *c)
{
    struct lb_ring *ring = &c->ring;
    for (uint32_t row = 0; row < c->pool->count; row++) {
        struct lb_haproxy_server *server = &c->server[row];
        if (c->weights.e[row] <= server->most)
            continue;
        server->most = c->weights.e[row];
        server->points = 0; /* all go before all are put in */
    }
    struct lb_point last = last_to_stay(c);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < ring->count; i++)
        if (stays(c, &ring->point[i]))
            ring->point[kept++] = ring->point[i];
    ring->count = kept;
    c->total = 0;
    c->usable = 0;
    for (uint32_t row = 0; row < c->pool->count; row++) {
        struct lb_haproxy_server *server = &c->server[row];
        uint32_t e = c->weights.e[row];
        if (server->points > e)
            server->points = e;
        for (; server->points < e && ring->count < ring->room; server->points++)
            lb_ring_add(ring, point_hash(server->id, server->points), row, server->points);
        c->total += e;
        c->usable += e != 0 ? 1U : 0U;
    }
    lb_ring_sort(ring);
    c->last = find(ring, &last);
    c->stale = false;
}

/* Room for all points of the usable rows when they are warm, so that a pick never needs more. */
static int make_room(struct lb_haproxy_chash *c, struct lb_error *error)
{
    uint64_t most = 0;
    for (uint32_t row = 0; row < c->pool->count; row++)
        if (c->weights.e[row] != 0)
            most += LB_HAPROXY_SCALE * lb_haproxy_weight(c->pool->at[row].weight);
    if (most <= c->ring.room && c->ring.point != NULL)
        return 0;
    struct lb_ring larger;
    lb_ring_init(&larger, 32);
    if (lb_ring_begin(&larger, most, error) != 0)
        return -1;
    for (uint32_t i = 0; i < c->ring.count; i++)
        larger.point[larger.count++] = c->ring.point[i];
    lb_ring_done(&c->ring);
    c->ring = larger;
    return 0;
}

/* The backend that is in this row from now on: none of the points of another stays. */
static void meet(struct lb_haproxy_chash *c, uint32_t row)
{
    const struct lb_backend *b = &c->pool->at[row];
    c->server[row] = (struct lb_haproxy_server){
        .id = b->id, .most = LB_HAPROXY_SCALE * lb_haproxy_weight(b->weight)};
}

int lb_haproxy_chash_init(struct lb_haproxy_chash *c, const struct lb_pool *pool, lb_time now,
                          struct lb_error *error)
{
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    *c = (struct lb_haproxy_chash){
        .pool = pool, .last = NOBODY, .server = calloc(max + 1, sizeof *c->server)};
    lb_ring_init(&c->ring, 32);
    if (lb_haproxy_weights_init(&c->weights, pool, error) != 0)
        return -1;
    if (c->server == NULL)
        return lb_error_set(error, LB_ERROR_MEMORY, "haproxy: no memory for %zu servers", max);
    for (uint32_t row = 0; row < pool->count; row++)
        meet(c, row);
    lb_haproxy_weights_change(&c->weights, NULL, 0, now, reweigh, c);
    if (make_room(c, error) != 0)
        return -1;
    uint64_t before = 0;
    for (uint32_t row = 0; row < pool->count; row++) {
        c->server[row].before = c->weights.e[row] != 0 ? before : 0;
        before += c->weights.e[row];
    }
    update_points(c);
    return 0;
}

void lb_haproxy_chash_done(struct lb_haproxy_chash *c)
{
    lb_haproxy_weights_done(&c->weights);
    lb_ring_done(&c->ring);
    free(c->server);
}

void lb_haproxy_chash_change(struct lb_haproxy_chash *c, const int32_t *changed, uint32_t count,
                             lb_time now)
{
    for (uint32_t k = 0; k < count; k++) {
        if (c->server[changed[k]].id == c->pool->at[changed[k]].id)
            continue;
        meet(c, (uint32_t)changed[k]);
        c->stale = true;
    }
    lb_haproxy_weights_change(&c->weights, changed, count, now, reweigh, c);
    if (!c->stale)
        return;
    struct lb_error error;
    (void)make_room(c, &error);
    update_points(c);
}

void lb_haproxy_chash_catch_up(struct lb_haproxy_chash *c, lb_time now)
{
    lb_haproxy_weights_catch_up(&c->weights, now, reweigh, c);
    if (c->stale)
        update_points(c);
}

/* The slots of all servers under a bound: as many for each unit of e, and a rest to be shared out. */
struct slots {
    uint64_t each, rest;
};

static struct slots slots_under(const struct lb_haproxy_chash *c, uint32_t bound)
{
    uint64_t all = ((c->pool->in_flight + 1) * bound + 99) / 100;
    return (struct slots){all / c->total, all % c->total};
}

/* May this server have one more? */
static bool within(const struct lb_haproxy_chash *c, uint32_t row, struct slots all)
{
    uint64_t e = c->weights.e[row], before = c->server[row].before;
    uint64_t slots =
        e * all.each + (before + e) * all.rest / c->total - before * all.rest / c->total;
    return c->pool->at[row].in_flight < (slots > 0 ? slots : 1);
}

int32_t lb_haproxy_chash_at(const struct lb_haproxy_chash *c, uint32_t hash, int32_t avoid,
                            uint32_t bound)
{
    const struct lb_ring *ring = &c->ring;
    if (ring->count == 0)
        return LB_NONE;
    uint32_t next = lb_ring_successor_wrapped(ring, hash);
    uint32_t i = next > 0 ? next - 1 : ring->count - 1;
    if (hash - (uint32_t)ring->point[i].hash > (uint32_t)ring->point[next].hash - hash)
        i = next;
    uint32_t row = ring->point[i].row;
    if (__builtin_expect((int32_t)row != avoid && bound == 0, 1))
        return (int32_t)row;
    struct slots slots = slots_under(c, bound);
    for (uint32_t n = 0; n < ring->count; n++, i = lb_ring_next(ring, i)) {
        row = ring->point[i].row;
        if ((int32_t)row != avoid && (bound == 0 || within(c, row, slots)))
            return (int32_t)row;
    }
    return (int32_t)ring->point[ring->count - 1].row;
}

int32_t lb_haproxy_chash_turn(struct lb_haproxy_chash *c, const struct lb_request *request,
                              lb_time now)
{
    const struct lb_ring *ring = &c->ring;
    int32_t avoid = lb_haproxy_avoid(request);
    uint32_t i = c->last, avoided = NOBODY;
    if (ring->count == 0)
        return LB_NONE;
    for (uint32_t n = i != NOBODY ? ring->count : 1; n > 0; n--) {
        i = i != NOBODY ? lb_ring_next(ring, i) : 0;
        uint32_t row = ring->point[i].row;
        if (lb_haproxy_saturated(&c->pool->at[row], now))
            continue;
        if ((int32_t)row != avoid) {
            c->last = i;
            return (int32_t)row;
        }
        avoided = i;
    }
    c->last = avoided;
    return avoided != NOBODY ? (int32_t)ring->point[avoided].row
                             : lb_haproxy_wait(c->pool, request);
}

void lb_haproxy_chash_describe(const struct lb_haproxy_chash *c, lb_emit *emit, void *to)
{
    emit(to, -1, "points", c->ring.count);
    for (uint32_t row = 0; row < c->pool->count; row++)
        if (c->weights.e[row] != 0)
            emit(to, (int32_t)row, "eweight", c->weights.e[row]);
}
