/*
 * LZX compressor as cabinets use it (compression type 0x??03, windows of 2^15 to 2^21 bytes).
 *
 * Written after "[MS-PATCH] LZX DELTA Compression and Decompression" with the differences that
 * [MS-CAB] cabinets have: one E8 translation flag at the start of a folder, a 24-bit block size,
 * and every frame of 32,768 bytes padded to 16 bits. One LZX block is written per frame: verbatim,
 * aligned offset or uncompressed, whichever is smallest.
 */
#ifndef FX_LZX_WRITE_H
#define FX_LZX_WRITE_H

#include "base.h"

#define FX_LZX_FRAME 32768u

struct fx_lzx;

/* A compressor for one CFFOLDER; window_bits is 15 to 21. Never fails; fx_lzx_close releases it. */
struct fx_lzx *fx_lzx_open(unsigned window_bits);
void fx_lzx_close(struct fx_lzx *lzx);

/*
 * Appends the compressed form of one frame to *out. Every frame but the last must hold exactly
 * FX_LZX_FRAME bytes; n must not be 0.
 */
void fx_lzx_frame(struct fx_lzx *lzx, const unsigned char *data, size_t n, struct fx_buf *out);

#endif
