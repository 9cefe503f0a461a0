/*
 * What kind of history a file holds is seen in its first bytes: an export bundle, a report or
 * stream, something to be scanned (markup, a cabinet, any bytes with NULs), else a plain list of
 * packages. All but bundles become a submission first and then a record (iv_record_build), so that
 * an imported set has the id that a scan of the same set has.
 *
 * An import must not record less than there was: a set with a missing package would later be the
 * baseline that lets a removal pass. So an input is refused as a whole when part of it could not be
 * read, and a report when a finding says so.
 */
#include "imgval/history/import.h"

#include "imgval/base/file.h"
#include "imgval/base/text.h"
#include "imgval/model/assemble.h"
#include "imgval/report/read/bundle.h"
#include "imgval/scan/scan_read.h"
#include "rules/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One import in hand. */
struct importing {
    const char *path;
    const struct iv_scan_options *options;
    int64_t now;
    struct iv_arena *arena;
};

/* A record needs a version and a POP: they are what it is found by. */
static bool check_identity(const struct importing *in, const struct iv_submission *s,
                           struct iv_error *err)
{
    if (s->package_count == 0) {
        return iv_error_set(err, IV_ERROR_INVALID, "%s: holds no package", in->path);
    }
    if (s->firmware_version == NULL || s->variant_count == 0) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "%s: does not say %s; give --manufacturer, --model, --operator and "
                            "--firmware-version",
                            in->path,
                            s->firmware_version == NULL ? "its firmware version" : "its variants");
    }
    if (!s->firmware_version_valid) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "%s: firmware version %s is not four numbers from 0 to 65535; give "
                            "--firmware-version",
                            in->path, s->firmware_version);
    }
    return true;
}

/* The record of a submission that says what it is found by. */
static bool add_submission(const struct importing *in, const struct iv_submission *s,
                           struct iv_record *ret_record, struct iv_error *err)
{
    if (!check_identity(in, s, err)) {
        return false;
    }
    iv_record_build(s, in->options->run.baseline, true, in->now, in->arena, ret_record);
    return true;
}

/* An input that holds one set; reports and bundles may hold many. */
static bool one_record(const struct importing *in, const struct iv_submission *s,
                       struct iv_import *ret_import, struct iv_error *err)
{
    struct iv_record *record = IV_NEW(in->arena, struct iv_record);
    if (!add_submission(in, s, record, err)) {
        return false;
    }
    *ret_import = (struct iv_import){.records = record, .count = 1};
    return true;
}

/* --- anything that can be scanned ------------------------------------------------------------ */

/* A tree, image, package or UpdateHistory.xml. A history is read as a partial with nothing in it:
 * its set is what the device had. */
static bool import_scan(const struct importing *in, bool is_history, struct iv_import *ret_import,
                        struct iv_error *err)
{
    struct iv_reading reading = in->options->reading;
    struct iv_submission s;
    struct iv_containment containment;
    reading.type_given = true;
    reading.type = is_history ? IV_PARTIAL : IV_IMAGE;
    if (is_history) {
        reading.update_history = in->path;
    }
    if (!iv_scan_read(in->path, &reading, in->arena, &s, &containment, err)) {
        return false;
    }
    if (s.kind == IV_KIND_PACKAGE && s.package_count == 1 && s.packages[0].unreadable) {
        return iv_error_set(err, IV_ERROR_INVALID, "%s: neither a package nor a list of packages",
                            in->path);
    }
    const struct iv_fault *doubt = iv_submission_doubt(&s);
    if (doubt != NULL) {
        bool is_trouble = doubt->kind == IV_FAULT_UNREADABLE || doubt->kind == IV_FAULT_READER_DIED;
        return iv_error_set(err, is_trouble ? IV_ERROR_SYSTEM : IV_ERROR_INVALID,
                            "%s: not recorded, as not all of it could be read: %s: %s", in->path,
                            doubt->path, doubt->detail);
    }
    return one_record(in, &s, ret_import, err);
}

/* Files of imgval's own making are parsed in a confined process too: they come from elsewhere as
 * often as images do. */
struct iv_saved_options iv_import_saved_options(const struct iv_reading *reading)
{
    return (struct iv_saved_options){
        .limits = &reading->limits,
        .in_process = reading->jobs == 0,
        .by_exec = reading->by_exec,
        .require_sandbox = reading->require_sandbox,
        .find = iv_rules_find,
        .unconfined = reading->unconfined,
        .unconfined_context = reading->unconfined_context,
        .sabotage = reading->sabotage.kind,
        .sabotage_slot = reading->sabotage.slot,
    };
}

/* --- reports --------------------------------------------------------------------------------- */

/* The submission that the reported packages and values make, assembled as a scan assembles it, with
 * `data` from options. The packages are those of the report itself, not copied: it may have
 * thousands of versions of a thousand. */
static void rebuild(const struct iv_submission *reported, const struct iv_datum *data, size_t count,
                    struct iv_arena *arena, struct iv_submission *ret_submission)
{
    const struct iv_facts facts = {
        .data = reported->device.values,
        .datum_count = reported->device.value_count,
    };
    *ret_submission = (struct iv_submission){
        .path = reported->path,
        .kind = IV_KIND_RECORD,
        .type = IV_IMAGE,
        .packages = reported->packages,
        .package_count = reported->package_count,
    };
    iv_submission_assemble(&facts, 1, data, count, arena, ret_submission);
}

/* Built first without options, for the id: equal to the reported one, it shows that packages and
 * values in the report are those that were judged. Options may then add what the report does not
 * say. The comparison is kept only where the variants are still the same. */
void iv_import_rebuild(const struct iv_submission *reported, const struct iv_reading *reading,
                       struct iv_arena *arena, struct iv_submission *ret_submission,
                       bool *ret_is_its_id)
{
    size_t count;
    const struct iv_datum *data = iv_scan_option_data(reading, arena, &count);
    struct iv_submission built;
    rebuild(reported, NULL, 0, arena, &built);
    *ret_is_its_id = reported->id != NULL && strcmp(built.id, reported->id) == 0;
    if (count > 0) {
        rebuild(reported, data, count, arena, &built);
    }
    for (size_t i = 0; i < built.variant_count && built.variant_count == reported->variant_count;
         i++) {
        built.variants[i].wspc = reported->variants[i].wspc;
    }
    *ret_submission = built;
}

/* Rules that say what was not compared with, not what was not read: the set is whole all the same.
 */
static bool is_about_store(const struct iv_rule *rule)
{
    static const char *const ids[] = {"WSPC006", "WSPC007", "WSPC016"};
    for (size_t i = 0; i < IV_COUNT(ids); i++) {
        if (strcmp(rule->id, ids[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* A set is recorded only where it is all that was there: as a scan of the tree itself would. */
static bool check_whole(const struct importing *in, const struct iv_report_entry *entry,
                        struct iv_error *err)
{
    const struct iv_judgement *judgement = &entry->judgement;
    const char *path = entry->submission->path;
    if (judgement->counts.unreadable > 0) {
        return iv_error_set(err, IV_ERROR_INVALID, "%s: %s holds packages that could not be read",
                            in->path, path);
    }
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct iv_finding *finding = &judgement->findings[i];
        if (finding->incomplete && !is_about_store(finding->rule)) {
            return iv_error_set(err, IV_ERROR_INVALID,
                                "%s: not recorded, as not all of %s could be read: %s: %s",
                                in->path, path, finding->rule->id, finding->message);
        }
    }
    if (in->options->run.baseline && judgement->verdict == IV_VERDICT_INCOMPLETE) {
        return iv_error_set(err, IV_ERROR_INVALID,
                            "%s: the report of %s is incomplete, which cannot become a baseline; "
                            "judge it again in full (imgval cache add --baseline PATH, or imgval "
                            "scan --no-wspc for a report), or import it without --baseline",
                            in->path, path);
    }
    return true;
}

/* Each submission of a report or stream; all of them or none. */
static bool import_report(const struct importing *in, int fd, struct iv_import *ret_import,
                          struct iv_error *err)
{
    struct iv_report report = {0};
    bool complete;
    const struct iv_saved_options saved = iv_import_saved_options(&in->options->reading);
    if (!iv_saved_report(&saved, fd, in->arena, &report, &complete, err)) {
        return iv_error_add(err, "%s", in->path);
    }
    if (!complete) {
        return iv_error_set(err, IV_ERROR_INVALID,
                            "%s: the stream has no end record, so it is not complete", in->path);
    }
    if (report.entry_count == 0) {
        return iv_error_set(err, IV_ERROR_INVALID, "%s: the report holds no submission", in->path);
    }
    struct iv_record *records = IV_NEW_ARRAY(in->arena, struct iv_record, report.entry_count);
    for (size_t i = 0; i < report.entry_count; i++) {
        struct iv_submission s = *report.entries[i].submission;
        if (s.type != IV_IMAGE) {
            return iv_error_set(err, IV_ERROR_INVALID,
                                "%s: %s is a partial submission, which cannot be recorded",
                                in->path, s.path);
        }
        if (!check_whole(in, &report.entries[i], err)) {
            return false;
        }
        /* What the report does not say is taken from the command line. */
        bool is_its_id;
        iv_import_rebuild(report.entries[i].submission, &in->options->reading, in->arena, &s,
                          &is_its_id);
        if (!is_its_id) {
            return iv_error_set(
                err, IV_ERROR_INVALID,
                "%s: the report contradicts itself: the id of %s is not that of its "
                "packages, phone and firmware version, so one of them was changed",
                in->path, s.path);
        }
        if (!add_submission(in, &s, &records[i], err)) {
            return false;
        }
    }
    *ret_import = (struct iv_import){.records = records, .count = report.entry_count};
    return true;
}

/* --- plain lists ------------------------------------------------------------------------------ */

/* A name a line, perhaps with a version. It says nothing of the device, so version and variants
 * come from options. */
static bool import_list(const struct importing *in, int fd, struct iv_import *ret_import,
                        struct iv_error *err)
{
    struct iv_facts facts = {0};
    const struct iv_saved_options saved = iv_import_saved_options(&in->options->reading);
    const struct iv_saved list = {.fd = fd, .kind = IV_SAVED_LIST, .path = in->path};
    if (!iv_saved_list(&saved, &list, in->arena, &facts.packages, &facts.package_count, err)) {
        /* A line that is wrong is named with the path. */
        return err->code == IV_ERROR_INVALID ? false : iv_error_add(err, "%s", in->path);
    }
    size_t count;
    const struct iv_datum *data = iv_scan_option_data(&in->options->reading, in->arena, &count);
    struct iv_submission s = {.path = in->path, .kind = IV_KIND_RECORD, .type = IV_IMAGE};
    iv_submission_assemble(&facts, 1, data, count, in->arena, &s);
    return one_record(in, &s, ret_import, err);
}

/* --- which of them --------------------------------------------------------------------------- */

/* Records as a store wrote them, which the reader has checked against their ids. */
static bool import_bundle(const struct importing *in, int fd, struct iv_import *ret_import,
                          struct iv_error *err)
{
    struct iv_import import = {.is_bundle = true};
    const struct iv_saved_options saved = iv_import_saved_options(&in->options->reading);
    if (!iv_saved_bundle(&saved, fd, in->arena, &import.records, &import.count, err)) {
        return iv_error_add(err, "%s", in->path);
    }
    *ret_import = import;
    return true;
}

/* Markup or a cabinet: something for the readers. UTF-16 has a NUL in its first four bytes. */
static bool is_for_scan(const char *bytes, size_t size)
{
    const char *text = size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? bytes + 3 : bytes;
    return size == 0 || memchr(bytes, '\0', size) != NULL || text[strspn(text, " \t\r\n")] == '<';
}

/* By the first bytes; the order matters, as a bundle and a report are text as well. */
static bool import_file(const struct importing *in, int fd, struct iv_import *ret_import,
                        struct iv_error *err)
{
    char head[4096 + 1] = {0};
    int64_t got = iv_file_read_at(fd, head, sizeof(head) - 1, 0);
    if (got < 0) {
        return iv_error_errno(err, "%s", in->path);
    }
    bool is_bundle = iv_bundle_is(head, (size_t)got);
    bool is_report = iv_json_is_report(head, (size_t)got) || iv_json_is_stream(head, (size_t)got);
    if (!is_bundle && !is_report && is_for_scan(head, (size_t)got)) {
        bool is_history = iv_ascii_isuffix(in->path, "UpdateHistory.xml") ||
                          strstr(head, "<UpdateHistory") != NULL;
        return import_scan(in, is_history, ret_import, err);
    }
    return is_bundle   ? import_bundle(in, fd, ret_import, err)
           : is_report ? import_report(in, fd, ret_import, err)
                       : import_list(in, fd, ret_import, err);
}

/* Nothing is recorded here: the caller gets all records of the file or an error, and adds them in
 * one transaction. */
bool iv_import_read(const char *path, const struct iv_scan_options *options, int64_t now,
                    struct iv_arena *arena, struct iv_import *ret_import, struct iv_error *err)
{
    const struct importing in = {.path = path, .options = options, .now = now, .arena = arena};
    struct iv_status st;
    int fd IV_CLEANUP(iv_fd_close) = iv_file_open(path, &st);
    if (fd < 0) {
        return iv_error_open(err, path);
    }
    if (st.type == IV_FILE_DIRECTORY) {
        return import_scan(&in, false, ret_import, err);
    }
    if (st.type != IV_FILE_REGULAR) {
        return iv_error_set(err, IV_ERROR_NO_INPUT, "%s: neither a file nor a directory", path);
    }
    return import_file(&in, fd, ret_import, err);
}
