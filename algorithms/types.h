/*
 * The three types that the library and its host share: time, an error, a byte sink for names.
 *
 * They stand apart from lb.h so that code that knows nothing of load balancing (the event
 * engine, the statistics) can use the same words without seeing the contract.
 */
#ifndef LB_TYPES_H
#define LB_TYPES_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

/* Nanoseconds of any clock that never runs back; not negative; the origin is free. */
typedef int64_t lb_time;

#define LB_NEVER INT64_MAX

/*
 * Why something could not be done: one line for a person, without a newline. The caller owns
 * the struct; the function that fails fills it. `code` sorts errors for exit statuses and tests.
 */
enum lb_error_code {
    LB_ERROR_NONE = 0,
    LB_ERROR_INVALID, /* the caller's input is wrong: exit status 2 */
    LB_ERROR_SYSTEM,  /* reading, writing, a library: exit status 3 */
    LB_ERROR_MEMORY   /* an allocation failed: exit status 3 */
};

struct lb_error {
    enum lb_error_code code;
    char text[1024];
};

/* Fills *error; NULL is allowed and ignored. Always returns -1, for `return lb_error_set(...)`. */
__attribute__((format(printf, 3, 4))) static inline int lb_error_set(struct lb_error *error,
                                                                     enum lb_error_code code,
                                                                     const char *format, ...)
{
    if (error != NULL) {
        va_list list;
        va_start(list, format);
        error->code = code;
        (void)vsnprintf(error->text, sizeof error->text, format, list);
        va_end(list);
    }
    return -1;
}

#endif
