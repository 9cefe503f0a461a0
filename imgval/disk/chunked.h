/*
 * chunked.h: what WIM resources and compact (WOF) files have in common: data in chunks of equal
 * size, packed one by one after a table of offsets. Private to volume*.c.
 */
#ifndef IMGVAL_DISK_CHUNKED_H
#define IMGVAL_DISK_CHUNKED_H

#include "imgval/base/buf.h"
#include "imgval/disk/source.h"
#include "imgval/disk/unpack.h"

struct iv_chunked {
    struct iv_source packed; /* table and chunks */
    uint64_t size;           /* unpacked */
    size_t chunk;            /* bytes in each but the last */
    enum iv_packing packing;
    uint64_t count;
    unsigned width;      /* bytes in an offset */
    struct iv_buf raw;   /* scratch: one chunk as it lies */
    struct iv_buf plain; /* scratch: chunk number plain_at, when it is not empty */
    uint64_t plain_at;
};

/* False: the table does not fit, or no such chunk size exists. Nothing to give back then. */
IV_MUST_USE bool iv_chunked_open(const struct iv_source *packed, uint64_t size, size_t chunk,
                                 enum iv_packing packing, struct iv_chunked *ret_chunked);
void iv_chunked_fini(struct iv_chunked *chunked); /* IV_CLEANUP */

/* False: outside of the data, or a chunk is damaged. */
IV_MUST_USE bool iv_chunked_read(struct iv_chunked *chunked, void *bytes, size_t size,
                                 uint64_t offset);

#endif
