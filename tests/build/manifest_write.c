#include "manifest_write.h"

#include <openssl/evp.h>
#include <string.h>

#define IU "http://schemas.microsoft.com/embedded/2004/10/ImageUpdate"
#define CATROOT "\\Windows\\System32\\catroot\\{F750E6C3-38EE-11D1-85E5-00C04FC295EE}\\"

static bool has(const struct fx_package *package, const char *name)
{
    const char *value = fx_package_get(package, name);
    return value != NULL && value[0] != '\0';
}

static const char *value_or_empty(const struct fx_package *package, const char *name)
{
    const char *value = fx_package_get(package, name);
    return value == NULL ? "" : value;
}

char *fx_manifest_package_name(const struct fx_package *package)
{
    struct fx_buf name = {0};
    fx_buf_printf(&name, "%s.%s", value_or_empty(package, "owner"),
                  value_or_empty(package, "component"));
    if (has(package, "sub")) {
        fx_buf_printf(&name, ".%s", fx_package_get(package, "sub"));
    }
    if (package->style == FX_STYLE_SPKG && has(package, "culture")) {
        fx_buf_printf(&name, "_Lang_%s", fx_package_get(package, "culture"));
    } else if (package->style == FX_STYLE_SPKG && has(package, "resolution")) {
        fx_buf_printf(&name, "_Res_%s", fx_package_get(package, "resolution"));
    }
    char *copy = fx_arena_copy(package->arena, name.data, name.len);
    fx_buf_fini(&name);
    return copy;
}

static void put_declaration(const struct fx_package *package, struct fx_buf *out)
{
    const char *encoding = value_or_empty(package, "encoding");
    fx_buf_printf(out, "<?xml version=\"1.0\" encoding=\"%s\"?>\n",
                  strncmp(encoding, "utf16", 5) == 0 ? "utf-16" : "utf-8");
}

static void put_element(struct fx_buf *out, const char *indent, const char *name, const char *text)
{
    if (text == NULL) {
        return;
    }
    if (text[0] == '\0') {
        fx_buf_printf(out, "%s<%s />\n", indent, name);
        return;
    }
    fx_buf_printf(out, "%s<%s>", indent, name);
    fx_xml_escape(out, text);
    fx_buf_printf(out, "</%s>\n", name);
}

static void put_attribute(struct fx_buf *out, const char *name, const char *value)
{
    if (value != NULL) {
        fx_buf_printf(out, " %s=\"", name);
        fx_xml_escape(out, value);
        fx_buf_byte(out, '"');
    }
}

/* ---- SPKG ---- */

/* "1.2.3.4" is Major.Minor.QFE.Build; missing parts leave the attribute out, the fourth takes all
 * that follows. */
static void put_version(const struct fx_package *package, struct fx_buf *out, const char *element,
                        const char *version)
{
    static const char *const parts[] = {"Major", "Minor", "QFE", "Build"};
    if (version == NULL) {
        return;
    }
    fx_buf_printf(out, "    <%s", element);
    for (size_t i = 0; i < 4 && version != NULL; i++) {
        const char *dot = i < 3 ? strchr(version, '.') : NULL;
        size_t n = dot == NULL ? strlen(version) : (size_t)(dot - version);
        put_attribute(out, parts[i], fx_arena_copy(package->arena, version, n));
        version = dot == NULL ? NULL : dot + 1;
    }
    fx_buf_text(out, " />\n");
}

static void put_file_entry(const struct fx_package *package, struct fx_buf *out,
                           const struct fx_entry *entry)
{
    bool early = fx_package_is(package, "early");
    unsigned long long size = entry->lie_size.set ? entry->lie_size.value : entry->source.size;
    fx_buf_text(out, "    <FileEntry>\n");
    put_element(out, "      ", early ? "Type" : "FileType", entry->type);
    put_element(out, "      ", "DevicePath", entry->device_path);
    put_element(out, "      ", "CabPath", entry->cab_path);
    put_element(out, "      ", "Attributes", "Archive Compressed");
    put_element(out, "      ", "SourcePackage", "");
    if (early) {
        uint64_t state = fx_random_seed(size, entry->source.seed);
        fx_buf_printf(out, "      <Hash>%016llX%016llX</Hash>\n",
                      (unsigned long long)fx_random(&state), (unsigned long long)fx_random(&state));
    } else {
        fx_buf_printf(out,
                      "      <FileSize>%llu</FileSize>\n"
                      "      <CompressedFileSize>%llu</CompressedFileSize>\n"
                      "      <StagedFileSize>%llu</StagedFileSize>\n",
                      size, size / 2, size / 2);
    }
    fx_buf_text(out, "    </FileEntry>\n");
}

static void put_files(const struct fx_package *package, struct fx_buf *out, const char *name)
{
    const char *files = fx_package_get(package, "files");
    if (files == NULL || strcmp(files, "none") == 0) {
        return;
    }
    bool self = fx_package_is(package, "list_self");
    struct fx_entry own = {.source = {.size = 600}};
    fx_buf_text(out, "  <Files>\n");
    if (self && fx_package_has_catalog(package)) {
        own.type = "Catalog";
        own.cab_path = "content.cat";
        own.device_path = fx_arena_printf(package->arena, CATROOT "%s.cat", name);
        put_file_entry(package, out, &own);
    }
    for (size_t i = 0; i < package->entry_count; i++) {
        put_file_entry(package, out, &package->entries[i]);
    }
    if (self) {
        own.type = "Manifest";
        own.cab_path = "man.dsm.xml";
        own.source.size = 4096;
        own.device_path =
            fx_arena_printf(package->arena, "\\Windows\\Packages\\DsmFiles\\%s.dsm.xml", name);
        put_file_entry(package, out, &own);
    }
    fx_buf_text(out, "  </Files>\n");
}

static void write_dsm(const struct fx_package *package, struct fx_buf *out)
{
    static const struct {
        const char *element;
        const char *attribute;
    } rows[] = {
        {"ReleaseType", "release"},  {"OwnerType", "owner_type"},
        {"BuildType", "build"},      {"CpuType", "cpu"},
        {"Culture", "culture"},      {"Resolution", "resolution"},
        {"Partition", "partition"},  {"Platform", "platform"},
        {"GroupingKey", "grouping"}, {"BuildString", "build_string"},
        {"IsRemoval", "removal"},    {"IsBinaryPartition", "binary_element"},
    };
    put_declaration(package, out);
    fx_buf_text(out, "<Package");
    if (fx_package_is(package, "early")) {
        fx_buf_text(out, " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
                         " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"");
    }
    put_attribute(out, "xmlns", fx_package_get(package, "ns"));
    fx_buf_text(out, ">\n  <Identity>\n");
    put_element(out, "    ", "Owner", fx_package_get(package, "owner"));
    put_element(out, "    ", "Component", fx_package_get(package, "component"));
    put_element(out, "    ", "SubComponent", fx_package_get(package, "sub"));
    put_version(package, out, "Version", fx_package_get(package, "version"));
    fx_buf_text(out, "  </Identity>\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put_element(out, "  ", rows[i].element, fx_package_get(package, rows[i].attribute));
    }
    put_files(package, out, fx_manifest_package_name(package));
    fx_buf_text(out, "</Package>\n");
}

void fx_manifest_write_diff(const struct fx_package *package, struct fx_buf *out)
{
    fx_buf_text(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    fx_buf_text(out, "<DiffPackage xmlns=\"" IU "\">\n");
    put_element(out, "  ", "Name", fx_manifest_package_name(package));
    put_version(package, out, "SourceVersion", "1.0.0.0");
    put_version(package, out, "TargetVersion", fx_package_get(package, "version"));
    fx_buf_text(out, "  <SourceHash>00</SourceHash>\n  <Files>\n    <DiffFileEntry>"
                     "<FileType>Manifest</FileType><CabPath>man.dsm.xml</CabPath>"
                     "<DiffType>TargetDSM</DiffType></DiffFileEntry>\n  </Files>\n"
                     "</DiffPackage>\n");
}

/* ---- CBS ---- */

static const char *cbs_name(const struct fx_package *package)
{
    const char *name = fx_package_get(package, "name");
    return name != NULL && name[0] == '\0' ? fx_manifest_package_name(package) : name;
}

static const char *cbs_identifier(const struct fx_package *package)
{
    const char *identifier = fx_package_get(package, "identifier");
    return identifier != NULL && identifier[0] == '\0' ? cbs_name(package) : identifier;
}

static void put_identity(const struct fx_package *package, struct fx_buf *out, const char *indent,
                         const char *suffix)
{
    const char *name = cbs_name(package);
    fx_buf_printf(out, "%s<assemblyIdentity", indent);
    if (name != NULL) {
        put_attribute(out, "name", fx_arena_printf(package->arena, "%s%s", name, suffix));
    }
    put_attribute(out, "version", fx_package_get(package, "version"));
    put_attribute(out, "processorArchitecture", fx_package_get(package, "arch"));
    put_attribute(out, "language", fx_package_get(package, "lang"));
    put_attribute(out, "publicKeyToken", fx_package_get(package, "token"));
    put_attribute(out, "buildType", fx_package_get(package, "build_type"));
    fx_buf_text(out, " />\n");
}

static void put_phone(const struct fx_package *package, struct fx_buf *out)
{
    static const char *const rows[][2] = {
        {"phoneRelease", "release"},      {"phoneOwner", "owner"},
        {"phoneOwnerType", "owner_type"}, {"phoneComponent", "component"},
        {"phoneSubComponent", "sub"},     {"phoneGroupingKey", "grouping"},
    };
    if (!fx_package_is(package, "phone")) {
        return;
    }
    fx_buf_printf(out, "      <%sphoneInformation", value_or_empty(package, "prefix"));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put_attribute(out, rows[i][0], fx_package_get(package, rows[i][1]));
    }
    fx_buf_text(out, " />\n");
}

static void put_cbs_file(const struct fx_package *package, struct fx_buf *out,
                         const struct fx_entry *entry)
{
    unsigned long long size = entry->lie_size.set ? entry->lie_size.value : entry->source.size;
    fx_buf_printf(out, "      <%sfile", value_or_empty(package, "prefix"));
    put_attribute(out, "name", entry->device_path);
    fx_buf_printf(out,
                  " size=\"%llu\" staged=\"%llu\" compressed=\"%llu\" sourcePackage=\"\""
                  " embeddedSign=\"\"",
                  size, size / 2, size / 2);
    put_attribute(out, fx_package_is(package, "recall") ? "cabPath" : "cabpath", entry->cab_path);
    fx_buf_text(out, " />\n");
}

static void put_cbs_files(const struct fx_package *package, struct fx_buf *out)
{
    const char *files = fx_package_get(package, "files");
    if (files == NULL || strcmp(files, "none") == 0) {
        return;
    }
    if (fx_package_is(package, "list_self")) {
        struct fx_entry own = {
            .device_path = "\\Windows\\servicing\\Packages\\update.mum",
            .cab_path = "update.mum",
            .source = {.size = 4096},
        };
        put_cbs_file(package, out, &own);
        own.device_path = CATROOT "update.cat";
        own.cab_path = "update.cat";
        own.source.size = 600;
        put_cbs_file(package, out, &own);
    }
    for (size_t i = 0; i < package->entry_count; i++) {
        put_cbs_file(package, out, &package->entries[i]);
    }
}

static void write_mum(const struct fx_package *package, struct fx_buf *out)
{
    bool recall = fx_package_is(package, "recall");
    const char *prefix = value_or_empty(package, "prefix");
    const char *ns = fx_package_get(package, "ns");
    if (ns != NULL && ns[0] == '\0') {
        ns = recall ? "urn:schemas-microsoft-com:cbs" : "urn:schemas-microsoft-com:asm.v3";
    }
    put_declaration(package, out);
    fx_buf_text(out, "<assembly");
    put_attribute(out, "xmlns", ns);
    if (prefix[0] != '\0' && ns != NULL) {
        const char *colon = strchr(prefix, ':');
        size_t n = colon == NULL ? strlen(prefix) : (size_t)(colon - prefix);
        put_attribute(out, fx_arena_printf(package->arena, "xmlns:%.*s", (int)n, prefix), ns);
    }
    fx_buf_text(out, " manifestVersion=\"1.0\"");
    if (recall && cbs_name(package) != NULL) {
        put_attribute(out, "description",
                      fx_arena_printf(package->arena, "%s.Recall", cbs_name(package)));
    }
    put_attribute(out, "displayName",
                  recall && cbs_name(package) != NULL
                      ? fx_arena_printf(package->arena, "%s Recall", cbs_name(package))
                      : cbs_name(package));
    fx_buf_text(out, ">\n");
    put_identity(package, out, "  ", recall ? ".Recall" : "");
    fx_buf_text(out, "  <package");
    put_attribute(out, "identifier", cbs_identifier(package));
    const char *release_type = fx_package_get(package, "release_type");
    put_attribute(out, "releaseType", recall && release_type != NULL ? "Hotfix" : release_type);
    put_attribute(out, "restart", recall ? "possible" : fx_package_get(package, "restart"));
    put_attribute(out, "targetPartition", fx_package_get(package, "partition"));
    put_attribute(out, "binaryPartition", fx_package_get(package, "binary"));
    fx_buf_printf(out, ">\n    <%scustomInformation>\n", prefix);
    put_phone(package, out);
    put_cbs_files(package, out);
    fx_buf_printf(out, "    </%scustomInformation>\n", prefix);
    if (recall) {
        fx_buf_text(out, "    <recall>\n");
        put_identity(package, out, "      ", "");
        fx_buf_text(out, "    </recall>\n");
    } else if (fx_package_is(package, "deployment")) {
        fx_buf_text(out, "    <update name=\"Deployment\">\n      <component>\n");
        put_identity(package, out, "        ", "-deployment");
        fx_buf_text(out, "      </component>\n    </update>\n");
    }
    fx_buf_text(out, "  </package>\n</assembly>\n");
}

void fx_manifest_write_deployment(const struct fx_package *package, struct fx_buf *out)
{
    fx_buf_text(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                     "<assembly xmlns=\"urn:schemas-microsoft-com:asm.v3\""
                     " manifestVersion=\"1.0\">\n");
    put_identity(package, out, "  ", "-deployment");
    fx_buf_text(out, "  <deployment />\n</assembly>\n");
}

/* The SHA-256 of a source as base64. */
static char *digest_text(struct fx_arena *arena, const struct fx_source *source, bool stale)
{
    unsigned char bytes[65536];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char *text = (unsigned char *)fx_arena_alloc(arena, 64);
    struct fx_stream stream;
    size_t n;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        fx_die("cannot digest");
    }
    fx_stream_open(&stream, source);
    while ((n = fx_stream_read(&stream, bytes, sizeof(bytes))) > 0) {
        (void)EVP_DigestUpdate(context, bytes, n);
    }
    (void)EVP_DigestFinal_ex(context, digest, NULL);
    EVP_MD_CTX_free(context);
    digest[0] ^= stale ? 0x01 : 0x00;
    (void)EVP_EncodeBlock(text, digest, 32);
    return (char *)text;
}

void fx_manifest_write_component(const struct fx_package *package, bool stale, struct fx_buf *out)
{
    static const char signatures[] = "http://www.w3.org/2000/09/xmldsig#";
    fx_buf_text(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                     "<assembly xmlns=\"urn:schemas-microsoft-com:asm.v3\""
                     " manifestVersion=\"1.0\">\n");
    put_identity(package, out, "  ", "-component");
    for (size_t i = 0; i < package->entry_count; i++) {
        const struct fx_entry *entry = &package->entries[i];
        if (strncmp(entry->cab_path, "c\\", 2) != 0) {
            continue;
        }
        fx_buf_printf(out,
                      "  <file name=\"%s\">\n"
                      "    <asmv2:hash xmlns:asmv2=\"urn:schemas-microsoft-com:asm.v2\">\n"
                      "      <dsig:Transforms xmlns:dsig=\"%s\">\n"
                      "        <dsig:Transform Algorithm=\"urn:schemas-microsoft-com:"
                      "HashTransforms.Identity\" />\n"
                      "      </dsig:Transforms>\n"
                      "      <dsig:DigestMethod xmlns:dsig=\"%s\" Algorithm=\"%ssha256\" />\n"
                      "      <dsig:DigestValue xmlns:dsig=\"%s\">%s</dsig:DigestValue>\n"
                      "    </asmv2:hash>\n"
                      "  </file>\n",
                      entry->cab_path + 2, signatures, signatures, signatures, signatures,
                      digest_text(package->arena, &entry->source, stale));
        stale = false;
    }
    fx_buf_text(out, "</assembly>\n");
}

/* ---- registry text as a component manifest ---- */

/* Reads a quoted registry string at text[*at]; escapes are \\ and \". */
static char *take_string(struct fx_arena *arena, const char *line, size_t n, size_t *at)
{
    char *value = fx_arena_alloc(arena, n + 1);
    size_t len = 0;
    size_t i = *at + 1;
    while (i < n && line[i] != '"') {
        if (line[i] == '\\' && i + 1 < n) {
            i++;
        }
        value[len++] = line[i++];
    }
    *at = i + 1;
    return value;
}

static void put_registry_value(struct fx_arena *arena, struct fx_buf *out, const char *line,
                               size_t n)
{
    const char *name = "";
    size_t at = 1;
    if (line[0] == '"') {
        at = 0;
        name = take_string(arena, line, n, &at);
    }
    if (at >= n || line[at] != '=') {
        fx_die("registry text: no value in: %.*s", (int)n, line);
    }
    at++;
    fx_buf_text(out, "      <registryValue");
    put_attribute(out, "name", name);
    if (at < n && line[at] == '"') {
        put_attribute(out, "value", take_string(arena, line, n, &at));
        put_attribute(out, "valueType", "REG_SZ");
    } else if (n - at > 6 && memcmp(line + at, "dword:", 6) == 0) {
        char *digits = fx_arena_copy(arena, line + at + 6, n - at - 6);
        put_attribute(out, "value", fx_arena_printf(arena, "0x%s", digits));
        put_attribute(out, "valueType", "REG_DWORD");
    } else {
        put_attribute(out, "value", fx_arena_copy(arena, line + at, n - at));
        put_attribute(out, "valueType", "REG_BINARY");
    }
    fx_buf_text(out, " />\n");
}

void fx_manifest_write_registry(const char *text, size_t n, struct fx_buf *out)
{
    struct fx_arena arena = {0};
    bool open = false;
    fx_buf_text(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                     "<assembly xmlns=\"urn:schemas-microsoft-com:asm.v3\""
                     " manifestVersion=\"1.0\">\n  <registryKeys>\n");
    for (size_t at = 0; at < n;) {
        const char *line = text + at;
        const char *end = memchr(line, '\n', n - at);
        size_t len = end == NULL ? n - at : (size_t)(end - line);
        at += len + 1;
        if (len > 2 && line[0] == '[' && line[len - 1] == ']') {
            fx_buf_text(out, open ? "    </registryKey>\n" : "");
            fx_buf_text(out, "    <registryKey");
            put_attribute(out, "keyName", fx_arena_copy(&arena, line + 1, len - 2));
            fx_buf_text(out, ">\n");
            open = true;
        } else if (len > 0 && (line[0] == '"' || line[0] == '@') && open) {
            put_registry_value(&arena, out, line, len);
        }
    }
    fx_buf_text(out, open ? "    </registryKey>\n" : "");
    fx_buf_text(out, "  </registryKeys>\n</assembly>\n");
    fx_arena_fini(&arena);
}

void fx_manifest_write(const struct fx_package *package, struct fx_buf *out)
{
    switch (package->style) {
    case FX_STYLE_SPKG:
        write_dsm(package, out);
        break;
    case FX_STYLE_CBS:
        write_mum(package, out);
        break;
    }
}
