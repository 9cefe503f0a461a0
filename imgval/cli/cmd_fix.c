/*
 * imgval fix: write what would make a submission compliant, and say what no package can fix.
 *
 * The submission is judged as a scan would judge it. For packages that a baseline has and it lacks,
 * a project of an empty package each is written, and the lines of a feature manifest that add them.
 * All else is printed: what adding packages does not fix, lines to be changed by hand, and what was
 * not checked. Nothing is ever written over: all names are looked for first, and each file is
 * created anew.
 */
#include "imgval/cli/command.h"

#include "imgval/base/file.h"
#include "imgval/base/look.h"
#include "imgval/base/text.h"
#include "imgval/model/fix.h"
#include "imgval/report/show/fix_project.h"
#include "imgval/report/show/fix_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct fix_arguments {
    struct iv_scan_arguments scan; /* first: the shared groups have its offsets */
    const char *output;
};

static const struct iv_option fix_options[] = {
    {.name = "output",
     .argument = "DIR",
     .type = IV_OPTION_STRING,
     .offset = offsetof(struct fix_arguments, output),
     .complete = IV_COMPLETE_DIRECTORY,
     .help = "where projects and feature-manifest lines are written; made if missing"},
};
static const struct iv_option_group fix_group = {.options = fix_options,
                                                 .count = IV_COUNT(fix_options)};
static const struct iv_option_group *const groups[] = {
    &fix_group,        &iv_group_input,     &iv_group_device,  &iv_group_store,
    &iv_group_compare, &iv_group_baselines, &iv_group_reading,
};

/* --- writing --------------------------------------------------------------------------------- */

/* Makes a file that was not there; the name was free a moment ago, but only creating it tells. */
static bool create(int directory, const char *where, const char *name, FILE **ret_file,
                   struct iv_error *err)
{
    *ret_file = iv_file_make_at(directory, name);
    if (*ret_file == NULL && errno == EEXIST) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "%s/%s exists, and no file is ever written over; name an empty "
                            "directory with --output=DIR",
                            where, name);
    }
    return *ret_file != NULL || iv_error_errno(err, "%s/%s", where, name);
}

/* Closes a file; what could not be written is an error. */
static bool finish(FILE *file, const char *where, const char *name, struct iv_error *err)
{
    bool bad = ferror(file) != 0;
    if (fclose(file) != 0 || bad) {
        return iv_error_errno(err, "%s/%s", where, name);
    }
    return true;
}

/* As PkgGen expects the name of a project. Names come from a baseline and were checked when the fix
 * was built, so none leads out of the folder. */
static const char *project_name(const struct iv_fix_package *package, struct iv_arena *arena)
{
    return iv_arena_printf(arena, "%s.pkg.xml", package->name);
}

/* So that nothing is written when one of the names is taken. */
static bool find_taken(int directory, const char *where, const struct iv_fix *fix,
                       struct iv_arena *arena, struct iv_error *err)
{
    for (size_t i = 0; i <= fix->package_count; i++) {
        const char *name =
            i < fix->package_count ? project_name(&fix->packages[i], arena) : IV_FIX_MANIFEST_NAME;
        struct iv_status status;
        if (iv_look_beneath(directory, name, &status) == IV_LOOK_FOUND) {
            return iv_error_set(err, IV_ERROR_USAGE,
                                "%s/%s exists, and no file is ever written over; name an empty "
                                "directory with --output=DIR",
                                where, name);
        }
    }
    return true;
}

/* The manifest comes last: with it there, all projects are. */
static bool write_all(int directory, const char *where, const struct iv_fix *fix,
                      struct iv_arena *arena, struct iv_error *err)
{
    FILE *file;
    for (size_t i = 0; i < fix->package_count; i++) {
        const char *name = project_name(&fix->packages[i], arena);
        if (!create(directory, where, name, &file, err)) {
            return false;
        }
        iv_project_write(&fix->packages[i], file);
        if (!finish(file, where, name, err)) {
            return false;
        }
    }
    if (!create(directory, where, IV_FIX_MANIFEST_NAME, &file, err)) {
        return false;
    }
    iv_project_write_manifest(fix, file);
    return finish(file, where, IV_FIX_MANIFEST_NAME, err);
}

/* Into a folder that is made where it is missing; what is in it is never written over. */
static bool write_files(const char *where, const struct iv_fix *fix, struct iv_arena *arena,
                        struct iv_error *err)
{
    bool lists;
    int directory = iv_file_make_folder(where) ? iv_look_open(where, &lists) : -1;
    if (directory < 0) {
        return iv_error_errno(err, "--output=%s", where);
    }
    bool done = find_taken(directory, where, fix, arena, err) &&
                write_all(directory, where, fix, arena, err);
    iv_fd_close(&directory);
    return done;
}

/* --- the command ----------------------------------------------------------------------------- */

/* Reads, compares and judges as a scan does; no policy, since a waiver would hide what can be
 * fixed. */
static bool judge(const char *path, const struct iv_scan_options *options, struct iv_arena *arena,
                  struct iv_submission *ret_submission, struct iv_scan_outcome *ret_outcome,
                  struct iv_error *err)
{
    return iv_scan_read_named(path, options, arena, ret_submission, &ret_outcome->containment,
                              err) &&
           iv_scan_judge(ret_submission, 1, options, arena, ret_outcome, err);
}

/* What is to be named; NULL: nothing. --output is asked for even if there may be nothing to write:
 * whether there is, is known only after a long read. */
static const char *missing_argument(const struct fix_arguments *given,
                                    const struct iv_strings *arguments)
{
    const bool has_output = given->output != NULL && given->output[0] != '\0';
    if (arguments->count == 1) {
        return has_output ? NULL : "--output=DIR is missing: where the projects are written";
    }
    if (arguments->count > 1) {
        return "name one PATH";
    }
    return has_output ? "PATH is missing: the submission to fix"
                      : "PATH and --output=DIR are missing";
}

/* The scan that shows whether all is well now, with the options of this run. */
static const char *scan_again(const struct iv_command *command, const struct fix_arguments *given,
                              const char *path, struct iv_arena *arena)
{
    static const char *const names[] = {
        "type",         "context-free", "baseline", "update-history",   "oem-input", "device-info",
        "manufacturer", "model",        "operator", "firmware-version", "cache",     "no-wspc",
        "against",      "all-owners",   "no-hash",  "require-sandbox",  NULL,
    };
    struct iv_buf line IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_printf(&line, "imgval scan%s ", iv_options_repeat(command, given, names, arena));
    iv_shell_quote(&line, path);
    return iv_arena_strdup(arena, iv_buf_text(&line));
}

/* Judged as a scan judges, so that a scan afterwards agrees with what is said here. */
static int run_fix(const struct iv_command *command, void *options,
                   const struct iv_strings *arguments, struct iv_arena *arena)
{
    const struct fix_arguments *given = options;
    struct iv_error err = {0};
    struct iv_scan_options scan_options;
    struct iv_submission submission;
    struct iv_scan_outcome outcome = {0};
    const char *wrong = missing_argument(given, arguments);
    if (wrong != NULL) {
        return iv_command_usage(command, "%s", wrong);
    }
    if (!iv_command_scan_options(&given->scan, arena, &scan_options, &err) ||
        !iv_command_refuse_several(arguments, &scan_options, arena, &err) ||
        !judge(arguments->items[0], &scan_options, arena, &submission, &outcome, &err)) {
        return iv_command_fail(&err);
    }
    struct iv_fix fix;
    iv_fix_build(&submission, arena, &fix);
    if (fix.package_count > 0 && !write_files(given->output, &fix, arena, &err)) {
        return iv_command_fail(&err);
    }
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    const struct iv_fix_view show = {
        .fix = &fix,
        .report = &outcome.report,
        .where = given->output,
        .scan = scan_again(command, given, arguments->items[0], arena),
        .ascii = iv_command_is_ascii(),
    };
    bool remains = iv_fix_text(&show, arena, &text);
    int status = outcome.store_failed ? IV_EXIT_TROUBLE : remains ? IV_EXIT_FAIL : IV_EXIT_PASS;
    return iv_command_show(&text, status);
}

const struct iv_command iv_cmd_fix = {
    .name = "fix",
    .synopsis = "--output=DIR PATH",
    .summary = "Write the empty-package projects that make a submission compliant.",
    .details =
        "For each package that PATH lacks against an older baseline, or one of its version:\n"
        "NAME.pkg.xml, a project of an empty package, and its line in a feature manifest. What\n"
        "cannot be fixed by adding packages is said, with the reason; so are the lines to\n"
        "change for violations of the standard validations. Writes into DIR alone, never over an\n"
        "existing file.\n\n"
        "Exit status: 0 (the packages that were written fix it, or there was nothing to fix), 1\n"
        "when something remains.",
    .options_size = sizeof(struct fix_arguments),
    .groups = groups,
    .group_count = IV_COUNT(groups),
    .complete = IV_COMPLETE_SUBMISSION,
    .run = run_fix,
};
