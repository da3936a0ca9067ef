/*
 * See map.h: the table, its changes and its turns.
 */
#include "algorithms/haproxy/map.h"

#define NOBODY UINT32_MAX

/* Counts the slots that the usable rows need. */
static uint64_t slots_needed(const struct lb_haproxy_map *map)
{
    uint64_t slots = 0;
    for (uint32_t i = 0; i < map->pool->count; i++)
        slots += map->row[i].e;
    return slots;
}

/* Room for the table; that of everybody present, so that downs and ups never need more. */
static bool make_room(struct lb_haproxy_map *map)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < map->pool->count; i++)
        most += map->row[i].weight / map->divisor;
    if (most <= map->room)
        return true;
    uint32_t *slot = most < UINT32_MAX ? realloc(map->slot, most * sizeof *slot) : NULL;
    if (slot == NULL)
        return false;
    map->slot = slot;
    map->room = (uint32_t)most;
    return true;
}

/* The highest level first, then the first row: a rank in the tree of those of level 1 and more. */
static uint64_t rank_of(const struct lb_haproxy_map *map, uint32_t i)
{
    return (uint64_t)(UINT32_MAX - (map->row[i].rises - map->row[i].picks)) << 32 | i;
}

/* Puts the row into the calendar, into the list of the slot before which its level goes up next. */
static void note_rise(struct lb_haproxy_map *map, uint32_t i)
{
    struct lb_haproxy_mapped *m = &map->row[i];
    uint64_t k = ((uint64_t)m->rises * map->length + m->e - 1) / m->e; /* rises counts the start */
    if (k > map->length)
        return;
    m->next = map->slot[k - 1];
    map->slot[k - 1] = i;
}

static void rise(struct lb_haproxy_map *map, uint32_t i)
{
    struct lb_haproxy_mapped *m = &map->row[i];
    bool ready = m->rises != m->picks;
    m->rises++;
    if (ready)
        lb_haproxy_tree_move(&map->ready, i, rank_of(map, i));
    else
        lb_haproxy_tree_insert_at(&map->ready, i, rank_of(map, i));
    note_rise(map, i);
}

static void take_slot(struct lb_haproxy_map *map, uint32_t k)
{
    uint32_t i = map->ready.at[0].row;
    struct lb_haproxy_mapped *m = &map->row[i];
    map->slot[k] = i;
    m->picks++;
    if (m->picks == m->rises)
        lb_haproxy_tree_remove(&map->ready, i);
    else
        lb_haproxy_tree_move(&map->ready, i, rank_of(map, i));
}

static void build(struct lb_haproxy_map *map)
{
    map->length = (uint32_t)slots_needed(map);
    map->ready.count = 0;
    for (uint32_t k = 0; k < map->length; k++)
        map->slot[k] = NOBODY;
    for (uint32_t i = 0; i < map->pool->count; i++) {
        map->row[i].picks = map->row[i].rises = 0;
        if (map->row[i].e != 0)
            rise(map, i);
    }
    for (uint32_t k = 0; k < map->length; k++) {
        for (uint32_t i = map->slot[k], next; i != NOBODY; i = next) {
            next = map->row[i].next;
            rise(map, i);
        }
        take_slot(map, k);
    }
}

/* Without memory for a new table: the old one, without the slots of those that are out. */
static void keep_old(struct lb_haproxy_map *map)
{
    uint32_t kept = 0;
    for (uint32_t k = 0; k < map->length; k++)
        if (map->row[map->slot[k]].e != 0)
            map->slot[kept++] = map->slot[k];
    map->length = kept;
}

/* The weight with which the backend in this row joined: kept until it leaves. */
static void join(struct lb_haproxy_map *map, uint32_t i)
{
    const struct lb_backend *b = &map->pool->at[i];
    struct lb_haproxy_mapped *m = &map->row[i];
    bool present = (b->flags & LB_PRESENT) != 0;
    if (!present || m->id != b->id)
        m->weight = 0;
    m->id = b->id;
    if (present && m->weight == 0)
        m->weight = lb_haproxy_weight(b->weight);
}

static uint32_t common_divisor(const struct lb_haproxy_map *map)
{
    uint32_t divisor = 0;
    for (uint32_t i = 0; i < map->pool->count && divisor != 1; i++)
        for (uint32_t a = map->row[i].weight; a != 0;) {
            uint32_t rest = divisor % a;
            divisor = a;
            a = rest;
        }
    return divisor != 0 ? divisor : 1;
}

/* The weights in the table. */
static void set_weights(struct lb_haproxy_map *map)
{
    map->divisor = common_divisor(map);
    map->usable = 0;
    for (uint32_t i = 0; i < map->pool->count; i++) {
        map->row[i].e = lb_open(&map->pool->at[i]) ? map->row[i].weight / map->divisor : 0;
        map->usable += map->row[i].e != 0 ? 1U : 0U;
    }
}

void lb_haproxy_map_change(struct lb_haproxy_map *map, const int32_t *changed, uint32_t count)
{
    bool differs = false;
    for (uint32_t k = 0; k < count; k++) {
        uint32_t before = map->row[changed[k]].weight, i = (uint32_t)changed[k];
        join(map, i);
        uint32_t in = lb_open(&map->pool->at[i]) ? map->row[i].weight : 0;
        differs = differs || before != map->row[i].weight || (in != 0) != (map->row[i].e != 0);
    }
    if (!differs)
        return;
    set_weights(map);
    if (make_room(map))
        build(map);
    else
        keep_old(map);
}

int lb_haproxy_map_init(struct lb_haproxy_map *map, const struct lb_pool *pool,
                        struct lb_error *error)
{
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    *map = (struct lb_haproxy_map){.pool = pool, .row = calloc(max + 1, sizeof *map->row)};
    map->divisor = 1;
    uint32_t *place = calloc(max + 1, sizeof *place);
    if (!lb_haproxy_tree_init(&map->ready, place, max) || place == NULL || map->row == NULL)
        return lb_error_set(error, LB_ERROR_MEMORY, "haproxy: no memory for %zu servers", max);
    for (uint32_t i = 0; i < pool->count; i++)
        join(map, i);
    set_weights(map);
    if (!make_room(map))
        return lb_error_set(error, LB_ERROR_MEMORY, "haproxy: no memory for a map of servers");
    build(map);
    return 0;
}

void lb_haproxy_map_done(struct lb_haproxy_map *map)
{
    free(map->row);
    lb_haproxy_tree_done(&map->ready);
    free(map->ready.place);
    free(map->slot);
}

int32_t lb_haproxy_map_turn(struct lb_haproxy_map *map, const struct lb_request *request,
                            lb_time now)
{
    uint32_t avoid = (uint32_t)lb_haproxy_avoid(request); /* NOBODY when there is none */
    uint32_t avoided = NOBODY, avoided_end = 0;
    if (map->length == 0)
        return LB_NONE;
    if (map->position >= map->length)
        map->position = 0;
    uint32_t k = map->position;
    do {
        uint32_t row = map->slot[k++];
        if (!lb_haproxy_saturated(&map->pool->at[row], now)) {
            if (row != avoid) {
                map->position = k;
                return (int32_t)row;
            }
            avoided = row;
            avoided_end = k;
        }
        if (k == map->length)
            k = 0;
    } while (k != map->position);
    if (avoided == NOBODY)
        return lb_haproxy_wait(map->pool, request);
    map->position = avoided_end;
    return (int32_t)avoided;
}

void lb_haproxy_map_describe(const struct lb_haproxy_map *map, lb_emit *emit, void *to)
{
    emit(to, -1, "slots", map->length);
    emit(to, -1, "position", map->position);
    for (uint32_t i = 0; i < map->pool->count; i++)
        if (map->row[i].e != 0)
            emit(to, (int32_t)i, "slots", map->row[i].e);
}
