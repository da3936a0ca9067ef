/*
 * Disruption: who was served by another backend than before.
 *
 * A client comes again and again; the backend that answered it last is remembered. A window counts
 * each client once, at its first answered request that arrived in the window: known if somebody had
 * answered it before, moved if that was another backend. So a window that begins with a change says
 * which share of the clients (keys, sessions) the change moved, however often each of them asks.
 *
 * Costs nothing unless an expectation asks for it; then four bytes a client and a bit a client and
 * window. Clients without a population are strangers that never come again: nobody is known.
 */
#ifndef MODEL_MOVED_H
#define MODEL_MOVED_H

#include "sim/model/request.h"
#include "sim/scenario/scenario.h"

struct moved_clients { /* of one group */
    uint32_t *last;    /* by client: the backend that answered + 1; 0 = nobody yet */
    uint32_t room;
    bool strangers; /* each request has a client of its own: nobody comes again */
};

struct moved_window { /* of one expectation; all zero: it does not ask */
    bool on;
    uint64_t **seen; /* by group: a bit a client */
    uint32_t *words; /* by group: how many there are */
    uint64_t known, moved;
};

struct moved {
    struct moved_clients *groups; /* NULL = nobody asks */
    uint16_t *group_of;           /* class -> group */
    uint32_t group_count;
};

void moved_init(struct moved *moved, const struct scenario *scenario);
void moved_done(struct moved *moved);
void moved_window_init(struct moved_window *window, const struct moved *moved);
void moved_window_done(struct moved_window *window, const struct moved *moved);

/* The request of this client, a number within its group, arrived in the window and was answered;
 * before moved_answered. */
void moved_window_answered(struct moved_window *window, const struct moved *moved,
                           const struct request *r, uint32_t client);
/* Any request was answered. */
void moved_answered(struct moved *moved, const struct request *r, uint32_t client);

#endif
