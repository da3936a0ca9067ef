/*
 * Addresses of several equal balancers: who answers for each, and who knows which of them live.
 *
 * single: each balancer has an address of its own, for ever. active-passive: one address for all;
 * active-active: one for each, and the next in the ring stand by for it. Who answers for a shared
 * address is settled by VRRP, router by router (RFC 5798, section 6.4; keepalived): the master sends
 * adverts at its own pace, a backup takes over when it has heard none for 3 adverts and its skew; a
 * master that hears one of higher priority steps down. So the time from a crash to the takeover is
 * master_down - U(0, advert), and two who cannot hear each other are masters both: then a client
 * reaches one of them by a hash of its address.
 *   skew = (256 - priority) / 256 x advert (vrrp3), or x 1 s (vrrp2, RFC 3768)
 * A kill takes the machine with its address, so packets are lost until the takeover; an orderly drain
 * says so with priority 0, and the backup waits for its skew only. A process that hangs goes unnoticed:
 * adverts come from the machine.
 *
 * Who may be chosen of addresses that nobody takes over: `detect` after a balancer died, hung, or was
 * cut off it is taken out of the names (dns) and next hops (ecmp), and as long after it is back it is in
 * them again; drained ones go at once. Without detect nobody notices. When all are out, all are in.
 *
 * Cost: an event an advert; nothing for entries without any of this.
 */
#ifndef MODEL_REDUNDANCY_H
#define MODEL_REDUNDANCY_H

#include "sim/engine/engine.h"
#include "sim/scenario/scenario.h"

struct front;
struct world;

enum router_state { ROUTER_OFF, ROUTER_BACKUP, ROUTER_MASTER };

struct router { /* of one balancer for one address */
    enum router_state state;
    uint32_t priority;
    engine_event timer; /* a master's next advert; when a backup takes over */
};

struct listing { /* who was known from `since` on; members of the entry */
    lb_time since;
    uint32_t count;
    uint16_t *members;
};

struct entry { /* of scenario->balancers */
    const struct scenario_balancer *rule;
    uint32_t addresses;
    struct router *routers; /* by address x member; NULL = each has its own address */
    uint16_t *owner;        /* by address: who answered last */
    bool *listed;           /* by member */
    struct listing *history;
    uint32_t versions, room;
};

struct entries {
    struct entry *at;
    uint32_t count;
    uint32_t pending; /* changes that are not known yet */
};

void redundancy_init(struct world *w);
void redundancy_done(struct world *w);

/* The entry of a balancer, and whether somebody may take over from it. */
struct entry *redundancy_of(struct world *w, const struct front *f);
bool redundancy_shared(struct world *w, const struct front *f);
/* Who answers for this address when a client asks whose own hashes to `hash`; false: nobody can be
 * reached there, *front is who did last. */
bool redundancy_holder(struct world *w, const struct entry *entry, uint32_t address, uint64_t hash,
                       uint32_t *front);
/* What somebody knew at an instant who asked for the names. */
const struct listing *redundancy_listing(const struct entry *entry, lb_time at);

/* Something befell the balancer, or is over; orderly: it could say good-bye. */
void redundancy_changed(struct world *w, struct front *f, bool orderly, lb_time now);
/* `to` answers now for this address of `from`, which is dead, or knows: see takeover.h. */
void front_took_over(struct world *w, struct front *from, uint32_t address, struct front *to,
                     lb_time now);

void redundancy_router_event(void *context, uint32_t subject, lb_time now);
void redundancy_listed_event(void *context, uint32_t subject, lb_time now);
/* Events of this room that are pending. */
uint64_t redundancy_events(const struct world *w);

#endif
