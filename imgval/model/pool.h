/*
 * pool.h: package sets of a history, interned: every text, every state of a package and every set
 * is kept once, however many versions share it. A set is a vector of numbers sorted by key, so that
 * comparing two of them is integer work.
 *
 * Numbers depend on the order in which sets were added; nothing that people see may.
 */
#ifndef IMGVAL_MODEL_POOL_H
#define IMGVAL_MODEL_POOL_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/model/package.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Open addressing over numbers; the owner knows what they stand for. */
struct iv_pool_table {
    uint32_t *slots; /* number + 1; 0: free */
    size_t capacity; /* a power of two */
    size_t count;
};

/* One state of one package. Texts are numbers of texts; 0: not said. */
struct iv_pool_package {
    uint32_t key;
    uint32_t name;
    uint32_t version;
    uint32_t partition;
    uint32_t owner;
    uint32_t component;
    uint32_t sub_component;
    uint32_t owner_type;
    uint32_t release_type;
    uint32_t content;
    uint32_t content_other;
    uint64_t total_size; /* bytes */
    bool binary_partition;
    bool empty;
    bool unreadable;
    bool firmware; /* not owned by Microsoft */
    enum iv_style style;
};

struct iv_pool_set {
    uint32_t *items; /* numbers of states, sorted by the key's text */
    uint32_t count;
    uint32_t firmware; /* how many are not owned by Microsoft */
    uint32_t empty;
    uint32_t unreadable;
    uint64_t total_size; /* bytes, as far as manifests say */
};

struct iv_pool {
    struct iv_arena arena;
    uint64_t seed; /* of the tables; results do not depend on it */
    const char **texts;
    struct iv_pool_package *packages;
    struct iv_pool_set *sets;
    size_t text_count, text_capacity;
    size_t package_count, package_capacity;
    size_t set_count, set_capacity;
    struct iv_pool_table text_table, package_table, set_table;
    uint32_t latest; /* the set that was added last; there is none while set_count is 0 */
};

void iv_pool_init(struct iv_pool *pool, uint64_t seed);
void iv_pool_fini(struct iv_pool *pool); /* for IV_CLEANUP */

/* The number of a set of present packages; everything is copied. False when the pool is full (2^31
 * texts or states): the set is not in it. */
IV_MUST_USE bool iv_pool_add(struct iv_pool *pool, const struct iv_set *set, uint32_t *ret_set);

/* A state as a package; texts are borrowed from the pool. */
void iv_pool_package(const struct iv_pool *pool, uint32_t number, struct iv_package *ret_package);

/* The items of two sets that are not the same in both, as sets of packages in the arena: what
 * iv_delta_build() has to look at. Returns how many items are the same. */
size_t iv_pool_differ(const struct iv_pool *pool, uint32_t before, uint32_t after,
                      struct iv_arena *arena, struct iv_set *ret_before, struct iv_set *ret_after);

/*
 * The superset test (imgval(1), The comparison): numbers of the states in `smaller` that count (all
 * with all_owners, else firmware) and whose key `larger` does not hold, sorted by key. ret_missing
 * may be NULL: then they are only counted.
 */
size_t iv_pool_missing(const struct iv_pool *pool, uint32_t larger, uint32_t smaller,
                       bool all_owners, struct iv_arena *arena, uint32_t **ret_missing);

#endif
