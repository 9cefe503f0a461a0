/*
 * Virtual hard disks, as in Microsoft's "Virtual Hard Disk Image Format Specification" 1.0.
 *
 *   fixed     the disk as it is, then a footer of 512 bytes
 *   dynamic   a copy of the footer, a header ("cxsparse"), the block allocation table, blocks,
 *             footer
 *
 * The table of a dynamic disk has one 32-bit number for each block: the sector where it lies, or
 * 0xFFFFFFFF where it was never written and reads as zeros. A block starts with a bitmap of the
 * sectors that were written, which is passed over: without a parent disk, a sector that was never
 * written holds zeros either way.
 *
 * The whole table is checked before a byte of the disk is read: two entries that share bytes would
 * let one partition show the content of another. After that read_dynamic() can index it without a
 * check.
 */
#include "imgval/disk/vhd.h"

#include "imgval/base/sort.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FOOTER_SIZE 512
#define HEADER_SIZE 1024
#define SECTOR 512
/* Bounds of ours: 4 TiB of disk, and 2^25 entries in a table of 128 MiB. */
#define DISK_MAX (UINT64_C(4) << 40)
#define ENTRIES_MAX (UINT64_C(1) << 25)
#define BLOCK_MIN 4096
#define BLOCK_MAX (UINT64_C(256) << 20)
#define ABSENT UINT32_MAX

/* Disk types, in the footer at offset 60. */
enum { FIXED = 2, DYNAMIC = 3, DIFFERENCING = 4 };

/* All numbers are big-endian. */
static uint64_t number(const unsigned char *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

/* A dynamic disk that is open: the context of read_dynamic(). Sizes in bytes. */
struct vhd {
    struct iv_source file;
    uint64_t block_size;
    uint64_t bitmap_size;
    uint32_t *table; /* sector of each block's bitmap */
};

static bool has_cookie(const struct iv_source *file, uint64_t offset, const char *cookie)
{
    char bytes[8];
    return iv_source_read(file, bytes, sizeof(bytes), offset) &&
           memcmp(bytes, cookie, sizeof(bytes)) == 0;
}

/* A field of footer, header or table, with its offset in the file; returns false. */
static bool wrong(struct iv_faults *faults, const char *field, uint64_t offset, uint64_t value,
                  const char *why)
{
    return iv_faults_add(faults, IV_FAULT_FFU_HEADER, NULL,
                         "%s of the VHD at offset %" PRIu64 " is %" PRIu64 ": %s", field, offset,
                         value, why);
}

/* The ones' complement of the sum of all bytes, the checksum itself counted as zeros. */
static uint64_t checksum(const unsigned char *bytes, size_t size, size_t field)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum += i >= field && i < field + 4 ? 0 : bytes[i];
    }
    return ~sum & UINT32_MAX;
}

/* The fields of a footer that were found at `at`; its disk type is left to the caller. */
static bool check_footer(const unsigned char *footer, uint64_t at, struct iv_faults *faults)
{
    uint64_t said = number(footer + 64, 4);
    if (said != checksum(footer, FOOTER_SIZE, 64)) {
        return wrong(faults, "footer checksum", at + 64, said,
                     "it is not the checksum of the footer");
    }
    if (number(footer + 12, 4) != 0x00010000) {
        return wrong(faults, "version", at + 12, number(footer + 12, 4), "it must be 65536 (1.0)");
    }
    uint64_t size = number(footer + 48, 8);
    if (size == 0 || size > DISK_MAX || size % SECTOR != 0) {
        return wrong(faults, "current size", at + 48, size,
                     "it must be a whole number of sectors, at most 4 TiB");
    }
    return true;
}

/* A dynamic disk carries its footer twice; which of the two is damaged or gone is a fault. */
static bool find_footer(const struct iv_source *file, struct iv_faults *faults,
                        unsigned char ret_footer[FOOTER_SIZE], uint64_t *ret_at)
{
    uint64_t end = file->size - FOOTER_SIZE;
    if (has_cookie(file, end, "conectix")) {
        *ret_at = end;
        return iv_source_read(file, ret_footer, FOOTER_SIZE, end) ||
               iv_faults_add(faults, IV_FAULT_UNREADABLE, NULL,
                             "the footer at offset %" PRIu64 " cannot be read", end);
    }
    *ret_at = 0;
    (void)iv_faults_add(faults, IV_FAULT_TRUNCATED, NULL,
                        "there is no VHD footer at offset %" PRIu64 ", where the file should end",
                        end);
    return has_cookie(file, 0, "conectix") && iv_source_read(file, ret_footer, FOOTER_SIZE, 0);
}

static int compare_sector(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/*
 * Every block lies within the file, and no two share a byte. The sectors are sorted, so that only
 * neighbours have to be compared. The copy goes back to the arena.
 */
static bool check_table(const struct vhd *vhd, uint64_t count, uint64_t table,
                        struct iv_arena *arena, struct iv_faults *faults)
{
    uint64_t whole = vhd->bitmap_size + vhd->block_size;
    uint64_t end = vhd->file.size;
    struct iv_arena_mark mark = iv_arena_mark(arena);
    uint32_t *sorted = IV_NEW_ARRAY(arena, uint32_t, (size_t)count);
    size_t used = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (vhd->table[i] == ABSENT) {
            continue;
        }
        uint64_t at = (uint64_t)vhd->table[i] * SECTOR;
        if (at > end || whole > end - at) {
            return wrong(faults, "block table entry", table + 4 * i, vhd->table[i],
                         "the block does not lie within the file");
        }
        sorted[used++] = vhd->table[i];
    }
    if (used > 0) {
        iv_sort(sorted, used, sizeof(*sorted), compare_sector);
    }
    for (size_t i = 1; i < used; i++) {
        if ((uint64_t)(sorted[i] - sorted[i - 1]) * SECTOR < whole) {
            return wrong(faults, "sector of a block", table, sorted[i],
                         "two entries of the block table share it");
        }
    }
    iv_arena_reset(arena, mark);
    return true;
}

/* Reads the table, which was found to lie within the file, into vhd->table, and checks it. */
static bool read_table(struct vhd *vhd, uint64_t count, uint64_t table, struct iv_arena *arena,
                       struct iv_faults *faults)
{
    unsigned char bytes[4096];
    vhd->table = IV_NEW_ARRAY(arena, uint32_t, (size_t)count);
    for (uint64_t i = 0; i < count;) {
        uint64_t left = count - i;
        size_t take = left < sizeof(bytes) / 4 ? (size_t)left : sizeof(bytes) / 4;
        if (!iv_source_read(&vhd->file, bytes, take * 4, table + 4 * i)) {
            return iv_faults_add(faults, IV_FAULT_UNREADABLE, NULL,
                                 "the block table at offset %" PRIu64 " cannot be read", table);
        }
        for (size_t k = 0; k < take; k++) {
            vhd->table[i++] = (uint32_t)number(bytes + 4 * k, 4);
        }
    }
    return check_table(vhd, count, table, arena, faults);
}

/*
 * The `read` of a dynamic disk. iv_source_read() has checked the range against the size of the
 * disk, and open_dynamic() that the table reaches so far.
 */
static bool read_dynamic(const void *context, void *bytes, size_t size, uint64_t offset)
{
    const struct vhd *vhd = context;
    unsigned char *place = bytes;
    while (size > 0) {
        uint64_t within = offset % vhd->block_size;
        uint64_t left = vhd->block_size - within;
        size_t take = size < left ? size : (size_t)left;
        uint32_t sector = vhd->table[offset / vhd->block_size];
        if (sector == ABSENT) {
            memset(place, 0, take);
        } else if (!iv_source_read(&vhd->file, place, take,
                                   (uint64_t)sector * SECTOR + vhd->bitmap_size + within)) {
            return false;
        }
        place += take;
        offset += take;
        size -= take;
    }
    return true;
}

/*
 * The header at the place that the footer names, then the table. The bitmap of a block is rounded
 * up to whole sectors, as the format wants it.
 */
static bool open_dynamic(const struct iv_source *file, const unsigned char *footer,
                         struct iv_arena *arena, struct iv_image_store *store,
                         struct iv_faults *faults, struct iv_source *ret_disk)
{
    unsigned char header[HEADER_SIZE];
    uint64_t at = number(footer + 16, 8);
    if (!iv_source_read(file, header, sizeof(header), at)) {
        return wrong(faults, "data offset", 16, at, "the header does not lie within the file");
    }
    if (memcmp(header, "cxsparse", 8) != 0) {
        return iv_faults_add(faults, IV_FAULT_FFU_HEADER, NULL,
                             "there is no \"cxsparse\" at offset %" PRIu64, at);
    }
    if (number(header + 36, 4) != checksum(header, HEADER_SIZE, 36)) {
        return wrong(faults, "header checksum", at + 36, number(header + 36, 4),
                     "it is not the checksum of the header");
    }
    uint64_t table = number(header + 16, 8);
    uint64_t count = number(header + 28, 4);
    uint64_t block = number(header + 32, 4);
    if (block < BLOCK_MIN || block > BLOCK_MAX || (block & (block - 1)) != 0) {
        return wrong(faults, "block size", at + 32, block,
                     "it must be a power of two from 4096 to 268435456");
    }
    if (count > ENTRIES_MAX || count * block < store->disk_size) {
        return wrong(faults, "number of blocks", at + 28, count,
                     "the disk has more of them, or they are more than 33554432");
    }
    if (table > file->size || count * 4 > file->size - table) {
        return wrong(faults, "table offset", at + 16, table,
                     "the block table does not lie within the file");
    }

    struct vhd *vhd = IV_NEW(arena, struct vhd);
    vhd->file = *file;
    vhd->block_size = block;
    vhd->bitmap_size = (block / SECTOR / 8 + SECTOR - 1) / SECTOR * SECTOR;
    if (!read_table(vhd, count, table, arena, faults)) {
        return false;
    }

    store->block_size = block;
    for (uint64_t i = 0; i < count; i++) {
        store->entry_count += vhd->table[i] != ABSENT ? 1 : 0;
    }
    store->used = store->entry_count * block;
    *ret_disk = (struct iv_source){.size = store->disk_size, .context = vhd, .read = read_dynamic};
    return true;
}

/* A disk longer than the file is cut off; a file longer than the disk is read, and reported. */
static bool open_fixed(const struct iv_source *file, struct iv_arena *arena,
                       struct iv_image_store *store, struct iv_faults *faults,
                       struct iv_source *ret_disk)
{
    uint64_t room = file->size - FOOTER_SIZE;
    if (store->disk_size > room) {
        return iv_faults_add(faults, IV_FAULT_TRUNCATED, NULL,
                             "the disk of the VHD has %" PRIu64 " bytes, the file %" PRIu64
                             " before its footer",
                             store->disk_size, room);
    }
    if (store->disk_size < room) {
        (void)iv_faults_add(faults, IV_FAULT_TRAILING, NULL,
                            "%" PRIu64 " bytes lie between the disk of the VHD, which has %" PRIu64
                            ", and its footer",
                            room - store->disk_size, store->disk_size);
    }
    store->used = store->disk_size;
    *ret_disk = iv_source_slice(file, 0, store->disk_size, arena);
    return true;
}

bool iv_vhd_open(const struct iv_source *file, struct iv_arena *arena, struct iv_image *image,
                 struct iv_faults *faults, struct iv_source *ret_disk)
{
    unsigned char footer[FOOTER_SIZE];
    uint64_t at;
    image->present = true;
    image->path = faults->path;
    image->format = "VHD";
    image->file_size = file->size;
    if (has_cookie(file, 0, "vhdxfile")) {
        image->format = "VHDX";
        return iv_faults_add(faults, IV_FAULT_UNSUPPORTED, NULL,
                             "it is a VHDX; convert it to a VHD");
    }
    if (file->size < FOOTER_SIZE) {
        return iv_faults_add(faults, IV_FAULT_TRUNCATED, NULL,
                             "the file has %" PRIu64 " bytes, the footer of a VHD alone has 512",
                             file->size);
    }
    if (!find_footer(file, faults, footer, &at) || !check_footer(footer, at, faults)) {
        return false;
    }

    struct iv_image_store *store = IV_NEW(arena, struct iv_image_store);
    image->stores = store;
    image->store_count = 1;
    *store =
        (struct iv_image_store){.index = 1, .main_os = true, .disk_size = number(footer + 48, 8)};

    switch (number(footer + 60, 4)) {
    case FIXED:
        image->format = "VHD (fixed)";
        store->readable = open_fixed(file, arena, store, faults, ret_disk);
        break;
    case DYNAMIC:
        image->format = "VHD (dynamic)";
        store->readable = open_dynamic(file, footer, arena, store, faults, ret_disk);
        break;
    case DIFFERENCING:
        image->format = "VHD (differencing)";
        (void)iv_faults_add(faults, IV_FAULT_UNSUPPORTED, NULL,
                            "it is a differencing VHD: the rest of its data lies in another file");
        break;
    default:
        (void)wrong(faults, "disk type", at + 60, number(footer + 60, 4),
                    "it must be 2 (fixed), 3 (dynamic) or 4 (differencing)");
        break;
    }
    return store->readable;
}
