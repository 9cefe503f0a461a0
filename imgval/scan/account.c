/* The account of all entries: each one that a listing met was read, or a fault says why it was not,
 * or its reader found that it is none of the documents that are read. A report prints the sums, so
 * that it can be seen that nothing was passed over. */
#include "imgval/scan/account.h"

#include <string.h>

/* Of an image file, faults of the file itself: those of what lies in it are counted there. */
static bool is_of_item(const struct iv_item *item, const struct iv_fault *fault)
{
    return item->role != IV_ROLE_IMAGE ||
           (fault->member == NULL && strcmp(fault->path, item->path) == 0);
}

/* Faults that leave the item read (a file that its manifest lists and that is missing) do not count
 * against it. */
enum iv_fate iv_account_fate(const struct iv_item *item, const struct iv_package *package,
                             const struct iv_facts *facts)
{
    size_t package_faults = package == NULL || package->key == NULL ? 0 : package->fault_count;
    for (size_t i = 0; i < package_faults; i++) {
        if (!iv_fault_leaves_read(package->faults[i].kind)) {
            return IV_FATE_REPORTED;
        }
    }
    for (size_t i = 0; facts != NULL && i < facts->fault_count; i++) {
        if (!iv_fault_leaves_read(facts->faults[i].kind) && is_of_item(item, &facts->faults[i])) {
            return IV_FATE_REPORTED;
        }
    }
    bool is_other =
        facts != NULL && item->role != IV_ROLE_IMAGE && facts->entries.of[IV_FATE_DOCUMENT] > 0;
    return is_other ? IV_FATE_DOCUMENT : IV_FATE_READ;
}

/* The listing has counted what is no item; items are added here, and then what readers counted
 * within images. */
void iv_account(const struct iv_listing *listing, const enum iv_fate *fates,
                const struct iv_facts *facts, size_t count, struct iv_submission *s)
{
    s->entries = listing->entries;
    for (size_t i = 0; i < listing->item_count; i++) {
        const struct iv_item *item = &listing->items[i];
        if (item->role != IV_ROLE_CHUNKS && !item->is_named) {
            s->entries.of[fates[i]]++;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (facts[i].image.present || facts[i].entries.is_cut ||
            facts[i].entries.of[IV_FATE_DOCUMENT] == 0) {
            iv_entries_add(&s->entries, &facts[i].entries);
        }
    }
}
