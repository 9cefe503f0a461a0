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
    /* Many states, so that the tables have to grow. */
    for (unsigned i = 0; i < 2000; i++) {
        char version[32];
        snprintf(version, sizeof(version), "1.0.0.%u", i);
        ADD(&pool, {.key = "a", .version = version});
    }
    CHECK_INT(pool.set_count, 2002);
    CHECK_INT(ADD(&pool, {.key = "a", .version = "1.0.0.1999"}), 2001);
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
    struct iv_fixes mends;
    iv_fixes_build(&pool, points, 5, false, &arena, &mends);
    if (CHECK_INT(mends.count, 2)) {
        CHECK_STR(key(&pool, mends.spans[0].package), "b");
        CHECK_INT(mends.spans[0].first, 1);
        CHECK_INT(mends.spans[0].last, 2);
        CHECK_INT(mends.spans[1].first, 4);
        CHECK_INT(mends.spans[1].last, 4);
    }
    CHECK_INT(mends.total, 3);
    CHECK_INT(mends.needed[3], 0);
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
    CHECK(iv_matrix_build(&pool, points, 0, false, &arena, &matrix));
    CHECK_INT(matrix.longest_count, 0);
}

int main(void)
{
    test_interning();
    test_spans();
    test_merges();
    test_contents();
    test_large();
    return unit_end();
}
