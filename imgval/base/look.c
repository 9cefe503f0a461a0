/*
 * Questions about the file system with three answers (look.h). Only ENOENT means "absent". ENOTDIR
 * does not: a file in the place of a directory is a thing that is wrong, and no proof that nothing
 * is there.
 *
 * Whether a link stays inside of a tree is asked of the kernel: what it leads to is opened with
 * O_PATH, which reads nothing, and /proc/self/fd says where that and the directory are. To compare
 * the texts of links would have to repeat what the kernel does, and would be wrong where mounts are
 * involved.
 */
#include "imgval/base/look.h"

#include "imgval/base/attr.h"
#include "imgval/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The answer to a call of the stat() family, from its result and errno. */
static enum iv_look answer(int status)
{
    return status == 0 ? IV_LOOK_FOUND : errno == ENOENT ? IV_LOOK_ABSENT : IV_LOOK_TROUBLE;
}

enum iv_look iv_look_at(const char *path, struct stat *ret_st)
{
    return answer(stat(path, ret_st));
}

enum iv_look iv_look_beneath(int dirfd, const char *name, struct stat *ret_st)
{
    return answer(fstatat(dirfd, name, ret_st, AT_SYMLINK_NOFOLLOW));
}

enum iv_look iv_look_at_link(const char *path, struct stat *ret_st)
{
    return answer(lstat(path, ret_st));
}

/* Where a descriptor leads, as the kernel names it. */
static bool place_of(int fd, char *text, size_t size)
{
    char link[32];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t got = readlink(link, text, size - 1);
    if (got < 0 || (size_t)got == size - 1) {
        return false;
    }
    text[got] = '\0';
    return true;
}

enum iv_look iv_look_through(int dirfd, const char *link, struct stat *ret_st, bool *ret_is_inside)
{
    char root[PATH_MAX];
    char place[PATH_MAX];
    int fd IV_CLEANUP(iv_fd_close) = openat(dirfd, link, O_PATH | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT || errno == ELOOP ? IV_LOOK_ABSENT : IV_LOOK_TROUBLE;
    }
    if (fstat(fd, ret_st) != 0) {
        return IV_LOOK_TROUBLE;
    }
    /* Without /proc nobody knows, and what is not known to be inside is outside. */
    *ret_is_inside = false;
    if (place_of(dirfd, root, sizeof(root)) && place_of(fd, place, sizeof(place))) {
        size_t size = strcmp(root, "/") == 0 ? 0 : strlen(root);
        *ret_is_inside =
            strncmp(place, root, size) == 0 && (place[size] == '/' || place[size] == '\0');
    }
    return IV_LOOK_FOUND;
}

bool iv_look_is_there(const char *path)
{
    struct stat st;
    return iv_look_at(path, &st) != IV_LOOK_ABSENT;
}

int iv_look_open(const char *path, bool *ret_lists)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
    *ret_lists = fd >= 0;
    return fd >= 0 || errno != EACCES ? fd : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void stream_close(DIR **stream)
{
    if (*stream != NULL) {
        closedir(*stream);
    }
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* `what` and the text of errno, in the arena. */
static const char *reason(struct iv_arena *arena, const char *what)
{
    /* Not strerror(): reports do not depend on the locale. */
    const char *text = strerrordesc_np(errno);
    return iv_arena_printf(arena, "%s: %s", what, text == NULL ? "unknown error" : text);
}

bool iv_look_list(int dirfd, bool (*want)(const char *name), const struct iv_limits *limits,
                  struct iv_arena *arena, struct iv_look_names *ret_names, bool *ret_is_limit,
                  const char **ret_detail)
{
    struct iv_look_names names = {0};
    size_t capacity = 0;
    *ret_names = names;
    *ret_is_limit = false;
    /* The caller's descriptor keeps its place in the directory. */
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream IV_CLEANUP(stream_close) = fd < 0 ? NULL : fdopendir(fd);
    if (stream == NULL) {
        *ret_detail = reason(arena, "the directory cannot be read");
        iv_fd_close(&fd);
        return false;
    }
    for (uint64_t seen = 0;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (entry == NULL) {
            break;
        }
        if (++seen > limits->entries) {
            *ret_is_limit = true;
            break;
        }
        if (want(entry->d_name)) {
            names.items =
                iv_arena_grow(arena, names.items, names.count, &capacity, sizeof(*names.items));
            names.items[names.count++] = iv_arena_strdup(arena, entry->d_name);
        }
    }

    bool is_whole = errno == 0 && !*ret_is_limit;
    if (!is_whole) {
        *ret_detail = *ret_is_limit
                          ? iv_arena_printf(arena,
                                            "more than %llu directory entries; the rest was "
                                            "not read",
                                            (unsigned long long)limits->entries)
                          : reason(arena, "the directory cannot be read to its end");
    }
    if (names.count > 1) {
        qsort(names.items, names.count, sizeof(*names.items), compare_names);
    }
    *ret_names = names;
    return is_whole;
}
