/*
 * Three kinds of failure, three words.
 *
 *   lb_assert(condition)                our bug: the program cannot go on
 *   lb_require(where, condition, ...)   the caller's: says how to replay the run that broke a rule
 *   struct lb_error                     the world's: returned, never fatal (algorithms/types.h)
 *
 * Both stay on in release builds: a wrong figure is worse than an abort. They cost one predicted
 * branch; the checks that cost more are behind LB_CHECK_SLOW, which the sanitizer builds set.
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#include "algorithms/types.h"

/* What a person needs to see the same failure again. */
struct lb_where {
    const char *scenario; /* its file, or its name when it came from elsewhere */
    uint64_t seed;
    uint32_t replication;
    const lb_time *now; /* simulated time; NULL before the run starts */
};

_Noreturn void lb_assert_failed(const char *file, int line, const char *text);
__attribute__((format(printf, 5, 6))) _Noreturn void lb_require_failed(const struct lb_where *where,
                                                                       const char *file, int line,
                                                                       const char *text,
                                                                       const char *format, ...);

#define lb_assert(condition)                                                                       \
    (__builtin_expect(!(condition), 0) ? lb_assert_failed(__FILE__, __LINE__, #condition) : (void)0)

#define lb_require(where, condition, ...)                                                          \
    (__builtin_expect(!(condition), 0)                                                             \
         ? lb_require_failed((where), __FILE__, __LINE__, #condition, __VA_ARGS__)                 \
         : (void)0)

#endif
