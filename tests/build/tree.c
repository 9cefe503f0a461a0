#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void check_path(const char *path)
{
    if (path[0] == '\0' || path[0] == '/') {
        fx_die("'%s' is not a relative path", path);
    }
    for (const char *part = path; part != NULL;) {
        size_t n = strcspn(part, "/");
        if (n == 2 && part[0] == '.' && part[1] == '.') {
            fx_die("'%s' leaves the output directory", path);
        }
        part = part[n] == '/' ? part + n + 1 : NULL;
    }
}

static void make_parents(const char *path)
{
    check_path(path);
    const char *last = strrchr(path, '/');
    if (last == NULL) {
        return;
    }
    char *copy = strndup(path, (size_t)(last - path));
    if (copy == NULL) {
        fx_die("out of memory");
    }
    struct stat status;
    if (stat(copy, &status) != 0) {
        for (char *p = copy;; p++) {
            if (*p == '/' || *p == '\0') {
                char kept = *p;
                *p = '\0';
                if (mkdir(copy, 0755) != 0 && errno != EEXIST) {
                    fx_die("%s: %s", copy, strerror(errno));
                }
                *p = kept;
                if (kept == '\0') {
                    break;
                }
            }
        }
    }
    free(copy);
}

void fx_tree_enter(const char *path)
{
    if (mkdir(path, 0755) != 0 && errno != EEXIST) {
        fx_die("%s: %s", path, strerror(errno));
    }
    DIR *directory = opendir(path);
    if (directory == NULL) {
        fx_die("%s: %s", path, strerror(errno));
    }
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            fx_die("%s: not empty", path);
        }
    }
    closedir(directory);
    if (chdir(path) != 0) {
        fx_die("%s: %s", path, strerror(errno));
    }
}

void fx_tree_directory(const char *path)
{
    make_parents(path);
    if (mkdir(path, 0755) != 0 && errno != EEXIST) {
        fx_die("%s: %s", path, strerror(errno));
    }
}

static int create(const char *path)
{
    make_parents(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        fx_die("%s: %s", path, strerror(errno));
    }
    return fd;
}

static void write_all(int fd, const char *path, const unsigned char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            fx_die("%s: %s", path, strerror(errno));
        }
        bytes += done;
        n -= (size_t)done;
    }
}

void fx_tree_file(const char *path, const void *bytes, size_t n)
{
    int fd = create(path);
    write_all(fd, path, bytes, n);
    if (close(fd) != 0) {
        fx_die("%s: %s", path, strerror(errno));
    }
}

void fx_tree_source(const char *path, const struct fx_source *source)
{
    unsigned char block[65536];
    struct fx_stream stream;
    size_t n;
    int fd = create(path);
    fx_stream_open(&stream, source);
    while ((n = fx_stream_read(&stream, block, sizeof(block))) > 0) {
        write_all(fd, path, block, n);
    }
    if (close(fd) != 0) {
        fx_die("%s: %s", path, strerror(errno));
    }
}

void fx_tree_symlink(const char *path, const char *target)
{
    make_parents(path);
    if (symlink(target, path) != 0) {
        fx_die("%s: %s", path, strerror(errno));
    }
}

void fx_tree_fifo(const char *path)
{
    make_parents(path);
    if (mkfifo(path, 0644) != 0) {
        fx_die("%s: %s", path, strerror(errno));
    }
}

void fx_tree_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    make_parents(path);
    if (strlen(path) >= sizeof(address.sun_path)) {
        fx_die("%s: too long for a socket", path);
    }
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        fx_die("%s: %s", path, strerror(errno));
    }
    close(fd);
}

void fx_tree_sparse(const char *path, uint64_t size)
{
    int fd = create(path);
    if (ftruncate(fd, (off_t)size) != 0 || close(fd) != 0) {
        fx_die("%s: %s", path, strerror(errno));
    }
}

void fx_tree_mode(const char *path, unsigned mode)
{
    check_path(path);
    if (chmod(path, (mode_t)mode) != 0) {
        fx_die("%s: %s", path, strerror(errno));
    }
}

void fx_tree_mtime(const char *path, int64_t seconds)
{
    const struct timespec times[2] = {{.tv_sec = (time_t)seconds}, {.tv_sec = (time_t)seconds}};
    check_path(path);
    if (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) != 0) {
        fx_die("%s: %s", path, strerror(errno));
    }
}

void fx_tree_deep(const char *path, const char *name, uint64_t depth)
{
    check_path(name);
    fx_tree_directory(path);
    int at = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (uint64_t i = 0; at >= 0 && i < depth; i++) {
        if (mkdirat(at, name, 0755) != 0) {
            fx_die("%s: level %llu: %s", path, (unsigned long long)i, strerror(errno));
        }
        int next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        close(at);
        at = next;
    }
    if (at < 0) {
        fx_die("%s: %s", path, strerror(errno));
    }
    close(at);
}

char *fx_tree_member_path(struct fx_arena *arena, const char *directory, const char *name)
{
    while (name[0] == '\\' || name[0] == '/') {
        name++;
    }
    size_t n = strlen(directory);
    const char *slash = n > 0 && directory[n - 1] == '/' ? "" : "/";
    char *path = fx_arena_printf(arena, "%s%s%s", directory, slash, name);
    for (char *p = path + n; *p != '\0'; p++) {
        if (*p == '\\') {
            *p = '/';
        }
    }
    return path;
}
