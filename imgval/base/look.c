/*
 * What is asked the same way on every system: whether a path is there, and the names in a directory
 * (look.h). ENOTDIR is not ENOENT: a file in the place of a directory is a thing that is wrong, and
 * no proof that nothing is there.
 */
#include "imgval/base/look.h"

#include "imgval/base/attr.h"
#include "imgval/base/sort.h"

#include <errno.h>
#include <string.h>

bool iv_look_is_there(const char *path)
{
    struct iv_status status;
    return iv_look_at(path, &status) != IV_LOOK_ABSENT;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, since a directory has no order of its own. Half a list is returned too, with the reason,
 * and the caller decides whether it will do. */
bool iv_look_list(int dirfd, bool (*want)(const char *name), const struct iv_limits *limits,
                  struct iv_arena *arena, struct iv_look_names *ret_names)
{
    struct iv_look_names names = {0};
    size_t capacity = 0;
    struct iv_folder *folder IV_CLEANUP(iv_folder_close) = iv_folder_open(dirfd, ".");
    if (folder == NULL) {
        names.detail =
            iv_arena_printf(arena, "the directory cannot be read: %s", iv_errno_text(errno));
        *ret_names = names;
        return false;
    }

    enum iv_folder_step step;
    const char *name;
    enum iv_file_type type;
    for (uint64_t seen = 0;;) {
        step = iv_folder_next(folder, &name, &type);
        names.is_limit =
            step != IV_FOLDER_END && step != IV_FOLDER_TROUBLE && seen++ == limits->entries;
        if (step == IV_FOLDER_END || step == IV_FOLDER_TROUBLE || names.is_limit) {
            break;
        }
        if (want(name)) {
            names.items =
                iv_arena_grow(arena, names.items, names.count, &capacity, sizeof(*names.items));
            names.items[names.count++] = iv_arena_strdup(arena, name);
        }
    }

    if (names.is_limit) {
        names.detail =
            iv_arena_printf(arena, "more than %llu directory entries; the rest was not read",
                            (unsigned long long)limits->entries);
    } else if (step == IV_FOLDER_TROUBLE) {
        names.detail = iv_arena_printf(arena, "the directory cannot be read to its end: %s",
                                       iv_errno_text(errno));
    }
    iv_sort(names.items, names.count, sizeof(*names.items), compare_names);
    *ret_names = names;
    return step == IV_FOLDER_END;
}
