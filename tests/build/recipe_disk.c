#include "recipe_disk.h"

#include <stdlib.h>
#include <string.h>

#include "ffu_write.h"
#include "tree.h"

/* What words may set: exactly one of the pointers. */
struct slot {
    const char *key;
    uint64_t *number;
    const char **text;
    bool *flag;
};

static bool take_word(struct fx_recipe *recipe, const struct fx_word *word,
                      const struct slot *slots, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *value = fx_word_value(word, slots[i].key);
        if (slots[i].flag != NULL && strcmp(word->text, slots[i].key) == 0) {
            *slots[i].flag = true;
            return true;
        }
        if (value == NULL || slots[i].flag != NULL) {
            continue;
        }
        if (slots[i].number != NULL) {
            *slots[i].number = (uint64_t)fx_recipe_number(recipe, value);
        } else {
            *slots[i].text = fx_arena_text(&recipe->arena, value);
        }
        return true;
    }
    return false;
}

#define NUMBER(name, place)                                                                        \
    {                                                                                              \
        .key = (name), .number = (place)                                                           \
    }
#define TEXT(name, place)                                                                          \
    {                                                                                              \
        .key = (name), .text = (place)                                                             \
    }
#define FLAG(name, place)                                                                          \
    {                                                                                              \
        .key = (name), .flag = (place)                                                             \
    }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A line "partition NAME ..." of a block. */
static void take_partition(struct fx_recipe *recipe, const struct fx_line *line,
                           struct fx_store *store)
{
    if (line->count < 2) {
        fx_recipe_fail(recipe, "partition: a name is needed");
    }
    struct fx_partition *p = fx_arena_push(&recipe->arena, (void **)&store->partitions,
                                           &store->partition_count, sizeof(*p));
    struct fx_content content = {.seed = store->partition_count};
    const struct slot slots[] = {
        TEXT("type", &p->type),         TEXT("id", &p->id),          TEXT("fs", &p->fs),
        NUMBER("start", &p->start),     NUMBER("size", &p->size),    NUMBER("claimed", &p->claimed),
        NUMBER("attr", &p->attributes), TEXT("file", &p->file),      FLAG("unlisted", &p->unlisted),
        FLAG("phantom", &p->phantom),   FLAG("rest", &p->all_space), FLAG("required", &p->required),
        FLAG("logical", &p->logical),
    };
    p->name = line->words[1].text;
    for (size_t i = 2; i < line->count; i++) {
        if (!take_word(recipe, &line->words[i], slots, COUNT(slots)) &&
            !fx_recipe_content_word(recipe, &line->words[i], &content)) {
            fx_recipe_fail(recipe, "partition: unknown word '%s'", line->words[i].text);
        }
    }
    p->content = fx_recipe_content(recipe, &content, line);
}

struct disk_words {
    uint64_t size;
    uint64_t sector;
    uint64_t after;
    const char *scheme;
};

/* The words of a disk or store, and whatever else the directive knows. */
static void open_store(struct fx_recipe *recipe, const struct fx_line *line, size_t first,
                       const struct slot *more, size_t more_count, struct fx_store *store)
{
    struct disk_words words = {.size = 8 << 20, .sector = 512, .scheme = "gpt"};
    const struct slot slots[] = {
        NUMBER("size", &words.size),
        NUMBER("sector", &words.sector),
        NUMBER("after", &words.after),
        TEXT("scheme", &words.scheme),
    };
    for (size_t i = first; i < line->count; i++) {
        if (!take_word(recipe, &line->words[i], slots, COUNT(slots)) &&
            !take_word(recipe, &line->words[i], more, more_count)) {
            fx_recipe_fail(recipe, "unknown word '%s'", line->words[i].text);
        }
    }
    if (words.sector != 512 && words.sector != 4096) {
        fx_recipe_fail(recipe, "sector: 512 or 4096");
    }
    fx_disk_open(&store->disk, words.size, words.sector, words.scheme, &recipe->arena);
    store->disk.after = words.after;
}

static bool next_line(struct fx_recipe *recipe, struct fx_line *line)
{
    if (!fx_recipe_next(recipe, line)) {
        fx_recipe_fail(recipe, "the block is not closed");
    }
    return line->count != 1 || strcmp(line->words[0].text, "}") != 0;
}

static void read_partitions(struct fx_recipe *recipe, const struct fx_line *line,
                            struct fx_store *store)
{
    struct fx_line inner;
    while (line->block && next_line(recipe, &inner)) {
        if (inner.count == 0 || strcmp(inner.words[0].text, "partition") != 0) {
            fx_recipe_fail(recipe, "only partition lines stand in such a block");
        }
        take_partition(recipe, &inner, store);
    }
    fx_disk_place(&store->disk, store->partitions, store->partition_count);
    fx_disk_table(&store->disk, store->partitions, store->partition_count, false);
}

static void finish(const char *path, struct fx_buf *out)
{
    fx_tree_file(path, out->data, out->len);
    fx_buf_fini(out);
}

/* patch=OFFSET:HEX of a plain file. */
static void patch(struct fx_recipe *recipe, const char *text, struct fx_buf *out)
{
    struct fx_ffu ffu = {.arena = &recipe->arena};
    if (text != NULL) {
        fx_ffu_lie(&ffu, fx_arena_printf(&recipe->arena, "file+%s", text), false, true);
        for (size_t i = 0; i < ffu.lies[0].bytes.len; i++) {
            uint64_t at = ffu.lies[0].offset;
            at = at >= UINT64_C(1) << 63 ? out->len + at : at; /* negative: from the end */
            fx_buf_poke(out, (size_t)at + i, 1, ffu.lies[0].bytes.data[i]);
        }
        fx_buf_fini(&ffu.lies[0].bytes);
    }
}

void fx_recipe_disk(struct fx_recipe *recipe, const struct fx_line *line)
{
    struct fx_buf out = {0};
    struct fx_store *store = fx_arena_alloc(&recipe->arena, sizeof(*store));
    const char *change = NULL;
    const struct slot more[] = {TEXT("patch", &change)};
    open_store(recipe, line, 2, more, COUNT(more), store);
    read_partitions(recipe, line, store);
    fx_disk_write(&store->disk, &out);
    patch(recipe, change, &out);
    finish(line->words[1].text, &out);
}

void fx_recipe_vhd(struct fx_recipe *recipe, const struct fx_line *line)
{
    struct fx_buf out = {0};
    struct fx_store *store = fx_arena_alloc(&recipe->arena, sizeof(*store));
    const char *kind = "fixed";
    const char *change = NULL;
    uint64_t block = 2 << 20;
    uint64_t cut = 0;
    const struct slot more[] = {TEXT("kind", &kind), NUMBER("block", &block),
                                TEXT("patch", &change), NUMBER("cut", &cut)};
    open_store(recipe, line, 2, more, COUNT(more), store);
    read_partitions(recipe, line, store);
    fx_vhd_write(&store->disk, kind, block, &out);
    patch(recipe, change, &out);
    out.len -= cut < out.len ? (size_t)cut : out.len;
    finish(line->words[1].text, &out);
}

static void take_store(struct fx_recipe *recipe, const struct fx_line *line, struct fx_ffu *ffu)
{
    if (ffu->store_count == FX_STORES_MAX) {
        fx_recipe_fail(recipe, "too many stores");
    }
    struct fx_store *store = &ffu->stores[ffu->store_count++];
    const struct slot more[] = {
        NUMBER("block", &store->block),        TEXT("path", &store->device_path),
        TEXT("sectors", &store->sectors),      NUMBER("validation", &store->validation),
        NUMBER("update", &store->update_type),
    };
    *store = (struct fx_store){
        .block = 128 * 1024,
        .device_path = "VenHw(B615F1F5-5088-43CD-809C-A16E52487D00)",
    };
    open_store(recipe, line, 1, more, COUNT(more), store);
    if (store->disk.size % store->block != 0) {
        fx_recipe_fail(recipe, "the disk is no whole number of blocks");
    }
}

static bool take_lie(struct fx_ffu *ffu, const struct fx_word *word)
{
    static const struct {
        const char *key;
        bool flip, late;
    } kinds[] = {{"poke", false, false}, {"patch", false, true}, {"flip", true, true}};
    for (size_t i = 0; i < COUNT(kinds); i++) {
        const char *value = fx_word_value(word, kinds[i].key);
        if (value != NULL) {
            fx_ffu_lie(ffu, value, kinds[i].flip, kinds[i].late);
            return true;
        }
    }
    return false;
}

static void ffu_words(struct fx_recipe *recipe, const struct fx_line *line, struct fx_ffu *ffu)
{
    uint64_t table = 0;
    uint64_t cut = (uint64_t)INT64_MIN;
    const struct slot slots[] = {
        NUMBER("version", &ffu->version),
        NUMBER("chunk", &ffu->chunk),
        NUMBER("records", &ffu->records),
        FLAG("long", &ffu->long_header),
        FLAG("dedupe", &ffu->dedupe),
        FLAG("all", &ffu->all_sizes),
        TEXT("platform", &ffu->platform),
        TEXT("manifest_platform", &ffu->manifest_platform),
        TEXT("digest", &ffu->digest),
        TEXT("signer", &ffu->signer),
        FLAG("nocatalog", &ffu->no_catalog),
        NUMBER("table", &table),
        NUMBER("truncate", &cut),
        NUMBER("append", &ffu->append),
        NUMBER("spare", &ffu->spare),
    };
    for (size_t i = 2; i < line->count; i++) {
        if (!take_lie(ffu, &line->words[i]) &&
            !take_word(recipe, &line->words[i], slots, COUNT(slots))) {
            fx_recipe_fail(recipe, "ffu: unknown word '%s'", line->words[i].text);
        }
    }
    ffu->table = (int64_t)table;
    ffu->truncate = (int64_t)cut;
    if (ffu->chunk == 0) {
        fx_recipe_fail(recipe, "chunk: at least 1");
    }
}

void fx_recipe_ffu(struct fx_recipe *recipe, const struct fx_line *line)
{
    struct fx_buf out = {0};
    struct fx_line inner;
    struct fx_ffu *ffu = fx_arena_alloc(&recipe->arena, sizeof(*ffu));
    fx_ffu_open(ffu, &recipe->arena);
    ffu_words(recipe, line, ffu);
    while (line->block && next_line(recipe, &inner)) {
        const char *word = inner.count == 0 ? "" : inner.words[0].text;
        const char *text = fx_arena_copy(&recipe->arena, inner.text, inner.text_len);
        if (strcmp(word, "store") == 0) {
            take_store(recipe, &inner, ffu);
        } else if (strcmp(word, "partition") == 0 && ffu->store_count > 0) {
            take_partition(recipe, &inner, &ffu->stores[ffu->store_count - 1]);
        } else if (strcmp(word, "keys") == 0 && inner.has_text) {
            ffu->keys = text;
        } else if (strcmp(word, "manifest") == 0 && inner.has_text) {
            ffu->manifest = text;
        } else {
            fx_recipe_fail(recipe, "ffu: store, partition (after a store), keys <<END or "
                                   "manifest <<END");
        }
    }
    fx_ffu_write(ffu, &out);
    for (size_t i = 0; i < ffu->lie_count; i++) {
        fx_buf_fini(&ffu->lies[i].bytes);
    }
    finish(line->words[1].text, &out);
}
