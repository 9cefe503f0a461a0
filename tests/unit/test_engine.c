/* The engine on tables of its own: outcomes, aggregation, order, counts, verdict. */
#include "imgval/base/attr.h"
#include "imgval/engine/engine.h"
#include "imgval/engine/policy_read.h"
#include "tests/unit/unit.h"

#include <stdlib.h>

/* Fails, or is not evaluated, by the package's owner. */
static enum iv_outcome check_owner(const struct iv_case *c, struct iv_verdict *verdict)
{
    const char *owner = c->package->owner;
    if (owner == NULL) {
        return IV_PASSED;
    }
    if (strcmp(owner, "unknown") == 0) {
        return IV_NOT_EVALUATED;
    }
    if (strcmp(owner, "none") == 0) {
        return IV_NOT_APPLICABLE;
    }
    const struct iv_evidence evidence = {
        .message = iv_verdict_printf(verdict, "%s is bad", c->package->name),
        .field = "owner",
        .actual = owner,
    };
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

static enum iv_outcome check_twice(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_evidence evidence = {
        .message = "s", .severity_of = c->submission->context_free ? "T001" : "T999"};
    iv_verdict_fail(verdict, &evidence);
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

static enum iv_outcome check_variant(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_evidence evidence = {.message = "v"};
    if (c->variant == NULL) {
        return IV_NOT_EVALUATED;
    }
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

static const struct iv_rule rows[] = {
    {.id = "T001",
     .name = "owner",
     .severity = IV_ERROR,
     .subject = IV_SUBJECT_PACKAGE,
     .applies = IV_APPLIES_ALL,
     .check = check_owner,
     .remedy = "Fix it."},
    {.id = "T002",
     .name = "fault",
     .severity = IV_WARNING,
     .incomplete = true,
     .subject = IV_SUBJECT_SUBMISSION,
     .applies = IV_APPLIES_ALL,
     .fault = IV_FAULT_LIMIT,
     .message = "limit at {0}: {1}"},
    {.id = "T003",
     .name = "culture",
     .severity = IV_WARNING,
     .subject = IV_SUBJECT_ENTRY,
     .applies = IV_APPLIES_PARTIAL,
     .field = "version",
     .pattern = "[0-9.]+",
     .summary = "The version is made of digits."},
    {.id = "T004",
     .name = "command",
     .severity = IV_ERROR,
     .subject = IV_SUBJECT_REQUEST,
     .applies = IV_APPLIES_ALL},
};

static const struct iv_rule submission_rows[] = {
    {.id = "T010",
     .name = "variant",
     .severity = IV_NOTE,
     .subject = IV_SUBJECT_VARIANT,
     .applies = IV_APPLIES_ALL,
     .check = check_variant},
    {.id = "T011",
     .name = "twice",
     .severity = IV_NOTE,
     .subject = IV_SUBJECT_SUBMISSION,
     .applies = IV_APPLIES_ALL,
     .check = check_twice,
     .uncounted = true},
    {.id = "T001",
     .name = "owner",
     .severity = IV_WARNING,
     .subject = IV_SUBJECT_PACKAGE,
     .applies = IV_APPLIES_ALL,
     .check = check_owner},
};

static void judge(const struct iv_rule *table, size_t count, const struct iv_submission *s,
                  enum iv_severity fail_on, struct iv_arena *arena,
                  struct iv_judgement *ret_judgement)
{
    const struct iv_rules family = {.rows = table, .count = count};
    struct iv_engine *engine IV_CLEANUP(iv_engine_close) = NULL;
    struct iv_error err = {0};
    if (!CHECK(iv_engine_open(&family, 1, &engine, &err))) {
        fprintf(stderr, "    %s\n", err.text);
        exit(unit_end());
    }
    const struct iv_engine_options options = {.judging.fail_on = fail_on};
    iv_engine_judge(engine, &(struct iv_judged){.submission = s}, &options, arena, ret_judgement);
}

static void test_outcomes(struct iv_arena *arena)
{
    struct iv_package packages[] = {
        {.path = "c", .name = "C", .key = "c", .owner = "x"},
        {.path = "a", .name = "A", .key = "a"},
        {.path = "b", .name = "B", .key = "b", .owner = "x"},
        {.path = "u", .name = "U", .key = "u", .owner = "unknown", .unreadable = true},
        {.path = "n", .name = "N", .key = "n", .owner = "none"},
        {.path = "h", .name = "H", .key = "h", .owner = "x", .origin = IV_ORIGIN_HISTORY},
    };
    struct iv_submission s = {.path = "fw", .packages = packages, .package_count = 6};
    struct iv_judgement j;
    judge(rows, IV_COUNT(rows), &s, IV_ERROR, arena, &j);
    CHECK_INT(j.outcome_count, 4);
    CHECK_INT(j.outcomes[0].outcome, IV_FAILED);
    CHECK_INT(j.outcomes[0].subjects, 4);
    CHECK_INT(j.outcomes[1].outcome, IV_PASSED);
    CHECK_INT(j.outcomes[2].outcome, IV_NOT_APPLICABLE);
    CHECK_INT(j.outcomes[2].subjects, 0);
    CHECK_INT(j.outcomes[3].outcome, IV_NOT_APPLICABLE);
    CHECK_INT(j.finding_count, 2);
    CHECK_STR(j.findings[0].path, "b");
    CHECK_STR(j.findings[1].path, "c");
    CHECK_STR(j.findings[1].message, "C is bad");
    CHECK_STR(j.findings[1].remedy, "Fix it.");
    CHECK_STR(j.findings[1].package, "C");
    CHECK_STR(j.findings[1].key, "c");
    CHECK_INT(strlen(j.findings[1].fingerprint), 64);
    CHECK(strcmp(j.findings[0].fingerprint, j.findings[1].fingerprint) != 0);
    CHECK_INT(j.counts.packages, 5);
    CHECK_INT(j.counts.unreadable, 1);
    CHECK_INT(j.counts.error, 2);
    CHECK_INT(j.verdict, IV_VERDICT_FAIL);
    packages[0].owner = packages[2].owner = NULL;
    judge(rows, IV_COUNT(rows), &s, IV_ERROR, arena, &j);
    CHECK_INT(j.outcomes[0].outcome, IV_NOT_EVALUATED);
    CHECK_INT(j.verdict, IV_VERDICT_INCOMPLETE);
    packages[3].owner = NULL;
    judge(rows, IV_COUNT(rows), &s, IV_ERROR, arena, &j);
    CHECK_INT(j.outcomes[0].outcome, IV_PASSED);
    CHECK_INT(j.verdict, IV_VERDICT_PASS);
}

/* A failure below --fail-on must not hide a subject that was not evaluated. */
static void test_failure_hides_nothing(struct iv_arena *arena)
{
    struct iv_package packages[] = {
        {.path = "a", .name = "A", .key = "a", .owner = "x"},
        {.path = "b", .name = "B", .key = "b", .owner = "unknown"},
    };
    const struct iv_submission s = {.path = "fw", .packages = packages, .package_count = 2};
    struct iv_judgement j;
    judge(submission_rows + 2, 1, &s, IV_ERROR, arena, &j);
    CHECK_INT(j.outcomes[0].outcome, IV_FAILED);
    CHECK_INT(j.verdict, IV_VERDICT_INCOMPLETE);
    judge(submission_rows + 2, 1, &s, IV_WARNING, arena, &j);
    CHECK_INT(j.verdict, IV_VERDICT_FAIL);
}

static void test_faults(struct iv_arena *arena)
{
    struct iv_fault tree = {.kind = IV_FAULT_LIMIT, .path = "fw/deep", .detail = "depth 65"};
    struct iv_fault other = {.kind = IV_FAULT_UNREADABLE, .path = "fw/x"};
    struct iv_fault own = {.kind = IV_FAULT_LIMIT,
                           .path = "fw/a.spkg",
                           .member = "man.dsm.xml",
                           .line = 7,
                           .detail = "depth {0} %s"};
    struct iv_fault faults[] = {other, tree};
    struct iv_package package = {
        .path = "fw/a.spkg", .name = "A", .key = "a", .faults = &own, .fault_count = 1};
    struct iv_submission s = {
        .path = "fw", .packages = &package, .package_count = 1, .faults = faults, .fault_count = 2};
    struct iv_judgement j;
    judge(rows, IV_COUNT(rows), &s, IV_ERROR, arena, &j);
    CHECK_INT(j.outcomes[1].outcome, IV_FAILED);
    CHECK_INT(j.finding_count, 2);
    CHECK_STR(j.findings[0].message, "limit at fw/a.spkg: depth {0} %s");
    CHECK_STR(j.findings[0].package, "A");
    CHECK_STR(j.findings[0].member, "man.dsm.xml");
    CHECK_INT(j.findings[0].line, 7);
    CHECK_STR(j.findings[1].message, "limit at fw/deep: depth 65");
    CHECK(j.findings[1].package == NULL);
    CHECK(j.findings[1].incomplete);
    CHECK_INT(j.verdict, IV_VERDICT_INCOMPLETE);
    s.package_count = 0;
    judge(rows, IV_COUNT(rows), &s, IV_WARNING, arena, &j);
    CHECK_INT(j.verdict, IV_VERDICT_INCOMPLETE);
    CHECK_INT(j.finding_count, 1);
    CHECK_INT(j.outcomes[0].outcome, IV_NOT_EVALUATED);
    s.fault_count = 0;
    judge(rows, IV_COUNT(rows), &s, IV_ERROR, arena, &j);
    CHECK_INT(j.verdict, IV_VERDICT_INCOMPLETE);
}

static void test_package_patterns(struct iv_arena *arena)
{
    struct iv_package packages[] = {
        {.path = "a", .name = "A", .key = "a", .version = "1.0"},
        {.path = "b", .name = "B", .key = "b", .version = "1.0\n", .origin = IV_ORIGIN_HISTORY},
        {.path = "c", .name = "C", .key = "c"},
        {.path = "d", .name = "D", .key = "d", .unreadable = true},
    };
    const struct iv_submission s = {
        .path = "fw", .type = IV_PARTIAL, .packages = packages, .package_count = 4};
    struct iv_judgement j;
    judge(rows + 2, 1, &s, IV_ERROR, arena, &j);
    CHECK_INT(j.outcomes[0].outcome, IV_FAILED);
    CHECK_INT(j.outcomes[0].subjects, 4);
    CHECK_INT(j.finding_count, 2);
    CHECK_STR(j.findings[0].message, "version is \"1.0\n\": The version is made of digits.");
    CHECK_STR(j.findings[1].message, "version is missing: The version is made of digits.");
    CHECK(j.findings[1].actual == NULL);
    CHECK_INT(j.verdict, IV_VERDICT_INCOMPLETE);
}

/* No partition means MainOS: it is not missing. */
static void test_partition(struct iv_arena *arena)
{
    static const struct iv_rule row = {.id = "T021",
                                       .severity = IV_ERROR,
                                       .subject = IV_SUBJECT_PACKAGE,
                                       .applies = IV_APPLIES_ALL,
                                       .field = "partition",
                                       .pattern = "MainOS",
                                       .summary = "x"};
    struct iv_package packages[] = {{.path = "a", .name = "A", .key = "a"},
                                    {.path = "b", .name = "B", .key = "b", .partition = "Data"}};
    struct iv_submission s = {.path = "fw", .packages = packages, .package_count = 1};
    struct iv_judgement j;
    judge(&row, 1, &s, IV_ERROR, arena, &j);
    CHECK_INT(j.outcomes[0].outcome, IV_PASSED);
    s.package_count = 2;
    judge(&row, 1, &s, IV_ERROR, arena, &j);
    if (CHECK_INT(j.finding_count, 1)) {
        CHECK_STR(j.findings[0].path, "b");
    }
}

/* Findings of one row and path stand by key, then by variant and field, whoever came first. */
static enum iv_outcome check_many(const struct iv_case *c, struct iv_verdict *verdict)
{
    static const char *const parts[][2] = {
        {"b", "x"}, {"b", "a"}, {"a", "z"}, {"c", NULL}, {"b", NULL},
    };
    for (size_t i = 0; i < IV_COUNT(parts); i++) {
        const struct iv_evidence evidence = {
            .message = "m", .path = c->submission->path, .key = parts[i][0], .field = parts[i][1]};
        iv_verdict_fail(verdict, &evidence);
    }
    return IV_FAILED;
}

/* Of a request only the rows about requests have an outcome; those about waivers where there is a
 * policy. */
static void test_kept_outcomes(struct iv_arena *arena)
{
    static const struct iv_rule table[] = {
        {.id = "T001",
         .name = "owner",
         .severity = IV_ERROR,
         .subject = IV_SUBJECT_PACKAGE,
         .applies = IV_APPLIES_ALL,
         .check = check_owner},
        {.id = "T020",
         .name = "unused",
         .severity = IV_WARNING,
         .subject = IV_SUBJECT_POLICY,
         .applies = IV_APPLIES_ALL,
         .waiver = IV_WAIVER_UNUSED},
        {.id = "T021",
         .name = "request",
         .severity = IV_ERROR,
         .subject = IV_SUBJECT_REQUEST,
         .applies = IV_APPLIES_ALL,
         .check = check_twice},
    };
    static const char text[] = "<imgval-policy version=\"1\"/>";
    struct iv_policy policy;
    struct iv_policy_errors errors = {0};
    const struct iv_rules family = {.rows = table, .count = IV_COUNT(table)};
    const struct iv_submission s = {.path = "fw"};
    const struct iv_request request = {0};
    struct iv_engine *engine IV_CLEANUP(iv_engine_close) = NULL;
    struct iv_error err = {0};
    struct iv_judgement j;
    CHECK(iv_engine_open(&family, 1, &engine, &err));
    const struct iv_policy_source source = {.bytes = text,
                                            .size = sizeof(text) - 1,
                                            .path = "p.xml",
                                            .families = &family,
                                            .family_count = 1};
    CHECK(iv_policy_read(&source, arena, &policy, &errors));
    for (unsigned with_policy = 0; with_policy < 2; with_policy++) {
        const struct iv_engine_options options = {
            .judging = {.fail_on = IV_ERROR, .policy = with_policy ? &policy : NULL}};
        iv_engine_judge(engine, &(struct iv_judged){.submission = &s, .request = &request},
                        &options, arena, &j);
        if (CHECK_INT(j.outcome_count, 1 + with_policy)) {
            CHECK_STR(j.outcomes[with_policy].rule->id, "T021");
        }
        iv_engine_judge(engine, &(struct iv_judged){.submission = &s}, &options, arena, &j);
        CHECK_INT(j.outcome_count, 3);
    }
}

static void test_order(struct iv_arena *arena)
{
    static const struct iv_rule row = {.id = "T024",
                                       .severity = IV_ERROR,
                                       .subject = IV_SUBJECT_SUBMISSION,
                                       .applies = IV_APPLIES_ALL,
                                       .check = check_many};
    static const char *const wanted[][2] = {
        {"a", "z"}, {"b", NULL}, {"b", "a"}, {"b", "x"}, {"c", NULL},
    };
    struct iv_package package = {.path = "a", .name = "A", .key = "a"};
    const struct iv_submission s = {.path = "fw", .packages = &package, .package_count = 1};
    struct iv_judgement j;
    judge(&row, 1, &s, IV_ERROR, arena, &j);
    CHECK_INT(j.finding_count, IV_COUNT(wanted));
    for (size_t i = 0; i < IV_COUNT(wanted) && i < j.finding_count; i++) {
        CHECK_STR(j.findings[i].key, wanted[i][0]);
        CHECK_STR(j.findings[i].field, wanted[i][1]);
    }
}

/* Why something was not evaluated: because of the findings that spoil what it looks at. */
static void test_reasons(struct iv_arena *arena)
{
    static const struct iv_rule table[] = {
        {.id = "T030",
         .severity = IV_WARNING,
         .subject = IV_SUBJECT_SUBMISSION,
         .applies = IV_APPLIES_ALL,
         .fault = IV_FAULT_PARTITION,
         .message = "{0}: {1}",
         .spoils = IV_PART_PACKAGES | IV_PART_COMPARISON,
         .clause = "a partition is damaged"},
        {.id = "T031",
         .severity = IV_WARNING,
         .subject = IV_SUBJECT_PACKAGE,
         .applies = IV_APPLIES_ALL,
         .field = "version",
         .pattern = "[0-9]",
         .summary = "x",
         .spoils = IV_PART_PACKAGES,
         .clause = "a version is odd"},
        {.id = "T032",
         .severity = IV_ERROR,
         .subject = IV_SUBJECT_PACKAGE,
         .applies = IV_APPLIES_ALL,
         .check = check_owner},
        {.id = "T033",
         .severity = IV_ERROR,
         .subject = IV_SUBJECT_VARIANT,
         .applies = IV_APPLIES_ALL,
         .check = check_variant},
    };
    struct iv_fault fault = {.kind = IV_FAULT_PARTITION, .path = "p", .detail = "d"};
    struct iv_package package = {.path = "a", .key = "a", .owner = "unknown", .version = "1"};
    struct iv_submission s = {.path = "fw", .packages = &package, .package_count = 1};
    struct iv_judgement j;
    judge(table, IV_COUNT(table), &s, IV_ERROR, arena, &j);
    CHECK_STR(j.outcomes[2].reason, "what it looks at could not be read, or a limit was hit");
    CHECK_STR(j.outcomes[1].reason, NULL); /* it passed */
    package.unreadable = true;
    judge(table, IV_COUNT(table), &s, IV_ERROR, arena, &j);
    CHECK_STR(j.outcomes[2].reason, "1 package could not be read");
    package.unreadable = false;
    package.version = NULL; /* missing is not odd */
    judge(table, IV_COUNT(table), &s, IV_ERROR, arena, &j);
    CHECK_STR(j.outcomes[2].reason, "what it looks at could not be read, or a limit was hit");
    package.version = "x";
    judge(table, IV_COUNT(table), &s, IV_ERROR, arena, &j);
    CHECK_STR(j.outcomes[2].reason, "a version is odd (T031)");
    CHECK_STR(j.outcomes[3].reason, "what it looks at could not be read, or a limit was hit");
    s.faults = &fault;
    s.fault_count = 1;
    judge(table, IV_COUNT(table), &s, IV_ERROR, arena, &j);
    CHECK_STR(j.outcomes[2].reason, "a partition is damaged (T030); a version is odd (T031)");
    CHECK_STR(j.outcomes[3].reason, "a partition is damaged (T030)");
    /* A loose tree without a package. */
    s.package_count = 0;
    judge(table, IV_COUNT(table), &s, IV_ERROR, arena, &j);
    CHECK_STR(j.outcomes[2].reason, "there is no package here");
}

/* A check row on the device is asked once, whatever values there are. */
static enum iv_outcome check_device(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_evidence evidence = {.message = "d", .actual = c->rule->argument};
    iv_verdict_fail(verdict, &evidence);
    return IV_FAILED;
}

static void test_device_check(struct iv_arena *arena)
{
    static const struct iv_rule row = {.id = "T023",
                                       .severity = IV_ERROR,
                                       .subject = IV_SUBJECT_DEVICE,
                                       .applies = IV_APPLIES_ALL,
                                       .field = "PhoneManufacturer",
                                       .check = check_device,
                                       .argument = "x"};
    struct iv_package package = {.path = "a", .name = "A", .key = "a"};
    const struct iv_submission s = {.path = "fw", .packages = &package, .package_count = 1};
    struct iv_judgement j;
    judge(&row, 1, &s, IV_ERROR, arena, &j);
    if (CHECK_INT(j.finding_count, 1)) {
        CHECK_STR(j.findings[0].actual, "x");
    }
}

/* The row on hashes says nothing where none were read. */
static void test_image_rows(struct iv_arena *arena)
{
    static const struct iv_rule hashes = {.id = "T022",
                                          .severity = IV_ERROR,
                                          .subject = IV_SUBJECT_IMAGE,
                                          .applies = IV_APPLIES_ALL,
                                          .fault = IV_FAULT_HASH_MISMATCH,
                                          .message = "{0}: {1}"};
    static const struct {
        struct iv_image_hash hash;
        const char *format;
        enum iv_outcome outcome;
    } wanted[] = {
        {{.state = IV_HASH_NONE}, "FFU", IV_NOT_EVALUATED},
        {{.state = IV_HASH_NONE}, "VHD (fixed)", IV_NOT_APPLICABLE},
        {{.state = IV_HASH_NONE}, NULL, IV_NOT_APPLICABLE},
        {{.state = IV_HASH_SKIPPED}, "FFU", IV_NOT_APPLICABLE},
        {{.state = IV_HASH_NOT_EVALUATED, .checked = 2, .chunks = 2}, "FFU", IV_NOT_EVALUATED},
        {{.state = IV_HASH_CHECKED, .checked = 2, .chunks = 2}, "FFU", IV_PASSED},
        {{.state = IV_HASH_CHECKED, .checked = 1, .chunks = 2}, "FFU", IV_NOT_EVALUATED},
    };
    struct iv_package package = {.path = "a", .name = "A", .key = "a"};
    for (size_t i = 0; i < IV_COUNT(wanted); i++) {
        struct iv_submission s = {
            .path = "x.ffu",
            .kind = IV_KIND_FFU,
            .packages = &package,
            .package_count = 1,
            .image = {.present = true, .format = wanted[i].format, .hash = wanted[i].hash}};
        struct iv_judgement j;
        judge(&hashes, 1, &s, IV_ERROR, arena, &j);
        if (!CHECK_INT(j.outcomes[0].outcome, wanted[i].outcome)) {
            fprintf(stderr, "    row %zu\n", i);
        }
    }
}

static void test_variants_and_order(struct iv_arena *arena)
{
    struct iv_package package = {.path = "a", .name = "A", .key = "a", .owner = "x"};
    struct iv_variant variants[] = {
        {.pop = {"CONTOSO", "000-88", "B"}},
        {.pop = {"CONTOSO", "000-88", "A"}},
    };
    struct iv_submission s = {.path = "fw",
                              .packages = &package,
                              .package_count = 1,
                              .variants = variants,
                              .variant_count = 2};
    struct iv_judgement j;
    judge(submission_rows, IV_COUNT(submission_rows), &s, IV_ERROR, arena, &j);
    CHECK_INT(j.finding_count, 5);
    CHECK_STR(j.findings[0].rule->id, "T001");
    CHECK_STR(j.findings[1].variant->model, "A");
    CHECK_STR(j.findings[2].variant->model, "B");
    CHECK_INT(j.findings[3].severity, IV_NOTE); /* T999 is no rule: its own severity stays */
    CHECK_INT(j.verdict, IV_VERDICT_PASS);
    CHECK_INT(j.counts.note, 4);
    s.context_free = true;
    judge(submission_rows, IV_COUNT(submission_rows), &s, IV_ERROR, arena, &j);
    CHECK_STR(j.findings[0].rule->id, "T011");
    CHECK_INT(j.findings[0].severity, IV_WARNING);
    CHECK_INT(j.counts.warning, 3);
    s.variant_count = 0;
    judge(submission_rows, IV_COUNT(submission_rows), &s, IV_ERROR, arena, &j);
    CHECK_INT(j.outcomes[0].outcome, IV_NOT_EVALUATED);
    CHECK_INT(j.outcomes[0].subjects, 1);
    CHECK_INT(j.verdict, IV_VERDICT_INCOMPLETE);
}

static void test_uncounted(struct iv_arena *arena)
{
    struct iv_package package = {.path = "a", .name = "A", .key = "a"};
    const struct iv_submission s = {.path = "fw", .packages = &package, .package_count = 1};
    struct iv_judgement j;
    judge(submission_rows + 1, 1, &s, IV_NOTE, arena, &j);
    CHECK_INT(j.counts.note, 2);
    CHECK_INT(j.verdict, IV_VERDICT_PASS);
}

static void test_bad_rows(void)
{
    static const struct iv_rule bad[] = {
        {.id = "B001", .subject = IV_SUBJECT_PACKAGE, .field = "version", .pattern = "[0-9"},
        {.id = "B002", .subject = IV_SUBJECT_PACKAGE, .field = "no_such", .pattern = "x"},
        {.id = "B003", .subject = IV_SUBJECT_PACKAGE, .field = "removal", .pattern = "x"},
        {.id = "B004", .subject = IV_SUBJECT_VARIANT, .field = "version", .pattern = "x"},
        {.id = "B005", .subject = IV_SUBJECT_DEVICE, .pattern = "x"},
    };
    for (size_t i = 0; i < IV_COUNT(bad); i++) {
        const struct iv_rules family = {.rows = &bad[i], .count = 1};
        struct iv_engine *engine = NULL;
        struct iv_error err = {0};
        CHECK(!iv_engine_open(&family, 1, &engine, &err));
        CHECK_INT(err.code, IV_ERROR_USAGE);
        CHECK(strstr(err.text, bad[i].id) != NULL);
        CHECK(engine == NULL);
        iv_engine_close(&engine);
    }
}

/* A pattern that backtracks without end is not evaluated. */
static void test_pattern_limit(struct iv_arena *arena)
{
    static const struct iv_rule slow[] = {
        {.id = "T020",
         .severity = IV_ERROR,
         .subject = IV_SUBJECT_PACKAGE,
         .applies = IV_APPLIES_ALL,
         .field = "version",
         .pattern = "(a+)+b",
         .summary = "x"},
    };
    struct iv_package package = {.path = "a",
                                 .name = "A",
                                 .key = "a",
                                 .version = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab!"};
    const struct iv_submission s = {.path = "fw", .packages = &package, .package_count = 1};
    struct iv_judgement j;
    judge(slow, 1, &s, IV_ERROR, arena, &j);
    CHECK_INT(j.outcomes[0].outcome, IV_NOT_EVALUATED);
    CHECK_INT(j.finding_count, 0);
    CHECK_INT(j.verdict, IV_VERDICT_INCOMPLETE);
}

int main(void)
{
    struct iv_arena arena;
    iv_arena_init(&arena);
    test_outcomes(&arena);
    test_failure_hides_nothing(&arena);
    test_faults(&arena);
    test_package_patterns(&arena);
    test_partition(&arena);
    test_reasons(&arena);
    test_kept_outcomes(&arena);
    test_order(&arena);
    test_device_check(&arena);
    test_image_rows(&arena);
    test_variants_and_order(&arena);
    test_uncounted(&arena);
    test_bad_rows();
    test_pattern_limit(&arena);
    iv_arena_fini(&arena);
    return unit_end();
}
