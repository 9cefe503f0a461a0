/*
 * The table of formats, and what becomes of a report that is printed or saved. A saved report is
 * written beside the file and then replaces it in one step, so that a reader never sees half of
 * one, and none has to be held in memory.
 */
#include "imgval/report/report.h"

#include "imgval/base/file.h"

#include <stdio.h>
#include <string.h>

#define ROW(name) &iv_sink_##name,
static const struct iv_sink *const sinks[] = {IV_SINKS(ROW)};

/* Whether a format can print an audit; the rest all of them can. */
static bool has_slot(const struct iv_sink *sink, enum iv_printed what)
{
    switch (what) {
    case IV_PRINTED_REPORT:
    case IV_PRINTED_DIFF:
    case IV_PRINTED_REQUEST:
        return true; /* every format prints findings */
    case IV_PRINTED_AUDIT:
        return sink->audit != NULL;
    }
    return false;
}

/* The i-th of the formats that can print `what`: help, completion and messages list them so. */
const struct iv_sink *iv_sink_at(enum iv_printed what, size_t i)
{
    for (size_t k = 0; k < IV_COUNT(sinks); k++) {
        if (has_slot(sinks[k], what) && i-- == 0) {
            return sinks[k];
        }
    }
    return NULL;
}

/* Only among those that can print it, so that --format of an audit refuses what no audit can be. */
const struct iv_sink *iv_sink_find(enum iv_printed what, const char *name)
{
    const struct iv_sink *sink;
    for (size_t i = 0; (sink = iv_sink_at(what, i)) != NULL; i++) {
        if (strcmp(sink->name, name) == 0) {
            return sink;
        }
    }
    return NULL;
}

/* A report on its way into a file. */
struct saving {
    const struct iv_report *report;
    const struct iv_sink *sink;
    const struct iv_style_options *style;
};

static void write_saved(const void *context, FILE *out)
{
    const struct saving *saving = context;
    saving->sink->write(saving->report, saving->style, out);
}

bool iv_report_save(const struct iv_report *report, const struct iv_sink *sink,
                    const struct iv_style_options *style, const char *path, struct iv_error *err)
{
    const struct saving saving = {.report = report, .sink = sink, .style = style};
    return iv_file_replace_with(path, write_saved, &saving, err);
}
