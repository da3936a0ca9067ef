/*
 * Varnish: `# director: NAME` and `# weights: [...]`, since a VCL is a program, not a configuration.
 */
#include <string.h>

#include "sim/replay/product.h"
#include "sim/replay/words.h"

int varnish_read(struct setup *s, struct lb_error *error)
{
    static const char *const directors[][2] = {{"fallback", "varnish-fallback"},
                                               {"round_robin", "varnish-round-robin"},
                                               {"hash", "varnish-hash"},
                                               {"random", "varnish-random"},
                                               {"shard", "varnish-shard"}};
    const char *name = recording_value(s->recording, "director");
    for (size_t i = 0; i < sizeof directors / sizeof directors[0]; i++)
        if (strcmp(directors[i][0], name) == 0)
            return own_read_as(s, "director", directors[i][1], error);
    return setup_fail(s, "director", error,
                      "expected fallback, round_robin, hash, random or shard, found '%.60s'", name);
}
