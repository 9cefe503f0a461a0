/* OEMInput.xml (packages.md 4.1), as far as a rule asks for it; also in the namespace of 2019,
 * where DeviceLayoutType stands for SOC. */
#include "imgval/base/attr.h"
#include "imgval/base/xml.h"
#include "imgval/input/metadata.h"

struct oem_input {
    const struct iv_reader *r;
    struct iv_oem_input *facts;
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
TEXT_ELEMENT(on_release_type, release_type)
TEXT_ELEMENT(on_build_type, build_type)

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

static const struct iv_xml_row rows[] = {
    {.path = "OEMInput"},
    {.path = "OEMInput/Product", .end = on_product, .once = true},
    {.path = "OEMInput/SOC", .end = on_soc, .once = true},
    {.path = "OEMInput/DeviceLayoutType", .end = on_soc, .once = true},
    {.path = "OEMInput/Device", .end = on_device, .once = true},
    {.path = "OEMInput/ReleaseType", .end = on_release_type, .once = true},
    {.path = "OEMInput/BuildType", .end = on_build_type, .once = true},
    {.path = "OEMInput/Features", .once = true},
    {.path = "OEMInput/PackageFiles", .once = true},
    {.path = "OEMInput/PackageFiles/PackageFile", .end = on_package_file},
};

static const char *const namespaces[] = {
    "http://schemas.microsoft.com/embedded/2004/10/ImageUpdate",
    "http://schemas.microsoft.com/embedded/2019/06/ImageUpdate",
    NULL,
};

void iv_oem_input_read(const struct iv_reader *r, const struct iv_document *doc)
{
    struct oem_input in = {.r = r, .facts = &r->facts->oem_input};
    struct iv_xml_table table = {
        .namespaces = namespaces,
        .rows = rows,
        .row_count = IV_COUNT(rows),
    };
    struct iv_fault fault = {0};
    size_t space = 0;
    if (!iv_reader_xml(r, doc, &table, &in, &space, &fault)) {
        iv_reader_metadata_fault(r, NULL, doc, &fault);
    }
}
