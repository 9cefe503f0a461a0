/* Signatures that libcrypto makes here: algorithms, chains, weak parts, and time stamps of RFC
 * 3161. Catalogs as packages have them are in test_catalog.c. */
#include "imgval/base/attr.h"
#include "imgval/base/signature.h"
#include "tests/unit/unit.h"

#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/rsa.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

/* The content of the messages: a sequence of the number 5. */
static const unsigned char content[] = {0x02, 0x01, 0x05};
static const unsigned char sequence[] = {0x30, 0x03, 0x02, 0x01, 0x05};

/* A certificate and the key that belongs to it. */
struct holder {
    X509 *certificate;
    EVP_PKEY *key;
};

static void must(bool is_fine)
{
    if (!is_fine) {
        abort();
    }
}

static void extend(X509 *certificate, int kind, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, kind, value);
    must(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

/* Of the year 2017, and good for signing others. `kind`: part of a name such as CN; `by`: who signs
 * it, NULL: itself. */
static struct holder holder(const char *kind, const char *name, unsigned bits, const EVP_MD *method,
                            const struct holder *by, const char *use)
{
    struct holder h = {.certificate = X509_new(), .key = EVP_RSA_gen(bits)};
    must(h.certificate != NULL && h.key != NULL);
    ASN1_INTEGER_set(X509_get_serialNumber(h.certificate), rand() % 100000 + 1);
    must(ASN1_TIME_set_string(X509_getm_notBefore(h.certificate), "20170101000000Z") == 1 &&
         ASN1_TIME_set_string(X509_getm_notAfter(h.certificate), "20171231000000Z") == 1);
    X509_NAME *subject = X509_get_subject_name(h.certificate);
    must(X509_NAME_add_entry_by_txt(subject, kind, MBSTRING_UTF8, (const unsigned char *)name, -1,
                                    -1, 0) == 1);
    X509_set_version(h.certificate, 2);
    X509_set_pubkey(h.certificate, h.key);
    X509_set_issuer_name(h.certificate,
                         by == NULL ? subject : X509_get_subject_name(by->certificate));
    extend(h.certificate, NID_basic_constraints, "critical,CA:TRUE");
    if (use != NULL) {
        extend(h.certificate, NID_ext_key_usage, use);
    }
    must(X509_sign(h.certificate, by == NULL ? h.key : by->key, method) > 0);
    return h;
}

static void holder_free(struct holder *h)
{
    X509_free(h->certificate);
    EVP_PKEY_free(h->key);
}

/* Signs the bytes: the signature of an info without attributes. */
static void sign(PKCS7_SIGNER_INFO *info, const struct holder *h, const EVP_MD *method,
                 const void *bytes, size_t size)
{
    unsigned char signature[512];
    size_t length = sizeof(signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context != NULL && EVP_DigestSignInit(context, NULL, method, NULL, h->key) == 1 &&
         EVP_DigestSign(context, signature, &length, bytes, size) == 1 &&
         ASN1_STRING_set(info->enc_digest, signature, (int)length) == 1);
    EVP_MD_CTX_free(context);
}

/* A message over the value of one kind, with one signer, whose info is *ret_info. */
static PKCS7 *message(const struct holder *h, const EVP_MD *method, ASN1_OBJECT *kind, int type,
                      const void *bytes, size_t size, PKCS7_SIGNER_INFO **ret_info)
{
    PKCS7 *p7 = PKCS7_new();
    PKCS7 *inner = PKCS7_new();
    ASN1_STRING *value = ASN1_STRING_type_new(type);
    must(p7 != NULL && inner != NULL && value != NULL && kind != NULL);
    must(PKCS7_set_type(p7, NID_pkcs7_signed) == 1 &&
         ASN1_STRING_set(value, bytes, (int)size) == 1);
    inner->type = kind;
    inner->d.other = ASN1_TYPE_new();
    ASN1_TYPE_set(inner->d.other, type, value);
    must(PKCS7_set_content(p7, inner) == 1 && PKCS7_add_certificate(p7, h->certificate) == 1);
    *ret_info = PKCS7_add_signature(p7, h->certificate, h->key, method);
    must(*ret_info != NULL);
    return p7;
}

static PKCS7 *signed_content(const struct holder *h, const EVP_MD *method,
                             PKCS7_SIGNER_INFO **ret_info)
{
    PKCS7 *p7 = message(h, method, OBJ_txt2obj("1.3.6.1.4.1.311.10.1", 1), V_ASN1_SEQUENCE,
                        sequence, sizeof(sequence), ret_info);
    sign(*ret_info, h, method, content, sizeof(content));
    return p7;
}

/* What is read of the message, which is freed. */
static struct iv_signed read_message(PKCS7 *p7, struct iv_arena *arena)
{
    unsigned char *der = NULL;
    int size = i2d_PKCS7(p7, &der);
    struct iv_signed s = {0};
    const struct iv_signing signing = {0};
    const char *why = NULL;
    must(size > 0);
    const struct iv_signed_message read = {
        .bytes = der, .size = (size_t)size, .content = content, .content_size = sizeof(content)};
    if (!CHECK(iv_signature_read(&read, &signing, arena, &s, &why))) {
        fprintf(stderr, "    %s\n", why);
    }
    OPENSSL_free(der);
    PKCS7_free(p7);
    return s;
}

static void test_algorithms(struct iv_arena *arena)
{
    struct holder h = holder("CN", "Signer", 2048, EVP_sha256(), NULL, NULL);
    const struct {
        const EVP_MD *method;
        const char *digest;
        const char *why;
        const char *weak;
    } rows[] = {
        {EVP_sha1(), "SHA-1", NULL, "SHA-1 in the signature of Signer"},
        {EVP_sha256(), "SHA-256", NULL, NULL},
        {EVP_sha384(), "SHA-384", NULL, NULL},
        {EVP_sha512(), "SHA-512", NULL, NULL},
        {EVP_sha224(), "unknown", "its digest algorithm is not known", NULL},
    };
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        PKCS7_SIGNER_INFO *info;
        const struct iv_signed s = read_message(signed_content(&h, rows[i].method, &info), arena);
        CHECK_INT(s.signer_count, 1);
        CHECK_STR(s.digest, rows[i].digest);
        CHECK_STR(s.why, rows[i].why);
        CHECK_STR(s.weak, rows[i].weak);
        CHECK_STR(s.signer, "Signer");
    }
    holder_free(&h);
}

/* Parts that are not safe any more, of a certificate that says no name at all. */
static void test_weak(struct iv_arena *arena)
{
    struct holder root = holder("CN", "Root", 1024, EVP_sha1(), NULL, NULL);
    struct holder leaf = holder("C", "DE", 1024, EVP_sha1(), &root, NULL);
    struct holder old = holder("O", "Old", 2048, EVP_md5(), &root, NULL);
    PKCS7_SIGNER_INFO *info;
    PKCS7 *p7 = signed_content(&leaf, EVP_sha256(), &info);
    must(PKCS7_add_certificate(p7, root.certificate) == 1);
    struct iv_signed s = read_message(p7, arena);
    CHECK_STR(s.why, NULL);
    CHECK_STR(s.signer, "a certificate without a name");
    CHECK_STR(s.weak, "RSA key of 1024 bits of a certificate without a name; SHA-1 in the "
                      "certificate of a certificate without a name; RSA key of 1024 bits of Root");
    if (CHECK_INT(s.chain_count, 2)) {
        CHECK_STR(s.chain[1], "Root");
    }
    s = read_message(signed_content(&old, EVP_sha256(), &info), arena);
    CHECK_STR(s.weak, "MD5 in the certificate of Old");
    CHECK_STR(s.organization, "Old");
    CHECK_STR(s.end_name, "Root"); /* which is not there */
    holder_free(&root);
    holder_free(&leaf);
    holder_free(&old);
}

/* An issuer of the right name with another key; a chain that is longer than any. */
static void test_chains(struct iv_arena *arena)
{
    struct holder root = holder("CN", "Root", 2048, EVP_sha256(), NULL, NULL);
    struct holder other = holder("CN", "Root", 2048, EVP_sha256(), NULL, NULL);
    struct holder leaf = holder("CN", "Leaf", 2048, EVP_sha256(), &root, NULL);
    PKCS7_SIGNER_INFO *info;
    PKCS7 *p7 = signed_content(&leaf, EVP_sha256(), &info);
    must(PKCS7_add_certificate(p7, other.certificate) == 1);
    CHECK_STR(read_message(p7, arena).why, "the certificate of Leaf was not signed by its issuer");

    enum { LENGTH = 11 };
    struct holder chain[LENGTH];
    for (size_t i = 0; i < LENGTH; i++) {
        char name[16];
        snprintf(name, sizeof(name), "C%zu", i);
        chain[i] = holder("CN", name, 1024, EVP_sha256(), i == 0 ? NULL : &chain[i - 1], NULL);
    }
    for (size_t last = LENGTH - 2; last < LENGTH; last++) {
        p7 = signed_content(&chain[last], EVP_sha256(), &info);
        for (size_t i = 0; i < last; i++) {
            must(PKCS7_add_certificate(p7, chain[i].certificate) == 1);
        }
        CHECK_STR(read_message(p7, arena).why,
                  last == LENGTH - 1 ? "more than 10 certificates in a chain" : NULL);
    }
    for (size_t i = 0; i < LENGTH; i++) {
        holder_free(&chain[i]);
    }
    holder_free(&root);
    holder_free(&other);
    holder_free(&leaf);
}

/* ---- time stamps ---- */

/* A time stamp over `stamped`, by the authority, as the value of an attribute. */
static ASN1_STRING *make_stamp(const struct holder *authority, const char *time,
                               const ASN1_OCTET_STRING *stamped)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    must(EVP_Digest(stamped->data, (size_t)stamped->length, digest, &digest_size, EVP_sha256(),
                    NULL) == 1);
    TS_TST_INFO *token = TS_TST_INFO_new();
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    ASN1_GENERALIZEDTIME *when = ASN1_GENERALIZEDTIME_new();
    ASN1_OBJECT *policy = OBJ_txt2obj("1.2.3.4", 1);
    must(X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1 &&
         TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
         TS_MSG_IMPRINT_set_msg(imprint, digest, (int)digest_size) == 1 &&
         ASN1_INTEGER_set(serial, 7) == 1 && ASN1_GENERALIZEDTIME_set_string(when, time) == 1);
    must(TS_TST_INFO_set_version(token, 1) == 1 && TS_TST_INFO_set_policy_id(token, policy) == 1 &&
         TS_TST_INFO_set_msg_imprint(token, imprint) == 1 &&
         TS_TST_INFO_set_serial(token, serial) == 1 && TS_TST_INFO_set_time(token, when) == 1);
    unsigned char *der = NULL;
    int size = i2d_TS_TST_INFO(token, &der);
    must(size > 0);
    PKCS7_SIGNER_INFO *info;
    PKCS7 *p7 = message(authority, EVP_sha256(), OBJ_nid2obj(NID_id_smime_ct_TSTInfo),
                        V_ASN1_OCTET_STRING, der, (size_t)size, &info);
    sign(info, authority, EVP_sha256(), der, (size_t)size);
    OPENSSL_free(der);
    der = NULL;
    size = i2d_PKCS7(p7, &der);
    ASN1_STRING *value = ASN1_STRING_type_new(V_ASN1_SEQUENCE);
    must(size > 0 && value != NULL && ASN1_STRING_set(value, der, size) == 1);
    OPENSSL_free(der);
    PKCS7_free(p7);
    TS_TST_INFO_free(token);
    TS_MSG_IMPRINT_free(imprint);
    X509_ALGOR_free(algorithm);
    ASN1_INTEGER_free(serial);
    ASN1_GENERALIZEDTIME_free(when);
    ASN1_OBJECT_free(policy);
    return value;
}

/* A message with a time stamp over its signature, or over other bytes. */
static struct iv_signed stamped(const struct holder *signer, const struct holder *authority,
                                const char *time, const ASN1_OCTET_STRING *other,
                                struct iv_arena *arena)
{
    static int kind = NID_undef;
    if (kind == NID_undef) {
        kind = OBJ_create("1.3.6.1.4.1.311.3.3.1", "msTimeStamp", "msTimeStamp");
    }
    PKCS7_SIGNER_INFO *info;
    PKCS7 *p7 = signed_content(signer, EVP_sha256(), &info);
    must(PKCS7_add_attribute(
             info, kind, V_ASN1_SEQUENCE,
             make_stamp(authority, time, other != NULL ? other : info->enc_digest)) == 1);
    return read_message(p7, arena);
}

static void test_stamps(struct iv_arena *arena)
{
    struct holder signer = holder("CN", "Signer", 2048, EVP_sha256(), NULL, "codeSigning");
    struct holder authority =
        holder("CN", "Stamps", 2048, EVP_sha256(), NULL, "critical,timeStamping");
    struct iv_signed s = stamped(&signer, &authority, "20170601120000Z", NULL, arena);
    CHECK_STR(s.why, NULL);
    CHECK_STR(s.stamp, "2017-06-01 12:00:00 UTC");
    CHECK_STR(s.stamp_signer, "Stamps");
    s = stamped(&signer, &authority, "20180601120000Z", NULL, arena);
    CHECK_STR(s.why, "it was made at 2018-06-01 12:00:00 UTC, the signer's certificate is of "
                     "2017-01-01 00:00:00 UTC to 2017-12-31 00:00:00 UTC");

    ASN1_OCTET_STRING *other = ASN1_OCTET_STRING_new();
    must(ASN1_OCTET_STRING_set(other, content, sizeof(content)) == 1);
    s = stamped(&signer, &authority, "20170601120000Z", other, arena);
    CHECK_STR(s.why, "its time stamp is of another signature");
    ASN1_OCTET_STRING_free(other);
    s = stamped(&signer, &signer, "20170601120000Z", NULL, arena);
    CHECK_STR(s.why, "its time stamp is not of this signature, or not by a time stamp authority");
    CHECK_STR(s.stamp, NULL);

    /* No message at all, and one that is no time stamp. */
    static const char *const junk[] = {"\x30\x00", "\x30\x03\x02\x01\x05"};
    for (size_t i = 0; i < IV_COUNT(junk); i++) {
        PKCS7_SIGNER_INFO *info;
        PKCS7 *p7 = signed_content(&signer, EVP_sha256(), &info);
        ASN1_STRING *value = ASN1_STRING_type_new(V_ASN1_SEQUENCE);
        must(ASN1_STRING_set(value, junk[i], i == 0 ? 2 : 5) == 1 &&
             PKCS7_add_attribute(info, OBJ_txt2nid("1.3.6.1.4.1.311.3.3.1"), V_ASN1_SEQUENCE,
                                 value) == 1);
        CHECK_STR(read_message(p7, arena).why, "its time stamp cannot be read");
    }
    holder_free(&signer);
    holder_free(&authority);
}

static void test_uses(struct iv_arena *arena)
{
    struct holder mail = holder("CN", "Mail", 2048, EVP_sha256(), NULL, "emailProtection");
    PKCS7_SIGNER_INFO *info;
    CHECK_STR(read_message(signed_content(&mail, EVP_sha256(), &info), arena).why,
              "the signer's certificate is not for signing code");
    holder_free(&mail);
}

int main(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    test_algorithms(&arena);
    test_weak(&arena);
    test_chains(&arena);
    test_stamps(&arena);
    test_uses(&arena);
    return unit_end();
}
