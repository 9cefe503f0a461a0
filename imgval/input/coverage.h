/*
 * coverage.h: whether a catalog vouches for the files of a package, and for no others.
 * Internal to imgval/input.
 */
#ifndef IMGVAL_INPUT_COVERAGE_H
#define IMGVAL_INPUT_COVERAGE_H

#include "imgval/disk/catalog.h"
#include "imgval/input/file_hash.h"
#include "imgval/input/reader.h"
#include "imgval/model/seal.h"

#include <stdbool.h>
#include <stddef.h>

/* A file of the package; those that have NOT_READ as their state are looked at. */
struct iv_covered_file {
    const char *name;
    bool is_read; /* digests are set */
    struct iv_file_digests digests;
    enum iv_sealed_state state;
};

/* Adds a flaw; the strings are copied. */
void iv_seal_flaw(const struct iv_reader *r, struct iv_seal *seal, enum iv_flaw_kind kind,
                  const char *member, const char *fmt, ...) IV_PRINTF(5, 6);

/*
 * Sets the state of each file, and adds a flaw for each that no digest of the catalog fits, and for
 * each digest that fits no file. `whole`: all files were read, so that a digest without a file
 * means something.
 */
void iv_coverage_check(const struct iv_reader *r, const struct iv_catalog *catalog,
                       struct iv_covered_file *files, size_t count, bool whole,
                       struct iv_seal *seal);

#endif
