/* The policy file read from hostile bytes, dates, limits, and waivers over tables of the test's
 * own. */
#include "imgval/base/attr.h"
#include "imgval/base/buf.h"
#include "imgval/engine/engine.h"
#include "imgval/engine/policy_read.h"
#include "tests/unit/unit.h"

#include <stdlib.h>

static enum iv_outcome check_names(const struct iv_case *c, struct iv_verdict *verdict)
{
    const struct iv_evidence evidence = {.message = "m", .field = "name"};
    iv_verdict_fail(verdict, &evidence);
    return c->package->unreadable ? IV_NOT_EVALUATED : IV_FAILED;
}

#define ROW(the_id, the_name, level)                                                               \
    .id = (the_id), .name = (the_name), .severity = (level), .subject = IV_SUBJECT_PACKAGE,        \
    .applies = IV_APPLIES_ALL, .check = check_names, .remedy = "Fix it."

static const struct iv_rule rows[] = {
    {ROW("T001", "plain", IV_WARNING)},
    {ROW("T002", "bound", IV_ERROR), .binding = true},
    {ROW("T003", "unchecked", IV_WARNING), .incomplete = true},
};
static const struct iv_rule waiver_rows[] = {
    {.id = "P001",
     .name = "unused",
     .severity = IV_WARNING,
     .subject = IV_SUBJECT_POLICY,
     .applies = IV_APPLIES_ALL,
     .waiver = IV_WAIVER_UNUSED,
     .message = "{0} unused"},
    {.id = "P003",
     .name = "no-effect",
     .severity = IV_WARNING,
     .subject = IV_SUBJECT_POLICY,
     .applies = IV_APPLIES_ALL,
     .waiver = IV_WAIVER_NO_EFFECT,
     .message = "{0} not over {1}"},
};
static const struct iv_rules families[] = {
    {.rows = rows, .count = IV_COUNT(rows), .advisory = true},
    {.rows = waiver_rows, .count = IV_COUNT(waiver_rows)},
};

#define DUE " reason='r' owner='o' expires='2031-01-31'/>"

/* Reads bytes as the file p.xml. */
static bool read_bytes(const char *bytes, size_t size, struct iv_arena *arena,
                       struct iv_policy *ret_policy, struct iv_policy_errors *ret_errors)
{
    const struct iv_policy_source source = {.bytes = bytes,
                                            .size = size,
                                            .path = "p.xml",
                                            .families = families,
                                            .family_count = IV_COUNT(families)};
    return iv_policy_read(&source, arena, ret_policy, ret_errors);
}

static bool read_policy(const char *inside, struct iv_arena *arena, struct iv_policy *ret_policy)
{
    struct iv_policy_errors errors = {0};
    const char *text =
        iv_arena_printf(arena, "<imgval-policy version='1'>%s</imgval-policy>", inside);
    bool fine = read_bytes(text, strlen(text), arena, ret_policy, &errors);
    CHECK(fine == (errors.count == 0));
    return fine;
}

/* Judges one package under a policy. */
static void judge(const char *inside, const struct iv_engine_options *how, struct iv_arena *arena,
                  struct iv_judgement *ret_judgement)
{
    struct iv_package package = {.name = "A.B",
                                 .key = "a.b",
                                 .path = "x/A.B.spkg",
                                 .version = "1.0.0.5",
                                 .number = {{1, 0, 0, 5}}};
    struct iv_submission s = {.path = "x",
                              .type = IV_PARTIAL,
                              .context_free = true,
                              .packages = &package,
                              .package_count = 1};
    struct iv_package *kept = IV_NEW(arena, struct iv_package);
    *kept = package;
    s.packages = kept;
    iv_set_build(s.packages, 1, arena, &s.set);
    struct iv_policy *policy = IV_NEW(arena, struct iv_policy);
    struct iv_engine *engine IV_CLEANUP(iv_engine_close) = NULL;
    struct iv_error err = {0};
    CHECK(read_policy(inside, arena, policy));
    CHECK(iv_engine_open(families, IV_COUNT(families), &engine, &err));
    struct iv_engine_options options = *how;
    options.judging.policy = policy;
    options.uses = IV_NEW_ARRAY(arena, struct iv_waiver_use, policy->waiver_count + 1);
    options.is_last = true;
    options.judging.date = options.judging.date == 0 ? 20310131 : options.judging.date;
    iv_engine_judge(engine, &(struct iv_judged){.submission = &s}, &options, arena, ret_judgement);
}

/* "T001 T002* P003": the findings, waived ones with a star. */
static const char *found(const char *inside, const struct iv_engine_options *how,
                         struct iv_arena *arena, struct iv_judgement *ret_judgement)
{
    judge(inside, how, arena, ret_judgement);
    const char *text = "";
    for (size_t i = 0; i < ret_judgement->finding_count; i++) {
        const struct iv_finding *finding = &ret_judgement->findings[i];
        CHECK(finding->waived == (finding->waiver != NULL));
        text = iv_arena_printf(arena, "%s%s%s%s", text, i == 0 ? "" : " ", finding->rule->id,
                               finding->waived ? "*" : "");
    }
    return text;
}

static void test_waivers(struct iv_arena *arena)
{
    static const struct {
        const char *inside;
        const char *plain;
        const char *what_if;
    } cases[] = {
        {"", "T002 T001 T003", "T002 T001 T003"},
        {"<waiver rule='t001'" DUE, "T002 T001* T003", "T002 T001* T003"},
        {"<waiver rule='plain'" DUE, "T002 T001* T003", "T002 T001* T003"},
        {"<waiver rule='T002'" DUE, "T002 T001 T003 P003", "T002* T001 T003"},
        {"<waiver rule='T003'" DUE, "T002 T001 T003 P003", "T002 T001 T003*"},
        {"<waiver package='a.?'" DUE, "T002 T001* T003 P003", "T002* T001* T003*"},
        {"<waiver package='a.c'" DUE, "T002 T001 T003 P001", "T002 T001 T003 P001"},
        {"<waiver rule='T002' package='a.c'" DUE, "T002 T001 T003 P003", "T002 T001 T003 P001"},
        {"<waiver rule='P001'" DUE, "T002 T001 T003 P003", "T002 T001 T003 P001"},
        {"<waiver rule='T001' variant='*'" DUE, "T002 T001 T003 P001", "T002 T001 T003 P001"},
        {"<waiver rule='T001' version-from='1.0.0.5'" DUE, "T002 T001* T003", "T002 T001* T003"},
        {"<waiver rule='T001' version-from='1.0.0.6'" DUE, "T002 T001 T003 P001",
         "T002 T001 T003 P001"},
        {"<waiver rule='T001' version-to='1.0.0.4'" DUE, "T002 T001 T003 P001",
         "T002 T001 T003 P001"},
        {"<waiver rule='T001' firmware-to='9.0.0.0'" DUE, "T002 T001 T003 P001",
         "T002 T001 T003 P001"},
        {"<severity rule='T001' level='error'/>", "T001 T002 T003", "T001 T002 T003"},
        {"<severity rule='T003' level='note'/>", "T002 T001 T003", "T002 T001 T003"},
    };
    for (size_t i = 0; i < IV_COUNT(cases); i++) {
        struct iv_judgement judgement;
        const struct iv_engine_options plain = {.judging.fail_on = IV_ERROR};
        const struct iv_engine_options what_if = {
            .judging = {.fail_on = IV_ERROR, .what_if = true}};
        CHECK_STR(found(cases[i].inside, &plain, arena, &judgement), cases[i].plain);
        CHECK_STR(found(cases[i].inside, &what_if, arena, &judgement), cases[i].what_if);
    }
}

static void test_verdict(struct iv_arena *arena)
{
    static const char all[] = "<waiver package='*'" DUE;
    struct iv_judgement judgement;
    struct iv_engine_options how = {.judging.fail_on = IV_ERROR};
    found(all, &how, arena, &judgement);
    CHECK_INT(judgement.verdict, IV_VERDICT_FAIL);
    CHECK_INT(judgement.counts.waived, 1);
    CHECK_INT(judgement.counts.warning, 2); /* T003, P003 */
    how.judging.what_if = true;
    found(all, &how, arena, &judgement);
    CHECK_INT(judgement.verdict, IV_VERDICT_PASS);
    CHECK_INT(judgement.counts.waived, 3);
    how.judging.date =
        20310201; /* expired, also under what_if; the table has no row for that state */
    CHECK_STR(found(all, &how, arena, &judgement), "T002 T001 T003");
    CHECK_INT(judgement.verdict, IV_VERDICT_FAIL);
}

static void test_dates(void)
{
    static const char *const bad[] = {"",           "2031-1-31",  "2031-13-01",  "2031-00-10",
                                      "2031-04-31", "2031-02-29", "2100-02-29",  "0000-01-01",
                                      "2031-01-00", "2031/01/01", "2031-01-011", "+031-01-01"};
    int date = 0;
    CHECK(iv_policy_date("2032-02-29", &date));
    CHECK_INT(date, 20320229);
    CHECK(iv_policy_date("2000-02-29", &date));
    CHECK(iv_policy_date("9999-12-31", &date));
    for (size_t i = 0; i < IV_COUNT(bad); i++) {
        CHECK(!iv_policy_date(bad[i], &date));
    }
}

static void test_limits(struct iv_arena *arena)
{
    struct iv_policy policy;
    struct iv_limits limits = iv_limits_default();
    if (!CHECK(read_policy("<limit name='XML depth' value='7'/><limit name='cabinet' value='2G'/>",
                           arena, &policy))) {
        return;
    }
    iv_policy_limits(&policy, &limits);
    CHECK_INT(limits.xml_depth, 7);
    CHECK(limits.cabinet_size == 2 * IV_GIB);
    CHECK_INT(limits.members, iv_limits_default().members);
}

/* What a site rule says of itself, and what is said where it does not. */
static void test_site_words(struct iv_arena *arena)
{
    struct iv_policy policy;
    static const char start[] = "<rule severity='note' pattern='x' field='owner' summary='s'";
    const char *text = iv_arena_printf(
        arena,
        "%s id='OEM001' name='one-rule' why='w' remedy='r'/>%s id='OEM002' name='two-rules'/>",
        start, start);
    if (CHECK(read_policy(text, arena, &policy)) && CHECK_INT(policy.rule_count, 2)) {
        CHECK_STR(policy.rules[0].summary, "s");
        CHECK_STR(policy.rules[0].why, "w");
        CHECK_STR(policy.rules[0].remedy, "r");
        CHECK_STR(policy.rules[1].why, "The site's policy asks for it.");
        CHECK_STR(policy.rules[1].remedy,
                  "Fix what the rule of the site's policy names, or ask its owner.");
    }
}

/* The first error of a policy, without its line; "": none. */
static const char *first_error(const char *inside, struct iv_arena *arena)
{
    struct iv_policy policy;
    struct iv_policy_errors errors = {0};
    const char *text =
        iv_arena_printf(arena, "<imgval-policy version='1'>%s</imgval-policy>", inside);
    bool fine = read_bytes(text, strlen(text), arena, &policy, &errors);
    CHECK(fine == (errors.count == 0));
    return fine ? "" : errors.items[0].text;
}

#define SITE(id, name, rest) "<rule id='" id "' name='" name "' summary='s' " rest "/>"
#define FIELD "severity='note' pattern='x' field='owner'"

static void test_errors(struct iv_arena *arena)
{
    static const struct {
        const char *inside;
        const char *error; /* a part of it; "": the policy is fine */
    } rows_of[] = {
        {"<require-baseline/>", ""},
        /* by line: whether a waiver's rule is known is seen last */
        {"<waiver rule='NO001'" DUE "\n<nothing/>", "there is no rule \"NO001\""},
        {"<nothing/>\n<waiver rule='NO001'" DUE, "<nothing> has no place here"},
        {"<require-baseline/><require-baseline/>", "<require-baseline> stands in line 1 already"},
        {"<require-baseline since='1'/>", "since"},
        {"<growth percent='0' packages='1'/>", ""},
        {"<growth percent='1000000' packages='1000000'/>", ""},
        {"<growth percent='1000001' packages='1'/>", "a percentage"},
        {"<growth percent='x' packages='1'/>", "a percentage"},
        {"<growth percent='1' packages='0'/>", "a percentage"},
        {"<growth percent='1' packages='1000001'/>", "a percentage"},
        {"<growth percent='1' packages='-1'/>", "a percentage"},
        {"<growth percent='1' packages='1'/><growth percent='1' packages='1'/>", "already"},
        {SITE("OEM000", "a", FIELD), ""},
        {SITE("OEM999", "a-9", FIELD), ""},
        {SITE("OEM00", "a", FIELD), "is no id"},
        {SITE("OEM0000", "a", FIELD), "is no id"},
        {SITE("OEMx00", "a", FIELD), "is no id"},
        {SITE("OEM0x0", "a", FIELD), "is no id"},
        {SITE("OEM00x", "a", FIELD), "is no id"},
        {SITE("STD001", "a", FIELD), "is no id"},
        {SITE("OEM001", "a--b", FIELD), "is no name"},
        {SITE("OEM001", "-a", FIELD), "is no name"},
        {SITE("OEM001", "a-", FIELD), "is no name"},
        {SITE("OEM001", "9a", FIELD), "is no name"},
        {SITE("OEM001", "Ab", FIELD), "is no name"},
        {SITE("OEM001", "a{", FIELD), "is no name"},
        {SITE("OEM001", "", FIELD), "is empty"},
        {SITE("OEM001", "a234567890123456789012345678901234567890", FIELD), ""},
        {SITE("OEM001", "a2345678901234567890123456789012345678901", FIELD), "is no name"},
        {SITE("OEM001", "plain", FIELD), "is a built-in rule"},
        {SITE("OEM001", "a", FIELD) SITE("OEM001", "b", FIELD), "id or name stand in line 1"},
        {SITE("OEM001", "a", FIELD) SITE("OEM002", "a", FIELD), "id or name stand in line 1"},
        {SITE("OEM001", "a", FIELD) SITE("OEM002", "b", FIELD), ""},
        {SITE("OEM001", "a", "severity='mild' pattern='x' field='owner'"), "mild"},
        {SITE("OEM001", "a", "severity='note' pattern='x'"), "either \"field\" or \"device\""},
        {SITE("OEM001", "a", "severity='note' pattern='x' field='owner' device='PhoneModelName'"),
         "either \"field\" or \"device\""},
        {SITE("OEM001", "a", "severity='note' pattern='x' field='none'"), "no text field \"none\""},
        {SITE("OEM001", "a", "severity='note' pattern='x' field='removal'"), "no text field"},
        {SITE("OEM001", "a", "severity='note' pattern='x' device='PhoneSomething'"),
         "there is no device value \"PhoneSomething\""},
        {SITE("OEM001", "a", "severity='note' pattern='x' device='phonemanufacturer'"),
         "is spelt PhoneManufacturer"},
        {SITE("OEM001", "a", "severity='note' pattern='x' device='PhoneManufacturer'"), ""},
        {SITE("OEM001", "a", "severity='note' pattern='(x' field='owner'"), "pattern"},
        {"<waiver rule='T001' version-from='1.0'" DUE, "\"1.0\" is no version"},
        {"<waiver rule='T001' version-to='x'" DUE, "\"x\" is no version"},
        {"<waiver rule='T001' firmware-from='x'" DUE, "\"x\" is no version"},
        {"<waiver rule='T001' firmware-to='x'" DUE, "\"x\" is no version"},
        {"<waiver rule='T001' version-from='1.0.0.1' version-to='1.0.0.1'" DUE, ""},
        {"<waiver rule='T001' version-from='1.0.0.2' version-to='1.0.0.1'" DUE,
         "no version is from 1.0.0.2 to 1.0.0.1"},
        {"<waiver version-from='1.0.0.2'" DUE, "needs a rule, a package or a variant"},
        {"<waiver package='a'" DUE, ""},
        {"<waiver variant='a'" DUE, ""},
        {"<waiver rule='T009'" DUE, "there is no rule \"T009\""},
        {"<waiver rule='OEM001'" DUE SITE("OEM001", "a", FIELD), ""},
        {"<waiver rule='b*'" DUE, ""},
        {"words", "text between"},
        {"<other/>", "<other> has no place here"},
    };
    for (size_t i = 0; i < IV_COUNT(rows_of); i++) {
        const char *error = first_error(rows_of[i].inside, arena);
        bool fine = rows_of[i].error[0] == '\0' ? error[0] == '\0'
                                                : strstr(error, rows_of[i].error) != NULL;
        if (!CHECK(fine)) {
            fprintf(stderr, "    %s: \"%s\"\n", rows_of[i].inside, error);
        }
    }
}

/* As many entries as there may be, and one more. */
static void test_many_entries(struct iv_arena *arena)
{
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < IV_POLICY_ENTRIES_MAX; i++) {
        iv_buf_puts(&text, "<waiver rule='T001'" DUE);
    }
    CHECK_STR(first_error(iv_buf_text(&text), arena), "");
    iv_buf_puts(&text, "<waiver rule='T001'" DUE "<waiver rule='T001'" DUE);
    CHECK_STR(first_error(iv_buf_text(&text), arena), "more than 4096 entries");
}

/* Any byte changed, or the file cut anywhere: an error or a policy, never a crash. */
static void test_noise(struct iv_arena *arena)
{
    static const char text[] =
        "<imgval-policy version='1'><severity rule='T001' level='note'/>"
        "<limit name='XML depth' value='7'/><growth percent='1' packages='2'/>"
        "<rule id='OEM001' name='n' severity='note' field='owner' pattern='(a|b)*' summary='s'/>"
        "<waiver rule='T*' package='a?' version-from='1.0.0.0'" DUE "</imgval-policy>";
    size_t read = 0;
    unsigned state = 4711;
    for (size_t i = 0; i < 2 * sizeof(text); i++) {
        struct iv_arena_mark mark = iv_arena_mark(arena);
        size_t size = i < sizeof(text) ? i : sizeof(text) - 1;
        char *copy = malloc(size + 1);
        struct iv_policy policy;
        struct iv_policy_errors errors = {0};
        memcpy(copy, text, size);
        copy[size] = '\0';
        if (i >= sizeof(text)) {
            state = state * 1103515245u + 12345u;
            copy[(state >> 8) % size] = "<>/'=&\xFFx0*("[(state >> 4) % 11];
        }
        bool fine = read_bytes(copy, size, arena, &policy, &errors);
        CHECK(fine == (errors.count == 0));
        read += fine;
        free(copy);
        iv_arena_reset(arena, mark);
    }
    CHECK(read > 0 && read < sizeof(text));
}

int main(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    test_waivers(&arena);
    test_verdict(&arena);
    test_dates();
    test_limits(&arena);
    test_errors(&arena);
    test_site_words(&arena);
    test_many_entries(&arena);
    test_noise(&arena);
    return unit_end();
}
