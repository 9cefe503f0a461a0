/*
 * The tree is walked once, for file names that mean anything (role_of). The walk gives a sorted
 * list of paths, so a folder is a range of that list (struct folder) and no second look at the disk
 * is needed. From the top down each folder is summed up: packages and side files in it, sub-folders
 * with packages, package names that stand in two of them. If that is one submission, the folder is
 * added and nothing below it is looked at; else its sub-folders are, one by one.
 *
 * Names alone decide, so a folder of several hundred submissions is found in the time that it takes
 * to list it. What might hide a submission (a folder that cannot be listed, a compressed container,
 * packages beside folders that are submissions of their own) is found too, with the reason why it
 * cannot be read.
 */
#include "imgval/history/discover.h"

#include "imgval/base/file.h"
#include "imgval/base/look.h"
#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "imgval/input/container.h"
#include "imgval/input/kinds.h"
#include "imgval/model/audit.h"
#include "imgval/model/kinds.h"
#include "imgval/model/package.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What a file's name says. */
enum role {
    ROLE_OTHER,
    ROLE_PACKAGE,
    ROLE_MANIFEST,
    ROLE_SIDE,
    ROLE_IMAGE,
    ROLE_DATA,
    ROLE_HIVE,
    ROLE_CONTAINER,
};

/* One search from its root. */
struct finder {
    const char *path; /* of the root */
    const struct iv_walk *walk;
    const struct iv_archive_options *options;
    bool is_archive; /* the root: archives in it are not read */
    struct iv_arena *arena;
    struct iv_found_list *list;
};

/* Entries [first, end) lie in one folder, whose path (with its slash) is `prefix` bytes long. */
struct folder {
    size_t first;
    size_t end;
    size_t prefix;
};

/* By the name alone; a name that is compressed is seen to by role_of(). */
static enum role role_of_plain(const char *name)
{
    enum iv_role metadata;
    if (iv_ascii_ieq(name, "man.dsm.xml") || iv_ascii_ieq(name, "update.mum")) {
        return ROLE_MANIFEST;
    }
    if (iv_package_is_file_name(name) || iv_ascii_isuffix(name, ".mum") ||
        iv_ascii_isuffix(name, ".dsm.xml")) {
        return ROLE_PACKAGE;
    }
    if (iv_kind_of_image_name(name) != IV_KIND_COUNT) {
        return ROLE_IMAGE;
    }
    if (iv_lister_metadata_role(name, &metadata)) {
        return ROLE_SIDE;
    }
    if (iv_ascii_ieq(name, "SYSTEM")) {
        return ROLE_HIVE;
    }
    return iv_ascii_isuffix(name, ".json") || iv_ascii_isuffix(name, ".jsonl") ||
                   iv_ascii_isuffix(name, ".ndjson")
               ? ROLE_DATA
               : ROLE_OTHER;
}

/* What is compressed counts as what it holds: a note that is, is nobody's concern. */
static enum role role_of(const char *name)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    const char *inner = iv_container_inner(&arena, name);
    const bool is_packed =
        inner != NULL && (role_of_plain(inner) != ROLE_OTHER || iv_container_is_name(inner));
    const enum role role = role_of_plain(name);
    return role == ROLE_OTHER && (is_packed || iv_container_is_name(name)) ? ROLE_CONTAINER : role;
}

/* What the walk is to list: files whose name says something. Folders need no entry, since a range
 * of paths stands for them. */
static bool want(void *context, const char *path, const char *name, enum iv_file_type type)
{
    (void)context;
    (void)path;
    return type == IV_FILE_REGULAR && role_of(name) != ROLE_OTHER;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* Adds the root joined with the first `length` bytes of a relative path. */
static void add(struct finder *finder, const char *relative, size_t length, bool is_data,
                const char *trouble)
{
    size_t root = strlen(finder->path);
    while (root > 1 && finder->path[root - 1] == '/') {
        root--;
    }
    bool slash = length > 0 && !(root == 1 && finder->path[0] == '/');
    struct iv_found_list *list = finder->list;
    list->items = iv_arena_grow(finder->arena, list->items, list->count, &list->capacity,
                                sizeof(*list->items));
    list->items[list->count++] = (struct iv_found){
        .path = iv_arena_printf(finder->arena, "%.*s%s%.*s", (int)root, finder->path,
                                slash ? "/" : "", (int)length, relative),
        .is_data = is_data,
        .trouble = trouble,
    };
}

/* Relative to the root, with '/'. */
static const char *entry_path(const struct finder *finder, size_t i)
{
    return finder->walk->entries[i].path;
}

/* The sub-folder that entry `i` of a folder lies in; false: directly in the folder. */
static bool sub_folder(const struct finder *finder, const struct folder *folder, size_t i,
                       struct folder *ret_sub)
{
    const char *path = entry_path(finder, i);
    const char *slash = strchr(path + folder->prefix, '/');
    if (slash == NULL) {
        return false;
    }
    size_t prefix = (size_t)(slash - path) + 1;
    size_t end = i + 1;
    while (end < folder->end && strncmp(entry_path(finder, end), path, prefix) == 0) {
        end++;
    }
    *ret_sub = (struct folder){.first = i, .end = end, .prefix = prefix};
    return true;
}

/* An extracted package with nothing else in it. */
static bool is_plain_package(const struct finder *finder, const struct folder *folder)
{
    bool has_manifest = false;
    for (size_t i = folder->first; i < folder->end; i++) {
        const char *path = entry_path(finder, i);
        bool direct = strchr(path + folder->prefix, '/') == NULL;
        switch (role_of(base_name(path))) {
        case ROLE_MANIFEST:
            if (!direct) {
                return false;
            }
            has_manifest = true;
            break;
        case ROLE_PACKAGE:
        case ROLE_IMAGE:
            return false;
        case ROLE_SIDE:
        case ROLE_DATA:
        case ROLE_HIVE:
        case ROLE_CONTAINER:
        case ROLE_OTHER:
            break;
        }
    }
    return has_manifest;
}

/* Whether a sub-folder is named like a partition of a device. */
static bool is_partition(const struct finder *finder, const struct folder *sub)
{
    static const char *const names[] = {"MainOS", "EFIESP", "UpdateOS", "Data", "PLAT",
                                        "MMOS",   "DPP",    "SBL",      "UEFI", "BSP"};
    const char *path = entry_path(finder, sub->first);
    size_t start = sub->prefix - 1;
    while (start > 0 && path[start - 1] != '/') {
        start--;
    }
    for (size_t i = 0; i < IV_COUNT(names); i++) {
        if (strlen(names[i]) == sub->prefix - 1 - start &&
            iv_ascii_iprefix(path + start, names[i])) {
            return true;
        }
    }
    return false;
}

/* A package name in a sub-folder, which its first entry stands for. */
struct name {
    const char *stem;
    size_t sub;
};

/* Equal names next to each other, and in them those of one sub-folder. */
static int name_order(const void *a, const void *b)
{
    const struct name *x = a;
    const struct name *y = b;
    int order = strcmp(x->stem, y->stem);
    return order != 0 ? order : (x->sub > y->sub) - (x->sub < y->sub);
}

/* What lies in a folder. */
struct summary {
    size_t packages; /* directly, extracted ones too */
    size_t sides;
    size_t images;
    size_t subs; /* sub-folders with packages or images, extracted packages aside */
    size_t partitions;
    bool has_image_below;
    bool overlap; /* a package name stands in two sub-folders */
};

/* The name of the package that an entry belongs to, folded. */
static const char *stem_of(struct finder *finder, size_t i, enum role role)
{
    const char *path = entry_path(finder, i);
    if (role == ROLE_PACKAGE) {
        return iv_ascii_fold(finder->arena, iv_package_stem(finder->arena, base_name(path)));
    }
    const char *slash = strrchr(path, '/');
    const char *folder =
        slash == NULL ? "" : iv_arena_strndup(finder->arena, path, (size_t)(slash - path));
    return iv_ascii_fold(finder->arena, base_name(folder));
}

/* Whether a sub-folder holds packages; their names are added to the list. */
static bool list_names(struct finder *finder, const struct folder *sub, size_t number,
                       struct name *names, size_t *count, bool *has_image)
{
    bool found = false;
    for (size_t i = sub->first; i < sub->end; i++) {
        enum role role = role_of(base_name(entry_path(finder, i)));
        *has_image = *has_image || role == ROLE_IMAGE;
        if (role == ROLE_PACKAGE || role == ROLE_MANIFEST) {
            names[(*count)++] = (struct name){.stem = stem_of(finder, i, role), .sub = number};
            found = true;
        }
    }
    return found;
}

/* A file directly in the folder. Data, hives and containers make no folder a submission by
 * themselves. */
static void count_file(const char *path, struct summary *s)
{
    switch (role_of(base_name(path))) {
    case ROLE_PACKAGE:
    case ROLE_MANIFEST:
        s->packages++;
        break;
    case ROLE_SIDE:
        s->sides++;
        break;
    case ROLE_IMAGE:
        s->images++;
        break;
    case ROLE_DATA:
    case ROLE_HIVE:
    case ROLE_CONTAINER:
    case ROLE_OTHER:
        break;
    }
}

/* Sums up a folder. Package names are compared across its direct sub-folders: one name twice within
 * the same sub-folder is no overlap. */
static struct summary summarize(struct finder *finder, const struct folder *folder)
{
    struct summary s = {0};
    struct iv_arena_mark mark = iv_arena_mark(finder->arena);
    struct name *names = IV_NEW_ARRAY(finder->arena, struct name, folder->end - folder->first + 1);
    size_t count = 0;
    struct folder sub;
    for (size_t i = folder->first, next; i < folder->end; i = next) {
        next = i + 1;
        if (!sub_folder(finder, folder, i, &sub)) {
            count_file(entry_path(finder, i), &s);
            continue;
        }
        next = sub.end;
        bool has_image = false;
        if (is_plain_package(finder, &sub)) {
            s.packages++;
        } else if (list_names(finder, &sub, i, names, &count, &has_image) || has_image) {
            s.subs++;
            s.partitions += is_partition(finder, &sub) ? 1 : 0;
        }
        s.has_image_below = s.has_image_below || has_image;
    }
    iv_sort(names, count, sizeof(*names), name_order);
    for (size_t i = 1; i < count && !s.overlap; i++) {
        s.overlap =
            names[i].sub != names[i - 1].sub && strcmp(names[i].stem, names[i - 1].stem) == 0;
    }
    iv_arena_reset(finder->arena, mark);
    return s;
}

/* Whether the folder is the root of an installed tree: manifests lie where a device has them. */
static bool is_installed(const struct finder *finder, const struct folder *folder)
{
    for (size_t i = folder->first; i < folder->end; i++) {
        const char *path = entry_path(finder, i) + folder->prefix;
        enum role role = role_of(base_name(path));
        if ((role == ROLE_PACKAGE || role == ROLE_MANIFEST) &&
            (iv_ascii_iprefix(path, "Windows/Packages/") ||
             iv_ascii_iprefix(path, "Windows/servicing/"))) {
            return true;
        }
    }
    return false;
}

/* Whether all of a folder is one submission. One package name in two sub-folders means two
 * submissions: a set has each package once. Partitions side by side are the exception that looks
 * like several; metadata beside sub-folders speaks for all of them. */
static bool is_one(const struct summary *s)
{
    if (s->overlap || s->has_image_below || s->images > 1) {
        return false;
    }
    bool only_partitions = s->subs > 0 && s->partitions == s->subs;
    return s->packages > 0 || s->images == 1 || (s->sides > 0 && s->subs > 0) || only_partitions;
}

/* The package that says what device a set is for: <OEM>.<Device>.Customizations.MainOS. Those of
 * other partitions say nothing, and may lie in a folder of their own. */
static bool is_targeting_package(struct finder *finder, const char *name)
{
    if (iv_ascii_ifind(name, "Customizations") == NULL || iv_package_is_removal_name(name)) {
        return false;
    }
    const char *stem = iv_package_stem(finder->arena, name);
    return iv_ascii_isuffix(stem, ".MainOS") || iv_ascii_isuffix(stem, "Customizations");
}

/* Whether a folder says itself what device it is for, or has a history. */
static bool has_metadata(struct finder *finder, const struct folder *folder)
{
    for (size_t i = folder->first; i < folder->end; i++) {
        const char *path = entry_path(finder, i);
        const char *name = base_name(path);
        const enum role role = role_of(name);
        if (role == ROLE_SIDE || (role == ROLE_PACKAGE && is_targeting_package(finder, name)) ||
            (role == ROLE_HIVE && iv_ascii_isuffix(path, "System32/config/SYSTEM"))) {
            return true;
        }
    }
    return false;
}

static void find_in(struct finder *finder, const struct folder *folder);

/* What the walk of a root met. False: no submission, and no report. */
static bool find_below(struct finder *finder)
{
    const struct folder root = {.first = 0, .end = finder->walk->count, .prefix = 0};
    for (size_t i = 0; i < finder->walk->trouble_count; i++) {
        const char *relative = finder->walk->troubles[i].path;
        add(finder, relative, strlen(relative), false, finder->walk->troubles[i].detail);
    }
    const size_t before = finder->list->count;
    if (finder->walk->count > 0) {
        find_in(finder, &root);
    }
    return finder->list->count > before;
}

/* What lies in an archive, as if it were a folder. NULL: the file is none, or, with ret_is_partial,
 * one that cannot be read whole, which is said when it is read as a submission; or err is set. */
static const struct iv_found_list *find_in_archive(struct finder *finder, const char *path,
                                                   bool *ret_is_partial, struct iv_error *err)
{
    struct iv_archive *archive;
    struct iv_containment unused;
    struct iv_status st;
    bool is_archive;
    *ret_is_partial = true;
    if (!iv_archive_look(path, &is_archive, err)) {
        return NULL;
    }
    if (!is_archive) {
        *ret_is_partial = false;
        return NULL;
    }
    int fd IV_CLEANUP(iv_fd_close) = iv_file_open(path, &st);
    if (fd < 0) {
        (void)iv_error_open(err, path);
        return NULL;
    }
    if (!iv_archive_open(fd, finder->options, finder->arena, &archive, &unused, err) ||
        archive->fault_count > 0) {
        return NULL;
    }
    *ret_is_partial = false;
    struct iv_walk walk;
    const struct iv_tree_search search = {
        .folder = "", .limits = finder->options->limits, .want = want};
    struct iv_found_list *list = IV_NEW(finder->arena, struct iv_found_list);
    struct finder inner = {
        .path = path,
        .walk = &walk,
        .options = finder->options,
        .is_archive = true,
        .arena = finder->arena,
        .list = list,
    };
    iv_archive_walk(archive, &search, finder->arena, &walk);
    (void)find_below(&inner);
    return list;
}

/* An archive in which several parts say what they are for holds several submissions. */
static size_t count_with_metadata(const struct iv_found_list *list)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        count += list->items[i].has_metadata ? 1 : 0;
    }
    return count;
}

/* An archive in the place of a submission: `path` is its whole path, `relative` the one beneath the
 * root of the search. */
static void add_archive(struct finder *finder, const char *path, const char *relative)
{
    struct iv_error err = {0};
    bool is_partial;
    const struct iv_found_list *list = find_in_archive(finder, path, &is_partial, &err);
    const struct iv_found *one = list == NULL || list->count != 1 ? NULL : &list->items[0];
    if (list != NULL && list->count == 0) {
        return; /* it holds nothing that matters, like a folder of documents */
    }
    if (list == NULL || (one != NULL && one->trouble == NULL && !one->is_data)) {
        add(finder, relative, strlen(relative), false,
            err.code == IV_ERROR_NONE ? NULL : iv_arena_strdup(finder->arena, err.text));
        finder->list->items[finder->list->count - 1].has_metadata =
            one != NULL && one->has_metadata;
        return;
    }
    const char *several = iv_arena_printf(
        finder->arena, "an archive that holds %zu submissions or reports: unpack it", list->count);
    const char *report = "an archive that holds a report: unpack it";
    add(finder, relative, strlen(relative), false,
        one == NULL    ? several
        : one->is_data ? report
                       : one->trouble);
}

/* The archive that is the file `relative` of the root. */
static void look_into(struct finder *finder, const char *relative)
{
    if (finder->is_archive || !iv_archive_is_name(relative)) {
        add(finder, relative, strlen(relative), false,
            "a container of files, which may hold a submission: unpack it");
        return;
    }
    size_t length = strlen(finder->path);
    bool slash = length > 0 && finder->path[length - 1] != '/';
    add_archive(finder,
                iv_arena_printf(finder->arena, "%s%s%s", finder->path, slash ? "/" : "", relative),
                relative);
}

/* Depth is bounded by the walk. */
static void find_in(struct finder *finder, const struct folder *folder)
{
    const char *path = finder->walk->count == 0 ? "" : entry_path(finder, folder->first);
    size_t length = folder->prefix == 0 ? 0 : folder->prefix - 1;
    struct summary s = summarize(finder, folder);
    if (is_one(&s) || is_installed(finder, folder)) {
        add(finder, path, length, false, NULL);
        finder->list->items[finder->list->count - 1].has_metadata = has_metadata(finder, folder);
        return;
    }
    if (s.packages > 0 && s.images == 0) {
        add(finder, path, length, false,
            iv_arena_printf(finder->arena,
                            "%zu package%s beside folders that are submissions of their own: to "
                            "which %s, nobody can tell",
                            s.packages, s.packages == 1 ? "" : "s",
                            s.packages == 1 ? "it belongs" : "they belong"));
    }
    struct folder sub;
    for (size_t i = folder->first, next; i < folder->end; i = next) {
        next = i + 1;
        const char *file = entry_path(finder, i);
        if (sub_folder(finder, folder, i, &sub)) {
            next = sub.end;
            if (!is_plain_package(finder, &sub)) {
                find_in(finder, &sub);
            }
        } else if (role_of(base_name(file)) == ROLE_IMAGE ||
                   role_of(base_name(file)) == ROLE_DATA) {
            add(finder, file, strlen(file), role_of(base_name(file)) == ROLE_DATA, NULL);
        } else if (role_of(base_name(file)) == ROLE_CONTAINER) {
            look_into(finder, file);
        }
    }
}

/* A path that is a file: an archive by its content, or what a report may be. */
static bool find_file(struct finder *finder, bool *ret_found, struct iv_error *err)
{
    const size_t before = finder->list->count;
    bool is_archive;
    if (!iv_archive_look(finder->path, &is_archive, err)) {
        return false;
    }
    if (is_archive) {
        add_archive(finder, finder->path, "");
    } else {
        add(finder, "", 0, true, NULL);
    }
    *ret_found = finder->list->count > before;
    return true;
}

bool iv_discover(const char *path, const struct iv_archive_options *options, struct iv_arena *arena,
                 struct iv_found_list *list, struct iv_error *err)
{
    struct iv_status st;
    int fd IV_CLEANUP(iv_fd_close) = iv_file_open(path, &st);
    if (fd < 0) {
        return iv_archive_error_open(err, path);
    }
    struct iv_walk walk = {0};
    struct finder finder = {
        .path = path, .walk = &walk, .options = options, .arena = arena, .list = list};
    bool is_found;
    if (st.type == IV_FILE_DIRECTORY) {
        iv_walk(fd, options->limits, want, NULL, arena, &walk);
        list->is_partial = walk.trouble_count > 0;
        is_found = find_below(&finder);
    } else if (!find_file(&finder, &is_found, err)) {
        return false;
    }
    if (!is_found) {
        add(&finder, "", 0, false, "holds no submission");
    }
    return true;
}

/* How many submissions with metadata of their own a path holds. False: part of it could not be
 * looked at. */
static bool count_submissions(const char *path, bool is_archive,
                              const struct iv_archive_options *options, struct iv_arena *arena,
                              size_t *ret_count)
{
    struct iv_found_list found = {0};
    struct finder finder = {.options = options, .arena = arena};
    const struct iv_found_list *list = &found;
    struct iv_error unused = {0};
    bool is_partial = false;
    if (is_archive) {
        list = find_in_archive(&finder, path, &is_partial, &unused);
    } else if (!iv_discover(path, options, arena, &found, &unused)) {
        list = NULL;
        is_partial = true;
    }
    *ret_count = list == NULL ? 0 : count_with_metadata(list);
    return !is_partial && !found.is_partial;
}

/* A look that failed is taken once more: what fails again fails for who reads the submission too,
 * and makes it incomplete; what does not would let two submissions pass as one. */
bool iv_discover_is_several(const char *path, const struct iv_archive_options *options,
                            struct iv_arena *arena, size_t *ret_count, bool *ret_is_archive)
{
    struct iv_status st;
    enum iv_look look = iv_look_at(path, &st);
    if (look == IV_LOOK_TROUBLE) {
        look = iv_look_at(path, &st);
    }
    if (look != IV_LOOK_FOUND) {
        return false; /* whoever reads it says what is wrong */
    }
    *ret_is_archive = st.type != IV_FILE_DIRECTORY;
    if (!count_submissions(path, *ret_is_archive, options, arena, ret_count) && *ret_count < 2) {
        (void)count_submissions(path, *ret_is_archive, options, arena, ret_count);
    }
    return *ret_count > 1;
}

static int found_order(const void *a, const void *b)
{
    const struct iv_found *x = a;
    const struct iv_found *y = b;
    int order = iv_natural_compare(x->path, y->path);
    return order != 0 ? order : (x->trouble != NULL) - (y->trouble != NULL);
}

void iv_discover_sort(struct iv_found_list *list)
{
    size_t kept = 0;
    if (list->count > 0) {
        iv_sort(list->items, list->count, sizeof(*list->items), found_order);
    }
    for (size_t i = 0; i < list->count; i++) {
        if (kept == 0 || strcmp(list->items[kept - 1].path, list->items[i].path) != 0 ||
            list->items[i].trouble != NULL) {
            list->items[kept++] = list->items[i];
        }
    }
    list->count = kept;
}
