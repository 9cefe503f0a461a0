/*
 * imgval cache list, show: what the baseline store holds. A single submission is shown from its
 * record; the history of a variant is an audit of its records, drawn as imgval audit draws it.
 *
 * Both open the store to read: neither makes or migrates one, so both work where nothing may be
 * written.
 */
#include "imgval/cli/command.h"

#include "cache/store.h"
#include "imgval/history/audit.h"
#include "imgval/model/policy.h"
#include "imgval/report/history/audit_report.h"
#include "imgval/report/show/records.h"

#include <stdio.h>
#include <string.h>

/* Of both verbs; each table has the rows that its verb takes. */
struct list_arguments {
    const char *store;
    const char *pop;
    const char *since;
    bool json;
    struct iv_output_arguments output;
};

static const struct iv_option store_options[] = {
    IV_ROW_STORE(offsetof(struct list_arguments, store)),
};
static const struct iv_option_group store_group = {.options = store_options,
                                                   .count = IV_COUNT(store_options)};

/* What is listed; with none of them all of it. */
static const struct iv_option list_options[] = {
    {.name = "pop",
     .argument = "OEM/OPERATOR/MODEL",
     .type = IV_OPTION_STRING,
     .offset = offsetof(struct list_arguments, pop),
     .help = "only submissions of this variant"},
    {.name = "since",
     .argument = "DATE",
     .type = IV_OPTION_STRING,
     .offset = offsetof(struct list_arguments, since),
     .help = "only submissions that were recorded on this day (YYYY-MM-DD, UTC) or later"},
    {.name = "json",
     .type = IV_OPTION_FLAG,
     .offset = offsetof(struct list_arguments, json),
     .help = "one JSON document"},
};
static const struct iv_option_group list_group = {
    .title = "Selection", .options = list_options, .count = IV_COUNT(list_options)};
static const struct iv_option_group *const list_groups[] = {&list_group, &store_group};

/* How a history is drawn: see imgval audit. */
static const struct iv_option show_options[] = {
    {.name = "color",
     .argument = "auto|always|never",
     .type = IV_OPTION_WORD,
     .offset = offsetof(struct list_arguments, output.color),
     .words = iv_when_words,
     .help = "colours of a variant's history; auto: on a terminal, unless NO_COLOR is set"},
    {.name = "verbose",
     .letter = 'v',
     .type = IV_OPTION_COUNT,
     .offset = offsetof(struct list_arguments, output.verbose),
     .help = "every name of every list of the history"},
};
static const struct iv_option_group show_group = {
    .title = "Output", .options = show_options, .count = IV_COUNT(show_options)};
static const struct iv_option_group *const show_groups[] = {&show_group, &store_group};

/* OEM/OPERATOR/MODEL; no part of it may hold a slash. */
static bool parse_pop(const char *text, struct iv_arena *arena, struct iv_pop *ret_pop)
{
    const char *first = strchr(text, '/');
    const char *second = first == NULL ? NULL : strchr(first + 1, '/');
    if (second == NULL || strchr(second + 1, '/') != NULL || first == text || second == first + 1 ||
        second[1] == '\0') {
        return false;
    }
    *ret_pop = (struct iv_pop){
        .oem = iv_arena_strndup(arena, text, (size_t)(first - text)),
        .mobile_operator = iv_arena_strndup(arena, first + 1, (size_t)(second - first - 1)),
        .model = iv_arena_strdup(arena, second + 1),
    };
    return true;
}

/* --- list ------------------------------------------------------------------------------------ */

/* All records are loaded without their packages, then the variants are chosen: a store has
 * thousands of records at most, and one place decides what a selection means. A store that is not
 * there is listed as an empty one. */
static int run_list(const struct iv_command *command, void *options,
                    const struct iv_strings *arguments, struct iv_arena *arena)
{
    const struct list_arguments *given = options;
    struct iv_error err = {0};
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_record *records = NULL;
    size_t count = 0;
    struct iv_records_wanted wanted = {.has_pop = given->pop != NULL};
    if (arguments->count > 0) {
        return iv_command_usage(command, "takes no argument");
    }
    if (wanted.has_pop && !parse_pop(given->pop, arena, &wanted.pop)) {
        return iv_command_usage(command, "--pop=%s: expected OEM/OPERATOR/MODEL", given->pop);
    }
    if (given->since != NULL && !iv_policy_date(given->since, &wanted.since)) {
        return iv_command_usage(command, "--since=%s: expected a day, YYYY-MM-DD", given->since);
    }
    /* No store is one without submissions. */
    bool is_there = iv_command_store_open(given->store, IV_STORE_READ, arena, &store, &err);
    if (is_there ? !iv_store_list(store, false, arena, &records, &count, &err)
                 : err.code != IV_ERROR_ABSENT) {
        return iv_command_fail_store(&err);
    }
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    if (given->json) {
        iv_records_json(records, count, &wanted, &text);
    } else {
        iv_records_text(records, count, &wanted, iv_command_is_ascii(), &text);
    }
    return iv_command_show(&text, IV_EXIT_PASS);
}

const struct iv_command iv_cmd_cache_list = {
    .name = "cache",
    .verb = "list",
    .synopsis = "",
    .summary = "List the recorded submissions, a line for each variant.",
    .options_size = sizeof(struct list_arguments),
    .groups = list_groups,
    .group_count = IV_COUNT(list_groups),
    .run = run_list,
};

/* --- show ------------------------------------------------------------------------------------ */

/* A variant's history, drawn as an audit of its records draws it: an audit that reads nothing but
 * the store. What cannot be read is reported, and what can is shown all the same. */
static int show_history(const struct list_arguments *given, const struct iv_pop *pop,
                        struct iv_arena *arena)
{
    struct iv_error err = {0};
    const struct iv_scan_arguments plain = {.store = given->store};
    struct iv_scan_options scan_options;
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    if (!iv_command_scan_options(&plain, arena, &scan_options, &err) ||
        !iv_command_store_path(given->store, arena, &scan_options.comparing.store_path, &err)) {
        return iv_command_fail(&err);
    }
    if (!iv_command_store_open(given->store, IV_STORE_READ, arena, &store, &err)) {
        return iv_command_fail_store(&err);
    }
    const struct iv_audit_options audit_of = {
        .scan = &scan_options, .with_store = true, .pop = pop};
    const struct iv_found_list nothing = {0};
    struct iv_audit audit IV_CLEANUP(iv_audit_fini) = {0};
    if (!iv_audit_run(&nothing, &audit_of, arena, &audit, &err)) {
        return iv_command_fail(&err);
    }
    if (audit.variant_count == 0 && !audit.trouble) {
        (void)iv_error_set(&err, IV_ERROR_ABSENT, "the store has no submission of %s/%s/%s",
                           pop->oem, pop->mobile_operator, pop->model);
        return iv_command_fail(&err);
    }
    if (audit.trouble) { /* the store is all that was read, and its trouble the last source */
        (void)iv_error_set(&err, IV_ERROR_STORE, "%s",
                           audit.sources[audit.source_count - 1].reason);
        (void)iv_command_fail(&err);
    }
    struct iv_style_options style = iv_command_style(&given->output);
    iv_audit_write_text(&audit, &style, stdout);
    return iv_command_flush(audit.trouble ? IV_EXIT_TROUBLE : IV_EXIT_PASS);
}

/* A name with @VERSION is one submission, one without is a variant. */
static int run_show(const struct iv_command *command, void *options,
                    const struct iv_strings *arguments, struct iv_arena *arena)
{
    const struct list_arguments *given = options;
    struct iv_error err = {0};
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_record record;
    struct iv_pop pop;
    if (arguments->count != 1) {
        return iv_command_usage(command,
                                "name one ID, OEM/OPERATOR/MODEL@VERSION or OEM/OPERATOR/MODEL");
    }
    if (strchr(arguments->items[0], '@') == NULL && parse_pop(arguments->items[0], arena, &pop)) {
        return show_history(given, &pop, arena);
    }
    if (!iv_command_store_open(given->store, IV_STORE_READ, arena, &store, &err)) {
        return iv_command_fail_store(&err);
    }
    if (!iv_store_find(store, arguments->items[0], arena, &record, &err)) {
        return iv_command_fail(&err);
    }
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_records_show(&record, iv_command_is_ascii(), &text);
    return iv_command_show(&text, IV_EXIT_PASS);
}

const struct iv_command iv_cmd_cache_show = {
    .name = "cache",
    .verb = "show",
    .synopsis = "ID|POP",
    .summary = "Show a recorded submission, or the history of a variant.",
    .details =
        "ID is an id, a unique prefix of one, or OEM/OPERATOR/MODEL@VERSION: the submission\n"
        "is shown with its packages. POP is OEM/OPERATOR/MODEL: its versions are drawn as\n"
        "imgval audit draws them.",
    .options_size = sizeof(struct list_arguments),
    .groups = show_groups,
    .group_count = IV_COUNT(show_groups),
    .complete = IV_COMPLETE_RECORD,
    .run = run_show,
};
