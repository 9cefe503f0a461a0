/*
 * ntfs_index.h: the names in a directory of an NTFS volume. Private to the NTFS reader.
 *
 * The index is a tree of blocks, and a bitmap says which blocks are in use. The tree is followed
 * from its root, as Windows does, each block at most once; the blocks reached must be those in
 * use. A scan of the blocks in use alone would find the names of a block that the tree lost, but
 * not a name that only the root has, and would not notice a damaged tree.
 */
#ifndef IMGVAL_DISK_NTFS_NTFS_INDEX_H
#define IMGVAL_DISK_NTFS_NTFS_INDEX_H

#include "imgval/disk/ntfs/ntfs_file.h"

struct iv_ntfs_names {
    struct iv_ntfs_name *items; /* in the order of the blocks */
    size_t count;
};

/* Reads all names, short ones too, and no more than max + 1. They live in `arena`, as the file. */
IV_MUST_USE bool iv_ntfs_index_read(const struct iv_ntfs *ntfs, const struct iv_ntfs_file *folder,
                                    uint64_t max, struct iv_arena *arena,
                                    struct iv_ntfs_names *ret_names, struct iv_ntfs_why *why);

#endif
