/* A WIM file: each image in it is read as one volume. It has no disk and so no partitions: a volume
 * is known by the number of its image. A WIM that lies in an FFU or VHD is found by image_read.c,
 * as a file of a volume, and read the same way. */
#include "imgval/disk/volume.h"
#include "imgval/input/image_read.h"
#include "imgval/input/kinds.h"

bool iv_wim_probe(const struct iv_probe *probe)
{
    return iv_probe_has(probe, 0, "MSWIM");
}

void iv_wim_list(struct iv_lister *lister, const struct iv_probe *probe)
{
    iv_lister_image(lister, probe, IV_KIND_WIM, false);
}

void iv_wim_read_item(const struct iv_reader *r, const struct iv_item *item, int fd, uint64_t size)
{
    struct iv_image_reader x;
    struct iv_source source = iv_source_of_file(fd, size, &x.trouble, r->scratch);
    iv_image_begin(r, item, size, &x);
    x.image->format = "WIM";
    iv_image_read_wim(&x, &source, "WIM", !item->is_part);
    iv_image_end(&x);
}
