/*
 * Apache: the words of a <Proxy balancer://...> section.
 *
 * The workers of one lbset are asked before those of the next, and within a set the hot standbys only
 * when none of the others is usable: each is a tier. bytraffic counts all bytes that an exchange
 * moves, of which recordings have the body only; see `assume_bytes`.
 */
#include <stdlib.h>
#include <string.h>

#include "algorithms/registry.h"
#include "sim/replay/product.h"
#include "sim/replay/words.h"

#define SET_MAX 99 /* Apache's own limit of lbset */

/* Of a worker, and without a say in who is picked. */
static const char *const ignored[] = {
    "disablereuse", "connectiontimeout",
    "timeout",      "retry",
    "keepalive",    "flushpackets",
    "max",          "smax",
    "ttl",          "acquire",
    "ping",         "route",
    "iobuffersize", "receivebuffersize",
    "enablereuse",  "flushwait",
    "upgrade",      "min",
};

/* "+H-E", or a letter alone: the states that a worker starts with. */
static int read_status(struct setup *s, struct setup_server *server, const char *text,
                       struct lb_error *error)
{
    bool on = true;
    for (; *text != '\0'; text++) {
        if (*text == '+' || *text == '-')
            on = *text == '+';
        else if (strchr("dDsSnN", *text) != NULL) /* disabled, stopped, draining */
            server->down = on;
        else if (strchr("rR", *text) != NULL)
            server->spare = on;
        else if (strchr("hH", *text) != NULL)
            server->tier = on ? server->tier | 1 : server->tier & ~1U;
        else if (strchr("iIeE", *text) == NULL) /* one in error at the start is tried at once */
            return setup_refuse(s, "status", text, error);
    }
    return 0;
}

static int read_pair(struct setup *s, struct setup_server *server, char *word,
                     struct lb_error *error)
{
    char *value = strchr(word, '=');
    double factor;
    uint64_t set;
    if (value == NULL)
        return setup_fail(s, "config", error, "expected NAME=VALUE, found '%.60s'", word);
    *value++ = '\0';
    if (strcmp(word, "loadfactor") == 0) {
        if (!words_real(value, &factor) || factor < 1 || factor > 100)
            return setup_fail(s, "config", error,
                              "loadfactor: expected a number from 1 to 100, "
                              "found '%.60s'",
                              value);
        server->rate = factor;
    } else if (strcmp(word, "lbset") == 0) {
        if (!words_number(value, 0, SET_MAX, &set))
            return setup_fail(s, "config", error,
                              "lbset: expected a number from 0 to %d, found "
                              "'%.60s'",
                              SET_MAX, value);
        server->tier = (uint32_t)set * 2 + (server->tier & 1);
    } else if (strcmp(word, "status") == 0) {
        return read_status(s, server, value, error);
    } else {
        for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
            if (strcmp(ignored[i], word) == 0)
                return 0;
        return setup_refuse(s, "BalancerMember", word, error);
    }
    return 0;
}

static int read_member(struct setup *s, char **word, uint32_t words, struct lb_error *error)
{
    if (words < 2)
        return setup_fail(s, "config", error, "expected an address after BalancerMember");
    struct setup_server *server = setup_add(s, word[1], error);
    if (server == NULL)
        return -1;
    char *scheme = strstr(word[1], "://");
    server->address = scheme != NULL ? scheme + 3 : word[1];
    server->rate = 1;
    for (uint32_t k = 2; k < words; k++)
        if (read_pair(s, server, word[k], error) != 0)
            return -1;
    return 0;
}

static int read_set(struct setup *s, char **word, uint32_t words, struct lb_error *error)
{
    static const char *const methods[][2] = {{"byrequests", "apache-byrequests"},
                                             {"bytraffic", "apache-bytraffic"},
                                             {"bybusyness", "apache-bybusyness"}};
    for (uint32_t k = 1; k < words; k++) {
        const char *method = words_after(word[k], "lbmethod");
        size_t i = 0;
        while (method != NULL && i < 3 && strcmp(methods[i][0], method) != 0)
            i++;
        if (method == NULL && words_after(word[k], "growth") == NULL &&
            words_after(word[k], "timeout") == NULL && words_after(word[k], "maxattempts") == NULL)
            return setup_refuse(s, "ProxySet", word[k], error);
        if (method != NULL && i == 3)
            return setup_refuse(s, "lbmethod", method, error);
        if (method != NULL && setup_method(s, "config", methods[i][1], error) != 0)
            return -1;
    }
    return 0;
}

static int read_line(struct setup *s, char *line, struct lb_error *error)
{
    char *words[WORDS_MAX];
    uint32_t count;
    if (!words_split(line, words, &count))
        return setup_fail(s, "config", error, "more than %u words in a line", WORDS_MAX);
    if (count == 0 || words[0][0] == '#' || strcmp(words[0], "<Proxy") == 0 ||
        strcmp(words[0], "</Proxy>") == 0)
        return 0;
    if (strcmp(words[0], "BalancerMember") == 0)
        return read_member(s, words, count, error);
    if (strcmp(words[0], "ProxySet") == 0)
        return read_set(s, words, count, error);
    return setup_refuse(s, "Proxy", words[0], error);
}

/* Tiers without gaps, in the order of the numbers that the sets and standbys gave. */
static void renumber(struct setup *s)
{
    uint32_t order[2 * (SET_MAX + 1)] = {0}, next = 0;
    for (uint32_t i = 0; i < s->server_count; i++)
        order[s->servers[i].tier] = 1;
    for (size_t k = 0; k < sizeof order / sizeof order[0]; k++)
        order[k] = order[k] != 0 ? next++ : 0;
    for (uint32_t i = 0; i < s->server_count; i++)
        s->servers[i].tier = order[s->servers[i].tier];
}

/*
 * Hot spares: in each set as many take part, like anybody else, as others of the set are unusable,
 * in the order of their lines; but they are asked last. Standbys count for nothing here.
 */
static void call_spares(struct setup *s)
{
    uint32_t missing[SET_MAX + 1] = {0};
    for (uint32_t i = 0; i < s->server_count; i++) {
        const struct setup_server *server = &s->servers[i];
        missing[server->tier / 2] +=
            server->down && !server->spare && server->tier % 2 == 0 ? 1U : 0U;
    }
    for (uint32_t i = 0; i < s->server_count; i++) {
        struct setup_server *server = &s->servers[i];
        if (!server->spare || server->down)
            continue;
        uint32_t set = server->tier / 2;
        server->tier = set * 2; /* a spare is no standby, whatever is written */
        server->down = missing[set] == 0;
        missing[set] -= missing[set] > 0 ? 1U : 0U;
    }
}

/* Load factors are kept in hundredths, cut; whole ones stay as they are written. */
static int set_weights(struct setup *s, struct lb_error *error)
{
    bool whole = true;
    for (uint32_t i = 0; i < s->server_count; i++)
        whole = whole && s->servers[i].rate == (double)(uint32_t)s->servers[i].rate;
    for (uint32_t i = 0; i < s->server_count; i++) {
        s->servers[i].weight = (uint32_t)(s->servers[i].rate * (whole ? 1 : 100));
        s->servers[i].rate = 0;
    }
    if (lb_param_find(s->algorithm, "hundredths") < 0)
        return 0;
    return setup_word(s, "config", "hundredths", whole ? "no" : "yes", error);
}

/*
 * What bytraffic counts besides the body: the request as sent, and the status line without its line
 * break. Recordings may say it; else we start from the sizes that explain the first recordings there
 * were, and replay.c goes on to others where these do not explain all.
 */
static int assume_bytes(struct setup *s, struct lb_error *error)
{
    const char *request = recording_value(s->recording, "request_bytes");
    const char *response = recording_value(s->recording, "response_bytes");
    s->bytes = (struct setup_bytes){.request = 162, .response = 13};
    s->bytes.given = request != NULL;
    if (request != NULL && !words_number(request, 0, UINT32_MAX, &s->bytes.request))
        return setup_fail(s, "request_bytes", error, "expected a number of bytes");
    if (response != NULL && !words_number(response, 0, UINT32_MAX, &s->bytes.response))
        return setup_fail(s, "response_bytes", error, "expected a number of bytes");
    return 0;
}

int apache_read(struct setup *s, struct lb_error *error)
{
    char *text = setup_keep(s, recording_value(s->recording, "config")), *rest = NULL;
    words_unfold(text);
    if (setup_method(s, "config", "apache-byrequests", error) != 0)
        return -1;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        if (read_line(s, line, error) != 0)
            return -1;
    call_spares(s);
    renumber(s);
    if (set_weights(s, error) != 0)
        return -1;
    return assume_bytes(s, error);
}
