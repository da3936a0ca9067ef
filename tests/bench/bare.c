/*
 * The yardstick: the power of two choices over n single-slot first-come backends as a bare loop: no
 * records, handlers, cancel or histogram; what a simulator could at best cost. Nothing is freed.
 *
 * The clock is a double that counts buckets, each 1/(2n) of a mean service time. The next arrival is
 * a variable. Each busy backend has one departure in a wheel of buckets; the open bucket is a sorted
 * array, soonest last; what is a lap ahead stays when its bucket is opened. Each backend keeps the
 * arrival times of those present in a ring. Usage: bare [backends [requests [load [seed]]]].
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sim/base/ziggurat.h"

struct backend {
    double departs; /* the one in service */
    int32_t next;   /* in its bucket: 0 = none, else backend + 1 */
    uint32_t head;  /* the oldest in its ring */
};

struct wheel {
    struct backend *backends;
    int32_t *buckets;
    uint64_t *used;     /* a bit for each bucket that is not empty */
    int64_t mask, open; /* buckets - 1; the open one, counted from time 0 */
    struct departure {
        double at;
        int32_t backend;
    } * soon;
    uint32_t count;
};

static void *zeroed(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL)
        exit(3);
    return memory;
}

static double *rings_double(const double *rings, struct backend *backends, uint32_t n,
                            uint32_t bits)
{
    double *larger = zeroed((size_t)n << (bits + 1), sizeof *larger);
    for (uint32_t b = 0; b < n; backends[b++].head = 0)
        for (uint32_t i = 0, mask = (1U << bits) - 1; i <= mask; i++)
            larger[((size_t)b << (bits + 1)) + i] =
                rings[((size_t)b << bits) + ((backends[b].head + i) & mask)];
    return larger;
}

static inline void wheel_put(struct wheel *wheel, int32_t b, double at)
{
    int64_t bucket = (int64_t)at & wheel->mask;
    if ((int64_t)at <= wheel->open) {
        uint32_t i = wheel->count++;
        for (; i > 0 && wheel->soon[i - 1].at < at; i--)
            wheel->soon[i] = wheel->soon[i - 1];
        wheel->soon[i] = (struct departure){at, b};
    } else {
        wheel->backends[b].departs = at;
        wheel->backends[b].next = wheel->buckets[bucket];
        wheel->buckets[bucket] = b + 1;
        wheel->used[bucket >> 6] |= UINT64_C(1) << (bucket & 63);
    }
}

/* Opens the next bucket that is not empty, unless that lies beyond `until`. */
static inline int wheel_open(struct wheel *wheel, int64_t until)
{
    int64_t next = wheel->open + 1;
    uint64_t bits = wheel->used[(next & wheel->mask) >> 6] >> (next & 63);
    for (; bits == 0 && next <= until; bits = wheel->used[(next & wheel->mask) >> 6])
        next = (next | 63) + 1;
    if (bits == 0 || (next += __builtin_ctzll(bits)) > until)
        return 0;
    int32_t list = wheel->buckets[(wheel->open = next) & wheel->mask];
    wheel->buckets[next & wheel->mask] = 0;
    wheel->used[(next & wheel->mask) >> 6] &= ~(UINT64_C(1) << (next & 63));
    for (int32_t b; (b = list - 1) >= 0;) {
        list = wheel->backends[b].next;
        wheel_put(wheel, b, wheel->backends[b].departs);
    }
    return 1;
}

static double run(uint32_t n, uint64_t requests, double load, struct lb_random random)
{
    uint32_t bits = 3;                                        /* a ring has room for 2^bits */
    size_t size = (size_t)1 << (67 - __builtin_clzll(n | 7)); /* of the wheel: 8n or more */
    struct backend *backends = zeroed(n, sizeof *backends);
    uint32_t *present = zeroed(n, sizeof *present); /* apart: two are read for each arrival */
    double *rings = zeroed((size_t)n << bits, sizeof *rings);
    struct wheel wheel = {.backends = backends, .mask = (int64_t)size - 1};
    wheel.buckets = zeroed(size, sizeof *wheel.buckets);
    wheel.used = zeroed(size / 64, sizeof *wheel.used);
    wheel.soon = zeroed(n, sizeof *wheel.soon);
    double service = 2.0 * n, gap = service / (load * n), sum = 0;
    double arrival = ziggurat_exponential(&random) * gap;
    for (uint64_t left = requests; left > 0;) {
        if (wheel.count == 0 && wheel_open(&wheel, (int64_t)arrival))
            continue;
        if (wheel.count > 0 && wheel.soon[wheel.count - 1].at <= arrival) {
            struct departure d = wheel.soon[--wheel.count];
            uint32_t head = backends[d.backend].head;
            sum += d.at - rings[((size_t)d.backend << bits) + head];
            backends[d.backend].head = (head + 1) & ((1U << bits) - 1);
            if (--present[d.backend] > 0)
                wheel_put(&wheel, d.backend, d.at + ziggurat_exponential(&random) * service);
            left--;
            continue;
        }
        double now = arrival;
        arrival += ziggurat_exponential(&random) * gap; /* early: the next branch hangs on it */
        uint64_t coins = lb_random_u64(&random);        /* two distinct backends */
        uint32_t a = (uint32_t)((coins >> 32) * n >> 32);
        uint32_t b = (uint32_t)((coins & UINT32_MAX) * (n - 1) >> 32);
        b += b >= a;
        a ^= (a ^ b) & (0U - (present[b] < present[a])); /* no branch: nobody could foretell it */
        if (__builtin_expect(present[a] >> bits != 0, 0))
            rings = rings_double(rings, backends, n, bits++);
        uint32_t last = (backends[a].head + present[a]) & ((1U << bits) - 1);
        rings[((size_t)a << bits) + last] = now;
        if (present[a]++ == 0)
            wheel_put(&wheel, (int32_t)a, now + ziggurat_exponential(&random) * service);
    }
    return sum / service / (double)requests;
}

int main(int argc, char **argv)
{
    uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 100;
    uint64_t requests = argc > 2 ? strtoull(argv[2], NULL, 10) : 3000000, sum = 0;
    double load = argc > 3 ? strtod(argv[3], NULL) : 0.9;
    struct lb_random random;
    lb_random_seed(&random, argc > 4 ? strtoull(argv[4], NULL, 10) : 1);
    if (n < 2 || n > 1000000 || requests == 0 || !(load > 0 && load < 1))
        return 2;
    double mean = run(n, requests, load, random), cpu = (double)clock() / CLOCKS_PER_SEC;
    for (uint32_t i = 0; i < 100000000; i++)
        sum += lb_random_u64(&random);
    double unit = (double)clock() / CLOCKS_PER_SEC - cpu;
    printf("requests %.0f\nmean response %.4f\ncpu %.4f s\n", (double)requests, mean, cpu);
    printf("ns a request %.2f\n10^8 draws %.3f (one takes %.3f ns, sum %x)\ndraws a request %.1f\n",
           cpu * 1e9 / (double)requests, cpu / unit, unit * 10, (unsigned)sum,
           cpu / unit * 1e8 / (double)requests);
    return 0;
}
