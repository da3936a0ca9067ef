/* The story's steps about what the application remembers of the user; see story.h and state.h. */
#include <stdio.h>

#include "sim/base/units.h"
#include "sim/model/story_private.h"

void story_state(struct world *w, uint32_t id, const struct state_user *user, bool found,
                 lb_time now)
{
    const struct request *r = world_request(w, id);
    char text[240], buf[32];
    if (!story_is_about(w, r))
        return;
    const struct scenario_backend *backends = w->scenario->backends;
    struct story_step step = story_step("state", now);
    step.backend = r->backend;
    (void)units_format(buf, sizeof buf, w->state.rule->login);
    if (!found && user->last < 0)
        (void)snprintf(text, sizeof text, "its user was never here: logs in, %s of work", buf);
    else if (!found)
        (void)snprintf(text, sizeof text,
                       "finds no state of its user, who was at %.64s: logs in again, %s of work",
                       backends[user->last].name, buf);
    else
        (void)snprintf(text, sizeof text, "finds the state of its user, who was at %.64s%s",
                       backends[user->last].name, user->stale ? ": an old copy" : "");
    story_say(w, &step, text);
}
