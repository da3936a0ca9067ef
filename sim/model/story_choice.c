/*
 * What is seen at a pick: taken down before it, since a pick may change the algorithm's state, and
 * told after it. Among more than a dozen candidates only those are told of who say something: the
 * one picked, those tried before, the one with the least in flight for its weight, and those of whom
 * the balancer believes what is not true.
 */
#include <stdio.h>
#include <string.h>

#include "sim/model/story_private.h"

static bool about(const struct world *w, uint32_t id)
{
    const struct request *r = &w->requests.at[id];
    return r->number == w->story->number && (r->flags & REQUEST_PROBE) == 0 && !w->story->ended;
}

/* --- before ----------------------------------------------------------------------------------- */

struct listener {
    struct story *story;
    const struct balancer_tier *tier;
};

static void add_fact(struct story_fact *facts, uint32_t *count, uint32_t most, const char *name,
                     double value)
{
    if (*count == most)
        return;
    (void)snprintf(facts[*count].name, sizeof facts[*count].name, "%s", name);
    facts[(*count)++].value = value;
}

static struct story_candidate *candidate_of(struct story *story, uint32_t member)
{
    uint32_t low = 0, high = story->candidate_count; /* they stand in order */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (story->candidates[middle].member < member)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < story->candidate_count && story->candidates[low].member == member;
    return found ? &story->candidates[low] : NULL;
}

static void hear(void *to, int32_t row, const char *name, double value)
{
    struct listener *listener = to;
    struct story *story = listener->story;
    if (row < 0) {
        add_fact(story->facts, &story->fact_count, STORY_OWN_FACTS, name, value);
        return;
    }
    struct story_candidate *c = candidate_of(story, listener->tier->backend_of[row]);
    if (c != NULL)
        add_fact(c->facts, &c->fact_count, STORY_FACTS, name, value);
}

static bool was_tried(const struct world *w, const struct front *f, uint32_t id, uint32_t member)
{
    const int32_t *tried = NULL;
    uint32_t count = w->balancer_retries ? front_tried(w, f, id, &tried) : 0;
    for (uint32_t i = 0; i < count; i++)
        if (tried[i] == (int32_t)member)
            return true;
    return false;
}

static void add_candidate(struct world *w, const struct front *f, uint32_t id, uint32_t member)
{
    struct story *story = w->story;
    struct story_candidate *c = &story->candidates[story->candidate_count++];
    const struct lb_backend *row = balancer_books(&f->balancer, member);
    *c = (struct story_candidate){.name = story_member(w, f, (int32_t)member),
                                  .member = member,
                                  .balancer = f->outer,
                                  .belief = balancer_belief(&f->balancer, member),
                                  .usable = balancer_usable(&f->balancer, member),
                                  .tried = was_tried(w, f, id, member),
                                  .weight = row->weight,
                                  .in_flight = row->in_flight,
                                  .line = waiting_for(&f->balancer.waiting, member)};
    if (f->outer)
        return;
    const struct backend *b = &w->backends[member];
    c->truth = (enum truth)b->truth;
    c->busy = b->busy;
    c->slots = b->slots;
    c->queue = b->queued;
}

void story_before_pick(struct world *w, struct front *f, uint32_t id)
{
    struct story *story = w->story;
    const struct balancer *b = &f->balancer;
    if (!about(w, id))
        return;
    const struct request *r = world_request(w, id);
    uint32_t number =
        f->rule->pool_of_class != NULL ? f->rule->pool_of_class[r->class] : f->rule->pool;
    story->fact_count = story->candidate_count = 0;
    for (uint32_t i = 0; i < b->backend_count; i++)
        if (b->places[i].pool == number && (b->places[i].out & BALANCER_OUT_SUBSET) == 0)
            add_candidate(w, f, id, i);
    const struct balancer_pool *pool = &b->pools[number];
    for (uint32_t t = pool->first; t < pool->first + pool->count; t++) {
        const struct balancer_tier *tier = &b->tiers[t];
        struct listener listener = {.story = story, .tier = tier};
        if (tier->algorithm->describe != NULL)
            tier->algorithm->describe(tier->state, hear, &listener);
    }
}

/* --- after ------------------------------------------------------------------------------------ */

static bool mistaken(const struct story_candidate *c)
{
    bool believed = c->belief == BELIEF_UP || c->belief == BELIEF_WARMING;
    bool works = c->truth == TRUTH_OK || c->truth == TRUTH_SLOW;
    return !c->balancer && c->belief != BELIEF_DRAINING &&
           (believed != works || c->truth == TRUTH_SLOW);
}

/* The usable one with the least in flight for its weight; the first of equals. */
static uint32_t lightest(const struct story *story)
{
    uint32_t best = UINT32_MAX;
    double least = 0.0;
    for (uint32_t i = 0; i < story->candidate_count; i++) {
        const struct story_candidate *c = &story->candidates[i];
        if (!c->usable || c->tried || c->weight == 0)
            continue;
        double load = (double)(c->in_flight + c->line) / c->weight;
        if (best == UINT32_MAX || load < least) {
            best = i;
            least = load;
        }
    }
    return best;
}

/* Those to tell of, moved to the front of the list in their order; how many. The picked one is always
 * among them. */
static uint32_t choose(struct story *story)
{
    struct story_candidate *list = story->candidates;
    uint32_t best = lightest(story), count = 0;
    if (story->candidate_count <= STORY_CANDIDATES)
        return story->candidate_count;
    for (uint32_t i = 0, others = 0; i < story->candidate_count; i++) {
        bool tell =
            (i == best || list[i].tried || mistaken(&list[i])) && others + 1 < STORY_CANDIDATES;
        if (!list[i].picked && !tell)
            continue;
        others += list[i].picked ? 0U : 1U;
        list[count++] = list[i];
    }
    return count;
}

void story_picked(struct world *w, struct front *f, uint32_t id, int32_t member, lb_time now)
{
    struct story *story = w->story;
    char text[320];
    if (!about(w, id))
        return;
    const char *algorithm = f->balancer.tiers[0].algorithm->name;
    struct story_step step = story_step("choice", now);
    uint32_t usable = 0;
    for (uint32_t i = 0; i < story->candidate_count; i++) {
        usable += story->candidates[i].usable ? 1U : 0U;
        story->candidates[i].picked = (int32_t)story->candidates[i].member == member;
    }
    step.backend = member >= 0 && !f->outer ? member : -1;
    if (member >= 0) {
        step.where = story_member(w, f, member);
        (void)snprintf(text, sizeof text, "%s picks %.64s; %u of %u usable", algorithm, step.where,
                       usable, story->candidate_count);
    } else {
        (void)snprintf(text, sizeof text, "%s %s; %u of %u usable", algorithm,
                       member == LB_WAIT ? "lets it wait" : "has nobody for it", usable,
                       story->candidate_count);
    }
    step.candidates = story->candidates;
    step.candidate_count = choose(story);
    step.left_out = story->candidate_count - step.candidate_count;
    step.facts = story->facts;
    step.fact_count = story->fact_count;
    step.text = text;
    story->tell(story->self, &step);
}
