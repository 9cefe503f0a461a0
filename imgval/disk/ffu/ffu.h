/*
 * ffu.h: the container of a full flash update image: security header, catalog, hash table, image
 * header, manifest, store headers and block entries (MS "FFU image format"); the disk of each store
 * as a source, read through its block map.
 *
 * The file is never trusted: every count, size and offset is checked in 64 bits before it is used,
 * and what is wrong becomes a fault that names field, offset and value. A structure that runs
 * past the end of the file is a fault of kind TRUNCATED where the hash table says that the file
 * was once that long, else of kind FFU_HEADER.
 *
 * A handle borrows its source and lives in its arena: nothing is to be closed.
 */
#ifndef IMGVAL_DISK_FFU_FFU_H
#define IMGVAL_DISK_FFU_FFU_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/disk/faults.h"
#include "imgval/disk/source.h"
#include "imgval/model/image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_ffu;

/*
 * Reads everything but the catalog, the chunks' data and the disks' content. Facts go into `image`
 * (`present` and `format` are set in any case), faults to `faults`. False: not even the security
 * header makes sense. True: hashes can be checked, and the stores with `readable` have a disk.
 */
IV_MUST_USE bool iv_ffu_open(const struct iv_source *source, struct iv_arena *arena,
                             struct iv_image *image, struct iv_faults *faults,
                             struct iv_ffu **ret_ffu);

/* The disk of store `store` (its place in image->stores) as a source; what the image does not write
 * reads as zeros. False: that store is not readable. */
IV_MUST_USE bool iv_ffu_disk(const struct iv_ffu *ffu, size_t store, struct iv_source *ret_disk);

/* Bytes that the image writes in a range of that disk. */
uint64_t iv_ffu_used(const struct iv_ffu *ffu, size_t store, uint64_t start, uint64_t size);

/* Reads the partition table of every readable store into image->partitions and the stores' `scheme`
 * and `disk_id`. */
void iv_ffu_partitions(const struct iv_ffu *ffu, struct iv_image *image, struct iv_faults *faults);

/*
 * What the bytes of a file range are for, as text for a message: headers, or the places on the disk
 * and the partitions of image->partitions that they go to. Linear in the size of the disk.
 */
const char *iv_ffu_place(const struct iv_ffu *ffu, const struct iv_image *image, uint64_t start,
                         uint64_t size, struct iv_arena *arena);

#endif
