/*
 * read_work.h: the work of a reader process: one item of a listing -> its facts as bytes. For
 * scan_read.c, and for the program that is started as a reader.
 */
#ifndef IMGVAL_SCAN_READ_WORK_H
#define IMGVAL_SCAN_READ_WORK_H

#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/base/workers.h"
#include "imgval/input/input.h"
#include "imgval/scan/scan_options.h"

#include <stdbool.h>
#include <stddef.h>

struct iv_read_work {
    const struct iv_listing *listing;
    struct iv_read_options options;
    size_t jobs;
    struct iv_scan_sabotage sabotage;
    size_t *slots; /* the items that are to be read */
    size_t slot_count;
    struct iv_identity *identities; /* with a facts cache: of these items, as listed */
    /* In a worker, whose copy this is. */
    size_t advised; /* slots before this one were asked for */
    uint64_t waits; /* for the disk, after the last item */
};

/* In a worker: the work of iv_workers_run(). With a facts cache a byte before the facts says
 * whether they are those of the file that the parent saw. */
void iv_read_item(void *context, size_t slot, struct iv_buf *record);

/* All that a worker needs to know, as a charge (base/process.h). */
void iv_read_work_encode(struct iv_buf *buf, const struct iv_read_work *work);

/* In the program that was started as a reader: reads until there is nothing left, and ends the
 * process. Returns only when it was given no work that makes sense. */
bool iv_read_work_serve(const struct iv_workers_charge *charge, struct iv_arena *arena);

#endif
