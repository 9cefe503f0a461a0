/*
 * Logging commands of Azure Pipelines, one line for each error and warning that is not waived:
 *
 *     ##vso[task.logissue type=error;sourcepath=PATH;linenumber=N;code=ID;]MESSAGE
 *
 * A note has no such command and is a plain line. In a message % CR LF are written %AZP25 %0D %0A;
 * in a property also ; as %3B and ] as %5D.
 */
#include "imgval/report/escape.h"
#include "imgval/report/sink.h"

#include <string.h>

static void add_encoded(struct iv_buf *line, const char *text, const char *more)
{
    struct iv_buf shown IV_CLEANUP(iv_buf_fini) = {0};
    iv_escape_shown(&shown, text, false); /* no CR or LF is left behind it */
    for (const char *at = iv_buf_text(&shown); *at != '\0'; at++) {
        if (*at == '%') {
            iv_buf_puts(line, "%AZP25");
        } else if (strchr(more, *at) != NULL) {
            iv_buf_printf(line, "%%%02X", (unsigned)(unsigned char)*at);
        } else {
            iv_buf_putc(line, *at);
        }
    }
}

static bool has_text(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static void add_command(struct iv_buf *line, const struct iv_finding *finding)
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
    if (has_text(finding->remedy)) {
        iv_buf_puts(line, "%0A");
        add_encoded(line, finding->remedy, "");
    }
}

static void add_note(struct iv_buf *line, const struct iv_finding *finding)
{
    iv_buf_puts(line, "note ");
    iv_escape_shown(line, finding->rule->id, false);
    iv_buf_putc(line, ' ');
    iv_escape_shown(line, finding->rule->name, false);
    iv_buf_puts(line, ": ");
    iv_escape_shown(line, finding->message, false);
}

static void write_report(const struct iv_report *report, const struct iv_style_options *style,
                         FILE *out)
{
    (void)style; /* the agent reads UTF-8 wherever it runs */
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_buf line IV_CLEANUP(iv_buf_fini) = {0};
    size_t count = 0;
    const struct iv_ranked *ranked = iv_sink_rank(report, &arena, &count);
    for (size_t i = 0; i < count && !ranked[i].finding->waived; i++) {
        iv_buf_clear(&line);
        if (ranked[i].finding->severity == IV_NOTE) {
            add_note(&line, ranked[i].finding);
        } else {
            add_command(&line, ranked[i].finding);
        }
        iv_buf_putc(&line, '\n');
        (void)fwrite(line.data, 1, line.size, out);
    }
    iv_buf_clear(&line);
    iv_sink_summary(report, &line);
    (void)fwrite(line.data, 1, line.size, out);
}

const struct iv_sink iv_sink_azure = {
    .name = "azure",
    .summary = "logging commands of Azure Pipelines, one line a finding",
    .write = write_report,
};
