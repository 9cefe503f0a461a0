/*
 * Logging commands of Azure Pipelines, one line for each error and warning that is not waived:
 *
 *     ##vso[task.logissue type=error;sourcepath=PATH;linenumber=N;code=ID;]MESSAGE
 *
 * A note has no such command and is a plain line. In a message % CR LF are written %AZP25 %0D %0A;
 * in a property also ; as %3B and ] as %5D.
 */
#include "imgval/report/history/commands.h"
#include "imgval/report/sink.h"
#include "imgval/report/write/escape.h"

/* `more`: the characters that are encoded besides % CR LF. */
static void add_encoded(struct iv_buf *line, const char *text, const char *more)
{
    iv_escape_command(line, text, "%AZP25", more);
}

/* Azure has errors and warnings only; it counts both, and shows them above the log. */
static void add_command(struct iv_buf *line, const struct iv_finding *finding, bool with_remedy)
{
    iv_buf_printf(line, "##vso[task.logissue type=%s;", iv_severity_names[finding->severity]);
    if (finding->path != NULL) {
        iv_buf_puts(line, "sourcepath=");
        add_encoded(line, finding->path, ";]");
        iv_buf_putc(line, ';');
        /* A line within a cabinet's member is no line of the file. */
        if (finding->line != 0 && finding->member == NULL) {
            iv_buf_printf(line, "linenumber=%llu;", (unsigned long long)finding->line);
        }
    }
    iv_buf_puts(line, "code=");
    add_encoded(line, finding->rule->id, ";]");
    iv_buf_puts(line, ";]");
    add_encoded(line, finding->rule->name, "");
    iv_buf_puts(line, ": ");
    add_encoded(line, finding->message, "");
    if (with_remedy && finding->remedy != NULL && finding->remedy[0] != '\0') {
        iv_buf_puts(line, "%0A");
        add_encoded(line, finding->remedy, "");
    }
}

/* As the log shows it; escaped, as it stands in a log that is obeyed. */
static void add_note(struct iv_buf *line, const struct iv_finding *finding, bool with_remedy)
{
    iv_buf_puts(line, "note ");
    iv_escape_shown(line, finding->rule->id, false);
    iv_buf_putc(line, ' ');
    iv_escape_shown(line, finding->rule->name, false);
    iv_buf_puts(line, ": ");
    iv_escape_shown(line, finding->message, false);
    if (with_remedy && finding->remedy != NULL && finding->remedy[0] != '\0') {
        iv_buf_putc(line, ' ');
        iv_escape_shown(line, finding->remedy, false);
    }
}

static void add_finding(struct iv_buf *line, const struct iv_finding *finding, bool with_remedy)
{
    if (finding->severity == IV_NOTE) {
        add_note(line, finding, with_remedy);
    } else {
        add_command(line, finding, with_remedy);
    }
    iv_buf_putc(line, '\n');
}

/* As in sink_github.c. */
static void add_gap(struct iv_buf *line, const char *path, const char *reason)
{
    iv_buf_puts(line, "##vso[task.logissue type=warning;sourcepath=");
    add_encoded(line, path, ";]");
    iv_buf_puts(line, ";]not judged in full: ");
    add_encoded(line, reason, "");
    iv_buf_putc(line, '\n');
}

static void write_report(const struct iv_report *report, const struct iv_style_options *style,
                         FILE *out)
{
    (void)style; /* the agent reads UTF-8 wherever it runs */
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

const struct iv_sink iv_sink_azure = {
    .name = "azure",
    .summary = "logging commands of Azure Pipelines, one line a finding",
    .write = write_report,
    .rfu = write_request,
    .audit = write_audit,
};
