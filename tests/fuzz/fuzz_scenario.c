/*
 * libFuzzer target: any bytes as a scenario, and any settings on top of it.
 *
 * Built and run by `make fuzz` (clang, address and undefined sanitizers); seeds_scenario/ has the
 * seeds. Bytes up to the first NUL are the file, each piece between further NULs is a --set, at
 * most four. What loads must hold together; what does not must say why.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/scenario/load.h"

#define SETS_MAX 4U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What every loaded scenario promises to those who run it. */
static void check_whole(const struct scenario *s)
{
    lb_assert(s->client_count > 0 && s->backend_count > 0 && s->group_count > 0);
    lb_assert(s->tiers > 0 && s->variant_count > 0 && s->balancer.algorithm != NULL);
    lb_assert(s->run.warmup < s->run.duration && s->run.settle >= 0 && s->run.sample > 0);
    lb_assert(scenario_capacity(s) > 0 && scenario_offered_load(s) >= 0);
    uint32_t classes = 0;
    for (uint32_t i = 0; i < s->client_count; i++) {
        const struct scenario_client *client = &s->clients[i];
        double share = 0;
        lb_assert(client->name != NULL && client->class_first == classes);
        lb_assert(client->arrivals == ARRIVALS_CLOSED ? client->users > 0 : client->rate > 0);
        for (uint32_t c = 0; c < client->class_count; c++)
            share += client->classes[c].share;
        lb_assert(share > 0.999999 && share < 1.000001);
        classes += client->class_count;
    }
    lb_assert(classes == s->class_total);
    for (uint32_t i = 0; i < s->backend_count; i++)
        lb_assert(s->backends[i].name != NULL && s->backends[i].tier < s->tiers &&
                  s->backends[i].slots > 0 && s->backends[i].speed > 0);
    for (uint32_t i = 0; i < s->action_count; i++)
        lb_assert(s->timeline[i].target != NULL && s->timeline[i].at >= 0);
    for (uint32_t i = 0; i < s->expect_count; i++)
        lb_assert(s->expects[i].text != NULL && s->expects[i].from < s->expects[i].until);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = text_copy_n((const char *)data, size);
    const char *sets[SETS_MAX];
    struct scenario_request request = {.text = copy, .text_size = strlen(copy), .sets = sets};
    for (size_t at = request.text_size + 1; at < size && request.set_count < SETS_MAX;
         at += strlen(copy + at) + 1)
        sets[request.set_count++] = copy + at;
    struct text messages;
    int status = -1;
    text_init(&messages);
    struct scenario *s = scenario_load(&request, &messages, &status);
    if (s != NULL)
        check_whole(s);
    lb_assert(s != NULL ? status == 0 : status == 2);
    lb_assert(s != NULL || messages.size > 0);
    for (size_t i = 0; i < messages.size; i++)
        lb_assert((unsigned char)messages.data[i] >= 0x20 || messages.data[i] == '\n');
    scenario_destroy(s);
    text_done(&messages);
    free(copy);
    return 0;
}
