/*
 * filter.c: which system calls a reader may make.
 *
 * The filter is a program for the kernel's packet filter (seccomp(2)): it looks at the number of a
 * call, and at the low halves of its arguments, all of which are ints or flags here. It is built in
 * the reader itself, on the stack: libseccomp, which could do it, needs memory, and without any it
 * crashes or runs for ever.
 *
 * The program is a straight list of tests, each "if the number is N, the answer is A", and ends
 * with "kill". Three answers are used:
 *
 *   allow   what reading, parsing and allocating need
 *   errno   what libraries ask for and can do without: they go on, and no file is blamed for it
 *   kill    all else. A reader that makes such a call was taken over, or has a bug: either way its
 *           result is not wanted, and the parent reports the file as the one that did it
 *
 * The architecture is tested first, as numbers mean other calls in another one.
 */
#include "imgval/base/posix/filter.h"

#include "imgval/base/attr.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#else
#define ARCHITECTURE 0 /* not known here: no filter, which is reported */
#endif

/*
 * What reading, parsing and allocating need. sysinfo: glibc's qsort asks for the size of memory.
 * getpid, gettid, tgkill (to itself, see below): abort() shows as such.
 */
static const unsigned allowed_calls[] = {
    SYS_read,       SYS_pread64,         SYS_lseek,          SYS_close,         SYS_fstat,
    SYS_newfstatat, SYS_statx,           SYS_getdents64,     SYS_brk,           SYS_munmap,
    SYS_mremap,     SYS_madvise,         SYS_futex,          SYS_clock_gettime, SYS_gettimeofday,
    SYS_getrandom,  SYS_rt_sigreturn,    SYS_rt_sigprocmask, SYS_exit,          SYS_exit_group,
    SYS_getrusage,  SYS_sched_yield,     SYS_fadvise64,      SYS_sysinfo,       SYS_getpid,
    SYS_gettid,     SYS_restart_syscall,
};

/* Libraries ask these and go on without an answer; being killed for them would blame the file. */
static const unsigned refused_calls[] = {
#ifdef SYS_access /* newer architectures have only the calls that name a directory */
    SYS_access,      SYS_readlink,     SYS_getrlimit,
#endif

    SYS_readlinkat,  SYS_faccessat,    SYS_faccessat2,
    SYS_ioctl,       SYS_prctl,        SYS_prlimit64,
    SYS_uname,       SYS_getcwd,       SYS_sched_getaffinity,
    SYS_sigaltstack, SYS_rt_sigaction, SYS_membarrier,
    SYS_rseq,
};

static const unsigned allowed_fcntls[] = {F_GETFD, F_SETFD, F_GETFL, F_DUPFD, F_DUPFD_CLOEXEC};

#define STEPS_MAX 256

/* The program in the making. More steps than there is room for are counted and not stored. */
struct program {
    struct sock_filter steps[STEPS_MAX];
    unsigned count;
};

/* One step. `yes` and `no`: steps to skip if a comparison holds or fails. */
static void add(struct program *program, unsigned code, unsigned yes, unsigned no, unsigned value)
{
    if (program->count < STEPS_MAX) {
        program->steps[program->count] = (struct sock_filter){.code = (unsigned short)code,
                                                              .jt = (unsigned char)yes,
                                                              .jf = (unsigned char)no,
                                                              .k = value};
    }
    program->count++;
}

/* Loads the 32-bit word at an offset of struct seccomp_data. */
static void add_load(struct program *program, size_t offset)
{
    add(program, BPF_LD | BPF_W | BPF_ABS, 0, 0, (unsigned)offset);
}

static void add_result(struct program *program, unsigned result)
{
    add(program, BPF_RET | BPF_K, 0, 0, result);
}

/* The call ends with this result, whatever its arguments are. Its number is loaded. */
static void add_call(struct program *program, unsigned call, unsigned result)
{
    add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, call);
    add_result(program, result);
}

/*
 * The call ends with this result if its argument has this value under the mask. Otherwise the
 * number is loaded again for the tests that follow; where it is another call, all five steps are
 * skipped.
 */
static void add_case(struct program *program, unsigned call, unsigned argument, unsigned mask,
                     unsigned value, unsigned result)
{
    enum { LOW = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 4 };
    add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 5, call);
    add_load(program, offsetof(struct seccomp_data, args) + 8 * (size_t)argument + LOW);
    add(program, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, value);
    add_result(program, result);
    add_load(program, offsetof(struct seccomp_data, nr));
}

/* Calls that are allowed for some arguments only. */
static void add_cases(struct program *program, bool has_landlock)
{
    static const unsigned all = UINT32_MAX;
    static const unsigned writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
    static const unsigned maps[] = {SYS_mmap, SYS_mprotect};
    for (unsigned fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        add_case(program, SYS_write, 0, all, fd, SECCOMP_RET_ALLOW);
        add_case(program, SYS_writev, 0, all, fd, SECCOMP_RET_ALLOW);
    }
    add_case(program, SYS_openat, 2, writing, 0, SECCOMP_RET_ALLOW);
    /* A filter cannot follow the pointer to its flags: only Landlock can keep it to reading. */
    add_call(program, SYS_openat2, has_landlock ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | ENOSYS);
    /* Memory is never made executable. */
    for (size_t i = 0; i < IV_COUNT(maps); i++) {
        add_case(program, maps[i], 2, PROT_EXEC, 0, SECCOMP_RET_ALLOW);
        add_call(program, maps[i], SECCOMP_RET_ERRNO | EACCES);
    }
    for (size_t i = 0; i < IV_COUNT(allowed_fcntls); i++) {
        add_case(program, SYS_fcntl, 1, all, allowed_fcntls[i], SECCOMP_RET_ALLOW);
    }
    add_case(program, SYS_tgkill, 0, all, (unsigned)getpid(), SECCOMP_RET_ALLOW);
}

bool iv_filter_is_built(void)
{
    return ARCHITECTURE != 0;
}

bool iv_filter_enter(bool has_landlock)
{
    struct program program = {.count = 0};
    add_load(&program, offsetof(struct seccomp_data, arch));
    add(&program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCHITECTURE);
    add_result(&program, SECCOMP_RET_KILL_PROCESS);
    add_load(&program, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < IV_COUNT(allowed_calls); i++) {
        add_call(&program, allowed_calls[i], SECCOMP_RET_ALLOW);
    }
    for (size_t i = 0; i < IV_COUNT(refused_calls); i++) {
        add_call(&program, refused_calls[i], SECCOMP_RET_ERRNO | EPERM);
    }
    add_cases(&program, has_landlock);
    /* All else, and every call of another ABI of the architecture (x32): their numbers differ. */
    add_result(&program, SECCOMP_RET_KILL_PROCESS);
    const struct sock_fprog whole = {.len = (unsigned short)program.count, .filter = program.steps};
    return ARCHITECTURE != 0 && program.count <= STEPS_MAX &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole, 0, 0) == 0;
}
