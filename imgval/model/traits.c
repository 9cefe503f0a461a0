/*
 * Features come from OEMInput.xml, the layout from DeviceLayout.xml or, where there is none, from
 * the manifest of an FFU. A file that has a fault gives nothing: half a list would look like a
 * removal.
 *
 * The order at the end is total, so that joining the traits of two records by order gives the same
 * result whichever comes first.
 */
#include "imgval/model/traits.h"

#include "imgval/base/attr.h"
#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "imgval/model/submission.h"

#include <string.h>

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Whether the reader of the file found something wrong with it. */
static bool has_fault(const struct iv_submission *s, const char *path)
{
    for (size_t i = 0; path != NULL && i < s->fault_count; i++) {
        if (s->faults[i].path != NULL && strcmp(s->faults[i].path, path) == 0) {
            return true;
        }
    }
    return false;
}

/* Folded, sorted, each once. */
static void take_features(const struct iv_oem_input *input, struct iv_arena *arena,
                          struct iv_traits *traits)
{
    traits->has_features = true;
    traits->features = IV_NEW_ARRAY(arena, const char *, input->feature_count + 1);
    for (size_t i = 0; i < input->feature_count; i++) {
        traits->features[i] = iv_ascii_fold(arena, input->features[i]);
    }
    iv_sort(traits->features, input->feature_count, sizeof(*traits->features), compare_strings);
    for (size_t i = 0; i < input->feature_count; i++) {
        if (traits->feature_count == 0 ||
            strcmp(traits->features[traits->feature_count - 1], traits->features[i]) != 0) {
            traits->features[traits->feature_count++] = traits->features[i];
        }
    }
}

/* Bytes; 0 where the image has no such store, and sizes are then not known. */
static uint64_t sector_size(const struct iv_image *image, uint64_t store)
{
    for (size_t i = 0; i < image->store_count; i++) {
        if (image->stores[i].index == store) {
            return image->stores[i].sector_size;
        }
    }
    return 0;
}

/* The sections of an FFU's manifest stand for a DeviceLayout.xml that was not found. */
static void take_claims(const struct iv_image *image, struct iv_arena *arena,
                        struct iv_traits *traits)
{
    traits->layout = (struct iv_layout){
        .present = true,
        .from_manifest = true,
        .partitions = IV_NEW_ARRAY(arena, struct iv_layout_partition, image->claim_count),
        .partition_count = image->claim_count,
    };
    for (size_t i = 0; i < image->claim_count; i++) {
        const struct iv_image_claim *claim = &image->claims[i];
        uint64_t sector = sector_size(image, claim->store);
        uint64_t size = 0;
        if (claim->use_all_space || __builtin_mul_overflow(claim->total_sectors, sector, &size)) {
            size = 0;
        }
        traits->layout.partitions[i] = (struct iv_layout_partition){
            .store = claim->store,
            .name = claim->name,
            .size = size,
            .use_all_space = claim->use_all_space,
        };
    }
}

/* A submission that comes out of the store brings the traits that were recorded: the files are not
 * there to be read again. The layout's path is dropped, since a record has no place. */
struct iv_traits iv_traits_of(const struct iv_submission *submission, struct iv_arena *arena)
{
    struct iv_traits traits = {.has_identity_keys = true};
    if (submission->recorded_traits != NULL) {
        return *submission->recorded_traits;
    }
    if (submission->oem_input.has_features && !has_fault(submission, submission->oem_input.path)) {
        take_features(&submission->oem_input, arena, &traits);
    }
    if (submission->layout.present) {
        if (!has_fault(submission, submission->layout.path)) {
            traits.layout = submission->layout;
            traits.layout.path = NULL;
        }
    } else if (submission->image.format != NULL && strcmp(submission->image.format, "FFU") == 0 &&
               submission->image.claim_count > 0) {
        take_claims(&submission->image, arena, &traits);
    }
    return traits;
}

/* ---- order --------------------------------------------------------------------------------- */

/* Known before unknown, then as lists of words. */
static int compare_features(const struct iv_traits *a, const struct iv_traits *b)
{
    if (a->has_features != b->has_features) {
        return a->has_features ? 1 : -1;
    }
    for (size_t i = 0; i < a->feature_count && i < b->feature_count; i++) {
        int order = strcmp(a->features[i], b->features[i]);
        if (order != 0) {
            return order;
        }
    }
    return (a->feature_count > b->feature_count) - (a->feature_count < b->feature_count);
}

/* Where a partition takes what is left its size says nothing. */
static int compare_partitions(const struct iv_layout_partition *a,
                              const struct iv_layout_partition *b)
{
    int order = strcmp(a->name, b->name);
    if (order == 0) {
        order = (a->store > b->store) - (a->store < b->store);
    }
    if (order == 0) {
        order = a->use_all_space - b->use_all_space;
    }
    if (order == 0 && !a->use_all_space) {
        order = (a->size > b->size) - (a->size < b->size);
    }
    return order;
}

/* What a DeviceLayout.xml says is worth more than a manifest. */
static int compare_layouts(const struct iv_layout *a, const struct iv_layout *b)
{
    if (a->present != b->present) {
        return a->present ? 1 : -1;
    }
    if (a->from_manifest != b->from_manifest) {
        return a->from_manifest ? -1 : 1;
    }
    for (size_t i = 0; i < a->partition_count && i < b->partition_count; i++) {
        int order = compare_partitions(&a->partitions[i], &b->partitions[i]);
        if (order != 0) {
            return order;
        }
    }
    return (a->partition_count > b->partition_count) - (a->partition_count < b->partition_count);
}

bool iv_layout_is_equal(const struct iv_layout *a, const struct iv_layout *b)
{
    return compare_layouts(a, b) == 0;
}

/* What the first one does not know comes from the second. With `by_order` the higher of two that
 * are known wins, so the result is the same from either side; without, the first stays. */
struct iv_traits iv_traits_join(const struct iv_traits *a, const struct iv_traits *b, bool by_order)
{
    struct iv_traits joined = *a;
    if (!a->has_features || (by_order && compare_features(a, b) < 0)) {
        joined.has_features = b->has_features;
        joined.features = b->features;
        joined.feature_count = b->feature_count;
    }
    if (!a->layout.present || (by_order && compare_layouts(&a->layout, &b->layout) < 0)) {
        joined.layout = b->layout;
    }
    joined.has_identity_keys = a->has_identity_keys || b->has_identity_keys;
    return joined;
}

bool iv_traits_are_equal(const struct iv_traits *a, const struct iv_traits *b)
{
    return compare_features(a, b) == 0 && compare_layouts(&a->layout, &b->layout) == 0 &&
           a->has_identity_keys == b->has_identity_keys;
}
