/*
 * junit.h: what the documents in JUnit XML have in common: the root, totals, properties.
 */
#ifndef IMGVAL_REPORT_WRITE_JUNIT_H
#define IMGVAL_REPORT_WRITE_JUNIT_H

#include "imgval/model/finding.h"
#include "imgval/report/write/markup.h"

#include <stddef.h>
#include <stdio.h>

/* How a case ends; totals count the cases of each. */
enum iv_junit_state {
    IV_JUNIT_PASSED,
    IV_JUNIT_FAILURE,
    IV_JUNIT_ERROR, /* not judged, or not in full */
    IV_JUNIT_SKIPPED,
    IV_JUNIT_LEFT_OUT, /* no case is written */
    IV_JUNIT_STATES,
};
/* The element of a case; one that passed may still have something to say. */
extern const char *const iv_junit_elements[];

/* <testsuites name=NAME ...>; iv_junit_close() ends it and frees. */
void iv_junit_open(struct iv_markup *m, const char *name, const size_t totals[IV_JUNIT_STATES],
                   FILE *out);
void iv_junit_close(struct iv_markup *m);

/* The attributes of a suite: equal inputs give equal reports, so no case takes any time. */
void iv_junit_totals(struct iv_markup *m, const size_t totals[IV_JUNIT_STATES]);

/* NULL: the property is left out. */
void iv_junit_property(struct iv_markup *m, const char *name, const char *value);

/* A finding in full, with its remedy, as lines of a case's text. */
void iv_junit_finding(struct iv_markup *m, const struct iv_finding *finding);

#endif
