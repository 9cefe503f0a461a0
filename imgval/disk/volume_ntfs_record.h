/*
 * volume_ntfs_record.h: records of an NTFS master file table as bytes. The library follows the
 * directories alone; what they lost is still in the table. Internal to imgval/disk.
 */
#ifndef IMGVAL_DISK_VOLUME_NTFS_RECORD_H
#define IMGVAL_DISK_VOLUME_NTFS_RECORD_H

#include "imgval/base/arena.h"
#include "imgval/disk/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The number in a file reference; the rest of it counts the record's uses. */
#define IV_NTFS_NUMBER(reference) ((reference)&UINT64_C(0xFFFFFFFFFFFF))

/* Checks the signature, and checks and takes back the fix-ups. */
bool iv_ntfs_record_open(unsigned char *record, size_t size);

/* A file in a directory: numbers of records. */
struct iv_ntfs_place {
    uint64_t folder;
    uint64_t file;
};

struct iv_ntfs_census {
    struct iv_ntfs_place *places; /* by folder */
    size_t count;
    bool is_taken;
};

/*
 * Which file lies where by the master file table alone; the volume's own files are left out. An
 * index of a directory that ends early, or names another record, is still in order: this tells
 * what it lost. False: the table cannot be read.
 */
bool iv_ntfs_census_take(const struct iv_source *mft, size_t record_size, struct iv_arena *arena,
                         struct iv_ntfs_census *census);

/* Whether all files of a directory are among the `count` numbers `listed`, which are sorted. */
bool iv_ntfs_census_agrees(const struct iv_ntfs_census *census, uint64_t folder, uint64_t *listed,
                           size_t count);

/* Whether a record holds a WOF reparse point of the provider that we know: the file provider. */
bool iv_ntfs_record_has_wof(const unsigned char *record, size_t size);

#endif
