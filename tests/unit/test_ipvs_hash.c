/*
 * The IPVS schedulers that hash or remember addresses: sh, dh, mh, lblc, lblcr.
 *
 * Hash vectors: SipHash-2-4 of 0 and 15 bytes from the appendix of its paper and its reference
 * vectors; hsiphash of 0 .. 11 bytes from the Linux kernel's self-test (lib/test_siphash.c, 64-bit
 * table). Buckets are computed by hand from address x 2654435761 modulo 256, that is x 177.
 */
#include "algorithms/hash.h"
#include "tests/unit/turns.h"

static struct books books;

static void siphash(void)
{
    static const uint32_t one_three[12] = {0x050fc4dc, 0x7d57ca93, 0x4dc7d44d, 0xe7ddf7fb,
                                           0x88d38328, 0x49533b67, 0xc59f22a7, 0x9bb11140,
                                           0x8d299a8e, 0x6c063de4, 0x92ff097f, 0xf94dc352};
    const uint64_t key[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    uint8_t bytes[16];
    for (uint8_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i;
    CU_ASSERT(lb_siphash(2, 4, key, bytes, 0) == UINT64_C(0x726fdb47dd0e0e31));
    CU_ASSERT(lb_siphash(2, 4, key, bytes, 15) == UINT64_C(0xa129ca6149be45e5));
    for (size_t size = 0; size < 12; size++)
        CU_ASSERT((uint32_t)lb_siphash(1, 3, key, bytes, size) == one_three[size]);
}

static void addresses_are_parsed(void)
{
    struct lb_address a;
    char text[48];
    CU_ASSERT(lb_address_parse("10.0.0.1:80", &a) && a.family == 4 && a.port == 80);
    CU_ASSERT(a.bytes[0] == 10 && a.bytes[3] == 1);
    CU_ASSERT(lb_address_parse("192.0.2.7", &a) && a.family == 4 && a.port == 0);
    CU_ASSERT(lb_address_parse("[2001:db8::1]:8080", &a) && a.family == 6 && a.port == 8080);
    CU_ASSERT(lb_address_text(&a, text) == 11 && strcmp(text, "2001:db8::1") == 0);
    CU_ASSERT(lb_address_parse("2001:db8::1", &a) && a.family == 6 && a.port == 0);
    CU_ASSERT(lb_address_parse("[::1]", &a) && a.family == 6);
    static const char *const wrong[] = {
        "",     "web1",   "web1:80",    "10.0.0.1:",     "10.0.0:80",   "10.0.0.1:x",
        "[::1", "[::1]x", "unix:/a.so", "1.2.3.4:65536", "[1.2.3.4]:1", "1.2.3.4:-1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CU_ASSERT(!lb_address_parse(wrong[i], &a) && a.family == 0);
}

/* A request from 10.0.0.x, port 1000 + x, to 10.1.0.x. */
static struct lb_request from(uint8_t x)
{
    return (struct lb_request){
        .source = {.family = 4, .port = (uint16_t)(1000 + x), .bytes = {10, 0, 0, x}},
        .destination = {.family = 4, .port = 80, .bytes = {10, 1, 0, x}}};
}

static void expect_from(uint8_t x, char letter)
{
    struct lb_request request = from(x);
    char got = turns_letter(books_serve(&books, &request));
    if (got != letter)
        printf("\n%s: %u went to %c, not %c", books.algorithm->name, x, got, letter);
    CU_ASSERT(got == letter);
}

/* Weights 3, 1, 2: buckets aaabcc aaabcc ... 177 x modulo 256, then modulo 6: x = 1: 177, 3: b. */
static void sh_buckets(void)
{
    turns_open(&books, "ipvs-sh", "3 1 2");
    for (uint32_t x = 0; x < 256; x++)
        expect_from((uint8_t)x, "aaabcc"[177 * x % 256 % 6]); /* the upper bytes are multiples */
    turns_weight(&books, 1, 3);                               /* dealt anew: aaabbbcc */
    for (uint32_t x = 0; x < 256; x++)
        expect_from((uint8_t)x, "aaabbbcc"[177 * x % 256 % 8]);
    turns_weight(&books, 0, 0); /* one bucket left, and nobody behind it */
    for (uint32_t x = 0; x < 256; x++)
        expect_from((uint8_t)x, "-bbbcc"[177 * x % 256 % 6]);
    books_close(&books);
}

/* Not usable: refused, or with fallback the bucket at hash + (hash + step). */
static void sh_fallback(void)
{
    turns_open(&books, "ipvs-sh", "1 1 1");
    turns_flags(&books, 1, LB_PRESENT);
    for (uint32_t x = 0; x < 256; x++)
        expect_from((uint8_t)x, "a-c"[177 * x % 256 % 3]);
    books_close(&books);
    turns_open_with(&books, "ipvs-sh", "1 1 1", "fallback", 1);
    turns_flags(&books, 1, LB_PRESENT);
    for (uint32_t x = 0; x < 256; x++) {
        uint32_t hash = 177 * x % 256, bucket = hash;
        for (uint32_t step = 0; bucket % 3 == 1; step++)
            bucket = (hash + (hash + step) % 256) % 256;
        expect_from((uint8_t)x, "abc"[bucket % 3]);
    }
    turns_flags(&books, 0, LB_PRESENT);
    turns_flags(&books, 2, LB_PRESENT);
    expect_from(1, '-');
    books_close(&books);
    turns_open_with(&books, "ipvs-sh", "256 1", "fallback", 1); /* a has every bucket */
    expect_from(1, 'a');
    turns_flags(&books, 0, LB_PRESENT);
    expect_from(1, '-');
    books_close(&books);
}

static void sh_port_and_hash(void)
{
    turns_open_with(&books, "ipvs-sh", "1 1 1", "port", 1);
    for (uint32_t x = 0; x < 256; x++) /* address + port = ... + 2 x + 1000 */
        expect_from((uint8_t)x, "abc"[177 * (2 * x + 1000) % 256 % 3]);
    books_close(&books);
    turns_open_with(&books, "ipvs-sh", "1 1 1", "hash", 1);
    for (uint32_t x = 0; x < 256; x++)
        expect_from((uint8_t)x, "abc"[((0x0a000000 + x) * 0x61c88647 >> 24) % 3]);
    /* IPv6: 0001:0002 ^ 0 ^ 0 ^ 0000:0003 = 0x00010001 */
    struct lb_request six = {.source = {.family = 6, .bytes = {0, 1, 0, 2, [15] = 3}}};
    CU_ASSERT(books_serve(&books, &six) ==
              (int32_t)((0x00010001 * UINT32_C(0x61c88647) >> 24) % 3));
    books_close(&books);
}

/* One bucket each whatever the weights; the destination counts, not the source. */
static void dh(void)
{
    turns_open(&books, "ipvs-dh", "3 1 2");
    for (uint32_t x = 0; x < 256; x++)
        expect_from((uint8_t)x, "abc"[177 * x % 256 % 3]);
    turns_weight(&books, 2, 0); /* keeps its buckets */
    for (uint32_t x = 0; x < 256; x++)
        expect_from((uint8_t)x, "ab-"[177 * x % 256 % 3]);
    struct lb_request request = from(3);
    request.source.bytes[3] = 77;
    CU_ASSERT(books_serve(&books, &request) == (int32_t)(177 * 3 % 256 % 3));
    books_close(&books);
}

#define SLOTS 4093U

/* The slots of mh as told by where keys 0 .. go; and how many each row has. */
static void mh_weights(void)
{
    turns_open(&books, "ipvs-mh", "3 1 2");
    CU_ASSERT(turns_number(&books, -1, "table_size") == SLOTS);
    CU_ASSERT(turns_number(&books, 0, "slots") == 3 * 682 + 1); /* 682 rounds of 6, then 1 */
    CU_ASSERT(turns_number(&books, 1, "slots") == 682);
    CU_ASSERT(turns_number(&books, 2, "slots") == 2 * 682);
    turns_weight(&books, 1, 0); /* the last weight stays: nothing moves */
    CU_ASSERT(turns_number(&books, 1, "slots") == 682);
    turns_weight(&books, 1,
                 200); /* 200 / 1: 8 bits, so shifted by 2: turns 1 (3 >> 2 is 0), 50, 1 */
    CU_ASSERT(turns_number(&books, 0, "slots") == 79);
    CU_ASSERT(turns_number(&books, 1, "slots") == 78 * 50 + 36);
    CU_ASSERT(turns_number(&books, 2, "slots") == 78);
    books_close(&books);
}

/* Slots of offset and skip computed here from the hash, and filled one by one. */
static void mh_table(void)
{
    const uint64_t one[2] = {2654435761, 2654435761}, two[2] = {2654446892, 2654446892};
    static int32_t slot[SLOTS];
    uint64_t at[3], skip[3];
    memset(slot, 0xff, sizeof slot);
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t number = 0x0a000001 + i + 80; /* 10.0.0.1:80 and so on */
        uint8_t bytes[4] = {(uint8_t)number, 0, 0, 10};
        at[i] = (uint32_t)lb_siphash(1, 3, one, bytes, 4) % SLOTS;
        skip[i] = (uint32_t)lb_siphash(1, 3, two, bytes, 4) % (SLOTS - 1) + 1;
    }
    for (uint32_t filled = 0; filled < SLOTS; filled++) {
        uint32_t i = filled % 3;
        while (slot[at[i]] >= 0)
            at[i] = (at[i] + skip[i]) % SLOTS;
        slot[at[i]] = (int32_t)i;
    }
    turns_open(&books, "ipvs-mh", "7 7 7");
    for (uint32_t x = 0; x < 256; x++) {
        uint8_t bytes[4] = {(uint8_t)x, 0, 0, 10};
        expect_from((uint8_t)x, "abc"[slot[(uint32_t)lb_siphash(1, 3, one, bytes, 4) % SLOTS]]);
    }
    books_close(&books);
}

/* Where 4,000 clients go. */
static void place(int32_t *placed)
{
    for (uint32_t n = 0; n < 4000; n++) {
        struct lb_request request = from((uint8_t)n);
        request.source.bytes[2] = (uint8_t)(n >> 8);
        placed[n] = books_serve(&books, &request);
    }
}

/* One of ten leaves: its clients move, and few others; one out with fallback: its clients only. */
static void mh_disruption(void)
{
    static int32_t before[4000], after[4000];
    uint32_t moved = 0, own = 0;
    turns_open_with(&books, "ipvs-mh", "1 1 1 1 1 1 1 1 1 1", "fallback", 1);
    place(before);
    turns_flags(&books, 4, LB_PRESENT);
    place(after);
    for (uint32_t n = 0; n < 4000; n++) {
        own += before[n] == 4;
        CU_ASSERT(after[n] >= 0 && after[n] != 4);
        CU_ASSERT(before[n] == 4 || before[n] == after[n]);
    }
    turns_flags(&books, 4, 0);
    place(after);
    for (uint32_t n = 0; n < 4000; n++)
        moved += before[n] != after[n];
    CU_ASSERT(own > 300 && own < 500);
    CU_ASSERT(moved >= own && moved < own + 200); /* modulo hashing would move 3,600 */
    books_close(&books);
    turns_open(&books, "ipvs-mh", "1 1");
    turns_flags(&books, 0, LB_PRESENT);
    place(after);
    own = 0;
    for (uint32_t n = 0; n < 4000; n++)
        own += after[n] == LB_NONE;
    CU_ASSERT(own > 1800 && own < 2200); /* without fallback they are refused */
    books_close(&books);
}

/* A destination stays with its server whatever the loads, until active > weight beside somebody
 * with less than half of his weight; then it moves to the lightest and stays there. */
static void lblc_story(void)
{
    turns_open(&books, "ipvs-lblc", "2 4 2");
    expect_from(1, 'a');
    turns_load(&books, 0, 1);
    expect_from(1, 'a'); /* wlc would say b */
    expect_from(2, 'b');
    turns_load(&books, 0, 3); /* 3 > 2, and b has 0 of 4 */
    turns_load(&books, 1, 2); /* 2 x 2 = 4: not less than half */
    turns_load(&books, 2, 1); /* 1 x 2 = 2: not less either */
    expect_from(1, 'a');
    turns_load(&books, 1, 1);
    expect_from(1, 'b');
    turns_load(&books, 0, 0);
    expect_from(1, 'b');
    turns_flags(&books, 1, LB_PRESENT);
    expect_from(1, 'a'); /* out: the lightest, for good */
    turns_flags(&books, 1, TURNS_UP);
    expect_from(1, 'a');
    turns_weight(&books, 0, 0);
    expect_from(1, 'b'); /* 1/4 against 1/2 */
    CU_ASSERT(turns_number(&books, -1, "entries") == 2);
    books_close(&books);
}

/* The overloaded flag keeps new addresses away only; a row that was left is remembered by nobody. */
static void lblc_flag_and_leave(void)
{
    turns_open(&books, "ipvs-lblc", "5 5");
    books.row[0].max_in_flight = 1;
    books_changed_row(&books, 0);
    expect_from(1, 'a');
    turns_load(&books, 0, 1);
    expect_from(2, 'b');
    struct lb_request request = from(1);
    CU_ASSERT(turns_hold(&books, &request) == 0);
    turns_load(&books, 0, 0);
    turns_load(&books, 1, 3);
    turns_flags(&books, 0, 0);
    books.row[0].max_in_flight = 0;
    turns_flags(&books, 0, TURNS_UP); /* another backend, in the same row */
    turns_load(&books, 0, 4);
    expect_from(1, 'b');
    books_close(&books);
}

/* The 30th look of the timer, half an hour on, expires what is 24 h old. */
static void lblc_time(void)
{
    const lb_time hour = 3600 * SECOND;
    turns_open(&books, "ipvs-lblc", "1 1");
    lb_time start = books.now;
    expect_from(1, 'a');
    expect_from(2, 'a');
    CU_ASSERT(books.timer == start + 60 * SECOND);
    while (books.now < start + 24 * hour - 60 * SECOND) {
        books.now += 60 * SECOND;
        if (books.now == start + 12 * hour)
            expect_from(2, 'a');
        else
            while (books.timer <= books.now)
                books.timer = books.algorithm->on_timer(books.state, books.now);
    }
    CU_ASSERT(turns_number(&books, -1, "entries") == 2);
    books.now += 60 * SECOND; /* look 1,440 = 48 x 30 */
    books.timer = books.algorithm->on_timer(books.state, books.now);
    CU_ASSERT(turns_number(&books, -1, "entries") == 1);
    turns_load(&books, 0, 1);
    expect_from(1, 'b'); /* forgotten */
    expect_from(2, 'a'); /* remembered */
    books_close(&books);
}

/* A table of two: a third address drops the one unused for longest. */
static void tables_are_bounded(void)
{
    static const char *const names[] = {"ipvs-lblc", "ipvs-lblcr"};
    for (int k = 0; k < 2; k++) {
        turns_open_with(&books, names[k], "1 1", "entries", 2);
        expect_from(1, 'a');
        expect_from(2, 'a');
        expect_from(1, 'a');
        expect_from(3, 'a'); /* drops 2 */
        CU_ASSERT(turns_number(&books, -1, "entries") == 2);
        turns_load(&books, 0, 1);
        expect_from(1, 'a');
        expect_from(2, 'b');
        expect_from(1, 'a'); /* 3 went */
        expect_from(3, 'b');
        books_close(&books);
    }
}

/* The set grows by the lightest when its lightest is overloaded, and is used by load. */
static void lblcr_set(void)
{
    turns_open(&books, "ipvs-lblcr", "2 2 2");
    expect_from(1, 'a');
    turns_load(&books, 0, 2);
    expect_from(1, 'a'); /* 2 is not above 2 */
    turns_load(&books, 0, 3);
    expect_from(1, 'b'); /* joins */
    CU_ASSERT(turns_number(&books, -1, "members") == 2);
    turns_load(&books, 0, 0);
    turns_load(&books, 1, 1);
    expect_from(1, 'a'); /* the lighter of the set */
    turns_load(&books, 0, 1);
    expect_from(1, 'b'); /* a tie: who joined last */
    turns_load(&books, 0, 3);
    turns_load(&books, 1, 3);
    expect_from(1, 'c');
    CU_ASSERT(turns_number(&books, -1, "members") == 3);
    turns_flags(&books, 2, LB_PRESENT); /* passed over, and a member still */
    turns_load(&books, 0, 1);
    expect_from(1, 'a');
    turns_flags(&books, 2, TURNS_UP);
    expect_from(1, 'c');
    turns_flags(&books, 2, 0);
    CU_ASSERT(turns_number(&books, -1, "members") == 2);
    expect_from(1, 'a');
    books_close(&books);
}

/* 24 h without a change: the heaviest leaves, at the first request after. */
static void lblcr_shrinks(void)
{
    turns_open(&books, "ipvs-lblcr", "2 2 2");
    expect_from(1, 'a');
    turns_load(&books, 0, 3);
    expect_from(1, 'b');
    turns_load(&books, 0, 2);
    turns_load(&books, 1, 1);
    lb_time changed = books.now;
    for (int hour = 1; hour <= 24; hour++) {
        books.now = changed + hour * 3600 * SECOND;
        expect_from(1, 'b');
    }
    CU_ASSERT(turns_number(&books, -1, "members") == 2); /* not more than 24 h yet */
    books.now++;
    expect_from(1, 'b');
    CU_ASSERT(turns_number(&books, -1, "members") == 1);
    turns_load(&books, 0, 0);
    expect_from(1, 'b'); /* a has gone from the set */
    books_close(&books);
}

/* Members are bounded too: one entry has room for four, and starts again with the fifth. */
static void lblcr_members_are_bounded(void)
{
    turns_open_with(&books, "ipvs-lblcr", "1 1 1 1 1 1", "entries", 1);
    for (int32_t row = 0; row < 6; row++) {
        struct lb_request request = from(1);
        CU_ASSERT(turns_hold(&books, &request) == row);
        turns_load(&books, row, 2);
    }
    CU_ASSERT(turns_number(&books, -1, "members") == 2);
    books_close(&books);
}

/* Without a destination the key stands for it, and without a key the source. */
static void what_stands_for_a_destination(void)
{
    turns_open(&books, "ipvs-lblc", "9 9");
    struct lb_request request = from(1);
    request.destination.family = 0;
    CU_ASSERT(books_serve(&books, &request) == 0);
    request.key = "x";
    request.key_size = 1;
    turns_load(&books, 0, 1);
    CU_ASSERT(books_serve(&books, &request) == 1); /* another thing */
    request.source.bytes[3] = 9;
    turns_load(&books, 1, 3);
    CU_ASSERT(books_serve(&books, &request) == 1); /* the same key */
    request.key_size = 0;
    request.source.bytes[3] = 1;
    CU_ASSERT(books_serve(&books, &request) == 0);
    CU_ASSERT(turns_number(&books, -1, "entries") == 2);
    books_close(&books);
}

static const struct check_test tests[] = {
    {"siphash", siphash},
    {"addresses are parsed", addresses_are_parsed},
    {"sh: buckets", sh_buckets},
    {"sh: fallback", sh_fallback},
    {"sh: port and hash", sh_port_and_hash},
    {"dh", dh},
    {"mh: weights", mh_weights},
    {"mh: table", mh_table},
    {"mh: disruption", mh_disruption},
    {"lblc: story", lblc_story},
    {"lblc: flag and leave", lblc_flag_and_leave},
    {"lblc: time", lblc_time},
    {"tables are bounded", tables_are_bounded},
    {"lblcr: the set", lblcr_set},
    {"lblcr: shrinks", lblcr_shrinks},
    {"lblcr: members are bounded", lblcr_members_are_bounded},
    {"what stands for a destination", what_stands_for_a_destination},
};

CHECK_MAIN("ipvs: addresses")
