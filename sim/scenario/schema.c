/* Looking rows up: see schema.h. The rows themselves are in schema_*.c. */
#include "sim/scenario/schema.h"

#include <math.h>
#include <string.h>

#include "sim/base/units.h"

static const struct schema_row *const tables[] = {
    schema_head,        schema_clients,  schema_hedge,    schema_traffic,        schema_spoof,
    schema_connections, schema_network,  schema_balancer, schema_hedge_balancer, schema_tier,
    schema_sticky,      schema_overload, schema_circuit,  schema_health,         schema_backends,
    schema_state,       schema_change,   schema_run};
#define TABLES (sizeof tables / sizeof tables[0])

const struct schema_row *schema_at(uint32_t i)
{
    for (size_t t = 0; t < TABLES; t++)
        for (const struct schema_row *row = tables[t]; row->path != NULL; row++)
            if (i-- == 0)
                return row;
    return NULL;
}

const struct schema_row *schema_step(struct schema_walk *walk)
{
    if (walk->next == NULL)
        walk->next = tables[0];
    else
        walk->i++;
    while (walk->next->path == NULL) {
        if (++walk->table >= TABLES)
            return NULL;
        walk->next = tables[walk->table];
    }
    return walk->next++;
}

/* The part of row->path behind parent, or NULL when the row is not right inside it. */
static const char *behind(const struct schema_row *row, const char *parent)
{
    size_t size = strlen(parent);
    const char *rest = row->path;
    if (size > 0) {
        if (strncmp(rest, parent, size) != 0 || rest[size] != '.')
            return NULL;
        rest += size + 1;
    }
    return strchr(rest, '.') == NULL ? rest : NULL;
}

bool schema_inside(const struct schema_row *row, const char *parent)
{
    return behind(row, parent) != NULL;
}

const char *schema_key(const struct schema_row *row)
{
    const char *dot = strrchr(row->path, '.');
    return dot == NULL ? row->path : dot + 1;
}

const char *schema_type_name(enum schema_type type)
{
    static const char *const names[SCHEMA_TYPES] = {
        [TYPE_MAP] = "a mapping (key: value)",
        [TYPE_LIST] = "a list ('- ...')",
        [TYPE_TEXT] = "text",
        [TYPE_NAME] = "a name",
        [TYPE_COUNT] = "a whole number",
        [TYPE_LIMIT] = "a whole number or 'unlimited'",
        [TYPE_SEED] = "a whole number",
        [TYPE_NUMBER] = "a number",
        [TYPE_SHARE] = "a share in %",
        [TYPE_TIME] = "a duration",
        [TYPE_WORD] = "a word",
        [TYPE_EITHER] = "a word",
        [TYPE_DISTRIBUTION] = "a distribution",
        [TYPE_CUSTOM] = "a value",
    };
    return names[type];
}

static void bound(const struct schema_row *row, double value, char *buf, size_t size)
{
    switch (row->type) {
    case TYPE_TIME:
        (void)units_format_exact(buf, size, (lb_time)llround(value));
        break;
    case TYPE_SHARE:
        (void)snprintf(buf, size, "%.6g%%", value * 100.0);
        break;
    default:
        (void)snprintf(buf, size, "%.12g", value);
        break;
    }
}

const char *schema_range(const struct schema_row *row, char *buf, size_t size)
{
    char low[40], high[40];
    buf[0] = '\0';
    if (row->type == TYPE_SEED)
        (void)snprintf(buf, size, "0 to 2^64 - 1");
    else if (row->min < row->max && row->type != TYPE_MAP) {
        bound(row, row->min, low, sizeof low);
        bound(row, row->max, high, sizeof high);
        (void)snprintf(buf, size, "%s to %s%s", low, high,
                       row->type == TYPE_LIST || row->type == TYPE_CUSTOM ? " entries" : "");
    } else if (row->min == row->max && row->max > 0) {
        bound(row, row->max, low, sizeof low);
        (void)snprintf(buf, size, "%s", low);
    }
    return buf;
}
