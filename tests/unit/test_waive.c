/* Which findings a waiver reaches: packages and their versions, variants, firmware, steps, findings
 * that follow from others, and what is said of the waiver itself. */
#include "imgval/base/attr.h"
#include "imgval/engine/waive.h"
#include "tests/unit/unit.h"

static const struct iv_rule rule = {.id = "T001", .name = "test-rule"};
static const struct iv_rule bound_rule = {.id = "T002", .name = "bound", .binding = true};

static struct iv_version v(uint16_t last)
{
    return (struct iv_version){{1, 0, 0, last}};
}

/* Whether a policy of this one waiver waives the finding; *ret_use says what it met. */
static bool waives(const struct iv_policy_waiver *waiver, const struct iv_waive_case *c,
                   struct iv_finding finding, struct iv_waiver_use *ret_use)
{
    struct iv_policy_waiver one = *waiver;
    const struct iv_policy policy = {.waivers = &one, .waiver_count = 1};
    struct iv_waiver_use use = {0};
    const struct iv_engine_options options = {.judging = {.policy = &policy, .date = 20300101},
                                              .uses = &use};
    one.expires = one.expires == 0 ? 20300101 : one.expires;
    iv_waive_finding(&options, c, &finding);
    CHECK_INT(finding.waived, finding.waiver != NULL);
    CHECK_INT(use.is_used, finding.waived);
    if (ret_use != NULL) {
        *ret_use = use;
    }
    return finding.waived;
}

static void test_rules(void)
{
    const struct iv_waive_case none = {0};
    const struct iv_finding finding = {.rule = &rule};
    CHECK(waives(&(struct iv_policy_waiver){.rule = "T001"}, &none, finding, NULL));
    CHECK(waives(&(struct iv_policy_waiver){.rule = "test-*"}, &none, finding, NULL));
    CHECK(waives(&(struct iv_policy_waiver){0}, &none, finding, NULL));
    CHECK(!waives(&(struct iv_policy_waiver){.rule = "T002"}, &none, finding, NULL));
    /* In force on the day that it names, and not after it. */
    CHECK(!waives(&(struct iv_policy_waiver){.expires = 20291231}, &none, finding, NULL));
    CHECK(waives(&(struct iv_policy_waiver){.expires = 20300101}, &none, finding, NULL));

    struct iv_waiver_use use;
    const struct iv_finding others[] = {
        {.rule = &bound_rule},
        {.rule = &rule, .incomplete = true},
        {.rule = &rule, .binding_cause = true},
    };
    for (size_t i = 0; i < IV_COUNT(others); i++) {
        CHECK(!waives(&(struct iv_policy_waiver){0}, &none, others[i], &use));
        CHECK(use.refused == others[i].rule);
    }
}

static void test_packages(void)
{
    const struct iv_waive_case none = {0};
    const struct iv_policy_waiver waiver = {.package = "Contoso.*"};
    CHECK(waives(&waiver, &none, (struct iv_finding){.rule = &rule, .package = "Contoso.A"}, NULL));
    CHECK(waives(&waiver, &none, (struct iv_finding){.rule = &rule, .key = "contoso.a"}, NULL));
    CHECK(waives(&waiver, &none,
                 (struct iv_finding){.rule = &rule, .package = "x", .key = "contoso.a"}, NULL));
    CHECK(!waives(&waiver, &none,
                  (struct iv_finding){.rule = &rule, .package = "x", .key = "fabrikam.a"}, NULL));
    CHECK(!waives(&waiver, &none, (struct iv_finding){.rule = &rule}, NULL));
}

/* The version of the package that the finding is about: of the case in hand, else by its key. */
static void test_versions(void)
{
    struct iv_package package = {.key = "a", .name = "A", .version = "1.0.0.5", .number = v(5)};
    const struct iv_package *items[] = {&package};
    const struct iv_submission s = {.set = {.items = items, .count = 1}};
    const struct iv_waive_case by_package = {.package = &package};
    const struct iv_waive_case by_key = {.submission = &s};
    const struct iv_waive_case none = {0};
    const struct iv_finding finding = {.rule = &rule, .key = "a"};
    for (uint16_t low = 4; low <= 6; low++) {
        const struct iv_policy_waiver from = {.version = {.has_low = true, .low = v(low)}};
        const struct iv_policy_waiver to = {.version = {.has_high = true, .high = v(low)}};
        CHECK_INT(waives(&from, &by_package, finding, NULL), low <= 5);
        CHECK_INT(waives(&from, &by_key, finding, NULL), low <= 5);
        CHECK_INT(waives(&to, &by_package, finding, NULL), low >= 5);
        CHECK_INT(waives(&to, &by_key, finding, NULL), low >= 5);
        CHECK(!waives(&from, &none, finding, NULL));
    }
    const struct iv_policy_waiver any = {.version = {.has_low = true}};
    CHECK(waives(&any, &by_key, finding, NULL));
    CHECK(!waives(&any, &by_key, (struct iv_finding){.rule = &rule, .key = "b"}, NULL));
    CHECK(!waives(&any, &by_key, (struct iv_finding){.rule = &rule}, NULL));
    package.version = NULL;
    CHECK(!waives(&any, &by_package, finding, NULL));
    CHECK(waives(&(struct iv_policy_waiver){0}, &by_package, finding, NULL));
}

/* Of a finding about several packages each one has to match. */
static void test_lists(void)
{
    const struct iv_waive_case none = {0};
    const struct iv_package a = {.key = "c.a", .name = "C.A", .version = "1.0.0.5", .number = v(5)};
    const struct iv_package b = {.key = "c.b", .name = "C.B", .version = "1.0.0.7", .number = v(7)};
    const struct iv_package *both[] = {&a, &b};
    struct iv_finding finding = {
        .rule = &rule, .has_packages = true, .packages = both, .package_count = 2};
    CHECK(waives(&(struct iv_policy_waiver){.package = "C.*"}, &none, finding, NULL));
    CHECK(!waives(&(struct iv_policy_waiver){.package = "C.A"}, &none, finding, NULL));
    const struct iv_policy_waiver to_6 = {.version = {.has_high = true, .high = v(6)}};
    const struct iv_policy_waiver to_7 = {.version = {.has_high = true, .high = v(7)}};
    CHECK(!waives(&to_6, &none, finding, NULL));
    CHECK(waives(&to_7, &none, finding, NULL));
    finding.package_count = 1;
    CHECK(waives(&(struct iv_policy_waiver){.package = "C.A"}, &none, finding, NULL));
    CHECK(waives(&to_6, &none, finding, NULL));
    /* A list without packages has none of that name, and no version that is out of a range. */
    finding.package_count = 0;
    CHECK(!waives(&(struct iv_policy_waiver){.package = "*"}, &none, finding, NULL));
    CHECK(waives(&(struct iv_policy_waiver){.rule = "T001"}, &none, finding, NULL));
}

static void test_variants(void)
{
    const struct iv_waive_case none = {0};
    const struct iv_pop pop = {.oem = "CONTOSO", .mobile_operator = "000-88", .model = "CT-100"};
    const struct iv_finding finding = {.rule = &rule, .variant = &pop};
    CHECK(waives(&(struct iv_policy_waiver){.variant = "CONTOSO/000-88/CT-100"}, &none, finding,
                 NULL));
    CHECK(waives(&(struct iv_policy_waiver){.variant = "*/000-88/*"}, &none, finding, NULL));
    CHECK(!waives(&(struct iv_policy_waiver){.variant = "*/000-89/*"}, &none, finding, NULL));
    CHECK(!waives(&(struct iv_policy_waiver){.variant = "*"}, &none,
                  (struct iv_finding){.rule = &rule}, NULL));
}

/* The version of the submission, of a step that of its later side. */
static void test_firmware(void)
{
    struct iv_submission s = {.firmware_version_valid = true, .number = v(5)};
    struct iv_step step = {.firmware_version_valid = true, .number = v(9)};
    const struct iv_finding finding = {.rule = &rule};
    const struct iv_policy_waiver to_5 = {.firmware = {.has_high = true, .high = v(5)}};
    const struct iv_policy_waiver from_9 = {.firmware = {.has_low = true, .low = v(9)}};
    CHECK(waives(&to_5, &(struct iv_waive_case){.submission = &s}, finding, NULL));
    CHECK(!waives(&from_9, &(struct iv_waive_case){.submission = &s}, finding, NULL));
    CHECK(!waives(&to_5, &(struct iv_waive_case){.submission = &s, .step = &step}, finding, NULL));
    CHECK(waives(&from_9, &(struct iv_waive_case){.submission = &s, .step = &step}, finding, NULL));
    s.firmware_version_valid = false;
    step.firmware_version_valid = false;
    CHECK(!waives(&to_5, &(struct iv_waive_case){.submission = &s}, finding, NULL));
    CHECK(!waives(&from_9, &(struct iv_waive_case){.step = &step}, finding, NULL));
    CHECK(!waives(&to_5, &(struct iv_waive_case){0}, finding, NULL));
}

/* The first waiver that matches is the one that is named; all that match have a use. */
static void test_first(void)
{
    struct iv_policy_waiver waivers[] = {{.rule = "T002", .expires = 20310101},
                                         {.rule = "T001", .expires = 20310101},
                                         {.rule = "T*", .expires = 20310101}};
    const struct iv_policy policy = {.waivers = waivers, .waiver_count = 3};
    struct iv_waiver_use uses[3] = {0};
    const struct iv_engine_options options = {.judging = {.policy = &policy, .date = 20300101},
                                              .uses = uses};
    struct iv_finding finding = {.rule = &rule};
    iv_waive_finding(&options, &(struct iv_waive_case){0}, &finding);
    CHECK(finding.waiver == &waivers[1].waiver);
    CHECK(!uses[0].is_used && uses[1].is_used && uses[2].is_used);
}

/* Two variants; the finding about one follows from the lists of missing packages of the same. */
static void test_causes(struct iv_arena *arena)
{
    static const struct iv_waiver first = {.reason = "first"};
    static const struct iv_waiver second = {.reason = "second"};
    struct iv_variant variants[2] = {0};
    const struct iv_submission s = {.variants = variants, .variant_count = 2};
    struct iv_waive_causes *causes = iv_waive_causes(&s, arena);
    struct iv_finding cause = {.rule = &rule,
                               .variant = &variants[1].pop,
                               .has_packages = true,
                               .waived = true,
                               .waiver = &first};
    struct iv_finding result = {.rule = &bound_rule, .variant = &variants[1].pop, .cause = "T001"};

    struct iv_finding now = result;
    iv_waive_by_cause(causes, &now);
    CHECK(!now.waived); /* nothing to follow from */
    iv_waive_note_cause(causes, &cause);
    cause.waiver = &second;
    iv_waive_note_cause(causes, &cause);
    now = result;
    iv_waive_by_cause(causes, &now);
    CHECK(now.waived && now.waiver == &first);

    const struct iv_finding others[] = {
        {.rule = &bound_rule, .variant = &variants[0].pop, .cause = "T001"}, /* another variant */
        {.rule = &bound_rule, .variant = &variants[1].pop, .cause = "T009"}, /* another cause */
        {.rule = &bound_rule, .variant = &variants[1].pop},                  /* follows from none */
        {.rule = &bound_rule, .cause = "T001"},
    };
    for (size_t i = 0; i < IV_COUNT(others); i++) {
        now = others[i];
        iv_waive_by_cause(causes, &now);
        CHECK(!now.waived);
    }
    /* It was waived itself: that stands. */
    now = result;
    now.waived = true;
    now.waiver = &second;
    iv_waive_by_cause(causes, &now);
    CHECK(now.waiver == &second);

    /* A finding without a list is no cause; one that is not waived keeps what follows. */
    cause.has_packages = false;
    cause.waived = false;
    iv_waive_note_cause(causes, &cause);
    now = result;
    iv_waive_by_cause(causes, &now);
    CHECK(now.waived);
    cause.has_packages = true;
    iv_waive_note_cause(causes, &cause);
    now = result;
    iv_waive_by_cause(causes, &now);
    CHECK(!now.waived);

    /* A diff has no submission and no variants. */
    causes = iv_waive_causes(NULL, arena);
    iv_waive_note_cause(causes, &cause);
    iv_waive_by_cause(causes, &now);
    CHECK(!now.waived);
}

static void test_states(void)
{
    struct iv_policy_waiver waiver = {.expires = 20300101};
    const struct iv_policy policy = {.waivers = &waiver, .waiver_count = 1};
    struct iv_waiver_use use = {0};
    struct iv_engine_options options = {.judging = {.policy = &policy, .date = 20300101},
                                        .uses = &use};
    CHECK_INT(iv_waive_state(&options, 0), IV_WAIVER_UNUSED);
    use.is_used = true;
    CHECK_INT(iv_waive_state(&options, 0), IV_WAIVER_FINE);
    use.refused = &rule;
    CHECK_INT(iv_waive_state(&options, 0), IV_WAIVER_NO_EFFECT);
    options.judging.date = 20300102;
    CHECK_INT(iv_waive_state(&options, 0), IV_WAIVER_EXPIRED);
    use.is_elsewhere = true;
    CHECK_INT(iv_waive_state(&options, 0), IV_WAIVER_FINE);
}

static void test_text(struct iv_arena *arena)
{
    const struct iv_policy_waiver all = {
        .rule = "T*",
        .package = "a",
        .variant = "*/x/*",
        .version = {.has_low = true, .low = v(1), .has_high = true, .high = v(2)},
        .firmware = {.has_low = true, .low = v(3), .has_high = true, .high = v(4)},
    };
    CHECK_STR(iv_waive_text(&all, arena),
              "rule \"T*\", package \"a\", variant \"*/x/*\", version from 1.0.0.1, version to "
              "1.0.0.2, firmware from 1.0.0.3, firmware to 1.0.0.4");
    const struct iv_policy_waiver one = {.package = "a",
                                         .firmware = {.has_high = true, .high = v(4)}};
    CHECK_STR(iv_waive_text(&one, arena), "package \"a\", firmware to 1.0.0.4");
    CHECK_STR(iv_waive_text(&(struct iv_policy_waiver){.variant = "v"}, arena), "variant \"v\"");
}

int main(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    test_rules();
    test_packages();
    test_versions();
    test_lists();
    test_variants();
    test_firmware();
    test_first();
    test_causes(&arena);
    test_states();
    test_text(&arena);
    return unit_end();
}
