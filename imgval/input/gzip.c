/*
 * Data that gzip compressed, inflated in memory: some tools leave manifests and registry files so.
 * What does not end, is damaged or grows beyond its limit is a fault, and nothing of it is used.
 */
#include "imgval/input/gzip.h"

#include "imgval/base/arena.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Bytes inflated at a time: the limit can be overrun by no more than this. */
#define STEP ((size_t)64 * 1024)
/* Window of 32 KiB, and a gzip header instead of zlib's own. */
#define WINDOW_BITS (15 + 16)

bool iv_gzip_is(const void *head, size_t size)
{
    const unsigned char *bytes = head;
    return size >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B;
}

/* Always false. */
static bool fail(struct iv_fault *ret_fault, enum iv_fault_kind kind, const char *detail)
{
    *ret_fault = (struct iv_fault){.kind = kind, .detail = detail};
    return false;
}

/* To the end of the first gzip member. What comes after it is not looked at. */
static bool inflate_all(z_stream *stream, uint64_t max, struct iv_buf *buf,
                        struct iv_fault *ret_fault)
{
    uint64_t total = 0;
    for (;;) {
        char *place = iv_buf_reserve(buf, STEP);
        stream->next_out = (unsigned char *)place;
        stream->avail_out = (unsigned)STEP;
        int result = inflate(stream, Z_NO_FLUSH);
        size_t got = STEP - stream->avail_out;
        total += got;
        if (result == Z_MEM_ERROR) {
            iv_out_of_memory();
        }
        if (result != Z_OK && result != Z_STREAM_END) {
            bool cut = result == Z_BUF_ERROR;
            return fail(ret_fault, IV_FAULT_MALFORMED,
                        cut ? "the gzip data are cut off" : "the gzip data are damaged");
        }
        if (total > max) {
            return fail(ret_fault, IV_FAULT_LIMIT, "the gzip data inflate beyond the limit");
        }
        buf->size += got;
        buf->data[buf->size] = '\0';
        if (result == Z_STREAM_END) {
            return true;
        }
    }
}

/* After a failure the buffer is as it was. */
bool iv_gzip_read(const void *bytes, size_t size, uint64_t max, struct iv_buf *buf,
                  struct iv_fault *ret_fault)
{
    if (size > UINT_MAX) {
        return fail(ret_fault, IV_FAULT_LIMIT, "gzip data of more than 4 GiB");
    }
    z_stream opened = {0};
    opened.next_in = (unsigned char *)(uintptr_t)bytes; /* zlib reads it and has no const */
    opened.avail_in = (unsigned)size;
    if (inflateInit2(&opened, WINDOW_BITS) != Z_OK) {
        iv_out_of_memory();
    }
    size_t before = buf->size;
    bool done = inflate_all(&opened, max, buf, ret_fault);
    (void)inflateEnd(&opened);
    if (!done && buf->data != NULL) {
        buf->size = before;
        buf->data[before] = '\0';
    }
    return done;
}

/* ------------------------------------------------------------------------------ step by step */

struct iv_inflater {
    z_stream stream;
};

struct iv_inflater *iv_inflater_open(void)
{
    struct iv_inflater *inflater = iv_malloc(sizeof(*inflater));
    *inflater = (struct iv_inflater){0};
    if (inflateInit2(&inflater->stream, -15) != Z_OK) { /* no header, a window of 32 KiB */
        iv_out_of_memory();
    }
    return inflater;
}

void iv_inflater_close(struct iv_inflater **inflater)
{
    if (*inflater != NULL) {
        (void)inflateEnd(&(*inflater)->stream);
        free(*inflater);
        *inflater = NULL;
    }
}

void iv_inflater_reset(struct iv_inflater *inflater)
{
    (void)inflateReset(&inflater->stream);
}

/* *size and *room come back as what was taken and what was made. */
enum iv_inflated iv_inflater_step(struct iv_inflater *inflater, const unsigned char *bytes,
                                  size_t *size, unsigned char *place, size_t *room)
{
    z_stream *stream = &inflater->stream;
    const size_t given = *size < UINT_MAX ? *size : UINT_MAX;
    const size_t wanted = *room < UINT_MAX ? *room : UINT_MAX;
    stream->next_in = (unsigned char *)(uintptr_t)bytes; /* zlib reads it and has no const */
    stream->avail_in = (unsigned)given;
    stream->next_out = place;
    stream->avail_out = (unsigned)wanted;
    int result = inflate(stream, Z_NO_FLUSH);
    *size = given - stream->avail_in;
    *room = wanted - stream->avail_out;
    if (result == Z_MEM_ERROR) {
        iv_out_of_memory();
    }
    if (result == Z_STREAM_END) {
        return IV_INFLATED_END;
    }
    return result == Z_OK || result == Z_BUF_ERROR ? IV_INFLATED_SOME : IV_INFLATED_DAMAGED;
}

uint32_t iv_crc32(uint32_t crc, const void *bytes, size_t size)
{
    return (uint32_t)crc32_z(crc, bytes, size);
}

void iv_gzip_library(struct iv_buf *buf)
{
    iv_buf_printf(buf, "zlib %s", zlibVersion());
}
