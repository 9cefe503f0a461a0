/*
 * imgval inspect: show what a package, an image or a tree holds; judge nothing. The input is read
 * as it lies, so that no history is asked for and none is laid under it; a single package file is
 * read whole, as with --verify.
 */
#include "imgval/cli/command.h"

#include "imgval/base/look.h"
#include "imgval/base/text.h"
#include "imgval/input/archive.h"
#include "imgval/model/kinds.h"
#include "imgval/report/show/inspect.h"
#include "imgval/scan/resolve.h"
#include "imgval/scan/scan_read.h"

#include <string.h>

static const char *const inspect_formats[] = {"text", "json", NULL};

static const struct iv_option inspect_options[] = {
    {.name = "format",
     .argument = "text|json",
     .type = IV_OPTION_WORD,
     .offset = offsetof(struct iv_scan_arguments, output.format),
     .words = inspect_formats,
     .help = "of standard output; default text"},
    {.name = "verbose",
     .letter = 'v',
     .type = IV_OPTION_COUNT,
     .offset = offsetof(struct iv_scan_arguments, output.verbose),
     .help = "also the files of every package"},
    IV_ROW_HISTORY(offsetof(struct iv_scan_arguments, options.reading.update_history)),
    IV_ROW_OEM_INPUT(offsetof(struct iv_scan_arguments, options.reading.oem_input)),
    IV_ROW_DEVICE_INFO(offsetof(struct iv_scan_arguments, options.reading.device_info)),
};
static const struct iv_option_group inspect_group = {.options = inspect_options,
                                                     .count = IV_COUNT(inspect_options)};
static const struct iv_option_group *const groups[] = {&inspect_group, &iv_group_store,
                                                       &iv_group_reading, &iv_group_verify};

/* Of an FFU: whether some chunk was not compared with its hash, also when --no-hash asked for that.
 * Here no rule says so, so the exit status does. */
static bool has_unchecked_hashes(const struct iv_image *image)
{
    return image->present && image->format != NULL && strcmp(image->format, "FFU") == 0 &&
           (image->hash.state != IV_HASH_CHECKED || image->hash.checked != image->hash.chunks);
}

/* Whether part of a package was not read, though it is known what package it is. A malformed one
 * was read: it is shown as what it is. */
static bool is_half_read(const struct iv_package *package)
{
    for (size_t i = 0; i < package->fault_count; i++) {
        const enum iv_fault_kind kind = package->faults[i].kind;
        if (kind == IV_FAULT_UNREADABLE || kind == IV_FAULT_LIMIT || kind == IV_FAULT_READER_DIED ||
            kind == IV_FAULT_UNSUPPORTED) {
            return true;
        }
    }
    return package->unreadable;
}

/* Whether something could not be read, or nothing was there to be read. */
static bool is_incomplete(const struct iv_submission *s)
{
    for (size_t i = 0; i < s->package_count; i++) {
        if (is_half_read(&s->packages[i])) {
            return true;
        }
    }
    return iv_submission_doubt(s) != NULL || s->package_count == 0 ||
           has_unchecked_hashes(&s->image);
}

/* A path, or a recorded submission. */
static bool read_named(const char *name, const struct iv_scan_options *options,
                       struct iv_arena *arena, struct iv_submission *ret_submission,
                       struct iv_error *err)
{
    struct iv_containment containment;
    struct iv_named named;
    if (!iv_resolve_is_name(name)) {
        return iv_scan_read(name, &options->reading, arena, ret_submission, &containment, err);
    }
    if (!iv_resolve(name, options, false, arena, &named, err)) {
        return false;
    }
    *ret_submission = named.submission;
    return true;
}

/* A manifest by itself has no files that could be read with it. */
static bool is_manifest_name(const char *path)
{
    return iv_ascii_isuffix(path, ".dsm.xml") || iv_ascii_isuffix(path, ".mum");
}

/* One package, or a catalog: it is read whole, as a tree is only on request. */
static bool is_package_file(const char *path)
{
    struct iv_status st = {.type = IV_FILE_REGULAR};
    struct iv_error unused = {0};
    bool is_archive = false;
    /* Where it is not known what it is, it is read whole: less would be shown as all there is. */
    return !iv_resolve_is_name(path) && !is_manifest_name(path) &&
           iv_kind_of_image_name(path) == IV_KIND_COUNT &&
           !(iv_archive_look(path, &is_archive, &unused) && is_archive) &&
           iv_look_at(path, &st) != IV_LOOK_ABSENT && st.type == IV_FILE_REGULAR;
}

/* Incomplete is the only judgement that is made: something could not be read. */
static int run_inspect(const struct iv_command *command, void *options,
                       const struct iv_strings *arguments, struct iv_arena *arena)
{
    struct iv_scan_arguments *given = options;
    struct iv_error err = {0};
    struct iv_scan_options scan_options;
    struct iv_submission s;
    if (arguments->count != 1) {
        return iv_command_usage(command, "name one PATH");
    }
    if (!iv_command_scan_options(given, arena, &scan_options, &err)) {
        return iv_command_fail(&err);
    }
    scan_options.reading.as_it_lies = true;
    scan_options.reading.want_files = true;
    scan_options.reading.verify =
        scan_options.reading.verify || is_package_file(arguments->items[0]);
    if (!read_named(arguments->items[0], &scan_options, arena, &s, &err)) {
        return iv_command_fail(&err);
    }
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    if (given->output.format == 1) {
        iv_inspect_json(&s, &text);
    } else {
        iv_inspect_text(&s, given->output.verbose, iv_command_is_ascii(), &text);
    }
    return iv_command_show(&text, is_incomplete(&s) ? IV_EXIT_INCOMPLETE : IV_EXIT_PASS);
}

const struct iv_command iv_cmd_inspect = {
    .name = "inspect",
    .synopsis = "PATH",
    .summary = "Show what a package, an image or a tree of packages holds; judge nothing.",
    .details =
        "Of an image: headers, stores, partitions and how full they are, signers. Of a\n"
        "package file: signer, chain, time stamp, and the digest of each file; of a catalog\n"
        "(.cat) alone, the digests that it lists.\n\n"
        "Exit status: 0; 3 when something could not be read, or the hashes of an FFU were "
        "not all checked.",
    .options_size = sizeof(struct iv_scan_arguments),
    .groups = groups,
    .group_count = IV_COUNT(groups),
    .complete = IV_COMPLETE_SUBMISSION,
    .run = run_inspect,
};
