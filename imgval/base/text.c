/*
 * Text that nobody here wrote: UTF-8 and UTF-16, escaping for terminals, comparison without case,
 * numbers, and quoting for a shell.
 *
 * Decoding is strict: overlong forms, surrogates and code points past U+10FFFF are errors, since
 * two spellings of one character would be two names for one thing. Nothing depends on the locale.
 */
#include "imgval/base/text.h"

#include <string.h>

/* The bytes that the first character takes; 0 for an error, and at the end. The first byte says how
 * many follow, each of which has six bits; then what is too long or no character is refused. */
size_t iv_utf8_decode(const char *text, size_t size, uint32_t *ret_code)
{
    const unsigned char *p = (const unsigned char *)text;
    if (size == 0) {
        return 0;
    }
    if (p[0] < 0x80) {
        *ret_code = p[0];
        return 1;
    }
    size_t length;
    uint32_t code;
    uint32_t least; /* smaller code points have a shorter form */
    if ((p[0] & 0xE0) == 0xC0) {
        length = 2;
        code = p[0] & 0x1Fu;
        least = 0x80;
    } else if ((p[0] & 0xF0) == 0xE0) {
        length = 3;
        code = p[0] & 0x0Fu;
        least = 0x800;
    } else if ((p[0] & 0xF8) == 0xF0) {
        length = 4;
        code = p[0] & 0x07u;
        least = 0x10000;
    } else {
        return 0;
    }
    if (size < length) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
        code = code << 6 | (p[i] & 0x3Fu);
    }
    if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
        return 0;
    }
    *ret_code = code;
    return length;
}

bool iv_utf8_is_valid(const char *text, size_t size)
{
    uint32_t code;
    for (size_t at = 0; at < size;) {
        size_t taken = iv_utf8_decode(text + at, size - at, &code);
        if (taken == 0) {
            return false;
        }
        at += taken;
    }
    return true;
}

/* A number that is no character becomes U+FFFD, so that a buffer never holds what
 * iv_utf8_is_valid() would refuse. */
void iv_utf8_add(struct iv_buf *buf, uint32_t code)
{
    if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
        code = 0xFFFD;
    }
    char out[4];
    size_t length;
    if (code < 0x80) {
        out[0] = (char)code;
        length = 1;
    } else if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        length = 2;
    } else if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        length = 3;
    } else {
        out[0] = (char)(0xF0 | code >> 18);
        length = 4;
    }
    for (size_t i = 1; i < length; i++) {
        out[i] = (char)(0x80 | (code >> (6 * (length - 1 - i)) & 0x3F));
    }
    iv_buf_add(buf, out, length);
}

static uint32_t utf16_unit(const unsigned char *bytes, bool big_endian)
{
    return big_endian ? (uint32_t)bytes[0] << 8 | bytes[1] : (uint32_t)bytes[1] << 8 | bytes[0];
}

/* A NUL is refused like half a pair: what comes after it would be invisible to everything that
 * takes texts up to theirs. What came before the error stays in the buffer, to show where it is. */
bool iv_utf16_to_utf8(struct iv_buf *buf, const unsigned char *bytes, size_t size, bool big_endian)
{
    if (size % 2 != 0) {
        return false;
    }
    for (size_t at = 0; at < size; at += 2) {
        uint32_t code = utf16_unit(bytes + at, big_endian);
        if (code >= 0xD800 && code <= 0xDBFF) {
            uint32_t low = at + 4 <= size ? utf16_unit(bytes + at + 2, big_endian) : 0;
            if (low < 0xDC00 || low > 0xDFFF) {
                return false;
            }
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            at += 2;
        } else if (code == 0 || (code >= 0xDC00 && code <= 0xDFFF)) {
            return false;
        }
        iv_utf8_add(buf, code);
    }
    return true;
}

/* Code points that a terminal or a reader would not show as themselves. */
static bool is_invisible(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0xAD || code == 0x61C ||
           (code >= 0x180B && code <= 0x180F) || (code >= 0x200B && code <= 0x200F) ||
           (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) ||
           (code >= 0xFE00 && code <= 0xFE0F) || code == 0xFEFF ||
           (code >= 0xFFF0 && code <= 0xFFFB) || (code >= 0xE000 && code <= 0xF8FF) ||
           code >= 0xE0000;
}

/*
 * The escape for a character that is not shown: a short one for newline, tab and carriage return.
 */
static void escape_code(struct iv_buf *buf, uint32_t code)
{
    if (code == '\n') {
        iv_buf_puts(buf, "\\n");
    } else if (code == '\t') {
        iv_buf_puts(buf, "\\t");
    } else if (code == '\r') {
        iv_buf_puts(buf, "\\r");
    } else if (code < 0x80) {
        iv_buf_printf(buf, "\\x%02x", (unsigned)code);
    } else {
        iv_buf_printf(buf, "\\u{%x}", (unsigned)code);
    }
}

/* For terminals, logs and messages. A name in a submission may hold sequences that clear the
 * screen, or characters that turn the line around; each is shown as what it is. Cut only between
 * characters. */
void iv_text_escape(struct iv_buf *buf, const char *text, size_t max, bool ascii)
{
    size_t size = strlen(text);
    for (size_t at = 0; at < size;) {
        uint32_t code = 0;
        size_t taken = iv_utf8_decode(text + at, size - at, &code);
        if (max != 0 && at + (taken == 0 ? 1 : taken) > max) {
            iv_buf_puts(buf, "...");
            return;
        }
        if (taken == 0) {
            iv_buf_printf(buf, "\\x%02x", (unsigned)(unsigned char)text[at]);
            taken = 1;
        } else if (is_invisible(code) || (ascii && code >= 0x80)) {
            escape_code(buf, code);
        } else {
            iv_buf_add(buf, text + at, taken);
        }
        at += taken;
    }
}

/* Ranges after Unicode's EastAsianWidth (W, F) and general category Mn, coarse on purpose: they
 * only align columns. */
static size_t code_width(uint32_t code)
{
    if ((code >= 0x300 && code <= 0x36F) || (code >= 0x483 && code <= 0x489) ||
        (code >= 0x591 && code <= 0x5BD) || (code >= 0x64B && code <= 0x65F) ||
        (code >= 0x20D0 && code <= 0x20F0)) {
        return 0;
    }
    if ((code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF) ||
        (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
        (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60) ||
        (code >= 0xFFE0 && code <= 0xFFE6) || (code >= 0x1F300 && code <= 0x1FAFF) ||
        (code >= 0x20000 && code <= 0x3FFFD)) {
        return 2;
    }
    return 1;
}

/* In columns of a terminal, of a text that was escaped. */
size_t iv_text_width(const char *text)
{
    size_t size = strlen(text);
    size_t width = 0;
    for (size_t at = 0; at < size;) {
        uint32_t code = 0;
        size_t taken = iv_utf8_decode(text + at, size - at, &code);
        width += taken == 0 ? 1 : code_width(code);
        at += taken == 0 ? 1 : taken;
    }
    return width;
}

/* The order of the folded texts, by unsigned bytes: the same in every locale. */
int iv_ascii_casecmp(const char *a, const char *b)
{
    for (;; a++, b++) {
        if (*a == *b && *a != '\0') {
            continue;
        }
        unsigned char x = (unsigned char)iv_ascii_lower(*a);
        unsigned char y = (unsigned char)iv_ascii_lower(*b);
        if (x != y) {
            return x < y ? -1 : 1;
        }
        if (x == '\0') {
            return 0;
        }
    }
}

/* NULL equals NULL only, so that optional texts need no check before. */
bool iv_ascii_ieq(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return iv_ascii_casecmp(a, b) == 0;
}

bool iv_ascii_iprefix(const char *text, const char *prefix)
{
    for (; *prefix != '\0'; text++, prefix++) {
        if (*text != *prefix && iv_ascii_lower(*text) != iv_ascii_lower(*prefix)) {
            return false;
        }
    }
    return true;
}

bool iv_ascii_isuffix(const char *text, const char *suffix)
{
    size_t size = strlen(text);
    size_t tail = strlen(suffix);
    return size >= tail && iv_ascii_casecmp(text + size - tail, suffix) == 0;
}

/* memmem(), which Windows does not have. */
const char *iv_find(const char *bytes, size_t size, const char *part)
{
    const size_t length = strlen(part);
    const char *end = bytes + size;
    while (length > 0 && (size_t)(end - bytes) >= length) {
        const char *at = memchr(bytes, *part, (size_t)(end - bytes) - length + 1);
        if (at == NULL || memcmp(at, part, length) == 0) {
            return at;
        }
        bytes = at + 1;
    }
    return NULL;
}

const char *iv_ascii_ifind(const char *text, const char *part)
{
    char first = iv_ascii_lower(*part);
    if (first == '\0') {
        return text;
    }
    for (const char *at = text; *at != '\0'; at++) {
        /* Most places differ in the first byte already. */
        if (iv_ascii_lower(*at) == first && iv_ascii_iprefix(at, part)) {
            return at;
        }
    }
    return NULL;
}

char *iv_ascii_fold(struct iv_arena *arena, const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    /* By the length and not up to the NUL: compilers fold 16 bytes at a time then. */
    size_t size = strlen(text);
    char *copy = iv_arena_strndup(arena, text, size);
    for (size_t i = 0; i < size; i++) {
        copy[i] = iv_ascii_lower(copy[i]);
    }
    return copy;
}

/* Paths of Windows in one form: backslashes, lower case. Manifests have both slashes. */
char *iv_path_fold(struct iv_arena *arena, const char *path)
{
    size_t size = strlen(path);
    char *copy = iv_arena_strndup(arena, path, size);
    for (size_t i = 0; i < size; i++) {
        copy[i] = copy[i] == '/' ? '\\' : iv_ascii_lower(copy[i]);
    }
    return copy;
}

/* Digits alone, no sign and no blank, which strtoull() would take. The division sees an overflow
 * before it happens. */
bool iv_parse_decimal(const char *text, size_t size, uint64_t max, uint64_t *ret_value)
{
    if (size == 0) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (value > (max - digit) / 10 || digit > max) {
            return false;
        }
        value = value * 10 + digit;
    }
    *ret_value = value;
    return true;
}

void iv_hex_add(struct iv_buf *buf, const void *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = bytes;
    for (size_t i = 0; i < size; i++) {
        iv_buf_putc(buf, digits[p[i] >> 4]);
        iv_buf_putc(buf, digits[p[i] & 15]);
    }
}

/* The value of a hex digit in either case, -1 for any other character. */
static int hex_value(char c)
{
    char lower = iv_ascii_lower(c);
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool iv_hex_parse(const char *text, unsigned char *ret_bytes, size_t size)
{
    if (strlen(text) != 2 * size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        int high = hex_value(text[2 * i]);
        int low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        ret_bytes[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

/*
 * Single quotes hold anything but themselves: a quote in the word ends them, stands escaped, and
 * begins them again. Words of safe characters stay as they are, for the sake of the reader.
 */
void iv_shell_quote(struct iv_buf *buf, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./:=,@+%";
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        iv_buf_puts(buf, word);
        return;
    }
    iv_buf_putc(buf, '\'');
    for (const char *c = word; *c != '\0'; c++) {
        if (*c == '\'') {
            iv_buf_puts(buf, "'\\''");
        } else {
            iv_buf_putc(buf, *c);
        }
    }
    iv_buf_putc(buf, '\'');
}
