/* See rows.h. */
#include "sim/replay/rows.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "sim/replay/words.h"

const char *const rows_columns[COLUMNS] = {
    "op",     "sec",   "conn",        "key",        "client_ip", "xxh64",
    "cookie", "cmd",   "phase",       "server",     "status",    "body_bytes",
    "pick",   "tried", "pick_before", "pick_after", "set_cookie"};

int rows_broken(const struct rows *rows, enum column column, const char *expected)
{
    return kind_fail(rows->r, rows->row, rows->error,
                     "expected %s in the column '%s', found '%.60s'", expected,
                     rows_columns[column], rows_cell(rows, column));
}

/* --- what was recorded, in our words ---------------------------------------------------------- */

/* Ways of saying that nobody took the request. */
static bool says_nobody(const char *word, int status)
{
    static const char *const words[] = {"", "-", "none", "None", "NONE", "NOSRV", "NOLIVE"};
    char number[16], reject[24];
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    (void)snprintf(number, sizeof number, "%d", status);
    (void)snprintf(reject, sizeof reject, "REJECT:%d", status);
    return strcmp(word, number) == 0 || strcmp(word, reject) == 0;
}

/* One server of a recorded pick, by its label; false when it is none. */
static bool add_server(const struct rows *rows, struct text *to, const char *word)
{
    int32_t server = setup_find(rows->r->setup, word);
    if (server < 0)
        return false;
    text_addf(to, "%s", rows->r->setup->servers[server].label);
    return true;
}

/* The recorded servers, "s2>s1", each by its label. -1 with an error when a word is no server. */
static int read_trail(const struct rows *rows, struct text *to)
{
    char *copy = text_copy(rows_cell(rows, rows->pick)), *rest = NULL;
    int status = 0;
    for (char *word = strtok_r(copy, ">", &rest); word != NULL && status == 0;
         word = strtok_r(NULL, ">", &rest)) {
        if (to->size > 0)
            text_addf(to, ">");
        if (strcmp(word, "NOLIVE") == 0 || strcmp(word, "QUEUED") == 0)
            text_addf(to, "%s", word);
        else if (!add_server(rows, to, word))
            status =
                rows_broken(rows, rows->pick, "a server (s1, s2, ...), or several joined by '>',");
    }
    free(copy);
    return status;
}

int rows_pick(const struct rows *rows, struct text *to, int status)
{
    const char *word = rows_cell(rows, rows->pick);
    if (rows->pick == COLUMN_TRIED)
        return read_trail(rows, to);
    if (says_nobody(word, status))
        text_addf(to, "nobody");
    else if (strcmp(word, "QUEUED") == 0 || strncmp(word, "REJECT:", 7) == 0 ||
             says_nobody(word, atoi(word)))
        text_addf(to, "%s", word);
    else if (!add_server(rows, to, word))
        return rows_broken(rows, rows->pick, "a server (s1, s2, ...), QUEUED or REJECT:STATUS");
    return 0;
}

/* --- the request ------------------------------------------------------------------------------ */

static bool read_address(const char *text, struct lb_address *address)
{
    *address = (struct lb_address){.family = 4};
    if (inet_pton(AF_INET, text, address->bytes) == 1)
        return true;
    address->family = 6;
    return inet_pton(AF_INET6, text, address->bytes) == 1;
}

int rows_request(const struct rows *rows, struct exchange *e)
{
    const char *key = rows_cell(rows, COLUMN_KEY), *client = rows_cell(rows, COLUMN_CLIENT);
    const char *bytes = rows_cell(rows, COLUMN_BYTES);
    *e = (struct exchange){.server = -1,
                           .cookie = rows_cell(rows, COLUMN_COOKIE),
                           .answer_cookie = rows_cell(rows, COLUMN_SET_COOKIE)};
    if (client != NULL && !read_address(client, &e->request.source))
        return rows_broken(rows, COLUMN_CLIENT, "an IPv4 or IPv6 address");
    if (key != NULL && rows->r->setup->by_source && key[0] != '\0') {
        if (!read_address(key, &e->request.source))
            return rows_broken(rows, COLUMN_KEY, "an IPv4 or IPv6 address");
    } else {
        e->request.key = key;
        e->request.key_size = key != NULL ? strlen(key) : 0;
    }
    if (client != NULL && key == NULL && rows->r->setup->by_address_text) {
        e->request.key = client;
        e->request.key_size = strlen(client);
    }
    if (bytes != NULL && bytes[0] != '\0' && !words_number(bytes, 0, UINT64_C(1) << 50, &e->bytes))
        return rows_broken(rows, COLUMN_BYTES, "a number of bytes");
    return 0;
}
