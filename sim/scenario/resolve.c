/*
 * From what was read to what the model sees: groups become backends, shares of load become rates,
 * names are bound, and the rules that concern several keys are checked. A rule is skipped when one
 * of its keys is already known to be wrong.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/units.h"
#include "sim/scenario/schema.h"
#include "sim/scenario/trace.h"

#define BACKENDS_MAX 100000U
#define SAMPLES_MAX  10000000
#define ZONES_MAX    256U

/* --- names -------------------------------------------------------------------------------------- */

/* FNV-1a, then mixed until every bit counts: names that differ in their last digits are many here. */
static uint32_t hash_name(const char *name, size_t size)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)name[i]) * 16777619U;
    hash = (hash ^ hash >> 16) * UINT32_C(0x7feb352d);
    hash = (hash ^ hash >> 15) * UINT32_C(0x846ca68b);
    return hash ^ hash >> 16;
}

/* The place in r->slots of this name, or of the gap where it belongs. */
static uint32_t slot_of(const struct reader *r, const char *name, size_t size)
{
    uint32_t i = hash_name(name, size) & r->slot_mask;
    for (; r->slots[i] != 0; i = (i + 1) & r->slot_mask) {
        const char *other = r->targets[r->slots[i] - 1].name;
        if (strncmp(other, name, size) == 0 && other[size] == '\0')
            break;
    }
    return i;
}

const struct target_name *resolve_target(const struct reader *r, const char *name, size_t size)
{
    if (r->target_count == 0 || memchr(name, '\0', size) != NULL)
        return NULL;
    uint32_t slot = r->slots[slot_of(r, name, size)];
    return slot == 0 ? NULL : &r->targets[slot - 1];
}

bool resolve_suggest(struct reader *r, const char *name, size_t size)
{
    enum { LOOKED_AT = 1000 };
    const char *names[LOOKED_AT];
    size_t n = 0;
    if (r->diagnose->muted)
        return false;
    for (; n < LOOKED_AT && n < r->target_count; n++)
        names[n] = r->targets[n].name;
    return read_suggest(r, name, size, names, n);
}

static bool add_target(struct reader *r, uint32_t group, const char *name, uint32_t first,
                       uint32_t count)
{
    uint32_t slot = slot_of(r, name, strlen(name));
    if (r->slots[slot] != 0) {
        const struct target_name *same = &r->targets[r->slots[slot] - 1];
        uint32_t other = r->scenario->backends[same->first].group;
        diagnose_error(r->diagnose, r->groups[group].node->at,
                       "two backends or groups are called "
                       "%s",
                       quote(name, strlen(name)).text);
        diagnose_note(r->diagnose, r->groups[other].node->at, "the other one");
        return false;
    }
    r->targets[r->target_count++] = (struct target_name){name, first, count};
    r->slots[slot] = r->target_count;
    return true;
}

/* The name of backend `number` of a group: 90,000 of them, for each of 32 variants, are no place for
 * printf. */
static const char *numbered(struct reader *r, const char *group, size_t size, uint32_t number)
{
    char name[NAME_BYTES_MAX + 16], *end = name + sizeof name, *at = end;
    for (; number > 0; number /= 10)
        *--at = (char)('0' + number % 10);
    at -= size;
    memcpy(at, group, size);
    return arena_copy(r->arena, at, (size_t)(end - at));
}

/* False when a name is taken: told once a group. */
static bool expand_group(struct reader *r, uint32_t g)
{
    struct scenario *s = r->scenario;
    const struct draft_group *draft = &r->groups[g];
    struct scenario_group *group = &s->groups[g];
    group->name = draft->name;
    group->first = s->backend_count;
    group->count = draft->room;
    group->declared = draft->count;
    group->counted = draft->counted;
    s->backend_count += draft->room;
    size_t size = strlen(draft->name);
    for (uint32_t i = 0; i < draft->room; i++) {
        struct scenario_backend *backend = &s->backends[group->first + i];
        *backend = draft->backend;
        backend->group = g;
        backend->absent = i >= draft->count;
        backend->name = draft->name;
        if (draft->counted)
            backend->name = numbered(r, draft->name, size, i + 1);
    }
    bool fine = !draft->counted || add_target(r, g, draft->name, group->first, group->count);
    for (uint32_t i = 0; fine && i < draft->room; i++)
        fine = add_target(r, g, s->backends[group->first + i].name, group->first + i, 1);
    return fine;
}

static bool expand_groups(struct reader *r)
{
    struct scenario *s = r->scenario;
    uint64_t total = 0;
    for (uint32_t g = 0; g < s->group_count; g++)
        total += r->groups[g].room;
    if (total > BACKENDS_MAX) {
        diagnose_error(r->diagnose, r->groups[0].node->at,
                       "%" PRIu64 " backends in all, more than %u", total, BACKENDS_MAX);
        return false;
    }
    s->backends = arena_need(r->arena, total, sizeof *s->backends);
    r->targets = arena_need(r->scratch, total + s->group_count, sizeof *r->targets);
    uint32_t slots = 64;
    while (slots < 2 * (total + s->group_count))
        slots *= 2;
    r->slots = arena_need(r->scratch, slots, sizeof *r->slots);
    r->slot_mask = slots - 1;
    bool fine = true;
    for (uint32_t g = 0; g < s->group_count; g++)
        fine = expand_group(r, g) && fine;
    return fine;
}

/* --- weights ------------------------------------------------------------------------------------ */

static void check_weights(struct reader *r)
{
    struct scenario *s = r->scenario;
    uint64_t weight = 0;
    for (uint32_t i = 0; i < s->backend_count; i++)
        weight += s->backends[i].weight;
    bool weighed = false;
    for (uint32_t i = 0; i < s->action_count; i++)
        weighed = weighed || s->timeline[i].action == ACTION_WEIGHT;
    if (weight == 0 && !weighed)
        diagnose_error(r->diagnose, r->groups[0].node->at,
                       "every backend has weight 0: nobody would get a request");
}

/* --- zones -------------------------------------------------------------------------------------- */

/* The zone's number, 1, 2, ...; 0 when nobody stands there. */
static uint16_t zone_number(const struct scenario *s, const char *name)
{
    for (uint32_t z = 0; z < s->zone_count; z++)
        if (strcmp(s->zones[z], name) == 0)
            return (uint16_t)(z + 1);
    return 0;
}

static void resolve_own_zone(struct reader *r, uint32_t place)
{
    struct scenario *s = r->scenario;
    struct scenario_balancer *balancer = &s->balancers[place];
    if (balancer->zone_name == NULL)
        return;
    balancer->zone = zone_number(s, balancer->zone_name);
    if (balancer->zone != 0)
        return;
    size_t size = strlen(balancer->zone_name);
    diagnose_error(r->diagnose, read_balancer_key(r, place, "zone")->at, "no backend is in zone %s",
                   quote(balancer->zone_name, size).text);
    if (!read_suggest(r, balancer->zone_name, size, s->zones, s->zone_count))
        diagnose_help(r->diagnose, "write zone: %.60s with the backends that are",
                      balancer->zone_name);
}

static void resolve_zones(struct reader *r)
{
    struct scenario *s = r->scenario;
    s->zones = arena_need(r->arena, ZONES_MAX, sizeof *s->zones);
    for (uint32_t g = 0; g < s->group_count; g++) {
        struct scenario_backend *backends = &s->backends[s->groups[g].first];
        if (backends->zone_name == NULL)
            continue;
        uint16_t zone = zone_number(s, backends->zone_name);
        if (zone == 0 && s->zone_count == ZONES_MAX) {
            diagnose_error(r->diagnose, r->groups[g].node->at, "more than %u zones", ZONES_MAX);
            return;
        }
        if (zone == 0) {
            s->zones[s->zone_count++] = backends->zone_name;
            zone = (uint16_t)s->zone_count;
        }
        for (uint32_t i = 0; i < s->groups[g].count; i++)
            backends[i].zone = zone;
    }
    for (uint32_t i = 0; i < s->balancer_count; i++)
        resolve_own_zone(r, i);
}

/* --- clients ------------------------------------------------------------------------------------ */

/* The value of key in the i-th entry of a list of the scenario; the entry when it is not there. */
static const struct node *entry_value(const struct reader *r, const char *list, uint32_t i,
                                      const char *key)
{
    const struct node *entry = node_at(node_find(r->root, list, strlen(list))->value, i);
    const struct node *found = node_find(entry, key, strlen(key));
    return found == NULL ? entry : found->value;
}

static void check_client_names(struct reader *r, uint32_t i)
{
    const struct scenario *s = r->scenario;
    const struct scenario_client *client = &s->clients[i];
    for (uint32_t k = 0; k < i; k++)
        if (strcmp(s->clients[k].name, client->name) == 0) {
            diagnose_error(r->diagnose, entry_value(r, "clients", i, "name")->at,
                           "two client groups are called %s",
                           quote(client->name, strlen(client->name)).text);
            diagnose_note(r->diagnose, entry_value(r, "clients", k, "name")->at, "the other one");
        }
    for (uint32_t a = 0; a < client->class_count; a++)
        for (uint32_t b = 0; b < a; b++)
            if (strcmp(client->classes[a].name, client->classes[b].name) == 0) {
                const struct node *list = entry_value(r, "clients", i, "requests");
                diagnose_error(
                    r->diagnose, node_at(list, a)->at, "two classes are called %s",
                    quote(client->classes[a].name, strlen(client->classes[a].name)).text);
                diagnose_note(r->diagnose, node_at(list, b)->at, "the other one");
            }
}

/* load= stands for the rate that makes it true at time 0. */
static void solve_load(struct reader *r, uint32_t i)
{
    struct scenario_client *client = &r->scenario->clients[i];
    if (client->load <= 0)
        return;
    double mean = scenario_mean_work(client) * scenario_mean_requests(client);
    const struct node *node = entry_value(r, "clients", i, "arrivals");
    if (!(mean > 0) || !isfinite(mean)) {
        diagnose_error(r->diagnose, node->at, "a load cannot be met: the mean work is %s",
                       mean > 0 ? "infinite" : "0");
        diagnose_help(r->diagnose, "write a rate, as in rate=100/s");
        return;
    }
    client->rate = client->load * scenario_capacity(r->scenario) / (mean / (double)UNITS_S);
    if (!(client->rate <= 1e9))
        diagnose_error(r->diagnose, node->at,
                       "this load needs %.3g arrivals a second, more than "
                       "1000000000",
                       client->rate);
}

static void resolve_clients(struct reader *r)
{
    struct scenario *s = r->scenario;
    for (uint32_t i = 0; i < s->client_count; i++) {
        s->clients[i].class_first = s->class_total;
        s->class_total += s->clients[i].class_count;
        check_client_names(r, i);
        if (s->clients[i].arrivals == ARRIVALS_TRACE &&
            !resolve_trace(r, &s->clients[i], entry_value(r, "clients", i, "arrivals")))
            continue;
        if (!read_damaged(r, "backends"))
            solve_load(r, i);
    }
}

/* --- the run ------------------------------------------------------------------------------------ */

/* The node of run.KEY, or of run itself. */
static struct place run_place(const struct reader *r, const char *key)
{
    const struct node *run = node_find(r->root, "run", 3)->value;
    const struct node *found = node_find(run, key, strlen(key));
    return found == NULL ? run->at : found->value->at;
}

static void check_timeline(struct reader *r)
{
    const struct scenario *s = r->scenario;
    char late[40], end[40];
    for (uint32_t i = 0; i < s->action_count; i++) {
        const struct scenario_action *action = &s->timeline[i];
        struct place at = r->actions[i].at->at;
        if (action->random)
            continue;
        (void)units_format_exact(late, sizeof late, action->at);
        if (action->at > s->run.duration) {
            (void)units_format_exact(end, sizeof end, s->run.duration);
            diagnose_error(r->diagnose, at, "timeline[%u] at %s is after the end of the run, %s",
                           (unsigned)i, late, end);
        } else if (s->run.transient && action->at < s->run.warmup) {
            diagnose_error(r->diagnose, at, "timeline[%u] at %s is inside the warm-up", (unsigned)i,
                           late);
            diagnose_help(r->diagnose,
                          "in a transient run the warm-up ends before the first event");
        }
    }
}

/* States that change faster than anybody could draw them. */
#define CHANGES_MAX        1e8
#define TRACE_ROWS_RUN_MAX 1e10

/* A trace that is over before the run is. */
static void tell_end(struct reader *r, uint32_t i)
{
    char end[40];
    const struct scenario_client *client = &r->scenario->clients[i];
    if (r->diagnose->variant != NULL || r->diagnose->errors > 0)
        return; /* told once, and not beside what is wrong */
    diagnose_note(r->diagnose, entry_value(r, "clients", i, "arrivals")->at,
                  "the trace ends at %s: nobody of %s comes after it",
                  units_format(end, sizeof end, client->process.trace->length),
                  quote(client->name, strlen(client->name)).text);
    diagnose_help(r->diagnose, "write repeat=yes to begin anew, or a shorter run.duration");
}

static void check_processes(struct reader *r)
{
    const struct scenario *s = r->scenario;
    double length = (double)s->run.duration + (double)s->run.settle;
    for (uint32_t i = 0; i < s->client_count; i++) {
        const struct scenario_arrivals *process = &s->clients[i].process;
        double both = (double)process->low_for + (double)process->high_for;
        const struct trace *trace = process->trace;
        if (trace != NULL && process->repeat &&
            length / (double)trace->length * trace->rows > TRACE_ROWS_RUN_MAX)
            diagnose_error(r->diagnose, entry_value(r, "clients", i, "arrivals")->at,
                           "clients[%u].arrivals: the trace has %u rows in %.3g s, and would be "
                           "repeated too often in this run",
                           (unsigned)i, (unsigned)trace->rows, (double)trace->length / 1e9);
        if (trace != NULL && !process->repeat && trace->length < s->run.duration)
            tell_end(r, i);
        if (s->clients[i].arrivals != ARRIVALS_BURSTY || both <= 0 || length / both <= CHANGES_MAX)
            continue;
        diagnose_error(r->diagnose, entry_value(r, "clients", i, "arrivals")->at,
                       "clients[%u].arrivals: its states change more than 100,000,000 times in "
                       "this run",
                       (unsigned)i);
        diagnose_help(r->diagnose, "write longer low_for and high_for, or a shorter run");
    }
}

static void resolve_run(struct reader *r)
{
    struct scenario *s = r->scenario;
    struct scenario_run *run = &s->run;
    const struct node *node = node_find(r->root, "run", 3)->value;
    if (node_find(node, "kind", 4) == NULL) {
        run->transient = s->action_count > 0;
        for (uint32_t g = 0; g < s->group_count; g++)
            run->transient |= s->groups[g].nature.failures.on;
        for (uint32_t i = 0; i < s->client_count; i++)
            run->transient |= s->clients[i].varies;
    }
    if (run->warmup >= run->duration) {
        diagnose_error(r->diagnose, run_place(r, "warmup"),
                       "run.warmup is not shorter than run.duration: nothing would be measured");
        return;
    }
    if (run->duration / run->sample > SAMPLES_MAX) {
        diagnose_error(r->diagnose, run_place(r, "sample"), "run.sample makes more than %d samples",
                       SAMPLES_MAX);
        diagnose_help(r->diagnose, "write a longer one");
    }
    lb_time longest = 0;
    for (uint32_t i = 0; i < s->client_count; i++)
        longest = s->clients[i].timeout > longest ? s->clients[i].timeout : longest;
    if (!run->settle_given)
        run->settle = longest > 0 ? 10 * longest : run->duration;
    if (!read_damaged(r, "clients"))
        check_processes(r);
    if (!read_damaged(r, "timeline"))
        check_timeline(r);
}

static void check_queue(struct reader *r, uint32_t place)
{
    const struct scenario_balancer *balancer = &r->scenario->balancers[place];
    if (balancer->queue_size > 0 || balancer->queue_timeout == 0)
        return;
    size_t mark = read_enter_balancer(r, place, ".queue");
    diagnose_error(r->diagnose, read_balancer_key(r, place, "queue")->at,
                   "%s has a timeout, and size 0: nobody waits", read_trail(r));
    read_leave(r, mark);
}

/* `balancer` or `balancers`; false when there is nothing to go on with. */
static bool find_balancers(struct reader *r)
{
    const struct node *one = node_find(r->root, "balancer", 8);
    const struct node *list = node_find(r->root, "balancers", 9);
    if (one != NULL && list != NULL) {
        diagnose_error(r->diagnose, list->at, "the scenario has both 'balancer' and 'balancers'");
        diagnose_help(r->diagnose, "write the one as an entry of the list");
        return false;
    }
    if (one == NULL && list == NULL)
        diagnose_error(r->diagnose, r->root->at, "the scenario is missing the key 'balancer'");
    if ((one == NULL && list == NULL) || read_damaged(r, "balancer") ||
        read_damaged(r, "balancers"))
        return false;
    for (uint32_t i = 0; i < r->scenario->balancer_count; i++) {
        r->balancers[i].node = one != NULL ? one->value : node_at(list->value, i);
        check_queue(r, i);
    }
    return true;
}

void resolve_scenario(struct reader *r)
{
    bool clients = !read_damaged(r, "clients"), backends = !read_damaged(r, "backends");
    resolve_params(r);
    bool balancer = find_balancers(r);
    if (backends)
        backends = resolve_room(r) && expand_groups(r);
    if (backends)
        check_weights(r);
    if (backends && balancer)
        resolve_zones(r);
    uint32_t errors = r->diagnose->errors;
    if (backends && resolve_pools(r) && balancer)
        resolve_balancers(r);
    if (balancer && r->diagnose->errors == errors)
        resolve_connections(r);
    if (clients)
        resolve_clients(r);
    bool names = clients && backends && balancer && r->diagnose->errors == errors;
    if (names) {
        resolve_routes(r);
        resolve_state(r);
        resolve_overload(r);
        resolve_circuit(r);
        resolve_hedges(r);
        resolve_timeline(r);
        if (!read_damaged(r, "variants"))
            resolve_expects(r);
    }
    if (clients && !read_damaged(r, "run"))
        resolve_run(r);
}
