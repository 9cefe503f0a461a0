/* Two sets side by side: what counts as a change, which names are taken for a rename, and the
 * values of the device. */
#include "imgval/base/attr.h"
#include "imgval/model/delta.h"
#include "imgval/report/history/delta_report.h"
#include "tests/unit/unit.h"

/* A whole package; a test changes what it is about. */
static struct iv_package package(const char *key)
{
    return (struct iv_package){
        .key = key,
        .name = key,
        .path = key,
        .version = "1.0.0.7",
        .number = {{1, 0, 0, 7}},
        .owner_type = "OEM",
        .release_type = "Production",
        .content = "c0",
        .style = IV_STYLE_SPKG,
        .total_size = 10,
    };
}

static struct iv_delta delta_of(const struct iv_package *before, size_t before_count,
                                const struct iv_package *after, size_t after_count,
                                struct iv_arena *arena)
{
    struct iv_set a;
    struct iv_set b;
    struct iv_delta delta;
    iv_set_build(before, before_count, arena, &a);
    iv_set_build(after, after_count, arena, &b);
    iv_delta_build(&a, &b, arena, &delta);
    return delta;
}

/* What changed between two states of one package; 0: nothing. */
static unsigned changed(struct iv_package before, struct iv_package after, struct iv_arena *arena)
{
    struct iv_delta delta = delta_of(&before, 1, &after, 1, arena);
    CHECK_INT(delta.same + delta.count, 1);
    return delta.count == 0 ? 0 : delta.changes[0].what;
}

static void test_kinds(struct iv_arena *arena)
{
    const struct iv_package p = package("a");
    CHECK_INT(changed(p, p, arena), 0);
    struct iv_package q = p;
    q.number = (struct iv_version){{1, 0, 0, 8}};
    CHECK_INT(changed(p, q, arena), IV_CHANGE_VERSION_UP);
    CHECK_INT(changed(q, p, arena), IV_CHANGE_VERSION_DOWN);
    /* Another content under another version is as it should be. */
    q.content = "c1";
    CHECK_INT(changed(p, q, arena), IV_CHANGE_VERSION_UP);
    /* Without a version, on either side, nothing is known to have changed. */
    q.version = NULL;
    q.content = "c0";
    CHECK_INT(changed(p, q, arena), 0);
    CHECK_INT(changed(q, p, arena), 0);

    q = p;
    q.content = "c1";
    CHECK_INT(changed(p, q, arena), IV_CHANGE_CONTENT);
    q = p;
    q.partition = "mainOS";
    CHECK_INT(changed(p, q, arena), 0);
    q.partition = "EFIESP";
    CHECK_INT(changed(p, q, arena), IV_CHANGE_PARTITION);
    q = p;
    q.binary_partition = true;
    CHECK_INT(changed(p, q, arena), IV_CHANGE_FLAGS);
    q = p;
    q.empty = true;
    CHECK_INT(changed(p, q, arena), IV_CHANGE_FLAGS);
    q = p;
    q.owner_type = "oem";
    q.release_type = "PRODUCTION";
    CHECK_INT(changed(p, q, arena), 0);
    q.owner_type = "Microsoft";
    CHECK_INT(changed(p, q, arena), IV_CHANGE_FLAGS);
    q = p;
    q.release_type = "Test";
    CHECK_INT(changed(p, q, arena), IV_CHANGE_FLAGS);
    /* What one side does not say is not known to differ. */
    q = p;
    q.owner_type = NULL;
    q.release_type = NULL;
    CHECK_INT(changed(p, q, arena), 0);
    CHECK_INT(changed(q, p, arena), 0);
}

/* Of what is in both sets, in one, in the other: each once, in the order of keys. */
static void test_merge(struct iv_arena *arena)
{
    const struct iv_package before[] = {package("b"), package("d"), package("e")};
    struct iv_package after[] = {package("a"), package("b"), package("e")};
    after[0].content = "other";
    after[0].total_size = 11;
    after[2].number = (struct iv_version){{1, 0, 0, 6}};
    const struct iv_delta delta = delta_of(before, 3, after, 3, arena);
    CHECK_INT(delta.same, 1);
    if (CHECK_INT(delta.count, 3)) {
        CHECK_INT(delta.changes[0].what, IV_CHANGE_ADDED);
        CHECK_STR(delta.changes[0].after->key, "a");
        CHECK(delta.changes[0].before == NULL && delta.changes[0].other == NULL);
        CHECK_INT(delta.changes[1].what, IV_CHANGE_REMOVED);
        CHECK_STR(delta.changes[1].before->key, "d");
        CHECK(delta.changes[1].after == NULL && delta.changes[1].other == NULL);
        CHECK_INT(delta.changes[2].what, IV_CHANGE_VERSION_DOWN);
    }
    CHECK_INT(delta.counts[0], 1);
    CHECK_INT(delta.counts[1], 1);
    CHECK_INT(delta.counts[2], 0);
    CHECK_INT(delta.counts[3], 1);
}

/* The name under which `gone` seems to have come back as `come`; NULL: none. */
static const char *new_name(struct iv_package gone, struct iv_package come, struct iv_arena *arena)
{
    const struct iv_delta delta = delta_of(&gone, 1, &come, 1, arena);
    if (!CHECK_INT(delta.count, 2)) {
        return NULL;
    }
    const bool gone_first = delta.changes[0].before != NULL;
    const struct iv_change *removed = &delta.changes[gone_first ? 0 : 1];
    const struct iv_change *added = &delta.changes[gone_first ? 1 : 0];
    CHECK((removed->other == NULL) == (added->other == NULL));
    CHECK(added->other == NULL || added->other == removed->before);
    return removed->other == NULL ? NULL : removed->other->key;
}

static void test_names(struct iv_arena *arena)
{
    const struct iv_package a = package("a");
    struct iv_package z = package("z");
    CHECK_STR(new_name(a, z, arena), "z");
    /* By content alone. */
    z.number = (struct iv_version){{2, 0, 0, 0}};
    z.total_size = 11;
    z.partition = "Data";
    CHECK_STR(new_name(a, z, arena), "z");
    /* By version, partition and size alone; each of the three counts. */
    z = package("z");
    z.content = "c1";
    CHECK_STR(new_name(a, z, arena), "z");
    z.partition = "MAINOS";
    CHECK_STR(new_name(a, z, arena), "z");
    z.partition = "Data";
    CHECK_STR(new_name(a, z, arena), NULL);
    z.partition = NULL;
    z.total_size = 11;
    CHECK_STR(new_name(a, z, arena), NULL);
    z.total_size = 9;
    CHECK_STR(new_name(a, z, arena), NULL);
    z.total_size = 10;
    z.number = (struct iv_version){{1, 0, 0, 8}};
    CHECK_STR(new_name(a, z, arena), NULL);
    z.number = (struct iv_version){{1, 0, 0, 7}};
    z.version = NULL;
    CHECK_STR(new_name(a, z, arena), NULL);
    /* Versions of zeros are those of packages that nobody versions. */
    struct iv_package zero = a;
    zero.number = (struct iv_version){0};
    z = package("z");
    z.content = "c1";
    z.number = (struct iv_version){0};
    CHECK_STR(new_name(zero, z, arena), NULL);
    /* Empty packages, and those without a byte, all look alike. */
    struct iv_package none = a;
    none.empty = true;
    z = package("z");
    z.empty = true;
    CHECK_STR(new_name(none, z, arena), NULL);
    none.empty = z.empty = false;
    none.total_size = z.total_size = 0;
    CHECK_STR(new_name(none, z, arena), NULL);
}

/* Of two packages that went away the first one takes the name. */
static void test_one_name_for_two(struct iv_arena *arena)
{
    const struct iv_package before[] = {package("a"), package("b")};
    const struct iv_package after[] = {package("z")};
    const struct iv_delta delta = delta_of(before, 2, after, 1, arena);
    if (CHECK_INT(delta.count, 3)) {
        CHECK_STR(delta.changes[0].other == NULL ? NULL : delta.changes[0].other->key, "z");
        CHECK(delta.changes[1].other == NULL);
        CHECK(delta.changes[2].other == delta.changes[0].before);
    }
}

static void test_values(struct iv_arena *arena)
{
    struct iv_datum old[] = {
        {.name = "A", .value = "1"}, {.name = "B", .value = "1"}, {.name = "B", .value = "2"},
        {.name = "C", .value = "x"}, {.name = "D", .value = "9"},
    };
    struct iv_datum new[] = {
        {.name = "A", .value = "1"}, {.name = "B", .value = "2"}, {.name = "B", .value = "3"},
        {.name = "C", .value = "a"}, {.name = "C", .value = "b"}, {.name = "E", .value = "7"},
    };
    const struct iv_device before = {.values = old, .value_count = IV_COUNT(old)};
    const struct iv_device after = {.values = new, .value_count = IV_COUNT(new)};
    struct iv_delta delta = {0};
    iv_delta_add_values(&before, &after, arena, &delta);
    const struct iv_value_change wanted[] = {
        {.name = "B", .before = "1", .after = "3"},  {.name = "C", .before = NULL, .after = "a"},
        {.name = "C", .before = "x", .after = "b"},  {.name = "D", .before = "9", .after = NULL},
        {.name = "E", .before = NULL, .after = "7"},
    };
    CHECK_INT(delta.value_count, IV_COUNT(wanted));
    for (size_t i = 0; i < IV_COUNT(wanted) && i < delta.value_count; i++) {
        CHECK_STR(delta.values[i].name, wanted[i].name);
        CHECK_STR(delta.values[i].before, wanted[i].before);
        CHECK_STR(delta.values[i].after, wanted[i].after);
    }
    /* A side without values. */
    const struct iv_device none = {0};
    delta = (struct iv_delta){0};
    iv_delta_add_values(&none, &before, arena, &delta);
    CHECK_INT(delta.value_count, IV_COUNT(old));
    CHECK_STR(delta.values[0].before, NULL);
    delta = (struct iv_delta){0};
    iv_delta_add_values(&before, &none, arena, &delta);
    CHECK_INT(delta.value_count, IV_COUNT(old));
    CHECK_STR(delta.values[0].after, NULL);
}

/* What a report says of a change of partition and flags. */
static void test_parts(void)
{
    struct iv_package before = package("a");
    struct iv_package after = package("a");
    struct iv_change change = {.before = &before, .after = &after};
    struct iv_delta_part parts[IV_DELTA_PARTS];
    after.partition = "EFIESP";
    after.binary_partition = true;
    after.empty = true;
    after.owner_type = "Microsoft";
    after.release_type = "Test";
    CHECK_INT(iv_delta_parts(&change, parts), 0); /* that something changed is known */
    change.what = IV_CHANGE_PARTITION;
    CHECK_INT(iv_delta_parts(&change, parts), 1);
    change.what = IV_CHANGE_PARTITION | IV_CHANGE_FLAGS;
    static const char *const wanted[][3] = {
        {"partition", "MainOS", "EFIESP"},
        {"binary partition", "no", "yes"},
        {"empty", "no", "yes"},
        {"owner type", "OEM", "Microsoft"},
        {"release type", "Production", "Test"},
    };
    if (CHECK_INT(iv_delta_parts(&change, parts), IV_COUNT(wanted))) {
        for (size_t i = 0; i < IV_COUNT(wanted); i++) {
            CHECK_STR(parts[i].name, wanted[i][0]);
            CHECK_STR(parts[i].before, wanted[i][1]);
            CHECK_STR(parts[i].after, wanted[i][2]);
        }
    }
    after = before;
    change.what = IV_CHANGE_FLAGS;
    CHECK_INT(iv_delta_parts(&change, parts), 0);
    before.name = NULL;
    before.key = "b";
    CHECK_STR(iv_package_shown_name(&before), "b");
    CHECK_STR(iv_package_shown_name(&after), "a");
    const char *words[IV_CHANGE_KINDS];
    change.what = IV_CHANGE_VERSION_UP | IV_CHANGE_FLAGS;
    if (CHECK_INT(iv_delta_words(&change, words), 2)) {
        CHECK_STR(words[0], "version-up");
        CHECK_STR(words[1], "flags");
    }
    CHECK(iv_delta_either(&change) == &after);
    change.after = NULL;
    CHECK(iv_delta_either(&change) == &before);
}

int main(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    test_kinds(&arena);
    test_merge(&arena);
    test_names(&arena);
    test_one_name_for_two(&arena);
    test_values(&arena);
    test_parts();
    return unit_end();
}
