/*
 * entropy.h: random numbers that nobody can foresee: for names of temporary files, and for hash
 * tables that hold names from the input.
 */
#ifndef IMGVAL_BASE_ENTROPY_H
#define IMGVAL_BASE_ENTROPY_H

#include "imgval/base/attr.h"

#include <stdbool.h>
#include <stddef.h>

/* Fills the bytes; at most 256. False with errno set. */
IV_MUST_USE bool iv_entropy(void *bytes, size_t size);

#endif
