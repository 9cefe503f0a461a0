/* imgval explain: what a rule checks, why, examples that pass and fail, how to fix it. */
#include "imgval/cli/command.h"

#include "imgval/base/guess.h"
#include "imgval/base/limits.h"
#include "imgval/base/text.h"
#include "imgval/report/write/rules_page.h"
#include "rules/match.h"
#include "rules/rules.h"

#include <inttypes.h>
#include <stdio.h>
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

static void add_rule_line(struct iv_buf *buf, const struct iv_rule *rule)
{
    iv_buf_printf(buf, "%-8s %-27s %-8s %s\n", rule->id, rule->name,
                  iv_severity_names[rule->severity], rule->summary != NULL ? rule->summary : "");
}

/* A rule has all of its texts before it lands: the unit test of the tables refuses one without. One
 * that is being written is explained as far as it goes: a text of NULL is left out. */

/* "  Why     text wrapped to `width` columns with a hanging indent". Keeps the text's own lines. */
static void add_wrapped(struct iv_buf *buf, const char *label, const char *text)
{
    const size_t indent = 12;
    const size_t width = 92;
    if (text == NULL) {
        return;
    }
    iv_buf_printf(buf, "  %-10s", label);
    size_t column = indent;
    for (const char *c = text; *c != '\0';) {
        size_t blanks = strspn(c, " ");
        size_t word = strcspn(c + blanks, " \n");
        if (c[blanks] == '\n' || (column > indent && column + blanks + word > width)) {
            iv_buf_printf(buf, "\n%*s", (int)indent, "");
            column = indent;
            c += blanks + (c[blanks] == '\n' ? 1 : 0);
            continue;
        }
        iv_buf_add(buf, c, blanks + word);
        column += blanks + word;
        c += blanks + word;
    }
    iv_buf_putc(buf, '\n');
}

/* Examples are shown as they are: their blanks matter. */
static void add_verbatim(struct iv_buf *buf, const char *label, const char *text)
{
    if (text == NULL) {
        return;
    }
    iv_buf_printf(buf, "  %-10s", label);
    for (const char *c = text; *c != '\0'; c++) {
        iv_buf_putc(buf, *c);
        if (*c == '\n' && c[1] != '\0') {
            iv_buf_puts(buf, "            ");
        }
    }
    if (iv_buf_text(buf)[buf->size - 1] != '\n') {
        iv_buf_putc(buf, '\n');
    }
}

static void add_rule(struct iv_buf *buf, const struct iv_rule *rule)
{
    iv_buf_printf(buf, "%s  %s  (%s%s)\n\n", rule->id, rule->name,
                  iv_severity_names[rule->severity],
                  rule->incomplete ? "; means that something was not checked" : "");
    add_wrapped(buf, "Must hold", rule->summary);
    add_wrapped(buf, "Why", rule->why);
    add_wrapped(buf, "Remedy", rule->remedy);
    add_verbatim(buf, "Passes", rule->passes);
    add_verbatim(buf, "Fails", rule->fails);
    if (rule->message != NULL) {
        add_wrapped(buf, "Message", rule->message);
    }
}

static void add_mdoc_text(struct iv_buf *buf, const char *text)
{
    for (const char *c = text != NULL ? text : ""; *c != '\0'; c++) {
        if (*c == '\\') {
            iv_buf_puts(buf, "\\e");
        } else if ((*c == '.' || *c == '\'') && (c == text || c[-1] == '\n')) {
            iv_buf_printf(buf, "\\&%c", *c);
        } else {
            iv_buf_putc(buf, *c);
        }
    }
    iv_buf_putc(buf, '\n');
}

static void add_mdoc_rule(struct iv_buf *buf, const struct iv_rule *rule)
{
    iv_buf_printf(buf, ".It Sy %s %s Pq %s%s\n", rule->id, rule->name,
                  iv_severity_names[rule->severity], rule->incomplete ? ", not checked" : "");
    add_mdoc_text(buf, rule->summary);
    add_mdoc_text(buf, rule->why);
    iv_buf_puts(buf, ".Pp\n.Em Remedy :\n");
    add_mdoc_text(buf, rule->remedy);
    iv_buf_puts(buf, ".Pp\n.Em Passes :\n.Bd -literal -compact -offset indent\n");
    add_mdoc_text(buf, rule->passes);
    iv_buf_puts(buf, ".Ed\n.Em Fails :\n.Bd -literal -compact -offset indent\n");
    add_mdoc_text(buf, rule->fails);
    iv_buf_puts(buf, ".Ed\n");
    if (rule->message != NULL) {
        iv_buf_puts(buf, ".Em Message :\n");
        add_mdoc_text(buf, rule->message);
    }
}

static void add_mdoc_limits(struct iv_buf *buf)
{
#define IV_LIMIT_MDOC(member, name, value, unit, reason)                                           \
    iv_buf_printf(buf, ".It %s\n%" PRIu64 " %s; %s.\n", name, (uint64_t)(value), unit, reason);
    iv_buf_puts(buf, ".Sh LIMITS\nA limit that is hit is named in a finding (IMG005); it is never "
                     "a pass.\n.Bl -tag -width Ds\n");
    IV_LIMIT_ROWS(IV_LIMIT_MDOC)
    iv_buf_puts(buf, ".El\n");
#undef IV_LIMIT_MDOC
}

/* All rules, or one, as a page. */
static int explain_html(const struct iv_rule *rule)
{
    const struct iv_buf nothing = {0};
    struct iv_rules families[IV_RULE_FAMILIES];
    iv_rules_all(families);
    iv_rules_page(families, IV_RULE_FAMILIES, rule, stdout);
    return iv_command_print(&nothing, IV_EXIT_PASS); /* says whether all of it was written */
}

static int explain_all(bool manual)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_rules families[IV_RULE_FAMILIES];
    iv_rules_all(families);
    if (manual) {
        iv_buf_puts(&text, ".Sh RULES\n.Bl -tag -width Ds\n");
    }
    for (size_t f = 0; f < IV_RULE_FAMILIES; f++) {
        for (size_t i = 0; i < families[f].count; i++) {
            if (manual) {
                add_mdoc_rule(&text, &families[f].rows[i]);
            } else {
                add_rule_line(&text, &families[f].rows[i]);
            }
        }
    }
    if (manual) {
        iv_buf_puts(&text, ".El\n");
        add_mdoc_limits(&text);
    }
    return iv_command_print(&text, IV_EXIT_PASS);
}

static int run_explain(const struct iv_command *command, void *options,
                       const struct iv_strings *arguments, struct iv_arena *arena)
{
    (void)command;
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
        struct iv_error err;
        struct iv_rules families[IV_RULE_FAMILIES];
        struct iv_guess guess = {.word = iv_buf_text(&asked)};
        iv_rules_all(families);
        for (size_t f = 0; f < IV_RULE_FAMILIES; f++) {
            for (size_t i = 0; i < families[f].count; i++) {
                iv_guess_offer(&guess, families[f].rows[i].id);
                iv_guess_offer(&guess, families[f].rows[i].name);
            }
        }
        if (guess.best != NULL) {
            iv_error_set(&err, IV_ERROR_USAGE,
                         "no rule has the id or name \"%s\"; did you mean %s? imgval explain "
                         "lists all",
                         guess.word, guess.best);
            return iv_command_fail(&err);
        }
        iv_error_set(&err, IV_ERROR_USAGE,
                     "no rule has the id, name or message \"%.200s\"; imgval explain lists all",
                     iv_arena_strdup(arena, iv_buf_text(&asked)));
        return iv_command_fail(&err);
    }
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    if (is_html) {
        return explain_html(rule);
    }
    add_rule(&text, rule);
    return iv_command_print(&text, IV_EXIT_PASS);
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
