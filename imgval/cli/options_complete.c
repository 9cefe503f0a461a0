/*
 * What a shell may complete a command line with. The scripts of the three shells are thin: they
 * hand the words of the line to `imgval --complete -- WORD...`, which prints a candidate a line, a
 * tab and what it is. So every shell offers the same, from the same tables that parse, and also
 * what only the program knows: rules, and the submissions of the baseline store. The last line may
 * be ":files": the shell offers paths too.
 */
#include "imgval/cli/complete.h"

#include "imgval/base/text.h"

#include <string.h>

/* A command line in hand. */
struct completing {
    const struct iv_command *const *commands;
    size_t count;
    const struct iv_strings *line; /* after the program's name; the last one is to be completed */
    const char *current;
    struct iv_arena *arena;
    struct iv_buf *buf;
};

/* A candidate, when it begins like the word in hand; `before` is what stands there already
 * ("--format="). */
static void offer(const struct completing *c, const char *before, const char *word,
                  const char *after, const char *help)
{
    const char *whole = iv_arena_printf(c->arena, "%s%s%s", before, word, after);
    if (strncmp(whole, c->current, strlen(c->current)) == 0) {
        iv_buf_printf(c->buf, "%s\t%s\n", whole, help == NULL ? "" : help);
    }
}

/* The shell lists paths itself: it knows how to quote them. */
static void offer_files(const struct completing *c)
{
    iv_buf_puts(c->buf, ":files\n");
}

/* The names that a kind of argument has besides paths. */
static void offer_names(const struct completing *c, const char *before, enum iv_completion kind)
{
    struct iv_complete_names names = {0};
    switch (kind) {
    case IV_COMPLETE_NONE:
        return;
    case IV_COMPLETE_FILE:
    case IV_COMPLETE_DIRECTORY:
        offer_files(c);
        return;
    case IV_COMPLETE_RULE:
        iv_complete_rules(c->arena, &names);
        break;
    case IV_COMPLETE_RECORD:
    case IV_COMPLETE_SUBMISSION:
        iv_complete_records(c->line, c->arena, &names);
        break;
    }
    for (size_t i = 0; i < names.count; i++) {
        offer(c, before, names.items[i].name, "", names.items[i].help);
    }
    if (kind == IV_COMPLETE_SUBMISSION) {
        offer_files(c);
    }
}

/* What may stand after `--name=`: the option's words, else names or paths by its kind. */
static void offer_values(const struct completing *c, const char *before,
                         const struct iv_option *option)
{
    const char *help;
    const char *word;
    /* --report=FORMAT:FILE: first the format, then the file */
    const char *after = option->type == IV_OPTION_LIST ? ":" : "";
    const char *value = c->current + strlen(before);
    if (option->type == IV_OPTION_LIST && strchr(value, ':') != NULL) {
        offer_files(c);
        return;
    }
    for (size_t i = 0; (word = iv_option_word(option, i, &help)) != NULL; i++) {
        offer(c, before, word, after, help);
    }
    if (iv_option_word(option, 0, &help) == NULL) {
        offer_names(c, before, option->complete);
    }
}

/* Those that take a value end in '=', so that the value is completed next without a blank. */
static void offer_options(const struct completing *c, const struct iv_command *command)
{
    for (size_t g = 0; g < command->group_count; g++) {
        for (size_t i = 0; i < command->groups[g]->count; i++) {
            const struct iv_option *option = &command->groups[g]->options[i];
            bool must_have = option->argument != NULL && option->implied == NULL;
            if (!option->hidden) {
                offer(c, "--", option->name, must_have ? "=" : "", option->help);
            }
        }
    }
    offer(c, "--", "help", "", "what the command does, and its options");
}

/* The option that `--NAME`, up to its end or '=', is; NULL: none. */
static const struct iv_option *option_of(const struct iv_command *command, const char *word)
{
    return strncmp(word, "--", 2) == 0
               ? iv_option_find(command, word + 2, strcspn(word + 2, "="), 0)
               : NULL;
}

/* The line's command is known: an option, its value, or an argument. */
static void complete_command(const struct completing *c, const struct iv_command *command)
{
    const char *equals = strchr(c->current, '=');
    const struct iv_option *option = option_of(command, c->current);
    if (option != NULL && equals != NULL) {
        const size_t size = (size_t)(equals - c->current) + 1;
        offer_values(c, iv_arena_strndup(c->arena, c->current, size), option);
        return;
    }
    const char *previous = c->line->count > 1 ? c->line->items[c->line->count - 2] : "";
    option = strchr(previous, '=') == NULL ? option_of(command, previous) : NULL;
    if (option != NULL && option->argument != NULL && option->implied == NULL) {
        offer_values(c, "", option);
    } else if (c->current[0] == '-') {
        offer_options(c, command);
    } else {
        offer_names(c, "", command->complete);
    }
}

/* A command with verbs is found only with one of them: the verbs are offered before. */
static const struct iv_command *find_command(const struct completing *c, const char *name,
                                             const char *verb)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct iv_command *command = c->commands[i];
        if (strcmp(command->name, name) == 0 &&
            (command->verb == NULL || (verb != NULL && strcmp(command->verb, verb) == 0))) {
            return command;
        }
    }
    return NULL;
}

/* The first word: each command once, however many verbs it has. */
static void offer_commands(const struct completing *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct iv_command *command = c->commands[i];
        bool is_first = i == 0 || strcmp(command->name, c->commands[i - 1]->name) != 0;
        if (is_first) {
            offer(c, "", command->name, "",
                  command->verb == NULL                  ? command->summary
                  : strcmp(command->name, "policy") == 0 ? "the policy file"
                                                         : "the baseline store");
        }
    }
    offer(c, "", "--help", "", "the commands");
    offer(c, "", "--version", "", "the version");
    offer_files(c); /* imgval PATH is imgval scan PATH */
}

/* False: the command has none, and its second word is an argument. */
static bool offer_verbs(const struct completing *c, const char *name)
{
    bool any = false;
    for (size_t i = 0; i < c->count; i++) {
        const struct iv_command *command = c->commands[i];
        if (command->verb != NULL && strcmp(command->name, name) == 0) {
            offer(c, "", command->verb, "", command->summary);
            any = true;
        }
    }
    return any;
}

/* From the number of words: the command, its verb, then options and arguments. A first word that is
 * no command is a path of `imgval PATH`, so scan's options are offered. */
void iv_options_complete(const struct iv_command *const *commands, size_t count,
                         const struct iv_strings *line, struct iv_arena *arena, struct iv_buf *buf)
{
    struct completing c = {
        .commands = commands, .count = count, .line = line, .arena = arena, .buf = buf};
    c.current = line->count == 0 ? "" : line->items[line->count - 1];
    if (line->count <= 1) {
        offer_commands(&c);
        return;
    }
    const char *name = line->items[0];
    if (line->count == 2 && offer_verbs(&c, name)) {
        return;
    }
    const struct iv_command *command = find_command(&c, name, line->items[1]);
    if (command == NULL) {
        command = find_command(&c, "scan", NULL); /* imgval PATH --option */
    }
    if (command != NULL) {
        complete_command(&c, command);
    }
}

/* --- the scripts ----------------------------------------------------------------------------- */

/* bash splits words at '=' and ':': they are put together for the program, and of what it offers
 * the part that bash takes for the word is left. */
static const char bash_script[] =
    "# bash completion for imgval: the program itself says what there is.\n"
    "_imgval()\n{\n"
    "    local words=() word help i cut= files= last=${COMP_WORDS[COMP_CWORD]}\n"
    "    for ((i = 1; i <= COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        if ((${#words[@]} > 0)) &&\n"
    "            [[ $word == [=:] || ${COMP_WORDS[i - 1]} == [=:] ]]; then\n"
    "            words[-1]+=$word\n"
    "        else\n            words+=(\"$word\")\n        fi\n    done\n"
    "    [[ $last == [=:] ]] && last=\n"
    "    cut=${words[-1]%\"$last\"}\n"
    "    COMPREPLY=()\n"
    "    while IFS=$'\\t' read -r word help; do\n"
    "        if [[ $word == :files ]]; then files=1; else COMPREPLY+=(\"${word#\"$cut\"}\"); fi\n"
    "    done < <(\"${COMP_WORDS[0]}\" --complete -- \"${words[@]}\" 2>/dev/null)\n"
    "    if [[ $files ]]; then\n"
    "        ((${#COMPREPLY[@]})) || compopt -o filenames 2>/dev/null\n"
    "        while IFS= read -r word; do\n"
    "            COMPREPLY+=(\"$word\")\n"
    "        done < <(compgen -f -- \"$last\")\n"
    "    fi\n"
    "    case ${COMPREPLY[0]} in *[=:]) compopt -o nospace 2>/dev/null ;; esac\n"
    "}\n"
    "complete -F _imgval imgval\n";

/* zsh describes its candidates: "NAME:HELP", with colons of the name escaped. */
static const char zsh_script[] =
    "#compdef imgval\n"
    "# zsh completion for imgval: the program itself says what there is.\n"
    "_imgval() {\n"
    "    local line files=\n"
    "    local -a whole open\n"
    "    local offers=$(${words[1]} --complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)\n"
    "    for line in ${(f)offers}; do\n"
    "        case $line in\n"
    "        :files) files=1 ;;\n"
    "        *[=:]$'\\t'*) open+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
    "        *) whole+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
    "        esac\n    done\n"
    "    (( ${#whole} )) && _describe imgval whole\n"
    "    (( ${#open} )) && _describe imgval open -S ''\n"
    "    if [[ -n $files ]]; then\n"
    "        [[ $words[CURRENT] == --*:* ]] && compset -P '*:' || compset -P '--*='\n"
    "        _files\n    fi\n"
    "}\n"
    "_imgval \"$@\"\n";

/* fish takes the lines as they are. */
static const char fish_script[] =
    "# fish completion for imgval: the program itself says what there is.\n"
    "function __imgval_complete\n"
    "    set -l words (commandline -opc)\n"
    "    set -l current (commandline -ct)\n"
    "    for line in (command $words[1] --complete -- $words[2..-1] \"$current\" 2>/dev/null)\n"
    "        if test \"$line\" = :files\n"
    "            set -l head (string match -r '^--[^=]*=(?:[a-z]+:)?' -- \"$current\")\n"
    "            set -l tail (string replace -r '^--[^=]*=(?:[a-z]+:)?' '' -- \"$current\")\n"
    "            for path in (__fish_complete_path \"$tail\")\n"
    "                echo \"$head$path\"\n"
    "            end\n"
    "        else\n            echo $line\n        end\n"
    "    end\n"
    "end\n"
    "complete -c imgval -f -a '(__imgval_complete)'\n";

const char *iv_options_completion(const char *shell)
{
    static const struct {
        const char *shell;
        const char *script;
    } scripts[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
    for (size_t i = 0; i < IV_COUNT(scripts); i++) {
        if (strcmp(shell, scripts[i].shell) == 0) {
            return scripts[i].script;
        }
    }
    return NULL;
}
