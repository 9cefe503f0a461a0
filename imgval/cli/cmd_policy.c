/*
 * The policy file: finding and reading it for a command that judges; imgval policy check, imgval
 * policy show.
 *
 * Without --policy, .imgval.xml is looked for in the folder that the input lies in, and then in
 * each folder above, up to the root. It is never taken from inside the input: whoever makes a
 * submission would choose what it is judged by. For the same reason a file of another user does not
 * count, as a folder above may be one that all can write to. All inputs of a run have one policy;
 * where they would have different ones the user must choose.
 */
#include "imgval/cli/command.h"

#include "imgval/base/clock.h"
#include "imgval/base/file.h"
#include "imgval/base/look.h"
#include "imgval/base/program.h"
#include "imgval/base/text.h"
#include "imgval/engine/policy_read.h"
#include "imgval/input/archive.h"
#include "imgval/report/show/policy_show.h"
#include "rules/rules.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define POLICY_NAME ".imgval.xml"
#define LEVELS_MAX 256 /* folders above an input that are looked into */

/* --- reading --------------------------------------------------------------------------------- */

/* For IV_CLEANUP; reading lost nothing that a failing close could tell. */
static void close_stream(FILE **stream)
{
    if (*stream != NULL) {
        (void)fclose(*stream);
    }
}

/* Any file that can be read to its end, a pipe too. */
static bool read_bytes(const char *path, struct iv_buf *buf, struct iv_error *err)
{
    FILE *stream IV_CLEANUP(close_stream) = iv_file_open_stream(path);
    char chunk[4096];
    size_t got = stream == NULL ? 0 : 1;
    while (got > 0 && buf->size <= IV_POLICY_SIZE_MAX) {
        got = fread(chunk, 1, sizeof(chunk), stream);
        iv_buf_add(buf, chunk, got);
    }
    if (stream == NULL || ferror(stream)) {
        const bool is_trouble =
            errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == EIO;
        iv_error_errno(err, "%s", path);
        /* An option names it, or the user put it there: what it is, is theirs; what the machine
         * lacks is not. */
        err->code = is_trouble ? err->code : IV_ERROR_USAGE;
        return false;
    }
    return true;
}

/* Text of the file, escaped, on standard error. */
static void print_error_line(const char *text)
{
    struct iv_buf line IV_CLEANUP(iv_buf_fini) = {0};
    iv_text_escape(&line, text, 0, iv_command_is_ascii());
    fprintf(stderr, "imgval: %s\n", iv_buf_text(&line));
}

/* Each error of the file with its line, on standard error, in the form that editors jump to. */
static void print_errors(const char *path, const struct iv_policy_errors *errors,
                         struct iv_arena *arena)
{
    for (size_t i = 0; i < errors->count; i++) {
        const struct iv_policy_error *error = &errors->items[i];
        print_error_line(error->line == 0 ? iv_arena_printf(arena, "%s: %s", path, error->text)
                                          : iv_arena_printf(arena, "%s:%" PRIu64 ": %s", path,
                                                            error->line, error->text));
    }
}

/* Reads a policy file and reports all that is wrong with it. Returns an exit status. */
static int load(const char *path, struct iv_arena *arena, struct iv_policy *ret_policy)
{
    struct iv_buf bytes IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_error err = {0};
    struct iv_policy_errors errors = {0};
    struct iv_rules families[IV_RULE_FAMILIES];
    iv_rules_all(families);
    if (!read_bytes(path, &bytes, &err)) {
        return iv_command_fail(&err);
    }
    const struct iv_policy_source source = {.bytes = iv_buf_text(&bytes),
                                            .size = bytes.size,
                                            .path = iv_arena_strdup(arena, path),
                                            .families = families,
                                            .family_count = IV_RULE_FAMILIES};
    if (!iv_policy_read(&source, arena, ret_policy, &errors)) {
        print_errors(path, &errors, arena);
        return IV_EXIT_USAGE;
    }
    return IV_EXIT_PASS;
}

/* --- finding --------------------------------------------------------------------------------- */

/* The folder above a path, as text: "a/b" -> "a", "a" -> ".", "." -> "./..",
 * "/" -> "/". Text and not
 * realpath(): messages name the policy as the user would, and a link is followed by looking. */
static const char *folder_above(const char *path, struct iv_arena *arena)
{
    size_t root = iv_program_path_root(path);
    size_t length = strlen(path);
    if (root > 0 && length <= root) {
        return path;
    }
    while (length > root && path[length - 1] == '/') {
        length--;
    }
    size_t start = length;
    while (start > root && path[start - 1] != '/') {
        start--;
    }
    const char *last = path + start;
    size_t last_length = length - start;
    if ((last_length == 1 && last[0] == '.') || (last_length == 2 && memcmp(last, "..", 2) == 0)) {
        return iv_arena_printf(arena, "%.*s/..", (int)length, path);
    }
    while (start > root && path[start - 1] == '/') {
        start--;
    }
    return start == 0 ? "." : iv_arena_strndup(arena, path, start);
}

/* The path of the policy file in a folder. */
static const char *policy_in(const char *folder, struct iv_arena *arena)
{
    if (strcmp(folder, ".") == 0) {
        return POLICY_NAME;
    }
    size_t length = strlen(folder);
    return iv_arena_printf(arena, "%s%s" POLICY_NAME, folder,
                           length > 0 && folder[length - 1] == '/' ? "" : "/");
}

/* Whether a file that nobody named may decide: the user's own, the system's, or that of whom the
 * input belongs to. A folder above may be open to all, as /tmp is. */
static bool is_trusted(const struct iv_status *policy, const struct iv_status *input)
{
    return iv_status_is_ours(policy) || policy->owner == input->owner;
}

/* Whether a policy of this name stands there. One that cannot be read, as a link to nowhere or a
 * folder, does too: reading it fails then, and nobody takes the input for judged by it. */
static enum iv_look look_for_policy(const char *path, struct iv_status *ret_st)
{
    struct iv_status target;
    enum iv_look look = iv_look_at_link(path, ret_st);
    if (look != IV_LOOK_FOUND || iv_look_at(path, &target) != IV_LOOK_FOUND) {
        return look;
    }
    *ret_st = target;
    return target.type == IV_FILE_REGULAR || target.type == IV_FILE_DIRECTORY ? IV_LOOK_FOUND
                                                                              : IV_LOOK_ABSENT;
}

/* The policy file of `folder` or the nearest folder above that has one; NULL: there is none. The
 * walk ends where a folder is its own parent. Trouble on the way is an error and no "none": a
 * policy may stand there, and judging without it would be another judgement. */
static bool find_upward(const char *folder, const struct iv_status *input, struct iv_arena *arena,
                        const char **ret_path, struct iv_error *err)
{
    *ret_path = NULL;
    for (unsigned level = 0; level < LEVELS_MAX; level++) {
        const char *path = policy_in(folder, arena);
        struct iv_status found;
        struct iv_status here;
        struct iv_status above;
        enum iv_look look = look_for_policy(path, &found);
        if (look == IV_LOOK_TROUBLE) {
            return iv_error_errno(err, "looking for a policy: %s", path);
        }
        if (look == IV_LOOK_FOUND) {
            if (is_trusted(&found, input)) {
                *ret_path = path;
                return true;
            }
            print_error_line(iv_arena_printf(
                arena, "%s belongs to another user and is not used; --policy=%s uses it", path,
                path));
        }
        const char *next = folder_above(folder, arena);
        if (iv_look_at(folder, &here) != IV_LOOK_FOUND ||
            iv_look_at(next, &above) != IV_LOOK_FOUND) {
            return iv_error_errno(err, "looking for a policy above %s", folder);
        }
        if (iv_status_is_same(&here, &above)) {
            return true;
        }
        folder = next;
    }
    return true;
}

/*
 * The policy of an input is looked for beside and above it, never inside: what is judged does not
 * choose by what. NULL: there is none.
 */
static bool find_for_input(const char *input, bool quiet, struct iv_arena *arena,
                           const char **ret_path, struct iv_error *err)
{
    struct iv_status st;
    struct iv_status inside;
    *ret_path = NULL;
    switch (iv_look_at(input, &st)) {
    case IV_LOOK_FOUND:
        break;
    case IV_LOOK_ABSENT:
        return true; /* the scan says so */
    case IV_LOOK_TROUBLE:
        return iv_archive_error_open(err, input);
    }
    const char *own = policy_in(input, arena);
    if (!quiet && st.type == IV_FILE_DIRECTORY && iv_look_at(own, &inside) == IV_LOOK_FOUND) {
        print_error_line(iv_arena_printf(
            arena, "%s is part of the submission and is not used; --policy=%s uses it", own, own));
    }
    return find_upward(folder_above(input, arena), &st, arena, ret_path, err);
}

/* Inputs in different folders may lead to one policy file by different names; two inputs without
 * any agree too. */
static bool is_one_file(const char *a, const char *b)
{
    struct iv_status x;
    struct iv_status y;
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return strcmp(a, b) == 0 || (iv_look_at(a, &x) == IV_LOOK_FOUND &&
                                 iv_look_at(b, &y) == IV_LOOK_FOUND && iv_status_is_same(&x, &y));
}

/* The one policy of all inputs: a report has one, so inputs that would be judged by different ones
 * are refused. --policy=none is a choice like another. */
static bool find_policy(const struct iv_scan_arguments *given, const struct iv_strings *paths,
                        struct iv_arena *arena, const char **ret_path, struct iv_error *err)
{
    *ret_path = NULL;
    if (given->policy != NULL) {
        if (given->policy[0] == '\0') {
            return iv_error_set(err, IV_ERROR_USAGE, "--policy= needs the name of a file, or none");
        }
        *ret_path = strcmp(given->policy, "none") == 0 ? NULL : given->policy;
        return true;
    }
    const char *first = NULL;
    for (size_t i = 0; i < paths->count; i++) {
        const char *path;
        if (!iv_look_is_there(paths->items[i])) {
            continue; /* the name of a recorded submission lies nowhere */
        }
        if (!find_for_input(paths->items[i], given->output.quiet > 0, arena, &path, err)) {
            return false;
        }
        if (first != NULL && !is_one_file(path, *ret_path)) {
            return iv_error_set(err, IV_ERROR_USAGE,
                                "%s is under the policy %s, %s under %s; name one with "
                                "--policy=FILE, or judge them apart",
                                first, *ret_path == NULL ? "none" : *ret_path, paths->items[i],
                                path == NULL ? "none" : path);
        }
        first = first == NULL ? paths->items[i] : first;
        *ret_path = path;
    }
    return true;
}

/* The day in UTC that waivers are judged by: --date, else the clock. Not SOURCE_DATE_EPOCH: a build
 * that is made again as of an old day must not bring expired waivers back. */
static bool take_date(const char *given, int *ret_date, struct iv_error *err)
{
    if (given != NULL) {
        return iv_policy_date(given, ret_date) ||
               iv_error_set(err, IV_ERROR_USAGE, "--date=%s: expected YYYY-MM-DD", given);
    }
    struct iv_date day;
    if (!iv_clock_date((int64_t)time(NULL), &day)) {
        return iv_error_set(err, IV_ERROR_SYSTEM, "the clock has no date");
    }
    *ret_date = iv_clock_day_number(&day);
    return true;
}

int iv_command_policy(const struct iv_scan_arguments *given, const struct iv_strings *paths,
                      struct iv_arena *arena, struct iv_scan_options *options)
{
    struct iv_error err = {0};
    const char *path;
    if (!take_date(given->date, &options->judging.date, &err) ||
        !find_policy(given, paths, arena, &path, &err)) {
        return iv_command_fail(&err);
    }
    if (path == NULL) {
        return IV_EXIT_PASS;
    }
    struct iv_policy *policy = IV_NEW(arena, struct iv_policy);
    int status = load(path, arena, policy);
    if (status == IV_EXIT_PASS) {
        options->judging.policy = policy;
        struct iv_circumstances *run = &options->run;
        run->require_baseline =
            !run->no_wspc && (run->require_baseline || policy->require_baseline_line != 0);
        run->growth = policy->growth_line == 0 ? NULL : &policy->growth;
        iv_policy_limits(policy, &options->reading.limits);
    }
    return status;
}

/* --- policy check ---------------------------------------------------------------------------- */

/* The same reading as a scan does, and nothing else. */
static int run_check(const struct iv_command *command, void *options,
                     const struct iv_strings *arguments, struct iv_arena *arena)
{
    (void)options;
    struct iv_policy policy = {0};
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    if (arguments->count != 1) {
        return iv_command_usage(command, "name one FILE");
    }
    int status = load(arguments->items[0], arena, &policy);
    if (status != IV_EXIT_PASS) {
        return status;
    }
    iv_text_escape(&text, arguments->items[0], 0, iv_command_is_ascii());
    iv_buf_printf(&text, ": fine (severities: %zu, limits: %zu, rules: %zu, waivers: %zu)\n",
                  policy.severity_count, policy.limit_count, policy.rule_count,
                  policy.waiver_count);
    return iv_command_print(&text, IV_EXIT_PASS);
}

static const struct iv_option_group no_options = {.count = 0};
static const struct iv_option_group *const check_groups[] = {&no_options};

/* No options; the parser wants a struct to write to. */
struct check_arguments {
    int nothing;
};

const struct iv_command iv_cmd_policy_check = {
    .name = "policy",
    .verb = "check",
    .synopsis = "FILE",
    .summary = "Check a policy file.",
    .details = "Every error is reported with its line. Exit status: 0; 2 when the file is wrong.",
    .options_size = sizeof(struct check_arguments),
    .groups = check_groups,
    .group_count = 0,
    .complete = IV_COMPLETE_FILE,
    .run = run_check,
};

/* --- policy show ----------------------------------------------------------------------------- */

static const char *const show_formats[] = {"text", "json", NULL};

static const struct iv_option show_options[] = {
    {.name = "format",
     .argument = "text|json",
     .type = IV_OPTION_WORD,
     .offset = offsetof(struct iv_scan_arguments, output.format),
     .words = show_formats,
     .help = "of standard output; default text"},
};
static const struct iv_option_group show_group = {.options = show_options,
                                                  .count = IV_COUNT(show_options)};
static const struct iv_option_group *const show_groups[] = {&show_group, &iv_group_policy};

/* The policy is found as a scan of the same inputs would find it. */
static int run_show(const struct iv_command *command, void *options,
                    const struct iv_strings *arguments, struct iv_arena *arena)
{
    struct iv_scan_arguments *given = options;
    struct iv_scan_options scan = {.reading = {.limits = iv_limits_default()}};
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_status st;
    if (arguments->count > 1) {
        return iv_command_usage(command, "name one PATH, or none");
    }
    struct iv_error err = {0};
    if (arguments->count == 1 && given->policy == NULL &&
        iv_look_at(arguments->items[0], &st) == IV_LOOK_ABSENT) {
        iv_error_set(&err, IV_ERROR_NO_INPUT, "%s: no such path", arguments->items[0]);
        return iv_command_fail(&err);
    }
    if (arguments->count == 0 && given->policy == NULL && iv_look_at(".", &st) == IV_LOOK_FOUND) {
        const char *found;
        if (!find_upward(".", &st, arena, &found, &err)) {
            return iv_command_fail(&err);
        }
        given->policy = found == NULL ? "none" : found;
    }
    int status = iv_command_policy(given, arguments, arena, &scan);
    if (status != IV_EXIT_PASS) {
        return status;
    }
    const struct iv_policy *policy = scan.judging.policy;
    struct iv_rules families[IV_RULE_FAMILIES];
    iv_rules_all(families);
    const struct iv_policy_view show = {.policy = policy,
                                        .path = policy == NULL ? NULL : policy->path,
                                        .date = scan.judging.date,
                                        .families = families,
                                        .family_count = IV_RULE_FAMILIES,
                                        .arena = arena,
                                        .ascii = iv_command_is_ascii()};
    (given->output.format == 1 ? iv_policy_json : iv_policy_text)(&show, &text);
    return iv_command_show(&text, IV_EXIT_PASS);
}

const struct iv_command iv_cmd_policy_show = {
    .name = "policy",
    .verb = "show",
    .synopsis = "[PATH]",
    .summary = "Show the settings in force for PATH and where each came from.",
    .details = "Without PATH: for inputs that lie in the current directory.",
    .options_size = sizeof(struct iv_scan_arguments),
    .groups = show_groups,
    .group_count = IV_COUNT(show_groups),
    .complete = IV_COMPLETE_FILE,
    .run = run_show,
};
