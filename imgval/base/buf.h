/*
 * buf.h: a growable byte buffer that is always followed by a NUL, so that text in it is a string.
 *
 * Owned by whoever declares it, usually as `struct iv_buf b IV_CLEANUP(iv_buf_fini) = {0};`.
 * Out of memory ends the process (see arena.h). A caller that fills it from input caps the size.
 */
#ifndef IMGVAL_BASE_BUF_H
#define IMGVAL_BASE_BUF_H

#include "imgval/base/attr.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct iv_buf {
    char *data; /* NULL while nothing was ever added */
    size_t size;
    size_t capacity;
};

void iv_buf_fini(struct iv_buf *buf);

/* Empties it and keeps the memory. */
void iv_buf_clear(struct iv_buf *buf);

/* Room for at least `extra` more bytes (and the NUL) after the end; returns the place. */
char *iv_buf_reserve(struct iv_buf *buf, size_t extra);

/* Here, because reports are made of millions of short pieces. */
static inline void iv_buf_add(struct iv_buf *buf, const void *bytes, size_t size)
{
    bool has_room = buf->capacity - buf->size > size;
    char *place = has_room ? buf->data + buf->size : iv_buf_reserve(buf, size);
    if (size > 0) {
        memcpy(place, bytes, size);
    }
    buf->size += size;
    place[size] = '\0';
}

static inline void iv_buf_puts(struct iv_buf *buf, const char *text)
{
    iv_buf_add(buf, text, strlen(text));
}

static inline void iv_buf_putc(struct iv_buf *buf, char c)
{
    iv_buf_add(buf, &c, 1);
}

void iv_buf_printf(struct iv_buf *buf, const char *fmt, ...) IV_PRINTF(2, 3);
void iv_buf_vprintf(struct iv_buf *buf, const char *fmt, va_list args) IV_PRINTF(2, 0);

/* The text; "" for a buffer that was never used. Valid until the next change. */
const char *iv_buf_text(const struct iv_buf *buf);

#endif
