/* imgval/input/registry.c, gzip.c and device_info.c. */
#include "tests/unit/input_support.h"

#define KEY "[HKEY_LOCAL_MACHINE\\SYSTEM\\Platform\\DeviceTargetingInfo]\n"
#define HEADER "Windows Registry Editor Version 5.00\r\n\r\n"

static void read_bytes(struct bench *b, const char *bytes, size_t size)
{
    struct iv_document doc = bench_document(bytes, size);
    struct iv_metadata how = {.rank = IV_RANK_REGISTRY};
    iv_registry_read(&b->r, &doc, &how);
}

static void check_text(const char *text, const char *name, const char *value, size_t faults)
{
    BENCH(b);
    read_bytes(&b, text, strlen(text));
    CHECK_STR(bench_value(&b.facts, name), value);
    if (!CHECK_INT(b.facts.fault_count, faults)) {
        fprintf(stderr, "    in: %s\n", text);
        for (size_t i = 0; i < b.facts.fault_count; i++) {
            fprintf(stderr, "    %s\n", b.facts.faults[i].detail);
        }
    }
}

static void test_forms(void)
{
    static const char name[] = "PhoneManufacturer";
    check_text(HEADER KEY "\"PhoneManufacturer\"=\"A\"\r\n", name, "A", 0);
    check_text("REGEDIT4\n" KEY "\"PhoneManufacturer\"=\"A\"", name, "A", 0);
    check_text(KEY "\"phonemanufacturer\" = \" A \" ; why", name, " A ", 0);
    check_text("; c\r" KEY "  \"PhoneManufacturer\"=\"A\\\\B\\\"C\\n\"", name, "A\\B\"C\\n", 0);
    check_text("[hklm\\system\\platform\\devicetargetinginfo]\n\"PhoneManufacturer\"=\"A\"", name,
               "A", 0);
    check_text("[$(hklm.SYSTEM)\\Platform\\DeviceTargetingInfo] ; x]\n\"PhoneManufacturer\"=\"A\"",
               name, "A", 0);
    check_text(KEY "\"PhoneManufacturer\"=hex(1):41,00,\\\r\n  42,00,00,00\n", name, "AB", 0);
    check_text("REGEDIT4\n" KEY "\"PhoneManufacturer\"=hex(1):41,42,0\n", name, "AB", 0);
    check_text(KEY "\"PhoneManufacturer\"=hex(1):\n", name, "", 0);
    check_text(KEY "\"PhoneManufacturer\"=\"A\"\n\"PhoneManufacturer\"=\"B\"", name, "B", 0);
    check_text(KEY "@=\"x\"\n@=dword:1\n\"Foo\"=dword:00000001\n\"PhoneManufacturer\"=-\n", name,
               NULL, 0);
    check_text(HEADER KEY "\"PhoneManufacturer\"=\"A\"\n\xEF\xBB\xBF" HEADER "[X]\n", name, "A", 0);
    /* other keys do not count, and may be odd */
    check_text("[HKEY_LOCAL_MACHINE\\SYSTEM\\Platform]\n\"PhoneManufacturer\"=\"A\"\nrubbish\n"
               "\"x\"\n\"y\"=\"a\nb\"\n\"z\"=\"c\"d\n\"q\"=hex(7):zz",
               name, "", 0);
    check_text("[-HKEY_LOCAL_MACHINE\\SYSTEM\\Platform\\DeviceTargetingInfo]\n"
               "\"PhoneManufacturer\"=\"A\"",
               name, NULL, 0);
    check_text(KEY "\"PhoneManufacturer\"=\"A\"\n[-HKLM\\system]", name, NULL, 0);
    check_text(KEY "\"PhoneManufacturer\"=\"A\"\n[-HKLM\\System\\Platform\\]", name, NULL, 0);
    check_text(KEY "\"PhoneManufacturer\"=\"A\"\n[-HKLM\\SYSTEM\\Platform\\Device]", name, "A", 0);
    check_text(KEY "\"PhoneManufacturer\"=\"A\"\n[-HKLM\\SYSTEM\\Plat]", name, "A", 0);
    check_text(KEY "\"PhoneManufacturer\"=-\n\"PhoneManufacturer\"=\"A\"", name, "A", 0);
    check_text(KEY "\"PhoneManufacturer\"=\"A\"\n\"PhoneManufacturer\"=- ; x", name, NULL, 0);
    check_text("", name, "", 0);
    check_text(HEADER, name, "", 0);
}

/* Of several lines that are nothing the first one is named. */
static void test_stray_line(void)
{
    static const char text[] = "; a comment\nhello\nworld\nagain\n";
    BENCH(b);
    read_bytes(&b, text, strlen(text));
    CHECK_INT(b.facts.fault_count, 1);
    CHECK_INT(b.facts.faults[0].line, 2);
}

static void test_malformed(void)
{
    static const char name[] = "PhoneManufacturer";
    check_text("hello\nworld\n", name, "", 1);
    check_text(KEY "\"PhoneManufacturer\"=\"A", name, "", 1);
    check_text(KEY "\"PhoneManufacturer\"=\"A\nB\"", name, "", 1);
    check_text(KEY "\"PhoneManufacturer\"=\"A\"B", name, "", 1);
    check_text(KEY "\"PhoneManufacturer", name, "", 1);
    check_text(KEY "\"PhoneManufacturer\"", name, "", 1);
    check_text(KEY "rubbish\n\"PhoneManufacturer\"=\"A\"", name, "A", 1);
    check_text(KEY "\"PhoneManufacturer\"=dword:00000001", name, "", 1);
    /* what a value was before it became odd does not count any more */
    check_text(KEY "\"PhoneManufacturer\"=\"A\"\n\"PhoneManufacturer\"=dword:1", name, "", 1);
    check_text(KEY "\"PhoneManufacturer\"=\"A\"\n\"PhoneManufacturer\"=\"B\"C", name, "", 1);
    check_text(KEY "\"PhoneManufacturer\"=\"A\"\n\"PhoneManufacturer\"=\"B", name, "", 1);
    check_text(KEY "\"PhoneManufacturer\"=--", name, "", 1);
    check_text(KEY "\"PhoneManufacturer\"=hex(1):41,0", name, "A", 0);
    check_text(KEY "\"PhoneManufacturer\"=hex(1):41", name, "", 1);
    check_text(KEY "\"PhoneManufacturer\"=hex(1):4x,00", name, "", 1);
    check_text(KEY "\"PhoneManufacturer\"=hex(1):00,d8,00,00", name, "", 1);
    check_text(KEY "\"PhoneManufacturer\"=hex(1):41,00,00,00,41,00", name, "", 1);
    check_text("[HKEY_LOCAL_MACHINE\\SYSTEM\\Platform\\DeviceTargetingInfo\n"
               "\"PhoneManufacturer\"=\"A\"",
               name, "", 1);
    /* a string that would swallow the key */
    check_text("[X]\n\"a\"=\"b\n" KEY "\"PhoneManufacturer\"=\"A\"", name, "A", 1);
    BENCH(b);
    read_bytes(&b, "[\0]", 3);
    CHECK_INT(b.facts.fault_count, 1);
    CHECK_INT(b.facts.faults[0].kind, IV_FAULT_METADATA);
}

static void test_places(void)
{
    static const struct {
        const char *key;
        enum iv_registry_place place;
        enum iv_registry_place mounted; /* with any_root */
    } rows[] = {
        {"HKLM\\SYSTEM\\Platform\\DeviceTargetingInfo", IV_REGISTRY_TARGETING,
         IV_REGISTRY_TARGETING},
        {"hkey_local_machine\\System\\platform\\devicetargetinginfo\\", IV_REGISTRY_TARGETING,
         IV_REGISTRY_TARGETING},
        {"$(hklm.system)\\Platform\\DeviceTargetingInfo", IV_REGISTRY_TARGETING,
         IV_REGISTRY_TARGETING},
        {"HKLM\\RTSYSTEM\\Platform\\DeviceTargetingInfo", IV_REGISTRY_OTHER, IV_REGISTRY_TARGETING},
        {"HKU\\x\\Platform\\DeviceTargetingInfo", IV_REGISTRY_OTHER, IV_REGISTRY_TARGETING},
        {"HKLM\\SYSTEM", IV_REGISTRY_ABOVE, IV_REGISTRY_ABOVE},
        {"$(hklm.system)\\Platform", IV_REGISTRY_ABOVE, IV_REGISTRY_ABOVE},
        {"HKLM\\RTSYSTEM\\Platform", IV_REGISTRY_OTHER, IV_REGISTRY_ABOVE},
        {"HKLM", IV_REGISTRY_OTHER, IV_REGISTRY_OTHER},
        {"HKLM\\SYSTEM2\\Platform\\DeviceTargetingInfo2", IV_REGISTRY_OTHER, IV_REGISTRY_OTHER},
        {"HKLM\\A\\B\\Platform\\DeviceTargetingInfo", IV_REGISTRY_OTHER, IV_REGISTRY_OTHER},
        {"HKLM\\SYSTEM\\ControlSet001\\Platform\\DeviceTargetingInfo", IV_REGISTRY_OTHER,
         IV_REGISTRY_OTHER},
        {"HKLM\\SYSTEM\\Platform\\DeviceTargetingInfo\\Below", IV_REGISTRY_OTHER,
         IV_REGISTRY_OTHER},
        {"", IV_REGISTRY_OTHER, IV_REGISTRY_OTHER},
    };
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        CHECK_INT(iv_registry_place_of(rows[i].key, false), rows[i].place);
        CHECK_INT(iv_registry_place_of(rows[i].key, true), rows[i].mounted);
    }
}

static void widen(struct iv_buf *wide, const char *text, bool big, bool mark)
{
    if (mark) {
        iv_buf_add(wide, big ? "\xFE\xFF" : "\xFF\xFE", 2);
    }
    for (; *text != '\0'; text++) {
        iv_buf_putc(wide, big ? '\0' : *text);
        iv_buf_putc(wide, big ? *text : '\0');
    }
}

static void test_encodings(void)
{
    for (int i = 0; i < 4; i++) {
        BENCH(b);
        struct iv_buf wide IV_CLEANUP(iv_buf_fini) = {0};
        widen(&wide, HEADER KEY "\"PhoneManufacturer\"=\"A\"\r\n", (i & 1) != 0, (i & 2) != 0);
        read_bytes(&b, wide.data, wide.size);
        CHECK_STR(bench_value(&b.facts, "PhoneManufacturer"), "A");
        CHECK_INT(b.facts.fault_count, 0);
        BENCH(c);
        read_bytes(&c, wide.data, wide.size - 1);
        CHECK_INT(c.facts.fault_count, 1);
    }
    check_text("\xEF\xBB\xBF" KEY "\"PhoneManufacturer\"=\"\xC3\xA4\"", "PhoneManufacturer",
               "\xC3\xA4", 0);
    check_text(KEY "\"PhoneManufacturer\"=\"\xE4\"", "PhoneManufacturer", "\xE4", 0);
}

/* KEY and "PhoneManufacturer"="A", as gzip -9 packs them. */
static const unsigned char gzipped[] = {
    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x8B, 0xF6, 0xF0, 0x76, 0x8D,
    0x8C, 0xF7, 0xF1, 0x77, 0x76, 0xF4, 0x89, 0xF7, 0x75, 0x74, 0xF6, 0xF0, 0xF4, 0x73, 0x8D,
    0x09, 0x8E, 0x0C, 0x0E, 0x71, 0xF5, 0x8D, 0x09, 0xC8, 0x49, 0x2C, 0x49, 0xCB, 0x2F, 0xCA,
    0x8D, 0x71, 0x49, 0x2D, 0xCB, 0x4C, 0x4E, 0x0D, 0x49, 0x2C, 0x4A, 0x4F, 0x2D, 0xC9, 0xCC,
    0x4B, 0xF7, 0xCC, 0x4B, 0xCB, 0x8F, 0xE5, 0x52, 0x0A, 0xC8, 0xC8, 0xCF, 0x4B, 0xF5, 0x4D,
    0xCC, 0x2B, 0x4D, 0x4B, 0x4C, 0x2E, 0x29, 0x2D, 0x4A, 0x2D, 0x52, 0xB2, 0x55, 0x72, 0x54,
    0xE2, 0x02, 0x00, 0xF2, 0x1C, 0x64, 0x87, 0x51, 0x00, 0x00, 0x00,
};

static void test_gzip(void)
{
    unsigned char packed[sizeof(gzipped)];
    size_t size = sizeof(packed);
    memcpy(packed, gzipped, size);
    BENCH(b);
    read_bytes(&b, (const char *)packed, size);
    CHECK_STR(bench_value(&b.facts, "PhoneManufacturer"), "A");
    CHECK_INT(b.facts.fault_count, 0);
    BENCH(cut);
    read_bytes(&cut, (const char *)packed, size - 9);
    CHECK_INT(cut.facts.fault_count, 1);
    CHECK_STR(cut.facts.faults[0].detail, "the gzip data are cut off");
    BENCH(small);
    small.limits.metadata_size = 10;
    read_bytes(&small, (const char *)packed, size);
    CHECK_INT(small.facts.fault_count, 1);
    CHECK_INT(small.facts.faults[0].kind, IV_FAULT_LIMIT);
    packed[14] ^= 0xFF;
    BENCH(bad);
    read_bytes(&bad, (const char *)packed, size);
    CHECK_INT(bad.facts.fault_count, 1);
}

static void check_info(const char *text, const char *name, const char *value, size_t faults)
{
    BENCH(b);
    struct iv_document doc = bench_document(text, strlen(text));
    iv_device_info_read(&b.r, &doc);
    CHECK_STR(bench_value(&b.facts, name), value);
    CHECK_INT(b.facts.fault_count, faults);
    for (size_t i = 0; i < b.facts.datum_count; i++) {
        CHECK_INT(b.facts.data[i].rank, IV_RANK_FILE);
    }
}

static void test_device_info(void)
{
    check_info("# c\n\nphonemanufacturer=A B\r\nPhoneModelName=x", "PhoneManufacturer", "A B", 0);
    check_info("PhoneManufacturer= A", "PhoneManufacturer", " A", 0);
    check_info("PhoneManufacturer\nFoo=1\n=2\nPhoneModelName=x", "PhoneModelName", "x", 3);
    check_info("", "PhoneManufacturer", "", 1);
    check_info("; c\r\n\r\n[HKEY_LOCAL_MACHINE\\RTSYSTEM\\Platform\\DeviceTargetingInfo]\n"
               "\"PhoneManufacturer\"=\"A\"",
               "PhoneManufacturer", "A", 0);
    check_info(HEADER KEY "\"PhoneManufacturer\"=\"A\"", "PhoneManufacturer", "A", 0);
    check_info("<ImageCustomizations " IU "><Static><Settings Path=\"DeviceInfo/Static\"><Setting "
               "Name=\"PhoneManufacturer\" Value=\"A\"/></Settings></Static></ImageCustomizations>",
               "PhoneManufacturer", "A", 0);
    check_info("<Other/>", "PhoneManufacturer", "", 1);
}

static void test_real(const char *real)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    const char *path = iv_arena_printf(&arena, "%s/reg/jadeprimo.reg", real);
    SEEN_WITH(s, real, .device_info = path);
    int i = seen_find(&s, "jadeprimo.reg");
    if (CHECK(i >= 0)) {
        CHECK_INT(s.facts[i].fault_count, 0);
        CHECK_STR(bench_value(&s.facts[i], "PhoneFirmwareRevision"), "1078.241.00000.32800");
        CHECK_STR(bench_value(&s.facts[i], "PhoneManufacturer"), "ACERINC");
        CHECK_STR(bench_value(&s.facts[i], "PhoneManufacturerModelName"), "S58xWWxGEN1");
        CHECK_STR(bench_value(&s.facts[i], "PhoneMobileOperatorName"), "000-88");
    }
    static const char *const exports[] = {"Bitlocker", "ProductOptions", "USB"};
    for (size_t k = 0; k < IV_COUNT(exports); k++) {
        const char *file =
            iv_arena_printf(&arena, "%s/reg/ControlSet001_Control_%s.reg", real, exports[k]);
        SEEN_WITH(e, real, .device_info = file);
        int at = seen_find(&e, ".reg");
        CHECK(at >= 0 && e.facts[at].fault_count == 0 && e.facts[at].datum_count == 0);
    }
}

int main(void)
{
    test_forms();
    test_malformed();
    test_stray_line();
    test_places();
    test_encodings();
    test_gzip();
    test_device_info();
    const char *real = getenv("IMGVAL_REAL");
    if (real != NULL) {
        test_real(real);
    }
    return unit_end();
}
