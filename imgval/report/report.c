/*
 * The table of formats, and what becomes of a report that is printed or saved. A saved report is
 * built in memory and then replaces the file in one step, so that a reader never sees half of one.
 */
#include "imgval/report/report.h"

#include "imgval/base/buf.h"
#include "imgval/base/file.h"
#include "imgval/base/limits.h"

#include <stdio.h>
#include <stdlib.h>
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

const struct iv_sink *iv_sink_at(enum iv_printed what, size_t i)
{
    for (size_t k = 0; k < IV_COUNT(sinks); k++) {
        if (has_slot(sinks[k], what) && i-- == 0) {
            return sinks[k];
        }
    }
    return NULL;
}

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

bool iv_report_print(const struct iv_report *report, const struct iv_sink *sink,
                     const struct iv_style_options *style, struct iv_error *err)
{
    sink->write(report, style, stdout);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return iv_error_errno(err, "writing the report to standard output");
    }
    return true;
}

static void memory_stream_close(FILE **stream)
{
    if (*stream != NULL) {
        (void)fclose(*stream);
    }
}

static void bytes_free(char **bytes)
{
    free(*bytes);
}

bool iv_report_save(const struct iv_report *report, const struct iv_sink *sink,
                    const struct iv_style_options *style, const char *path, struct iv_error *err)
{
    char *bytes IV_CLEANUP(bytes_free) = NULL;
    size_t size = 0;
    FILE *stream IV_CLEANUP(memory_stream_close) = open_memstream(&bytes, &size);
    if (stream == NULL) {
        return iv_error_errno(err, "writing %s", path);
    }
    sink->write(report, style, stream);
    bool failed = fflush(stream) != 0 || ferror(stream);
    if (failed) {
        return iv_error_errno(err, "writing %s", path);
    }
    return iv_file_replace(path, bytes, size, err);
}
