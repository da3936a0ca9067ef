/*
 * What concerns balancers as machines among others: actions whose target is a backend or a balancer,
 * and the rules between keys of the balancer tier. See read.h.
 */
#include <string.h>

#include "sim/scenario/schema.h"

/* Backends first; false after the error. */
static bool bind_from(struct reader *r, const struct node *node, struct scenario_action *action)
{
    const struct scenario *s = r->scenario;
    const struct target_name *found = resolve_target(r, node->text, node->size);
    if (found != NULL) {
        action->from = (struct scenario_machines){false, found->first, found->count};
        action->from_name = found->name;
        return true;
    }
    action->from.balancers = true;
    action->from_name =
        scenario_find_balancer(s, node->text, node->size, &action->from.first, &action->from.count);
    if (action->from_name != NULL)
        return true;
    diagnose_error(r->diagnose, node->at, "no backend, group or balancer is called %s",
                   quote(node->text, node->size).text);
    if (!resolve_suggest(r, node->text, node->size))
        (void)read_suggest(r, node->text, node->size, s->balancer_names, s->balancer_total);
    return false;
}

/* A cut between two machines needs a road between them: two backends have none. */
static void check_from(struct reader *r, const struct draft_action *draft)
{
    const struct scenario_action *action = draft->action;
    const struct node *node = draft->from;
    if (!action->at_balancers && !action->from.balancers) {
        diagnose_error(r->diagnose, node->at, "no packets go between %s and %s",
                       quote(draft->target->text, draft->target->size).text,
                       quote(node->text, node->size).text);
        diagnose_help(r->diagnose, "write the name of a balancer");
    } else if (action->at_balancers && action->from.balancers && action->count == 1 &&
               action->from.count == 1 && action->first == action->from.first) {
        diagnose_error(r->diagnose, node->at, "%s cannot be isolated from itself",
                       quote(node->text, node->size).text);
    }
}

void resolve_from(struct reader *r, struct draft_action *draft)
{
    struct scenario_action *action = draft->action;
    if (action->target == NULL || draft->from == NULL || !bind_from(r, draft->from, action))
        return;
    if (action->zone > 0)
        diagnose_error(r->diagnose, draft->target->at, "%s of a zone takes no 'from'",
                       action_name(action->action));
    else
        check_from(r, draft);
}

void resolve_machines(struct reader *r, struct draft_action *draft)
{
    struct scenario_action *action = draft->action;
    const struct node *node = draft->target;
    if (resolve_target(r, node->text, node->size) == NULL)
        action->target = scenario_find_balancer(r->scenario, node->text, node->size, &action->first,
                                                &action->count);
    action->at_balancers = action->target != NULL;
    if (!action->at_balancers)
        resolve_backends(r, draft);
    if (action->target == NULL)
        return;
    if (action->at_balancers && action->action == ACTION_SLOW &&
        !scenario_balancer_works(r->scenario, action->first)) {
        diagnose_error(r->diagnose, node->at, "%s takes no time, so it cannot be slow",
                       quote(node->text, node->size).text);
        diagnose_help(r->diagnose, "give it a capacity: {workers: 4, request: 50us}");
    }
    resolve_from(r, draft);
}

bool scenario_balancer_works(const struct scenario *s, uint32_t number)
{
    const struct scenario_balancer *entry = s->balancers;
    while (number - entry->first >= entry->count)
        entry++;
    return entry->capacity.workers > 0;
}

/* --- algorithms --------------------------------------------------------------------------------- */

bool scenario_algorithm_fits(const struct scenario *s, uint32_t number,
                             const struct lb_algorithm *algorithm)
{
    const unsigned told = LB_NEED_ORACLE | LB_NEED_WORK | LB_NEED_PROBE | LB_NEED_LOAD;
    const struct scenario_balancer *entry = s->balancers;
    while (number - entry->first >= entry->count)
        entry++;
    return entry->to < 0 || (algorithm->needs & told) == 0;
}

void resolve_tell_unfit(struct reader *r, const struct node *node, uint32_t number,
                        const struct lb_algorithm *algorithm)
{
    diagnose_error(r->diagnose, node->at,
                   "%s is told of backends' loads, and %.60s leads to balancers", algorithm->name,
                   r->scenario->balancer_names[number]);
    diagnose_help(r->diagnose, "an algorithm that goes by its own books, as least-connections");
}
