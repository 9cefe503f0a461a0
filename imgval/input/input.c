/*
 * Listing and reading, for all kinds of input.
 *
 * iv_input_list() runs in the parent. It opens the path, finds its kind by first and last bytes
 * (kinds.c), lets the kind list its items, adds the files beside it and those that options name,
 * and sorts everything, so that equal input gives equal listings whatever order the file system
 * has.
 *
 * An archive is listed as the tree that it holds. Its directory is parsed by a reader process of
 * its own (archive.c), before the kind is asked; from there on it is a directory with another root.
 *
 * iv_input_read() runs in a worker and reads one item: it opens the file beneath the root that
 * was listed, without following links, lets the reader for the item's role fill the facts, and at
 * the end asks whether the file is still the one that it was. A file that somebody wrote to
 * meanwhile is a fault, as no one content was judged.
 */
#include "imgval/input/input.h"

#include "imgval/base/file.h"
#include "imgval/base/look.h"
#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "imgval/input/archive.h"
#include "imgval/input/cabinet.h"
#include "imgval/input/kinds.h"
#include "imgval/input/manifest.h"
#include "imgval/input/metadata.h"
#include "imgval/input/opened.h"
#include "imgval/input/reader.h"
#include "imgval/model/kinds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of an .xml that nearly always tell whether it is an answer file. */
#define ANSWER_HEAD_SIZE 4096

/* Bytes of a file that are asked for ahead: a cabinet's directory and first blocks. */
#define ADVISED_SIZE 65536

/* ------------------------------------------------------------------------------------- listing */

/* By path; ranges of an image's chunks by their offset. */
static int compare_item(const void *a, const void *b)
{
    const struct iv_item *x = a;
    const struct iv_item *y = b;
    int order = strcmp(x->path, y->path);
    if (order == 0) {
        order = (x->role > y->role) - (x->role < y->role);
    }
    return order != 0 ? order : (x->offset > y->offset) - (x->offset < y->offset);
}

static int compare_fault(const void *a, const void *b)
{
    const struct iv_fault *x = a;
    const struct iv_fault *y = b;
    int order = strcmp(x->path, y->path);
    if (order == 0) {
        order = (x->kind > y->kind) - (x->kind < y->kind);
    }
    return order != 0 ? order : strcmp(x->detail, y->detail);
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Equal input gives equal listings, whatever order the file system has. */
static void sort_listing(struct iv_listing *listing)
{
    iv_sort(listing->items, listing->item_count, sizeof(*listing->items), compare_item);
    if (listing->fault_count > 1) {
        iv_sort(listing->faults, listing->fault_count, sizeof(*listing->faults), compare_fault);
    }
    if (listing->history_count > 1) {
        iv_sort(listing->histories, listing->history_count, sizeof(*listing->histories),
                compare_text);
    }
}

/* First and last bytes of a file: a VHD may be known by its footer alone. False with errno set. */
static bool read_ends(struct iv_probe *probe, uint64_t size)
{
    int64_t got = iv_file_read_at(probe->fd, probe->head, sizeof(probe->head), 0);
    probe->head_size = got < 0 ? 0 : (size_t)got;
    if (got >= 0 && size >= sizeof(probe->tail)) {
        got = iv_file_read_at(probe->fd, probe->tail, sizeof(probe->tail),
                              size - sizeof(probe->tail));
        probe->tail_size = got < 0 ? 0 : (size_t)got;
    }
    return got >= 0;
}

/* Opens the path (its last part may be a link: the user named it) and reads what decides. */
static bool open_probe(const char *path, struct iv_probe *probe, struct iv_error *err)
{
    struct iv_status st;
    bool lists;
    if (iv_look_at(path, &st) != IV_LOOK_FOUND) {
        return iv_archive_error_open(err, path);
    }
    if (st.type != IV_FILE_DIRECTORY && st.type != IV_FILE_REGULAR) {
        return iv_error_set(err, IV_ERROR_USAGE, "%s: neither a file nor a directory", path);
    }
    int fd = st.type == IV_FILE_DIRECTORY ? iv_look_open(path, &lists) : iv_file_open(path, &st);
    if (fd < 0) {
        return iv_error_open(err, path);
    }
    *probe = (struct iv_probe){.path = path, .fd = fd};
    if (!iv_file_status(fd, &st)) {
        iv_error_open(err, path);
        iv_fd_close(&probe->fd);
        return false;
    }
    if (st.type != IV_FILE_DIRECTORY && st.type != IV_FILE_REGULAR) {
        iv_fd_close(&probe->fd);
        return iv_error_set(err, IV_ERROR_USAGE, "%s: neither a file nor a directory", path);
    }
    probe->is_directory = st.type == IV_FILE_DIRECTORY;
    if (!probe->is_directory && !read_ends(probe, st.size)) {
        iv_error_open(err, path);
        iv_fd_close(&probe->fd);
        return false;
    }
    return true;
}

/* The row of a kind that has one. */
static const struct iv_kind_row *row_of(enum iv_kind kind)
{
    const struct iv_kind_row *row = iv_kind_rows;
    while (row->kind != kind) {
        row++;
    }
    return row;
}

/* By content; a file that is nothing else is what its name says, so that a damaged image is not
 * taken for a damaged package. */
static const struct iv_kind_row *find_kind(const struct iv_probe *probe)
{
    const struct iv_kind_row *row = iv_kind_rows;
    while (!row->is(probe)) {
        row++; /* the last row fits everything */
    }
    enum iv_kind by_name = iv_kind_of_image_name(probe->path);
    if (row->kind != IV_KIND_PACKAGE || by_name == IV_KIND_COUNT ||
        iv_cabinet_is(probe->head, probe->head_size)) {
        return row;
    }
    return row_of(by_name);
}

/* The folder that an image stands for. One that cannot be opened is a fault already. */
static void list_folder(struct iv_lister *lister, const char *path)
{
    bool lists;
    struct iv_probe folder = {.path = path, .is_directory = true, .fd = iv_look_open(path, &lists)};
    if (folder.fd >= 0) {
        iv_directory_list_beside(lister, &folder);
        lister->listing.directory = folder.fd;
    }
}

/* Reads the directory of a path that is an archive. In the place of a folder's image it is none
 * that is read: the tree is the folder, and the archive is named as a container in it. */
static bool open_archive(struct iv_lister *lister, struct iv_probe *probe, struct iv_error *err)
{
    struct iv_archive *archive;
    const struct iv_archive_options options = {
        .limits = lister->options->limits,
        .jobs = lister->options->jobs,
        .require_sandbox = lister->options->require_sandbox,
        .by_exec = lister->options->by_exec,
    };
    if (probe->is_directory || lister->options->folder != NULL ||
        !iv_archive_is(probe->path, probe->head, probe->head_size)) {
        return true;
    }
    if (!iv_archive_open(probe->fd, &options, lister->arena, &archive, &lister->listing.containment,
                         err)) {
        return false;
    }
    probe->archive = archive;
    return true;
}

/* The archive becomes the root; what is wrong with it as a whole is about its path. */
static void list_archive(struct iv_lister *lister, const struct iv_probe *probe)
{
    const struct iv_archive *archive = probe->archive;
    const char *path = iv_arena_strdup(lister->arena, probe->path);
    lister->listing.archive = archive;
    lister->listing.archive_fd = probe->fd;
    lister->listing.is_container = !archive->is_read;
    for (size_t i = 0; i < archive->fault_count; i++) {
        iv_lister_fault(lister, archive->faults[i].kind, path, archive->faults[i].detail);
    }
}

/* Lets the kind list the path and adds what lies beside it; takes the descriptor over. */
static void list_probe(struct iv_lister *lister, struct iv_probe *probe)
{
    const char *folder = lister->options->folder;
    const struct iv_kind_row *row = find_kind(probe);
    lister->listing.kind = row->kind;
    row->list(lister, probe);
    if (probe->is_directory) {
        lister->listing.directory = probe->fd;
        probe->fd = -1;
    } else if (probe->archive != NULL) {
        list_archive(lister, probe);
        probe->fd = -1;
    } else if (!lister->listing.is_container) {
        iv_lister_beside(lister, probe->path, iv_kinds[row->kind].is_image && folder == NULL);
    }
    iv_fd_close(&probe->fd);
    if (folder != NULL) {
        list_folder(lister, folder);
    }
}

/* False: there is no such input, or an option names a file that is not there: mistakes of the user.
 * All that is wrong within the input is a fault of the listing instead. */
bool iv_input_list(const char *path, const struct iv_list_options *options, struct iv_arena *arena,
                   struct iv_listing *ret_listing, struct iv_error *err)
{
    struct iv_lister lister = {
        .options = options,
        .arena = arena,
        .listing = {.directory = -1, .archive_fd = -1},
    };
    struct iv_probe probe = {.fd = -1};
    if (!open_probe(path, &probe, err)) {
        return false;
    }
    if (!open_archive(&lister, &probe, err)) {
        iv_fd_close(&probe.fd);
        return false;
    }
    list_probe(&lister, &probe);
    if (options->trouble != NULL) {
        iv_lister_fault(&lister, IV_FAULT_UNREADABLE, path, options->trouble);
    }
    if (!iv_lister_named_files(&lister, err)) {
        iv_input_close(&lister.listing);
        return false;
    }
    iv_lister_finish_images(&lister);
    sort_listing(&lister.listing);
    *ret_listing = lister.listing;
    return true;
}

void iv_input_close(struct iv_listing *listing)
{
    iv_fd_close(&listing->directory);
    iv_fd_close(&listing->archive_fd);
    for (size_t i = 0; i < listing->item_count; i++) {
        if (listing->items[i].role != IV_ROLE_CHUNKS) { /* theirs is the image's */
            iv_fd_close(&listing->items[i].fd);
        }
    }
}

/* ------------------------------------------------------------------------------------- reading */

/* An open item. */
struct opened {
    struct iv_opened file;
    int fd; /* what it is read from: the file itself, or the archive that holds it */
    struct iv_status before; /* the reading */
};

static struct iv_tree root_of(const struct iv_listing *listing)
{
    return (struct iv_tree){.directory = listing->directory, .archive = listing->archive};
}

/* Opens the item beneath the listed root. */
static bool open_listed(const struct iv_listing *listing, const struct iv_item *item,
                        struct opened *opened, struct iv_fault *ret_fault)
{
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini) = {0};
    const struct iv_tree root = root_of(listing);
    bool is_file = listing->archive == NULL;
    switch (iv_tree_open(&root, item->relative, &scratch, &opened->file, ret_fault)) {
    case IV_LOOK_FOUND:
        opened->fd = is_file ? opened->file.fd : listing->archive_fd;
        return true;
    case IV_LOOK_ABSENT:
        ret_fault->kind = IV_FAULT_UNREADABLE;
        ret_fault->detail = "vanished during the scan";
        break;
    case IV_LOOK_TROUBLE:
        if (ret_fault->kind == IV_FAULT_NOT_REGULAR && is_file) {
            ret_fault->detail = "no regular file any more";
        }
        break;
    }
    ret_fault->path = item->path;
    return false;
}

/* Opens the item, or takes the descriptor that the parent opened. False with *ret_fault set: since
 * the listing it may have vanished, or become something else. */
static bool open_item(const struct iv_listing *listing, const struct iv_item *item,
                      struct opened *opened, struct iv_fault *ret_fault)
{
    if (item->fd < 0 && !open_listed(listing, item, opened, ret_fault)) {
        return false;
    }
    opened->fd = item->fd < 0 ? opened->fd : item->fd;
    if (!iv_file_status(opened->fd, &opened->before)) {
        *ret_fault = (struct iv_fault){
            .kind = IV_FAULT_UNREADABLE, .path = item->path, .detail = iv_errno_text(errno)};
        return false;
    }
    if (item->fd >= 0) {
        opened->file = iv_opened_of(item->fd, opened->before.size);
    }
    return true;
}

/* What the facts cache goes by. Times to the nanosecond, with the time of change, which no program
 * can set back. */
static struct iv_identity identity_of(const struct iv_status *st)
{
    return (struct iv_identity){
        .device = st->device,
        .inode = st->inode,
        .size = st->size,
        .mtime = st->mtime,
        .mtime_ns = st->mtime_ns,
        .ctime = st->ctime,
        .ctime_ns = st->ctime_ns,
    };
}

bool iv_input_identify(const struct iv_listing *listing, const struct iv_item *item,
                       struct iv_identity *ret_identity)
{
    struct iv_status st;
    if (item->fd < 0 && listing->archive != NULL) {
        return false; /* a member has no times of its own that could be trusted */
    }
    bool got = item->fd >= 0
                   ? iv_file_status(item->fd, &st)
                   : iv_look_beneath(listing->directory, item->relative, &st) == IV_LOOK_FOUND;
    if (!got || st.type != IV_FILE_REGULAR) {
        return false;
    }
    *ret_identity = identity_of(&st);
    return true;
}

bool iv_identity_is_same(const struct iv_identity *a, const struct iv_identity *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->mtime == b->mtime && a->mtime_ns == b->mtime_ns && a->ctime == b->ctime &&
           a->ctime_ns == b->ctime_ns;
}

/* Whether somebody wrote to the file while it was read: then no one content was judged. */
static bool has_changed(const struct opened *opened)
{
    const struct iv_status *before = &opened->before;
    struct iv_status now;
    return !iv_file_status(opened->fd, &now) || now.size != before->size ||
           now.mtime != before->mtime || now.mtime_ns != before->mtime_ns ||
           now.ctime != before->ctime || now.ctime_ns != before->ctime_ns;
}

/* The parent asks the kernel for the items that come next, while readers are busy. A failure is met
 * again by the reader. */
void iv_input_advise(const struct iv_listing *listing, const struct iv_item *item)
{
    enum iv_file_type type;
    uint64_t size;
    int fd IV_CLEANUP(iv_fd_close) =
        item->fd < 0 && listing->archive == NULL
            ? iv_file_open_at(listing->directory, item->relative, &type, &size)
            : -1;
    if (fd >= 0) {
        iv_file_expect_soon(fd, ADVISED_SIZE);
    }
}

static bool is_package_role(enum iv_role role)
{
    return role == IV_ROLE_PACKAGE || role == IV_ROLE_FOLDER;
}

/* The package of a package item, as its name describes it. */
static struct iv_package *start_package(const struct iv_item *item, struct iv_arena *arena,
                                        struct iv_facts *facts)
{
    facts->packages = IV_NEW(arena, struct iv_package);
    facts->package_count = 1;
    iv_package_from_name(arena, item->path, item->role == IV_ROLE_FOLDER, facts->packages);
    return facts->packages;
}

/* A history that cannot be read is there all the same: absence would be judged otherwise. */
static void start_metadata(const struct iv_item *item, struct iv_facts *facts)
{
    if (item->role == IV_ROLE_HISTORY) {
        facts->history.path = item->path;
        facts->history.present = true;
    } else if (item->role == IV_ROLE_OEM_INPUT) {
        facts->oem_input.path = item->path;
        facts->oem_input.present = true;
    }
}

static bool has_fault(const struct iv_facts *facts, enum iv_fault_kind kind)
{
    for (size_t i = 0; i < facts->fault_count; i++) {
        if (facts->faults[i].kind == kind) {
            return true;
        }
    }
    return false;
}

/* A package file, or the manifest of an extracted folder. A cabinet that turns out to be no package
 * leaves none. */
static void read_package_item(const struct iv_reader *r, const struct iv_listing *listing,
                              const struct iv_item *item, const struct opened *opened)
{
    struct iv_package *package = r->facts->packages;
    const struct iv_tree root = root_of(listing);
    if (item->role == IV_ROLE_FOLDER) {
        iv_package_read_folder(r, &opened->file, &root, item->relative, package);
        return;
    }
    iv_package_read_file(r, &opened->file, &root, item->relative, package);
    if (has_fault(r->facts, IV_FAULT_NOT_PACKAGE)) {
        r->facts->package_count = 0;
    }
}

static void read_package(const struct iv_reader *r, const struct iv_listing *listing,
                         const struct iv_item *item, const struct opened *opened)
{
    struct iv_reader reader = *r;
    if (item->is_beside) {
        reader.verify = NULL; /* nothing of the submission */
    }
    read_package_item(&reader, listing, item, opened);
    if (item->is_below) {
        r->facts->datum_count = 0;
    }
}

/* A package beside an image is no package of it: its device values count, and why there are none.
 */
static void read_beside(const struct iv_reader *r, const struct iv_item *item,
                        const struct opened *opened)
{
    struct iv_package package = {0};
    iv_package_from_name(r->arena, item->path, false, &package);
    struct iv_reader reader = *r;
    reader.verify = NULL; /* nothing of the submission */
    const struct iv_tree nowhere = {.directory = -1};
    iv_package_read_file(&reader, &opened->file, &nowhere, NULL, &package);
    for (size_t i = 0; i < package.fault_count; i++) {
        struct iv_document doc = {.path = item->path, .member = package.faults[i].member};
        if (package.faults[i].kind == IV_FAULT_MEMBER_MISSING) {
            continue; /* no file of the device is read */
        }
        iv_reader_metadata_fault(r, NULL, &doc, &package.faults[i]);
    }
}

static void read_image(const struct iv_reader *r, const struct iv_item *item,
                       const struct opened *opened)
{
    row_of(item->kind)->read(r, item, opened->fd, opened->file.size);
}

static bool is_layout(const struct iv_document *doc)
{
    return iv_device_layout_is(doc->bytes,
                               doc->size < ANSWER_HEAD_SIZE ? doc->size : ANSWER_HEAD_SIZE);
}

/* Of names that can be anything, only the content says whether there is a role to have twice. */
static void report_twin(const struct iv_reader *r, const struct iv_item *item)
{
    if (item->twin != NULL) {
        const struct iv_fault fault = {
            .kind = IV_FAULT_TWINS,
            .path = item->path,
            .detail = iv_reader_printf(r, "%s is its twin in the same folder", item->twin),
        };
        iv_reader_fault(r, &fault);
    }
}

/* Each role has a reader of its own; those of packages and images do not get here. */
static void read_document(const struct iv_reader *r, const struct iv_item *item,
                          const struct iv_document *doc)
{
    static const struct iv_metadata registry = {.rank = IV_RANK_REGISTRY, .any_root = true};
    static const struct iv_metadata answer = {.rank = IV_RANK_ANSWER};
    switch (item->role) {
    case IV_ROLE_HISTORY:
        iv_history_read(r, doc);
        break;
    case IV_ROLE_OEM_INPUT:
        iv_oem_input_read(r, doc);
        break;
    case IV_ROLE_REGISTRY:
        if (iv_registry_may_name_key(doc->bytes, doc->size)) {
            iv_registry_read(r, doc, &registry);
        } else {
            r->facts->entries.of[IV_FATE_DOCUMENT] = 1;
        }
        break;
    case IV_ROLE_ANSWER:
        report_twin(r, item);
        if (is_layout(doc)) {
            iv_device_layout_read(r, doc, false);
        } else {
            iv_answer_read(r, doc, &answer);
        }
        break;
    case IV_ROLE_HIVE:
        iv_hive_read(r, doc, item->has_log);
        break;
    case IV_ROLE_DEVICE_INFO:
        iv_device_info_read(r, doc);
        break;
    case IV_ROLE_PACKAGE:
    case IV_ROLE_FOLDER:
    case IV_ROLE_BESIDE:
    case IV_ROLE_IMAGE:
    case IV_ROLE_CHUNKS:
        break;
    }
}

/* Whether the beginning of an .xml shows that it is something else than an answer file. */
static bool is_other_document(const struct iv_opened *file)
{
    char head[ANSWER_HEAD_SIZE];
    char root[IV_ROOT_NAME_SIZE];
    struct iv_fault unused;
    int64_t got = iv_opened_read_at(file, head, sizeof(head), 0, &unused);
    /* What cannot be read is reported by the reading of the whole. */
    return got >= 0 && iv_reader_root_name(head, (size_t)got, root) &&
           !iv_answer_is(head, (size_t)got) && !iv_device_layout_is(head, (size_t)got);
}

static bool is_wanted_text(const char *bytes, size_t size)
{
    return iv_answer_is(bytes, size) || iv_device_layout_is(bytes, size);
}

/* The same of the whole: a comment may stand in front that is longer than any head. */
static bool is_wanted_document(const struct iv_reader *r, const struct iv_document *doc)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_fault ignored;
    return is_wanted_text(doc->bytes, doc->size) || (iv_reader_decode(r, doc, &text, &ignored) &&
                                                     is_wanted_text(iv_buf_text(&text), text.size));
}

/* A metadata file. An .xml of unknown purpose is read whole only where its beginning does not show
 * that it is something else. */
static void read_metadata(const struct iv_reader *r, const struct iv_item *item,
                          const struct opened *opened)
{
    if (item->role == IV_ROLE_ANSWER && iv_answer_is_datastore(item->path)) {
        const struct iv_fault fault = {
            .kind = IV_FAULT_METADATA, .path = item->path, .detail = IV_DATASTORE_DETAIL};
        iv_reader_fault(r, &fault);
        return;
    }
    if (item->role == IV_ROLE_ANSWER && is_other_document(&opened->file)) {
        r->facts->entries.of[IV_FATE_DOCUMENT] = 1;
        return;
    }
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_fault fault = {0};
    bool is_read = iv_opened_read_all(&opened->file, r->limits->metadata_size, &buf, &fault);
    struct iv_document doc = {
        .path = item->path,
        .source = item->path,
        .bytes = iv_buf_text(&buf),
        .size = buf.size,
    };
    if (!is_read) {
        if (fault.kind == IV_FAULT_LIMIT) {
            fault.detail = iv_reader_printf(r, "larger than the limit of %llu bytes",
                                            (unsigned long long)r->limits->metadata_size);
        }
        iv_reader_metadata_fault(r, NULL, &doc, &fault);
        return;
    }
    if (item->role == IV_ROLE_ANSWER && !is_wanted_document(r, &doc)) {
        r->facts->entries.of[IV_FATE_DOCUMENT] = 1;
        return;
    }
    read_document(r, item, &doc);
}

/* Of a file below the folder of an image it only matters whether it has device values. */
static void set_aside(const struct iv_reader *r, const struct iv_item *item)
{
    const struct iv_fault fault = {
        .kind = IV_FAULT_ELSEWHERE, .path = item->path, .detail = IV_ELSEWHERE_BELOW};
    bool has_values = r->facts->datum_count > 0;
    *r->facts = (struct iv_facts){0};
    if (has_values) {
        iv_reader_fault(r, &fault);
    } else {
        r->facts->entries.of[IV_FATE_DOCUMENT] = 1;
    }
}

/* What is open, by what it is. */
static void read_item(const struct iv_reader *r, const struct iv_listing *listing,
                      const struct iv_item *item, const struct opened *opened)
{
    switch (item->role) {
    case IV_ROLE_PACKAGE:
    case IV_ROLE_FOLDER:
        read_package(r, listing, item, opened);
        break;
    case IV_ROLE_BESIDE:
        read_beside(r, item, opened);
        break;
    case IV_ROLE_IMAGE:
    case IV_ROLE_CHUNKS:
        read_image(r, item, opened);
        break;
    case IV_ROLE_HISTORY:
    case IV_ROLE_OEM_INPUT:
    case IV_ROLE_REGISTRY:
    case IV_ROLE_ANSWER:
    case IV_ROLE_HIVE:
    case IV_ROLE_DEVICE_INFO:
        read_metadata(r, item, opened);
        if (item->is_below) {
            set_aside(r, item);
        }
        break;
    }
}

/* Always leaves facts: of a file that could not be opened the package that its name says, with the
 * fault. */
void iv_input_read(const struct iv_listing *listing, const struct iv_item *item,
                   const struct iv_read_options *options, struct iv_arena *arena,
                   struct iv_facts *ret_facts)
{
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_reader r = {
        .limits = options->limits,
        .verify = options->verify,
        .want_files = options->want_files,
        .no_hash = options->no_hash,
        .arena = arena,
        .scratch = &scratch,
        .facts = ret_facts,
    };
    *ret_facts = (struct iv_facts){0};
    bool is_package_item = is_package_role(item->role);
    if (is_package_item) {
        (void)start_package(item, arena, ret_facts);
    } else {
        start_metadata(item, ret_facts);
    }

    struct opened opened = {.fd = -1, .file = IV_OPENED_NONE};
    struct iv_fault fault = {0};
    bool whole = open_item(listing, item, &opened, &fault);
    if (whole) {
        read_item(&r, listing, item, &opened);
        whole = !has_changed(&opened);
        fault = (struct iv_fault){
            .kind = IV_FAULT_UNREADABLE, .path = item->path, .detail = "changed during the scan"};
    }
    if (options->identity != NULL) {
        *options->identity = whole ? identity_of(&opened.before) : (struct iv_identity){0};
    }
    if (!whole && is_package_item && ret_facts->package_count > 0) {
        iv_reader_package_fault(&r, ret_facts->packages, &fault, true);
    } else if (!whole) {
        iv_reader_fault(&r, &fault);
    }
    iv_opened_close(&opened.file);
}

/* The facts of an item whose reader died, or was stopped: as if the file had been there and nothing
 * in it could be read. */
void iv_input_stand_in(const struct iv_item *item, enum iv_fault_kind kind, const char *detail,
                       struct iv_arena *arena, struct iv_facts *ret_facts)
{
    struct iv_reader r = {.arena = arena, .scratch = arena, .facts = ret_facts};
    struct iv_fault fault = {.kind = kind, .path = item->path, .detail = detail};
    *ret_facts = (struct iv_facts){0};
    if (item->role == IV_ROLE_CHUNKS) {
        fault.member = iv_arena_printf(arena, "bytes %llu-%llu", (unsigned long long)item->offset,
                                       (unsigned long long)(item->offset + item->size - 1));
    }
    if (is_package_role(item->role)) {
        iv_reader_package_fault(&r, start_package(item, arena, ret_facts), &fault, true);
    } else {
        start_metadata(item, ret_facts);
        iv_reader_fault(&r, &fault);
    }
}
