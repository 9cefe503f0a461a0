/*
 * json_report.h: the parts of a report as JSON members, shared by the one document (sink_json.c)
 * and the stream (sink_jsonl.c), so that both say the same in the same words. The shape is
 * schema/imgval-report-1.schema.json; report_read.c reads it back.
 */
#ifndef IMGVAL_REPORT_WRITE_JSON_REPORT_H
#define IMGVAL_REPORT_WRITE_JSON_REPORT_H

#include "imgval/model/record.h"
#include "imgval/model/report.h"
#include "imgval/report/write/json.h"

#include <stdio.h>

#define IV_JSON_REPORT_SCHEMA "imgval-report/1"
#define IV_JSON_IN_SUBMISSION "submission" /* beside iv_direction_names: where a package stands */

/* Each adds members to the object that is open. */
void iv_json_report_tool(struct iv_json *json, const struct iv_report *report);
/* what_if and site_rules, where there is something to say. */
void iv_json_report_policy(struct iv_json *json, const struct iv_report *report);
/* timings, where they were asked for. */
void iv_json_report_timings(struct iv_json *json, const struct iv_report *report);
/* path ... variants: what stands before the packages. */
void iv_json_report_head(struct iv_json *json, const struct iv_report_entry *entry);
/* outcomes and counts: what stands after the findings. */
void iv_json_report_tail(struct iv_json *json, const struct iv_report_entry *entry);
/* A variant of a recorded submission. */
void iv_json_record_pop(struct iv_json *json, const struct iv_record_pop *pop);
/* An array for each name: values of one name are neighbours. `ranks`: which source wins, too. */
void iv_json_device(struct iv_json *json, const struct iv_device *device, bool ranks);
void iv_json_report_finding(struct iv_json *json, const struct iv_finding *finding);

/* Writes the buffer out and empties it when it holds more than `keep` bytes. */
void iv_json_flush(struct iv_json *json, size_t keep, FILE *out);
enum { IV_JSON_FLUSH_SIZE = 64 * 1024 }; /* what is kept of a document that is written on the way */

/* One record of a stream: an object on a line of its own, which says first what it is. */
void iv_json_open_record(struct iv_json *json, const char *record);
void iv_json_close_record(struct iv_json *json, FILE *out);

#endif
