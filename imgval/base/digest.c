#include "imgval/base/digest.h"

#include "imgval/base/arena.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

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

void iv_sha256_add_field(struct iv_sha256 *sha, const char *text)
{
    if (text == NULL) {
        iv_sha256_add(sha, "\x01", 1);
    } else {
        iv_sha256_add(sha, text, strlen(text) + 1);
    }
}

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

void iv_sha256_next(struct iv_sha256 *sha, unsigned char ret_digest[IV_SHA256_SIZE])
{
    digest_final(sha, ret_digest, IV_SHA256_SIZE);
    require(EVP_DigestInit_ex2(sha->context, NULL, NULL));
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

/* ---- signatures ---------------------------------------------------------------------------- */

static EVP_PKEY *key_open(const struct iv_rsa_key *key)
{
    EVP_PKEY *made = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *modulus = BN_bin2bn(key->modulus, (int)key->modulus_size, NULL);
    BIGNUM *exponent = BN_bin2bn(key->exponent, (int)key->exponent_size, NULL);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    require(build != NULL && modulus != NULL && exponent != NULL && context != NULL &&
            OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) &&
            OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent));
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
    require(parameters != NULL);
    if (EVP_PKEY_fromdata_init(context) <= 0 ||
        EVP_PKEY_fromdata(context, &made, EVP_PKEY_PUBLIC_KEY, parameters) <= 0) {
        made = NULL;
    }
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(context);
    BN_free(modulus);
    BN_free(exponent);
    return made;
}

bool iv_rsa_verify(const struct iv_rsa_key *key, const unsigned char *digest, size_t digest_size,
                   const unsigned char *signature, size_t signature_size)
{
    if (key->modulus_size == 0 || key->modulus_size > IV_RSA_MAX || key->exponent_size == 0 ||
        key->exponent_size > 8 || (digest_size != IV_SHA1_SIZE && digest_size != IV_SHA256_SIZE)) {
        return false;
    }
    crypto_begin();
    EVP_MD *method = EVP_MD_fetch(NULL, digest_size == IV_SHA1_SIZE ? "SHA1" : "SHA256", NULL);
    require(method != NULL);
    EVP_PKEY *made = key_open(key);
    EVP_PKEY_CTX *context = made == NULL ? NULL : EVP_PKEY_CTX_new_from_pkey(NULL, made, NULL);
    bool fits = context != NULL && EVP_PKEY_verify_init(context) > 0 &&
                EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0 &&
                EVP_PKEY_CTX_set_signature_md(context, method) > 0 &&
                EVP_PKEY_verify(context, signature, signature_size, digest, digest_size) == 1;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(made);
    EVP_MD_free(method);
    ERR_clear_error();
    return fits;
}

void iv_digest_library(struct iv_buf *buf)
{
    iv_buf_printf(buf, "OpenSSL %s", OpenSSL_version(OPENSSL_VERSION_STRING));
}
