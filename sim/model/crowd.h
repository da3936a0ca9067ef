/*
 * Who the clients are: how popular each is, who shares an address, who refuses cookies, and which
 * client and address stand behind a request.
 *
 * A client is a number within its group: what a cookie, a login or a key would tell. A population is
 * cut into parts: the clients behind each shared address, and those with addresses of their own. A
 * request falls to a part by its share, then to a client of the part by its popularity, so the shares
 * of requests are exact and a client always comes from the same address.
 *
 * Popularity is Zipf's law, drawn by rejection-inversion: exact, no table, about 1.1 tries a draw
 * (W. Hormann and G. Derflinger, "Rejection-inversion to generate variates from monotone discrete
 * distributions", ACM Trans. Model. Comput. Simul. 6, 1996).
 */
#ifndef MODEL_CROWD_H
#define MODEL_CROWD_H

#include "algorithms/lb.h"
#include "sim/base/stream.h"
#include "sim/scenario/scenario.h"

/* 1 .. n with chances in proportion to k^-s. */
struct zipf {
    double s, first, last,
        sure; /* integrals up to 1.5 and n + 0.5; sure: where no test is needed */
    uint32_t n;
};

void zipf_init(struct zipf *z, uint32_t n, double s);
uint32_t zipf_draw(const struct zipf *z, struct lb_random *random);

struct crowd_part {
    double below; /* share of the requests of this part and of those before it */
    uint32_t first, count;
    struct zipf zipf;
};

struct crowd {
    uint32_t parts;
    bool equal; /* all clients of a part are alike */
    struct crowd_part part[];
};

/* NULL when all clients are alike and none share an address: one whole number is drawn then. */
struct crowd *crowd_create(const struct scenario_client *rule);
/* The client who sends a request, in [0, population). */
uint32_t crowd_draw(const struct crowd *crowd, struct lb_random *random);

struct world;
struct request;

/* The client behind a request: its number within the group. */
uint32_t client_of(const struct world *w, const struct request *r);
/* The address it sends from, and the client. */
void address_of(const struct world *w, const struct request *r, struct lb_address *out,
                uint32_t *client);
bool client_refuses_cookies(const struct world *w, const struct request *r);
/* Its path, without a query: a trace's own, else that of its class; NULL = none. */
const char *path_of(const struct world *w, const struct request *r);
/* The key that its line of a trace has; NULL = none. */
const char *key_of(const struct world *w, const struct request *r);

#endif
