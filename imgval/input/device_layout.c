/* DeviceLayout.xml and OEMDevicePlatform.xml of MainOS: the partitions and the platform ids that
 * the image was built for. They stand for the manifest where the container has none. */
#include "imgval/base/attr.h"
#include "imgval/base/text.h"
#include "imgval/base/xml.h"
#include "imgval/input/metadata.h"

#include <string.h>

struct layout {
    const struct iv_reader *r;
    struct iv_image *image;
    struct iv_image_claim claim; /* of the partition in hand */
    uint64_t store;              /* version 2: the store in hand, from 1 */
    bool too_many;
    const char *odd; /* a UseAllSpace that is no boolean, as it stands */
    uint64_t odd_line;
};

static void on_partition(void *context, const struct iv_xml_element *e)
{
    struct layout *in = context;
    (void)e;
    in->claim = (struct iv_image_claim){.store = in->store > 0 ? in->store : 1};
}

static void on_store(void *context, const struct iv_xml_element *e)
{
    struct layout *in = context;
    (void)e;
    in->store++;
}

/* GUIDs stand in braces. */
static const char *bare(const struct iv_reader *r, const char *text)
{
    const char *trimmed = iv_reader_trimmed(r->arena, text);
    size_t size = trimmed == NULL ? 0 : strlen(trimmed);
    return size > 2 && trimmed[0] == '{' && trimmed[size - 1] == '}'
               ? iv_arena_strndup(r->arena, trimmed + 1, size - 2)
               : trimmed;
}

#define TEXT_ELEMENT(function, member)                                                             \
    static void function(void *context, const struct iv_xml_element *e)                            \
    {                                                                                              \
        struct layout *in = context;                                                               \
        in->claim.member = bare(in->r, e->text);                                                   \
    }

TEXT_ELEMENT(on_name, name)
TEXT_ELEMENT(on_type, type)
TEXT_ELEMENT(on_id, id)
TEXT_ELEMENT(on_file_system, file_system)

static void on_use_all_space(void *context, const struct iv_xml_element *e)
{
    struct layout *in = context;
    const char *text = iv_reader_trimmed(in->r->arena, e->text);
    if (!iv_reader_parse_bool(text == NULL ? "" : text, &in->claim.use_all_space) &&
        in->odd == NULL) {
        in->odd = text == NULL ? "" : text;
        in->odd_line = e->line;
    }
}

static void on_partition_end(void *context, const struct iv_xml_element *e)
{
    struct layout *in = context;
    struct iv_image *image = in->image;
    (void)e;
    if (in->claim.name == NULL) {
        return;
    }
    if (image->claim_count >= IV_IMAGE_CLAIMS_MAX) {
        in->too_many = true;
        return;
    }
    image->claims =
        iv_reader_grow(in->r->arena, image->claims, image->claim_count, sizeof(*image->claims));
    image->claims[image->claim_count++] = in->claim;
}

#define PARTITION(place)                                                                           \
    {.path = place, .start = on_partition, .end = on_partition_end},                               \
        {.path = place "/Name", .end = on_name, .once = true},                                     \
        {.path = place "/Type", .end = on_type, .once = true},                                     \
        {.path = place "/Id", .end = on_id, .once = true},                                         \
        {.path = place "/FileSystem", .end = on_file_system, .once = true},                        \
    {                                                                                              \
        .path = place "/UseAllSpace", .end = on_use_all_space, .once = true                        \
    }

static const struct iv_xml_row layout_rows[] = {
    {.path = "DeviceLayout"},
    {.path = "DeviceLayout/Partitions", .once = true},
    PARTITION("DeviceLayout/Partitions/Partition"),
    {.path = "DeviceLayout/Stores", .once = true},
    {.path = "DeviceLayout/Stores/Store", .start = on_store},
    {.path = "DeviceLayout/Stores/Store/Partitions", .once = true},
    PARTITION("DeviceLayout/Stores/Store/Partitions/Partition"),
};

static void on_platform_id(void *context, const struct iv_xml_element *e)
{
    struct layout *in = context;
    struct iv_image *image = in->image;
    const char *text = iv_reader_trimmed(in->r->arena, e->text);
    if (text != NULL && image->platform_id_count < IV_IMAGE_CLAIMS_MAX) {
        image->platform_ids = iv_reader_grow(in->r->arena, image->platform_ids,
                                             image->platform_id_count, sizeof(char *));
        image->platform_ids[image->platform_id_count++] = text;
    }
}

static const struct iv_xml_row platform_rows[] = {
    {.path = "OEMDevicePlatform"},
    {.path = "OEMDevicePlatform/DevicePlatformID", .end = on_platform_id, .once = true},
    {.path = "OEMDevicePlatform/DevicePlatformIDs", .once = true},
    {.path = "OEMDevicePlatform/DevicePlatformIDs/ID", .end = on_platform_id},
};

static const char *const namespaces[] = {
    "http://schemas.microsoft.com/embedded/2004/10/ImageUpdate",
    "http://schemas.microsoft.com/embedded/2004/10/ImageUpdate/v2",
    NULL,
};

static void read_rows(const struct iv_reader *r, const struct iv_document *doc,
                      const struct iv_xml_row *rows, size_t count)
{
    struct layout in = {.r = r, .image = &r->facts->image};
    struct iv_xml_table table = {.namespaces = namespaces, .rows = rows, .row_count = count};
    struct iv_fault fault = {0};
    size_t space = 0;
    if (!iv_reader_xml(r, doc, &table, &in, &space, &fault)) {
        iv_reader_metadata_fault(r, NULL, doc, &fault);
    } else if (in.odd != NULL) {
        fault = (struct iv_fault){
            .kind = IV_FAULT_MALFORMED,
            .line = in.odd_line,
            .detail = iv_reader_printf(r, "<UseAllSpace> is '%s', neither true nor false",
                                       iv_reader_shown(r, in.odd)),
        };
        iv_reader_metadata_fault(r, NULL, doc, &fault);
    } else if (in.too_many) {
        fault = (struct iv_fault){.kind = IV_FAULT_LIMIT, .detail = "more than 1024 partitions"};
        iv_reader_metadata_fault(r, NULL, doc, &fault);
    }
}

void iv_device_layout_read(const struct iv_reader *r, const struct iv_document *doc)
{
    read_rows(r, doc, layout_rows, IV_COUNT(layout_rows));
}

void iv_device_platform_read(const struct iv_reader *r, const struct iv_document *doc)
{
    read_rows(r, doc, platform_rows, IV_COUNT(platform_rows));
}
