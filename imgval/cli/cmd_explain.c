/*
 * imgval explain: what a rule checks, why, examples that pass and fail, how to fix it. A rule is
 * named by id, name, or a message as it was printed here or by Microsoft's tools (rules/match.h).
 */
#include "imgval/cli/command.h"

#include "imgval/base/guess.h"
#include "imgval/report/show/rules_page.h"
#include "imgval/report/show/rules_text.h"
#include "rules/match.h"
#include "rules/rules.h"

#include <string.h>

struct explain_arguments {
    bool manual;
    int format; /* index in explain_formats */
};

static const char *const explain_formats[] = {"text", "html", NULL};

static const struct iv_option explain_options[] = {
    {.name = "format",
     .argument = "text|html",
     .type = IV_OPTION_WORD,
     .offset = offsetof(struct explain_arguments, format),
     .words = explain_formats,
     .help = "html: a page whose anchors are the rules' ids, for --rules-url"},
    {.name = "manual",
     .type = IV_OPTION_FLAG,
     .offset = offsetof(struct explain_arguments, manual),
     .hidden = true,
     .help = "the rule list of imgval-rules(7) and the limits, in mdoc"},
};
static const struct iv_option_group explain_group = {.options = explain_options,
                                                     .count = IV_COUNT(explain_options)};
static const struct iv_option_group *const groups[] = {&explain_group};

/* All rules, or one, as a page. */
static int explain_html(const struct iv_rule *rule)
{
    struct iv_rules families[IV_RULE_FAMILIES];
    iv_rules_all(families);
    iv_rules_page(families, IV_RULE_FAMILIES, rule, stdout);
    return iv_command_flush(IV_EXIT_PASS);
}

/* The list, or all texts as mdoc for the manual page, which tests/lint/manual.py takes from
 * here. */
static int explain_all(bool manual)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_rules families[IV_RULE_FAMILIES];
    iv_rules_all(families);
    if (manual) {
        iv_rules_manual(families, IV_RULE_FAMILIES, &text);
    }
    for (size_t f = 0; f < IV_RULE_FAMILIES && !manual; f++) {
        for (size_t i = 0; i < families[f].count; i++) {
            iv_rules_line(&families[f].rows[i], &text);
        }
    }
    return iv_command_show(&text, IV_EXIT_PASS);
}

/* Nothing is known by this name: what may have been meant. Ids and names are both offered, since
 * either may have been mistyped. */
static int refuse_unknown(const char *asked)
{
    struct iv_error err;
    struct iv_rules families[IV_RULE_FAMILIES];
    struct iv_guess guess = {.word = asked};
    iv_rules_all(families);
    for (size_t f = 0; f < IV_RULE_FAMILIES; f++) {
        for (size_t i = 0; i < families[f].count; i++) {
            iv_guess_offer(&guess, families[f].rows[i].id);
            iv_guess_offer(&guess, families[f].rows[i].name);
        }
    }
    if (guess.best != NULL) {
        iv_error_set(&err, IV_ERROR_USAGE,
                     "no rule has the id or name \"%s\"; did you mean %s? imgval explain lists all",
                     guess.word, guess.best);
    } else {
        iv_error_set(&err, IV_ERROR_USAGE,
                     "no rule has the id, name or message \"%.200s\"; imgval explain lists all",
                     asked);
    }
    return iv_command_fail(&err);
}

/* By id or name first: a message may hold the name of another rule. */
static int run_explain(const struct iv_command *command, void *options,
                       const struct iv_strings *arguments, struct iv_arena *arena)
{
    (void)command;
    (void)arena;
    const struct explain_arguments *given = options;
    const bool is_html = strcmp(explain_formats[given->format], "html") == 0;
    if (arguments->count == 0) {
        return is_html ? explain_html(NULL) : explain_all(given->manual);
    }
    /* A pasted message may come as one argument or, unquoted, as many. */
    struct iv_buf asked IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < arguments->count; i++) {
        iv_buf_printf(&asked, "%s%s", i == 0 ? "" : " ", arguments->items[i]);
    }
    const struct iv_rule *rule = iv_rules_find(iv_buf_text(&asked));
    if (rule == NULL) {
        rule = iv_rules_find_message(iv_buf_text(&asked));
    }
    if (rule == NULL) {
        return refuse_unknown(iv_buf_text(&asked));
    }
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    if (is_html) {
        return explain_html(rule);
    }
    iv_rules_explain(rule, &text);
    return iv_command_show(&text, IV_EXIT_PASS);
}

const struct iv_command iv_cmd_explain = {
    .name = "explain",
    .synopsis = "[ID | NAME | MESSAGE]",
    .summary = "Explain a rule, or list all of them.",
    .details =
        "A rule is named by its id (STD002), its name (zero-version), or a message as it was\n"
        "printed by this program or by Microsoft's tools.",
    .options_size = sizeof(struct explain_arguments),
    .groups = groups,
    .group_count = IV_COUNT(groups),
    .complete = IV_COMPLETE_RULE,
    .run = run_explain,
};
