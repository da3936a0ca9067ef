/*
 * A file of the source tree as a constant string of the program: SQL, templates of charts.
 *
 * The idea: the assembler reads the file where it stands (.incbin, paths from the root of the
 * repository, where every compilation is started), so that the file stays a plain file with its own
 * syntax and no generator is needed. The compiler does not see the dependency: the Makefile names it.
 *
 * EMBED_FILE(symbol, "path/from/root") at file scope, outside any function; then
 * `extern const char symbol[];` is its text, NUL-terminated.
 */
#ifndef BASE_EMBED_H
#define BASE_EMBED_H

#ifdef __APPLE__
#define EMBED_SECTION      ".const_data"
#define EMBED_NAME(symbol) "_" #symbol
#define EMBED_BACK         ".text"
#else
#define EMBED_SECTION      ".pushsection .rodata"
#define EMBED_NAME(symbol) #symbol
#define EMBED_BACK         ".popsection"
#endif

#define EMBED_FILE(symbol, path)                                                                   \
    __asm__(EMBED_SECTION "\n.global " EMBED_NAME(symbol) "\n" EMBED_NAME(                         \
        symbol) ":\n.incbin \"" path "\"\n.byte 0\n" EMBED_BACK "\n")

#endif
