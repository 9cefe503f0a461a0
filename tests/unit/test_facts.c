/* The facts codec: round trips of every table with every field set, refusals, random mutations. */
#include "imgval/base/attr.h"
#include "imgval/model/facts.h"
#include "imgval/model/finding.h"
#include "tests/unit/unit.h"

#include <inttypes.h>

static const struct iv_struct *const tables[] = {
    &iv_package_struct,      &iv_package_file_struct,    &iv_fault_struct,
    &iv_datum_struct,        &iv_history_struct,         &iv_oem_input_struct,
    &iv_facts_struct,        &iv_image_struct,           &iv_image_phase_struct,
    &iv_image_store_struct,  &iv_image_partition_struct, &iv_image_claim_struct,
    &iv_image_signer_struct, &iv_image_hash_struct,
};

/* A small generator with a fixed seed (xorshift64*). */
static uint64_t next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static size_t below(uint64_t *state, size_t bound)
{
    return (size_t)(next(state) >> 33) % bound;
}

static void fill(struct iv_arena *arena, const struct iv_struct *type, void *object,
                 uint64_t *state);

static void fill_list(struct iv_arena *arena, const struct iv_field *field, void *object,
                      uint64_t *state)
{
    size_t count = 1 + below(state, 2);
    char *place = object;
    if (field->type == IV_TYPE_STRINGS) {
        const char **strings = IV_NEW_ARRAY(arena, const char *, count);
        for (size_t i = 0; i < count; i++) {
            strings[i] = iv_arena_printf(arena, "%s %zu \xff", field->name, i);
        }
        *(const char ***)(void *)(place + field->offset) = strings;
    } else {
        char *elements = iv_arena_array(arena, count, field->of->size);
        for (size_t i = 0; i < count; i++) {
            fill(arena, field->of, elements + i * field->of->size, state);
        }
        memcpy(place + field->offset, &elements, sizeof(elements));
    }
    *(size_t *)(void *)(place + field->count_offset) = count;
}

/* Sets every field of the table to something that is not zero. */
static void fill(struct iv_arena *arena, const struct iv_struct *type, void *object,
                 uint64_t *state)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const struct iv_field *field = &type->fields[i];
        void *place = (char *)object + field->offset;
        switch (field->type) {
        case IV_TYPE_STRING:
            *(const char **)place =
                below(state, 8) == 0
                    ? ""
                    : iv_arena_printf(arena, "%s\n%" PRIu64, field->name, next(state));
            break;
        case IV_TYPE_BOOL:
            *(bool *)place = true;
            break;
        case IV_TYPE_U64: {
            size_t shift = below(state, 64);
            uint64_t bits = next(state);
            *(uint64_t *)place = below(state, 4) == 0 ? UINT64_MAX : 1 + (bits >> shift);
            break;
        }
        case IV_TYPE_ENUM: {
            unsigned words = 0;
            while (field->names[words] != NULL) {
                words++;
            }
            unsigned value = 1 + (unsigned)below(state, words - 1);
            memcpy(place, &value, sizeof(value));
            break;
        }
        case IV_TYPE_VERSION:
            *(struct iv_version *)place =
                (struct iv_version){{1, 256, 65535, (uint16_t)(1 + below(state, 60000))}};
            break;
        case IV_TYPE_LIST:
        case IV_TYPE_STRINGS:
            fill_list(arena, field, object, state);
            break;
        case IV_TYPE_STRUCT:
            fill(arena, field->of, place, state);
            break;
        case IV_TYPE_SIZE:
        case IV_TYPE_POINTER:
        case IV_TYPE_NAMES:
            CHECK(false); /* no table of facts has these */
            break;
        }
    }
}

/* True when the fields with one of `uses` are equal, and those without are zero in `b`. */
static bool is_equal(const struct iv_struct *type, const void *a, const void *b, unsigned uses);

static bool is_equal_list(const struct iv_field *field, const void *a, const void *b, unsigned uses)
{
    size_t count = *(const size_t *)(const void *)((const char *)a + field->count_offset);
    if (*(const size_t *)(const void *)((const char *)b + field->count_offset) != count) {
        return false;
    }
    const char *x;
    const char *y;
    memcpy(&x, (const char *)a + field->offset, sizeof(x));
    memcpy(&y, (const char *)b + field->offset, sizeof(y));
    for (size_t i = 0; i < count; i++) {
        bool equal =
            field->type == IV_TYPE_STRINGS
                ? strcmp(((const char *const *)(const void *)x)[i],
                         ((const char *const *)(const void *)y)[i]) == 0
                : is_equal(field->of, x + i * field->of->size, y + i * field->of->size, uses);
        if (!equal) {
            return false;
        }
    }
    return true;
}

static bool is_equal_field(const struct iv_field *field, const void *a, const void *b,
                           unsigned uses)
{
    const void *x = (const char *)a + field->offset;
    const void *y = (const char *)b + field->offset;
    bool sent = (field->uses & uses) != 0;
    switch (field->type) {
    case IV_TYPE_STRING: {
        const char *s = sent ? *(const char *const *)x : NULL;
        const char *t = *(const char *const *)y;
        return s == NULL || t == NULL ? s == t : strcmp(s, t) == 0;
    }
    case IV_TYPE_BOOL:
        return *(const bool *)y == (sent && *(const bool *)x);
    case IV_TYPE_U64:
        return *(const uint64_t *)y == (sent ? *(const uint64_t *)x : 0);
    case IV_TYPE_ENUM: {
        unsigned zero = 0;
        return memcmp(sent ? x : &zero, y, sizeof(zero)) == 0;
    }
    case IV_TYPE_VERSION: {
        struct iv_version zero = {0};
        return memcmp(sent ? x : &zero, y, sizeof(zero)) == 0;
    }
    case IV_TYPE_LIST:
    case IV_TYPE_STRINGS:
        return sent ? is_equal_list(field, a, b, uses)
                    : *(const size_t *)(const void *)((const char *)b + field->count_offset) == 0;
    case IV_TYPE_STRUCT:
        return is_equal(field->of, x, y, sent ? uses : 0);
    case IV_TYPE_SIZE:
    case IV_TYPE_POINTER:
    case IV_TYPE_NAMES:
        break;
    }
    return false;
}

static bool is_equal(const struct iv_struct *type, const void *a, const void *b, unsigned uses)
{
    for (size_t i = 0; i < type->field_count; i++) {
        if (!is_equal_field(&type->fields[i], a, b, uses)) {
            fprintf(stderr, "    %s.%s differs\n", type->name, type->fields[i].name);
            return false;
        }
    }
    return true;
}

static void check_round_trip(const struct iv_struct *type, const void *object, unsigned uses)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    iv_facts_encode(&buf, type, object, uses);
    void *copy = iv_arena_alloc(&arena, type->size);
    if (!CHECK(iv_facts_decode(iv_buf_text(&buf), buf.size, type, uses, &arena, copy))) {
        fprintf(stderr, "    table %s\n", type->name);
        return;
    }
    CHECK(is_equal(type, object, copy, uses));
    /* One byte less or more is not an object. */
    for (size_t size = 0; size < buf.size; size++) {
        if (!CHECK(!iv_facts_decode(buf.data, size, type, uses, &arena, copy))) {
            break;
        }
    }
    iv_buf_putc(&buf, '\0');
    CHECK(!iv_facts_decode(buf.data, buf.size, type, uses, &arena, copy));
    /* Nothing of a refused record is left. */
    const unsigned char *bytes = copy;
    for (size_t i = 0; i < type->size; i++) {
        CHECK_INT(bytes[i], 0);
    }
}

static void test_round_trips(void)
{
    uint64_t state = 1;
    static const unsigned uses[] = {IV_FIELD_WIRE, IV_FIELD_STORED, IV_FIELD_REPORT};
    for (size_t i = 0; i < IV_COUNT(tables); i++) {
        for (size_t k = 0; k < IV_COUNT(uses); k++) {
            struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
            void *object = iv_arena_alloc(&arena, tables[i]->size);
            if (k == 0) {
                check_round_trip(tables[i], object, uses[k]);
            }
            fill(&arena, tables[i], object, &state);
            check_round_trip(tables[i], object, uses[k]);
        }
    }
}

/* One datum: five fields, one byte each at least. */
static bool decode_datum(const char *bytes, size_t size)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_datum datum = {0};
    return iv_facts_decode(bytes, size, &iv_datum_struct, IV_FIELD_WIRE, &arena, &datum);
}

static bool decode_file(const char *bytes, size_t size)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_package_file file = {0};
    return iv_facts_decode(bytes, size, &iv_package_file_struct, IV_FIELD_WIRE, &arena, &file);
}

static bool decode_oem_input(const char *bytes, size_t size)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_oem_input oem_input = {0};
    return iv_facts_decode(bytes, size, &iv_oem_input_struct, IV_FIELD_WIRE, &arena, &oem_input);
}

static bool decode_facts(const char *bytes, size_t size)
{
    struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
    struct iv_facts facts = {0};
    return iv_facts_decode(bytes, size, &iv_facts_struct, IV_FIELD_WIRE, &arena, &facts);
}

#define BYTES(text) text, sizeof(text) - 1

static void test_refusals(void)
{
    CHECK(decode_datum(BYTES("\0\0\0\0\5")));
    CHECK(!decode_datum(BYTES("\0\0\0\0\6")));                  /* no such rank */
    CHECK(!decode_datum(BYTES("\0\0\0\0\377\377\377\377\17"))); /* ... by far */
    CHECK(decode_datum(BYTES("\4abc\0\1\0\0\0\0")));
    CHECK(!decode_datum(BYTES("\4a\0c\0\1\0\0\0\0")));  /* a NUL in a string */
    CHECK(!decode_datum(BYTES("\4abc\1\1\0\0\0\0")));   /* none after it */
    CHECK(!decode_datum(BYTES("\177abc\0\1\0\0\0\0"))); /* longer than the record */
    CHECK(!decode_datum(BYTES("\0\0\0\4abc")));         /* up to the end, without a NUL */
    CHECK(!decode_datum(BYTES("\377\377\377\377\377\377\377\377\377\1abc\0")));
    CHECK(!decode_datum(BYTES("\204\0abc\0\1\0\0\0\0"))); /* not the shortest form */
    CHECK(decode_file(BYTES("\0\0\0\377\377\377\377\377\377\377\377\377\1\1")));
    CHECK(!decode_file(BYTES("\0\0\0\377\377\377\377\377\377\377\377\377\2\1"))); /* 65 bits */
    CHECK(!decode_file(BYTES("\0\0\0\377\377\377\377\377\377\377\377\377\201\0\1")));
    CHECK(!decode_file(BYTES("\0\0\0\0\2"))); /* a bool is 0 or 1 */
    CHECK(decode_oem_input(BYTES("\0\0\0\0\0\0\0\2\1\0\2a\0\0\0\0")));
    CHECK(!decode_oem_input(BYTES("\0\0\0\0\0\0\0\2\2a\0\0"))); /* NULL in a list of strings */
    CHECK(!decode_oem_input(BYTES("\0\0\0\0\0\0\0\3\1\0\1")));  /* more strings than bytes */
    CHECK(!decode_oem_input(BYTES("\0\0\0\0\0\0\0\377\377\377\377\377\377\377\377\377\1\1")));
    CHECK(!decode_facts(BYTES("\377\377\377\377\17"))); /* 4 G packages in no bytes */
    CHECK(!decode_facts(BYTES("\1\0\0\0\0\0\0\0")));    /* one in six bytes */
    CHECK(!decode_facts(NULL, 0));
    CHECK(decode_facts(BYTES("\0\0\0\0\0\0\0\0\0")));
    CHECK(decode_facts(BYTES("\0\0\0\1\0\1\0\0\0\0\0\0\0\0")));  /* a history that is present */
    CHECK(!decode_facts(BYTES("\0\0\0\2\0\1\0\0\0\0\0\0\0\0"))); /* 0 or 1 stands before it */
    CHECK(!decode_facts(BYTES("\0\0\0\1\0\0\0\0\0\0\0\0\0\0"))); /* all zero is not spelled out */
}

static void mutate(struct iv_buf *buf, uint64_t *state)
{
    size_t times = 1 + below(state, 4);
    for (size_t i = 0; i < times && buf->size > 0; i++) {
        size_t at = below(state, buf->size);
        switch (below(state, 6)) {
        case 0:
            buf->data[at] = (char)(unsigned char)next(state);
            break;
        case 1:
            buf->data[at] = (char)((unsigned char)buf->data[at] ^ (1U << below(state, 8)));
            break;
        case 2: /* cut */
            buf->size = at;
            break;
        case 3: /* drop some */
        {
            size_t drop = 1 + below(state, buf->size - at);
            memmove(buf->data + at, buf->data + at + drop, buf->size - at - drop);
            buf->size -= drop;
            break;
        }
        case 4: { /* copy one part over another */
            size_t from = below(state, buf->size);
            size_t most = buf->size - (at > from ? at : from);
            memmove(buf->data + at, buf->data + from, 1 + below(state, most));
            break;
        }
        default:
            buf->data[at] = (char)0xff;
            break;
        }
    }
}

/* Whatever the bytes: a refusal, or an object whose one form they are. */
static void test_mutations(void)
{
    enum { ROUNDS = 100000, OBJECTS = 50 };
    uint64_t state = 20161103;
    size_t accepted = 0;
    struct iv_buf whole IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf bytes IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf again IV_CLEANUP(iv_buf_fini) = {0};
    const struct iv_struct *type = NULL;
    for (size_t i = 0; i < ROUNDS; i++) {
        struct iv_arena arena IV_CLEANUP(iv_arena_fini) = {0};
        if (i % (ROUNDS / OBJECTS) == 0) {
            type = tables[(i / (ROUNDS / OBJECTS)) % IV_COUNT(tables)];
            void *object = iv_arena_alloc(&arena, type->size);
            fill(&arena, type, object, &state);
            iv_buf_clear(&whole);
            iv_facts_encode(&whole, type, object, IV_FIELD_WIRE);
        }
        iv_buf_clear(&bytes);
        iv_buf_add(&bytes, whole.data, whole.size);
        mutate(&bytes, &state);
        void *copy = iv_arena_alloc(&arena, type->size);
        if (iv_facts_decode(bytes.data, bytes.size, type, IV_FIELD_WIRE, &arena, copy)) {
            accepted++;
            iv_buf_clear(&again);
            iv_facts_encode(&again, type, copy, IV_FIELD_WIRE);
            if (!CHECK(again.size == bytes.size &&
                       memcmp(again.data, bytes.data, bytes.size) == 0)) {
                return;
            }
        }
    }
    printf("%d mutations, %zu accepted\n", ROUNDS, accepted);
    CHECK(accepted > 1000 && accepted < ROUNDS - 1000);
}

/* The table itself: names once, every member of the report there, strings alone as patterns. */
static void test_tables(void)
{
    static const char *const report[] = {
        "name",      "key",        "style",   "version",
        "partition", "owner_type", "removal", "binary_partition",
        "empty",     "origin",     "path",
    };
    static const char *const stored[] = {
        "name",      "key",        "style",         "version",    "number",
        "partition", "owner_type", "release_type",  "removal",    "binary_partition",
        "empty",     "content",    "file_count",    "total_size", "culture",
        "owner",     "component",  "sub_component",
    };
    for (size_t i = 0; i < IV_COUNT(report); i++) {
        const struct iv_field *field = iv_field_find(&iv_package_struct, report[i]);
        CHECK(field != NULL && (field->uses & IV_FIELD_REPORT) != 0);
    }
    size_t count = 0;
    for (size_t i = 0; i < iv_package_struct.field_count; i++) {
        count += (iv_package_struct.fields[i].uses & IV_FIELD_STORED) != 0 ? 1 : 0;
    }
    CHECK_INT(count, IV_COUNT(stored));
    for (size_t i = 0; i < IV_COUNT(stored); i++) {
        const struct iv_field *field = iv_field_find(&iv_package_struct, stored[i]);
        CHECK(field != NULL && (field->uses & IV_FIELD_STORED) != 0);
    }
    for (size_t i = 0; i < IV_COUNT(tables); i++) {
        for (size_t k = 0; k < tables[i]->field_count; k++) {
            const struct iv_field *field = &tables[i]->fields[k];
            CHECK(iv_field_find(tables[i], field->name) == field);
            CHECK((field->uses & IV_FIELD_WIRE) != 0);
            CHECK(((field->uses & IV_FIELD_TEXT) != 0) == (field->type == IV_TYPE_STRING));
        }
    }
    CHECK(iv_field_find(&iv_package_struct, "nothing") == NULL);
    struct iv_package package = {.owner_type = "OEM"};
    CHECK_STR(iv_field_string(iv_field_find(&iv_package_struct, "owner_type"), &package), "OEM");
    CHECK_STR(iv_field_string(iv_field_find(&iv_package_struct, "owner"), &package), NULL);
}

/* What code after the pipe takes for granted is there, else all of it is refused. */
static void test_sound(void)
{
    struct iv_fault fault = {.kind = IV_FAULT_LIMIT, .path = "p", .detail = "d"};
    struct iv_package package = {
        .path = "p", .name = "n", .key = "k", .faults = &fault, .fault_count = 1};
    struct iv_fault own = {.kind = IV_FAULT_LIMIT, .path = "p", .detail = "d"};
    struct iv_package entry = {.path = "p", .name = "n", .key = "k"};
    struct iv_datum datum = {.name = "PhoneManufacturer", .value = "x", .source = "s"};
    struct iv_answer_import import = {.path = "p", .source = "s"};
    struct iv_layout_partition partition = {.name = "MainOS"};
    struct iv_image_claim claim = {.name = "MainOS"};
    const struct iv_facts facts = {
        .packages = &package,
        .package_count = 1,
        .data = &datum,
        .datum_count = 1,
        .imports = &import,
        .import_count = 1,
        .history = {.packages = &entry, .package_count = 1},
        .layout = {.present = true, .path = "p", .partitions = &partition, .partition_count = 1},
        .image =
            {.present = true, .path = "p", .format = "FFU", .claims = &claim, .claim_count = 1},
        .faults = &own,
        .fault_count = 1,
    };
    CHECK(iv_facts_are_sound(&facts));
    const char **const texts[] = {
        &fault.path,  &fault.detail,  &package.path,   &package.name, &package.key, &own.path,
        &own.detail,  &entry.path,    &entry.name,     &entry.key,    &datum.name,  &datum.source,
        &import.path, &import.source, &partition.name, &claim.name,
    };
    for (size_t i = 0; i < IV_COUNT(texts); i++) {
        const char *kept = *texts[i];
        *texts[i] = NULL;
        if (!CHECK(!iv_facts_are_sound(&facts))) {
            fprintf(stderr, "    text %zu\n", i);
        }
        *texts[i] = kept;
    }
    fault.kind = IV_FAULT_NONE;
    CHECK(!iv_facts_are_sound(&facts));
    fault.kind = IV_FAULT_LIMIT;
    own.kind = IV_FAULT_NONE;
    CHECK(!iv_facts_are_sound(&facts));
    own.kind = IV_FAULT_LIMIT;
    datum.name = "NoValue";
    CHECK(!iv_facts_are_sound(&facts));
    datum.name = IV_USBFN_PRODUCT;
    CHECK(iv_facts_are_sound(&facts));

    struct iv_facts other = facts;
    other.layout.path = NULL;
    CHECK(!iv_facts_are_sound(&other));
    other.layout = (struct iv_layout){0};
    CHECK(iv_facts_are_sound(&other));
    other.image.path = NULL;
    CHECK(!iv_facts_are_sound(&other));
    other.image.path = "p";
    other.image.format = NULL;
    CHECK(!iv_facts_are_sound(&other));
    other.image.present = false;
    CHECK(iv_facts_are_sound(&other));
    other.image = (struct iv_image){.store_count = IV_IMAGE_STORES_MAX + 1};
    CHECK(!iv_facts_are_sound(&other));
    other.image = (struct iv_image){.partition_count = IV_IMAGE_PARTITIONS_MAX + 1};
    CHECK(!iv_facts_are_sound(&other));
    other.image = (struct iv_image){.claim_count = IV_IMAGE_CLAIMS_MAX + 1};
    CHECK(!iv_facts_are_sound(&other));
    other.image = (struct iv_image){.partition_count = IV_IMAGE_PARTITIONS_MAX,
                                    .store_count = IV_IMAGE_STORES_MAX};
    CHECK(iv_facts_are_sound(&other));
}

static void test_names(void)
{
    CHECK_STR(iv_style_names[IV_STYLE_SPKG], "spkg");
    CHECK_STR(iv_style_names[IV_STYLE_CBS], "cbs");
    CHECK_STR(iv_origin_names[IV_ORIGIN_HISTORY], "history");
    for (size_t i = 0; i < IV_FAULT_KINDS; i++) {
        CHECK(iv_fault_names[i] != NULL);
    }
}

/* Texts that code after the pipe takes for granted, also behind a pointer. */
static void test_filled(void)
{
    const struct iv_waiver whole = {.reason = "r", .owner = "o", .expires = "2031-01-31"};
    const struct iv_waiver lacking = {.reason = "r", .expires = "2031-01-31"};
    struct iv_finding finding = {.message = "m"};
    CHECK(iv_facts_are_filled(&iv_finding_struct, IV_FIELD_REPORT, &finding));
    finding.waiver = &whole;
    CHECK(iv_facts_are_filled(&iv_finding_struct, IV_FIELD_REPORT, &finding));
    finding.waiver = &lacking;
    CHECK(!iv_facts_are_filled(&iv_finding_struct, IV_FIELD_REPORT, &finding));
    CHECK(iv_facts_are_filled(&iv_finding_struct, IV_FIELD_ID, &finding));
    finding = (struct iv_finding){.waiver = &whole};
    CHECK(!iv_facts_are_filled(&iv_finding_struct, IV_FIELD_REPORT, &finding));
}

int main(void)
{
    test_filled();
    test_tables();
    test_sound();
    test_names();
    test_round_trips();
    test_refusals();
    test_mutations();
    return unit_end();
}
