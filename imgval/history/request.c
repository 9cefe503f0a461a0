#include "imgval/history/request.h"

#include "cache/store.h"
#include "imgval/base/text.h"
#include "imgval/version.h"
#include "rules/rules.h"
#include "rules/wording.h"

#include <string.h>

enum { FINDINGS_PER_POP = 6 };

/* One request in the making. */
struct judging {
    const struct iv_named *source;
    const struct iv_named *target;
    const struct iv_scan_options *scan;
    struct iv_store *store; /* NULL: there is none */
    struct iv_arena *arena;
    struct iv_request request;
};

static enum iv_final_verdict worse(enum iv_final_verdict a, enum iv_final_verdict b)
{
    return a > b ? a : b;
}

/* ---- findings -------------------------------------------------------------------------------- */

static void add_finding(struct judging *j, const char *id, const struct iv_pop *pop,
                        const char *message)
{
    const struct iv_rule *rule = iv_rules_find(id);
    bool always_error = strcmp(id, "RFU005") == 0;
    struct iv_finding *finding = &j->request.findings[j->request.finding_count++];
    *finding = (struct iv_finding){
        .rule = rule,
        .severity = j->request.type == IV_REQUEST_TRIAL && !always_error && !rule->incomplete
                        ? IV_WARNING
                        : rule->severity,
        .incomplete = rule->incomplete,
        .message = message,
        .remedy = rule->remedy,
        .path = j->request.target.submission->path,
        .variant = pop,
    };
    finding->fingerprint = iv_finding_fingerprint(finding, j->arena);
}

/* The document's text for this type of request, its holes filled, and our sentence behind it. */
static const char *fill(const struct judging *j, const char *id, const char *const *arguments,
                        size_t count)
{
    const struct iv_rule *rule = iv_rules_find(id);
    bool trial = j->request.type == IV_REQUEST_TRIAL && rule->subject == IV_SUBJECT_REQUEST &&
                 rule->alias[0] != NULL;
    const char *text =
        iv_rules_fill(j->arena, trial ? rule->alias[0] : rule->message, arguments, count);
    return rule->argument == NULL ? text : iv_arena_printf(j->arena, "%s %s", text, rule->argument);
}

static const char *side_name(const struct judging *j, const struct iv_submission *s)
{
    const struct iv_baseline as_baseline = {.id = s->id, .firmware_version = s->firmware_version};
    return iv_rules_baseline_name(j->arena, &as_baseline);
}

static void add_not_baseline(struct judging *j, const struct iv_request_variant *variant)
{
    const char *const sides[] = {
        IMGVAL_VERSION,
        j->target->submission.id,
        iv_request_status_names[variant->target],
        j->source->submission.id,
        iv_request_status_names[variant->source],
    };
    bool trial = j->request.type == IV_REQUEST_TRIAL; /* its text has no version in front */
    add_finding(j, "RFU001", &variant->pop,
                fill(j, "RFU001", trial ? sides + 1 : sides, trial ? 4 : 5));
}

static void add_not_migratable(struct judging *j, const struct iv_request_variant *variant,
                               bool below_all)
{
    const struct iv_package **missing;
    size_t count = iv_set_missing(&j->target->submission.set, &j->source->submission.set, false,
                                  j->arena, &missing);
    const char *why = below_all ? iv_arena_printf(j->arena, "the target lacks its packages %s",
                                                  iv_rules_names(j->arena, missing, count))
                                : "its version is not below every baseline of the POP";
    const char *const arguments[] = {side_name(j, &j->source->submission),
                                     side_name(j, &j->target->submission), why};
    add_finding(j, "RFU004", &variant->pop, fill(j, "RFU004", arguments, IV_COUNT(arguments)));
}

static void add_lacking(struct judging *j, const struct iv_request_variant *variant)
{
    const struct iv_package **missing;
    size_t count = iv_set_missing(&j->target->submission.set, &j->source->submission.set, false,
                                  j->arena, &missing);
    const char *const arguments[] = {iv_rules_names(j->arena, missing, count),
                                     side_name(j, &j->target->submission)};
    add_finding(j, "RFU006", &variant->pop, fill(j, "RFU006", arguments, IV_COUNT(arguments)));
    struct iv_finding *finding = &j->request.findings[j->request.finding_count - 1];
    finding->packages = missing;
    finding->package_count = count;
    finding->has_packages = true;
    struct iv_baseline *source = IV_NEW(j->arena, struct iv_baseline);
    *source = (struct iv_baseline){.id = j->source->submission.id,
                                   .firmware_version = j->source->submission.firmware_version};
    finding->baseline = source;
    static const enum iv_direction older = IV_OLDER;
    finding->direction = &older;
}

/* ---- one POP --------------------------------------------------------------------------------- */

static bool is_baseline(const struct iv_named *named, const struct iv_pop *pop)
{
    for (size_t i = 0; named->recorded && i < named->record.pop_count; i++) {
        if (iv_pop_compare(&named->record.pops[i].pop, pop) == 0) {
            return named->record.pops[i].baseline;
        }
    }
    return false;
}

static bool load_sets(struct judging *j, struct iv_baseline *baselines, const size_t *places,
                      size_t count, struct iv_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!iv_store_load_set(j->store, &baselines[places[i]], j->arena, err)) {
            return false;
        }
    }
    return true;
}

/* What one side is to today's baselines of the POP. */
static bool find_status(struct judging *j, const struct iv_named *named, const struct iv_pop *pop,
                        struct iv_baseline *baselines, size_t count,
                        enum iv_request_status *ret_status, struct iv_error *err)
{
    const struct iv_submission *s = &named->submission;
    struct iv_neighbours neighbours;
    struct iv_wspc wspc;
    if (is_baseline(named, pop)) {
        *ret_status = IV_REQUEST_BASELINE;
        return true;
    }
    iv_wspc_neighbours(baselines, count, s->number, j->arena, &neighbours);
    if (!load_sets(j, baselines, neighbours.older, neighbours.older_count, err) ||
        !load_sets(j, baselines, neighbours.newer, neighbours.newer_count, err) ||
        !load_sets(j, baselines, neighbours.same, neighbours.same_count, err)) {
        return false;
    }
    iv_wspc_judge(&s->set, baselines, &neighbours, false, j->arena, &wspc);
    *ret_status = wspc.status == IV_WSPC_COMPLIANT || wspc.status == IV_WSPC_FIRST
                      ? IV_REQUEST_COMPLIANT
                  : wspc.status == IV_WSPC_NOT_COMPLIANT ? IV_REQUEST_NOT_COMPLIANT
                                                         : IV_REQUEST_NOT_KNOWN;
    if (named->incomplete) {
        *ret_status = IV_REQUEST_NOT_KNOWN;
    }
    return true;
}

/* The findings of one POP in the order of contract 5. */
static void add_findings(struct judging *j, const struct iv_request_variant *variant,
                         unsigned broken, bool below_all)
{
    if ((broken & IV_RFU_TARGET_NOT_BASELINE) != 0) {
        add_not_baseline(j, variant);
    }
    if ((broken & IV_RFU_SOURCE_NOT_BASELINE) != 0) {
        const char *const arguments[] = {IMGVAL_VERSION};
        add_finding(j, "RFU002", &variant->pop, fill(j, "RFU002", arguments, 1));
    }
    if ((broken & IV_RFU_SOURCE_NOT_MIGRATABLE) != 0) {
        add_not_migratable(j, variant, below_all);
    }
    if ((broken & IV_RFU_TARGET_NOT_NEWER) != 0) {
        const char *const arguments[] = {j->target->submission.firmware_version,
                                         j->source->submission.firmware_version};
        add_finding(j, "RFU003", &variant->pop, fill(j, "RFU003", arguments, 2));
    }
    if ((broken & IV_RFU_TARGET_LACKS_PACKAGES) != 0) {
        add_lacking(j, variant);
    }
}

static bool judge_pop(struct judging *j, struct iv_request_variant *variant, struct iv_error *err)
{
    struct iv_baseline *baselines;
    size_t count;
    int64_t touched;
    if (!iv_store_baselines(j->store, &variant->pop, j->arena, &baselines, &count, &touched, err) ||
        !find_status(j, j->source, &variant->pop, baselines, count, &variant->source, err) ||
        !find_status(j, j->target, &variant->pop, baselines, count, &variant->target, err)) {
        return false;
    }
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
    size_t before = j->request.finding_count;
    add_findings(j, variant, broken, below_all);
    variant->verdict =
        variant->source == IV_REQUEST_NOT_KNOWN || j->source->incomplete || j->target->incomplete
            ? IV_VERDICT_INCOMPLETE
            : IV_VERDICT_PASS;
    for (size_t i = before; i < j->request.finding_count; i++) {
        if (j->request.findings[i].severity == IV_ERROR) {
            variant->verdict = IV_VERDICT_FAIL;
        }
    }
    return true;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool is_wanted(const struct iv_pop *pop, const struct iv_request_options *options)
{
    return (options->oem == NULL || iv_ascii_ieq(options->oem, pop->oem)) &&
           (options->mobile_operator == NULL ||
            iv_ascii_ieq(options->mobile_operator, pop->mobile_operator)) &&
           (options->model == NULL || iv_ascii_ieq(options->model, pop->model));
}

/* Both lists are sorted by POP. */
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
                .verdict = IV_VERDICT_INCOMPLETE,
            };
        }
    }
}

static bool refuse_nameless(const char *role, const struct iv_submission *s, struct iv_error *err)
{
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

static void conclude(struct judging *j)
{
    struct iv_request *r = &j->request;
    r->source.status = IV_REQUEST_BASELINE;
    r->target.status = IV_REQUEST_BASELINE;
    r->verdict = IV_VERDICT_PASS;
    for (size_t i = 0; i < r->variant_count; i++) {
        const struct iv_request_variant *v = &r->variants[i];
        r->source.status = v->source > r->source.status ? v->source : r->source.status;
        r->target.status = v->target > r->target.status ? v->target : r->target.status;
        r->verdict = worse(r->verdict, v->verdict);
    }
    for (size_t i = 0; i < r->finding_count; i++) {
        r->verdict = worse(r->verdict, r->findings[i].severity == IV_ERROR ? IV_VERDICT_FAIL
                                       : r->findings[i].incomplete         ? IV_VERDICT_INCOMPLETE
                                                                           : IV_VERDICT_PASS);
    }
    if (r->variant_count == 0) {
        r->source.status = IV_REQUEST_NOT_KNOWN;
        r->target.status = IV_REQUEST_NOT_KNOWN;
    }
}

/* False: the store is there and cannot be used. */
static bool open_store(struct judging *j, struct iv_store **ret_store, struct iv_error *err)
{
    struct iv_error absent = {0};
    if (j->scan->store_path == NULL) {
        return true;
    }
    if (iv_store_open(j->scan->store_path, IV_STORE_READ, ret_store, &absent)) {
        return true;
    }
    if (absent.code != IV_ERROR_ABSENT) {
        *err = absent;
        return false;
    }
    return true;
}

bool iv_request_judge(const struct iv_named *source, const struct iv_named *target,
                      const struct iv_request_options *options,
                      const struct iv_scan_options *scan_options, struct iv_arena *arena,
                      struct iv_request *ret_request, struct iv_error *err)
{
    struct iv_store *store IV_CLEANUP(iv_store_close) = NULL;
    struct judging j = {
        .source = source,
        .target = target,
        .scan = scan_options,
        .arena = arena,
        .request = {.tool_version = scan_options->tool_version,
                    .type = options->type,
                    .source = {.submission = &source->submission},
                    .target = {.submission = &target->submission}},
    };
    if (!refuse_nameless("source", &source->submission, err) ||
        !refuse_nameless("target", &target->submission, err) || !open_store(&j, &store, err)) {
        return false;
    }
    j.store = store;
    find_shared(&j, options);
    j.request.findings =
        IV_NEW_ARRAY(arena, struct iv_finding, (j.request.variant_count + 1) * FINDINGS_PER_POP);
    if (j.request.variant_count == 0) {
        const char *const names[] = {side_name(&j, &source->submission),
                                     side_name(&j, &target->submission)};
        add_finding(&j, "RFU005", NULL, fill(&j, "RFU005", names, IV_COUNT(names)));
    } else if (store == NULL) {
        add_finding(&j, "WSPC006", NULL, fill(&j, "WSPC006", NULL, 0));
    }
    for (size_t i = 0; store != NULL && i < j.request.variant_count; i++) {
        if (!judge_pop(&j, &j.request.variants[i], err)) {
            return false;
        }
    }
    conclude(&j);
    *ret_request = j.request;
    return true;
}
