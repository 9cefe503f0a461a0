/*
 * saved.h: saved documents (reports, streams, export bundles, lists of packages) are files that
 * anybody may have written, so they are parsed where all input is: in a reader process without
 * rights (base/workers.h). What it made of one arrives as parts (pieces.h); a reader that dies or
 * hits a limit costs the document in hand.
 */
#ifndef IMGVAL_REPORT_READ_SAVED_H
#define IMGVAL_REPORT_READ_SAVED_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/error.h"
#include "imgval/base/limits.h"
#include "imgval/base/sandbox.h"
#include "imgval/base/workers.h"
#include "imgval/model/record.h"
#include "imgval/report/read/report_read.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum iv_saved_kind {
    IV_SAVED_REPORT, /* of either form */
    IV_SAVED_BUNDLE,
    IV_SAVED_LIST,
};

struct iv_saved {
    int fd; /* at the beginning of the document; 3 or more; stays the caller's */
    enum iv_saved_kind kind;
    const char *path; /* as in a list's messages and packages */
};

/* Called in the parent when a reader ran with less than iv_sandbox_is_whole(). */
typedef void iv_saved_unconfined_fn(void *context, const struct iv_containment *containment);

/* How documents are read. */
struct iv_saved_options {
    const struct iv_limits *limits;
    bool in_process; /* for debuggers, coverage and fuzzers: without a reader process */
    bool by_exec;    /* readers begin by exec, also where they could be forked: for tests */
    bool require_sandbox;
    iv_rule_find_fn *find;              /* rules by id */
    iv_saved_unconfined_fn *unconfined; /* NULL: nobody asks */
    void *unconfined_context;
    enum iv_sabotage sabotage;
    size_t sabotage_slot;
};

/* What is done with documents, in the parent; the numbers are those of their order. */
struct iv_saved_taker {
    /* A part of the document's pieces. False: it is refused, and no more of it is wanted. */
    bool (*part)(void *context, size_t i, const void *part, size_t size);
    /* After its last part. `err` NULL: it was read whole. */
    void (*end)(void *context, size_t i, const struct iv_error *err);
    void *context;
};

/* Reads the documents in their order. False only when no reader can be started, or none may read as
 * it is not confined. */
IV_MUST_USE bool iv_saved_read(const struct iv_saved_options *options,
                               const struct iv_saved *documents, size_t count,
                               const struct iv_saved_taker *taker, struct iv_error *err);

/* In a program that was started as a reader: reads the documents of its charge, and ends the
 * process. False: there is no such charge. */
bool iv_saved_serve(const struct iv_workers_charge *charge, iv_rule_find_fn *find,
                    struct iv_arena *arena);

/* One report of either form, kept in the arena. See iv_loader_end(). */
IV_MUST_USE bool iv_saved_report(const struct iv_saved_options *options, int fd,
                                 struct iv_arena *arena, struct iv_report *ret_report,
                                 bool *ret_complete, struct iv_error *err);
/* One bundle: the records, sorted by id. */
IV_MUST_USE bool iv_saved_bundle(const struct iv_saved_options *options, int fd,
                                 struct iv_arena *arena, struct iv_record **ret_records,
                                 size_t *ret_count, struct iv_error *err);
/* One list (IV_SAVED_LIST): its packages, in the order of its lines. */
IV_MUST_USE bool iv_saved_list(const struct iv_saved_options *options,
                               const struct iv_saved *document, struct iv_arena *arena,
                               struct iv_package **ret_packages, size_t *ret_count,
                               struct iv_error *err);

#endif
