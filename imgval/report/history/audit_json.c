/*
 * An audit as one JSON document; versions are named by their places in `versions`.
 *
 * The model keeps names and packages in a pool, by number; here they are written out. The buffer is
 * flushed after each element of a list, and what a step needs is in an arena of its own, so that
 * memory does not grow with the history.
 */
#include "imgval/report/history/audit_report.h"

#include "imgval/model/kinds.h"
#include "imgval/report/history/delta_report.h"
#include "imgval/report/write/json_report.h"

enum { FLUSH_SIZE = 64 * 1024 };

/* What every list of the document is written with. */
struct writer {
    struct iv_json *json;
    const struct iv_audit *audit;
    const struct iv_audit_variant *variant;
    FILE *out;
    bool all; /* -v: changes of version alone too */
};

/* A package by what names it, from the texts of the pool. */
static void write_package(const struct writer *w, const struct iv_pool_package *state)
{
    const struct iv_pool *pool = &w->audit->pool;
    iv_json_string(w->json, "name",
                   state->name != 0 ? pool->texts[state->name - 1] : pool->texts[state->key]);
    iv_json_string(w->json, "key", pool->texts[state->key]);
}

/* `number`: of a text of the pool + 1; 0: NULL. */
static const char *text_of(const struct writer *w, uint32_t number)
{
    return number == 0 ? NULL : w->audit->pool.texts[number - 1];
}

/* `version`: its place + 1; 0: null. */
static void write_place(struct iv_json *json, const char *name, uint32_t version)
{
    if (version != 0) {
        iv_json_uint(json, name, version - 1);
    } else {
        iv_json_null(json, name);
    }
}

/* All that is known of a version, also where it was not judged. */
static void write_version(const struct writer *w, const struct iv_audit_version *version)
{
    static const char *const states[] = {[IV_AUDIT_JUDGED] = "judged",
                                         [IV_AUDIT_NOT_JUDGED] = "not-judged",
                                         [IV_AUDIT_TWIN] = "twin"};
    struct iv_json *json = w->json;
    const struct iv_audit_source *source = version->source;
    const struct iv_pool_set *set = &w->audit->pool.sets[source->set];
    iv_json_open_object(json, NULL);
    iv_json_string(json, "version", source->firmware_version);
    iv_json_string(json, "path", source->path);
    iv_json_strings(json, "copies", source->copies, source->copy_count);
    iv_json_string(json, "kind", iv_kind_names[source->kind]);
    iv_json_string(json, "id", source->id);
    iv_json_bool(json, "baseline", source->baseline);
    iv_json_string(json, "state", states[version->state]);
    iv_json_string(json, "reason", version->reason);
    iv_json_bool(json, "in_full", version->in_full);
    iv_json_string(json, "doubt", source->doubt);
    iv_json_uint(json, "packages", set->count);
    iv_json_uint(json, "firmware_packages", set->firmware);
    iv_json_uint(json, "empty_packages", set->empty);
    iv_json_uint(json, "unreadable_packages", source->unreadable);
    iv_json_uint(json, "size", set->total_size);
    write_place(json, "out_of_order_after", version->came_after);
    write_place(json, "out_of_order_before", version->came_before);
    if (version->point != 0 && w->variant->has_matrix) {
        iv_json_uint(json, "targets", w->variant->matrix.targets[version->point - 1]);
        iv_json_uint(json, "sources", w->variant->matrix.sources[version->point - 1]);
    } else {
        iv_json_null(json, "targets");
        iv_json_null(json, "sources");
    }
    iv_json_bool(json, "in_largest_baseline_set", version->in_longest);
    iv_json_uint(json, "empty_packages_needed",
                 version->chain == 0 ? 0 : w->variant->fixes.needed[version->chain - 1]);
    iv_json_close_object(json);
    iv_json_flush(json, FLUSH_SIZE, w->out);
}

/* A package on both sides of a step; null: not there on that side. */
static void write_change(const struct writer *w, const struct iv_change *change)
{
    const struct iv_package *one = iv_delta_either(change);
    const char *words[IV_CHANGE_KINDS];
    const size_t count = iv_delta_words(change, words);
    iv_json_open_object(w->json, NULL);
    iv_json_string(w->json, "name", iv_package_shown_name(one));
    iv_json_string(w->json, "key", one->key);
    iv_json_strings(w->json, "what", words, count);
    iv_json_string(w->json, "renamed",
                   change->other == NULL ? NULL : iv_package_shown_name(change->other));
    iv_json_string(w->json, "before", change->before == NULL ? NULL : change->before->version);
    iv_json_string(w->json, "after", change->after == NULL ? NULL : change->after->version);
    iv_json_close_object(w->json);
    iv_json_flush(w->json, FLUSH_SIZE, w->out);
}

/* The changes of a step are not kept in the audit; they are computed here, for one step at a time.
 * A change of version alone is what every step is full of: it needs -v. */
static void write_step(const struct writer *w, const struct iv_audit_step *step)
{
    struct iv_json *json = w->json;
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    struct iv_delta delta;
    uint32_t *missing;
    size_t missing_count = iv_audit_step_missing(w->audit, w->variant, step, &scratch, &missing);
    iv_audit_step_delta(w->audit, w->variant, step, &scratch, &delta);
    const char **names = IV_NEW_ARRAY(&scratch, const char *, missing_count + 1);
    for (size_t i = 0; i < missing_count; i++) {
        names[i] = iv_audit_package_name(w->audit, missing[i]);
    }
    iv_json_open_object(json, NULL);
    iv_json_uint(json, "from", step->from);
    iv_json_uint(json, "to", step->to);
    iv_json_bool(json, "compliant", step->missing == 0);
    iv_json_strings(json, "missing", names, missing_count);

    iv_json_open_object(json, "counts");
    for (size_t i = 0; i < IV_CHANGE_KINDS; i++) {
        iv_json_uint(json, iv_change_names[i], step->counts[i]);
    }
    iv_json_uint(json, "renamed", step->renamed);
    iv_json_uint(json, "same", step->same);
    iv_json_close_object(json);
    iv_json_open_array(json, "changes");
    for (size_t i = 0; i < delta.count; i++) {
        if (w->all || delta.changes[i].what != IV_CHANGE_VERSION_UP) {
            write_change(w, &delta.changes[i]);
        }
    }
    iv_json_close_array(json);
    iv_json_close_object(json);
    iv_json_flush(json, FLUSH_SIZE, w->out);
}

/* Pairs are counted, and only the first that are broken are listed: all of them are in the matrix
 * file. */
static void write_matrix(const struct writer *w)
{
    struct iv_json *json = w->json;
    const struct iv_matrix *matrix = &w->variant->matrix;
    if (!w->variant->has_matrix) {
        iv_json_null(json, "matrix");
        iv_json_null(json, "largest_baseline_set");
        return;
    }
    iv_json_open_object(json, "matrix");
    iv_json_uint(json, "pairs", matrix->pairs);
    iv_json_uint(json, "serviceable", matrix->reachable);
    iv_json_uint(json, "broken", matrix->pairs - matrix->reachable);
    iv_json_open_array(json, "first_broken");
    for (size_t i = 0; i < matrix->broken_count; i++) {
        const struct iv_matrix_pair *pair = &matrix->broken[i];
        iv_json_open_object(json, NULL);
        iv_json_uint(json, "source", w->variant->points[pair->source]);
        iv_json_uint(json, "target", w->variant->points[pair->target]);
        iv_json_uint(json, "missing", pair->missing);
        iv_json_close_object(json);
    }
    iv_json_close_array(json);
    iv_json_close_object(json);
    iv_json_open_array(json, "largest_baseline_set");
    for (size_t i = 0; i < matrix->longest_count; i++) {
        iv_json_uint(json, NULL, w->variant->points[matrix->longest[i]]);
        iv_json_flush(json, FLUSH_SIZE, w->out);
    }
    iv_json_close_array(json);
}

/* Empty packages that fix every break, each with the versions that need it: places in `versions`,
 * although spans count along the chain of versions that are compared. */
static void write_fixes(const struct writer *w)
{
    struct iv_json *json = w->json;
    const struct iv_fixes *fixes = &w->variant->fixes;
    iv_json_open_object(json, "mends");
    iv_json_uint(json, "total", fixes->total);
    iv_json_open_array(json, "packages");
    for (size_t i = 0; i < fixes->count; i++) {
        const struct iv_fix_span *span = &fixes->spans[i];
        const struct iv_pool_package *state = &w->audit->pool.packages[span->package];
        iv_json_open_object(json, NULL);
        write_package(w, state);
        iv_json_string(json, "partition", text_of(w, state->partition));
        iv_json_uint(json, "first", w->variant->chain[span->first]);
        iv_json_uint(json, "last", w->variant->chain[span->last]);
        iv_json_uint(json, "versions", (uint64_t)span->last - span->first + 1);
        iv_json_close_object(json);
        iv_json_flush(json, FLUSH_SIZE, w->out);
    }
    iv_json_close_array(json);
    iv_json_close_object(json);
}

/* Groups of packages for feature merge, and the empty packages that the last version holds. */
static void write_advice(const struct writer *w)
{
    struct iv_json *json = w->json;
    const struct iv_pool *pool = &w->audit->pool;
    iv_json_open_array(json, "merge_candidates");
    for (size_t g = 0; g < w->variant->groups.count; g++) {
        const struct iv_merge_group *group = &w->variant->groups.groups[g];
        const struct iv_pool_package *first = &pool->packages[group->packages[0]];
        iv_json_open_object(json, NULL);
        iv_json_string(json, "partition", text_of(w, first->partition));
        iv_json_string(json, "owner", text_of(w, first->owner));
        iv_json_open_array(json, "packages");
        for (size_t i = 0; i < group->count; i++) {
            iv_json_open_object(json, NULL);
            write_package(w, &pool->packages[group->packages[i]]);
            iv_json_close_object(json);
        }
        iv_json_close_array(json);
        iv_json_close_object(json);
        iv_json_flush(json, FLUSH_SIZE, w->out);
    }
    iv_json_close_array(json);

    iv_json_open_array(json, "empty_packages");
    size_t last = w->variant->chain_count;
    const struct iv_pool_set *set =
        last == 0 ? NULL
                  : &pool->sets[w->variant->versions[w->variant->chain[last - 1]].source->set];
    for (uint32_t i = 0; set != NULL && i < set->count; i++) {
        const struct iv_pool_package *state = &pool->packages[set->items[i]];
        if (state->empty) {
            iv_json_open_object(json, NULL);
            write_package(w, state);
            iv_json_close_object(json);
        }
    }
    iv_json_close_array(json);
}

/* A variant by itself: places in it count along its own `versions`. */
static void write_variant(const struct writer *w)
{
    struct iv_json *json = w->json;
    const struct iv_audit_variant *variant = w->variant;
    const struct iv_audit_step *broken = iv_audit_first_break(variant);
    iv_json_open_object(json, NULL);
    iv_json_string(json, "oem", variant->pop.oem);
    iv_json_string(json, "operator", variant->pop.mobile_operator);
    iv_json_string(json, "model", variant->pop.model);
    iv_json_open_object(json, "counts");
    iv_json_uint(json, "versions", variant->version_count);
    iv_json_uint(json, "not_judged", variant->not_judged);
    iv_json_uint(json, "steps", variant->step_count);
    iv_json_uint(json, "broken", variant->broken);
    iv_json_uint(json, "out_of_order", variant->out_of_order);
    iv_json_uint(json, "changed_content", variant->changed.count);
    iv_json_close_object(json);

    if (broken == NULL) {
        iv_json_null(json, "first_break");
    } else {
        iv_json_uint(json, "first_break", broken->to);
    }

    iv_json_open_array(json, "versions");
    for (size_t i = 0; i < variant->version_count; i++) {
        write_version(w, &variant->versions[i]);
    }
    iv_json_close_array(json);

    iv_json_open_array(json, "steps");
    for (size_t i = 0; i < variant->step_count; i++) {
        write_step(w, &variant->steps[i]);
    }
    iv_json_close_array(json);
    write_matrix(w);
    write_fixes(w);
    write_advice(w);
    iv_json_close_object(json);
}

/* What stands in no variant, as its version or its POP is not known. */
static void write_unjudged(const struct writer *w)
{
    struct iv_json *json = w->json;
    iv_json_open_array(json, "unjudged");
    for (size_t i = 0; i < w->audit->unjudged_count; i++) {
        const struct iv_audit_source *source = w->audit->unjudged[i];
        iv_json_open_object(json, NULL);
        iv_json_string(json, "path", source->path);
        iv_json_strings(json, "copies", source->copies, source->copy_count);
        iv_json_string(json, "id", source->id);
        iv_json_string(json, "firmware_version", source->firmware_version);
        iv_json_string(json, "reason", source->reason);
        iv_json_close_object(json);
        iv_json_flush(json, FLUSH_SIZE, w->out);
    }
    iv_json_close_array(json);
}

/* The sets of counts.not_judged, each with what is missing of its judgement. */
static void write_gaps(const struct writer *w)
{
    struct iv_json *json = w->json;
    iv_json_open_array(json, "not_in_full");
    for (size_t i = 0; i < w->audit->source_count; i++) {
        const struct iv_audit_source *source = &w->audit->sources[i];
        if (!source->is_copy && source->gap != NULL) {
            iv_json_open_object(json, NULL);
            iv_json_string(json, "path", source->path);
            iv_json_string(json, "reason", source->gap);
            iv_json_close_object(json);
            iv_json_flush(json, FLUSH_SIZE, w->out);
        }
    }
    iv_json_close_array(json);
}

/* A copy is the same set at another path; it is read and judged once. */
static void write_counts(struct iv_json *json, const struct iv_audit *audit)
{
    size_t copies = 0;
    for (size_t i = 0; i < audit->source_count; i++) {
        copies += audit->sources[i].is_copy ? 1 : 0;
    }
    iv_json_open_object(json, "counts");
    iv_json_uint(json, "submissions", audit->source_count - copies);
    iv_json_uint(json, "copies", copies);
    iv_json_uint(json, "not_judged", audit->not_judged);
    iv_json_uint(json, "variants", audit->variant_count);
    iv_json_uint(json, "broken", audit->broken);
    iv_json_uint(json, "findings", audit->finding_count);
    iv_json_close_object(json);
}

void iv_audit_write_json(const struct iv_audit *audit, const struct iv_style_options *style,
                         FILE *out)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json json = iv_json(&buf, true);
    struct writer w = {.json = &json, .audit = audit, .out = out, .all = style->verbose > 0};
    iv_json_open_object(&json, NULL);
    iv_json_head(&json, IV_JSON_AUDIT_SCHEMA, audit->tool_version);
    iv_json_string(&json, "verdict", iv_final_verdict_names[audit->verdict]);
    iv_json_string(&json, "fail_on", iv_severity_names[audit->fail_on]);
    if (audit->what_if) {
        iv_json_bool(&json, "what_if", true);
    }

    write_counts(&json, audit);
    iv_json_open_array(&json, "variants");
    for (size_t i = 0; i < audit->variant_count; i++) {
        w.variant = &audit->variants[i];
        write_variant(&w);
    }
    iv_json_close_array(&json);
    write_unjudged(&w);
    write_gaps(&w);
    iv_json_open_array(&json, "findings");
    for (size_t i = 0; i < audit->finding_count; i++) {
        iv_json_open_object(&json, NULL);
        iv_json_report_finding(&json, &audit->findings[i]);
        iv_json_close_object(&json);
        iv_json_flush(&json, FLUSH_SIZE, out);
    }
    iv_json_close_array(&json);
    iv_json_close_object(&json);
    iv_buf_putc(&buf, '\n');
    iv_json_flush(&json, 0, out);
}
