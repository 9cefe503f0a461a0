/* Catalogs: PKCS #7 over a trust list with the member HashTable.blob, or in the form of version 2
 * with two members for it. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog_write.h"
#include "ffu_write.h"

/* Wraps what stands in `inner` from `from` on. */
static void wrap(struct fx_buf *out, size_t from, unsigned tag)
{
    size_t n = out->len - from;
    unsigned char head[6] = {(unsigned char)tag};
    size_t size = 2;
    if (n < 0x80) {
        head[1] = (unsigned char)n;
    } else {
        size_t bytes = n < 0x100 ? 1 : n < 0x10000 ? 2 : 3;
        head[1] = (unsigned char)(0x80 | bytes);
        for (size_t i = 0; i < bytes; i++) {
            head[2 + i] = (unsigned char)(n >> (8 * (bytes - 1 - i)) & 0xFF);
        }
        size = 2 + bytes;
    }
    fx_buf_zero(out, size);
    memmove(out->data + from + size, out->data + from, n);
    memcpy(out->data + from, head, size);
}

static void element(struct fx_buf *out, unsigned tag, const void *bytes, size_t n)
{
    size_t from = out->len;
    fx_buf_put(out, bytes, n);
    wrap(out, from, tag);
}

#define ELEMENT(out, tag, text) element((out), (tag), (text), sizeof(text) - 1)
#define SHA1 "\x2B\x0E\x03\x02\x1A"
#define SHA256 "\x60\x86\x48\x01\x65\x03\x04\x02\x01"

static void algorithm(struct fx_buf *out, const char *digest)
{
    size_t from = out->len;
    if (strcmp(digest, "sha1") == 0) {
        ELEMENT(out, 0x06, SHA1);
    } else {
        ELEMENT(out, 0x06, SHA256);
    }
    ELEMENT(out, 0x05, "");
    wrap(out, from, 0x30);
}

static unsigned digest_of(const char *name, const void *bytes, size_t n, unsigned char *out)
{
    unsigned size = 0;
    const EVP_MD *method = EVP_get_digestbyname(name);
    if (method == NULL || EVP_Digest(bytes, n, out, &size, method, NULL) != 1) {
        fx_die("digest=%s: sha1 or sha256", name);
    }
    return size;
}

/* The member's digest: SpcIndirectData over a file's bytes. */
static void indirect_data(struct fx_buf *out, const char *digest, const unsigned char *hash,
                          unsigned size)
{
    size_t attribute = out->len;
    ELEMENT(out, 0x06, "\x2B\x06\x01\x04\x01\x82\x37\x02\x01\x04");
    size_t values = out->len;
    size_t indirect = out->len;
    size_t data = out->len;
    ELEMENT(out, 0x06, "\x2B\x06\x01\x04\x01\x82\x37\x02\x01\x19");
    ELEMENT(out, 0xA2, "\x80\x00");
    wrap(out, data, 0x30);
    size_t info = out->len;
    algorithm(out, digest);
    element(out, 0x04, hash, size);
    wrap(out, info, 0x30);
    wrap(out, indirect, 0x30);
    wrap(out, values, 0x31);
    wrap(out, attribute, 0x30);
}

/* Version 1: one member, tagged with the file's name. */
static void member_1(struct fx_buf *out, const void *table, size_t n, const char *digest)
{
    static const char tag[] = "H\0a\0s\0h\0T\0a\0b\0l\0e\0.\0b\0l\0o\0b\0\0";
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = digest_of(digest, table, n, hash);
    size_t member = out->len;
    element(out, 0x04, tag, sizeof(tag));
    size_t attributes = out->len;
    indirect_data(out, digest, hash, size);
    wrap(out, attributes, 0x31);
    wrap(out, member, 0x30);
}

/* Version 2: a member tagged with the digest of that kind; the one of SHA-256 holds it too. */
static void member_2(struct fx_buf *out, const unsigned char *hash, unsigned size, bool has_digest)
{
    size_t member = out->len;
    element(out, 0x04, hash, size);
    size_t attributes = out->len;
    ELEMENT(out, 0x06, "\x2B\x06\x01\x04\x01\x82\x37\x0C\x02\x03");
    ELEMENT(out, 0x31, "\x82\x00");
    wrap(out, attributes, 0x30);
    if (has_digest) {
        indirect_data(out, "sha256", hash, size);
    }
    wrap(out, attributes, 0x31);
    wrap(out, member, 0x30);
}

/* Sorted by tag, as writers do, unless the form asks for an order. */
static void members_2(struct fx_buf *out, const void *table, size_t n, const char *form)
{
    unsigned char sha1[EVP_MAX_MD_SIZE];
    unsigned char sha256[EVP_MAX_MD_SIZE];
    digest_of("sha1", table, n, sha1);
    digest_of("sha256", table, n, sha256);
    bool has_digest = strcmp(form, "v2-tags") != 0;
    bool sha1_first = strcmp(form, "v2-sha1-first") == 0 ||
                      (strcmp(form, "v2-sha256-first") != 0 && memcmp(sha1, sha256, 20) < 0);
    if (sha1_first) {
        member_2(out, sha1, 20, false);
    }
    member_2(out, sha256, 32, has_digest);
    if (!sha1_first) {
        member_2(out, sha1, 20, false);
    }
}

/* The trust list's value up to its members: usage, an identifier, a date, the kind of members. */
static void list_head(struct fx_buf *out, bool is_2)
{
    size_t from = out->len;
    ELEMENT(out, 0x06, "\x2B\x06\x01\x04\x01\x82\x37\x0C\x01\x01");
    wrap(out, from, 0x30);
    ELEMENT(out, 0x04, "0123456789ABCDEF");
    ELEMENT(out, 0x17, "160101000000Z");
    from = out->len;
    if (is_2) {
        ELEMENT(out, 0x06, "\x2B\x06\x01\x04\x01\x82\x37\x0C\x01\x03");
    } else {
        ELEMENT(out, 0x06, "\x2B\x06\x01\x04\x01\x82\x37\x0C\x01\x02");
    }
    ELEMENT(out, 0x05, "");
    wrap(out, from, 0x30);
}

static void trust_list(struct fx_buf *out, const void *table, size_t n, const char *digest)
{
    bool is_2 = strncmp(digest, "v2", 2) == 0;
    list_head(out, is_2);
    size_t list = out->len;
    if (is_2) {
        members_2(out, table, n, digest);
    } else {
        member_1(out, table, n, digest);
    }
    wrap(out, list, 0x30);
}

struct signer {
    X509 *certificate;
    EVP_PKEY *key;
};

static struct signer signer_open(const char *path)
{
    struct signer s = {0};
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        s.key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
        rewind(file);
        s.certificate = PEM_read_X509(file, NULL, NULL, NULL);
        fclose(file);
    }
    if (s.key == NULL || s.certificate == NULL) {
        fx_die("%s: no PEM file with key and certificate", path);
    }
    return s;
}

/* All certificates of the signer's file. */
static void add_certificates(struct fx_buf *out, const char *path)
{
    FILE *file = fopen(path, "re");
    size_t from = out->len;
    X509 *certificate;
    while (file != NULL && (certificate = PEM_read_X509(file, NULL, NULL, NULL)) != NULL) {
        unsigned char *der = NULL;
        int n = i2d_X509(certificate, &der);
        fx_buf_put(out, der, (size_t)n);
        OPENSSL_free(der);
        X509_free(certificate);
    }
    if (file != NULL) {
        fclose(file);
    }
    wrap(out, from, 0xA0);
}

static void signature(struct fx_buf *out, const struct signer *s, const char *digest,
                      const void *bytes, size_t n)
{
    unsigned char value[1024];
    size_t size = sizeof(value);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL ||
        EVP_DigestSignInit(context, NULL, EVP_get_digestbyname(digest), NULL, s->key) != 1 ||
        EVP_DigestSign(context, value, &size, bytes, n) != 1) {
        fx_die("cannot sign");
    }
    EVP_MD_CTX_free(context);
    element(out, 0x04, value, size);
}

static void add_signer(struct fx_buf *out, const struct signer *s, const char *digest,
                       const struct fx_buf *list)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned char *der = NULL;
    struct fx_buf attributes = {0};
    size_t from = out->len;
    ELEMENT(out, 0x02, "\x01");
    size_t who = out->len;
    int n = i2d_X509_NAME(X509_get_issuer_name(s->certificate), &der);
    fx_buf_put(out, der, (size_t)n);
    OPENSSL_free(der);
    der = NULL;
    n = i2d_ASN1_INTEGER(X509_get_serialNumber(s->certificate), &der);
    fx_buf_put(out, der, (size_t)n);
    OPENSSL_free(der);
    wrap(out, who, 0x30);
    algorithm(out, digest);
    ELEMENT(&attributes, 0x06, "\x2A\x86\x48\x86\xF7\x0D\x01\x09\x03");
    size_t values = attributes.len;
    ELEMENT(&attributes, 0x06, "\x2B\x06\x01\x04\x01\x82\x37\x0A\x01");
    wrap(&attributes, values, 0x31);
    wrap(&attributes, 0, 0x30);
    size_t second = attributes.len;
    ELEMENT(&attributes, 0x06, "\x2A\x86\x48\x86\xF7\x0D\x01\x09\x04");
    values = attributes.len;
    unsigned size = digest_of(digest, list->data, list->len, hash);
    element(&attributes, 0x04, hash, size);
    wrap(&attributes, values, 0x31);
    wrap(&attributes, second, 0x30);
    wrap(&attributes, 0, 0x31);
    size_t place = out->len;
    fx_buf_put(out, attributes.data, attributes.len);
    out->data[place] = 0xA0;
    size_t method = out->len;
    ELEMENT(out, 0x06, "\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01");
    ELEMENT(out, 0x05, "");
    wrap(out, method, 0x30);
    signature(out, s, digest, attributes.data, attributes.len);
    wrap(out, from, 0x30);
    fx_buf_fini(&attributes);
}

/* The message around a trust list. */
static void message(struct fx_buf *out, const struct fx_buf *list, const char *digest,
                    const char *signer)
{
    struct signer s = {0};
    if (signer != NULL) {
        s = signer_open(signer);
    }
    ELEMENT(out, 0x06, "\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02");
    size_t explicit = out->len;
    size_t data = out->len;
    ELEMENT(out, 0x02, "\x01");
    size_t methods = out->len;
    if (signer != NULL) {
        algorithm(out, digest);
    }
    wrap(out, methods, 0x31);
    size_t content = out->len;
    ELEMENT(out, 0x06, "\x2B\x06\x01\x04\x01\x82\x37\x0A\x01");
    size_t place = out->len;
    element(out, 0x30, list->data, list->len);
    wrap(out, place, 0xA0);
    wrap(out, content, 0x30);
    if (signer != NULL) {
        add_certificates(out, signer);
    }
    size_t signers = out->len;
    if (signer != NULL) {
        add_signer(out, &s, digest, list);
        X509_free(s.certificate);
        EVP_PKEY_free(s.key);
    }
    wrap(out, signers, 0x31);
    wrap(out, data, 0x30);
    wrap(out, explicit, 0xA0);
    wrap(out, 0, 0x30);
}

void fx_catalog_write(const void *table, size_t n, const char *digest, const char *signer,
                      struct fx_buf *out)
{
    struct fx_buf list = {0};
    trust_list(&list, table, n, digest);
    message(out, &list, strncmp(digest, "v2", 2) == 0 ? "sha256" : digest, signer);
    fx_buf_fini(&list);
}

/* ---- packages ---- */

/* A member of the list, and the bytes by which lists are sorted. */
struct listed {
    unsigned char tag[EVP_MAX_MD_SIZE];
    size_t tag_size;
    struct fx_buf bytes;
};

static int compare_listed(const void *a, const void *b)
{
    const struct listed *x = a;
    const struct listed *y = b;
    size_t shorter = x->tag_size < y->tag_size ? x->tag_size : y->tag_size;
    int order = memcmp(x->tag, y->tag, shorter);
    return order != 0 ? order : (x->tag_size > y->tag_size) - (x->tag_size < y->tag_size);
}

static void file_digest(const struct fx_catalog_file *file, const EVP_MD *method,
                        unsigned char *out)
{
    unsigned char bytes[65536];
    struct fx_stream stream;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t n;
    if (context == NULL || EVP_DigestInit_ex(context, method, NULL) != 1) {
        fx_die("cannot digest");
    }
    fx_stream_open(&stream, &file->source);
    while ((n = fx_stream_read(&stream, bytes, sizeof(bytes))) > 0) {
        (void)EVP_DigestUpdate(context, bytes, n);
    }
    (void)EVP_DigestFinal_ex(context, out, NULL);
    EVP_MD_CTX_free(context);
    if (file->is_stale) {
        out[0] ^= 0x01;
    }
}

static void list_file(struct listed *listed, const struct fx_catalog_file *file, bool is_2,
                      bool is_sha1)
{
    file_digest(file, is_sha1 ? EVP_sha1() : EVP_sha256(), listed->tag);
    listed->tag_size = is_sha1 ? 20 : 32;
    if (is_2) {
        member_2(&listed->bytes, listed->tag, (unsigned)listed->tag_size, !is_sha1);
        return;
    }
    size_t member = listed->bytes.len;
    element(&listed->bytes, 0x04, file->name, strlen(file->name));
    size_t attributes = listed->bytes.len;
    indirect_data(&listed->bytes, "sha1", listed->tag, 20);
    wrap(&listed->bytes, attributes, 0x31);
    wrap(&listed->bytes, member, 0x30);
}

void fx_catalog_write_package(const struct fx_catalog_file *files, size_t count, bool is_2,
                              const char *signer, struct fx_buf *out)
{
    struct listed *all = calloc(2 * count + 1, sizeof(*all));
    struct fx_buf list = {0};
    size_t used = 0;
    if (all == NULL) {
        fx_die("out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        if (files[i].source.size == 0) {
            continue; /* the kits leave empty files out */
        }
        list_file(&all[used++], &files[i], is_2, true);
        if (is_2) {
            list_file(&all[used++], &files[i], is_2, false);
        }
    }
    qsort(all, used, sizeof(*all), compare_listed);
    list_head(&list, is_2);
    size_t members = list.len;
    for (size_t i = 0; i < used; i++) {
        fx_buf_put(&list, all[i].bytes.data, all[i].bytes.len);
        fx_buf_fini(&all[i].bytes);
    }
    wrap(&list, members, 0x30);
    message(out, &list, is_2 ? "sha256" : "sha1", signer);
    fx_buf_fini(&list);
    free(all);
}
