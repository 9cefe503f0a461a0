/*
 * DeviceLayout.xml and OEMDevicePlatform.xml: the partitions and the platform ids that an image was
 * built for. The layout is a fact of the submission, wherever it lies; in MainOS of a container
 * that has no manifest, both stand for that too.
 *
 * Sizes are counted in sectors, and the sector's size may follow the partitions: sizes become bytes
 * at the end.
 */
#include "imgval/base/attr.h"
#include "imgval/base/text.h"
#include "imgval/base/xml.h"
#include "imgval/input/metadata.h"

#include <string.h>

struct layout {
    const struct iv_reader *r;
    struct iv_image *image;   /* gets the claims; NULL: the layout alone is wanted */
    struct iv_layout *layout; /* NULL: not wanted */
    uint64_t sector_size;
    struct iv_image_claim claim; /* of the partition in hand */
    uint64_t store;              /* version 2: the store in hand, from 1 */
    size_t count;                /* of partitions */
    bool too_many;
    const char *odd; /* a UseAllSpace that is no boolean, as it stands */
    uint64_t odd_line;
};

/* Version 1 of the document has no stores; its partitions are those of the first. */
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

/* Kept as a text when it is odd: the fault is about the document and reported at its end, once. */
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

/* A number of at most 20 digits; what is none, or is too large, counts as not said. */
static uint64_t number_of(const struct layout *in, const char *text)
{
    const char *at = iv_reader_trimmed(in->r->arena, text);
    uint64_t value = 0;
    for (; at != NULL && *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || __builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value)) {
            return 0;
        }
    }
    return value;
}

static void on_total_sectors(void *context, const struct iv_xml_element *e)
{
    struct layout *in = context;
    in->claim.total_sectors = number_of(in, e->text);
}

static void on_sector_size(void *context, const struct iv_xml_element *e)
{
    struct layout *in = context;
    in->sector_size = number_of(in, e->text);
}

/* In sectors still: see scale(). */
static void add_partition(struct layout *in)
{
    struct iv_layout *layout = in->layout;
    if (layout == NULL) {
        return;
    }
    layout->partitions = iv_reader_grow(in->r->arena, layout->partitions, layout->partition_count,
                                        sizeof(*layout->partitions));
    layout->partitions[layout->partition_count++] = (struct iv_layout_partition){
        .store = in->claim.store,
        .name = in->claim.name,
        .size = in->claim.use_all_space ? 0 : in->claim.total_sectors,
        .use_all_space = in->claim.use_all_space,
    };
}

/* The partition in hand becomes a fact of the layout, and a claim of the image where there is one.
 * Without a name nothing can be compared with it. */
static void on_partition_end(void *context, const struct iv_xml_element *e)
{
    struct layout *in = context;
    struct iv_image *image = in->image;
    (void)e;
    if (in->claim.name == NULL) {
        return;
    }
    if (in->count >= IV_IMAGE_CLAIMS_MAX) {
        in->too_many = true;
        return;
    }
    in->count++;
    add_partition(in);
    if (image != NULL) {
        image->claims =
            iv_reader_grow(in->r->arena, image->claims, image->claim_count, sizeof(*image->claims));
        image->claims[image->claim_count++] = in->claim;
    }
}

#define PARTITION(place)                                                                           \
    {.path = place, .start = on_partition, .end = on_partition_end},                               \
        {.path = place "/Name", .end = on_name, .once = true},                                     \
        {.path = place "/Type", .end = on_type, .once = true},                                     \
        {.path = place "/Id", .end = on_id, .once = true},                                         \
        {.path = place "/FileSystem", .end = on_file_system, .once = true},                        \
        {.path = place "/TotalSectors", .end = on_total_sectors, .once = true},                    \
    {                                                                                              \
        .path = place "/UseAllSpace", .end = on_use_all_space, .once = true                        \
    }

static const struct iv_xml_row layout_rows[] = {
    {.path = "DeviceLayout"},
    {.path = "DeviceLayout/Partitions", .once = true},
    {.path = "DeviceLayout/SectorSize", .end = on_sector_size, .once = true},
    PARTITION("DeviceLayout/Partitions/Partition"),
    {.path = "DeviceLayout/Stores", .once = true},
    {.path = "DeviceLayout/Stores/Store", .start = on_store},
    {.path = "DeviceLayout/Stores/Store/Partitions", .once = true},
    PARTITION("DeviceLayout/Stores/Store/Partitions/Partition"),
};

/* A device has one; a list of several is what newer tools write. */
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

/* False: the document is not to be judged by, and a fault says why. */
static bool read_rows(struct layout *in, const struct iv_document *doc,
                      const struct iv_xml_row *rows, size_t count)
{
    const struct iv_reader *r = in->r;
    struct iv_xml_table table = {.namespaces = namespaces, .rows = rows, .row_count = count};
    struct iv_fault fault = {0};
    size_t space = 0;
    if (!iv_reader_xml(r, doc, &table, in, &space, &fault)) {
        iv_reader_metadata_fault(r, NULL, doc, &fault);
        return false;
    }
    if (in->odd != NULL) {
        fault = (struct iv_fault){
            .kind = IV_FAULT_MALFORMED,
            .line = in->odd_line,
            .detail = iv_reader_printf(r, "<UseAllSpace> is '%s', neither true nor false",
                                       iv_reader_shown(r, in->odd)),
        };
        iv_reader_metadata_fault(r, NULL, doc, &fault);
        return false;
    }
    if (in->too_many) {
        fault = (struct iv_fault){.kind = IV_FAULT_LIMIT, .detail = "more than 1024 partitions"};
        iv_reader_metadata_fault(r, NULL, doc, &fault);
    }
    return !in->too_many;
}

/* From sectors to bytes; what does not fit counts as not said. */
static void scale(struct iv_layout *layout, uint64_t sector_size)
{
    for (size_t i = 0; i < layout->partition_count; i++) {
        uint64_t size;
        bool fits = !__builtin_mul_overflow(layout->partitions[i].size, sector_size, &size);
        layout->partitions[i].size = fits ? size : 0;
    }
}

/* A layout without partitions is none: it would look as if all had been removed. */
void iv_device_layout_read(const struct iv_reader *r, const struct iv_document *doc,
                           bool with_claims)
{
    struct iv_layout layout = {.present = true, .path = doc->path};
    struct layout in = {.r = r, .layout = &layout, .image = with_claims ? &r->facts->image : NULL};
    if (read_rows(&in, doc, layout_rows, IV_COUNT(layout_rows)) && layout.partition_count > 0) {
        scale(&layout, in.sector_size);
        r->facts->layout = layout;
    }
}

/* Good enough to tell it from an answer file; the reader checks the root. */
bool iv_device_layout_is(const char *bytes, size_t size)
{
    return iv_find(bytes, size, "<DeviceLayout") != NULL;
}

/* Ids alone, which only an image has. */
void iv_device_platform_read(const struct iv_reader *r, const struct iv_document *doc)
{
    struct layout in = {.r = r, .image = &r->facts->image};
    (void)read_rows(&in, doc, platform_rows, IV_COUNT(platform_rows));
}
