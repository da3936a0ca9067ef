/* What people type: a time for an option, a command for a running scenario. See load.h. */
#include <string.h>

#include "algorithms/registry.h"
#include "sim/base/units.h"
#include "sim/scenario/load.h"
#include "sim/scenario/read.h"

int scenario_parse_time(const char *string, lb_time *value, struct lb_error *error)
{
    struct quantity q;
    enum quantity_fault fault = quantity_read(string, strlen(string), &q);
    if (fault == QUANTITY_FINE && q.value == 0 && q.kind == QUANTITY_NUMBER)
        q.kind = QUANTITY_TIME;
    if (fault != QUANTITY_FINE || q.kind != QUANTITY_TIME || q.value < 0)
        return lb_error_set(error, LB_ERROR_INVALID,
                            "%s is not a duration: write a number and ns, us, ms, s, min or h",
                            quote(string, strlen(string)).text);
    *value = q.time;
    return 0;
}

/* The backends of a group or one backend by this name. */
static const char *find_backends(const struct scenario *s, const char *name, uint32_t *first,
                                 uint32_t *count)
{
    for (uint32_t g = 0; g < s->group_count; g++)
        if (strcmp(s->groups[g].name, name) == 0) {
            *first = s->groups[g].first;
            *count = s->groups[g].count;
            return s->groups[g].name;
        }
    for (uint32_t i = 0; i < s->backend_count; i++)
        if (strcmp(s->backends[i].name, name) == 0) {
            *first = i;
            *count = 1;
            return s->backends[i].name;
        }
    return NULL;
}

bool scenario_is_store(const struct scenario *scenario, enum action action, const char *name)
{
    return scenario->state.store == STORE_EXTERNAL &&
           (action == ACTION_KILL || action == ACTION_RESTORE) &&
           strcmp(scenario->state.name, name) == 0;
}

/* Those of a zone. */
static const char *find_zone(const struct scenario *s, const char *name,
                             struct scenario_action *action)
{
    for (uint32_t z = 0; z < s->zone_count; z++)
        if (strcmp(s->zones[z], name) == 0) {
            action->first = 0;
            action->count = s->backend_count;
            action->zone = (uint16_t)(z + 1);
            return s->zones[z];
        }
    return NULL;
}

static int bind_target(const struct scenario *s, const char *target, struct scenario_action *result,
                       struct lb_error *error)
{
    const char *what = "backend or group";
    switch (action_rows[result->action].target) {
    case TARGET_BACKENDS:
    case TARGET_MACHINES:
        result->target = find_backends(s, target, &result->first, &result->count);
        if (result->target == NULL && strncmp(target, "zone ", 5) == 0)
            result->target = find_zone(s, target + 5, result);
        result->store = result->target == NULL && scenario_is_store(s, result->action, target);
        if (result->store)
            result->target = s->state.name;
        if (result->target != NULL || action_rows[result->action].target == TARGET_BACKENDS)
            break;
        result->at_balancers = true;
        result->target =
            scenario_find_balancer(s, target, strlen(target), &result->first, &result->count);
        break;
    case TARGET_CLIENTS:
        what = "open client group";
        for (uint32_t i = 0; i < s->client_count; i++)
            if (strcmp(s->clients[i].name, target) == 0 &&
                s->clients[i].arrivals != ARRIVALS_CLOSED) {
                result->target = s->clients[i].name;
                result->first = i;
                result->count = 1;
            }
        break;
    default:
        what = "balancer";
        result->at_balancers = true;
        result->target =
            scenario_find_balancer(s, target, strlen(target), &result->first, &result->count);
        break;
    }
    if (result->target != NULL)
        return 0;
    return lb_error_set(error, LB_ERROR_INVALID, "no %s is called %s", what,
                        quote(target, strlen(target)).text);
}

int scenario_parse_action(const struct scenario *scenario, enum action action, const char *target,
                          const char *to, struct scenario_action *result, struct lb_error *error)
{
    const struct action_row *row = &action_rows[action];
    struct quantity q;
    *result = (struct scenario_action){.action = action, .limit = LB_NEVER};
    if (bind_target(scenario, target, result, error) != 0)
        return -1;
    if (row->turns)
        return lb_error_set(error, LB_ERROR_INVALID, "%s belongs to the timeline",
                            action_name(action));
    if (action == ACTION_SLOW && result->at_balancers &&
        !scenario_balancer_works(scenario, result->first))
        return lb_error_set(error, LB_ERROR_INVALID, "%s has no capacity that could be slow",
                            target);
    if (row->amount == AMOUNT_NONE && to != NULL)
        return lb_error_set(error, LB_ERROR_INVALID, "%s takes no value", action_name(action));
    if (row->amount == AMOUNT_NONE)
        return 0;
    if (to == NULL)
        return lb_error_set(error, LB_ERROR_INVALID, "%s needs %s", action_name(action),
                            action_amount_shape(row->amount));
    if (row->amount == AMOUNT_ALGORITHM) {
        result->algorithm = lb_registry_find(to);
        if (result->algorithm != NULL &&
            !scenario_algorithm_fits(scenario, result->first, result->algorithm))
            return lb_error_set(error, LB_ERROR_INVALID,
                                "%s is told of backends' loads, and this balancer has none", to);
        if (result->algorithm != NULL)
            return 0;
        return lb_error_set(error, LB_ERROR_INVALID, "unknown algorithm %s",
                            quote(to, strlen(to)).text);
    }
    double own = row->target == TARGET_CLIENTS ? scenario->clients[result->first].rate : 0;
    if (quantity_read(to, strlen(to), &q) == QUANTITY_FINE &&
        action_amount_fits(row->amount, &q, own, &result->to))
        return 0;
    return lb_error_set(error, LB_ERROR_INVALID, "%s does not fit %s: write %s",
                        quote(to, strlen(to)).text, action_name(action),
                        action_amount_shape(row->amount));
}
