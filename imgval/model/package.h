/*
 * package.h: one package as its manifest describes it, its key, and sets of packages.
 *
 * Plain data in the scan's arena; strings are borrowed from there. NULL means that the manifest (or
 * the history, or the store) does not say.
 */
#ifndef IMGVAL_MODEL_PACKAGE_H
#define IMGVAL_MODEL_PACKAGE_H

#include "imgval/base/arena.h"
#include "imgval/model/fault.h"
#include "imgval/model/seal.h"
#include "imgval/model/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum iv_style { IV_STYLE_UNKNOWN, IV_STYLE_SPKG, IV_STYLE_CBS };

enum iv_origin {
    IV_ORIGIN_SUBMISSION, /* lies in the input */
    IV_ORIGIN_HISTORY,    /* known from UpdateHistory.xml alone */
};

/* What container the manifest was found in: it decides the key. */
enum iv_container {
    IV_CONTAINER_CABINET,   /* a package file */
    IV_CONTAINER_FOLDER,    /* an extracted package, or a bare manifest file */
    IV_CONTAINER_INSTALLED, /* a manifest installed in an image */
    IV_CONTAINER_HISTORY,   /* an entry of UpdateHistory.xml */
};

/* One file that a manifest lists. */
struct iv_package_file {
    const char *path;     /* DevicePath, or file@name */
    const char *cab_path; /* CabPath, or file@cabpath; NULL: not said */
    const char *type;     /* FileType (early: Type); NULL for CBS */
    uint64_t size;        /* bytes; 0 when has_size is false */
    bool has_size;
    const char *hash; /* file@hash: SHA-256 as hexadecimal; while reading alone */
};

struct iv_package {
    const char *path; /* as in reports: the input's path joined with '/' */
    const char *name; /* what people call it: the key before folding */
    const char *key;  /* what identifies it across submissions: imgval-formats(5), Keys */
    enum iv_style style;
    enum iv_container container;
    enum iv_origin origin;

    /* identity */
    const char *owner;
    const char *component;
    const char *sub_component;
    const char *culture; /* DSM Culture; CBS language when it is not neutral */
    const char *resolution;
    const char *identity_name; /* assemblyIdentity@name */
    const char *identifier;    /* package@identifier */
    const char *recalled_name; /* CBS-R: the name of the identity that it removes; readers only */
    const char *version;       /* as written; DSM: Major.Minor.QFE.Build joined; NULL: none */
    struct iv_version number;  /* 0.0.0.0 when there is none */

    /* the rest of the manifest */
    const char *partition;    /* as written; NULL means MainOS */
    const char *owner_type;   /* OEM, Microsoft, SiliconVendor, MobileOperator ... as written */
    const char *release_type; /* Production, Test */
    const char *build_type;   /* Retail, Checked, Debug; CBS: release ... */
    const char *cpu;
    const char *platform;
    const char *grouping_key;
    bool removal; /* SPKR, CBS-R, IsRemoval, recall: not present in a set */
    bool diff;    /* dman.ddsm.xml or _manifest_.cix.xml beside it, or a .spku name */
    bool binary_partition;
    bool empty;           /* lists nothing but manifest, catalog and deployment manifest */
    bool unreadable;      /* a fault of this package made the facts above incomplete */
    bool registry_unread; /* lists a registry file that is not there, where nobody expects it */

    const char *junction_file; /* the first file whose path leads to another partition through a
                                  junction of MainOS; NULL: none */
    const char *content; /* SHA-256 (hex) over the sorted list of (path, type, size); NULL: unknown.
                            Manifest, catalog and deployment manifest do not count. */
    const char *content_other; /* the same as a manifest of the other style would give it; readers
                                  alone know it */
    uint64_t file_count;       /* files listed, all of them */
    uint64_t total_size;       /* sum of their sizes, bytes */
    struct iv_package_file *files; /* only when the reader was asked for them (inspect) */
    size_t files_count;
    const char **payload_packages; /* extracted packages: listed files that are named like packages,
                                      relative to the folder: payload, not packages of the set */
    size_t payload_package_count;

    struct iv_seal *seal; /* --verify: one; else NULL */
    size_t seal_count;

    struct iv_fault *faults; /* about this package */
    size_t fault_count;
};

/*
 * The file name cut at the first '~' and without package extensions: one, and before .cab another
 * (x.spkg.cab, x.cbs_<40 hex>.cab). Extensions are folded: .spkg .spkr .spku .cab .cbsr .cbsu.
 * Case is kept. Never empty for a file that has a name.
 */
char *iv_package_stem(struct iv_arena *arena, const char *file_name);

/* Whether a file name ends in a package extension. */
bool iv_package_is_file_name(const char *file_name);
/* Whether the extensions say removal (.spkr, .cbsr, also before a trailing .cab), or diff (.spku,
 * .cbsu). */
bool iv_package_is_removal_name(const char *file_name);
bool iv_package_is_diff_name(const char *file_name);

/* Owner.Component[.SubComponent][_Lang_culture | _Res_resolution]; NULL without owner or
 * component. */
char *iv_package_composed_name(struct iv_arena *arena, const struct iv_package *package);

/*
 * Sets name and key from container, file name (last part of `file_name`) and identity, as
 * imgval-formats(5), Keys, says. Falls back to the stem, or the folder's name, where the manifest
 * does not say.
 * `file_name`: the package file; the folder or the manifest in it; the installed manifest; the
 * PackageFile of a history entry (a path with backslashes). NULL: not known. Sets both, never NULL;
 * "" for a history entry that names no package. The one place that makes keys.
 */
void iv_package_set_key(struct iv_arena *arena, struct iv_package *package, const char *file_name);

/* partition or "MainOS". */
const char *iv_package_partition(const struct iv_package *package);
/* Owner type Microsoft (folded): not part of the firmware set. */
bool iv_package_is_microsoft(const struct iv_package *package);

/* Whether a firmware package, known as such, is Microsoft's afterwards (ADV010). */
bool iv_package_leaves_firmware(const struct iv_package *before, const struct iv_package *after);

/* ADV001: whether the lists of files are known to differ. SPKG says types and CBS does not, so that
 * across styles a list is compared with what it would be in the other one. */
bool iv_package_content_differs(const struct iv_package *a, const struct iv_package *b);

/* All packages of an array by key, those of one key by origin and path. */
const struct iv_package **iv_package_sort(const struct iv_package *packages, size_t count,
                                          struct iv_arena *arena);

/* Packages that are present, sorted by key, each key once. Items are borrowed. */
struct iv_set {
    const struct iv_package **items;
    size_t count;
    /* Recorded before 0.2.0, which keyed an installed or bare update.mum by its identifier NAME
     * where the builder makes the identity's name NAME-Package of it. In comparisons with this set
     * these two are the same package. */
    bool has_old_keys;
};

/* Of two packages of one key, whether the set is better served by `next` (of a later path) than by
 * `now`: a package that is present by a removal, a firmware package by one that Microsoft owns. */
bool iv_package_yields_to(const struct iv_package *now, const struct iv_package *next);

/* The set of all present packages (removal packages are not). For a key that stands twice, the
 * first by path counts, of firmware packages if there is one among them: the key is then one of the
 * firmware set. The submission's packages hide the history's of the same key: also a removal
 * package does, so the key is then absent. */
void iv_set_build(const struct iv_package *packages, size_t count, struct iv_arena *arena,
                  struct iv_set *ret_set);
/* The same from what iv_package_sort() made. */
void iv_set_build_sorted(const struct iv_package *const *sorted, size_t count,
                         struct iv_arena *arena, struct iv_set *ret_set);
/* NULL when the key is not in the set. */
const struct iv_package *iv_set_find(const struct iv_set *set, const char *key);

/*
 * The superset test (imgval(1), The comparison): the firmware packages of `smaller` (all packages
 * with all_owners) that `larger` does not hold, sorted by key. Returns their number.
 */
size_t iv_set_missing(const struct iv_set *larger, const struct iv_set *smaller, bool all_owners,
                      struct iv_arena *arena, const struct iv_package ***ret_missing);

/* What a package is called in front of people: its name or, where it has none, its key. */
const char *iv_package_shown_name(const struct iv_package *package);

/* Orders packages for reports: by origin, path, key. */
int iv_package_compare_path(const void *a, const void *b);

#endif
