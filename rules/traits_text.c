/* Differences of features and layouts as one clause of a message (SVC001, SVC005). Only what both
 * sides know is compared: a side that did not look is no change. At most LISTED_MAX are named, the
 * rest is counted: a message must stay readable when two sets have nothing in common. */
#include "rules/traits_text.h"

#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/base/text.h"

#include <inttypes.h>
#include <string.h>

/* So many are listed by name. */
#define LISTED_MAX 20

/* Features of `one` that `other` lacks, after the word; both are sorted. */
static void add_lacking(struct iv_buf *buf, const char *word, const struct iv_traits *one,
                        const struct iv_traits *other)
{
    size_t found = 0;
    size_t k = 0;
    for (size_t i = 0; i < one->feature_count; i++) {
        while (k < other->feature_count && strcmp(other->features[k], one->features[i]) < 0) {
            k++;
        }
        if (k < other->feature_count && strcmp(other->features[k], one->features[i]) == 0) {
            continue;
        }
        if (found < LISTED_MAX) {
            const char *before = found > 0 ? ", " : buf->size > 0 ? "; " : "";
            iv_buf_printf(buf, "%s%s%s", before, found > 0 ? "" : word, one->features[i]);
        }
        found++;
    }
    if (found > LISTED_MAX) {
        iv_buf_printf(buf, " and %zu more", found - LISTED_MAX);
    }
}

const char *iv_rules_features_change(struct iv_arena *arena, const struct iv_traits *before,
                                     const struct iv_traits *now)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    if (!before->has_features || !now->has_features) {
        return NULL;
    }
    add_lacking(&buf, "added: ", now, before);
    add_lacking(&buf, "removed: ", before, now);
    return buf.size == 0 ? NULL : iv_arena_strdup(arena, iv_buf_text(&buf));
}

/* The partition of that name in the same store, or NULL. Names are unique within a store but where
 * IMG204 says otherwise; then the first one stands for them. */
static const struct iv_layout_partition *find(const struct iv_layout *layout,
                                              const struct iv_layout_partition *like)
{
    for (size_t i = 0; i < layout->partition_count; i++) {
        const struct iv_layout_partition *p = &layout->partitions[i];
        if (p->store == like->store && iv_ascii_ieq(p->name, like->name)) {
            return p;
        }
    }
    return NULL;
}

/* Counts every change and lists the first ones. */
static void add_change(struct iv_buf *buf, size_t *count, const char *text)
{
    if (*count < LISTED_MAX) {
        iv_buf_printf(buf, "%s%s", *count > 0 ? "; " : "", text);
    }
    ++*count;
}

/* One partition in both layouts; `before` NULL: it is new. A size of 0 is not known. At most one
 * change for a partition, the one that matters most to an update. */
static void compare_one(struct iv_buf *buf, size_t *count, struct iv_arena *arena,
                        const struct iv_layout_partition *before,
                        const struct iv_layout_partition *now, bool with_sizes)
{
    if (before == NULL) {
        add_change(buf, count, iv_arena_printf(arena, "%s is new", now->name));
    } else if (before->use_all_space != now->use_all_space) {
        add_change(buf, count,
                   iv_arena_printf(arena, "%s %s all the space that is left", now->name,
                                   now->use_all_space ? "now takes" : "no longer takes"));
    } else if (with_sizes && before->size != 0 && now->size != 0 && before->size != now->size) {
        add_change(buf, count,
                   iv_arena_printf(arena, "%s has %" PRIu64 " bytes instead of %" PRIu64, now->name,
                                   now->size, before->size));
    }
}

/* Whether the partitions that both have stand in the same order in each. Walks both lists side by
 * side and passes over what the other one lacks: a partition that is new is no other order. */
static bool is_same_order(const struct iv_layout *before, const struct iv_layout *now)
{
    size_t k = 0;
    for (size_t i = 0; i < before->partition_count; i++) {
        const struct iv_layout_partition *p = &before->partitions[i];
        if (find(now, p) == NULL) {
            continue;
        }
        while (k < now->partition_count && find(before, &now->partitions[k]) == NULL) {
            k++;
        }
        if (k == now->partition_count || now->partitions[k].store != p->store ||
            !iv_ascii_ieq(now->partitions[k].name, p->name)) {
            return false;
        }
        k++;
    }
    return true;
}

/* A builder fills in sizes that a DeviceLayout.xml leaves open: of two kinds of sources, names and
 * order alone are compared. */
const char *iv_rules_layout_change(struct iv_arena *arena, const struct iv_traits *before,
                                   const struct iv_traits *now)
{
    const struct iv_layout *a = &before->layout;
    const struct iv_layout *b = &now->layout;
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    size_t count = 0;
    if (!a->present || !b->present) {
        return NULL;
    }
    for (size_t i = 0; i < b->partition_count; i++) {
        compare_one(&buf, &count, arena, find(a, &b->partitions[i]), &b->partitions[i],
                    a->from_manifest == b->from_manifest);
    }
    for (size_t i = 0; i < a->partition_count; i++) {
        if (find(b, &a->partitions[i]) == NULL) {
            add_change(&buf, &count, iv_arena_printf(arena, "%s is gone", a->partitions[i].name));
        }
    }
    if (!is_same_order(a, b)) {
        add_change(&buf, &count, "the partitions stand in another order");
    }
    if (count > LISTED_MAX) {
        iv_buf_printf(&buf, " and %zu more", count - LISTED_MAX);
    }
    return count == 0 ? NULL : iv_arena_strdup(arena, iv_buf_text(&buf));
}
