/*
 * The facts of a request for update: the POPs that both sides share, what each side is to today's
 * baselines of the POP, and which steps of the contract fail. The rules say what follows from them.
 *
 * Each shared POP is looked up by itself and starts as undecided, so that one which could not be
 * looked up is never taken for one that may be served. The verdict of a POP comes from the findings
 * about it, and the request has the worst of them all.
 */
#include "imgval/history/request.h"

#include "cache/store.h"
#include "imgval/base/text.h"
#include "imgval/scan/judge.h"

/* One request in the making. */
struct judging {
    const struct iv_named *source;
    const struct iv_named *target;
    const struct iv_scan_options *scan;
    struct iv_store *store; /* NULL: there is none */
    struct iv_arena *arena;
    struct iv_request request;
    struct iv_baselines baselines; /* of the POP in hand */
};

static enum iv_final_verdict worse(enum iv_final_verdict a, enum iv_final_verdict b)
{
    return a > b ? a : b;
}

/* ---- one POP --------------------------------------------------------------------------------- */

/* Whether the side is recorded as a baseline of this POP. */
static bool is_baseline(const struct iv_named *named, const struct iv_pop *pop)
{
    for (size_t i = 0; named->recorded && i < named->record.pop_count; i++) {
        if (iv_pop_compare(&named->record.pops[i].pop, pop) == 0) {
            return named->record.pops[i].baseline;
        }
    }
    return false;
}

/* The package sets of the baselines that are compared with: those of all would be slow to load. */
static bool load_sets(struct judging *j, const size_t *places, size_t count, struct iv_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!iv_store_load_set(j->store, &j->baselines.items[places[i]], j->arena, err)) {
            return false;
        }
    }
    return true;
}

/* What one side is to today's baselines of the POP. */
static bool find_status(struct judging *j, const struct iv_named *named, const struct iv_pop *pop,
                        enum iv_request_status *ret_status, struct iv_error *err)
{
    const struct iv_submission *s = &named->submission;
    struct iv_neighbours neighbours;
    struct iv_wspc wspc;
    if (is_baseline(named, pop)) {
        *ret_status = IV_REQUEST_BASELINE;
        return true;
    }
    iv_wspc_neighbours(j->baselines.items, j->baselines.count, s->number, j->arena, &neighbours);
    if (!load_sets(j, neighbours.older, neighbours.older_count, err) ||
        !load_sets(j, neighbours.newer, neighbours.newer_count, err) ||
        !load_sets(j, neighbours.same, neighbours.same_count, err)) {
        return false;
    }
    iv_wspc_judge(&s->set, j->baselines.items, &neighbours, false, j->arena, &wspc);
    *ret_status = wspc.status == IV_WSPC_COMPLIANT || wspc.status == IV_WSPC_FIRST
                      ? IV_REQUEST_COMPLIANT
                  : wspc.status == IV_WSPC_NOT_COMPLIANT ? IV_REQUEST_NOT_COMPLIANT
                                                         : IV_REQUEST_NOT_KNOWN;
    if (named->incomplete) {
        *ret_status = IV_REQUEST_NOT_KNOWN;
    }
    return true;
}

/* One POP: the status of both sides, the steps that fail, and the highest baseline between them. */
static bool look_up_pop(struct judging *j, struct iv_request_variant *variant, struct iv_error *err)
{
    if (!iv_store_baselines(j->store, &variant->pop, j->arena, &j->baselines, err) ||
        !find_status(j, j->source, &variant->pop, &variant->source, err) ||
        !find_status(j, j->target, &variant->pop, &variant->target, err)) {
        return false;
    }
    const struct iv_baseline *baselines = j->baselines.items;
    const size_t count = j->baselines.count;
    bool below_all = true;
    for (size_t i = 0; i < count; i++) {
        below_all =
            below_all && iv_version_compare(j->source->submission.number, baselines[i].number) < 0;
    }
    const struct iv_rfu_side source = {
        .version = j->source->submission.number,
        .set = j->source->submission.set,
        .baseline = variant->source == IV_REQUEST_BASELINE,
        .compliant = variant->source == IV_REQUEST_COMPLIANT,
    };
    const struct iv_rfu_side target = {
        .version = j->target->submission.number,
        .set = j->target->submission.set,
        .baseline = variant->target == IV_REQUEST_BASELINE,
        .compliant = variant->target == IV_REQUEST_COMPLIANT,
    };
    unsigned broken = iv_wspc_request(&source, &target, baselines, count, j->arena);
    if (variant->source == IV_REQUEST_NOT_KNOWN && !below_all) {
        /* Step 4 asks whether it is compliant: that it is not is nothing that was found. */
        broken &= ~(unsigned)(IV_RFU_SOURCE_NOT_BASELINE | IV_RFU_SOURCE_NOT_MIGRATABLE);
    }
    /* The way up of legacy firmware starts below all baselines: what was published is not known. */
    for (size_t i = 0; !below_all && i < count; i++) {
        if (iv_version_compare(baselines[i].number, source.version) > 0 &&
            iv_version_compare(baselines[i].number, target.version) < 0) {
            variant->between = &baselines[i]; /* they are sorted by version */
        }
    }
    variant->broken = broken;
    variant->below_all = below_all;
    variant->is_undecided =
        variant->source == IV_REQUEST_NOT_KNOWN || j->source->incomplete || j->target->incomplete;
    return true;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Whether the options leave this POP over. */
static bool is_wanted(const struct iv_pop *pop, const struct iv_request_options *options)
{
    return (options->oem == NULL || iv_ascii_ieq(options->oem, pop->oem)) &&
           (options->mobile_operator == NULL ||
            iv_ascii_ieq(options->mobile_operator, pop->mobile_operator)) &&
           (options->model == NULL || iv_ascii_ieq(options->model, pop->model));
}

/* The POPs of both sides that the options leave over. Both lists are sorted by POP, so they are
 * gone through side by side. */
static void find_shared(struct judging *j, const struct iv_request_options *options)
{
    const struct iv_submission *s = &j->source->submission;
    const struct iv_submission *t = &j->target->submission;
    j->request.variants = IV_NEW_ARRAY(j->arena, struct iv_request_variant, s->variant_count + 1);
    size_t k = 0;
    for (size_t i = 0; i < s->variant_count; i++) {
        while (k < t->variant_count &&
               iv_pop_compare(&t->variants[k].pop, &s->variants[i].pop) < 0) {
            k++;
        }
        if (k < t->variant_count && iv_pop_compare(&t->variants[k].pop, &s->variants[i].pop) == 0 &&
            is_wanted(&s->variants[i].pop, options)) {
            j->request.variants[j->request.variant_count++] = (struct iv_request_variant){
                .pop = s->variants[i].pop,
                .source = IV_REQUEST_NOT_KNOWN,
                .target = IV_REQUEST_NOT_KNOWN,
                .is_undecided = true,
            };
        }
    }
}

/* The first thing that was not read: what it says of version and phone is not known, whoever is to
 * blame. */
static const struct iv_fault *first_trouble(const struct iv_fault *faults, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (faults[i].kind == IV_FAULT_UNREADABLE || faults[i].kind == IV_FAULT_READER_DIED ||
            faults[i].kind == IV_FAULT_UNSUPPORTED || faults[i].kind == IV_FAULT_LIMIT) {
            return &faults[i];
        }
    }
    return NULL;
}

/* Of the whole side first, then package by package. */
static const struct iv_fault *find_trouble(const struct iv_submission *s)
{
    const struct iv_fault *found = first_trouble(s->faults, s->fault_count);
    for (size_t i = 0; i < s->package_count && found == NULL; i++) {
        found = first_trouble(s->packages[i].faults, s->packages[i].fault_count);
    }
    return found;
}

/* False with err set for a side that does not say its version or its POPs; `role` is source or
 * target. */
static bool refuse_nameless(const char *role, const struct iv_submission *s, struct iv_error *err)
{
    bool is_named = s->firmware_version_valid && s->variant_count > 0;
    const struct iv_fault *trouble = is_named ? NULL : find_trouble(s);
    if (trouble != NULL) {
        return iv_error_set(err, IV_ERROR_HALF_READ,
                            "%s %s: what it is for is not known, as part of it could not be read: "
                            "%s: %s",
                            role, s->path, trouble->path, trouble->detail);
    }
    if (!s->firmware_version_valid) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "%s %s: %s; an update is asked for between versions", role, s->path,
                            s->firmware_version == NULL ? "its firmware version is not known"
                                                        : "its firmware version is malformed");
    }
    if (s->variant_count == 0) {
        return iv_error_set(err, IV_ERROR_USAGE,
                            "%s %s: its manufacturer, operator and model are not all known", role,
                            s->path);
    }
    return true;
}

/* The verdict of each POP, from the findings about it. */
static void conclude_pop(const struct iv_request *request, enum iv_severity fail_on,
                         struct iv_request_variant *variant)
{
    variant->verdict = variant->is_undecided ? IV_VERDICT_INCOMPLETE : IV_VERDICT_PASS;
    for (size_t i = 0; i < request->finding_count; i++) {
        const struct iv_finding *finding = &request->findings[i];
        if (finding->variant == &variant->pop && !finding->waived && finding->severity >= fail_on) {
            variant->verdict = IV_VERDICT_FAIL;
        }
    }
}

/* The verdict of the request, and as the status of each side the worst of its POPs. */
static void conclude(const struct judging *j, const struct iv_judgement *judgement,
                     struct iv_request *ret_request)
{
    struct iv_request r = j->request;
    r.findings = judgement->findings;
    r.finding_count = judgement->finding_count;
    r.verdict = judgement->verdict;
    r.source.status = IV_REQUEST_BASELINE;
    r.target.status = IV_REQUEST_BASELINE;
    for (size_t i = 0; i < r.variant_count; i++) {
        struct iv_request_variant *v = &r.variants[i];
        conclude_pop(&r, j->scan->judging.fail_on, v);
        r.source.status = v->source > r.source.status ? v->source : r.source.status;
        r.target.status = v->target > r.target.status ? v->target : r.target.status;
        r.verdict = worse(r.verdict, v->verdict);
    }
    if (r.variant_count == 0) {
        r.source.status = IV_REQUEST_NOT_KNOWN;
        r.target.status = IV_REQUEST_NOT_KNOWN;
    }
    *ret_request = r;
}

/* False: the store is there and cannot be used. */
static bool open_store(struct judging *j, struct iv_store **ret_store, struct iv_error *err)
{
    struct iv_error absent = {0};
    if (j->scan->comparing.store_path == NULL) {
        return true;
    }
    if (iv_store_open(j->scan->comparing.store_path, IV_STORE_READ, ret_store, &absent)) {
        return true;
    }
    if (absent.code != IV_ERROR_ABSENT) {
        *err = absent;
        return false;
    }
    return true;
}

/* Without a store nothing is a baseline, and each POP stays undecided unless the rules find an
 * error in what both sides hold. What is lost between the sides is computed once: it is the same
 * for every POP. */
bool iv_request_judge(const struct iv_request_options *options,
                      const struct iv_scan_options *scan_options, struct iv_arena *arena,
                      struct iv_request *ret_request, struct iv_report *ret_report,
                      struct iv_error *err)
{
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct iv_judge judge IV_CLEANUP(iv_judge_close) = {0};
    const struct iv_named *source = options->source;
    const struct iv_named *target = options->target;
    struct judging j = {
        .source = source,
        .target = target,
        .scan = scan_options,
        .arena = arena,
        .request = {.tool_version = scan_options->run.tool_version,
                    .what_if = scan_options->judging.what_if,
                    .type = options->type,
                    .source = {.submission = &source->submission},
                    .target = {.submission = &target->submission}},
    };
    if (!refuse_nameless("source", &source->submission, err) ||
        !refuse_nameless("target", &target->submission, err) || !open_store(&j, &store, err) ||
        !iv_judge_open(scan_options, arena, &judge, err)) {
        return false;
    }
    j.store = store;
    j.request.has_store = store != NULL;
    j.request.lost_count = iv_set_missing(&target->submission.set, &source->submission.set, false,
                                          arena, &j.request.lost);
    find_shared(&j, options);
    for (size_t i = 0; store != NULL && i < j.request.variant_count; i++) {
        if (!look_up_pop(&j, &j.request.variants[i], err)) {
            return false;
        }
    }
    struct iv_judgement judgement;
    const struct iv_judged judged = {.submission = &target->submission, .request = &j.request};
    iv_engine_judge(judge.engine, &judged, &judge.options, arena, &judgement);
    conclude(&j, &judgement, ret_request);
    judgement.verdict = ret_request->verdict;
    *ret_report = iv_judge_report_of(scan_options, &target->submission, &judgement, arena);
    ret_request->report = ret_report;
    return true;
}
