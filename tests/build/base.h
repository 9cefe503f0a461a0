/*
 * Memory and growable bytes for the fixture builder.
 *
 * mkfixture is a short-lived test tool: whatever goes wrong ends it with one line and exit status
 * 2, so nothing here returns an error. Lists and strings of one recipe directive live in an arena
 * and die together; output is collected in buffers.
 */
#ifndef FX_BASE_H
#define FX_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A build names another kind where that of the compiler is not the one of the C library. */
#ifndef IV_PRINTF_KIND
#define IV_PRINTF_KIND printf
#endif
#define FX_PRINTF(fmt, args) __attribute__((format(IV_PRINTF_KIND, fmt, args), nonnull(fmt)))

/* Prints "mkfixture: ..." to standard error and exits with status 2. */
_Noreturn void fx_die(const char *format, ...) FX_PRINTF(1, 2);

/*
 * Says where a recipe stands: fx_die puts it in front of its message. Both pointers are borrowed;
 * a null name ends it.
 */
void fx_die_at(const char *name, const size_t *line);

/* Bytes that grow. A zeroed struct is an empty buffer; fx_buf_fini releases it. */
struct fx_buf {
    unsigned char *data;
    size_t len;
    size_t cap;
};

void fx_buf_fini(struct fx_buf *buf);
void fx_buf_reserve(struct fx_buf *buf, size_t more);
void fx_buf_put(struct fx_buf *buf, const void *bytes, size_t n);
void fx_buf_zero(struct fx_buf *buf, size_t n);
void fx_buf_byte(struct fx_buf *buf, unsigned value);
void fx_buf_u16(struct fx_buf *buf, unsigned value);
void fx_buf_u32(struct fx_buf *buf, uint32_t value);
void fx_buf_text(struct fx_buf *buf, const char *text);
void fx_buf_printf(struct fx_buf *buf, const char *format, ...) FX_PRINTF(2, 3);

/* Overwrites bytes that are already in the buffer; n is 1, 2 or 4, little-endian. */
void fx_buf_poke(struct fx_buf *buf, size_t at, unsigned n, uint64_t value);

/* Bump allocator: everything is released at once. A zeroed struct is an empty arena. */
struct fx_arena {
    struct fx_arena_chunk *chunks;
};

void fx_arena_fini(struct fx_arena *arena);

/* Returns zeroed memory that lives as long as the arena. */
void *fx_arena_alloc(struct fx_arena *arena, size_t size);

/* A copy with a NUL after it. */
char *fx_arena_copy(struct fx_arena *arena, const void *bytes, size_t n);
char *fx_arena_text(struct fx_arena *arena, const char *text);
char *fx_arena_printf(struct fx_arena *arena, const char *format, ...) FX_PRINTF(2, 3);

/*
 * Room for one more element in an array that grows by doubling: returns the new element, zeroed.
 * *count is incremented; *items may move, so pointers into the array do not survive the call.
 */
void *fx_arena_push(struct fx_arena *arena, void **items, size_t *count, size_t item_size);

#endif
