/* Device values from the SYSTEM hive of an image: they win over those of any package. */
#include "imgval/disk/hive.h"
#include "imgval/input/metadata.h"

#define TARGETING_KEY "Platform\\DeviceTargetingInfo"

static void hive_fault(const struct iv_reader *r, const struct iv_document *doc,
                       const struct iv_fault *fault)
{
    iv_reader_metadata_fault(r, NULL, doc, fault);
}

void iv_hive_read(const struct iv_reader *r, const struct iv_document *doc)
{
    struct iv_hive hive;
    struct iv_fault fault = {0};
    struct iv_hive_value *values = NULL;
    size_t count = 0;
    if (!iv_hive_open(doc->bytes, doc->size, &hive, &fault)) {
        hive_fault(r, doc, &fault);
        return;
    }
    if (iv_hive_values(&hive, TARGETING_KEY, r->scratch, &values, &count, &fault) ==
        IV_HIVE_TROUBLE) {
        hive_fault(r, doc, &fault);
    }
    for (size_t i = 0; i < count; i++) {
        if (values[i].text != NULL) {
            iv_reader_datum(r, values[i].name, values[i].text, doc->source, NULL, IV_RANK_HIVE);
        }
    }
}
