/*
 * The keys about connections: those that clients keep, what a balancer keeps of them, and what their
 * handshakes cost.
 */
#include "sim/scenario/schema.h"

#define LONGEST (1e5 * 3600e9)

static const char *const protocols[] = {"http1", "http2", NULL};
static const char *const layers[] = {"7", "4", NULL};
static const char *const downs[] = {"keep", "cut", NULL};
static const char *const yesno[] = {"no", "yes", NULL};

static void check_connections(struct reader *r, const struct node *node, void *base)
{
    const struct scenario_client *client = base;
    const struct node *streams = node_find(node, "streams", 7);
    if (streams != NULL && !client->connections.many) {
        diagnose_error(r->diagnose, streams->at, "%s has streams, and http1 one request at a time",
                       read_trail(r));
        diagnose_help(r->diagnose, "write protocol: http2");
    }
}

static void check_tls(struct reader *r, const struct node *node, void *base)
{
    struct scenario_tls *tls = &((struct scenario_balancer *)base)->tls;
    const struct node *resumed = node_find(node, "resumed", 7);
    const struct node *resume = node_find(node, "resume", 6);
    if (resumed == NULL)
        tls->resumed = tls->handshake;
    if (resumed == NULL && resume != NULL) {
        diagnose_error(r->diagnose, resume->at, "%s has 'resume' and no 'resumed'", read_trail(r));
        diagnose_help(r->diagnose, "write what a resumed handshake costs, as in resumed: 100us");
    }
}

const struct schema_row schema_connections[] = {
    {.path = "clients[].connections",
     .type = TYPE_MAP,
     .otherwise = "each request has a connection of its own, opened in no time",
     .given = AT(bool, scenario_client, connections.on),
     .check = check_connections,
     .help =
         "each client keeps its connections for later requests; opening one takes a round trip"},
    {.path = "clients[].connections.protocol",
     .type = TYPE_EITHER,
     .fallback = "http1",
     .words = protocols,
     .offset = AT(bool, scenario_client, connections.many),
     .help = "http1: one request at a time on each; http2: several"},
    {.path = "clients[].connections.requests",
     .type = TYPE_LIMIT,
     .fallback = "unlimited",
     .min = 1,
     .max = 1000000000,
     .offset = AT(uint32_t, scenario_client, connections.requests),
     .help = "how many one connection carries before it is closed"},
    {.path = "clients[].connections.streams",
     .type = TYPE_COUNT,
     .fallback = "100",
     .min = 1,
     .max = 1000000,
     .offset = AT(uint32_t, scenario_client, connections.streams),
     .help = "http2: requests on one connection at once"},
    {.path = "clients[].connections.max_age",
     .type = TYPE_CUSTOM,
     .otherwise = "no limit",
     .read = read_durations,
     .offset = AT(struct distribution, scenario_client, connections.max_age),
     .given = AT(bool, scenario_client, connections.ages),
     .shape = "a duration or a distribution",
     .help = "a connection this old takes no further request and is closed"},
    {.path = "clients[].connections.idle",
     .type = TYPE_TIME,
     .fallback = "60s",
     .max = LONGEST,
     .offset = AT(lb_time, scenario_client, connections.idle),
     .help = "its client closes a connection that was silent so long; 0 = never"},
    {.path = "clients[].connections.per_client",
     .type = TYPE_LIMIT,
     .fallback = "unlimited",
     .min = 1,
     .max = 1000000000,
     .offset = AT(uint32_t, scenario_client, connections.per_client),
     .help = "connections that one client has at once; a request beyond them waits at the client"},
    {.path = "clients[].connections.hold",
     .type = TYPE_CUSTOM,
     .otherwise = "at once",
     .read = read_durations,
     .offset = AT(struct distribution, scenario_client, connections.hold),
     .given = AT(bool, scenario_client, connections.holds),
     .shape = "a duration or a distribution",
     .help =
         "how long a client takes to send a request, in a place for a connection all the while"},
    {.path = "balancer.layer",
     .type = TYPE_EITHER,
     .fallback = "7",
     .words = layers,
     .offset = AT(bool, scenario_balancer, layer4),
     .help = "7: each request is placed; 4: a connection is, and its requests follow it"},
    {.path = "balancer.max_connections",
     .type = TYPE_LIMIT,
     .fallback = "unlimited",
     .min = 1,
     .max = 1000000000,
     .offset = AT(uint32_t, scenario_balancer, connections.max),
     .help = "clients' connections that each balancer holds at once; one more is refused"},
    {.path = "balancer.header_timeout",
     .type = TYPE_TIME,
     .fallback = "0",
     .max = LONGEST,
     .offset = AT(lb_time, scenario_balancer, connections.header),
     .help = "layer 7: closes a connection whose client takes longer to send a request; 0 = never"},
    {.path = "balancer.idle_timeout",
     .type = TYPE_TIME,
     .fallback = "0",
     .max = LONGEST,
     .offset = AT(lb_time, scenario_balancer, connections.idle),
     .help = "layer 7: closes a client's connection that was silent so long; 0 = never"},
    {.path = "balancer.connection_table",
     .type = TYPE_MAP,
     .otherwise = "nothing is forgotten",
     .given = AT(bool, scenario_balancer, connections.table),
     .help =
         "layer 4: where it remembers which backend a connection went to; a request on one that "
         "was forgotten is reset"},
    {.path = "balancer.connection_table.size",
     .type = TYPE_LIMIT,
     .fallback = "unlimited",
     .min = 1,
     .max = 1000000000,
     .offset = AT(uint32_t, scenario_balancer, connections.table_size),
     .help = "connections that it remembers; for one more, that which was silent longest is "
             "forgotten"},
    {.path = "balancer.connection_table.idle",
     .type = TYPE_TIME,
     .fallback = "0",
     .max = LONGEST,
     .offset = AT(lb_time, scenario_balancer, connections.table_idle),
     .help = "forgets a connection that was silent so long; 0 = never"},
    {.path = "balancer.on_down",
     .type = TYPE_EITHER,
     .fallback = "keep",
     .words = downs,
     .offset = AT(bool, scenario_balancer, connections.cut),
     .given = AT(bool, scenario_balancer, connections.cut_given),
     .help = "layer 4: what becomes of the connections to a backend whose checks fail: kept, or "
             "reset"},
    {.path = "balancer.tls",
     .type = TYPE_MAP,
     .otherwise = "no handshakes",
     .given = AT(bool, scenario_balancer, tls.on),
     .check = check_tls,
     .help =
         "a new connection begins with a handshake; without clients[].connections every request "
         "has one"},
    {.path = "balancer.tls.terminate",
     .type = TYPE_EITHER,
     .fallback = "yes",
     .words = yesno,
     .offset = AT(bool, scenario_balancer, tls.terminate),
     .help = "yes: the balancer makes the handshake, which delays the request by its cost; no: it "
             "passes through (layer 4), and the handshake is further work of the first request at "
             "the backend"},
    {.path = "balancer.tls.handshake",
     .type = TYPE_TIME,
     .fallback = "0",
     .max = LONGEST,
     .offset = AT(lb_time, scenario_balancer, tls.handshake),
     .help = "what a full handshake costs"},
    {.path = "balancer.tls.resumed",
     .type = TYPE_TIME,
     .otherwise = "the same as a full one",
     .max = LONGEST,
     .offset = AT(lb_time, scenario_balancer, tls.resumed),
     .help = "what it costs for a client that has a ticket from before and uses it"},
    {.path = "balancer.tls.resume",
     .type = TYPE_SHARE,
     .fallback = "100%",
     .max = 1,
     .offset = AT(double, scenario_balancer, tls.resume),
     .help = "share of the new connections of clients with a ticket that use it"},
    {.path = "balancer.tls.ticket_life",
     .type = TYPE_TIME,
     .fallback = "2h",
     .max = LONGEST,
     .offset = AT(lb_time, scenario_balancer, tls.ticket_life),
     .help = "a ticket is good for so long after the client's last handshake"},
    {.path = "balancer.tls.tickets",
     .type = TYPE_COUNT,
     .fallback = "100000",
     .min = 1,
     .max = 16777216,
     .offset = AT(uint32_t, scenario_balancer, tls.tickets),
     .help = "clients that are remembered, by all balancers of the entry together; the one longest "
             "away is forgotten first"},
    {.path = "balancer.tls.round_trips",
     .type = TYPE_COUNT,
     .fallback = "1",
     .max = 4,
     .offset = AT(uint32_t, scenario_balancer, tls.round_trips),
     .help =
         "between the client and who makes the handshake: 1 with TLS 1.3, 2 before, 0 with early "
         "data"},
    {.path = NULL},
};
