/* Device values: names, precedence, conflicts, variants and their groups. */
#include "imgval/base/attr.h"
#include "imgval/model/device.h"
#include "tests/unit/unit.h"

#include <stdlib.h>

#define OEM IV_PHONE_MANUFACTURER
#define MODEL IV_PHONE_MODEL_NAME
#define OPERATOR IV_PHONE_OPERATOR_NAME
#define REVISION IV_PHONE_FIRMWARE_REVISION

#define AT(rank_, name_, value_, source_)                                                          \
    {                                                                                              \
        .name = (name_), .value = (value_), .source = (source_), .rank = IV_RANK_##rank_           \
    }
#define IN(rank_, name_, value_, source_, group_)                                                  \
    {                                                                                              \
        .name = (name_), .value = (value_), .source = (source_), .rank = IV_RANK_##rank_,          \
        .group = (group_)                                                                          \
    }

static const char *shown(const char *value)
{
    return value == NULL ? "(null)" : value; /* deleted */
}

/* One line for each part of a device: "=Name:value@source", "!..." overridden, "#..." conflicts,
 * "+oem/operator/model" POPs. */
static void describe(const struct iv_device *device, struct iv_arena *arena, char *ret_text,
                     size_t size)
{
    size_t at = 0;
    ret_text[0] = '\0';
#define ADD(...) (at += (size_t)snprintf(ret_text + at, size - at, __VA_ARGS__))
    for (size_t i = 0; i < device->value_count; i++) {
        const struct iv_datum *d = &device->values[i];
        ADD("=%s:%s@%s ", d->name, d->value, d->source);
    }
    for (size_t i = 0; i < device->overridden_count; i++) {
        const struct iv_device_conflict *c = &device->overridden[i];
        ADD("!%s@%s<%s@%s ", shown(c->other->value), c->other->source, shown(c->winner->value),
            c->winner->source);
    }
    for (size_t i = 0; i < device->conflict_count; i++) {
        const struct iv_device_conflict *c = &device->conflicts[i];
        ADD("#%s@%s|%s@%s ", shown(c->winner->value), c->winner->source, shown(c->other->value),
            c->other->source);
    }
    struct iv_pop *pops;
    size_t count;
    iv_device_pops(device, arena, &pops, &count);
    for (size_t i = 0; i < count; i++) {
        ADD("+%s/%s/%s ", pops[i].oem, pops[i].mobile_operator, pops[i].model);
    }
    ADD("%s", iv_device_has_gap(device, IV_PHONE_MODEL_NAME) ? "?model " : "");
    ADD("%s", iv_device_has_gap(device, IV_PHONE_OPERATOR_NAME) ? "?operator " : "");
#undef ADD
    if (at > 0) {
        ret_text[at - 1] = '\0';
    }
}

struct row {
    const char *what;
    const char *wanted;
    struct iv_datum data[10];
};

static const struct row rows[] = {
    {"nothing", "", {{0}}},
    {"one source",
     "=PhoneFirmwareRevision:1.0.0.0@h =PhoneManufacturer:C@h =PhoneManufacturerModelName:M@h "
     "=PhoneMobileOperatorName:000-88@h +C/000-88/M",
     {AT(HIVE, OEM, "C", "h"), AT(HIVE, MODEL, "M", "h"), AT(HIVE, OPERATOR, "000-88", "h"),
      AT(HIVE, REVISION, "1.0.0.0", "h")}},
    {"names in any case", "=PhoneManufacturer:C@h", {AT(HIVE, "phoneMANUFACTURER", "C", "h")}},
    {"a higher rank wins; a lower one that agrees is silent",
     "=PhoneFirmwareRevision:1@opt !2@hive<1@opt !3@r<1@opt",
     {AT(REGISTRY, REVISION, "3", "r"), AT(OPTION, REVISION, "1", "opt"),
      AT(HIVE, REVISION, "2", "hive"), AT(ANSWER, REVISION, "1", "a")}},
    {"every rank in order",
     "=PhoneModelName:o@o !f@f<o@o !h@h<o@o !t@t<o@o !r@r<o@o !a@a<o@o",
     {AT(ANSWER, "PhoneModelName", "a", "a"), AT(REGISTRY, "PhoneModelName", "r", "r"),
      AT(TARGETING, "PhoneModelName", "t", "t"), AT(HIVE, "PhoneModelName", "h", "h"),
      AT(FILE, "PhoneModelName", "f", "f"), AT(OPTION, "PhoneModelName", "o", "o")}},
    {"sources that agree: the first by name",
     "=PhoneFirmwareRevision:1@a",
     {AT(HIVE, REVISION, "1", "b"), AT(HIVE, REVISION, "1", "a")}},
    {"equal rank, other value",
     "=PhoneFirmwareRevision:1@b =PhoneFirmwareRevision:2@a #2@a|1@b",
     {AT(HIVE, REVISION, "1", "b"), AT(HIVE, REVISION, "2", "a")}},
    {"01 is not 1: versions are compared as texts",
     "=PhoneFirmwareRevision:01@b =PhoneFirmwareRevision:1@a #1@a|01@b",
     {AT(HIVE, REVISION, "01", "b"), AT(HIVE, REVISION, "1", "a")}},
    {"one source, two firmware versions",
     "=PhoneFirmwareRevision:1@a =PhoneFirmwareRevision:2@a #1@a|2@a",
     {AT(HIVE, REVISION, "2", "a"), AT(HIVE, REVISION, "1", "a")}},
    {"a conflict below is only overridden, once for each source",
     "=PhoneFirmwareRevision:9@o !2@a<9@o !1@b<9@o",
     {AT(HIVE, REVISION, "1", "b"), AT(HIVE, REVISION, "2", "a"), AT(HIVE, REVISION, "3", "a"),
      AT(OPTION, REVISION, "9", "o")}},
    {"case alone makes no other manufacturer; the first source spells it",
     "=PhoneManufacturer:Contoso@a =PhoneManufacturerModelName:ct-1@a "
     "=PhoneMobileOperatorName:att-us@b +Contoso/att-us/ct-1",
     {AT(HIVE, OEM, "CONTOSO", "b"), AT(HIVE, OEM, "Contoso", "a"), AT(HIVE, MODEL, "CT-1", "b"),
      AT(HIVE, MODEL, "ct-1", "a"), AT(HIVE, OPERATOR, "ATT-US", "c"),
      AT(HIVE, OPERATOR, "att-us", "b"), AT(ANSWER, OEM, "contoso", "x")}},
    {"two manufacturers: no POPs",
     "=PhoneManufacturer:A@a =PhoneManufacturer:B@b =PhoneManufacturerModelName:M@a "
     "=PhoneMobileOperatorName:O@a #A@a|B@b",
     {AT(HIVE, OEM, "B", "b"), AT(HIVE, OEM, "A", "a"), AT(HIVE, MODEL, "M", "a"),
      AT(HIVE, OPERATOR, "O", "a")}},
    {"a conflict about the version leaves the POPs",
     "=PhoneFirmwareRevision:1@a =PhoneFirmwareRevision:2@a =PhoneManufacturer:A@a "
     "=PhoneManufacturerModelName:M@a =PhoneMobileOperatorName:O@a #1@a|2@a +A/O/M",
     {AT(HIVE, OEM, "A", "a"), AT(HIVE, MODEL, "M", "a"), AT(HIVE, OPERATOR, "O", "a"),
      AT(HIVE, REVISION, "1", "a"), AT(HIVE, REVISION, "2", "a")}},
    {"variants from one source: the cross product",
     "=PhoneManufacturer:A@a =PhoneManufacturerModelName:M1@a =PhoneManufacturerModelName:M2@a "
     "=PhoneMobileOperatorName:O1@a =PhoneMobileOperatorName:O2@a "
     "+A/O1/M1 +A/O1/M2 +A/O2/M1 +A/O2/M2",
     {AT(HIVE, MODEL, "M2", "a"), AT(HIVE, OPERATOR, "O2", "a"), AT(HIVE, OEM, "A", "a"),
      AT(HIVE, MODEL, "M1", "a"), AT(HIVE, OPERATOR, "O1", "a")}},
    {"sources of one rank with the same variants agree",
     "=PhoneMobileOperatorName:O1@a =PhoneMobileOperatorName:O2@a",
     {AT(HIVE, OPERATOR, "O2", "b"), AT(HIVE, OPERATOR, "O1", "b"), AT(HIVE, OPERATOR, "O1", "a"),
      AT(HIVE, OPERATOR, "O2", "a"), AT(HIVE, OPERATOR, "o2", "a")}},
    {"sources of one rank with other variants conflict",
     "=PhoneMobileOperatorName:O1@a =PhoneMobileOperatorName:O2@a #O2@a|O1@b",
     {AT(HIVE, OPERATOR, "O1", "b"), AT(HIVE, OPERATOR, "O1", "a"), AT(HIVE, OPERATOR, "O2", "a")}},
    {"each such source once",
     "=PhoneMobileOperatorName:O1@a =PhoneMobileOperatorName:O2@b =PhoneMobileOperatorName:O3@b "
     "#O1@a|O2@b #O1@a|O2@c",
     {AT(HIVE, OPERATOR, "O1", "a"), AT(HIVE, OPERATOR, "O2", "b"), AT(HIVE, OPERATOR, "O3", "b"),
      AT(HIVE, OPERATOR, "O1", "c"), AT(HIVE, OPERATOR, "O2", "c")}},
    {"options add up",
     "=PhoneManufacturer:A@--manufacturer =PhoneManufacturerModelName:M@--model "
     "=PhoneMobileOperatorName:O1@--operator =PhoneMobileOperatorName:O2@--operator#2 "
     "!O3@h<O1@--operator +A/O1/M +A/O2/M",
     {AT(OPTION, OPERATOR, "O1", "--operator"), AT(OPTION, OPERATOR, "O2", "--operator#2"),
      AT(OPTION, OEM, "A", "--manufacturer"), AT(OPTION, MODEL, "M", "--model"),
      AT(HIVE, OPERATOR, "O3", "h")}},
    {"a lower source with fewer variants says otherwise, too",
     "=PhoneMobileOperatorName:O1@a =PhoneMobileOperatorName:O2@a !O2@r<O1@a",
     {AT(HIVE, OPERATOR, "O1", "a"), AT(HIVE, OPERATOR, "O2", "a"),
      AT(REGISTRY, OPERATOR, "O2", "r")}},
    {"groups belong together",
     "=PhoneManufacturer:A@x =PhoneManufacturerModelName:M1@x =PhoneManufacturerModelName:M2@x "
     "=PhoneMobileOperatorName:O1@x =PhoneMobileOperatorName:O2@x +A/O1/M1 +A/O2/M2",
     {AT(ANSWER, OEM, "A", "x"), IN(ANSWER, OPERATOR, "O1", "x", "v1"),
      IN(ANSWER, MODEL, "M1", "x", "v1"), IN(ANSWER, OPERATOR, "O2", "x", "v2"),
      IN(ANSWER, MODEL, "M2", "x", "v2")}},
    {"one model in two groups stands once and pairs twice",
     "=PhoneManufacturer:A@x =PhoneManufacturerModelName:M@x =PhoneMobileOperatorName:O1@x "
     "=PhoneMobileOperatorName:O2@x +A/O1/M +A/O2/M",
     {AT(ANSWER, OEM, "A", "x"), IN(ANSWER, OPERATOR, "O1", "x", "v1"),
      IN(ANSWER, MODEL, "M", "x", "v1"), IN(ANSWER, OPERATOR, "O2", "x", "v2"),
      IN(ANSWER, MODEL, "M", "x", "v2")}},
    {"a group's missing part is the static one; static ones pair, too",
     "=PhoneManufacturer:A@x =PhoneManufacturerModelName:M0@x =PhoneManufacturerModelName:M2@x "
     "=PhoneMobileOperatorName:O0@x =PhoneMobileOperatorName:O1@x =PhoneMobileOperatorName:O2@x "
     "+A/O0/M0 +A/O1/M0 +A/O2/M2",
     {AT(ANSWER, OEM, "A", "x"), AT(ANSWER, MODEL, "M0", "x"), AT(ANSWER, OPERATOR, "O0", "x"),
      IN(ANSWER, OPERATOR, "O1", "x", "v1"), IN(ANSWER, OPERATOR, "O2", "x", "v2"),
      IN(ANSWER, MODEL, "M2", "x", "v2")}},
    {"groups that name one part each, nothing static: none takes another's",
     "=PhoneManufacturer:A@x =PhoneManufacturerModelName:M1@x =PhoneManufacturerModelName:M2@x "
     "=PhoneMobileOperatorName:O1@x ?model ?operator",
     {AT(ANSWER, OEM, "A", "x"), IN(ANSWER, OPERATOR, "O1", "x", "v1"),
      IN(ANSWER, MODEL, "M1", "x", "v2"), IN(ANSWER, MODEL, "M2", "x", "v3")}},
    {"one group has both, the other takes none",
     "=PhoneManufacturer:A@x =PhoneManufacturerModelName:M1@x =PhoneMobileOperatorName:O1@x "
     "=PhoneMobileOperatorName:O2@x +A/O1/M1 ?model",
     {AT(ANSWER, OEM, "A", "x"), IN(ANSWER, OPERATOR, "O1", "x", "v1"),
      IN(ANSWER, MODEL, "M1", "x", "v1"), IN(ANSWER, OPERATOR, "O2", "x", "v2")}},
    {"a group that names a model alone before one that names an operator alone",
     "=PhoneManufacturer:A@x =PhoneManufacturerModelName:M0@x =PhoneManufacturerModelName:M1@x "
     "=PhoneMobileOperatorName:O0@x =PhoneMobileOperatorName:O2@x +A/O0/M0 +A/O0/M1 +A/O2/M0",
     {AT(ANSWER, OEM, "A", "x"), AT(ANSWER, MODEL, "M0", "x"), AT(ANSWER, OPERATOR, "O0", "x"),
      IN(ANSWER, MODEL, "M1", "x", "v1"), IN(ANSWER, OPERATOR, "O2", "x", "v2")}},
    {"groups of several files add up",
     "=PhoneManufacturer:A@x =PhoneManufacturerModelName:M@y =PhoneMobileOperatorName:O1@y "
     "=PhoneMobileOperatorName:O2@z +A/O1/M +A/O2/M",
     {AT(ANSWER, OEM, "A", "x"), IN(ANSWER, OPERATOR, "O1", "y", "v"),
      IN(ANSWER, MODEL, "M", "y", "v"), IN(ANSWER, OPERATOR, "O2", "z", "v"),
      IN(ANSWER, MODEL, "M", "z", "v")}},
    {"static values of several files do not",
     "=PhoneMobileOperatorName:O1@y =PhoneMobileOperatorName:O2@z =PhoneMobileOperatorName:O3@z "
     "#O1@y|O2@z ?model",
     {AT(ANSWER, OPERATOR, "O1", "y"), AT(ANSWER, OPERATOR, "O2", "z"),
      IN(ANSWER, OPERATOR, "O3", "z", "v")}},
    {"an option overrides the operators of groups and pairs with their models",
     "=PhoneManufacturer:A@x =PhoneManufacturerModelName:M1@x =PhoneManufacturerModelName:M2@x "
     "=PhoneMobileOperatorName:O9@o !O1@x<O9@o +A/O9/M1 +A/O9/M2",
     {AT(ANSWER, OEM, "A", "x"), IN(ANSWER, OPERATOR, "O1", "x", "v1"),
      IN(ANSWER, MODEL, "M1", "x", "v1"), IN(ANSWER, MODEL, "M2", "x", "v2"),
      AT(OPTION, OPERATOR, "O9", "o")}},
    {"an empty text is a value, but no part of a POP",
     "=PhoneManufacturer:@x =PhoneManufacturerModelName:M@x =PhoneMobileOperatorName:O@x",
     {AT(HIVE, OEM, "", "x"), AT(HIVE, MODEL, "M", "x"), AT(HIVE, OPERATOR, "O", "x")}},
    {"blanks count",
     "=PhoneManufacturer:A@a =PhoneManufacturer:A @b #A@a|A @b",
     {AT(HIVE, OEM, "A", "a"), AT(HIVE, OEM, "A ", "b")}},
    {"data without a name are nothing",
     "=PhoneManufacturer:A@",
     {AT(HIVE, OEM, "A", NULL), AT(HIVE, NULL, "B", "b")}},
    {"a deletion by the source in force: no value",
     "!A@a<(null)@t",
     {AT(TARGETING, OEM, NULL, "t"), AT(ANSWER, OEM, "A", "a")}},
    {"a deletion by a lower source is overridden",
     "=PhoneManufacturer:A@h !(null)@t<A@h",
     {AT(TARGETING, OEM, NULL, "t"), AT(HIVE, OEM, "A", "h")}},
    {"one deletes what another of the same rank sets",
     "=PhoneManufacturer:A@b #(null)@a|A@b",
     {AT(REGISTRY, OEM, NULL, "a"), AT(REGISTRY, OEM, "A", "b")}},
    {"an operator that one deletes and another sets",
     "=PhoneMobileOperatorName:O@b #(null)@a|O@b",
     {AT(REGISTRY, OPERATOR, NULL, "a"), AT(REGISTRY, OPERATOR, "O", "b")}},
    {"deleted by all", "", {AT(REGISTRY, OEM, NULL, "a"), AT(REGISTRY, OEM, NULL, "b")}},
};

/* Fisher-Yates; the seed is fixed. */
static void shuffle(struct iv_datum *data, size_t count, unsigned *seed)
{
    for (size_t i = count; i > 1; i--) {
        *seed = *seed * 1103515245u + 12345u;
        size_t k = (*seed >> 16) % i;
        struct iv_datum swap = data[i - 1];
        data[i - 1] = data[k];
        data[k] = swap;
    }
}

static void test_rows(void)
{
    unsigned seed = 1;
    for (size_t i = 0; i < IV_COUNT(rows); i++) {
        struct iv_datum data[IV_COUNT(rows[i].data)];
        size_t count = 0;
        while (count < IV_COUNT(rows[i].data) && rows[i].data[count].name != NULL) {
            data[count] = rows[i].data[count];
            count++;
        }
        for (int order = 0; order < 50; order++) {
            struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
            struct iv_device device;
            char text[2048];
            iv_device_build(data, count, &arena, &device);
            describe(&device, &arena, text, sizeof(text));
            if (!CHECK_STR(text, rows[i].wanted)) {
                fprintf(stderr, "    row \"%s\"\n", rows[i].what);
                break;
            }
            shuffle(data, count, &seed);
        }
    }
}

static void test_names(void)
{
    CHECK_STR(iv_device_value_name("PHONEMANUFACTURER"), "PhoneManufacturer");
    CHECK_STR(iv_device_value_name("phoneManufacturerModelName"), "PhoneManufacturerModelName");
    CHECK_STR(iv_device_value_name("phoneromlanguage"), "PhoneROMLanguage");
    CHECK_STR(iv_device_value_name("RoamingSupportPhoneNumber"), "RoamingSupportPhoneNumber");
    CHECK_STR(iv_device_value_name("PhoneManufacturer "), NULL);
    CHECK_STR(iv_device_value_name(""), NULL);
    CHECK_STR(iv_device_value_name(NULL), NULL);
}

static void test_value(struct iv_arena *arena)
{
    const struct iv_datum data[] = {AT(HIVE, REVISION, "2", "a"), AT(HIVE, REVISION, "1", "b"),
                                    AT(HIVE, OEM, "C", "a")};
    struct iv_device device;
    iv_device_build(data, IV_COUNT(data), arena, &device);
    CHECK_STR(iv_device_value(&device, REVISION), "1");
    CHECK_STR(iv_device_value(&device, OEM), "C");
    CHECK_STR(iv_device_value(&device, MODEL), NULL);
    CHECK(iv_device_has_conflict(&device, REVISION));
    CHECK(!iv_device_has_conflict(&device, OEM));
}

static void test_pop_compare(void)
{
    const struct iv_pop a = {.oem = "Contoso", .mobile_operator = "ATT-US", .model = "CT-1"};
    const struct iv_pop same = {.oem = "CONTOSO", .mobile_operator = "att-us", .model = "ct-1"};
    const struct iv_pop later = {.oem = "contoso", .mobile_operator = "att-us", .model = "ct-2"};
    const struct iv_pop none = {0};
    CHECK_INT(iv_pop_compare(&a, &same), 0);
    CHECK(iv_pop_compare(&a, &later) < 0);
    CHECK(iv_pop_compare(&later, &a) > 0);
    CHECK(iv_pop_compare(&none, &a) < 0);
    CHECK_INT(iv_pop_compare(&none, &none), 0);
}

/* Without parts (a device that was not built here) the values themselves are paired. */
static void test_pops_of_values(struct iv_arena *arena)
{
    struct iv_datum values[] = {AT(HIVE, OEM, "A", "h"), AT(HIVE, MODEL, "M", "h"),
                                AT(HIVE, OPERATOR, "O1", "h"), AT(HIVE, OPERATOR, "O2", "h")};
    struct iv_device device = {.values = values, .value_count = IV_COUNT(values)};
    struct iv_pop *pops;
    size_t count;
    iv_device_pops(&device, arena, &pops, &count);
    CHECK_INT(count, 2);
}

/* Hostile numbers of values: the product is a limit, not memory. */
static void test_many(void)
{
    enum { MANY = 1000 };
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_datum *data = IV_NEW_ARRAY(&arena, struct iv_datum, 2 * MANY + 1);
    data[0] = (struct iv_datum)AT(HIVE, OEM, "A", "h");
    for (size_t i = 0; i < MANY; i++) {
        const char *text = iv_arena_printf(&arena, "V%zu", i);
        data[1 + 2 * i] = (struct iv_datum)AT(HIVE, OPERATOR, text, "h");
        data[2 + 2 * i] = (struct iv_datum)AT(HIVE, MODEL, text, "h");
    }
    struct iv_device device;
    struct iv_pop *pops;
    size_t count;
    iv_device_build(data, 2 * MANY + 1, &arena, &device);
    iv_device_pops(&device, &arena, &pops, &count);
    CHECK_INT(count, 0);
    CHECK(iv_device_has_too_many_pops(&device));

    /* Many sources that say one thing are one variant. */
    for (size_t i = 0; i < MANY; i++) {
        const char *source = iv_arena_printf(&arena, "s%zu", i);
        data[1 + 2 * i] = (struct iv_datum)AT(HIVE, OPERATOR, "O", source);
        data[2 + 2 * i] = (struct iv_datum)AT(HIVE, MODEL, "M", source);
    }
    iv_device_build(data, 2 * MANY + 1, &arena, &device);
    iv_device_pops(&device, &arena, &pops, &count);
    CHECK_INT(count, 1);
    CHECK_INT(device.conflict_count, 0);
    CHECK(!iv_device_has_too_many_pops(&device));
}

static void test_similar(void)
{
    const struct iv_pop pop = {"CONTOSO", "000-88", "CT-100"};
    const struct {
        struct iv_pop other;
        bool similar;
    } pairs[] = {
        {{"contoso", "000-88", "ct-100"}, false}, /* the same one */
        {{"CONTOSO", "000-88", "RM-1127_13771"}, true}, {{"CONTOSO", "ATT-US", "CT-100"}, true},
        {{"C0NTOSO", "000-88", "CT-10O"}, true},        {{"CONTOSO", "000-8", "CT-1000"}, true},
        {{"C0NTOS0", "000-88", "CT-10O"}, false}, /* three characters in two parts */
        {{"FABRIKAM", "000-88", "RM-1"}, false},
    };
    for (size_t i = 0; i < IV_COUNT(pairs); i++) {
        CHECK(iv_pop_is_similar(&pop, &pairs[i].other) == pairs[i].similar);
        CHECK(iv_pop_is_similar(&pairs[i].other, &pop) == pairs[i].similar);
    }
}

/* What an option of the user left out has no name; texts beyond a length are not compared. */
static void test_odd(struct iv_arena *arena)
{
    const struct iv_datum data[] = {
        {.value = "nobody", .rank = IV_RANK_OPTION},
        {.name = "phonemanufacturer", .value = "CONTOSO", .rank = IV_RANK_OPTION},
    };
    struct iv_device device;
    iv_device_build(data, IV_COUNT(data), arena, &device);
    CHECK_INT(device.value_count, 1);
    CHECK_STR(device.values[0].name, "PhoneManufacturer");
    CHECK_STR(device.values[0].source, "");

    char longest[70];
    memset(longest, 'a', sizeof(longest));
    longest[64] = '\0';
    char other[70];
    memcpy(other, longest, sizeof(other));
    other[0] = 'b';
    struct iv_pop a = {.oem = "C", .mobile_operator = "O", .model = longest};
    struct iv_pop b = {.oem = "C", .mobile_operator = "O", .model = other};
    a.mobile_operator = "P";
    CHECK(iv_pop_is_similar(&a, &b)); /* one character in each of two parts */
    longest[64] = 'a';
    longest[65] = '\0';
    CHECK(!iv_pop_is_similar(&a, &b));
    CHECK(!iv_pop_is_similar(&b, &a));
}

int main(void)
{
    test_similar();
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    test_names();
    test_rows();
    test_value(&arena);
    test_pop_compare();
    test_pops_of_values(&arena);
    test_many();
    test_odd(&arena);
    return unit_end();
}
