/*
 * HAProxy: the words of a backend section, as 2.6 reads them.
 */
#include "sim/replay/haproxy.h"

#include <string.h>

#include "sim/replay/product.h"
#include "sim/replay/words.h"

/* Without a say in who is picked: what is logged, how long is waited, what is checked. */
static const char *const ignored[] = {
    "mode",        "timeout",  "log",           "http-reuse",  "http-check",  "tcp-check",
    "description", "bind",     "maxconn",       "nbthread",    "compression", "errorfile",
    "id",          "log-tag",  "enabled",       "email-alert", "monitor-uri", "stats",
    "global",      "defaults", "spread-checks", "source",
};

static const char *const ignored_options[] = {
    "httpchk",
    "tcp-check",
    "httpclose",
    "http-server-close",
    "http-keep-alive",
    "forwardfor",
    "httplog",
    "tcplog",
    "dontlognull",
    "abortonclose",
    "log-health-checks",
    "tcp-smart-connect",
    "tcpka",
    "srvtcpka",
    "clitcpka",
    "prefer-last-server-not",
    "splice-auto",
    "splice-request",
    "splice-response",
    "forceclose",
    "http-pretend-keepalive",
    "dontlog-normal",
    "log-separate-errors",
    "logasap",
    "contstats",
};

static bool among(const char *word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], word) == 0)
            return true;
    return false;
}

/* --- directives ------------------------------------------------------------------------------- */

static int section(struct haproxy_reader *r, char **word, uint32_t words)
{
    (void)word;
    if (words != 2 || r->section)
        return setup_fail(r->s, "config", r->error, "expected one 'backend NAME'");
    r->section = true;
    return 0;
}

/* "random(3)" or "random 3": the number in it. */
static int read_draws(struct haproxy_reader *r, char *word)
{
    char *open = strchr(word, '(');
    if (open == NULL)
        return 0;
    *open = '\0';
    open[1 + strcspn(open + 1, ")")] = '\0';
    if (!words_number(open + 1, 1, 1000, &r->draws))
        return setup_fail(r->s, "config", r->error,
                          "balance random: expected a number of draws, "
                          "found '%.60s'",
                          open + 1);
    return 0;
}

/* What limits the part of a URI that is hashed. */
static int read_uri(struct haproxy_reader *r, char **word, uint32_t words)
{
    struct setup_haproxy *h = &r->s->haproxy;
    h->uri = true;
    for (uint32_t k = 2; k < words; k++) {
        uint64_t *value = strcmp(word[k], "len") == 0     ? &h->uri_length
                          : strcmp(word[k], "depth") == 0 ? &h->uri_depth
                                                          : NULL;
        if (strcmp(word[k], "whole") == 0)
            h->uri_whole = true;
        else if (strcmp(word[k], "path-only") == 0)
            h->uri_path_only = true;
        else if (value == NULL)
            return setup_refuse(r->s, "balance uri", word[k], r->error);
        else if (k + 1 == words || !words_number(word[++k], 1, 1000000, value))
            return setup_fail(r->s, "config", r->error, "balance uri: expected a number");
    }
    return 0;
}

static int balance(struct haproxy_reader *r, char **word, uint32_t words)
{
    if (words < 2)
        return setup_fail(r->s, "config", r->error, "expected a method after 'balance'");
    r->balance = word[1];
    if (strncmp(word[1], "random", 6) == 0)
        return read_draws(r, word[1]);
    if (strcmp(word[1], "uri") == 0)
        return read_uri(r, word, words);
    if (strcmp(word[1], "url_param") == 0 || strcmp(word[1], "hash") == 0)
        return words == 3 ? 0 : setup_refuse(r->s, "balance", word[words - 1], r->error);
    return words == 2 ? 0 : setup_refuse(r->s, word[1], word[2], r->error);
}

static int hash_type(struct haproxy_reader *r, char **word, uint32_t words)
{
    static const char *const functions[] = {"sdbm", "djb2", "wt6", "crc32"};
    if (words < 2)
        return setup_fail(r->s, "config", r->error, "expected map-based or consistent");
    r->consistent = strcmp(word[1], "consistent") == 0;
    if (!r->consistent && strcmp(word[1], "map-based") != 0)
        return setup_refuse(r->s, "hash-type", word[1], r->error);
    /* consistent without another word is sdbm and avalanche */
    r->avalanche = r->consistent && words == 2;
    for (uint32_t k = 2; k < words; k++) {
        if (strcmp(word[k], "avalanche") == 0)
            r->avalanche = true;
        else if (k == 2 && among(word[k], functions, 4))
            r->function = word[k];
        else
            return setup_refuse(r->s, "hash-type", word[k], r->error);
    }
    return 0;
}

static int balance_factor(struct haproxy_reader *r, char **word, uint32_t words)
{
    if (words != 2 || !words_number(word[1], 0, 65535, &r->factor) ||
        (r->factor > 0 && r->factor <= 100))
        return setup_fail(r->s, "config", r->error,
                          "hash-balance-factor: expected 0, or more than "
                          "100");
    return 0;
}

static int option(struct haproxy_reader *r, char **word, uint32_t words)
{
    struct setup_haproxy *h = &r->s->haproxy;
    const char *name = words > 1 ? word[1] : "";
    if (strcmp(name, "allbackups") == 0) {
        h->all_backups = true;
    } else if (strcmp(name, "persist") == 0) {
        h->persist = true;
    } else if (strcmp(name, "redispatch") == 0) {
        uint64_t every = 1;
        bool negative = words > 2 && word[2][0] == '-';
        if (words > 2 && !words_number(word[2] + (negative ? 1 : 0), 0, 10000, &every))
            return setup_fail(r->s, "config", r->error, "option redispatch: expected a number");
        h->redispatch = every != 0;
        h->redispatch_after = negative || words == 2 ? -(int64_t)every : (int64_t)every;
    } else if (!among(name, ignored_options, sizeof ignored_options / sizeof ignored_options[0])) {
        return setup_refuse(r->s, "option", name, r->error);
    }
    return 0;
}

static int without(struct haproxy_reader *r, char **word, uint32_t words)
{
    struct setup_haproxy *h = &r->s->haproxy;
    const char *name = words == 3 && strcmp(word[1], "option") == 0 ? word[2] : "";
    if (strcmp(name, "redispatch") == 0)
        h->redispatch = false;
    else if (strcmp(name, "allbackups") == 0)
        h->all_backups = false;
    else if (strcmp(name, "persist") == 0)
        h->persist = false;
    else if (!among(name, ignored_options, sizeof ignored_options / sizeof ignored_options[0]))
        return setup_refuse(r->s, "no", words > 2 ? word[2] : "", r->error);
    return 0;
}

static int retries(struct haproxy_reader *r, char **word, uint32_t words)
{
    if (words != 2 || !words_number(word[1], 0, 1000, &r->s->haproxy.retries))
        return setup_fail(r->s, "config", r->error, "retries: expected a number from 0 to 1000");
    return 0;
}

static const struct {
    const char *word;
    haproxy_directive *read;
} directives[] = {
    {"backend", section},
    {"listen", section},
    {"balance", balance},
    {"hash-type", hash_type},
    {"hash-balance-factor", balance_factor},
    {"server", haproxy_server},
    {"default-server", haproxy_default_server},
    {"option", option},
    {"no", without},
    {"retries", retries},
    {"cookie", haproxy_cookie},
    {"stick-table", haproxy_stick_table},
    {"stick", haproxy_stick},
};

static int read_line(struct haproxy_reader *r, char *line)
{
    char *words[WORDS_MAX];
    uint32_t count;
    line[strcspn(line, "#")] = '\0';
    if (!words_split(line, words, &count))
        return setup_fail(r->s, "config", r->error, "more than %u words in a line", WORDS_MAX);
    if (count == 0)
        return 0;
    for (size_t i = 0; i < sizeof directives / sizeof directives[0]; i++)
        if (strcmp(directives[i].word, words[0]) == 0)
            return directives[i].read(r, words, count);
    if (among(words[0], ignored, sizeof ignored / sizeof ignored[0]))
        return 0;
    return setup_refuse(r->s, "backend", words[0], r->error);
}

/* --- the method ------------------------------------------------------------------------------- */

/* The parameters that hashing methods share; a function only where there is a choice of one. */
static int read_hash_params(struct haproxy_reader *r, bool choose)
{
    struct setup *s = r->s;
    s->haproxy.dynamic = r->consistent;
    if (setup_word(s, "config", "type", r->consistent ? "consistent" : "map-based", r->error) !=
            0 ||
        setup_word(s, "config", "avalanche", r->avalanche ? "yes" : "no", r->error) != 0)
        return -1;
    if (choose && r->function != NULL &&
        setup_word(s, "config", "function", r->function, r->error) != 0)
        return -1;
    if (r->balance != NULL && strcmp(r->balance, "url_param") == 0 &&
        setup_number(s, "config", "turn-alone", 1, r->error) != 0)
        return -1;
    if (r->factor == 0)
        return 0;
    return setup_number(s, "config", "balance-factor", (double)r->factor, r->error);
}

static int read_method(struct haproxy_reader *r)
{
    static const struct {
        const char *balance, *name;
        bool dynamic, in_turn, in_line;
    } methods[] = {
        {"roundrobin", "haproxy-roundrobin", true, true, true},
        {"static-rr", "haproxy-static-rr", false, true, true},
        {"leastconn", "haproxy-leastconn", true, true, false},
        {"first", "haproxy-first", true, true, true},
        {"random", "haproxy-random", true, true, false},
    };
    struct setup *s = r->s;
    const char *word = r->balance != NULL ? r->balance : "roundrobin";
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(methods[i].balance, word) != 0)
            continue;
        s->haproxy.dynamic = methods[i].dynamic;
        s->haproxy.in_turn = methods[i].in_turn;
        s->haproxy.in_line = methods[i].in_line;
        if (setup_method(s, "config", methods[i].name, r->error) != 0)
            return -1;
        return r->draws == 0 ? 0 : setup_number(s, "config", "draws", (double)r->draws, r->error);
    }
    s->by_source = strcmp(word, "source") == 0;
    if (s->by_source)
        return setup_method(s, "config", "haproxy-source", r->error) != 0
                   ? -1
                   : read_hash_params(r, false);
    bool hashed = strcmp(word, "uri") == 0 || strcmp(word, "url_param") == 0 ||
                  strcmp(word, "hash") == 0 || strncmp(word, "hdr(", 4) == 0 ||
                  strncmp(word, "rdp-cookie", 10) == 0;
    if (!hashed)
        return setup_refuse(s, "balance", word, r->error);
    return setup_method(s, "config", "haproxy-hash", r->error) != 0 ? -1
                                                                    : read_hash_params(r, true);
}

/* What follows " ; " belongs to the defaults: directives between commas. */
static int read_defaults(struct haproxy_reader *r, char *text)
{
    char *rest = NULL;
    text += strspn(text, " ");
    if (strncmp(text, "defaults:", 9) == 0)
        text += 9;
    for (char *one = strtok_r(text, ",", &rest); one != NULL; one = strtok_r(NULL, ",", &rest))
        if (read_line(r, one) != 0)
            return -1;
    return 0;
}

int haproxy_read(struct setup *s, struct lb_error *error)
{
    struct haproxy_reader r = {.s = s, .error = error, .initial = {.weight = 1}};
    char *text = setup_keep(s, recording_value(s->recording, "config"));
    char *defaults = strstr(text, " ; ");
    if (defaults != NULL) {
        *defaults = '\0';
        defaults += 3;
    }
    s->one_backup = true;
    s->haproxy.retries = 3;
    s->haproxy.redispatch_after = -1;
    if (defaults != NULL && read_defaults(&r, defaults) != 0)
        return -1;
    words_unfold(text);
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        if (read_line(&r, line) != 0)
            return -1;
    if (read_method(&r) != 0)
        return -1;
    s->one_pool = !s->haproxy.dynamic; /* the static map is one, and so is its position */
    return 0;
}
