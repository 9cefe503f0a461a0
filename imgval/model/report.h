/*
 * report.h: everything that a sink may print. Built by scan.c (or read back from JSON), const for
 * sinks.
 */
#ifndef IMGVAL_MODEL_REPORT_H
#define IMGVAL_MODEL_REPORT_H

#include "imgval/model/circumstances.h"
#include "imgval/model/finding.h"
#include "imgval/model/submission.h"
#include "imgval/model/timings.h"

#include <stdbool.h>
#include <stddef.h>

struct iv_report_entry {
    const struct iv_submission *submission;
    const struct iv_circumstances
        *run; /* never NULL; of a report read back: what it says of them */
    struct iv_judgement judgement;
};

struct iv_report {
    const char *tool;         /* "imgval" */
    const char *tool_version; /* "x.y.z" */
    enum iv_final_verdict verdict;
    enum iv_severity fail_on; /* --fail-on */
    bool what_if;    /* --what-if: no real verdict, waivers reached further than they may */
    bool unconfined; /* readers ran without Landlock or seccomp */
    bool is_part;    /* read back from a stream without its end: more was judged than is here */
    const struct iv_rule *site_rules; /* the policy's own rows, which no table of rules/ has */
    size_t site_rule_count;
    struct iv_report_entry *entries;
    size_t entry_count;
    const struct iv_timings *timings; /* NULL: nobody asked for them in the report */
};

/* How a sink may draw on its output; fixed by the command, so that tests can fix it too. */
struct iv_style_options {
    bool color;            /* ANSI colours */
    bool ascii;            /* the locale has no UTF-8: draw and escape in ASCII */
    bool quiet;            /* -q: verdict and findings only */
    unsigned verbose;      /* -v: notes in full, every package */
    unsigned width;        /* columns; 0: do not wrap */
    const char *rules_url; /* --rules-url: where a site has rules.html; NULL: nowhere */
};

#endif
