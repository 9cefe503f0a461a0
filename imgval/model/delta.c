/*
 * A merge of two sets that are sorted by key. What one side has alone is added or removed; a key on
 * both sides is compared fact by fact, where a fact that one side does not know is no change.
 *
 * Then renames are guessed: a removed package is looked up among the added ones by its content,
 * else by version, partition and size. It is a suggestion in texts, never a rule's judgement.
 */
#include "imgval/model/delta.h"

#include "imgval/base/attr.h"
#include "imgval/base/sort.h"
#include "imgval/base/text.h"

#include <stdlib.h>
#include <string.h>

const char *const iv_change_names[IV_CHANGE_KINDS] = {
    "added", "removed", "version-up", "version-down", "content", "partition", "flags",
};

/* ---- new names ------------------------------------------------------------------------------- */

/* Both orders compare all that has to agree, so bsearch() with them finds a package that agrees. */
static int content_order(const void *a, const void *b)
{
    const struct iv_package *x = *(const struct iv_package *const *)a;
    const struct iv_package *y = *(const struct iv_package *const *)b;
    return strcmp(x->content, y->content);
}

static int shape_order(const void *a, const void *b)
{
    const struct iv_package *x = *(const struct iv_package *const *)a;
    const struct iv_package *y = *(const struct iv_package *const *)b;
    if (x->total_size != y->total_size) {
        return x->total_size < y->total_size ? -1 : 1;
    }
    int order = iv_version_compare(x->number, y->number);
    return order != 0 ? order : iv_ascii_casecmp(iv_package_partition(x), iv_package_partition(y));
}

/* Empty packages have the same content whatever their name, so they are never taken for a
 * rename. */
static bool has_content(const struct iv_package *p)
{
    return p->content != NULL && !p->empty && p->total_size > 0;
}

/* Whether version, partition and size say enough to guess by. */
static bool has_shape(const struct iv_package *p)
{
    return p->version != NULL && !p->empty && p->total_size > 0 && !iv_version_is_zero(p->number);
}

/* Only what is new can be a new name; a package that was there before is what it was. */
void iv_new_names_build(const struct iv_set *after, const struct iv_set *before,
                        struct iv_arena *arena, struct iv_new_names *ret_names)
{
    struct iv_new_names names = {
        .by_content = IV_NEW_ARRAY(arena, const struct iv_package *, after->count + 1),
        .by_shape = IV_NEW_ARRAY(arena, const struct iv_package *, after->count + 1),
    };
    for (size_t i = 0; i < after->count; i++) {
        const struct iv_package *p = after->items[i];
        if (iv_set_find(before, p->key) != NULL) {
            continue;
        }
        if (has_content(p)) {
            names.by_content[names.content_count++] = p;
        }
        if (has_shape(p)) {
            names.by_shape[names.shape_count++] = p;
        }
    }
    iv_sort(names.by_content, names.content_count, sizeof(*names.by_content), content_order);
    iv_sort(names.by_shape, names.shape_count, sizeof(*names.by_shape), shape_order);
    *ret_names = names;
}

const struct iv_package *iv_new_names_find(const struct iv_new_names *names,
                                           const struct iv_package *missing)
{
    const struct iv_package **hit = NULL;
    if (has_content(missing)) {
        hit = bsearch(&missing, names->by_content, names->content_count, sizeof(*names->by_content),
                      content_order);
    }
    if (hit == NULL && has_shape(missing)) {
        hit = bsearch(&missing, names->by_shape, names->shape_count, sizeof(*names->by_shape),
                      shape_order);
    }
    return hit != NULL ? *hit : NULL;
}

/* ---- packages -------------------------------------------------------------------------------- */

/* Two texts of a manifest; what is not said on one side is not known to differ. */
static bool differs(const char *before, const char *after)
{
    return before != NULL && after != NULL && !iv_ascii_ieq(before, after);
}

/* What differs between two states of one package, as IV_CHANGE_...; 0: nothing that is known. */
static unsigned compare(const struct iv_package *before, const struct iv_package *after)
{
    unsigned what = 0;
    /* A list of names carries no versions: nothing is known to have changed then. */
    int order = before->version == NULL || after->version == NULL
                    ? 0
                    : iv_version_compare(after->number, before->number);
    if (order > 0) {
        what |= IV_CHANGE_VERSION_UP;
    } else if (order < 0) {
        what |= IV_CHANGE_VERSION_DOWN;
    } else if (iv_package_content_differs(before, after)) {
        what |= IV_CHANGE_CONTENT;
    }
    if (!iv_ascii_ieq(iv_package_partition(before), iv_package_partition(after))) {
        what |= IV_CHANGE_PARTITION;
    }
    if (before->binary_partition != after->binary_partition || before->empty != after->empty ||
        differs(before->owner_type, after->owner_type) ||
        differs(before->release_type, after->release_type)) {
        what |= IV_CHANGE_FLAGS;
    }
    return what;
}

/* Counts the pair, and lists it when something changed. */
static void note(struct iv_delta *delta, const struct iv_change *change)
{
    if (change->what == 0) {
        delta->same++;
        return;
    }
    delta->changes[delta->count++] = *change;
    for (unsigned i = 0; i < IV_CHANGE_KINDS; i++) {
        delta->counts[i] += (change->what >> i) & 1U;
    }
}

/* By address: only the same package is equal. */
static int change_order(const void *a, const void *b)
{
    const struct iv_package *x = *(const struct iv_package *const *)a;
    const struct iv_package *y = *(const struct iv_package *const *)b;
    return (x > y) - (x < y);
}

/* Where a removed package points to a new name, the new one points back (to the first of them). */
static void pair_names(const struct iv_set *before, const struct iv_set *after,
                       struct iv_arena *arena, struct iv_delta *delta)
{
    struct iv_new_names names;
    iv_new_names_build(after, before, arena, &names);

    struct iv_change *added = delta->changes;
    size_t added_count = 0;
    struct added_place {
        const struct iv_package *package; /* first, for change_order() */
        struct iv_change *change;
    } *places = IV_NEW_ARRAY(arena, struct added_place, delta->count + 1);
    for (size_t i = 0; i < delta->count; i++) {
        if ((added[i].what & IV_CHANGE_ADDED) != 0) {
            places[added_count++] =
                (struct added_place){.package = added[i].after, .change = &added[i]};
        }
    }

    iv_sort(places, added_count, sizeof(*places), change_order);
    for (size_t i = 0; i < delta->count; i++) {
        struct iv_change *change = &delta->changes[i];
        if ((change->what & IV_CHANGE_REMOVED) == 0) {
            continue;
        }
        const struct iv_package *other = iv_new_names_find(&names, change->before);
        struct added_place *place =
            other == NULL ? NULL
                          : bsearch(&other, places, added_count, sizeof(*places), change_order);
        if (place != NULL && place->change->other == NULL) {
            place->change->other = change->before;
            change->other = other;
        }
    }
}

/* Both sets are sorted by key, so one pass sees each key once, and changes come out in its
 * order. */
void iv_delta_build(const struct iv_set *before, const struct iv_set *after, struct iv_arena *arena,
                    struct iv_delta *ret_delta)
{
    struct iv_delta delta = {
        .changes = IV_NEW_ARRAY(arena, struct iv_change, before->count + after->count + 1),
    };
    size_t i = 0;
    size_t k = 0;
    while (i < before->count || k < after->count) {
        int order = i == before->count  ? 1
                    : k == after->count ? -1
                                        : strcmp(before->items[i]->key, after->items[k]->key);
        struct iv_change change = {
            .before = order <= 0 ? before->items[i++] : NULL,
            .after = order >= 0 ? after->items[k++] : NULL,
        };
        change.what = order < 0   ? (unsigned)IV_CHANGE_REMOVED
                      : order > 0 ? (unsigned)IV_CHANGE_ADDED
                                  : compare(change.before, change.after);
        note(&delta, &change);
    }
    pair_names(before, after, arena, &delta);
    *ret_delta = delta;
}

/* ---- metadata -------------------------------------------------------------------------------- */

/* The order of iv_device.values, so that two devices can be merged. */
static int value_order(const struct iv_datum *x, const struct iv_datum *y)
{
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : strcmp(x->value, y->value);
}

void iv_delta_add_values(const struct iv_device *before, const struct iv_device *after,
                         struct iv_arena *arena, struct iv_delta *delta)
{
    size_t room = before->value_count + after->value_count;
    delta->values = IV_NEW_ARRAY(arena, struct iv_value_change, room + 1);
    size_t i = 0;
    size_t k = 0;
    while (i < before->value_count || k < after->value_count) {
        int order = i == before->value_count  ? 1
                    : k == after->value_count ? -1
                                              : value_order(&before->values[i], &after->values[k]);
        if (order == 0) {
            i++;
            k++;
            continue;
        }
        const struct iv_datum *one = order < 0 ? &before->values[i++] : &after->values[k++];
        struct iv_value_change *last =
            delta->value_count == 0 ? NULL : &delta->values[delta->value_count - 1];
        /* A name with one value on each side is one change, not a removal and an addition. */
        if (last != NULL && strcmp(last->name, one->name) == 0 &&
            (order < 0 ? last->before : last->after) == NULL) {
            *(order < 0 ? &last->before : &last->after) = one->value;
            continue;
        }
        delta->values[delta->value_count++] = (struct iv_value_change){
            .name = one->name,
            .before = order < 0 ? one->value : NULL,
            .after = order < 0 ? NULL : one->value,
        };
    }
}
