#include "text.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

static const char *const encoding_names[] = {
    [FX_ENCODING_UTF8] = "utf8",
    [FX_ENCODING_UTF8_BOM] = "utf8bom",
    [FX_ENCODING_UTF16LE] = "utf16le",
    [FX_ENCODING_UTF16BE] = "utf16be",
    [FX_ENCODING_UTF16LE_NO_BOM] = "utf16lenobom",
    [FX_ENCODING_UTF16BE_NO_BOM] = "utf16benobom",
};

bool fx_encoding_find(const char *name, enum fx_encoding *ret_encoding)
{
    for (size_t i = 0; i < sizeof(encoding_names) / sizeof(encoding_names[0]); i++) {
        if (strcmp(encoding_names[i], name) == 0) {
            *ret_encoding = (enum fx_encoding)i;
            return true;
        }
    }
    return false;
}

static int hex_digit(int c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool hex_number(const char *text, size_t left, size_t digits, unsigned *ret_value)
{
    unsigned value = 0;
    if (left < digits) {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        int digit = hex_digit(text[i]);
        if (digit < 0) {
            return false;
        }
        value = value * 16 + (unsigned)digit;
    }
    *ret_value = value;
    return true;
}

/* Surrogates are let through: lone ones are fixtures too. */
static void put_utf8(struct fx_buf *out, unsigned c)
{
    if (c < 0x80) {
        fx_buf_byte(out, c);
    } else if (c < 0x800) {
        fx_buf_byte(out, 0xC0 | c >> 6);
        fx_buf_byte(out, 0x80 | (c & 0x3F));
    } else {
        fx_buf_byte(out, 0xE0 | c >> 12);
        fx_buf_byte(out, 0x80 | (c >> 6 & 0x3F));
        fx_buf_byte(out, 0x80 | (c & 0x3F));
    }
}

bool fx_unescape(const char *text, size_t n, struct fx_buf *out)
{
    static const char from[] = "nrt\\\"0";
    static const char to[] = "\n\r\t\\\"\0";
    for (size_t i = 0; i < n; i++) {
        unsigned value;
        if (text[i] != '\\') {
            fx_buf_byte(out, (unsigned char)text[i]);
            continue;
        }
        if (++i >= n) {
            return false;
        }
        const char *simple = memchr(from, text[i], sizeof(from) - 1);
        if (simple != NULL) {
            fx_buf_byte(out, (unsigned char)to[simple - from]);
        } else if (text[i] == 'x' && hex_number(text + i + 1, n - i - 1, 2, &value)) {
            fx_buf_byte(out, value);
            i += 2;
        } else if (text[i] == 'u' && hex_number(text + i + 1, n - i - 1, 4, &value)) {
            put_utf8(out, value);
            i += 4;
        } else {
            return false;
        }
    }
    return true;
}

void fx_repeat(const char *text, size_t len, uint64_t n, struct fx_buf *out)
{
    for (uint64_t k = 0; k < n; k++) {
        for (size_t i = 0; i < len; i++) {
            if (text[i] == '%' && i + 1 < len && text[i + 1] == 'u') {
                fx_buf_printf(out, "%llu", (unsigned long long)k);
                i++;
            } else {
                fx_buf_byte(out, (unsigned char)text[i]);
            }
        }
    }
}

/* Reads one code point of UTF-8, surrogates included; returns its length or 0. */
static size_t read_utf8(const unsigned char *p, size_t left, unsigned *ret_c)
{
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (len == 0 || p[0] > 0xF4 || len > left) {
        return 0;
    }
    static const unsigned masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    unsigned c = p[0] & masks[len];
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
        c = c << 6 | (p[i] & 0x3Fu);
    }
    *ret_c = c;
    return len;
}

static void put_utf16(struct fx_buf *out, unsigned unit, bool big)
{
    fx_buf_byte(out, big ? unit >> 8 : unit);
    fx_buf_byte(out, big ? unit : unit >> 8);
}

void fx_encode(const unsigned char *text, size_t n, enum fx_encoding encoding, struct fx_buf *out)
{
    bool big = encoding == FX_ENCODING_UTF16BE || encoding == FX_ENCODING_UTF16BE_NO_BOM;
    if (encoding == FX_ENCODING_UTF8_BOM) {
        fx_buf_put(out, "\xEF\xBB\xBF", 3);
    }
    if (encoding == FX_ENCODING_UTF8 || encoding == FX_ENCODING_UTF8_BOM) {
        fx_buf_put(out, text, n);
        return;
    }
    if (encoding == FX_ENCODING_UTF16LE || encoding == FX_ENCODING_UTF16BE) {
        put_utf16(out, 0xFEFF, big);
    }
    for (size_t i = 0; i < n;) {
        unsigned c = 0;
        size_t len = read_utf8(text + i, n - i, &c);
        if (len == 0) {
            fx_die("text for UTF-16 is not UTF-8; use hex instead");
        }
        if (c > 0xFFFF) {
            put_utf16(out, 0xD800 + ((c - 0x10000) >> 10), big);
            c = 0xDC00 + ((c - 0x10000) & 0x3FF);
        }
        put_utf16(out, c, big);
        i += len;
    }
}

static void put_gzip(const struct fx_buf *plain, struct fx_buf *out)
{
    z_stream zlib = {0};
    if (deflateInit2(&zlib, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
        fx_die("cannot start gzip");
    }
    size_t room = deflateBound(&zlib, (uLong)plain->len) + 32;
    fx_buf_reserve(out, room);
    zlib.next_in = plain->data;
    zlib.avail_in = (uInt)plain->len;
    zlib.next_out = out->data + out->len;
    zlib.avail_out = (uInt)room;
    if (deflate(&zlib, Z_FINISH) != Z_STREAM_END) {
        fx_die("cannot compress");
    }
    out->len += room - zlib.avail_out;
    deflateEnd(&zlib);
}

static void put_hex(const char *text, size_t n, struct fx_buf *out)
{
    int high = -1;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == ' ' || text[i] == '\t' || text[i] == '\n') {
            continue;
        }
        int digit = hex_digit(text[i]);
        if (digit < 0) {
            fx_die("'%c' is no hexadecimal digit", text[i]);
        }
        if (high < 0) {
            high = digit;
        } else {
            fx_buf_byte(out, (unsigned)(high * 16 + digit));
            high = -1;
        }
    }
    if (high >= 0) {
        fx_die("odd number of hexadecimal digits");
    }
}

static void put_line(const char *line, size_t n, const struct fx_text_form *form,
                     struct fx_buf *out)
{
    struct fx_buf plain = {0};
    if (form->escapes) {
        if (!fx_unescape(line, n, &plain)) {
            fx_die("unknown escape in: %.*s", (int)n, line);
        }
        line = (const char *)plain.data;
        n = plain.len;
    }
    unsigned long long count = 0;
    int used = 0;
    char head[32] = "";
    snprintf(head, sizeof(head), "%.*s", n < 31 ? (int)n : 31, n > 0 ? line : "");
    if (form->expand && sscanf(head, "%%%%%llu%n", &count, &used) == 1 && (size_t)used < n) {
        /* exactly one blank separates the count from the text */
        fx_repeat(line + used + 1, n - (size_t)used - 1, count, out);
    } else {
        fx_buf_put(out, line, n);
    }
    fx_buf_fini(&plain);
}

void fx_text_write(const char *text, size_t n, const struct fx_text_form *form, struct fx_buf *out)
{
    struct fx_buf plain = {0};
    if (form->hex) {
        put_hex(text, n, &plain);
    } else {
        for (size_t at = 0; at < n;) {
            const char *end = memchr(text + at, '\n', n - at);
            size_t len = end == NULL ? n - at : (size_t)(end - (text + at));
            put_line(text + at, len, form, &plain);
            at += len + 1;
            if (end != NULL && !(form->no_eol && at >= n)) {
                fx_buf_text(&plain, form->crlf ? "\r\n" : "\n");
            }
        }
    }
    struct fx_buf encoded = {0};
    fx_encode(plain.data, plain.len, form->encoding, &encoded);
    if (form->gzip) {
        put_gzip(&encoded, out);
    } else {
        fx_buf_put(out, encoded.data, encoded.len);
    }
    fx_buf_fini(&encoded);
    fx_buf_fini(&plain);
}

void fx_xml_escape(struct fx_buf *out, const char *text)
{
    size_t n;
    while (text[n = strcspn(text, "&<>\"\t\n\r")] != '\0') {
        fx_buf_put(out, text, n);
        switch (text[n]) {
        case '&':
            fx_buf_text(out, "&amp;");
            break;
        case '<':
            fx_buf_text(out, "&lt;");
            break;
        case '>':
            fx_buf_text(out, "&gt;");
            break;
        case '"':
            fx_buf_text(out, "&quot;");
            break;
        default:
            fx_buf_printf(out, "&#%d;", text[n]);
            break;
        }
        text += n + 1;
    }
    fx_buf_text(out, text);
}
