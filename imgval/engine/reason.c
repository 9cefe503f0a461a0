/*
 * Why rows were not evaluated. Rules are grouped by what they look at (IV_PART_...): some findings
 * spoil such a part, as a missing store does the comparison. The reason of an outcome lists the
 * findings that spoiled its part, else it says in general words that something could not be read.
 */
#include "imgval/engine/reason.h"

#include "imgval/base/buf.h"

#include <string.h>

enum { PARTS = 3 }; /* bits of IV_PART_ALL */

/* Waived or not: a waiver makes nothing readable. */
static bool has_finding(const struct iv_judgement *judgement, const struct iv_rule *rule)
{
    for (size_t i = 0; i < judgement->finding_count; i++) {
        const struct iv_finding *finding = &judgement->findings[i];
        /* A value that is missing is no wrong value: another rule says that it is missing. */
        if (finding->rule == rule && (rule->pattern == NULL || finding->actual != NULL)) {
            return true;
        }
    }
    return false;
}

/* "there is no baseline store (WSPC006)", once for each clause. */
static void add_causes(const struct iv_judgement *judgement, struct iv_buf texts[PARTS])
{
    for (size_t i = 0; i < judgement->outcome_count; i++) {
        const struct iv_rule *rule = judgement->outcomes[i].rule;
        if (rule->spoils == 0 || !has_finding(judgement, rule)) {
            continue;
        }
        for (unsigned part = 0; part < PARTS; part++) {
            if ((rule->spoils & 1u << part) != 0) {
                iv_buf_printf(&texts[part], "%s%s (%s)", texts[part].size > 0 ? "; " : "",
                              rule->clause, rule->id);
            }
        }
    }
}

/* For a part that no finding spoiled. `nothing`: the tree holds no package. */
static const char *other_reason(const struct iv_judgement *judgement, bool nothing,
                                struct iv_arena *arena)
{
    const size_t unreadable = judgement->counts.unreadable;
    if (nothing) {
        return "there is no package here";
    }
    if (unreadable > 0) {
        return iv_arena_printf(arena, "%zu package%s could not be read", unreadable,
                               unreadable == 1 ? "" : "s");
    }
    return "what it looks at could not be read, or a limit was hit";
}

/* One reason for each part, so that rules that share a cause say the same words and reports can
 * group them. */
void iv_reason_add(struct iv_judgement *judgement, bool nothing, struct iv_arena *arena)
{
    struct iv_buf texts[PARTS] = {0};
    const char *reasons[PARTS];
    if (!nothing) {
        add_causes(judgement, texts);
    }
    for (unsigned part = 0; part < PARTS; part++) {
        reasons[part] = texts[part].size == 0
                            ? other_reason(judgement, nothing, arena)
                            : iv_arena_strndup(arena, texts[part].data, texts[part].size);
        iv_buf_fini(&texts[part]);
    }
    for (size_t i = 0; i < judgement->outcome_count; i++) {
        struct iv_rule_outcome *outcome = &judgement->outcomes[i];
        /* A report that was read says itself. */
        if (outcome->outcome == IV_NOT_EVALUATED && outcome->reason == NULL) {
            const unsigned part = iv_rule_part(outcome->rule);
            outcome->reason = reasons[part == IV_PART_COMPARISON ? 2
                                      : part == IV_PART_DEVICE   ? 1
                                                                 : 0];
        }
    }
}
