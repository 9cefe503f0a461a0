/*
 * The algebra of a variant's history against the plainest model there is, on 10,000 random
 * histories: every pair tested name by name, every subset of versions tried as a chain of
 * baselines, every choice of packages to add tried as a fix.
 */
#include "imgval/base/attr.h"
#include "imgval/model/timeline.h"
#include "tests/unit/unit.h"

#include <stdint.h>
#include <stdlib.h>

enum { VERSIONS_MAX = 7, KEYS_MAX = 5, HISTORIES = 10000 };

/* A history as the model sees it: a package is absent, present, or Microsoft's. */
struct model {
    size_t versions;
    size_t keys;
    char state[VERSIONS_MAX][KEYS_MAX]; /* 0 absent, 1 firmware, 2 Microsoft's */
    unsigned number[VERSIONS_MAX];      /* rises, not always strictly */
    bool all_owners;
};

static uint64_t random_state = UINT64_C(0x2545f4914f6cdd1d);

static unsigned pick(unsigned bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)((random_state >> 11) % bound);
}

static void make_model(struct model *model, bool strict)
{
    *model = (struct model){
        .versions = 1 + pick(strict ? 4 : VERSIONS_MAX),
        .keys = 1 + pick(strict ? 3 : KEYS_MAX),
        .all_owners = pick(4) == 0,
    };
    unsigned number = 1;
    unsigned density = 2 + pick(6);
    for (size_t v = 0; v < model->versions; v++) {
        model->number[v] = number;
        number += strict ? 1 : pick(4) != 0 ? 1 : 0;
        for (size_t k = 0; k < model->keys; k++) {
            bool like_before = v > 0 && pick(2) == 0;
            model->state[v][k] = like_before          ? model->state[v - 1][k]
                                 : pick(density) == 0 ? 0
                                 : pick(6) == 0       ? 2
                                                      : 1;
        }
    }
}

static bool holds(const struct model *m, size_t source, size_t target)
{
    for (size_t k = 0; k < m->keys; k++) {
        bool counts = m->state[source][k] == 1 || (m->all_owners && m->state[source][k] != 0);
        if (counts && m->state[target][k] == 0) {
            return false;
        }
    }
    return true;
}

static bool may_update(const struct model *m, size_t source, size_t target)
{
    return m->number[source] < m->number[target] && holds(m, source, target);
}

static size_t longest(const struct model *m)
{
    size_t best = 0;
    for (unsigned chosen = 0; chosen < 1U << m->versions; chosen++) {
        size_t before = SIZE_MAX;
        size_t count = 0;
        bool fits = true;
        for (size_t v = 0; v < m->versions && fits; v++) {
            if ((chosen >> v & 1U) != 0) {
                fits = before == SIZE_MAX || may_update(m, before, v);
                before = v;
                count++;
            }
        }
        best = fits && count > best ? count : best;
    }
    return best;
}

/* Every choice of packages to add to every version; the fewest that make each step hold. */
static unsigned smallest_fix(const struct model *m)
{
    const size_t bits = m->versions * m->keys;
    unsigned best = UINT32_MAX;
    for (unsigned chosen = 0; chosen < 1U << bits; chosen++) {
        unsigned size = (unsigned)__builtin_popcount(chosen);
        if (size >= best) {
            continue;
        }
        struct model fixed = *m;
        bool fits = true;
        for (size_t b = 0; b < bits && fits; b++) {
            char *state = &fixed.state[b / m->keys][b % m->keys];
            if ((chosen >> b & 1U) != 0) {
                fits = *state == 0; /* nothing is added where it is already */
                *state = 1;
            }
        }
        for (size_t v = 1; v < m->versions && fits; v++) {
            fits = holds(&fixed, v - 1, v);
        }
        best = fits ? size : best;
    }
    return best;
}

static void build(const struct model *m, struct iv_pool *pool, struct iv_point *points)
{
    static const char *const keys[KEYS_MAX] = {"a", "b", "c", "d", "e"};
    for (size_t v = 0; v < m->versions; v++) {
        struct iv_package packages[KEYS_MAX];
        const struct iv_package *items[KEYS_MAX];
        struct iv_set set = {.items = items};
        for (size_t k = 0; k < m->keys; k++) {
            if (m->state[v][k] != 0) {
                packages[set.count] = (struct iv_package){
                    .key = keys[k],
                    .name = keys[k],
                    .version = pick(2) == 0 ? "1.0.0.1" : "1.0.0.2",
                    .owner_type = m->state[v][k] == 2 ? "Microsoft" : "OEM",
                };
                items[set.count] = &packages[set.count];
                set.count++;
            }
        }
        points[v] = (struct iv_point){.number = {.part = {0, 0, 0, (uint16_t)m->number[v]}}};
        CHECK(iv_pool_add(pool, &set, &points[v].set));
    }
}

static bool chain_fits(const struct model *m, const struct iv_matrix *matrix)
{
    for (size_t i = 1; i < matrix->longest_count; i++) {
        if (!may_update(m, matrix->longest[i - 1], matrix->longest[i])) {
            return false;
        }
    }
    return true;
}

static bool matrix_agrees(const struct model *m, const struct iv_matrix *matrix)
{
    uint64_t pairs = 0;
    uint64_t reachable = 0;
    for (size_t s = 0; s < m->versions; s++) {
        uint32_t targets = 0;
        uint32_t sources = 0;
        for (size_t t = 0; t < m->versions; t++) {
            targets += may_update(m, s, t) ? 1 : 0;
            sources += may_update(m, t, s) ? 1 : 0;
            pairs += m->number[s] < m->number[t] ? 1 : 0;
            if (iv_matrix_holds(matrix, s, t) != holds(m, s, t)) {
                return false;
            }
        }
        reachable += targets;
        if (matrix->targets[s] != targets || matrix->sources[s] != sources) {
            return false;
        }
    }
    for (size_t i = 0; i < matrix->broken_count; i++) {
        const struct iv_matrix_pair *pair = &matrix->broken[i];
        if (m->number[pair->source] >= m->number[pair->target] || pair->missing == 0 ||
            holds(m, pair->source, pair->target)) {
            return false;
        }
    }
    uint64_t tiles[2] = {0};
    for (size_t i = 0; i < matrix->tiles * matrix->tiles; i++) {
        tiles[0] += matrix->tile_pairs[i];
        tiles[1] += matrix->tile_broken[i];
    }
    return matrix->pairs == pairs && matrix->reachable == reachable && tiles[0] == pairs &&
           tiles[1] == pairs - reachable && matrix->broken_count == pairs - reachable;
}

/* The spans, put into the model, fix it and add nothing that is there. */
static bool spans_fix(const struct model *m, const struct iv_pool *pool,
                      const struct iv_fixes *fixes)
{
    struct model fixed = *m;
    uint64_t total = 0;
    for (size_t i = 0; i < fixes->count; i++) {
        const struct iv_fix_span *span = &fixes->spans[i];
        struct iv_package package;
        iv_pool_package(pool, span->package, &package);
        for (uint32_t v = span->first; v <= span->last; v++) {
            char *state = &fixed.state[v][package.key[0] - 'a'];
            if (*state != 0) {
                return false;
            }
            *state = 1;
            total++;
        }
    }
    for (size_t v = 1; v < m->versions; v++) {
        if (!holds(&fixed, v - 1, v)) {
            return false;
        }
    }
    return total == fixes->total;
}

int main(void)
{
    for (unsigned i = 0; i < HISTORIES; i++) {
        struct iv_arena arena IV_CLEANUP(iv_arena_fini);
        iv_arena_init(&arena);
        struct iv_pool pool IV_CLEANUP(iv_pool_fini) = {0};
        iv_pool_init(&pool, i);
        struct iv_point points[VERSIONS_MAX];
        struct iv_matrix matrix;
        struct iv_fixes fixes;
        struct model model;
        const bool strict = i % 2 == 0;
        make_model(&model, strict);
        build(&model, &pool, points);
        CHECK(iv_matrix_build(&pool, points, model.versions, model.all_owners, &arena, &matrix));
        CHECK(matrix_agrees(&model, &matrix));
        CHECK_INT(matrix.longest_count, longest(&model));
        CHECK(chain_fits(&model, &matrix));
        if (strict) {
            iv_fixes_build(&pool, points, model.versions, model.all_owners, &arena, &fixes);
            CHECK(spans_fix(&model, &pool, &fixes));
            CHECK_INT(fixes.total, smallest_fix(&model));
        }
    }
    return unit_end();
}
