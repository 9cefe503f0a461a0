/*
 * The parts of a report as JSON members: by the field tables, and what no table says. The document
 * (sink_json.c) and the stream (sink_jsonl.c) are put together from these, and report_read.c reads
 * them back: a member that is added here is added there, and in the schema.
 */
#include "imgval/report/write/json_report.h"

#include <string.h>

/* Written out when it is more than `keep`: a report may be larger than memory should be. */
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

/* Said only where it holds: an ordinary report has no member that marks it as one. Site rules stand
 * in the report, as no other program knows their texts. */
void iv_json_report_policy(struct iv_json *json, const struct iv_report *report)
{
    if (report->what_if) {
        iv_json_bool(json, "what_if", true);
    }
    if (report->unconfined) {
        iv_json_bool(json, "unconfined", true);
    }
    if (report->site_rule_count == 0) {
        return;
    }
    iv_json_open_array(json, "site_rules");
    for (size_t i = 0; i < report->site_rule_count; i++) {
        const struct iv_rule *rule = &report->site_rules[i];
        iv_json_open_object(json, NULL);
        iv_json_fields(json, &iv_rule_struct, rule, IV_FIELD_SITE);
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

/* The last stage is this writing itself, which is not over. */
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

void iv_json_record_pop(struct iv_json *json, const struct iv_record_pop *pop)
{
    iv_json_open_object(json, NULL);
    iv_json_fields(json, &iv_pop_struct, &pop->pop, IV_FIELD_REPORT);
    iv_json_bool(json, "baseline", pop->baseline);
    iv_json_bool(json, "compliant", pop->compliant);
    iv_json_close_object(json);
}

/* An object of lists, as a value may have several sources; values are sorted by name, so each list
 * is written in one go. Readers of old reports know no ranks: `ranks` adds them. */
void iv_json_device(struct iv_json *json, const struct iv_device *device, bool ranks)
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
        if (ranks) {
            iv_json_string(json, "rank", iv_rank_names[datum->rank]);
            iv_json_string_if(json, "group", datum->group);
        }
        iv_json_close_object(json);
        if (i + 1 == device->value_count || strcmp(device->values[i + 1].name, datum->name) != 0) {
            iv_json_close_array(json);
        }
    }
    iv_json_close_object(json);
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

/* For each package that some test found missing: where it is, in words, since bits would be no
 * public form. */
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

/* The neighbours that a variant was compared with are written without their packages. */
static void write_variants(struct iv_json *json, const struct iv_submission *submission)
{
    iv_json_open_array(json, "variants");
    for (size_t i = 0; i < submission->variant_count; i++) {
        const struct iv_variant *variant = &submission->variants[i];
        iv_json_open_object(json, NULL);
        iv_json_fields(json, &iv_pop_struct, &variant->pop, IV_FIELD_REPORT);
        iv_json_fields(json, &iv_wspc_struct, &variant->wspc, IV_FIELD_REPORT | IV_FIELD_COMPARED);
        write_differences(json, &variant->wspc);
        iv_json_close_object(json);
    }
    iv_json_close_array(json);
}

/* What was found beside the packages; members that are not there were not found. */
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
    if (submission->layout.present) {
        iv_json_open_object(json, "layout");
        iv_json_fields(json, &iv_layout_struct, &submission->layout, IV_FIELD_REPORT);
        iv_json_close_object(json);
    }
    if (submission->image.present) {
        iv_json_open_object(json, "image");
        iv_json_fields(json, &iv_image_struct, &submission->image, IV_FIELD_REPORT);
        iv_json_close_object(json);
    }
}

/* What became of all entries. A record has none. */
static void write_entries(struct iv_json *json, const struct iv_entries *entries)
{
    if (iv_entries_total(entries) == 0) {
        return;
    }
    iv_json_open_object(json, "entries");
    iv_json_uint(json, "total", iv_entries_total(entries));
    iv_json_uint(json, iv_fate_names[IV_FATE_READ], entries->of[IV_FATE_READ]);
    iv_json_uint(json, iv_fate_names[IV_FATE_REPORTED], entries->of[IV_FATE_REPORTED]);
    iv_json_open_object(json, "irrelevant");
    for (size_t fate = IV_FATE_FOLDER; fate < IV_FATES; fate++) {
        if (entries->of[fate] > 0) {
            iv_json_uint(json, iv_fate_names[fate], entries->of[fate]);
        }
    }
    iv_json_close_object(json);
    if (entries->is_cut) {
        iv_json_bool(json, "cut", true);
    }
    iv_json_close_object(json);
}

/* All of a submission but its packages, findings and what was counted of them: a document and a
 * stream put those in different places. */
void iv_json_report_head(struct iv_json *json, const struct iv_report_entry *entry)
{
    const struct iv_submission *submission = entry->submission;
    iv_json_fields(json, &iv_submission_struct, submission, IV_FIELD_REPORT);
    iv_json_fields(json, &iv_circumstances_struct, entry->run, IV_FIELD_REPORT);
    iv_json_fields(json, &iv_submission_struct, submission, IV_FIELD_ID);
    iv_json_string(json, "verdict", iv_final_verdict_names[entry->judgement.verdict]);
    iv_json_string(json, "firmware_version", submission->firmware_version);
    iv_json_device(json, &submission->device, true);
    write_side_files(json, submission);
    write_entries(json, &submission->entries);
    write_variants(json, submission);
}

void iv_json_report_finding(struct iv_json *json, const struct iv_finding *finding)
{
    iv_json_fields(json, &iv_finding_struct, finding,
                   IV_FIELD_REPORT | IV_FIELD_ID | IV_FIELD_NAME);
}

void iv_json_report_tail(struct iv_json *json, const struct iv_report_entry *entry)
{
    iv_json_open_array(json, "outcomes");
    for (size_t i = 0; i < entry->judgement.outcome_count; i++) {
        iv_json_open_object(json, NULL);
        iv_json_fields(json, &iv_outcome_struct, &entry->judgement.outcomes[i],
                       IV_FIELD_REPORT | IV_FIELD_ID);
        iv_json_close_object(json);
    }
    iv_json_close_array(json);
    iv_json_open_object(json, "counts");
    iv_json_fields(json, &iv_counts_struct, &entry->judgement.counts, IV_FIELD_REPORT);
    iv_json_close_object(json);
}
