/*
 * Words of judgements, copies of findings, and the fingerprint: a digest over what of a finding
 * stays the same when the firmware is built again (rule, key, field, variant), and over nothing
 * that changes then (version, path, message). Services recognise a finding by it.
 */
#include "imgval/model/finding.h"

#include "imgval/base/digest.h"
#include "imgval/base/text.h"

const char *const iv_severity_names[] = {
    [IV_NOTE] = "note",
    [IV_WARNING] = "warning",
    [IV_ERROR] = "error",
    [IV_ERROR + 1] = NULL,
};

const char *const iv_subject_names[] = {
    [IV_SUBJECT_SUBMISSION] = "submission",
    [IV_SUBJECT_PACKAGE] = "package",
    [IV_SUBJECT_ENTRY] = "entry",
    [IV_SUBJECT_DEVICE] = "device",
    [IV_SUBJECT_VARIANT] = "variant",
    [IV_SUBJECT_REQUEST] = "request",
    [IV_SUBJECT_STEP] = "step",
    [IV_SUBJECT_IMAGE] = "image",
    [IV_SUBJECT_POLICY] = "policy",
    [IV_SUBJECT_POLICY + 1] = NULL,
};

const char *const iv_outcome_names[] = {
    [IV_NOT_APPLICABLE] = "not-applicable",
    [IV_PASSED] = "passed",
    [IV_NOT_EVALUATED] = "not-evaluated",
    [IV_FAILED] = "failed",
    [IV_FAILED + 1] = NULL,
};

const char *const iv_final_verdict_names[] = {
    [IV_VERDICT_PASS] = "pass",
    [IV_VERDICT_INCOMPLETE] = "incomplete",
    [IV_VERDICT_FAIL] = "fail",
    [IV_VERDICT_FAIL + 1] = NULL,
};

/* "-" or "+" and the text, so that a missing text differs from an empty one. */
static void add_optional(struct iv_sha256 *sha, const char *text)
{
    iv_sha256_add_field(sha, text != NULL ? "+" : "-");
    if (text != NULL) {
        iv_sha256_add_field(sha, text);
    }
}

/*
 * The bytes under the digest are frozen, for fingerprints stand in users' baselines and waivers:
 * "imgval-finding/1", the rule's id, then key, field and the variant's three parts (folded).
 */
const char *iv_finding_fingerprint(const struct iv_finding *finding, struct iv_arena *arena)
{
    char *hex = IV_NEW_ARRAY(arena, char, IV_SHA256_HEX_SIZE);
    struct iv_arena_mark mark = iv_arena_mark(arena);
    const struct iv_pop *variant = finding->variant;
    struct iv_sha256 *sha = iv_sha256_open();
    iv_sha256_add_field(sha, "imgval-finding/1");
    iv_sha256_add_field(sha, finding->rule->id);
    add_optional(sha, finding->key);
    add_optional(sha, finding->field);
    add_optional(sha, variant != NULL ? iv_ascii_fold(arena, variant->oem) : NULL);
    add_optional(sha, variant != NULL ? iv_ascii_fold(arena, variant->mobile_operator) : NULL);
    add_optional(sha, variant != NULL ? iv_ascii_fold(arena, variant->model) : NULL);
    iv_sha256_close_hex(sha, hex);
    iv_arena_reset(arena, mark);
    return hex;
}

struct iv_finding iv_finding_copy(const struct iv_finding *finding, struct iv_arena *arena)
{
    struct iv_finding copy = *finding;
    const char **const texts[] = {&copy.message,  &copy.remedy,     &copy.package, &copy.key,
                                  &copy.path,     &copy.member,     &copy.field,   &copy.actual,
                                  &copy.expected, &copy.fingerprint};
    for (size_t i = 0; i < IV_COUNT(texts); i++) {
        *texts[i] = iv_arena_strdup(arena, *texts[i]); /* NULL stays NULL */
    }
    if (finding->variant != NULL) {
        struct iv_pop *variant = IV_NEW(arena, struct iv_pop);
        *variant = (struct iv_pop){
            .oem = iv_arena_strdup(arena, finding->variant->oem),
            .mobile_operator = iv_arena_strdup(arena, finding->variant->mobile_operator),
            .model = iv_arena_strdup(arena, finding->variant->model),
        };
        copy.variant = variant;
    }
    copy.packages = NULL;
    copy.package_count = 0;
    copy.has_packages = false;
    copy.baseline = NULL;
    copy.direction = NULL;
    return copy;
}
