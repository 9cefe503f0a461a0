#include "imgval/base/sha256.h"

#include "imgval/base/arena.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
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

struct iv_sha256 *iv_sha256_open(void)
{
    /* No configuration file: it would be opened inside the sandbox, and may load foreign code. */
    require(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL));
    struct iv_sha256 *sha = malloc(sizeof(*sha));
    require(sha != NULL);
    sha->digest = EVP_MD_fetch(NULL, "SHA256", NULL);
    require(sha->digest != NULL);
    sha->context = EVP_MD_CTX_new();
    require(sha->context != NULL);
    require(EVP_DigestInit_ex2(sha->context, sha->digest, NULL));
    return sha;
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

void iv_sha256_close(struct iv_sha256 *sha, unsigned char ret_digest[IV_SHA256_SIZE])
{
    unsigned size = 0;
    require(EVP_DigestFinal_ex(sha->context, ret_digest, &size) && size == IV_SHA256_SIZE);
    EVP_MD_CTX_free(sha->context);
    EVP_MD_free(sha->digest);
    free(sha);
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
