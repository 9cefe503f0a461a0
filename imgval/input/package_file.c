/*
 * One package as it lies in the input: a cabinet, a bare manifest, an extracted folder, or an
 * installed package of an image.
 *
 * The order is the same for all of them. The file name gives a first idea (style, key, removal,
 * diff) that holds when nothing else can be read. First bytes decide what the file is. The manifest
 * then sets the facts (iv_dsm_read, iv_mum_read) and gives the list of files; the package's
 * registry files are read for device values; with --verify all files are read and compared. A step
 * that fails leaves a fault on the package and what was known before it.
 *
 * Where the other files of the package lie differs from case to case; struct iv_package_place hides
 * that from the reading of the registry files (package_registry.c).
 */
#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "imgval/input/container.h"
#include "imgval/input/gzip.h"
#include "imgval/input/package_registry.h"
#include "imgval/input/verify.h"

#include <stdlib.h>
#include <string.h>

/* Bytes that decide what a file is. */
#define HEAD_SIZE 512

/* ------------------------------------------------------------------------------- the file name */

enum iv_style iv_package_style_of_name(const char *name)
{
    /* x.spkg.cab is an SPKG: the inner extension is the package's own. */
    static const char *const spkg[] = {".spkg", ".spkr", ".spku", ".dsm.xml"};
    static const char *const cbs[] = {".cab", ".cbsr", ".cbsu", ".mum"};
    const char *file = iv_reader_last_part(name);
    for (size_t i = 0; i < IV_COUNT(spkg); i++) {
        const char *found = iv_ascii_ifind(file, spkg[i]);
        if (found != NULL) {
            char after = found[strlen(spkg[i])];
            if (after == '\0' || after == '.' || after == '_') {
                return IV_STYLE_SPKG;
            }
        }
    }
    for (size_t i = 0; i < IV_COUNT(cbs); i++) {
        if (iv_ascii_isuffix(file, cbs[i])) {
            return IV_STYLE_CBS;
        }
    }
    return IV_STYLE_UNKNOWN;
}

static bool is_manifest_name(const char *name)
{
    return iv_ascii_isuffix(name, ".dsm.xml") || iv_ascii_isuffix(name, ".mum");
}

/* What is known before the file is opened, and all that is known if it cannot be. */
void iv_package_from_name(struct iv_arena *arena, const char *path, bool is_folder,
                          struct iv_package *package)
{
    bool bare = is_folder || is_manifest_name(path);
    package->path = path;
    package->origin = IV_ORIGIN_SUBMISSION;
    package->container = bare ? IV_CONTAINER_FOLDER : IV_CONTAINER_CABINET;
    package->style = iv_package_style_of_name(path);
    package->removal = iv_package_is_removal_name(path);
    package->diff = iv_package_is_diff_name(path);
    iv_package_set_key(arena, package, path);
}

/* ------------------------------------------------------------------------------------ manifests */

/*
 * A manifest of some KB when packed may hold megabytes in one attribute, and all of them would be
 * kept. A text that is longer than any name is dropped, with a fault that makes the package
 * unreadable.
 */
static void cap_texts(const struct iv_reader *r, const char *member, struct iv_package *package)
{
    for (size_t i = 0; i < iv_package_struct.field_count; i++) {
        const struct iv_field *field = &iv_package_struct.fields[i];
        const char **place = (const char **)((char *)package + field->offset);
        if (field->type != IV_TYPE_STRING || *place == NULL || *place == package->path ||
            strlen(*place) <= r->limits->package_text) {
            continue;
        }
        struct iv_fault fault = {
            .kind = IV_FAULT_LIMIT,
            .member = member,
            .detail = iv_reader_printf(r, "%s has %zu bytes, the limit is %llu", field->name,
                                       strlen(*place), (unsigned long long)r->limits->package_text),
        };
        iv_reader_package_fault(r, package, &fault, true);
        *place = NULL;
    }
}

/*
 * The facts of the manifest, which win over those of the name, and what follows from its list of
 * files. The key comes last, as it is made of the names. Returns whether the whole document was
 * seen.
 */
static bool read_manifest(const struct iv_reader *r, const struct iv_document *doc, bool is_mum,
                          struct iv_package *package, struct iv_file_list *list)
{
    bool whole = is_mum ? iv_mum_read(r, doc, package, list) : iv_dsm_read(r, doc, package, list);
    iv_file_list_apply(r, list, whole, package);
    cap_texts(r, doc->member, package);
    iv_package_set_key(r->arena, package, package->path);
    return whole;
}

/* A fault that makes the package unreadable. */
static void fail(const struct iv_reader *r, struct iv_package *package, enum iv_fault_kind kind,
                 const char *detail)
{
    struct iv_fault fault = {.kind = kind, .detail = detail};
    iv_reader_package_fault(r, package, &fault, true);
}

/* Whether a name says no more than that the file is a cabinet: x.cab, and not x.spkg or x.spkg.cab.
 */
static bool is_any_cabinet_name(const struct iv_reader *r, const char *path)
{
    size_t size = strlen(path);
    const size_t extension = strlen(".cab");
    return iv_ascii_isuffix(path, ".cab") &&
           !iv_package_is_file_name(iv_arena_strndup(r->scratch, path, size - extension));
}

/* The members decide, update.mum first. False: it is no package. */
static bool read_cabinet_facts(const struct iv_reader *r, struct iv_cabinet *cabinet,
                               struct iv_package *package, struct iv_file_list *list)
{
    const struct iv_member *mum = iv_cabinet_find(cabinet, IV_MUM_NAME);
    const struct iv_member *manifest = mum != NULL ? mum : iv_cabinet_find(cabinet, IV_DSM_NAME);
    const struct iv_member *cix = iv_cabinet_find(cabinet, IV_DIFF_CBS_NAME);
    package->diff =
        package->diff || cix != NULL || iv_cabinet_find(cabinet, IV_DIFF_DSM_NAME) != NULL;
    if (manifest == NULL && cix != NULL) {
        package->style = IV_STYLE_CBS;
        package->unreadable = true; /* a diff without the manifest of the whole: IMG003 says so */
        return true;
    }
    if (manifest == NULL && is_any_cabinet_name(r, package->path)) {
        struct iv_fault fault = {
            .kind = IV_FAULT_NOT_PACKAGE,
            .path = package->path,
            .detail = "no man.dsm.xml and no update.mum is in it",
        };
        iv_reader_fault(r, &fault);
        return false;
    }
    if (manifest == NULL) {
        fail(r, package, IV_FAULT_MALFORMED,
             "no package manifest (man.dsm.xml or update.mum) in the cabinet");
        return false;
    }

    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_fault fault = {0};
    package->style = mum != NULL ? IV_STYLE_CBS : IV_STYLE_SPKG;
    if (!iv_cabinet_read(cabinet, manifest, r->limits->manifest_size, &buf, &fault)) {
        iv_reader_package_fault(r, package, &fault, true);
        return true;
    }
    struct iv_document doc = {
        .path = package->path,
        .member = manifest->name,
        .bytes = iv_buf_text(&buf),
        .size = buf.size,
    };
    if (!read_manifest(r, &doc, mum != NULL, package, list)) {
        return true;
    }
    /* A removal or a diff need not hold the files that its manifest lists. */
    if (!package->removal && !package->diff) {
        iv_file_list_missing(r, list, cabinet, package);
    }
    struct iv_package_place place = {.cabinet = cabinet, .root = {.directory = -1}, .folder = ""};
    iv_package_read_registries(r, &place, list, package);
    return true;
}

/* Facts first: what is verified is the list of files that they give. */
static void read_cabinet(const struct iv_reader *r, struct iv_cabinet *cabinet,
                         struct iv_package *package)
{
    struct iv_file_list list = {0};
    if (read_cabinet_facts(r, cabinet, package, &list) && r->verify != NULL) {
        iv_verify_cabinet(r, cabinet, &list, package);
    }
}

/* On devices a manifest may be gzip-compressed. */
static bool inflate_bytes(const struct iv_reader *r, struct iv_buf *buf, struct iv_package *package)
{
    if (!iv_gzip_is(iv_buf_text(buf), buf->size)) {
        return true;
    }
    struct iv_buf inflated = {0};
    struct iv_fault fault = {0};
    bool done =
        iv_gzip_read(iv_buf_text(buf), buf->size, r->limits->manifest_size, &inflated, &fault);
    iv_buf_fini(buf);
    *buf = inflated;
    if (!done) {
        iv_reader_package_fault(r, package, &fault, true);
    }
    return done;
}

/* The bytes of a manifest that is a file of its own. */
static bool read_bare_bytes(const struct iv_reader *r, const struct iv_opened *file,
                            struct iv_buf *buf, struct iv_package *package)
{
    struct iv_fault fault;
    if (!iv_opened_read_all(file, r->limits->manifest_size, buf, &fault)) {
        bool limit = fault.kind == IV_FAULT_LIMIT;
        fail(r, package, fault.kind,
             limit ? iv_reader_printf(r, "the manifest is larger than the limit of %llu bytes",
                                      (unsigned long long)r->limits->manifest_size)
                   : fault.detail);
        return false;
    }
    return inflate_bytes(r, buf, package);
}

/* DSM or MUM: by the root element, else by the name. */
static bool is_mum_document(const struct iv_buf *buf, const char *name)
{
    char root[IV_ROOT_NAME_SIZE];
    size_t size = buf->size < HEAD_SIZE * 8 ? buf->size : HEAD_SIZE * 8;
    if (iv_reader_root_name(iv_buf_text(buf), size, root)) {
        if (strcmp(root, "assembly") == 0) {
            return true;
        }
        if (strcmp(root, "Package") == 0) {
            return false;
        }
    }
    return iv_ascii_isuffix(name, ".mum");
}

/* After a byte order mark and blanks comes a tag, or a root element is found further on. */
static bool looks_like_xml(const unsigned char *head, size_t size)
{
    char root[IV_ROOT_NAME_SIZE];
    size_t at = size >= 3 && memcmp(head, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (at < size &&
           (head[at] == ' ' || head[at] == '\t' || head[at] == '\r' || head[at] == '\n')) {
        at++;
    }
    return (at < size && head[at] == '<') || iv_reader_root_name((const char *)head, size, root);
}

/* The root of the device's files, when a bare manifest lies where a device has it: NULL else. */
static const char *device_root(const struct iv_reader *r, const char *relative)
{
    static const char folder[] = "Windows/Packages/DsmFiles/";
    const char *found = relative == NULL ? NULL : iv_ascii_ifind(relative, folder);
    if (found == NULL || strchr(found + strlen(folder), '/') != NULL) {
        return NULL;
    }
    return iv_arena_strndup(r->scratch, relative, (size_t)(found - relative));
}

/* A manifest that is a file of its own: of a device tree, where the other files lie at their device
 * paths, or alone, where its registry files are nowhere to be read. */
static void read_bare(const struct iv_reader *r, const struct iv_opened *file,
                      const struct iv_tree *root, const char *relative, struct iv_package *package)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    package->container = IV_CONTAINER_FOLDER;
    if (!read_bare_bytes(r, file, &buf, package)) {
        return;
    }
    struct iv_document doc = {
        .path = package->path,
        .bytes = iv_buf_text(&buf),
        .size = buf.size,
    };
    struct iv_file_list list = {0};
    bool whole = read_manifest(r, &doc, is_mum_document(&buf, package->path), package, &list);
    const char *device = device_root(r, relative);
    if (whole) {
        struct iv_package_place place = {
            .root = *root,
            .folder = device,
            .is_device = device != NULL,
            .is_nowhere = device == NULL,
        };
        iv_package_read_registries(r, &place, &list, package);
    }
    if (r->verify != NULL) {
        iv_verify_nothing(r, package,
                          "a manifest alone: there are no files that --verify could check");
    }
}

/* Catalogs and certificates begin with this byte. */
#define DER_SEQUENCE 0x30

/* inspect shows a catalog that lies by itself. */
static void read_catalog(const struct iv_reader *r, const struct iv_opened *file,
                         struct iv_package *package)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_fault fault;
    if (iv_opened_read_all(file, r->limits->metadata_size, &buf, &fault)) {
        iv_verify_catalog(r, &buf, package);
        return;
    }
    fail(r, package, fault.kind,
         fault.kind == IV_FAULT_LIMIT ? "larger than the limit of a metadata file" : fault.detail);
}

/*
 * First bytes decide: a cabinet, a bare manifest, a catalog (inspect), or none of them. XML under
 * the name of a package is a fault, as a device would not take it. Where the magic of something
 * else is known it is named, which helps a user who renamed an archive.
 */
static void read_probed(const struct iv_reader *r, const struct iv_opened *file,
                        const struct iv_tree *root, const char *relative,
                        struct iv_package *package)
{
    unsigned char head[HEAD_SIZE];
    struct iv_fault unread;
    int64_t got = iv_opened_read_at(file, head, sizeof(head), 0, &unread);
    if (got < 0) {
        fail(r, package, unread.kind, unread.detail);
        return;
    }
    bool is_package_name = iv_package_is_file_name(package->path);
    if (got == 0) {
        fail(r, package, IV_FAULT_MALFORMED, "the file is empty");
    } else if (iv_cabinet_is(head, (size_t)got)) {
        if (file->size > r->limits->cabinet_size) {
            fail(r, package, IV_FAULT_LIMIT,
                 iv_reader_printf(r, "a cabinet of %llu bytes, the limit is %llu",
                                  (unsigned long long)file->size,
                                  (unsigned long long)r->limits->cabinet_size));
            return;
        }
        struct iv_cabinet *cabinet IV_CLEANUP(iv_cabinet_close) = NULL;
        struct iv_fault fault = {0};
        package->container = IV_CONTAINER_CABINET;
        if (iv_cabinet_open(file, r->limits, r->scratch, &cabinet, &fault)) {
            read_cabinet(r, cabinet, package);
        } else {
            iv_reader_package_fault(r, package, &fault, true);
        }
    } else if (!is_package_name &&
               (is_manifest_name(package->path) || looks_like_xml(head, (size_t)got))) {
        read_bare(r, file, root, relative, package);
    } else if (r->want_files && r->verify != NULL && head[0] == DER_SEQUENCE) {
        read_catalog(r, file, package);
    } else if (looks_like_xml(head, (size_t)got)) {
        fail(r, package, IV_FAULT_MALFORMED, "not a cabinet, but a bare XML document");
    } else {
        const char *is = iv_container_of(head, (size_t)got);
        fail(r, package, IV_FAULT_MALFORMED,
             is == NULL ? "not a cabinet: it does not begin with MSCF"
                        : iv_reader_printf(r, "not a cabinet, but %s", is));
    }
}

/* --verify looks at every byte: so it does at those that no cabinet accounts for. */
static void check_whole(const struct iv_reader *r, const struct iv_opened *file,
                        struct iv_package *package)
{
    struct iv_fault fault = {0};
    if (!package->unreadable && !iv_opened_check(file, &fault)) {
        iv_reader_package_fault(r, package, &fault, true);
    }
}

/* With --verify each package has an answer: what could not be verified says so, and never
 * nothing. */
void iv_package_read_file(const struct iv_reader *r, const struct iv_opened *file,
                          const struct iv_tree *root, const char *relative,
                          struct iv_package *package)
{
    read_probed(r, file, root, relative, package);
    if (r->verify != NULL) {
        check_whole(r, file, package);
    }
    if (r->verify != NULL && package->seal_count == 0) {
        iv_verify_nothing(r, package, NULL); /* why not is among its faults */
    }
}

/* Whether a file can be opened beneath the folder. */
static bool has_file(const struct iv_reader *r, const struct iv_package_place *place,
                     const char *name)
{
    const char *slash = *place->folder == '\0' ? "" : "/";
    const char *path = iv_arena_printf(r->scratch, "%s%s%s", place->folder, slash, name);
    struct iv_opened file IV_CLEANUP(iv_opened_close) = IV_OPENED_NONE;
    struct iv_fault unused;
    return iv_tree_open(&place->root, path, r->scratch, &file, &unused) == IV_LOOK_FOUND;
}

/* How the files of an extracted package are found when all of them are read. */
struct loose {
    const struct iv_reader *r;
    const struct iv_package_place *place;
};

static bool open_listed(const void *context, const struct iv_package_file *file,
                        struct iv_opened *ret_file, struct iv_fault *ret_fault)
{
    const struct loose *loose = context;
    return iv_package_open_loose(loose->r, loose->place, file->cab_path, ret_file, ret_fault);
}

/* Files that are no part of a package although they lie in its folder: other packages, and the
 * metadata of a submission. */
static bool is_foreign(const char *name)
{
    return iv_package_is_file_name(name) || iv_ascii_isuffix(name, "UpdateHistory.xml") ||
           iv_ascii_ieq(name, "OEMInput.xml");
}

static bool want_file(void *context, const char *path, const char *name, enum iv_file_type type)
{
    (void)context;
    (void)path;
    return type == IV_FILE_REGULAR && !is_foreign(name);
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The folders of other packages below: with '/' at the end. */
static size_t find_nested(const struct iv_reader *r, const struct iv_walk *walk,
                          const char ***ret_folders)
{
    size_t count = 0;
    *ret_folders = IV_NEW_ARRAY(r->scratch, const char *, walk->count);
    for (size_t i = 0; i < walk->count; i++) {
        const char *path = walk->entries[i].path;
        const char *name = iv_reader_last_part(path);
        if (name > path && (iv_ascii_ieq(name, IV_MUM_NAME) || iv_ascii_ieq(name, IV_DSM_NAME))) {
            (*ret_folders)[count++] = iv_arena_strndup(r->scratch, path, (size_t)(name - path));
        }
    }
    return count;
}

static bool is_below(const char *path, const char *const *folders, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strncmp(path, folders[i], strlen(folders[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* What lies in the folder of a package and is not listed: it was added, unless the catalog covers
 * it. */
static void add_unlisted(const struct iv_reader *r, const struct iv_package_place *place,
                         struct iv_file_list *list, struct iv_package *package)
{
    const struct iv_tree_search search = {
        .folder = place->folder, .limits = r->limits, .want = want_file};
    struct iv_walk walk;
    struct iv_fault unread;
    if (!iv_tree_walk(&place->root, &search, r->scratch, &walk, &unread)) {
        iv_reader_package_fault(r, package, &unread, false);
        return;
    }
    for (size_t i = 0; i < walk.trouble_count; i++) {
        struct iv_fault fault = {
            .kind = walk.troubles[i].is_limit ? IV_FAULT_LIMIT : IV_FAULT_UNREADABLE,
            .member = walk.troubles[i].path,
            .detail = walk.troubles[i].detail,
        };
        iv_reader_package_fault(r, package, &fault, false);
    }

    const char **nested;
    size_t nested_count = find_nested(r, &walk, &nested);

    /* Names are compared folded: case counts on this file system and not on the device. */
    size_t count = list->count;
    const char **listed = IV_NEW_ARRAY(r->scratch, const char *, count);
    for (size_t i = 0; i < count; i++) {
        const char *path = list->items[i].cab_path;
        listed[i] = path == NULL ? "" : iv_path_fold(r->scratch, path);
    }
    if (count > 1) {
        iv_sort(listed, count, sizeof(*listed), compare_text);
    }
    for (size_t i = 0; i < walk.count; i++) {
        const char *path = walk.entries[i].path;
        const char *folded = iv_path_fold(r->scratch, path);
        if (bsearch(&folded, listed, count, sizeof(*listed), compare_text) == NULL &&
            !is_below(path, nested, nested_count)) {
            struct iv_package_file file = {.path = path, .cab_path = path};
            iv_file_list_add(r, list, &file);
        }
    }
}

void iv_package_read_folder(const struct iv_reader *r, const struct iv_opened *file,
                            const struct iv_tree *root, const char *relative,
                            struct iv_package *package)
{
    const char *slash = strrchr(relative, '/');
    const char *manifest = slash == NULL ? relative : slash + 1;
    size_t length = slash == NULL ? 0 : (size_t)(slash - relative);
    struct iv_package_place place = {.root = *root,
                                     .folder = iv_arena_strndup(r->scratch, relative, length)};
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    bool is_mum = iv_ascii_ieq(manifest, IV_MUM_NAME);
    package->style = is_mum ? IV_STYLE_CBS : IV_STYLE_SPKG;
    if (file->size == 0) {
        struct iv_fault fault = {
            .kind = IV_FAULT_MALFORMED,
            .member = manifest,
            .detail = "the manifest is empty",
        };
        iv_reader_package_fault(r, package, &fault, true);
        return;
    }
    if (!read_bare_bytes(r, file, &buf, package)) {
        return;
    }
    struct iv_document doc = {
        .path = package->path,
        .member = manifest,
        .bytes = iv_buf_text(&buf),
        .size = buf.size,
    };
    package->diff = package->diff || has_file(r, &place, IV_DIFF_DSM_NAME) ||
                    has_file(r, &place, IV_DIFF_CBS_NAME);

    struct iv_file_list list = {0};
    bool whole = read_manifest(r, &doc, is_mum, package, &list);
    iv_file_list_payload(r, &list, package);
    if (whole) {
        iv_package_read_registries(r, &place, &list, package);
    }
    if (r->verify != NULL) {
        const struct loose loose = {.r = r, .place = &place};
        add_unlisted(r, &place, &list, package);
        iv_verify_loose(r, open_listed, &loose, &list, package);
    }
}

/* ---------------------------------------------------------------------------------- installed */

/* Why the bytes are no manifest although a file is there, or NULL. */
static const char *unread_form(const struct iv_buf *bytes)
{
    const char *text = iv_buf_text(bytes);
    size_t zeros = 0;
    while (zeros < bytes->size && text[zeros] == '\0') {
        zeros++;
    }
    if (bytes->size == 0) {
        return "the manifest is empty";
    }
    if (zeros == bytes->size) {
        return "the manifest reads as zeros alone";
    }
    if (bytes->size >= 3 && memcmp(text, "DCM", 3) == 0) {
        return "the manifest is a delta (DCM), which no reader outside Windows can apply";
    }
    return NULL;
}

void iv_package_read_installed(const struct iv_reader *r, const struct iv_installed *installed,
                               struct iv_buf *bytes, struct iv_package *package)
{
    const char *unread = unread_form(bytes);
    if (unread != NULL) {
        fail(r, package, IV_FAULT_FILE, unread);
        return;
    }
    if (!inflate_bytes(r, bytes, package)) {
        return;
    }
    struct iv_document doc = {
        .path = package->path,
        .bytes = iv_buf_text(bytes),
        .size = bytes->size,
    };
    struct iv_file_list list = {0};
    bool is_mum = is_mum_document(bytes, package->path);
    if (read_manifest(r, &doc, is_mum, package, &list)) {
        struct iv_package_place place = {
            .installed = installed, .root = {.directory = -1}, .folder = ""};
        iv_package_read_registries(r, &place, &list, package);
        if (r->verify != NULL) {
            iv_verify_installed(r, installed, &list, package);
        }
    }
}
