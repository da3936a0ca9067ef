/*
 * Varnish: `# director: NAME` and `# weights: [...]`, since a VCL is a program, not a configuration.
 *
 * Weights may have fractions. shard has as many points of a backend as its weight times `replicas`
 * comes to, cut; that number is given to it as the weight. The others share by them.
 */
#include <math.h>
#include <string.h>

#include "algorithms/registry.h"
#include "sim/replay/product.h"
#include "sim/replay/words.h"

#define FINE 10000 /* parts of a weight with a fraction */

static void set_fractions(struct setup *s, const struct words_list *weights)
{
    double replicas = FINE, weight;
    int at = lb_param_find(s->algorithm, "replicas");
    if (at >= 0) {
        replicas = s->values[at];
        s->values[at] = 1;
    }
    for (uint32_t i = 0; i < s->server_count; i++)
        if (words_real(weights->items[i].value, &weight))
            s->servers[i].weight = (uint32_t)(weight * replicas);
}

/* The weights again, as they are written: whole ones have been taken as they are. */
static int read_fractions(struct setup *s, struct lb_error *error)
{
    struct words_list list;
    const char *wrong, *value = recording_value(s->recording, "weights");
    bool whole = true;
    if (value == NULL)
        return 0;
    if (words_list(&list, value, SETUP_SERVERS_MAX, &wrong) != 0)
        return setup_fail(s, "weights", error, "expected %s", wrong);
    for (uint32_t i = 0; i < list.count; i++) {
        double weight = 0;
        whole = whole && words_real(list.items[i].value, &weight) && weight == floor(weight);
    }
    if (!whole && list.count == s->server_count)
        set_fractions(s, &list);
    words_list_done(&list);
    return 0;
}

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
            return own_read_as(s, "director", directors[i][1], error) == 0
                       ? read_fractions(s, error)
                       : -1;
    return setup_fail(s, "director", error,
                      "expected fallback, round_robin, hash, random or shard, found '%.60s'", name);
}
