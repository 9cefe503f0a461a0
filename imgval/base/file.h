/*
 * file.h: files and directories that nobody here made: bounded positioned reads, and a sorted walk
 * that follows no links. No mmap: a file that shrinks under us must not kill us.
 */
#ifndef IMGVAL_BASE_FILE_H
#define IMGVAL_BASE_FILE_H

#include "imgval/base/arena.h"
#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/base/error.h"
#include "imgval/base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum iv_file_type {
    IV_FILE_REGULAR,
    IV_FILE_DIRECTORY,
    IV_FILE_LINK,
    IV_FILE_OTHER, /* FIFO, socket, device */
};

/* A file descriptor with IV_CLEANUP: -1 is "none". */
void iv_fd_close(int *fd);

/*
 * Opens `path` beneath the directory `dirfd` for reading, without following a link in any part of
 * it (openat2 where the kernel has it), without blocking and without changing anything. Returns the
 * descriptor; else -1 with errno set. The file is regular: anything else is refused before the
 * first read with *ret_type set and errno EINVAL; a symbolic link with IV_FILE_LINK and ELOOP.
 * ret_size: length in bytes at the time of opening.
 */
int iv_file_open_at(int dirfd, const char *path, enum iv_file_type *ret_type, uint64_t *ret_size);

/* Opens the directory `path` beneath `dirfd` ("": that one itself) for iv_walk(), not through a
 * link in its last part. -1 with errno set. */
int iv_file_open_folder(int dirfd, const char *path);

/* Reads exactly `size` bytes at `offset`, or fewer at the end of the file; -1 with errno set. */
int64_t iv_file_read_at(int fd, void *bytes, size_t size, uint64_t offset);

/* Appends the whole file to buf, reading at most max + 1 bytes. Returns false with errno set and
 * the content of buf as it was; errno is EFBIG when the file holds more than max bytes. */
bool iv_file_read_all(int fd, uint64_t max, struct iv_buf *buf);

/* One entry of a directory tree. */
struct iv_entry {
    const char *path; /* relative to the root of the walk, joined with '/' */
    enum iv_file_type type;
};

/* What could not be walked: an unreadable directory, a limit that was hit. */
struct iv_walk_trouble {
    const char *path;   /* relative, "" for the root itself */
    bool is_limit;      /* a limit of limits.h; else an error of the operating system */
    const char *detail; /* one clause, no newline */
};

struct iv_walk {
    struct iv_entry *entries; /* sorted bytewise by path */
    size_t count;
    struct iv_walk_trouble *troubles; /* sorted by path */
    size_t trouble_count;
};

/* Says whether an entry is to be kept in the result; directories are walked either way. */
typedef bool iv_walk_want_fn(void *context, const char *path, const char *name,
                             enum iv_file_type type);

/*
 * Lists the tree below `dirfd` (not closed) into the arena. Links are listed and never followed;
 * other file systems are walked. The number of entries seen (kept or not) and the depth are bounded
 * by limits, and so are the bytes of all paths (512 for each entry allowed); what could not be seen
 * is in ret_walk->troubles, so this cannot fail as a whole.
 * Uses d_type, no stat per file; no recursion on the stack.
 */
void iv_walk(int dirfd, const struct iv_limits *limits, iv_walk_want_fn *want, void *context,
             struct iv_arena *arena, struct iv_walk *ret_walk);

/*
 * Writes a file beside its final name (same directory, temporary name), fsyncs and renames it, so
 * that a reader sees the old file or the new one, never a part. Permissions of an old file are
 * kept, and a link to a file stays a link. What is there and is no regular file (/dev/null, a
 * FIFO) is written to in place and never replaced. An SQLite database is neither: it is somebody's
 * data, and a name typed wrongly must not cost them.
 */
IV_MUST_USE bool iv_file_replace(const char *path, const void *bytes, size_t size,
                                 struct iv_error *err);

/* The same for what is too large to be held in memory. Errors of `out` are found here. */
typedef void iv_file_write_fn(const void *context, FILE *out);
IV_MUST_USE bool iv_file_replace_with(const char *path, iv_file_write_fn *write,
                                      const void *context, struct iv_error *err);

#endif
