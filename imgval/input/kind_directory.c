/*
 * A directory tree: package files, extracted packages, bare manifests and metadata files, by name
 * alone. What is named like one of them and is no regular file is a fault, and so is a file that is
 * named like a container which nobody here reads, or whose name is one of these for Windows alone:
 * what was not looked at must not be hidden by a pass. Links are not followed. One whose target
 * lies in the tree is met there under its own name; one that leads to a folder outside is a fault.
 * FIFOs, sockets and devices of other names, and links to files of other names, are ignored.
 *
 * An extracted package is a folder that holds update.mum or man.dsm.xml. Package files below it are
 * listed too, and so are registry files: only its manifest can tell which are payload, and the
 * reader of the folder says so.
 * So a stray update.mum at the top of a tree hides no package.
 *
 * The folder of an image is walked in the same way. Packages in it are not members of the image's
 * set, and are listed as such (is_beside).
 */
#include "imgval/base/file.h"
#include "imgval/base/fold.h"
#include "imgval/base/look.h"
#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "imgval/input/container.h"
#include "imgval/input/kinds.h"
#include "imgval/input/manifest.h"
#include "imgval/input/metadata.h"
#include "imgval/model/kinds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A folder with a manifest in it. */
struct folder {
    const char *path;     /* relative; "" for the root */
    const char *manifest; /* relative path of the manifest that counts */
    bool has_packages;    /* there are further packages below it */
};

struct tree {
    struct iv_lister *lister;
    const struct iv_probe *probe;
    struct iv_tree root;
    bool is_of_image;      /* the folder of image files: these are not listed */
    struct iv_arena arena; /* of the walk and the folders: nothing of it is kept */
    struct iv_walk walk;
    size_t *item_of;        /* the item that an entry became, from 1; 0: none */
    struct folder *folders; /* sorted by path */
    size_t folder_count;
    const char **stems; /* of the folder of an image: the names of its images, less extension */
    size_t stem_count;
    const char **others; /* ... and the folders below that hold one, another submission; sorted */
    size_t other_count;
};

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static bool is_fixed_manifest(const char *name)
{
    return iv_ascii_ieq(name, IV_MUM_NAME) || iv_ascii_ieq(name, IV_DSM_NAME);
}

static bool is_package_like(const char *name)
{
    return iv_package_is_file_name(name) || iv_ascii_isuffix(name, ".mum") ||
           iv_ascii_isuffix(name, ".dsm.xml");
}

/* The SYSTEM hive, where the tree of a device has it. */
static bool is_hive(const char *path)
{
    static const char hive[] = "Windows/System32/config/SYSTEM";
    size_t size = strlen(path);
    size_t length = sizeof(hive) - 1;
    return iv_ascii_isuffix(path, hive) && (size == length || path[size - length - 1] == '/');
}

/* The log of a SYSTEM hive, which is not read: that it is there says something about its hive. */
static bool is_hive_log(const char *path)
{
    static const char place[] = "System32/config/";
    const char *name = last_part(path);
    size_t size = (size_t)(name - path);
    return iv_hive_is_log(name, UINT64_MAX) && size >= sizeof(place) - 1 &&
           iv_ascii_iprefix(name - (sizeof(place) - 1), place);
}

/* Names that matter whatever the entry is. A metadata file for which an option names another one
 * is not read, so it does not matter what it is. */
static bool is_telling(const struct iv_lister *lister, const char *name)
{
    enum iv_role role;
    return is_package_like(name) || iv_kind_of_image_name(name) != IV_KIND_COUNT ||
           (iv_lister_metadata_role(name, &role) && !iv_lister_is_named(lister, role));
}

/* Whether a regular file of this name is read, or a fault. */
static bool is_of_interest(const struct iv_lister *lister, const char *path, const char *name)
{
    return is_telling(lister, name) || iv_ascii_isuffix(name, ".xml") || is_hive(path) ||
           iv_container_is_name(name);
}

static bool is_packed(const struct iv_lister *lister, const char *path, const char *name)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    const char *inner = iv_container_inner(&arena, name);
    const char *inner_path = inner == NULL ? NULL : iv_container_inner(&arena, path);
    return inner != NULL && is_of_interest(lister, inner_path, inner);
}

/* The name without the dots and blanks at its end, which Windows drops; NULL: it has none. */
static const char *without_tail(struct iv_arena *arena, const char *name)
{
    size_t size = strlen(name);
    size_t kept = size;
    while (kept > 0 && (name[kept - 1] == '.' || name[kept - 1] == ' ')) {
        kept--;
    }
    return kept == 0 || kept == size ? NULL : iv_arena_strndup(arena, name, kept);
}

/* Whether a file has a name of interest for Windows, and not for other systems. */
static bool is_trailed(const struct iv_lister *lister, const char *path, const char *name)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    const char *kept = without_tail(&arena, name);
    const char *kept_path = kept == NULL ? NULL : without_tail(&arena, path);
    return kept != NULL && is_of_interest(lister, kept_path, kept);
}

/* What is not kept does not matter, and is counted here. */
static bool want(void *context, const char *path, const char *name, enum iv_file_type type)
{
    struct iv_lister *lister = context;
    uint64_t *counts = lister->listing.entries.of;
    bool is_wanted = true;
    switch (type) {
    case IV_FILE_REGULAR:
        is_wanted = is_of_interest(lister, path, name) || is_hive_log(path) ||
                    is_packed(lister, path, name) || is_trailed(lister, path, name);
        counts[IV_FATE_NAME] += is_wanted ? 0 : 1;
        break;
    case IV_FILE_OTHER:
        is_wanted = is_telling(lister, name);
        counts[IV_FATE_SPECIAL] += is_wanted ? 0 : 1;
        break;
    case IV_FILE_LINK: /* where it leads is to be seen */
    case IV_FILE_DIRECTORY:
        break; /* another of the same name in another case would hide what is in it */
    }
    return is_wanted;
}

/* ------------------------------------------------------------------------- not regular, images */

/* The same of a link of an archive: what lies outside is not there to be looked at. */
static const char *hidden_by_member(const struct tree *tree, const struct iv_entry *entry)
{
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini) = {0};
    const struct iv_archive *archive = tree->root.archive;
    const struct iv_archived *link = iv_archive_find(archive, entry->path, &scratch);
    return link == NULL || iv_archive_leads_out(archive, link, &scratch)
               ? "a symbolic link that leads out of the archive: what it leads to is not known"
               : NULL;
}

/* What a link of any name hides; NULL: nothing that is not met elsewhere in the tree. */
static const char *hidden_by_link(const struct tree *tree, const struct iv_entry *entry)
{
    struct iv_status st;
    bool is_inside = false;
    if (is_telling(tree->lister, last_part(entry->path))) {
        return "a symbolic link: links are not followed";
    }
    if (tree->root.archive != NULL) {
        return hidden_by_member(tree, entry);
    }
    switch (iv_look_through(tree->probe->fd, entry->path, &st, &is_inside)) {
    case IV_LOOK_ABSENT:
        return NULL;
    case IV_LOOK_TROUBLE:
        return iv_arena_printf(tree->lister->arena,
                               "a symbolic link, and where it leads is not "
                               "known: %s",
                               iv_lister_reason(errno));
    case IV_LOOK_FOUND:
        break;
    }
    if (st.type == IV_FILE_DIRECTORY) {
        return is_inside ? NULL
                         : "a symbolic link to a folder outside the tree: links are not "
                           "followed";
    }
    bool matters = is_of_interest(tree->lister, entry->path, last_part(entry->path));
    return matters && !is_inside ? "a symbolic link to a file outside the tree: links are not "
                                   "followed"
                                 : NULL;
}

/* A link that hides nothing is counted and needs no word. */
static enum iv_fate judge_link(struct tree *tree, const struct iv_entry *entry)
{
    struct iv_lister *lister = tree->lister;
    const char *detail = hidden_by_link(tree, entry);
    if (detail == NULL) {
        return IV_FATE_LINK;
    }
    iv_lister_fault(lister, IV_FAULT_NOT_REGULAR,
                    iv_lister_join(lister, tree->probe->path, entry->path), detail);
    return IV_FATE_REPORTED;
}

/* What a FIFO, socket or device is. */
static const char *what_is(const struct tree *tree, const struct iv_entry *entry)
{
    struct iv_status st;
    const char *detail = "no regular file";
    if (tree->root.archive != NULL) {
        struct iv_arena scratch IV_CLEANUP(iv_arena_fini) = {0};
        const struct iv_archived *member =
            iv_archive_find(tree->root.archive, entry->path, &scratch);
        return member == NULL ? detail : member->detail;
    }
    bool is_known = iv_look_beneath(tree->probe->fd, entry->path, &st) == IV_LOOK_FOUND;
    return is_known && st.what != NULL ? st.what : detail;
}

static enum iv_fate judge_other(struct tree *tree, const struct iv_entry *entry)
{
    struct iv_lister *lister = tree->lister;
    iv_lister_fault(lister, IV_FAULT_NOT_REGULAR,
                    iv_lister_join(lister, tree->probe->path, entry->path), what_is(tree, entry));
    return IV_FATE_REPORTED;
}

/* ------------------------------------------------------------------------------------- folders */

/* "" for what lies in the root. */
static const char *folder_of(struct iv_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? "" : iv_arena_strndup(arena, path, (size_t)(slash - path));
}

/* By folder; in one folder update.mum first: it counts. */
static int compare_manifest(const void *a, const void *b)
{
    const struct folder *x = a;
    const struct folder *y = b;
    int order = strcmp(x->path, y->path);
    if (order == 0) {
        bool x_mum = iv_ascii_isuffix(x->manifest, IV_MUM_NAME);
        bool y_mum = iv_ascii_isuffix(y->manifest, IV_MUM_NAME);
        order = x_mum != y_mum ? (x_mum ? -1 : 1) : strcmp(x->manifest, y->manifest);
    }
    return order;
}

static int compare_folder(const void *key, const void *item)
{
    return strcmp(key, ((const struct folder *)item)->path);
}

static struct folder *find_folder(const struct tree *tree, const char *path)
{
    return tree->folder_count == 0 ? NULL
                                   : bsearch(path, tree->folders, tree->folder_count,
                                             sizeof(*tree->folders), compare_folder);
}

/* One folder for each manifest; of two in one the first counts, by compare_manifest(). */
static void find_folders(struct tree *tree)
{
    size_t capacity = 0;
    for (size_t i = 0; i < tree->walk.count; i++) {
        const struct iv_entry *entry = &tree->walk.entries[i];
        if (entry->type != IV_FILE_REGULAR || !is_fixed_manifest(last_part(entry->path))) {
            continue;
        }
        tree->folders = iv_arena_grow(&tree->arena, tree->folders, tree->folder_count, &capacity,
                                      sizeof(*tree->folders));
        tree->folders[tree->folder_count++] = (struct folder){
            .path = folder_of(&tree->arena, entry->path),
            .manifest = entry->path,
        };
    }
    if (tree->folder_count > 1) {
        iv_sort(tree->folders, tree->folder_count, sizeof(*tree->folders), compare_manifest);
    }
    size_t kept = 0;
    for (size_t i = 0; i < tree->folder_count; i++) {
        if (kept == 0 || strcmp(tree->folders[kept - 1].path, tree->folders[i].path) != 0) {
            tree->folders[kept++] = tree->folders[i];
        }
    }
    tree->folder_count = kept;
}

/* The folder's own manifest, or the one that its update.mum hides. */
static bool is_own_manifest(const struct folder *folder, const char *path)
{
    return strcmp(path, folder->manifest) == 0 || (iv_ascii_ieq(last_part(path), IV_DSM_NAME) &&
                                                   iv_ascii_isuffix(folder->manifest, IV_MUM_NAME));
}

/* Marks every folder above a package. Depth is bounded by the walk. */
static void mark_folders(struct tree *tree)
{
    for (size_t i = 0; tree->folder_count > 0 && i < tree->walk.count; i++) {
        const struct iv_entry *entry = &tree->walk.entries[i];
        if (entry->type != IV_FILE_REGULAR || !is_package_like(last_part(entry->path))) {
            continue;
        }
        char *above = iv_arena_strdup(&tree->arena, entry->path);
        bool is_nearest = true;
        while (*above != '\0') {
            char *slash = strrchr(above, '/');
            *(slash == NULL ? above : slash) = '\0';
            struct folder *folder = find_folder(tree, above);
            if (folder != NULL && !(is_nearest && is_own_manifest(folder, entry->path))) {
                folder->has_packages = true;
            }
            is_nearest = false;
        }
    }
}

/* --------------------------------------------------------------------------------------- items */

/* Whether a log lies beside a hive that can hold entries, or may: it cannot be looked at. */
static bool has_hive_log(const struct tree *tree, const char *hive)
{
    size_t size = (size_t)(last_part(hive) - hive);
    const char *folder = iv_arena_strndup(tree->lister->arena, hive, size);
    for (size_t i = 0; i < tree->walk.count; i++) {
        const char *path = tree->walk.entries[i].path;
        uint64_t log_size;
        if ((size_t)(last_part(path) - path) == size && is_hive_log(path) &&
            iv_ascii_iprefix(path, folder) &&
            (iv_tree_size(&tree->root, path, &log_size) != IV_LOOK_FOUND ||
             iv_hive_is_log(last_part(path), log_size))) {
            return true;
        }
    }
    return false;
}

/* `path` ends with the entry's own: with `relative`. */
static enum iv_fate list_manifest(struct tree *tree, const struct iv_entry *entry, const char *path,
                                  const char *relative)
{
    struct iv_lister *lister = tree->lister;
    const struct folder *folder = NULL;
    if (is_fixed_manifest(last_part(entry->path))) {
        folder = find_folder(tree, folder_of(&tree->arena, entry->path));
    }
    if (folder == NULL || !is_own_manifest(folder, entry->path)) {
        iv_lister_item(lister, IV_ROLE_PACKAGE, path, relative, -1);
    } else if (strcmp(folder->manifest, entry->path) == 0) {
        iv_lister_item(lister, IV_ROLE_FOLDER,
                       iv_lister_join(lister, tree->probe->path, folder->path), relative, -1);
    } else {
        return IV_FATE_REPLACED;
    }
    return IV_FATE_READ;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_submission(const struct iv_entry *entry)
{
    const char *name = last_part(entry->path);
    return entry->type == IV_FILE_REGULAR && iv_kind_of_image_name(name) != IV_KIND_COUNT &&
           !iv_lister_is_part_name(name);
}

/* Of the folder of an image: its images, and the folders below that hold others. */
static void find_images(struct tree *tree)
{
    size_t most = tree->is_of_image ? tree->walk.count : 0;
    tree->stems = IV_NEW_ARRAY(&tree->arena, const char *, most);
    tree->others = IV_NEW_ARRAY(&tree->arena, const char *, most);
    for (size_t i = 0; i < most; i++) {
        const struct iv_entry *entry = &tree->walk.entries[i];
        if (is_submission(entry) && last_part(entry->path) == entry->path) {
            size_t size = (size_t)(strrchr(entry->path, '.') - entry->path);
            tree->stems[tree->stem_count++] = iv_arena_strndup(&tree->arena, entry->path, size);
        } else if (is_submission(entry)) {
            tree->others[tree->other_count++] = folder_of(&tree->arena, entry->path);
        }
    }
    if (tree->other_count > 1) {
        iv_sort(tree->others, tree->other_count, sizeof(*tree->others), compare_names);
    }
}

/* Whether it lies in such a folder, or below one. */
static bool is_with_image(struct tree *tree, const struct iv_entry *entry)
{
    char *above = iv_arena_strdup(&tree->arena, entry->path);
    bool is_with = false;
    for (char *slash; tree->other_count > 0 && !is_with && (slash = strrchr(above, '/')) != NULL;) {
        *slash = '\0';
        is_with = bsearch(&above, tree->others, tree->other_count, sizeof(*tree->others),
                          compare_names) != NULL;
    }
    return is_with;
}

/* Of the folder of an image: what is not listed with it. The images of the folder itself are
 * submissions, and their side files are listed with them. What lies below says nothing about the
 * device of an image; what claims to is looked at, to say so. */
static bool is_of_another(struct tree *tree, const struct iv_entry *entry)
{
    const char *name = last_part(entry->path);
    enum iv_role role;
    if (!tree->is_of_image || is_package_like(name)) {
        return false;
    }
    bool is_image = iv_kind_of_image_name(name) != IV_KIND_COUNT;
    if (name == entry->path) {
        return (is_image && !iv_lister_is_part_name(name)) ||
               (iv_lister_metadata_role(name, &role) && role != IV_ROLE_REGISTRY);
    }
    return !is_image && !iv_container_is_name(name) &&
           !is_packed(tree->lister, entry->path, name) &&
           !is_trailed(tree->lister, entry->path, name) && is_with_image(tree, entry);
}

/* What the entry became, in the folder of an image. */
static void mark_beside(struct tree *tree, const struct iv_entry *entry, size_t first)
{
    for (size_t i = first; tree->is_of_image && i < tree->lister->listing.item_count; i++) {
        struct iv_item *item = &tree->lister->listing.items[i];
        item->is_beside = item->role == IV_ROLE_PACKAGE || item->role == IV_ROLE_FOLDER;
        item->is_below = strchr(entry->path, '/') != NULL;
    }
}

/* Files that are known by their names, but for packages and what describes a device. */
static enum iv_fate list_container(struct tree *tree, const struct iv_entry *entry,
                                   const char *path, const char *relative)
{
    struct iv_lister *lister = tree->lister;
    const char *name = last_part(entry->path);
    enum iv_kind image = iv_kind_of_image_name(name);
    if (image != IV_KIND_COUNT && tree->root.archive != NULL) {
        iv_lister_fault(lister, IV_FAULT_UNSUPPORTED, path,
                        iv_arena_printf(lister->arena,
                                        "%s in an archive, where images are not read: unpack it",
                                        iv_kinds[image].what));
        return IV_FATE_REPORTED;
    }
    if (image != IV_KIND_COUNT && iv_lister_is_part_name(name) && !tree->is_of_image) {
        iv_lister_part(lister, path, relative);
        return IV_FATE_READ;
    }
    if (image != IV_KIND_COUNT) {
        iv_lister_unsupported(lister, image, path);
    } else {
        iv_lister_fault(lister, IV_FAULT_UNSUPPORTED, path,
                        "a container of files: unpack it, and scan what is in it");
    }
    return IV_FATE_REPORTED;
}

/* On Windows it is the file of the shorter name, here it is not: which one is meant is not known.
 */
static enum iv_fate list_trailed(const struct tree *tree, const char *path)
{
    iv_lister_fault(tree->lister, IV_FAULT_UNSUPPORTED, path,
                    "its name ends in a dot or blank, which Windows drops: rename it");
    return IV_FATE_REPORTED;
}

static enum iv_fate list_metadata(struct tree *tree, const struct iv_entry *entry, const char *path,
                                  const char *relative)
{
    struct iv_lister *lister = tree->lister;
    enum iv_role role = IV_ROLE_ANSWER;
    (void)iv_lister_metadata_role(last_part(entry->path), &role);
    if (iv_lister_is_named(lister, role)) {
        return IV_FATE_REPLACED;
    }
    iv_lister_item(lister, role, path, relative, -1);
    return IV_FATE_READ;
}

/* Below the folder of an image: what describes a device, by its name. (Registry and answer files do
 * by their content, which their reader looks at.) */
static bool is_set_aside(const struct tree *tree, const struct iv_entry *entry)
{
    const char *name = last_part(entry->path);
    enum iv_role role = IV_ROLE_REGISTRY;
    (void)iv_lister_metadata_role(name, &role);
    return tree->is_of_image && name != entry->path &&
           ((role != IV_ROLE_REGISTRY && !iv_lister_is_named(tree->lister, role)) ||
            is_hive(entry->path) || iv_answer_is_datastore(name));
}

static enum iv_fate set_aside(struct tree *tree, const char *path, const char *detail)
{
    iv_lister_fault(tree->lister, IV_FAULT_ELSEWHERE, path, detail);
    return IV_FATE_REPORTED;
}

/* READ stands for what became an item: what its reader makes of it decides. */
static enum iv_fate list_file(struct tree *tree, const struct iv_entry *entry)
{
    struct iv_lister *lister = tree->lister;
    const char *name = last_part(entry->path);
    const char *path = iv_lister_join(lister, tree->probe->path, entry->path);
    const char *relative = path + strlen(path) - strlen(entry->path);
    if (is_set_aside(tree, entry)) {
        return set_aside(tree, path, IV_ELSEWHERE_BELOW);
    }
    if (iv_answer_is_datastore(name)) {
        iv_lister_item(lister, IV_ROLE_ANSWER, path, relative, -1);
        return IV_FATE_READ;
    }
    if (iv_package_is_file_name(name)) {
        iv_lister_item(lister, IV_ROLE_PACKAGE, path, relative, -1);
        return IV_FATE_READ;
    }
    if (is_package_like(name)) {
        return list_manifest(tree, entry, path, relative);
    }
    if (is_hive(entry->path)) {
        bool has_log = has_hive_log(tree, entry->path);
        iv_lister_item(lister, IV_ROLE_HIVE, path, relative, -1);
        lister->listing.items[lister->listing.item_count - 1].has_log = has_log;
        return IV_FATE_READ;
    }
    if (is_hive_log(entry->path)) {
        return IV_FATE_LOG;
    }
    if (iv_kind_of_image_name(name) != IV_KIND_COUNT || iv_container_is_name(name) ||
        is_packed(lister, entry->path, name)) {
        return list_container(tree, entry, path, relative);
    }
    if (is_trailed(lister, entry->path, name)) {
        return list_trailed(tree, path);
    }
    return list_metadata(tree, entry, path, relative);
}

/* Whether a side file has the plain name, or that of an image beside it. */
static bool is_named_for_image(const struct tree *tree, const char *name)
{
    enum iv_role role;
    bool is = !iv_lister_metadata_role(name, &role) || iv_lister_is_named(tree->lister, role) ||
              iv_lister_is_plain(name);
    for (size_t i = 0; i < tree->stem_count && !is; i++) {
        is = iv_ascii_iprefix(name, tree->stems[i]) && name[strlen(tree->stems[i])] == '.';
    }
    return is;
}

/* Of what stands for another submission: an image file of the folder is the one in hand itself, and
 * so are its side files, which have their items already. */
static enum iv_fate fate_of_another(struct tree *tree, const struct iv_entry *entry)
{
    const struct iv_listing *listing = &tree->lister->listing;
    const char *path = iv_lister_join(tree->lister, tree->probe->path, entry->path);
    for (size_t i = 0; i < listing->item_count; i++) {
        if (listing->items[i].fd >= 0 && strcmp(listing->items[i].path, path) == 0) {
            return IV_FATE_READ;
        }
    }
    if (last_part(entry->path) == entry->path && !is_named_for_image(tree, entry->path)) {
        return set_aside(tree, path, "its name is that of no image beside it");
    }
    return IV_FATE_OTHER;
}

static enum iv_fate list_regular(struct tree *tree, const struct iv_entry *entry)
{
    size_t first = tree->lister->listing.item_count;
    if (is_of_another(tree, entry)) {
        return fate_of_another(tree, entry);
    }
    enum iv_fate fate = list_file(tree, entry);
    mark_beside(tree, entry, first);
    /* Beyond the limit of packages there is no item; one fault stands for all of them. */
    bool is_listed = tree->lister->listing.item_count > first;
    return fate == IV_FATE_READ && !is_listed ? IV_FATE_REPORTED : fate;
}

static int compare_trouble(const void *key, const void *item)
{
    return strcmp(key, ((const struct iv_walk_trouble *)item)->path);
}

/* A folder counts as one unless it is named itself: it could not be read. */
static enum iv_fate judge_folder(const struct tree *tree, const struct iv_entry *entry)
{
    const struct iv_walk *walk = &tree->walk;
    bool is_trouble =
        walk->trouble_count > 0 && bsearch(entry->path, walk->troubles, walk->trouble_count,
                                           sizeof(*walk->troubles), compare_trouble) != NULL;
    return is_trouble ? IV_FATE_REPORTED : IV_FATE_FOLDER;
}

static enum iv_fate list_entry(struct tree *tree, const struct iv_entry *entry)
{
    switch (entry->type) {
    case IV_FILE_REGULAR:
        return list_regular(tree, entry);
    case IV_FILE_LINK:
        return judge_link(tree, entry);
    case IV_FILE_OTHER:
        return judge_other(tree, entry);
    case IV_FILE_DIRECTORY:
        break;
    }
    return judge_folder(tree, entry);
}

/* --------------------------------------------------------------------------------------- twins */

/* Folders, and the files that have a role by their names. */
static bool has_role(const struct tree *tree, const struct iv_entry *entry)
{
    return entry->type == IV_FILE_DIRECTORY ||
           (entry->type == IV_FILE_REGULAR &&
            (is_telling(tree->lister, last_part(entry->path)) || is_hive(entry->path)));
}

/* Any other .xml has a role if it turns out to be an answer file. */
static bool can_have_role(const struct tree *tree, const struct iv_entry *entry)
{
    return has_role(tree, entry) ||
           (entry->type == IV_FILE_REGULAR && iv_ascii_isuffix(entry->path, ".xml"));
}

/* Bytes of the folder's path, with its slash. */
static size_t parent_size(const char *path)
{
    return (size_t)(last_part(path) - path);
}

/* What differs in case alone, in whatever part, stands together; of it, what lies in one folder. */
static int compare_twins(const void *a, const void *b)
{
    const struct iv_entry *x = *(const struct iv_entry *const *)a;
    const struct iv_entry *y = *(const struct iv_entry *const *)b;
    int order = iv_fold_compare(x->path, y->path);
    return order != 0 ? order : strcmp(x->path, y->path);
}

/* Leaves it to the reader of the file to report its twin. */
static void note_twin(struct tree *tree, const struct iv_entry *entry, const char *twin)
{
    size_t item = tree->item_of[entry - tree->walk.entries];
    if (item > 0) {
        tree->lister->listing.items[item - 1].twin =
            iv_arena_strdup(tree->lister->arena, last_part(twin));
    }
}

/* On Windows the two are one file, so which of them a device gets is not known. Of an .xml it only
 * matters if it is an answer file, which its reader sees. */
static void judge_twins(struct tree *tree, const struct iv_entry *first,
                        const struct iv_entry *second)
{
    if (has_role(tree, first) && has_role(tree, second)) {
        iv_lister_fault(tree->lister, IV_FAULT_TWINS,
                        iv_lister_join(tree->lister, tree->probe->path, second->path),
                        iv_arena_printf(tree->lister->arena, "%s is its twin in the same folder",
                                        last_part(first->path)));
        return;
    }
    note_twin(tree, first, second->path);
    note_twin(tree, second, first->path);
}

/* Sorted without case, twins are neighbours. */
static void find_twins(struct tree *tree)
{
    const struct iv_entry **order =
        IV_NEW_ARRAY(&tree->arena, const struct iv_entry *, tree->walk.count + 1);
    size_t count = 0;
    for (size_t i = 0; i < tree->walk.count; i++) {
        if (can_have_role(tree, &tree->walk.entries[i])) {
            order[count++] = &tree->walk.entries[i];
        }
    }
    iv_sort(order, count, sizeof(*order), compare_twins);
    for (size_t i = 1; i < count; i++) {
        const char *first = order[i - 1]->path;
        const char *second = order[i]->path;
        size_t parent = parent_size(first);
        if (parent == parent_size(second) && memcmp(first, second, parent) == 0 &&
            iv_fold_is_twin(first, second)) {
            judge_twins(tree, order[i - 1], order[i]);
        }
    }
}

/* A folder that could not be walked may hold packages: the set is not known to be whole. */
static void list_troubles(struct tree *tree)
{
    for (size_t i = 0; i < tree->walk.trouble_count; i++) {
        const struct iv_walk_trouble *trouble = &tree->walk.troubles[i];
        tree->lister->listing.entries.is_cut |= trouble->is_limit;
        iv_lister_fault(tree->lister, trouble->is_limit ? IV_FAULT_LIMIT : IV_FAULT_UNREADABLE,
                        iv_lister_join(tree->lister, tree->probe->path, trouble->path),
                        iv_arena_strdup(tree->lister->arena, trouble->detail));
    }
}

/* Folders first: what a manifest or a package file is depends on the others around it. */
static void list_tree(struct tree *tree)
{
    struct iv_lister *lister = tree->lister;
    const struct iv_tree_search search = {
        .folder = "",
        .limits = lister->options->limits,
        .want = want,
        .context = lister,
    };
    struct iv_fault fault;
    tree->root = (struct iv_tree){.directory = tree->probe->fd, .archive = tree->probe->archive};
    if (!iv_tree_walk(&tree->root, &search, &tree->arena, &tree->walk, &fault)) {
        iv_lister_fault(lister, fault.kind, tree->probe->path, fault.detail);
    }
    iv_lister_expect(lister, tree->walk.count);
    find_folders(tree);
    mark_folders(tree);
    find_images(tree);
    tree->item_of = IV_NEW_ARRAY(&tree->arena, size_t, tree->walk.count);
    for (size_t i = 0; i < tree->walk.count; i++) {
        size_t before = lister->listing.item_count;
        enum iv_fate fate = list_entry(tree, &tree->walk.entries[i]);
        tree->item_of[i] = lister->listing.item_count > before ? before + 1 : 0;
        if (fate != IV_FATE_READ) { /* items are counted once they were read */
            lister->listing.entries.of[fate]++;
        }
    }
    find_twins(tree);
    list_troubles(tree);
}

void iv_directory_list_beside(struct iv_lister *lister, const struct iv_probe *probe)
{
    struct tree tree = {.lister = lister, .probe = probe, .is_of_image = true};
    list_tree(&tree);
    iv_arena_fini(&tree.arena);
}

/* A root that is itself an extracted package, with no other in it, is a single package and no
 * submission of several. */
void iv_directory_list(struct iv_lister *lister, const struct iv_probe *probe)
{
    struct tree tree = {.lister = lister, .probe = probe};
    list_tree(&tree);
    const struct folder *root = find_folder(&tree, "");
    if (root != NULL && !root->has_packages) {
        lister->listing.kind = IV_KIND_PACKAGE;
    }
    iv_arena_fini(&tree.arena);
}
