/*
 * ntfs_census.h: what the records of an NTFS volume say, all of them, against what its indexes and
 * its bitmap say. Private to the NTFS reader.
 *
 * A directory that ends early, or names another record, is still in order by itself, and a run
 * list that leads to the clusters of another file as well: nothing in NTFS has a checksum. But the
 * same is written in two places.
 */
#ifndef IMGVAL_DISK_NTFS_NTFS_CENSUS_H
#define IMGVAL_DISK_NTFS_NTFS_CENSUS_H

#include "imgval/disk/ntfs/ntfs_data.h"

/* A file in a directory. */
struct iv_ntfs_place {
    uint64_t folder; /* numbers of records */
    uint64_t file;
    uint64_t name; /* hash */
    bool is_posix;
};

struct iv_ntfs_census {
    struct iv_ntfs_place *places; /* sorted */
    size_t count;
};

struct iv_ntfs_place iv_ntfs_place_of(const struct iv_ntfs_name *name, uint64_t file);

/*
 * Reads the whole table. Records that are damaged are left out: whoever needs one will find that.
 * So are the names of the volume's own files. Sets ntfs->shared: the clusters that more than one
 * attribute has. False: the table cannot be read, or far too many clusters are claimed.
 */
IV_MUST_USE bool iv_ntfs_census_take(struct iv_ntfs *ntfs, struct iv_arena *arena,
                                     struct iv_ntfs_census *ret_census, struct iv_ntfs_why *why);

/*
 * Whether all files of a directory, and each by its name, are among the `count` places `listed`,
 * which are sorted. Windows has left names of the POSIX space in records that are in no index: a
 * file may have such a one if a name of it that is none is listed.
 */
bool iv_ntfs_census_agrees(const struct iv_ntfs_census *census, uint64_t folder,
                           struct iv_ntfs_place *listed, size_t count);

#endif
