/*
 * The filter of system calls, made by libseccomp: the rules are lists of calls, and libseccomp
 * knows their numbers on this processor. filter_none.c stands in where the library is not there.
 */
#include "imgval/base/filter.h"

#include "imgval/base/attr.h"
#include "imgval/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool iv_filter_is_built(void)
{
    return true;
}

/*
 * What reading, parsing and allocating need. sysinfo: glibc's qsort asks for the size of memory.
 * getpid, gettid, tgkill (to itself, see below): abort() shows as such.
 */
static const int allowed_calls[] = {
    SCMP_SYS(read),        SCMP_SYS(pread64),       SCMP_SYS(lseek),
    SCMP_SYS(close),       SCMP_SYS(fstat),         SCMP_SYS(newfstatat),
    SCMP_SYS(statx),       SCMP_SYS(getdents64),    SCMP_SYS(brk),
    SCMP_SYS(munmap),      SCMP_SYS(mremap),        SCMP_SYS(madvise),
    SCMP_SYS(futex),       SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),   SCMP_SYS(rt_sigreturn),  SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(exit),        SCMP_SYS(exit_group),    SCMP_SYS(getrusage),
    SCMP_SYS(sched_yield), SCMP_SYS(fadvise64),     SCMP_SYS(sysinfo),
    SCMP_SYS(getpid),      SCMP_SYS(gettid),        SCMP_SYS(restart_syscall),
};

/* Libraries ask these and go on without an answer; being killed for them would blame the file. */
static const int refused_calls[] = {
    SCMP_SYS(readlink),    SCMP_SYS(readlinkat),   SCMP_SYS(access),
    SCMP_SYS(faccessat),   SCMP_SYS(faccessat2),   SCMP_SYS(ioctl),
    SCMP_SYS(prctl),       SCMP_SYS(prlimit64),    SCMP_SYS(getrlimit),
    SCMP_SYS(uname),       SCMP_SYS(getcwd),       SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigaction), SCMP_SYS(membarrier),
    SCMP_SYS(rseq),
};

static const int allowed_fcntls[] = {F_GETFD, F_SETFD, F_GETFL, F_DUPFD, F_DUPFD_CLOEXEC};

struct filter {
    scmp_filter_ctx context;
    bool is_fine;
};

static void filter_allow(struct filter *filter, int call, unsigned count,
                         const struct scmp_arg_cmp *conditions)
{
    if (filter->is_fine && call >= 0) { /* negative: not a call of this architecture */
        filter->is_fine =
            seccomp_rule_add_array(filter->context, SCMP_ACT_ALLOW, call, count, conditions) == 0;
    }
}

static void filter_refuse(struct filter *filter, int call, int code, unsigned count,
                          const struct scmp_arg_cmp *conditions)
{
    if (filter->is_fine && call >= 0) {
        filter->is_fine =
            seccomp_rule_add_array(filter->context, SCMP_ACT_ERRNO((unsigned)code & 0xFFFF), call,
                                   count, conditions) == 0;
    }
}

/* seccomp.h has macros for these two, which clang's -Wpedantic does not like. */
static struct scmp_arg_cmp argument_is(unsigned argument, int value)
{
    return (struct scmp_arg_cmp){
        .arg = argument,
        .op = SCMP_CMP_EQ,
        .datum_a = (uint32_t)value,
    };
}

static struct scmp_arg_cmp argument_bits(unsigned argument, int mask, int value)
{
    return (struct scmp_arg_cmp){
        .arg = argument,
        .op = SCMP_CMP_MASKED_EQ,
        .datum_a = (uint32_t)mask,
        .datum_b = (uint32_t)value,
    };
}

/* Calls that are allowed for some arguments only. */
static void filter_add_conditions(struct filter *filter, bool has_landlock)
{
    static const int writes[] = {SCMP_SYS(write), SCMP_SYS(writev)};
    for (size_t i = 0; i < IV_COUNT(writes); i++) {
        struct scmp_arg_cmp to_error = argument_is(0, STDERR_FILENO);
        struct scmp_arg_cmp to_output = argument_is(0, STDOUT_FILENO);
        filter_allow(filter, writes[i], 1, &to_error);
        filter_allow(filter, writes[i], 1, &to_output);
    }
    struct scmp_arg_cmp to_read = argument_bits(2, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC, 0);
    filter_allow(filter, SCMP_SYS(openat), 1, &to_read);
    /* Its flags are out of sight behind a pointer, so only Landlock can keep it to reading. */
    if (has_landlock) {
        filter_allow(filter, SCMP_SYS(openat2), 0, NULL);
    } else {
        filter_refuse(filter, SCMP_SYS(openat2), ENOSYS, 0, NULL);
    }
    /* Memory is never made executable. */
    static const int maps[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};
    for (size_t i = 0; i < IV_COUNT(maps); i++) {
        struct scmp_arg_cmp plain = argument_bits(2, PROT_EXEC, 0);
        struct scmp_arg_cmp code = argument_bits(2, PROT_EXEC, PROT_EXEC);
        filter_allow(filter, maps[i], 1, &plain);
        filter_refuse(filter, maps[i], EACCES, 1, &code);
    }
    for (size_t i = 0; i < IV_COUNT(allowed_fcntls); i++) {
        struct scmp_arg_cmp command = argument_is(1, allowed_fcntls[i]);
        filter_allow(filter, SCMP_SYS(fcntl), 1, &command);
    }
    struct scmp_arg_cmp itself = argument_is(0, (int)IV_FILTER_PID);
    filter_allow(filter, SCMP_SYS(tgkill), 1, &itself);
}

/* The program that libseccomp makes of the rules: it writes to a descriptor only. */
static bool program_export(scmp_filter_ctx context, struct iv_filter *ret_filter)
{
    int fd IV_CLEANUP(iv_fd_close) = memfd_create("filter", MFD_CLOEXEC);
    struct stat st;
    if (fd < 0 || seccomp_export_bpf(context, fd) != 0 || fstat(fd, &st) != 0) {
        return false;
    }
    size_t size = (size_t)st.st_size;
    ret_filter->steps = malloc(size);
    ret_filter->count = size / sizeof(*ret_filter->steps);
    return ret_filter->steps != NULL &&
           iv_file_read_at(fd, ret_filter->steps, size, 0) == (int64_t)size;
}

bool iv_filter_make(bool has_landlock, struct iv_filter *ret_filter)
{
    struct filter filter = {.context = seccomp_init(SCMP_ACT_KILL_PROCESS), .is_fine = true};
    if (filter.context == NULL) {
        return false;
    }
    filter.is_fine =
        seccomp_attr_set(filter.context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0;
    for (size_t i = 0; i < IV_COUNT(allowed_calls); i++) {
        filter_allow(&filter, allowed_calls[i], 0, NULL);
    }
    for (size_t i = 0; i < IV_COUNT(refused_calls); i++) {
        filter_refuse(&filter, refused_calls[i], EPERM, 0, NULL);
    }
    filter_add_conditions(&filter, has_landlock);
    bool is_made = filter.is_fine && program_export(filter.context, ret_filter);
    seccomp_release(filter.context);
    return is_made;
}
