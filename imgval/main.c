/*
 * main.c: the way in: finds the command and runs it; its result is the exit status. The rooms of
 * the program, from the top floor down; each uses those below it (tests/lint has the exact list):
 *
 *   imgval/cli/              one command each (cmd_NAME.c); command lines as tables (options.c);
 *                            what commands share
 *   imgval/history/          several submissions: finding sets, reading and judging a history,
 *                            requests, imports
 *   imgval/scan/             one submission, top to bottom: list, read, assemble, look up, judge
 *   imgval/input/            bytes -> facts, one file a kind; runs in sandboxed reader processes
 *   imgval/disk/             an image as files: partitions, VHD, hives, FAT, WIM; nothing is
 *                            unpacked
 *   imgval/disk/ffu/         the FFU container: headers, block map, hash table, catalog
 *   imgval/disk/ntfs/        the NTFS reader
 *   imgval/engine/           rules x facts -> findings; the policy file and its waivers
 *   rules/                   the rules as tables, a family a file (rules.h: which ids are where)
 *   cache/                   the baseline store
 *   imgval/report/           report -> text, JSON, SARIF, JUnit, HTML ...; one sink_NAME.c a
 *                            format
 *   imgval/report/write/     the writers that escape, and what several formats print alike
 *   imgval/report/read/      a report, a stream, an export or a list read back: parsed in reader
 *                            processes, put together in the parent
 *   imgval/report/history/   what diff, rfu and audit print
 *   imgval/report/show/      what inspect, fix, explain, policy show and the store's lists print
 *   imgval/model/            facts, package sets, the WSPC comparison, findings: plain data, pure
 *                            functions
 *   imgval/base/             memory, files, text, patterns, reader processes and their sandbox
 *   imgval/base/posix/       what is asked of the operating system, and nowhere else
 *   imgval/base/windows/     the same functions for Windows; a build has one of the two
 *
 * Readers record facts, rules judge facts, sinks print judgements.
 */
#include "imgval/base/guess.h"
#include "imgval/base/look.h"
#include "imgval/base/process.h"
#include "imgval/base/program.h"
#include "imgval/base/sandbox.h"
#include "imgval/cli/command.h"
#include "imgval/cli/complete.h"
#include "imgval/report/read/saved.h"
#include "imgval/scan/read_work.h"
#include "imgval/version.h"
#include "rules/rules.h"

#include <stdio.h>
#include <string.h>

/* Verbs of one command stand together. */
/* clang-format off */
static const struct iv_command *const commands[] = {
    &iv_cmd_scan,
    &iv_cmd_inspect,
    &iv_cmd_diff,
    &iv_cmd_rfu,
    &iv_cmd_audit,
    &iv_cmd_fix,
    &iv_cmd_render,
    &iv_cmd_explain,
    &iv_cmd_doctor,
    &iv_cmd_cache_list,
    &iv_cmd_cache_show,
    &iv_cmd_cache_add,
    &iv_cmd_cache_import,
    &iv_cmd_cache_export,
    &iv_cmd_cache_merge,
    &iv_cmd_cache_remove,
    &iv_cmd_cache_verify,
    &iv_cmd_cache_path,
    &iv_cmd_policy_check,
    &iv_cmd_policy_show,
};
/* clang-format on */

/* The version, and what this system has to confine readers with. */
static void add_version(struct iv_buf *buf)
{
    const struct iv_containment c = iv_sandbox_offered();
    const struct iv_sandbox_words words = iv_sandbox_words();
    iv_buf_printf(buf, "imgval " IMGVAL_VERSION "\nsandbox of readers: %s %s, %s %s\n", words.files,
                  c.files ? "yes" : "no", words.calls, c.calls ? "yes" : "no");
}

/* One line a command, from the commands' own tables. */
static void add_overview(struct iv_buf *buf)
{
    iv_buf_puts(buf, "usage: imgval COMMAND [options] [arguments]\n"
                     "       imgval PATH...            the same as imgval scan PATH...\n\n"
                     "An offline validator of Windows Phone and Windows 10 Mobile firmware\n"
                     "submissions: nine standard validations and WSPC.\n\nCommands:\n");
    for (size_t i = 0; i < IV_COUNT(commands); i++) {
        char name[32];
        snprintf(name, sizeof(name), "%s%s%s", commands[i]->name,
                 commands[i]->verb == NULL ? "" : " ",
                 commands[i]->verb == NULL ? "" : commands[i]->verb);
        iv_buf_printf(buf, "  %-16s %s\n", name, commands[i]->summary);
    }
    iv_buf_puts(buf, "\nimgval COMMAND --help shows a command's options; imgval --version the\n"
                     "version. Manual pages: imgval(1), imgval-tutorial(7), imgval-rules(7),\n"
                     "imgval-formats(5), imgval-fleet(7) for many sets on many machines.\n\n"
                     "Exit status: 0 pass, 1 fail, 2 usage error, 3 incomplete, 4 trouble.\n");
}

/* The options that stand for a command. Returns false when `word` is none of them. */
static bool run_global(const char *word, int *ret_status)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    static const char completion[] = "--completion=";
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        add_overview(&text);
    } else if (strcmp(word, "--version") == 0 || strcmp(word, "version") == 0) {
        add_version(&text);
    } else if (strcmp(word, "--manual") == 0) {
        /* for the test that keeps man/imgval.1 in step with the tables */
        iv_options_manual(commands, IV_COUNT(commands), &text);
    } else if (strncmp(word, completion, sizeof(completion) - 1) == 0 &&
               iv_options_completion(word + sizeof(completion) - 1) != NULL) {
        iv_buf_puts(&text, iv_options_completion(word + sizeof(completion) - 1));
    } else {
        return false;
    }
    bool is_help = strncmp(word, "--help", 6) == 0 || strcmp(word, "-h") == 0;
    *ret_status = (is_help ? iv_command_show : iv_command_print)(&text, IV_EXIT_PASS);
    return true;
}

/* The command that the first words name, and how many they are; NULL with *ret_words 1 for the
 * name of a command whose verb is missing or unknown. */
static const struct iv_command *find_command(int count, char **words, int *ret_words)
{
    *ret_words = 0;
    for (size_t i = 0; i < IV_COUNT(commands); i++) {
        if (strcmp(commands[i]->name, words[0]) != 0) {
            continue;
        }
        *ret_words = 1;
        if (commands[i]->verb == NULL) {
            return commands[i];
        }
        if (count > 1 && strcmp(commands[i]->verb, words[1]) == 0) {
            *ret_words = 2;
            return commands[i];
        }
    }
    return NULL;
}

/* The words after the command's name. Wrong ones end here with IV_EXIT_USAGE, before the command
 * runs. */
static int run_command(const struct iv_command *command, int count, char **words,
                       struct iv_arena *arena)
{
    struct iv_error err = {0};
    struct iv_parsed parsed;
    if (!iv_options_parse(command, count, words, arena, &parsed, &err)) {
        return iv_command_usage(command, "%s", err.text);
    }
    if (parsed.help) {
        struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
        iv_options_help(command, &text);
        return iv_command_show(&text, IV_EXIT_PASS);
    }
    return command->run(command, parsed.options, &parsed.arguments, arena);
}

/* `imgval cache` and `imgval cache nonsense`. */
static int refuse_verb(const char *name, const char *verb)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < IV_COUNT(commands); i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            iv_buf_printf(&text, "  imgval %s %-8s %s\n", name, commands[i]->verb,
                          commands[i]->summary);
        }
    }
    if (verb != NULL && (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0)) {
        return iv_command_show(&text, IV_EXIT_PASS);
    }
    struct iv_guess guess = {.word = verb == NULL ? "" : verb};
    for (size_t i = 0; i < IV_COUNT(commands); i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            iv_guess_offer(&guess, commands[i]->verb);
        }
    }
    if (guess.best != NULL) {
        fprintf(stderr, "imgval: %s has no such verb; did you mean imgval %s %s?\n", name, name,
                guess.best);
    }
    fprintf(stderr, "imgval: %s needs a verb:\n%s", name, iv_buf_text(&text));
    return IV_EXIT_USAGE;
}

/* A word that is neither a command nor a path. */
static int refuse_word(const char *word)
{
    struct iv_error err;
    struct iv_guess guess = {.word = word};
    for (size_t i = 0; i < IV_COUNT(commands); i++) {
        iv_guess_offer(&guess, commands[i]->name);
    }
    iv_guess_offer(&guess, "help");
    iv_guess_offer(&guess, "version");
    if (guess.best != NULL) {
        iv_error_set(&err, IV_ERROR_USAGE,
                     "%s is neither a command nor a path; did you mean imgval %s? (see imgval "
                     "--help)",
                     word, guess.best);
    } else {
        iv_error_set(&err, IV_ERROR_USAGE, "%s is neither a command nor a path (see imgval --help)",
                     word);
    }
    return iv_command_fail(&err);
}

/* `imgval help`, `imgval help COMMAND [VERB]`: as `imgval COMMAND --help`. */
static int help(int count, char **words)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    int taken;
    if (count == 0) {
        add_overview(&text);
        return iv_command_show(&text, IV_EXIT_PASS);
    }
    const struct iv_command *command = find_command(count, words, &taken);
    if (command != NULL) {
        iv_options_help(command, &text);
        return iv_command_show(&text, IV_EXIT_PASS);
    }
    return taken == 1 ? refuse_verb(words[0], count > 1 ? words[1] : "--help")
                      : refuse_word(words[0]);
}

/* `imgval --complete -- WORD...`: for the scripts of the shells. */
static int complete(int count, char **words, struct iv_arena *arena)
{
    struct iv_strings line = {0};
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    for (int i = count > 0 && strcmp(words[0], "--") == 0 ? 1 : 0; i < count; i++) {
        iv_strings_add(arena, &line, words[i]);
    }
    iv_options_complete(commands, IV_COUNT(commands), &line, arena, &text);
    return iv_command_print(&text, IV_EXIT_PASS);
}

/* As a reader process, of whatever the charge is about. False: there is none. */
static bool serve(struct iv_arena *arena)
{
    struct iv_workers_charge charge;
    return iv_workers_charge(arena, &charge) &&
           (iv_saved_serve(&charge, iv_rules_find, arena) || iv_read_work_serve(&charge, arena));
}

static int run(int count, char **words, struct iv_arena *arena)
{
    int status;
    if (count == 0) {
        struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
        add_overview(&text);
        fputs(iv_buf_text(&text), stderr);
        return IV_EXIT_USAGE;
    }
    if (strcmp(words[0], IV_PROCESS_WORD) == 0) {
        return serve(arena) ? IV_EXIT_PASS : IV_EXIT_USAGE;
    }
    if (strcmp(words[0], "--complete") == 0) {
        return complete(count - 1, words + 1, arena);
    }
    if (strcmp(words[0], "help") == 0) {
        return help(count - 1, words + 1);
    }
    if (run_global(words[0], &status)) {
        return status;
    }
    int taken;
    const struct iv_command *command = find_command(count, words, &taken);
    if (command != NULL) {
        return run_command(command, count - taken, words + taken, arena);
    }
    if (taken == 1) {
        return refuse_verb(words[0], count > 1 ? words[1] : NULL);
    }
    if (words[0][0] == '-' || iv_look_is_there(words[0]) ||
        strchr(iv_program_path(words[0], arena), '/') != NULL) {
        return run_command(&iv_cmd_scan, count, words, arena);
    }
    return refuse_word(words[0]);
}

int main(int argc, char **argv)
{
    struct iv_arena arena;
    iv_arena_init(&arena);
    struct iv_program program = iv_program_begin(&argc, &argv, &arena);
    int status = run(argc > 0 ? argc - 1 : 0, argv + 1, &arena);
    iv_program_end(&program);
    iv_arena_fini(&arena);
    return status;
}
