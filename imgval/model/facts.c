/*
 * Facts as bytes and back, for the workers' pipe. Both directions walk the
 * tables of fields.h; no struct is known here.
 *
 * The decoder is fed by a process that an attacker may control. Every length and count is compared
 * with the bytes that are left before anything is allocated: a count of n elements needs n times
 * the least size of one, so a short record cannot ask for much memory. After the first failure all
 * reads give nothing and the object is zeroed. Then iv_facts_are_sound() checks what the types
 * cannot say.
 */
#include "imgval/model/facts.h"

#include "imgval/base/cursor.h"
#include "imgval/model/version.h"

#include <assert.h>
#include <string.h>

/*
 * The form: the fields of the table in order, without names or tags.
 *   number, count, enumerator   7 bits a byte, low ones first, 0x80: more follow; the shortest form
 *   string                      its length + 1, then its bytes and a NUL; 0: NULL
 *   bool                        one byte, 0 or 1
 *   version                     four times two bytes, little-endian
 *   pointer                     1, then what it points to; 0: NULL
 *   names                       a bool (they are given), then as strings
 *   list, strings               the count, then the elements
 *   struct                      1, then its fields; 0: all of them are zero, which most are
 * Each value has one form, so equal objects give equal bytes. Both directions recurse along the
 * tables, whose nesting is fixed at compile time; the input decides only the counts.
 */

/* Members by their offset, for reading and for writing. */
static const void *member_of(const void *object, size_t offset)
{
    return (const char *)object + offset;
}

static void *member_at(void *object, size_t offset)
{
    return (char *)object + offset;
}

/* Lists keep their number of elements in a size_t beside the pointer. */
static size_t load_count(const struct iv_field *field, const void *object)
{
    return *(const size_t *)member_of(object, field->count_offset);
}

static void put_number(struct iv_buf *buf, uint64_t value)
{
    while (value >= 0x80) {
        iv_buf_putc(buf, (char)(unsigned char)(value | 0x80));
        value >>= 7;
    }
    iv_buf_putc(buf, (char)value);
}

void iv_facts_encode_number(struct iv_buf *buf, uint64_t number)
{
    put_number(buf, number);
}

/* After the text there may be anything; the buffer itself puts a NUL. */
void iv_facts_encode_text(struct iv_buf *buf, const char *text, size_t size)
{
    if (text == NULL) {
        put_number(buf, 0);
        return;
    }
    put_number(buf, (uint64_t)size + 1);
    iv_buf_add(buf, text, size);
    iv_buf_putc(buf, '\0');
}

static void put_string(struct iv_buf *buf, const char *text)
{
    iv_facts_encode_text(buf, text, text == NULL ? 0 : strlen(text));
}

static void put_strings(struct iv_buf *buf, const struct iv_field *field, const void *object)
{
    const char *const *strings = *(const char *const *const *)member_of(object, field->offset);
    size_t count = load_count(field, object);
    put_number(buf, count);
    for (size_t i = 0; i < count; i++) {
        assert(strings[i] != NULL);
        put_string(buf, strings[i]);
    }
}

/* Of these packages the names are all that there is. */
static void put_names(struct iv_buf *buf, const struct iv_field *field, const void *object)
{
    const struct iv_package *const *packages =
        *(const struct iv_package *const *const *)member_of(object, field->offset);
    size_t count = load_count(field, object);
    iv_buf_putc(buf, *(const bool *)member_of(object, field->given_offset) ? 1 : 0);
    put_number(buf, count);
    for (size_t i = 0; i < count; i++) {
        put_string(buf, packages[i]->name);
    }
}

static void put_version(struct iv_buf *buf, const void *place)
{
    struct iv_version version;
    memcpy(&version, place, sizeof(version));
    for (size_t i = 0; i < IV_COUNT(version.part); i++) {
        iv_buf_putc(buf, (char)(unsigned char)(version.part[i] & 0xff));
        iv_buf_putc(buf, (char)(unsigned char)(version.part[i] >> 8));
    }
}

/* Elements lie in an array of the type's size; no pointers to them. */
static void put_list(struct iv_buf *buf, const struct iv_field *field, const void *object,
                     unsigned uses)
{
    const char *elements;
    memcpy(&elements, member_of(object, field->offset), sizeof(elements));
    size_t count = load_count(field, object);
    put_number(buf, count);
    for (size_t i = 0; i < count; i++) {
        iv_facts_encode(buf, field->of, elements + i * field->of->size, uses);
    }
}

/* Each byte equals the next one, and the first is zero. */
static bool is_zero(const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    return size == 0 || (at[0] == 0 && memcmp(at, at + 1, size - 1) == 0);
}

static void put_pointer(struct iv_buf *buf, const struct iv_struct *type, const void *place,
                        unsigned uses)
{
    const void *object = *(const void *const *)place;
    iv_buf_putc(buf, object != NULL ? 1 : 0);
    if (object != NULL) {
        iv_facts_encode(buf, type, object, uses);
    }
}

/* What is all zero has a form of zeros, so that is what is looked for. */
static void put_struct(struct iv_buf *buf, const struct iv_struct *type, const void *object,
                       unsigned uses)
{
    size_t start = buf->size;
    iv_buf_putc(buf, 1);
    iv_facts_encode(buf, type, object, uses);
    if (is_zero(buf->data + start + 1, buf->size - start - 1)) {
        buf->size = start;
        iv_buf_putc(buf, 0);
    }
}

/* The mirror of get_object(): a type that is added here is added there, with the same bytes. */
void iv_facts_encode(struct iv_buf *buf, const struct iv_struct *type, const void *object,
                     unsigned uses)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const struct iv_field *field = &type->fields[i];
        const void *place = member_of(object, field->offset);
        if ((field->uses & uses) == 0) {
            continue;
        }
        switch (field->type) {
        case IV_TYPE_STRING:
            put_string(buf, *(const char *const *)place);
            break;
        case IV_TYPE_BOOL:
            iv_buf_putc(buf, *(const bool *)place ? 1 : 0);
            break;
        case IV_TYPE_U64:
            put_number(buf, *(const uint64_t *)place);
            break;
        case IV_TYPE_ENUM: {
            unsigned value;
            memcpy(&value, place, sizeof(value));
            put_number(buf, value);
            break;
        }
        case IV_TYPE_VERSION:
            put_version(buf, place);
            break;
        case IV_TYPE_LIST:
            put_list(buf, field, object, uses);
            break;
        case IV_TYPE_STRINGS:
            put_strings(buf, field, object);
            break;
        case IV_TYPE_STRUCT:
            put_struct(buf, field->of, place, uses);
            break;
        case IV_TYPE_SIZE:
            put_number(buf, *(const size_t *)place);
            break;
        case IV_TYPE_POINTER:
            put_pointer(buf, field->of, place, uses);
            break;
        case IV_TYPE_NAMES:
            put_names(buf, field, object);
            break;
        }
    }
}

/* A decoder in progress; after a failure every read gives nothing. */
struct decoder {
    struct iv_cursor at;
    unsigned uses;
    struct iv_arena *arena;
    struct iv_texts *texts; /* NULL: strings are borrowed */
};

/* The shortest form only: a last byte of 0 after others, or more than 64 bits, is a failure. */
static uint64_t get_number(struct decoder *d)
{
    const struct iv_cursor *at = &d->at;
    if (!at->failed && at->at < at->size && at->bytes[at->at] < 0x80) {
        return at->bytes[d->at.at++]; /* nearly all of them */
    }
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = iv_cursor_u8(&d->at);
        uint64_t bits = byte & 0x7fU;
        if (d->at.failed || (shift == 63 && bits > 1) || (shift > 0 && byte == 0)) {
            break;
        }
        value |= bits << shift;
        if (byte < 0x80) {
            return value;
        }
    }
    d->at.failed = true;
    return 0;
}

/* Borrowed from the record, which then must live as long as the object; with `texts` one copy of
 * each different text is kept. */
static const char *get_string(struct decoder *d)
{
    uint64_t size = get_number(d);
    if (d->at.failed || size == 0) {
        return NULL;
    }
    if (size > iv_cursor_left(&d->at)) {
        d->at.failed = true;
        return NULL;
    }
    /* Its only NUL is its last byte. */
    const unsigned char *bytes = iv_cursor_take(&d->at, (size_t)size);
    if (bytes == NULL || memchr(bytes, 0, (size_t)size) != bytes + size - 1) {
        d->at.failed = true;
        return NULL;
    }
    const char *text = (const char *)bytes;
    return d->texts == NULL ? text : iv_texts_keep(d->texts, d->arena, text, (size_t)size - 1);
}

/* The least number of bytes that an object takes. */
static size_t least_size(const struct iv_struct *type, unsigned uses)
{
    size_t least = 0;
    for (size_t i = 0; i < type->field_count; i++) {
        const struct iv_field *field = &type->fields[i];
        if ((field->uses & uses) == 0) {
            continue;
        }
        least += field->type == IV_TYPE_VERSION ? sizeof(struct iv_version)
                 : field->type == IV_TYPE_NAMES ? 2
                                                : 1;
    }
    return least;
}

/* A number of elements, strings where `type` is NULL: bounded by what is left. */
static size_t get_count(struct decoder *d, const struct iv_struct *type)
{
    uint64_t count = get_number(d);
    if (count == 0) {
        return 0;
    }
    size_t least = type == NULL ? 2 : least_size(type, d->uses);
    if (least == 0 || count > iv_cursor_left(&d->at) / least) {
        d->at.failed = true;
        return 0;
    }
    return (size_t)count;
}

/* A list has no NULL in it: one would end a loop early, or crash it. */
static void get_strings(struct decoder *d, const struct iv_field *field, void *object)
{
    size_t count = get_count(d, NULL);
    const char **strings = count > 0 ? IV_NEW_ARRAY(d->arena, const char *, count) : NULL;
    for (size_t i = 0; i < count && !d->at.failed; i++) {
        strings[i] = get_string(d);
        if (strings[i] == NULL) {
            d->at.failed = true;
        }
    }
    *(const char ***)member_at(object, field->offset) = strings;
    *(size_t *)member_at(object, field->count_offset) = count;
}

/* The name stands for the key too. */
static void get_names(struct decoder *d, const struct iv_field *field, void *object)
{
    uint8_t given = iv_cursor_u8(&d->at);
    size_t count = get_count(d, NULL);
    struct iv_package *packages = IV_NEW_ARRAY(d->arena, struct iv_package, count);
    const struct iv_package **listed = IV_NEW_ARRAY(d->arena, const struct iv_package *, count);
    for (size_t i = 0; i < count && !d->at.failed; i++) {
        packages[i].name = get_string(d);
        packages[i].key = packages[i].name;
        listed[i] = &packages[i];
        d->at.failed = d->at.failed || packages[i].name == NULL;
    }
    d->at.failed = d->at.failed || given > 1;
    *(bool *)member_at(object, field->given_offset) = given == 1;
    *(const struct iv_package ***)member_at(object, field->offset) = listed;
    *(size_t *)member_at(object, field->count_offset) = count;
}

/* An enumerator is valid when it has a name; names end with NULL, so no number is believed. */
static void get_enum(struct decoder *d, const struct iv_field *field, void *place)
{
    uint64_t wanted = get_number(d);
    unsigned value = 0;
    while (value < wanted && field->names[value] != NULL) {
        value++;
    }
    if (value != wanted || field->names[value] == NULL) {
        d->at.failed = true;
        return;
    }
    memcpy(place, &value, sizeof(value));
}

static void get_version(struct decoder *d, void *place)
{
    struct iv_version version;
    for (size_t i = 0; i < IV_COUNT(version.part); i++) {
        version.part[i] = iv_cursor_u16(&d->at);
    }
    memcpy(place, &version, sizeof(version));
}

static void get_object(struct decoder *d, const struct iv_struct *type, void *object);

static void get_list(struct decoder *d, const struct iv_field *field, void *object)
{
    size_t count = get_count(d, field->of);
    char *elements = count > 0 ? iv_arena_array(d->arena, count, field->of->size) : NULL;
    for (size_t i = 0; i < count && !d->at.failed; i++) {
        get_object(d, field->of, elements + i * field->of->size);
    }
    memcpy(member_at(object, field->offset), &elements, sizeof(elements));
    *(size_t *)member_at(object, field->count_offset) = count;
}

/* A number that a size_t of this machine cannot hold is a failure, never cut. */
static void get_size(struct decoder *d, void *place)
{
    uint64_t value = get_number(d);
    d->at.failed = d->at.failed || value > SIZE_MAX;
    *(size_t *)place = d->at.failed ? 0 : (size_t)value;
}

/* What is pointed to is allocated only after the byte that announces it, so the record pays for
 * it. */
static void get_pointer(struct decoder *d, const struct iv_struct *type, void *place)
{
    uint8_t byte = iv_cursor_u8(&d->at);
    void *object = NULL;
    if (byte == 1) {
        object = iv_arena_alloc(d->arena, type->size);
        get_object(d, type, object);
    }
    d->at.failed = d->at.failed || byte > 1;
    memcpy(place, &object, sizeof(object));
}

/* A struct of zeros must have been written as 0: each value has one form. */
static void get_struct(struct decoder *d, const struct iv_struct *type, void *object)
{
    uint8_t byte = iv_cursor_u8(&d->at);
    if (byte == 0) {
        return;
    }
    size_t start = d->at.at;
    get_object(d, type, object);
    if (byte > 1 || is_zero(d->at.bytes + start, d->at.at - start)) {
        d->at.failed = true;
    }
}

/* The fields that have one of the wanted uses, in the order of the table, until the first
 * failure. */
static void get_object(struct decoder *d, const struct iv_struct *type, void *object)
{
    for (size_t i = 0; i < type->field_count && !d->at.failed; i++) {
        const struct iv_field *field = &type->fields[i];
        void *place = member_at(object, field->offset);
        if ((field->uses & d->uses) == 0) {
            continue;
        }
        switch (field->type) {
        case IV_TYPE_STRING:
            *(const char **)place = get_string(d);
            break;
        case IV_TYPE_BOOL: {
            uint8_t byte = iv_cursor_u8(&d->at);
            *(bool *)place = byte == 1;
            d->at.failed = d->at.failed || byte > 1;
            break;
        }
        case IV_TYPE_U64:
            *(uint64_t *)place = get_number(d);
            break;
        case IV_TYPE_ENUM:
            get_enum(d, field, place);
            break;
        case IV_TYPE_VERSION:
            get_version(d, place);
            break;
        case IV_TYPE_LIST:
            get_list(d, field, object);
            break;
        case IV_TYPE_STRINGS:
            get_strings(d, field, object);
            break;
        case IV_TYPE_STRUCT:
            get_struct(d, field->of, place);
            break;
        case IV_TYPE_SIZE:
            get_size(d, place);
            break;
        case IV_TYPE_POINTER:
            get_pointer(d, field->of, place);
            break;
        case IV_TYPE_NAMES:
            get_names(d, field, object);
            break;
        }
    }
}

bool iv_facts_decode_into(const void *bytes, size_t size, const struct iv_struct *type,
                          unsigned uses, const struct iv_facts_memory *memory, void *ret_object)
{
    struct decoder d = {
        .at = iv_cursor(bytes, size), .uses = uses, .arena = memory->arena, .texts = memory->texts};
    get_object(&d, type, ret_object);
    if (d.at.failed || iv_cursor_left(&d.at) != 0) {
        /* Nothing of a broken record may be used. */
        memset(ret_object, 0, type->size);
        return false;
    }
    return true;
}

bool iv_facts_decode(const void *bytes, size_t size, const struct iv_struct *type, unsigned uses,
                     struct iv_arena *arena, void *ret_object)
{
    const struct iv_facts_memory memory = {.arena = arena};
    return iv_facts_decode_into(bytes, size, type, uses, &memory, ret_object);
}

/* Whether all elements of an array are. */
static bool are_filled(const struct iv_struct *type, unsigned uses, const char *elements,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!iv_facts_are_filled(type, uses, elements + i * type->size)) {
            return false;
        }
    }
    return true;
}

bool iv_facts_are_filled(const struct iv_struct *type, unsigned uses, const void *object)
{
    bool filled = true;
    for (size_t i = 0; i < type->field_count && filled; i++) {
        const struct iv_field *field = &type->fields[i];
        const void *place = member_of(object, field->offset);
        if ((field->uses & uses) == 0) {
            continue;
        }
        if (field->type == IV_TYPE_STRING && (field->shape & IV_SHAPE_FILLED) != 0) {
            filled = *(const char *const *)place != NULL;
        } else if (field->type == IV_TYPE_STRUCT) {
            filled = iv_facts_are_filled(field->of, uses, place);
        } else if (field->type == IV_TYPE_LIST) {
            filled =
                are_filled(field->of, uses, *(const char *const *)place, load_count(field, object));
        } else if (field->type == IV_TYPE_POINTER) {
            const char *pointee = *(const char *const *)place;
            filled = are_filled(field->of, uses, pointee, pointee == NULL ? 0 : 1);
        }
    }
    return filled;
}

/* A fault without a kind would be shown as "none", and its path and detail are printed as they
 * are. */
static bool faults_are_sound(const struct iv_fault *faults, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (faults[i].kind == IV_FAULT_NONE || faults[i].path == NULL || faults[i].detail == NULL) {
            return false;
        }
    }
    return true;
}

/* Code after the pipe takes these texts for granted; without one it would crash. */
static bool packages_are_sound(const struct iv_package *packages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct iv_package *package = &packages[i];
        if (package->path == NULL || package->name == NULL || package->key == NULL ||
            !faults_are_sound(package->faults, package->fault_count)) {
            return false;
        }
    }
    return true;
}

/* Readers keep within these numbers, so more come from none of them. */
static bool layout_is_sound(const struct iv_layout *layout)
{
    for (size_t i = 0; i < layout->partition_count; i++) {
        if (layout->partitions[i].name == NULL) {
            return false;
        }
    }
    return layout->partition_count <= IV_IMAGE_CLAIMS_MAX &&
           (!layout->present || layout->path != NULL);
}

static bool image_is_sound(const struct iv_image *image)
{
    if (image->store_count > IV_IMAGE_STORES_MAX || image->claim_count > IV_IMAGE_CLAIMS_MAX ||
        image->partition_count > IV_IMAGE_PARTITIONS_MAX) {
        return false;
    }
    for (size_t i = 0; i < image->claim_count; i++) {
        if (image->claims[i].name == NULL) {
            return false;
        }
    }
    return !image->present || (image->path != NULL && image->format != NULL);
}

bool iv_facts_are_sound(const struct iv_facts *facts)
{
    for (size_t i = 0; i < facts->datum_count; i++) {
        const struct iv_datum *datum = &facts->data[i];
        if (datum->name == NULL || datum->source == NULL ||
            iv_device_datum_name(datum->name) == NULL) {
            return false;
        }
    }
    for (size_t i = 0; i < facts->import_count; i++) {
        if (facts->imports[i].path == NULL || facts->imports[i].source == NULL) {
            return false;
        }
    }
    return packages_are_sound(facts->packages, facts->package_count) &&
           packages_are_sound(facts->history.packages, facts->history.package_count) &&
           image_is_sound(&facts->image) && layout_is_sound(&facts->layout) &&
           faults_are_sound(facts->faults, facts->fault_count);
}
