/* imgval/input/kind_spkg.c: device side manifests of both generations. */
#include "tests/unit/input_support.h"

#define IDENTITY                                                                                   \
    "<Identity><Owner>Contoso</Owner><Component>Boot</Component><SubComponent>SBL1</SubComponent>" \
    "<Version QFE=\"12\" Build=\"4001\" Major=\"3\" Minor=\"01\" /></Identity>"

static const struct iv_package *read_dsm(struct bench *b, const char *body)
{
    struct iv_package *package = IV_NEW(&b->arena, struct iv_package);
    package->path = "dir/file";
    struct iv_file_list list = {0};
    const char *text =
        iv_arena_printf(&b->arena, "<?xml version=\"1.0\"?>\n<Package " IU ">%s</Package>", body);
    struct iv_document doc = bench_document(text, strlen(text));
    bool whole = iv_dsm_read(&b->r, &doc, package, &list);
    iv_file_list_apply(&b->r, &list, whole, package);
    return package;
}

static void test_late(void)
{
    BENCH(b);
    const struct iv_package *p = read_dsm(
        &b, IDENTITY
        "<ReleaseType>Production</ReleaseType><OwnerType>OEM</OwnerType>"
        "<BuildType>\n Retail </BuildType><CpuType>ARM</CpuType><Culture/>"
        "<Partition> SBL1\n</Partition><Platform>DCD 6000</Platform><GroupingKey />"
        "<IsRemoval>false</IsRemoval><Unknown><Partition>X</Partition></Unknown><Files>"
        "<FileEntry><FileType>Catalog</FileType><DevicePath>\\c.cat</DevicePath>"
        "<CabPath>content.cat</CabPath></FileEntry>"
        "<FileEntry><FileType>BinaryPartition</FileType><DevicePath>\\SBL1.bin</DevicePath>"
        "<CabPath>2_SBL1.bin</CabPath><FileSize>524288</FileSize></FileEntry>"
        "<FileEntry><FileType>Manifest</FileType><DevicePath>\\m</DevicePath>"
        "<CabPath>man.dsm.xml</CabPath></FileEntry></Files>");
    CHECK_INT(p->fault_count, 0);
    CHECK(!p->unreadable);
    CHECK_INT(p->style, IV_STYLE_SPKG);
    CHECK_STR(p->owner, "Contoso");
    CHECK_STR(p->component, "Boot");
    CHECK_STR(p->sub_component, "SBL1");
    CHECK_STR(p->version, "3.01.12.4001");
    CHECK_INT(p->number.part[2], 12);
    CHECK_INT(p->number.part[3], 4001);
    CHECK_STR(p->release_type, "Production");
    CHECK_STR(p->owner_type, "OEM");
    CHECK_STR(p->build_type, "Retail");
    CHECK_STR(p->cpu, "ARM");
    CHECK_STR(p->partition, "SBL1");
    CHECK_STR(p->platform, "DCD 6000");
    CHECK(p->culture == NULL && p->grouping_key == NULL);
    CHECK(!p->removal && p->binary_partition && !p->empty);
    CHECK_INT(p->file_count, 3);
    CHECK_INT(p->total_size, 524288);
    CHECK_INT(p->files_count, 3);
    CHECK_STR(p->files[1].cab_path, "2_SBL1.bin");
    CHECK(p->content != NULL && strlen(p->content) == 64);
}

static void test_early(void)
{
    BENCH(b);
    const struct iv_package *p =
        read_dsm(&b, IDENTITY "<IsRemoval>true</IsRemoval><Resolution>720x1280</Resolution><Files>"
                              "<FileEntry><Type>Regular</Type><DevicePath>\\a</DevicePath>"
                              "<CabPath>2_a</CabPath><Hash>x</Hash></FileEntry></Files>");
    CHECK_INT(p->fault_count, 0);
    CHECK(p->removal);
    CHECK_STR(p->resolution, "720x1280");
    CHECK_STR(p->files[0].type, "Regular");
    CHECK(!p->files[0].has_size);
    CHECK(p->partition == NULL);
}

static void test_empty_and_content(void)
{
    BENCH(b);
    const struct iv_package *none = read_dsm(&b, IDENTITY);
    CHECK(none->empty);
    CHECK_INT(none->file_count, 0);
    const struct iv_package *own = read_dsm(
        &b, IDENTITY "<Files><FileEntry><FileType>catalog</FileType><DevicePath>x</DevicePath>"
                     "</FileEntry></Files>");
    CHECK(own->empty);
    CHECK_STR(own->content, none->content);
    const struct iv_package *a = read_dsm(
        &b, IDENTITY "<Files><FileEntry><FileType>Regular</FileType><DevicePath>\\A\\b</DevicePath>"
                     "<FileSize>1</FileSize></FileEntry><FileEntry><FileType>Regular</FileType>"
                     "<DevicePath>\\c</DevicePath></FileEntry></Files>");
    const struct iv_package *same = read_dsm(
        &b, IDENTITY "<Files><FileEntry><Type>REGULAR</Type><DevicePath>\\C</DevicePath>"
                     "</FileEntry><FileEntry><FileType>Regular</FileType>"
                     "<DevicePath>/a/B</DevicePath><FileSize>01</FileSize></FileEntry></Files>");
    const struct iv_package *other = read_dsm(
        &b, IDENTITY "<Files><FileEntry><Type>REGULAR</Type><DevicePath>\\C</DevicePath>"
                     "</FileEntry><FileEntry><FileType>Regular</FileType>"
                     "<DevicePath>/a/B</DevicePath><FileSize>2</FileSize></FileEntry></Files>");
    CHECK_STR(same->content, a->content);
    CHECK(strcmp(other->content, a->content) != 0);
    CHECK(!a->empty);
}

/* The digest is kept in stores and reports: it must stay what it is. SHA-256 of, file by file in
 * order of their folded paths: path, type and size, each with a NUL after it; byte 1 for none. */
static void test_content_is_frozen(void)
{
    BENCH(b);
    const struct iv_package *none = read_dsm(&b, IDENTITY);
    CHECK_STR(none->content, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const struct iv_package *p = read_dsm(
        &b, IDENTITY "<Files><FileEntry><DevicePath>/C</DevicePath><FileSize>0</FileSize>"
                     "</FileEntry><FileEntry><FileType>Regular</FileType>"
                     "<DevicePath>\\A\\b.bin</DevicePath><FileSize>18446744073709551615</FileSize>"
                     "</FileEntry><FileEntry><FileType>Catalog</FileType>"
                     "<DevicePath>\\c.cat</DevicePath></FileEntry><FileEntry>"
                     "<FileType>Regular</FileType><DevicePath>\\a\\B.bin</DevicePath>"
                     "<FileSize>01</FileSize></FileEntry><FileEntry>"
                     "<DevicePath>\\a\\b.bin</DevicePath></FileEntry></Files>");
    CHECK_STR(p->content, "9502ab15589477f441e9621c6a93265018e3c6589e4df3b7e7e792032aa610d4");
}

static void check_bad(const char *body, const char *detail)
{
    BENCH(b);
    const struct iv_package *p = read_dsm(&b, body);
    CHECK(p->unreadable);
    if (CHECK_INT(p->fault_count, 1)) {
        CHECK_INT(p->faults[0].kind, IV_FAULT_MALFORMED);
        CHECK_STR(p->faults[0].path, "dir/file");
        if (!CHECK(strstr(p->faults[0].detail, detail) != NULL)) {
            fprintf(stderr, "    %s, wanted %s\n", p->faults[0].detail, detail);
        }
    }
}

static void test_malformed(void)
{
    static const char *const parts[] = {"-1", "65536", "1e9",      "0x10",         "",       " 1",
                                        "1 ", "+1",    "\xD9\xA1", "\xEF\xBC\x91", "a&#10;b"};
    for (size_t i = 0; i < IV_COUNT(parts); i++) {
        char text[512];
        snprintf(text, sizeof(text),
                 "<Identity><Owner>A</Owner><Component>B</Component>"
                 "<Version Major=\"1\" Minor=\"%s\" QFE=\"0\" Build=\"0\"/></Identity>",
                 parts[i]);
        check_bad(text, "Minor of <Version> is '");
    }
    check_bad("<Identity><Owner>A</Owner><Component>B</Component><Version Major=\"1\" Minor=\"2\" "
              "QFE=\"3\"/></Identity>",
              "no attribute Build");
    check_bad("", "no <Identity>");
    check_bad("<Identity><Component>B</Component></Identity>", "no <Owner>");
    check_bad("<Identity><Owner> </Owner><Component>B</Component></Identity>", "no <Owner>");
    check_bad("<Identity><Owner>A</Owner></Identity>", "no <Component>");
    check_bad(IDENTITY IDENTITY, "<Identity> stands more than once");
    check_bad("<Identity><Owner>A</Owner><Component>B</Component><Version Major=\"1\" Minor=\"0\" "
              "QFE=\"0\" Build=\"0\"/><Version Major=\"2\" Minor=\"0\" QFE=\"0\" Build=\"0\"/>"
              "</Identity>",
              "<Version> stands more than once");
    check_bad(IDENTITY "<IsRemoval>maybe</IsRemoval>", "<IsRemoval> is 'maybe'");
    check_bad(IDENTITY "<IsRemoval/>", "<IsRemoval> is ''");
    check_bad(IDENTITY "<Partition/><Partition>MainOS</Partition>", "<Partition> stands more");
    check_bad(IDENTITY "</Package><Package>", "");
    check_bad("<!-- " IDENTITY, "");
}

static void test_partial_facts(void)
{
    BENCH(b);
    const struct iv_package *p =
        read_dsm(&b, IDENTITY "<Partition>EFIESP</Partition><Files><FileEntry><oops></Files>");
    CHECK(p->unreadable);
    CHECK_STR(p->owner, "Contoso");
    CHECK_STR(p->partition, "EFIESP");
    CHECK(p->content == NULL && !p->empty);
    CHECK_INT(p->faults[0].line, 2);
    const struct iv_package *none =
        read_dsm(&b, "<Identity><Owner>A</Owner><Component>B</Component></Identity>");
    CHECK(!none->unreadable && none->version == NULL && iv_version_is_zero(none->number));
}

static void test_cabinets(void)
{
    TEMP(t);
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    static const char dsm[] =
        "<Package " IU ">" IDENTITY "<Files><FileEntry><FileType>Regular</FileType>"
        "<DevicePath>\\a</DevicePath><CabPath>2_a.DLL</CabPath></FileEntry><FileEntry>"
        "<FileType>Regular</FileType><DevicePath>\\b</DevicePath><CabPath>sub/3_b</CabPath>"
        "</FileEntry><FileEntry><DevicePath>\\c</DevicePath></FileEntry></Files></Package>";
    struct cab_file files[] = {
        {.name = "Man.DSM.xml", .text = dsm},
        {.name = "2_A.dll", .text = "x"},
        {.name = "Sub\\3_B", .text = "y"},
    };
    temp_cabinet(&t, &arena, "whole.spkg", files, 3);
    temp_cabinet(&t, &arena, "short.SPKG.cab", files, 1);
    temp_cabinet(&t, &arena, "gone.spkr", files, 1);
    temp_cabinet(&t, &arena, "step.spku", files, 1);
    temp_cabinet(&t, &arena, "none.spkg", files + 1, 2);
    files[1] = (struct cab_file){.name = "DMAN.ddsm.xml", .text = "<x/>"};
    temp_cabinet(&t, &arena, "diff.spkg", files, 2);
    files[1] = (struct cab_file){.name = "_manifest_.cix.xml", .text = "<x/>"};
    temp_cabinet(&t, &arena, "cix.cab", files + 1, 1);
    temp_text(&t, &arena, "empty.spkg", "");
    temp_text(&t, &arena, "text.spkg", "hello");
    temp_text(&t, &arena, "bare.spkg", dsm);
    SEEN(s, t.root);
    CHECK_INT(s.listing.item_count, 10);
    const struct iv_package *p = seen_package(&s, "/whole.spkg");
    CHECK(!p->unreadable && p->fault_count == 0);
    CHECK_STR(p->key, "whole");
    CHECK_INT(p->container, IV_CONTAINER_CABINET);
    p = seen_package(&s, "/short.SPKG.cab");
    CHECK(!p->unreadable);
    CHECK_STR(p->key, "short");
    if (CHECK_INT(p->fault_count, 2)) {
        CHECK_INT(p->faults[0].kind, IV_FAULT_MEMBER_MISSING);
        CHECK_STR(p->faults[0].member, "2_a.DLL");
    }
    p = seen_package(&s, "/gone.spkr");
    CHECK(p->removal && !p->unreadable && p->fault_count == 0);
    p = seen_package(&s, "/step.spku");
    CHECK(p->diff && p->fault_count == 0);
    p = seen_package(&s, "/none.spkg");
    CHECK(p->unreadable);
    CHECK_STR(p->key, "none");
    CHECK_STR(p->faults[0].detail,
              "no package manifest (man.dsm.xml or update.mum) in the cabinet");
    p = seen_package(&s, "/diff.spkg");
    CHECK(p->diff && !p->unreadable && p->fault_count == 0);
    p = seen_package(&s, "/cix.cab");
    CHECK(p->diff && p->unreadable);
    CHECK_INT(p->style, IV_STYLE_CBS);
    CHECK_STR(seen_package(&s, "/empty.spkg")->faults[0].detail, "the file is empty");
    CHECK_INT(seen_package(&s, "/text.spkg")->faults[0].kind, IV_FAULT_MALFORMED);
    CHECK_STR(seen_package(&s, "/bare.spkg")->faults[0].detail,
              "not a cabinet, but a bare XML document");
}

static void test_missing_cap(void)
{
    TEMP(t);
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_buf dsm IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(&dsm, "<Package " IU ">" IDENTITY "<Files>");
    for (int i = 0; i < 50; i++) {
        /* Every second one repeats the one before it in another case. */
        iv_buf_printf(&dsm,
                      "<FileEntry><DevicePath>\\a</DevicePath><CabPath>%c%d</CabPath></FileEntry>",
                      i % 2 == 0 ? 'a' : 'A', i / 2);
    }
    iv_buf_puts(&dsm, "</Files></Package>");
    struct cab_file files[] = {{.name = "man.dsm.xml", .text = dsm.data}};
    temp_cabinet(&t, &arena, "x.spkg", files, 1);
    SEEN(s, t.root);
    const struct iv_package *p = seen_package(&s, "/x.spkg");
    CHECK(!p->unreadable);
    if (CHECK_INT(p->fault_count, 21)) {
        CHECK_STR(p->faults[20].detail, "and 5 more listed files that are not in the cabinet");
    }
}

/* A targeting package: its registry members are looked into. */
static void test_targeting(void)
{
    TEMP(t);
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    static const char dsm[] =
        "<Package " IU "><Identity><Owner>Contoso</Owner><Component>Device</Component>"
        "<SubComponent>Customizations.MainOS</SubComponent></Identity><Files>"
        "<FileEntry><FileType>Registry</FileType>"
        "<DevicePath>\\Windows\\Packages\\RegistryFiles\\OEMSettings.reg</DevicePath>"
        "<CabPath>2_OEMSett.reg</CabPath></FileEntry></Files></Package>";
    static const char reg[] = "Windows Registry Editor Version 5.00\r\n\r\n"
                              "[HKEY_LOCAL_MACHINE\\System\\Platform\\devicetargetinginfo]\r\n"
                              "\"phoneManufacturer\"=\"CONTOSO\"\r\n";
    struct cab_file files[] = {
        {.name = "man.dsm.xml", .text = dsm},
        {.name = "2_OEMSett.reg", .text = reg},
    };
    temp_cabinet(&t, &arena, "Contoso.Device.Customizations.MainOS.spkg", files, 2);
    temp_text(&t, &arena, "folder/man.dsm.xml", dsm);
    temp_text(&t, &arena, "folder/2_OEMSett.reg", reg);
    files[1].text = "\xFF\xFE\x41";
    temp_cabinet(&t, &arena, "bad.spkg", files, 2);
    SEEN(s, t.root);
    int i = seen_find(&s, "/Contoso.Device.Customizations.MainOS.spkg");
    if (CHECK(i >= 0) && CHECK_INT(s.facts[i].datum_count, 1)) {
        CHECK_STR(s.facts[i].data[0].name, "PhoneManufacturer");
        CHECK_STR(s.facts[i].data[0].value, "CONTOSO");
        CHECK_STR(s.facts[i].data[0].source,
                  "Contoso.Device.Customizations.MainOS.spkg:OEMSettings.reg");
        CHECK_INT(s.facts[i].data[0].rank, IV_RANK_TARGETING);
    }
    i = seen_find(&s, "/folder");
    if (CHECK(i >= 0) && CHECK_INT(s.facts[i].datum_count, 1)) {
        CHECK_STR(s.facts[i].data[0].source, "folder:OEMSettings.reg");
    }
    const struct iv_package *p = seen_package(&s, "/bad.spkg");
    CHECK(!p->unreadable);
    if (CHECK_INT(p->fault_count, 1)) {
        CHECK_INT(p->faults[0].kind, IV_FAULT_METADATA);
        CHECK_STR(p->faults[0].member, "2_OEMSett.reg");
    }
}

int main(void)
{
    test_late();
    test_early();
    test_empty_and_content();
    test_content_is_frozen();
    test_malformed();
    test_partial_facts();
    test_cabinets();
    test_missing_cap();
    test_targeting();
    return unit_end();
}
