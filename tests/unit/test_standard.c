/* The nine standard validations at their boundaries. */
#include "imgval/base/attr.h"
#include "imgval/engine/engine.h"
#include "imgval/model/package.h"
#include "rules/rules.h"
#include "tests/unit/unit.h"

#include <stdlib.h>

struct bench {
    struct iv_engine *engine;
    struct iv_arena arena;
};

static void judge(struct bench *bench, const struct iv_submission *s,
                  struct iv_judgement *ret_judgement)
{
    const struct iv_engine_options options = {.judging.fail_on = IV_ERROR};
    iv_engine_judge(bench->engine, &(struct iv_judged){.submission = s}, &options, &bench->arena,
                    ret_judgement);
}

static enum iv_outcome outcome_of(const struct iv_judgement *j, const char *id)
{
    for (size_t i = 0; i < j->outcome_count; i++) {
        if (strcmp(j->outcomes[i].rule->id, id) == 0) {
            return j->outcomes[i].outcome;
        }
    }
    fprintf(stderr, "no rule %s\n", id);
    CHECK(false);
    return IV_NOT_APPLICABLE;
}

static const struct iv_finding *finding_of(const struct iv_judgement *j, const char *id)
{
    for (size_t i = 0; i < j->finding_count; i++) {
        if (strcmp(j->findings[i].rule->id, id) == 0) {
            return &j->findings[i];
        }
    }
    return NULL;
}

static struct iv_package a_package(void)
{
    return (struct iv_package){
        .path = "fw/Contoso.A.spkg",
        .name = "Contoso.A",
        .key = "contoso.a",
        .style = IV_STYLE_SPKG,
        .version = "1.0.0.0",
        .number = {{1, 0, 0, 0}},
    };
}

static void judge_package(struct bench *bench, struct iv_package *package,
                          struct iv_judgement *ret_judgement)
{
    struct iv_submission s = {.path = "fw",
                              .type = IV_PARTIAL,
                              .context_free = true,
                              .packages = package,
                              .package_count = 1};
    iv_set_build(s.packages, 1, &bench->arena, &s.set);
    judge(bench, &s, ret_judgement);
}

/* ---- STD006..STD009 ------------------------------------------------------------------------ */

struct value_row {
    const char *id;
    const char *name;
    const char *value;
    bool passes;
};

#define A32 "abcdefghijklmnopqrstuvwxyzABCDEF"
#define REVISION "STD006", IV_PHONE_FIRMWARE_REVISION
#define MAKER "STD007", IV_PHONE_MANUFACTURER
#define MODEL "STD008", IV_PHONE_MODEL_NAME
#define OPERATOR "STD009", IV_PHONE_OPERATOR_NAME

static const struct value_row value_rows[] = {
    {REVISION, "0.0.0.0", true},
    {REVISION, "1.2.3.4", true},
    {REVISION, "65535.65535.65535.65535", true},
    {REVISION, "65536.0.0.0", false},
    {REVISION, "0.65536.0.0", false},
    {REVISION, "0.0.65536.0", false},
    {REVISION, "0.0.0.65536", false},
    {REVISION, "0.0.0.70000", false},
    {REVISION, "0.0.0.99999", false},
    {REVISION, "0.0.0.100000", false},
    {REVISION, "9999.10000.59999.60000", true},
    {REVISION, "64999.65000.65499.65500", true},
    {REVISION, "65529.65530.65534.65535", true},
    {REVISION, "01078.00053.16236.35005", true},
    {REVISION, "1078.241.00000.32800", true},
    {REVISION, "0001.0001.0001.20140801", false},
    {REVISION, "000000065535.0.0.0", true},
    {REVISION, "000000065536.0.0.0", false},
    {REVISION, "0000000000.0.0.0", true},
    {REVISION, "1.2.3", false},
    {REVISION, "1.2.3.4.5", false},
    {REVISION, "1.2.3.", false},
    {REVISION, ".1.2.3", false},
    {REVISION, "1..2.3", false},
    {REVISION, "", false},
    {REVISION, " ", false},
    {REVISION, " 1.2.3.4", false},
    {REVISION, "1.2.3.4 ", false},
    {REVISION, "1.2.3.4\n", false},
    {REVISION, "1.2.3.4\r\n", false},
    {REVISION, "-1.2.3.4", false},
    {REVISION, "+1.2.3.4", false},
    {REVISION, "0x10.2.3.4", false},
    {REVISION, "1e1.2.3.4", false},
    {REVISION, "1,2,3,4", false},
    {REVISION, "1.2.3.\xd9\xa1", false},     /* U+0661 Arabic-Indic one */
    {REVISION, "1.2.3.\xef\xbc\x91", false}, /* U+FF11 full-width one */
    {REVISION,
     "1\xef\xbc\x8e"
     "2.3.4",
     false}, /* U+FF0E full-width stop */
    {MAKER, "A", true},
    {MAKER, "CONTOSO", true},
    {MAKER, "MicrosoftMDG", true},
    {MAKER, "0", true},
    {MAKER, A32, true},
    {MAKER, A32 "G", false},
    {MAKER, "", false},
    {MAKER, " ", false},
    {MAKER, "CONTOSO INC.", false},
    {MAKER, "CONTOSO-1", false},
    {MAKER, "CONTOSO_1", false},
    {MAKER, "CONTOSO\n", false},
    {MAKER, "\nCONTOSO", false},
    {MAKER, " CONTOSO", false},
    {MAKER, "CONTOSO ", false},
    {MAKER, "CONT\xc3\x96SO", false}, /* O with diaeresis */
    {MAKER, "\xef\xbc\xa1", false},   /* U+FF21 full-width A */
    {MAKER, "\xd9\xa1", false},
    {MAKER, "\xc4\xb0", false}, /* U+0130 dotted I */
    {MAKER, "\xff", false},
    {MODEL, "RM-1127_13771", true},
    {MODEL, "S58xWWxGEN1", true},
    {MODEL, "a.b-c_d", true},
    {MODEL, "-", true},
    {MODEL, A32, true},
    {MODEL, A32 "G", false},
    {MODEL, "", false},
    {MODEL, "Contoso Phone", false},
    {MODEL, "CT+100", false},
    {MODEL, "CT/100", false},
    {MODEL, "CT\\100", false},
    {MODEL, "CT,100", false},
    {MODEL, "CT-100\n", false},
    {MODEL,
     "CT\xe2\x80\x93"
     "100",
     false}, /* en dash */
    {MODEL, "CT-\xd9\xa1", false},
    {OPERATOR, "000-88", true},
    {OPERATOR, "ATT-US", true},
    {OPERATOR, "C1E-US", true},
    {OPERATOR, "att-us", true},
    {OPERATOR, "00088", false},
    {OPERATOR, "000-8", false},
    {OPERATOR, "00-88", false},
    {OPERATOR, "000-888", false},
    {OPERATOR, "0000-88", false},
    {OPERATOR, "000_88", false},
    {OPERATOR, "000 88", false},
    {OPERATOR, "000--8", false},
    {OPERATOR, "", false},
    {OPERATOR, "000-88\n", false},
    {OPERATOR, " 000-88", false},
    {OPERATOR, "000-88 ", false},
    {OPERATOR,
     "000\xe2\x80\x90"
     "88",
     false}, /* U+2010 hyphen */
    {OPERATOR, "\xd9\xa0\xd9\xa0\xd9\xa0-88", false},
    {OPERATOR, "00\xc4\xb1-88", false}, /* U+0131 dotless i */
};

static void test_values(struct bench *bench)
{
    struct iv_package package = a_package();
    for (size_t i = 0; i < IV_COUNT(value_rows); i++) {
        const struct value_row *row = &value_rows[i];
        struct iv_datum datum = {.name = row->name, .value = row->value, .source = "s"};
        const struct iv_submission s = {
            .path = "fw",
            .packages = &package,
            .package_count = 1,
            .device = {.values = &datum, .value_count = 1},
        };
        struct iv_judgement j;
        judge(bench, &s, &j);
        if (!CHECK_INT(outcome_of(&j, row->id), row->passes ? IV_PASSED : IV_FAILED)) {
            fprintf(stderr, "    %s \"%s\"\n", row->name, row->value);
        }
        const struct iv_finding *finding = finding_of(&j, row->id);
        if (!row->passes && CHECK(finding != NULL)) {
            CHECK_STR(finding->field, row->name);
            CHECK_STR(finding->actual, row->value);
        }
    }
}

static const char *const device_ids[] = {"STD006", "STD007", "STD008", "STD009"};

static void test_missing_values(struct bench *bench)
{
    struct iv_package package = a_package();
    struct iv_submission s = {.path = "fw", .packages = &package, .package_count = 1};
    struct iv_judgement j;
    judge(bench, &s, &j);
    for (size_t i = 0; i < IV_COUNT(device_ids); i++) {
        CHECK_INT(outcome_of(&j, device_ids[i]), IV_FAILED);
        const struct iv_finding *finding = finding_of(&j, device_ids[i]);
        if (CHECK(finding != NULL)) {
            CHECK(finding->actual == NULL);
            CHECK(finding->field != NULL);
        }
    }
    s.type = IV_PARTIAL;
    judge(bench, &s, &j);
    for (size_t i = 0; i < IV_COUNT(device_ids); i++) {
        CHECK_INT(outcome_of(&j, device_ids[i]), IV_NOT_APPLICABLE);
    }
    struct iv_datum datum = {
        .name = IV_PHONE_OPERATOR_NAME, .value = "00088", .source = "a.spkg:OEMSettings.reg"};
    s.device = (struct iv_device){.values = &datum, .value_count = 1};
    judge(bench, &s, &j);
    CHECK_INT(outcome_of(&j, "STD009"), IV_FAILED);
    CHECK_INT(outcome_of(&j, "STD006"), IV_NOT_APPLICABLE);
    CHECK_STR(finding_of(&j, "STD009")->message,
              "PhoneMobileOperatorName is \"00088\": it must have the form XXX-XX, each X an ASCII "
              "letter or digit");
    s.context_free = true;
    judge(bench, &s, &j);
    CHECK_INT(outcome_of(&j, "STD009"), IV_NOT_APPLICABLE);
}

static void test_several_and_conflicts(struct bench *bench)
{
    struct iv_package package = a_package();
    struct iv_datum data[] = {
        {.name = IV_PHONE_MODEL_NAME, .value = "A", .source = "s"},
        {.name = IV_PHONE_MODEL_NAME, .value = "B C", .source = "s"},
        {.name = IV_PHONE_MODEL_NAME, .value = "D E", .source = "s"},
    };
    struct iv_datum other = {.name = IV_PHONE_FIRMWARE_REVISION, .value = "1.2.3.4", .source = "t"};
    struct iv_datum winner = {
        .name = IV_PHONE_FIRMWARE_REVISION, .value = "1.2.3.5", .source = "u"};
    struct iv_device_conflict conflict = {.winner = &winner, .other = &other};
    const struct iv_submission s = {
        .path = "fw",
        .packages = &package,
        .package_count = 1,
        .device = {.values = data,
                   .value_count = IV_COUNT(data),
                   .conflicts = &conflict,
                   .conflict_count = 1},
    };
    struct iv_judgement j;
    judge(bench, &s, &j);
    CHECK_INT(outcome_of(&j, "STD008"), IV_FAILED);
    CHECK_INT(outcome_of(&j, "STD006"), IV_NOT_EVALUATED);
    size_t failed = 0;
    for (size_t i = 0; i < j.finding_count; i++) {
        failed += strcmp(j.findings[i].rule->id, "STD008") == 0;
    }
    CHECK_INT(failed, 2);
}

/* ---- STD001..STD005 ------------------------------------------------------------------------ */

static void test_removal(struct bench *bench)
{
    struct iv_judgement j;
    struct iv_package p = a_package();
    judge_package(bench, &p, &j);
    CHECK_INT(outcome_of(&j, "STD001"), IV_PASSED);
    p.removal = true;
    judge_package(bench, &p, &j);
    CHECK_INT(outcome_of(&j, "STD001"), IV_FAILED);
    CHECK_STR(finding_of(&j, "STD001")->key, "contoso.a");
    CHECK_STR(finding_of(&j, "STD001")->path, "fw/Contoso.A.spkg");
    p.unreadable = true;
    judge_package(bench, &p, &j);
    CHECK_INT(outcome_of(&j, "STD001"), IV_FAILED);
    p.removal = false;
    judge_package(bench, &p, &j);
    CHECK_INT(outcome_of(&j, "STD001"), IV_NOT_EVALUATED);
    CHECK_INT(j.verdict, IV_VERDICT_INCOMPLETE);
    p.path = "fw/Contoso.A.SPKR";
    judge_package(bench, &p, &j);
    CHECK_INT(outcome_of(&j, "STD001"), IV_FAILED);
    CHECK_STR(finding_of(&j, "STD001")->message,
              "Contoso.A is a removal package (SPKR): removal packages are not allowed");
    p.style = IV_STYLE_CBS;
    judge_package(bench, &p, &j);
    CHECK_STR(finding_of(&j, "STD001")->message,
              "Contoso.A is a removal package (CBS-R): removal packages are not allowed");
    p.style = IV_STYLE_UNKNOWN;
    judge_package(bench, &p, &j);
    CHECK_STR(finding_of(&j, "STD001")->message,
              "Contoso.A is a removal package: removal packages are not allowed");
    /* The name of a file alone says so; that of a folder, or of a manifest on a device, does not.
     */
    p.container = IV_CONTAINER_FOLDER;
    judge_package(bench, &p, &j);
    CHECK_INT(outcome_of(&j, "STD001"), IV_NOT_EVALUATED);
}

static void test_version(struct bench *bench)
{
    struct iv_judgement j;
    struct iv_package p = a_package();
    judge_package(bench, &p, &j);
    CHECK_INT(outcome_of(&j, "STD002"), IV_PASSED);
    CHECK_INT(j.verdict, IV_VERDICT_PASS);
    p.version = "00.0.0.0";
    p.number = (struct iv_version){{0, 0, 0, 0}};
    judge_package(bench, &p, &j);
    CHECK_INT(outcome_of(&j, "STD002"), IV_FAILED);
    CHECK_STR(finding_of(&j, "STD002")->actual, "00.0.0.0");
    CHECK(strstr(finding_of(&j, "STD002")->message, "00.0.0.0") != NULL);
    CHECK_STR(finding_of(&j, "STD002")->field, "version");
    p.version = NULL;
    judge_package(bench, &p, &j);
    CHECK_INT(outcome_of(&j, "STD002"), IV_FAILED);
    CHECK(finding_of(&j, "STD002")->actual == NULL);
    p.unreadable = true;
    judge_package(bench, &p, &j);
    CHECK_INT(outcome_of(&j, "STD002"), IV_NOT_EVALUATED);
    p = a_package();
    p.version = "0.0.0.1";
    p.number = (struct iv_version){{0, 0, 0, 1}};
    judge_package(bench, &p, &j);
    CHECK_INT(outcome_of(&j, "STD002"), IV_PASSED);
}

struct partition_row {
    const char *partition;
    const char *failing; /* the id that fails, or NULL */
};

static const struct partition_row partition_rows[] = {
    {NULL, "STD003"},
    {"MainOS", "STD003"},
    {"mainos", "STD003"},
    {"MAINOS", "STD003"},
    {"MaInOs", "STD003"},
    {"ma\xc4\xb1nos", NULL}, /* dotless i */
    {"MA\xc4\xb0NOS", NULL}, /* dotted I */
    {"\xef\xbc\xad"
     "ainOS",
     NULL}, /* full-width M */
    {"MainOS ", NULL},
    {"MainOS2", NULL},
    {"Main", NULL},
    {"", "STD003"},
    {"EFIESP", "STD004"},
    {"efiesp", "STD004"},
    {"ARM_EFIESP", NULL},
    {"UpdateOS", "STD005"},
    {"UPDATEOS", "STD005"},
    {"DBI", NULL},
    {"SBL1", NULL},
};

static void test_partitions(struct bench *bench)
{
    static const char *const ids[] = {"STD003", "STD004", "STD005"};
    struct iv_judgement j;
    for (size_t i = 0; i < IV_COUNT(partition_rows); i++) {
        const struct partition_row *row = &partition_rows[i];
        struct iv_package p = a_package();
        p.partition = row->partition;
        for (int flag = 0; flag < 2; flag++) {
            p.binary_partition = flag == 1;
            judge_package(bench, &p, &j);
            for (size_t k = 0; k < IV_COUNT(ids); k++) {
                bool fails = flag == 1 && row->failing != NULL && strcmp(row->failing, ids[k]) == 0;
                if (!CHECK_INT(outcome_of(&j, ids[k]), fails ? IV_FAILED : IV_PASSED)) {
                    fprintf(stderr, "    %s in \"%s\"\n", ids[k],
                            row->partition == NULL ? "(NULL)" : row->partition);
                }
            }
        }
        p.unreadable = true;
        judge_package(bench, &p, &j);
        CHECK_INT(outcome_of(&j, "STD003"), IV_NOT_EVALUATED);
    }
}

/* What an image's partition could not be read for leaves its rule open, and no other one. */
static void test_unread_partitions(struct bench *bench)
{
    static const struct {
        const char *partition;
        const char *open;
    } rows[] = {{"MainOS", "STD003"}, {"EFIESP", "STD004"}, {"UPDATEOS", "STD005"}, {"Data", ""}};
    static const enum iv_fault_kind kinds[] = {IV_FAULT_PARTITION, IV_FAULT_UNSUPPORTED,
                                               IV_FAULT_LIMIT};
    static const char *const ids[] = {"STD003", "STD004", "STD005"};
    for (size_t i = 0; i < IV_COUNT(rows) * IV_COUNT(kinds); i++) {
        struct iv_package p = a_package();
        struct iv_fault fault = {.kind = kinds[i % IV_COUNT(kinds)],
                                 .path = "fw/a.ffu",
                                 .member = rows[i / IV_COUNT(kinds)].partition,
                                 .detail = "why"};
        struct iv_submission s = {
            .path = "fw", .packages = &p, .package_count = 1, .faults = &fault, .fault_count = 1};
        struct iv_judgement j;
        iv_set_build(s.packages, s.package_count, &bench->arena, &s.set);
        judge(bench, &s, &j);
        for (size_t k = 0; k < IV_COUNT(ids); k++) {
            bool open = strcmp(rows[i / IV_COUNT(kinds)].open, ids[k]) == 0;
            CHECK_INT(outcome_of(&j, ids[k]), open ? IV_NOT_EVALUATED : IV_PASSED);
        }
    }
}

static void test_history_entries_are_not_judged(struct bench *bench)
{
    struct iv_package packages[2] = {a_package(), a_package()};
    packages[1].name = "Contoso.B";
    packages[1].key = "contoso.b";
    packages[1].origin = IV_ORIGIN_HISTORY;
    packages[1].version = NULL;
    packages[1].number = (struct iv_version){{0, 0, 0, 0}};
    packages[1].binary_partition = true;
    struct iv_submission s = {
        .path = "fw", .type = IV_PARTIAL, .packages = packages, .package_count = 2};
    iv_set_build(packages, 2, &bench->arena, &s.set);
    struct iv_judgement j;
    judge(bench, &s, &j);
    CHECK_INT(outcome_of(&j, "STD002"), IV_PASSED);
    CHECK_INT(outcome_of(&j, "STD003"), IV_PASSED);
    CHECK_INT(j.counts.packages, 1);
}

int main(void)
{
    struct iv_rules families[IV_RULE_FAMILIES];
    iv_rules_all(families);
    struct bench bench = {0};
    struct iv_error err = {0};
    if (!CHECK(iv_engine_open(families, IV_RULE_FAMILIES, &bench.engine, &err))) {
        fprintf(stderr, "    %s\n", err.text);
        return unit_end();
    }
    iv_arena_init(&bench.arena);
    test_values(&bench);
    test_missing_values(&bench);
    test_several_and_conflicts(&bench);
    test_removal(&bench);
    test_version(&bench);
    test_partitions(&bench);
    test_unread_partitions(&bench);
    test_history_entries_are_not_judged(&bench);
    iv_arena_fini(&bench.arena);
    iv_engine_close(&bench.engine);
    return unit_end();
}
