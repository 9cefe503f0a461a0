/*
 * The front of an FFU: security header, image header, manifest and device-targeting records.
 *
 *   0                security header (32 bytes), catalog, hash table, padding to a whole chunk
 *   base             image header (24 or 28 bytes), manifest, targeting records, padding
 *   then             store headers (ffu_store.c), each padded to a whole block, then the payloads
 *
 * Chunks are the unit of the hash table and of the padding; chunk 0 starts at `base`. Each step
 * needs the sizes that the one before it found, so reading stops at the first that cannot be
 * trusted. What was read until then stays in the image, and the hashes can still be checked.
 */
#include "imgval/disk/ffu/ffu.h"

#include "imgval/base/cursor.h"
#include "imgval/base/text.h"
#include "imgval/disk/ffu/ffu_parts.h"

#include <inttypes.h>
#include <string.h>

#define SECURITY_SIGNATURE "SignedImage "
#define IMAGE_SIGNATURE "ImageFlash  "
#define SIGNATURE_SIZE 12
#define ALGORITHM_SHA256 0x800C
#define TARGETING_PARTS 7
#define TARGETING_PART_MAX 1024

/* ---- security header ----------------------------------------------------------------------- */

static bool is_power_of_two(uint64_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/*
 * False: nothing after this header can be found, as a size is impossible or the file ends before
 * its hash table does. A wrong algorithm or table size costs the check of hashes alone.
 */
static bool check_security(struct iv_ffu *ffu, struct iv_image *image, struct iv_faults *faults,
                           uint32_t kib, uint32_t algorithm)
{
    if (!is_power_of_two(kib) || kib > IV_FFU_CHUNK_KIB_MAX) {
        return iv_ffu_wrong(faults, "chunk size in KiB", 16, kib,
                            "it must be a power of two up to 65536");
    }
    ffu->chunk_size = (uint64_t)kib * 1024;
    image->chunk_size = ffu->chunk_size;
    if (ffu->catalog_size > IV_FFU_CATALOG_MAX) {
        return iv_ffu_wrong(faults, "catalog size", 24, ffu->catalog_size,
                            "no catalog is larger than 16 MiB");
    }
    uint64_t end = IV_FFU_SECURITY_SIZE + ffu->catalog_size + ffu->table_size;
    ffu->base = (end + ffu->chunk_size - 1) / ffu->chunk_size * ffu->chunk_size;
    ffu->covered = ffu->base + ffu->table_size / IV_FFU_HASH_SIZE * ffu->chunk_size;
    if (end > ffu->source.size) {
        return iv_faults_add(faults, IV_FAULT_TRUNCATED, NULL,
                             "the hash table ends at offset %" PRIu64 ", the file at %" PRIu64, end,
                             ffu->source.size);
    }
    image->hash.state = IV_HASH_CHECKED;
    image->hash.entries = ffu->table_size / IV_FFU_HASH_SIZE;
    if (algorithm != ALGORITHM_SHA256) {
        image->hash.state = IV_HASH_NONE;
        (void)iv_ffu_wrong(faults, "hash algorithm", 20, algorithm,
                           "the only one that is defined is 32780 (SHA-256)");
    }
    if (ffu->table_size % IV_FFU_HASH_SIZE != 0 || ffu->table_size == 0) {
        image->hash.state = IV_HASH_NONE;
        (void)iv_faults_add(faults, IV_FAULT_HASH_TABLE, NULL,
                            "its size at offset 28 is %" PRIu64
                            " bytes: that is no whole number of 32-byte hashes",
                            ffu->table_size);
    }
    return true;
}

/* The security header at offset 0: six fields in 32 bytes, all little-endian. */
static bool read_security(struct iv_ffu *ffu, struct iv_image *image, struct iv_faults *faults)
{
    unsigned char bytes[IV_FFU_SECURITY_SIZE];
    if (ffu->source.size < sizeof(bytes)) {
        return iv_faults_add(faults, IV_FAULT_TRUNCATED, NULL,
                             "the file has %" PRIu64 " bytes, the security header alone has 32",
                             ffu->source.size);
    }
    if (!iv_ffu_read(ffu, faults, "the security header", bytes, sizeof(bytes), 0)) {
        return false;
    }
    struct iv_cursor at = iv_cursor(bytes, sizeof(bytes));
    uint32_t size = iv_cursor_u32(&at);
    const unsigned char *signature = iv_cursor_take(&at, SIGNATURE_SIZE);
    uint32_t kib = iv_cursor_u32(&at);
    uint32_t algorithm = iv_cursor_u32(&at);
    ffu->catalog_size = iv_cursor_u32(&at);
    ffu->table_size = iv_cursor_u32(&at);
    image->catalog_size = ffu->catalog_size;
    image->hash_table_size = ffu->table_size;
    if (memcmp(signature, SECURITY_SIGNATURE, SIGNATURE_SIZE) != 0) {
        return iv_faults_add(faults, IV_FAULT_FFU_HEADER, NULL,
                             "the signature at offset 4 is not \"" SECURITY_SIGNATURE "\"");
    }
    if (size != IV_FFU_SECURITY_SIZE) {
        return iv_ffu_wrong(faults, "security header size", 0, size, "it must be 32");
    }
    return check_security(ffu, image, faults, kib, algorithm);
}

/* ---- image header and manifest ------------------------------------------------------------- */

/* Where the image header is. A signing tool that put in a smaller catalog may have left one chunk
 * of padding too many. */
static bool find_image_header(struct iv_ffu *ffu, struct iv_image *image, struct iv_faults *faults)
{
    unsigned char bytes[4 + SIGNATURE_SIZE];
    uint64_t base = ffu->base;
    if (!iv_ffu_within(ffu, image, faults, "the image header", base, 24)) {
        return false;
    }
    for (int spare = 0; spare < 2; spare++) {
        uint64_t place = base + (spare != 0 ? ffu->chunk_size : 0);
        if (iv_source_read(&ffu->source, bytes, sizeof(bytes), place) &&
            memcmp(bytes + 4, IMAGE_SIGNATURE, SIGNATURE_SIZE) == 0) {
            ffu->covered += place - ffu->base;
            ffu->base = place;
            image->image_header_offset = place;
            return true;
        }
    }
    return iv_faults_add(faults, IV_FAULT_FFU_HEADER, NULL,
                         "there is no \"" IMAGE_SIGNATURE "\" at offset %" PRIu64, base + 4);
}

/* One record: seven lengths, then seven texts. Returns the place after it, 0 when it is wrong. */
static uint64_t read_record(struct iv_ffu *ffu, struct iv_image *image, struct iv_faults *faults,
                            uint64_t at)
{
    unsigned char bytes[TARGETING_PARTS * 4];
    if (!iv_ffu_within(ffu, image, faults, "a device-targeting record", at, sizeof(bytes)) ||
        !iv_ffu_read(ffu, faults, "a device-targeting record", bytes, sizeof(bytes), at)) {
        return 0;
    }
    struct iv_cursor lengths = iv_cursor(bytes, sizeof(bytes));
    struct iv_buf joined IV_CLEANUP(iv_buf_fini) = {0};
    uint64_t place = at + sizeof(bytes);
    for (size_t i = 0; i < TARGETING_PARTS; i++) {
        char text[TARGETING_PART_MAX + 1];
        uint32_t length = iv_cursor_u32(&lengths);
        if (length > TARGETING_PART_MAX) {
            (void)iv_ffu_wrong(faults, "length in a device-targeting record", at + 4 * i, length,
                               "no such text is longer than 1024");
            return 0;
        }
        if (!iv_ffu_within(ffu, image, faults, "a device-targeting record", place, length) ||
            !iv_ffu_read(ffu, faults, "a device-targeting record", text, length, place)) {
            return 0;
        }
        text[length] = '\0';
        iv_buf_puts(&joined, i > 0 ? " / " : "");
        iv_buf_puts(&joined, text);
        place += length;
    }
    image->targeting[image->targeting_count++] = iv_arena_strdup(ffu->arena, iv_buf_text(&joined));
    return place;
}

/* The records lie at `at`. Returns the place after the last one, 0 when it is not known. */
static uint64_t read_records(struct iv_ffu *ffu, struct iv_image *image, struct iv_faults *faults,
                             uint64_t at, uint32_t count)
{
    if (count > IV_FFU_RECORDS_MAX) {
        (void)iv_ffu_wrong(faults, "number of device-targeting records", ffu->base + 24, count,
                           "no image has more than 256");
        return 0;
    }
    image->targeting = IV_NEW_ARRAY(ffu->arena, const char *, count);
    for (uint32_t i = 0; i < count && at != 0; i++) {
        at = read_record(ffu, image, faults, at);
    }
    return at;
}

struct image_header {
    uint32_t size;
    uint32_t manifest_size;
    uint32_t kib;
    uint32_t records;
};

/*
 * The image header at `base`. The form with 28 bytes has a count of targeting records at its end;
 * in the short form that count is taken as 0.
 */
static bool read_image_header(struct iv_ffu *ffu, struct iv_image *image, struct iv_faults *faults,
                              struct image_header *ret_header)
{
    unsigned char bytes[28];
    struct image_header header = {0};
    if (!iv_ffu_within(ffu, image, faults, "the image header", ffu->base, sizeof(bytes)) ||
        !iv_ffu_read(ffu, faults, "the image header", bytes, sizeof(bytes), ffu->base)) {
        return false;
    }
    struct iv_cursor at = iv_cursor(bytes, sizeof(bytes));
    header.size = iv_cursor_u32(&at);
    (void)iv_cursor_take(&at, SIGNATURE_SIZE);
    header.manifest_size = iv_cursor_u32(&at);
    header.kib = iv_cursor_u32(&at);
    header.records = iv_cursor_u32(&at);
    if (header.size != 24 && header.size != 28) {
        return iv_ffu_wrong(faults, "image header size", ffu->base, header.size,
                            "it must be 24 or 28");
    }
    header.records = header.size == 28 ? header.records : 0;
    image->image_header_size = header.size;
    image->manifest_size = header.manifest_size;
    if (header.manifest_size > IV_FFU_MANIFEST_MAX) {
        return iv_ffu_wrong(faults, "manifest size", ffu->base + 16, header.manifest_size,
                            "no manifest is larger than 4 MiB");
    }
    if (header.kib != 0 && (uint64_t)header.kib * 1024 != ffu->chunk_size) {
        (void)iv_ffu_wrong(faults, "chunk size in KiB", ffu->base + 20, header.kib,
                           "the security header says otherwise");
    }
    *ret_header = header;
    return true;
}

/* Returns the offset of the first store header, 0 when it is not known. */
static uint64_t read_front(struct iv_ffu *ffu, struct iv_image *image, struct iv_faults *faults,
                           struct iv_ffu_section **ret_sections, size_t *ret_count)
{
    struct image_header header = {0};
    if (!find_image_header(ffu, image, faults) || !read_image_header(ffu, image, faults, &header)) {
        return 0;
    }
    uint64_t at = ffu->base + header.size;
    if (!iv_ffu_within(ffu, image, faults, "the manifest", at, header.manifest_size)) {
        return 0;
    }
    char *text = IV_NEW_ARRAY(ffu->arena, char, (size_t)header.manifest_size + 1);
    if (!iv_ffu_read(ffu, faults, "the manifest", text, header.manifest_size, at)) {
        return 0;
    }
    iv_ffu_manifest(text, header.manifest_size, image, faults, ret_sections, ret_count);
    at = read_records(ffu, image, faults, at + header.manifest_size, header.records);
    return (at + ffu->chunk_size - 1) / ffu->chunk_size * ffu->chunk_size;
}

/* ---- what the file holds in all ------------------------------------------------------------ */

/*
 * Whether the hash table has one hash for each chunk of the file. A file that was cut is reported
 * as such once, so that its missing chunks are no second fault.
 */
static void check_table(struct iv_ffu *ffu, struct iv_image *image, struct iv_faults *faults)
{
    uint64_t size = ffu->source.size;
    image->hash.chunks =
        size <= ffu->base ? 0 : (size - ffu->base + ffu->chunk_size - 1) / ffu->chunk_size;
    uint64_t chunks = image->hash.chunks;
    uint64_t entries = image->hash.entries;
    if (image->hash.state != IV_HASH_CHECKED || entries == chunks) {
        return;
    }
    if (entries < chunks) {
        (void)iv_faults_add(faults, IV_FAULT_HASH_TABLE, NULL,
                            "it holds %" PRIu64 " hashes, the file has %" PRIu64
                            " chunks: the last %" PRIu64 " have none",
                            entries, chunks, chunks - entries);
    } else if (!ffu->is_short) {
        (void)iv_faults_add(faults, IV_FAULT_HASH_TABLE, NULL,
                            "it holds %" PRIu64 " hashes, the file has %" PRIu64 " chunks only",
                            entries, chunks);
    }
}

bool iv_ffu_open(const struct iv_source *source, struct iv_arena *arena, struct iv_image *image,
                 struct iv_faults *faults, struct iv_ffu **ret_ffu)
{
    struct iv_ffu *ffu = IV_NEW(arena, struct iv_ffu);
    ffu->source = *source;
    ffu->arena = arena;
    image->present = true;
    image->path = faults->path;
    image->format = "FFU";
    image->file_size = source->size;
    if (!read_security(ffu, image, faults)) {
        return false;
    }

    struct iv_ffu_section *sections = NULL;
    size_t section_count = 0;
    uint64_t at = read_front(ffu, image, faults, &sections, &section_count);
    if (at != 0) {
        iv_ffu_stores(ffu, image, faults, sections, section_count, at);
    }
    if (image->compressed && image->hash.state == IV_HASH_CHECKED) {
        image->hash.state = IV_HASH_NOT_EVALUATED;
    }
    check_table(ffu, image, faults);
    *ret_ffu = ffu;
    return true;
}
