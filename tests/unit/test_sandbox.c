/* What a process can still do after it gave up its rights: read beneath one directory, no more. */
#include "imgval/base/sandbox.h"

#include "imgval/base/digest.h"
#include "imgval/base/file.h"
#include "imgval/base/pattern.h"
#include "imgval/base/posix/descriptors.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct place {
    char path[64];
    int root; /* holds "inside" */
    int pipe_ends[2];
    int spare; /* a file open for writing */
};

typedef void trial_fn(const struct place *place);

static void setup(struct place *place)
{
    snprintf(place->path, sizeof(place->path), "/tmp/imgval-test-XXXXXX");
    if (mkdtemp(place->path) == NULL || pipe2(place->pipe_ends, O_CLOEXEC) != 0) {
        perror("setup");
        exit(1);
    }
    place->root = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = openat(place->root, "inside", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    CHECK(write(fd, "text", 4) == 4);
    close(fd);
    CHECK(mkdirat(place->root, "dir", 0755) == 0);
    place->spare = openat(place->root, "spare", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
}

static void teardown(struct place *place)
{
    unlinkat(place->root, "inside", 0);
    unlinkat(place->root, "spare", 0);
    CHECK(unlinkat(place->root, "dir", AT_REMOVEDIR) == 0);
    close(place->root);
    close(place->spare);
    close(place->pipe_ends[0]);
    close(place->pipe_ends[1]);
    CHECK(rmdir(place->path) == 0);
}

/* Runs the trial inside; returns the wait status. Exit status 0: its checks held. */
static int confined(const struct place *place, const struct iv_limits *limits, bool has_directory,
                    trial_fn *trial)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct iv_containment got;
        dup2(place->pipe_ends[1], STDOUT_FILENO);
        iv_sandbox_enter(&place->root, has_directory ? 1 : 0, limits, &got);
        unit = (struct unit){0};
        trial(place);
        _exit(unit.failures > 0 ? 1 : 0);
    }
    int status = 0;
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    return status;
}

static void expect_fine(const struct place *place, bool has_directory, trial_fn *trial,
                        const char *what)
{
    struct iv_limits limits = iv_limits_default();
    int status = confined(place, &limits, has_directory, trial);
    if (!CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
        fprintf(stderr, "    %s: wait status %#x\n", what, (unsigned)status);
    }
}

static void expect_killed(const struct place *place, trial_fn *trial, const char *what)
{
    struct iv_limits limits = iv_limits_default();
    int status = confined(place, &limits, true, trial);
    if (!CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)) {
        fprintf(stderr, "    %s: wait status %#x\n", what, (unsigned)status);
    }
}

/* ---- what still works ---- */

static void trial_read(const struct place *place)
{
    enum iv_file_type type;
    uint64_t size;
    int fd = iv_file_open_at(place->root, "inside", &type, &size);
    CHECK(fd >= 0);
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    CHECK(iv_file_read_all(fd, 100, &buf));
    CHECK_STR(iv_buf_text(&buf), "text");
    iv_fd_close(&fd);
    struct stat st;
    CHECK(fstatat(place->root, "inside", &st, 0) == 0);
}

static bool want_all(void *context, const char *path, const char *name, enum iv_file_type type)
{
    (void)context;
    (void)path;
    (void)name;
    (void)type;
    return true;
}

static void trial_walk(const struct place *place)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_limits limits = iv_limits_default();
    struct iv_walk walk;
    iv_walk(place->root, &limits, want_all, NULL, &arena, &walk);
    CHECK_INT(walk.count, 3);
    CHECK_INT(walk.trouble_count, 0);
}

static int compare_ints(const void *a, const void *b)
{
    int x = *(const int *)a;
    int y = *(const int *)b;
    return (x > y) - (x < y);
}

/* Libraries ask the kernel more than one thinks. */
static void trial_libraries(const struct place *place)
{
    (void)place;
    char hex[IV_SHA256_HEX_SIZE];
    struct iv_sha256 *sha = iv_sha256_open();
    iv_sha256_add(sha, "abc", 3);
    iv_sha256_close_hex(sha, hex);
    CHECK(strncmp(hex, "ba7816bf", 8) == 0);

    struct iv_error err;
    struct iv_pattern *pattern IV_CLEANUP(iv_pattern_close) = NULL;
    CHECK(iv_pattern_open("(a|b)+", &pattern, &err));
    CHECK_INT(iv_pattern_match(pattern, "abab", 4), IV_MATCH_YES);

    int numbers[5000]; /* larger than what qsort sorts on its stack */
    for (int i = 0; i < 5000; i++) {
        numbers[i] = i * 7919 % 5000;
    }
    qsort(numbers, 5000, sizeof(numbers[0]), compare_ints);
    CHECK_INT(numbers[4999], 4999);

    char *block = malloc((size_t)64 << 20);
    CHECK(block != NULL);
    memset(block, 1, (size_t)64 << 20);
    block = realloc(block, (size_t)96 << 20);
    CHECK(block != NULL);
    free(block);
    fprintf(stderr, "%s", "");
    CHECK(getpid() > 0);
}

static void trial_pipe(const struct place *place)
{
    (void)place;
    CHECK(write(STDOUT_FILENO, "x", 1) == 1);
}

/* ---- what does not ---- */

static void check_no_open(int dirfd, const char *path, int flags)
{
    errno = 0;
    int fd = openat(dirfd, path, flags);
    CHECK_INT(fd, -1);
    CHECK_INT(errno, EACCES);
}

static void trial_outside(const struct place *place)
{
    check_no_open(AT_FDCWD, "/etc/passwd", O_RDONLY);
    check_no_open(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY);
    check_no_open(AT_FDCWD, "/proc/self/maps", O_RDONLY);
    check_no_open(place->root, "../../etc/passwd", O_RDONLY);
    struct open_how how = {.flags = O_RDONLY};
    CHECK(syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof(how)) == -1);
    CHECK_INT(errno, EACCES);
    how.flags = O_WRONLY; /* openat2 passes the seccomp filter, Landlock stops it */
    CHECK(syscall(SYS_openat2, place->root, "inside", &how, sizeof(how)) == -1);
    CHECK_INT(errno, EACCES);
    how.flags = O_WRONLY | O_CREAT;
    how.mode = 0600;
    CHECK(syscall(SYS_openat2, place->root, "created", &how, sizeof(how)) == -1);
    CHECK_INT(errno, EACCES);
}

static void trial_no_directory(const struct place *place)
{
    check_no_open(place->root, "inside", O_RDONLY);
    check_no_open(place->root, ".", O_RDONLY | O_DIRECTORY);
}

static void trial_limits(const struct place *place)
{
    (void)place;
    struct rlimit limit;
    /* prlimit64 is refused inside, so this is seen from what happens. */
    CHECK(getrlimit(RLIMIT_CORE, &limit) == -1);
    void *volatile block = malloc((size_t)3 << 30); /* else the compiler drops it */
    CHECK(block == NULL);
    free(block);
    int count = 0;
    while (count < 1000 && fcntl(0, F_DUPFD_CLOEXEC, 0) >= 0) {
        count++;
    }
    CHECK(count >= 16 && count <= 64);
}

static void trial_no_code(const struct place *place)
{
    (void)place;
    void *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page == MAP_FAILED);
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED);
    CHECK(mprotect(page, 4096, PROT_READ | PROT_EXEC) == -1);
}

static void trial_socket(const struct place *place)
{
    (void)place;
    _exit(socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 2 : 3);
}

static void trial_fork(const struct place *place)
{
    (void)place;
    long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    _exit(pid >= 0 ? 2 : 3);
}

static void trial_exec(const struct place *place)
{
    (void)place;
    char *const arguments[] = {(char *)"true", NULL};
    execv("/bin/true", arguments);
    _exit(3);
}

static void trial_kill(const struct place *place)
{
    (void)place;
    kill(getppid(), 0);
    _exit(3);
}

static void trial_tgkill(const struct place *place)
{
    (void)place;
    syscall(SYS_tgkill, 1, 1, 0);
    _exit(3);
}

static void trial_unlink(const struct place *place)
{
    unlinkat(place->root, "inside", 0);
    _exit(3);
}

static void trial_open_to_write(const struct place *place)
{
    (void)!openat(place->root, "inside", O_RDWR);
    _exit(3);
}

static void trial_write_elsewhere(const struct place *place)
{
    (void)!write(place->spare, "x", 1);
    _exit(3);
}

static void trial_write_copy(const struct place *place)
{
    (void)!write(place->pipe_ends[1], "", 0);
    _exit(3);
}

static void trial_ptrace(const struct place *place)
{
    (void)place;
    syscall(SYS_ptrace, 0, 0, 0, 0);
    _exit(3);
}

static void trial_abort(const struct place *place)
{
    (void)place;
    abort();
}

static void trial_burn(const struct place *place)
{
    (void)place;
    for (volatile unsigned i = 0;; i++) {
    }
}

static void test_allowed(const struct place *place)
{
    expect_fine(place, true, trial_read, "read");
    expect_fine(place, true, trial_walk, "walk");
    expect_fine(place, true, trial_libraries, "libraries");
    expect_fine(place, true, trial_pipe, "pipe");
    char byte;
    CHECK(read(place->pipe_ends[0], &byte, 1) == 1);
    struct iv_limits limits = iv_limits_default();
    int status = confined(place, &limits, true, trial_abort);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void test_seccomp(const struct place *place)
{
    expect_killed(place, trial_socket, "socket");
    expect_killed(place, trial_fork, "fork");
    expect_killed(place, trial_exec, "exec");
    expect_killed(place, trial_kill, "kill");
    expect_killed(place, trial_tgkill, "tgkill");
    expect_killed(place, trial_unlink, "unlink");
    expect_killed(place, trial_open_to_write, "open to write");
    expect_killed(place, trial_write_elsewhere, "write elsewhere");
    expect_killed(place, trial_write_copy, "write to the same pipe by another number");
    expect_killed(place, trial_ptrace, "ptrace");
    expect_fine(place, true, trial_no_code, "no code");
}

static void test_cpu_limit(const struct place *place)
{
    struct iv_limits limits = iv_limits_default();
    limits.reader_seconds = 0;
    int status = confined(place, &limits, true, trial_burn);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* All but some of the descriptors are closed, wherever they stand. */
static void test_keep_descriptors(const struct place *place)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        int high = fcntl(place->root, F_DUPFD, 900);
        int kept[] = {high, -1, STDERR_FILENO, place->root, place->root};
        iv_sandbox_keep_descriptors(kept, IV_COUNT(kept));
        bool is_fine = high >= 900;
        for (int fd = 0; fd < 1000; fd++) {
            bool is_kept = fd == high || fd == STDERR_FILENO || fd == place->root;
            is_fine = is_fine && (fcntl(fd, F_GETFD) >= 0) == is_kept;
        }
        _exit(is_fine ? 0 : 1);
    }
    int status = 0;
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Asks in a process of its own what can be had. */
static struct iv_containment offered(const struct place *place)
{
    int ends[2];
    struct iv_containment got = {0};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return got;
    }
    pid_t pid = fork();
    if (pid == 0) {
        struct iv_limits limits = iv_limits_default();
        dup2(ends[1], STDOUT_FILENO);
        iv_sandbox_enter(&place->root, 1, &limits, &got);
        _exit(write(STDOUT_FILENO, &got, sizeof(got)) != (ssize_t)sizeof(got));
    }
    close(ends[1]);
    CHECK(read(ends[0], &got, sizeof(got)) == (ssize_t)sizeof(got));
    close(ends[0]);
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    return got;
}

int main(void)
{
    struct place place;
    setup(&place);
    test_keep_descriptors(&place);
    struct iv_containment got = offered(&place);
    struct iv_containment said = iv_sandbox_offered();
    CHECK_INT(said.files, got.files);
    CHECK_INT(said.calls, got.calls);
    CHECK_INT(said.limits, got.limits);
    printf("landlock %d, seccomp %d, limits %d\n", got.files, got.calls, got.limits);
    test_allowed(&place);
    if (got.files) {
        expect_fine(&place, true, trial_outside, "outside");
        expect_fine(&place, false, trial_no_directory, "no directory");
    }
    if (got.calls) {
        test_seccomp(&place);
    }
    if (got.limits && got.calls) {
        expect_fine(&place, true, trial_limits, "limits");
    }
    if (got.limits) {
        test_cpu_limit(&place);
    }
    teardown(&place);
    return unit_end();
}
