/* Image files in a listing: by name and first bytes alone. */
#include "imgval/base/file.h"
#include "imgval/base/text.h"
#include "imgval/input/kinds.h"
#include "imgval/input/manifest.h"
#include "imgval/model/kinds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The hashes of so many bytes are one slot of the readers: some milliseconds of work. */
#define RANGE_SIZE (32 * IV_MIB)
/* More slots would cost more than they spread. */
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
    int fd = fcntl(probe->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        iv_lister_fault(lister, IV_FAULT_UNREADABLE, path, strerror(errno));
        return false;
    }
    iv_lister_item(lister, role, path, NULL, fd);
    last_item(lister)->kind = kind;
    return true;
}

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
    struct stat st;
    if (add_item(lister, probe, IV_ROLE_IMAGE, path, kind) && chunks && !lister->options->no_hash &&
        fstat(probe->fd, &st) == 0 && st.st_size > 0) {
        add_ranges(lister, (uint64_t)st.st_size, last_item(lister));
    }
    iv_lister_beside(lister, path);
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

static void directory_close(DIR **directory)
{
    if (*directory != NULL) {
        closedir(*directory);
        *directory = NULL;
    }
}

static bool is_image_file(int directory, const char *name)
{
    struct stat st;
    return iv_kind_of_image_name(name) != IV_KIND_COUNT && !iv_lister_is_part_name(name) &&
           fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void iv_input_images(const char *path, const struct iv_limits *limits, struct iv_arena *arena,
                     const char ***ret_paths, size_t *ret_count)
{
    *ret_paths = NULL;
    *ret_count = 0;
    DIR *directory IV_CLEANUP(directory_close) = opendir(path);
    if (directory == NULL) {
        return; /* a file; what is wrong is told when it is listed */
    }
    struct stat st;
    if (fstatat(dirfd(directory), IV_DSM_NAME, &st, 0) == 0 ||
        fstatat(dirfd(directory), IV_MUM_NAME, &st, 0) == 0) {
        return; /* an extracted package, and the image is its payload */
    }
    struct iv_lister lister = {.arena = arena};
    size_t capacity = 0;
    for (uint64_t seen = 0; seen < limits->entries; seen++) {
        const struct dirent *entry = readdir(directory);
        if (entry == NULL) {
            break;
        }
        if (is_image_file(dirfd(directory), entry->d_name)) {
            *ret_paths =
                iv_arena_grow(arena, *ret_paths, *ret_count, &capacity, sizeof(**ret_paths));
            (*ret_paths)[(*ret_count)++] = iv_lister_join(&lister, path, entry->d_name);
        }
    }
    if (*ret_count > 1) {
        qsort(*ret_paths, *ret_count, sizeof(**ret_paths), compare_text);
    }
}
