/*
 * Messages: file:line:column, what is wrong, the source line, a caret, and the remedy.
 *
 * Everything that came from outside is escaped on its way out; long lines are cut around the
 * caret. At most DIAGNOSE_SHOWN errors are written out, the rest are counted.
 */
#ifndef SCENARIO_DIAGNOSE_H
#define SCENARIO_DIAGNOSE_H

#include "sim/scenario/source.h"

#define DIAGNOSE_SHOWN 20U

struct diagnose {
    struct text *out;
    const struct source *sources; /* borrowed */
    uint32_t source_count;
    uint32_t errors;   /* so far, shown or not */
    uint32_t warnings; /* so far, shown or not */
    bool muted;        /* the last error or warning was not shown: neither are its help and notes */
    const char *variant; /* the variant being checked, when it is not the one asked for */
};

void diagnose_init(struct diagnose *d, struct text *out, const struct source *sources,
                   uint32_t source_count);

/* What is right, and will not do what one may expect: shown, and the scenario is run all the same. */
__attribute__((format(printf, 3, 4))) void diagnose_warning(struct diagnose *d, struct place at,
                                                            const char *format, ...);

/* An error at a place; then, as often as needed, remedies and further places for it. */
__attribute__((format(printf, 3, 4))) void diagnose_error(struct diagnose *d, struct place at,
                                                          const char *format, ...);
__attribute__((format(printf, 2, 3))) void diagnose_help(struct diagnose *d, const char *format,
                                                         ...);
__attribute__((format(printf, 3, 4))) void diagnose_note(struct diagnose *d, struct place at,
                                                         const char *format, ...);
/* Would the next error be shown? Nobody needs the nearest word for one that is not. */
bool diagnose_listens(const struct diagnose *d);
/* A line of another file that a value named, with its text; word: "warning". Not counted, and not shown
 * for the variants that are not asked for. */
__attribute__((format(printf, 6, 7))) void diagnose_line(struct diagnose *d, const char *file,
                                                         uint64_t line, const char *text,
                                                         const char *word, const char *format, ...);
/* An error of a whole source, without a line. */
void diagnose_whole(struct diagnose *d, uint32_t source, const char *message);
/* "2 errors in web.yaml", and how many were not shown. */
void diagnose_close(struct diagnose *d);

/* A word for a message: quoted, cut to a length that leaves the message readable. */
struct quoted {
    char text[88];
};
struct quoted quote(const char *bytes, size_t size);

#endif
