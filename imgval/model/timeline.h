/*
 * timeline.h: the algebra of one variant's history: which version can be updated to which in one
 * hop, the longest chain of baselines, the empty packages that would fix the breaks, packages that
 * come and go together. Pure functions over interned sets (pool.h); no input, no words.
 */
#ifndef IMGVAL_MODEL_TIMELINE_H
#define IMGVAL_MODEL_TIMELINE_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/model/pool.h"
#include "imgval/model/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One version: arrays of them are sorted by number. */
struct iv_point {
    uint32_t set;
    struct iv_version number;
};

/* ---- all pairs ------------------------------------------------------------------------------- */

#define IV_MATRIX_TILES ((size_t)96)         /* the drawing's side, at most */
#define IV_MATRIX_BROKEN_MAX ((size_t)100)   /* broken pairs that are listed */
#define IV_MATRIX_MEMORY ((size_t)256 << 20) /* bytes of its bit sets, at most */

struct iv_matrix_pair {
    uint32_t source;
    uint32_t target;
    uint32_t missing; /* packages of the source that the target lacks */
};

/*
 * A source may be serviced to a target in one hop when the target has a greater version and holds
 * the source's firmware set. Of the pairs in version order (source below target):
 */
struct iv_matrix {
    size_t count;       /* of points */
    uint64_t pairs;     /* in version order */
    uint64_t reachable; /* pairs that can be serviced */
    uint32_t *targets;  /* by point: how many targets it can be serviced to */
    uint32_t *sources;  /* by point: from how many sources it can be reached */
    uint32_t *longest;  /* the largest set of points of which each can be serviced to the next */
    size_t longest_count;
    struct iv_matrix_pair *broken; /* the first ones by target, then source */
    size_t broken_count;
    size_t tiles;          /* side of the drawing */
    uint32_t *tile_pairs;  /* tiles * tiles, [source * tiles + target] */
    uint32_t *tile_broken; /* likewise: pairs that cannot be serviced */
    /* one bit for each key, present and firmware, for each shape: */
    size_t words;
    uint32_t *shape; /* by point */
    uint64_t *present;
    uint64_t *firmware;
};

/* False: the bit sets would need more than IV_MATRIX_MEMORY, and nothing was computed. */
IV_MUST_USE bool iv_matrix_build(const struct iv_pool *pool, const struct iv_point *points,
                                 size_t count, bool all_owners, struct iv_arena *arena,
                                 struct iv_matrix *ret_matrix);
/* Whether the target holds the source's firmware set. */
bool iv_matrix_holds(const struct iv_matrix *matrix, size_t source, size_t target);

/* ---- fixes ----------------------------------------------------------------------------------- */

/* An empty package that a run of neighbouring points needs. */
struct iv_fix_span {
    uint32_t package; /* the last state that it had */
    uint32_t first;   /* points, both ends included */
    uint32_t last;
};

struct iv_fixes {
    struct iv_fix_span *spans; /* by first, then key */
    size_t count;
    uint64_t total;   /* packages to add, over all points */
    uint32_t *needed; /* by point: how many it needs */
};

/* The least that must be added so that each point holds the firmware set of the one before it.
 * Versions rise strictly. */
void iv_fixes_build(const struct iv_pool *pool, const struct iv_point *points, size_t count,
                    bool all_owners, struct iv_arena *arena, struct iv_fixes *ret_fixes);

/* ---- further advice -------------------------------------------------------------------------- */

/* Packages of one owner and partition that are there in the same points: candidates for a merge. */
struct iv_merge_group {
    uint32_t *packages; /* the last state of each, sorted by key */
    size_t count;
};

struct iv_merge_groups {
    struct iv_merge_group *groups; /* largest first, then by first key */
    size_t count;
};

void iv_merge_groups_build(const struct iv_pool *pool, const struct iv_point *points, size_t count,
                           struct iv_arena *arena, struct iv_merge_groups *ret_groups);

/* One version of one package with two contents: devices that have the first do not install the
 * second. */
struct iv_changed_content {
    uint32_t before; /* states */
    uint32_t after;
    uint32_t first; /* the points where they stand first */
    uint32_t second;
};

struct iv_changed_contents {
    struct iv_changed_content *items; /* by second point, then key */
    size_t count;
};

void iv_changed_contents_build(const struct iv_pool *pool, const struct iv_point *points,
                               size_t count, struct iv_arena *arena,
                               struct iv_changed_contents *ret_changed);

#endif
