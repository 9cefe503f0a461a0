/* Interned sets, merge candidates and changed contents on histories written down by hand. */
#include "imgval/base/attr.h"
#include "imgval/model/timeline.h"
#include "tests/unit/unit.h"

#include <stdlib.h>

/* "key version content" words, sorted by key; "-" says nothing; a content of "0" is empty. */
struct word {
    const char *key;
    const char *version;
    const char *content;
    const char *partition;
};

static uint32_t add(struct iv_pool *pool, const struct word *words, size_t count)
{
    struct iv_package packages[8] = {0};
    const struct iv_package *items[8];
    for (size_t i = 0; i < count; i++) {
        packages[i] = (struct iv_package){
            .key = words[i].key,
            .version = words[i].version,
            .content = words[i].content,
            .partition = words[i].partition,
            .owner = "Contoso",
            .owner_type = "OEM",
            .total_size = 10,
        };
        items[i] = &packages[i];
    }
    const struct iv_set set = {.items = items, .count = count};
    uint32_t number = UINT32_MAX;
    CHECK(iv_pool_add(pool, &set, &number));
    return number;
}

#define ADD(pool, ...)                                                                             \
    add((pool), (const struct word[]){__VA_ARGS__},                                                \
        sizeof((const struct word[]){__VA_ARGS__}) / sizeof(struct word))

static struct iv_point point(uint32_t set, uint16_t number)
{
    return (struct iv_point){.set = set, .number = {.part = {number, 0, 0, 0}}};
}

static const char *key(const struct iv_pool *pool, uint32_t package)
{
    return pool->texts[pool->packages[package].key];
}

static void test_interning(void)
{
    struct iv_pool pool IV_CLEANUP(iv_pool_fini) = {0};
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    iv_pool_init(&pool, 1);
    uint32_t one = ADD(&pool, {.key = "a", .version = "1.0.0.0"}, {.key = "b"});
    uint32_t two = ADD(&pool, {.key = "a", .version = "1.0.0.0"}, {.key = "b"});
    uint32_t three = ADD(&pool, {.key = "a", .version = "1.0.0.1"}, {.key = "b"}, {.key = "c"});
    CHECK_INT(one, two);
    CHECK(three != one);
    CHECK_INT(pool.set_count, 2);
    CHECK_INT(pool.package_count, 4);
    CHECK_INT(pool.sets[three].total_size, 30);
    struct iv_set before;
    struct iv_set after;
    CHECK_INT(iv_pool_differ(&pool, one, three, &arena, &before, &after), 1);
    CHECK_INT(before.count, 1);
    CHECK_INT(after.count, 2);
    CHECK_STR(before.items[0]->version, "1.0.0.0");
    CHECK_STR(after.items[0]->version, "1.0.0.1");
    CHECK_STR(after.items[1]->key, "c");
    uint32_t *missing;
    CHECK_INT(iv_pool_missing(&pool, three, one, false, &arena, &missing), 0);
    if (CHECK_INT(iv_pool_missing(&pool, one, three, false, &arena, &missing), 1)) {
        CHECK_STR(key(&pool, missing[0]), "c");
    }
    uint32_t without_b = ADD(&pool, {.key = "a", .version = "1.0.0.1"}, {.key = "c"});
    if (CHECK_INT(iv_pool_missing(&pool, without_b, three, false, &arena, &missing), 1)) {
        CHECK_STR(key(&pool, missing[0]), "b");
    }
    /* Many states, so that the tables have to grow. */
    for (unsigned i = 0; i < 2000; i++) {
        char version[32];
        snprintf(version, sizeof(version), "1.0.0.%u", i);
        ADD(&pool, {.key = "a", .version = version});
    }
    CHECK_INT(pool.set_count, 2003);
    CHECK_INT(ADD(&pool, {.key = "a", .version = "1.0.0.1999"}), 2002);
}

static void test_spans(void)
{
    struct iv_pool pool IV_CLEANUP(iv_pool_fini) = {0};
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    iv_pool_init(&pool, 2);
    uint32_t both = ADD(&pool, {.key = "a"}, {.key = "b"});
    uint32_t only_a = ADD(&pool, {.key = "a"});
    const struct iv_point points[] = {point(both, 1), point(only_a, 2), point(only_a, 3),
                                      point(both, 4), point(only_a, 5)};
    struct iv_fixes fixes;
    iv_fixes_build(&pool, points, 5, false, &arena, &fixes);
    if (CHECK_INT(fixes.count, 2)) {
        CHECK_STR(key(&pool, fixes.spans[0].package), "b");
        CHECK_INT(fixes.spans[0].first, 1);
        CHECK_INT(fixes.spans[0].last, 2);
        CHECK_INT(fixes.spans[1].first, 4);
        CHECK_INT(fixes.spans[1].last, 4);
    }
    CHECK_INT(fixes.total, 3);
    CHECK_INT(fixes.needed[3], 0);
}

static void test_merges(void)
{
    struct iv_pool pool IV_CLEANUP(iv_pool_fini) = {0};
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    iv_pool_init(&pool, 3);
    const struct iv_point points[] = {
        point(ADD(&pool, {.key = "a"}, {.key = "b", .partition = "mainos"},
                  {.key = "c", .partition = "EFIESP"}),
              1),
        point(ADD(&pool, {.key = "a"}, {.key = "b"}, {.key = "c", .partition = "EFIESP"},
                  {.key = "d"}, {.key = "e"}),
              2),
        point(ADD(&pool, {.key = "a"}, {.key = "b"}, {.key = "d"}, {.key = "e"}, {.key = "f"}), 3),
    };
    struct iv_merge_groups groups;
    iv_merge_groups_build(&pool, points, 3, &arena, &groups);
    if (CHECK_INT(groups.count, 2)) {
        CHECK_INT(groups.groups[0].count, 2);
        CHECK_STR(key(&pool, groups.groups[0].packages[0]), "a");
        CHECK_STR(key(&pool, groups.groups[0].packages[1]), "b");
        CHECK_STR(key(&pool, groups.groups[1].packages[0]), "d");
        CHECK_STR(key(&pool, groups.groups[1].packages[1]), "e");
    }
}

/* Groups of one size stand by their first key, whatever partition they are for. */
static void test_merge_order(void)
{
    struct iv_pool pool IV_CLEANUP(iv_pool_fini) = {0};
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    iv_pool_init(&pool, 11);
    const struct iv_point points[] = {
        point(ADD(&pool, {.key = "a1", .partition = "B"}, {.key = "a2", .partition = "B"},
                  {.key = "m1", .partition = "C"}, {.key = "m2", .partition = "C"},
                  {.key = "m3", .partition = "C"}, {.key = "z1", .partition = "A"},
                  {.key = "z2", .partition = "A"}),
              1),
    };
    struct iv_merge_groups groups;
    iv_merge_groups_build(&pool, points, 1, &arena, &groups);
    if (CHECK_INT(groups.count, 3)) {
        CHECK_STR(key(&pool, groups.groups[0].packages[0]), "m1");
        CHECK_STR(key(&pool, groups.groups[1].packages[0]), "a1");
        CHECK_STR(key(&pool, groups.groups[2].packages[0]), "z1");
    }
}

static void test_contents(void)
{
    struct iv_pool pool IV_CLEANUP(iv_pool_fini) = {0};
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    iv_pool_init(&pool, 4);
    const struct iv_point points[] = {
        point(ADD(&pool, {.key = "a", .version = "1.0.0.0", .content = "x"},
                  {.key = "b", .version = "1.0.0.0", .content = "x"}),
              1),
        point(ADD(&pool, {.key = "a", .version = "2.0.0.0", .content = "y"},
                  {.key = "b", .version = "1.0.0.0"}),
              2),
        point(ADD(&pool, {.key = "a", .version = "01.0.0.0", .content = "z"},
                  {.key = "b", .version = "1.0.0.0", .content = "x"}),
              3),
    };
    struct iv_changed_contents changed;
    iv_changed_contents_build(&pool, points, 3, &arena, &changed);
    if (CHECK_INT(changed.count, 1)) {
        CHECK_STR(key(&pool, changed.items[0].after), "a");
        CHECK_INT(changed.items[0].first, 0);
        CHECK_INT(changed.items[0].second, 2);
    }
}

/* Thousands of versions: the result is that of the definition, and memory stays in its bounds. */
static void test_large(void)
{
    struct iv_pool pool IV_CLEANUP(iv_pool_fini) = {0};
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    iv_pool_init(&pool, 5);
    uint32_t all = ADD(&pool, {.key = "a"}, {.key = "b"});
    uint32_t some = ADD(&pool, {.key = "a"});
    struct iv_point points[1000];
    for (uint16_t i = 0; i < 1000; i++) {
        points[i] = point(i == 500 ? some : all, i);
    }
    struct iv_matrix matrix;
    CHECK(iv_matrix_build(&pool, points, 1000, false, &arena, &matrix));
    CHECK_INT(matrix.pairs, 499500);
    CHECK_INT(matrix.reachable, 499500 - 500);
    CHECK_INT(matrix.longest_count, 999);
    CHECK_INT(matrix.broken_count, IV_MATRIX_BROKEN_MAX);
    CHECK_INT(matrix.tiles, IV_MATRIX_TILES);
    /* Point 500 lies in the tile 48 of 96; every pair that breaks leads to it. */
    uint64_t pairs = 0;
    uint64_t broken = 0;
    for (size_t source = 0; source < matrix.tiles; source++) {
        for (size_t target = 0; target < matrix.tiles; target++) {
            pairs += matrix.tile_pairs[source * matrix.tiles + target];
            broken += matrix.tile_broken[source * matrix.tiles + target];
            CHECK_INT(matrix.tile_broken[source * matrix.tiles + target] > 0,
                      target == 48 && source < 48);
        }
    }
    CHECK_INT(pairs, 499500);
    CHECK_INT(broken, 500);
    CHECK(iv_matrix_build(&pool, points, 0, false, &arena, &matrix));
    CHECK_INT(matrix.longest_count, 0);
}

/* States that differ in one fact alone are two states. */
static void test_states(void)
{
    struct iv_pool pool IV_CLEANUP(iv_pool_fini) = {0};
    iv_pool_init(&pool, 6);
    const struct iv_package base = {.key = "a", .owner_type = "OEM", .style = IV_STYLE_SPKG};
    struct iv_package states[18];
    for (size_t i = 0; i < IV_COUNT(states); i++) {
        states[i] = base;
    }
    states[1].name = "x";
    states[2].version = "x";
    states[3].partition = "x";
    states[4].owner = "x";
    states[5].component = "x";
    states[6].sub_component = "x";
    states[7].owner_type = "x";
    states[8].release_type = "x";
    states[9].content = "x";
    states[10].content_other = "x";
    states[11].style = IV_STYLE_CBS;
    states[12].total_size = 1;
    states[13].binary_partition = true;
    states[14].empty = true;
    states[15].unreadable = true;
    states[16].owner_type = "Microsoft";
    states[17].key = "x";
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < IV_COUNT(states); i++) {
            const struct iv_package *item = &states[i];
            const struct iv_set set = {.items = &item, .count = 1};
            uint32_t number = UINT32_MAX;
            CHECK(iv_pool_add(&pool, &set, &number));
            CHECK_INT(number, i);
            struct iv_package back;
            iv_pool_package(&pool, pool.sets[number].items[0], &back);
            CHECK_STR(back.key, item->key);
            CHECK_STR(back.version, item->version);
            CHECK_INT(back.empty, item->empty);
            CHECK_INT(back.style, item->style);
        }
    }
    CHECK_INT(pool.package_count, IV_COUNT(states));
    CHECK_INT(pool.sets[14].empty, 1);
    CHECK_INT(pool.sets[15].unreadable, 1);
    CHECK_INT(pool.sets[0].empty + pool.sets[0].unreadable, 0);
    CHECK_INT(pool.sets[0].firmware, 1);
    CHECK_INT(pool.sets[16].firmware, 0);
}

/* Sizes come from manifests: their sum stays at the top. A pool that is full takes nothing. */
static void test_bounds(void)
{
    struct iv_pool pool IV_CLEANUP(iv_pool_fini) = {0};
    iv_pool_init(&pool, 7);
    const struct iv_package packages[] = {{.key = "a", .total_size = UINT64_MAX},
                                          {.key = "b", .total_size = 2}};
    const struct iv_package *items[] = {&packages[0], &packages[1]};
    const struct iv_set set = {.items = items, .count = 2};
    uint32_t number = 0;
    CHECK(iv_pool_add(&pool, &set, &number));
    CHECK(pool.sets[number].total_size == UINT64_MAX);
    size_t *const counts[] = {&pool.text_count, &pool.package_count, &pool.set_count};
    for (size_t i = 0; i < IV_COUNT(counts); i++) {
        const size_t kept = *counts[i];
        *counts[i] = UINT32_MAX;
        CHECK(!iv_pool_add(&pool, &set, &number));
        *counts[i] = kept;
    }
    const struct iv_set huge = {.items = items, .count = UINT32_MAX};
    CHECK(!iv_pool_add(&pool, &huge, &number));
    CHECK(iv_pool_add(&pool, &set, &number));
    CHECK_INT(number, 0);
}

/* What is missing, by owner: a package of Microsoft's counts where all owners do. */
static void test_owners(void)
{
    struct iv_pool pool IV_CLEANUP(iv_pool_fini) = {0};
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    iv_pool_init(&pool, 8);
    const struct iv_package packages[] = {{.key = "a", .owner_type = "OEM"},
                                          {.key = "b", .owner_type = "Microsoft"}};
    const struct iv_package *items[] = {&packages[0], &packages[1]};
    const struct iv_set set = {.items = items, .count = 2};
    uint32_t both = 0;
    uint32_t one = 0;
    CHECK(iv_pool_add(&pool, &set, &both));
    CHECK(iv_pool_add(&pool, &(struct iv_set){.items = items, .count = 1}, &one));
    uint32_t *missing;
    CHECK_INT(iv_pool_missing(&pool, one, both, false, &arena, &missing), 0);
    CHECK_INT(iv_pool_missing(&pool, one, both, true, &arena, &missing), 1);
    CHECK_STR(key(&pool, missing[0]), "b");
    CHECK_INT(iv_pool_missing(&pool, one, both, true, &arena, NULL), 1);
    CHECK_INT(iv_pool_missing(&pool, both, one, true, &arena, NULL), 0);
    struct iv_set before;
    struct iv_set after;
    CHECK_INT(iv_pool_differ(&pool, both, both, &arena, &before, &after), 2);
    CHECK_INT(before.count + after.count, 0);
}

/* By the version where the second content stands, then by key. */
static void test_contents_order(void)
{
    struct iv_pool pool IV_CLEANUP(iv_pool_fini) = {0};
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    iv_pool_init(&pool, 9);
    const struct iv_point points[] = {
        point(ADD(&pool, {.key = "a", .version = "1.0.0.0", .content = "x"},
                  {.key = "b", .version = "1.0.0.0", .content = "x"},
                  {.key = "c", .version = "1.0.0.0", .content = "x"}),
              1),
        point(ADD(&pool, {.key = "a", .version = "1.0.0.0", .content = "x"},
                  {.key = "b", .version = "1.0.0.0", .content = "y"},
                  {.key = "c", .version = "1.0.0.0", .content = "y"}),
              2),
        point(ADD(&pool, {.key = "a", .version = "1.0.0.0", .content = "y"},
                  {.key = "b", .version = "1.0.0.0", .content = "z"}),
              3),
    };
    struct iv_changed_contents changed;
    iv_changed_contents_build(&pool, points, 3, &arena, &changed);
    if (CHECK_INT(changed.count, 3)) {
        CHECK_STR(key(&pool, changed.items[0].after), "b");
        CHECK_INT(changed.items[0].second, 1);
        CHECK_STR(key(&pool, changed.items[1].after), "c");
        CHECK_INT(changed.items[1].second, 1);
        CHECK_STR(key(&pool, changed.items[2].after), "a");
        CHECK_INT(changed.items[2].first, 0);
        CHECK_INT(changed.items[2].second, 2);
    }
    iv_changed_contents_build(&pool, points, 0, &arena, &changed);
    CHECK_INT(changed.count, 0);
}

/* Sets that have nothing in common need a bit for each key in each: that is refused in time. */
static void test_memory(void)
{
    struct iv_pool pool IV_CLEANUP(iv_pool_fini) = {0};
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    iv_pool_init(&pool, 10);
    enum { COUNT = 24000 };
    struct iv_point *points = malloc(COUNT * sizeof(*points));
    for (uint32_t i = 0; i < COUNT; i++) {
        char name[16];
        snprintf(name, sizeof(name), "k%u", (unsigned)i);
        points[i] = point(ADD(&pool, {.key = iv_arena_strdup(&arena, name)}), (uint16_t)i);
    }
    struct iv_matrix matrix;
    CHECK(!iv_matrix_build(&pool, points, COUNT, false, &arena, &matrix));
    CHECK(iv_matrix_build(&pool, points, 100, false, &arena, &matrix));
    CHECK_INT(matrix.reachable, 0);
    free(points);
}

int main(void)
{
    test_interning();
    test_spans();
    test_merges();
    test_merge_order();
    test_contents();
    test_large();
    test_states();
    test_bounds();
    test_owners();
    test_contents_order();
    test_memory();
    return unit_end();
}
