/*
 * The policy file -> struct iv_policy. As strict as its schema: an element, an attribute or a word
 * that is not known is an error, for a waiver that is misspelt must not be a waiver of everything.
 *
 * Each element has a function that takes its attributes by a table (what is known, what may be left
 * out), checks them, and adds a row to the policy. Nothing stops at the first error: all are
 * collected with their lines, and a file with any is not used. What a policy may do is limited here
 * and nowhere else: ids of the site are OEM000 to OEM999, severities of what blocks a submission
 * cannot be lowered, limits have a greatest value.
 */
#include "imgval/engine/policy_read.h"

#include "imgval/base/buf.h"
#include "imgval/base/glob.h"
#include "imgval/base/pattern.h"
#include "imgval/base/sort.h"
#include "imgval/base/text.h"
#include "imgval/base/xml.h"
#include "imgval/model/fields.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define ATTRIBUTES_MAX 10 /* of one element */
#define GLOB_MAX 512      /* bytes */
#define SHOWN_MAX 80      /* of a text of the file in a message */

/* The policy so far. Errors are collected, so that one run reports all; with any the policy is
 * not used. */
struct parser {
    struct iv_arena *arena;
    const struct iv_rules *families;
    size_t family_count;
    struct iv_policy policy;
    size_t entries;
    size_t severity_room;
    size_t limit_room;
    size_t rule_room;
    size_t line_room;
    size_t waiver_room;
    struct iv_policy_errors errors;
    size_t error_room;
};

/* Adds an error; returns false. */
IV_PRINTF(3, 4)
static bool fail(struct parser *p, uint64_t line, const char *fmt, ...)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    va_list args;
    va_start(args, fmt);
    iv_buf_vprintf(&text, fmt, args);
    va_end(args);
    p->errors.items = iv_arena_grow(p->arena, p->errors.items, p->errors.count, &p->error_room,
                                    sizeof(*p->errors.items));
    p->errors.items[p->errors.count++] = (struct iv_policy_error){
        .line = line, .text = iv_arena_strdup(p->arena, iv_buf_text(&text))};
    return false;
}

/* Text of the file for a message: one line, cut. */
static const char *shown(struct parser *p, const char *text)
{
    struct iv_buf line IV_CLEANUP(iv_buf_fini) = {0};
    iv_text_escape(&line, text, SHOWN_MAX, false);
    return iv_arena_strdup(p->arena, iv_buf_text(&line));
}

/* ---- attributes ---------------------------------------------------------------------------- */

/* An attribute that an element may have. */
struct wanted {
    const char *name;
    bool is_optional;
};

/* The attributes of an element in the order of `wanted` (NULL: absent). False when one is not
 * known, empty, or missing: all of that is reported. */
static bool take_attributes(struct parser *p, const char *element_name,
                            const struct iv_xml_element *element, const struct wanted *wanted,
                            size_t count, const char *ret_values[ATTRIBUTES_MAX])
{
    bool fine = true;
    for (size_t i = 0; i < count; i++) {
        ret_values[i] = NULL;
    }
    for (size_t i = 0; i < element->attribute_count; i++) {
        const struct iv_xml_attribute *attribute = &element->attributes[i];
        size_t place = 0;
        while (place < count && strcmp(wanted[place].name, attribute->name) != 0) {
            place++;
        }
        if (place == count) {
            fine = fail(p, element->line, "<%s> has no attribute \"%s\"", element_name,
                        shown(p, attribute->name));
        } else if (attribute->value[strspn(attribute->value, " \t\r\n")] == '\0') {
            fine = fail(p, element->line, "%s of <%s> is empty", attribute->name, element_name);
        } else {
            ret_values[place] = iv_arena_strdup(p->arena, attribute->value);
        }
    }
    for (size_t i = 0; fine && i < count; i++) {
        if (ret_values[i] == NULL && !wanted[i].is_optional) {
            fine = fail(p, element->line, "<%s> needs the attribute \"%s\"", element_name,
                        wanted[i].name);
        }
    }
    if (fine && ++p->entries > IV_POLICY_ENTRIES_MAX) {
        if (p->entries == IV_POLICY_ENTRIES_MAX + 1) {
            fail(p, element->line, "more than %d entries", IV_POLICY_ENTRIES_MAX);
        }
        return false;
    }
    return fine;
}

/* The words are those of the reports. */
static bool take_severity(struct parser *p, uint64_t line, const char *text,
                          enum iv_severity *ret_severity)
{
    for (int i = 0; iv_severity_names[i] != NULL; i++) {
        if (strcmp(iv_severity_names[i], text) == 0) {
            *ret_severity = (enum iv_severity)i;
            return true;
        }
    }
    return fail(p, line, "\"%s\" is no severity: error, warning or note", shown(p, text));
}

/* A number with an optional K, M or G (times 1024). */
static bool parse_size(const char *text, uint64_t *ret_value)
{
    static const char units[] = "KMG";
    size_t length = strlen(text);
    const char *unit = length > 1 ? strchr(units, text[length - 1]) : NULL;
    unsigned shift = unit == NULL ? 0 : 10 * (unsigned)(unit - units + 1);
    uint64_t number;
    if (!iv_parse_decimal(text, length - (unit != NULL), UINT64_MAX >> shift, &number)) {
        return false;
    }
    *ret_value = number << shift;
    return true;
}

/* ---- <severity> and <limit> ---------------------------------------------------------------- */

/* A built-in rule by id or name; *ret_advisory: whether its family may be lowered. */
static const struct iv_rule *find_rule(const struct parser *p, const char *name, bool *ret_advisory)
{
    for (size_t f = 0; f < p->family_count; f++) {
        for (size_t i = 0; i < p->families[f].count; i++) {
            const struct iv_rule *rule = &p->families[f].rows[i];
            if (iv_ascii_ieq(rule->id, name) || iv_ascii_ieq(rule->name, name)) {
                *ret_advisory = p->families[f].advisory;
                return rule;
            }
        }
    }
    return NULL;
}

/* Raising is always allowed. Only warnings of advisory families may be lowered, so that a policy
 * cannot hide what blocks a submission. */
static bool check_lowering(struct parser *p, uint64_t line, const struct iv_rule *rule,
                           bool advisory, enum iv_severity severity)
{
    if (severity >= rule->severity || (advisory && rule->severity == IV_WARNING)) {
        return true;
    }
    return fail(
        p, line,
        "%s cannot be lowered from %s to %s: a policy lowers warnings of IMG, ADV and SVC rules "
        "alone",
        rule->id, iv_severity_names[rule->severity], iv_severity_names[severity]);
}

/* <severity rule= level=>: one for a rule, so that no later line overrides an earlier one
 * unseen. */
static void start_severity(void *context, const struct iv_xml_element *element)
{
    static const struct wanted wanted[] = {{.name = "rule"}, {.name = "level"}};
    struct parser *p = context;
    const char *values[ATTRIBUTES_MAX];
    enum iv_severity severity = IV_NOTE;
    bool advisory = false;
    if (!take_attributes(p, "severity", element, wanted, IV_COUNT(wanted), values) ||
        !take_severity(p, element->line, values[1], &severity)) {
        return;
    }
    const struct iv_rule *rule = find_rule(p, values[0], &advisory);
    if (rule == NULL) {
        fail(p, element->line, "there is no rule \"%s\"", shown(p, values[0]));
        return;
    }
    for (size_t i = 0; i < p->policy.severity_count; i++) {
        if (p->policy.severities[i].rule == rule) {
            fail(p, element->line, "the severity of %s stands in line %" PRIu64 " already",
                 rule->id, p->policy.severities[i].line);
            return;
        }
    }
    if (!check_lowering(p, element->line, rule, advisory, severity)) {
        return;
    }
    p->policy.severities = iv_arena_grow(p->arena, p->policy.severities, p->policy.severity_count,
                                         &p->severity_room, sizeof(*p->policy.severities));
    p->policy.severities[p->policy.severity_count++] =
        (struct iv_policy_severity){.rule = rule, .severity = severity, .line = element->line};
}

/* Some limits are fixed: they keep this program itself in order and are nobody's to set. */
static const struct iv_limit_row *find_limit(const char *name)
{
    for (size_t i = 0; i < iv_limit_row_count; i++) {
        if (strcmp(iv_limit_rows[i].name, name) == 0 && !iv_limit_rows[i].is_fixed) {
            return &iv_limit_rows[i];
        }
    }
    return NULL;
}

/* A limit can be raised only up to a factor: limits are what keeps hostile input harmless. */
static void start_limit(void *context, const struct iv_xml_element *element)
{
    static const struct wanted wanted[] = {{.name = "name"}, {.name = "value"}};
    struct parser *p = context;
    const char *values[ATTRIBUTES_MAX];
    uint64_t value = 0;
    if (!take_attributes(p, "limit", element, wanted, IV_COUNT(wanted), values)) {
        return;
    }
    const struct iv_limit_row *row = find_limit(values[0]);
    if (row == NULL) {
        fail(p, element->line, "there is no limit \"%s\" that a policy can set",
             shown(p, values[0]));
        return;
    }
    uint64_t most = row->value * IV_POLICY_LIMIT_FACTOR;
    if (!parse_size(values[1], &value) || value == 0 || value > most) {
        fail(p, element->line, "the limit \"%s\" is a number from 1 to %" PRIu64 " %s", row->name,
             most, row->unit);
        return;
    }
    for (size_t i = 0; i < p->policy.limit_count; i++) {
        if (p->policy.limits[i].row == row) {
            fail(p, element->line, "the limit \"%s\" stands in line %" PRIu64 " already", row->name,
                 p->policy.limits[i].line);
            return;
        }
    }
    p->policy.limits = iv_arena_grow(p->arena, p->policy.limits, p->policy.limit_count,
                                     &p->limit_room, sizeof(*p->policy.limits));
    p->policy.limits[p->policy.limit_count++] =
        (struct iv_policy_limit){.row = row, .value = value, .line = element->line};
}

/* <growth percent= packages=>: the bound of ADV003, once. */
static void start_growth(void *context, const struct iv_xml_element *element)
{
    static const struct wanted wanted[] = {{.name = "percent"}, {.name = "packages"}};
    struct parser *p = context;
    const char *values[ATTRIBUTES_MAX];
    struct iv_growth growth;
    if (!take_attributes(p, "growth", element, wanted, IV_COUNT(wanted), values)) {
        return;
    }
    if (!iv_parse_decimal(values[0], strlen(values[0]), 1000000, &growth.percent) ||
        !iv_parse_decimal(values[1], strlen(values[1]), 1000000, &growth.packages) ||
        growth.packages == 0) {
        fail(p, element->line,
             "<growth> needs a percentage from 0 and a number of packages from 1, to 1000000");
        return;
    }
    if (p->policy.growth_line != 0) {
        fail(p, element->line, "<growth> stands in line %" PRIu64 " already",
             p->policy.growth_line);
        return;
    }
    p->policy.growth = growth;
    p->policy.growth_line = element->line;
}

/* <require-baseline/>: as --require-baseline does, once. */
static void start_require_baseline(void *context, const struct iv_xml_element *element)
{
    struct parser *p = context;
    const char *values[ATTRIBUTES_MAX];
    if (!take_attributes(p, "require-baseline", element, NULL, 0, values)) {
        return;
    }
    if (p->policy.require_baseline_line != 0) {
        fail(p, element->line, "<require-baseline> stands in line %" PRIu64 " already",
             p->policy.require_baseline_line);
        return;
    }
    p->policy.require_baseline_line = element->line;
}

/* ---- <rule> -------------------------------------------------------------------------------- */

enum {
    R_ID,
    R_NAME,
    R_SEVERITY,
    R_FIELD,
    R_DEVICE,
    R_PATTERN,
    R_SUMMARY,
    R_WHY,
    R_REMEDY,
    R_COUNT
};

static const struct wanted rule_attributes[] = {
    [R_ID] = {.name = "id"},
    [R_NAME] = {.name = "name"},
    [R_SEVERITY] = {.name = "severity"},
    [R_FIELD] = {.name = "field", .is_optional = true},
    [R_DEVICE] = {.name = "device", .is_optional = true},
    [R_PATTERN] = {.name = "pattern"},
    [R_SUMMARY] = {.name = "summary"},
    [R_WHY] = {.name = "why", .is_optional = true},
    [R_REMEDY] = {.name = "remedy", .is_optional = true},
};
static_assert(R_COUNT <= ATTRIBUTES_MAX, "room for the attributes of <rule>");

/* ASCII alone. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* OEM000 to OEM999: no built-in row has or will have such an id. */
static bool is_site_id(const char *id)
{
    return strlen(id) == 6 && strncmp(id, "OEM", 3) == 0 && is_digit(id[3]) && is_digit(id[4]) &&
           is_digit(id[5]);
}

/* Lower case words joined by hyphens, at most 40 bytes. */
static bool is_rule_name(const char *name)
{
    bool after_word = false;
    for (const char *c = name; *c != '\0'; c++) {
        bool is_word = is_digit(*c) || (*c >= 'a' && *c <= 'z');
        if (!is_word && !(*c == '-' && after_word)) {
            return false;
        }
        after_word = is_word;
    }
    return after_word && strlen(name) <= 40 && !is_digit(name[0]);
}

/* Ids and names of site rules cannot hide built-in ones, nor each other. */
static bool check_rule_name(struct parser *p, uint64_t line, const char *const *values)
{
    bool advisory;
    if (!is_site_id(values[R_ID])) {
        return fail(p, line, "\"%s\" is no id of a site rule: OEM and three digits",
                    shown(p, values[R_ID]));
    }
    if (!is_rule_name(values[R_NAME])) {
        return fail(p, line, "\"%s\" is no name of a rule: lower case words joined by hyphens",
                    shown(p, values[R_NAME]));
    }
    if (find_rule(p, values[R_NAME], &advisory) != NULL) {
        return fail(p, line, "\"%s\" is a built-in rule", values[R_NAME]);
    }
    for (size_t i = 0; i < p->policy.rule_count; i++) {
        if (strcmp(p->policy.rules[i].id, values[R_ID]) == 0 ||
            strcmp(p->policy.rules[i].name, values[R_NAME]) == 0) {
            return fail(p, line, "%s %s: id or name stand in line %" PRIu64 " already",
                        values[R_ID], values[R_NAME], p->policy.rule_lines[i]);
        }
    }
    return true;
}

/* What the row looks at: a text field of packages, or a device value. */
static bool set_rule_subject(struct parser *p, uint64_t line, const char *const *values,
                             struct iv_rule *rule)
{
    if ((values[R_FIELD] == NULL) == (values[R_DEVICE] == NULL)) {
        return fail(p, line, "<rule> needs either \"field\" or \"device\"");
    }
    if (values[R_FIELD] != NULL) {
        const struct iv_field *field = iv_field_find(&iv_package_struct, values[R_FIELD]);
        if (field == NULL || field->type != IV_TYPE_STRING || (field->uses & IV_FIELD_TEXT) == 0) {
            return fail(p, line, "packages have no text field \"%s\"", shown(p, values[R_FIELD]));
        }
        rule->field = field->name;
        rule->subject = IV_SUBJECT_PACKAGE;
        rule->applies = IV_APPLIES_ALL;
        return true;
    }
    rule->field = iv_device_value_name(values[R_DEVICE]);
    if (rule->field != NULL && strcmp(rule->field, values[R_DEVICE]) != 0) {
        return fail(p, line, "the device value \"%s\" is spelt %s", values[R_DEVICE], rule->field);
    }
    rule->subject = IV_SUBJECT_DEVICE;
    rule->applies = IV_APPLIES_IMAGE | IV_APPLIES_CONTEXTUAL;
    return rule->field != NULL ||
           fail(p, line, "there is no device value \"%s\"", shown(p, values[R_DEVICE]));
}

/* Compiled here only to report a mistake with its line; the engine compiles it again. */
static bool check_pattern(struct parser *p, uint64_t line, const char *text)
{
    struct iv_pattern *pattern IV_CLEANUP(iv_pattern_close) = NULL;
    struct iv_error err = {0};
    return iv_pattern_open(text, &pattern, &err) || fail(p, line, "%s", err.text);
}

/* <rule>: a row of the site's own over one field of packages, or one device value. Its pattern
 * is compiled here, so that a wrong one is an error of the file with its line. */
static void start_rule(void *context, const struct iv_xml_element *element)
{
    struct parser *p = context;
    const char *values[ATTRIBUTES_MAX];
    const uint64_t line = element->line;
    if (!take_attributes(p, "rule", element, rule_attributes, R_COUNT, values)) {
        return;
    }
    struct iv_rule rule = {
        .id = values[R_ID],
        .name = values[R_NAME],
        .pattern = values[R_PATTERN],
        .summary = values[R_SUMMARY],
        .why = values[R_WHY] != NULL ? values[R_WHY] : "The site's policy asks for it.",
        .remedy = values[R_REMEDY] != NULL
                      ? values[R_REMEDY]
                      : "Fix what the rule of the site's policy names, or ask its owner.",
        .passes = values[R_PATTERN],
        .fails = "anything else",
    };
    if (!check_rule_name(p, line, values) ||
        !take_severity(p, line, values[R_SEVERITY], &rule.severity) ||
        !set_rule_subject(p, line, values, &rule) || !check_pattern(p, line, rule.pattern)) {
        return;
    }
    p->policy.rules = iv_arena_grow(p->arena, p->policy.rules, p->policy.rule_count, &p->rule_room,
                                    sizeof(*p->policy.rules));
    p->policy.rule_lines = iv_arena_grow(p->arena, p->policy.rule_lines, p->policy.rule_count,
                                         &p->line_room, sizeof(*p->policy.rule_lines));
    p->policy.rule_lines[p->policy.rule_count] = line;
    p->policy.rules[p->policy.rule_count++] = rule;
}

/* ---- <waiver> ------------------------------------------------------------------------------ */

enum {
    W_RULE,
    W_PACKAGE,
    W_VARIANT,
    W_VERSION_FROM,
    W_VERSION_TO,
    W_FIRMWARE_FROM,
    W_FIRMWARE_TO,
    W_REASON,
    W_OWNER,
    W_EXPIRES,
    W_COUNT,
};

static const struct wanted waiver_attributes[] = {
    [W_RULE] = {.name = "rule", .is_optional = true},
    [W_PACKAGE] = {.name = "package", .is_optional = true},
    [W_VARIANT] = {.name = "variant", .is_optional = true},
    [W_VERSION_FROM] = {.name = "version-from", .is_optional = true},
    [W_VERSION_TO] = {.name = "version-to", .is_optional = true},
    [W_FIRMWARE_FROM] = {.name = "firmware-from", .is_optional = true},
    [W_FIRMWARE_TO] = {.name = "firmware-to", .is_optional = true},
    [W_REASON] = {.name = "reason"},
    [W_OWNER] = {.name = "owner"},
    [W_EXPIRES] = {.name = "expires"},
};
static_assert(W_COUNT <= ATTRIBUTES_MAX, "room for the attributes of <waiver>");

/* A bound of a range; NULL: it was not given, and does not bind. */
static bool take_version(struct parser *p, uint64_t line, const char *text, bool *ret_given,
                         struct iv_version *ret_version)
{
    *ret_given = text != NULL;
    return text == NULL || iv_version_parse(text, ret_version) ||
           fail(p, line, "\"%s\" is no version: four numbers joined by dots", shown(p, text));
}

/* Either end may be absent. A range that holds no version is an error. */
static bool take_range(struct parser *p, uint64_t line, const char *from, const char *to,
                       struct iv_version_range *ret_range)
{
    struct iv_version_range range = {0};
    if (!take_version(p, line, from, &range.has_low, &range.low) ||
        !take_version(p, line, to, &range.has_high, &range.high)) {
        return false;
    }
    if (range.has_low && range.has_high && iv_version_compare(range.low, range.high) > 0) {
        return fail(p, line, "no version is from %s to %s", from, to);
    }
    *ret_range = range;
    return true;
}

/* A waiver must name something: versions alone would waive every rule. */
static bool check_globs(struct parser *p, uint64_t line, const char *const *values)
{
    bool any = false;
    for (size_t i = W_RULE; i <= W_VARIANT; i++) {
        if (values[i] != NULL && strlen(values[i]) > GLOB_MAX) {
            return fail(p, line, "%s is longer than %d bytes", waiver_attributes[i].name, GLOB_MAX);
        }
        any = any || values[i] != NULL;
    }
    return any || fail(p, line, "<waiver> needs a rule, a package or a variant");
}

/* <waiver>: what it names is joined by "and"; one that names nothing would be a waiver of
 * everything, and is refused. */
static void start_waiver(void *context, const struct iv_xml_element *element)
{
    struct parser *p = context;
    const char *values[ATTRIBUTES_MAX];
    const uint64_t line = element->line;
    if (!take_attributes(p, "waiver", element, waiver_attributes, W_COUNT, values)) {
        return;
    }
    struct iv_policy_waiver waiver = {
        .waiver = {.reason = values[W_REASON],
                   .owner = values[W_OWNER],
                   .expires = values[W_EXPIRES]},
        .rule = values[W_RULE],
        .package = values[W_PACKAGE],
        .variant = values[W_VARIANT],
        .line = line,
    };
    if (!iv_policy_date(values[W_EXPIRES], &waiver.expires)) {
        fail(p, line, "\"%s\" is no date: YYYY-MM-DD", shown(p, values[W_EXPIRES]));
        return;
    }
    if (!check_globs(p, line, values) ||
        !take_range(p, line, values[W_VERSION_FROM], values[W_VERSION_TO], &waiver.version) ||
        !take_range(p, line, values[W_FIRMWARE_FROM], values[W_FIRMWARE_TO], &waiver.firmware)) {
        return;
    }
    p->policy.waivers = iv_arena_grow(p->arena, p->policy.waivers, p->policy.waiver_count,
                                      &p->waiver_room, sizeof(*p->policy.waivers));
    p->policy.waivers[p->policy.waiver_count++] = waiver;
}

/* Whether a glob means any rule of a family, by id or by name. */
static bool names_rule(const char *glob, const struct iv_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        if (iv_glob_match(glob, rules->rows[i].id) || iv_glob_match(glob, rules->rows[i].name)) {
            return true;
        }
    }
    return false;
}

/* A waiver may stand before the site rule that it names, so this comes last. */
static void check_waived_rules(struct parser *p)
{
    const struct iv_rules site = {.rows = p->policy.rules, .count = p->policy.rule_count};
    for (size_t i = 0; i < p->policy.waiver_count; i++) {
        const struct iv_policy_waiver *waiver = &p->policy.waivers[i];
        bool known = waiver->rule == NULL || names_rule(waiver->rule, &site);
        for (size_t f = 0; !known && f < p->family_count; f++) {
            known = names_rule(waiver->rule, &p->families[f]);
        }
        if (!known) {
            fail(p, waiver->line, "there is no rule \"%s\"", shown(p, waiver->rule));
        }
    }
}

/* ---- the document -------------------------------------------------------------------------- */

/* The root: the version of the format, which is 1. */
static void start_policy(void *context, const struct iv_xml_element *element)
{
    static const struct wanted wanted[] = {{.name = "version"}};
    struct parser *p = context;
    const char *values[ATTRIBUTES_MAX];
    if (take_attributes(p, "imgval-policy", element, wanted, IV_COUNT(wanted), values) &&
        values[0] != NULL && strcmp(values[0], "1") != 0) {
        fail(p, element->line,
             "version \"%s\" of the policy file is not known; this imgval reads 1",
             shown(p, values[0]));
    }
    p->entries = 0; /* the root is none */
}

/* No element has a text: one that stands there may have been meant as an attribute. */
static void end_any(void *context, const struct iv_xml_element *element)
{
    if (element->text[strspn(element->text, " \t\r\n")] != '\0') {
        fail(context, element->line, "there is text between the elements");
    }
}

/* As strict as the schema: what is not known may be a waiver that somebody meant. */
static void unknown_element(void *context, const char *name, uint64_t line)
{
    fail(context, line, "<%s> has no place here", shown(context, name));
}

/* By line: waivers are checked last, but users fix a file from top to bottom. */
static int error_order(const void *left, const void *right)
{
    const struct iv_policy_error *a = left;
    const struct iv_policy_error *b = right;
    if (a->line != b->line) {
        return a->line < b->line ? -1 : 1;
    }
    return strcmp(a->text, b->text);
}

/* False: ret_errors lists what is wrong, sorted by line. Texts of the file live in the arena. */
bool iv_policy_read(const struct iv_policy_source *source, struct iv_arena *arena,
                    struct iv_policy *ret_policy, struct iv_policy_errors *ret_errors)
{
    static const char *const namespaces[] = {"", NULL};
    static const struct iv_xml_row rows[] = {
        {.path = "imgval-policy", .start = start_policy, .end = end_any},
        {.path = "imgval-policy/severity", .start = start_severity, .end = end_any},
        {.path = "imgval-policy/limit", .start = start_limit, .end = end_any},
        {.path = "imgval-policy/growth", .start = start_growth, .end = end_any},
        {.path = "imgval-policy/require-baseline", .start = start_require_baseline, .end = end_any},
        {.path = "imgval-policy/rule", .start = start_rule, .end = end_any},
        {.path = "imgval-policy/waiver", .start = start_waiver, .end = end_any},
    };
    static const struct iv_xml_table table = {.namespaces = namespaces,
                                              .rows = rows,
                                              .row_count = IV_COUNT(rows),
                                              .unknown = unknown_element};

    const struct iv_limits limits = iv_limits_default();
    struct parser p = {.arena = arena,
                       .families = source->families,
                       .family_count = source->family_count,
                       .policy = {.path = source->path}};
    struct iv_xml_error broken = {0};
    const struct iv_xml_input input = {
        .bytes = source->bytes, .size = source->size, .limits = &limits, .arena = arena};
    size_t namespace_index;
    if (source->size > IV_POLICY_SIZE_MAX) {
        fail(&p, 0, "the file is larger than 1 MiB");
    } else if (!iv_xml_read(&input, &table, &p, &namespace_index, &broken)) {
        fail(&p, broken.line, "%s", broken.detail);
    } else {
        check_waived_rules(&p);
    }
    if (p.errors.count > 0) {
        iv_sort(p.errors.items, p.errors.count, sizeof(*p.errors.items), error_order);
        *ret_errors = p.errors;
        return false;
    }
    *ret_policy = p.policy;
    return true;
}
