/*
 * command.h: what the commands share: the options of a scan as option tables, the way from them to
 * iv_scan_options, and how errors and exit statuses are reported. Layer 4: commands alone use it.
 */
#ifndef IMGVAL_CLI_COMMAND_H
#define IMGVAL_CLI_COMMAND_H

#include "cache/store.h"
#include "imgval/base/arena.h"
#include "imgval/base/error.h"
#include "imgval/cli/options.h"
#include "imgval/report/report.h"
#include "imgval/scan/scan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses, as imgval(1) promises them to scripts. */
enum {
    IV_EXIT_PASS = 0,
    IV_EXIT_FAIL = 1,
    IV_EXIT_USAGE = 2,
    IV_EXIT_INCOMPLETE = 3,
    IV_EXIT_TROUBLE = 4,
};

enum iv_when { IV_WHEN_AUTO, IV_WHEN_ALWAYS, IV_WHEN_NEVER };

/* How output looks: every command that prints has these. */
struct iv_output_arguments {
    int format;   /* place among the formats of what the command prints: iv_sink_at() */
    int color;    /* enum iv_when */
    int progress; /* enum iv_when */
    unsigned quiet;
    unsigned verbose;
    const char *rules_url;
};

/* One --report=FORMAT:FILE. */
struct iv_further_report {
    const struct iv_sink *sink; /* NULL: the matrix of an audit */
    const char *path;
};

/* What the command line says about a scan. */
struct iv_scan_arguments {
    /* What needs nothing but to be taken over is written here by the tables' rows; what stands
     * below must be looked up, opened or checked first: iv_command_scan_options(),
     * iv_command_policy(). */
    struct iv_scan_options options;
    struct iv_output_arguments output;
    const char *store;
    int fail_on; /* index in its words: error, warning, note */
    int64_t jobs;
    bool jobs_given;
    struct iv_strings reports;
    const char *sabotage;
    const char *trust;
    bool expected_given;
    bool replace; /* cache add */
    const char *policy;
    const char *date;
    const char *shard;
    const char *facts_cache;
    bool timings_given;
    int timings; /* index in the words of --timings: table, json */
};

/* The words of --format, by what is printed: the formats that it has, and what each is for. */
iv_word_fn iv_words_report;
iv_word_fn iv_words_diff;
iv_word_fn iv_words_request;
iv_word_fn iv_words_audit;

/* Words of --color, in the order of enum iv_when; NULL-terminated. */
extern const char *const iv_when_words[];

/* Rows that stand in several tables; `at`: the offset of the value in the options struct. */
#define IV_ROW_FORMAT(at, formats)                                                                 \
    {                                                                                              \
        .name = "format", .argument = "FORMAT", .type = IV_OPTION_WORD, .offset = (at),            \
        .word_at = (formats), .help = "of standard output; default text"                           \
    }
#define IV_ROW_COLOR(at)                                                                           \
    {                                                                                              \
        .name = "color", .argument = "auto|always|never", .type = IV_OPTION_WORD, .offset = (at),  \
        .words = iv_when_words,                                                                    \
        .help = "colours in text; auto: on a terminal, unless NO_COLOR is set"                     \
    }
#define IV_ROW_REPORT(at, formats)                                                                 \
    {                                                                                              \
        .name = "report", .argument = "FORMAT:FILE", .type = IV_OPTION_LIST, .offset = (at),       \
        .word_at = (formats), .complete = IV_COMPLETE_FILE,                                        \
        .help = "write a further report, in any of these formats; may repeat"                      \
    }
#define IV_ROW_ALL_OWNERS(at)                                                                      \
    {                                                                                              \
        .name = "all-owners", .type = IV_OPTION_FLAG, .offset = (at),                              \
        .help = "count Microsoft-owned packages in the compared sets too"                          \
    }
#define IV_ROW_STORE(at)                                                                           \
    {                                                                                              \
        .name = "cache", .argument = "FILE", .type = IV_OPTION_STRING, .offset = (at),             \
        .complete = IV_COMPLETE_FILE,                                                              \
        .help = "the baseline store; else $IMGVAL_CACHE, else the user's own"                      \
    }
#define IV_ROW_HISTORY(at)                                                                         \
    {                                                                                              \
        .name = "update-history", .argument = "PATH", .type = IV_OPTION_STRING, .offset = (at),    \
        .once = true, .complete = IV_COMPLETE_FILE,                                                \
        .help = "UpdateHistory.xml, or a directory that holds it"                                  \
    }
#define IV_ROW_OEM_INPUT(at)                                                                       \
    {                                                                                              \
        .name = "oem-input", .argument = "PATH", .type = IV_OPTION_STRING, .offset = (at),         \
        .once = true, .complete = IV_COMPLETE_FILE,                                                \
        .help = "OEMInput.xml, or a directory that holds it"                                       \
    }
#define IV_ROW_DEVICE_INFO(at)                                                                     \
    {                                                                                              \
        .name = "device-info", .argument = "FILE", .type = IV_OPTION_STRING, .offset = (at),       \
        .once = true, .complete = IV_COMPLETE_FILE,                                                \
        .help = "device metadata: .reg, answer file XML, or Name=Value lines"                      \
    }

/* The tables of struct iv_scan_arguments. */
extern const struct iv_option_group iv_group_input;
extern const struct iv_option_group iv_group_device;
extern const struct iv_option_group iv_group_compare;
extern const struct iv_option_group iv_group_baselines;
extern const struct iv_option_group iv_group_store;
extern const struct iv_option_group iv_group_verdict;
extern const struct iv_option_group iv_group_output;
extern const struct iv_option_group iv_group_reading;
extern const struct iv_option_group iv_group_policy;
extern const struct iv_option_group iv_group_what_if;
extern const struct iv_option_group iv_group_verify;

/* What a remedy needs to name the next command: the options of this run that it takes again. */
void iv_command_repeat(const struct iv_command *command, const struct iv_scan_arguments *given,
                       struct iv_arena *arena, struct iv_scan_options *options);

/* Checks the combination and fills ret_options (environment and clock included). */
IV_MUST_USE bool iv_command_scan_options(const struct iv_scan_arguments *arguments,
                                         struct iv_arena *arena,
                                         struct iv_scan_options *ret_options, struct iv_error *err);

/* --cache, else $IMGVAL_CACHE, else ${XDG_DATA_HOME:-~/.local/share}/imgval/baselines.db. False
 * when none of them can be formed. */
IV_MUST_USE bool iv_command_store_path(const char *given, struct iv_arena *arena,
                                       const char **ret_path, struct iv_error *err);
/* Opens the store at that path. */
IV_MUST_USE bool iv_command_store_open(const char *given, enum iv_store_mode mode,
                                       struct iv_arena *arena, struct iv_store **ret_store,
                                       struct iv_error *err);

/* Colours, width, character set of standard output. */
struct iv_style_options iv_command_style(const struct iv_output_arguments *output);

/* Each --report: its format, which must be able to print `what`, and its file; refused before
 * anything is read where two of them, or firmware, would be written over. */
IV_MUST_USE bool iv_command_reports(const struct iv_strings *given, enum iv_printed what,
                                    struct iv_arena *arena, struct iv_further_report **ret_reports,
                                    struct iv_error *err);
/* --rules-url is a whole URL, or was not given (NULL). */
IV_MUST_USE bool iv_command_rules_url(const char *url, struct iv_error *err);

/* Prints the report and writes the further ones. Every one is written even if another fails: the
 * status given, or IV_EXIT_TROUBLE. */
int iv_command_write_reports(const struct iv_report *report,
                             const struct iv_scan_arguments *arguments,
                             const struct iv_further_report *further, int status);

/* Whether what goes to the terminal must be ASCII: the locale's name does not say UTF-8. Needs no
 * memory, so that no fault of the machine changes what is printed. */
bool iv_command_is_ascii(void);

/* "imgval: TEXT" on standard error, escaped; the exit status that belongs to the error. */
int iv_command_fail(const struct iv_error *err);
/* The same of a command that needs the store: that there is none is trouble then. */
int iv_command_fail_store(const struct iv_error *err);

/* A usage error of this command: the text, and where help is. Returns IV_EXIT_USAGE. */
int iv_command_usage(const struct iv_command *command, const char *fmt, ...) IV_PRINTF(2, 3);

/* What was written to standard output is flushed: the exit status given, or IV_EXIT_TROUBLE. */
int iv_command_flush(int status);

/* Writes text to standard output and sees errors; the exit status given, or IV_EXIT_TROUBLE. */
int iv_command_print(const struct iv_buf *buf, int status);
/* The same of text for people: on a terminal, lines are broken between words where it is too narrow
 * for them. A document (JSON, HTML) is left as it is. */
int iv_command_show(const struct iv_buf *buf, int status);

/* The exit status of a verdict, and that of a finished scan. */
int iv_command_verdict(enum iv_final_verdict verdict);
int iv_command_status(const struct iv_scan_outcome *outcome);

/* PATH arguments, with a lone "-" replaced by the lines of standard input. */
IV_MUST_USE bool iv_command_paths(const struct iv_strings *arguments, struct iv_arena *arena,
                                  struct iv_strings *ret_paths, struct iv_error *err);

/*
 * The policy of the inputs: --policy, else the nearest .imgval.xml above them; and the date that
 * its waivers are judged by. Fills policy, date, what_if and limits of the options. Returns
 * IV_EXIT_PASS, or another exit status when all that is wrong was reported.
 */
int iv_command_policy(const struct iv_scan_arguments *given, const struct iv_strings *paths,
                      struct iv_arena *arena, struct iv_scan_options *options);

/* Refuses (IV_ERROR_USAGE) a folder or archive that holds several submissions, among the inputs and
 * --against: merged, they would be one wrong set. Names of recorded submissions pass. */
IV_MUST_USE bool iv_command_refuse_several(const struct iv_strings *paths,
                                           const struct iv_scan_options *options,
                                           struct iv_arena *arena, struct iv_error *err);

/* --shard=I/N, auto, auto/N: this process takes the things whose place modulo N is I. NULL: all. */
struct iv_shard {
    size_t index;
    size_t count;
};
IV_MUST_USE bool iv_command_shard(const char *text, struct iv_shard *ret_shard,
                                  struct iv_error *err);
/* Sorts the paths and keeps this part of them, which may be none. */
void iv_command_take_shard(const struct iv_shard *shard, struct iv_strings *paths);

/* The commands, each in its own cmd_NAME.c. */
extern const struct iv_command iv_cmd_scan;
extern const struct iv_command iv_cmd_inspect;
extern const struct iv_command iv_cmd_audit;
extern const struct iv_command iv_cmd_diff;
extern const struct iv_command iv_cmd_doctor;
extern const struct iv_command iv_cmd_rfu;
extern const struct iv_command iv_cmd_fix;
extern const struct iv_command iv_cmd_explain;
extern const struct iv_command iv_cmd_render;
extern const struct iv_command iv_cmd_policy_check;
extern const struct iv_command iv_cmd_policy_show;
extern const struct iv_command iv_cmd_cache_add;
extern const struct iv_command iv_cmd_cache_export;
extern const struct iv_command iv_cmd_cache_import;
extern const struct iv_command iv_cmd_cache_list;
extern const struct iv_command iv_cmd_cache_merge;
extern const struct iv_command iv_cmd_cache_path;
extern const struct iv_command iv_cmd_cache_remove;
extern const struct iv_command iv_cmd_cache_show;
extern const struct iv_command iv_cmd_cache_verify;

#endif
