/*
 * traits.h: what a submission is built from besides its packages, as far as the service's further
 * rules (SVC001, SVC002, ...) compare it between versions: the optional features of the
 * operating system and the layout of the partitions. They are recorded with a submission and are
 * no part of its id. Plain data, borrowed from an arena.
 */
#ifndef IMGVAL_MODEL_TRAITS_H
#define IMGVAL_MODEL_TRAITS_H

#include "imgval/base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_submission;

struct iv_layout_partition {
    uint64_t store; /* from 1 */
    const char *name;
    uint64_t size; /* bytes; 0: not said, or all the space that is left */
    bool use_all_space;
};

/* DeviceLayout.xml, or the manifest of an FFU that stands for it. */
struct iv_layout {
    bool present;
    const char *path;
    bool from_manifest;                     /* of an FFU: the builder filled in sizes */
    struct iv_layout_partition *partitions; /* in the order of the file */
    size_t partition_count;
};

struct iv_traits {
    bool has_features;     /* an OEMInput.xml was read */
    const char **features; /* Features/Microsoft: folded, sorted, each once */
    size_t feature_count;
    struct iv_layout layout; /* without its path */
    /* Installed and bare packages are keyed by the identity's name. Before 0.2.0 they were by the
     * package's identifier: see struct iv_set. */
    bool has_identity_keys;
};

/* Those of a submission that was read, or of a record; all false where nothing is known. A source
 * that could not be read whole gives nothing. */
struct iv_traits iv_traits_of(const struct iv_submission *submission, struct iv_arena *arena);

/* One out of two for the same submission: what one lacks comes from the other, and what both say
 * from `a`, or with `by_order` from the greater of the two, whatever the order of a and b. */
struct iv_traits iv_traits_join(const struct iv_traits *a, const struct iv_traits *b,
                                bool by_order);

/* Whether two layouts say the same, wherever they stand. */
bool iv_layout_is_equal(const struct iv_layout *a, const struct iv_layout *b);

/* Whether both say the same. */
bool iv_traits_are_equal(const struct iv_traits *a, const struct iv_traits *b);

#endif
