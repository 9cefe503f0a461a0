/*
 * unpack.h: the two compressions of WIM files and of compact (WOF) files on NTFS, one chunk each.
 *
 * XPRESS is the Huffman form of [MS-XCA] 2.1; LZX that of WIM files: a chunk is a stream of its
 * own, without the cabinet form's reset intervals. Both are pure functions of their input; what is
 * malformed gives false and an undefined output.
 */
#ifndef IMGVAL_DISK_UNPACK_H
#define IMGVAL_DISK_UNPACK_H

#include "imgval/base/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum iv_packing {
    IV_PACKING_NONE,
    IV_PACKING_XPRESS,
    IV_PACKING_LZX,
};

/* Bytes in a chunk of LZX, as a power of two. */
#define IV_LZX_ORDER_MIN 15
#define IV_LZX_ORDER_MAX 21

/* Fills out_size bytes from a chunk whose full size (not that of the last one) is chunk_size. A
 * chunk as long as its output is stored, whatever the packing. */
IV_MUST_USE bool iv_unpack(enum iv_packing packing, size_t chunk_size, const void *in,
                           size_t in_size, void *out, size_t out_size);

#endif
