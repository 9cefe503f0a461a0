/*
 * killat.h: runs a process under ptrace and kills it (SIGKILL, with everything that it started) as
 * it enters its N-th system call that may change a file. The call itself is not carried out.
 */
#ifndef TESTS_STORE_KILLAT_H
#define TESTS_STORE_KILLAT_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* struct ptrace_syscall_info; clashes with sys/ptrace.h unless it comes after it */
#include <linux/ptrace.h>

#define KILLAT_PROCESSES 256

struct killat {
    bool was_killed;    /* else it finished before */
    int status;         /* of the first process, as waitpid() gives it */
    unsigned long seen; /* calls that were counted */
};

static inline bool killat_is_write(const struct ptrace_syscall_info *info)
{
    static const int always[] = {
        SYS_write,           SYS_pwrite64,  SYS_writev,          SYS_pwritev,
        SYS_pwritev2,        SYS_ftruncate, SYS_truncate,        SYS_fallocate,
        SYS_fsync,           SYS_fdatasync, SYS_sync_file_range, SYS_renameat2,
        SYS_linkat,          SYS_symlinkat, SYS_unlinkat,        SYS_mkdirat,
        SYS_copy_file_range, SYS_sendfile,
#ifdef SYS_renameat
        SYS_renameat,
#endif
#ifdef SYS_rename
        SYS_rename,          SYS_link,      SYS_symlink,         SYS_unlink,
        SYS_mkdir,           SYS_rmdir,     SYS_creat,
#endif
    };
    long number = (long)info->entry.nr;
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
        if (number == always[i]) {
            return true;
        }
    }
#ifdef SYS_open
    if (number == SYS_open) {
        return (info->entry.args[1] & O_CREAT) != 0;
    }
#endif
    return number == SYS_openat && (info->entry.args[2] & O_CREAT) != 0;
}

/* The processes that live. */
struct killat_tree {
    pid_t pids[KILLAT_PROCESSES];
    size_t count;
};

static inline void killat_add(struct killat_tree *tree, pid_t pid)
{
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->pids[i] == pid) {
            return;
        }
    }
    if (tree->count < KILLAT_PROCESSES) {
        tree->pids[tree->count++] = pid;
    }
}

static inline void killat_drop(struct killat_tree *tree, pid_t pid)
{
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->pids[i] == pid) {
            tree->pids[i] = tree->pids[--tree->count];
            return;
        }
    }
}

static inline void killat_end(struct killat_tree *tree, pid_t first, struct killat *result)
{
    for (size_t i = 0; i < tree->count; i++) {
        kill(tree->pids[i], SIGKILL);
    }
    while (tree->count > 0) {
        int status;
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0) {
            return;
        }
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            killat_drop(tree, pid);
            result->status = pid == first ? status : result->status;
        }
    }
}

/* The stop of a process: whether its call counts, and the signal to hand on. */
static inline bool killat_stop(pid_t pid, int status, int *ret_signal)
{
    int sig = WSTOPSIG(status);
    *ret_signal = 0;
    if (sig == (SIGTRAP | 0x80)) {
        struct ptrace_syscall_info info = {0};
        long size = ptrace((enum __ptrace_request)PTRACE_GET_SYSCALL_INFO, pid,
                           (void *)sizeof(info), &info);
        return size > 0 && info.op == PTRACE_SYSCALL_INFO_ENTRY && killat_is_write(&info);
    }
    /* Events, and the stop that a new process starts with, are ours. */
    if (sig != SIGTRAP && sig != SIGSTOP) {
        *ret_signal = sig;
    }
    return false;
}

/* `first` has called killat_begin() and is a child of the caller. n 0: never kill, only count. */
static inline struct killat killat_watch(pid_t first, unsigned long n)
{
    struct killat result = {0};
    struct killat_tree tree = {0};
    int status;
    killat_add(&tree, first);
    if (waitpid(first, &status, __WALL) != first || !WIFSTOPPED(status)) {
        result.status = status;
        return result;
    }
    ptrace(PTRACE_SETOPTIONS, first, NULL,
           (void *)(uintptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK |
                               PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC));
    ptrace(PTRACE_SYSCALL, first, NULL, NULL);
    while (tree.count > 0) {
        int sig;
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0) {
            break;
        }
        if (!WIFSTOPPED(status)) {
            killat_drop(&tree, pid);
            result.status = pid == first ? status : result.status;
            continue;
        }
        killat_add(&tree, pid);
        if (killat_stop(pid, status, &sig) && ++result.seen == n) {
            result.was_killed = true;
            killat_end(&tree, first, &result);
            break;
        }
        ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(uintptr_t)sig);
    }
    return result;
}

/* In the child, before what is to be watched. */
static inline bool killat_begin(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 && raise(SIGSTOP) == 0;
}

#endif
