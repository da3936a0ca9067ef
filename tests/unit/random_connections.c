/* See random_scenario.h: connections, layers and handshakes. */
#include "tests/unit/random_maker.h"

/* ", key: 7ms" or another time, half of the time. */
static void perhaps(struct maker *m, const char *key, uint32_t max)
{
    if (!one_in(m, 2))
        return;
    text_addf(m->text, ", %s: ", key);
    time(m, max);
}

void random_client_connections(struct maker *m)
{
    if (!one_in(m, 3))
        return;
    bool many = one_in(m, 3);
    text_addf(m->text, "    connections: {protocol: %s", many ? "http2" : "http1");
    if (many)
        number(m, ", streams: ", 1, 4);
    if (one_in(m, 2))
        number(m, ", requests: ", 1, 8);
    if (one_in(m, 2)) {
        text_addf(m->text, ", max_age: ");
        distribution(m, 40, true);
    }
    perhaps(m, "idle", 30);
    if (one_in(m, 3))
        number(m, ", per_client: ", 1, 3);
    if (one_in(m, 3)) {
        text_addf(m->text, ", hold: ");
        distribution(m, 8, true);
    }
    text_addf(m->text, "}\n");
}

static void tls(struct maker *m, bool layer4)
{
    text_addf(m->text, "  tls: {terminate: %s, handshake: ", layer4 && one_in(m, 2) ? "no" : "yes");
    time(m, 2);
    if (one_in(m, 2)) {
        text_addf(m->text, ", resumed: 100us");
        number(m, ", resume: ", 0, 101);
        text_addf(m->text, "%%");
    }
    perhaps(m, "ticket_life", 50);
    if (one_in(m, 2))
        number(m, ", tickets: ", 1, 5);
    number(m, ", round_trips: ", 0, 3);
    text_addf(m->text, "}\n");
}

bool random_balancer_connections(struct maker *m)
{
    bool layer4 = one_in(m, 3);
    if (layer4)
        text_addf(m->text, "  layer: 4\n");
    if (one_in(m, 4))
        tls(m, layer4);
    if (one_in(m, 5)) {
        number(m, "  max_connections: ", 1, 20);
        text_addf(m->text, "\n");
    }
    if (layer4 && one_in(m, 2)) {
        number(m, "  connection_table: {size: ", 1, 9);
        perhaps(m, "idle", 15);
        text_addf(m->text, "}\n");
    }
    if (layer4 && one_in(m, 2))
        text_addf(m->text, "  on_down: cut\n");
    if (!layer4 && one_in(m, 3))
        text_addf(m->text, "  header_timeout: %ums\n  idle_timeout: %ums\n", below(m, 8),
                  below(m, 30));
    return layer4;
}
