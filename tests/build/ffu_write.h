/*
 * FFU files from disks: headers, manifest, catalog and hash table as image builders write them.
 */
#ifndef FX_FFU_WRITE_H
#define FX_FFU_WRITE_H

#include "base.h"
#include "disk_write.h"

#define FX_STORES_MAX 64
#define FX_LIES_MAX 32

struct fx_store {
    struct fx_disk disk;
    struct fx_partition *partitions;
    size_t partition_count;
    uint64_t block;
    const char *device_path; /* version 2 */
    const char *sectors;     /* MinSectorCount in the manifest; NULL: the true ones; "-": none */
    uint64_t validation;     /* validation entries of 16 bytes */
    uint64_t update_type;
};

/* A change to the bytes of the file at PLACE+OFFSET. */
struct fx_change {
    const char *place; /* file security catalog table image manifest storeN entriesN payloadN */
    uint64_t offset;
    bool flip; /* bits, else bytes */
    bool late; /* after the hashes were computed */
    struct fx_buf bytes;
};

struct fx_ffu {
    struct fx_arena *arena;
    uint64_t version;     /* of the store headers: 1 or 2 */
    uint64_t chunk;       /* bytes */
    uint64_t records;     /* device-targeting records; with `long_header` */
    bool long_header;     /* 28 bytes */
    bool dedupe;          /* equal blocks become one entry with several locations */
    bool all_sizes;       /* every block of the disk is written, not only what has content */
    const char *platform; /* ids, separated by commas: header and manifest */
    const char *manifest_platform; /* NULL: as the header */
    const char *keys;              /* further lines of section FullFlash */
    const char *manifest;          /* the whole text, instead of the generated one */
    const char *digest;            /* of the catalog: sha1, sha256 */
    const char *signer;            /* PEM file with key and certificate; NULL: unsigned */
    bool no_catalog;
    uint64_t spare;   /* chunks of zeros before the image header */
    int64_t table;    /* hashes to add (zeros) or to drop */
    int64_t truncate; /* as for cabinets; INT64_MIN: not at all */
    uint64_t append;
    struct fx_store stores[FX_STORES_MAX];
    size_t store_count;
    struct fx_change lies[FX_LIES_MAX];
    size_t lie_count;
};

void fx_ffu_open(struct fx_ffu *ffu, struct fx_arena *arena);
/* PLACE+OFFSET:HEX (or :HEX as bits to flip). */
void fx_ffu_lie(struct fx_ffu *ffu, const char *text, bool flip, bool late);
void fx_ffu_write(struct fx_ffu *ffu, struct fx_buf *out);

/* A large FFU of random blocks, written as it is made. KEY=VALUE: size seed. */
void fx_ffu_generate(const char *path, uint64_t size, uint64_t seed);

/* The catalog alone, for `n` bytes of hash table. */
void fx_catalog_write(const void *table, size_t n, const char *digest, const char *signer,
                      struct fx_buf *out);

#endif
