/*
 * A judged submission as a record. The packages are those that its id covers, so the id can be
 * computed again from the record.
 */
#include "imgval/model/record.h"

#include <string.h>

/* One package a key, as in a set, but removals stay: they are in the id and in the record. */
const struct iv_package **iv_record_packages(const struct iv_package *const *sorted, size_t count,
                                             struct iv_arena *arena, size_t *ret_count)
{
    const struct iv_package **kept = IV_NEW_ARRAY(arena, const struct iv_package *, count);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (used == 0 || strcmp(kept[used - 1]->key, sorted[i]->key) != 0) {
            kept[used++] = sorted[i];
        } else if (iv_package_yields_to(kept[used - 1], sorted[i])) {
            kept[used - 1] = sorted[i];
        }
    }
    *ret_count = used;
    return kept;
}

/* Compliant holds for a variant without any baseline too: the first one is what later ones are
 * compared with. What was not evaluated is not compliant, whatever the reason. */
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
        .traits = iv_traits_of(submission, arena),
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
    const struct iv_package **kept =
        iv_record_packages(iv_package_sort(submission->packages, submission->package_count, arena),
                           submission->package_count, arena, &record.package_count);
    record.packages = IV_NEW_ARRAY(arena, struct iv_package, record.package_count);
    for (size_t i = 0; i < record.package_count; i++) {
        record.packages[i] = *kept[i];
    }
    *ret_record = record;
}
