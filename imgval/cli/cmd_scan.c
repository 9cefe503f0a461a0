/*
 * imgval scan: judge one or more submissions. The command collects options, policy and facts cache,
 * calls iv_scan(), saves the cache and writes the reports. The exit status is that of the verdict,
 * unless a report could not be written.
 */
#include "imgval/cli/command.h"

#include "imgval/base/text.h"
#include "imgval/cli/progress.h"
#include "imgval/scan/facts_cache.h"

#include <stdio.h>
#include <string.h>

/* Words of --timings. */
enum { TIMINGS_TABLE, TIMINGS_JSON };
static const char *const timings_words[] = {
    [TIMINGS_TABLE] = "table", [TIMINGS_JSON] = "json", NULL};

/* -v: what the readers ran under. "none was needed" where a list of recorded ids, or a facts cache
 * that knew all, left nothing to read. */
static void print_containment(const struct iv_scan_outcome *outcome, unsigned jobs)
{
    const struct iv_containment *c = &outcome->containment;
    const struct iv_sandbox_words words = iv_sandbox_words();
    if (!c->any && jobs > 0) {
        fputs("imgval: readers: none was needed\n", stderr);
        return;
    }
    fprintf(stderr, "imgval: readers: %u process%s; %s %s, %s %s, limits %s\n", jobs,
            jobs == 1 ? "" : "es", words.files, c->files ? "on" : "off", words.calls,
            c->calls ? "on" : "off", c->limits ? "on" : "off");
}

/* One line of the table. */
static void print_span(const char *name, const struct iv_span *span)
{
    fprintf(stderr, "  %-28s %10.3f %10.3f\n", name, (double)span->wall / 1e6,
            (double)span->cpu / 1e6);
}

/* Nanoseconds; a rule that took less has no line of its own. */
enum { SMALL_SPAN = 10000 };

/* --timings: what the stages and the rules took. CPU time of readers counts in their stage; wall
 * time is this process's. */
static void print_timings(const struct iv_timings *timings)
{
    struct iv_span total = {0};
    fprintf(stderr, "imgval: timings in milliseconds\n  %-28s %10s %10s\n", "stage", "wall", "CPU");
    for (size_t i = 0; i < IV_STAGES; i++) {
        const struct iv_span *span = &timings->stages[i];
        total.wall += span->wall;
        total.cpu += span->cpu;
        print_span(iv_stage_names[i], span);
    }
    print_span("all stages", &total);
    fprintf(stderr, "  %-28s %10s %10s\n", "rule", "wall", "CPU");
    size_t small = 0;
    for (size_t i = 0; i < timings->rule_count; i++) {
        if (timings->rules[i].span.wall < SMALL_SPAN) {
            small++;
            continue;
        }
        struct iv_buf name IV_CLEANUP(iv_buf_fini) = {0};
        iv_text_escape(&name, timings->rules[i].rule->id, 0, true); /* a site's own may say much */
        print_span(iv_buf_text(&name), &timings->rules[i].span);
    }
    fprintf(stderr, "  %zu rules took less than 0.01 each\n", small);
}

/* The writing is a stage of --timings, too, so its time is printed after the reports. */
static int write_reports(const struct iv_scan_arguments *given, struct iv_report *report,
                         const struct iv_further_report *further, struct iv_timings *timings,
                         int status)
{
    if (!given->timings_given) {
        return iv_command_write_reports(report, given, further, status);
    }
    report->timings = given->timings == TIMINGS_JSON ? timings : NULL;
    struct iv_span start = iv_span_now();
    status = iv_command_write_reports(report, given, further, status);
    iv_span_add(&timings->stages[IV_STAGE_WRITE], &start);
    print_timings(timings);
    return status;
}

/* No fault of a facts cache keeps a scan from its verdict. */
static void print_error(struct iv_error *err)
{
    (void)iv_error_add(err, "facts cache");
    (void)iv_command_fail(err); /* costs time the next time, and nothing else */
}

/* --facts-cache: opened, with a word about one that does not count (another version, damaged): it
 * is begun anew then. NULL: none is used. */
static struct iv_facts_cache *open_facts_cache(const struct iv_scan_arguments *given,
                                               const struct iv_scan_options *scan_options)
{
    if (given->facts_cache == NULL || given->options.reading.verify) {
        return NULL; /* to verify is to read */
    }
    struct iv_facts_cache_options options = {
        .path = given->facts_cache,
        .tool_version = scan_options->run.tool_version,
        .limits = &scan_options->reading.limits,
        .now = scan_options->comparing.now,
    };
    struct iv_facts_cache *cache = iv_facts_cache_open(&options);
    if (iv_facts_cache_note(cache) != NULL) {
        struct iv_error err;
        iv_error_set(&err, IV_ERROR_SYSTEM, "%s: %s", given->facts_cache,
                     iv_facts_cache_note(cache));
        print_error(&err);
    }
    return cache;
}

/* What was read may be recalled the next time; one that cannot be written is reported and ignored,
 * since the verdict of this run does not depend on it. */
static void save_facts_cache(const struct iv_facts_cache *cache, bool is_verbose)
{
    struct iv_error err = {0};
    if (cache == NULL) {
        return;
    }
    if (!iv_facts_cache_save(cache, &err)) {
        print_error(&err);
    }
    size_t recalled;
    size_t added;
    iv_facts_cache_counts(cache, &recalled, &added);
    if (is_verbose) {
        fprintf(stderr, "imgval: facts cache: %zu files recalled, %zu taken in\n", recalled, added);
    }
}

/* Everything that may be wrong with the command line is looked at before the first file is read:
 * options, names of reports, the list of paths, the policy. Then the scan, then what is to be
 * saved, and last the reports, so that nothing which fails later can be missing from them. */
static int run_scan(const struct iv_command *command, void *options,
                    const struct iv_strings *arguments, struct iv_arena *arena)
{
    const struct iv_scan_arguments *given = options;
    struct iv_error err = {0};
    struct iv_scan_options scan_options;
    struct iv_further_report *further = NULL;
    struct iv_strings paths = {0};
    if (arguments->count == 0) {
        return iv_command_usage(command, "name at least one PATH");
    }
    if (!iv_command_scan_options(given, arena, &scan_options, &err) ||
        !iv_command_rules_url(given->output.rules_url, &err) ||
        !iv_command_reports(&given->reports, IV_PRINTED_REPORT, arena, &further, &err) ||
        !iv_command_paths(arguments, arena, &paths, &err)) {
        return iv_command_fail(&err);
    }
    iv_command_repeat(command, given, arena, &scan_options);
    struct iv_shard shard;
    if (!iv_command_shard(given->shard, &shard, &err)) {
        return iv_command_fail(&err);
    }
    size_t submissions = paths.count;
    iv_command_take_shard(&shard, &paths);
    if (paths.count == 0) {
        fprintf(stderr, "imgval: --shard=%s: none of the %zu submissions named is in this part\n",
                given->shard, submissions);
    }
    if (!iv_command_refuse_several(&paths, &scan_options, arena, &err)) {
        return iv_command_fail(&err);
    }
    int status = iv_command_policy(given, &paths, arena, &scan_options);
    if (status != IV_EXIT_PASS) {
        return status;
    }
    struct iv_scan_outcome outcome;
    struct iv_progress progress;
    struct iv_timings timings = {0};
    iv_progress_init(&progress, &given->output);
    scan_options.reading.progress = iv_progress_step;
    scan_options.reading.progress_context = &progress;
    struct iv_facts_cache *cache IV_CLEANUP(iv_facts_cache_close) =
        open_facts_cache(given, &scan_options);
    scan_options.reading.facts_cache = cache;
    scan_options.reading.timings = given->timings_given ? &timings : NULL;
    bool is_scanned = iv_scan(paths.items, paths.count, &scan_options, arena, &outcome, &err);
    iv_progress_end(&progress);
    if (!is_scanned) {
        return iv_command_fail(&err);
    }
    save_facts_cache(cache, given->output.verbose > 0);
    if (given->output.verbose > 0) {
        print_containment(&outcome, scan_options.reading.jobs);
    }
    status = iv_command_status(&outcome);
    if (paths.count == 0) {
        outcome.report.verdict =
            IV_VERDICT_INCOMPLETE; /* of an empty part: nothing was judged, no pass */
    }
    return write_reports(given, &outcome.report, further, &timings, status);
}

/* For many machines: see imgval-fleet(7). */
static const struct iv_option fleet_options[] = {
    {.name = "shard",
     .argument = "I/N|auto",
     .type = IV_OPTION_STRING,
     .offset = offsetof(struct iv_scan_arguments, shard),
     .help = "judge only the paths whose place in the sorted list, modulo N, is I (from 0)"},
};
static const struct iv_option_group fleet_group = {
    .title = "Fleet", .options = fleet_options, .count = IV_COUNT(fleet_options)};

/* Neither of them changes what a report says. */
static const struct iv_option speed_options[] = {
    {.name = "facts-cache",
     .argument = "FILE",
     .type = IV_OPTION_STRING,
     .offset = offsetof(struct iv_scan_arguments, facts_cache),
     .complete = IV_COMPLETE_FILE,
     .help = "keep what was read there, and read no package again that has not changed since; not "
             "used with --verify"},
    {.name = "timings",
     .argument = "table|json",
     .implied = "table",
     .type = IV_OPTION_WORD,
     .offset = offsetof(struct iv_scan_arguments, timings),
     .given_offset = offsetof(struct iv_scan_arguments, timings_given),
     .words = timings_words,
     .help = "print on standard error what each stage and rule took; json: in the JSON report too"},
};
static const struct iv_option_group speed_group = {
    .title = "Speed", .options = speed_options, .count = IV_COUNT(speed_options)};

/* In the order of imgval scan --help: from what is read to how it is written. */
static const struct iv_option_group *const groups[] = {
    &iv_group_input,  &iv_group_device,  &iv_group_compare, &iv_group_baselines, &iv_group_store,
    &iv_group_policy, &iv_group_what_if, &iv_group_verdict, &iv_group_output,    &iv_group_reading,
    &iv_group_verify, &fleet_group,      &speed_group,
};

const struct iv_command iv_cmd_scan = {
    .name = "scan",
    .synopsis = "PATH...",
    .summary = "Judge one or more firmware submissions.",
    .details =
        "PATH is a directory of packages (.spkg .spkr .spku .cab .cbsr, or extracted), a zip or\n"
        "tar archive of one, which is read in place, an image (.ffu .vhd .wim), a directory that\n"
        "holds images, or a single package. \"-\" reads a list of paths from standard input.\n"
        "Several PATHs are several submissions in one report.\n\n"
        "Exit status: 0 pass, 1 fail, 2 usage error, 3 incomplete (something was not checked),\n"
        "4 imgval could not do its job.",
    .options_size = sizeof(struct iv_scan_arguments),
    .groups = groups,
    .group_count = IV_COUNT(groups),
    .complete = IV_COMPLETE_SUBMISSION,
    .run = run_scan,
};
