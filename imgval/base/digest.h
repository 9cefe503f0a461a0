/*
 * digest.h: SHA-256 digests, and what a catalog asks for besides: SHA-1 and RSA signatures. The
 * only module that knows libcrypto.
 */
#ifndef IMGVAL_BASE_DIGEST_H
#define IMGVAL_BASE_DIGEST_H

#include "imgval/base/attr.h"
#include "imgval/base/buf.h"

#include <stdbool.h>
#include <stddef.h>

#define IV_SHA256_SIZE 32
#define IV_SHA256_HEX_SIZE 65 /* with the NUL */
#define IV_SHA1_SIZE 20

struct iv_sha256; /* a digest in the making */

/* Never NULL: a failure inside the library ends the process like lack of memory (arena.h). */
struct iv_sha256 *iv_sha256_open(void);
void iv_sha256_add(struct iv_sha256 *sha, const void *bytes, size_t size);
/* Adds a string and its NUL, so that fields that follow each other stay apart. NULL is not a text:
 * callers say "none" in a field of their own. */
void iv_sha256_add_field(struct iv_sha256 *sha, const char *text);
/* Writes the digest and frees the handle. */
void iv_sha256_close(struct iv_sha256 *sha, unsigned char ret_digest[IV_SHA256_SIZE]);
/* Writes the digest and makes the handle ready for the next one: many digests, one handle. */
void iv_sha256_next(struct iv_sha256 *sha, unsigned char ret_digest[IV_SHA256_SIZE]);
/* The same as lower-case hexadecimal. */
void iv_sha256_close_hex(struct iv_sha256 *sha, char ret_hex[IV_SHA256_HEX_SIZE]);

/* The digest of what was added so far (`size` bytes: 32, or 20 of SHA-1); more may be added. */
void iv_sha256_peek(const struct iv_sha256 *sha, unsigned char *ret_digest, unsigned size);

/* SHA-1, for formats that know nothing else; the handle is used like one of SHA-256, up to
 * iv_sha1_close(). */
struct iv_sha256 *iv_sha1_open(void);
void iv_sha1_next(struct iv_sha256 *sha, unsigned char ret_digest[IV_SHA1_SIZE]);
void iv_sha1_close(struct iv_sha256 *sha, unsigned char ret_digest[IV_SHA1_SIZE]);

/* Appends the name and version of the library that is linked: "OpenSSL 3.0.17". */
void iv_digest_library(struct iv_buf *buf);

#endif
