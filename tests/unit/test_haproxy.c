/*
 * The rules of HAProxy's algorithms one by one, in numbers worked out by hand or published; whole
 * stories are pinned by the recordings in tests/golden/haproxy, and the pieces that the algorithms
 * are made of by test_haproxy_parts.
 */
#include "algorithms/registry.h"

#include <stdlib.h>

#include "tests/check.h"
#include "tests/unit/books.h"
#include "tests/unit/chi_square.h"

static struct books books;
static const struct lb_request fresh = {.source = {.family = 4, .bytes = {10, 0, 0, 7}}};

/* A tier with these weights, up to the first 0, and defaults. */
static void set_up(const char *name, const uint32_t *weights)
{
    uint32_t rows = 0;
    books_init(&books, 0);
    for (; weights[rows] != 0; rows++) {
        books.row[rows].weight = weights[rows];
        books.row[rows].flags = LB_PRESENT | LB_USABLE;
    }
    books.pool.count = rows;
    const struct lb_algorithm *a = lb_registry_find(name);
    for (uint32_t k = 0; k < lb_param_count(a); k++)
        books.values[k] = a->params[k].value;
}

static void set_value(const char *name, const char *parameter, double value)
{
    books.values[lb_param_find(lb_registry_find(name), parameter)] = value;
}

static void start(const char *name)
{
    CU_ASSERT_FATAL(books_open(&books, lb_registry_find(name), 1, true));
}

static void open_tier(const char *name, const uint32_t *weights)
{
    set_up(name, weights);
    start(name);
}

static char letter(int32_t row)
{
    return (char)(row == LB_NONE ? '-' : row == LB_WAIT ? 'w' : 'a' + row);
}

static void expect_order_of(const struct lb_request *request, const char *order)
{
    char served[128] = "";
    for (size_t i = 0; i < strlen(order) && i + 1 < sizeof served; i++)
        served[i] = letter(books_serve(&books, request));
    if (strcmp(served, order) != 0)
        printf("\n%s: %s, not %s", books.algorithm->name, served, order);
    CU_ASSERT(strcmp(served, order) == 0);
}

static void expect_order(const char *order)
{
    expect_order_of(&fresh, order);
}

/* Requests that stay in flight. */
static void expect_held(const char *order)
{
    char held[128] = "";
    for (size_t i = 0; i < strlen(order) && i + 1 < sizeof held; i++) {
        int32_t row = books_pick(&books, &fresh);
        held[i] = letter(row);
        if (row >= 0)
            books_start(&books, row, &fresh, LB_BY_PICK);
    }
    if (strcmp(held, order) != 0)
        printf("\n%s: %s held, not %s", books.algorithm->name, held, order);
    CU_ASSERT(strcmp(held, order) == 0);
}

static void change_weight(uint32_t row, uint32_t weight)
{
    books.row[row].weight = weight;
    books_changed_row(&books, row);
}

static void set_usable(uint32_t row, bool usable)
{
    books.row[row].flags = usable ? LB_PRESENT | LB_USABLE : LB_PRESENT;
    books_changed_row(&books, row);
}

/* What a request that was last at this row gets: nothing is started. */
static int32_t pick_after(int32_t row)
{
    struct lb_request request = fresh;
    request.tried = &row;
    request.tried_count = 1;
    return books_pick(&books, &request);
}

/* Traps 1 of the specification: the products' orders for two sets of weights. */
static void orders_of_the_field(void)
{
    static const struct {
        const char *name;
        uint32_t weights[4];
        const char *order;
    } known[] = {
        {"haproxy-roundrobin", {5, 1, 1, 0}, "aaabaacaaabaac"},
        {"haproxy-roundrobin", {3, 2, 1, 0}, "abacababacab"},
        {"haproxy-roundrobin", {1, 1, 1, 0}, "abcabc"},
        /* by hand: the last of the first cycle is a's sixth turn, due with c's second at 204 */
        {"haproxy-roundrobin", {5, 5, 2, 0}, "abababcababa"},
        {"haproxy-static-rr", {5, 1, 1, 0}, "aaabaacaaabaac"},
        {"haproxy-static-rr", {3, 2, 1, 0}, "aababcaababc"},
        {"haproxy-static-rr", {6, 4, 2, 0}, "aababcaababc"}, /* divided by 2 */
        {"haproxy-leastconn", {5, 1, 1, 0}, "abcabc"},       /* idle: weights do not count */
        {"haproxy-first", {1, 5, 9, 0}, "aaaaaa"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        open_tier(known[i].name, known[i].weights);
        expect_order(known[i].order);
        books_close(&books);
    }
}

/* After the first cycle (as many picks as the sum of the weights) each backend is at most one off
 * its weight, and each later cycle is exact. Weights beyond 256 count as that. */
static void roundrobin_is_exact(void)
{
    struct lb_random random;
    lb_random_seed(&random, 21);
    int wrong = 0;
    for (int round = 0; round < 60; round++) {
        uint32_t weights[9] = {0}, rows = 1 + lb_random_below(&random, 8), total = 0;
        for (uint32_t i = 0; i < rows; i++)
            total += weights[i] = 1 + lb_random_below(&random, round % 2 ? 256 : 6);
        open_tier("haproxy-roundrobin", weights);
        for (int cycle = 0; cycle < 3; cycle++) {
            uint32_t counts[9] = {0};
            for (uint32_t n = 0; n < total; n++)
                counts[books_serve(&books, &fresh)]++;
            for (uint32_t i = 0; i < rows; i++)
                wrong += (uint32_t)abs((int)counts[i] - (int)weights[i]) > (cycle == 0);
        }
        books_close(&books);
    }
    CU_ASSERT(wrong == 0);
    open_tier("haproxy-roundrobin", (uint32_t[]){1000000, 256, 0});
    expect_order("abababab");
    books_close(&books);
}

/* Weights in force from the next pick on; shares over many cycles, at most two picks off. */
static void roundrobin_changes_at_once(void)
{
    open_tier("haproxy-roundrobin", (uint32_t[]){2, 1, 0});
    expect_order("aab"); /* as recorded: tests/golden/haproxy/rr_bk.tsv */
    set_usable(0, false);
    expect_order("bbbbbb");
    set_usable(0, true);
    uint32_t counts[2] = {0};
    for (int n = 0; n < 3000; n++)
        counts[books_serve(&books, &fresh)]++;
    CU_ASSERT(counts[0] >= 1998 && counts[0] <= 2002);
    change_weight(1, 7);
    memset(counts, 0, sizeof counts);
    for (int n = 0; n < 9000; n++)
        counts[books_serve(&books, &fresh)]++;
    CU_ASSERT(counts[1] >= 6998 && counts[1] <= 7002);
    change_weight(0, 0);
    expect_order("bbb");
    change_weight(1, 0);
    expect_order("--");
    change_weight(0, 3);
    expect_order("aaa");
    books_close(&books);
}

/* By hand: after a b, at position 34, a is due at 34 and was at 32. With weight 256 a step is 4112 /
 * 4096 = 1, so 33: not two ahead, hence 34 + 1 = 35, where b is due too; b then goes far ahead. */
static void roundrobin_weight_in_numbers(void)
{
    open_tier("haproxy-roundrobin", (uint32_t[]){1, 1, 0});
    expect_order("ab");
    change_weight(0, 256);
    expect_order("abaa");
    books_close(&books);
}

/* Weights 5, 1, 1 give aaabaac: a full, b with a queue of its own, and the one to avoid are passed
 * over; with nobody left but the latter, it gets the request; with nobody at all, it waits. */
static void saturated_are_passed_over(void)
{
    static const char *const names[] = {"haproxy-roundrobin", "haproxy-static-rr"};
    for (int i = 0; i < 2; i++) {
        open_tier(names[i], (uint32_t[]){5, 1, 1, 0});
        books.row[0].max_in_flight = 1;
        books_changed_row(&books, 0);
        expect_held("abcbc");
        books.row[1].max_in_flight = 9;
        books.row[1].queued = 1;
        expect_held("cc");
        CU_ASSERT(pick_after(2) == 2);
        books.row[1].queued = 0;
        CU_ASSERT(pick_after(2) == 1);
        books.row[1].max_in_flight = books.row[2].max_in_flight = 1;
        CU_ASSERT(books_pick(&books, &fresh) == LB_WAIT);
        CU_ASSERT(pick_after(2) == LB_WAIT);
        int32_t all[] = {1, 2, 0};
        struct lb_request everywhere = {.tried = all, .tried_count = 3};
        CU_ASSERT(books_pick(&books, &everywhere) == 0); /* waits where it was last */
        books_finish(&books, 0, LB_END_OK, false);
        CU_ASSERT(books_pick(&books, &everywhere) == 0);
        CU_ASSERT(books_pick(&books, &fresh) == 0);
        books_close(&books);
    }
}

/* Requests kept in flight by leastconn: keys (n + 1) x 4096 / (16 w), 0 when idle. Weights 3, 1, 1:
 * idle first a b c, then a (170 against 512), 256, 341, 426, 512 behind b and c. */
static void leastconn_in_numbers(void)
{
    open_tier("haproxy-leastconn", (uint32_t[]){3, 1, 1, 0});
    expect_held("abcaaaa"
                "bca");
    books_close(&books);
    open_tier("haproxy-leastconn", (uint32_t[]){3, 1, 1, 0});
    expect_held("abcaaaa");
    CU_ASSERT(pick_after(1) == 2);
    books.row[2].max_in_flight = 1;
    books_changed_row(&books, 2);
    CU_ASSERT(pick_after(1) == 0);
    books.row[0].max_in_flight = 5;
    books.row[1].max_in_flight = 1;
    books_changed(&books, (int32_t[]){0, 1}, 2);
    CU_ASSERT(books_pick(&books, &fresh) == LB_WAIT);
    books_finish(&books, 0, LB_END_OK, false);
    CU_ASSERT(books_pick(&books, &fresh) == 0);
    CU_ASSERT(pick_after(0) == 0); /* nobody else */
    for (uint32_t row = 0; row < 3; row++)
        set_usable(row, false);
    CU_ASSERT(books_pick(&books, &fresh) == LB_NONE);
    books_close(&books);
}

/* By id, not by row; weights do not count but for 0. */
static void first_goes_by_id(void)
{
    set_up("haproxy-first", (uint32_t[]){1, 9, 4, 0});
    books.row[0].id = 30;
    books.row[1].id = 20;
    for (uint32_t row = 0; row < 3; row++)
        books.row[row].max_in_flight = 2;
    start("haproxy-first");
    expect_held("ccbbaaww");
    books_finish(&books, 1, LB_END_OK, false);
    books.row[1].queued = 1;
    CU_ASSERT(books_pick(&books, &fresh) == LB_WAIT); /* the place is taken */
    books.row[1].queued = 0;
    expect_held("bw");
    books_finish(&books, 0, LB_END_OK, false);
    books_finish(&books, 2, LB_END_OK, false);
    CU_ASSERT(pick_after(2) == 0);
    change_weight(2, 0);
    expect_held("aw");
    books_close(&books);
}

/* Weights of the static map cannot be changed but to 0 and back; nor does slow start apply. */
static void static_weights_stay(void)
{
    open_tier("haproxy-static-rr", (uint32_t[]){3, 2, 1, 0});
    change_weight(0, 1);
    books.row[1].warm_since = books.now;
    books.row[1].warm_for = 100 * SECOND;
    books_changed_row(&books, 1);
    expect_order("aababc");
    change_weight(0, 0);
    expect_order("bbcbbc");
    change_weight(0, 200);
    expect_order("abcaab"); /* the position is kept: 3 of a table of 3, now of 6 */
    books.row[0].flags = 0; /* leaves; another joins with a weight of its own */
    books_changed_row(&books, 0);
    books.row[0].flags = LB_PRESENT | LB_USABLE;
    books.row[0].weight = 2;
    books_changed_row(&books, 0);
    expect_order("bcaba"); /* from 3 of a b a b c */
    books_close(&books);
}

/* A slow start of 4 s, equal weights 1: e = 4, 8, 12, 13 x w / ... in sixteenths 1, 5, 9, 13, 16. */
static void slow_start_grows_by_sixteenths(void)
{
    static const char *const names[] = {"haproxy-roundrobin", "haproxy-leastconn"};
    static const uint32_t e[] = {1, 5, 9, 13, 16, 16};
    for (int i = 0; i < 2; i++) {
        open_tier(names[i], (uint32_t[]){1, 1, 0});
        set_usable(0, false);
        books.row[0].warm_since = books.now;
        books.row[0].warm_for = 4 * SECOND;
        set_usable(0, true);
        for (int t = 0; t < 6; t++, books.now += SECOND) {
            int32_t row = 0;
            uint32_t counts[2] = {0}, total = 40 * (16 + e[t]);
            for (uint32_t n = 0; n < total; n++) {
                row = books_pick(&books, &fresh);
                books_start(&books, row, &fresh, LB_BY_PICK);
                counts[row]++;
            }
            double share = (double)counts[0] / total, wanted = e[t] / (16.0 + e[t]);
            CU_ASSERT(share > wanted - 0.01 && share < wanted + 0.01);
            for (row = 0; row < 2; row++)
                while (books.row[row].in_flight > 0)
                    books_finish(&books, row, LB_END_OK, false);
        }
        books_close(&books);
    }
}

/* The points of the ring during the same slow start. */
static void note_points(void *to, int32_t backend, const char *name, double value)
{
    if (backend == -1 && strcmp(name, "points") == 0)
        *(double *)to = value;
}

static void slow_start_adds_points(void)
{
    double points = 0;
    set_up("haproxy-random", (uint32_t[]){2, 3, 0});
    books.row[0].warm_since = books.now;
    books.row[0].warm_for = 3 * SECOND + 1; /* 4 s */
    start("haproxy-random");
    static const double wanted[] = {48 + 2, 48 + 10, 48 + 18, 48 + 26, 48 + 32, 48 + 32};
    for (int t = 0; t < 6; t++, books.now += SECOND) {
        books_serve(&books, &fresh);
        books.algorithm->describe(books.state, note_points, &points);
        CU_ASSERT(points == wanted[t]);
    }
    books_close(&books);
}

/* Single draws: shares are arcs of the ring, .289, .185, .243, .283 for ids 1 to 4 (to 3 digits);
 * 100,000 draws against them, and a false alarm once in 1,000 seeds. */
static void random_shares_are_arcs(void)
{
    static const double arcs[] = {.289, .185, .243, .283};
    set_up("haproxy-random", (uint32_t[]){1, 1, 1, 1, 0});
    set_value("haproxy-random", "draws", 1);
    start("haproxy-random");
    double counts[4] = {0}, chi_square = 0;
    for (int n = 0; n < 100000; n++)
        counts[books_serve(&books, &fresh)]++;
    for (int i = 0; i < 4; i++)
        chi_square += (counts[i] - arcs[i] * 1e5) * (counts[i] - arcs[i] * 1e5) / (arcs[i] * 1e5);
    CU_ASSERT(chi_square_tail(3, chi_square) > 0.001);
    books_close(&books);
}

/* In an idle pool all draws tie, and the last of them wins: with three draws, each third row of
 * single ones from the same coins. */
static void random_ties_go_to_the_later(void)
{
    int32_t single[300];
    for (int draws = 1; draws <= 3; draws += 2) {
        set_up("haproxy-random", (uint32_t[]){4, 2, 3, 0});
        set_value("haproxy-random", "draws", draws);
        start("haproxy-random");
        for (int n = 0; n < 300 / draws; n++) {
            int32_t row = books_serve(&books, &fresh);
            if (draws == 1)
                single[n] = row;
            CU_ASSERT(row == single[draws * n + draws - 1]);
        }
        books_close(&books);
    }
}

/* Two draws among two, one of them full: half a quarter of the picks and more end at the full one,
 * and wait, though the other is free; a draw of both goes to the less loaded. */
static void random_has_no_second_choice(void)
{
    open_tier("haproxy-random", (uint32_t[]){1, 1, 0});
    books.row[0].max_in_flight = 1;
    books_changed_row(&books, 0);
    books_start(&books, 0, &fresh, LB_BY_AFFINITY);
    int waits = 0, others = 0;
    for (int n = 0; n < 1000; n++) {
        int32_t row = books_pick(&books, &fresh);
        waits += row == LB_WAIT;
        others += row == 1;
    }
    CU_ASSERT(waits > 100 && waits + others == 1000);
    CU_ASSERT(pick_after(0) == 1);
    books_close(&books);
}

/* Map-based source over three equal servers: the address modulo 3, IPv6 the exclusive or of its
 * words; 10.0.0.7 = 167772167 = 2 mod 3. The map ignores the one to avoid, and its limit. */
static void source_is_the_address(void)
{
    open_tier("haproxy-source", (uint32_t[]){1, 1, 1, 0});
    expect_order("ccc");
    CU_ASSERT(pick_after(2) == 2);
    books.row[2].max_in_flight = 1;
    books_changed_row(&books, 2);
    expect_held("cc");
    struct lb_request six = {.source = {.family = 6, .bytes = {10, 0, 0, 7, [7] = 1, [15] = 4}}};
    expect_order_of(&six, "aa"); /* 167772167 ^ 1 ^ 4 = 167772162 = 0 mod 3 */
    books_close(&books);
}

/* Without anything to hash: turns on the map; on the ring, from point to point. */
static void no_key_takes_turns(void)
{
    struct lb_request nowhere = {.key_size = 0};
    open_tier("haproxy-source", (uint32_t[]){3, 2, 1, 0});
    expect_order_of(&nowhere, "aababc");
    books_close(&books);
    open_tier("haproxy-hash", (uint32_t[]){3, 2, 1, 0});
    expect_order("aababc"); /* it has an address, and no key */
    books_close(&books);
    set_up("haproxy-hash", (uint32_t[]){1, 1, 1, 0});
    set_value("haproxy-hash", "type", 1);
    start("haproxy-hash");
    expect_order("ccbacaabcaaabb"); /* as recorded: tests/golden/haproxy/hdr_fallback_cons.tsv */
    CU_ASSERT(pick_after(0) != 0 && pick_after(1) != 1);
    for (uint32_t row = 0; row < 3; row++)
        books.row[row].max_in_flight = 1;
    books_changed(&books, (int32_t[]){0, 1, 2}, 3);
    for (int32_t row = 0; row < 3; row++)
        books_start(&books, row, &fresh, LB_BY_AFFINITY);
    CU_ASSERT(books_pick(&books, &fresh) == LB_WAIT);
    /* from now on the turns have no place, and only the first point is looked at: it is that of 2 */
    books_finish(&books, 1, LB_END_OK, false);
    CU_ASSERT(books_pick(&books, &fresh) == LB_WAIT);
    books_finish(&books, 2, LB_END_OK, false);
    CU_ASSERT(books_pick(&books, &fresh) == 2 && pick_after(1) == 2);
    books_close(&books);
}

/* A consistent hash stands though its server is full; on a retry it goes on to another; a bound
 * keeps a hot key below its part of the load: 150 % of 1 + n over 4 equal servers, rounded up. */
static void consistent_hash_and_bound(void)
{
    struct lb_request hot = {.key = "hot", .key_size = 3};
    for (int bound = 0; bound <= 150; bound += 150) {
        set_up("haproxy-hash", (uint32_t[]){1, 1, 1, 1, 0});
        set_value("haproxy-hash", "type", 1);
        set_value("haproxy-hash", "balance-factor", bound);
        start("haproxy-hash");
        int32_t home = books_serve(&books, &hot);
        struct lb_request again = hot;
        again.tried = &home;
        again.tried_count = 1;
        CU_ASSERT(home >= 0 && books_serve(&books, &hot) == home);
        CU_ASSERT(books_pick(&books, &again) != home);
        books.row[home].max_in_flight = 1;
        books_changed_row(&books, (uint32_t)home);
        uint32_t most = 0;
        for (uint32_t n = 0; n < 40; n++) {
            int32_t row = books_pick(&books, &hot);
            books_start(&books, row, &hot, LB_BY_PICK);
            for (row = 0; row < 4; row++)
                most = books.row[row].in_flight > most ? books.row[row].in_flight : most;
            uint32_t slots = (150 * (n + 1) + 99) / 100;
            CU_ASSERT(bound == 0 || most <= slots / 4 + 1);
        }
        CU_ASSERT(bound != 0 || books.row[home].in_flight == 40);
        books_close(&books);
    }
}

static const struct check_test tests[] = {
    {"orders of the field", orders_of_the_field},
    {"roundrobin is exact", roundrobin_is_exact},
    {"roundrobin changes at once", roundrobin_changes_at_once},
    {"roundrobin weight in numbers", roundrobin_weight_in_numbers},
    {"saturated are passed over", saturated_are_passed_over},
    {"leastconn in numbers", leastconn_in_numbers},
    {"first goes by id", first_goes_by_id},
    {"static weights stay", static_weights_stay},
    {"slow start grows by sixteenths", slow_start_grows_by_sixteenths},
    {"slow start adds points", slow_start_adds_points},
    {"random shares are arcs", random_shares_are_arcs},
    {"random ties go to the later", random_ties_go_to_the_later},
    {"random has no second choice", random_has_no_second_choice},
    {"source is the address", source_is_the_address},
    {"no key takes turns", no_key_takes_turns},
    {"consistent hash and bound", consistent_hash_and_bound},
};

CHECK_MAIN("haproxy")
