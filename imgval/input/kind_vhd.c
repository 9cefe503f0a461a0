/* A virtual hard disk: one disk with a partition table, or a bare volume. What lies in it is read
 * like the disk of any image (image_read.c); here the container is opened, and its partitions
 * become facts of the image. */
#include "imgval/disk/partitions.h"
#include "imgval/disk/vhd.h"
#include "imgval/input/image_read.h"
#include "imgval/input/kinds.h"

#include <string.h>

/* A dynamic VHD has a copy of its footer in front, a fixed one has the footer alone. */
bool iv_vhd_probe(const struct iv_probe *probe)
{
    static const char cookie[] = "conectix";
    return iv_probe_has(probe, 0, cookie) || iv_probe_has(probe, 0, "vhdxfile") ||
           (probe->tail_size == sizeof(probe->tail) &&
            memcmp(probe->tail, cookie, strlen(cookie)) == 0);
}

void iv_vhd_list(struct iv_lister *lister, const struct iv_probe *probe)
{
    iv_lister_image(lister, probe, IV_KIND_VHD, false);
}

void iv_vhd_read_item(const struct iv_reader *r, const struct iv_item *item, int fd, uint64_t size)
{
    struct iv_image_reader x;
    struct iv_source file = iv_source_of_file(fd, size, &x.trouble, r->scratch);
    struct iv_source disk;
    iv_image_begin(r, item, size, &x);
    x.image->format = "VHD";
    /* As many as the reader of partition tables may fill. */
    x.image->partitions =
        IV_NEW_ARRAY(r->arena, struct iv_image_partition, IV_IMAGE_PARTITIONS_MAX);
    if (iv_vhd_open(&file, r->arena, x.image, &x.faults, &disk)) { /* it has one store then */
        iv_partitions_read(&disk, &x.image->stores[0], x.image, &x.faults);
        iv_image_read_disk(&x, &disk, x.image->stores[0].index);
    }
    iv_image_end(&x);
}
