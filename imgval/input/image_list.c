/*
 * Image files in a listing: by name and first bytes alone. An image becomes one item for all that
 * lies in it, and, where its hashes are to be checked, one more for each range of the file, so that
 * several readers share that work. All of them use the one descriptor that the image's item owns.
 *
 * A folder that holds images is no submission of its own: iv_input_images() says which images lie
 * in it, and the caller lists each of them.
 */
#include "imgval/base/file.h"
#include "imgval/base/look.h"
#include "imgval/base/text.h"
#include "imgval/input/kinds.h"
#include "imgval/input/manifest.h"
#include "imgval/model/kinds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Hashing so many bytes is one slot of the readers: some milliseconds of work. */
#define RANGE_SIZE (32 * IV_MIB)
/* More slots than this cost more than is won by sharing them out: ranges become larger instead. */
#define RANGES_MAX 1024

bool iv_probe_has(const struct iv_probe *probe, size_t at, const char *bytes)
{
    size_t size = strlen(bytes);
    return !probe->is_directory && probe->head_size >= at + size &&
           memcmp(probe->head + at, bytes, size) == 0;
}

static struct iv_item *last_item(const struct iv_lister *lister)
{
    return &lister->listing.items[lister->listing.item_count - 1];
}

/* One item with a descriptor of its own: the probe's is closed by whoever opened it. */
static bool add_item(struct iv_lister *lister, const struct iv_probe *probe, enum iv_role role,
                     const char *path, enum iv_kind kind)
{
    int fd = iv_file_duplicate(probe->fd);
    if (fd < 0) {
        iv_lister_fault(lister, IV_FAULT_UNREADABLE, path, iv_lister_reason(errno));
        return false;
    }
    iv_lister_item(lister, role, path, NULL, fd);
    last_item(lister)->kind = kind;
    return true;
}

/* Cuts the file into ranges of one size, a whole number of MiB; the last one is what is left. */
static void add_ranges(struct iv_lister *lister, uint64_t size, const struct iv_item *image)
{
    uint64_t range = RANGE_SIZE;
    if (size / range >= RANGES_MAX) {
        range = (size / RANGES_MAX / IV_MIB + 1) * IV_MIB;
    }
    const struct iv_item whole = *image; /* the array moves */
    for (uint64_t offset = 0; offset < size; offset += range) {
        /* The descriptor is the image's, which closes it. */
        iv_lister_item(lister, IV_ROLE_CHUNKS, whole.path, NULL, whole.fd);
        struct iv_item *item = last_item(lister);
        item->kind = whole.kind;
        item->offset = offset;
        item->size = size - offset < range ? size - offset : range;
    }
}

void iv_lister_image(struct iv_lister *lister, const struct iv_probe *probe, enum iv_kind kind,
                     bool chunks)
{
    const char *path = iv_arena_strdup(lister->arena, probe->path);
    struct iv_status st;
    if (add_item(lister, probe, IV_ROLE_IMAGE, path, kind) && chunks && !lister->options->no_hash &&
        iv_file_status(probe->fd, &st) && st.size > 0) {
        add_ranges(lister, st.size, last_item(lister));
    }
}

bool iv_lister_is_part_name(const char *name)
{
    return iv_ascii_ieq(name, "UpdateOS.wim") || iv_ascii_ieq(name, "MMOS.wim");
}

void iv_lister_part(struct iv_lister *lister, const char *path, const char *relative)
{
    iv_lister_item(lister, IV_ROLE_IMAGE, path, relative, -1);
    struct iv_item *item = last_item(lister);
    item->kind = IV_KIND_WIM;
    item->is_part = true;
}

void iv_lister_finish_images(struct iv_lister *lister)
{
    struct iv_listing *listing = &lister->listing;
    bool has_history = iv_lister_is_named(lister, IV_ROLE_HISTORY);
    bool has_oem_input = iv_lister_is_named(lister, IV_ROLE_OEM_INPUT);
    for (size_t i = 0; i < listing->item_count; i++) {
        has_history = has_history || listing->items[i].role == IV_ROLE_HISTORY;
        has_oem_input = has_oem_input || listing->items[i].role == IV_ROLE_OEM_INPUT;
    }
    for (size_t i = 0; i < listing->item_count; i++) {
        listing->items[i].has_history = has_history;
        listing->items[i].has_oem_input = has_oem_input;
    }
}

/* ---- images in a directory ---- */

static bool is_image_name(const char *name)
{
    return iv_kind_of_image_name(name) != IV_KIND_COUNT && !iv_lister_is_part_name(name);
}

/* The image, or the manifest of an extracted package, whose payload an image would be. */
static bool is_deciding_name(const char *name)
{
    return is_image_name(name) || strcmp(name, IV_DSM_NAME) == 0 || strcmp(name, IV_MUM_NAME) == 0;
}

void iv_input_images(const char *path, const struct iv_limits *limits, struct iv_arena *arena,
                     struct iv_input_images *ret_images)
{
    struct iv_lister lister = {.arena = arena};
    struct iv_look_names names;
    struct iv_status st;
    bool lists;
    *ret_images = (struct iv_input_images){0};
    if (iv_look_at(path, &st) != IV_LOOK_FOUND || st.type != IV_FILE_DIRECTORY) {
        return; /* a file; what is wrong is reported when it is listed */
    }
    int directory IV_CLEANUP(iv_fd_close) = iv_look_open(path, &lists);
    if (directory < 0) {
        ret_images->trouble = iv_lister_reason(errno);
        return;
    }
    if (!iv_look_list(directory, is_deciding_name, limits, arena, &names)) {
        ret_images->trouble = names.detail;
        return;
    }
    ret_images->paths = IV_NEW_ARRAY(arena, const char *, names.count);
    for (size_t i = 0; i < names.count; i++) {
        if (!is_image_name(names.items[i])) {
            ret_images->count = 0;
            return; /* an extracted package, and the image is its payload */
        }
        enum iv_look look = iv_look_beneath(directory, names.items[i], &st);
        if (look == IV_LOOK_TROUBLE || (look == IV_LOOK_FOUND && st.type == IV_FILE_REGULAR)) {
            ret_images->paths[ret_images->count++] = iv_lister_join(&lister, path, names.items[i]);
        }
    }
}
