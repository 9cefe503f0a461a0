/*
 * A file as the sum of its records.
 *
 * A file with many attributes, or many runs, does not fit into one record. Its base record then has
 * an attribute list, which names every attribute with the record that holds it. The list is
 * followed and checked from both sides: each record it names must refer back to the base record and
 * still have the sequence number of the reference, each attribute must be there, and the records
 * may have no others. So no part of a file can be left out, and none of another file can be taken
 * for it.
 *
 * The master file table is such a file itself, which its own records describe. iv_ntfs_mft_open()
 * starts from record 0, whose place is in the boot sector, and extends what it knows piece by
 * piece.
 */
#include "imgval/disk/ntfs/ntfs_file.h"

#include "imgval/base/cursor.h"

#include <string.h>

#define LIST_SIZE_MAX (256u << 10) /* the format's own bound */
#define LIST_HEADER 26u
#define FOLLOWED_MAX (UINT64_C(1) << 22) /* in a volume; few files have a list at all */

/* The records of a file that are in memory. */
struct parts {
    struct iv_ntfs_record *items;
    size_t count;
    size_t capacity;
};

/* ---- records and their attributes ---- */

/*
 * Reads a record into `arena` and undoes its fix-ups. False: it is past the end of the table,
 * damaged, or not in use.
 */
static bool load_record(struct iv_ntfs *ntfs, uint64_t number, struct iv_arena *arena,
                        struct iv_ntfs_record *ret_record, struct iv_ntfs_why *why)
{
    size_t size = ntfs->record_size;
    struct iv_ntfs_why inner;
    if (number >= ntfs->mft.size / size) {
        return iv_ntfs_fail(why, "record %llu is past the end of the table",
                            (unsigned long long)number);
    }
    unsigned char *bytes = iv_arena_alloc(arena, size);
    if (!iv_ntfs_stream_read(&ntfs->mft, bytes, size, number * size)) {
        return iv_ntfs_fail(why, "record %llu cannot be read", (unsigned long long)number);
    }
    if (!iv_ntfs_record_open(bytes, size, number, ret_record, &inner)) {
        return iv_ntfs_fail(why, "record %llu: %.120s", (unsigned long long)number, inner.text);
    }
    return ret_record->is_in_use ||
           iv_ntfs_fail(why, "record %llu is not in use", (unsigned long long)number);
}

static void add_attribute(struct iv_ntfs_file *file, size_t *capacity, struct iv_arena *arena,
                          const struct iv_ntfs_attribute *attribute)
{
    file->attributes =
        iv_arena_grow(arena, file->attributes, file->count, capacity, sizeof(*file->attributes));
    file->attributes[file->count++] = *attribute;
}

/* All attributes of one record. */
static bool add_record(const struct iv_ntfs_record *record, struct iv_arena *arena,
                       struct iv_ntfs_file *file, struct iv_ntfs_why *why)
{
    size_t capacity = file->count;
    struct iv_ntfs_walk walk = {0};
    struct iv_ntfs_attribute attribute;
    struct iv_ntfs_why inner;
    enum iv_ntfs_step step;
    while ((step = iv_ntfs_attribute_next(record, &walk, &attribute, &inner)) == IV_NTFS_STEP_ONE) {
        add_attribute(file, &capacity, arena, &attribute);
    }
    return step == IV_NTFS_STEP_END ||
           iv_ntfs_fail(why, "record %llu: %.120s", (unsigned long long)record->number, inner.text);
}

/* ---- attribute lists ---- */

struct list_entry {
    struct iv_ntfs_attribute attribute; /* type, name, id and first_vcn alone */
    uint64_t reference;
};

/* False at the end, and where it is damaged: *list->failed then. */
static bool next_entry(struct iv_cursor *list, struct list_entry *ret_entry)
{
    if (list->failed || iv_cursor_left(list) == 0) {
        return false;
    }
    struct iv_cursor c = *list;
    struct list_entry entry = {.attribute.type = iv_cursor_u32(&c)};
    size_t length = iv_cursor_u16(&c);
    entry.attribute.name_size = (size_t)2 * iv_cursor_u8(&c);
    size_t name = iv_cursor_u8(&c);
    entry.attribute.first_vcn = iv_cursor_u64(&c);
    entry.reference = iv_cursor_u64(&c);
    entry.attribute.id = iv_cursor_u16(&c);
    const unsigned char *bytes = iv_cursor_take(list, length);
    if (c.failed || bytes == NULL || length < LIST_HEADER || length % 8 != 0 || name > length ||
        entry.attribute.name_size > length - name) {
        list->failed = true;
        return false;
    }
    entry.attribute.name = bytes + name;
    *ret_entry = entry;
    return true;
}

/* The record of an entry of the list: at hand, or loaded now. */
static bool find_part(struct iv_ntfs *ntfs, const struct list_entry *entry, struct iv_arena *arena,
                      struct parts *parts, const struct iv_ntfs_record **ret_part,
                      struct iv_ntfs_why *why)
{
    const struct iv_ntfs_record *base = &parts->items[0];
    uint64_t number = IV_NTFS_NUMBER(entry->reference);
    size_t i = parts->count; /* the last one is the likeliest */
    while (i > 0 && parts->items[i - 1].number != number) {
        i--;
    }
    if (i == 0) {
        struct iv_ntfs_record record;
        if (!load_record(ntfs, number, arena, &record, why)) {
            return false;
        }
        if (record.base != IV_NTFS_REFERENCE(base->number, base->sequence)) {
            return iv_ntfs_fail(why, "record %llu does not continue record %llu",
                                (unsigned long long)number, (unsigned long long)base->number);
        }
        parts->items = iv_arena_grow(arena, parts->items, parts->count, &parts->capacity,
                                     sizeof(*parts->items));
        parts->items[parts->count++] = record;
        i = parts->count;
    }
    if (parts->items[i - 1].sequence != IV_NTFS_SEQUENCE(entry->reference)) {
        return iv_ntfs_fail(why, "record %llu has been used again", (unsigned long long)number);
    }
    *ret_part = &parts->items[i - 1];
    return true;
}

/* The attribute that an entry of the list stands for. */
static bool find_listed(const struct iv_ntfs_record *part, const struct list_entry *entry,
                        struct iv_ntfs_attribute *ret_attribute, struct iv_ntfs_why *why)
{
    const struct iv_ntfs_attribute *wanted = &entry->attribute;
    struct iv_ntfs_walk walk = {0};
    struct iv_ntfs_attribute attribute;
    struct iv_ntfs_why inner;
    while (iv_ntfs_attribute_next(part, &walk, &attribute, &inner) == IV_NTFS_STEP_ONE) {
        if (attribute.type == wanted->type && attribute.id == wanted->id &&
            attribute.first_vcn == wanted->first_vcn && attribute.name_size == wanted->name_size &&
            memcmp(attribute.name, wanted->name, wanted->name_size) == 0) {
            *ret_attribute = attribute;
            return true;
        }
    }
    return iv_ntfs_fail(why, "record %llu has not the attribute that the list has there",
                        (unsigned long long)part->number);
}

/* As many attributes in the records as in the list: none is left out. */
static bool check_count(const struct parts *parts, const struct iv_ntfs_file *file,
                        struct iv_ntfs_why *why)
{
    size_t count = 0;
    for (size_t i = 0; i < parts->count; i++) {
        struct iv_ntfs_walk walk = {0};
        struct iv_ntfs_attribute attribute;
        enum iv_ntfs_step step;
        while ((step = iv_ntfs_attribute_next(&parts->items[i], &walk, &attribute, why)) ==
               IV_NTFS_STEP_ONE) {
            count += attribute.type != IV_NTFS_ATTRIBUTE_LIST;
        }
        if (step != IV_NTFS_STEP_END) {
            return false;
        }
    }
    return count == file->count ||
           iv_ntfs_fail(why, "its attribute list has %zu attributes, its records have %zu",
                        file->count, count);
}

/* Reads the list as bytes. */
static bool read_list(const struct iv_ntfs_file *file, struct iv_arena *arena,
                      struct iv_cursor *ret_list, struct iv_ntfs_why *why)
{
    struct iv_ntfs_stream stream;
    if (!iv_ntfs_file_stream(file, IV_NTFS_ATTRIBUTE_LIST, "", arena, &stream, why)) {
        return false;
    }
    if (stream.size > LIST_SIZE_MAX) {
        return iv_ntfs_fail(why, "its attribute list has %llu bytes",
                            (unsigned long long)stream.size);
    }
    unsigned char *bytes = iv_arena_alloc(arena, (size_t)stream.size + 1);
    if (!iv_ntfs_stream_read(&stream, bytes, (size_t)stream.size, 0)) {
        return iv_ntfs_fail(why, "its attribute list cannot be read");
    }
    *ret_list = iv_cursor(bytes, (size_t)stream.size);
    return true;
}

/* Replaces the attributes of the base record by those of the list. */
static bool follow_list(struct iv_ntfs *ntfs, const struct iv_ntfs_record *base,
                        struct iv_arena *arena, struct iv_ntfs_file *file, struct iv_ntfs_why *why)
{
    struct iv_cursor list;
    if (!read_list(file, arena, &list, why)) {
        return false;
    }
    struct parts parts = {0};
    parts.items = iv_arena_grow(arena, NULL, 0, &parts.capacity, sizeof(*parts.items));
    parts.items[parts.count++] = *base;
    file->attributes = NULL;
    file->count = 0;
    size_t capacity = 0;
    struct list_entry entry;
    while (next_entry(&list, &entry)) {
        const struct iv_ntfs_record *part;
        struct iv_ntfs_attribute attribute;
        if (entry.attribute.type == IV_NTFS_ATTRIBUTE_LIST) {
            return iv_ntfs_fail(why, "its attribute list names another one");
        }
        if (++ntfs->followed > FOLLOWED_MAX) {
            return iv_ntfs_fail(why, "the attribute lists of the volume are too long to follow");
        }
        if (!find_part(ntfs, &entry, arena, &parts, &part, why) ||
            !find_listed(part, &entry, &attribute, why)) {
            return false;
        }
        add_attribute(file, &capacity, arena, &attribute);
    }
    if (list.failed) {
        return iv_ntfs_fail(why, "its attribute list is damaged");
    }
    return check_count(&parts, file, why);
}

/* ---- files ---- */

const struct iv_ntfs_attribute *iv_ntfs_file_find(const struct iv_ntfs_file *file, uint32_t type,
                                                  const char *name)
{
    for (size_t i = 0; i < file->count; i++) {
        if (iv_ntfs_attribute_is(&file->attributes[i], type, name)) {
            return &file->attributes[i];
        }
    }
    return NULL;
}

bool iv_ntfs_file_stream(const struct iv_ntfs_file *file, uint32_t type, const char *name,
                         struct iv_arena *arena, struct iv_ntfs_stream *ret_stream,
                         struct iv_ntfs_why *why)
{
    const struct iv_ntfs_attribute *first = iv_ntfs_file_find(file, type, name);
    if (first == NULL) {
        return iv_ntfs_fail(why, "an attribute of type 0x%X is not there", type);
    }
    const size_t left = file->count - (size_t)(first - file->attributes);
    return iv_ntfs_stream_open(file->ntfs, first, left, arena, ret_stream, why);
}

bool iv_ntfs_file_open(struct iv_ntfs *ntfs, uint64_t number, uint32_t sequence,
                       struct iv_arena *arena, struct iv_ntfs_file *ret_file,
                       struct iv_ntfs_why *why)
{
    struct iv_ntfs_record base;
    if (!load_record(ntfs, number, arena, &base, why)) {
        return false;
    }
    if (base.base != 0 || (sequence != IV_NTFS_ANY_SEQUENCE && base.sequence != sequence)) {
        return iv_ntfs_fail(why, "record %llu belongs to another file by now",
                            (unsigned long long)number);
    }
    struct iv_ntfs_file file = {
        .ntfs = ntfs,
        .reference = IV_NTFS_REFERENCE(number, base.sequence),
        .is_directory = base.is_directory,
    };
    if (!add_record(&base, arena, &file, why) ||
        (iv_ntfs_file_find(&file, IV_NTFS_ATTRIBUTE_LIST, "") != NULL &&
         !follow_list(ntfs, &base, arena, &file, why))) {
        return false;
    }
    *ret_file = file;
    return true;
}

/* ---- the master file table ---- */

/*
 * The pieces of the table that other records hold. Those lie in the pieces before them: each is
 * read through what is known of the table by then.
 */
static bool follow_mft(struct iv_ntfs *ntfs, const struct iv_ntfs_record *base,
                       const struct iv_ntfs_file *file, struct iv_arena *arena,
                       struct iv_ntfs_why *why)
{
    struct iv_cursor list;
    if (!read_list(file, arena, &list, why)) {
        return false;
    }
    struct parts parts = {0};
    parts.items = iv_arena_grow(arena, NULL, 0, &parts.capacity, sizeof(*parts.items));
    parts.items[parts.count++] = *base;
    struct list_entry entry;
    while (next_entry(&list, &entry)) {
        const struct iv_ntfs_record *part;
        struct iv_ntfs_attribute attribute;
        if (!iv_ntfs_attribute_is(&entry.attribute, IV_NTFS_DATA, "") ||
            entry.attribute.first_vcn == 0) {
            continue;
        }
        if (!find_part(ntfs, &entry, arena, &parts, &part, why) ||
            !find_listed(part, &entry, &attribute, why) ||
            !iv_ntfs_runs_add(ntfs, &attribute, arena, &ntfs->mft.runs, why)) {
            return false;
        }
    }
    return !list.failed || iv_ntfs_fail(why, "its attribute list is damaged");
}

bool iv_ntfs_mft_open(struct iv_ntfs *ntfs, struct iv_arena *arena, struct iv_ntfs_why *why)
{
    unsigned char *bytes = iv_arena_alloc(arena, ntfs->record_size);
    struct iv_ntfs_record base;
    struct iv_ntfs_file file = {.ntfs = ntfs};
    if (!iv_source_read(&ntfs->source, bytes, ntfs->record_size,
                        ntfs->mft_cluster * ntfs->cluster_size)) {
        return iv_ntfs_fail(why, "record 0 cannot be read");
    }
    if (!iv_ntfs_record_open(bytes, ntfs->record_size, 0, &base, why) ||
        !add_record(&base, arena, &file, why)) {
        return false;
    }
    const struct iv_ntfs_attribute *data = iv_ntfs_file_find(&file, IV_NTFS_DATA, "");
    if (!base.is_in_use || base.base != 0 || data == NULL || data->is_resident ||
        data->flags != 0) {
        return iv_ntfs_fail(why, "record 0 is not that of the table");
    }
    ntfs->mft = (struct iv_ntfs_stream){
        .ntfs = ntfs,
        .size = data->initialized, /* records after it have never been written */
        .initialized = data->initialized,
    };
    if (!iv_ntfs_runs_add(ntfs, data, arena, &ntfs->mft.runs, why) ||
        (iv_ntfs_file_find(&file, IV_NTFS_ATTRIBUTE_LIST, "") != NULL &&
         !follow_mft(ntfs, &base, &file, arena, why))) {
        return false;
    }
    const struct iv_ntfs_runs *runs = &ntfs->mft.runs;
    if (data->allocated != runs->clusters * ntfs->cluster_size || runs->filled != runs->clusters ||
        data->size > data->allocated || data->initialized > data->size || runs->count == 0 ||
        runs->items[0].lcn != ntfs->mft_cluster) {
        return iv_ntfs_fail(why, "the table's sizes do not agree with its clusters");
    }
    return true;
}
