/* See column.h. */
#include "ui/cli/column.h"

#include <stdio.h>
#include <string.h>

#include "sim/base/text.h"

void column_left(const char *text, uint32_t width)
{
    char safe[COLUMN_MAX * 4 + 4];
    text_escape(safe, sizeof safe, text, strlen(text));
    size_t taken = text_width(safe, strlen(safe));
    while (taken > width && safe[0] != '\0') { /* cut by characters */
        size_t end = strlen(safe) - 1;
        while (end > 0 && ((unsigned char)safe[end] & 0xc0U) == 0x80U)
            end--;
        safe[end] = '\0';
        taken = text_width(safe, strlen(safe));
    }
    printf("%s%*s", safe, (int)(width - taken), "");
}

void column_right(const char *text, uint32_t width)
{
    size_t taken = text_width(text, strlen(text));
    printf("%*s%s", taken < width ? (int)(width - taken) : 1, "", text);
}

void column_wrap(const char *text, uint32_t width)
{
    for (size_t at = 0; *text != '\0';) {
        size_t word = strcspn(text, " "), columns = text_width(text, word);
        if (at > 0 && at + 1 + columns > width) {
            puts("");
            at = 0;
        }
        printf("%s%.*s", at > 0 ? " " : "", (int)word, text);
        at += columns + (at > 0 ? 1 : 0);
        text += word + strspn(text + word, " ");
    }
    puts("");
}
