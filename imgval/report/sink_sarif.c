/*
 * SARIF 2.1.0 (OASIS): one run. Every rule that was applied stands in tool.driver.rules, in report
 * order; results stand with the most serious first, because services that take uploads keep only
 * the first ones. What was not checked is a notification of the invocation, which then was not
 * successful.
 *
 * The rules are collected first, because results name them by their index. Everything that a viewer
 * shows as a message is escaped for people and for SARIF; the exact values stand beside it in the
 * property bag of each result.
 *
 * Section numbers in comments are those of the specification.
 */
#include "imgval/report/history/audit_report.h"
#include "imgval/report/sink.h"
#include "imgval/report/write/escape.h"
#include "imgval/report/write/json_report.h"
#include "imgval/report/write/phrases.h"
#include "imgval/report/write/ranked.h"
#include "imgval/report/write/seal_phrase.h"

#include <string.h>

enum { FLUSH_SIZE = 64 * 1024 };

#define SCHEMA_URI                                                                                 \
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

/* What the parts of a run share. */
struct run {
    struct iv_json *json;
    const struct iv_report *report;
    const struct iv_audit *audit; /* NULL: no history */
    const struct iv_style_options *style;
    FILE *out;
    const struct iv_rule **rules; /* of all outcomes and findings, each once */
    size_t rule_count;
    size_t rule_capacity;
    struct iv_arena *arena;
};

/* ---- texts --------------------------------------------------------------------------------- */

/*
 * A text as a SARIF message: braces are doubled (3.11.5), and "](" is broken, so that no viewer
 * makes a link of it (3.11.6).
 */
static void add_message_text(struct iv_buf *buf, const char *text)
{
    struct iv_buf shown IV_CLEANUP(iv_buf_fini) = {0};
    iv_escape_shown(&shown, text, false);
    const char *from = iv_buf_text(&shown);
    for (const char *at = from; *at != '\0'; at++) {
        if (*at == '{' || *at == '}') {
            iv_buf_putc(buf, *at);
            iv_buf_putc(buf, *at);
        } else if (*at == '(' && at > from && at[-1] == ']') {
            iv_buf_puts(buf, "\\x28");
        } else {
            iv_buf_putc(buf, *at);
        }
    }
}

/* A multiformatMessageString of one of our own texts (3.12): its text must not be empty. */
static void write_own_text(struct iv_json *json, const char *name, const char *first,
                           const char *second)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    add_message_text(&text, first);
    if (second != NULL && second[0] != '\0') {
        iv_buf_puts(&text, " ");
        add_message_text(&text, second);
    }
    if (text.size > 0) {
        iv_json_open_object(json, name);
        iv_json_string(json, "text", iv_buf_text(&text));
        iv_json_close_object(json);
    }
}

/* ---- rules --------------------------------------------------------------------------------- */

/* The place of a rule, SIZE_MAX when it is not there. There are some dozens. */
static size_t find_rule(const struct run *run, const struct iv_rule *rule)
{
    for (size_t i = 0; i < run->rule_count; i++) {
        if (run->rules[i] == rule) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* Once each; there are some dozens, so a list will do. */
static void add_rule(struct run *run, const struct iv_rule *rule)
{
    if (find_rule(run, rule) == SIZE_MAX) {
        run->rules = iv_arena_grow(run->arena, run->rules, run->rule_count, &run->rule_capacity,
                                   sizeof(*run->rules));
        run->rules[run->rule_count++] = rule;
    }
}

/* Outcomes first: they have the order of the report. An audit has findings and no outcomes. */
static void collect_rules(struct run *run)
{
    for (size_t i = 0; i < run->report->entry_count; i++) {
        const struct iv_judgement *judgement = &run->report->entries[i].judgement;
        for (size_t r = 0; r < judgement->outcome_count; r++) {
            add_rule(run, judgement->outcomes[r].rule);
        }
        for (size_t f = 0; f < judgement->finding_count; f++) {
            add_rule(run, judgement->findings[f].rule);
        }
    }
}

struct paragraph {
    const char *title;
    const char *text;
    bool is_code; /* one of our own texts, with lines of its own */
};

/* An example of ours with its own lines: only braces have a meaning there. */
static void add_code(struct iv_buf *buf, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '{' || *at == '}') {
            iv_buf_putc(buf, *at); /* 3.11.5 */
        }
        iv_buf_putc(buf, *at);
    }
}

/* Our text as Markdown: characters that could start markup get a backslash (CommonMark 2.4). */
static void add_markdown(struct iv_buf *buf, const struct paragraph *paragraph)
{
    iv_buf_printf(buf, "%s**%s**", buf->size > 0 ? "\n\n" : "", paragraph->title);
    if (paragraph->is_code) {
        iv_buf_puts(buf, "\n\n```text\n");
        add_code(buf, paragraph->text);
        iv_buf_puts(buf, iv_buf_text(buf)[buf->size - 1] == '\n' ? "```" : "\n```");
        return;
    }
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    add_message_text(&text, paragraph->text);
    iv_buf_puts(buf, ": ");
    for (const char *at = iv_buf_text(&text); *at != '\0'; at++) {
        if (strchr("\\`*_{}[]<>#|&~@", *at) != NULL) {
            iv_buf_putc(buf, '\\');
        }
        iv_buf_putc(buf, *at);
    }
}

/* For viewers that show no Markdown. */
static void add_plain(struct iv_buf *buf, const struct paragraph *paragraph)
{
    iv_buf_printf(buf, "%s%s:%s", buf->size > 0 ? "\n\n" : "", paragraph->title,
                  paragraph->is_code ? "\n" : " ");
    if (paragraph->is_code) {
        add_code(buf, paragraph->text);
    } else {
        add_message_text(buf, paragraph->text);
    }
}

/* The whole rule reference of one rule, as text and as Markdown: viewers show one of them. */
static void write_help(struct iv_json *json, const struct iv_rule *rule)
{
    const struct paragraph paragraphs[] = {
        {.title = "What must hold", .text = rule->summary},
        {.title = "Why", .text = rule->why},
        {.title = "How to fix it", .text = rule->remedy},
        {.title = "Passes", .text = rule->passes, .is_code = true},
        {.title = "Fails", .text = rule->fails, .is_code = true},
    };
    struct iv_buf plain IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf markdown IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < IV_COUNT(paragraphs); i++) {
        if (paragraphs[i].text != NULL && paragraphs[i].text[0] != '\0') {
            add_plain(&plain, &paragraphs[i]);
            add_markdown(&markdown, &paragraphs[i]);
        }
    }
    if (plain.size > 0) {
        iv_json_open_object(json, "help");
        iv_json_string(json, "text", iv_buf_text(&plain));
        iv_json_string(json, "markdown", iv_buf_text(&markdown));
        iv_json_close_object(json);
    }
}

/* A row of the policy's own, which the rule reference does not have. */
static bool is_site_rule(const struct iv_report *report, const struct iv_rule *rule)
{
    for (size_t i = 0; i < report->site_rule_count; i++) {
        if (rule == &report->site_rules[i]) {
            return true;
        }
    }
    return false;
}

/* A reportingDescriptor (3.49). */
static void write_rule(const struct run *run, const struct iv_rule *rule)
{
    struct iv_json *json = run->json;
    iv_json_open_object(json, NULL);
    iv_json_string(json, "id", rule->id);
    iv_json_string(json, "name", rule->name);
    write_own_text(json, "shortDescription", rule->summary, NULL);
    write_own_text(json, "fullDescription", rule->summary, rule->why);
    if (run->style->rules_url != NULL && !is_site_rule(run->report, rule)) {
        struct iv_buf uri IV_CLEANUP(iv_buf_fini) = {0};
        iv_buf_printf(&uri, "%s#", run->style->rules_url);
        iv_escape_uri(&uri, rule->id);
        iv_json_string(json, "helpUri", iv_buf_text(&uri));
    }
    write_help(json, rule);
    iv_json_open_object(json, "defaultConfiguration");
    iv_json_string(json, "level", iv_severity_names[rule->severity]);
    iv_json_close_object(json);
    iv_json_close_object(json);
}

/* The tool, and the rules that results refer to by index. */
static void write_driver(const struct run *run)
{
    struct iv_json *json = run->json;
    iv_json_open_object(json, "tool");
    iv_json_open_object(json, "driver");
    iv_json_string(json, "name", run->report->tool);
    iv_json_string(json, "version", run->report->tool_version);
    iv_json_open_array(json, "rules");
    for (size_t i = 0; i < run->rule_count; i++) {
        write_rule(run, run->rules[i]);
    }
    iv_json_close_array(json);
    iv_json_close_object(json);
    iv_json_close_object(json);
}

/* ---- what was not checked ------------------------------------------------------------------ */

/* Opens physicalLocation, which the caller closes: a region may follow. */
static void write_uri(struct iv_json *json, const char *path)
{
    struct iv_buf uri IV_CLEANUP(iv_buf_fini) = {0};
    iv_escape_uri(&uri, path);
    iv_json_open_object(json, "physicalLocation");
    iv_json_open_object(json, "artifactLocation");
    iv_json_string(json, "uri", iv_buf_text(&uri));
    iv_json_close_object(json);
}

/* A result needs a location: where the finding has none, it is the submission. */
static const char *path_of(const struct iv_ranked *ranked)
{
    const char *path = ranked->finding->path;
    return path != NULL && path[0] != '\0' ? path : ranked->entry->submission->path;
}

/* A notification (3.58) at a path, about a rule where there is one. */
static void write_notification(const struct run *run, const struct iv_rule *rule, const char *path,
                               const char *text)
{
    struct iv_json *json = run->json;
    iv_json_open_object(json, NULL);
    iv_json_string(json, "level", "warning");
    iv_json_open_object(json, "message");
    iv_json_string(json, "text", text);
    iv_json_close_object(json);
    if (rule != NULL) {
        iv_json_open_object(json, "associatedRule");
        iv_json_string(json, "id", rule->id);
        iv_json_uint(json, "index", find_rule(run, rule));
        iv_json_close_object(json);
    }
    iv_json_open_array(json, "locations");
    iv_json_open_object(json, NULL);
    write_uri(json, path);
    iv_json_close_object(json);
    iv_json_close_object(json);
    iv_json_close_array(json);
    iv_json_close_object(json);
    iv_json_flush(json, FLUSH_SIZE, run->out);
}

/* Whether something of a submission was not looked at, whatever its verdict is. */
static bool is_unchecked(const struct iv_report_entry *entry)
{
    const struct iv_judgement *judgement = &entry->judgement;
    for (size_t i = 0; i < judgement->outcome_count; i++) {
        if (judgement->outcomes[i].outcome == IV_NOT_EVALUATED) {
            return true;
        }
    }
    for (size_t i = 0; i < judgement->finding_count; i++) {
        if (judgement->findings[i].incomplete) {
            return true;
        }
    }
    return judgement->verdict == IV_VERDICT_INCOMPLETE;
}

/* Whether the run came to its end. Where something was not checked, it did not. */
static bool is_successful(const struct run *run)
{
    const struct iv_report *report = run->report;
    if (run->audit != NULL && run->audit->not_judged > 0) {
        return false;
    }
    for (size_t i = 0; i < report->entry_count; i++) {
        if (is_unchecked(&report->entries[i])) {
            return false;
        }
    }
    return report->verdict != IV_VERDICT_INCOMPLETE;
}

/* A notification for each rule that was not evaluated on everything. */
static void write_unevaluated(const struct run *run, const struct iv_report_entry *entry)
{
    for (size_t i = 0; i < entry->judgement.outcome_count; i++) {
        const struct iv_rule_outcome *outcome = &entry->judgement.outcomes[i];
        if (outcome->outcome != IV_NOT_EVALUATED) {
            continue;
        }
        struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
        add_message_text(&text, outcome->rule->id);
        iv_buf_puts(&text, " ");
        add_message_text(&text, outcome->rule->name);
        iv_buf_puts(&text, " was not evaluated on everything that it applies to, because ");
        add_message_text(&text, iv_phrase_reason(outcome));
        iv_buf_puts(&text, ".");
        write_notification(run, outcome->rule, entry->submission->path, iv_buf_text(&text));
    }
}

/* A notification for each submission of a history that was not judged, or not in full. */
static void write_gaps(const struct run *run)
{
    for (size_t i = 0; run->audit != NULL && i < run->audit->source_count; i++) {
        const struct iv_audit_source *source = &run->audit->sources[i];
        if (source->gap != NULL && !source->is_copy) {
            struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
            iv_buf_puts(&text, "Not judged in full: ");
            add_message_text(&text, source->gap);
            write_notification(run, NULL, source->path, iv_buf_text(&text));
        }
    }
}

/* An invocation (3.20). */
static void write_invocations(const struct run *run, const struct iv_ranked *ranked, size_t count)
{
    struct iv_json *json = run->json;
    iv_json_open_array(json, "invocations");
    iv_json_open_object(json, NULL);
    iv_json_bool(json, "executionSuccessful", is_successful(run));
    iv_json_open_array(json, "toolExecutionNotifications");
    for (size_t i = 0; i < run->report->entry_count; i++) {
        write_unevaluated(run, &run->report->entries[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (ranked[i].finding->incomplete) {
            struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
            iv_buf_puts(&text, "Not checked: ");
            add_message_text(&text, ranked[i].finding->message);
            write_notification(run, ranked[i].finding->rule, path_of(&ranked[i]),
                               iv_buf_text(&text));
        }
    }
    write_gaps(run);
    iv_json_close_array(json);
    iv_json_close_object(json);
    iv_json_close_array(json);
}

/* ---- results ------------------------------------------------------------------------------- */

/* The message and the remedy; the id of the rule when there is neither, for a message needs a
 * text. */
static void write_message(struct iv_json *json, const struct iv_finding *finding)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    add_message_text(&text, finding->message);
    if (finding->remedy != NULL && finding->remedy[0] != '\0') {
        iv_buf_puts(&text, text.size > 0 ? "\n" : "");
        add_message_text(&text, finding->remedy);
    }
    iv_json_open_object(json, "message");
    iv_json_string(json, "text", text.size > 0 ? iv_buf_text(&text) : finding->rule->id);
    iv_json_close_object(json);
}

/* A logical location (3.33): the package or the member of a cabinet that a path cannot name. */
static void write_logical(struct iv_json *json, const char *name, const char *kind)
{
    if (name != NULL && name[0] != '\0') {
        struct iv_buf shown IV_CLEANUP(iv_buf_fini) = {0};
        iv_escape_shown(&shown, name, false);
        iv_json_open_object(json, NULL);
        iv_json_string(json, "fullyQualifiedName", iv_buf_text(&shown));
        iv_json_string(json, "kind", kind);
        iv_json_close_object(json);
    }
}

/* One location: the file, and in it the line where that is a line of the file itself. */
static void write_locations(struct iv_json *json, const struct iv_ranked *ranked)
{
    const struct iv_finding *finding = ranked->finding;
    iv_json_open_array(json, "locations");
    iv_json_open_object(json, NULL);
    write_uri(json, path_of(ranked));
    /* A line within a cabinet's member is no line of the file. */
    if (finding->line != 0 && finding->member == NULL) {
        iv_json_open_object(json, "region");
        iv_json_uint(json, "startLine", finding->line);
        iv_json_close_object(json);
    }
    iv_json_close_object(json);

    const bool has_package = finding->package != NULL && finding->package[0] != '\0';
    const bool has_member = finding->member != NULL && finding->member[0] != '\0';
    if (has_package || has_member) {
        iv_json_open_array(json, "logicalLocations");
        write_logical(json, finding->package, "package");
        write_logical(json, finding->member, "member");
        iv_json_close_array(json);
    }
    iv_json_close_object(json);
    iv_json_close_array(json);
}

/* A waiver (3.35): services then show the result as closed. "external": it stands in the policy and
 * not in the file that was checked. */
static void write_suppressions(struct iv_json *json, const struct iv_finding *finding)
{
    if (!finding->waived) {
        return;
    }
    iv_json_open_array(json, "suppressions");
    iv_json_open_object(json, NULL);
    iv_json_string(json, "kind", "external");
    iv_json_string(json, "status", "accepted");
    if (finding->waiver != NULL) {
        const struct iv_waiver *waiver = finding->waiver;
        struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
        add_message_text(&text, waiver->reason);
        iv_buf_puts(&text, " (");
        add_message_text(&text, waiver->owner);
        iv_buf_puts(&text, ", until ");
        add_message_text(&text, waiver->expires);
        iv_buf_puts(&text, ")");
        iv_json_string(json, "justification", iv_buf_text(&text));
    }
    iv_json_close_object(json);
    iv_json_close_array(json);
}

/* A member of a property bag; left out where there is nothing. */
static void write_if(struct iv_json *json, const char *name, const char *text)
{
    if (text != NULL) {
        struct iv_buf cut IV_CLEANUP(iv_buf_fini) = {0};
        iv_json_string(json, name, iv_sink_cut(text, &cut));
    }
}

/* A property bag (3.8): the exact values, as the JSON report has them. */
static void write_properties(struct iv_json *json, const struct iv_ranked *ranked)
{
    const struct iv_finding *finding = ranked->finding;
    iv_json_open_object(json, "properties");
    iv_json_string(json, "submission", ranked->entry->submission->path);
    iv_json_bool(json, "incomplete", finding->incomplete);
    write_if(json, "package", finding->package);
    write_if(json, "path", finding->path);
    write_if(json, "member", finding->member);
    if (finding->line != 0 && finding->member != NULL) {
        iv_json_uint(json, "memberLine", finding->line);
    }
    write_if(json, "field", finding->field);
    write_if(json, "actual", finding->actual);
    write_if(json, "expected", finding->expected);
    if (finding->variant != NULL) {
        write_if(json, "oem", finding->variant->oem);
        write_if(json, "operator", finding->variant->mobile_operator);
        write_if(json, "model", finding->variant->model);
    }
    if (finding->has_packages) {
        iv_json_uint(json, "packageCount", finding->package_count);
    }
    if (finding->baseline != NULL) {
        write_if(json, "baselineId", finding->baseline->id);
        write_if(json, "baselineVersion", finding->baseline->firmware_version);
    }
    iv_json_close_object(json);
}

/* A result (3.27). */
static void write_result(const struct run *run, const struct iv_ranked *ranked)
{
    static const unsigned ranks[] = {[IV_NOTE] = 10, [IV_WARNING] = 50, [IV_ERROR] = 100};
    const struct iv_finding *finding = ranked->finding;
    struct iv_json *json = run->json;
    iv_json_open_object(json, NULL);
    iv_json_string(json, "ruleId", finding->rule->id);
    iv_json_uint(json, "ruleIndex", find_rule(run, finding->rule));
    iv_json_string(json, "level", iv_severity_names[finding->severity]);
    iv_json_uint(json, "rank", ranks[finding->severity]);
    write_message(json, finding);
    write_locations(json, ranked);
    if (finding->fingerprint != NULL && finding->fingerprint[0] != '\0') {
        iv_json_open_object(json, "partialFingerprints");
        iv_json_string(json, "imgvalFinding/v1", finding->fingerprint);
        iv_json_close_object(json);
    }
    write_suppressions(json, finding);
    write_properties(json, ranked);
    iv_json_close_object(json);
    iv_json_flush(json, FLUSH_SIZE, run->out);
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* What --verify found out, submission by submission. */
static void write_seals(const struct run *run)
{
    bool is_open = false;
    for (size_t i = 0; i < run->report->entry_count; i++) {
        struct iv_buf seals IV_CLEANUP(iv_buf_fini) = {0};
        iv_phrase_seals(&seals, run->report->entries[i].submission);
        if (seals.size > 0 && !is_open) {
            iv_json_open_array(run->json, "verified");
            is_open = true;
        }
        if (seals.size > 0) {
            iv_json_string(run->json, NULL, iv_buf_text(&seals));
        }
    }
    if (is_open) {
        iv_json_close_array(run->json);
    }
}

/* The whole but its frame. Rules come first, so that every index is known. */
static void write_run(const struct run *run)
{
    struct iv_json *json = run->json;
    size_t count = 0;
    const struct iv_ranked *ranked = iv_sink_rank(run->report, run->arena, &count);
    iv_json_open_object(json, NULL);
    write_driver(run);
    write_invocations(run, ranked, count);

    iv_json_open_array(json, "results");
    for (size_t i = 0; i < count; i++) {
        write_result(run, &ranked[i]);
    }
    iv_json_close_array(json);
    iv_json_open_object(json, "properties");
    iv_json_string(json, "verdict", iv_final_verdict_names[run->report->verdict]);
    if (run->report->what_if) {
        iv_json_bool(json, "whatIf", true);
    }
    write_seals(run);
    iv_json_close_object(json);
    iv_json_close_object(json);
}

/* The log of a run, without its JSON writer. */
static void write_log(struct run run)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_json json = iv_json(&buf, true);
    run.json = &json;
    collect_rules(&run);
    iv_json_open_object(&json, NULL);
    iv_json_string(&json, "version", "2.1.0"); /* 3.13.2: first */
    iv_json_string(&json, "$schema", SCHEMA_URI);
    iv_json_open_array(&json, "runs");
    write_run(&run);
    iv_json_close_array(&json);
    iv_json_close_object(&json);
    iv_buf_putc(&buf, '\n');
    iv_json_flush(&json, 0, run.out);
}

static void write_report(const struct iv_report *report, const struct iv_style_options *style,
                         FILE *out)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    write_log((struct run){.report = report, .style = style, .out = out, .arena = &arena});
}

/* The findings of a history are results like others; what of it was not judged is notified. */
static void write_audit(const struct iv_audit *audit, const struct iv_style_options *style,
                        FILE *out)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    const struct iv_report report = iv_audit_as_report(audit, &arena);
    write_log((struct run){
        .report = &report, .audit = audit, .style = style, .out = out, .arena = &arena});
}

const struct iv_sink iv_sink_sarif = {
    .name = "sarif",
    .summary = "SARIF 2.1.0, for code scanning services",
    .write = write_report,
    .audit = write_audit,
};
