/*
 * signature.h: who signed a PKCS #7 message, and what the certificates end in. libcrypto does the
 * parsing and the arithmetic (digest.c), so this runs in reader processes, on bytes that a
 * bounded walk has accepted before.
 *
 * No certificate is fetched and no clock is asked: a time stamp says when something was signed, and
 * without one nothing is said of expiry. The chain is followed through the certificates of the
 * message itself to a key of `roots` or to a trusted certificate. A name decides nothing.
 */
#ifndef IMGVAL_BASE_SIGNATURE_H
#define IMGVAL_BASE_SIGNATURE_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"

#include <stdbool.h>
#include <stddef.h>

/* A root that is known by its key or, where that was never published, by the SHA-1 of its
 * certificate. */
struct iv_known_root {
    const char *name;
    const char *key;        /* SubjectPublicKeyInfo (DER) as base64; NULL: not known */
    const char *thumbprint; /* 40 hexadecimal digits in capitals; NULL: not needed */
    int kind;               /* the caller's */
};

struct iv_signing {
    const struct iv_known_root *roots;
    size_t root_count;
    const void *trust; /* further certificates, PEM or DER; NULL: none */
    size_t trust_size;
};

enum iv_chain_end {
    IV_CHAIN_UNKNOWN, /* neither known nor trusted */
    IV_CHAIN_KNOWN,   /* `root` says which */
    IV_CHAIN_TRUSTED, /* one of `trust` */
};

struct iv_signed {
    size_t signer_count; /* 0: unsigned, and nothing else is set */
    const char *why;     /* why a signature is not valid, one clause; NULL: all are */
    const char *signer;  /* common names; of the first signer */
    const char *organization;
    const char *digest; /* "SHA-256" */
    const char *weak;   /* what is not safe any more in it, or NULL */
    const char **chain; /* the signer's first */
    size_t chain_count;
    enum iv_chain_end end;
    const char *end_name;
    const struct iv_known_root *root;
    const char *stamp; /* "2017-06-01 12:00:00 UTC", NULL: without a time stamp */
    const char *stamp_signer;
};

/* A message, and its content (the value of what is signed, without its tag and length) as somebody
 * else has found it. */
struct iv_signed_message {
    const void *bytes;
    size_t size;
    const void *content;
    size_t content_size;
};

/* Reads the signers of a message. False with *ret_why: it is no such message for libcrypto, or its
 * content is another one there. */
IV_MUST_USE bool iv_signature_read(const struct iv_signed_message *message,
                                   const struct iv_signing *signing, struct iv_arena *arena,
                                   struct iv_signed *ret_signed, const char **ret_why);

/* How many certificates a file of trusted ones holds. */
size_t iv_signature_count_trusted(const void *bytes, size_t size);

#endif
