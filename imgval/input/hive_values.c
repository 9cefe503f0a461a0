/*
 * Device values from the SYSTEM hive of an image: they win over those of any package. A key may
 * hold values of odd size or type: only a value that is asked for can be unreadable, and costs no
 * other.
 */
#include "imgval/base/text.h"
#include "imgval/disk/hive.h"
#include "imgval/input/metadata.h"

#define TARGETING_KEY "Platform\\DeviceTargetingInfo"
#define USBFN_KEY "ControlSet001\\Control\\USBFN\\Default"

/* What is known of the key's values so far. */
struct hive_values {
    const struct iv_reader *r;
    const struct iv_document *doc;
    unsigned char times[IV_DEVICE_VALUE_NAMES]; /* that a known name stood there, at most 3 */
    bool has_nameless;                          /* a damaged value without a name was reported */
};

static void odd_value(const struct hive_values *in, const char *detail)
{
    const struct iv_fault fault = {.kind = IV_FAULT_MALFORMED, .detail = detail};
    iv_reader_metadata_fault(in->r, NULL, in->doc, &fault);
}

static size_t index_of(const char *known)
{
    size_t i = 0;
    while (iv_device_value_names[i] != known) {
        i++;
    }
    return i;
}

/* A known name, for the first time. */
static void take_first(const struct hive_values *in, const char *known,
                       const struct iv_hive_value *value)
{
    if (value->text != NULL) {
        iv_reader_datum(in->r, known, value->text, in->doc->source, NULL, IV_RANK_HIVE);
    } else if (value->trouble != NULL) {
        odd_value(in, iv_reader_printf(in->r, "%s: %s", known, value->trouble));
    } else {
        odd_value(in, iv_reader_printf(in->r, "%s is no string, but a value of the type %u", known,
                                       (unsigned)value->type));
    }
}

static void take_value(struct hive_values *in, const struct iv_hive_value *value)
{
    if (value->name == NULL) {
        if (!in->has_nameless) {
            odd_value(in, value->trouble);
        }
        in->has_nameless = true;
        return;
    }
    const char *known = iv_device_value_name(value->name);
    if (known == NULL) {
        return;
    }
    unsigned char *times = &in->times[index_of(known)];
    *times = (unsigned char)(*times + (*times < 3 ? 1 : 0));
    if (*times == 1) {
        take_first(in, known, value);
    } else if (*times == 2) {
        iv_reader_datum_drop(in->r, known, in->doc->source);
        odd_value(in, iv_reader_printf(in->r, "%s stands more than once in the hive", known));
    }
}

/* What the phone calls itself on USB; it is compared with PhoneModelName, and costs nothing where
 * it is missing or odd. */
static void read_product(const struct iv_reader *r, const struct iv_document *doc,
                         const struct iv_hive *hive)
{
    struct iv_fault fault = {0};
    struct iv_hive_value *values = NULL;
    size_t count = 0;
    if (iv_hive_values(hive, USBFN_KEY, r->scratch, &values, &count, &fault) == IV_HIVE_TROUBLE) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (values[i].name != NULL && iv_ascii_ieq(values[i].name, "ProductString") &&
            values[i].text != NULL) {
            iv_reader_datum(r, IV_USBFN_PRODUCT, values[i].text, doc->source, NULL, IV_RANK_HIVE);
            return;
        }
    }
}

void iv_hive_read(const struct iv_reader *r, const struct iv_document *doc)
{
    struct iv_hive hive;
    struct iv_fault fault = {0};
    struct iv_hive_value *values = NULL;
    size_t count = 0;
    if (!iv_hive_open(doc->bytes, doc->size, &hive, &fault)) {
        iv_reader_metadata_fault(r, NULL, doc, &fault);
        return;
    }
    if (iv_hive_values(&hive, TARGETING_KEY, r->scratch, &values, &count, &fault) ==
        IV_HIVE_TROUBLE) {
        iv_reader_metadata_fault(r, NULL, doc, &fault);
    }
    struct hive_values in = {.r = r, .doc = doc};
    for (size_t i = 0; i < count; i++) {
        take_value(&in, &values[i]);
    }
    read_product(r, doc, &hive);
}
