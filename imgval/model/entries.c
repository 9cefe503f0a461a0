/*
 * The fates of entries: words and sums.
 *
 * Each entry that a scan meets has exactly one fate, so the sum of all of them is the number of
 * entries: nothing is dropped in silence. The order of the enum parts what was read or reported
 * from what is irrelevant, which the sums below go by.
 */
#include "imgval/model/entries.h"

const char *const iv_fate_names[] = {
    [IV_FATE_READ] = "read",
    [IV_FATE_REPORTED] = "reported",
    [IV_FATE_FOLDER] = "folder",
    [IV_FATE_LINK] = "link",
    [IV_FATE_SPECIAL] = "special",
    [IV_FATE_NAME] = "name",
    [IV_FATE_DOCUMENT] = "document",
    [IV_FATE_PAYLOAD] = "payload",
    [IV_FATE_REPLACED] = "replaced",
    [IV_FATE_LOG] = "log",
    [IV_FATE_OTHER] = "other",
    [IV_FATE_PLACE] = "place",
    [IV_FATES] = NULL,
};

const char *const iv_fate_phrases[IV_FATES] = {
    [IV_FATE_FOLDER] = "what lies in it is counted by itself",
    [IV_FATE_LINK] = "leads to what is counted in its own place, or has no role",
    [IV_FATE_SPECIAL] = "a FIFO, socket or device whose name means nothing",
    [IV_FATE_NAME] = "by its name no package, image, archive or metadata",
    [IV_FATE_DOCUMENT] = "by its content none of the documents that are read",
    [IV_FATE_PAYLOAD] = "payload of an extracted package: its manifest decides",
    [IV_FATE_REPLACED] = "another file, or an option, counts in its place",
    [IV_FATE_LOG] = "the log of a hive: the hive says whether it matters",
    [IV_FATE_OTHER] = "of another submission, or about another device",
    [IV_FATE_PLACE] = "in an image, where nothing that is read has its place",
};

uint64_t iv_entries_total(const struct iv_entries *entries)
{
    return entries->of[IV_FATE_READ] + entries->of[IV_FATE_REPORTED] +
           iv_entries_irrelevant(entries);
}

/* All from IV_FATE_FOLDER on: see the enum. */
uint64_t iv_entries_irrelevant(const struct iv_entries *entries)
{
    uint64_t total = 0;
    for (size_t fate = IV_FATE_FOLDER; fate < IV_FATES; fate++) {
        total += entries->of[fate];
    }
    return total;
}

void iv_entries_add(struct iv_entries *entries, const struct iv_entries *more)
{
    for (size_t fate = 0; fate < IV_FATES; fate++) {
        entries->of[fate] += more->of[fate];
    }
    entries->is_cut = entries->is_cut || more->is_cut;
}
