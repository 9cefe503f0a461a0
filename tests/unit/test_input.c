/* imgval/input/input.c, listing.c, kind_directory.c: what there is to read in a path. */
#include "tests/unit/input_support.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char dsm[] = "<Package " IU "><Identity><Owner>Contoso</Owner><Component>A</Component>"
                          "<Version Major=\"1\" Minor=\"2\" QFE=\"3\" Build=\"4\"/></Identity>"
                          "</Package>";
static const char mum[] =
    "<assembly " ASM3 "><assemblyIdentity name=\"Contoso.M-Package\" version=\"1.0.0.0\"/>"
    "<package identifier=\"Contoso.M\"><customInformation>"
    "<file name=\"\\x\" cabpath=\"sub\\in.cab\"/><file name=\"\\y\" cabpath=\"..\\out.cab\"/>"
    "<file name=\"\\z\" cabpath=\"deep\\man.dsm.xml\"/><file name=\"\\w\" cabpath=\"a.dll\"/>"
    "</customInformation></package></assembly>";
static const char history[] = "<UpdateHistory " IU "/>";

static void test_tree(void)
{
    TEMP(t);
    struct iv_arena a IV_CLEANUP(iv_arena_fini) = {0};
    struct cab_file files[] = {{.name = "man.dsm.xml", .text = dsm}};
    temp_cabinet(&t, &a, "b/Contoso.A.SPKG", files, 1);
    temp_cabinet(&t, &a, "Contoso.B.spkg.cab", files, 1);
    temp_text(&t, &a, "loose/Contoso.C.dsm.xml", dsm);
    temp_text(&t, &a, "loose/Contoso.M~1~arm~~1.0.0.0.MUM", mum);
    temp_text(&t, &a, "ex/Update.mum", mum);
    temp_text(&t, &a, "ex/man.dsm.xml", "ignored");
    temp_text(&t, &a, "ex/payload.xml", "<ImageCustomizations");
    temp_text(&t, &a, "fw.UpdateHistory.xml", history);
    temp_text(&t, &a, "OEMInput.xml", "<OEMInput " IU "/>");
    temp_text(&t, &a, "oemsettings.reg", "REGEDIT4\n");
    temp_text(&t, &a, "readme.txt", "x");
    temp_text(&t, &a, "disk.FFU", "x");
    char *slashed = iv_arena_printf(&a, "%s//", t.root);
    SEEN(s, slashed);
    CHECK(s.listed && s.listing.kind == IV_KIND_DIRECTORY && !s.listing.is_single_file);
    CHECK_INT(s.listing.item_count, 9);
    for (size_t i = 1; i < s.listing.item_count; i++) {
        CHECK(strcmp(s.listing.items[i - 1].path, s.listing.items[i].path) < 0);
    }
    CHECK_INT(s.listing.history_count, 1);
    CHECK_STR(s.listing.histories[0], iv_arena_printf(&a, "%s/fw.UpdateHistory.xml", t.root));
    CHECK_INT(s.listing.fault_count, 1);
    CHECK_INT(seen_fault(&s, "/disk.FFU")->kind, IV_FAULT_UNSUPPORTED);
    CHECK_STR(seen_fault(&s, "/disk.FFU")->detail,
              "an FFU image below the folder, which is a submission of its own: name it by its "
              "path");
    CHECK_STR(seen_package(&s, "/b/Contoso.A.SPKG")->version, "1.2.3.4");
    CHECK_STR(seen_package(&s, "/b/Contoso.A.SPKG")->key, "contoso.a");
    CHECK_STR(seen_package(&s, "/Contoso.B.spkg.cab")->key, "contoso.b");
    const struct iv_package *bare = seen_package(&s, "/Contoso.C.dsm.xml");
    CHECK_STR(bare->key, "contoso.a"); /* the composed name */
    CHECK_INT(bare->container, IV_CONTAINER_FOLDER);
    CHECK_STR(seen_package(&s, ".MUM")->key, "contoso.m-package"); /* the identity's name */
    const struct iv_package *ex = seen_package(&s, "/ex");
    CHECK_STR(ex->key, "contoso.m-package");
    CHECK_INT(ex->style, IV_STYLE_CBS);
    CHECK(!ex->unreadable && ex->fault_count == 0);
    if (CHECK_INT(ex->payload_package_count, 3)) {
        CHECK_STR(ex->payload_packages[0], "sub/in.cab");
        CHECK_STR(ex->payload_packages[1], "deep/man.dsm.xml");
        CHECK_STR(ex->payload_packages[2], "deep");
    }
    int h = seen_find(&s, "/fw.UpdateHistory.xml");
    CHECK(s.facts[h].history.present && !s.facts[h].history.complete);
    CHECK(s.facts[seen_find(&s, "/OEMInput.xml")].oem_input.present);
}

/* What a manifest lists in the payload: paths below the package's folder, and none that could lead
 * elsewhere. */
static void test_payload(void)
{
    static const struct {
        const char *cab_path;
        bool counts;
    } rows[] = {
        {"in.cab", true},         {"x.\\in.cab", true},    {".x\\in.cab", true},
        {"..x\\in.cab", true},    {"x..\\in.cab", true},   {"..\\in.cab", false},
        {".\\in.cab", false},     {"a\\.\\in.cab", false}, {"a\\..\\in.cab", false},
        {"a\\\\in.cab", false},   {"\\in.cab", false},     {"a/../in.cab", false},
        {"a/b/c.d/in.cab", true}, {"in.cab.txt", false},
    };
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        TEMP(t);
        struct iv_arena a IV_CLEANUP(iv_arena_fini) = {0};
        temp_text(&t, &a, "ex/update.mum",
                  iv_arena_printf(&a,
                                  "<assembly " ASM3 "><assemblyIdentity name=\"A\" "
                                  "version=\"1.0.0.0\"/><package identifier=\"A\">"
                                  "<customInformation><file name=\"\\x\" cabpath=\"%s\"/>"
                                  "</customInformation></package></assembly>",
                                  rows[i].cab_path));
        SEEN(s, t.root);
        const struct iv_package *p = seen_package(&s, "/ex");
        if (!CHECK_INT(p->payload_package_count, rows[i].counts ? 1 : 0)) {
            fprintf(stderr, "    %s\n", rows[i].cab_path);
        }
    }
}

/* A bare manifest is what its root element says, and a cabinet is one whatever its name. */
static void test_content_wins(void)
{
    TEMP(t);
    struct iv_arena a IV_CLEANUP(iv_arena_fini) = {0};
    struct cab_file files[] = {{.name = "man.dsm.xml", .text = dsm}};
    temp_text(&t, &a, "one.mum", dsm);
    temp_text(&t, &a, "two.dsm.xml", mum);
    temp_cabinet(&t, &a, "three.dsm.xml", files, 1);
    temp_cabinet(&t, &a, "four.mum", files, 1);
    temp_text(&t, &a, "five.mum", "<other/>");
    temp_text(&t, &a, "six.dsm.xml", "<other/>");
    SEEN(s, t.root);
    CHECK_INT(s.listing.item_count, 6);
    CHECK_STR(seen_package(&s, "/one.mum")->key, "contoso.a");
    CHECK_INT(seen_package(&s, "/one.mum")->style, IV_STYLE_SPKG);
    CHECK_STR(seen_package(&s, "/two.dsm.xml")->key, "contoso.m-package");
    CHECK_INT(seen_package(&s, "/two.dsm.xml")->style, IV_STYLE_CBS);
    static const char *const cabinets[] = {"/three.dsm.xml", "/four.mum"};
    for (size_t i = 0; i < IV_COUNT(cabinets); i++) {
        const struct iv_package *p = seen_package(&s, cabinets[i]);
        CHECK(!p->unreadable);
        CHECK_INT(p->container, IV_CONTAINER_CABINET);
        CHECK_STR(p->component, "A");
    }
    /* Neither: by the name. */
    CHECK_INT(seen_package(&s, "/five.mum")->style, IV_STYLE_CBS);
    CHECK_INT(seen_package(&s, "/six.dsm.xml")->style, IV_STYLE_SPKG);
    CHECK(seen_package(&s, "/five.mum")->unreadable &&
          seen_package(&s, "/six.dsm.xml")->unreadable);
}

/* A stray manifest at the top hides neither packages nor metadata. */
static void test_stray(void)
{
    TEMP(t);
    struct iv_arena a IV_CLEANUP(iv_arena_fini) = {0};
    temp_text(&t, &a, "update.mum", mum);
    temp_text(&t, &a, "p/Contoso.A.spkg", "x");
    temp_text(&t, &a, "p/UPDATE.MUM", mum);
    temp_text(&t, &a, "p/update.mum", mum);
    temp_text(&t, &a, "answer.xml", "<a/>");
    temp_text(&t, &a, "q/man.dsm.xml", dsm);
    temp_text(&t, &a, "q/inside.xml", "<a/>");
    SEEN(s, t.root);
    CHECK_INT(s.listing.kind, IV_KIND_DIRECTORY);
    CHECK_INT(s.listing.item_count, 7);
    CHECK_STR(s.listing.items[0].path, t.root);
    CHECK_INT(s.listing.items[0].role, IV_ROLE_FOLDER);
    CHECK_STR(s.listing.items[0].relative, "update.mum");
    CHECK(seen_find(&s, "/p/Contoso.A.spkg") >= 0);
    CHECK(seen_find(&s, "/answer.xml") >= 0);
    CHECK(seen_find(&s, "/p") >= 0);
    CHECK(seen_find(&s, "/p/update.mum") >= 0); /* the second of the two */
    CHECK(seen_find(&s, "/q") >= 0);
    CHECK(seen_find(&s, "/q/inside.xml") >= 0); /* an answer file may lie anywhere */
    SEEN(one, iv_arena_printf(&a, "%s/q/", t.root));
    CHECK_INT(one.listing.kind, IV_KIND_PACKAGE);
    CHECK(!one.listing.is_single_file);
    CHECK_INT(one.listing.item_count, 2);
    CHECK_STR(seen_package(&one, "/q")->key, "contoso.a");
}

static void test_not_regular(void)
{
    TEMP(t);
    struct iv_arena a IV_CLEANUP(iv_arena_fini) = {0};
    temp_text(&t, &a, "real/a.spkg", "x");
    CHECK(mkfifo(temp_path(&t, &a, "f.spkg"), 0644) == 0);
    CHECK(mkfifo(temp_path(&t, &a, "UpdateHistory.xml"), 0644) == 0);
    CHECK(mkfifo(temp_path(&t, &a, "other"), 0644) == 0);
    CHECK(symlink("real/a.spkg", temp_path(&t, &a, "l.cab")) == 0);
    CHECK(symlink("real", temp_path(&t, &a, "dirlink")) == 0);
    CHECK(symlink("real/a.spkg", temp_path(&t, &a, "plainlink")) == 0);
    CHECK(symlink("loop", temp_path(&t, &a, "loop")) == 0);
    CHECK(symlink("nowhere", temp_path(&t, &a, "update.mum")) == 0);
    CHECK(symlink("..", temp_path(&t, &a, "real/up")) == 0);
    CHECK(symlink("real", temp_path(&t, &a, "dir.spkg")) == 0);
    CHECK(symlink("nowhere", temp_path(&t, &a, "man.dsm.xml")) == 0);
    CHECK(symlink("nowhere", temp_path(&t, &a, "oeminput.XML")) == 0);
    CHECK(symlink("nowhere", temp_path(&t, &a, "OEMSettings.reg")) == 0);
    CHECK(symlink("nowhere", temp_path(&t, &a, "flash.ffu")) == 0);
    int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/s.spkr", t.root);
    CHECK(bind(sock, (struct sockaddr *)&address, sizeof(address)) == 0);
    close(sock);
    /* Only root makes devices. */
    bool has_device = mknod(temp_path(&t, &a, "null.spkg"), S_IFCHR | 0600, makedev(1, 3)) == 0 &&
                      mknod(temp_path(&t, &a, "null"), S_IFCHR | 0600, makedev(1, 3)) == 0;
    SEEN(s, t.root);
    CHECK_INT(s.listing.item_count, 1);
    CHECK_INT(s.listing.fault_count, has_device ? 11 : 10);
    CHECK(!has_device || strcmp(seen_fault(&s, "/null.spkg")->detail, "a device") == 0);
    CHECK_INT(seen_fault(&s, "/f.spkg")->kind, IV_FAULT_NOT_REGULAR);
    CHECK_STR(seen_fault(&s, "/f.spkg")->detail, "a FIFO");
    CHECK_STR(seen_fault(&s, "/UpdateHistory.xml")->detail, "a FIFO");
    CHECK_STR(seen_fault(&s, "/s.spkr")->detail, "a socket");
    static const char *const links[] = {"/l.cab",        "/update.mum",      "/man.dsm.xml",
                                        "/oeminput.XML", "/OEMSettings.reg", "/flash.ffu",
                                        "/dir.spkg"};
    for (size_t i = 0; i < IV_COUNT(links); i++) {
        CHECK_INT(seen_fault(&s, links[i])->kind, IV_FAULT_NOT_REGULAR);
        CHECK_STR(seen_fault(&s, links[i])->detail, "a symbolic link: links are not followed");
    }
}

static void test_names(void)
{
    TEMP(t);
    struct iv_arena a IV_CLEANUP(iv_arena_fini) = {0};
    static const char *const names[] = {
        "a\nb.spkg", "\x1b[31m.cab", "\xff\xfe.spkg", "\xe2\x80\xae.spkr",
        "-rf.spkg",  "A.spkg",       "a.SPKG"};
    for (size_t i = 0; i < IV_COUNT(names); i++) {
        temp_text(&t, &a, names[i], "x");
    }
    char longest[256];
    memset(longest, 'x', 255);
    memcpy(longest + 250, ".spkg", sizeof(".spkg"));
    temp_text(&t, &a, longest, "x");
    SEEN(s, t.root);
    CHECK_INT(s.listing.item_count, IV_COUNT(names) + 1);
    for (size_t i = 0; i < s.listing.item_count; i++) {
        const struct iv_package *p = s.facts[i].packages;
        CHECK(p->unreadable && p->key != NULL && p->name != NULL && *p->key != '\0');
        CHECK_INT(p->fault_count, 1);
        CHECK_INT(p->faults[0].kind, IV_FAULT_MALFORMED);
    }
}

static void check_kind(const char *name, const void *bytes, size_t size, enum iv_kind kind)
{
    TEMP(t);
    struct iv_arena a IV_CLEANUP(iv_arena_fini) = {0};
    temp_bytes(&t, &a, name, bytes, size);
    SEEN(s, temp_path(&t, &a, name));
    CHECK(s.listed);
    CHECK_INT(s.listing.kind, kind);
    CHECK_INT(s.listing.directory, -1);
    bool package = kind == IV_KIND_PACKAGE;
    CHECK(s.listing.is_single_file == package);
    /* The hashes of an FFU are read in ranges of their own. */
    CHECK_INT(s.listing.item_count, kind == IV_KIND_FFU ? 2 : 1);
    CHECK_INT(s.listing.items[0].role, package ? IV_ROLE_PACKAGE : IV_ROLE_IMAGE);
    CHECK_INT(s.listing.items[0].kind, package ? IV_KIND_DIRECTORY : kind);
    CHECK_INT(s.listing.fault_count, 0);
}

static void test_kinds(void)
{
    char block[1024] = {0};
    memcpy(block + 4, "SignedImage ", 12);
    check_kind("x.bin", block, sizeof(block), IV_KIND_FFU);
    check_kind("x.ffu", block, 10, IV_KIND_FFU); /* by its name, when it is nothing else */
    check_kind("x.ffu", "MSCF", 4, IV_KIND_PACKAGE);
    memset(block, 0, sizeof(block));
    memcpy(block + 512, "conectix", 8);
    check_kind("x.img", block, sizeof(block), IV_KIND_VHD);
    check_kind("x.img", block, sizeof(block) - 1, IV_KIND_PACKAGE);
    check_kind("x.vhd", "conectix", 8, IV_KIND_VHD);
    check_kind("x.vhdx", "vhdxfile", 8, IV_KIND_VHD);
    check_kind("x.wim", "MSWIM\0\0\0", 8, IV_KIND_WIM);
    check_kind("x.bin", "MSWIM\0\0\0", 8, IV_KIND_WIM); /* by its content alone */
    check_kind("x.bin", "MSWIN\0\0\0", 8, IV_KIND_PACKAGE);
    check_kind("x.bin", "MSWI", 4, IV_KIND_PACKAGE);
    check_kind("x.ffu", "MSWIM\0\0\0", 8, IV_KIND_WIM);
    check_kind("x.spkg", "MSCF", 4, IV_KIND_PACKAGE);
    check_kind("x.spkg", "", 0, IV_KIND_PACKAGE);
    check_kind("man.dsm.xml", dsm, sizeof(dsm) - 1, IV_KIND_PACKAGE);
}

static void test_single(void)
{
    TEMP(t);
    struct iv_arena a IV_CLEANUP(iv_arena_fini) = {0};
    temp_text(&t, &a, "d/Contoso.A.spkg", "x");
    temp_text(&t, &a, "d/contoso.a.UPDATEHISTORY.xml", history);
    temp_text(&t, &a, "d/UpdateHistory.xml", history);
    temp_text(&t, &a, "d/Other.UpdateHistory.xml", history);
    temp_text(&t, &a, "d/oeminput.xml", "<OEMInput " IU "/>");
    temp_text(&t, &a, "d/Contoso.B.spkg", "x");
    temp_text(&t, &a, "bare.xml", dsm);
    SEEN(s, temp_path(&t, &a, "d/Contoso.A.spkg"));
    CHECK_INT(s.listing.item_count, 3);
    CHECK_INT(s.listing.history_count, 1);
    CHECK(seen_find(&s, "/d/contoso.a.UPDATEHISTORY.xml") >= 0);
    int oem = seen_find(&s, "/d/oeminput.xml");
    CHECK(oem >= 0 && s.facts[oem].oem_input.present);
    SEEN(b, temp_path(&t, &a, "d/Contoso.B.spkg"));
    CHECK_INT(b.listing.history_count, 1);
    CHECK(seen_find(&b, "/d/UpdateHistory.xml") >= 0);
    SEEN(bare, temp_path(&t, &a, "bare.xml"));
    CHECK_STR(seen_package(&bare, "/bare.xml")->key, "contoso.a");
    /* a name without a directory */
    CHECK(chdir(temp_path(&t, &a, "d")) == 0);
    SEEN(here, "Contoso.B.spkg");
    CHECK_INT(here.listing.item_count, 3);
    CHECK_STR(here.listing.histories[0], "UpdateHistory.xml");
    CHECK(chdir("/") == 0);
}

static void test_options(void)
{
    TEMP(t);
    struct iv_arena a IV_CLEANUP(iv_arena_fini) = {0};
    temp_text(&t, &a, "in/A.spkg", "x");
    temp_text(&t, &a, "in/UpdateHistory.xml", history);
    temp_text(&t, &a, "side/x.UpdateHistory.xml", history);
    temp_text(&t, &a, "side/y.UpdateHistory.xml", history);
    temp_text(&t, &a, "info", "PhoneManufacturer=A\n");
    const char *in = temp_path(&t, &a, "in");
    const char *side = temp_path(&t, &a, "side");
    const char *info = temp_path(&t, &a, "info");
    SEEN_WITH(s, in, .update_history = side, .device_info = info);
    CHECK_INT(s.listing.history_count, 2); /* which one is meant is for the caller to ask */
    CHECK(seen_find(&s, "/in/UpdateHistory.xml") < 0);
    int i = seen_find(&s, "/info");
    CHECK(i >= 0 && s.facts[i].datum_count == 1);
    SEEN_WITH(f, in, .update_history = temp_path(&t, &a, "side/x.UpdateHistory.xml"));
    CHECK_INT(f.listing.history_count, 1);
    SEEN_WITH(none, in, .update_history = temp_path(&t, &a, "side/nothing"));
    CHECK(!none.listed && none.err.code == IV_ERROR_NO_INPUT);
    SEEN_WITH(lacks, in, .oem_input = side);
    CHECK(!lacks.listed && lacks.err.code == IV_ERROR_NO_INPUT);
    SEEN_WITH(wrong, in, .device_info = side);
    CHECK(!wrong.listed && wrong.err.code == IV_ERROR_USAGE);
    SEEN(no, temp_path(&t, &a, "nothing"));
    CHECK(!no.listed && no.err.code == IV_ERROR_NO_INPUT);
    SEEN(empty, "");
    CHECK(!empty.listed && empty.err.code == IV_ERROR_NO_INPUT);
    SEEN(device, "/dev/null");
    CHECK(!device.listed && device.err.code == IV_ERROR_USAGE);
}

static void test_limits(void)
{
    TEMP(t);
    struct iv_arena a IV_CLEANUP(iv_arena_fini) = {0};
    temp_text(&t, &a, "a.spkg", "x");
    temp_text(&t, &a, "b.spkg", "x");
    temp_text(&t, &a, "c.spkg", "x");
    temp_text(&t, &a, "d.dsm.xml", dsm);
    struct cab_file files[] = {{.name = "man.dsm.xml", .text = dsm}};
    temp_cabinet(&t, &a, "a.spkg", files, 1);
    temp_text(&t, &a, "UpdateHistory.xml", history);
    struct iv_limits limits = iv_limits_default();
    limits.packages = 2;
    SEEN_WITH(s, t.root, .limits = &limits);
    CHECK_INT(s.listing.item_count, 3);
    CHECK_INT(s.listing.fault_count, 1);
    CHECK_INT(seen_fault(&s, "/c.spkg")->kind, IV_FAULT_LIMIT);
    limits = iv_limits_default();
    limits.manifest_size = 20;
    limits.metadata_size = 20;
    SEEN_WITH(m, t.root, .limits = &limits);
    CHECK_INT(seen_package(&m, "/a.spkg")->faults[0].kind, IV_FAULT_LIMIT);
    CHECK(seen_package(&m, "/a.spkg")->unreadable);
    CHECK_INT(seen_package(&m, "/d.dsm.xml")->faults[0].kind, IV_FAULT_LIMIT);
    int h = seen_find(&m, "/UpdateHistory.xml");
    CHECK(m.facts[h].history.present);
    CHECK_INT(m.facts[h].faults[0].kind, IV_FAULT_LIMIT);
    limits = iv_limits_default();
    limits.cabinet_size = 20;
    SEEN_WITH(c, t.root, .limits = &limits);
    CHECK_INT(seen_package(&c, "/a.spkg")->faults[0].kind, IV_FAULT_LIMIT);
    /* The longest texts are the two digests of the content. */
    limits = iv_limits_default();
    limits.package_text = 64;
    SEEN_WITH(fits, t.root, .limits = &limits);
    CHECK_INT(seen_package(&fits, "/d.dsm.xml")->fault_count, 0);
    limits.package_text = 63;
    SEEN_WITH(longer, t.root, .limits = &limits);
    CHECK(seen_package(&longer, "/d.dsm.xml")->unreadable);
    if (CHECK_INT(seen_package(&longer, "/d.dsm.xml")->fault_count, 2)) {
        CHECK_INT(seen_package(&longer, "/d.dsm.xml")->faults[0].kind, IV_FAULT_LIMIT);
    }
}

/* Another process that makes the file longer, byte by byte, until it is killed. */
static pid_t start_writer(const char *path)
{
    pid_t child = fork();
    if (child == 0) {
        int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
        while (fd >= 0 && write(fd, "x", 1) == 1) {
        }
        _exit(1);
    }
    return child;
}

static bool is_reported(const struct iv_fault *faults, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(faults[i].detail, "changed during the scan") == 0) {
            CHECK_INT(faults[i].kind, IV_FAULT_UNREADABLE);
            return true;
        }
    }
    return false;
}

/* When the writer runs is not ours to say: at some time it runs during a reading. */
static void check_growing(const char *name, const char *text)
{
    TEMP(t);
    struct iv_arena a IV_CLEANUP(iv_arena_fini) = {0};
    temp_text(&t, &a, name, text);
    struct iv_limits limits = iv_limits_default();
    struct iv_list_options options = {.limits = &limits};
    struct iv_read_options read = {.limits = &limits};
    struct iv_listing listing;
    struct iv_error err = {0};
    CHECK(iv_input_list(t.root, &options, &a, &listing, &err));
    struct iv_facts facts;
    iv_input_read(&listing, &listing.items[0], &read, &a, &facts);
    CHECK(!is_reported(facts.faults, facts.fault_count));
    CHECK(facts.package_count == 0 ||
          !is_reported(facts.packages->faults, facts.packages->fault_count));
    pid_t writer = start_writer(temp_path(&t, &a, name));
    bool reported = false;
    time_t end = time(NULL) + 20;
    while (!reported && time(NULL) < end) {
        iv_input_read(&listing, &listing.items[0], &read, &a, &facts);
        reported = facts.package_count > 0
                       ? is_reported(facts.packages->faults, facts.packages->fault_count)
                       : is_reported(facts.faults, facts.fault_count);
        CHECK(!reported || facts.package_count == 0 || facts.packages->unreadable);
    }
    kill(writer, SIGKILL);
    CHECK(waitpid(writer, NULL, 0) == writer);
    CHECK(reported);
    iv_input_close(&listing);
}

static bool is_resident(const char *path)
{
    unsigned char state = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *page = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(page != MAP_FAILED && mincore(page, 1, &state) == 0);
    munmap(page, 1);
    close(fd);
    return (state & 1) != 0;
}

/* A file that is asked for comes into memory without being read; one that is gone is no trouble. */
static void test_advise(void)
{
    TEMP(t);
    struct iv_arena a IV_CLEANUP(iv_arena_fini) = {0};
    struct cab_file files[] = {{.name = "man.dsm.xml", .text = dsm}};
    temp_cabinet(&t, &a, "Contoso.A.spkg", files, 1);
    temp_cabinet(&t, &a, "Contoso.B.spkg", files, 1);
    char *path = temp_path(&t, &a, "Contoso.A.spkg");
    SEEN(s, t.root);
    CHECK_INT(s.listing.item_count, 2);
    CHECK_INT(unlink(temp_path(&t, &a, "Contoso.B.spkg")), 0);
    iv_input_advise(&s.listing, &s.listing.items[1]);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    fsync(fd);
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    int lowest = fd; /* one that is left open is there the next time */
    close(fd);
    bool was_resident = is_resident(path); /* in memory alone, as on tmpfs: nothing to see */
    iv_input_advise(&s.listing, &s.listing.items[0]);
    for (int i = 0; i < 4000 && !was_resident && !is_resident(path); i++) {
        usleep(5000);
    }
    CHECK(is_resident(path));
    fd = open(path, O_RDONLY | O_CLOEXEC);
    CHECK_INT(fd, lowest);
    close(fd);
}

static void test_changes(void)
{
    TEMP(t);
    struct iv_arena a IV_CLEANUP(iv_arena_fini) = {0};
    temp_text(&t, &a, "gone.spkg", "x");
    temp_text(&t, &a, "link.spkg", "x");
    struct iv_limits limits = iv_limits_default();
    struct iv_list_options options = {.limits = &limits};
    struct iv_listing listing;
    struct iv_error err = {0};
    CHECK(iv_input_list(t.root, &options, &a, &listing, &err));
    CHECK(unlink(temp_path(&t, &a, "gone.spkg")) == 0);
    CHECK(unlink(temp_path(&t, &a, "link.spkg")) == 0);
    CHECK(symlink("/etc/passwd", temp_path(&t, &a, "link.spkg")) == 0);
    struct iv_read_options read = {.limits = &limits};
    struct iv_facts facts;
    iv_input_read(&listing, &listing.items[0], &read, &a, &facts);
    CHECK_STR(facts.packages->key, "gone");
    CHECK(facts.packages->unreadable);
    CHECK_INT(facts.packages->faults[0].kind, IV_FAULT_UNREADABLE);
    CHECK_STR(facts.packages->faults[0].detail, "vanished during the scan");
    iv_input_read(&listing, &listing.items[1], &read, &a, &facts);
    CHECK_INT(facts.packages->faults[0].kind, IV_FAULT_NOT_REGULAR);
    iv_input_stand_in(&listing.items[0], IV_FAULT_READER_DIED, "killed by signal 11", &a, &facts);
    CHECK_STR(facts.packages->key, "gone");
    CHECK(facts.packages->unreadable);
    CHECK_INT(facts.packages->faults[0].kind, IV_FAULT_READER_DIED);
    CHECK_STR(facts.packages->faults[0].detail, "killed by signal 11");
    struct iv_item item = {.role = IV_ROLE_HISTORY, .path = "x/UpdateHistory.xml", .fd = -1};
    iv_input_stand_in(&item, IV_FAULT_READER_DIED, "no answer", &a, &facts);
    CHECK(facts.history.present && facts.package_count == 0);
    CHECK_STR(facts.faults[0].path, "x/UpdateHistory.xml");
    iv_input_close(&listing);
    CHECK_INT(listing.directory, -1);
}

int main(void)
{
    test_tree();
    test_payload();
    test_content_wins();
    test_stray();
    test_not_regular();
    test_names();
    test_kinds();
    test_single();
    test_options();
    test_limits();
    test_advise();
    test_changes();
    check_growing("a.spkg", "x");
    check_growing("UpdateHistory.xml", "<UpdateHistory/>");
    return unit_end();
}
