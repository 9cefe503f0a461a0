/*
 * What follows from the list of files in a package manifest: whether the package is empty, its
 * size, the digest of its content, and which listed files a cabinet lacks. Files that are there for
 * the package's own sake (its manifest, its catalog) are no content, and a package with nothing
 * else is empty. The digest is over paths, types and sizes as the manifest gives them, so that it
 * needs no payload.
 */
#include "imgval/input/manifest.h"

#include "imgval/base/buf.h"
#include "imgval/base/digest.h"
#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "imgval/input/metadata.h"

#include <stdlib.h>
#include <string.h>

/* MEMBER_MISSING faults of one package that are reported one by one. */
#define MISSING_MAX 20

void iv_file_list_add(const struct iv_reader *r, struct iv_file_list *list,
                      const struct iv_package_file *file)
{
    list->items = iv_reader_grow(r->scratch, list->items, list->count, sizeof(*list->items));
    list->items[list->count++] = *file;
}

bool iv_mum_is_deployment(const char *path)
{
    return iv_ascii_isuffix(path, ".manifest") &&
           iv_ascii_ifind(iv_reader_last_part(path), "deployment_") != NULL;
}

static bool is_named(const char *path, const char *name)
{
    if (path == NULL || !iv_ascii_isuffix(path, name)) {
        return false;
    }
    size_t at = strlen(path) - strlen(name);
    return at == 0 || path[at - 1] == '/' || path[at - 1] == '\\';
}

/* The manifest and the catalog themselves. */
static bool is_own_spkg(const struct iv_package_file *file)
{
    return iv_ascii_ieq(file->type, "Manifest") || iv_ascii_ieq(file->type, "Catalog") ||
           iv_ascii_ieq(file->cab_path, IV_DSM_NAME) || iv_ascii_ieq(file->cab_path, "content.cat");
}

static bool is_own_cbs(const struct iv_package_file *file)
{
    if (is_named(file->path, IV_MUM_NAME) || is_named(file->cab_path, IV_MUM_NAME) ||
        is_named(file->path, "update.cat") || is_named(file->cab_path, "update.cat")) {
        return true;
    }
    /* Installed: \Windows\servicing\Packages\<name>~<token>~<arch>~<lang>~<version>.mum, .cat */
    return iv_ascii_ifind(file->path, "\\servicing\\packages\\") != NULL &&
           (iv_ascii_isuffix(file->path, ".mum") || iv_ascii_isuffix(file->path, ".cat"));
}

/* Whether the file is there for the package's own sake: nothing that a device gets from it. */
static bool is_own(const struct iv_package *package, const struct iv_package_file *file)
{
    if (package->style == IV_STYLE_CBS) {
        return is_own_cbs(file) || iv_mum_is_deployment(file->path);
    }
    return is_own_spkg(file);
}

/*
 * Whether a file that is not the package's own counts for the content digest. Component manifests
 * of CBS do not: their names hold a hash of the component's identity, so they change with every
 * version of the same content.
 */
static bool is_content(const struct iv_package *package, const struct iv_package_file *file)
{
    return package->style != IV_STYLE_CBS || !iv_ascii_isuffix(file->path, ".manifest") ||
           iv_ascii_ifind(file->path, "\\winsxs\\manifests\\") == NULL;
}

static int compare_null(const char *a, const char *b)
{
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b);
}

static int compare_content(const void *a, const void *b)
{
    const struct iv_package_file *x = a;
    const struct iv_package_file *y = b;
    int order = strcmp(x->path, y->path);
    if (order == 0) {
        order = compare_null(x->type, y->type);
    }
    if (order == 0 && x->has_size != y->has_size) {
        order = x->has_size ? 1 : -1;
    }
    if (order == 0 && x->size != y->size) {
        order = x->size < y->size ? -1 : 1;
    }
    return order;
}

/* Fields as iv_sha256_add_field() would add them, but many at once: a call of the library for each
 * of a hundred short fields costs more than digesting them. */
static void put_field(struct iv_buf *buf, const char *text)
{
    if (text == NULL) {
        iv_buf_putc(buf, 1);
    } else {
        iv_buf_add(buf, text, strlen(text) + 1);
    }
}

/* A number in decimal, as a field. (A printf for each file of each package shows in a profile.) */
static void put_number_field(struct iv_buf *buf, uint64_t number)
{
    char digits[24] = {0};
    char *place = digits + sizeof(digits) - 1;
    do {
        *--place = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    put_field(buf, place);
}

/* The FileType that a DSM would give a file of a CBS package: the builders put files of each type
 * into a folder of its own. */
static const char *type_by_place(const struct iv_package *package, const char *path)
{
    static const struct {
        const char *folder;
        const char *suffix;
        const char *type;
    } rows[] = {
        {"\\Windows\\Packages\\RegistryFiles\\", ".reg", "registry"},
        {"\\Windows\\Packages\\RegistryFiles\\", ".rga", "registrymultistringappend"},
        {"\\Windows\\Packages\\PolicyFiles\\", "", "securitypolicy"},
        {"\\Windows\\Packages\\Certificates\\", "", "certificates"},
        {"\\Windows\\Packages\\BackupMetadata\\Directories\\", "", "directorybackupmetadata"},
        {"\\Windows\\Packages\\BackupMetadata\\Files\\", "", "filebackupmetadata"},
    };
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        if (iv_ascii_iprefix(path, rows[i].folder) && iv_ascii_isuffix(path, rows[i].suffix)) {
            return rows[i].type;
        }
    }
    return package->binary_partition && iv_ascii_isuffix(path, ".bin") ? "binarypartition"
                                                                       : "regular";
}

static void put_file(struct iv_buf *fields, const struct iv_package_file *file, const char *type)
{
    put_field(fields, file->path);
    put_field(fields, type);
    if (file->has_size) {
        put_number_field(fields, file->size);
    } else {
        put_field(fields, NULL);
    }
}

/* One call for all fields. */
static const char *digest(const struct iv_reader *r, const struct iv_buf *fields)
{
    struct iv_sha256 *sha = iv_sha256_open();
    iv_sha256_add(sha, iv_buf_text(fields), fields->size);
    char hex[IV_SHA256_HEX_SIZE];
    iv_sha256_close_hex(sha, hex);
    return iv_arena_strdup(r->arena, hex);
}

/*
 * The digests over the list as it stands, and as a manifest of the other style would give it: a
 * package that was converted has the same files. (Paths stand once, so types do not matter for the
 * order.) `is_owned`: of each file, whether it is the package's own.
 */
static void set_content(const struct iv_reader *r, const struct iv_file_list *list,
                        const bool *is_owned, struct iv_package *package)
{
    struct iv_package_file *files = IV_NEW_ARRAY(r->scratch, struct iv_package_file, list->count);
    struct iv_buf fields IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf other IV_CLEANUP(iv_buf_fini) = {0};
    bool has_sizes = true;
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (!is_owned[i] && is_content(package, &list->items[i])) {
            files[count] = list->items[i];
            files[count].cab_path = list->items[i].path; /* as written, beside the folded one */
            files[count].path = iv_path_fold(r->scratch, list->items[i].path);
            files[count].type = iv_ascii_fold(r->scratch, list->items[i].type);
            has_sizes = has_sizes && files[count].has_size;
            count++;
        }
    }
    if (count > 1) {
        iv_sort(files, count, sizeof(*files), compare_content);
    }
    for (size_t i = 0; i < count; i++) {
        put_file(&fields, &files[i], files[i].type);
        put_file(&other, &files[i],
                 package->style == IV_STYLE_CBS ? type_by_place(package, files[i].cab_path) : NULL);
    }
    package->content = digest(r, &fields);
    package->content_other = has_sizes ? digest(r, &other) : NULL;
}

/* For imgval inspect; a scan needs sums and digests alone. */
static void keep_files(const struct iv_reader *r, const struct iv_file_list *list,
                       struct iv_package *package)
{
    package->files = IV_NEW_ARRAY(r->arena, struct iv_package_file, list->count);
    package->files_count = list->count;
    for (size_t i = 0; i < list->count; i++) {
        const struct iv_package_file *file = &list->items[i];
        package->files[i] = (struct iv_package_file){
            .path = iv_arena_strdup(r->arena, file->path),
            .cab_path = iv_arena_strdup(r->arena, file->cab_path),
            .type = iv_arena_strdup(r->arena, file->type),
            .size = file->size,
            .has_size = file->has_size,
        };
    }
}

/* MainOS has a junction in its root for each of these partitions: a file with such a path lands on
 * another partition than its package says. */
static bool is_through_junction(const char *path)
{
    static const char *const names[] = {"EFIESP", "Data",      "DPP", "MMOS",
                                        "OSData", "CrashDump", "PLAT"};
    const char *at = path == NULL ? "" : path + strspn(path, "\\/");
    for (size_t i = 0; i < IV_COUNT(names); i++) {
        size_t size = strlen(names[i]);
        if (iv_ascii_iprefix(at, names[i]) && (at[size] == '\\' || at[size] == '/')) {
            return true;
        }
    }
    return false;
}

/* What follows from the list of files. Whether the package is empty, and its digest, only a whole
 * list says. */
void iv_file_list_apply(const struct iv_reader *r, const struct iv_file_list *list, bool whole,
                        struct iv_package *package)
{
    bool empty = true;
    bool *is_owned = IV_NEW_ARRAY(r->scratch, bool, list->count);
    for (size_t i = 0; i < list->count; i++) {
        uint64_t size = list->items[i].size;
        bool fits = size <= UINT64_MAX - package->total_size;
        package->total_size = fits ? package->total_size + size : UINT64_MAX;
        is_owned[i] = is_own(package, &list->items[i]);
        empty = empty && is_owned[i];
        if (package->junction_file == NULL && !is_owned[i] &&
            is_through_junction(list->items[i].path)) {
            package->junction_file = iv_arena_strdup(r->arena, list->items[i].path);
        }
    }
    package->file_count = list->count;
    if (whole) {
        package->empty = empty;
        set_content(r, list, is_owned, package);
    }
    if (r->want_files) {
        keep_files(r, list, package);
    }
}

/* A path below the folder, with '/': NULL when it could lead elsewhere. */
static char *relative_path(struct iv_arena *arena, const char *cab_path)
{
    char *path = iv_arena_strdup(arena, cab_path);
    for (char *p = path; *p != '\0'; p++) {
        if (*p == '\\') {
            *p = '/';
        }
    }
    for (const char *part = path;;) {
        size_t length = strcspn(part, "/");
        if (length == 0 || (length == 1 && part[0] == '.') ||
            (length == 2 && part[0] == '.' && part[1] == '.')) {
            return NULL;
        }
        if (part[length] == '\0') {
            return path;
        }
        part += length + 1;
    }
}

static void add_payload(const struct iv_reader *r, struct iv_package *package, const char *path)
{
    package->payload_packages =
        iv_reader_grow(r->arena, package->payload_packages, package->payload_package_count,
                       sizeof(*package->payload_packages));
    package->payload_packages[package->payload_package_count++] = path;
}

/* Whether a file of that name would be read by itself if no package listed it. */
static bool has_role(const char *name)
{
    return iv_ascii_isuffix(name, ".mum") || iv_ascii_isuffix(name, ".dsm.xml") ||
           iv_ascii_isuffix(name, ".reg") || iv_ascii_isuffix(name, ".rga") ||
           iv_answer_is_datastore(name) || iv_package_is_file_name(name);
}

/* Files of the package that would be taken for members of the submission, were they met without
 * it. */
void iv_file_list_payload(const struct iv_reader *r, const struct iv_file_list *list,
                          struct iv_package *package)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *cab_path = list->items[i].cab_path;
        if (cab_path == NULL) {
            continue;
        }
        const char *name = iv_reader_last_part(cab_path);
        if (!has_role(name)) {
            continue;
        }
        char *path = relative_path(r->arena, cab_path);
        if (path == NULL) {
            continue;
        }
        add_payload(r, package, path);
        if (iv_ascii_isuffix(name, ".reg") || iv_ascii_isuffix(name, ".rga")) {
            add_payload(r, package, iv_arena_strdup(r->arena, name)); /* where it may lie, too */
        }
        /* A folder in the payload that looks like an extracted package goes by its own path. */
        char *slash = strrchr(path, '/');
        if (slash != NULL && (iv_ascii_ieq(name, IV_DSM_NAME) || iv_ascii_ieq(name, IV_MUM_NAME))) {
            add_payload(r, package, iv_arena_strndup(r->arena, path, (size_t)(slash - path)));
        }
    }
}

static int compare_missing(const void *a, const void *b)
{
    const struct iv_package_file *const *x = a;
    const struct iv_package_file *const *y = b;
    return iv_ascii_casecmp((*x)->cab_path, (*y)->cab_path);
}

/* Listed and not in the cabinet: each member once, the first of them one by one. */
void iv_file_list_missing(const struct iv_reader *r, const struct iv_file_list *list,
                          const struct iv_cabinet *cabinet, struct iv_package *package)
{
    const struct iv_package_file **missing =
        IV_NEW_ARRAY(r->scratch, const struct iv_package_file *, list->count);
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const char *cab_path = list->items[i].cab_path;
        if (cab_path != NULL && iv_cabinet_find(cabinet, cab_path) == NULL) {
            missing[count++] = &list->items[i];
        }
    }
    if (count > 1) {
        iv_sort(missing, count, sizeof(*missing), compare_missing);
    }
    size_t reported = 0;
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++) {
        const char *cab_path = missing[i]->cab_path;
        if (i > 0 && iv_ascii_ieq(cab_path, missing[i - 1]->cab_path)) {
            continue;
        }
        distinct++;
        if (reported == MISSING_MAX) {
            continue;
        }
        reported++;
        struct iv_fault fault = {
            .kind = IV_FAULT_MEMBER_MISSING,
            .member = cab_path,
            .detail = iv_reader_printf(r, "%s is listed as %s and is not in the cabinet",
                                       iv_reader_shown(r, missing[i]->path),
                                       iv_reader_shown(r, cab_path)),
        };
        iv_reader_package_fault(r, package, &fault, false);
    }
    if (distinct > reported) {
        struct iv_fault fault = {
            .kind = IV_FAULT_MEMBER_MISSING,
            .detail = iv_reader_printf(r, "and %zu more listed files that are not in the cabinet",
                                       distinct - reported),
        };
        iv_reader_package_fault(r, package, &fault, false);
    }
}
