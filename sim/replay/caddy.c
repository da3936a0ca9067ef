/*
 * Caddy: the words of a reverse_proxy directive.
 *
 * Which hash function the policies use depends on the version: FNV-1a up to 2.6, xxHash64 from 2.7;
 * `# program: Caddy 2.7.4` says so, and without it 2.6 is meant.
 *
 * Passive health checks, 2.6: an upstream is available while its failures are fewer than max_fails.
 * That is 0 unless it is written or fail_duration makes it 1, so that a limit of requests alone
 * puts everybody out.
 */
#include <stdio.h>
#include <string.h>

#include "sim/replay/product.h"
#include "sim/replay/words.h"

#define SECOND INT64_C(1000000000)

/* Without a say in who is picked while every server answers. */
static const char *const ignored[] = {
    "lb_try_duration", "lb_try_interval", "lb_retries",  "flush_interval", "header_up",
    "header_down",     "health_uri",      "health_port", "health_path",    "health_interval",
    "health_timeout",  "health_status",   "health_body", "health_headers", "trusted_proxies",
};

static int add_upstreams(struct setup *s, char **word, uint32_t words, struct lb_error *error)
{
    for (uint32_t k = 0; k < words; k++)
        if (setup_add(s, word[k], error) == NULL)
            return -1;
    return 0;
}

/* Is this 2.7 or newer? */
static bool is_newer(const struct setup *s)
{
    const char *program = recording_value(s->recording, "program");
    unsigned major, minor;
    const char *caddy = program != NULL ? strstr(program, "Caddy ") : NULL;
    if (caddy == NULL || sscanf(caddy + 6, "%3u.%3u", &major, &minor) != 2)
        return false;
    return major > 2 || (major == 2 && minor >= 7);
}

/* weighted_round_robin 3 2 1: the weights in the order of the upstreams, which may stand below. */
static int read_weights(struct setup *s, char **word, uint32_t words, struct lb_error *error)
{
    uint64_t weight;
    if (words != s->server_count)
        return setup_fail(s, "config", error,
                          "weighted_round_robin: expected %u weights after the "
                          "upstreams, found %u",
                          (unsigned)s->server_count, (unsigned)words);
    for (uint32_t k = 0; k < words; k++) {
        if (!words_number(word[k], 0, SETUP_WEIGHT_MAX, &weight))
            return setup_fail(s, "config", error, "expected a weight, found '%.60s'", word[k]);
        s->servers[k].weight = (uint32_t)weight;
    }
    return 0;
}

static int read_policy(struct setup *s, char **word, uint32_t words, struct lb_error *error)
{
    static const struct {
        const char *policy, *name;
        uint32_t arguments;
        bool hash, by_source;
    } policies[] = {
        {"round_robin", "caddy-round-robin", 0, false, false},
        {"first", "caddy-first", 0, false, false},
        {"least_conn", "caddy-least-conn", 0, false, false},
        {"random", "caddy-random", 0, false, false},
        {"random_choose", "caddy-random-choose", 1, false, false},
        {"weighted_round_robin", "caddy-weighted-round-robin", WORDS_MAX, false, false},
        {"header", "caddy-hash", 1, true, false},
        {"query", "caddy-hash", 1, true, false},
        {"uri_hash", "caddy-hash", 0, true, false},
        {"ip_hash", "caddy-ip-hash", 0, true, true},
        {"client_ip_hash", "caddy-ip-hash", 0, true, true},
    };
    size_t i = 0, count = sizeof policies / sizeof policies[0];
    while (words > 0 && i < count && strcmp(policies[i].policy, word[0]) != 0)
        i++;
    if (words == 0 || i == count)
        return setup_refuse(s, "lb_policy", words > 0 ? word[0] : "", error);
    if (policies[i].arguments != WORDS_MAX && words > 1 + policies[i].arguments)
        return setup_refuse(s, word[0], word[words - 1], error);
    s->by_source = policies[i].by_source;
    if (setup_method(s, "config", policies[i].name, error) != 0)
        return -1;
    if (policies[i].arguments == WORDS_MAX)
        return read_weights(s, word + 1, words - 1, error);
    if (strcmp(word[0], "random_choose") == 0)
        return setup_word(s, "config", "choices", words > 1 ? word[1] : "2", error);
    if (!policies[i].hash)
        return 0;
    return setup_word(s, "config", "function", is_newer(s) ? "xxhash" : "fnv1a", error);
}

static int read_limit(struct setup *s, char **word, uint32_t words, struct lb_error *error)
{
    uint64_t limit;
    if (words != 2 || !words_number(word[1], 1, UINT32_MAX, &limit))
        return setup_fail(s, "config", error, "%s: expected a number", word[0]);
    for (uint32_t i = 0; i < s->server_count; i++)
        s->servers[i].max_in_flight = (uint32_t)limit;
    return 0;
}

/* What is said of passive checks, which are on as soon as one of their words is there. */
struct passive {
    bool on, tolerant; /* tolerant: max_fails is not 0 */
};

static int read_passive(struct setup *s, struct passive *passive, char **word, uint32_t words,
                        struct lb_error *error)
{
    uint64_t fails;
    lb_time duration;
    if (strcmp(word[0], "unhealthy_request_count") == 0) {
        passive->on = true;
        return read_limit(s, word, words, error);
    }
    if (strcmp(word[0], "max_fails") == 0) {
        if (words != 2 || !words_number(word[1], 0, UINT32_MAX, &fails))
            return setup_fail(s, "config", error, "max_fails: expected a number");
        passive->tolerant = passive->tolerant || fails > 0;
    } else if (strcmp(word[0], "fail_duration") == 0) {
        if (words != 2 || !words_time(word[1], SECOND, &duration))
            return setup_fail(s, "config", error, "fail_duration: expected a time");
        passive->tolerant = passive->tolerant || duration > 0;
    } else {
        return 1;
    }
    passive->on = true;
    return 0;
}

static int read_line(struct setup *s, char **word, uint32_t words, struct lb_error *error)
{
    if (strcmp(word[0], "reverse_proxy") == 0)
        return add_upstreams(s, word + 1, words - 1 - (strcmp(word[words - 1], "{") == 0), error);
    if (strcmp(word[0], "to") == 0)
        return add_upstreams(s, word + 1, words - 1, error);
    if (strcmp(word[0], "lb_policy") == 0)
        return read_policy(s, word + 1, words - 1, error);
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        if (strcmp(ignored[i], word[0]) == 0)
            return 0;
    return setup_refuse(s, "reverse_proxy", word[0], error);
}

int caddy_read(struct setup *s, struct lb_error *error)
{
    char *words[WORDS_MAX], *rest = NULL;
    char *text = setup_keep(s, recording_value(s->recording, "config"));
    uint32_t count, transport = 0; /* how deep in a transport block, which is about connections */
    struct passive passive = {false, false};
    words_unfold(text);
    if (setup_method(s, "config", "caddy-random", error) != 0)
        return -1;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        if (!words_split(line, words, &count))
            return setup_fail(s, "config", error, "more than %u words in a line", WORDS_MAX);
        if (count == 0 || words[0][0] == '#')
            continue;
        bool opens = strcmp(words[count - 1], "{") == 0, closes = strcmp(words[0], "}") == 0;
        if (transport > 0 || strcmp(words[0], "transport") == 0)
            transport += (opens ? 1U : 0U) - (closes ? 1U : 0U);
        else if (!closes) {
            int status = read_passive(s, &passive, words, count, error);
            if (status > 0)
                status = read_line(s, words, count, error);
            if (status != 0)
                return -1;
        }
    }
    for (uint32_t i = 0; i < s->server_count && passive.on && !passive.tolerant; i++)
        s->servers[i].down = !is_newer(s);
    return 0;
}
