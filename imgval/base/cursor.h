/*
 * cursor.h: bounds-checked little-endian reads with a sticky failure flag.
 *
 * Read a whole structure, then look once at `failed`: after the first read past the end every
 * read gives zero. `at` may be set to any place, past the end, too: the next read fails there.
 * Nothing here allocates or follows a length without checking it.
 */
#ifndef IMGVAL_BASE_CURSOR_H
#define IMGVAL_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_cursor {
    const unsigned char *bytes;
    size_t size;
    size_t at;
    bool failed;
};

static inline struct iv_cursor iv_cursor(const void *bytes, size_t size)
{
    return (struct iv_cursor){.bytes = bytes, .size = size};
}

static inline size_t iv_cursor_left(const struct iv_cursor *c)
{
    return c->at < c->size ? c->size - c->at : 0;
}

/* The next `size` bytes, or NULL and failure. */
static inline const unsigned char *iv_cursor_take(struct iv_cursor *c, size_t size)
{
    if (c->failed || c->at > c->size || size > c->size - c->at) {
        c->failed = true;
        return NULL;
    }
    const unsigned char *place = c->bytes + c->at;
    c->at += size;
    return place;
}

static inline uint64_t iv_cursor_uint(struct iv_cursor *c, size_t size)
{
    const unsigned char *place = iv_cursor_take(c, size);
    uint64_t value = 0;
    for (size_t i = 0; place != NULL && i < size; i++) {
        value |= (uint64_t)place[i] << (8 * i);
    }
    return value;
}

static inline uint8_t iv_cursor_u8(struct iv_cursor *c)
{
    return (uint8_t)iv_cursor_uint(c, 1);
}

static inline uint16_t iv_cursor_u16(struct iv_cursor *c)
{
    return (uint16_t)iv_cursor_uint(c, 2);
}

static inline uint32_t iv_cursor_u32(struct iv_cursor *c)
{
    return (uint32_t)iv_cursor_uint(c, 4);
}

static inline uint64_t iv_cursor_u64(struct iv_cursor *c)
{
    return iv_cursor_uint(c, 8);
}

#endif
