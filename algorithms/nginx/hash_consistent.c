/*
 * nginx hash KEY consistent: a ring of crc32 points, 160 for each unit of weight.
 *
 * The idea: the points of a server are a chain over its text as configured. The base is the crc32
 * of host, a zero byte and port; the first point goes on from there over four zero bytes, each next
 * one over the point before it, as four little-endian bytes. A key belongs to the first point at or
 * after its crc32, around the ring. A point names a text, not a peer: all peers with that text (a
 * name with several addresses) take turns by the smooth round robin. When none of them may take the
 * request, the next point is asked; after more than 20 points in vain the turns of all decide, and
 * at once for an empty key. Down peers keep their points, so that a failure moves the keys of the
 * failed peer only.
 *
 * The text is the row's address. Equal hashes keep one point; nginx leaves open which, we keep that
 * of the first row. Where the weights ask for more than 2^22 points, each row gets its part of those,
 * at least one: nginx would fill its memory. Without memory for a new ring the old one stays.
 *
 * Cost: O(1) expected, two cache misses on a large ring; O(n) when the points are used up. A build
 * is O(points), about 40 bytes each.
 * Source: nginx 1.22.1, src/http/modules/ngx_http_upstream_hash_module.c (no zone); rules only.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "algorithms/hash.h"
#include "algorithms/nginx/tries.h"
#include "algorithms/ring.h"

#define POINTS     160 /* for each unit of weight */
#define POINTS_MAX (UINT64_C(1) << 22)
#define NOBODY     UINT32_MAX

/* A row by its text, while rows with the same text are brought together. */
struct text {
    const char *text;
    uint32_t row;
};

struct state {
    struct lb_nginx_peers peers; /* first */
    struct lb_ring ring;         /* a point's row is the first with its text */
    uint32_t *first, *next;      /* row -> the first, the next row with the same text, or NOBODY */
    struct text *sorted;
};

static int by_text(const void *a, const void *b)
{
    const struct text *x = a, *y = b;
    int order = strcmp(x->text, y->text);
    return order != 0 ? order : (x->row > y->row) - (x->row < y->row);
}

static const char *text_of(const struct lb_backend *b)
{
    return b->address != NULL ? b->address : "";
}

/* Rows with the same text are linked in their order. */
static void link_rows(struct state *s)
{
    const struct lb_shares *shares = &s->peers.shares;
    for (uint32_t k = 0; k < shares->count; k++)
        s->sorted[k] = (struct text){text_of(&s->peers.pool->at[shares->row[k]]), shares->row[k]};
    if (shares->count > 0)
        qsort(s->sorted, shares->count, sizeof *s->sorted, by_text);
    for (uint32_t k = 0; k < shares->count; k++) {
        uint32_t row = s->sorted[k].row;
        bool same = k > 0 && strcmp(s->sorted[k].text, s->sorted[k - 1].text) == 0;
        s->first[row] = same ? s->first[s->sorted[k - 1].row] : row;
        s->next[row] = NOBODY;
        if (same)
            s->next[s->sorted[k - 1].row] = row;
    }
}

/* crc32 of host, zero, port. The port is what follows the last colon when that is digits only. */
static uint32_t base_of(const char *text)
{
    size_t size = strlen(text), host = size;
    if (strncasecmp(text, "unix:", 5) == 0) {
        text += 5;
        host = size -= 5;
    } else {
        size_t at = size;
        while (at > 0 && text[at - 1] >= '0' && text[at - 1] <= '9')
            at--;
        if (at > 0 && text[at - 1] == ':')
            host = at - 1;
    }
    uint32_t crc = lb_crc32(lb_crc32(0, text, host), "", 1);
    return host < size ? lb_crc32(crc, text + host + 1, size - host - 1) : crc;
}

static void add_points(struct state *s, uint32_t row, uint64_t points)
{
    uint32_t base = base_of(text_of(&s->peers.pool->at[row])), point = 0;
    for (uint64_t k = 0; k < points; k++) {
        uint8_t previous[4] = {(uint8_t)point, (uint8_t)(point >> 8), (uint8_t)(point >> 16),
                               (uint8_t)(point >> 24)};
        point = lb_crc32(base, previous, 4);
        lb_ring_add(&s->ring, point, s->first[row], (uint32_t)k);
    }
}

/* How many points this row has. */
static uint64_t points_of(const struct lb_nginx_peers *peers, uint32_t row)
{
    uint64_t points = (uint64_t)peers->pool->at[row].weight * POINTS;
    if (peers->shares.weight <= POINTS_MAX / POINTS)
        return points;
    uint64_t part = (uint64_t)((double)points / (double)peers->shares.weight * POINTS_MAX / POINTS);
    return part > 0 ? part : 1;
}

static int build(struct state *s, struct lb_error *error)
{
    const struct lb_shares *shares = &s->peers.shares;
    uint64_t points = 0;
    for (uint32_t k = 0; k < shares->count; k++)
        points += points_of(&s->peers, shares->row[k]);
    link_rows(s);
    if (lb_ring_begin(&s->ring, points, error) != 0)
        return -1;
    for (uint32_t k = 0; k < shares->count; k++)
        add_points(s, shares->row[k], points_of(&s->peers, shares->row[k]));
    lb_ring_sort_unique(&s->ring);
    return 0;
}

static void destroy(void *state)
{
    struct state *s = state;
    lb_nginx_peers_done(&s->peers);
    lb_ring_done(&s->ring);
    free(s->first);
    free(s->next);
    free(s->sorted);
    free(s);
}

static void *create(const struct lb_setup *setup, struct lb_error *error)
{
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        lb_error_set(error, LB_ERROR_MEMORY, "nginx-hash-consistent: no memory");
        return NULL;
    }
    lb_ring_init(&s->ring, 32);
    if (lb_nginx_peers_init(&s->peers, setup, error) != 0) {
        free(s);
        return NULL;
    }
    const struct lb_pool *pool = setup->pool;
    size_t max = pool->max > pool->count ? pool->max : pool->count;
    s->first = calloc(max + 1, sizeof *s->first);
    s->next = calloc(max + 1, sizeof *s->next);
    s->sorted = calloc(max + 1, sizeof *s->sorted);
    if (s->first == NULL || s->next == NULL || s->sorted == NULL)
        lb_error_set(error, LB_ERROR_MEMORY, "nginx-hash-consistent: no memory");
    else if (build(s, error) == 0)
        return s;
    destroy(s);
    return NULL;
}

static void on_pool_change(void *state, const int32_t *changed, uint32_t count, lb_time now)
{
    struct state *s = state;
    (void)now;
    if (lb_nginx_peers_reload(&s->peers, changed, count))
        build(s, NULL);
}

/* Is this row one of those whose text begins at `first`? */
static bool same_text(const struct state *s, uint32_t first, int32_t row)
{
    for (; first != NOBODY; first = s->next[first])
        if ((int32_t)first == row)
            return true;
    return false;
}

/* The peers of a point take turns; LB_NONE when none of them may. */
static int32_t pick_at(struct state *s, const struct lb_request *request, uint32_t first,
                       int64_t second)
{
    struct lb_smooth turn = {.best = LB_NONE};
    for (uint32_t row = first; row != NOBODY; row = s->next[row])
        if (lb_nginx_peers_may(&s->peers, request, row, second))
            lb_nginx_peers_join(&s->peers, &turn, row);
    if (turn.best == LB_NONE)
        return LB_NONE;
    return lb_nginx_peers_take(&s->peers, (uint32_t)turn.best, turn.total, second);
}

static int32_t pick(void *state, const struct lb_request *request, lb_time now)
{
    struct state *s = state;
    int64_t second = lb_nginx_second(now);
    if (lb_nginx_peers_only_turns(&s->peers) || request->key_size == 0 || s->ring.count == 0)
        return lb_nginx_peers_pick(&s->peers, request, now);
    uint32_t i = lb_ring_successor_wrapped(&s->ring, lb_crc32(0, request->key, request->key_size));
    struct lb_nginx_tries tries = {.request = request};
    while (lb_nginx_tries_left(&tries)) {
        uint32_t first = s->ring.point[i].row;
        int32_t past = lb_nginx_tries_past(&tries);
        int32_t row = past == LB_NONE ? pick_at(s, request, first, second) : LB_NONE;
        if (row != LB_NONE)
            return row;
        if (past != LB_NONE && same_text(s, first, past)) {
            tries.past++; /* it ended here: the next pick begins at the same point */
            continue;
        }
        tries.rejected++;
        i = lb_ring_next(&s->ring, i);
    }
    return lb_nginx_peers_pick(&s->peers, request, now);
}

static void describe(const void *state, lb_emit *emit, void *to)
{
    const struct state *s = state;
    emit(to, -1, "points", s->ring.count);
    lb_nginx_peers_describe(&s->peers, emit, to);
}

extern const struct lb_algorithm lb_algorithm_nginx_hash_consistent;
const struct lb_algorithm lb_algorithm_nginx_hash_consistent = {
    .abi = LB_ABI,
    .name = "nginx-hash-consistent",
    .title = "nginx hash consistent",
    .summary = "The key's place on a ring of crc32 points, 160 for each unit of weight.",
    .reference = "nginx 1.22.1, hash KEY consistent in an upstream without a zone",
    .cost = "O(1) expected",
    .changes =
        "A failed or down peer's keys go to the next points and return when it does; a join, "
        "a leave or a changed weight is a reload and moves about its share of the keys.",
    .needs = LB_NEED_KEY,
    .claims = LB_CLAIM_CONSISTENT,
    .create = create,
    .destroy = destroy,
    .pick = pick,
    .on_attempt_finish = lb_nginx_peers_finish,
    .on_pool_change = on_pool_change,
    .describe = describe,
};
