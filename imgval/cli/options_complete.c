/* The completion scripts for bash, zsh and fish, written from the option tables. */
#include "imgval/cli/options.h"

#include <string.h>

/* Text inside single quotes of a shell. */
static void add_quoted(struct iv_buf *buf, const char *text)
{
    iv_buf_putc(buf, '\'');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\'') {
            iv_buf_puts(buf, "'\\''");
        } else {
            iv_buf_putc(buf, *c);
        }
    }
    iv_buf_putc(buf, '\'');
}

/* Whether the whole value of an option is one of its words. */
static bool has_words(const struct iv_option *option)
{
    return option->type == IV_OPTION_WORD;
}

/* Whether command c is the first of its name (verbs of one command follow each other). */
static bool is_first_of_name(const struct iv_command *const *commands, size_t c)
{
    return c == 0 || strcmp(commands[c]->name, commands[c - 1]->name) != 0;
}

static void add_names(const struct iv_command *const *commands, size_t count, struct iv_buf *buf)
{
    for (size_t c = 0; c < count; c++) {
        if (is_first_of_name(commands, c)) {
            iv_buf_printf(buf, "%s%s", c == 0 ? "" : " ", commands[c]->name);
        }
    }
}

static void add_verbs(const struct iv_command *const *commands, size_t count, const char *name,
                      struct iv_buf *buf)
{
    bool first = true;
    for (size_t c = 0; c < count; c++) {
        if (commands[c]->verb != NULL && strcmp(commands[c]->name, name) == 0) {
            iv_buf_printf(buf, "%s%s", first ? "" : " ", commands[c]->verb);
            first = false;
        }
    }
}

/* --- bash ------------------------------------------------------------------------------------ */

static void bash_options(const struct iv_command *command, struct iv_buf *buf)
{
    for (size_t g = 0; g < command->group_count; g++) {
        for (size_t i = 0; i < command->groups[g]->count; i++) {
            const struct iv_option *option = &command->groups[g]->options[i];
            if (!option->hidden) {
                bool must_have = option->argument != NULL && option->implied == NULL;
                iv_buf_printf(buf, " --%s%s", option->name, must_have ? "=" : "");
            }
        }
    }
    iv_buf_puts(buf, " --help");
}

/* `--type=<TAB>`: bash splits words at '=', so the value is a word of its own. */
static void bash_values(const struct iv_command *command, struct iv_buf *buf)
{
    for (size_t g = 0; g < command->group_count; g++) {
        for (size_t i = 0; i < command->groups[g]->count; i++) {
            const struct iv_option *option = &command->groups[g]->options[i];
            if (!has_words(option)) {
                continue;
            }
            iv_buf_printf(buf, "            --%s) words='", option->name);
            iv_option_add_words(option, " ", buf);
            iv_buf_puts(buf, "' ;;\n");
        }
    }
}

static void write_bash(const struct iv_command *const *commands, size_t count, struct iv_buf *buf)
{
    iv_buf_puts(buf, "# bash completion for imgval, written from its option tables.\n"
                     "_imgval()\n{\n"
                     "    local cur=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} verb= "
                     "option= words= options=\n"
                     "    COMPREPLY=()\n"
                     "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W '");
    add_names(commands, count, buf);
    iv_buf_puts(buf, " --help --version' -- \"$cur\"))\n        compopt -o default 2>/dev/null\n"
                     "        return\n    fi\n");
    for (size_t c = 0; c < count; c++) {
        if (commands[c]->verb != NULL && is_first_of_name(commands, c)) {
            iv_buf_printf(buf,
                          "    if [ \"$command\" = %s ]; then\n"
                          "        if [ \"$COMP_CWORD\" -eq 2 ]; then\n"
                          "            COMPREPLY=($(compgen -W '",
                          commands[c]->name);
            add_verbs(commands, count, commands[c]->name, buf);
            iv_buf_puts(buf, "' -- \"$cur\"))\n            return\n        fi\n"
                             "        verb=${COMP_WORDS[2]}\n    fi\n");
        }
    }
    iv_buf_puts(buf, "    if [ \"$cur\" = '=' ]; then\n"
                     "        option=${COMP_WORDS[COMP_CWORD-1]} cur=\n"
                     "    elif [ \"${COMP_WORDS[COMP_CWORD-1]}\" = '=' ]; then\n"
                     "        option=${COMP_WORDS[COMP_CWORD-2]}\n    fi\n"
                     "    case \"$command $verb\" in\n");
    for (size_t c = 0; c < count; c++) {
        iv_buf_printf(buf, "    '%s %s')\n        options='", commands[c]->name,
                      commands[c]->verb == NULL ? "" : commands[c]->verb);
        bash_options(commands[c], buf);
        iv_buf_puts(buf, "'\n        case $option in\n");
        bash_values(commands[c], buf);
        iv_buf_puts(buf, "            *) ;;\n        esac\n        ;;\n");
    }
    iv_buf_puts(buf, "    esac\n"
                     "    if [ -n \"$words\" ]; then\n"
                     "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                     "    elif [ -z \"$option\" ] && [ \"${cur#-}\" != \"$cur\" ]; then\n"
                     "        COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
                     "        case ${COMPREPLY[0]} in *=) compopt -o nospace 2>/dev/null ;; esac\n"
                     "    else\n        compopt -o filenames 2>/dev/null\n"
                     "        COMPREPLY=($(compgen -f -- \"$cur\"))\n    fi\n}\n"
                     "complete -F _imgval imgval\n");
}

/* --- zsh ------------------------------------------------------------------------------------- */

/* Help text inside the brackets of an _arguments specification. */
static void add_zsh_text(struct iv_buf *buf, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '[' || *c == ']' || *c == ':' || *c == '\\') {
            iv_buf_putc(buf, '\\');
        }
        iv_buf_putc(buf, *c);
    }
}

static void zsh_option(const struct iv_option *option, struct iv_buf *buf)
{
    struct iv_buf spec IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_printf(&spec, "%s--%s%s[", option->type == IV_OPTION_LIST ? "*" : "", option->name,
                  option->implied != NULL    ? "=-"
                  : option->argument != NULL ? "="
                                             : "");
    add_zsh_text(&spec, option->help);
    iv_buf_putc(&spec, ']');
    if (has_words(option)) {
        iv_buf_puts(&spec, option->implied != NULL ? "::value:(" : ":value:(");
        iv_option_add_words(option, " ", &spec);
        iv_buf_putc(&spec, ')');
    } else if (option->argument != NULL) {
        iv_buf_printf(&spec, ":value:%s", option->complete != IV_COMPLETE_NONE ? "_files" : "");
    }
    iv_buf_puts(buf, "            ");
    add_quoted(buf, iv_buf_text(&spec));
    iv_buf_puts(buf, " \\\n");
}

static void write_zsh(const struct iv_command *const *commands, size_t count, struct iv_buf *buf)
{
    iv_buf_puts(buf,
                "#compdef imgval\n# zsh completion for imgval, written from its option tables.\n"
                "_imgval() {\n    local command=$words[2] verb=\n"
                "    if (( CURRENT == 2 )); then\n        compadd ");
    add_names(commands, count, buf);
    iv_buf_puts(buf, "\n        _files\n        return\n    fi\n");
    for (size_t c = 0; c < count; c++) {
        if (commands[c]->verb != NULL && is_first_of_name(commands, c)) {
            iv_buf_printf(buf,
                          "    if [[ $command == %s ]]; then\n        if (( CURRENT == 3 )); "
                          "then\n            compadd ",
                          commands[c]->name);
            add_verbs(commands, count, commands[c]->name, buf);
            iv_buf_puts(buf, "\n            return\n        fi\n        verb=$words[3]\n"
                             "        shift words\n        (( CURRENT-- ))\n    fi\n");
        }
    }
    iv_buf_puts(buf, "    shift words\n    (( CURRENT-- ))\n    case \"$command $verb\" in\n");
    for (size_t c = 0; c < count; c++) {
        iv_buf_printf(buf, "    '%s %s')\n        _arguments \\\n", commands[c]->name,
                      commands[c]->verb == NULL ? "" : commands[c]->verb);
        for (size_t g = 0; g < commands[c]->group_count; g++) {
            for (size_t i = 0; i < commands[c]->groups[g]->count; i++) {
                if (!commands[c]->groups[g]->options[i].hidden) {
                    zsh_option(&commands[c]->groups[g]->options[i], buf);
                }
            }
        }
        iv_buf_puts(buf, "            '*:path:_files'\n        ;;\n");
    }
    iv_buf_puts(buf, "    *) _files ;;\n    esac\n}\n_imgval \"$@\"\n");
}

/* --- fish ------------------------------------------------------------------------------------ */

static void fish_option(const struct iv_command *command, const struct iv_option *option,
                        struct iv_buf *buf)
{
    iv_buf_puts(buf, "complete -c imgval -n '__fish_seen_subcommand_from ");
    iv_buf_puts(buf, command->name);
    if (command->verb != NULL) {
        iv_buf_printf(buf, "; and __fish_seen_subcommand_from %s", command->verb);
    }
    iv_buf_printf(buf, "' -l %s", option->name);
    if (option->letter != 0) {
        iv_buf_printf(buf, " -s %c", option->letter);
    }
    if (option->argument != NULL && option->implied == NULL) {
        iv_buf_puts(buf, option->complete != IV_COMPLETE_NONE ? " -r" : " -x");
    }
    /* fish knows no argument that may be left out: then the bare option alone is offered. */
    if (has_words(option) && option->implied == NULL) {
        iv_buf_puts(buf, " -a '");
        iv_option_add_words(option, " ", buf);
        iv_buf_putc(buf, '\'');
    }
    iv_buf_puts(buf, " -d ");
    add_quoted(buf, option->help);
    iv_buf_putc(buf, '\n');
}

static void write_fish(const struct iv_command *const *commands, size_t count, struct iv_buf *buf)
{
    iv_buf_puts(buf, "# fish completion for imgval, written from its option tables.\n");
    for (size_t c = 0; c < count; c++) {
        const struct iv_command *command = commands[c];
        if (is_first_of_name(commands, c)) {
            iv_buf_printf(buf, "complete -c imgval -n __fish_use_subcommand -a %s -d ",
                          command->name);
            add_quoted(buf, command->verb == NULL                  ? command->summary
                            : strcmp(command->name, "policy") == 0 ? "the policy file"
                                                                   : "the baseline store");
            iv_buf_putc(buf, '\n');
        }
        if (command->verb != NULL) {
            iv_buf_printf(buf, "complete -c imgval -n '__fish_seen_subcommand_from %s' -a %s -d ",
                          command->name, command->verb);
            add_quoted(buf, command->summary);
            iv_buf_putc(buf, '\n');
        }
        for (size_t g = 0; g < command->group_count; g++) {
            for (size_t i = 0; i < command->groups[g]->count; i++) {
                if (!command->groups[g]->options[i].hidden) {
                    fish_option(command, &command->groups[g]->options[i], buf);
                }
            }
        }
    }
}

bool iv_options_completion(const struct iv_command *const *commands, size_t count,
                           const char *shell, struct iv_buf *buf)
{
    if (strcmp(shell, "bash") == 0) {
        write_bash(commands, count, buf);
    } else if (strcmp(shell, "zsh") == 0) {
        write_zsh(commands, count, buf);
    } else if (strcmp(shell, "fish") == 0) {
        write_fish(commands, count, buf);
    } else {
        return false;
    }
    return true;
}
