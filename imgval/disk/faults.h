/*
 * faults.h: what the readers of a disk image could not read, as a list in the making.
 *
 * One list belongs to one image; its strings live in its arena. The list is bounded: a hostile
 * image can be wrong in a million places, and the first ones say enough.
 */
#ifndef IMGVAL_DISK_FAULTS_H
#define IMGVAL_DISK_FAULTS_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/disk/source.h"
#include "imgval/model/fault.h"

#include <stdbool.h>
#include <stddef.h>

/* Faults of one kind that are kept; the last of them says how many followed. */
#define IV_FAULTS_OF_A_KIND 64

struct iv_faults {
    struct iv_arena *arena;
    const char *path; /* the file, as in reports */
    struct iv_fault *items;
    size_t count;
    size_t seen[IV_FAULT_KINDS]; /* of each kind, kept or not */
};

/* Appends a fault whose detail is the formatted text, one clause. `member`: the part of the image
 * (a partition, a file), copied, or NULL. Returns false, so that callers can write
 * `return iv_faults_add(...)`. */
bool iv_faults_add(struct iv_faults *faults, enum iv_fault_kind kind, const char *member,
                   const char *fmt, ...) IV_PRINTF(4, 5);

/* Once, when reading is done: for each kind of which more were seen than kept, the last one kept
 * says how many there are. */
void iv_faults_finish(struct iv_faults *faults);

/*
 * When the file could not be read everywhere: what looks like damage may be no more than bytes that
 * nobody got, so those faults are dropped, and one that says why the file was not read takes their
 * place.
 */
void iv_faults_unread(struct iv_faults *faults, const struct iv_source_trouble *trouble);

/* Text of the input for a detail: control characters as '?', cut at 120 bytes; in `arena`. */
const char *iv_faults_shown(struct iv_arena *arena, const char *text);

#endif
