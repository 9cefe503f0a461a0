/*
 * JUnit XML has no specification; the dialect is that of tests/report/junit.xsd, which build
 * servers read. Their totals are added up from the states of cases, so that they cannot disagree.
 */
#include "imgval/report/write/junit.h"

const char *const iv_junit_elements[] = {
    [IV_JUNIT_PASSED] = "system-out",
    [IV_JUNIT_FAILURE] = "failure",
    [IV_JUNIT_ERROR] = "error",
    [IV_JUNIT_SKIPPED] = "skipped",
};

void iv_junit_open(struct iv_markup *m, const char *name, const size_t totals[IV_JUNIT_STATES],
                   FILE *out)
{
    static const char declaration[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    iv_markup_init(m, IV_MARKUP_XML, out);
    iv_markup_own(m, declaration, sizeof(declaration) - 1);
    iv_markup_open(m, "testsuites");
    iv_markup_attribute(m, "name", name);
    iv_junit_totals(m, totals);
}

void iv_junit_close(struct iv_markup *m)
{
    iv_markup_break(m);
    iv_markup_close(m);
    iv_markup_break(m);
    iv_markup_fini(m);
}

/* `time` must be there and means nothing here: equal inputs give equal bytes. */
void iv_junit_totals(struct iv_markup *m, const size_t totals[IV_JUNIT_STATES])
{
    size_t all = 0;
    for (size_t i = 0; i <= IV_JUNIT_SKIPPED; i++) {
        all += totals[i];
    }
    iv_markup_attribute_uint(m, "tests", all);
    iv_markup_attribute_uint(m, "failures", totals[IV_JUNIT_FAILURE]);
    iv_markup_attribute_uint(m, "errors", totals[IV_JUNIT_ERROR]);
    iv_markup_attribute_uint(m, "skipped", totals[IV_JUNIT_SKIPPED]);
    iv_markup_attribute(m, "time", "0");
}

void iv_junit_property(struct iv_markup *m, const char *name, const char *value)
{
    if (value == NULL) {
        return;
    }
    iv_markup_break(m);
    iv_markup_open(m, "property");
    iv_markup_attribute(m, "name", name);
    iv_markup_attribute(m, "value", value);
    iv_markup_close(m);
}

/* In the body of a failure, which build servers show as preformatted text. */
void iv_junit_finding(struct iv_markup *m, const struct iv_finding *finding)
{
    iv_markup_break(m);
    iv_markup_printf(m, "%s %s %s%s: ", iv_severity_names[finding->severity], finding->rule->id,
                     finding->rule->name, finding->waived ? " (waived)" : "");
    iv_markup_text(m, finding->message);
    iv_markup_break(m);
    iv_markup_text(m, finding->remedy);
}
