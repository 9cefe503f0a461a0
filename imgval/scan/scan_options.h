/*
 * scan_options.h: everything that a scan depends on, by the step that asks for it: reading,
 * comparing, judging, and the circumstances that rules and reports are given. Command line,
 * environment and clock come in here and nowhere else, so that equal options and input give equal
 * bytes. The command line's tables write straight into these structs (cli/command.c).
 */
#ifndef IMGVAL_SCAN_SCAN_OPTIONS_H
#define IMGVAL_SCAN_SCAN_OPTIONS_H

#include "imgval/base/limits.h"
#include "imgval/base/strings.h"
#include "imgval/base/workers.h"
#include "imgval/engine/engine.h"
#include "imgval/model/circumstances.h"
#include "imgval/model/submission.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_facts_cache;
struct iv_store;
struct iv_timings;

/* Where a test asks a reader process to misbehave. */
struct iv_scan_sabotage {
    enum iv_sabotage kind;
    size_t slot;
};

/* Called in the parent after each file that was read: which, and how many of how many are done. */
typedef void iv_scan_progress_fn(void *context, const char *path, size_t done, size_t count);

/* Called in the parent when readers ran, or would run, with less than iv_sandbox_is_whole(). */
typedef void iv_scan_unconfined_fn(void *context, const struct iv_containment *containment);

/* What the input is, and how it is read. */
struct iv_reading {
    enum iv_submission_type type;
    bool type_given;
    bool context_free;
    bool as_it_lies; /* diff, inspect, --against: the set is what is found there; whatever the type,
                        no history is asked for or laid under it */
    const char *update_history;
    const char *oem_input;
    const char *device_info;

    /* device values of the highest rank; NULL or empty: not given */
    const char *manufacturer;
    struct iv_strings models;
    struct iv_strings operators;
    const char *firmware_version;

    unsigned jobs;
    bool require_sandbox; /* nothing is read where readers cannot be confined */
    struct iv_limits limits;
    struct iv_scan_sabotage sabotage;
    bool by_exec;    /* readers begin by exec, also where they could be forked: for tests */
    bool want_files; /* inspect; never with facts_cache */
    struct iv_facts_cache *facts_cache; /* NULL: every file is read */
    bool no_hash;                       /* the hashes of images are not checked */
    bool verify;                        /* packages are read whole */
    const void *trust;                  /* the bytes of --trust; NULL: none */
    size_t trust_size;
    iv_scan_progress_fn *progress; /* NULL: nobody waits */
    void *progress_context;
    iv_scan_unconfined_fn *unconfined; /* NULL: nobody asks; else once for each input */
    void *unconfined_context;
    struct iv_timings *timings; /* NULL: nobody asked; else every step of the scan adds its own */
};

/* The baselines that a submission is compared with; whether it is, and with what: circumstances. */
struct iv_comparing {
    const char *store_path;      /* NULL: there is no place for one */
    struct iv_store *store;      /* an open store (cache add); NULL: store_path is opened to read */
    bool missing_store_is_empty; /* cache add, import */
    bool replaces_same; /* cache add --replace: a baseline of the same version is not compared */
    int64_t now;        /* seconds since 1970: for the age of lists alone */
};

struct iv_scan_options {
    struct iv_reading reading;
    struct iv_comparing comparing;
    struct iv_judging judging;
    struct iv_circumstances run;
};

#endif
