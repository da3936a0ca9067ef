/* See story.h: attempts beside the first (hedge.h). */
#include <stdio.h>

#include "sim/base/units.h"
#include "sim/model/story_private.h"

void story_hedges(struct world *w, uint32_t id, const struct front *f, lb_time now)
{
    const struct request *r = world_request(w, id);
    if (!story_is_about(w, r))
        return;
    char text[256], buf[32];
    struct story_step step = story_step("hedge", now);
    const struct scenario_hedge *rule =
        f != NULL ? &f->rule->hedge : &world_source(w, r)->rule->hedge;
    (void)snprintf(text, sizeof text, "no answer for %s: %.64s sends it once more (copy %u of %u)",
                   units_format(buf, sizeof buf, rule->after),
                   f == NULL             ? "the client"
                   : w->front_count == 1 ? "the balancer"
                                         : f->name,
                   w->requests.tries[id].hedge, rule->max);
    story_say(w, &step, text);
}

void story_hedge_wins(struct world *w, uint32_t id, lb_time now)
{
    if (!story_is_about(w, world_request(w, id)))
        return;
    struct story_step step = story_step("hedge", now);
    story_say(w, &step, "the copy is answered first; the other attempt is left");
}

void story_hedge_drops(struct world *w, uint32_t id, lb_time now)
{
    if (!story_is_about(w, world_request(w, id)))
        return;
    struct story_step step = story_step("hedge", now);
    story_say(w, &step, "this attempt failed, another is still under way");
}
