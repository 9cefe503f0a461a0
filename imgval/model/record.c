#include "imgval/model/record.h"

#include <stdlib.h>
#include <string.h>

static int compare_by_key(const void *a, const void *b)
{
    const struct iv_package *x = a;
    const struct iv_package *y = b;
    int order = strcmp(x->key, y->key);
    return order != 0 ? order : iv_package_compare_path(a, b);
}

struct iv_package *iv_record_packages(const struct iv_package *packages, size_t count,
                                      struct iv_arena *arena, size_t *ret_count)
{
    struct iv_package *kept = IV_NEW_ARRAY(arena, struct iv_package, count);
    size_t used = 0;
    if (count > 0) {
        memcpy(kept, packages, count * sizeof(*kept));
        qsort(kept, count, sizeof(*kept), compare_by_key);
    }
    for (size_t i = 0; i < count; i++) {
        if (used == 0 || strcmp(kept[used - 1].key, kept[i].key) != 0) {
            kept[used++] = kept[i];
        } else if (kept[used - 1].removal && !kept[i].removal) {
            kept[used - 1] = kept[i];
        }
    }
    *ret_count = used;
    return kept;
}

void iv_record_build(const struct iv_submission *submission, bool baseline, bool imported,
                     int64_t recorded, struct iv_arena *arena, struct iv_record *ret_record)
{
    struct iv_record record = {
        .id = submission->id,
        .firmware_version = submission->firmware_version,
        .number = submission->number,
        .imported = imported,
        .recorded = recorded,
        .pops = IV_NEW_ARRAY(arena, struct iv_record_pop, submission->variant_count),
        .pop_count = submission->variant_count,
    };
    for (size_t i = 0; i < submission->variant_count; i++) {
        const struct iv_variant *variant = &submission->variants[i];
        record.pops[i] = (struct iv_record_pop){
            .pop = variant->pop,
            .baseline = baseline,
            .compliant =
                variant->wspc.status == IV_WSPC_COMPLIANT || variant->wspc.status == IV_WSPC_FIRST,
        };
    }
    record.packages = iv_record_packages(submission->packages, submission->package_count, arena,
                                         &record.package_count);
    *ret_record = record;
}
