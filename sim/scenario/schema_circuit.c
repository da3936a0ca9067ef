/*
 * The keys under `balancer` that cut off what is too much for a pool (circuit), or a backend that fails
 * or is slow (breaker).
 */
#include "sim/scenario/schema.h"

#define LONGEST (1e5 * 3600e9)

static void check_breaker(struct reader *r, const struct node *node, void *base)
{
    struct scenario_balancer *balancer = base;
    struct scenario_breaker *b = &balancer->breaker;
    if (node->kind != NODE_MAP)
        return;
    if (!(b->failures > 0) && b->consecutive == 0 && !(b->slow > 0)) {
        diagnose_error(r->diagnose, node->at, "%s never opens", read_trail(r));
        diagnose_help(r->diagnose, "write failures: 50%%, consecutive: 5 or slow: 80%%");
    }
    if (b->slow > 0 && b->slow_after == 0) {
        diagnose_error(r->diagnose, node->at, "%s does not say what is slow", read_trail(r));
        diagnose_help(r->diagnose, "write slow_after: 500ms beside slow");
    }
    if (b->within > 0 && node_find(node, "last", 4) != NULL) {
        diagnose_error(r->diagnose, node->at, "%s judges by `last` or by `within`, not by both",
                       read_trail(r));
        diagnose_help(r->diagnose, "write last: 100 (attempts) or within: 10s");
    }
    if ((b->failures > 0 || b->slow > 0) && b->within == 0 && b->minimum > b->last) {
        diagnose_error(r->diagnose, node->at, "%s waits for %u attempts and remembers %u",
                       read_trail(r), b->minimum, b->last);
        diagnose_help(r->diagnose, "write minimum: %u at most, or a larger last", b->last);
    }
    if (b->open_max != 0 && b->open_max < b->open) {
        diagnose_error(r->diagnose, node->at, "%s: open_max is shorter than open", read_trail(r));
        diagnose_help(r->diagnose, "leave it out, or write a longer time");
    }
}

void resolve_circuit(struct reader *r)
{
    for (uint32_t i = 0; i < r->scenario->balancer_count; i++) {
        const struct scenario_balancer *b = &r->scenario->balancers[i];
        if (b->breaker.on && b->layer4) {
            diagnose_error(r->diagnose, read_balancer_key(r, i, "breaker")->at,
                           "a balancer of layer 4 sees no answers, so it has no breaker");
            diagnose_help(r->diagnose, "write layer: 7, or health: {active: ...}");
        }
        if (b->reuse.on && (b->layer4 || b->to >= 0)) {
            diagnose_error(r->diagnose, read_balancer_key(r, i, "connections")->at,
                           "%s keeps no connections to backends",
                           b->layer4 ? "a balancer of layer 4" : "a balancer that leads to others");
            diagnose_help(r->diagnose, b->layer4
                                           ? "its clients' connections go through it; or write "
                                             "layer: 7"
                                           : "write `connections` for those that lead to "
                                             "backends");
        }
        if (b->circuit.connections != SCENARIO_UNLIMITED && !b->reuse.on) {
            diagnose_error(r->diagnose, read_balancer_key(r, i, "circuit")->at,
                           "connections to backends are limited, and there are none");
            diagnose_help(r->diagnose,
                          "write connections: {keep: unlimited} beside circuit, or limit "
                          "circuit.requests");
        }
    }
}

#define BREAKER(type, field) .offset = AT(type, scenario_balancer, breaker.field)

#define REUSE(type, field) .offset = AT(type, scenario_balancer, reuse.field)

const struct schema_row schema_circuit[] = {
    {.path = "balancer.circuit",
     .type = TYPE_MAP,
     .otherwise = "no circuit breaker",
     .help = "what a pool may have at once, as Envoy's circuit breakers say it; what is beyond is "
             "refused at once"},
    {.path = "balancer.circuit.connections",
     .type = TYPE_LIMIT,
     .fallback = "unlimited",
     .min = 1,
     .max = 1000000000,
     .offset = AT(uint32_t, scenario_balancer, circuit.connections),
     .help =
         "to all backends of a pool, those that nothing is on included (balancer.connections); a "
         "request that would need one more waits here, as `pending` allows"},
    {.path = "balancer.circuit.requests",
     .type = TYPE_LIMIT,
     .fallback = "unlimited",
     .max = 1000000000,
     .offset = AT(uint32_t, scenario_balancer, circuit.requests),
     .help = "in flight to the backends of a pool when a new one comes"},
    {.path = "balancer.circuit.pending",
     .type = TYPE_LIMIT,
     .fallback = "unlimited",
     .max = 1000000000,
     .offset = AT(uint32_t, scenario_balancer, circuit.pending),
     .help = "waiting here for a backend of a pool"},
    {.path = "balancer.circuit.retries",
     .type = TYPE_LIMIT,
     .fallback = "unlimited",
     .max = 1000000000,
     .offset = AT(uint32_t, scenario_balancer, circuit.retries),
     .help = "requests of a pool that are being tried again"},
    {.path = "balancer.breaker",
     .type = TYPE_MAP,
     .otherwise = "no breakers",
     .given = AT(bool, scenario_balancer, breaker.on),
     .check = check_breaker,
     .help =
         "a circuit breaker for each backend, as in Hystrix and resilience4j: one that fails or is "
         "slow is left alone for a while, then tried"},
    {.path = "balancer.breaker.failures",
     .type = TYPE_SHARE,
     .fallback = "0",
     .max = 1,
     BREAKER(double, failures),
     .help = "it opens when this share of the attempts in the window failed; 0 = off"},
    {.path = "balancer.breaker.consecutive",
     .type = TYPE_COUNT,
     .fallback = "0",
     .max = 1000000,
     BREAKER(uint32_t, consecutive),
     .help =
         "it opens after so many failed in a row, and again with the first trial that fails; 0 = "
         "off"},
    {.path = "balancer.breaker.slow",
     .type = TYPE_SHARE,
     .fallback = "0",
     .max = 1,
     BREAKER(double, slow),
     .help =
         "it opens when this share of the attempts in the window took slow_after or longer; 0 = "
         "off"},
    {.path = "balancer.breaker.slow_after",
     .type = TYPE_TIME,
     .fallback = "0",
     .max = LONGEST,
     BREAKER(lb_time, slow_after),
     .help = "since it was sent; also when its client leaves then"},
    {.path = "balancer.breaker.last",
     .type = TYPE_COUNT,
     .fallback = "100",
     .min = 1,
     .max = 10000,
     BREAKER(uint32_t, last),
     .help = "the window: so many attempts"},
    {.path = "balancer.breaker.within",
     .type = TYPE_TIME,
     .fallback = "0",
     .max = LONGEST,
     BREAKER(lb_time, within),
     .help = "the window, instead: those that ended in so long, counted in ten parts; 0 = by last"},
    {.path = "balancer.breaker.minimum",
     .type = TYPE_COUNT,
     .fallback = "20",
     .min = 1,
     .max = 1000000,
     BREAKER(uint32_t, minimum),
     .help = "with fewer attempts in the window no share says anything"},
    {.path = "balancer.breaker.open",
     .type = TYPE_TIME,
     .fallback = "5s",
     .min = 1,
     .max = LONGEST,
     BREAKER(lb_time, open),
     .help = "how long nothing is sent there; then it is half-open"},
    {.path = "balancer.breaker.open_max",
     .type = TYPE_TIME,
     .fallback = "0",
     .max = LONGEST,
     BREAKER(lb_time, open_max),
     .help = "each opening without a closing since lasts twice as long, up to this; 0 = all alike"},
    {.path = "balancer.breaker.permits",
     .type = TYPE_COUNT,
     .fallback = "10",
     .min = 1,
     .max = 1000000,
     BREAKER(uint32_t, permits),
     .help = "half-open: attempts that are sent there and judged; then it closes, or opens again"},
    {.path = "balancer.breaker.max_open",
     .type = TYPE_SHARE,
     .fallback = "100%",
     .max = 1,
     BREAKER(double, max_open),
     .help = "of all backends, open or half-open at the same time; one more stays closed"},
    {.path = "balancer.connections",
     .type = TYPE_MAP,
     .otherwise = "to a backend costs nothing",
     .given = AT(bool, scenario_balancer, reuse.on),
     .help = "the balancer's connections to its backends: a request takes one that nothing is on, "
             "the one "
             "used last first, or opens one; without an answer it is closed"},
    {.path = "balancer.connections.keep",
     .type = TYPE_LIMIT,
     .fallback = "unlimited",
     .max = 1000000000,
     REUSE(uint32_t, keep),
     .help = "kept for each backend while nothing is on them; 0 = a connection for each request"},
    {.path = "balancer.connections.max",
     .type = TYPE_LIMIT,
     .fallback = "unlimited",
     .min = 1,
     .max = 1000000000,
     REUSE(uint32_t, max),
     .help = "to each backend: its limit of requests in flight, if that is not lower already"},
    {.path = "balancer.connections.idle",
     .type = TYPE_TIME,
     .fallback = "0",
     .max = LONGEST,
     REUSE(lb_time, idle),
     .help = "closed when nothing was on it for so long; 0 = never"},
    {.path = "balancer.connections.max_age",
     .type = TYPE_TIME,
     .fallback = "0",
     .max = LONGEST,
     REUSE(lb_time, max_age),
     .help = "closed after the answer, or instead of being used, when it is so old; 0 = never"},
    {.path = "balancer.connections.requests",
     .type = TYPE_LIMIT,
     .fallback = "unlimited",
     .min = 1,
     .max = 1000000000,
     REUSE(uint32_t, requests),
     .help = "closed after so many"},
    {.path = "balancer.connections.round_trips",
     .type = TYPE_COUNT,
     .fallback = "1",
     .max = 4,
     REUSE(uint32_t, round_trips),
     .help = "between balancer and backend, before a new one bears a request: 1 for TCP, 2 with "
             "TLS 1.3 "
             "on it, 3 before TLS 1.3"},
    {.path = "balancer.connections.handshake",
     .type = TYPE_TIME,
     .fallback = "0",
     .max = LONGEST,
     REUSE(lb_time, handshake),
     .help = "that opening one takes besides, at no worker of either"},
    {.path = NULL},
};
