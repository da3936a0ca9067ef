/*
 * HAProxy: server lines, and what makes sessions stick.
 */
#include <string.h>

#include "sim/replay/haproxy.h"
#include "sim/replay/words.h"

#define MILLISECOND INT64_C(1000000)

/* Of a server line, and without a say in who is picked; with the number of words that follow. */
static const struct {
    const char *word;
    uint32_t follow;
} ignored[] = {
    {"port", 1},          {"addr", 1}, {"send-proxy", 0}, {"send-proxy-v2", 0},
    {"check-ssl", 0},     {"ssl", 0},  {"verify", 1},     {"check-send-proxy", 0},
    {"pool-max-conn", 1}, {"tfo", 0},  {"no-check", 0},   {"init-addr", 1},
    {"proto", 1},         {"alpn", 1}, {"source", 1},     {"check-proto", 1},
};

static int number(struct haproxy_reader *r, const char *word, const char *text, uint64_t min,
                  uint64_t max, uint64_t *value)
{
    if (words_number(text, min, max, value))
        return 0;
    return setup_fail(r->s, "config", r->error,
                      "%s: expected a number from %llu to %llu, found "
                      "'%.60s'",
                      word, (unsigned long long)min, (unsigned long long)max, text);
}

static int time_of(struct haproxy_reader *r, const char *word, const char *text, lb_time *value)
{
    if (words_time(text, MILLISECOND, value))
        return 0;
    return setup_fail(r->s, "config", r->error, "%s: expected a time, found '%.60s'", word, text);
}

/* --- server ----------------------------------------------------------------------------------- */

static bool flag_word(struct setup_server *server, const char *word)
{
    if (strcmp(word, "backup") == 0)
        server->tier = 1;
    else if (strcmp(word, "check") == 0)
        server->checked = true;
    else if (strcmp(word, "disabled") == 0)
        server->maintenance = true;
    else if (strcmp(word, "enabled") == 0)
        server->maintenance = false;
    else if (strcmp(word, "non-stick") == 0)
        server->no_stick = true;
    else
        return false;
    return true;
}

/* A word with a value. 1 when it is one, 0 when not, -1 with *error. */
static int value_word(struct haproxy_reader *r, struct setup_server *server, const char *word,
                      const char *text)
{
    uint64_t value;
    int status = 0;
    if (strcmp(word, "weight") == 0) {
        if ((status = number(r, word, text, 0, 256, &value)) == 0)
            server->weight = (uint32_t)value;
    } else if (strcmp(word, "maxconn") == 0) {
        if ((status = number(r, word, text, 0, UINT32_MAX, &value)) == 0)
            server->max_in_flight = (uint32_t)value;
    } else if (strcmp(word, "id") == 0) {
        if ((status = number(r, word, text, 1, UINT32_MAX, &value)) == 0)
            server->id = (uint32_t)value;
    } else if (strcmp(word, "cookie") == 0) {
        server->cookie = text;
    } else if (strcmp(word, "rise") == 0) {
        status = number(r, word, text, 1, 10000, &server->rise);
    } else if (strcmp(word, "fall") == 0) {
        status = number(r, word, text, 1, 10000, &server->fall);
    } else if (strcmp(word, "inter") == 0) {
        status = time_of(r, word, text, &server->inter);
    } else if (strcmp(word, "fastinter") == 0) {
        status = time_of(r, word, text, &server->fastinter);
    } else if (strcmp(word, "downinter") == 0) {
        status = time_of(r, word, text, &server->downinter);
    } else if (strcmp(word, "slowstart") == 0) {
        status = time_of(r, word, text, &server->slowstart);
    } else {
        return 0;
    }
    return status == 0 ? 1 : -1;
}

static int server_words(struct haproxy_reader *r, struct setup_server *server, char **word,
                        uint32_t words)
{
    for (uint32_t k = 0; k < words; k++) {
        if (flag_word(server, word[k]))
            continue;
        int got = value_word(r, server, word[k], k + 1 < words ? word[k + 1] : "");
        if (got < 0)
            return -1;
        size_t i = 0, count = sizeof ignored / sizeof ignored[0];
        while (got == 0 && i < count && strcmp(ignored[i].word, word[k]) != 0)
            i++;
        if (got == 0 && i == count)
            return setup_refuse(r->s, "server", word[k], r->error);
        k += got > 0 ? 1 : ignored[i].follow;
    }
    return 0;
}

int haproxy_server(struct haproxy_reader *r, char **word, uint32_t words)
{
    if (words < 3)
        return setup_fail(r->s, "config", r->error, "expected 'server NAME ADDRESS'");
    struct setup_server *server = setup_add(r->s, word[2], r->error);
    if (server == NULL)
        return -1;
    uint32_t id = server->id;
    char label[sizeof server->label];
    memcpy(label, server->label, sizeof label);
    *server = r->initial;
    memcpy(server->label, label, sizeof label);
    server->name = word[1];
    server->address = word[2];
    server->id = id;
    return server_words(r, server, word + 3, words - 3);
}

int haproxy_default_server(struct haproxy_reader *r, char **word, uint32_t words)
{
    return server_words(r, &r->initial, word + 1, words - 1);
}

/* --- cookies and tables ----------------------------------------------------------------------- */

int haproxy_cookie(struct haproxy_reader *r, char **word, uint32_t words)
{
    struct setup_haproxy *h = &r->s->haproxy;
    const char *domain = NULL;
    bool http_only = false, secure = false;
    if (words < 3)
        return setup_fail(r->s, "config", r->error, "expected 'cookie NAME insert|prefix|rewrite'");
    h->cookie_name = word[1];
    for (uint32_t k = 2; k < words; k++) {
        if (strcmp(word[k], "insert") == 0)
            h->cookie = COOKIE_INSERT;
        else if (strcmp(word[k], "prefix") == 0)
            h->cookie = COOKIE_PREFIX;
        else if (strcmp(word[k], "rewrite") == 0)
            h->cookie = COOKIE_REWRITE;
        else if (strcmp(word[k], "domain") == 0 && k + 1 < words)
            domain = word[++k];
        else if (strcmp(word[k], "httponly") == 0)
            http_only = true;
        else if (strcmp(word[k], "secure") == 0)
            secure = true;
        else if (strcmp(word[k], "postonly") == 0)
            h->cookie_post_only = true;
        else if (strcmp(word[k], "indirect") != 0 && strcmp(word[k], "nocache") != 0 &&
                 strcmp(word[k], "preserve") != 0)
            return setup_refuse(r->s, "cookie", word[k], r->error);
    }
    if (h->cookie == COOKIE_NONE)
        return setup_fail(r->s, "config", r->error, "cookie: expected insert, prefix or rewrite");
    text_addf(&h->cookie_tail, "; path=/");
    if (domain != NULL)
        text_addf(&h->cookie_tail, "; domain=%s", domain);
    text_addf(&h->cookie_tail, "%s%s", http_only ? "; HttpOnly" : "", secure ? "; Secure" : "");
    return 0;
}

/* "1k", "10m": a number of entries. */
static bool read_size(const char *text, uint64_t *value)
{
    char digits[16];
    size_t length = strspn(text, "0123456789");
    uint64_t unit = 1;
    if (length == 0 || length >= sizeof digits)
        return false;
    memcpy(digits, text, length);
    digits[length] = '\0';
    if (text[length] != '\0') {
        const char *units = "kmg";
        const char *at = strchr(units, text[length] | 0x20);
        if (at == NULL || text[length + 1] != '\0')
            return false;
        unit = UINT64_C(1) << 10 * (at - units + 1);
    }
    if (!words_number(digits, 1, UINT32_MAX / unit, value))
        return false;
    *value *= unit;
    return true;
}

int haproxy_stick_table(struct haproxy_reader *r, char **word, uint32_t words)
{
    struct setup_haproxy *h = &r->s->haproxy;
    h->stick_string = false;
    h->stick_length = 32; /* of a string, unless told otherwise */
    for (uint32_t k = 1; k < words; k++) {
        const char *text = k + 1 < words ? word[k + 1] : "";
        if (strcmp(word[k], "nopurge") == 0) {
            h->stick_no_purge = true;
            continue;
        }
        if (strcmp(word[k], "type") == 0)
            h->stick_string = strcmp(text, "string") == 0 || strcmp(text, "binary") == 0;
        else if (strcmp(word[k], "len") == 0 && !words_number(text, 1, 65535, &h->stick_length))
            return setup_fail(r->s, "config", r->error, "stick-table: len '%.60s'", text);
        else if (strcmp(word[k], "size") == 0 && !read_size(text, &h->stick_size))
            return setup_fail(r->s, "config", r->error, "stick-table: size '%.60s'", text);
        else if (strcmp(word[k], "expire") == 0) {
            if (time_of(r, word[k], text, &h->stick_expire) != 0)
                return -1;
        } else if (strcmp(word[k], "len") != 0 && strcmp(word[k], "size") != 0 &&
                   strcmp(word[k], "store") != 0 && strcmp(word[k], "peers") != 0) {
            return setup_refuse(r->s, "stick-table", word[k], r->error);
        }
        k++;
    }
    if (h->stick_size == 0)
        return setup_fail(r->s, "config", r->error, "stick-table: expected a size");
    return 0;
}

int haproxy_stick(struct haproxy_reader *r, char **word, uint32_t words)
{
    if (words != 3 || strcmp(word[1], "on") != 0)
        return setup_refuse(r->s, "stick", words > 1 ? word[words > 3 ? 3 : 1] : "", r->error);
    r->s->haproxy.stick = true;
    return 0;
}
