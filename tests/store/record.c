/*
 * record.c: preloaded into imgval, writes down what is done to the files below one folder: what a
 * power loss may leave of them depends on what was made durable, and when. In the environment:
 *
 *   IMGVAL_RECORD=LOG     the log, appended to
 *   IMGVAL_RECORD_BELOW   the folder, absolute
 *
 * A record is a line, and the bytes of a write after it:
 *
 *   make INODE PATH          write INODE OFFSET SIZE       sync INODE       (a file)
 *   link INODE PATH          cut INODE SIZE                folder PATH      (an fsync of it)
 *   move INODE FROM<TAB>TO   drop PATH                     mkdir PATH
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* The function that this one stands for. */
#define REAL(name)                                                                                 \
    static __typeof__(name) *real;                                                                 \
    if (real == NULL) {                                                                            \
        *(void **)&real = dlsym(RTLD_NEXT, #name);                                                 \
    }

/* The path below the folder; false: it lies elsewhere. */
static bool is_below(const char *path, char *ret_path, size_t size)
{
    const char *folder = getenv("IMGVAL_RECORD_BELOW");
    char full[PATH_MAX * 2];
    if (folder == NULL) {
        return false;
    }
    if (path[0] == '/') {
        snprintf(full, sizeof(full), "%s", path);
    } else {
        char here[PATH_MAX];
        snprintf(full, sizeof(full), "%s/%s", getcwd(here, sizeof(here)) == NULL ? "" : here, path);
    }
    size_t length = strlen(folder);
    if (strncmp(full, folder, length) != 0 || (full[length] != '/' && full[length] != '\0')) {
        return false;
    }
    snprintf(ret_path, size, "%s", full[length] == '\0' ? "." : full + length + 1);
    return true;
}

static bool path_of(int fd, char *ret_path, size_t size)
{
    char link[64];
    char full[PATH_MAX];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, full, sizeof(full) - 1);
    if (length < 0) {
        return false;
    }
    full[length] = '\0';
    return is_below(full, ret_path, size);
}

/* One record: a line, and the bytes after it, as one write. */
static void record(const char *line, const void *bytes, size_t size)
{
    const char *log = getenv("IMGVAL_RECORD");
    long fd =
        log == NULL ? -1 : syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    struct iovec parts[2] = {{.iov_base = (char *)(size_t)line, .iov_len = strlen(line)},
                             {.iov_base = (char *)(size_t)bytes, .iov_len = size}};
    if (fd < 0 || syscall(SYS_writev, fd, parts, 2) != (long)(parts[0].iov_len + size)) {
        abort();
    }
    syscall(SYS_close, fd);
}

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    char line[PATH_MAX * 3];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    record(line, "", 0);
}

static unsigned long inode_of(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 ? (unsigned long)status.st_ino : 0;
}

static unsigned long inode_at(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (unsigned long)status.st_ino : 0;
}

static int opened(int fd, const char *path, bool was_there, int flags)
{
    char below[PATH_MAX];
    if (fd >= 0 && (flags & O_CREAT) != 0 && !was_there && is_below(path, below, sizeof(below))) {
        say("make %lu %s\n", inode_of(fd), below);
    } else if (fd >= 0 && (flags & O_TRUNC) != 0 && is_below(path, below, sizeof(below))) {
        say("cut %lu 0\n", inode_of(fd));
    }
    return fd;
}

#define OPENS(name)                                                                                \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        REAL(name)                                                                                 \
        va_list given;                                                                             \
        va_start(given, flags);                                                                    \
        mode_t mode = (flags & O_CREAT) != 0 ? va_arg(given, mode_t) : 0;                          \
        va_end(given);                                                                             \
        bool was_there = inode_at(path) != 0;                                                      \
        return opened(real(path, flags, mode), path, was_there, flags);                            \
    }
OPENS(open)
OPENS(open64)

static ssize_t written(int fd, const void *bytes, ssize_t size, long offset)
{
    char below[PATH_MAX];
    if (size > 0 && path_of(fd, below, sizeof(below))) {
        char line[128];
        snprintf(line, sizeof(line), "write %lu %ld %zd\n", inode_of(fd), offset, size);
        record(line, bytes, (size_t)size);
    }
    return size;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    REAL(write)
    off_t at = lseek(fd, 0, SEEK_CUR);
    return written(fd, bytes, real(fd, bytes, size), at);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    REAL(pwrite)
    return written(fd, bytes, real(fd, bytes, size, at), at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
    REAL(pwrite64)
    return written(fd, bytes, real(fd, bytes, size, at), at);
}

static int cut(int fd, int result, long size)
{
    char below[PATH_MAX];
    if (result == 0 && path_of(fd, below, sizeof(below))) {
        say("cut %lu %ld\n", inode_of(fd), size);
    }
    return result;
}

int ftruncate(int fd, off_t size)
{
    REAL(ftruncate)
    return cut(fd, real(fd, size), size);
}

int ftruncate64(int fd, off64_t size)
{
    REAL(ftruncate64)
    return cut(fd, real(fd, size), size);
}

static int synced(int fd, int result)
{
    struct stat status;
    char below[PATH_MAX];
    if (result == 0 && path_of(fd, below, sizeof(below)) && fstat(fd, &status) == 0) {
        if (S_ISDIR(status.st_mode)) {
            say("folder %s\n", below);
        } else {
            say("sync %lu\n", (unsigned long)status.st_ino);
        }
    }
    return result;
}

int fsync(int fd)
{
    REAL(fsync)
    return synced(fd, real(fd));
}

int fdatasync(int fd)
{
    REAL(fdatasync)
    return synced(fd, real(fd));
}

int unlink(const char *path)
{
    REAL(unlink)
    char below[PATH_MAX];
    int result = real(path);
    if (result == 0 && is_below(path, below, sizeof(below))) {
        say("drop %s\n", below);
    }
    return result;
}

static int moved(int result, const char *from, const char *to)
{
    char old[PATH_MAX];
    char new[PATH_MAX];
    if (result == 0 && is_below(from, old, sizeof(old)) && is_below(to, new, sizeof(new))) {
        say("move %lu %s\t%s\n", inode_at(to), old, new);
    }
    return result;
}

int rename(const char *from, const char *to)
{
    REAL(rename)
    return moved(real(from, to), from, to);
}

/* Names are those of the current folder, as imgval has them. */
int renameat(int a, const char *from, int b, const char *to)
{
    REAL(renameat)
    return moved(real(a, from, b, to), from, to);
}

int renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
    REAL(renameat2)
    return moved(real(a, from, b, to, flags), from, to);
}

int linkat(int a, const char *from, int b, const char *to, int flags)
{
    REAL(linkat)
    char below[PATH_MAX];
    int result = real(a, from, b, to, flags);
    if (result == 0 && is_below(to, below, sizeof(below))) {
        say("link %lu %s\n", inode_at(to), below);
    }
    return result;
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int mkdir(const char *path, mode_t mode)
{
    REAL(mkdir)
    char below[PATH_MAX];
    int result = real(path, mode);
    if (result == 0 && is_below(path, below, sizeof(below))) {
        say("mkdir %s\n", below);
    }
    return result;
}
