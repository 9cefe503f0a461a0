/*
 * report_read.c: pieces to a report, in the parent. A report may come from anybody, and its pieces
 * come from a process that parsed it, so nothing in them is believed: every array grows with what
 * arrived, a rule must exist, and each submission is checked against its own findings, counts and
 * verdict (report_check.h) as soon as it is whole. A "pass" that its findings contradict is
 * refused.
 *
 * A report that is kept shares its texts: of many findings most are the same. One that is handed
 * over submission by submission borrows them from the parts that arrived, and sets the arena back
 * to where the header ended after each, so that memory holds one submission at a time.
 */
#include "imgval/report/read/report_read.h"

#include "imgval/base/texts.h"
#include "imgval/model/kinds.h"
#include "imgval/report/read/json_read.h"
#include "imgval/report/read/report_check.h"

#include <stdlib.h>
#include <string.h>

/* A report in the making. */
struct iv_loader {
    struct iv_arena *arena;
    struct iv_arena own; /* of reports that are handed over */
    struct iv_texts *texts;
    iv_rule_find_fn *find;
    struct iv_report report;
    struct iv_error err; /* the first that is wrong */
    size_t entry_capacity;
    struct iv_submission *submission; /* of the last entry */
    size_t package_capacity;
    size_t finding_capacity;
    bool has_header;
    bool is_stream;
    bool has_end;
    uint64_t packages; /* of all entries */
    uint64_t findings;
    iv_report_entry_fn *each; /* entries are handed over one by one; NULL: kept */
    void *context;
    size_t delivered;            /* entries that were handed over */
    enum iv_final_verdict worst; /* of the entries that are whole */
    struct iv_arena_mark mark;   /* what lies after it is the entry in hand */
};

/* By the first bytes: a stream begins with its header record. */
bool iv_json_is_stream(const char *bytes, size_t size)
{
    return iv_json_mentions(bytes, size, "schema", "imgval-report/") &&
           iv_json_mentions(bytes, size, "record", "header");
}

bool iv_json_is_report(const char *bytes, size_t size)
{
    return iv_json_mentions(bytes, size, "schema", "imgval-report/") &&
           !iv_json_mentions(bytes, size, "record", "header");
}

/* Keeps the first reason. Always false. */
static bool refuse(struct iv_loader *loader, const char *why)
{
    if (loader->err.code == IV_ERROR_NONE) {
        (void)iv_error_set(&loader->err, IV_ERROR_INVALID, "%s", why);
    }
    return false;
}

/* What no reader of ours sends. */
static bool is_no_answer(struct iv_loader *loader)
{
    return refuse(loader, "its reader did not give an answer that a report can have");
}

/* A row of ours, else one that the report's own header brought; NULL: neither. */
static const struct iv_rule *find_rule(const struct iv_loader *loader, const char *id)
{
    const struct iv_rule *rule = loader->find(id);
    for (size_t i = 0; rule == NULL && i < loader->report.site_rule_count; i++) {
        if (strcmp(loader->report.site_rules[i].id, id) == 0) {
            rule = &loader->report.site_rules[i];
        }
    }
    return rule;
}

/* The entry in hand; there is one once a submission was taken. */
static struct iv_report_entry *last_entry(const struct iv_loader *loader)
{
    return &loader->report.entries[loader->report.entry_count - 1];
}

/* ---- one piece each -------------------------------------------------------------------------- */

/* First of all, and once. A site rule may not take the id of a row of ours: its findings would be
 * shown with other words. */
static bool take_header(struct iv_loader *loader, const struct iv_piece *piece)
{
    struct iv_piece_header header = {0};
    if (loader->has_header || !iv_piece_decode(piece, loader->arena, loader->texts, &header)) {
        return is_no_answer(loader);
    }
    for (size_t i = 0; i < header.site_rule_count; i++) {
        header.site_rules[i].applies = IV_APPLIES_ALL;
        if (loader->find(header.site_rules[i].id) != NULL) {
            return is_no_answer(loader);
        }
    }
    loader->has_header = true;
    loader->is_stream = header.is_stream;
    loader->report.tool = header.tool;
    loader->report.tool_version = header.tool_version;
    loader->report.fail_on = header.fail_on;
    loader->report.what_if = header.what_if;
    loader->report.unconfined = header.unconfined;
    loader->report.site_rules = header.site_rules;
    loader->report.site_rule_count = header.site_rule_count;
    loader->mark = iv_arena_mark(loader->arena);
    return true;
}

/* What was found out about each, without the sets of the baselines, which are in no report. */
static bool take_variants(struct iv_loader *loader, const struct iv_piece_submission *piece)
{
    struct iv_submission *s = loader->submission;
    s->variants = IV_NEW_ARRAY(loader->arena, struct iv_variant, piece->variant_count);
    s->variant_count = piece->variant_count;
    for (size_t i = 0; i < piece->variant_count; i++) {
        const struct iv_piece_variant *from = &piece->variants[i];
        struct iv_variant *variant = &s->variants[i];
        *variant = from->variant;
        variant->list_age_days = -1;
        variant->wspc.differences =
            IV_NEW_ARRAY(loader->arena, struct iv_wspc_difference, from->difference_count);
        variant->wspc.difference_count = from->difference_count;
        for (size_t k = 0; k < from->difference_count; k++) {
            variant->wspc.differences[k] = (struct iv_wspc_difference){
                .name = from->differences[k].package,
                .in = (unsigned)from->differences[k].in & (2 * IV_IN_SUBMISSION - 1)};
        }
    }
    return true;
}

/* Rules by pointer, as judging leaves them. */
static bool take_outcomes(struct iv_loader *loader, const struct iv_piece_submission *piece)
{
    struct iv_judgement *judgement = &last_entry(loader)->judgement;
    judgement->outcomes = IV_NEW_ARRAY(loader->arena, struct iv_rule_outcome, piece->outcome_count);
    judgement->outcome_count = piece->outcome_count;
    for (size_t i = 0; i < piece->outcome_count; i++) {
        judgement->outcomes[i] = piece->outcomes[i].outcome;
        judgement->outcomes[i].rule = find_rule(loader, piece->outcomes[i].rule);
        if (judgement->outcomes[i].rule == NULL) {
            return is_no_answer(loader);
        }
    }
    return true;
}

/* Code after this takes these for granted. */
static bool is_sound(const struct iv_submission *s)
{
    for (size_t i = 0; i < s->device.value_count; i++) {
        const struct iv_datum *datum = &s->device.values[i];
        if (datum->name == NULL || datum->value == NULL || datum->source == NULL) {
            return false;
        }
    }
    for (size_t i = 0; i < s->layout.partition_count; i++) {
        if (s->layout.partitions[i].name == NULL) {
            return false;
        }
    }
    return !s->image.present || (s->image.path != NULL && s->image.format != NULL);
}

/* Packages to make room for: as many as the submission says, within reason, where it is soon
 * forgotten again. It may say anything, and of those that are kept there may be many. */
static size_t room_for(const struct iv_loader *loader, size_t said)
{
    enum { ROOM_MAX = 1024 };
    size_t wanted = said < ROOM_MAX ? said : ROOM_MAX;
    return loader->each == NULL ? 0 : wanted;
}

/* A new entry, to which the packages and findings that follow belong. */
static bool take_submission(struct iv_loader *loader, const struct iv_piece *bytes)
{
    struct iv_piece_submission piece = {0};
    struct iv_report *report = &loader->report;
    if (!iv_piece_decode(bytes, loader->arena, loader->texts, &piece) ||
        !is_sound(&piece.submission)) {
        return is_no_answer(loader);
    }
    report->entries = iv_arena_grow(loader->arena, report->entries, report->entry_count,
                                    &loader->entry_capacity, sizeof(*report->entries));
    struct iv_report_entry *entry = &report->entries[report->entry_count++];
    struct iv_submission *s = IV_NEW(loader->arena, struct iv_submission);
    *s = piece.submission;
    s->firmware_version_valid =
        s->firmware_version != NULL && iv_version_parse(s->firmware_version, &s->number);
    s->unreadable_count = piece.judgement.counts.unreadable;
    struct iv_circumstances *run = IV_NEW(loader->arena, struct iv_circumstances);
    *run = piece.run;
    *entry = (struct iv_report_entry){.submission = s, .run = run, .judgement = piece.judgement};
    loader->submission = s;
    loader->package_capacity = room_for(loader, piece.judgement.counts.packages);
    s->packages = IV_NEW_ARRAY(loader->arena, struct iv_package, loader->package_capacity);
    loader->finding_capacity = 0;
    return take_variants(loader, &piece) && take_outcomes(loader, &piece);
}

/* Belongs to the last submission; without one nothing has sent it that we know. */
static bool take_package(struct iv_loader *loader, const struct iv_piece *piece)
{
    struct iv_submission *s = loader->submission;
    if (s == NULL) {
        return is_no_answer(loader);
    }
    s->packages = iv_arena_grow(loader->arena, s->packages, s->package_count,
                                &loader->package_capacity, sizeof(*s->packages));
    struct iv_package *package = &s->packages[s->package_count];
    if (!iv_piece_decode(piece, loader->arena, loader->texts, package) || package->name == NULL ||
        package->key == NULL ||
        (package->version != NULL && !iv_version_parse(package->version, &package->number))) {
        return is_no_answer(loader);
    }
    s->package_count++;
    loader->packages++;
    return true;
}

/* Likewise. */
static bool take_finding(struct iv_loader *loader, const struct iv_piece *bytes)
{
    struct iv_piece_finding piece = {0};
    if (loader->submission == NULL ||
        !iv_piece_decode(bytes, loader->arena, loader->texts, &piece) ||
        (piece.finding.rule = find_rule(loader, piece.rule)) == NULL) {
        return is_no_answer(loader);
    }
    struct iv_judgement *judgement = &last_entry(loader)->judgement;
    judgement->findings =
        iv_arena_grow(loader->arena, judgement->findings, judgement->finding_count,
                      &loader->finding_capacity, sizeof(*judgement->findings));
    judgement->findings[judgement->finding_count++] = piece.finding;
    loader->findings++;
    return true;
}

/* ---- a submission, a report ------------------------------------------------------------------ */

/* The packages are complete: the set over them may be built. Who is handed one submission after the
 * other builds what is needed from the packages. */
static void finish_submission(struct iv_loader *loader)
{
    if (loader->submission != NULL && loader->each == NULL) {
        iv_set_build(loader->submission->packages, loader->submission->package_count, loader->arena,
                     &loader->submission->set);
    }
}

/* The last entry is whole: it must agree with itself. What is handed over entry by entry says
 * itself that packages are lost. `place`: the line that shows that it is whole. */
static bool check_entry(struct iv_loader *loader, uint64_t place)
{
    if (loader->report.entry_count == 0) {
        return true;
    }
    const struct iv_report_entry *entry = last_entry(loader);
    const char *why =
        iv_report_contradiction(entry, loader->report.fail_on, loader->each == NULL, loader->arena);
    if (entry->judgement.verdict > loader->worst) {
        loader->worst = entry->judgement.verdict;
    }
    if (why == NULL) {
        return true;
    }
    /* The text may quote the report, so it is escaped before it can reach a terminal. */
    struct iv_json_reader reader = {.err = &loader->err};
    iv_json_fail(&reader, "the report contradicts itself: of %s %s",
                 entry->submission->path == NULL ? "a submission" : entry->submission->path, why);
    if (loader->is_stream) {
        iv_json_context(&reader, "line %llu, column 1", (unsigned long long)place);
    } else {
        iv_json_context(&reader, "submissions[%zu]", loader->report.entry_count - 1);
    }
    return false;
}

/* Whether as many packages follow as the submission said. */
static bool has_all_packages(const struct iv_report_entry *entry)
{
    size_t own = 0;
    for (size_t i = 0; i < entry->submission->package_count; i++) {
        own += entry->submission->packages[i].origin == IV_ORIGIN_SUBMISSION ? 1 : 0;
    }
    return own == entry->judgement.counts.packages;
}

/* Hands the finished entry over and forgets it. Only one that another piece follows, the next
 * submission or the end, can be whole. */
static void deliver(struct iv_loader *loader, bool is_followed)
{
    if (loader->each == NULL || loader->report.entry_count == 0) {
        return;
    }
    const struct iv_report_entry *entry = last_entry(loader);
    loader->each(loader->context, entry, is_followed && has_all_packages(entry));
    iv_arena_reset(loader->arena, loader->mark);
    loader->delivered++;
    loader->report.entries = NULL;
    loader->report.entry_count = 0;
    loader->entry_capacity = 0;
    loader->submission = NULL;
}

/* Another submission or the end: what came before is whole. */
static bool close_entry(struct iv_loader *loader, uint64_t place)
{
    finish_submission(loader);
    if (!check_entry(loader, place)) {
        return false;
    }
    deliver(loader, true);
    return true;
}

/* From microseconds of a report; see iv_timings. */
static bool take_timings(struct iv_loader *loader, const struct iv_piece_end *end)
{
    struct iv_timings *timings = IV_NEW(loader->arena, struct iv_timings);
    if (end->stage_count != IV_STAGES) {
        return is_no_answer(loader);
    }
    for (size_t i = 0; i < IV_STAGES; i++) {
        timings->stages[i] =
            (struct iv_span){.wall = end->stages[i].wall, .cpu = end->stages[i].cpu};
    }
    timings->rules = IV_NEW_ARRAY(loader->arena, struct iv_rule_time, end->rule_count);
    timings->rule_count = end->rule_count;
    for (size_t i = 0; i < end->rule_count; i++) {
        const struct iv_piece_time *from = &end->rules[i];
        timings->rules[i].rule = from->rule == NULL ? NULL : find_rule(loader, from->rule);
        timings->rules[i].span = (struct iv_span){.wall = from->wall, .cpu = from->cpu};
        if (timings->rules[i].rule == NULL) {
            return is_no_answer(loader);
        }
    }
    loader->report.timings = timings;
    return true;
}

/* The counts show that no record was lost; the verdict of a report is the worst of those of its
 * submissions. */
static bool take_end(struct iv_loader *loader, const struct iv_piece *piece)
{
    struct iv_piece_end end = {0};
    if (!iv_piece_decode(piece, loader->arena, loader->texts, &end)) {
        return is_no_answer(loader);
    }
    const size_t entries = loader->delivered + loader->report.entry_count;
    const char *why = NULL;
    if (end.submissions != entries || end.packages != loader->packages ||
        end.findings != loader->findings) {
        why = "the counts of the end record are not those of the stream";
    } else if (entries == 0 && end.verdict == IV_VERDICT_PASS) {
        why = "the report contradicts itself: its verdict is pass, and it holds no submission";
    } else if (entries > 0 && end.verdict != loader->worst) {
        why = iv_arena_printf(loader->arena,
                              "the report contradicts itself: its verdict is %s, and that of its "
                              "submissions %s",
                              iv_final_verdict_names[end.verdict],
                              iv_final_verdict_names[loader->worst]);
    }
    if (why != NULL) {
        (void)refuse(loader, why);
        return loader->is_stream ? iv_error_add(&loader->err, "line %llu, column 1",
                                                (unsigned long long)piece->place)
                                 : false;
    }
    loader->has_end = true;
    loader->report.verdict = end.verdict;
    return !end.has_timings || take_timings(loader, &end);
}

/* The header comes first and nothing after the end. False: the report is refused, and nothing more
 * of it is looked at. */
static bool take_piece(struct iv_loader *loader, const struct iv_piece *piece)
{
    if ((piece->kind != IV_PIECE_HEADER && !loader->has_header) || loader->has_end) {
        return is_no_answer(loader);
    }
    switch (piece->kind) {
    case IV_PIECE_HEADER:
        return take_header(loader, piece);
    case IV_PIECE_SUBMISSION:
        return take_submission(loader, piece);
    case IV_PIECE_PACKAGE:
        return take_package(loader, piece);
    case IV_PIECE_FINDING:
        return take_finding(loader, piece);
    case IV_PIECE_END:
        return take_end(loader, piece);
    case IV_PIECE_RECORD:
    case IV_PIECE_WHOLE:
    case IV_PIECE_REFUSED:
        break;
    }
    return is_no_answer(loader);
}

/* The worst verdict of the submissions; a stream without an end has none of its own. Of the last
 * submission packages and findings may be lost, so that nothing may show it as a pass. */
static void set_part(struct iv_loader *loader)
{
    struct iv_report *report = &loader->report;
    report->is_part = true;
    report->verdict = IV_VERDICT_INCOMPLETE;
    if (report->entry_count > 0 && last_entry(loader)->judgement.verdict == IV_VERDICT_PASS) {
        last_entry(loader)->judgement.verdict = IV_VERDICT_INCOMPLETE;
    }
    for (size_t i = 0; i < report->entry_count; i++) {
        if (report->entries[i].judgement.verdict > report->verdict) {
            report->verdict = report->entries[i].judgement.verdict;
        }
    }
}

/* The first piece of a part may close the entry in hand; no other one may. */
static bool begins_anew(const struct iv_piece *piece)
{
    return piece->kind == IV_PIECE_SUBMISSION || piece->kind == IV_PIECE_END;
}

bool iv_loader_take(struct iv_loader *loader, const void *part, size_t size)
{
    struct iv_piece piece;
    bool is_broken = false;
    size_t at = 0;
    if (loader->err.code != IV_ERROR_NONE) {
        return false;
    }
    if (iv_pieces_next(part, size, &at, &piece, &is_broken) && begins_anew(&piece) &&
        !close_entry(loader, piece.place)) {
        return false;
    }
    /* What is handed over borrows its texts: they must last until then. */
    const void *bytes = loader->texts != NULL ? part : iv_arena_strndup(loader->arena, part, size);
    at = 0;
    for (bool is_first = true; iv_pieces_next(bytes, size, &at, &piece, &is_broken);
         is_first = false) {
        if (!is_first && begins_anew(&piece)) {
            return is_no_answer(loader);
        }
        if (!take_piece(loader, &piece)) {
            return false;
        }
    }
    return !is_broken || is_no_answer(loader);
}

struct iv_loader *iv_loader_new(iv_rule_find_fn *find, struct iv_arena *arena,
                                iv_report_entry_fn *each, void *context)
{
    struct iv_loader *loader = iv_malloc(sizeof(*loader));
    *loader = (struct iv_loader){.arena = arena, .find = find, .each = each, .context = context};
    if (each != NULL) {
        iv_arena_init(&loader->own);
        loader->arena = &loader->own;
    } else {
        loader->texts = iv_malloc(sizeof(*loader->texts));
        *loader->texts = (struct iv_texts){0};
    }
    return loader;
}

void iv_loader_free(struct iv_loader **loader)
{
    if (*loader != NULL) {
        iv_arena_fini(&(*loader)->own);
        free((*loader)->texts);
        free(*loader);
        *loader = NULL;
    }
}

bool iv_loader_end(struct iv_loader *loader, struct iv_report *ret_report, bool *ret_complete,
                   struct iv_error *err)
{
    if (loader->err.code == IV_ERROR_NONE && !loader->has_header) {
        (void)is_no_answer(loader);
    }
    if (loader->err.code != IV_ERROR_NONE) {
        *err = loader->err;
        return false;
    }
    if (!loader->has_end) {
        finish_submission(loader);
        set_part(loader);
        deliver(loader, false);
    }
    if (ret_report != NULL) {
        *ret_report = loader->report;
    }
    *ret_complete = loader->has_end;
    return true;
}
