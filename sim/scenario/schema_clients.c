/* The keys under `clients`. */
#include "sim/scenario/schema.h"

#define LONGEST     (1e5 * 3600e9)
#define CLIENTS_MAX 64
#define CLASSES_MAX 64

static const char *const jitters[] = {"none", "full", NULL};

static void *open_clients(struct reader *r, void *base, uint32_t count)
{
    (void)base;
    struct scenario *s = r->scenario;
    s->clients = arena_need(r->arena, count, sizeof *s->clients);
    s->client_count = count;
    return s->clients;
}

static void *open_classes(struct reader *r, void *base, uint32_t count)
{
    struct scenario_client *client = base;
    client->classes = arena_need(r->arena, count, sizeof *client->classes);
    client->class_count = count;
    return client->classes;
}

/* Shares: all or, when there is one class only, none; together the whole. */
static void check_shares(struct reader *r, const struct node *list, struct scenario_client *client)
{
    double sum = 0;
    if (list->count == 0 || client->class_count != list->count)
        return;
    for (uint32_t i = 0; i < client->class_count; i++) {
        const struct node *entry = node_at(list, i);
        if (entry->kind != NODE_MAP)
            return;
        if (node_find(entry, "share", 5) != NULL) {
            sum += client->classes[i].share;
        } else if (client->class_count == 1) {
            sum = client->classes[i].share = 1.0;
        } else {
            diagnose_error(r->diagnose, entry->at, "%s.requests[%u] is missing the key 'share'",
                           read_trail(r), (unsigned)i);
            diagnose_help(r->diagnose, "each of several classes says its share, as in share: 90%%");
            return;
        }
    }
    if (sum < 1.0 - 1e-9 || sum > 1.0 + 1e-9)
        diagnose_error(r->diagnose, list->at, "the shares of %s.requests sum to %.6g%%, not 100%%",
                       read_trail(r), sum * 100.0);
}

/* Open or closed, and what belongs to each. */
static void check_client(struct reader *r, const struct node *node, void *base)
{
    struct scenario_client *client = base;
    const struct node *arrivals = node_find(node, "arrivals", 8);
    const struct node *users = node_find(node, "users", 5), *think = node_find(node, "think", 5);
    if (arrivals != NULL && (users != NULL || think != NULL)) {
        const struct node *other = users != NULL ? users : think;
        diagnose_error(r->diagnose, other->at, "%s has both 'arrivals' and '%s'", read_trail(r),
                       other->text);
        diagnose_help(r->diagnose, "open traffic: arrivals; a closed loop: users and think");
    } else if (arrivals == NULL && users == NULL) {
        diagnose_error(r->diagnose, node->at, "%s is missing the key 'arrivals'", read_trail(r));
        diagnose_help(r->diagnose, "write arrivals: poisson(rate=100/s), or users and think");
    } else if (users != NULL && think == NULL) {
        diagnose_error(r->diagnose, users->at, "%s has 'users' and no 'think'", read_trail(r));
        diagnose_help(r->diagnose, "write think: exponential(mean=2s), or constant(0)");
    } else if (arrivals == NULL) {
        client->arrivals = ARRIVALS_CLOSED;
    }
    const struct node *requests = node_find(node, "requests", 8);
    if (requests != NULL && requests->value->kind == NODE_LIST)
        check_shares(r, requests->value, client);
    if (node_find(node, "objective", 9) == NULL)
        client->objective = client->timeout;
}

const struct schema_row schema_clients[] = {
    {.path = "clients",
     .type = TYPE_LIST,
     .required = true,
     .min = 1,
     .max = CLIENTS_MAX,
     .open = open_clients,
     .check = check_client,
     .size = sizeof(struct scenario_client),
     .help = "groups of clients; each sends its own traffic"},
    {.path = "clients[].name",
     .type = TYPE_NAME,
     .required = true,
     .offset = AT(const char *, scenario_client, name),
     .help = "what paths and expectations call the group"},
    {.path = "clients[].arrivals",
     .type = TYPE_CUSTOM,
     .otherwise = "required without users",
     .read = read_arrivals,
     .shape = "poisson(rate=R | load=L) or another process, see below",
     .help = "open traffic: requests come whether or not earlier ones were answered"},
    {.path = "clients[].users",
     .type = TYPE_COUNT,
     .otherwise = "open traffic",
     .min = 1,
     .max = 1000000,
     .offset = AT(uint32_t, scenario_client, users),
     .help = "closed loop: so many users, each waits for its answer, thinks, asks again"},
    {.path = "clients[].think",
     .type = TYPE_DISTRIBUTION,
     .otherwise = "required with users",
     .offset = AT(struct distribution, scenario_client, think),
     .help = "time between an answer and the same user's next request"},
    {.path = "clients[].requests",
     .type = TYPE_LIST,
     .required = true,
     .min = 1,
     .max = CLASSES_MAX,
     .open = open_classes,
     .size = sizeof(struct scenario_class),
     .help = "classes of requests"},
    {.path = "clients[].requests[].name",
     .type = TYPE_NAME,
     .required = true,
     .offset = AT(const char *, scenario_class, name),
     .help = "what expectations call the class"},
    {.path = "clients[].requests[].share",
     .type = TYPE_SHARE,
     .otherwise = "100% of a single class, else required",
     .max = 1,
     .offset = AT(double, scenario_class, share),
     .help = "share of the group's requests; the shares sum to 100%"},
    {.path = "clients[].requests[].work",
     .type = TYPE_DISTRIBUTION,
     .required = true,
     .offset = AT(struct distribution, scenario_class, work),
     .help = "service time at speed 1"},
    {.path = "clients[].timeout",
     .type = TYPE_TIME,
     .fallback = "0",
     .max = LONGEST,
     .offset = AT(lb_time, scenario_client, timeout),
     .help = "how long a client waits for an answer before it closes; 0 = for ever"},
    {.path = "clients[].objective",
     .type = TYPE_TIME,
     .otherwise = "the timeout",
     .max = LONGEST,
     .offset = AT(lb_time, scenario_client, objective),
     .help = "an answer within it counts as goodput; 0 = any answer"},
    {.path = "clients[].via",
     .type = TYPE_NAME,
     .otherwise = "the first of the balancers",
     .offset = AT(const char *, scenario_client, via_name),
     .help = "the balancers that its requests enter"},
    {.path = "clients[].retries",
     .type = TYPE_MAP,
     .otherwise = "no retries",
     .help = "the client asks again when a request failed"},
    {.path = "clients[].retries.max",
     .type = TYPE_COUNT,
     .required = true,
     .fallback = "0",
     .max = 100,
     .offset = AT(uint32_t, scenario_client, retries.max),
     .help = "tries beyond the first"},
    {.path = "clients[].retries.backoff",
     .type = TYPE_CUSTOM,
     .fallback = "none",
     .read = read_backoff,
     .offset = AT(struct scenario_retries, scenario_client, retries),
     .shape = "none, constant(T) or exponential(base=T, cap=T)",
     .help = "wait before a retry; exponential: min(cap, base x 2^(n-1)) before the n-th"},
    {.path = "clients[].retries.jitter",
     .type = TYPE_EITHER,
     .fallback = "none",
     .words = jitters,
     .offset = AT(bool, scenario_client, retries.full_jitter),
     .help = "full: wait a uniform share of the back-off"},
    {.path = "clients[].retries.budget",
     .type = TYPE_SHARE,
     .otherwise = "no limit",
     .max = 100,
     .offset = AT(double, scenario_client, retries.budget),
     .given = AT(bool, scenario_client, retries.budgeted),
     .help = "retries per first attempt in the long run; ten may be saved up"},
    {.path = NULL},
};
