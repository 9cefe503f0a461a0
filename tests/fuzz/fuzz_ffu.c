/*
 * Fuzz entry of the image containers. The first byte chooses: an FFU as it is, an FFU with its
 * chunks hashed, a VHD, a raw disk, a catalog. What could be opened is read to its end: no read of
 * a disk may fail that lies within it, and every refusal is a fault with a detail.
 */
#include "imgval/disk/catalog.h"
#include "imgval/disk/ffu/ffu.h"
#include "imgval/disk/ffu/ffu_hash.h"
#include "imgval/disk/partitions.h"
#include "imgval/disk/vhd.h"

#include <stdlib.h>
#include <string.h>

#define READS_MAX 64
#define READ_SIZE 5000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_disk(const struct iv_source *disk)
{
    char bytes[READ_SIZE];
    uint64_t step = disk->size / READS_MAX + 1;
    for (uint64_t at = 0; at + READ_SIZE <= disk->size; at += step) {
        if (!iv_source_read(disk, bytes, READ_SIZE, at)) {
            abort();
        }
    }
    if (iv_source_read(disk, bytes, 1, disk->size)) {
        abort();
    }
}

static void check_partitions(const struct iv_image *image, uint64_t store, uint64_t size)
{
    for (size_t i = 0; i < image->partition_count; i++) {
        const struct iv_image_partition *p = &image->partitions[i];
        if (p->store == store && (p->start > size || p->size > size - p->start)) {
            abort();
        }
    }
}

static bool open_ffu(const struct iv_source *file, bool hashed, struct iv_image *image,
                     struct iv_faults *faults)
{
    struct iv_ffu *ffu = NULL;
    if (!iv_ffu_open(file, faults->arena, image, faults, &ffu)) {
        return false;
    }
    iv_ffu_partitions(ffu, image, faults);
    iv_ffu_check_catalog(ffu, image, faults);
    if (hashed) {
        iv_ffu_check_hashes(ffu, 0, UINT64_MAX, image, faults);
    }
    for (size_t i = 0; i < image->store_count; i++) {
        struct iv_source disk;
        if (iv_ffu_disk(ffu, i, &disk)) {
            read_disk(&disk);
            check_partitions(image, image->stores[i].index, disk.size);
        } else if (faults->count == 0) {
            abort();
        }
    }
    return true;
}

static bool open_disk(const struct iv_source *disk, struct iv_image *image,
                      struct iv_faults *faults)
{
    struct iv_image_store store = {.index = 1};
    image->partitions =
        IV_NEW_ARRAY(faults->arena, struct iv_image_partition, IV_IMAGE_PARTITIONS_MAX);
    iv_partitions_read(disk, &store, image, faults);
    check_partitions(image, 1, disk->size);
    return true;
}

static bool open_vhd(const struct iv_source *file, struct iv_image *image, struct iv_faults *faults)
{
    struct iv_source disk;
    if (!iv_vhd_open(file, faults->arena, image, faults, &disk)) {
        return false;
    }
    read_disk(&disk);
    return open_disk(&disk, image, faults);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct iv_arena arena;
    iv_arena_init(&arena);
    struct iv_source file = iv_source_of_bytes(data + 1, size - 1, &arena);
    struct iv_image image = {0};
    struct iv_faults faults = {.arena = &arena, .path = "input"};
    struct iv_catalog catalog;
    const char *why = NULL;
    bool read = true;
    switch (data[0] % 5) {
    case 0:
    case 1:
        read = open_ffu(&file, data[0] % 5 == 1, &image, &faults);
        break;
    case 2:
        read = open_vhd(&file, &image, &faults);
        break;
    case 3:
        read = open_disk(&file, &image, &faults);
        break;
    default:
        if (!iv_catalog_read(data + 1, size - 1, &arena, &catalog, &why) && why == NULL) {
            abort();
        }
        break;
    }
    if (!read && faults.count == 0) {
        abort();
    }
    iv_faults_finish(&faults);
    iv_arena_fini(&arena);
    return 0;
}
