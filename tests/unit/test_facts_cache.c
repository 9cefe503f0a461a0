/* The facts cache as a file: what it takes in, what it gives back, and how large it becomes. */
#include "imgval/scan/facts_cache.h"
#include "tests/unit/input_support.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW 1000000

struct scene {
    const char *path;
    struct iv_limits limits;
    int64_t now;
    uint64_t max_size;
};

static struct iv_facts_cache *open_cache(const struct scene *s, const char *version)
{
    struct iv_facts_cache_options options = {.path = s->path,
                                             .tool_version = version,
                                             .limits = &s->limits,
                                             .now = s->now,
                                             .max_size = s->max_size};
    return iv_facts_cache_open(&options);
}

static struct iv_identity identity(uint64_t inode)
{
    return (struct iv_identity){
        .device = 7, .inode = inode, .size = 100, .mtime = 5000, .mtime_ns = 1, .ctime = 6000};
}

static bool knows(struct iv_facts_cache *cache, const char *path, const struct iv_identity *id,
                  const char *wanted)
{
    const void *record;
    size_t size;
    return iv_facts_cache_find(cache, path, id, &record, &size) && size == strlen(wanted) &&
           memcmp(record, wanted, size) == 0;
}

static void save(struct iv_facts_cache *cache)
{
    struct iv_error err = {0};
    CHECK(iv_facts_cache_save(cache, &err));
    iv_facts_cache_close(&cache);
}

static void test_identity(const struct scene *s)
{
    struct iv_facts_cache *cache = open_cache(s, "1");
    struct iv_identity id = identity(1);
    struct iv_identity other = identity(2);
    CHECK(iv_facts_cache_note(cache) == NULL);
    CHECK(!knows(cache, "a", &id, "one"));
    iv_facts_cache_add(cache, "b", &id, "two", 3);
    iv_facts_cache_add(cache, "a", &id, "one", 3);
    iv_facts_cache_add(cache, "a", &other, "", 0);
    save(cache);
    cache = open_cache(s, "1");
    CHECK(iv_facts_cache_note(cache) == NULL);
    CHECK(knows(cache, "b", &id, "two"));
    CHECK(knows(cache, "a", &id, "one"));
    CHECK(knows(cache, "a", &other, ""));
    CHECK(!knows(cache, "c", &id, "one"));
    for (size_t i = 0; i < 7; i++) {
        struct iv_identity changed = id;
        switch (i) {
        case 0:
            changed.device++;
            break;
        case 1:
            changed.inode = 9;
            break;
        case 2:
            changed.size++;
            break;
        case 3:
            changed.mtime++;
            break;
        case 4:
            changed.mtime_ns++;
            break;
        case 5:
            changed.ctime--;
            break;
        default:
            changed.ctime_ns++;
            break;
        }
        CHECK(!knows(cache, "a", &changed, "one"));
    }
    struct iv_identity newer = id;
    newer.size = 1;
    iv_facts_cache_add(cache, "a", &newer, "new", 3);
    save(cache);
    cache = open_cache(s, "1");
    CHECK(knows(cache, "a", &newer, "new")); /* in the old one's place */
    CHECK(!knows(cache, "a", &id, "one"));
    CHECK(knows(cache, "b", &id, "two"));
    iv_facts_cache_close(&cache);
    cache = open_cache(s, "2");
    CHECK(iv_facts_cache_note(cache) != NULL);
    CHECK(!knows(cache, "b", &id, "two"));
    iv_facts_cache_close(&cache);
}

/* A file that changed within the margin, or in the future, could change again unseen. */
static void test_margin(const struct scene *s)
{
    static const struct {
        int64_t mtime;
        int64_t ctime;
        bool is_taken;
    } rows[] = {
        {NOW - 3, NOW - 3, true}, {NOW - 2, NOW - 3, false}, {NOW - 3, NOW - 2, false},
        {NOW, NOW, false},        {NOW + 9, NOW - 9, false}, {0, NOW - 3, true},
        {INT64_MIN, -5, true},    {INT64_MAX, 0, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct iv_facts_cache *cache = open_cache(s, "1");
        struct iv_identity id = identity(50 + i);
        id.mtime = rows[i].mtime;
        id.ctime = rows[i].ctime;
        iv_facts_cache_add(cache, "m", &id, "x", 1);
        save(cache);
        cache = open_cache(s, "1");
        CHECK(knows(cache, "m", &id, "x") == rows[i].is_taken);
        iv_facts_cache_close(&cache);
    }
}

static void test_distrust(const struct scene *s)
{
    struct iv_facts_cache *cache = open_cache(s, "1");
    struct iv_identity id = identity(70);
    size_t recalled;
    size_t added;
    iv_facts_cache_add(cache, "d", &id, "x", 1);
    iv_facts_cache_counts(cache, &recalled, &added);
    CHECK_INT(added, 1);
    iv_facts_cache_distrust(cache);
    iv_facts_cache_counts(cache, &recalled, &added);
    CHECK_INT(added, 0);
    save(cache);
    cache = open_cache(s, "1");
    CHECK(!knows(cache, "d", &id, "x"));
    iv_facts_cache_close(&cache);
}

/* What was not seen for longest goes first; what is seen stays. */
static void test_bound(const struct scene *given)
{
    struct scene s = *given;
    char record[500];
    memset(record, 'r', sizeof(record));
    s.max_size = 8000; /* some 13 records */
    for (uint64_t round = 0; round < 6; round++) {
        struct iv_facts_cache *cache = open_cache(&s, "1");
        CHECK(iv_facts_cache_note(cache) == NULL);
        struct iv_identity first = identity(100);
        const void *bytes;
        size_t size;
        CHECK(iv_facts_cache_find(cache, "bound", &first, &bytes, &size) == (round > 0));
        for (uint64_t i = round == 0 ? 0 : 1; i < 5; i++) {
            struct iv_identity id = identity(100 + round * 10 + i);
            iv_facts_cache_add(cache, "bound", &id, record, sizeof(record));
        }
        save(cache);
        struct stat st;
        CHECK(stat(s.path, &st) == 0 && st.st_size <= 8000 && (round < 3 || st.st_size > 7000));
    }
    struct iv_facts_cache *cache = open_cache(&s, "1");
    for (uint64_t round = 0; round < 6; round++) {
        struct iv_identity id = identity(101 + round * 10);
        const void *bytes;
        size_t size;
        CHECK(round == 3 || iv_facts_cache_find(cache, "bound", &id, &bytes, &size) == (round > 3));
    }
    iv_facts_cache_close(&cache);
}

int main(void)
{
    TEMP(t);
    struct iv_arena a IV_CLEANUP(iv_arena_fini) = {0};
    struct scene scene = {
        .path = temp_path(&t, &a, "facts"), .limits = iv_limits_default(), .now = NOW};
    test_identity(&scene);
    test_margin(&scene);
    test_distrust(&scene);
    CHECK(unlink(scene.path) == 0);
    test_bound(&scene);
    return unit_end();
}
