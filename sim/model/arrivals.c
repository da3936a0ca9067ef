/* Arrival processes: the table, and change of time. See arrivals.h. */
#include "sim/model/arrivals.h"

#include "sim/base/ziggurat.h"

/* No run is that long. */
#define BEYOND (INT64_C(1) << 62)

lb_time arrivals_after(lb_time now, double ns)
{
    if (now >= BEYOND || !(ns < (double)(BEYOND - now)))
        return LB_NEVER;
    return now + units_from_ns(ns);
}

static const struct arrivals_process *const processes[] = {
    &arrivals_bursty, &arrivals_self_exciting, &arrivals_ramp,
    &arrivals_steps,  &arrivals_diurnal,       &arrivals_trace,
};

const struct arrivals_process *arrivals_process_of(enum arrivals kind)
{
    for (size_t i = 0; i < sizeof processes / sizeof processes[0]; i++)
        if (processes[i]->kind == kind)
            return processes[i];
    return NULL;
}

/* From where the walk stands, so many mean gaps on. */
static lb_time set_out(struct arrivals_state *s, double turns)
{
    s->turns = turns;
    s->start = s->walk;
    if (s->gap == 0)
        return LB_NEVER;
    return s->process->reach(s, turns * s->gap);
}

lb_time arrivals_next(struct arrivals_state *s, lb_time now)
{
    if (s->process->next != NULL)
        return s->process->next(s, now);
    return set_out(s, ziggurat_exponential(s->gaps));
}

lb_time arrivals_change(struct arrivals_state *s, double gap, lb_time now)
{
    double before = s->gap;
    s->gap = gap;
    if (s->process->change != NULL)
        return s->process->change(s, before, now);
    s->walk = s->start;
    double gone = s->process->pass(s, now);
    double left = before > 0 ? s->turns - gone / before : s->turns;
    return set_out(s, left > 0 ? left : 0);
}

lb_time arrivals_begin(struct arrivals_state *s, const struct scenario_client *client,
                       struct lb_random *gaps, const struct lb_random *random, double gap,
                       lb_time horizon)
{
    *s = (struct arrivals_state){.process = arrivals_process_of(client->arrivals),
                                 .rule = &client->process,
                                 .gaps = gaps,
                                 .gap = gap,
                                 .horizon = horizon};
    s->walk.random = *random;
    if (s->process->begin != NULL)
        s->process->begin(s, random);
    return arrivals_next(s, 0);
}
