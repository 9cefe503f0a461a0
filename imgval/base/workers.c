/*
 * workers.c: the reader processes and their protocol.
 *
 * A lane is a place for one process (process.h) after the other. On its standard input a process is
 * given slots (64 bits each, little endian), to its standard output it writes records.
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
 * The parent never waits for one worker alone, but to reap one that it has ended: it sleeps until
 * any of them has sent something, and a clock runs for each lane. It keeps no state outside of
 * `struct run`. The order of the file: the worker's side, the parent's side for one lane, the loop.
 *
 * A worker that began by exec knows the same as one that began by fork: what this file needs of
 * `struct run` goes first in its charge, then the bytes of the caller.
 */
#include "imgval/base/workers.h"

#include "imgval/base/arena.h"
#include "imgval/base/clock.h"
#include "imgval/base/cursor.h"
#include "imgval/base/process.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The records, worker to parent: "ivr", the type, size of the payload (32 bits), slot (64 bits),
 * little endian, then the payload.
 *
 *   ready   once, first: the sandbox is entered; one byte of containment bits; slot 0
 *   part    what the record of the slot begins with; more follows
 *   facts   the record of the slot, or the end of it
 *   retire  enough CPU time was used, a fresh process is to go on; slot 0
 *
 * A worker must name exactly the slot that is the next of those that it was given, so nothing can
 * be skipped, repeated or said for another worker. Each record is written at once when its slot is
 * done: the slot in hand is therefore always the one after the last record, and no message has to
 * say so.
 */
enum record_type {
    RECORD_READY = 'r',
    RECORD_PART = 'p',
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
    BIT_FILES = 1,
    BIT_CALLS = 2,
    BIT_LIMITS = 4,
    BIT_ALL = 7,
};

/* Limits and times; those without a unit in the name are numbers or bytes. */
#define READ_SIZE ((size_t)64 * 1024)
#define KEEP_SIZE ((size_t)1024 * 1024) /* larger buffers are given back after use */
#define TICK_MS UINT64_C(1000)
#define TRIES 3u
#define NAP_MS 2u      /* a small part of what fills a pipe */
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
#define BIRTH_MS 30000       /* for one to begin that may have been left too little for that */

struct lane {
    size_t given[AHEAD]; /* a ring: slots given to this process and not delivered, in order */
    size_t first;
    size_t given_count;
    struct iv_process *process; /* NULL: none at the moment */
    bool is_fed;                /* its input has not ended */
    bool is_ready;
    bool is_eased;      /* this process: see process.h */
    bool has_delivered; /* this process, any slot */
    uint64_t since;     /* clock of the last record, or of the first slot given after it */
    bool is_measured;   /* since then */
    uint64_t cpu;       /* milliseconds of processor time that the process had used then */
    bool has_parts;     /* of the slot in hand */
    uint64_t parts;     /* their bytes */
    struct iv_buf input;
};

/* One call of iv_workers_run(): what the caller gave, the lanes, and which slots are left. */
struct run {
    const struct iv_workers_options *options;
    struct iv_workers_job job;
    size_t record_max;
    struct iv_buf charge; /* for workers by exec; empty: they begin by fork */
    struct lane *lanes;
    struct iv_process **processes; /* scratch of run_wait(), as are the next two */
    struct lane **waiting;
    bool *ready;
    size_t lane_count;
    size_t fresh;     /* the first slot never given to a lane */
    size_t *returned; /* slots given to a process that died before them */
    size_t returned_count;
    uint64_t clock;    /* milliseconds that the parent spent waiting; see run_wait() */
    uint64_t retry_at; /* clock at which the next process may be started */
    int start_errno;
    unsigned failed_starts; /* in a row */
    unsigned bad_starts;    /* processes in a row that ended before they were ready */
    bool is_eased;          /* as one did, those after it are started with more rights */
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
 * Writes one record, all of it. `announced` is the size in the head, which differs from `size` only
 * where the parent is to end this worker.
 */
static void worker_send(enum record_type type, size_t slot, const void *payload, size_t size,
                        uint32_t announced)
{
    unsigned char head[RECORD_HEAD] = {'i', 'v', 'r', (unsigned char)type};
    put_le(head + 4, announced, 4);
    put_le(head + 8, slot, 8);
    iv_process_write(head, sizeof(head), payload, size);
}

#ifdef IMGVAL_READER_FAULTS
static void worker_sabotage(size_t slot, enum iv_sabotage sabotage)
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
            (void)iv_clock_cpu_ms();
        }
    case IV_SABOTAGE_NONSENSE:
        iv_process_write(nonsense, sizeof(nonsense), "", 0);
        return;
    case IV_SABOTAGE_EXIT:
        _Exit(0);
    case IV_SABOTAGE_HUGE:
        worker_send(RECORD_FACTS, slot, "", 0, UINT32_MAX);
        return;
    }
}
#endif

/* The next slot to do. False: there is none any more. */
static bool worker_next(const struct run *run, size_t *ret_slot)
{
    unsigned char bytes[SLOT_SIZE];
    if (!iv_process_read(bytes, sizeof(bytes))) {
        return false;
    }
    struct iv_cursor c = iv_cursor(bytes, sizeof(bytes));
    uint64_t slot = iv_cursor_u64(&c);
    if (slot >= run->job.count) {
        _Exit(5);
    }
    *ret_slot = (size_t)slot;
    return true;
}

void iv_worker_part(size_t i, const void *part, size_t size)
{
    if (size >= UINT32_MAX) {
        worker_send(RECORD_PART, i, "", 0, UINT32_MAX); /* the parent ends us */
    } else {
        worker_send(RECORD_PART, i, part, size, (uint32_t)size);
    }
}

/*
 * Takes slots and writes records until there are no more slots, or enough processor time was used.
 */
static void worker_run(const struct run *run)
{
    const struct iv_workers_options *options = run->options;
    struct iv_buf record = {0};
    for (size_t i; worker_next(run, &i);) {
#ifdef IMGVAL_READER_FAULTS
        if (i == options->sabotage_slot) {
            worker_sabotage(i, options->sabotage);
        }
#endif
        iv_buf_clear(&record);
        run->job.work(run->job.work_context, i, &record);
        if (record.size > run->record_max) {
            worker_send(RECORD_FACTS, i, "", 0, UINT32_MAX); /* the parent ends us */
        } else {
            worker_send(RECORD_FACTS, i, iv_buf_text(&record), record.size, (uint32_t)record.size);
        }
        if (record.capacity > KEEP_SIZE) {
            iv_buf_fini(&record);
        }
        /* The kernel's limit on CPU time counts the whole process: long honest runs must not
         * come near it. */
        if (iv_clock_cpu_ms() / 1000 >= options->limits->reader_seconds) {
            worker_send(RECORD_RETIRE, 0, "", 0, 0);
            break;
        }
    }
    iv_buf_fini(&record);
}

/*
 * The life of a worker. The order matters: first it gives up all rights, and only then it says that
 * it is ready and takes a slot. Nothing untrusted is read before the sandbox is entered.
 */
static void worker_main(const void *context)
{
    const struct run *run = context;
    const struct iv_workers_options *options = run->options;
    struct iv_containment got = {0};
    iv_sandbox_enter(options->directories, options->directory_count, options->limits, &got);
    unsigned char bits = (unsigned char)((got.files ? BIT_FILES : 0) | (got.calls ? BIT_CALLS : 0) |
                                         (got.limits ? BIT_LIMITS : 0));
    worker_send(RECORD_READY, 0, &bits, 1, 1);
    /* The parent says why there is no report. */
    if (!options->require_sandbox || iv_sandbox_is_whole(&got)) {
        worker_run(run);
    }
    _Exit(0);
}

/* ---- the charge of a worker by exec ---- */

static void add_le(struct iv_buf *buf, uint64_t value)
{
    unsigned char bytes[8];
    put_le(bytes, value, sizeof(bytes));
    iv_buf_add(buf, bytes, sizeof(bytes));
}

/* Those of the files that there are, as "place, number". */
static void add_files(struct iv_buf *buf, const int *files, size_t count)
{
    size_t open = 0;
    for (size_t i = 0; i < count; i++) {
        open += files[i] >= 0 ? 1 : 0;
    }
    add_le(buf, count);
    add_le(buf, open);
    for (size_t i = 0; i < count; i++) {
        if (files[i] >= 0) {
            add_le(buf, i);
            add_le(buf, iv_process_file_out(files[i]));
        }
    }
}

static const int *take_files(struct iv_cursor *c, struct iv_arena *arena, size_t *ret_count)
{
    uint64_t count = iv_cursor_u64(c);
    uint64_t open = iv_cursor_u64(c);
    int *files = IV_NEW_ARRAY(arena, int, (size_t)count + 1);
    for (size_t i = 0; i < count; i++) {
        files[i] = -1;
    }
    for (uint64_t i = 0; i < open; i++) {
        uint64_t place = iv_cursor_u64(c);
        uint64_t number = iv_cursor_u64(c);
        if (!c->failed && place < count) {
            files[place] = iv_process_file_in(number);
        }
    }
    *ret_count = (size_t)count;
    return files;
}

/* Parent and worker are one program, so a struct of numbers may go as it lies in memory. */
static void run_charge(struct run *run)
{
    const struct iv_workers_options *options = run->options;
    struct iv_buf *charge = &run->charge;
    add_le(charge, run->job.count);
    add_le(charge, run->record_max);
    add_le(charge, options->require_sandbox ? 1 : 0);
    add_le(charge, (uint64_t)options->sabotage);
    add_le(charge, options->sabotage_slot);
    iv_buf_add(charge, options->limits, sizeof(*options->limits));
    add_files(charge, options->directories, options->directory_count);
    add_files(charge, options->files, options->file_count);
    iv_buf_add(charge, options->charge->data, options->charge->size);
}

bool iv_workers_charge(struct iv_arena *arena, struct iv_workers_charge *ret_charge)
{
    const void *bytes;
    size_t size;
    if (!iv_process_charge(&bytes, &size)) {
        return false;
    }
    struct iv_cursor c = iv_cursor(bytes, size);
    struct iv_workers_charge charge = {.count = (size_t)iv_cursor_u64(&c)};
    charge.options.record_max = (size_t)iv_cursor_u64(&c);
    charge.options.require_sandbox = iv_cursor_u64(&c) != 0;
    charge.options.sabotage = (enum iv_sabotage)iv_cursor_u64(&c);
    charge.options.sabotage_slot = (size_t)iv_cursor_u64(&c);
    const unsigned char *limits = iv_cursor_take(&c, sizeof(*charge.options.limits));
    if (limits == NULL) {
        return false;
    }
    struct iv_limits *own = IV_NEW(arena, struct iv_limits);
    memcpy(own, limits, sizeof(*own));
    charge.options.limits = own;
    charge.options.directories = take_files(&c, arena, &charge.options.directory_count);
    charge.options.files = take_files(&c, arena, &charge.options.file_count);
    charge.size = iv_cursor_left(&c);
    charge.bytes = iv_cursor_take(&c, charge.size);
    *ret_charge = charge;
    return !c.failed;
}

void iv_workers_serve(const struct iv_workers_charge *charge, iv_worker_fn *work, void *context)
{
    const struct run run = {
        .options = &charge->options,
        .job = {.count = charge->count, .work = work, .work_context = context},
        .record_max = charge->options.record_max,
    };
    worker_main(&run);
}

/* ---- the parent's side ---- */

/* Milliseconds of processor time that one slot may take; bounded, so that no product overflows. */
static uint64_t slot_ms(const struct run *run)
{
    uint64_t seconds = run->options->limits->reader_seconds;
    return (seconds < 1000000 ? seconds : 1000000) * 1000;
}

/* A process for a lane that has none. False with errno set. */
static bool lane_start(struct run *run, struct lane *lane)
{
    const struct iv_workers_options *options = run->options;
    const struct iv_process_start start = {
        .run = worker_main,
        .context = run,
        .charge = run->charge.size > 0 ? &run->charge : NULL,
        .directories = options->directories,
        .directory_count = options->directory_count,
        .files = options->files,
        .file_count = options->file_count,
        .limits = options->limits,
        .is_eased = run->is_eased,
    };
    lane->process = iv_process_start(&start);
    if (lane->process == NULL) {
        return false;
    }
    lane->is_fed = true;
    lane->is_ready = false;
    lane->is_eased = run->is_eased;
    lane->has_delivered = false;
    lane->is_measured = false;
    lane->since = run->clock;
    return true;
}

/* Slots that no lane has. */
static size_t run_left(const struct run *run)
{
    return run->job.count - run->fresh + run->returned_count;
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

#define REASON_SIZE 80

/* Ends the lane's process and reaps it; says how it ended. */
static void lane_stop(struct run *run, struct lane *lane, char reason[REASON_SIZE])
{
    iv_process_stop(&lane->process, reason, REASON_SIZE);
    iv_buf_fini(&lane->input);
    run->retry_at = run->clock; /* there is room for a process now */
}

/* The process is gone: the slot in hand is lost, unless the process never got to one or gave up its
 * work in good order (no reason). What it was given besides is for others. */
static void lane_lose(struct run *run, struct lane *lane, const char *reason)
{
    bool is_lost = lane->given_count > 0 && ((reason != NULL && lane->is_ready) || lane->has_parts);
    size_t slot = is_lost ? lane_take(lane) : 0;
    lane->has_parts = false;
    lane->parts = 0;
    if (!lane->is_ready) {
        run->bad_starts += lane->is_eased ? 1 : 0;
        run->is_eased = true;
    }
    while (lane->given_count > 0) {
        run->returned[run->returned_count++] = lane_take(lane);
    }
    if (is_lost) {
        run->job.result(run->job.result_context, slot, reason != NULL ? reason : "ended too early",
                        NULL, 0);
    }
}

/* The next slot for a lane: of those taken back from dead processes the first, so that one lane
 * works in order. */
static size_t run_take(struct run *run)
{
    if (run->returned_count == 0) {
        return run->fresh++;
    }
    size_t first = 0;
    for (size_t i = 1; i < run->returned_count; i++) {
        first = run->returned[i] < run->returned[first] ? i : first;
    }
    size_t slot = run->returned[first];
    run->returned[first] = run->returned[--run->returned_count];
    return slot;
}

/*
 * Gives the lane slots until it has its share; its input ends where there is none left. Not before
 * half of the share is done, so that many slots go with one write. Slots that were taken
 * back from a dead process come first.
 */
static void lane_feed(struct run *run, struct lane *lane)
{
    size_t share = run_share(run);
    if (!lane->is_fed || lane->given_count > share / 2) {
        return;
    }
    if (lane->given_count == 0) {
        lane->since = run->clock;
        lane->is_measured = false;
    }

    unsigned char bytes[AHEAD * SLOT_SIZE];
    size_t size = 0;
    while (lane->given_count < share && run_left(run) > 0) {
        size_t slot = run_take(run);
        lane->given[(lane->first + lane->given_count++) % AHEAD] = slot;
        put_le(bytes + size, slot, SLOT_SIZE);
        size += SLOT_SIZE;
    }
    if (lane->given_count == 0) {
        iv_process_send_end(lane->process);
        lane->is_fed = false;
        return;
    }
    /* It fits: a pipe holds more than a lane is ever given. A worker that does not get it would be
     * waited for in vain: another one is started, which is tried a few times. */
    if (size > 0 && !iv_process_send(lane->process, bytes, size)) {
        char reason[REASON_SIZE];
        lane_stop(run, lane, reason);
        lane->is_ready = false;
        lane_lose(run, lane, NULL);
    }
}

/* The worker closed its pipe: how it ended is why. */
static void lane_end_of_file(struct run *run, struct lane *lane)
{
    char reason[REASON_SIZE];
    lane_stop(run, lane, reason);
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
                  (type != RECORD_READY && type != RECORD_PART && type != RECORD_FACTS &&
                   type != RECORD_RETIRE);
    *ret_record = (struct record){
        .type = (enum record_type)type,
        .slot = (size_t)slot,
        .size = size,
    };
    return true;
}

static bool has_room_for_part(const struct run *run, const struct lane *lane,
                              const struct record *record)
{
    uint64_t max = run->options->parts_max;
    return run->options->part != NULL && lane->parts <= max && record->size <= max - lane->parts;
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
    case RECORD_PART:
    case RECORD_FACTS:
        return lane->is_ready && lane->given_count > 0 &&
               record->slot == lane->given[lane->first] && record->size <= run->record_max &&
               (record->type == RECORD_FACTS || has_room_for_part(run, lane, record));
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
    all->files = (is_first || all->files) && (bits & BIT_FILES) != 0;
    all->calls = (is_first || all->calls) && (bits & BIT_CALLS) != 0;
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
    case RECORD_PART:
        lane->parts += record->size;
        lane->has_parts = true;
        return run->options->part(run->job.result_context, record->slot, payload, record->size)
                   ? PROGRESS_FINE
                   : PROGRESS_BROKEN;
    case RECORD_FACTS:
        lane->has_delivered = true;
        lane->has_parts = false;
        lane->parts = 0;
        (void)lane_take(lane);
        run->job.result(run->job.result_context, record->slot, NULL, payload, record->size);
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
    char reason[REASON_SIZE];
    int64_t got =
        iv_process_receive(lane->process, iv_buf_reserve(&lane->input, READ_SIZE), READ_SIZE);
    if (got < 0) {
        return;
    }
    if (got == 0) {
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
        lane_stop(run, lane, reason);
        lane_lose(run, lane, NULL);
        break;
    case PROGRESS_BROKEN:
        lane_stop(run, lane, reason);
        lane_lose(run, lane, "broke the protocol");
        break;
    }
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
    char reason[REASON_SIZE];
    if (!lane->is_ready && !lane->is_eased && waited >= BIRTH_MS) {
        lane_stop(run, lane, reason);
        lane_lose(run, lane, NULL);
        return;
    }
    if (!is_idle && waited >= MEASURE_AFTER_MS && !lane->is_measured) {
        lane->is_measured = iv_process_cpu_ms(lane->process, &lane->cpu);
    }
    bool is_spent = !is_idle && lane->is_measured && iv_process_cpu_ms(lane->process, &cpu) &&
                    cpu - lane->cpu >= slot_ms(run);
    if (!is_spent && waited < (is_idle ? FAREWELL_MS : WALL_FACTOR * slot_ms(run))) {
        return;
    }
    uint64_t seconds = slot_ms(run) / 1000;
    lane_stop(run, lane, reason);
    /* The same words for both clocks: which one it was depends on what else the machine does. */
    snprintf(reason, sizeof(reason), "no answer within the limit of %" PRIu64 " second%s", seconds,
             seconds == 1 ? "" : "s");
    lane_lose(run, lane, reason);
}

/* ---- the loop ---- */

/* Every slot was delivered, and every process is gone. */
static bool run_is_done(const struct run *run)
{
    for (size_t i = 0; i < run->lane_count; i++) {
        if (run->lanes[i].process != NULL) {
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
        if (lane->process == NULL && run_left(run) > 0 && run->clock >= run->retry_at) {
            if (lane_start(run, lane)) {
                lane_feed(run, lane);
                run->failed_starts = 0;
            } else {
                run->start_errno = errno;
                run->failed_starts++;
                run->retry_at = run->clock + TICK_MS;
            }
        }
        live += lane->process != NULL ? 1 : 0;
    }
    if (run->options->require_sandbox && run->has_containment &&
        !iv_sandbox_is_whole(&run->containment)) {
        const struct iv_sandbox_words words = iv_sandbox_words();
        return iv_error_set(
            err, IV_ERROR_SYSTEM,
            "--require-sandbox: this system does not confine readers (%s %s, %s %s)", words.files,
            run->containment.files ? "on" : "off", words.calls,
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
static unsigned run_timeout(const struct run *run)
{
    return (unsigned)(slot_ms(run) < TICK_MS ? slot_ms(run) : TICK_MS) / 2 + 1;
}

/*
 * To be woken for each record costs more than to take it, for the worker that wakes and, where
 * there are no more processors than workers, for the one that is put aside. So records may gather
 * in the pipes while every lane is far from its end.
 */
static void run_nap(const struct run *run)
{
    for (size_t i = 0; i < run->lane_count; i++) {
        const struct lane *lane = &run->lanes[i];
        if (!lane->is_ready || lane->given_count < NAP_SLOTS) {
            return;
        }
    }
    if (!run->has_much) {
        iv_clock_sleep_ms(NAP_MS);
    }
}

/* Whether to go on after waiting: that may fail for a while, for lack of memory, and not for ever.
 */
static bool run_goes_on(struct run *run, bool has_waited)
{
    if (has_waited) {
        run->failed_polls = 0;
        return true;
    }
    int saved = errno;
    iv_clock_sleep_ms(10);
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
        if (run->lanes[i].process != NULL) {
            run->processes[live] = run->lanes[i].process;
            run->waiting[live++] = &run->lanes[i];
        }
    }

    int64_t begin = iv_clock_ms();
    run_nap(run);
    run->has_much = false;
    bool has_waited = iv_process_wait(run->processes, live, run_timeout(run), run->ready);
    if (!run_goes_on(run, has_waited)) {
        return iv_error_errno(err, "cannot wait for reader processes");
    }

    uint64_t waited = (uint64_t)(iv_clock_ms() - begin);
    run->clock += waited < 2 * TICK_MS ? waited : 2 * TICK_MS;
    for (size_t i = 0; i < live; i++) {
        struct lane *lane = run->waiting[i];
        if (run->ready[i]) {
            lane_read(run, lane);
        }
        if (lane->process != NULL) {
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
    size_t wanted = run->options->jobs < IV_PROCESSES_MAX ? run->options->jobs : IV_PROCESSES_MAX;
    run->lane_count = wanted < run->job.count ? wanted : run->job.count;
    run->lanes = IV_NEW_ARRAY(&arena, struct lane, run->lane_count);
    run->processes = IV_NEW_ARRAY(&arena, struct iv_process *, run->lane_count);
    run->waiting = IV_NEW_ARRAY(&arena, struct lane *, run->lane_count);
    run->ready = IV_NEW_ARRAY(&arena, bool, run->lane_count);
    run->returned = IV_NEW_ARRAY(&arena, size_t, run->lane_count * AHEAD);
    if (run->options->charge != NULL && (run->options->by_exec || !iv_process_can_fork())) {
        run_charge(run);
    }

    bool is_fine = true;
    while (is_fine && !run_is_done(run)) {
        is_fine = run_start(run, err);
        is_fine = is_fine && run_wait(run, err);
    }

    for (size_t i = 0; i < run->lane_count; i++) {
        if (run->lanes[i].process != NULL) {
            char reason[REASON_SIZE];
            lane_stop(run, &run->lanes[i], reason);
        }
    }
    iv_buf_fini(&run->charge);
    return is_fine;
}

/* Without processes: for tests and debuggers. A fault of a reader is then one of this process. */
static void run_here(struct run *run)
{
    struct iv_buf record IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < run->job.count; i++) {
        iv_buf_clear(&record);
        run->job.work(run->job.work_context, i, &record);
        if (record.size > run->record_max) {
            run->job.result(run->job.result_context, i, "broke the protocol", NULL, 0);
        } else {
            run->job.result(run->job.result_context, i, NULL, iv_buf_text(&record), record.size);
        }
        if (record.capacity > KEEP_SIZE) {
            iv_buf_fini(&record);
        }
    }
}

bool iv_workers_run(const struct iv_workers_options *options, const struct iv_workers_job *job,
                    struct iv_containment *ret_containment, struct iv_error *err)
{
    struct run run = {
        .options = options,
        .job = *job,
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
    unsigned processors = iv_process_processors();
    return processors < IV_PROCESSES_MAX ? processors + 1 : IV_PROCESSES_MAX;
}
