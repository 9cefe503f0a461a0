/*
 * process.h: reader processes, as workers.c needs them. Each has two pipes: its standard input, to
 * which the parent writes, and its standard output, from which the parent reads.
 *
 * A process begins in one of two ways. By fork it is a copy of its parent and goes on with a
 * function; where the system can do that it is the fast one. By exec the program is started again
 * with one hidden argument, and all that it knows is what the parent gave it: the charge, bytes
 * that it finds at iv_process_charge().
 *
 * The parent never waits for one process alone, but to reap one that it has ended.
 */
#ifndef IMGVAL_BASE_PROCESS_H
#define IMGVAL_BASE_PROCESS_H

#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/base/error.h"
#include "imgval/base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The one argument of a program that is to be a reader. */
#define IV_PROCESS_WORD "--reader"

/* As many as can be waited for at once. */
#define IV_PROCESSES_MAX 256u

struct iv_process;

/* Does not return. */
typedef void iv_process_fn(const void *context);

struct iv_process_start {
    iv_process_fn *run; /* by fork */
    const void *context;
    const struct iv_buf *charge; /* by exec; NULL: by fork */
    const int *directories;      /* which it keeps, as the next; negative ones are none */
    size_t directory_count;
    const int *files;
    size_t file_count;
    const struct iv_limits *limits;
    /* One that could do as little as there is ended before it began: where that may have been too
     * little, this one can do more. */
    bool is_eased;
};

/* Whether processes can begin by fork; else every start needs a charge. */
bool iv_process_can_fork(void);

/* Starts a process that lives no longer than this one. NULL with errno set. */
struct iv_process *iv_process_start(const struct iv_process_start *start);

/* Writes to its input: all of the bytes, which are at most 4096 more than it has taken. False: it
 * does not take them. */
IV_MUST_USE bool iv_process_send(struct iv_process *process, const void *bytes, size_t size);
void iv_process_send_end(struct iv_process *process);

/* What has come from it, up to `size` bytes. 0: its output has ended; -1: nothing yet. */
int64_t iv_process_receive(struct iv_process *process, void *bytes, size_t size);

/* Waits until something has come from one of them, or so many milliseconds. ret_ready: from which.
 * False with errno set. */
IV_MUST_USE bool iv_process_wait(struct iv_process *const *processes, size_t count, unsigned ms,
                                 bool *ret_ready);

/* Milliseconds of processor time that it has used. False: that is not known. */
bool iv_process_cpu_ms(const struct iv_process *process, uint64_t *ret_ms);

/* Ends it and waits for that. ret_reason: how it ended, one clause. A process that was on its way
 * out already ends as it wanted to. */
void iv_process_stop(struct iv_process **process, char *ret_reason, size_t size);

/* How many of them make sense: the processors that this process may use. */
unsigned iv_process_processors(void);

/* ---- in such a process ---- */

/* Reads exactly so many bytes from the parent. False: there is no more. Ends the process when the
 * parent is gone. */
IV_MUST_USE bool iv_process_read(void *bytes, size_t size);

/* Writes both to the parent, as one. Ends the process when the parent is gone. */
void iv_process_write(const void *head, size_t head_size, const void *body, size_t body_size);

/* The charge, from its first byte, for as long as the process lives. False with errno set. */
IV_MUST_USE bool iv_process_charge(const void **ret_bytes, size_t *ret_size);

/* An open file as a number that a process by exec can make one of again. */
uint64_t iv_process_file_out(int fd);
int iv_process_file_in(uint64_t number);

#endif
