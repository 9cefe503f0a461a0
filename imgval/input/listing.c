/*
 * Builds a listing: the items, the faults, and the metadata files that lie beside the input or that
 * options name. It runs in the parent process, so nothing is parsed here; names and the types of
 * directory entries decide. Files beside the input are opened without following links, and their
 * descriptors go to the reader processes, so that what was looked at is what is read.
 *
 * Whatever cannot be looked at becomes a fault of the listing: an update history that is there and
 * cannot be opened must not make a submission look like one without a history.
 */
#include "imgval/base/file.h"
#include "imgval/base/look.h"
#include "imgval/base/text.h"
#include "imgval/input/archive.h"
#include "imgval/input/kinds.h"
#include "imgval/model/kinds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A metadata file: its plain name, and the ending that follows the name of an image or package. */
struct metadata_name {
    enum iv_role role;
    const char *name;
    const char *suffix; /* with the stem of an image before it; NULL: never */
};

static const struct metadata_name metadata_names[] = {
    {.role = IV_ROLE_HISTORY, .name = "UpdateHistory.xml", .suffix = ".UpdateHistory.xml"},
    {.role = IV_ROLE_OEM_INPUT, .name = "OEMInput.xml", .suffix = ".OEMInput.xml"},
    {.role = IV_ROLE_REGISTRY, .name = "OEMSettings.reg", .suffix = ".reg"},
    {.role = IV_ROLE_REGISTRY, .name = ".rga", .suffix = ".rga"},
};

/* By hand, as there is a path for each of many thousand entries. */
char *iv_lister_join(struct iv_lister *lister, const char *directory, const char *name)
{
    size_t length = strlen(directory);
    while (length > 1 && directory[length - 1] == '/') {
        length--;
    }
    if (*name == '\0') {
        return iv_arena_strndup(lister->arena, directory, length);
    }
    bool is_root = length == 1 && directory[0] == '/';
    size_t size = strlen(name) + 1;
    char *path = iv_arena_alloc_text(lister->arena, length + 1 + size);
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): the name follows */
    memcpy(path, directory, length);
    if (!is_root) {
        path[length++] = '/';
    }
    memcpy(path + length, name, size);
    return path;
}

void iv_lister_expect(struct iv_lister *lister, size_t count)
{
    if (lister->listing.items == NULL) {
        lister->listing.items = IV_NEW_ARRAY(lister->arena, struct iv_item, count);
        lister->item_capacity = count;
    }
}

/* Takes the descriptor over, also of an item that is not listed. Past the limit of packages there
 * is one fault, and no more items. */
void iv_lister_item(struct iv_lister *lister, enum iv_role role, const char *path,
                    const char *relative, int fd)
{
    struct iv_listing *listing = &lister->listing;
    if (role == IV_ROLE_PACKAGE || role == IV_ROLE_FOLDER) {
        uint64_t max = lister->options->limits->packages;
        if (lister->packages == max) {
            iv_lister_fault(lister, IV_FAULT_LIMIT, path,
                            iv_arena_printf(lister->arena,
                                            "more than %llu packages: this one and those after it "
                                            "were not read",
                                            (unsigned long long)max));
        }
        lister->packages++;
        if (lister->packages > max) {
            iv_fd_close(&fd);
            return;
        }
    }
    listing->items = iv_arena_grow(lister->arena, listing->items, listing->item_count,
                                   &lister->item_capacity, sizeof(*listing->items));
    listing->items[listing->item_count++] = (struct iv_item){
        .role = role,
        .path = path,
        .relative = relative,
        .fd = fd,
        .is_named = lister->is_naming,
    };
    if (role == IV_ROLE_HISTORY) {
        listing->histories =
            iv_arena_grow(lister->arena, listing->histories, listing->history_count,
                          &lister->history_capacity, sizeof(*listing->histories));
        listing->histories[listing->history_count++] = path;
    }
}

void iv_lister_fault(struct iv_lister *lister, enum iv_fault_kind kind, const char *path,
                     const char *detail)
{
    struct iv_listing *listing = &lister->listing;
    listing->faults = iv_arena_grow(lister->arena, listing->faults, listing->fault_count,
                                    &lister->fault_capacity, sizeof(*listing->faults));
    listing->faults[listing->fault_count++] =
        (struct iv_fault){.kind = kind, .path = path, .detail = detail};
}

const char *iv_lister_reason(int error)
{
    return iv_errno_text(error);
}

void iv_lister_unsupported(struct iv_lister *lister, enum iv_kind kind, const char *path)
{
    iv_lister_fault(lister, IV_FAULT_UNSUPPORTED, path,
                    iv_arena_printf(lister->arena,
                                    "%s below the folder, which is a submission of its own: name "
                                    "it by its path",
                                    iv_kinds[kind].what));
}

bool iv_lister_metadata_role(const char *name, enum iv_role *ret_role)
{
    for (size_t i = 0; i < IV_COUNT(metadata_names); i++) {
        const struct metadata_name *row = &metadata_names[i];
        if (iv_ascii_ieq(name, row->name) ||
            (row->suffix != NULL && iv_ascii_isuffix(name, row->suffix))) {
            *ret_role = row->role;
            return true;
        }
    }
    return false;
}

bool iv_lister_is_plain(const char *name)
{
    bool is = false;
    for (size_t i = 0; i < IV_COUNT(metadata_names); i++) {
        is = is || iv_ascii_ieq(name, metadata_names[i].name);
    }
    return is;
}

bool iv_lister_is_named(const struct iv_lister *lister, enum iv_role role)
{
    return (role == IV_ROLE_HISTORY && lister->options->update_history != NULL) ||
           (role == IV_ROLE_OEM_INPUT && lister->options->oem_input != NULL);
}

/* ---------------------------------------------------------------------------- one directory only
 */

static bool is_metadata_name(const char *name)
{
    enum iv_role role;
    return iv_lister_metadata_role(name, &role) && role != IV_ROLE_REGISTRY;
}

/* Package files that may hold device values: those alone matter beside an image. */
static bool is_targeting_name(const char *name)
{
    return iv_package_is_file_name(name) && !iv_package_is_removal_name(name) &&
           (iv_ascii_ifind(name, "Customizations") != NULL ||
            iv_ascii_ifind(name, "RegistryCustomization") != NULL);
}

static bool is_beside_name(const char *name)
{
    return is_metadata_name(name) || is_targeting_name(name);
}

/* Why a found file was not opened, as a clause. */
static const char *trouble(enum iv_file_type type)
{
    switch (type) {
    case IV_FILE_LINK:
        return "a symbolic link: links are not followed";
    case IV_FILE_DIRECTORY:
        return "a directory";
    case IV_FILE_OTHER:
        return "a FIFO, socket or device";
    case IV_FILE_REGULAR:
        break;
    }
    return iv_lister_reason(errno);
}

/* Opens one found file and adds it; a fault if it cannot be opened. */
static void add_found(struct iv_lister *lister, int directory, enum iv_role role, const char *name,
                      const char *path)
{
    enum iv_file_type type = IV_FILE_REGULAR;
    uint64_t size;
    int fd = iv_file_open_at(directory, name, &type, &size);
    if (fd >= 0) {
        iv_lister_item(lister, role, path, NULL, fd);
        return;
    }
    enum iv_fault_kind kind = type == IV_FILE_REGULAR ? IV_FAULT_UNREADABLE : IV_FAULT_NOT_REGULAR;
    iv_lister_fault(lister, kind, path, trouble(type));
}

/* A directory in which something is looked for. */
struct place {
    int directory;    /* -1: it could not be opened, which was reported */
    bool lists;       /* false: names in it can be asked for one by one, and nothing else */
    const char *path; /* report path; "" makes report paths without a directory in front */
};

/*
 * Adds the files of one role: those named `wanted` (STEM.UpdateHistory.xml; NULL: of any stem) and
 * those of the plain name, the first group that is not empty; with `plain_first` the other way
 * round. Returns their number.
 */
static size_t add_role(struct iv_lister *lister, const struct place *place,
                       const struct iv_look_names *names, const struct metadata_name *row,
                       const char *const *stems, bool plain_first)
{
    size_t added = 0;
    for (int group = 0; group < 2 && added == 0; group++) {
        bool plain = (group == 0) == plain_first;
        for (size_t i = 0; i < names->count; i++) {
            const char *name = names->items[i];
            bool is_it = plain ? iv_ascii_ieq(name, row->name)
                               : stems == NULL && iv_ascii_isuffix(name, row->suffix);
            for (size_t s = 0; !plain && stems != NULL && s < 2; s++) {
                is_it = is_it || (iv_ascii_iprefix(name, stems[s]) &&
                                  iv_ascii_ieq(name + strlen(stems[s]), row->suffix));
            }
            if (is_it) {
                const char *path =
                    *place->path == '\0' ? name : iv_lister_join(lister, place->path, name);
                add_found(lister, place->directory, row->role, name, path);
                added++;
            }
        }
    }
    return added;
}

static void place_close(struct place *place)
{
    iv_fd_close(&place->directory);
}

/* What may lie there is not known, so no rule may take it for absent. */
static void place_fault(struct iv_lister *lister, const struct place *place, bool is_limit,
                        const char *detail)
{
    const char *path = *place->path == '\0' ? "." : place->path;
    iv_lister_fault(lister, is_limit ? IV_FAULT_LIMIT : IV_FAULT_UNREADABLE, path, detail);
}

/* The directory that `path` lies in. */
static struct place open_place(struct iv_lister *lister, const char *path)
{
    struct place place = {.path = ""};
    const char *slash = strrchr(path, '/');
    if (slash != NULL) {
        place.path =
            iv_arena_strndup(lister->arena, path, slash == path ? 1 : (size_t)(slash - path));
    }
    place.directory = iv_look_open(*place.path == '\0' ? "." : place.path, &place.lists);
    if (place.directory < 0) {
        place_fault(lister, &place, false,
                    iv_arena_printf(lister->arena, "the directory cannot be looked into: %s",
                                    iv_lister_reason(errno)));
    }
    return place;
}

/* Which of the names that the side files of a stem can have are there: for a directory that may not
 * be listed. Case counts, then: nothing else can be asked for. */
static void ask_for_names(struct iv_lister *lister, const struct place *place,
                          const char *const *stems, struct iv_look_names *ret_names)
{
    ret_names->items = IV_NEW_ARRAY(lister->arena, const char *, IV_COUNT(metadata_names) * 3);
    ret_names->count = 0;
    for (size_t i = 0; i < IV_COUNT(metadata_names); i++) {
        const struct metadata_name *row = &metadata_names[i];
        for (size_t s = 0; s < 3 && row->suffix != NULL; s++) {
            const char *name =
                s == 2 ? row->name : iv_arena_printf(lister->arena, "%s%s", stems[s], row->suffix);
            struct iv_status st;
            if (s == 1 && strcmp(stems[0], stems[1]) == 0) {
                continue;
            }
            /* Trouble counts as there: opening it says what is wrong. */
            if (iv_look_beneath(place->directory, name, &st) != IV_LOOK_ABSENT) {
                ret_names->items[ret_names->count++] = name;
            }
        }
    }
}

/* The names beside a file that matter; what cannot be known is a fault. */
static void look_beside(struct iv_lister *lister, const struct place *place,
                        const char *const *stems, struct iv_look_names *ret_names)
{
    if (!iv_look_list(place->directory, is_beside_name, lister->options->limits, lister->arena,
                      ret_names)) {
        place_fault(lister, place, ret_names->is_limit, ret_names->detail);
        if (!place->lists) {
            ask_for_names(lister, place, stems, ret_names);
        }
    }
}

/* The packages beside an image that may hold device values, as BESIDE. */
static void add_targeting(struct iv_lister *lister, const struct place *place,
                          const struct iv_look_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        const char *name = names->items[i];
        if (is_targeting_name(name)) {
            add_found(lister, place->directory, IV_ROLE_BESIDE, name,
                      *place->path == '\0' ? name : iv_lister_join(lister, place->path, name));
        }
    }
}

void iv_lister_beside(struct iv_lister *lister, const char *path, bool with_packages)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(name, '.');
    const char *stems[2] = {
        dot == NULL ? name : iv_arena_strndup(lister->arena, name, (size_t)(dot - name)),
        iv_package_stem(lister->arena, name),
    };
    struct place place IV_CLEANUP(place_close) = open_place(lister, path);
    struct iv_look_names names;
    if (place.directory < 0) {
        return;
    }
    look_beside(lister, &place, stems, &names);
    for (size_t i = 0; i < IV_COUNT(metadata_names); i++) {
        const struct metadata_name *row = &metadata_names[i];
        if (row->suffix != NULL && !iv_lister_is_named(lister, row->role)) {
            (void)add_role(lister, &place, &names, row, stems, false);
        }
    }
    if (with_packages) {
        add_targeting(lister, &place, &names);
    }
}

/* -------------------------------------------------------------------------------- named by options
 */

/* The directory that an option names holds the file. */
static bool add_from_directory(struct iv_lister *lister, const char *path,
                               const struct metadata_name *row, struct iv_error *err)
{
    struct iv_look_names names;
    struct place place IV_CLEANUP(place_close) = {.path = path};
    place.directory = iv_look_open(path, &place.lists);
    if (place.directory < 0) {
        return iv_error_open(err, path);
    }
    if (!iv_look_list(place.directory, is_metadata_name, lister->options->limits, lister->arena,
                      &names)) {
        return iv_error_set(err, IV_ERROR_SYSTEM, "%s: %s", path, names.detail);
    }
    if (add_role(lister, &place, &names, row, NULL, true) == 0) {
        return iv_error_set(err, IV_ERROR_NO_INPUT, "%s: no %s in this directory", path, row->name);
    }
    return true;
}

/* `row`: what a directory is searched for; NULL: it must be a file. */
static bool add_named(struct iv_lister *lister, enum iv_role role, const char *path,
                      const struct metadata_name *row, struct iv_error *err)
{
    if (path == NULL) {
        return true;
    }
    struct iv_status st;
    if (iv_look_at(path, &st) != IV_LOOK_FOUND) {
        return iv_archive_error_open(err, path);
    }
    if (st.type == IV_FILE_DIRECTORY && row != NULL) {
        return add_from_directory(lister, path, row, err);
    }
    if (st.type != IV_FILE_REGULAR) {
        return iv_error_set(err, IV_ERROR_USAGE, "%s: not a regular file%s", path,
                            row != NULL ? " or directory" : "");
    }

    /* Asked once more of the descriptor: the file may have been replaced in between, and a FIFO
     * in its place must not make the program wait. */
    int fd IV_CLEANUP(iv_fd_close) = iv_file_open(path, &st);
    if (fd < 0) {
        return iv_error_open(err, path);
    }
    if (st.type != IV_FILE_REGULAR) {
        return iv_error_set(err, IV_ERROR_USAGE, "%s: not a regular file", path);
    }
    iv_lister_item(lister, role, iv_arena_strdup(lister->arena, path), NULL, fd);
    fd = -1;
    return true;
}

bool iv_lister_named_files(struct iv_lister *lister, struct iv_error *err)
{
    const struct iv_list_options *options = lister->options;
    lister->is_naming = true;
    return add_named(lister, IV_ROLE_HISTORY, options->update_history, &metadata_names[0], err) &&
           add_named(lister, IV_ROLE_OEM_INPUT, options->oem_input, &metadata_names[1], err) &&
           add_named(lister, IV_ROLE_DEVICE_INFO, options->device_info, NULL, err);
}
