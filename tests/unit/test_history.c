/* imgval/input/history.c and oem_input.c. */
#include "tests/unit/input_support.h"

/* One package of an event; `more` goes after the identity. */
#define PACKAGE(component, version, file, more)                                                    \
    "<Package><PackageFile>" file                                                                  \
    "</PackageFile><Identity><Owner>Contoso</Owner><Component>" component                          \
    "</Component><Version Major=\"1\" Minor=\"0\" QFE=\"0\" Build=\"" version                      \
    "\"/></Identity>" more "</Package>"
#define EVENT(sequence, state, packages)                                                           \
    "<UpdateEvent><UpdateOSOutput><Packages>" packages "</Packages><UpdateState>" state            \
    "</UpdateState></UpdateOSOutput><Sequence>" sequence "</Sequence></UpdateEvent>"

static const struct iv_history *read_history(struct bench *b, const char *events)
{
    const char *text = iv_arena_printf(
        &b->arena, "<UpdateHistory " IU ">\n<UpdateEvents>%s</UpdateEvents></UpdateHistory>",
        events);
    struct iv_document doc = bench_document(text, strlen(text));
    iv_history_read(&b->r, &doc);
    return &b->facts.history;
}

static const struct iv_package *find(const struct iv_history *history, const char *key)
{
    static const struct iv_package none = {.path = ""};
    for (size_t i = 0; i < history->package_count; i++) {
        if (strcmp(history->packages[i].key, key) == 0) {
            return &history->packages[i];
        }
    }
    return &none;
}

static void test_algorithm(void)
{
    BENCH(b);
    const struct iv_history *h = read_history(
        &b,
        /* Out of order, and the one in between never completed. */
        EVENT("3", "update COMPLETE",
              PACKAGE("A", "3", "C:\\\\out\\\\Contoso.A.spku", "")
                  PACKAGE("c", "3", "Contoso.C.spkr", "<IsRemoval>1</IsRemoval>"))
            EVENT("2", "Update Failed",
                  PACKAGE("A", "2", "Contoso.A.spkg", "") PACKAGE("Z", "2", "Contoso.Z.spkg", ""))
                EVENT(" 1 ", "Update Complete",
                      PACKAGE("A", "1", "/x/Contoso.A.spkg", "")
                          PACKAGE("B", "1", "\\\\?\\D:\\x\\Contoso.B.cab",
                                  "<OwnerType>OEM</OwnerType><Partition>mainos</Partition>"
                                  "<IsBinaryPartition>true</IsBinaryPartition>"
                                  "<PackageStyle>CBS</PackageStyle>")
                              PACKAGE("C", "1", "Contoso.C.spkg", "")));
    CHECK_INT(b.facts.fault_count, 0);
    CHECK(h->complete);
    CHECK_INT(h->event_count, 2);
    if (!CHECK_INT(h->package_count, 3)) {
        return;
    }
    CHECK_STR(h->packages[0].key, "contoso.a");
    CHECK_STR(h->packages[0].version, "1.0.0.3");
    CHECK(!h->packages[0].diff);
    CHECK_INT(h->packages[0].style, IV_STYLE_SPKG);
    CHECK_INT(h->packages[0].origin, IV_ORIGIN_HISTORY);
    CHECK_INT(h->packages[0].container, IV_CONTAINER_HISTORY);
    CHECK_STR(h->packages[1].key, "contoso.b");
    CHECK_STR(h->packages[1].owner_type, "OEM");
    CHECK_STR(h->packages[1].partition, "mainos");
    CHECK(h->packages[1].binary_partition); /* CBS: the flag is meant */
    CHECK_INT(h->packages[1].style, IV_STYLE_CBS);
    CHECK_STR(h->packages[2].key, "contoso.c");
    CHECK(h->packages[2].removal);
    CHECK_STR(h->packages[2].path, "dir/file");
}

static void test_equal_sequence(void)
{
    BENCH(b);
    const struct iv_history *h =
        read_history(&b, EVENT("7", "Update Complete", PACKAGE("A", "1", "A.spkg", ""))
                             EVENT("7", "Update Complete", PACKAGE("A", "2", "A.spkg", ""))
                                 EVENT("-5", "Update Complete", PACKAGE("A", "3", "A.spkg", "")));
    CHECK_INT(h->package_count, 1);
    CHECK_STR(h->packages[0].version, "1.0.0.2");
}

/* Without an identity, the name of the file pairs entries. */
static void test_fallback(void)
{
    BENCH(b);
    const struct iv_history *h = read_history(
        &b,
        EVENT("1", "Update Complete",
              "<Package><PackageFile>C:\\a\\Foo~1~arm~~.cab</PackageFile></Package>")
            EVENT("2", "Update Complete", "<Package><PackageFile>FOO.CAB</PackageFile></Package>"));
    CHECK_INT(b.facts.fault_count, 0);
    CHECK_INT(h->package_count, 1);
    CHECK_STR(h->packages[0].name, "FOO");
    CHECK_INT(h->packages[0].style, IV_STYLE_CBS);
    CHECK(h->packages[0].version == NULL);
}

#define STAGED "\\\\?\\C:\\Data\\USERS\\System\\AppData\\Local\\UpdateStagingRoot\\MainOS"
#define INSTALL "\\\\?\\U:\\SharedData\\DuShared\\PackagesToInstall"
#define CBS_TYPE(name, type)                                                                       \
    "<PackageIdentity>" name "~1~ARM~~1.0.0.1</PackageIdentity><PackageType>" type "</PackageType>"

/* The forms of a phone's own history: the same number is another package in the next update. */
static void test_staged(void)
{
    BENCH(b);
    const struct iv_history *h = read_history(
        &b,
        EVENT("1", "Update Complete",
              PACKAGE("A", "1", "e:\\out\\contoso.a.spkg",
                      "<IsBinaryPartition>true</IsBinaryPartition>"
                      "<PackageType>Invalid</PackageType>")
                  PACKAGE("B", "1", "e:\\out\\contoso.b.spkg", "")
                      PACKAGE("C", "1", "e:\\out\\contoso.c.spkg", "")
                          PACKAGE("D", "1", "e:\\out\\contoso.d.spkg", ""))
            EVENT("3", "Update Complete",
                  PACKAGE("B", "3", INSTALL "\\138.cab", CBS_TYPE("Contoso.B", "Canonical"))
                      PACKAGE("C", "3", INSTALL "\\139.cab",
                              "<PackageType>Removal</PackageType>"
                              "<IsRemoval>false</IsRemoval>")
                          PACKAGE("D", "3", STAGED "\\RecallPackages\\Contoso.D\\update.mum", ""))
                EVENT("2", "Update Complete",
                      PACKAGE("E", "2", INSTALL "\\138.cab", CBS_TYPE("Contoso.E", "Canonical"))
                          PACKAGE("B", "2", STAGED "\\Windows\\Contoso.B~1~arm~~1\\update.mum",
                                  CBS_TYPE("Contoso.B", "Canonical")))
                    EVENT("4", "Staging Complete", PACKAGE("Z", "4", INSTALL "\\140.cab", "")));
    CHECK_INT(b.facts.fault_count, 0);
    CHECK_INT(h->package_count, 5);
    CHECK_INT(find(h, "contoso.a")->style, IV_STYLE_SPKG);
    CHECK(!find(h, "contoso.a")->binary_partition); /* of an SPKG it says nothing */
    CHECK_STR(find(h, "contoso.b")->version, "1.0.0.3");
    CHECK_INT(find(h, "contoso.b")->style, IV_STYLE_CBS);
    CHECK(find(h, "contoso.c")->removal);
    CHECK(find(h, "contoso.d")->removal);
    CHECK_STR(find(h, "contoso.e")->version, "1.0.0.2");
}

/* A number names no package. */
static void test_nameless(void)
{
    BENCH(b);
    const struct iv_history *h = read_history(
        &b, EVENT("1", "Update Complete",
                  "<Package><PackageFile>" INSTALL "\\138.cab</PackageFile></Package>"
                  "<Package><PackageFile>" INSTALL "\\138.cab</PackageFile><PackageIdentity>"
                  "Contoso.X~1~arm64.arm~de-de~1.0.0.0</PackageIdentity></Package>"));
    if (CHECK_INT(b.facts.fault_count, 1)) {
        CHECK_INT(b.facts.faults[0].kind, IV_FAULT_METADATA);
        CHECK_STR(b.facts.faults[0].detail,
                  "a package without <Identity>, whose <PackageFile> '" INSTALL
                  "\\138.cab' does not name it either");
    }
    if (CHECK_INT(h->package_count, 1)) {
        CHECK_STR(h->packages[0].key, "contoso.x_lang_de-de_wow_arm64.arm");
    }
}

static void test_not_complete(void)
{
    BENCH(b);
    const struct iv_history *h =
        read_history(&b, EVENT("1", "Installing", PACKAGE("A", "1", "A.spkg", "")));
    CHECK(!h->complete);
    CHECK_INT(h->event_count, 0);
    CHECK_INT(h->package_count, 0);
}

#define NAMELESS "<Package><Partition>x</Partition></Package>"
#define BAD_REMOVAL PACKAGE("B", "1", "B.spkg", "<IsRemoval>perhaps</IsRemoval>")
#define GOOD PACKAGE("C", "1", "C.spkg", "")
#define BAD_VERSION PACKAGE("A", "99999", "A.spkg", "")

static void test_malformed_entries(void)
{
    BENCH(b);
    const char *events = EVENT("x", "Update Complete", BAD_VERSION NAMELESS BAD_REMOVAL GOOD);
    const struct iv_history *h = read_history(&b, events);
    CHECK_INT(h->package_count, 3);
    CHECK(find(h, "contoso.a")->unreadable && find(h, "contoso.a")->version == NULL);
    CHECK(find(h, "contoso.b")->unreadable && !find(h, "contoso.b")->removal);
    CHECK(!find(h, "contoso.c")->unreadable);
    if (CHECK_INT(b.facts.fault_count, 4)) {
        for (size_t i = 0; i < 4; i++) {
            CHECK_INT(b.facts.faults[i].kind, IV_FAULT_METADATA);
            CHECK_INT(b.facts.faults[i].line, 2);
        }
        CHECK_STR(b.facts.faults[0].detail, "Build of <Version> is '99999', not a number from 0 to "
                                            "65535");
        CHECK_STR(b.facts.faults[3].detail, "<Sequence> is 'x', not a number");
    }
}

#define OPEN_EVENT                                                                                 \
    "<UpdateEvent><Sequence>2</Sequence><UpdateOSOutput><UpdateState>Update Complete"              \
    "</UpdateState><Packages>"

static void test_cut_off(void)
{
    BENCH(b);
    const char *whole = EVENT("1", "Update Complete", PACKAGE("A", "1", "A.spkg", ""));
    const char *events = iv_arena_printf(&b.arena, "%s" OPEN_EVENT GOOD "</Oops>", whole);
    const struct iv_history *h = read_history(&b, events);
    CHECK_INT(h->package_count, 1);
    CHECK_STR(h->packages[0].key, "contoso.a");
    if (CHECK_INT(b.facts.fault_count, 1)) {
        CHECK_INT(b.facts.faults[0].kind, IV_FAULT_METADATA);
        CHECK_INT(b.facts.faults[0].line, 2);
    }
}

static void test_limits(void)
{
    BENCH(b);
    b.limits.packages = 2;
    const struct iv_history *h = read_history(
        &b, EVENT("1", "Update Complete",
                  PACKAGE("A", "1", "A.spkg", "") PACKAGE("B", "1", "B.spkg", "")
                      PACKAGE("C", "1", "C.spkg", "") PACKAGE("D", "1", "D.spkg", "")));
    CHECK_INT(h->package_count, 2);
    if (CHECK_INT(b.facts.fault_count, 1)) {
        CHECK_INT(b.facts.faults[0].kind, IV_FAULT_LIMIT);
    }
    BENCH(many);
    struct iv_buf bad IV_CLEANUP(iv_buf_fini) = {0};
    for (int i = 0; i < 30; i++) {
        iv_buf_puts(&bad, "<Package/>");
    }
    (void)read_history(&many, iv_arena_printf(&many.arena, EVENT("1", "Update Complete", "%s"),
                                              iv_buf_text(&bad)));
    if (CHECK_INT(many.facts.fault_count, 21)) {
        CHECK_STR(many.facts.faults[20].detail, "and 10 more malformed entries");
    }
}

static void test_oem_input(void)
{
    BENCH(b);
    static const char text[] =
        "<OEMInput " IU "><Product> Manufacturing OS </Product><SOC>QC8994</SOC><Device>D</Device>"
        "<ReleaseType>Test</ReleaseType><BuildType>fre</BuildType><PackageFiles><PackageFile>"
        "a.spkg</PackageFile><PackageFile/><PackageFile>b.cab</PackageFile></PackageFiles>"
        "</OEMInput>";
    struct iv_document doc = bench_document(text, strlen(text));
    iv_oem_input_read(&b.r, &doc);
    const struct iv_oem_input *in = &b.facts.oem_input;
    CHECK_INT(b.facts.fault_count, 0);
    CHECK_STR(in->product, "Manufacturing OS");
    CHECK_STR(in->soc, "QC8994");
    CHECK_STR(in->release_type, "Test");
    CHECK_STR(in->build_type, "fre");
    if (CHECK_INT(in->package_file_count, 2)) {
        CHECK_STR(in->package_files[1], "b.cab");
    }
    BENCH(c);
    static const char late[] = "<OEMInput xmlns=\"http://schemas.microsoft.com/embedded/2019/06/"
                               "ImageUpdate\"><DeviceLayoutType>X</DeviceLayoutType></OEMInput>";
    doc = bench_document(late, strlen(late));
    iv_oem_input_read(&c.r, &doc);
    CHECK_STR(c.facts.oem_input.soc, "X");
    CHECK_INT(c.facts.fault_count, 0);
    doc = bench_document("<OEMInput>", 10);
    iv_oem_input_read(&c.r, &doc);
    if (CHECK_INT(c.facts.fault_count, 1)) {
        CHECK_INT(c.facts.faults[0].kind, IV_FAULT_METADATA);
    }
}

static void test_real(const char *real)
{
    static const char *const files[] = {
        "xml-lumia/CDG.OEMInput.cityman.xml",
        "xml-iot-adk/Source-arm.BSP.QCDB410C.OEMInputSamples.RetailOEMInput.xml",
    };
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    for (size_t i = 0; i < IV_COUNT(files); i++) {
        const char *path = iv_arena_printf(&arena, "%s/%s", real, files[i]);
        SEEN_WITH(s, iv_arena_printf(&arena, "%s/reg", real), .oem_input = path);
        int at = seen_find(&s, files[i]);
        CHECK(at >= 0 && s.facts[at].oem_input.release_type != NULL);
        CHECK(at >= 0 && s.facts[at].fault_count == 0);
    }
}

int main(void)
{
    test_algorithm();
    test_equal_sequence();
    test_fallback();
    test_staged();
    test_nameless();
    test_not_complete();
    test_malformed_entries();
    test_cut_off();
    test_limits();
    test_oem_input();
    const char *real = getenv("IMGVAL_REAL");
    if (real != NULL) {
        test_real(real);
    }
    return unit_end();
}
