/* SVC..., SIG... at their edges: device values, features and layouts against the baseline, space,
 * partitions, and what an expected signature takes. */
#include "imgval/base/attr.h"
#include "imgval/engine/engine.h"
#include "rules/rules.h"
#include "rules/traits_text.h"
#include "tests/unit/unit.h"

#include <stdlib.h>

struct scene {
    struct iv_arena arena;
    struct iv_package package;
    struct iv_datum data[4];
    struct iv_variant variant;
    struct iv_baseline baseline;
    struct iv_circumstances run;
    struct iv_submission s;
    struct iv_judgement j;
};

/* One package, one variant with a baseline of an equal set; a test changes what it is about. */
static void scene_init(struct scene *scene)
{
    *scene = (struct scene){0};
    iv_arena_init(&scene->arena);
    scene->package = (struct iv_package){.path = "fw/C.A.spkg",
                                         .name = "C.A",
                                         .key = "c.a",
                                         .style = IV_STYLE_SPKG,
                                         .version = "1.0.0.5",
                                         .number = {{1, 0, 0, 5}},
                                         .owner_type = "OEM",
                                         .release_type = "Production",
                                         .total_size = 10};
    scene->s = (struct iv_submission){.path = "fw",
                                      .packages = &scene->package,
                                      .package_count = 1,
                                      .variants = &scene->variant,
                                      .variant_count = 1,
                                      .device = {.values = scene->data}};
    scene->baseline = (struct iv_baseline){.id = "b1", .set_loaded = true};
    scene->variant.wspc.older = &scene->baseline;
    scene->variant.wspc.status = IV_WSPC_COMPLIANT;
}

static void add_value(struct scene *scene, const char *name, const char *value)
{
    scene->data[scene->s.device.value_count++] =
        (struct iv_datum){.name = name, .value = value, .source = "s", .rank = IV_RANK_HIVE};
}

static enum iv_outcome outcome_of(struct scene *scene, const char *id)
{
    struct iv_rules families[IV_RULE_FAMILIES];
    iv_rules_all(families);
    struct iv_engine *engine IV_CLEANUP(iv_engine_close) = NULL;
    struct iv_error err = {0};
    if (!CHECK(iv_engine_open(families, IV_RULE_FAMILIES, &engine, &err))) {
        exit(unit_end());
    }
    const struct iv_engine_options options = {.judging.fail_on = IV_ERROR, .run = &scene->run};
    iv_set_build(scene->s.packages, scene->s.package_count, &scene->arena, &scene->s.set);
    iv_engine_judge(engine, &(struct iv_judged){.submission = &scene->s}, &options, &scene->arena,
                    &scene->j);
    for (size_t i = 0; i < scene->j.outcome_count; i++) {
        if (strcmp(scene->j.outcomes[i].rule->id, id) == 0) {
            return scene->j.outcomes[i].outcome;
        }
    }
    fprintf(stderr, "no rule %s\n", id);
    CHECK(false);
    return IV_NOT_APPLICABLE;
}

static const char *message_of(const struct scene *scene, const char *id)
{
    for (size_t i = 0; i < scene->j.finding_count; i++) {
        if (strcmp(scene->j.findings[i].rule->id, id) == 0) {
            return scene->j.findings[i].message;
        }
    }
    return NULL;
}

/* The outcome of a rule on one value of the device. */
static enum iv_outcome on_value(const char *id, const char *name, const char *value)
{
    struct scene scene;
    scene_init(&scene);
    add_value(&scene, name, value);
    enum iv_outcome outcome = outcome_of(&scene, id);
    iv_arena_fini(&scene.arena);
    return outcome;
}

static void test_forms(void)
{
    static const struct {
        const char *name;
        const char *value;
        enum iv_outcome outcome;
    } rows[] = {
        {"PhoneSOCVersion", "", IV_NOT_APPLICABLE},
        {"PhoneSOCVersion", "MSM_8994", IV_PASSED},
        {"PhoneSOCVersion", "azAZ09", IV_PASSED},
        {"PhoneSOCVersion", "a{", IV_FAILED},
        {"PhoneSOCVersion", "a`", IV_FAILED},
        {"PhoneSOCVersion", "a/", IV_FAILED},
        {"PhoneSOCVersion", "a:", IV_FAILED},
        {"PhoneSOCVersion", " a", IV_FAILED},
        {"PhoneSOCVersion", "a ", IV_FAILED},
        {"PhoneRadioSoftwareRevision", "123456789012345", IV_PASSED},
        {"PhoneRadioSoftwareRevision", "1234567890123456", IV_FAILED},
        {"PhoneManufacturerDisplayName", "Contoso Ltd., X", IV_PASSED},
        {"PhoneManufacturerDisplayName", "Contoso_X", IV_FAILED},
        {"PhoneSupportLink", "HTTP://contoso.com", IV_PASSED},
        {"PhoneSupportLink", "https://contoso.com", IV_PASSED},
        {"PhoneSupportLink", "ftp://contoso.com", IV_FAILED},
        {"PhoneBootLoaderVersion", "!", IV_PASSED},
        {"PhoneHardwareRevision", "1.2.3.4", IV_PASSED},
        {"PhoneHardwareRevision", "1.2.3", IV_FAILED},
    };
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        if (!CHECK_INT(on_value("SVC012", rows[i].name, rows[i].value), rows[i].outcome)) {
            fprintf(stderr, "    %s \"%s\"\n", rows[i].name, rows[i].value);
        }
    }
    char longest[257] = {0};
    memset(longest, 'a', 255);
    CHECK_INT(on_value("SVC012", "PhoneSOCVersion", longest), IV_PASSED);
    longest[255] = 'a';
    CHECK_INT(on_value("SVC012", "PhoneSOCVersion", longest), IV_FAILED);
    static const char *const languages[] = {"0409", "fFaA", "041", "04099", "040g", "040 "};
    for (size_t i = 0; i < IV_COUNT(languages); i++) {
        CHECK_INT(on_value("SVC010", "PhoneROMLanguage", languages[i]),
                  i < 2 ? IV_PASSED : IV_FAILED);
    }
    CHECK_INT(on_value("SVC010", "PhoneROMLanguage", ""), IV_NOT_APPLICABLE);
}

/* A failure stays one whatever stands after it. */
static void test_worst_stays(void)
{
    struct scene scene;
    scene_init(&scene);
    add_value(&scene, "PhoneROMLanguage", "x");
    add_value(&scene, "PhoneROMLanguage", "0409");
    add_value(&scene, "PhoneSOCVersion", "?");
    add_value(&scene, "PhoneSupportLink", "http://a");
    CHECK_INT(outcome_of(&scene, "SVC010"), IV_FAILED);
    CHECK_INT(outcome_of(&scene, "SVC012"), IV_FAILED);
    iv_arena_fini(&scene.arena);
}

static void test_hardware_variants(void)
{
    struct scene scene;
    scene_init(&scene);
    add_value(&scene, "PhoneHardwareVariant", "A");
    add_value(&scene, "PhoneHardwareVariant", "A");
    CHECK_INT(outcome_of(&scene, "SVC011"), IV_PASSED);
    scene.data[1].value = "B";
    CHECK_INT(outcome_of(&scene, "SVC011"), IV_FAILED);
    /* In conflict, none is in force. */
    struct iv_datum a = {.name = "PhoneHardwareVariant", .value = "A"};
    struct iv_datum b = {.name = "PhoneHardwareVariant", .value = "B"};
    struct iv_device_conflict conflict = {.winner = &a, .other = &b};
    scene.s.device = (struct iv_device){.conflicts = &conflict, .conflict_count = 1};
    CHECK_INT(outcome_of(&scene, "SVC011"), IV_FAILED);
    CHECK_STR(message_of(&scene, "SVC011"),
              "The image is for several hardware variants: \"A\" and \"B\"");
    b.value = NULL;
    CHECK_INT(outcome_of(&scene, "SVC011"), IV_NOT_APPLICABLE);
    b.value = "B";
    a.value = NULL;
    CHECK_INT(outcome_of(&scene, "SVC011"), IV_NOT_APPLICABLE);
    a = (struct iv_datum){.name = "PhoneModelName", .value = "A"};
    CHECK_INT(outcome_of(&scene, "SVC011"), IV_NOT_APPLICABLE);
    iv_arena_fini(&scene.arena);
}

/* A value in conflict is there, if nobody knows which. */
static void test_required(void)
{
    struct scene scene;
    scene_init(&scene);
    add_value(&scene, "PhoneHardwareVariant", "A");
    add_value(&scene, "PhoneROMLanguage", "0409");
    CHECK_INT(outcome_of(&scene, "SVC009"), IV_FAILED);
    struct iv_datum a = {.name = "PhoneModelName", .value = "A", .rank = IV_RANK_HIVE};
    struct iv_datum b = {.name = "PhoneModelName", .value = "B", .rank = IV_RANK_HIVE};
    struct iv_device_conflict conflict = {.winner = &a, .other = &b};
    scene.s.device.conflicts = &conflict;
    scene.s.device.conflict_count = 1;
    CHECK_INT(outcome_of(&scene, "SVC009"), IV_PASSED);
    a.name = "PhoneSOCVersion";
    CHECK_INT(outcome_of(&scene, "SVC009"), IV_FAILED);
    iv_arena_fini(&scene.arena);
}

static void test_model_name(void)
{
    struct scene scene;
    scene_init(&scene);
    add_value(&scene, "PhoneModelName", "Phone One");
    CHECK_INT(outcome_of(&scene, "SVC014"), IV_PASSED);
    add_value(&scene, "PhoneManufacturer", "");
    add_value(&scene, IV_USBFN_PRODUCT, "");
    CHECK_INT(outcome_of(&scene, "SVC014"), IV_PASSED);
    scene.data[2].value = "Phone One";
    CHECK_INT(outcome_of(&scene, "SVC014"), IV_PASSED);
    scene.data[2].value = "phone one";
    CHECK_INT(outcome_of(&scene, "SVC014"), IV_FAILED);
    CHECK_STR(message_of(&scene, "SVC014"),
              "The PhoneModelName \"Phone One\" is not as the documents advise: the USB function "
              "driver shows \"phone one\" (ProductString)");
    scene.data[1].value = "PHONE";
    CHECK_INT(outcome_of(&scene, "SVC014"), IV_FAILED);
    scene.data[0].value = "";
    CHECK_INT(outcome_of(&scene, "SVC014"), IV_NOT_APPLICABLE);
    iv_arena_fini(&scene.arena);
}

/* The ids of the manifest, else those of the first store. */
static void test_platform_ids(void)
{
    const char *own[] = {"Contoso.QC.P1", "CONTOSO.x"};
    const char *other[] = {"Contoso.QC.P1", "ContosoX.QC.P1"};
    struct iv_image_store store = {.platform_ids = own, .platform_id_count = 2};
    struct scene scene;
    scene_init(&scene);
    add_value(&scene, "PhoneManufacturer", "contoso");
    scene.s.image = (struct iv_image){.present = true, .path = "i", .format = "FFU"};
    CHECK_INT(outcome_of(&scene, "SVC021"), IV_NOT_APPLICABLE);
    scene.s.image.stores = &store;
    scene.s.image.store_count = 1;
    CHECK_INT(outcome_of(&scene, "SVC021"), IV_PASSED);
    store.platform_ids = other;
    CHECK_INT(outcome_of(&scene, "SVC021"), IV_FAILED);
    CHECK_STR(message_of(&scene, "SVC021"),
              "The platform id ContosoX.QC.P1 does not begin with the manufacturer contoso");
    scene.s.image.platform_ids = own;
    scene.s.image.platform_id_count = 2;
    CHECK_INT(outcome_of(&scene, "SVC021"), IV_PASSED);
    scene.s.device.value_count = 0;
    CHECK_INT(outcome_of(&scene, "SVC021"), IV_NOT_APPLICABLE);
    iv_arena_fini(&scene.arena);
}

static void test_space(void)
{
    const uint64_t base = UINT64_C(50) << 20;
    struct scene scene;
    scene_init(&scene);
    struct iv_image_partition main_os = {.name = "mainos", .size = base + 115, .used = 100};
    scene.s.image = (struct iv_image){.partitions = &main_os, .partition_count = 1};
    CHECK_INT(outcome_of(&scene, "SVC026"), IV_PASSED); /* 10 and a half of them: 15 are free */
    main_os.used = 101;
    CHECK_INT(outcome_of(&scene, "SVC026"), IV_FAILED);
    /* What the baseline has in the same version, with no other content, need not be installed. */
    struct iv_package before = scene.package;
    const struct iv_package *items[] = {&before};
    scene.baseline.set = (struct iv_set){.items = items, .count = 1};
    CHECK_INT(outcome_of(&scene, "SVC026"), IV_PASSED);
    scene.package.content = "1";
    CHECK_INT(outcome_of(&scene, "SVC026"), IV_PASSED);
    before.content = "1";
    CHECK_INT(outcome_of(&scene, "SVC026"), IV_PASSED);
    before.content = "2";
    CHECK_INT(outcome_of(&scene, "SVC026"), IV_FAILED);
    before.content = NULL;
    before.number.part[3] = 4;
    CHECK_INT(outcome_of(&scene, "SVC026"), IV_FAILED);
    /* One baseline that it does not fit on, and one that it does: in either order it fails. */
    struct iv_package same = scene.package;
    const struct iv_package *fine[] = {&same};
    struct iv_baseline other = scene.baseline;
    other.id = "b2";
    other.set = (struct iv_set){.items = fine, .count = 1};
    struct iv_variant variants[2] = {scene.variant, scene.variant};
    scene.s.variants = variants;
    scene.s.variant_count = 2;
    for (size_t i = 0; i < 2; i++) {
        variants[i].wspc.older = &other;
        variants[1 - i].wspc.older = &scene.baseline;
        CHECK_INT(outcome_of(&scene, "SVC026"), IV_FAILED);
    }
    variants[0].wspc.older = &other;
    CHECK_INT(outcome_of(&scene, "SVC026"), IV_PASSED);
    scene.s.variants = &scene.variant;
    scene.s.variant_count = 1;
    scene.package.partition = "EFIESP";
    CHECK_INT(outcome_of(&scene, "SVC026"), IV_PASSED);
    scene.package.partition = NULL;
    scene.package.total_size = UINT64_MAX;
    CHECK_INT(outcome_of(&scene, "SVC026"), IV_FAILED);
    /* Sizes come from manifests: their sum does not start anew. */
    struct iv_package two[2] = {scene.package, scene.package};
    two[1].key = "c.b";
    two[1].path = "fw/C.B.spkg";
    scene.s.packages = two;
    scene.s.package_count = 2;
    CHECK_INT(outcome_of(&scene, "SVC026"), IV_FAILED);
    CHECK(strstr(message_of(&scene, "SVC026"), "need about 6597069766705 MiB") != NULL);
    scene.s.packages = &scene.package;
    scene.s.package_count = 1;
    /* Nothing is known of the space, or of the baseline. */
    main_os.used = main_os.size + 1;
    CHECK_INT(outcome_of(&scene, "SVC026"), IV_NOT_APPLICABLE);
    main_os.used = 0;
    CHECK_INT(outcome_of(&scene, "SVC026"), IV_NOT_APPLICABLE);
    main_os.used = 1;
    scene.baseline.set_loaded = false;
    CHECK_INT(outcome_of(&scene, "SVC026"), IV_NOT_APPLICABLE);
    iv_arena_fini(&scene.arena);
}

/* Two variants with the same baseline: it is compared once. */
static void test_once(void)
{
    struct scene scene;
    scene_init(&scene);
    struct iv_variant variants[3] = {scene.variant, scene.variant, scene.variant};
    struct iv_baseline twin = scene.baseline;
    struct iv_baseline other = scene.baseline;
    other.id = "b2";
    variants[1].wspc.older = &twin;
    variants[2].wspc.older = &other;
    scene.s.variants = variants;
    scene.s.variant_count = 3;
    struct iv_image_partition main_os = {.name = "MainOS", .size = 2, .used = 1};
    scene.s.image = (struct iv_image){.partitions = &main_os, .partition_count = 1};
    CHECK_INT(outcome_of(&scene, "SVC026"), IV_FAILED);
    size_t count = 0;
    for (size_t i = 0; i < scene.j.finding_count; i++) {
        count += strcmp(scene.j.findings[i].rule->id, "SVC026") == 0;
    }
    CHECK_INT(count, 2);
    iv_arena_fini(&scene.arena);
}

/* Features of a retail image of a phone; other products have features of their own. */
static void test_retail_features(void)
{
    static const char *const phones[] = {NULL, "Windows 10 Mobile", "Windows PHONE"};
    const char *features[] = {"STANDARD_FEATURE_1", "SOCProdTest_HSTI"};
    struct scene scene;
    scene_init(&scene);
    scene.s.oem_input = (struct iv_oem_input){.path = "fw/OEMInput.xml",
                                              .present = true,
                                              .release_type = "Production",
                                              .build_type = "fre",
                                              .has_features = true,
                                              .features = features,
                                              .feature_count = 2};
    for (size_t i = 0; i < IV_COUNT(phones); i++) {
        scene.s.oem_input.product = phones[i];
        CHECK_INT(outcome_of(&scene, "SVC018"), IV_PASSED);
    }
    scene.s.oem_input.feature_count = 1;
    CHECK_INT(outcome_of(&scene, "SVC018"), IV_FAILED);
    CHECK_STR(message_of(&scene, "SVC018"),
              "OEMInput.xml of a retail image lacks the feature SOCProdTest_HSTI");
    scene.s.oem_input.product = "Windows 10 IoT Core";
    CHECK_INT(outcome_of(&scene, "SVC018"), IV_NOT_APPLICABLE);
    scene.s.oem_input.product = NULL;
    scene.s.oem_input.has_features = false;
    CHECK_INT(outcome_of(&scene, "SVC018"), IV_NOT_APPLICABLE);
    scene.s.oem_input.has_features = true;
    scene.s.oem_input.release_type = "Test";
    CHECK_INT(outcome_of(&scene, "SVC018"), IV_NOT_APPLICABLE);
    iv_arena_fini(&scene.arena);
}

static void test_packages(void)
{
    struct scene scene;
    scene_init(&scene);
    scene.s.kind = IV_KIND_WIM;
    scene.s.oem_input = (struct iv_oem_input){.present = true, .product = "Manufacturing OS"};
    CHECK_INT(outcome_of(&scene, "SVC029"), IV_PASSED);
    scene.package.partition = "Data";
    CHECK_INT(outcome_of(&scene, "SVC029"), IV_FAILED);
    scene.package.unreadable = true;
    CHECK_INT(outcome_of(&scene, "SVC029"), IV_NOT_EVALUATED);
    scene.s.oem_input.product = "Windows Phone";
    CHECK_INT(outcome_of(&scene, "SVC029"), IV_NOT_APPLICABLE);
    scene.s.oem_input = (struct iv_oem_input){.product = "Manufacturing OS"};
    CHECK_INT(outcome_of(&scene, "SVC029"), IV_NOT_APPLICABLE);
    scene.s.oem_input.present = true;
    scene.s.kind = IV_KIND_FFU;
    CHECK_INT(outcome_of(&scene, "SVC029"), IV_NOT_APPLICABLE);
    iv_arena_fini(&scene.arena);

    /* What cannot be read is not judged; what Microsoft owns is none of the OEM's business. */
    static const char *const about_packages[] = {"SVC003", "SVC004", "SVC028"};
    for (size_t i = 0; i < IV_COUNT(about_packages); i++) {
        scene_init(&scene);
        CHECK_INT(outcome_of(&scene, about_packages[i]), IV_PASSED);
        scene.package.owner_type = "microsoft";
        CHECK_INT(outcome_of(&scene, about_packages[i]), IV_NOT_APPLICABLE);
        scene.package.unreadable = true;
        CHECK_INT(outcome_of(&scene, about_packages[i]), IV_NOT_EVALUATED);
        iv_arena_fini(&scene.arena);
    }

    /* The targeting package may be known from the history alone. */
    scene_init(&scene);
    CHECK_INT(outcome_of(&scene, "SVC008"), IV_FAILED);
    struct iv_package entry = {.key = "c.d.customizations.mainos", .name = "x", .path = "x"};
    scene.s.history = (struct iv_history){.path = "h", .packages = &entry, .package_count = 1};
    CHECK_INT(outcome_of(&scene, "SVC008"), IV_PASSED);
    entry.removal = true;
    CHECK_INT(outcome_of(&scene, "SVC008"), IV_FAILED);
    scene.package.sub_component = "Customizations.MainOS";
    CHECK_INT(outcome_of(&scene, "SVC008"), IV_PASSED);
    scene.package.sub_component = NULL;
    scene.s.set_incomplete = true;
    CHECK_INT(outcome_of(&scene, "SVC008"), IV_NOT_EVALUATED);
    iv_arena_fini(&scene.arena);
}

/* What --expect-signature takes of the roots that a chain may end in. */
static void test_roots(void)
{
    static const struct {
        enum iv_root root;
        bool any, retail, test;
    } rows[] = {
        {IV_ROOT_NONE, true, false, false},   {IV_ROOT_UNKNOWN, true, false, false},
        {IV_ROOT_TEST, false, false, true},   {IV_ROOT_RETAIL, true, true, false},
        {IV_ROOT_TRUSTED, true, true, false},
    };
    struct scene scene;
    scene_init(&scene);
    struct iv_seal seal = {.content = IV_CONTENT_INTACT, .signature = IV_SIGNATURE_VALID};
    scene.package.seal = &seal;
    scene.package.seal_count = 1;
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        seal.root = rows[i].root;
        scene.run.expected = IV_EXPECTED_ANY;
        CHECK_INT(outcome_of(&scene, "SIG006") != IV_FAILED, rows[i].any);
        scene.run.expected = IV_EXPECTED_RETAIL;
        CHECK_INT(outcome_of(&scene, "SIG006") != IV_FAILED, rows[i].retail);
        scene.run.expected = IV_EXPECTED_TEST;
        CHECK_INT(outcome_of(&scene, "SIG006") != IV_FAILED, rows[i].test);
    }
    seal = (struct iv_seal){.content = IV_CONTENT_INTACT, .root = IV_ROOT_NONE};
    scene.run.expected = IV_EXPECTED_ANY;
    CHECK_INT(outcome_of(&scene, "SIG006"), IV_NOT_APPLICABLE);
    scene.run.expected = IV_EXPECTED_RETAIL;
    CHECK_INT(outcome_of(&scene, "SIG006"), IV_FAILED);
    CHECK_STR(message_of(&scene, "SIG006"),
              "C.A is without a valid signature; --expect-signature=retail was given");
    seal.signature = IV_SIGNATURE_NONE;
    CHECK_INT(outcome_of(&scene, "SIG006"), IV_FAILED);
    CHECK_STR(message_of(&scene, "SIG006"),
              "C.A is not signed; --expect-signature=retail was given");
    seal.signature = IV_SIGNATURE_VALID;
    CHECK_INT(outcome_of(&scene, "SIG006"), IV_FAILED);
    CHECK_STR(message_of(&scene, "SIG006"),
              "C.A is signed by a certificate without a name; the chain ends in no root; "
              "--expect-signature=retail was given");
    iv_arena_fini(&scene.arena);
}

/* ---- texts --------------------------------------------------------------------------------- */

static void test_features(struct iv_arena *arena)
{
    const char *many[30];
    for (size_t i = 0; i < 30; i++) {
        many[i] = iv_arena_printf(arena, "F%02zu", i);
    }
    const struct iv_traits none = {.has_features = true};
    const struct iv_traits some = {.has_features = true, .features = many, .feature_count = 2};
    const struct iv_traits other = {.has_features = true, .features = many + 1, .feature_count = 3};
    const struct iv_traits all = {.has_features = true, .features = many, .feature_count = 30};
    const struct iv_traits twenty = {.has_features = true, .features = many, .feature_count = 20};
    const struct iv_traits unknown = {.features = many, .feature_count = 2};
    CHECK_STR(iv_rules_features_change(arena, &some, &some), NULL);
    CHECK_STR(iv_rules_features_change(arena, &unknown, &some), NULL);
    CHECK_STR(iv_rules_features_change(arena, &some, &unknown), NULL);
    CHECK_STR(iv_rules_features_change(arena, &none, &some), "added: F00, F01");
    CHECK_STR(iv_rules_features_change(arena, &some, &other), "added: F02, F03; removed: F00");
    CHECK(strstr(iv_rules_features_change(arena, &none, &twenty), "more") == NULL);
    CHECK(strstr(iv_rules_features_change(arena, &none, &all), "F19 and 10 more") != NULL);
    CHECK(strstr(iv_rules_features_change(arena, &all, &none), "removed: F00, F01") != NULL);
}

static struct iv_traits layout(struct iv_layout_partition *partitions, size_t count)
{
    return (struct iv_traits){
        .layout = {.present = true, .partitions = partitions, .partition_count = count}};
}

static void test_layouts(struct iv_arena *arena)
{
    struct iv_layout_partition old[] = {{.store = 1, .name = "A", .size = 8},
                                        {.store = 1, .name = "B", .size = 8},
                                        {.store = 1, .name = "C", .use_all_space = true}};
    struct iv_layout_partition new[3];
    const struct iv_traits before = layout(old, 3);
    memcpy(new, old, sizeof(new));
    struct iv_traits now = layout(new, 3);
    CHECK_STR(iv_rules_layout_change(arena, &before, &now), NULL);
    CHECK_STR(iv_rules_layout_change(arena, &before, &(struct iv_traits){0}), NULL);
    CHECK_STR(iv_rules_layout_change(arena, &(struct iv_traits){0}, &now), NULL);
    new[0].name = "a";
    CHECK_STR(iv_rules_layout_change(arena, &before, &now), NULL);
    new[1].size = 9;
    CHECK_STR(iv_rules_layout_change(arena, &before, &now), "B has 9 bytes instead of 8");
    /* Sizes of a manifest are those of one build; 0 is not known. */
    now.layout.from_manifest = true;
    CHECK_STR(iv_rules_layout_change(arena, &before, &now), NULL);
    now.layout.from_manifest = false;
    new[1].size = 0;
    CHECK_STR(iv_rules_layout_change(arena, &before, &now), NULL);
    CHECK_STR(iv_rules_layout_change(arena, &now, &before), NULL);
    new[1].use_all_space = true;
    new[2].use_all_space = false;
    CHECK_STR(iv_rules_layout_change(arena, &before, &now),
              "B now takes all the space that is left; C no longer takes all the space that is "
              "left");
    memcpy(new, old, sizeof(new));
    new[0] = old[1];
    new[1] = old[0];
    CHECK_STR(iv_rules_layout_change(arena, &before, &now),
              "the partitions stand in another order");
    new[0] = old[0];
    new[1] = old[2];
    now = layout(new, 2);
    CHECK_STR(iv_rules_layout_change(arena, &before, &now), "B is gone");
    CHECK_STR(iv_rules_layout_change(arena, &now, &before), "B is new");
    new[0].store = 2;
    CHECK_STR(iv_rules_layout_change(arena, &before, &now), "A is new; A is gone; B is gone");

    struct iv_layout_partition many[25];
    for (size_t i = 0; i < 25; i++) {
        many[i] =
            (struct iv_layout_partition){.store = 1, .name = iv_arena_printf(arena, "P%zu", i)};
    }
    const struct iv_traits wide = layout(many, 25);
    /* Of the same name in another store, and out of order beside new ones. */
    struct iv_layout_partition moved[] = {{.store = 1, .name = "New"},
                                          {.store = 1, .name = "B", .size = 8},
                                          {.store = 1, .name = "A", .size = 8},
                                          {.store = 1, .name = "C", .use_all_space = true}};
    now = layout(moved, 4);
    CHECK_STR(iv_rules_layout_change(arena, &before, &now),
              "New is new; the partitions stand in another order");
    now = layout(new, 0);
    CHECK(strstr(iv_rules_layout_change(arena, &now, &wide), "P19 is new and 5 more") != NULL);
}

int main(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    test_forms();
    test_worst_stays();
    test_hardware_variants();
    test_required();
    test_model_name();
    test_platform_ids();
    test_space();
    test_once();
    test_retail_features();
    test_packages();
    test_roots();
    test_features(&arena);
    test_layouts(&arena);
    return unit_end();
}
