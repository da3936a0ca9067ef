/*
 * Who the clients are: Zipf's law, shares of shared addresses, who refuses cookies; and what a request
 * carries: paths, headers, priorities, sizes.
 *
 * Chi-square tests call an honest source false once in 10^6; shares are held to 4.5 standard deviations
 * (once in 10^5). Seeds are fixed.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/model/crowd.h"
#include "sim/run/private.h"
#include "tests/check.h"
#include "tests/unit/chi_square.h"
#include "tests/unit/scenes.h"

static struct scene scene;

static void open_population(const char *population)
{
    scene_open(&scene,
               "clients:\n  - name: c\n    arrivals: uniform(rate=100/s)\n    population: %s\n"
               "    requests: [{name: r, work: constant(1ms)}]\n"
               "balancer: {algorithm: random}\nbackends: [{name: a}]\nrun: {duration: 1s}\n",
               population);
}

static struct lb_random random_of(uint64_t seed)
{
    struct lb_random random;
    lb_random_seed(&random, seed);
    return random;
}

/* --- popularity --------------------------------------------------------------------------------- */

#define DRAWS 200000U
#define HEAD  40U

static void check_zipf(uint32_t n, double s)
{
    uint32_t count[HEAD + 1] = {0}, classes = n < HEAD ? n : HEAD;
    double chance[HEAD + 1] = {0}, sum = 0, head = 0;
    struct lb_random random = random_of(n + (uint64_t)(1000 * s));
    struct zipf z;
    for (uint32_t k = n; k >= 1; k--)
        sum += pow(k, -s);
    for (uint32_t k = 1; k <= classes; k++)
        head += chance[k - 1] = pow(k, -s) / sum;
    chance[HEAD] = n > HEAD ? 1 - head : 0;
    zipf_init(&z, n, s);
    for (uint32_t i = 0; i < DRAWS; i++) {
        uint32_t k = zipf_draw(&z, &random);
        CU_ASSERT_FATAL(k >= 1 && k <= n);
        count[k <= HEAD ? k - 1 : HEAD]++;
    }
    bool fits = chi_square_fits(count, chance, HEAD + 1);
    if (!fits)
        printf("\nzipf of %u with s = %g\n", n, s);
    CU_ASSERT(fits);
}

static void popularity_is_zipf(void)
{
    static const double s[] = {0.2, 0.9, 1.0, 1.000001, 1.5, 3.0};
    for (size_t i = 0; i < sizeof s / sizeof s[0]; i++) {
        check_zipf(1, s[i]);
        check_zipf(2, s[i]);
        check_zipf(30, s[i]);
        check_zipf(100000, s[i]);
    }
    check_zipf(16777216, 0.9);
    check_zipf(5, 10);
}

/* The client numbers of a population are ranks: client 0 is the most popular. */
static void clients_are_ranks(void)
{
    open_population("{clients: 1000, popularity: zipf(s=1)}");
    struct lb_random random = random_of(5);
    struct crowd *crowd = crowd_create(&scene.scenario->clients[0]);
    double sum = 0, first = 0;
    for (int k = 1; k <= 1000; k++)
        sum += 1.0 / k;
    for (uint32_t i = 0; i < DRAWS; i++)
        first += crowd_draw(crowd, &random) == 0;
    CU_ASSERT(fabs(first / DRAWS - 1 / sum) < 4.5 * sqrt(1 / sum / DRAWS));
    free(crowd);
    scene_close(&scene);
}

/* --- addresses ---------------------------------------------------------------------------------- */

static struct lb_address address(uint32_t number)
{
    struct request r = {.client = number};
    struct lb_address a;
    uint32_t client;
    memset(&a, 0, sizeof a);
    address_of(&scene.run->world, &r, &a, &client);
    return a;
}

static bool same_place(struct lb_address a, struct lb_address b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

/* Three shared addresses and those of their own, whatever the popularity. */
static void shared_addresses(void)
{
    static const char *const populations[] = {"{clients: 2000, nat: [30%, 10%]}",
                                              "{clients: 2000, nat: [30%, 10%], popularity: "
                                              "zipf(s=1.2)}"};
    static const double share[] = {0.6, 0.3, 0.1};
    for (int i = 0; i < 2; i++) {
        open_population(populations[i]);
        struct lb_random random = random_of(9);
        const struct crowd *crowd = scene.run->world.sources[0].crowd;
        uint32_t count[3] = {0};
        struct lb_address big = address(1999), small = address(1399);
        for (uint32_t k = 0; k < 600; k++)
            CU_ASSERT(same_place(address(1400 + k), big));
        for (uint32_t k = 0; k < 200; k++)
            CU_ASSERT(same_place(address(1200 + k), small));
        CU_ASSERT(!same_place(big, small) && address(1400).port != address(1401).port);
        for (uint32_t n = 0; n < DRAWS; n++) {
            uint32_t client = crowd_draw(crowd, &random);
            CU_ASSERT_FATAL(client < 2000);
            count[client >= 1400 ? 1 : client >= 1200 ? 2 : 0]++;
        }
        CU_ASSERT(chi_square_fits(count, share, 3));
        scene_close(&scene);
    }
}

/* Clients that come once: each is behind the address with that chance, and always or never. */
static void shared_addresses_of_strangers(void)
{
    open_population("{nat: 25%}");
    uint32_t shared = 0, k = 0;
    while (!same_place(address(k), address(k + 1))) /* two alike: the shared one */
        k++;
    struct lb_address place = address(k);
    for (k = 0; k < 20000; k++) {
        CU_ASSERT(same_place(address(k), address(k)));
        shared += same_place(address(k), place);
    }
    CU_ASSERT(fabs(shared / 20000.0 - 0.25) < 4.5 * sqrt(0.25 * 0.75 / 20000));
    scene_close(&scene);
    open_population("{nat: 100%}");
    for (k = 0; k < 100; k++)
        CU_ASSERT(same_place(address(k), address(0)));
    scene_close(&scene);
}

static void cookies_are_refused(void)
{
    open_population("{no_cookies: 10%}");
    uint32_t refused = 0;
    for (uint32_t k = 0; k < 20000; k++) {
        struct request r = {.client = k};
        bool no = client_refuses_cookies(&scene.run->world, &r);
        CU_ASSERT_EQUAL(no, client_refuses_cookies(&scene.run->world, &r));
        refused += no;
    }
    CU_ASSERT(fabs(refused / 20000.0 - 0.1) < 4.5 * sqrt(0.09 / 20000));
    scene_close(&scene);
    open_population("{no_cookies: 0}");
    for (uint32_t k = 0; k < 100; k++) {
        struct request r = {.client = k};
        CU_ASSERT(!client_refuses_cookies(&scene.run->world, &r));
    }
    scene_close(&scene);
}

/* --- what a request carries --------------------------------------------------------------------- */

static struct {
    double in, out;
    uint64_t count, most;
} heard;

static void *listen(const struct lb_setup *setup, struct lb_error *error)
{
    (void)setup, (void)error;
    memset(&heard, 0, sizeof heard);
    return &heard;
}

static void stop_listening(void *state)
{
    (void)state;
}

static int32_t first(void *state, const struct lb_request *request, lb_time now)
{
    (void)state, (void)request, (void)now;
    return 0;
}

static void hear(void *state, int32_t backend, const struct lb_outcome *outcome, lb_time now)
{
    (void)state, (void)backend, (void)now;
    heard.count++;
    heard.in += (double)outcome->bytes_out; /* from the client in, to the backend out */
    heard.out += (double)outcome->bytes_in;
    heard.most = outcome->bytes_out > heard.most ? outcome->bytes_out : heard.most;
}

static void sizes_reach_the_algorithm(void)
{
    static const struct lb_algorithm listener = {.abi = LB_ABI,
                                                 .name = "listener",
                                                 .create = listen,
                                                 .destroy = stop_listening,
                                                 .pick = first,
                                                 .on_attempt_finish = hear};
    static const char *const sizes[] = {
        "", ", bytes_in: 100, bytes_out: 2KiB",
        ", bytes_in: \"uniform(min=0, max=2KiB)\", bytes_out: exponential(mean=10KiB)"};
    static const double in[] = {512, 100, 1024}, out[] = {16384, 2048, 10240};
    for (int i = 0; i < 3; i++) {
        scene_open(&scene,
                   "clients: [{name: c, arrivals: uniform(rate=1000/s), requests: [{name: r, work: "
                   "constant(100us)%s}]}]\nbalancer: {algorithm: random}\nbackends: [{name: a}]\n"
                   "run: {duration: 10s}\n",
                   sizes[i]);
        scene.scenario->balancer.algorithm = &listener;
        scene_again(&scene, 0);
        scene_end(&scene);
        CU_ASSERT_FATAL(heard.count >= 9999);
        double n = (double)heard.count, slack = i < 2 ? 0 : 4.5 / sqrt(n);
        CU_ASSERT(fabs(heard.in / n - in[i]) <= slack * 591.2); /* 2048 / sqrt(12) */
        CU_ASSERT(fabs(heard.out / n - out[i]) <= slack * 10240);
        CU_ASSERT(heard.most <= 2048);
        scene_close(&scene);
    }
}

static void classes_have_paths(void)
{
    scene_open(&scene,
               "clients:\n  - name: c\n    arrivals: uniform(rate=1/s)\n    requests:\n"
               "      - {name: a, share: 50%%, work: constant(1ms), path: /, priority: 3,\n"
               "         headers: {X-Canary: \"yes\", Accept: text/html}}\n"
               "      - {name: b, share: 50%%, work: constant(1ms)}\n"
               "balancer: {algorithm: random}\nbackends: [{name: a}]\nrun: {duration: 1s}\n");
    const struct scenario_class *a = &scene.scenario->clients[0].classes[0], *b = a + 1;
    CU_ASSERT_STRING_EQUAL(a->path, "/");
    CU_ASSERT_EQUAL(a->priority, 3);
    CU_ASSERT_EQUAL_FATAL(a->header_count, 2);
    CU_ASSERT_STRING_EQUAL(a->headers[0].name, "X-Canary");
    CU_ASSERT_STRING_EQUAL(a->headers[0].value, "yes");
    CU_ASSERT_STRING_EQUAL(a->headers[1].value, "text/html");
    CU_ASSERT(b->path == NULL && b->header_count == 0 && b->priority == 0);
    scene_close(&scene);
}

static const struct check_test tests[] = {
    {"popularity: Zipf", popularity_is_zipf},
    {"popularity: clients", clients_are_ranks},
    {"addresses: shared", shared_addresses},
    {"addresses: strangers", shared_addresses_of_strangers},
    {"cookies", cookies_are_refused},
    {"sizes", sizes_reach_the_algorithm},
    {"paths, headers, priorities", classes_have_paths},
};

CHECK_MAIN("model: crowd")
