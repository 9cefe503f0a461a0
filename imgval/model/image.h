/*
 * image.h: what was read of one image file (FFU, VHD, WIM, raw disk) apart from the packages in it:
 * the container's headers, stores, partitions, signers, and what became of the hash check. Plain
 * data, filled by the readers of imgval/disk, judged by rules/rules_ffu.c, printed by sinks.
 *
 * Offsets and sizes are bytes unless a member says otherwise. GUIDs are upper-case text without
 * braces. Strings of the input are UTF-8 and otherwise as they were; NULL means "not said".
 */
#ifndef IMGVAL_MODEL_IMAGE_H
#define IMGVAL_MODEL_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What readers keep and rules compare pair by pair, of all stores together. */
#define IV_IMAGE_STORES_MAX 64
#define IV_IMAGE_CLAIMS_MAX 1024
#define IV_IMAGE_PARTITIONS_MAX 4096

enum iv_update_type {
    IV_UPDATE_UNKNOWN, /* neither of the two numbers that the format defines, or no FFU */
    IV_UPDATE_FULL,
    IV_UPDATE_PARTIAL,
};

/* The entries of a store in flashing order: three runs of them are named in its header. */
struct iv_image_phase {
    uint64_t first; /* index of its first block entry */
    uint64_t count;
};

/* One disk in the image. A VHD and a raw disk have one, with `index` 1 and no entries. */
struct iv_image_store {
    uint64_t index;            /* from 1, in file order */
    const char *version;       /* of the store header, "2.0" */
    const char *flash_version; /* "FullFlash" version in the store header, "2.0" */
    enum iv_update_type update_type;
    const char *device_path;   /* version 2 headers */
    const char *store_id;      /* manifest, StoreId */
    bool main_os;              /* manifest, IsMainOSStore: true where it does not say */
    const char **platform_ids; /* of this store's header */
    size_t platform_id_count;
    uint64_t sector_size;
    uint64_t disk_size; /* MinSectorCount x SectorSize, or what the entries span */
    uint64_t block_size;
    uint64_t entry_count;    /* block data entries: as many blocks in the payload */
    uint64_t location_count; /* places on the disk that they go to */
    uint64_t validation_count;
    uint64_t header_offset;
    uint64_t entry_offset;
    uint64_t entry_size;
    uint64_t payload_offset;
    uint64_t payload_size;
    uint64_t used; /* bytes of the disk that the image writes */
    struct iv_image_phase initial, flash_only, final;
    const char *scheme;  /* "gpt", "mbr", "none"; NULL: not looked at */
    const char *disk_id; /* GPT disk GUID, or MBR signature as 8 hexadecimal digits */
    bool readable;       /* the disk can be read through the block map */
};

/* A partition that the partition table of a store names. */
struct iv_image_partition {
    uint64_t store;      /* iv_image_store.index */
    uint64_t number;     /* its place in the table, from 1 */
    const char *name;    /* NULL where the table has no names (a plain MBR) */
    const char *type;    /* GUID, or the MBR type as two hexadecimal digits */
    const char *id;      /* GUID; NULL for a plain MBR */
    uint64_t attributes; /* GPT attribute bits; MBR: bit 0 is "active" */
    uint64_t start;
    uint64_t size;
    uint64_t used;           /* bytes that the image writes in it */
    const char *file_system; /* "NTFS", "FAT16", ... or "raw"; NULL: not looked at */
    bool readable;           /* a file system that was opened */
    uint64_t package_count;  /* packages found in it */
};

/* A [Partition] section of the FFU manifest. */
struct iv_image_claim {
    uint64_t store; /* iv_image_store.index */
    const char *name;
    const char *type; /* as the manifest spells it, without braces */
    const char *id;
    const char *file_system;
    uint64_t total_sectors; /* 0 with use_all_space */
    uint64_t used_sectors;
    uint64_t byte_alignment;
    uint64_t cluster_size;
    bool use_all_space;
    bool read_only;
    bool hidden;
    bool bootable;
    bool required_to_flash;
};

struct iv_image_signer {
    const char *name; /* common name of the certificate's subject */
    const char *organization;
    const char *issuer; /* common name of who signed the certificate */
    const char *digest; /* "SHA-1", "SHA-256", or the algorithm's OID */
    bool certificate;   /* its certificate is in the catalog */
    bool verified;      /* the signature fits the certificate's key and the content */
};

enum iv_signature {
    IV_SIGNATURE_UNKNOWN,      /* no catalog, or none that can be read */
    IV_SIGNATURE_NONE,         /* unsigned, as image builders leave it */
    IV_SIGNATURE_NOT_VERIFIED, /* signed; whether the signature is right was not computed */
    IV_SIGNATURE_VALID,        /* fits content and certificate; whom to trust is not judged */
    IV_SIGNATURE_INVALID,      /* fits neither key nor content */
};

/* The catalog's digest of the hash table. */
enum iv_catalog_digest {
    IV_CATALOG_UNKNOWN, /* there is none, or it cannot be read */
    IV_CATALOG_MATCHES,
    IV_CATALOG_MATCHES_TAG, /* no member holds a digest; the tag of one is the table's */
    IV_CATALOG_DIFFERS,
};

enum iv_hash_state {
    IV_HASH_NONE,          /* the format has no hashes, or its table cannot be used */
    IV_HASH_SKIPPED,       /* the user asked for it */
    IV_HASH_NOT_EVALUATED, /* compressed: readers disagree what is hashed */
    IV_HASH_CHECKED,       /* checked == chunks says whether all of it */
};

/* The hash check. Several readers may each check a range: assemble.c adds their numbers up. */
struct iv_image_hash {
    enum iv_hash_state state;
    uint64_t chunks;  /* in the file from the image header on */
    uint64_t entries; /* in the hash table */
    uint64_t checked;
    uint64_t mismatched;
    uint64_t skipped; /* chunks that could not be read */
};

struct iv_image {
    bool present;       /* an image file was opened: everything else is about it */
    const char *path;   /* the file, as in reports */
    const char *format; /* "FFU", "VHD (fixed)", "VHD (dynamic)", "WIM", "disk" */
    uint64_t file_size;
    /* FFU: security header, image header */
    uint64_t chunk_size;
    uint64_t catalog_size;
    uint64_t hash_table_size;
    uint64_t image_header_offset;
    uint64_t image_header_size; /* 24 or 28 */
    uint64_t manifest_size;
    const char **targeting; /* device-targeting records: seven values joined with " / " each */
    size_t targeting_count;
    bool truncated;         /* a catalog-signing sample: ends before the payload */
    bool compressed;        /* FullFlash 3: described, not read */
    uint64_t trailing_size; /* bytes after the payload */
    /* FFU: manifest, section FullFlash */
    const char *version;
    const char *os_version;
    const char *description;
    const char *anti_theft_version;
    const char *rules_version;
    const char *state_separation_level;
    bool removable_media;      /* CanFlashToRemovableMedia */
    const char **platform_ids; /* of the manifest */
    size_t platform_id_count;
    struct iv_image_store *stores;
    size_t store_count;
    struct iv_image_claim *claims;
    size_t claim_count;
    struct iv_image_partition *partitions;
    size_t partition_count;
    enum iv_signature signature;
    struct iv_image_signer *signers;
    size_t signer_count;
    enum iv_catalog_digest catalog_digest;
    struct iv_image_hash hash;
};

extern const char *const iv_update_type_names[];    /* "unknown", "full", "partial" */
extern const char *const iv_signature_names[];      /* "unknown", "unsigned", "not-verified", ... */
extern const char *const iv_catalog_digest_names[]; /* "unknown", "matches" ... */
extern const char *const iv_hash_state_names[];     /* "none", "skipped", ... */

#endif
