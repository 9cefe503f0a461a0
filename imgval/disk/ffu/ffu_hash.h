/*
 * ffu_hash.h: whether the bytes of an FFU are those that were signed: chunks against the hash
 * table, the hash table against the catalog.
 */
#ifndef IMGVAL_DISK_FFU_FFU_HASH_H
#define IMGVAL_DISK_FFU_FFU_HASH_H

#include "imgval/disk/ffu/ffu.h"

#include <stdint.h>

/* Compares the catalog's digest with the hash table: sets image->catalog_digest, signature and
 * signers. Faults of kind CATALOG. */
void iv_ffu_check_catalog(const struct iv_ffu *ffu, struct iv_image *image,
                          struct iv_faults *faults);

/*
 * Hashes the chunks that START in the file range [from, to) and counts them in image->hash; each
 * run of chunks that do not match becomes one fault of kind HASH_MISMATCH that names chunks, bytes
 * and, by the maps and image->partitions, the places on the disks that they feed. A short last
 * chunk is filled with zeros. Does nothing unless image->hash.state is IV_HASH_CHECKED.
 *
 * Several readers may each take a range; runs are cut at its ends, so ranges must follow from the
 * file alone, not from the number of readers.
 */
void iv_ffu_check_hashes(const struct iv_ffu *ffu, uint64_t from, uint64_t to,
                         struct iv_image *image, struct iv_faults *faults);

#endif
