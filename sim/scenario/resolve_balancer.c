/*
 * Balancers: how many there are, what they are called, which pool or which other balancers they lead
 * to, and which requests go where. See read.h.
 *
 * A request goes through two tiers of balancers at most: those that clients enter, and those that
 * these may pass it to.
 */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "sim/scenario/schema.h"

#define BALANCERS_MAX 256U
#define POOLS_MAX     64U
#define TIERS_MAX     16U

/* --- values ------------------------------------------------------------------------------------- */

size_t read_enter_balancer(struct reader *r, uint32_t place, const char *format, ...)
{
    size_t mark = r->trail.size;
    va_list list;
    if (r->scenario->balancers == &r->scenario->balancer)
        text_addf(&r->trail, "balancer");
    else
        text_addf(&r->trail, "balancers[%" PRIu32 "]", place);
    va_start(list, format);
    text_addv(&r->trail, format, list);
    va_end(list);
    return mark;
}

/* own, exact, or shared(every=T). */
void read_view(struct reader *r, const struct schema_row *row, const struct node *node, void *base)
{
    static const char *const words[] = {"own", "shared", "exact"};
    struct scenario_balancer *balancer = base;
    const struct call *call = read_call(r, node, row->shape);
    if (call == NULL)
        return;
    int view = 0;
    while (view < 3 && (call->kind != CALL_NAME || strcmp(call->text, words[view]) != 0))
        view++;
    if (view == 3) {
        diagnose_error(r->diagnose, node->at, "%s must be %s, not %s", read_trail(r), row->shape,
                       quote(node->text, node->size).text);
        if (call->kind == CALL_NAME)
            (void)read_suggest(r, call->text, strlen(call->text), words, 3);
        return;
    }
    const char *const names[] = {"every"};
    balancer->view = (enum load_view)view;
    if (!read_args_known(r, node, call, names, balancer->view == VIEW_SHARED ? 1 : 0) ||
        balancer->view != VIEW_SHARED)
        return;
    const struct call *every = call_arg(call, "every");
    struct quantity q;
    if (every == NULL) {
        diagnose_error(r->diagnose, node->at, "%s: shared needs the time between refreshes",
                       read_trail(r));
        diagnose_help(r->diagnose, "as in shared(every=2s)");
    } else if (read_quantity(r, node, every->start, every->end - every->start, read_trail(r),
                             QUANTITY_TIME, &q)) {
        balancer->view_every = q.time;
        if (q.value < 1e3)
            diagnose_error(r->diagnose,
                           read_place(r, node, every->start, every->end - every->start),
                           "%s: a board is refreshed every 1us at most", read_trail(r));
    }
}

static const char *route_text(struct reader *r, const struct node *key)
{
    const char *text = NULL;
    struct schema_row row = {.path = "balancer.routes", .type = TYPE_NAME};
    size_t mark = read_enter(r, ".%.40s", key->text);
    read_value(r, &row, key->value, &text);
    read_leave(r, mark);
    return text;
}

static void read_route(struct reader *r, const struct node *node, struct scenario_route *route)
{
    static const char *const words[] = {"path", "header", "value", "to"};
    const char **const texts[] = {&route->path, &route->header, &route->value, &route->to};
    for (const struct node *key = node->first; key != NULL; key = key->next) {
        size_t i = 0;
        while (i < 4 && !node_is(key, words[i]))
            i++;
        if (i < 4) {
            *texts[i] = route_text(r, key);
            continue;
        }
        diagnose_error(r->diagnose, key->at, "unknown key %s in %s",
                       quote(key->text, key->size).text, read_trail(r));
        if (!read_suggest(r, key->text, key->size, words, 4))
            diagnose_help(r->diagnose, "known keys: path header value to");
    }
    if (node_find(node, "to", 2) == NULL)
        diagnose_error(r->diagnose, node->at, "%s is missing the key 'to'", read_trail(r));
    if (node_find(node, "header", 6) == NULL && node_find(node, "value", 5) != NULL)
        diagnose_error(r->diagnose, node->at, "%s has a 'value' and no 'header'", read_trail(r));
}

void read_routes(struct reader *r, const struct schema_row *row, const struct node *node,
                 void *base)
{
    struct scenario_balancer *balancer = base;
    if (node->kind != NODE_LIST || node->count > row->max) {
        diagnose_error(r->diagnose, node->at, "%s must be a %s", read_trail(r), row->shape);
        return;
    }
    balancer->routes = arena_need(r->arena, node->count + 1U, sizeof *balancer->routes);
    for (const struct node *entry = node->first; entry != NULL; entry = entry->next) {
        size_t mark = read_enter(r, "[%" PRIu32 "]", balancer->route_count);
        if (entry->kind == NODE_MAP)
            read_route(r, entry, &balancer->routes[balancer->route_count]);
        else
            diagnose_error(r->diagnose, entry->at,
                           "%s must be a mapping, as in {path: /api*, to: api}", read_trail(r));
        balancer->route_count++;
        read_leave(r, mark);
    }
}

/* --- pools and tiers ---------------------------------------------------------------------------- */

static int32_t find_pool(const struct scenario *s, const char *name)
{
    for (uint32_t p = 0; p < s->pool_count; p++)
        if (strcmp(s->pools[p].name, name) == 0)
            return (int32_t)p;
    return -1;
}

/* The pools of all groups; false after an error. */
static bool gather_pools(struct reader *r)
{
    struct scenario *s = r->scenario;
    s->pools = arena_need(r->arena, POOLS_MAX, sizeof *s->pools);
    for (uint32_t g = 0; g < s->group_count; g++) {
        struct scenario_backend *backends = &s->backends[s->groups[g].first];
        int32_t pool = find_pool(s, backends->pool_name);
        if (pool < 0 && s->pool_count == POOLS_MAX) {
            diagnose_error(r->diagnose, r->groups[g].node->at, "more than %u pools", POOLS_MAX);
            return false;
        }
        if (pool < 0) {
            pool = (int32_t)s->pool_count++;
            s->pools[pool].name = backends->pool_name;
        }
        for (uint32_t i = 0; i < s->groups[g].count; i++)
            backends[i].pool = (uint32_t)pool;
        if (backends->tier >= s->pools[pool].tiers)
            s->pools[pool].tiers = backends->tier + 1;
    }
    return true;
}

static void tell_gap(struct reader *r, uint32_t pool, uint32_t tier)
{
    const struct scenario *s = r->scenario;
    if (s->pool_count == 1)
        diagnose_error(r->diagnose, r->groups[0].node->at, "no backend has tier %" PRIu32, tier);
    else
        diagnose_error(r->diagnose, r->groups[0].node->at,
                       "no backend of pool %.60s has tier %" PRIu32, s->pools[pool].name, tier);
    diagnose_help(r->diagnose, "tiers are numbered from 0 without a gap");
}

/* False when a tier is empty, or larger than some algorithm bears. */
static bool check_pool(struct reader *r, uint32_t pool)
{
    const struct scenario *s = r->scenario;
    uint32_t size[TIERS_MAX] = {0};
    for (uint32_t i = 0; i < s->backend_count; i++)
        if (s->backends[i].pool == pool)
            size[s->backends[i].tier]++;
    for (uint32_t t = 0; t < s->pools[pool].tiers; t++) {
        if (size[t] == 0) {
            tell_gap(r, pool, t);
            return false;
        }
        for (uint32_t b = 0; b < s->balancer_count; b++) {
            const struct lb_algorithm *algorithm = s->balancers[b].algorithm;
            if (algorithm == NULL || s->balancers[b].to >= 0 || algorithm->backends_max == 0 ||
                size[t] <= algorithm->backends_max)
                continue;
            diagnose_error(r->diagnose, r->groups[0].node->at,
                           "%s takes at most %" PRIu32 " backends a tier, not %" PRIu32,
                           algorithm->name, algorithm->backends_max, size[t]);
            return false;
        }
    }
    return true;
}

bool resolve_pools(struct reader *r)
{
    if (!gather_pools(r))
        return false;
    for (uint32_t p = 0; p < r->scenario->pool_count; p++)
        if (!check_pool(r, p))
            return false;
    return true;
}

/* --- balancers ---------------------------------------------------------------------------------- */

const struct node *read_balancer_key(const struct reader *r, uint32_t place, const char *key)
{
    const struct node *node = r->balancers[place].node;
    const struct node *found = node_find(node, key, strlen(key));
    return found == NULL ? node : found->value;
}

static void suggest_to(struct reader *r, const char *name, uint32_t but)
{
    const struct scenario *s = r->scenario;
    const char *names[POOLS_MAX + 32];
    uint32_t n = 0;
    for (uint32_t p = 0; p < s->pool_count; p++)
        names[n++] = s->pools[p].name;
    for (uint32_t b = 0; b < s->balancer_count && n < POOLS_MAX + 32; b++)
        if (b != but)
            names[n++] = s->balancers[b].name;
    if (!read_suggest(r, name, strlen(name), names, n))
        diagnose_help(r->diagnose, "a pool is named by backends: - {name: ..., pool: %.60s}", name);
}

static int32_t find_balancer(const struct scenario *s, const char *name)
{
    for (uint32_t b = 0; b < s->balancer_count; b++)
        if (s->balancers[b].name != NULL && strcmp(s->balancers[b].name, name) == 0)
            return (int32_t)b;
    return -1;
}

/* Names and numbers of each. */
static bool count_balancers(struct reader *r)
{
    struct scenario *s = r->scenario;
    for (uint32_t b = 0; b < s->balancer_count; b++) {
        struct scenario_balancer *balancer = &s->balancers[b];
        if (!balancer->counted)
            balancer->count = 1;
        balancer->first = s->balancer_total;
        s->balancer_total += balancer->count;
        if (find_balancer(s, balancer->name) != (int32_t)b) {
            diagnose_error(r->diagnose, read_balancer_key(r, b, "name")->at,
                           "two balancers are called %s",
                           quote(balancer->name, strlen(balancer->name)).text);
            return false;
        }
    }
    if (s->balancer_total > BALANCERS_MAX) {
        diagnose_error(r->diagnose, r->balancers[0].node->at,
                       "%" PRIu32 " balancers in all, more than %u", s->balancer_total,
                       BALANCERS_MAX);
        return false;
    }
    s->balancer_names = arena_need(r->arena, s->balancer_total, sizeof *s->balancer_names);
    for (uint32_t b = 0; b < s->balancer_count; b++)
        for (uint32_t i = 0; i < s->balancers[b].count; i++) {
            char name[NAME_BYTES_MAX + 16];
            int size = snprintf(name, sizeof name, "%s", s->balancers[b].name);
            if (s->balancers[b].counted)
                size = snprintf(name, sizeof name, "%s%" PRIu32, s->balancers[b].name, i + 1);
            s->balancer_names[s->balancers[b].first + i] = arena_copy(r->arena, name, (size_t)size);
        }
    return true;
}

/* The timeline names both: no balancer is called as a backend or a group. */
static void check_names(struct reader *r)
{
    const struct scenario *s = r->scenario;
    for (uint32_t b = 0; b < s->balancer_count; b++)
        for (uint32_t i = 0; i <= s->balancers[b].count; i++) {
            const char *name = s->balancers[b].name;
            if (i > 0)
                name = s->balancer_names[s->balancers[b].first + i - 1];
            const struct target_name *same = resolve_target(r, name, strlen(name));
            if (same == NULL)
                continue;
            diagnose_error(r->diagnose, read_balancer_key(r, b, "name")->at,
                           "a balancer and a backend or group are called %s",
                           quote(name, strlen(name)).text);
            diagnose_note(r->diagnose, r->groups[s->backends[same->first].group].node->at,
                          "the other one");
            return;
        }
}

/* What one leads to: other balancers, or a pool. */
static void resolve_to(struct reader *r, uint32_t place)
{
    struct scenario *s = r->scenario;
    struct scenario_balancer *balancer = &s->balancers[place];
    const char *name = balancer->to_name == NULL ? "main" : balancer->to_name;
    const struct node *node = read_balancer_key(r, place, "to");
    int32_t pool = find_pool(s, name), other = find_balancer(s, name);
    balancer->to = -1;
    if (pool >= 0) {
        balancer->pool = (uint32_t)pool;
    } else if (other >= 0 && other != (int32_t)place) {
        balancer->to = other;
        if (balancer->route_count > 0)
            diagnose_error(r->diagnose, read_balancer_key(r, place, "routes")->at,
                           "routes lead to pools, and %s leads to balancers",
                           quote(balancer->name, strlen(balancer->name)).text);
    } else {
        diagnose_error(r->diagnose, node->at, "no pool%s is called %s",
                       s->balancer_count > 1 ? " and no other balancer" : "",
                       quote(name, strlen(name)).text);
        suggest_to(r, name, place);
        return;
    }
    for (uint32_t i = 0; i < balancer->route_count; i++) {
        struct scenario_route *route = &balancer->routes[i];
        if (route->to == NULL)
            continue;
        int32_t found = find_pool(s, route->to);
        if (found >= 0) {
            route->pool = (uint32_t)found;
            continue;
        }
        const struct node *entry = node_at(read_balancer_key(r, place, "routes"), i);
        diagnose_error(r->diagnose, node_find(entry, "to", 2)->value->at,
                       "a route leads to pool %s, which no backend is in",
                       quote(route->to, strlen(route->to)).text);
        suggest_to(r, route->to, UINT32_MAX);
    }
}

/* Two tiers at most, and one of them has backends. */
static void check_chains(struct reader *r)
{
    struct scenario *s = r->scenario;
    const struct scenario_balancer *main = NULL;
    for (uint32_t b = 0; b < s->balancer_count; b++) {
        const struct scenario_balancer *balancer = &s->balancers[b];
        if (balancer->to >= 0 && s->balancers[balancer->to].to >= 0) {
            diagnose_error(r->diagnose, read_balancer_key(r, b, "to")->at,
                           "%.60s leads to %.60s, which leads to balancers again", balancer->name,
                           s->balancers[balancer->to].name);
            diagnose_help(r->diagnose, "a request goes through two tiers of balancers at most");
            return;
        }
        if (balancer->to < 0 && main == NULL)
            main = balancer;
        if (balancer->algorithm != NULL &&
            !scenario_algorithm_fits(s, balancer->first, balancer->algorithm))
            resolve_tell_unfit(r, read_balancer_key(r, b, "algorithm"), balancer->first,
                               balancer->algorithm);
    }
    if (main != NULL && main != &s->balancer)
        s->balancer = *main;
}

static void resolve_via(struct reader *r)
{
    struct scenario *s = r->scenario;
    for (uint32_t i = 0; i < s->client_count; i++) {
        struct scenario_client *client = &s->clients[i];
        if (client->via_name == NULL)
            continue;
        int32_t found = find_balancer(s, client->via_name);
        if (found >= 0) {
            client->via = (uint32_t)found;
            continue;
        }
        const struct node *entry = node_at(node_find(r->root, "clients", 7)->value, i);
        const char *names[32];
        for (uint32_t b = 0; b < s->balancer_count; b++)
            names[b] = s->balancers[b].name;
        diagnose_error(r->diagnose, node_find(entry, "via", 3)->value->at,
                       "no balancer is called %s",
                       quote(client->via_name, strlen(client->via_name)).text);
        (void)read_suggest(r, client->via_name, strlen(client->via_name), names, s->balancer_count);
    }
}

void resolve_balancers(struct reader *r)
{
    struct scenario *s = r->scenario;
    uint32_t errors = r->diagnose->errors;
    if (!count_balancers(r))
        return;
    check_names(r);
    for (uint32_t b = 0; b < s->balancer_count; b++)
        resolve_to(r, b);
    if (r->diagnose->errors != errors)
        return;
    check_chains(r);
    for (uint32_t b = 0; b < s->balancer_count; b++)
        resolve_redundancy(r, b);
    if (s->balancers != &s->balancer)
        for (uint32_t b = 0; b < s->balancer_count; b++)
            if (s->balancers[b].first == s->balancer.first)
                s->balancer = s->balancers[b];
    if (!read_damaged(r, "clients"))
        resolve_via(r);
}

const char *scenario_find_balancer(const struct scenario *s, const char *name, size_t size,
                                   uint32_t *first, uint32_t *count)
{
    for (uint32_t b = 0; b < s->balancer_count; b++) {
        const struct scenario_balancer *balancer = &s->balancers[b];
        if (strlen(balancer->name) == size && memcmp(balancer->name, name, size) == 0) {
            *first = balancer->first;
            *count = balancer->count;
            return balancer->name;
        }
    }
    for (uint32_t i = 0; i < s->balancer_total; i++)
        if (strlen(s->balancer_names[i]) == size && memcmp(s->balancer_names[i], name, size) == 0) {
            *first = i;
            *count = 1;
            return s->balancer_names[i];
        }
    return NULL;
}

void resolve_tell_balancers(struct reader *r, const char *name, size_t size)
{
    const struct scenario *s = r->scenario;
    if (s->balancer_total == 1)
        diagnose_help(r->diagnose, "it is called '%s'", s->balancer_names[0]);
    else if (!read_suggest(r, name, size, s->balancer_names, s->balancer_total))
        diagnose_help(r->diagnose, "the first of %" PRIu32 " is called '%s'", s->balancer_total,
                      s->balancer_names[0]);
}

/* --- routes ------------------------------------------------------------------------------------- */

/* '*' stands for anything, also nothing. */
static bool matches(const char *pattern, const char *text)
{
    const char *star = NULL, *back = NULL;
    while (*text != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            back = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++back;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static bool fits(const struct scenario_route *route, const struct scenario_class *class)
{
    if (route->path != NULL && !matches(route->path, class->path == NULL ? "/" : class->path))
        return false;
    if (route->header == NULL)
        return true;
    for (uint32_t i = 0; i < class->header_count; i++)
        if (strcasecmp(class->headers[i].name, route->header) == 0 &&
            (route->value == NULL || matches(route->value, class->headers[i].value)))
            return true;
    return false;
}

void resolve_routes(struct reader *r)
{
    struct scenario *s = r->scenario;
    for (uint32_t b = 0; b < s->balancer_count; b++) {
        struct scenario_balancer *balancer = &s->balancers[b];
        if (balancer->route_count == 0)
            continue;
        balancer->pool_of_class =
            arena_need(r->arena, s->class_total, sizeof *balancer->pool_of_class);
        for (uint32_t c = 0; c < s->client_count; c++)
            for (uint32_t k = 0; k < s->clients[c].class_count; k++) {
                uint32_t i = 0, pool = balancer->pool;
                while (i < balancer->route_count &&
                       !fits(&balancer->routes[i], &s->clients[c].classes[k]))
                    i++;
                if (i < balancer->route_count)
                    pool = balancer->routes[i].pool;
                balancer->pool_of_class[s->clients[c].class_first + k] = pool;
            }
    }
}
