/*
 * Queueing theory of single waits: distributions and second moments, not only means. Units and errors as in
 * queueing.h; t >= 0.
 */
#ifndef BASE_QUEUEING_WAITS_H
#define BASE_QUEUEING_WAITS_H

/* M/M/c: P(W > t) and P(T > t). W is exponential with rate c mu - lambda when there is a wait at all; T adds an
 * independent service. Source: Kleinrock 1975, 3.5; Harchol-Balter 2013, 14. */
double queueing_mmc_wait_above(double lambda, double mu, unsigned c, double t);
double queueing_mmc_response_above(double lambda, double mu, unsigned c, double t);

/* M/D/1, work d: P(W > t). The waits are sums of positive terms only, so that no digit is lost at high load.
 * Source: G. Franx, Operations Research Letters 29 (2001). Cost: (t / d)^2. */
double queueing_md1_wait_above(double lambda, double d, double t);

/* M/G/1, first come first served: E[W^2] out of the first three moments of the work.
 * Source: Takacs 1962; Kleinrock 1975, 5.7. */
double queueing_mg1_wait_square(double lambda, double first, double second, double third);

/* Two phases with balanced means of a hyperexponential law of this mean rate and squared cv >= 1: the first with
 * probability *p and rate *first, else the second. */
void queueing_h2_phases(double rate, double scv, double *p, double *first, double *second);

/* H2/M/1: gaps between arrivals of squared cv `scv` >= 1, two phases with balanced means. sigma = P(wait); the
 * response is exponential with rate mu (1 - sigma). Source: Kleinrock 1975, 6.4. */
double queueing_h2m1_sigma(double lambda, double mu, double scv);
/* The same arrivals as a Poisson process of rate *on_rate that is on and off for exponential times with these means.
 * Source: A. Kuczura, Bell System Technical Journal 52 (1973). scv > 1. */
void queueing_h2_on_off(double lambda, double scv, double *on_rate, double *on_for,
                        double *off_for);

/* M/M/1 that begins empty: E[N(t)], by uniformization of the chain cut where nobody gets.
 * Source: W. Stewart (1994), 8. Cost: (lambda + mu) t times some hundred states. */
double queueing_mm1_transient(double lambda, double mu, double t);

/* M/D/c: mean response, from the chain of the numbers present at instants d apart: in a time d all who were served
 * then have gone and nobody else has. Source: C. Crommelin, P.O. Electrical Engineers' J. 25 (1932). */
double queueing_mdc_mean(double lambda, double d, unsigned c);

/* The t at which above(self, t) falls to `share`, by bisection; 0 when it begins below it. */
double queueing_quantile(double (*above)(const void *self, double t), const void *self,
                         double share);

#endif
