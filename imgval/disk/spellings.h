/*
 * spellings.h: a path on a volume by all of its spellings.
 *
 * A device knows \Windows and \WINDOWS as one folder; a volume that was written by something else
 * can hold both. Whoever looks for a file there by its path must look into both, and say so.
 */
#ifndef IMGVAL_DISK_SPELLINGS_H
#define IMGVAL_DISK_SPELLINGS_H

#include "imgval/base/arena.h"
#include "imgval/disk/volume.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IV_SPELLER_FOLDERS 16 /* more than the paths that are looked for go through */

/* A directory that was listed; private. */
struct iv_speller_folder {
    struct iv_arena arena;
    const char *path;
    struct iv_volume_entry *entries; /* what differs in case alone stands together */
    size_t count;
    bool is_listed; /* false: absent, a file, or unreadable */
    uint64_t last_use;
};

/* One volume and the directories that were looked into last. Zero but for the volume at first. */
struct iv_speller {
    struct iv_volume *volume; /* borrowed */
    struct iv_speller_folder folders[IV_SPELLER_FOLDERS];
    uint64_t uses;
};

/* Two names of one folder. */
struct iv_volume_twin {
    const char *path;
    const char *other; /* the name alone; the same to the letter: only one of them can be read */
};

struct iv_spellings {
    const char **paths; /* one or more; the path as it was given when nothing is known of it */
    size_t count;
    struct iv_volume_twin *twins; /* met on the way */
    size_t twin_count;
    bool is_cut; /* there are more than are listed */
};

/* The spellings of a path ('/' between the parts), in `arena`. A directory that cannot be read is
 * no trouble here: its path is kept as it was given, and whoever reads it finds out. */
void iv_speller_find(struct iv_speller *speller, const char *path, struct iv_arena *arena,
                     struct iv_spellings *ret_spellings);

/* The twins among the entries of one directory that `counts` says yes to, appended. */
void iv_speller_twins(struct iv_speller *speller, const char *folder,
                      bool (*counts)(const struct iv_volume_entry *entry), struct iv_arena *arena,
                      struct iv_spellings *spellings);

void iv_speller_fini(struct iv_speller *speller);

#endif
