/*
 * der.h: a bounded walk over DER, the encoding of catalogs and certificates: element by element,
 * never beyond the bytes given, no recursion, nothing allocated. Lengths of unknown size and tags
 * of several bytes are no DER that occurs here and end the walk.
 */
#ifndef IMGVAL_DISK_DER_H
#define IMGVAL_DISK_DER_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"

#include <stdbool.h>
#include <stddef.h>

/* Tags: class and constructed bit as they stand in the byte. */
enum iv_der_tag {
    IV_DER_INTEGER = 0x02,
    IV_DER_BIT_STRING = 0x03,
    IV_DER_OCTETS = 0x04,
    IV_DER_OID = 0x06,
    IV_DER_UTF8 = 0x0C,
    IV_DER_PRINTABLE = 0x13,
    IV_DER_TELETEX = 0x14,
    IV_DER_IA5 = 0x16,
    IV_DER_UTC_TIME = 0x17,
    IV_DER_TIME = 0x18,
    IV_DER_BMP = 0x1E,
    IV_DER_SEQUENCE = 0x30,
    IV_DER_SET = 0x31,
    IV_DER_CONTEXT_0 = 0xA0,
};

/* Bytes of the input, borrowed; a walk takes elements from the front. */
struct iv_der {
    const unsigned char *bytes;
    size_t size;
};

struct iv_der_element {
    unsigned tag;
    struct iv_der value;
    struct iv_der whole; /* with tag and length */
};

/* The next element, which is taken off; false: there is no more, or it is malformed. */
IV_MUST_USE bool iv_der_take(struct iv_der *at, struct iv_der_element *ret_element);

/* The same; false also where it has another tag (it is taken off all the same). */
IV_MUST_USE bool iv_der_take_tag(struct iv_der *at, unsigned tag,
                                 struct iv_der_element *ret_element);

/* The value of the next element, which must have that tag. */
IV_MUST_USE bool iv_der_enter(struct iv_der *at, unsigned tag, struct iv_der *ret_value);

/* The tag of the next element, 0 at the end. */
unsigned iv_der_peek(struct iv_der at);

bool iv_der_is_equal(struct iv_der a, const void *bytes, size_t size);

/* `text`: the bytes of an object identifier, as a string literal. */
#define IV_DER_IS_OID(value, text) iv_der_is_equal((value), (text), sizeof(text) - 1)

/* An object identifier in dotted form. */
const char *iv_der_oid_text(struct iv_der oid, struct iv_arena *arena);

/* A text of one of the string types, as UTF-8; NULL for another type. Cut at 256 bytes of input. */
const char *iv_der_text(const struct iv_der_element *value, struct iv_arena *arena);

#endif
