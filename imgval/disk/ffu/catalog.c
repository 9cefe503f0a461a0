#include "imgval/disk/ffu/catalog.h"

#include "imgval/base/buf.h"
#include "imgval/base/digest.h"
#include "imgval/base/text.h"

#include <inttypes.h>
#include <string.h>

#define SIGNERS_MAX 16
#define CERTIFICATES_MAX 64
#define NAME_MAX_SIZE 256

/* Tags of DER: class and constructed bit as they stand in the byte. */
enum {
    INTEGER = 0x02,
    BIT_STRING = 0x03,
    OCTETS = 0x04,
    OID = 0x06,
    UTF8 = 0x0C,
    PRINTABLE = 0x13,
    TELETEX = 0x14,
    IA5 = 0x16,
    BMP = 0x1E,
    SEQUENCE = 0x30,
    SET = 0x31,
    CONTEXT_0 = 0xA0,
};

/* Bytes of the input; a walk takes elements from the front. */
struct der {
    const unsigned char *bytes;
    size_t size;
};

struct element {
    unsigned tag;
    struct der value;
    struct der whole; /* with tag and length */
};

/* The next element, or false: no more, or malformed. */
static bool take(struct der *at, struct element *ret_element)
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
    ret_element->value = (struct der){at->bytes + header, length};
    ret_element->whole = (struct der){at->bytes, header + length};
    at->bytes += header + length;
    at->size -= header + length;
    return true;
}

static bool take_tag(struct der *at, unsigned tag, struct element *ret_element)
{
    return take(at, ret_element) && ret_element->tag == tag;
}

/* The value of the next element, entered. */
static bool enter(struct der *at, unsigned tag, struct der *ret_value)
{
    struct element element;
    if (!take_tag(at, tag, &element)) {
        return false;
    }
    *ret_value = element.value;
    return true;
}

static bool is_equal(struct der a, const void *bytes, size_t size)
{
    return a.size == size && (size == 0 || memcmp(a.bytes, bytes, size) == 0);
}

#define IS_OID(value, text) is_equal((value), (text), sizeof(text) - 1)
#define OID_SIGNED_DATA "\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02"       /* 1.2.840.113549.1.7.2 */
#define OID_TRUST_LIST "\x2B\x06\x01\x04\x01\x82\x37\x0A\x01"        /* 1.3.6.1.4.1.311.10.1 */
#define OID_INDIRECT_DATA "\x2B\x06\x01\x04\x01\x82\x37\x02\x01\x04" /* 1.3.6.1.4.1.311.2.1.4 */
#define OID_SHA1 "\x2B\x0E\x03\x02\x1A"                              /* 1.3.14.3.2.26 */
#define OID_SHA256 "\x60\x86\x48\x01\x65\x03\x04\x02\x01"            /* 2.16.840.1.101.3.4.2.1 */
#define OID_RSA "\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01"               /* 1.2.840.113549.1.1.1 */
#define OID_MESSAGE_DIGEST "\x2A\x86\x48\x86\xF7\x0D\x01\x09\x04"    /* 1.2.840.113549.1.9.4 */
#define OID_COMMON_NAME "\x55\x04\x03"
#define OID_ORGANIZATION "\x55\x04\x0A"

/* ---- the trust list and the digest in it --------------------------------------------------- */

/* SpcIndirectData: what is digested, then algorithm and digest. */
static bool indirect_digest(struct der value, struct iv_catalog *catalog)
{
    struct der data;
    struct der info;
    struct der algorithm;
    struct element skipped;
    struct element digest;
    if (!enter(&value, SEQUENCE, &data) || !take(&data, &skipped) ||
        !enter(&data, SEQUENCE, &info) || !enter(&info, SEQUENCE, &algorithm) ||
        !take_tag(&info, OCTETS, &digest) ||
        (digest.value.size != IV_SHA1_SIZE && digest.value.size != IV_SHA256_SIZE)) {
        return false;
    }
    catalog->digest = digest.value.bytes;
    catalog->digest_size = digest.value.size;
    return true;
}

/* One member: its tag, then attributes, one of which is the indirect data. */
static bool member_digest(struct der member, struct iv_catalog *catalog)
{
    struct element tag;
    struct der attributes;
    struct der attribute;
    if (!take_tag(&member, OCTETS, &tag) || !enter(&member, SET, &attributes)) {
        return false;
    }
    while (enter(&attributes, SEQUENCE, &attribute)) {
        struct element type;
        struct der values;
        if (take_tag(&attribute, OID, &type) && enter(&attribute, SET, &values) &&
            IS_OID(type.value, OID_INDIRECT_DATA)) {
            return indirect_digest(values, catalog);
        }
    }
    return false;
}

/* The member list is the one sequence in the trust list whose elements begin with an octet string.
 */
static bool list_digest(struct der content, struct iv_catalog *catalog, const char **ret_why)
{
    struct element part;
    while (take(&content, &part)) {
        struct der members = part.value;
        struct der member;
        struct element first;
        if (part.tag != SEQUENCE || !enter(&members, SEQUENCE, &member)) {
            continue;
        }
        struct der look = member;
        if (!take_tag(&look, OCTETS, &first)) {
            continue;
        }
        if (member_digest(member, catalog)) {
            return true;
        }
        *ret_why = "its first member holds no digest";
        return false;
    }
    *ret_why = "its trust list has no member";
    return false;
}

/* ---- names --------------------------------------------------------------------------------- */

static const char *name_text(const struct element *value, struct iv_arena *arena)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    size_t size = value->value.size < NAME_MAX_SIZE ? value->value.size : NAME_MAX_SIZE;
    const char *bytes = (const char *)value->value.bytes;
    switch (value->tag) {
    case BMP:
        if (!iv_utf16_to_utf8(&text, value->value.bytes, size, true)) {
            return NULL;
        }
        break;
    case UTF8:
    case PRINTABLE:
    case TELETEX:
    case IA5:
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

/* The first attribute of that type in a Name, or NULL. */
static const char *name_part(struct der name, const char *oid, struct iv_arena *arena)
{
    struct der set;
    while (enter(&name, SET, &set)) {
        struct der pair;
        while (enter(&set, SEQUENCE, &pair)) {
            struct element type;
            struct element value;
            if (take_tag(&pair, OID, &type) && take(&pair, &value) &&
                is_equal(type.value, oid, 3)) {
                return name_text(&value, arena);
            }
        }
    }
    return NULL;
}

/* ---- certificates and signers -------------------------------------------------------------- */

struct certificate {
    struct der issuer; /* with tag and length, to compare */
    struct der issuer_name;
    struct der serial;
    struct der subject;
    struct iv_rsa_key key;
    bool has_key;
};

/* An unsigned number: the sign byte in front is taken off. */
static bool take_number(struct der *at, struct der *ret_number)
{
    if (!enter(at, INTEGER, ret_number)) {
        return false;
    }
    if (ret_number->size > 1 && ret_number->bytes[0] == 0) {
        ret_number->bytes++;
        ret_number->size--;
    }
    return ret_number->size > 0;
}

/* SubjectPublicKeyInfo with an RSA key. */
static bool read_key(struct der info, struct iv_rsa_key *key)
{
    struct der algorithm;
    struct element type;
    struct element bits;
    struct der numbers;
    struct der modulus;
    struct der exponent;
    if (!enter(&info, SEQUENCE, &algorithm) || !take_tag(&algorithm, OID, &type) ||
        !IS_OID(type.value, OID_RSA) || !take_tag(&info, BIT_STRING, &bits) ||
        bits.value.size < 1) {
        return false;
    }
    struct der body = {bits.value.bytes + 1, bits.value.size - 1};
    if (!enter(&body, SEQUENCE, &numbers) || !take_number(&numbers, &modulus) ||
        !take_number(&numbers, &exponent)) {
        return false;
    }
    *key = (struct iv_rsa_key){modulus.bytes, modulus.size, exponent.bytes, exponent.size};
    return true;
}

static bool read_certificate(struct der value, struct certificate *c)
{
    struct der body;
    struct element part;
    struct element issuer;
    struct element subject;
    *c = (struct certificate){0};
    if (!enter(&value, SEQUENCE, &body) || !take(&body, &part)) {
        return false;
    }
    if (part.tag == CONTEXT_0 && !take(&body, &part)) { /* version */
        return false;
    }
    c->serial = part.value;
    if (part.tag != INTEGER || !take(&body, &part) || !take_tag(&body, SEQUENCE, &issuer) ||
        !take(&body, &part) || !take_tag(&body, SEQUENCE, &subject)) {
        return false;
    }
    c->issuer = issuer.whole;
    c->issuer_name = issuer.value;
    c->subject = subject.value;
    struct der key;
    c->has_key = enter(&body, SEQUENCE, &key) && read_key(key, &c->key);
    return true;
}

struct certificates {
    struct certificate items[CERTIFICATES_MAX];
    size_t count;
};

static void read_certificates(struct der at, struct certificates *ret)
{
    struct der value;
    ret->count = 0;
    while (ret->count < CERTIFICATES_MAX && enter(&at, SEQUENCE, &value)) {
        if (read_certificate(value, &ret->items[ret->count])) {
            ret->count++;
        }
    }
}

static const struct certificate *find_certificate(const struct certificates *all, struct der issuer,
                                                  struct der serial)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct certificate *c = &all->items[i];
        if (is_equal(c->issuer, issuer.bytes, issuer.size) &&
            is_equal(c->serial, serial.bytes, serial.size)) {
            return c;
        }
    }
    return NULL;
}

/* The digest of some bytes by the signer's algorithm; its size, 0 for one that is not known. */
static size_t digest_of(struct der algorithm, struct der head, struct der body,
                        unsigned char ret_digest[IV_SHA256_SIZE])
{
    bool is_sha1 = IS_OID(algorithm, OID_SHA1);
    if (!is_sha1 && !IS_OID(algorithm, OID_SHA256)) {
        return 0;
    }
    struct iv_sha256 *sha = is_sha1 ? iv_sha1_open() : iv_sha256_open();
    iv_sha256_add(sha, head.bytes, head.size);
    iv_sha256_add(sha, body.bytes, body.size);
    if (is_sha1) {
        iv_sha1_close(sha, ret_digest);
    } else {
        iv_sha256_close(sha, ret_digest);
    }
    return is_sha1 ? IV_SHA1_SIZE : IV_SHA256_SIZE;
}

/* Signed attributes must name the content's digest. */
static bool names_digest(struct der attributes, const unsigned char *digest, size_t size)
{
    struct der attribute;
    while (enter(&attributes, SEQUENCE, &attribute)) {
        struct element type;
        struct der values;
        struct element value;
        if (take_tag(&attribute, OID, &type) && IS_OID(type.value, OID_MESSAGE_DIGEST)) {
            return enter(&attribute, SET, &values) && take_tag(&values, OCTETS, &value) &&
                   is_equal(value.value, digest, size);
        }
    }
    return false;
}

struct signer_info {
    struct der issuer, serial, algorithm;
    struct element attributes; /* tag 0: none */
    struct der signature;
};

static bool read_signer(struct der at, struct signer_info *s)
{
    struct element part;
    struct der who;
    struct der algorithm;
    struct element issuer;
    struct element serial;
    *s = (struct signer_info){0};
    if (!take_tag(&at, INTEGER, &part) || !enter(&at, SEQUENCE, &who) ||
        !take_tag(&who, SEQUENCE, &issuer) || !take_tag(&who, INTEGER, &serial) ||
        !enter(&at, SEQUENCE, &algorithm) || !take_tag(&algorithm, OID, &part)) {
        return false;
    }
    s->issuer = issuer.whole;
    s->serial = serial.value;
    s->algorithm = part.value;
    if (!take(&at, &part)) {
        return false;
    }
    if (part.tag == CONTEXT_0) {
        s->attributes = part;
        if (!take(&at, &part)) {
            return false;
        }
    }
    return part.tag == SEQUENCE && enter(&at, OCTETS, &s->signature);
}

/* NOT_VERIFIED where key or algorithm is one that is not computed here. */
static enum iv_signature verify(const struct signer_info *s, const struct certificate *c,
                                struct der content)
{
    unsigned char digest[IV_SHA256_SIZE];
    const struct der nothing = {0};
    size_t size = digest_of(s->algorithm, nothing, content, digest);
    if (size == 0 || c == NULL || !c->has_key) {
        return IV_SIGNATURE_NOT_VERIFIED;
    }
    if (s->attributes.tag != 0) {
        if (!names_digest(s->attributes.value, digest, size)) {
            return IV_SIGNATURE_INVALID;
        }
        /* Signed is the set with its own tag in place of [0]. */
        const unsigned char tag = SET;
        struct der rest = {s->attributes.whole.bytes + 1, s->attributes.whole.size - 1};
        size = digest_of(s->algorithm, (struct der){&tag, 1}, rest, digest);
    }
    return iv_rsa_verify(&c->key, digest, size, s->signature.bytes, s->signature.size)
               ? IV_SIGNATURE_VALID
               : IV_SIGNATURE_INVALID;
}

/* An object identifier in dotted form. */
static const char *oid_text(struct der oid, struct iv_arena *arena)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    uint64_t number = 0;
    bool first = true;
    for (size_t i = 0; i < oid.size && i < 32; i++) {
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

static enum iv_signature worse(enum iv_signature a, enum iv_signature b)
{
    if (a == IV_SIGNATURE_INVALID || b == IV_SIGNATURE_INVALID) {
        return IV_SIGNATURE_INVALID;
    }
    return a == IV_SIGNATURE_VALID ? b : a;
}

static bool read_signers(struct der at, const struct certificates *all, struct der content,
                         struct iv_arena *arena, struct iv_catalog *catalog)
{
    struct der value;
    catalog->signature = at.size == 0 ? IV_SIGNATURE_NONE : IV_SIGNATURE_VALID;
    catalog->signers = IV_NEW_ARRAY(arena, struct iv_image_signer, SIGNERS_MAX);
    while (at.size > 0) {
        struct signer_info s;
        if (catalog->signer_count == SIGNERS_MAX || !enter(&at, SEQUENCE, &value) ||
            !read_signer(value, &s)) {
            return false;
        }
        const struct certificate *c = find_certificate(all, s.issuer, s.serial);
        enum iv_signature signature = verify(&s, c, content);
        struct der issuer = s.issuer;
        struct der issuer_name = {0};
        (void)enter(&issuer, SEQUENCE, &issuer_name);
        catalog->signature = worse(catalog->signature, signature);
        catalog->signers[catalog->signer_count++] = (struct iv_image_signer){
            .name = c == NULL ? NULL : name_part(c->subject, OID_COMMON_NAME, arena),
            .organization = c == NULL ? NULL : name_part(c->subject, OID_ORGANIZATION, arena),
            .issuer = name_part(issuer_name, OID_COMMON_NAME, arena),
            .digest = IS_OID(s.algorithm, OID_SHA1)     ? "SHA-1"
                      : IS_OID(s.algorithm, OID_SHA256) ? "SHA-256"
                                                        : oid_text(s.algorithm, arena),
            .certificate = c != NULL,
            .verified = signature == IV_SIGNATURE_VALID,
        };
    }
    return true;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static bool refuse(const char **ret_why, const char *why)
{
    *ret_why = why;
    return false;
}

bool iv_catalog_read(const void *bytes, size_t size, struct iv_arena *arena,
                     struct iv_catalog *ret_catalog, const char **ret_why)
{
    struct der at = {bytes, size};
    struct der outer;
    struct der explicit;
    struct der data;
    struct der inner;
    struct der list;
    struct element type;
    struct element part;
    *ret_catalog = (struct iv_catalog){0};
    if (!enter(&at, SEQUENCE, &outer) || !take_tag(&outer, OID, &type) ||
        !IS_OID(type.value, OID_SIGNED_DATA) || !enter(&outer, CONTEXT_0, &explicit) ||
        !enter(&explicit, SEQUENCE, &data) || !take_tag(&data, INTEGER, &part) ||
        !take_tag(&data, SET, &part)) {
        return refuse(ret_why, "it is no PKCS #7 signed data");
    }
    if (!enter(&data, SEQUENCE, &inner) || !take_tag(&inner, OID, &type) ||
        !IS_OID(type.value, OID_TRUST_LIST) || !enter(&inner, CONTEXT_0, &explicit) ||
        !enter(&explicit, SEQUENCE, &list)) {
        return refuse(ret_why, "what is signed is no certificate trust list");
    }
    if (!list_digest(list, ret_catalog, ret_why)) {
        return false;
    }
    struct certificates *all = IV_NEW(arena, struct certificates);
    bool has_signers = false;
    while (take(&data, &part)) {
        if (part.tag == CONTEXT_0) {
            read_certificates(part.value, all);
        } else if (part.tag == SET) {
            has_signers = true;
            break;
        }
    }
    if (!has_signers) {
        return refuse(ret_why, "the set of signers is missing");
    }
    /* The signature is over the trust list's value, without its own tag and length. */
    if (!read_signers(part.value, all, list, arena, ret_catalog)) {
        return refuse(ret_why, "a signer cannot be read");
    }
    return true;
}
