/*
 * workers.c: the reader processes and their protocol.
 *
 * A lane is a place for one process after the other. Each process has two pipes: on its standard
 * input it is given slots (64 bits each, little endian), to its standard output it writes records.
 * The parent gives every lane a few slots ahead, so that no process waits for the next one, and
 * fewer the fewer are left, so that in the end none has work waiting that another one could do. A
 * process takes its slots in the order given. When there is nothing left to give, its standard
 * input ends, and so does it. When it dies the first of its slots is lost, and the others are given
 * to whoever is free.
 *
 * A worker has read untrusted bytes, so its records are untrusted too. The parent checks each
 * against what it expects of that lane (record_is_expected()) and ends a worker at the first that
 * differs. What a record says inside is judged by the result function.
 *
 * The parent never waits for one worker alone, but to reap one that it has killed: its ends of the
 * pipes are non-blocking, it sleeps in poll() over all of them, and a clock runs for each lane. It
 * keeps no state outside of `struct run`. The order of the file: the worker's side, the parent's
 * side for one lane, the loop.
 */
#include "imgval/base/workers.h"

#include "imgval/base/arena.h"
#include "imgval/base/cursor.h"
#include "imgval/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * The records, worker to parent: "ivr", the type, size of the payload (32 bits), slot (64 bits),
 * little endian, then the payload.
 *
 *   ready   once, first: the sandbox is entered; one byte of containment bits; slot 0
 *   facts   the record of the slot
 *   retire  enough CPU time was used, a fresh process is to go on; slot 0
 *
 * A worker must name exactly the slot that is the next of those that it was given, so nothing can
 * be skipped, repeated or said for another worker. Each record is written at once when its slot is
 * done: the slot in hand is therefore always the one after the last record, and no message has to
 * say so.
 */
enum record_type {
    RECORD_READY = 'r',
    RECORD_FACTS = 'f',
    RECORD_RETIRE = 't',
};

#define RECORD_HEAD 16
#define SLOT_SIZE 8

struct record {
    enum record_type type;
    size_t slot;
    size_t size;
};

/* Bits of the payload of "ready". */
enum {
    BIT_LANDLOCK = 1,
    BIT_SECCOMP = 2,
    BIT_LIMITS = 4,
    BIT_ALL = 7,
};

/* Limits and times; those without a unit in the name are numbers or bytes. */
#define JOBS_MAX 256u
#define READ_SIZE ((size_t)64 * 1024)
#define PIPE_SIZE (256 * 1024)
#define KEEP_SIZE ((size_t)1024 * 1024) /* larger buffers are given back after use */
#define TICK_MS UINT64_C(1000)
#define TRIES 3u
#define NAP_NS 2000000 /* a small part of what fills a pipe */
#define NAP_SLOTS 128u /* that each lane has been given; the end is not waited for */
#define AHEAD 256u     /* slots that a lane is given at most */
#define POLLS_MAX 500u /* failures in a row, 10 milliseconds apart, before it is given up */

/*
 * The time that a slot may take is processor time, so that a machine with much else to do blames no
 * file. What uses none, because it waits for a disk or a network that does not answer, has as many
 * times longer by the clock.
 */
#define WALL_FACTOR 10
#define MEASURE_AFTER_MS 100 /* a slot that is done sooner costs no system call */
#define FAREWELL_MS 10000    /* for a process that has nothing left to do */

struct lane {
    size_t given[AHEAD]; /* a ring: slots given to this process and not delivered, in order */
    size_t first;
    size_t given_count;
    pid_t pid; /* 0: no process at the moment */
    int fd;    /* the records, the parent's end; else -1 */
    /* The slots, both ends, else -1: while the parent has the reading end, too, it is not killed by
     * SIGPIPE when the process is dead. */
    int requests[2];
    bool is_ready;
    bool has_delivered; /* this process, any slot */
    uint64_t since;     /* clock of the last record, or of the first slot given after it */
    bool is_measured;   /* since then */
    uint64_t cpu;       /* milliseconds of processor time that the process had used then */
    struct iv_buf input;
};

/* One call of iv_workers_run(): what the caller gave, the lanes, and which slots are left. */
struct run {
    const struct iv_workers_options *options;
    size_t count;
    iv_worker_fn *work;
    void *work_context;
    iv_result_fn *result;
    void *result_context;
    size_t record_max;
    pid_t parent;
    struct lane *lanes;
    struct pollfd *polls; /* scratch of run_wait(), as is the next */
    struct lane **polled;
    size_t lane_count;
    size_t fresh;     /* the first slot never given to a lane */
    size_t *returned; /* slots given to a process that died before them */
    size_t returned_count;
    uint64_t clock;    /* milliseconds that the parent spent waiting; see run_wait() */
    uint64_t retry_at; /* clock at which the next process may be started */
    int start_errno;
    unsigned failed_starts; /* in a row */
    unsigned bad_starts;    /* processes in a row that ended before they were ready */
    unsigned failed_polls;  /* in a row */
    bool has_much;          /* the last reading filled the room for it */
    bool has_containment;
    struct iv_containment containment; /* in force in all so far */
};

/* ---- the worker's side; nothing here returns to the caller of iv_workers_run() ---- */

static void put_le(unsigned char *place, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        place[i] = (unsigned char)(value >> (8 * i));
    }
}

/*
 * Writes one record, all of it: the pipe blocks when the parent is slow. `announced` is the size in
 * the head, which differs from `size` only where the parent is to end this worker. It ends the
 * worker when the parent is gone.
 */
static void worker_send(int fd, enum record_type type, size_t slot, const void *payload,
                        size_t size, uint32_t announced)
{
    unsigned char head[RECORD_HEAD] = {'i', 'v', 'r', (unsigned char)type};
    put_le(head + 4, announced, 4);
    put_le(head + 8, slot, 8);
    for (size_t sent = 0; sent < RECORD_HEAD + size;) {
        size_t head_sent = sent < RECORD_HEAD ? sent : RECORD_HEAD;
        size_t body_sent = sent - head_sent;
        const struct iovec parts[] = {
            {.iov_base = head + head_sent, .iov_len = RECORD_HEAD - head_sent},
            {.iov_base = (char *)payload + body_sent, .iov_len = size - body_sent},
        };
        ssize_t got = writev(fd, parts, IV_COUNT(parts));
        if (got < 0 && errno != EINTR) {
            _exit(5);
        }
        sent += got < 0 ? 0 : (size_t)got;
    }
}

static double cpu_seconds_used(void)
{
    struct timespec used;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0) {
        return 0;
    }
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

#ifdef IMGVAL_READER_FAULTS
static void worker_sabotage(int fd, size_t slot, enum iv_sabotage sabotage)
{
    static const char nonsense[] = "this is no record, whatever else it may be";
    switch (sabotage) {
    case IV_SABOTAGE_NONE:
    case IV_SABOTAGE_FORGE:
        return;
    case IV_SABOTAGE_CRASH:
        signal(SIGABRT, SIG_DFL);
        abort();
    case IV_SABOTAGE_HANG:
        for (;;) {
            (void)cpu_seconds_used();
        }
    case IV_SABOTAGE_NONSENSE: {
        ssize_t got = write(fd, nonsense, sizeof(nonsense));
        (void)got;
        return;
    }
    case IV_SABOTAGE_EXIT:
        _exit(0);
    case IV_SABOTAGE_HUGE:
        worker_send(fd, RECORD_FACTS, slot, "", 0, UINT32_MAX);
        return;
    }
}
#endif

/* The next slot to do. False: there is none any more. */
static bool worker_next(const struct run *run, size_t *ret_slot)
{
    unsigned char bytes[SLOT_SIZE];
    ssize_t got;
    do {
        got = read(STDIN_FILENO, bytes, sizeof(bytes)); /* they are written at once, so read so */
    } while (got < 0 && errno == EINTR);
    if (got == 0) {
        return false;
    }
    struct iv_cursor c = iv_cursor(bytes, got < 0 ? 0 : (size_t)got);
    uint64_t slot = iv_cursor_u64(&c);
    if (c.failed || slot >= run->count) {
        _exit(5);
    }
    *ret_slot = (size_t)slot;
    return true;
}

/*
 * Takes slots and writes records until there are no more slots, or enough processor time was used.
 */
static void worker_run(const struct run *run)
{
    const struct iv_workers_options *options = run->options;
    const int fd = STDOUT_FILENO;
    struct iv_buf record = {0};
    for (size_t i; worker_next(run, &i);) {
#ifdef IMGVAL_READER_FAULTS
        if (i == options->sabotage_slot) {
            worker_sabotage(fd, i, options->sabotage);
        }
#endif
        iv_buf_clear(&record);
        run->work(run->work_context, i, &record);
        if (record.size > run->record_max) {
            worker_send(fd, RECORD_FACTS, i, "", 0, UINT32_MAX); /* the parent ends us */
        } else {
            worker_send(fd, RECORD_FACTS, i, iv_buf_text(&record), record.size,
                        (uint32_t)record.size);
        }
        if (record.capacity > KEEP_SIZE) {
            iv_buf_fini(&record);
        }
        /* The kernel's limit on CPU time counts the whole process: long honest runs must not
         * come near it. */
        if (cpu_seconds_used() >= (double)options->limits->reader_seconds) {
            worker_send(fd, RECORD_RETIRE, 0, "", 0, 0);
            break;
        }
    }
    iv_buf_fini(&record);
}

/* Requests become standard input, records standard output, and nothing else is kept but what there
 * is to read and standard error. */
static bool worker_keep_descriptors(const struct iv_workers_options *options, int requests,
                                    int records)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    if (dup2(requests, STDIN_FILENO) < 0 || dup2(records, STDOUT_FILENO) < 0) {
        return false;
    }
    size_t count = 3 + options->directory_count + options->file_count;
    int *kept = IV_NEW_ARRAY(&arena, int, count);
    kept[1] = STDOUT_FILENO;
    kept[2] = STDERR_FILENO;
    for (size_t i = 0; i < options->directory_count; i++) {
        kept[3 + i] = options->directories[i];
    }
    for (size_t i = 0; i < options->file_count; i++) {
        kept[3 + options->directory_count + i] = options->files[i];
    }
    iv_sandbox_keep_descriptors(kept, count);
    return true;
}

/*
 * The life of a worker, right after fork(). The order matters: first it is tied to the life of the
 * parent, then it gives up descriptors, then all other rights, and only then says that it is ready
 * and takes a slot. Nothing untrusted is read before the sandbox is entered.
 */
static IV_NORETURN void worker_main(const struct run *run, int requests, int records)
{
    const struct iv_workers_options *options = run->options;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != run->parent) { /* it died before the line above */
        _exit(5);
    }
    signal(SIGPIPE, SIG_DFL);
    if (!worker_keep_descriptors(options, requests, records)) {
        _exit(5);
    }
    struct iv_containment got = {0};
    iv_sandbox_enter(options->directories, options->directory_count, options->limits, &got);
    unsigned char bits =
        (unsigned char)((got.files ? BIT_LANDLOCK : 0) | (got.calls ? BIT_SECCOMP : 0) |
                        (got.limits ? BIT_LIMITS : 0));
    worker_send(STDOUT_FILENO, RECORD_READY, 0, &bits, 1, 1);
    /* The parent says why there is no report. */
    if (!options->require_sandbox || iv_sandbox_is_whole(&got)) {
        worker_run(run);
    }
    _exit(0);
}

/* ---- the parent's side ---- */

static uint64_t now_ms(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Milliseconds of processor time that one slot may take; bounded, so that no product overflows. */
static uint64_t slot_ms(const struct run *run)
{
    uint64_t seconds = run->options->limits->reader_seconds;
    return (seconds < 1000000 ? seconds : 1000000) * 1000;
}

static void lane_close(struct lane *lane)
{
    iv_fd_close(&lane->fd);
    iv_fd_close(&lane->requests[0]);
    iv_fd_close(&lane->requests[1]);
}

/* Makes both pipes. *ret_records: the worker's end of the records. False with errno set. */
static bool lane_open(struct lane *lane, int *ret_records)
{
    int records[2];
    if (pipe2(records, O_CLOEXEC) != 0) {
        return false;
    }
    lane->fd = records[0];
    if (pipe2(lane->requests, O_CLOEXEC) != 0) {
        int saved = errno;
        lane->requests[0] = -1;
        lane->requests[1] = -1;
        lane_close(lane);
        close(records[1]);
        errno = saved;
        return false;
    }
    *ret_records = records[1];
    return true;
}

/*
 * Forks a process for a lane that has none. The child does not return. The parent closes its copy
 * of the worker's writing end, so that the end of the process is the end of the pipe. False with
 * errno set.
 */
static bool lane_start(struct run *run, struct lane *lane)
{
    int records;
    if (!lane_open(lane, &records)) {
        return false;
    }
    fcntl(records, F_SETPIPE_SZ, PIPE_SIZE); /* fewer switches; as good without */
    pid_t pid = fork();
    if (pid == 0) {
        worker_main(run, lane->requests[0], records);
    }
    int saved = errno;
    close(records);
    if (pid < 0) {
        lane_close(lane);
        errno = saved;
        return false;
    }
    fcntl(lane->fd, F_SETFL, O_NONBLOCK);
    fcntl(lane->requests[1], F_SETFL, O_NONBLOCK);
    lane->pid = pid;
    lane->is_ready = false;
    lane->has_delivered = false;
    lane->is_measured = false;
    lane->since = run->clock;
    return true;
}

/* Slots that no lane has. */
static size_t run_left(const struct run *run)
{
    return run->count - run->fresh + run->returned_count;
}

/*
 * As many slots as a lane should have, now: a quarter of its part of what is left. So the shares
 * shrink towards the end, where a long slot must not have others waiting after it.
 */
static size_t run_share(const struct run *run)
{
    size_t share = run_left(run) / (4 * run->lane_count) + 1;
    return share < AHEAD ? share : AHEAD;
}

/* Takes the slot in hand, the oldest, out of the ring. */
static size_t lane_take(struct lane *lane)
{
    size_t slot = lane->given[lane->first];
    lane->first = (lane->first + 1) % AHEAD;
    lane->given_count--;
    return slot;
}

/*
 * Ends the lane's process and reaps it; returns its wait status. The signal cannot change the
 * status of a process that is on its way out already; it is for one that only closed its pipe.
 */
static int lane_stop(struct run *run, struct lane *lane)
{
    int status = 0;
    lane_close(lane);
    kill(lane->pid, SIGKILL);
    while (waitpid(lane->pid, &status, 0) < 0 && errno == EINTR) {
    }
    lane->pid = 0;
    iv_buf_fini(&lane->input);
    run->retry_at = run->clock; /* there is room for a process now */
    return status;
}

/* The process is gone: the slot in hand is lost, unless the process never got to one or gave up its
 * work in good order (no reason). What it was given besides is for others. */
static void lane_lose(struct run *run, struct lane *lane, const char *reason)
{
    bool is_lost = reason != NULL && lane->is_ready && lane->given_count > 0;
    size_t slot = is_lost ? lane_take(lane) : 0;
    if (!lane->is_ready) {
        run->bad_starts++;
    }
    while (lane->given_count > 0) {
        run->returned[run->returned_count++] = lane_take(lane);
    }
    if (is_lost) {
        run->result(run->result_context, slot, reason, NULL, 0);
    }
}

/*
 * Gives the lane slots until it has its share; its input ends where there is none left. Not before
 * half of the share is done, so that many slots go with one write. Slots that were taken
 * back from a dead process come first.
 */
static void lane_feed(struct run *run, struct lane *lane)
{
    size_t share = run_share(run);
    if (lane->requests[1] < 0 || lane->given_count > share / 2) {
        return;
    }
    if (lane->given_count == 0) {
        lane->since = run->clock;
        lane->is_measured = false;
    }

    unsigned char bytes[AHEAD * SLOT_SIZE];
    size_t size = 0;
    while (lane->given_count < share && run_left(run) > 0) {
        size_t slot = run->returned_count > 0 ? run->returned[--run->returned_count] : run->fresh++;
        lane->given[(lane->first + lane->given_count++) % AHEAD] = slot;
        put_le(bytes + size, slot, SLOT_SIZE);
        size += SLOT_SIZE;
    }
    if (lane->given_count == 0) {
        iv_fd_close(&lane->requests[1]);
        return;
    }
    /* It fits: a pipe holds more than a lane is ever given. A worker that does not get it would be
     * waited for in vain: another one is started, which is tried a few times. */
    ssize_t written;
    do {
        written = write(lane->requests[1], bytes, size);
    } while (written < 0 && errno == EINTR);
    if (size > 0 && written != (ssize_t)size) {
        lane_stop(run, lane);
        lane->is_ready = false;
        lane_lose(run, lane, NULL);
    }
}

/* The worker closed its pipe: the wait status says how it ended. */
static void lane_end_of_file(struct run *run, struct lane *lane)
{
    char reason[64];
    int status = lane_stop(run, lane);
    if (WIFSIGNALED(status)) {
        snprintf(reason, sizeof(reason), "killed by signal %d", WTERMSIG(status));
    } else {
        snprintf(reason, sizeof(reason), "exited with status %d", WEXITSTATUS(status));
    }
    lane_lose(run, lane, reason);
}

/* Takes the head of a record. False when it is not whole yet; *ret_broken when it is none. */
static bool record_head(struct iv_cursor *c, struct record *ret_record, bool *ret_broken)
{
    if (iv_cursor_left(c) < RECORD_HEAD) {
        return false;
    }
    const unsigned char *magic = iv_cursor_take(c, 3);
    uint8_t type = iv_cursor_u8(c);
    uint32_t size = iv_cursor_u32(c);
    uint64_t slot = iv_cursor_u64(c);
    *ret_broken = memcmp(magic, "ivr", 3) != 0 || slot > SIZE_MAX ||
                  (type != RECORD_READY && type != RECORD_FACTS && type != RECORD_RETIRE);
    *ret_record = (struct record){
        .type = (enum record_type)type,
        .slot = (size_t)slot,
        .size = size,
    };
    return true;
}

/*
 * Whether a lane may send this record now. It is what keeps a worker that was taken over from
 * speaking for other slots, and from announcing more than the parent is willing to hold.
 */
static bool record_is_expected(const struct run *run, const struct lane *lane,
                               const struct record *record)
{
    switch (record->type) {
    case RECORD_READY:
        return !lane->is_ready && record->slot == 0 && record->size == 1;
    case RECORD_FACTS:
        return lane->is_ready && lane->given_count > 0 &&
               record->slot == lane->given[lane->first] && record->size <= run->record_max;
    case RECORD_RETIRE:
        /* Not without a slot done: else a worker could be born again for ever. */
        return lane->is_ready && lane->has_delivered && record->slot == 0 && record->size == 0;
    }
    return false;
}

/*
 * What is in force in all workers is what is in force in each: one without Landlock takes it away.
 */
static void take_ready(struct run *run, struct lane *lane, unsigned char bits)
{
    struct iv_containment *all = &run->containment;
    bool is_first = !run->has_containment;
    all->files = (is_first || all->files) && (bits & BIT_LANDLOCK) != 0;
    all->calls = (is_first || all->calls) && (bits & BIT_SECCOMP) != 0;
    all->limits = (is_first || all->limits) && (bits & BIT_LIMITS) != 0;
    run->has_containment = true;
    run->bad_starts = 0;
    lane->is_ready = true;
}

/* What to do with a lane after its input was looked at. */
enum progress {
    PROGRESS_FINE,
    PROGRESS_BROKEN,
    PROGRESS_RETIRED,
};

/* Acts on one whole record that is expected. The clock of the lane starts again. */
static enum progress take_record(struct run *run, struct lane *lane, const struct record *record,
                                 const unsigned char *payload)
{
    lane->since = run->clock;
    lane->is_measured = false;
    switch (record->type) {
    case RECORD_READY:
        take_ready(run, lane, payload[0]);
        return payload[0] <= BIT_ALL ? PROGRESS_FINE : PROGRESS_BROKEN;
    case RECORD_FACTS:
        lane->has_delivered = true;
        (void)lane_take(lane);
        run->result(run->result_context, record->slot, NULL, payload, record->size);
        return PROGRESS_FINE;
    case RECORD_RETIRE:
        return PROGRESS_RETIRED;
    }
    return PROGRESS_BROKEN;
}

/*
 * Takes all whole records out of the lane's input; a part of one stays. The head is checked before
 * its payload is waited for, so an impossible size ends the worker and is never allocated.
 */
static enum progress lane_parse(struct run *run, struct lane *lane)
{
    struct iv_buf *input = &lane->input;
    struct iv_cursor c = iv_cursor(input->data, input->size);
    enum progress progress = PROGRESS_FINE;
    struct record record;
    bool is_broken = false;
    size_t used = 0;
    while (progress == PROGRESS_FINE && record_head(&c, &record, &is_broken)) {
        if (is_broken || !record_is_expected(run, lane, &record)) {
            progress = PROGRESS_BROKEN;
            break;
        }
        const unsigned char *payload = iv_cursor_take(&c, record.size);
        if (payload == NULL) {
            break; /* the rest of it is under way */
        }
        progress = take_record(run, lane, &record, payload);
        used = c.at;
    }
    if (used == input->size && input->capacity > KEEP_SIZE) {
        iv_buf_fini(input);
    } else if (used > 0) {
        memmove(input->data, input->data + used, input->size - used);
        input->size -= used;
    }
    return progress;
}

/*
 * One read of what the lane has sent, and what follows from it: more slots, or the end of the
 * process.
 */
static void lane_read(struct run *run, struct lane *lane)
{
    ssize_t got = read(lane->fd, iv_buf_reserve(&lane->input, READ_SIZE), READ_SIZE);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
        return;
    }
    if (got <= 0) {
        lane_end_of_file(run, lane);
        return;
    }
    lane->input.size += (size_t)got;
    run->has_much = run->has_much || (size_t)got == READ_SIZE;
    switch (lane_parse(run, lane)) {
    case PROGRESS_FINE:
        lane_feed(run, lane);
        break;
    case PROGRESS_RETIRED:
        lane_stop(run, lane);
        lane_lose(run, lane, NULL);
        break;
    case PROGRESS_BROKEN:
        lane_stop(run, lane);
        lane_lose(run, lane, "broke the protocol");
        break;
    }
}

/* Milliseconds of processor time that the lane's process has used. */
static bool lane_cpu(const struct lane *lane, uint64_t *ret_ms)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(lane->pid, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        return false;
    }
    *ret_ms = (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
    return true;
}

/*
 * Ends a process that took too long. Processor time is asked for only once a slot has lasted a
 * while, and counts from then on. A lane that is idle has no slot: it only has to exit.
 */
static void lane_check_time(struct run *run, struct lane *lane)
{
    uint64_t waited = run->clock - lane->since;
    uint64_t cpu = 0;
    bool is_idle = lane->given_count == 0 && lane->is_ready;
    if (!is_idle && waited >= MEASURE_AFTER_MS && !lane->is_measured) {
        lane->is_measured = lane_cpu(lane, &lane->cpu);
    }
    bool is_spent =
        !is_idle && lane->is_measured && lane_cpu(lane, &cpu) && cpu - lane->cpu >= slot_ms(run);
    if (!is_spent && waited < (is_idle ? FAREWELL_MS : WALL_FACTOR * slot_ms(run))) {
        return;
    }
    char reason[80];
    uint64_t seconds = slot_ms(run) / 1000;
    /* The same words for both clocks: which one it was depends on what else the machine does. */
    snprintf(reason, sizeof(reason), "no answer within the limit of %" PRIu64 " second%s", seconds,
             seconds == 1 ? "" : "s");
    lane_stop(run, lane);
    lane_lose(run, lane, reason);
}

/* ---- the loop ---- */

/* Every slot was delivered, and every process is gone. */
static bool run_is_done(const struct run *run)
{
    for (size_t i = 0; i < run->lane_count; i++) {
        if (run->lanes[i].pid != 0) {
            return false;
        }
    }
    return run_left(run) == 0;
}

/* A process for each lane that has none. With fewer than wanted, the rest wait for their turn. */
static bool run_start(struct run *run, struct iv_error *err)
{
    size_t live = 0;
    for (size_t i = 0; i < run->lane_count; i++) {
        struct lane *lane = &run->lanes[i];
        if (lane->pid == 0 && run_left(run) > 0 && run->clock >= run->retry_at) {
            if (lane_start(run, lane)) {
                lane_feed(run, lane);
                run->failed_starts = 0;
            } else {
                run->start_errno = errno;
                run->failed_starts++;
                run->retry_at = run->clock + TICK_MS;
            }
        }
        live += lane->pid != 0;
    }
    if (run->options->require_sandbox && run->has_containment &&
        !iv_sandbox_is_whole(&run->containment)) {
        return iv_error_set(err, IV_ERROR_SYSTEM,
                            "--require-sandbox: this system does not confine readers (Landlock "
                            "%s, seccomp %s)",
                            run->containment.files ? "on" : "off",
                            run->containment.calls ? "on" : "off");
    }
    if (run->bad_starts >= TRIES) {
        return iv_error_set(err, IV_ERROR_SYSTEM, "reader processes end before they begin");
    }
    if (live == 0 && run->failed_starts > 0 &&
        (!run->has_containment || run->failed_starts >= TRIES)) {
        errno = run->start_errno;
        return iv_error_errno(err, "cannot start a reader process");
    }
    return true;
}

/* Milliseconds until the next thing to do by the clock. */
static int run_timeout(const struct run *run)
{
    return (int)(slot_ms(run) < TICK_MS ? slot_ms(run) : TICK_MS) / 2 + 1;
}

/*
 * To be woken for each record costs more than to take it, for the worker that wakes and, where
 * there are no more processors than workers, for the one that is put aside. So records may gather
 * in the pipes while every lane is far from its end.
 */
static void run_nap(const struct run *run)
{
    const struct timespec nap = {.tv_nsec = NAP_NS};
    for (size_t i = 0; i < run->lane_count; i++) {
        const struct lane *lane = &run->lanes[i];
        if (!lane->is_ready || lane->given_count < NAP_SLOTS) {
            return;
        }
    }
    if (!run->has_much) {
        nanosleep(&nap, NULL);
    }
}

/* Whether to go on after poll(): it may fail for a while, for lack of memory, and not for ever. */
static bool run_has_polled(struct run *run, int got)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    if (got >= 0 || errno == EINTR) {
        run->failed_polls = 0;
        return true;
    }
    int saved = errno;
    nanosleep(&pause, NULL);
    errno = saved;
    return ++run->failed_polls < POLLS_MAX;
}

/*
 * The clock counts the time spent waiting for workers, and at most two ticks at once: neither what
 * the result function does, nor a stopped terminal job, nor a suspended machine lets a worker look
 * as if it hung.
 */
static bool run_wait(struct run *run, struct iv_error *err)
{
    size_t live = 0;
    for (size_t i = 0; i < run->lane_count; i++) {
        /* Not one for each lane: poll() refuses more than there may be descriptors. */
        if (run->lanes[i].pid != 0) {
            run->polls[live] = (struct pollfd){.fd = run->lanes[i].fd, .events = POLLIN};
            run->polled[live++] = &run->lanes[i];
        }
    }

    uint64_t begin = now_ms();
    run_nap(run);
    run->has_much = false;
    int got = poll(run->polls, live, run_timeout(run));
    if (!run_has_polled(run, got)) {
        return iv_error_errno(err, "cannot wait for reader processes");
    }

    uint64_t waited = now_ms() - begin;
    run->clock += waited < 2 * TICK_MS ? waited : 2 * TICK_MS;
    for (size_t i = 0; i < live; i++) {
        struct lane *lane = run->polled[i];
        if (got > 0 && run->polls[i].revents != 0) {
            lane_read(run, lane);
        }
        if (lane->pid != 0) {
            lane_check_time(run, lane);
        }
    }
    return true;
}

/*
 * The loop: start what is missing, wait, read, check the time. On an error all workers are ended.
 */
static bool run_processes(struct run *run, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    size_t wanted = run->options->jobs < JOBS_MAX ? run->options->jobs : JOBS_MAX;
    run->lane_count = wanted < run->count ? wanted : run->count;
    run->lanes = IV_NEW_ARRAY(&arena, struct lane, run->lane_count);
    run->polls = IV_NEW_ARRAY(&arena, struct pollfd, run->lane_count);
    run->polled = IV_NEW_ARRAY(&arena, struct lane *, run->lane_count);
    run->returned = IV_NEW_ARRAY(&arena, size_t, run->lane_count * AHEAD);
    run->parent = getpid();
    for (size_t i = 0; i < run->lane_count; i++) {
        run->lanes[i].fd = -1;
        run->lanes[i].requests[0] = -1;
        run->lanes[i].requests[1] = -1;
    }

    bool is_fine = true;
    while (is_fine && !run_is_done(run)) {
        is_fine = run_start(run, err);
        is_fine = is_fine && run_wait(run, err);
    }

    for (size_t i = 0; i < run->lane_count; i++) {
        if (run->lanes[i].pid != 0) {
            lane_stop(run, &run->lanes[i]);
        }
    }
    return is_fine;
}

/* Without processes: for tests and debuggers. A fault of a reader is then one of this process. */
static void run_here(struct run *run)
{
    struct iv_buf record IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < run->count; i++) {
        iv_buf_clear(&record);
        run->work(run->work_context, i, &record);
        if (record.size > run->record_max) {
            run->result(run->result_context, i, "broke the protocol", NULL, 0);
        } else {
            run->result(run->result_context, i, NULL, iv_buf_text(&record), record.size);
        }
        if (record.capacity > KEEP_SIZE) {
            iv_buf_fini(&record);
        }
    }
}

bool iv_workers_run(const struct iv_workers_options *options, size_t count, iv_worker_fn *work,
                    void *work_context, iv_result_fn *result, void *result_context,
                    struct iv_containment *ret_containment, struct iv_error *err)
{
    struct run run = {
        .options = options,
        .count = count,
        .work = work,
        .work_context = work_context,
        .result = result,
        .result_context = result_context,
        /* UINT32_MAX itself announces a record that is too large. */
        .record_max = options->record_max < UINT32_MAX ? options->record_max : UINT32_MAX - 1,
    };
    if (options->jobs == 0) {
        run_here(&run);
    } else if (!run_processes(&run, err)) {
        return false;
    }
    *ret_containment = run.containment;
    ret_containment->any = run.has_containment;
    return true;
}

unsigned iv_workers_default_jobs(void)
{
    cpu_set_t set;
    long processors;
    if (sched_getaffinity(0, sizeof(set), &set) == 0) {
        processors = CPU_COUNT(&set);
    } else { /* a machine with more processors than the set has room for */
        processors = sysconf(_SC_NPROCESSORS_ONLN);
    }
    if (processors < 1) {
        return 1;
    }
    return processors < (long)JOBS_MAX ? (unsigned)processors + 1 : JOBS_MAX;
}
