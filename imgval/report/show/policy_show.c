/*
 * The settings in force, for people and as JSON (schema/imgval-policy-1.schema.json): every
 * severity, limit and bound with the line of the policy file that set it, or "default", and the
 * waivers with their state on the day of the run.
 */
#include "imgval/report/show/policy_show.h"

#include "imgval/base/text.h"
#include "imgval/report/write/json.h"

#include <inttypes.h>

/* "default", or FILE:LINE. */
static const char *source_of(const struct iv_policy_view *show, uint64_t line)
{
    return line == 0 ? "default" : iv_arena_printf(show->arena, "%s:%" PRIu64, show->path, line);
}

/* A limit and where it comes from. */
struct shown_limit {
    uint64_t value;
    uint64_t line;
};

/* A limit as the policy sets it, else its default, with line 0. */
static struct shown_limit limit_of(const struct iv_policy_view *show,
                                   const struct iv_limit_row *row)
{
    for (size_t i = 0; show->policy != NULL && i < show->policy->limit_count; i++) {
        if (show->policy->limits[i].row == row) {
            return (struct shown_limit){.value = show->policy->limits[i].value,
                                        .line = show->policy->limits[i].line};
        }
    }
    return (struct shown_limit){.value = row->value};
}

/* The rule's own bound where the policy sets none. */
static struct iv_growth growth_of(const struct iv_policy_view *show)
{
    return show->policy != NULL && show->policy->growth_line != 0
               ? show->policy->growth
               : (struct iv_growth)IV_GROWTH_DEFAULT;
}

/* The line that asks for it; 0: none does. */
static uint64_t require_baseline_line(const struct iv_policy_view *show)
{
    return show->policy == NULL ? 0 : show->policy->require_baseline_line;
}

/* The line that sets the bounds; 0: the rule's own are in force. */
static uint64_t growth_line(const struct iv_policy_view *show)
{
    return show->policy == NULL ? 0 : show->policy->growth_line;
}

/* On the day of the run: an expired one no longer waives, and is a finding (POL002). */
static const char *waiver_state(const struct iv_policy_view *show,
                                const struct iv_policy_waiver *waiver)
{
    return waiver->expires < show->date ? "expired" : "in force";
}

/* Text of the file, safe for a terminal. */
static const char *safe(const struct iv_policy_view *show, const char *text)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    iv_text_escape(&buf, text, 0, show->ascii);
    return iv_arena_strdup(show->arena, iv_buf_text(&buf));
}

/* What it names, a line each; a bound that is not given is "any". */
static void text_waiver(const struct iv_policy_view *show, const struct iv_policy_waiver *waiver,
                        struct iv_buf *buf)
{
    iv_buf_printf(buf, "  %s  until %s, %s", safe(show, source_of(show, waiver->line)),
                  waiver->waiver.expires, waiver_state(show, waiver));
    const struct {
        const char *word;
        const char *text;
    } parts[] = {{"rule", waiver->rule},
                 {"package", waiver->package},
                 {"variant", waiver->variant},
                 {"reason", waiver->waiver.reason},
                 {"owner", waiver->waiver.owner}};
    for (size_t i = 0; i < IV_COUNT(parts); i++) {
        if (parts[i].text != NULL) {
            iv_buf_printf(buf, "\n      %-8s %s", parts[i].word, safe(show, parts[i].text));
        }
    }
    const struct {
        const char *word;
        const struct iv_version_range *range;
    } ranges[] = {{"version", &waiver->version}, {"firmware", &waiver->firmware}};
    for (size_t i = 0; i < IV_COUNT(ranges); i++) {
        char low[IV_VERSION_TEXT_SIZE] = "";
        char high[IV_VERSION_TEXT_SIZE] = "";
        if (ranges[i].range->has_low) {
            iv_version_format(ranges[i].range->low, low);
        }
        if (ranges[i].range->has_high) {
            iv_version_format(ranges[i].range->high, high);
        }
        if (low[0] != '\0' || high[0] != '\0') {
            iv_buf_printf(buf, "\n      %-8s %s to %s", ranges[i].word,
                          low[0] == '\0' ? "any" : low, high[0] == '\0' ? "any" : high);
        }
    }
    iv_buf_putc(buf, '\n');
}

/* Every built-in rule, so that a diff of two outputs shows what a policy changes; then the
 * site's own. */
static void text_rules(const struct iv_policy_view *show, struct iv_buf *buf)
{
    iv_buf_puts(buf, "\nSeverities\n");
    for (size_t f = 0; f < show->family_count; f++) {
        for (size_t i = 0; i < show->families[f].count; i++) {
            const struct iv_rule *rule = &show->families[f].rows[i];
            const struct iv_policy_severity *asked = iv_policy_severity(show->policy, rule);
            iv_buf_printf(buf, "  %-8s %-27s %-8s %s\n", rule->id, rule->name,
                          iv_severity_names[asked == NULL ? rule->severity : asked->severity],
                          safe(show, source_of(show, asked == NULL ? 0 : asked->line)));
        }
    }
    for (size_t i = 0; show->policy != NULL && i < show->policy->rule_count; i++) {
        const struct iv_rule *rule = &show->policy->rules[i];
        iv_buf_printf(buf, "  %-8s %-27s %-8s %s\n      %s must match %s: %s\n", rule->id,
                      rule->name, iv_severity_names[rule->severity],
                      safe(show, source_of(show, show->policy->rule_lines[i])), rule->field,
                      safe(show, rule->pattern), safe(show, rule->summary));
    }
}

void iv_policy_text(const struct iv_policy_view *show, struct iv_buf *buf)
{
    iv_buf_printf(buf, "Policy: %s\n", show->path == NULL ? "none" : safe(show, show->path));
    text_rules(show, buf);
    iv_buf_puts(buf, "\nLimits\n");
    for (size_t i = 0; i < iv_limit_row_count; i++) {
        struct shown_limit limit = limit_of(show, &iv_limit_rows[i]);
        iv_buf_printf(buf, "  %-28s %10" PRIu64 " %-10s %s\n", iv_limit_rows[i].name, limit.value,
                      iv_limit_rows[i].unit, safe(show, source_of(show, limit.line)));
    }
    struct iv_growth growth = growth_of(show);
    iv_buf_printf(buf,
                  "  %-28s more than %" PRIu64 " percent and at least %" PRIu64 " packages  %s\n",
                  "set growth (ADV003)", growth.percent, growth.packages,
                  safe(show, source_of(show, growth_line(show))));
    iv_buf_printf(buf, "  %-28s %-21s %s\n", "baseline required (WSPC016)",
                  require_baseline_line(show) != 0 ? "yes" : "no",
                  safe(show, source_of(show, require_baseline_line(show))));
    if (show->policy != NULL && show->policy->waiver_count > 0) {
        iv_buf_puts(buf, "\nWaivers\n");
    }
    for (size_t i = 0; show->policy != NULL && i < show->policy->waiver_count; i++) {
        text_waiver(show, &show->policy->waivers[i], buf);
    }
}

/* Left open: rows of the site have more members. */
static void json_rule(const struct iv_policy_view *show, struct iv_json *json,
                      const struct iv_rule *rule, enum iv_severity severity, uint64_t line)
{
    iv_json_open_object(json, NULL);
    iv_json_string(json, "id", rule->id);
    iv_json_string(json, "name", rule->name);
    iv_json_string(json, "severity", iv_severity_names[severity]);
    iv_json_string(json, "default", iv_severity_names[rule->severity]);
    iv_json_bool(json, "can_be_waived", iv_rule_can_be_waived(rule));
    iv_json_string(json, "source", source_of(show, line));
}

/* All rules with the severity in force, then the site's own with what they match. */
static void json_rules(const struct iv_policy_view *show, struct iv_json *json)
{
    iv_json_open_array(json, "rules");
    for (size_t f = 0; f < show->family_count; f++) {
        for (size_t i = 0; i < show->families[f].count; i++) {
            const struct iv_rule *rule = &show->families[f].rows[i];
            const struct iv_policy_severity *asked = iv_policy_severity(show->policy, rule);
            json_rule(show, json, rule, asked == NULL ? rule->severity : asked->severity,
                      asked == NULL ? 0 : asked->line);
            iv_json_close_object(json);
        }
    }
    for (size_t i = 0; show->policy != NULL && i < show->policy->rule_count; i++) {
        const struct iv_rule *rule = &show->policy->rules[i];
        json_rule(show, json, rule, rule->severity, show->policy->rule_lines[i]);
        iv_json_string(json, rule->subject == IV_SUBJECT_DEVICE ? "device" : "field", rule->field);
        iv_json_string(json, "pattern", rule->pattern);
        iv_json_string(json, "summary", rule->summary);
        iv_json_close_object(json);
    }
    iv_json_close_array(json);
}

/* One end of a range; nothing where it is open. */
static void json_version(struct iv_json *json, const char *name, bool has,
                         struct iv_version version)
{
    char text[IV_VERSION_TEXT_SIZE];
    if (has) {
        iv_version_format(version, text);
        iv_json_string(json, name, text);
    }
}

/* What a waiver does not name is left out: it then holds for all. */
static void json_waivers(const struct iv_policy_view *show, struct iv_json *json)
{
    iv_json_open_array(json, "waivers");
    for (size_t i = 0; show->policy != NULL && i < show->policy->waiver_count; i++) {
        const struct iv_policy_waiver *waiver = &show->policy->waivers[i];
        iv_json_open_object(json, NULL);
        iv_json_string_if(json, "rule", waiver->rule);
        iv_json_string_if(json, "package", waiver->package);
        iv_json_string_if(json, "variant", waiver->variant);
        json_version(json, "version_from", waiver->version.has_low, waiver->version.low);
        json_version(json, "version_to", waiver->version.has_high, waiver->version.high);
        json_version(json, "firmware_from", waiver->firmware.has_low, waiver->firmware.low);
        json_version(json, "firmware_to", waiver->firmware.has_high, waiver->firmware.high);
        iv_json_string(json, "reason", waiver->waiver.reason);
        iv_json_string(json, "owner", waiver->waiver.owner);
        iv_json_string(json, "expires", waiver->waiver.expires);
        iv_json_string(json, "state", waiver_state(show, waiver));
        iv_json_string(json, "source", source_of(show, waiver->line));
        iv_json_close_object(json);
    }
    iv_json_close_array(json);
}

void iv_policy_json(const struct iv_policy_view *show, struct iv_buf *buf)
{
    struct iv_json json = iv_json(buf, true);
    iv_json_open_object(&json, NULL);
    iv_json_string(&json, "schema", "imgval-policy/1");
    iv_json_string(&json, "policy", show->path);
    json_rules(show, &json);
    iv_json_open_array(&json, "limits");
    for (size_t i = 0; i < iv_limit_row_count; i++) {
        const struct iv_limit_row *row = &iv_limit_rows[i];
        struct shown_limit limit = limit_of(show, row);
        iv_json_open_object(&json, NULL);
        iv_json_string(&json, "name", row->name);
        iv_json_uint(&json, "value", limit.value);
        iv_json_uint(&json, "default", row->value);
        iv_json_string(&json, "unit", row->unit);
        iv_json_bool(&json, "can_be_set", !row->is_fixed);
        iv_json_string(&json, "source", source_of(show, limit.line));
        iv_json_close_object(&json);
    }
    iv_json_close_array(&json);
    struct iv_growth growth = growth_of(show);
    iv_json_open_object(&json, "growth");
    iv_json_uint(&json, "percent", growth.percent);
    iv_json_uint(&json, "packages", growth.packages);
    iv_json_string(&json, "source", source_of(show, growth_line(show)));
    iv_json_close_object(&json);
    iv_json_open_object(&json, "require_baseline");
    iv_json_bool(&json, "value", require_baseline_line(show) != 0);
    iv_json_string(&json, "source", source_of(show, require_baseline_line(show)));
    iv_json_close_object(&json);
    json_waivers(show, &json);
    iv_json_close_object(&json);
    iv_buf_putc(buf, '\n');
}
