/* The keys under `clients` that say who asks, and what a request carries besides its work. */
#include "sim/scenario/schema.h"

#define PRIORITY_MAX (SCENARIO_PRIORITIES - 1)
#define HEADERS_MAX  32

#define NATS_MAX 16

/* Who is not there cannot be more popular than others, and each group behind an address has at
 * least one client of its own. */
static void check_population(struct reader *r, const struct node *node, void *base)
{
    const struct scenario_client *client = base;
    const struct node *popularity = node_find(node, "popularity", 10);
    const struct node *nat = node_find(node, "nat", 3);
    if (client->population == 0 && client->zipf > 0) {
        diagnose_error(r->diagnose, popularity->at, "%s has a popularity and no clients",
                       read_trail(r));
        diagnose_help(r->diagnose, "write how many there are, as in clients: 10000");
    }
    if (client->population > 0 && client->population <= client->nat_count)
        diagnose_error(r->diagnose, nat->at, "%s: %u clients are too few for these groups",
                       read_trail(r), (unsigned)client->population);
}

static const char *const no_or_yes[] = {"no", "yes", NULL};

static void check_sessions(struct reader *r, const struct node *node, void *base)
{
    const struct scenario_client *client = base;
    if (client->users == 0)
        return;
    diagnose_error(r->diagnose, node->at, "%s: users and sessions in one group", read_trail(r));
    diagnose_help(r->diagnose, "sessions arrive, users are always there: write arrivals instead");
}

const struct schema_row schema_traffic[] = {
    {.path = "clients[].population",
     .type = TYPE_MAP,
     .otherwise = "every request, or session, has an address of its own",
     .check = check_population,
     .help = "who sends the requests"},
    {.path = "clients[].population.clients",
     .type = TYPE_COUNT,
     .fallback = "0",
     .max = 16777216,
     .offset = AT(uint32_t, scenario_client, population),
     .help = "number of clients; 0 = each request, or session, has its own"},
    {.path = "clients[].population.popularity",
     .type = TYPE_CUSTOM,
     .fallback = "equal",
     .read = read_popularity,
     .offset = AT(double, scenario_client, zipf),
     .shape = "equal or zipf(s=S)",
     .help = "how often each asks; zipf: the k-th in proportion to 1 / k^s"},
    {.path = "clients[].population.nat",
     .type = TYPE_CUSTOM,
     .otherwise = "no address is shared",
     .read = read_nat,
     .max = NATS_MAX,
     .shape = "a share in %, or a list of them",
     .help = "share of the requests that come from one address; a list: one address for each"},
    {.path = "clients[].population.no_cookies",
     .type = TYPE_SHARE,
     .fallback = "0",
     .max = 1,
     .offset = AT(double, scenario_client, no_cookies),
     .help = "share of the clients who refuse cookies"},
    {.path = "clients[].sessions",
     .type = TYPE_MAP,
     .otherwise = "each arrival is one request",
     .given = AT(bool, scenario_client, sessions.on),
     .check = check_sessions,
     .help = "each arrival begins a session: it asks, waits for the answer, thinks, asks again"},
    {.path = "clients[].sessions.requests",
     .type = TYPE_CUSTOM,
     .required = true,
     .read = read_counts,
     .offset = AT(struct distribution, scenario_client, sessions.requests),
     .shape = "a whole number, geometric(mean=N), empirical(file=F) or a mix of these",
     .help = "requests of one session"},
    {.path = "clients[].sessions.think",
     .type = TYPE_DISTRIBUTION,
     .required = true,
     .offset = AT(struct distribution, scenario_client, sessions.think),
     .help = "time between an answer, or a failure, and the session's next request"},
    {.path = "clients[].sessions.logout",
     .type = TYPE_EITHER,
     .fallback = "yes",
     .words = no_or_yes,
     .offset = AT(bool, scenario_client, sessions.logout),
     .help = "is a session over with its last answer? Else it stays open until it expires"},
    {.path = "clients[].sessions.expires",
     .type = TYPE_TIME,
     .fallback = "30min",
     .max = 1e5 * 3600e9,
     .offset = AT(lb_time, scenario_client, sessions.expires),
     .help = "without a log-out: how long after its last answer a session stays open"},
    {.path = "clients[].requests[].path",
     .type = TYPE_CUSTOM,
     .otherwise = "none",
     .read = read_path,
     .offset = AT(const char *, scenario_class, path),
     .shape = "a path, as in /report",
     .help = "the path of its requests, which routes look at"},
    {.path = "clients[].requests[].headers",
     .type = TYPE_CUSTOM,
     .otherwise = "none",
     .max = HEADERS_MAX,
     .read = read_headers,
     .shape = "{NAME: VALUE, ...}",
     .help = "headers of its requests, which routes look at"},
    {.path = "clients[].requests[].priority",
     .type = TYPE_COUNT,
     .fallback = "0",
     .max = PRIORITY_MAX,
     .offset = AT(uint32_t, scenario_class, priority),
     .help = "0 is the most important, served first and shed last, where somebody looks at it"},
    {.path = "clients[].requests[].bytes_in",
     .type = TYPE_CUSTOM,
     .fallback = "512",
     .read = read_sizes,
     .offset = AT(struct distribution, scenario_class, bytes_in),
     .shape = "bytes, as in 512 or 16KiB, or a distribution of them",
     .help = "size of a request, which algorithms that go by traffic are told"},
    {.path = "clients[].requests[].bytes_out",
     .type = TYPE_CUSTOM,
     .fallback = "16KiB",
     .read = read_sizes,
     .offset = AT(struct distribution, scenario_class, bytes_out),
     .shape = "bytes, as in 512 or 16KiB, or a distribution of them",
     .help = "size of an answer"},
    {.path = NULL},
};
