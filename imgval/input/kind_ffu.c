/* A full flash update image: disks as chunks, each with its digest in a hash table, which a catalog
 * signs. Its hashes are checked range by range, in slots of their own: an image has gigabytes, and
 * several processes read it at once. Each of them opens the container anew, and only the one that
 * reads the image itself reports what is wrong with it. */
#include "imgval/disk/ffu/ffu.h"
#include "imgval/disk/ffu/ffu_hash.h"
#include "imgval/input/image_read.h"
#include "imgval/input/kinds.h"

bool iv_ffu_probe(const struct iv_probe *probe)
{
    return iv_probe_has(probe, 4, "SignedImage ");
}

void iv_ffu_list(struct iv_lister *lister, const struct iv_probe *probe)
{
    iv_lister_image(lister, probe, IV_KIND_FFU, true);
}

/* What is wrong with the container itself is reported by the reader of the image, once. */
static void read_chunks(const struct iv_reader *r, const struct iv_item *item, int fd,
                        uint64_t size)
{
    struct iv_source_trouble trouble = {0};
    struct iv_source source = iv_source_of_file(fd, size, &trouble, r->scratch);
    struct iv_image image = {.path = item->path};
    struct iv_faults ignored = {.arena = r->scratch, .path = item->path};
    struct iv_faults faults = {.arena = r->arena, .path = item->path};
    struct iv_ffu *ffu;
    if (iv_ffu_open(&source, r->scratch, &image, &ignored, &ffu)) {
        iv_ffu_partitions(ffu, &image, &ignored);
        iv_ffu_check_hashes(ffu, item->offset, item->offset + item->size, &image, &faults);
    }
    if (trouble.error != 0 && faults.seen[IV_FAULT_UNREADABLE] == 0) {
        iv_faults_unread(&faults, &trouble); /* the image's own reader may have got these bytes */
    }
    r->facts->image.hash.checked = image.hash.checked;
    r->facts->image.hash.mismatched = image.hash.mismatched;
    r->facts->image.hash.skipped = image.hash.skipped;
    for (size_t i = 0; i < faults.count; i++) {
        iv_reader_fault(r, &faults.items[i]);
    }
}

/* A store that cannot be put together has its faults already. */
static void read_stores(struct iv_image_reader *x, const struct iv_ffu *ffu)
{
    for (size_t s = 0; s < x->image->store_count; s++) {
        struct iv_source disk;
        if (iv_ffu_disk(ffu, s, &disk)) {
            iv_image_read_disk(x, &disk, x->image->stores[s].index);
        }
    }
}

/* One item reads the image, others check ranges of its hashes at the same time. */
void iv_ffu_read_item(const struct iv_reader *r, const struct iv_item *item, int fd, uint64_t size)
{
    if (item->role == IV_ROLE_CHUNKS) {
        read_chunks(r, item, fd, size);
        return;
    }
    struct iv_image_reader x;
    struct iv_source source = iv_source_of_file(fd, size, &x.trouble, r->scratch);
    struct iv_ffu *ffu;
    iv_image_begin(r, item, size, &x);
    x.image->format = "FFU";
    if (iv_ffu_open(&source, r->arena, x.image, &x.faults, &ffu)) {
        iv_ffu_check_catalog(ffu, x.image, &x.faults);
        iv_ffu_partitions(ffu, x.image, &x.faults);
        read_stores(&x, ffu);
    }
    if (r->no_hash && x.image->hash.state == IV_HASH_CHECKED) {
        x.image->hash.state = IV_HASH_SKIPPED;
    }
    iv_image_end(&x);
}
