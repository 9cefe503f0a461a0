/* An audit for formats that list findings and nothing else (SARIF, annotations of build agents): a
 * report of one entry that stands for the whole history, and the line that says the verdict. The
 * entry has no packages and no outcomes: those are of the sets, which have reports of their own. */
#include "imgval/report/history/audit_report.h"

#include "imgval/report/write/phrases.h"

struct iv_report iv_audit_as_report(const struct iv_audit *audit, struct iv_arena *arena)
{
    static const struct iv_circumstances plain = {0};
    struct iv_submission *history = IV_NEW(arena, struct iv_submission);
    struct iv_report_entry *entry = IV_NEW(arena, struct iv_report_entry);
    *history = (struct iv_submission){
        .path = "firmware history", .id = "", .kind = IV_KIND_DIRECTORY, .type = IV_IMAGE};
    *entry = (struct iv_report_entry){
        .submission = history,
        .run = &plain,
        .judgement = {.findings = IV_NEW_ARRAY(arena, struct iv_finding, audit->finding_count + 1),
                      .finding_count = audit->finding_count,
                      .counts = audit->counts,
                      .verdict = audit->verdict},
    };
    for (size_t i = 0; i < audit->finding_count; i++) {
        entry->judgement.findings[i] = audit->findings[i];
    }
    return (struct iv_report){.tool = "imgval",
                              .tool_version = audit->tool_version,
                              .verdict = audit->verdict,
                              .fail_on = audit->fail_on,
                              .what_if = audit->what_if,
                              .entries = entry,
                              .entry_count = 1};
}

/* The last line in the log of a build. */
void iv_audit_write_line(const struct iv_audit *audit, FILE *out)
{
    struct iv_buf line IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_printf(&line, "imgval audit: %s%s", audit->what_if ? "what if (no real verdict): " : "",
                  iv_phrase_verdicts[audit->verdict]);
    if (audit->broken > 0) {
        iv_buf_puts(&line, " with ");
        iv_phrase_count(&line, audit->broken, "broken step");
    }
    iv_buf_puts(&line, ": ");
    iv_phrase_count(&line, audit->variant_count, "variant");
    if (audit->not_judged > 0) {
        iv_buf_puts(&line, ", ");
        iv_phrase_count(&line, audit->not_judged, "submission");
        iv_buf_puts(&line, " not judged in full");
    }
    iv_buf_putc(&line, '\n');
    (void)fwrite(line.data, 1, line.size, out);
}
