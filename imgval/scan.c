#include "imgval/scan.h"

#include "cache/store.h"
#include "imgval/base/text.h"
#include "imgval/engine/engine.h"
#include "imgval/engine/policy.h"
#include "imgval/facts_cache.h"
#include "imgval/input/input.h"
#include "imgval/model/assemble.h"
#include "imgval/resolve.h"
#include "rules/rules.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- time spent ---------------------------------------------------------------------------------
 */

static struct iv_span start_stage(const struct iv_scan_options *options)
{
    return options->timings == NULL ? (struct iv_span){0} : iv_span_now();
}

static void end_stage(const struct iv_scan_options *options, enum iv_stage stage,
                      const struct iv_span *start)
{
    if (options->timings != NULL) {
        iv_span_add(&options->timings->stages[stage], start);
    }
}

/* What each rule took, over all submissions. */
static void sum_rules(const struct iv_report *report, struct iv_arena *arena,
                      struct iv_timings *timings)
{
    size_t count = report->entry_count == 0 ? 0 : report->entries[0].judgement.outcome_count;
    timings->rules = IV_NEW_ARRAY(arena, struct iv_rule_time, count);
    timings->rule_count = count;
    for (size_t i = 0; i < count; i++) {
        struct iv_rule_time *total = &timings->rules[i];
        total->rule = report->entries[0].judgement.outcomes[i].rule;
        for (size_t k = 0; k < report->entry_count; k++) {
            const struct iv_span *span = &report->entries[k].judgement.outcomes[i].span;
            total->span.wall += span->wall;
            total->span.cpu += span->cpu;
        }
    }
}

/* --- reading --------------------------------------------------------------------------------- */

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

struct iv_datum *iv_scan_option_data(const struct iv_scan_options *options, struct iv_arena *arena,
                                     size_t *ret_count)
{
    size_t room = 2 + options->model_count + options->operator_count;
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
    for (size_t i = 0; i < options->model_count; i++) {
        data[used++] = (struct iv_datum){.name = IV_PHONE_MODEL_NAME,
                                         .value = options->models[i],
                                         .source = "--model",
                                         .rank = IV_RANK_OPTION};
    }
    for (size_t i = 0; i < options->operator_count; i++) {
        data[used++] = (struct iv_datum){.name = IV_PHONE_OPERATOR_NAME,
                                         .value = options->operators[i],
                                         .source = "--operator",
                                         .rank = IV_RANK_OPTION};
    }
    *ret_count = used;
    return data;
}

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

static bool read_submission(const char *path, const struct iv_scan_options *options,
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
    struct iv_span start = start_stage(options);
    if (!iv_input_list(path, &list_options, arena, &listing, err)) {
        return false;
    }
    end_stage(options, IV_STAGE_LIST, &start);
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
    start = start_stage(options);
    if (!settle_type(path, options, &listing, &s, err) ||
        !read_items(&listing, options, arena, &facts, ret_containment, err)) {
        return false;
    }
    end_stage(options, IV_STAGE_READ, &start);
    start = start_stage(options);
    size_t extra_count;
    const struct iv_datum *extra = iv_scan_option_data(options, arena, &extra_count);
    iv_submission_assemble(facts, listing.item_count, extra, extra_count, arena, &s);
    if (is_image_kind(s.kind) && s.type == IV_PARTIAL && !s.context_free && !s.history.present) {
        return refuse_missing_history(path, err);
    }
    s.set_incomplete =
        s.set_incomplete || lacks_history(&s) || hides_partitions(&s) || hides_parts(&s);
    end_stage(options, IV_STAGE_ASSEMBLE, &start);
    *ret_submission = s;
    return true;
}

bool iv_scan_read(const char *path, const struct iv_scan_options *options, struct iv_arena *arena,
                  struct iv_submission *ret_submission, struct iv_containment *ret_containment,
                  struct iv_error *err)
{
    const char **images;
    size_t count;
    iv_input_images(path, &options->limits, arena, &images, &count);
    if (count > 1) {
        return refuse_several_images(path, images, count, err);
    }
    return read_submission(count == 1 ? images[0] : path, options, arena, ret_submission,
                           ret_containment, err);
}

/* --- the baseline store ---------------------------------------------------------------------- */

static const char set_incomplete_reason[] =
    "part of the input, or the update history, could not be read";

/* Every variant gets a status without a comparison. */
static void set_all(struct iv_submission *s, enum iv_wspc_status status, const char *reason)
{
    s->wspc_reason = reason;
    for (size_t i = 0; i < s->variant_count; i++) {
        s->variants[i].wspc = (struct iv_wspc){.status = status};
    }
}

/* Whether there is anything to compare; if not, why. */
static bool wants_comparison(struct iv_submission *s, bool against)
{
    if (s->context_free) {
        set_all(s, IV_WSPC_NOT_APPLICABLE, "a context-free partial has no device");
        return false;
    }
    if (s->no_wspc) {
        set_all(s, IV_WSPC_SKIPPED, "skipped by --no-wspc");
        return false;
    }
    if (iv_device_has_too_many_pops(&s->device)) {
        set_all(s, IV_WSPC_NOT_EVALUATED, "there are too many variants");
        return false;
    }
    bool known = s->firmware_version != NULL && s->variant_count > 0;
    if (s->type == IV_PARTIAL && !known && !against) {
        set_all(s, IV_WSPC_NOT_APPLICABLE,
                "a partial without firmware version and variant; name them with --manufacturer, "
                "--model, --operator and --firmware-version");
        return false;
    }
    return true;
}

static bool find_similar(struct iv_store *store, struct iv_variant *variant, struct iv_arena *arena,
                         struct iv_error *err)
{
    struct iv_pop *pops;
    size_t count;
    if (!iv_store_baseline_pops(store, arena, &pops, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count && variant->similar == NULL; i++) {
        if (iv_pop_is_similar(&pops[i], &variant->pop)) {
            variant->similar = &pops[i];
        }
    }
    return true;
}

static bool load_sets(struct iv_store *store, struct iv_baseline *baselines, const size_t *places,
                      size_t count, struct iv_arena *arena, struct iv_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!iv_store_load_set(store, &baselines[places[i]], arena, err)) {
            return false;
        }
    }
    return true;
}

/* One POP: its neighbours are found, loaded and compared with. */
static bool look_up_variant(struct iv_store *store, const struct iv_scan_options *options,
                            const struct iv_submission *s, struct iv_variant *variant,
                            struct iv_arena *arena, struct iv_error *err)
{
    struct iv_baseline *baselines;
    size_t count;
    int64_t touched;
    if (!iv_store_baselines(store, &variant->pop, arena, &baselines, &count, &touched, err)) {
        return false;
    }
    if (options->max_list_age >= 0 && touched > 0) {
        variant->list_age_days = options->now > touched ? (options->now - touched) / 86400 : 0;
    }
    struct iv_neighbours neighbours;
    iv_wspc_neighbours(baselines, count, s->number, arena, &neighbours);
    if (options->replaces_same) {
        neighbours.same_count = 0; /* it is to be demoted */
    }
    if (!load_sets(store, baselines, neighbours.older, neighbours.older_count, arena, err) ||
        !load_sets(store, baselines, neighbours.newer, neighbours.newer_count, arena, err) ||
        !load_sets(store, baselines, neighbours.same, neighbours.same_count, arena, err)) {
        return false;
    }
    iv_wspc_judge(&s->set, baselines, &neighbours, s->all_owners, arena, &variant->wspc);
    return variant->wspc.status != IV_WSPC_FIRST || find_similar(store, variant, arena, err);
}

static void note_store_error(struct iv_submission *s, const struct iv_error *err,
                             struct iv_arena *arena)
{
    switch (err->code) {
    case IV_ERROR_ABSENT:
        s->store_state = IV_STORE_NONE;
        break;
    case IV_ERROR_NEWER:
        s->store_state = IV_STORE_NEWER;
        break;
    case IV_ERROR_NONE:
    case IV_ERROR_USAGE:
    case IV_ERROR_NO_INPUT:
    case IV_ERROR_SYSTEM:
    case IV_ERROR_STORE:
    case IV_ERROR_AGAIN:
    case IV_ERROR_REFUSED:
    case IV_ERROR_INVALID:
        s->store_state = IV_STORE_UNREADABLE;
        break;
    }
    s->store_detail = iv_arena_strdup(arena, err->text);
    set_all(s, IV_WSPC_NOT_EVALUATED, "the baseline store could not be used");
}

static void look_up_in_store(const struct iv_scan_options *options, struct iv_arena *arena,
                             struct iv_submission *s)
{
    struct iv_error err = {0};
    struct iv_store *opened IV_CLEANUP(iv_store_close) = NULL;
    struct iv_store *store = options->store;
    if (store == NULL && options->store_path == NULL) {
        iv_error_set(&err, IV_ERROR_ABSENT, "there is no place for a baseline store");
        note_store_error(s, &err, arena);
        return;
    }
    if (store == NULL) {
        if (!iv_store_open(options->store_path, IV_STORE_READ, &opened, &err)) {
            if (err.code == IV_ERROR_ABSENT && options->missing_store_is_empty) {
                s->store_state = IV_STORE_READY;
                set_all(s, IV_WSPC_FIRST, NULL);
                return;
            }
            note_store_error(s, &err, arena);
            return;
        }
        store = opened;
    }
    s->store_state = IV_STORE_READY;
    if (s->set_incomplete) {
        set_all(s, IV_WSPC_NOT_EVALUATED, set_incomplete_reason);
        return;
    }
    for (size_t i = 0; i < s->variant_count; i++) {
        if (!look_up_variant(store, options, s, &s->variants[i], arena, &err)) {
            note_store_error(s, &err, arena);
            return;
        }
    }
}

/* The submission of --against, from a path or the store. */
static bool load_against(const struct iv_scan_options *options, struct iv_arena *arena,
                         struct iv_baseline *ret_baseline, struct iv_error *err)
{
    if (access(options->against, F_OK) == 0) {
        struct iv_scan_options plain = {
            /* its packages alone count: no history, no device values */
            .type = IV_PARTIAL, .type_given = true,    .context_free = true,
            .no_wspc = true,    .jobs = options->jobs, .limits = options->limits,
            .max_list_age = -1, .no_hash = true,       .facts_cache = options->facts_cache,
        };
        struct iv_submission other = {0};
        struct iv_containment containment;
        if (!iv_scan_read(options->against, &plain, arena, &other, &containment, err)) {
            return iv_error_add(err, "--against");
        }
        if (other.set_incomplete || other.package_count == 0) {
            return iv_error_set(err, IV_ERROR_USAGE,
                                "--against=%s: %s, so it cannot stand as a baseline; see imgval "
                                "inspect",
                                options->against,
                                other.package_count == 0 ? "it holds no package"
                                                         : "part of it could not be listed");
        }
        *ret_baseline = (struct iv_baseline){.id = other.id,
                                             .firmware_version = other.firmware_version,
                                             .number = other.number,
                                             .set = other.set,
                                             .set_loaded = true};
        return true;
    }
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_record record;
    if (options->store_path == NULL) {
        return iv_error_set(err, IV_ERROR_NO_INPUT, "--against=%s: no such path", options->against);
    }
    if (!iv_store_open(options->store_path, IV_STORE_READ, &store, err) ||
        !iv_store_find(store, options->against, arena, &record, err)) {
        if (err->code == IV_ERROR_ABSENT) {
            return iv_error_set(err, IV_ERROR_NO_INPUT,
                                "--against=%s: no such path, and the baseline store has no such "
                                "submission",
                                options->against);
        }
        return iv_error_add(err, "--against=%s", options->against);
    }
    *ret_baseline = (struct iv_baseline){.id = record.id,
                                         .firmware_version = record.firmware_version,
                                         .number = record.number,
                                         .imported = record.imported,
                                         .set_loaded = true};
    iv_set_build(record.packages, record.package_count, arena, &ret_baseline->set);
    return true;
}

/* --against compares even where no POP is known: then with one nameless variant. */
static void look_up_against(const struct iv_baseline *older, struct iv_arena *arena,
                            struct iv_submission *s)
{
    s->store_state = IV_STORE_AGAINST;
    if (s->variant_count == 0) {
        s->variants = IV_NEW(arena, struct iv_variant);
        s->variants[0] = (struct iv_variant){.pop = {.oem = "", .mobile_operator = "", .model = ""},
                                             .list_age_days = -1};
        s->variant_count = 1;
    }
    if (s->set_incomplete) {
        set_all(s, IV_WSPC_NOT_EVALUATED, set_incomplete_reason);
        return;
    }
    for (size_t i = 0; i < s->variant_count; i++) {
        iv_wspc_judge_against(&s->set, older, s->all_owners, arena, &s->variants[i].wspc);
    }
}

bool iv_scan_look_up(const struct iv_scan_options *options, struct iv_arena *arena,
                     struct iv_submission *submission, struct iv_error *err)
{
    if (!wants_comparison(submission, options->against != NULL)) {
        return true;
    }
    if (options->against != NULL) {
        struct iv_baseline *older = IV_NEW(arena, struct iv_baseline);
        if (!load_against(options, arena, older, err)) {
            return false;
        }
        look_up_against(older, arena, submission);
        return true;
    }
    if (!submission->firmware_version_valid || submission->variant_count == 0) {
        set_all(submission, IV_WSPC_NOT_EVALUATED,
                "firmware version, manufacturer, model and operator are not all known");
        return true;
    }
    look_up_in_store(options, arena, submission);
    return true;
}

/* --- the whole ------------------------------------------------------------------------------- */

static enum iv_final_verdict worst(enum iv_final_verdict a, enum iv_final_verdict b)
{
    return a > b ? a : b;
}

static void note_outcome(const struct iv_submission *s, struct iv_scan_outcome *outcome)
{
    if (s->store_state == IV_STORE_NEWER || s->store_state == IV_STORE_UNREADABLE) {
        outcome->store_failed = true;
    }
    if (s->package_count == 0) {
        outcome->no_package = true;
    }
}

/* The built-in rows, then the policy's own. */
static bool open_engine(const struct iv_policy *policy, struct iv_engine **ret_engine,
                        struct iv_error *err)
{
    struct iv_rules families[IV_RULE_FAMILIES + 1];
    size_t count = IV_RULE_FAMILIES;
    iv_rules_all(families);
    if (policy != NULL && policy->rule_count > 0) {
        families[count++] = (struct iv_rules){.rows = policy->rules, .count = policy->rule_count};
    }
    return iv_engine_open(families, count, ret_engine, err);
}

bool iv_scan_judge(struct iv_submission *submissions, size_t count,
                   const struct iv_scan_options *options, struct iv_arena *arena,
                   struct iv_report *ret_report, struct iv_scan_outcome *ret_outcome,
                   struct iv_error *err)
{
    struct iv_span start = start_stage(options);
    for (size_t i = 0; i < count; i++) {
        if (!iv_scan_look_up(options, arena, &submissions[i], err)) {
            return false;
        }
    }
    end_stage(options, IV_STAGE_LOOK_UP, &start);
    start = start_stage(options);
    const struct iv_policy *policy = options->policy;
    struct iv_engine *engine IV_CLEANUP(iv_engine_close) = NULL;
    if (!open_engine(policy, &engine, err)) {
        return false;
    }
    struct iv_engine_options engine_options = {
        .fail_on = options->fail_on,
        .policy = policy,
        .date = options->date,
        .what_if = options->what_if,
        .with_spans = options->timings != NULL,
        .uses =
            policy == NULL ? NULL : IV_NEW_ARRAY(arena, struct iv_waiver_use, policy->waiver_count),
    };
    struct iv_report report = {
        .tool = "imgval",
        .tool_version = options->tool_version,
        .verdict = IV_VERDICT_PASS,
        .fail_on = options->fail_on,
        .what_if = options->what_if,
        .site_rules = policy == NULL ? NULL : policy->rules,
        .site_rule_count = policy == NULL ? 0 : policy->rule_count,
        .entries = IV_NEW_ARRAY(arena, struct iv_report_entry, count),
        .entry_count = count,
    };
    /* The first one comes last: what all of them made of the waivers is told with it. */
    for (size_t i = count; i-- > 0;) {
        report.entries[i].submission = &submissions[i];
        engine_options.is_last = i == 0;
        iv_engine_judge(engine, &submissions[i], &engine_options, arena,
                        &report.entries[i].judgement);
        report.verdict = worst(report.verdict, report.entries[i].judgement.verdict);
        note_outcome(&submissions[i], ret_outcome);
    }
    end_stage(options, IV_STAGE_JUDGE, &start);
    if (options->timings != NULL) {
        sum_rules(&report, arena, options->timings);
    }
    *ret_report = report;
    return true;
}

/* The paths of the submissions: a directory that holds image files stands for these. */
static const char **submission_paths(const char *const *paths, size_t count,
                                     const struct iv_scan_options *options, struct iv_arena *arena,
                                     size_t *ret_count)
{
    const char **found = NULL;
    size_t used = 0;
    size_t capacity = 0;
    for (size_t i = 0; i < count; i++) {
        const char **images;
        size_t image_count;
        iv_input_images(paths[i], &options->limits, arena, &images, &image_count);
        for (size_t k = 0; k < (image_count == 0 ? 1 : image_count); k++) {
            found = iv_arena_grow(arena, found, used, &capacity, sizeof(*found));
            found[used++] = image_count == 0 ? paths[i] : images[k];
        }
    }
    *ret_count = used;
    return found;
}

/* A submission of the baseline store, judged as it would be today. */
static bool read_record(const char *name, const struct iv_scan_options *options,
                        struct iv_arena *arena, struct iv_submission *ret_submission,
                        struct iv_error *err)
{
    struct iv_named named;
    if (options->type_given && options->type == IV_PARTIAL) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "%s: a recorded submission is an image; --type=partial does not go "
                            "with it",
                            name);
    }
    if (!iv_resolve(name, options, false, arena, &named, err)) {
        return false;
    }
    named.submission.baseline = options->baseline;
    named.submission.no_wspc = options->no_wspc;
    named.submission.all_owners = options->all_owners;
    named.submission.in_ci = options->in_ci;
    named.submission.max_list_age = options->max_list_age;
    named.submission.tool_version = options->tool_version;
    *ret_submission = named.submission;
    return true;
}

bool iv_scan_read_named(const char *name, const struct iv_scan_options *options,
                        struct iv_arena *arena, struct iv_submission *ret_submission,
                        struct iv_containment *ret_containment, struct iv_error *err)
{
    return iv_resolve_is_name(name)
               ? read_record(name, options, arena, ret_submission, err)
               : iv_scan_read(name, options, arena, ret_submission, ret_containment, err);
}

bool iv_scan(const char *const *paths, size_t count, const struct iv_scan_options *options,
             struct iv_arena *arena, struct iv_report *ret_report,
             struct iv_scan_outcome *ret_outcome, struct iv_error *err)
{
    size_t total;
    const char **found = submission_paths(paths, count, options, arena, &total);
    struct iv_submission *submissions = IV_NEW_ARRAY(arena, struct iv_submission, total);
    struct iv_scan_outcome outcome = {0};
    for (size_t i = 0; i < total; i++) {
        bool done = iv_resolve_is_name(found[i])
                        ? read_record(found[i], options, arena, &submissions[i], err)
                        : read_submission(found[i], options, arena, &submissions[i],
                                          &outcome.containment, err);
        if (!done) {
            return false;
        }
    }
    if (!iv_scan_judge(submissions, total, options, arena, ret_report, &outcome, err)) {
        return false;
    }
    *ret_outcome = outcome;
    return true;
}
