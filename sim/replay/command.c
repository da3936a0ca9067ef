/* placeholder */
#include "sim/replay/kind.h"
int replay_command(struct replay *r, const char *text, uint32_t line, struct lb_error *error)
{
    (void)text;
    return recording_fail(r->recording, line, error, "commands: not yet");
}
int replay_phase(struct replay *r, const char *text, uint32_t line, struct lb_error *error)
{
    (void)text;
    return recording_fail(r->recording, line, error, "phases: not yet");
}
