/*
 * ntfs_file.h: a file of an NTFS volume: its record, the records that continue it, and the
 * attributes in all of them. Private to the NTFS reader (volume_ntfs.c, ntfs_*.c).
 */
#ifndef IMGVAL_DISK_NTFS_NTFS_FILE_H
#define IMGVAL_DISK_NTFS_NTFS_FILE_H

#include "imgval/disk/ntfs/ntfs_data.h"

#define IV_NTFS_ANY_SEQUENCE UINT32_MAX

struct iv_ntfs_file {
    const struct iv_ntfs *ntfs;
    uint64_t reference;
    bool is_directory;                    /* by the record's header */
    struct iv_ntfs_attribute *attributes; /* in the order of the attribute list, if there is one */
    size_t count;
};

/* Finds the whole master file table, from its first record on, and puts it into ntfs->mft. */
IV_MUST_USE bool iv_ntfs_mft_open(struct iv_ntfs *ntfs, struct iv_arena *arena,
                                  struct iv_ntfs_why *why);

/* A file by the number of its record, which must have been used that often. */
IV_MUST_USE bool iv_ntfs_file_open(struct iv_ntfs *ntfs, uint64_t number, uint32_t sequence,
                                   struct iv_arena *arena, struct iv_ntfs_file *ret_file,
                                   struct iv_ntfs_why *why);

/* The first attribute of that type and name (ASCII; "" for none), or NULL. */
const struct iv_ntfs_attribute *iv_ntfs_file_find(const struct iv_ntfs_file *file, uint32_t type,
                                                  const char *name);

/* As iv_ntfs_stream_open(); false also when there is no such attribute. */
IV_MUST_USE bool iv_ntfs_file_stream(const struct iv_ntfs_file *file, uint32_t type,
                                     const char *name, struct iv_arena *arena,
                                     struct iv_ntfs_stream *ret_stream, struct iv_ntfs_why *why);

#endif
