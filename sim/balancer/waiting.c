/* See waiting.h. */
#include "sim/balancer/waiting.h"

#include <stdlib.h>

#include "sim/base/check.h"
#include "sim/base/text.h"

void waiting_init(struct waiting *w, uint32_t pools, uint32_t backends)
{
    *w = (struct waiting){.line_count = 2 * pools + backends, .own = 2 * pools};
    w->lines = text_need_zero(w->line_count, sizeof *w->lines);
}

void waiting_done(struct waiting *w)
{
    free(w->nodes);
    free(w->lines);
    *w = (struct waiting){0};
}

static uint32_t take_node(struct waiting *w)
{
    if (w->free != WAITING_NONE) {
        uint32_t node = w->free;
        w->free = w->nodes[node].next;
        return node;
    }
    if (w->used + 1 >= w->room) {
        w->room = w->room == 0 ? 64 : 2 * w->room;
        w->nodes = text_need_more(w->nodes, w->room * sizeof *w->nodes);
    }
    return ++w->used;
}

uint32_t waiting_join(struct waiting *w, uint32_t line, uint32_t tier, uint32_t request)
{
    uint32_t node = take_node(w);
    struct waiting_line *to = &w->lines[line];
    w->nodes[node] = (struct waiting_node){
        .prev = to->tail, .request = request, .line = line, .tier = tier, .order = w->joined++};
    if (to->tail != WAITING_NONE)
        w->nodes[to->tail].next = node;
    else
        to->head = node;
    to->tail = node;
    to->count++;
    w->total++;
    return node;
}

void waiting_leave(struct waiting *w, uint32_t node)
{
    struct waiting_node *n = &w->nodes[node];
    struct waiting_line *line = &w->lines[n->line];
    lb_assert(line->count > 0);
    if (n->prev != WAITING_NONE)
        w->nodes[n->prev].next = n->next;
    else
        line->head = n->next;
    if (n->next != WAITING_NONE)
        w->nodes[n->next].prev = n->prev;
    else
        line->tail = n->prev;
    line->count--;
    w->total--;
    n->next = w->free;
    w->free = node;
}
