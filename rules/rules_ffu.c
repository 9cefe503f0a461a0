/*
 * What a submission in an image file is packed in (IMG101..IMG205): the container, its hashes and
 * catalog, its partition tables. The document on WSPC says nothing about images; these rules are
 * what flashing tools and the builder of images rely on.
 *
 * Fault rows report what a reader found damaged: IMG1xx while it followed the headers of the FFU
 * (disk/ffu), IMG2xx while it read the disk inside (disk/partitions.c, the file systems). Where
 * such a fault may hide packages, its row spoils the rules about packages and the comparison: an
 * unreadable partition must never look like removed packages.
 *
 * Check rows compare what the parts of one image say about the same thing: platform ids stand in
 * two places, partitions in the manifest and in the partition table.
 */
#include "imgval/base/text.h"
#include "rules/rules.h"
#include "rules/wording.h"

#include <string.h>

/* VHD and WIM have no security header: no hashes, no catalog, no platform ids, so that the rules
 * about those do not apply to them. */
static bool is_ffu(const struct iv_image *image)
{
    return image->format != NULL && strcmp(image->format, "FFU") == 0;
}

/* IMG105: image builders leave the catalog unsigned, so it is a note: an image is often judged
 * before it is signed. A catalog that cannot be read says nothing about that. */
static enum iv_outcome check_signed(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_image *image = &c->submission->image;
    if (!is_ffu(image)) {
        return IV_NOT_APPLICABLE;
    }
    if (image->signature == IV_SIGNATURE_UNKNOWN) {
        return IV_NOT_EVALUATED;
    }
    if (image->signature != IV_SIGNATURE_NONE) {
        return IV_PASSED;
    }
    const struct iv_evidence evidence = {
        .message =
            iv_verdict_printf(verdict, "The catalog of %s carries no signature", image->path),
        .path = image->path,
        .field = "signature",
        .actual = iv_signature_names[image->signature],
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

/* ---- platform ids -------------------------------------------------------------------------- */

/* Folded, as flashing tools compare platform ids. */
static bool has_id(const char *const *ids, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++) {
        if (iv_ascii_ieq(ids[i], id)) {
            return true;
        }
    }
    return false;
}

/* Whether `ids` holds all of `wanted`; asked both ways, the two sets are equal. Order and
 * repetition mean nothing to a flashing tool. */
static bool has_all_ids(const char *const *ids, size_t count, const char *const *wanted,
                        size_t wanted_count)
{
    for (size_t i = 0; i < wanted_count; i++) {
        if (!has_id(ids, count, wanted[i])) {
            return false;
        }
    }
    return true;
}

/* "A, B", or "none". */
static const char *joined_ids(struct iv_verdict *verdict, const char *const *ids, size_t count)
{
    const char *text = count == 0 ? "none" : ids[0];
    for (size_t i = 1; i < count && i < IV_RULES_NAMES_MAX; i++) {
        text = iv_verdict_printf(verdict, "%s, %s", text, ids[i]);
    }
    return count <= IV_RULES_NAMES_MAX
               ? text
               : iv_verdict_printf(verdict, "%s and %zu more", text, count - IV_RULES_NAMES_MAX);
}

/* IMG107. The ids stand twice in an FFU: in the manifest and in each store's header. A tool that
 * flashes goes by the header, one that lists images by the manifest: they must be the same. Without
 * a store there was nothing to read them from. */
static enum iv_outcome check_platform_ids(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_image *image = &c->submission->image;
    if (!is_ffu(image)) {
        return IV_NOT_APPLICABLE;
    }
    if (image->store_count == 0) {
        return IV_NOT_EVALUATED;
    }
    enum iv_outcome outcome = IV_PASSED;
    for (size_t i = 0; i < image->store_count; i++) {
        const struct iv_image_store *store = &image->stores[i];
        if (has_all_ids(store->platform_ids, store->platform_id_count, image->platform_ids,
                        image->platform_id_count) &&
            has_all_ids(image->platform_ids, image->platform_id_count, store->platform_ids,
                        store->platform_id_count)) {
            continue;
        }
        const char *header = joined_ids(verdict, store->platform_ids, store->platform_id_count);
        const char *manifest = joined_ids(verdict, image->platform_ids, image->platform_id_count);
        const struct iv_evidence evidence = {
            .message = iv_verdict_printf(verdict,
                                         "Platform ids in the header of store %zu: %s; in the "
                                         "manifest of the image: %s",
                                         i + 1, header, manifest),
            .path = image->path,
            .field = iv_verdict_printf(verdict, "platform_ids of store %zu", i + 1),
            .actual = header,
            .expected = manifest,
        };
        iv_verdict_fail(verdict, &evidence);
        outcome = IV_FAILED;
    }
    return outcome;
}

/* IMG109. Hashing that was left out on purpose (--no-hash) is a finding, so that a report says it;
 * hashing that did not come to its end is not evaluated. A mismatch is a fault and IMG102's. */
static enum iv_outcome check_hashed(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_image *image = &c->submission->image;
    if (!is_ffu(image)) {
        return IV_NOT_APPLICABLE;
    }
    const struct iv_evidence evidence = {
        .message = iv_verdict_printf(verdict,
                                     "The hashes of %s were not checked, as was asked for: changed "
                                     "or damaged data would not be noticed",
                                     image->path),
        .path = image->path,
        .field = "hash",
        .actual = iv_hash_state_names[image->hash.state],
    };
    switch (image->hash.state) {
    case IV_HASH_SKIPPED:
        iv_verdict_fail(verdict, &evidence);
        return IV_FAILED;
    case IV_HASH_CHECKED:
        return image->hash.checked == image->hash.chunks ? IV_PASSED : IV_NOT_EVALUATED;
    case IV_HASH_NONE:
    case IV_HASH_NOT_EVALUATED:
        break;
    }
    return IV_NOT_EVALUATED;
}

/* ---- partitions ---------------------------------------------------------------------------- */

/* The table of an MBR disk keeps its names in a partition of this type; no manifest lists it. */
#define MBR_META_TYPE "70"

/* The first of the name within a store: two of them are a finding of their own (IMG204). The same
 * name in two stores is common. */
static const struct iv_image_partition *find_partition(const struct iv_image *image, uint64_t store,
                                                       const char *name)
{
    for (size_t i = 0; i < image->partition_count; i++) {
        const struct iv_image_partition *partition = &image->partitions[i];
        if (partition->store == store && partition->name != NULL &&
            iv_ascii_ieq(partition->name, name)) {
            return partition;
        }
    }
    return NULL;
}

/* Whether the manifest, or the device layout, lists the partition. */
static bool is_claimed(const struct iv_image *image, uint64_t store, const char *name)
{
    for (size_t i = 0; i < image->claim_count; i++) {
        if (image->claims[i].store == store && iv_ascii_ieq(image->claims[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* The comparison of one image: partition tables against what the manifest, or the device layout,
 * claims. */
struct layout {
    const struct iv_image *image;
    const struct iv_image_store *store;
    struct iv_verdict *verdict;
    const char *source; /* what the claims stand in, for messages */
    enum iv_outcome outcome;
};

/* One difference; the field names store, partition and fact, so that each has a fingerprint of its
 * own and one of them can be waived without the others. */
static void layout_fail(struct layout *layout, const char *name, const char *fact,
                        const char *message, const char *actual, const char *expected)
{
    const struct iv_evidence evidence = {
        .message = message,
        .path = layout->image->path,
        .field = iv_verdict_printf(layout->verdict, "%s of partition %s in store %llu", fact, name,
                                   (unsigned long long)layout->store->index),
        .actual = actual,
        .expected = expected,
    };
    iv_verdict_fail(layout->verdict, &evidence);
    layout->outcome = IV_FAILED;
}

/* What only one side says is no difference: manifests may leave types and ids out. */
static void compare_text(struct layout *layout, const char *name, const char *fact,
                         const char *table, const char *manifest)
{
    if (table == NULL || manifest == NULL || iv_ascii_ieq(table, manifest)) {
        return;
    }
    const char *message = iv_verdict_printf(
        layout->verdict, "The %s of partition %s is %s in the partition table, but %s in the %s",
        fact, name, table, manifest, layout->source);
    layout_fail(layout, name, fact, message, table, manifest);
}

/* Whether the sectors that the manifest claims are those of the table. Divided and not multiplied:
 * a claim is any 64-bit number and the product would overflow. */
static bool is_size(const struct iv_image_claim *claim, const struct iv_image_store *store,
                    uint64_t size)
{
    uint64_t sector = store->sector_size;
    return sector == 0 || (size % sector == 0 && size / sector == claim->total_sectors);
}

/* One claimed partition: it must be in the table, with the type, id and size that are claimed.
 * An MBR has types of another kind and no ids, so those are compared for GPT alone. */
static void compare_claim(struct layout *layout, const struct iv_image_claim *claim)
{
    const struct iv_image_partition *partition =
        find_partition(layout->image, layout->store->index, claim->name);
    if (partition == NULL) {
        layout_fail(layout, claim->name, "presence",
                    iv_verdict_printf(layout->verdict,
                                      "The %s lists partition %s, which the partition table does "
                                      "not have",
                                      layout->source, claim->name),
                    "absent", "present");
        return;
    }
    bool is_gpt = layout->store->scheme != NULL && strcmp(layout->store->scheme, "gpt") == 0;
    compare_text(layout, claim->name, "type", is_gpt ? partition->type : NULL, claim->type);
    compare_text(layout, claim->name, "id", is_gpt ? partition->id : NULL, claim->id);
    /* A device layout's sizes are rounded up when the disk is made. */
    if (is_ffu(layout->image) && !claim->use_all_space &&
        !is_size(claim, layout->store, partition->size)) {
        const char *table =
            iv_verdict_printf(layout->verdict, "%llu bytes", (unsigned long long)partition->size);
        const char *manifest = iv_verdict_printf(layout->verdict, "%llu sectors of %llu bytes",
                                                 (unsigned long long)claim->total_sectors,
                                                 (unsigned long long)layout->store->sector_size);
        compare_text(layout, claim->name, "size", table, manifest);
    }
}

/* IMG203. Both directions: each claim against the table, and each partition against the claims. A
 * store whose table could not be read makes a pass "not evaluated"; a difference that was found
 * stays one. */
static enum iv_outcome check_layout(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_image *image = &c->submission->image;
    if (!is_ffu(image) && image->claim_count == 0) {
        return IV_NOT_APPLICABLE;
    }
    struct layout layout = {
        .image = image,
        .verdict = verdict,
        .source = is_ffu(image) ? "manifest of the image" : "DeviceLayout.xml of the image",
        .outcome = IV_PASSED,
    };
    bool unknown = image->store_count == 0;
    for (size_t s = 0; s < image->store_count; s++) {
        layout.store = &image->stores[s];
        if (layout.store->scheme == NULL) {
            unknown = true;
            continue;
        }
        for (size_t i = 0; i < image->claim_count; i++) {
            if (image->claims[i].store == layout.store->index) {
                compare_claim(&layout, &image->claims[i]);
            }
        }
        for (size_t i = 0; i < image->partition_count; i++) {
            const struct iv_image_partition *p = &image->partitions[i];
            if (p->store == layout.store->index && p->name != NULL && p->name[0] != '\0' &&
                (p->type == NULL || strcmp(p->type, MBR_META_TYPE) != 0) &&
                !is_claimed(image, p->store, p->name)) {
                layout_fail(&layout, p->name, "presence",
                            iv_verdict_printf(verdict,
                                              "The partition table has partition %s, which the "
                                              "%s does not list",
                                              p->name, layout.source),
                            "present", "absent");
            }
        }
    }
    return layout.outcome == IV_PASSED && unknown ? IV_NOT_EVALUATED : layout.outcome;
}

/* Two partitions that share a name or an id. */
struct twins {
    uint64_t store;
    const char *place; /* where they are listed */
    const char *fact;  /* what they share: "name", "id" */
    const char *first; /* as each of them spells it */
    const char *second;
};

/* The earlier partition is named first: the later one is the twin. */
static void duplicate_fail(const struct iv_case *c, struct iv_verdict *verdict,
                           const struct twins *twins)
{
    const bool is_equal = strcmp(twins->first, twins->second) == 0;
    const struct iv_evidence evidence = {
        .message =
            iv_verdict_printf(verdict, "Two partitions in the %s of store %llu have the %s %s%s%s",
                              twins->place, (unsigned long long)twins->store, twins->fact,
                              twins->first, is_equal ? "" : " and ", is_equal ? "" : twins->second),
        .path = c->submission->image.path,
        .field = iv_verdict_printf(verdict, "%s %s in the %s of store %llu", twins->fact,
                                   twins->first, twins->place, (unsigned long long)twins->store),
        .actual = twins->second,
    };
    iv_verdict_fail(verdict, &evidence);
}

/* An empty name or id is none, and shared by many. */
static bool is_twin(const char *a, const char *b)
{
    return a != NULL && a[0] != '\0' && iv_ascii_ieq(a, b);
}

/* IMG204. Names and ids within one store, of the table and of the manifest. One finding for each
 * partition and fact, about the first twin: three of a name are two findings, not three. */
static enum iv_outcome check_duplicate_partition(const struct iv_case *c,
                                                 struct iv_verdict *verdict)
{
    const struct iv_image *image = &c->submission->image;
    enum iv_outcome outcome =
        image->partition_count + image->claim_count > 0 ? IV_PASSED : IV_NOT_APPLICABLE;
    for (size_t i = 0; i < image->partition_count; i++) {
        const struct iv_image_partition *a = &image->partitions[i];
        bool name = false;
        bool id = false;
        for (size_t k = 0; k < i && !(name && id); k++) {
            const struct iv_image_partition *b = &image->partitions[k];
            if (!name && a->store == b->store && is_twin(a->name, b->name)) {
                duplicate_fail(
                    c, verdict,
                    &(struct twins){a->store, "partition table", "name", b->name, a->name});
                name = true;
            }
            if (!id && a->store == b->store && is_twin(a->id, b->id)) {
                duplicate_fail(c, verdict,
                               &(struct twins){a->store, "partition table", "id", b->id, a->id});
                id = true;
            }
        }
        outcome = name || id ? IV_FAILED : outcome;
    }
    for (size_t i = 0; i < image->claim_count; i++) {
        const struct iv_image_claim *a = &image->claims[i];
        for (size_t k = 0; k < i; k++) {
            const struct iv_image_claim *b = &image->claims[k];
            if (a->store == b->store && is_twin(a->name, b->name)) {
                duplicate_fail(c, verdict,
                               &(struct twins){a->store, "manifest", "name", b->name, a->name});
                outcome = IV_FAILED;
                break;
            }
        }
    }
    return outcome;
}

static const struct iv_rule rows[] = {
    {
        /* The container: what the FFU's headers say about the file. */
        .id = "IMG101",
        .name = "ffu-header",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_IMAGE,
        .applies = IV_APPLIES_ALL,
        .fault = IV_FAULT_FFU_HEADER,
        .message = "A header, count or offset of the image {0} is wrong: {1}",
        .summary = "Every header, count and offset of an image file must keep to its format.",
        .why = "The flashing tools refuse such a file, or write something else than its builder "
               "meant.",
        .remedy = "Build the image again, or copy it again if it was damaged on the way.",
        .passes = "block size 131072, every block entry inside the disk",
        .fails = "a block entry that places its block past the end of the disk",
    },
    {
        .id = "IMG102",
        .name = "hash-mismatch",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_IMAGE,
        .applies = IV_APPLIES_ALL,
        .fault = IV_FAULT_HASH_MISMATCH,
        .message = "Data of the image {0} do not match its hash table: {1}",
        .summary = "Every chunk of an FFU must have the SHA-256 that the hash table names for it.",
        .why = "The data were changed or damaged after the image was built; a device refuses to "
               "flash them.",
        .remedy = "Copy the image again from where it was built, or build it again.",
        .passes = "all chunks match",
        .fails = "one bit of the payload is flipped",
    },
    {
        .id = "IMG103",
        .name = "hash-table",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_IMAGE,
        .applies = IV_APPLIES_ALL,
        .fault = IV_FAULT_HASH_TABLE,
        .message = "The hash table of the image {0} does not fit the file: {1}",
        .summary = "The hash table of an FFU must hold one SHA-256 for each chunk of the file.",
        .why = "Chunks without a hash can be changed unnoticed.",
        .remedy = "Build the image again, or copy it again if it was cut off.",
        .passes = "100 chunks, 3200 bytes of hash table",
        .fails = "100 chunks, 3168 bytes of hash table",
    },
    {
        .id = "IMG104",
        .name = "catalog-digest",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_IMAGE,
        .applies = IV_APPLIES_ALL,
        .fault = IV_FAULT_CATALOG,
        .message = "The catalog of the image {0} does not vouch for its hash table: {1}",
        .summary = "The catalog of an FFU must hold the digest of the hash table.",
        .why = "The signature covers the catalog alone: without the digest it says nothing about "
               "the image.",
        .remedy = "Make the catalog again from this hash table and sign it again.",
        .passes = "a catalog whose member HashTable.blob has the table's digest",
        .fails = "a catalog of another image",
    },
    {
        .id = "IMG105",
        .name = "unsigned-image",
        .severity = IV_NOTE,
        .subject = IV_SUBJECT_IMAGE,
        .applies = IV_APPLIES_ALL,
        .check = check_signed,
        .summary = "The catalog of an FFU should be signed before the image is flashed to a retail "
                   "device.",
        .why = "Image builders leave the catalog unsigned; a retail device refuses to flash it.",
        .remedy = "Have the catalog signed and put it into the image, if it is meant for retail "
                  "devices.",
        .alias = {"The catalog of {0} carries no signature"},
        .passes = "a catalog with a signer",
        .fails = "a catalog without signers, as the image builder writes it",
    },
    {
        .id = "IMG106",
        .name = "trailing-data",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_IMAGE,
        .applies = IV_APPLIES_ALL,
        .fault = IV_FAULT_TRAILING,
        .message = "The image {0} goes on after its end: {1}",
        .summary = "An image file must end with its payload, a disk with the backup of its GPT.",
        .why = "No header says what the data after the end are for; some readers refuse them, or "
               "look for the backup GPT in the last sector.",
        .remedy = "Build the image again, or cut off what was appended; a disk that a converter "
                  "enlarged is read as it is.",
        .passes = "the last block of the last store ends the file",
        .fails = "512 bytes after the last block",
    },
    {
        .id = "IMG107",
        .name = "platform-ids",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_IMAGE,
        .applies = IV_APPLIES_ALL,
        .check = check_platform_ids,
        .summary = "The store headers and the manifest of an FFU must name the same platform ids.",
        .why = "The flashing tool compares the header's ids with the device, other tools read the "
               "manifest's.",
        .remedy = "Correct the platform ids of the device platform and build the image again.",
        .alias =
            {"Platform ids in the header of store {0}: {1}; in the manifest of the image: {2}"},
        .passes = "Contoso.MSM8994.P6211 in the header, DevicePlatformId0 = "
                  "Contoso.MSM8994.P6211",
        .fails = "Contoso.MSM8994.P6211 in the header, DevicePlatformId0 = "
                 "Contoso.MSM8994.P6212",
    },
    {
        .id = "IMG108",
        .name = "truncated-image",
        .severity = IV_WARNING,
        .incomplete = true,
        .subject = IV_SUBJECT_IMAGE,
        .applies = IV_APPLIES_ALL,
        .fault = IV_FAULT_TRUNCATED,
        .message = "The image {0} is cut off and lacks part of its data: {1}",
        .spoils = IV_PART_ALL,
        .clause = "the image is cut off",
        .summary = "An image file must hold all of its payload.",
        .why = "What is not in the file cannot be judged; a sample made for signing a catalog ends "
               "before the payload on purpose.",
        .remedy = "Scan the whole image.",
        .passes = "a file as long as its headers say",
        .fails = "a file that ends in the middle of the payload",
    },
    {
        .id = "IMG109",
        .name = "hash-skipped",
        .severity = IV_NOTE,
        .subject = IV_SUBJECT_IMAGE,
        .applies = IV_APPLIES_ALL,
        .check = check_hashed,
        .summary = "The hashes of an FFU should be checked when it is judged.",
        .why = "Damage would show only where it happens to hit a structure that is read.",
        .remedy = "Leave the option --no-hash out.",
        .alias =
            {"The hashes of {0} were not checked, as was asked for: changed or damaged data would "
             "not be noticed"},
        .passes = "imgval scan flash.ffu",
        .fails = "imgval scan --no-hash flash.ffu",
    },
    {
        /* The disk inside: partition tables, file systems, files. */
        .id = "IMG201",
        .name = "partition-table",
        .severity = IV_ERROR,
        .subject = IV_SUBJECT_IMAGE,
        .applies = IV_APPLIES_ALL,
        .fault = IV_FAULT_TABLE,
        .message = "A partition table in the image {0} is damaged: {1}",
        .summary = "The partition table of each disk in an image must be whole and consistent.",
        .why = "A device cannot boot from a disk whose partition table it refuses.",
        .remedy = "Correct the device layout and build the image again.",
        .passes = "primary and backup GPT with right checksums, no overlaps",
        .fails = "two partitions that share sectors",
    },
    {
        .id = "IMG202",
        .name = "partition-unreadable",
        .severity = IV_WARNING,
        .incomplete = true,
        .subject = IV_SUBJECT_IMAGE,
        .applies = IV_APPLIES_ALL,
        .fault = IV_FAULT_PARTITION,
        .message = "A partition of the image {0} cannot be read: {1}",
        .spoils = IV_PART_ALL,
        .clause = "a partition could not be read",
        .summary = "Every partition with a file system must be readable.",
        .why = "Packages in it were not judged, so the result would not be about the whole image.",
        .remedy = "Check the file system of the partition and build the image again.",
        .passes = "MainOS with a sound NTFS volume",
        .fails = "MainOS whose boot sector names an impossible cluster size",
    },
    {
        .id = "IMG203",
        .name = "layout-differs",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_IMAGE,
        .applies = IV_APPLIES_ALL,
        .check = check_layout,
        .summary = "The manifest of an FFU, or the DeviceLayout.xml in a VHD, and the partition "
                   "table must list the same partitions.",
        .why = "Tools that read the manifest and the device that reads the table would see two "
               "different layouts.",
        .remedy = "Build the image again; do not edit the manifest or the partition table by hand.",
        .alias =
            {"The {0} of partition {1} is {2} in the partition table, but {3} in the manifest of "
             "the image",
             "The manifest of the image lists partition {0}, which the partition table does not "
             "have",
             "The partition table has partition {0}, which the manifest of the image does not "
             "list"},
        .passes = "MainOS and Data in both, with the same types and sizes",
        .fails = "MainOS and Data in the manifest, MainOS alone in the table",
    },
    {
        .id = "IMG204",
        .name = "duplicate-partition",
        .severity = IV_WARNING,
        .subject = IV_SUBJECT_IMAGE,
        .applies = IV_APPLIES_ALL,
        .check = check_duplicate_partition,
        .summary = "The name and the id of a partition must occur once in a store; names that "
                   "differ only in case are one name.",
        .why = "Partitions are found by name: with two of one name, readers differ in the one they "
               "take.",
        .remedy = "Rename or remove one of the partitions in the device layout.",
        .alias = {"Two partitions in the {0} of store {1} have the {2}"},
        .passes = "MainOS, Data",
        .fails = "MainOS, mainos",
    },
    {
        .id = "IMG205",
        .name = "file-unreadable",
        .severity = IV_WARNING,
        .incomplete = true,
        .subject = IV_SUBJECT_IMAGE,
        .applies = IV_APPLIES_ALL,
        .fault = IV_FAULT_FILE,
        .message = "A file in the image {0} cannot be read: {1}",
        .spoils = IV_PART_ALL,
        .clause = "a manifest in the image could not be read",
        .summary = "Every package manifest and metadata file in an image must be readable.",
        .why = "A package whose manifest cannot be read, or reads as zeros, was not judged.",
        .remedy = "Build the image again; if the file is compressed or encrypted in a way that is "
                  "named, store it plainly.",
        .passes = "a manifest that inflates to its full size",
        .fails = "a manifest of which every byte is zero",
    },
};

const struct iv_rules iv_rules_ffu = {.rows = rows, .count = IV_COUNT(rows), .advisory = true};
