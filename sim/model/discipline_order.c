/*
 * Disciplines that only order: first come first served, last come first served, both in turn, by
 * class. None interrupts a service.
 *
 * adaptive-lifo: the oldest is next as long as the queue is short; when it is longer than `lifo_above`
 * the newest, who has the best chance that somebody still waits for the answer. Source: B. Maurer,
 * "Fail at scale", ACM Queue 13 (2015) 8, which leaves the threshold open.
 * priority: the most urgent class, the oldest of it. One line in that order, and the last of each
 * level, behind whom the next of this level, or of one without anybody, is put.
 */
#include "sim/model/discipline.h"

static void join_at_end(struct world *w, uint32_t backend, uint32_t id, lb_time now)
{
    queue_put(w, backend, w->backends[backend].tail, id, now);
}

static uint32_t take_newest(struct world *w, uint32_t backend, lb_time now)
{
    uint32_t id = w->backends[backend].tail;
    if (id != 0)
        queue_take(w, backend, id, now);
    return id;
}

static uint32_t take_by_length(struct world *w, uint32_t backend, lb_time now)
{
    if (w->backends[backend].queued > w->rest[backend].nature->lifo_above)
        return take_newest(w, backend, now);
    return queue_first(w, backend, now);
}

static uint32_t level_of(const struct world *w, uint32_t id)
{
    const struct request *r = &w->requests.at[id];
    if ((r->flags & REQUEST_PROBE) != 0)
        return 0;
    return w->ledger.classes[r->class].priority;
}

static void join_by_level(struct world *w, uint32_t backend, uint32_t id, lb_time now)
{
    struct backend_rest *rest = &w->rest[backend];
    uint32_t level = level_of(w, id), after = 0;
    for (uint32_t l = 0; l <= level; l++)
        after = rest->last[l] != 0 ? rest->last[l] : after;
    queue_put(w, backend, after, id, now);
    rest->last[level] = id;
}

static void leave_level(struct world *w, uint32_t backend, uint32_t id, lb_time now)
{
    uint32_t *last = &w->rest[backend].last[level_of(w, id)];
    if (*last == id) {
        uint32_t before =
            w->backends[backend].head == id ? 0 : (uint32_t)world_request(w, id)->event;
        *last = before != 0 && level_of(w, before) == level_of(w, id) ? before : 0;
    }
    queue_take(w, backend, id, now);
}

static uint32_t take_most_urgent(struct world *w, uint32_t backend, lb_time now)
{
    uint32_t id = w->backends[backend].head;
    if (id != 0)
        leave_level(w, backend, id, now);
    return id;
}

const struct service_order discipline_fifo = {
    .join = join_at_end, .next = queue_first, .leave = queue_take};

const struct service_order discipline_lifo = {
    .join = join_at_end, .next = take_newest, .leave = queue_take};

const struct service_order discipline_adaptive_lifo = {
    .join = join_at_end, .next = take_by_length, .leave = queue_take};

const struct service_order discipline_priority = {
    .join = join_by_level, .next = take_most_urgent, .leave = leave_level};
