/*
 * The registry files of a package, read for device values, wherever they lie: members of a cabinet,
 * files of an extracted folder, of a device's tree, or of an image.
 *
 * Which files: of an SPKG those that its manifest lists as registry files, of a CBS package its
 * component manifests, which hold their registry keys themselves. Which packages: all but
 * Microsoft's, as any may set a value; those that are there to hold values rank higher, and a file
 * that they lack is a fault. What of it was not read is kept (registry_unread), so that no rule
 * takes a value for missing that may stand there.
 */
#include "imgval/input/package_registry.h"

#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "imgval/input/metadata.h"

#include <string.h>

/* With so many faults of one package, its further registry files are not read. */
#define FAULTS_MAX 64

static bool contains(const char *text, const char *part)
{
    return text != NULL && iv_ascii_ifind(text, part) != NULL;
}

/* Any of the names that a package has: which of them says it differs between the styles. */
static bool names_contain(const struct iv_package *p, const char *part)
{
    return contains(p->name, part) || contains(p->identity_name, part) ||
           contains(p->component, part) || contains(p->sub_component, part);
}

static bool is_settings(const struct iv_package_file *file)
{
    return iv_ascii_isuffix(file->path, "OEMSettings.reg");
}

static bool is_installed(const struct iv_package_place *place)
{
    return place->installed != NULL || place->is_device;
}

/* Opens a file of an extracted package by its place in the cabinet, else by its last part. False
 * without a fault: it is not there. */
bool iv_package_open_loose(const struct iv_reader *r, const struct iv_package_place *place,
                           const char *cab_path, struct iv_opened *ret_file,
                           struct iv_fault *ret_fault)
{
    char *path = iv_arena_strdup(r->scratch, cab_path);
    for (char *p = path; *p != '\0'; p++) {
        *p = *p == '\\' ? '/' : *p;
    }
    /* A device path starts at the root. */
    const char *names[] = {path + (place->is_device ? strspn(path, "/") : 0),
                           iv_reader_last_part(path)};
    *ret_fault = (struct iv_fault){0};
    for (size_t i = 0; i < IV_COUNT(names); i++) {
        size_t length = strlen(place->folder);
        bool is_joined = length == 0 || place->folder[length - 1] == '/';
        const char *full =
            iv_arena_printf(r->scratch, "%s%s%s", place->folder, is_joined ? "" : "/", names[i]);
        struct iv_fault fault;
        switch (iv_tree_open(&place->root, full, r->scratch, ret_file, &fault)) {
        case IV_LOOK_FOUND:
            return true;
        case IV_LOOK_TROUBLE:
            *ret_fault = fault;
            return false;
        case IV_LOOK_ABSENT:
            break;
        }
    }
    return false;
}

/* The bytes of a file that iv_package_open_loose() finds. False without a fault: it is not there.
 */
static bool read_loose(const struct iv_reader *r, const struct iv_package_place *place,
                       const char *cab_path, struct iv_buf *buf, struct iv_fault *ret_fault)
{
    struct iv_opened file IV_CLEANUP(iv_opened_close) = IV_OPENED_NONE;
    if (!iv_package_open_loose(r, place, cab_path, &file, ret_fault)) {
        return false; /* ret_fault says whether that is a fault */
    }
    if (!iv_opened_read_all(&file, r->limits->metadata_size, buf, ret_fault)) {
        if (ret_fault->kind == IV_FAULT_LIMIT) {
            ret_fault->detail = "larger than the limit of a metadata file";
        }
        return false;
    }
    return true;
}

/* A file of an installed or extracted package. False without a fault: it is not there. */
static bool read_member(const struct iv_reader *r, const struct iv_package_place *place,
                        const struct iv_package_file *file, struct iv_buf *buf,
                        struct iv_fault *ret_fault)
{
    if (place->installed != NULL) {
        *ret_fault = (struct iv_fault){0};
        return place->installed->read(place->installed->context, file->path,
                                      r->limits->metadata_size, buf, ret_fault);
    }
    return read_loose(r, place, place->is_device ? file->path : file->cab_path, buf, ret_fault);
}

/* What the registry files of one package are read with. */
struct registries {
    const struct iv_reader *r;
    const struct iv_package_place *place;
    struct iv_package *package;
    enum iv_rank rank;
    bool is_targeting; /* the package is there to hold device values */
};

/* The name under which the package has the file, as reports show it. */
static const char *place_of_file(const struct registries *in, const struct iv_package_file *file)
{
    return is_installed(in->place) ? file->path : file->cab_path;
}

/* A listed file that is not there: what it says is not known. Where a whole package has it not,
 * that is a fault; folders are often without their payload, and images without what they applied.
 */
static void miss_registry(const struct registries *in, const struct iv_package_file *file)
{
    if (in->place->cabinet == NULL && (is_installed(in->place) || !in->is_targeting)) {
        in->package->registry_unread = true;
        return;
    }
    struct iv_document doc = {.path = in->package->path, .member = place_of_file(in, file)};
    const struct iv_fault fault = {
        .kind = IV_FAULT_METADATA,
        .detail = "the registry file is listed in the manifest, and the package does not have it",
    };
    iv_reader_metadata_fault(in->r, in->package, &doc, &fault);
}

/* Device values from the bytes of one registry file or component manifest. False when the package
 * has so many faults that no more is read. */
static bool take_registry(const struct registries *in, const struct iv_package_file *file,
                          const char *bytes, size_t size)
{
    struct iv_package *package = in->package;
    if (!in->is_targeting && !iv_registry_may_name_key(bytes, size)) {
        return true;
    }
    /* Members of an SPKG have made-up short names (2_OEMSett.reg): the name on the device says
     * more. */
    const char *member = place_of_file(in, file);
    const char *shown = package->style == IV_STYLE_CBS ? member : file->path;
    struct iv_document doc = {
        .path = package->path,
        .member = member,
        .bytes = bytes,
        .size = size,
        .source = iv_arena_printf(in->r->scratch, "%s:%s", iv_reader_last_part(package->path),
                                  iv_reader_last_part(shown)),
    };
    struct iv_metadata how = {.package = package, .rank = in->rank};
    if (package->style == IV_STYLE_CBS) {
        iv_registry_read_manifest(in->r, &doc, &how);
    } else {
        iv_registry_read(in->r, &doc, &how);
    }
    return package->fault_count < FAULTS_MAX;
}

/* A registry file on its own. False: no more is read. */
static bool read_registry(const struct registries *in, const struct iv_package_file *file)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_fault fault = {0};
    if (read_member(in->r, in->place, file, &buf, &fault)) {
        return take_registry(in, file, iv_buf_text(&buf), buf.size);
    }
    if (fault.kind == IV_FAULT_NONE) {
        miss_registry(in, file);
        return true;
    }
    struct iv_document doc = {.path = in->package->path, .member = place_of_file(in, file)};
    iv_reader_metadata_fault(in->r, in->package, &doc, &fault);
    return fault.kind != IV_FAULT_LIMIT; /* reading on would hit it again */
}

/* ---- of a cabinet: each folder is inflated once ---- */

/* All registry members are asked for in one call, so that a folder which holds several of them is
 * decompressed once and not once for each. */

struct packed {
    const struct iv_member *member;
    const struct iv_package_file *file;
};

struct packed_registries {
    const struct registries *in;
    const struct packed *items;
};

/* By the place in the list of members, which is that in the cabinet. */
static int compare_packed(const void *a, const void *b)
{
    const struct packed *x = a;
    const struct packed *y = b;
    return (x->member > y->member) - (x->member < y->member);
}

/* One member, as it comes out of its folder; false ends the reading. */
static bool take_packed(void *context, size_t index, const char *bytes, size_t size)
{
    const struct packed_registries *all = context;
    return take_registry(all->in, all->items[index].file, bytes, size);
}

/* The registry files of a cabinet. A manifest may list one member twice: it is read once. */
static void read_packed(const struct registries *in, const struct iv_package_file *const *files,
                        size_t count)
{
    const struct iv_reader *r = in->r;
    struct packed *items = IV_NEW_ARRAY(r->scratch, struct packed, count);
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const struct iv_member *member = iv_cabinet_find(in->place->cabinet, files[i]->cab_path);
        if (member == NULL) {
            miss_registry(in, files[i]);
        } else {
            items[found++] = (struct packed){.member = member, .file = files[i]};
        }
    }
    if (found > 1) {
        iv_sort(items, found, sizeof(*items), compare_packed);
    }
    const struct iv_member **members = IV_NEW_ARRAY(r->scratch, const struct iv_member *, found);
    size_t kept = 0;
    for (size_t i = 0; i < found; i++) {
        if (kept == 0 || items[kept - 1].member != items[i].member) {
            members[kept] = items[i].member;
            items[kept++] = items[i];
        }
    }
    struct packed_registries all = {.in = in, .items = items};
    struct iv_fault fault = {0};
    const struct iv_cabinet_taker taker = {
        .take = take_packed, .context = &all, .max = r->limits->metadata_size};
    if (!iv_cabinet_read_all(in->place->cabinet, members, kept, &taker, &fault)) {
        struct iv_document doc = {.path = in->package->path, .member = fault.member};
        iv_reader_metadata_fault(r, in->package, &doc, &fault);
    }
}

/* ---- which packages, and which files ---- */

/* Whether a member is the manifest of a component; those of deployments are left out. */
static bool is_component_manifest(const char *name)
{
    const char *file = iv_reader_last_part(name);
    return iv_ascii_isuffix(file, ".manifest") && iv_ascii_ifind(file, "deployment") == NULL;
}

/* Whether the device takes the file into its registry. */
static bool is_registry(const struct iv_package *package, const struct iv_package_file *file)
{
    if (package->style == IV_STYLE_CBS) {
        return file->cab_path != NULL && is_component_manifest(file->cab_path);
    }
    return iv_ascii_ieq(file->type, "Registry") ||
           iv_ascii_ieq(file->type, "RegistryMultiStringAppend") || is_settings(file) ||
           iv_ascii_ifind(file->path, "\\Packages\\RegistryFiles\\") != NULL;
}

/* The component manifests of a CBS cabinet are known by their names: its list of files may lack
 * some, and the cabinet some of the list. `files` has room for both; returns how many they are. */
static size_t find_manifests(const struct iv_reader *r, const struct iv_cabinet *cabinet,
                             const struct iv_file_list *list, const struct iv_package *package,
                             const struct iv_package_file **files)
{
    size_t count = 0;
    size_t member_count;
    const struct iv_member *members = iv_cabinet_members(cabinet, &member_count);
    for (size_t i = 0; i < member_count; i++) {
        if (is_component_manifest(members[i].name)) {
            struct iv_package_file *file = IV_NEW(r->scratch, struct iv_package_file);
            file->path = members[i].name;
            file->cab_path = members[i].name;
            files[count++] = file;
        }
    }
    for (size_t i = 0; i < list->count; i++) {
        if (is_registry(package, &list->items[i]) &&
            iv_cabinet_find(cabinet, list->items[i].cab_path) == NULL) {
            files[count++] = &list->items[i];
        }
    }
    return count;
}

/* The listed registry files; one without a place cannot be read. */
static size_t find_registries(const struct iv_package_place *place, const struct iv_file_list *list,
                              struct iv_package *package, const struct iv_package_file **files)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (!is_registry(package, &list->items[i])) {
            continue;
        }
        if (is_installed(place) || list->items[i].cab_path != NULL) {
            files[count++] = &list->items[i];
        } else {
            package->registry_unread = true;
        }
    }
    return count;
}

/* Whether the package's name, or a file of it, says that it is there to hold device values. */
static bool is_named_for_values(const struct iv_file_list *list, const struct iv_package *package)
{
    bool is_named =
        names_contain(package, "Customizations") || names_contain(package, "RegistryCustomization");
    for (size_t i = 0; i < list->count && !is_named; i++) {
        is_named = is_settings(&list->items[i]);
    }
    return is_named;
}

/* What the package brings to the device's datastore may be values of variants. On a device the
 * datastore is met as a file. */
static void report_datastores(const struct iv_reader *r, const struct iv_file_list *list,
                              struct iv_package *package)
{
    for (size_t i = 0; i < list->count; i++) {
        if (iv_answer_is_datastore(list->items[i].path)) {
            const struct iv_fault fault = {
                .kind = IV_FAULT_METADATA,
                .path = package->path,
                .member = list->items[i].path,
                .detail = IV_DATASTORE_DETAIL,
            };
            iv_reader_package_fault(r, package, &fault, false);
        }
    }
}

/*
 * Any registry file of any package may set device values. Looking for them means inflating what
 * lies before them, so the packages that Microsoft owns are left out, unless their name says that
 * they hold such values: they come with the operating system, and know no device.
 */
void iv_package_read_registries(const struct iv_reader *r, const struct iv_package_place *place,
                                const struct iv_file_list *list, struct iv_package *package)
{
    bool is_named = is_named_for_values(list, package);
    if (package->removal || package->diff ||
        (!is_named && iv_ascii_ieq(package->owner_type, "Microsoft"))) {
        return;
    }
    if (!is_installed(place)) {
        report_datastores(r, list, package);
    }
    if (is_installed(place) && package->style == IV_STYLE_CBS) {
        return; /* its component manifests are deltas there; the SYSTEM hive has the values */
    }

    bool is_targeting = contains(package->name, "Customizations") ||
                        contains(package->identity_name, "Customizations") ||
                        contains(package->sub_component, "Customizations");
    struct registries in = {
        .r = r,
        .place = place,
        .package = package,
        .rank = is_targeting ? IV_RANK_TARGETING : IV_RANK_REGISTRY,
        .is_targeting = is_named,
    };

    size_t member_count = 0;
    if (place->cabinet != NULL) {
        (void)iv_cabinet_members(place->cabinet, &member_count);
    }
    const struct iv_package_file **files =
        IV_NEW_ARRAY(r->scratch, const struct iv_package_file *, list->count + member_count);
    size_t count = place->cabinet != NULL && package->style == IV_STYLE_CBS
                       ? find_manifests(r, place->cabinet, list, package, files)
                       : find_registries(place, list, package, files);
    if (place->cabinet != NULL) {
        read_packed(&in, files, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (place->is_nowhere) {
            package->registry_unread = true;
        } else if (!read_registry(&in, files[i])) {
            return;
        }
    }
}
