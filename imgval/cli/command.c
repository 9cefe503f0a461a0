/*
 * What all commands share: the groups of options that several of them have, the way from parsed
 * arguments to scan options, how output looks, and how errors become messages and exit statuses.
 * (The baseline store: command_store.c; several inputs and shards: command_shard.c.)
 *
 * The flow of a command: options.c parses the line by the tables below into struct
 * iv_scan_arguments (or a struct of the command's own that begins with one);
 * iv_command_scan_options() checks what goes together and adds what only the environment knows;
 * iv_command_policy() (cmd_policy.c) adds the policy; the command calls scan/ or history/ and hands
 * the outcome back here to be written.
 *
 * Environment, terminal and clock are asked in this folder and not below it, so that equal options
 * and input give equal bytes.
 */
#include "imgval/cli/command.h"

#include "imgval/base/file.h"
#include "imgval/base/look.h"
#include "imgval/base/program.h"
#include "imgval/base/signature.h"
#include "imgval/base/terminal.h"
#include "imgval/base/text.h"
#include "imgval/report/write/fit.h"
#include "imgval/version.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- tables ---------------------------------------------------------------------------------- */

/* The formats that can print something, as words of an option: one row of the table of sinks is all
 * that a new format needs to be accepted, completed and documented. */
static const char *format_word(enum iv_printed what, size_t i, const char **ret_help)
{
    const struct iv_sink *sink = iv_sink_at(what, i);
    *ret_help = sink == NULL ? NULL : sink->summary;
    return sink == NULL ? NULL : sink->name;
}

/* The words of --format, by what a command prints: they are the sinks that have a slot for it, so a
 * format is added in report/ and appears here by itself. */
const char *iv_words_report(size_t i, const char **ret_help)
{
    return format_word(IV_PRINTED_REPORT, i, ret_help);
}

const char *iv_words_diff(size_t i, const char **ret_help)
{
    return format_word(IV_PRINTED_DIFF, i, ret_help);
}

const char *iv_words_request(size_t i, const char **ret_help)
{
    return format_word(IV_PRINTED_REQUEST, i, ret_help);
}

const char *iv_words_audit(size_t i, const char **ret_help)
{
    return format_word(IV_PRINTED_AUDIT, i, ret_help);
}

static const char *const type_words[] = {"image", "partial", NULL};
const char *const iv_when_words[] = {"auto", "always", "never", NULL};
static const char *const fail_on_words[] = {"error", "warning", "note", NULL};
static const enum iv_severity fail_on_severities[] = {IV_ERROR, IV_WARNING, IV_NOTE};

/* The rows write an int where a word is asked for, straight into these enums. */
static_assert(sizeof(enum iv_submission_type) == sizeof(int), "enum size");
static_assert(sizeof(enum iv_expected) == sizeof(int), "enum size");

/* The tables. A group is what --help shows under one heading and what commands take or leave as a
 * whole; the order of a command's groups is in its own file. */
#define AT(member) offsetof(struct iv_scan_arguments, member)

/* What the submission is taken for, and the files that belong to it though they lie elsewhere. */
static const struct iv_option input_options[] = {
    {.name = "type",
     .argument = "image|partial",
     .type = IV_OPTION_WORD,
     .offset = AT(options.reading.type),
     .given_offset = AT(options.reading.type_given),
     .words = type_words,
     .help = "what is submitted: a full image (default) or a partial one"},
    {.name = "context-free",
     .type = IV_OPTION_FLAG,
     .offset = AT(options.reading.context_free),
     .help = "with --type=partial: no history, no comparison, package rules only"},
    {.name = "baseline",
     .type = IV_OPTION_FLAG,
     .offset = AT(options.run.baseline),
     .help = "judge as a baseline submission: WSPC failures are errors"},
    IV_ROW_HISTORY(AT(options.reading.update_history)),
    IV_ROW_OEM_INPUT(AT(options.reading.oem_input)),
};
const struct iv_option_group iv_group_input = {
    .title = "Input", .options = input_options, .count = IV_COUNT(input_options)};

/* Values of the device given by hand: they win over every source, and make the cross product of
 * variants where they repeat. */
static const struct iv_option device_options[] = {
    IV_ROW_DEVICE_INFO(AT(options.reading.device_info)),
    {.name = "manufacturer",
     .argument = "NAME",
     .type = IV_OPTION_STRING,
     .offset = AT(options.reading.manufacturer),
     .once = true,
     .help = "PhoneManufacturer; wins over all other sources"},
    {.name = "model",
     .argument = "NAME",
     .type = IV_OPTION_LIST,
     .offset = AT(options.reading.models),
     .help = "PhoneManufacturerModelName; may repeat"},
    {.name = "operator",
     .argument = "CODE",
     .type = IV_OPTION_LIST,
     .offset = AT(options.reading.operators),
     .help = "PhoneMobileOperatorName, like 000-88; may repeat"},
    {.name = "firmware-version",
     .argument = "VERSION",
     .type = IV_OPTION_STRING,
     .offset = AT(options.reading.firmware_version),
     .once = true,
     .help = "PhoneFirmwareRevision, like 3012.0.1610.4"},
};
const struct iv_option_group iv_group_device = {
    .title = "Device", .options = device_options, .count = IV_COUNT(device_options)};

/* The store alone, for commands that use it and do not compare as a scan does. */
static const struct iv_option store_options[] = {
    IV_ROW_STORE(AT(store)),
};
const struct iv_option_group iv_group_store = {
    .title = "Baseline store", .options = store_options, .count = IV_COUNT(store_options)};

/* What is compared, and with what; --cache has a group of its own, as commands that compare nothing
 * need the store too. */
static const struct iv_option compare_options[] = {
    {.name = "no-wspc",
     .type = IV_OPTION_FLAG,
     .offset = AT(options.run.no_wspc),
     .help = "skip the comparison with baselines, on purpose"},
    {.name = "against",
     .argument = "PATH|ID",
     .type = IV_OPTION_STRING,
     .offset = AT(options.run.against),
     .once = true,
     .complete = IV_COMPLETE_SUBMISSION,
     .help = "compare with this submission instead of the store's neighbours"},
};
const struct iv_option_group iv_group_compare = {
    .title = "Comparison", .options = compare_options, .count = IV_COUNT(compare_options)};

/* What the baselines must be for a comparison with them to count. */
static const struct iv_option baseline_options[] = {
    IV_ROW_ALL_OWNERS(AT(options.run.all_owners)),
    {.name = "require-baseline",
     .type = IV_OPTION_FLAG,
     .offset = AT(options.run.require_baseline),
     .help = "a variant without a recorded baseline makes the verdict incomplete"},
    {.name = "max-cache-age",
     .argument = "DAYS",
     .type = IV_OPTION_NUMBER,
     .offset = AT(options.run.max_list_age),
     .given_offset = AT(options.run.has_max_list_age),
     .help = "warn when the list of a variant's baselines is older"},
};
const struct iv_option_group iv_group_baselines = {
    .title = "Baselines", .options = baseline_options, .count = IV_COUNT(baseline_options)};

/* The only option that moves the line between pass and fail: severities and waivers are the
 * policy's, which has owners and dates. */
static const struct iv_option verdict_options[] = {
    {.name = "fail-on",
     .argument = "error|warning|note",
     .type = IV_OPTION_WORD,
     .offset = AT(fail_on),
     .words = fail_on_words,
     .help = "the least severity that makes the verdict fail; default error"},
};
/* A group of its own: the option must never be taken for one that makes a verdict better. */
static const struct iv_option what_if_options[] = {
    {.name = "what-if",
     .type = IV_OPTION_FLAG,
     .offset = AT(options.judging.what_if),
     .help = "let waivers reach what cannot be waived; the report is marked as no real verdict"},
};
const struct iv_option_group iv_group_what_if = {
    .title = "Trying waivers", .options = what_if_options, .count = IV_COUNT(what_if_options)};

const struct iv_option_group iv_group_verdict = {
    .title = "Verdict", .options = verdict_options, .count = IV_COUNT(verdict_options)};

/* Only how things are said: none of these changes what is found. */
static const struct iv_option output_options[] = {
    IV_ROW_FORMAT(AT(output.format), iv_words_report),
    IV_ROW_REPORT(AT(reports), iv_words_report),
    {.name = "rules-url",
     .argument = "URL",
     .type = IV_OPTION_STRING,
     .offset = AT(output.rules_url),
     .help = "where your site has rules.html: sarif links its rules there"},
    IV_ROW_COLOR(AT(output.color)),
    {.name = "progress",
     .argument = "auto|always|never",
     .type = IV_OPTION_WORD,
     .offset = AT(output.progress),
     .words = iv_when_words,
     .help = "how far the reading is, on standard error; auto: on a terminal, after a second"},
    {.name = "quiet",
     .letter = 'q',
     .type = IV_OPTION_COUNT,
     .offset = AT(output.quiet),
     .help = "the verdict and what needs fixing, nothing else"},
    {.name = "verbose",
     .letter = 'v',
     .type = IV_OPTION_COUNT,
     .offset = AT(output.verbose),
     .help = "every finding and package, and what every entry of the input counts as"},
};
const struct iv_option_group iv_group_output = {
    .title = "Output", .options = output_options, .count = IV_COUNT(output_options)};

/* How the bytes are read. None of these changes a verdict from fail to pass: what is not checked is
 * reported as such. */
static const struct iv_option reading_options[] = {
    {.name = "jobs",
     .letter = 'j',
     .argument = "N",
     .type = IV_OPTION_NUMBER,
     .offset = AT(jobs),
     .given_offset = AT(jobs_given),
     .help =
         "reader processes; default one more than there are processors; 0 reads in this process, "
         "without containment"},
    {.name = "no-hash",
     .type = IV_OPTION_FLAG,
     .offset = AT(options.reading.no_hash),
     .help = "do not check the hashes of images; the report says so"},
    {.name = "require-sandbox",
     .type = IV_OPTION_FLAG,
     .offset = AT(options.reading.require_sandbox),
     .help = "exit 4 where reader processes cannot be confined"},
#ifdef IMGVAL_READER_FAULTS
    {.name = "reader-fault",
     .argument = "KIND:N",
     .type = IV_OPTION_STRING,
     .offset = AT(sabotage),
     .hidden = true,
     .help = "for tests: crash, hang, nonsense, exit, huge or forge at file N (from 0)"},
    {.name = "readers-by-exec",
     .type = IV_OPTION_FLAG,
     .offset = AT(options.reading.by_exec),
     .hidden = true,
     .help = "for tests: readers begin as they do where no process can be forked"},
#endif
};
const struct iv_option_group iv_group_reading = {
    .title = "Reading", .options = reading_options, .count = IV_COUNT(reading_options)};

/* In the order of the enum, as the row writes the place of the word. */
static const char *const expected_words[] = {
    [IV_EXPECTED_ANY] = "any",
    [IV_EXPECTED_RETAIL] = "retail",
    [IV_EXPECTED_TEST] = "test",
    NULL,
};

/* --verify and what it goes by: who must have signed, and whose roots are trusted. */
static const struct iv_option verify_options[] = {
    {.name = "verify",
     .type = IV_OPTION_FLAG,
     .offset = AT(options.reading.verify),
     .help = "read every package whole: files against catalog and manifests, signatures"},
    {.name = "expect-signature",
     .argument = "retail|test|any",
     .type = IV_OPTION_WORD,
     .offset = AT(options.run.expected),
     .given_offset = AT(expected_given),
     .words = expected_words,
     .help = "with --verify: a package that is signed otherwise is an error; default any"},
    {.name = "trust",
     .argument = "FILE",
     .type = IV_OPTION_STRING,
     .offset = AT(trust),
     .complete = IV_COMPLETE_FILE,
     .help = "with --verify: certificates (PEM or DER) of further roots, as good as retail"},
};
const struct iv_option_group iv_group_verify = {
    .title = "Verifying", .options = verify_options, .count = IV_COUNT(verify_options)};

/* Which policy: a file, none, or the one that is found beside the submission. */
static const struct iv_option policy_options[] = {
    {.name = "policy",
     .argument = "FILE",
     .type = IV_OPTION_STRING,
     .offset = AT(policy),
     .complete = IV_COMPLETE_FILE,
     .help = "site rules, severities, limits and waivers; else .imgval.xml above; or none"},
    {.name = "date",
     .argument = "YYYY-MM-DD",
     .type = IV_OPTION_STRING,
     .offset = AT(date),
     .help = "the day by which waivers expire; default today, in UTC"},
};
const struct iv_option_group iv_group_policy = {
    .title = "Policy", .options = policy_options, .count = IV_COUNT(policy_options)};

/* --- from arguments to scan options ---------------------------------------------------------- */

#ifdef IMGVAL_READER_FAULTS
/* KIND:N of the tests: at which file a reader misbehaves, and how. */
static bool set_sabotage(const char *text, struct iv_scan_sabotage *ret_sabotage,
                         struct iv_error *err)
{
    static const char *const kinds[] = {
        [IV_SABOTAGE_NONE] = "none",   [IV_SABOTAGE_CRASH] = "crash",
        [IV_SABOTAGE_HANG] = "hang",   [IV_SABOTAGE_NONSENSE] = "nonsense",
        [IV_SABOTAGE_EXIT] = "exit",   [IV_SABOTAGE_HUGE] = "huge",
        [IV_SABOTAGE_FORGE] = "forge",
    };
    const char *colon = strchr(text, ':');
    uint64_t slot = 0;
    for (size_t i = 0; colon != NULL && i < IV_COUNT(kinds); i++) {
        if (strlen(kinds[i]) == (size_t)(colon - text) &&
            memcmp(kinds[i], text, (size_t)(colon - text)) == 0 &&
            iv_parse_decimal(colon + 1, strlen(colon + 1), UINT32_MAX, &slot)) {
            *ret_sabotage =
                (struct iv_scan_sabotage){.kind = (enum iv_sabotage)i, .slot = (size_t)slot};
            return true;
        }
    }
    return iv_error_set(err, IV_ERROR_USAGE, "--reader-fault: expected KIND:N");
}
#endif

/* A CI system says so in CI: set, not empty, not 0, not false. It decides between WSPC006 and
 * WSPC007 and nothing else. */
static bool environment_is_ci(void)
{
    const char *ci = getenv("CI");
    return ci != NULL && ci[0] != '\0' && strcmp(ci, "0") != 0 && !iv_ascii_ieq(ci, "false");
}

/* Options that do not go together. Each is refused with the reason, as ignoring one would judge
 * something else than was asked for. */
static bool check_combination(const struct iv_scan_arguments *a, struct iv_error *err)
{
    const struct iv_reading *reading = &a->options.reading;
    const struct iv_circumstances *run = &a->options.run;
    if (reading->context_free && !(reading->type_given && reading->type == IV_PARTIAL)) {
        return iv_error_set(err, IV_ERROR_USAGE, "--context-free goes with --type=partial");
    }
    if (run->baseline && reading->type_given && reading->type == IV_PARTIAL) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "--baseline does not go with --type=partial: a partial submission "
                            "cannot be a baseline");
    }
    if (reading->context_free && run->against != NULL) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "--against does not go with --context-free: a context-free partial is "
                            "not compared");
    }
    if (!reading->verify && (a->trust != NULL || a->expected_given)) {
        return iv_error_set(err, IV_ERROR_USAGE, "%s goes with --verify",
                            a->trust != NULL ? "--trust" : "--expect-signature");
    }
    if (run->no_wspc && run->require_baseline) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "--require-baseline does not go with --no-wspc: nothing is compared");
    }
    if (run->no_wspc && (run->against != NULL || run->baseline)) {
        return iv_error_set(err, IV_ERROR_USAGE, "--no-wspc does not go with %s",
                            run->against != NULL ? "--against" : "--baseline");
    }
    return true;
}

/* The file of --trust, with at least one certificate. It is read here, before there are readers:
 * they may open nothing but what they were given. A file without a certificate is refused, as
 * trusting nothing would look like every signature being wrong. */
static bool read_trust(const char *path, struct iv_arena *arena, const void **ret_bytes,
                       size_t *ret_size, struct iv_error *err)
{
    enum { TRUST_MAX = 1 << 20 };
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_status status;
    int fd IV_CLEANUP(iv_fd_close) = iv_file_open(path, &status);
    if (fd < 0) {
        return iv_error_open(err, path);
    }
    if (!iv_file_read_all(fd, TRUST_MAX, &buf)) {
        return iv_error_set(err, IV_ERROR_USAGE, "%s: %s", path,
                            errno == EFBIG ? "too large for a file of certificates"
                                           : iv_errno_text(errno));
    }
    if (iv_signature_count_trusted(iv_buf_text(&buf), buf.size) == 0) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "%s: --trust needs certificates, as PEM or one as DER", path);
    }
    *ret_bytes = iv_arena_strndup(arena, iv_buf_text(&buf), buf.size);
    *ret_size = buf.size;
    return true;
}

/* Readers run with fewer limits than imgval knows. Printed once for a command, however many inputs
 * it reads; `context` is the flag that says so. */
static void print_unconfined(void *context, const struct iv_containment *c)
{
    bool *is_printed = context;
    const struct iv_sandbox_words words = iv_sandbox_words();
    if (!*is_printed) {
        fprintf(stderr,
                "imgval: warning: reader processes are not confined: this system has no %s%s%s; "
                "--require-sandbox refuses to read without\n",
                c->files ? words.calls : words.files, c->files || c->calls ? "" : " and no ",
                c->files || c->calls ? "" : words.calls);
    }
    *is_printed = true;
}

/* What the rows wrote is taken over; what needs the environment, the clock or a file comes from
 * here. Without a place for the store the scan can go on: it is needed only where a store is used,
 * and the rules report it then. */
bool iv_command_scan_options(const struct iv_scan_arguments *arguments, struct iv_arena *arena,
                             struct iv_scan_options *ret_options, struct iv_error *err)
{
    if (!check_combination(arguments, err)) {
        return false;
    }
    struct iv_scan_options options = arguments->options;
    struct iv_reading *reading = &options.reading;
    /* A baseline is an image, so a single file is judged as one. */
    reading->type_given = reading->type_given || options.run.baseline;
    reading->jobs = arguments->jobs_given ? (unsigned)arguments->jobs : iv_workers_default_jobs();
    reading->limits = iv_limits_default();
    reading->unconfined = print_unconfined;
    reading->unconfined_context = IV_NEW(arena, bool);
    options.comparing.now = (int64_t)time(NULL);
    options.judging.fail_on = fail_on_severities[arguments->fail_on];
    options.run.tool_version = IMGVAL_VERSION;
    options.run.in_ci = environment_is_ci();
    if (arguments->trust != NULL &&
        !read_trust(arguments->trust, arena, &reading->trust, &reading->trust_size, err)) {
        return false;
    }
    if (reading->jobs == 0 && reading->require_sandbox) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "--require-sandbox does not go with --jobs=0, which reads in this "
                            "process");
    }
    if (reading->jobs > 512) {
        return iv_error_set(err, IV_ERROR_USAGE, "--jobs=%u: at most 512", reading->jobs);
    }
#ifdef IMGVAL_READER_FAULTS
    if (arguments->sabotage != NULL &&
        !set_sabotage(arguments->sabotage, &reading->sabotage, err)) {
        return false;
    }
    if (reading->sabotage.kind == IV_SABOTAGE_HANG) {
        reading->limits.reader_seconds = 1;
    }
#endif
    struct iv_error no_place;
    if (!iv_command_store_path(arguments->store, arena, &options.comparing.store_path, &no_place)) {
        if (arguments->store != NULL) {
            *err = no_place;
            return false;
        }
        options.comparing.store_path = NULL; /* needed only where a store is used */
        options.run.no_place = "HOME is not set";
    }
    *ret_options = options;
    return true;
}

/* A remedy is a command to be pasted; it must judge as this run did, so options that decide what is
 * judged are repeated, and options of output are not. */
void iv_command_repeat(const struct iv_command *command, const struct iv_scan_arguments *given,
                       struct iv_arena *arena, struct iv_scan_options *options)
{
    static const char *const names[] = {
        "update-history", "oem-input",        "device-info", "manufacturer", "model",
        "operator",       "firmware-version", "all-owners",  NULL,
    };
    /* Where the store is, no report says: equal inputs give equal bytes wherever it lies. */
    options->run.options =
        iv_arena_printf(arena, "%s%s", iv_options_repeat(command, given, names, arena),
                        given->store == NULL ? "" : " --cache=FILE");
}

/* --- output ---------------------------------------------------------------------------------- */

/* Asked once for each output. --color=always wins over NO_COLOR: somebody asked. */
struct iv_style_options iv_command_style(const struct iv_output_arguments *output)
{
    const char *no_color = getenv("NO_COLOR");
    /* A pipe is a file for later readers: a fixed width keeps its bytes equal everywhere. */
    unsigned width = iv_terminal_is(IV_STREAM_OUT) ? iv_terminal_width(IV_STREAM_OUT) : 0;
    bool wanted =
        (no_color == NULL || no_color[0] == '\0') && iv_terminal_obeys(IV_STREAM_OUT, false);
    return (struct iv_style_options){
        .color = output->color == IV_WHEN_ALWAYS || (output->color == IV_WHEN_AUTO && wanted),
        .ascii = iv_command_is_ascii(),
        .quiet = output->quiet > 0,
        .verbose = output->verbose,
        .width = width > 0 ? width : 100,
        .rules_url = output->rules_url,
    };
}

/* An absolute URI without a fragment, as far as its characters tell: --rules-url. It goes into
 * SARIF, whose readers append "#ID". */
static bool is_url(const char *text)
{
    const size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    const size_t allowed = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789-._~:/?[]@!$&'()*+,;=%");
    return scheme > 0 && text[scheme] == ':' && text[scheme + 1] != '\0' && text[allowed] == '\0';
}

/* Whether two reports would overwrite each other: one name, or two of one regular file. Two names
 * of a device (/dev/null, a pipe) are no mistake. */
static bool is_same_file(const char *a, const char *b)
{
    struct iv_status x;
    struct iv_status y;
    if (iv_look_at(a, &x) == IV_LOOK_FOUND && iv_look_at(b, &y) == IV_LOOK_FOUND) {
        return x.type == IV_FILE_REGULAR && iv_status_is_same(&x, &y);
    }
    return strcmp(a, b) == 0;
}

/* Whether a path names an existing file that is called like what a submission is made of.
 * `--report=json:X.ffu` is what a slip in a loop makes of two lists, and would destroy what cannot
 * be had again. */
static bool is_firmware(const char *path)
{
    static const char *const endings[] = {
        "man.dsm.xml",  "update.mum", "UpdateHistory.xml",
        "OEMInput.xml", ".reg",       ".rga",
        ".ffu",         ".vhd",       ".wim",
        ".zip",         ".tar",
    };
    const char *slash = strrchr(path, '/');
    bool named = iv_package_is_file_name(slash == NULL ? path : slash + 1);
    for (size_t i = 0; i < IV_COUNT(endings) && !named; i++) {
        named = iv_ascii_isuffix(path, endings[i]);
    }
    return named && iv_look_is_there(path);
}

/* FORMAT:FILE, with the formats that print `what`. The first colon parts them: a file may have
 * more. */
static bool parse_report(const char *text, enum iv_printed what, struct iv_arena *arena,
                         struct iv_further_report *ret_report, struct iv_error *err)
{
    const char *colon = strchr(text, ':');
    if (colon == NULL || colon[1] == '\0') {
        return iv_error_set(err, IV_ERROR_USAGE, "--report=%s: expected FORMAT:FILE", text);
    }
    const char *name = iv_arena_strndup(arena, text, (size_t)(colon - text));
    const struct iv_further_report report = {.sink = iv_sink_find(what, name), .path = colon + 1};
    if (report.sink == NULL) {
        struct iv_buf words IV_CLEANUP(iv_buf_fini) = {0};
        const struct iv_sink *sink;
        for (size_t i = 0; (sink = iv_sink_at(what, i)) != NULL; i++) {
            iv_buf_printf(&words, "%s%s", i == 0 ? "" : "|", sink->name);
        }
        return iv_error_set(err, IV_ERROR_USAGE, "--report=%s: unknown format %s; expected %s",
                            text, name, iv_buf_text(&words));
    }
    if (strcmp(report.path, "-") == 0) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "--report=%s: standard output is for --format=%s; name a file, "
                            "say ./-, for a further report",
                            text, name);
    }
    if (is_firmware(report.path)) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "--report=%s: %s exists and is named like firmware, which is never "
                            "written over; name another file",
                            text, report.path);
    }
    *ret_report = report;
    return true;
}

bool iv_command_reports(const struct iv_strings *given, enum iv_printed what,
                        struct iv_arena *arena, struct iv_further_report **ret_reports,
                        struct iv_error *err)
{
    struct iv_further_report *reports = IV_NEW_ARRAY(arena, struct iv_further_report, given->count);
    for (size_t i = 0; i < given->count; i++) {
        if (!parse_report(given->items[i], what, arena, &reports[i], err)) {
            return false;
        }
        for (size_t k = 0; k < i; k++) {
            if (is_same_file(reports[k].path, reports[i].path)) {
                return iv_error_set(err, IV_ERROR_USAGE,
                                    "--report=%s: that file is for --report=%s already",
                                    given->items[i], given->items[k]);
            }
        }
    }
    *ret_reports = reports;
    return true;
}

/* Before the scan: a report without links after an hour of reading would be too late. */
bool iv_command_rules_url(const char *url, struct iv_error *err)
{
    if (url != NULL && !is_url(url)) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "--rules-url=%s: expected a whole URL, without a fragment", url);
    }
    return true;
}

/* Standard output first, then the further reports. Those are files for others: no colours, a fixed
 * width. Trouble with one of them is the exit status of the command, whatever the verdict is. */
int iv_command_write_reports(const struct iv_report *report,
                             const struct iv_scan_arguments *arguments,
                             const struct iv_further_report *further, int status)
{
    struct iv_error err = {0};
    struct iv_style_options style = iv_command_style(&arguments->output);
    iv_sink_at(IV_PRINTED_REPORT, (size_t)arguments->output.format)->write(report, &style, stdout);
    status = iv_command_flush(status);
    for (size_t i = 0; i < arguments->reports.count; i++) {
        struct iv_style_options plain = {
            .ascii = style.ascii, .width = 100, .rules_url = style.rules_url};
        if (!iv_report_save(report, further[i].sink, &plain, further[i].path, &err)) {
            status = iv_command_fail(&err);
        }
    }
    return status;
}

bool iv_command_is_ascii(void)
{
    /* language_TERRITORY.CODESET@modifier. Not setlocale(): where memory is short, or the locale's
     * files are not there, it falls back to ASCII without a word. */
    const char *codeset = strchr(iv_program_locale(), '.');
    if (codeset == NULL) {
        return true;
    }
    codeset++;
    size_t size = strcspn(codeset, "@");
    return !(size == strlen("UTF-8") && iv_ascii_iprefix(codeset, "UTF-8")) &&
           !(size == strlen("UTF8") && iv_ascii_iprefix(codeset, "UTF8"));
}

/* The one place where an error becomes a line and a status. What the user wrote is a usage error;
 * what could not be decided, as not all was read, is incomplete; what the machine or the store
 * lacks is trouble, and may be tried again. */
int iv_command_fail(const struct iv_error *err)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    /* Errors hold names as they are; here and in iv_command_usage() they reach a terminal. */
    iv_text_escape(&text, err->text, 0, iv_command_is_ascii());
    fprintf(stderr, "imgval: %s\n", iv_buf_text(&text));
    switch (err->code) {
    case IV_ERROR_USAGE:
    case IV_ERROR_NO_INPUT:
    case IV_ERROR_INVALID:
    case IV_ERROR_ABSENT:
        return IV_EXIT_USAGE;
    case IV_ERROR_HALF_READ:
        return IV_EXIT_INCOMPLETE;
    case IV_ERROR_REFUSED:
        return IV_EXIT_FAIL;
    case IV_ERROR_NONE:
    case IV_ERROR_SYSTEM:
    case IV_ERROR_STORE:
    case IV_ERROR_NEWER:
    case IV_ERROR_AGAIN:
        return IV_EXIT_TROUBLE;
    }
    return IV_EXIT_TROUBLE;
}

/* The name was found without the user's help, or the file is gone: neither is a mistake in the
 * command line. */
int iv_command_fail_store(const struct iv_error *err)
{
    int status = iv_command_fail(err);
    return err->code == IV_ERROR_ABSENT ? IV_EXIT_TROUBLE : status;
}

int iv_command_usage(const struct iv_command *command, const char *fmt, ...)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    va_list args;
    va_start(args, fmt);
    iv_buf_vprintf(&text, fmt, args);
    va_end(args);
    struct iv_buf shown IV_CLEANUP(iv_buf_fini) = {0};
    iv_text_escape(&shown, iv_buf_text(&text), 0, iv_command_is_ascii());
    fprintf(stderr, "imgval %s%s%s: %s\nTry: imgval %s%s%s --help\n", command->name,
            command->verb == NULL ? "" : " ", command->verb == NULL ? "" : command->verb,
            iv_buf_text(&shown), command->name, command->verb == NULL ? "" : " ",
            command->verb == NULL ? "" : command->verb);
    return IV_EXIT_USAGE;
}

/* A full disk or a closed pipe shows here at the latest: a report that was cut off must not end in
 * status 0. */
int iv_command_flush(int status)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        struct iv_error err;
        iv_error_errno(&err, "standard output");
        return iv_command_fail(&err);
    }
    return status;
}

/* A document begins with { or <; everything else is text for people. */
int iv_command_show(const struct iv_buf *buf, int status)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    bool is_document = buf->size > 0 && (buf->data[0] == '{' || buf->data[0] == '<');
    bool is_screen = iv_terminal_is(IV_STREAM_OUT) && !is_document;
    iv_fit(iv_buf_text(buf), is_screen ? iv_terminal_width(IV_STREAM_OUT) : 0, &text);
    return iv_command_print(&text, status);
}

int iv_command_print(const struct iv_buf *buf, int status)
{
    (void)fwrite(iv_buf_text(buf), 1, buf->size, stdout); /* the stream keeps the error */
    return iv_command_flush(status);
}

/* Why the store could not be used: the exit status says that there was trouble, so standard error
 * names the reason, too. */
static void print_store(const struct iv_report *report)
{
    for (size_t i = 0; i < report->entry_count; i++) {
        const struct iv_submission *s = report->entries[i].submission;
        if (s->store_detail != NULL &&
            (s->store_state == IV_STORE_UNREADABLE || s->store_state == IV_STORE_NEWER)) {
            struct iv_error err;
            iv_error_set(&err, IV_ERROR_STORE, "%s", s->store_detail);
            (void)iv_command_fail(&err);
            return;
        }
    }
}

/* The one place that knows them: scripts go by these numbers. */
int iv_command_verdict(enum iv_final_verdict verdict)
{
    static const int statuses[] = {[IV_VERDICT_PASS] = IV_EXIT_PASS,
                                   [IV_VERDICT_INCOMPLETE] = IV_EXIT_INCOMPLETE,
                                   [IV_VERDICT_FAIL] = IV_EXIT_FAIL};
    return statuses[verdict];
}

/* 4 wins over everything else; a tree without a package was not judged, so it never passes. */
int iv_command_status(const struct iv_scan_outcome *outcome)
{
    if (outcome->store_failed) {
        print_store(&outcome->report);
        return IV_EXIT_TROUBLE;
    }
    const bool is_judged = outcome->report.verdict != IV_VERDICT_PASS || !outcome->no_package;
    return is_judged ? iv_command_verdict(outcome->report.verdict) : IV_EXIT_INCOMPLETE;
}

/* One path a line, so a list from `find -print` will do; NUL-terminated lists would be taken for
 * one long path and are refused. Read to the end before anything is opened. */
bool iv_command_paths(const struct iv_strings *arguments, struct iv_arena *arena,
                      struct iv_strings *ret_paths, struct iv_error *err)
{
    for (size_t i = 0; i < arguments->count; i++) {
        if (strcmp(arguments->items[i], "-") != 0) {
            if (arguments->items[i][0] == '\0') {
                return iv_error_set(err, IV_ERROR_USAGE, "a PATH is empty");
            }
            iv_strings_add(arena, ret_paths, arguments->items[i]);
            continue;
        }
        struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
        char chunk[4096];
        size_t got;
        while ((got = fread(chunk, 1, sizeof(chunk), stdin)) > 0) {
            if (text.size > 64 * IV_MIB) {
                return iv_error_set(err, IV_ERROR_USAGE, "-: the list of paths is too long");
            }
            iv_buf_add(&text, chunk, got);
        }
        if (ferror(stdin)) {
            return iv_error_errno(err, "standard input");
        }
        if (text.size > 0 && memchr(text.data, '\0', text.size) != NULL) {
            return iv_error_set(err, IV_ERROR_USAGE, "-: the list of paths holds a NUL byte");
        }
        for (const char *line = iv_buf_text(&text); *line != '\0';) {
            size_t length = strcspn(line, "\n");
            if (length > 0) {
                const char *path = iv_arena_strndup(arena, line, length);
                iv_strings_add(arena, ret_paths, iv_program_path(path, arena));
            }
            line += length + (line[length] == '\n' ? 1 : 0);
        }
    }
    if (ret_paths->count == 0) {
        return iv_error_set(err, IV_ERROR_USAGE, "the list of paths is empty");
    }
    return true;
}
