/*
 * The tables of judgements: what a report says of a finding, an outcome, a rule, a variant.
 *
 * Unlike facts these never cross the pipe, so they have no use WIRE; they have a shape (may be
 * absent, must be filled, stands in line with its parent, is cut when long) and the name of a
 * column in CSV. JSON, CSV, the reader of reports and the schemas all go by these rows, which is
 * what keeps the four of them alike.
 */
#include "imgval/model/circumstances.h"
#include "imgval/model/fields_rows.h"
#include "imgval/model/finding.h"
#include "imgval/model/submission.h"

#include <assert.h>

/* A finding points to its direction: a struct of one member. */
static_assert(sizeof(enum iv_direction) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum iv_severity) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum iv_subject) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum iv_outcome) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum iv_wspc_status) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum iv_submission_type) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum iv_kind) == sizeof(unsigned), "enum size");

enum {
    R = IV_FIELD_REPORT,
    ID = IV_FIELD_ID,
    NAME = IV_FIELD_NAME,
    SITE = IV_FIELD_SITE,
    COMPARED = IV_FIELD_COMPARED,
    OPTIONAL = IV_SHAPE_OPTIONAL,
    INLINE = IV_SHAPE_INLINE,
    CUT = IV_SHAPE_CUT,
    NEEDED = IV_SHAPE_NEEDED,
    FILLED = IV_SHAPE_NEEDED | IV_SHAPE_FILLED,
    BESIDE = IV_SHAPE_OPTIONAL | IV_SHAPE_BESIDE,
};

/* The rows of fields_rows.h, with a shape and a column. */
#define TEXT(object, member, label, use, form, head)                                               \
    {                                                                                              \
        .name = (label), .type = IV_TYPE_STRING, .uses = (use),                                    \
        .offset = CHECKED(object, member, const char *), .shape = (form), .column = (head)         \
    }
#define FLAG(object, member, label, use, form, head)                                               \
    {                                                                                              \
        .name = (label), .type = IV_TYPE_BOOL, .uses = (use),                                      \
        .offset = CHECKED(object, member, bool), .shape = (form), .column = (head)                 \
    }
#define WORD(object, member, label, use, form, head, enumeration, words)                           \
    {                                                                                              \
        .name = (label), .type = IV_TYPE_ENUM, .uses = (use),                                      \
        .offset = CHECKED(object, member, enum enumeration), .names = (words), .shape = (form),    \
        .column = (head)                                                                           \
    }
#define COUNT(object, member, label, use, form)                                                    \
    {                                                                                              \
        .name = (label), .type = IV_TYPE_SIZE, .uses = (use),                                      \
        .offset = CHECKED(object, member, size_t), .shape = (form)                                 \
    }
#define POINTER(object, member, label, use, form, head, pointee, element)                          \
    {                                                                                              \
        .name = (label), .type = IV_TYPE_POINTER, .uses = (use),                                   \
        .offset = CHECKED(object, member, pointee), .of = &(element), .shape = (form),             \
        .column = (head)                                                                           \
    }

/* Of the program's own rules a report has id and name, by which imgval explain finds the rest. Of a
 * rule that a site wrote it has all that explains it (SITE): no other program knows it. */
static const struct iv_field rule_fields[] = {
    TEXT(iv_rule, id, "id", ID | SITE, FILLED, "id"),
    TEXT(iv_rule, name, "name", NAME | SITE, FILLED, "name"),
    WORD(iv_rule, severity, "severity", SITE, NEEDED, NULL, iv_severity, iv_severity_names),
    WORD(iv_rule, subject, "subject", SITE, NEEDED, NULL, iv_subject, iv_subject_names),
    TEXT(iv_rule, summary, "summary", SITE, FILLED, NULL),
    TEXT(iv_rule, why, "why", SITE, OPTIONAL, NULL),
    TEXT(iv_rule, remedy, "remedy", SITE, OPTIONAL, NULL),
    TEXT(iv_rule, passes, "passes", SITE, OPTIONAL, NULL),
    TEXT(iv_rule, fails, "fails", SITE, OPTIONAL, NULL),
};
const struct iv_struct iv_rule_struct = TABLE(iv_rule, rule_fields);

static const struct iv_field pop_fields[] = {
    TEXT(iv_pop, oem, "oem", R, NEEDED, "oem"),
    TEXT(iv_pop, mobile_operator, "operator", R, NEEDED, "operator"),
    TEXT(iv_pop, model, "model", R, NEEDED, "model"),
};
const struct iv_struct iv_pop_struct = TABLE(iv_pop, pop_fields);

/* Of a baseline a report needs what finds it again: not its set, which the store has. */
static const struct iv_field baseline_fields[] = {
    TEXT(iv_baseline, id, "id", R, 0, "id"),
    TEXT(iv_baseline, firmware_version, "version", R, 0, "version"),
    FLAG(iv_baseline, imported, "imported", COMPARED, 0, NULL),
};
const struct iv_struct iv_baseline_struct = TABLE(iv_baseline, baseline_fields);

/* NULL is written for a neighbour that there is not: an answer, which a reader need not guess. */
static const struct iv_field wspc_fields[] = {
    WORD(iv_wspc, status, "wspc", R, NEEDED, NULL, iv_wspc_status, iv_wspc_status_names),
    POINTER(iv_wspc, older, "older", R, 0, NULL, const struct iv_baseline *, iv_baseline_struct),
    POINTER(iv_wspc, newer, "newer", R, 0, NULL, const struct iv_baseline *, iv_baseline_struct),
    POINTER(iv_wspc, same, "same", R, 0, NULL, const struct iv_baseline *, iv_baseline_struct),
};
const struct iv_struct iv_wspc_struct = TABLE(iv_wspc, wspc_fields);

static const struct iv_field waiver_fields[] = {
    TEXT(iv_waiver, reason, "reason", R, FILLED, "reason"),
    TEXT(iv_waiver, owner, "owner", R, FILLED, "owner"),
    TEXT(iv_waiver, expires, "expires", R, FILLED, "expires"),
};
static const struct iv_struct iv_waiver_struct = TABLE(iv_waiver, waiver_fields);

static const struct iv_field direction_fields[] = {
    {.name = "direction",
     .type = IV_TYPE_ENUM,
     .uses = R,
     .names = iv_direction_names,
     .column = "direction"},
};
static const struct iv_struct iv_direction_struct = {.name = "iv_direction",
                                                     .size = sizeof(enum iv_direction),
                                                     .fields = direction_fields,
                                                     .field_count = IV_COUNT(direction_fields)};

/* The order is that of the JSON members and of the CSV columns, both of which are public. */
static const struct iv_field finding_fields[] = {
    POINTER(iv_finding, rule, "rule", ID, INLINE, "", const struct iv_rule *, iv_rule_struct),
    WORD(iv_finding, severity, "severity", R, NEEDED, "severity", iv_severity, iv_severity_names),
    FLAG(iv_finding, severity_by_policy, "severity_by_policy", R, OPTIONAL, NULL),
    FLAG(iv_finding, incomplete, "incomplete", R, NEEDED, "incomplete"),
    FLAG(iv_finding, waived, "waived", R, NEEDED, "waived"),
    TEXT(iv_finding, message, "message", R, FILLED | CUT, "message"),
    TEXT(iv_finding, remedy, "remedy", R, CUT, "remedy"),
    TEXT(iv_finding, package, "package", R, OPTIONAL, "package"),
    TEXT(iv_finding, key, "key", R, OPTIONAL, "key"),
    TEXT(iv_finding, path, "path", R, OPTIONAL, "path"),
    TEXT(iv_finding, member, "member", R, OPTIONAL, "member"),
    {.name = "line",
     .type = IV_TYPE_U64,
     .uses = R,
     .offset = CHECKED(iv_finding, line, uint64_t),
     .shape = OPTIONAL,
     .column = "line"},
    TEXT(iv_finding, field, "field", R, OPTIONAL, "field"),
    TEXT(iv_finding, actual, "actual", R, BESIDE | CUT, "actual"),
    TEXT(iv_finding, expected, "expected", R, OPTIONAL | CUT, "expected"),
    POINTER(iv_finding, variant, "variant", R, OPTIONAL, "", const struct iv_pop *, iv_pop_struct),
    POINTER(iv_finding, baseline, "baseline", R, OPTIONAL, "baseline_", const struct iv_baseline *,
            iv_baseline_struct),
    POINTER(iv_finding, direction, "direction", R, OPTIONAL | INLINE, "", const enum iv_direction *,
            iv_direction_struct),
    {.name = "packages",
     .type = IV_TYPE_NAMES,
     .uses = R,
     .offset = CHECKED(iv_finding, packages, const struct iv_package **),
     .count_offset = CHECKED(iv_finding, package_count, size_t),
     .given_offset = CHECKED(iv_finding, has_packages, bool),
     .shape = OPTIONAL,
     .column = "package_count"},
    TEXT(iv_finding, fingerprint, "fingerprint", R, NEEDED, "fingerprint"),
    POINTER(iv_finding, waiver, "waiver", R, OPTIONAL | INLINE, "waiver_", const struct iv_waiver *,
            iv_waiver_struct),
};
const struct iv_struct iv_finding_struct = TABLE(iv_finding, finding_fields);

/* One of each rule, also of those that passed: a report shows what was looked at, not only what was
 * found. */
static const struct iv_field outcome_fields[] = {
    POINTER(iv_rule_outcome, rule, "rule", ID, INLINE, NULL, const struct iv_rule *,
            iv_rule_struct),
    WORD(iv_rule_outcome, outcome, "outcome", R, NEEDED, NULL, iv_outcome, iv_outcome_names),
    COUNT(iv_rule_outcome, subjects, "subjects", R, NEEDED),
    TEXT(iv_rule_outcome, reason, "reason", R, OPTIONAL, NULL),
};
const struct iv_struct iv_outcome_struct = TABLE(iv_rule_outcome, outcome_fields);

/* The sums of a report, computed once for all sinks. */
static const struct iv_field counts_fields[] = {
    COUNT(iv_counts, packages, "packages", R, NEEDED),
    COUNT(iv_counts, error, "error", R, NEEDED),
    COUNT(iv_counts, warning, "warning", R, NEEDED),
    COUNT(iv_counts, note, "note", R, NEEDED),
    COUNT(iv_counts, waived, "waived", R, NEEDED),
    COUNT(iv_counts, unreadable, "unreadable", R, NEEDED),
};
const struct iv_struct iv_counts_struct = TABLE(iv_counts, counts_fields);

/* What stands before a submission's verdict; more of it is in lists and in objects of their own. */
static const struct iv_field submission_fields[] = {
    TEXT(iv_submission, path, "path", R, FILLED, NULL),
    WORD(iv_submission, kind, "kind", R, NEEDED, NULL, iv_kind, iv_kind_names),
    WORD(iv_submission, type, "type", R, NEEDED, NULL, iv_submission_type,
         iv_submission_type_names),
    FLAG(iv_submission, type_by_default, "type_by_default", R, 0, NULL),
    FLAG(iv_submission, context_free, "context_free", R, NEEDED, NULL),
    TEXT(iv_submission, id, "id", ID, NEEDED, NULL),
};
const struct iv_struct iv_submission_struct = TABLE(iv_submission, submission_fields);

/* What the run was asked for, between these members and the submission's id. */
static const struct iv_field circumstances_fields[] = {
    FLAG(iv_circumstances, baseline, "baseline", R, NEEDED, NULL),
    FLAG(iv_circumstances, no_wspc, "no_wspc", R, 0, NULL),
    FLAG(iv_circumstances, all_owners, "all_owners", R, 0, NULL),
};
const struct iv_struct iv_circumstances_struct = TABLE(iv_circumstances, circumstances_fields);
