#include "imgval/report/report.h"

#include "imgval/base/buf.h"
#include "imgval/base/file.h"
#include "imgval/base/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct iv_sink *const iv_sinks[] = {
    &iv_sink_text, &iv_sink_json,     &iv_sink_jsonl,  &iv_sink_sarif, &iv_sink_junit,
    &iv_sink_html, &iv_sink_markdown, &iv_sink_github, &iv_sink_azure, &iv_sink_csv,
    NULL,
};

const struct iv_sink *iv_sink_find(const char *name)
{
    for (size_t i = 0; iv_sinks[i] != NULL; i++) {
        if (strcmp(iv_sinks[i]->name, name) == 0) {
            return iv_sinks[i];
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
