/*
 * image_account.h: what became of each entry of a file system in an image. Internal to
 * imgval/input. While the volume is read, files get marks; at its end every entry of it is visited
 * and counted by its mark, or by the reason why it needs none.
 */
#ifndef IMGVAL_INPUT_IMAGE_ACCOUNT_H
#define IMGVAL_INPUT_IMAGE_ACCOUNT_H

#include "imgval/base/arena.h"
#include "imgval/disk/volume.h"
#include "imgval/model/entries.h"
#include "imgval/model/fault.h"

#include <stddef.h>

struct iv_image_mark {
    const char *path; /* on the volume, as it is spelled there */
    enum iv_fate fate;
};

struct iv_image_marks {
    struct iv_arena *arena;
    struct iv_image_mark *items;
    size_t count;
    size_t capacity;
};

/* READ or REPORTED, which wins. */
void iv_image_mark(struct iv_image_marks *marks, const char *path, enum iv_fate fate);

/* Marks what faults name as REPORTED: where `prefix` stands before the path ("phone.ffu:MainOS/"),
 * or `label` before the member ("MainOS/"). */
void iv_image_mark_faults(struct iv_image_marks *marks, const struct iv_fault *faults, size_t count,
                          const char *prefix, const char *label);

/* Visits the whole volume, and adds one for each entry. */
void iv_image_account(struct iv_image_marks *marks, struct iv_volume *volume,
                      struct iv_entries *entries);

#endif
