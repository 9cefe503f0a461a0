/*
 * texts.h: copies of texts in an arena, shared with an equal text that was copied not long ago: of
 * the findings of a report many have the same message, remedy and more, and these are kept once.
 */
#ifndef IMGVAL_BASE_TEXTS_H
#define IMGVAL_BASE_TEXTS_H

#include "imgval/base/arena.h"

#include <stddef.h>

/* Zeroed to begin with, and again whenever the arena is reset. */
struct iv_texts {
    struct iv_text_kept {
        const char *text;
        size_t size;
    } recent[4096];
};

/* The text with a NUL after it. `texts` NULL: always a copy. */
const char *iv_texts_keep(struct iv_texts *texts, struct iv_arena *arena, const char *text,
                          size_t size);

#endif
