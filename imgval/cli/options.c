/*
 * Command lines from tables. A command has groups of rows (struct iv_option); a row says the name,
 * the type and where in the command's struct the value goes, as an offset. The same rows parse,
 * print --help and the manual page, complete words in a shell and repeat options in a suggested
 * command, so that none of these can differ from what is accepted.
 *
 * Parsing goes from left to right and stops at the first mistake, with the nearest known name as a
 * suggestion. A name must be written out: no abbreviation that a later option could make ambiguous.
 */
#include "imgval/cli/options.h"

#include "imgval/base/buf.h"
#include "imgval/base/guess.h"
#include "imgval/base/program.h"
#include "imgval/base/text.h"

#include <string.h>

const struct iv_option *iv_option_find(const struct iv_command *command, const char *name,
                                       size_t length, char letter)
{
    for (size_t g = 0; g < command->group_count; g++) {
        for (size_t i = 0; i < command->groups[g]->count; i++) {
            const struct iv_option *option = &command->groups[g]->options[i];
            if (name != NULL
                    ? strlen(option->name) == length && memcmp(option->name, name, length) == 0
                    : option->letter == letter) {
                return option;
            }
        }
    }
    return NULL;
}

/* Two sources of words, one way to ask: a fixed list, or a table of another module. */
const char *iv_option_word(const struct iv_option *option, size_t i, const char **ret_help)
{
    *ret_help = NULL;
    if (option->word_at != NULL) {
        return option->word_at(i, ret_help);
    }
    return option->words == NULL ? NULL : option->words[i];
}

void iv_option_add_words(const struct iv_option *option, const char *between, struct iv_buf *buf)
{
    const char *help;
    const char *word;
    for (size_t i = 0; (word = iv_option_word(option, i, &help)) != NULL; i++) {
        iv_buf_printf(buf, "%s%s", i == 0 ? "" : between, word);
    }
}

/* The place of the value in the list of words; another word is an error that offers the nearest
 * one. */
static bool set_word(const struct iv_option *option, const char *value, int *ret_word,
                     struct iv_error *err)
{
    const char *help;
    const char *word;
    for (size_t i = 0; (word = iv_option_word(option, i, &help)) != NULL; i++) {
        if (strcmp(word, value) == 0) {
            *ret_word = (int)i;
            return true;
        }
    }
    struct iv_buf words IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_guess guess = {.word = value};
    for (size_t i = 0; (word = iv_option_word(option, i, &help)) != NULL; i++) {
        iv_guess_offer(&guess, word);
    }
    iv_option_add_words(option, "|", &words);
    return iv_error_set(err, IV_ERROR_USAGE, "--%s=%s: expected %s%s%s%s", option->name, value,
                        iv_buf_text(&words), guess.best == NULL ? "" : "; did you mean ",
                        guess.best == NULL ? "" : guess.best, guess.best == NULL ? "" : "?");
}

/* Decimal digits alone: no sign, no blank, no 0x, no suffix. */
static bool set_number(const struct iv_option *option, const char *value, int64_t *ret_number,
                       struct iv_error *err)
{
    uint64_t number;
    if (!iv_parse_decimal(value, strlen(value), UINT32_MAX, &number)) {
        return iv_error_set(err, IV_ERROR_USAGE, "--%s=%s: expected a whole number", option->name,
                            value);
    }
    *ret_number = (int64_t)number;
    return true;
}

/* Where a path is expected, its separators may be those of the system (on Windows a backslash);
 * below this all paths have slashes. What is completed as a path is one. */
static const char *as_path(enum iv_completion expected, const char *word, struct iv_arena *arena)
{
    switch (expected) {
    case IV_COMPLETE_FILE:
    case IV_COMPLETE_DIRECTORY:
    case IV_COMPLETE_SUBMISSION:
        return iv_program_path(word, arena);
    case IV_COMPLETE_NONE:
    case IV_COMPLETE_RULE:
    case IV_COMPLETE_RECORD:
        break;
    }
    return word;
}

static bool set_string(const struct iv_option *option, const char *value, const char **place,
                       struct iv_error *err)
{
    if (option->once && *place != NULL && strcmp(*place, value) != 0) {
        return iv_error_set(err, IV_ERROR_USAGE, "--%s is given twice: %s and %s", option->name,
                            *place, value);
    }
    *place = value;
    return true;
}

/* Writes the value where the row says, into a struct of which nothing else is known here: the row's
 * type stands for the member's, so a wrong row is a bug that the tests of options find. `value` is
 * "" for an option without argument. */
static bool apply(const struct iv_option *option, const char *value, struct iv_arena *arena,
                  void *options, struct iv_error *err)
{
    char *place = (char *)options + option->offset;
    value = as_path(option->complete, value, arena);
    if (option->given_offset != 0) {
        bool given = true;
        memcpy((char *)options + option->given_offset, &given, sizeof(given));
    }
    switch (option->type) {
    case IV_OPTION_FLAG:
        *(bool *)(void *)place = true;
        return true;
    case IV_OPTION_COUNT:
        *(unsigned *)(void *)place += 1;
        return true;
    case IV_OPTION_STRING:
        return set_string(option, value, (const char **)(void *)place, err);
    case IV_OPTION_LIST:
        iv_strings_add(arena, (struct iv_strings *)(void *)place, value);
        return true;
    case IV_OPTION_WORD:
        return set_word(option, value, (int *)(void *)place, err);
    case IV_OPTION_NUMBER:
        return set_number(option, value, (int64_t *)(void *)place, err);
    }
    return true;
}

/* The words still to be looked at. */
struct words {
    char *const *items;
    int count;
    int at;
};

/* Hidden options are for tests and are never suggested. */
static bool unknown_option(const struct iv_command *command, const char *word, size_t length,
                           struct iv_arena *arena, struct iv_error *err)
{
    struct iv_guess guess = {.word = iv_arena_strndup(arena, word, length)};
    for (size_t g = 0; g < command->group_count; g++) {
        for (size_t i = 0; i < command->groups[g]->count; i++) {
            const struct iv_option *option = &command->groups[g]->options[i];
            if (!option->hidden) {
                iv_guess_offer(&guess, option->name);
            }
        }
    }
    return guess.best == NULL
               ? iv_error_set(err, IV_ERROR_USAGE, "unknown option --%s", word)
               : iv_error_set(err, IV_ERROR_USAGE, "unknown option --%s; did you mean --%s?", word,
                              guess.best);
}

/* --name, --name=value or --name value. An option whose value may be left out takes none from the
 * next word. */
static bool parse_long(const struct iv_command *command, struct words *words,
                       struct iv_arena *arena, void *options, struct iv_error *err)
{
    const char *word = words->items[words->at++] + 2;
    const char *equals = strchr(word, '=');
    size_t length = equals == NULL ? strlen(word) : (size_t)(equals - word);
    const struct iv_option *option = iv_option_find(command, word, length, 0);
    if (option == NULL) {
        return unknown_option(command, word, length, arena, err);
    }
    if (option->argument == NULL) {
        if (equals != NULL) {
            return iv_error_set(err, IV_ERROR_USAGE, "--%s takes no value", option->name);
        }
        return apply(option, "", arena, options, err);
    }
    if (equals == NULL && option->implied != NULL) {
        return apply(option, option->implied, arena, options, err);
    }
    if (equals == NULL && words->at >= words->count) {
        return iv_error_set(err, IV_ERROR_USAGE, "--%s needs a value: --%s=%s", option->name,
                            option->name, option->argument);
    }
    const char *value = equals != NULL ? equals + 1 : words->items[words->at++];
    return apply(option, value, arena, options, err);
}

/* -a, -abc, -xvalue or -x value. The first letter that takes a value takes the rest of the word. */
static bool parse_short(const struct iv_command *command, struct words *words,
                        struct iv_arena *arena, void *options, struct iv_error *err)
{
    const char *letters = words->items[words->at++] + 1;
    while (*letters != '\0') {
        char letter = *letters++;
        const struct iv_option *option = iv_option_find(command, NULL, 0, letter);
        if (option == NULL) {
            char shown[2] = {letter >= ' ' && letter < 127 ? letter : '?', '\0'};
            return iv_error_set(err, IV_ERROR_USAGE, "unknown option -%s", shown);
        }
        if (option->argument == NULL) {
            if (!apply(option, "", arena, options, err)) {
                return false;
            }
            continue;
        }
        if (*letters == '\0' && words->at >= words->count) {
            return iv_error_set(err, IV_ERROR_USAGE, "-%c needs a value", letter);
        }
        const char *value = *letters != '\0' ? letters : words->items[words->at++];
        return apply(option, value, arena, options, err);
    }
    return true;
}

/* A lone "-" is an argument (standard input). --help is obeyed as soon as it is met, so that it
 * works on a line that is otherwise wrong. */
bool iv_options_parse(const struct iv_command *command, int count, char *const *words_given,
                      struct iv_arena *arena, struct iv_parsed *ret_parsed, struct iv_error *err)
{
    struct words words = {.items = words_given, .count = count};
    bool ended = false;
    *ret_parsed = (struct iv_parsed){.options = iv_arena_alloc(arena, command->options_size)};
    while (words.at < words.count) {
        const char *word = words.items[words.at];
        bool parsed = true;
        if (ended || word[0] != '-' || word[1] == '\0') {
            iv_strings_add(arena, &ret_parsed->arguments, as_path(command->complete, word, arena));
            words.at++;
        } else if (strcmp(word, "--") == 0) {
            ended = true;
            words.at++;
        } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            ret_parsed->help = true;
            return true;
        } else if (word[1] == '-') {
            parsed = parse_long(command, &words, arena, ret_parsed->options, err);
        } else {
            parsed = parse_short(command, &words, arena, ret_parsed->options, err);
        }
        if (!parsed) {
            return false;
        }
    }
    return true;
}

/* --- help ----------------------------------------------------------------------------------- */

/* "imgval cache add": the command as it is typed. */
static void add_usage_name(struct iv_buf *buf, const struct iv_command *command)
{
    iv_buf_printf(buf, "imgval %s", command->name);
    if (command->verb != NULL) {
        iv_buf_printf(buf, " %s", command->verb);
    }
}

/* "  -j, --jobs=N" */
static void add_option_name(struct iv_buf *buf, const struct iv_option *option)
{
    if (option->letter != 0) {
        iv_buf_printf(buf, "  -%c, --%s", option->letter, option->name);
    } else {
        iv_buf_printf(buf, "      --%s", option->name);
    }
    if (option->argument != NULL) {
        iv_buf_printf(buf, option->implied != NULL ? "[=%s]" : "=%s", option->argument);
    }
}

/* A group of hidden options alone is not shown. */
static bool is_shown(const struct iv_option_group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        if (!group->options[i].hidden) {
            return true;
        }
    }
    return false;
}

/* A fixed width and no look at the terminal: --help in a log or a manual is the same text. */
enum { HELP_COLUMN = 34, HELP_WIDTH = 96 };

/* Text that starts in a column, `used` of which are written, wrapped under it. */
static void add_wrapped(struct iv_buf *buf, size_t column, size_t used, const char *text)
{
    for (;;) {
        size_t length = strlen(text);
        if (length > HELP_WIDTH - column) {
            length = HELP_WIDTH - column;
            while (length > 1 && text[length] != ' ') {
                length--;
            }
        }
        iv_buf_printf(buf, "%*s%.*s\n", (int)(column - used), "", (int)length, text);
        text += length;
        if (*text == '\0') {
            return;
        }
        text += *text == ' ' ? 1 : 0;
        used = 0;
    }
}

/* The help of an option beside its name, or on the lines below. Words that have something to say
 * stand under it, one a line; a list shares them with the option that has them. */
static void add_option_help(struct iv_buf *buf, const struct iv_option *option)
{
    const char *help;
    const char *word;
    size_t start = buf->size;
    add_option_name(buf, option);
    size_t used = buf->size - start;
    if (used + 2 > HELP_COLUMN) {
        iv_buf_putc(buf, '\n');
        used = 0;
    }
    add_wrapped(buf, HELP_COLUMN, used, option->help);
    for (size_t i = 0; option->type == IV_OPTION_WORD &&
                       (word = iv_option_word(option, i, &help)) != NULL && help != NULL;
         i++) {
        start = buf->size;
        iv_buf_printf(buf, "%*s%s", HELP_COLUMN + 2, "", word);
        add_wrapped(buf, HELP_COLUMN + 12, buf->size - start, help);
    }
}

/* A heading and its options; hidden ones are left out. */
static void add_group_help(struct iv_buf *buf, const struct iv_option_group *group)
{
    iv_buf_printf(buf, "\n%s:\n", group->title == NULL ? "Options" : group->title);
    for (size_t i = 0; i < group->count; i++) {
        if (!group->options[i].hidden) {
            add_option_help(buf, &group->options[i]);
        }
    }
}

void iv_options_help(const struct iv_command *command, struct iv_buf *buf)
{
    iv_buf_puts(buf, "usage: ");
    add_usage_name(buf, command);
    iv_buf_printf(buf, "%s%s%s\n\n%s\n", command->group_count > 0 ? " [options]" : "",
                  command->synopsis[0] == '\0' ? "" : " ", command->synopsis, command->summary);
    if (command->details != NULL) {
        iv_buf_printf(buf, "\n%s\n", command->details);
    }
    for (size_t g = 0; g < command->group_count; g++) {
        if (is_shown(command->groups[g])) {
            add_group_help(buf, command->groups[g]);
        }
    }
}

/* --- the manual page ------------------------------------------------------------------------- */

/* Text as mdoc input: no line starts with a control character, backslashes are escaped. */
static void add_mdoc(struct iv_buf *buf, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\\') {
            iv_buf_puts(buf, "\\e");
        } else if (*c == '-') {
            iv_buf_puts(buf, "\\-");
        } else if ((*c == '.' || *c == '\'') && (c == text || c[-1] == '\n')) {
            iv_buf_puts(buf, "\\&");
            iv_buf_putc(buf, *c);
        } else if (*c == '\n' && c[1] == '\n') {
            iv_buf_puts(buf, "\n.Pp\n");
            c++;
        } else {
            iv_buf_putc(buf, *c);
        }
    }
}

/* One option as an item of an mdoc list, with its words below it. */
static void add_manual_option(struct iv_buf *buf, const struct iv_option *option)
{
    iv_buf_puts(buf, ".It ");
    if (option->letter != 0) {
        iv_buf_printf(buf, "Fl %c , ", option->letter);
    }
    iv_buf_printf(buf, "Fl \\-%s", option->name);
    if (option->argument != NULL) {
        iv_buf_printf(buf, option->implied != NULL ? " Ns Oo = Ns Ar %s Oc" : " Ns = Ns Ar %s",
                      option->argument);
    }
    iv_buf_putc(buf, '\n');
    add_mdoc(buf, option->help);
    const char *help;
    const char *word = iv_option_word(option, 0, &help);
    if (option->type != IV_OPTION_WORD || word == NULL || help == NULL) {
        iv_buf_puts(buf, ".\n");
        return;
    }
    iv_buf_puts(buf, ":\n.Bl -tag -width markdown -compact\n");
    for (size_t i = 0; (word = iv_option_word(option, i, &help)) != NULL; i++) {
        iv_buf_printf(buf, ".It Cm %s\n", word);
        add_mdoc(buf, help);
        iv_buf_putc(buf, '\n');
    }
    iv_buf_puts(buf, ".El\n");
}

/* The lists between the markers of imgval(1) are this text: tests/lint/manual.py puts it there and
 * fails where they differ. */
void iv_options_manual(const struct iv_command *const *commands, size_t count, struct iv_buf *buf)
{
    for (size_t c = 0; c < count; c++) {
        const struct iv_command *command = commands[c];
        iv_buf_puts(buf, ".Ss ");
        add_usage_name(buf, command);
        iv_buf_printf(buf, " %s\n", command->synopsis);
        add_mdoc(buf, command->summary);
        iv_buf_putc(buf, '\n');
        if (command->details != NULL) {
            iv_buf_puts(buf, ".Pp\n");
            add_mdoc(buf, command->details);
            iv_buf_putc(buf, '\n');
        }
        for (size_t g = 0; g < command->group_count; g++) {
            if (!is_shown(command->groups[g])) {
                continue;
            }
            iv_buf_printf(buf, ".Pp\n%s:\n.Bl -tag -width Ds\n",
                          command->groups[g]->title == NULL ? "Options"
                                                            : command->groups[g]->title);
            for (size_t i = 0; i < command->groups[g]->count; i++) {
                if (!command->groups[g]->options[i].hidden) {
                    add_manual_option(buf, &command->groups[g]->options[i]);
                }
            }
            iv_buf_puts(buf, ".El\n");
        }
    }
}

/* ---- options once more ----------------------------------------------------------------------- */

/* As a shell takes it: the whole word is quoted where it must be. */
static void repeat_text(struct iv_buf *buf, const char *name, const char *value)
{
    struct iv_buf word IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_printf(&word, "--%s=%s", name, value);
    iv_buf_putc(buf, ' ');
    iv_shell_quote(buf, iv_buf_text(&word));
}

/* One that is given, as far as its value says so. A word has a default, so only `given_offset` can
 * tell; counts and numbers are never among the names. */
static void repeat_option(struct iv_buf *buf, const struct iv_option *option, const char *at,
                          const char *options)
{
    const struct iv_strings *list = (const void *)at;
    switch (option->type) {
    case IV_OPTION_FLAG:
        if (*(const bool *)(const void *)at) {
            iv_buf_printf(buf, " --%s", option->name);
        }
        break;
    case IV_OPTION_STRING:
        if (*(const char *const *)(const void *)at != NULL) {
            repeat_text(buf, option->name, *(const char *const *)(const void *)at);
        }
        break;
    case IV_OPTION_LIST:
        for (size_t i = 0; i < list->count; i++) {
            repeat_text(buf, option->name, list->items[i]);
        }
        break;
    case IV_OPTION_WORD:
        if (option->given_offset != 0 && *(const bool *)(options + option->given_offset)) {
            const char *help;
            repeat_text(buf, option->name,
                        iv_option_word(option, (size_t) * (const int *)(const void *)at, &help));
        }
        break;
    case IV_OPTION_COUNT:
    case IV_OPTION_NUMBER:
        break;
    }
}

/* In the order of the tables and not of the line: equal options give equal commands. */
const char *iv_options_repeat(const struct iv_command *command, const void *options,
                              const char *const *names, struct iv_arena *arena)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t g = 0; g < command->group_count; g++) {
        for (size_t i = 0; i < command->groups[g]->count; i++) {
            const struct iv_option *option = &command->groups[g]->options[i];
            for (size_t k = 0; names[k] != NULL; k++) {
                if (strcmp(option->name, names[k]) == 0) {
                    repeat_option(&buf, option, (const char *)options + option->offset, options);
                }
            }
        }
    }
    return iv_arena_strndup(arena, iv_buf_text(&buf), buf.size);
}
