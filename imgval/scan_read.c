#include "imgval/scan_read.h"

#include "imgval/engine/policy.h"
#include "imgval/facts_cache.h"
#include "imgval/input/input.h"
#include "imgval/model/assemble.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* --- items to facts -------------------------------------------------------------------------- */

/* What the worker function and the receiver of its records share. */
struct reading {
    const struct iv_listing *listing;
    struct iv_read_options options;
    struct iv_arena *arena; /* the scan's: decoded facts */
    struct iv_facts *facts; /* one for each item */
    const struct iv_scan_options *scan;
    size_t done;
    size_t *slots; /* the items that are to be read */
    size_t slot_count;
    const struct iv_identity *identities; /* with a facts cache: of each item, as listed */
};

/* In a worker: one item -> its facts as bytes. With a facts cache a byte before them says whether
 * they are those of the file that the parent saw. */
static void read_item(void *context, size_t slot, struct iv_buf *record)
{
    const struct reading *reading = context;
    size_t i = reading->slots[slot];
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_facts facts = {0};
    struct iv_identity identity = {0};
    struct iv_read_options options = reading->options;
    options.identity = &identity;
    iv_input_read(reading->listing, &reading->listing->items[i], &options, &arena, &facts);
    if (reading->identities != NULL) {
        iv_buf_putc(record, iv_identity_is_same(&identity, &reading->identities[i]) ? 1 : 0);
    }
    iv_facts_encode(record, &iv_facts_struct, &facts, IV_FIELD_WIRE);
}

/* Whether facts are those of a cabinet alone: nothing around it had a part in them, and no trouble
 * that may be over the next time. */
static bool is_lasting(const struct iv_item *item, const struct iv_facts *facts)
{
    if (item->role != IV_ROLE_PACKAGE || facts->fault_count != 0 || facts->package_count != 1) {
        return false;
    }
    const struct iv_package *package = facts->packages;
    for (size_t i = 0; i < package->fault_count; i++) {
        if (package->faults[i].kind != IV_FAULT_MEMBER_MISSING) {
            return false;
        }
    }
    return package->container == IV_CONTAINER_CABINET && strcmp(package->path, item->path) == 0;
}

static bool decode_facts(const void *record, size_t size, struct iv_arena *arena,
                         struct iv_facts *facts)
{
    *facts = (struct iv_facts){0};
    return iv_facts_decode(record, size, &iv_facts_struct, IV_FIELD_WIRE, arena, facts) &&
           iv_facts_are_sound(facts);
}

/* What a worker said, into its slot and the facts cache. False: it is nothing to go by. */
static bool take_record(struct reading *reading, size_t i, const unsigned char *record, size_t size)
{
    struct iv_facts *facts = &reading->facts[i];
    size_t head = reading->identities != NULL ? 1 : 0;
    if (size < head || !decode_facts(record + head, size - head, reading->arena, facts)) {
        return false;
    }
    const struct iv_item *item = &reading->listing->items[i];
    if (head > 0 && record[0] == 1 && is_lasting(item, facts)) {
        iv_facts_cache_add(reading->scan->facts_cache, item->path, &reading->identities[i],
                           record + head, size - head);
    }
    return true;
}

/* In the parent: bytes -> facts in their slot; a lost item is stood in for. */
static void receive_item(void *context, size_t slot, const char *lost, const void *record,
                         size_t size)
{
    struct reading *reading = context;
    size_t i = reading->slots[slot];
    reading->done++;
    if (reading->scan->progress != NULL) {
        reading->scan->progress(reading->scan->progress_context, reading->listing->items[i].path,
                                reading->done, reading->listing->item_count);
    }
    if (lost == NULL && take_record(reading, i, record, size)) {
        return;
    }
    if (reading->scan->facts_cache != NULL) {
        iv_facts_cache_distrust(reading->scan->facts_cache);
    }
    struct iv_facts *facts = &reading->facts[i];
    *facts = (struct iv_facts){0};
    iv_input_stand_in(&reading->listing->items[i], IV_FAULT_READER_DIED,
                      lost != NULL ? lost : "its answer could not be decoded", reading->arena,
                      facts);
}

/* What is known from an earlier scan; the rest is to be read. */
static void recall_items(struct reading *reading)
{
    const struct iv_listing *listing = reading->listing;
    struct iv_facts_cache *cache = reading->scan->facts_cache;
    struct iv_identity *identities =
        cache == NULL ? NULL
                      : IV_NEW_ARRAY(reading->arena, struct iv_identity, listing->item_count);
    reading->identities = identities;
    reading->slots = IV_NEW_ARRAY(reading->arena, size_t, listing->item_count);
    for (size_t i = 0; i < listing->item_count; i++) {
        const struct iv_item *item = &listing->items[i];
        const void *record;
        size_t size;
        bool is_known = cache != NULL && item->role == IV_ROLE_PACKAGE &&
                        iv_input_identify(listing, item, &identities[i]) &&
                        iv_facts_cache_find(cache, item->path, &identities[i], &record, &size) &&
                        decode_facts(record, size, reading->arena, &reading->facts[i]) &&
                        is_lasting(item, &reading->facts[i]);
        if (!is_known) {
            reading->facts[i] = (struct iv_facts){0};
            reading->slots[reading->slot_count++] = i;
        }
    }
    reading->done = listing->item_count - reading->slot_count;
}

/* A test names a file by its place in the listing. */
static void set_sabotage(const struct reading *reading, const struct iv_scan_sabotage *sabotage,
                         struct iv_workers_options *workers)
{
    for (size_t i = 0; i < reading->slot_count; i++) {
        if (reading->slots[i] == sabotage->slot) {
            workers->sabotage = sabotage->kind;
            workers->sabotage_slot = i;
        }
    }
}

static bool read_items(const struct iv_listing *listing, const struct iv_scan_options *options,
                       struct iv_arena *arena, struct iv_facts **ret_facts,
                       struct iv_containment *ret_containment, struct iv_error *err)
{
    struct reading reading = {
        .listing = listing,
        .options = {.limits = &options->limits,
                    .want_files = options->want_files,
                    .no_hash = options->no_hash},
        .arena = arena,
        .facts = IV_NEW_ARRAY(arena, struct iv_facts, listing->item_count),
        .scan = options,
    };
    struct iv_workers_options workers = {
        .jobs = options->jobs,
        .limits = &options->limits,
        /* A record holds the facts of one file: its manifest and metadata, seldom more. */
        .record_max = (size_t)(options->limits.metadata_size * 2) + 1,
        .directories = &listing->directory,
        .directory_count = listing->directory >= 0 ? 1 : 0,
    };
    recall_items(&reading);
    set_sabotage(&reading, &options->sabotage, &workers);
    if (!iv_workers_run(&workers, reading.slot_count, read_item, &reading, receive_item, &reading,
                        ret_containment, err)) {
        return false;
    }
    *ret_facts = reading.facts;
    return true;
}

/* --- facts to a submission ------------------------------------------------------------------- */

/* A partial needs its UpdateHistory.xml: without one nothing may be judged. */
static bool refuse_missing_history(const char *path, struct iv_error *err)
{
    char parent[4096 + 32];
    struct stat st;
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    int written = snprintf(parent, sizeof(parent), "%.*s/../UpdateHistory.xml", (int)length, path);
    bool beside = written > 0 && (size_t)written < sizeof(parent) && stat(parent, &st) == 0;
    if (!beside) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "%s: a partial submission needs its UpdateHistory.xml; name it with "
                            "--update-history=PATH, or judge without it with --context-free",
                            path);
    }
    return iv_error_set(err, IV_ERROR_USAGE,
                        "%s: a partial submission needs its UpdateHistory.xml; there is one in "
                        "the folder above: --update-history=%s/../UpdateHistory.xml (or judge "
                        "without it with --context-free)",
                        path, path);
}

static bool refuse_several_histories(const struct iv_listing *listing, struct iv_error *err)
{
    struct iv_buf names IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < listing->history_count && i < 5; i++) {
        iv_buf_puts(&names, i == 0 ? "" : ", ");
        iv_buf_puts(&names, listing->histories[i]);
    }
    return iv_error_set(err, IV_ERROR_USAGE,
                        "%zu update histories, and none is named; choose one with "
                        "--update-history=PATH: %s",
                        listing->history_count, iv_buf_text(&names));
}

static bool is_image_kind(enum iv_kind kind)
{
    return kind == IV_KIND_FFU || kind == IV_KIND_VHD || kind == IV_KIND_WIM;
}

/* Image or partial, and whether the history fits the kind of submission. */
static bool settle_type(const char *path, const struct iv_scan_options *options,
                        const struct iv_listing *listing, struct iv_submission *s,
                        struct iv_error *err)
{
    s->type = options->type;
    s->context_free = options->context_free;
    if (!options->type_given && listing->is_single_file && listing->kind == IV_KIND_PACKAGE) {
        s->type = IV_PARTIAL;
        s->context_free = true;
        s->type_by_default = true;
    }
    if (s->type_by_default && options->against != NULL) {
        return iv_error_set(
            err, IV_ERROR_USAGE,
            "%s: a single package is judged as a context-free partial, which is not "
            "compared; with --against say --type=image, or --type=partial",
            path);
    }
    bool needs_history = s->type == IV_PARTIAL && !s->context_free;
    if (listing->history_count > 1 && !s->context_free) {
        return refuse_several_histories(listing, err);
    }
    /* Whether an image holds one is known when it was read. */
    if (needs_history && listing->history_count == 0 && !is_image_kind(listing->kind)) {
        return refuse_missing_history(path, err);
    }
    return true;
}

/* Whether a fault of the listing hides packages that may be there. */
static bool hides_packages(const struct iv_listing *listing)
{
    for (size_t i = 0; i < listing->fault_count; i++) {
        if (listing->faults[i].kind != IV_FAULT_METADATA) {
            return true;
        }
    }
    return false;
}

/* Whether a fault means that packages may be in the image which were not seen. A manifest that
 * cannot be read counts by its name, and ranges that were not hashed hide nothing. */
static bool is_hiding(const struct iv_submission *s, const struct iv_fault *fault)
{
    switch (fault->kind) {
    case IV_FAULT_TABLE:
    case IV_FAULT_PARTITION:
    case IV_FAULT_TRUNCATED:
        return true;
    case IV_FAULT_UNREADABLE:
    case IV_FAULT_LIMIT:
    case IV_FAULT_UNSUPPORTED:
        return strcmp(fault->path, s->image.path) == 0;
    case IV_FAULT_NONE:
    case IV_FAULT_MALFORMED:
    case IV_FAULT_NOT_REGULAR:
    case IV_FAULT_READER_DIED:
    case IV_FAULT_MEMBER_MISSING:
    case IV_FAULT_METADATA:
    case IV_FAULT_FFU_HEADER:
    case IV_FAULT_HASH_MISMATCH:
    case IV_FAULT_HASH_TABLE:
    case IV_FAULT_CATALOG:
    case IV_FAULT_TRAILING:
    case IV_FAULT_FILE:
    case IV_FAULT_KINDS:
        break;
    }
    return false;
}

/* Whether part of an image could not be read, so that absence proves nothing. */
static bool hides_partitions(const struct iv_submission *s)
{
    if (!s->image.present) {
        return is_image_kind(s->kind); /* not even opened: its reader died */
    }
    for (size_t i = 0; i < s->image.store_count; i++) {
        if (!s->image.stores[i].readable || s->image.stores[i].scheme == NULL) {
            return true;
        }
    }
    for (size_t i = 0; i < s->fault_count; i++) {
        if (is_hiding(s, &s->faults[i])) {
            return true;
        }
    }
    return s->image.store_count == 0 && s->kind != IV_KIND_WIM;
}

/* Whether the reader of a part of the tree (UpdateOS.wim) saw less than all of it. */
static bool hides_parts(const struct iv_submission *s)
{
    for (size_t i = 0; i < s->fault_count && s->kind == IV_KIND_DIRECTORY; i++) {
        if (s->faults[i].kind == IV_FAULT_PARTITION) {
            return true;
        }
    }
    return false;
}

/* Whether the history under a contextual partial is not known: then neither is its set. */
static bool lacks_history(const struct iv_submission *s)
{
    if (s->type != IV_PARTIAL || s->context_free) {
        return false;
    }
    for (size_t i = 0; s->history.path != NULL && i < s->fault_count; i++) {
        if (strcmp(s->faults[i].path, s->history.path) == 0) {
            return true;
        }
    }
    return !s->history.complete;
}

bool iv_scan_read_path(const char *path, const struct iv_scan_options *options,
                       struct iv_arena *arena, struct iv_submission *ret_submission,
                       struct iv_containment *ret_containment, struct iv_error *err)
{
    struct iv_listing listing IV_CLEANUP(iv_input_close) = {.directory = -1};
    struct iv_list_options list_options = {
        .limits = &options->limits,
        .update_history = options->update_history,
        .oem_input = options->oem_input,
        .device_info = options->device_info,
        .no_hash = options->no_hash,
    };
    struct iv_span start = iv_timings_start(options->timings);
    if (!iv_input_list(path, &list_options, arena, &listing, err)) {
        return false;
    }
    iv_timings_end(options->timings, IV_STAGE_LIST, &start);
    struct iv_submission s = {
        .path = iv_arena_strdup(arena, path),
        .kind = listing.kind,
        .baseline = options->baseline,
        .no_wspc = options->no_wspc,
        .all_owners = options->all_owners,
        .in_ci = options->in_ci,
        .growth = options->policy != NULL && options->policy->growth_line != 0
                      ? &options->policy->growth
                      : NULL,
        .max_list_age = options->max_list_age,
        .tool_version = options->tool_version,
        .faults = listing.faults,
        .fault_count = listing.fault_count,
        .set_incomplete = hides_packages(&listing),
    };
    struct iv_facts *facts;
    start = iv_timings_start(options->timings);
    if (!settle_type(path, options, &listing, &s, err) ||
        !read_items(&listing, options, arena, &facts, ret_containment, err)) {
        return false;
    }
    iv_timings_end(options->timings, IV_STAGE_READ, &start);
    start = iv_timings_start(options->timings);
    size_t extra_count;
    const struct iv_datum *extra = iv_scan_option_data(options, arena, &extra_count);
    iv_submission_assemble(facts, listing.item_count, extra, extra_count, arena, &s);
    if (is_image_kind(s.kind) && s.type == IV_PARTIAL && !s.context_free && !s.history.present) {
        return refuse_missing_history(path, err);
    }
    s.set_incomplete =
        s.set_incomplete || lacks_history(&s) || hides_partitions(&s) || hides_parts(&s);
    iv_timings_end(options->timings, IV_STAGE_ASSEMBLE, &start);
    *ret_submission = s;
    return true;
}
