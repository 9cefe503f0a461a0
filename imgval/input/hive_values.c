/*
 * Device values from the SYSTEM hive of an image: they win over those of any package. A key may
 * hold values of odd size or type: only a value that is asked for can be unreadable, and costs no
 * other.
 */
#include "imgval/base/text.h"
#include "imgval/disk/hive.h"
#include "imgval/input/metadata.h"

#define TARGETING_KEY "Platform\\DeviceTargetingInfo"
#define LOG_HEADER_SIZE 512
#define USBFN_KEY "ControlSet001\\Control\\USBFN\\Default"

/* What is known of the key's values so far. */
struct hive_values {
    const struct iv_reader *r;
    const struct iv_document *doc;
    unsigned char times[IV_DEVICE_VALUE_NAMES]; /* that a known name stood there, at most 3 */
    bool has_nameless;                          /* a damaged value without a name was reported */
};

/* A fault of the hive as metadata: other values of it stand. */
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

/* A name that stands several times is a fault, reported once: which of the values a device takes is
 * not known. */
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
    struct iv_hive_values values;
    if (iv_hive_values(hive, USBFN_KEY, r->scratch, &values, &fault) != IV_HIVE_FOUND) {
        return;
    }
    for (size_t i = 0; i < values.count; i++) {
        const struct iv_hive_value *value = &values.items[i];
        if (value->name != NULL && iv_ascii_ieq(value->name, "ProductString") &&
            value->text != NULL) {
            iv_reader_datum(r, IV_USBFN_PRODUCT, value->text, doc->source, NULL, IV_RANK_HIVE);
            return;
        }
    }
}

bool iv_hive_is_log(const char *name, uint64_t size)
{
    return size > LOG_HEADER_SIZE &&
           (iv_ascii_ieq(name, "SYSTEM.LOG") || iv_ascii_ieq(name, "SYSTEM.LOG1") ||
            iv_ascii_ieq(name, "SYSTEM.LOG2"));
}

/*
 * Windows writes a hive and its log in turn. A hive whose sequence numbers differ was not closed:
 * what was written last is in its log, if there is one, and otherwise lost. Logs are not applied.
 * False: no value of the hive is known to be in force.
 */
static bool check_sequence(const struct iv_reader *r, const struct iv_document *doc,
                           const struct iv_hive *hive, bool has_log)
{
    if (!hive->is_dirty) {
        return true;
    }
    const struct iv_fault fault = {
        .kind = has_log ? IV_FAULT_METADATA : IV_FAULT_NOT_CLOSED,
        .detail = has_log ? "its sequence numbers differ, so that its last changes are in the log "
                            "beside it, which is not applied: none of its values is used"
                          : "its sequence numbers differ, and no log with entries lies beside it: "
                            "its last changes may be lost",
    };
    iv_reader_metadata_fault(r, NULL, doc, &fault);
    return !has_log;
}

static void report_twins(const struct iv_reader *r, const struct iv_document *doc,
                         const struct iv_hive_values *values)
{
    if (values->twins != NULL) {
        const struct iv_fault fault = {
            .kind = IV_FAULT_TWINS,
            .detail = iv_reader_printf(r, "%s", values->twins),
        };
        iv_reader_metadata_fault(r, NULL, doc, &fault);
    }
}

void iv_hive_read(const struct iv_reader *r, const struct iv_document *doc, bool has_log)
{
    struct iv_hive hive;
    struct iv_fault fault = {0};
    struct iv_hive_values values;
    if (!iv_hive_open(doc->bytes, doc->size, &hive, &fault)) {
        iv_reader_metadata_fault(r, NULL, doc, &fault);
        return;
    }
    if (!check_sequence(r, doc, &hive, has_log)) {
        return;
    }
    if (iv_hive_values(&hive, TARGETING_KEY, r->scratch, &values, &fault) == IV_HIVE_TROUBLE) {
        iv_reader_metadata_fault(r, NULL, doc, &fault);
    }
    report_twins(r, doc, &values);
    struct hive_values in = {.r = r, .doc = doc};
    for (size_t i = 0; i < values.count; i++) {
        take_value(&in, &values.items[i]);
    }
    read_product(r, doc, &hive);
}
