/* Traits: where they come from, when two of them are equal, and the join that no order of records
 * changes. */
#include "imgval/base/attr.h"
#include "imgval/model/submission.h"
#include "imgval/model/traits.h"
#include "tests/unit/unit.h"

static const char *ab[] = {"a", "b"};
static const char *ac[] = {"a", "c"};
static struct iv_layout_partition main_os[] = {{.store = 1, .name = "MainOS", .size = 8}};
static struct iv_layout_partition larger[] = {{.store = 1, .name = "MainOS", .size = 9}};
static struct iv_layout_partition other_store[] = {{.store = 2, .name = "MainOS", .size = 8}};
static struct iv_layout_partition rest[] = {{.store = 1, .name = "MainOS", .use_all_space = true}};
static struct iv_layout_partition sized_rest[] = {
    {.store = 1, .name = "MainOS", .size = 5, .use_all_space = true}};
static struct iv_layout_partition efi[] = {{.store = 1, .name = "EFIESP", .size = 8}};
static struct iv_layout_partition both[] = {{.store = 1, .name = "MainOS", .size = 8},
                                            {.store = 1, .name = "Data", .size = 8}};

#define LAYOUT(list)                                                                               \
    {                                                                                              \
        .present = true, .partitions = (list), .partition_count = IV_COUNT(list)                   \
    }

/* In ascending order: each is less than all that follow. */
static const struct iv_traits sorted_features[] = {
    {.has_features = false},
    {.has_features = true},
    {.has_features = true, .features = ab, .feature_count = 1},
    {.has_features = true, .features = ab, .feature_count = 2},
    {.has_features = true, .features = ac, .feature_count = 2},
};
static const struct iv_layout sorted_layouts[] = {
    {.present = false},
    {.present = true, .from_manifest = true, .partitions = larger, .partition_count = 1},
    {.present = true},
    LAYOUT(efi),
    LAYOUT(main_os),
    LAYOUT(both),
    LAYOUT(larger),
    LAYOUT(rest),
    LAYOUT(other_store),
};

static void test_order(void)
{
    for (size_t i = 0; i < IV_COUNT(sorted_features); i++) {
        for (size_t k = 0; k < IV_COUNT(sorted_features); k++) {
            const struct iv_traits *a = &sorted_features[i];
            const struct iv_traits *b = &sorted_features[k];
            CHECK_INT(iv_traits_are_equal(a, b), i == k);
            const struct iv_traits joined = iv_traits_join(a, b, true);
            CHECK(iv_traits_are_equal(&joined, i > k ? a : b));
        }
    }
    for (size_t i = 0; i < IV_COUNT(sorted_layouts); i++) {
        for (size_t k = 0; k < IV_COUNT(sorted_layouts); k++) {
            const struct iv_traits a = {.layout = sorted_layouts[i]};
            const struct iv_traits b = {.layout = sorted_layouts[k]};
            CHECK_INT(iv_layout_is_equal(&a.layout, &b.layout), i == k);
            CHECK_INT(iv_traits_are_equal(&a, &b), i == k);
            const struct iv_traits joined = iv_traits_join(&a, &b, true);
            CHECK(iv_layout_is_equal(&joined.layout, i > k ? &a.layout : &b.layout));
        }
    }
    /* The size of what takes the rest is that of one build. */
    const struct iv_layout x = LAYOUT(rest);
    const struct iv_layout y = LAYOUT(sized_rest);
    CHECK(iv_layout_is_equal(&x, &y));
    const struct iv_traits keys = {.has_identity_keys = true};
    CHECK(!iv_traits_are_equal(&keys, &(struct iv_traits){0}));
}

/* Without an order the first one stands where it says something. */
static void test_join(void)
{
    const struct iv_traits a = {
        .has_features = true, .features = ab, .feature_count = 1, .layout = sorted_layouts[3]};
    const struct iv_traits b = {.has_features = true,
                                .features = ac,
                                .feature_count = 2,
                                .layout = sorted_layouts[4],
                                .has_identity_keys = true};
    struct iv_traits joined = iv_traits_join(&a, &b, false);
    CHECK_INT(joined.feature_count, 1);
    CHECK(iv_layout_is_equal(&joined.layout, &a.layout));
    CHECK(joined.has_identity_keys);
    joined = iv_traits_join(&b, &a, false);
    CHECK_INT(joined.feature_count, 2);
    CHECK(joined.has_identity_keys);
    const struct iv_traits none = {0};
    joined = iv_traits_join(&none, &a, false);
    CHECK(iv_traits_are_equal(&joined, &a));
    joined = iv_traits_join(&none, &none, true);
    CHECK(iv_traits_are_equal(&joined, &none));
}

static void test_sources(struct iv_arena *arena)
{
    const char *features[] = {"B", "a", "b", "A"};
    struct iv_submission s = {
        .oem_input = {.path = "fw/OEMInput.xml",
                      .has_features = true,
                      .features = features,
                      .feature_count = 4},
        .layout = {.present = true,
                   .path = "fw/DeviceLayout.xml",
                   .partitions = main_os,
                   .partition_count = 1},
    };
    struct iv_traits traits = iv_traits_of(&s, arena);
    CHECK(traits.has_features && traits.has_identity_keys);
    if (CHECK_INT(traits.feature_count, 2)) {
        CHECK_STR(traits.features[0], "a");
        CHECK_STR(traits.features[1], "b");
    }
    CHECK(traits.layout.present && traits.layout.path == NULL && !traits.layout.from_manifest);

    /* A file with a fault gives nothing; a fault of another one, or of none, takes nothing. */
    struct iv_fault fault = {.kind = IV_FAULT_METADATA, .path = "fw/OEMInput.xml", .detail = "x"};
    s.faults = &fault;
    s.fault_count = 1;
    traits = iv_traits_of(&s, arena);
    CHECK(!traits.has_features && traits.layout.present);
    fault.path = "fw/DeviceLayout.xml";
    traits = iv_traits_of(&s, arena);
    CHECK(traits.has_features && !traits.layout.present);
    fault.path = NULL;
    traits = iv_traits_of(&s, arena);
    CHECK(traits.has_features && traits.layout.present);

    const struct iv_traits recorded = {.has_features = true};
    s.recorded_traits = &recorded;
    CHECK_INT(iv_traits_of(&s, arena).feature_count, 0);
}

/* The manifest of an FFU stands for a layout that was not found. */
static void test_manifest(struct iv_arena *arena)
{
    struct iv_image_store store = {.index = 1, .sector_size = 512};
    struct iv_image_claim claims[] = {
        {.store = 1, .name = "MainOS", .total_sectors = 4},
        {.store = 1, .name = "Data", .total_sectors = 4, .use_all_space = true},
        {.store = 2, .name = "Other", .total_sectors = 4},
        {.store = 1, .name = "Huge", .total_sectors = UINT64_MAX},
    };
    struct iv_submission s = {.image = {.present = true,
                                        .format = "FFU",
                                        .stores = &store,
                                        .store_count = 1,
                                        .claims = claims,
                                        .claim_count = 4}};
    struct iv_traits traits = iv_traits_of(&s, arena);
    CHECK(traits.layout.present && traits.layout.from_manifest);
    if (CHECK_INT(traits.layout.partition_count, 4)) {
        CHECK_INT(traits.layout.partitions[0].size, 2048);
        CHECK(traits.layout.partitions[1].use_all_space);
        CHECK_INT(traits.layout.partitions[1].size, 0);
        CHECK_INT(traits.layout.partitions[2].size, 0);
        CHECK_INT(traits.layout.partitions[3].size, 0);
    }
    s.image.format = "VHD";
    CHECK(!iv_traits_of(&s, arena).layout.present);
    s.image.format = "FFU";
    s.image.claim_count = 0;
    CHECK(!iv_traits_of(&s, arena).layout.present);
}

int main(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    test_order();
    test_join();
    test_sources(&arena);
    test_manifest(&arena);
    return unit_end();
}
