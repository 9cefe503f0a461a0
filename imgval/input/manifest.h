/*
 * manifest.h: from the bytes of a package manifest to struct iv_package, and what follows from the
 * list of files in it. Internal to imgval/input.
 */
#ifndef IMGVAL_INPUT_MANIFEST_H
#define IMGVAL_INPUT_MANIFEST_H

#include "imgval/input/cabinet.h"
#include "imgval/input/opened.h"
#include "imgval/input/reader.h"

#include <stdbool.h>
#include <stddef.h>

#define IV_DSM_NAME "man.dsm.xml"
#define IV_MUM_NAME "update.mum"
#define IV_DIFF_DSM_NAME "dman.ddsm.xml"
#define IV_DIFF_CBS_NAME "_manifest_.cix.xml"

/* The files that a manifest lists, in its order. Strings and array live in scratch. */
struct iv_file_list {
    struct iv_package_file *items;
    size_t count;
};

void iv_file_list_add(const struct iv_reader *r, struct iv_file_list *list,
                      const struct iv_package_file *file);

/*
 * Reads a device side manifest (man.dsm.xml, <name>.dsm.xml), either generation. Facts are set on
 * the package and files are added to the list as far as they can be read; the first thing that is
 * wrong is a fault that spoils the package. True when the whole document was seen.
 */
bool iv_dsm_read(const struct iv_reader *r, const struct iv_document *doc,
                 struct iv_package *package, struct iv_file_list *list);

/* The same for update.mum, also of recall shape. */
bool iv_mum_read(const struct iv_reader *r, const struct iv_document *doc,
                 struct iv_package *package, struct iv_file_list *list);

/* Sets empty, content, file_count, total_size and, if asked for, files. `whole`: the list is. */
void iv_file_list_apply(const struct iv_reader *r, const struct iv_file_list *list, bool whole,
                        struct iv_package *package);

/* Sets payload_packages, for extracted packages. */
void iv_file_list_payload(const struct iv_reader *r, const struct iv_file_list *list,
                          struct iv_package *package);

/* One MEMBER_MISSING fault for each file that the cabinet lacks. */
void iv_file_list_missing(const struct iv_reader *r, const struct iv_file_list *list,
                          const struct iv_cabinet *cabinet, struct iv_package *package);

/* Whether a CBS file is a deployment manifest: *-deployment_*.manifest. */
bool iv_mum_is_deployment(const char *path);

/*
 * Reads a package item: probes the file and fills `package`, whose path is set. Files without a
 * package's name may also hold a bare manifest; `root` and `relative` (NULL: not known) say where
 * that lies: in the tree of a whole device its registry files are found by their device paths.
 */
void iv_package_read_file(const struct iv_reader *r, const struct iv_opened *file,
                          const struct iv_tree *root, const char *relative,
                          struct iv_package *package);

/*
 * Reads an extracted package: `file` is its manifest, whose path beneath the root is `relative`;
 * its other files lie in the same folder.
 */
void iv_package_read_folder(const struct iv_reader *r, const struct iv_opened *file,
                            const struct iv_tree *root, const char *relative,
                            struct iv_package *package);

/* Where an installed package's other files are: on the volumes of its image. */
struct iv_installed {
    /* Appends the file at a device path; false without a fault when it is not there. */
    bool (*read)(const void *context, const char *device_path, uint64_t max, struct iv_buf *buf,
                 struct iv_fault *ret_fault);
    const void *context;
};

/*
 * Reads an installed manifest (DSM or MUM, plain or gzip). `bytes` are its content, which is
 * replaced by what it inflates to. Zeros alone, nothing at all and a delta are FILE faults.
 */
void iv_package_read_installed(const struct iv_reader *r, const struct iv_installed *installed,
                               struct iv_buf *bytes, struct iv_package *package);

/* What the file name alone says: container, style, removal, diff, name and key. */
void iv_package_from_name(struct iv_arena *arena, const char *path, bool is_folder,
                          struct iv_package *package);

/* SPKG or CBS by the extensions of a file name. */
enum iv_style iv_package_style_of_name(const char *name);

#endif
