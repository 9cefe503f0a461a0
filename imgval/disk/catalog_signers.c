/*
 * The signers of a catalog: each is looked up among the certificates that the catalog brings, and
 * its signature computed with that certificate's key. Whom to trust is not judged here.
 */
#include "imgval/disk/catalog_signers.h"

#include "imgval/base/digest.h"

#include <string.h>

#define SIGNERS_MAX 16
#define CERTIFICATES_MAX 64

#define OID_SHA1 "\x2B\x0E\x03\x02\x1A"                           /* 1.3.14.3.2.26 */
#define OID_SHA256 "\x60\x86\x48\x01\x65\x03\x04\x02\x01"         /* 2.16.840.1.101.3.4.2.1 */
#define OID_RSA "\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01"            /* 1.2.840.113549.1.1.1 */
#define OID_MESSAGE_DIGEST "\x2A\x86\x48\x86\xF7\x0D\x01\x09\x04" /* 1.2.840.113549.1.9.4 */
#define OID_COMMON_NAME "\x55\x04\x03"
#define OID_ORGANIZATION "\x55\x04\x0A"

/* The first attribute of that type in a Name, or NULL. */
static const char *name_part(struct iv_der name, const char *oid, struct iv_arena *arena)
{
    struct iv_der set;
    while (iv_der_enter(&name, IV_DER_SET, &set)) {
        struct iv_der pair;
        while (iv_der_enter(&set, IV_DER_SEQUENCE, &pair)) {
            struct iv_der_element type;
            struct iv_der_element value;
            if (iv_der_take_tag(&pair, IV_DER_OID, &type) && iv_der_take(&pair, &value) &&
                iv_der_is_equal(type.value, oid, 3)) {
                return iv_der_text(&value, arena);
            }
        }
    }
    return NULL;
}

/* ---- certificates and signers -------------------------------------------------------------- */

struct certificate {
    struct iv_der issuer; /* with tag and length, to compare */
    struct iv_der issuer_name;
    struct iv_der serial;
    struct iv_der subject;
    struct iv_rsa_key key;
    bool has_key;
};

/* An unsigned number: the sign byte in front is taken off. */
static bool take_number(struct iv_der *at, struct iv_der *ret_number)
{
    if (!iv_der_enter(at, IV_DER_INTEGER, ret_number)) {
        return false;
    }
    if (ret_number->size > 1 && ret_number->bytes[0] == 0) {
        ret_number->bytes++;
        ret_number->size--;
    }
    return ret_number->size > 0;
}

/* SubjectPublicKeyInfo with an RSA key. */
static bool read_key(struct iv_der info, struct iv_rsa_key *key)
{
    struct iv_der algorithm;
    struct iv_der_element type;
    struct iv_der_element bits;
    struct iv_der numbers;
    struct iv_der modulus;
    struct iv_der exponent;
    if (!iv_der_enter(&info, IV_DER_SEQUENCE, &algorithm) ||
        !iv_der_take_tag(&algorithm, IV_DER_OID, &type) || !IV_DER_IS_OID(type.value, OID_RSA) ||
        !iv_der_take_tag(&info, IV_DER_BIT_STRING, &bits) || bits.value.size < 1) {
        return false;
    }
    struct iv_der body = {bits.value.bytes + 1, bits.value.size - 1};
    if (!iv_der_enter(&body, IV_DER_SEQUENCE, &numbers) || !take_number(&numbers, &modulus) ||
        !take_number(&numbers, &exponent)) {
        return false;
    }
    *key = (struct iv_rsa_key){modulus.bytes, modulus.size, exponent.bytes, exponent.size};
    return true;
}

static bool read_certificate(struct iv_der value, struct certificate *c)
{
    struct iv_der body;
    struct iv_der_element part;
    struct iv_der_element issuer;
    struct iv_der_element subject;
    *c = (struct certificate){0};
    if (!iv_der_enter(&value, IV_DER_SEQUENCE, &body) || !iv_der_take(&body, &part)) {
        return false;
    }
    if (part.tag == IV_DER_CONTEXT_0 && !iv_der_take(&body, &part)) { /* version */
        return false;
    }
    c->serial = part.value;
    if (part.tag != IV_DER_INTEGER || !iv_der_take(&body, &part) ||
        !iv_der_take_tag(&body, IV_DER_SEQUENCE, &issuer) || !iv_der_take(&body, &part) ||
        !iv_der_take_tag(&body, IV_DER_SEQUENCE, &subject)) {
        return false;
    }
    c->issuer = issuer.whole;
    c->issuer_name = issuer.value;
    c->subject = subject.value;
    struct iv_der key;
    c->has_key = iv_der_enter(&body, IV_DER_SEQUENCE, &key) && read_key(key, &c->key);
    return true;
}

struct certificates {
    struct certificate items[CERTIFICATES_MAX];
    size_t count;
};

static void read_certificates(struct iv_der at, struct certificates *ret)
{
    struct iv_der value;
    ret->count = 0;
    while (ret->count < CERTIFICATES_MAX && iv_der_enter(&at, IV_DER_SEQUENCE, &value)) {
        if (read_certificate(value, &ret->items[ret->count])) {
            ret->count++;
        }
    }
}

static const struct certificate *find_certificate(const struct certificates *all,
                                                  struct iv_der issuer, struct iv_der serial)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct certificate *c = &all->items[i];
        if (iv_der_is_equal(c->issuer, issuer.bytes, issuer.size) &&
            iv_der_is_equal(c->serial, serial.bytes, serial.size)) {
            return c;
        }
    }
    return NULL;
}

/* The digest of some bytes by the signer's algorithm; its size, 0 for one that is not known. */
static size_t digest_of(struct iv_der algorithm, struct iv_der head, struct iv_der body,
                        unsigned char ret_digest[IV_SHA256_SIZE])
{
    bool is_sha1 = IV_DER_IS_OID(algorithm, OID_SHA1);
    if (!is_sha1 && !IV_DER_IS_OID(algorithm, OID_SHA256)) {
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
static bool names_digest(struct iv_der attributes, const unsigned char *digest, size_t size)
{
    struct iv_der attribute;
    while (iv_der_enter(&attributes, IV_DER_SEQUENCE, &attribute)) {
        struct iv_der_element type;
        struct iv_der values;
        struct iv_der_element value;
        if (iv_der_take_tag(&attribute, IV_DER_OID, &type) &&
            IV_DER_IS_OID(type.value, OID_MESSAGE_DIGEST)) {
            return iv_der_enter(&attribute, IV_DER_SET, &values) &&
                   iv_der_take_tag(&values, IV_DER_OCTETS, &value) &&
                   iv_der_is_equal(value.value, digest, size);
        }
    }
    return false;
}

struct signer_info {
    struct iv_der issuer, serial, algorithm;
    struct iv_der_element attributes; /* tag 0: none */
    struct iv_der signature;
};

static bool read_signer(struct iv_der at, struct signer_info *s)
{
    struct iv_der_element part;
    struct iv_der who;
    struct iv_der algorithm;
    struct iv_der_element issuer;
    struct iv_der_element serial;
    *s = (struct signer_info){0};
    if (!iv_der_take_tag(&at, IV_DER_INTEGER, &part) || !iv_der_enter(&at, IV_DER_SEQUENCE, &who) ||
        !iv_der_take_tag(&who, IV_DER_SEQUENCE, &issuer) ||
        !iv_der_take_tag(&who, IV_DER_INTEGER, &serial) ||
        !iv_der_enter(&at, IV_DER_SEQUENCE, &algorithm) ||
        !iv_der_take_tag(&algorithm, IV_DER_OID, &part)) {
        return false;
    }
    s->issuer = issuer.whole;
    s->serial = serial.value;
    s->algorithm = part.value;
    if (!iv_der_take(&at, &part)) {
        return false;
    }
    if (part.tag == IV_DER_CONTEXT_0) {
        s->attributes = part;
        if (!iv_der_take(&at, &part)) {
            return false;
        }
    }
    return part.tag == IV_DER_SEQUENCE && iv_der_enter(&at, IV_DER_OCTETS, &s->signature);
}

/* NOT_VERIFIED where key or algorithm is one that is not computed here. */
static enum iv_signature verify(const struct signer_info *s, const struct certificate *c,
                                struct iv_der content)
{
    unsigned char digest[IV_SHA256_SIZE];
    const struct iv_der nothing = {0};
    size_t size = digest_of(s->algorithm, nothing, content, digest);
    if (size == 0 || c == NULL || !c->has_key) {
        return IV_SIGNATURE_NOT_VERIFIED;
    }
    if (s->attributes.tag != 0) {
        if (!names_digest(s->attributes.value, digest, size)) {
            return IV_SIGNATURE_INVALID;
        }
        /* Signed is the set with its own tag in place of [0]. */
        const unsigned char tag = IV_DER_SET;
        struct iv_der rest = {s->attributes.whole.bytes + 1, s->attributes.whole.size - 1};
        size = digest_of(s->algorithm, (struct iv_der){&tag, 1}, rest, digest);
    }
    return iv_rsa_verify(&c->key, digest, size, s->signature.bytes, s->signature.size)
               ? IV_SIGNATURE_VALID
               : IV_SIGNATURE_INVALID;
}

static enum iv_signature worse(enum iv_signature a, enum iv_signature b)
{
    if (a == IV_SIGNATURE_INVALID || b == IV_SIGNATURE_INVALID) {
        return IV_SIGNATURE_INVALID;
    }
    return a == IV_SIGNATURE_VALID ? b : a;
}

bool iv_catalog_read_signers(struct iv_catalog *catalog, struct iv_arena *arena)
{
    struct iv_der at = catalog->signer_infos;
    struct iv_der value;
    struct certificates *all = IV_NEW(arena, struct certificates);
    read_certificates(catalog->certificates, all);
    catalog->signature = at.size == 0 ? IV_SIGNATURE_NONE : IV_SIGNATURE_VALID;
    catalog->signers = IV_NEW_ARRAY(arena, struct iv_image_signer, SIGNERS_MAX);
    while (at.size > 0) {
        struct signer_info s;
        if (catalog->signer_count == SIGNERS_MAX || !iv_der_enter(&at, IV_DER_SEQUENCE, &value) ||
            !read_signer(value, &s)) {
            return false;
        }
        const struct certificate *c = find_certificate(all, s.issuer, s.serial);
        enum iv_signature signature = verify(&s, c, catalog->list);
        struct iv_der issuer = s.issuer;
        struct iv_der issuer_name;
        if (!iv_der_enter(&issuer, IV_DER_SEQUENCE, &issuer_name)) {
            issuer_name = (struct iv_der){0};
        }
        catalog->signature = worse(catalog->signature, signature);
        catalog->signers[catalog->signer_count++] = (struct iv_image_signer){
            .name = c == NULL ? NULL : name_part(c->subject, OID_COMMON_NAME, arena),
            .organization = c == NULL ? NULL : name_part(c->subject, OID_ORGANIZATION, arena),
            .issuer = name_part(issuer_name, OID_COMMON_NAME, arena),
            .digest = IV_DER_IS_OID(s.algorithm, OID_SHA1) ? "SHA-1"
                      : IV_DER_IS_OID(s.algorithm, OID_SHA256)
                          ? "SHA-256"
                          : iv_der_oid_text(s.algorithm, arena),
            .certificate = c != NULL,
            .verified = signature == IV_SIGNATURE_VALID,
        };
    }
    return true;
}
