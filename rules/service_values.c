/*
 * The service's rules about values of DeviceTargetingInfo beyond STD006..STD009: which must be
 * there (SVC009), what form they have (SVC010, SVC012), and what they have to do with each other
 * and with the image (SVC011, SVC014, SVC021). They come from Microsoft's page on phone metadata in
 * DeviceTargetingInfo; its "must" became a warning, its "should" a note.
 *
 * A value may be in force several times (one for each runtime configuration), so every rule walks
 * all of them with next_value(). An empty value is a missing one: SVC009 alone reports it.
 */
#include "rules/service_values.h"

#include "imgval/base/attr.h"
#include "imgval/base/text.h"
#include "imgval/model/version.h"

#include <string.h>

/* The values in force of one name, from *at on; NULL at the end. */
static const struct iv_datum *next_value(const struct iv_device *device, const char *name,
                                         size_t *at)
{
    while (*at < device->value_count) {
        const struct iv_datum *datum = &device->values[(*at)++];
        if (strcmp(datum->name, name) == 0) {
            return datum;
        }
    }
    return NULL;
}

/* The first value of a name; for rules about values that are there once. */
static const char *value_of(const struct iv_device *device, const char *name)
{
    size_t at = 0;
    const struct iv_datum *datum = next_value(device, name, &at);
    return datum == NULL ? NULL : datum->value;
}

/* Whether sources disagree about it. It is there then, though nobody can say what it is: IMG302. */
static bool has_conflict(const struct iv_device *device, const char *name)
{
    for (size_t i = 0; i < device->conflict_count; i++) {
        if (strcmp(device->conflicts[i].winner->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* A finding about one value. `expected` is NULL where the documents give no value or form. */
static void fail(struct iv_verdict *verdict, const struct iv_datum *datum, const char *message,
                 const char *expected)
{
    const struct iv_evidence evidence = {
        .message = message,
        .field = datum->name,
        .actual = datum->value,
        .expected = expected,
    };
    iv_verdict_fail(verdict, &evidence);
}

/* ---- required ------------------------------------------------------------------------------ */

/* Values that the user gives by option or file say nothing about what the image holds; an image of
 * which no source was found is one finding of its own, and not three more here. */
static bool has_own_source(const struct iv_device *device)
{
    for (size_t i = 0; i < device->value_count; i++) {
        if (device->values[i].rank < IV_RANK_FILE) {
            return true;
        }
    }
    for (size_t i = 0; i < device->overridden_count; i++) {
        if (device->overridden[i].other->rank < IV_RANK_FILE) {
            return true;
        }
    }
    return false;
}

/* SVC009: "mandatory" by the page. A partial brings only what it changes, but has its history. */
enum iv_outcome iv_service_required_values(const struct iv_case *c, struct iv_verdict *verdict)
{
    /* A model name may stay empty until the trials: that is said with the severity of advice. */
    static const struct {
        const char *name;
        const char *severity_of;
    } rows[] = {
        {"PhoneHardwareVariant", NULL},
        {"PhoneROMLanguage", NULL},
        {"PhoneModelName", "SVC014"},
    };
    const struct iv_submission *s = c->submission;
    enum iv_outcome outcome = IV_PASSED;
    if (!has_own_source(&s->device)) {
        return IV_NOT_APPLICABLE;
    }
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        const char *value = value_of(&s->device, rows[i].name);
        if ((value != NULL && value[0] != '\0') || has_conflict(&s->device, rows[i].name)) {
            continue;
        }
        if (value == NULL && iv_submission_misses_sources(s)) {
            continue; /* it may stand where nothing could be read; advice waits until it is known */
        }
        const struct iv_evidence evidence = {
            .message = iv_verdict_printf(
                verdict, "The device metadata of the image have no value for %s: it is %s",
                rows[i].name, value == NULL ? "missing" : "empty"),
            .field = rows[i].name,
            .actual = value,
            .severity_of = rows[i].severity_of,
        };
        iv_verdict_fail(verdict, &evidence);
        outcome = IV_FAILED;
    }
    return outcome;
}

/* ---- forms --------------------------------------------------------------------------------- */

/* SVC010: an LCID in hexadecimal, as in 0409. */
static bool is_language(const char *value)
{
    return strlen(value) == 4 && strspn(value, "0123456789ABCDEFabcdef") == 4;
}

/* SVC010. Absent is SVC009's; this one judges what is there. */
enum iv_outcome iv_service_rom_language(const struct iv_case *c, struct iv_verdict *verdict)
{
    enum iv_outcome outcome = IV_NOT_APPLICABLE;
    size_t at = 0;
    for (const struct iv_datum *datum;
         (datum = next_value(&c->submission->device, "PhoneROMLanguage", &at)) != NULL;) {
        if (datum->value[0] == '\0') {
            continue; /* a required value that is missing */
        }
        outcome = outcome == IV_FAILED ? IV_FAILED : IV_PASSED;
        if (!is_language(datum->value)) {
            fail(verdict, datum,
                 iv_verdict_printf(verdict,
                                   "PhoneROMLanguage is \"%s\", which is no LCID of four "
                                   "hexadecimal digits",
                                   datum->value),
                 "four hexadecimal digits, such as 0409");
            outcome = IV_FAILED;
        }
    }
    return outcome;
}

/* SVC011. Two values of PhoneHardwareVariant, in force or in conflict: one image must not span
 * several, because updates are targeted by it. */
enum iv_outcome iv_service_hardware_variants(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_device *device = &c->submission->device;
    static const char name[] = "PhoneHardwareVariant";
    size_t at = 0;
    const struct iv_datum *first = next_value(device, name, &at);
    const struct iv_datum *second = NULL;
    for (const struct iv_datum *datum;
         second == NULL && (datum = next_value(device, name, &at)) != NULL;) {
        second = first != NULL && strcmp(first->value, datum->value) != 0 ? datum : NULL;
    }
    for (size_t i = 0; second == NULL && i < device->conflict_count; i++) {
        const struct iv_device_conflict *conflict = &device->conflicts[i];
        if (strcmp(conflict->winner->name, name) == 0 && conflict->winner->value != NULL &&
            conflict->other->value != NULL) {
            first = conflict->winner;
            second = conflict->other;
        }
    }
    if (first == NULL) {
        return IV_NOT_APPLICABLE;
    }
    if (second == NULL) {
        return IV_PASSED;
    }
    fail(verdict, second,
         iv_verdict_printf(verdict, "The image is for several hardware variants: \"%s\" and \"%s\"",
                           first->value, second->value),
         first->value);
    return IV_FAILED;
}

/* Whether a value has only ASCII letters, digits and `others`, and at most `size_max` bytes. The
 * pages say "characters"; what they list is ASCII. */
static bool has_only(const char *value, const char *others, size_t size_max)
{
    size_t size = strlen(value);
    for (size_t i = 0; i < size; i++) {
        char lower = iv_ascii_lower(value[i]);
        bool letter = lower >= 'a' && lower <= 'z';
        if (!letter && !(lower >= '0' && lower <= '9') && strchr(others, value[i]) == NULL) {
            return false;
        }
    }
    return size <= size_max;
}

/* SHORT: at most 15 characters; LINK: http; ANY: nothing but the ends is judged. */
enum form { VERSION, WORD, SHORT, DISPLAY, LINK, ANY };

/* The documented form of each value that STD006..STD009 do not judge. */
static const struct form_row {
    const char *name;
    enum form form;
} form_rows[] = {
    {"PhoneHardwareRevision", VERSION},
    {"PhoneROMVersion", VERSION},
    {"PhoneSOCVersion", WORD},
    {"PhoneRadioHardwareRevision", WORD},
    {"PhoneRadioSoftwareRevision", SHORT},
    {"PhoneBootLoaderVersion", ANY},
    {"PhoneHardwareVariant", ANY},
    {"PhoneModelName", ANY},
    {"PhoneManufacturerDisplayName", DISPLAY},
    {"PhoneMobileOperatorDisplayName", ANY},
    {"PhoneSupportPhoneNumber", ANY},
    {"PhoneSupportLink", LINK},
    {"PhoneOEMSupportLink", LINK},
    {"RoamingSupportPhoneNumber", ANY},
};

/* What the form asks for; NULL: the value has it. */
static const char *broken_form(enum form form, const char *value)
{
    struct iv_version version;
    switch (form) {
    case VERSION:
        return iv_version_parse(value, &version) ? NULL : "four numbers from 0 to 65535";
    case WORD:
        return has_only(value, "_", 255) ? NULL : "letters, digits and _, fewer than 256";
    case SHORT:
        return strlen(value) <= 15 ? NULL : "at most 15 characters";
    case DISPLAY:
        return has_only(value, " .,", SIZE_MAX) ? NULL : "letters, digits, blanks, dots and commas";
    case LINK:
        return iv_ascii_iprefix(value, "http://") || iv_ascii_iprefix(value, "https://")
                   ? NULL
                   : "a link that starts with http://";
    case ANY:
        break;
    }
    return NULL;
}

/* SVC012. A blank at either end is named first, because it "will cause update failures" and cannot
 * be seen. */
enum iv_outcome iv_service_value_forms(const struct iv_case *c, struct iv_verdict *verdict)
{
    enum iv_outcome outcome = IV_NOT_APPLICABLE;
    for (size_t i = 0; i < IV_COUNT(form_rows); i++) {
        size_t at = 0;
        for (const struct iv_datum *datum;
             (datum = next_value(&c->submission->device, form_rows[i].name, &at)) != NULL;) {
            size_t size = strlen(datum->value);
            if (size == 0) {
                continue;
            }
            const char *expected = datum->value[0] == ' ' || datum->value[size - 1] == ' '
                                       ? "no blanks at its ends"
                                       : broken_form(form_rows[i].form, datum->value);
            outcome = outcome == IV_FAILED ? IV_FAILED : IV_PASSED;
            if (expected != NULL) {
                fail(verdict, datum,
                     iv_verdict_printf(
                         verdict, "The device value %s is \"%s\", but its documented form is: %s",
                         datum->name, datum->value, expected),
                     expected);
                outcome = IV_FAILED;
            }
        }
    }
    return outcome;
}

/* ---- relations ----------------------------------------------------------------------------- */

/* What speaks against a model name, as a clause; NULL: nothing. The first reason is enough: all of
 * them are changed in the same place. */
static const char *wrong_model_name(const struct iv_device *device, const char *name,
                                    struct iv_verdict *verdict)
{
    size_t at = 0;
    for (const struct iv_datum *datum;
         (datum = next_value(device, IV_PHONE_MODEL_NAME, &at)) != NULL;) {
        if (iv_ascii_ieq(datum->value, name)) {
            return "it is the same as PhoneManufacturerModelName";
        }
    }
    static const char *const makers[] = {IV_PHONE_MANUFACTURER, "PhoneManufacturerDisplayName"};
    for (size_t i = 0; i < IV_COUNT(makers); i++) {
        const char *maker = value_of(device, makers[i]);
        if (maker != NULL && maker[0] != '\0' && iv_ascii_ifind(name, maker) != NULL) {
            return iv_verdict_printf(verdict, "it holds the maker's name \"%s\"", maker);
        }
    }
    const char *product = value_of(device, IV_USBFN_PRODUCT);
    return product != NULL && product[0] != '\0' && strcmp(product, name) != 0
               ? iv_verdict_printf(verdict, "the USB function driver shows \"%s\" (ProductString)",
                                   product)
               : NULL;
}

/* SVC014. Users see this name; the documents advise how it should read. */
enum iv_outcome iv_service_model_name(const struct iv_case *c, struct iv_verdict *verdict)
{
    enum iv_outcome outcome = IV_NOT_APPLICABLE;
    size_t at = 0;
    for (const struct iv_datum *datum;
         (datum = next_value(&c->submission->device, "PhoneModelName", &at)) != NULL;) {
        if (datum->value[0] == '\0') {
            continue;
        }
        const char *why = wrong_model_name(&c->submission->device, datum->value, verdict);
        outcome = outcome == IV_FAILED ? IV_FAILED : IV_PASSED;
        if (why != NULL) {
            fail(verdict, datum,
                 iv_verdict_printf(verdict,
                                   "The PhoneModelName \"%s\" is not as the documents advise: %s",
                                   datum->value, why),
                 NULL);
            outcome = IV_FAILED;
        }
    }
    return outcome;
}

/* Ids are MAKER.SOC.MODEL. */
static bool is_of_maker(const char *id, const char *maker)
{
    size_t size = strcspn(id, ".");
    return iv_ascii_iprefix(id, maker) && strlen(maker) == size;
}

/* SVC021. Catalog signing compares the maker in an image's metadata with the account that submits
 * it. The ids of an FFU's manifest, else those of its first store, begin with the manufacturer. */
enum iv_outcome iv_service_platform_id(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_image *image = &c->submission->image;
    const char *maker = value_of(&c->submission->device, IV_PHONE_MANUFACTURER);
    const char *const *ids = image->platform_ids;
    size_t count = image->platform_id_count;
    if (count == 0 && image->store_count > 0) {
        ids = image->stores[0].platform_ids;
        count = image->stores[0].platform_id_count;
    }
    if (maker == NULL || count == 0) {
        return IV_NOT_APPLICABLE;
    }
    enum iv_outcome outcome = IV_PASSED;
    for (size_t i = 0; i < count; i++) {
        if (is_of_maker(ids[i], maker)) {
            continue;
        }
        const struct iv_evidence evidence = {
            .message = iv_verdict_printf(verdict,
                                         "The platform id %s does not begin with the manufacturer "
                                         "%s",
                                         ids[i], maker),
            .path = image->path,
            .field = "platform_ids",
            .actual = ids[i],
            .expected = iv_verdict_printf(verdict, "%s.<SoC>.<model>", maker),
        };
        iv_verdict_fail(verdict, &evidence);
        outcome = IV_FAILED;
    }
    return outcome;
}
