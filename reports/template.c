/*
 * The gnuplot templates of this folder, inside the program: it works wherever it is installed.
 */
#include <string.h>

#include "reports/chart.h"
#include "sim/base/check.h"
#include "sim/base/embed.h"

EMBED_FILE(template_theme, "reports/theme.gp");
EMBED_FILE(template_ccdf, "reports/ccdf.gp");
EMBED_FILE(template_time, "reports/time.gp");
EMBED_FILE(template_backends, "reports/backends.gp");

extern const char template_theme[], template_ccdf[], template_time[], template_backends[];

const char *template_text(const char *name)
{
    const struct {
        const char *name, *text;
    } templates[] = {
        {"theme", template_theme},
        {"ccdf", template_ccdf},
        {"time", template_time},
        {"backends", template_backends},
    };
    size_t i = 0;
    while (strcmp(templates[i].name, name) != 0) {
        i++;
        lb_assert(i < sizeof templates / sizeof templates[0]);
    }
    return templates[i].text;
}
