/*
 * verify.h: `--verify`: a package read whole, each file against the catalog and the manifests, and
 * the catalog's signature. What is found out becomes the package's seal (model/seal.h). Internal to
 * imgval/input.
 */
#ifndef IMGVAL_INPUT_VERIFY_H
#define IMGVAL_INPUT_VERIFY_H

#include "imgval/input/cabinet.h"
#include "imgval/input/manifest.h"
#include "imgval/input/reader.h"

/* A cabinet: every block of it is decoded once, and nothing but digests is kept. `list`: what its
 * manifest lists. */
void iv_verify_cabinet(const struct iv_reader *r, struct iv_cabinet *cabinet,
                       const struct iv_file_list *list, struct iv_package *package);

/* Opens a file of an extracted package by the name that its manifest has for it. False: it is not
 * there, or *ret_fault says why it cannot be read. */
typedef bool iv_verify_open_fn(const void *context, const struct iv_package_file *file,
                               struct iv_opened *ret_file, struct iv_fault *ret_fault);

/* An extracted package: the files that its manifest lists. */
void iv_verify_loose(const struct iv_reader *r, iv_verify_open_fn *open, const void *context,
                     const struct iv_file_list *list, struct iv_package *package);

/* A catalog that is a file of its own (inspect): who signed it, and the digests that it lists. */
void iv_verify_catalog(const struct iv_reader *r, const struct iv_buf *bytes,
                       struct iv_package *package);

/*
 * An installed package: each file that its manifest lists and that lies on the volume, against the
 * catalog that lies there too. What was not installed as a file (registry, binary partitions) says
 * nothing.
 */
void iv_verify_installed(const struct iv_reader *r, const struct iv_installed *installed,
                         const struct iv_file_list *list, struct iv_package *package);

/* A package of which no more than the manifest is here. */
void iv_verify_nothing(const struct iv_reader *r, struct iv_package *package, const char *why);

#endif
