/*
 * What the kinds of file systems share: how trouble is reported, names from UTF-16, and the names
 * of one directory, sorted so that a look-up does not read the directory again.
 */
#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "imgval/disk/volume_kinds.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

IV_PRINTF(4, 0)
static void set_fault(struct iv_arena *arena, struct iv_fault *ret_fault, enum iv_fault_kind kind,
                      const char *fmt, va_list args)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_vprintf(&text, fmt, args);
    *ret_fault = (struct iv_fault){
        .kind = kind,
        .detail = iv_arena_strdup(arena, iv_buf_text(&text)),
    };
}

enum iv_volume_outcome iv_volume_trouble(const struct iv_volume *volume, struct iv_fault *ret_fault,
                                         enum iv_fault_kind kind, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    set_fault(volume->arena, ret_fault, kind, fmt, args);
    va_end(args);
    return IV_VOLUME_TROUBLE;
}

/* Never fails: half a pair and a NUL become U+FFFD. A name with them is shown, and matches none
 * that is looked for. */
const char *iv_volume_name_utf16(struct iv_arena *arena, const unsigned char *bytes, size_t size)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i + 2 <= size; i += 2) {
        uint32_t code = (uint32_t)bytes[i] | (uint32_t)bytes[i + 1] << 8;
        uint32_t next = i + 4 <= size ? (uint32_t)bytes[i + 2] | (uint32_t)bytes[i + 3] << 8 : 0;
        if (code >= 0xD800 && code < 0xDC00 && next >= 0xDC00 && next < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (next - 0xDC00);
            i += 2;
        }
        iv_utf8_add(&text, code == 0 ? 0xFFFD : code);
    }
    return iv_arena_strdup(arena, iv_buf_text(&text));
}

/* One name in the index. Several may have one node, such as the short and the long name of a
 * file. */
struct iv_volume_name {
    const char *folded;
    const char *name;
    size_t number; /* in the order of the directory */
    struct iv_volume_node node;
};

/* One directory at a time: whoever reads a file in it most often reads the next one there, too. */
void iv_volume_index_start(struct iv_volume_index *index, uint64_t place)
{
    iv_volume_index_fini(index);
    index->place = place;
}

void iv_volume_index_add(struct iv_volume_index *index, const char *name,
                         const struct iv_volume_node *node)
{
    index->names = iv_arena_grow(&index->arena, index->names, index->count, &index->capacity,
                                 sizeof(*index->names));
    index->names[index->count] = (struct iv_volume_name){
        .folded = iv_ascii_fold(&index->arena, name),
        .name = iv_arena_strdup(&index->arena, name),
        .number = index->count,
        .node = *node,
    };
    index->count++;
}

void iv_volume_index_append(struct iv_volume_index *index, const struct iv_volume_index *other)
{
    for (size_t i = 0; i < other->count; i++) {
        iv_volume_index_add(index, other->names[i].name, &other->names[i].node);
    }
}

/*
 * By the folded name, then by case, then by the order of the directory: so twins are neighbours,
 * and the first added of two equal names is found.
 */
static int compare_names(const void *a, const void *b)
{
    const struct iv_volume_name *one = a;
    const struct iv_volume_name *other = b;
    int order = strcmp(one->folded, other->folded);
    order = order != 0 ? order : strcmp(one->name, other->name);
    return order != 0 ? order : (one->number > other->number) - (one->number < other->number);
}

void iv_volume_index_finish(struct iv_volume_index *index)
{
    if (index->count > 0) {
        iv_sort(index->names, index->count, sizeof(*index->names), compare_names);
    }
    index->is_built = true;
}

bool iv_volume_index_is_of(const struct iv_volume_index *index, uint64_t place)
{
    return index->is_built && index->place == place;
}

/* The first name that is not below these two. */
static const struct iv_volume_name *find_name(const struct iv_volume_index *index,
                                              const char *folded, const char *name)
{
    size_t from = 0;
    const struct iv_volume_name wanted = {.folded = folded, .name = name};
    for (size_t to = index->count; from < to;) {
        size_t middle = from + (to - from) / 2;
        if (compare_names(&index->names[middle], &wanted) < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from < index->count ? &index->names[from] : NULL;
}

/* The name as it is spelled, else the first that differs in case alone: that is what Windows
 * opens. */
const struct iv_volume_node *iv_volume_index_find(const struct iv_volume_index *index,
                                                  const char *name)
{
    struct iv_buf folded IV_CLEANUP(iv_buf_fini) = {0};
    for (const char *c = name; *c != '\0'; c++) {
        iv_buf_putc(&folded, iv_ascii_lower(*c));
    }
    const struct iv_volume_name *found = find_name(index, iv_buf_text(&folded), name);
    if (found == NULL || strcmp(found->name, name) != 0) {
        found = find_name(index, iv_buf_text(&folded), "");
    }
    return found != NULL && strcmp(found->folded, iv_buf_text(&folded)) == 0 ? &found->node : NULL;
}

bool iv_volume_index_has_twins(const struct iv_volume_index *index)
{
    for (size_t i = 1; i < index->count; i++) {
        if (strcmp(index->names[i].name, index->names[i - 1].name) == 0) {
            return true;
        }
    }
    return false;
}

void iv_volume_index_fini(struct iv_volume_index *index)
{
    iv_arena_fini(&index->arena);
    *index = (struct iv_volume_index){0};
}
