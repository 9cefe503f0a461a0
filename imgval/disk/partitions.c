/*
 * Partition tables: GPT, and MBR with its extensions.
 *
 * The order of the search matters. A GPT disk has an MBR as well, so the GPT is looked for first,
 * in sector 1 and in the last sector, with the sector size that is known and with the usual ones.
 * Only a disk without any is read as MBR. An MBR that announces a GPT which is not there is damage,
 * and its one "partition" over the whole disk is not listed.
 *
 *   GPT   primary header in sector 1, the backup where the primary says; each has its own checksum
 *         and that of its entries. The entries are taken from the primary, and from the backup if
 *         the primary is damaged. Both are read in any case: a backup that differs is a fault, as
 *         firmware may use either.
 *   MBR   four places in sector 0. A place of the type "extended" leads to a chain of records with
 *         one logical partition each. Phones keep names for them in a partition of type 0x70.
 *
 * What is appended to the image always lies within the disk, so that no caller has to check it
 * again; an entry that does not is a fault and nothing else. UEFI Specification 2.10, 5.2 and 5.3.
 */
#include "imgval/disk/partitions.h"

#include "imgval/base/buf.h"
#include "imgval/base/cursor.h"
#include "imgval/base/sort.h"
#include "imgval/base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Sizes in bytes; the specification has minima, the maxima are bounds of ours. */
#define GPT_HEADER_MIN 92
#define GPT_ENTRY_MIN 128
#define GPT_ENTRY_MAX 4096
#define GPT_COUNT_MAX 1024
#define GPT_NAME_SIZE 72
#define MBR_PLACES 4
#define MBR_LOGICAL_MAX 128
/* Types of MBR partitions: the protective one of a GPT disk, and the one with the names. */
#define MBR_PROTECTIVE 0xEE
#define MBR_META 0x70
/* The name table: 12 bytes of header, then entries of 96. */
#define META_SIGNATURE 0x00080001
#define META_ENTRY_SIZE 96
#define META_COUNT_MAX 1024
#define SECTOR_MAX 4096

struct table {
    const struct iv_source *disk;
    struct iv_image_store *store;
    struct iv_image *image;
    struct iv_faults *faults;
    uint64_t sector;
    size_t first; /* of this disk's partitions in the image */
};

static bool wrong(struct table *t, const char *fmt, ...) IV_PRINTF(2, 3);

/* A fault of this disk's table; returns false. */
static bool wrong(struct table *t, const char *fmt, ...)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    va_list args;
    va_start(args, fmt);
    iv_buf_vprintf(&text, fmt, args);
    va_end(args);
    return iv_faults_add(t->faults, IV_FAULT_TABLE, NULL, "store %" PRIu64 ": %s", t->store->index,
                         iv_buf_text(&text));
}

uint32_t iv_partitions_crc(const void *bytes, size_t size)
{
    const unsigned char *p = bytes;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xEDB88320) : 0);
        }
    }
    return ~crc;
}

/* A GUID as text in the usual form: the first three fields are stored little-endian. */
static const char *guid_text(struct table *t, const unsigned char *g)
{
    return iv_arena_printf(t->faults->arena,
                           "%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-%02X%02X%02X%02X%02X%02X",
                           g[3], g[2], g[1], g[0], g[5], g[4], g[7], g[6], g[8], g[9], g[10], g[11],
                           g[12], g[13], g[14], g[15]);
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/* A name of 36 UTF-16 units, cut at the first NUL; a unit that is no character becomes U+FFFD. */
static const char *name_text(struct table *t, const unsigned char *bytes, bool *ret_valid)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    size_t size = 0;
    while (size < GPT_NAME_SIZE && (bytes[size] != 0 || bytes[size + 1] != 0)) {
        size += 2;
    }
    *ret_valid = true;
    for (size_t at = 0; at < size;) {
        size_t unit = at + 4 <= size && (bytes[at + 1] & 0xFC) == 0xD8 ? 4 : 2;
        if (!iv_utf16_to_utf8(&text, bytes + at, unit, false)) {
            iv_utf8_add(&text, 0xFFFD);
            *ret_valid = false;
            unit = 2;
        }
        at += unit;
    }
    return iv_arena_strdup(t->faults->arena, iv_buf_text(&text));
}

/* Room for one more partition, or NULL. */
static struct iv_image_partition *append(struct table *t, uint64_t number, uint64_t start,
                                         uint64_t size)
{
    if (t->image->partition_count == IV_IMAGE_PARTITIONS_MAX) {
        (void)iv_faults_add(t->faults, IV_FAULT_LIMIT, NULL,
                            "the disks of the image have more than 4096 partitions");
        return NULL;
    }
    struct iv_image_partition *p = &t->image->partitions[t->image->partition_count++];
    *p = (struct iv_image_partition){
        .store = t->store->index, .number = number, .start = start, .size = size};
    return p;
}

/* ---- overlaps ------------------------------------------------------------------------------ */

static int compare_start(const void *a, const void *b)
{
    const struct iv_image_partition *x = *(const struct iv_image_partition *const *)a;
    const struct iv_image_partition *y = *(const struct iv_image_partition *const *)b;
    if (x->start != y->start) {
        return x->start < y->start ? -1 : 1;
    }
    return (x->number > y->number) - (x->number < y->number);
}

/* What a message calls a partition: its name, else its number. */
static const char *called(struct table *t, const struct iv_image_partition *p)
{
    return p->name != NULL && p->name[0] != '\0'
               ? iv_faults_shown(t->faults->arena, p->name)
               : iv_arena_printf(t->faults->arena, "number %" PRIu64, p->number);
}

/*
 * Each partition, by its start, against the one before it that ends last: that one is enough to
 * find every partition that begins inside of another, if not every pair.
 */
static void check_overlaps(struct table *t)
{
    size_t count = t->image->partition_count - t->first;
    const struct iv_image_partition **order =
        IV_NEW_ARRAY(t->faults->arena, const struct iv_image_partition *, count + 1);
    for (size_t i = 0; i < count; i++) {
        order[i] = &t->image->partitions[t->first + i];
    }
    iv_sort(order, count, sizeof(*order), compare_start);
    size_t reach = 0; /* the one so far that ends last */
    for (size_t i = 1; i < count; i++) {
        if (order[i]->start - order[reach]->start < order[reach]->size) {
            (void)wrong(t, "partitions %s and %s overlap from byte %" PRIu64 " on",
                        called(t, order[reach]), called(t, order[i]), order[i]->start);
        }
        if (order[i]->start + order[i]->size > order[reach]->start + order[reach]->size) {
            reach = i;
        }
    }
}

/* ---- GPT ----------------------------------------------------------------------------------- */

struct gpt {
    uint64_t lba;
    uint32_t header_size;
    uint32_t crc;
    uint32_t reserved;
    uint64_t my_lba, other_lba, first_usable, last_usable, entries_lba;
    unsigned char disk[16];
    uint32_t count, entry_size, entries_crc;
    unsigned char *entries;
};

/* Whether the sector `lba` starts with the signature of a GPT header. */
static bool is_gpt(const struct iv_source *disk, uint64_t sector, uint64_t lba)
{
    char bytes[8];
    return lba < disk->size / sector && iv_source_read(disk, bytes, sizeof(bytes), lba * sector) &&
           memcmp(bytes, "EFI PART", sizeof(bytes)) == 0;
}

/* A fault of one field of a header, by the sector of the header and the offset in it. */
static bool gpt_wrong(struct table *t, const struct gpt *g, const char *field, unsigned offset,
                      uint64_t value, const char *why)
{
    return wrong(t, "GPT header in sector %" PRIu64 ": %s at offset %u is %" PRIu64 ": %s", g->lba,
                 field, offset, value, why);
}

/*
 * The fields of a header; `crc` is the checksum that it should have. A reserved field that is set
 * is reported and does no harm.
 */
static bool check_header(struct table *t, const struct gpt *g, uint32_t revision, uint32_t crc)
{
    uint64_t last = t->disk->size / t->sector - 1;
    if (revision != 0x00010000) {
        return gpt_wrong(t, g, "revision", 8, revision, "it must be 65536 (1.0)");
    }
    if (g->crc != crc) {
        return gpt_wrong(t, g, "header checksum", 16, g->crc,
                         "it is not the checksum of the header");
    }
    if (g->reserved != 0) {
        (void)gpt_wrong(t, g, "reserved field", 20, g->reserved, "it must be 0");
    }
    if (g->my_lba != g->lba) {
        return gpt_wrong(t, g, "own sector", 24, g->my_lba, "the header lies elsewhere");
    }
    if (g->first_usable > g->last_usable || g->last_usable > last) {
        return gpt_wrong(t, g, "last usable sector", 48, g->last_usable,
                         "it lies before the first one or past the end of the disk");
    }
    if (g->count == 0 || g->count > GPT_COUNT_MAX) {
        return gpt_wrong(t, g, "number of entries", 80, g->count, "it must be from 1 to 1024");
    }
    if (g->entry_size < GPT_ENTRY_MIN || g->entry_size > GPT_ENTRY_MAX ||
        (g->entry_size & (g->entry_size - 1)) != 0) {
        return gpt_wrong(t, g, "entry size", 84, g->entry_size,
                         "it must be a power of two from 128 to 4096");
    }
    return true;
}

/* The array of entries: bounded by check_header(), and checked as a whole before one is used. */
static bool read_entries(struct table *t, struct gpt *g)
{
    size_t size = (size_t)g->count * g->entry_size; /* at most 4 MiB */
    uint64_t sectors = t->disk->size / t->sector;
    g->entries = IV_NEW_ARRAY(t->faults->arena, unsigned char, size);
    if (g->entries_lba >= sectors ||
        !iv_source_read(t->disk, g->entries, size, g->entries_lba * t->sector)) {
        return gpt_wrong(t, g, "first sector of the entries", 72, g->entries_lba,
                         "they do not lie within the disk, or cannot be read");
    }
    if (iv_partitions_crc(g->entries, size) != g->entries_crc) {
        return gpt_wrong(t, g, "checksum of the entries", 88, g->entries_crc,
                         "it is not the checksum of the entries");
    }
    return true;
}

/*
 * Reads and checks the header in sector `lba` and its entries. The checksum covers the header with
 * its own field as zeros. False: reported; then g->entries may or may not be set, and are not to be
 * used.
 */
static bool read_gpt(struct table *t, uint64_t lba, struct gpt *g)
{
    unsigned char bytes[SECTOR_MAX];
    *g = (struct gpt){.lba = lba};
    if (!is_gpt(t->disk, t->sector, lba) ||
        !iv_source_read(t->disk, bytes, (size_t)t->sector, lba * t->sector)) {
        return wrong(t, "there is no GPT header in sector %" PRIu64, lba);
    }
    struct iv_cursor at = iv_cursor(bytes + 8, GPT_HEADER_MIN - 8);
    uint32_t revision = iv_cursor_u32(&at);
    g->header_size = iv_cursor_u32(&at);
    g->crc = iv_cursor_u32(&at);
    g->reserved = iv_cursor_u32(&at);
    g->my_lba = iv_cursor_u64(&at);
    g->other_lba = iv_cursor_u64(&at);
    g->first_usable = iv_cursor_u64(&at);
    g->last_usable = iv_cursor_u64(&at);
    memcpy(g->disk, iv_cursor_take(&at, sizeof(g->disk)), sizeof(g->disk));
    g->entries_lba = iv_cursor_u64(&at);
    g->count = iv_cursor_u32(&at);
    g->entry_size = iv_cursor_u32(&at);
    g->entries_crc = iv_cursor_u32(&at);
    if (g->header_size < GPT_HEADER_MIN || g->header_size > t->sector) {
        return gpt_wrong(t, g, "header size", 12, g->header_size,
                         "it must be from 92 to the sector size");
    }
    memset(bytes + 16, 0, 4);
    return check_header(t, g, revision, iv_partitions_crc(bytes, g->header_size)) &&
           read_entries(t, g);
}

/*
 * One entry that is in use. One that leaves the usable sectors is reported and yet listed, unless
 * it leaves the disk as well, or ends before it starts.
 */
static void add_gpt_entry(struct table *t, const struct gpt *g, uint32_t index)
{
    const unsigned char *bytes = g->entries + (size_t)index * g->entry_size;
    struct iv_cursor at = iv_cursor(bytes + 32, 24);
    uint64_t start = iv_cursor_u64(&at);
    uint64_t end = iv_cursor_u64(&at);
    uint64_t attributes = iv_cursor_u64(&at);
    bool valid;
    const char *name = name_text(t, bytes + 56, &valid);
    if (!valid) {
        (void)wrong(t, "the name of partition %s is not valid UTF-16",
                    iv_faults_shown(t->faults->arena, name));
    }
    if (start > end || start < g->first_usable || end > g->last_usable) {
        (void)wrong(t,
                    "partition %s has the sectors %" PRIu64 " to %" PRIu64 ": usable are %" PRIu64
                    " to %" PRIu64,
                    iv_faults_shown(t->faults->arena, name), start, end, g->first_usable,
                    g->last_usable);
        if (start > end || end >= t->disk->size / t->sector) {
            return;
        }
    }
    struct iv_image_partition *p =
        append(t, index + 1, start * t->sector, (end - start + 1) * t->sector);
    if (p != NULL) {
        p->name = name;
        p->type = guid_text(t, bytes);
        p->id = guid_text(t, bytes + 16);
        p->attributes = attributes;
    }
}

/*
 * Whether two headers describe the same table: own place, place of the entries and checksum of the
 * header differ by design.
 */
static bool is_same_gpt(const struct gpt *a, const struct gpt *b)
{
    return a->first_usable == b->first_usable && a->last_usable == b->last_usable &&
           a->count == b->count && a->entry_size == b->entry_size &&
           a->entries_crc == b->entries_crc && memcmp(a->disk, b->disk, sizeof(a->disk)) == 0;
}

/*
 * The backup lies where the primary header says, which need not be the last sector: converters
 * round the size of a disk up, and disks are enlarged. Sectors that follow it are no damage.
 */
static bool read_backup(struct table *t, const struct gpt *primary, struct gpt *ret_backup)
{
    uint64_t last = t->disk->size / t->sector - 1;
    uint64_t lba = primary->other_lba;
    if (lba > last || lba <= primary->last_usable) {
        return gpt_wrong(t, primary, "sector of the backup", 32, lba,
                         lba > last ? "it lies after the end of the disk"
                                    : "it is one of the usable sectors");
    }
    if (!read_gpt(t, lba, ret_backup)) {
        return false;
    }
    if (ret_backup->other_lba != primary->lba) {
        (void)gpt_wrong(t, ret_backup, "sector of the other header", 32, ret_backup->other_lba,
                        "it is not the sector of the primary header");
    }
    if (lba < last) {
        (void)iv_faults_add(t->faults, IV_FAULT_TRAILING, NULL,
                            "store %" PRIu64 ": the disk has %" PRIu64
                            " sectors after its GPT, which ends with sector %" PRIu64,
                            t->store->index, last - lba, lba);
    }
    if (!is_same_gpt(primary, ret_backup)) {
        (void)wrong(t, "the GPT in sector 1 and its backup in sector %" PRIu64 " differ", lba);
    }
    return true;
}

struct mbr_place {
    unsigned status;
    unsigned type;
    uint64_t start; /* sectors */
    uint64_t count;
};

/*
 * Decodes one of the four places of 16 bytes at offset 446; the old cylinder addresses are left
 * out.
 */
static void mbr_place(const unsigned char *sector, size_t index, struct mbr_place *ret_place)
{
    struct iv_cursor at = iv_cursor(sector + 446 + 16 * index, 16);
    ret_place->status = iv_cursor_u8(&at);
    (void)iv_cursor_take(&at, 3);
    ret_place->type = iv_cursor_u8(&at);
    (void)iv_cursor_take(&at, 3);
    ret_place->start = iv_cursor_u32(&at);
    ret_place->count = iv_cursor_u32(&at);
}

/* Whether the GPT, which was read, has a partition of the same place and size. */
static bool has_partition(const struct table *t, const struct mbr_place *place)
{
    for (size_t i = t->first; i < t->image->partition_count; i++) {
        const struct iv_image_partition *p = &t->image->partitions[i];
        if (p->start == place->start * t->sector && p->size == place->count * t->sector) {
            return true;
        }
    }
    return false;
}

/* A hybrid MBR names partitions of the GPT once more, for firmware that knows no GPT. One that the
 * GPT does not have is not read, so what is in it is not known. */
static void check_hybrid(struct table *t, const unsigned char *mbr)
{
    for (size_t i = 0; i < MBR_PLACES; i++) {
        struct mbr_place place;
        mbr_place(mbr, i, &place);
        if (place.type != 0 && place.type != MBR_PROTECTIVE && !has_partition(t, &place)) {
            (void)iv_faults_add(t->faults, IV_FAULT_PARTITION,
                                iv_arena_printf(t->faults->arena, "MBR partition %zu", i + 1),
                                "store %" PRIu64 ": it has the type %02X and %" PRIu64
                                " sectors from %" PRIu64 " on, the GPT has no such partition, "
                                "and it was not read",
                                t->store->index, place.type, place.count, place.start);
        }
    }
}

/* One of the places must be the protective one; a hybrid MBR need not have it first. */
static bool is_protective(const unsigned char *mbr)
{
    bool is = false;
    for (size_t i = 0; i < MBR_PLACES; i++) {
        struct mbr_place place;
        mbr_place(mbr, i, &place);
        is = is || place.type == MBR_PROTECTIVE;
    }
    return is && mbr[510] == 0x55 && mbr[511] == 0xAA;
}

/*
 * A disk with at least one GPT header. A backup that is looked for without a primary can only be in
 * the last sector. Entries whose type is zero are not in use.
 */
static void read_gpt_disk(struct table *t)
{
    struct gpt primary;
    struct gpt backup;
    unsigned char mbr[512];
    t->store->scheme = "gpt";
    t->store->sector_size = t->sector;
    bool has_mbr = iv_source_read(t->disk, mbr, sizeof(mbr), 0);
    if (!has_mbr || !is_protective(mbr)) {
        (void)wrong(t, "sector 0 is no protective MBR");
    }

    bool has_primary = read_gpt(t, 1, &primary);
    bool has_backup = has_primary ? read_backup(t, &primary, &backup)
                                  : read_gpt(t, t->disk->size / t->sector - 1, &backup);
    if (!has_primary && !has_backup) {
        return;
    }

    const struct gpt *g = has_primary ? &primary : &backup;
    t->store->disk_id = guid_text(t, g->disk);
    for (uint32_t i = 0; g->entries != NULL && i < g->count; i++) {
        if (!is_zero(g->entries + (size_t)i * g->entry_size, 16)) {
            add_gpt_entry(t, g, i);
        }
    }

    check_overlaps(t);
    if (has_mbr && mbr[510] == 0x55 && mbr[511] == 0xAA) {
        check_hybrid(t, mbr);
    }
}

/* ---- MBR ----------------------------------------------------------------------------------- */

/* The three types of an extended partition: CHS, LBA, and that of Linux. */
static bool is_extended(unsigned type)
{
    return type == 0x05 || type == 0x0F || type == 0x85;
}

/* The boot sector of a volume ends like an MBR, but has code where the entries are. */
static bool is_mbr(const unsigned char *sector)
{
    bool any = false;
    if (sector[510] != 0x55 || sector[511] != 0xAA || memcmp(sector + 3, "NTFS    ", 8) == 0 ||
        memcmp(sector + 0x36, "FAT", 3) == 0 || memcmp(sector + 0x52, "FAT32", 5) == 0) {
        return false;
    }
    for (size_t i = 0; i < MBR_PLACES; i++) {
        struct mbr_place place;
        mbr_place(sector, i, &place);
        if (place.status != 0 && place.status != 0x80) {
            return false;
        }
        any = any || place.type != 0;
    }
    return any;
}

/* One place in use: appended if it lies within the disk, else reported. */
static void add_mbr(struct table *t, uint64_t number, const struct mbr_place *place)
{
    uint64_t sectors = t->disk->size / t->sector;
    if (place->count == 0 || place->start >= sectors || place->count > sectors - place->start) {
        (void)wrong(t,
                    "MBR partition %" PRIu64 " has %" PRIu64 " sectors from %" PRIu64
                    " on: the disk has %" PRIu64,
                    number, place->count, place->start, sectors);
        return;
    }
    struct iv_image_partition *p =
        append(t, number, place->start * t->sector, place->count * t->sector);
    if (p != NULL) {
        p->type = iv_arena_printf(t->faults->arena, "%02X", place->type);
        p->attributes = place->status == 0x80 ? 1 : 0;
    }
}

/*
 * The chain of extended boot records: each has one partition and where the next record is. The
 * first counts from its own record, the second from the start of the chain. A chain can be made a
 * ring, so its length is bounded.
 */
static void read_logical(struct table *t, uint64_t base)
{
    uint64_t at = base;
    for (uint64_t number = MBR_PLACES + 1;; number++) {
        unsigned char sector[512];
        struct mbr_place place;
        struct mbr_place next;
        if (number > MBR_PLACES + MBR_LOGICAL_MAX) {
            (void)wrong(t, "there are more than 128 logical partitions, or their chain is a ring");
            return;
        }
        if (at >= t->disk->size / t->sector ||
            !iv_source_read(t->disk, sector, sizeof(sector), at * t->sector) ||
            sector[510] != 0x55 || sector[511] != 0xAA) {
            (void)wrong(t, "there is no extended boot record in sector %" PRIu64, at);
            return;
        }
        mbr_place(sector, 0, &place);
        mbr_place(sector, 1, &next);
        if (place.type != 0) {
            place.start += at;
            add_mbr(t, number, &place);
        }
        if (!is_extended(next.type)) {
            return;
        }
        at = base + next.start;
    }
}

/* One name of the name table: its partition is the one that starts there. */
static void name_partition(struct table *t, const unsigned char *bytes)
{
    struct iv_cursor at = iv_cursor(bytes, 8);
    uint64_t offset = iv_cursor_u64(&at);
    bool valid;
    const char *name = name_text(t, bytes + 8, &valid);
    if (!valid) {
        (void)wrong(t, "the name of partition %s is not valid UTF-16",
                    iv_faults_shown(t->faults->arena, name));
    }
    for (size_t i = t->first; i < t->image->partition_count; i++) {
        struct iv_image_partition *p = &t->image->partitions[i];
        /* The unit of the offset is not documented: bytes or sectors. */
        if (p->name == NULL && (p->start == offset || p->start / t->sector == offset)) {
            p->name = name;
            p->id = is_zero(bytes + 80, 16) ? NULL : guid_text(t, bytes + 80);
            return;
        }
    }
    (void)wrong(t, "the name table has %s at %" PRIu64 ", where no partition starts",
                iv_faults_shown(t->faults->arena, name), offset);
}

/* The name table in the partition `meta`. One that is damaged costs the names alone. */
static void read_names(struct table *t, const struct iv_image_partition *meta)
{
    unsigned char head[12];
    if (!iv_source_read(t->disk, head, sizeof(head), meta->start)) {
        (void)wrong(t, "the name table at byte %" PRIu64 " cannot be read", meta->start);
        return;
    }
    struct iv_cursor at = iv_cursor(head, sizeof(head));
    uint32_t signature = iv_cursor_u32(&at);
    uint32_t max = iv_cursor_u32(&at);
    uint32_t count = iv_cursor_u32(&at);
    if (signature != META_SIGNATURE) {
        (void)wrong(t,
                    "signature of the name table at byte %" PRIu64 " is %" PRIu32 ": it must be %u",
                    meta->start, signature, META_SIGNATURE);
        return;
    }
    if (count > max || count > META_COUNT_MAX ||
        sizeof(head) + (uint64_t)count * META_ENTRY_SIZE > meta->size) {
        (void)wrong(t,
                    "number of names at byte %" PRIu64 " is %" PRIu32 ": there is no room for them",
                    meta->start + 8, count);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        unsigned char entry[META_ENTRY_SIZE];
        if (!iv_source_read(t->disk, entry, sizeof(entry),
                            meta->start + sizeof(head) + (uint64_t)i * META_ENTRY_SIZE)) {
            (void)wrong(t, "the name table at byte %" PRIu64 " cannot be read", meta->start);
            return;
        }
        name_partition(t, entry);
    }
}

/*
 * All partitions first, then the names: they are given by the start of a partition. A second
 * extended partition is reported and not followed.
 */
static void read_mbr_disk(struct table *t, const unsigned char *sector)
{
    struct iv_cursor at = iv_cursor(sector + 440, 4);
    t->store->scheme = "mbr";
    t->store->sector_size = t->sector;
    t->store->disk_id = iv_arena_printf(t->faults->arena, "%08" PRIX32, iv_cursor_u32(&at));
    bool extended = false;
    for (size_t i = 0; i < MBR_PLACES; i++) {
        struct mbr_place place;
        mbr_place(sector, i, &place);
        if (is_extended(place.type) && extended) {
            (void)wrong(t, "MBR partition %zu is a second extended one", i + 1);
        } else if (is_extended(place.type)) {
            extended = true;
            read_logical(t, place.start);
        } else if (place.type != 0) {
            add_mbr(t, i + 1, &place);
        }
    }

    check_overlaps(t);
    for (size_t i = t->first; i < t->image->partition_count; i++) {
        const struct iv_image_partition *p = &t->image->partitions[i];
        if (strcmp(p->type, "70") == 0) {
            t->image->partitions[i].name = "MBR_META";
            read_names(t, p);
            return;
        }
    }
}

/* ---- which of them ------------------------------------------------------------------------- */

/* A GPT whose sector size is not known: its header lies in sector 1, the backup in the last. */
static bool find_gpt(struct table *t)
{
    const uint64_t sizes[] = {t->store->sector_size, 512, 4096};
    for (int backup = 0; backup < 2; backup++) {
        for (size_t i = 0; i < IV_COUNT(sizes); i++) {
            uint64_t sectors = sizes[i] == 0 ? 0 : t->disk->size / sizes[i];
            if (sectors > 2 && is_gpt(t->disk, sizes[i], backup != 0 ? sectors - 1 : 1)) {
                t->sector = sizes[i];
                return true;
            }
        }
    }
    return false;
}

void iv_partitions_read(const struct iv_source *disk, struct iv_image_store *store,
                        struct iv_image *image, struct iv_faults *faults)
{
    struct table t = {.disk = disk,
                      .store = store,
                      .image = image,
                      .faults = faults,
                      .first = image->partition_count};
    unsigned char sector[512];
    if (find_gpt(&t)) {
        if (store->sector_size != 0 && store->sector_size != t.sector) {
            (void)wrong(&t, "the GPT has sectors of %" PRIu64 " bytes, the store of %" PRIu64,
                        t.sector, store->sector_size);
        }
        read_gpt_disk(&t);
        return;
    }

    t.sector = store->sector_size != 0 ? store->sector_size : 512;
    store->sector_size = t.sector;
    if (disk->size >= sizeof(sector) && iv_source_read(disk, sector, sizeof(sector), 0) &&
        is_mbr(sector)) {
        if (sector[446 + 4] == MBR_PROTECTIVE) {
            store->scheme = "gpt";
            (void)wrong(&t, "the MBR announces a GPT, but there is none");
            return;
        }
        read_mbr_disk(&t, sector);
        return;
    }
    store->scheme = "none";
    if (image->claim_count > 0) {
        (void)wrong(&t, "the disk has neither GPT nor MBR");
    }
}
