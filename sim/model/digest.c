/* See digest.h: the end of XXH64, where the four sums become one. */
#include "sim/model/digest.h"

uint64_t digest_value(const struct digest *d)
{
    static const int turns[4] = {1, 7, 12, 18};
    uint64_t h = DIGEST_PRIME_5; /* of no line at all */
    if (d->lines > 0) {
        h = 0;
        for (int i = 0; i < 4; i++)
            h += lb_rotl64(d->sum[i], turns[i]);
        for (int i = 0; i < 4; i++)
            h = (h ^ digest_turn(0, d->sum[i])) * DIGEST_PRIME_1 + DIGEST_PRIME_4;
    }
    h += 32 * d->lines;
    h = (h ^ (h >> 33)) * DIGEST_PRIME_2;
    h = (h ^ (h >> 29)) * DIGEST_PRIME_3;
    return h ^ (h >> 32);
}
