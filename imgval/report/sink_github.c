/*
 * Workflow commands of GitHub Actions, one line for each finding that is not waived:
 *
 *     ::error file=PATH,line=N,title=TITLE::MESSAGE
 *
 * A step shows only the first few annotations of each kind, so the most serious come first. In a
 * message % CR LF are written %25 %0D %0A; in a property also : as %3A and , as %2C.
 */
#include "imgval/report/history/commands.h"
#include "imgval/report/sink.h"
#include "imgval/report/write/escape.h"

static const char *const commands[] = {
    [IV_NOTE] = "notice",
    [IV_WARNING] = "warning",
    [IV_ERROR] = "error",
};

/* `more`: the characters that are encoded besides % CR LF. */
static void add_encoded(struct iv_buf *line, const char *text, const char *more)
{
    iv_escape_command(line, text, "%25", more);
}

/* One annotation: the file and line that GitHub shows it at, then title and text. */
static void add_finding(struct iv_buf *line, const struct iv_finding *finding, bool with_remedy)
{
    iv_buf_printf(line, "::%s ", commands[finding->severity]);
    if (finding->path != NULL) {
        iv_buf_puts(line, "file=");
        add_encoded(line, finding->path, ":,");
        /* A line within a cabinet's member is no line of the file. */
        if (finding->line != 0 && finding->member == NULL) {
            iv_buf_printf(line, ",line=%llu", (unsigned long long)finding->line);
        }
        iv_buf_putc(line, ',');
    }
    iv_buf_puts(line, "title=");
    add_encoded(line, finding->rule->id, ":,");
    iv_buf_putc(line, ' ');
    add_encoded(line, finding->rule->name, ":,");
    iv_buf_puts(line, "::");
    add_encoded(line, finding->message, "");
    if (with_remedy && finding->remedy != NULL && finding->remedy[0] != '\0') {
        iv_buf_puts(line, "%0A");
        add_encoded(line, finding->remedy, "");
    }
    iv_buf_putc(line, '\n');
}

/* What an audit could not judge. It is no finding of a rule, and all the same nobody must miss
 * it. */
static void add_gap(struct iv_buf *line, const char *path, const char *reason)
{
    iv_buf_puts(line, "::warning file=");
    add_encoded(line, path, ":,");
    iv_buf_puts(line, ",title=not judged in full::");
    add_encoded(line, reason, "");
    iv_buf_putc(line, '\n');
}

static void write_report(const struct iv_report *report, const struct iv_style_options *style,
                         FILE *out)
{
    (void)style; /* the runner reads UTF-8 wherever it runs */
    iv_sink_commands(report, add_finding, out);
}

static void write_request(const struct iv_request *request, const struct iv_style_options *style,
                          FILE *out)
{
    (void)style;
    iv_request_commands(request, add_finding, out);
}

static void write_audit(const struct iv_audit *audit, const struct iv_style_options *style,
                        FILE *out)
{
    (void)style;
    iv_audit_commands(audit, add_finding, add_gap, out);
}

const struct iv_sink iv_sink_github = {
    .name = "github",
    .summary = "annotations of GitHub Actions, one line a finding",
    .write = write_report,
    .rfu = write_request,
    .audit = write_audit,
};
