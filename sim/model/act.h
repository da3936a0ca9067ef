/*
 * Actions that befall backends: what fault.c does, with the words for it, and how it ends.
 *
 * The timeline comes here through its table of actions, and failures that come by themselves
 * (wear.c) through the same functions.
 */
#ifndef MODEL_ACT_H
#define MODEL_ACT_H

#include "sim/model/world.h"

typedef void act_all(struct world *w, struct world_action *a, struct backend_set set, lb_time now);
act_all act_kill, act_hang, act_restore, act_slow, act_pause, act_errors, act_loss, act_isolate,
    act_flap;
/* It stands still by a failure, and goes on repaired. */
act_all act_fail, act_repair;

/* `for` of an action is over for these backends. */
void act_over(struct world *w, uint32_t action, struct backend_set set, lb_time now);

/* Tells the listener; backend -1 = none. */
void act_tell(struct world *w, const struct world_action *action, int32_t backend,
              const char *text);
/* "1 request", "7 requests". */
const char *act_requests(char count[32], uint32_t n);
/* Every balancer gives the backend nothing new, or again something. */
void act_drain(struct world *w, uint32_t backend, bool drain, lb_time now);

#endif
