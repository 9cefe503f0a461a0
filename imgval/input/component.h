/*
 * component.h: the digests that a component manifest names for its payload.
 * Internal to imgval/input.
 */
#ifndef IMGVAL_INPUT_COMPONENT_H
#define IMGVAL_INPUT_COMPONENT_H

#include "imgval/base/digest.h"
#include "imgval/input/reader.h"

#include <stdbool.h>
#include <stddef.h>

/* What a manifest says of one file. Strings live in scratch. */
struct iv_claim {
    const char *member; /* the manifest's stem, '\\', the file's name */
    const char *source; /* the manifest */
    size_t digest_size; /* 20 (SHA-1) or 32 (SHA-256) */
    unsigned char digest[IV_SHA256_SIZE];
};

struct iv_claims {
    struct iv_claim *items;
    size_t count;
};

/* Whether a member of a CBS cabinet is a component manifest: a name in .manifest, of the top. */
bool iv_component_is(const char *member);

/* Adds the claims of the manifest `doc` to the list. False with *ret_fault set: it is malformed.
 * Digests of other than the file's own bytes are passed over. */
IV_MUST_USE bool iv_component_read(const struct iv_reader *r, const struct iv_document *doc,
                                   struct iv_claims *claims, struct iv_fault *ret_fault);

#endif
