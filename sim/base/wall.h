/*
 * The one place that looks at the machine's clocks. Nothing that decides a result may call it.
 */
#ifndef BASE_WALL_H
#define BASE_WALL_H

#include <stdint.h>

struct timespec;

/* Nanoseconds of the monotonic clock. */
int64_t wall_now(void);
/* Nanoseconds of processor time of this process. */
int64_t wall_cpu(void);
/* Seconds since 1970, for the record. */
int64_t wall_date(void);
/* The instant ns nanoseconds from now, as pthread_cond_timedwait wants it. */
void wall_deadline(int64_t ns, struct timespec *until);
/* Sleeps ns nanoseconds, or until a signal. */
void wall_sleep(int64_t ns);

#endif
