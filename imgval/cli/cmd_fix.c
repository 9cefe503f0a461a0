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
#include "imgval/base/text.h"
#include "imgval/model/fix.h"
#include "imgval/report/history/project.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST_NAME "EmptyPackages.FeatureManifest.xml"

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

/* Makes a file that was not there. */
static bool create(int directory, const char *where, const char *name, FILE **ret_file,
                   struct iv_error *err)
{
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0 && errno == EEXIST) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "%s/%s exists, and no file is ever written over; name an empty "
                            "directory with --output=DIR",
                            where, name);
    }
    if (fd < 0) {
        return iv_error_errno(err, "%s/%s", where, name);
    }
    *ret_file = fdopen(fd, "w");
    if (*ret_file == NULL) {
        close(fd);
        return iv_error_errno(err, "%s/%s", where, name);
    }
    return true;
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

static const char *project_name(const struct iv_fix_package *package, struct iv_arena *arena)
{
    return iv_arena_printf(arena, "%s.pkg.xml", package->name);
}

/* So that nothing is written when one of the names is taken. */
static bool find_taken(int directory, const char *where, const struct iv_fix *mend,
                       struct iv_arena *arena, struct iv_error *err)
{
    for (size_t i = 0; i <= mend->package_count; i++) {
        const char *name =
            i < mend->package_count ? project_name(&mend->packages[i], arena) : MANIFEST_NAME;
        if (faccessat(directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
            return iv_error_set(err, IV_ERROR_USAGE,
                                "%s/%s exists, and no file is ever written over; name an empty "
                                "directory with --output=DIR",
                                where, name);
        }
    }
    return true;
}

static bool write_all(int directory, const char *where, const struct iv_fix *mend,
                      struct iv_arena *arena, struct iv_error *err)
{
    FILE *file;
    for (size_t i = 0; i < mend->package_count; i++) {
        const char *name = project_name(&mend->packages[i], arena);
        if (!create(directory, where, name, &file, err)) {
            return false;
        }
        iv_project_write(&mend->packages[i], file);
        if (!finish(file, where, name, err)) {
            return false;
        }
    }
    if (!create(directory, where, MANIFEST_NAME, &file, err)) {
        return false;
    }
    iv_project_write_manifest(mend, file);
    return finish(file, where, MANIFEST_NAME, err);
}

static bool write_files(const char *where, const struct iv_fix *mend, struct iv_arena *arena,
                        struct iv_error *err)
{
    if (mkdir(where, 0777) != 0 && errno != EEXIST) {
        return iv_error_errno(err, "--output=%s", where);
    }
    int directory = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        return iv_error_errno(err, "--output=%s", where);
    }
    bool done = find_taken(directory, where, mend, arena, err) &&
                write_all(directory, where, mend, arena, err);
    iv_fd_close(&directory);
    return done;
}

/* --- what is said ---------------------------------------------------------------------------- */

struct view {
    struct iv_buf *buf;
    bool ascii;
};

static void add_text(const struct view *view, const char *text)
{
    iv_text_escape(view->buf, text == NULL ? "" : text, 0, view->ascii);
}

static void show_packages(const struct view *view, const struct iv_fix *mend, const char *where)
{
    if (mend->package_count == 0) {
        return;
    }
    iv_buf_printf(view->buf, "%zu empty package%s to add:\n", mend->package_count,
                  mend->package_count == 1 ? "" : "s");
    for (size_t i = 0; i < mend->package_count; i++) {
        const struct iv_fix_package *p = &mend->packages[i];
        iv_buf_puts(view->buf, "  ");
        add_text(view, where);
        iv_buf_putc(view->buf, '/');
        add_text(view, p->name);
        iv_buf_printf(view->buf, ".pkg.xml  (baseline %.12s%s)\n", p->from->id,
                      p->derived ? "; derived from the name, check it" : "");
    }
}

static void show_obstacles(const struct view *view, const struct iv_fix *mend)
{
    if (mend->obstacle_count == 0) {
        return;
    }
    iv_buf_puts(view->buf, "Not fixed by adding packages:\n");
    for (size_t i = 0; i < mend->obstacle_count; i++) {
        iv_buf_puts(view->buf, "  ");
        add_text(view, mend->obstacles[i].name);
        iv_buf_puts(view->buf, ": ");
        add_text(view, mend->obstacles[i].reason);
        iv_buf_puts(view->buf, ".\n");
    }
}

/* A value for a device name that the rule would accept: the characters that it may hold, and as
 * many as it may have. NULL: none can be proposed. */
static const char *proposal(const struct iv_finding *finding, struct iv_arena *arena)
{
    static const struct {
        const char *id;
        const char *more;
    } rows[] = {{"STD007", ""}, {"STD008", "-._"}};
    for (size_t i = 0; finding->actual != NULL && i < IV_COUNT(rows); i++) {
        if (strcmp(finding->rule->id, rows[i].id) != 0) {
            continue;
        }
        char text[33] = "";
        size_t used = 0;
        for (const char *c = finding->actual; *c != '\0' && used < 32; c++) {
            bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                         (*c >= '0' && *c <= '9') || strchr(rows[i].more, *c) != NULL;
            if (plain) {
                text[used++] = *c;
            }
        }
        return used > 0 ? iv_arena_strdup(arena, text) : NULL;
    }
    return NULL;
}

/* Where a device value of a finding was read; else the path of the finding. */
static const char *source_of(const struct iv_submission *s, const struct iv_finding *finding)
{
    for (size_t i = 0; i < s->device.value_count; i++) {
        const struct iv_datum *datum = &s->device.values[i];
        if (finding->field != NULL && finding->actual != NULL &&
            strcmp(datum->name, finding->field) == 0 &&
            strcmp(datum->value, finding->actual) == 0) {
            return datum->source;
        }
    }
    return finding->path;
}

/* The line of a registry file or project that is wrong, and what it should be. */
static void show_line(const struct view *view, const struct iv_submission *s,
                      const struct iv_finding *finding, struct iv_arena *arena)
{
    bool device = finding->variant == NULL && strncmp(finding->rule->id, "STD", 3) == 0 &&
                  finding->package == NULL && finding->field != NULL;
    iv_buf_printf(view->buf, "  %s ", finding->rule->id);
    add_text(view, device ? source_of(s, finding) : finding->path);
    iv_buf_puts(view->buf, "\n    ");
    if (device) {
        const char *better = proposal(finding, arena);
        if (finding->actual != NULL) {
            iv_buf_puts(view->buf, "- \"");
            add_text(view, finding->field);
            iv_buf_puts(view->buf, "\"=\"");
            add_text(view, finding->actual);
            iv_buf_puts(view->buf, "\"\n    ");
        }
        iv_buf_puts(view->buf, "+ \"");
        add_text(view, finding->field);
        iv_buf_puts(view->buf, "\"=\"");
        add_text(view, better != NULL ? better : "...");
        iv_buf_puts(view->buf, "\"\n    ");
    } else if (strcmp(finding->rule->id, "STD002") == 0) {
        iv_buf_puts(view->buf, "- <Version Major=\"0\" Minor=\"0\" QFE=\"0\" Build=\"0\" />\n    "
                               "+ <Version Major=\"1\" Minor=\"0\" QFE=\"0\" Build=\"1\" />  (any "
                               "version above that of the package in the baseline)\n    ");
    }
    add_text(view, finding->remedy);
    iv_buf_putc(view->buf, '\n');
}

/* Violations of the nine standard validations: no package fixes them, a line says so. */
static size_t show_violations(const struct view *view, const struct iv_report_entry *entry,
                              struct iv_arena *arena)
{
    size_t shown = 0;
    for (size_t i = 0; i < entry->judgement.finding_count; i++) {
        const struct iv_finding *finding = &entry->judgement.findings[i];
        if (finding->severity != IV_ERROR || strncmp(finding->rule->id, "WSPC", 4) == 0) {
            continue;
        }
        if (shown++ == 0) {
            iv_buf_puts(view->buf, "To be changed by hand:\n");
        }
        show_line(view, entry->submission, finding, arena);
    }
    return shown;
}

/* What was not compared, or not checked at all, may still need to be fixed. Returns whether there
 * is such. */
static bool show_unchecked(const struct view *view, const struct iv_report *report,
                           const char *scan)
{
    const struct iv_submission *s = report->entries[0].submission;
    bool incomplete = report->entries[0].judgement.verdict == IV_VERDICT_INCOMPLETE;
    if (s->wspc_reason != NULL) {
        iv_buf_puts(view->buf, "Not compared with a baseline: ");
        add_text(view, s->store_detail != NULL ? s->store_detail : s->wspc_reason);
        iv_buf_puts(view->buf, ".\n");
    }
    if (incomplete) {
        iv_buf_puts(view->buf, "Not everything was checked; see: ");
        add_text(view, scan);
        iv_buf_putc(view->buf, '\n');
    }
    return s->wspc_reason != NULL || incomplete;
}

static void show_next(const struct view *view, const struct iv_fix *mend, const char *where,
                      const char *scan)
{
    if (mend->package_count == 0) {
        return;
    }
    iv_buf_puts(view->buf, "Next:\n  1. Build each project with PkgGen.exe.\n  2. Add the lines "
                           "of ");
    add_text(view, where);
    iv_buf_puts(view->buf,
                "/" MANIFEST_NAME " to the feature manifest, and build the image.\n  3. ");
    add_text(view, scan);
    iv_buf_putc(view->buf, '\n');
}

/* --- the command ----------------------------------------------------------------------------- */

/* Reads, compares and judges. */
static bool judge(const char *path, const struct iv_scan_options *options, struct iv_arena *arena,
                  struct iv_submission *ret_submission, struct iv_report *ret_report,
                  struct iv_scan_outcome *ret_outcome, struct iv_error *err)
{
    return iv_scan_read_named(path, options, arena, ret_submission, &ret_outcome->containment,
                              err) &&
           iv_scan_judge(ret_submission, 1, options, arena, ret_report, ret_outcome, err);
}

/* What is to be named; NULL: nothing. */
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

static int run_fix(const struct iv_command *command, void *options,
                   const struct iv_strings *arguments, struct iv_arena *arena)
{
    const struct fix_arguments *given = options;
    struct iv_error err = {0};
    struct iv_scan_options scan_options;
    struct iv_submission submission;
    struct iv_report report;
    struct iv_scan_outcome outcome = {0};
    const char *wrong = missing_argument(given, arguments);
    if (wrong != NULL) {
        return iv_command_usage(command, "%s", wrong);
    }
    if (!iv_command_scan_options(&given->scan, arena, &scan_options, &err) ||
        !judge(arguments->items[0], &scan_options, arena, &submission, &report, &outcome, &err)) {
        return iv_command_fail(&err);
    }
    struct iv_fix mend;
    iv_fix_build(&submission, arena, &mend);
    if (mend.package_count > 0 && !write_files(given->output, &mend, arena, &err)) {
        return iv_command_fail(&err);
    }
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    const struct view view = {.buf = &text, .ascii = iv_command_style(&given->scan.output).ascii};
    show_packages(&view, &mend, given->output);
    show_obstacles(&view, &mend);
    size_t violations = show_violations(&view, &report.entries[0], arena);
    const char *scan = scan_again(command, given, arguments->items[0], arena);
    show_next(&view, &mend, given->output, scan);
    bool unchecked = show_unchecked(&view, &report, scan);
    bool unmended = mend.obstacle_count > 0 || violations > 0 || unchecked;
    if (mend.package_count == 0 && !unmended) {
        iv_buf_puts(&text, "Nothing to fix.\n");
    }
    int status = outcome.store_failed ? IV_EXIT_TROUBLE : unmended ? IV_EXIT_FAIL : IV_EXIT_PASS;
    return iv_command_print(&text, status);
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
