/* The keys of several equal balancers: which one a client reaches, and who stands in for whom. */
#include "sim/scenario/schema.h"

#define LONGEST (1e5 * 3600e9)

static const char *const modes[] = {"single", "active-passive", "active-active", NULL};
static const char *const protocols[] = {"vrrp3", "vrrp2", NULL};
static const char *const yesno[] = {"no", "yes", NULL};

const struct schema_row schema_tier[] = {
    {.path = "balancer.clients",
     .type = TYPE_CUSTOM,
     .fallback = "random",
     .read = read_entry_rule,
     .shape = "random, source, ecmp or dns(ttl=T)",
     .help = "which of several a client's request goes to: random: any; source: by a hash of the "
             "client's address; ecmp: by a hash of address and port, as routers do; dns: the "
             "address that its resolver keeps for ttl"},
    {.path = "balancer.redundancy",
     .type = TYPE_MAP,
     .otherwise = "each has its own address, and nobody notices when it dies",
     .given = AT(bool, scenario_balancer, redundancy.on),
     .help = "who takes over the address of a balancer that dies, or who notices"},
    {.path = "balancer.redundancy.mode",
     .type = TYPE_WORD,
     .fallback = "single",
     .words = modes,
     .offset = AT(enum redundancy_mode, scenario_balancer, redundancy.mode),
     .help = "single: each has an address of its own; active-passive: one address for all; "
             "active-active: one for each, and the others stand by"},
    {.path = "balancer.redundancy.protocol",
     .type = TYPE_EITHER,
     .fallback = "vrrp3",
     .words = protocols,
     .offset = AT(bool, scenario_balancer, redundancy.vrrp2),
     .help = "a backup takes over after 3 adverts and a skew of (256 - priority)/256 adverts "
             "(vrrp3) or seconds (vrrp2)"},
    {.path = "balancer.redundancy.advert",
     .type = TYPE_TIME,
     .fallback = "1s",
     .min = 10e6,
     .max = 3600e9,
     .offset = AT(lb_time, scenario_balancer, redundancy.advert),
     .help = "time between a master's adverts"},
    {.path = "balancer.redundancy.priorities",
     .type = TYPE_CUSTOM,
     .otherwise = "200, 100, 99, 98, ...",
     .max = 256,
     .read = read_priorities,
     .shape = "list of whole numbers, 1 to 254",
     .help = "of each, the highest is master; active-active: for its own address, for that of the "
             "one before it, and so on"},
    {.path = "balancer.redundancy.preempt",
     .type = TYPE_EITHER,
     .fallback = "yes",
     .words = yesno,
     .offset = AT(bool, scenario_balancer, redundancy.preempt),
     .help = "one of higher priority that is back takes the address again"},
    {.path = "balancer.redundancy.sync",
     .type = TYPE_EITHER,
     .fallback = "no",
     .words = yesno,
     .offset = AT(bool, scenario_balancer, redundancy.sync),
     .help = "yes: they tell each other of connections and of where clients were, so that both "
             "outlast the move of an address; no: both are lost"},
    {.path = "balancer.redundancy.detect",
     .type = TYPE_TIME,
     .otherwise = "never",
     .max = LONGEST,
     .offset = AT(lb_time, scenario_balancer, redundancy.detect),
     .given = AT(bool, scenario_balancer, redundancy.detects),
     .help = "mode single: so long after a balancer died it is taken out of dns or the next hops "
             "of ecmp"},
    {.path = NULL},
};
