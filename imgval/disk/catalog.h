/*
 * catalog.h: a catalog: DER PKCS #7 SignedData over a certificate trust list, whose members vouch
 * for files by their digests. An FFU has one for its hash table (imgval/disk/ffu), a package has
 * one for its files (update.cat, content.cat).
 *
 * A list of version 1 has one member a file, with its SHA-1. One of version 2 has two members a
 * file: one tagged with the SHA-1 and without a digest, one tagged with the SHA-256 and with it;
 * members are sorted by tag, so that nothing follows from a member's place.
 *
 * Own bounded walk over the DER: no library parses these bytes before it has, and nothing is
 * allocated for members.
 */
#ifndef IMGVAL_DISK_CATALOG_H
#define IMGVAL_DISK_CATALOG_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/digest.h"
#include "imgval/disk/der.h"
#include "imgval/model/image.h"

#include <stdbool.h>
#include <stddef.h>

/* What a member's digest is taken over. */
enum iv_catalog_data {
    IV_CATALOG_DATA_NONE,  /* the member has no digest */
    IV_CATALOG_DATA_FILE,  /* 1.3.6.1.4.1.311.2.1.25: all bytes of the file */
    IV_CATALOG_DATA_PE,    /* 1.3.6.1.4.1.311.2.1.15: a PE file but for checksum and signature */
    IV_CATALOG_DATA_OTHER, /* another type, see data_type */
};

/* One member; every part is borrowed from the catalog's bytes. */
struct iv_catalog_member {
    struct iv_der tag;    /* version 2: the SHA-1 or the SHA-256; version 1: any bytes */
    struct iv_der digest; /* 20 bytes (SHA-1) or 32 (SHA-256); size 0: it has none */
    enum iv_catalog_data data;
    struct iv_der data_type;  /* the type's OID, without its tag */
    struct iv_der attributes; /* for iv_catalog_value() */
};

struct iv_catalog {
    int version;           /* of the list: 1, 2, or 0 for another type of members */
    struct iv_der list;    /* the trust list's value: what is signed */
    struct iv_der members; /* to walk with iv_catalog_next() */
    size_t member_count;
    size_t digest_count;      /* members that hold a digest */
    struct iv_der attributes; /* of the list (PackageName, OSAttr), for iv_catalog_value() */
    struct iv_der certificates;
    struct iv_der signer_infos;
    enum iv_signature signature; /* NONE, or NOT_VERIFIED until iv_catalog_verify() */
    struct iv_image_signer *signers;
    size_t signer_count;
};

/* False with *ret_why (one clause): the bytes are no such catalog, or a member cannot be read. A
 * catalog without a member is read. Bytes after the outermost element are allowed: signing tools
 * pad. The result borrows `bytes`. */
IV_MUST_USE bool iv_catalog_read(const void *bytes, size_t size, struct iv_arena *arena,
                                 struct iv_catalog *ret_catalog, const char **ret_why);

/* Verifies the signatures of what iv_catalog_read() has read, all of them: sets signature and
 * `verified` of the signers. *ret_why: why one is not valid, one clause; NULL. Whom to trust is not
 * judged. */
void iv_catalog_verify(struct iv_catalog *catalog, const void *bytes, size_t size,
                       struct iv_arena *arena, const char **ret_why);

/* The next member of a walk that starts with a copy of `members`; false at the end. */
IV_MUST_USE bool iv_catalog_next(struct iv_der *at, struct iv_catalog_member *ret_member);

/* The text of the attribute of that name ("File", "OSAttr", "PackageName"); NULL: there is none. */
const char *iv_catalog_value(struct iv_der attributes, const char *name, struct iv_arena *arena);

/* How a catalog vouches for one file. */
enum iv_catalog_match {
    IV_CATALOG_MATCH_NONE,
    IV_CATALOG_MATCH_SHA256,
    IV_CATALOG_MATCH_SHA1,
    IV_CATALOG_MATCH_TAG, /* no member holds a digest; a tag is the file's SHA-256 or SHA-1 */
};

/* Whether any member vouches for the file with these digests. Where a member holds a SHA-256, only
 * those count; else SHA-1; tags only where no member holds a digest. */
enum iv_catalog_match iv_catalog_find(const struct iv_catalog *catalog,
                                      const unsigned char sha1[IV_SHA1_SIZE],
                                      const unsigned char sha256[IV_SHA256_SIZE]);

#endif
