/*
 * Everything that libcrypto does for imgval: digests (digest.h), and who signed a message
 * (signature.h). The only file that knows the library.
 *
 * Signatures: libcrypto's CMS refuses a catalog, whose content is no octet string; its older PKCS7
 * reads one. PKCS7_verify() would ask for a store of roots and judge by today's date, so the steps
 * are taken one by one here: the signature over the content, then the chain from certificate to
 * certificate, each verified by the key of the next, then the time stamp.
 */
#include "imgval/base/digest.h"
#include "imgval/base/arena.h"
#include "imgval/base/buf.h"
#include "imgval/base/signature.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Of any digest: SHA-1 has the same life, with another name and size. */
struct iv_sha256 {
    EVP_MD *digest;
    EVP_MD_CTX *context;
};

/* libcrypto fails here only for lack of memory: its built-in SHA-256 has no other reason. */
static void require(int is_fine)
{
    if (!is_fine) {
        iv_out_of_memory();
    }
}

/* libcrypto's memory, as ours: it ends the process where there is none. The library also passes
 * where it was asked for, which is of no use here. */
static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return size == 0 ? NULL : iv_malloc(size);
}

static void *crypto_realloc(void *memory, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return iv_realloc(memory, size);
}

static void crypto_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

/* Before each use; after the first one it has nothing to do. Without memory libcrypto 3.0 reads
 * through NULL pointers, so it is never without. */
static void crypto_begin(void)
{
    (void)CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free);
    /* No configuration file: it would be opened inside the sandbox, and may load foreign code. */
    require(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL));
}

static struct iv_sha256 *digest_open(const char *name)
{
    crypto_begin();
    struct iv_sha256 *sha = iv_malloc(sizeof(*sha));
    sha->digest = EVP_MD_fetch(NULL, name, NULL);
    require(sha->digest != NULL);
    sha->context = EVP_MD_CTX_new();
    require(sha->context != NULL);
    require(EVP_DigestInit_ex2(sha->context, sha->digest, NULL));
    return sha;
}

struct iv_sha256 *iv_sha256_open(void)
{
    return digest_open("SHA256");
}

struct iv_sha256 *iv_sha1_open(void)
{
    return digest_open("SHA1");
}

void iv_sha256_add(struct iv_sha256 *sha, const void *bytes, size_t size)
{
    if (size > 0) {
        require(EVP_DigestUpdate(sha->context, bytes, size));
    }
}

/* The NUL ends the field, so that "ab", "c" differs from "a", "bc". NULL is a byte of its own. */
void iv_sha256_add_field(struct iv_sha256 *sha, const char *text)
{
    if (text == NULL) {
        iv_sha256_add(sha, "\x01", 1);
    } else {
        iv_sha256_add(sha, text, strlen(text) + 1);
    }
}

/* The size is what the caller's array has: another one would be a digest of another kind. */
static void digest_final(struct iv_sha256 *sha, unsigned char *ret_digest, unsigned wanted)
{
    unsigned size = 0;
    require(EVP_DigestFinal_ex(sha->context, ret_digest, &size) && size == wanted);
}

static void digest_close(struct iv_sha256 *sha)
{
    EVP_MD_CTX_free(sha->context);
    EVP_MD_free(sha->digest);
    free(sha);
}

/* For thousands of small pieces, such as the chunks of an image: fetching the digest anew each time
 * would cost more than the arithmetic. */
void iv_sha256_next(struct iv_sha256 *sha, unsigned char ret_digest[IV_SHA256_SIZE])
{
    digest_final(sha, ret_digest, IV_SHA256_SIZE);
    require(EVP_DigestInit_ex2(sha->context, NULL, NULL));
}

void iv_sha1_next(struct iv_sha256 *sha, unsigned char ret_digest[IV_SHA1_SIZE])
{
    digest_final(sha, ret_digest, IV_SHA1_SIZE);
    require(EVP_DigestInit_ex2(sha->context, NULL, NULL));
}

/* The digest of what was added so far; more may be added after it. */
void iv_sha256_peek(const struct iv_sha256 *sha, unsigned char *ret_digest, unsigned size)
{
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    unsigned got = 0;
    require(copy != NULL && EVP_MD_CTX_copy_ex(copy, sha->context) &&
            EVP_DigestFinal_ex(copy, ret_digest, &got) && got == size);
    EVP_MD_CTX_free(copy);
}

void iv_sha256_close(struct iv_sha256 *sha, unsigned char ret_digest[IV_SHA256_SIZE])
{
    digest_final(sha, ret_digest, IV_SHA256_SIZE);
    digest_close(sha);
}

void iv_sha1_close(struct iv_sha256 *sha, unsigned char ret_digest[IV_SHA1_SIZE])
{
    digest_final(sha, ret_digest, IV_SHA1_SIZE);
    digest_close(sha);
}

void iv_sha256_close_hex(struct iv_sha256 *sha, char ret_hex[IV_SHA256_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[IV_SHA256_SIZE];
    iv_sha256_close(sha, digest);
    for (size_t i = 0; i < IV_SHA256_SIZE; i++) {
        ret_hex[2 * i] = digits[digest[i] >> 4];
        ret_hex[2 * i + 1] = digits[digest[i] & 15];
    }
    ret_hex[IV_SHA256_HEX_SIZE - 1] = '\0';
}

/* ---- who signed a message ------------------------------------------------------------------ */

#define SIGNERS_MAX 16
#define CERTIFICATES_MAX 64
#define CHAIN_MAX 10
#define RSA_BITS_MIN 2048
#define OID_MS_TIME_STAMP "1.3.6.1.4.1.311.3.3.1" /* an RFC 3161 token about the signature */

/* A message in the reading. */
struct message {
    const struct iv_signing *signing;
    struct iv_arena *arena;
    PKCS7 *p7;
    STACK_OF(X509) * certificates; /* the message's, borrowed; may be NULL */
    STACK_OF(X509) * trusted;
    struct iv_buf weak;
};

/* The library's destructors in the form that IV_CLEANUP takes: a pointer to the pointer. */
static void stack_free(STACK_OF(X509) * *stack)
{
    sk_X509_pop_free(*stack, X509_free);
    *stack = NULL;
}

static void p7_free(PKCS7 **p7)
{
    PKCS7_free(*p7);
    *p7 = NULL;
}

static void bio_free(BIO **bio)
{
    BIO_free_all(*bio);
    *bio = NULL;
}

static void key_free(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
    *key = NULL;
}

/* One certificate as DER, or any number as PEM, which is what people have. What is neither gives an
 * empty stack; the option that named the file says so. */
static STACK_OF(X509) * read_trusted(const void *bytes, size_t size)
{
    STACK_OF(X509) *stack = sk_X509_new_null();
    require(stack != NULL);
    const unsigned char *at = bytes;
    X509 *one = size == 0 || size > INT_MAX ? NULL : d2i_X509(NULL, &at, (long)size);
    BIO *bio IV_CLEANUP(bio_free) =
        size == 0 || size > INT_MAX ? NULL : BIO_new_mem_buf(bytes, (int)size);
    while (one != NULL ||
           (bio != NULL && (one = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)) {
        require(sk_X509_push(stack, one));
        one = NULL;
    }
    ERR_clear_error();
    return stack;
}

size_t iv_signature_count_trusted(const void *bytes, size_t size)
{
    crypto_begin();
    STACK_OF(X509) * stack IV_CLEANUP(stack_free) = read_trusted(bytes, size);
    return (size_t)sk_X509_num(stack);
}

/* The last part of that kind in a name; NULL: there is none. */
static const char *name_part(const X509_NAME *name, int kind, struct iv_arena *arena)
{
    unsigned char *text = NULL;
    int at = X509_NAME_get_index_by_NID(name, kind, -1);
    if (at < 0) {
        return NULL;
    }
    int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (size < 0) {
        return NULL;
    }
    char *kept = iv_arena_strndup(arena, (const char *)text, size < 256 ? (size_t)size : 256);
    for (int i = 0; i < size && i < 256; i++) {
        kept[i] = text[i] == 0 ? '?' : kept[i]; /* a NUL would hide the rest */
    }
    OPENSSL_free(text);
    return kept;
}

/* A common name, or whatever else the name says first. */
static const char *short_name(const X509_NAME *name, struct iv_arena *arena)
{
    static const int kinds[] = {NID_commonName, NID_organizationalUnitName, NID_organizationName};
    for (size_t i = 0; i < IV_COUNT(kinds); i++) {
        const char *text = name_part(name, kinds[i], arena);
        if (text != NULL) {
            return text;
        }
    }
    return "a certificate without a name";
}

static const char *subject_of(const X509 *certificate, struct iv_arena *arena)
{
    return short_name(X509_get_subject_name(certificate), arena);
}

/* Weak is not wrong: it is collected over all signers and certificates and reported beside a
 * signature that holds. */
static void add_weak(struct message *m, const char *what, const char *name)
{
    iv_buf_printf(&m->weak, "%s%s of %s", m->weak.size == 0 ? "" : "; ", what, name);
}

/* ---- digests and signatures of it ---------------------------------------------------------- */

static const char *digest_name(int kind)
{
    switch (kind) {
    case NID_sha1:
        return "SHA-1";
    case NID_sha256:
        return "SHA-256";
    case NID_sha384:
        return "SHA-384";
    case NID_sha512:
        return "SHA-512";
    default:
        return NULL; /* others prove nothing any more, or are not used here */
    }
}

/* Whether the signature of `info` is that of the bytes, by the key of the certificate. NULL: it is;
 * else why not. */
static const char *verify_info(PKCS7 *p7, PKCS7_SIGNER_INFO *info, X509 *certificate,
                               const void *bytes, size_t size)
{
    const EVP_MD *method = EVP_get_digestbyobj(info->digest_alg->algorithm);
    if (method == NULL || digest_name(EVP_MD_get_type(method)) == NULL || size > INT_MAX) {
        return "its digest algorithm is not known";
    }
    BIO *bio IV_CLEANUP(bio_free) = BIO_new(BIO_f_md());
    require(bio != NULL && BIO_set_md(bio, method) > 0);
    BIO *sink = BIO_new(BIO_s_null());
    require(sink != NULL);
    (void)BIO_push(bio, sink);
    require(size == 0 || BIO_write(bio, bytes, (int)size) == (int)size);
    bool fits = PKCS7_signatureVerify(bio, p7, info, certificate) > 0;
    ERR_clear_error();
    return fits ? NULL : "it does not fit the content and the signer's key";
}

/* What was signed is what stands there: the attribute names the kind of content. */
static bool fits_kind(PKCS7_SIGNER_INFO *info, const ASN1_OBJECT *kind)
{
    const ASN1_TYPE *said = PKCS7_get_signed_attribute(info, NID_pkcs9_contentType);
    return said == NULL ? sk_X509_ATTRIBUTE_num(info->auth_attr) <= 0
                        : said->type == V_ASN1_OBJECT && OBJ_cmp(said->value.object, kind) == 0;
}

static X509 *certificate_of(STACK_OF(X509) * certificates, const PKCS7_SIGNER_INFO *info)
{
    return certificates == NULL
               ? NULL
               : X509_find_by_issuer_and_serial(certificates, info->issuer_and_serial->issuer,
                                                info->issuer_and_serial->serial);
}

/* ---- the chain ----------------------------------------------------------------------------- */

/* The key of a root that is known by its key alone, from base64. NULL: it is known by its
 * thumbprint, or has none. */
static EVP_PKEY *root_key(const struct iv_known_root *root)
{
    unsigned char der[1024];
    size_t length = root->key == NULL ? 0 : strlen(root->key);
    if (length == 0 || length / 4 * 3 > sizeof(der)) {
        return NULL;
    }
    int size = EVP_DecodeBlock(der, (const unsigned char *)root->key, (int)length);
    const unsigned char *at = der;
    return size <= 0 ? NULL : d2i_PUBKEY(NULL, &at, size);
}

/* SHA-1 in capitals, as Windows shows it and Microsoft publishes it. */
static bool has_thumbprint(const X509 *certificate, const char *wanted)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char hex[2 * IV_SHA1_SIZE + 1] = "";
    unsigned size = 0;
    require(X509_digest(certificate, EVP_sha1(), digest, &size) && size == IV_SHA1_SIZE);
    for (unsigned i = 0; i < size; i++) {
        static const char digits[] = "0123456789ABCDEF";
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    return strcmp(hex, wanted) == 0;
}

/* Only to spare arithmetic: whoever makes a certificate chooses its name. */
static bool is_name_of(const X509_NAME *name, const char *wanted, struct iv_arena *arena)
{
    const char *text = name_part(name, NID_commonName, arena);
    return text != NULL && strcmp(text, wanted) == 0;
}

/* The known root that the certificate is, or that signed it. Names only save arithmetic. */
static const struct iv_known_root *find_root(const struct message *m, X509 *certificate)
{
    for (size_t i = 0; i < m->signing->root_count; i++) {
        const struct iv_known_root *root = &m->signing->roots[i];
        if (root->thumbprint != NULL && has_thumbprint(certificate, root->thumbprint)) {
            return root;
        }
        bool is_it = is_name_of(X509_get_subject_name(certificate), root->name, m->arena);
        if (!is_it && !is_name_of(X509_get_issuer_name(certificate), root->name, m->arena)) {
            continue;
        }
        EVP_PKEY *key IV_CLEANUP(key_free) = root_key(root);
        if (key != NULL && ((is_it && EVP_PKEY_eq(X509_get0_pubkey(certificate), key) == 1) ||
                            X509_verify(certificate, key) == 1)) {
            return root;
        }
    }
    return NULL;
}

/* Whether the certificate has the key of a trusted one, or is signed by it. */
static bool is_trusted(const struct message *m, X509 *certificate, const char **ret_name)
{
    for (int i = 0; i < sk_X509_num(m->trusted); i++) {
        X509 *trusted = sk_X509_value(m->trusted, i);
        EVP_PKEY *key = X509_get0_pubkey(trusted);
        bool is_issuer =
            X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(trusted)) == 0;
        if (key != NULL &&
            (X509_cmp(trusted, certificate) == 0 ||
             (is_issuer && X509_check_ca(trusted) > 0 && X509_verify(certificate, key) == 1))) {
            *ret_name = subject_of(trusted, m->arena);
            return true;
        }
    }
    return false;
}

/* The certificate of the message that signed this one: a CA's, with a key that fits. *ret_named:
 * whether there was one of that name. */
static X509 *find_issuer(const struct message *m, X509 *certificate, bool *ret_named)
{
    *ret_named = false;
    for (int i = 0; i < sk_X509_num(m->certificates) && i < CERTIFICATES_MAX; i++) {
        X509 *candidate = sk_X509_value(m->certificates, i);
        EVP_PKEY *key = X509_get0_pubkey(candidate);
        if (X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(candidate)) !=
            0) {
            continue;
        }
        *ret_named = true;
        if (key != NULL && X509_check_ca(candidate) > 0 && X509_verify(certificate, key) == 1) {
            return candidate;
        }
    }
    return NULL;
}

/* Keys and digests that were good enough once. Old firmware is signed with them rightfully, so they
 * are noted and no reason to refuse. */
static void note_strength(struct message *m, const X509 *certificate, bool is_root)
{
    const char *name = subject_of(certificate, m->arena);
    int digest = NID_undef;
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    if (key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
        EVP_PKEY_get_bits(key) < RSA_BITS_MIN) {
        add_weak(m, iv_arena_printf(m->arena, "RSA key of %d bits", EVP_PKEY_get_bits(key)), name);
    }
    /* Nobody relies on the signature of a root on itself. */
    if (!is_root && OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &digest, NULL) &&
        (digest == NID_sha1 || digest == NID_md5)) {
        const char *what =
            digest == NID_md5 ? "MD5 in the certificate" : "SHA-1 in the certificate";
        add_weak(m, what, name);
    }
}

/* From the signer's certificate upwards. A chain has no use for one certificate twice, so cycles
 * end at the longest chain that is followed. NULL, or why the chain is broken. */
static const char *follow_chain(struct message *m, X509 *certificate, struct iv_signed *s)
{
    s->chain = IV_NEW_ARRAY(m->arena, const char *, CHAIN_MAX);
    for (X509 *at = certificate; s->chain_count < CHAIN_MAX;) {
        bool is_self = X509_NAME_cmp(X509_get_issuer_name(at), X509_get_subject_name(at)) == 0;
        bool named;
        s->chain[s->chain_count++] = subject_of(at, m->arena);
        note_strength(m, at, is_self);
        s->end_name = s->chain[s->chain_count - 1];
        s->root = find_root(m, at);
        if (s->root != NULL) {
            s->end = IV_CHAIN_KNOWN;
            s->end_name = s->root->name;
            return NULL;
        }
        if (is_trusted(m, at, &s->end_name)) {
            s->end = IV_CHAIN_TRUSTED;
            return NULL;
        }
        X509 *issuer = find_issuer(m, at, &named);
        if (issuer == NULL && named) {
            return iv_arena_printf(m->arena, "the certificate of %s was not signed by its issuer",
                                   s->end_name);
        }
        if (issuer == NULL || is_self) {
            s->end_name =
                issuer == NULL ? short_name(X509_get_issuer_name(at), m->arena) : s->end_name;
            return NULL;
        }
        at = issuer;
    }
    return iv_arena_printf(m->arena, "more than %d certificates in a chain", CHAIN_MAX);
}

/* ---- time stamps --------------------------------------------------------------------------- */

/* One form for both kinds of time that a certificate may have. */
static const char *time_text(const ASN1_TIME *time, struct iv_arena *arena)
{
    struct tm tm = {0};
    if (!ASN1_TIME_to_tm(time, &tm)) {
        return NULL;
    }
    return iv_arena_printf(arena, "%04d-%02d-%02d %02d:%02d:%02d UTC", tm.tm_year + 1900,
                           tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* A time stamp of either form: the message that it stands in, its signer, what that one signed, and
 * the time that it says. */
struct stamp {
    PKCS7 *p7;
    PKCS7_SIGNER_INFO *info;
    const ASN1_OCTET_STRING *about;
    const ASN1_TIME *time; /* NULL: it says none */
};

/* The time of a stamp that fits; NULL and *ret_why for one that does not. */
static ASN1_TIME *take_stamp(struct message *m, const struct stamp *stamp, struct iv_signed *s,
                             const char **ret_why)
{
    const ASN1_TIME *time = stamp->time;
    X509 *certificate = certificate_of(stamp->p7->d.sign->cert, stamp->info);
    if (certificate == NULL || time == NULL) {
        *ret_why = "its time stamp has no certificate or no time";
        return NULL;
    }
    if ((X509_get_extension_flags(certificate) & EXFLAG_XKUSAGE) == 0 ||
        (X509_get_extended_key_usage(certificate) & XKU_TIMESTAMP) == 0 ||
        verify_info(stamp->p7, stamp->info, certificate, stamp->about->data,
                    (size_t)stamp->about->length) != NULL) {
        *ret_why = "its time stamp is not of this signature, or not by a time stamp authority";
        return NULL;
    }
    s->stamp = time_text(time, m->arena);
    s->stamp_signer = subject_of(certificate, m->arena);
    ASN1_TIME *copy = ASN1_STRING_dup(time);
    require(copy != NULL);
    return copy;
}

/* PKCS #9, the older form: a signer info, whose content is the signature, and whose signer is among
 * the certificates of the message itself. */
static ASN1_TIME *take_counter_signature(struct message *m, const ASN1_TYPE *value,
                                         const PKCS7_SIGNER_INFO *info, struct iv_signed *s,
                                         const char **ret_why)
{
    const unsigned char *at = value->type == V_ASN1_SEQUENCE ? value->value.sequence->data : NULL;
    PKCS7_SIGNER_INFO *signer =
        at == NULL ? NULL : d2i_PKCS7_SIGNER_INFO(NULL, &at, value->value.sequence->length);
    if (signer == NULL) {
        *ret_why = "its time stamp cannot be read";
        return NULL;
    }
    const ASN1_TYPE *time = PKCS7_get_signed_attribute(signer, NID_pkcs9_signingTime);
    bool is_time =
        time != NULL && (time->type == V_ASN1_UTCTIME || time->type == V_ASN1_GENERALIZEDTIME);
    const struct stamp stamp = {.p7 = m->p7,
                                .info = signer,
                                .about = info->enc_digest,
                                .time = is_time ? time->value.utctime : NULL};
    ASN1_TIME *found = take_stamp(m, &stamp, s, ret_why);
    PKCS7_SIGNER_INFO_free(signer);
    return found;
}

/* Whether the token is about the digest of this signature. */
static bool is_imprint(TS_TST_INFO *token, const PKCS7_SIGNER_INFO *info)
{
    TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(token);
    const ASN1_OBJECT *algorithm = NULL;
    X509_ALGOR_get0(&algorithm, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
    const ASN1_OCTET_STRING *said = TS_MSG_IMPRINT_get_msg(imprint);
    const EVP_MD *method = EVP_get_digestbyobj(algorithm);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    return method != NULL && digest_name(EVP_MD_get_type(method)) != NULL &&
           EVP_Digest(info->enc_digest->data, (size_t)info->enc_digest->length, digest, &size,
                      method, NULL) &&
           (int)size == ASN1_STRING_length(said) &&
           memcmp(digest, ASN1_STRING_get0_data(said), size) == 0;
}

/* RFC 3161: a message of its own about the digest of the signature. */
static ASN1_TIME *take_token(struct message *m, const ASN1_TYPE *value,
                             const PKCS7_SIGNER_INFO *info, struct iv_signed *s,
                             const char **ret_why)
{
    const unsigned char *at = value->type == V_ASN1_SEQUENCE ? value->value.sequence->data : NULL;
    PKCS7 *p7 IV_CLEANUP(p7_free) =
        at == NULL ? NULL : d2i_PKCS7(NULL, &at, value->value.sequence->length);
    *ret_why = "its time stamp cannot be read";
    if (p7 == NULL || !PKCS7_type_is_signed(p7) || p7->d.sign == NULL ||
        sk_PKCS7_SIGNER_INFO_num(p7->d.sign->signer_info) < 1) {
        return NULL;
    }
    TS_TST_INFO *token = PKCS7_to_TS_TST_INFO(p7);
    if (token == NULL) {
        return NULL;
    }
    /* PKCS7_to_TS_TST_INFO() has seen to it that the content is an octet string. */
    const ASN1_OCTET_STRING *content = p7->d.sign->contents->d.other->value.octet_string;
    ASN1_TIME *found = NULL;
    if (is_imprint(token, info)) {
        const struct stamp stamp = {.p7 = p7,
                                    .info = sk_PKCS7_SIGNER_INFO_value(p7->d.sign->signer_info, 0),
                                    .about = content,
                                    .time = TS_TST_INFO_get_time(token)};
        found = take_stamp(m, &stamp, s, ret_why);
    } else {
        *ret_why = "its time stamp is of another signature";
    }
    TS_TST_INFO_free(token);
    return found;
}

/* The first time stamp among the attributes that are not signed. *ret_why: there is one, and it is
 * wrong. */
static ASN1_TIME *find_stamp(struct message *m, const PKCS7_SIGNER_INFO *info, struct iv_signed *s,
                             const char **ret_why)
{
    *ret_why = NULL;
    for (int i = 0; i < sk_X509_ATTRIBUTE_num(info->unauth_attr); i++) {
        X509_ATTRIBUTE *attribute = sk_X509_ATTRIBUTE_value(info->unauth_attr, i);
        const ASN1_OBJECT *kind = X509_ATTRIBUTE_get0_object(attribute);
        const ASN1_TYPE *value = X509_ATTRIBUTE_get0_type(attribute, 0);
        char oid[64] = "";
        (void)OBJ_obj2txt(oid, sizeof(oid), kind, 1);
        if (value == NULL) {
            continue;
        }
        ASN1_TIME *found = NULL;
        if (OBJ_obj2nid(kind) == NID_pkcs9_countersignature) {
            found = take_counter_signature(m, value, info, s, ret_why);
        } else if (strcmp(oid, OID_MS_TIME_STAMP) == 0) {
            found = take_token(m, value, info, s, ret_why);
        } else {
            continue;
        }
        ERR_clear_error();
        return found;
    }
    return NULL;
}

/* Whether the certificate was in force when the stamp was made. Today's date plays no part:
 * firmware outlives the certificates that it was signed with, which is what stamps are for. */
static const char *check_time(const struct message *m, const X509 *certificate,
                              const ASN1_TIME *time, const struct iv_signed *s)
{
    const ASN1_TIME *from = X509_get0_notBefore(certificate);
    const ASN1_TIME *to = X509_get0_notAfter(certificate);
    if (ASN1_TIME_compare(from, time) <= 0 && ASN1_TIME_compare(time, to) <= 0) {
        return NULL;
    }
    return iv_arena_printf(m->arena, "it was made at %s, the signer's certificate is of %s to %s",
                           s->stamp, time_text(from, m->arena), time_text(to, m->arena));
}

/* ---- signers ------------------------------------------------------------------------------- */

/* A certificate that says what it is for, and not that it is for code. */
static bool is_for_code(const X509 *certificate)
{
    X509 *c = (X509 *)(uintptr_t)certificate; /* older headers want it so; it is only read */
    if ((X509_get_extension_flags(c) & EXFLAG_XKUSAGE) == 0) {
        return true;
    }
    uint32_t use = X509_get_extended_key_usage(c);
    return (use & XKU_CODE_SIGN) != 0 || (use & (XKU_SSL_SERVER | XKU_SSL_CLIENT | XKU_SMIME |
                                                 XKU_TIMESTAMP | XKU_OCSP_SIGN)) == 0;
}

/* One signer; NULL, or why its signature is not valid. */
static const char *read_signer(struct message *m, PKCS7_SIGNER_INFO *info, const void *content,
                               size_t size, struct iv_signed *s)
{
    const char *digest = digest_name(OBJ_obj2nid(info->digest_alg->algorithm));
    X509 *certificate = certificate_of(m->certificates, info);
    s->digest = digest == NULL ? "unknown" : digest;
    if (certificate == NULL) {
        s->signer = short_name(info->issuer_and_serial->issuer, m->arena);
        return "the signer's certificate is not in the message";
    }
    s->signer = subject_of(certificate, m->arena);
    s->organization = name_part(X509_get_subject_name(certificate), NID_organizationName, m->arena);
    if (!fits_kind(info, m->p7->d.sign->contents->type)) {
        return "its attributes are of another kind of content";
    }
    const char *why = verify_info(m->p7, info, certificate, content, size);
    if (why != NULL) {
        return why;
    }
    if (digest != NULL && strcmp(digest, "SHA-1") == 0) {
        add_weak(m, "SHA-1 in the signature", s->signer);
    }
    if (!is_for_code(certificate)) {
        return "the signer's certificate is not for signing code";
    }
    why = follow_chain(m, certificate, s);
    const char *stamp_why;
    ASN1_TIME *time = find_stamp(m, info, s, &stamp_why);
    if (why == NULL) {
        why = time != NULL ? check_time(m, certificate, time, s) : stamp_why;
    }
    ASN1_TIME_free(time);
    return why;
}

/* The first signer is the one that is shown. The message is as good as the worst of them: any that
 * fails makes it fail, and any whose root is not known makes the root unknown. */
static bool read_signers(struct message *m, const void *content, size_t size, struct iv_signed *s,
                         const char **ret_why)
{
    STACK_OF(PKCS7_SIGNER_INFO) *infos = PKCS7_get_signer_info(m->p7);
    int count = infos == NULL ? 0 : sk_PKCS7_SIGNER_INFO_num(infos);
    if (count > SIGNERS_MAX) {
        *ret_why = "it has more than 16 signers";
        return false;
    }
    s->signer_count = count < 0 ? 0 : (size_t)count;
    for (int i = 0; i < count; i++) {
        struct iv_signed one = {0};
        one.why = read_signer(m, sk_PKCS7_SIGNER_INFO_value(infos, i), content, size, &one);
        if (i == 0) {
            size_t all = s->signer_count;
            *s = one;
            s->signer_count = all;
        } else if (s->why == NULL && one.why != NULL) {
            s->why = one.why;
        } else if (one.end == IV_CHAIN_UNKNOWN ||
                   (one.root != NULL && s->root != NULL && one.root->kind != s->root->kind)) {
            s->end = IV_CHAIN_UNKNOWN; /* several signers count as the least of them */
            s->root = NULL;
        }
    }
    s->weak = m->weak.size == 0 ? NULL : iv_arena_strdup(m->arena, iv_buf_text(&m->weak));
    return true;
}

/* Whether libcrypto sees the same content as the walk that was made before. */
static bool has_content(const PKCS7 *p7, const void *content, size_t size)
{
    const PKCS7 *inner = p7->d.sign == NULL ? NULL : p7->d.sign->contents;
    const ASN1_TYPE *other =
        inner == NULL || PKCS7_type_is_data((PKCS7 *)(uintptr_t)inner) ? NULL : inner->d.other;
    if (other == NULL || other->type != V_ASN1_SEQUENCE) {
        return false;
    }
    const unsigned char *at = other->value.sequence->data;
    long length = 0;
    int tag = 0;
    int class = 0;
    int got = ASN1_get_object(&at, &length, &tag, &class, other->value.sequence->length);
    return (got & 0x80) == 0 && length >= 0 && (size_t)length == size &&
           (size == 0 || memcmp(at, content, size) == 0);
}

/* False: no message at all. A message whose signature does not hold is read, and `why` in it says
 * what is wrong. The caller has taken the content out of the message by a walk of its own
 * (disk/catalog.c), and here both views must agree: what is judged by one must be what was signed
 * by the other. */
bool iv_signature_read(const struct iv_signed_message *message, const struct iv_signing *signing,
                       struct iv_arena *arena, struct iv_signed *ret_signed, const char **ret_why)
{
    const void *content = message->content;
    const size_t content_size = message->content_size;
    crypto_begin();
    const unsigned char *at = message->bytes;
    PKCS7 *p7 IV_CLEANUP(p7_free) =
        message->size > INT_MAX ? NULL : d2i_PKCS7(NULL, &at, (long)message->size);
    ERR_clear_error();
    if (p7 == NULL || !PKCS7_type_is_signed(p7) || !has_content(p7, content, content_size)) {
        *ret_why = "it is no PKCS #7 message that libcrypto can read";
        return false;
    }
    STACK_OF(X509) * trusted IV_CLEANUP(stack_free) =
        read_trusted(signing->trust, signing->trust_size);
    struct message m = {
        .signing = signing,
        .arena = arena,
        .p7 = p7,
        .certificates = p7->d.sign->cert,
        .trusted = trusted,
    };
    struct iv_signed s = {0};
    bool done = read_signers(&m, content, content_size, &s, ret_why);
    iv_buf_fini(&m.weak);
    ERR_clear_error();
    if (done) {
        *ret_signed = s;
    }
    return done;
}

void iv_digest_library(struct iv_buf *buf)
{
    iv_buf_printf(buf, "OpenSSL %s", OpenSSL_version(OPENSSL_VERSION_STRING));
}
