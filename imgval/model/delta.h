/*
 * delta.h: two package sets paired by key: what was added, removed, changed, and what was probably
 * renamed. Pure; everything is borrowed from the sets.
 */
#ifndef IMGVAL_MODEL_DELTA_H
#define IMGVAL_MODEL_DELTA_H

#include "imgval/base/arena.h"
#include "imgval/model/device.h"
#include "imgval/model/package.h"

#include <stdbool.h>
#include <stddef.h>

/* What may become of a package; indexes of counts and words. */
enum {
    IV_CHANGES_ADDED,
    IV_CHANGES_REMOVED,
    IV_CHANGES_VERSION_UP,
    IV_CHANGES_VERSION_DOWN,
    IV_CHANGES_CONTENT,   /* same version, other file list: devices will not install it */
    IV_CHANGES_PARTITION, /* folded; none is MainOS */
    IV_CHANGES_FLAGS,     /* binary partition, empty, owner type, release type */
    IV_CHANGE_KINDS,
};

/* What became of one package, as a bit mask: added and removed stand alone. */
enum {
    IV_CHANGE_ADDED = 1 << IV_CHANGES_ADDED,
    IV_CHANGE_REMOVED = 1 << IV_CHANGES_REMOVED,
    IV_CHANGE_VERSION_UP = 1 << IV_CHANGES_VERSION_UP,
    IV_CHANGE_VERSION_DOWN = 1 << IV_CHANGES_VERSION_DOWN,
    IV_CHANGE_CONTENT = 1 << IV_CHANGES_CONTENT,
    IV_CHANGE_PARTITION = 1 << IV_CHANGES_PARTITION,
    IV_CHANGE_FLAGS = 1 << IV_CHANGES_FLAGS,
};

/* "added", "removed", "version-up", ... */
extern const char *const iv_change_names[IV_CHANGE_KINDS];

struct iv_change {
    unsigned what;
    const struct iv_package *before; /* NULL: added */
    const struct iv_package *after;  /* NULL: removed */
    const struct iv_package *other;  /* removed: the added package that it was probably renamed to;
                                        added: the removed one; NULL: none is suggested */
};

/* One value of the device metadata that the sides do not share. */
struct iv_value_change {
    const char *name;
    const char *before; /* NULL: only the later side has it */
    const char *after;  /* NULL: only the earlier side has it */
};

struct iv_delta {
    struct iv_change *changes; /* sorted by key; unchanged packages are not among them */
    size_t count;
    size_t counts[IV_CHANGE_KINDS]; /* how many changes are of each kind */
    size_t same;                    /* packages without a change */
    struct iv_value_change *values; /* sorted by name, then value */
    size_t value_count;
};

/* Pairs all packages of both sets, whoever owns them. */
void iv_delta_build(const struct iv_set *before, const struct iv_set *after, struct iv_arena *arena,
                    struct iv_delta *ret_delta);

/* Adds what the metadata in force say differently. */
void iv_delta_add_values(const struct iv_device *before, const struct iv_device *after,
                         struct iv_arena *arena, struct iv_delta *delta);

/*
 * Names under which a package may have come back: the packages of one set that another lacks, by
 * content, and by version, partition and size. Empty packages all look alike, so they tell nothing.
 */
struct iv_new_names {
    const struct iv_package **by_content;
    size_t content_count;
    const struct iv_package **by_shape;
    size_t shape_count;
};

/* Of the packages in `after` that `before` lacks. */
void iv_new_names_build(const struct iv_set *after, const struct iv_set *before,
                        struct iv_arena *arena, struct iv_new_names *ret_names);
/* The package that a missing one was probably renamed to, or NULL. */
const struct iv_package *iv_new_names_find(const struct iv_new_names *names,
                                           const struct iv_package *missing);

#endif
