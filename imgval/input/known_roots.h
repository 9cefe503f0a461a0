/*
 * known_roots.h: the roots that phone firmware is known to be signed under, and what a chain that
 * ends in one says. Internal to imgval/input.
 */
#ifndef IMGVAL_INPUT_KNOWN_ROOTS_H
#define IMGVAL_INPUT_KNOWN_ROOTS_H

#include "imgval/base/signature.h"
#include "imgval/model/seal.h"

/* The table, for iv_signature_read(); `kind` is an enum iv_root. */
const struct iv_known_root *iv_known_roots(size_t *ret_count);

/* What the end of a chain makes of a package. */
enum iv_root iv_known_roots_judge(const struct iv_signed *signed_by);

#endif
