/*
 * Findings as commands of a build agent (sink_azure.c, sink_github.c), which shows them beside the
 * code or the log. Agents cut off after a few for each kind, and drown in more: so findings are
 * printed by rank (ranked.h) and counted by rule and severity. The first IV_COMMANDS_SHOWN of each
 * are printed by the format's function; the rest are one line with their number. Waived findings
 * come last in the rank, so that the first one ends the loop.
 */
#include "imgval/report/history/commands.h"

#include "imgval/report/history/audit_report.h"
#include "imgval/report/history/request_report.h"
#include "imgval/report/write/phrases.h"
#include "imgval/report/write/ranked.h"

#include <stdlib.h>

/* How often a rule was reported, with one severity. */
struct tally {
    const struct iv_rule *rule;
    enum iv_severity severity;
    size_t count;
};

/* The tally of a finding's rule and severity, added when there is none yet. Findings of one rule
 * follow each other, so that it is mostly the last one. */
static struct tally *tally_of(struct tally *tallies, size_t *count, struct tally *last,
                              const struct iv_finding *finding)
{
    if (last->rule == finding->rule && last->severity == finding->severity) {
        return last;
    }
    for (size_t i = 0; i < *count; i++) {
        if (tallies[i].rule == finding->rule && tallies[i].severity == finding->severity) {
            return &tallies[i];
        }
    }
    tallies[*count] = (struct tally){.rule = finding->rule, .severity = finding->severity};
    return &tallies[(*count)++];
}

/* The last line: the verdict and the counts. It is no command: agents print it as it is. */
static void add_summary(const struct iv_report *report, struct iv_buf *buf)
{
    const struct iv_counts totals = iv_sink_totals(report);
    iv_buf_printf(buf, "imgval: %s%s", report->what_if ? "what if (no real verdict): " : "",
                  iv_final_verdict_names[report->verdict]);
    iv_phrase_qualify_all(buf, report);
    const struct {
        const char *before;
        size_t count;
        const char *noun;
    } parts[] = {
        {": ", report->entry_count, "submission"},
        {", ", totals.packages, "package"},
        {"; ", totals.error, "error"},
        {", ", totals.warning, "warning"},
        {", ", totals.note, "note"},
    };
    for (size_t i = 0; i < IV_COUNT(parts); i++) {
        iv_buf_puts(buf, parts[i].before);
        iv_phrase_count(buf, parts[i].count, parts[i].noun);
    }
    iv_buf_printf(buf, ", %zu waived", totals.waived);
    iv_buf_putc(buf, '\n');
}

/* The lines of the findings, without a last one. */
static void write_findings(const struct iv_report *report, iv_sink_line_fn *add, FILE *out)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_buf line IV_CLEANUP(iv_buf_fini) = {0};
    size_t count = 0;
    const struct iv_ranked *ranked = iv_sink_rank(report, &arena, &count);
    struct tally *tallies = IV_NEW_ARRAY(&arena, struct tally, count + 1);
    size_t tally_count = 0;
    struct tally *tally = tallies;
    for (size_t i = 0; i < count && !ranked[i].finding->waived; i++) {
        tally = tally_of(tallies, &tally_count, tally, ranked[i].finding);
        if (++tally->count <= IV_COMMANDS_SHOWN) {
            iv_buf_clear(&line);
            add(&line, ranked[i].finding, tally->count == 1);
            (void)fwrite(line.data, 1, line.size, out);
        }
    }
    for (size_t i = 0; i < tally_count; i++) {
        if (tallies[i].count > IV_COMMANDS_SHOWN) {
            (void)fprintf(out, "imgval: %s %s: and %zu more\n", tallies[i].rule->id,
                          tallies[i].rule->name, tallies[i].count - IV_COMMANDS_SHOWN);
        }
    }
}

void iv_sink_commands(const struct iv_report *report, iv_sink_line_fn *add, FILE *out)
{
    struct iv_buf line IV_CLEANUP(iv_buf_fini) = {0};
    write_findings(report, add, out);
    add_summary(report, &line);
    (void)fwrite(line.data, 1, line.size, out);
}

/* A request has a last line of its own: its answer is no verdict about packages. */
void iv_request_commands(const struct iv_request *request, iv_sink_line_fn *add, FILE *out)
{
    write_findings(request->report, add, out);
    iv_request_write_line(request, out);
}

/* What was not judged in full: the first few, and how many more. */
static void write_gaps(const struct iv_audit *audit, iv_sink_gap_fn *add, FILE *out)
{
    struct iv_buf line IV_CLEANUP(iv_buf_fini) = {0};
    size_t count = 0;
    for (size_t i = 0; i < audit->source_count; i++) {
        const struct iv_audit_source *source = &audit->sources[i];
        if (source->gap == NULL || source->is_copy) {
            continue;
        }
        if (++count <= IV_COMMANDS_SHOWN) {
            iv_buf_clear(&line);
            add(&line, source->path, source->gap);
            (void)fwrite(line.data, 1, line.size, out);
        }
    }
    if (count > IV_COMMANDS_SHOWN) {
        (void)fprintf(out, "imgval: not judged in full: and %zu more\n", count - IV_COMMANDS_SHOWN);
    }
}

void iv_audit_commands(const struct iv_audit *audit, iv_sink_line_fn *add, iv_sink_gap_fn *add_gap,
                       FILE *out)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    const struct iv_report report = iv_audit_as_report(audit, &arena);
    write_findings(&report, add, out);
    write_gaps(audit, add_gap, out);
    iv_audit_write_line(audit, out);
}
