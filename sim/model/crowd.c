/* See crowd.h. */
#include "sim/model/crowd.h"

#include <arpa/inet.h>
#include <math.h>

#include "sim/base/text.h"
#include "sim/model/world.h"
#include "sim/scenario/trace.h"

/* --- popularity --------------------------------------------------------------------------------- */

/* log1p(x) / x and expm1(x) / x, also near 0. */
static double log_over(double x)
{
    return fabs(x) > 1e-8 ? log1p(x) / x : 1 - x * (0.5 - x / 3);
}

static double exp_over(double x)
{
    return fabs(x) > 1e-8 ? expm1(x) / x : 1 + x * (0.5 + x / 6);
}

/* The integral of x^-s from 1, and its inverse. */
static double integral(double s, double x)
{
    double log_x = log(x);
    return exp_over((1 - s) * log_x) * log_x;
}

static double inverse(double s, double y)
{
    double t = y * (1 - s);
    return exp(log_over(t < -1 ? -1 : t) * y);
}

void zipf_init(struct zipf *z, uint32_t n, double s)
{
    *z = (struct zipf){.s = s, .n = n};
    z->first = integral(s, 1.5) - 1;
    z->last = integral(s, n + 0.5);
    z->sure = 2 - inverse(s, integral(s, 2.5) - pow(2, -s));
}

uint32_t zipf_draw(const struct zipf *z, struct lb_random *random)
{
    for (;;) {
        double u = z->last + lb_random_unit(random) * (z->first - z->last);
        double x = inverse(z->s, u), k = floor(x + 0.5);
        k = k < 1 ? 1 : k > z->n ? z->n : k;
        if (k - x <= z->sure || u >= integral(z->s, k + 0.5) - pow(k, -z->s))
            return (uint32_t)k;
    }
}

/* --- a population ------------------------------------------------------------------------------- */

struct crowd *crowd_create(const struct scenario_client *rule)
{
    if (rule->population == 0 || (rule->zipf == 0 && rule->nat_count == 0))
        return NULL;
    uint32_t parts = rule->nat_count + 1, left = rule->population;
    struct crowd *crowd = text_need_zero(1, sizeof *crowd + parts * sizeof *crowd->part);
    double below = 0;
    crowd->equal = rule->zipf == 0;
    for (uint32_t i = 0; i < parts; i++) {
        struct crowd_part *part = &crowd->part[i];
        part->count = left; /* the last: those with addresses of their own */
        below = i < rule->nat_count ? below + rule->nat[i] : 1;
        if (i < rule->nat_count) {
            double count = rint(rule->nat[i] * rule->population);
            uint32_t most = left - (rule->nat_count - i); /* one for each part to come */
            part->count = count < 1 ? 1 : count < most ? (uint32_t)count : most;
        }
        left -= part->count;
        part->first = left; /* shared addresses at the end: client 0 has its own */
        part->below = below;
        if (!crowd->equal)
            zipf_init(&part->zipf, part->count, rule->zipf);
    }
    crowd->parts = parts;
    return crowd;
}

uint32_t crowd_draw(const struct crowd *crowd, struct lb_random *random)
{
    const struct crowd_part *part = crowd->part;
    if (crowd->parts > 1)
        for (double u = lb_random_unit(random); u >= part->below;)
            part++;
    if (crowd->equal)
        return part->first + lb_random_below(random, part->count);
    return part->first + zipf_draw(&part->zipf, random) - 1;
}

/* --- behind a request --------------------------------------------------------------------------- */

/* Draws that depend on the client alone: the same whenever it asks. */
#define SORT_ADDRESS (UINT64_C(1) << 32)
#define SORT_COOKIES (UINT64_C(2) << 32)
#define SORT_ROW     (UINT64_C(3) << 32) /* which client a row of a trace is */

static double sort(const struct world *w, const struct source *s, uint64_t of, uint32_t client)
{
    struct lb_random random;
    stream_open(&random, &w->key, STREAM_CLIENT, of | s->source_index, client);
    return lb_random_unit(&random);
}

/* Which shared address this client is behind, from 0; nat_count when it has its own. */
static uint32_t shared_address(const struct world *w, const struct source *s, uint32_t client)
{
    uint32_t i = 0;
    if (s->rule->nat_count == 0)
        return 0;
    if (s->crowd != NULL) {
        while (client - s->crowd->part[i].first >= s->crowd->part[i].count)
            i++;
        return i;
    }
    double u = sort(w, s, SORT_ADDRESS, client), below = s->rule->nat[0];
    while (u >= below && ++i < s->rule->nat_count)
        below += s->rule->nat[i];
    return i;
}

/* Spreads numbers over the IPv4 addresses, one to one (a Feistel-free 32-bit mixer), so that hashing
 * algorithms see addresses like those of the open network. */
static uint32_t spread(uint32_t source, uint32_t number)
{
    uint32_t x = number + source * UINT32_C(0x9e3779b9);
    x = (x ^ (x >> 16)) * UINT32_C(0x7feb352d);
    x = (x ^ (x >> 15)) * UINT32_C(0x846ca68b);
    return x ^ x >> 16;
}

static const struct source *source_of(const struct world *w, const struct request *r)
{
    return &w->sources[w->class_source[r->class]];
}

/* The number that the trace gives the client of a row; 0 = it does not say. */
static uint32_t traced_client(const struct source *s, uint32_t row)
{
    const struct trace *trace = s->rule->process.trace;
    return trace == NULL || trace->client == NULL ? 0 : trace->client[row];
}

/* The client of a row: as written; else a stranger beyond those; else one of the population. */
static uint32_t client_of_row(const struct world *w, const struct source *s, uint32_t row)
{
    const struct trace *trace = s->rule->process.trace;
    uint32_t number = traced_client(s, row);
    if (number != 0)
        return number;
    if (s->rule->population == 0)
        return trace->clients.count + 1 + row;
    struct lb_random random;
    stream_open(&random, &w->key, STREAM_CLIENT, SORT_ROW | s->source_index, row);
    return s->crowd == NULL ? lb_random_below(&random, s->rule->population)
                            : crowd_draw(s->crowd, &random);
}

uint32_t client_of(const struct world *w, const struct request *r)
{
    const struct source *s = source_of(w, r);
    if (s->rule->arrivals == ARRIVALS_TRACE)
        return client_of_row(w, s, r->client);
    /* users of a closed loop fold into the population */
    if (s->rule->arrivals == ARRIVALS_CLOSED && s->rule->population > 0)
        return r->client % s->rule->population;
    return s->rule->sessions.on ? w->sessions.at[r->client].client : r->client;
}

/* An address as written in a trace: false when it is a name, or nothing. */
static bool written_address(const struct source *s, uint32_t row, struct lb_address *out)
{
    uint32_t number = s->rule->arrivals == ARRIVALS_TRACE ? traced_client(s, row) : 0;
    if (number == 0)
        return false;
    const char *text = intern_text(&s->rule->process.trace->clients, number);
    out->family = 4;
    if (inet_pton(AF_INET, text, out->bytes) == 1)
        return true;
    out->family = 6;
    return inet_pton(AF_INET6, text, out->bytes) == 1;
}

void address_of(const struct world *w, const struct request *r, struct lb_address *out,
                uint32_t *client)
{
    const struct source *s = source_of(w, r);
    *client = client_of(w, r);
    uint32_t own = spread(s->source_index, *client), x = own;
    out->port = (uint16_t)(1024U + (own % 60000U));
    if (written_address(s, r->client, out))
        return;
    uint32_t shared = shared_address(w, s, *client);
    if (shared < s->rule->nat_count) /* a number that no client has */
        x = spread(s->source_index, UINT32_MAX - shared);
    out->family = 4;
    out->bytes[0] = (uint8_t)(x >> 24);
    out->bytes[1] = (uint8_t)(x >> 16);
    out->bytes[2] = (uint8_t)(x >> 8);
    out->bytes[3] = (uint8_t)x;
}

/* A string of the row's; NULL = it has none. */
static const char *written(const struct source *s, const uint32_t *column, uint32_t row)
{
    uint32_t number = column == NULL ? 0 : column[row];
    return number == 0 ? NULL : intern_text(&s->rule->process.trace->strings, number);
}

const char *path_of(const struct world *w, const struct request *r)
{
    const struct source *s = source_of(w, r);
    const char *path = NULL;
    if (s->rule->arrivals == ARRIVALS_TRACE)
        path = written(s, s->rule->process.trace->path, r->client);
    return path != NULL ? path : s->rule->classes[r->class - s->rule->class_first].path;
}

const char *key_of(const struct world *w, const struct request *r)
{
    const struct source *s = source_of(w, r);
    if (s->rule->arrivals != ARRIVALS_TRACE)
        return NULL;
    return written(s, s->rule->process.trace->key, r->client);
}

bool client_refuses_cookies(const struct world *w, const struct request *r)
{
    const struct source *s = source_of(w, r);
    return s->rule->no_cookies > 0 &&
           sort(w, s, SORT_COOKIES, client_of(w, r)) < s->rule->no_cookies;
}
