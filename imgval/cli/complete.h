/*
 * complete.h: what a shell may complete a command line with, and the scripts that ask for it.
 */
#ifndef IMGVAL_CLI_COMPLETE_H
#define IMGVAL_CLI_COMPLETE_H

#include "imgval/base/arena.h"
#include "imgval/base/buf.h"
#include "imgval/cli/options.h"

#include <stddef.h>

/* Names that an argument may have, each with what it is. */
struct iv_complete_name {
    const char *name;
    const char *help;
};
struct iv_complete_names {
    struct iv_complete_name *items;
    size_t count;
};

/* The ids of all rules, with their names. */
void iv_complete_rules(struct iv_arena *arena, struct iv_complete_names *ret_names);

/*
 * Ids and OEM/OPERATOR/MODEL@VERSION of the recorded submissions, of the store that --cache=FILE of
 * the line names, else the user's. None where there is no store, or it cannot be read: completing
 * reports nothing. Names that a shell would have to quote are left out.
 */
void iv_complete_records(const struct iv_strings *line, struct iv_arena *arena,
                         struct iv_complete_names *ret_names);

/* Appends the candidates for the last word of a line (the words after the program's name): a line
 * each, "WORD<TAB>HELP"; the line ":files" where paths are candidates too. */
void iv_options_complete(const struct iv_command *const *commands, size_t count,
                         const struct iv_strings *line, struct iv_arena *arena, struct iv_buf *buf);

/* The script for a shell ("bash", "zsh", "fish"); NULL: another one. */
const char *iv_options_completion(const char *shell);

#endif
