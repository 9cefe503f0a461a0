/* Facts of an image on their way into a submission: several readers, one image; what is refused. */
#include "imgval/base/attr.h"
#include "imgval/model/assemble.h"
#include "imgval/model/image.h"
#include "tests/unit/unit.h"

static struct iv_image an_image(void)
{
    return (struct iv_image){
        .present = true,
        .path = "fw/a.ffu",
        .format = "FFU",
        .hash = {.state = IV_HASH_CHECKED, .chunks = 10, .entries = 10, .checked = 4},
    };
}

/* Ranges of chunks come from several readers, in any order; the description from one. */
static void test_assemble(void)
{
    const struct iv_image range = {.hash = {.checked = 5, .mismatched = 2, .skipped = 1}};
    for (size_t at = 0; at < 3; at++) {
        struct iv_facts facts[3] = {{.image = range}, {.image = range}, {.image = range}};
        facts[at].image = an_image();
        struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
        struct iv_submission s = {.path = "fw/a.ffu", .kind = IV_KIND_FFU};
        iv_submission_assemble(facts, 3, NULL, 0, &arena, &s);
        CHECK(s.image.present);
        CHECK_STR(s.image.path, "fw/a.ffu");
        CHECK_STR(s.image.format, "FFU");
        CHECK_INT(s.image.hash.state, IV_HASH_CHECKED);
        CHECK_INT(s.image.hash.chunks, 10);
        CHECK_INT(s.image.hash.entries, 10);
        CHECK_INT(s.image.hash.checked, 14);
        CHECK_INT(s.image.hash.mismatched, 4);
        CHECK_INT(s.image.hash.skipped, 2);
    }
}

static void test_none(void)
{
    struct iv_facts facts[1] = {{0}};
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_submission s = {.path = "fw"};
    iv_submission_assemble(facts, 1, NULL, 0, &arena, &s);
    CHECK(!s.image.present);
}

static struct iv_package a_package(const char *path, const char *key, const char *version,
                                   enum iv_container container)
{
    return (struct iv_package){.path = path,
                               .name = key,
                               .key = key,
                               .style = IV_STYLE_SPKG,
                               .version = version,
                               .container = container};
}

/* The same package on two volumes is one; in one folder, or with other facts, it is two. */
static void test_copies(void)
{
    static const struct {
        const char *path;
        const char *version;
        enum iv_container container;
        size_t left;
    } others[] = {
        {"a.ffu:UpdateOS/D/x.dsm.xml", "1.0.0.1", IV_CONTAINER_INSTALLED, 1},
        {"a.ffu:UpdateOS/D/x.dsm.xml", "1.0.0.2", IV_CONTAINER_INSTALLED, 2},
        {"a.ffu:MainOS/D/y.dsm.xml", "1.0.0.1", IV_CONTAINER_INSTALLED, 2},
        {"fw/x.spkg", "1.0.0.1", IV_CONTAINER_CABINET, 1}, /* a tree with an UpdateOS.wim */
    };
    for (size_t i = 0; i < IV_COUNT(others); i++) {
        struct iv_package packages[] = {
            a_package("a.ffu:MainOS/D/x.dsm.xml", "x", "1.0.0.1", IV_CONTAINER_INSTALLED),
            a_package(others[i].path, "x", others[i].version, others[i].container),
        };
        struct iv_facts facts[2] = {{.packages = packages, .package_count = 1},
                                    {.packages = packages + 1, .package_count = 1}};
        struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
        struct iv_submission s = {.path = "a.ffu", .kind = IV_KIND_FFU};
        iv_submission_assemble(facts, 2, NULL, 0, &arena, &s);
        CHECK_INT(s.package_count, others[i].left);
        CHECK_INT(s.set.count, 1);
    }
    struct iv_package two[] = {
        a_package("fw/x.spkg", "x", "1.0.0.1", IV_CONTAINER_CABINET),
        a_package("fw/sub/x.spkg", "x", "1.0.0.1", IV_CONTAINER_CABINET),
    };
    struct iv_facts facts[1] = {{.packages = two, .package_count = 2}};
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_submission s = {.path = "fw"};
    iv_submission_assemble(facts, 1, NULL, 0, &arena, &s);
    CHECK_INT(s.package_count, 2);
    CHECK(!s.has_no_twins);
}

/* Packages that the submission comes with count as those of the facts do. */
static void test_given_packages(void)
{
    static const char *const payload[] = {"Payload/Q.spkg"};
    for (int i = 0; i < 3; i++) {
        struct iv_package given[] = {
            a_package("fw/z.spkg", "z", "1.0.0.1", IV_CONTAINER_CABINET),
            a_package("fw/y/payload/q.spkg", "q", "1.0.0.1", IV_CONTAINER_CABINET),
            a_package("fw/x.spkg", "x", "1.0.0.1", IV_CONTAINER_CABINET),
        };
        struct iv_package folder = a_package("fw/y", "y", "1.0.0.1", IV_CONTAINER_FOLDER);
        folder.payload_packages = (const char **)payload;
        folder.payload_package_count = 1;
        given[0].removal = i == 2;
        struct iv_facts facts = {.packages = &folder, .package_count = i == 1 ? 1 : 0};
        struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
        struct iv_submission s = {.path = "fw", .packages = given, .package_count = 3};
        iv_submission_assemble(&facts, 1, NULL, 0, &arena, &s);
        CHECK_INT(s.package_count, 3);
        CHECK_STR(s.packages[0].path, "fw/x.spkg");
        CHECK_STR(s.packages[1].path, i == 1 ? "fw/y" : "fw/y/payload/q.spkg");
        CHECK_STR(s.packages[2].path, "fw/z.spkg");
        CHECK_INT(s.set.count, i == 2 ? 2 : 3);
        CHECK(s.has_no_twins);
    }
}

static void test_sound(void)
{
    struct iv_image_claim claims[] = {{.name = "MainOS"}, {.name = "Data"}};
    struct iv_facts facts = {.image = an_image()};
    facts.image.claims = claims;
    facts.image.claim_count = 2;
    CHECK(iv_facts_are_sound(&facts));
    claims[1].name = NULL;
    CHECK(!iv_facts_are_sound(&facts));
    static struct iv_image_partition partitions[IV_IMAGE_PARTITIONS_MAX + 1];
    static struct iv_image_store stores[IV_IMAGE_STORES_MAX + 1];
    facts.image = an_image();
    facts.image.partitions = partitions;
    facts.image.partition_count = IV_IMAGE_PARTITIONS_MAX;
    facts.image.stores = stores;
    facts.image.store_count = IV_IMAGE_STORES_MAX;
    CHECK(iv_facts_are_sound(&facts));
    facts.image.partition_count++;
    CHECK(!iv_facts_are_sound(&facts));
    facts.image.partition_count = 0;
    facts.image.store_count++;
    CHECK(!iv_facts_are_sound(&facts));
    facts.image = an_image();
    facts.image.path = NULL;
    CHECK(!iv_facts_are_sound(&facts));
    facts.image = an_image();
    facts.image.format = NULL;
    CHECK(!iv_facts_are_sound(&facts));
}

static void test_names(void)
{
    CHECK_STR(iv_update_type_names[IV_UPDATE_PARTIAL], "partial");
    CHECK_STR(iv_signature_names[IV_SIGNATURE_NONE], "unsigned");
    CHECK_STR(iv_signature_names[IV_SIGNATURE_INVALID], "invalid");
    CHECK_STR(iv_catalog_digest_names[IV_CATALOG_DIFFERS], "differs");
    CHECK_STR(iv_hash_state_names[IV_HASH_CHECKED], "checked");
    const struct iv_field *field = iv_field_find(&iv_image_struct, "partitions");
    CHECK(field != NULL && field->of == &iv_image_partition_struct);
}

int main(void)
{
    test_assemble();
    test_none();
    test_copies();
    test_given_packages();
    test_sound();
    test_names();
    return unit_end();
}
