/*
 * options.h: command lines as tables. One table drives parsing, --help, the manual page's option
 * lists and the shells' completions.
 */
#ifndef IMGVAL_CLI_OPTIONS_H
#define IMGVAL_CLI_OPTIONS_H

#include "imgval/base/arena.h"
#include "imgval/base/buf.h"
#include "imgval/base/error.h"
#include "imgval/base/strings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum iv_option_type {
    IV_OPTION_FLAG,   /* bool */
    IV_OPTION_COUNT,  /* unsigned: how often it was given */
    IV_OPTION_STRING, /* const char *; the last one wins */
    IV_OPTION_LIST,   /* struct iv_strings; may repeat */
    IV_OPTION_WORD,   /* enum of int size: index of the word in `words` */
    IV_OPTION_NUMBER, /* int64_t, 0..4294967295 */
};

/* What a shell may complete an argument with. */
enum iv_completion {
    IV_COMPLETE_NONE,
    IV_COMPLETE_FILE,
    IV_COMPLETE_DIRECTORY,
    IV_COMPLETE_RULE,
    IV_COMPLETE_RECORD,     /* a recorded submission */
    IV_COMPLETE_SUBMISSION, /* a path, or a recorded submission */
};

/* The i-th word of a table and one line about it; NULL after the last. */
typedef const char *iv_word_fn(size_t i, const char **ret_help);

struct iv_option {
    const char *name;     /* long name without "--" */
    char letter;          /* short name, or 0 */
    const char *argument; /* its name in help; NULL: takes none */
    const char *implied;  /* the value without "=VALUE": then the next word is none; or NULL */
    enum iv_option_type type;
    size_t offset;            /* in the command's options struct */
    size_t given_offset;      /* of a bool that says that it was given; 0: none */
    const char *const *words; /* IV_OPTION_WORD: NULL-terminated; or ... */
    iv_word_fn *word_at;      /* ... from a table; of a list: the word before its colon */
    enum iv_completion complete;
    bool once; /* a string that names what is judged: two of them are refused, not overridden */
    bool hidden;
    const char *help; /* one line */
};

struct iv_option_group {
    const char *title; /* heading in --help; NULL: "Options" */
    const struct iv_option *options;
    size_t count;
};

struct iv_command;

/* Runs a command; returns the exit status. `options` is its parsed struct. */
typedef int iv_command_fn(const struct iv_command *command, void *options,
                          const struct iv_strings *arguments, struct iv_arena *arena);

struct iv_command {
    const char *name;
    const char *verb;     /* second word ("add" of "cache add"), or NULL */
    const char *synopsis; /* arguments after the options */
    const char *summary;  /* one line */
    const char *details;  /* paragraphs for --help, or NULL */
    size_t options_size;
    const struct iv_option_group *const *groups;
    size_t group_count;
    enum iv_completion complete; /* of the arguments */
    iv_command_fn *run;
};

/*
 * Parses the words after the command's name. `--name=value`, `--name value`, `-xvalue`, `-x
 * value`, bundled flags, `--` ends options. False with IV_ERROR_USAGE. help: --help was met
 * (then the rest is not looked at).
 */
struct iv_parsed {
    void *options; /* zeros; filled as the rows say */
    struct iv_strings arguments;
    bool help;
};
bool iv_options_parse(const struct iv_command *command, int count, char *const *words,
                      struct iv_arena *arena, struct iv_parsed *ret_parsed, struct iv_error *err);

/* The command's option of this long name (`length` bytes), or of this letter where the name is
 * NULL; NULL: it has none. */
const struct iv_option *iv_option_find(const struct iv_command *command, const char *name,
                                       size_t length, char letter);
/* The i-th word that an option takes and what is said of it (NULL: nothing); NULL after the last.
 */
const char *iv_option_word(const struct iv_option *option, size_t i, const char **ret_help);
/* All of them, "text|json". */
void iv_option_add_words(const struct iv_option *option, const char *between, struct iv_buf *buf);

/* The options of these names (NULL-terminated) that were given, as a shell
 * takes them, each after a blank. */
const char *iv_options_repeat(const struct iv_command *command, const void *options,
                              const char *const *names, struct iv_arena *arena);

/* The text of `imgval COMMAND --help`. */
void iv_options_help(const struct iv_command *command, struct iv_buf *buf);

/* The option lists of imgval(1) in mdoc, one subsection a command. */
void iv_options_manual(const struct iv_command *const *commands, size_t count, struct iv_buf *buf);

#endif
