/* IMG101..IMG205: the rules on image files, over facts. */
#include "imgval/base/attr.h"
#include "imgval/engine/engine.h"
#include "rules/rules.h"
#include "tests/unit/unit.h"

#include <stdlib.h>

#define TYPE_A "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"
#define TYPE_B "57434F53-8F45-405E-8A23-186D8A4330D3"
#define ID_A "A76B8CE2-0187-4C13-8FCA-8651C9B0620A"
#define ID_B "8183040A-8B44-4592-92F7-C6D9EE0560F7"

/* A whole image with two partitions that its manifest lists; a test spoils one thing. */
struct scene {
    struct iv_arena arena;
    const char *header_ids[2];
    const char *manifest_ids[2];
    struct iv_image_store store;
    struct iv_image_partition partitions[3];
    struct iv_image_claim claims[3];
    struct iv_fault fault;
    struct iv_submission s;
    struct iv_judgement j;
};

static void scene_init(struct scene *scene)
{
    *scene = (struct scene){
        .header_ids = {"Contoso.MSM8994.P6211", "Contoso.MSM8994.P6212"},
        .manifest_ids = {"contoso.msm8994.p6212", "Contoso.MSM8994.P6211"},
        .store = {.index = 1, .sector_size = 512, .scheme = "gpt", .platform_id_count = 2},
        .partitions = {{.store = 1, .name = "EFIESP", .type = TYPE_A, .id = ID_A, .size = 51200},
                       {.store = 1, .name = "MainOS", .type = TYPE_B, .id = ID_B, .size = 1024}},
        .claims = {{.store = 1, .name = "mainos", .type = TYPE_B, .use_all_space = true},
                   {.store = 1, .name = "EFIESP", .type = TYPE_A, .total_sectors = 100}},
    };
    iv_arena_init(&scene->arena);
    scene->store.platform_ids = scene->header_ids;
    scene->s = (struct iv_submission){
        .path = "a.ffu",
        .kind = IV_KIND_FFU,
        .image = {.present = true,
                  .path = "a.ffu",
                  .format = "FFU",
                  .platform_ids = scene->manifest_ids,
                  .platform_id_count = 2,
                  .stores = &scene->store,
                  .store_count = 1,
                  .partitions = scene->partitions,
                  .partition_count = 2,
                  .claims = scene->claims,
                  .claim_count = 2,
                  .signature = IV_SIGNATURE_VALID,
                  .hash = {.state = IV_HASH_CHECKED, .chunks = 9, .checked = 9}},
    };
    iv_set_build(NULL, 0, &scene->arena, &scene->s.set);
}

static void judge(struct scene *scene)
{
    struct iv_rules families[IV_RULE_FAMILIES];
    iv_rules_all(families);
    struct iv_engine *engine IV_CLEANUP(iv_engine_close) = NULL;
    struct iv_error err = {0};
    if (!CHECK(iv_engine_open(families, IV_RULE_FAMILIES, &engine, &err))) {
        exit(unit_end());
    }
    static const struct iv_circumstances run = {.no_wspc = true};
    const struct iv_engine_options options = {.judging.fail_on = IV_ERROR, .run = &run};
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
    CHECK(false);
    return IV_NOT_APPLICABLE;
}

static const char *message_of(const struct scene *scene, const char *id, size_t n)
{
    for (size_t i = 0; i < scene->j.finding_count; i++) {
        if (strcmp(scene->j.findings[i].rule->id, id) == 0 && n-- == 0) {
            return scene->j.findings[i].message;
        }
    }
    return "none";
}

/* Judges, compares outcome and first message, ends the scene. */
static void check_rule(struct scene *scene, const char *id, enum iv_outcome outcome,
                       const char *message)
{
    judge(scene);
    if (!CHECK_INT(outcome_of(scene, id), outcome)) {
        fprintf(stderr, "    of %s\n", id);
    }
    CHECK_STR(message_of(scene, id, 0), message);
    iv_arena_fini(&scene->arena);
}

static const char *const ids[] = {
    "IMG101", "IMG102", "IMG103", "IMG104", "IMG105", "IMG106", "IMG107",
    "IMG108", "IMG109", "IMG201", "IMG202", "IMG203", "IMG204", "IMG205",
};

static void test_whole(void)
{
    struct scene scene;
    scene_init(&scene);
    judge(&scene);
    for (size_t i = 0; i < IV_COUNT(ids); i++) {
        CHECK_INT(outcome_of(&scene, ids[i]), IV_PASSED);
    }
    iv_arena_fini(&scene.arena);
    /* A tree of packages is no image: nothing was looked at, nothing is said. */
    scene_init(&scene);
    scene.s.kind = IV_KIND_DIRECTORY;
    scene.s.image = (struct iv_image){0};
    struct iv_package package = {.path = "a.spkg", .name = "a", .key = "a"};
    scene.s.packages = &package;
    scene.s.package_count = 1;
    judge(&scene);
    for (size_t i = 0; i < IV_COUNT(ids); i++) {
        CHECK_INT(outcome_of(&scene, ids[i]), IV_NOT_APPLICABLE);
    }
    iv_arena_fini(&scene.arena);
}

struct fault_row {
    enum iv_fault_kind kind;
    const char *id;
    const char *message;
    bool incomplete;
};

static void test_faults(void)
{
    static const struct fault_row rows[] = {
        {IV_FAULT_FFU_HEADER, "IMG101",
         "A header, count or offset of the image a.ffu is wrong: why", false},
        {IV_FAULT_HASH_MISMATCH, "IMG102",
         "Data of the image a.ffu do not match its hash table: why", false},
        {IV_FAULT_HASH_TABLE, "IMG103",
         "The hash table of the image a.ffu does not fit the file: why", false},
        {IV_FAULT_CATALOG, "IMG104",
         "The catalog of the image a.ffu does not vouch for its hash table: why", false},
        {IV_FAULT_TRAILING, "IMG106", "The image a.ffu goes on after its end: why", false},
        {IV_FAULT_TRUNCATED, "IMG108", "The image a.ffu is cut off and lacks part of its data: why",
         true},
        {IV_FAULT_TABLE, "IMG201", "A partition table in the image a.ffu is damaged: why", false},
        {IV_FAULT_PARTITION, "IMG202", "A partition of the image a.ffu cannot be read: why", true},
        {IV_FAULT_FILE, "IMG205", "A file in the image a.ffu cannot be read: why", true},
    };
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        /* Without facts of the image (a reader that died) a fault still counts. */
        for (int present = 0; present < 2; present++) {
            struct scene scene;
            scene_init(&scene);
            scene.s.image.present = present != 0;
            scene.fault = (struct iv_fault){.kind = rows[i].kind, .path = "a.ffu", .detail = "why"};
            scene.s.faults = &scene.fault;
            scene.s.fault_count = 1;
            judge(&scene);
            CHECK_INT(outcome_of(&scene, rows[i].id), IV_FAILED);
            CHECK_STR(message_of(&scene, rows[i].id, 0), rows[i].message);
            CHECK_INT(iv_rules_find(rows[i].id)->incomplete, rows[i].incomplete);
            iv_arena_fini(&scene.arena);
        }
    }
}

static void test_signed(void)
{
    struct scene scene;
    scene_init(&scene);
    scene.s.image.signature = IV_SIGNATURE_NONE;
    check_rule(&scene, "IMG105", IV_FAILED, "The catalog of a.ffu carries no signature");
    scene_init(&scene);
    scene.s.image.signature = IV_SIGNATURE_UNKNOWN;
    check_rule(&scene, "IMG105", IV_NOT_EVALUATED, "none");
    scene_init(&scene);
    scene.s.image.signature = IV_SIGNATURE_NOT_VERIFIED;
    check_rule(&scene, "IMG105", IV_PASSED, "none");
    scene_init(&scene);
    scene.s.image.format = "VHD (fixed)";
    scene.s.image.signature = IV_SIGNATURE_NONE;
    check_rule(&scene, "IMG105", IV_NOT_APPLICABLE, "none");
}

static void test_platform_ids(void)
{
    struct scene scene;
    scene_init(&scene);
    scene.manifest_ids[0] = "Contoso.MSM8994.P6213";
    check_rule(&scene, "IMG107", IV_FAILED,
               "Platform ids in the header of store 1: Contoso.MSM8994.P6211, "
               "Contoso.MSM8994.P6212; in the manifest of the image: Contoso.MSM8994.P6213, "
               "Contoso.MSM8994.P6211");
    scene_init(&scene);
    scene.s.image.platform_id_count = 0;
    scene.store.platform_id_count = 1;
    check_rule(&scene, "IMG107", IV_FAILED,
               "Platform ids in the header of store 1: Contoso.MSM8994.P6211; in the manifest of "
               "the image: none");
    scene_init(&scene);
    scene.store.platform_id_count = 1;
    check_rule(&scene, "IMG107", IV_FAILED,
               "Platform ids in the header of store 1: Contoso.MSM8994.P6211; in the manifest of "
               "the image: contoso.msm8994.p6212, Contoso.MSM8994.P6211");
    scene_init(&scene);
    scene.s.image.store_count = 0;
    check_rule(&scene, "IMG107", IV_NOT_EVALUATED, "none");
}

static void test_hashed(void)
{
    struct scene scene;
    scene_init(&scene);
    scene.s.image.hash.state = IV_HASH_SKIPPED;
    check_rule(&scene, "IMG109", IV_FAILED,
               "The hashes of a.ffu were not checked, as was asked for: changed or damaged data "
               "would not be noticed");
    scene_init(&scene);
    scene.s.image.hash.checked = 8;
    check_rule(&scene, "IMG109", IV_NOT_EVALUATED, "none");
    scene_init(&scene);
    scene.s.image.hash.state = IV_HASH_NONE;
    check_rule(&scene, "IMG109", IV_NOT_EVALUATED, "none");
    scene_init(&scene);
    scene.s.image.format = "WIM";
    check_rule(&scene, "IMG109", IV_NOT_APPLICABLE, "none");
}

static void test_layout(void)
{
    struct scene scene;
    scene_init(&scene);
    scene.s.image.partition_count = 1;
    check_rule(&scene, "IMG203", IV_FAILED,
               "The manifest of the image lists partition mainos, which the partition table does "
               "not have");
    scene_init(&scene);
    scene.s.image.claim_count = 1;
    check_rule(&scene, "IMG203", IV_FAILED,
               "The partition table has partition EFIESP, which the manifest of the image does not "
               "list");
    scene_init(&scene);
    scene.s.image.claim_count = 1;
    scene.partitions[0].type = "70";
    check_rule(&scene, "IMG203", IV_PASSED, "none");
    scene_init(&scene);
    scene.claims[0].type = TYPE_A;
    check_rule(&scene, "IMG203", IV_FAILED,
               "The type of partition mainos is " TYPE_B " in the partition table, but " TYPE_A
               " in the manifest of the image");
    scene_init(&scene);
    scene.claims[0].id = ID_A;
    check_rule(&scene, "IMG203", IV_FAILED,
               "The id of partition mainos is " ID_B " in the partition table, but " ID_A
               " in the manifest of the image");
    scene_init(&scene);
    scene.claims[1].total_sectors = 101;
    check_rule(
        &scene, "IMG203", IV_FAILED,
        "The size of partition EFIESP is 51200 bytes in the partition table, but 101 sectors "
        "of 512 bytes in the manifest of the image");
    scene_init(&scene);
    scene.claims[1].total_sectors = UINT64_MAX / 512 + 101; /* times 512 it would be right */
    scene.partitions[0].size = 51200;
    check_rule(&scene, "IMG203", IV_FAILED,
               "The size of partition EFIESP is 51200 bytes in the partition table, but "
               "36028797018964068 sectors of 512 bytes in the manifest of the image");
    scene_init(&scene);
    scene.store.scheme = NULL;
    check_rule(&scene, "IMG203", IV_NOT_EVALUATED, "none");
    scene_init(&scene);
    scene.partitions[1].store = 2;
    check_rule(&scene, "IMG203", IV_FAILED,
               "The manifest of the image lists partition mainos, which the partition table does "
               "not have");
}

static void test_duplicates(void)
{
    struct scene scene;
    scene_init(&scene);
    scene.partitions[2] = scene.partitions[1];
    scene.partitions[2].name = "MAINOS";
    scene.partitions[2].id = "another";
    scene.s.image.partition_count = 3;
    check_rule(&scene, "IMG204", IV_FAILED,
               "Two partitions in the partition table of store 1 have the name MainOS and MAINOS");
    scene_init(&scene);
    scene.partitions[2] = scene.partitions[1];
    scene.partitions[2].store = 2;
    scene.s.image.partition_count = 3;
    check_rule(&scene, "IMG204", IV_PASSED, "none");
    scene_init(&scene);
    scene.partitions[1].id = ID_A;
    check_rule(&scene, "IMG204", IV_FAILED,
               "Two partitions in the partition table of store 1 have the id " ID_A);
    scene_init(&scene);
    scene.claims[2] = scene.claims[1];
    scene.s.image.claim_count = 3;
    check_rule(&scene, "IMG204", IV_FAILED,
               "Two partitions in the manifest of store 1 have the name EFIESP");
    scene_init(&scene);
    scene.partitions[0].name = "";
    scene.partitions[1].name = "";
    scene.s.image.claim_count = 0;
    check_rule(&scene, "IMG204", IV_PASSED, "none");
    scene_init(&scene);
    scene.s.image.claim_count = 0;
    scene.s.image.partition_count = 0;
    check_rule(&scene, "IMG204", IV_NOT_APPLICABLE, "none");
}

int main(void)
{
    test_whole();
    test_faults();
    test_signed();
    test_platform_ids();
    test_hashed();
    test_layout();
    test_duplicates();
    return unit_end();
}
