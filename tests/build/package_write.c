#include "package_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog_write.h"
#include "manifest_write.h"
#include "tree.h"

enum { SPKG = 1 << FX_STYLE_SPKG, CBS = 1 << FX_STYLE_CBS, BOTH = SPKG | CBS, CATALOG_SIZE = 600 };

/* The attributes, their defaults ("-": left out), and the styles that have them. */
static const struct {
    const char *name;
    const char *spkg;
    const char *cbs;
    unsigned styles;
} attributes[] = {
    {"owner", "Contoso", "Contoso", BOTH},
    {"component", "Phone", "Phone", BOTH},
    {"sub", "-", "", BOTH},
    {"version", "1.0.0.1", "1.0.0.1", BOTH},
    {"partition", "MainOS", "MainOS", BOTH},
    {"owner_type", "OEM", "OEM", BOTH},
    {"release", "Production", "Production", BOTH},
    {"grouping", "", "", BOTH},
    {"binary", "false", "false", BOTH},
    {"binary_file", "true", "true", BOTH},
    {"ns", "http://schemas.microsoft.com/embedded/2004/10/ImageUpdate", "", BOTH},
    {"files", "2", "2", BOTH},
    {"file_size", "1024", "1024", BOTH},
    {"seed", "1", "1", BOTH},
    {"list_self", "true", "true", BOTH},
    {"catalog", "true", "true", BOTH},
    {"signer", "-", "-", BOTH},
    {"stale", "-", "-", BOTH},
    {"catalog_flip", "-", "-", BOTH},
    {"diff", "false", "false", BOTH},
    {"encoding", "utf8", "utf8", BOTH},
    {"manifest_name", "man.dsm.xml", "update.mum", BOTH},
    {"build", "Retail", "-", SPKG},
    {"cpu", "ARM", "-", SPKG},
    {"culture", "-", "-", SPKG},
    {"resolution", "-", "-", SPKG},
    {"removal", "false", "-", SPKG},
    {"platform", "-", "-", SPKG},
    {"build_string", "-", "-", SPKG},
    {"binary_element", "-", "-", SPKG},
    {"early", "false", "-", SPKG},
    {"name", "-", "", CBS},
    {"identifier", "-", "", CBS},
    {"lang", "-", "neutral", CBS},
    {"arch", "-", "arm", CBS},
    {"token", "-", "628844477771337a", CBS},
    {"build_type", "-", "release", CBS},
    {"release_type", "-", "Feature Pack", CBS},
    {"restart", "-", "-", CBS},
    {"recall", "-", "false", CBS},
    {"prefix", "-", "-", CBS},
    {"phone", "-", "true", CBS},
    {"deployment", "-", "true", CBS},
    {"component_manifest", "-", "false", CBS},
};

enum { ATTRIBUTE_COUNT = sizeof(attributes) / sizeof(attributes[0]) };

_Static_assert(ATTRIBUTE_COUNT <= FX_ATTRIBUTES_MAX, "values[] must hold every attribute");

void fx_package_open(struct fx_package *package, enum fx_style style, struct fx_arena *arena)
{
    *package = (struct fx_package){
        .style = style,
        .arena = arena,
        .folders = 1,
        .block_size = 32768,
        .methods = {{.method = FX_METHOD_LZX, .window_bits = 15}},
        .method_count = 1,
    };
}

static size_t find_attribute(enum fx_style style, const char *name)
{
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        if ((attributes[i].styles & 1u << style) != 0 && strcmp(attributes[i].name, name) == 0) {
            return i;
        }
    }
    return ATTRIBUTE_COUNT;
}

bool fx_package_set(struct fx_package *package, const char *name, const char *value)
{
    size_t i = find_attribute(package->style, name);
    if (i == ATTRIBUTE_COUNT) {
        return false;
    }
    package->values[i] = fx_arena_text(package->arena, value);
    return true;
}

const char *fx_package_get(const struct fx_package *package, const char *name)
{
    size_t i = find_attribute(package->style, name);
    if (i == ATTRIBUTE_COUNT) {
        return NULL;
    }
    const char *value = package->values[i];
    if (value == NULL) {
        value = package->style == FX_STYLE_SPKG ? attributes[i].spkg : attributes[i].cbs;
    }
    return strcmp(value, "-") == 0 ? NULL : value;
}

bool fx_package_is(const struct fx_package *package, const char *name)
{
    const char *value = fx_package_get(package, name);
    return value != NULL && strcasecmp(value, "true") == 0;
}

/* Whether the value catalog= asks for a real one. */
static bool has_real_catalog(const struct fx_package *package)
{
    const char *form = fx_package_get(package, "catalog");
    return form != NULL && (strcmp(form, "v1") == 0 || strcmp(form, "v2") == 0);
}

bool fx_package_has_catalog(const struct fx_package *package)
{
    return fx_package_is(package, "catalog") || has_real_catalog(package);
}

struct fx_entry *fx_package_add_entry(struct fx_package *package)
{
    return fx_arena_push(package->arena, (void **)&package->entries, &package->entry_count,
                         sizeof(struct fx_entry));
}

static uint64_t number(const struct fx_package *package, const char *name, uint64_t fallback)
{
    const char *value = fx_package_get(package, name);
    char *end = NULL;
    if (value == NULL || strcmp(value, "none") == 0) {
        return fallback;
    }
    unsigned long long n = strtoull(value, &end, 0);
    if (value[0] == '\0' || *end != '\0') {
        fx_die("%s=%s: a number is needed", name, value);
    }
    return n;
}

/* <index>_<first 7 characters of the name><extension>, as Microsoft's builder names members. */
static const char *spkg_cab_path(const struct fx_package *package, size_t index,
                                 const char *device_path)
{
    const char *base = strrchr(device_path, '\\');
    base = base == NULL ? device_path : base + 1;
    const char *extension = strrchr(base, '.');
    size_t stem = extension == NULL ? strlen(base) : (size_t)(extension - base);
    char *path = fx_arena_printf(package->arena, "%zu_%.*s%s", index, stem < 8 ? (int)stem : 7,
                                 base, extension == NULL ? "" : extension);
    for (char *p = path; *p != '\0'; p++) {
        if (*p == ' ') {
            *p = '_';
        }
    }
    return path;
}

static const char *cab_path_for(const struct fx_package *package, size_t index,
                                const char *device_path)
{
    if (package->style == FX_STYLE_SPKG) {
        return spkg_cab_path(package, index + 2, device_path);
    }
    while (*device_path == '\\') {
        device_path++;
    }
    return fx_arena_printf(package->arena, "c\\%s", device_path);
}

/* The files that attributes ask for, before those that were added one by one. */
static void add_implied_entries(struct fx_package *package)
{
    bool removal = fx_package_is(package, "removal") || fx_package_is(package, "recall");
    bool binary = fx_package_is(package, "binary") && fx_package_is(package, "binary_file");
    bool given = package->values[find_attribute(package->style, "files")] != NULL;
    uint64_t files = number(package, "files", 0);
    if (!given && (removal || binary || package->entry_count > 0)) {
        files = 0;
    }
    uint64_t size = number(package, "file_size", 0);
    uint64_t seed = number(package, "seed", 1);
    char *name = fx_manifest_package_name(package);
    for (uint64_t i = 0; i < files; i++) {
        struct fx_entry *entry = fx_package_add_entry(package);
        entry->device_path = fx_arena_printf(package->arena, "\\Windows\\System32\\%s.%03llu.dll",
                                             name, (unsigned long long)i);
        entry->source =
            (struct fx_source){.pattern = FX_PATTERN_FILL, .size = size, .seed = seed * 1000 + i};
    }
    if (binary) {
        const char *partition = fx_package_get(package, "partition");
        struct fx_entry *entry = fx_package_add_entry(package);
        entry->device_path =
            fx_arena_printf(package->arena, "\\%s.bin", partition == NULL ? "MainOS" : partition);
        entry->type = "BinaryPartition";
        entry->source =
            (struct fx_source){.pattern = FX_PATTERN_RANDOM, .size = size, .seed = seed};
    }
}

static void complete_entries(struct fx_package *package)
{
    add_implied_entries(package);
    for (size_t i = 0; i < package->entry_count; i++) {
        struct fx_entry *entry = &package->entries[i];
        if (entry->type == NULL) {
            entry->type = "Regular";
        }
        if (entry->cab_path == NULL) {
            entry->cab_path = cab_path_for(package, i, entry->device_path);
        }
    }
}

static bool omitted(const struct fx_package *package, const char *name)
{
    for (size_t i = 0; i < package->omit_count; i++) {
        if (strcasecmp(package->omits[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static struct fx_source bytes_of(struct fx_arena *arena, const struct fx_buf *buf)
{
    return (struct fx_source){
        .pattern = FX_PATTERN_BYTES,
        .size = buf->len,
        .bytes = (const unsigned char *)fx_arena_copy(arena, buf->data, buf->len),
    };
}

static struct fx_source manifest_source(const struct fx_package *package)
{
    if (package->has_manifest) {
        return package->manifest_text;
    }
    struct fx_buf text = {0};
    struct fx_buf encoded = {0};
    enum fx_encoding encoding;
    const char *name = fx_package_get(package, "encoding");
    if (name == NULL || !fx_encoding_find(name, &encoding)) {
        fx_die("encoding=%s: unknown", name == NULL ? "-" : name);
    }
    fx_manifest_write(package, &text);
    fx_encode(text.data, text.len, encoding, &encoded);
    struct fx_source source = bytes_of(package->arena, &encoded);
    fx_buf_fini(&text);
    fx_buf_fini(&encoded);
    return source;
}

static void add_member(struct fx_package *package, const char *name, struct fx_source source)
{
    struct fx_cabinet *cabinet = &package->cabinet;
    if (!omitted(package, name)) {
        struct fx_member *member = fx_arena_push(package->arena, (void **)&cabinet->members,
                                                 &cabinet->member_count, sizeof(*member));
        member->name = name;
        member->name_len = strlen(name);
        member->source = source;
    }
}

static void add_extras(struct fx_package *package, size_t from, size_t to)
{
    struct fx_cabinet *cabinet = &package->cabinet;
    for (size_t i = from; i < to; i++) {
        struct fx_member *member = fx_arena_push(package->arena, (void **)&cabinet->members,
                                                 &cabinet->member_count, sizeof(*member));
        *member = package->extras[i];
    }
}

static void add_companions(struct fx_package *package)
{
    struct fx_buf text = {0};
    if (fx_package_is(package, "diff")) {
        fx_manifest_write_diff(package, &text);
        add_member(package,
                   package->style == FX_STYLE_SPKG ? "dman.ddsm.xml" : "_manifest_.cix.xml",
                   bytes_of(package->arena, &text));
        text.len = 0;
    }
    if (fx_package_is(package, "deployment") && !fx_package_is(package, "recall")) {
        fx_manifest_write_deployment(package, &text);
        const char *arch = fx_package_get(package, "arch");
        char *name =
            fx_arena_printf(package->arena, "%s_%s-deployment_none.manifest",
                            arch == NULL ? "arm" : arch, fx_manifest_package_name(package));
        add_member(package, name, bytes_of(package->arena, &text));
    }
    fx_buf_fini(&text);
}

/* The component manifest c.manifest, which names the payload beneath c\ by its digests. */
static void add_component(struct fx_package *package)
{
    const char *wanted = fx_package_get(package, "component_manifest");
    if (wanted == NULL || strcmp(wanted, "false") == 0) {
        return;
    }
    struct fx_buf text = {0};
    fx_manifest_write_component(package, strcmp(wanted, "stale") == 0, &text);
    add_member(package, "c.manifest", bytes_of(package->arena, &text));
    fx_buf_fini(&text);
}

static const char *catalog_name(const struct fx_package *package)
{
    return package->style == FX_STYLE_SPKG ? "content.cat" : "update.cat";
}

/* Once all members are known, the catalog among them gets its content. */
static void fill_catalog(struct fx_package *package)
{
    const char *form = fx_package_get(package, "catalog");
    const char *stale = fx_package_get(package, "stale");
    const char *flip = fx_package_get(package, "catalog_flip");
    struct fx_cabinet *cabinet = &package->cabinet;
    struct fx_member *catalog = NULL;
    if (!has_real_catalog(package)) {
        return;
    }
    struct fx_catalog_file *files = NULL;
    size_t count = 0;
    for (size_t i = 0; i < cabinet->member_count; i++) {
        struct fx_member *member = &cabinet->members[i];
        if (strcasecmp(member->name, catalog_name(package)) == 0) {
            catalog = member;
            continue;
        }
        struct fx_catalog_file *file =
            fx_arena_push(package->arena, (void **)&files, &count, sizeof(*files));
        *file = (struct fx_catalog_file){
            .name = member->name,
            .source = member->source,
            .is_stale = stale != NULL && strcasecmp(stale, member->name) == 0,
        };
    }
    if (catalog == NULL) {
        return; /* omitted */
    }
    struct fx_buf bytes = {0};
    fx_catalog_write_package(files, count, strcmp(form, "v2") == 0,
                             fx_package_get(package, "signer"), &bytes);
    if (flip != NULL) {
        long at = strtol(flip, NULL, 0);
        at = at < 0 ? (long)bytes.len + at : at;
        if (at < 0 || at >= (long)bytes.len) {
            fx_die("catalog_flip=%s: the catalog has %zu bytes", flip, bytes.len);
        }
        bytes.data[at] ^= 0x01;
    }
    catalog->source = bytes_of(package->arena, &bytes);
    fx_buf_fini(&bytes);
}

static void add_catalog(struct fx_package *package)
{
    if (has_real_catalog(package)) {
        add_member(package, catalog_name(package), (struct fx_source){0});
    } else if (fx_package_is(package, "catalog")) {
        add_member(
            package, catalog_name(package),
            (struct fx_source){.pattern = FX_PATTERN_RANDOM, .size = CATALOG_SIZE, .seed = 99});
    }
}

static void add_members(struct fx_package *package)
{
    const char *manifest_name = fx_package_get(package, "manifest_name");
    struct fx_source manifest = manifest_source(package);
    size_t half = package->entry_count / 2;
    if (manifest_name == NULL) {
        manifest_name = package->style == FX_STYLE_SPKG ? "man.dsm.xml" : "update.mum";
    }
    add_extras(package, 0, package->extras_first);
    if (package->order == FX_ORDER_FIRST) {
        add_member(package, manifest_name, manifest);
    }
    add_catalog(package);
    if (package->order == FX_ORDER_USUAL) {
        add_member(package, manifest_name, manifest);
    }
    add_companions(package);
    for (size_t i = 0; i <= package->entry_count; i++) {
        if (i == half && package->order == FX_ORDER_MIDDLE) {
            add_member(package, manifest_name, manifest);
        }
        if (i < package->entry_count) {
            add_member(package, package->entries[i].cab_path, package->entries[i].source);
        }
    }
    add_component(package);
    add_extras(package, package->extras_first, package->extra_count);
    if (package->order == FX_ORDER_LAST) {
        add_member(package, manifest_name, manifest);
    }
    fill_catalog(package);
}

static void spread_over_folders(struct fx_package *package)
{
    struct fx_cabinet *cabinet = &package->cabinet;
    if (package->folders > 65535) {
        fx_die("folders=%llu: too many", (unsigned long long)package->folders);
    }
    for (size_t i = 0; i < package->folders; i++) {
        const struct fx_method_choice *choice = &package->methods[i % package->method_count];
        struct fx_folder *folder = fx_arena_push(package->arena, (void **)&cabinet->folders,
                                                 &cabinet->folder_count, sizeof(*folder));
        folder->method = choice->method;
        folder->window_bits = choice->window_bits;
        folder->block_size = choice->method == FX_METHOD_LZX ? 32768 : package->block_size;
    }
    for (size_t i = 0; i < cabinet->member_count; i++) {
        cabinet->members[i].folder = i * cabinet->folder_count / cabinet->member_count;
    }
}

void fx_members_write(struct fx_arena *arena, const struct fx_cabinet *cabinet,
                      const char *directory)
{
    fx_tree_directory(directory);
    for (size_t i = 0; i < cabinet->member_count; i++) {
        const struct fx_member *member = &cabinet->members[i];
        fx_tree_source(fx_tree_member_path(arena, directory, member->name), &member->source);
    }
}

/* Without payload=true only what a reader of manifests looks at: no catalog, no payload. */
static void drop_payload(struct fx_package *package)
{
    size_t kept = 0;
    for (size_t i = 0; i < package->entry_count; i++) {
        if (package->entries[i].registry) {
            package->entries[kept++] = package->entries[i];
        }
    }
    package->entry_count = kept;
    package->values[find_attribute(package->style, "catalog")] = "false";
    if (package->style == FX_STYLE_CBS) {
        package->values[find_attribute(package->style, "deployment")] = "false";
    }
}

static void write_extracted(struct fx_package *package, const char *path)
{
    if (!package->payload) {
        drop_payload(package);
    }
    add_members(package);
    fx_members_write(package->arena, &package->cabinet, path);
}

static void apply_lie(struct fx_lie *to, struct fx_lie from)
{
    if (from.set) {
        *to = from;
    }
}

static void apply_alterations(struct fx_package *package)
{
    for (size_t i = 0; i < package->alteration_count; i++) {
        const struct fx_alteration *change = &package->alterations[i];
        bool found = false;
        for (size_t k = 0; k < package->cabinet.member_count; k++) {
            struct fx_member *member = &package->cabinet.members[k];
            if (strcasecmp(member->name, change->name) != 0) {
                continue;
            }
            found = true;
            apply_lie(&member->lie_size, change->lies.lie_size);
            apply_lie(&member->lie_offset, change->lies.lie_offset);
            apply_lie(&member->lie_folder, change->lies.lie_folder);
            apply_lie(&member->attributes, change->lies.attributes);
            apply_lie(&member->date, change->lies.date);
            apply_lie(&member->time, change->lies.time);
            if (change->rename != NULL) {
                member->name = change->rename;
                member->name_len = change->rename_len;
            }
        }
        if (!found) {
            fx_die("alter %s: no such member", change->name);
        }
    }
}

static void apply_folder_lies(struct fx_package *package)
{
    struct fx_cabinet *cabinet = &package->cabinet;
    for (size_t i = 0; i < cabinet->folder_count; i++) {
        apply_lie(&cabinet->folders[i].lie_type, package->folder_type);
    }
    for (size_t i = 0; i < package->folder_lie_count; i++) {
        const struct fx_field *lie = &package->folder_lies[i];
        if (lie->block.value >= cabinet->folder_count) {
            fx_die("folder %llu: the cabinet has %zu", (unsigned long long)lie->block.value,
                   cabinet->folder_count);
        }
        struct fx_folder *folder = &cabinet->folders[lie->block.value];
        struct fx_lie value = {.set = true, .value = lie->value};
        if (strcmp(lie->name, "offset") == 0) {
            folder->lie_offset = value;
        } else if (strcmp(lie->name, "blocks") == 0) {
            folder->lie_blocks = value;
        } else {
            folder->lie_type = value;
        }
    }
}

void fx_package_write_cabinet(struct fx_package *package, const char *path)
{
    const char *base = strrchr(path, '/');
    base = base == NULL ? path : base + 1;
    if (package->cabinet.previous == NULL) {
        package->cabinet.previous = base;
    }
    if (package->cabinet.next == NULL) {
        package->cabinet.next = base;
    }
    if (package->twin != NULL) {
        fx_members_write(package->arena, &package->cabinet, package->twin);
    }
    apply_alterations(package);
    apply_folder_lies(package);
    struct fx_buf file = {0};
    fx_cabinet_write(&package->cabinet, &file);
    fx_tree_file(path, file.data, file.len);
    fx_buf_fini(&file);
}

void fx_package_write(struct fx_package *package, const char *path)
{
    complete_entries(package);
    package->manifest_text = manifest_source(package);
    package->has_manifest = true;
    size_t n = strlen(path);
    if (n > 0 && path[n - 1] == '/') {
        write_extracted(package, fx_arena_copy(package->arena, path, n - 1));
        return;
    }
    add_members(package);
    spread_over_folders(package);
    fx_package_write_cabinet(package, path);
}
