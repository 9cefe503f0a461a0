/*
 * update.mum of a CBS package, also of the recall shape that removes one.
 *
 * Nested <package> and <assemblyIdentity> elements belong to the member list of a Feature
 * Identifier Package: the identity is the root's direct child, partition and flag are those of the
 * root's direct <package>. The paths of the table say just that.
 */
#include "imgval/base/text.h"
#include "imgval/base/xml.h"
#include "imgval/input/manifest.h"

#include <stdio.h>
#include <string.h>

struct mum {
    const struct iv_reader *r;
    struct iv_package *package;
    struct iv_file_list *list;
    bool has_identity;
    bool has_package;
    struct iv_fault fault; /* the first thing that is wrong */
};

/* An attribute in the facts' arena, without the blanks around it; NULL when it is not there, or
 * nothing is left. */
static const char *attribute(const struct mum *mum, const struct iv_xml_element *e,
                             const char *name)
{
    const char *value = iv_xml_attribute(e, name);
    return value == NULL ? NULL : iv_reader_trimmed(mum->r->arena, value);
}

/* The name of CBS. A language that means "all of them" is none. */
static void on_identity(void *context, const struct iv_xml_element *e)
{
    struct mum *mum = context;
    mum->has_identity = true;
    struct iv_package *package = mum->package;
    package->identity_name = attribute(mum, e, "name");
    package->cpu = attribute(mum, e, "processorArchitecture");
    package->build_type = attribute(mum, e, "buildType");
    const char *language = attribute(mum, e, "language");
    if (!iv_ascii_ieq(language, "neutral") && !iv_ascii_ieq(language, "*")) {
        package->culture = language;
    }
    if (package->identity_name == NULL) {
        iv_reader_malformed(mum->r, &mum->fault, e->line, "<assemblyIdentity> has no name");
    }
    const char *version = iv_xml_attribute(e, "version");
    if (version == NULL) {
        return;
    }
    if (!iv_version_parse(version, &package->number)) {
        iv_reader_malformed(mum->r, &mum->fault, e->line,
                            "version is '%s', not four numbers from 0 to 65535",
                            iv_reader_shown(mum->r, version));
        return;
    }
    package->version = iv_arena_strdup(mum->r->arena, version);
}

/* A boolean of XML; Microsoft's reader folds its case. */
static void set_binary(struct mum *mum, const struct iv_xml_element *e)
{
    const char *text = iv_xml_attribute(e, "binaryPartition");
    if (text == NULL) {
        return;
    }
    const char *value = iv_reader_trimmed(mum->r->scratch, text);
    if (value == NULL || !iv_reader_parse_bool(iv_ascii_fold(mum->r->scratch, value),
                                               &mum->package->binary_partition)) {
        iv_reader_malformed(mum->r, &mum->fault, e->line,
                            "binaryPartition is '%s', neither true nor false",
                            iv_reader_shown(mum->r, text));
    }
}

/* The identifier is kept for reports and is no name: see imgval-formats(5), Keys. */
static void on_package(void *context, const struct iv_xml_element *e)
{
    struct mum *mum = context;
    mum->has_package = true;
    mum->package->identifier = attribute(mum, e, "identifier");
    mum->package->partition = attribute(mum, e, "targetPartition");
    set_binary(mum, e);
}

/* The identity as an SPKG has it, which packages that were converted from one bring along. */
static void on_phone(void *context, const struct iv_xml_element *e)
{
    struct mum *mum = context;
    struct iv_package *package = mum->package;
    package->owner = attribute(mum, e, "phoneOwner");
    package->owner_type = attribute(mum, e, "phoneOwnerType");
    package->component = attribute(mum, e, "phoneComponent");
    package->sub_component = attribute(mum, e, "phoneSubComponent");
    package->release_type = attribute(mum, e, "phoneRelease");
    package->grouping_key = attribute(mum, e, "phoneGroupingKey");
    /* As for a DSM: Microsoft's loader refuses what it does not know. */
    if (package->owner_type != NULL && !iv_reader_is_owner_type(package->owner_type)) {
        iv_reader_malformed(mum->r, &mum->fault, e->line,
                            "phoneOwnerType is '%s', which is no owner type",
                            iv_reader_shown(mum->r, package->owner_type));
    }
}

/* The same without blanks, in scratch. */
static const char *scratch_attribute(const struct mum *mum, const struct iv_xml_element *e,
                                     const char *name)
{
    const char *value = iv_xml_attribute(e, name);
    return value == NULL ? NULL : iv_reader_trimmed(mum->r->scratch, value);
}

/* Two tools write the attribute with different case. Where both stand and differ, which member is
 * meant is not known. */
static void on_file(void *context, const struct iv_xml_element *e)
{
    struct mum *mum = context;
    const char *name = scratch_attribute(mum, e, "name");
    const char *cab_path = scratch_attribute(mum, e, "cabpath");
    const char *other = scratch_attribute(mum, e, "cabPath"); /* what SaveCBSR writes */
    const char *size = scratch_attribute(mum, e, "size");
    struct iv_package_file file = {.cab_path = cab_path != NULL ? cab_path : other};
    if (cab_path != NULL && other != NULL && strcmp(cab_path, other) != 0) {
        iv_reader_malformed(mum->r, &mum->fault, e->line,
                            "a <file> with a cabpath and another cabPath");
    }
    file.path = name != NULL ? name : file.cab_path;
    if (file.path == NULL) {
        file.path = "";
    }
    file.hash = scratch_attribute(mum, e, "hash");
    file.has_size = size != NULL && iv_parse_decimal(size, strlen(size), UINT64_MAX, &file.size);
    iv_file_list_add(mum->r, mum->list, &file);
}

static void on_recall(void *context, const struct iv_xml_element *e)
{
    (void)e;
    struct mum *mum = context;
    mum->package->removal = true;
}

/* A recall names one package; of several the first. */
static void on_recalled(void *context, const struct iv_xml_element *e)
{
    struct mum *mum = context;
    if (mum->package->recalled_name == NULL) {
        mum->package->recalled_name = attribute(mum, e, "name");
    }
}

#define CUSTOM "assembly/package/customInformation"

static const struct iv_xml_row rows[] = {
    {.path = "assembly/assemblyIdentity", .start = on_identity, .once = true},
    {.path = "assembly/package", .start = on_package, .once = true},
    {.path = CUSTOM, .once = true},
    {.path = CUSTOM "/phoneInformation", .start = on_phone, .once = true},
    {.path = CUSTOM "/file", .start = on_file},
    {.path = "assembly/package/recall", .start = on_recall, .once = true},
    {.path = "assembly/package/recall/assemblyIdentity", .start = on_recalled},
};

static const char *const namespaces[] = {
    "urn:schemas-microsoft-com:asm.v3",
    "urn:schemas-microsoft-com:cbs", /* removal packages */
    NULL,
};

/* As iv_dsm_read(). */
bool iv_mum_read(const struct iv_reader *r, const struct iv_document *doc,
                 struct iv_package *package, struct iv_file_list *list)
{
    struct mum mum = {.r = r, .package = package, .list = list};
    struct iv_xml_table table = {
        .namespaces = namespaces,
        .is_mixed = true,
        .rows = rows,
        .row_count = IV_COUNT(rows),
    };
    package->style = IV_STYLE_CBS;
    size_t space = 0;
    struct iv_fault fault = {0};
    bool whole = iv_reader_xml(r, doc, &table, &mum, &space, &fault);
    if (whole) {
        if (!mum.has_identity) {
            iv_reader_malformed(mum.r, &mum.fault, 0, "no <assemblyIdentity>");
        } else if (!mum.has_package) {
            iv_reader_malformed(mum.r, &mum.fault, 0, "no <package>");
        }
        fault = mum.fault;
    }
    if (fault.kind != IV_FAULT_NONE) {
        fault.path = doc->path;
        fault.member = doc->member;
        iv_reader_package_fault(r, package, &fault, true);
    }
    return whole;
}
