/* What the parent takes from a reader: facts about its own item, and nothing else. */
#include "imgval/base/text.h"
#include "imgval/input/input.h"
#include "imgval/model/device.h"
#include "tests/unit/unit.h"

static struct iv_arena scratch;

static bool takes(const struct iv_item *item, const struct iv_facts *facts)
{
    return iv_input_can_yield(item, facts, &scratch);
}

static struct iv_package package_of(const char *path, const char *name)
{
    return (struct iv_package){.path = path,
                               .name = name,
                               .key = iv_ascii_fold(&scratch, name),
                               .container = IV_CONTAINER_CABINET};
}

static void test_packages(void)
{
    const struct iv_item item = {.role = IV_ROLE_PACKAGE, .path = "fw/Contoso.A.spkg", .fd = -1};
    struct iv_package packages[2];
    struct iv_facts facts = {.packages = packages, .package_count = 1};
    packages[0] = package_of("fw/Contoso.A.spkg", "Contoso.A");
    packages[1] = packages[0];
    CHECK(takes(&item, &facts));
    facts.package_count = 2;
    CHECK(!takes(&item, &facts));
    facts.package_count = 1;
    packages[0] = package_of("fw/Contoso.A.spkg", "Contoso.A_Lang_de-DE");
    CHECK(takes(&item, &facts));
    packages[0] = package_of("fw/Contoso.E.spkg", "Contoso.E");
    CHECK(!takes(&item, &facts));
    packages[0] = package_of("fw/Contoso.A.spkg", "Contoso.E");
    CHECK(!takes(&item, &facts));
    packages[0] = package_of("fw/Contoso.A.spkg", "Contoso.A");
    packages[0].key = "contoso.e";
    CHECK(!takes(&item, &facts));
    packages[0] = package_of("fw/Contoso.A.spkg", "Contoso.E");
    packages[0].container = IV_CONTAINER_FOLDER; /* whose name is its manifest's */
    CHECK(!takes(&item, &facts));
    packages[0] = package_of("fw/Contoso.A.spkg", "Contoso.A");
    packages[0].origin = IV_ORIGIN_HISTORY;
    CHECK(!takes(&item, &facts));
    struct iv_fault other = {.kind = IV_FAULT_MALFORMED, .path = "fw/Contoso.B.spkg"};
    packages[0] = package_of("fw/Contoso.A.spkg", "Contoso.A");
    packages[0].faults = &other;
    packages[0].fault_count = 1;
    CHECK(!takes(&item, &facts));
    other.path = "fw/Contoso.A.spkg";
    CHECK(takes(&item, &facts));
}

static void test_folder(void)
{
    const struct iv_item item = {.role = IV_ROLE_FOLDER, .path = "fw/a", .fd = -1};
    struct iv_package package = package_of("fw/a", "Contoso.Anything");
    struct iv_facts facts = {.packages = &package, .package_count = 1};
    package.container = IV_CONTAINER_FOLDER;
    CHECK(takes(&item, &facts));
    package.path = "fw/b";
    CHECK(!takes(&item, &facts));
    struct iv_fault fault = {.kind = IV_FAULT_METADATA, .path = "fw/a/OEMSettings.reg"};
    facts.faults = &fault;
    facts.fault_count = 1;
    package.path = "fw/a";
    CHECK(takes(&item, &facts));
    fault.path = "fw/ab"; /* begins alike, and is another */
    CHECK(!takes(&item, &facts));
}

static void test_values(void)
{
    struct iv_item item = {.role = IV_ROLE_PACKAGE, .path = "fw/Contoso.A.spkg", .fd = -1};
    struct iv_datum datum = {.name = IV_PHONE_MANUFACTURER,
                             .value = "X",
                             .source = "Contoso.A.spkg:OEMSettings.reg",
                             .rank = IV_RANK_REGISTRY};
    struct iv_facts facts = {.data = &datum, .datum_count = 1};
    CHECK(takes(&item, &facts));
    datum.rank = IV_RANK_OPTION; /* would win over all that the input says */
    CHECK(!takes(&item, &facts));
    datum.rank = IV_RANK_REGISTRY;
    datum.source = "Contoso.B.spkg:OEMSettings.reg";
    CHECK(!takes(&item, &facts));
    datum.source = "Contoso.A.spkg";
    CHECK(!takes(&item, &facts));
    item = (struct iv_item){.role = IV_ROLE_HISTORY, .path = "fw/UpdateHistory.xml", .fd = -1};
    datum.source = "fw/UpdateHistory.xml";
    CHECK(!takes(&item, &facts));
    item.role = IV_ROLE_REGISTRY;
    CHECK(takes(&item, &facts));
}

static void test_history(void)
{
    struct iv_item item = {.role = IV_ROLE_HISTORY, .path = "fw/UpdateHistory.xml", .fd = -1};
    struct iv_facts facts = {0};
    facts.history.present = true;
    facts.history.path = "fw/UpdateHistory.xml";
    CHECK(takes(&item, &facts));
    item.role = IV_ROLE_ANSWER;
    CHECK(!takes(&item, &facts));
    item = (struct iv_item){.role = IV_ROLE_IMAGE, .path = "phone.ffu", .fd = -1};
    CHECK(!takes(&item, &facts));
    facts.history.path = "phone.ffu:Data/UpdateHistory.xml";
    CHECK(takes(&item, &facts));
    item.has_history = true; /* another one counts */
    CHECK(!takes(&item, &facts));
    facts.history = (struct iv_history){.package_count = 1};
    item.has_history = false;
    CHECK(!takes(&item, &facts)); /* a set without a file */
}

static void test_image(void)
{
    struct iv_item item = {.role = IV_ROLE_IMAGE, .path = "phone.ffu", .fd = -1};
    struct iv_package package = package_of("phone.ffu:MainOS/x", "Contoso.A");
    struct iv_facts facts = {.packages = &package, .package_count = 1};
    package.container = IV_CONTAINER_INSTALLED;
    facts.image.present = true;
    facts.image.path = "phone.ffu";
    CHECK(takes(&item, &facts));
    package.path = "phone.ffu2:MainOS/x";
    CHECK(!takes(&item, &facts));
    facts.package_count = 0;
    item.role = IV_ROLE_CHUNKS;
    CHECK(!takes(&item, &facts));
    facts.image = (struct iv_image){0};
    facts.image.hash.checked = 5;
    CHECK(takes(&item, &facts));
    item.role = IV_ROLE_PACKAGE;
    CHECK(!takes(&item, &facts));
}

int main(void)
{
    iv_arena_init(&scratch);
    test_packages();
    test_folder();
    test_values();
    test_history();
    test_image();
    iv_arena_fini(&scratch);
    return unit_end();
}
