/*
 * Random access to data that were packed in chunks.
 *
 * A table of offsets comes first: one for each chunk but the first, which starts right after the
 * table. They are of four bytes, or of eight where the data are 4 GiB or more, and count from the
 * end of the table. The table is not kept: two offsets are read for each chunk. A chunk that is as
 * long packed as unpacked is stored (see iv_unpack()).
 */
#include "imgval/disk/chunked.h"

#include "imgval/base/cursor.h"

#include <string.h>

bool iv_chunked_open(const struct iv_source *packed, uint64_t size, size_t chunk,
                     enum iv_packing packing, struct iv_chunked *ret_chunked)
{
    size_t max = packing == IV_PACKING_LZX ? (size_t)1 << IV_LZX_ORDER_MAX : (size_t)1 << 16;
    if (chunk < 4096 || chunk > max || (chunk & (chunk - 1)) != 0 || size > UINT64_MAX - chunk) {
        return false;
    }
    uint64_t count = (size + chunk - 1) / chunk;
    unsigned width = size >> 32 != 0 ? 8 : 4;
    if (count > 0 && (count - 1) > packed->size / width) {
        return false;
    }
    *ret_chunked = (struct iv_chunked){
        .packed = *packed,
        .size = size,
        .chunk = chunk,
        .packing = packing,
        .count = count,
        .width = width,
    };
    return true;
}

void iv_chunked_fini(struct iv_chunked *chunked)
{
    iv_buf_fini(&chunked->raw);
    iv_buf_fini(&chunked->plain);
}

/* Where a chunk starts in the packed data; for the number after the last, where that one ends. */
static bool chunk_start(const struct iv_chunked *chunked, uint64_t number, uint64_t *ret_start)
{
    uint64_t table = (chunked->count - 1) * chunked->width;
    uint64_t offset = 0;
    unsigned char bytes[8];
    if (number == chunked->count) {
        *ret_start = chunked->packed.size;
        return true;
    }
    if (number > 0) {
        if (!iv_source_read(&chunked->packed, bytes, chunked->width,
                            (number - 1) * chunked->width)) {
            return false;
        }
        struct iv_cursor cursor = iv_cursor(bytes, chunked->width);
        offset = iv_cursor_uint(&cursor, chunked->width);
    }
    return !__builtin_add_overflow(table, offset, ret_start);
}

/* Bytes of a chunk when it is unpacked: the last one is shorter. */
static size_t chunk_size(const struct iv_chunked *chunked, uint64_t number)
{
    uint64_t left = chunked->size - number * chunked->chunk;
    return left < chunked->chunk ? (size_t)left : chunked->chunk;
}

/*
 * Unpacks one chunk into `out`. Its packed size is bounded by its unpacked one before memory is
 * asked for.
 */
static bool read_chunk(struct iv_chunked *chunked, uint64_t number, void *out)
{
    size_t size = chunk_size(chunked, number);
    uint64_t start;
    uint64_t end;
    if (!chunk_start(chunked, number, &start) || !chunk_start(chunked, number + 1, &end) ||
        end > chunked->packed.size || start >= end || end - start > size) {
        return false;
    }
    size_t raw_size = (size_t)(end - start);
    iv_buf_clear(&chunked->raw);
    char *raw = iv_buf_reserve(&chunked->raw, raw_size);
    return iv_source_read(&chunked->packed, raw, raw_size, start) &&
           iv_unpack(chunked->packing, chunked->chunk, raw, raw_size, out, size);
}

/* A chunk of which only a part is wanted stays for the next read. */
static bool read_part(struct iv_chunked *chunked, uint64_t number, void *bytes, size_t size,
                      size_t offset)
{
    if (chunked->plain.size == 0 || chunked->plain_at != number) {
        iv_buf_clear(&chunked->plain);
        char *plain = iv_buf_reserve(&chunked->plain, chunked->chunk);
        if (!read_chunk(chunked, number, plain)) {
            return false;
        }
        chunked->plain.size = chunk_size(chunked, number);
        chunked->plain_at = number;
    }
    memcpy(bytes, chunked->plain.data + offset, size);
    return true;
}

bool iv_chunked_read(struct iv_chunked *chunked, void *bytes, size_t size, uint64_t offset)
{
    if (offset > chunked->size || size > chunked->size - offset) {
        return false;
    }
    unsigned char *to = bytes;
    while (size > 0) {
        uint64_t number = offset / chunked->chunk;
        size_t skip = (size_t)(offset % chunked->chunk);
        size_t all = chunk_size(chunked, number);
        size_t here = all - skip < size ? all - skip : size;
        if (here == all ? !read_chunk(chunked, number, to)
                        : !read_part(chunked, number, to, here, skip)) {
            return false;
        }
        to += here;
        offset += here;
        size -= here;
    }
    return true;
}
