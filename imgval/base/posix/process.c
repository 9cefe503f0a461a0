/*
 * Reader processes on POSIX systems: fork(), two pipes, poll().
 *
 * The parent's ends of the pipes are non-blocking. It keeps the reading end of the pipe to the
 * process, too: so it is not killed by SIGPIPE when the process is dead.
 *
 * By exec the program is started again as /proc/self/exe. The charge is a file in memory, under a
 * number that the environment names; descriptors keep their numbers.
 */
#include "imgval/base/process.h"

#include "imgval/base/arena.h"
#include "imgval/base/file.h"
#include "imgval/base/posix/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PIPE_SIZE (256 * 1024)
#define CHARGE_VARIABLE "IMGVAL_READER_CHARGE"
#define STATUS_LOST 5 /* of a process that cannot go on, for no fault of what it reads */

struct iv_process {
    pid_t pid;
    int records;     /* from the process: the parent's end */
    int requests[2]; /* to the process, both ends; -1 each: ended */
};

bool iv_process_can_fork(void)
{
    return true;
}

/* ---- the new process ---- */

/* Requests become standard input, records standard output, and nothing else is kept but what there
 * is to read and standard error. `charge`: -1 when there is none. */
static bool keep_descriptors(const struct iv_process_start *start, int requests, int records,
                             int charge)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    if (dup2(requests, STDIN_FILENO) < 0 || dup2(records, STDOUT_FILENO) < 0) {
        return false;
    }
    size_t count = 0;
    int *kept = IV_NEW_ARRAY(&arena, int, 4 + start->directory_count + start->file_count);
    kept[count++] = STDIN_FILENO;
    kept[count++] = STDOUT_FILENO;
    kept[count++] = STDERR_FILENO;
    kept[count++] = charge;
    for (size_t i = 0; i < start->directory_count; i++) {
        kept[count++] = start->directories[i];
    }
    for (size_t i = 0; i < start->file_count; i++) {
        kept[count++] = start->files[i];
    }
    iv_sandbox_keep_descriptors(kept, count);
    for (size_t i = 0; charge >= 0 && i < count; i++) {
        if (kept[i] >= 0 && fcntl(kept[i], F_SETFD, 0) < 0) {
            return false;
        }
    }
    return true;
}

/* An empty environment but for the charge: what a user has set must not change what a reader
 * does. */
static IV_NORETURN void exec_reader(int charge)
{
    char variable[64];
    char *const words[] = {(char[]){"imgval"}, (char[]){IV_PROCESS_WORD}, NULL};
    char *const environment[] = {variable, NULL};
    snprintf(variable, sizeof(variable), CHARGE_VARIABLE "=%d", charge);
    execve("/proc/self/exe", words, environment);
    _exit(STATUS_LOST);
}

/* Right after fork(): first it is tied to the life of the parent, then it gives up descriptors. */
static IV_NORETURN void child_main(const struct iv_process_start *start, pid_t parent, int requests,
                                   int records, int charge)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) { /* it died before the line above */
        _exit(STATUS_LOST);
    }
    signal(SIGPIPE, SIG_DFL);
    if (!keep_descriptors(start, requests, records, charge)) {
        _exit(STATUS_LOST);
    }
    if (charge >= 0) {
        exec_reader(charge);
    }
    start->run(start->context);
    _exit(STATUS_LOST);
}

/* ---- the parent's side ---- */

/* Of the parent; a process that reads from these pipes then sees its end. */
static void close_all(struct iv_process *process)
{
    iv_fd_close(&process->records);
    iv_fd_close(&process->requests[0]);
    iv_fd_close(&process->requests[1]);
}

/* Makes both pipes. *ret_records: the process's end of the records. False with errno set. */
static bool open_pipes(struct iv_process *process, int *ret_records)
{
    int records[2];
    if (pipe2(records, O_CLOEXEC) != 0) {
        return false;
    }
    process->records = records[0];
    if (pipe2(process->requests, O_CLOEXEC) != 0) {
        process->requests[0] = -1;
        process->requests[1] = -1;
        iv_fd_close(&records[1]);
        return false;
    }
    *ret_records = records[1];
    return true;
}

/* A file in memory with the charge; -1 with errno set. */
static int open_charge(const struct iv_buf *charge)
{
    int fd IV_CLEANUP(iv_fd_close) = memfd_create("charge", MFD_CLOEXEC);
    for (size_t done = 0; fd >= 0 && done < charge->size;) {
        ssize_t got = write(fd, charge->data + done, charge->size - done);
        if (got < 0 && errno != EINTR) {
            return -1;
        }
        done += got < 0 ? 0 : (size_t)got;
    }
    int opened = fd;
    fd = -1;
    return opened;
}

/* The parent closes its copy of the process's writing end, so that the end of the process is the
 * end of the pipe. */
static bool fork_process(const struct iv_process_start *start, struct iv_process *process)
{
    int records IV_CLEANUP(iv_fd_close) = -1;
    int charge IV_CLEANUP(iv_fd_close) = -1;
    if (!open_pipes(process, &records)) {
        return false;
    }
    if (start->charge != NULL && (charge = open_charge(start->charge)) < 0) {
        return false;
    }
    fcntl(records, F_SETPIPE_SZ, PIPE_SIZE); /* fewer switches; as good without */
    pid_t parent = getpid();
    process->pid = fork();
    if (process->pid == 0) {
        child_main(start, parent, process->requests[0], records, charge);
    }
    return process->pid > 0;
}

/* NULL with errno set. Both of the parent's ends never block: one process that hangs must not hold
 * up the others. */
struct iv_process *iv_process_start(const struct iv_process_start *start)
{
    struct iv_process *process = iv_malloc(sizeof(*process));
    *process = (struct iv_process){.records = -1, .requests = {-1, -1}};
    if (!fork_process(start, process)) {
        int saved = errno;
        close_all(process);
        free(process);
        errno = saved;
        return NULL;
    }
    fcntl(process->records, F_SETFL, O_NONBLOCK);
    fcntl(process->requests[1], F_SETFL, O_NONBLOCK);
    return process;
}

bool iv_process_send(struct iv_process *process, const void *bytes, size_t size)
{
    ssize_t written;
    do {
        written = write(process->requests[1], bytes, size);
    } while (written < 0 && errno == EINTR);
    return written == (ssize_t)size; /* less than a pipe holds is written at once */
}

void iv_process_send_end(struct iv_process *process)
{
    iv_fd_close(&process->requests[1]);
}

/* 0: it ended, or its pipe cannot be read, which is the same to the caller; -1: nothing is there
 * now. */
int64_t iv_process_receive(struct iv_process *process, void *bytes, size_t size)
{
    ssize_t got = read(process->records, bytes, size);
    if (got < 0) {
        return errno == EINTR || errno == EAGAIN ? -1 : 0;
    }
    return got;
}

/* Until one of them has records, or has ended, or the time is over. A signal counts as time. */
bool iv_process_wait(struct iv_process *const *processes, size_t count, unsigned ms,
                     bool *ret_ready)
{
    struct pollfd polls[IV_PROCESSES_MAX];
    for (size_t i = 0; i < count; i++) {
        polls[i] = (struct pollfd){.fd = processes[i]->records, .events = POLLIN};
    }
    int got = poll(polls, count, (int)ms);
    for (size_t i = 0; i < count; i++) {
        ret_ready[i] = got > 0 && polls[i].revents != 0;
    }
    return got >= 0 || errno == EINTR;
}

/* What the process has computed, so that one that waits for a slow disk is not taken for one that
 * loops. */
bool iv_process_cpu_ms(const struct iv_process *process, uint64_t *ret_ms)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(process->pid, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        return false;
    }
    *ret_ms = (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
    return true;
}

/* The signal cannot change the status of a process that is on its way out already; it is for one
 * that only closed its pipe. */
void iv_process_stop(struct iv_process **process, char *ret_reason, size_t size)
{
    int status = 0;
    close_all(*process);
    kill((*process)->pid, SIGKILL);
    while (waitpid((*process)->pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
        snprintf(ret_reason, size, "killed by signal %d", WTERMSIG(status));
    } else {
        snprintf(ret_reason, size, "exited with status %d", WEXITSTATUS(status));
    }
    free(*process);
    *process = NULL;
}

/* Those that this process may use: in a container fewer than the machine has. */
unsigned iv_process_processors(void)
{
    cpu_set_t set;
    long processors;
    if (sched_getaffinity(0, sizeof(set), &set) == 0) {
        processors = CPU_COUNT(&set);
    } else { /* a machine with more processors than the set has room for */
        processors = sysconf(_SC_NPROCESSORS_ONLN);
    }
    return processors < 1 ? 1 : (unsigned)processors;
}

/* ---- in such a process ---- */

/* One request. False: the parent closed its end, and there is nothing more to do. */
bool iv_process_read(void *bytes, size_t size)
{
    ssize_t got;
    do {
        got = read(STDIN_FILENO, bytes, size); /* they are written at once, so read so */
    } while (got < 0 && errno == EINTR);
    if (got != 0 && got != (ssize_t)size) {
        _exit(STATUS_LOST);
    }
    return got != 0;
}

/* Head and body as one record without a copy. It blocks while the parent is busy, which keeps a
 * fast reader from filling memory. */
void iv_process_write(const void *head, size_t head_size, const void *body, size_t body_size)
{
    for (size_t sent = 0; sent < head_size + body_size;) {
        size_t head_sent = sent < head_size ? sent : head_size;
        size_t body_sent = sent - head_sent;
        const struct iovec parts[] = {
            {.iov_base = (char *)(uintptr_t)head + head_sent, .iov_len = head_size - head_sent},
            {.iov_base = (char *)(uintptr_t)body + body_sent, .iov_len = body_size - body_sent},
        };
        ssize_t got = writev(STDOUT_FILENO, parts, IV_COUNT(parts));
        if (got < 0 && errno != EINTR) {
            _exit(STATUS_LOST);
        }
        sent += got < 0 ? 0 : (size_t)got;
    }
}

/* What the parent left for a program that was started by exec; false where it was not. */
bool iv_process_charge(const void **ret_bytes, size_t *ret_size)
{
    const char *number = getenv(CHARGE_VARIABLE);
    int fd IV_CLEANUP(iv_fd_close) = number == NULL ? -1 : (int)strtol(number, NULL, 10);
    struct iv_status status;
    if (!iv_file_status(fd, &status) || status.size == 0) {
        return false;
    }
    /* The parent does not change it any more: it is not another's file that may shrink. */
    void *bytes = mmap(NULL, (size_t)status.size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        return false;
    }
    *ret_bytes = bytes;
    *ret_size = (size_t)status.size;
    return true;
}

uint64_t iv_process_file_out(int fd)
{
    return (uint64_t)fd;
}

int iv_process_file_in(uint64_t number)
{
    return (int)number;
}
