/*
 * Catalogs of packages (those of FFUs: ffu_write.h), as the kits write them or with lies.
 */
#ifndef FX_CATALOG_WRITE_H
#define FX_CATALOG_WRITE_H

#include "base.h"
#include "source.h"

struct fx_catalog_file {
    const char *name;
    struct fx_source source;
    bool is_stale; /* the catalog has digests of something else */
};

/* Version 2: two members for each file, sorted by tag. Version 1: one, with its SHA-1. `signer`: a
 * PEM file of key and certificates, the signer's first; NULL: unsigned. */
void fx_catalog_write_package(const struct fx_catalog_file *files, size_t count, bool is_2,
                              const char *signer, struct fx_buf *out);

#endif
