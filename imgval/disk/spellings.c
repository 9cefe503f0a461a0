/*
 * A path is followed part by part. At each part every folder that was reached is listed, and all
 * names in it that are the part but for case are followed: so the set of folders grows with each
 * pair of twins, up to a bound. Listings are kept for the next path, as most paths start alike.
 */
#include "imgval/disk/spellings.h"

#include "imgval/base/fold.h"
#include "imgval/base/sort.h"

#include <stdlib.h>
#include <string.h>

/* A hostile volume can spell seven parts in thousands of ways. */
#define SPELLINGS_MAX 64

static int compare_folded(const void *a, const void *b)
{
    const struct iv_volume_entry *one = a;
    const struct iv_volume_entry *other = b;
    int order = iv_fold_compare(one->name, other->name);
    return order != 0 ? order : strcmp(one->name, other->name);
}

static void list_folder(struct iv_speller *speller, const char *path,
                        struct iv_speller_folder *folder)
{
    struct iv_fault fault = {0};
    iv_arena_fini(&folder->arena);
    *folder = (struct iv_speller_folder){0};
    iv_arena_init(&folder->arena);
    folder->path = iv_arena_strdup(&folder->arena, path);
    folder->is_listed = iv_volume_list(speller->volume, path, &folder->arena, &folder->entries,
                                       &folder->count, &fault) == IV_VOLUME_FOUND;
    if (folder->is_listed && folder->count > 1) {
        iv_sort(folder->entries, folder->count, sizeof(*folder->entries), compare_folded);
    }
}

/* The directory at hand, or listed now in place of the one that was not used the longest. */
static const struct iv_speller_folder *get_folder(struct iv_speller *speller, const char *path)
{
    struct iv_speller_folder *found = &speller->folders[0];
    for (size_t i = 0; i < IV_SPELLER_FOLDERS; i++) {
        struct iv_speller_folder *folder = &speller->folders[i];
        if (folder->path != NULL && strcmp(folder->path, path) == 0) {
            found = folder;
            break;
        }
        found = folder->last_use < found->last_use ? folder : found;
    }
    if (found->path == NULL || strcmp(found->path, path) != 0) {
        list_folder(speller, path, found);
    }
    found->last_use = ++speller->uses;
    return found;
}

/* The first entry whose name is not below this one but for case. */
static size_t find_name(const struct iv_speller_folder *folder, const char *name)
{
    size_t from = 0;
    for (size_t to = folder->count; from < to;) {
        size_t middle = from + (to - from) / 2;
        if (iv_fold_compare(folder->entries[middle].name, name) < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

static const char *join(struct iv_arena *arena, const char *folder, const char *name)
{
    return folder[0] == '\0' ? iv_arena_strdup(arena, name)
                             : iv_arena_printf(arena, "%s/%s", folder, name);
}

static void add_twin(struct iv_arena *arena, struct iv_spellings *spellings, const char *path,
                     const char *other)
{
    size_t count = spellings->twin_count;
    if ((count & (count - 1)) == 0) { /* capacity is the next power of two */
        struct iv_volume_twin *bigger =
            IV_NEW_ARRAY(arena, struct iv_volume_twin, count == 0 ? 1 : count * 2);
        if (count > 0) {
            memcpy(bigger, spellings->twins, count * sizeof(*bigger));
        }
        spellings->twins = bigger;
    }
    spellings->twins[spellings->twin_count++] = (struct iv_volume_twin){
        .path = path,
        .other = iv_arena_strdup(arena, other),
    };
}

static void add_path(struct iv_spellings *spellings, const char *path)
{
    if (spellings->count == SPELLINGS_MAX) {
        spellings->is_cut = true;
        return;
    }
    spellings->paths[spellings->count++] = path;
}

/* All that a name is in one folder. */
static void follow(struct iv_speller *speller, const char *path, const char *name,
                   struct iv_arena *arena, struct iv_spellings *next)
{
    const struct iv_speller_folder *folder = get_folder(speller, path);
    if (!folder->is_listed) {
        add_path(next, join(arena, path, name));
        return;
    }
    size_t first = find_name(folder, name);
    for (size_t i = first; i < folder->count && iv_fold_compare(folder->entries[i].name, name) == 0;
         i++) {
        const char *found = join(arena, path, folder->entries[i].name);
        bool is_same =
            i > first && strcmp(folder->entries[i - 1].name, folder->entries[i].name) == 0;
        if (i > first) {
            add_twin(arena, next, found, folder->entries[i - 1].name);
        }
        if (!is_same) {
            add_path(next, found);
        }
    }
}

void iv_speller_find(struct iv_speller *speller, const char *path, struct iv_arena *arena,
                     struct iv_spellings *ret_spellings)
{
    struct iv_spellings now = {.paths = IV_NEW_ARRAY(arena, const char *, SPELLINGS_MAX)};
    now.paths[now.count++] = "";
    for (const char *rest = path + strspn(path, "/"); *rest != '\0';) {
        size_t size = strcspn(rest, "/");
        const char *name = iv_arena_strndup(arena, rest, size);
        struct iv_spellings next = {
            .paths = IV_NEW_ARRAY(arena, const char *, SPELLINGS_MAX),
            .twins = now.twins,
            .twin_count = now.twin_count,
            .is_cut = now.is_cut,
        };
        for (size_t i = 0; i < now.count; i++) {
            follow(speller, now.paths[i], name, arena, &next);
        }
        now = next;
        rest += size;
        rest += strspn(rest, "/");
    }
    if (now.count == 0) { /* a short name may still find it, and it is known whether it is absent */
        now.paths[now.count++] = path;
    }
    *ret_spellings = now;
}

void iv_speller_twins(struct iv_speller *speller, const char *folder,
                      bool (*counts)(const struct iv_volume_entry *entry), struct iv_arena *arena,
                      struct iv_spellings *spellings)
{
    const struct iv_speller_folder *listed = get_folder(speller, folder);
    for (size_t i = 1; listed->is_listed && i < listed->count; i++) {
        const struct iv_volume_entry *one = &listed->entries[i - 1];
        const struct iv_volume_entry *other = &listed->entries[i];
        if (iv_fold_compare(one->name, other->name) == 0 && counts(one) && counts(other)) {
            add_twin(arena, spellings, join(arena, folder, other->name), one->name);
        }
    }
}

void iv_speller_fini(struct iv_speller *speller)
{
    for (size_t i = 0; i < IV_SPELLER_FOLDERS; i++) {
        iv_arena_fini(&speller->folders[i].arena);
    }
    *speller = (struct iv_speller){0};
}
