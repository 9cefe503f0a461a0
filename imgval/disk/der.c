/*
 * DER elements, one after the other: tag, length, value (X.690, 8.1 and 10.1). Lengths are checked
 * against what is left before an element is handed out, so values never reach out of their parent.
 * Only tags of one byte and definite lengths are read: catalogs have no others.
 */
#include "imgval/disk/der.h"

#include "imgval/base/buf.h"
#include "imgval/base/text.h"

#include <inttypes.h>
#include <string.h>

#define TEXT_SIZE_MAX 256
#define OID_SIZE_MAX 32

bool iv_der_take(struct iv_der *at, struct iv_der_element *ret_element)
{
    if (at->size < 2 || (at->bytes[0] & 0x1F) == 0x1F) {
        return false;
    }
    size_t header = 2;
    size_t length = at->bytes[1];
    if (length >= 0x80) {
        size_t count = length & 0x7F;
        if (count == 0 || count > 4 || at->size < 2 + count) {
            return false; /* of unknown length (not DER), or larger than any catalog */
        }
        length = 0;
        for (size_t i = 0; i < count; i++) {
            length = length << 8 | at->bytes[2 + i];
        }
        header += count;
    }
    if (length > at->size - header) {
        return false;
    }
    ret_element->tag = at->bytes[0];
    ret_element->value = (struct iv_der){at->bytes + header, length};
    ret_element->whole = (struct iv_der){at->bytes, header + length};
    at->bytes += header + length;
    at->size -= header + length;
    return true;
}

bool iv_der_take_tag(struct iv_der *at, unsigned tag, struct iv_der_element *ret_element)
{
    return iv_der_take(at, ret_element) && ret_element->tag == tag;
}

bool iv_der_enter(struct iv_der *at, unsigned tag, struct iv_der *ret_value)
{
    struct iv_der_element element;
    if (!iv_der_take_tag(at, tag, &element)) {
        return false;
    }
    *ret_value = element.value;
    return true;
}

unsigned iv_der_peek(struct iv_der at)
{
    return at.size == 0 ? 0 : at.bytes[0];
}

bool iv_der_is_equal(struct iv_der a, const void *bytes, size_t size)
{
    return a.size == size && (size == 0 || memcmp(a.bytes, bytes, size) == 0);
}

const char *iv_der_oid_text(struct iv_der oid, struct iv_arena *arena)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    uint64_t number = 0;
    bool first = true;
    for (size_t i = 0; i < oid.size && i < OID_SIZE_MAX; i++) {
        number = number << 7 | (oid.bytes[i] & 0x7F);
        if ((oid.bytes[i] & 0x80) == 0) {
            if (first) {
                uint64_t root = number < 80 ? number / 40 : 2;
                iv_buf_printf(&text, "%" PRIu64 ".%" PRIu64, root, number - 40 * root);
            } else {
                iv_buf_printf(&text, ".%" PRIu64, number);
            }
            first = false;
            number = 0;
        }
    }
    return iv_arena_strdup(arena, iv_buf_text(&text));
}

const char *iv_der_text(const struct iv_der_element *value, struct iv_arena *arena)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    size_t size = value->value.size < TEXT_SIZE_MAX ? value->value.size : TEXT_SIZE_MAX;
    const char *bytes = (const char *)value->value.bytes;
    switch (value->tag) {
    case IV_DER_BMP:
        if (!iv_utf16_to_utf8(&text, value->value.bytes, size, true)) {
            return NULL;
        }
        break;
    case IV_DER_UTF8:
    case IV_DER_PRINTABLE:
    case IV_DER_TELETEX:
    case IV_DER_IA5:
        for (size_t i = 0; i < size;) {
            uint32_t code;
            size_t taken = iv_utf8_decode(bytes + i, size - i, &code);
            iv_utf8_add(&text, taken == 0 ? (unsigned char)bytes[i] : code == 0 ? 0xFFFD : code);
            i += taken == 0 ? 1 : taken;
        }
        break;
    default:
        return NULL;
    }
    return iv_arena_strdup(arena, iv_buf_text(&text));
}
