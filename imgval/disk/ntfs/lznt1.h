/*
 * lznt1.h: the compression of NTFS files that carry the attribute "compressed": [MS-XCA] 2.5.
 *
 * A pure function of its input. Private to the NTFS reader.
 */
#ifndef IMGVAL_DISK_NTFS_LZNT1_H
#define IMGVAL_DISK_NTFS_LZNT1_H

#include "imgval/base/attr.h"

#include <stdbool.h>
#include <stddef.h>

#define IV_LZNT1_CHUNK 4096

/*
 * Fills out_size bytes, a multiple of IV_LZNT1_CHUNK, from a row of chunks: the first `wanted` of
 * them with what the chunks hold, the others with it or with zeros. False, and an undefined
 * output: a chunk is damaged, or there are fewer than `wanted` bytes.
 */
IV_MUST_USE bool iv_lznt1_unpack(const void *in, size_t in_size, void *out, size_t out_size,
                                 size_t wanted);

#endif
