/*
 * arena.h: a bump allocator. Everything read lives in an arena and dies with it.
 *
 * Allocation never returns NULL: out of memory ends the process with one line and exit status 4.
 * That is safe because every size taken from input is checked against limits.h first.
 * An arena belongs to one process and one owner; it is not shared.
 */
#ifndef IMGVAL_BASE_ARENA_H
#define IMGVAL_BASE_ARENA_H

#include "imgval/base/attr.h"

#include <stddef.h>

struct iv_arena_block;

struct iv_arena {
    struct iv_arena_block *head; /* the block in use; older ones after it */
    size_t used;                 /* bytes used of the head's payload */
};

struct iv_arena_mark {
    struct iv_arena_block *head;
    size_t used;
};

void iv_arena_init(struct iv_arena *arena);

/* Frees all memory; the arena may be used again afterwards. */
void iv_arena_fini(struct iv_arena *arena);

/* Zeroed memory, aligned for any object. */
void *iv_arena_alloc(struct iv_arena *arena, size_t size);

/* Zeroed array; the product is checked. */
void *iv_arena_array(struct iv_arena *arena, size_t count, size_t size);

#define IV_NEW(arena, type) ((type *)iv_arena_alloc((arena), sizeof(type)))
#define IV_NEW_ARRAY(arena, type, count) ((type *)iv_arena_array((arena), (count), sizeof(type)))

/* Room for text of so many bytes with its NUL; not zeroed, not aligned. */
char *iv_arena_alloc_text(struct iv_arena *arena, size_t size);

/* NUL-terminated copies. iv_arena_strdup(NULL) is NULL. */
char *iv_arena_strdup(struct iv_arena *arena, const char *text);
char *iv_arena_strndup(struct iv_arena *arena, const char *text, size_t length);
char *iv_arena_printf(struct iv_arena *arena, const char *fmt, ...) IV_PRINTF(2, 3);

/* Scratch use: everything allocated after the mark is gone after the reset. */
struct iv_arena_mark iv_arena_mark(const struct iv_arena *arena);
void iv_arena_reset(struct iv_arena *arena, struct iv_arena_mark mark);

/*
 * Grows an array in the arena by doubling. `array` has `count` elements of `size` bytes and
 * `*capacity` places; returns the array (moved or not) with room for at least one more element.
 * Old copies stay in the arena until it dies: at most as much memory again.
 */
void *iv_arena_grow(struct iv_arena *arena, void *array, size_t count, size_t *capacity,
                    size_t size);

/* Asks the system to back fresh memory with large pages where it is large: there are as many first
 * touches as pages, and each is a trap into the kernel. Nothing depends on it. */
void iv_advise_large(void *memory, size_t size);

/*
 * malloc() and the like that end the process instead of returning NULL; free() takes what they
 * give. They are for us, and for every library that can be given its own: many a library takes the
 * lack of memory for damage of what it reads, which would be said of the firmware, or crashes.
 */
void *iv_malloc(size_t size);
void *iv_realloc(void *memory, size_t size);
char *iv_strdup(const char *text);

/* How many bytes there are in what those gave; not NULL. */
size_t iv_malloc_size(void *memory);

/* Ends the process: one line on standard error, exit status 4. */
IV_NORETURN void iv_out_of_memory(void);

#endif
