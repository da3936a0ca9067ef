/*
 * Identities: what must hold exactly at the end of every run, whatever happened in it.
 *
 *   arrived = ok + failed (by cause) + in flight      counted three ways
 *   failed, by cause, and slow = sums over their whys
 *   picks = ok + failed + in the books                for each backend; at layer 4 the books are the
 *                                                     open connections that were placed there
 *   ok, failed, good = sums over the balancers that clients asked last; picks, in flight and its time
 *   of balancers with backends = those of backends
 *   connections to backends opened = closed + idle + in use, one for each attempt in the books
 *   integral of the number present = sum of the times present        exact, modulo 2^64 ns
 *   integral of busy slots x speed = work done        up to 1 ns of rounding a service and slot
 */
#include <math.h>
#include <stdlib.h>

#include "sim/base/text.h"
#include "sim/run/private.h"

static bool at_backend(const struct request *r)
{
    return r->state == REQUEST_QUEUED || r->state == REQUEST_SERVICE;
}

static uint64_t sum(const uint64_t *counts)
{
    uint64_t all = 0;
    for (int why = 0; why < WHYS; why++)
        all += counts[why];
    return all;
}

static void check_whys(const struct world *w, uint32_t c)
{
    static const struct ledger_why none;
    const struct ledger_counts *counts = &w->ledger.classes[c].counts;
    const struct ledger_why *why = w->ledger.classes[c].why;
    why = why != NULL ? why : &none;
    for (int cause = 0; cause < CAUSES; cause++)
        lb_require(&w->where, sum(why->failed[cause]) == counts->cause[cause],
                   "class %u: %llu failed with cause %s, not all with one why", c,
                   (unsigned long long)counts->cause[cause], cause_name((enum cause)cause));
    lb_require(&w->where, sum(why->slow) == counts->ok - counts->good,
               "class %u: %llu were slow, not all with one why", c,
               (unsigned long long)(counts->ok - counts->good));
}

static void check_requests(struct run *run)
{
    struct world *w = &run->world;
    const struct ledger *l = &w->ledger;
    uint64_t open = 0, measured = 0, arrived = 0, ok = 0, failed = 0;
    for (uint32_t id = 1; id <= w->requests.used; id++) {
        const struct request *r = world_request(w, id);
        if (r->state == REQUEST_FREE ||
            (r->flags & (REQUEST_ORPHAN | REQUEST_PROBE | REQUEST_COPY)) != 0)
            continue;
        open++;
        measured += (r->flags & REQUEST_MEASURED) != 0 ? 1U : 0U;
    }
    lb_require(&w->where, l->arrived == l->ok + l->failed + open,
               "%llu arrived, %llu ok, %llu failed, %llu in flight", (unsigned long long)l->arrived,
               (unsigned long long)l->ok, (unsigned long long)l->failed, (unsigned long long)open);
    for (uint32_t c = 0; c < l->class_count; c++) {
        const struct ledger_counts *counts = &l->classes[c].counts;
        uint64_t causes = 0;
        for (int cause = 0; cause < CAUSES; cause++)
            causes += counts->cause[cause];
        lb_require(&w->where, causes == counts->failed, "class %u: failures without one cause", c);
        check_whys(w, c);
        arrived += counts->arrived;
        ok += counts->ok;
        failed += counts->failed;
    }
    lb_require(&w->where, measured == l->measured_open && arrived == ok + failed + measured,
               "measured: %llu arrived, %llu ok, %llu failed, %llu in flight",
               (unsigned long long)arrived, (unsigned long long)ok, (unsigned long long)failed,
               (unsigned long long)measured);
}

static void check_books(struct run *run)
{
    struct world *w = &run->world;
    int64_t *connections = text_need_zero(w->backend_count, sizeof *connections);
    if (w->connections != NULL)
        layer4_count(w, connections);
    for (uint32_t i = 0; i < w->backend_count; i++) {
        const uint64_t *tally = w->rest[i].open;
        uint64_t open = tally[0] + tally[1] + (uint64_t)connections[i];
        lb_require(&w->where, open == world_in_flight(w, i),
                   "backend '%s': what is in the books is not what is under way",
                   w->scenario->backends[i].name);
    }
    free(connections);
}

/* Clients and balancers count the same connections, and each knows the requests on it. */
static void check_connections(struct run *run)
{
    struct world *w = &run->world;
    const struct connections *all = w->connections;
    if (all == NULL)
        return;
    uint64_t streams = 0, requests = 0, open = 0, admitted = 0, owned = 0, held = 0, counted = 0;
    uint32_t mere = 0;
    for (uint32_t id = 1; id <= all->used; id++) {
        const struct connection *c = &all->at[id];
        if (!c->open)
            continue;
        open++;
        streams += c->streams;
        owned += c->owner != 0;
        admitted += (c->flags & CONNECTION_ADMITTED) != 0;
        admitted += (c->flags & CONNECTION_INNER) != 0;
    }
    for (uint32_t id = 1; id < all->use_room; id++)
        requests += all->use[id].connection != 0 && !all->use[id].waits;
    for (uint32_t id = 1; id < all->use_room; id++)
        mere += all->use[id].mere;
    for (uint32_t i = 0; i < w->front_count; i++)
        held += all->fronts[i].open;
    for (uint32_t id = 1; id <= all->owners_used; id++)
        counted += all->owners[id].open;
    lb_require(&w->where,
               open == all->open && mere == all->mere && streams == requests && owned == counted &&
                   admitted == held,
               "connections: %llu of %u open, %u of %u mere ones, %llu requests on them of %llu, "
               "%llu owned of %llu, "
               "%llu held of %llu",
               (unsigned long long)open, all->open, mere, all->mere, (unsigned long long)streams,
               (unsigned long long)requests, (unsigned long long)owned, (unsigned long long)counted,
               (unsigned long long)admitted, (unsigned long long)held);
}

static void check_time(struct run *run)
{
    struct world *w = &run->world;
    lb_time now = engine_now(w->engine);
    uint64_t present = w->ledger.times_present, area = 0;
    for (uint32_t i = 0; i < w->backend_count; i++) {
        backend_spend(w, i, now);
        area += (uint64_t)(backend_busy_area(w, i, now) + backend_queue_area(w, i, now));
    }
    for (uint32_t id = 1; id <= w->requests.used; id++) {
        const struct request *r = world_request(w, id);
        if (!at_backend(r))
            continue;
        present += (uint64_t)(now - r->entered);
        if (r->state == REQUEST_SERVICE && !w->rest[r->backend].hung)
            w->counts[r->backend].work_done += backend_work_so_far(w, id, now);
    }
    lb_require(&w->where, area == present,
               "integral of the number present is not the sum of the times present");
    for (uint32_t i = 0; i < w->backend_count; i++) {
        const struct backend *b = &w->backends[i];
        const struct backend_rest *rest = &w->rest[i];
        uint64_t picks = 0;
        for (int measured = 0; measured < 2; measured++) {
            struct backend_tally t = backend_tally(w, i, measured);
            picks += t.ok + t.failed + t.open;
        }
        double done = w->counts[i].work_done;
        double rounded = (double)(picks + w->probes + rest->respeeds + 1);
        double slack = rounded * rest->top_speed * (b->slots + 1) +
                       1e-9 * (rest->work_spent + done) + rest->doubt;
        lb_require(&w->where, fabs(rest->work_spent - done) <= slack,
                   "backend '%s': busy slots x speed is %.17g ns, work done %.17g ns",
                   w->scenario->backends[i].name, rest->work_spent, done);
    }
}

static void check_upstream(const struct world *w)
{
    for (uint32_t k = 0; k < w->front_count; k++) {
        const struct front *f = &w->fronts[k];
        uint64_t idle = 0, busy = 0;
        for (uint32_t i = 0; f->upstream != NULL && i < f->balancer.backend_count; i++) {
            const struct reuse_backend *b = &f->upstream->reuse.backends[i];
            idle += b->idle;
            busy += b->busy;
            lb_require(&w->where, b->busy == balancer_in_flight(&f->balancer, i),
                       "balancer '%s' has %u attempts in flight to '%s' on %u connections", f->name,
                       balancer_in_flight(&f->balancer, i), w->scenario->backends[i].name, b->busy);
        }
        const struct reuse *r = f->upstream != NULL ? &f->upstream->reuse : NULL;
        lb_require(&w->where, r == NULL || r->opened_in_all == r->closed_in_all + idle + busy,
                   "balancer '%s' opened connections that are neither closed nor open", f->name);
    }
}

/* Each balancer counts an end once, in one of its roles. */
static void check_roles(const struct world *w, uint32_t i)
{
    const struct tally *t = &w->tallies.at[i];
    const struct tally_ends *first = &t->ends[TALLY_FIRST], *behind = &t->ends[TALLY_BEHIND];
    uint64_t latencies = t->latency != NULL ? t->latency->count : 0;
    lb_require(&w->where,
               latencies == t->ok[1] && t->ok[1] == first->ok + behind->ok &&
                   t->failed[1] == first->failed + behind->failed,
               "balancer '%s': %llu latencies, %llu ok, %llu failed", w->fronts[i].name,
               (unsigned long long)latencies, (unsigned long long)t->ok[1],
               (unsigned long long)t->failed[1]);
}

/* What the balancers that clients asked count one by one is what the whole counts. */
static void check_ends_of_all(const struct world *w)
{
    struct tally_ends all = {.failed = w->tallies.nowhere};
    for (uint32_t i = 0; i < w->front_count; i++) {
        const struct tally_ends *first = &w->tallies.at[i].ends[TALLY_FIRST];
        check_roles(w, i);
        all.ok += first->ok;
        all.good += first->good;
        all.failed += first->failed;
    }
    uint64_t ok = 0, good = 0, failed = 0;
    for (uint32_t c = 0; c < w->ledger.class_count; c++) {
        ok += w->ledger.classes[c].counts.ok;
        good += w->ledger.classes[c].counts.good;
        failed += w->ledger.classes[c].counts.failed;
    }
    lb_require(&w->where, all.ok == ok && all.good == good && all.failed == failed,
               "balancers: %llu ok of %llu, %llu good of %llu, %llu failed of %llu",
               (unsigned long long)all.ok, (unsigned long long)ok, (unsigned long long)all.good,
               (unsigned long long)good, (unsigned long long)all.failed,
               (unsigned long long)failed);
}

/* What balancers sent is what backends were asked, and was in the books as long: mod 2^64 ns. */
static void check_sent(const struct world *w)
{
    uint64_t picks = 0, in_flight = 0, time = 0, edges[2] = {0, 0};
    for (uint32_t i = 0; i < w->front_count; i++) {
        const struct tally *t = &w->tallies.at[i];
        if (w->fronts[i].outer)
            continue;
        picks += t->picks[0] + t->picks[1];
        in_flight += t->in_flight;
        time += t->in_flight_time;
        edges[0] += t->at_edge[0];
        edges[1] += t->at_edge[1];
    }
    uint64_t asked = 0, open = 0, spent = 0, edge[2] = {0, 0};
    for (uint32_t i = 0; i < w->backend_count; i++) {
        for (int measured = 0; measured < 2; measured++) {
            struct backend_tally t = backend_tally(w, i, measured);
            asked += t.ok + t.failed + t.open;
            open += t.open;
        }
        spent += w->counts[i].in_flight;
        edge[0] += w->at_edge[0][i].in_flight;
        edge[1] += w->at_edge[1][i].in_flight;
    }
    lb_require(
        &w->where,
        picks == asked && in_flight == open && time == spent && edges[0] == edge[0] &&
            edges[1] == edge[1],
        "balancers sent %llu attempts, backends were asked %llu; %llu of %llu in flight, for "
        "%llu ns of %llu",
        (unsigned long long)picks, (unsigned long long)asked, (unsigned long long)in_flight,
        (unsigned long long)open, (unsigned long long)time, (unsigned long long)spent);
}

void run_check_identities(struct run *run)
{
    check_requests(run);
    check_books(run);
    check_connections(run);
    check_upstream(&run->world);
    if (run->world.tallies.at != NULL) {
        check_ends_of_all(&run->world);
        check_sent(&run->world);
    }
    check_time(run);
}
