#include "imgval/report/write/json_report.h"

#include "imgval/model/kinds.h"
#include "imgval/report/write/escape.h"

#include <string.h>

void iv_json_flush(struct iv_json *json, size_t keep, FILE *out)
{
    if (json->buf->size > keep) {
        (void)fwrite(json->buf->data, 1, json->buf->size, out);
        iv_buf_clear(json->buf);
    }
}

void iv_json_open_record(struct iv_json *json, const char *record)
{
    iv_json_open_object(json, NULL);
    iv_json_string(json, "record", record);
}

void iv_json_close_record(struct iv_json *json, FILE *out)
{
    iv_json_close_object(json);
    iv_buf_putc(json->buf, '\n');
    iv_json_flush(json, IV_JSON_FLUSH_SIZE, out);
}

void iv_json_report_tool(struct iv_json *json, const struct iv_report *report)
{
    iv_json_open_object(json, "tool");
    iv_json_string(json, "name", report->tool);
    iv_json_string(json, "version", report->tool_version);
    iv_json_close_object(json);
}

/* A value longer than the limit is cut; the same text cut twice stays the same. */
static void write_cut(struct iv_json *json, const char *name, const char *text)
{
    struct iv_buf scratch IV_CLEANUP(iv_buf_fini) = {0};
    iv_json_string(json, name, text == NULL ? NULL : iv_sink_cut(text, &scratch));
}

static void write_if(struct iv_json *json, const char *name, const char *text)
{
    if (text != NULL) {
        iv_json_string(json, name, text);
    }
}

void iv_json_report_policy(struct iv_json *json, const struct iv_report *report)
{
    if (report->what_if) {
        iv_json_bool(json, "what_if", true);
    }
    if (report->site_rule_count == 0) {
        return;
    }
    iv_json_open_array(json, "site_rules");
    for (size_t i = 0; i < report->site_rule_count; i++) {
        const struct iv_rule *rule = &report->site_rules[i];
        iv_json_open_object(json, NULL);
        iv_json_string(json, "id", rule->id);
        iv_json_string(json, "name", rule->name);
        iv_json_string(json, "severity", iv_severity_names[rule->severity]);
        iv_json_string(json, "subject", iv_subject_names[rule->subject]);
        iv_json_string(json, "summary", rule->summary);
        write_if(json, "why", rule->why);
        write_if(json, "remedy", rule->remedy);
        write_if(json, "passes", rule->passes);
        write_if(json, "fails", rule->fails);
        iv_json_close_object(json);
    }
    iv_json_close_array(json);
}

/* Microseconds: whole numbers read back as they were written. */
static void write_span(struct iv_json *json, const struct iv_span *span)
{
    iv_json_uint(json, "wall_us", span->wall / 1000);
    iv_json_uint(json, "cpu_us", span->cpu / 1000);
}

void iv_json_report_timings(struct iv_json *json, const struct iv_report *report)
{
    const struct iv_timings *timings = report->timings;
    if (timings == NULL) {
        return;
    }
    iv_json_open_object(json, "timings");
    iv_json_open_array(json, "stages");
    for (size_t i = 0; i < IV_STAGE_WRITE; i++) {
        iv_json_open_object(json, NULL);
        iv_json_string(json, "stage", iv_stage_names[i]);
        write_span(json, &timings->stages[i]);
        iv_json_close_object(json);
    }
    iv_json_close_array(json);
    iv_json_open_array(json, "rules");
    for (size_t i = 0; i < timings->rule_count; i++) {
        iv_json_open_object(json, NULL);
        iv_json_string(json, "id", timings->rules[i].rule->id);
        write_span(json, &timings->rules[i].span);
        iv_json_close_object(json);
    }
    iv_json_close_array(json);
    iv_json_close_object(json);
}

static void write_device(struct iv_json *json, const struct iv_device *device)
{
    iv_json_open_object(json, "device");
    for (size_t i = 0; i < device->value_count; i++) {
        const struct iv_datum *datum = &device->values[i];
        if (i == 0 || strcmp(device->values[i - 1].name, datum->name) != 0) {
            iv_json_open_array(json, datum->name);
        }
        iv_json_open_object(json, NULL);
        iv_json_string(json, "value", datum->value);
        iv_json_string(json, "source", datum->source);
        iv_json_string(json, "rank", iv_rank_names[datum->rank]);
        write_if(json, "group", datum->group);
        iv_json_close_object(json);
        if (i + 1 == device->value_count || strcmp(device->values[i + 1].name, datum->name) != 0) {
            iv_json_close_array(json);
        }
    }
    iv_json_close_object(json);
}

static void write_baseline(struct iv_json *json, const char *name,
                           const struct iv_baseline *baseline, bool with_origin)
{
    if (baseline == NULL) {
        iv_json_null(json, name);
        return;
    }
    iv_json_open_object(json, name);
    iv_json_string(json, "id", baseline->id);
    iv_json_string(json, "version", baseline->firmware_version);
    if (with_origin) {
        iv_json_bool(json, "imported", baseline->imported);
    }
    iv_json_close_object(json);
}

static void write_pop(struct iv_json *json, const struct iv_pop *pop)
{
    iv_json_string(json, "oem", pop->oem);
    iv_json_string(json, "operator", pop->mobile_operator);
    iv_json_string(json, "model", pop->model);
}

/* Where a package stands, in this order. */
static void write_difference(struct iv_json *json, const struct iv_wspc_difference *difference)
{
    const char *where[4];
    size_t count = 0;
    for (unsigned i = IV_OLDER; i <= IV_SAME; i++) {
        if ((difference->in & 1u << i) != 0) {
            where[count++] = iv_direction_names[i];
        }
    }
    if ((difference->in & IV_IN_SUBMISSION) != 0) {
        where[count++] = IV_JSON_IN_SUBMISSION;
    }
    iv_json_open_object(json, NULL);
    iv_json_string(json, "package", difference->name);
    iv_json_strings(json, "in", where, count);
    iv_json_close_object(json);
}

static void write_differences(struct iv_json *json, const struct iv_wspc *wspc)
{
    if (wspc->difference_count == 0) {
        return;
    }
    iv_json_open_array(json, "differences");
    for (size_t i = 0; i < wspc->difference_count; i++) {
        write_difference(json, &wspc->differences[i]);
    }
    iv_json_close_array(json);
}

static void write_variants(struct iv_json *json, const struct iv_submission *submission)
{
    iv_json_open_array(json, "variants");
    for (size_t i = 0; i < submission->variant_count; i++) {
        const struct iv_variant *variant = &submission->variants[i];
        iv_json_open_object(json, NULL);
        write_pop(json, &variant->pop);
        iv_json_string(json, "wspc", iv_wspc_status_names[variant->wspc.status]);
        write_baseline(json, "older", variant->wspc.older, true);
        write_baseline(json, "newer", variant->wspc.newer, true);
        write_baseline(json, "same", variant->wspc.same, true);
        write_differences(json, &variant->wspc);
        iv_json_close_object(json);
    }
    iv_json_close_array(json);
}

static void write_side_files(struct iv_json *json, const struct iv_submission *submission)
{
    if (submission->history.present) {
        iv_json_open_object(json, "history");
        iv_json_fields(json, &iv_history_struct, &submission->history, IV_FIELD_REPORT);
        iv_json_close_object(json);
    }
    if (submission->oem_input.present) {
        iv_json_open_object(json, "oem_input");
        iv_json_fields(json, &iv_oem_input_struct, &submission->oem_input, IV_FIELD_REPORT);
        iv_json_close_object(json);
    }
    if (submission->image.present) {
        iv_json_open_object(json, "image");
        iv_json_fields(json, &iv_image_struct, &submission->image, IV_FIELD_REPORT);
        iv_json_close_object(json);
    }
}

void iv_json_report_head(struct iv_json *json, const struct iv_report_entry *entry)
{
    const struct iv_submission *submission = entry->submission;
    iv_json_string(json, "path", submission->path);
    iv_json_string(json, "kind", iv_kind_names[submission->kind]);
    iv_json_string(json, "type", iv_submission_type_names[submission->type]);
    iv_json_bool(json, "type_by_default", submission->type_by_default);
    iv_json_bool(json, "context_free", submission->context_free);
    iv_json_bool(json, "baseline", submission->baseline);
    iv_json_bool(json, "no_wspc", submission->no_wspc);
    iv_json_bool(json, "all_owners", submission->all_owners);
    iv_json_string(json, "id", submission->id);
    iv_json_string(json, "verdict", iv_final_verdict_names[entry->judgement.verdict]);
    iv_json_string(json, "firmware_version", submission->firmware_version);
    write_device(json, &submission->device);
    write_side_files(json, submission);
    write_variants(json, submission);
}

static void write_names(struct iv_json *json, const struct iv_finding *finding)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    const char **names = IV_NEW_ARRAY(&arena, const char *, finding->package_count + 1);
    for (size_t i = 0; i < finding->package_count; i++) {
        names[i] = finding->packages[i]->name;
    }
    iv_json_strings(json, "packages", names, finding->package_count);
}

void iv_json_report_finding(struct iv_json *json, const struct iv_finding *finding)
{
    iv_json_string(json, "id", finding->rule->id);
    iv_json_string(json, "name", finding->rule->name);
    iv_json_string(json, "severity", iv_severity_names[finding->severity]);
    if (finding->severity_by_policy) {
        iv_json_bool(json, "severity_by_policy", true);
    }
    iv_json_bool(json, "incomplete", finding->incomplete);
    iv_json_bool(json, "waived", finding->waived);
    if (finding->waiver != NULL) {
        iv_json_string(json, "reason", finding->waiver->reason);
        iv_json_string(json, "owner", finding->waiver->owner);
        iv_json_string(json, "expires", finding->waiver->expires);
    }
    write_cut(json, "message", finding->message);
    write_cut(json, "remedy", finding->remedy);
    write_if(json, "package", finding->package);
    write_if(json, "key", finding->key);
    write_if(json, "path", finding->path);
    write_if(json, "member", finding->member);
    if (finding->line != 0) {
        iv_json_uint(json, "line", finding->line);
    }
    write_if(json, "field", finding->field);
    if (finding->field != NULL || finding->actual != NULL) {
        write_cut(json, "actual", finding->actual);
    }
    if (finding->expected != NULL) {
        write_cut(json, "expected", finding->expected);
    }
    if (finding->variant != NULL) {
        iv_json_open_object(json, "variant");
        write_pop(json, finding->variant);
        iv_json_close_object(json);
    }
    if (finding->has_packages) {
        write_names(json, finding);
    }
    if (finding->baseline != NULL) {
        write_baseline(json, "baseline", finding->baseline, false);
    }
    if (finding->direction != NULL) {
        iv_json_string(json, "direction", iv_direction_names[*finding->direction]);
    }
    iv_json_string(json, "fingerprint", finding->fingerprint);
}

static void write_counts(struct iv_json *json, const struct iv_counts *counts)
{
    iv_json_open_object(json, "counts");
    iv_json_uint(json, "packages", counts->packages);
    iv_json_uint(json, "error", counts->error);
    iv_json_uint(json, "warning", counts->warning);
    iv_json_uint(json, "note", counts->note);
    iv_json_uint(json, "waived", counts->waived);
    iv_json_uint(json, "unreadable", counts->unreadable);
    iv_json_close_object(json);
}

void iv_json_report_tail(struct iv_json *json, const struct iv_report_entry *entry)
{
    iv_json_open_array(json, "outcomes");
    for (size_t i = 0; i < entry->judgement.outcome_count; i++) {
        const struct iv_rule_outcome *outcome = &entry->judgement.outcomes[i];
        iv_json_open_object(json, NULL);
        iv_json_string(json, "id", outcome->rule->id);
        iv_json_string(json, "outcome", iv_outcome_names[outcome->outcome]);
        iv_json_uint(json, "subjects", outcome->subjects);
        iv_json_close_object(json);
    }
    iv_json_close_array(json);
    write_counts(json, &entry->judgement.counts);
}
