/*
 * The contract, held to every registered algorithm without being told which there are: texts,
 * parameters, names, and thousands of random steps on random pools. The claims have a program of
 * their own, test_contract_claims; memory and independence too, test_contract_state.
 *
 * Seeds are fixed, so that nothing here is left to chance. What judges is judged itself: copies of
 * real algorithms that claim what they do not keep must be found out.
 */
#include "algorithms/registry.h"

#include <ctype.h>
#include <math.h>

#include "tests/check.h"
#include "tests/unit/script.h"

#define POOLS 60
#define STEPS 400

static bool dashed(const char *name)
{
    if (name == NULL || !islower((unsigned char)name[0]))
        return false;
    for (const char *c = name; *c != '\0'; c++)
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) &&
            (*c != '-' || c[1] == '-' || c[1] == '\0'))
            return false;
    return true;
}

static bool sentence(const char *text)
{
    return text != NULL && text[0] != '\0' && strpbrk(text, "\n\t\r") == NULL;
}

static void texts_are_there(void)
{
    CU_ASSERT_FATAL(lb_registry_count() > 0);
    for (uint32_t i = 0; i < lb_registry_count(); i++) {
        const struct lb_algorithm *a = lb_registry_at(i);
        CU_ASSERT(a->abi == LB_ABI);
        CU_ASSERT(dashed(a->name));
        CU_ASSERT(sentence(a->title) && sentence(a->summary) && sentence(a->reference));
        CU_ASSERT(sentence(a->changes));
        CU_ASSERT(a->summary[strlen(a->summary) - 1] == '.');
        CU_ASSERT(strlen(a->summary) <= 90);
        CU_ASSERT(a->cost != NULL && strncmp(a->cost, "O(", 2) == 0);
        CU_ASSERT((a->needs & ~127U) == 0 && (a->claims & ~15U) == 0);
        CU_ASSERT(a->create != NULL && a->destroy != NULL && a->pick != NULL);
        CU_ASSERT(a->describe != NULL);
        CU_ASSERT((a->needs & LB_NEED_PROBE) == 0 ||
                  (a->probe_targets != NULL && a->on_probe != NULL));
        CU_ASSERT((a->probe_targets == NULL) == ((a->needs & LB_NEED_PROBE) == 0));
        CU_ASSERT((a->needs & LB_NEED_LATENCY) == 0 || a->on_attempt_finish != NULL);
        CU_ASSERT((a->needs & LB_NEED_LOAD) == 0 || a->on_attempt_finish != NULL ||
                  a->on_load != NULL);
    }
}

static void names_are_unique(void)
{
    const char *alias, *name, *other;
    for (uint32_t i = 0; i < lb_registry_count(); i++)
        CU_ASSERT(lb_registry_find(lb_registry_at(i)->name) == lb_registry_at(i));
    for (uint32_t i = 0; lb_registry_alias(i, &alias, &name); i++) {
        CU_ASSERT(dashed(alias));
        CU_ASSERT(lb_registry_find(alias) != NULL);
        CU_ASSERT(lb_registry_find(alias) == lb_registry_find(name));
        for (uint32_t k = 0; k < lb_registry_count(); k++)
            CU_ASSERT(strcmp(alias, lb_registry_at(k)->name) != 0);
        for (uint32_t k = 0; k < i; k++) {
            CU_ASSERT(lb_registry_alias(k, &other, &name));
            CU_ASSERT(strcmp(alias, other) != 0);
        }
    }
    CU_ASSERT(lb_registry_find("ip-hash") == lb_registry_find("source-hash"));
    CU_ASSERT(lb_registry_find("") == NULL && lb_registry_find("round") == NULL);
}

static void parameters_are_in_range(void)
{
    for (uint32_t i = 0; i < lb_registry_count(); i++) {
        const struct lb_algorithm *a = lb_registry_at(i);
        CU_ASSERT(lb_param_count(a) <= BOOKS_PARAMS);
        CU_ASSERT(lb_param_find(a, "no-such-parameter") == -1);
        for (uint32_t k = 0; k < lb_param_count(a); k++) {
            const struct lb_param *p = &a->params[k];
            CU_ASSERT(dashed(p->name) && sentence(p->help) && p->unit != NULL);
            CU_ASSERT(lb_param_find(a, p->name) == (int)k);
            CU_ASSERT(isfinite(p->min) && isfinite(p->max));
            CU_ASSERT(p->min <= p->value && p->value <= p->max);
            if (strcmp(p->unit, "bool") == 0)
                CU_ASSERT(p->min == 0 && p->max == 1);
            int words = 0;
            while (p->choices != NULL && p->choices[words] != NULL)
                CU_ASSERT(dashed(p->choices[words++]));
            if (p->choices != NULL)
                CU_ASSERT(p->min == 0 && p->max == words - 1);
        }
    }
}

/* Told by describe: every line has a name, a row that exists or -1, and a number. */
static void judge_description(void *to, int32_t backend, const char *name, double value)
{
    struct script *script = to;
    if (name == NULL || name[0] == '\0' || !isfinite(value))
        script_blame(script, "describes without a name or a number");
    if (backend < -1 || backend >= (int32_t)script->books.pool.count)
        script_blame(script, "describes a backend that does not exist");
    else if (backend >= 0 && (script->books.row[backend].flags & LB_PRESENT) == 0)
        script_blame(script, "describes a backend that is not there");
}

/* Random pools, random steps. False, with the reason on stdout, at the first rule broken. */
static bool keeps_the_contract(const struct lb_algorithm *a, bool loud)
{
    static struct script script;
    unsigned picked = 0, nobody = 0, all_full = 0;
    for (uint32_t pool = 0; pool < POOLS; pool++) {
        if (!script_open(&script, a, 1 + pool * 39 / (POOLS - 1), pool + 1))
            return false;
        for (uint32_t step = 0; step < STEPS && script.wrong[0] == '\0'; step++) {
            script_step(&script);
            if (step % 16 == 0)
                a->describe(script.books.state, judge_description, &script);
        }
        script_close(&script);
        if (script.wrong[0] != '\0') {
            if (loud)
                printf("\npool %u: %s", pool, script.wrong);
            return false;
        }
        picked += script.picked;
        nobody += script.nobody;
        all_full += script.all_full;
    }
    /* the script must have been everywhere: most requests served, some with nobody, some full */
    CU_ASSERT(!loud || (picked > 5000 && nobody > 300 && all_full > 50));
    return true;
}

static void random_steps(void)
{
    for (uint32_t i = 0; i < lb_registry_count(); i++)
        CU_ASSERT(keeps_the_contract(lb_registry_at(i), true));
}

static int32_t pick_first(void *state, const struct lb_request *request, lb_time now)
{
    (void)state, (void)request, (void)now;
    return 0;
}

static int32_t pick_wait(void *state, const struct lb_request *request, lb_time now)
{
    (void)state, (void)request, (void)now;
    return LB_WAIT;
}

static int32_t pick_none(void *state, const struct lb_request *request, lb_time now)
{
    (void)state, (void)request, (void)now;
    return LB_NONE;
}

static int32_t pick_beyond(void *state, const struct lb_request *request, lb_time now)
{
    (void)state, (void)request, (void)now;
    return BOOKS_ROWS;
}

static void impostors_are_found_out(void)
{
    const struct lb_algorithm *plain = lb_registry_find("round-robin");
    int32_t (*const picks[])(void *, const struct lb_request *, lb_time) = {pick_first, pick_wait,
                                                                            pick_none, pick_beyond};
    for (size_t i = 0; i < sizeof picks / sizeof picks[0]; i++) {
        struct lb_algorithm impostor = *plain;
        impostor.pick = picks[i];
        CU_ASSERT(!keeps_the_contract(&impostor, false));
    }
    /* nginx declines peers with failures, which is why it does not claim ALWAYS */
    struct lb_algorithm nginx = *lb_registry_find("nginx-round-robin");
    nginx.claims |= LB_CLAIM_ALWAYS;
    CU_ASSERT(!keeps_the_contract(&nginx, false));
    /* shares that are not laid out anew after a change */
    struct lb_algorithm deaf = *lb_registry_find("random");
    deaf.on_pool_change = NULL;
    CU_ASSERT(!keeps_the_contract(&deaf, false));
}

/* A product that hashes and does not claim ALWAYS may leave a key with nobody; and the slots that
 * Caddy's random_choose draws for stay empty now and then while some upstream is out. */
static bool may_decline(const struct lb_algorithm *a)
{
    return (a->claims & LB_CLAIM_ALWAYS) == 0 &&
           ((a->needs & LB_NEED_KEY) != 0 || strcmp(a->name, "caddy-random-choose") == 0);
}

/* Serves one request: is it the row, or somebody for row = ANYBODY, or nobody where that is allowed? */
#define ANYBODY INT32_MAX
static bool served_by(struct books *books, const struct lb_request *request, int32_t row)
{
    int32_t served = books_serve(books, request);
    return (row == ANYBODY ? served >= 0 : served == row) ||
           (served == LB_NONE && may_decline(books->algorithm));
}

/* With everything idle and untried, somebody usable is picked by every algorithm, whatever it
 * claims: one backend, one left of many, none, and nothing for weight 0. */
static void idle_pools(void)
{
    static struct books books;
    struct lb_request request = {
        .source = {.family = 4, .bytes = {10, 1, 2, 3}}, .key = "k", .key_size = 1, .size = 1};
    for (uint32_t i = 0; i < lb_registry_count(); i++) {
        for (uint32_t rows = 1; rows <= 5; rows++) {
            books_init(&books, rows);
            CU_ASSERT_FATAL(books_open(&books, lb_registry_at(i), rows, false));
            for (int n = 0; n < 20; n++)
                CU_ASSERT(served_by(&books, &request, ANYBODY));
            for (uint32_t row = 1; row < rows; row++) {
                books.row[row].flags = LB_PRESENT;
                books_changed_row(&books, row);
            }
            for (int n = 0; n < 20; n++)
                CU_ASSERT(served_by(&books, &request, 0));
            books.row[0].weight = 0;
            books_changed_row(&books, 0);
            CU_ASSERT(books_serve(&books, &request) == LB_NONE);
            books.row[0] = books.row[1];
            books.row[0].flags = 0;
            books_changed_row(&books, 0);
            CU_ASSERT(books_serve(&books, &request) == LB_NONE);
            books_close(&books);
        }
    }
}

/* A newcomer is picked once nobody else is left, and a leaver never again. */
static void join_and_leave(void)
{
    static struct books books;
    struct lb_request request = {.source = {.family = 4, .bytes = {10, 9, 8, 7}}, .size = 1};
    for (uint32_t i = 0; i < lb_registry_count(); i++) {
        books_init(&books, 3);
        books.row[3].weight = 7;
        CU_ASSERT_FATAL(books_open(&books, lb_registry_at(i), 3, false));
        for (int n = 0; n < 10; n++)
            CU_ASSERT(books_serve(&books, &request) < 3);
        books.pool.count = 4;
        books.row[3].flags = LB_PRESENT | LB_USABLE;
        books_changed_row(&books, 3);
        for (uint32_t row = 0; row < 3; row++) {
            int32_t served = books_serve(&books, &request);
            CU_ASSERT(served >= (int32_t)row ||
                      (served == LB_NONE && may_decline(books.algorithm)));
            books.row[row].flags = 0;
            books_changed_row(&books, row);
        }
        for (int n = 0; n < 20; n++)
            CU_ASSERT(served_by(&books, &request, 3));
        books.row[3].flags = 0;
        books_changed_row(&books, 3);
        CU_ASSERT(books_serve(&books, &request) == LB_NONE);
        books.row[1].flags = LB_PRESENT | LB_USABLE; /* another backend in a row that was left */
        books.row[1].id = 9;
        books_changed_row(&books, 1);
        CU_ASSERT(served_by(&books, &request, 1));
        books_close(&books);
    }
}

/* A pool that starts empty, and one in which everything is down from the start. */
static void starts_with_nobody(void)
{
    static struct books books;
    struct lb_request request = {.source = {.family = 6, .bytes = {0xfd}}, .size = 1};
    for (uint32_t i = 0; i < lb_registry_count(); i++)
        for (uint32_t rows = 0; rows <= 2; rows++) {
            books_init(&books, rows);
            for (uint32_t row = 0; row < rows; row++)
                books.row[row].flags = LB_PRESENT;
            CU_ASSERT_FATAL(books_open(&books, lb_registry_at(i), 1, false));
            CU_ASSERT(books_serve(&books, &request) == LB_NONE);
            books.pool.count = rows + 1;
            books.row[rows].flags = LB_PRESENT | LB_USABLE;
            books_changed_row(&books, rows);
            CU_ASSERT(served_by(&books, &request, (int32_t)rows));
            books_close(&books);
        }
}

static const struct check_test tests[] = {
    {"texts are there", texts_are_there},
    {"names are unique", names_are_unique},
    {"parameters are in range", parameters_are_in_range},
    {"random steps", random_steps},
    {"impostors are found out", impostors_are_found_out},
    {"idle pools", idle_pools},
    {"join and leave", join_and_leave},
    {"starts with nobody", starts_with_nobody},
};

CHECK_MAIN("contract")
