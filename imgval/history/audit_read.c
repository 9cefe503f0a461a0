/*
 * From what was found to the sources of an audit. A path is scanned; a saved report, a stream or an
 * export bundle is recognised by its first bytes and read for the submissions in it; a name that is
 * no path comes from the baseline store. All of them end in add_submission(), so that the same set
 * counts the same wherever it was kept.
 *
 * Each submission is read into an arena of its own, which goes when it was added: a history may
 * have hundreds, and only what the audit needs is copied (the set into the pool, the findings, the
 * variants). What cannot be read becomes a source with a reason and never ends the audit.
 */
#include "imgval/history/audit_read.h"

#include "cache/store.h"
#include "imgval/base/file.h"
#include "imgval/base/look.h"
#include "imgval/history/import.h"
#include "imgval/model/kinds.h"
#include "imgval/report/read/bundle.h"
#include "imgval/report/read/saved.h"
#include "imgval/scan/resolve.h"
#include "imgval/scan/scan_read.h"
#include "rules/rules.h"

#include <errno.h>
#include <string.h>

/* A submission of many operators stands in many variants; more than this is not a history. */
#define PLACES_MAX ((size_t)8000000)

/* What is known about a submission beside what was read of it. */
struct origin {
    int64_t recorded;
    bool baseline;
    bool verified;      /* its packages were read whole */
    bool hidden;        /* part of it could not be listed: absence proves nothing */
    const char *doubt;  /* something beside its packages could not be read */
    const char *reason; /* why it cannot be judged */
    const struct iv_judgement *reported; /* of a report: how it was judged */
};

/* The next source, empty. It may move when the next one is added. */
static struct iv_audit_source *new_source(struct iv_auditing *a)
{
    struct iv_audit *audit = a->audit;
    audit->sources = iv_arena_grow(a->arena, audit->sources, audit->source_count,
                                   &a->source_capacity, sizeof(*audit->sources));
    struct iv_audit_source *source = &audit->sources[audit->source_count++];
    *source = (struct iv_audit_source){0};
    return source;
}

/* Something that holds no submission, or none that can be read. */
static void add_unread(struct iv_auditing *a, const char *path, const char *reason)
{
    *new_source(a) = (struct iv_audit_source){
        .path = iv_arena_strdup(a->arena, path),
        .kind = IV_KIND_DIRECTORY,
        .reason = iv_arena_strdup(a->arena, reason),
    };
}

/* Why a submission cannot be judged; NULL: it can. The worst first. */
static const char *why_not(const struct iv_submission *s, const struct origin *origin)
{
    if (origin->reason != NULL) {
        return origin->reason;
    }
    if (s->kind == IV_KIND_PACKAGE && s->unreadable_count == s->package_count) {
        return "cannot be read, neither as a package nor as an image nor as a report";
    }
    if (s->package_count == 0) {
        return s->fault_count > 0 || origin->hidden ? "cannot be read far enough to find a package"
                                                    : "holds no package";
    }
    if (s->type != IV_IMAGE) {
        return "a partial submission: it is no whole firmware set";
    }
    if (iv_device_has_conflict(&s->device, IV_PHONE_FIRMWARE_REVISION)) {
        return "its sources disagree about the firmware version";
    }
    if (s->firmware_version == NULL) {
        return "does not say its firmware version";
    }
    if (!s->firmware_version_valid) {
        return "its firmware version is not four numbers from 0 to 65535";
    }
    if (iv_device_has_too_many_pops(&s->device)) {
        return "has too many variants";
    }
    if (s->variant_count == 0) {
        return "does not say its manufacturer, operator and model without contradiction";
    }
    return origin->hidden ? "part of it could not be listed, so nothing can be said to be missing"
                          : NULL;
}

/* The submission's arena goes when it was added. */
static struct iv_pop copy_pop(struct iv_arena *arena, const struct iv_pop *pop)
{
    return (struct iv_pop){
        .oem = iv_arena_strdup(arena, pop->oem),
        .mobile_operator = iv_arena_strdup(arena, pop->mobile_operator),
        .model = iv_arena_strdup(arena, pop->model),
    };
}

/* A place for each variant that the last source is for; with --oem, --operator and --model of the
 * wanted one only. */
static void add_places(struct iv_auditing *a, const struct iv_submission *s)
{
    const size_t number = a->audit->source_count - 1;
    for (size_t i = 0; i < s->variant_count; i++) {
        if (a->options->pop != NULL && iv_pop_compare(&s->variants[i].pop, a->options->pop) != 0) {
            continue;
        }
        a->places = iv_arena_grow(a->arena, a->places, a->place_count, &a->place_capacity,
                                  sizeof(*a->places));
        a->places[a->place_count++] = (struct iv_audit_place){
            .pop = copy_pop(a->arena, &s->variants[i].pop), .source = number};
    }
}

/* The ids of the rules that were not evaluated, copied; NULL: all were. */
static const char *list_unevaluated(struct iv_auditing *a, const struct iv_judgement *judgement)
{
    struct iv_buf ids IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < judgement->outcome_count; i++) {
        const struct iv_rule_outcome *row = &judgement->outcomes[i];
        if (row->outcome == IV_NOT_EVALUATED) {
            iv_buf_printf(&ids, "%s%s", ids.size == 0 ? "" : ", ", row->rule->id);
        }
    }
    if (ids.size == 0 && judgement->verdict == IV_VERDICT_INCOMPLETE) {
        iv_buf_puts(&ids, "a standard validation"); /* a report that does not say which */
    }
    return ids.size == 0 ? NULL : iv_arena_strdup(a->arena, iv_buf_text(&ids));
}

/* One family of rules over a set that was read; of a reported one, what its report says. */
static const struct iv_judgement *judge_set(struct iv_auditing *a, const struct iv_judge *judge,
                                            const struct iv_submission *s,
                                            const struct iv_judgement *reported,
                                            const char **ret_unevaluated)
{
    *ret_unevaluated = NULL;
    if (s->kind == IV_KIND_PACKAGE && s->unreadable_count == s->package_count) {
        return NULL; /* a file that is no package at all, say some other JSON */
    }
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    const struct iv_judged judged = {.submission = s, .reported = reported};
    struct iv_judgement judgement;
    iv_engine_judge(judge->engine, &judged, &judge->options, &scratch, &judgement);
    struct iv_judgement *kept = IV_NEW(a->arena, struct iv_judgement);
    *kept = (struct iv_judgement){
        .findings = IV_NEW_ARRAY(a->arena, struct iv_finding, judgement.finding_count + 1),
        .finding_count = judgement.finding_count,
        .counts = judgement.counts,
        .verdict = judgement.verdict,
    };
    for (size_t i = 0; i < judgement.finding_count; i++) {
        kept->findings[i] = iv_finding_copy(&judgement.findings[i], a->arena);
    }
    *ret_unevaluated = list_unevaluated(a, &judgement);
    return kept;
}

/* Where all ways of reading meet. A submission that cannot be judged is added too, with the
 * reason: it has a place in the report and in the verdict. Everything that outlives the reading
 * is copied. */
static void add_submission(struct iv_auditing *a, const struct iv_submission *s,
                           const struct origin *origin)
{
    uint32_t set = 0;
    const char *reason = why_not(s, origin);
    if (s->variant_count > PLACES_MAX - a->place_count) {
        reason = "has too many variants";
    }
    if (!iv_pool_add(&a->audit->pool, &s->set, &set)) {
        add_unread(a, s->path, "the audit holds too many packages to take it in");
        return;
    }
    struct iv_audit_source *source = new_source(a);
    *source = (struct iv_audit_source){
        .path = iv_arena_strdup(a->arena, s->path),
        .kind = s->kind,
        .id = iv_arena_strdup(a->arena, s->id),
        .firmware_version = iv_arena_strdup(a->arena, s->firmware_version),
        .number = s->number,
        .recorded = origin->recorded,
        .baseline = origin->baseline,
        .set = set,
        .unreadable = s->unreadable_count,
        .doubt = iv_arena_strdup(a->arena, origin->doubt),
        .reason = iv_arena_strdup(a->arena, reason),
    };
    source->nine = judge_set(a, &a->nine, s, origin->reported, &source->unevaluated);
    if (origin->verified) {
        source->seals = judge_set(a, &a->seals, s, NULL, &source->unverified);
    }
    a->audit->packages += s->set.count;
    if (s->firmware_version_valid && s->variant_count <= PLACES_MAX - a->place_count) {
        add_places(a, s);
    }
}

static const char partial_reason[] = "its update history names packages that are not in it: a "
                                     "partial set, or one that was half copied";

/* IMG010: Microsoft's packages are expected in images alone. */
static bool lacks_packages_of_history(const struct iv_submission *s)
{
    const bool whole = iv_kinds[s->kind].is_image;
    for (size_t i = 0; s->history.complete && i < s->history.package_count; i++) {
        const struct iv_package *entry = &s->history.packages[i];
        if (!entry->removal && entry->key != NULL && (whole || !iv_package_is_microsoft(entry)) &&
            iv_set_find(&s->set, entry->key) == NULL) {
            return true;
        }
    }
    return false;
}

static const char archive_reason[] = "an archive, which is not read: unpack it, and name what is "
                                     "in it";

/* A file that was read as a tree, and of which nothing could be read. */
static bool is_archive(const struct iv_submission *s)
{
    return s->kind == IV_KIND_DIRECTORY && s->package_count == 0 && s->fault_count == 1 &&
           s->faults[0].kind == IV_FAULT_UNSUPPORTED && strcmp(s->faults[0].path, s->path) == 0;
}

/* The same of a report, where the fault has become a finding of IMG008 about the submission's own
 * path. */
static bool is_reported_archive(const struct iv_submission *s, const struct iv_finding *finding)
{
    return s->kind == IV_KIND_DIRECTORY && s->package_count == 0 && finding->path != NULL &&
           strcmp(finding->rule->id, "IMG008") == 0 && strcmp(finding->path, s->path) == 0;
}

/* ---- submissions on disk --------------------------------------------------------------------- */

/* A submission on disk. Trouble of the machine (no memory, no access) is kept for the exit status;
 * anything else is the submission's own and becomes its reason. */
static void read_path(struct iv_auditing *a, const char *path)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_submission s;
    struct iv_containment containment;
    struct iv_error err = {0};
    if (!iv_scan_read(path, &a->options->scan->reading, &arena, &s, &containment, &err)) {
        a->audit->trouble = a->audit->trouble || err.code == IV_ERROR_SYSTEM;
        add_unread(a, path, err.text);
        return;
    }
    const struct iv_fault *doubt = iv_submission_doubt(&s);
    const struct origin origin = {
        .baseline = a->options->scan->run.baseline,
        .verified = a->options->scan->reading.verify,
        .hidden = s.set_incomplete,
        .doubt = doubt == NULL ? NULL : doubt->path,
        .reason = lacks_packages_of_history(&s) ? partial_reason
                  : is_archive(&s)              ? archive_reason
                                                : NULL,
    };
    add_submission(a, &s, &origin);
}

/* ---- reports, streams, bundles --------------------------------------------------------------- */

/* A finding that says that packages may lie there unseen. */
static bool hides_packages(const struct iv_finding *finding)
{
    static const char *const harmless[] = {"IMG303", "IMG304", "IMG010"};
    bool hides =
        finding->incomplete && finding->key == NULL && strncmp(finding->rule->id, "IMG", 3) == 0;
    for (size_t i = 0; i < IV_COUNT(harmless); i++) {
        hides = hides && strcmp(finding->rule->id, harmless[i]) != 0;
    }
    return hides;
}

/* A submission of a report. Its set is built anew from the packages that the report lists, and what
 * could not be read is taken from its findings. `whole`: the stream did not end in it. */
static void add_entry(void *context, const struct iv_report_entry *entry, bool whole)
{
    struct iv_auditing *a = context;
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_submission s;
    struct origin origin = {.baseline = entry->run->baseline, .reported = &entry->judgement};
    bool is_its_id;
    iv_import_rebuild(entry->submission, &a->options->scan->reading, &arena, &s, &is_its_id);
    s.kind = entry->submission->kind;
    s.type = entry->submission->type;
    if (!whole) {
        origin.reason = "the stream ends, or was changed, within this submission";
    }
    if (whole && s.type == IV_IMAGE && !is_its_id) {
        origin.reason = "the report contradicts itself: its id is not that of what it lists";
    }
    for (size_t i = 0; i < entry->judgement.finding_count; i++) {
        const struct iv_finding *finding = &entry->judgement.findings[i];
        origin.hidden = origin.hidden || hides_packages(finding);
        if (origin.reason == NULL && strcmp(finding->rule->id, "IMG010") == 0) {
            origin.reason = partial_reason;
        }
        if (origin.reason == NULL && is_reported_archive(&s, finding)) {
            origin.reason = archive_reason;
        }
        if ((hides_packages(finding) || strcmp(finding->rule->id, "IMG303") == 0) &&
            finding->path != NULL &&
            (origin.doubt == NULL || strcmp(finding->path, origin.doubt) < 0)) {
            origin.doubt = finding->path;
        }
    }
    add_submission(a, &s, &origin);
}

/* A submission of a bundle or of the store. */
static void add_record(struct iv_auditing *a, const struct iv_record *record)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_submission s;
    struct origin origin = {.recorded = record->recorded};
    iv_submission_from_record(record, &arena, &s);
    for (size_t i = 0; i < record->pop_count; i++) {
        origin.baseline = origin.baseline || record->pops[i].baseline;
    }
    add_submission(a, &s, &origin);
}

/*
 * Documents are given to one reader process, one after the other, so that it parses while what came
 * before is added here. So many are open at once.
 */
enum { BATCH = 32 };

/* Documents in hand, and the one of which parts arrive. */
struct batch {
    struct iv_auditing *a;
    struct iv_saved documents[BATCH];
    bool is_stream[BATCH];
    size_t count;
    struct iv_arena arena; /* of the document in hand */
    struct iv_loader *loader;
    struct iv_bundle_taker bundle;
};

/* One part of document `i`, as it comes from the reader process; false ends that document. Whatever
 * was taken before stays: of a stream those are whole submissions. */
static bool take_part(void *context, size_t i, const void *part, size_t size)
{
    struct batch *batch = context;
    if (batch->documents[i].kind == IV_SAVED_BUNDLE) {
        batch->bundle.arena = &batch->arena;
        return iv_bundle_take(&batch->bundle, part, size);
    }
    if (batch->loader == NULL) {
        batch->loader = iv_loader_new(iv_rules_find, &batch->arena,
                                      batch->is_stream[i] ? add_entry : NULL, batch->a);
    }
    return iv_loader_take(batch->loader, part, size);
}

/* The records of a bundle. */
static bool end_bundle(struct batch *batch, struct iv_error *err)
{
    struct iv_record *records;
    size_t count;
    if (!iv_bundle_end(&batch->bundle, &records, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        add_record(batch->a, &records[i]);
    }
    return true;
}

/* The submissions of a report. Those of a stream were added as they came; an end that is missing is
 * a source of its own, as more may have followed. */
static bool end_report(struct batch *batch, const struct iv_saved *document, struct iv_error *err)
{
    struct iv_report report;
    bool complete;
    if (batch->loader == NULL) {
        return iv_error_set(err, IV_ERROR_SYSTEM, "its reader process said nothing");
    }
    if (!iv_loader_end(batch->loader, &report, &complete, err)) {
        return false;
    }
    for (size_t i = 0; i < report.entry_count; i++) {
        add_entry(batch->a, &report.entries[i], true);
    }
    if (!complete) {
        add_unread(batch->a, document->path,
                   "the stream has no end record: submissions may be missing after its last one");
    }
    return true;
}

static void end_document(void *context, size_t i, const struct iv_error *lost)
{
    struct batch *batch = context;
    struct iv_auditing *a = batch->a;
    const struct iv_saved *document = &batch->documents[i];
    struct iv_error err = {0};
    bool is_read = false;
    if (lost != NULL) {
        err = *lost;
    } else {
        is_read = document->kind == IV_SAVED_BUNDLE ? end_bundle(batch, &err)
                                                    : end_report(batch, document, &err);
    }
    if (!is_read) {
        a->audit->trouble = a->audit->trouble || err.code == IV_ERROR_SYSTEM;
        add_unread(a, document->path,
                   batch->is_stream[i]
                       ? iv_arena_printf(a->arena, "the stream cannot be read on: %s", err.text)
                       : err.text);
    }
    iv_loader_free(&batch->loader);
    batch->bundle = (struct iv_bundle_taker){0};
    iv_arena_fini(&batch->arena);
}

/* Reads the documents in hand. */
static void read_batch(struct batch *batch)
{
    struct iv_auditing *a = batch->a;
    const struct iv_saved_options options = iv_import_saved_options(&a->options->scan->reading);
    const struct iv_saved_taker taker = {.part = take_part, .end = end_document, .context = batch};
    struct iv_error err = {0};
    if (batch->count > 0 &&
        !iv_saved_read(&options, batch->documents, batch->count, &taker, &err)) {
        a->audit->trouble = true;
        add_unread(a, batch->documents[0].path, err.text);
    }
    for (size_t i = 0; i < batch->count; i++) {
        iv_fd_close(&batch->documents[i].fd);
    }
    batch->count = 0;
}

/* A file: a stream, a bundle or a report by its first bytes, which is put into the batch; else
 * something to be scanned, say one package. */
static void read_data(struct batch *batch, const char *path)
{
    struct iv_auditing *a = batch->a;
    char head[4096];
    struct iv_status st;
    int fd IV_CLEANUP(iv_fd_close) = iv_file_open(path, &st);
    if (fd < 0 && batch->count > 0) {
        read_batch(batch); /* whose open files may be one too many */
        fd = iv_file_open(path, &st);
    }
    int64_t got =
        fd < 0 || st.type != IV_FILE_REGULAR ? -1 : iv_file_read_at(fd, head, sizeof(head), 0);
    const int number = errno;
    bool is_bundle = got > 0 && iv_bundle_is(head, (size_t)got);
    bool is_stream = got > 0 && iv_json_is_stream(head, (size_t)got);
    if (is_bundle || is_stream || (got > 0 && iv_json_is_report(head, (size_t)got))) {
        batch->is_stream[batch->count] = is_stream;
        batch->documents[batch->count++] = (struct iv_saved){
            .fd = fd, .kind = is_bundle ? IV_SAVED_BUNDLE : IV_SAVED_REPORT, .path = path};
        fd = -1;
        if (batch->count == BATCH) {
            read_batch(batch);
        }
        return;
    }
    read_batch(batch);
    if (fd < 0 || (st.type == IV_FILE_REGULAR && got < 0)) {
        a->audit->trouble = true;
        add_unread(a, path, iv_arena_printf(a->arena, "cannot be read: %s", iv_errno_text(number)));
    } else if (got < 0) {
        add_unread(a, path, "cannot be read as a file");
    } else if (got == 0) {
        add_unread(a, path, "is an empty file: a stream that was cut off, or never written");
    } else {
        read_path(a, path);
    }
}

/* ---- the store ------------------------------------------------------------------------------- */

/* The store cannot be used: a source without a submission, and trouble for the whole audit. */
static void store_trouble(struct iv_auditing *a, const struct iv_error *err)
{
    a->audit->trouble = true;
    add_unread(a, "baseline store", err->text);
}

/* The recorded submission of that name. */
static void read_name(struct iv_auditing *a, const char *name)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_record record;
    struct iv_error err = {0};
    if (!iv_store_open(a->options->scan->comparing.store_path, IV_STORE_READ, &store, &err) ||
        !iv_store_find(store, name, &arena, &record, &err)) {
        store_trouble(a, &err);
        return;
    }
    add_record(a, &record);
}

/* Asked of the list of records, which is cheap, before a record is loaded with its packages. */
static bool has_pop(const struct iv_record *record, const struct iv_pop *pop)
{
    for (size_t i = 0; i < record->pop_count; i++) {
        if (iv_pop_compare(&record->pops[i].pop, pop) == 0) {
            return true;
        }
    }
    return false;
}

/* With --store: every record, one at a time, in memory that is used again. A store that fails part
 * of the way is trouble: the history would have holes. */
void iv_audit_read_store(struct iv_auditing *a)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_record *records;
    struct iv_record record;
    size_t count;
    struct iv_error err = {0};
    if (!iv_store_open(a->options->scan->comparing.store_path, IV_STORE_READ, &store, &err) ||
        !iv_store_list(store, false, &arena, &records, &count, &err)) {
        store_trouble(a, &err);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct iv_arena_mark mark = iv_arena_mark(&arena);
        if (a->options->pop != NULL && !has_pop(&records[i], a->options->pop)) {
            continue;
        }
        if (!iv_store_find(store, records[i].id, &arena, &record, &err)) {
            store_trouble(a, &err);
            return;
        }
        add_record(a, &record);
        iv_arena_reset(&arena, mark);
    }
}

/* What is no document, after the documents before it: sources keep the order of what was found. */
static void read_found(struct batch *batch, const struct iv_found *found)
{
    bool is_there = found->trouble == NULL && iv_look_is_there(found->path);
    if (is_there && found->is_data) {
        read_data(batch, found->path);
        return;
    }
    read_batch(batch);
    if (found->trouble != NULL) {
        add_unread(batch->a, found->path, found->trouble);
    } else if (!is_there) {
        read_name(batch->a, found->path);
    } else {
        read_path(batch->a, found->path);
    }
}

/* In the order of the list, which is sorted, although the result would be the same in any. */
void iv_audit_read(struct iv_auditing *a, const struct iv_found_list *list)
{
    struct batch batch = {.a = a};
    for (size_t i = 0; i < list->count; i++) {
        read_found(&batch, &list->items[i]);
    }
    read_batch(&batch);
}
