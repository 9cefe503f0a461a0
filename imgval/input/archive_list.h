/*
 * archive_list.h: a list of members in the making, which the reader of a format fills: names become
 * paths, and what cannot lie in one tree is found. Runs in a reader process. Private to archive*.c,
 * zip.c and tar.c.
 */
#ifndef IMGVAL_INPUT_ARCHIVE_LIST_H
#define IMGVAL_INPUT_ARCHIVE_LIST_H

#include "imgval/input/archive.h"

struct iv_archive_list {
    struct iv_arena *arena;
    const struct iv_limits *limits;
    struct iv_archive archive; /* in the making */
    size_t member_capacity;
    size_t fault_capacity;
    size_t bad_names;   /* members whose names are none of a tree */
    uint64_t unpacked;  /* bytes of all members */
    uint64_t text_size; /* bytes of all paths */
};

/* A fault of the archive as a whole; returns false. */
bool iv_archive_list_fail(struct iv_archive_list *list, enum iv_fault_kind kind,
                          const char *detail);

/* All of these bytes of the archive's file, or such a fault. */
IV_MUST_USE bool iv_archive_list_read(struct iv_archive_list *list, int fd, void *bytes,
                                      size_t size, uint64_t offset);

/* Adds a member under a name of the archive ('/' between its parts). A name that leads out of the
 * tree, or is none, is a fault, and the member is passed over. False: a limit was hit, which is a
 * fault, and there is nothing more to read. */
IV_MUST_USE bool iv_archive_list_add(struct iv_archive_list *list, const char *name, size_t length,
                                     const struct iv_archived *member);

/* After the last one: sorts, adds the folders that no member names, and finds what stands twice in
 * one place. */
void iv_archive_list_finish(struct iv_archive_list *list);

#endif
