/*
 * image_read.h: from the volumes of an image file to the same facts that a directory gives:
 * packages by their installed manifests, update history, OEMInput, device values. Internal to
 * imgval/input; runs in a worker. What cannot be read is a fault that names the partition.
 */
#ifndef IMGVAL_INPUT_IMAGE_READ_H
#define IMGVAL_INPUT_IMAGE_READ_H

#include "imgval/disk/faults.h"
#include "imgval/disk/source.h"
#include "imgval/input/input.h"
#include "imgval/input/reader.h"
#include "imgval/model/image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_image_volume;

/* One image file in hand. */
struct iv_image_reader {
    const struct iv_reader *r;
    const struct iv_item *item;
    struct iv_image *image; /* in r->facts */
    struct iv_faults faults;
    struct iv_image_volume *volumes; /* in reading order */
    size_t volume_count;
    struct iv_source_trouble trouble; /* of the file */
    uint64_t left;                    /* bytes that may still be read from volumes */
};

/* Starts: path and size of the image are set. */
void iv_image_begin(const struct iv_reader *r, const struct iv_item *item, uint64_t size,
                    struct iv_image_reader *ret_reader);

/*
 * Reads the partitions of one disk, whose table was read into image->partitions; without a table
 * the disk is one volume. Sets their file_system, readable and package_count.
 */
void iv_image_read_disk(struct iv_image_reader *x, const struct iv_source *disk, uint64_t store);

/* Reads an image of a WIM, whose bytes are `source`; a partition that stands for it is appended. */
void iv_image_read_wim(struct iv_image_reader *x, const struct iv_source *source, const char *name,
                       bool is_main);

/* Ends: reads the device's metadata, closes every volume, hands the faults over. */
void iv_image_end(struct iv_image_reader *x);

#endif
