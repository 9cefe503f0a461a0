/*
 * imgval audit: judge a history of firmware sets, per variant, in version order. The options become
 * an audit's; names are resolved to what is to be read (iv_audit_find), --shard takes its part of
 * that list, and iv_audit_run() does the rest. Here the outcome is printed and saved.
 */
#include "imgval/cli/command.h"

#include "imgval/base/file.h"
#include "imgval/history/audit.h"
#include "imgval/report/history/audit_report.h"

#include <stdio.h>
#include <string.h>

struct audit_arguments {
    struct iv_scan_arguments scan; /* first: the shared groups have its offsets */
    bool with_store;
    bool list;
    const char *matrix;
    struct iv_strings reports;
};

#define AT(member) offsetof(struct audit_arguments, member)

/* What makes up the history. */
static const struct iv_option audit_options[] = {
    {.name = "store",
     .type = IV_OPTION_FLAG,
     .offset = AT(with_store),
     .help = "audit all submissions of the baseline store too"},
    IV_ROW_ALL_OWNERS(AT(scan.options.run.all_owners)),
    {.name = "shard",
     .argument = "I/N|auto",
     .type = IV_OPTION_STRING,
     .offset = AT(scan.shard),
     .help = "only the submissions whose place in the list, modulo N, is I (from 0): with --list; "
             "an audit of a part is incomplete"},
    {.name = "list",
     .type = IV_OPTION_FLAG,
     .offset = AT(list),
     .help = "only print the paths of what would be read, one a line"},
};
static const struct iv_option_group audit_group = {
    .title = "History", .options = audit_options, .count = IV_COUNT(audit_options)};

/* An audit has a matrix beside its reports. */
static const struct iv_option output_options[] = {
    IV_ROW_FORMAT(AT(scan.output.format), iv_words_audit),
    IV_ROW_REPORT(AT(reports), iv_words_audit),
    {.name = "matrix",
     .argument = "FILE",
     .type = IV_OPTION_STRING,
     .offset = AT(matrix),
     .complete = IV_COMPLETE_FILE,
     .help = "write every pair of versions and whether it can be serviced, as CSV"},
    IV_ROW_COLOR(AT(scan.output.color)),
    {.name = "quiet",
     .letter = 'q',
     .type = IV_OPTION_COUNT,
     .offset = AT(scan.output.quiet),
     .help = "the verdict and what could not be judged, nothing else"},
    {.name = "verbose",
     .letter = 'v',
     .type = IV_OPTION_COUNT,
     .offset = AT(scan.output.verbose),
     .help = "every name of every list"},
};
static const struct iv_option_group output_group = {
    .title = "Output", .options = output_options, .count = IV_COUNT(output_options)};
static const struct iv_option_group *const groups[] = {
    &audit_group,      &iv_group_store, &iv_group_policy,  &iv_group_what_if,
    &iv_group_verdict, &output_group,   &iv_group_reading, &iv_group_verify};

/* ---- output ---------------------------------------------------------------------------------- */

/* --report and --matrix: both are files that are written at the end. The matrix is no format, as it
 * is CSV of something else than the findings; it is the one without a sink. */
static bool parse_reports(const struct audit_arguments *given, struct iv_arena *arena,
                          struct iv_further_report **ret_further, size_t *ret_count,
                          struct iv_error *err)
{
    struct iv_further_report *reports;
    size_t count = given->reports.count;
    if (!iv_command_reports(&given->reports, IV_PRINTED_AUDIT, arena, &reports, err)) {
        return false;
    }
    struct iv_further_report *further = IV_NEW_ARRAY(arena, struct iv_further_report, count + 1);
    for (size_t i = 0; i < count; i++) {
        further[i] = reports[i];
    }
    if (given->matrix != NULL) {
        further[count++].path = given->matrix;
    }
    *ret_further = further;
    *ret_count = count;
    return true;
}

/* One further report in the making. */
struct saving {
    const struct iv_audit *audit;
    const struct iv_further_report *further;
    const struct iv_style_options *style;
};

/* Straight into the file and never held in memory: a matrix has a line for every pair of
 * versions. */
static void write_one(const void *context, FILE *out)
{
    const struct saving *s = context;
    if (s->further->sink == NULL) {
        iv_audit_write_matrix(s->audit, out);
    } else {
        s->further->sink->audit(s->audit, s->style, out);
    }
}

/* Standard output, then the files. Every one is written even if another fails: what was judged took
 * hours. */
static int write_all(const struct iv_audit *audit, const struct audit_arguments *given,
                     const struct iv_further_report *further, size_t count, int status)
{
    struct iv_error err = {0};
    struct iv_style_options style = iv_command_style(&given->scan.output);
    iv_sink_at(IV_PRINTED_AUDIT, (size_t)given->scan.output.format)->audit(audit, &style, stdout);
    status = iv_command_flush(status);
    const struct iv_style_options plain = {
        .ascii = style.ascii, .width = 100, .verbose = style.verbose};
    for (size_t i = 0; i < count; i++) {
        const struct saving saving = {.audit = audit, .further = &further[i], .style = &plain};
        if (!iv_file_replace_with(further[i].path, write_one, &saving, &err)) {
            status = iv_command_fail(&err);
        }
    }
    return status;
}

/* --list: the paths alone, for a script that hands them out. One with a line break cannot stand in
 * a list of lines and is left out. */
static int print_list(const struct iv_found_list *list)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < list->count; i++) {
        const struct iv_found *found = &list->items[i];
        if (found->trouble == NULL && strchr(found->path, '\n') == NULL) {
            iv_buf_printf(&text, "%s\n", found->path);
        }
    }
    return iv_command_print(&text, IV_EXIT_PASS);
}

/* Trouble of this machine counts more than any verdict: the same audit on another day may say
 * something else. */
static int status_of(const struct iv_audit *audit)
{
    if (audit->trouble) {
        fputs("imgval: audit: something could not be read for a reason of this machine or of the "
              "baseline store; the report names it\n",
              stderr);
    }
    return audit->trouble ? IV_EXIT_TROUBLE : iv_command_verdict(audit->verdict);
}

/* Keeps this part of the list. A history of which a part is left out has steps that nobody judges:
 * an entry that cannot be read stands for the rest, so that the audit is incomplete and says why. A
 * part that is empty has no history at all, and --list only hands out work. */
static void take_shard(struct iv_found_list *list, const struct iv_shard *shard, bool only_list,
                       struct iv_arena *arena)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (i % shard->count == shard->index) {
            list->items[kept++] = list->items[i];
        }
    }
    size_t left_out = list->count - kept;
    if (left_out > 0 && kept == 0) {
        fprintf(stderr,
                "imgval: --shard=%zu/%zu: none of the %zu submissions found is in this part\n",
                shard->index, shard->count, left_out);
    } else if (left_out > 0 && !only_list) {
        list->items[kept++] = (struct iv_found){
            .path = iv_arena_printf(arena, "--shard=%zu/%zu", shard->index, shard->count),
            .trouble = iv_arena_printf(arena,
                                       "leaves %zu submission%s out: join what imgval scan "
                                       "--format=jsonl says of each part, and audit all of it",
                                       left_out, left_out == 1 ? "" : "s"),
        };
    }
    list->count = kept;
}

/* The list of what is to be read comes first (--list prints it, --shard takes a part of it); the
 * policy is looked for from the sets and not from the folders that were named. */
static int run_audit(const struct iv_command *command, void *options,
                     const struct iv_strings *arguments, struct iv_arena *arena)
{
    const struct audit_arguments *given = options;
    struct iv_error err = {0};
    struct iv_scan_options scan_options;
    struct iv_strings names = {0};
    struct iv_found_list list;
    struct iv_further_report *further = NULL;
    size_t further_count = 0;
    if (arguments->count == 0 && !given->with_store) {
        return iv_command_usage(command, "name at least one DIR");
    }
    if (!iv_command_scan_options(&given->scan, arena, &scan_options, &err) ||
        !parse_reports(given, arena, &further, &further_count, &err) ||
        (arguments->count > 0 && !iv_command_paths(arguments, arena, &names, &err))) {
        return iv_command_fail(&err);
    }
    scan_options.reading.type_given = true; /* every set is an image, also a single package */
    scan_options.run.no_wspc = true;        /* the versions are compared with each other */
    const struct iv_audit_options audit_of = {.scan = &scan_options,
                                              .with_store = given->with_store};
    struct iv_shard shard;
    if (!iv_command_shard(given->scan.shard, &shard, &err) ||
        (given->with_store && !iv_command_store_path(given->scan.store, arena,
                                                     &scan_options.comparing.store_path, &err)) ||
        !iv_audit_find(names.items, names.count, &audit_of, arena, &list, &err)) {
        return iv_command_fail(&err);
    }
    const bool had_any = list.count > 0;
    take_shard(&list, &shard, given->list, arena);
    const bool is_empty_part = had_any && list.count == 0;
    if (given->list) {
        return print_list(&list);
    }
    /* The policy is that of the sets: it may lie in DIR, which is above them. */
    struct iv_strings sets = {0};
    for (size_t i = 0; i < list.count; i++) {
        iv_strings_add(arena, &sets, list.items[i].path);
    }
    int status = iv_command_policy(&given->scan, &sets, arena, &scan_options);
    if (status != IV_EXIT_PASS) {
        return status;
    }
    struct iv_audit audit IV_CLEANUP(iv_audit_fini) = {0};
    if (!iv_audit_run(&list, &audit_of, arena, &audit, &err)) {
        return iv_command_fail(&err);
    }
    return write_all(&audit, given, further, further_count,
                     is_empty_part ? IV_EXIT_PASS : status_of(&audit));
}

const struct iv_command iv_cmd_audit = {
    .name = "audit",
    .synopsis = "DIR...",
    .summary = "Judge a history of firmware sets, per variant, in version order.",
    .details =
        "DIR is searched for submissions: folders of packages, images, saved JSON reports,\n"
        "streams of imgval scan --format=jsonl, export bundles. A file, an id of the baseline\n"
        "store and OEM/OPERATOR/MODEL@VERSION may be named too; \"-\" reads a list from standard\n"
        "input. Each submission is read once. For each variant it shows the chain of versions,\n"
        "where a package was removed, and which version can be updated to which in one hop.\n"
        "With --verify all packages are read whole; a submission of which only a report or a\n"
        "record is there cannot be verified, and is named.\n\n"
        "Exit status: as of scan. A broken step is a warning (--fail-on=warning makes it fail);\n"
        "3: something could not be judged.",
    .options_size = sizeof(struct audit_arguments),
    .groups = groups,
    .group_count = IV_COUNT(groups),
    .complete = IV_COMPLETE_FILE,
    .run = run_audit,
};
