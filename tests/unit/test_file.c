/* Files and trees that nobody here made: links, FIFOs, limits, very long paths, replacement. */
#include "imgval/base/file.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- building ---- */

static void put_file(int dirfd, const char *path, const char *text)
{
    int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    iv_fd_close(&fd);
}

/* An empty directory of our own; its path in ret_path. */
static int make_root(char ret_path[64])
{
    snprintf(ret_path, 64, "/tmp/imgval-test-XXXXXX");
    if (mkdtemp(ret_path) == NULL) {
        perror("mkdtemp");
        exit(1);
    }
    return open(ret_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void remove_below(int dirfd)
{
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fdopendir(fd);
    for (struct dirent *entry; stream != NULL && (entry = readdir(stream)) != NULL;) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
            continue;
        }
        if (unlinkat(dirfd, name, 0) != 0) {
            (void)!fchmodat(dirfd, name, 0700, 0);
            int below = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            remove_below(below);
            iv_fd_close(&below);
            unlinkat(dirfd, name, AT_REMOVEDIR);
        }
    }
    closedir(stream);
}

static void remove_root(int *dirfd, const char *path)
{
    remove_below(*dirfd);
    iv_fd_close(dirfd);
    CHECK(rmdir(path) == 0);
}

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

/* ---- opening ---- */

static void check_refused(int root, const char *path, int wanted_errno, int wanted_type)
{
    enum iv_file_type type = IV_FILE_REGULAR;
    uint64_t size = 7;
    errno = 0;
    int fd = iv_file_open_at(root, path, &type, &size);
    int got = errno;
    if (!CHECK_INT(fd, -1) || !CHECK_INT(got, wanted_errno) ||
        (wanted_type >= 0 && !CHECK_INT(type, wanted_type))) {
        fprintf(stderr, "    path %.80s\n", path);
    }
    CHECK_INT(size, 7);
    iv_fd_close(&fd);
}

static void check_opens(int root, const char *path, uint64_t wanted_size)
{
    enum iv_file_type type = IV_FILE_OTHER;
    uint64_t size = 0;
    int fd = iv_file_open_at(root, path, &type, &size);
    if (CHECK(fd >= 0)) {
        CHECK_INT(type, IV_FILE_REGULAR);
        CHECK_INT(size, wanted_size);
        CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
    iv_fd_close(&fd);
}

static void open_everything(int root)
{
    check_opens(root, "plain", 5);
    check_opens(root, "dir/inner", 3);
    check_opens(root, "./dir//inner", 3);
    check_refused(root, "nothing", ENOENT, -1);
    check_refused(root, "", ENOENT, -1);
    check_refused(root, "plain/x", ENOTDIR, -1);
    check_refused(root, "dir", EINVAL, IV_FILE_DIRECTORY);
    check_refused(root, "fifo", EINVAL, IV_FILE_OTHER); /* and does not wait for a writer */
    check_refused(root, "socket", EINVAL, IV_FILE_OTHER);
    check_refused(root, "link", ELOOP, IV_FILE_LINK);
    check_refused(root, "out", ELOOP, IV_FILE_LINK);
    check_refused(root, "loop", ELOOP, IV_FILE_LINK);
    check_refused(root, "dirlink/inner", ELOOP, IV_FILE_LINK); /* within the tree as well */
    check_refused(root, "outdir/passwd", ELOOP, IV_FILE_LINK);
    check_refused(root, "/etc/passwd", EXDEV, -1);
    check_refused(root, "../x", EXDEV, -1);
    check_refused(root, "dir/../plain", EXDEV, -1);
    check_refused(root, "dir/..", EXDEV, -1);
    char name[300];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    check_refused(root, name, ENAMETOOLONG, -1);
    name[255] = '\0';
    check_opens(root, name, 4);
}

static void make_zoo(int root)
{
    put_file(root, "plain", "plain");
    CHECK(mkdirat(root, "dir", 0755) == 0);
    put_file(root, "dir/inner", "abc");
    CHECK(mkfifoat(root, "fifo", 0644) == 0);
    CHECK(symlinkat("plain", root, "link") == 0);
    CHECK(symlinkat("/etc/passwd", root, "out") == 0);
    CHECK(symlinkat("loop", root, "loop") == 0);
    CHECK(symlinkat("dir", root, "dirlink") == 0);
    CHECK(symlinkat("/etc", root, "outdir") == 0);
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    put_file(root, name, "long");
}

static void make_socket(const char *root_path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", root_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    iv_fd_close(&fd);
}

/* As a kernel before 5.6, or a container that does not know openat2, would answer. */
static bool refuse_openat2(int code)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)code),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(steps) / sizeof(steps[0]), .filter = steps};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void check_child(pid_t pid)
{
    int status = 0;
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_open(void)
{
    char path[64];
    int root = make_root(path);
    make_zoo(root);
    make_socket(path);
    int before = count_descriptors();
    open_everything(root);
    CHECK_INT(count_descriptors(), before);
    for (int code = EPERM; code != 0; code = code == EPERM ? ENOSYS : 0) {
        pid_t pid = fork();
        if (pid == 0) {
            unit = (struct unit){0};
            int here = count_descriptors(); /* under valgrind not the same as in the parent */
            if (refuse_openat2(code)) {
                errno = 0;
                CHECK(syscall(SYS_openat2, root, "plain", NULL, 0) == -1);
                CHECK(errno == code || errno == ENOSYS); /* valgrind has none either */
                open_everything(root);
                CHECK_INT(count_descriptors(), here);
            }
            _exit(unit.failures > 0);
        }
        check_child(pid);
    }
    remove_root(&root, path);
}

/* ---- reading ---- */

static void test_read(void)
{
    char path[64];
    int root = make_root(path);
    put_file(root, "f", "0123456789");
    int fd = openat(root, "f", O_RDWR | O_CLOEXEC);
    char bytes[32] = "";
    CHECK_INT(iv_file_read_at(fd, bytes, 4, 3), 4);
    CHECK(memcmp(bytes, "3456", 4) == 0);
    CHECK_INT(iv_file_read_at(fd, bytes, 32, 8), 2);
    CHECK_INT(iv_file_read_at(fd, bytes, 4, 10), 0);
    CHECK_INT(iv_file_read_at(fd, bytes, 0, 0), 0);
    CHECK_INT(iv_file_read_at(fd, bytes, 4, UINT64_MAX), 0);
    CHECK_INT(iv_file_read_at(fd, bytes, 4, INT64_MAX), 0);
    CHECK_INT(iv_file_read_at(fd, bytes, 4, (uint64_t)INT64_MAX + 1), 0);
    CHECK_INT(iv_file_read_at(-1, bytes, 4, 0), -1);
    CHECK_INT(errno, EBADF);

    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(&buf, "<");
    CHECK(iv_file_read_all(fd, 10, &buf));
    CHECK_STR(iv_buf_text(&buf), "<0123456789");
    errno = 0;
    CHECK(!iv_file_read_all(fd, 9, &buf));
    CHECK_INT(errno, EFBIG);
    CHECK_STR(iv_buf_text(&buf), "<0123456789");
    CHECK(!iv_file_read_all(fd, 0, &buf));
    CHECK(iv_file_read_all(fd, UINT64_MAX, &buf));
    CHECK_INT(buf.size, 21);
    CHECK(!iv_file_read_all(-1, 10, &buf));
    CHECK_INT(errno, EBADF);

    CHECK(ftruncate(fd, 0) == 0);
    iv_buf_clear(&buf);
    CHECK(iv_file_read_all(fd, 0, &buf));
    CHECK_STR(iv_buf_text(&buf), "");
    CHECK(ftruncate(fd, 3 * 1024 * 1024 + 1) == 0);
    CHECK(iv_file_read_all(fd, 8 * IV_MIB, &buf));
    CHECK_INT(buf.size, 3 * 1024 * 1024 + 1);
    CHECK(ftruncate(fd, (off_t)10 * 1024 * 1024 * 1024) == 0); /* sparse: refused unread */
    CHECK(!iv_file_read_all(fd, 8 * IV_MIB, &buf));
    CHECK_INT(errno, EFBIG);
    iv_fd_close(&fd);
    CHECK_INT(fd, -1);
    iv_fd_close(&fd);
    remove_root(&root, path);
}

/* Files whose size says nothing: /proc tells 0 and holds text. */
static void test_read_unsized(void)
{
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    CHECK(iv_file_read_all(fd, IV_MIB, &buf));
    CHECK(buf.size > 100);
    errno = 0;
    CHECK(!iv_file_read_all(fd, 50, &buf));
    CHECK_INT(errno, EFBIG);
    iv_fd_close(&fd);
}

/* ---- walking ---- */

static bool want_all(void *context, const char *path, const char *name, enum iv_file_type type)
{
    (void)context;
    (void)type;
    const char *slash = strrchr(path, '/');
    CHECK(strcmp(slash == NULL ? path : slash + 1, name) == 0);
    return true;
}

static bool want_files(void *context, const char *path, const char *name, enum iv_file_type type)
{
    (void)path;
    (void)name;
    ++*(unsigned *)context;
    return type == IV_FILE_REGULAR;
}

static bool want_none(void *context, const char *path, const char *name, enum iv_file_type type)
{
    (void)context;
    (void)path;
    (void)name;
    (void)type;
    return false;
}

static void check_sorted(const struct iv_walk *walk)
{
    bool is_sorted = true;
    for (size_t i = 1; i < walk->count; i++) {
        is_sorted = is_sorted && strcmp(walk->entries[i - 1].path, walk->entries[i].path) < 0;
    }
    CHECK(is_sorted);
}

static void test_walk(void)
{
    static const struct iv_entry wanted[] = {
        {"a", IV_FILE_DIRECTORY},   {"a-b", IV_FILE_REGULAR},      {"a/b", IV_FILE_DIRECTORY},
        {"a/b/c", IV_FILE_REGULAR}, {"a/z", IV_FILE_REGULAR},      {"a\x01", IV_FILE_REGULAR},
        {"dirlink", IV_FILE_LINK},  {"fifo", IV_FILE_OTHER},       {"link", IV_FILE_LINK},
        {"n\nl", IV_FILE_REGULAR},  {"\xff\xfe", IV_FILE_REGULAR},
    };
    char path[64];
    int root = make_root(path);
    CHECK(mkdirat(root, "a", 0755) == 0 && mkdirat(root, "a/b", 0755) == 0);
    put_file(root, "a/b/c", "");
    put_file(root, "a/z", "");
    put_file(root, "a-b", "");
    put_file(root, "a\x01", "");
    put_file(root, "n\nl", "");
    put_file(root, "\xff\xfe", "");
    CHECK(symlinkat("a", root, "dirlink") == 0 && symlinkat("..", root, "link") == 0);
    CHECK(mkfifoat(root, "fifo", 0644) == 0);

    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_limits limits = iv_limits_default();
    struct iv_walk walk;
    int before = count_descriptors();
    iv_walk(root, &limits, want_all, NULL, &arena, &walk);
    iv_walk(root, &limits, want_all, NULL, &arena, &walk); /* the descriptor has not moved */
    CHECK_INT(count_descriptors(), before);
    CHECK_INT(walk.trouble_count, 0);
    check_sorted(&walk);
    CHECK_INT(walk.count, IV_COUNT(wanted));
    for (size_t i = 0; i < walk.count && i < IV_COUNT(wanted); i++) {
        bool is_found = false;
        for (size_t k = 0; k < IV_COUNT(wanted); k++) {
            is_found = is_found || (strcmp(walk.entries[i].path, wanted[k].path) == 0 &&
                                    walk.entries[i].type == wanted[k].type);
        }
        CHECK(is_found);
    }
    unsigned seen = 0;
    iv_walk(root, &limits, want_files, &seen, &arena, &walk);
    CHECK_INT(seen, 11);
    CHECK_INT(walk.count, 6);
    int path_only = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    iv_walk(path_only, &limits, want_all, NULL, &arena, &walk);
    CHECK_INT(walk.count, 11);
    iv_fd_close(&path_only);
    remove_root(&root, path);
}

static void check_trouble(const struct iv_walk *walk, size_t i, const char *path, bool is_limit,
                          const char *detail)
{
    if (CHECK(i < walk->trouble_count)) {
        CHECK_STR(walk->troubles[i].path, path);
        CHECK_INT(walk->troubles[i].is_limit, is_limit);
        CHECK_STR(walk->troubles[i].detail, detail);
    }
}

static void test_walk_limits(void)
{
    char path[64];
    int root = make_root(path);
    CHECK(mkdirat(root, "a", 0755) == 0 && mkdirat(root, "b", 0755) == 0);
    CHECK(mkdirat(root, "a/1", 0755) == 0 && mkdirat(root, "b/1", 0755) == 0);
    CHECK(mkdirat(root, "a/2", 0755) == 0);
    put_file(root, "a/1/x", "");
    put_file(root, "b/1/x", "");
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_limits limits = iv_limits_default();
    struct iv_walk walk;

    limits.directory_depth = 2;
    iv_walk(root, &limits, want_all, NULL, &arena, &walk);
    CHECK_INT(walk.count, 7);
    CHECK_INT(walk.trouble_count, 0);
    limits.directory_depth = 1;
    iv_walk(root, &limits, want_all, NULL, &arena, &walk);
    CHECK_INT(walk.count, 5);
    CHECK_INT(walk.trouble_count, 1); /* one, whatever the number of directories */
    check_trouble(&walk, 0, "a/1", true,
                  "directories nest deeper than 1 levels; what is below was not read");
    limits.directory_depth = 64;

    limits.entries = 7;
    iv_walk(root, &limits, want_all, NULL, &arena, &walk);
    CHECK_INT(walk.trouble_count, 0);
    limits.entries = 6;
    iv_walk(root, &limits, want_all, NULL, &arena, &walk);
    CHECK_INT(walk.count, 6);
    CHECK_INT(walk.trouble_count, 1);
    check_trouble(&walk, 0, "", true, "more than 6 directory entries; the rest was not read");
    iv_walk(root, &limits, want_none, NULL, &arena, &walk);
    CHECK_INT(walk.count, 0);
    CHECK_INT(walk.trouble_count, 1);

    int closed = -1;
    iv_walk(closed, &limits, want_all, NULL, &arena, &walk);
    CHECK_INT(walk.count, 0);
    check_trouble(&walk, 0, "", false, "the directory cannot be read: Bad file descriptor");
    remove_root(&root, path);
}

/* 100 levels of 200 bytes are far beyond PATH_MAX. Returns the descriptor of the deepest. */
static int make_deep(int root, int levels, const char *name)
{
    int at = fcntl(root, F_DUPFD_CLOEXEC, 0);
    for (int i = 0; i < levels; i++) {
        CHECK(mkdirat(at, name, 0755) == 0);
        int below = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        iv_fd_close(&at);
        at = below;
    }
    return at;
}

static void test_walk_deep(void)
{
    char path[64];
    int root = make_root(path);
    char name[256];
    memset(name, 'd', 255);
    name[255] = '\0';
    int deepest = make_deep(root, 60, name);
    put_file(deepest, "bottom.spkg", "found");
    CHECK(symlinkat("bottom.spkg", deepest, "link") == 0);
    for (int i = 0; i < 300; i++) { /* wide at the bottom: descriptors must not pile up */
        char wide[32];
        snprintf(wide, sizeof(wide), "w%d", i);
        CHECK(mkdirat(deepest, wide, 0755) == 0);
    }
    iv_fd_close(&deepest);

    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_limits limits = iv_limits_default();
    struct iv_walk walk;
    int before = count_descriptors();
    iv_walk(root, &limits, want_all, NULL, &arena, &walk);
    CHECK_INT(count_descriptors(), before);
    CHECK_INT(walk.count, 60 + 302);
    CHECK_INT(walk.trouble_count, 0);
    check_sorted(&walk);
    unsigned seen = 0;
    iv_walk(root, &limits, want_files, &seen, &arena, &walk);
    if (CHECK_INT(walk.count, 1)) {
        CHECK(strlen(walk.entries[0].path) > PATH_MAX);
        check_opens(root, walk.entries[0].path, 5);
        char *link = iv_arena_strdup(&arena, walk.entries[0].path);
        memcpy(strrchr(link, '/'), "/link", 6);
        check_refused(root, link, ELOOP, IV_FILE_LINK);
        CHECK_INT(count_descriptors(), before);
    }
    limits.entries = 500; /* long paths have a limit of their own */
    iv_walk(root, &limits, want_all, NULL, &arena, &walk);
    CHECK_INT(walk.trouble_count, 1);
    check_trouble(&walk, 0, "", true, "more than 1048576 bytes of paths; the rest was not read");
    remove_root(&root, path);
}

/* Root may read everything, so another user has to look. */
static void test_walk_unreadable(void)
{
    char path[64];
    int root = make_root(path);
    CHECK(chmod(path, 0755) == 0);
    CHECK(mkdirat(root, "closed", 0755) == 0 && mkdirat(root, "closed2", 0755) == 0);
    put_file(root, "closed/x", "");
    put_file(root, "secret", "x");
    CHECK(fchmodat(root, "closed", 0, 0) == 0 && fchmodat(root, "closed2", 0300, 0) == 0);
    CHECK(fchmodat(root, "secret", 0, 0) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        unit = (struct unit){0};
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
            _exit(0);
        }
        struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
        struct iv_limits limits = iv_limits_default();
        struct iv_walk walk;
        iv_walk(root, &limits, want_all, NULL, &arena, &walk);
        CHECK_INT(walk.count, 3);
        CHECK_INT(walk.trouble_count, 2);
        check_trouble(&walk, 0, "closed", false, "the directory cannot be read: Permission denied");
        check_trouble(&walk, 1, "closed2", false,
                      "the directory cannot be read: Permission denied");
        check_refused(root, "secret", EACCES, -1);
        iv_arena_fini(&arena);
        _exit(unit.failures > 0);
    }
    check_child(pid);
    remove_root(&root, path);
}

/* ---- replacing ---- */

static void check_content(int root, const char *name, const char *wanted)
{
    int fd = openat(root, name, O_RDONLY | O_CLOEXEC);
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    CHECK(iv_file_read_all(fd, IV_MIB, &buf));
    CHECK_STR(iv_buf_text(&buf), wanted);
    iv_fd_close(&fd);
}

static size_t count_entries(int root)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_limits limits = iv_limits_default();
    struct iv_walk walk;
    iv_walk(root, &limits, want_all, NULL, &arena, &walk);
    return walk.count;
}

static void test_replace(void)
{
    char path[64];
    int root = make_root(path);
    char target[400];
    struct iv_error err = {0};
    struct stat st;
    mode_t mask = umask(022);

    snprintf(target, sizeof(target), "%s/new", path);
    CHECK(iv_file_replace(target, "one", 3, &err));
    check_content(root, "new", "one");
    CHECK(fstatat(root, "new", &st, 0) == 0 && (st.st_mode & 0777) == 0644);
    CHECK(fchmodat(root, "new", 0600, 0) == 0);
    int old = openat(root, "new", O_RDONLY | O_CLOEXEC);
    CHECK(iv_file_replace(target, "second", 6, &err));
    check_content(root, "new", "second");
    char bytes[8] = "";
    CHECK_INT(iv_file_read_at(old, bytes, sizeof(bytes), 0), 3); /* the old one is whole */
    iv_fd_close(&old);
    CHECK(fstatat(root, "new", &st, 0) == 0 && (st.st_mode & 0777) == 0600);
    CHECK(iv_file_replace(target, NULL, 0, &err));
    check_content(root, "new", "");
    umask(mask);

    CHECK(symlinkat("new", root, "link") == 0);
    snprintf(target, sizeof(target), "%s/link", path);
    CHECK(iv_file_replace(target, "linked", 6, &err));
    check_content(root, "new", "linked");
    CHECK(fstatat(root, "link", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode));

    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    snprintf(target, sizeof(target), "%s/%s", path, name); /* no room for a suffix */
    CHECK(iv_file_replace(target, "long", 4, &err));
    check_content(root, name, "long");

    CHECK(fchdir(root) == 0);
    CHECK(iv_file_replace("relative", "x", 1, &err));
    check_content(root, "relative", "x");
    CHECK(chdir("/") == 0);
    CHECK_INT(count_entries(root), 4); /* no temporary is left */
    CHECK_INT(err.code, IV_ERROR_NONE);
    remove_root(&root, path);
}

static void check_not_replaced(const char *target)
{
    struct iv_error err = {0};
    CHECK(!iv_file_replace(target, "x", 1, &err));
    CHECK_INT(err.code, IV_ERROR_SYSTEM);
    CHECK(strncmp(err.text, "cannot write ", 13) == 0);
}

static void test_replace_failures(void)
{
    char path[64];
    int root = make_root(path);
    char target[400];
    struct iv_error err = {0};
    struct stat st;
    CHECK(mkdirat(root, "dir", 0755) == 0);
    snprintf(target, sizeof(target), "%s/dir", path);
    check_not_replaced(target);
    snprintf(target, sizeof(target), "%s/nowhere/x", path);
    check_not_replaced(target);
    snprintf(target, sizeof(target), "%s/new/", path);
    check_not_replaced(target);
    check_not_replaced("");
    char name[301];
    memset(name, 'n', 300);
    name[300] = '\0';
    snprintf(target, sizeof(target), "%s/%s", path, name); /* found out by the rename */
    check_not_replaced(target);
    CHECK_INT(count_entries(root), 1);
    remove_root(&root, path);

    /* Devices stay what they are, and tell when they are full. */
    CHECK(iv_file_replace("/dev/null", "x", 1, &err));
    CHECK(lstat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode));
    check_not_replaced("/dev/full");
    CHECK(lstat("/dev/full", &st) == 0 && S_ISCHR(st.st_mode));
}

int main(void)
{
    test_open();
    test_read();
    test_read_unsized();
    test_walk();
    test_walk_limits();
    test_walk_deep();
    test_walk_unreadable();
    test_replace();
    test_replace_failures();
    return unit_end();
}
