/* Traces: tables and access logs, and what is broken in them. */
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/trace.h"
#include "tests/check.h"
#include "tests/unit/scenes.h"

#define MS(n) ((lb_time)(n)*SCENE_MS)

static struct trace trace;
static struct trace_report report;
static struct lb_error error;

struct bytes {
    const char *at;
    size_t left, piece; /* at most piece bytes a call */
};

static long take(void *self, char *to, size_t size, struct lb_error *unused)
{
    struct bytes *b = self;
    (void)unused;
    size = size < b->left ? size : b->left;
    size = size < b->piece ? size : b->piece;
    memcpy(to, b->at, size);
    b->at += size;
    b->left -= size;
    return (long)size;
}

static bool read_bytes(enum trace_format format, double warp, const char *text, size_t size)
{
    static const char *const classes[] = {"page", "report"}, *const paths[] = {"/", "/report"};
    struct bytes bytes = {text, size, 7};
    struct trace_request request = {format, warp, classes, paths, 2, take, &bytes};
    error.text[0] = '\0';
    return trace_read(&trace, &request, &report, &error) == 0;
}

static bool read_text(enum trace_format format, const char *text)
{
    return read_bytes(format, 1, text, strlen(text));
}

static void check_row(uint32_t row, lb_time at, const char *client, const char *path)
{
    CU_ASSERT_FATAL(row < trace.rows);
    if (trace.at[row] != at)
        printf("\nrow %u is at %lld, not %lld\n", row, (long long)trace.at[row], (long long)at);
    CU_ASSERT_EQUAL(trace.at[row], at);
    if (client != NULL)
        CU_ASSERT_STRING_EQUAL(intern_text(&trace.clients, trace.client[row]), client);
    if (path != NULL)
        CU_ASSERT_STRING_EQUAL(intern_text(&trace.strings, trace.path[row]), path);
}

/* --- tables ------------------------------------------------------------------------------------- */

static void tables(void)
{
    CU_ASSERT_FATAL(read_text(TRACE_TABLE, "\xef\xbb\xbf# made by hand\r\n"
                                           "t_ms,note,work_us,client_ip,key,class,path\r\n"
                                           "0.5,\"a, \"\"b\"\"\",1500,10.0.0.1,k1,page,/a\r\n"
                                           "\r\n"
                                           "2,,,10.0.0.2,,,/reports\r\n"
                                           "2,x,0.25,10.0.0.1,k1,report,/a"));
    CU_ASSERT_EQUAL(report.lines, 3);
    CU_ASSERT_EQUAL_FATAL(trace.rows, 3);
    check_row(0, 500000, "10.0.0.1", "/a");
    check_row(1, 2000000, "10.0.0.2", "/reports");
    check_row(2, 2000000, "10.0.0.1", "/a");
    CU_ASSERT(trace.work[0] == 1500000 && trace.work[1] == TRACE_NO_WORK && trace.work[2] == 250);
    CU_ASSERT(trace.class[0] == 0 && trace.class[1] == 1 && trace.class[2] == 1);
    CU_ASSERT(trace.key[1] == 0 && trace.key[0] == trace.key[2] && trace.count == NULL);
    CU_ASSERT_EQUAL(trace.length, 2000000 + 750000);
    CHECK_CLOSE(trace_mean_work(&trace, 3e6), (1500000 + 250 + 3e6) / 3, 1e-12);
    trace_done(&trace);
    CU_ASSERT_FATAL(read_bytes(TRACE_TABLE, 2, "t_s\tcount\n0\t3\n60\t0\n120\t7\n", 25));
    CU_ASSERT_EQUAL_FATAL(trace.rows, 3);
    check_row(2, 60 * SCENE_S, NULL, NULL);
    CU_ASSERT(trace.count[0] == 3 && trace.count[1] == 0 && trace.count[2] == 7 &&
              trace.arrivals == 10);
    CU_ASSERT(trace.client == NULL && trace.work == NULL && trace.path == NULL);
    trace_done(&trace);
}

static void wrong_tables(void)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", "no requests"},
        {"t_us\n", "no requests"},
        {"t_us,count\n1,0\n", "no requests"},
        {"time,work\n1,2\n", "names no column t_us, t_ms or t_s"},
        {"t_us,t_ms\n1,1\n", "a column twice"},
        {"t_us,key,key\n1,1,1\n", "a column twice"},
        {"t_us\n5\n4\n", "1 of 2 lines are broken, more than 1%"},
        {"t_us\n-1\n", "1 of 1 lines are broken"},
        {"t_us\n1e3\n", "1 of 1 lines are broken"},
        {"t_s\n999999999999999999999999\n", "1 of 1 lines are broken"},
        {"t_s\n360000001\n", "1 of 1 lines are broken"},
        {"t_us,work_us\n1\n", "1 of 1 lines are broken"},
        {"t_us,key\n1,\"a\n", "1 of 1 lines are broken"},
        {"t_us,count\n1,2.5\n", "1 of 1 lines are broken"},
        {"t_us,class\n1,other\n", "1 of 1 lines are broken"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CU_ASSERT(!read_text(TRACE_TABLE, cases[i].text));
        bool said = strstr(error.text, cases[i].words) != NULL;
        if (!said)
            printf("\n%s: %s\n", cases[i].text, error.text);
        CU_ASSERT(said);
        trace_done(&trace);
    }
}

/* 2,000 lines of which the last `broken` are: 20 are one in a hundred. */
static void few_broken_lines_are_left_out(void)
{
    for (int broken = 20; broken <= 21; broken++) {
        struct text text;
        text_init(&text);
        text_addf(&text, "t_ms\n");
        for (int i = 0; i < 2000; i++)
            text_addf(&text, i < 2000 - broken ? "%d\n" : "x\033[31m%d\n", i);
        bool fine = read_text(TRACE_TABLE, text.data);
        CU_ASSERT_EQUAL(fine, broken == 20);
        CU_ASSERT_EQUAL(report.broken, (uint64_t)broken);
        CU_ASSERT_EQUAL(report.lines, 2000);
        for (unsigned i = 0; i < TRACE_SHOWN; i++) {
            CU_ASSERT_EQUAL(report.shown[i].line, 2002U - (unsigned)broken + i);
            CU_ASSERT_STRING_EQUAL(report.shown[i].why, "no time, or a wrong one");
            CU_ASSERT(report.shown[i].text[0] == 'x' && report.shown[i].text[1] == '?');
        }
        if (fine)
            CU_ASSERT_EQUAL(trace.rows, 1980);
        trace_done(&trace);
        text_done(&text);
    }
}

/* Among enough good lines: a line of more than 64 KiB, one with a zero byte. */
static void monsters(void)
{
    struct text text;
    text_init(&text);
    text_addf(&text, "t_us,key\n");
    for (int i = 0; i < 300; i++)
        text_addf(&text, "%d,k\n", i);
    text_addf(&text, "300,");
    for (int i = 0; i < 200000; i++)
        text_add(&text, "y", 1);
    text_addf(&text, "\n301,");
    text_add(&text, "a\0b\n302,end", 11);
    CU_ASSERT(read_bytes(TRACE_TABLE, 1, text.data, text.size));
    CU_ASSERT_EQUAL(report.broken, 2);
    CU_ASSERT(report.shown[0].line == 302 && strstr(report.shown[0].why, "64 KiB") != NULL);
    CU_ASSERT(report.shown[1].line == 303 && strstr(report.shown[1].why, "value 0") != NULL);
    CU_ASSERT_EQUAL(trace.rows, 301);
    CU_ASSERT_STRING_EQUAL(intern_text(&trace.strings, trace.key[300]), "end");
    trace_done(&trace);
    text_done(&text);
}

/* --- access logs -------------------------------------------------------------------------------- */

static void common_and_combined(void)
{
    static const char log[] =
        "10.1.2.3 - - [10/Oct/2000:13:55:36 -0700] \"GET /a?b=c HTTP/1.0\" 200 2326 \"-\" \"x \\\" "
        "y\"\n"
        "::1 - frank [10/Oct/2000:20:55:37 +0000] \"POST /report/1 HTTP/1.1\" 201 - \"r\" \"\"\n"
        "host.example - - [10/Oct/2000:20:55:37 +0000] \"-\" 408 0 \"-\" \"-\"\n"
        "10.1.2.3 - - [10/Oct/2000:20:55:37 +0000] \"GET / HTTP/1.1\" 304 0 \"-\" \"-\"\n"
        "10.1.2.3 - - [10/Oct/2000:20:55:36 +0000] \"GET /late HTTP/1.1\" 200 5 \"-\" \"-\"\n";
    CU_ASSERT_FATAL(read_text(TRACE_COMBINED, log));
    CU_ASSERT_EQUAL_FATAL(trace.rows, 5);
    check_row(0, 0, "10.1.2.3", "/a");
    check_row(1, MS(500), "10.1.2.3", "/late"); /* the same second: half of it each */
    check_row(2, MS(1000), "::1", "/report/1");
    check_row(3, MS(1333) + 333333, "host.example", NULL);
    check_row(4, MS(1666) + 666666, "10.1.2.3", "/");
    CU_ASSERT(trace.class[2] == 1 && trace.class[3] == TRACE_NO_CLASS && trace.class[4] == 0);
    CU_ASSERT(trace.path[3] == 0 && report.late == 1 && report.late_line == 5);
    CU_ASSERT_EQUAL(report.latest, SCENE_S);
    trace_done(&trace);
    CU_ASSERT(read_text(TRACE_COMMON, log));
    trace_done(&trace);
    CU_ASSERT(!read_text(TRACE_COMBINED, "a - - [10/Oct/2000:20:55:36 +0000] \"GET / H\" 200 5\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(report.shown[0].why, "format=common"));
    trace_done(&trace);
    CU_ASSERT(!read_text(TRACE_COMMON, "a - - [30/Okt/2000:20:55:36 +0000] \"GET / H\" 200 5\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(report.shown[0].why, "not a date"));
    trace_done(&trace);
    /* An hour back is no disorder. */
    CU_ASSERT(!read_text(TRACE_COMMON, "a - - [01/Jan/2000:20:55:36 +0000] \"GET / H\" 200 5\n"
                                       "a - - [01/Jan/2000:19:55:36 +0000] \"GET / H\" 200 5\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(report.shown[0].why, " before that of an earlier line"));
    trace_done(&trace);
}

static void haproxy(void)
{
    CU_ASSERT_FATAL(read_text(
        TRACE_HAPROXY,
        "Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] "
        "http-in "
        "static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} \"GET /index.html "
        "HTTP/1.1\"\n"
        "haproxy[14389]: 2001:db8::5:443 [06/Feb/2009:12:14:15.001] http-in static/srv1 0/0/0/1/1 "
        "200 "
        "9 - - ---- 1/1/1/1/0 0/0 \"GET /x?y HTTP/1.1\"\n"));
    check_row(0, MS(655), "10.0.1.2", "/index.html");
    check_row(1, MS(1001), "2001:db8::5", "/x");
    trace_done(&trace);
    CU_ASSERT(!read_text(TRACE_HAPROXY, "haproxy[1]: 10.0.1.2:33317 connected\n"));
    trace_done(&trace);
}

static void json(void)
{
    CU_ASSERT_FATAL(
        read_text(TRACE_JSON,
                  "{\"time_iso8601\":\"2024-02-29T23:59:59+01:00\", \"remote_addr\": \"10.0.0.1\", "
                  "\"request\": "
                  "\"GET /a\\u003fq HTTP/2.0\", \"list\": [1, {\"uri\": \"]\"}], \"status\": 200}\n"
                  "{\"ts\": 1709247600.25, \"request\": {\"remote_ip\": \"10.0.0.2\", \"uri\": "
                  "\"/report?x\", "
                  "\"headers\": {\"A\": [\"b\"]}}, \"work_ms\": 2.5, \"key\": \"k\"}\n"
                  "{\"time_local\": \"01/Mar/2024:00:00:01 +0100\", \"path\": \"/\\/z\", "
                  "\"class\": \"page\"}\n"));
    check_row(0, 0, "10.0.0.1", "/a");
    check_row(1, MS(1250), "10.0.0.2", "/report");
    check_row(2, MS(2000), NULL, "//z");
    CU_ASSERT(trace.work[1] == 2500000 && trace.work[0] == TRACE_NO_WORK);
    trace_done(&trace);
    static const char *const wrong[] = {
        "",           "[]",          "{\"t_s\": 1",    "{\"t_s\": 1}}", "{\"t_s\": x}",
        "{\"a\": 1}", "{\"t_s\": }", "{\"t_s\": 1, }", "{\"t_s\": \"1}"};
    for (size_t i = 1; i < sizeof wrong / sizeof wrong[0]; i++) {
        CU_ASSERT(!read_text(TRACE_JSON, wrong[i]));
        CU_ASSERT_EQUAL(report.broken, 1);
        trace_done(&trace);
    }
}

static const struct check_test tests[] = {
    {"tables", tables},
    {"tables: wrong ones", wrong_tables},
    {"tables: broken lines", few_broken_lines_are_left_out},
    {"tables: monsters", monsters},
    {"logs: common, combined", common_and_combined},
    {"logs: HAProxy", haproxy},
    {"logs: JSON", json},
};

CHECK_MAIN("traces")
