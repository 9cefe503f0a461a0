/*
 * gzip.h: bounded inflation: of gzip data, which some device builds store manifests and registry
 * files in, and, step by step, of the deflate data of an archive's member. The
 * only module that knows zlib. Internal to imgval/input.
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

/* Deflate data without any header, as a zip archive has them. */
struct iv_inflater;
struct iv_inflater *iv_inflater_open(void);
void iv_inflater_close(struct iv_inflater **inflater);
void iv_inflater_reset(struct iv_inflater *inflater); /* to the first byte of the data */

enum iv_inflated {
    IV_INFLATED_SOME,
    IV_INFLATED_END, /* the data came to their end; bytes after it were not used */
    IV_INFLATED_DAMAGED,
};

/* Inflates from *size bytes into *room bytes; both become what was used. */
enum iv_inflated iv_inflater_step(struct iv_inflater *inflater, const unsigned char *bytes,
                                  size_t *size, unsigned char *place, size_t *room);

/* The CRC-32 of zip archives, of more bytes after those that gave `crc` (at first 0). */
uint32_t iv_crc32(uint32_t crc, const void *bytes, size_t size);

/* Appends the name and version of the library that is linked: "zlib 1.2.13". */
void iv_gzip_library(struct iv_buf *buf);

#endif
