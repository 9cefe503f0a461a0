/* The plan of fix: which packages it adds, from which baseline, and what it calls an obstacle. */
#include "imgval/base/attr.h"
#include "imgval/model/fix.h"
#include "tests/unit/unit.h"

/* A submission of one variant that lacks packages of one baseline. */
struct scene {
    struct iv_submission submission;
    struct iv_variant variant;
    struct iv_baseline older;
    struct iv_baseline newer;
    const struct iv_package *missing[4];
};

static void lacks(struct scene *scene, const struct iv_package *packages, size_t count,
                  enum iv_direction direction)
{
    *scene = (struct scene){
        .older = {.id = "0123456789abcdef", .firmware_version = "1.0.0.1"},
        .newer = {.id = "fedcba9876543210", .firmware_version = "9.0.0.0"},
        .variant = {.pop = {.oem = "C", .mobile_operator = "O", .model = "M"}},
        .submission = {.path = "fw", .variant_count = 1},
    };
    for (size_t i = 0; i < count; i++) {
        scene->missing[i] = &packages[i];
    }
    scene->variant.wspc.status = IV_WSPC_NOT_COMPLIANT;
    scene->variant.wspc.failure_count = 1;
    scene->variant.wspc.failures[0] = (struct iv_comparison){
        .direction = direction,
        .against = direction == IV_NEWER ? &scene->newer : &scene->older,
        .missing = scene->missing,
        .missing_count = count,
    };
    scene->submission.variants = &scene->variant;
}

static struct iv_fix plan(const struct iv_package *package, struct iv_arena *arena)
{
    struct scene scene;
    struct iv_fix fix;
    lacks(&scene, package, 1, IV_OLDER);
    iv_fix_build(&scene.submission, arena, &fix);
    CHECK_INT(fix.package_count + fix.obstacle_count, 1);
    return fix;
}

static void test_identity(struct iv_arena *arena)
{
    const struct iv_package known = {.key = "contoso.a.b",
                                     .name = "Contoso.A.B",
                                     .owner = "Contoso",
                                     .component = "A",
                                     .sub_component = "B",
                                     .partition = "EFIESP",
                                     .owner_type = "SiliconVendor",
                                     .release_type = "Test"};
    struct iv_fix fix = plan(&known, arena);
    if (CHECK_INT(fix.package_count, 1)) {
        CHECK_STR(fix.packages[0].name, "Contoso.A.B");
        CHECK_STR(fix.packages[0].owner, "Contoso");
        CHECK_STR(fix.packages[0].component, "A");
        CHECK_STR(fix.packages[0].sub_component, "B");
        CHECK_STR(fix.packages[0].partition, "EFIESP");
        CHECK_STR(fix.packages[0].owner_type, "SiliconVendor");
        CHECK_STR(fix.packages[0].release_type, "Test");
        CHECK(!fix.packages[0].derived);
    }
    /* Empty texts say nothing; two parts have no third. */
    const struct iv_package two = {.key = "contoso.a",
                                   .name = "Contoso.A",
                                   .owner = "Contoso",
                                   .component = "A",
                                   .sub_component = "",
                                   .partition = "",
                                   .owner_type = "",
                                   .release_type = ""};
    fix = plan(&two, arena);
    if (CHECK_INT(fix.package_count, 1)) {
        CHECK_STR(fix.packages[0].sub_component, NULL);
        CHECK_STR(fix.packages[0].partition, "MainOS");
        CHECK_STR(fix.packages[0].owner_type, "OEM");
        CHECK_STR(fix.packages[0].release_type, "Production");
        CHECK(!fix.packages[0].derived);
    }
}

/* Of a record that has names alone the name is split at its first two dots. */
static void test_split(struct iv_arena *arena)
{
    static const struct {
        const char *key;
        const char *owner; /* NULL: no project can have the name */
        const char *component;
        const char *sub_component;
    } names[] = {
        {"contoso.a", "contoso", "a", NULL},
        {"contoso.a.b", "contoso", "a", "b"},
        {"contoso.a.b.c", "contoso", "a", "b.c"},
        {"c-1.a_2.B9", "c-1", "a_2", "B9"},
        {"contoso", NULL, NULL, NULL},
        {"contoso.", NULL, NULL, NULL},
        {"contoso..b", NULL, NULL, NULL},
        {"contoso.a.", NULL, NULL, NULL},
        {".a.b", NULL, NULL, NULL},
        {"-a.b", NULL, NULL, NULL},
        {"", NULL, NULL, NULL},
        {"contoso.a b", NULL, NULL, NULL},
        {"contoso.a&b", NULL, NULL, NULL},
        {"contoso.{a}", NULL, NULL, NULL},
        {"contoso.a@", NULL, NULL, NULL},
        {"contoso.a`", NULL, NULL, NULL},
        {"contoso.a[", NULL, NULL, NULL},
        {"contoso.a:", NULL, NULL, NULL},
        {"contoso.a/b", NULL, NULL, NULL},
        {"contoso.\xc3\xa4", NULL, NULL, NULL},
        {"contoso.a_lang_de-de", NULL, NULL, NULL},
        {"contoso.a_RES_720x1280", NULL, NULL, NULL},
    };
    for (size_t i = 0; i < IV_COUNT(names); i++) {
        const struct iv_package package = {.key = names[i].key};
        const struct iv_fix fix = plan(&package, arena);
        if (!CHECK_INT(fix.package_count, names[i].owner != NULL ? 1 : 0)) {
            fprintf(stderr, "    %s\n", names[i].key);
        } else if (fix.package_count == 1) {
            CHECK_STR(fix.packages[0].owner, names[i].owner);
            CHECK_STR(fix.packages[0].component, names[i].component);
            CHECK_STR(fix.packages[0].sub_component, names[i].sub_component);
            CHECK(fix.packages[0].derived);
        } else {
            CHECK_STR(fix.obstacles[0].name, names[i].key);
        }
    }
    const struct iv_package odd = {.key = "contoso.a", .partition = "Main OS"};
    CHECK_INT(plan(&odd, arena).obstacle_count, 1);
}

/* A package that two baselines lack stands once, for the baseline with the first id; the plan is in
 * the order of keys. */
static void test_order(struct iv_arena *arena)
{
    const struct iv_package packages[] = {{.key = "contoso.b"}, {.key = "contoso.a"}};
    struct scene scene;
    struct iv_fix fix;
    lacks(&scene, packages, 2, IV_OLDER);
    struct iv_baseline same = {.id = "00ff", .firmware_version = NULL};
    const struct iv_package *also[] = {&packages[0]};
    scene.variant.wspc.failures[1] = (struct iv_comparison){
        .direction = IV_SAME, .against = &same, .missing = also, .missing_count = 1};
    scene.variant.wspc.failure_count = 2;
    iv_fix_build(&scene.submission, arena, &fix);
    CHECK_INT(fix.obstacle_count, 0);
    if (CHECK_INT(fix.package_count, 2)) {
        CHECK_STR(fix.packages[0].name, "contoso.a");
        CHECK_STR(fix.packages[0].from->id, "0123456789abcdef");
        CHECK_STR(fix.packages[1].name, "contoso.b");
        CHECK_STR(fix.packages[1].from->id, "00ff");
    }
}

/* What a later baseline lacks cannot be added; what it lacks of the submission must go. */
static void test_newer(struct iv_arena *arena)
{
    const struct iv_package packages[] = {{.key = "contoso.a", .name = "Contoso.A"},
                                          {.key = "contoso.b", .name = "Contoso.B"}};
    struct scene scene;
    struct iv_fix fix;
    lacks(&scene, packages, 2, IV_OLDER);
    const struct iv_package *has[] = {&packages[0]};
    scene.newer.set = (struct iv_set){.items = has, .count = 1};
    scene.variant.wspc.newer = &scene.newer;
    iv_fix_build(&scene.submission, arena, &fix);
    if (CHECK_INT(fix.package_count, 1) && CHECK_INT(fix.obstacle_count, 1)) {
        CHECK_STR(fix.packages[0].name, "Contoso.A");
        CHECK_STR(fix.obstacles[0].name, "Contoso.B");
        CHECK_STR(fix.obstacles[0].reason,
                  "the baseline 0123456789ab (version 1.0.0.1) asks for it, but the later baseline "
                  "fedcba987654 (version 9.0.0.0) of C/O/M does not have it: with the package the "
                  "submission fails there. Submit the variants apart, or give this one a version "
                  "above that baseline");
    }
    scene.older.firmware_version = NULL;
    scene.newer.firmware_version = NULL;
    iv_fix_build(&scene.submission, arena, &fix);
    CHECK(strstr(fix.obstacles[0].reason, "0123456789ab (version not known)") != NULL);
    CHECK(strstr(fix.obstacles[0].reason, "fedcba987654 (version not known)") != NULL);

    lacks(&scene, packages, 2, IV_NEWER);
    iv_fix_build(&scene.submission, arena, &fix);
    CHECK_INT(fix.package_count, 0);
    if (CHECK_INT(fix.obstacle_count, 2)) {
        CHECK_STR(fix.obstacles[1].name, "Contoso.B");
        CHECK(strstr(fix.obstacles[1].reason, "fedcba987654 (version 9.0.0.0) of C/O/M") != NULL);
    }
    scene.newer.firmware_version = NULL;
    iv_fix_build(&scene.submission, arena, &fix);
    CHECK(strstr(fix.obstacles[0].reason, "(version not known)") != NULL);
}

static void test_not_compared(struct iv_arena *arena)
{
    struct scene scene;
    struct iv_fix fix;
    lacks(&scene, NULL, 0, IV_OLDER);
    scene.variant.wspc = (struct iv_wspc){.status = IV_WSPC_NOT_EVALUATED};
    iv_fix_build(&scene.submission, arena, &fix);
    if (CHECK_INT(fix.obstacle_count, 1)) {
        CHECK_STR(fix.obstacles[0].name, "C/O/M");
        CHECK_STR(fix.obstacles[0].reason, "it could not be compared: see imgval scan");
    }
    scene.submission.wspc_reason = "a partition could not be read";
    iv_fix_build(&scene.submission, arena, &fix);
    CHECK_STR(fix.obstacles[0].reason, "a partition could not be read");
    scene.variant.wspc.status = IV_WSPC_COMPLIANT;
    iv_fix_build(&scene.submission, arena, &fix);
    CHECK_INT(fix.obstacle_count + fix.package_count, 0);
}

int main(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    test_identity(&arena);
    test_split(&arena);
    test_order(&arena);
    test_newer(&arena);
    test_not_compared(&arena);
    return unit_end();
}
