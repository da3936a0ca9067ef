/*
 * Recorded decisions of nginx 1.22.1, decided again by nginx-round-robin and nginx-least-conn.
 *
 * Every *.tsv under tests/golden/nginx is replayed, whatever its name: further recordings are
 * tested by dropping them there. Each pick, list of tried peers, status and refusal must be equal.
 * The recordings were made with the real program (one worker, no zone, backends on loopback); the
 * columns of each kind: sequence = requests one after another; hold = requests held open and
 * closed; time = requests in given seconds while servers stop, start and answer with errors.
 */
#include <dirent.h>

#include "tests/check.h"
#include "tests/golden/recording.h"
#include "tests/golden/upstream.h"

#define DIRECTORY   "tests/golden/nginx"
#define CONNECTIONS 65536
#define FILES_MAX   1024

struct tally {
    unsigned equal, total;
    bool quiet;
};

/* Counts one decision; says where it differs. */
static void compare(struct tally *tally, const char *name, const struct recording *row,
                    const char *expected, const char *decided)
{
    tally->total++;
    if (strcmp(expected, decided) == 0)
        tally->equal++;
    else if (!tally->quiet)
        printf("\n%s, %s %s: nginx %s, we %s", name, row->column[0], row->cell[0], expected,
               decided);
}

/* The number after a letter, "s3" -> 2; -1 when it is no server of this upstream. */
static int server_index(const struct upstream *u, const char *word)
{
    int index = word != NULL && word[0] == 's' ? atoi(word + 1) - 1 : -1;
    return index < (int)u->count ? index : -1;
}

/* A row with the status and the peers tried, or the peer alone. */
static void compare_request(struct tally *tally, const char *name, const struct recording *row,
                            struct upstream *u, lb_time now)
{
    char tried[1024], decided[1100], expected[1100];
    const char *peers = recording_cell(row, "tried");
    const char *status = recording_cell(row, "status");
    if (peers == NULL)
        peers = recording_cell(row, "pick");
    int answer = upstream_request(u, now, tried, sizeof tried);
    if (status == NULL) {
        compare(tally, name, row, peers != NULL ? peers : "(no column)", tried);
        return;
    }
    snprintf(decided, sizeof decided, "%d %s", answer, tried);
    snprintf(expected, sizeof expected, "%s %s", status, peers != NULL ? peers : "(no column)");
    compare(tally, name, row, expected, decided);
}

static bool replay_sequence(struct tally *tally, const char *name, struct recording *r,
                            struct upstream *u)
{
    while (recording_row(r))
        compare_request(tally, name, r, u, SECOND);
    return true;
}

/* `down` closes the port, `up` opens it, a number is the status answered from now on. */
static bool replay_time(struct tally *tally, const char *name, struct recording *r,
                        struct upstream *u)
{
    while (recording_row(r)) {
        const char *sec = recording_cell(r, "sec"), *op = recording_cell(r, "op");
        if (sec == NULL || op == NULL)
            return false;
        lb_time now = atoll(sec) * SECOND + SECOND / 2;
        if (strcmp(op, "req") == 0) {
            compare_request(tally, name, r, u, now);
            continue;
        }
        int server = server_index(u, recording_cell(r, "server"));
        if (server < 0)
            return false;
        if (strcmp(op, "down") == 0)
            u->server[server].answer = REFUSED;
        else if (strcmp(op, "up") == 0)
            u->server[server].answer = 200;
        else if (atoi(op) >= 100 && atoi(op) < 600)
            u->server[server].answer = atoi(op);
        else
            return false;
    }
    return true;
}

static bool replay_hold(struct tally *tally, const char *name, struct recording *r,
                        struct upstream *u)
{
    static int held[CONNECTIONS]; /* the server's index + 1 */
    memset(held, 0, sizeof held);
    while (recording_row(r)) {
        const char *op = recording_cell(r, "op"), *conn = recording_cell(r, "conn");
        const char *pick = recording_cell(r, "pick");
        int c = conn != NULL ? atoi(conn) : -1;
        if (op == NULL || pick == NULL || c < 0 || c >= CONNECTIONS)
            return false;
        if (strcmp(op, "open") == 0) {
            struct tried tried = {.tier = 0};
            int server = upstream_pick(u, &tried, SECOND);
            char decided[32] = "REJECT:502";
            if (server >= 0)
                snprintf(decided, sizeof decided, "s%d", server + 1);
            compare(tally, name, r, pick, decided);
            held[c] = server + 1;
        } else if (strcmp(op, "close") == 0 && held[c] > 0) {
            upstream_finish(u, held[c] - 1, LB_END_OK, false, SECOND);
            held[c] = 0;
        } else {
            return false;
        }
    }
    return true;
}

/* Replays one recording; text is changed. False, with a line on stdout, when it cannot be. */
static bool replay(struct tally *tally, const char *name, char *text)
{
    static const struct {
        const char *kind;
        bool (*run)(struct tally *, const char *, struct recording *, struct upstream *);
    } kinds[] = {{"sequence", replay_sequence}, {"hold", replay_hold}, {"time", replay_time}};
    static struct upstream u;
    struct recording r;
    const char *why = "is not a recording";
    bool done = false;
    char config[8192];
    if (recording_open(&r, text)) {
        snprintf(config, sizeof config, "%s", recording_header(&r, "config"));
        why = u.wrong;
        if (upstream_parse(&u, config) && upstream_open(&u)) {
            why = "is of a kind, or has a row, that this test does not know";
            for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
                if (strcmp(kinds[k].kind, recording_header(&r, "kind")) == 0)
                    done = kinds[k].run(tally, name, &r, &u);
            upstream_close(&u);
        }
    }
    if (!done && !tally->quiet)
        printf("\n%s: %s", name, why);
    return done;
}

static int is_recording(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    bool ours = strncmp(entry->d_name, "rr", 2) == 0 || strncmp(entry->d_name, "lc", 2) == 0 ||
                strncmp(entry->d_name, "t_", 2) == 0;
    return ours && length > 4 && strcmp(entry->d_name + length - 4, ".tsv") == 0;
}

static void all_recordings(void)
{
    struct dirent **entry;
    int files = scandir(DIRECTORY, &entry, is_recording, alphasort);
    CU_ASSERT_FATAL(files > 0 && files <= FILES_MAX);
    struct tally tally = {.total = 0};
    for (int i = 0; i < files; i++) {
        char path[512];
        snprintf(path, sizeof path, DIRECTORY "/%s", entry[i]->d_name);
        char *text = recording_load(path);
        unsigned before = tally.total;
        CU_ASSERT(text != NULL && replay(&tally, entry[i]->d_name, text));
        CU_ASSERT(tally.total > before);
        free(text);
        free(entry[i]);
    }
    free(entry);
    printf("\n    nginx: %u of %u decisions equal in %d recordings ", tally.equal, tally.total,
           files);
    CU_ASSERT(tally.equal == tally.total);
}

/* The replay can fail: one wrong peer, status or refusal is one decision that differs. */
static void a_wrong_recording_is_noticed(void)
{
    static const char sequence[] =
        "# kind: sequence\n"
        "# config: upstream x {\\n server a:1 weight=2;\\n server b:1; }\n"
        "req\ttried\n1\ts1\n2\ts1\n3\ts1\n";
    static const char hold[] = "# kind: hold\n"
                               "# config: upstream x { least_conn; server a:1 max_conns=1; }\n"
                               "step\top\tconn\tpick\n1\topen\t1\ts1\n2\topen\t2\ts1\n";
    static const char timed[] = "# kind: time\n# config: upstream x { server a:1; server b:1; }\n"
                                "sec\top\tserver\tstatus\ttried\n1\tdown\ts1\t\t\n"
                                "1\treq\t\t502\ts1>s2\n1\treq\t\t200\ts2\n";
    static const char *const texts[] = {sequence, hold, timed};
    for (size_t i = 0; i < 3; i++) {
        char text[512];
        snprintf(text, sizeof text, "%s", texts[i]);
        struct tally tally = {.quiet = true};
        CU_ASSERT(replay(&tally, "made up", text));
        CU_ASSERT(tally.total == tally.equal + 1);
    }
}

/* A method or a word the driver does not obey is refused, not replayed by another rule. */
static void what_is_not_obeyed_is_refused(void)
{
    static const char *const configs[] = {
        "upstream x { ip_hash; server a:1; }",
        "upstream x { server a:1 slow_start=3s; }",
        "upstream x { server a:1 weight=many; }",
        "upstream x { }",
        "upstream x { server a:1; } ; location: proxy_next_upstream error http_whatever cached;",
        "upstream x { server a:1; } ; location: proxy_next_upstream_timeout 3s;",
    };
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        static struct upstream u;
        char config[256];
        snprintf(config, sizeof config, "%s", configs[i]);
        CU_ASSERT(!upstream_parse(&u, config));
        CU_ASSERT(u.wrong[0] != '\0');
    }
}

static const struct check_test tests[] = {
    {"all recordings", all_recordings},
    {"a wrong recording is noticed", a_wrong_recording_is_noticed},
    {"what is not obeyed is refused", what_is_not_obeyed_is_refused},
};

CHECK_MAIN("golden nginx")
