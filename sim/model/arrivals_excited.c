/*
 * self-exciting: each arrival brings about others, `branching` of them in the mean, after times that
 * are exponential with mean `decay` (a Hawkes process with an exponential kernel).
 *
 * The intensity is mu + x(t): mu = rate x (1 - branching) arrive of their own accord, and the excess
 * x grows by branching / decay with each arrival and fades by exp(-t / decay). Two clocks give the
 * next arrival exactly and without rejection: one for mu, and one for the excess, whose integral up
 * to any time is known (A. Dassios and H. Zhao, "Exact simulation of Hawkes process with exponentially
 * decaying intensity", Electron. Commun. Probab. 18, 2013). Memory is one number, the excess.
 *
 * The run begins with the mean excess, so the mean rate is right from the start; the clusters grow to
 * their own within some decay / (1 - branching). A change of the rate changes mu at once; what was
 * brought about by earlier arrivals still comes.
 */
#include <math.h>

#include "sim/base/ziggurat.h"
#include "sim/model/arrivals.h"

static double decay(const struct arrivals_state *s)
{
    return (double)s->rule->decay;
}

static void begin(struct arrivals_state *s, const struct lb_random *random)
{
    (void)random;
    double mean = s->gap > 0 ? s->rule->branching / s->gap : 0;
    /* next() adds what an arrival at time 0 would bring about: there is none */
    s->excitement.excess = mean - s->rule->branching / decay(s);
}

static lb_time earlier(const struct arrivals_excitement *e)
{
    return e->first < e->echo ? e->first : e->echo;
}

/* The next one of its own accord, so many of their mean gaps after `now`. */
static void set_first(struct arrivals_state *s, double left, lb_time now)
{
    s->excitement.left = left;
    s->excitement.first =
        s->gap > 0 ? arrivals_after(now, left * s->gap / (1.0 - s->rule->branching)) : LB_NEVER;
}

static lb_time next(struct arrivals_state *s, lb_time now)
{
    struct arrivals_excitement *e = &s->excitement;
    if (now != e->at)
        e->excess *= exp(-(double)(now - e->at) / decay(s));
    e->excess += s->rule->branching / decay(s);
    e->at = now;
    set_first(s, ziggurat_exponential(s->gaps), now);
    double turn = ziggurat_exponential(s->gaps), all = e->excess * decay(s);
    e->echo = turn < all ? arrivals_after(now, -decay(s) * log1p(-turn / all)) : LB_NEVER;
    return earlier(e);
}

static lb_time change(struct arrivals_state *s, double before, lb_time now)
{
    struct arrivals_excitement *e = &s->excitement;
    double left = e->left;
    if (before > 0 && e->first < LB_NEVER)
        left = (double)(e->first - now) * (1.0 - s->rule->branching) / before;
    set_first(s, left, now);
    return earlier(e);
}

const struct arrivals_process arrivals_self_exciting = {
    .kind = ARRIVALS_SELF_EXCITING, .begin = begin, .next = next, .change = change};
