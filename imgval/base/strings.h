/*
 * strings.h: a list of strings that grows in an arena. The strings are borrowed.
 */
#ifndef IMGVAL_BASE_STRINGS_H
#define IMGVAL_BASE_STRINGS_H

#include "imgval/base/arena.h"

#include <stddef.h>

struct iv_strings {
    const char **items;
    size_t count;
    size_t capacity;
};

static inline void iv_strings_add(struct iv_arena *arena, struct iv_strings *strings,
                                  const char *text)
{
    strings->items = (const char **)iv_arena_grow(arena, (void *)strings->items, strings->count,
                                                  &strings->capacity, sizeof(*strings->items));
    strings->items[strings->count++] = text;
}

#endif
