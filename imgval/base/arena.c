/*
 * A chain of blocks, of which the newest is filled from its start. An allocation that does not fit
 * begins a new block, at least as large as BLOCK_SIZE; the rest of the old one is lost. A mark is a
 * block and a place in it, so going back to a mark frees the blocks that are newer and does no
 * other work.
 *
 * Memory is zeroed for iv_arena_alloc(), and not for text, which is written at once.
 */
#include "imgval/base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Small first block: a worker's arena is often used for one package of a few kilobytes. */
#define BLOCK_SIZE ((size_t)32 * 1024)

struct iv_arena_block {
    struct iv_arena_block *next;
    size_t size; /* of the payload */
    alignas(max_align_t) unsigned char payload[];
};

/* Lack of memory is no error that callers handle: there is nothing that imgval could do without,
 * and a check that no test reaches would be wrong. The status is the one for trouble of the
 * machine. */
void iv_out_of_memory(void)
{
    fputs("imgval: out of memory\n", stderr); /* which has no buffer to allocate */
    _Exit(4);
}

void *iv_malloc(size_t size)
{
    return iv_realloc(NULL, size);
}

/* Of no bytes there is a pointer, too: NULL would be taken for a failure. */
void *iv_realloc(void *memory, size_t size)
{
    void *moved = realloc(memory, size > 0 ? size : 1);
    if (moved == NULL) {
        iv_out_of_memory();
    }
    return moved;
}

char *iv_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(iv_malloc(size), text, size);
}

void iv_arena_init(struct iv_arena *arena)
{
    *arena = (struct iv_arena){0};
}

void iv_arena_fini(struct iv_arena *arena)
{
    iv_arena_reset(arena, (struct iv_arena_mark){0});
}

/* A block of its own is zeroed, for most of the large ones by the system, which does it once. */
static void arena_add_block(struct iv_arena *arena, size_t size)
{
    size_t payload = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    struct iv_arena_block *block =
        size > BLOCK_SIZE ? calloc(1, sizeof(*block) + payload) : malloc(sizeof(*block) + payload);
    if (block == NULL) {
        iv_out_of_memory();
    }
    iv_advise_large(block, payload);
    block->next = arena->head;
    block->size = payload;
    arena->head = block;
    arena->used = 0;
}

/* `align` is a power of two. Strings need none, so they are packed. */
static void *arena_place(struct iv_arena *arena, size_t size, size_t align)
{
    if (size > SIZE_MAX / 2) {
        iv_out_of_memory();
    }
    size_t start = (arena->used + align - 1) & ~(align - 1);
    if (arena->head == NULL || start > arena->head->size || arena->head->size - start < size) {
        arena_add_block(arena, size);
        start = 0;
    }
    arena->used = start + size;
    return arena->head->payload + start;
}

/* Zeroed here, unless arena_add_block() has just made a block for it alone. */
void *iv_arena_alloc(struct iv_arena *arena, size_t size)
{
    void *place = arena_place(arena, size, alignof(max_align_t));
    if (size <= BLOCK_SIZE || place != arena->head->payload) {
        memset(place, 0, size);
    }
    return place;
}

/* A product that overflows is more than there is. */
void *iv_arena_array(struct iv_arena *arena, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        iv_out_of_memory();
    }
    return iv_arena_alloc(arena, total);
}

char *iv_arena_alloc_text(struct iv_arena *arena, size_t size)
{
    return arena_place(arena, size, 1);
}

char *iv_arena_strdup(struct iv_arena *arena, const char *text)
{
    return text == NULL ? NULL : iv_arena_strndup(arena, text, strlen(text));
}

char *iv_arena_strndup(struct iv_arena *arena, const char *text, size_t length)
{
    char *copy = arena_place(arena, length + 1, 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

/* Twice over the format: the first pass only counts, so that the text takes no more than it
 * needs. */
char *iv_arena_printf(struct iv_arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (length < 0) {
        iv_out_of_memory();
    }
    char *text = arena_place(arena, (size_t)length + 1, 1);
    vsnprintf(text, (size_t)length + 1, fmt, again);
    va_end(again);
    return text;
}

struct iv_arena_mark iv_arena_mark(const struct iv_arena *arena)
{
    return (struct iv_arena_mark){.head = arena->head, .used = arena->used};
}

void iv_arena_reset(struct iv_arena *arena, struct iv_arena_mark mark)
{
    while (arena->head != mark.head) {
        struct iv_arena_block *block = arena->head;
        arena->head = block->next;
        free(block);
    }
    arena->used = mark.used;
}

/* The old array stays where it is, unused, until the arena ends: doubled each time, all of them
 * together are no more than the last one. */
void *iv_arena_grow(struct iv_arena *arena, void *array, size_t count, size_t *capacity,
                    size_t size)
{
    if (count < *capacity) {
        return array;
    }
    size_t wanted = *capacity == 0 ? 8 : *capacity * 2;
    void *larger = iv_arena_array(arena, wanted, size);
    if (count > 0) {
        memcpy(larger, array, count * size);
    }
    *capacity = wanted;
    return larger;
}
