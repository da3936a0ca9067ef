/*
 * The general algorithms that draw or hash: their chances, and where addresses go.
 *
 * Chances are worked out by hand or recorded from nginx; counts are tested by chi-square, which an
 * honest algorithm fails once in 10^6 (seeds are fixed). Hash placements come from a separate
 * implementation of XXH64, written from its specification in another language.
 */
#include "algorithms/registry.h"
#include "algorithms/shares.h"

#include "tests/check.h"
#include "tests/unit/books.h"
#include "tests/unit/chi_square.h"

#define PICKS 20000

static struct books books;
static struct lb_request request;

/* A pool with these weights, up to the first 0; no request was tried. */
static void prepare(const uint32_t *weights)
{
    uint32_t rows = 0;
    books_init(&books, 0);
    for (; weights[rows] != 0; rows++) {
        books.row[rows].weight = weights[rows];
        books.row[rows].flags = LB_PRESENT | LB_USABLE;
    }
    books.pool.count = rows;
    request = (struct lb_request){.source = {.family = 4}};
}

static void open_state(const char *name)
{
    CU_ASSERT_FATAL(books_open(&books, lb_registry_find(name), 21, true));
}

static void set_choices(double choices, bool replacement)
{
    const struct lb_algorithm *a = lb_registry_find("power-of-two");
    books.values[lb_param_find(a, "choices")] = choices;
    books.values[lb_param_find(a, "replacement")] = replacement;
}

/* Picks with the books as they stand, and holds the counts against the chances. */
static void expect_chances(const double *chance)
{
    uint32_t count[BOOKS_ROWS] = {0};
    for (int n = 0; n < PICKS; n++) {
        int32_t row = books_pick(&books, &request);
        CU_ASSERT_FATAL(row >= 0 && row < (int32_t)books.pool.count);
        count[row]++;
    }
    bool fits = chi_square_fits(count, chance, books.pool.count);
    for (uint32_t i = 0; !fits && i < books.pool.count; i++)
        printf("%s%u of %.0f", i == 0 ? "\n" : ", ", count[i], PICKS * chance[i]);
    CU_ASSERT(fits);
}

/* nginx `random` with these weights, recorded: 3002, 1804, 1194 of 6,000. */
static void random_follows_the_weights(void)
{
    prepare((uint32_t[]){5, 3, 2, 0});
    open_state("random");
    expect_chances((double[]){0.5, 0.3, 0.2});
    books.row[0].flags = LB_PRESENT;
    books_changed_row(&books, 0);
    expect_chances((double[]){0, 0.6, 0.4});
    books_close(&books);
    prepare((uint32_t[]){4000000000, 2000000000, 2000000000, 0}); /* beyond 32 bits in sum */
    open_state("random");
    expect_chances((double[]){0.5, 0.25, 0.25});
    books_close(&books);
}

static void add_up(void *to, int32_t backend, const char *name, double value)
{
    double *share = to;
    if (backend >= 0 && strcmp(name, "share") == 0)
        share[backend] += value;
}

/* What is told of the shares is what is drawn: of the usable rows for random and power-of-two, of
 * the present for source-hash, which keeps the place of a backend that is down. */
static void shares_are_told(void)
{
    static const struct {
        const char *name;
        double share[3];
    } cases[] = {{"random", {0, 0.6, 0.4}},
                 {"power-of-two", {0, 0.6, 0.4}},
                 {"source-hash", {0.5, 0.3, 0.2}}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double share[3] = {0, 0, 0};
        prepare((uint32_t[]){5, 3, 2, 0});
        set_choices(2, false);
        open_state(cases[i].name);
        books.row[0].flags = LB_PRESENT;
        books_changed_row(&books, 0);
        books.algorithm->describe(books.state, add_up, share);
        for (int row = 0; row < 3; row++)
            CHECK_CLOSE(share[row] + 1, cases[i].share[row] + 1, 1e-12);
        books_close(&books);
    }
}

/* When nearly all are full or tried, the rest share as if there were nobody else. */
static void random_among_the_few(void)
{
    const int32_t tried[] = {0};
    prepare((uint32_t[]){1000, 1000, 1, 2, 1, 0});
    books.row[1].max_in_flight = books.row[1].in_flight = 1;
    open_state("random");
    request.tried = tried;
    request.tried_count = 1;
    expect_chances((double[]){0, 0, 0.25, 0.5, 0.25});
    books_close(&books);
}

static void load_rows(const uint32_t *in_flight)
{
    for (uint32_t i = 0; i < books.pool.count; i++)
        books.row[i].in_flight = in_flight[i];
}

/* Loads 0 < 1 < 2 < 3: the least drawn is row i in C(3-i,1) of C(4,2) pairs; with replacement in
 * 7, 5, 3, 1 of 16; the least of three in C(3-i,2) of C(4,3); of one in a quarter; of five, but
 * there are four, always row 0. */
static void power_of_two_takes_the_less_loaded(void)
{
    static const struct {
        double choices;
        bool replacement;
        double chance[4];
    } cases[] = {
        {2, false, {3 / 6.0, 2 / 6.0, 1 / 6.0, 0}},
        {2, true, {7 / 16.0, 5 / 16.0, 3 / 16.0, 1 / 16.0}},
        {3, false, {3 / 4.0, 1 / 4.0, 0, 0}},
        {1, false, {0.25, 0.25, 0.25, 0.25}},
        {5, false, {1, 0, 0, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        prepare((uint32_t[]){1, 1, 1, 1, 0});
        load_rows((uint32_t[]){0, 1, 2, 3});
        set_choices(cases[i].choices, cases[i].replacement);
        open_state("power-of-two");
        expect_chances(cases[i].chance);
        books_close(&books);
    }
}

/* nginx `random two`, recorded in 6,000 picks each: loads 3,1,0,2 gave 0, 1950, 3029, 1021; weights
 * 3,1,1 with loads 2,1,0 gave 2705, 0, 3295. By hand: 0, 1/3, 1/2, 1/6 and 0.45, 0, 0.55. */
static void power_of_two_draws_as_nginx(void)
{
    prepare((uint32_t[]){1, 1, 1, 1, 0});
    load_rows((uint32_t[]){3, 1, 0, 2});
    set_choices(2, false);
    open_state("power-of-two");
    expect_chances((double[]){0, 1 / 3.0, 1 / 2.0, 1 / 6.0});
    books_close(&books);
    prepare((uint32_t[]){3, 1, 1, 0});
    load_rows((uint32_t[]){2, 1, 0});
    set_choices(2, false);
    open_state("power-of-two");
    expect_chances((double[]){0.45, 0, 0.55});
    books_close(&books);
}

/* One tried, one full: the other three as if alone, 2/3 and 1/3; the full count of choices too. */
static void power_of_two_among_the_allowed(void)
{
    const int32_t tried[] = {4};
    for (int choices = 2; choices <= 3; choices++) {
        prepare((uint32_t[]){1, 1, 1, 1, 1, 0});
        load_rows((uint32_t[]){2, 0, 1, 2, 0});
        books.row[1].max_in_flight = 1;
        books.row[1].in_flight = 1;
        set_choices(choices, false);
        open_state("power-of-two");
        request.tried = tried;
        request.tried_count = 1;
        books.row[3].in_flight = 0;
        expect_chances(choices == 2 ? (double[]){0, 0, 1 / 3.0, 2 / 3.0, 0}
                                    : (double[]){0, 0, 0, 1, 0});
        books_close(&books);
    }
}

/* Two rows: the hot path must be able to give both orders, and ties to either. */
static void power_of_two_of_two(void)
{
    prepare((uint32_t[]){1, 1, 0});
    set_choices(2, false);
    open_state("power-of-two");
    expect_chances((double[]){0.5, 0.5});
    load_rows((uint32_t[]){4, 3});
    expect_chances((double[]){0, 1});
    load_rows((uint32_t[]){3, 4});
    expect_chances((double[]){1, 0});
    books.row[0].flags = LB_PRESENT;
    books_changed_row(&books, 0);
    expect_chances((double[]){0, 1});
    books_close(&books);
}

/* The speed target rests on it: one 64-bit draw a pick. */
static void power_of_two_draws_once(void)
{
    prepare((uint32_t[]){3, 3, 3, 3, 3, 0});
    set_choices(2, false);
    open_state("power-of-two");
    for (int n = 0; n < 1000; n++) {
        struct lb_random expected = books.random;
        lb_random_u64(&expected);
        books_serve(&books, &request);
        CU_ASSERT_FATAL(memcmp(&expected, &books.random, sizeof expected) == 0);
    }
    books_close(&books);
}

/* The next draw of xoshiro256++ is this: rotl(s0 + s3, 23) + s0. */
static void force_draw(uint64_t draw)
{
    books.random = (struct lb_random){{0, 1, 2, lb_rotl64(draw, 64 - 23)}};
}

/* Which of the forced draw's places wins, and whether it was drawn again. */
static int32_t pick_forced(uint32_t high, uint32_t low, bool *again)
{
    force_draw((uint64_t)high << 32 | low);
    struct lb_random once = books.random;
    lb_random_u64(&once);
    int32_t row = books_pick(&books, &request);
    *again = memcmp(&once, &books.random, sizeof once) != 0;
    return row;
}

/* Exactly uniform (Lemire 2019): of the 2^32 upper halves, 2^32 mod 5 = 1 too many fall on place 0
 * of 5: half 0 is drawn again, 858993460 (times 5 is 2^32 + 4) is not. Lower halves the same with
 * one place less: 2^32 mod 3 = 1, half 0 is drawn again. */
static void power_of_two_rejects_the_surplus(void)
{
    bool again;
    prepare((uint32_t[]){1, 1, 1, 1, 1, 0});
    load_rows((uint32_t[]){9, 8, 7, 6, 5});
    set_choices(2, false);
    open_state("power-of-two");
    CU_ASSERT(pick_forced(858993460, 0x80000000, &again) == 3 && !again); /* places 1 and 2 + 1 */
    CU_ASSERT(pick_forced(0xffffffff, 0, &again) == 4 && !again);         /* 4 and 0 */
    pick_forced(0, 0x80000000, &again);
    CU_ASSERT(again);
    books_close(&books);
    prepare((uint32_t[]){1, 1, 1, 1, 0});
    set_choices(2, false);
    open_state("power-of-two");
    pick_forced(0x50000000, 0, &again);
    CU_ASSERT(again);
    CU_ASSERT(pick_forced(0x40000000, 0x80000000, &again) == 1 && !again); /* 1 and 1 + 1, idle */
    books_close(&books);
}

static const struct {
    uint8_t bytes[16];
    uint16_t family;
    int32_t equal;   /* among 5 of weight 1 */
    int32_t without; /* the same when that one is down */
    int32_t w312;    /* among weights 3, 1, 2 */
} places[] = {
    {{10, 0, 0, 1}, 4, 3, 4, 1},
    {{10, 0, 0, 2}, 4, 3, 2, 2},
    {{10, 0, 0, 3}, 4, 2, 3, 0},
    {{192, 168, 1, 77}, 4, 0, 2, 0},
    {{203, 0, 113, 9}, 4, 0, 2, 0},
    {{8, 8, 8, 8}, 4, 1, 3, 0},
    {{172, 16, 254, 1}, 4, 2, 0, 2}, /* the third try */
    {{1, 2, 3, 4}, 4, 2, 0, 0},
    {{0x20, 1, 0xd, 0xb8, [15] = 1}, 6, 1, 4, 0},
    {{0xfe, 0x80, [9] = 1, [11] = 2, [13] = 3, [15] = 4}, 6, 3, 0, 0},
};

static void source_hash_places_addresses(void)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct lb_address source = {.family = places[i].family, .port = (uint16_t)(40000 + i)};
        memcpy(source.bytes, places[i].bytes, sizeof source.bytes);
        prepare((uint32_t[]){1, 1, 1, 1, 1, 0});
        open_state("source-hash");
        request.source = source;
        CU_ASSERT(books_serve(&books, &request) == places[i].equal);
        request.source.port++;
        CU_ASSERT(books_serve(&books, &request) == places[i].equal);
        books.row[places[i].equal].flags = LB_PRESENT;
        books_changed_row(&books, (uint32_t)places[i].equal);
        CU_ASSERT(books_serve(&books, &request) == places[i].without);
        books.row[places[i].equal].flags = LB_PRESENT | LB_USABLE;
        books_changed_row(&books, (uint32_t)places[i].equal);
        request.tried = &places[i].equal; /* tried is the same as down */
        request.tried_count = 1;
        CU_ASSERT(books_serve(&books, &request) == places[i].without);
        books_close(&books);
        prepare((uint32_t[]){3, 1, 2, 0});
        request.source = source;
        open_state("source-hash");
        CU_ASSERT(books_serve(&books, &request) == places[i].w312);
        books_close(&books);
    }
}

static int32_t place_of(uint32_t client)
{
    request.source.bytes[0] = 10;
    request.source.bytes[1] = (uint8_t)(client >> 16);
    request.source.bytes[2] = (uint8_t)(client >> 8);
    request.source.bytes[3] = (uint8_t)client;
    return books_serve(&books, &request);
}

/* The share of clients that move when N equal backends become M: 1 - min(N,M)/lcm(N,M), the table
 * of modulo remapping; within four standard deviations of 20,000 clients. */
static void source_hash_moves_as_modulo(void)
{
    static const struct {
        uint32_t from, to;
        double moved;
    } cases[] = {{10, 9, 0.9}, {10, 11, 10 / 11.0}, {4, 5, 0.8}, {8, 16, 0.5}, {3, 2, 2 / 3.0}};
    static int32_t before[PICKS];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t weights[BOOKS_ROWS] = {0}, moved = 0;
        for (uint32_t row = 0; row < cases[i].from; row++)
            weights[row] = 1;
        prepare(weights);
        open_state("source-hash");
        for (uint32_t client = 0; client < PICKS; client++)
            before[client] = place_of(client);
        for (; books.pool.count < cases[i].to; books.pool.count++)
            books.row[books.pool.count].flags = LB_PRESENT | LB_USABLE;
        for (uint32_t row = cases[i].to; row < cases[i].from; row++)
            books.row[row].flags = 0;
        for (uint32_t row = 0; row < books.pool.count; row++)
            books_changed_row(&books, row);
        for (uint32_t client = 0; client < PICKS; client++)
            moved += place_of(client) != before[client];
        double p = cases[i].moved, margin = 4 * sqrt(p * (1 - p) / PICKS);
        CU_ASSERT(fabs((double)moved / PICKS - p) < margin);
        books_close(&books);
    }
}

/* A failure moves the failed backend's clients only, over all others, and they come back. */
static void source_hash_fails_over(void)
{
    static int32_t before[PICKS];
    uint32_t count[5] = {0};
    prepare((uint32_t[]){1, 1, 1, 1, 1, 0});
    open_state("source-hash");
    for (uint32_t client = 0; client < PICKS; client++)
        before[client] = place_of(client);
    books.row[2].flags = LB_PRESENT;
    books_changed_row(&books, 2);
    for (uint32_t client = 0; client < PICKS; client++) {
        int32_t place = place_of(client);
        if (before[client] == 2)
            count[place]++;
        else
            CU_ASSERT_FATAL(place == before[client]);
    }
    CU_ASSERT(chi_square_fits(count, (double[]){0.25, 0.25, 0, 0.25, 0.25}, 5));
    for (uint32_t row = 0; row < 4; row++) /* all but the last: the walk finds it for everybody */
        books.row[row].flags = LB_PRESENT;
    for (uint32_t row = 0; row < 4; row++)
        books_changed_row(&books, row);
    for (uint32_t client = 0; client < 1000; client++)
        CU_ASSERT_FATAL(place_of(client) == 4);
    for (uint32_t row = 0; row < 4; row++)
        books.row[row].flags = LB_PRESENT | LB_USABLE;
    for (uint32_t row = 0; row < 4; row++)
        books_changed_row(&books, row);
    for (uint32_t client = 0; client < PICKS; client++)
        CU_ASSERT_FATAL(place_of(client) == before[client]);
    books_close(&books);
}

static void source_hash_without_a_source(void)
{
    prepare((uint32_t[]){2, 1, 1, 0});
    open_state("source-hash");
    request.source.family = 0;
    expect_chances((double[]){0.5, 0.25, 0.25});
    books_close(&books);
}

/* The layout of {3, (absent), 1, 2}: 0 1 2 | 3 | 4 5. */
static void shares_are_laid_end_to_end(void)
{
    static const uint32_t expected[] = {0, 0, 0, 2, 3, 3};
    struct lb_shares shares;
    prepare((uint32_t[]){3, 9, 1, 2, 0});
    books.row[1].flags = 0;
    books.pool.max = 4;
    CU_ASSERT_FATAL(lb_shares_init(&shares, &books.pool, NULL) == 0);
    lb_shares_build(&shares, &books.pool, LB_PRESENT);
    CU_ASSERT(shares.total == 6 && shares.count == 3 && !shares.equal && !shares.limited);
    for (uint64_t x = 0; x < 6; x++)
        CU_ASSERT(shares.row[lb_shares_at(&shares, x)] == expected[x]);
    CU_ASSERT(lb_shares_of(&shares, 0) == 3 && lb_shares_of(&shares, 2) == 2);
    books.row[0].weight = books.row[2].weight = 2; /* equal: one each */
    books.row[3].max_in_flight = 1;
    lb_shares_build(&shares, &books.pool, LB_PRESENT);
    CU_ASSERT(shares.total == 3 && shares.equal && shares.limited);
    for (uint64_t x = 0; x < 3; x++)
        CU_ASSERT(lb_shares_at(&shares, x) == x && lb_shares_of(&shares, (uint32_t)x) == 1);
    lb_shares_done(&shares);
}

static const struct check_test tests[] = {
    {"random follows the weights", random_follows_the_weights},
    {"shares are told", shares_are_told},
    {"random among the few", random_among_the_few},
    {"power-of-two takes the less loaded", power_of_two_takes_the_less_loaded},
    {"power-of-two draws as nginx", power_of_two_draws_as_nginx},
    {"power-of-two among the allowed", power_of_two_among_the_allowed},
    {"power-of-two of two", power_of_two_of_two},
    {"power-of-two draws once", power_of_two_draws_once},
    {"power-of-two rejects the surplus", power_of_two_rejects_the_surplus},
    {"source-hash places addresses", source_hash_places_addresses},
    {"source-hash moves as modulo", source_hash_moves_as_modulo},
    {"source-hash fails over", source_hash_fails_over},
    {"source-hash without a source", source_hash_without_a_source},
    {"shares are laid end to end", shares_are_laid_end_to_end},
};

CHECK_MAIN("general algorithms: draws")
