/*
 * Charts: a folder to work in, gnuplot, and finished files moved into place.
 *
 * Each chart is drawn twice by one gnuplot, as SVG and as PNG, in a fresh folder inside the target
 * folder, so that the last step is a rename on one file system: a reader never sees half a chart.
 */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports/cell.h"
#include "reports/chart.h"
#include "sim/base/check.h"

static int cannot(struct lb_error *error, const char *what, const char *path)
{
    return lb_error_set(error, LB_ERROR_SYSTEM, "cannot %s '%s': %s", what, path, strerror(errno));
}

/* mkdir -p. */
static int make_folder(const char *path, struct lb_error *error)
{
    char *part = text_copy(path);
    int result = 0;
    for (char *slash = part; result == 0 && *slash != '\0';) {
        slash += strspn(slash, "/");
        slash += strcspn(slash, "/");
        char kept = *slash;
        *slash = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            result = cannot(error, "make the folder", part);
        *slash = kept;
    }
    free(part);
    struct stat about;
    if (result == 0 && stat(path, &about) != 0)
        result = cannot(error, "use the folder", path);
    if (result == 0 && !S_ISDIR(about.st_mode))
        result = lb_error_set(error, LB_ERROR_SYSTEM, "'%s' is not a folder", path);
    return result;
}

static void remove_work(const char *work)
{
    DIR *folder = opendir(work);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        struct text path;
        text_init(&path);
        text_addf(&path, "%s/%s", work, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlink(path.data);
        text_done(&path);
    }
    if (folder != NULL)
        closedir(folder);
    (void)rmdir(work);
}

static FILE *open_in(const char *work, const char *name)
{
    struct text path;
    text_init(&path);
    text_addf(&path, "%s/%s", work, name);
    FILE *file = fopen(path.data, "w");
    text_done(&path);
    return file;
}

int chart_nothing(struct lb_error *error, const char *reason)
{
    lb_error_set(error, LB_ERROR_INVALID, "%s", reason);
    return 1;
}

static FILE *open_numbered(struct chart *chart, const char *kind, uint32_t number, const char *end)
{
    char name[64];
    snprintf(name, sizeof name, "%s-%u.%s", kind, number, end);
    FILE *file = open_in(chart->work, name);
    if (file == NULL) {
        chart->failed = true;
        file = fopen("/dev/null", "w");
        lb_assert(file != NULL);
    }
    return file;
}

FILE *chart_data(struct chart *chart, const char *kind, uint32_t number)
{
    return open_numbered(chart, kind, number, "tsv");
}

FILE *chart_script(struct chart *chart, const char *kind, uint32_t number)
{
    return open_numbered(chart, kind, number, "gp");
}

void chart_close_data(struct chart *chart, FILE *file)
{
    if (fclose(file) != 0)
        chart->failed = true;
}

void chart_quote(struct text *to, const char *name, size_t columns)
{
    struct text safe;
    text_init(&safe);
    cell_cut(&safe, name, columns);
    text_add(to, "'", 1);
    for (size_t i = 0; i < safe.size; i++)
        if (safe.data[i] == '\'')
            text_add(to, "\xe2\x80\x99", 3);
        else
            text_add(to, safe.data + i, 1);
    text_add(to, "'", 1);
    text_done(&safe);
}

void chart_set_string(struct chart *chart, const char *variable, const char *value, size_t columns)
{
    text_addf(&chart->script, "%s=", variable);
    chart_quote(&chart->script, value, columns);
    text_addf(&chart->script, "\n");
}

void chart_set_number(struct chart *chart, const char *variable, double value)
{
    text_addf(&chart->script, "%s=%.12g\n", variable, value);
}

void chart_subtitle(struct chart *chart, const char *extra)
{
    const struct report *report = chart->report;
    const struct report_run *first = &report->runs[0];
    struct text line, rest;
    bool one_scenario = true, one_seed = true;
    for (uint32_t i = 1; i < report->run_count; i++) {
        one_scenario &= strcmp(report->runs[i].scenario, first->scenario) == 0;
        one_seed &= strcmp(report->runs[i].seed, first->seed) == 0;
    }
    text_init(&line);
    text_init(&rest);
    if (report->run_count == 1) {
        text_addf(&rest, ", ");
        cell_cut(&rest, first->label, 36);
    }
    if (one_seed)
        text_addf(&rest, ", seed %s", first->seed);
    if (chart->runs < report->run_count)
        text_addf(&rest, ". The first %u of %u runs", chart->runs, report->run_count);
    text_addf(&rest, ". %s", extra);
    size_t room = (size_t)((chart->width - 36.0) / (0.56 * 13.0)), taken = rest.size;
    if (one_scenario) /* the name gives way to the rest */
        cell_cut(&line, first->scenario, room > taken + 16 ? room - taken : 16);
    /* Without a name, not the comma either. */
    size_t skip = one_scenario ? 0 : strspn(rest.data, ", .");
    text_add(&line, rest.data + skip, rest.size - skip);
    chart_set_string(chart, "SUBTITLE", line.data, room + 16);
    text_done(&line);
    text_done(&rest);
}

double chart_text_width(size_t columns, double size)
{
    return 0.62 * size * (double)columns; /* DejaVu Sans: 0.55 to 0.6 em in running text */
}

double chart_mono_width(size_t columns, double size)
{
    return 0.603 * size * (double)columns; /* DejaVu Sans Mono: 1233/2048 em */
}

size_t chart_columns(const char *name)
{
    struct text safe;
    text_init(&safe);
    size_t columns = cell_cut(&safe, name, 4096);
    text_done(&safe);
    return columns;
}

/* theme.gp, NAME.gp, settings.gp, and main.gp that loads them once a format. */
static int write_scripts(struct chart *chart, const char *name, enum report_theme theme,
                         struct lb_error *error)
{
    struct text file;
    text_init(&file);
    text_addf(&file, "%s.gp", name);
    FILE *files[] = {open_in(chart->work, "theme.gp"), open_in(chart->work, file.data),
                     open_in(chart->work, "main.gp"), open_in(chart->work, "settings.gp")};
    text_done(&file);
    bool bad = chart->failed;
    for (int i = 0; i < 4; i++)
        bad |= files[i] == NULL;
    if (!bad) {
        fputs(template_text("theme"), files[0]);
        fputs(template_text(name), files[1]);
        (void)fwrite(chart->script.data, 1, chart->script.size, files[3]);
        fprintf(files[2],
                "THEME='%s'\nW=%.1f\nH=%.1f\n"
                "OUT='%s.svg'\nload 'theme.gp'\nload 'settings.gp'\nload '%s.gp'\nset output\n"
                "reset\nif (strstrt(GPVAL_TERMINALS, ' pngcairo ') == 0) { exit }\n"
                "OUT='%s.png'\nload 'theme.gp'\nload 'settings.gp'\nload '%s.gp'\nset output\n",
                theme == REPORT_DARK ? "dark" : "light", chart->width, chart->height, name, name,
                name, name);
    }
    for (int i = 0; i < 4; i++)
        if (files[i] != NULL && fclose(files[i]) != 0)
            bad = true;
    return bad ? cannot(error, "write to", chart->work) : 0;
}

/* Moves NAME.EXTENSION into the folder; false when gnuplot made none. */
static bool take_file(const struct chart *chart, struct report_charts *charts, const char *name,
                      const char *extension, struct lb_error *error)
{
    struct text from, to;
    struct stat about;
    text_init(&from);
    text_init(&to);
    text_addf(&from, "%s/%s.%s", chart->work, name, extension);
    text_addf(&to, "%s/%s.%s", charts->folder, name, extension);
    bool made = stat(from.data, &about) == 0 && about.st_size > 0;
    if (made && rename(from.data, to.data) != 0) {
        cannot(error, "write", to.data);
        made = false;
    } else if (made) {
        text_addf(&charts->drawn, "%s\n", to.data);
    }
    text_done(&from);
    text_done(&to);
    return made;
}

/* A chart of other runs must not stay where there is none of these. */
static void remove_old(const struct report_charts *charts, const char *name)
{
    static const char *const extensions[] = {"svg", "png"};
    for (int i = 0; i < 2; i++) {
        struct text path;
        text_init(&path);
        text_addf(&path, "%s/%s.%s", charts->folder, name, extensions[i]);
        (void)unlink(path.data);
        text_done(&path);
    }
}

static int draw_one(struct chart *chart, struct report_charts *charts, const char *name,
                    int (*prepare)(struct chart *, struct lb_error *), struct lb_error *error)
{
    text_init(&chart->script);
    int result = prepare(chart, error);
    if (result == 0)
        result = write_scripts(chart, name, charts->theme, error);
    if (result == 0)
        result = gnuplot_run(chart->work, "main.gp", &charts->no_gnuplot, error);
    if (result == 0) {
        lb_error_set(error, LB_ERROR_SYSTEM, "gnuplot drew nothing");
        if (!take_file(chart, charts, name, "svg", error))
            result = -1;
        else if (!take_file(chart, charts, name, "png", error))
            charts->no_png = true;
    }
    text_done(&chart->script);
    if (result > 0) {
        text_addf(&charts->skipped, "%s: %s\n", name, error->text);
        remove_old(charts, name);
    }
    return result < 0 ? -1 : 0;
}

int report_draw(const struct report *report, struct report_charts *charts, struct lb_error *error)
{
    static const struct {
        const char *name;
        int (*prepare)(struct chart *, struct lb_error *);
    } all[] = {{"ccdf", chart_ccdf}, {"time", chart_time}, {"backends", chart_backends}};
    if (make_folder(charts->folder, error) != 0)
        return -1;
    struct text work;
    text_init(&work);
    text_addf(&work, "%s/.lbsim-XXXXXX", charts->folder);
    int result = 0;
    if (mkdtemp(work.data) == NULL) {
        result = cannot(error, "write to the folder", charts->folder);
    } else {
        for (size_t i = 0; i < sizeof all / sizeof all[0] && result == 0; i++) {
            struct chart chart = {.report = report, .work = work.data};
            chart.runs = report->run_count < CHART_RUNS_MAX ? report->run_count : CHART_RUNS_MAX;
            if (charts->stop != NULL && charts->stop())
                break;
            result = draw_one(&chart, charts, all[i].name, all[i].prepare, error);
        }
        remove_work(work.data);
    }
    text_done(&work);
    return result;
}
