/* imgval/input/answer.c: customization answer files. */
#include "tests/unit/input_support.h"

static void read_answer(struct bench *b, const char *body)
{
    const char *text =
        iv_arena_printf(&b->arena,
                        "<?xml version=\"1.0\"?>\n<ImageCustomizations " IU " Name=\"n\">%s"
                        "</ImageCustomizations>",
                        body);
    struct iv_document doc = bench_document(text, strlen(text));
    struct iv_metadata how = {.rank = IV_RANK_ANSWER};
    iv_answer_read(&b->r, &doc, &how);
}

static void test_values(void)
{
    BENCH(b);
    read_answer(
        &b, "<Targets><Target Id=\"t\"/></Targets><Static><Settings Path=\"deviceinfo/static\">"
            "<Setting Name=\"PhoneManufacturer\" Value=\"CONTOSO\"/>"
            "<Setting Name=\"Unknown\" Value=\"x\"/></Settings></Static>"
            "<Static><Settings Path=\"Other\"><Setting Name=\"PhoneFirmwareRevision\" "
            "Value=\"1.2.3.4\"/></Settings></Static>"
            "<Variant Name=\"na\"><TargetRefs/><Settings Path=\"DeviceInfo/Variant\">"
            "<Setting Name=\"PhoneMobileOperatorName\" Value=\"000-11\"/>"
            "<Setting Name=\"PhoneManufacturerModelName\" Value=\"CT_NA\"/></Settings></Variant>"
            "<Variant><Settings Path=\"DeviceInfo/Variant\">"
            "<Setting Name=\"PhoneMobileOperatorName\" Value=\"\"/></Settings></Variant>"
            "<Static><Settings><Setting Name=\"PhoneModelName\" Value=\"m\"/></Settings></Static>");
    CHECK_INT(b.facts.fault_count, 0);
    if (!CHECK_INT(b.facts.datum_count, 6)) {
        return;
    }
    CHECK_STR(b.facts.data[0].value, "CONTOSO");
    CHECK(b.facts.data[0].group == NULL);
    CHECK_STR(b.facts.data[0].source, "dir/file");
    CHECK_INT(b.facts.data[0].rank, IV_RANK_ANSWER);
    CHECK_STR(b.facts.data[1].name, "PhoneFirmwareRevision");
    CHECK_STR(b.facts.data[2].group, "dir/file: na");
    CHECK_STR(b.facts.data[3].group, "dir/file: na");
    CHECK_STR(b.facts.data[4].group, "dir/file: variant 2");
    CHECK_STR(b.facts.data[4].value, "");
    CHECK(b.facts.data[5].group == NULL);
}

static void test_malformed(void)
{
    BENCH(b);
    read_answer(&b, "<Static><Settings><Setting Name=\"PhoneManufacturer\" Value=\"A\"/>"
                    "<Setting Name=\"PhoneModelName\"/></Settings></Static>");
    CHECK_INT(b.facts.datum_count, 1);
    if (CHECK_INT(b.facts.fault_count, 1)) {
        CHECK_INT(b.facts.faults[0].kind, IV_FAULT_METADATA);
        CHECK_STR(b.facts.faults[0].detail, "the setting PhoneModelName has no Value");
    }
    BENCH(c);
    read_answer(&c, "<Static><Settings><Setting Name=\"PhoneManufacturer\" Value=\"A\"/>"
                    "</Settings></Oops>");
    CHECK_STR(bench_value(&c.facts, "PhoneManufacturer"), "A");
    CHECK_INT(c.facts.fault_count, 1);
    CHECK_INT(c.facts.faults[0].line, 2);
}

static void check_is(const char *text, bool wanted)
{
    CHECK(iv_answer_is(text, strlen(text)) == wanted);
}

static void test_is(void)
{
    check_is("<ImageCustomizations/>", true);
    check_is("\xEF\xBB\xBF<?xml version='1.0'?><!-- <x> --> <a:ImageCustomizations x='1'>", true);
    check_is("<FeatureManifest><!-- ImageCustomizations -->", false);
    check_is("<!-- ImageCustomizations", true); /* the root cannot be seen */
    check_is("<!-- nothing", false);
    check_is("", false);
    check_is("ImageCustomizations", true);
    check_is("text", false);
    /* Far more than is looked at. */
    char *much = malloc(1 << 20);
    memset(much, 'x', 1 << 20);
    CHECK(!iv_answer_is(much, 1 << 20));
    memcpy(much, "ImageCustomizations", 19);
    CHECK(iv_answer_is(much, 1 << 20));
    memset(much, 'x', 19);
    memcpy(much + (1 << 20) - 19, "ImageCustomizations", 19);
    CHECK(!iv_answer_is(much, 1 << 20));
    free(much);
    static const char wide[] =
        "\xFF\xFE<\0I\0m\0a\0g\0e\0C\0u\0s\0t\0o\0m\0i\0z\0a\0t\0i\0o\0n\0s\0>\0";
    CHECK(iv_answer_is(wide, sizeof(wide) - 1));
}

static void test_loose(void)
{
    TEMP(t);
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    temp_text(&t, &arena, "a.xml",
              "<ImageCustomizations " IU "><Static><Settings Path=\"DeviceInfo/Static\">"
              "<Setting Name=\"PhoneManufacturer\" Value=\"A\"/></Settings></Static>"
              "</ImageCustomizations>");
    temp_text(&t, &arena, "broken.xml", "<ImageCustomizations " IU "><x>");
    temp_text(&t, &arena, "fm.xml", "<FeatureManifest><broken");
    temp_text(&t, &arena, "empty.xml", "");
    SEEN(s, t.root);
    CHECK_INT(s.listing.item_count, 4);
    int a = seen_find(&s, "/a.xml");
    int broken = seen_find(&s, "/broken.xml");
    int fm = seen_find(&s, "/fm.xml");
    int empty = seen_find(&s, "/empty.xml");
    if (CHECK(a >= 0 && broken >= 0 && fm >= 0 && empty >= 0)) {
        CHECK_INT(s.listing.items[a].role, IV_ROLE_ANSWER);
        CHECK_STR(bench_value(&s.facts[a], "PhoneManufacturer"), "A");
        CHECK_INT(s.facts[broken].fault_count, 1);
        CHECK_INT(s.facts[fm].fault_count, 0);
        CHECK_INT(s.facts[empty].fault_count, 0);
    }
}

int main(void)
{
    test_values();
    test_malformed();
    test_is();
    test_loose();
    return unit_end();
}
