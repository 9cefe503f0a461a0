/*
 * A request for update as text, as one JSON document and as a stream of records; and as the one
 * line that ends the output for a build agent. All of them say the answer, then source and target,
 * then the answer for each variant that both have, then the findings. The two JSON forms are put
 * together from the same functions; the stream has the verdict in its end record.
 */
#include "imgval/report/history/request_report.h"

#include "imgval/report/write/escape.h"
#include "imgval/report/write/json_report.h"
#include "imgval/report/write/text_findings.h"

/* --- text ------------------------------------------------------------------------------------ */

static const enum iv_ink answer_inks[] = {
    [IV_VERDICT_PASS] = IV_INK_GREEN,
    [IV_VERDICT_INCOMPLETE] = IV_INK_YELLOW,
    [IV_VERDICT_FAIL] = IV_INK_RED,
};

/* "source PATH (version V, ID): STATUS", with as much of the id as names it. */
static void text_side(const struct iv_out *out, const char *role,
                      const struct iv_request_side *side)
{
    const struct iv_submission *s = side->submission;
    IV_LINE(out, IV_PIECE(IV_INK_BOLD, role),
            IV_PIECE(IV_INK_PLAIN, iv_arena_printf(out->scratch, "%s (version %s, %.12s): %s",
                                                   iv_out_escape(out, s->path),
                                                   iv_out_escape(out, s->firmware_version), s->id,
                                                   iv_request_status_names[side->status])));
}

/* The answer for each variant, with why: what either side is to its baselines. */
static void text_variants(const struct iv_out *out, const struct iv_request *request)
{
    struct iv_table table = {.columns = 4};
    for (size_t i = 0; i < request->variant_count; i++) {
        const struct iv_request_variant *v = &request->variants[i];
        iv_table_cell(out, &table, answer_inks[v->verdict], iv_request_answers[v->verdict]);
        iv_table_cell(out, &table, IV_INK_PLAIN,
                      iv_arena_printf(out->scratch, "%s/%s/%s", iv_out_escape(out, v->pop.oem),
                                      iv_out_escape(out, v->pop.mobile_operator),
                                      iv_out_escape(out, v->pop.model)));
        iv_table_cell(
            out, &table, IV_INK_DIM,
            iv_arena_printf(out->scratch, "source %s", iv_request_status_names[v->source]));
        iv_table_cell(
            out, &table, IV_INK_DIM,
            iv_arena_printf(out->scratch, "target %s", iv_request_status_names[v->target]));
    }
    iv_table_print(out, &table, 0);
}

/* The answer first: a developer asks for nothing else. */
void iv_request_write_text(const struct iv_request *request, const struct iv_style_options *style,
                           FILE *file)
{
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    const struct iv_out out = {.file = file, .style = style, .scratch = &scratch};
    if (request->what_if) {
        iv_text_what_if(&out);
    }
    IV_LINE(&out, IV_PIECE(answer_inks[request->verdict], iv_request_answers[request->verdict]),
            IV_PIECE(IV_INK_PLAIN, iv_arena_printf(&scratch, " %s update",
                                                   iv_request_type_names[request->type])));

    text_side(&out, "source ", &request->source);
    text_side(&out, "target ", &request->target);
    if (request->variant_count > 0) {
        iv_out_blank(&out);
        text_variants(&out, request);
    }

    for (size_t i = 0; i < request->finding_count;) {
        const struct iv_text_group group =
            iv_text_next_group(&out, request->findings + i, request->finding_count - i);
        iv_text_print_group(&out, &group, request->target.submission->path);
        i += group.count;
    }
}

/* --- the closing line of commands of a build agent ---------------------------------------------
 */

/* Escaped for the log of a build agent, which obeys commands in it. */
static void line_side(struct iv_buf *line, const struct iv_request_side *side)
{
    iv_escape_shown(line, side->submission->path, false);
    iv_buf_puts(line, " (version ");
    iv_escape_shown(line, side->submission->firmware_version, false);
    iv_buf_printf(line, ", %.12s, %s)", side->submission->id,
                  iv_request_status_names[side->status]);
}

/* The last line in the log of a build. */
void iv_request_write_line(const struct iv_request *request, FILE *out)
{
    struct iv_buf line IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_printf(&line, "imgval rfu: %s%s: %s update from ",
                  request->what_if ? "what if (no real verdict): " : "",
                  iv_request_answers[request->verdict], iv_request_type_names[request->type]);
    line_side(&line, &request->source);
    iv_buf_puts(&line, " to ");
    line_side(&line, &request->target);
    iv_buf_putc(&line, '\n');
    (void)fwrite(line.data, 1, line.size, out);
}

/* --- JSON ------------------------------------------------------------------------------------ */

/* One of the two submissions. */
static void json_side(struct iv_json *json, const char *name, const struct iv_request_side *side)
{
    iv_json_open_object(json, name);
    iv_json_string(json, "id", side->submission->id);
    iv_json_string(json, "version", side->submission->firmware_version);
    iv_json_string(json, "status", iv_request_status_names[side->status]);
    iv_json_string(json, "path", side->submission->path);
    iv_json_close_object(json);
}

/* The answer for one variant. */
static void json_variant(struct iv_json *json, const struct iv_request_variant *variant)
{
    iv_json_string(json, "oem", variant->pop.oem);
    iv_json_string(json, "operator", variant->pop.mobile_operator);
    iv_json_string(json, "model", variant->pop.model);
    iv_json_string(json, "source", iv_request_status_names[variant->source]);
    iv_json_string(json, "target", iv_request_status_names[variant->target]);
    iv_json_string(json, "verdict", iv_final_verdict_names[variant->verdict]);
}

/* What both forms begin with. */
static void json_head(struct iv_json *json, const struct iv_request *request)
{
    iv_json_head(json, IV_JSON_REQUEST_SCHEMA, request->tool_version);
    if (request->what_if) {
        iv_json_bool(json, "what_if", true);
    }
}

/* What is asked: the type of the update, and between what. */
static void json_question(struct iv_json *json, const struct iv_request *request)
{
    iv_json_string(json, "type", iv_request_type_names[request->type]);
    json_side(json, "source", &request->source);
    json_side(json, "target", &request->target);
}

void iv_request_write_json(const struct iv_request *request, const struct iv_style_options *style,
                           FILE *out)
{
    (void)style; /* a document for programs looks the same everywhere */
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json json = iv_json(&buf, true);
    iv_json_open_object(&json, NULL);
    json_head(&json, request);
    iv_json_string(&json, "verdict", iv_final_verdict_names[request->verdict]);
    iv_json_open_object(&json, "request");
    json_question(&json, request);
    iv_json_open_array(&json, "variants");
    for (size_t i = 0; i < request->variant_count; i++) {
        iv_json_open_object(&json, NULL);
        json_variant(&json, &request->variants[i]);
        iv_json_close_object(&json);
    }
    iv_json_close_array(&json);

    iv_json_open_array(&json, "findings");
    for (size_t i = 0; i < request->finding_count; i++) {
        iv_json_open_object(&json, NULL);
        iv_json_report_finding(&json, &request->findings[i]);
        iv_json_close_object(&json);
        iv_json_flush(&json, IV_JSON_FLUSH_SIZE, out);
    }
    iv_json_close_array(&json);
    iv_json_close_object(&json);
    iv_json_close_object(&json);
    iv_buf_putc(&buf, '\n');
    iv_json_flush(&json, 0, out);
}

/* --- a stream of JSON records ----------------------------------------------------------------- */

void iv_request_write_jsonl(const struct iv_request *request, const struct iv_style_options *style,
                            FILE *out)
{
    (void)style; /* a stream for programs looks the same everywhere */
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json json = iv_json(&buf, false);
    iv_json_open_record(&json, "header");
    json_head(&json, request);
    json_question(&json, request);
    iv_json_close_record(&json, out);
    for (size_t i = 0; i < request->variant_count; i++) {
        iv_json_open_record(&json, "variant");
        json_variant(&json, &request->variants[i]);
        iv_json_close_record(&json, out);
    }
    for (size_t i = 0; i < request->finding_count; i++) {
        iv_json_open_record(&json, "finding");
        iv_json_report_finding(&json, &request->findings[i]);
        iv_json_close_record(&json, out);
    }

    iv_json_open_record(&json, "end");
    iv_json_string(&json, "verdict", iv_final_verdict_names[request->verdict]);
    iv_json_open_object(&json, "counts");
    iv_json_uint(&json, "variants", request->variant_count);
    iv_json_uint(&json, "findings", request->finding_count);
    iv_json_close_object(&json);
    iv_json_close_record(&json, out);
    iv_json_flush(&json, 0, out);
}
