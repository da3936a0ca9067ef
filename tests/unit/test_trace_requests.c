/*
 * Requests of a trace: when they come, who asks, what changes of the rate do; and what is said of files
 * that are wrong. The files are made here, in a folder of their own.
 *
 * Statistical tests fail once in 10^5 at most; seeds are fixed.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "sim/run/private.h"
#include "tests/check.h"
#include "tests/unit/chi_square.h"
#include "tests/unit/scenes.h"

#define MS(n) ((lb_time)(n)*SCENE_MS)

static struct scene scene;
static char folder[] = "/tmp/lbsim-trace-XXXXXX", file[64];

static void write_file(const char *text, bool gzip)
{
    FILE *out = fopen(file, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    if (!gzip)
        CU_ASSERT(fputs(text, out) >= 0);
    CU_ASSERT_EQUAL(fclose(out), 0);
    if (!gzip)
        return;
    gzFile packed = gzopen(file, "wb");
    CU_ASSERT(gzputs(packed, text) > 0);
    CU_ASSERT_EQUAL(gzclose(packed), Z_OK);
}

static void open_trace(const char *arguments, const char *client, const char *rest)
{
    scene_open(&scene,
               "clients:\n  - name: c\n    arrivals: 'trace(file=\"%s\"%s)'\n%s"
               "    requests:\n      - {name: page, share: 70%%, work: constant(1ms)}\n"
               "      - {name: report, share: 30%%, work: constant(2ms)}\n"
               "balancer: {algorithm: round-robin}\nbackends: [{name: a, slots: 100}]\n%s",
               file, arguments, client, rest);
}

static const char three[] = "t_ms,work_ms,class,client_ip\n100,5,page,10.0.0.1\n"
                            "250,7,report,10.0.0.2\n400,,report,10.0.0.1\n";

/* Requests that had arrived by each of these instants. */
static void check_arrived(const lb_time *at, const uint64_t *arrived, int n)
{
    for (int i = 0; i < n; i++) {
        run_until(scene.run, at[i] - 1);
        SCENE_EQUAL(scene.run->world.ledger.arrived, arrived[i]);
        run_until(scene.run, at[i]);
        SCENE_EQUAL(scene.run->world.ledger.arrived, arrived[i] + 1);
    }
}

static void as_recorded(void)
{
    static const lb_time at[] = {MS(100), MS(250), MS(400)}, half[] = {MS(50), MS(125), MS(200)};
    static const lb_time again[] = {MS(100), MS(250), MS(400), MS(650), MS(800), MS(950)};
    static const lb_time twice[] = {MS(100), MS(175), MS(250), MS(325), MS(400), MS(475)};
    static const uint64_t n[] = {0, 1, 2, 3, 4, 5};
    for (int packed = 0; packed < 2; packed++) {
        write_file(three, packed);
        open_trace("", "", "run: {duration: 1s}\n");
        check_arrived(at, n, 3);
        scene_end(&scene);
        SCENE_EQUAL(scene.s->classes[0].counts.arrived, 1);
        SCENE_EQUAL(scene.s->classes[1].counts.arrived, 2);
        SCENE_TIMES(&scene.s->latency, 3, MS(5 + 7 + 2), MS(2), MS(7));
        CU_ASSERT(scene.scenario->run.transient);
        CHECK_CLOSE(scene.scenario->clients[0].rate, 3 / 0.55, 1e-12);
        scene_close(&scene);
    }
    open_trace(", warp=200%", "", "run: {duration: 1s}\n");
    check_arrived(half, n, 3);
    scene_close(&scene);
    open_trace(", repeat=yes", "", "run: {duration: 1s}\n");
    check_arrived(again, n, 6);
    scene_close(&scene);
    open_trace(", rate=200%", "", "run: {duration: 1s}\n");
    check_arrived(twice, n, 6);
    scene_close(&scene);
    /* Twice as many from 300 ms on; nobody from 420 ms. */
    open_trace("", "",
               "timeline: [{at: 300ms, rate: c, to: 200%}, {at: 420ms, rate: c, to: 0}]\n"
               "run: {duration: 1s}\n");
    check_arrived(at, n, 3);
    scene_end(&scene);
    SCENE_EQUAL(scene.s->counts.arrived, 3);
    scene_close(&scene);
}

/* Half of the rows, each with the same chance; loads count the work that is written. */
static void scaled(void)
{
    struct text text;
    text_init(&text);
    text_addf(&text, "t_ms,work_ms\n");
    for (int i = 0; i < 4000; i++)
        text_addf(&text, "%d,10\n", i * 5);
    write_file(text.data, false);
    text_done(&text);
    open_trace(", rate=50%", "", "run: {duration: 20s}\n");
    scene_end(&scene);
    CU_ASSERT(fabs((double)scene.s->counts.arrived - 2000) < 4.5 * sqrt(1000));
    scene_close(&scene);
    open_trace(", rate=125%", "",
               "timeline: [{at: 10s, rate: c, to: 50%}]\nrun: {duration: 20s}\n");
    scene_end(&scene); /* 2,000 x 1.25, then 2,000 x 0.625 */
    CU_ASSERT(fabs((double)scene.s->counts.arrived - 3750) <
              4.5 * sqrt(2000 * (0.25 * 0.75 + 0.625 * 0.375)));
    scene_close(&scene);
    open_trace(", load=1%", "", "run: {duration: 20s}\n"); /* 100 slots: 100/s of 10 ms */
    CHECK_CLOSE(scene.scenario->clients[0].rate, 100, 1e-12);
    scene_close(&scene);
}

/* 400, none and 800 a minute, in 200 runs: as many, and anywhere in their minutes. */
static void counts_are_spread(void)
{
    enum { BINS = 12 }; /* of 10 s, in the two minutes */
    uint32_t count[BINS] = {0};
    double chance[BINS];
    for (int i = 0; i < BINS; i++)
        chance[i] = (i < 6 ? 400.0 : 800.0) / 7200;
    write_file("t_min\tcount\n0\t400\n1\t0\n2\t800\n", false);
    open_trace("", "", "run: {duration: 4min}\n");
    for (uint32_t replication = 0; replication < 50; replication++) {
        scene_again(&scene, replication);
        uint64_t before = 0;
        for (int i = 0; i < 24; i++) {
            run_until(scene.run, (i + 1) * 10 * SCENE_S);
            uint64_t now = scene.run->world.ledger.arrived;
            if (i < 6 || (i >= 12 && i < 18))
                count[i < 6 ? i : i - 6] += (uint32_t)(now - before);
            else
                SCENE_EQUAL(now, before);
            before = now;
        }
        SCENE_EQUAL(before, 1200);
    }
    CU_ASSERT(chi_square_fits(count, chance, BINS));
    scene_close(&scene);
}

/* Who asks is who asked; names and rows without one have addresses all the same. */
static void clients_of_a_trace(void)
{
    write_file("t_ms,client_ip,path,key\n0,10.1.2.3,/a,k\n1,fe80::1,,\n2,web.example,/b,\n3,,,\n"
               "4,10.1.2.3,/c,\n",
               false);
    open_trace("", "", "run: {duration: 1s}\n");
    struct lb_address a[5];
    uint32_t client[5];
    for (uint32_t row = 0; row < 5; row++) {
        struct request r = {.client = row};
        memset(&a[row], 0, sizeof a[row]);
        address_of(&scene.run->world, &r, &a[row], &client[row]);
    }
    static const uint8_t v4[4] = {10, 1, 2, 3};
    CU_ASSERT(a[0].family == 4 && memcmp(a[0].bytes, v4, 4) == 0);
    CU_ASSERT(a[1].family == 6 && a[1].bytes[0] == 0xfe && a[1].bytes[15] == 1);
    CU_ASSERT(a[2].family == 4 && a[3].family == 4 && memcmp(a[2].bytes, a[3].bytes, 4) != 0);
    CU_ASSERT(client[0] == client[4] && client[0] != client[1] && client[3] != client[2]);
    CU_ASSERT_EQUAL(memcmp(&a[0], &a[4], sizeof a[0]), 0);
    struct request first = {.client = 0}, second = {.client = 1};
    CU_ASSERT_STRING_EQUAL(path_of(&scene.run->world, &first), "/a");
    CU_ASSERT_STRING_EQUAL(key_of(&scene.run->world, &first), "k");
    CU_ASSERT_PTR_NULL(path_of(&scene.run->world, &second));
    CU_ASSERT_PTR_NULL(key_of(&scene.run->world, &second));
    scene_close(&scene);
    write_file("t_ms\n0\n1\n2\n", false);
    open_trace("", "    population: {clients: 20, nat: 50%, popularity: zipf(s=1)}\n",
               "run: {duration: 1s}\n");
    for (uint32_t row = 0; row < 3; row++) {
        struct request r = {.client = row};
        CU_ASSERT(client_of(&scene.run->world, &r) < 20);
    }
    scene_close(&scene);
}

/* --- what is said ------------------------------------------------------------------------------- */

static char *load(const char *arguments, const char *client, bool *fine)
{
    struct text text, messages;
    int status;
    text_init(&text);
    text_init(&messages);
    text_addf(&text,
              "lbsim: 1\nname: t\nclients:\n  - name: c\n    arrivals: 'trace(%s)'\n%s"
              "    requests: [{name: page, work: constant(1ms)}]\nbalancer: {algorithm: random}\n"
              "backends: [{name: a}]\nrun: {duration: 1s}\nvariants: {other: {}}\n",
              arguments, client);
    char path[80];
    (void)snprintf(path, sizeof path, "%s/s.yaml", folder);
    struct scenario_request request = {.path = path, .text = text.data, .text_size = text.size};
    struct scenario *s = scenario_load(&request, &messages, &status);
    *fine = s != NULL;
    scenario_destroy(s);
    text_done(&text);
    return messages.data != NULL ? messages.data : text_copy("");
}

static void check_said(const char *arguments, const char *client, bool fine, const char *words)
{
    bool loaded;
    char *messages = load(arguments, client, &loaded);
    bool said = strstr(messages, words) != NULL && strchr(messages, '\033') == NULL;
    if (loaded != fine || !said)
        printf("\n%s: %d, '%s' is not said:\n%s", arguments, loaded, words, messages);
    CU_ASSERT(loaded == fine && said);
    free(messages);
}

static void messages(void)
{
    struct text text;
    text_init(&text);
    text_addf(&text, "t_ms\n");
    for (int i = 0; i < 200; i++)
        text_addf(&text, "%d\n", i == 150 ? 3 : i);
    write_file(text.data, false);
    text_done(&text);
    check_said("file=t.csv", "", true,
               "t.csv:152: warning: broken line: its time is 146 ms before");
    check_said("file=t.csv", "", true,
               "t.csv:152: note: 1 of 200 lines are broken, and left out\n");
    check_said("file=t.csv", "", true, "the trace ends at 200 ms: nobody of 'c' comes after it");
    check_said("file=none.csv", "", false, "cannot open");
    check_said("file=.", "", false, "'.' is not");
    check_said("file=\"/dev/zero\"", "", false, "it is a device");
    check_said("format=common", "", false, "trace needs file");
    check_said("file=t.csv, format=apache", "", false, "table, combined, common, json or haproxy");
    check_said("file=t.csv, format=common", "", false, "201 of 201 lines are broken");
    check_said("file=t.csv, warp=0%", "", false, "warp of trace must be");
    check_said("file=t.csv, rate=0%", "", false, "rate of trace must be above 0%");
    check_said("file=t.csv, rate=100%, load=5%", "", false, "rate or load, not both");
    check_said("file=t.csv", "    sessions: {requests: 2, think: constant(1s)}\n", false,
               "requests, not sessions");
    write_file("t_us,client_ip\n1,10.0.0.1\n", false);
    check_said("file=t.csv", "    population: {clients: 5}\n", false, "tells its clients");
    write_file("t_ns\n0\n0\n0\n", false);
    check_said("file=t.csv", "", false, "arrivals a second, more than 1e9");
    write_file("t_us\n\033[2Jx\n", false);
    check_said("file=t.csv", "", false, "     2 | ?[2Jx");
}

/* The scenario is known by what the file says, too. */
static void the_hash_is_of_the_file(void)
{
    uint64_t hash[3];
    for (int i = 0; i < 3; i++) {
        write_file(i == 1 ? "t_us\n1\n2\n" : "t_us\n1\n3\n", i == 2);
        open_trace("", "", "run: {duration: 1s}\n");
        hash[i] = scene.scenario->hash;
        scene_close(&scene);
    }
    CU_ASSERT(hash[0] != hash[1] && hash[0] == hash[2]); /* packed or not */
}

static void sweep(void)
{
    CU_ASSERT_EQUAL(unlink(file), 0);
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

static void prepare(void)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    (void)snprintf(file, sizeof file, "%s/t.csv", folder);
}

static const struct check_test tests[] = {
    {"a folder", prepare},
    {"requests: as recorded", as_recorded},
    {"requests: rate and load", scaled},
    {"requests: counts", counts_are_spread},
    {"requests: clients", clients_of_a_trace},
    {"messages", messages},
    {"hash", the_hash_is_of_the_file},
    {"no folder", sweep},
};

CHECK_MAIN("traces: requests")
