/*
 * ntfs_folders.h: the directories of an NTFS volume that are at hand, and whether each is whole.
 * Private to the NTFS reader (volume_ntfs.c, ntfs_*.c).
 *
 * Some directories are kept, as a walk goes through the same ones many times; together they have
 * no more names than one may have.
 */
#ifndef IMGVAL_DISK_NTFS_NTFS_FOLDERS_H
#define IMGVAL_DISK_NTFS_NTFS_FOLDERS_H

#include "imgval/disk/ntfs/ntfs_census.h"
#include "imgval/disk/ntfs/ntfs_index.h"
#include "imgval/disk/volume_kinds.h"

#define IV_NTFS_FOLDERS 8 /* as deep as the directories that are walked through */

struct iv_ntfs_folder {
    struct iv_volume_index look_up; /* its arena holds all of this; a node's info: its name */
    struct iv_ntfs_names names;     /* without short ones */
    uint64_t lonely; /* reference to a file that has a short name in it alone; 0: none */
    uint64_t last_use;
    bool is_checked; /* against the census: is_complete, or why not */
    bool is_complete;
    struct iv_ntfs_why why;
};

/* Zero at first. */
struct iv_ntfs_folders {
    struct iv_ntfs_folder items[IV_NTFS_FOLDERS];
    uint64_t uses;
    struct iv_ntfs_census census; /* taken with the first directory */
    bool has_census;
    bool census_failed;
    struct iv_ntfs_why census_why;
};

/* The directory with the reference `place`: at hand, or read now; valid until the next call. */
enum iv_volume_outcome iv_ntfs_folder_get(const struct iv_volume *volume, struct iv_ntfs *ntfs,
                                          struct iv_ntfs_folders *folders, uint64_t place,
                                          struct iv_ntfs_folder **ret_folder,
                                          struct iv_fault *ret_fault);

/*
 * For what depends on a directory as a whole: a list of it, and that a name is not in it. A name
 * that is found needs none of this, as its record has to have it, too.
 */
IV_MUST_USE bool iv_ntfs_folder_is_complete(const struct iv_volume *volume,
                                            const struct iv_ntfs_folders *folders,
                                            struct iv_ntfs_folder *folder,
                                            struct iv_fault *ret_fault);

void iv_ntfs_folders_fini(struct iv_ntfs_folders *folders);

#endif
