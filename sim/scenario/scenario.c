/* What can be worked out from a scenario, and its end. See scenario.h. */
#include "sim/scenario/scenario.h"

#include <stdlib.h>

#include "sim/base/units.h"
#include "sim/scenario/arena.h"
#include "sim/scenario/trace.h"

double scenario_capacity(const struct scenario *scenario)
{
    double sum = 0;
    for (uint32_t i = 0; i < scenario->backend_count; i++)
        if (!scenario->backends[i].absent)
            sum += scenario->backends[i].slots * scenario->backends[i].speed;
    return sum;
}

double scenario_mean_work(const struct scenario_client *client)
{
    double sum = 0;
    for (uint32_t i = 0; i < client->class_count; i++)
        if (client->classes[i].share > 0)
            sum += client->classes[i].share * client->classes[i].work.mean;
    if (client->process.trace != NULL)
        return trace_mean_work(client->process.trace, sum);
    return sum;
}

double scenario_trace_rate(const struct scenario_client *client)
{
    const struct trace *trace = client->process.trace;
    return trace->arrivals / ((double)trace->length / (double)UNITS_S);
}

double scenario_mean_requests(const struct scenario_client *client)
{
    return client->sessions.on ? client->sessions.requests.mean : 1;
}

double scenario_offered_load(const struct scenario *scenario)
{
    double work = 0;
    for (uint32_t i = 0; i < scenario->client_count; i++)
        if (scenario->clients[i].arrivals != ARRIVALS_CLOSED)
            work += scenario->clients[i].rate * scenario_mean_requests(&scenario->clients[i]) *
                    scenario_mean_work(&scenario->clients[i]);
    return work / (double)UNITS_S / scenario_capacity(scenario);
}

static void class_done(struct scenario_class *class)
{
    distribution_done(&class->work);
    distribution_done(&class->bytes_in);
    distribution_done(&class->bytes_out);
}

static void nature_done(struct scenario_nature *nature)
{
    distribution_done(&nature->patience);
    distribution_done(&nature->pause_every);
    distribution_done(&nature->pause_lasts);
    distribution_done(&nature->failures.mtbf);
    distribution_done(&nature->failures.mttr);
}

void scenario_destroy(struct scenario *scenario)
{
    if (scenario == NULL)
        return;
    for (uint32_t i = 0; i < scenario->client_count; i++) {
        struct scenario_client *client = &scenario->clients[i];
        distribution_done(&client->think);
        if (client->process.trace != NULL)
            trace_done(client->process.trace);
        distribution_done(&client->sessions.requests);
        distribution_done(&client->sessions.think);
        distribution_done(&client->connections.max_age);
        distribution_done(&client->connections.hold);
        for (uint32_t c = 0; c < client->class_count; c++)
            class_done(&client->classes[c]);
    }
    for (uint32_t g = 0; g < scenario->group_count && scenario->groups != NULL; g++)
        nature_done(&scenario->groups[g].nature);
    for (uint32_t i = 0; i < scenario->action_count; i++)
        distribution_done(&scenario->timeline[i].when);
    struct arena *arena = scenario->memory;
    arena_done(arena);
    free(arena);
}
