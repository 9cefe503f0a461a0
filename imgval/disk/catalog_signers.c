/*
 * The signers of a catalog: each is looked up among the certificates that the catalog brings. This
 * walk finds names and shapes alone; whether the signatures are valid is libcrypto's to say
 * (base/signature.h), of an image's catalog as of a package's.
 */
#include "imgval/disk/catalog_signers.h"

#include "imgval/base/signature.h"

#include <string.h>

#define SIGNERS_MAX 16
#define CERTIFICATES_MAX 64

#define OID_SHA1 "\x2B\x0E\x03\x02\x1A"                   /* 1.3.14.3.2.26 */
#define OID_SHA256 "\x60\x86\x48\x01\x65\x03\x04\x02\x01" /* 2.16.840.1.101.3.4.2.1 */
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
};

/* As far as the subject: version, serial number, algorithm, issuer, validity, subject. */
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
    return true;
}

struct certificates {
    struct certificate items[CERTIFICATES_MAX];
    size_t count;
};

/* One that cannot be read is left out: the signer may have another. */
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

/* Issuer and serial number are what a signer names its certificate by. */
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

struct signer_info {
    struct iv_der issuer, serial, algorithm;
};

/* The shape is checked to the signature, so that half a signer is refused here and not shown. */
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
    if (part.tag == IV_DER_CONTEXT_0 && !iv_der_take(&at, &part)) { /* signed attributes */
        return false;
    }
    return part.tag == IV_DER_SEQUENCE && iv_der_take_tag(&at, IV_DER_OCTETS, &part);
}

bool iv_catalog_read_signers(struct iv_catalog *catalog, struct iv_arena *arena)
{
    struct iv_der at = catalog->signer_infos;
    struct iv_der value;
    struct certificates *all = IV_NEW(arena, struct certificates);
    read_certificates(catalog->certificates, all);
    catalog->signature = at.size == 0 ? IV_SIGNATURE_NONE : IV_SIGNATURE_NOT_VERIFIED;
    catalog->signers = IV_NEW_ARRAY(arena, struct iv_image_signer, SIGNERS_MAX);
    while (at.size > 0) {
        struct signer_info s;
        if (catalog->signer_count == SIGNERS_MAX || !iv_der_enter(&at, IV_DER_SEQUENCE, &value) ||
            !read_signer(value, &s)) {
            return false;
        }
        const struct certificate *c = find_certificate(all, s.issuer, s.serial);
        struct iv_der issuer = s.issuer;
        struct iv_der issuer_name;
        if (!iv_der_enter(&issuer, IV_DER_SEQUENCE, &issuer_name)) {
            issuer_name = (struct iv_der){0};
        }
        catalog->signers[catalog->signer_count++] = (struct iv_image_signer){
            .name = c == NULL ? NULL : name_part(c->subject, OID_COMMON_NAME, arena),
            .organization = c == NULL ? NULL : name_part(c->subject, OID_ORGANIZATION, arena),
            .issuer = name_part(issuer_name, OID_COMMON_NAME, arena),
            .digest = IV_DER_IS_OID(s.algorithm, OID_SHA1) ? "SHA-1"
                      : IV_DER_IS_OID(s.algorithm, OID_SHA256)
                          ? "SHA-256"
                          : iv_der_oid_text(s.algorithm, arena),
            .certificate = c != NULL,
        };
    }
    return true;
}

void iv_catalog_verify(struct iv_catalog *catalog, const void *bytes, size_t size,
                       struct iv_arena *arena, const char **ret_why)
{
    const struct iv_signing nobody = {0};
    struct iv_signed by = {0};
    *ret_why = NULL;
    if (catalog->signature == IV_SIGNATURE_NONE) {
        return;
    }
    const struct iv_signed_message message = {.bytes = bytes,
                                              .size = size,
                                              .content = catalog->list.bytes,
                                              .content_size = catalog->list.size};
    if (iv_signature_read(&message, &nobody, arena, &by, ret_why)) {
        /* Two readers of one message: one that sees no signer has not verified any. */
        *ret_why = by.signer_count != catalog->signer_count ? "its signers are not clear" : by.why;
    }
    catalog->signature = *ret_why == NULL ? IV_SIGNATURE_VALID : IV_SIGNATURE_INVALID;
    for (size_t i = 0; i < catalog->signer_count; i++) {
        catalog->signers[i].verified = *ret_why == NULL;
    }
}
