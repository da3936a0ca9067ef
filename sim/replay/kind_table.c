/*
 * table: values of functions that the library has: jump, XXH64, and the slots of a Maglev table that
 * change hands.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "algorithms/hash.h"
#include "algorithms/maglev_table.h"
#include "sim/replay/kind.h"
#include "sim/replay/words.h"

#define TABLE_SIZE_MAX 655373 /* the larger one of the Maglev paper */

static int missing(const struct replay *r, const char *columns, struct lb_error *error)
{
    return recording_fail(r->recording, r->recording->line, error, "expected the columns %s",
                          columns);
}

/* --- jump ------------------------------------------------------------------------------------- */

static int table_jump(struct replay *r, struct lb_error *error)
{
    const char *cells[RECORDING_COLUMNS_MAX];
    int key = recording_column(r->recording, "key");
    int buckets = recording_column(r->recording, "buckets");
    int bucket = recording_column(r->recording, "bucket");
    if (key < 0 || buckets < 0 || bucket < 0)
        return missing(r, "key, buckets and bucket", error);
    for (uint32_t row = 0; row < r->recording->row_count; row++) {
        uint64_t k, n;
        char decided[16];
        recording_row(r->recording, row, cells);
        if (!words_number(cells[key], 0, UINT64_MAX, &k) ||
            !words_number(cells[buckets], 1, UINT32_MAX, &n))
            return kind_fail(r, row, error,
                             "expected a number and a number of buckets from 1 on, "
                             "found '%.60s' and '%.60s'",
                             cells[key], cells[buckets]);
        (void)snprintf(decided, sizeof decided, "%u", (unsigned)lb_jump(k, (uint32_t)n));
        kind_decide(r, row, cells[bucket], decided);
    }
    return 0;
}

/* --- xxh64 ------------------------------------------------------------------------------------ */

static int table_xxh64(struct replay *r, struct lb_error *error)
{
    const char *cells[RECORDING_COLUMNS_MAX];
    int text = recording_column(r->recording, "text");
    uint32_t seeds = 0;
    if (text < 0)
        return missing(r, "text and seed0, seed1, ...", error);
    for (uint32_t row = 0; row < r->recording->row_count; row++) {
        recording_row(r->recording, row, cells);
        for (uint32_t c = 0; c < r->recording->column_count; c++) {
            uint64_t seed;
            char decided[24];
            if (strncmp(r->recording->columns[c], "seed", 4) != 0 ||
                !words_number(r->recording->columns[c] + 4, 0, UINT64_MAX, &seed))
                continue;
            (void)snprintf(decided, sizeof decided, "%016llx",
                           (unsigned long long)lb_xxh64(cells[text], strlen(cells[text]), seed));
            kind_decide(r, row, cells[c], decided);
            seeds++;
        }
    }
    return seeds > 0 ? 0 : missing(r, "text and seed0, seed1, ...", error);
}

/* --- the slots of a table --------------------------------------------------------------------- */

/* Who owns each slot, by asking the algorithm for keys until each slot has been asked for once:
 * owner[slot] = the server's address. */
static int ask_slots(struct host *h, const char **owner, uint32_t size)
{
    uint32_t left = size;
    for (uint64_t k = 0; left > 0; k++) {
        char key[24];
        struct lb_request request = {.key = key};
        request.key_size = (size_t)snprintf(key, sizeof key, "%llu", (unsigned long long)k);
        uint32_t slot = (uint32_t)(lb_xxh64(key, request.key_size, 0) % size), tier = 0;
        if (owner[slot] != NULL)
            continue;
        int32_t server = host_pick(h, &request, NULL, 0, &tier);
        if (server < 0)
            return -1;
        owner[slot] = h->setup->servers[server].address;
        left--;
    }
    return 0;
}

/* The table of the hosts in the header `key`. The addresses live in *s. */
static int build_table(struct replay *r, const char *key, struct setup *s, const char **owner,
                       uint32_t size, struct lb_error *error)
{
    struct host host = {.setup = NULL};
    *s = (struct setup){.recording = r->recording, .product = r->setup->product};
    if (setup_method(s, "algorithm", "envoy-maglev", error) != 0 ||
        setup_number(s, "table_size", "table-size", size, error) != 0)
        return -1;
    int got = own_read_hosts(s, key, error);
    if (got == 0 && recording_find(r->recording, key) == NULL)
        return recording_fail(r->recording, 1, error, "expected '# %s: [...]'", key);
    if (got < 0 || setup_check(s, error) != 0)
        return -1;
    int status = host_open(&host, s, NULL, error);
    if (status == 0 && ask_slots(&host, owner, size) != 0)
        status = setup_fail(s, key, error, "nobody takes a key");
    host_close(&host);
    return status;
}

static bool has_address(const struct setup *s, const char *address)
{
    for (uint32_t i = 0; i < s->server_count; i++)
        if (strcmp(s->servers[i].address, address) == 0)
            return true;
    return false;
}

static void compare_slots(struct replay *r, const char *column, uint32_t number)
{
    const char *cells[RECORDING_COLUMNS_MAX];
    int at = recording_column(r->recording, column);
    char decided[16];
    recording_row(r->recording, 0, cells);
    (void)snprintf(decided, sizeof decided, "%u", (unsigned)number);
    if (at >= 0)
        kind_decide(r, 0, cells[at], decided);
}

static int table_maglev(struct replay *r, struct lb_error *error)
{
    const char *text = recording_value(r->recording, "table_size");
    uint64_t size = 65537;
    struct setup before = {.recording = NULL}, after = {.recording = NULL};
    if (recording_column(r->recording, "slots_changed") < 0)
        return missing(r, "slots_changed and slots_owned_by_removed", error);
    if (text != NULL &&
        (!words_number(text, 2, TABLE_SIZE_MAX, &size) || !lb_is_prime((uint32_t)size)))
        return setup_fail(r->setup, "table_size", error, "expected a prime up to %d, found '%.60s'",
                          TABLE_SIZE_MAX, text);
    const char **was = text_need_zero(size, sizeof *was), **is = text_need_zero(size, sizeof *is);
    uint32_t changed = 0, owned = 0;
    int status = build_table(r, "hosts_before", &before, was, (uint32_t)size, error);
    if (status == 0)
        status = build_table(r, "hosts_after", &after, is, (uint32_t)size, error);
    for (uint64_t slot = 0; slot < size && status == 0; slot++) {
        changed += strcmp(was[slot], is[slot]) != 0;
        owned += !has_address(&after, was[slot]);
    }
    if (status == 0) {
        compare_slots(r, "slots_changed", changed);
        compare_slots(r, "slots_owned_by_removed", owned);
    }
    free(was);
    free(is);
    setup_done(&before);
    setup_done(&after);
    return status;
}

int kind_table(struct replay *r, struct lb_error *error)
{
    static const struct {
        const char *name;
        int (*run)(struct replay *r, struct lb_error *error);
    } tables[] = {{"jump", table_jump}, {"xxh64", table_xxh64}, {"envoy-maglev", table_maglev}};
    const char *name = recording_value(r->recording, "algorithm");
    for (size_t i = 0; name != NULL && i < sizeof tables / sizeof tables[0]; i++) {
        if (strcmp(tables[i].name, name) != 0)
            continue;
        r->result->algorithm = tables[i].name;
        return tables[i].run(r, error);
    }
    return setup_fail(r->setup, "algorithm", error,
                      "kind table: expected '# algorithm:' jump, xxh64 or envoy-maglev, found "
                      "'%.60s'",
                      name != NULL ? name : "");
}
