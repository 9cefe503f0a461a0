/*
 * Fuzz entry of the policy file: any bytes. A policy that is taken must be whole: the engine opens
 * its rules, its limits stay in bounds, its waivers name something; one that is refused says why.
 */
#include "imgval/engine/engine.h"
#include "imgval/engine/policy_read.h"
#include "rules/rules.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct iv_policy *policy)
{
    const struct iv_limits defaults = iv_limits_default();
    struct iv_limits limits = defaults;
    const struct iv_rules site = {.rows = policy->rules, .count = policy->rule_count};
    struct iv_engine *engine = NULL;
    struct iv_error err = {0};
    if (!iv_engine_open(&site, 1, &engine, &err)) {
        abort();
    }
    iv_engine_close(&engine);
    iv_policy_limits(policy, &limits);
    if (limits.xml_depth == 0 || limits.xml_depth > defaults.xml_depth * IV_POLICY_LIMIT_FACTOR ||
        limits.report_text != defaults.report_text) {
        abort();
    }
    for (size_t i = 0; i < policy->waiver_count; i++) {
        const struct iv_policy_waiver *waiver = &policy->waivers[i];
        if ((waiver->rule == NULL && waiver->package == NULL && waiver->variant == NULL) ||
            waiver->waiver.reason[0] == '\0' || waiver->waiver.owner[0] == '\0' ||
            waiver->expires == 0) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct iv_rules families[IV_RULE_FAMILIES];
    struct iv_arena arena;
    struct iv_policy policy;
    struct iv_policy_errors errors = {0};
    iv_rules_all(families);
    iv_arena_init(&arena);
    const struct iv_policy_source source = {.bytes = (const char *)data,
                                            .size = size,
                                            .path = "policy.xml",
                                            .families = families,
                                            .family_count = IV_RULE_FAMILIES};
    if (iv_policy_read(&source, &arena, &policy, &errors)) {
        check(&policy);
    } else if (errors.count == 0 || errors.items[0].text[0] == '\0') {
        abort();
    }
    iv_arena_fini(&arena);
    return 0;
}
