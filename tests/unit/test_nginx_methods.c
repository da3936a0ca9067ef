/*
 * nginx's methods that hash or draw, one rule at a time. Sequences of tries were computed from the
 * rule by a few lines of Python (zlib for crc32), apart from this code; recordings of the real
 * program are in tests/golden/nginx.
 */
#include "tests/unit/upstream_tier.h"

static const uint32_t five[] = {3, 2, 1, 4, 2, 0};

/* Where the request goes when every peer it comes to fails: its hash sequence without repeats. */
static void expect_tries(const struct lb_request *request, const char *order)
{
    int32_t tried[16];
    char went[32] = "";
    struct lb_request ask = *request;
    ask.tried = tried;
    for (size_t i = 0; i < strlen(order); i++) {
        int32_t row = books_pick(&books, &ask);
        went[i] = (char)(row < 0 ? '-' : 'a' + row);
        tried[ask.tried_count] = row;
        ask.tried_count += row >= 0;
    }
    if (strcmp(went, order) != 0)
        printf("\n%s: %s, not %s", books.algorithm->name, went, order);
    CU_ASSERT(strcmp(went, order) == 0);
}

static struct lb_request from(uint16_t family, const uint8_t *byte)
{
    struct lb_request request = {.source = {.family = family}};
    memcpy(request.source.bytes, byte, family == 4 ? 4 : 16);
    return request;
}

static struct lb_request of_key(const char *key)
{
    return (struct lb_request){.key = key, .key_size = strlen(key)};
}

static void set_flags(uint32_t row, unsigned flags)
{
    books.row[row].flags = (uint16_t)flags;
    books_changed_row(&books, row);
}

/* Falls of h, 192.0.2.0/24: b b d d b b c d e a; 203.0.113.0/24: a e c a e a d a d a e b. */
static void ip_hash_goes_on_from_the_last_h(void)
{
    struct lb_request one = from(4, (uint8_t[4]){192, 0, 2, 1});
    struct lb_request two = from(4, (uint8_t[4]){203, 0, 113, 9});
    open_tier("nginx-ip-hash", five, 1);
    expect_tries(&one, "bdcea-");
    expect_tries(&two, "aecdb-");
    one.source.bytes[3] = 200; /* the last byte is not hashed */
    expect_tries(&one, "bdcea-");
    set_flags(1, LB_PRESENT); /* b is down and keeps its share: only its clients move */
    expect_tries(&one, "dcea-");
    expect_tries(&two, "aecd-");
    set_flags(1, LB_PRESENT | LB_USABLE);
    books.row[0].max_in_flight = books.row[0].in_flight = 1; /* full */
    expect_tries(&two, "ecdb-");
    books_close(&books);
}

/* d e c d d d a e b: all 16 bytes; d d d d d b a: a source without an address is 0.0.0. */
static void ip_hash_of_other_families(void)
{
    struct lb_request six = from(6, (uint8_t[16]){0x20, 1, 0xd, 0xb8, [15] = 1});
    struct lb_request next = from(6, (uint8_t[16]){0x20, 1, 0xd, 0xb8, [15] = 2});
    struct lb_request unknown = {.source = {.family = 0, .bytes = {9, 9, 9}}};
    open_tier("nginx-ip-hash", five, 1);
    expect_tries(&six, "decab-");
    expect_tries(&next, "daebc-");
    expect_tries(&unknown, "dbaec-");
    books_close(&books);
}

/* key-0: e b c d e d d e d a; "a": e b a d d a d a b d e d. */
static void hash_counts_up_before_the_key(void)
{
    struct lb_request one = of_key("key-0"), two = of_key("/index.html"), none = of_key("");
    open_tier("nginx-hash", five, 1);
    expect_tries(&one, "ebcda-");
    expect_tries(&two, "aebd");
    set_flags(4, LB_PRESENT);
    expect_tries(&one, "bcda-");
    expect_tries(&two, "abd");
    books_close(&books);
    open_tier("nginx-hash", (uint32_t[]){5, 1, 1, 0}, 1);
    none.source.family = 4;
    char order[8] = "";
    for (int i = 0; i < 7; i++)
        order[i] = (char)('a' + books_serve(&books, &none));
    CU_ASSERT_STRING_EQUAL(order, "aabacaa"); /* an empty key takes turns */
    books_close(&books);
}

/* Equal weights above 1: the hash is taken modulo their sum, 6, not modulo 3. */
static void equal_weights_are_not_ones(void)
{
    static const char *const keys[] = {"key-0", "/index.html", "a", "b", "c"};
    static const char falls[] = "cbcac";
    open_tier("nginx-hash", (uint32_t[]){2, 2, 2, 0}, 1);
    for (int k = 0; k < 5; k++) {
        struct lb_request request = of_key(keys[k]);
        CU_ASSERT(books_serve(&books, &request) == falls[k] - 'a');
    }
    books_close(&books);
}

/* Of {1,1,30} the last is down. 20 rejected tries leave one more; 21 lead to turns, which go on
 * from request to request: a b a. */
static void twenty_tries_then_turns(void)
{
    static const uint32_t heavy[] = {1, 1, 30, 0};
    static const struct {
        const char *name, *last, *beyond; /* keys whose first a or b is try 21, or a later one */
        int32_t row;                      /* where the last try falls */
    } cases[] = {{"nginx-hash", "k28", "k10", 0}, {"nginx-hash-consistent", "k1", "k164", 1}};
    for (int i = 0; i < 2; i++) {
        open_tier(cases[i].name, heavy, 1);
        set_flags(2, LB_PRESENT);
        struct lb_request last = of_key(cases[i].last), beyond = of_key(cases[i].beyond);
        for (int n = 0; n < 4; n++)
            CU_ASSERT(books_serve(&books, &last) == cases[i].row);
        for (int n = 0; n < 4; n++)
            CU_ASSERT(books_serve(&books, &beyond) == n % 2);
        books_close(&books);
    }
    open_tier("nginx-ip-hash", heavy, 1);
    set_flags(2, LB_PRESENT);
    struct lb_request last = from(4, (uint8_t[4]){10, 0, 107, 1});
    struct lb_request beyond = from(4, (uint8_t[4]){10, 0, 122, 1}); /* try 22 would be b */
    for (int n = 0; n < 4; n++)
        CU_ASSERT(books_serve(&books, &last) == 0);
    for (int n = 0; n < 4; n++)
        CU_ASSERT(books_serve(&books, &beyond) == n % 2);
    books_close(&books);
}

/* One peer and no backup: turns, and failures are not counted. With a backup they are. */
static void single_peers_and_backups(void)
{
    static const char *const names[] = {"nginx-ip-hash",         "nginx-hash",
                                        "nginx-hash-consistent", "nginx-random",
                                        "nginx-random-two",      "nginx-least-time"};
    for (int i = 0; i < 6; i++) {
        struct lb_request request = of_key("k");
        open_tier(names[i], (uint32_t[]){1, 0}, 1);
        attempt(0, true);
        CU_ASSERT(books_serve(&books, &request) == 0);
        CU_ASSERT(told(0, "fails") == 0);
        books_close(&books);
        open_tier(names[i], (uint32_t[]){1, 0}, 2);
        attempt(0, true);
        CU_ASSERT(books_serve(&books, &request) == LB_NONE);
        books_close(&books);
    }
    open_tier("nginx-hash", (uint32_t[]){5, 1, 1, 0}, 2);
    books_close(&books);
    books.tier = 1; /* the backups of a hash take turns, whatever the key */
    CU_ASSERT_FATAL(books_open(&books, lb_registry_find("nginx-hash"), 1, false));
    struct lb_request request = of_key("k");
    char order[8] = "";
    for (int i = 0; i < 7; i++)
        order[i] = (char)('a' + books_serve(&books, &request));
    CU_ASSERT_STRING_EQUAL(order, "aabacaa");
    books_close(&books);
}

static void open_ring(const char *const *address, uint32_t rows)
{
    static const uint32_t ones[] = {1, 1, 1, 1, 0};
    open_tier("nginx-hash-consistent", &ones[4 - rows], 1);
    for (uint32_t i = 0; i < rows; i++)
        books.row[i].address = address[i];
    books_close(&books);
    CU_ASSERT_FATAL(books_open(&books, books.algorithm, 1, false));
}

/* Points around the ring from the key on: key-0 c c b a c a c d, key-4 a b b c c d. */
static void ring_names_texts(void)
{
    static const char *const address[] = {"10.0.0.1:80", "10.0.0.2:80", "unix:/run/app.sock",
                                          "example.org"};
    open_ring(address, 4);
    books.row[1].weight = 2;
    books_changed_row(&books, 1);
    CU_ASSERT(told(-1, "points") == 800);
    struct lb_request one = of_key("key-0"), two = of_key("key-4"), end = of_key("key-1");
    expect_tries(&one, "cbad-");
    expect_tries(&two, "abcd-");
    expect_tries(&end, "badc-");
    set_flags(2, LB_PRESENT);
    expect_tries(&one, "bad-");
    expect_tries(&two, "abd-");
    books_close(&books);
}

/* Two rows with one text are one server with turns; both tried, the next point is asked. */
static void ring_turns_among_one_text(void)
{
    static const char *const address[] = {"example.org", "10.0.0.2:80", "example.org"};
    open_ring(address, 3);
    CU_ASSERT(told(-1, "points") == 320);
    struct lb_request request = {.key_size = 0};
    char key[16];
    for (int n = 0;; n++) { /* some key of example.org */
        snprintf(key, sizeof key, "k%d", n);
        request = of_key(key);
        if (books_serve(&books, &request) != 1)
            break;
    }
    books_close(&books);
    open_ring(address, 3);
    for (int n = 0; n < 6; n++)
        CU_ASSERT(books_serve(&books, &request) == (n % 2 == 0 ? 0 : 2));
    expect_tries(&request, "acb-");
    books_close(&books);
}

/* The draws, repeated from a copy of the coins: the first acceptable one; the second of two that
 * differ when they carry the same for their weights, else the better. */
static void draws_are_by_the_coins(void)
{
    for (int two = 0; two < 2; two++) {
        open_tier(two ? "nginx-random-two" : "nginx-random", (uint32_t[]){1, 1, 1, 1, 0}, 1);
        set_flags(3, LB_PRESENT);
        books.row[0].in_flight = books.row[1].in_flight = 1;
        for (int n = 0; n < 500; n++) {
            struct lb_random copy = books.random;
            uint32_t a = 3, b = 3;
            while (a == 3)
                a = lb_random_below(&copy, 4);
            while (two && (b == 3 || b == a))
                b = lb_random_below(&copy, 4);
            uint32_t wanted = two && (a != 2) ? b : a;
            CU_ASSERT(books_serve(&books, &first_try) == (int32_t)wanted);
        }
        books_close(&books);
    }
}

/* One peer left of three: the second draw is never found, and turns decide. */
static void one_left_of_two(void)
{
    open_tier("nginx-random-two", (uint32_t[]){1, 1, 1, 0}, 1);
    set_flags(0, LB_PRESENT);
    set_flags(2, LB_PRESENT);
    expect_order("bbbbbbbb");
    set_flags(1, LB_PRESENT);
    expect_order("--");
    books_close(&books);
}

static const struct check_test tests[] = {
    {"ip_hash goes on from the last h", ip_hash_goes_on_from_the_last_h},
    {"ip_hash of other families", ip_hash_of_other_families},
    {"hash counts up before the key", hash_counts_up_before_the_key},
    {"equal weights are not ones", equal_weights_are_not_ones},
    {"twenty tries, then turns", twenty_tries_then_turns},
    {"single peers and backups", single_peers_and_backups},
    {"a ring names texts", ring_names_texts},
    {"turns among one text", ring_turns_among_one_text},
    {"draws are by the coins", draws_are_by_the_coins},
    {"one left of two", one_left_of_two},
};

CHECK_MAIN("nginx methods")
