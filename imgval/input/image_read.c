/*
 * What the readers of FFU, VHD and WIM have in common. They take the container apart and call
 * iv_image_read_disk() or iv_image_read_wim() for each store; here every partition with a known
 * file system becomes a volume, its package manifests are read at once, and a WIM that it holds
 * (UpdateOS, MMOS) is read as a further volume. iv_image_end() comes when all volumes are known: it
 * looks for what describes the device (layout, SYSTEM hive, datastores, update history,
 * OEMInput.xml), which may lie on any of them, and closes them.
 *
 * An image is hostile in more ways than a package. A volume may hold names that differ only by
 * case, or one name twice: Windows would see one of the two, and which one is not known here. So
 * each path is looked up in all of its spellings (struct iv_speller), all of them are read where
 * that makes sense, and such twins are reported. Partitions may overlap, one area of the file may
 * be mapped to many places, and compressed data may be large: the number of volumes, the number of
 * packages and the sum of bytes read from one image (`left`) have limits.
 *
 * What cannot be read is a fault that names the partition. It never ends the reading: the packages
 * of the other partitions are still worth showing, and the faults keep the verdict from being
 * `pass`.
 */
#include "imgval/input/image_read.h"

#include "imgval/base/fold.h"
#include "imgval/base/text.h"
#include "imgval/disk/hive.h"
#include "imgval/disk/spellings.h"
#include "imgval/disk/volume.h"
#include "imgval/input/image_account.h"
#include "imgval/input/manifest.h"
#include "imgval/input/metadata.h"

#include <string.h>

/* Directories below \Windows\ImageUpdate that are searched for the history. */
#define SEARCH_MAX 4096

static const char *const manifest_folders[][2] = {
    {"Windows/Packages/DsmFiles", ".dsm.xml"},
    {"Windows/servicing/Packages", ".mum"},
};

/* A file system in hand, open until iv_image_end(). */
struct iv_image_volume {
    const char *name; /* of the partition, as paths show it */
    struct iv_volume *handle;
    bool is_main; /* MainOS: the device's metadata are here */
    struct iv_speller *speller;
    struct iv_image_marks *marks; /* what became of the files that were looked at */
};

/* A file on a volume. */
struct found {
    struct iv_image_volume *volume;
    const char *path;
};

void iv_image_begin(const struct iv_reader *r, const struct iv_item *item, uint64_t size,
                    struct iv_image_reader *ret_reader)
{
    *ret_reader = (struct iv_image_reader){
        .r = r,
        .item = item,
        .image = &r->facts->image,
        .faults = {.arena = r->arena, .path = item->path},
        .left = r->limits->image_files,
    };
    ret_reader->image->present = true;
    ret_reader->image->path = item->path;
    ret_reader->image->file_size = size;
}

/* "phone.ffu:MainOS/Windows/..." */
static const char *shown_path(const struct iv_image_reader *x, const struct iv_image_volume *volume,
                              const char *path)
{
    return iv_arena_printf(x->r->arena, "%s:%s/%s", x->item->path, volume->name, path);
}

/* A fault about a place on a volume; `path` NULL: the volume itself. */
static void volume_fault(struct iv_image_reader *x, const char *volume, const char *path,
                         const struct iv_fault *fault)
{
    const char *member =
        path == NULL ? volume : iv_arena_printf(x->r->scratch, "%s/%s", volume, path);
    /* A directory that cannot be read hides what lies in it: that is more than one file. */
    enum iv_fault_kind kind = fault->kind == IV_FAULT_FILE ? IV_FAULT_PARTITION : fault->kind;
    iv_faults_add(&x->faults, kind, member, "%s", fault->detail);
}

/* ---- twins ---- */

/* Many paths go through the same folders: each pair is reported once. */
static bool is_reported(const struct iv_image_reader *x, enum iv_fault_kind kind, const char *path)
{
    for (size_t i = 0; i < x->faults.count; i++) {
        const struct iv_fault *fault = &x->faults.items[i];
        if (fault->kind == kind && strcmp(fault->path, path) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * One pair of names in a folder that count as the same. Equal byte for byte, the file system is
 * damaged and one of the two was not read; else they differ by case, and which one Windows takes is
 * open.
 */
static void report_twin(struct iv_image_reader *x, const char *path, const char *other)
{
    const char *slash = strrchr(path, '/');
    bool is_same = strcmp(slash == NULL ? path : slash + 1, other) == 0;
    enum iv_fault_kind kind = is_same ? IV_FAULT_PARTITION : IV_FAULT_TWINS;
    size_t before = x->faults.count;
    if (is_reported(x, kind, path)) {
        return;
    }
    iv_faults_add(&x->faults, kind, NULL,
                  is_same ? "its folder has the name %s twice, and only one of the two was read"
                          : "%s is its twin in the same folder",
                  iv_faults_shown(x->r->scratch, other));
    if (x->faults.count > before) {
        x->faults.items[before].path = path;
    }
}

static void report_twins(struct iv_image_reader *x, const struct iv_image_volume *volume,
                         const struct iv_spellings *spellings)
{
    for (size_t i = 0; i < spellings->twin_count; i++) {
        const struct iv_volume_twin *twin = &spellings->twins[i];
        report_twin(x, shown_path(x, volume, twin->path), twin->other);
    }
}

/* A path on a volume by each of its spellings. */
static struct iv_spellings spell(struct iv_image_reader *x, const struct iv_image_volume *volume,
                                 const char *path)
{
    struct iv_spellings spellings;
    iv_speller_find(volume->speller, path, x->r->scratch, &spellings);
    report_twins(x, volume, &spellings);
    if (spellings.is_cut) {
        iv_faults_add(&x->faults, IV_FAULT_LIMIT, volume->name,
                      "%s is there in too many spellings: not all of them were read", path);
    }
    return spellings;
}

/* ---- files ---- */

/* Reads a file, within `max` and within what may still be read of this image. A limit fault names
 * the limit that was hit. */
static enum iv_volume_outcome read_file(struct iv_image_reader *x, struct iv_image_volume *volume,
                                        const char *path, uint64_t max, struct iv_buf *buf,
                                        struct iv_fault *ret_fault)
{
    size_t before = buf->size;
    uint64_t most = max < x->left ? max : x->left;
    enum iv_volume_outcome outcome = iv_volume_read(volume->handle, path, most, buf, ret_fault);
    x->left -= buf->size - before;
    if (outcome != IV_VOLUME_ABSENT) {
        iv_image_mark(volume->marks, path,
                      outcome == IV_VOLUME_FOUND ? IV_FATE_READ : IV_FATE_REPORTED);
    }
    if (outcome == IV_VOLUME_TROUBLE && ret_fault->kind == IV_FAULT_LIMIT && most < max) {
        ret_fault->detail = "the limit of all files that are read of one image is reached";
    }
    return outcome;
}

/* What a package's registry file is read through. */
struct installed_place {
    struct iv_image_reader *x;
    struct iv_image_volume *volume;
};

/* The registry file, or with --verify any file, that an installed package lists by its device path.
 * Where two spellings are there, neither is taken. False without a fault: it is not there. */
static bool read_installed(const void *context, const char *device_path, uint64_t max,
                           struct iv_buf *buf, struct iv_fault *ret_fault)
{
    const struct installed_place *place = context;
    char *path = iv_arena_strdup(place->x->r->scratch, device_path);
    for (char *p = path; *p != '\0'; p++) {
        *p = *p == '\\' ? '/' : *p;
    }
    struct iv_spellings spellings = spell(place->x, place->volume, path);
    if (spellings.count > 1) {
        *ret_fault = (struct iv_fault){
            .kind = IV_FAULT_METADATA,
            .detail = "there are two files of this name, and which one counts is not known",
        };
        return false;
    }
    enum iv_volume_outcome outcome =
        read_file(place->x, place->volume, spellings.paths[0], max, buf, ret_fault);
    if (outcome == IV_VOLUME_TROUBLE && ret_fault->kind != IV_FAULT_LIMIT) {
        ret_fault->kind = IV_FAULT_METADATA;
    }
    return outcome == IV_VOLUME_FOUND;
}

/* ---- manifests ---- */

/* By value: the caller's may be in scratch, what it points to is not. */
static void add_package(const struct iv_image_reader *x, const struct iv_package *package)
{
    struct iv_facts *facts = x->r->facts;
    facts->packages = iv_reader_grow(x->r->arena, facts->packages, facts->package_count,
                                     sizeof(*facts->packages));
    facts->packages[facts->package_count++] = *package;
}

/* One manifest becomes one package, whatever happens: a manifest that cannot be read leaves a
 * package that is known by its file name and marked as not readable. */
static void read_manifest(struct iv_image_reader *x, size_t v, const char *path,
                          const struct iv_volume_entry *entry)
{
    const struct iv_reader *r = x->r;
    struct iv_image_volume *volume = &x->volumes[v];
    struct iv_package package = {0};
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_fault fault = {0};
    iv_package_from_name(r->arena, shown_path(x, volume, path), false, &package);
    package.container = IV_CONTAINER_INSTALLED;
    if (entry->is_link || entry->is_directory) {
        fault = (struct iv_fault){.kind = IV_FAULT_FILE,
                                  .detail = entry->is_link
                                                ? "the manifest is a link: links are not followed"
                                                : "a directory stands where the manifest must be"};
        iv_reader_package_fault(r, &package, &fault, true);
    } else if (read_file(x, volume, path, r->limits->manifest_size, &buf, &fault) ==
               IV_VOLUME_FOUND) {
        const struct installed_place place = {.x = x, .volume = volume};
        const struct iv_installed installed = {.read = read_installed, .context = &place};
        iv_package_read_installed(r, &installed, &buf, &package);
    } else {
        if (fault.kind == IV_FAULT_NONE) {
            fault.detail = "the directory lists the manifest, but it is not there";
        }
        if (fault.kind != IV_FAULT_LIMIT) {
            fault.kind = IV_FAULT_FILE;
        }
        iv_reader_package_fault(r, &package, &fault, true);
    }
    add_package(x, &package);
}

/* The manifests of one directory. */
static void read_folder(struct iv_image_reader *x, size_t v, const char *folder, const char *suffix)
{
    struct iv_volume_entry *entries = NULL;
    size_t count = 0;
    struct iv_fault fault = {0};
    struct iv_image_volume *volume = &x->volumes[v];
    enum iv_volume_outcome outcome =
        iv_volume_list(volume->handle, folder, x->r->scratch, &entries, &count, &fault);
    if (outcome == IV_VOLUME_TROUBLE) {
        volume_fault(x, volume->name, folder, &fault);
    }
    for (size_t i = 0; outcome == IV_VOLUME_FOUND && i < count; i++) {
        const struct iv_volume_entry *entry = &entries[i];
        if (!iv_ascii_isuffix(entry->name, suffix)) {
            continue;
        }
        const char *path = iv_arena_printf(x->r->scratch, "%s/%s", folder, entry->name);
        if (x->r->facts->package_count >= x->r->limits->packages) {
            iv_faults_add(&x->faults, IV_FAULT_LIMIT, volume->name,
                          "more than %llu packages: %s and those after it were not read",
                          (unsigned long long)x->r->limits->packages,
                          iv_faults_shown(x->r->scratch, path));
            return;
        }
        read_manifest(x, v, path, entry);
    }
}

/* Of names in a folder of manifests: twins of other files do not matter there. */
static bool is_manifest(const struct iv_volume_entry *entry)
{
    bool is = false;
    for (size_t i = 0; i < IV_COUNT(manifest_folders); i++) {
        is = is || iv_ascii_isuffix(entry->name, manifest_folders[i][1]);
    }
    return is;
}

/* Twins in one folder, which is read by its own spelling. */
static void look_for_twins(struct iv_image_reader *x, const struct iv_image_volume *volume,
                           const char *folder, bool (*counts)(const struct iv_volume_entry *entry))
{
    struct iv_spellings twins = {0};
    iv_speller_twins(volume->speller, folder, counts, x->r->scratch, &twins);
    report_twins(x, volume, &twins);
}

/* All packages that are installed on one volume. */
static void read_manifests(struct iv_image_reader *x, size_t v)
{
    for (size_t i = 0; i < IV_COUNT(manifest_folders); i++) {
        struct iv_spellings folders = spell(x, &x->volumes[v], manifest_folders[i][0]);
        for (size_t k = 0; k < folders.count; k++) {
            look_for_twins(x, &x->volumes[v], folders.paths[k], is_manifest);
            read_folder(x, v, folders.paths[k], manifest_folders[i][1]);
        }
    }
}

/* ---- volumes ---- */

/* Opens the file system in `source` and appends it to the volumes. NULL: that is reported as a
 * fault of `name`. `number`: which image of a WIM. */
static struct iv_image_volume *open_volume(struct iv_image_reader *x,
                                           const struct iv_source *source, size_t number,
                                           const char *name, bool is_main)
{
    struct iv_volume *handle = NULL;
    struct iv_fault fault = {0};
    /* One area of the file can be mapped to many places, so this is not bounded by its size. */
    if (x->volume_count >= x->r->limits->volumes) {
        iv_faults_add(&x->faults, IV_FAULT_LIMIT, name,
                      "more than %llu file systems: this one was not read",
                      (unsigned long long)x->r->limits->volumes);
        return NULL;
    }
    if (!iv_volume_open(source, number, x->r->limits, x->r->scratch, &handle, &fault)) {
        volume_fault(x, name, NULL, &fault);
        return NULL;
    }
    x->volumes = iv_reader_grow(x->r->scratch, x->volumes, x->volume_count, sizeof(*x->volumes));
    struct iv_image_volume *volume = &x->volumes[x->volume_count++];
    *volume = (struct iv_image_volume){
        .name = name,
        .handle = handle,
        .is_main = is_main,
        .speller = IV_NEW(x->r->scratch, struct iv_speller),
        .marks = IV_NEW(x->r->scratch, struct iv_image_marks),
    };
    volume->speller->volume = handle;
    volume->marks->arena = x->r->scratch;
    return volume;
}

/* Appends a partition for what lies in none of the table: an image of a WIM, or a disk without a
 * table. NULL: there are as many as an image may have. */
static struct iv_image_partition *add_partition(struct iv_image_reader *x, const char *name)
{
    struct iv_image *image = x->image;
    if (image->partition_count >= IV_IMAGE_PARTITIONS_MAX) {
        return NULL;
    }
    struct iv_image_partition *bigger =
        IV_NEW_ARRAY(x->r->arena, struct iv_image_partition, image->partition_count + 1);
    if (image->partition_count > 0) {
        memcpy(bigger, image->partitions, image->partition_count * sizeof(*bigger));
    }
    image->partitions = bigger;
    struct iv_image_partition *partition = &bigger[image->partition_count++];
    *partition = (struct iv_image_partition){
        .number = image->partition_count,
        .name = name,
        .file_system = "WIM",
    };
    return partition;
}

static void read_inner_wims(struct iv_image_reader *x, size_t v);

/* Each image of a WIM is a volume, and so a partition of the report. A WIM inside a WIM is read
 * when the outer one holds a device, so the nesting ends there. */
void iv_image_read_wim(struct iv_image_reader *x, const struct iv_source *source, const char *name,
                       bool is_main)
{
    const char *kind = iv_volume_kind(source);
    if (kind == NULL || strcmp(kind, "WIM") != 0) {
        iv_faults_add(&x->faults, IV_FAULT_PARTITION, name, "not a WIM");
        return;
    }
    size_t count = 1; /* until the first one says how many there are */
    for (size_t i = 0; i < count; i++) {
        const char *label = i == 0 ? name : iv_arena_printf(x->r->arena, "%s#%zu", name, i + 1);
        struct iv_image_partition *partition = add_partition(x, label);
        const struct iv_image_volume *volume = open_volume(x, source, i, label, is_main);
        if (volume == NULL) {
            return;
        }
        count = iv_volume_image_count(volume->handle);
        size_t before = x->r->facts->package_count;
        size_t v = x->volume_count - 1;
        read_manifests(x, v);
        if (partition != NULL) {
            partition->size = source->size;
            partition->used = source->size;
            partition->readable = true;
            partition->package_count = x->r->facts->package_count - before;
        }
        if (is_main) {
            read_inner_wims(x, v);
        }
    }
}

/* A WIM that is a file on a volume is read as a further volume under the name `label`. Returns
 * whether it is there, readable or not. */
static bool read_inner_wim(struct iv_image_reader *x, size_t v, const char *path, const char *label)
{
    struct iv_source source;
    struct iv_fault fault = {0};
    switch (iv_volume_file(x->volumes[v].handle, path, x->r->scratch, &source, &fault)) {
    case IV_VOLUME_FOUND:
        iv_image_mark(x->volumes[v].marks, path, IV_FATE_READ);
        iv_image_read_wim(x, &source, label, false);
        return true;
    case IV_VOLUME_ABSENT:
        return false;
    case IV_VOLUME_TROUBLE:
        break;
    }
    iv_image_mark(x->volumes[v].marks, path, IV_FATE_REPORTED);
    fault.detail = iv_arena_printf(x->r->scratch, "%s: %s", path, fault.detail);
    volume_fault(x, label, NULL, &fault);
    return true;
}

/* The first of the paths that is there has the name `name`; a further one, which no device has, is
 * read under its own path. */
static void read_inner_wims_of(struct iv_image_reader *x, size_t v, const char *name,
                               const char *const *paths, size_t count)
{
    bool has_one = false;
    for (size_t i = 0; i < count; i++) {
        struct iv_spellings files = spell(x, &x->volumes[v], paths[i]);
        for (size_t k = 0; k < files.count; k++) {
            const char *label =
                has_one ? iv_arena_printf(x->r->arena, "%s/%s", x->volumes[v].name, files.paths[k])
                        : name;
            has_one = read_inner_wim(x, v, files.paths[k], label) || has_one;
        }
    }
}

/* The WIMs that a device starts from: they hold packages of their own. */
static void read_inner_wims(struct iv_image_reader *x, size_t v)
{
    static const char *const update_os[] = {"PROGRAMS/UpdateOS/UpdateOS.wim", "UpdateOS.wim"};
    static const char *const mmos[] = {"MMOS.wim"};
    if (x->volumes[v].is_main) {
        read_inner_wims_of(x, v, "UpdateOS", update_os, IV_COUNT(update_os));
    }
    if (iv_ascii_ieq(x->volumes[v].name, "MMOS")) {
        read_inner_wims_of(x, v, "MMOS.wim", mmos, IV_COUNT(mmos));
    }
}

/* The name in paths. A table may have none, then its number stands for it, or one name twice, then
 * the later one gets its place in the table. */
static const char *partition_label(const struct iv_image_reader *x, size_t index)
{
    const struct iv_image_partition *p = &x->image->partitions[index];
    if (p->name == NULL || p->name[0] == '\0') {
        return iv_arena_printf(x->r->arena, "#%llu", (unsigned long long)p->number);
    }
    for (size_t i = 0; i < index; i++) {
        if (iv_ascii_ieq(x->image->partitions[i].name, p->name)) {
            return iv_arena_printf(x->r->arena, "%s#%zu", p->name, index + 1);
        }
    }
    return p->name;
}

/* Whether a store has no partition table: then the disk itself is the volume. */
static bool is_whole_disk(const struct iv_image *image, uint64_t store)
{
    for (size_t i = 0; i < image->store_count; i++) {
        const char *scheme = image->stores[i].scheme;
        if (image->stores[i].index == store) {
            return scheme != NULL && strcmp(scheme, "none") == 0;
        }
    }
    return false;
}

/* A partition that was read and has bytes in common with this one, or NULL. */
static const struct iv_image_partition *find_shared(const struct iv_image_reader *x, size_t index)
{
    const struct iv_image_partition *one = &x->image->partitions[index];
    for (size_t i = 0; i < index; i++) {
        const struct iv_image_partition *other = &x->image->partitions[i];
        bool is_apart = one->start >= other->start ? one->start - other->start >= other->size
                                                   : other->start - one->start >= one->size;
        if (other->store == one->store && other->readable && !is_apart) {
            return other;
        }
    }
    return NULL;
}

/*
 * One partition: what file system it holds, and the packages on it. Boot loaders lie in partitions
 * that have none, so "raw" is a fault only where one must be: MainOS, and where the manifest of the
 * image says so. Of overlapping partitions the later one is not read, as its packages would count
 * twice. `claimed`: the file system that the image's own manifest names, or NULL.
 */
static void read_partition(struct iv_image_reader *x, size_t index, const struct iv_source *source,
                           const char *claimed)
{
    struct iv_image_partition *partition = &x->image->partitions[index];
    const char *label = partition_label(x, index);
    /* A plain MBR has no names. */
    bool is_named = partition->name != NULL && partition->name[0] != '\0';
    bool must_hold =
        iv_ascii_ieq(partition->name, "MainOS") || is_whole_disk(x->image, partition->store);
    bool is_main = must_hold || !is_named;
    const char *kind = iv_volume_kind(source);
    partition->file_system = kind == NULL ? "raw" : kind;
    if (kind == NULL && (must_hold || claimed != NULL)) {
        iv_faults_add(&x->faults, IV_FAULT_PARTITION, label, "no file system is found in it, %s%s",
                      claimed == NULL ? "but it must hold one"
                                      : "but the manifest of the image says ",
                      claimed == NULL ? "" : iv_faults_shown(x->r->scratch, claimed));
    }
    const struct iv_image_partition *shared = kind != NULL ? find_shared(x, index) : NULL;
    if (shared != NULL) {
        iv_faults_add(&x->faults, IV_FAULT_PARTITION, label,
                      "it overlaps partition %s, which was read: their files are not read twice",
                      iv_faults_shown(x->r->scratch,
                                      partition_label(x, (size_t)(shared - x->image->partitions))));
        return;
    }
    if (kind == NULL || open_volume(x, source, 0, label, is_main) == NULL) {
        return;
    }

    size_t volume = x->volume_count - 1;
    size_t before = x->r->facts->package_count;
    read_manifests(x, volume);
    partition->readable = true;
    partition->package_count = x->r->facts->package_count - before;
    uint64_t used = iv_volume_used(x->volumes[volume].handle);
    if (partition->used == 0) {
        partition->used = used;
    }
    read_inner_wims(x, volume);
}

/* What the manifest of the image, or DeviceLayout.xml, says is in a partition; NULL: nothing. */
static const char *claimed_file_system(const struct iv_image *image,
                                       const struct iv_image_partition *partition)
{
    for (size_t i = 0; i < image->claim_count; i++) {
        const struct iv_image_claim *claim = &image->claims[i];
        if (claim->store == partition->store && iv_ascii_ieq(claim->name, partition->name)) {
            return claim->file_system;
        }
    }
    return NULL;
}

void iv_image_read_disk(struct iv_image_reader *x, const struct iv_source *disk, uint64_t store)
{
    size_t count = x->image->partition_count;
    size_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        const struct iv_image_partition *partition = &x->image->partitions[i];
        if (partition->store == store) {
            struct iv_source source =
                iv_source_slice(disk, partition->start, partition->size, x->r->scratch);
            read_partition(x, i, &source, claimed_file_system(x->image, partition));
            seen++;
        }
    }
    if (seen == 0 && is_whole_disk(x->image, store)) {
        struct iv_image_partition *partition = add_partition(x, NULL);
        if (partition != NULL) {
            partition->store = store;
            partition->size = disk->size;
            read_partition(x, x->image->partition_count - 1, disk, NULL);
        }
    }
}

/* ---- metadata ---- */

static void add_found(struct iv_image_reader *x, struct found **list, size_t *count,
                      struct iv_image_volume *volume, const char *path)
{
    *list = iv_reader_grow(x->r->scratch, *list, *count, sizeof(**list));
    (*list)[(*count)++] = (struct found){.volume = volume, .path = path};
}

static bool is_history_name(const char *name)
{
    return iv_ascii_ieq(name, "UpdateHistory.xml");
}

static bool is_registry_name(const char *name)
{
    return iv_ascii_isuffix(name, ".reg") || iv_ascii_isuffix(name, ".rga");
}

/* What is of interest where such files are looked for. */
static bool may_hold_history(const struct iv_volume_entry *entry)
{
    return entry->is_directory || is_history_name(entry->name);
}

/* A folder may hold one further down. */
static bool may_hold_registry(const struct iv_volume_entry *entry)
{
    return entry->is_directory || is_registry_name(entry->name);
}

/* What is searched for: files by their names, and what may be one or lead to one. */
struct sought {
    const char *top;
    bool (*is)(const char *name);
    bool (*may_hold)(const struct iv_volume_entry *entry);
};
static const struct sought histories = {"Windows/ImageUpdate", is_history_name, may_hold_history};
static const struct sought data_histories = {"SharedData/DuShared", is_history_name,
                                             may_hold_history};
static const struct sought registry_files = {"Windows/Packages/RegistryFiles", is_registry_name,
                                             may_hold_registry};

/*
 * Adds every file that is sought below a directory to the list, level by level. Links are not
 * followed, so that a loop cannot keep it busy, and the number of directories has a limit. A
 * directory that cannot be listed is a fault: it may hide such a file.
 */
static void search(struct iv_image_reader *x, struct iv_image_volume *volume,
                   const struct sought *sought, struct found **list, size_t *count)
{
    struct found *folders = NULL;
    size_t folder_count = 0;
    struct iv_spellings tops = spell(x, volume, sought->top);
    for (size_t i = 0; i < tops.count; i++) {
        add_found(x, &folders, &folder_count, volume, tops.paths[i]);
    }
    for (size_t at = 0; at < folder_count; at++) {
        struct iv_volume_entry *entries = NULL;
        size_t entry_count = 0;
        struct iv_fault fault = {0};
        switch (iv_volume_list(volume->handle, folders[at].path, x->r->scratch, &entries,
                               &entry_count, &fault)) {
        case IV_VOLUME_FOUND:
            break;
        case IV_VOLUME_ABSENT:
            continue;
        case IV_VOLUME_TROUBLE:
            volume_fault(x, volume->name, folders[at].path, &fault);
            continue;
        }
        look_for_twins(x, volume, folders[at].path, sought->may_hold);
        for (size_t i = 0; i < entry_count; i++) {
            const char *path =
                iv_arena_printf(x->r->scratch, "%s/%s", folders[at].path, entries[i].name);
            bool is_wanted = sought->is(entries[i].name);
            if (entries[i].is_link && !is_wanted) {
                continue; /* not followed; one that is wanted is reported when it is to be read */
            }
            bool is_folder = entries[i].is_directory && !entries[i].is_link;
            if (is_folder && folder_count < SEARCH_MAX) {
                add_found(x, &folders, &folder_count, volume, path);
            } else if (is_folder) {
                iv_faults_add(&x->faults, IV_FAULT_LIMIT, volume->name,
                              "more than %d directories below %s", SEARCH_MAX, sought->top);
                return;
            } else if (is_wanted) {
                add_found(x, list, count, volume, path);
            }
        }
    }
}

/*
 * Reads a metadata file into buf. False: it is not there, or it cannot be read, which was reported.
 */
static bool read_document(struct iv_image_reader *x, const struct found *file, struct iv_buf *buf,
                          struct iv_document *ret_doc)
{
    struct iv_fault fault = {0};
    const char *shown = shown_path(x, file->volume, file->path);
    *ret_doc = (struct iv_document){.path = shown, .source = shown};
    switch (read_file(x, file->volume, file->path, x->r->limits->metadata_size, buf, &fault)) {
    case IV_VOLUME_FOUND:
        ret_doc->bytes = iv_buf_text(buf);
        ret_doc->size = buf->size;
        return true;
    case IV_VOLUME_ABSENT:
        return false;
    case IV_VOLUME_TROUBLE:
        break;
    }
    fault.kind = fault.kind == IV_FAULT_LIMIT ? IV_FAULT_LIMIT : IV_FAULT_METADATA;
    iv_reader_metadata_fault(x->r, NULL, ret_doc, &fault);
    return false;
}

/* The history of the image. Of several none is taken: a wrong one would judge against a state that
 * the device never had. The user can name one. */
static void read_history(struct iv_image_reader *x, const struct found *files, size_t count)
{
    struct iv_history *history = &x->r->facts->history;
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_document doc;
    if (count == 0) {
        return;
    }
    history->present = true;
    history->path = shown_path(x, files[0].volume, files[0].path);
    if (count > 1) {
        const struct iv_fault fault = {
            .kind = IV_FAULT_METADATA,
            .path = history->path,
            .detail =
                iv_reader_printf(x->r,
                                 "%zu update histories in the image, %s/%s is another: choose "
                                 "one with --update-history",
                                 count, files[1].volume->name, files[1].path),
        };
        iv_reader_fault(x->r, &fault);
        return;
    }
    if (read_document(x, &files[0], &buf, &doc)) {
        iv_history_read(x->r, &doc);
    }
}

/* The history lies below \Windows\ImageUpdate, else on the Data partition. */
static void find_history(struct iv_image_reader *x)
{
    struct found *files = NULL;
    size_t count = 0;
    for (size_t v = 0; v < x->volume_count; v++) {
        if (x->volumes[v].is_main) {
            search(x, &x->volumes[v], &histories, &files, &count);
        }
    }
    for (size_t v = 0; v < x->volume_count && count == 0; v++) {
        if (iv_ascii_ieq(x->volumes[v].name, "Data")) {
            search(x, &x->volumes[v], &data_histories, &files, &count);
        }
    }
    read_history(x, files, count);
}

/* Reads the first spelling of a file of which one alone can count; its twins are reported by
 * spell(). */
static bool read_first(struct iv_image_reader *x, struct iv_image_volume *volume, const char *path,
                       struct iv_buf *buf, struct iv_document *ret_doc)
{
    const struct found file = {.volume = volume, .path = spell(x, volume, path).paths[0]};
    return read_document(x, &file, buf, ret_doc);
}

/* Another OEMInput.xml than the one that was read does not count, and that is reported. A copy of
 * it says the same, and an image builder may leave one. */
static void report_other_oem_input(struct iv_image_reader *x, struct iv_image_volume *volume,
                                   const char *path, const struct iv_buf *counted)
{
    struct iv_fault fault = {0};
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    const char *spelled = spell(x, volume, path).paths[0];
    const enum iv_volume_outcome found =
        read_file(x, volume, spelled, x->r->limits->metadata_size, &buf, &fault);
    const bool is_copy = found == IV_VOLUME_FOUND && buf.size > 0 && buf.size == counted->size &&
                         memcmp(iv_buf_text(&buf), counted->data, buf.size) == 0;
    if (found == IV_VOLUME_ABSENT || is_copy) {
        return;
    }
    fault = (struct iv_fault){
        .kind = IV_FAULT_ELSEWHERE,
        .path = shown_path(x, volume, spelled),
        .detail = iv_reader_printf(x->r, "%s counts in its place", x->r->facts->oem_input.path),
    };
    iv_reader_fault(x->r, &fault);
}

/* OEMInput.xml: the first of its places that has a readable one. */
static void find_oem_input(struct iv_image_reader *x)
{
    static const struct {
        bool on_main;
        const char *path;
    } places[] = {
        {true, "Windows/ImageUpdate/OEMInput.xml"},
        {true, "Windows/ImageUpdate/OEMInput/OEMInput.xml"},
        {false, "SharedData/DuShared/OEMInput.xml"},
    };
    struct iv_oem_input *oem_input = &x->r->facts->oem_input;
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0}; /* of the one that counts */
    for (size_t i = 0; i < IV_COUNT(places); i++) {
        for (size_t v = 0; v < x->volume_count; v++) {
            struct iv_image_volume *volume = &x->volumes[v];
            struct iv_document doc;
            bool is_place =
                places[i].on_main ? volume->is_main : iv_ascii_ieq(volume->name, "Data");
            if (oem_input->present) {
                if (is_place) {
                    report_other_oem_input(x, volume, places[i].path, &buf);
                }
                continue;
            }
            iv_buf_clear(&buf);
            if (is_place && read_first(x, volume, places[i].path, &buf, &doc)) {
                oem_input->present = true;
                oem_input->path = doc.path;
                iv_oem_input_read(x->r, &doc);
            }
        }
    }
}

#define HIVE_PATH "Windows/System32/config/SYSTEM"

/* Whether a log lies beside a hive, or may: its folder cannot be listed. */
static bool has_log(const struct iv_image_reader *x, const struct found *hive)
{
    const char *slash = strrchr(hive->path, '/');
    const char *folder = iv_arena_strndup(x->r->scratch, hive->path, (size_t)(slash - hive->path));
    struct iv_volume_entry *entries = NULL;
    size_t count = 0;
    struct iv_fault ignored = {0};
    bool has = iv_volume_list(hive->volume->handle, folder, x->r->scratch, &entries, &count,
                              &ignored) != IV_VOLUME_FOUND;
    for (size_t i = 0; i < count && !has; i++) {
        has = iv_hive_is_log(entries[i].name, entries[i].size);
    }
    return has;
}

/* The log matters because Windows may have left changes in it that are not in the hive yet. */
static void read_hive(struct iv_image_reader *x, const struct found *file)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_document doc;
    if (read_document(x, file, &buf, &doc)) {
        iv_hive_read(x->r, &doc, has_log(x, file));
    }
}

/* The SYSTEM hive, in each spelling, of each volume that may be MainOS. */
static void find_hive(struct iv_image_reader *x)
{
    for (size_t v = 0; v < x->volume_count; v++) {
        if (!x->volumes[v].is_main) {
            continue;
        }
        struct iv_spellings hives = spell(x, &x->volumes[v], HIVE_PATH);
        for (size_t i = 0; i < hives.count; i++) {
            const struct found file = {.volume = &x->volumes[v], .path = hives.paths[i]};
            read_hive(x, &file);
        }
    }
}

/* Whether the hive said something about the device: what registry files say is in it then. */
static bool has_hive_values(const struct iv_facts *facts)
{
    for (size_t i = 0; i < facts->datum_count; i++) {
        if (facts->data[i].rank == IV_RANK_HIVE) {
            return true;
        }
    }
    return false;
}

/* Whether a file was read already, through the package that lists it. */
static bool is_read(const struct iv_image_marks *marks, const char *path)
{
    for (size_t i = 0; i < marks->count; i++) {
        if (iv_ascii_ieq(marks->items[i].path, path)) {
            return true;
        }
    }
    return false;
}

/* Where no hive holds the device values, registry files of MainOS count as they do in a folder,
 * also those that no package lists. */
static void find_registry_files(struct iv_image_reader *x)
{
    static const struct iv_metadata how = {.rank = IV_RANK_REGISTRY, .any_root = true};
    struct found *files = NULL;
    size_t count = 0;
    for (size_t v = 0; v < x->volume_count && !has_hive_values(x->r->facts); v++) {
        if (x->volumes[v].is_main) {
            search(x, &x->volumes[v], &registry_files, &files, &count);
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
        struct iv_document doc;
        if (!is_read(files[i].volume->marks, files[i].path) &&
            read_document(x, &files[i], &buf, &doc) &&
            iv_registry_may_name_key(doc.bytes, doc.size)) {
            iv_registry_read(x->r, &doc, &how);
        }
    }
}

/* Values of variants lie in a datastore that is not read here: that it is there is reported, so
 * that the values found are not taken for all there are. */
static void find_datastores(struct iv_image_reader *x)
{
    static const char *const paths[] = {
        "Programs/CommonFiles/ADC/Microsoft/MasterDatastore.xml",
        "Programs/CommonFiles/ADC/Microsoft/ProvisionData.cab",
    };
    for (size_t i = 0; i < IV_COUNT(paths) * x->volume_count; i++) {
        const struct iv_image_volume *volume = &x->volumes[i / IV_COUNT(paths)];
        struct iv_source source;
        struct iv_fault fault = {.kind = IV_FAULT_METADATA};
        const char *path = paths[i % IV_COUNT(paths)];
        /* One that is there and cannot be read counts as one, too. */
        if (volume->is_main && iv_volume_file(volume->handle, path, x->r->scratch, &source,
                                              &fault) != IV_VOLUME_ABSENT) {
            fault = (struct iv_fault){.kind = IV_FAULT_METADATA, .detail = IV_DATASTORE_DETAIL};
            path = spell(x, volume, path).paths[0];
            const char *shown = shown_path(x, volume, path);
            const struct iv_document doc = {.path = shown, .source = shown};
            iv_reader_metadata_fault(x->r, NULL, &doc, &fault);
        }
    }
}

/* ---- the layout of a disk whose container has no manifest ---- */

/* A partition that the layout gives a file system to, and that shows none. */
static void check_claims(struct iv_image_reader *x)
{
    for (size_t i = 0; i < x->image->partition_count; i++) {
        const struct iv_image_partition *partition = &x->image->partitions[i];
        const char *claimed = claimed_file_system(x->image, partition);
        if (claimed != NULL && partition->file_system != NULL &&
            strcmp(partition->file_system, "raw") == 0 &&
            !iv_ascii_ieq(partition->name, "MainOS")) {
            iv_faults_add(&x->faults, IV_FAULT_PARTITION, partition_label(x, i),
                          "no file system is found in it, but DeviceLayout.xml says %s",
                          iv_faults_shown(x->r->scratch, claimed));
        }
    }
}

/* One of the files that say what the image was built for, of the first MainOS. */
static bool find_main_document(struct iv_image_reader *x, const char *path, struct iv_buf *buf,
                               struct iv_document *ret_doc)
{
    for (size_t v = 0; v < x->volume_count; v++) {
        if (x->volumes[v].is_main && iv_ascii_ieq(x->volumes[v].name, "MainOS")) {
            return read_first(x, &x->volumes[v], path, buf, ret_doc);
        }
    }
    return false;
}

/* Without a manifest in the container, DeviceLayout.xml stands for it. */
static void read_layout(struct iv_image_reader *x)
{
    bool has_manifest = strcmp(x->image->format, "FFU") == 0;
    bool with_claims = !has_manifest && x->image->store_count == 1;
    struct iv_buf layout IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf platform IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_document doc;
    if (find_main_document(x, "Windows/ImageUpdate/DeviceLayout.xml", &layout, &doc)) {
        iv_device_layout_read(x->r, &doc, with_claims);
    }
    if (with_claims &&
        find_main_document(x, "Windows/ImageUpdate/OEMDevicePlatform.xml", &platform, &doc)) {
        iv_device_platform_read(x->r, &doc);
    }
    if (with_claims) {
        check_claims(x);
    }
}

/* ---- whether it is a whole image ---- */

/* Whether a partition may be MainOS, or the reason why it is not was reported. */
static bool may_be_main(const struct iv_image_reader *x, const struct iv_image_partition *partition)
{
    if (partition->name == NULL || partition->name[0] == '\0') {
        return is_whole_disk(x->image, partition->store) || x->faults.seen[IV_FAULT_PARTITION] > 0;
    }
    return iv_ascii_ieq(partition->name, "MainOS");
}

/* Disks that were read and have no MainOS: an image of something else than a device's firmware, or
 * an entry that the partition table lost. */
static void check_main(struct iv_image_reader *x)
{
    for (size_t i = 0; i < x->image->store_count; i++) {
        if (x->image->stores[i].scheme == NULL) {
            return;
        }
    }
    for (size_t v = 0; v < x->volume_count; v++) {
        if (x->volumes[v].is_main) {
            return;
        }
    }
    for (size_t i = 0; i < x->image->partition_count; i++) {
        if (may_be_main(x, &x->image->partitions[i])) {
            return;
        }
    }
    if (x->image->store_count > 0) {
        iv_faults_add(&x->faults, IV_FAULT_PARTITION, "MainOS",
                      "the image has no such partition, so it holds no whole firmware");
    }
}

/* ---- all entries ---- */

/* Adds what became of each entry of each volume. */
static void account(struct iv_image_reader *x)
{
    struct iv_facts *facts = x->r->facts;
    for (size_t v = 0; v < x->volume_count; v++) {
        struct iv_image_volume *volume = &x->volumes[v];
        const char *prefix = shown_path(x, volume, "");
        const char *label = iv_arena_printf(x->r->scratch, "%s/", volume->name);
        iv_image_mark_faults(volume->marks, facts->faults, facts->fault_count, prefix, label);
        iv_image_mark_faults(volume->marks, x->faults.items, x->faults.count, prefix, label);
        for (size_t i = 0; i < facts->package_count; i++) {
            iv_image_mark_faults(volume->marks, facts->packages[i].faults,
                                 facts->packages[i].fault_count, prefix, label);
        }
        iv_image_account(volume->marks, volume->handle, &facts->entries);
    }
}

void iv_image_end(struct iv_image_reader *x)
{
    if (!x->item->is_part) {
        check_main(x);
        read_layout(x);
        find_hive(x);
        find_registry_files(x);
        find_datastores(x);
        if (!x->item->has_history) {
            find_history(x);
        }
        if (!x->item->has_oem_input) {
            find_oem_input(x);
        }
    }

    account(x);

    /* The last first: a WIM is read through the volume that it lies on. */
    for (size_t v = x->volume_count; v-- > 0;) {
        iv_speller_fini(x->volumes[v].speller);
        iv_volume_close(&x->volumes[v].handle);
    }
    if (x->trouble.error != 0) {
        iv_faults_unread(&x->faults, &x->trouble);
        x->image->claim_count = 0; /* there is nothing whole to compare them with */
    }

    iv_faults_finish(&x->faults);
    for (size_t i = 0; i < x->faults.count; i++) {
        iv_reader_fault(x->r, &x->faults.items[i]);
    }
    /* A part of a tree gives packages alone: the submission is no image. */
    if (x->item->is_part) {
        *x->image = (struct iv_image){0};
    }
}
