/* The id of a submission: what it covers and what it does not. */
#include "imgval/base/attr.h"
#include "imgval/model/kinds.h"
#include "imgval/model/record.h"
#include "imgval/model/submission.h"
#include "tests/unit/unit.h"

static const struct iv_package packages[] = {
    {.key = "a",
     .path = "in/A.spkg",
     .version = "1.0.0.7",
     .number = {{1, 0, 0, 7}},
     .partition = "MainOS",
     .owner_type = "OEM",
     .style = IV_STYLE_SPKG},
    {.key = "b", .path = "in/b.cab", .number = {{2, 0, 0, 0}}, .style = IV_STYLE_CBS},
    {.key = "c", .path = "in/c.spkr", .removal = true, .owner_type = "Microsoft"},
};

static const struct iv_pop pops[] = {
    {.oem = "Contoso", .mobile_operator = "000-88", .model = "CT-100"},
    {.oem = "Contoso", .mobile_operator = "ATT-US", .model = "CT-100"},
};

/* The id of three packages and two POPs. */
static const char *id_of(const struct iv_package *p, const struct iv_pop *v, const char *version,
                         struct iv_arena *arena)
{
    return iv_submission_id(p, 3, v, 2, version, arena);
}

struct copy {
    struct iv_package p[3];
    struct iv_pop v[2];
};

static struct copy copy(void)
{
    struct copy c;
    memcpy(c.p, packages, sizeof(c.p));
    memcpy(c.v, pops, sizeof(c.v));
    return c;
}

#define SAME(c, version) CHECK_STR(id_of((c).p, (c).v, (version), arena), base)
#define OTHER(c, version) CHECK(strcmp(id_of((c).p, (c).v, (version), arena), base) != 0)

static void test_insensitive(struct iv_arena *arena)
{
    const char *base = id_of(packages, pops, "3012.0.1610.4", arena);
    CHECK_INT(strlen(base), 64);
    struct copy c = copy();
    c.p[0].path = "elsewhere/a.spkg";
    c.p[0].name = "A";
    c.p[0].style = IV_STYLE_CBS;
    c.p[0].container = IV_CONTAINER_INSTALLED;
    c.p[0].origin = IV_ORIGIN_HISTORY;
    c.p[0].content = "00";
    c.p[0].unreadable = true;
    c.p[0].version = "01.0.00.7"; /* the text; the number counts */
    c.p[0].file_count = 9;
    c.p[0].culture = "de";
    c.p[0].owner = "X";
    SAME(c, "3012.0.1610.4");
    SAME(c, "03012.0.01610.4");
    c = copy();
    c.p[0] = packages[2];
    c.p[2] = packages[0];
    c.v[0] = pops[1];
    c.v[1] = pops[0];
    SAME(c, "3012.0.1610.4");
    c = copy();
    c.p[0].partition = "MAINOS";
    c.p[1].partition = "mainos";
    c.p[2].partition = "";
    c.p[0].owner_type = "oem";
    c.p[1].owner_type = "";
    c.v[0].oem = "CONTOSO";
    c.v[1].mobile_operator = "att-us";
    c.v[1].model = "ct-100";
    SAME(c, "3012.0.1610.4");

    /* A twin of a package (x.spkg and x.cab), a variant named twice. */
    struct iv_package twins[4] = {packages[0], packages[1], packages[2], packages[1]};
    struct iv_pop again[3] = {pops[0], pops[1], pops[0]};
    CHECK_STR(iv_submission_id(twins, 4, again, 3, "3012.0.1610.4", arena), base);
}

static void test_sensitive(struct iv_arena *arena)
{
    const char *version = "3012.0.1610.4";
    const char *base = id_of(packages, pops, version, arena);
    struct copy c = copy();
    OTHER(c, "3012.0.1610.5");
    OTHER(c, "3012.0.1610");
    OTHER(c, NULL);
    OTHER(c, "");
    c.p[1].key = "bb";
    OTHER(c, version);
    c = copy();
    c.p[1].number.part[3] = 1;
    OTHER(c, version);
    c = copy();
    c.p[1].partition = "EFIESP";
    OTHER(c, version);
    c = copy();
    c.p[2].removal = false;
    OTHER(c, version);
    c = copy();
    c.p[1].binary_partition = true;
    OTHER(c, version);
    c = copy();
    c.p[1].empty = true;
    OTHER(c, version);
    c = copy();
    c.p[1].owner_type = "OEM";
    OTHER(c, version);
    c = copy();
    c.v[0].oem = "Fabrikam";
    OTHER(c, version);
    c = copy();
    c.v[0].mobile_operator = "000-89";
    OTHER(c, version);
    c = copy();
    c.v[0].model = "CT-101";
    OTHER(c, version);
    CHECK(strcmp(iv_submission_id(packages, 2, pops, 2, version, arena), base) != 0);
    CHECK(strcmp(iv_submission_id(packages, 3, pops, 1, version, arena), base) != 0);
    CHECK(strcmp(iv_submission_id(packages, 3, NULL, 0, version, arena), base) != 0);
    CHECK(strcmp(iv_submission_id(NULL, 0, pops, 2, version, arena), base) != 0);

    /* "none" the word is not the lack of a version; an invalid text differs from any number. */
    CHECK(strcmp(id_of(packages, pops, "none", arena), id_of(packages, pops, NULL, arena)) != 0);
    CHECK(strcmp(id_of(packages, pops, "1.0.0.0 ", arena),
                 id_of(packages, pops, "1.0.0.0", arena)) != 0);
}

/* Ids stand in users' stores: these values never change. Computed by another
 * program from the stream that submission.c describes. */
static void test_frozen(struct iv_arena *arena)
{
    CHECK_STR(iv_submission_id(NULL, 0, NULL, 0, NULL, arena),
              "bd3bba04992babe07fc6c58c7ac44e44a14cfa6c391df86febdc7f365e1832bb");
    CHECK_STR(id_of(packages, pops, "3012.0.1610.4", arena),
              "4cc86ed8288a3dbfc8a12c030ba54db0220530a951b61da4fa20e221608dc75d");
}

static void test_names(void)
{
    CHECK_STR(iv_kind_names[IV_KIND_DIRECTORY], "directory");
    CHECK_STR(iv_kind_names[IV_KIND_FFU], "ffu");
    CHECK_STR(iv_kind_names[IV_KIND_RECORD], "record");
    CHECK_STR(iv_kind_names[IV_KIND_RECORD + 1], NULL);
    CHECK_STR(iv_submission_type_names[IV_PARTIAL], "partial");
}

/* Whether a fault of the tree leaves it open what the device is. */
static bool misses(enum iv_fault_kind kind, const char *path)
{
    struct iv_fault fault = {.kind = kind, .path = path, .detail = "d"};
    const struct iv_submission s = {
        .faults = &fault,
        .fault_count = 1,
        .history = {.path = "fw/UpdateHistory.xml"},
        .oem_input = {.path = "fw/OEMInput.xml"},
    };
    return iv_submission_misses_sources(&s);
}

static void test_sources(void)
{
    static const bool hides[IV_FAULT_KINDS] = {
        [IV_FAULT_MALFORMED] = true,   [IV_FAULT_UNREADABLE] = true,  [IV_FAULT_LIMIT] = true,
        [IV_FAULT_NOT_REGULAR] = true, [IV_FAULT_READER_DIED] = true, [IV_FAULT_UNSUPPORTED] = true,
        [IV_FAULT_METADATA] = true,    [IV_FAULT_TRUNCATED] = true,   [IV_FAULT_TABLE] = true,
        [IV_FAULT_PARTITION] = true,   [IV_FAULT_FILE] = true,
    };
    for (size_t kind = 0; kind < IV_FAULT_KINDS; kind++) {
        CHECK_INT(misses((enum iv_fault_kind)kind, "fw/x"), hides[kind]);
        CHECK_INT(misses((enum iv_fault_kind)kind, NULL), hides[kind]);
    }
    /* These hold other things. */
    CHECK(!misses(IV_FAULT_LIMIT, "fw/UpdateHistory.xml"));
    CHECK(!misses(IV_FAULT_LIMIT, "fw/OEMInput.xml"));
    CHECK(!misses(IV_FAULT_LIMIT, "fw/devicelayout.xml"));
    CHECK(!misses(IV_FAULT_LIMIT, "fw/OEMDevicePlatform.xml"));
    CHECK(misses(IV_FAULT_LIMIT, "fw/OtherDeviceLayout.xml"));

    struct iv_fault fault = {.kind = IV_FAULT_LIMIT, .path = "fw/a.spkg", .detail = "d"};
    struct iv_package package = {.key = "a"};
    struct iv_submission s = {.packages = &package, .package_count = 1};
    CHECK(!iv_submission_misses_sources(&s));
    package.unreadable = true;
    CHECK(iv_submission_misses_sources(&s));
    package.removal = true; /* holds no registry files */
    CHECK(!iv_submission_misses_sources(&s));
    package = (struct iv_package){.key = "a", .registry_unread = true};
    CHECK(iv_submission_misses_sources(&s));
    package.origin = IV_ORIGIN_HISTORY;
    CHECK(!iv_submission_misses_sources(&s));
    package = (struct iv_package){.key = "a", .faults = &fault, .fault_count = 1};
    CHECK(iv_submission_misses_sources(&s));
    fault.kind = IV_FAULT_MEMBER_MISSING;
    CHECK(!iv_submission_misses_sources(&s));

    /* Packages beside an image count; beside a tree they are payload of others. */
    package.registry_unread = true;
    s = (struct iv_submission){.beside = &package, .beside_count = 1, .kind = IV_KIND_FFU};
    CHECK(iv_submission_misses_sources(&s));
    s.kind = IV_KIND_DIRECTORY;
    CHECK(!iv_submission_misses_sources(&s));
    s = (struct iv_submission){.set_incomplete = true, .kind = IV_KIND_FFU};
    CHECK(iv_submission_misses_sources(&s));
}

/* What is recorded of each POP: whether it was compliant, or the first one. */
static void test_record(struct iv_arena *arena)
{
    static const struct {
        enum iv_wspc_status status;
        bool compliant;
    } rows[] = {
        {IV_WSPC_COMPLIANT, true},      {IV_WSPC_FIRST, true},    {IV_WSPC_NOT_COMPLIANT, false},
        {IV_WSPC_NOT_EVALUATED, false}, {IV_WSPC_SKIPPED, false}, {IV_WSPC_NOT_APPLICABLE, false},
    };
    for (size_t i = 0; i < 6; i++) {
        struct iv_variant variant = {.pop = pops[0], .wspc = {.status = rows[i].status}};
        const struct iv_submission s = {.variants = &variant, .variant_count = 1};
        struct iv_record record;
        iv_record_build(&s, i == 0, i == 1, 7, arena, &record);
        CHECK_INT(record.pop_count, 1);
        CHECK_INT(record.pops[0].compliant, rows[i].compliant);
        CHECK_INT(record.pops[0].baseline, i == 0);
        CHECK_INT(record.imported, i == 1);
        CHECK_INT(record.recorded, 7);
    }
}

int main(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    test_insensitive(&arena);
    test_sensitive(&arena);
    test_frozen(&arena);
    test_names();
    test_sources();
    test_record(&arena);
    return unit_end();
}
