#include "base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE 65536u

struct fx_arena_chunk {
    struct fx_arena_chunk *next;
    size_t used;
    size_t size;
    max_align_t data[];
};

static const char *recipe_name;
static const size_t *recipe_line;

void fx_die_at(const char *name, const size_t *line)
{
    recipe_name = name;
    recipe_line = line;
}

void fx_die(const char *format, ...)
{
    va_list args;
    fputs("mkfixture: ", stderr);
    if (recipe_name != NULL) {
        fprintf(stderr, "%s:%zu: ", recipe_name, *recipe_line);
    }
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(2);
}

void fx_buf_fini(struct fx_buf *buf)
{
    free(buf->data);
    *buf = (struct fx_buf){0};
}

void fx_buf_reserve(struct fx_buf *buf, size_t more)
{
    if (buf->cap - buf->len >= more) {
        return;
    }
    if (more > SIZE_MAX / 4 || buf->len > SIZE_MAX / 4) {
        fx_die("output too large");
    }
    size_t cap = buf->cap < 256 ? 256 : buf->cap;
    while (cap - buf->len < more) {
        cap *= 2;
    }
    unsigned char *data = realloc(buf->data, cap);
    if (data == NULL) {
        fx_die("out of memory");
    }
    buf->data = data;
    buf->cap = cap;
}

void fx_buf_put(struct fx_buf *buf, const void *bytes, size_t n)
{
    if (n > 0) {
        fx_buf_reserve(buf, n);
        memcpy(buf->data + buf->len, bytes, n);
        buf->len += n;
    }
}

void fx_buf_zero(struct fx_buf *buf, size_t n)
{
    if (n > 0) {
        fx_buf_reserve(buf, n);
        memset(buf->data + buf->len, 0, n);
        buf->len += n;
    }
}

void fx_buf_byte(struct fx_buf *buf, unsigned value)
{
    fx_buf_reserve(buf, 1);
    buf->data[buf->len++] = (unsigned char)(value & 0xFF);
}

void fx_buf_u16(struct fx_buf *buf, unsigned value)
{
    fx_buf_byte(buf, value);
    fx_buf_byte(buf, value >> 8);
}

void fx_buf_u32(struct fx_buf *buf, uint32_t value)
{
    fx_buf_u16(buf, value & 0xFFFF);
    fx_buf_u16(buf, value >> 16);
}

void fx_buf_text(struct fx_buf *buf, const char *text)
{
    fx_buf_put(buf, text, strlen(text));
}

void fx_buf_printf(struct fx_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0) {
        fx_die("cannot format text");
    }
    fx_buf_reserve(buf, (size_t)n + 1);
    vsnprintf((char *)buf->data + buf->len, (size_t)n + 1, format, again);
    va_end(again);
    buf->len += (size_t)n;
}

void fx_buf_poke(struct fx_buf *buf, size_t at, unsigned n, uint64_t value)
{
    if (at > buf->len || n > buf->len - at) {
        fx_die("cannot change byte %zu of a file of %zu bytes", at, buf->len);
    }
    for (unsigned i = 0; i < n; i++) {
        buf->data[at + i] = (unsigned char)(value >> (8 * i) & 0xFF);
    }
}

void fx_arena_fini(struct fx_arena *arena)
{
    struct fx_arena_chunk *chunk = arena->chunks;
    while (chunk != NULL) {
        struct fx_arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    arena->chunks = NULL;
}

void *fx_arena_alloc(struct fx_arena *arena, size_t size)
{
    if (size > SIZE_MAX / 4) {
        fx_die("allocation too large");
    }
    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    struct fx_arena_chunk *chunk = arena->chunks;
    if (chunk == NULL || chunk->size - chunk->used < size) {
        size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;
        chunk = malloc(sizeof(*chunk) + room);
        if (chunk == NULL) {
            fx_die("out of memory");
        }
        chunk->next = arena->chunks;
        chunk->used = 0;
        chunk->size = room;
        arena->chunks = chunk;
    }
    void *memory = (unsigned char *)chunk->data + chunk->used;
    chunk->used += size;
    memset(memory, 0, size);
    return memory;
}

char *fx_arena_copy(struct fx_arena *arena, const void *bytes, size_t n)
{
    char *copy = fx_arena_alloc(arena, n + 1);
    if (n > 0) {
        memcpy(copy, bytes, n);
    }
    return copy;
}

char *fx_arena_text(struct fx_arena *arena, const char *text)
{
    return fx_arena_copy(arena, text, strlen(text));
}

char *fx_arena_printf(struct fx_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0) {
        fx_die("cannot format text");
    }
    char *text = fx_arena_alloc(arena, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    return text;
}

void *fx_arena_push(struct fx_arena *arena, void **items, size_t *count, size_t item_size)
{
    /* The capacity is implied by the count: powers of two from 8 on. */
    size_t n = *count;
    if (n == 0 || (n >= 8 && (n & (n - 1)) == 0)) {
        size_t cap = n == 0 ? 8 : n * 2;
        void *bigger = fx_arena_alloc(arena, cap * item_size);
        if (n > 0) {
            memcpy(bigger, *items, n * item_size);
        }
        *items = bigger;
    }
    *count = n + 1;
    void *item = (unsigned char *)*items + n * item_size;
    memset(item, 0, item_size);
    return item;
}
