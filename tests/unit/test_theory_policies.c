/*
 * The ideal policies, by truths made by hand: what is at the backends is set here and not taken
 * from the books, so that a policy that followed the books instead would be found out. Chances are
 * worked out by hand; counts are tested by chi-square, which an honest policy fails once in 10^6
 * (seeds are fixed).
 */
#include "algorithms/registry.h"

#include "tests/check.h"
#include "tests/unit/books.h"
#include "tests/unit/chi_square.h"

#define PICKS 30000
#define UP    (LB_PRESENT | LB_USABLE)

static struct books books;
static struct lb_request request;

static void prepare(const uint32_t *weights)
{
    uint32_t rows = 0;
    books_init(&books, 0);
    for (; weights[rows] != 0; rows++) {
        books.row[rows].weight = weights[rows];
        books.row[rows].flags = UP;
    }
    books.pool.count = rows;
    request = (struct lb_request){.size = 1};
}

static void open_state(const char *name)
{
    const struct lb_algorithm *a = lb_registry_find(name);
    CU_ASSERT_FATAL(a != NULL);
    CU_ASSERT((a->needs & (LB_NEED_ORACLE | LB_NEED_SIZE)) != 0);
    CU_ASSERT(strstr(a->title, "(ideal)") != NULL && strncmp(a->summary, "Ideal: ", 7) == 0);
    CU_ASSERT_FATAL(books_open(&books, a, 21, true));
}

/* The books say nothing of what the truth says. */
static void set_present(const uint32_t *present)
{
    memcpy(books.present, present, books.pool.count * sizeof *present);
}

static int32_t pick_now(void)
{
    return books_pick(&books, &request);
}

static void expect_chances(const double *chance)
{
    uint32_t count[BOOKS_ROWS] = {0};
    for (int n = 0; n < PICKS; n++) {
        int32_t row = pick_now();
        CU_ASSERT_FATAL(row >= 0 && row < (int32_t)books.pool.count);
        count[row]++;
    }
    bool fits = chi_square_fits(count, chance, books.pool.count);
    for (uint32_t i = 0; !fits && i < books.pool.count; i++)
        printf("%s%s %u of %.0f", i == 0 ? "\n" : ", ", books.algorithm->name, count[i],
               PICKS * chance[i]);
    CU_ASSERT(fits);
}

/* --- shortest queues -------------------------------------------------------------------------- */

/* The truth against the books, per weight; ties as least-connections breaks them. */
static void shortest_queue_follows_the_truth(void)
{
    prepare((uint32_t[]){1, 1, 1, 2, 0});
    books.row[2].in_flight = 9; /* in the books of this balancer; present there: 1 */
    open_state("shortest-queue");
    set_present((uint32_t[]){3, 2, 1, 4});
    CU_ASSERT(pick_now() == 2);
    set_present((uint32_t[]){3, 2, 2, 3});
    CU_ASSERT(pick_now() == 3); /* 1.5 for each of its weight */
    set_present((uint32_t[]){2, 3, 2, 4});
    expect_chances((double[]){1 / 3.0, 0, 1 / 3.0, 1 / 3.0});
    books.row[0].flags = LB_PRESENT;
    books_changed_row(&books, 0);
    set_present((uint32_t[]){0, 1, 2, 4});
    CU_ASSERT(pick_now() == 1);
    const int32_t tried[] = {1};
    request.tried = tried;
    request.tried_count = 1;
    expect_chances((double[]){0, 0, 0.5, 0.5});
    books_close(&books);
    books.values[0] = 1; /* first */
    prepare((uint32_t[]){1, 1, 1, 0});
    books.values[0] = 1;
    open_state("shortest-queue");
    set_present((uint32_t[]){2, 1, 1});
    CU_ASSERT(pick_now() == 1 && pick_now() == 1);
    books_close(&books);
    books.values[0] = 2; /* in turn */
    open_state("shortest-queue");
    set_present((uint32_t[]){1, 1, 1});
    CU_ASSERT(pick_now() == 0 && pick_now() == 1 && pick_now() == 2 && pick_now() == 0);
    books_close(&books);
}

/* Queues 0 < 1 < 2 < 3: the least of two is row i in C(3-i,1) of C(4,2) pairs; with replacement in
 * 7, 5, 3, 1 of 16; of three in C(3-i,2) of C(4,3). */
static void shortest_of_d_draws(void)
{
    static const struct {
        double choices, replacement, chance[4];
    } cases[] = {
        {2, 0, {3 / 6.0, 2 / 6.0, 1 / 6.0, 0}},
        {2, 1, {7 / 16.0, 5 / 16.0, 3 / 16.0, 1 / 16.0}},
        {3, 0, {3 / 4.0, 1 / 4.0, 0, 0}},
        {1, 0, {0.25, 0.25, 0.25, 0.25}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        prepare((uint32_t[]){1, 1, 1, 1, 0});
        books.values[0] = cases[i].choices;
        books.values[1] = cases[i].replacement;
        for (uint32_t row = 0; row < 4; row++)
            books.row[row].in_flight = 3 - row; /* the books have it the other way round */
        open_state("shortest-queue-d");
        set_present((uint32_t[]){0, 1, 2, 3});
        expect_chances(cases[i].chance);
        books_close(&books);
    }
}

/* --- idle ------------------------------------------------------------------------------------- */

static void start_at(int32_t row)
{
    books_start(&books, row, &request, LB_BY_PICK);
}

/* The list: at first in row order; who finishes goes to its end; nobody idle: by weight. */
static void idle_backends_queue_up(void)
{
    prepare((uint32_t[]){1, 1, 2, 0});
    open_state("join-idle-queue");
    for (int32_t n = 0; n < 3; n++) {
        CU_ASSERT(pick_now() == n);
        start_at(n);
    }
    struct lb_random before = books.random;
    books_finish(&books, 1, LB_END_OK, false);
    books_finish(&books, 0, LB_END_OK, false);
    CU_ASSERT(pick_now() == 1); /* idle longest */
    start_at(1);
    CU_ASSERT(pick_now() == 0);
    start_at(0);
    CU_ASSERT(memcmp(&before, &books.random, sizeof before) == 0); /* without a coin */
    expect_chances((double[]){0.25, 0.25, 0.5});
    books.row[2].in_flight = 0;
    set_present((uint32_t[]){1, 1, 0}); /* idle though no finish told */
    CU_ASSERT(pick_now() == 2);
    books_close(&books);
}

/* Idle in the books but not in truth is not idle; tried keeps its place; down leaves the list. */
static void idle_is_what_is_true(void)
{
    const int32_t tried[] = {1};
    prepare((uint32_t[]){1, 1, 1, 1, 0});
    open_state("join-idle-queue");
    set_present((uint32_t[]){1, 0, 0, 0}); /* somebody else's request is at row 0 */
    request.tried = tried;
    request.tried_count = 1;
    CU_ASSERT(pick_now() == 2); /* 0 is out, 1 was tried */
    request.tried_count = 0;
    CU_ASSERT(pick_now() == 1);
    books.row[3].flags = LB_PRESENT;
    books_changed_row(&books, 3);
    set_present((uint32_t[]){0, 1, 1, 0});
    CU_ASSERT(pick_now() == 0); /* 3 is next, but down */
    books.row[3].flags = UP;
    books_changed_row(&books, 3);
    set_present((uint32_t[]){1, 1, 1, 0});
    CU_ASSERT(pick_now() == 3);
    books.speed[3] = 0; /* it hangs: a worker, but not one that works */
    set_present((uint32_t[]){1, 0, 1, 0});
    CU_ASSERT(pick_now() == 1);
    books_close(&books);
}

/* A backend of two workers goes to the end of the list with the one that is left. */
static void idle_workers(void)
{
    static const int32_t order[] = {0, 1, 2, 0, 2, 2};
    prepare((uint32_t[]){1, 1, 1, 0});
    books.slots[0] = 2;
    books.slots[2] = 3;
    open_state("join-idle-queue");
    for (size_t n = 0; n < 6; n++) {
        int32_t row = pick_now();
        CU_ASSERT(row == order[n]);
        start_at(row);
    }
    expect_chances((double[]){1 / 3.0, 1 / 3.0, 1 / 3.0});
    books_close(&books);
}

/* --- work ------------------------------------------------------------------------------------- */

static void work_left_over_pace(void)
{
    prepare((uint32_t[]){9, 1, 1, 0}); /* weights do not matter */
    open_state("least-work-left");
    memcpy(books.work_left, (lb_time[]){50, 40, 60}, 3 * sizeof(lb_time));
    CU_ASSERT(pick_now() == 1);
    books.speed[2] = 2; /* 30 */
    CU_ASSERT(pick_now() == 2);
    books.slots[0] = 4; /* 12.5 */
    CU_ASSERT(pick_now() == 0);
    books.speed[0] = 0; /* never */
    CU_ASSERT(pick_now() == 2);
    books.work_left[0] = 0;
    CU_ASSERT(pick_now() == 2);
    memcpy(books.work_left, (lb_time[]){0, 30, 60}, 3 * sizeof(lb_time));
    expect_chances((double[]){0, 0.5, 0.5});
    books.speed[1] = books.speed[2] = 0;
    expect_chances((double[]){1 / 3.0, 1 / 3.0, 1 / 3.0});
    books_close(&books);
}

static void central_queue_waits(void)
{
    prepare((uint32_t[]){1, 1, 1, 0});
    books.slots[1] = 2;
    books.speed[1] = 0.5;
    open_state("central-queue");
    set_present((uint32_t[]){1, 0, 0});
    CU_ASSERT(pick_now() == 2); /* the fastest of those with a free worker */
    start_at(2);
    set_present((uint32_t[]){1, 0, 0}); /* on its way: row 2 is taken all the same */
    CU_ASSERT(pick_now() == 1);
    start_at(1);
    set_present((uint32_t[]){1, 1, 1});
    CU_ASSERT(pick_now() == 1);
    start_at(1);
    set_present((uint32_t[]){1, 2, 1});
    CU_ASSERT(pick_now() == LB_WAIT);
    const int32_t tried[] = {0, 1, 2};
    request.tried = tried;
    request.tried_count = 3;
    CU_ASSERT(pick_now() == LB_NONE);
    request.tried_count = 0;
    books_finish(&books, 2, LB_END_OK, false);
    set_present((uint32_t[]){1, 2, 0});
    CU_ASSERT(pick_now() == 2);
    request.tried = &tried[2];
    request.tried_count = 1;
    CU_ASSERT(pick_now() == LB_WAIT); /* the free one was tried */
    request.tried_count = 0;
    books.speed[2] = 0;
    CU_ASSERT(pick_now() == LB_WAIT);
    books_finish(&books, 1, LB_END_OK, false);
    books_finish(&books, 1, LB_END_OK, false);
    set_present((uint32_t[]){3, 4, 2}); /* all of other balancers: no end here would wake it */
    for (int n = 0; n < 20; n++)        /* 3, 2 and 2 for each worker, but row 2 serves nothing */
        CU_ASSERT(pick_now() == 1);
    books_close(&books);
}

/* --- sizes ------------------------------------------------------------------------------------ */

static int32_t pick_size(uint64_t size)
{
    request.size = size;
    return pick_now();
}

/* Sizes 1 to 1,000 ms equally often: a share x of the work is below 1,000 sqrt(x), so with equal
 * weights the cut-offs are at 577 and 816 ms; with weights 1, 2, 1 at 500 and 866. Buckets are 1.1
 * % wide. */
static void sizes_are_cut_to_equal_load(void)
{
    static const struct {
        uint32_t weights[4], below, above, last_below, last_above;
    } cases[] = {{{1, 1, 1, 0}, 570, 585, 807, 826}, {{1, 2, 1, 0}, 494, 506, 856, 876}};
    for (size_t i = 0; i < 2; i++) {
        double load[3] = {0}, total = 0;
        prepare(cases[i].weights);
        books.values[0] = 20000;
        open_state("size-interval");
        uint64_t state = 4;
        for (int n = 0; n < 80000; n++) {
            uint64_t size = 1 + lb_splitmix64(&state) % 1000;
            int32_t row = pick_size(size * 1000000);
            if (n < 30000)
                continue;
            load[row] += (double)size;
            total += (double)size;
        }
        for (int row = 0; row < 3; row++) /* of 50,000 sizes: 1 % is three standard deviations */
            CU_ASSERT(fabs(load[row] / total - cases[i].weights[row] / (i == 0 ? 3.0 : 4.0)) <
                      0.015);
        for (uint64_t size = 1; size <= 1000; size++) {
            int32_t row = pick_size(size * 1000000);
            CU_ASSERT(size > cases[i].below || row == 0);
            CU_ASSERT(size < cases[i].above || size > cases[i].last_below || row == 1);
            CU_ASSERT(size < cases[i].last_above || row == 2);
        }
        CU_ASSERT(pick_size(1) == 0 && pick_size(2000000000) == 2);
        books_close(&books);
    }
}

static void note_learned(void *to, int32_t backend, const char *name, double value)
{
    if (backend < 0 && strcmp(name, "learned") == 0)
        *(double *)to = value;
}

/* Each request is learned once, however often it is picked for after a failure. */
static void sizes_are_learned_once(void)
{
    const int32_t tried[] = {0};
    double learned = 0;
    prepare((uint32_t[]){1, 2, 1, 0});
    open_state("size-interval");
    for (int n = 0; n < 10; n++) {
        request.tried = tried;
        request.tried_count = n % 2 == 0 ? 0 : 1;
        pick_size(1000);
    }
    books.algorithm->describe(books.state, note_learned, &learned);
    CU_ASSERT(learned == 5);
    books_close(&books);
}

/* Until enough was learned: by weight. All of one size: by weight too. A row that cannot: the next
 * larger one, the last: the next smaller. */
static void sizes_before_and_beside(void)
{
    prepare((uint32_t[]){1, 2, 1, 0});
    books.values[0] = 1e9;
    open_state("size-interval");
    expect_chances((double[]){0.25, 0.5, 0.25});
    books_close(&books);
    books.values[0] = 0;
    open_state("size-interval");
    request.size = 5000000;
    expect_chances((double[]){0.25, 0.5, 0.25});
    for (int n = 0; n < 3000; n++)
        pick_size(n % 2 == 0 ? 1000 : 1000000000);
    CU_ASSERT(pick_size(1000) == 0 && pick_size(2000000000) == 2);
    const int32_t tried[] = {0, 1};
    request.tried = tried;
    request.tried_count = 1;
    CU_ASSERT(pick_size(1000) == 1);
    request.tried_count = 2;
    CU_ASSERT(pick_size(1000) == 2);
    request.tried_count = 0;
    books.row[2].max_in_flight = books.row[2].in_flight = 1;
    books_sum(&books);
    CU_ASSERT(pick_size(2000000000) == 1);
    request.size = 0; /* unknown work: anybody */
    int32_t row = pick_now();
    CU_ASSERT(row == 0 || row == 1);
    books_close(&books);
}

static const struct check_test tests[] = {
    {"shortest-queue follows the truth", shortest_queue_follows_the_truth},
    {"shortest-queue-d draws", shortest_of_d_draws},
    {"join-idle-queue: idle backends queue up", idle_backends_queue_up},
    {"join-idle-queue: idle is what is true", idle_is_what_is_true},
    {"join-idle-queue: idle workers", idle_workers},
    {"least-work-left: work over pace", work_left_over_pace},
    {"central-queue waits", central_queue_waits},
    {"size-interval: equal load", sizes_are_cut_to_equal_load},
    {"size-interval: learned once", sizes_are_learned_once},
    {"size-interval: before and beside", sizes_before_and_beside},
};

CHECK_MAIN("theory policies")
