/*
 * entries.h: what became of each entry of a folder or of a file system in an image. Each has
 * exactly one fate, and the program counts them, so that nothing can be passed over in silence: it
 * was read, a finding names it, or one of the rules here says why it does not matter.
 */
#ifndef IMGVAL_MODEL_ENTRIES_H
#define IMGVAL_MODEL_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum iv_fate {
    IV_FATE_READ,
    IV_FATE_REPORTED, /* a finding says what is wrong with it, or why it was not read */

    /* Not relevant, and why: the first that fits counts. */
    IV_FATE_FOLDER,   /* what lies in it counts by itself */
    IV_FATE_LINK,     /* leads to what has its own place here, to nothing, or to what has no role */
    IV_FATE_SPECIAL,  /* a FIFO, socket or device without a name that means something */
    IV_FATE_NAME,     /* by its name no package, manifest, image, archive, hive or metadata */
    IV_FATE_DOCUMENT, /* by its first bytes none of the documents that are read */
    IV_FATE_PAYLOAD,  /* the manifest of an extracted package lists it as its payload */
    IV_FATE_REPLACED, /* an option, or another file by the rules of the formats, counts instead */
    IV_FATE_LOG,      /* of a hive that was closed properly */
    IV_FATE_OTHER,    /* of another submission, or about another device than the one in hand */
    IV_FATE_PLACE,    /* in an image, where nothing that is read has its place */
    IV_FATES,
};

/* As in JSON: "read", "folder" ... */
extern const char *const iv_fate_names[]; /* NULL-terminated */
/* Why one of those is not relevant, as a clause; NULL for the others. */
extern const char *const iv_fate_phrases[IV_FATES];

struct iv_entries {
    uint64_t of[IV_FATES];
    bool is_cut; /* there are more, which were not counted: a limit, or damage outside the places
                    that are read */
};

uint64_t iv_entries_total(const struct iv_entries *entries);
uint64_t iv_entries_irrelevant(const struct iv_entries *entries);
void iv_entries_add(struct iv_entries *entries, const struct iv_entries *more);

#endif
