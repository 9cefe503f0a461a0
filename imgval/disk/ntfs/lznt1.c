/*
 * LZNT1: a row of chunks, each with a header word and at most 4096 bytes when unpacked.
 *
 * The header has the size of the packed bytes less one, a fixed pattern, and whether the chunk is
 * packed or stored. A packed chunk is groups of a byte of flags and eight items: a flag of 0 is a
 * literal byte, of 1 a word that copies earlier bytes of the same chunk. How that word divides into
 * distance and length depends on how much of the chunk is there, as no distance can be longer.
 */
#include "imgval/disk/ntfs/lznt1.h"

#include <string.h>

#define HEADER_PACKED 0x8000u
#define HEADER_SIGNATURE_MASK 0x7000u
#define HEADER_SIGNATURE 0x3000u
#define HEADER_SIZE_MASK 0xFFFu

static unsigned word_at(const unsigned char *bytes)
{
    return bytes[0] | (unsigned)bytes[1] << 8;
}

/* A word of four to twelve bits of distance and the rest length: the split moves with the place. */
static bool copy_back(unsigned word, unsigned char *out, size_t *at)
{
    unsigned bits = 4;
    while (*at > (size_t)1 << bits) {
        bits++;
    }
    size_t distance = (word >> (16 - bits)) + 1;
    size_t length = (word & (0xFFFFu >> bits)) + 3;
    if (distance > *at || length > IV_LZNT1_CHUNK - *at) {
        return false;
    }
    for (size_t i = 0; i < length; i++, (*at)++) { /* may overlap: byte by byte */
        out[*at] = out[*at - distance];
    }
    return true;
}

/*
 * One packed chunk into IV_LZNT1_CHUNK bytes at `out`. *ret_size: how many it gave; fewer are fine
 * for the last one alone.
 */
static bool unpack_chunk(const unsigned char *in, size_t in_size, unsigned char *out,
                         size_t *ret_size)
{
    size_t to = 0;
    for (size_t at = 0; at < in_size;) {
        unsigned flags = in[at++];
        for (unsigned bit = 0; bit < 8 && at < in_size; bit++) {
            if ((flags >> bit & 1) == 0) {
                if (to == IV_LZNT1_CHUNK) {
                    return false;
                }
                out[to++] = in[at++];
                continue;
            }
            if (in_size - at < 2 || !copy_back(word_at(in + at), out, &to)) {
                return false;
            }
            at += 2;
        }
    }
    *ret_size = to;
    return true;
}

bool iv_lznt1_unpack(const void *in, size_t in_size, void *out, size_t out_size, size_t wanted)
{
    const unsigned char *from = in;
    unsigned char *to = out;
    size_t done = 0;
    while (done < wanted) {
        if (in_size < 2 || out_size - done < IV_LZNT1_CHUNK) {
            return false;
        }
        unsigned header = word_at(from);
        size_t size = (header & HEADER_SIZE_MASK) + 1;
        size_t got = size;
        if ((header & HEADER_SIGNATURE_MASK) != HEADER_SIGNATURE || size > in_size - 2) {
            return false; /* also the word 0, which ends the row early */
        }
        if ((header & HEADER_PACKED) == 0) {
            memcpy(to + done, from + 2, size);
        } else if (!unpack_chunk(from + 2, size, to + done, &got)) {
            return false;
        }
        if (got < IV_LZNT1_CHUNK && wanted - done > got) {
            return false; /* only the last one may be short */
        }
        memset(to + done + got, 0, IV_LZNT1_CHUNK - got);
        done += IV_LZNT1_CHUNK;
        from += 2 + size;
        in_size -= 2 + size;
    }
    memset(to + done, 0, out_size - done);
    return true;
}
