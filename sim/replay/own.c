/*
 * A balancer named by its algorithm: any name of the registry, with servers and parameters in JSON.
 */
#include <stdlib.h>
#include <string.h>

#include "algorithms/registry.h"
#include "sim/replay/product.h"
#include "sim/replay/words.h"

/* A header that is a list. 1 when it is there, 0 when not, -1 with *error. */
static int read_list(struct setup *s, const char *key, struct words_list *list,
                     struct lb_error *error)
{
    const char *value = recording_value(s->recording, key), *wrong;
    *list = (struct words_list){.count = 0};
    if (value == NULL)
        return 0;
    if (words_list(list, value, SETUP_SERVERS_MAX, &wrong) == 0)
        return 1;
    words_list_done(list);
    return setup_fail(s, key, error, "expected %s, found '%.60s'", wrong, value);
}

/* As many servers as the list is long; the first list decides. */
static int need_servers(struct setup *s, const char *key, uint32_t count, struct lb_error *error)
{
    if (s->server_count != 0 && s->server_count != count)
        return setup_fail(s, key, error, "expected %u entries, one for each server, found %u",
                          (unsigned)s->server_count, (unsigned)count);
    while (s->server_count < count)
        if (setup_add(s, NULL, error) == NULL)
            return -1;
    return 0;
}

int own_read_hosts(struct setup *s, const char *key, struct lb_error *error)
{
    struct words_list list;
    int got = read_list(s, key, &list, error);
    if (got <= 0)
        return got;
    int status = need_servers(s, key, list.count, error);
    for (uint32_t i = 0; i < list.count && status == 0; i++) {
        size_t length = strlen(list.items[i].value);
        char *copy = length > 0 ? setup_keep(s, list.items[i].value) : NULL;
        s->servers[i].address = copy;
        if (copy == NULL)
            status = setup_fail(s, key, error, "expected an address, found nothing");
    }
    words_list_done(&list);
    return status;
}

/* Numbers, one for each server. */
static int read_numbers(struct setup *s, const char *key, double max,
                        void (*take)(struct setup *s, uint32_t server, double value),
                        struct lb_error *error)
{
    struct words_list list;
    double value;
    int got = read_list(s, key, &list, error);
    if (got <= 0)
        return got;
    int status = need_servers(s, key, list.count, error);
    for (uint32_t i = 0; i < list.count && status == 0; i++) {
        if (words_real(list.items[i].value, &value) && value >= 0 && value <= max)
            take(s, i, value);
        else
            status = setup_fail(s, key, error, "expected a number from 0 to %.0f, found '%.60s'",
                                max, list.items[i].value);
    }
    words_list_done(&list);
    return status;
}

static void take_weight(struct setup *s, uint32_t server, double value)
{
    s->servers[server].weight = value > 0 && value < 1 ? 1 : (uint32_t)value;
    s->servers[server].rate = value;
}

static void take_limit(struct setup *s, uint32_t server, double value)
{
    s->servers[server].max_in_flight = (uint32_t)value;
}

static void take_down(struct setup *s, uint32_t server)
{
    s->servers[server].maintenance = true;
}

static void take_backup(struct setup *s, uint32_t server)
{
    s->servers[server].tier = 1;
}

/* Servers by name: ["s2", "s3"]. */
static int read_names(struct setup *s, const char *key,
                      void (*take)(struct setup *s, uint32_t server), struct lb_error *error)
{
    struct words_list list;
    int status = read_list(s, key, &list, error);
    for (uint32_t i = 0; i < list.count && status > 0; i++) {
        int32_t server = setup_find(s, list.items[i].value);
        if (server < 0)
            status = setup_fail(s, key, error, "expected servers (s1, s2, ...), found '%.60s'",
                                list.items[i].value);
        else
            take(s, (uint32_t)server);
    }
    words_list_done(&list);
    return status < 0 ? -1 : 0;
}

static int read_params(struct setup *s, struct lb_error *error)
{
    struct words_list list;
    /* who starts somewhere drawn starts at the start unless the recording says otherwise */
    if (lb_param_find(s->algorithm, "seed") >= 0 &&
        setup_word(s, "algorithm", "seed", "0", error) != 0)
        return -1;
    int status = read_list(s, "params", &list, error);
    for (uint32_t i = 0; i < list.count && status > 0; i++) {
        if (list.items[i].key == NULL)
            status = setup_fail(s, "params", error, "expected an object {\"name\": value}");
        else if (setup_word(s, "params", list.items[i].key, list.items[i].value, error) != 0)
            status = -1;
    }
    words_list_done(&list);
    const char *counter = recording_value(s->recording, "counter_start");
    if (status >= 0 && counter != NULL &&
        setup_word(s, "counter_start", "counter-start", counter, error) != 0)
        status = -1;
    return status < 0 ? -1 : 0;
}

int own_read_as(struct setup *s, const char *key, const char *name, struct lb_error *error)
{
    if (setup_method(s, key, name, error) != 0 || own_read_hosts(s, "hosts", error) != 0 ||
        read_numbers(s, "weights", SETUP_WEIGHT_MAX, take_weight, error) != 0 ||
        read_numbers(s, "limits", UINT32_MAX, take_limit, error) != 0 ||
        read_names(s, "down", take_down, error) != 0 ||
        read_names(s, "backups", take_backup, error) != 0)
        return -1;
    for (uint32_t i = 0; i < s->server_count; i++)
        if ((s->algorithm->needs & LB_NEED_LOAD) == 0)
            s->servers[i].rate = 0;
        else if (recording_find(s->recording, "weights") != NULL)
            s->servers[i].weight = 1; /* the weights come by load reports; 0 = none came */
    if (s->server_count == 0)
        return setup_fail(s, key, error,
                          "expected servers: '# weights: [1, 1]' or "
                          "'# hosts: [\"10.0.0.1:80\"]'");
    return read_params(s, error);
}

int own_read(struct setup *s, struct lb_error *error)
{
    const char *kind = recording_value(s->recording, "kind");
    if (kind != NULL && strcmp(kind, "table") == 0)
        return 0; /* functions: no servers, perhaps not even an algorithm of that name */
    return own_read_as(s, "algorithm", recording_value(s->recording, "algorithm"), error);
}
