/*
 * The machine's clocks, through POSIX. The only file of sim/ that may look at them.
 */
#include "sim/base/wall.h"

#include <time.h>

static int64_t wall_read(clockid_t clock_id)
{
    struct timespec t = {0, 0};
    (void)clock_gettime(clock_id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t wall_now(void)
{
    return wall_read(CLOCK_MONOTONIC);
}

int64_t wall_cpu(void)
{
    return wall_read(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t wall_date(void)
{
    return wall_read(CLOCK_REALTIME) / 1000000000;
}

void wall_sleep(int64_t ns)
{
    if (ns <= 0)
        return;
    struct timespec t = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
    (void)nanosleep(&t, NULL);
}

void wall_deadline(int64_t ns, struct timespec *until)
{
    (void)clock_gettime(CLOCK_REALTIME, until);
    ns += until->tv_nsec;
    until->tv_sec += (time_t)(ns / 1000000000);
    until->tv_nsec = (long)(ns % 1000000000);
}
