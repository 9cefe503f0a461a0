/*
 * file.h: files and directories that nobody here made: bounded positioned reads, and a sorted walk
 * that follows no links. No maps, but in readers: a file that shrinks under us must not kill us.
 *
 * An open file or directory is a number, -1 none. What can go wrong is an errno, on every system;
 * iv_errno_text() of error.h has its words. Paths are bytes, their parts joined with '/'.
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

/* What is known of a file without reading it. Times in seconds since 1970 and nanoseconds. */
struct iv_status {
    enum iv_file_type type;
    const char *what; /* "a FIFO": of what is no file, directory or link; else NULL */
    uint64_t size;
    uint64_t device;
    uint64_t inode;
    int64_t mtime;
    uint64_t mtime_ns;
    int64_t ctime;
    uint64_t ctime_ns;
    uint64_t owner;        /* a number that stands for whom it belongs to */
    bool others_may_write; /* everybody may */
};

/* Whether both are the same file. */
bool iv_status_is_same(const struct iv_status *a, const struct iv_status *b);

/* Whether the file belongs to this user, or to the system. */
bool iv_status_is_ours(const struct iv_status *status);

/* Closes an open file, for IV_CLEANUP: -1 is "none". errno stays. */
void iv_fd_close(int *fd);

/*
 * Opens what the user named, whatever it is, for reading, through links, without blocking and
 * without changing anything. -1 with errno set.
 */
int iv_file_open(const char *path, struct iv_status *ret_status);

/* Opens what the user named to be read from its beginning to its end: a file, a pipe. NULL, or -1,
 * with errno set. */
FILE *iv_file_open_stream(const char *path);
int iv_file_open_whole(const char *path);

/*
 * Opens `path` beneath the directory `dirfd` for reading, without following a link in any part of
 * it, without blocking and without changing anything. Returns the open file; else -1 with errno
 * set. The file is regular: anything else is refused before the first read with *ret_type set and
 * errno EINVAL; a symbolic link with IV_FILE_LINK and ELOOP. ret_size: length in bytes at the time
 * of opening.
 */
int iv_file_open_at(int dirfd, const char *path, enum iv_file_type *ret_type, uint64_t *ret_size);

/* Opens the directory `path` beneath `dirfd` ("": that one itself) for iv_walk(), not through a
 * link in its last part. -1 with errno set. */
int iv_file_open_folder(int dirfd, const char *path);

/* The same open file under another number, which outlives the first. -1 with errno set. */
int iv_file_duplicate(int fd);

/* False with errno set. */
bool iv_file_status(int fd, struct iv_status *ret_status);

/* Reads on: some of the next bytes, 0 at the end; -1 with errno set. */
int64_t iv_file_read_on(int fd, void *bytes, size_t size);

/* Where it would read on; -1: in a pipe, which has no places. */
int64_t iv_file_place(int fd);
/* False with errno set. */
bool iv_file_go_to(int fd, int64_t place);

/* Reads exactly `size` bytes at `offset`, or fewer at the end of the file; -1 with errno set. */
int64_t iv_file_read_at(int fd, void *bytes, size_t size, uint64_t offset);

/* Appends the whole file to buf, reading at most max + 1 bytes. Returns false with errno set and
 * the content of buf as it was; errno is EFBIG when the file holds more than max bytes. */
bool iv_file_read_all(int fd, uint64_t max, struct iv_buf *buf);

/* How a file will be read. Nothing depends on it. */
void iv_file_expect_soon(int fd, uint64_t size); /* its beginning, before long */
void iv_file_expect_jumps(int fd);               /* not from one end to the other */

/*
 * The first bytes of a file as memory, from which they are read when they are looked at. Only where
 * it is good that a file that shrinks meanwhile kills the process: in a reader. NULL: it cannot be.
 * What was looked at goes when it is forgotten, and is read again when it is looked at again.
 */
const void *iv_file_map(int fd, size_t size);
void iv_file_unmap(const void *map, size_t size);
void iv_file_forget(const void *map, size_t size);

/* Makes a directory; one that is there already is fine. False with errno set. */
bool iv_file_make_folder(const char *path);

/* Makes a file that is not there yet in a directory. NULL with errno set, EEXIST when the name is
 * taken. */
FILE *iv_file_make_at(int dirfd, const char *name);

/*
 * Writes a file beside its final name (same directory, temporary name), makes it durable and
 * renames it, so that a reader sees the old file or the new one, never a part. Permissions of an
 * old file are kept, and a link to a file stays a link. What is there and is no regular file
 * (/dev/null, a FIFO) is written to in place and never replaced. An SQLite database is neither: it
 * is somebody's data, and a name typed wrongly must not cost them.
 */
IV_MUST_USE bool iv_file_replace(const char *path, const void *bytes, size_t size,
                                 struct iv_error *err);

/* The same for what is written piece by piece. Errors of `out` are found here. */
typedef void iv_file_write_fn(const void *context, FILE *out);
IV_MUST_USE bool iv_file_replace_with(const char *path, iv_file_write_fn *write,
                                      const void *context, struct iv_error *err);

/* ---- directories ---- */

/* The entries of one directory, one after the other. */
struct iv_folder;

enum iv_folder_step {
    IV_FOLDER_ENTRY,
    IV_FOLDER_UNKNOWN, /* an entry, and errno says why it is not known what it is */
    IV_FOLDER_END,
    IV_FOLDER_TROUBLE, /* the rest cannot be read; errno says why */
};

/* `path` beneath `dirfd`, through no link; "." is that one itself. NULL with errno set. */
struct iv_folder *iv_folder_open(int dirfd, const char *path);
void iv_folder_close(struct iv_folder **folder); /* for IV_CLEANUP */

/* The next entry, without "." and "..". The name lasts until the next call. */
enum iv_folder_step iv_folder_next(struct iv_folder *folder, const char **ret_name,
                                   enum iv_file_type *ret_type);

/* ---- walking ---- */

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
 * is in ret_walk->troubles, so this cannot fail as a whole. No recursion on the stack.
 */
void iv_walk(int dirfd, const struct iv_limits *limits, iv_walk_want_fn *want, void *context,
             struct iv_arena *arena, struct iv_walk *ret_walk);

#endif
