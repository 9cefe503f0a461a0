/*
 * One record of the master file table, as bytes: fix-ups, header, attributes, names.
 *
 * NTFS guards a block of several sectors against a write that stopped halfway: before the write it
 * replaces the last two bytes of each 512 by one number, and keeps the two bytes in an array at the
 * front of the block. A reader compares all of them with that number and puts the bytes back.
 * Nothing of a block may be looked at before that is done.
 *
 * After the header, a record is a row of attributes in ascending order of type, ended by
 * 0xFFFFFFFF. Each has its length, and its value either follows inside of it ("resident") or is a
 * run list. All offsets are checked against the attribute, and its length against the record, so
 * that no attribute can show the bytes of another one.
 */
#include "imgval/disk/ntfs/ntfs_record.h"

#include "imgval/base/cursor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#undef iv_ntfs_fail /* a macro for the analyzer alone */

#define STRIDE 512u /* of fix-ups, whatever the sector has */
/* Sizes and offsets in bytes; the fields are little-endian. */
#define RECORD_HEADER 42u
#define RECORD_NUMBER 44u /* since NTFS 3.1 */
#define ATTRIBUTE_HEADER 24u
#define TYPE_END UINT32_MAX
#define TYPE_MAX 0x100u
#define IN_USE 1u
#define IS_DIRECTORY 2u
#define NAME_HEADER 66u
#define NAME_FLAGS 56u
#define NAME_DIRECTORY 0x10000000u
/* Name spaces of a FILE_NAME attribute. */
#define SPACE_MAX 3u /* POSIX, Windows, DOS, Windows and DOS */
#define SPACE_POSIX 0u
#define SPACE_DOS 2u

bool iv_ntfs_fail(struct iv_ntfs_why *why, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(why->text, sizeof(why->text), fmt, args);
    va_end(args);
    return false;
}

bool iv_ntfs_fix_up(unsigned char *block, size_t size, const char *signature,
                    struct iv_ntfs_why *why)
{
    if (size < STRIDE || memcmp(block, signature, 4) != 0) {
        return iv_ntfs_fail(why, "the signature %s is not there", signature);
    }
    struct iv_cursor c = iv_cursor(block, size);
    c.at = 4;
    size_t array = iv_cursor_u16(&c);
    size_t count = iv_cursor_u16(&c);
    /* the array lies before the first word that it restores */
    if (count != size / STRIDE + 1 || array % 2 != 0 || array + 2 * count > STRIDE - 2) {
        return iv_ntfs_fail(why, "the array of fix-ups is damaged");
    }
    for (size_t i = 1; i < count; i++) {
        if (memcmp(block + STRIDE * i - 2, block + array, 2) != 0) {
            return iv_ntfs_fail(why, "the fix-up of sector %zu of %zu does not match", i,
                                count - 1);
        }
        memcpy(block + STRIDE * i - 2, block + array + 2 * i, 2);
    }
    return true;
}

bool iv_ntfs_record_open(unsigned char *bytes, size_t size, uint64_t number,
                         struct iv_ntfs_record *ret_record, struct iv_ntfs_why *why)
{
    if (!iv_ntfs_fix_up(bytes, size, "FILE", why)) {
        return false;
    }
    struct iv_cursor c = iv_cursor(bytes, size);
    c.at = 4;
    size_t array = iv_cursor_u16(&c);
    c.at = 16;
    struct iv_ntfs_record record = {.bytes = bytes, .number = number};
    record.sequence = iv_cursor_u16(&c);
    (void)iv_cursor_u16(&c); /* links */
    record.first = iv_cursor_u16(&c);
    unsigned flags = iv_cursor_u16(&c);
    record.used = iv_cursor_u32(&c);
    uint32_t allocated = iv_cursor_u32(&c);
    record.base = iv_cursor_u64(&c);
    record.is_in_use = (flags & IN_USE) != 0;
    record.is_directory = (flags & IS_DIRECTORY) != 0;
    c.at = RECORD_NUMBER;
    if (array >= RECORD_NUMBER + 4 && iv_cursor_u32(&c) != (number & UINT32_MAX)) {
        return iv_ntfs_fail(why, "it is the record of another number");
    }
    if (allocated != size || record.used > size || record.used % 8 != 0 ||
        record.first < RECORD_HEADER || record.first % 8 != 0 || record.first > record.used) {
        return iv_ntfs_fail(why, "the record's header is damaged");
    }
    *ret_record = record;
    return true;
}

/* The value of an attribute that is in the record. `c` covers that attribute alone. */
static bool read_resident(struct iv_cursor *c, struct iv_ntfs_attribute *attribute)
{
    c->at = 16;
    size_t size = iv_cursor_u32(c);
    size_t offset = iv_cursor_u16(c);
    if (offset < ATTRIBUTE_HEADER || offset % 8 != 0 || offset > c->size ||
        size > c->size - offset || c->size - offset - size >= 8) { /* padded to eight */
        return false;
    }
    attribute->value = c->bytes + offset;
    attribute->value_size = size;
    return true;
}

/*
 * The fields of an attribute whose value is elsewhere: a piece of it, with the run list up to the
 * end of the attribute. Only the first piece of a compressed or sparse one has the field `filled`.
 */
static bool read_outside(struct iv_cursor *c, struct iv_ntfs_attribute *attribute)
{
    c->at = 16;
    attribute->first_vcn = iv_cursor_u64(c);
    attribute->last_vcn = iv_cursor_u64(c);
    size_t offset = iv_cursor_u16(c);
    attribute->unit_shift = iv_cursor_u8(c);
    c->at = 40;
    attribute->allocated = iv_cursor_u64(c);
    attribute->size = iv_cursor_u64(c);
    attribute->initialized = iv_cursor_u64(c);
    bool has_filled = (attribute->flags & (IV_NTFS_COMPRESSION | IV_NTFS_SPARSE)) != 0 &&
                      attribute->first_vcn == 0;
    attribute->filled = has_filled ? iv_cursor_u64(c) : 0;
    if (c->failed || offset < c->at || offset > c->size) {
        return false;
    }
    attribute->value = c->bytes + offset;
    attribute->value_size = c->size - offset;
    return true;
}

enum iv_ntfs_step iv_ntfs_attribute_next(const struct iv_ntfs_record *record,
                                         struct iv_ntfs_walk *walk,
                                         struct iv_ntfs_attribute *ret_attribute,
                                         struct iv_ntfs_why *why)
{
    size_t at = walk->at == 0 ? record->first : walk->at;
    struct iv_cursor c = iv_cursor(record->bytes + at, record->used - at);
    struct iv_ntfs_attribute attribute = {.type = iv_cursor_u32(&c)};
    if (!c.failed && attribute.type == TYPE_END) {
        return IV_NTFS_STEP_END;
    }
    uint32_t length = iv_cursor_u32(&c);
    uint8_t form = iv_cursor_u8(&c);
    attribute.name_size = (size_t)2 * iv_cursor_u8(&c);
    size_t name = iv_cursor_u16(&c);
    attribute.flags = iv_cursor_u16(&c);
    attribute.id = iv_cursor_u16(&c);
    attribute.is_resident = form == 0;
    /* Types ascend: the one after the largest is the end. */
    if (c.failed || attribute.type == 0 || attribute.type % 0x10 != 0 ||
        attribute.type > TYPE_MAX || attribute.type < walk->type || length < ATTRIBUTE_HEADER ||
        length % 8 != 0 || length > c.size || form > 1 || name > length ||
        attribute.name_size > length - name) {
        (void)iv_ntfs_fail(why, "the attribute at offset %zu is damaged", at);
        return IV_NTFS_STEP_DAMAGE;
    }
    c.size = length;
    attribute.name = c.bytes + name;
    if (!(attribute.is_resident ? read_resident(&c, &attribute) : read_outside(&c, &attribute))) {
        (void)iv_ntfs_fail(why, "the attribute at offset %zu points outside of itself", at);
        return IV_NTFS_STEP_DAMAGE;
    }
    walk->at = at + length;
    walk->type = attribute.type;
    *ret_attribute = attribute;
    return IV_NTFS_STEP_ONE;
}

bool iv_ntfs_attribute_is(const struct iv_ntfs_attribute *attribute, uint32_t type,
                          const char *name)
{
    size_t length = strlen(name);
    if (attribute->type != type || attribute->name_size != 2 * length) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (attribute->name[2 * i] != (unsigned char)name[i] || attribute->name[2 * i + 1] != 0) {
            return false;
        }
    }
    return true;
}

bool iv_ntfs_name_read(const unsigned char *value, size_t size, struct iv_ntfs_name *ret_name)
{
    struct iv_cursor c = iv_cursor(value, size);
    struct iv_ntfs_name name = {.folder = iv_cursor_u64(&c)};
    if (size < NAME_HEADER) {
        return false;
    }
    c.at = NAME_FLAGS;
    name.is_directory = (iv_cursor_u32(&c) & NAME_DIRECTORY) != 0;
    c.at = NAME_HEADER - 2;
    name.size = (size_t)2 * iv_cursor_u8(&c);
    unsigned space = iv_cursor_u8(&c);
    name.units = iv_cursor_take(&c, name.size);
    name.is_posix = space == SPACE_POSIX;
    name.is_short = space == SPACE_DOS;
    if (c.failed || name.size == 0 || space > SPACE_MAX) {
        return false;
    }
    for (size_t i = 0; i < name.size; i += 2) {
        if (name.units[i + 1] == 0 && (name.units[i] == 0 || name.units[i] == '/')) {
            return false; /* no path could lead to it */
        }
    }
    *ret_name = name;
    return true;
}
