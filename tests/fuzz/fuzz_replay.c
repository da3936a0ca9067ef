/*
 * libFuzzer target: any bytes as a recording.
 *
 * Built and run by `make fuzz` (clang, address and undefined sanitizers); seeds_replay/ has the seeds.
 * What is replayed must add up; what is not must say why, and where. The kind that draws a million times
 * is left out, for the sake of speed.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/base/check.h"
#include "sim/replay/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct replay_result result;
    struct lb_error error = {.code = LB_ERROR_NONE};
    char *copy = text_copy_n((const char *)data, size);
    if (strstr(copy, "counts") == NULL && strstr(copy, "table") == NULL) {
        int status = replay_text("fuzz", copy, size, &result, &error);
        lb_assert(status == 0 || status == 2);
        lb_assert((status == 0) == (error.code == LB_ERROR_NONE));
        lb_assert(status == 0 || strncmp(error.text, "fuzz:", 5) == 0);
        lb_assert(result.equal <= result.total);
        lb_assert(status != 0 || (result.line != 0) == (result.equal < result.total));
        replay_done(&result);
    }
    free(copy);
    return 0;
}
