/*
 * Registry hives: from the bytes of a file to the values of one key.
 *
 * A hive is a header of 4096 bytes ("regf") and cells. A cell starts with its size, negative while
 * it is in use, and all offsets count from the end of the header. The cells that matter:
 *
 *   nk           a key: its name, and the offsets of its lists of subkeys and of values
 *   lf, lh, li   a list of subkeys: offsets, in the first two with a hash or the start of each name
 *   ri           a list of such lists, where there are too many for one
 *   vk           a value: name, type, size, and its data or their offset
 *   db           data larger than 16344 bytes, in pieces
 *
 * The path is followed from the root down. Names fold their case, so a hive that Windows did not
 * write can have several keys for one part ("twins"). Which of them Windows would take depends on
 * its order of search, so all of them are followed, in parallel, up to KEYS_MAX: a setting must not
 * hide from a rule in the key that was not looked at. For the same reason the hashes in lists are
 * not used; they could be false, and the binary search of Windows relies on an order that nobody
 * checks.
 *
 * Offsets can form circles. A key below itself is trouble, a parent's number of subkeys bounds how
 * many are looked at below it, and the hive's size bounds that number.
 */
#include "imgval/disk/hive.h"

#include "imgval/base/buf.h"
#include "imgval/base/cursor.h"
#include "imgval/base/fold.h"
#include "imgval/base/text.h"

#include <string.h>

#define HEADER_SIZE 4096
#define CHECKED_SIZE 508 /* of the header: words that the checksum covers */
#define KEY_SIZE 76      /* without its name */
#define KEY_LINK 0x10u
#define KEY_NARROW_NAME 0x20u
#define VALUE_NARROW_NAME 0x1u
#define KEYS_MAX 16 /* of one path; more of them than anybody writes by accident */
#define DEPTH_MAX 8 /* of the paths that are looked for */
#define DATA_INLINE 0x80000000u
#define DATA_MAX 16344u /* more is stored in pieces of so many bytes */

#define REG_SZ 1u
#define REG_EXPAND_SZ 2u

static enum iv_hive_outcome trouble(struct iv_fault *ret_fault, const char *detail)
{
    *ret_fault = (struct iv_fault){.kind = IV_FAULT_METADATA, .detail = detail};
    return IV_HIVE_TROUBLE;
}

/* ---- header and cells ---- */

/* The exclusive or of the first 127 words. The results 0 and -1 are never stored: 1 and -2 are. */
static uint32_t header_checksum(const unsigned char *bytes)
{
    struct iv_cursor c = iv_cursor(bytes, CHECKED_SIZE);
    uint32_t sum = 0;
    while (iv_cursor_left(&c) > 0) {
        sum ^= iv_cursor_u32(&c);
    }
    return sum == UINT32_MAX ? UINT32_MAX - 1 : sum == 0 ? 1 : sum;
}

bool iv_hive_open(const void *bytes, size_t size, struct iv_hive *ret_hive,
                  struct iv_fault *ret_fault)
{
    if (size < HEADER_SIZE || memcmp(bytes, "regf", 4) != 0) {
        (void)trouble(ret_fault, "no registry hive");
        return false;
    }
    struct iv_cursor c = iv_cursor(bytes, HEADER_SIZE);
    c.at = 4;
    uint32_t first = iv_cursor_u32(&c);
    uint32_t second = iv_cursor_u32(&c);
    c.at = 20;
    uint32_t major = iv_cursor_u32(&c);
    c.at = 36;
    uint32_t root = iv_cursor_u32(&c);
    c.at = CHECKED_SIZE;
    if (iv_cursor_u32(&c) != header_checksum(bytes)) {
        (void)trouble(ret_fault, "the hive's header has a wrong checksum");
        return false;
    }
    if (major != 1) {
        (void)trouble(ret_fault, "the hive has an unknown version");
        return false;
    }

    *ret_hive = (struct iv_hive){
        .bytes = bytes,
        .size = size,
        .root = root,
        .is_dirty = first != second,
    };
    return true;
}

/* The content of a cell in use; failed when it is none, or reaches out of the hive. */
static struct iv_cursor cell_at(const struct iv_hive *hive, uint32_t offset)
{
    struct iv_cursor none = {.failed = true};
    uint64_t at = (uint64_t)HEADER_SIZE + offset;
    if (offset % 8 != 0 || at + 4 > hive->size) {
        return none;
    }
    struct iv_cursor c = iv_cursor(hive->bytes + at, 4);
    int64_t size = -(int64_t)(int32_t)iv_cursor_u32(&c); /* in use: stored as a negative number */
    if (size < 8 || (uint64_t)size > hive->size - at) {
        return none;
    }
    return iv_cursor(hive->bytes + at + 4, (size_t)size - 4);
}

/* Takes the two letters that say what a cell is. False: others, or a cell that failed. */
static bool cell_is(struct iv_cursor *c, const char *signature)
{
    const unsigned char *found = iv_cursor_take(c, 2);
    return found != NULL && memcmp(found, signature, 2) == 0;
}

/* A name as UTF-8: one byte or two for each character. NULL: cut off. */
static const char *read_name(struct iv_cursor *c, size_t size, bool is_narrow,
                             struct iv_arena *arena)
{
    const unsigned char *bytes = iv_cursor_take(c, size);
    if (bytes == NULL) {
        return NULL;
    }
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    if (is_narrow) {
        for (size_t i = 0; i < size; i++) {
            iv_utf8_add(&text, bytes[i] == 0 ? 0xFFFD : bytes[i]);
        }
    } else if (!iv_utf16_to_utf8(&text, bytes, size, false)) {
        return NULL;
    }
    return iv_arena_strdup(arena, iv_buf_text(&text));
}

/* ---- keys ---- */

struct key {
    uint32_t offset;
    uint32_t flags;
    uint32_t subkeys; /* their number */
    uint32_t list;    /* offset */
    uint32_t values;
    uint32_t value_list;
    const char *name;
};

/*
 * Reads the key at `offset`; its name goes to `arena`. False: it is no key, or is damaged. Offsets
 * in it are not checked here: cell_at() does it when they are used.
 */
static bool read_key(const struct iv_hive *hive, uint32_t offset, struct iv_arena *arena,
                     struct key *ret_key)
{
    struct iv_cursor c = cell_at(hive, offset);
    if (!cell_is(&c, "nk")) {
        return false;
    }
    struct key key = {.offset = offset, .flags = iv_cursor_u16(&c)};
    c.at = 20;
    key.subkeys = iv_cursor_u32(&c);
    iv_cursor_u32(&c);
    key.list = iv_cursor_u32(&c);
    iv_cursor_u32(&c);
    key.values = iv_cursor_u32(&c);
    key.value_list = iv_cursor_u32(&c);
    if (c.failed || c.size < KEY_SIZE) {
        return false;
    }
    c.at = 72;
    size_t name_size = iv_cursor_u16(&c);
    iv_cursor_u16(&c);
    key.name = read_name(&c, name_size, (key.flags & KEY_NARROW_NAME) != 0, arena);
    *ret_key = key;
    return key.name != NULL;
}

/* The keys of a path so far, and the way to them. */
struct keys {
    struct key items[KEYS_MAX];
    size_t count;
};

/* What is looked for among the keys below one. All of them are looked at: one of them may differ
 * from another in case alone. */
struct search {
    const struct iv_hive *hive;
    const char *name;
    uint32_t left;         /* keys that may still be looked at: the number that their parent says */
    const uint32_t *above; /* the parent and the keys that it lies in */
    size_t depth;
    struct iv_arena arena;  /* scratch */
    struct iv_arena *names; /* where the found ones' names go */
    struct keys *found;
    const char *trouble; /* NULL: none so far */
};

/* Whether the key at `offset` is the parent, or one of the keys on the way to it. */
static bool is_above(const struct search *search, uint32_t offset)
{
    for (size_t i = 0; i < search->depth; i++) {
        if (search->above[i] == offset) {
            return true;
        }
    }
    return false;
}

/* Keeps a key that has the name. A list that has it twice is damage, and not a pair of twins. */
static void add_key(struct search *search, const struct key *key)
{
    struct keys *found = search->found;
    for (size_t i = 0; i < found->count; i++) {
        if (found->items[i].offset == key->offset) {
            search->trouble = "a key of the hive lists another one twice";
            return;
        }
    }
    if (found->count == KEYS_MAX) {
        search->trouble = "the hive has too many keys that differ in case alone";
        return;
    }
    found->items[found->count] = *key;
    found->items[found->count++].name = iv_arena_strdup(search->names, key->name);
}

/*
 * One key of a list. False: the list has more of them than the parent says, or this one is damaged.
 * With search->trouble the search goes on, and find_subkeys() reports it.
 */
static bool look_at(struct search *search, uint32_t offset)
{
    struct key key;
    if (search->left == 0) {
        return false;
    }
    search->left--;
    if (is_above(search, offset)) {
        search->trouble = "a key of the hive lies below itself";
        return true;
    }
    struct iv_arena_mark mark = iv_arena_mark(&search->arena);
    bool is_fine = read_key(search->hive, offset, &search->arena, &key);
    if (is_fine && iv_fold_compare(key.name, search->name) == 0) {
        add_key(search, &key);
    }
    iv_arena_reset(&search->arena, mark);
    return is_fine;
}

/* "lf", "lh": offset and hash; "li": offsets. False: damaged. */
static bool search_list(struct search *search, uint32_t offset)
{
    struct iv_cursor c = cell_at(search->hive, offset);
    const unsigned char *signature = iv_cursor_take(&c, 2);
    if (signature == NULL) {
        return false;
    }
    bool is_hashed = memcmp(signature, "lf", 2) == 0 || memcmp(signature, "lh", 2) == 0;
    if (!is_hashed && memcmp(signature, "li", 2) != 0) {
        return false;
    }
    unsigned count = iv_cursor_u16(&c);
    for (unsigned i = 0; i < count; i++) {
        uint32_t key = iv_cursor_u32(&c);
        if (is_hashed) {
            iv_cursor_u32(&c);
        }
        if (c.failed || !look_at(search, key)) {
            return false;
        }
    }
    return true;
}

/* "ri" holds offsets of lists, and no list of lists. */
static bool search_lists(struct search *search, uint32_t offset)
{
    struct iv_cursor c = cell_at(search->hive, offset);
    if (!cell_is(&c, "ri")) {
        return search_list(search, offset);
    }
    unsigned count = iv_cursor_u16(&c);
    for (unsigned i = 0; i < count; i++) {
        uint32_t list = iv_cursor_u32(&c);
        if (c.failed || !search_list(search, list)) {
            return false;
        }
    }
    return true;
}

/* Adds the keys below `parent` that have the name to search->found. */
static enum iv_hive_outcome find_subkeys(struct search *search, const struct key *parent,
                                         struct iv_fault *ret_fault)
{
    if (parent->subkeys == 0) {
        return IV_HIVE_ABSENT;
    }
    if (parent->subkeys > search->hive->size / KEY_SIZE) {
        return trouble(ret_fault, "a key of the hive has more keys than the hive has room for");
    }
    search->left = parent->subkeys;
    iv_arena_init(&search->arena);
    bool is_fine = search_lists(search, parent->list) && search->left == 0;
    iv_arena_fini(&search->arena);
    if (search->trouble != NULL) {
        return trouble(ret_fault, search->trouble);
    }
    return is_fine ? IV_HIVE_FOUND
                   : trouble(ret_fault, "a list of keys, or a key, of the hive is damaged");
}

/* The first two of the keys from `first` on that have one parent: they differ in case alone. */
static enum iv_hive_outcome note_twins(const struct keys *keys, size_t first,
                                       struct iv_arena *arena, const char **twins,
                                       struct iv_fault *ret_fault)
{
    for (size_t i = first + 1; i < keys->count; i++) {
        if (strcmp(keys->items[i - 1].name, keys->items[i].name) == 0) {
            return trouble(ret_fault, "two keys of the hive have the same name and parent");
        }
        if (*twins == NULL) {
            *twins = iv_arena_printf(arena, "the key %s of the hive has the twin %s",
                                     keys->items[i - 1].name, keys->items[i].name);
        }
    }
    return IV_HIVE_FOUND;
}

/* A walk down from the root. */
struct way {
    const struct iv_hive *hive;
    struct iv_arena *arena;
    struct keys keys;                     /* where it is */
    uint32_t above[DEPTH_MAX * KEYS_MAX]; /* where it was */
    size_t depth;
    const char *twins;
};

/* One step, from keys to all those below them that have the name. */
static enum iv_hive_outcome step_down(struct way *way, const char *name, struct iv_fault *ret_fault)
{
    struct keys below = {0};
    for (size_t i = 0; i < way->keys.count; i++) {
        if (way->depth == IV_COUNT(way->above)) {
            return trouble(ret_fault, "the path of the key is too long");
        }
        way->above[way->depth++] = way->keys.items[i].offset;
    }
    for (size_t i = 0; i < way->keys.count; i++) {
        struct search search = {
            .hive = way->hive,
            .name = name,
            .above = way->above,
            .depth = way->depth,
            .names = way->arena,
            .found = &below,
        };
        size_t first = below.count;
        enum iv_hive_outcome outcome = find_subkeys(&search, &way->keys.items[i], ret_fault);
        if (outcome == IV_HIVE_FOUND) {
            outcome = note_twins(&below, first, way->arena, &way->twins, ret_fault);
        }
        if (outcome == IV_HIVE_TROUBLE) {
            return outcome;
        }
    }

    for (size_t i = 0; i < below.count; i++) {
        if ((below.items[i].flags & KEY_LINK) != 0) {
            return trouble(ret_fault, "a key of the hive is a link");
        }
    }
    way->keys = below;
    return below.count > 0 ? IV_HIVE_FOUND : IV_HIVE_ABSENT;
}

/*
 * Follows the whole path; way->keys are then the keys that have it. ABSENT: a part of the path has
 * no key under any of those before it.
 */
static enum iv_hive_outcome find_keys(struct way *way, const char *path, struct iv_fault *ret_fault)
{
    if (!read_key(way->hive, way->hive->root, way->arena, &way->keys.items[0])) {
        return trouble(ret_fault, "the hive's root key is damaged");
    }
    way->keys.count = 1;
    while (*path != '\0') {
        size_t size = strcspn(path, "\\");
        const char *name = iv_arena_strndup(way->arena, path, size);
        path += size + (path[size] == '\\');
        enum iv_hive_outcome outcome = step_down(way, name, ret_fault);
        if (outcome != IV_HIVE_FOUND) {
            return outcome;
        }
    }
    return IV_HIVE_FOUND;
}

/* ---- values ---- */

/* REG_SZ: up to its first NUL. */
static const char *read_text(const unsigned char *bytes, size_t size, struct iv_arena *arena)
{
    size_t end = 0;
    while (end + 2 <= size && (bytes[end] != 0 || bytes[end + 1] != 0)) {
        end += 2;
    }
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    return iv_utf16_to_utf8(&text, bytes, end, false) ? iv_arena_strdup(arena, iv_buf_text(&text))
                                                      : NULL;
}

/*
 * Data above DATA_MAX: a cell "db" has the number of pieces and the place of their list. Each piece
 * but the last one has DATA_MAX bytes. The size is checked against the hive before any is copied.
 */
static bool read_pieces(const struct iv_hive *hive, uint32_t offset, size_t size,
                        struct iv_buf *buf)
{
    struct iv_cursor c = cell_at(hive, offset);
    if (!cell_is(&c, "db")) {
        return false;
    }
    unsigned count = iv_cursor_u16(&c);
    uint32_t list_at = iv_cursor_u32(&c);
    if (c.failed || size > hive->size || count < (size + DATA_MAX - 1) / DATA_MAX) {
        return false;
    }
    struct iv_cursor list = cell_at(hive, list_at);
    while (size > 0) {
        struct iv_cursor piece = cell_at(hive, iv_cursor_u32(&list));
        size_t part = size < DATA_MAX ? size : DATA_MAX;
        const unsigned char *bytes = list.failed ? NULL : iv_cursor_take(&piece, part);
        if (bytes == NULL) {
            return false;
        }
        iv_buf_add(buf, bytes, part);
        size -= part;
    }
    return true;
}

/* The data of a value of text; `inside` are the four bytes of its place. False: damaged. */
static bool read_data(const struct iv_hive *hive, uint32_t size, const unsigned char *inside,
                      struct iv_buf *buf)
{
    if ((size & DATA_INLINE) != 0) {
        size &= ~DATA_INLINE;
        iv_buf_add(buf, inside, size <= 4 ? size : 0);
        return size <= 4;
    }
    struct iv_cursor place = iv_cursor(inside, 4);
    uint32_t offset = iv_cursor_u32(&place);
    if (size > DATA_MAX) {
        return read_pieces(hive, offset, size, buf);
    }
    if (size == 0) {
        return true;
    }
    struct iv_cursor cell = cell_at(hive, offset);
    const unsigned char *bytes = iv_cursor_take(&cell, size);
    if (bytes == NULL) {
        return false;
    }
    iv_buf_add(buf, bytes, size);
    return true;
}

/* Data of other types are not looked at: Windows itself writes numbers of odd sizes. */
static void read_value(const struct iv_hive *hive, uint32_t offset, struct iv_arena *arena,
                       struct iv_hive_value *value)
{
    struct iv_cursor c = cell_at(hive, offset);
    value->trouble = "a value of the hive is damaged";
    if (!cell_is(&c, "vk")) {
        return;
    }
    size_t name_size = iv_cursor_u16(&c);
    uint32_t size = iv_cursor_u32(&c);
    const unsigned char *inside = iv_cursor_take(&c, 4);
    value->type = iv_cursor_u32(&c);
    uint16_t flags = iv_cursor_u16(&c);
    iv_cursor_u16(&c);
    if (c.failed) {
        return;
    }
    value->name = read_name(&c, name_size, (flags & VALUE_NARROW_NAME) != 0, arena);
    bool is_text = value->type == REG_SZ || value->type == REG_EXPAND_SZ;
    if (value->name == NULL || !is_text) {
        value->trouble = value->name == NULL ? value->trouble : NULL;
        return;
    }

    struct iv_buf data IV_CLEANUP(iv_buf_fini) = {0};
    if (!read_data(hive, size, inside, &data)) {
        value->trouble = "the data of a value of the hive are damaged";
        return;
    }
    value->text = read_text((const unsigned char *)iv_buf_text(&data), data.size, arena);
    value->trouble = value->text == NULL ? "the text of a value of the hive is not UTF-16" : NULL;
}

/* Appends the values of one key. */
static enum iv_hive_outcome add_values(const struct iv_hive *hive, const struct key *key,
                                       struct iv_arena *arena, struct iv_hive_values *values,
                                       struct iv_fault *ret_fault)
{
    struct iv_cursor list = {0};
    if (key->values > 0) {
        list = cell_at(hive, key->value_list);
        if (list.failed || key->values > list.size / 4) {
            return trouble(ret_fault, "a list of values of the hive is damaged");
        }
    }
    struct iv_hive_value *items =
        IV_NEW_ARRAY(arena, struct iv_hive_value, values->count + key->values + 1);
    if (values->count > 0) {
        memcpy(items, values->items, values->count * sizeof(*items));
    }
    for (uint32_t i = 0; i < key->values; i++) {
        read_value(hive, iv_cursor_u32(&list), arena, &items[values->count + i]);
    }
    values->items = items;
    values->count += key->values;
    return IV_HIVE_FOUND;
}

enum iv_hive_outcome iv_hive_values(const struct iv_hive *hive, const char *key_path,
                                    struct iv_arena *arena, struct iv_hive_values *ret_values,
                                    struct iv_fault *ret_fault)
{
    struct way way = {.hive = hive, .arena = arena};
    struct iv_hive_values values = {0};
    enum iv_hive_outcome outcome = find_keys(&way, key_path, ret_fault);
    for (size_t i = 0; outcome == IV_HIVE_FOUND && i < way.keys.count; i++) {
        outcome = add_values(hive, &way.keys.items[i], arena, &values, ret_fault);
    }
    values.twins = way.twins;
    *ret_values = values;
    return outcome;
}
