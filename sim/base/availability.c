/* See availability.h. */
#include "sim/base/availability.h"

#include <math.h>
#include <stdbool.h>

double availability_vrrp_skew(unsigned version, unsigned priority, double advert)
{
    if ((version != 2 && version != 3) || priority < 1 || priority > 254 || !(advert > 0))
        return NAN;
    return (256.0 - priority) / 256 * (version == 3 ? advert : 1);
}

double availability_vrrp_silence(unsigned version, unsigned priority, double advert)
{
    return 3 * advert + availability_vrrp_skew(version, priority, advert);
}

/* The last advert is half an interval old at the crash. */
double availability_vrrp_takeover(unsigned version, unsigned priority, double advert)
{
    return availability_vrrp_silence(version, priority, advert) - advert / 2;
}

double availability_dns_stale(double ttl, double t)
{
    return ttl > 0 && t >= 0 ? fmax(0, 1 - t / ttl) : NAN;
}

double availability_dns_outage(double ttl, double detect, double update)
{
    return ttl >= 0 && detect >= 0 && update >= 0 ? detect + update + ttl / 2 : NAN;
}

double availability_of(double up, double down)
{
    return up > 0 && down >= 0 ? up / (up + down) : NAN;
}

double availability_k_of_n(unsigned k, unsigned n, double part)
{
    if (k > n || !(part >= 0 && part <= 1))
        return NAN;
    double sum = 0;
    for (unsigned i = k; i <= n; i++)
        sum += exp(lgamma(n + 1.0) - lgamma(i + 1.0) - lgamma(n - i + 1.0)) * pow(part, i) *
               pow(1 - part, n - i);
    return sum;
}

/*
 * States: 2 up; 1 up and serving; 1 up and taking over; none up. With f = 1/up, r = 1/down, s =
 * 1/takeover: from the first the active fails (f) to the third or the standby (f) to the second;
 * from the second f to none, r to the first; from the third s to the second, f to none (the standby
 * fails), r to the first (the active is back and serves on); from none 2r to the second.
 */
double availability_pair_down(double up, double down, double takeover)
{
    if (!(up > 0 && down > 0 && takeover > 0))
        return NAN;
    double f = 1 / up, r = 1 / down, s = 1 / takeover;
    double both = 1;
    double waiting = both * f / (s + f + r);
    /* Cut between {both} and the rest: 2 f both = r (one + waiting). */
    double one = 2 * f * both / r - waiting;
    double none = f * (one + waiting) / (2 * r);
    return (waiting + none) / (both + one + waiting + none);
}

double availability_failing(unsigned n, double up, double down, double detect, double notice)
{
    if (n == 0 || !(up > notice) || !(detect >= 0 && notice >= 0 && down > detect))
        return NAN;
    double cycle = up + down, good = (up - notice) / cycle, unseen = detect / cycle;
    double nobody = pow(1 - good - unseen, n);
    return unseen / (good + unseen) * (1 - nobody) + nobody;
}

double availability_unnoticed(double down, double detect)
{
    return down > 0 && detect >= 0 ? -down * expm1(-detect / down) : NAN;
}

double availability_hedged_quantile(double mean, double h, double p)
{
    if (!(mean > 0 && h >= 0 && p >= 0 && p < 1))
        return NAN;
    double alone = -mean * log1p(-p); /* it ends before the second begins */
    return alone <= h ? alone : (alone + h) / 2;
}

double availability_fan_out(unsigned n, double slow)
{
    return slow >= 0 && slow <= 1 ? -expm1(n * log1p(-slow)) : NAN;
}

double availability_slowest(unsigned n, double mean)
{
    double sum = 0;
    for (unsigned i = n; i > 0; i--)
        sum += mean / i;
    return sum;
}
