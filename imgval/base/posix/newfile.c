/*
 * Making: random name, O_EXCL, then the lock. Publishing: fsync of the content, a rename that
 * replaces nothing, fsync of the directory; in this order, so that after a power loss the name
 * leads to the whole file or to none. Cleaning: a temporary file whose lock can be taken has lost
 * its maker.
 *
 * Maker and cleaner race between the maker's open() and its lock: then the cleaner holds the lock,
 * or has deleted the file. The maker looks for both once it is done and takes another name.
 */
#include "imgval/base/newfile.h"

#include "imgval/base/arena.h"
#include "imgval/base/buf.h"
#include "imgval/base/entropy.h"
#include "imgval/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK ".new-"
#define DIGITS 16
/* Names are random: a second attempt is needed when a cleaner was faster than the lock. */
#define ATTEMPTS 100

struct iv_newfile {
    char *path; /* the name that it is to have */
    char *name; /* the temporary one; NULL when it is gone */
    int fd;     /* holds the lock */
};

/* --- directories ---------------------------------------------------------------------------- */

/* The directory that holds `path`, or -1. */
static int open_directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct iv_buf name IV_CLEANUP(iv_buf_fini) = {0};
    if (slash == NULL) {
        iv_buf_puts(&name, ".");
    } else {
        iv_buf_add(&name, path, (size_t)(slash - path) + 1);
    }
    return open(iv_buf_text(&name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Makes what was done to the entries of `path`'s directory durable, where the system can. */
static void sync_directory_of(const char *path)
{
    int fd IV_CLEANUP(iv_fd_close) = open_directory_of(path);
    if (fd >= 0) {
        fsync(fd);
    }
}

/* All directories above `path`. Each new one is made durable in its parent, or the file would be
 * lost with it. */
static bool make_directories(const char *path, struct iv_error *err)
{
    char *copy = iv_strdup(path);
    bool is_done = true;
    for (char *at = copy + 1; is_done && *copy != '\0' && *at != '\0'; at++) {
        if (*at != '/' || at[-1] == '/') {
            continue;
        }
        *at = '\0';
        if (mkdir(copy, 0777) == 0) {
            sync_directory_of(copy);
        } else if (errno != EEXIST && access(copy, F_OK) != 0) {
            is_done = iv_error_errno(err, "%s: cannot make the directory", copy);
        }
        *at = '/';
    }
    free(copy);
    return is_done;
}

/* --- making --------------------------------------------------------------------------------- */

/* False with errno; EAGAIN or EACCES: another process has the lock. */
static bool lock(int fd)
{
    struct flock first_byte = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    return fcntl(fd, F_OFD_SETLK, &first_byte) == 0;
}

static bool is_held(int number)
{
    return number == EAGAIN || number == EACCES;
}

/* The new file with its lock; -1 with errno, EEXIST when another name may do. */
static int make_locked(const char *name)
{
    struct stat status;
    int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        return -1;
    }
    /* Between the two a cleaner may have taken it for a leftover. Where a file system has no locks
     * nobody can take one, so nothing is ever taken for a leftover. */
    bool is_lost = (!lock(fd) && is_held(errno)) || fstat(fd, &status) != 0 || status.st_nlink == 0;
    if (is_lost) {
        close(fd);
        errno = EEXIST;
        return -1;
    }
    return fd;
}

/* Fills in name and descriptor. Only EEXIST, a name in use or lost to a cleaner, is tried again. */
static bool make_temporary(struct iv_newfile *file, struct iv_error *err)
{
    struct iv_buf name IV_CLEANUP(iv_buf_fini) = {0};
    errno = EEXIST;
    for (unsigned attempt = 0; file->fd < 0 && errno == EEXIST && attempt < ATTEMPTS; attempt++) {
        uint64_t random = 0;
        if (!iv_entropy(&random, sizeof(random))) {
            return iv_error_errno(err, "%s: no random number", file->path);
        }
        iv_buf_clear(&name);
        iv_buf_printf(&name, "%s" MARK "%016" PRIx64, file->path, random);
        file->fd = make_locked(iv_buf_text(&name));
    }
    if (file->fd < 0) {
        return iv_error_errno(err, "%s: cannot be made", file->path);
    }
    file->name = iv_strdup(iv_buf_text(&name));
    return true;
}

bool iv_newfile_open(const char *path, struct iv_newfile **ret_file, struct iv_error *err)
{
    struct iv_newfile *file IV_CLEANUP(iv_newfile_close) = calloc(1, sizeof(*file));
    if (file == NULL) {
        iv_out_of_memory();
    }
    *file = (struct iv_newfile){.path = iv_strdup(path), .fd = -1};
    if (!make_directories(path, err) || !make_temporary(file, err)) {
        return false;
    }
    *ret_file = file;
    file = NULL;
    return true;
}

const char *iv_newfile_name(const struct iv_newfile *file)
{
    return file->name;
}

void iv_newfile_close(struct iv_newfile **file)
{
    if (*file != NULL) {
        if ((*file)->name != NULL) {
            unlink((*file)->name);
        }
        if ((*file)->fd >= 0) {
            close((*file)->fd); /* after the unlink: the lock says that it has a maker */
        }
        free((*file)->name);
        free((*file)->path);
        free(*file);
        *file = NULL;
    }
}

bool iv_newfile_has_no_locks(const char *path)
{
    int fd IV_CLEANUP(iv_fd_close) = open(path, O_RDONLY | O_CLOEXEC);
    struct flock first_byte = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = 1};
    if (fd < 0 || fcntl(fd, F_GETLK, &first_byte) == 0) {
        return false;
    }
    return errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP;
}

/* --- publishing ----------------------------------------------------------------------------- */

/* Never replaces anything; false with errno. */
static bool move(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
        return true;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return false;
    }
    /* A file system (NFS) or a kernel without that flag. */
    if (link(from, to) != 0) {
        return false;
    }
    unlink(from);
    return true;
}

bool iv_newfile_publish(struct iv_newfile *file, bool *ret_published, struct iv_error *err)
{
    if (fsync(file->fd) != 0) {
        return iv_error_errno(err, "%s: cannot be written", file->path);
    }

    bool is_published = move(file->name, file->path);
    if (!is_published && errno != EEXIST) {
        return iv_error_errno(err, "%s: cannot be made", file->path);
    }
    if (is_published) {
        free(file->name);
        file->name = NULL;
        sync_directory_of(file->path);
    }
    *ret_published = is_published;
    return true;
}

/* --- leftovers ------------------------------------------------------------------------------ */

/* Whether an entry is "BASE.new-" and 16 hex digits, to the letter: nothing else is ever
 * deleted. */
static bool is_temporary(const char *name, const char *base)
{
    size_t length = strlen(base);
    const char *digits = name + length + strlen(MARK);
    return strncmp(name, base, length) == 0 && strncmp(name + length, MARK, strlen(MARK)) == 0 &&
           strspn(digits, "0123456789abcdef") == DIGITS && digits[DIGITS] == '\0';
}

/* Others may write to the directory: no link is followed, and no FIFO is waited for. */
static void remove_leftover(int directory, const char *name)
{
    struct stat status;
    int fd IV_CLEANUP(iv_fd_close) =
        openat(directory, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && lock(fd)) {
        unlinkat(directory, name, 0);
    }
}

void iv_newfile_clean(const char *path)
{
    const char *slash = strrchr(path, '/');
    int fd = open_directory_of(path);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (directory == NULL) {
        iv_fd_close(&fd);
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        if (is_temporary(entry->d_name, slash != NULL ? slash + 1 : path)) {
            remove_leftover(dirfd(directory), entry->d_name);
        }
    }
    closedir(directory);
}
