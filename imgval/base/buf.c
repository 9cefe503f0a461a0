/*
 * A growing buffer of bytes with a NUL after the last one, so that it can be used as text at any
 * time. The capacity doubles, so appending costs constant time on average. Lack of memory ends the
 * process (arena.h); sizes that would overflow count as that.
 */
#include "imgval/base/buf.h"

#include "imgval/base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void iv_buf_fini(struct iv_buf *buf)
{
    free(buf->data);
    *buf = (struct iv_buf){0};
}

/* Keeps the memory, for the next text of about that size. */
void iv_buf_clear(struct iv_buf *buf)
{
    buf->size = 0;
    if (buf->data != NULL) {
        buf->data[0] = '\0';
    }
}

/* Room for `extra` bytes and the NUL after them. The pointer is good until the next call that adds
 * something. */
char *iv_buf_reserve(struct iv_buf *buf, size_t extra)
{
    size_t wanted;
    if (__builtin_add_overflow(buf->size, extra, &wanted) || wanted >= SIZE_MAX / 2) {
        iv_out_of_memory();
    }
    if (wanted + 1 > buf->capacity) {
        size_t capacity = buf->capacity == 0 ? 256 : buf->capacity;
        while (capacity < wanted + 1) {
            capacity *= 2;
        }
        char *data = realloc(buf->data, capacity);
        if (data == NULL) {
            iv_out_of_memory();
        }
        iv_advise_large(data, capacity);
        buf->data = data;
        buf->capacity = capacity;
        buf->data[buf->size] = '\0';
    }
    return buf->data + buf->size;
}

void iv_buf_vprintf(struct iv_buf *buf, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, fmt, args);
    if (length < 0) {
        iv_out_of_memory();
    }
    char *place = iv_buf_reserve(buf, (size_t)length);
    vsnprintf(place, (size_t)length + 1, fmt, again);
    va_end(again);
    buf->size += (size_t)length;
}

void iv_buf_printf(struct iv_buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    iv_buf_vprintf(buf, fmt, args);
    va_end(args);
}

const char *iv_buf_text(const struct iv_buf *buf)
{
    return buf->data == NULL ? "" : buf->data;
}
