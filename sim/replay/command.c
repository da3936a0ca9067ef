/*
 * Commands given to the balancer while it ran: those of HAProxy's runtime interface, and a few words
 * of our own for any balancer ("s2 down", "s2 weight 3", "s2 port closed").
 */
#include <stdlib.h>
#include <string.h>

#include "sim/replay/kind.h"
#include "sim/replay/words.h"

struct command_line {
    struct replay *r;
    char **word;
    uint32_t count;
    uint32_t line; /* of the recording */
    struct lb_error *error;
};

static int expected(const struct command_line *c, const char *what, const char *found)
{
    return recording_fail(c->r->recording, c->line, c->error, "command: expected %s, found '%.60s'",
                          what, found);
}

/* BACKEND/SERVER, or the server alone. */
static int32_t find_server(const struct command_line *c, const char *word)
{
    const char *slash = strchr(word, '/');
    int32_t server = setup_find(c->r->setup, slash != NULL ? slash + 1 : word);
    if (server < 0)
        (void)expected(c, "a server of this configuration", word);
    return server;
}

/* --- what can be set -------------------------------------------------------------------------- */

/* The weight counts absolutely, or with % of the configured one; at most 256, as in HAProxy, which
 * refuses more than that, unless it is a percentage. A static method takes 0 % and 100 % only, and
 * refuses the rest: nothing changes. */
static int set_weight(struct command_line *c, uint32_t server, const char *text)
{
    struct replay *r = c->r;
    uint64_t value, initial = r->setup->servers[server].weight;
    uint64_t max = r->setup->one_backup ? 256 : SETUP_WEIGHT_MAX;
    size_t length = strlen(text);
    char number[16];
    bool relative = length > 0 && length < sizeof number && text[length - 1] == '%';
    (void)snprintf(number, sizeof number, "%.*s", (int)(length - (relative ? 1 : 0)), text);
    if (length >= sizeof number || !words_number(number, 0, UINT32_MAX, &value))
        return expected(c, "a weight, or a percentage of the configured one", text);
    if (!relative && value > max)
        return r->setup->one_backup ? 0 : expected(c, "a smaller weight", text);
    if (relative)
        value = initial * value / 100;
    value = value > max ? max : value;
    if (r->setup->one_backup && !r->setup->haproxy.dynamic && value != 0 && value != initial)
        return 0;
    r->host.servers[server].weight = (uint32_t)value;
    host_refresh(&r->host);
    return 0;
}

static int set_admin(struct command_line *c, uint32_t server, const char *state)
{
    struct host_server *s = &c->r->host.servers[server];
    bool back = s->admin == HOST_MAINTENANCE;
    if (strcmp(state, "ready") == 0)
        s->admin = HOST_READY;
    else if (strcmp(state, "drain") == 0)
        s->admin = HOST_DRAIN;
    else if (strcmp(state, "maint") == 0)
        s->admin = HOST_MAINTENANCE;
    else
        return expected(c, "ready, drain or maint", state);
    host_refresh(&c->r->host);
    if (back && c->r->setup->one_backup && s->admin == HOST_READY)
        replay_grab(c->r, server);
    return 0;
}

static int set_health(struct command_line *c, uint32_t server, const char *state)
{
    struct host_server *s = &c->r->host.servers[server];
    if (strcmp(state, "up") == 0)
        s->health = HOST_UP;
    else if (strcmp(state, "stopping") == 0)
        s->health = HOST_STOPPING;
    else if (strcmp(state, "down") == 0)
        s->health = HOST_DOWN;
    else
        return expected(c, "up, stopping or down", state);
    host_refresh(&c->r->host);
    return 0;
}

static int set_limit(struct command_line *c, uint32_t server, const char *text)
{
    uint64_t value;
    if (!words_number(text, 0, UINT32_MAX, &value))
        return expected(c, "a number of connections", text);
    struct host *h = &c->r->host;
    host_row(h, server)->max_in_flight = (uint32_t)value;
    int32_t row = (int32_t)h->servers[server].row;
    if (h->setup->algorithm->on_pool_change != NULL)
        h->setup->algorithm->on_pool_change(h->tiers[h->servers[server].tier].state, &row, 1,
                                            h->now);
    replay_serve(c->r, server);
    return 0;
}

static int set_nothing(struct command_line *c, uint32_t server, const char *text)
{
    (void)c, (void)server, (void)text;
    return 0;
}

static int set_maintenance(struct command_line *c, uint32_t server, const char *text)
{
    (void)text;
    return set_admin(c, server, "maint");
}

static int set_ready(struct command_line *c, uint32_t server, const char *text)
{
    (void)text;
    return set_admin(c, server, "ready");
}

static int set_port(struct command_line *c, uint32_t server, const char *text)
{
    bool closed = strcmp(text, "closed") == 0;
    if (!closed && strcmp(text, "open") != 0)
        return expected(c, "port open or port closed", text);
    c->r->host.servers[server].refuses = closed;
    return 0;
}

static int set_refuses(struct command_line *c, uint32_t server, const char *text)
{
    (void)text;
    return set_port(c, server, "closed");
}

static int set_answers(struct command_line *c, uint32_t server, const char *text)
{
    (void)text;
    return set_port(c, server, "open");
}

/* Varnish; auto leaves health to probes, of which there are none. */
static int set_sick(struct command_line *c, uint32_t server, const char *text)
{
    bool sick = strcmp(text, "sick") == 0;
    if (!sick && strcmp(text, "healthy") != 0 && strcmp(text, "auto") != 0)
        return expected(c, "sick, healthy or auto", text);
    return set_admin(c, server, sick ? "maint" : "ready");
}

/* S is the server, V the value; every other word stands for itself. */
static const struct {
    const char *words[5];
    int (*run)(struct command_line *c, uint32_t server, const char *value);
} commands[] = {
    {{"set", "server", "S", "state", "V"}, set_admin},
    {{"set", "server", "S", "weight", "V"}, set_weight},
    {{"set", "server", "S", "health", "V"}, set_health},
    {{"set", "weight", "S", "V", NULL}, set_weight},
    {{"set", "maxconn", "server", "S", "V"}, set_limit},
    {{"enable", "server", "S", NULL, NULL}, set_ready},
    {{"disable", "server", "S", NULL, NULL}, set_maintenance},
    /* whether a server is checked, and where, changes nothing while no check runs */
    {{"enable", "health", "S", NULL, NULL}, set_nothing},
    {{"disable", "health", "S", NULL, NULL}, set_nothing},
    {{"enable", "agent", "S", NULL, NULL}, set_nothing},
    {{"disable", "agent", "S", NULL, NULL}, set_nothing},
    {{"backend.set_health", "S", "V", NULL, NULL}, set_sick},
    {{"set", "server", "S", "agent", "V"}, set_nothing},
    {{"set", "server", "S", "addr", "V"}, set_nothing},
    {{"set", "server", "S", "check-addr", "V"}, set_nothing},
    {{"set", "server", "S", "check-port", "V"}, set_nothing},
    /* our own */
    {{"S", "weight", "V", NULL, NULL}, set_weight},
    {{"S", "limit", "V", NULL, NULL}, set_limit},
    {{"S", "down", NULL, NULL, NULL}, set_maintenance},
    {{"S", "up", NULL, NULL, NULL}, set_ready},
    {{"S", "state", "V", NULL, NULL}, set_admin},
    {{"S", "port", "V", NULL, NULL}, set_port},
    {{"S", "refuses", NULL, NULL, NULL}, set_refuses},
    {{"S", "answers", NULL, NULL, NULL}, set_answers},
};

/* Do the words fit row i of the table? Then *server and *value are those of S and V. */
static bool fits(const struct command_line *c, size_t i, const char **server, const char **value)
{
    uint32_t k = 0;
    *value = "";
    for (; k < 5 && commands[i].words[k] != NULL; k++) {
        const char *want = commands[i].words[k];
        if (k == c->count)
            return false;
        if (strcmp(want, "S") == 0)
            *server = c->word[k];
        else if (strcmp(want, "V") == 0)
            *value = c->word[k];
        else if (strcmp(want, c->word[k]) != 0)
            return false;
    }
    return k == c->count;
}

static int run_one(struct replay *r, char *text, uint32_t line, struct lb_error *error)
{
    char *words[WORDS_MAX];
    struct command_line c = {.r = r, .word = words, .line = line, .error = error};
    const char *server = NULL, *value = NULL;
    text[strcspn(text, "(")] = '\0'; /* what stands in parentheses is for people */
    if (!words_split(text, words, &c.count))
        return expected(&c, "fewer words", "more");
    if (c.count == 0)
        return 0;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (!fits(&c, i, &server, &value))
            continue;
        int32_t found = find_server(&c, server);
        return found < 0 ? -1 : commands[i].run(&c, (uint32_t)found, value);
    }
    return expected(&c, "a command about a server, like 'set server B/S state maint' or 'S down'",
                    words[0]);
}

/* Several of them between these characters. */
static int run_each(struct replay *r, const char *text, const char *between, uint32_t line,
                    struct lb_error *error)
{
    char *copy = text_copy(text), *rest = NULL;
    int status = 0;
    for (char *one = strtok_r(copy, between, &rest); one != NULL && status == 0;
         one = strtok_r(NULL, between, &rest))
        status = run_one(r, one, line, error);
    free(copy);
    return status;
}

int replay_command(struct replay *r, const char *text, uint32_t line, struct lb_error *error)
{
    return run_each(r, text, ";", line, error);
}

int replay_phase(struct replay *r, const char *text, uint32_t line, struct lb_error *error)
{
    for (uint32_t i = 0; i < r->setup->server_count; i++)
        r->host.servers[i].refuses = false;
    return strcmp(text, "up") == 0 ? 0 : run_each(r, text, ",;", line, error);
}
