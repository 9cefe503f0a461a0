/*
 * A catalog is a PKCS #7 message whose content is Microsoft's certificate trust list: a list of
 * members, each with a tag and, among its attributes, the digest of a file. The walk over both is
 * here; signers are read in catalog_signers.c.
 *
 * Nothing is copied: everything that was read is a range of the catalog's bytes, which the caller
 * keeps. What the walk does not understand it refuses, since a file that a member covers is taken
 * for genuine.
 */
#include "imgval/disk/catalog.h"

#include "imgval/base/buf.h"
#include "imgval/base/text.h"
#include "imgval/disk/catalog_signers.h"

#include <string.h>

#define OID_SIGNED_DATA "\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02"        /* 1.2.840.113549.1.7.2 */
#define OID_TRUST_LIST "\x2B\x06\x01\x04\x01\x82\x37\x0A\x01"         /* 1.3.6.1.4.1.311.10.1 */
#define OID_MEMBERS_1 "\x2B\x06\x01\x04\x01\x82\x37\x0C\x01\x02"      /* ... 311.12.1.2 */
#define OID_MEMBERS_2 "\x2B\x06\x01\x04\x01\x82\x37\x0C\x01\x03"      /* ... 311.12.1.3 */
#define OID_NAME_AND_VALUE "\x2B\x06\x01\x04\x01\x82\x37\x0C\x02\x01" /* ... 311.12.2.1 */
#define OID_INDIRECT_DATA "\x2B\x06\x01\x04\x01\x82\x37\x02\x01\x04"  /* ... 311.2.1.4 */
#define OID_FILE_DATA "\x2B\x06\x01\x04\x01\x82\x37\x02\x01\x19"      /* ... 311.2.1.25 */
#define OID_PE_DATA "\x2B\x06\x01\x04\x01\x82\x37\x02\x01\x0F"        /* ... 311.2.1.15 */

/* ---- members ------------------------------------------------------------------------------- */

/* SpcIndirectData: the type of what is digested, then algorithm and digest. The digest's length
 * says which algorithm it is. */
static bool read_digest(struct iv_der values, struct iv_catalog_member *member)
{
    struct iv_der indirect;
    struct iv_der data;
    struct iv_der info;
    struct iv_der algorithm;
    struct iv_der_element type;
    struct iv_der_element digest;
    if (!iv_der_enter(&values, IV_DER_SEQUENCE, &indirect) ||
        !iv_der_enter(&indirect, IV_DER_SEQUENCE, &data) ||
        !iv_der_take_tag(&data, IV_DER_OID, &type) ||
        !iv_der_enter(&indirect, IV_DER_SEQUENCE, &info) ||
        !iv_der_enter(&info, IV_DER_SEQUENCE, &algorithm) ||
        !iv_der_take_tag(&info, IV_DER_OCTETS, &digest) ||
        (digest.value.size != IV_SHA1_SIZE && digest.value.size != IV_SHA256_SIZE)) {
        return false;
    }
    member->data_type = type.value;
    member->data = IV_DER_IS_OID(type.value, OID_FILE_DATA) ? IV_CATALOG_DATA_FILE
                   : IV_DER_IS_OID(type.value, OID_PE_DATA) ? IV_CATALOG_DATA_PE
                                                            : IV_CATALOG_DATA_OTHER;
    member->digest = digest.value;
    return true;
}

/* A tag, then a set of attributes, one of which may be the indirect data. A member that names two
 * digests says nothing: readers would choose differently. */
static bool read_member(struct iv_der value, struct iv_catalog_member *ret_member)
{
    struct iv_der_element tag;
    struct iv_der attribute;
    *ret_member = (struct iv_catalog_member){0};
    if (!iv_der_take_tag(&value, IV_DER_OCTETS, &tag) ||
        (value.size > 0 && !iv_der_enter(&value, IV_DER_SET, &ret_member->attributes)) ||
        value.size > 0) {
        return false;
    }
    ret_member->tag = tag.value;
    struct iv_der at = ret_member->attributes;
    while (at.size > 0) {
        struct iv_der_element type;
        struct iv_der values;
        if (!iv_der_enter(&at, IV_DER_SEQUENCE, &attribute) ||
            !iv_der_take_tag(&attribute, IV_DER_OID, &type) ||
            !iv_der_enter(&attribute, IV_DER_SET, &values)) {
            return false;
        }
        if (IV_DER_IS_OID(type.value, OID_INDIRECT_DATA) &&
            (ret_member->digest.size > 0 || !read_digest(values, ret_member))) {
            return false;
        }
    }
    return true;
}

bool iv_catalog_next(struct iv_der *at, struct iv_catalog_member *ret_member)
{
    struct iv_der value;
    return iv_der_enter(at, IV_DER_SEQUENCE, &value) && read_member(value, ret_member);
}

/* The best answer that the catalog can give: SHA-256 at once, SHA-1 only where no member has
 * better, and the tag only in a catalog without digests, whose tags are digests by custom. */
enum iv_catalog_match iv_catalog_find(const struct iv_catalog *catalog,
                                      const unsigned char sha1[IV_SHA1_SIZE],
                                      const unsigned char sha256[IV_SHA256_SIZE])
{
    struct iv_catalog_member member;
    bool by_tag = false;
    bool by_sha1 = false;
    bool has_sha256 = false;
    struct iv_der at = catalog->members;
    while (iv_catalog_next(&at, &member)) {
        if (iv_der_is_equal(member.digest, sha256, IV_SHA256_SIZE)) {
            return IV_CATALOG_MATCH_SHA256;
        }
        has_sha256 = has_sha256 || member.digest.size == IV_SHA256_SIZE;
        by_sha1 = by_sha1 || iv_der_is_equal(member.digest, sha1, IV_SHA1_SIZE);
        by_tag = by_tag || iv_der_is_equal(member.tag, sha256, IV_SHA256_SIZE) ||
                 iv_der_is_equal(member.tag, sha1, IV_SHA1_SIZE);
    }
    if (catalog->digest_count == 0) {
        return by_tag ? IV_CATALOG_MATCH_TAG : IV_CATALOG_MATCH_NONE;
    }
    return by_sha1 && !has_sha256 ? IV_CATALOG_MATCH_SHA1 : IV_CATALOG_MATCH_NONE;
}

/* ---- attributes ---------------------------------------------------------------------------- */

/* Attributes that are a name and a text, such as the operating system that a catalog is for. NULL:
 * there is none of that name that can be read. */
const char *iv_catalog_value(struct iv_der attributes, const char *name, struct iv_arena *arena)
{
    struct iv_der attribute;
    while (iv_der_enter(&attributes, IV_DER_SEQUENCE, &attribute)) {
        struct iv_der_element type;
        struct iv_der_element box; /* a set in a member, an octet string in a list */
        struct iv_der pair;
        struct iv_der_element key;
        struct iv_der_element flags;
        struct iv_der_element value;
        if (!iv_der_take_tag(&attribute, IV_DER_OID, &type) ||
            !IV_DER_IS_OID(type.value, OID_NAME_AND_VALUE) || !iv_der_take(&attribute, &box) ||
            !iv_der_enter(&box.value, IV_DER_SEQUENCE, &pair) || !iv_der_take(&pair, &key) ||
            !iv_der_take_tag(&pair, IV_DER_INTEGER, &flags) ||
            !iv_der_take_tag(&pair, IV_DER_OCTETS, &value)) {
            continue;
        }
        const char *text = iv_der_text(&key, arena);
        if (text == NULL || strcmp(text, name) != 0) {
            continue;
        }
        struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
        size_t size = value.value.size;
        if (size >= 2 && value.value.bytes[size - 1] == 0 && value.value.bytes[size - 2] == 0) {
            size -= 2; /* the end of the text */
        }
        if (!iv_utf16_to_utf8(&buf, value.value.bytes, size, false)) {
            return NULL;
        }
        return iv_arena_strdup(arena, iv_buf_text(&buf));
    }
    return NULL;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static bool refuse(const char **ret_why, const char *why)
{
    *ret_why = why;
    return false;
}

/* Usage, identifier, number and dates, then the type of the members, then the members. A list
 * without members may lack the last, or have an empty one. */
static bool read_list(struct iv_catalog *catalog, const char **ret_why)
{
    struct iv_der at = catalog->list;
    struct iv_der_element part;
    struct iv_der type;
    struct iv_der_element oid;
    bool dated = false;
    while (iv_der_peek(at) != IV_DER_SEQUENCE || !dated) {
        if (!iv_der_take(&at, &part)) {
            return refuse(ret_why, "its trust list cannot be read");
        }
        dated = dated || part.tag == IV_DER_UTC_TIME || part.tag == IV_DER_TIME;
    }
    if (!iv_der_enter(&at, IV_DER_SEQUENCE, &type) || !iv_der_take_tag(&type, IV_DER_OID, &oid)) {
        return refuse(ret_why, "its trust list cannot be read");
    }
    catalog->version = IV_DER_IS_OID(oid.value, OID_MEMBERS_1)   ? 1
                       : IV_DER_IS_OID(oid.value, OID_MEMBERS_2) ? 2
                                                                 : 0;
    if (iv_der_peek(at) == IV_DER_SEQUENCE &&
        !iv_der_enter(&at, IV_DER_SEQUENCE, &catalog->members)) {
        return refuse(ret_why, "its list of members cannot be read");
    }
    if (at.size > 0) {
        struct iv_der box;
        if (!iv_der_enter(&at, IV_DER_CONTEXT_0, &box) ||
            !iv_der_enter(&box, IV_DER_SEQUENCE, &catalog->attributes) || at.size > 0) {
            return refuse(ret_why, "the attributes of its trust list cannot be read");
        }
    }
    struct iv_catalog_member member;
    for (struct iv_der left = catalog->members; left.size > 0; catalog->member_count++) {
        if (!iv_catalog_next(&left, &member)) {
            return refuse(ret_why, "a member of its trust list cannot be read");
        }
        catalog->digest_count += member.digest.size > 0;
    }
    return true;
}

/* Certificates in [0], revocation lists in [1], then the set of signers. */
static bool read_rest(struct iv_der at, struct iv_catalog *catalog)
{
    struct iv_der_element part;
    while (iv_der_take(&at, &part)) {
        if (part.tag == IV_DER_CONTEXT_0) {
            catalog->certificates = part.value;
        } else if (part.tag == IV_DER_SET) {
            catalog->signer_infos = part.value;
            return true;
        }
    }
    return false;
}

/* Content type, then version, digest algorithms and the content, then certificates and signers: in
 * the order of RFC 2315. */
bool iv_catalog_read(const void *bytes, size_t size, struct iv_arena *arena,
                     struct iv_catalog *ret_catalog, const char **ret_why)
{
    struct iv_der at = {bytes, size};
    struct iv_der outer;
    struct iv_der explicit;
    struct iv_der data;
    struct iv_der inner;
    struct iv_der_element type;
    struct iv_der_element part;
    *ret_catalog = (struct iv_catalog){0};
    if (!iv_der_enter(&at, IV_DER_SEQUENCE, &outer) ||
        !iv_der_take_tag(&outer, IV_DER_OID, &type) ||
        !IV_DER_IS_OID(type.value, OID_SIGNED_DATA) ||
        !iv_der_enter(&outer, IV_DER_CONTEXT_0, &explicit) ||
        !iv_der_enter(&explicit, IV_DER_SEQUENCE, &data) ||
        !iv_der_take_tag(&data, IV_DER_INTEGER, &part) ||
        !iv_der_take_tag(&data, IV_DER_SET, &part)) {
        return refuse(ret_why, "it is no PKCS #7 signed data");
    }
    if (!iv_der_enter(&data, IV_DER_SEQUENCE, &inner) ||
        !iv_der_take_tag(&inner, IV_DER_OID, &type) || !IV_DER_IS_OID(type.value, OID_TRUST_LIST) ||
        !iv_der_enter(&inner, IV_DER_CONTEXT_0, &explicit) ||
        /* The signature is over the trust list's value, without its own tag and length. */
        !iv_der_enter(&explicit, IV_DER_SEQUENCE, &ret_catalog->list)) {
        return refuse(ret_why, "what is signed is no certificate trust list");
    }
    if (!read_list(ret_catalog, ret_why)) {
        return false;
    }
    if (!read_rest(data, ret_catalog)) {
        return refuse(ret_why, "the set of signers is missing");
    }
    if (!iv_catalog_read_signers(ret_catalog, arena)) {
        return refuse(ret_why, "a signer cannot be read");
    }
    return true;
}
