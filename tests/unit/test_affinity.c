/*
 * Affinity: cookies found in a line, the name nginx's sticky gives, and tables that forget.
 */
#include <stdio.h>
#include <string.h>

#include "algorithms/random.h"
#include "sim/balancer/affinity.h"
#include "tests/check.h"

#define SECOND INT64_C(1000000000)

static bool finds(const char *line, const char *name, const char *value)
{
    size_t size = 0;
    const char *found = affinity_cookie(line, name, &size);
    if (found == NULL || value == NULL)
        return found == NULL && value == NULL;
    return size == strlen(value) && memcmp(found, value, size) == 0;
}

static void a_cookie_in_a_line(void)
{
    CU_ASSERT(finds("SRV=B", "SRV", "B"));
    CU_ASSERT(finds("a=1; SRV=B; c=3", "SRV", "B"));
    CU_ASSERT(finds("XSRV=A; SRV=", "SRV", ""));
    CU_ASSERT(finds("SRV=A; SRV=B", "SRV", "A"));
    CU_ASSERT(finds("XSRV=A", "SRV", NULL));
    CU_ASSERT(finds("SRVX=A", "SRV", NULL));
    CU_ASSERT(finds("SRV", "SRV", NULL));
    CU_ASSERT(finds("", "SRV", NULL));
    CU_ASSERT(finds(";; ;", "SRV", NULL));
}

/* RFC 1321, section A.5. */
static void the_name_of_a_peer(void)
{
    char text[AFFINITY_MD5_SIZE];
    affinity_md5("", text);
    CU_ASSERT_STRING_EQUAL(text, "d41d8cd98f00b204e9800998ecf8427e");
    affinity_md5("message digest", text);
    CU_ASSERT_STRING_EQUAL(text, "f96b697d7cb7938d525a2f31aaf161d0");
}

static int32_t find(struct affinity_table *t, const char *key, lb_time now)
{
    return affinity_table_find(t, key, strlen(key), now);
}

static bool store(struct affinity_table *t, const char *key, int32_t backend, lb_time now)
{
    return affinity_table_store(t, key, strlen(key), backend, now);
}

static void a_table_remembers_and_overwrites(void)
{
    struct affinity_table t;
    affinity_table_init(&t, 10, LB_NEVER, true);
    CU_ASSERT(find(&t, "a", 0) == -1);
    CU_ASSERT(store(&t, "a", 1, 0) && store(&t, "b", 2, 0));
    CU_ASSERT(find(&t, "a", 0) == 1 && find(&t, "b", 0) == 2 && find(&t, "ab", 0) == -1);
    CU_ASSERT(store(&t, "a", 3, 0) && t.count == 2);
    CU_ASSERT(find(&t, "a", LB_NEVER - 1) == 3);
    affinity_table_done(&t);
}

/* Each use starts the time anew; at its end the entry is gone. */
static void an_unused_entry_expires(void)
{
    struct affinity_table t;
    affinity_table_init(&t, 10, 10 * SECOND, true);
    CU_ASSERT(store(&t, "a", 1, 0) && store(&t, "b", 2, 5 * SECOND));
    CU_ASSERT(find(&t, "a", 9 * SECOND) == 1);
    CU_ASSERT(find(&t, "b", 15 * SECOND) == -1);
    CU_ASSERT(find(&t, "a", 18 * SECOND) == 1);
    CU_ASSERT(find(&t, "a", 28 * SECOND) == -1);
    CU_ASSERT(t.count == 0);
    affinity_table_done(&t);
}

/* Full: what was used longest ago goes, one and one more for each 256 of the size. */
static void a_full_table_drops_the_oldest(void)
{
    struct affinity_table t;
    char key[16];
    affinity_table_init(&t, 3, LB_NEVER, true);
    CU_ASSERT(store(&t, "a", 1, 0) && store(&t, "b", 2, 0) && store(&t, "c", 3, 0));
    CU_ASSERT(find(&t, "a", 0) == 1);
    CU_ASSERT(store(&t, "d", 4, 0) && t.count == 3);
    CU_ASSERT(find(&t, "b", 0) == -1 && find(&t, "a", 0) == 1 && find(&t, "d", 0) == 4);
    affinity_table_reserve(&t); /* c goes though nobody comes; then there is room */
    CU_ASSERT(t.count == 2 && find(&t, "c", 0) == -1);
    affinity_table_reserve(&t);
    CU_ASSERT(t.count == 2 && find(&t, "a", 0) == 1 && find(&t, "d", 0) == 4);
    affinity_table_done(&t);
    affinity_table_init(&t, 1024, LB_NEVER, true);
    for (int i = 0; i < 1025; i++) {
        (void)snprintf(key, sizeof key, "%d", i);
        CU_ASSERT(store(&t, key, i, i));
    }
    CU_ASSERT(t.count == 1020);
    CU_ASSERT(find(&t, "4", 2000) == -1 && find(&t, "5", 2000) == 5);
    affinity_table_done(&t);
}

static void a_full_table_may_refuse(void)
{
    struct affinity_table t;
    affinity_table_init(&t, 1, SECOND, false);
    CU_ASSERT(store(&t, "a", 1, 0));
    CU_ASSERT(!store(&t, "b", 2, 0) && find(&t, "a", 0) == 1);
    CU_ASSERT(store(&t, "b", 2, 2 * SECOND) && find(&t, "b", 2 * SECOND) == 2);
    affinity_table_done(&t);
}

/* Against a plain list, 20,000 operations. */
static void a_table_is_as_a_list(void)
{
    enum { KEYS = 50, SIZE = 20 };
    struct affinity_table t;
    int32_t backend[KEYS];
    lb_time used[KEYS] = {0};
    uint64_t seed = 7, order = 0, at[KEYS] = {0};
    affinity_table_init(&t, SIZE, 300, true);
    for (int i = 0; i < KEYS; i++)
        backend[i] = -1;
    for (lb_time now = 0; now < 20000; now++) {
        uint64_t random = lb_splitmix64(&seed);
        int k = (int)(random % KEYS), count = 0, oldest = -1;
        char key[8];
        (void)snprintf(key, sizeof key, "%d", k);
        for (int i = 0; i < KEYS; i++) {
            if (backend[i] >= 0 && used[i] + 300 <= now)
                backend[i] = -1;
            count += backend[i] >= 0;
            if (backend[i] >= 0 && (oldest < 0 || at[i] < at[oldest]))
                oldest = i;
        }
        if ((random >> 32) % 4 == 0) {
            if (backend[k] < 0 && count == SIZE)
                backend[oldest] = -1;
            backend[k] = (int32_t)(random >> 40 & 7);
            CU_ASSERT_FATAL(store(&t, key, backend[k], now));
        } else {
            CU_ASSERT_FATAL(find(&t, key, now) == backend[k]);
        }
        used[k] = now;
        at[k] = order++;
    }
    affinity_table_done(&t);
}

static const struct check_test tests[] = {
    {"a cookie in a line", a_cookie_in_a_line},
    {"the name of a peer", the_name_of_a_peer},
    {"a table remembers and overwrites", a_table_remembers_and_overwrites},
    {"an unused entry expires", an_unused_entry_expires},
    {"a full table drops the oldest", a_full_table_drops_the_oldest},
    {"a full table may refuse", a_full_table_may_refuse},
    {"a table is as a list", a_table_is_as_a_list},
};

CHECK_MAIN("affinity")
