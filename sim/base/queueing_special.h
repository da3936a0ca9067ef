/*
 * Queueing theory, continued: servers that break down, priorities, impatience, arrivals in bursts.
 * Units and errors as in queueing.h.
 */
#ifndef BASE_QUEUEING_SPECIAL_H
#define BASE_QUEUEING_SPECIAL_H

/*
 * M/M/1 whose server stands still now and then, busy or idle: up for 1/fail on average, down for
 * 1/repair, both exponential; the work goes on where it stopped. Mean response.
 * Source: H. White, L. Christie, Operations Research 6 (1958); B. Avi-Itzhak, P. Naor, 11 (1963).
 */
double queueing_breakdowns_mean(double lambda, double mu, double fail, double repair);

/* The same, but failures only strike while it serves: P. Gaver, J. R. Statist. Soc. B 24 (1962). */
double queueing_busy_breakdowns_mean(double lambda, double mu, double fail, double repair);

/*
 * M/M/1 with two classes, the higher served first, no service interrupted: mean waits.
 * Source: A. Cobham, Operations Research 2 (1954).
 */
void queueing_priorities(double high, double low, double mu, double *wait_high, double *wait_low);

/*
 * Erlang A, M/M/c+M: each who waits leaves at rate theta. The share that leaves; *waiting = the mean
 * number in the queue.
 * Source: C. Palm (1957); O. Garnett, A. Mandelbaum, M. Reiman, MSOM 4 (2002).
 */
double queueing_erlang_a(double lambda, double mu, unsigned c, double theta, double *waiting);

/*
 * M/M/1+D: who has waited for tau leaves. The share that leaves.
 * Source: D. Barrer, Operations Research 5 (1957).
 */
double queueing_deadline_loss(double lambda, double mu, double tau);

/*
 * MMPP(2)/M/1: arrivals at rate l1 or l2 in a state that is left at rate q12 or q21. Mean response,
 * by the matrix-geometric method (logarithmic reduction).
 * Source: G. Latouche, V. Ramaswami, "Introduction to matrix analytic methods" (1999), 8.
 */
double queueing_mmpp_mean(double l1, double l2, double q12, double q21, double mu);
/* Its arrival rate in the long run. */
double queueing_mmpp_rate(double l1, double l2, double q12, double q21);

/* GI/M/1 with equal gaps of 1/lambda (D/M/1), mean response: Kleinrock 1, 6.4. */
double queueing_dm1_mean(double lambda, double mu);
/* M/M/c/K, `places` in all: share refused, and mean response of those accepted. */
void queueing_mmck(double lambda, double mu, unsigned c, unsigned places, double *refused,
                   double *mean);

#endif
