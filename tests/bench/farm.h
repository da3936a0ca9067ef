/*
 * What the programs here share: the farm that is the yardstick, and what a process spends on it.
 *
 * The farm: n single-slot first-come backends at 90 % load, power of two choices, exponential work.
 * "On" is a timeout of 1,000 x the mean work on each request, active checks of every backend each
 * 2 s, histograms, and one-second samples into a database file; "off" is without timeouts, checks,
 * samples and file.
 *
 * Files lie in a folder of the run's own, which farm_end removes, and farm_fail too.
 */
#ifndef BENCH_FARM_H
#define BENCH_FARM_H

#include <stdbool.h>

#define FARM_LOAD 0.9

struct farm {
    unsigned backends;
    double requests, work_s; /* how many; mean work, seconds */
    bool on;
};

/* What one process did. */
struct farm_spent {
    double user, system; /* seconds of processor time */
    long peak;           /* KiB */
};

struct farm_result {
    struct farm_spent spent;
    double events, requests;
    char digest[32];
};

void farm_begin(void);
void farm_end(void);
_Noreturn void farm_fail(const char *what, const char *why);

/* The path of a file of the run: "scenario.yaml", "bench.db" or "out". Returns path. */
#define FARM_PATH 128
const char *farm_path(char path[FARM_PATH], const char *name);

/* Runs a program with its output in `out`; fails unless it ends with status 0. */
struct farm_spent farm_spend(char *const *arguments, const char *out);
/* The number that follows `label` in a file. */
double farm_number(const char *path, const char *label);

/* The farm through the simulator. */
struct farm_result farm_simulate(const char *program, const struct farm *farm);

#define FARM_ROUNDS_MAX 99
double farm_median(const double *values, unsigned count);

#endif
