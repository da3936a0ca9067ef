/* See hashing.h. */
#include "sim/lab/hashing.h"

#include <stdlib.h>

#include "sim/base/text.h"

/* Largest, smallest and scatter of the shares of keys, and the shares of the first and the last. */
static void look_at_shares(const struct hashing *h, const uint32_t *count, double *sums)
{
    uint32_t most = 0, least = UINT32_MAX;
    double squares = 0, mean = (double)h->keys / h->from;
    for (uint32_t i = 0; i < h->from; i++) {
        most = count[i] > most ? count[i] : most;
        least = count[i] < least ? count[i] : least;
        squares += (count[i] - mean) * (count[i] - mean);
    }
    sums[THEORY_MAX] += most / mean;
    sums[THEORY_MIN] += least / mean;
    sums[THEORY_UNEVEN] += squares / h->from / (mean * mean);
    sums[THEORY_NEW] += (double)count[h->from - 1] / h->keys;
}

static void change(struct lab_host *host, const struct hashing *h)
{
    if (h->to > h->from) {
        for (uint32_t i = h->from; i < h->to; i++)
            lab_host_set_present(host, i, true);
    } else if (h->any && h->to + 1 == h->from) {
        lab_host_set_present(host, lb_random_below(&host->draws, h->from), false);
    } else {
        for (uint32_t i = h->to; i < h->from; i++)
            lab_host_set_present(host, i, false);
    }
}

/* Who moved: all of them, and those who had no need to since both backends are there all the time. */
static void look_at_moves(struct lab_host *host, const struct hashing *h,
                          const struct lb_random *keys, const int32_t *before, double *sums)
{
    struct lb_random again = *keys;
    uint32_t *heirs = text_need_zero(h->to > h->from ? h->to : h->from, sizeof *heirs);
    uint32_t moved = 0, astray = 0, left = 0, most = 0;
    for (uint32_t k = 0; k < h->keys; k++) {
        int32_t now = lab_host_ask(host, lb_random_u64(&again));
        if (now == before[k])
            continue;
        moved++;
        bool gone = (host->rows[before[k]].flags & LB_PRESENT) == 0;
        astray += !gone && (uint32_t)now < h->from;
        left += gone;
        heirs[now] += gone;
        most = gone && heirs[now] > most ? heirs[now] : most;
    }
    sums[THEORY_MOVED] += (double)moved / h->keys;
    sums[THEORY_ASTRAY] += (double)astray / h->keys;
    sums[THEORY_HEIR] += left > 0 ? (double)most / left : 1;
    free(heirs);
}

int hashing_try(const struct hashing *h, const struct stream_key *key, uint32_t trial, double *sums,
                struct lb_error *error)
{
    struct lab_host host;
    uint32_t max = h->to > h->from ? h->to : h->from;
    uint32_t *weights = text_need(max * sizeof *weights);
    for (uint32_t i = 0; i < max; i++)
        weights[i] = h->weighted ? i + 1 : 1;
    int status =
        lab_host_open(&host, h->algorithm, h->parameters, max, h->from, weights, key, trial, error);
    free(weights);
    if (status != 0)
        return -1;
    uint32_t *count = text_need_zero(max, sizeof *count);
    int32_t *before = text_need(h->keys * sizeof *before);
    struct lb_random keys;
    stream_open(&keys, key, STREAM_ARRIVAL, trial, 0);
    struct lb_random again = keys;
    for (uint32_t k = 0; k < h->keys; k++) {
        before[k] = lab_host_ask(&host, lb_random_u64(&again));
        count[before[k]]++;
    }
    look_at_shares(h, count, sums);
    if (h->to != 0) {
        change(&host, h);
        look_at_moves(&host, h, &keys, before, sums);
    }
    free(before);
    free(count);
    lab_host_close(&host);
    return 0;
}

int hashing_means(const struct theory_case *c, const struct hashing *h, uint32_t trials,
                  const struct stream_key *key, double *figures, struct lb_error *error)
{
    double sums[THEORY_QUANTITIES] = {0};
    for (uint32_t trial = 0; trial < trials; trial++)
        if (hashing_try(h, key, trial, sums, error) != 0)
            return -1;
    theory_means(c, sums, trials, figures);
    return 0;
}
