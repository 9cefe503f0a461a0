/* Catalogs: unsigned and signed ones, every byte wrong, names of signers. */
#include "imgval/disk/catalog.h"
#include "imgval/disk/ffu/ffu_hash.h"
#include "tests/build/ffu_write.h"
#include "tests/unit/disk_support.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static char signer[] = "/tmp/imgval-signer-XXXXXX";

/* A key and a certificate of its own, as good as any for a test. */
static void make_signer(void)
{
    EVP_PKEY *key = EVP_RSA_gen(2048);
    X509 *certificate = X509_new();
    int fd = mkstemp(signer);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (key == NULL || certificate == NULL || file == NULL) {
        abort();
    }
    X509_NAME *name = X509_get_subject_name(certificate);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 4711);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -86400);
    X509_gmtime_adj(X509_getm_notAfter(certificate), -3600); /* expired, as they all are */
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"Contoso", -1, -1,
                               0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               (const unsigned char *)"Contoso Flashing \xc3\x84", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    if (X509_sign(certificate, key, EVP_sha256()) == 0 ||
        PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) != 1 ||
        PEM_write_X509(file, certificate) != 1 || fclose(file) != 0) {
        abort();
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static const char table[] = "0123456789abcdef0123456789abcdef";

static void make(const char *digest, bool is_signed, struct iv_buf *bytes)
{
    struct fx_buf out = {0};
    fx_catalog_write(table, 32, digest, is_signed ? signer : NULL, &out);
    iv_buf_clear(bytes);
    iv_buf_add(bytes, out.data, out.len);
    fx_buf_fini(&out);
}

static void check_digest(const struct iv_catalog *catalog, bool is_sha1)
{
    unsigned char sha1[EVP_MAX_MD_SIZE];
    unsigned char sha256[EVP_MAX_MD_SIZE];
    CHECK(EVP_Digest(table, 32, sha1, NULL, EVP_sha1(), NULL) == 1);
    CHECK(EVP_Digest(table, 32, sha256, NULL, EVP_sha256(), NULL) == 1);
    CHECK_INT(catalog->version, 1);
    CHECK_INT(catalog->member_count, 1);
    CHECK_INT(iv_catalog_find(catalog, sha1, sha256),
              is_sha1 ? IV_CATALOG_MATCH_SHA1 : IV_CATALOG_MATCH_SHA256);
    sha1[3] ^= 1;
    sha256[3] ^= 1;
    CHECK_INT(iv_catalog_find(catalog, sha1, sha256), IV_CATALOG_MATCH_NONE);
}

static void test_whole(void)
{
    const char *const digests[] = {"sha1", "sha256"};
    for (size_t i = 0; i < 4; i++) {
        struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
        struct iv_buf bytes IV_CLEANUP(iv_buf_fini) = {0};
        struct iv_catalog catalog;
        const char *why = "";
        make(digests[i % 2], i >= 2, &bytes);
        CHECK(iv_catalog_read(bytes.data, bytes.size, &arena, &catalog, &why));
        CHECK_STR(why, "");
        check_digest(&catalog, i % 2 == 0);
        iv_catalog_verify(&catalog, bytes.data, bytes.size, &arena, &why);
        CHECK(why == NULL);
        CHECK_INT(catalog.signature, i < 2 ? IV_SIGNATURE_NONE : IV_SIGNATURE_VALID);
        CHECK_INT(catalog.signer_count, i < 2 ? 0 : 1);
        if (i >= 2) {
            CHECK_STR(catalog.signers[0].name, "Contoso Flashing \xc3\x84");
            CHECK_STR(catalog.signers[0].organization, "Contoso");
            CHECK_STR(catalog.signers[0].issuer, "Contoso Flashing \xc3\x84");
            CHECK_STR(catalog.signers[0].digest, i == 2 ? "SHA-1" : "SHA-256");
            CHECK(catalog.signers[0].certificate && catalog.signers[0].verified);
        }
        /* Past the end there may be anything. */
        iv_buf_add(&bytes, "\0\0\0", 3);
        CHECK(iv_catalog_read(bytes.data, bytes.size, &arena, &catalog, &why));
    }
}

/* No byte of what is signed, of the signature or of the key can change unnoticed. */
static void test_any_byte(void)
{
    struct iv_buf bytes IV_CLEANUP(iv_buf_fini) = {0};
    make("sha256", true, &bytes);
    size_t valid = 0;
    for (size_t at = 0; at < bytes.size; at++) {
        struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
        struct iv_catalog catalog;
        const char *why = NULL;
        bytes.data[at] = (char)(bytes.data[at] ^ 1);
        if (iv_catalog_read(bytes.data, bytes.size, &arena, &catalog, &why)) {
            iv_catalog_verify(&catalog, bytes.data, bytes.size, &arena, &why);
            CHECK((why == NULL) == (catalog.signature == IV_SIGNATURE_VALID));
            valid += catalog.signature == IV_SIGNATURE_VALID;
        } else {
            CHECK(why != NULL);
        }
        bytes.data[at] = (char)(bytes.data[at] ^ 1);
    }
    /* What a signature does not cover: parts of the certificate that it is not judged by, and
     * algorithm names that are not used. */
    CHECK(valid > 0 && valid < bytes.size / 2);
    for (size_t size = 0; size < bytes.size; size++) {
        struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
        struct iv_catalog catalog;
        const char *why = NULL;
        CHECK(!iv_catalog_read(bytes.data, size, &arena, &catalog, &why) && why != NULL);
    }
}

static const char *refusal(const char *bytes, size_t size)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_catalog catalog;
    const char *why = "none";
    return iv_catalog_read(bytes, size, &arena, &catalog, &why) ? "read" : why;
}

static char *find(struct iv_buf *bytes, const char *wanted, size_t size)
{
    for (size_t at = 0; at + size <= bytes->size; at++) {
        if (memcmp(bytes->data + at, wanted, size) == 0) {
            return bytes->data + at;
        }
    }
    return NULL;
}

static void test_refusals(void)
{
    struct iv_buf bytes IV_CLEANUP(iv_buf_fini) = {0};
    make("sha1", false, &bytes);
    CHECK_STR(refusal("", 0), "it is no PKCS #7 signed data");
    CHECK_STR(refusal("\x30\x80\x00\x00", 4), "it is no PKCS #7 signed data");
    CHECK_STR(refusal("\x30\x85\x01\x01\x01\x01\x01", 7), "it is no PKCS #7 signed data");
    char *list = find(&bytes, "\x2B\x06\x01\x04\x01\x82\x37\x0A\x01", 9);
    CHECK(list != NULL);
    list[8] = 2;
    CHECK_STR(refusal(bytes.data, bytes.size), "what is signed is no certificate trust list");
    list[8] = 1;
    char *indirect = find(&bytes, "\x82\x37\x02\x01\x04", 5);
    CHECK(indirect != NULL);
    indirect[4] = 5;
    CHECK_STR(refusal(bytes.data, bytes.size), "read"); /* and holds no digest */
    indirect[4] = 4;
    char *member = find(&bytes, "\x04\x1EH", 3);
    if (CHECK(member != NULL)) {
        member[0] = 5;
        CHECK_STR(refusal(bytes.data, bytes.size), "a member of its trust list cannot be read");
        member[0] = 4;
    }
    bytes.data[bytes.size - 2] = 0x30;
    CHECK_STR(refusal(bytes.data, bytes.size), "the set of signers is missing");
}

/* Both members of the form of version 2, in either order; what each kind of match needs. */
static void test_version_2(void)
{
    const char *const forms[] = {"v2", "v2-sha1-first", "v2-sha256-first", "v2-tags"};
    unsigned char sha1[EVP_MAX_MD_SIZE];
    unsigned char sha256[EVP_MAX_MD_SIZE];
    unsigned char other[IV_SHA256_SIZE] = {1};
    CHECK(EVP_Digest(table, 32, sha1, NULL, EVP_sha1(), NULL) == 1);
    CHECK(EVP_Digest(table, 32, sha256, NULL, EVP_sha256(), NULL) == 1);
    for (size_t i = 0; i < IV_COUNT(forms); i++) {
        struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
        struct iv_buf bytes IV_CLEANUP(iv_buf_fini) = {0};
        struct iv_catalog catalog;
        struct iv_catalog_member member;
        const char *why = "";
        bool tags = strcmp(forms[i], "v2-tags") == 0;
        make(forms[i], i == 2, &bytes);
        CHECK(iv_catalog_read(bytes.data, bytes.size, &arena, &catalog, &why));
        CHECK_STR(why, "");
        CHECK_INT(catalog.version, 2);
        CHECK_INT(catalog.member_count, 2);
        CHECK_INT(catalog.digest_count, tags ? 0 : 1);
        CHECK_INT(iv_catalog_find(&catalog, sha1, sha256),
                  tags ? IV_CATALOG_MATCH_TAG : IV_CATALOG_MATCH_SHA256);
        /* A SHA-1 alone is no match where a SHA-256 is held. */
        CHECK_INT(iv_catalog_find(&catalog, sha1, other),
                  tags ? IV_CATALOG_MATCH_TAG : IV_CATALOG_MATCH_NONE);
        CHECK_INT(iv_catalog_find(&catalog, other, other), IV_CATALOG_MATCH_NONE);
        struct iv_der at = catalog.members;
        CHECK(iv_catalog_next(&at, &member));
        if (i == 1) {
            CHECK_INT(member.tag.size, IV_SHA1_SIZE);
            CHECK_INT(member.digest.size, 0);
            CHECK_INT(member.data, IV_CATALOG_DATA_NONE);
        } else if (i == 2) {
            CHECK_INT(member.tag.size, IV_SHA256_SIZE);
            CHECK_INT(member.digest.size, IV_SHA256_SIZE);
            CHECK_INT(member.data, IV_CATALOG_DATA_FILE);
        }
        CHECK(iv_catalog_next(&at, &member) && !iv_catalog_next(&at, &member) && at.size == 0);
        iv_catalog_verify(&catalog, bytes.data, bytes.size, &arena, &why);
        CHECK_INT(catalog.signature, i == 2 ? IV_SIGNATURE_VALID : IV_SIGNATURE_NONE);
    }
}

static void add_element(struct iv_buf *out, unsigned tag, const struct iv_buf *value)
{
    const char head[] = {(char)tag,
                         (char)0x84,
                         (char)(value->size >> 24 & 0xFF),
                         (char)(value->size >> 16 & 0xFF),
                         (char)(value->size >> 8 & 0xFF),
                         (char)(value->size & 0xFF)};
    iv_buf_add(out, head, sizeof(head));
    iv_buf_add(out, value->data, value->size);
}

/* A million members are walked in a moment and cost no memory. */
static void test_many_members(void)
{
    static const char member[] = "\x30\x18\x04\x14"
                                 "01234567890123456789"
                                 "\x31\x00";
    struct iv_buf parts[5] = {0};
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_catalog catalog;
    const char *why = "";
    for (size_t i = 0; i < 1000000; i++) {
        iv_buf_add(&parts[0], member, sizeof(member) - 1);
    }
    iv_buf_add(&parts[1], "\x17\x00\x30\x03\x06\x01\x01", 7);
    add_element(&parts[1], 0x30, &parts[0]);
    add_element(&parts[2], 0x30, &parts[1]);
    iv_buf_add(&parts[3], "\x06\x09\x2B\x06\x01\x04\x01\x82\x37\x0A\x01", 11);
    add_element(&parts[3], 0xA0, &parts[2]);
    struct iv_buf data IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_add(&data, "\x02\x01\x01\x31\x00", 5);
    add_element(&data, 0x30, &parts[3]);
    iv_buf_add(&data, "\x31\x00", 2);
    add_element(&parts[4], 0x30, &data);
    iv_buf_clear(&data);
    iv_buf_add(&data, "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02", 11);
    add_element(&data, 0xA0, &parts[4]);
    iv_buf_clear(&parts[0]);
    add_element(&parts[0], 0x30, &data);
    CHECK(iv_catalog_read(parts[0].data, parts[0].size, &arena, &catalog, &why));
    CHECK_STR(why, "");
    CHECK_INT(catalog.member_count, 1000000);
    CHECK_INT(catalog.digest_count, 0);
    CHECK_INT(catalog.version, 0);
    for (size_t i = 0; i < IV_COUNT(parts); i++) {
        iv_buf_fini(&parts[i]);
    }
}

/* Through the container: what the rules will see. */
static void test_image(void)
{
    char recipe[400];
    struct iv_buf bytes IV_CLEANUP(iv_buf_fini) = {0};
    struct image image;
    snprintf(recipe, sizeof(recipe),
             "ffu a.ffu signer=%s {\n store size=4M\n partition A size=1M fill=1M\n}\n", signer);
    build(recipe, "a.ffu", &bytes);
    image_init(&image, &bytes);
    CHECK(image_open(&image));
    iv_ffu_check_catalog(image.ffu, &image.facts, &image.faults);
    CHECK_INT(image.faults.count, 0);
    CHECK_INT(image.facts.signature, IV_SIGNATURE_VALID);
    CHECK_STR(image.facts.signers[0].organization, "Contoso");
    uint64_t size = image.facts.catalog_size;
    image_fini(&image);
    image_init(&image, &bytes);
    poke(&image, 32 + size - 3, 1, peek(&image, 32 + size - 3, 1) ^ 1);
    CHECK(image_open(&image));
    iv_ffu_check_catalog(image.ffu, &image.facts, &image.faults);
    CHECK_INT(image.facts.signature, IV_SIGNATURE_INVALID);
    CHECK_STR(
        detail_of(&image, IV_FAULT_CATALOG, 0),
        "its signature by Contoso Flashing \xc3\x84 is not valid: it does not fit the content "
        "and the signer's key");
    image_fini(&image);
    image_init(&image, &bytes);
    poke(&image, 32, 1, 0);
    CHECK(image_open(&image));
    iv_ffu_check_catalog(image.ffu, &image.facts, &image.faults);
    CHECK_INT(image.facts.signature, IV_SIGNATURE_UNKNOWN);
    CHECK_STR(detail_of(&image, IV_FAULT_CATALOG, 0),
              "it cannot be read: it is no PKCS #7 signed data");
    image_fini(&image);
    struct iv_buf bare IV_CLEANUP(iv_buf_fini) = {0};
    build("ffu a.ffu nocatalog {\n store size=4M\n partition A size=1M fill=1M\n}\n", "a.ffu",
          &bare);
    image_init(&image, &bare);
    CHECK(image_open(&image));
    iv_ffu_check_catalog(image.ffu, &image.facts, &image.faults);
    CHECK_STR(detail_of(&image, IV_FAULT_CATALOG, 0), "the file has none");
    image_fini(&image);
}

int main(void)
{
    make_signer();
    test_whole();
    test_any_byte();
    test_refusals();
    test_version_2();
    test_many_members();
    test_image();
    (void)unlink(signer);
    return unit_end();
}
