/*
 * How long things are away: takeover, stale names, parts that fail and are repaired; and what tries
 * that run side by side make of a tail. Times in any one unit. NAN out of range.
 */
#ifndef BASE_AVAILABILITY_H
#define BASE_AVAILABILITY_H

/*
 * VRRP: after how long without adverts a backup of this priority (1 to 254) takes over, 3 adverts and
 * a skew: (256 - priority) / 256 seconds in version 2, that share of an advert in version 3.
 * Source: RFC 3768, 6.1; RFC 5798 and 9568, 6.1.
 */
double availability_vrrp_silence(unsigned version, unsigned priority, double advert);
/* The skew alone: a master that leaves politely sends priority 0. */
double availability_vrrp_skew(unsigned version, unsigned priority, double advert);
/* From a crash at a random moment between adverts to the takeover, on average. */
double availability_vrrp_takeover(unsigned version, unsigned priority, double advert);

/* Share of resolvers, asked all the time, that still hold the old record t after a change: the time
 * that an entry has left is uniform in (0, ttl). */
double availability_dns_stale(double ttl, double t);
/* The same for the time that their clients lose on average: detection, update, half a ttl. */
double availability_dns_outage(double ttl, double detect, double update);

/* Up for `up` and down for `down` on average. */
double availability_of(double up, double down);
/* At least k of n independent parts of this availability. */
double availability_k_of_n(unsigned k, unsigned n, double part);

/*
 * Two balancers, each up and down for exponential times, the standby takes over after an exponential
 * time when the active one fails; when both are down the first that is repaired serves at once. The
 * share of time without service, by the chain of four states.
 */
double availability_pair_down(double up, double down, double takeover);

/*
 * n independent backends that are up for `up` and down for `down` on average. A failure is noticed
 * after `detect`, a recovery after `notice`, on average; a request goes to any of those believed up.
 * The share of requests that fail: at one that is down, or for want of any.
 */
double availability_failing(unsigned n, double up, double down, double detect, double notice);

/* Mean time that an outage stays unnoticed, exponential repair, noticed after `detect` if it lasts. */
double availability_unnoticed(double down, double detect);

/*
 * A second try after h beside the first: P(T > t) = S(t) S(t - h). The p quantile when one try takes
 * an exponential time. Source: J. Dean, L. Barroso, "The tail at scale", CACM 56 (2013).
 */
double availability_hedged_quantile(double mean, double h, double p);
/* At least one of n parts is slow; the mean of the slowest of n exponential ones. */
double availability_fan_out(unsigned n, double slow);
double availability_slowest(unsigned n, double mean);

#endif
