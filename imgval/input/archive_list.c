/*
 * From the members of an archive to a tree. A format lists names one after the other; a tree has
 * each path once, and folders above each file. Tools differ on what they make of an archive in
 * which that does not hold: the first or the last of two members of one name, a file in the place
 * of a folder. So nothing is guessed here: a path that stands twice is not read, and the verdict
 * shows that it was not.
 */
#include "imgval/input/archive_list.h"

#include "imgval/base/error.h"
#include "imgval/base/file.h"
#include "imgval/base/sort.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bad names that are shown one by one. */
#define BAD_NAMES_SHOWN 20

/* All paths together, for each of them, and beside that: real ones are shorter, and few long ones
 * do no harm. As in iv_walk(), a tree of as many entries as are allowed has room for as much. */
#define PATH_BYTES_PER_ENTRY 512
#define PATH_BYTES_MORE (64 * IV_MIB)

/* A file of more bytes than this that inflates further than limits->archive_ratio is a bomb. */
#define RATIO_FROM (64 * IV_MIB)

bool iv_archive_list_fail(struct iv_archive_list *list, enum iv_fault_kind kind, const char *detail)
{
    struct iv_archive *archive = &list->archive;
    archive->faults = iv_arena_grow(list->arena, archive->faults, archive->fault_count,
                                    &list->fault_capacity, sizeof(*archive->faults));
    archive->faults[archive->fault_count++] = (struct iv_fault){.kind = kind, .detail = detail};
    return false;
}

bool iv_archive_list_read(struct iv_archive_list *list, int fd, void *bytes, size_t size,
                          uint64_t offset)
{
    int64_t got = iv_file_read_at(fd, bytes, size, offset);
    if (got == (int64_t)size) {
        return true;
    }
    return iv_archive_list_fail(list, IV_FAULT_UNREADABLE,
                                got < 0 ? iv_errno_text(errno)
                                        : "it became shorter while it was read");
}

/* ---------------------------------------------------------------------------------------- names */

/* A name that cannot be a path in the tree; not more of them are shown than a reader takes in. */
static void refuse_name(struct iv_archive_list *list, const char *name, size_t length,
                        const char *why)
{
    list->bad_names++;
    if (list->bad_names > BAD_NAMES_SHOWN) {
        if (list->bad_names == BAD_NAMES_SHOWN + 1) {
            (void)iv_archive_list_fail(list, IV_FAULT_UNSUPPORTED,
                                       "further members have such names");
        }
        return;
    }
    char *shown = iv_arena_strndup(list->arena, name, length < 200 ? length : 200);
    for (char *c = shown; *c != '\0'; c++) {
        *c = (unsigned char)*c < 0x20 || *c == 0x7F ? '?' : *c;
    }
    (void)iv_archive_list_fail(
        list, IV_FAULT_UNSUPPORTED,
        iv_arena_printf(list->arena, "the member %s of the archive %s", shown, why));
}

/* "C:": on Windows such a name leaves the tree. */
static bool is_drive(const char *name, size_t length)
{
    return length >= 2 && name[1] == ':' &&
           ((name[0] >= 'A' && name[0] <= 'Z') || (name[0] >= 'a' && name[0] <= 'z'));
}

/* The path that a name means, its parts joined with one '/'; NULL: it is refused. *ret_is_folder:
 * it ends like that of a folder. */
static char *make_path(struct iv_archive_list *list, const char *name, size_t length,
                       bool *ret_is_folder)
{
    const char *why = NULL;
    if (memchr(name, '\0', length) != NULL) {
        why = "has a NUL byte in its name";
    } else if (length > 0 && (name[0] == '/' || is_drive(name, length))) {
        why = "has an absolute name";
    }
    char *path = iv_arena_alloc_text(list->arena, length + 1);
    size_t used = 0;
    *ret_is_folder = length == 0 || name[length - 1] == '/';
    for (size_t at = 0; at < length && why == NULL;) {
        const char *slash = memchr(name + at, '/', length - at);
        size_t part = slash == NULL ? length - at : (size_t)(slash - name) - at;
        if (part == 2 && memcmp(name + at, "..", 2) == 0) {
            why = "has a name that leads out of its folder";
        } else if (part > 0 && !(part == 1 && name[at] == '.')) {
            if (used > 0) {
                path[used++] = '/';
            }
            memcpy(path + used, name + at, part);
            used += part;
        }
        at += part + 1;
    }
    path[used] = '\0';
    if (why != NULL) {
        refuse_name(list, name, length, why);
        return NULL;
    }
    return path;
}

/* ----------------------------------------------------------------------------------------- adding
 */

/* A member that deflates better than data do. Small ones may: what they inflate to is small. */
static bool is_bomb(const struct iv_archive_list *list, const struct iv_packed_place *place)
{
    return place->size > RATIO_FROM && place->size / list->limits->archive_ratio > place->packed;
}

/* All members together. */
static bool check_totals(struct iv_archive_list *list, const struct iv_archived *member)
{
    const struct iv_limits *limits = list->limits;
    list->text_size += strlen(member->path) + 1;
    uint64_t text_max = (uint64_t)list->archive.count * PATH_BYTES_PER_ENTRY + PATH_BYTES_MORE;
    if (list->text_size > text_max) {
        return iv_archive_list_fail(
            list, IV_FAULT_LIMIT,
            iv_arena_printf(list->arena,
                            "the paths of the archive have more than %llu bytes together; none of "
                            "them was read",
                            (unsigned long long)text_max));
    }
    if (list->archive.count >= limits->entries) {
        return iv_archive_list_fail(
            list, IV_FAULT_LIMIT,
            iv_arena_printf(list->arena, "more than %llu directory entries; none of them was read",
                            (unsigned long long)limits->entries));
    }
    if (__builtin_add_overflow(list->unpacked, member->place.size, &list->unpacked) ||
        list->unpacked > limits->archive_unpacked) {
        return iv_archive_list_fail(
            list, IV_FAULT_LIMIT,
            iv_arena_printf(list->arena,
                            "the files of the archive have more than %llu bytes together; none of "
                            "them was read",
                            (unsigned long long)limits->archive_unpacked));
    }
    return true;
}

/*
 * Cuts a path off where no walk goes on: each folder above a member becomes a member with a path of
 * its own, so that a name of 64 KiB would cost the square of that. A walk stops after
 * limits->directory_depth levels and says so, also one that begins in a folder which another walk
 * found; so twice as many levels are kept, and the folder at the end, which it stumbles over.
 */
static bool cut_path(const struct iv_archive_list *list, char *path)
{
    uint64_t left = 2 * list->limits->directory_depth + 1;
    for (char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        if (--left == 0) {
            *slash = '\0';
            return true;
        }
    }
    return false;
}

bool iv_archive_list_add(struct iv_archive_list *list, const char *name, size_t length,
                         const struct iv_archived *member)
{
    bool is_folder;
    char *path = make_path(list, name, length, &is_folder);
    if (path == NULL || (*path == '\0' && length > 0 && is_folder)) {
        return true; /* "./", the root itself */
    }
    if (*path == '\0') {
        refuse_name(list, name, length, "has no name");
        return true;
    }
    struct iv_archive *archive = &list->archive;
    struct iv_archived kept = *member;
    kept.path = path;
    if (cut_path(list, path) || is_folder) {
        kept = (struct iv_archived){.path = path, .type = IV_FILE_DIRECTORY};
    } else if (kept.fault == IV_FAULT_NONE && is_bomb(list, &kept.place)) {
        kept.fault = IV_FAULT_LIMIT;
        kept.detail = iv_arena_printf(list->arena,
                                      "it inflates to more than %llu times its size in the archive",
                                      (unsigned long long)list->limits->archive_ratio);
    }
    if (!check_totals(list, &kept)) {
        return false;
    }
    archive->members = iv_arena_grow(list->arena, archive->members, archive->count,
                                     &list->member_capacity, sizeof(*archive->members));
    archive->members[archive->count++] = kept;
    return true;
}

/* --------------------------------------------------------------------------------- one tree of all
 */

/* By path, so that a folder is a run and a look-up is by halves. */
static int compare_members(const void *a, const void *b)
{
    const struct iv_archived *x = a;
    const struct iv_archived *y = b;
    return strcmp(x->path, y->path);
}

/* Once, when all are there. */
static void sort_members(struct iv_archive *archive)
{
    if (archive->count > 1) {
        iv_sort(archive->members, archive->count, sizeof(*archive->members), compare_members);
    }
}

/* The folders above each member that no member names. */
static void add_folders(struct iv_archive_list *list)
{
    struct iv_archive *archive = &list->archive;
    size_t count = archive->count;
    const char *before = "";
    for (size_t i = 0; i < count; i++) {
        const char *path = archive->members[i].path;
        for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
            size_t length = (size_t)(slash - path);
            /* The member before this one, in the order of paths, may have brought it. */
            if (strncmp(before, path, length + 1) == 0) {
                continue;
            }
            struct iv_archived folder = {.path = iv_arena_strndup(list->arena, path, length),
                                         .type = IV_FILE_DIRECTORY};
            if (!check_totals(list, &folder)) {
                return;
            }
            archive->members = iv_arena_grow(list->arena, archive->members, archive->count,
                                             &list->member_capacity, sizeof(*archive->members));
            archive->members[archive->count++] = folder;
        }
        before = path;
    }
}

/* One member for each path. Folders may be named as often as they like; anything else only once. */
static void join_twice_named(struct iv_archive_list *list)
{
    static const char twice[] =
        "the archive has it more than once: which one counts depends on the tool";
    struct iv_archive *archive = &list->archive;
    struct iv_archived *members = archive->members;
    size_t kept = 0;
    for (size_t i = 0; members != NULL && i < archive->count; i++) {
        struct iv_archived *last = kept == 0 ? NULL : &members[kept - 1];
        const struct iv_archived *member = &members[i];
        if (last == NULL || strcmp(last->path, member->path) != 0) {
            members[kept++] = *member;
            continue;
        }
        if (last->detail == twice) {
            continue;
        }
        bool is_mixed = (last->type == IV_FILE_DIRECTORY) != (member->type == IV_FILE_DIRECTORY);
        if (is_mixed) {
            (void)iv_archive_list_fail(list, IV_FAULT_UNSUPPORTED,
                                       iv_arena_printf(list->arena,
                                                       "%s is a file and a folder in the archive",
                                                       last->path));
        }
        if (last->type != IV_FILE_DIRECTORY || is_mixed) {
            *last = (struct iv_archived){
                .path = last->path,
                .type = IV_FILE_REGULAR,
                .fault = IV_FAULT_UNSUPPORTED,
                .detail = twice,
            };
        }
    }
    archive->count = kept;
}

void iv_archive_list_finish(struct iv_archive_list *list)
{
    sort_members(&list->archive);
    add_folders(list);
    sort_members(&list->archive);
    join_twice_named(list);
}
