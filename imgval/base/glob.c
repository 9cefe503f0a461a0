/*
 * Matching without recursion: when the text goes wrong after a `*`, the match goes back to that
 * star, lets it take one character more, and tries again. Only the last star is ever gone back to,
 * which keeps the time within the product of the lengths.
 */
#include "imgval/base/glob.h"

#include "imgval/base/text.h"

#include <string.h>

/* The bytes of the character at `text`; a byte that is no UTF-8 is one by itself. */
static size_t character_size(const char *text)
{
    uint32_t code;
    size_t size = iv_utf8_decode(text, strnlen(text, 4), &code);
    return size == 0 ? 1 : size;
}

bool iv_glob_match(const char *glob, const char *text)
{
    const char *star = NULL;  /* after the last `*` met */
    const char *taken = NULL; /* where the text goes on after what that `*` stands for */
    while (*text != '\0') {
        if (*glob == '*') {
            star = ++glob;
            taken = text;
        } else if (*glob == '?') {
            glob++;
            text += character_size(text);
        } else if (*glob != '\0' && iv_ascii_lower(*glob) == iv_ascii_lower(*text)) {
            glob++;
            text++;
        } else if (star != NULL) {
            /* Only the last `*` need give way: what an earlier one could take, this one can too. */
            taken += character_size(taken);
            text = taken;
            glob = star;
        } else {
            return false;
        }
    }
    while (*glob == '*') {
        glob++;
    }
    return *glob == '\0';
}
