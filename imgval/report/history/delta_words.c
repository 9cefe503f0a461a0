/*
 * What every format of a difference asks of it: names, words and the order of reading. They are
 * here once, so that two formats cannot call one change by two names.
 */
#include "imgval/base/text.h"
#include "imgval/report/history/delta_report.h"

#include <string.h>

const struct iv_delta_pass iv_delta_passes[IV_DELTA_PASSES] = {
    {.mask = IV_CHANGE_REMOVED, .title = "Removed", .sign = "-"},
    {.mask = IV_CHANGE_ADDED, .title = "Added", .sign = "+"},
    {.mask = ~(unsigned)(IV_CHANGE_REMOVED | IV_CHANGE_ADDED), .title = "Changed", .sign = "~"},
};

/* The side that is there, the newer one where both are. */
const struct iv_package *iv_delta_either(const struct iv_change *change)
{
    return change->after != NULL ? change->after : change->before;
}

/* All that a change is, in the order of the enum. */
size_t iv_delta_words(const struct iv_change *change, const char *ret_words[IV_CHANGE_KINDS])
{
    size_t count = 0;
    for (unsigned i = 0; i < IV_CHANGE_KINDS; i++) {
        if (((change->what >> i) & 1U) != 0) {
            ret_words[count++] = iv_change_names[i];
        }
    }
    return count;
}

/* Partition and flags change only where both sides have the package, so b and a are there. */
size_t iv_delta_parts(const struct iv_change *change,
                      struct iv_delta_part ret_parts[IV_DELTA_PARTS])
{
    static const char *const yes_no[] = {"no", "yes"};
    const struct iv_package *b = change->before;
    const struct iv_package *a = change->after;
    size_t count = 0;
    if ((change->what & IV_CHANGE_PARTITION) != 0) {
        ret_parts[count++] = (struct iv_delta_part){.name = "partition",
                                                    .before = iv_package_partition(b),
                                                    .after = iv_package_partition(a)};
    }
    if ((change->what & IV_CHANGE_FLAGS) == 0) {
        return count;
    }
    if (b->binary_partition != a->binary_partition) {
        ret_parts[count++] = (struct iv_delta_part){.name = "binary partition",
                                                    .before = yes_no[b->binary_partition],
                                                    .after = yes_no[a->binary_partition]};
    }
    if (b->empty != a->empty) {
        ret_parts[count++] = (struct iv_delta_part){
            .name = "empty", .before = yes_no[b->empty], .after = yes_no[a->empty]};
    }
    if (!iv_ascii_ieq(b->owner_type, a->owner_type)) {
        ret_parts[count++] = (struct iv_delta_part){
            .name = "owner type", .before = b->owner_type, .after = a->owner_type};
    }
    if (!iv_ascii_ieq(b->release_type, a->release_type)) {
        ret_parts[count++] = (struct iv_delta_part){
            .name = "release type", .before = b->release_type, .after = a->release_type};
    }
    return count;
}

/* How many changes a pass shows. */
size_t iv_delta_count(const struct iv_delta *delta, const struct iv_delta_pass *pass)
{
    size_t count = 0;
    for (size_t i = 0; i < delta->count; i++) {
        count += (delta->changes[i].what & pass->mask) != 0 ? 1 : 0;
    }
    return count;
}
