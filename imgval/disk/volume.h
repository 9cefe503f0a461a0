/*
 * volume.h: one file system, whatever its kind: names looked up, directories listed, files read.
 *
 * Each kind is one file volume_NAME.c with one row in the table of volume.c. Reparse points (links,
 * junctions) are listed as such and never followed. Names fold ASCII case. Nothing is trusted:
 * chains, lists and tables are bounded by the source's size and by limits.h.
 */
#ifndef IMGVAL_DISK_VOLUME_H
#define IMGVAL_DISK_VOLUME_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/base/limits.h"
#include "imgval/disk/source.h"
#include "imgval/model/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_volume; /* opaque; what the kind's reader keeps */

struct iv_volume_entry {
    const char *name; /* UTF-8; what is no valid UTF-16 is U+FFFD */
    bool is_directory;
    bool is_link;  /* a reparse point that leads elsewhere: a junction, a symbolic link */
    uint64_t size; /* of a file, bytes */
};

/* What became of a look-up. */
enum iv_volume_outcome {
    IV_VOLUME_FOUND,
    IV_VOLUME_ABSENT,  /* certain: every directory on the way was read */
    IV_VOLUME_TROUBLE, /* ret_fault: its kind and detail are set, its path is not */
};

/* The kind of file system by its boot sector or header: "NTFS", "FAT12", "FAT16", "FAT32", "WIM";
 * NULL when there is none that is known. "Storage Spaces" and the like are named and not opened,
 * nor is "FAT", whose boot sector says so and makes no sense. */
const char *iv_volume_kind(const struct iv_source *source);

/*
 * Opens the volume in `source`, which is borrowed and must outlive the handle. `image`: of a WIM,
 * the number of its image, from 0; else 0. False with ret_fault: IV_FAULT_UNSUPPORTED (named, this
 * build cannot read it) or IV_FAULT_PARTITION (damaged).
 */
IV_MUST_USE bool iv_volume_open(const struct iv_source *source, size_t image,
                                const struct iv_limits *limits, struct iv_arena *arena,
                                struct iv_volume **ret_volume, struct iv_fault *ret_fault);
void iv_volume_close(struct iv_volume **volume); /* IV_CLEANUP; NULL is nothing */

/* Number of images in a WIM; 1 for every other kind. */
size_t iv_volume_image_count(const struct iv_volume *volume);

/* Bytes in use by the volume's own account, 0 when it keeps none. */
uint64_t iv_volume_used(const struct iv_volume *volume);

/* The entries of a directory, sorted bytewise by name. `path`: '/' between the parts, "" the root.
 * A link anywhere on the way is TROUBLE of kind IV_FAULT_UNSUPPORTED ("is a link"). */
enum iv_volume_outcome iv_volume_list(struct iv_volume *volume, const char *path,
                                      struct iv_arena *arena, struct iv_volume_entry **ret_entries,
                                      size_t *ret_count, struct iv_fault *ret_fault);

/*
 * Appends a whole file to buf; at most max bytes (more: TROUBLE, IV_FAULT_LIMIT). A compressed file
 * arrives inflated; one that this build cannot inflate, that is encrypted or lies elsewhere is
 * TROUBLE of kind IV_FAULT_FILE: never zeros, never empty.
 */
enum iv_volume_outcome iv_volume_read(struct iv_volume *volume, const char *path, uint64_t max,
                                      struct iv_buf *buf, struct iv_fault *ret_fault);

/* An entry of the volume; both are borrowed for the call. */
typedef void iv_volume_visit_fn(void *context, const char *path,
                                const struct iv_volume_entry *entry);

/* Visits every entry, folders before what lies in them; links are not followed. False: there is
 * more, below a folder that cannot be listed or beyond the limits of depth and entries. */
bool iv_volume_walk(struct iv_volume *volume, iv_volume_visit_fn *visit, void *context);

/* A file of the volume as a source of its own (a WIM inside an image). It borrows the volume. */
enum iv_volume_outcome iv_volume_file(struct iv_volume *volume, const char *path,
                                      struct iv_arena *arena, struct iv_source *ret_source,
                                      struct iv_fault *ret_fault);

#endif
