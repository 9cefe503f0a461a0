/*
 * The device side manifest of an SPKG (man.dsm.xml). There is no public schema; packages in the
 * field show two generations: late ones say FileType, early ones (2012, 2013) Type.
 *
 * A table of paths names the elements that count, and each has a function here; others are passed
 * over, as later tools may have added some. The first thing that is wrong is kept as the fault, and
 * reading goes on where it can, so that what else the manifest says is known.
 */
#include "imgval/base/text.h"
#include "imgval/base/xml.h"
#include "imgval/input/manifest.h"

#include <stdio.h>
#include <string.h>

struct dsm {
    const struct iv_reader *r;
    struct iv_package *package;
    struct iv_file_list *list;
    bool has_identity;
    struct iv_package_file file; /* the FileEntry in hand */
    const char *early_type;      /* its Type */
    struct iv_fault fault;       /* the first thing that is wrong; kind NONE: nothing yet */
};

/* That there is one is asked at the end; what it must hold has functions of its own. */
static void on_identity(void *context, const struct iv_xml_element *e)
{
    (void)e;
    struct dsm *dsm = context;
    dsm->has_identity = true;
}

/* The version is kept as it is written, since that is what people search for. */
static void on_version(void *context, const struct iv_xml_element *e)
{
    static const char *const parts[] = {"Major", "Minor", "QFE", "Build"};
    struct dsm *dsm = context;
    struct iv_version number = {0};
    const char *text[4];
    for (size_t i = 0; i < IV_COUNT(parts); i++) {
        uint64_t value = 0;
        text[i] = iv_xml_attribute(e, parts[i]);
        if (text[i] == NULL) {
            iv_reader_malformed(dsm->r, &dsm->fault, e->line, "<Version> has no attribute %s",
                                parts[i]);
            return;
        }
        if (!iv_parse_decimal(text[i], strlen(text[i]), UINT16_MAX, &value)) {
            iv_reader_malformed(dsm->r, &dsm->fault, e->line,
                                "%s of <Version> is '%s', not a number from 0 to 65535", parts[i],
                                iv_reader_shown(dsm->r, text[i]));
            return;
        }
        number.part[i] = (uint16_t)value;
    }
    dsm->package->version =
        iv_arena_printf(dsm->r->arena, "%s.%s.%s.%s", text[0], text[1], text[2], text[3]);
    dsm->package->number = number;
}

/* Sets a flag that the element says; one that is set already, say by the file name, stays. */
static void set_bool(struct dsm *dsm, const char *name, bool *place, const struct iv_xml_element *e)
{
    const char *text = iv_reader_trimmed(dsm->r->scratch, e->text);
    bool value = false;
    if (text == NULL || !iv_reader_parse_bool(text, &value)) {
        iv_reader_malformed(dsm->r, &dsm->fault, e->line, "<%s> is '%s', neither true nor false",
                            name, text == NULL ? "" : iv_reader_shown(dsm->r, text));
        return;
    }
    *place = *place || value;
}

#define TEXT_ELEMENT(function, member)                                                             \
    static void function(void *context, const struct iv_xml_element *e)                            \
    {                                                                                              \
        struct dsm *dsm = context;                                                                 \
        dsm->package->member = iv_reader_trimmed(dsm->r->arena, e->text);                          \
    }
#define BOOL_ELEMENT(function, name, member)                                                       \
    static void function(void *context, const struct iv_xml_element *e)                            \
    {                                                                                              \
        struct dsm *dsm = context;                                                                 \
        set_bool(dsm, name, &dsm->package->member, e);                                             \
    }

TEXT_ELEMENT(on_owner, owner)
TEXT_ELEMENT(on_component, component)
TEXT_ELEMENT(on_sub_component, sub_component)
TEXT_ELEMENT(on_release_type, release_type)
TEXT_ELEMENT(on_build_type, build_type)
TEXT_ELEMENT(on_cpu, cpu)
TEXT_ELEMENT(on_culture, culture)
TEXT_ELEMENT(on_resolution, resolution)
TEXT_ELEMENT(on_partition, partition)
TEXT_ELEMENT(on_platform, platform)
TEXT_ELEMENT(on_grouping_key, grouping_key)
BOOL_ELEMENT(on_removal, "IsRemoval", removal)
BOOL_ELEMENT(on_binary_partition, "IsBinaryPartition", binary_partition)

/* Microsoft's loader refuses a package whose owner type it does not know. */
static void on_owner_type(void *context, const struct iv_xml_element *e)
{
    struct dsm *dsm = context;
    const char *text = iv_reader_trimmed(dsm->r->arena, e->text);
    dsm->package->owner_type = text;
    if (text != NULL && !iv_reader_is_owner_type(text)) {
        iv_reader_malformed(dsm->r, &dsm->fault, e->line,
                            "<OwnerType> is '%s', which is no owner type",
                            iv_reader_shown(dsm->r, text));
    }
}

/* One entry of the list of files: its parts are collected until it ends. */
static void on_file_start(void *context, const struct iv_xml_element *e)
{
    (void)e;
    struct dsm *dsm = context;
    dsm->file = (struct iv_package_file){0};
    dsm->early_type = NULL;
}

static void on_file_type(void *context, const struct iv_xml_element *e)
{
    struct dsm *dsm = context;
    dsm->file.type = iv_reader_trimmed(dsm->r->scratch, e->text);
}

static void on_early_type(void *context, const struct iv_xml_element *e)
{
    struct dsm *dsm = context;
    dsm->early_type = iv_reader_trimmed(dsm->r->scratch, e->text);
}

static void on_device_path(void *context, const struct iv_xml_element *e)
{
    struct dsm *dsm = context;
    dsm->file.path = iv_reader_trimmed(dsm->r->scratch, e->text);
}

static void on_cab_path(void *context, const struct iv_xml_element *e)
{
    struct dsm *dsm = context;
    dsm->file.cab_path = iv_reader_trimmed(dsm->r->scratch, e->text);
}

/* A size that is no number is none: sizes only add to sums and digests. */
static void on_file_size(void *context, const struct iv_xml_element *e)
{
    struct dsm *dsm = context;
    const char *text = iv_reader_trimmed(dsm->r->scratch, e->text);
    dsm->file.has_size =
        text != NULL && iv_parse_decimal(text, strlen(text), UINT64_MAX, &dsm->file.size);
}

/* The type may come before or after the early one, and wins. A file without a path on the device is
 * known by its name in the cabinet. */
static void on_file_end(void *context, const struct iv_xml_element *e)
{
    (void)e;
    struct dsm *dsm = context;
    struct iv_package_file *file = &dsm->file;
    if (file->type == NULL) {
        file->type = dsm->early_type;
    }
    if (file->path == NULL) {
        file->path = file->cab_path != NULL ? file->cab_path : "";
    }
    /* A DSM has no flag of its own: one such file makes the package a binary partition. */
    if (iv_ascii_ieq(file->type, "BinaryPartition")) {
        dsm->package->binary_partition = true;
    }
    iv_file_list_add(dsm->r, dsm->list, file);
}

#define ENTRY "Package/Files/FileEntry"

static const struct iv_xml_row rows[] = {
    {.path = "Package/Identity", .start = on_identity, .once = true},
    {.path = "Package/Identity/Owner", .end = on_owner, .once = true},
    {.path = "Package/Identity/Component", .end = on_component, .once = true},
    {.path = "Package/Identity/SubComponent", .end = on_sub_component, .once = true},
    {.path = "Package/Identity/Version", .start = on_version, .once = true},
    {.path = "Package/ReleaseType", .end = on_release_type, .once = true},
    {.path = "Package/OwnerType", .end = on_owner_type, .once = true},
    {.path = "Package/BuildType", .end = on_build_type, .once = true},
    {.path = "Package/CpuType", .end = on_cpu, .once = true},
    {.path = "Package/Culture", .end = on_culture, .once = true},
    {.path = "Package/Resolution", .end = on_resolution, .once = true},
    {.path = "Package/Partition", .end = on_partition, .once = true},
    {.path = "Package/Platform", .end = on_platform, .once = true},
    {.path = "Package/GroupingKey", .end = on_grouping_key, .once = true},
    {.path = "Package/BuildString", .once = true},
    {.path = "Package/IsRemoval", .end = on_removal, .once = true},
    {.path = "Package/IsBinaryPartition", .end = on_binary_partition, .once = true},
    {.path = "Package/TargetGroups", .once = true},
    {.path = "Package/Files", .once = true},
    {.path = ENTRY, .start = on_file_start, .end = on_file_end},
    {.path = ENTRY "/FileType", .end = on_file_type, .once = true},
    {.path = ENTRY "/Type", .end = on_early_type, .once = true},
    {.path = ENTRY "/DevicePath", .end = on_device_path, .once = true},
    {.path = ENTRY "/CabPath", .end = on_cab_path, .once = true},
    {.path = ENTRY "/Attributes", .once = true},
    {.path = ENTRY "/SourcePackage", .once = true},
    {.path = ENTRY "/FileSize", .end = on_file_size, .once = true},
    {.path = ENTRY "/CompressedFileSize", .once = true},
    {.path = ENTRY "/StagedFileSize", .once = true},
};

static const char *const namespaces[] = {
    "http://schemas.microsoft.com/embedded/2004/10/ImageUpdate",
    NULL,
};

/* What a package is known by: without it there is no key. */
static void check_required(struct dsm *dsm)
{
    if (!dsm->has_identity) {
        iv_reader_malformed(dsm->r, &dsm->fault, 0, "no <Identity>");
    } else if (dsm->package->owner == NULL) {
        iv_reader_malformed(dsm->r, &dsm->fault, 0, "no <Owner> in <Identity>");
    } else if (dsm->package->component == NULL) {
        iv_reader_malformed(dsm->r, &dsm->fault, 0, "no <Component> in <Identity>");
    }
}

/* True: the list of files is whole. The package may be unreadable all the same, for what its other
 * elements say. */
bool iv_dsm_read(const struct iv_reader *r, const struct iv_document *doc,
                 struct iv_package *package, struct iv_file_list *list)
{
    struct dsm dsm = {.r = r, .package = package, .list = list};
    struct iv_xml_table table = {
        .namespaces = namespaces,
        .rows = rows,
        .row_count = IV_COUNT(rows),
    };
    package->style = IV_STYLE_SPKG;
    size_t space = 0;
    struct iv_fault fault = {0};
    bool whole = iv_reader_xml(r, doc, &table, &dsm, &space, &fault);
    if (whole) {
        check_required(&dsm);
        fault = dsm.fault;
    }
    if (fault.kind != IV_FAULT_NONE) {
        fault.path = doc->path;
        fault.member = doc->member;
        iv_reader_package_fault(r, package, &fault, true);
    }
    return whole;
}
