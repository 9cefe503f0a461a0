/*
 * submission.h: the root of everything read about one submission. Built by scan.c from the facts of
 * the readers, `const` afterwards: rules judge it, sinks print it. Everything is borrowed from the
 * scan's arena.
 */
#ifndef IMGVAL_MODEL_SUBMISSION_H
#define IMGVAL_MODEL_SUBMISSION_H

#include "imgval/base/arena.h"
#include "imgval/model/device.h"
#include "imgval/model/entries.h"
#include "imgval/model/facts.h"
#include "imgval/model/image.h"
#include "imgval/model/kinds.h"
#include "imgval/model/package.h"
#include "imgval/model/traits.h"
#include "imgval/model/wspc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum iv_submission_type { IV_IMAGE, IV_PARTIAL };

extern const char *const iv_submission_type_names[]; /* "image", "partial" */

/* What became of the baseline store when this submission was looked up. */
enum iv_store_state {
    IV_STORE_NOT_ASKED,  /* WSPC skipped or not applicable */
    IV_STORE_READY,      /* looked up; neighbours are on the variants */
    IV_STORE_NONE,       /* there is no store: WSPC006, WSPC007 */
    IV_STORE_NEWER,      /* WSPC001 */
    IV_STORE_UNREADABLE, /* WSPC013 */
    IV_STORE_AGAINST,    /* --against replaced it */
};

/* One POP of the submission with its comparison. */
struct iv_variant {
    struct iv_pop pop;
    struct iv_wspc wspc;
    const struct iv_pop *similar; /* ADV006: a POP that has baselines and is nearly this one */
    size_t recorded;         /* no baseline: how many submissions of the POP are recorded ... */
    const char *recorded_id; /* ... and the one with the highest version: */
    const char *recorded_version; /* NULL: none */
    int64_t list_age_days;        /* WSPC015: days since the POP was last touched; -1: not asked */
};

struct iv_submission {
    const char *path; /* as the user gave it */
    enum iv_kind kind;
    enum iv_submission_type type;
    bool type_by_default; /* a single package: partial, context-free was chosen for the user */
    bool context_free;

    const char *id;               /* SHA-256, hex */
    const char *firmware_version; /* the value in force; NULL: none, or in conflict */
    bool firmware_version_valid;
    struct iv_version number;

    struct iv_package *packages; /* iv_package_compare_path() order */
    size_t package_count;
    struct iv_package *beside; /* packages in the input that are not members of the set, sorted by
                                  path: beside or below an image, or payload of a package */
    size_t beside_count;
    bool beside_is_shared;   /* they lie beside several images */
    size_t unreadable_count; /* packages with `unreadable` */
    struct iv_set set;       /* present packages */
    bool has_no_twins;       /* each present package is in the set; false: not known */
    struct iv_history history;
    struct iv_oem_input oem_input;
    struct iv_layout layout;                 /* DeviceLayout.xml */
    const struct iv_traits *recorded_traits; /* of a record; NULL: see iv_traits_of() */
    struct iv_image image;                   /* present for an FFU, VHD or WIM */
    struct iv_device device;
    struct iv_fault *faults; /* of the tree and of metadata sources, sorted by path */
    size_t fault_count;
    struct iv_entries entries; /* of the folder, and of what lies in an image; 0: of a record */

    enum iv_store_state store_state;
    const char *store_detail; /* why, one clause; NULL */
    bool set_incomplete;      /* part of the tree could not be listed: absence proves nothing */
    const char *wspc_reason;  /* why the comparison was not made, one clause; NULL: it was made */
    struct iv_variant *variants; /* sorted by POP; one with empty parts for --against without POP */
    size_t variant_count;
};

/* SHA-256 over the sorted packages, the POPs and the firmware version. */
const char *iv_submission_id(const struct iv_package *packages, size_t package_count,
                             const struct iv_pop *pops, size_t pop_count,
                             const char *firmware_version, struct iv_arena *arena);
const char *iv_submission_id_of(const struct iv_package *const *packages, size_t package_count,
                                const struct iv_pop *pops, size_t pop_count,
                                const char *firmware_version, struct iv_arena *arena);

/* True when the submission is an image: device rules and WSPC apply. */
static inline bool iv_submission_is_image(const struct iv_submission *s)
{
    return s->type == IV_IMAGE;
}

/* True when an image file could not be read as a whole: a value that was not found may be in it. */
static inline bool iv_submission_is_half_read(const struct iv_submission *s)
{
    return s->set_incomplete && iv_kinds[s->kind].is_image;
}

/*
 * True when a device value that was not found may stand in something that was not read: an image
 * read in part, a package that cannot be read, a source of metadata that is damaged or cut off.
 * Such a value is unknown, not missing.
 */
bool iv_submission_misses_sources(const struct iv_submission *s);

/* The first fault that leaves something of a submission unknown; NULL: none. */
const struct iv_fault *iv_submission_doubt(const struct iv_submission *s);

#endif
