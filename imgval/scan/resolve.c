/*
 * A word of the command line becomes a submission. What exists as a path is a path, whatever its
 * name looks like; only words of the form of an id or of OEM/OPERATOR/MODEL@VERSION are looked up
 * in the baseline store. So a mistyped path is reported as such, and not as a store that is
 * missing.
 *
 * A record of the store is given the form of a submission that was read
 * (iv_submission_from_record), so that what judges and prints need not tell the two apart: its
 * package set and device values are there, paths and files are not.
 */
#include "imgval/scan/resolve.h"

#include "cache/store.h"
#include "imgval/base/look.h"
#include "imgval/base/sort.h"
#include "imgval/scan/scan_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The values that a record keeps, sorted by name, then value, each once. */
static void add_values(const struct iv_record *record, struct iv_arena *arena,
                       struct iv_device *device)
{
    size_t room = 1 + 3 * record->pop_count;
    struct iv_datum *data = IV_NEW_ARRAY(arena, struct iv_datum, room);
    size_t used = 0;
    if (record->firmware_version != NULL) {
        data[used++] = (struct iv_datum){.name = IV_PHONE_FIRMWARE_REVISION,
                                         .value = record->firmware_version};
    }
    for (size_t i = 0; i < record->pop_count; i++) {
        const struct iv_pop *pop = &record->pops[i].pop;
        data[used++] = (struct iv_datum){.name = IV_PHONE_MANUFACTURER, .value = pop->oem};
        data[used++] = (struct iv_datum){.name = IV_PHONE_MODEL_NAME, .value = pop->model};
        data[used++] =
            (struct iv_datum){.name = IV_PHONE_OPERATOR_NAME, .value = pop->mobile_operator};
    }
    for (size_t i = 0; i < used; i++) {
        data[i].source = record->id;
        data[i].rank = IV_RANK_OPTION;
    }
    iv_device_build(data, used, arena, device);
}

/* Its texts are the record's. What a record does not keep stays empty, and rules that ask for it
 * find nothing to look at. */
void iv_submission_from_record(const struct iv_record *record, struct iv_arena *arena,
                               struct iv_submission *ret_submission)
{
    struct iv_submission s = {
        .path = record->id,
        .kind = IV_KIND_RECORD,
        .type = IV_IMAGE,
        .id = record->id,
        .firmware_version = record->firmware_version,
        .packages = IV_NEW_ARRAY(arena, struct iv_package, record->package_count),
        .package_count = record->package_count,
        .variants = IV_NEW_ARRAY(arena, struct iv_variant, record->pop_count),
        .variant_count = record->pop_count,
    };
    if (record->package_count > 0) {
        memcpy(s.packages, record->packages, record->package_count * sizeof(*s.packages));
    }
    s.firmware_version_valid =
        s.firmware_version != NULL && iv_version_parse(s.firmware_version, &s.number);
    for (size_t i = 0; i < record->pop_count; i++) {
        s.variants[i] = (struct iv_variant){.pop = record->pops[i].pop, .list_age_days = -1};
    }
    struct iv_traits *traits = IV_NEW(arena, struct iv_traits);
    *traits = record->traits;
    s.recorded_traits = traits;
    add_values(record, arena, &s.device);
    /* A record keeps no places: a package is shown by its name. A list of names says nothing about
     * what the rules ask of a package: they are not evaluated then. */
    s.unreadable_count = 0;
    for (size_t i = 0; i < s.package_count; i++) {
        struct iv_package *package = &s.packages[i];
        package->path = package->name;
        package->unreadable = package->unreadable ||
                              (record->imported && package->content == NULL && !package->empty);
        s.unreadable_count += package->unreadable ? 1 : 0;
    }
    if (s.package_count > 1) {
        iv_sort(s.packages, s.package_count, sizeof(*s.packages), iv_package_compare_path);
    }
    iv_set_build(s.packages, s.package_count, arena, &s.set);
    s.set.has_old_keys = !record->traits.has_identity_keys;
    *ret_submission = s;
}

/* Whether something that belongs to the submission could not be read. */
static bool is_incomplete(const struct iv_submission *s)
{
    return s->set_incomplete || s->unreadable_count > 0 || iv_submission_doubt(s) != NULL ||
           s->package_count == 0;
}

/* A recorded submission by its name. err: IV_ERROR_ABSENT when there is no store or no such one. */
static bool find_record(const char *name, const struct iv_scan_options *options,
                        struct iv_arena *arena, struct iv_record *ret_record, struct iv_error *err)
{
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    if (options->comparing.store_path == NULL) {
        return iv_error_set(err, IV_ERROR_ABSENT, "there is no place for a baseline store");
    }
    return iv_store_open(options->comparing.store_path, IV_STORE_READ, &store, err) &&
           iv_store_find(store, name, arena, ret_record, err);
}

/* A path, read; with `look_up` also whether the store has recorded it. No store is no error. */
static bool resolve_path(const char *path, const struct iv_scan_options *options, bool look_up,
                         struct iv_arena *arena, struct iv_named *ret_named, struct iv_error *err)
{
    struct iv_named named = {0};
    struct iv_containment containment;
    if (!iv_scan_read(path, &options->reading, arena, &named.submission, &containment, err)) {
        return false;
    }
    named.incomplete = is_incomplete(&named.submission);
    struct iv_error absent = {0};
    if (look_up) {
        named.recorded = find_record(named.submission.id, options, arena, &named.record, &absent);
        if (!named.recorded && absent.code != IV_ERROR_ABSENT) {
            *err = absent;
            return false;
        }
    }
    *ret_named = named;
    return true;
}

/* OEM/OPERATOR/MODEL: three parts, and the first is no folder, so that a path is not meant. */
static bool lacks_version(const char *text)
{
    const char *first = strchr(text, '/');
    const char *second = first == NULL ? NULL : strchr(first + 1, '/');
    if (second == NULL || first == text || second == first + 1 || second[1] == '\0' ||
        strchr(second + 1, '/') != NULL || strchr(text, '@') != NULL) {
        return false;
    }
    struct iv_buf folder IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_add(&folder, text, (size_t)(first - text));
    iv_buf_putc(&folder, '\0');
    return !iv_look_is_there(folder.data);
}

/* Whether a word is to be looked up in the store and not in the file system. */
bool iv_resolve_is_name(const char *text)
{
    if (iv_look_is_there(text)) {
        return false;
    }
    size_t digits = strspn(text, "0123456789abcdefABCDEF");
    const char *slash = strchr(text, '/');
    return (text[digits] == '\0' && digits >= 4) ||
           (slash != NULL && strchr(slash + 1, '/') != NULL && strrchr(text, '@') != NULL) ||
           lacks_version(text); /* iv_resolve() says so */
}

/* The message helps by what the word looks like: a POP without a version, a store without a place,
 * or a typing error. */
bool iv_resolve_not_found(const char *option, const char *name,
                          const struct iv_scan_options *options, struct iv_error *err)
{
    if (lacks_version(name)) {
        return iv_error_set(
            err, IV_ERROR_NO_INPUT,
            "%s%s: no such path; to name a recorded submission, @VERSION is missing: "
            "OEM/OPERATOR/MODEL@VERSION",
            option, name);
    }
    if (options->run.no_place != NULL) {
        return iv_error_set(err, IV_ERROR_NO_INPUT,
                            "%s%s: no such path, and there is no place for a baseline store: %s; "
                            "name one with --cache=FILE",
                            option, name, options->run.no_place);
    }
    return iv_error_set(err, IV_ERROR_NO_INPUT,
                        "%s%s: no such path, and the baseline store has no such submission", option,
                        name);
}

bool iv_resolve(const char *name, const struct iv_scan_options *options, bool look_up,
                struct iv_arena *arena, struct iv_named *ret_named, struct iv_error *err)
{
    if (iv_look_is_there(name)) {
        return resolve_path(name, options, look_up, arena, ret_named, err);
    }
    if (lacks_version(name)) {
        return iv_resolve_not_found("", name, options, err);
    }
    if (!iv_resolve_is_name(name)) {
        errno = ENOENT;
        return iv_error_set(err, IV_ERROR_NO_INPUT, "%s: %s", name, iv_errno_text(errno));
    }
    struct iv_named named = {.recorded = true};
    if (!find_record(name, options, arena, &named.record, err)) {
        if (err->code == IV_ERROR_ABSENT) {
            return iv_resolve_not_found("", name, options, err);
        }
        return false;
    }
    iv_submission_from_record(&named.record, arena, &named.submission);
    /* Its set is known, whatever is not known of the packages in it. */
    named.incomplete = named.record.package_count == 0;
    for (size_t i = 0; i < named.record.package_count; i++) {
        named.incomplete = named.incomplete || named.record.packages[i].unreadable;
    }
    *ret_named = named;
    return true;
}
