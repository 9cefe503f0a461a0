/*
 * A rule in words: as one line of the list, as imgval explain shows it, and as an item of the
 * manual page imgval-rules(7), whose list of limits is written here too. A rule has all of its
 * texts before it lands (the unit test of the tables refuses one without); one that is being
 * written is shown as far as it goes.
 */
#include "imgval/report/show/rules_text.h"

#include "imgval/base/limits.h"

#include <inttypes.h>
#include <string.h>

/* For the list of all rules. */
void iv_rules_line(const struct iv_rule *rule, struct iv_buf *buf)
{
    iv_buf_printf(buf, "%-8s %-27s %-8s %s\n", rule->id, rule->name,
                  iv_severity_names[rule->severity], rule->summary != NULL ? rule->summary : "");
}

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

/* What `imgval explain ID` prints. */
void iv_rules_explain(const struct iv_rule *rule, struct iv_buf *buf)
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

/* Text in a manual: what mdoc would take for a request or an escape is escaped. */
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

/* imgval-rules(7) is made of the tables, so that it cannot say another thing than the program. */
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

void iv_rules_manual(const struct iv_rules *families, size_t family_count, struct iv_buf *buf)
{
    iv_buf_puts(buf, ".Sh RULES\n.Bl -tag -width Ds\n");
    for (size_t f = 0; f < family_count; f++) {
        for (size_t i = 0; i < families[f].count; i++) {
            add_mdoc_rule(buf, &families[f].rows[i]);
        }
    }
    iv_buf_puts(buf, ".El\n");
    add_mdoc_limits(buf);
}
