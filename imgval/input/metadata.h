/*
 * metadata.h: readers of what says which device a submission is for, and what was installed
 * before. Internal to imgval/input. None of them can fail: what is wrong is a METADATA fault, and
 * what was read before it stays.
 */
#ifndef IMGVAL_INPUT_METADATA_H
#define IMGVAL_INPUT_METADATA_H

#include "imgval/input/reader.h"

#include <stdbool.h>

/* Where faults of a source go and how its values count. */
struct iv_metadata {
    struct iv_package *package; /* the package that holds the source; NULL: the item itself */
    enum iv_rank rank;
    bool any_root; /* the registry key counts under any root: exports of a mounted hive */
};

/* What a key path is to DeviceTargetingInfo (imgval(1), Device values); names fold their case. */
enum iv_registry_place {
    IV_REGISTRY_OTHER,
    IV_REGISTRY_TARGETING, /* the key itself */
    IV_REGISTRY_ABOVE,     /* a key that holds it: what deletes one deletes the other */
};
enum iv_registry_place iv_registry_place_of(const char *key, bool any_root);

/* Whether the bytes of a registry file or manifest can say anything about DeviceTargetingInfo: the
 * key, or the one that holds it, must be named. Most do not, and need not be parsed. */
bool iv_registry_may_name_key(const char *bytes, size_t size);

/* Registry text: .reg and .rga, as exported or as packages hold it; also gzip-compressed. */
void iv_registry_read(const struct iv_reader *r, const struct iv_document *doc,
                      const struct iv_metadata *how);

/* The registryKeys of a CBS component manifest. */
void iv_registry_read_manifest(const struct iv_reader *r, const struct iv_document *doc,
                               const struct iv_metadata *how);

/* A customization answer file (root ImageCustomizations). */
void iv_answer_read(const struct iv_reader *r, const struct iv_document *doc,
                    const struct iv_metadata *how);
/* Whether the document's root is ImageCustomizations, or, where the root cannot be seen in the
 * first bytes, whether that word is among them. */
bool iv_answer_is(const char *bytes, size_t size);

/* Whether a path is that of a multivariant datastore: the values of its variants
 * are not read, which is the detail of a fault. */
bool iv_answer_is_datastore(const char *path);
#define IV_DATASTORE_DETAIL                                                                        \
    "it is a multivariant datastore, and the device values of its variants are not read"

/* The detail of an ELSEWHERE fault. */
#define IV_ELSEWHERE_BELOW "the file lies below the folder of an image, and not beside it"

/* --device-info: registry text, an answer file or Name=Value lines, by content. */
void iv_device_info_read(const struct iv_reader *r, const struct iv_document *doc);

/* The SYSTEM hive of an image: Platform\DeviceTargetingInfo. `has_log`: a log that can hold entries
 * lies beside it. */
void iv_hive_read(const struct iv_reader *r, const struct iv_document *doc, bool has_log);

/* Whether a file of that name and size is the log of a SYSTEM hive and can hold entries: more than
 * its header. */
bool iv_hive_is_log(const char *name, uint64_t size);

/* UpdateHistory.xml -> facts->history, by Microsoft's documented algorithm: history.c. */
void iv_history_read(const struct iv_reader *r, const struct iv_document *doc);

/* OEMInput.xml -> facts->oem_input. */
void iv_oem_input_read(const struct iv_reader *r, const struct iv_document *doc);

/* DeviceLayout.xml -> facts->layout, and with `with_claims` image->claims; OEMDevicePlatform.xml ->
 * image->platform_ids. */
void iv_device_layout_read(const struct iv_reader *r, const struct iv_document *doc,
                           bool with_claims);
/* Whether the first bytes of a document look like a DeviceLayout. */
bool iv_device_layout_is(const char *bytes, size_t size);
void iv_device_platform_read(const struct iv_reader *r, const struct iv_document *doc);

#endif
