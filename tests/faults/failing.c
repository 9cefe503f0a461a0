/*
 * failing.so, for LD_PRELOAD: lets one call of one kind fail, in whichever process of the program
 * makes it.
 *
 *   FAILING_CALL    open, list or read: what fails
 *   FAILING_AT      the number of the call, from 1, counted over all processes
 *   FAILING_ON      also all calls after it
 *   FAILING_ERROR   the errno
 *   FAILING_STATE   a file of 8 bytes: the calls that were seen, and those that failed
 *
 * "open" is every way to look a name up (open, openat, openat2, stat and its kin, access), "list"
 * every way to read a directory, "read" pread (pipes between processes are no files).
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind { OPEN, LIST, READ };

struct state {
    unsigned seen;
    unsigned failed;
};

static struct {
    enum kind kind;
    unsigned at;
    int on;
    int error;
    struct state *state; /* shared by all processes of the program */
} plan;

__attribute__((constructor)) static void begin(void)
{
    const char *call = getenv("FAILING_CALL");
    const char *at = getenv("FAILING_AT");
    const char *error = getenv("FAILING_ERROR");
    const char *path = getenv("FAILING_STATE");
    if (call == NULL || at == NULL || error == NULL || path == NULL) {
        return;
    }
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    void *state = mmap(NULL, sizeof(struct state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    plan.kind = strcmp(call, "open") == 0 ? OPEN : strcmp(call, "list") == 0 ? LIST : READ;
    plan.at = (unsigned)strtoul(at, NULL, 10);
    plan.on = getenv("FAILING_ON") != NULL;
    plan.error = (int)strtol(error, NULL, 10);
    plan.state = state == MAP_FAILED ? NULL : state;
}

/* Whether this call fails; errno is set then. */
static int fails(enum kind kind)
{
    if (plan.state == NULL || kind != plan.kind) {
        return 0;
    }
    unsigned number = __atomic_add_fetch(&plan.state->seen, 1, __ATOMIC_SEQ_CST);
    if (number != plan.at && !(plan.on && number > plan.at)) {
        return 0;
    }
    __atomic_add_fetch(&plan.state->failed, 1, __ATOMIC_SEQ_CST);
    errno = plan.error;
    return 1;
}

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

#define REAL(type, name) ((type)next(name))

static int mode_of(int flags, va_list args)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, int) : 0;
}

/* A file that is to be written is none that is looked for. */
static int is_look(int flags)
{
    return (flags & O_ACCMODE) == O_RDONLY || (flags & O_PATH) != 0;
}

#define OPEN_CALL(name)                                                                            \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        int mode = mode_of(flags, args);                                                           \
        va_end(args);                                                                              \
        return is_look(flags) && fails(OPEN)                                                       \
                   ? -1                                                                            \
                   : REAL(int (*)(const char *, int, ...), #name)(path, flags, mode);              \
    }
OPEN_CALL(open)
OPEN_CALL(open64)

#define OPENAT_CALL(name)                                                                          \
    int name(int fd, const char *path, int flags, ...)                                             \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        int mode = mode_of(flags, args);                                                           \
        va_end(args);                                                                              \
        return is_look(flags) && fails(OPEN)                                                       \
                   ? -1                                                                            \
                   : REAL(int (*)(int, const char *, int, ...), #name)(fd, path, flags, mode);     \
    }
OPENAT_CALL(openat)
OPENAT_CALL(openat64)

#define STAT_CALL(name, type)                                                                      \
    int name(const char *path, struct type *st)                                                    \
    {                                                                                              \
        return fails(OPEN) ? -1 : REAL(int (*)(const char *, struct type *), #name)(path, st);     \
    }
STAT_CALL(stat, stat)
STAT_CALL(lstat, stat)
STAT_CALL(stat64, stat64)
STAT_CALL(lstat64, stat64)

#define FSTATAT_CALL(name, type)                                                                   \
    int name(int fd, const char *path, struct type *st, int flags)                                 \
    {                                                                                              \
        return fails(OPEN) ? -1                                                                    \
                           : REAL(int (*)(int, const char *, struct type *, int),                  \
                                  #name)(fd, path, st, flags);                                     \
    }
FSTATAT_CALL(fstatat, stat)
FSTATAT_CALL(fstatat64, stat64)

int access(const char *path, int mode)
{
    return fails(OPEN) ? -1 : REAL(int (*)(const char *, int), "access")(path, mode);
}

long syscall(long number, ...)
{
    va_list args;
    long a[6];
    va_start(args, number);
    for (int i = 0; i < 6; i++) {
        a[i] = va_arg(args, long);
    }
    va_end(args);
    if (number == SYS_openat2 && fails(OPEN)) {
        return -1;
    }
    return REAL(long (*)(long, ...), "syscall")(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

DIR *opendir(const char *path)
{
    return fails(LIST) ? NULL : REAL(DIR * (*)(const char *), "opendir")(path);
}

DIR *fdopendir(int fd)
{
    return fails(LIST) ? NULL : REAL(DIR * (*)(int), "fdopendir")(fd);
}

struct dirent *readdir(DIR *stream)
{
    return fails(LIST) ? NULL : REAL(struct dirent * (*)(DIR *), "readdir")(stream);
}

struct dirent64 *readdir64(DIR *stream)
{
    return fails(LIST) ? NULL : REAL(struct dirent64 * (*)(DIR *), "readdir64")(stream);
}

#define PREAD_CALL(name)                                                                           \
    ssize_t name(int fd, void *bytes, size_t size, off_t offset)                                   \
    {                                                                                              \
        return fails(READ)                                                                         \
                   ? -1                                                                            \
                   : REAL(ssize_t(*)(int, void *, size_t, off_t), #name)(fd, bytes, size, offset); \
    }
PREAD_CALL(pread)
PREAD_CALL(pread64)

/* What _FORTIFY_SOURCE makes of them. */
int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
    return open(path, flags);
}

int __openat_2(int fd, const char *path, int flags);
int __openat_2(int fd, const char *path, int flags)
{
    return openat(fd, path, flags);
}

#define PREAD_CHK(name)                                                                            \
    ssize_t name(int fd, void *bytes, size_t size, off_t offset, size_t room);                     \
    ssize_t name(int fd, void *bytes, size_t size, off_t offset, size_t room)                      \
    {                                                                                              \
        (void)room;                                                                                \
        return pread(fd, bytes, size, offset);                                                     \
    }
PREAD_CHK(__pread_chk)
PREAD_CHK(__pread64_chk)
