/*
 * ntfs_data.h: the data of an NTFS attribute, wherever they lie: in the record, in runs of
 * clusters with holes, in compressed units. Private to the NTFS reader (volume_ntfs.c, ntfs_*.c).
 *
 * A run list is checked whole before a byte is read: within the volume, without gaps, as long as
 * the sizes say. What a stream needs lives in the arena that it was opened with.
 */
#ifndef IMGVAL_DISK_NTFS_NTFS_DATA_H
#define IMGVAL_DISK_NTFS_NTFS_DATA_H

#include "imgval/base/arena.h"
#include "imgval/disk/ntfs/ntfs_record.h"
#include "imgval/disk/source.h"

#define IV_NTFS_HOLE UINT64_MAX

struct iv_ntfs_run {
    uint64_t vcn; /* the cluster of the attribute */
    uint64_t lcn; /* that of the volume, or IV_NTFS_HOLE */
    uint64_t count;
};

struct iv_ntfs_runs {
    struct iv_ntfs_run *items;
    size_t count;
    size_t capacity;
    uint64_t clusters; /* in all */
    uint64_t filled;   /* those that are no holes */
};

struct iv_ntfs;

/* The bytes of one attribute. */
struct iv_ntfs_stream {
    const struct iv_ntfs *ntfs;
    uint64_t size;
    uint64_t initialized;       /* zeros from here on */
    const unsigned char *value; /* resident; else NULL */
    struct iv_ntfs_runs runs;
    /* compressed: */
    size_t unit_size; /* 0: it is not */
    unsigned char *packed;
    unsigned char *plain; /* unit number plain_at, when has_plain */
    uint64_t plain_at;
    bool has_plain;
};

/* A volume: what its boot sector says, and what was found since. */
struct iv_ntfs {
    struct iv_source source;
    uint64_t clusters; /* that lie within the source */
    uint64_t mft_cluster;
    uint32_t cluster_size;
    uint32_t record_size;
    struct iv_ntfs_stream mft;
    uint64_t followed; /* entries of attribute lists so far: bounded */
    /* One bit for each cluster; NULL: not known. Runs must lie in clusters that are in use (no
     * others are in an image), and belong to one attribute alone. */
    const unsigned char *used;
    const unsigned char *shared;
};

/* Reads and checks the boot sector; everything else of *ret_ntfs is zero. */
IV_MUST_USE bool iv_ntfs_boot(const struct iv_source *source, struct iv_ntfs *ret_ntfs,
                              struct iv_ntfs_why *why);

/* Appends the runs of a piece, which must begin where the last one ended. */
IV_MUST_USE bool iv_ntfs_runs_add(const struct iv_ntfs *ntfs, const struct iv_ntfs_attribute *piece,
                                  struct iv_arena *arena, struct iv_ntfs_runs *runs,
                                  struct iv_ntfs_why *why);

/*
 * Opens the attribute whose first piece is `first`; the others are among the `count` attributes of
 * its file from there on. False: damaged, or compressed in a way that is not known.
 */
IV_MUST_USE bool iv_ntfs_stream_open(const struct iv_ntfs *ntfs,
                                     const struct iv_ntfs_attribute *first, size_t count,
                                     struct iv_arena *arena, struct iv_ntfs_stream *ret_stream,
                                     struct iv_ntfs_why *why);

/* False: outside of the data, not in the source, or a compressed unit is damaged. */
IV_MUST_USE bool iv_ntfs_stream_read(struct iv_ntfs_stream *stream, void *bytes, size_t size,
                                     uint64_t offset);

#endif
