/* See plan.h. */
#include "sim/lab/plan.h"

#include <string.h>

uint32_t plan_cells(const struct scenario *scenario)
{
    uint32_t cells = scenario->sweep_count > 0 ? 1 : 0;
    for (uint32_t k = 0; k < scenario->sweep_count; k++)
        cells *= scenario->sweeps[k].count;
    return cells;
}

void plan_choice(const struct scenario *scenario, uint32_t n, uint32_t choice[SWEEP_KEYS_MAX])
{
    for (uint32_t k = scenario->sweep_count; k-- > 0;) {
        choice[k] = n % scenario->sweeps[k].count;
        n /= scenario->sweeps[k].count;
    }
}

uint32_t plan_cell(const struct scenario *scenario, const uint32_t *choice)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < scenario->sweep_count; k++)
        n = n * scenario->sweeps[k].count + choice[k];
    return n;
}

void plan_settings(const struct scenario *scenario, uint32_t n, struct text *out)
{
    uint32_t choice[SWEEP_KEYS_MAX];
    plan_choice(scenario, n, choice);
    for (uint32_t k = 0; k < scenario->sweep_count; k++)
        text_addf(out, "%s=%s\n", scenario->sweeps[k].path, scenario->sweeps[k].values[choice[k]]);
}

void plan_grid(const struct scenario *scenario, struct text *out)
{
    for (uint32_t k = 0; k < scenario->sweep_count; k++) {
        text_addf(out, "%s:", scenario->sweeps[k].path);
        for (uint32_t i = 0; i < scenario->sweeps[k].count; i++)
            text_addf(out, "%s %s", i > 0 ? "," : "", scenario->sweeps[k].values[i]);
        text_add(out, "\n", 1);
    }
}

int plan_key(const struct scenario *scenario, const char *path)
{
    for (uint32_t k = 0; k < scenario->sweep_count; k++)
        if (strcmp(scenario->sweeps[k].path, path) == 0)
            return (int)k;
    return -1;
}
