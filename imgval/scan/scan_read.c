/*
 * From a path to a submission. The parent process lists the input and parses nothing; each item is
 * read by a worker process, which may be confined and may die; its facts come back as bytes. The
 * parent decodes them, asks whether they are sound and whether this item can yield them
 * (input/yield.c), and puts them into the item's place. So a reader that was taken over by a
 * hostile file can say about the items it is given no more than each of them could have said
 * itself, and the result does not depend on which worker was faster. An item whose reader died, or
 * whose answer is not believed, is stood in for by a fault.
 *
 * Most items are one package and nothing else, and there may be tens of thousands. Such facts stay
 * as a struct iv_package whose strings point into the record; only facts with lists are decoded
 * once more into the scan's own memory.
 *
 * With a facts cache, items whose files have not changed are recalled before any worker starts,
 * through the same checks. At last the facts are assembled (model/assemble.h), and it is settled
 * whether the set may have packages that were not seen: then no rule may conclude from the absence
 * of one.
 */
#include "imgval/scan/scan_read.h"

#include "imgval/base/look.h"
#include "imgval/base/process.h"
#include "imgval/base/text.h"
#include "imgval/input/input.h"
#include "imgval/model/assemble.h"
#include "imgval/model/kinds.h"
#include "imgval/model/payload.h"
#include "imgval/model/timings.h"
#include "imgval/scan/account.h"
#include "imgval/scan/facts_cache.h"
#include "imgval/scan/read_work.h"

#include <stdio.h>
#include <string.h>

/* --- values of the command line ----------------------------------------------------------------
 */

/* The values that win over all sources. --model and --operator repeat: the variants are their cross
 * product. */
struct iv_datum *iv_scan_option_data(const struct iv_reading *options, struct iv_arena *arena,
                                     size_t *ret_count)
{
    size_t room = 2 + options->models.count + options->operators.count;
    struct iv_datum *data = IV_NEW_ARRAY(arena, struct iv_datum, room);
    size_t used = 0;
    if (options->manufacturer != NULL) {
        data[used++] = (struct iv_datum){.name = IV_PHONE_MANUFACTURER,
                                         .value = options->manufacturer,
                                         .source = "--manufacturer",
                                         .rank = IV_RANK_OPTION};
    }
    if (options->firmware_version != NULL) {
        data[used++] = (struct iv_datum){.name = IV_PHONE_FIRMWARE_REVISION,
                                         .value = options->firmware_version,
                                         .source = "--firmware-version",
                                         .rank = IV_RANK_OPTION};
    }
    for (size_t i = 0; i < options->models.count; i++) {
        data[used++] = (struct iv_datum){.name = IV_PHONE_MODEL_NAME,
                                         .value = options->models.items[i],
                                         .source = "--model",
                                         .rank = IV_RANK_OPTION};
    }
    for (size_t i = 0; i < options->operators.count; i++) {
        data[used++] = (struct iv_datum){.name = IV_PHONE_OPERATOR_NAME,
                                         .value = options->operators.items[i],
                                         .source = "--operator",
                                         .rank = IV_RANK_OPTION};
    }
    *ret_count = used;
    return data;
}

/* --- items to facts -------------------------------------------------------------------------- */

/* Imports of one answer file that are looked up; real ones have a handful. */
#define IMPORTS_MAX 1000

/* What the receiver of the workers' records knows. */
struct reading {
    struct iv_read_work work;
    struct iv_arena *arena;  /* the scan's */
    struct iv_arena scratch; /* for the facts in hand */
    const struct iv_reading *scan;
    size_t done;
    /* By item: nearly all are one package and nothing else. */
    struct iv_package *packages; /* without a key: none, or several */
    struct iv_facts **facts;     /* what there is besides; NULL: nothing */
};

/* Whether facts are those of a cabinet alone: nothing around it had a part in them, and no trouble
 * that may be over the next time. */
static bool is_lasting(const struct iv_item *item, const struct iv_facts *facts)
{
    if (item->role != IV_ROLE_PACKAGE || item->is_beside || facts->fault_count != 0 ||
        facts->package_count != 1) {
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

/* Whether the facts are one package and nothing else. */
static bool is_package_alone(const struct iv_facts *facts)
{
    const struct iv_image *image = &facts->image;
    return facts->package_count == 1 && facts->datum_count == 0 && facts->fault_count == 0 &&
           facts->import_count == 0 && !facts->history.present && !facts->oem_input.present &&
           !facts->layout.present && !image->present && image->hash.checked == 0 &&
           image->hash.mismatched == 0 && image->hash.skipped == 0 &&
           iv_entries_total(&facts->entries) == 0 && !facts->entries.is_cut;
}

/* Whether the package has lists, which decoding puts into the scratch arena. */
static bool has_lists(const struct iv_package *package)
{
    return package->fault_count != 0 || package->files_count != 0 || package->seal_count != 0 ||
           package->payload_package_count != 0;
}

/* Facts whose strings and lists last, into the item's place. */
static void keep_facts(struct reading *reading, size_t i, const struct iv_facts *facts)
{
    bool is_one = facts->package_count == 1;
    if (is_one) {
        reading->packages[i] = facts->packages[0];
    }
    if (!is_package_alone(facts)) {
        reading->facts[i] = IV_NEW(reading->arena, struct iv_facts);
        *reading->facts[i] = *facts;
        reading->facts[i]->package_count = is_one ? 0 : facts->package_count;
    }
}

/* The facts of an item, for as long as the record lasts, into its place. False: they are nothing to
 * go by. */
static bool take_facts(struct reading *reading, size_t i, const void *record, size_t size,
                       bool *ret_lasts)
{
    const struct iv_item *item = &reading->work.listing->items[i];
    struct iv_facts facts = {0};
    struct iv_arena_mark mark = iv_arena_mark(&reading->scratch);
    bool good =
        iv_facts_decode(record, size, &iv_facts_struct, IV_FIELD_WIRE, &reading->scratch, &facts) &&
        iv_facts_are_sound(&facts) && iv_input_can_yield(item, &facts, &reading->scratch);
    *ret_lasts = good && is_lasting(item, &facts);
    if (good && (!is_package_alone(&facts) || has_lists(facts.packages))) {
        facts = (struct iv_facts){0}; /* its lists are to last, too */
        good =
            iv_facts_decode(record, size, &iv_facts_struct, IV_FIELD_WIRE, reading->arena, &facts);
    }
    if (good) {
        keep_facts(reading, i, &facts);
    }
    iv_arena_reset(&reading->scratch, mark);
    return good;
}

/* What a worker said, into its item's place and the facts cache. False: it is nothing to go by. */
static bool take_record(struct reading *reading, size_t slot, const char *record, size_t size)
{
    size_t i = reading->work.slots[slot];
    size_t head = reading->work.identities != NULL ? 1 : 0;
    if (size < head) {
        return false;
    }
    bool lasts;
    struct iv_arena_mark mark = iv_arena_mark(reading->arena);
    const char *kept = iv_arena_strndup(reading->arena, record + head, size - head);
    if (!take_facts(reading, i, kept, size - head, &lasts)) {
        iv_arena_reset(reading->arena, mark);
        return false;
    }
    if (head > 0 && record[0] == 1 && lasts) {
        iv_facts_cache_add(reading->scan->facts_cache, reading->work.listing->items[i].path,
                           &reading->work.identities[slot], kept, size - head);
    }
    return true;
}

/* The share of an item in what is kept of all packages: the same whoever is read first. An image
 * is one item of many packages, and has a limit of its own. */
static size_t kept_max(const struct reading *reading, const struct iv_item *item)
{
    enum { LEAST = 32 * 1024 };
    if (item->role != IV_ROLE_PACKAGE && item->role != IV_ROLE_FOLDER) {
        return SIZE_MAX;
    }
    uint64_t share = reading->scan->limits.facts_kept / reading->work.listing->item_count;
    return share > LEAST ? (size_t)share : LEAST;
}

/* In the parent: bytes -> facts in their place; a lost item is stood in for. */
static void receive_item(void *context, size_t slot, const char *lost, const void *record,
                         size_t size)
{
    struct reading *reading = context;
    const struct iv_item *item = &reading->work.listing->items[reading->work.slots[slot]];
    reading->done++;
    if (reading->scan->progress != NULL) {
        reading->scan->progress(reading->scan->progress_context, item->path, reading->done,
                                reading->work.listing->item_count);
    }
    if (lost == NULL && size > kept_max(reading, item)) {
        struct iv_facts none;
        iv_input_stand_in(item, IV_FAULT_LIMIT, "more would be kept of it than its share",
                          reading->arena, &none);
        keep_facts(reading, reading->work.slots[slot], &none);
        return;
    }
    if (lost == NULL && take_record(reading, slot, record, size)) {
        return;
    }
    if (reading->scan->facts_cache != NULL) {
        iv_facts_cache_distrust(reading->scan->facts_cache);
    }
    struct iv_facts facts;
    iv_input_stand_in(item, IV_FAULT_READER_DIED,
                      lost != NULL ? lost : "its answer is not one that this file can have",
                      reading->arena, &facts);
    keep_facts(reading, reading->work.slots[slot], &facts);
}

/* Whether an item's facts are known from an earlier scan. With a facts cache, *ret_identity is what
 * the item's file is now. */
static bool recall_item(struct reading *reading, size_t i, struct iv_identity *ret_identity)
{
    struct iv_facts_cache *cache = reading->scan->facts_cache;
    const struct iv_item *item = &reading->work.listing->items[i];
    const void *record;
    size_t size;
    bool lasts;
    if (cache == NULL || item->role != IV_ROLE_PACKAGE || item->is_beside ||
        !iv_input_identify(reading->work.listing, item, ret_identity) ||
        !iv_facts_cache_find(cache, item->path, ret_identity, &record, &size)) {
        return false;
    }
    if (!take_facts(reading, i, record, size, &lasts) || !lasts) {
        reading->packages[i] = (struct iv_package){0};
        reading->facts[i] = NULL;
        return false;
    }
    return true;
}

/* What is known from an earlier scan; the rest is to be read. */
static void recall_items(struct reading *reading)
{
    size_t item_count = reading->work.listing->item_count;
    bool has_cache = reading->scan->facts_cache != NULL;
    reading->work.slots = IV_NEW_ARRAY(reading->arena, size_t, item_count);
    reading->work.identities =
        has_cache ? IV_NEW_ARRAY(reading->arena, struct iv_identity, item_count) : NULL;
    for (size_t i = 0; i < item_count; i++) {
        struct iv_identity identity = {0};
        if (recall_item(reading, i, &identity)) {
            reading->done++;
            continue;
        }
        if (has_cache) {
            reading->work.identities[reading->work.slot_count] = identity;
        }
        reading->work.slots[reading->work.slot_count++] = i;
    }
}

/* Whether an item counts for itself unless an extracted package lists it. */
static bool can_be_payload(const struct iv_item *item)
{
    return (item->role == IV_ROLE_PACKAGE || item->role == IV_ROLE_FOLDER ||
            item->role == IV_ROLE_REGISTRY || item->role == IV_ROLE_ANSWER) &&
           !item->is_beside && !item->is_named;
}

/* What became of each item; what gather_packages() moves is still in its place. The facts of files
 * that are payload are those of their package, which was read with them. */
static enum iv_fate *gather_fates(struct reading *reading)
{
    const struct iv_listing *listing = reading->work.listing;
    struct iv_payload payload = {0};
    iv_payload_add(&payload, reading->packages, listing->item_count, reading->arena);
    iv_payload_finish(&payload);
    enum iv_fate *fates = IV_NEW_ARRAY(reading->arena, enum iv_fate, listing->item_count);
    for (size_t i = 0; i < listing->item_count; i++) {
        fates[i] = iv_account_fate(&listing->items[i], &reading->packages[i], reading->facts[i]);
        if (can_be_payload(&listing->items[i]) &&
            iv_payload_has(&payload, listing->items[i].path, reading->arena)) {
            fates[i] = IV_FATE_PAYLOAD;
            reading->facts[i] = reading->packages[i].key == NULL ? NULL : reading->facts[i];
        }
    }
    return fates;
}

/* The packages of items that are one each, without gaps; those beside an image by themselves. */
static void gather_packages(const struct reading *reading, struct iv_submission *s)
{
    const struct iv_listing *listing = reading->work.listing;
    size_t beside = 0;
    for (size_t i = 0; i < listing->item_count; i++) {
        beside += listing->items[i].is_beside ? 1 : 0;
    }
    s->beside = IV_NEW_ARRAY(reading->arena, struct iv_package, beside);
    s->packages = reading->packages;
    for (size_t i = 0; i < listing->item_count; i++) {
        if (reading->packages[i].key == NULL) {
            continue;
        }
        if (listing->items[i].is_beside) {
            s->beside[s->beside_count++] = reading->packages[i];
        } else if (s->package_count++ < i) {
            s->packages[s->package_count - 1] = reading->packages[i];
        }
    }
}

/* Everything else, by item. */
static struct iv_facts *gather_facts(const struct reading *reading, size_t *ret_count)
{
    size_t item_count = reading->work.listing->item_count;
    size_t count = 0;
    for (size_t i = 0; i < item_count; i++) {
        count += reading->facts[i] != NULL ? 1 : 0;
    }
    struct iv_facts *facts = IV_NEW_ARRAY(reading->arena, struct iv_facts, count);
    *ret_count = count;
    count = 0;
    for (size_t i = 0; i < item_count; i++) {
        if (reading->facts[i] != NULL) {
            facts[count++] = *reading->facts[i];
        }
    }
    return facts;
}

/* A test names a file by its place in the listing. */
static void set_sabotage(const struct reading *reading, const struct iv_scan_sabotage *sabotage,
                         struct iv_workers_options *workers)
{
    for (size_t i = 0; i < reading->work.slot_count; i++) {
        if (reading->work.slots[i] == sabotage->slot) {
            workers->sabotage = sabotage->kind;
            workers->sabotage_slot = i;
        }
    }
}

/* The descriptors that the parent opened for its readers; -1 for most items. The last one is the
 * archive's that all of them are read from. */
static const int *item_files(const struct iv_listing *listing, struct iv_arena *arena)
{
    int *files = IV_NEW_ARRAY(arena, int, listing->item_count + 1);
    files[listing->item_count] = listing->archive_fd;
    for (size_t i = 0; i < listing->item_count; i++) {
        files[i] = listing->items[i].fd;
    }
    return files;
}

/* What all items hold but for packages that are alone in theirs. */
struct found_facts {
    struct iv_facts *items;
    size_t count;
    const enum iv_fate *fates; /* by item of the listing */
    struct iv_containment containment;
};

/* Packages go into the submission, what else the items hold into *ret_facts. */
static bool read_items(const struct iv_listing *listing, const struct iv_reading *options,
                       struct iv_arena *arena, struct iv_submission *s,
                       struct found_facts *ret_facts, struct iv_error *err)
{
    const struct iv_verify_options verify = {
        .trust = options->trust,
        .trust_size = options->trust_size,
    };
    struct reading reading = {
        .work = {.listing = listing,
                 .options = {.limits = &options->limits,
                             .verify = options->verify ? &verify : NULL,
                             .want_files = options->want_files,
                             .no_hash = options->no_hash},
                 .jobs = options->jobs,
                 .sabotage = options->sabotage},
        .arena = arena,
        .scan = options,
        .packages = IV_NEW_ARRAY(arena, struct iv_package, listing->item_count),
        .facts = IV_NEW_ARRAY(arena, struct iv_facts *, listing->item_count),
    };
    struct iv_workers_options workers = {
        .jobs = options->jobs,
        .limits = &options->limits,
        /* A record holds the facts of one file: its manifest and metadata, seldom more. */
        .record_max = (size_t)(options->limits.metadata_size * 2) + 1,
        .directories = &listing->directory,
        .directory_count = listing->directory >= 0 ? 1 : 0,
        .files = item_files(listing, arena),
        .file_count = listing->item_count + 1,
        .require_sandbox = options->require_sandbox,
    };

    iv_arena_alloc(&reading.scratch, 1); /* its first block stays */
    recall_items(&reading);
    set_sabotage(&reading, &options->sabotage, &workers);
    struct iv_buf charge IV_CLEANUP(iv_buf_fini) = {0};
    if (options->by_exec || !iv_process_can_fork()) {
        iv_read_work_encode(&charge, &reading.work);
        workers.charge = &charge;
        workers.by_exec = true;
    }
    const struct iv_workers_job job = {.count = reading.work.slot_count,
                                       .work = iv_read_item,
                                       .work_context = &reading.work,
                                       .result = receive_item,
                                       .result_context = &reading};
    bool done = iv_workers_run(&workers, &job, &ret_facts->containment, err);
    iv_arena_fini(&reading.scratch);
    const struct iv_containment *containment = &ret_facts->containment;
    if (done && containment->any && !iv_sandbox_is_whole(containment) &&
        options->unconfined != NULL) {
        options->unconfined(options->unconfined_context, containment);
    }
    if (done) {
        ret_facts->fates = gather_fates(&reading);
        gather_packages(&reading, s);
        ret_facts->items = gather_facts(&reading, &ret_facts->count);
    }
    return done;
}

/* --- facts to a submission ------------------------------------------------------------------- */

/* A partial needs its UpdateHistory.xml: without one nothing may be judged. */
static bool refuse_missing_history(const char *path, bool is_archive, struct iv_error *err)
{
    char parent[4096 + 32];
    struct iv_status st;
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    const char *slash = strrchr(path, '/');
    int written =
        !is_archive
            ? snprintf(parent, sizeof(parent), "%.*s/../UpdateHistory.xml", (int)length, path)
        : slash == NULL
            ? snprintf(parent, sizeof(parent), "UpdateHistory.xml")
            : snprintf(parent, sizeof(parent), "%.*s/UpdateHistory.xml", (int)(slash - path), path);
    bool beside =
        written > 0 && (size_t)written < sizeof(parent) && iv_look_at(parent, &st) == IV_LOOK_FOUND;
    if (!beside) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "%s: a partial submission needs its UpdateHistory.xml; name it with "
                            "--update-history=PATH, or judge without it with --context-free",
                            path);
    }
    return iv_error_set(err, IV_ERROR_USAGE,
                        "%s: a partial submission needs its UpdateHistory.xml; there is one in "
                        "the folder above: --update-history=%s (or judge without it with "
                        "--context-free)",
                        path, parent);
}

/* Of several histories the user must choose: the wrong one gives a wrong verdict. */
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

/* Image or partial, and whether the history fits the kind of submission. */
static bool settle_type(const char *path, const struct iv_reading *options,
                        const struct iv_listing *listing, struct iv_submission *s,
                        struct iv_error *err)
{
    s->type = options->type;
    s->context_free = options->context_free;
    if (options->as_it_lies) { /* what the nature of the input is does not count */
        s->type = IV_PARTIAL;
        s->context_free = true;
        return true;
    }
    if (!options->type_given && listing->is_single_file && listing->kind == IV_KIND_PACKAGE) {
        s->type = IV_PARTIAL;
        s->context_free = true;
        s->type_by_default = true;
    }
    bool needs_history = s->type == IV_PARTIAL && !s->context_free;
    if (listing->history_count > 1 && !s->context_free) {
        return refuse_several_histories(listing, err);
    }
    /* Whether an image holds one is known when it was read. */
    if (needs_history && listing->history_count == 0 && !iv_kinds[listing->kind].is_image &&
        !listing->is_container) {
        return refuse_missing_history(path, listing->archive != NULL, err);
    }
    return true;
}

/* Whether a fault of the listing hides packages that may be there. */
static bool hides_packages(const struct iv_listing *listing)
{
    for (size_t i = 0; i < listing->fault_count; i++) {
        enum iv_fault_kind kind = listing->faults[i].kind;
        if (kind != IV_FAULT_METADATA && kind != IV_FAULT_TWINS && !iv_fault_is_advice(kind)) {
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
    case IV_FAULT_TWINS:
    case IV_FAULT_NOT_PACKAGE:
    case IV_FAULT_NOT_CLOSED:
    case IV_FAULT_ELSEWHERE:
    case IV_FAULT_KINDS:
        break;
    }
    return false;
}

/* Whether part of an image could not be read, so that absence proves nothing. */
static bool hides_partitions(const struct iv_submission *s)
{
    if (!s->image.present) {
        return iv_kinds[s->kind].is_image; /* not even opened: its reader died */
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

/* Either separator: imports are spelled by tools of Windows. */
static const char *last_part(const char *path)
{
    const char *part = path;
    for (const char *at = path; *at != '\0'; at++) {
        part = *at == '/' || *at == '\\' ? at + 1 : part;
    }
    return part;
}

/* Whether a file that may be an answer file has the name. */
static bool has_answer_file(const struct iv_listing *listing, const char *name)
{
    for (size_t i = 0; i < listing->item_count; i++) {
        const struct iv_item *item = &listing->items[i];
        if ((item->role == IV_ROLE_ANSWER || item->role == IV_ROLE_DEVICE_INFO) &&
            !item->is_below && iv_ascii_ieq(last_part(item->path), name)) {
            return true;
        }
    }
    return false;
}

/* Answer files that another one imports and that are not here: a source that is not read. */
static void fault_missing_imports(const struct iv_listing *listing, const struct iv_facts *facts,
                                  size_t count, struct iv_arena *arena, struct iv_submission *s)
{
    size_t room = 0;
    for (size_t i = 0; i < count; i++) {
        room += facts[i].import_count < IMPORTS_MAX ? facts[i].import_count : IMPORTS_MAX;
    }
    if (room == 0) {
        return;
    }
    struct iv_fault *faults = IV_NEW_ARRAY(arena, struct iv_fault, s->fault_count + room);
    if (s->fault_count > 0) {
        memcpy(faults, s->faults, s->fault_count * sizeof(*faults));
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < facts[i].import_count && k < IMPORTS_MAX; k++) {
            const struct iv_answer_import *import = &facts[i].imports[k];
            if (!has_answer_file(listing, last_part(import->source))) {
                faults[s->fault_count++] = (struct iv_fault){
                    .kind = IV_FAULT_METADATA,
                    .path = import->path,
                    .line = import->line,
                    .detail = iv_arena_printf(
                        arena, "it imports %s, which is not in the submission", import->source),
                };
            }
        }
    }
    s->faults = faults;
}

/* The whole way of one input: list, read, assemble, then what can be said only when all of it is
 * known. The listing's descriptors are closed at the end; nothing of the submission needs them. */
bool iv_scan_read_input(const struct iv_scan_input *input, const struct iv_reading *options,
                        struct iv_arena *arena, struct iv_submission *ret_submission,
                        struct iv_containment *ret_containment, struct iv_error *err)
{
    const char *path = input->path;
    struct iv_listing listing IV_CLEANUP(iv_input_close) = {.directory = -1, .archive_fd = -1};
    struct iv_list_options list_options = {
        .limits = &options->limits,
        .jobs = options->jobs,
        .require_sandbox = options->require_sandbox,
        .by_exec = options->by_exec,
        .update_history = options->update_history,
        .oem_input = options->oem_input,
        .device_info = options->device_info,
        .no_hash = options->no_hash,
        .folder = input->folder,
        .trouble = input->trouble,
    };
    struct iv_span start = iv_timings_start(options->timings);
    if (!iv_input_list(path, &list_options, arena, &listing, err)) {
        return false;
    }
    iv_timings_end(options->timings, IV_STAGE_LIST, &start);
    struct iv_submission s = {
        .path = iv_arena_strdup(arena, path),
        .kind = listing.kind,
        .faults = listing.faults,
        .fault_count = listing.fault_count,
        .set_incomplete = hides_packages(&listing),
        .beside_is_shared = input->is_one_of_several,
    };

    struct found_facts facts = {0};
    start = iv_timings_start(options->timings);
    if (!settle_type(path, options, &listing, &s, err) ||
        !read_items(&listing, options, arena, &s, &facts, err)) {
        return false;
    }
    *ret_containment = facts.containment;
    iv_containment_join(ret_containment, &listing.containment);
    iv_timings_end(options->timings, IV_STAGE_READ, &start);

    start = iv_timings_start(options->timings);
    size_t extra_count;
    const struct iv_datum *extra = iv_scan_option_data(options, arena, &extra_count);
    fault_missing_imports(&listing, facts.items, facts.count, arena, &s);
    iv_submission_assemble(facts.items, facts.count, extra, extra_count, arena, &s);
    iv_account(&listing, facts.fates, facts.items, facts.count, &s);
    if (iv_kinds[s.kind].is_image && s.type == IV_PARTIAL && !s.context_free &&
        !s.history.present) {
        return refuse_missing_history(path, false, err);
    }
    s.set_incomplete =
        s.set_incomplete || lacks_history(&s) || hides_partitions(&s) || hides_parts(&s);
    iv_timings_end(options->timings, IV_STAGE_ASSEMBLE, &start);
    *ret_submission = s;
    return true;
}

/* diff, fix and others take one submission; a scan takes all images of a folder. */
static bool refuse_several_images(const char *path, const char *const *images, size_t count,
                                  struct iv_error *err)
{
    struct iv_buf names IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < count && i < 5; i++) {
        iv_buf_puts(&names, i == 0 ? "" : ", ");
        iv_buf_puts(&names, images[i]);
    }
    return iv_error_set(err, IV_ERROR_USAGE,
                        "%s: %zu images, each a submission of its own; name one of them: %s", path,
                        count, iv_buf_text(&names));
}

/* A folder with one image file is that image; with several it is no single submission. */
bool iv_scan_read(const char *path, const struct iv_reading *options, struct iv_arena *arena,
                  struct iv_submission *ret_submission, struct iv_containment *ret_containment,
                  struct iv_error *err)
{
    struct iv_input_images images;
    iv_input_images(path, &options->limits, arena, &images);
    if (images.count > 1) {
        return refuse_several_images(path, images.paths, images.count, err);
    }
    struct iv_scan_input input = {.path = images.count == 1 ? images.paths[0] : path,
                                  .folder = images.count == 1 ? path : NULL,
                                  .trouble = images.trouble};
    return iv_scan_read_input(&input, options, arena, ret_submission, ret_containment, err);
}
