/*
 * Files and directories that nobody here made.
 *
 * Opening: a submission can hold links, FIFOs and devices, and can be changed while it is read. So
 * a path is resolved by the kernel with openat2(), beneath one directory and through no link; where
 * that call is missing, part by part with O_NOFOLLOW, which comes to the same. What was opened is
 * asked for its type by its descriptor, never by its name again.
 *
 * Walking: a stack of directories instead of recursion, one open directory at a time. All entries
 * are sorted at the end, so that a report does not depend on the order of the disk. Limits bound
 * entries, depth and bytes of paths.
 *
 * Writing: a temporary file in the same directory, synced, renamed over the old one, and the
 * directory synced: after a crash there is the old file or the new one.
 */
#include "imgval/base/file.h"

#include "imgval/base/look.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- opening ---- */

void iv_fd_close(int *fd)
{
    if (*fd >= 0) {
        int saved = errno;
        close(*fd);
        errno = saved;
        *fd = -1;
    }
}

static enum iv_file_type type_of_mode(mode_t mode)
{
    if (S_ISREG(mode)) {
        return IV_FILE_REGULAR;
    }
    if (S_ISDIR(mode)) {
        return IV_FILE_DIRECTORY;
    }
    return S_ISLNK(mode) ? IV_FILE_LINK : IV_FILE_OTHER;
}

/*
 * Whether a part of the path is "..": refused before the kernel sees it, as the fallback would
 * follow it.
 */
static bool has_parent_part(const char *path)
{
    for (const char *part = path; *part != '\0';) {
        size_t length = strcspn(part, "/");
        if (length == 2 && part[0] == '.' && part[1] == '.') {
            return true;
        }
        part += length;
        part += strspn(part, "/");
    }
    return false;
}

/*
 * Opens one name in a directory, not through a link: ELOOP then, as openat2() has it. -1 with errno
 * set.
 */
static int open_part(int dirfd, const char *name, int flags)
{
    int fd;
    do {
        fd = openat(dirfd, name, flags | O_NOFOLLOW | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0 && errno == ENOTDIR) {
        /* O_DIRECTORY hides that the name is a link. */
        struct stat st;
        bool is_link = fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
        errno = is_link ? ELOOP : ENOTDIR;
    }
    return fd;
}

/* One component after the other, so that neither links nor PATH_MAX matter. */
static int open_by_parts(int dirfd, const char *path, int flags)
{
    int parent IV_CLEANUP(iv_fd_close) = -1;
    for (const char *part = path;;) {
        size_t length = strcspn(part, "/");
        const char *rest = part + length + strspn(part + length, "/");
        char name[NAME_MAX + 1];
        if (length > NAME_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(name, part, length);
        name[length] = '\0';
        bool is_last = *rest == '\0';
        int fd =
            open_part(parent >= 0 ? parent : dirfd, name, is_last ? flags : O_PATH | O_DIRECTORY);
        if (fd < 0 || is_last) {
            return fd;
        }
        iv_fd_close(&parent);
        parent = fd;
        part = rest;
    }
}

/* Opens beneath dirfd through no link: ELOOP; never above it: EXDEV. -1 with errno set. */
static int open_beneath(int dirfd, const char *path, int flags)
{
    if (path[0] == '/' || has_parent_part(path)) {
        errno = EXDEV;
        return -1;
    }
    struct open_how how = {
        .flags = (unsigned)(flags | O_NOFOLLOW | O_CLOEXEC),
        .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    long fd;
    do {
        fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
    } while (fd < 0 && errno == EINTR);
    /* ENOSYS: kernels before 5.6. EPERM: container sandboxes that do not know the call. */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == ENAMETOOLONG)) {
        return open_by_parts(dirfd, path, flags);
    }
    return (int)fd;
}

int iv_file_open_at(int dirfd, const char *path, enum iv_file_type *ret_type, uint64_t *ret_size)
{
    /* O_NONBLOCK: a FIFO without a writer must not hold us. */
    int fd IV_CLEANUP(iv_fd_close) = open_beneath(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        if (errno == ELOOP) {
            *ret_type = IV_FILE_LINK;
        } else if (errno == ENXIO || errno == ENODEV) { /* a socket, a device without driver */
            *ret_type = IV_FILE_OTHER;
            errno = EINVAL;
        }
        return -1;
    }
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return -1;
    }
    *ret_type = type_of_mode(st.st_mode);
    if (*ret_type != IV_FILE_REGULAR) {
        errno = EINVAL;
        return -1;
    }
    *ret_size = (uint64_t)st.st_size;
    int opened = fd;
    fd = -1;
    return opened;
}

/* ---- reading ---- */

/* The kernel takes a little less than 2 GiB in one call. */
#define READ_MAX ((size_t)1 << 30)

int iv_file_open_folder(int dirfd, const char *path)
{
    return openat(dirfd, *path == '\0' ? "." : path,
                  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int64_t iv_file_read_at(int fd, void *bytes, size_t size, uint64_t offset)
{
    size_t done = 0;
    while (done < size) {
        size_t wanted = size - done < READ_MAX ? size - done : READ_MAX;
        uint64_t at;
        if (__builtin_add_overflow(offset, done, &at) || at > INT64_MAX - wanted) {
            break; /* no file reaches so far */
        }
        ssize_t got = pread(fd, (char *)bytes + done, wanted, (off_t)at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
    }
    return (int64_t)done;
}

bool iv_file_read_all(int fd, uint64_t max, struct iv_buf *buf)
{
    size_t start = buf->size;
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return false;
    }
    bool is_larger = st.st_size > 0 && (uint64_t)st.st_size > max;
    for (uint64_t done = 0; !is_larger;) {
        /* The first step takes the whole of an ordinary file; one byte more sees its end. */
        uint64_t left = max - done;
        uint64_t step = (uint64_t)st.st_size > done ? (uint64_t)st.st_size - done : 4 * IV_KIB;
        step = step < IV_MIB ? step : IV_MIB;
        size_t wanted = (size_t)(step < left ? step : left) + 1;
        int64_t got = iv_file_read_at(fd, iv_buf_reserve(buf, wanted), wanted, done);
        if (got < 0) {
            break;
        }
        done += (uint64_t)got;
        buf->size += (size_t)got;
        buf->data[buf->size] = '\0';
        is_larger = done > max;
        if ((size_t)got < wanted) {
            return true;
        }
    }
    int saved = is_larger ? EFBIG : errno;
    buf->size = start;
    if (buf->data != NULL) {
        buf->data[start] = '\0';
    }
    errno = saved;
    return false;
}

/* ---- walking ---- */

/* Deep trees make paths that are far longer than the names on the disk: 64 levels of 255 bytes
 * below a million entries would be 16 GB. All kept paths together may use this much an entry. */
#define PATH_BYTES_PER_ENTRY 512

struct pending {
    const char *path;
    uint64_t depth; /* 0: the root */
};

struct walk {
    int root;
    const struct iv_limits *limits;
    iv_walk_want_fn *want;
    void *context;
    struct iv_arena *arena;
    struct iv_walk *result;
    size_t entry_capacity;
    size_t trouble_capacity;
    struct pending *pending; /* a stack of directories still to be read */
    size_t pending_count;
    size_t pending_capacity;
    struct iv_buf path;   /* of the entry in hand */
    uint64_t seen;        /* entries */
    uint64_t path_bytes;  /* of what is kept in the arena */
    const char *too_deep; /* the first by name of the directories below the depth limit */
    bool is_full;
};

static void add_trouble(struct walk *walk, const char *path, bool is_limit, const char *detail)
{
    struct iv_walk *result = walk->result;
    result->troubles = iv_arena_grow(walk->arena, result->troubles, result->trouble_count,
                                     &walk->trouble_capacity, sizeof(*result->troubles));
    result->troubles[result->trouble_count++] = (struct iv_walk_trouble){
        .path = path,
        .is_limit = is_limit,
        .detail = detail,
    };
}

/* A trouble with the text of errno. */
static void add_errno(struct walk *walk, const char *path, const char *what)
{
    /* Not strerror(): reports do not depend on the locale. */
    const char *reason = strerrordesc_np(errno);
    add_trouble(
        walk, path, false,
        iv_arena_printf(walk->arena, "%s: %s", what, reason == NULL ? "unknown error" : reason));
}

/*
 * A directory that is too deep is not walked; of those only the first by name is reported, at the
 * end.
 */
static void push_directory(struct walk *walk, const char *path, uint64_t depth)
{
    if (depth > walk->limits->directory_depth) {
        if (walk->too_deep == NULL || strcmp(path, walk->too_deep) < 0) {
            walk->too_deep = path;
        }
        return;
    }
    walk->pending = iv_arena_grow(walk->arena, walk->pending, walk->pending_count,
                                  &walk->pending_capacity, sizeof(*walk->pending));
    walk->pending[walk->pending_count++] = (struct pending){.path = path, .depth = depth};
}

/* ABSENT: it is gone again. */
static enum iv_look type_of_entry(int dirfd, const struct dirent *entry,
                                  enum iv_file_type *ret_type)
{
    switch (entry->d_type) {
    case DT_REG:
        *ret_type = IV_FILE_REGULAR;
        return IV_LOOK_FOUND;
    case DT_DIR:
        *ret_type = IV_FILE_DIRECTORY;
        return IV_LOOK_FOUND;
    case DT_LNK:
        *ret_type = IV_FILE_LINK;
        return IV_LOOK_FOUND;
    case DT_UNKNOWN:
        break;
    default:
        *ret_type = IV_FILE_OTHER;
        return IV_LOOK_FOUND;
    }
    struct stat st;
    if (fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? IV_LOOK_ABSENT : IV_LOOK_TROUBLE;
    }
    *ret_type = type_of_mode(st.st_mode);
    return IV_LOOK_FOUND;
}

/* Nothing more is read: one trouble, on the root. */
static void set_full(struct walk *walk, uint64_t limit, const char *unit)
{
    walk->is_full = true;
    add_trouble(walk, "", true,
                iv_arena_printf(walk->arena, "more than %llu %s; the rest was not read",
                                (unsigned long long)limit, unit));
}

/*
 * One entry of the directory `in`: counted, offered to the caller's function, kept if that wants
 * it, and walked if it is a directory. The path is built in walk->path, and only what is kept goes
 * to the arena.
 */
static void add_entry(struct walk *walk, const struct pending *in, const char *name,
                      enum iv_file_type type)
{
    if (++walk->seen > walk->limits->entries) {
        set_full(walk, walk->limits->entries, "directory entries");
        return;
    }
    iv_buf_clear(&walk->path);
    if (in->depth > 0) {
        iv_buf_puts(&walk->path, in->path);
        iv_buf_putc(&walk->path, '/');
    }
    iv_buf_puts(&walk->path, name);
    bool is_wanted = walk->want(walk->context, iv_buf_text(&walk->path), name, type);
    if (!is_wanted && type != IV_FILE_DIRECTORY) {
        return;
    }
    uint64_t path_max = walk->limits->entries < UINT64_MAX / PATH_BYTES_PER_ENTRY
                            ? walk->limits->entries * PATH_BYTES_PER_ENTRY
                            : UINT64_MAX;
    /* A small limit of entries still has room for one long path. */
    path_max = path_max < IV_MIB ? IV_MIB : path_max;
    walk->path_bytes += walk->path.size + 1;
    if (walk->path_bytes > path_max) {
        set_full(walk, path_max, "bytes of paths");
        return;
    }
    const char *path = iv_arena_strndup(walk->arena, walk->path.data, walk->path.size);
    if (is_wanted) {
        struct iv_walk *result = walk->result;
        result->entries = iv_arena_grow(walk->arena, result->entries, result->count,
                                        &walk->entry_capacity, sizeof(*result->entries));
        result->entries[result->count++] = (struct iv_entry){.path = path, .type = type};
    }
    if (type == IV_FILE_DIRECTORY) {
        push_directory(walk, path, in->depth + 1);
    }
}

static void stream_close(DIR **stream)
{
    if (*stream != NULL) {
        closedir(*stream);
    }
}

/* Reads one directory to its end and closes it, so that few descriptors are ever open. */
static void read_directory(struct walk *walk, const struct pending *in)
{
    int fd = open_beneath(walk->root, in->depth == 0 ? "." : in->path,
                          O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    if (fd < 0) {
        add_errno(walk, in->path, "the directory cannot be read");
        return;
    }
    DIR *stream IV_CLEANUP(stream_close) = fdopendir(fd);
    if (stream == NULL) {
        add_errno(walk, in->path, "the directory cannot be read");
        iv_fd_close(&fd);
        return;
    }
    while (!walk->is_full) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (entry == NULL) {
            if (errno != 0) {
                add_errno(walk, in->path, "the directory cannot be read to its end");
            }
            return;
        }
        enum iv_file_type type;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        switch (type_of_entry(fd, entry, &type)) {
        case IV_LOOK_FOUND:
            add_entry(walk, in, entry->d_name, type);
            break;
        case IV_LOOK_ABSENT:
            break;
        case IV_LOOK_TROUBLE:
            add_errno(walk, in->path, "what an entry of the directory is cannot be seen");
            break;
        }
    }
}

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct iv_entry *)a)->path, ((const struct iv_entry *)b)->path);
}

static int compare_troubles(const void *a, const void *b)
{
    const struct iv_walk_trouble *x = a;
    const struct iv_walk_trouble *y = b;
    int order = strcmp(x->path, y->path);
    return order != 0 ? order : strcmp(x->detail, y->detail);
}

void iv_walk(int dirfd, const struct iv_limits *limits, iv_walk_want_fn *want, void *context,
             struct iv_arena *arena, struct iv_walk *ret_walk)
{
    *ret_walk = (struct iv_walk){0};
    struct walk walk = {
        .root = dirfd,
        .limits = limits,
        .want = want,
        .context = context,
        .arena = arena,
        .result = ret_walk,
    };
    push_directory(&walk, "", 0);
    while (walk.pending_count > 0 && !walk.is_full) {
        struct pending in = walk.pending[--walk.pending_count];
        read_directory(&walk, &in);
    }
    iv_buf_fini(&walk.path);
    if (walk.too_deep != NULL) {
        add_trouble(&walk, walk.too_deep, true,
                    iv_arena_printf(arena,
                                    "directories nest deeper than %llu levels; "
                                    "what is below was not read",
                                    (unsigned long long)limits->directory_depth));
    }
    if (ret_walk->count > 1) {
        qsort(ret_walk->entries, ret_walk->count, sizeof(*ret_walk->entries), compare_entries);
    }
    if (ret_walk->trouble_count > 1) {
        qsort(ret_walk->troubles, ret_walk->trouble_count, sizeof(*ret_walk->troubles),
              compare_troubles);
    }
}

/* ---- writing ---- */

static bool write_all(int fd, const void *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = write(fd, (const char *)bytes + done, size - done);
        if (got < 0 && errno != EINTR) {
            return false;
        }
        done += got < 0 ? 0 : (size_t)got;
    }
    return true;
}

/* Closes *fd. False with errno set when a late write error shows up. */
static bool close_checked(int *fd)
{
    int closing = *fd;
    *fd = -1;
    return close(closing) == 0 || errno == EINTR;
}

static void text_free(char **text)
{
    free(*text);
}

/* What a file is to hold: bytes, or whatever a function writes. */
struct content {
    const void *bytes;
    size_t size;
    iv_file_write_fn *write; /* NULL: the bytes */
    const void *context;
};

/* The stream has a descriptor of its own: the caller syncs and closes the file. */
static bool write_content(int fd, const struct content *content)
{
    if (content->write == NULL) {
        return write_all(fd, content->bytes, content->size);
    }
    int copy IV_CLEANUP(iv_fd_close) = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    FILE *out = copy < 0 ? NULL : fdopen(copy, "w");
    if (out == NULL) {
        return false;
    }
    copy = -1; /* it is the stream's now */
    errno = 0;
    content->write(content->context, out);
    bool fine = fflush(out) == 0 && ferror(out) == 0;
    int why = errno != 0 ? errno : EIO;
    fine = fclose(out) == 0 && fine;
    errno = why;
    return fine;
}

/* A device, FIFO or terminal keeps its place: /dev/null must stay what it is. */
static bool write_through(const char *path, const struct content *content, struct iv_error *err)
{
    int fd IV_CLEANUP(iv_fd_close) = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || !write_content(fd, content) || !close_checked(&fd)) {
        return iv_error_errno(err, "cannot write %s", path);
    }
    return true;
}

#define TEMPORARY_SIZE sizeof(".imgval-0123456789abcdef.tmp")

/*
 * Makes a new file with a random name in `dirfd`; ret_name gets the name. O_EXCL: nothing that is
 * there is ever opened. -1 with errno set.
 */
static int open_temporary(int dirfd, char ret_name[TEMPORARY_SIZE])
{
    for (int attempt = 0; attempt < 16; attempt++) {
        unsigned long long number;
        if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number)) {
            return -1;
        }
        snprintf(ret_name, TEMPORARY_SIZE, ".imgval-%016llx.tmp", number);
        int fd =
            openat(dirfd, ret_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

/* `old`: the file that is replaced, for its permissions; NULL when there is none. */
static bool write_temporary(int *fd, const struct stat *old, const struct content *content)
{
    if (old != NULL && fchmod(*fd, old->st_mode & 0777) != 0) {
        return false;
    }
    return write_content(*fd, content) && fsync(*fd) == 0 && close_checked(fd);
}

/* Some file systems cannot sync a directory and say so; others fail for a reason that counts. */
static bool sync_directory(int dirfd)
{
    return fsync(dirfd) == 0 || errno == EINVAL || errno == EBADF || errno == ENOTSUP;
}

/*
 * Writes a temporary file and renames it to `name`. When a step up to the rename fails, the
 * temporary file is removed and the old one is untouched. False with errno set.
 */
static bool replace_in(int dirfd, const char *name, const struct stat *old,
                       const struct content *content)
{
    char temporary[TEMPORARY_SIZE];
    int fd IV_CLEANUP(iv_fd_close) = open_temporary(dirfd, temporary);
    if (fd < 0) {
        return false;
    }
    if (!write_temporary(&fd, old, content) || renameat(dirfd, temporary, dirfd, name) != 0) {
        int saved = errno;
        unlinkat(dirfd, temporary, 0);
        errno = saved;
        return false;
    }
    return sync_directory(dirfd);
}

/* Whether a file is an SQLite database. */
static bool is_database(const char *path)
{
    static const char magic[16] = "SQLite format 3";
    char head[sizeof(magic)] = {0};
    int fd IV_CLEANUP(iv_fd_close) = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    return fd >= 0 && pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
           memcmp(head, magic, sizeof(magic)) == 0;
}

/*
 * The rest of iv_file_replace(): what is at the path decides. A device or FIFO is written to in
 * place, a database is refused, a link is resolved so that the file it leads to is replaced.
 */
static bool replace(const char *path, const struct content *content, struct iv_error *err)
{
    struct stat st;
    bool exists = stat(path, &st) == 0;
    if (exists && !S_ISREG(st.st_mode)) {
        return write_through(path, content, err);
    }
    if (exists && is_database(path)) {
        return iv_error_set(err, IV_ERROR_SYSTEM,
                            "cannot write %s: it is a database, such as a baseline store, and no "
                            "report may take its place; name another file",
                            path);
    }
    /* A link to a file stays a link. */
    char *real IV_CLEANUP(text_free) = exists ? realpath(path, NULL) : strdup(path);
    if (real == NULL) {
        return iv_error_errno(err, "cannot write %s", path);
    }
    char *slash = strrchr(real, '/');
    const char *name = slash == NULL ? real : slash + 1;
    const char *directory = slash == NULL ? "." : slash == real ? "/" : real;
    if (*name == '\0') {
        errno = path[0] == '\0' ? ENOENT : EISDIR;
        return iv_error_errno(err, "cannot write %s", path);
    }
    if (slash != NULL) {
        *slash = '\0';
    }
    int dirfd IV_CLEANUP(iv_fd_close) = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0 && errno == EACCES) { /* a directory that may be written but not listed */
        dirfd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    if (dirfd < 0 || !replace_in(dirfd, name, exists ? &st : NULL, content)) {
        return iv_error_errno(err, "cannot write %s", path);
    }
    return true;
}

bool iv_file_replace(const char *path, const void *bytes, size_t size, struct iv_error *err)
{
    return replace(path, &(struct content){.bytes = bytes, .size = size}, err);
}

bool iv_file_replace_with(const char *path, iv_file_write_fn *write, const void *context,
                          struct iv_error *err)
{
    return replace(path, &(struct content){.write = write, .context = context}, err);
}
