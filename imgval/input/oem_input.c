/* OEMInput.xml, from which the image builder makes an image: product, device, features and lists of
 * packages. Read as far as a rule asks for it; also in the namespace of 2019, where
 * DeviceLayoutType stands for SOC. What is not asked for but has a form is held to it: a document
 * that the image builder would refuse is not one to judge by. */
#include "imgval/base/attr.h"
#include "imgval/base/text.h"
#include "imgval/base/xml.h"
#include "imgval/input/metadata.h"

struct oem_input {
    const struct iv_reader *r;
    const struct iv_document *doc;
    struct iv_oem_input *facts;
    bool is_odd; /* one fault is enough to say that the document is not as it should be */
};

#define TEXT_ELEMENT(function, member)                                                             \
    static void function(void *context, const struct iv_xml_element *e)                            \
    {                                                                                              \
        struct oem_input *in = context;                                                            \
        in->facts->member = iv_reader_trimmed(in->r->arena, e->text);                              \
    }

TEXT_ELEMENT(on_product, product)
TEXT_ELEMENT(on_soc, soc)
TEXT_ELEMENT(on_device, device)
TEXT_ELEMENT(on_build_type, build_type)

/* The first of them becomes the fault. */
static void odd(struct oem_input *in, const struct iv_xml_element *e, const char *name,
                const char *text, const char *expected)
{
    if (!in->is_odd) {
        struct iv_fault fault = {
            .kind = IV_FAULT_MALFORMED,
            .line = e->line,
            .detail = iv_reader_printf(in->r, "<%s> is '%s', neither %s", name,
                                       text == NULL ? "" : iv_reader_shown(in->r, text), expected),
        };
        iv_reader_metadata_fault(in->r, NULL, in->doc, &fault);
    }
    in->is_odd = true;
}

/* Rules ask for Production alone: another word must not pass for a test image's. */
static void on_release_type(void *context, const struct iv_xml_element *e)
{
    struct oem_input *in = context;
    const char *text = iv_reader_trimmed(in->r->arena, e->text);
    in->facts->release_type = text;
    if (!iv_ascii_ieq(text, "Production") && !iv_ascii_ieq(text, "Test")) {
        odd(in, e, "ReleaseType", text, "Production nor Test");
    }
}

/* Nobody asks for the value; the form must be right. The image builder takes it as a text, so that
 * TRUE is as good as true. */
static void on_format_dpp(void *context, const struct iv_xml_element *e)
{
    struct oem_input *in = context;
    const char *text = iv_reader_trimmed(in->r->scratch, e->text);
    if (!iv_ascii_ieq(text, "true") && !iv_ascii_ieq(text, "false")) {
        odd(in, e, "FormatDPP", text, "true nor false");
    }
}

static void on_exclude(void *context, const struct iv_xml_element *e)
{
    struct oem_input *in = context;
    bool unused;
    const char *text = iv_reader_trimmed(in->r->scratch, e->text);
    if (text == NULL || !iv_reader_parse_bool(text, &unused)) {
        odd(in, e, "ExcludePrereleaseFeatures", text, "true nor false");
    }
}

/* As it is written: most often a path with variables of the build. */
static void on_package_file(void *context, const struct iv_xml_element *e)
{
    struct oem_input *in = context;
    struct iv_oem_input *facts = in->facts;
    const char *text = iv_reader_trimmed(in->r->arena, e->text);
    if (text == NULL) {
        return;
    }
    facts->package_files = iv_reader_grow(in->r->arena, facts->package_files,
                                          facts->package_file_count, sizeof(*facts->package_files));
    facts->package_files[facts->package_file_count++] = text;
}

/* Empty elements name nothing. */
static void add_feature(const struct oem_input *in, const char *text, const char ***list,
                        size_t *count)
{
    const char *trimmed = iv_reader_trimmed(in->r->arena, text);
    if (trimmed != NULL) {
        *list = iv_reader_grow(in->r->arena, *list, *count, sizeof(**list));
        (*list)[(*count)++] = trimmed;
    }
}

static void on_feature(void *context, const struct iv_xml_element *e)
{
    struct oem_input *in = context;
    add_feature(in, e->text, &in->facts->features, &in->facts->feature_count);
}

static void on_oem_feature(void *context, const struct iv_xml_element *e)
{
    struct oem_input *in = context;
    add_feature(in, e->text, &in->facts->oem_features, &in->facts->oem_feature_count);
}

static const struct iv_xml_row rows[] = {
    {.path = "OEMInput"},
    {.path = "OEMInput/Product", .end = on_product, .once = true},
    {.path = "OEMInput/SOC", .end = on_soc, .once = true},
    {.path = "OEMInput/DeviceLayoutType", .end = on_soc, .once = true},
    {.path = "OEMInput/Device", .end = on_device, .once = true},
    {.path = "OEMInput/ReleaseType", .end = on_release_type, .once = true},
    {.path = "OEMInput/BuildType", .end = on_build_type, .once = true},
    {.path = "OEMInput/FormatDPP", .end = on_format_dpp, .once = true},
    {.path = "OEMInput/ExcludePrereleaseFeatures", .end = on_exclude, .once = true},
    {.path = "OEMInput/Features", .once = true},
    {.path = "OEMInput/PackageFiles", .once = true},
    {.path = "OEMInput/PackageFiles/PackageFile", .end = on_package_file},
    {.path = "OEMInput/Features/Microsoft", .once = true},
    {.path = "OEMInput/Features/Microsoft/Feature", .end = on_feature},
    {.path = "OEMInput/Features/OEM", .once = true},
    {.path = "OEMInput/Features/OEM/Feature", .end = on_oem_feature},
};

static const char *const namespaces[] = {
    "http://schemas.microsoft.com/embedded/2004/10/ImageUpdate",
    "http://schemas.microsoft.com/embedded/2019/06/ImageUpdate",
    NULL,
};

/* Features are only known from a document that was read to its end: half a list would look like one
 * from which some were removed. */
void iv_oem_input_read(const struct iv_reader *r, const struct iv_document *doc)
{
    struct oem_input in = {.r = r, .doc = doc, .facts = &r->facts->oem_input};
    struct iv_xml_table table = {
        .namespaces = namespaces,
        .rows = rows,
        .row_count = IV_COUNT(rows),
    };
    struct iv_fault fault = {0};
    size_t space = 0;
    if (!iv_reader_xml(r, doc, &table, &in, &space, &fault)) {
        iv_reader_metadata_fault(r, NULL, doc, &fault);
    } else {
        in.facts->has_features = true;
    }
}
