/* The fingerprint of a finding: it survives a new version or path, and tells findings apart. */
#include "imgval/base/attr.h"
#include "imgval/model/finding.h"
#include "tests/unit/unit.h"

static const struct iv_rule zero_version = {.id = "STD002"};
static const struct iv_rule missing = {.id = "WSPC002"};
static const struct iv_pop pop = {.oem = "Contoso", .mobile_operator = "000-88", .model = "CT-100"};
static const struct iv_pop folded = {
    .oem = "CONTOSO", .mobile_operator = "000-88", .model = "ct-100"};
static const struct iv_pop other_pop = {
    .oem = "Contoso", .mobile_operator = "000-89", .model = "CT-100"};

static void test_fingerprint(struct iv_arena *arena)
{
    const struct iv_finding base = {.rule = &zero_version, .key = "a", .field = "version"};
    const char *print = iv_finding_fingerprint(&base, arena);
    CHECK_STR(print, "f0287df16d309860451bfe786f4383bb99eacb763853a145eef66c64fdfdc5de");

    struct iv_finding same = base;
    same.severity = IV_ERROR;
    same.waived = true;
    same.message = "m";
    same.path = "p";
    same.actual = "0.0.0.0";
    same.package = "A";
    same.line = 7;
    CHECK_STR(iv_finding_fingerprint(&same, arena), print);

    const struct iv_finding others[] = {
        {.rule = &missing, .key = "a", .field = "version"},
        {.rule = &zero_version, .key = "b", .field = "version"},
        {.rule = &zero_version, .key = NULL, .field = "version"},
        {.rule = &zero_version, .key = "", .field = "version"},
        {.rule = &zero_version, .key = "a", .field = "partition"},
        {.rule = &zero_version, .key = "a", .field = NULL},
        {.rule = &zero_version, .key = "version", .field = "a"},
        {.rule = &zero_version, .key = "a", .field = "version", .variant = &pop},
        {.rule = &zero_version, .key = "a", .field = "version", .variant = &other_pop},
    };
    for (size_t i = 0; i < IV_COUNT(others); i++) {
        const char *one = iv_finding_fingerprint(&others[i], arena);
        CHECK(strcmp(one, print) != 0);
        for (size_t k = 0; k < i; k++) {
            CHECK(strcmp(one, iv_finding_fingerprint(&others[k], arena)) != 0);
        }
    }

    struct iv_finding variant = {.rule = &missing, .variant = &pop};
    CHECK_STR(iv_finding_fingerprint(&variant, arena),
              "296c1290a058c3ff3600ca82deca78295350b0304ab9336adb85c8488e3990f6");
    variant.variant = &folded;
    CHECK_STR(iv_finding_fingerprint(&variant, arena),
              "296c1290a058c3ff3600ca82deca78295350b0304ab9336adb85c8488e3990f6");
}

static void test_names(void)
{
    CHECK_STR(iv_severity_names[IV_NOTE], "note");
    CHECK_STR(iv_severity_names[IV_WARNING], "warning");
    CHECK_STR(iv_severity_names[IV_ERROR], "error");
    CHECK_STR(iv_outcome_names[IV_NOT_APPLICABLE], "not-applicable");
    CHECK_STR(iv_outcome_names[IV_PASSED], "passed");
    CHECK_STR(iv_outcome_names[IV_NOT_EVALUATED], "not-evaluated");
    CHECK_STR(iv_outcome_names[IV_FAILED], "failed");
    CHECK_STR(iv_final_verdict_names[IV_VERDICT_PASS], "pass");
    CHECK_STR(iv_final_verdict_names[IV_VERDICT_INCOMPLETE], "incomplete");
    CHECK_STR(iv_final_verdict_names[IV_VERDICT_FAIL], "fail");
}

/* A copy borrows nothing that goes away with the arena of its source; lists are not taken along. */
static void test_copy(struct iv_arena *arena)
{
    char text[] = "text";
    struct iv_pop variant = {.oem = text, .mobile_operator = text, .model = text};
    const struct iv_package *packages[1] = {NULL};
    const enum iv_direction direction = IV_NEWER;
    const struct iv_finding finding = {.rule = &missing,
                                       .severity = IV_ERROR,
                                       .message = text,
                                       .key = text,
                                       .fingerprint = text,
                                       .variant = &variant,
                                       .packages = packages,
                                       .package_count = 1,
                                       .has_packages = true,
                                       .direction = &direction};
    const struct iv_finding copy = iv_finding_copy(&finding, arena);
    memset(text, 'x', 4);
    variant.model = NULL;
    CHECK(copy.rule == &missing && copy.severity == IV_ERROR);
    CHECK_STR(copy.message, "text");
    CHECK_STR(copy.key, "text");
    CHECK_STR(copy.fingerprint, "text");
    CHECK_STR(copy.remedy, NULL);
    if (CHECK(copy.variant != NULL)) {
        CHECK_STR(copy.variant->oem, "text");
        CHECK_STR(copy.variant->mobile_operator, "text");
        CHECK_STR(copy.variant->model, "text");
    }
    CHECK(copy.packages == NULL && copy.package_count == 0 && !copy.has_packages);
    CHECK(copy.direction == NULL && copy.baseline == NULL);
    CHECK(iv_finding_copy(&(struct iv_finding){.rule = &missing}, arena).variant == NULL);
}

int main(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    test_fingerprint(&arena);
    test_names();
    test_copy(&arena);
    return unit_end();
}
