/*
 * opened.h: the tree in which the files of the input lie, and one of them open for reading. It is a
 * directory, or an archive that stands for the tree it holds; whoever reads a package, a manifest
 * or a history does not know which. Internal to imgval/input.
 */
#ifndef IMGVAL_INPUT_OPENED_H
#define IMGVAL_INPUT_OPENED_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/base/file.h"
#include "imgval/base/limits.h"
#include "imgval/base/look.h"
#include "imgval/model/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct iv_archive;
struct iv_packed;

struct iv_tree {
    int directory;                    /* -1: there is none, or: */
    const struct iv_archive *archive; /* the files are its members; NULL */
};

/* Borrows what it reads from; what it has of its own goes with iv_opened_close(). */
struct iv_opened {
    int fd; /* -1 of a member */
    bool is_owned;
    uint64_t size;            /* bytes */
    struct iv_packed *packed; /* a member of an archive; owned; NULL: the bytes of fd */
};

#define IV_OPENED_NONE ((struct iv_opened){.fd = -1})

/* A file that somebody else opened and closes. */
static inline struct iv_opened iv_opened_of(int fd, uint64_t size)
{
    return (struct iv_opened){.fd = fd, .size = size};
}

void iv_opened_close(struct iv_opened *file); /* IV_CLEANUP; IV_OPENED_NONE is none */

/*
 * Reads `size` bytes at `offset`, or fewer at the end of the file. -1 with *ret_fault (kind and
 * detail): UNREADABLE, or MALFORMED for a member that is damaged.
 */
int64_t iv_opened_read_at(const struct iv_opened *file, void *bytes, size_t size, uint64_t offset,
                          struct iv_fault *ret_fault);

/* Appends the whole file. False with *ret_fault and nothing appended; LIMIT: it has more than `max`
 * bytes. */
IV_MUST_USE bool iv_opened_read_all(const struct iv_opened *file, uint64_t max, struct iv_buf *buf,
                                    struct iv_fault *ret_fault);

/* Whether a member of an archive is what the archive says of it (its CRC-32), to its last byte.
 * True for a file. */
IV_MUST_USE bool iv_opened_check(const struct iv_opened *file, struct iv_fault *ret_fault);

/*
 * Opens a file of the root for reading; no link is followed. ABSENT: there is none, and *ret_fault
 * says how the system puts that. TROUBLE with *ret_fault: NOT_REGULAR for what is no file,
 * UNREADABLE; UNSUPPORTED, LIMIT for a member that is not read. `scratch` is for the time of the
 * call.
 */
enum iv_look iv_tree_open(const struct iv_tree *root, const char *path, struct iv_arena *scratch,
                          struct iv_opened *ret_file, struct iv_fault *ret_fault);

/* The size of a file of the root. */
enum iv_look iv_tree_size(const struct iv_tree *root, const char *path, uint64_t *ret_size);

/* What iv_tree_walk() looks for. */
struct iv_tree_search {
    const char *folder; /* beneath the root; "": all of it */
    const struct iv_limits *limits;
    iv_walk_want_fn *want;
    void *context;
};

/* iv_walk() over a folder of the root. False with *ret_fault: the folder cannot be opened. */
IV_MUST_USE bool iv_tree_walk(const struct iv_tree *root, const struct iv_tree_search *search,
                              struct iv_arena *arena, struct iv_walk *ret_walk,
                              struct iv_fault *ret_fault);

#endif
