/* See moved.h. */
#include "sim/model/moved.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"

void moved_init(struct moved *moved, const struct scenario *scenario)
{
    *moved = (struct moved){.group_count = scenario->client_count};
    moved->groups = text_need_zero(moved->group_count, sizeof *moved->groups);
    moved->group_of = text_need_zero(scenario->class_total, sizeof *moved->group_of);
    for (uint32_t g = 0; g < scenario->client_count; g++) {
        const struct scenario_client *client = &scenario->clients[g];
        moved->groups[g].strangers =
            client->arrivals != ARRIVALS_CLOSED && client->population == 0 && !client->sessions.on;
        for (uint32_t i = 0; i < client->class_count; i++)
            moved->group_of[client->class_first + i] = (uint16_t)g;
    }
}

void moved_done(struct moved *moved)
{
    for (uint32_t g = 0; moved->groups != NULL && g < moved->group_count; g++)
        free(moved->groups[g].last);
    free(moved->groups);
    free(moved->group_of);
    *moved = (struct moved){0};
}

void moved_window_init(struct moved_window *window, const struct moved *moved)
{
    *window = (struct moved_window){.on = true};
    window->seen = text_need_zero(moved->group_count, sizeof *window->seen);
    window->words = text_need_zero(moved->group_count, sizeof *window->words);
}

void moved_window_done(struct moved_window *window, const struct moved *moved)
{
    for (uint32_t g = 0; window->on && g < moved->group_count; g++)
        free(window->seen[g]);
    free(window->seen);
    free(window->words);
    *window = (struct moved_window){0};
}

/* An array of `room` units grown, zeroed at the end, so that it has the place `index`. */
static void *grown(void *array, uint32_t *room, uint32_t index, size_t unit)
{
    uint32_t wanted = *room < 1024 ? 1024 : *room;
    while (wanted <= index)
        wanted *= 2;
    array = text_need_more(array, wanted * unit);
    memset((char *)array + *room * unit, 0, (wanted - *room) * unit);
    *room = wanted;
    return array;
}

void moved_window_answered(struct moved_window *window, const struct moved *moved,
                           const struct request *r, uint32_t client)
{
    uint32_t group = moved->group_of[r->class];
    const struct moved_clients *clients = &moved->groups[group];
    if (clients->strangers)
        return;
    uint32_t word = client / 64;
    uint64_t bit = UINT64_C(1) << client % 64;
    if (word >= window->words[group])
        window->seen[group] =
            grown(window->seen[group], &window->words[group], word, sizeof **window->seen);
    if ((window->seen[group][word] & bit) != 0)
        return;
    window->seen[group][word] |= bit; /* once, also who is new: the second time is no news */
    if (client >= clients->room || clients->last[client] == 0)
        return;
    window->known++;
    window->moved += clients->last[client] != (uint32_t)r->backend + 1 ? 1U : 0U;
}

void moved_answered(struct moved *moved, const struct request *r, uint32_t client)
{
    struct moved_clients *clients = &moved->groups[moved->group_of[r->class]];
    if (clients->strangers)
        return;
    if (client >= clients->room)
        clients->last = grown(clients->last, &clients->room, client, sizeof *clients->last);
    clients->last[client] = (uint32_t)r->backend + 1;
}
