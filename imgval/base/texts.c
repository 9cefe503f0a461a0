/* texts.c: one place for each hash, taken by whoever comes last. Manifests say the same owner and
 * version thousands of times, one after the other, so what was said last is what will be said next;
 * a full table of all texts would cost more than it saves. */
#include "imgval/base/texts.h"

#include <stdint.h>
#include <string.h>

/* It looks at some 16 bytes of a long text, from its end. */
static uint32_t hash_of(const char *text, size_t size)
{
    uint32_t hash = (uint32_t)size;
    const size_t step = size / 16 + 1;
    for (size_t i = 0; i < size; i += step) {
        hash = hash * 31 + (unsigned char)text[size - 1 - i];
    }
    return hash;
}

const char *iv_texts_keep(struct iv_texts *texts, struct iv_arena *arena, const char *text,
                          size_t size)
{
    if (texts == NULL || size == 0) {
        return iv_arena_strndup(arena, text, size);
    }
    struct iv_text_kept *kept = &texts->recent[hash_of(text, size) % IV_COUNT(texts->recent)];
    if (kept->text == NULL || kept->size != size || memcmp(kept->text, text, size) != 0) {
        kept->text = iv_arena_strndup(arena, text, size);
        kept->size = size;
    }
    return kept->text;
}
