/*
 * inject.c: preloaded into imgval, lets one system or library call fail, or all from one on, in the
 * parent or in its readers. Plan, in the environment:
 *
 *   IMGVAL_INJECT=GROUP:N:COUNT:ERRNO:WHO   the N-th call (from 1) of a group fails, and COUNT-1
 *                                           after it (0: all); WHO is parent or reader
 *   IMGVAL_INJECT=sandbox:...               the system has no Landlock and no seccomp
 *
 * A fault that took place leaves a line "[injected]" on standard error, so that the driver knows
 * when N is past the last call. A reader counts from its own beginning: it begins in fork(). Its
 * sandbox does not matter: all this was mapped before, and the line goes where it may write.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum group {
    NONE,
    MALLOC,
    OPEN,
    READ,
    PREAD,
    WRITE,
    FSYNC,
    RENAME,
    FORK,
    POLL,
    READDIR,
    STAT,
    MAP,
    TRUNCATE,
    SANDBOX,
};

static const char *const names[] = {
    [NONE] = "none",   [MALLOC] = "malloc",     [OPEN] = "open",       [READ] = "read",
    [PREAD] = "pread", [WRITE] = "write",       [FSYNC] = "fsync",     [RENAME] = "rename",
    [FORK] = "fork",   [POLL] = "poll",         [READDIR] = "readdir", [STAT] = "stat",
    [MAP] = "map",     [TRUNCATE] = "truncate", [SANDBOX] = "sandbox",
};

static struct {
    enum group group;
    unsigned long at;
    unsigned long count;
    int number;
    bool wants_reader;
    bool is_reader;
    unsigned long calls;
} plan;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("IMGVAL_INJECT");
    char group[16] = "";
    char who[16] = "";
    if (text == NULL || sscanf(text, "%15[^:]:%lu:%lu:%d:%15s", group, &plan.at, &plan.count,
                               &plan.number, who) != 5) {
        return;
    }
    plan.wants_reader = strcmp(who, "reader") == 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        plan.group = strcmp(names[i], group) == 0 ? (enum group)i : plan.group;
    }
}

/* Whether this call fails; errno is set then. */
static bool fails(enum group group)
{
    if (plan.group != group || plan.is_reader != plan.wants_reader) {
        return false;
    }
    unsigned long call = ++plan.calls;
    if (call < plan.at || (plan.count != 0 && call >= plan.at + plan.count)) {
        return false;
    }
    if (call == plan.at) {
        static const char line[] = "[injected]\n";
        long written = syscall(SYS_write, STDERR_FILENO, line, sizeof(line) - 1);
        (void)written;
    }
    errno = plan.number;
    return true;
}

/* The function that this one stands for. */
#define REAL(name)                                                                                 \
    static __typeof__(name) *real;                                                                 \
    if (real == NULL) {                                                                            \
        *(void **)&real = dlsym(RTLD_NEXT, #name);                                                 \
    }

void *malloc(size_t size)
{
    return fails(MALLOC) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(MALLOC) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return fails(MALLOC) ? NULL : __libc_realloc(memory, size);
}

#define OPENS(name, parameters, arguments)                                                         \
    int name parameters                                                                            \
    {                                                                                              \
        REAL(name)                                                                                 \
        va_list given;                                                                             \
        va_start(given, flags);                                                                    \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(given, mode_t) : 0;            \
        va_end(given);                                                                             \
        return fails(OPEN) ? -1 : real arguments;                                                  \
    }
OPENS(open, (const char *path, int flags, ...), (path, flags, mode))
OPENS(open64, (const char *path, int flags, ...), (path, flags, mode))
OPENS(openat, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))
OPENS(openat64, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))

#define SIMPLE(group, result, failure, name, parameters, arguments)                                \
    result name parameters                                                                         \
    {                                                                                              \
        REAL(name)                                                                                 \
        return fails(group) ? (failure) : real arguments;                                          \
    }
SIMPLE(READ, ssize_t, -1, read, (int fd, void *bytes, size_t size), (fd, bytes, size))
SIMPLE(PREAD, ssize_t, -1, pread, (int fd, void *bytes, size_t size, off_t at),
       (fd, bytes, size, at))
SIMPLE(PREAD, ssize_t, -1, pread64, (int fd, void *bytes, size_t size, off64_t at),
       (fd, bytes, size, at))
SIMPLE(WRITE, ssize_t, -1, write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
SIMPLE(WRITE, ssize_t, -1, writev, (int fd, const struct iovec *parts, int count),
       (fd, parts, count))
SIMPLE(WRITE, ssize_t, -1, pwrite, (int fd, const void *bytes, size_t size, off_t at),
       (fd, bytes, size, at))
SIMPLE(WRITE, ssize_t, -1, pwrite64, (int fd, const void *bytes, size_t size, off64_t at),
       (fd, bytes, size, at))
SIMPLE(FSYNC, int, -1, fsync, (int fd), (fd))
SIMPLE(FSYNC, int, -1, fdatasync, (int fd), (fd))
SIMPLE(RENAME, int, -1, rename, (const char *from, const char *to), (from, to))
SIMPLE(RENAME, int, -1, renameat, (int a, const char *from, int b, const char *to),
       (a, from, b, to))
SIMPLE(POLL, int, -1, poll, (struct pollfd * polls, nfds_t count, int timeout),
       (polls, count, timeout))
SIMPLE(READDIR, struct dirent *, NULL, readdir, (DIR * folder), (folder))
SIMPLE(READDIR, struct dirent64 *, NULL, readdir64, (DIR * folder), (folder))

SIMPLE(RENAME, int, -1, linkat, (int a, const char *from, int b, const char *to, int flags),
       (a, from, b, to, flags))
SIMPLE(RENAME, int, -1, unlink, (const char *path), (path))
SIMPLE(TRUNCATE, int, -1, ftruncate, (int fd, off_t size), (fd, size))
SIMPLE(TRUNCATE, int, -1, ftruncate64, (int fd, off64_t size), (fd, size))
SIMPLE(STAT, int, -1, fstat, (int fd, struct stat *status), (fd, status))
SIMPLE(STAT, int, -1, fstat64, (int fd, struct stat64 *status), (fd, status))
SIMPLE(STAT, int, -1, stat, (const char *path, struct stat *status), (path, status))
SIMPLE(STAT, int, -1, lstat, (const char *path, struct stat *status), (path, status))
SIMPLE(STAT, int, -1, fstatat, (int folder, const char *path, struct stat *status, int flags),
       (folder, path, status, flags))
SIMPLE(MAP, void *, MAP_FAILED, mmap,
       (void *at, size_t size, int access, int flags, int fd, off_t from),
       (at, size, access, flags, fd, from))
SIMPLE(MAP, void *, MAP_FAILED, mmap64,
       (void *at, size_t size, int access, int flags, int fd, off64_t from),
       (at, size, access, flags, fd, from))

pid_t fork(void)
{
    REAL(fork)
    if (fails(FORK)) {
        return -1;
    }
    pid_t pid = real();
    if (pid == 0) {
        plan.is_reader = true;
        plan.calls = 0;
    }
    return pid;
}

/* Landlock, openat2 and the asking for seccomp go through here. */
long syscall(long number, ...)
{
    long (*real)(long, ...);
    *(void **)&real = dlsym(RTLD_NEXT, "syscall");
    va_list given;
    long a[6];
    va_start(given, number);
    for (int i = 0; i < 6; i++) {
        a[i] = va_arg(given, long);
    }
    va_end(given);
    bool is_sandbox = number == SYS_landlock_create_ruleset || number == SYS_seccomp;
    if ((is_sandbox && plan.group == SANDBOX) || (number == SYS_openat2 && fails(OPEN))) {
        errno = is_sandbox ? ENOSYS : errno;
        return -1;
    }
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int prctl(int option, ...)
{
    int (*real)(int, ...);
    *(void **)&real = dlsym(RTLD_NEXT, "prctl");
    va_list given;
    unsigned long a[4];
    va_start(given, option);
    for (int i = 0; i < 4; i++) {
        a[i] = va_arg(given, unsigned long);
    }
    va_end(given);
    if (option == PR_SET_SECCOMP && plan.group == SANDBOX) {
        errno = EINVAL;
        return -1;
    }
    return real(option, a[0], a[1], a[2], a[3]);
}
