/*
 * Fuzz entry of the archive reader: opens the input as an archive, goes over its members, and reads
 * them. A member that can be read gives the same bytes from its end to its start as from its start
 * to its end, and what the parent takes over of the list is what the reader wrote.
 */
#include "imgval/input/archive.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMBERS_MAX 8
#define MEMBER_MAX ((uint64_t)4 * 1024 * 1024)
#define STEP 100000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool want(void *context, const char *path, const char *name, enum iv_file_type type)
{
    const struct iv_archive *archive = context;
    (void)type;
    require(*name != '\0' && *path != '/' && archive->count > 0);
    return true;
}

/* From the end to the start, in pieces: each makes a deflated member begin anew. */
static void read_backwards(const struct iv_opened *file, const struct iv_buf *all)
{
    char piece[STEP];
    for (uint64_t end = all->size; end > 0;) {
        size_t step = end < STEP ? (size_t)end : STEP;
        struct iv_fault fault = {0};
        int64_t got = iv_opened_read_at(file, piece, step, end - step, &fault);
        require(got == (int64_t)step || fault.kind == IV_FAULT_LIMIT);
        require(got < 0 || memcmp(piece, all->data + (end - step), step) == 0);
        end -= step;
    }
}

static void read_member(const struct iv_tree *tree, const struct iv_archived *member,
                        struct iv_arena *arena)
{
    struct iv_opened file IV_CLEANUP(iv_opened_close) = IV_OPENED_NONE;
    struct iv_buf all IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_fault fault = {0};
    if (iv_tree_open(tree, member->path, arena, &file, &fault) != IV_LOOK_FOUND) {
        require(fault.kind != IV_FAULT_NONE && fault.detail != NULL);
        return;
    }
    if (!iv_opened_read_all(&file, MEMBER_MAX, &all, &fault)) {
        require(fault.kind != IV_FAULT_NONE && fault.detail != NULL && all.size == 0);
        return;
    }
    require(all.size == file.size);
    read_backwards(&file, &all);
}

static void read_members(struct iv_archive *archive, struct iv_arena *arena)
{
    const struct iv_tree tree = {.directory = -1, .archive = archive};
    const struct iv_limits limits = iv_limits_default();
    const struct iv_tree_search search = {
        .folder = "", .limits = &limits, .want = want, .context = archive};
    struct iv_walk walk;
    iv_archive_walk(archive, &search, arena, &walk);
    for (size_t i = 0, read = 0; i < archive->count; i++) {
        const struct iv_archived *member = &archive->members[i];
        require(iv_archive_find(archive, member->path, arena) == member);
        if (member->type == IV_FILE_LINK) {
            (void)iv_archive_leads_out(archive, member, arena);
        } else if (member->type == IV_FILE_REGULAR && read < MEMBERS_MAX) {
            read_member(&tree, member, arena);
            read++;
        }
    }
}

/* The list as bytes is one that the parent takes, and gives the same bytes again. */
static void pass_on(const struct iv_archive *archive, struct iv_arena *arena)
{
    struct iv_buf first IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf second IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_archive again = {.fd = archive->fd, .before = archive->before};
    iv_archive_encode(archive, &first);
    require(iv_archive_decode(iv_buf_text(&first), first.size, arena, &again));
    iv_archive_encode(&again, &second);
    require(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("archive", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
        abort();
    }
    struct iv_limits limits = iv_limits_default();
    const struct iv_archive_options options = {.limits = &limits};
    struct iv_arena arena;
    struct iv_archive *archive = NULL;
    struct iv_containment containment;
    struct iv_error err = {0};
    iv_arena_init(&arena);
    require(iv_archive_open(fd, &options, &arena, &archive, &containment, &err));
    require(archive->is_read || (archive->fault_count > 0 && archive->count == 0));
    read_members(archive, &arena);
    pass_on(archive, &arena);
    iv_arena_fini(&arena);
    (void)close(fd);
    return 0;
}
