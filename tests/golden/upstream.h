/*
 * An nginx upstream around our algorithms: its configuration, and the life of one request.
 *
 * The configuration is read from nginx's own words (server lines with their parameters, the
 * method, proxy_next_upstream of the location). A request is tried as nginx 1.22.1 tries it: at
 * most as many tries as there are peers that are not `down`; primaries first, and once the backups
 * have been turned to, only they; a refused connection is a failure; a status counts as a failure
 * and is passed on only when proxy_next_upstream lists it and another try is left.
 */
#ifndef TESTS_GOLDEN_UPSTREAM_H
#define TESTS_GOLDEN_UPSTREAM_H

#include <stdlib.h>

#include "algorithms/registry.h"
#include "tests/unit/books.h"

#define UPSTREAM_STATUSES 16
#define UPSTREAM_WORDS    24
#define REFUSED           0 /* the answer of a server that does not listen */

struct server {
    struct lb_backend row; /* weight, limits, flags */
    bool backup;
    uint32_t tier, at; /* where its row stands */
    int answer;        /* status, or REFUSED */
};

struct upstream {
    struct server server[BOOKS_ROWS];
    uint32_t count, tiers;
    bool least_conn, next_on_error;
    int next_on[UPSTREAM_STATUSES];
    uint32_t next_on_count, tries_max; /* 0 = no limit */
    struct books tier[2];
    char wrong[160]; /* why the configuration cannot be obeyed */
};

static inline bool upstream_refuse(struct upstream *u, const char *why, const char *word)
{
    snprintf(u->wrong, sizeof u->wrong, "%s: %s", why, word);
    return false;
}

/* "10s", "2m" or "3": whole seconds. Negative when it is something else. */
static inline int64_t upstream_seconds(const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || value < 0)
        return -1;
    if (strcmp(end, "m") == 0)
        return value * 60;
    return strcmp(end, "") == 0 || strcmp(end, "s") == 0 ? value : -1;
}

/* The whole number behind "NAME=" in seconds or as a count; -1 when the word is not that. */
static inline int64_t upstream_value(const char *word, const char *name)
{
    size_t length = strlen(name);
    if (strncmp(word, name, length) != 0 || word[length] != '=')
        return -1;
    return upstream_seconds(word + length + 1);
}

static inline bool upstream_server_word(struct upstream *u, struct server *server, const char *word)
{
    int64_t value;
    if (strcmp(word, "backup") == 0)
        server->backup = true;
    else if (strcmp(word, "down") == 0)
        server->row.flags = LB_PRESENT;
    else if ((value = upstream_value(word, "weight")) > 0)
        server->row.weight = (uint32_t)value;
    else if ((value = upstream_value(word, "max_conns")) >= 0)
        server->row.max_in_flight = (uint32_t)value;
    else if ((value = upstream_value(word, "max_fails")) >= 0)
        server->row.max_fails = (uint32_t)value;
    else if ((value = upstream_value(word, "fail_timeout")) >= 0)
        server->row.fail_timeout = value * SECOND;
    else
        return upstream_refuse(u, "server", word);
    return true;
}

static inline bool upstream_server(struct upstream *u, char *const *word, unsigned words)
{
    if (words < 2 || u->count == BOOKS_ROWS)
        return upstream_refuse(u, "server", "no address, or too many");
    struct server *server = &u->server[u->count++];
    *server = (struct server){.answer = 200};
    server->row = (struct lb_backend){.address = word[1],
                                      .weight = 1,
                                      .max_fails = 1,
                                      .fail_timeout = 10 * SECOND,
                                      .flags = LB_PRESENT | LB_USABLE};
    for (unsigned k = 2; k < words; k++)
        if (!upstream_server_word(u, server, word[k]))
            return false;
    return true;
}

static inline bool upstream_next_upstream(struct upstream *u, char *const *word, unsigned words)
{
    u->next_on_error = false;
    for (unsigned k = 1; k < words; k++) {
        if (strcmp(word[k], "error") == 0)
            u->next_on_error = true;
        else if (strncmp(word[k], "http_", 5) == 0 && u->next_on_count < UPSTREAM_STATUSES)
            u->next_on[u->next_on_count++] = atoi(word[k] + 5);
        else if (strcmp(word[k], "timeout") != 0 && strcmp(word[k], "invalid_header") != 0 &&
                 strcmp(word[k], "non_idempotent") != 0 && strcmp(word[k], "off") != 0)
            return upstream_refuse(u, "proxy_next_upstream", word[k]);
    }
    return true;
}

/* One statement, cut into words. */
static inline bool upstream_statement(struct upstream *u, char **word, unsigned words)
{
    if (words > 0 && strcmp(word[0], "location:") == 0)
        word++, words--;
    if (words == 0 || strcmp(word[0], "upstream") == 0 || strcmp(word[0], "zone") == 0)
        return true;
    if (strcmp(word[0], "server") == 0)
        return upstream_server(u, word, words);
    if (strcmp(word[0], "least_conn") == 0)
        return u->least_conn = true;
    if (strcmp(word[0], "proxy_next_upstream") == 0)
        return upstream_next_upstream(u, word, words);
    if (strcmp(word[0], "proxy_next_upstream_tries") == 0 && words == 2) {
        u->tries_max = (uint32_t)atoi(word[1]);
        return true;
    }
    return upstream_refuse(u, "no rule here obeys", word[0]);
}

/* Reads a configuration: statements end at ; { or }, and `\n` is written as two characters. The
 * text is changed and must outlive the upstream. */
static inline bool upstream_parse(struct upstream *u, char *config)
{
    memset(u, 0, sizeof *u);
    u->next_on_error = true;
    for (char *at; (at = strstr(config, "\\n")) != NULL;)
        at[0] = at[1] = ' ';
    for (char *at = config, *end; *at != '\0'; at = end) {
        end = at + strcspn(at, ";{}");
        if (*end != '\0')
            *end++ = '\0';
        char *word[UPSTREAM_WORDS], *save;
        unsigned words = 0;
        for (char *w = strtok_r(at, " \t", &save); w != NULL; w = strtok_r(NULL, " \t", &save)) {
            if (words == UPSTREAM_WORDS)
                return upstream_refuse(u, "too many words after", word[0]);
            word[words++] = w;
        }
        if (!upstream_statement(u, word, words))
            return false;
    }
    return u->count > 0 || upstream_refuse(u, "upstream", "has no server");
}

/* Lays the servers out in tiers and creates a state for each. */
static inline bool upstream_open(struct upstream *u)
{
    const struct lb_algorithm *algorithm =
        lb_registry_find(u->least_conn ? "nginx-least-conn" : "nginx-round-robin");
    uint32_t rows[2] = {0, 0};
    for (uint32_t i = 0; i < u->count; i++) {
        u->server[i].tier = u->server[i].backup ? 1 : 0;
        u->server[i].at = rows[u->server[i].tier]++;
    }
    u->tiers = rows[1] > 0 ? 2 : 1;
    for (uint32_t t = 0; t < u->tiers; t++) {
        books_init(&u->tier[t], rows[t]);
        u->tier[t].tier = t;
        u->tier[t].tiers = u->tiers;
    }
    for (uint32_t i = 0; i < u->count; i++)
        u->tier[u->server[i].tier].row[u->server[i].at] = u->server[i].row;
    for (uint32_t t = 0; t < u->tiers; t++)
        if (!books_open(&u->tier[t], algorithm, 1, false))
            return false;
    return true;
}

static inline void upstream_close(struct upstream *u)
{
    for (uint32_t t = 0; t < u->tiers; t++)
        books_close(&u->tier[t]);
}

/* The request so far: what each tier has been asked, and the tier it has come to. */
struct tried {
    int32_t row[2][BOOKS_ROWS];
    uint32_t count[2], tier;
};

/* Asks the tiers in turn. The server's index, or -1. */
static inline int upstream_pick(struct upstream *u, struct tried *tried, lb_time now)
{
    for (; tried->tier < u->tiers; tried->tier++) {
        struct books *books = &u->tier[tried->tier];
        uint32_t *count = &tried->count[tried->tier];
        struct lb_request request = {.tried = tried->row[tried->tier], .tried_count = *count};
        books->now = now;
        int32_t row = books_pick(books, &request);
        if (row < 0)
            continue;
        books_start(books, row, &request, LB_BY_PICK);
        tried->row[tried->tier][(*count)++] = row;
        for (uint32_t i = 0; i < u->count; i++)
            if (u->server[i].tier == tried->tier && u->server[i].at == (uint32_t)row)
                return (int)i;
    }
    return -1;
}

static inline void upstream_finish(struct upstream *u, int server, enum lb_end end, bool failed,
                                   lb_time now)
{
    struct books *books = &u->tier[u->server[server].tier];
    books->now = now;
    books_finish(books, (int32_t)u->server[server].at, end, failed);
}

static inline bool upstream_listed(const struct upstream *u, int status)
{
    for (uint32_t k = 0; k < u->next_on_count; k++)
        if (u->next_on[k] == status)
            return true;
    return false;
}

/* One whole request. Returns the status for the client; text gets the peers tried, "s2>s1". */
static inline int upstream_request(struct upstream *u, lb_time now, char *text, size_t size)
{
    uint32_t tries = 0;
    for (uint32_t i = 0; i < u->count; i++)
        tries += (u->server[i].row.flags & LB_USABLE) != 0;
    if (u->tries_max != 0 && tries > u->tries_max)
        tries = u->tries_max;
    struct tried tried = {.tier = 0};
    text[0] = '\0';
    for (;;) {
        size_t used = strlen(text);
        int server = upstream_pick(u, &tried, now);
        if (server < 0) {
            snprintf(text + used, size - used, "%sNOLIVE", used > 0 ? ">" : "");
            return 502;
        }
        snprintf(text + used, size - used, "%ss%d", used > 0 ? ">" : "", server + 1);
        int answer = u->server[server].answer;
        if (answer == REFUSED) {
            upstream_finish(u, server, LB_END_REFUSED, true, now);
            if (--tries == 0 || !u->next_on_error)
                return 502;
        } else if (tries > 1 && upstream_listed(u, answer)) {
            upstream_finish(u, server, LB_END_ERROR, answer != 403 && answer != 404, now);
            tries--;
        } else {
            upstream_finish(u, server, LB_END_OK, false, now);
            return answer;
        }
    }
}

#endif
