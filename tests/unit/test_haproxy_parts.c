/*
 * The pieces that HAProxy's algorithms are made of, each against the rule written down plainly: the
 * tree against a scan, the static map against its definition slot by slot, the ring against a look
 * at every point, slow start against a recording of the real program. Seeds are fixed.
 */
#include "algorithms/haproxy/chash.h"
#include "algorithms/haproxy/free.h"
#include "algorithms/haproxy/hashing.h"
#include "algorithms/haproxy/map.h"
#include "algorithms/hash.h"

#include "tests/check.h"
#include "tests/golden/recording.h"
#include "tests/unit/books.h"

#define UP   (LB_PRESENT | LB_USABLE)
#define ROWS 50

static struct books books;
static struct lb_random coins;

static uint32_t below(uint32_t n)
{
    return lb_random_below(&coins, n);
}

/* --- the tree ------------------------------------------------------------------------------------ */

struct listed {
    uint64_t key, number;
    bool in;
};

static uint32_t first_by_scan(const struct listed *listed)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t row = 0; row < ROWS; row++)
        if (listed[row].in &&
            (best == UINT32_MAX || listed[row].key < listed[best].key ||
             (listed[row].key == listed[best].key && listed[row].number < listed[best].number)))
            best = row;
    return best;
}

/* Few different keys, so that most are equal; the numbers of the tree run out twice on the way. */
static void tree_is_in_order(void)
{
    struct lb_haproxy_tree tree;
    uint32_t place[ROWS];
    struct listed listed[ROWS] = {{0}};
    lb_random_seed(&coins, 11);
    CU_ASSERT_FATAL(lb_haproxy_tree_init(&tree, place, ROWS));
    int wrong = 0;
    for (uint64_t step = 0; step < 40000; step++) {
        uint32_t row = below(ROWS);
        if (step % 20000 == 10000)
            tree.number = LB_HAPROXY_NUMBERS - 50;
        if (listed[row].in)
            lb_haproxy_tree_remove(&tree, row);
        else
            lb_haproxy_tree_insert(&tree, row, listed[row].key = below(5));
        listed[row].number = step;
        listed[row].in = !listed[row].in;
        uint32_t first = first_by_scan(listed);
        wrong += first == UINT32_MAX ? tree.count != 0 : tree.at[0].row != first;
    }
    CU_ASSERT(wrong == 0);
    CU_ASSERT(tree.number < LB_HAPROXY_NUMBERS / 2); /* they did run out */
    lb_haproxy_tree_done(&tree);
}

/* Ranks of full servers survive a new deal of the numbers: 1 is full, and comes back before 2. */
static void ranks_of_the_full_are_kept(void)
{
    struct lb_haproxy_free f;
    struct lb_request request = {.tried_count = 0};
    books_init(&books, 4);
    for (uint32_t row = 0; row < 4; row++)
        books.row[row].max_in_flight = 1;
    CU_ASSERT_FATAL(lb_haproxy_free_init(&f, &books.pool, NULL) == 0);
    static const uint32_t order[] = {3, 1, 2, 0};
    for (int k = 0; k < 4; k++) {
        lb_haproxy_free_rank(&f, order[k], 7);
        lb_haproxy_free_open(&f, order[k], true);
    }
    books.row[1].in_flight = books.row[3].in_flight = 1;
    lb_haproxy_free_update(&f, 1);
    lb_haproxy_free_update(&f, 3);
    CU_ASSERT(lb_haproxy_free_pick(&f, &request, 0) == 2);
    f.tree.number = LB_HAPROXY_NUMBERS;
    lb_haproxy_free_rank(&f, 2, 7); /* behind all */
    lb_haproxy_free_update(&f, 2);
    CU_ASSERT(f.tree.number == 5);
    CU_ASSERT(lb_haproxy_free_pick(&f, &request, 0) == 0);
    books.row[1].in_flight = books.row[3].in_flight = 0;
    lb_haproxy_free_update(&f, 1);
    CU_ASSERT(lb_haproxy_free_pick(&f, &request, 0) == 1);
    lb_haproxy_free_update(&f, 3);
    CU_ASSERT(lb_haproxy_free_pick(&f, &request, 0) == 3);
    lb_haproxy_free_done(&f);
}

/* --- the static map ------------------------------------------------------------------------------ */

/* The definition: scores of whole tables, the largest (score + T) / T, the first on ties. */
static bool is_the_map(const struct lb_haproxy_map *map)
{
    uint32_t divisor = 0;
    int64_t total = 0, score[ROWS] = {0}, e[ROWS] = {0};
    for (uint32_t i = 0; i < books.pool.count; i++)
        for (uint32_t a = books.row[i].weight, rest; a != 0; a = rest) {
            rest = divisor % a;
            divisor = a;
        }
    for (uint32_t i = 0; i < books.pool.count; i++)
        if (lb_open(&books.row[i]))
            total += e[i] = books.row[i].weight / divisor;
    if (total != map->length)
        return false;
    for (int64_t k = 0; k < total; k++) {
        uint32_t best = UINT32_MAX;
        int64_t most = 0;
        for (uint32_t i = 0; i < books.pool.count; i++) {
            score[i] += e[i];
            int64_t v = e[i] != 0 ? (score[i] + total) / total : 0;
            if (v > most) {
                most = v;
                best = i;
            }
        }
        if (best == UINT32_MAX || map->slot[k] != best)
            return false;
        score[best] -= total;
    }
    return true;
}

static void map_is_as_defined(void)
{
    static const uint32_t sizes[] = {1, 2, 3, 5, 12, ROWS};
    lb_random_seed(&coins, 12);
    for (int round = 0; round < 120; round++) {
        struct lb_haproxy_map map;
        uint32_t factor = 1 + below(3), top = round % 2 ? 85 : 4;
        books_init(&books, sizes[round % 6]);
        for (uint32_t i = 0; i < books.pool.count; i++)
            books.row[i].weight = factor * (1 + below(top));
        CU_ASSERT_FATAL(lb_haproxy_map_init(&map, &books.pool, NULL) == 0);
        CU_ASSERT(is_the_map(&map));
        for (int change = 0; change < 5; change++) {
            int32_t row = (int32_t)below(books.pool.count);
            books.row[row].flags ^= LB_USABLE;
            lb_haproxy_map_change(&map, &row, 1);
            CU_ASSERT(is_the_map(&map));
        }
        lb_haproxy_map_done(&map);
    }
}

/* --- the ring ------------------------------------------------------------------------------------ */

static uint64_t slots_of(const struct lb_backend *b, uint64_t before, uint64_t tw, uint32_t factor)
{
    uint64_t total = ((books.pool.in_flight + 1) * factor + 99) / 100, e = 16 * b->weight;
    uint64_t slots =
        e * (total / tw) + (before + e) * (total % tw) / tw - before * (total % tw) / tw;
    return slots > 0 ? slots : 1;
}

/* Row -> sum of the usable weights before it at the start, which is never added up again; nothing for
 * one that came later. */
static uint64_t before_at_start[ROWS];

/* May row i take one more, in a pool whose usable weights sum up to tw / 16? */
static bool within_bound(uint32_t i, uint32_t factor)
{
    uint64_t tw = 0;
    for (uint32_t k = 0; k < books.pool.count; k++)
        tw += lb_open(&books.row[k]) ? 16 * books.row[k].weight : 0;
    return factor == 0 ||
           books.row[i].in_flight < slots_of(&books.row[i], before_at_start[i], tw, factor);
}

/* The nearest point by a look at all of them; from there on, forwards, the first that may. */
static int32_t nearest_by_scan(uint32_t hash, int32_t avoid, uint32_t factor)
{
    uint32_t start = hash, least = UINT32_MAX;
    int32_t row = LB_NONE;
    for (uint32_t i = 0; i < books.pool.count; i++)
        for (uint32_t j = 0; lb_open(&books.row[i]) && j < 16 * books.row[i].weight; j++) {
            uint32_t point = lb_avalanche32(books.row[i].id * 4096 + j);
            uint32_t back = hash - point, ahead = point - hash;
            uint32_t distance = back < ahead ? back : ahead;
            if (distance < least || (distance == least && distance == back)) {
                least = distance;
                start = point;
                row = (int32_t)i;
            }
        }
    if (row < 0 || (row != avoid && within_bound((uint32_t)row, factor)))
        return row;
    least = UINT32_MAX;
    for (uint32_t i = 0; i < books.pool.count; i++)
        for (uint32_t j = 0; lb_open(&books.row[i]) && j < 16 * books.row[i].weight; j++) {
            uint32_t ahead = lb_avalanche32(books.row[i].id * 4096 + j) - start;
            if ((int32_t)i != avoid && ahead < least && within_bound(i, factor)) {
                least = ahead;
                row = (int32_t)i;
            }
        }
    return row;
}

/* Weights change, rows go down, leave for another id: after each change the ring must be the one a
 * fresh start would build. A bound of 130 % and somebody to avoid in one of three look-ups each. */
static void ring_is_as_defined(void)
{
    struct lb_haproxy_chash c;
    lb_random_seed(&coins, 13);
    books_init(&books, 9);
    CU_ASSERT_FATAL(lb_haproxy_chash_init(&c, &books.pool, 0, NULL) == 0);
    for (uint64_t i = 0; i < 9; i++)
        before_at_start[i] = 16 * i;
    int wrong = 0;
    for (int round = 0; round < 150; round++) {
        int32_t row = (int32_t)below(9);
        struct lb_backend *b = &books.row[row];
        if (round % 3 == 0)
            b->weight = below(7);
        else if (round % 3 == 1)
            b->flags ^= LB_USABLE;
        else {
            b->id = 100 + (uint32_t)round;
            before_at_start[row] = 0;
        }
        b->in_flight = below(12);
        books_sum(&books);
        lb_haproxy_chash_change(&c, &row, 1, 0);
        for (int k = 0; k < 40; k++) {
            uint32_t hash = (uint32_t)lb_random_u64(&coins);
            uint32_t factor = below(3) == 0 ? 130 : 0;
            int32_t avoid = below(3) == 0 && books.pool.usable > 4 ? (int32_t)below(9) : -1;
            if (factor != 0)
                avoid = -1; /* both at once may leave nobody: see chash.h */
            wrong += lb_haproxy_chash_at(&c, hash, avoid, factor) !=
                     nearest_by_scan(hash, avoid, factor);
        }
    }
    CU_ASSERT(wrong == 0);
    lb_haproxy_chash_done(&c);
}

/* Midway between two points the one before wins; one off, the nearer. Also over the end of the ring,
 * and at a point itself. */
static void nearest_point_by_point(void)
{
    struct lb_haproxy_chash c;
    int even = 0;
    books_init(&books, 5);
    CU_ASSERT_FATAL(lb_haproxy_chash_init(&c, &books.pool, 0, NULL) == 0);
    for (uint32_t i = 0; i < c.ring.count; i++) {
        const struct lb_point *before = &c.ring.point[i];
        const struct lb_point *after = &c.ring.point[lb_ring_next(&c.ring, i)];
        uint32_t gap = (uint32_t)after->hash - (uint32_t)before->hash;
        uint32_t middle = (uint32_t)before->hash + gap / 2;
        even += gap % 2 == 0 && before->row != after->row;
        CU_ASSERT(lb_haproxy_chash_at(&c, (uint32_t)before->hash, -1, 0) == (int32_t)before->row);
        CU_ASSERT(lb_haproxy_chash_at(&c, middle, -1, 0) == (int32_t)before->row);
        CU_ASSERT(lb_haproxy_chash_at(&c, middle + 1, -1, 0) == (int32_t)after->row);
    }
    CU_ASSERT(even > 5); /* gaps that have a middle */
    lb_haproxy_chash_done(&c);
}

/* A turn's place survives a change: its own point if that stays, else the next that does. */
static void turns_go_on_after_a_change(void)
{
    struct lb_haproxy_chash c;
    struct lb_request request = {.tried_count = 0};
    books_init(&books, 3);
    CU_ASSERT_FATAL(lb_haproxy_chash_init(&c, &books.pool, 0, NULL) == 0);
    CU_ASSERT(c.ring.count == 48);
    for (uint32_t n = 0; n < 48; n++)
        CU_ASSERT(lb_haproxy_chash_turn(&c, &request, 0) == (int32_t)c.ring.point[n].row);
    CU_ASSERT(lb_haproxy_chash_turn(&c, &request, 0) == (int32_t)c.ring.point[0].row);
    while (c.ring.point[c.last].row != 1)
        lb_haproxy_chash_turn(&c, &request, 0);
    uint64_t hash = c.ring.point[c.last].hash;
    int32_t row = 0;
    books.row[0].flags = LB_PRESENT;
    lb_haproxy_chash_change(&c, &row, 1, 0);
    CU_ASSERT(c.ring.count == 32 && c.ring.point[c.last].hash == hash);
    row = 1;
    books.row[1].flags = LB_PRESENT;
    lb_haproxy_chash_change(&c, &row, 1, 0);
    CU_ASSERT(c.ring.count == 16 && c.last == lb_ring_successor_wrapped(&c.ring, hash));
    row = 2;
    books.row[2].flags = LB_PRESENT;
    lb_haproxy_chash_change(&c, &row, 1, 0);
    CU_ASSERT(c.ring.count == 0 && c.last == UINT32_MAX);
    CU_ASSERT(lb_haproxy_chash_turn(&c, &request, 0) == LB_NONE);
    CU_ASSERT(lb_haproxy_chash_at(&c, 0, -1, 0) == LB_NONE);
    lb_haproxy_chash_done(&c);
}

/* A server grows beyond what it ever had: all its points go first, the place of the turns with them to
 * the next point of another, and are put back. Up to that weight they stay. */
static void growth_moves_the_turns(void)
{
    struct lb_request request = {.key_size = 0};
    lb_random_seed(&coins, 14);
    for (int round = 0; round < 100; round++) {
        struct lb_haproxy_chash c;
        books_init(&books, 3);
        for (uint32_t i = 0; i < 3; i++)
            books.row[i].weight = 1 + below(4);
        CU_ASSERT_FATAL(lb_haproxy_chash_init(&c, &books.pool, 0, NULL) == 0);
        for (uint32_t n = 1 + below(60); n > 0; n--)
            (void)lb_haproxy_chash_turn(&c, &request, 0);
        int32_t row = (int32_t)c.ring.point[c.last].row;
        uint64_t same = c.ring.point[c.last].hash;
        uint32_t i = c.last;
        while (c.ring.point[i].row == (uint32_t)row)
            i = lb_ring_next(&c.ring, i);
        uint64_t other = c.ring.point[i].hash;
        uint32_t weight = books.row[row].weight;
        for (uint32_t most = weight + 2, w = most; w > 0; w = w == most ? weight + 1 : 0) {
            books.row[row].weight = w;
            lb_haproxy_chash_change(&c, &row, 1, 0);
            CU_ASSERT(c.ring.point[c.last].hash == other);
        }
        books.row[row].weight = weight; /* back and up again, below what it has had */
        lb_haproxy_chash_change(&c, &row, 1, 0);
        while (c.ring.point[c.last].hash != same)
            (void)lb_haproxy_chash_turn(&c, &request, 0);
        books.row[row].weight = weight + 2;
        lb_haproxy_chash_change(&c, &row, 1, 0);
        CU_ASSERT(c.ring.point[c.last].hash == same);
        lb_haproxy_chash_done(&c);
    }
}

/* {1,1,1} without a key: a, b; then c alone: the turns stay at the third slot, unless url_param asks,
 * which goes through the map of one slot and stands before the second. */
static void alone_takes_no_turn(void)
{
    struct lb_request request = {.key_size = 0};
    for (int32_t alone = 0; alone < 2; alone++) {
        struct lb_haproxy_hashing h = {.turn_alone = alone != 0};
        books_init(&books, 3);
        CU_ASSERT_FATAL(lb_haproxy_map_init(&h.map, &books.pool, NULL) == 0);
        CU_ASSERT(lb_haproxy_hashing_pick(&h, &request, false, 0, 0) == 0);
        CU_ASSERT(lb_haproxy_hashing_pick(&h, &request, false, 0, 0) == 1);
        for (int back = 0; back < 2; back++) {
            books.row[0].flags = books.row[1].flags = back != 0 ? UP : LB_PRESENT;
            lb_haproxy_map_change(&h.map, (int32_t[]){0, 1}, 2);
            CU_ASSERT(lb_haproxy_hashing_pick(&h, &request, false, 0, 0) ==
                      (back != 0 ? 2 - alone : 2));
        }
        lb_haproxy_map_done(&h.map);
    }
}

/* --- slow start ---------------------------------------------------------------------------------- */

/* slowstart 10s, weight 16: weight and throttle as the statistics showed them. */
static void slow_start_as_recorded(void)
{
    struct recording recording = {.headers = 0};
    char *text = recording_load("tests/golden/haproxy/slowstart.tsv");
    CU_ASSERT_FATAL(text != NULL && recording_open(&recording, text));
    int rows = 0;
    for (; recording_row(&recording); rows++) {
        lb_time t = (lb_time)(atof(recording_cell(&recording, "t_s")) * 1e9);
        uint32_t e = lb_haproxy_eweight(16, SECOND, 10 * SECOND, SECOND + t);
        const char *throttle = recording_cell(&recording, "throttle");
        CU_ASSERT(lb_haproxy_shown_weight(e) ==
                  (uint32_t)atoi(recording_cell(&recording, "weight")));
        bool slow = throttle[0] != '\0';
        CU_ASSERT(slow ? lb_haproxy_throttle(16, e) == (uint32_t)atoi(throttle) : e == 256);
    }
    CU_ASSERT(rows == 25);
    free(text);
}

/* w x ((16 t + T) / T), T rounded up to whole seconds; weights at most 256. */
static void slow_start_by_hand(void)
{
    CU_ASSERT(lb_haproxy_eweight(3, 0, 0, 0) == 48);
    CU_ASSERT(lb_haproxy_eweight(3, 5, 4 * SECOND, 0) == 3); /* before it went up */
    CU_ASSERT(lb_haproxy_eweight(3, 0, 4 * SECOND, SECOND - 1) == 3);
    CU_ASSERT(lb_haproxy_eweight(3, 0, 4 * SECOND, SECOND) == 15); /* 3 x 20 / 4 */
    CU_ASSERT(lb_haproxy_eweight(3, 0, 4 * SECOND, 3 * SECOND) == 39);
    CU_ASSERT(lb_haproxy_eweight(3, 0, 4 * SECOND, 4 * SECOND) == 48);
    CU_ASSERT(lb_haproxy_eweight(3, 0, 4 * SECOND - 1, 3 * SECOND) == 39);
    CU_ASSERT(lb_haproxy_eweight(1000, 0, 0, 0) == 4096);
    CU_ASSERT(lb_haproxy_throttle(3, 9) == 19); /* (900 + 15) / 48; as recorded: own_steps.tsv */
    CU_ASSERT(lb_haproxy_throttle(3, 21) == 44);
    struct lb_backend b = {.max_in_flight = 50, .warm_for = 4 * SECOND};
    CU_ASSERT(lb_haproxy_maxconn(&b, 0) == 1);
    CU_ASSERT(lb_haproxy_maxconn(&b, SECOND) == 12);
    CU_ASSERT(lb_haproxy_maxconn(&b, 4 * SECOND) == 50);
    b.in_flight = 12;
    CU_ASSERT(lb_haproxy_saturated(&b, SECOND) && !lb_haproxy_saturated(&b, 2 * SECOND));
    b.queued = 1;
    CU_ASSERT(lb_haproxy_saturated(&b, 2 * SECOND));
}

static const struct check_test tests[] = {
    {"tree is in order", tree_is_in_order},
    {"ranks of the full are kept", ranks_of_the_full_are_kept},
    {"map is as defined", map_is_as_defined},
    {"ring is as defined", ring_is_as_defined},
    {"growth moves the turns", growth_moves_the_turns},
    {"alone takes no turn", alone_takes_no_turn},
    {"nearest point by point", nearest_point_by_point},
    {"turns go on after a change", turns_go_on_after_a_change},
    {"slow start as recorded", slow_start_as_recorded},
    {"slow start by hand", slow_start_by_hand},
};

CHECK_MAIN("haproxy: parts")
