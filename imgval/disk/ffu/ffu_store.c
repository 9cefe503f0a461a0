/*
 * The store headers of an FFU, all of them before the first payload.
 *
 * A header is followed by validation entries and block entries, and padded to a whole block. The
 * major version decides how it reads: version 1 has one store and no more fields, version 2 adds
 * the number of stores, their index, the size of the payload and a device path. The payloads follow
 * after the last header in the order of the stores, so none of them can be placed before all
 * headers are read.
 */
#include "imgval/base/buf.h"
#include "imgval/base/cursor.h"
#include "imgval/base/text.h"
#include "imgval/disk/ffu/ffu_parts.h"

#include <inttypes.h>
#include <string.h>

#define HEADER_SIZE 248
#define HEADER_V2_SIZE                                                                             \
    14 /* after the first 248 bytes: store count, index, payload size, length                      \
        */
#define PLATFORM_IDS_SIZE 192
#define DEVICE_PATH_MAX 1024

struct store_header {
    uint32_t update_type;
    uint16_t major, minor, flash_major, flash_minor;
    unsigned char platform_ids[PLATFORM_IDS_SIZE];
    uint32_t block_size;
    uint32_t entry_count, entry_size;
    uint32_t validation_count, validation_size;
    uint32_t phases[6];
    uint16_t store_count, store_index;
    uint64_t payload_size;
    uint16_t path_length;
};

/* The 248 bytes that all versions have; the members of version 2 stay 0. */
static void decode(const unsigned char *bytes, struct store_header *h)
{
    struct iv_cursor at = iv_cursor(bytes, HEADER_SIZE);
    h->update_type = iv_cursor_u32(&at);
    h->major = iv_cursor_u16(&at);
    h->minor = iv_cursor_u16(&at);
    h->flash_major = iv_cursor_u16(&at);
    h->flash_minor = iv_cursor_u16(&at);
    memcpy(h->platform_ids, iv_cursor_take(&at, PLATFORM_IDS_SIZE), PLATFORM_IDS_SIZE);
    h->block_size = iv_cursor_u32(&at);
    h->entry_count = iv_cursor_u32(&at);
    h->entry_size = iv_cursor_u32(&at);
    h->validation_count = iv_cursor_u32(&at);
    h->validation_size = iv_cursor_u32(&at);
    for (size_t i = 0; i < IV_COUNT(h->phases); i++) {
        h->phases[i] = iv_cursor_u32(&at);
    }
}

/* Platform ids stand one after the other, each with its NUL; an empty one ends them. */
static void keep_platform_ids(struct iv_ffu *ffu, struct iv_image_store *store,
                              const struct store_header *h, struct iv_faults *faults)
{
    char text[PLATFORM_IDS_SIZE + 1];
    memcpy(text, h->platform_ids, PLATFORM_IDS_SIZE);
    text[PLATFORM_IDS_SIZE] = '\0';
    store->platform_ids = IV_NEW_ARRAY(ffu->arena, const char *, PLATFORM_IDS_SIZE / 2 + 1);
    bool said = false;
    for (size_t at = 0; at < PLATFORM_IDS_SIZE && text[at] != '\0'; at += strlen(text + at) + 1) {
        for (char *c = text + at; *c != '\0'; c++) {
            if (*c >= 0x20 && *c < 0x7F) {
                continue;
            }
            if (!said) {
                (void)iv_ffu_wrong(faults, "a byte of the platform ids",
                                   store->header_offset + 12 + (uint64_t)(c - text),
                                   (unsigned char)*c, "they must be printable ASCII");
                said = true;
            }
            *c = '?';
        }
        store->platform_ids[store->platform_id_count++] = iv_arena_strdup(ffu->arena, text + at);
    }
}

static bool check_block_size(const struct iv_ffu *ffu, const struct iv_image_store *store,
                             struct iv_faults *faults)
{
    uint64_t block = store->block_size;
    uint64_t offset = store->header_offset + 204;
    if (block < IV_FFU_BLOCK_MIN || block > IV_FFU_BLOCK_MAX || (block & (block - 1)) != 0) {
        return iv_ffu_wrong(faults, "block size", offset, block,
                            "it must be a power of two from 4096 to 16777216");
    }
    if (block % ffu->chunk_size != 0) {
        return iv_ffu_wrong(faults, "block size", offset, block,
                            "it must be a multiple of the chunk size");
    }
    if (store->sector_size != 0 && block % store->sector_size != 0) {
        return iv_ffu_wrong(faults, "block size", offset, block,
                            "it must be a multiple of the sector size");
    }
    return true;
}

/*
 * A phase is a range of block entries: its first one and their number. One that reaches past the
 * last entry is reported and kept as it is.
 */
static void check_phase(struct iv_image_store *store, struct iv_faults *faults, const char *name,
                        uint64_t offset, const uint32_t *numbers, struct iv_image_phase *ret_phase)
{
    ret_phase->first = numbers[0];
    ret_phase->count = numbers[1];
    if (ret_phase->first + ret_phase->count > store->entry_count) {
        (void)iv_faults_add(faults, IV_FAULT_FFU_HEADER, NULL,
                            "the %s entries of store %" PRIu64 " at offset %" PRIu64 " are %" PRIu64
                            " from %" PRIu64 " on: there are only %" PRIu64,
                            name, store->index, store->header_offset + offset, ret_phase->count,
                            ret_phase->first, store->entry_count);
    }
}

/* The version decides how the rest of the header reads; 0 when this build knows no such header. */
static size_t version_of(struct iv_ffu *ffu, struct iv_image *image, struct iv_image_store *store,
                         const struct store_header *h, struct iv_faults *faults)
{
    store->version = iv_arena_printf(ffu->arena, "%u.%u", h->major, h->minor);
    store->flash_version = iv_arena_printf(ffu->arena, "%u.%u", h->flash_major, h->flash_minor);
    if (h->major != 1 && h->major != 2) {
        (void)iv_faults_add(faults, h->major == 0 ? IV_FAULT_FFU_HEADER : IV_FAULT_UNSUPPORTED,
                            NULL,
                            "the header of store %" PRIu64 " at offset %" PRIu64
                            " has version %s: known are 1 and 2",
                            store->index, store->header_offset, store->version);
        return 0;
    }
    if (h->flash_major != 2) {
        image->compressed = h->flash_major == 3;
        (void)iv_faults_add(faults, h->flash_major < 2 ? IV_FAULT_FFU_HEADER : IV_FAULT_UNSUPPORTED,
                            NULL, "store %" PRIu64 " has the FullFlash version %s%s: known is 2.0",
                            store->index, store->flash_version,
                            h->flash_major == 3 ? ", a compressed payload" : "");
        return 0;
    }
    return h->major;
}

static void keep_header(struct iv_ffu *ffu, struct iv_image_store *store,
                        const struct store_header *h, struct iv_faults *faults)
{
    store->block_size = h->block_size;
    store->entry_count = h->entry_count;
    store->entry_size = h->entry_size;
    store->validation_count = h->validation_count;
    keep_platform_ids(ffu, store, h, faults);
    if (h->update_type > 1) {
        (void)iv_ffu_wrong(faults, "update type", store->header_offset, h->update_type,
                           "it must be 0 (full) or 1 (partial)");
    } else {
        store->update_type = h->update_type == 0 ? IV_UPDATE_FULL : IV_UPDATE_PARTIAL;
    }
    /* It is read as far as it goes; what it leaves alone on the device nobody can judge. */
    if (store->update_type == IV_UPDATE_PARTIAL) {
        (void)iv_faults_add(faults, IV_FAULT_UNSUPPORTED, NULL,
                            "store %" PRIu64
                            " is a partial update (update type 1 at offset %" PRIu64
                            "): it holds what changes on a device, not a whole image",
                            store->index, store->header_offset);
    }
    check_phase(store, faults, "initial", 224, h->phases, &store->initial);
    check_phase(store, faults, "flash-only", 232, h->phases + 2, &store->flash_only);
    check_phase(store, faults, "final", 240, h->phases + 4, &store->final);
}

/* Version 2: the members after the first 248 bytes. Returns the place after them, or 0. */
static uint64_t read_v2(struct iv_ffu *ffu, struct iv_image *image, struct iv_image_store *store,
                        struct store_header *h, struct iv_faults *faults)
{
    unsigned char bytes[HEADER_V2_SIZE];
    unsigned char path[2 * DEVICE_PATH_MAX];
    uint64_t at = store->header_offset + HEADER_SIZE;
    if (!iv_ffu_within(ffu, image, faults, "a store header", at, sizeof(bytes)) ||
        !iv_ffu_read(ffu, faults, "a store header", bytes, sizeof(bytes), at)) {
        return 0;
    }
    struct iv_cursor c = iv_cursor(bytes, sizeof(bytes));
    h->store_count = iv_cursor_u16(&c);
    h->store_index = iv_cursor_u16(&c);
    h->payload_size = iv_cursor_u64(&c);
    h->path_length = iv_cursor_u16(&c);
    size_t size = 2 * (size_t)h->path_length;
    at += sizeof(bytes);
    if (h->path_length > DEVICE_PATH_MAX) {
        (void)iv_ffu_wrong(faults, "device path length", at - 2, h->path_length,
                           "no path is longer than 1024");
        return 0;
    }
    if (!iv_ffu_within(ffu, image, faults, "a device path", at, size) ||
        !iv_ffu_read(ffu, faults, "a device path", path, size, at)) {
        return 0;
    }
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    if (iv_utf16_to_utf8(&text, path, size, false)) {
        store->device_path = iv_arena_strdup(ffu->arena, iv_buf_text(&text));
    } else {
        (void)iv_faults_add(faults, IV_FAULT_FFU_HEADER, NULL,
                            "the device path at offset %" PRIu64 " is not valid UTF-16", at);
    }
    return at + size;
}

/*
 * What version 2 says twice must agree. Stores are numbered from 1 in the order of the file, as
 * payloads are found by that order alone.
 */
static bool check_v2(const struct iv_image *image, const struct iv_image_store *store,
                     const struct store_header *h, struct iv_faults *faults, uint64_t store_count)
{
    uint64_t offset = store->header_offset + HEADER_SIZE;
    if (h->store_count == 0 || h->store_count > IV_IMAGE_STORES_MAX) {
        return iv_ffu_wrong(faults, "number of stores", offset, h->store_count,
                            "it must be from 1 to 64");
    }
    if (image->store_count > 1 && h->store_count != store_count) {
        return iv_ffu_wrong(faults, "number of stores", offset, h->store_count,
                            "the first store header says otherwise");
    }
    if (h->store_index != store->index) {
        return iv_ffu_wrong(faults, "store index", offset + 2, h->store_index,
                            "stores must be numbered from 1 in file order");
    }
    if (h->payload_size != store->entry_count * store->block_size) {
        return iv_ffu_wrong(faults, "payload size", offset + 4, h->payload_size,
                            "it must be the number of block entries times the block size");
    }
    return true;
}

/* Validation entries: sector, offset and byte count, 4 bytes each, then as many bytes. */
static bool walk_validation(struct iv_ffu *ffu, struct iv_image_store *store,
                            const struct store_header *h, struct iv_faults *faults, uint64_t at)
{
    uint64_t left = h->validation_size;
    if ((uint64_t)h->validation_count * 12 > left) {
        return iv_ffu_wrong(faults, "number of validation entries", store->header_offset + 216,
                            h->validation_count, "they do not fit into the length that is given");
    }
    for (uint32_t i = 0; i < h->validation_count; i++) {
        unsigned char bytes[12];
        if (left < sizeof(bytes) ||
            !iv_ffu_read(ffu, faults, "a validation entry", bytes, sizeof(bytes), at)) {
            return left >= sizeof(bytes) ? false
                                         : iv_ffu_wrong(faults, "length of the validation entries",
                                                        store->header_offset + 220,
                                                        h->validation_size, "they go on after it");
        }
        struct iv_cursor c = iv_cursor(bytes, sizeof(bytes));
        (void)iv_cursor_u64(&c);
        uint64_t size = sizeof(bytes) + (uint64_t)iv_cursor_u32(&c);
        if (size > left) {
            return iv_ffu_wrong(faults, "byte count of a validation entry", at + 8, size - 12,
                                "it goes on after the validation entries");
        }
        at += size;
        left -= size;
    }
    return left == 0 ? true
                     : iv_ffu_wrong(faults, "length of the validation entries",
                                    store->header_offset + 220, h->validation_size,
                                    "there are bytes after the last one");
}

/* Reads one header. Returns the place after header and entries, padded; 0: no way to go on. */
static uint64_t read_store(struct iv_ffu *ffu, struct iv_image *image, struct iv_faults *faults,
                           struct iv_image_store *store, uint64_t *store_count)
{
    unsigned char bytes[HEADER_SIZE];
    struct store_header h = {0};
    uint64_t at = store->header_offset;
    if (!iv_ffu_within(ffu, image, faults, "a store header", at, sizeof(bytes)) ||
        !iv_ffu_read(ffu, faults, "a store header", bytes, sizeof(bytes), at)) {
        return 0;
    }
    decode(bytes, &h);
    size_t version = version_of(ffu, image, store, &h, faults);
    if (version == 0) {
        return 0;
    }
    keep_header(ffu, store, &h, faults);
    at += HEADER_SIZE;
    if (!check_block_size(ffu, store, faults)) {
        return 0;
    }

    if (version == 2) {
        at = read_v2(ffu, image, store, &h, faults);
        if (at == 0 || !check_v2(image, store, &h, faults, *store_count)) {
            return 0;
        }
        *store_count = h.store_count;
    } else if (image->store_count > 1) {
        (void)iv_ffu_wrong(faults, "store header version", store->header_offset + 4, h.major,
                           "only the first of several stores has such a header");
        return 0;
    }
    if (!iv_ffu_within(ffu, image, faults, "the validation entries", at, h.validation_size) ||
        !walk_validation(ffu, store, &h, faults, at)) {
        return 0;
    }

    store->entry_offset = at + h.validation_size;
    store->payload_size = store->entry_count * store->block_size;
    if (store->entry_count * 8 > store->entry_size) {
        (void)iv_ffu_wrong(faults, "number of block entries", store->header_offset + 208,
                           store->entry_count, "they do not fit into the length that is given");
        return 0;
    }
    if (!iv_ffu_within(ffu, image, faults, "the block entries", store->entry_offset,
                       store->entry_size)) {
        return 0;
    }
    at = store->entry_offset + store->entry_size;
    return (at + store->block_size - 1) / store->block_size * store->block_size;
}

/*
 * Takes what the manifest says about a store. A sector size that no disk has is not used: the size
 * of the disk is then 0, and ffu_map.c finds it.
 */
static void join_section(struct iv_image_store *store, const struct iv_ffu_section *section)
{
    store->store_id = section->store_id;
    store->main_os = section->main_os;
    store->device_path = section->device_path;
    store->sector_size =
        section->sector_size == 512 || section->sector_size == 4096 ? section->sector_size : 0;
    store->disk_size = section->sector_count * store->sector_size; /* 32 bits each */
}

/* All headers; returns the offset of the first payload, 0 when it is not known. */
static uint64_t read_headers(struct iv_ffu *ffu, struct iv_image *image, struct iv_faults *faults,
                             const struct iv_ffu_section *sections, size_t section_count,
                             uint64_t at)
{
    uint64_t store_count = 1;
    while (at != 0 && image->store_count < store_count) {
        size_t i = image->store_count++;
        struct iv_image_store *store = &image->stores[i];
        *store = (struct iv_image_store){.index = i + 1, .main_os = true, .header_offset = at};
        if (i < section_count) {
            join_section(store, &sections[i]);
        }
        at = read_store(ffu, image, faults, store, &store_count);
    }
    if (at != 0 && section_count != store_count) {
        (void)iv_faults_add(faults, IV_FAULT_FFU_HEADER, NULL,
                            "the manifest lists %zu stores, the store headers %" PRIu64,
                            section_count, store_count);
    }
    return at;
}

/* Payloads lie one after the other in the order of the stores. */
static void place_payloads(struct iv_ffu *ffu, struct iv_image *image, struct iv_faults *faults,
                           uint64_t at)
{
    uint64_t size = ffu->source.size;
    uint64_t block = 0;
    bool whole = true;
    for (size_t i = 0; i < image->store_count && whole; i++) {
        struct iv_image_store *store = &image->stores[i];
        store->payload_offset = at;
        block = store->block_size;
        whole = iv_ffu_within(ffu, image, faults,
                              iv_arena_printf(ffu->arena, "the payload of store %zu", i + 1), at,
                              store->payload_size);
        at += store->payload_size; /* up to 64 times 32 by 24 bits */
        store->readable = whole;
    }
    if (whole && at < size) {
        image->trailing_size = size - at;
        (void)iv_faults_add(
            faults, IV_FAULT_TRAILING, NULL,
            "the payload ends at offset %" PRIu64 ", %" PRIu64 " bytes follow%s", at, size - at,
            size - at == block ? " (as many as one block: some readers skip a block before the "
                                 "payload when no padding is needed there)"
                               : "");
    }
}

void iv_ffu_stores(struct iv_ffu *ffu, struct iv_image *image, struct iv_faults *faults,
                   const struct iv_ffu_section *sections, size_t section_count, uint64_t at)
{
    image->stores = IV_NEW_ARRAY(ffu->arena, struct iv_image_store, IV_IMAGE_STORES_MAX);
    uint64_t payload = read_headers(ffu, image, faults, sections, section_count, at);
    if (payload == 0) {
        return;
    }
    place_payloads(ffu, image, faults, payload);
    ffu->maps = IV_NEW_ARRAY(ffu->arena, struct iv_ffu_map, image->store_count);
    ffu->map_count = image->store_count;
    for (size_t i = 0; i < image->store_count; i++) {
        struct iv_image_store *store = &image->stores[i];
        store->readable = store->readable && iv_ffu_map(ffu, store, faults, &ffu->maps[i]);
    }
}
