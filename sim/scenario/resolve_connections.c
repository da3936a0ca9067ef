/*
 * What belongs to one layer only, and settings that contradict each other: see read.h.
 *
 * A key that would do nothing at its layer is an error; what works, and not as one may expect, is a
 * warning that says what will happen.
 */
#include <string.h>

#include "sim/scenario/schema.h"

/* The keys that one layer has and the other has not. */
static const struct {
    const char *key, *why, *remedy;
    bool layer4;
} only[] = {
    {"routes", "layer 4 sees neither paths nor headers", "write layer: 7", false},
    {"header_timeout", "layer 4 does not know where a request ends", "write layer: 7", false},
    {"idle_timeout", "layer 4 forgets a connection and does not close it",
     "write connection_table: {idle: 60s}", false},
    {"connection_table", "layer 7 holds each connection by itself and needs no table",
     "write layer: 4, or idle_timeout", true},
    {"on_down", "at layer 7 clients' connections lead to no backend", "write layer: 4", true},
};

static void check_layer(struct reader *r, uint32_t place)
{
    const struct scenario_balancer *balancer = &r->scenario->balancers[place];
    const struct node *node = r->balancers[place].node;
    size_t mark = read_enter_balancer(r, place, "%s", "");
    for (size_t i = 0; i < sizeof only / sizeof only[0]; i++) {
        const struct node *key = node_find(node, only[i].key, strlen(only[i].key));
        if (key == NULL || only[i].layer4 == balancer->layer4)
            continue;
        diagnose_error(r->diagnose, key->at, "%s has layer %d and %s: %s", read_trail(r),
                       balancer->layer4 ? 4 : 7, only[i].key, only[i].why);
        diagnose_help(r->diagnose, "%s", only[i].remedy);
    }
    if (balancer->layer4 &&
        (balancer->sticky.by == STICKY_COOKIE || balancer->sticky.by == STICKY_HEADER)) {
        diagnose_error(r->diagnose, read_balancer_key(r, place, "sticky")->at,
                       "%s has layer 4 and sticky by a cookie or a header: layer 4 sees neither "
                       "cookies nor headers",
                       read_trail(r));
        diagnose_help(r->diagnose, "write by: source, or layer: 7");
    }
    const struct scenario_tls *tls = &balancer->tls;
    if (tls->on && !tls->terminate && !balancer->layer4) {
        diagnose_error(r->diagnose, read_balancer_key(r, place, "tls")->at,
                       "%s passes TLS through, and layer 7 reads requests, which it cannot without "
                       "terminating it",
                       read_trail(r));
        diagnose_help(r->diagnose, "write layer: 4, or terminate: yes");
    }
    read_leave(r, mark);
}

/* Who stands before this one; NULL = clients only. */
static const struct scenario_balancer *before(const struct scenario *s, uint32_t place)
{
    for (uint32_t b = 0; b < s->balancer_count; b++)
        if (s->balancers[b].to == (int32_t)place)
            return &s->balancers[b];
    return NULL;
}

static void warn(struct reader *r, uint32_t place)
{
    const struct scenario_balancer *balancer = &r->scenario->balancers[place];
    const struct scenario_balancer *outer = before(r->scenario, place);
    const unsigned others = ~((1U << LB_END_REFUSED) | (1U << LB_END_CONNECT_TIMEOUT));
    size_t mark = read_enter_balancer(r, place, "%s", "");
    if (balancer->layer4 && balancer->retries.max > 0 && (balancer->retries.when & others) != 0) {
        diagnose_warning(r->diagnose, read_balancer_key(r, place, "retries")->at,
                         "%s: at layer 4 only a connection that was refused is tried again; "
                         "requests that end otherwise go back to the client",
                         read_trail(r));
    }
    if (outer != NULL && !outer->forward_client_ip && balancer->sticky.by == STICKY_SOURCE) {
        diagnose_warning(r->diagnose, read_balancer_key(r, place, "sticky")->at,
                         "%s is sticky by source, and sees every request come from %.60s: all "
                         "clients will stick to one backend",
                         read_trail(r), outer->name);
        diagnose_help(r->diagnose, "write forward_client_ip: yes for %.60s, or by: cookie",
                      outer->name);
    }
    if (outer != NULL && !outer->layer4 && balancer->layer4)
        diagnose_warning(r->diagnose, read_balancer_key(r, place, "layer")->at,
                         "%s: connections end at %.60s, which stands before it at layer 7: each "
                         "request counts as a connection here",
                         read_trail(r), outer->name);
    if (outer != NULL && balancer->connections.table)
        diagnose_warning(
            r->diagnose, read_balancer_key(r, place, "connection_table")->at,
            "%s: the table that forgets is that of %.60s, which stands before it; this "
            "one forgets nothing",
            read_trail(r), outer->name);
    if (outer != NULL && balancer->tls.on && (!outer->layer4 || outer->tls.on))
        diagnose_warning(r->diagnose, read_balancer_key(r, place, "tls")->at,
                         "%s.tls: clients' handshakes are those of %.60s, which stands before it: "
                         "nothing is paid here",
                         read_trail(r), outer->name);
    read_leave(r, mark);
}

void resolve_connections(struct reader *r)
{
    uint32_t errors = r->diagnose->errors;
    for (uint32_t b = 0; b < r->scenario->balancer_count; b++)
        check_layer(r, b);
    for (uint32_t b = 0; r->diagnose->errors == errors && b < r->scenario->balancer_count; b++)
        warn(r, b);
}
