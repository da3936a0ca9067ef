/*
 * Numbers for narrow columns: three significant digits, at most five characters.
 *
 * Each function writes into buf (NUMBER_SIZE bytes) and returns it; what is not known is "-".
 */
#ifndef DASHBOARD_NUMBER_H
#define DASHBOARD_NUMBER_H

#include <stdint.h>

#define NUMBER_SIZE 16

/* A time of ns nanoseconds in milliseconds: "0.052", "8.31", "24.1", "1411", "123k". */
const char *number_ms(char *buf, double ns);
/* "9999", "12.3k", "1.23M". */
const char *number_count(char *buf, uint64_t value);
/* A rate per second: "0.25", "8.3", "913", "12.3k". */
const char *number_rate(char *buf, double value);
/* A share in percent: "0%", "0.2%", "6.7%", "45%"; more than nothing is never "0%". */
const char *number_share(char *buf, double share);
/* A speed: "x0.1", "x5", "max" for infinity. */
const char *number_speed(char *buf, double speed);

#endif
