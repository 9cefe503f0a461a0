/*
 * The directory of a zip archive.
 *
 * A zip archive says everything twice: each member has a header before its data, and the central
 * directory at the end has another one for it. Programs that read from the start believe the first,
 * those that can seek the second, and a crafted archive shows each of them another tree. So both
 * are read, and an archive in which they differ is refused, as is one with bytes between members
 * that none of them accounts for: there a member could lie that the directory does not name. What
 * is left is one tree, whatever program unpacks it.
 *
 * The order: the end record (4.3.16) lies in the last 64 KiB; a zip64 archive has a second one
 * before it (4.3.14), with a locator between them. They say where the central directory is, which
 * ends where they begin. Its entries (4.3.12) are read one by one; then, in the order of their
 * places, each local header (4.3.7) and what follows its data (a descriptor, 4.3.9).
 *
 * Every offset is compared with the file's size before it is read from. Data are not touched here,
 * but for the targets of links. Deflate data of members are inflated by packed.c, with zlib: of a
 * package in the middle of an archive the first blocks are wanted and, seldom, earlier ones again,
 * which libarchive cannot give.
 */
#include "imgval/input/zip.h"

#include "imgval/base/cursor.h"
#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "imgval/input/gzip.h"

#include <stdlib.h>
#include <string.h>

#define LOCAL_SIZE 30
#define CENTRAL_SIZE 46
#define END_SIZE 22
#define LOCATOR_SIZE 20
#define END64_SIZE 56
#define COMMENT_MAX 65535

#define LOCAL_MARK 0x04034B50u
#define CENTRAL_MARK 0x02014B50u
#define DESCRIPTOR_MARK 0x08074B50u
#define END_MARK 0x06054B50u
#define END64_MARK 0x06064B50u
#define LOCATOR_MARK 0x07064B50u

#define FLAG_ENCRYPTED 0x0001u
#define FLAG_DESCRIPTOR 0x0008u
#define FLAG_PATCH 0x0020u
#define FLAG_STRONG 0x0040u
#define FLAG_MASKED 0x2000u
/* Flags on which the two headers of a member must agree. */
#define FLAGS_COMPARED (FLAG_ENCRYPTED | FLAG_DESCRIPTOR | FLAG_PATCH | FLAG_STRONG | FLAG_MASKED)

#define METHOD_STORED 0
#define METHOD_DEFLATED 8

#define EXTRA_ZIP64 0x0001u
#define EXTRA_UNICODE_PATH 0x7075u

#define HOST_FAT 0
#define HOST_UNIX 3
#define HOST_NTFS 10 /* by the specification; Info-ZIP has 11 for it, and 14 for VFAT */
#define HOST_NTFS_INFO 11
#define HOST_VFAT 14
#define HOST_DARWIN 19

/* Modes of Unix in the upper half of the external attributes. */
#define MODE_TYPE 0170000u
#define MODE_FIFO 0010000u
#define MODE_CHARACTERS 0020000u
#define MODE_BLOCKS 0060000u
#define MODE_FILE 0100000u
#define MODE_LINK 0120000u
#define MODE_SOCKET 0140000u

#define LINK_MAX 4096 /* bytes of a link's target */

/* What a header says of its member. */
struct member {
    const char *name; /* as it counts; not ended by a NUL */
    size_t name_size;
    unsigned made_by; /* central: the host system */
    unsigned flags;
    unsigned method;
    uint32_t crc;
    uint64_t packed;
    uint64_t size;
    uint64_t header_at;  /* central: of the local header */
    uint64_t data_at;    /* local */
    uint32_t attributes; /* central */
};

struct zip {
    int fd;
    uint64_t size;
    struct iv_archive_list *list;
    uint64_t end_at; /* of the first end record: the central directory ends there */
    uint64_t central_at;
    uint64_t central_size;
    uint64_t count;
    struct iv_buf central; /* the central directory */
    struct member *members;
};

bool iv_zip_is(const void *head, size_t size)
{
    /* An empty archive begins with its end record, one in parts with a mark of its own. */
    static const char *const marks[] = {"PK\003\004", "PK\005\006", "PK\007\010", "PK\006\006",
                                        "PK00PK\003\004"};
    for (size_t i = 0; i < IV_COUNT(marks); i++) {
        size_t length = strlen(marks[i]);
        if (size >= length && memcmp(head, marks[i], length) == 0) {
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------------------------- faults */

/* The archive as a whole: a part of it would be the tree of one program only. Always false. */
static bool refuse(struct zip *zip, const char *detail)
{
    return iv_archive_list_fail(zip->list, IV_FAULT_UNSUPPORTED,
                                iv_arena_printf(zip->list->arena, "a zip archive %s", detail));
}

/* The same about one member. */
static bool refuse_member(struct zip *zip, const struct member *member, const char *detail)
{
    char shown[128];
    size_t size = member->name_size < sizeof(shown) - 1 ? member->name_size : sizeof(shown) - 1;
    memcpy(shown, member->name, size);
    shown[size] = '\0';
    for (size_t i = 0; i < size; i++) {
        shown[i] = (unsigned char)shown[i] < 0x20 || shown[i] == 0x7F ? '?' : shown[i];
    }
    return refuse(zip, iv_arena_printf(zip->list->arena, "%s: %s", detail, shown));
}

/* --------------------------------------------------------------------------------- the end record
 */

/* What both end records say. */
struct end {
    uint64_t disk;
    uint64_t central_disk;
    uint64_t count_here;
    uint64_t count;
    uint64_t central_size;
    uint64_t central_at;
};

/* The fields of the first record are too narrow for large archives; see is_as_in(). */
static struct end parse_end(const unsigned char *bytes)
{
    struct iv_cursor c = iv_cursor(bytes + 4, END_SIZE - 4);
    struct end end = {.disk = iv_cursor_u16(&c)};
    end.central_disk = iv_cursor_u16(&c);
    end.count_here = iv_cursor_u16(&c);
    end.count = iv_cursor_u16(&c);
    end.central_size = iv_cursor_u32(&c);
    end.central_at = iv_cursor_u32(&c);
    return end;
}

/* Numbers of a zip archive are little-endian. */
static uint32_t mark_at(const unsigned char *bytes)
{
    struct iv_cursor c = iv_cursor(bytes, 4);
    return iv_cursor_u32(&c);
}

/* The one end record whose comment ends with the file. Two of them are two archives in one. */
static bool find_end(struct zip *zip, struct end *ret_end)
{
    size_t tail = zip->size < END_SIZE + COMMENT_MAX ? (size_t)zip->size : END_SIZE + COMMENT_MAX;
    unsigned char *bytes = iv_arena_alloc(zip->list->arena, tail + 1);
    if (!iv_archive_list_read(zip->list, zip->fd, bytes, tail, zip->size - tail)) {
        return false;
    }
    /* Programs take the last mark, or the last record that ends with the file: any mark after that
     * record, in its comment, makes another tree. */
    size_t found = 0;
    for (size_t at = 0; at + 4 <= tail; at++) {
        if (mark_at(bytes + at) != END_MARK) {
            continue;
        }
        size_t comment =
            at + END_SIZE <= tail ? bytes[at + 20] | (size_t)bytes[at + 21] << 8 : COMMENT_MAX + 1;
        if (at + END_SIZE + comment == tail) {
            zip->end_at = zip->size - tail + at;
            *ret_end = parse_end(bytes + at);
            found++;
        } else if (found > 0) {
            found++;
        }
    }
    return found == 1 ||
           refuse(zip, found == 0 ? "without its end record: it is cut off, or something follows it"
                                  : "with two end records");
}

/* A field of the first record is the second one's, or says that it stands there. */
static bool is_as_in(uint64_t field, uint64_t other, uint64_t none)
{
    return field == other || field == none;
}

/* The zip64 end record, where there is a locator for it. */
static bool read_end64(struct zip *zip, struct end *end)
{
    unsigned char locator[LOCATOR_SIZE];
    if (zip->end_at < LOCATOR_SIZE) {
        return true;
    }
    uint64_t locator_at = zip->end_at - LOCATOR_SIZE;
    if (!iv_archive_list_read(zip->list, zip->fd, locator, sizeof(locator), locator_at)) {
        return false;
    }
    struct iv_cursor c = iv_cursor(locator, sizeof(locator));
    if (iv_cursor_u32(&c) != LOCATOR_MARK) {
        return true;
    }
    uint64_t disk = iv_cursor_u32(&c);
    uint64_t at = iv_cursor_u64(&c);
    uint64_t disks = iv_cursor_u32(&c);
    if (disk != 0 || disks > 1) {
        return refuse(zip, "of several parts");
    }
    unsigned char record[END64_SIZE];
    if (at > locator_at || locator_at - at < END64_SIZE) {
        return refuse(zip, "whose zip64 end record is out of place");
    }
    if (!iv_archive_list_read(zip->list, zip->fd, record, sizeof(record), at)) {
        return false;
    }
    c = iv_cursor(record, sizeof(record));
    uint32_t mark = iv_cursor_u32(&c);
    uint64_t size = iv_cursor_u64(&c);
    if (mark != END64_MARK || size != locator_at - at - 12) {
        return refuse(zip, "whose zip64 end record is damaged");
    }
    (void)iv_cursor_u32(&c); /* versions */
    struct end wide = {.disk = iv_cursor_u32(&c)};
    wide.central_disk = iv_cursor_u32(&c);
    wide.count_here = iv_cursor_u64(&c);
    wide.count = iv_cursor_u64(&c);
    wide.central_size = iv_cursor_u64(&c);
    wide.central_at = iv_cursor_u64(&c);
    if (!is_as_in(end->disk, wide.disk, UINT16_MAX) ||
        !is_as_in(end->central_disk, wide.central_disk, UINT16_MAX) ||
        !is_as_in(end->count_here, wide.count_here, UINT16_MAX) ||
        !is_as_in(end->count, wide.count, UINT16_MAX) ||
        !is_as_in(end->central_size, wide.central_size, UINT32_MAX) ||
        !is_as_in(end->central_at, wide.central_at, UINT32_MAX)) {
        return refuse(zip, "whose two end records disagree");
    }
    *end = wide;
    zip->end_at = at;
    return true;
}

/* Where the central directory is: right before the end record. */
static bool place_central(struct zip *zip)
{
    struct end end = {0};
    if (!find_end(zip, &end) || !read_end64(zip, &end)) {
        return false;
    }
    if (end.disk != 0 || end.central_disk != 0 || end.count_here != end.count) {
        return refuse(zip, "of several parts");
    }
    if (end.central_at > zip->end_at || end.central_size != zip->end_at - end.central_at) {
        return refuse(zip, "whose central directory is not where its end record says");
    }
    if (end.count > end.central_size / CENTRAL_SIZE) {
        return refuse(zip, "whose central directory has no room for its members");
    }
    const struct iv_limits *limits = zip->list->limits;
    if (end.count > limits->entries || end.central_size > limits->entries * 1024) {
        return iv_archive_list_fail(zip->list, IV_FAULT_LIMIT,
                                    iv_arena_printf(zip->list->arena,
                                                    "more than %llu directory entries; none of "
                                                    "them was read",
                                                    (unsigned long long)limits->entries));
    }
    zip->central_at = end.central_at;
    zip->central_size = end.central_size;
    zip->count = end.count;
    return true;
}

/* ----------------------------------------------------------------------------------------- headers
 */

/* The fields of an extra record, which stand in this order and only where the header has no room.
 */
static bool read_zip64(const unsigned char *bytes, size_t size, struct member *member,
                       bool is_central)
{
    struct iv_cursor c = iv_cursor(bytes, size);
    if (member->size == UINT32_MAX) {
        member->size = iv_cursor_u64(&c);
    }
    if (member->packed == UINT32_MAX) {
        member->packed = iv_cursor_u64(&c);
    }
    if (is_central && member->header_at == UINT32_MAX) {
        member->header_at = iv_cursor_u64(&c);
    }
    return !c.failed;
}

/* The name in UTF-8 of a header whose own name is in another character set (4.6.9). One that
 * belongs to another name is out of date, and does not count. */
static bool read_unicode_path(const unsigned char *bytes, size_t size, struct member *member)
{
    struct iv_cursor c = iv_cursor(bytes, size);
    unsigned version = iv_cursor_u8(&c);
    uint32_t crc = iv_cursor_u32(&c);
    if (c.failed || version != 1 || crc != iv_crc32(0, member->name, member->name_size)) {
        return true;
    }
    const char *name = (const char *)bytes + 5;
    size_t length = size - 5;
    bool is_ascii = true;
    for (size_t i = 0; i < member->name_size; i++) {
        is_ascii = is_ascii && (unsigned char)member->name[i] < 0x80;
    }
    if (is_ascii || !iv_utf8_is_valid(name, length)) {
        /* There was no need for another name. */
        return length == member->name_size && memcmp(name, member->name, length) == 0;
    }
    member->name = name;
    member->name_size = length;
    return true;
}

/* The extra field of a header. Less than a record's head at its end is padding. */
static bool read_extra(struct zip *zip, const unsigned char *bytes, size_t size,
                       struct member *member, bool is_central)
{
    struct iv_cursor c = iv_cursor(bytes, size);
    bool has_zip64 = false;
    bool has_path = false;
    while (iv_cursor_left(&c) >= 4) {
        unsigned id = iv_cursor_u16(&c);
        size_t length = iv_cursor_u16(&c);
        const unsigned char *record = iv_cursor_take(&c, length);
        bool is_zip64 = id == EXTRA_ZIP64;
        bool is_path = id == EXTRA_UNICODE_PATH;
        if (record == NULL || (is_zip64 && has_zip64) || (is_path && has_path) ||
            (is_zip64 && !read_zip64(record, length, member, is_central))) {
            return refuse_member(zip, member, "with a damaged extra field");
        }
        if (is_path && !read_unicode_path(record, length, member)) {
            return refuse_member(zip, member, "with two names for a member");
        }
        has_zip64 = has_zip64 || is_zip64;
        has_path = has_path || is_path;
    }
    return true;
}

/* The next entry of the central directory. */
static bool read_central(struct zip *zip, struct iv_cursor *c, struct member *member)
{
    uint32_t mark = iv_cursor_u32(c);
    member->made_by = iv_cursor_u16(c) >> 8;
    (void)iv_cursor_u16(c); /* version needed */
    member->flags = iv_cursor_u16(c);
    member->method = iv_cursor_u16(c);
    (void)iv_cursor_u32(c); /* time, date */
    member->crc = iv_cursor_u32(c);
    member->packed = iv_cursor_u32(c);
    member->size = iv_cursor_u32(c);
    size_t name_size = iv_cursor_u16(c);
    size_t extra_size = iv_cursor_u16(c);
    size_t comment_size = iv_cursor_u16(c);
    unsigned disk = iv_cursor_u16(c);
    (void)iv_cursor_u16(c); /* internal attributes */
    member->attributes = iv_cursor_u32(c);
    member->header_at = iv_cursor_u32(c);
    const unsigned char *name = iv_cursor_take(c, name_size);
    const unsigned char *extra = iv_cursor_take(c, extra_size);
    (void)iv_cursor_take(c, comment_size);
    if (c->failed || mark != CENTRAL_MARK) {
        return refuse(zip, "whose central directory is damaged");
    }
    member->name = (const char *)name;
    member->name_size = name_size;
    if (disk != 0 && disk != UINT16_MAX) {
        return refuse(zip, "of several parts");
    }
    return read_extra(zip, extra, extra_size, member, true);
}

/* Read at once, as names point into it; its size was compared with the file's. */
static bool read_all_central(struct zip *zip)
{
    struct iv_arena *arena = zip->list->arena;
    char *bytes = iv_buf_reserve(&zip->central, (size_t)zip->central_size);
    if (!iv_archive_list_read(zip->list, zip->fd, bytes, (size_t)zip->central_size,
                              zip->central_at)) {
        return false;
    }
    struct iv_cursor c = iv_cursor(bytes, (size_t)zip->central_size);
    zip->members = IV_NEW_ARRAY(arena, struct member, (size_t)zip->count);
    for (size_t i = 0; i < zip->count; i++) {
        if (!read_central(zip, &c, &zip->members[i])) {
            return false;
        }
    }
    return iv_cursor_left(&c) == 0 ||
           refuse(zip, "whose central directory holds more than it says");
}

/* ---------------------------------------------------------------------------------- local headers
 */

/* Whether the header before the data says what the central directory says. With a descriptor it may
 * leave sizes and CRC-32 to that. */
static bool is_same_member(const struct member *central, const struct member *local)
{
    bool is_same_size = local->crc == central->crc && local->packed == central->packed &&
                        local->size == central->size;
    /* What is not known before the data is 0 there, and follows them. */
    bool is_left_out = (local->flags & FLAG_DESCRIPTOR) != 0 &&
                       (local->crc == 0 || local->crc == central->crc) &&
                       (local->packed == 0 || local->packed == central->packed) &&
                       (local->size == 0 || local->size == central->size);
    return (local->flags & FLAGS_COMPARED) == (central->flags & FLAGS_COMPARED) &&
           local->method == central->method && local->name_size == central->name_size &&
           memcmp(local->name, central->name, local->name_size) == 0 &&
           (is_same_size || is_left_out);
}

/* Reads the local header of a member and compares it; sets data_at. */
static bool check_local(struct zip *zip, struct member *member)
{
    unsigned char head[LOCAL_SIZE];
    uint64_t at = member->header_at;
    if (at > zip->central_at || zip->central_at - at < LOCAL_SIZE) {
        return refuse_member(zip, member, "with a member out of place");
    }
    if (!iv_archive_list_read(zip->list, zip->fd, head, sizeof(head), at)) {
        return false;
    }
    struct iv_cursor c = iv_cursor(head, sizeof(head));
    uint32_t mark = iv_cursor_u32(&c);
    (void)iv_cursor_u16(&c); /* version needed */
    struct member local = {.flags = iv_cursor_u16(&c)};
    local.method = iv_cursor_u16(&c);
    (void)iv_cursor_u32(&c); /* time, date */
    local.crc = iv_cursor_u32(&c);
    local.packed = iv_cursor_u32(&c);
    local.size = iv_cursor_u32(&c);
    local.name_size = iv_cursor_u16(&c);
    size_t extra_size = iv_cursor_u16(&c);
    member->data_at = at + LOCAL_SIZE + local.name_size + extra_size;
    if (mark != LOCAL_MARK || member->data_at > zip->central_at ||
        zip->central_at - member->data_at < member->packed) {
        return refuse_member(zip, member, "with a member out of place");
    }

    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    size_t name_size = local.name_size;
    char *bytes = iv_buf_reserve(&text, name_size + extra_size);
    if (!iv_archive_list_read(zip->list, zip->fd, bytes, name_size + extra_size, at + LOCAL_SIZE)) {
        return false;
    }
    local.name = bytes;
    if (!read_extra(zip, (unsigned char *)bytes + name_size, extra_size, &local, false)) {
        return false;
    }
    return is_same_member(member, &local) ||
           refuse_member(zip, member,
                         "whose central directory and header of a member say different things");
}

/* What stands between the data of a member and the next header: nothing, or its descriptor, whose
 * mark may be left out and whose sizes have four or eight bytes. */
static bool check_gap(struct zip *zip, const struct member *member, uint64_t next)
{
    unsigned char bytes[24];
    uint64_t end = member->data_at + member->packed;
    if (next < end) {
        return refuse_member(zip, member, "with members that overlap");
    }
    uint64_t gap = next - end;
    bool has_descriptor = (member->flags & FLAG_DESCRIPTOR) != 0;
    if (gap == 0 && !has_descriptor) {
        return true;
    }
    if (!has_descriptor || (gap != 12 && gap != 16 && gap != 20 && gap != 24)) {
        return refuse_member(zip, member, "with bytes after a member that belong to none");
    }
    if (!iv_archive_list_read(zip->list, zip->fd, bytes, (size_t)gap, end)) {
        return false;
    }
    struct iv_cursor c = iv_cursor(bytes, (size_t)gap);
    size_t width = gap >= 20 ? 8 : 4;
    bool is_right = gap % 8 == 4 || iv_cursor_u32(&c) == DESCRIPTOR_MARK;
    is_right = is_right && iv_cursor_u32(&c) == member->crc;
    is_right = is_right && iv_cursor_uint(&c, width) == member->packed;
    is_right = is_right && iv_cursor_uint(&c, width) == member->size;
    return is_right || refuse_member(zip, member,
                                     "whose central directory and descriptor of a member say "
                                     "different things");
}

/* Two at one place are members that overlap, which check_gap() finds. */
static int compare_places(const void *a, const void *b)
{
    const struct member *x = *(const struct member *const *)a;
    const struct member *y = *(const struct member *const *)b;
    return (x->header_at > y->header_at) - (x->header_at < y->header_at);
}

/* From the first byte of the file to the central directory, one member after the other. */
static bool check_places(struct zip *zip)
{
    size_t count = (size_t)zip->count;
    struct member **order = IV_NEW_ARRAY(zip->list->arena, struct member *, count);
    for (size_t i = 0; i < count; i++) {
        order[i] = &zip->members[i];
    }
    iv_sort(order, count, sizeof(struct member *), compare_places);
    uint64_t first = count == 0 ? zip->central_at : order[0]->header_at;
    if (first != 0) {
        return refuse(zip, "with bytes before its first member");
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t next = i + 1 < count ? order[i + 1]->header_at : zip->central_at;
        if (!check_local(zip, order[i]) || !check_gap(zip, order[i], next)) {
            return false;
        }
    }
    return true;
}

/* ------------------------------------------------------------------------------- members to a tree
 */

/* What the member is; *ret_detail: what something else than a file or link is. */
static enum iv_file_type type_of(const struct member *member, const char **ret_detail)
{
    bool has_mode = member->made_by == HOST_UNIX || member->made_by == HOST_DARWIN;
    unsigned mode = has_mode ? member->attributes >> 16 : 0;
    switch (mode & MODE_TYPE) {
    case 0: /* no more than permissions, or nothing at all */
    case MODE_FILE:
        return IV_FILE_REGULAR;
    case MODE_LINK:
        return IV_FILE_LINK;
    case MODE_FIFO:
        *ret_detail = "a FIFO";
        break;
    case MODE_SOCKET:
        *ret_detail = "a socket";
        break;
    case MODE_CHARACTERS:
    case MODE_BLOCKS:
        *ret_detail = "a device";
        break;
    default:
        /* A folder whose name does not end with '/' is a file to some tools. */
        *ret_detail = "no regular file";
        break;
    }
    return IV_FILE_OTHER;
}

/* Why the data of a member are not read, or NULL. */
static const char *unread(const struct zip *zip, const struct member *member)
{
    if ((member->flags & (FLAG_ENCRYPTED | FLAG_STRONG | FLAG_MASKED)) != 0) {
        return "it is encrypted in the archive";
    }
    if ((member->flags & FLAG_PATCH) != 0) {
        return "it is a patch of another file in the archive";
    }
    if (member->method != METHOD_STORED && member->method != METHOD_DEFLATED) {
        return iv_arena_printf(zip->list->arena,
                               "it is compressed in the archive by method %u: known are stored and "
                               "deflate",
                               member->method);
    }
    if (member->method == METHOD_STORED && member->packed != member->size) {
        return "it is stored in the archive, with another size than its own";
    }
    return NULL;
}

/* Where a link leads: its data are the text. NULL: that cannot be read. */
static const char *read_target(const struct zip *zip, const struct iv_packed_place *place)
{
    char text[LINK_MAX];
    struct iv_fault unused;
    struct iv_packed *packed IV_CLEANUP(iv_packed_close) = iv_packed_open(zip->fd, place);
    if (place->size == 0 || place->size > sizeof(text) ||
        iv_packed_read_at(packed, text, (size_t)place->size, 0, &unused) != (int64_t)place->size) {
        return NULL;
    }
    return iv_arena_strndup(zip->list->arena, text, (size_t)place->size);
}

/* The name with '/' between its parts: programs of Windows have written '\\'. */
static const char *portable_name(const struct zip *zip, const struct member *member)
{
    char *name = iv_arena_alloc_text(zip->list->arena, member->name_size + 1);
    memcpy(name, member->name, member->name_size);
    name[member->name_size] = '\0';
    bool is_windows = member->made_by == HOST_FAT || member->made_by == HOST_NTFS ||
                      member->made_by == HOST_NTFS_INFO || member->made_by == HOST_VFAT;
    for (size_t i = 0; is_windows && i < member->name_size; i++) {
        name[i] = name[i] == '\\' ? '/' : name[i];
    }
    return name;
}

/* A member whose data cannot be read is in the tree all the same, with the reason. */
static bool add_member(struct zip *zip, const struct member *member)
{
    const char *detail = unread(zip, member);
    enum iv_fault_kind fault = detail == NULL ? IV_FAULT_NONE : IV_FAULT_UNSUPPORTED;
    struct iv_archived added = {
        .type = type_of(member, &detail),
        .fault = fault,
        .detail = detail,
        .place = {.at = member->data_at,
                  .packed = member->packed,
                  .size = member->size,
                  .crc = member->crc,
                  .has_crc = true,
                  .is_deflated = member->method == METHOD_DEFLATED},
    };
    if (added.type == IV_FILE_LINK && fault == IV_FAULT_NONE) {
        added.target = read_target(zip, &added.place);
    }
    return iv_archive_list_add(zip->list, portable_name(zip, member), member->name_size, &added);
}

/* Members go to the list only when the whole archive was found consistent. */
void iv_zip_list(int fd, uint64_t size, struct iv_archive_list *list)
{
    struct zip zip = {.fd = fd, .size = size, .list = list};
    bool done = place_central(&zip) && read_all_central(&zip) && check_places(&zip);
    for (size_t i = 0; i < zip.count && done; i++) {
        done = add_member(&zip, &zip.members[i]);
    }
    iv_buf_fini(&zip.central);
    list->archive.is_read = done;
}
