/*
 * What became of each entry of a volume. Readers mark the paths that they read or reported; then
 * the volume is walked, and what has no mark has no place that anything is read from.
 *
 * The volume is walked for this alone: nothing is judged by what it finds, so a folder that cannot
 * be listed and is none of those that are read costs the count, and not the verdict.
 */
#include "imgval/input/image_account.h"

#include "imgval/base/sort.h"

#include <string.h>

void iv_image_mark(struct iv_image_marks *marks, const char *path, enum iv_fate fate)
{
    marks->items = iv_arena_grow(marks->arena, marks->items, marks->count, &marks->capacity,
                                 sizeof(*marks->items));
    marks->items[marks->count++] =
        (struct iv_image_mark){.path = iv_arena_strdup(marks->arena, path), .fate = fate};
}

/* What follows a prefix; NULL: it is not there, or nothing follows. */
static const char *after(const char *text, const char *prefix)
{
    size_t size = strlen(prefix);
    bool is_there = text != NULL && strncmp(text, prefix, size) == 0 && text[size] != '\0';
    return is_there ? text + size : NULL;
}

void iv_image_mark_faults(struct iv_image_marks *marks, const struct iv_fault *faults, size_t count,
                          const char *prefix, const char *label)
{
    for (size_t i = 0; i < count; i++) {
        const char *in_path = after(faults[i].path, prefix);
        const char *in_member = after(faults[i].member, label);
        if (iv_fault_leaves_read(faults[i].kind)) {
            continue;
        }
        if (in_path != NULL || in_member != NULL) {
            iv_image_mark(marks, in_path != NULL ? in_path : in_member, IV_FATE_REPORTED);
        }
    }
}

/* By path; the mark that wins comes first. */
static int compare_marks(const void *a, const void *b)
{
    const struct iv_image_mark *x = a;
    const struct iv_image_mark *y = b;
    int order = strcmp(x->path, y->path);
    return order != 0 ? order : (x->fate < y->fate) - (x->fate > y->fate);
}

struct accounting {
    const struct iv_image_marks *marks;
    struct iv_entries *entries;
};

/* The first mark of the path, or NULL. */
static const struct iv_image_mark *find_mark(const struct iv_image_marks *marks, const char *path)
{
    size_t from = 0;
    for (size_t to = marks->count; from < to;) {
        size_t middle = from + (to - from) / 2;
        if (strcmp(marks->items[middle].path, path) < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    bool is_it = from < marks->count && strcmp(marks->items[from].path, path) == 0;
    return is_it ? &marks->items[from] : NULL;
}

static void visit(void *context, const char *path, const struct iv_volume_entry *entry)
{
    const struct accounting *accounting = context;
    const struct iv_image_mark *mark = find_mark(accounting->marks, path);
    enum iv_fate fate = mark != NULL          ? mark->fate
                        : entry->is_link      ? IV_FATE_LINK
                        : entry->is_directory ? IV_FATE_FOLDER
                                              : IV_FATE_PLACE;
    accounting->entries->of[fate]++;
}

void iv_image_account(struct iv_image_marks *marks, struct iv_volume *volume,
                      struct iv_entries *entries)
{
    struct accounting accounting = {.marks = marks, .entries = entries};
    iv_sort(marks->items, marks->count, sizeof(*marks->items), compare_marks);
    if (!iv_volume_walk(volume, visit, &accounting)) {
        entries->is_cut = true;
    }
}
