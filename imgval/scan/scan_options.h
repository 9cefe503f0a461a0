/*
 * scan_options.h: everything that a scan depends on. Command line, environment and clock come in
 * here and nowhere else, so that equal options and input give equal bytes.
 */
#ifndef IMGVAL_SCAN_SCAN_OPTIONS_H
#define IMGVAL_SCAN_SCAN_OPTIONS_H

#include "imgval/base/limits.h"
#include "imgval/base/workers.h"
#include "imgval/model/circumstances.h"
#include "imgval/model/finding.h"
#include "imgval/model/submission.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_facts_cache;
struct iv_policy;
struct iv_store;

/* Where a test asks a reader process to misbehave. */
struct iv_scan_sabotage {
    enum iv_sabotage kind;
    size_t slot;
};

/* Called in the parent after each file that was read: which, and how many of how many are done. */
typedef void iv_scan_progress_fn(void *context, const char *path, size_t done, size_t count);

/* Called in the parent when readers ran, or would run, with less than iv_sandbox_is_whole(). */
typedef void iv_scan_unconfined_fn(void *context, const struct iv_containment *containment);

/* Everything that a scan depends on: command line, environment and clock come in here only. */
struct iv_scan_options {
    const char *tool_version;

    /* what the input is */
    enum iv_submission_type type;
    bool type_given;
    bool context_free;
    bool baseline;
    const char *update_history;
    const char *oem_input;
    const char *device_info;
    const char *manufacturer;
    const char *const *models;
    size_t model_count;
    const char *const *operators;
    size_t operator_count;
    const char *firmware_version;

    /* the comparison */
    const char *store_path;      /* NULL: there is no place for one */
    struct iv_store *store;      /* an open store (cache add); NULL: store_path is opened to read */
    bool missing_store_is_empty; /* cache add, import */
    bool replaces_same; /* cache add --replace: a baseline of the same version is not compared */
    bool no_wspc;
    const char *against;
    bool all_owners;
    int64_t max_list_age; /* days; -1: not asked */
    int64_t now;          /* seconds since 1970: for the age of lists alone */

    /* the judging */
    struct iv_circumstances run;
    enum iv_severity fail_on;
    const struct iv_policy *policy; /* NULL: none; its limits stand in `limits` already */
    enum iv_expected expected;      /* --expect-signature */
    int date;                       /* YYYYMMDD: the day by which waivers expire */
    bool what_if;

    /* the reading */
    unsigned jobs;
    bool require_sandbox; /* nothing is read where readers cannot be confined */
    struct iv_limits limits;
    struct iv_scan_sabotage sabotage;
    bool want_files;                    /* inspect; never with facts_cache */
    struct iv_facts_cache *facts_cache; /* NULL: every file is read */
    bool no_hash;                       /* the hashes of images are not checked */
    bool verify;                        /* packages are read whole */
    const void *trust;                  /* the bytes of --trust; NULL: none */
    size_t trust_size;
    iv_scan_progress_fn *progress; /* NULL: nobody waits */
    void *progress_context;
    iv_scan_unconfined_fn *unconfined; /* NULL: nobody asks; else once for each input */
    void *unconfined_context;
    struct iv_timings *timings; /* NULL: nobody asked; else filled, its rules from the arena */
};

#endif
