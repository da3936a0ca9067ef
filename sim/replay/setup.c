/* See setup.h: what the readers share. */
#include "sim/replay/setup.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "algorithms/registry.h"
#include "sim/base/check.h"
#include "sim/replay/product.h"
#include "sim/replay/words.h"

char *setup_keep(struct setup *s, const char *text)
{
    size_t room = s->buffer_count == 0 ? 1 : 2 * (size_t)s->buffer_count;
    if ((s->buffer_count & (s->buffer_count - 1)) == 0)
        s->buffers = text_need_more(s->buffers, room * sizeof *s->buffers);
    s->buffers[s->buffer_count] = text_copy(text);
    return s->buffers[s->buffer_count++];
}

int setup_fail(const struct setup *s, const char *key, struct lb_error *error, const char *format,
               ...)
{
    char text[sizeof error->text - 32];
    const struct recording_header *header = recording_find(s->recording, key);
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    return recording_fail(s->recording, header != NULL ? header->line : 1, error, "%s", text);
}

int setup_refuse(const struct setup *s, const char *what, const char *word, struct lb_error *error)
{
    return setup_fail(s, "config", error,
                      "%.80s: '%.80s' is not obeyed by this replay, and might "
                      "change the picks",
                      what, word);
}

struct setup_server *setup_add(struct setup *s, const char *address, struct lb_error *error)
{
    uint32_t n = s->server_count;
    if (n == SETUP_SERVERS_MAX) {
        (void)recording_fail(s->recording, 1, error, "more than %u servers", SETUP_SERVERS_MAX);
        return NULL;
    }
    if ((n & (n - 1)) == 0)
        s->servers = text_need_more(s->servers, (n == 0 ? 1 : 2 * n) * sizeof *s->servers);
    struct setup_server *server = &s->servers[s->server_count++];
    *server = (struct setup_server){.address = address, .id = n + 1, .weight = 1};
    (void)snprintf(server->label, sizeof server->label, "s%u", (unsigned)(n + 1) % 10000);
    return server;
}

int setup_method(struct setup *s, const char *key, const char *name, struct lb_error *error)
{
    const char *names[512];
    uint32_t count = 0;
    s->algorithm = lb_registry_find(name);
    if (s->algorithm != NULL) {
        lb_assert(lb_param_count(s->algorithm) <= SETUP_PARAMS_MAX);
        for (uint32_t i = 0; i < lb_param_count(s->algorithm); i++)
            s->values[i] = s->algorithm->params[i].value;
        return 0;
    }
    while (count < lb_registry_count() && count < sizeof names / sizeof names[0]) {
        names[count] = lb_registry_at(count)->name;
        count++;
    }
    const char *near = text_nearest(name, names, count);
    return setup_fail(s, key, error, "there is no algorithm '%.60s'%s%s%s", name,
                      near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                      near != NULL ? "'?" : "");
}

/* The place of the parameter, or -1 with *error and the nearest name. */
static int find_param(const struct setup *s, const char *key, const char *param,
                      struct lb_error *error)
{
    const char *names[SETUP_PARAMS_MAX];
    uint32_t count = lb_param_count(s->algorithm);
    int at = lb_param_find(s->algorithm, param);
    if (at >= 0)
        return at;
    for (uint32_t i = 0; i < count; i++)
        names[i] = s->algorithm->params[i].name;
    const char *near = text_nearest(param, names, count);
    return setup_fail(s, key, error, "%s has no parameter '%.60s'%s%s%s", s->algorithm->name, param,
                      near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                      near != NULL ? "'?" : "");
}

int setup_number(struct setup *s, const char *key, const char *param, double value,
                 struct lb_error *error)
{
    int at = find_param(s, key, param, error);
    if (at < 0)
        return -1;
    const struct lb_param *p = &s->algorithm->params[at];
    if (!(value >= p->min && value <= p->max))
        return setup_fail(s, key, error, "%s: %s must be from %g to %g, not %g", s->algorithm->name,
                          param, p->min, p->max, value);
    s->values[at] = value;
    return 0;
}

int setup_word(struct setup *s, const char *key, const char *param, const char *word,
               struct lb_error *error)
{
    int at = find_param(s, key, param, error);
    if (at < 0)
        return -1;
    const struct lb_param *p = &s->algorithm->params[at];
    double number;
    lb_time time;
    for (int i = 0; p->choices != NULL && p->choices[i] != NULL; i++) {
        if (strcmp(p->choices[i], word) == 0) {
            s->values[at] = i;
            return 0;
        }
    }
    if (p->choices == NULL && strcmp(p->unit, "bool") == 0) {
        bool yes = strcmp(word, "yes") == 0 || strcmp(word, "true") == 0;
        if (yes || strcmp(word, "no") == 0 || strcmp(word, "false") == 0) {
            s->values[at] = yes;
            return 0;
        }
    }
    if (p->choices == NULL && strcmp(p->unit, "ns") == 0 && words_time(word, 1, &time))
        return setup_number(s, key, param, (double)time, error);
    if (p->choices == NULL && words_real(word, &number))
        return setup_number(s, key, param, number, error);
    return setup_fail(s, key, error, "%s: %s cannot be '%.60s'; see 'lbsim algorithms %s'",
                      s->algorithm->name, param, word, s->algorithm->name);
}

int32_t setup_find(const struct setup *s, const char *word)
{
    uint64_t number;
    for (uint32_t i = 0; i < s->server_count; i++)
        if (s->servers[i].name != NULL && strcmp(s->servers[i].name, word) == 0)
            return (int32_t)i;
    if (word[0] == 's' && words_number(word + 1, 1, s->server_count, &number) && word[1] != '0')
        return (int32_t)(number - 1);
    return -1;
}

/* Keys that a reader looks at, and those that only people do. */
static const char *const known[] = {
    "kind",           "config",
    "algorithm",      "weights",
    "director",       "hosts",
    "params",         "limits",
    "down",           "backups",
    "held",           "N",
    "command",        "initial",
    "counter_start",  "table_size",
    "program",        "hosts_before",
    "hosts_after",    "request_bytes",
    "response_bytes", "what",
    "method",         "target_held",
    "table_sha256",   "table_sha256_note",
    "ring_size",      "scaled_weights",
    "first_points",
};

/* A slip in a key must not change what is replayed. */
static int check_keys(const struct recording *r, struct lb_error *error)
{
    size_t count = sizeof known / sizeof known[0];
    for (uint32_t i = 0; i < r->header_count; i++) {
        const char *near = text_nearest(r->headers[i].key, known, count);
        if (near != NULL && strcmp(near, r->headers[i].key) != 0)
            return recording_fail(r, r->headers[i].line, error,
                                  "'%.60s' is not known; did you mean '%s'?", r->headers[i].key,
                                  near);
    }
    return 0;
}

int setup_check(struct setup *s, struct lb_error *error)
{
    const struct lb_algorithm *algorithm = s->algorithm;
    uint32_t rows[SETUP_TIERS_MAX] = {0};
    if (s->server_count == 0)
        return setup_fail(s, "config", error, "expected servers, found none");
    for (uint32_t i = 0; i < s->server_count; i++) {
        struct setup_server *server = &s->servers[i];
        if (server->name == NULL)
            server->name = server->label;
        if (server->address == NULL)
            server->address = server->name;
        if (server->tier >= SETUP_TIERS_MAX)
            return setup_fail(s, "config", error, "more than %u tiers", SETUP_TIERS_MAX);
        rows[server->tier]++;
        s->tiers = server->tier >= s->tiers ? server->tier + 1 : s->tiers;
    }
    for (uint32_t t = 0; t < s->tiers; t++)
        if (algorithm->backends_max != 0 && rows[t] > algorithm->backends_max)
            return setup_fail(s, "config", error, "%s bears at most %u servers", algorithm->name,
                              (unsigned)algorithm->backends_max);
    if (lb_ideal(algorithm))
        return setup_fail(s, "algorithm", error, "%s is an ideal that no recording can feed",
                          algorithm->name);
    return 0;
}

int setup_read(struct setup *s, const struct recording *r, struct lb_error *error)
{
    *s = (struct setup){.recording = r};
    if (check_keys(r, error) != 0)
        return -1;
    s->product = product_of(r, error);
    if (s->product == NULL)
        return -1;
    if (s->product->read(s, error) != 0)
        return -1;
    return s->algorithm == NULL ? 0 : setup_check(s, error);
}

void setup_done(struct setup *s)
{
    for (uint32_t i = 0; i < s->buffer_count; i++)
        free(s->buffers[i]);
    free(s->buffers);
    free(s->servers);
    text_done(&s->haproxy.cookie_tail);
    text_done(&s->nginx.cookie_tail);
}
