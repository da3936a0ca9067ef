/*
 * nginx: the words of an upstream block, and the life of one request.
 *
 * A request is tried as nginx 1.22.1 tries it: at most as many tries as there are peers that are not
 * `down`; primaries first, and once the backups have been turned to, only they; a refused connection
 * is a failure; a status counts as a failure and is passed on only when proxy_next_upstream lists it
 * and another try is left.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/replay/product.h"
#include "sim/replay/words.h"

#define SECOND INT64_C(1000000000)

/* Of the upstream or its location, and without a say in who is picked. */
static const char *const ignored[] = {
    "zone",
    "keepalive",
    "keepalive_requests",
    "keepalive_timeout",
    "keepalive_time",
    "proxy_http_version",
    "proxy_set_header",
    "proxy_pass",
    "proxy_buffering",
    "proxy_read_timeout",
    "proxy_connect_timeout",
    "proxy_send_timeout",
    "proxy_next_upstream_timeout", /* every try here ends at once */
};

static int server_word(struct setup *s, struct setup_server *server, const char *word,
                       struct lb_error *error)
{
    uint64_t number;
    const char *value;
    bool fine = true;
    if (strcmp(word, "backup") == 0) {
        server->tier = 1;
    } else if (strcmp(word, "down") == 0) {
        server->down = true;
    } else if ((value = words_after(word, "weight")) != NULL) {
        fine = words_number(value, 1, SETUP_WEIGHT_MAX, &number);
        server->weight = fine ? (uint32_t)number : 1;
    } else if ((value = words_after(word, "max_conns")) != NULL) {
        fine = words_number(value, 0, UINT32_MAX, &number);
        server->max_in_flight = fine ? (uint32_t)number : 0;
    } else if ((value = words_after(word, "max_fails")) != NULL) {
        fine = words_number(value, 0, UINT32_MAX, &number);
        server->max_fails = fine ? (uint32_t)number : 0;
    } else if ((value = words_after(word, "fail_timeout")) != NULL) {
        fine = words_time(value, SECOND, &server->fail_timeout);
    } else if ((value = words_after(word, "route")) != NULL) {
        server->cookie = value;
    } else {
        return setup_refuse(s, server->address, word, error);
    }
    if (!fine)
        return setup_fail(s, "config", error, "server %.80s: expected a number in range: '%.60s'",
                          server->address, word);
    return 0;
}

static int read_server(struct setup *s, char **word, uint32_t words, struct lb_error *error)
{
    if (words < 2)
        return setup_fail(s, "config", error, "expected an address after 'server'");
    struct setup_server *server = setup_add(s, word[1], error);
    if (server == NULL)
        return -1;
    server->max_fails = 1;
    server->fail_timeout = 10 * SECOND;
    for (uint32_t k = 2; k < words; k++)
        if (server_word(s, server, word[k], error) != 0)
            return -1;
    return 0;
}

static int read_next_upstream(struct setup *s, char **word, uint32_t words, struct lb_error *error)
{
    uint64_t status;
    s->nginx.next_on_error = false;
    for (uint32_t k = 1; k < words; k++) {
        if (strcmp(word[k], "error") == 0)
            s->nginx.next_on_error = true;
        else if (strncmp(word[k], "http_", 5) == 0 &&
                 words_number(word[k] + 5, 400, 599, &status) &&
                 s->nginx.next_on_count < SETUP_STATUSES_MAX)
            s->nginx.next_on[s->nginx.next_on_count++] = (int)status;
        else if (strcmp(word[k], "timeout") != 0 && strcmp(word[k], "off") != 0 &&
                 strcmp(word[k], "non_idempotent") != 0 && strcmp(word[k], "invalid_header") != 0)
            return setup_refuse(s, word[0], word[k], error);
    }
    return 0;
}

static int read_hash(struct setup *s, char **word, uint32_t words, struct lb_error *error)
{
    if (words < 2 || words > 3)
        return setup_fail(s, "config", error, "expected 'hash $KEY' or 'hash $KEY consistent'");
    if (word[1][0] != '$' || strpbrk(word[1] + 1, "$:/-.") != NULL)
        return setup_refuse(s, "hash of more than one variable", word[1], error);
    if (words == 3 && strcmp(word[2], "consistent") != 0)
        return setup_refuse(s, word[0], word[2], error);
    if (strcmp(word[1], "$binary_remote_addr") == 0)
        return setup_refuse(s, word[0], word[1], error);
    s->by_address_text = strcmp(word[1], "$remote_addr") == 0;
    return setup_method(s, "config", words == 3 ? "nginx-hash-consistent" : "nginx-hash", error);
}

static int read_random(struct setup *s, char **word, uint32_t words, struct lb_error *error)
{
    if (words == 1)
        return setup_method(s, "config", "nginx-random", error);
    if (strcmp(word[1], "two") != 0)
        return setup_refuse(s, word[0], word[1], error);
    if (words > 3 || (words == 3 && strcmp(word[2], "least_conn") != 0))
        return setup_refuse(s, word[0], word[words - 1], error);
    return setup_method(s, "config", "nginx-random-two", error);
}

static int read_least_time(struct setup *s, char **word, uint32_t words, struct lb_error *error)
{
    if (words < 2 || setup_method(s, "config", "nginx-least-time", error) != 0)
        return words < 2 ? setup_refuse(s, word[0], "no mode", error) : -1;
    if (setup_word(s, "config", "mode", word[1], error) != 0)
        return -1;
    if (words == 3 && strcmp(word[2], "inflight") == 0)
        return setup_word(s, "config", "inflight", "yes", error);
    return words == 2 ? 0 : setup_refuse(s, word[0], word[2], error);
}

/* sticky cookie NAME [domain=... path=... httponly secure]; a date is not compared with. */
static int read_sticky(struct setup *s, char **word, uint32_t words, struct lb_error *error)
{
    if (words < 3 || strcmp(word[1], "cookie") != 0)
        return setup_refuse(s, word[0], words > 1 ? word[1] : "", error);
    s->nginx.cookie = word[2];
    for (uint32_t k = 3; k < words; k++) {
        if (words_after(word[k], "domain") == NULL && words_after(word[k], "path") == NULL &&
            strcmp(word[k], "httponly") != 0 && strcmp(word[k], "secure") != 0)
            return setup_refuse(s, "sticky cookie", word[k], error);
        text_addf(&s->nginx.cookie_tail, "; %s", word[k]);
    }
    return 0;
}

static int read_least_conn(struct setup *s, char **word, uint32_t words, struct lb_error *error)
{
    (void)word, (void)words;
    return setup_method(s, "config", "nginx-least-conn", error);
}

static int read_ip_hash(struct setup *s, char **word, uint32_t words, struct lb_error *error)
{
    (void)word, (void)words;
    return setup_method(s, "config", "nginx-ip-hash", error);
}

static int read_upstream(struct setup *s, char **word, uint32_t words, struct lb_error *error)
{
    if (words != 2 || s->server_count > 0)
        return setup_fail(s, "config", error, "expected one 'upstream NAME {'");
    (void)word;
    return 0;
}

static int read_tries(struct setup *s, char **word, uint32_t words, struct lb_error *error)
{
    if (words != 2 || !words_number(word[1], 0, UINT32_MAX, &s->nginx.tries_max))
        return setup_fail(s, "config", error, "expected a number after '%s'", word[0]);
    return 0;
}

static const struct {
    const char *word;
    int (*read)(struct setup *s, char **word, uint32_t words, struct lb_error *error);
} directives[] = {
    {"upstream", read_upstream},
    {"server", read_server},
    {"least_conn", read_least_conn},
    {"ip_hash", read_ip_hash},
    {"hash", read_hash},
    {"random", read_random},
    {"least_time", read_least_time},
    {"sticky", read_sticky},
    {"proxy_next_upstream", read_next_upstream},
    {"proxy_next_upstream_tries", read_tries},
};

static int read_statement(struct setup *s, char *text, struct lb_error *error)
{
    char *words[WORDS_MAX], **word = words;
    uint32_t count;
    if (!words_split(text, words, &count))
        return setup_fail(s, "config", error, "more than %u words in a statement", WORDS_MAX);
    if (count > 0 && strcmp(word[0], "location:") == 0)
        word++, count--;
    if (count == 0)
        return 0;
    for (size_t i = 0; i < sizeof directives / sizeof directives[0]; i++)
        if (strcmp(directives[i].word, word[0]) == 0)
            return directives[i].read(s, word, count, error);
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        if (strcmp(ignored[i], word[0]) == 0)
            return 0;
    return setup_refuse(s, "upstream", word[0], error);
}

/* Servers with the same address are the same in a recording, where $upstream_addr names them: all
 * are called as the first. */
static void share_labels(struct setup *s)
{
    for (uint32_t i = 1; i < s->server_count; i++)
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(s->servers[k].address, s->servers[i].address) == 0) {
                memcpy(s->servers[i].label, s->servers[k].label, sizeof s->servers[i].label);
                break;
            }
}

int nginx_read(struct setup *s, struct lb_error *error)
{
    char *at = setup_keep(s, recording_value(s->recording, "config"));
    words_unfold(at);
    s->nginx.next_on_error = true;
    if (setup_method(s, "config", "nginx-round-robin", error) != 0)
        return -1;
    for (char *end; *at != '\0'; at = end) {
        end = at + strcspn(at, ";{}");
        if (*end != '\0')
            *end++ = '\0';
        if (read_statement(s, at, error) != 0)
            return -1;
    }
    share_labels(s);
    bool drawn = strncmp(s->algorithm->name, "nginx-random", 12) == 0 ||
                 strstr(s->algorithm->name, "hash") != NULL;
    for (uint32_t i = 0; i < s->server_count && drawn; i++)
        if (s->servers[i].tier > 0) /* nginx refuses it, too */
            return setup_refuse(s, s->algorithm->name, "backup", error);
    return 0;
}

/* --- the request ------------------------------------------------------------------------------ */

static bool passed_on(const struct setup *s, int status)
{
    for (uint32_t k = 0; k < s->nginx.next_on_count; k++)
        if (s->nginx.next_on[k] == status)
            return true;
    return false;
}

/* What sticky calls a peer: its route, or MD5 of its address. */
static const char *sticky_value(const struct setup_server *server, char md5[AFFINITY_MD5_SIZE])
{
    if (server->cookie != NULL)
        return server->cookie;
    affinity_md5(server->address, md5);
    return md5;
}

/* The peer that the request's cookie names, if it may take the request: it may be draining, but not
 * down or full. Whether max_fails has disabled it only the method knows. -1 = none. */
static int32_t sticky_server(struct replay *r, const struct exchange *e)
{
    const struct setup *s = r->setup;
    char md5[AFFINITY_MD5_SIZE];
    size_t size;
    const char *value = NULL;
    if (s->nginx.cookie != NULL && e->cookie != NULL)
        value = affinity_cookie(e->cookie, s->nginx.cookie, &size);
    for (uint32_t i = 0; i < s->server_count && value != NULL; i++) {
        const char *name = sticky_value(&s->servers[i], md5);
        if (strlen(name) == size && memcmp(name, value, size) == 0 && !host_stopped(&r->host, i) &&
            !lb_full(host_row(&r->host, i)))
            return (int32_t)i;
    }
    return -1;
}

/* Set-Cookie, when the answer comes from another peer than the cookie's. */
static void sticky_answer(struct replay *r, int32_t server)
{
    char md5[AFFINITY_MD5_SIZE];
    const struct setup_nginx *nginx = &r->setup->nginx;
    if (nginx->cookie != NULL)
        text_addf(&r->set_cookie, "%s=%s%s", nginx->cookie,
                  sticky_value(&r->setup->servers[server], md5),
                  nginx->cookie_tail.size > 0 ? nginx->cookie_tail.data : "");
}

void nginx_request(struct replay *r, struct exchange *e)
{
    const struct setup *s = r->setup;
    int32_t sticky = sticky_server(r, e);
    uint64_t tries = 0;
    for (uint32_t i = 0; i < s->server_count; i++)
        tries += host_takes(&r->host, i) ? 1U : 0U;
    if (s->nginx.tries_max != 0 && tries > s->nginx.tries_max)
        tries = s->nginx.tries_max;
    for (;; sticky = -1) {
        int32_t server = sticky >= 0 ? sticky : replay_pick(r, e);
        if (server < 0) {
            replay_trail(r, "NOLIVE");
            e->status = 502;
            return;
        }
        replay_start_how(r, e, server, sticky >= 0 ? LB_BY_AFFINITY : LB_BY_PICK);
        int answer = host_answer(&r->host, (uint32_t)server);
        bool refused = answer == HOST_REFUSES;
        if (!refused && !(tries > 1 && passed_on(s, answer))) {
            e->status = answer;
            if (sticky < 0)
                sticky_answer(r, server);
            return;
        }
        /* 403 and 404 are passed on, but never held against the peer */
        replay_give_up(r, e, refused ? LB_END_REFUSED : LB_END_ERROR,
                       refused || (answer != 403 && answer != 404));
        if (refused && (tries <= 1 || !s->nginx.next_on_error)) {
            e->status = 502;
            return;
        }
        tries--;
    }
}
