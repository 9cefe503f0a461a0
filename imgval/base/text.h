/*
 * text.h: text that nobody here wrote: validation, folding, escaping, numbers.
 *
 * Strings in the model are NUL-terminated and may hold any other bytes (file names do). Case is
 * folded over ASCII alone, independent of the locale: Microsoft's comparisons are ordinal.
 */
#ifndef IMGVAL_BASE_TEXT_H
#define IMGVAL_BASE_TEXT_H

#include "imgval/base/arena.h"
#include "imgval/base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decodes one code point of UTF-8 (no surrogates, no overlong forms, at most U+10FFFF).
 * Returns the number of bytes taken, 0 when the bytes at `text` are not valid UTF-8.
 */
size_t iv_utf8_decode(const char *text, size_t size, uint32_t *ret_code);
bool iv_utf8_is_valid(const char *text, size_t size);

/* Appends the UTF-8 form; code points that UTF-8 cannot hold become U+FFFD. */
void iv_utf8_add(struct iv_buf *buf, uint32_t code);

/* Appends UTF-16 bytes as UTF-8; false when they are malformed (odd size, lone surrogate, NUL). */
bool iv_utf16_to_utf8(struct iv_buf *buf, const unsigned char *bytes, size_t size, bool big_endian);

/*
 * Appends text so that a terminal shows it and never obeys it: control characters, bidi marks and
 * other invisible format characters, and invalid UTF-8 come out as \n, \t, \xNN or \u{NNNN}. A
 * backslash stays one, as Windows paths are full of them; what is exact is JSON. At most `max`
 * bytes of the source are shown ("..." follows); 0: no cut. With `ascii`, everything outside ASCII
 * is escaped too.
 */
void iv_text_escape(struct iv_buf *buf, const char *text, size_t max, bool ascii);

/* Display width in columns of escaped text: combining marks 0, wide East Asian characters 2. */
size_t iv_text_width(const char *text);

static inline char iv_ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

int iv_ascii_casecmp(const char *a, const char *b);
bool iv_ascii_ieq(const char *a, const char *b); /* NULL equals only NULL */
bool iv_ascii_iprefix(const char *text, const char *prefix);
bool iv_ascii_isuffix(const char *text, const char *suffix);
/* First place of `part` in bytes that need no NUL; NULL when there is none. */
const char *iv_find(const char *bytes, size_t size, const char *part);

/* First place of `part` in `text`, folded; NULL when there is none. */
const char *iv_ascii_ifind(const char *text, const char *part);
char *iv_ascii_fold(struct iv_arena *arena, const char *text); /* NULL stays NULL */
/* Folded, with '\\' alone as separator: paths that Windows takes for the same come out equal. */
char *iv_path_fold(struct iv_arena *arena, const char *path);

/* Whole text as a decimal number of ASCII digits alone, at most `max`; leading zeros are fine. */
bool iv_parse_decimal(const char *text, size_t size, uint64_t max, uint64_t *ret_value);

/* Lower-case hexadecimal. */
void iv_hex_add(struct iv_buf *buf, const void *bytes, size_t size);
/* Exactly `size` bytes from hexadecimal digits in either case. */
bool iv_hex_parse(const char *text, unsigned char *ret_bytes, size_t size);

/* Adds a word so that a shell takes it for one word and as it is. */
void iv_shell_quote(struct iv_buf *buf, const char *word);

#endif
