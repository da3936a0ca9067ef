/*
 * The table of commands in words: for the terminal, as a manual page, as shell completions.
 */
#ifndef CLI_USAGE_H
#define CLI_USAGE_H

#include "ui/cli/cli.h"

/* `lbsim --help`, `lbsim COMMAND --help` and `lbsim --version`. */
void usage_overview(FILE *to, uint32_t width);
void usage_command(FILE *to, const struct command *command, uint32_t width);
void usage_version(FILE *to);

/* Paragraphs of `words`, which a blank line parts, in lines of `width` columns, `indent` blanks in.
 */
void usage_wrap(FILE *to, const char *words, uint32_t indent, uint32_t width);

/* A term and its meaning in two columns, the meaning from column `indent` on; it goes below a term
 * that is too long. */
void usage_row(FILE *to, const char *term, const char *meaning, uint32_t indent, uint32_t width);

/* What the exit statuses and the environment mean: rows of name and meaning, NULL-terminated. */
extern const char *const usage_statuses[][2];
extern const char *const usage_environment[][2];

/* The manual page, in mdoc. */
void manual_print(FILE *to);
/* The completions for "bash", "zsh" or "fish"; false for another shell. */
bool completion_print(FILE *to, const char *shell);

#endif
