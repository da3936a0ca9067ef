/*
 * This program against an earlier one, on the yardstick: what did a change cost those who do not use
 * it?
 *
 * The idea: on a machine that is shared, times drift by more than what is looked for. In every round
 * the two run as base, now, now, base, so that a drift falls on both alike, and the round's ratio is
 * of the sums; printed are the median of these and the quartiles, between which half of the rounds
 * lie. What is compared is user time: the time in the system is the disk's and the pages'. A change
 * that is not meant to change results leaves the digests the same, and the row says whether it did.
 *
 * Usage: against BASE NOW [rounds [requests]]. A ratio above 1.05 is OVER.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/farm.h"

#define LIMIT  1.05
#define WORK_S 0.01

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One farm: its row. */
static void row(const char *const program[2], const struct farm *farm, unsigned rounds)
{
    double ns[2][FARM_ROUNDS_MAX], ratio[FARM_ROUNDS_MAX] = {0};
    char digest[2][32] = {"", ""};
    for (unsigned round = 0; round < rounds; round++) {
        double user[2] = {0, 0}, requests = 0;
        for (unsigned turn = 0; turn < 4; turn++) {
            unsigned which = turn == 1 || turn == 2;
            struct farm_result r = farm_simulate(program[which], farm);
            user[which] += r.spent.user;
            requests = 2 * r.requests;
            (void)snprintf(digest[which], sizeof digest[which], "%s", r.digest);
        }
        ns[0][round] = user[0] / requests * 1e9;
        ns[1][round] = user[1] / requests * 1e9;
        ratio[round] = user[1] / user[0];
    }
    qsort(ratio, rounds, sizeof *ratio, by_value);
    double median = farm_median(ratio, rounds);
    printf("  %6u backends, %-3s%10.1f%10.1f%9.3f  %.3f to %.3f%s, %s\n", farm->backends,
           farm->on ? "on" : "off", farm_median(ns[0], rounds), farm_median(ns[1], rounds), median,
           ratio[rounds / 4], ratio[rounds - 1 - rounds / 4],
           median > LIMIT ? "  OVER" : "  within",
           strcmp(digest[0], digest[1]) == 0 ? "same digest" : "DIGESTS DIFFER");
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 9;
    double requests = argc > 4 ? strtod(argv[4], NULL) : 3e6;
    if (argc < 3 || rounds < 1 || rounds > FARM_ROUNDS_MAX || !(requests >= 1e4)) {
        fprintf(stderr, "usage: against BASE NOW [rounds [requests]]\n");
        return 2;
    }
    const char *const program[2] = {argv[1], argv[2]};
    static const unsigned sizes[] = {100, 10000};
    farm_begin();
    printf("%.0f requests, %u rounds of base, now, now, base; user time, limit %.2f\n", requests,
           rounds, LIMIT);
    printf("  %-20s%10s%10s%9s  %s\n", "ns a request", "base", "now", "ratio",
           "half of the rounds");
    for (unsigned i = 0; i < 2; i++)
        for (int on = 0; on < 2; on++) {
            struct farm farm = {sizes[i], requests, WORK_S, on == 1};
            row(program, &farm, rounds);
        }
    farm_end();
    return 0;
}
