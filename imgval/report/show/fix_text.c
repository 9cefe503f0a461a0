/*
 * What imgval fix says: the packages that were written, what adding packages does not fix, the
 * lines of registry files and projects that are wrong beside what they should be, what was not
 * checked, and what to do next.
 */
#include "imgval/report/show/fix_text.h"

#include "imgval/report/show/fix_project.h"
#include "imgval/report/show/view.h"

#include <string.h>

/* Which baseline asks for each of them, so that the list can be checked. */
static void show_packages(const struct iv_view *view, const struct iv_fix *fix, const char *where)
{
    if (fix->package_count == 0) {
        return;
    }
    iv_buf_printf(view->buf, "%zu empty package%s to add:\n", fix->package_count,
                  fix->package_count == 1 ? "" : "s");
    for (size_t i = 0; i < fix->package_count; i++) {
        const struct iv_fix_package *p = &fix->packages[i];
        iv_buf_puts(view->buf, "  ");
        iv_view_text(view, where);
        iv_buf_putc(view->buf, '/');
        iv_view_text(view, p->name);
        iv_buf_printf(view->buf, ".pkg.xml  (baseline %.12s%s)\n", p->from->id,
                      p->derived ? "; derived from the name, check it" : "");
    }
}

/* What no empty package can stand in for, with the reason. */
static void show_obstacles(const struct iv_view *view, const struct iv_fix *fix)
{
    if (fix->obstacle_count == 0) {
        return;
    }
    iv_buf_puts(view->buf, "Not fixed by adding packages:\n");
    for (size_t i = 0; i < fix->obstacle_count; i++) {
        iv_buf_puts(view->buf, "  ");
        iv_view_text(view, fix->obstacles[i].name);
        iv_buf_puts(view->buf, ": ");
        iv_view_text(view, fix->obstacles[i].reason);
        iv_buf_puts(view->buf, ".\n");
    }
}

/* A value for a device name that the rule would accept: the characters that it may hold, and as
 * many as it may have. NULL: none can be proposed. */
static const char *proposal(const struct iv_finding *finding, struct iv_arena *arena)
{
    static const struct {
        const char *id;
        const char *more;
    } rows[] = {{"STD007", ""}, {"STD008", "-._"}};
    for (size_t i = 0; finding->actual != NULL && i < IV_COUNT(rows); i++) {
        if (strcmp(finding->rule->id, rows[i].id) != 0) {
            continue;
        }
        char text[33] = "";
        size_t used = 0;
        for (const char *c = finding->actual; *c != '\0' && used < 32; c++) {
            bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                         (*c >= '0' && *c <= '9') || strchr(rows[i].more, *c) != NULL;
            if (plain) {
                text[used++] = *c;
            }
        }
        return used > 0 ? iv_arena_strdup(arena, text) : NULL;
    }
    return NULL;
}

/* Where a device value of a finding was read; else the path of the finding. */
static const char *source_of(const struct iv_submission *s, const struct iv_finding *finding)
{
    for (size_t i = 0; i < s->device.value_count; i++) {
        const struct iv_datum *datum = &s->device.values[i];
        if (finding->field != NULL && finding->actual != NULL &&
            strcmp(datum->name, finding->field) == 0 &&
            strcmp(datum->value, finding->actual) == 0) {
            return datum->source;
        }
    }
    return finding->path;
}

/* The line of a registry file or project that is wrong, and what it should be. */
static void show_line(const struct iv_view *view, const struct iv_submission *s,
                      const struct iv_finding *finding, struct iv_arena *arena)
{
    bool device = finding->variant == NULL && strncmp(finding->rule->id, "STD", 3) == 0 &&
                  finding->package == NULL && finding->field != NULL;
    iv_buf_printf(view->buf, "  %s ", finding->rule->id);
    iv_view_text(view, device ? source_of(s, finding) : finding->path);
    iv_buf_puts(view->buf, "\n    ");
    if (device) {
        const char *better = proposal(finding, arena);
        if (finding->actual != NULL) {
            iv_buf_puts(view->buf, "- \"");
            iv_view_text(view, finding->field);
            iv_buf_puts(view->buf, "\"=\"");
            iv_view_text(view, finding->actual);
            iv_buf_puts(view->buf, "\"\n    ");
        }
        iv_buf_puts(view->buf, "+ \"");
        iv_view_text(view, finding->field);
        iv_buf_puts(view->buf, "\"=\"");
        iv_view_text(view, better != NULL ? better : "...");
        iv_buf_puts(view->buf, "\"\n    ");
    } else if (strcmp(finding->rule->id, "STD002") == 0) {
        iv_buf_puts(view->buf, "- <Version Major=\"0\" Minor=\"0\" QFE=\"0\" Build=\"0\" />\n    "
                               "+ <Version Major=\"1\" Minor=\"0\" QFE=\"0\" Build=\"1\" />  (any "
                               "version above that of the package in the baseline)\n    ");
    }
    iv_view_text(view, finding->remedy);
    iv_buf_putc(view->buf, '\n');
}

/* Violations of the nine standard validations: no package fixes them, a line says so. */
static size_t show_violations(const struct iv_view *view, const struct iv_report_entry *entry,
                              struct iv_arena *arena)
{
    size_t shown = 0;
    for (size_t i = 0; i < entry->judgement.finding_count; i++) {
        const struct iv_finding *finding = &entry->judgement.findings[i];
        if (finding->severity != IV_ERROR || strncmp(finding->rule->id, "WSPC", 4) == 0) {
            continue;
        }
        if (shown++ == 0) {
            iv_buf_puts(view->buf, "To be changed by hand:\n");
        }
        show_line(view, entry->submission, finding, arena);
    }
    return shown;
}

/* What was not compared, or not checked at all, may still need to be fixed. Returns whether there
 * is such. */
static bool show_unchecked(const struct iv_view *view, const struct iv_report *report,
                           const char *scan)
{
    const struct iv_submission *s = report->entries[0].submission;
    bool incomplete = report->entries[0].judgement.verdict == IV_VERDICT_INCOMPLETE;
    if (s->wspc_reason != NULL) {
        iv_buf_puts(view->buf, "Not compared with a baseline: ");
        iv_view_text(view, s->store_detail != NULL ? s->store_detail : s->wspc_reason);
        iv_buf_puts(view->buf, ".\n");
    }
    if (incomplete) {
        iv_buf_puts(view->buf, "Not everything was checked; see: ");
        iv_view_text(view, scan);
        iv_buf_putc(view->buf, '\n');
    }
    return s->wspc_reason != NULL || incomplete;
}

/* The way from the projects to an image that passes, as commands. */
static void show_next(const struct iv_view *view, const struct iv_fix *fix, const char *where,
                      const char *scan)
{
    if (fix->package_count == 0) {
        return;
    }
    iv_buf_puts(view->buf, "Next:\n  1. Build each project with PkgGen.exe.\n  2. Add the lines "
                           "of ");
    iv_view_text(view, where);
    iv_buf_puts(view->buf,
                "/" IV_FIX_MANIFEST_NAME " to the feature manifest, and build the image.\n  3. ");
    iv_view_text(view, scan);
    iv_buf_putc(view->buf, '\n');
}

/* True: something is left that the written files do not fix, so that the exit status is not 0. */
bool iv_fix_text(const struct iv_fix_view *show, struct iv_arena *arena, struct iv_buf *buf)
{
    const struct iv_view view = {.buf = buf, .ascii = show->ascii};
    show_packages(&view, show->fix, show->where);
    show_obstacles(&view, show->fix);
    size_t violations = show_violations(&view, &show->report->entries[0], arena);
    show_next(&view, show->fix, show->where, show->scan);
    bool unchecked = show_unchecked(&view, show->report, show->scan);
    bool remains = show->fix->obstacle_count > 0 || violations > 0 || unchecked;
    if (show->fix->package_count == 0 && !remains) {
        iv_buf_puts(buf, "Nothing to fix.\n");
    }
    return remains;
}
