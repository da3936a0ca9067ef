/*
 * The terminal through ncurses (wide).
 *
 * newterm() instead of initscr(), because it returns when it fails. Our handlers stand before it,
 * so ncurses installs none of its own (its SIGINT handler would end the program with status 1 and
 * without the record of the run). A size change, a stop and a continuation are handled when the
 * loop asks for a key, never inside a handler. Cost: cells that differ from those shown last.
 */
#define NCURSES_NOMACROS 1 /* erase, clear, refresh ... stay functions */
#define NCURSES_WIDECHAR 1

#include "ui/dashboard/term.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>
#include <wchar.h>

#include "ui/dashboard/guard.h"

static struct {
    SCREEN *screen;
    FILE *in; /* of our own when stdin is no terminal, else NULL */
    int input;
    bool colours, resumed;
    enum theme theme;
    attr_t attributes[STYLES];
    short pairs[STYLES];
    struct canvas shown;
    bool shown_valid;
} term;

struct look {
    short many, few; /* of 256 colours, of 8; -1 = the terminal's own */
    attr_t attributes;
};

/* The 256 colours are near those of Okabe and Ito, which colour-blind people can tell apart. */
static const struct look looks[THEMES][STYLES] = {
    [THEME_DARK] = {[STYLE_NORMAL] = {-1, -1, A_NORMAL},
                    [STYLE_DIM] = {245, -1, A_NORMAL},
                    [STYLE_TITLE] = {-1, -1, A_BOLD},
                    [STYLE_GOOD] = {42, COLOR_GREEN, A_NORMAL},
                    [STYLE_WARN] = {214, COLOR_YELLOW, A_NORMAL},
                    [STYLE_BAD] = {203, COLOR_RED, A_BOLD},
                    [STYLE_ACCENT] = {75, COLOR_CYAN, A_NORMAL}},
    [THEME_LIGHT] = {[STYLE_NORMAL] = {-1, -1, A_NORMAL},
                     [STYLE_DIM] = {242, -1, A_NORMAL},
                     [STYLE_TITLE] = {-1, -1, A_BOLD},
                     [STYLE_GOOD] = {29, COLOR_GREEN, A_NORMAL},
                     [STYLE_WARN] = {130, COLOR_MAGENTA, A_NORMAL},
                     [STYLE_BAD] = {160, COLOR_RED, A_BOLD},
                     [STYLE_ACCENT] = {25, COLOR_BLUE, A_NORMAL}},
    [THEME_MONO] = {[STYLE_NORMAL] = {-1, -1, A_NORMAL},
                    [STYLE_DIM] = {-1, -1, A_DIM},
                    [STYLE_TITLE] = {-1, -1, A_BOLD},
                    [STYLE_GOOD] = {-1, -1, A_NORMAL},
                    [STYLE_WARN] = {-1, -1, A_BOLD},
                    [STYLE_BAD] = {-1, -1, A_BOLD},
                    [STYLE_ACCENT] = {-1, -1, A_NORMAL}}};

const char *term_theme_name(enum theme theme)
{
    static const char *const names[THEMES] = {"dark", "light", "mono"};
    return names[theme];
}

enum theme term_set_theme(enum theme theme)
{
    term.theme = term.colours ? theme : THEME_MONO;
    for (int s = 0; s < STYLES; s++) {
        const struct look *look = &looks[term.theme][s];
        short colour = COLORS >= 256 ? look->many : look->few;
        term.attributes[s] = look->attributes;
        /* Where grey is missing, dim is what there is. */
        if (term.colours && s == STYLE_DIM && COLORS < 256)
            term.attributes[s] = A_DIM;
        term.pairs[s] = 0;
        if (term.colours && colour >= 0) {
            term.pairs[s] = (short)(s + 1);
            (void)init_pair(term.pairs[s], colour, -1);
        }
    }
    term.shown_valid = false;
    return term.theme;
}

/* --- what gives the screen back ---------------------------------------------------------------- */

static char give_back[512];
static size_t give_back_size;

static int add_byte(int byte)
{
    if (give_back_size < sizeof give_back)
        give_back[give_back_size++] = (char)byte;
    return byte;
}

/* tigetstr takes a char *, though it only reads it. */
static const char *capability(const char *name)
{
    char copy[16];
    (void)snprintf(copy, sizeof copy, "%s", name);
    const char *value = tigetstr(copy);
    return value == (const char *)-1 ? NULL : value;
}

static void collect_give_back(void)
{
    static const char *const names[] = {"sgr0", "op", "rmkx", "cnorm", "rmcup"};
    give_back_size = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = capability(names[i]);
        if (value != NULL)
            (void)tputs(value, 1, add_byte);
    }
    if (capability("rmcup") == NULL) { /* no screen to go back to: below what stands there */
        (void)add_byte('\r');
        (void)add_byte('\n');
    }
}

/* --- opening and closing ----------------------------------------------------------------------- */

static int open_input(struct lb_error *error)
{
    term.in = NULL;
    term.input = STDIN_FILENO;
    if (isatty(STDIN_FILENO) == 1)
        return 0;
    /* The scenario may have come through stdin; keys come from the terminal itself. */
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    term.in = fd >= 0 ? fdopen(fd, "r+") : NULL;
    if (term.in == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return lb_error_set(error, LB_ERROR_SYSTEM, "no terminal to read keys from");
    }
    term.input = fd;
    return 0;
}

static void close_input(void)
{
    if (term.in != NULL)
        (void)fclose(term.in);
    term.in = NULL;
}

static void set_modes(void)
{
    (void)cbreak();
    (void)noecho();
    (void)nonl();
    (void)keypad(stdscr, TRUE);
    (void)nodelay(stdscr, TRUE);
    (void)leaveok(stdscr, TRUE);
    (void)curs_set(0);
}

int term_open(enum theme theme, struct lb_error *error)
{
    const char *kind = getenv("TERM");
    const char *no_colour = getenv("NO_COLOR");
    int status = 0;
    if (isatty(STDOUT_FILENO) != 1)
        return lb_error_set(error, LB_ERROR_SYSTEM, "stdout is no terminal");
    if (kind == NULL || kind[0] == '\0' || strcmp(kind, "dumb") == 0)
        return lb_error_set(error, LB_ERROR_SYSTEM, "the terminal cannot move its cursor (TERM=%s)",
                            kind != NULL ? kind : "");
    bool fit = setupterm(NULL, STDOUT_FILENO, &status) == OK && capability("cup") != NULL;
    if (cur_term != NULL)
        (void)del_curterm(cur_term); /* newterm makes its own */
    if (!fit)
        return lb_error_set(error, LB_ERROR_SYSTEM, "the terminal '%.40s' is of an unknown kind",
                            kind);
    if (open_input(error) != 0)
        return -1;
    (void)fflush(stdout);
    guard_remember(STDOUT_FILENO);
    guard_catch();
    set_escdelay(50);
    term.screen = newterm(NULL, stdout, term.in != NULL ? term.in : stdin);
    if (term.screen == NULL) {
        guard_disarm();
        close_input();
        return lb_error_set(error, LB_ERROR_SYSTEM, "the terminal '%.40s' cannot be used", kind);
    }
    collect_give_back();
    guard_arm(give_back, give_back_size);
    set_modes();
    term.colours = (no_colour == NULL || no_colour[0] == '\0') && has_colors() &&
                   start_color() == OK && use_default_colors() == OK;
    (void)term_set_theme(theme);
    canvas_init(&term.shown, COLS, LINES, true);
    term.shown_valid = false;
    term.resumed = false;
    return 0;
}

void term_close(void)
{
    if (term.screen == NULL)
        return;
    (void)endwin();
    delscreen(term.screen);
    term.screen = NULL;
    canvas_done(&term.shown);
    close_input();
    guard_disarm();
}

void term_size(int *width, int *height)
{
    *width = COLS;
    *height = LINES;
}

/* --- showing ----------------------------------------------------------------------------------- */

/* The C library must agree on the width, or ncurses would lose its place; else it is '?'. */
static void put_cell(int x, int y, const struct canvas_cell *cell)
{
    wchar_t wide[CCHARW_MAX + 1] = {0};
    unsigned style = cell->style & ~STYLE_REVERSE;
    attr_t attributes = term.attributes[style];
    if (cell->style & STYLE_REVERSE)
        attributes |= A_REVERSE;
    size_t count = mbstowcs(wide, cell->glyph, CCHARW_MAX);
    if (count == (size_t)-1 || count == 0 || wcwidth(wide[0]) != cell->width) {
        wide[0] = L'?';
        wide[1] = L'\0';
    }
    for (size_t i = 1; i < CCHARW_MAX && wide[i] != L'\0'; i++)
        if (wcwidth(wide[i]) != 0)
            wide[i] = L'\0';
    cchar_t out;
    (void)setcchar(&out, wide, attributes, term.pairs[style], NULL);
    (void)mvadd_wch(y, x, &out);
    if (cell->width == 2 && wide[0] == L'?')
        (void)mvaddch(y, x + 1, ' ');
}

static bool same(const struct canvas_cell *a, const struct canvas_cell *b)
{
    return a->style == b->style && a->width == b->width && strcmp(a->glyph, b->glyph) == 0;
}

void term_show(const struct canvas *canvas)
{
    int width = canvas->width < COLS ? canvas->width : COLS;
    int height = canvas->height < LINES ? canvas->height : LINES;
    bool all = !term.shown_valid || term.shown.width != canvas->width ||
               term.shown.height != canvas->height;
    bool changed = all;
    if (all)
        (void)erase();
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const struct canvas_cell *cell = canvas_at(canvas, x, y);
            if (cell->width == 0 || (!all && same(cell, canvas_at(&term.shown, x, y))))
                continue;
            put_cell(x, y, cell);
            changed = true;
        }
    if (!changed)
        return;
    (void)refresh();
    if (term.shown.width != canvas->width || term.shown.height != canvas->height)
        canvas_resize(&term.shown, canvas->width, canvas->height);
    memcpy(term.shown.cells, canvas->cells,
           (size_t)canvas->width * (size_t)canvas->height * sizeof *canvas->cells);
    term.shown_valid = true;
}

/* --- keys -------------------------------------------------------------------------------------- */

static int translate(int code)
{
    static const struct {
        int code, press;
    } table[] = {{KEY_UP, PRESS_UP},     {KEY_DOWN, PRESS_DOWN}, {KEY_PPAGE, PRESS_PAGE_UP},
                 {KEY_HOME, PRESS_HOME}, {KEY_END, PRESS_END},   {KEY_NPAGE, PRESS_PAGE_DOWN},
                 {KEY_F(1), PRESS_F1},   {KEY_F(10), PRESS_F10}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].code == code)
            return table[i].press;
    return PRESS_NONE;
}

/* Once the size was asked of the kernel, ncurses is told; LINES and COLUMNS from outside are for
 * programs that start. */
static void resize(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
        (void)resizeterm(size.ws_row, size.ws_col);
    term.shown_valid = false;
}

static void come_back(void)
{
    (void)endwin(); /* whatever was done to the terminal meanwhile: leave, and enter again */
    (void)reset_prog_mode();
    resize();
    (void)clearok(stdscr, TRUE);
    (void)refresh();
    (void)guard_resized();
}

/* What signals asked for, as a press; PRESS_NONE when nothing. */
static int pending(void)
{
    if (guard_ending() != 0)
        return PRESS_ENDED;
    if (guard_stop_asked()) {
        (void)endwin();
        guard_stop();
        come_back();
        return PRESS_RESUMED;
    }
    if (guard_continued()) {
        come_back();
        return PRESS_RESUMED;
    }
    if (guard_resized()) {
        resize();
        return PRESS_RESIZED;
    }
    return PRESS_NONE;
}

static int read_key(void)
{
    wint_t character = 0;
    int kind = get_wch(&character);
    if (kind == KEY_CODE_YES)
        return translate((int)character);
    return kind == OK ? (int)character : PRESS_NONE;
}

int term_key(int timeout_ms)
{
    struct pollfd fds[2] = {{.fd = term.input, .events = POLLIN},
                            {.fd = guard_fd(), .events = POLLIN}};
    int press = pending();
    if (press == PRESS_NONE)
        press = read_key(); /* ncurses may hold keys that poll does not see */
    if (press != PRESS_NONE)
        return press;
    int ready = poll(fds, 2, timeout_ms);
    if (ready > 0 && (fds[1].revents & POLLIN) != 0)
        guard_drain();
    press = pending();
    if (press != PRESS_NONE || ready <= 0)
        return press;
    if ((fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
        return PRESS_ENDED; /* the terminal is gone */
    return (fds[0].revents & POLLIN) != 0 ? read_key() : PRESS_NONE;
}

int term_ending_signal(void)
{
    return guard_ending();
}
