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
#include <stddef.h>

struct iv_buf {
    char *data; /* NULL while nothing was ever added */
    size_t size;
    size_t capacity;
};

void iv_buf_fini(struct iv_buf *buf);

/* Empties it and keeps the memory. */
void iv_buf_clear(struct iv_buf *buf);

/* Room for at least `extra` more bytes (and the NUL) behind the end; returns the place. */
char *iv_buf_reserve(struct iv_buf *buf, size_t extra);

void iv_buf_add(struct iv_buf *buf, const void *bytes, size_t size);
void iv_buf_puts(struct iv_buf *buf, const char *text);
void iv_buf_putc(struct iv_buf *buf, char c);
void iv_buf_printf(struct iv_buf *buf, const char *fmt, ...) IV_PRINTF(2, 3);
void iv_buf_vprintf(struct iv_buf *buf, const char *fmt, va_list args) IV_PRINTF(2, 0);

/* The text; "" for a buffer that was never used. Valid until the next change. */
const char *iv_buf_text(const struct iv_buf *buf);

#endif
