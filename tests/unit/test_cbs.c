/* imgval/input/kind_cbs.c: update.mum; with IMGVAL_REAL also every real one, against xmllint. */
#include "tests/unit/input_support.h"

#include <dirent.h>
#include <sys/wait.h>

#define ID                                                                                         \
    "<assemblyIdentity name=\"Contoso.Boot.TZ-Package\" version=\"2.0.7.018\" "                    \
    "processorArchitecture=\"arm\" language=\"neutral\" buildType=\"release\"/>"

static const struct iv_package *read_mum_in(struct bench *b, const char *space, const char *body)
{
    struct iv_package *package = IV_NEW(&b->arena, struct iv_package);
    package->path = "dir/file";
    struct iv_file_list list = {0};
    const char *text =
        iv_arena_printf(&b->arena, "\xEF\xBB\xBF<assembly %s>%s</assembly>", space, body);
    struct iv_document doc = bench_document(text, strlen(text));
    bool whole = iv_mum_read(&b->r, &doc, package, &list);
    iv_file_list_apply(&b->r, &list, whole, package);
    package->container = IV_CONTAINER_FOLDER;
    iv_package_set_key(&b->arena, package, "file.mum");
    return package;
}

static const struct iv_package *read_mum(struct bench *b, const char *body)
{
    return read_mum_in(b, ASM3, body);
}

static void test_whole(void)
{
    BENCH(b);
    const struct iv_package *p = read_mum_in(
        &b, ASM3 " xmlns:m2=\"urn:schemas-microsoft-com:asm.v3\" xmlns:o=\"urn:other\"",
        ID
        "<package identifier=\"Contoso.Boot.TZ\" targetPartition=\"TZ\" binaryPartition=\"True\">"
        "<customInformation><m2:phoneInformation phoneRelease=\"Production\" "
        "phoneOwner=\"Contoso\" "
        "phoneOwnerType=\"OEM\" phoneComponent=\"Boot\" phoneSubComponent=\"TZ\" "
        "phoneGroupingKey=\"\"/><o:file name=\"\\no\"/>"
        "<file name=\"\\update.mum\" size=\"0\" cabpath=\"update.mum\"/>"
        "<file name=\"\\windows\\WinSxS\\Manifests\\arm_x-deployment_1_2.manifest\" size=\"5\"/>"
        "<file name=\"\\windows\\WinSxS\\Manifests\\arm_x-component_1_2.manifest\" size=\"7\"/>"
        "<file name=\"\\TZ.bin\" size=\"1048576\" cabPath=\"c\\TZ.bin\"/>"
        "</customInformation></package>");
    CHECK_INT(p->fault_count, 0);
    CHECK(!p->unreadable && p->binary_partition && !p->removal && !p->empty);
    CHECK_INT(p->style, IV_STYLE_CBS);
    CHECK_STR(p->identity_name, "Contoso.Boot.TZ-Package");
    CHECK_STR(p->identifier, "Contoso.Boot.TZ");
    CHECK_STR(p->version, "2.0.7.018");
    CHECK_INT(p->number.part[3], 18);
    CHECK_STR(p->partition, "TZ");
    CHECK_STR(p->cpu, "arm");
    CHECK_STR(p->build_type, "release");
    CHECK_STR(p->release_type, "Production");
    CHECK_STR(p->owner, "Contoso");
    CHECK_STR(p->owner_type, "OEM");
    CHECK_STR(p->component, "Boot");
    CHECK_STR(p->sub_component, "TZ");
    CHECK(p->culture == NULL && p->grouping_key == NULL);
    CHECK_INT(p->file_count, 4);
    CHECK_INT(p->total_size, 1048588);
    CHECK_STR(p->files[3].cab_path, "c\\TZ.bin");
}

/* The component manifest's name changes with the version; the content does not. */
static void test_content(void)
{
    BENCH(b);
#define CONTENT(hash, size)                                                                        \
    ID "<package><customInformation><file name=\"\\windows\\WinSxS\\Manifests\\x_" hash            \
       ".manifest\" size=\"1\"/><file name=\"\\update.cat\" size=\"" size                          \
       "\"/><file name=\"$(runtime.system32)\\A.dll\" size=\"9\"/></customInformation></package>"
    const struct iv_package *a = read_mum(&b, CONTENT("1111", "1"));
    const struct iv_package *same = read_mum(&b, CONTENT("2222", "2"));
    CHECK_STR(a->content, same->content);
    CHECK(!a->empty);
    const struct iv_package *none = read_mum(&b, ID "<package/>");
    CHECK(none->empty);
    const struct iv_package *own =
        read_mum(&b, ID "<package><customInformation><file name=\"\\Windows\\servicing\\Packages\\"
                        "a~b~c~~1.0.0.0.mum\"/><file name=\"\\x\\y-deployment_z.manifest\"/>"
                        "</customInformation></package>");
    CHECK(own->empty);
    CHECK_STR(own->content, none->content);
}

/* The manifest as a whole path, and names that only end like it. */
static void test_own(void)
{
    static const struct {
        const char *name;
        bool empty;
    } rows[] = {{"update.mum", true},   {"UPDATE.CAT", true},   {"a/update.mum", true},
                {"\\update.cat", true}, {"xupdate.mum", false}, {"update.mum.x", false},
                {"-update.cat", false}};
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        BENCH(b);
        const struct iv_package *p =
            read_mum(&b, iv_arena_printf(&b.arena,
                                         ID "<package><customInformation><file name=\"%s\"/>"
                                            "</customInformation></package>",
                                         rows[i].name));
        if (!CHECK(p->empty == rows[i].empty)) {
            fprintf(stderr, "    %s\n", rows[i].name);
        }
    }
}

/* The order of the files in the manifest is no content, also where a path is listed again. */
static void test_order(void)
{
    static const char *const files[] = {"<file name=\"\\A\" size=\"0\"/>",
                                        "<file name=\"\\a\" size=\"9\"/>", "<file name=\"\\a\"/>",
                                        "<file name=\"\\B\"/>"};
    static const unsigned char orders[][4] = {{0, 1, 2, 3}, {1, 0, 2, 3}, {2, 1, 0, 3},
                                              {2, 0, 1, 3}, {0, 2, 1, 3}, {1, 2, 0, 3},
                                              {3, 2, 1, 0}};
    BENCH(b);
    const char *content = NULL;
    for (size_t i = 0; i < IV_COUNT(orders); i++) {
        const unsigned char *o = orders[i];
        const struct iv_package *p =
            read_mum(&b, iv_arena_printf(&b.arena,
                                         ID "<package><customInformation>%s%s%s%s"
                                            "</customInformation></package>",
                                         files[o[0]], files[o[1]], files[o[2]], files[o[3]]));
        content = content == NULL ? p->content : content;
        CHECK_STR(p->content, content);
        CHECK(p->content_other == NULL);
    }
    const struct iv_package *p =
        read_mum(&b, iv_arena_printf(&b.arena,
                                     ID "<package><customInformation>%s%s</customInformation>"
                                        "</package>",
                                     files[0], files[2]));
    CHECK(strcmp(p->content, content) != 0);
}

static void test_recall(void)
{
    BENCH(b);
    const struct iv_package *p = read_mum_in(
        &b, "xmlns=\"urn:schemas-microsoft-com:cbs\"",
        "<assemblyIdentity name=\"Contoso.A.Recall\" version=\"1.0.0.1\"/><package "
        "identifier=\"Contoso.A\" releaseType=\"Hotfix\" targetPartition=\"MainOS\"><recall>"
        "<assemblyIdentity name=\"Contoso.A\" version=\"9.9.9.9\"/></recall></package>");
    CHECK_INT(p->fault_count, 0);
    CHECK(p->removal);
    CHECK_STR(p->identity_name, "Contoso.A.Recall");
    CHECK_STR(p->version, "1.0.0.1");
}

static void test_nesting(void)
{
    BENCH(b);
    const struct iv_package *p = read_mum(
        &b,
        ID "<package identifier=\"X\"><customInformation><declareCapability><capability>"
           "<featurePackage><package targetPartition=\"EFIESP\" binaryPartition=\"true\">"
           "<assemblyIdentity name=\"other\" version=\"0.0.0.0\"/><recall/></package>"
           "</featurePackage></capability></declareCapability></customInformation>"
           "<update><component><assemblyIdentity name=\"deep\"/></component></update></package>");
    CHECK_INT(p->fault_count, 0);
    CHECK_STR(p->identity_name, "Contoso.Boot.TZ-Package");
    CHECK(p->partition == NULL && !p->binary_partition && !p->removal);
}

static void check_language(const char *attribute, const char *culture, const char *key)
{
    BENCH(b);
    char text[256];
    snprintf(text, sizeof(text), "<assemblyIdentity name=\"A\" %s/><package/>", attribute);
    const struct iv_package *p = read_mum(&b, text);
    CHECK_INT(p->fault_count, 0);
    CHECK_STR(p->culture, culture);
    CHECK_STR(p->key, key);
    CHECK(p->version == NULL);
}

static void check_bad(const char *body, const char *detail)
{
    BENCH(b);
    const struct iv_package *p = read_mum(&b, body);
    CHECK(p->unreadable);
    if (CHECK_INT(p->fault_count, 1)) {
        CHECK_INT(p->faults[0].kind, IV_FAULT_MALFORMED);
        CHECK_STR(p->faults[0].detail, detail);
    }
}

static void test_malformed(void)
{
    check_bad("<package/>", "no <assemblyIdentity>");
    check_bad(ID, "no <package>");
    check_bad(ID ID "<package/>", "<assemblyIdentity> stands more than once");
    check_bad(ID "<package/><package/>", "<package> stands more than once");
    check_bad("<assemblyIdentity version=\"1.0.0.0\"/><package/>",
              "<assemblyIdentity> has no name");
    check_bad("<assemblyIdentity name=\"A\" version=\"1.0.65536.0\"/><package/>",
              "version is '1.0.65536.0', not four numbers from 0 to 65535");
    check_bad("<assemblyIdentity name=\"A\" version=\"\"/><package/>",
              "version is '', not four numbers from 0 to 65535");
    check_bad("<assemblyIdentity name=\"A\" version=\"1.0.0.0&#10;\"/><package/>",
              "version is '1.0.0.0?', not four numbers from 0 to 65535");
    check_bad("<assemblyIdentity name=\"A\" version=\"1.2.3\"/><package/>",
              "version is '1.2.3', not four numbers from 0 to 65535");
    check_bad(ID "<package><customInformation><phoneInformation/><phoneInformation/>"
                 "</customInformation></package>",
              "<phoneInformation> stands more than once");
}

static void test_registry(void)
{
    TEMP(t);
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    static const char mum[] =
        "<assembly " ASM3 ">" ID "<package identifier=\"C\"><customInformation>"
        "<file name=\"\\a\" cabpath=\"k_x-component.manifest\"/>"
        "<file name=\"\\b\" cabpath=\"k_x-deployment_1.manifest\"/>"
        "<file name=\"\\c\" cabpath=\"z_dcm.manifest\"/>"
        "</customInformation></package></assembly>";
    static const char manifest[] =
        "<assembly " ASM3 "><registryKeys><registryKey keyName=\"HKEY_LOCAL_MACHINE\\Software\\X\">"
        "<registryValue name=\"PhoneManufacturer\" value=\"no\"/></registryKey>"
        "<registryKey keyName=\"$(HKLM.system)\\Platform\\DeviceTargetingInfo\">"
        "<registryValue name=\"PhoneManufacturer\" value=\" A &amp; B\" valueType=\"REG_SZ\"/>"
        "<registryValue name=\"Foo\" value=\"x\"/>"
        "<registryValue name=\"PhoneMobileOperatorName\" value=\"1\" valueType=\"REG_DWORD\"/>"
        "</registryKey></registryKeys></assembly>";
    struct cab_file files[] = {
        {.name = "update.mum", .text = mum},
        {.name = "k_x-component.manifest", .text = manifest},
        {.name = "k_x-deployment_1.manifest", .text = "<broken"},
        {.name = "z_dcm.manifest", .text = "DCM\1zzz"},
        {.name = "man.dsm.xml", .text = "<broken"},
    };
    temp_cabinet(&t, &arena, "Contoso.D.Customizations.MainOS~t~ARM~~.cab", files, 5);
    SEEN(s, t.root);
    const struct iv_package *p = seen_package(&s, "~.cab");
    CHECK(!p->unreadable);
    CHECK_STR(p->key, "contoso.d.customizations.mainos");
    if (CHECK_INT(p->fault_count, 2)) {
        CHECK_INT(p->faults[0].kind, IV_FAULT_METADATA);
        CHECK_STR(p->faults[0].detail, "PhoneMobileOperatorName has the type REG_DWORD");
        CHECK_INT(p->faults[1].kind, IV_FAULT_UNSUPPORTED);
        CHECK_STR(p->faults[1].member, "z_dcm.manifest");
    }
    if (CHECK_INT(s.facts[0].datum_count, 1)) {
        CHECK_STR(s.facts[0].data[0].value, " A & B");
        CHECK_INT(s.facts[0].data[0].rank, IV_RANK_TARGETING);
        CHECK_STR(s.facts[0].data[0].source,
                  "Contoso.D.Customizations.MainOS~t~ARM~~.cab:k_x-component.manifest");
    }
}

/* ---- real manifests, against xmllint ---- */

/* The program's standard output in buf. */
static bool run(char *const argv[], struct iv_buf *buf)
{
    int ends[2];
    if (pipe(ends) != 0) {
        return false;
    }
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execvp(argv[0], argv);
        _exit(127);
    }
    close(ends[1]);
    char block[4096];
    ssize_t got;
    while ((got = read(ends[0], block, sizeof(block))) > 0) {
        iv_buf_add(buf, block, (size_t)got);
    }
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    return status == 0;
}

#define ROOT_ID "/*/*[local-name()='assemblyIdentity']/@"
#define ROOT_PACKAGE "/*/*[local-name()='package']"
#define PHONE ROOT_PACKAGE "/*/*[local-name()='phoneInformation']/@"
#define FILES ROOT_PACKAGE "/*[local-name()='customInformation']/*[local-name()='file']"

static char *make_xpath(struct iv_arena *arena)
{
    static const char *const values[] = {
        ROOT_ID "name",
        ROOT_ID "version",
        ROOT_ID "processorArchitecture",
        ROOT_PACKAGE "/@identifier",
        ROOT_PACKAGE "/@targetPartition",
        ROOT_PACKAGE "/@binaryPartition",
        PHONE "phoneOwner",
        PHONE "phoneOwnerType",
        PHONE "phoneComponent",
        PHONE "phoneSubComponent",
        "count(" FILES ")",
    };
    struct iv_buf path IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(&path, "concat(");
    for (size_t i = 0; i < IV_COUNT(values); i++) {
        iv_buf_printf(&path, "%s,'|',", values[i]);
    }
    iv_buf_puts(&path, "sum(" FILES "/@size))");
    return iv_arena_strdup(arena, iv_buf_text(&path));
}

static const char *text(const char *value)
{
    return value == NULL ? "" : value;
}

static void check_against(const struct iv_package *p, char *mum)
{
    struct iv_buf wanted IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf got IV_CLEANUP(iv_buf_fini) = {0};
    char xmllint[] = "xmllint";
    char option[] = "--xpath";
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    char *argv[] = {xmllint, option, make_xpath(&arena), mum, NULL};
    CHECK(run(argv, &wanted));
    iv_buf_printf(&got, "%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%llu|%llu\n", text(p->identity_name),
                  text(p->version), text(p->cpu), text(p->identifier), text(p->partition),
                  p->binary_partition ? "true" : "false", text(p->owner), text(p->owner_type),
                  text(p->component), text(p->sub_component), (unsigned long long)p->file_count,
                  (unsigned long long)p->total_size);
    if (wanted.size > 0 && wanted.data[wanted.size - 1] != '\n') {
        iv_buf_putc(&wanted, '\n');
    }
    CHECK_STR(iv_buf_text(&got), iv_buf_text(&wanted));
    CHECK(!p->unreadable);
    for (size_t i = 0; i < p->fault_count; i++) {
        fprintf(stderr, "%s: %s\n", p->path, p->faults[i].detail);
    }
    CHECK_INT(p->fault_count, 0);
}

static void test_real(const char *real)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    TEMP(t);
    const char *mums = iv_arena_printf(&arena, "%s/mum", real);
    SEEN(m, mums);
    CHECK(m.listing.item_count > 0);
    for (size_t i = 0; i < m.listing.item_count; i++) {
        char *path = iv_arena_strdup(&arena, m.listing.items[i].path);
        check_against(m.facts[i].packages, path);
        CHECK_INT(m.facts[i].packages->container, IV_CONTAINER_FOLDER);
    }
    const char *cabs = iv_arena_printf(&arena, "%s/cab", real);
    SEEN(c, cabs);
    size_t compared = 0;
    for (size_t i = 0; i < c.listing.item_count; i++) {
        char *cab = iv_arena_strdup(&arena, c.listing.items[i].path);
        if (c.facts[i].package_count == 0 || c.facts[i].packages->style != IV_STYLE_CBS) {
            continue; /* a cabinet of the other kind, or of none */
        }
        compared++;
        char program[] = "cabextract";
        char pipe_option[] = "-pq";
        char filter[] = "-Fupdate.mum";
        char *argv[] = {program, pipe_option, filter, cab, NULL};
        struct iv_buf mum IV_CLEANUP(iv_buf_fini) = {0};
        CHECK(run(argv, &mum));
        temp_bytes(&t, &arena, "update.mum", iv_buf_text(&mum), mum.size);
        check_against(c.facts[i].packages, temp_path(&t, &arena, "update.mum"));
    }
    CHECK(compared > 0);
}

int main(void)
{
    test_whole();
    test_content();
    test_own();
    test_order();
    test_recall();
    test_nesting();
    check_language("language=\"de-DE\"", "de-DE", "a_lang_de-de");
    check_language("language=\"Neutral\"", NULL, "a");
    check_language("language=\"*\"", NULL, "a");
    check_language("language=\"\"", NULL, "a");
    check_language("", NULL, "a");
    test_malformed();
    test_registry();
    const char *real = getenv("IMGVAL_REAL");
    if (real != NULL) {
        test_real(real);
    }
    return unit_end();
}
