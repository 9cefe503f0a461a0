/*
 * imgval cache VERB: the baseline store; all verbs but list and show, which are in
 * cmd_cache_list.c.
 *
 * A verb that writes opens the store, begins a transaction, does everything and commits; a failure
 * leaves the store as it was. Where two processes make the store at the same time, one of them gets
 * IV_ERROR_AGAIN and does the verb once more on the store that the other made. `add` judges twice:
 * first against the store as it is, so that a refused submission makes no store, and again inside
 * the transaction, as another process may have recorded something since.
 */
#include "imgval/cli/command.h"

#include "cache/store.h"
#include "imgval/base/file.h"
#include "imgval/base/text.h"
#include "imgval/history/import.h"
#include "imgval/model/record.h"
#include "imgval/report/read/bundle.h"
#include "imgval/report/show/records.h"
#include "imgval/scan/scan_read.h"
#include "imgval/version.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Of the verbs that only need a store; add and import are scans and have a scan's arguments. */
struct cache_arguments {
    struct iv_output_arguments output;
    const char *store;
    const char *file; /* export: --output */
};

/* Of the verbs that need nothing else. */
static const struct iv_option cache_options[] = {
    IV_ROW_STORE(offsetof(struct cache_arguments, store)),
};
static const struct iv_option_group cache_group = {.options = cache_options,
                                                   .count = IV_COUNT(cache_options)};
static const struct iv_option_group *const cache_groups[] = {&cache_group};

/* Times that are recorded come from the clock, or for reproducible stores from SOURCE_DATE_EPOCH.
 * They decide nothing but WSPC015 and what --since lists. */
static int64_t recording_time(void)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    uint64_t seconds;
    if (epoch != NULL && iv_parse_decimal(epoch, strlen(epoch), UINT32_MAX, &seconds)) {
        return (int64_t)seconds;
    }
    return (int64_t)time(NULL);
}

/* Another process made the store while this one did: then the verb is done again, on that store. It
 * is there the next time, so the loops around this end. */
static bool goes_again(struct iv_error *err)
{
    bool is_again = err->code == IV_ERROR_AGAIN;
    if (is_again) {
        *err = (struct iv_error){0};
    }
    return is_again;
}

/* --- add ------------------------------------------------------------------------------------- */

/* What `cache add` works on. */
struct adding {
    const struct iv_scan_arguments *given;
    struct iv_scan_options options;
    struct iv_submission submission;
    struct iv_scan_outcome outcome;
};

/* Looks up and judges anew: the store may have changed since the last time. */
static bool judge(struct adding *adding, struct iv_store *store, struct iv_arena *arena,
                  struct iv_error *err)
{
    adding->options.comparing.store = store;
    adding->options.comparing.missing_store_is_empty = true;
    adding->outcome = (struct iv_scan_outcome){.containment = adding->outcome.containment};
    return iv_scan_judge(&adding->submission, 1, &adding->options, arena, &adding->outcome, err);
}

/* The report of a submission that is not recorded, on standard error: standard output is for ids,
 * which scripts read. */
static int refuse(const struct adding *adding)
{
    struct iv_style_options style = iv_command_style(&adding->given->output);
    style.color = false;
    iv_sink_text.write(&adding->outcome.report, &style, stderr);
    fputs("imgval: not recorded\n", stderr);
    return iv_command_status(&adding->outcome);
}

/* What was found all the same, a line each: warnings, and that there was nothing to compare with.
 */
static void print_findings(const struct adding *adding)
{
    assert(adding->outcome.report.entries != NULL); /* it was judged */
    const struct iv_judgement *judgement = &adding->outcome.report.entries[0].judgement;
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct iv_finding *finding = &judgement->findings[i];
        if (finding->waived || (finding->severity == IV_NOTE && !finding->rule->loud)) {
            continue;
        }
        struct iv_buf line IV_CLEANUP(iv_buf_fini) = {0};
        iv_buf_printf(&line, "imgval: %s %s %s: ", iv_severity_names[finding->severity],
                      finding->rule->id, finding->rule->name);
        iv_text_escape(&line, finding->severity == IV_NOTE ? finding->remedy : finding->message, 0,
                       iv_command_is_ascii());
        fprintf(stderr, "%s\n", iv_buf_text(&line));
    }
}

/* The id, and in words what came of it. */
static int report_added(const struct adding *adding, const struct iv_record *record,
                        enum iv_store_added added)
{
    print_findings(adding);
    if (adding->given->output.quiet == 0) {
        static const char *const words[] = {
            [IV_STORE_ADDED] = "recorded",
            [IV_STORE_PROMOTED] = "was recorded; it is a baseline now",
            [IV_STORE_KNOWN] = "was recorded already",
        };
        const bool as_baseline = added == IV_STORE_ADDED && adding->options.run.baseline;
        fprintf(stderr, "imgval: %s%s\n", words[added], as_baseline ? " as a baseline" : "");
    }
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_printf(&text, "%s\n", record->id);
    return iv_command_print(&text, IV_EXIT_PASS);
}

/* --what-if is no verdict to record by. */
static int show_what_if(const struct adding *adding)
{
    struct iv_style_options style = iv_command_style(&adding->given->output);
    style.color = false;
    iv_sink_text.write(&adding->outcome.report, &style, stderr);
    fputs("imgval: not recorded: --what-if is no verdict to record by\n", stderr);
    return iv_command_status(&adding->outcome);
}

/* One attempt: judged once more inside the transaction that records it, since the first judgement
 * may be out of date. `ret_status` is that of the command, also of a refusal, which is no error.
 * False: err says why, and nothing was recorded. */
static bool record(struct adding *adding, struct iv_arena *arena, int *ret_status,
                   struct iv_error *err)
{
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_record record;
    enum iv_store_added added;
    if (!iv_store_open(adding->options.comparing.store_path, IV_STORE_CREATE, &store, err) ||
        !iv_store_begin(store, err) || !judge(adding, store, arena, err)) {
        return false;
    }
    if (iv_command_status(&adding->outcome) != IV_EXIT_PASS) {
        *ret_status = refuse(adding);
        return true;
    }
    iv_record_build(&adding->submission, adding->options.run.baseline, false, recording_time(),
                    arena, &record);
    if (!iv_store_add(store, &record, adding->given->replace, &added, err) ||
        !iv_store_commit(store, err)) {
        return false;
    }
    *ret_status = report_added(adding, &record, added);
    return true;
}

/* Judged twice: first against the store as it is, so that a refusal makes no store; then inside
 * the transaction that records it, as another process may have added something in between. */
static int run_add(const struct iv_command *command, void *options,
                   const struct iv_strings *arguments, struct iv_arena *arena)
{
    struct adding adding = {.given = options};
    struct iv_error err = {0};
    int status;
    if (arguments->count != 1) {
        return iv_command_usage(command, "name one PATH");
    }
    if (adding.given->options.reading.type_given &&
        adding.given->options.reading.type == IV_PARTIAL) {
        return iv_command_usage(command, "a partial submission cannot be recorded");
    }
    if (!iv_command_scan_options(adding.given, arena, &adding.options, &err) ||
        !iv_command_store_path(adding.given->store, arena, &adding.options.comparing.store_path,
                               &err)) {
        return iv_command_fail(&err);
    }
    if (!iv_command_refuse_several(arguments, &adding.options, arena, &err)) {
        return iv_command_fail(&err);
    }
    iv_command_repeat(command, adding.given, arena, &adding.options);
    status = iv_command_policy(adding.given, arguments, arena, &adding.options);
    if (status != IV_EXIT_PASS) {
        return status;
    }
    adding.options.comparing.replaces_same = adding.options.run.baseline && adding.given->replace;
    adding.options.reading.type_given = true; /* an image, also when PATH is a single package */
    if (!iv_scan_read_named(arguments->items[0], &adding.options, arena, &adding.submission,
                            &adding.outcome.containment, &err)) {
        return iv_command_fail(&err);
    }
    /* Judged first against the store as it is, so that a refusal makes no store. */
    if (!judge(&adding, NULL, arena, &err)) {
        return iv_command_fail(&err);
    }
    if (iv_command_status(&adding.outcome) != IV_EXIT_PASS) {
        return refuse(&adding);
    }
    if (adding.options.judging.what_if) {
        return show_what_if(&adding);
    }
    while (!record(&adding, arena, &status, &err)) {
        if (!goes_again(&err)) {
            return iv_command_fail(&err);
        }
    }
    return status;
}

/* How it is recorded; all else that adds takes from a scan. */
static const struct iv_option add_options[] = {
    {.name = "replace",
     .type = IV_OPTION_FLAG,
     .offset = offsetof(struct iv_scan_arguments, replace),
     .help = "demote (never delete) a baseline of the same version"},
    {.name = "quiet",
     .letter = 'q',
     .type = IV_OPTION_COUNT,
     .offset = offsetof(struct iv_scan_arguments, output.quiet),
     .help = "do not say that it was recorded; warnings are said all the same"},
};
static const struct iv_option_group add_group = {
    .title = "Recording", .options = add_options, .count = IV_COUNT(add_options)};
static const struct iv_option_group *const add_groups[] = {
    &iv_group_input,  &add_group,        &iv_group_device,  &iv_group_store,   &iv_group_baselines,
    &iv_group_policy, &iv_group_what_if, &iv_group_verdict, &iv_group_reading, &iv_group_verify,
};

const struct iv_command iv_cmd_cache_add = {
    .name = "cache",
    .verb = "add",
    .synopsis = "PATH",
    .summary = "Judge a submission and record it; print its id.",
    .details =
        "Recorded is what passes: for all its variants or for none. With --baseline it becomes\n"
        "a baseline that later submissions are compared with; a submission that is not one may\n"
        "lack packages of a baseline and is then recorded as not compliant.",
    .options_size = sizeof(struct iv_scan_arguments),
    .groups = add_groups,
    .group_count = IV_COUNT(add_groups),
    .complete = IV_COMPLETE_FILE,
    .run = run_add,
};

/* --- import ---------------------------------------------------------------------------------- */

/* Records what one path held. Records of a bundle were judged where they come from and keep their
 * flags; all others are new and recorded without judging. */
static bool import_one(struct iv_store *store, const struct iv_import *import, struct iv_buf *text,
                       struct iv_error *err)
{
    for (size_t i = 0; i < import->count; i++) {
        struct iv_record *record = &import->records[i];
        enum iv_store_added added;
        bool done = import->is_bundle ? iv_store_merge_record(store, record, &added, err)
                                      : iv_store_add(store, record, false, &added, err);
        if (!done) {
            return false;
        }
        iv_buf_printf(text, "%s\n", record->id);
    }
    return true;
}

/* One attempt, all inputs or none; the ids go to text, so that none is printed for what was not
 * committed. */
static bool import_all(const char *path, const struct iv_import *imports, size_t count,
                       struct iv_buf *text, struct iv_error *err)
{
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    iv_buf_clear(text);
    if (!iv_store_open(path, IV_STORE_CREATE, &store, err) || !iv_store_begin(store, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!import_one(store, &imports[i], text, err)) {
            return false;
        }
    }
    return iv_store_commit(store, err);
}

/* All inputs are read before the store is opened: what cannot be read leaves it as it was. */
static int run_import(const struct iv_command *command, void *options,
                      const struct iv_strings *arguments, struct iv_arena *arena)
{
    const struct iv_scan_arguments *given = options;
    struct iv_error err = {0};
    struct iv_scan_options scan_options;
    struct iv_strings paths = {0};
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    if (arguments->count == 0) {
        return iv_command_usage(command, "name at least one PATH");
    }
    if (!iv_command_scan_options(given, arena, &scan_options, &err) ||
        !iv_command_store_path(given->store, arena, &scan_options.comparing.store_path, &err) ||
        !iv_command_paths(arguments, arena, &paths, &err)) {
        return iv_command_fail(&err);
    }
    struct iv_import *imports = IV_NEW_ARRAY(arena, struct iv_import, paths.count);
    int64_t now = recording_time();
    for (size_t i = 0; i < paths.count; i++) {
        if (!iv_import_read(paths.items[i], &scan_options, now, arena, &imports[i], &err)) {
            return iv_command_fail(&err);
        }
    }
    while (!import_all(scan_options.comparing.store_path, imports, paths.count, &text, &err)) {
        if (!goes_again(&err)) {
            return iv_command_fail(&err);
        }
    }
    return iv_command_print(&text, IV_EXIT_PASS);
}

static const struct iv_option_group *const import_groups[] = {
    &iv_group_input,
    &iv_group_device,
    &iv_group_store,
    &iv_group_reading,
};

const struct iv_command iv_cmd_cache_import = {
    .name = "cache",
    .verb = "import",
    .synopsis = "PATH...",
    .summary = "Record history without judging it; print the ids.",
    .details =
        "PATH is an export bundle (keeps its flags), a JSON or JSONL report, an\n"
        "UpdateHistory.xml, a plain list of packages (name[, version[, partition]] a line), or\n"
        "anything that can be scanned. Where the input does not say, --manufacturer, --model,\n"
        "--operator and --firmware-version are needed. A baseline only with --baseline.",
    .options_size = sizeof(struct iv_scan_arguments),
    .groups = import_groups,
    .group_count = IV_COUNT(import_groups),
    .complete = IV_COMPLETE_FILE,
    .run = run_import,
};

/* --- merge ----------------------------------------------------------------------------------- */

/* What may become of a submission: enum iv_store_added. */
enum { OUTCOMES = IV_STORE_KNOWN + 1 };

/* Merges the submissions of another store; counts[] by what became of each. */
static bool merge_store(struct iv_store *into, const char *path, struct iv_arena *arena,
                        size_t counts[OUTCOMES], struct iv_error *err)
{
    struct iv_store *other IV_CLEANUP(iv_store_close) = NULL;
    struct iv_record *records;
    size_t count;
    if (!iv_store_open(path, IV_STORE_READ, &other, err) ||
        !iv_store_list(other, true, arena, &records, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        enum iv_store_added added;
        if (!iv_store_merge_record(into, &records[i], &added, err)) {
            return iv_error_add(err, "merging %s", path);
        }
        counts[added]++;
    }
    return true;
}

/* Two stores may each have a baseline of one version: both are kept, and it is said. Which one is
 * right nobody here knows; WSPC010 reports it again when something is compared with them. */
static bool find_rivals(struct iv_store *store, struct iv_arena *arena, struct iv_buf *rivals,
                        struct iv_error *err)
{
    struct iv_record *records;
    size_t count;
    iv_buf_clear(rivals);
    if (!iv_store_list(store, false, arena, &records, &count, err)) {
        return false;
    }
    iv_records_rivals(records, count, iv_command_is_ascii(), arena, rivals);
    return true;
}

/* One attempt: all stores in one transaction. */
static bool merge_all(const char *given, const struct iv_strings *paths, struct iv_arena *arena,
                      size_t counts[OUTCOMES], struct iv_buf *rivals, struct iv_error *err)
{
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    if (!iv_command_store_open(given, IV_STORE_CREATE, arena, &store, err) ||
        !iv_store_begin(store, err)) {
        return false;
    }
    for (size_t i = 0; i < paths->count; i++) {
        if (!merge_store(store, paths->items[i], arena, counts, err)) {
            return false;
        }
    }
    return find_rivals(store, arena, rivals, err) && iv_store_commit(store, err);
}

/* Again from the start where another process was in the way: a merge that was done twice is one
 * that was done once. */
static int run_merge(const struct iv_command *command, void *options,
                     const struct iv_strings *arguments, struct iv_arena *arena)
{
    const struct cache_arguments *given = options;
    struct iv_error err = {0};
    size_t counts[OUTCOMES] = {0};
    if (arguments->count == 0) {
        return iv_command_usage(command, "name at least one STORE");
    }
    struct iv_buf rivals IV_CLEANUP(iv_buf_fini) = {0};
    while (!merge_all(given->store, arguments, arena, counts, &rivals, &err)) {
        if (!goes_again(&err)) {
            return iv_command_fail(&err);
        }
        memset(counts, 0, sizeof(counts));
    }
    fputs(iv_buf_text(&rivals), stderr);
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_printf(&text, "%zu added, %zu promoted, %zu known\n", counts[IV_STORE_ADDED],
                  counts[IV_STORE_PROMOTED], counts[IV_STORE_KNOWN]);
    return iv_command_print(&text, IV_EXIT_PASS);
}

const struct iv_command iv_cmd_cache_merge = {
    .name = "cache",
    .verb = "merge",
    .synopsis = "STORE...",
    .summary = "Bring other stores into this one.",
    .details = "Merging twice, or in another order, gives the same store. A submission that is a\n"
               "baseline in any of them is one afterwards; removals do not travel. Two baselines\n"
               "of one version with different sets are kept, and a warning names both.",
    .options_size = sizeof(struct cache_arguments),
    .groups = cache_groups,
    .group_count = IV_COUNT(cache_groups),
    .complete = IV_COMPLETE_FILE,
    .run = run_merge,
};

/* --- export ----------------------------------------------------------------------------------- */

/* What is exported. */
struct exporting {
    const struct iv_record *records;
    size_t count;
};

/* For the saving function, which writes beside the file and renames. */
static void write_bundle(const void *context, FILE *out)
{
    const struct exporting *e = context;
    iv_bundle_write(e->records, e->count, out);
}

/* Sorted, so that exports of equal stores are equal files. */
static int run_export(const struct iv_command *command, void *options,
                      const struct iv_strings *arguments, struct iv_arena *arena)
{
    const struct cache_arguments *given = options;
    struct iv_error err = {0};
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_record *records = NULL;
    size_t count = 0;
    if (arguments->count > 0) {
        return iv_command_usage(command, "takes no argument");
    }
    /* No store is one without submissions. */
    bool is_there = iv_command_store_open(given->store, IV_STORE_READ, arena, &store, &err);
    if (is_there ? !iv_store_list(store, true, arena, &records, &count, &err)
                 : err.code != IV_ERROR_ABSENT) {
        return iv_command_fail_store(&err);
    }
    if (given->file != NULL) {
        const struct exporting e = {.records = records, .count = count};
        return iv_file_replace_with(given->file, write_bundle, &e, &err) ? IV_EXIT_PASS
                                                                         : iv_command_fail(&err);
    }
    iv_bundle_write(records, count, stdout);
    return iv_command_flush(IV_EXIT_PASS);
}

static const struct iv_option export_options[] = {
    {.name = "output",
     .letter = 'o',
     .argument = "FILE",
     .type = IV_OPTION_STRING,
     .offset = offsetof(struct cache_arguments, file),
     .complete = IV_COMPLETE_FILE,
     .help = "write to FILE (beside it, then renamed) instead of standard output"},
};
static const struct iv_option_group export_group = {
    .title = "Output", .options = export_options, .count = IV_COUNT(export_options)};
static const struct iv_option_group *const export_groups[] = {&cache_group, &export_group};

const struct iv_command iv_cmd_cache_export = {
    .name = "cache",
    .verb = "export",
    .synopsis = "",
    .summary = "Write the whole store as sorted JSON lines.",
    .details = "The bundle can be kept under version control, compared, and imported again: that\n"
               "gives an identical store.",
    .options_size = sizeof(struct cache_arguments),
    .groups = export_groups,
    .group_count = IV_COUNT(export_groups),
    .run = run_export,
};

/* --- remove, verify, path -------------------------------------------------------------------- */

/* By id alone: a name with a version may mean another submission tomorrow. */
static int run_remove(const struct iv_command *command, void *options,
                      const struct iv_strings *arguments, struct iv_arena *arena)
{
    const struct cache_arguments *given = options;
    struct iv_error err = {0};
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_record record;
    if (arguments->count != 1) {
        return iv_command_usage(command, "name one ID");
    }
    if (strchr(arguments->items[0], '@') != NULL) {
        return iv_command_usage(command, "a submission is removed by its id; imgval cache list "
                                         "shows the ids");
    }
    if (!iv_command_store_open(given->store, IV_STORE_WRITE, arena, &store, &err)) {
        return iv_command_fail_store(&err);
    }
    if (!iv_store_begin(store, &err) ||
        !iv_store_find(store, arguments->items[0], arena, &record, &err) ||
        !iv_store_remove(store, record.id, &err) || !iv_store_commit(store, &err)) {
        return iv_command_fail(&err);
    }
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_printf(&text, "%s\n", record.id);
    return iv_command_print(&text, IV_EXIT_PASS);
}

const struct iv_command iv_cmd_cache_remove = {
    .name = "cache",
    .verb = "remove",
    .synopsis = "ID",
    .summary = "Remove a recorded submission; print its id.",
    .details = "ID is an id or a unique prefix of one.",
    .options_size = sizeof(struct cache_arguments),
    .groups = cache_groups,
    .group_count = IV_COUNT(cache_groups),
    .complete = IV_COMPLETE_RECORD,
    .run = run_remove,
};

/* What is wrong goes to standard output; the exit status says whether anything is. */
static int run_verify(const struct iv_command *command, void *options,
                      const struct iv_strings *arguments, struct iv_arena *arena)
{
    const struct cache_arguments *given = options;
    struct iv_error err = {0};
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    const char **problems;
    size_t count;
    if (arguments->count > 0) {
        return iv_command_usage(command, "takes no argument");
    }
    if (!iv_command_store_open(given->store, IV_STORE_READ, arena, &store, &err) ||
        !iv_store_verify(store, arena, &problems, &count, &err)) {
        return iv_command_fail_store(&err);
    }
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_records_problems(problems, count, iv_command_is_ascii(), &text);
    if (count > 0) {
        fputs("imgval: the baseline store is not sound; what is wrong stands on standard output\n",
              stderr);
    }
    return iv_command_print(&text, count == 0 ? IV_EXIT_PASS : IV_EXIT_TROUBLE);
}

const struct iv_command iv_cmd_cache_verify = {
    .name = "cache",
    .verb = "verify",
    .synopsis = "",
    .summary = "Check that the store is whole: exit status 0, else 4.",
    .options_size = sizeof(struct cache_arguments),
    .groups = cache_groups,
    .group_count = IV_COUNT(cache_groups),
    .run = run_verify,
};

/* Where the store is, or would be made: whether there is such a file does not count. */
static int run_path(const struct iv_command *command, void *options,
                    const struct iv_strings *arguments, struct iv_arena *arena)
{
    const struct cache_arguments *given = options;
    struct iv_error err = {0};
    const char *path;
    if (arguments->count > 0) {
        return iv_command_usage(command, "takes no argument");
    }
    if (!iv_command_store_path(given->store, arena, &path, &err)) {
        return iv_command_fail(&err);
    }
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_printf(&text, "%s\n", path);
    return iv_command_print(&text, IV_EXIT_PASS);
}

const struct iv_command iv_cmd_cache_path = {
    .name = "cache",
    .verb = "path",
    .synopsis = "",
    .summary = "Print which file is the baseline store.",
    .options_size = sizeof(struct cache_arguments),
    .groups = cache_groups,
    .group_count = IV_COUNT(cache_groups),
    .run = run_path,
};
