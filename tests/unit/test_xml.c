/*
 * The XML reader: what handlers get, and each family of hostile documents.
 * IMGVAL_REAL names a directory with real manifests (mum/); without it they are left out.
 */
#include "imgval/base/xml.h"

#include "imgval/base/buf.h"

#include "tests/unit/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS " xmlns=\"urn:p\""

/* What the handlers saw, as text: <path at the start tag with attributes, >path at the end. */
static void note_start(void *context, const struct iv_xml_element *element)
{
    struct iv_buf *log = context;
    iv_buf_printf(log, "<%llu", (unsigned long long)element->line);
    for (size_t i = 0; i < element->attribute_count; i++) {
        iv_buf_printf(log, " %s=%s", element->attributes[i].name, element->attributes[i].value);
    }
    iv_buf_puts(log, ";");
    CHECK_STR(element->text, "");
}

static void note_end(void *context, const struct iv_xml_element *element)
{
    struct iv_buf *log = context;
    iv_buf_printf(log, ">%llu [%s];", (unsigned long long)element->line, element->text);
    CHECK_INT(element->attribute_count, 0);
}

static void note_version(void *context, const struct iv_xml_element *element)
{
    struct iv_buf *log = context;
    const char *major = iv_xml_attribute(element, "Major");
    const char *minor = iv_xml_attribute(element, "Minor");
    iv_buf_printf(log, "version %s.%s;", major == NULL ? "-" : major, minor == NULL ? "-" : minor);
}

static const struct iv_xml_row rows[] = {
    {.path = "Package", .start = note_start},
    {.path = "Package/Identity", .start = note_start, .end = note_end},
    {.path = "Package/Identity/Owner", .end = note_end},
    {.path = "Package/Identity/Version", .start = note_version},
    {.path = "Package/Identity/Version", .start = note_start},
    {.path = "Package/Files", .once = true},
    {.path = "Package/Files/File/Name", .end = note_end},
    {.path = "Package/Files/File/Once", .start = note_start, .once = true},
};

static const char *const namespaces[] = {"urn:p", "urn:second", NULL};

static const struct iv_xml_table table = {
    .namespaces = namespaces,
    .rows = rows,
    .row_count = IV_COUNT(rows),
};

struct outcome {
    struct iv_arena arena;
    struct iv_buf log;
    struct iv_xml_error fault;
    size_t namespace_index;
    bool read;
};

static void outcome_fini(struct outcome *outcome)
{
    iv_buf_fini(&outcome->log);
    iv_arena_fini(&outcome->arena);
}

static void read_bytes(struct outcome *outcome, const char *bytes, size_t size)
{
    struct iv_limits limits = iv_limits_default();
    *outcome = (struct outcome){.namespace_index = 99};
    iv_arena_init(&outcome->arena);
    /* A copy of its own, so that a sanitizer sees a read past the end. */
    char *copy = malloc(size + (size == 0));
    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    const struct iv_xml_input input = {
        .bytes = copy, .size = size, .limits = &limits, .arena = &outcome->arena};
    outcome->read =
        iv_xml_read(&input, &table, &outcome->log, &outcome->namespace_index, &outcome->fault);
    free(copy);
    if (!outcome->read) {
        CHECK(outcome->fault.state != IV_XML_FINE && outcome->fault.detail != NULL);
        CHECK(outcome->fault.detail != NULL && strchr(outcome->fault.detail, '\n') == NULL);
        CHECK_INT(outcome->namespace_index, 99);
    }
}

static void check_log(const char *bytes, size_t size, const char *log)
{
    struct outcome outcome IV_CLEANUP(outcome_fini);
    read_bytes(&outcome, bytes, size);
    CHECK_STR(outcome.fault.detail, NULL);
    CHECK(outcome.read);
    CHECK_STR(iv_buf_text(&outcome.log), log);
}

static void check_text(const char *text, const char *log)
{
    check_log(text, strlen(text), log);
}

static void check_fault(const char *bytes, size_t size, enum iv_xml_state kind, uint64_t line,
                        const char *detail)
{
    struct outcome outcome IV_CLEANUP(outcome_fini);
    read_bytes(&outcome, bytes, size);
    CHECK(!outcome.read);
    CHECK_INT(outcome.fault.state, kind);
    CHECK_INT(outcome.fault.line, line);
    CHECK_STR(outcome.fault.detail, detail);
}

static void check_malformed(const char *text, uint64_t line, const char *detail)
{
    check_fault(text, strlen(text), IV_XML_MALFORMED, line, detail);
}

/* ----------------------------------------------------------------------------------- the tests */

static void test_matching(void)
{
    check_text("<Package" NS "/>", "<1;");
    check_text("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Package" NS " a='1'\n b=\"2\">\n"
               "<Identity\n x='&lt;&amp;&#38;&quot;\xC3\xA9'\n>a<Owner>Micro<!-- c -->soft"
               "<![CDATA[<&>]]>&amp;&#65;</Owner>b<?p i?>c<Other><Owner>no</Owner></Other>"
               "<Version Major='8' Minor='1'/>\n</Identity></Package>\n",
               "<2 a=1 b=2;<4 x=<&&\"\xC3\xA9;>6 [Microsoft<&>&A];<6 Major=8 Minor=1;version 8.1;"
               ">4 [abc\n];");
    /* Paths are from the root: an Owner elsewhere is none. */
    check_text("<Package" NS "><Owner>x</Owner><Files><Owner/><File><Name>\n</Name><Name/></File>"
               "<Identity/></Files></Package>",
               "<1;>1 [\n];>2 [];");
}

static void test_namespaces(void)
{
    const char *log = "<1;<1;>1 [];";
    check_text("<p:Package xmlns:p='urn:p'><p:Identity/></p:Package>", log);
    check_text("<Package" NS "><q:Identity xmlns:q='urn:p'/></Package>", log);
    check_text("<Package" NS " q:z='1' xmlns:q='urn:q'><Identity q:x='1'/></Package>", log);
    /* Elements of other namespaces, and what they hold, are passed over. */
    check_text("<Package" NS "><Identity xmlns=''/><q:Identity xmlns:q='urn:q'><Owner/>"
               "</q:Identity><Files xmlns='urn:second'><File xmlns='urn:p'><Name/></File></Files>"
               "</Package>",
               "<1;");
    struct outcome second IV_CLEANUP(outcome_fini);
    read_bytes(&second, "<Package xmlns='urn:second'/>", 29);
    CHECK(second.read);
    CHECK_INT(second.namespace_index, 1);
    check_malformed("<Package/>", 1, "root element <Package> has no namespace, expected urn:p");
    check_malformed("<Package xmlns='urn:P'/>", 1,
                    "root element <Package> is in namespace urn:P, expected urn:p");
    check_malformed("\n<assembly" NS "><a/></assembly>", 2,
                    "root element is <assembly>, expected <Package>");
    check_malformed("<p:Package/>", 1, "Namespace prefix p on Package is not defined");
    check_malformed("<Package" NS ">\n<a:b/></Package>", 2,
                    "Namespace prefix a on b is not defined");
    check_malformed("<Package" NS ">\n<b c:d=''/></Package>", 2,
                    "Namespace prefix c for d on b is not defined");
    check_text("<Package" NS " xmlns:x='not a URI' xmlns:y='relative'/>", "<1;");
}

static void test_not_well_formed(void)
{
    check_malformed("", 1, "the document is empty");
    check_malformed("\xEF\xBB\xBF", 1, "the document is empty");
    check_malformed("text", 1, "Start tag expected, '<' not found");
    check_malformed("<Package" NS ">\n<a></b></Package>", 2,
                    "Opening and ending tag mismatch: a line 2 and b");
    check_malformed("<Package" NS "/><Package" NS "/>", 1,
                    "Extra content at the end of the document");
    check_malformed("<Package" NS " a='1' a='2'/>", 1, "Attribute a redefined");
    check_malformed("<Package" NS ">&nbsp;</Package>", 1, "Entity 'nbsp' not defined");
    check_malformed("<Package" NS ">&#0;</Package>", 1, "xmlParseCharRef: invalid xmlChar value 0");
    check_malformed("<Package" NS ">\x01</Package>", 1, "PCDATA invalid Char value 1");
    check_malformed("<Package" NS "><a b='<'/></Package>", 1, "'<' inside a tag");
    check_malformed("<Package" NS "><!-- a", 1, "comment without an end");
    check_malformed("<Package" NS ">\n\n<a b='", 3, "tag without an end");
}

static void test_declarations(void)
{
    static const char refused[] = "document type declarations are not allowed";
    check_malformed("<?xml version='1.0'?>\n<!DOCTYPE Package [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b "
                    "'&a;&a;&a;&a;&a;&a;'>]>\n<Package" NS ">&b;</Package>",
                    2, refused);
    check_malformed("<!DOCTYPE Package SYSTEM 'file:///etc/passwd'><Package" NS "/>", 1, refused);
    check_malformed("<!-- > --><!DOCTYPE Package [<!ENTITY x SYSTEM 'http://127.0.0.1/'>]>"
                    "<Package" NS ">&x;</Package>",
                    1, refused);
    check_malformed("<!doctype html><Package" NS "/>", 1, refused);
    check_malformed("<Package" NS "><!DOCTYPE x></Package>", 1, refused);
    check_malformed("<Package" NS "><!ELEMENT x></Package>", 1,
                    "markup declarations are not allowed");
    /* No declaration where none can be. */
    check_text("<!-- <!DOCTYPE x> --><?p <!DOCTYPE x> ?><Package" NS
               "><Identity><![CDATA[<!DOCTYPE "
               "x>]]></Identity></Package>",
               "<1;<1;>1 [<!DOCTYPE x>];");
    /* What hides it from one reader must stop the other: a CDATA section before the root. */
    check_malformed("<![CDATA[ ]]><!DOCTYPE Package><Package" NS "/>", 1, refused);
    check_malformed("<![CDATA[<!DOCTYPE Package []>]]><Package" NS "/>", 1,
                    "StartTag: invalid element name");
}

static void repeat(struct iv_buf *buf, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        iv_buf_puts(buf, text);
    }
}

static void test_limits(void)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    iv_buf_puts(&buf, "<Package" NS ">\n");
    repeat(&buf, "<a>", 63);
    repeat(&buf, "</a>", 63);
    iv_buf_puts(&buf, "</Package>");
    check_log(buf.data, buf.size, "<1;");
    iv_buf_clear(&buf);
    iv_buf_puts(&buf, "<Package" NS ">\n");
    repeat(&buf, "<a>", 1000000);
    check_fault(buf.data, buf.size, IV_XML_LIMIT, 2, "XML depth over the limit of 64 levels");

    iv_buf_clear(&buf);
    iv_buf_puts(&buf, "<Package" NS ">\n<a");
    for (unsigned i = 0; i < 40000; i++) {
        iv_buf_printf(&buf, " a%u=''", i);
    }
    iv_buf_puts(&buf, "/></Package>");
    clock_t start = clock();
    check_fault(buf.data, buf.size, IV_XML_LIMIT, 2,
                "XML attributes in a tag over the limit of 256");
    CHECK(clock() - start < CLOCKS_PER_SEC / 2);

    iv_buf_clear(&buf);
    iv_buf_puts(&buf, "<Package" NS ">\n<a b='");
    repeat(&buf, "x", 65536);
    iv_buf_puts(&buf, "'/></Package>");
    check_fault(buf.data, buf.size, IV_XML_LIMIT, 2, "XML tag over the limit of 65536 bytes");

    iv_buf_clear(&buf);
    iv_buf_puts(&buf, "<Package" NS "><Identity");
    for (unsigned i = 0; i < 256; i++) {
        iv_buf_printf(&buf, " a%u='&amp;'", i);
    }
    iv_buf_puts(&buf, "/></Package>");
    struct outcome outcome IV_CLEANUP(outcome_fini);
    read_bytes(&outcome, buf.data, buf.size);
    CHECK(outcome.read);
    CHECK(strstr(iv_buf_text(&outcome.log), " a0=& a1=& ") != NULL);
    CHECK(strstr(iv_buf_text(&outcome.log), " a255=&;") != NULL);
}

static void add_utf16(struct iv_buf *buf, const char *text, bool big)
{
    for (; *text != '\0'; text++) {
        iv_buf_putc(buf, big ? '\0' : *text);
        iv_buf_putc(buf, big ? *text : '\0');
    }
}

static void test_utf16(void)
{
    for (unsigned i = 0; i < 4; i++) {
        bool big = i % 2 != 0;
        struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
        if (i >= 2) {
            iv_buf_add(&buf, big ? "\xFE\xFF" : "\xFF\xFE", 2);
        }
        add_utf16(&buf, "<?xml version='1.0' encoding='UTF-16'?>\n<Package" NS ">\n<Identity>",
                  big);
        iv_buf_add(&buf, big ? "\x00\xE9" : "\xE9\x00", 2);
        add_utf16(&buf, "</Identity></Package>", big);
        check_log(buf.data, buf.size, "<2;<3;>3 [\xC3\xA9];");
        check_fault(buf.data, buf.size - 1, IV_XML_MALFORMED, 1, "invalid UTF-16");
        iv_buf_add(&buf, big ? "\xD8\x00" : "\x00\xD8", 2);
        check_fault(buf.data, buf.size, IV_XML_MALFORMED, 3, "invalid UTF-16");
    }
}

static void test_encodings(void)
{
    static const char *const fine[] = {"utf-8", "UTF8", "US-ASCII", "iso-8859-1", "windows-1252"};
    static const char form[] =
        "<?xml version=\"1.0\" encoding = '%s'?>\n<Package" NS ">%s</Package>";
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < IV_COUNT(fine); i++) {
        iv_buf_clear(&buf);
        iv_buf_printf(&buf, form, fine[i], "");
        check_log(buf.data, buf.size, "<2;");
    }
    static const struct {
        const char *name;
        const char *text;
        enum iv_xml_state kind;
        const char *detail;
    } cases[] = {
        {"utf-16", "", IV_XML_MALFORMED, "declared encoding utf-16, the bytes are not UTF-16"},
        {"EBCDIC-CP-US", "", IV_XML_UNSUPPORTED, "declared encoding EBCDIC-CP-US"},
        {"utf-7", "+ADw-a+AD4-", IV_XML_UNSUPPORTED, "declared encoding utf-7"},
        {"windows-1252", "\xC3\xA9", IV_XML_UNSUPPORTED,
         "declared encoding windows-1252, the bytes are not ASCII"},
    };
    for (size_t i = 0; i < IV_COUNT(cases); i++) {
        iv_buf_clear(&buf);
        iv_buf_printf(&buf, form, cases[i].name, cases[i].text);
        check_fault(buf.data, buf.size, cases[i].kind, 1, cases[i].detail);
    }
    check_malformed("<Package" NS ">\n\xE9t\xE9</Package>", 2, "invalid UTF-8: byte 0xe9");
    check_malformed("<Package" NS ">\xC0\xAF</Package>", 1, "invalid UTF-8: byte 0xc0");
    check_malformed("<Package" NS ">\xED\xA0\x80</Package>", 1, "invalid UTF-8: byte 0xed");
    check_malformed("<Package" NS ">\xEF\xBF\xBF</Package>", 1, "Char 0xFFFF out of allowed range");
    check_fault("<Package" NS ">\n\0</Package>", 34, IV_XML_MALFORMED, 2, "NUL byte");
    check_text("\xEF\xBB\xBF<Package" NS "/>", "<1;");
}

static void test_truncated(void)
{
    static const char text[] =
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Package" NS " a=\"&lt;\"><!-- c -->\n"
        "<Identity><Owner><![CDATA[x]]>&amp;\xC3\xA9</Owner><?p i?></Identity></Package>";
    check_log(text, sizeof(text) - 1, "<2 a=<;<3;>3 [x&\xC3\xA9];>3 [];");
    for (size_t size = 0; size < sizeof(text) - 1; size++) {
        struct outcome outcome IV_CLEANUP(outcome_fini);
        read_bytes(&outcome, text, size);
        CHECK(!outcome.read);
        CHECK_INT(outcome.fault.state, IV_XML_MALFORMED);
    }
    char copy[sizeof(text)];
    for (size_t bit = 0; bit < (sizeof(text) - 1) * 8; bit++) {
        memcpy(copy, text, sizeof(text));
        copy[bit / 8] ^= (char)(1 << bit % 8);
        struct outcome outcome IV_CLEANUP(outcome_fini);
        read_bytes(&outcome, copy, sizeof(text) - 1);
    }
}

/* ------------------------------------------------------------------------------ real manifests */

struct identity {
    char name[256];
    char version[64];
};

static void take_identity(void *context, const struct iv_xml_element *element)
{
    struct identity *identity = context;
    const char *name = iv_xml_attribute(element, "name");
    const char *version = iv_xml_attribute(element, "version");
    snprintf(identity->name, sizeof(identity->name), "%s", name == NULL ? "" : name);
    snprintf(identity->version, sizeof(identity->version), "%s", version == NULL ? "" : version);
}

static void check_real(const char *path, const char *file_name)
{
    static const char *const asm_v3[] = {"urn:schemas-microsoft-com:asm.v3", NULL};
    static const struct iv_xml_row mum_rows[] = {
        {.path = "assembly/assemblyIdentity", .start = take_identity},
    };
    static const struct iv_xml_table mum = {.namespaces = asm_v3, .rows = mum_rows, .row_count = 1};
    struct iv_buf bytes IV_CLEANUP(iv_buf_fini) = {0};
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return;
    }
    char chunk[4096];
    for (size_t got; (got = fread(chunk, 1, sizeof(chunk), file)) > 0;) {
        iv_buf_add(&bytes, chunk, got);
    }
    (void)fclose(file);
    struct iv_limits limits = iv_limits_default();
    struct iv_arena arena;
    iv_arena_init(&arena);
    struct identity identity = {0};
    struct iv_xml_error fault = {0};
    size_t namespace_index;
    const struct iv_xml_input input = {
        .bytes = iv_buf_text(&bytes), .size = bytes.size, .limits = &limits, .arena = &arena};
    bool read = iv_xml_read(&input, &mum, &identity, &namespace_index, &fault);
    CHECK_STR(fault.detail, NULL);
    CHECK(read && identity.version[0] != '\0');
    CHECK(strncmp(file_name, identity.name, strlen(identity.name)) == 0);
    iv_arena_fini(&arena);
}

static void test_real(void)
{
    const char *real = getenv("IMGVAL_REAL");
    char path[4096];
    snprintf(path, sizeof(path), "%s/mum", real == NULL ? "" : real);
    DIR *dir = real == NULL ? NULL : opendir(path);
    if (dir == NULL) {
        return;
    }
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        snprintf(path, sizeof(path), "%s/mum/%s", real, entry->d_name);
        if (strstr(entry->d_name, ".mum") != NULL) {
            check_real(path, entry->d_name);
        }
    }
    (void)closedir(dir);
}

/* What may stand once may stand once in each element that holds it. The pass goes on over a second
 * one, which is not looked at; a document that is not well-formed after it says so instead. */
static void test_once(void)
{
    check_text("<Package" NS "><Files><File><Once/></File>\n<File><Once/></File></Files></Package>",
               "<1;<1;<2;");
    check_malformed("<Package" NS "><Files/>\n<Files><File><Name/></File></Files></Package>", 2,
                    "<Files> stands more than once");
    check_malformed("<Package" NS
                    "><Files><File><Once/>\n\n<Once/><Once/></File></Files></Package>",
                    3, "<Once> stands more than once");
    struct outcome outcome IV_CLEANUP(outcome_fini);
    static const char text[] =
        "<Package" NS "><Files><File><Once x='1'/><Once x='2'><Name>no</Name>"
        "</Once><Name>yes</Name></File></Files></Package>";
    read_bytes(&outcome, text, sizeof(text) - 1);
    CHECK(!outcome.read);
    CHECK_STR(iv_buf_text(&outcome.log), "<1;<1 x=1;>1 [yes];");
}

/* With is_mixed the elements below the root may be in any namespace of the table. */
static void test_mixed(void)
{
    static const char text[] = "<Package xmlns=\"urn:p\" xmlns:s=\"urn:second\" xmlns:o=\"urn:o\">"
                               "<s:Identity/><o:Identity/></Package>";
    for (int mixed = 0; mixed < 2; mixed++) {
        struct iv_xml_table either = table;
        either.is_mixed = mixed == 1;
        struct iv_arena arena IV_CLEANUP(iv_arena_fini);
        iv_arena_init(&arena);
        struct iv_buf log IV_CLEANUP(iv_buf_fini) = {0};
        const struct iv_limits limits = iv_limits_default();
        struct iv_xml_error error = {0};
        size_t space;
        const struct iv_xml_input input = {
            .bytes = text, .size = sizeof(text) - 1, .limits = &limits, .arena = &arena};
        CHECK(iv_xml_read(&input, &either, &log, &space, &error));
        CHECK_STR(iv_buf_text(&log), mixed == 1 ? "<1;<1;>1 [];" : "<1;");
    }
}

static void note_unknown(void *context, const char *name, uint64_t line)
{
    iv_buf_printf(context, "?%s@%u;", name, (unsigned)line);
}

/* What the table has no row for is reported, once, and what it holds is not looked at. */
static void test_unknown(void)
{
    static const char text[] = "<Package xmlns=\"urn:p\" xmlns:o=\"urn:o\">\n"
                               "<Identity><Owner>x</Owner>\n<Owners><Owner/></Owners></Identity>"
                               "<o:Identity/>\n\n<Files\n><Identity/></Files></Package>";
    struct iv_xml_table telling = table;
    telling.unknown = note_unknown;
    struct iv_arena arena IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&arena);
    struct iv_buf log IV_CLEANUP(iv_buf_fini) = {0};
    const struct iv_limits limits = iv_limits_default();
    struct iv_xml_error error = {0};
    size_t space;
    const struct iv_xml_input input = {
        .bytes = text, .size = sizeof(text) - 1, .limits = &limits, .arena = &arena};
    CHECK(iv_xml_read(&input, &telling, &log, &space, &error));
    CHECK(strstr(iv_buf_text(&log), "?Owners@3;") != NULL);
    CHECK(strstr(iv_buf_text(&log), "?Identity@3;") != NULL);
    CHECK(strstr(iv_buf_text(&log), "?Identity@6;") != NULL);
    CHECK(strstr(iv_buf_text(&log), "?Owner@") == NULL);
}

int main(void)
{
    test_once();
    test_mixed();
    test_unknown();
    test_matching();
    test_namespaces();
    test_not_well_formed();
    test_declarations();
    test_limits();
    test_utf16();
    test_encodings();
    test_truncated();
    test_real();
    return unit_end();
}
