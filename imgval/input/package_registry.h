/*
 * package_registry.h: where the files of a package lie beside its manifest, and the device values
 * in its registry files. Internal to imgval/input.
 */
#ifndef IMGVAL_INPUT_PACKAGE_REGISTRY_H
#define IMGVAL_INPUT_PACKAGE_REGISTRY_H

#include "imgval/input/manifest.h"

#include <stdbool.h>

/* Where the other files of the package are. */
struct iv_package_place {
    struct iv_cabinet *cabinet;           /* or NULL: */
    const struct iv_installed *installed; /* or NULL: */
    struct iv_tree root;
    const char *folder; /* beneath the root, "" for itself */
    bool is_device;     /* the folder is the root of a device: files lie at their device paths */
    bool is_nowhere;    /* a manifest alone */
};

/* Opens a file of an extracted package by its place in the cabinet, else by its last part. False
 * without a fault: it is not there. */
bool iv_package_open_loose(const struct iv_reader *r, const struct iv_package_place *place,
                           const char *cab_path, struct iv_opened *ret_file,
                           struct iv_fault *ret_fault);

/* Adds the device values of the package's registry files to the facts. */
void iv_package_read_registries(const struct iv_reader *r, const struct iv_package_place *place,
                                const struct iv_file_list *list, struct iv_package *package);

#endif
