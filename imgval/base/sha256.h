/*
 * sha256.h: SHA-256 digests. The only module that knows libcrypto.
 */
#ifndef IMGVAL_BASE_SHA256_H
#define IMGVAL_BASE_SHA256_H

#include <stddef.h>

#define IV_SHA256_SIZE 32
#define IV_SHA256_HEX_SIZE 65 /* with the NUL */

struct iv_sha256; /* a digest in the making */

/* Never NULL: a failure inside the library ends the process like lack of memory (arena.h). */
struct iv_sha256 *iv_sha256_open(void);
void iv_sha256_add(struct iv_sha256 *sha, const void *bytes, size_t size);
/* Adds a string and its NUL, so that fields that follow each other stay apart. NULL is not a text:
 * callers say "none" in a field of their own. */
void iv_sha256_add_field(struct iv_sha256 *sha, const char *text);
/* Writes the digest and frees the handle. */
void iv_sha256_close(struct iv_sha256 *sha, unsigned char ret_digest[IV_SHA256_SIZE]);
/* The same as lower-case hexadecimal. */
void iv_sha256_close_hex(struct iv_sha256 *sha, char ret_hex[IV_SHA256_HEX_SIZE]);

#endif
