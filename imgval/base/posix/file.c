/*
 * Files and directories that nobody here made, on POSIX systems.
 *
 * Opening: a submission can hold links, FIFOs and devices, and can be changed while it is read. So
 * a path is resolved by the kernel with openat2(), beneath one directory and through no link; where
 * that call is missing, part by part with O_NOFOLLOW, which comes to the same. What was opened is
 * asked for its type by its descriptor, never by its name again.
 */
#include "imgval/base/file.h"

#include "imgval/base/posix/status.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- what a file is ---- */

/* Only regular files and directories are ever read; the others differ in their name alone. */
static enum iv_file_type type_of_mode(mode_t mode)
{
    if (S_ISREG(mode)) {
        return IV_FILE_REGULAR;
    }
    if (S_ISDIR(mode)) {
        return IV_FILE_DIRECTORY;
    }
    return S_ISLNK(mode) ? IV_FILE_LINK : IV_FILE_OTHER;
}

static const char *name_of_mode(mode_t mode)
{
    if (S_ISFIFO(mode)) {
        return "a FIFO";
    }
    if (S_ISSOCK(mode)) {
        return "a socket";
    }
    return S_ISCHR(mode) || S_ISBLK(mode) ? "a device" : NULL;
}

struct iv_status iv_status_of(const struct stat *st)
{
    return (struct iv_status){
        .type = type_of_mode(st->st_mode),
        .what = name_of_mode(st->st_mode),
        .size = (uint64_t)st->st_size,
        .device = (uint64_t)st->st_dev,
        .inode = (uint64_t)st->st_ino,
        .mtime = (int64_t)st->st_mtim.tv_sec,
        .mtime_ns = (uint64_t)st->st_mtim.tv_nsec,
        .ctime = (int64_t)st->st_ctim.tv_sec,
        .ctime_ns = (uint64_t)st->st_ctim.tv_nsec,
        .owner = (uint64_t)st->st_uid,
        .others_may_write = (st->st_mode & S_IWOTH) != 0,
    };
}

/* Of this user or of root: nobody else could have put something there. */
bool iv_status_is_ours(const struct iv_status *status)
{
    return status->owner == geteuid() || status->owner == 0;
}

bool iv_file_status(int fd, struct iv_status *ret_status)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return false;
    }
    *ret_status = iv_status_of(&st);
    return true;
}

/* ---- opening ---- */

/* For IV_CLEANUP: errno still says why the function fails. */
void iv_fd_close(int *fd)
{
    if (*fd >= 0) {
        int saved = errno;
        close(*fd);
        errno = saved;
        *fd = -1;
    }
}

/*
 * Whether a part of the path is "..": refused before the kernel sees it, as the fallback would
 * follow it.
 */
static bool has_parent_part(const char *path)
{
    for (const char *part = path; *part != '\0';) {
        size_t length = strcspn(part, "/");
        if (length == 2 && part[0] == '.' && part[1] == '.') {
            return true;
        }
        part += length;
        part += strspn(part, "/");
    }
    return false;
}

/*
 * Opens one name in a directory, not through a link: ELOOP then, as openat2() has it. -1 with errno
 * set.
 */
static int open_part(int dirfd, const char *name, int flags)
{
    int fd;
    do {
        fd = openat(dirfd, name, flags | O_NOFOLLOW | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0 && errno == ENOTDIR) {
        /* O_DIRECTORY hides that the name is a link. */
        struct stat st;
        bool is_link = fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
        errno = is_link ? ELOOP : ENOTDIR;
    }
    return fd;
}

/* One component after the other, so that neither links nor PATH_MAX matter. */
static int open_by_parts(int dirfd, const char *path, int flags)
{
    int parent IV_CLEANUP(iv_fd_close) = -1;
    for (const char *part = path;;) {
        size_t length = strcspn(part, "/");
        const char *rest = part + length + strspn(part + length, "/");
        char name[NAME_MAX + 1];
        if (length > NAME_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(name, part, length);
        name[length] = '\0';
        bool is_last = *rest == '\0';
        int fd =
            open_part(parent >= 0 ? parent : dirfd, name, is_last ? flags : O_PATH | O_DIRECTORY);
        if (fd < 0 || is_last) {
            return fd;
        }
        iv_fd_close(&parent);
        parent = fd;
        part = rest;
    }
}

/* Opens beneath dirfd through no link: ELOOP; never above it: EXDEV. -1 with errno set. */
static int open_beneath(int dirfd, const char *path, int flags)
{
    if (path[0] == '/' || has_parent_part(path)) {
        errno = EXDEV;
        return -1;
    }
    struct open_how how = {
        .flags = (unsigned)(flags | O_NOFOLLOW | O_CLOEXEC),
        .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    long fd;
    do {
        fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
    } while (fd < 0 && errno == EINTR);
    /* ENOSYS: kernels before 5.6. EPERM: container sandboxes that do not know the call. */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == ENAMETOOLONG)) {
        return open_by_parts(dirfd, path, flags);
    }
    return (int)fd;
}

/* A file of a submission. Opened first and looked at through its descriptor, since the name may
 * lead elsewhere a moment later. */
int iv_file_open_at(int dirfd, const char *path, enum iv_file_type *ret_type, uint64_t *ret_size)
{
    /* O_NONBLOCK: a FIFO without a writer must not hold us. */
    int fd IV_CLEANUP(iv_fd_close) = open_beneath(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        if (errno == ELOOP) {
            *ret_type = IV_FILE_LINK;
        } else if (errno == ENXIO || errno == ENODEV) { /* a socket, a device without driver */
            *ret_type = IV_FILE_OTHER;
            errno = EINVAL;
        }
        return -1;
    }
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return -1;
    }
    *ret_type = type_of_mode(st.st_mode);
    if (*ret_type != IV_FILE_REGULAR) {
        errno = EINVAL;
        return -1;
    }
    *ret_size = (uint64_t)st.st_size;
    int opened = fd;
    fd = -1;
    return opened;
}

/* A path that the user named: links are followed, as the user means what they lead to. */
int iv_file_open(const char *path, struct iv_status *ret_status)
{
    int fd IV_CLEANUP(iv_fd_close) = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || !iv_file_status(fd, ret_status)) {
        return -1;
    }
    int opened = fd;
    fd = -1;
    return opened;
}

/* As iv_file_open(), but waits for a FIFO's writer: --policy=<(command) is one. */
int iv_file_open_whole(const char *path)
{
    return open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
}

FILE *iv_file_open_stream(const char *path)
{
    int fd IV_CLEANUP(iv_fd_close) = iv_file_open_whole(path);
    FILE *stream = fd < 0 ? NULL : fdopen(fd, "r");
    if (stream != NULL) {
        fd = -1; /* it is the stream's now */
    }
    return stream;
}

/* ---- reading ---- */

/* The kernel takes a little less than 2 GiB in one call. */
#define READ_MAX ((size_t)1 << 30)

int iv_file_open_folder(int dirfd, const char *path)
{
    return openat(dirfd, *path == '\0' ? "." : path,
                  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int64_t iv_file_read_on(int fd, void *bytes, size_t size)
{
    ssize_t got;
    do {
        got = read(fd, bytes, size < READ_MAX ? size : READ_MAX);
    } while (got < 0 && errno == EINTR);
    return got;
}

int64_t iv_file_place(int fd)
{
    return lseek(fd, 0, SEEK_CUR);
}

bool iv_file_go_to(int fd, int64_t place)
{
    return lseek(fd, (off_t)place, SEEK_SET) == (off_t)place;
}

/* Fewer bytes than were asked for only at the end of the file, so callers need no loop. The place
 * of the descriptor stays, which readers share. */
int64_t iv_file_read_at(int fd, void *bytes, size_t size, uint64_t offset)
{
    size_t done = 0;
    while (done < size) {
        size_t wanted = size - done < READ_MAX ? size - done : READ_MAX;
        uint64_t at;
        if (__builtin_add_overflow(offset, done, &at) || at > INT64_MAX - wanted) {
            break; /* no file reaches so far */
        }
        ssize_t got = pread(fd, (char *)bytes + done, wanted, (off_t)at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
    }
    return (int64_t)done;
}

int iv_file_duplicate(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/* Hints to the kernel, right or wrong at no risk. */
void iv_file_expect_soon(int fd, uint64_t size)
{
    (void)posix_fadvise(fd, 0, (off_t)size, POSIX_FADV_WILLNEED);
}

void iv_file_expect_jumps(int fd)
{
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
}

const void *iv_file_map(int fd, size_t size)
{
    void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    return map == MAP_FAILED ? NULL : map;
}

void iv_file_unmap(const void *map, size_t size)
{
    (void)munmap((void *)(uintptr_t)map, size);
}

/* Whole pages of it. */
void iv_file_forget(const void *map, size_t size)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)map + page - 1) / page * page;
    uintptr_t end = ((uintptr_t)map + size) / page * page;
    if (first < end) {
        (void)madvise((void *)first, end - first, MADV_DONTNEED);
    }
}

/* ---- making ---- */

bool iv_file_make_folder(const char *path)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

/* A new file, or none: what is there, be it a link, is never written to. */
FILE *iv_file_make_at(int dirfd, const char *name)
{
    int fd IV_CLEANUP(iv_fd_close) =
        openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    FILE *stream = fd < 0 ? NULL : fdopen(fd, "w");
    if (stream != NULL) {
        fd = -1; /* it is the stream's now */
    }
    return stream;
}

/* ---- directories ---- */

struct iv_folder {
    DIR *stream;
};

void iv_folder_close(struct iv_folder **folder)
{
    if (*folder != NULL) {
        int saved = errno;
        closedir((*folder)->stream);
        free(*folder);
        *folder = NULL;
        errno = saved;
    }
}

/* Beneath `dirfd`, like a file: a directory of a submission may have become a link by now. */
struct iv_folder *iv_folder_open(int dirfd, const char *path)
{
    int fd IV_CLEANUP(iv_fd_close) = open_beneath(dirfd, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (stream == NULL) {
        return NULL;
    }
    fd = -1; /* it is the stream's now */
    struct iv_folder *folder = iv_malloc(sizeof(*folder));
    *folder = (struct iv_folder){.stream = stream};
    return folder;
}

/* Most file systems say what an entry is, so that nobody has to ask for it. */
static enum iv_folder_step type_of_entry(int dirfd, const struct dirent *entry,
                                         enum iv_file_type *ret_type)
{
    switch (entry->d_type) {
    case DT_REG:
        *ret_type = IV_FILE_REGULAR;
        return IV_FOLDER_ENTRY;
    case DT_DIR:
        *ret_type = IV_FILE_DIRECTORY;
        return IV_FOLDER_ENTRY;
    case DT_LNK:
        *ret_type = IV_FILE_LINK;
        return IV_FOLDER_ENTRY;
    case DT_UNKNOWN:
        break;
    default:
        *ret_type = IV_FILE_OTHER;
        return IV_FOLDER_ENTRY;
    }
    struct stat st;
    if (fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return IV_FOLDER_UNKNOWN;
    }
    *ret_type = type_of_mode(st.st_mode);
    return IV_FOLDER_ENTRY;
}

enum iv_folder_step iv_folder_next(struct iv_folder *folder, const char **ret_name,
                                   enum iv_file_type *ret_type)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder->stream);
        if (entry == NULL) {
            return errno == 0 ? IV_FOLDER_END : IV_FOLDER_TROUBLE;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        enum iv_folder_step step = type_of_entry(dirfd(folder->stream), entry, ret_type);
        if (step == IV_FOLDER_UNKNOWN && errno == ENOENT) {
            continue; /* it is gone again */
        }
        *ret_name = entry->d_name;
        return step;
    }
}
