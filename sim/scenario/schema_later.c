/*
 * Words that are known but not obeyed: keys of the language that this version cannot do yet, and
 * spellings of other tools and older files. Refusing them by name is kinder than "unknown key".
 */
#include <string.h>

#include "sim/scenario/schema.h"

static const struct later_row rows[] = {
    {"", "servers", "write backends"},
    {"", "duration", "write it under run:"},
    {"", "seed", "write it under run:"},
    {"clients[]", "rate", "write arrivals: poisson(rate=100/s)"},
    {"clients[]", "work", "write it in a class: requests: [{name: all, work: ...}]"},
    {"clients[].requests[]", "service", "write work"},
    {"balancer", "health_check", "write health: {active: {every: 2s}}"},
    {"balancer.health", "every", "write it under active:"},
    {"backends[]", "service", "the work stands in clients[].requests[].work"},
    {"backends[]", "backup", "write tier: 1"},
    {"backends[]", "max_conns", "write max_in_flight"},
    {"backends[]", "maxconn", "write max_in_flight"},
    {"backends[].discipline", "sjf", NULL},
    {"backends[].discipline", "srpt", NULL},
    {"distribution", "exp", "write exponential"},
    {"distribution", "const", "write constant"},
};

const struct later_row *schema_later_at(uint32_t i)
{
    return i < sizeof rows / sizeof rows[0] ? &rows[i] : NULL;
}

const struct later_row *schema_later(const char *where, const char *key, size_t size)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].where, where) == 0 && strlen(rows[i].key) == size &&
            memcmp(rows[i].key, key, size) == 0)
            return &rows[i];
    return NULL;
}
