#include "imgval/base/workers.h"

#include "imgval/base/arena.h"
#include "imgval/base/cursor.h"

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
 *   ready   once, first: the sandbox is entered; one byte of containment bits; slot: the first one
 *   facts   the record of the slot
 *   retire  enough CPU time was used, a fresh process is to go on; slot: the first one not done
 *
 * A worker must name exactly the slot that is next in its lane, so nothing can be skipped, repeated
 * or slipped into another lane. Each record is written at once when its slot is done: the slot in
 * hand is therefore always the one behind the last record, and no message has to say so.
 */
enum record_type {
    RECORD_READY = 'r',
    RECORD_FACTS = 'f',
    RECORD_RETIRE = 't',
};

#define RECORD_HEAD 16

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

#define JOBS_MAX 256u
#define READ_SIZE ((size_t)64 * 1024)
#define PIPE_SIZE (256 * 1024)
#define KEEP_SIZE ((size_t)1024 * 1024) /* larger buffers are given back after use */
#define TICK_MS UINT64_C(1000)
#define TRIES 3u
#define NAP_NS 2000000 /* a small part of what fills a pipe */
#define NAP_SLOTS 32u  /* before each lane; the end is not waited for */

/* Slots first, first + k, first + 2k ...: one process after the other works them off. */
struct lane {
    size_t next; /* the first slot not delivered; done when it is not below count */
    pid_t pid;   /* 0: no process at the moment */
    int fd;      /* the parent's end of the pipe, else -1 */
    bool is_ready;
    bool has_delivered; /* this process, any slot */
    uint64_t since;     /* clock of the last record */
    struct iv_buf input;
};

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
    uint64_t clock;    /* milliseconds that the parent spent waiting; see run_wait() */
    uint64_t retry_at; /* clock at which the next process may be started */
    int start_errno;
    unsigned failed_starts; /* in a row */
    unsigned bad_starts;    /* processes in a row that ended before they were ready */
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

static void worker_sabotage(int fd, size_t slot, enum iv_sabotage sabotage)
{
    static const char nonsense[] = "this is no record, whatever else it may be";
    switch (sabotage) {
    case IV_SABOTAGE_NONE:
        return;
    case IV_SABOTAGE_CRASH:
        signal(SIGABRT, SIG_DFL);
        abort();
    case IV_SABOTAGE_HANG:
        for (;;) {
            sched_yield();
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

static double cpu_seconds_used(void)
{
    struct timespec used;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0) {
        return 0;
    }
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static void worker_run(const struct run *run, int fd, size_t first)
{
    const struct iv_workers_options *options = run->options;
    struct iv_buf record = {0};
    for (size_t i = first; i < run->count;) {
        if (options->sabotage != IV_SABOTAGE_NONE && i == options->sabotage_slot) {
            worker_sabotage(fd, i, options->sabotage);
        }
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
        if (run->count - i <= run->lane_count) {
            break;
        }
        i += run->lane_count;
        /* The kernel's limit on CPU time counts the whole process: long honest runs must not
         * come near it. */
        if (cpu_seconds_used() >= (double)options->limits->reader_seconds) {
            worker_send(fd, RECORD_RETIRE, i, "", 0, 0);
            break;
        }
    }
    iv_buf_fini(&record);
}

/* Standard input and output are none of its business; the report goes to the latter. */
static void worker_drop_standard(const struct iv_workers_options *options)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd <= 1 && null >= 0; fd++) {
        bool is_needed = false;
        for (size_t i = 0; i < options->directory_count; i++) {
            is_needed = is_needed || options->directories[i] == fd;
        }
        if (!is_needed && fd != null) {
            dup2(null, fd);
        }
    }
    if (null > 1) {
        close(null);
    }
}

static IV_NORETURN void worker_main(const struct run *run, const struct lane *lane, int fd)
{
    const struct iv_workers_options *options = run->options;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != run->parent) { /* it died before the line above */
        _exit(5);
    }
    signal(SIGPIPE, SIG_DFL);
    for (size_t i = 0; i < run->lane_count; i++) {
        if (run->lanes[i].fd >= 0) {
            close(run->lanes[i].fd);
        }
    }
    /* When the caller has a standard descriptor closed, the pipe may lie there. */
    int output = fd > STDERR_FILENO ? fd : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    worker_drop_standard(options);
    struct iv_containment got = {0};
    iv_sandbox_enter(options->directories, options->directory_count, output, options->limits, &got);
    unsigned char bits =
        (unsigned char)((got.landlock ? BIT_LANDLOCK : 0) | (got.seccomp ? BIT_SECCOMP : 0) |
                        (got.limits ? BIT_LIMITS : 0));
    worker_send(output, RECORD_READY, lane->next, &bits, 1, 1);
    worker_run(run, output, lane->next);
    _exit(0);
}

/* ---- the parent's side ---- */

static uint64_t now_ms(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t slot_ms(const struct run *run)
{
    uint64_t seconds = run->options->limits->reader_seconds;
    return (seconds < 1000000 ? seconds : 1000000) * 1000;
}

/* False with errno set. */
static bool lane_start(struct run *run, struct lane *lane)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE); /* fewer switches; as good without */
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        worker_main(run, lane, ends[1]);
    }
    int saved = errno;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        errno = saved;
        return false;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    lane->pid = pid;
    lane->fd = ends[0];
    lane->is_ready = false;
    lane->has_delivered = false;
    lane->since = run->clock;
    return true;
}

/*
 * Ends the lane's process and reaps it; returns its wait status. The signal cannot change the
 * status of a process that is on its way out already; it is for one that only closed its pipe.
 */
static int lane_stop(struct run *run, struct lane *lane)
{
    int status = 0;
    close(lane->fd);
    lane->fd = -1;
    kill(lane->pid, SIGKILL);
    while (waitpid(lane->pid, &status, 0) < 0 && errno == EINTR) {
    }
    lane->pid = 0;
    iv_buf_fini(&lane->input);
    run->retry_at = run->clock; /* there is room for a process now */
    return status;
}

static void lane_advance(struct run *run, struct lane *lane)
{
    bool is_last = run->count - lane->next <= run->lane_count;
    lane->next = is_last ? run->count : lane->next + run->lane_count;
}

/* The process is gone: the slot in hand is lost, unless the process never got to one. */
static void lane_lose(struct run *run, struct lane *lane, const char *reason)
{
    if (lane->next >= run->count) {
        return;
    }
    if (!lane->is_ready) {
        run->bad_starts++;
        return;
    }
    size_t slot = lane->next;
    lane_advance(run, lane);
    run->result(run->result_context, slot, reason, NULL, 0);
}

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

static bool record_is_expected(const struct run *run, const struct lane *lane,
                               const struct record *record)
{
    if (record->slot != lane->next || lane->next >= run->count) {
        return false;
    }
    switch (record->type) {
    case RECORD_READY:
        return !lane->is_ready && record->size == 1;
    case RECORD_FACTS:
        return lane->is_ready && record->size <= run->record_max;
    case RECORD_RETIRE:
        /* Not without a slot done: else a worker could be born again for ever. */
        return lane->is_ready && lane->has_delivered && record->size == 0;
    }
    return false;
}

static void take_ready(struct run *run, struct lane *lane, unsigned char bits)
{
    struct iv_containment *all = &run->containment;
    bool is_first = !run->has_containment;
    all->landlock = (is_first || all->landlock) && (bits & BIT_LANDLOCK) != 0;
    all->seccomp = (is_first || all->seccomp) && (bits & BIT_SECCOMP) != 0;
    all->limits = (is_first || all->limits) && (bits & BIT_LIMITS) != 0;
    run->has_containment = true;
    run->bad_starts = 0;
    lane->is_ready = true;
}

enum progress {
    PROGRESS_FINE,
    PROGRESS_BROKEN,
    PROGRESS_RETIRED,
};

static enum progress take_record(struct run *run, struct lane *lane, const struct record *record,
                                 const unsigned char *payload)
{
    lane->since = run->clock;
    switch (record->type) {
    case RECORD_READY:
        take_ready(run, lane, payload[0]);
        return payload[0] <= BIT_ALL ? PROGRESS_FINE : PROGRESS_BROKEN;
    case RECORD_FACTS:
        lane->has_delivered = true;
        lane_advance(run, lane);
        run->result(run->result_context, record->slot, NULL, payload, record->size);
        return PROGRESS_FINE;
    case RECORD_RETIRE:
        return PROGRESS_RETIRED;
    }
    return PROGRESS_BROKEN;
}

/* Takes all whole records out of the lane's input. */
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
        break;
    case PROGRESS_RETIRED:
        lane_stop(run, lane);
        break;
    case PROGRESS_BROKEN:
        lane_stop(run, lane);
        lane_lose(run, lane, "broke the protocol");
        break;
    }
}

static void lane_check_time(struct run *run, struct lane *lane)
{
    if (run->clock - lane->since < slot_ms(run)) {
        return;
    }
    char reason[64];
    uint64_t seconds = slot_ms(run) / 1000;
    snprintf(reason, sizeof(reason), "no answer for %" PRIu64 " second%s", seconds,
             seconds == 1 ? "" : "s");
    lane_stop(run, lane);
    lane_lose(run, lane, reason);
}

/* ---- the loop ---- */

static bool run_is_done(const struct run *run)
{
    for (size_t i = 0; i < run->lane_count; i++) {
        if (run->lanes[i].pid != 0 || run->lanes[i].next < run->count) {
            return false;
        }
    }
    return true;
}

/* A process for each lane that has none. With fewer than wanted, the rest wait for their turn. */
static bool run_start(struct run *run, struct iv_error *err)
{
    size_t live = 0;
    for (size_t i = 0; i < run->lane_count; i++) {
        struct lane *lane = &run->lanes[i];
        if (lane->pid == 0 && lane->next < run->count && run->clock >= run->retry_at) {
            if (lane_start(run, lane)) {
                run->failed_starts = 0;
            } else {
                run->start_errno = errno;
                run->failed_starts++;
                run->retry_at = run->clock + TICK_MS;
            }
        }
        live += lane->pid != 0;
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
    uint64_t wait = TICK_MS;
    for (size_t i = 0; i < run->lane_count; i++) {
        const struct lane *lane = &run->lanes[i];
        uint64_t end = lane->since + slot_ms(run);
        if (lane->pid != 0 && (end <= run->clock || end - run->clock < wait)) {
            wait = end <= run->clock ? 0 : end - run->clock;
        }
    }
    return (int)wait + 1;
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
        size_t left = lane->next < run->count ? run->count - lane->next : 0;
        if (!lane->is_ready || left / run->lane_count < NAP_SLOTS) {
            return;
        }
    }
    if (!run->has_much) {
        nanosleep(&nap, NULL);
    }
}

/*
 * The clock counts the time spent waiting for workers, and at most two ticks at once: neither what
 * the result function does, nor a stopped terminal job, nor a suspended machine lets a worker look
 * as if it hung.
 */
static void run_wait(struct run *run)
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
}

static bool run_processes(struct run *run, struct iv_error *err)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    size_t wanted = run->options->jobs < JOBS_MAX ? run->options->jobs : JOBS_MAX;
    run->lane_count = wanted < run->count ? wanted : run->count;
    run->lanes = IV_NEW_ARRAY(&arena, struct lane, run->lane_count);
    run->polls = IV_NEW_ARRAY(&arena, struct pollfd, run->lane_count);
    run->polled = IV_NEW_ARRAY(&arena, struct lane *, run->lane_count);
    run->parent = getpid();
    for (size_t i = 0; i < run->lane_count; i++) {
        run->lanes[i] = (struct lane){.next = i, .fd = -1};
    }
    bool is_fine = true;
    while (is_fine && !run_is_done(run)) {
        is_fine = run_start(run, err);
        if (is_fine) {
            run_wait(run);
        }
    }
    for (size_t i = 0; i < run->lane_count; i++) {
        if (run->lanes[i].pid != 0) {
            lane_stop(run, &run->lanes[i]);
        }
    }
    return is_fine;
}

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
