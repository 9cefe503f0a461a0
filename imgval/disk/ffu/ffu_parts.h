/*
 * ffu_parts.h: the parts of the FFU reader that lie in files of their own. Internal to imgval/disk.
 */
#ifndef IMGVAL_DISK_FFU_FFU_PARTS_H
#define IMGVAL_DISK_FFU_FFU_PARTS_H

#include "imgval/disk/ffu/ffu.h"

/* Sizes that no real image comes near (bytes, entries). */
#define IV_FFU_CATALOG_MAX (UINT64_C(16) << 20)
#define IV_FFU_MANIFEST_MAX (UINT64_C(4) << 20)
#define IV_FFU_CHUNK_KIB_MAX 65536
#define IV_FFU_BLOCK_MIN 4096
#define IV_FFU_BLOCK_MAX (16 << 20)
#define IV_FFU_LOCATIONS_MAX (UINT64_C(1) << 26)
#define IV_FFU_DISK_MAX (UINT64_C(4) << 40)
#define IV_FFU_MAP_MAX (UINT64_C(1) << 25) /* blocks on all disks of an image: 4 bytes each */
#define IV_FFU_RECORDS_MAX 256

#define IV_FFU_SECURITY_SIZE 32
#define IV_FFU_HASH_SIZE 32

/* The block map of one store. */
struct iv_ffu_map {
    const struct iv_ffu *ffu;
    uint32_t *blocks; /* by block of the disk: entry + 1, or 0; NULL: not readable */
    uint64_t count;
    uint64_t block_size;
    uint64_t payload; /* file offset of entry 0's block */
    uint64_t disk_size;
};

struct iv_ffu {
    struct iv_source source;
    struct iv_arena *arena;
    uint64_t chunk_size;
    uint64_t catalog_size;
    uint64_t table_size;
    uint64_t base;    /* offset of the image header: of chunk 0 */
    uint64_t covered; /* where the file ends by the hash table's account */
    bool is_short;    /* something lies past the end: said once */
    struct iv_ffu_map *maps;
    size_t map_count;
    uint64_t map_blocks; /* of all maps together */
};

/* What a [Store] section says that is no fact of struct iv_image_store. */
struct iv_ffu_section {
    uint64_t sector_size;
    uint64_t sector_count; /* 0: not said */
    const char *store_id;
    const char *device_path;
    bool main_os;
};

/*
 * Parses the manifest's text (NUL-terminated after `size`) into image->version ... and claims; the
 * [Store] sections into an array, matched with the store headers by order. Faults are FFU_HEADER.
 */
void iv_ffu_manifest(const char *text, size_t size, struct iv_image *image,
                     struct iv_faults *faults, struct iv_ffu_section **ret_sections,
                     size_t *ret_count);

/* "FIELD at offset N ..." of kind FFU_HEADER; returns false. */
bool iv_ffu_wrong(struct iv_faults *faults, const char *field, uint64_t offset, uint64_t value,
                  const char *why);

/* Whether [offset, offset + size) lies in the file; else a fault, once for files that were cut. */
bool iv_ffu_within(struct iv_ffu *ffu, struct iv_image *image, struct iv_faults *faults,
                   const char *what, uint64_t offset, uint64_t size);

/* Reads a range that lies in the file; else UNREADABLE. */
bool iv_ffu_read(const struct iv_ffu *ffu, struct iv_faults *faults, const char *what, void *bytes,
                 size_t size, uint64_t offset);

/* Store headers, entries and maps, from file offset `at` on (the first store header). */
void iv_ffu_stores(struct iv_ffu *ffu, struct iv_image *image, struct iv_faults *faults,
                   const struct iv_ffu_section *sections, size_t section_count, uint64_t at);

/* Walks the block entries of a store whose header was read and builds its map. */
bool iv_ffu_map(struct iv_ffu *ffu, struct iv_image_store *store, struct iv_faults *faults,
                struct iv_ffu_map *map);

#endif
