/*
 * seal.h: what `--verify` found out about one package: whether its files are those that its catalog
 * and its manifests name, and who signed the catalog.
 *
 * A package without a seal was not verified: nobody asked. Plain data in the scan's arena.
 */
#ifndef IMGVAL_MODEL_SEAL_H
#define IMGVAL_MODEL_SEAL_H

#include "imgval/model/image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The files against catalog and manifests. */
enum iv_content {
    IV_CONTENT_NOT_CHECKED, /* nothing can be said: the package or its catalog cannot be read */
    IV_CONTENT_INTACT,      /* every file is vouched for, and none is missing */
    IV_CONTENT_NOT_COVERED, /* there is no catalog, or it does not fit the files */
    IV_CONTENT_DAMAGED,     /* a part of the cabinet does not decode */
};

/* What the certificates of a valid signature end in. */
enum iv_root {
    IV_ROOT_NONE,    /* no valid signature */
    IV_ROOT_UNKNOWN, /* a root that is neither known nor trusted */
    IV_ROOT_TEST,
    IV_ROOT_RETAIL,
    IV_ROOT_TRUSTED, /* named by --trust */
};

/* What the user expects them to end in: --expect-signature. */
enum iv_expected { IV_EXPECTED_ANY, IV_EXPECTED_RETAIL, IV_EXPECTED_TEST };

/* What is wrong; each has its rule. */
enum iv_flaw_kind {
    IV_FLAW_NOT_COVERED, /* SIG001 */
    IV_FLAW_MISSING,     /* SIG002 */
    IV_FLAW_NO_CATALOG,  /* SIG003 */
    IV_FLAW_SIGNATURE,   /* SIG005 */
    IV_FLAW_DIFFERS,     /* SIG007 */
    IV_FLAW_DAMAGED,     /* SIG008 */
};

struct iv_flaw {
    enum iv_flaw_kind kind;
    const char *member; /* the file in the package, or NULL */
    const char *detail; /* one clause */
};

/* How one file stands. */
enum iv_sealed_state {
    IV_SEALED_NOT_READ,
    IV_SEALED_COVERED,
    IV_SEALED_NOT_COVERED,
    IV_SEALED_EMPTY,   /* of no bytes: catalogs leave such files out */
    IV_SEALED_CATALOG, /* the catalog itself */
    IV_SEALED_LISTED,  /* inspect: no file, but what a catalog lists */
};

struct iv_sealed_file {
    const char *path;
    enum iv_sealed_state state;
    const char *digest; /* SHA-256 as hexadecimal; NULL: not known */
    uint64_t size;
};

struct iv_seal {
    enum iv_content content;
    enum iv_signature signature; /* NONE: unsigned */
    enum iv_root root;
    const char *signer;       /* common name of the signer's certificate */
    const char *organization; /* of the same */
    const char *root_name;    /* of the certificate or key that the chain ends in */
    const char *digest;       /* algorithm of the signature: "SHA-256" */
    const char *weak;         /* algorithms in it that are not safe any more, or NULL */
    const char *stamp;        /* when a time stamp says it was signed: "2017-06-01 12:00:00 UTC" */
    const char *stamp_signer; /* who says so */
    const char **chain;       /* common names, the signer's first */
    size_t chain_count;
    uint64_t version;    /* of the catalog: 1 or 2; 0: none */
    uint64_t file_count; /* read whole, without the catalog */
    uint64_t covered;    /* of these */
    uint64_t bytes;      /* in them */
    struct iv_flaw *flaws;
    size_t flaw_count;
    struct iv_sealed_file *files; /* only when the reader was asked for them (inspect) */
    size_t sealed_count;
};

extern const char *const iv_content_names[]; /* "not-checked", "intact", ... */
extern const char *const iv_root_names[];    /* "none", "unknown", "test", ... */
extern const char *const iv_flaw_names[];
extern const char *const iv_sealed_state_names[];

#endif
