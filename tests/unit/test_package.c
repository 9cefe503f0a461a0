/* Packages: stems, keys of every container and style, sets, the superset test. */
#include "imgval/base/attr.h"
#include "imgval/model/package.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX40 "0123456789abcdefABCDEF0123456789abcdef01"

struct stem_row {
    const char *file;
    const char *stem;
    bool is_package;
    bool is_removal;
    bool is_diff;
};

static const struct stem_row stem_rows[] = {
    {"Contoso.BASE.MainOS.spkg", "Contoso.BASE.MainOS", true, false, false},
    {"Contoso.BASE.MainOS.cab", "Contoso.BASE.MainOS", true, false, false},
    {"Contoso.BASE.MainOS.spkr", "Contoso.BASE.MainOS", true, true, false},
    {"Contoso.BASE.MainOS.cbsr", "Contoso.BASE.MainOS", true, true, false},
    {"Contoso.BASE.MainOS.spku", "Contoso.BASE.MainOS", true, false, true},
    {"Contoso.BASE.MainOS.cbsu", "Contoso.BASE.MainOS", true, false, true},
    {"x.SPKG", "x", true, false, false},
    {"x.Cab", "x", true, false, false},
    {"x.spkg.cab", "x", true, false, false},
    {"x.spkr.cab", "x", true, true, false},
    {"x.SPKU.CAB", "x", true, false, true},
    {"x.cbsr.cab", "x", true, true, false},
    {"x.cbsu.cab", "x", true, false, true},
    {"x.cab.cab", "x", true, false, false},
    {"x.spkg_" HEX40 ".cab", "x", true, false, false},
    {"x.spkg_g123456789abcdefABCDEF0123456789abcdef01.cab",
     "x.spkg_g123456789abcdefABCDEF0123456789abcdef01", true, false, false},
    {"x.spkr_:123456789abcdefABCDEF0123456789abcdef01.cab",
     "x.spkr_:123456789abcdefABCDEF0123456789abcdef01", true, false, false},
    {"x.spkr_`123456789abcdefABCDEF0123456789abcdef0G.cab",
     "x.spkr_`123456789abcdefABCDEF0123456789abcdef0G", true, false, false},
    {"x.spkr_" HEX40 ".cab", "x", true, true, false},
    {"x.cbsu_" HEX40 ".cab", "x", true, false, true},
    {"x.cab_" HEX40 ".cab", "x", true, false, false},
    {"x.cbs_" HEX40 ".cab", "x", true, false, false},
    {"X.CBS_" HEX40 ".CAB", "X", true, false, false},
    {"x.cbsr_" HEX40 ".cab", "x", true, true, false},
    {"x.Spku_" HEX40 ".cab", "x", true, false, true},
    {"x_lang_de-de.cbs_" HEX40 ".cab", "x_lang_de-de", true, false, false},
    {"x~31bf3856ad364e35~ARM~~.cbs_" HEX40 ".cab", "x", true, false, false},
    {"x_Wow_arm64.arm.cbs_" HEX40 ".cab", "x_Wow_arm64.arm", true, false, false},
    {"x_wow_amd64.x86.cab", "x_wow_amd64.x86", true, false, false},
    /* not quite a digest, and a digest without an extension before it */
    {"x.spkg_0" HEX40 ".cab", "x.spkg_0" HEX40, true, false, false},
    {"x.spkg_0123.cab", "x.spkg_0123", true, false, false},
    {"x_" HEX40 ".cab", "x_" HEX40, true, false, false},
    {"x.cbs.cab", "x.cbs", true, false, false},
    {"x.msu_" HEX40 ".cab", "x.msu_" HEX40, true, false, false},
    {"x.spkg_" HEX40, "x.spkg_" HEX40, false, false, false},
    {"_" HEX40 ".cab", "_" HEX40, true, false, false},
    /* a part of the name that reads like an extension */
    {"Contoso.Audio.Spkr.spkg", "Contoso.Audio.Spkr", true, false, false},
    {"Contoso.Cab.spkg", "Contoso.Cab", true, false, false},
    {"name~31bf3856ad364e35~ARM64~~.cab", "name", true, false, false},
    {"name~31bf3856ad364e35~ARM64~en-us~.cab", "name", true, false, false},
    {"name.cab~1~2~~.cab", "name", true, false, false},
    {"name~1~2~~.cbsr", "name", true, true, false},
    {"name_Lang_en-US.spkg", "name_Lang_en-US", true, false, false},
    {"name_RES_720x1280.spkg", "name_RES_720x1280", true, false, false},
    {"dir.spkg/name.cab", "name", true, false, false},
    {"dir.spkg/name.txt", "name.txt", false, false, false},
    {"a\\b.spkg", "a\\b", true, false, false},
    {"x.spkg.bak", "x.spkg.bak", false, false, false},
    {"xspkg", "xspkg", false, false, false},
    {"x.spkg ", "x.spkg ", false, false, false},
    {".spkg", ".spkg", true, false, false},
    {".spkr.cab", ".spkr", true, true, false},
    {"~.cab", "~", true, false, false},
    {"~x~y.cab", "~x", true, false, false},
    {"a b.spkg", "a b", true, false, false},
    {"\xc3\x89.spkg", "\xc3\x89", true, false, false},
    {"..spkg", ".", true, false, false},
    {"", "", false, false, false},
};

static void test_stem(struct iv_arena *arena)
{
    for (size_t i = 0; i < IV_COUNT(stem_rows); i++) {
        const struct stem_row *row = &stem_rows[i];
        bool fine = CHECK_STR(iv_package_stem(arena, row->file), row->stem);
        fine &= CHECK_INT(iv_package_is_file_name(row->file), row->is_package);
        fine &= CHECK_INT(iv_package_is_removal_name(row->file), row->is_removal);
        fine &= CHECK_INT(iv_package_is_diff_name(row->file), row->is_diff);
        if (!fine) {
            fprintf(stderr, "    file \"%s\"\n", row->file);
        }
    }
}

static void test_composed(struct iv_arena *arena)
{
    struct iv_package p = {.owner = "Contoso", .component = "BASE"};
    CHECK_STR(iv_package_composed_name(arena, &p), "Contoso.BASE");
    p.sub_component = "";
    CHECK_STR(iv_package_composed_name(arena, &p), "Contoso.BASE");
    p.sub_component = "Phone.MainOS";
    CHECK_STR(iv_package_composed_name(arena, &p), "Contoso.BASE.Phone.MainOS");
    p.culture = "en-us";
    CHECK_STR(iv_package_composed_name(arena, &p), "Contoso.BASE.Phone.MainOS_Lang_en-us");
    p.culture = "Neutral";
    CHECK_STR(iv_package_composed_name(arena, &p), "Contoso.BASE.Phone.MainOS");
    p.culture = "";
    p.resolution = "720x1280";
    CHECK_STR(iv_package_composed_name(arena, &p), "Contoso.BASE.Phone.MainOS_Res_720x1280");
    p.owner = NULL;
    CHECK_STR(iv_package_composed_name(arena, &p), NULL);
    p.owner = "Contoso";
    p.component = "";
    CHECK_STR(iv_package_composed_name(arena, &p), NULL);
}

struct key_row {
    const char *file;
    const char *key;
    struct iv_package package;
};

#define DSM .style = IV_STYLE_SPKG, .owner = "Contoso", .component = "Boot", .sub_component = "SBL1"
#define MUM                                                                                        \
    .style = IV_STYLE_CBS, .identifier = "Contoso.Boot.TZ",                                        \
    .identity_name = "Contoso.Boot.TZ-Package"

static const struct key_row key_rows[] = {
    /* a package file: its file name, whatever the manifest says */
    {"in/My.Pkg.spkg", "my.pkg", {.container = IV_CONTAINER_CABINET, DSM}},
    {"in/My.Pkg.cab", "my.pkg", {.container = IV_CONTAINER_CABINET, MUM}},
    {"My.Pkg~31bf~ARM~~.cab", "my.pkg", {.container = IV_CONTAINER_CABINET, MUM}},
    {"My.Pkg.spkg.cab", "my.pkg", {.container = IV_CONTAINER_CABINET, DSM}},
    {"broken.cab", "broken", {.container = IV_CONTAINER_CABINET}},
    {"My.cab", "my_lang_de-de", {.container = IV_CONTAINER_CABINET, MUM, .culture = "de-DE"}},
    {"My_Lang_fr.cab", "my_lang_fr", {.container = IV_CONTAINER_CABINET, MUM, .culture = "de"}},
    {"My.cab", "my", {.container = IV_CONTAINER_CABINET, MUM, .culture = "NEUTRAL"}},
    {"My.cab", "my", {.container = IV_CONTAINER_CABINET, MUM, .culture = ""}},
    /* the culture of an SPKG is in its name or nowhere */
    {"My.spkg", "my", {.container = IV_CONTAINER_CABINET, DSM, .culture = "de-DE"}},
    {"My.cab", "my", {.container = IV_CONTAINER_CABINET, MUM, .culture = "*"}},
    {"My.cab", "my_wow_arm64.arm", {.container = IV_CONTAINER_CABINET, MUM, .cpu = "arm64.arm"}},
    {"My_wow_x.y.cab", "my_wow_x.y", {.container = IV_CONTAINER_CABINET, MUM, .cpu = "arm64.arm"}},
    {"My.Guest.cab", "my.guest", {.container = IV_CONTAINER_CABINET, MUM, .cpu = "arm64.arm"}},
    {"My.cab", "my", {.container = IV_CONTAINER_CABINET, MUM, .cpu = "wow64"}},
    {"My.cab",
     "my_lang_de_wow_amd64.x86",
     {.container = IV_CONTAINER_CABINET, MUM, .cpu = "amd64.x86", .culture = "de"}},
    /* a bare manifest: the composed name, or the identity's name, never the identifier */
    {"in/folder/man.dsm.xml", "contoso.boot.sbl1", {.container = IV_CONTAINER_FOLDER, DSM}},
    {"in/folder", "contoso.boot.sbl1", {.container = IV_CONTAINER_FOLDER, DSM}},
    /* without a name of its own: that of the folder, or of the archive that stands for one */
    {"in/Folder/man.dsm.xml", "folder", {.container = IV_CONTAINER_FOLDER}},
    {"in/Archive.zip", "archive", {.container = IV_CONTAINER_FOLDER}},
    {"in/Archive.ZIP/man.dsm.xml", "archive", {.container = IV_CONTAINER_FOLDER}},
    {"folder",
     "contoso.boot.sbl1_lang_de",
     {.container = IV_CONTAINER_FOLDER, DSM, .culture = "de"}},
    {"folder",
     "contoso.boot.sbl1_res_480x800",
     {.container = IV_CONTAINER_FOLDER, DSM, .resolution = "480x800"}},
    {"in/folder/update.mum", "contoso.boot.tz-package", {.container = IV_CONTAINER_FOLDER, MUM}},
    {"folder",
     "a-package",
     {.container = IV_CONTAINER_FOLDER, .style = IV_STYLE_CBS, .identity_name = "A-Package"}},
    {"folder",
     "folder",
     {.container = IV_CONTAINER_FOLDER, .style = IV_STYLE_CBS, .identifier = "KB777778"}},
    {"folder",
     "contoso.boot.tz-package_lang_de",
     {.container = IV_CONTAINER_FOLDER, MUM, .culture = "de"}},
    {"folder",
     "contoso.boot.tz-package_wow_arm64.arm",
     {.container = IV_CONTAINER_FOLDER, MUM, .cpu = "arm64.arm"}},
    /* phoneOwner and its like do not name a CBS package */
    {"folder",
     "contoso.boot.tz-package",
     {.container = IV_CONTAINER_FOLDER, MUM, .owner = "O", .component = "C"}},
    /* a removal is named after what it removes */
    {"folder",
     "a",
     {.container = IV_CONTAINER_FOLDER,
      .style = IV_STYLE_CBS,
      .identity_name = "A.Recall",
      .removal = true}},
    {"folder",
     "a-package",
     {.container = IV_CONTAINER_FOLDER,
      .style = IV_STYLE_CBS,
      .identity_name = "A.Recall",
      .recalled_name = "A-Package",
      .removal = true}},
    {"folder",
     "a.recall",
     {.container = IV_CONTAINER_FOLDER, .style = IV_STYLE_CBS, .identity_name = "A.Recall"}},
    /* the manifest does not say */
    {"in/Folder.X/man.dsm.xml",
     "folder.x",
     {.container = IV_CONTAINER_FOLDER, .style = IV_STYLE_SPKG}},
    {"in/Folder.X/UPDATE.MUM",
     "folder.x",
     {.container = IV_CONTAINER_FOLDER, .style = IV_STYLE_CBS}},
    {"in/Folder.X/", "folder.x", {.container = IV_CONTAINER_FOLDER}},
    {"in/Folder.spkg", "folder", {.container = IV_CONTAINER_FOLDER}},
    {"Folder",
     "folder",
     {.container = IV_CONTAINER_FOLDER, .style = IV_STYLE_SPKG, .owner = "Contoso"}},
    {"update.mum", "update.mum", {.container = IV_CONTAINER_FOLDER}},
    {"Contoso.A.dsm.xml", "contoso.a", {.container = IV_CONTAINER_FOLDER}},
    /* installed in an image */
    {"Windows/Packages/DsmFiles/Wrong.dsm.xml",
     "contoso.boot.sbl1",
     {.container = IV_CONTAINER_INSTALLED, DSM}},
    {"Windows/Packages/DsmFiles/Contoso.A.B.dsm.xml",
     "contoso.a.b",
     {.container = IV_CONTAINER_INSTALLED, .style = IV_STYLE_SPKG}},
    {"servicing/Packages/Other~1~arm~~1.0.0.0.mum",
     "contoso.boot.tz-package",
     {.container = IV_CONTAINER_INSTALLED, MUM}},
    {"servicing/Packages/Other~1~arm~~1.0.0.0.mum",
     "other",
     {.container = IV_CONTAINER_INSTALLED, .style = IV_STYLE_CBS}},
    {"servicing/Packages/Other~1~arm~de~1.0.0.0.mum",
     "other_lang_de",
     {.container = IV_CONTAINER_INSTALLED, .style = IV_STYLE_CBS, .culture = "de"}},
    /* a history entry: the identity, whatever PackageFile says */
    {"\\\\?\\C:\\out\\My.Pkg.spkg", "contoso.boot.sbl1", {.container = IV_CONTAINER_HISTORY, DSM}},
    {"U:\\x\\138.cab",
     "o.c_lang_de",
     {.container = IV_CONTAINER_HISTORY, MUM, .owner = "O", .component = "C", .culture = "de"}},
    {NULL, "contoso.boot.sbl1_lang_de", {.container = IV_CONTAINER_HISTORY, DSM, .culture = "de"}},
    {NULL,
     "o.c.x_lang_de",
     {.container = IV_CONTAINER_HISTORY,
      .style = IV_STYLE_CBS,
      .owner = "O",
      .component = "C",
      .sub_component = "X_Lang_de",
      .culture = "de"}},
    {NULL,
     "o.c_res_1x2",
     {.container = IV_CONTAINER_HISTORY,
      .style = IV_STYLE_CBS,
      .owner = "O",
      .component = "C",
      .resolution = "1x2"}},
    /* without one: PackageIdentity, then the place, as far as that names a package */
    {"U:\\x\\138.cab", "contoso.boot.tz-package", {.container = IV_CONTAINER_HISTORY, MUM}},
    {"C:\\out.cab\\My.Pkg~1~2~~.cab", "my.pkg", {.container = IV_CONTAINER_HISTORY}},
    {"/out/My.Pkg.CAB", "my.pkg", {.container = IV_CONTAINER_HISTORY}},
    {"C:\\R\\RecallPackages\\My.Pkg\\update.mum", "my.pkg", {.container = IV_CONTAINER_HISTORY}},
    {"C:\\S\\My.Pkg~1~arm~~1.0.0.0\\update.mum", "my.pkg", {.container = IV_CONTAINER_HISTORY}},
    {"C:\\S\\My.Pkg~1~arm~~1.0.0.0.mum", "my.pkg", {.container = IV_CONTAINER_HISTORY}},
    {"U:\\x\\138.cab", "", {.container = IV_CONTAINER_HISTORY}},
    {"U:\\x\\update.cab", "", {.container = IV_CONTAINER_HISTORY}},
    {"update.mum", "", {.container = IV_CONTAINER_HISTORY}},
    {"C:\\out\\", "out", {.container = IV_CONTAINER_HISTORY}},
    {NULL, "", {.container = IV_CONTAINER_HISTORY}},
    {NULL, "", {.container = IV_CONTAINER_CABINET}},
    {NULL, "", {.container = IV_CONTAINER_FOLDER}},
    /* folding is ASCII alone */
    {"\xc3\x89T\xc3\x89.spkg", "\xc3\x89t\xc3\x89", {.container = IV_CONTAINER_CABINET}},
};

static void test_key(struct iv_arena *arena)
{
    for (size_t i = 0; i < IV_COUNT(key_rows); i++) {
        struct iv_package package = key_rows[i].package;
        iv_package_set_key(arena, &package, key_rows[i].file);
        if (!CHECK_STR(package.key, key_rows[i].key)) {
            fprintf(stderr, "    row %zu, file \"%s\"\n", i,
                    key_rows[i].file != NULL ? key_rows[i].file : "(NULL)");
        }
    }
    struct iv_package package = {.container = IV_CONTAINER_CABINET, MUM, .culture = "de-DE"};
    iv_package_set_key(arena, &package, "x/My.Pkg.CAB");
    CHECK_STR(package.name, "My.Pkg_Lang_de-DE"); /* the key before folding */
}

/* The same package in each of its forms has one key. */
static void test_twins(struct iv_arena *arena)
{
    struct iv_package forms[] = {
        {.container = IV_CONTAINER_CABINET, DSM},
        {.container = IV_CONTAINER_CABINET, .style = IV_STYLE_CBS},
        {.container = IV_CONTAINER_FOLDER, DSM},
        {.container = IV_CONTAINER_INSTALLED,
         .style = IV_STYLE_CBS,
         .identity_name = "CONTOSO.Boot.SBL1"},
        {.container = IV_CONTAINER_HISTORY, DSM},
    };
    static const char *const files[] = {
        "a/Contoso.Boot.SBL1.spkg",
        "b/contoso.boot.sbl1~628844477771337a~arm~~.cab",
        "c/man.dsm.xml",
        "Contoso.Boot.SBL1~628844477771337a~arm~~1.0.0.0.mum",
        "U:\\x\\138.cab",
    };
    for (size_t i = 0; i < IV_COUNT(forms); i++) {
        iv_package_set_key(arena, &forms[i], files[i]);
        CHECK_STR(forms[i].key, "contoso.boot.sbl1");
    }
}

/* Lines NAME, tab, KEY of real file names. */
static void test_real(struct iv_arena *arena, const char *real)
{
    static const char *const kinds[] = {"cbs", "cbsr", "cbsu", "spkg", "spkr", "spku"};
    char line[1024];
    for (size_t i = 0; i < IV_COUNT(kinds); i++) {
        FILE *file = fopen(iv_arena_printf(arena, "%s/names/%s.txt", real, kinds[i]), "r");
        if (!CHECK(file != NULL)) {
            continue;
        }
        while (fgets(line, sizeof(line), file) != NULL) {
            char *key = strchr(line, '\t');
            if (!CHECK(key != NULL)) {
                break;
            }
            *key++ = '\0';
            key[strcspn(key, "\r\n")] = '\0';
            struct iv_package package = {.container = IV_CONTAINER_CABINET};
            iv_package_set_key(arena, &package, line);
            CHECK_STR(package.key, key);
            CHECK_INT(iv_package_is_removal_name(line), kinds[i][strlen(kinds[i]) - 1] == 'r');
            CHECK_INT(iv_package_is_diff_name(line), kinds[i][strlen(kinds[i]) - 1] == 'u');
        }
        fclose(file);
    }
}

static void test_facts(void)
{
    struct iv_package package = {0};
    CHECK_STR(iv_package_partition(&package), "MainOS");
    package.partition = "";
    CHECK_STR(iv_package_partition(&package), "MainOS");
    package.partition = "EFIESP";
    CHECK_STR(iv_package_partition(&package), "EFIESP");
    CHECK(!iv_package_is_microsoft(&package));
    package.owner_type = "mIcRoSoFt";
    CHECK(iv_package_is_microsoft(&package));
    package.owner_type = "Microsoft ";
    CHECK(!iv_package_is_microsoft(&package));
    package.owner_type = "OEM";
    CHECK(!iv_package_is_microsoft(&package));
}

static void test_set(struct iv_arena *arena)
{
    const struct iv_package packages[] = {
        {.key = "c", .path = "c.spkg"},
        {.key = "a", .path = "h/a", .origin = IV_ORIGIN_HISTORY},
        {.key = "a", .path = "z/a.spkg"},
        {.key = "a", .path = "b/a.cab"},
        {.key = "b", .path = "b.spkr", .removal = true},
        {.key = "b", .path = "hb", .origin = IV_ORIGIN_HISTORY},
        {.key = "d", .path = "d.spkr", .removal = true},
        {.key = "d", .path = "e/d.spkg"},
        {.key = "e", .path = "e.spkg", .empty = true},
        {.key = "f", .path = "f", .origin = IV_ORIGIN_HISTORY},
        {.key = "g", .path = "g", .origin = IV_ORIGIN_HISTORY, .removal = true},
    };
    struct iv_set set;
    iv_set_build(packages, IV_COUNT(packages), arena, &set);
    static const char *const paths[] = {"b/a.cab", "c.spkg", "e/d.spkg", "e.spkg", "f"};
    if (CHECK_INT(set.count, IV_COUNT(paths))) {
        for (size_t i = 0; i < set.count; i++) {
            CHECK_STR(set.items[i]->path, paths[i]);
        }
    }
    CHECK(iv_set_find(&set, "a") == &packages[3]);
    CHECK(iv_set_find(&set, "f") == &packages[9]);
    CHECK(iv_set_find(&set, "b") == NULL);
    CHECK(iv_set_find(&set, "") == NULL);
    CHECK(iv_set_find(&set, "zz") == NULL);
    iv_set_build(NULL, 0, arena, &set);
    CHECK_INT(set.count, 0);
    CHECK(iv_set_find(&set, "a") == NULL);
}

static void test_missing(struct iv_arena *arena)
{
    const struct iv_package small[] = {
        {.key = "a", .owner_type = "OEM"},  {.key = "b", .owner_type = "Microsoft"}, {.key = "c"},
        {.key = "d", .owner_type = "what"}, {.key = "e", .owner_type = "microsoft"},
    };
    const struct iv_package large[] = {
        {.key = "e", .owner_type = "OEM"},
        {.key = "0"},
        {.key = "c", .owner_type = "Microsoft"},
        {.key = "x"},
    };
    struct iv_set smaller;
    struct iv_set larger;
    iv_set_build(small, IV_COUNT(small), arena, &smaller);
    iv_set_build(large, IV_COUNT(large), arena, &larger);
    const struct iv_package **missing = NULL;
    if (CHECK_INT(iv_set_missing(&larger, &smaller, false, arena, &missing), 2)) {
        CHECK_STR(missing[0]->key, "a");
        CHECK_STR(missing[1]->key, "d");
    }
    if (CHECK_INT(iv_set_missing(&larger, &smaller, true, arena, &missing), 3)) {
        CHECK_STR(missing[0]->key, "a");
        CHECK_STR(missing[1]->key, "b");
        CHECK_STR(missing[2]->key, "d");
    }
    struct iv_set none = {0};
    CHECK_INT(iv_set_missing(&none, &smaller, true, arena, &missing), 5);
    CHECK_INT(iv_set_missing(&larger, &none, true, arena, &missing), 0);
    CHECK_INT(iv_set_missing(&larger, &larger, true, arena, &missing), 0);
}

static void test_path_order(void)
{
    const struct iv_package packages[] = {
        {.path = NULL, .key = "b"},
        {.path = "a", .key = "a"},
        {.path = "a", .key = "b"},
        {.path = "b", .key = "a"},
        {.path = "a", .key = "a", .origin = IV_ORIGIN_HISTORY},
    };
    for (size_t i = 0; i < IV_COUNT(packages); i++) {
        for (size_t k = 0; k < IV_COUNT(packages); k++) {
            int order = iv_package_compare_path(&packages[i], &packages[k]);
            CHECK(i < k ? order < 0 : i > k ? order > 0 : order == 0);
        }
    }
}

/* A digest of one style of manifest is compared with one of the same style alone. */
static void test_contents(void)
{
    static const struct {
        struct iv_package a, b;
        bool differs;
    } pairs[] = {
        {{.content = "1"}, {.content = "2"}, true},
        {{.content = "1"}, {.content = "1"}, false},
        {{.content = "1"}, {0}, false},
        {{.content = "1", .style = IV_STYLE_SPKG}, {.content = "2", .style = IV_STYLE_SPKG}, true},
        {{.content = "1", .style = IV_STYLE_SPKG}, {.content = "2"}, true},
        {{.content = "1", .style = IV_STYLE_SPKG}, {.content = "2", .style = IV_STYLE_CBS}, false},
        {{.content = "1", .content_other = "2", .style = IV_STYLE_SPKG},
         {.content = "2", .style = IV_STYLE_CBS},
         false},
        {{.content = "1", .content_other = "3", .style = IV_STYLE_SPKG},
         {.content = "2", .style = IV_STYLE_CBS},
         true},
    };
    for (size_t i = 0; i < IV_COUNT(pairs); i++) {
        CHECK_INT(iv_package_content_differs(&pairs[i].a, &pairs[i].b), pairs[i].differs);
        CHECK_INT(iv_package_content_differs(&pairs[i].b, &pairs[i].a), pairs[i].differs);
    }
}

/* A set that was recorded before 0.2.0 has some packages under another key. */
static void test_old_keys(struct iv_arena *arena)
{
    static const struct iv_package with[] = {{.key = "a-package", .owner_type = "OEM"}};
    static const struct iv_package without[] = {{.key = "a", .owner_type = "OEM"}};
    static const struct iv_package other[] = {{.key = "b-package", .owner_type = "OEM"},
                                              {.key = "-package", .owner_type = "OEM"}};
    struct iv_set larger;
    struct iv_set smaller;
    const struct iv_package **missing;
    iv_set_build(with, 1, arena, &larger);
    iv_set_build(without, 1, arena, &smaller);
    CHECK_INT(iv_set_missing(&larger, &smaller, false, arena, &missing), 1);
    CHECK_INT(iv_set_missing(&smaller, &larger, false, arena, &missing), 1);
    smaller.has_old_keys = true;
    CHECK_INT(iv_set_missing(&larger, &smaller, false, arena, &missing), 0);
    CHECK_INT(iv_set_missing(&smaller, &larger, false, arena, &missing), 0);
    iv_set_build(other, 2, arena, &larger);
    CHECK_INT(iv_set_missing(&larger, &smaller, false, arena, &missing), 1);
    CHECK_INT(iv_set_missing(&smaller, &larger, false, arena, &missing), 2);
}

int main(void)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    test_stem(&arena);
    test_composed(&arena);
    test_key(&arena);
    test_twins(&arena);
    test_facts();
    test_set(&arena);
    test_missing(&arena);
    test_path_order();
    test_contents();
    test_old_keys(&arena);
    const char *real = getenv("IMGVAL_REAL");
    if (real != NULL) {
        test_real(&arena, real);
    }
    return unit_end();
}
