/*
 * volume_kinds.h: what a kind of file system offers to volume.c, which walks paths, refuses links
 * and sorts listings for all of them. Private to volume*.c.
 */
#ifndef IMGVAL_DISK_VOLUME_KINDS_H
#define IMGVAL_DISK_VOLUME_KINDS_H

#include "imgval/disk/volume.h"

/* A file or directory in hand. */
struct iv_volume_node {
    bool is_directory;
    bool is_link;
    uint64_t size;
    uint64_t place;   /* the kind's own: where it lies */
    const void *info; /* the kind's own: memory of the volume's arena */
};

struct iv_volume_kind {
    /* The name when the source holds this kind, else NULL. */
    const char *(*probe)(const struct iv_source *source);
    /* NULL: named, not read; `missing` says why. */
    bool (*open)(struct iv_volume *volume, size_t image, struct iv_fault *ret_fault);
    const char *missing;
    void (*close)(struct iv_volume *volume); /* NULL: nothing to give back */

    /* All of these: FOUND, ABSENT (child alone) or TROUBLE with the fault set. */
    enum iv_volume_outcome (*root)(struct iv_volume *volume, struct iv_volume_node *ret_node,
                                   struct iv_fault *ret_fault);
    enum iv_volume_outcome (*child)(struct iv_volume *volume, const struct iv_volume_node *folder,
                                    const char *name, struct iv_volume_node *ret_node,
                                    struct iv_fault *ret_fault);
    /* In any order, without "." and "..". */
    enum iv_volume_outcome (*list)(struct iv_volume *volume, const struct iv_volume_node *folder,
                                   struct iv_arena *arena, struct iv_volume_entry **ret_entries,
                                   size_t *ret_count, struct iv_fault *ret_fault);
    /* Fills node->size bytes. */
    enum iv_volume_outcome (*read)(struct iv_volume *volume, const struct iv_volume_node *node,
                                   void *bytes, struct iv_fault *ret_fault);
    /* A source over the node, which lives as long as the volume. */
    enum iv_volume_outcome (*file)(struct iv_volume *volume, struct iv_volume_node *node,
                                   struct iv_arena *arena, struct iv_source *ret_source,
                                   struct iv_fault *ret_fault);
};

struct iv_volume {
    const struct iv_volume_kind *kind;
    const char *name; /* of the kind */
    struct iv_source source;
    const struct iv_limits *limits;
    struct iv_arena *arena;
    size_t images;
    uint64_t used;
    void *state;             /* the kind's own */
    const char *folder_path; /* the directory looked into last; NULL: none */
    struct iv_volume_node folder;
};

extern const struct iv_volume_kind iv_volume_ntfs;
extern const struct iv_volume_kind iv_volume_fat;
extern const struct iv_volume_kind iv_volume_wim;

/* Sets the fault and returns TROUBLE. The text lives in the volume's arena. */
enum iv_volume_outcome iv_volume_trouble(const struct iv_volume *volume, struct iv_fault *ret_fault,
                                         enum iv_fault_kind kind, const char *fmt, ...)
    IV_PRINTF(4, 5);

/*
 * The names of one directory, sorted for look-ups: for kinds that read a directory whole. Where
 * names differ in case alone, each is found by its own case, and by any other one of them; of names
 * that are the same to the letter the one that was added first.
 */
struct iv_volume_index {
    struct iv_arena arena;
    bool is_built;
    uint64_t place; /* of the directory */
    struct iv_volume_name *names;
    size_t count;
    size_t capacity;
};

void iv_volume_index_start(struct iv_volume_index *index, uint64_t place); /* drops what it held */
void iv_volume_index_add(struct iv_volume_index *index, const char *name,
                         const struct iv_volume_node *node);
/* Adds all names of another index that is not finished. */
void iv_volume_index_append(struct iv_volume_index *index, const struct iv_volume_index *other);
void iv_volume_index_finish(struct iv_volume_index *index);
bool iv_volume_index_is_of(const struct iv_volume_index *index, uint64_t place);
const struct iv_volume_node *iv_volume_index_find(const struct iv_volume_index *index,
                                                  const char *name);
/* Whether two names are the same, to the letter. */
bool iv_volume_index_has_twins(const struct iv_volume_index *index);
void iv_volume_index_fini(struct iv_volume_index *index);

/* UTF-16 little-endian as UTF-8: lone surrogates and NUL become U+FFFD. In `arena`. */
const char *iv_volume_name_utf16(struct iv_arena *arena, const unsigned char *bytes, size_t size);

#endif
