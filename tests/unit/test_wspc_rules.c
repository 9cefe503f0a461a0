/* WSPC001..WSPC015: what the rows say about the store, the variants and the missing packages. */
#include "imgval/base/attr.h"
#include "imgval/engine/engine.h"
#include "rules/rules.h"
#include "tests/unit/unit.h"

#include <stdlib.h>

#define MAX_PACKAGES 40

/* A submission of CONTOSO, 000-88, CT-100 with version 1.0.0.5, compared with baselines. */
struct scene {
    struct iv_arena arena;
    struct iv_package packages[MAX_PACKAGES];
    struct iv_variant variants[2];
    struct iv_submission s;
    struct iv_circumstances run;
    struct iv_judgement j;
};

static struct iv_engine *engine_of(void)
{
    struct iv_rules families[IV_RULE_FAMILIES];
    iv_rules_all(families);
    struct iv_engine *engine = NULL;
    struct iv_error err = {0};
    if (!CHECK(iv_engine_open(families, IV_RULE_FAMILIES, &engine, &err))) {
        exit(unit_end());
    }
    return engine;
}

static struct iv_datum device_values[] = {
    {.name = IV_PHONE_FIRMWARE_REVISION, .value = "1.0.0.5", .source = "s"},
    {.name = IV_PHONE_MANUFACTURER, .value = "CONTOSO", .source = "s"},
    {.name = IV_PHONE_MODEL_NAME, .value = "CT-100", .source = "s"},
    {.name = IV_PHONE_OPERATOR_NAME, .value = "000-88", .source = "s"},
};

/* `names`: one letter for each package. */
static void packages_make(struct iv_package *packages, const char *names, struct iv_arena *arena)
{
    for (size_t i = 0; names[i] != '\0'; i++) {
        packages[i] = (struct iv_package){
            .path = iv_arena_printf(arena, "fw/Contoso.%c.spkg", names[i]),
            .name = iv_arena_printf(arena, "Contoso.%c", names[i]),
            .key = iv_arena_printf(arena, "contoso.%c", names[i] | 0x20),
            .style = IV_STYLE_SPKG,
            .owner_type = "OEM",
            .version = "1.0.0.1",
            .number = {{1, 0, 0, 1}},
        };
    }
}

static void scene_init(struct scene *scene, const char *names)
{
    *scene = (struct scene){0};
    iv_arena_init(&scene->arena);
    packages_make(scene->packages, names, &scene->arena);
    struct iv_submission *s = &scene->s;
    s->path = "fw";
    s->packages = scene->packages;
    s->package_count = strlen(names);
    iv_set_build(s->packages, s->package_count, &scene->arena, &s->set);
    s->device = (struct iv_device){.values = device_values, .value_count = 4};
    s->firmware_version = "1.0.0.5";
    s->firmware_version_valid = true;
    s->number = (struct iv_version){{1, 0, 0, 5}};
    s->store_state = IV_STORE_READY;
    s->variants = scene->variants;
    s->variant_count = 1;
    for (size_t i = 0; i < IV_COUNT(scene->variants); i++) {
        scene->variants[i] = (struct iv_variant){
            .pop = {"CONTOSO", i == 0 ? "000-88" : "000-99", "CT-100"}, .list_age_days = -1};
        scene->variants[i].wspc.status = IV_WSPC_FIRST;
    }
}

static struct iv_baseline a_baseline(struct scene *scene, const char *names, const char *version)
{
    struct iv_package *packages = IV_NEW_ARRAY(&scene->arena, struct iv_package, MAX_PACKAGES);
    packages_make(packages, names, &scene->arena);
    struct iv_baseline baseline = {
        .id = iv_arena_printf(&scene->arena, "id-%s", version),
        .firmware_version = version,
        .set_loaded = true,
    };
    CHECK(iv_version_parse(version, &baseline.number));
    iv_set_build(packages, strlen(names), &scene->arena, &baseline.set);
    return baseline;
}

static void compare(struct scene *scene, size_t variant, const struct iv_baseline *baselines,
                    size_t count)
{
    struct iv_neighbours neighbours;
    iv_wspc_neighbours(baselines, count, scene->s.number, &scene->arena, &neighbours);
    iv_wspc_judge(&scene->s.set, baselines, &neighbours, scene->run.all_owners, &scene->arena,
                  &scene->variants[variant].wspc);
}

static void judge(struct scene *scene)
{
    struct iv_engine *engine IV_CLEANUP(iv_engine_close) = engine_of();
    const struct iv_engine_options options = {.judging.fail_on = IV_ERROR, .run = &scene->run};
    iv_engine_judge(engine, &(struct iv_judged){.submission = &scene->s}, &options, &scene->arena,
                    &scene->j);
}

static enum iv_outcome outcome_of(const struct scene *scene, const char *id)
{
    for (size_t i = 0; i < scene->j.outcome_count; i++) {
        if (strcmp(scene->j.outcomes[i].rule->id, id) == 0) {
            return scene->j.outcomes[i].outcome;
        }
    }
    fprintf(stderr, "no rule %s\n", id);
    CHECK(false);
    return IV_NOT_APPLICABLE;
}

/* The n-th finding of a rule. An empty one when there is none, so that tests go on. */
static const struct iv_finding *finding_of(const struct scene *scene, const char *id, size_t n)
{
    static const struct iv_finding none = {.message = "", .remedy = ""};
    for (size_t i = 0; i < scene->j.finding_count; i++) {
        if (strcmp(scene->j.findings[i].rule->id, id) == 0 && n-- == 0) {
            return &scene->j.findings[i];
        }
    }
    fprintf(stderr, "no finding of %s\n", id);
    CHECK(false);
    return &none;
}

static bool says(const struct iv_finding *finding, const char *part)
{
    bool found = strstr(finding->message, part) != NULL;
    if (!found) {
        fprintf(stderr, "    \"%s\"\n", finding->message);
    }
    return found;
}

static const char *const ends_002 =
    " Since this is not a new baseline, the firmware submission is allowed.  However, since this "
    "submission not WSPC compliant and is not a baseline, it will not be available for a retail "
    "servicing update.  Retail servicing updates are only allowed for the following scenarios: "
    "between an RTM source submission and an RTM target submission, or between a legacy non-WSPC "
    "compliant source submission and an RTM target submission.  To make this submission WSPC "
    "compliant, please ensure the missing packages are included in the submission.";

static void test_compliant(void)
{
    struct scene scene;
    scene_init(&scene, "ABCDE");
    const struct iv_baseline baselines[] = {a_baseline(&scene, "ABCD", "1.0.0.4"),
                                            a_baseline(&scene, "ABCDEF", "1.0.0.10")};
    compare(&scene, 0, baselines, 2);
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "WSPC002"), IV_PASSED);
    CHECK_INT(outcome_of(&scene, "WSPC003"), IV_NOT_APPLICABLE);
    CHECK_INT(outcome_of(&scene, "WSPC012"), IV_PASSED);
    CHECK_INT(outcome_of(&scene, "WSPC014"), IV_PASSED);
    CHECK_INT(outcome_of(&scene, "WSPC011"), IV_PASSED);
    CHECK_INT(outcome_of(&scene, "WSPC010"), IV_PASSED);
    CHECK(says(finding_of(&scene, "WSPC005", 0),
               "'the local baseline store, which has baselines for 1 of 1 variant'"));
    CHECK_INT(scene.j.verdict, IV_VERDICT_PASS);
    size_t about_wspc = 0; /* the set of a test has no targeting package: advice of its own */
    for (size_t i = 0; i < scene.j.finding_count; i++) {
        about_wspc += strncmp(scene.j.findings[i].rule->id, "WSPC", 4) == 0;
    }
    CHECK_INT(about_wspc, 1);
    iv_arena_fini(&scene.arena);
}

static void test_missing_older(void)
{
    struct scene scene;
    scene_init(&scene, "ABCE");
    const struct iv_baseline baseline = a_baseline(&scene, "ABCD", "1.0.0.4");
    compare(&scene, 0, &baseline, 1);
    judge(&scene);
    const struct iv_finding *f = finding_of(&scene, "WSPC002", 0);
    CHECK_STR(f->message,
              iv_arena_printf(&scene.arena, "%s%s",
                              "The firmware submission is not WSPC compliant with the baseline "
                              "submission id-1.0.0.4 (version 1.0.0.4).  This is because the "
                              "packages Contoso.D are missing from the new submission.",
                              ends_002));
    CHECK_INT(f->severity, IV_WARNING);
    CHECK(f->has_packages && f->package_count == 1 && f->baseline == &baseline);
    CHECK_INT(*f->direction, IV_OLDER);
    CHECK(f->variant == &scene.variants[0].pop);
    CHECK_INT(scene.j.verdict, IV_VERDICT_PASS);
    const struct iv_finding *v = finding_of(&scene, "WSPC012", 0);
    CHECK_STR(v->message, "The following variant is not WSPC compliant. OEM: CONTOSO, Mobile "
                          "operator: 000-88, OEM device name: CT-100.");
    CHECK_INT(v->severity, IV_WARNING);
    scene.run.baseline = true;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "WSPC002"), IV_NOT_APPLICABLE);
    f = finding_of(&scene, "WSPC003", 0);
    CHECK_STR(f->message, "The firmware submission is not WSPC compliant with the baseline "
                          "submission id-1.0.0.4 (version 1.0.0.4).  This is because the packages "
                          "Contoso.D are missing from the new submission.  To make this submission "
                          "WSPC compliant, please ensure the missing packages are included in the "
                          "submission.");
    CHECK_INT(finding_of(&scene, "WSPC012", 0)->severity, IV_ERROR);
    CHECK_INT(scene.j.verdict, IV_VERDICT_FAIL);
    iv_arena_fini(&scene.arena);
}

static void test_missing_newer_and_same(void)
{
    struct scene scene;
    scene_init(&scene, "ABX");
    const struct iv_baseline baselines[] = {a_baseline(&scene, "ABC", "1.0.0.10"),
                                            a_baseline(&scene, "ABD", "1.0.0.5")};
    compare(&scene, 0, baselines, 2);
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "WSPC002"), IV_FAILED);
    const struct iv_finding *newer = finding_of(&scene, "WSPC002", 0);
    CHECK(says(newer, "the baseline submission id-1.0.0.10 (version 1.0.0.10).  This is because "
                      "the packages Contoso.X of the new submission are missing from that later "
                      "baseline. Since this is not a new baseline, "));
    CHECK_INT(*newer->direction, IV_NEWER);
    CHECK(strstr(newer->remedy, "out of this submission") != NULL);
    const struct iv_finding *same = finding_of(&scene, "WSPC002", 1);
    CHECK_INT(*same->direction, IV_SAME);
    CHECK(says(same, "the packages Contoso.D are missing from the new submission."));
    iv_arena_fini(&scene.arena);
}

static void test_many_names_and_renames(void)
{
    struct scene scene;
    scene_init(&scene, "Zabcdefghijk");
    scene.packages[0].content = "digest";
    scene.packages[0].total_size = 5;
    scene.packages[1].total_size = 77; /* "a": by version, partition and size */
    struct iv_baseline baseline = a_baseline(&scene, "LMNOPQRSTUVWXY0123456789", "1.0.0.4");
    struct iv_package *old = (struct iv_package *)baseline.set.items[0];
    struct iv_package *other = (struct iv_package *)baseline.set.items[1];
    struct iv_package *empty = (struct iv_package *)baseline.set.items[2];
    old->content = "digest";
    old->total_size = 5;
    other->total_size = 77;
    other->partition = "mainos";
    empty->empty = true;
    scene.packages[2].empty = true;
    compare(&scene, 0, &baseline, 1);
    judge(&scene);
    const struct iv_finding *f = finding_of(&scene, "WSPC002", 0);
    CHECK_INT(f->package_count, 24);
    CHECK(says(f, " and 4 more are missing from the new submission."));
    CHECK(says(f, "because the packages Contoso.0, Contoso.1, "));
    CHECK(strstr(f->remedy, "renamed? Contoso.0 -> Contoso.Z, Contoso.1 -> Contoso.a") != NULL);
    CHECK(strstr(f->remedy, "Contoso.2 ->") == NULL);
    iv_arena_fini(&scene.arena);
}

static void test_two_variants(void)
{
    struct scene scene;
    scene_init(&scene, "ABC");
    scene.s.variant_count = 2;
    const struct iv_baseline one = a_baseline(&scene, "ABC", "1.0.0.4");
    struct iv_baseline two = a_baseline(&scene, "ABD", "1.0.0.4");
    two.imported = true;
    compare(&scene, 0, &one, 1);
    compare(&scene, 1, &two, 1);
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "WSPC002"), IV_FAILED);
    CHECK_STR(finding_of(&scene, "WSPC002", 0)->variant->mobile_operator, "000-99");
    CHECK(says(finding_of(&scene, "WSPC012", 0), "Mobile operator: 000-99"));
    CHECK_STR(finding_of(&scene, "WSPC011", 0)->message,
              "No submission results were returned so a cached copy is being used.");
    CHECK_STR(finding_of(&scene, "WSPC011", 0)->variant->mobile_operator, "000-99");
    iv_arena_fini(&scene.arena);
}

static void test_first_several_old(void)
{
    struct scene scene;
    scene_init(&scene, "ABC");
    judge(&scene);
    CHECK_STR(finding_of(&scene, "WSPC014", 0)->message,
              "No baseline submission result returned, this must be the first and new baseline "
              "submission for this POP.");
    CHECK_INT(outcome_of(&scene, "WSPC002"), IV_PASSED);
    CHECK_INT(outcome_of(&scene, "WSPC015"), IV_NOT_APPLICABLE);
    CHECK_INT(scene.j.verdict, IV_VERDICT_PASS);
    scene.run.has_max_list_age = true;
    scene.run.max_list_age = 30;
    scene.variants[0].list_age_days = 31;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "WSPC015"), IV_FAILED);
    CHECK_STR(finding_of(&scene, "WSPC015", 0)->actual, "31");
    scene.variants[0].list_age_days = 30;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "WSPC015"), IV_PASSED);
    const struct iv_baseline two[] = {a_baseline(&scene, "AB", "1.0.0.4"),
                                      a_baseline(&scene, "ABC", "1.0.0.4")};
    compare(&scene, 0, two, 2);
    judge(&scene);
    CHECK_STR(finding_of(&scene, "WSPC010", 0)->message,
              "There was an incorrect number of baseline submissions returned. Count: 2");
    CHECK_INT(outcome_of(&scene, "WSPC002"), IV_NOT_EVALUATED);
    CHECK_INT(scene.j.verdict, IV_VERDICT_FAIL);
    iv_arena_fini(&scene.arena);
}

static void test_store_states(void)
{
    struct scene scene;
    scene_init(&scene, "ABC");
    scene.variants[0].wspc.status = IV_WSPC_NOT_EVALUATED;
    scene.s.store_state = IV_STORE_NONE;
    judge(&scene);
    CHECK_STR(finding_of(&scene, "WSPC006", 0)->message,
              "There is no baseline store here. "
              "Could not retrieve the baseline package list while running on the client. A WSPC "
              "compliance check cannot be performed. WSPC not checked: no baseline store. First "
              "baseline: imgval cache add --baseline PATH. Skip on purpose: --no-wspc");
    CHECK_INT(outcome_of(&scene, "WSPC007"), IV_PASSED);
    CHECK_INT(outcome_of(&scene, "WSPC002"), IV_NOT_EVALUATED);
    CHECK_INT(outcome_of(&scene, "WSPC005"), IV_NOT_APPLICABLE);
    CHECK_INT(scene.j.verdict, IV_VERDICT_INCOMPLETE);
    scene.variants[0].wspc.status = IV_WSPC_COMPLIANT; /* nobody set it: never a pass */
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "WSPC002"), IV_NOT_EVALUATED);
    scene.s.store_state = IV_STORE_READY;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "WSPC002"), IV_PASSED);
    static const enum iv_wspc_status not_asked[] = {IV_WSPC_NOT_APPLICABLE, IV_WSPC_SKIPPED};
    for (size_t i = 0; i < IV_COUNT(not_asked); i++) {
        scene.variants[0].wspc.status = not_asked[i];
        judge(&scene);
        CHECK_INT(outcome_of(&scene, "WSPC002"), IV_NOT_APPLICABLE);
    }
    scene.variants[0].wspc.status = IV_WSPC_COMPLIANT;
    scene.s.store_state = IV_STORE_NONE;
    scene.run.in_ci = true;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "WSPC006"), IV_PASSED);
    CHECK(says(finding_of(&scene, "WSPC007", 0), "running on a Windows server."));
    scene.s.store_state = IV_STORE_UNREADABLE;
    judge(&scene);
    CHECK(says(finding_of(&scene, "WSPC013", 0), "Error: 'no detail is known'"));
    scene.s.store_detail = "file is not a database";
    judge(&scene);
    CHECK(says(finding_of(&scene, "WSPC013", 0), "Error: 'file is not a database'"));
    CHECK_INT(scene.j.verdict, IV_VERDICT_FAIL);
    scene.s.store_state = IV_STORE_NEWER;
    scene.s.store_detail = "its schema is 9";
    scene.run.tool_version = "1.2.3";
    judge(&scene);
    CHECK(says(finding_of(&scene, "WSPC001", 0), "you are using (Version 1.2.3) is no longer"));
    CHECK(says(finding_of(&scene, "WSPC001", 0), "its schema is 9"));
    CHECK_INT(outcome_of(&scene, "WSPC003"), IV_NOT_APPLICABLE);
    CHECK_INT(outcome_of(&scene, "WSPC002"), IV_NOT_EVALUATED);
    iv_arena_fini(&scene.arena);
}

static void test_no_version(void)
{
    struct scene scene;
    scene_init(&scene, "ABC");
    scene.s.firmware_version = NULL;
    scene.s.firmware_version_valid = false;
    scene.s.variant_count = 0;
    scene.s.store_state = IV_STORE_NOT_ASKED;
    judge(&scene);
    CHECK_STR(finding_of(&scene, "WSPC009", 0)->message,
              "Could not retrieve the firmware version of the submission.");
    CHECK_INT(outcome_of(&scene, "WSPC002"), IV_NOT_EVALUATED);
    scene.run.no_wspc = true;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "WSPC009"), IV_NOT_APPLICABLE);
    CHECK_INT(outcome_of(&scene, "WSPC002"), IV_NOT_APPLICABLE);
    scene.run.no_wspc = false;
    struct iv_device_conflict conflict = {.winner = &device_values[0], .other = &device_values[0]};
    scene.s.device.conflicts = &conflict;
    scene.s.device.conflict_count = 1;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "WSPC009"), IV_NOT_EVALUATED);
    CHECK_INT(outcome_of(&scene, "IMG302"), IV_FAILED);
    scene.s.device.conflict_count = 0;
    scene.s.firmware_version = "1.2";
    scene.s.variant_count = 1;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "WSPC009"), IV_PASSED);
    CHECK_INT(outcome_of(&scene, "WSPC002"), IV_NOT_EVALUATED);
    scene.s.type = IV_PARTIAL;
    scene.s.firmware_version = NULL;
    scene.s.variant_count = 0;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "WSPC009"), IV_NOT_APPLICABLE);
    CHECK_INT(outcome_of(&scene, "WSPC002"), IV_NOT_APPLICABLE);
    CHECK_INT(scene.j.verdict, IV_VERDICT_PASS);
    iv_arena_fini(&scene.arena);
}

/* --against needs neither a version nor a POP. */
static void test_against(void)
{
    struct scene scene;
    scene_init(&scene, "AB");
    const struct iv_baseline older = a_baseline(&scene, "ABC", "9.0.0.0");
    scene.s.store_state = IV_STORE_AGAINST;
    scene.s.firmware_version = NULL;
    scene.s.firmware_version_valid = false;
    scene.variants[0].pop = (struct iv_pop){"", "", ""};
    iv_wspc_judge_against(&scene.s.set, &older, false, &scene.arena, &scene.variants[0].wspc);
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "WSPC002"), IV_FAILED);
    CHECK_INT(outcome_of(&scene, "WSPC009"), IV_NOT_APPLICABLE);
    CHECK_INT(outcome_of(&scene, "WSPC012"), IV_NOT_APPLICABLE);
    CHECK_INT(outcome_of(&scene, "WSPC005"), IV_NOT_APPLICABLE);
    iv_arena_fini(&scene.arena);
}

static void test_malformed_package(void)
{
    struct scene scene;
    scene_init(&scene, "AB");
    struct iv_fault fault = {.kind = IV_FAULT_MALFORMED,
                             .path = "fw/Contoso.B.spkg",
                             .detail = "the cabinet is cut off"};
    scene.packages[1].faults = &fault;
    scene.packages[1].fault_count = 1;
    scene.packages[1].unreadable = true;
    const struct iv_baseline older = a_baseline(&scene, "AB", "1.0.0.4");
    compare(&scene, 0, &older, 1);
    judge(&scene);
    CHECK_STR(finding_of(&scene, "WSPC008", 0)->message,
              "An exception was thrown while loading a package. fw/Contoso.B.spkg : the cabinet is "
              "cut off");
    CHECK_STR(finding_of(&scene, "WSPC008", 0)->key, "contoso.b");
    CHECK_INT(outcome_of(&scene, "WSPC002"), IV_PASSED);
    CHECK_INT(scene.j.counts.unreadable, 1);
    iv_arena_fini(&scene.arena);
}

int main(void)
{
    test_compliant();
    test_missing_older();
    test_missing_newer_and_same();
    test_many_names_and_renames();
    test_two_variants();
    test_first_several_old();
    test_store_states();
    test_no_version();
    test_against();
    test_malformed_package();
    return unit_end();
}
