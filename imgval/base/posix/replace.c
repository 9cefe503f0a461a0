/*
 * Replacing a file whole: a temporary file in the same directory, synced, renamed over the old one,
 * and the directory synced: after a crash there is the old file or the new one.
 */
#include "imgval/base/file.h"

#include "imgval/base/entropy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(int fd, const void *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = write(fd, (const char *)bytes + done, size - done);
        if (got < 0 && errno != EINTR) {
            return false;
        }
        done += got < 0 ? 0 : (size_t)got;
    }
    return true;
}

/* Closes *fd. False with errno set when a late write error shows up. */
static bool close_checked(int *fd)
{
    int closing = *fd;
    *fd = -1;
    return close(closing) == 0 || errno == EINTR;
}

static void text_free(char **text)
{
    free(*text);
}

/* What a file is to hold: bytes, or whatever a function writes. */
struct content {
    const void *bytes;
    size_t size;
    iv_file_write_fn *write; /* NULL: the bytes */
    const void *context;
};

/* The stream has a descriptor of its own: the caller syncs and closes the file. */
static bool write_content(int fd, const struct content *content)
{
    if (content->write == NULL) {
        return write_all(fd, content->bytes, content->size);
    }
    int copy IV_CLEANUP(iv_fd_close) = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    FILE *out = copy < 0 ? NULL : fdopen(copy, "w");
    if (out == NULL) {
        return false;
    }
    copy = -1; /* it is the stream's now */
    errno = 0;
    content->write(content->context, out);
    bool fine = fflush(out) == 0 && ferror(out) == 0;
    int why = errno != 0 ? errno : EIO;
    fine = fclose(out) == 0 && fine;
    errno = why;
    return fine;
}

/* A device, FIFO or terminal keeps its place: /dev/null must stay what it is. */
static bool write_through(const char *path, const struct content *content, struct iv_error *err)
{
    int fd IV_CLEANUP(iv_fd_close) = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || !write_content(fd, content) || !close_checked(&fd)) {
        return iv_error_errno(err, "cannot write %s", path);
    }
    return true;
}

#define TEMPORARY_SIZE sizeof(".imgval-0123456789abcdef.tmp")

/*
 * Makes a new file with a random name in `dirfd`; ret_name gets the name. O_EXCL: nothing that is
 * there is ever opened. -1 with errno set.
 */
static int open_temporary(int dirfd, char ret_name[TEMPORARY_SIZE])
{
    for (int attempt = 0; attempt < 16; attempt++) {
        unsigned long long number;
        if (!iv_entropy(&number, sizeof(number))) {
            return -1;
        }
        snprintf(ret_name, TEMPORARY_SIZE, ".imgval-%016llx.tmp", number);
        int fd =
            openat(dirfd, ret_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

/* `old`: the file that is replaced, for its permissions; NULL when there is none. */
static bool write_temporary(int *fd, const struct stat *old, const struct content *content)
{
    if (old != NULL && fchmod(*fd, old->st_mode & 0777) != 0) {
        return false;
    }
    return write_content(*fd, content) && fsync(*fd) == 0 && close_checked(fd);
}

/* Some file systems cannot sync a directory and say so; others fail for a reason that counts. */
static bool sync_directory(int dirfd)
{
    return fsync(dirfd) == 0 || errno == EINVAL || errno == EBADF || errno == ENOTSUP;
}

/*
 * Writes a temporary file and renames it to `name`. When a step up to the rename fails, the
 * temporary file is removed and the old one is untouched. False with errno set.
 */
static bool replace_in(int dirfd, const char *name, const struct stat *old,
                       const struct content *content)
{
    char temporary[TEMPORARY_SIZE];
    int fd IV_CLEANUP(iv_fd_close) = open_temporary(dirfd, temporary);
    if (fd < 0) {
        return false;
    }
    if (!write_temporary(&fd, old, content) || renameat(dirfd, temporary, dirfd, name) != 0) {
        int saved = errno;
        unlinkat(dirfd, temporary, 0);
        errno = saved;
        return false;
    }
    return sync_directory(dirfd);
}

/* Whether a file is an SQLite database. */
static bool is_database(const char *path)
{
    static const char magic[16] = "SQLite format 3";
    char head[sizeof(magic)] = {0};
    int fd IV_CLEANUP(iv_fd_close) = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    return fd >= 0 && pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
           memcmp(head, magic, sizeof(magic)) == 0;
}

/*
 * The rest of iv_file_replace(): what is at the path decides. A device or FIFO is written to in
 * place, a database is refused, a link is resolved so that the file it leads to is replaced.
 */
static bool replace(const char *path, const struct content *content, struct iv_error *err)
{
    struct stat st;
    bool exists = stat(path, &st) == 0;
    if (exists && !S_ISREG(st.st_mode)) {
        return write_through(path, content, err);
    }
    if (exists && is_database(path)) {
        return iv_error_set(err, IV_ERROR_SYSTEM,
                            "cannot write %s: it is a database, such as a baseline store, and no "
                            "report may take its place; name another file",
                            path);
    }
    /* A link to a file stays a link. */
    char *real IV_CLEANUP(text_free) = exists ? realpath(path, NULL) : strdup(path);
    if (real == NULL) {
        return iv_error_errno(err, "cannot write %s", path);
    }
    char *slash = strrchr(real, '/');
    const char *name = slash == NULL ? real : slash + 1;
    const char *directory = slash == NULL ? "." : slash == real ? "/" : real;
    if (*name == '\0') {
        errno = path[0] == '\0' ? ENOENT : EISDIR;
        return iv_error_errno(err, "cannot write %s", path);
    }
    if (slash != NULL) {
        *slash = '\0';
    }
    int dirfd IV_CLEANUP(iv_fd_close) = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0 && errno == EACCES) { /* a directory that may be written but not listed */
        dirfd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    if (dirfd < 0 || !replace_in(dirfd, name, exists ? &st : NULL, content)) {
        return iv_error_errno(err, "cannot write %s", path);
    }
    return true;
}

bool iv_file_replace(const char *path, const void *bytes, size_t size, struct iv_error *err)
{
    return replace(path, &(struct content){.bytes = bytes, .size = size}, err);
}

bool iv_file_replace_with(const char *path, iv_file_write_fn *write, const void *context,
                          struct iv_error *err)
{
    return replace(path, &(struct content){.write = write, .context = context}, err);
}
