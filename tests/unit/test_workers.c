/* Workers: every slot exactly once, whatever a worker does; nothing left behind. */
#include "imgval/base/workers.h"

#include "imgval/base/file.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- a run and what came of it ---- */

struct slot {
    unsigned deliveries;
    size_t size;
    uint64_t sum;
    char lost[64];
};

struct outcome {
    size_t count;
    struct slot *slots;
    size_t out_of_range;
};

static struct outcome outcome_new(size_t count)
{
    return (struct outcome){
        .count = count,
        .slots = calloc(count == 0 ? 1 : count, sizeof(struct slot)),
    };
}

static void outcome_free(struct outcome *outcome)
{
    free(outcome->slots);
}

static uint64_t sum_of(const unsigned char *bytes, size_t size)
{
    uint64_t sum = 14695981039346656037u;
    for (size_t i = 0; i < size; i++) {
        sum = (sum ^ bytes[i]) * 1099511628211u;
    }
    return sum;
}

static void store(void *context, size_t i, const char *lost, const void *record, size_t size)
{
    struct outcome *outcome = context;
    if (i >= outcome->count) {
        outcome->out_of_range++;
        return;
    }
    struct slot *slot = &outcome->slots[i];
    slot->deliveries++;
    if (lost != NULL) {
        snprintf(slot->lost, sizeof(slot->lost), "%s", lost);
    } else {
        slot->size = size;
        slot->sum = sum_of(record, size);
    }
}

/* Records of many sizes, with every byte in them; slot 3 is empty. */
static void work_mixed(void *context, size_t i, struct iv_buf *record)
{
    size_t large = context == NULL ? 0 : *(const size_t *)context;
    size_t size = i % 97 == 50 && large > 0 ? large : i % 7 == 3 ? 0 : 16 + i * 131 % 2000;
    unsigned char *place = (unsigned char *)iv_buf_reserve(record, size);
    for (size_t k = 0; k < size; k++) {
        place[k] = (unsigned char)(i + k * 7);
    }
    record->size = size;
}

static struct iv_workers_options options_for(unsigned jobs, const struct iv_limits *limits)
{
    return (struct iv_workers_options){
        .jobs = jobs,
        .limits = limits,
        .record_max = (size_t)16 << 20,
    };
}

/* The job of a test, by places. */
#define JOB(slots, function, context, receiver, receiver_context)                                  \
    &(const struct iv_workers_job)                                                                 \
    {                                                                                              \
        .count = (slots), .work = (function), .work_context = (context), .result = (receiver),     \
        .result_context = (receiver_context)                                                       \
    }

static void run_all(const struct iv_workers_options *options, iv_worker_fn *work, void *context,
                    struct outcome *outcome)
{
    struct iv_containment got;
    struct iv_error err = {0};
    if (!CHECK(iv_workers_run(options, JOB(outcome->count, work, context, store, outcome), &got,
                              &err))) {
        fprintf(stderr, "    %s\n", err.text);
    }
}

static void check_equal(const struct outcome *got, const struct outcome *wanted)
{
    size_t different = 0;
    for (size_t i = 0; i < got->count; i++) {
        const struct slot *a = &got->slots[i];
        const struct slot *b = &wanted->slots[i];
        different += a->deliveries != 1 || a->size != b->size || a->sum != b->sum ||
                     strcmp(a->lost, b->lost) != 0;
    }
    CHECK_INT(different, 0);
    CHECK_INT(got->out_of_range, 0);
}

/* Exactly the slot `bad` is lost, for that reason; NULL: no reason is known beforehand. */
static void check_one_lost(const struct outcome *outcome, size_t bad, const char *reason)
{
    size_t wrong = 0;
    for (size_t i = 0; i < outcome->count; i++) {
        const struct slot *slot = &outcome->slots[i];
        wrong += slot->deliveries != 1 || (i != bad && slot->lost[0] != '\0');
    }
    CHECK_INT(wrong, 0);
    if (reason != NULL) {
        CHECK_STR(outcome->slots[bad].lost, reason);
    }
    CHECK_INT(outcome->out_of_range, 0);
}

/* ---- nothing left behind ---- */

static int count_descriptors(void)
{
    int count = 0;
    DIR *stream = opendir("/proc/self/fd");
    while (stream != NULL && readdir(stream) != NULL) {
        count++;
    }
    closedir(stream);
    return count;
}

static void check_no_children(void)
{
    errno = 0;
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
    CHECK_INT(errno, ECHILD);
}

/* ---- tests ---- */

static void test_same_for_any_jobs(void)
{
    static const unsigned jobs[] = {0, 1, 2, 3, 8, 5000};
    static const size_t counts[] = {0, 1, 2, 7, 3000};
    struct iv_limits limits = iv_limits_default();
    for (size_t c = 0; c < IV_COUNT(counts); c++) {
        struct outcome wanted IV_CLEANUP(outcome_free) = outcome_new(counts[c]);
        for (size_t i = 0; i < counts[c]; i++) {
            struct iv_buf record IV_CLEANUP(iv_buf_fini) = {0};
            work_mixed(NULL, i, &record);
            store(&wanted, i, NULL, record.data, record.size);
        }
        for (size_t k = 0; k < IV_COUNT(jobs); k++) {
            struct outcome got IV_CLEANUP(outcome_free) = outcome_new(counts[c]);
            struct iv_workers_options options = options_for(jobs[k], &limits);
            run_all(&options, work_mixed, NULL, &got);
            check_equal(&got, &wanted);
        }
    }
}

static void test_large_records(void)
{
    struct iv_limits limits = iv_limits_default();
    size_t large = (size_t)5 << 20;
    struct outcome wanted IV_CLEANUP(outcome_free) = outcome_new(300);
    struct outcome got IV_CLEANUP(outcome_free) = outcome_new(300);
    struct iv_workers_options options = options_for(0, &limits);
    run_all(&options, work_mixed, &large, &wanted);
    CHECK_INT(wanted.slots[50].size, large);
    options.jobs = 3;
    run_all(&options, work_mixed, &large, &got);
    check_equal(&got, &wanted);
}

/* A record of exactly the limit arrives, one byte more does not. */
static void work_by_size(void *context, size_t i, struct iv_buf *record)
{
    size_t size = ((const size_t *)context)[i];
    memset(iv_buf_reserve(record, size), 'x', size);
    record->size = size;
}

static void test_record_max(void)
{
    size_t sizes[] = {0, 999, 1000, 1001, 1000, 0};
    struct iv_limits limits = iv_limits_default();
    for (unsigned jobs = 0; jobs < 3; jobs++) {
        struct outcome got IV_CLEANUP(outcome_free) = outcome_new(IV_COUNT(sizes));
        struct iv_workers_options options = options_for(jobs, &limits);
        options.record_max = 1000;
        run_all(&options, work_by_size, sizes, &got);
        check_one_lost(&got, 3, "broke the protocol");
        CHECK_INT(got.slots[2].size, 1000);
    }
}

static void test_sabotage(void)
{
    static const struct {
        enum iv_sabotage kind;
        const char *reason;
    } rows[] = {
        {IV_SABOTAGE_CRASH, "killed by signal 6"},
        {IV_SABOTAGE_NONSENSE, "broke the protocol"},
        {IV_SABOTAGE_EXIT, "exited with status 0"},
        {IV_SABOTAGE_HUGE, "broke the protocol"},
    };
    static const size_t slots[] = {0, 1, 500, 997, 998, 999};
    static const unsigned jobs[] = {1, 2, 3, 8};
    struct iv_limits limits = iv_limits_default();
    for (size_t r = 0; r < IV_COUNT(rows); r++) {
        for (size_t s = 0; s < IV_COUNT(slots); s++) {
            for (size_t k = 0; k < IV_COUNT(jobs); k++) {
                struct outcome got IV_CLEANUP(outcome_free) = outcome_new(1000);
                struct iv_workers_options options = options_for(jobs[k], &limits);
                options.sabotage = rows[r].kind;
                options.sabotage_slot = slots[s];
                run_all(&options, work_mixed, NULL, &got);
                check_one_lost(&got, slots[s], rows[r].reason);
            }
        }
    }
    struct outcome got IV_CLEANUP(outcome_free) = outcome_new(1);
    struct iv_workers_options options = options_for(0, &limits);
    options.sabotage = IV_SABOTAGE_CRASH; /* not in this process */
    run_all(&options, work_mixed, NULL, &got);
    CHECK_STR(got.slots[0].lost, "");
}

static void test_hang(void)
{
    static const size_t slots[] = {0, 25, 49};
    struct iv_limits limits = iv_limits_default();
    limits.reader_seconds = 1;
    for (size_t s = 0; s < IV_COUNT(slots); s++) {
        struct outcome got IV_CLEANUP(outcome_free) = outcome_new(50);
        struct iv_workers_options options = options_for(2, &limits);
        options.sabotage = IV_SABOTAGE_HANG;
        options.sabotage_slot = slots[s];
        run_all(&options, work_mixed, NULL, &got);
        check_one_lost(&got, slots[s], "no answer within the limit of 1 second");
    }
}

/* Every third slot kills its worker, each in another way. */
static void work_deadly(void *context, size_t i, struct iv_buf *record)
{
    (void)context;
    iv_buf_printf(record, "%zu", i);
    if (i % 3 == 0) {
        if (i % 2 == 0) {
            _exit(4);
        }
        raise(SIGKILL);
    }
}

static void test_many_deaths(void)
{
    static const unsigned jobs[] = {1, 2, 3, 8};
    struct iv_limits limits = iv_limits_default();
    for (size_t k = 0; k < IV_COUNT(jobs); k++) {
        struct outcome got IV_CLEANUP(outcome_free) = outcome_new(120);
        struct iv_workers_options options = options_for(jobs[k], &limits);
        run_all(&options, work_deadly, NULL, &got);
        size_t wrong = 0;
        for (size_t i = 0; i < got.count; i++) {
            const char *wanted = i % 3 != 0   ? ""
                                 : i % 2 == 0 ? "exited with status 4"
                                              : "killed by signal 9";
            wrong += got.slots[i].deliveries != 1 || strcmp(got.slots[i].lost, wanted) != 0;
        }
        CHECK_INT(wrong, 0);
    }
}

/* What a taken-over worker may try: all of it through the pipe, the one thing that it has. */
struct forgery {
    const char *bytes;
    size_t size;
};

static void work_forging(void *context, size_t i, struct iv_buf *record)
{
    const struct forgery *forgery = context;
    iv_buf_puts(record, "honest");
    if (i == 10) {
        (void)!write(STDOUT_FILENO, forgery->bytes, forgery->size);
    }
}

#define HEAD(type, size, slot) "ivr" type size "\0\0\0" slot "\0\0\0\0\0\0\0"

static void test_forgeries(void)
{
    static const struct forgery forgeries[] = {
        {HEAD("f", "\1", "\x0b") "x", 17},         /* another lane's slot */
        {HEAD("f", "\1", "\x08") "x", 17},         /* a slot that was done */
        {HEAD("f", "\1", "\x0c") "x", 17},         /* a slot too early */
        {HEAD("f", "\1", "\xff") "x", 17},         /* beyond the end */
        {"ivrf\1\0\0\0\x0a\0\0\0\0\0\0\x80x", 17}, /* beyond all */
        {"ivrf\xff\xff\xff\xff\x0a\0\0\0\0\0\0\0", 16},
        {HEAD("r", "\1", "\0") "\7", 17}, /* ready again */
        {HEAD("t", "\1", "\0") "x", 17},  /* retire with a payload */
        {HEAD("t", "\0", "\x0c"), 16},    /* retire over a slot */
        {HEAD("x", "\0", "\x0a"), 16},    /* no such type */
        {"IVRF\0\0\0\0\x0a\0\0\0\0\0\0\0", 16},
    };
    struct iv_limits limits = iv_limits_default();
    for (size_t i = 0; i < IV_COUNT(forgeries); i++) {
        struct outcome got IV_CLEANUP(outcome_free) = outcome_new(31);
        struct iv_workers_options options = options_for(2, &limits);
        struct forgery forgery = forgeries[i];
        run_all(&options, work_forging, &forgery, &got);
        check_one_lost(&got, 10, "broke the protocol");
    }
}

/* Retiring at once, for ever, gets a worker nowhere: it costs the slot. */
static void work_retiring(void *context, size_t i, struct iv_buf *record)
{
    (void)context;
    iv_buf_puts(record, "x");
    if (i == 6) {
        (void)!write(STDOUT_FILENO, HEAD("t", "\0", "\0"), 16);
    }
}

static void test_retiring(void)
{
    struct iv_limits limits = iv_limits_default();
    struct outcome got IV_CLEANUP(outcome_free) = outcome_new(9);
    struct iv_workers_options options = options_for(1, &limits);
    run_all(&options, work_retiring, NULL, &got);
    check_one_lost(&got, 6, "broke the protocol");
}

/* The pipe closed, the process still there: it must not be waited for. */
static void work_closing(void *context, size_t i, struct iv_buf *record)
{
    (void)context;
    iv_buf_puts(record, "x");
    if (i == 4) {
        close(STDOUT_FILENO);
        for (volatile unsigned k = 0;; k++) {
        }
    }
}

static void test_closed_pipe(void)
{
    struct iv_limits limits = iv_limits_default();
    struct outcome got IV_CLEANUP(outcome_free) = outcome_new(9);
    struct iv_workers_options options = options_for(2, &limits);
    run_all(&options, work_closing, NULL, &got);
    check_one_lost(&got, 4, "killed by signal 9");
}

static double cpu_now(void)
{
    struct timespec used = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static void work_slowly(void *context, size_t i, struct iv_buf *record)
{
    (void)context;
    double end = cpu_now() + 0.02;
    while (cpu_now() < end) {
    }
    iv_buf_printf(record, "%zu", i);
}

/* More CPU time in all than one process may use (2 * 2 + 2 seconds), and a slot has a hundredth of
 * the time that it may take: the machine may be busy. */
static void test_long_run(void)
{
    struct iv_limits limits = iv_limits_default();
    limits.reader_seconds = 2;
    struct outcome got IV_CLEANUP(outcome_free) = outcome_new(320);
    struct iv_workers_options options = options_for(1, &limits);
    run_all(&options, work_slowly, NULL, &got);
    check_one_lost(&got, 0, "");
}

/* A parent that is slow in taking results does not blame its workers. */
static void store_slowly(void *context, size_t i, const char *lost, const void *record, size_t size)
{
    const struct timespec pause = {.tv_nsec = 400000000};
    nanosleep(&pause, NULL);
    store(context, i, lost, record, size);
}

static void test_slow_parent(void)
{
    struct iv_limits limits = iv_limits_default();
    limits.reader_seconds = 1;
    size_t sizes[8];
    for (size_t i = 0; i < 8; i++) {
        sizes[i] = (size_t)1 << 20; /* more than the pipe holds */
    }
    struct outcome got IV_CLEANUP(outcome_free) = outcome_new(8);
    struct iv_workers_options options = options_for(2, &limits);
    struct iv_containment containment;
    struct iv_error err = {0};
    CHECK(iv_workers_run(&options, JOB(8, work_by_size, sizes, store_slowly, &got), &containment,
                         &err));
    check_one_lost(&got, 0, "");
}

static void work_hungry(void *context, size_t i, struct iv_buf *record)
{
    (void)context;
    iv_buf_puts(record, "x");
    if (i == 2) {
        iv_buf_reserve(record, (size_t)3 << 30);
    }
}

/* Checks that need what the kernel (and not a sanitizer) gives. */
static void test_containment(void)
{
    char path[] = "/tmp/imgval-test-XXXXXX";
    CHECK(mkdtemp(path) != NULL);
    int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct iv_limits limits = iv_limits_default();
    struct iv_workers_options options = options_for(2, &limits);
    options.directories = &root;
    options.directory_count = 1;
    struct outcome got IV_CLEANUP(outcome_free) = outcome_new(5);
    struct iv_containment containment = {0};
    struct iv_error err = {0};
    CHECK(iv_workers_run(&options, JOB(5, work_mixed, NULL, store, &got), &containment, &err));
    printf("landlock %d, seccomp %d, limits %d\n", containment.files, containment.calls,
           containment.limits);
    if (containment.limits) {
        struct outcome hungry IV_CLEANUP(outcome_free) = outcome_new(5);
        run_all(&options, work_hungry, NULL, &hungry);
        check_one_lost(&hungry, 2, "exited with status 4");
    }
    options.jobs = 0;
    CHECK(iv_workers_run(&options, JOB(0, work_mixed, NULL, store, &got), &containment, &err));
    CHECK(!containment.files && !containment.calls && !containment.limits);
    close(root);
    CHECK(rmdir(path) == 0);
}

/* A worker reads below the directories given and sees nothing else: of descriptors it has the two
 * pipes, standard error and that directory. */
static void work_looking(void *context, size_t i, struct iv_buf *record)
{
    int root = *(const int *)context;
    int count = 0;
    enum iv_file_type type;
    uint64_t size;
    for (int other = 0; other < 1024; other++) {
        count += fcntl(other, F_GETFD) >= 0;
    }
    int fd = iv_file_open_at(root, "f", &type, &size);
    iv_buf_printf(record, "%zu %d %d %d", i, fd >= 0, count,
                  open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
    iv_fd_close(&fd);
}

static void store_text(void *context, size_t i, const char *lost, const void *record, size_t size)
{
    (void)i;
    if (lost == NULL && size < 64) {
        memcpy(context, record, size);
        ((char *)context)[size] = '\0';
    }
}

static void test_view(void)
{
    char path[] = "/tmp/imgval-test-XXXXXX";
    CHECK(mkdtemp(path) != NULL);
    int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = openat(root, "f", O_WRONLY | O_CREAT, 0644); /* left open: no worker has it */
    struct iv_limits limits = iv_limits_default();
    struct iv_workers_options options = options_for(1, &limits);
    options.directories = &root;
    options.directory_count = 1;
    char text[64] = "";
    struct iv_containment got = {0};
    struct iv_error err = {0};
    CHECK(iv_workers_run(&options, JOB(1, work_looking, &root, store_text, text), &got, &err));
    CHECK_STR(text, got.files ? "0 1 4 0" : "0 1 4 1");
    close(fd);
    unlinkat(root, "f", 0);
    close(root);
    CHECK(rmdir(path) == 0);
}

/* Sleeping as a reader may: it has no call for the clock alone. */
static void sleep_ms(long ms)
{
    int word = 0;
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &pause);
}

/* Slots after one that takes long are done by others. The record says which process did it. */
static void work_uneven(void *context, size_t i, struct iv_buf *record)
{
    (void)context;
    sleep_ms(i == 0 ? 1500 : 10);
    iv_buf_printf(record, "%d", (int)getpid());
}

static void test_uneven(void)
{
    struct iv_limits limits = iv_limits_default();
    struct outcome got IV_CLEANUP(outcome_free) = outcome_new(90);
    struct iv_workers_options options = options_for(2, &limits);
    run_all(&options, work_uneven, NULL, &got);
    check_one_lost(&got, 0, "");
    size_t own = 0;
    for (size_t i = 0; i < got.count; i++) {
        own += got.slots[i].sum == got.slots[0].sum;
    }
    /* Every other one would be 45; two or so where nothing else runs on the machine. */
    printf("uneven: %zu of %zu\n", own, got.count);
    CHECK(own < 44);
}

/* A process that only waits is not blamed before ten times its time. */
static void work_waiting(void *context, size_t i, struct iv_buf *record)
{
    (void)context;
    sleep_ms(i == 1 ? 1800 : 1);
    iv_buf_puts(record, "x");
}

static void test_waiting(void)
{
    struct iv_limits limits = iv_limits_default();
    limits.reader_seconds = 1;
    struct outcome got IV_CLEANUP(outcome_free) = outcome_new(2);
    struct iv_workers_options options = options_for(2, &limits);
    run_all(&options, work_waiting, NULL, &got);
    check_one_lost(&got, 0, "");
}

/* Where readers must be confined and cannot be, not one slot is worked on. */
static void test_required_sandbox(void)
{
    struct iv_limits limits = iv_limits_default();
    struct iv_workers_options options = options_for(2, &limits);
    options.require_sandbox = true;
    struct outcome got IV_CLEANUP(outcome_free) = outcome_new(3);
    struct iv_containment offered = iv_sandbox_offered();
    struct iv_containment containment;
    struct iv_error err = {0};
    bool is_fine =
        iv_workers_run(&options, JOB(3, work_mixed, NULL, store, &got), &containment, &err);
    CHECK_INT(is_fine, iv_sandbox_is_whole(&offered));
    if (!is_fine) {
        CHECK(strncmp(err.text, "--require-sandbox: ", 19) == 0);
        CHECK_INT(got.slots[0].deliveries + got.slots[1].deliveries + got.slots[2].deliveries, 0);
    }
}

/* Few processes, or none: less speed, or an error, and never a lost slot. */
static void test_no_processes(void)
{
    for (rlim_t extra = 0; extra < 2; extra++) {
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0) {
            unit = (struct unit){0};
            /* Of descriptors each process needs four, and the parent then keeps three. */
            struct rlimit limit = {0};
            int next = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
            close(next);
            getrlimit(RLIMIT_NOFILE, &limit);
            limit.rlim_cur = (rlim_t)next + 3 + 2 * extra;
            setrlimit(RLIMIT_NOFILE, &limit);
            struct iv_limits limits = iv_limits_default();
            struct iv_workers_options options = options_for(8, &limits);
            struct outcome got IV_CLEANUP(outcome_free) = outcome_new(100);
            struct iv_containment containment;
            struct iv_error err = {0};
            bool is_fine = iv_workers_run(&options, JOB(100, work_mixed, NULL, store, &got),
                                          &containment, &err);
            CHECK_INT(is_fine, extra > 0);
            if (is_fine) {
                check_one_lost(&got, 0, "");
            } else {
                CHECK_INT(err.code, IV_ERROR_SYSTEM);
                CHECK(strncmp(err.text, "cannot start a reader process: ", 31) == 0);
            }
            check_no_children();
            outcome_free(&got);
            _exit(unit.failures > 0);
        }
        int status = 0;
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

/* When the parent dies, its workers do, even one that computes for ever. */
static void work_forever(void *context, size_t i, struct iv_buf *record)
{
    (void)context;
    (void)i;
    (void)record;
    for (volatile unsigned k = 0;; k++) {
    }
}

static void test_parent_dies(void)
{
    int ends[2];
    CHECK(pipe(ends) == 0); /* the workers hold the writing end while they live */
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        struct iv_limits limits = iv_limits_default();
        struct iv_workers_options options = options_for(2, &limits);
        struct outcome got = outcome_new(2);
        struct iv_containment containment;
        struct iv_error err;
        bool is_fine =
            iv_workers_run(&options, JOB(2, work_forever, NULL, store, &got), &containment, &err);
        _exit(is_fine);
    }
    close(ends[1]);
    const struct timespec pause = {.tv_nsec = 300000000};
    nanosleep(&pause, NULL);
    kill(pid, SIGKILL);
    CHECK(waitpid(pid, NULL, 0) == pid);
    char byte;
    CHECK_INT(read(ends[0], &byte, 1), 0); /* ends only when all have died */
    close(ends[0]);
}

/* SIGCHLD ignored: the kernel reaps, and the run works all the same. */
static void test_ignored_sigchld(void)
{
    signal(SIGCHLD, SIG_IGN);
    struct iv_limits limits = iv_limits_default();
    struct outcome got IV_CLEANUP(outcome_free) = outcome_new(20);
    struct iv_workers_options options = options_for(2, &limits);
    options.sabotage = IV_SABOTAGE_EXIT;
    options.sabotage_slot = 7;
    run_all(&options, work_mixed, NULL, &got);
    check_one_lost(&got, 7, NULL);
    CHECK(signal(SIGCHLD, SIG_DFL) == SIG_IGN);
}

/* One more than the processors that the process may use, not those of the machine. */
static void test_default_jobs(void)
{
    cpu_set_t all;
    CHECK(sched_getaffinity(0, sizeof(all), &all) == 0);
    CHECK(iv_workers_default_jobs() == (unsigned)CPU_COUNT(&all) + 1);
    cpu_set_t one;
    size_t first = 0;
    while (!CPU_ISSET(first, &all)) {
        first++;
    }
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    CHECK(sched_setaffinity(0, sizeof(one), &one) == 0);
    CHECK(iv_workers_default_jobs() == 2);
    CHECK(sched_setaffinity(0, sizeof(all), &all) == 0);
}

int main(void)
{
    /* What a test runner left open would be found by the counts of descriptors. */
    for (int fd = 3; fd < 256; fd++) {
        close(fd);
    }
    int before = count_descriptors();
    test_default_jobs();
    test_same_for_any_jobs();
    test_large_records();
    test_record_max();
    test_sabotage();
    test_hang();
    test_many_deaths();
    test_forgeries();
    test_retiring();
    test_closed_pipe();
    test_long_run();
    test_slow_parent();
    test_containment();
    test_view();
    test_uneven();
    test_waiting();
    test_required_sandbox();
    test_no_processes();
    test_parent_dies();
    test_ignored_sigchld();
    CHECK_INT(count_descriptors(), before);
    check_no_children();
    return unit_end();
}
