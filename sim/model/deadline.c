/* See deadline.h: room in the line. */
#include "sim/model/deadline.h"

#include <stdlib.h>

#include "sim/base/text.h"

#define DEADLINES_FIRST_ROOM 64U

void deadlines_done(struct deadlines *d)
{
    free(d->line);
    *d = (struct deadlines){0};
}

/* Moves those who still wait together, without a branch on who does: record 0, which is nobody's,
 * takes the place of those who do not. */
static void pack(struct deadlines *d, struct requests *requests)
{
    uint32_t next = d->first;
    for (uint32_t place = d->first; place != d->next; place++) {
        uint32_t id = d->line[place & d->mask];
        d->line[next & d->mask] = id;
        requests->at[id].timeout = next;
        next += id != 0;
    }
    d->next = next;
}

void deadlines_make_room(struct deadlines *d, struct requests *requests)
{
    if (d->line != NULL)
        pack(d, requests);
    uint32_t waiting = d->next - d->first;
    if (d->line != NULL && waiting <= d->mask / 2)
        return;
    uint32_t room = d->line == NULL ? DEADLINES_FIRST_ROOM : 2 * (d->mask + 1);
    uint32_t *line = text_need(room * sizeof *line);
    for (uint32_t place = d->first; place != d->next; place++)
        line[place & (room - 1)] = d->line[place & d->mask];
    free(d->line);
    d->line = line;
    d->mask = room - 1;
}
