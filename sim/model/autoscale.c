/*
 * Autoscaling (see change.h): at each look, as many backends as would have been busy to the target,
 *   wanted = ceil(present x utilization / target),
 * within min and max. Nothing is done when utilization is within 10 % of the target, as nothing is taken
 * away within the cool-down after a change; growing waits for nobody.
 * Source: the rule and the tolerance of the Kubernetes horizontal pod autoscaler.
 */
#include <math.h>
#include <stdio.h>

#include "sim/base/text.h"
#include "sim/model/world.h"

#define TOLERANCE 0.1

/* Area of the busy slots of a group, ns. */
static double busy_area(const struct world *w, uint32_t group, lb_time now)
{
    const struct scenario_group *g = &w->scenario->groups[group];
    double sum = 0.0;
    for (uint32_t i = g->first; i < g->first + g->count; i++)
        sum += (double)backend_busy_area(w, i, now);
    return sum;
}

/* Those that serve: a backend that starts has no part in the mean. */
static uint32_t serving(const struct world *w, uint32_t group)
{
    const struct scenario_group *g = &w->scenario->groups[group];
    uint32_t count = 0;
    for (uint32_t i = g->first; i < g->first + g->count; i++)
        count += !w->change.absent[i];
    return count;
}

void autoscale_init(struct world *w)
{
    const struct scenario *scenario = w->scenario;
    w->change.autoscales =
        text_need_zero(scenario->autoscale_count + 1, sizeof *w->change.autoscales);
    for (uint32_t i = 0; i < scenario->autoscale_count; i++) {
        w->change.autoscales[i] =
            (struct autoscale){.rule = &scenario->autoscales[i], .changed = -WORLD_DELAY_MAX};
        w->change.autoscales[i].next_look =
            engine_at(w->engine, scenario->autoscales[i].every, EVENT_AUTOSCALE, i);
    }
}

static void scale(struct world *w, struct autoscale *a, double utilization, uint32_t wanted,
                  lb_time now)
{
    char line[200];
    uint32_t have = change_present(w, a->rule->group);
    if (wanted == have || (wanted < have && now - a->changed < a->rule->cooldown))
        return;
    a->changed = now;
    (void)snprintf(line, sizeof line, "%.80s: %u to %u, utilization %.3g %%", a->rule->of, have,
                   wanted, 100.0 * utilization);
    if (w->listener.noted != NULL)
        w->listener.noted(w->listener.self, NULL, "autoscale", line);
    change_scale(w, a->rule->group, wanted, a->rule->start, a->rule->drain, now);
}

void autoscale_event(void *context, uint32_t subject, lb_time now)
{
    struct world *w = context;
    struct autoscale *a = &w->change.autoscales[subject];
    const struct scenario_autoscale *rule = a->rule;
    uint32_t slots = w->scenario->backends[w->scenario->groups[rule->group].first].slots;
    uint32_t count = serving(w, rule->group);
    double busy = busy_area(w, rule->group, now), wanted = rule->min;
    double utilization =
        count == 0 ? 0.0 : (busy - a->busy) / ((double)(now - a->looked) * slots * count);
    if (fabs(utilization / rule->target - 1.0) <= TOLERANCE)
        wanted = change_present(w, rule->group);
    else
        wanted = ceil(count * utilization / rule->target - 1e-9);
    wanted = fmin(fmax(wanted, rule->min), rule->max);
    a->busy = busy;
    a->looked = now;
    scale(w, a, utilization, (uint32_t)wanted, now);
    a->next_look = engine_at(w->engine, now + rule->every, EVENT_AUTOSCALE, subject);
}
