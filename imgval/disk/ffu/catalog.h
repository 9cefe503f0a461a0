/*
 * catalog.h: the catalog of an FFU: DER PKCS #7 SignedData over a certificate trust list with one
 * member, whose indirect data end in the digest of the hash table (ffu.md 1.3, Authenticode).
 *
 * Own bounded walk over the DER: no library parses these bytes. Whom to trust is not judged, nor is
 * any date: what is found out is whether each signature fits its certificate's key and the content.
 */
#ifndef IMGVAL_DISK_FFU_CATALOG_H
#define IMGVAL_DISK_FFU_CATALOG_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/model/image.h"

#include <stdbool.h>
#include <stddef.h>

struct iv_catalog {
    const unsigned char *digest; /* of the hash table; borrowed from the bytes */
    size_t digest_size;          /* 20 (SHA-1) or 32 (SHA-256) */
    enum iv_signature signature;
    struct iv_image_signer *signers;
    size_t signer_count;
};

/* False with *ret_why (one clause): the bytes are no such catalog. Bytes behind the outermost
 * element are allowed: signing tools pad. */
IV_MUST_USE bool iv_catalog_read(const void *bytes, size_t size, struct iv_arena *arena,
                                 struct iv_catalog *ret_catalog, const char **ret_why);

#endif
