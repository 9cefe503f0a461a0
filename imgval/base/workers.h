/*
 * workers.h: one call that runs a function for 0 <= i < count in sandboxed reader processes.
 *
 * Slots are given out as processes get free. Each process is started from here (process.h), gives
 * up its rights (sandbox.h) before the first slot, takes its slots from one pipe and writes its
 * records to another. A process that dies, hangs or breaks the protocol costs the slot in hand,
 * which is delivered as lost with the reason; the others go on. Every slot is delivered exactly
 * once, in any order: the caller stores by index, so the outcome is the same for every number of
 * jobs. With one job the order is that of the slots.
 *
 * A worker keeps of the caller's descriptors standard error, options->directories and
 * options->files. Its own 0 and 1 are the two pipes, so descriptors 0 to 2 must be open when this
 * is called (main sees to it). What it opens lies beneath options->directories.
 *
 * No threads. SIGPIPE and SIGCHLD dispositions of the caller are not changed.
 */
#ifndef IMGVAL_BASE_WORKERS_H
#define IMGVAL_BASE_WORKERS_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/base/error.h"
#include "imgval/base/limits.h"
#include "imgval/base/sandbox.h"

#include <stdbool.h>
#include <stddef.h>

/* Runs in a worker: appends the record of slot i to `record`. Called with an empty buffer. */
typedef void iv_worker_fn(void *context, size_t i, struct iv_buf *record);

/*
 * In a worker: sends a part of the record of slot i ahead of the rest, for records that are too
 * long to be held. Only where the parent takes parts.
 */
void iv_worker_part(size_t i, const void *part, size_t size);

/* Runs in the parent, for each part as it arrives. False: it is none that slot i can have; it is
 * lost then, and its worker is ended. */
typedef bool iv_part_fn(void *context, size_t i, const void *part, size_t size);

/*
 * Runs in the parent, once for each slot. `lost` is NULL for a record that arrived whole; else it
 * says in one clause why there is none ("killed by signal 11", "no answer within the limit of 60
 * seconds", "broke the protocol", "exited with status 4") and record is NULL.
 */
typedef void iv_result_fn(void *context, size_t i, const char *lost, const void *record,
                          size_t size);

/* What a test may ask a worker to do at one slot, to see the parent cope. Only a program that is
 * built for tests, with IMGVAL_READER_FAULTS, can do it. */
enum iv_sabotage {
    IV_SABOTAGE_NONE = 0,
    IV_SABOTAGE_CRASH,    /* dies by a signal */
    IV_SABOTAGE_HANG,     /* never answers */
    IV_SABOTAGE_NONSENSE, /* writes bytes that are no record */
    IV_SABOTAGE_EXIT,     /* exits without a word */
    IV_SABOTAGE_HUGE,     /* announces a record larger than any limit */
    IV_SABOTAGE_FORGE,    /* a whole record that speaks of another package; see scan_read.c */
};

struct iv_workers_options {
    unsigned jobs; /* reader processes; 0 runs the function in this process, without a sandbox */
    const struct iv_limits *limits; /* reader_seconds for one slot, reader_memory */
    size_t record_max;              /* larger records break the protocol */
    const int *directories;         /* descriptors beneath which a worker may open files */
    size_t directory_count;
    const int *files; /* open for reading, which a worker keeps; negative ones are none */
    size_t file_count;
    bool require_sandbox; /* no slot is worked on unless iv_sandbox_is_whole() */
    /* For workers that begin by exec (process.h): what the work function needs, which
     * iv_workers_serve() is called with there. NULL: they can only be forked. */
    const struct iv_buf *charge;
    bool by_exec; /* also where they could be forked */
    enum iv_sabotage sabotage;
    size_t sabotage_slot;
    iv_part_fn *part;   /* given the context of the results; NULL: parts break the protocol, too */
    uint64_t parts_max; /* bytes of all parts of one slot */
};

/* What is done: `work` for each slot in a worker, `result` for each in this process. */
struct iv_workers_job {
    size_t count; /* of the slots */
    iv_worker_fn *work;
    void *work_context;
    iv_result_fn *result;
    void *result_context;
};

/*
 * Returns false only when no worker can be started (any more), or none may work as it is not
 * confined: then some slots were not delivered.
 * ret_containment: what was in force in every worker that ran (all false when none did, as with
 * jobs == 0).
 */
IV_MUST_USE bool iv_workers_run(const struct iv_workers_options *options,
                                const struct iv_workers_job *job,
                                struct iv_containment *ret_containment, struct iv_error *err);

/* What a worker that began by exec finds. */
struct iv_workers_charge {
    struct iv_workers_options options; /* as the parent has them: directories, files, limits */
    size_t count;
    const void *bytes; /* the parent's options->charge, for as long as the process lives */
    size_t size;
};

/* In the program that was started with IV_PROCESS_WORD. False: there is no charge. */
IV_MUST_USE bool iv_workers_charge(struct iv_arena *arena, struct iv_workers_charge *ret_charge);

/* Works until there are no more slots, and ends the process. */
void iv_workers_serve(const struct iv_workers_charge *charge, iv_worker_fn *work, void *context);

/*
 * A sensible number of jobs for this machine: one more than the processors that this process may
 * use. With two processors and a tree that is not in memory, three readers take 0.9 of the time of
 * two, as one of them always waits for the disk; in memory they take as long, and each further one
 * costs 7 MiB.
 */
unsigned iv_workers_default_jobs(void);

#endif
