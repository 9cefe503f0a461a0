/* IMG... and ADV...: what a submission is made of, and advice. Also time: rules are linear. */
#include "imgval/base/attr.h"
#include "imgval/engine/engine.h"
#include "rules/rules.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <time.h>

struct scene {
    struct iv_arena arena;
    struct iv_circumstances run;
    struct iv_submission s;
    struct iv_judgement j;
};

static struct iv_package a_package(const char *path, const char *name, const char *key)
{
    return (struct iv_package){
        .path = path,
        .name = name,
        .key = key,
        .style = IV_STYLE_SPKG,
        .container = IV_CONTAINER_CABINET,
        .identifier = name,
        .version = "1.0.0.5",
        .number = {{1, 0, 0, 5}},
        .owner_type = "OEM",
        .release_type = "Production",
        .build_type = "Retail",
    };
}

static void scene_init(struct scene *scene, struct iv_package *packages, size_t count)
{
    *scene = (struct scene){0};
    iv_arena_init(&scene->arena);
    scene->s = (struct iv_submission){.path = "fw", .packages = packages, .package_count = count};
    scene->run = (struct iv_circumstances){.no_wspc = true};
    iv_set_build(packages, count, &scene->arena, &scene->s.set);
}

static void judge_that(struct scene *scene, const struct iv_judged *judged)
{
    struct iv_rules families[IV_RULE_FAMILIES];
    iv_rules_all(families);
    struct iv_engine *engine IV_CLEANUP(iv_engine_close) = NULL;
    struct iv_error err = {0};
    if (!CHECK(iv_engine_open(families, IV_RULE_FAMILIES, &engine, &err))) {
        exit(unit_end());
    }
    const struct iv_engine_options options = {.judging.fail_on = IV_ERROR, .run = &scene->run};
    iv_engine_judge(engine, judged, &options, &scene->arena, &scene->j);
}

static void judge(struct scene *scene)
{
    judge_that(scene, &(struct iv_judged){.submission = &scene->s});
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

static size_t count_of(const struct scene *scene, const char *id)
{
    size_t count = 0;
    for (size_t i = 0; i < scene->j.finding_count; i++) {
        count += strcmp(scene->j.findings[i].rule->id, id) == 0;
    }
    return count;
}

static const struct iv_finding *finding_of(const struct scene *scene, const char *id, size_t n)
{
    static const struct iv_finding none = {.message = "", .remedy = "", .path = ""};
    for (size_t i = 0; i < scene->j.finding_count; i++) {
        if (strcmp(scene->j.findings[i].rule->id, id) == 0 && n-- == 0) {
            return &scene->j.findings[i];
        }
    }
    fprintf(stderr, "no finding of %s\n", id);
    CHECK(false);
    return &none;
}

static void test_duplicates(void)
{
    struct iv_package packages[] = {
        a_package("fw/a.cab", "a", "a"),    a_package("fw/a.spkg", "a", "a"),
        a_package("fw/x/a.spkg", "a", "a"), a_package("fw/b.spkg", "b", "b"),
        a_package("fw/b.spkr", "b", "b"),
    };
    packages[4].removal = true;
    struct scene scene;
    scene_init(&scene, packages, IV_COUNT(packages));
    judge(&scene);
    CHECK_INT(count_of(&scene, "IMG001"), 2);
    CHECK_STR(finding_of(&scene, "IMG001", 0)->message,
              "fw/a.cab and fw/a.spkg are both the package a; it counts once, as the first of them "
              "says");
    CHECK_STR(finding_of(&scene, "IMG001", 1)->path, "fw/x/a.spkg");
    CHECK_INT(outcome_of(&scene, "IMG002"), IV_PASSED);
    CHECK_INT(outcome_of(&scene, "STD001"), IV_FAILED);
    iv_arena_fini(&scene.arena);
}

struct name_row {
    const char *path;
    const char *identifier;
    const char *identity;
    const char *component; /* owner Contoso */
    const char *culture;
    bool passes;
    const char *cpu; /* NULL: the usual one */
};

static const struct name_row name_rows[] = {
    {"fw/Contoso.A_Wow_arm64.arm.cab", NULL, NULL, "A", NULL, true, "arm64.arm"},
    {"fw/Contoso.A.Guest.cab", NULL, NULL, "A", NULL, true, "arm64.arm"},
    {"fw/Contoso.A_Lang_de-DE_Wow_arm64.arm.cab", NULL, NULL, "A", "de-DE", true, "arm64.arm"},
    {"fw/Contoso.B.Guest.cab", NULL, NULL, "A", NULL, false, "arm64.arm"},
    {"fw/Contoso.A.Guests.cab", NULL, NULL, "A", NULL, false, "arm64.arm"},
    {"fw/Contoso.A.Guest.cab", NULL, NULL, "A", NULL, false, "arm64"},
    {"fw/Contoso.A.Guest.cab", NULL, NULL, "A", NULL, false, NULL},
    {"fw/Contoso.A_Lang_de-DE.cab", "", "", "A", NULL, true, NULL},
    {"fw/Contoso.A.spkg", NULL, NULL, "A", NULL, true, NULL},
    {"fw/CONTOSO.a.SPKG", NULL, NULL, "A", NULL, true, NULL},
    {"fw/Contoso.A.cab", "Contoso.A", "Contoso.A-Package", NULL, NULL, true, NULL},
    {"fw/Contoso.A-Package.cab", "Contoso.A", "Contoso.A-Package", NULL, NULL, true, NULL},
    {"fw/Contoso.A~31bf3856ad364e35~ARM64~~.cab", "Contoso.A", NULL, NULL, NULL, true, NULL},
    {"fw/Contoso.A.spkg.cab", "x", "y", "A", NULL, true, NULL},
    {"fw/Contoso.A_Lang_de-DE.spkg", NULL, NULL, "A", "de-DE", true, NULL},
    {"fw/Contoso.A_Lang_de-DE.cab", "Contoso.A", NULL, NULL, NULL, true, NULL},
    {"fw/Contoso.A.spkg", NULL, NULL, "A", "de-DE", true, NULL},
    {"fw/Contoso.A_Lang_de-DE.spkg", NULL, NULL, "A", "fr-FR", false, NULL},
    {"fw/Contoso.AB_Lang_de-DE.cab", "Contoso.A", NULL, NULL, NULL, false, NULL},
    {"fw/Contoso.B.spkg", NULL, NULL, "A", NULL, false, NULL},
    {"fw/Contoso.spkg", "Contoso.A", "Contoso.A-Package", NULL, NULL, false, NULL},
};

static void test_names(void)
{
    for (size_t i = 0; i < IV_COUNT(name_rows); i++) {
        const struct name_row *row = &name_rows[i];
        struct iv_package p = a_package(row->path, "n", "n");
        p.identifier = row->identifier;
        p.identity_name = row->identity;
        p.owner = row->component != NULL ? "Contoso" : NULL;
        p.component = row->component;
        p.culture = row->culture;
        p.cpu = row->cpu;
        struct scene scene;
        scene_init(&scene, &p, 1);
        judge(&scene);
        if (!CHECK_INT(outcome_of(&scene, "IMG002"), row->passes ? IV_PASSED : IV_FAILED)) {
            fprintf(stderr, "    %s\n", row->path);
        }
        p.unreadable = true;
        judge(&scene);
        CHECK_INT(outcome_of(&scene, "IMG002"), IV_NOT_EVALUATED);
        p.container = IV_CONTAINER_FOLDER;
        judge(&scene);
        CHECK_INT(outcome_of(&scene, "IMG002"), IV_NOT_APPLICABLE);
        iv_arena_fini(&scene.arena);
    }
}

static void test_diff(void)
{
    struct iv_package p = a_package("fw/a.spkg", "a", "a");
    struct scene scene;
    scene_init(&scene, &p, 1);
    p.diff = true;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "IMG003"), IV_FAILED);
    p.diff = false;
    p.unreadable = true;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "IMG003"), IV_NOT_EVALUATED);
    p.path = "fw/a.spku";
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "IMG003"), IV_FAILED);
    iv_arena_fini(&scene.arena);
}

static void test_history(void)
{
    struct iv_package packages[] = {a_package("fw/a.spkg", "a", "a"),
                                    a_package("fw/z.spkg", "z", "z")};
    struct iv_package entries[] = {
        a_package("h", "c", "c"), a_package("h", "a", "a"), a_package("h", "m", "m"),
        a_package("h", "r", "r"), a_package("h", "z", "z"),
    };
    entries[2].owner_type = "Microsoft";
    entries[3].removal = true;
    entries[4].removal = true;
    struct scene scene;
    scene_init(&scene, packages, 2);
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "IMG010"), IV_NOT_APPLICABLE);
    CHECK_INT(outcome_of(&scene, "IMG304"), IV_NOT_APPLICABLE);
    scene.s.history = (struct iv_history){
        .path = "fw/UpdateHistory.xml", .present = true, .packages = entries, .package_count = 5};
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "IMG304"), IV_FAILED);
    CHECK_INT(outcome_of(&scene, "IMG010"), IV_NOT_APPLICABLE);
    struct iv_fault fault = {
        .kind = IV_FAULT_METADATA, .path = "fw/UpdateHistory.xml", .detail = "cut off"};
    scene.s.faults = &fault;
    scene.s.fault_count = 1;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "IMG303"), IV_FAILED);
    CHECK_INT(outcome_of(&scene, "IMG304"), IV_NOT_EVALUATED);
    CHECK_INT(count_of(&scene, "IMG304"), 0);
    fault.path = "fw/answer.xml";
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "IMG304"), IV_FAILED);
    scene.s.fault_count = 0;
    scene.s.history.complete = true;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "IMG304"), IV_PASSED);
    CHECK_INT(count_of(&scene, "IMG010"), 1);
    CHECK_STR(finding_of(&scene, "IMG010", 0)->key, "c");
    CHECK_STR(finding_of(&scene, "IMG010", 0)->path, "fw/UpdateHistory.xml");
    CHECK_INT(count_of(&scene, "ADV007"), 1);
    CHECK_STR(finding_of(&scene, "ADV007", 0)->key, "r");
    CHECK_INT(count_of(&scene, "ADV009"), 1);
    CHECK_STR(finding_of(&scene, "ADV009", 0)->key, "z");
    CHECK_STR(finding_of(&scene, "IMG010", 0)->message,
              "The update history names the package c 1.0.0.5, which is not in the submission");
    entries[0].version = NULL;
    scene.run.all_owners = true;
    judge(&scene);
    CHECK_INT(count_of(&scene, "IMG010"), 2);
    CHECK_STR(finding_of(&scene, "IMG010", 0)->message,
              "The update history names the package c, which is not in the submission");
    scene.run.all_owners = false;
    scene.s.kind = IV_KIND_FFU;
    judge(&scene);
    CHECK_INT(count_of(&scene, "IMG010"), 2);
    /* Cut off after a complete event: what the final state is, is not known. */
    fault.path = "fw/UpdateHistory.xml";
    scene.s.fault_count = 1;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "IMG304"), IV_PASSED);
    CHECK_INT(outcome_of(&scene, "IMG010"), IV_NOT_EVALUATED);
    CHECK_INT(outcome_of(&scene, "ADV007"), IV_NOT_EVALUATED);
    CHECK_INT(outcome_of(&scene, "ADV009"), IV_NOT_EVALUATED);
    CHECK_INT(count_of(&scene, "ADV009"), 0);
    iv_arena_fini(&scene.arena);
}

static void test_metadata(void)
{
    struct iv_package p = a_package("fw/a.spkg", "a", "a");
    struct iv_datum winner = {.name = IV_PHONE_MANUFACTURER, .value = "A", .source = "one"};
    struct iv_datum other = {.name = IV_PHONE_MANUFACTURER, .value = "B", .source = "two"};
    struct iv_device_conflict pair = {.winner = &winner, .other = &other};
    struct scene scene;
    scene_init(&scene, &p, 1);
    scene.s.device.overridden = &pair;
    scene.s.device.overridden_count = 1;
    judge(&scene);
    CHECK_STR(finding_of(&scene, "IMG301", 0)->message,
              "PhoneManufacturer is \"A\" in one, but \"B\" in two: the first one counts");
    CHECK_INT(outcome_of(&scene, "IMG302"), IV_PASSED);
    struct iv_fault fault = {.kind = IV_FAULT_METADATA, .path = "fw/x.reg", .detail = "no key"};
    scene.s.faults = &fault;
    scene.s.fault_count = 1;
    judge(&scene);
    CHECK_STR(finding_of(&scene, "IMG303", 0)->message,
              "The device metadata in fw/x.reg could not be read: no key");
    iv_arena_fini(&scene.arena);
}

/* How a package that lies with an image may differ from the image's own. */
static void test_beside(void)
{
    struct iv_package own[] = {a_package("i/a", "a", "a"), a_package("i/b", "b", "b")};
    struct iv_package beside[] = {a_package("fw/a.spkg", "a", "a"),
                                  a_package("fw/b.spkg", "b", "b")};
    struct scene scene;
    scene_init(&scene, own, 2);
    scene.s.kind = IV_KIND_FFU;
    scene.s.image = (struct iv_image){.present = true, .path = "i", .format = "FFU"};
    scene.s.beside = beside;
    scene.s.beside_count = 2;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "IMG011"), IV_PASSED);
    beside[1].number.part[3] = 6;
    beside[1].version = "1.0.0.6";
    judge(&scene);
    CHECK_STR(finding_of(&scene, "IMG011", 0)->message,
              "b lies with the image and differs from it: the image has it in version 1.0.0.5, not "
              "1.0.0.6");
    own[1].version = NULL;
    own[1].number = (struct iv_version){0};
    judge(&scene);
    CHECK(strstr(finding_of(&scene, "IMG011", 0)->message, "0.0.0.0, not 1.0.0.6") != NULL);
    own[1] = a_package("i/b", "b", "b");
    beside[1].version = NULL;
    beside[1].number = (struct iv_version){0};
    judge(&scene);
    CHECK(strstr(finding_of(&scene, "IMG011", 0)->message, "1.0.0.5, not 0.0.0.0") != NULL);
    beside[1] = own[1];
    own[1].binary_partition = true;
    judge(&scene);
    CHECK(strstr(finding_of(&scene, "IMG011", 0)->message, "in the image it is flagged") != NULL);
    own[1].binary_partition = false;
    beside[1].binary_partition = true;
    judge(&scene);
    CHECK(strstr(finding_of(&scene, "IMG011", 0)->message, "in the image it is not flag") != NULL);
    beside[1].binary_partition = false;
    beside[1].partition = "Data";
    judge(&scene);
    CHECK(strstr(finding_of(&scene, "IMG011", 0)->message, "partition MainOS, not Data") != NULL);
    beside[1].partition = NULL;
    beside[1].removal = true;
    judge(&scene);
    CHECK(strstr(finding_of(&scene, "IMG011", 0)->message, "it removes a package") != NULL);

    /* What could not be read is not known to differ; a difference that is known stands. */
    beside[1].removal = false;
    beside[0].unreadable = true;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "IMG011"), IV_NOT_EVALUATED);
    beside[1].partition = "Data";
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "IMG011"), IV_FAILED);
    beside[0].unreadable = false;
    beside[1].unreadable = true;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "IMG011"), IV_NOT_EVALUATED);
    beside[1] = a_package("fw/c.spkg", "c", "c");
    judge(&scene);
    CHECK(strstr(finding_of(&scene, "IMG011", 0)->message, "the image lacks it") != NULL);
    scene.s.set_incomplete = true;
    judge(&scene);
    CHECK_INT(count_of(&scene, "IMG011"), 0);
    own[0].unreadable = true;
    scene.s.set_incomplete = false;
    scene.s.beside_count = 1;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "IMG011"), IV_NOT_EVALUATED);
    scene.s.beside_is_shared = true;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "IMG011"), IV_NOT_APPLICABLE);
    iv_arena_fini(&scene.arena);
}

/* A source that deletes a value. */
static void test_deleted(void)
{
    struct iv_package p = a_package("fw/a.spkg", "a", "a");
    struct iv_datum winner = {.name = IV_PHONE_MANUFACTURER, .value = "A", .source = "one"};
    struct iv_datum other = {.name = IV_PHONE_MANUFACTURER, .value = NULL, .source = "two"};
    struct iv_device_conflict pair = {.winner = &winner, .other = &other};
    struct scene scene;
    scene_init(&scene, &p, 1);
    scene.s.device.conflicts = &pair;
    scene.s.device.conflict_count = 1;
    judge(&scene);
    CHECK(strstr(finding_of(&scene, "IMG302", 0)->message, "is \"A\" in one, but deleted in two") !=
          NULL);
    iv_arena_fini(&scene.arena);
}

/* The change of one package between two versions, as a diff or an audit has it. */
static void test_changes(void)
{
    struct iv_package before = a_package("old/a", "a", "a");
    struct iv_package after = a_package("fw/a.spkg", "a", "a");
    struct iv_change change = {.before = &before, .after = &after};
    struct iv_baseline earlier = {.id = "id", .firmware_version = "1.0.0.0"};
    struct iv_step step = {.before = &earlier, .path = "fw", .firmware_version = "2.0.0.0"};
    struct iv_step_change changes = {.step = &step, .change = &change};
    struct scene scene;
    scene_init(&scene, &after, 1);
    const struct iv_judged judged = {.submission = &scene.s,
                                     .steps = &step,
                                     .step_count = 1,
                                     .changes = &changes,
                                     .change_count = 1};
    judge_that(&scene, &judged);
    CHECK_INT(scene.j.finding_count, 0);
    change.what = IV_CHANGE_CONTENT;
    judge_that(&scene, &judged);
    CHECK_STR(finding_of(&scene, "ADV001", 0)->message,
              "a has the version 1.0.0.5 as in firmware 1.0.0.0, but other files in firmware "
              "2.0.0.0");
    CHECK_STR(finding_of(&scene, "ADV001", 0)->field, "version");
    CHECK_STR(finding_of(&scene, "ADV001", 0)->actual, "1.0.0.5");
    CHECK_STR(finding_of(&scene, "ADV001", 0)->expected, "a version above 1.0.0.5");
    change.what = IV_CHANGE_VERSION_DOWN;
    before.version = NULL;
    judge_that(&scene, &judged);
    CHECK_STR(finding_of(&scene, "ADV002", 0)->message,
              "a has the version 1.0.0.5, which is lower than (not known) before");
    CHECK_STR(finding_of(&scene, "ADV002", 0)->expected, "at least (not known)");
    CHECK_INT(count_of(&scene, "ADV001"), 0);
    change.what = IV_CHANGE_FLAGS;
    judge_that(&scene, &judged);
    CHECK_INT(count_of(&scene, "ADV010"), 0); /* another flag than the owner */
    after.owner_type = "Microsoft";
    judge_that(&scene, &judged);
    CHECK_STR(finding_of(&scene, "ADV010", 0)->message,
              "a is owned by Microsoft in firmware 2.0.0.0, and by OEM in firmware 1.0.0.0");
    /* A list of names has no version of its firmware. */
    earlier.firmware_version = NULL;
    judge_that(&scene, &judged);
    CHECK_STR(finding_of(&scene, "ADV010", 0)->message,
              "a is owned by Microsoft after and by OEM before");
    earlier.firmware_version = "1.0.0.0";
    step.firmware_version = NULL;
    change.what = IV_CHANGE_CONTENT;
    judge_that(&scene, &judged);
    CHECK_STR(finding_of(&scene, "ADV001", 0)->message,
              "a has the version 1.0.0.5 as before, but other files");
    /* Nothing passes where a side could not be read. */
    change.what = 0;
    judge_that(&scene, &judged);
    CHECK_INT(outcome_of(&scene, "ADV001"), IV_PASSED);
    step.incomplete = true;
    judge_that(&scene, &judged);
    CHECK_INT(outcome_of(&scene, "ADV001"), IV_NOT_EVALUATED);
    CHECK_INT(scene.j.verdict, IV_VERDICT_INCOMPLETE);
    iv_arena_fini(&scene.arena);
}

static void test_test_packages(void)
{
    struct iv_package packages[] = {a_package("fw/a.spkg", "a", "a"),
                                    a_package("fw/b.spkg", "b", "b"),
                                    a_package("fw/c.cab", "c", "c")};
    packages[2].style = IV_STYLE_CBS;
    packages[2].build_type = "release";
    struct scene scene;
    scene_init(&scene, packages, 3);
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "ADV004"), IV_PASSED);
    packages[0].release_type = "test";
    packages[1].build_type = "Checked";
    const char *single[] = {"C:\\x.spkg"};
    scene.s.oem_input = (struct iv_oem_input){.path = "fw/OEMInput.xml",
                                              .present = true,
                                              .product = "Manufacturing OS",
                                              .release_type = "Test",
                                              .build_type = "chk",
                                              .package_files = single,
                                              .package_file_count = 1};
    judge(&scene);
    CHECK_INT(count_of(&scene, "ADV004"), 6);
    scene.s.type = IV_PARTIAL;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "ADV004"), IV_NOT_APPLICABLE);
    iv_arena_fini(&scene.arena);
}

static void test_older_baseline(void)
{
    struct iv_package packages[3] = {a_package("fw/a.spkg", "a", "a"),
                                     a_package("fw/b.spkg", "b", "b"),
                                     a_package("fw/e.spkg", "e", "e")};
    packages[0].content = "1";
    packages[2].empty = true;
    struct iv_package before[2] = {a_package(NULL, "a", "a"), a_package(NULL, "b", "b")};
    before[0].content = "2";
    before[1].number = (struct iv_version){{1, 0, 0, 10}};
    before[1].version = "1.0.0.10";
    struct scene scene;
    scene_init(&scene, packages, 3);
    struct iv_baseline baseline = {.id = "id", .firmware_version = "1.0.0.0", .set_loaded = true};
    iv_set_build(before, 2, &scene.arena, &baseline.set);
    const struct iv_pop similar = {"C", "000-88", "N"};
    struct iv_variant variants[2] = {{.pop = {"C", "000-88", "M"}, .similar = &similar},
                                     {.pop = {"C", "000-99", "M"}}};
    variants[0].wspc.older = variants[1].wspc.older = &baseline;
    scene.run.no_wspc = false;
    scene.s.store_state = IV_STORE_READY;
    scene.s.variants = variants;
    scene.s.variant_count = 2;
    scene.s.firmware_version = "0.0.0.0";
    scene.s.firmware_version_valid = true;
    judge(&scene);
    CHECK_INT(count_of(&scene, "ADV001"), 1); /* two variants, one baseline: said once */
    CHECK_STR(finding_of(&scene, "ADV001", 0)->key, "a");
    CHECK_INT(count_of(&scene, "ADV002"), 1);
    CHECK_STR(finding_of(&scene, "ADV002", 0)->key, "b");
    CHECK_INT(outcome_of(&scene, "ADV003"), IV_PASSED);
    CHECK_INT(outcome_of(&scene, "ADV005"), IV_FAILED);
    CHECK_INT(count_of(&scene, "ADV006"), 1);
    CHECK_STR(finding_of(&scene, "ADV008", 0)->message,
              "Empty packages that no baseline asks for: e");
    variants[1].wspc.status = IV_WSPC_NOT_EVALUATED;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "ADV008"), IV_NOT_APPLICABLE);
    variants[1].wspc.status = IV_WSPC_COMPLIANT;
    scene.s.store_state = IV_STORE_AGAINST;
    judge(&scene);
    CHECK_INT(count_of(&scene, "ADV008"), 1);
    scene.s.store_state = IV_STORE_NONE;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "ADV008"), IV_NOT_APPLICABLE);
    scene.s.store_state = IV_STORE_READY;

    /* What is Microsoft's, or cannot be read, or is known from a history alone, is not idle. */
    packages[2].owner_type = "Microsoft";
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "ADV008"), IV_PASSED);
    packages[2].owner_type = "OEM";
    packages[2].unreadable = true;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "ADV008"), IV_PASSED);
    packages[2].unreadable = false;
    packages[2].origin = IV_ORIGIN_HISTORY;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "ADV008"), IV_PASSED);
    packages[2].origin = IV_ORIGIN_SUBMISSION;

    /* A baseline without a version of the package says nothing of it. */
    before[1].version = NULL;
    judge(&scene);
    CHECK_INT(count_of(&scene, "ADV002"), 0);
    before[1].version = "1.0.0.10";
    packages[1].unreadable = true;
    judge(&scene);
    CHECK_INT(count_of(&scene, "ADV002"), 0);

    /* A set that was not loaded is compared with nothing. */
    baseline.set_loaded = false;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "ADV001"), IV_NOT_APPLICABLE);
    CHECK_INT(outcome_of(&scene, "ADV008"), IV_NOT_APPLICABLE);
    iv_arena_fini(&scene.arena);
}

/* Growth, and as many packages as a package store may hold: each finding everywhere, in no time. */
static void test_size(size_t count, double seconds)
{
    struct iv_arena arena;
    iv_arena_init(&arena);
    struct iv_package *packages = IV_NEW_ARRAY(&arena, struct iv_package, count);
    struct iv_package *entries = IV_NEW_ARRAY(&arena, struct iv_package, count);
    struct iv_package *before = IV_NEW_ARRAY(&arena, struct iv_package, count);
    for (size_t i = 0; i < count; i++) {
        packages[i] = a_package(iv_arena_printf(&arena, "fw/n%zu.spkg", i),
                                iv_arena_printf(&arena, "n%zu", i),
                                iv_arena_printf(&arena, "n%zu", i / 2)); /* each key twice */
        packages[i].content = iv_arena_printf(&arena, "c%zu", i);
        packages[i].total_size = i;
        entries[i] = a_package("h", "h", iv_arena_printf(&arena, "h%zu", i));
        before[i] = a_package(NULL, "b", iv_arena_printf(&arena, "b%zu", i));
        before[i].content = packages[count - 1 - i].content;
        before[i].total_size = i + 1;
    }
    struct scene scene;
    scene_init(&scene, packages, count);
    scene.run.no_wspc = false;
    scene.s.store_state = IV_STORE_READY;
    scene.s.firmware_version = "1.0.0.1";
    scene.s.firmware_version_valid = true;
    scene.s.history = (struct iv_history){
        .present = true, .complete = true, .packages = entries, .package_count = count};
    struct iv_baseline baseline = {.id = "id", .firmware_version = "1.0.0.0", .set_loaded = true};
    iv_set_build(before, count, &arena, &baseline.set);
    struct iv_variant variant = {.pop = {"C", "000-88", "M"}};
    iv_wspc_judge_against(&scene.s.set, &baseline, false, &arena, &variant.wspc);
    scene.s.variants = &variant;
    scene.s.variant_count = 1;
    clock_t start = clock();
    judge(&scene);
    double used = (double)(clock() - start) / CLOCKS_PER_SEC;
    printf("%zu packages: %zu findings, %.2f s\n", count, scene.j.finding_count, used);
    CHECK(used < seconds);
    CHECK_INT(count_of(&scene, "IMG001"), count / 2);
    CHECK_INT(count_of(&scene, "IMG010"), count);
    CHECK_INT(count_of(&scene, "ADV009"), count / 2);
    CHECK_INT(count_of(&scene, "WSPC002"), 1);
    iv_arena_fini(&scene.arena);
    iv_arena_fini(&arena);
}

static void test_growth(void)
{
    struct iv_package packages[120];
    struct iv_package before[100];
    struct iv_arena arena;
    iv_arena_init(&arena);
    for (size_t i = 0; i < IV_COUNT(packages); i++) {
        const char *name = iv_arena_printf(&arena, "n%03zu", i);
        packages[i] = a_package(name, name, name);
        if (i < IV_COUNT(before)) {
            before[i] = packages[i];
        }
    }
    struct iv_baseline baseline = {.id = "id", .firmware_version = "1.0.0.0", .set_loaded = true};
    iv_set_build(before, 100, &arena, &baseline.set);
    struct iv_variant variant = {.pop = {"C", "000-88", "M"}};
    variant.wspc.older = &baseline;
    struct scene scene;
    scene_init(&scene, packages, 120);
    scene.s.variants = &variant;
    scene.s.variant_count = 1;
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "ADV003"), IV_PASSED); /* exactly 20 percent */
    iv_set_build(before, 99, &arena, &baseline.set);
    judge(&scene);
    CHECK_INT(outcome_of(&scene, "ADV003"), IV_FAILED);
    CHECK(strstr(finding_of(&scene, "ADV003", 0)->message, "n099, n100") != NULL);
    iv_arena_fini(&scene.arena);
    iv_arena_fini(&arena);
}

int main(void)
{
    test_duplicates();
    test_names();
    test_diff();
    test_history();
    test_metadata();
    test_beside();
    test_deleted();
    test_changes();
    test_test_packages();
    test_older_baseline();
    test_growth();
    test_size(50000, 10.0);
    return unit_end();
}
