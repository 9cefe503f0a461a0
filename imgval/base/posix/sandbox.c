/*
 * How a reader gives up its rights before it parses untrusted bytes.
 *
 * The layers do not rely on each other, as kernels and containers offer different ones:
 *
 *   no_new_privs  needed by Landlock and seccomp: no program that is started gains rights
 *   Landlock      nothing but reading beneath the directories given
 *   limits        memory, processor time, descriptors; no processes, no files written, no core
 *   seccomp       the calls of filter.c, and no others
 *
 * The order follows from what each step needs: Landlock and the limits make calls that the filter
 * refuses, so the filter comes last. The size of the address space is read before Landlock closes
 * /proc. Each step can be missing and is then reported as such; --require-sandbox turns that into
 * an error, elsewhere.
 *
 * No memory is allocated here: a reader that is short of it must still end up confined.
 */
#include "imgval/base/sandbox.h"

#include "imgval/base/attr.h"
#include "imgval/base/posix/descriptors.h"
#include "imgval/base/posix/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Sanitizers need terabytes of address space and more calls: those two layers are left out for
 * them.
 */
#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||                         \
    __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#if !defined(HAS_SANITIZER) && (defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__))
#define HAS_SANITIZER 1
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER 0
#endif

/* ---- Landlock ---- */

/*
 * struct landlock_ruleset_attr and its bits as of ABI 7. Spelled out here, since the header of the
 * build machine may be older than the kernel that we run on; the kernel accepts a struct that is
 * larger than its own as long as the rest is zero.
 */
struct ruleset {
    uint64_t fs;
    uint64_t net;    /* ABI 4 */
    uint64_t scoped; /* ABI 6 */
};

#define FS_ABI1 ((UINT64_C(1) << 13) - 1) /* execute ... make_sym */
#define FS_REFER (UINT64_C(1) << 13)      /* ABI 2 */
#define FS_TRUNCATE (UINT64_C(1) << 14)   /* ABI 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15)  /* ABI 5 */
#define NET_ALL UINT64_C(3)               /* bind and connect TCP */
#define SCOPE_ALL UINT64_C(3)             /* abstract UNIX sockets, signals */

/*
 * All rights that this version of Landlock can take away: a kernel refuses bits that it does not
 * know.
 */
static struct ruleset ruleset_for(long abi)
{
    return (struct ruleset){
        .fs = FS_ABI1 | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) |
              (abi >= 5 ? FS_IOCTL_DEV : 0),
        .net = abi >= 4 ? NET_ALL : 0,
        .scoped = abi >= 6 ? SCOPE_ALL : 0,
    };
}

/* Allows to read beneath the open directory `fd`, or that one file. */
static bool landlock_allow(int rules, int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return false;
    }
    /* The right to list is refused for anything but a directory. */
    struct landlock_path_beneath_attr beneath = {
        .allowed_access =
            LANDLOCK_ACCESS_FS_READ_FILE | (S_ISDIR(st.st_mode) ? LANDLOCK_ACCESS_FS_READ_DIR : 0),
        .parent_fd = fd,
    };
    return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
}

/*
 * Takes away all rights to files, TCP and scopes but those allowed. Descriptors that are open
 * already keep working. False: no Landlock, or a step failed and nothing was restricted.
 */
static bool landlock_enter(const int *directories, size_t count)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 1) {
        return false;
    }
    struct ruleset wanted = ruleset_for(abi);
    int rules = (int)syscall(SYS_landlock_create_ruleset, &wanted, sizeof(wanted), 0);
    if (rules < 0) {
        return false;
    }
    bool is_fine = true;
    for (size_t i = 0; i < count && is_fine; i++) {
        is_fine = landlock_allow(rules, directories[i]);
    }
    is_fine = is_fine && syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    close(rules);
    return is_fine;
}

/* ---- descriptors ---- */

/* Closes the descriptors first to last. Kernels before 5.9 have no call for it. */
static void close_gap(unsigned first, unsigned last)
{
    if (close_range(first, last, 0) == 0) {
        return;
    }
    long end = sysconf(_SC_OPEN_MAX);
    for (unsigned fd = first; fd <= last && (long)fd < end; fd++) {
        close((int)fd);
    }
}

/* ---- resource limits ---- */

/* Lowers a limit for good; never raises one. */
static bool limit_set(__rlimit_resource_t resource, uint64_t value)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0) {
        return false;
    }
    rlim_t wanted = value < limit.rlim_max ? (rlim_t)value : limit.rlim_max;
    limit = (struct rlimit){.rlim_cur = wanted, .rlim_max = wanted};
    return setrlimit(resource, &limit) == 0;
}

/* Bytes of address space now: what the parent read so far is inherited. 0 when unknown. */
static uint64_t address_space(void)
{
    char text[64] = "";
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t got = read(fd, text, sizeof(text) - 1);
        text[got > 0 ? got : 0] = '\0';
        close(fd);
    }
    return strtoull(text, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The limit that leaves 64 descriptors to open: it counts numbers, and some are taken. */
static uint64_t descriptor_limit(void)
{
    int number = 0;
    for (int free_ones = 0; free_ones < 64 && number < 65536; number++) {
        free_ones += fcntl(number, F_GETFD) < 0;
    }
    return (uint64_t)number;
}

/*
 * Twice what one slot may take: the parent ends a slow worker long before, and one that retires in
 * time never gets there.
 */
static uint64_t cpu_seconds(const struct iv_limits *limits)
{
    uint64_t seconds = limits->reader_seconds < 1000000 ? limits->reader_seconds : 1000000;
    return 2 * seconds + 2;
}

/* Sets all limits, also after one failed. True: all of them are in force. */
static bool limits_enter(const struct iv_limits *limits, uint64_t inherited)
{
    uint64_t memory;
    if (__builtin_add_overflow(limits->reader_memory, inherited, &memory)) {
        memory = RLIM_INFINITY;
    }
    bool is_fine = limit_set(RLIMIT_CORE, 0);
    is_fine = limit_set(RLIMIT_CPU, cpu_seconds(limits)) && is_fine;
    is_fine = limit_set(RLIMIT_NOFILE, descriptor_limit()) && is_fine;
    is_fine = limit_set(RLIMIT_NPROC, 0) && is_fine;
    /* A message on standard error that goes to a file gets EFBIG, not a deadly signal. */
    signal(SIGXFSZ, SIG_IGN);
    is_fine = limit_set(RLIMIT_FSIZE, 0) && is_fine;
    return !HAS_SANITIZER && limit_set(RLIMIT_AS, memory) && is_fine;
}

void iv_sandbox_enter(const int *directories, size_t count, const struct iv_limits *limits,
                      struct iv_containment *ret_containment)
{
    uint64_t inherited = address_space();
    /* Neither can fail on a kernel that has Landlock or seccomp filters. */
    bool no_new_privs = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    struct iv_containment got = {0};
    got.files = no_new_privs && landlock_enter(directories, count);
    got.limits = limits_enter(limits, inherited);
    got.calls =
        !HAS_SANITIZER && iv_filter_is_built() && no_new_privs && iv_filter_enter(got.files);
    *ret_containment = got;
}

struct iv_sandbox_words iv_sandbox_words(void)
{
    return (struct iv_sandbox_words){
        .files = "Landlock",
        .calls = "seccomp",
        .calls_are = "system calls",
        .no_files = "not offered by this kernel",
        .no_limits = "no: a build with sanitizers",
        .no_calls = iv_filter_is_built() ? "not offered by this kernel"
                                         : "not known to this build for this architecture",
    };
}

struct iv_containment iv_sandbox_offered(void)
{
    uint32_t action = SECCOMP_RET_KILL_PROCESS;
    return (struct iv_containment){
        .files =
            syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1,
        .calls = !HAS_SANITIZER && iv_filter_is_built() &&
                 syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 &&
                 /* A kernel that has filters looks for this one. */
                 prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) != 0 && errno == EFAULT,
        .limits = !HAS_SANITIZER,
    };
}

bool iv_sandbox_is_whole(const struct iv_containment *c)
{
    return c->files && (HAS_SANITIZER || c->calls);
}

void iv_sandbox_keep_descriptors(const int *kept, size_t count)
{
    unsigned from = 0;
    for (;;) {
        /* The next one to keep; there are few. */
        unsigned next = UINT_MAX;
        for (size_t i = 0; i < count; i++) {
            if (kept[i] >= 0 && (unsigned)kept[i] >= from && (unsigned)kept[i] < next) {
                next = (unsigned)kept[i];
            }
        }
        if (next > from) {
            close_gap(from, next == UINT_MAX ? UINT_MAX : next - 1);
        }
        if (next == UINT_MAX) {
            return;
        }
        from = next + 1;
    }
}
