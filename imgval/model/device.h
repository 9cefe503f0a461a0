/*
 * device.h: device targeting facts (DeviceTargetingInfo) with their sources, and the variants that
 * follow from them. Sources and precedence: imgval(1), Device values.
 */
#ifndef IMGVAL_MODEL_DEVICE_H
#define IMGVAL_MODEL_DEVICE_H

#include "imgval/base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* Where a value was found; a higher rank wins over a lower one. */
enum iv_rank {
    IV_RANK_ANSWER,    /* a customization answer file */
    IV_RANK_REGISTRY,  /* a registry file or manifest of some package, or a .reg beside them */
    IV_RANK_TARGETING, /* the targeting package (<OEM>.<Device>.Customizations.<Partition>) */
    IV_RANK_HIVE,      /* the SYSTEM hive of an image */
    IV_RANK_FILE,      /* --device-info */
    IV_RANK_OPTION,    /* --manufacturer and its like */
};

/* One value found in one source. */
struct iv_datum {
    const char *name;   /* canonical spelling of a Phone... value, e.g. "PhoneManufacturer" */
    const char *value;  /* as it stands in the source: never trimmed; NULL: it deletes the value */
    const char *source; /* "PATH" or "PATH:MEMBER", or "--manufacturer" */
    const char *group;  /* the Variant of an answer file that it belongs to; NULL: static */
    enum iv_rank rank;
};

/* The values that matter to the rules. */
#define IV_PHONE_MANUFACTURER "PhoneManufacturer"
#define IV_PHONE_MODEL_NAME "PhoneManufacturerModelName"
#define IV_PHONE_OPERATOR_NAME "PhoneMobileOperatorName"
#define IV_PHONE_FIRMWARE_REVISION "PhoneFirmwareRevision"

/* ProductString of the USB function driver: not of DeviceTargetingInfo, but compared with it. */
#define IV_USBFN_PRODUCT "USBFNProductString"

/* The canonical spelling of a DeviceTargetingInfo value name (compared ASCII-folded), or NULL when
 * it is none that is known. */
const char *iv_device_value_name(const char *name);
/* The same of a value that was read, which may be one of another key (IV_USBFN_PRODUCT). */
const char *iv_device_datum_name(const char *name);
/* The same in canonical spelling, NULL-terminated. */
#define IV_DEVICE_VALUE_NAMES 19
extern const char *const iv_device_value_names[IV_DEVICE_VALUE_NAMES + 1];

/* Two sources that do not say the same: one for each name and source. */
struct iv_device_conflict {
    const struct iv_datum *winner;
    const struct iv_datum *other; /* of lower rank: overridden; of the same rank: a conflict */
};

/* After precedence was applied. */
struct iv_device {
    struct iv_datum *values; /* the values in force: sorted by name, then value, each once */
    size_t value_count;
    struct iv_device_conflict *overridden; /* IMG301 */
    size_t overridden_count;
    struct iv_device_conflict *conflicts; /* IMG302: firmware version and POPs are then unknown */
    size_t conflict_count;
    struct iv_datum *parts; /* operators and models in force, each with all its sources and groups:
                               what iv_device_pops() pairs; NULL: it pairs `values` */
    size_t part_count;
};

struct iv_pop {
    const char *oem;             /* PhoneManufacturer */
    const char *mobile_operator; /* PhoneMobileOperatorName */
    const char *model;           /* PhoneManufacturerModelName */
};

/* Order of POPs: folded, by oem, operator, model. 0: the same variant. */
int iv_pop_compare(const struct iv_pop *a, const struct iv_pop *b);

/* Whether two different variants may be one misspelt: they differ in one part alone, or in at most
 * two characters over all parts (folded). */
bool iv_pop_is_similar(const struct iv_pop *a, const struct iv_pop *b);

/*
 * Applies precedence to everything found, in any order; deterministic. For each name the sources of
 * the highest rank are in force. PhoneMobileOperatorName and PhoneManufacturerModelName may have
 * several values from one source (variants); those of the variants of several answer files add up.
 * Other names have one. Strings are borrowed from the data.
 */
void iv_device_build(const struct iv_datum *data, size_t count, struct iv_arena *arena,
                     struct iv_device *ret_device);

/* The first value in force under a canonical name, or NULL. A value that the source of the highest
 * rank deletes is not in force. */
const char *iv_device_value(const struct iv_device *device, const char *name);

/* Whether sources of the rank in force disagree about a canonical name. */
bool iv_device_has_conflict(const struct iv_device *device, const char *name);

/*
 * The POPs of a submission. Values of one group of one source belong together; a part that the
 * group does not name comes from the static values, and is missing where there are none
 * (iv_device_has_gap()). Static values among themselves make the cross product. Sorted, each once
 * (folded).
 * Empty when any part has no value (an empty text is none), when there is a conflict about one, and
 * when there would be more than IV_DEVICE_POPS_MAX.
 */
#define IV_DEVICE_POPS_MAX ((size_t)65536)
void iv_device_pops(const struct iv_device *device, struct iv_arena *arena,
                    struct iv_pop **ret_pops, size_t *ret_count);

/* Whether a variant has no operator, or no model (the name), although it has the other of the two.
 */
bool iv_device_has_gap(const struct iv_device *device, const char *name);

/* Whether iv_device_pops() gives nothing for their number alone: a limit, so "not checked". */
bool iv_device_has_too_many_pops(const struct iv_device *device);

#endif
