/*
 * counts: how often each server was picked by a method that draws.
 *
 * Single draws cannot be repeated, shares can: ours are taken from a million picks with a fixed seed,
 * and the recorded counts are tested against them. One decision for a file; an honest recording is
 * called different once in a thousand.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/base/statistics.h"
#include "sim/replay/kind.h"
#include "sim/replay/words.h"

#define PICKS    1000000U
#define HELD_MAX 1000000U
#define LEVEL    0.001
#define EXPECT   5.0 /* classes that expect fewer are put together */

struct counts {
    struct replay *r;
    struct lb_error *error;
    uint64_t *recorded, *ours;
    uint64_t *held;
    uint64_t total;
};

/* How many requests each server holds all the time; none without the header. */
static int read_held(struct counts *c)
{
    struct words_list list;
    const char *wrong, *value = recording_value(c->r->recording, "held");
    if (value == NULL)
        return 0;
    int status = words_list(&list, value, SETUP_SERVERS_MAX, &wrong);
    if (status != 0)
        (void)setup_fail(c->r->setup, "held", c->error, "expected %s", wrong);
    else if (list.count != c->r->setup->server_count)
        status = setup_fail(c->r->setup, "held", c->error,
                            "expected %u entries, one for each server, found %u",
                            (unsigned)c->r->setup->server_count, (unsigned)list.count);
    for (uint32_t i = 0; i < list.count && status == 0; i++)
        if (!words_number(list.items[i].value, 0, HELD_MAX, &c->held[i]))
            status = setup_fail(c->r->setup, "held", c->error,
                                "expected a number of requests, "
                                "found '%.60s'",
                                list.items[i].value);
    words_list_done(&list);
    return status;
}

static int read_rows(struct counts *c)
{
    const struct recording *r = c->r->recording;
    const char *cells[RECORDING_COLUMNS_MAX], *n = recording_value(r, "N");
    int pick = recording_column(r, "pick"), count = recording_column(r, "count");
    uint64_t said;
    if (pick < 0 || count < 0)
        return recording_fail(r, r->line, c->error,
                              "kind counts: expected the columns 'pick' and "
                              "'count'");
    for (uint32_t row = 0; row < r->row_count; row++) {
        recording_row(r, row, cells);
        int32_t server = setup_find(c->r->setup, cells[pick]);
        if (server < 0 || c->recorded[server] != 0)
            return kind_fail(c->r, row, c->error,
                             "expected a server (s1, s2, ...) in the column "
                             "'pick', each once, found '%.60s'",
                             cells[pick]);
        if (!words_number(cells[count], 0, UINT32_MAX, &c->recorded[server]))
            return kind_fail(c->r, row, c->error,
                             "expected a number in the column 'count', found "
                             "'%.60s'",
                             cells[count]);
        c->total += c->recorded[server];
    }
    if (n != NULL && (!words_number(n, 1, UINT64_MAX, &said) || said < c->total))
        return setup_fail(c->r->setup, "N", c->error,
                          "expected at least the sum of the counts, %llu, found "
                          "'%.60s'",
                          (unsigned long long)c->total, n);
    return c->total > 0 ? 0 : recording_fail(r, r->line, c->error, "expected counts above 0");
}

/* A million requests, each over before the next. */
static int draw(struct counts *c)
{
    struct replay *r = c->r;
    const struct lb_outcome outcome = {.end = LB_END_OK};
    r->connections = text_need_zero(1, sizeof *r->connections);
    r->connection_count = 1;
    for (uint32_t k = 0; k < PICKS; k++) {
        struct exchange *e = &r->connections[0];
        *e = (struct exchange){.server = -1};
        r->tried_count = 0;
        r->tier = 0;
        text_clear(&r->trail);
        text_clear(&r->set_cookie);
        r->setup->product->request(r, e);
        if (e->server < 0)
            return recording_fail(r->recording, r->recording->line, c->error,
                                  "with these requests held, %s has nobody to pick",
                                  r->setup->algorithm->name);
        c->ours[e->server]++;
        host_finish(&r->host, (uint32_t)e->server, &outcome);
    }
    return 0;
}

/* Pearson's statistic and its classes; a class that cannot be must be empty. */
static double chi_square(const struct counts *c, uint32_t *classes, bool *possible)
{
    double sum = 0, few = 0, few_recorded = 0;
    *classes = 0;
    *possible = true;
    for (uint32_t i = 0; i < c->r->setup->server_count; i++) {
        double expected = (double)c->total * (double)c->ours[i] / PICKS;
        double recorded = (double)c->recorded[i];
        if (c->ours[i] == 0 && c->recorded[i] != 0)
            *possible = false;
        if (expected < EXPECT) {
            few += expected;
            few_recorded += recorded;
            continue;
        }
        sum += (recorded - expected) * (recorded - expected) / expected;
        ++*classes;
    }
    if (few > 0) {
        sum += (few_recorded - few) * (few_recorded - few) / few;
        ++*classes;
    }
    return sum;
}

static void judge(struct counts *c)
{
    uint32_t classes;
    bool possible;
    struct text expected, decided;
    double sum = chi_square(c, &classes, &possible);
    double p = classes < 2 ? 1 : statistics_chi_square_tail(sum, classes - 1);
    bool fits = possible && p >= LEVEL;
    text_init(&expected);
    text_init(&decided);
    for (uint32_t i = 0; i < c->r->setup->server_count; i++) {
        const char *label = c->r->setup->servers[i].label;
        text_addf(&expected, "%s%s %llu", i > 0 ? ", " : "", label,
                  (unsigned long long)c->recorded[i]);
        text_addf(&decided, "%s%s %.1f", i > 0 ? ", " : "", label,
                  (double)c->total * (double)c->ours[i] / PICKS);
    }
    if (classes < 2)
        text_addf(&c->r->result->note, "one server gets all");
    else
        text_addf(&c->r->result->note, "chi-square %.2f with %u degrees of freedom, p = %.3g", sum,
                  (unsigned)classes - 1, p);
    kind_decide(c->r, 0, expected.data, fits ? expected.data : decided.data);
    text_done(&expected);
    text_done(&decided);
}

int kind_counts(struct replay *r, struct lb_error *error)
{
    uint32_t count = r->setup->server_count;
    struct counts c = {.r = r,
                       .error = error,
                       .recorded = text_need_zero(count, sizeof *c.recorded),
                       .ours = text_need_zero(count, sizeof *c.ours),
                       .held = text_need_zero(count, sizeof *c.held)};
    waiting_init(&r->waiting, 1, count);
    int status = read_held(&c);
    if (status == 0)
        status = read_rows(&c);
    if (status == 0)
        status = host_open(&r->host, r->setup, c.held, error);
    if (status == 0)
        status = draw(&c);
    if (status == 0)
        judge(&c);
    free(c.recorded);
    free(c.ours);
    free(c.held);
    return status;
}
