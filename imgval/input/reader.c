/*
 * Shared by the readers of one item: growing lists, text of the input made safe to show, faults,
 * device values, decoding. All that a fact or fault keeps is copied into the arena of the facts, as
 * a reader's own buffers go when it returns.
 */
#include "imgval/input/reader.h"

#include "imgval/base/text.h"
#include "imgval/disk/faults.h"
#include "imgval/input/gzip.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* How far back a datum is looked for that a new one replaces: a group has some twenty values, and
 * the search must not become quadratic in the input. */
#define SAME_WINDOW 1024

/* Lists of facts have a count and no capacity: it follows from the count. */
void *iv_reader_grow(struct iv_arena *arena, void *array, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0) {
        return array; /* capacity is the next power of two */
    }
    void *bigger = iv_arena_array(arena, count == 0 ? 1 : count * 2, size);
    if (count > 0) {
        memcpy(bigger, array, count * size);
    }
    return bigger;
}

/* Of paths with either slash: manifests have both. */
const char *iv_reader_last_part(const char *path)
{
    const char *part = path;
    for (const char *p = path; *p != '\0'; p++) {
        if (*p == '/' || *p == '\\') {
            part = p + 1;
        }
    }
    return part;
}

const char *iv_reader_shown(const struct iv_reader *r, const char *text)
{
    return iv_faults_shown(r->scratch, text);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

char *iv_reader_trimmed(struct iv_arena *arena, const char *text)
{
    while (is_space(*text)) {
        text++;
    }
    size_t size = strlen(text);
    while (size > 0 && is_space(text[size - 1])) {
        size--;
    }
    return size == 0 ? NULL : iv_arena_strndup(arena, text, size);
}

/* xs:boolean, exactly: True and FALSE are none. */
bool iv_reader_parse_bool(const char *text, bool *ret_value)
{
    bool is_true = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
    if (!is_true && strcmp(text, "false") != 0 && strcmp(text, "0") != 0) {
        return false;
    }
    *ret_value = is_true;
    return true;
}

/* The four that Microsoft's tools know. Whose a package is decides whether it counts as firmware,
 * so a fifth word is never taken for one of them. */
bool iv_reader_is_owner_type(const char *text)
{
    static const char *const known[] = {"Microsoft", "OEM", "SiliconVendor", "MobileOperator"};
    for (size_t i = 0; i < IV_COUNT(known); i++) {
        if (iv_ascii_ieq(text, known[i])) {
            return true;
        }
    }
    return false;
}

/* Strings of a fault may come from scratch or from a library's buffer. */
static struct iv_fault kept(const struct iv_reader *r, const struct iv_fault *fault)
{
    return (struct iv_fault){
        .kind = fault->kind,
        .path = iv_arena_strdup(r->arena, fault->path),
        .member = iv_arena_strdup(r->arena, fault->member),
        .line = fault->line,
        .detail = iv_arena_strdup(r->arena, fault->detail == NULL ? "" : fault->detail),
    };
}

/* Of the submission: what is in no package. */
void iv_reader_fault(const struct iv_reader *r, const struct iv_fault *fault)
{
    struct iv_facts *facts = r->facts;
    facts->faults =
        iv_reader_grow(r->arena, facts->faults, facts->fault_count, sizeof(*facts->faults));
    facts->faults[facts->fault_count++] = kept(r, fault);
}

/* Of one package. `spoils`: nothing that it says can be believed, and rules about its content are
 * not evaluated for it. */
void iv_reader_package_fault(const struct iv_reader *r, struct iv_package *package,
                             const struct iv_fault *fault, bool spoils)
{
    package->faults =
        iv_reader_grow(r->arena, package->faults, package->fault_count, sizeof(*package->faults));
    struct iv_fault *place = &package->faults[package->fault_count++];
    *place = kept(r, fault);
    if (place->path == NULL) {
        place->path = package->path;
    }
    package->unreadable = package->unreadable || spoils;
}

/* Keeps the first: what comes after it in a damaged document may only follow from it. */
void iv_reader_malformed(const struct iv_reader *r, struct iv_fault *fault, uint64_t line,
                         const char *fmt, ...)
{
    if (fault->kind != IV_FAULT_NONE) {
        return;
    }
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    *fault = (struct iv_fault){
        .kind = IV_FAULT_MALFORMED,
        .line = line,
        .detail = iv_arena_strdup(r->scratch, text),
    };
}

const char *iv_reader_printf(const struct iv_reader *r, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return iv_arena_strdup(r->arena, text);
}

/* A metadata document that is wrong does not make its package unreadable: only what it would have
 * said is not known. */
void iv_reader_metadata_fault(const struct iv_reader *r, struct iv_package *package,
                              const struct iv_document *doc, const struct iv_fault *fault)
{
    struct iv_fault placed = *fault;
    placed.path = doc->path;
    placed.member = doc->member;
    if (placed.kind == IV_FAULT_MALFORMED) {
        placed.kind = IV_FAULT_METADATA;
    }
    if (package != NULL) {
        iv_reader_package_fault(r, package, &placed, false);
    } else {
        iv_reader_fault(r, &placed);
    }
}

static bool is_same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The place of the last datum of this name, source and group, or the number of data. */
static size_t find_datum(const struct iv_facts *facts, const char *name, const char *source,
                         const char *group)
{
    size_t last = facts->datum_count > SAME_WINDOW ? facts->datum_count - SAME_WINDOW : 0;
    for (size_t i = facts->datum_count; i > last; i--) {
        const struct iv_datum *old = &facts->data[i - 1];
        if (is_same(old->name, name) && is_same(old->source, source) &&
            is_same(old->group, group)) {
            return i - 1;
        }
    }
    return facts->datum_count;
}

/* One more value, beside others of its name: two of one source are a conflict or a variant. */
void iv_reader_datum_add(const struct iv_reader *r, const char *name, const char *value,
                         const char *source, const char *group, enum iv_rank rank)
{
    const char *known = iv_device_datum_name(name);
    if (known == NULL) {
        return;
    }
    struct iv_facts *facts = r->facts;
    facts->data = iv_reader_grow(r->arena, facts->data, facts->datum_count, sizeof(*facts->data));
    facts->data[facts->datum_count++] = (struct iv_datum){
        .name = known,
        .value = iv_arena_strdup(r->arena, value),
        .source = iv_arena_strdup(r->arena, source),
        .group = iv_arena_strdup(r->arena, group),
        .rank = rank,
    };
}

/* Takes the place of the one before it, as a later line of a registry file does. `value` NULL:
 * deleted. */
void iv_reader_datum(const struct iv_reader *r, const char *name, const char *value,
                     const char *source, const char *group, enum iv_rank rank)
{
    const char *known = iv_device_datum_name(name);
    size_t place =
        known == NULL ? r->facts->datum_count : find_datum(r->facts, known, source, group);
    if (place < r->facts->datum_count) {
        r->facts->data[place].value = iv_arena_strdup(r->arena, value);
    } else {
        iv_reader_datum_add(r, name, value, source, group, rank);
    }
}

/* As if the source had never said it. */
void iv_reader_datum_drop(const struct iv_reader *r, const char *name, const char *source)
{
    struct iv_facts *facts = r->facts;
    size_t place = find_datum(facts, name, source, NULL);
    if (place < facts->datum_count) {
        memmove(&facts->data[place], &facts->data[place + 1],
                (facts->datum_count - place - 1) * sizeof(*facts->data));
        facts->datum_count--;
    }
}

/* UTF-16 with or without its mark, which text in ASCII shows by its zeros; else as it stands, which
 * is a superset of ASCII. */
static bool decode_plain(const unsigned char *bytes, size_t size, struct iv_buf *buf,
                         struct iv_fault *ret_fault)
{
    bool little = size >= 2 && ((bytes[0] == 0xFF && bytes[1] == 0xFE) || bytes[1] == 0);
    bool big = size >= 2 && ((bytes[0] == 0xFE && bytes[1] == 0xFF) || bytes[0] == 0);
    const char *detail = NULL;
    if (little || big) {
        size_t mark = bytes[0] == 0xFF || bytes[0] == 0xFE ? 2 : 0;
        if (!iv_utf16_to_utf8(buf, bytes + mark, size - mark, big)) {
            detail = "the text is not valid UTF-16";
        }
    } else {
        size_t mark = size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
        iv_buf_add(buf, bytes + mark, size - mark);
        if (memchr(bytes, 0, size) != NULL) {
            detail = "the text has NUL bytes";
        }
    }
    if (detail != NULL) {
        *ret_fault = (struct iv_fault){.kind = IV_FAULT_MALFORMED, .detail = detail};
    }
    return detail == NULL;
}

bool iv_reader_decode(const struct iv_reader *r, const struct iv_document *doc, struct iv_buf *buf,
                      struct iv_fault *ret_fault)
{
    if (doc->size == 0) {
        return true;
    }
    if (!iv_gzip_is(doc->bytes, doc->size)) {
        return decode_plain((const unsigned char *)doc->bytes, doc->size, buf, ret_fault);
    }
    struct iv_buf inflated IV_CLEANUP(iv_buf_fini) = {0};
    if (!iv_gzip_read(doc->bytes, doc->size, r->limits->metadata_size, &inflated, ret_fault)) {
        return false;
    }
    return inflated.size == 0 ||
           decode_plain((const unsigned char *)inflated.data, inflated.size, buf, ret_fault);
}

/* Bytes that are not NUL, one after the other: UTF-16 of ASCII text looks like ASCII then. */
struct narrow {
    const char *at;
    const char *end;
};

/* -1 at the end of the bytes. */
static int narrow_peek(struct narrow *n)
{
    while (n->at < n->end && *n->at == '\0') {
        n->at++;
    }
    return n->at < n->end ? (unsigned char)*n->at : -1;
}

static int narrow_next(struct narrow *n)
{
    int c = narrow_peek(n);
    n->at += c >= 0;
    return c;
}

/* Goes past the text `end`; false at the end of the bytes. */
static bool narrow_skip(struct narrow *n, const char *end)
{
    size_t length = strlen(end);
    char last[4] = {0};
    for (int c = narrow_next(n); c >= 0; c = narrow_next(n)) {
        memmove(last, last + 1, length);
        last[length - 1] = (char)c;
        if (memcmp(last, end, length) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_name_end(int c)
{
    return c < 0 || c == '>' || c == '/' || is_space((char)c);
}

/* The name of the root, from the beginning of a document alone: comments and processing
 * instructions are passed over, a DOCTYPE is not. False: it cannot be seen, which says nothing
 * about the rest. */
bool iv_reader_root_name(const char *bytes, size_t size, char ret_name[IV_ROOT_NAME_SIZE])
{
    struct narrow n = {.at = bytes, .end = bytes + size};
    for (;;) {
        int c = narrow_next(&n);
        while (c == 0xEF || c == 0xBB || c == 0xBF || c == 0xFE || c == 0xFF ||
               (c > 0 && is_space((char)c))) {
            c = narrow_next(&n); /* byte order marks */
        }
        if (c != '<') {
            return false;
        }
        c = narrow_peek(&n);
        if (c != '?' && c != '!') {
            break;
        }
        if (!narrow_skip(&n, c == '?' ? "?>" : "-->")) {
            return false;
        }
    }
    size_t length = 0;
    while (!is_name_end(narrow_peek(&n))) {
        int c = narrow_next(&n);
        if (c == ':') {
            length = 0; /* the prefix */
        } else if (length < IV_ROOT_NAME_SIZE - 1) {
            ret_name[length++] = (char)c;
        }
    }
    ret_name[length] = '\0';
    return length > 0 && narrow_peek(&n) >= 0;
}

/* The errors of the XML reader in the words of facts. */
bool iv_reader_xml(const struct iv_reader *r, const struct iv_document *doc,
                   const struct iv_xml_table *table, void *context, size_t *ret_namespace,
                   struct iv_fault *ret_fault)
{
    static const enum iv_fault_kind kinds[] = {
        [IV_XML_FINE] = IV_FAULT_NONE,
        [IV_XML_MALFORMED] = IV_FAULT_MALFORMED,
        [IV_XML_LIMIT] = IV_FAULT_LIMIT,
        [IV_XML_UNSUPPORTED] = IV_FAULT_UNSUPPORTED,
    };
    struct iv_xml_error broken = {0};
    const struct iv_xml_input input = {
        .bytes = doc->bytes, .size = doc->size, .limits = r->limits, .arena = r->scratch};
    if (iv_xml_read(&input, table, context, ret_namespace, &broken)) {
        return true;
    }
    *ret_fault = (struct iv_fault){
        .kind = kinds[broken.state],
        .line = broken.line,
        .detail = broken.detail,
    };
    return false;
}
