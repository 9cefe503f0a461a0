/*
 * A waiver matches a finding when each part that it names does: rule, package, variant, version
 * range, firmware range. A part that it does not name matches all; a part that the finding does not
 * have does not match. So a waiver never covers more than was written down.
 *
 * All waivers are tried on each finding, also after the first match: what each of them met decides
 * whether it is reported as unused.
 */
#include "imgval/engine/waive.h"

#include "imgval/base/buf.h"
#include "imgval/base/glob.h"
#include "imgval/base/text.h"

#include <string.h>

/* ---- matching ------------------------------------------------------------------------------ */

/* By id or by name, whichever the policy's author knows. */
static bool matches_rule(const struct iv_policy_waiver *waiver, const struct iv_rule *rule)
{
    return waiver->rule == NULL || iv_glob_match(waiver->rule, rule->id) ||
           iv_glob_match(waiver->rule, rule->name);
}

/* The name as it is shown, or the key by which packages are paired. */
static bool matches_name(const char *glob, const char *name, const char *key)
{
    return (name != NULL && iv_glob_match(glob, name)) || (key != NULL && iv_glob_match(glob, key));
}

/* Both ends belong to the range. A version that is not known is in no range. */
static bool is_within(const struct iv_version_range *range, bool is_known,
                      struct iv_version version)
{
    if (!range->has_low && !range->has_high) {
        return true;
    }
    return is_known && (!range->has_low || iv_version_compare(version, range->low) >= 0) &&
           (!range->has_high || iv_version_compare(version, range->high) <= 0);
}

/* A finding about several packages is matched when each of them is. */
static bool matches_package(const struct iv_policy_waiver *waiver, const struct iv_waive_case *c,
                            const struct iv_finding *finding)
{
    const struct iv_version_range *range = &waiver->version;
    if (finding->has_packages) {
        for (size_t i = 0; i < finding->package_count; i++) {
            const struct iv_package *package = finding->packages[i];
            if ((waiver->package != NULL &&
                 !matches_name(waiver->package, package->name, package->key)) ||
                !is_within(range, package->version != NULL, package->number)) {
                return false;
            }
        }
        return waiver->package == NULL || finding->package_count > 0;
    }
    if (waiver->package != NULL && !matches_name(waiver->package, finding->package, finding->key)) {
        return false;
    }
    if (!range->has_low && !range->has_high) {
        return true;
    }
    const struct iv_package *package = c->package;
    if (package == NULL && finding->key != NULL && c->submission != NULL) {
        package = iv_set_find(&c->submission->set, finding->key);
    }
    return package != NULL && is_within(range, package->version != NULL, package->number);
}

/* The pattern is matched against "OEM/OPERATOR/MODEL". */
static bool matches_variant(const struct iv_policy_waiver *waiver, const struct iv_pop *variant)
{
    if (waiver->variant == NULL) {
        return true;
    }
    if (variant == NULL) {
        return false;
    }
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_printf(&text, "%s/%s/%s", variant->oem, variant->mobile_operator, variant->model);
    return iv_glob_match(waiver->variant, iv_buf_text(&text));
}

/* The version that is judged: of a step the later one, else the submission's. */
static bool matches_firmware(const struct iv_policy_waiver *waiver, const struct iv_waive_case *c)
{
    if (c->step != NULL) {
        return is_within(&waiver->firmware, c->step->firmware_version_valid, c->step->number);
    }
    const struct iv_submission *s = c->submission;
    return s == NULL ? is_within(&waiver->firmware, false, (struct iv_version){0})
                     : is_within(&waiver->firmware, s->firmware_version_valid, s->number);
}

/* All parts together: they are joined by "and". */
static bool matches(const struct iv_policy_waiver *waiver, const struct iv_waive_case *c,
                    const struct iv_finding *finding)
{
    return matches_rule(waiver, finding->rule) && matches_firmware(waiver, c) &&
           matches_package(waiver, c, finding) && matches_variant(waiver, finding->variant);
}

/* Both are dates as YYYYMMDD; a waiver is in force on the day that it names. */
static bool is_expired(const struct iv_engine_options *options,
                       const struct iv_policy_waiver *waiver)
{
    return waiver->expires < options->judging.date;
}

/* Tries every waiver. One that meets what cannot be waived is noted as refused, so that somebody
 * learns of it (POL003), and changes nothing. */
void iv_waive_finding(const struct iv_engine_options *options, const struct iv_waive_case *c,
                      struct iv_finding *finding)
{
    const struct iv_policy *policy = options->judging.policy;
    /* What is true of the cause is true of what follows from it. */
    bool can_be_waived =
        iv_rule_can_be_waived(finding->rule) && !finding->binding_cause && !finding->incomplete;
    for (size_t i = 0; i < policy->waiver_count; i++) {
        const struct iv_policy_waiver *waiver = &policy->waivers[i];
        if (is_expired(options, waiver) || !matches(waiver, c, finding)) {
            continue;
        }
        struct iv_waiver_use *use = &options->uses[i];
        if (!can_be_waived && !options->judging.what_if) {
            use->refused = use->refused == NULL ? finding->rule : use->refused;
            continue;
        }
        use->is_used = true;
        if (!finding->waived) {
            finding->waived = true;
            finding->waiver = &waiver->waiver;
        }
    }
}

/* ---- findings that follow from others ------------------------------------------------------ */

/* Of one variant: its findings that others may follow from, by rule; few rules are causes. */
struct cause {
    const char *id;
    size_t count;
    size_t waived;
    const struct iv_waiver *waiver;
};

/* For each variant, what became of the findings that WSPC012 sums up. */
struct iv_waive_causes {
    const struct iv_submission *submission;
    struct cause *items; /* by variant */
};

struct iv_waive_causes *iv_waive_causes(const struct iv_submission *submission,
                                        struct iv_arena *arena)
{
    struct iv_waive_causes *causes = IV_NEW(arena, struct iv_waive_causes);
    causes->submission = submission;
    causes->items =
        IV_NEW_ARRAY(arena, struct cause, submission == NULL ? 1 : submission->variant_count + 1);
    return causes;
}

/* NULL: the finding is about no variant of this submission. */
static struct cause *cause_of(const struct iv_waive_causes *causes,
                              const struct iv_finding *finding)
{
    const struct iv_submission *s = causes->submission;
    if (finding->variant == NULL || s == NULL || s->variant_count == 0) {
        return NULL;
    }
    /* A finding's variant is that of the submission, so its place is its index. */
    size_t at = (size_t)((const char *)finding->variant - (const char *)&s->variants[0].pop) /
                sizeof(s->variants[0]);
    return at < s->variant_count ? &causes->items[at] : NULL;
}

/* Only findings that list packages can be what others follow from. */
void iv_waive_note_cause(struct iv_waive_causes *causes, const struct iv_finding *finding)
{
    struct cause *cause = cause_of(causes, finding);
    if (cause == NULL || !finding->has_packages) { /* WSPC002, WSPC003 */
        return;
    }
    cause->id = finding->rule->id;
    cause->count++;
    cause->waived += finding->waived;
    cause->waiver = cause->waiver == NULL ? finding->waiver : cause->waiver;
}

/* Waived with the first waiver of its causes, when there are any and all of them are waived. */
void iv_waive_by_cause(const struct iv_waive_causes *causes, struct iv_finding *finding)
{
    const struct cause *cause = cause_of(causes, finding);
    if (finding->cause == NULL || finding->waived || cause == NULL || cause->count == 0 ||
        cause->waived < cause->count || strcmp(cause->id, finding->cause) != 0) {
        return;
    }
    finding->waived = true;
    finding->waiver = cause->waiver;
}

/* ---- the waivers themselves ---------------------------------------------------------------- */

/* In this order: an expired waiver was not tried, so it cannot have been used or refused. */
enum iv_waiver_state iv_waive_state(const struct iv_engine_options *options, size_t waiver)
{
    const struct iv_waiver_use *use = &options->uses[waiver];
    if (use->is_elsewhere) {
        return IV_WAIVER_FINE;
    }
    if (is_expired(options, &options->judging.policy->waivers[waiver])) {
        return IV_WAIVER_EXPIRED;
    }
    if (use->refused != NULL) {
        return IV_WAIVER_NO_EFFECT;
    }
    return use->is_used ? IV_WAIVER_FINE : IV_WAIVER_UNUSED;
}

/* One part of what a waiver names. */
static void add_part(struct iv_buf *buf, const char *word, const char *glob)
{
    if (glob != NULL) {
        iv_buf_printf(buf, "%s%s \"%s\"", buf->size > 0 ? ", " : "", word, glob);
    }
}

/* Either end, where it is given. */
static void add_range(struct iv_buf *buf, const char *word, const struct iv_version_range *range)
{
    char text[IV_VERSION_TEXT_SIZE];
    if (range->has_low) {
        iv_version_format(range->low, text);
        iv_buf_printf(buf, ", %s from %s", word, text);
    }
    if (range->has_high) {
        iv_version_format(range->high, text);
        iv_buf_printf(buf, ", %s to %s", word, text);
    }
}

/* A waiver in words, for the finding about it: a policy may have many. */
const char *iv_waive_text(const struct iv_policy_waiver *waiver, struct iv_arena *arena)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    add_part(&buf, "rule", waiver->rule);
    add_part(&buf, "package", waiver->package);
    add_part(&buf, "variant", waiver->variant);
    add_range(&buf, "version", &waiver->version);
    add_range(&buf, "firmware", &waiver->firmware);
    return iv_arena_strdup(arena, iv_buf_text(&buf));
}
