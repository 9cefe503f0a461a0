/*
 * partitions.h: the partition table of a disk: GPT with its backup, or MBR with logical partitions
 * and the names that image builders keep in a partition of type 0x70.
 *
 * Checked are signatures, checksums, bounds and overlaps; names that occur twice are left to the
 * rules. What is wrong is a fault of kind TABLE; as much as can be trusted is listed nevertheless.
 * The backup of a GPT is looked for where the primary says; a disk that goes on after it is a fault
 * of kind TRAILING.
 */
#ifndef IMGVAL_DISK_PARTITIONS_H
#define IMGVAL_DISK_PARTITIONS_H

#include "imgval/disk/faults.h"
#include "imgval/disk/source.h"
#include "imgval/model/image.h"

#include <stdint.h>

/*
 * Appends the disk's partitions to image->partitions, which has IV_IMAGE_PARTITIONS_MAX places, and
 * sets the store's `scheme` ("gpt", "mbr", "none") and `disk_id`. The store's `sector_size` is
 * tried first, then 512 and 4096; it is set where it was 0. What was appended lies within the disk.
 */
void iv_partitions_read(const struct iv_source *disk, struct iv_image_store *store,
                        struct iv_image *image, struct iv_faults *faults);

/* The checksum of GPT headers and arrays (CRC-32). */
uint32_t iv_partitions_crc(const void *bytes, size_t size);

#endif
