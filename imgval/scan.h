/*
 * scan.h: the pipeline of the main job, readable from top to bottom: list, read, assemble, look up,
 * judge. The commands call it; it prints nothing.
 */
#ifndef IMGVAL_SCAN_H
#define IMGVAL_SCAN_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/base/limits.h"
#include "imgval/base/workers.h"
#include "imgval/model/report.h"
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

/* Told in the parent after each file that was read: which, and how many of how many are done. */
typedef void iv_scan_progress_fn(void *context, const char *path, size_t done, size_t count);

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
    bool in_ci;

    /* the judging */
    enum iv_severity fail_on;
    const struct iv_policy *policy; /* NULL: none; its limits stand in `limits` already */
    int date;                       /* YYYYMMDD: the day by which waivers expire */
    bool what_if;

    /* the reading */
    unsigned jobs;
    struct iv_limits limits;
    struct iv_scan_sabotage sabotage;
    bool want_files;                    /* inspect; never with facts_cache */
    struct iv_facts_cache *facts_cache; /* NULL: every file is read */
    bool no_hash;                       /* the hashes of images are not checked */
    iv_scan_progress_fn *progress;      /* NULL: nobody waits */
    void *progress_context;
    struct iv_timings *timings; /* NULL: nobody asked; else filled, its rules from the arena */
};

/* A scan's own outcome beside its report. */
struct iv_scan_outcome {
    bool store_failed;                 /* WSPC001 or WSPC013: exit status 4 */
    bool no_package;                   /* at least one tree holds no package: exit status 3 */
    struct iv_containment containment; /* what the reader processes ran under */
};

/* The device values given on the command line, as data of the highest rank. */
struct iv_datum *iv_scan_option_data(const struct iv_scan_options *options, struct iv_arena *arena,
                                     size_t *ret_count);

/*
 * Reads one path into a submission (no look-up, no judging). A directory with one image file stands
 * for that image. err: IV_ERROR_NO_INPUT, IV_ERROR_USAGE (several images or histories, a partial
 * without a history), IV_ERROR_SYSTEM.
 */
IV_MUST_USE bool iv_scan_read(const char *path, const struct iv_scan_options *options,
                              struct iv_arena *arena, struct iv_submission *ret_submission,
                              struct iv_containment *ret_containment, struct iv_error *err);

/* The same for a path or the name of a recorded submission (resolve.h). */
IV_MUST_USE bool iv_scan_read_named(const char *name, const struct iv_scan_options *options,
                                    struct iv_arena *arena, struct iv_submission *ret_submission,
                                    struct iv_containment *ret_containment, struct iv_error *err);

/* Finds the submission's neighbours in the store (or --against) and compares. What goes wrong with
 * the store is a fact of the submission; err is for --against alone. */
IV_MUST_USE bool iv_scan_look_up(const struct iv_scan_options *options, struct iv_arena *arena,
                                 struct iv_submission *submission, struct iv_error *err);

/* Submissions that were read: all are looked up, then judged. */
IV_MUST_USE bool iv_scan_judge(struct iv_submission *submissions, size_t count,
                               const struct iv_scan_options *options, struct iv_arena *arena,
                               struct iv_report *ret_report, struct iv_scan_outcome *ret_outcome,
                               struct iv_error *err);

/* The main job: every path read, then iv_scan_judge(). Each image file in a directory is a
 * submission. */
IV_MUST_USE bool iv_scan(const char *const *paths, size_t count,
                         const struct iv_scan_options *options, struct iv_arena *arena,
                         struct iv_report *ret_report, struct iv_scan_outcome *ret_outcome,
                         struct iv_error *err);

#endif
