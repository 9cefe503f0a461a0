/*
 * What is the same for files on every system: reading a whole file, and the walk.
 *
 * Walking: a stack of directories instead of recursion, one open directory at a time. All entries
 * are sorted at the end, so that a report does not depend on the order of the disk. Limits bound
 * entries, depth and bytes of paths.
 */
#include "imgval/base/file.h"

#include "imgval/base/sort.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool iv_status_is_same(const struct iv_status *a, const struct iv_status *b)
{
    return a->device == b->device && a->inode == b->inode;
}

/* ---- reading ---- */

/* Not by the size that the file says: one of /proc says 0, and a file may grow. EFBIG past `max`;
 * after a failure the buffer is as it was. */
bool iv_file_read_all(int fd, uint64_t max, struct iv_buf *buf)
{
    size_t start = buf->size;
    struct iv_status st;
    if (!iv_file_status(fd, &st)) {
        return false;
    }
    bool is_larger = st.size > max;
    for (uint64_t done = 0; !is_larger;) {
        /* The first step takes the whole of an ordinary file; one byte more sees its end. */
        uint64_t left = max - done;
        uint64_t step = st.size > done ? st.size - done : 4 * IV_KIB;
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

/* What could not be walked is reported and never skipped: a package may lie there. */
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
    add_trouble(walk, path, false,
                iv_arena_printf(walk->arena, "%s: %s", what, iv_errno_text(errno)));
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

/* Reads one directory to its end and closes it, so that few of them are ever open. */
static void read_directory(struct walk *walk, const struct pending *in)
{
    struct iv_folder *folder IV_CLEANUP(iv_folder_close) =
        iv_folder_open(walk->root, in->depth == 0 ? "." : in->path);
    if (folder == NULL) {
        add_errno(walk, in->path, "the directory cannot be read");
        return;
    }
    while (!walk->is_full) {
        const char *name;
        enum iv_file_type type;
        switch (iv_folder_next(folder, &name, &type)) {
        case IV_FOLDER_ENTRY:
            add_entry(walk, in, name, type);
            break;
        case IV_FOLDER_UNKNOWN:
            add_errno(walk, in->path, "what an entry of the directory is cannot be seen");
            break;
        case IV_FOLDER_TROUBLE:
            add_errno(walk, in->path, "the directory cannot be read to its end");
            return;
        case IV_FOLDER_END:
            return;
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

/* Always a whole result: what went wrong is in its troubles. */
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
        iv_sort(ret_walk->entries, ret_walk->count, sizeof(*ret_walk->entries), compare_entries);
    }
    if (ret_walk->trouble_count > 1) {
        iv_sort(ret_walk->troubles, ret_walk->trouble_count, sizeof(*ret_walk->troubles),
                compare_troubles);
    }
}
