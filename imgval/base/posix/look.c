/*
 * Questions about the file system with three answers (look.h), on POSIX systems. Only ENOENT means
 * "absent".
 *
 * Whether a link stays inside of a tree is asked of the kernel: what it leads to is opened with
 * O_PATH, which reads nothing, and /proc/self/fd says where that and the directory are. To compare
 * the texts of links would have to repeat what the kernel does, and would be wrong where mounts are
 * involved.
 */
#include "imgval/base/look.h"

#include "imgval/base/attr.h"
#include "imgval/base/file.h"
#include "imgval/base/posix/status.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The answer to a call of the stat() family, from its result and errno. */
static enum iv_look answer(int result, const struct stat *st, struct iv_status *ret_status)
{
    if (result == 0) {
        *ret_status = iv_status_of(st);
        return IV_LOOK_FOUND;
    }
    return errno == ENOENT ? IV_LOOK_ABSENT : IV_LOOK_TROUBLE;
}

enum iv_look iv_look_at(const char *path, struct iv_status *ret_status)
{
    struct stat st;
    return answer(stat(path, &st), &st, ret_status);
}

enum iv_look iv_look_beneath(int dirfd, const char *name, struct iv_status *ret_status)
{
    struct stat st;
    return answer(fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW), &st, ret_status);
}

enum iv_look iv_look_at_link(const char *path, struct iv_status *ret_status)
{
    struct stat st;
    return answer(lstat(path, &st), &st, ret_status);
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

enum iv_look iv_look_through(int dirfd, const char *link, struct iv_status *ret_status,
                             bool *ret_is_inside)
{
    char root[PATH_MAX];
    char place[PATH_MAX];
    int fd IV_CLEANUP(iv_fd_close) = openat(dirfd, link, O_PATH | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT || errno == ELOOP ? IV_LOOK_ABSENT : IV_LOOK_TROUBLE;
    }
    if (!iv_file_status(fd, ret_status)) {
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

int iv_look_open(const char *path, bool *ret_lists)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
    *ret_lists = fd >= 0;
    return fd >= 0 || errno != EACCES ? fd : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}
