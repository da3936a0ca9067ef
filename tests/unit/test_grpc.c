/*
 * The rules of gRPC's policies in numbers: the static stride scheduler over whole periods, what a report
 * is worth and when, the random start of turns, and the ring on which failures leave no gap.
 *
 * Seeds are fixed. A chi-square test calls an honest algorithm false once in 10^6 cases.
 */
#include "algorithms/hash.h"
#include "algorithms/load_weight.h"
#include "algorithms/registry.h"

#include "tests/check.h"
#include "tests/unit/books.h"
#include "tests/unit/chi_square.h"

static struct books books;
static const struct lb_request any = {.source = {.family = 4, .bytes = {10, 1, 2, 3}}};

/* A pool of so many rows, not opened yet; parameters at their defaults. */
static void prepare(const char *name, uint32_t rows)
{
    books_init(&books, rows);
    books.now = 0;
    books.algorithm = lb_registry_find(name);
    CU_ASSERT_FATAL(books.algorithm != NULL);
    for (uint32_t k = 0; k < lb_param_count(books.algorithm); k++)
        books.values[k] = books.algorithm->params[k].value;
}

static void set(const char *parameter, double value)
{
    int k = lb_param_find(books.algorithm, parameter);
    CU_ASSERT_FATAL(k >= 0);
    books.values[k] = value;
}

static void open_pool(uint64_t seed)
{
    CU_ASSERT_FATAL(books_open(&books, books.algorithm, seed, true));
}

/* Each row reports this rate at utilization 1; 0 = it says nothing. */
static void report(const double *rate)
{
    for (uint32_t i = 0; i < books.pool.count; i++) {
        struct lb_load load = {.rate = rate[i], .utilization = 1};
        if (rate[i] > 0)
            books.algorithm->on_load(books.state, (int32_t)i, &load, books.now);
    }
}

/* Weights that are trusted from now on: reports at time 0 and after the blackout. */
static void open_weighted(const double *rate, uint32_t rows, double counter_start)
{
    prepare("grpc-weighted-round-robin", rows);
    set("counter-start", counter_start);
    open_pool(1);
    report(rate);
    books.now = 11 * SECOND;
    report(rate);
}

static void expect_order(const char *order)
{
    char served[64] = "";
    for (size_t i = 0; i < strlen(order); i++)
        served[i] = (char)('a' + books_pick(&books, &any));
    if (strcmp(served, order) != 0)
        printf("\n%s: %s, not %s", books.algorithm->name, served, order);
    CU_ASSERT(strcmp(served, order) == 0);
}

struct wanted {
    int32_t backend;
    const char *name;
    double value;
};

static void remember(void *to, int32_t backend, const char *name, double value)
{
    struct wanted *wanted = to;
    if (backend == wanted->backend && strcmp(name, wanted->name) == 0)
        wanted->value = value;
}

static double described(int32_t backend, const char *name)
{
    struct wanted wanted = {backend, name, -1};
    books.algorithm->describe(books.state, remember, &wanted);
    return wanted.value;
}

/* By hand: of 65535 parts 21845, 43690 and 65535. In generation 0 the first has phase 0 (passed over),
 * the second 32767 (>= 21845: taken), the third 65534; and so on. */
static void strides_by_hand(void)
{
    open_weighted((const double[]){1, 2, 3}, 3, 0);
    expect_order("bccabcbccabcbcca");
    CU_ASSERT(described(0, "scaled") == 21845 && described(1, "scaled") == 43690);
    books_close(&books);
    open_weighted((const double[]){5, 5, 5}, 3, 7);
    expect_order("cabcabc");
    books_close(&books);
    open_weighted((const double[]){100, 100, 25, 0}, 4, 12345);
    (void)books_pick(&books, &any);
    CU_ASSERT(described(3, "scaled") == 49151 && described(2, "scaled") == 16384);
    books_close(&books);
    open_weighted((const double[]){100, 0, 0}, 3, 4294967294.0); /* one weight says nothing */
    expect_order("aabcabc"); /* 2^32 - 1 is a multiple of 3, and 0 comes after it */
    books_close(&books);
}

/* In 65535 generations, wherever they begin, each is taken exactly as often as its parts say. */
static void strides_over_a_period(void)
{
    struct lb_random random;
    lb_random_seed(&random, 23);
    for (uint32_t round = 0; round < 12; round++) {
        double rate[8];
        uint32_t rows = 2 + lb_random_below(&random, 7), count[8] = {0}, total = 0;
        for (uint32_t i = 0; i < rows; i++)
            rate[i] = 1 + lb_random_below(&random, 1000);
        rate[0] = rate[1] + 1;
        /* the first pick has the first turn of a generation */
        open_weighted(rate, rows, rows * (double)lb_random_below(&random, 5000) + rows - 1);
        double scaled[8];
        books.timer = books.algorithm->on_timer(books.state, books.now);
        for (uint32_t i = 0; i < rows; i++)
            total += (uint32_t)(scaled[i] = described((int32_t)i, "scaled"));
        for (uint32_t n = 0; n < total; n++)
            count[books.algorithm->pick(books.state, &any, books.now)]++;
        for (uint32_t i = 0; i < rows; i++)
            CU_ASSERT(count[i] == scaled[i]);
        books_close(&books);
    }
}

static void reports_in_numbers(void)
{
    struct lb_load_rule rule = {10 * SECOND, 180 * SECOND, SECOND, 2};
    struct lb_load_weight w = {0};
    struct lb_load load = {.rate = 100, .utilization = .5, .error_rate = 25};
    struct lb_load empty = {.rate = 0, .utilization = .5}, unknown = {.rate = 5, .utilization = 0};
    CU_ASSERT(lb_load_weight_at(&w, &rule, 0) == 0);
    lb_load_weight_report(&w, &rule, &empty, 0);
    lb_load_weight_report(&w, &rule, &unknown, 0);
    CU_ASSERT(lb_load_weight_at(&w, &rule, 100 * SECOND) == 0); /* both ignored */
    lb_load_weight_report(&w, &rule, &load, 100 * SECOND);
    CU_ASSERT(lb_load_weight_at(&w, &rule, 110 * SECOND - 1) == 0);
    CU_ASSERT(lb_load_weight_at(&w, &rule, 110 * SECOND) == 100); /* 100 / (0.5 + 0.25 x 2) */
    CU_ASSERT(lb_load_weight_at(&w, &rule, 280 * SECOND - 1) == 100);
    CU_ASSERT(lb_load_weight_at(&w, &rule, 280 * SECOND) == 0);
    lb_load_weight_report(&w, &rule, &load, 281 * SECOND); /* the blackout begins anew */
    CU_ASSERT(lb_load_weight_at(&w, &rule, 290 * SECOND) == 0);
    CU_ASSERT(lb_load_weight_at(&w, &rule, 291 * SECOND) == 100);
}

/* Weights are taken over by the timer only, the counter going on; who comes back has none. */
static void schedules_are_renewed(void)
{
    prepare("grpc-weighted-round-robin", 3);
    set("counter-start", 2);
    set("blackout", 0);
    open_pool(1);
    report((const double[]){10, 20, 30});
    expect_order("abc"); /* the timer has run before the reports */
    books.now = SECOND;
    expect_order("abcbccab"); /* from turn 6 on, by hand */
    CU_ASSERT(described(0, "weight") == 10);
    books.row[2].flags = LB_PRESENT;
    books_changed_row(&books, 2);
    CU_ASSERT(described(-1, "counter") == 2);
    books.row[2].flags |= LB_USABLE;
    books_changed_row(&books, 2);
    CU_ASSERT(described(2, "weight") == 0);
    CU_ASSERT(described(2, "scaled") == 49151); /* the mean of 10 and 20, of 20: 3/4 */
    books_close(&books);
}

/* Turns from a random place on, which every change of who is ready draws anew. */
static void turns_start_anywhere(void)
{
    uint32_t first[4] = {0}, again[3] = {0};
    for (uint64_t seed = 0; seed < 6000; seed++) {
        prepare("grpc-round-robin", 4);
        open_pool(seed);
        int32_t row = books_serve(&books, &any);
        first[row]++;
        for (int n = 1; n < 9; n++)
            CU_ASSERT(books_serve(&books, &any) == (row + n) % 4);
        books.row[3].flags = LB_PRESENT;
        books_changed_row(&books, 3);
        row = books_serve(&books, &any);
        again[row]++;
        books_changed_row(&books, 1); /* nothing did change */
        CU_ASSERT(books_serve(&books, &any) == (row + 1) % 3);
        books_close(&books);
    }
    CU_ASSERT(chi_square_fits(first, (const double[]){.25, .25, .25, .25}, 4));
    CU_ASSERT(chi_square_fits(again, (const double[]){1 / 3.0, 1 / 3.0, 1 / 3.0}, 3));
}

/* Of c draws with replacement among three, only the busy one is drawn each time, chance (1/3)^c. */
static void least_of_the_draws(void)
{
    for (uint32_t choices = 2; choices <= 4; choices += 2) {
        uint32_t count[3] = {0};
        prepare("grpc-least-request", 3);
        set("choices", choices);
        open_pool(choices);
        books.row[1].in_flight = 1;
        for (int n = 0; n < 20000; n++)
            count[books_serve(&books, &any)]++;
        double busy = choices == 2 ? 1 / 9.0 : 1 / 81.0;
        CU_ASSERT(
            chi_square_fits(count, (const double[]){(1 - busy) / 2, busy, (1 - busy) / 2}, 3));
        books_close(&books);
    }
}

#define KEYS 3000

static void place_keys(int32_t *row)
{
    for (uint64_t n = 0; n < KEYS; n++) {
        struct lb_request request = {.key = &n, .key_size = sizeof n};
        row[n] = books_serve(&books, &request);
    }
}

/* With everybody up and addresses in order it is Envoy's ring. */
static void the_ring_is_envoys(void)
{
    static int32_t envoy[KEYS], grpc[KEYS], other[KEYS];
    for (int k = 0; k < 3; k++) {
        prepare(k == 0 ? "envoy-ring-hash" : "grpc-ring-hash", 9);
        for (uint32_t i = 0; i < 9; i++)
            books.row[i].weight = 1 + i % 3;
        if (k == 2) { /* declared the other way round: the same ring */
            for (uint32_t i = 0; i < 9; i++)
                books.row[i].address = books.address[8 - i];
            for (uint32_t i = 0; i < 9; i++)
                books.row[i].weight = 1 + (8 - i) % 3;
        }
        open_pool(1);
        place_keys(k == 0 ? envoy : k == 1 ? grpc : other);
        books_close(&books);
    }
    CU_ASSERT(memcmp(envoy, grpc, sizeof envoy) == 0);
    for (int n = 0; n < KEYS; n++)
        CU_ASSERT(other[n] == 8 - grpc[n]);
}

/* Failures move the keys of who failed, and nobody else's; a return restores all. */
static void failures_leave_no_gap(void)
{
    static int32_t before[KEYS], after[KEYS];
    prepare("grpc-ring-hash", 8);
    open_pool(1);
    place_keys(before);
    for (uint32_t down = 0; down < 7; down++) {
        books.row[down].flags = LB_PRESENT;
        books_changed_row(&books, down);
        place_keys(after);
        uint32_t moved = 0;
        for (int n = 0; n < KEYS; n++) {
            CU_ASSERT(after[n] > (int32_t)down);
            CU_ASSERT(before[n] <= (int32_t)down || after[n] == before[n]);
            moved += after[n] != before[n];
        }
        CU_ASSERT(moved > 0);
    }
    for (uint32_t down = 0; down < 7; down++)
        books.row[down].flags |= LB_USABLE;
    books_changed_row(&books, 0);
    place_keys(after);
    CU_ASSERT(memcmp(before, after, sizeof before) == 0);
    books_close(&books);
}

static const struct check_test tests[] = {
    {"strides by hand", strides_by_hand},
    {"strides over a period", strides_over_a_period},
    {"reports in numbers", reports_in_numbers},
    {"schedules are renewed", schedules_are_renewed},
    {"turns start anywhere", turns_start_anywhere},
    {"least of the draws", least_of_the_draws},
    {"the ring is Envoy's", the_ring_is_envoys},
    {"failures leave no gap", failures_leave_no_gap},
};

CHECK_MAIN("grpc")
