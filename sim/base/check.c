/*
 * The two ways to end a program that has broken a rule. Both flush what was said on stderr and
 * abort, so that a debugger or a core file shows the place.
 */
#include "sim/base/check.h"

#include <inttypes.h>
#include <stdlib.h>

#include "sim/base/text.h"

void lb_assert_failed(const char *file, int line, const char *text)
{
    (void)fprintf(stderr, "lbsim: bug at %s:%d: %s does not hold\n", file, line, text);
    (void)fflush(stderr);
    abort();
}

void lb_require_failed(const struct lb_where *where, const char *file, int line, const char *text,
                       const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)fputs("lbsim: ", stderr);
    (void)vfprintf(stderr, format, list);
    va_end(list);
    (void)fprintf(stderr, "\n  rule: %s (%s:%d)\n", text, file, line);
    if (where != NULL) {
        (void)fputs("  again: scenario ", stderr);
        text_print(stderr, where->scenario != NULL ? where->scenario : "-");
        (void)fprintf(stderr, ", seed %" PRIu64 ", replication %" PRIu32, where->seed,
                      where->replication);
        if (where->now != NULL)
            (void)fprintf(stderr, ", at %" PRId64 " ns of simulated time", *where->now);
        (void)fputc('\n', stderr);
    }
    (void)fflush(stderr);
    abort();
}
