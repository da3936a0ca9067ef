/*
 * Words from outside in the columns of a table: made safe, cut and padded by the columns they take on a
 * terminal. All print on stdout.
 */
#ifndef CLI_COLUMN_H
#define CLI_COLUMN_H

#include <stdint.h>

#define COLUMN_MAX 200U

/* Left-aligned in exactly width columns (at most COLUMN_MAX), cut when it is longer. */
void column_left(const char *text, uint32_t width);
/* Right-aligned in at least width columns, behind one blank at least. For words of our own. */
void column_right(const char *text, uint32_t width);
/* A paragraph of our own words, in lines of at most width columns. */
void column_wrap(const char *text, uint32_t width);

#endif
