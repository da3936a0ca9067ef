/* The keys under `balancer.sticky` and `state`: who knows a user again, and where his state is kept. */
#include "sim/scenario/schema.h"

#define LONGEST (1e5 * 3600e9)

static const char *const bys[] = {"none", "cookie", "source", "header", NULL};
static const char *const stores[] = {"none", "memory", "replicated", "external", "token", NULL};

/* Do users of this group come back, so that something can be remembered of them? */
static bool comes_back(const struct scenario_client *client)
{
    return client->arrivals == ARRIVALS_CLOSED || client->population > 0 || client->sessions.on;
}

void resolve_state(struct reader *r)
{
    const struct scenario *s = r->scenario;
    const struct node *state = node_find(r->root, "state", 5);
    bool sticky = false;
    for (uint32_t b = 0; b < s->balancer_count; b++) {
        const struct scenario_balancer *balancer = &s->balancers[b];
        sticky |= balancer->sticky.by == STICKY_COOKIE || balancer->sticky.by == STICKY_HEADER;
    }
    for (uint32_t i = 0; i < s->client_count; i++) {
        if (comes_back(&s->clients[i]) || (s->state.store == STORE_NONE && !sticky))
            continue;
        if (s->state.store != STORE_NONE)
            diagnose_error(r->diagnose, state->at, "state of clients '%s', who never come back",
                           s->clients[i].name);
        else
            diagnose_error(r->diagnose, read_balancer_key(r, 0, "sticky")->at,
                           "sticky requests of clients '%s', who never come back",
                           s->clients[i].name);
        diagnose_help(r->diagnose, "write sessions, users, or population: {clients: 10000}");
        return;
    }
}

const struct schema_row schema_sticky[] = {
    {.path = "balancer.sticky",
     .type = TYPE_MAP,
     .otherwise = "each request is picked for",
     .help = "a client goes where it was before"},
    {.path = "balancer.sticky.by",
     .type = TYPE_WORD,
     .required = true,
     .fallback = "none",
     .words = bys,
     .offset = AT(enum sticky_by, scenario_balancer, sticky.by),
     .help = "cookie: the client carries the backend's name; source, header: the balancer keeps a "
             "table of addresses, or of names of clients"},
    {.path = "balancer.sticky.ttl",
     .type = TYPE_TIME,
     .fallback = "0",
     .max = LONGEST,
     .offset = AT(lb_time, scenario_balancer, sticky.ttl),
     .help =
         "how long a cookie holds after it was set, an entry of a table after its last use; 0 = "
         "for ever"},
    {.path = "balancer.sticky.size",
     .type = TYPE_COUNT,
     .fallback = "100000",
     .min = 1,
     .max = 10000000,
     .offset = AT(uint32_t, scenario_balancer, sticky.size),
     .help = "entries of the table; the one unused for longest makes room"},
    {.path = NULL},
};

const struct schema_row schema_state[] = {
    {.path = "state",
     .type = TYPE_MAP,
     .otherwise = "the application remembers nothing",
     .help = "what the application remembers of a user between requests"},
    {.path = "state.store",
     .type = TYPE_WORD,
     .required = true,
     .fallback = "none",
     .words = stores,
     .offset = AT(enum store, scenario, state.store),
     .help =
         "memory: of the backend that served the last request; replicated: there and at others; "
         "external: in a store beside the backends; token: the client carries it"},
    {.path = "state.name",
     .type = TYPE_NAME,
     .fallback = "store",
     .offset = AT(const char *, scenario, state.name),
     .help = "what the timeline calls an external store"},
    {.path = "state.login",
     .type = TYPE_TIME,
     .fallback = "0",
     .max = LONGEST,
     .offset = AT(lb_time, scenario, state.login),
     .help = "work of logging in: added to the first request of a user, and to one that finds no "
             "state"},
    {.path = "state.copies",
     .type = TYPE_COUNT,
     .fallback = "2",
     .min = 1,
     .max = 100000,
     .offset = AT(uint32_t, scenario, state.copies),
     .help = "replicated: backends that have the state, the one that served last included"},
    {.path = "state.lag",
     .type = TYPE_TIME,
     .fallback = "0",
     .max = LONGEST,
     .offset = AT(lb_time, scenario, state.lag),
     .help = "replicated: how far the copies are behind"},
    {.path = "state.latency",
     .type = TYPE_DISTRIBUTION,
     .fallback = "constant(0)",
     .offset = AT(struct distribution, scenario, state.latency),
     .help = "external: what a fetch takes before a request is served"},
    {.path = "state.slots",
     .type = TYPE_COUNT,
     .fallback = "1000000",
     .min = 1,
     .max = 1000000,
     .offset = AT(uint32_t, scenario, state.slots),
     .help = "external: fetches at the same time; others wait in order"},
    {.path = NULL},
};
