#include "imgval/disk/volume_ntfs_record.h"

#include "imgval/base/cursor.h"

#include <stdlib.h>
#include <string.h>

#define IN_USE 1
#define FILE_NAME 0x30
#define FILE_NAME_MIN 66
#define SHORT_NAME 2
#define FIRST_FILE 24 /* records before it are those of the volume itself */
#define PIECE_SIZE 65536
#define REPARSE_POINT 0xC0
#define TAG_WOF 0x80000017u
#define WOF_PROVIDER_FILE 2

bool iv_ntfs_record_open(unsigned char *record, size_t size)
{
    if (memcmp(record, "FILE", 4) != 0) {
        return false;
    }
    struct iv_cursor c = iv_cursor(record, size);
    c.at = 4;
    size_t array = iv_cursor_u16(&c);
    size_t count = iv_cursor_u16(&c);
    if (count != size / 512 + 1 || array % 2 != 0 || array + 2 * count > size) {
        return false;
    }
    for (size_t i = 1; i < count; i++) {
        if (memcmp(record + 512 * i - 2, record + array, 2) != 0) {
            return false;
        }
        memcpy(record + 512 * i - 2, record + array + 2 * i, 2);
    }
    return true;
}

/* A resident attribute, `length` bytes from its header on: a name other than a short one. */
static bool read_name(const unsigned char *attribute, size_t length, uint64_t *ret_folder)
{
    struct iv_cursor c = iv_cursor(attribute, length);
    c.at = 16;
    size_t size = iv_cursor_u32(&c);
    size_t offset = iv_cursor_u16(&c);
    if (attribute[8] != 0 || offset > length || size > length - offset || size < FILE_NAME_MIN) {
        return false;
    }
    struct iv_cursor value = iv_cursor(attribute + offset, size);
    *ret_folder = IV_NTFS_NUMBER(iv_cursor_u64(&value));
    return attribute[offset + 65] != SHORT_NAME;
}

/*
 * The next name of a record in use that is no short one: in which directory it stands. `at` is 0
 * at first and moves on; false behind the last. The file is the record, or the one it continues.
 */
static bool next_name(const unsigned char *record, size_t size, uint64_t number, size_t *at,
                      struct iv_ntfs_place *ret_place)
{
    struct iv_cursor c = iv_cursor(record, size);
    c.at = 20;
    size_t first = iv_cursor_u16(&c);
    if ((iv_cursor_u16(&c) & IN_USE) == 0) {
        return false;
    }
    c.at = 32;
    uint64_t base = IV_NTFS_NUMBER(iv_cursor_u64(&c));
    ret_place->file = base != 0 ? base : number;
    *at = *at == 0 ? first : *at;
    while (*at + 24 <= size) {
        const unsigned char *place = record + *at;
        struct iv_cursor attribute = iv_cursor(place, size - *at);
        uint32_t type = iv_cursor_u32(&attribute);
        uint32_t length = iv_cursor_u32(&attribute);
        if (type == UINT32_MAX || length < 24 || length > size - *at) {
            return false;
        }
        *at += length;
        if (type == FILE_NAME && read_name(place, length, &ret_place->folder)) {
            return true;
        }
    }
    return false;
}

static int compare_places(const void *a, const void *b)
{
    const struct iv_ntfs_place *one = a;
    const struct iv_ntfs_place *other = b;
    return (one->folder > other->folder) - (one->folder < other->folder);
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a;
    uint64_t other = *(const uint64_t *)b;
    return (one > other) - (one < other);
}

bool iv_ntfs_census_take(const struct iv_source *mft, size_t record_size, struct iv_arena *arena,
                         struct iv_ntfs_census *census)
{
    size_t capacity = 0;
    unsigned char *piece = IV_NEW_ARRAY(arena, unsigned char, PIECE_SIZE);
    for (uint64_t at = FIRST_FILE * record_size; at < mft->size; at += PIECE_SIZE) {
        size_t take = mft->size - at < PIECE_SIZE ? (size_t)(mft->size - at) : PIECE_SIZE;
        if (!iv_source_read(mft, piece, take, at)) {
            return false;
        }
        for (size_t k = 0; k + record_size <= take; k += record_size) {
            struct iv_ntfs_place place = {0};
            size_t next = 0;
            bool is_sound = iv_ntfs_record_open(piece + k, record_size);
            while (is_sound &&
                   next_name(piece + k, record_size, (at + k) / record_size, &next, &place)) {
                census->places = iv_arena_grow(arena, census->places, census->count, &capacity,
                                               sizeof(*census->places));
                census->places[census->count++] = place;
            }
        }
    }
    if (census->count > 0) {
        qsort(census->places, census->count, sizeof(*census->places), compare_places);
    }
    census->is_taken = true;
    return true;
}

bool iv_ntfs_census_agrees(const struct iv_ntfs_census *census, uint64_t folder, uint64_t *listed,
                           size_t count)
{
    size_t from = 0;
    qsort(listed, count, sizeof(*listed), compare_numbers);
    for (size_t to = census->count; from < to;) { /* the first that is not below it */
        size_t middle = from + (to - from) / 2;
        if (census->places[middle].folder < folder) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    for (; from < census->count && census->places[from].folder == folder; from++) {
        if (bsearch(&census->places[from].file, listed, count, sizeof(*listed), compare_numbers) ==
            NULL) {
            return false;
        }
    }
    return true;
}

bool iv_ntfs_record_has_wof(const unsigned char *record, size_t size)
{
    struct iv_cursor c = iv_cursor(record, size);
    c.at = 20;
    size_t at = iv_cursor_u16(&c);
    while (at + 24 <= size) {
        struct iv_cursor attribute = iv_cursor(record + at, size - at);
        uint32_t type = iv_cursor_u32(&attribute);
        uint32_t length = iv_cursor_u32(&attribute);
        if (type == UINT32_MAX || length < 24 || length > size - at) {
            return false;
        }
        if (type == REPARSE_POINT && record[at + 8] == 0) {
            attribute.size = length;
            attribute.at = 20;
            attribute.at = iv_cursor_u16(&attribute);
            attribute.failed = attribute.at > attribute.size;
            uint32_t tag = iv_cursor_u32(&attribute);
            iv_cursor_u32(&attribute);
            uint32_t version = iv_cursor_u32(&attribute);
            uint32_t provider = iv_cursor_u32(&attribute);
            return !attribute.failed && tag == TAG_WOF && version == 1 &&
                   provider == WOF_PROVIDER_FILE;
        }
        at += length;
    }
    return false;
}
