/*
 * gzip.h: bounded inflation of gzip data, which some device builds store manifests and registry
 * files in (packages.md 1.6). The only module that knows zlib. Internal to imgval/input.
 */
#ifndef IMGVAL_INPUT_GZIP_H
#define IMGVAL_INPUT_GZIP_H

#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/model/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the first bytes are those of gzip data (1F 8B). */
bool iv_gzip_is(const void *head, size_t size);

/*
 * Appends the inflated bytes, at most `max` of them. False with *ret_fault set (MALFORMED or LIMIT;
 * kind and detail alone, a constant text) and nothing appended.
 */
IV_MUST_USE bool iv_gzip_read(const void *bytes, size_t size, uint64_t max, struct iv_buf *buf,
                              struct iv_fault *ret_fault);

/* Appends the name and version of the library that is linked: "zlib 1.2.13". */
void iv_gzip_library(struct iv_buf *buf);

#endif
